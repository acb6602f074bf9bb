"""Process 5: paying the bills, arrears, debts and the way out of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.household import month_number
from siexsim.rules import money
from tests.rules.conftest import NOW, a_couple, a_till, booked, luck, plain, someone

pay_bills = plain(money.pay_bills)
pay_off = plain(money.pay_off)
follow_debts = plain(money.follow_debts)
unavoidable = plain(money.unavoidable)
clear_debts = plain(money.clear_debts)
quick = settings(max_examples=120, deadline=None)


def owing(**fields: Any) -> Any:
    usual = {
        "debt": 800_000,
        "claims": 6,
        "debt_state": hh.PROBLEMATIC,
        "savings": 0,
        "months_in_debt": 5,
    }
    return someone(**{**usual, **fields})


def test_needs_rise_with_people_and_prices(p: Any, c: Any) -> None:
    assert unavoidable(a_couple(), p, c) > unavoidable(someone(), p, c)
    assert unavoidable(someone(child_birth=[NOW - 9] * 2), p, c) > unavoidable(someone(), p, c)
    dearer = c._replace(price_index=c.price_index * 1.1)
    assert unavoidable(someone(), p, dearer) == pytest.approx(
        1.1 * unavoidable(someone(), p, c), abs=2
    )


def test_needs_of_like_households_lie_as_far_apart_as_the_number_says(p: Any, c: Any) -> None:
    needs = np.array([plain(unavoidable)(someone(id=n), p, c) for n in range(1, 3001)])
    width = p.money.own_needs_width
    middle = p.money.need_single_eur * c.price_index * 100
    assert needs.mean() == pytest.approx(middle, rel=0.01)
    assert needs.min() == pytest.approx(middle * (1 - width / 2), rel=0.01)
    assert needs.max() == pytest.approx(middle * (1 + width / 2), rel=0.01)


def test_dear_energy_is_used_less_of_but_costs_more(p: Any, c: Any) -> None:
    twice = c._replace(energy=2.0)
    more = [
        unavoidable(someone(id=n), p, twice) - unavoidable(someone(id=n), p, c)
        for n in range(1, 200)
    ]
    felt = [cents for cents in more if cents > 0]
    assert 0.3 < len(felt) / len(more) < 0.7  # the others have a fixed contract
    bill = p.money.energy_eur * 2.0 ** (1 + p.money.energy_elasticity)
    assert max(felt) == pytest.approx((bill - p.money.energy_eur) * c.price_index * 100, abs=2)


def test_bills_are_rare_and_of_the_mean_size(p: Any, c: Any) -> None:
    draws = (np.arange(6000) + 0.5) / 6000
    bills = np.array([plain(money.unexpected_bill)(p, c, luck(BILL=float(u))) for u in draws])
    assert (bills > 0).mean() == pytest.approx(p.money.bill_per_year / 12, abs=0.001)
    mean = p.money.bill_mean_eur * c.price_index * 100
    assert bills[bills > 0].mean() == pytest.approx(mean, rel=0.03)
    assert (bills >= 0).all()


@quick
@given(
    income=st.integers(0, 600_000), allowances=st.integers(0, 60_000),
    savings=st.integers(0, 5_000_000), debt=st.integers(0, 5_000_000), claims=st.integers(1, 60),
    state=st.sampled_from([hh.ARREARS, hh.PROBLEMATIC, hh.ARRANGEMENT]),
    bill=st.floats(1e-9, 0.999), kids=st.integers(0, 4), stress=st.floats(0, 1),
    unpaid=st.floats(1e-9, 0.999),
)  # fmt: skip
def test_paying_balances_and_makes_nothing_negative(
    p: Any, c: Any, income: int, allowances: int, savings: int, debt: int, claims: int, state: int,
    bill: float, kids: int, stress: float, unpaid: float,
) -> None:  # fmt: skip
    h = someone(
        income=income, allowances=allowances, savings=savings, debt=debt,
        claims=claims if debt else 0, debt_state=state if debt else hh.NO_DEBT,
        child_birth=[NOW - 9] * kids, stress=[stress] * 5,
    )  # fmt: skip
    till = a_till()
    pay_bills(h, p, c, luck(BILL=bill, CLAIM_CLOSED=unpaid), till)
    assert h.savings >= 0 and h.debt >= 0
    spent, borrowed, repaid = (
        booked(till, item) for item in (items.SPENDING, items.BORROWED, items.REPAYMENT)
    )
    assert min(spent, borrowed, repaid) >= 0
    assert h.savings - savings == income + allowances - spent + borrowed - repaid
    assert h.debt - debt == borrowed - repaid
    assert 0 <= h.claims <= 60 and (h.claims > 0) == (h.debt > 0)


@quick
@given(savings=st.integers(0, 400_000), income=st.integers(0, 200_000), bill=st.floats(1e-9, 0.08))
def test_a_bill_hits_savings_before_debt(
    p: Any, c: Any, savings: int, income: int, bill: float
) -> None:
    h = someone(savings=savings, income=income)
    till = a_till()
    pay_bills(h, p, c, luck(BILL=bill), till)
    if booked(till, items.BORROWED):
        assert h.savings == 0
    if h.savings > 0:
        assert h.debt == 0


def test_what_is_short_is_first_done_without_and_debt_has_a_limit(p: Any, c: Any) -> None:
    need = unavoidable(someone(), p, c)
    little = int(need * p.money.cut_back_share)
    h = someone(savings=0, income=need - little + 1)
    pay_bills(h, p, c, luck(BILL=0.999), a_till())
    assert h.debt == 0
    h = someone(savings=0, income=0)
    pay_bills(h, p, c, luck(BILL=1e-9), a_till())
    assert h.debt == int(need * p.money.unpaid_limit_share)
    assert h.claims == 1


def test_an_unpaid_bill_often_brings_one_more_creditor(p: Any, c: Any) -> None:
    more = 0
    for identity in range(400):
        h = owing(income=0, id=identity)
        before = h.claims
        pay_bills(h, p, c, luck(BILL=0.999), a_till())
        assert 0 <= h.claims - before <= 1
        more += int(h.claims - before)
    assert abs(more / 400 - p.money.new_claim_share) < 0.08
    for identity in range(20):
        h = owing(income=0, claims=60, id=identity)
        pay_bills(h, p, c, luck(), a_till())
        assert h.claims == 60


def test_buffers_grow_when_small_and_are_drawn_on_when_large(p: Any, c: Any) -> None:
    need = unavoidable(someone(), p, c)
    buffer = int(p.money.buffer_months * need)
    small = someone(savings=buffer - 10, income=2 * need)
    large = someone(savings=2 * buffer, income=2 * need)
    for h in (small, large):
        pay_bills(h, p, c, luck(BILL=0.999), a_till())
    assert small.savings > buffer - 10
    assert large.savings < 2 * buffer


def test_arrangements_ask_more_than_free_repayment(p: Any, c: Any) -> None:
    paid = []
    for state in (hh.PROBLEMATIC, hh.ARRANGEMENT):
        h, till = owing(income=200_000, debt_state=state), a_till()
        pay_bills(h, p, c, luck(BILL=0.999), till)
        paid.append(booked(till, items.REPAYMENT))
    assert paid[1] > paid[0] > 0


def test_stress_lowers_what_is_paid_off(p: Any, c: Any) -> None:
    paid = []
    for stress in (0.3, 0.9):
        h, till = owing(income=200_000, stress=[stress] * 5), a_till()
        pay_bills(h, p, c, luck(BILL=0.999), till)
        paid.append(booked(till, items.REPAYMENT))
    assert paid[0] > paid[1] > 0


def test_the_last_euro_closes_all_claims() -> None:
    h, till = owing(), a_till()
    assert pay_off(h, 900_000, 0.5, till) == 800_000
    assert (h.debt, h.claims) == (0, 0)
    assert booked(till, items.REPAYMENT) == 800_000
    assert pay_off(h, 100, 0.5, till) == 0


def test_paying_never_adds_a_claim_and_leaves_one_while_debt_stands() -> None:
    for cents in (1, 100, 399_999, 799_999):
        h = owing()
        pay_off(h, cents, 0.5, a_till())
        assert 1 <= h.claims <= 6


def test_claims_close_in_proportion_to_what_is_paid_off() -> None:
    h = owing(claims=10, debt=1_000_000)
    for k in range(50):
        pay_off(h, 10_000, (7 * k % 50 + 0.5) / 50, a_till())
    assert h.debt == 500_000
    assert h.claims <= 7


def test_debt_grows_by_collection_only_outside_an_arrangement(p: Any, c: Any) -> None:
    for state, grows in ((hh.ARREARS, True), (hh.PROBLEMATIC, True), (hh.ARRANGEMENT, False)):
        h, till = owing(debt_state=state, arrangement_left=9), a_till()
        follow_debts(h, p, c, luck(), till)
        fee = int(800_000 * p.money.collection_per_year / 12) if grows else 0
        assert booked(till, items.COLLECTION_FEE) == fee
        assert h.debt == 800_000 + fee


@pytest.mark.parametrize(("when", "months"), [("2023-06", 36), ("2023-07", 18), ("2030-01", 18)])
def test_an_arrangement_ends_in_no_debt_after_its_months(
    p: Any, c: Any, when: str, months: int
) -> None:
    c = c._replace(month=month_number(when))
    h = owing()
    follow_debts(h, p, c, luck(DEBT_COURSE=1e-9), a_till())
    assert (h.debt_state, h.arrangement_left) == (hh.ARRANGEMENT, months)
    for left in range(months - 1, -1, -1):
        assert h.debt > 0
        before, till = int(h.debt), a_till()
        follow_debts(h, p, c, luck(), till)
        assert h.arrangement_left == left
    assert (h.debt, h.claims, h.debt_state, h.months_in_debt) == (0, 0, hh.NO_DEBT, 0)
    assert booked(till, items.WRITTEN_OFF) == before


def test_an_arrangement_may_break_down(p: Any, c: Any) -> None:
    h = owing(debt_state=hh.ARRANGEMENT, arrangement_left=9)
    follow_debts(h, p, c, luck(DEBT_COURSE=1e-9), a_till())
    assert (h.debt_state, h.arrangement_left, h.debt, h.claims) == (hh.PROBLEMATIC, 0, 800_000, 6)


@quick
@given(debt=st.integers(0, 10**10), claims=st.integers(0, 60))
def test_clearing_writes_off_the_exact_amount(debt: int, claims: int) -> None:
    h, till = owing(debt=debt, claims=claims), a_till()
    clear_debts(h, till)
    assert booked(till, items.WRITTEN_OFF) == debt
    assert (h.debt, h.claims, h.debt_state, h.arrangement_left) == (0, 0, hh.NO_DEBT, 0)


def test_the_help_that_exists_costs_money_and_stress_keeps_people_from_it(p: Any, c: Any) -> None:
    usual = p.money.arrangement_per_year / 12
    for stress, arranged in ((0.3, True), (0.8, False)):
        h, till = owing(stress=[stress] * 5), a_till()
        follow_debts(h, p, c, luck(DEBT_COURSE=usual * 0.9), till)
        assert (h.debt_state == hh.ARRANGEMENT) == arranged
        assert (booked(till, items.DEBT_HELP_COST) > 0) == arranged


def test_debts_are_problematic_from_a_line_and_a_number_of_claims(p: Any, c: Any) -> None:
    line, least = int(p.money.problematic_debt_eur * 100), int(p.money.problematic_claims)
    for debt, claims, state in (
        (line, least, hh.PROBLEMATIC), (line // 2, least, hh.ARREARS),
        (line, least - 1, hh.ARREARS),
    ):  # fmt: skip
        h = owing(debt=debt, claims=claims, debt_state=hh.ARREARS, months_in_debt=0)
        follow_debts(h, p, c, luck(), a_till())
        assert h.debt_state == state
        assert h.months_in_debt == int(state == hh.PROBLEMATIC)


def test_problematic_debt_is_over_under_either_line(p: Any, c: Any) -> None:
    line, least = int(p.money.problematic_debt_eur * 100), int(p.money.problematic_claims)
    for debt, claims, state in (
        (line, least, hh.PROBLEMATIC), (line - 10_000, least, hh.ARREARS),
        (line, least - 1, hh.ARREARS),
    ):  # fmt: skip
        h = owing(debt=debt, claims=claims)
        follow_debts(h, p, c, luck(), a_till())
        assert h.debt_state == state


def test_debts_may_lapse(p: Any, c: Any) -> None:
    h, till = owing(), a_till()
    follow_debts(h, p, c, luck(DEBT_COURSE=1 - 1e-9), till)
    assert (h.debt, h.debt_state) == (0, hh.NO_DEBT)
    assert booked(till, items.WRITTEN_OFF) == 800_000 + booked(till, items.COLLECTION_FEE)


def test_who_paid_everything_in_an_arrangement_is_free(p: Any, c: Any) -> None:
    h = owing(debt=1000, debt_state=hh.ARRANGEMENT, arrangement_left=9, income=300_000)
    pay_bills(h, p, c, luck(BILL=0.999), a_till())
    follow_debts(h, p, c, luck(), a_till())
    assert (h.debt, h.claims, h.debt_state, h.arrangement_left) == (0, 0, hh.NO_DEBT, 0)


@quick
@given(u=st.floats(1e-9, 1 - 1e-9), debt=st.integers(0, 10**8), state=st.integers(0, 3))
def test_state_and_amount_of_debt_always_agree(
    p: Any, c: Any, u: float, debt: int, state: int
) -> None:
    h = owing(
        debt=debt,
        claims=5 if debt else 0,
        debt_state=state,
        arrangement_left=5 if state == 3 else 0,
    )
    follow_debts(h, p, c, luck(DEBT_COURSE=u), a_till())
    assert (h.debt_state == hh.NO_DEBT) == (h.debt == 0)
    assert (h.claims > 0) == (h.debt > 0)
    assert (h.arrangement_left > 0) == (h.debt_state == hh.ARRANGEMENT)
