"""Process 4: pay, benefits at the norms, allowances, and what counts as poor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.rules import income
from tests.rules.conftest import NOW, a_couple, a_till, booked, luck, plain, someone

receive_income = plain(income.receive_income)
receive_allowances = plain(income.receive_allowances)
ask_for_welfare = plain(income.ask_for_welfare)
norm = plain(income.norm)
quick = settings(max_examples=80, deadline=None)
ASKS = luck(WELFARE_CLAIM=1e-9)
INCOMES = (
    items.WAGE, items.WELFARE_PAID, items.WW_PAID, items.DISABILITY_PAID, items.AOW,
    items.SUPPLEMENTARY_PENSION, items.STUDENT_INCOME,
)  # fmt: skip


def test_the_norm_is_that_of_the_kind_of_household(p: Any, c: Any) -> None:
    """January 2024 as published: 1,283.83 and 1,834.04; at pension age 1,425.76 and 1,933.98."""
    old = NOW - 70 * 12
    assert norm(someone(), p, c) == 128_383
    assert norm(a_couple(), p, c) == 183_404
    assert norm(someone(birth=[old]), p, c) == 142_576
    assert norm(a_couple(birth=[old, old]), p, c) == 193_398


@quick
@given(
    pay=st.integers(0, 300_000), second=st.integers(0, 300_000),
    positions=st.tuples(*[st.sampled_from([hh.NO_INCOME, hh.FLEX, hh.WW, hh.DISABILITY])] * 2),
    paired=st.booleans(), savings=st.integers(0, 2_000_000), kids=st.integers(0, 4),
)  # fmt: skip
def test_welfare_tops_up_exactly_to_the_norm_and_never_above(
    p: Any, c: Any, pay: int, second: int, positions: tuple[int, int], paired: bool,
    savings: int, kids: int,
) -> None:  # fmt: skip
    make = a_couple if paired else someone
    h = make(
        position=list(positions) if paired else [positions[0]],
        earnings=[pay, second] if paired else [pay],
        savings=savings, child_birth=[NOW - 50] * kids,
    )  # fmt: skip
    till = a_till()
    receive_income(h, p, c, ASKS, till)
    own = sum(booked(till, item) for item in INCOMES) - booked(till, items.WELFARE_PAID)
    limit = p.income.welfare_capital_limit_eur * 100 * c.price_index * (2 if paired or kids else 1)
    minimum = norm(h, p, c)
    if own < minimum and savings <= limit:
        assert h.on_welfare == 1 and h.income == minimum
        assert booked(till, items.WELFARE_PAID) == minimum - own
        assert booked(till, items.WELFARE_ADMIN) > 0
        assert h.ratio == pytest.approx(1.0)
    else:
        assert h.on_welfare == 0 and h.income == own
        assert booked(till, items.WELFARE_PAID) == 0 == booked(till, items.WELFARE_ADMIN)
        assert hh.WELFARE not in h.position
    assert h.income == sum(booked(till, item) for item in INCOMES)
    assert h.allowances == booked(till, items.ALLOWANCES_PAID)
    assert h.ratio == pytest.approx(h.income / minimum)


def test_savings_at_the_limit_still_give_a_right_to_welfare(p: Any, c: Any) -> None:
    single = int(p.income.welfare_capital_limit_eur * 100 * c.price_index)
    for make, fields, limit in (
        (someone, {}, single), (someone, {"child_birth": [NOW - 9]}, 2 * single),
        (a_couple, {"position": [0, 0]}, 2 * single),
    ):  # fmt: skip
        for savings, gets in ((limit, 1), (limit + 2, 0)):
            h = make(**{"position": [hh.NO_INCOME], **fields, "savings": savings})
            receive_income(h, p, c, ASKS, a_till())
            assert h.on_welfare == gets


def test_non_users_ask_more_when_they_are_short_of_more(p: Any) -> None:
    def asking(user: int, short: float) -> float:
        h = someone(claims_welfare=user, position=[hh.NO_INCOME])
        draws = np.linspace(0.0005, 0.9995, 1000)
        return float(
            np.mean([ask_for_welfare(h, short, p, luck(WELFARE_CLAIM=float(u))) for u in draws])
        )

    late = [asking(0, short) for short in (0.0, 0.3, 0.6, 1.0)]
    assert late == sorted(late) and late[0] < late[-1]
    assert asking(1, 0.0) > late[-1]
    assert asking(1, 0.1) == asking(1, 0.9)


def test_who_is_on_welfare_needs_no_new_request(p: Any, c: Any) -> None:
    h = someone(position=[hh.WELFARE], on_welfare=1, months_on_welfare=7, claims_welfare=0)
    receive_income(h, p, c, luck(WELFARE_CLAIM=0.999), a_till())
    assert (h.on_welfare, h.months_on_welfare) == (1, 8)
    h.position[0], h.earnings[0] = hh.PERMANENT, 300_000
    receive_income(h, p, c, luck(WELFARE_CLAIM=1e-9), a_till())
    assert (h.on_welfare, h.months_on_welfare, h.position[0]) == (0, 0, hh.PERMANENT)


def test_the_spell_on_welfare_starts_at_one(p: Any, c: Any) -> None:
    h = someone(position=[hh.NO_INCOME])
    receive_income(h, p, c, ASKS, a_till())
    assert (h.months_on_welfare, h.position[0]) == (1, hh.WELFARE)


def test_a_pensioner_without_full_aow_gets_the_supplement_if_it_asks(p: Any, c: Any) -> None:
    born = [NOW - 70 * 12, NOW - 60 * 12]
    for asks, filled in ((1, True), (0, False)):
        h = a_couple(birth=born, position=[hh.PENSION, hh.NO_INCOME], claims_welfare=asks)
        till = a_till()
        receive_income(h, p, c, ASKS, till)
        assert (h.income == c.norm_aow_couple) == filled
        assert booked(till, items.AOW) == h.income
        assert h.on_welfare == 0


def test_aow_alone_is_the_norm(p: Any, c: Any) -> None:
    old = NOW - 70 * 12
    for h in (
        someone(birth=[old], position=[hh.PENSION]),
        a_couple(birth=[old, old], position=[hh.PENSION, hh.PENSION]),
    ):
        receive_income(h, p, c, luck(), a_till())
        assert h.ratio == pytest.approx(1.0)


def test_ww_and_disability_benefits_follow_last_pay(p: Any, c: Any) -> None:
    pay = 250_000 * c.wage_index
    for position, share in ((hh.WW, p.income.ww_share), (hh.DISABILITY, p.income.disability_share)):
        h = someone(position=[position], earnings=[250_000])
        receive_income(h, p, c, luck(), a_till())
        assert h.income == pytest.approx(share * pay, abs=1)
    h = someone(position=[hh.DISABILITY], earnings=[0])
    receive_income(h, p, c, luck(), a_till())
    assert h.income == pytest.approx(p.income.disability_floor_share * c.norm_single, abs=1)


def test_hours_move_pay(p: Any, c: Any) -> None:
    pay = []
    for hours in (-1, 0, 1):
        h = someone(hours=[hours])
        receive_income(h, p, c, luck(), a_till())
        pay.append(int(h.income))
    assert pay[0] / pay[1] == pytest.approx(1 - p.work.hours_step, abs=1e-4)
    assert pay[2] / pay[1] == pytest.approx(1 + p.work.hours_step, abs=1e-4)


@quick
@given(low=st.floats(0, 4), high=st.floats(0, 4), kids=st.integers(0, 4), paired=st.booleans())
def test_allowances_fall_with_income(
    p: Any, c: Any, low: float, high: float, kids: int, paired: bool
) -> None:
    low, high = sorted((low, high))
    got = []
    for ratio in (low, high):
        h = (a_couple if paired else someone)(ratio=ratio, child_birth=[NOW - 9] * kids)
        till = a_till()
        receive_allowances(h, p, c, luck(), till)
        assert h.allowances == booked(till, items.ALLOWANCES_PAID) >= 0
        got.append(int(h.allowances))
    assert got[0] >= got[1]
    if high >= 1 + p.income.allowances_end_ratio:
        assert got[1] == 0


def test_allowances_follow_rent_children_and_a_partner(p: Any, c: Any) -> None:
    def got(h: Any) -> int:
        h.ratio = 1.0
        receive_allowances(h, p, c, luck(), a_till())
        return int(h.allowances)

    owner = got(someone(tenure=hh.OWNER))
    assert owner == int(p.income.care_allowance_eur * c.price_index * 100)
    assert got(someone()) > owner
    assert got(someone(child_birth=[NOW - 9])) > got(someone())
    assert got(a_couple(tenure=hh.OWNER)) == pytest.approx(2 * owner, abs=1)


def test_non_users_get_no_allowances_until_they_find_them(p: Any, c: Any) -> None:
    h = someone(claims_allowances=0, ratio=1.0, allowances=999)
    receive_allowances(h, p, c, luck(ALLOWANCES=0.5), a_till())
    assert (h.allowances, h.claims_allowances) == (0, 0)
    receive_allowances(h, p, c, luck(ALLOWANCES=1e-9), a_till())
    assert h.allowances > 0 and h.claims_allowances == 1
    receive_allowances(h, p, c, luck(ALLOWANCES=0.999), a_till())
    assert h.allowances > 0


def test_a_short_gap_does_not_end_a_spell_of_poverty(p: Any) -> None:
    keep = plain(income.keep_poverty_clock)
    gap = int(p.income.short_gap_months)
    h = someone(ratio=1.0, poor=1, months_poor=20)
    for _ in range(gap):
        h.ratio = 2.0
        keep(h, p)
        assert h.poor == 0
    h.ratio = 1.0
    keep(h, p)
    assert (h.poor, h.months_poor, h.months_not_poor) == (1, 21, 0)
    for _ in range(gap + 1):
        h.ratio = 2.0
        keep(h, p)
    assert h.months_poor == 0
    h.ratio = p.income.poverty_ratio  # on the line counts as under it
    keep(h, p)
    assert (h.poor, h.months_poor) == (1, 1)


def test_spells_are_counted_to_their_bound(p: Any) -> None:
    keep = plain(income.keep_poverty_clock)
    for ratio, field in ((1.0, "months_poor"), (2.0, "months_not_poor")):
        h = someone(ratio=ratio, poor=int(ratio < 1.1), **{field: 1200})
        keep(h, p)
        assert h[field] == 1200


def test_students_live_outside_welfare_and_the_poverty_figures(p: Any, c: Any) -> None:
    h = someone(student=1, position=[hh.STUDENT], savings=12_345)
    till = a_till()
    plain(income.live_as_student)(h, p, c, till)
    assert h.poor == 0 and h.savings == 12_345
    assert booked(till, items.STUDENT_INCOME) == booked(till, items.SPENDING) == h.income > 0
