"""The course of help: months of it, completing or dropping out, what it changes, how that fades."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.rules import course
from tests.rules.conftest import NOW, a_till, booked, offers, plain, someone

follow_help = plain(course.follow_help)
succeed = plain(course.succeed)
pay_creditors = plain(course.pay_creditors)
add_relief = plain(course.add_relief)


def helped(**fields: Any) -> Any:
    h = someone(**{"helped": 1, **fields})
    h.help[0] = fields.get("help", [hh.RUNNING])[0]
    return h


def outcomes(p: Any, c: Any, helps: Any, people: int, months: int, **fields: Any) -> list[int]:
    """Where so many households stand with the help after so many months."""
    ends = []
    for n in range(people):
        h = helped(id=n + 1, **fields)
        for k in range(months):
            follow_help(h, p, c._replace(drawn=NOW + k), helps, a_till())
            if h.help[0] != hh.RUNNING:
                break
        ends.append(int(h.help[0]))
    return ends


def test_a_course_costs_its_price_every_month_and_ends(p: Any, c: Any) -> None:
    helps = offers(course_months=4, price_month_eur=250.5, price_start_eur=900)
    h, till = helped(), a_till()
    for month in range(4):
        assert h.help[0] == hh.RUNNING and h.help_months[0] == month
        follow_help(h, p, c, helps, till)
    assert h.help[0] == hh.COMPLETED
    assert booked(till, items.HELP_COST) == 4 * 25_050
    follow_help(h, p, c, helps, till)
    assert booked(till, items.HELP_COST) == 4 * 25_050


def test_prices_follow_the_index_of_the_plan(p: Any, c: Any) -> None:
    till = a_till()
    follow_help(helped(), p, c._replace(help_index=1.2), offers(price_month_eur=100), till)
    assert booked(till, items.HELP_COST) == 12_000


def test_sure_courses_always_complete(p: Any, c: Any) -> None:
    assert set(outcomes(p, c, offers(course_months=5, success_share=1), 100, 5)) == {hh.COMPLETED}


@pytest.mark.parametrize(
    "months",
    [1, 6],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.26, 0.41])
def test_courses_succeed_as_often_as_said(p: Any, c: Any, months: int, share: float) -> None:
    """At ordinary stress; row I04 for 0.41, the share that ends in an agreement."""
    n = 700
    ends = outcomes(p, c, offers(course_months=months, success_share=share), n, months)
    assert set(ends) == {hh.COMPLETED, hh.DROPPED}
    error = math.sqrt(share * (1 - share) / n)
    assert ends.count(hh.COMPLETED) / n == pytest.approx(share, abs=3.5 * error)


def test_stress_makes_dropping_out_likelier(p: Any, c: Any) -> None:
    helps = offers(course_months=6, success_share=0.6)
    calm = outcomes(p, c, helps, 250, 6, stress=[0.2] * 5)
    pressed = outcomes(p, c, helps, 250, 6, stress=[0.9] * 5)
    assert pressed.count(hh.DROPPED) > calm.count(hh.DROPPED)


def test_who_was_never_helped_is_left_alone(p: Any, c: Any) -> None:
    h = someone(find_factor=1.0)
    before = h.copy()
    follow_help(h, p, c, offers(), a_till())
    assert h == before


def relief_by_month(p: Any, c: Any, helps: Any, months: int) -> list[float]:
    h, said = helped(), []
    for k in range(months):
        follow_help(h, p, c._replace(drawn=NOW + k), helps, a_till())
        said.append(float(h.relief[hh.MONEY]))
    return said


def test_relief_builds_up_in_the_course_and_fades_at_its_rate(p: Any, c: Any) -> None:
    fade = 0.5
    relief = relief_by_month(
        p, c, offers(course_months=6, relief_money=0.2, fade_per_year=fade), 30
    )
    assert relief[:5] == pytest.approx([0.2 * (k + 1) / 6 for k in range(5)])
    for k in range(6, 18):
        assert relief[k + 12] / relief[k] == pytest.approx(1 - fade)
        assert relief[k] > relief[k + 1]
    assert relief[6] == pytest.approx(0.2 * (1 - fade) ** (1 / 12))


def test_relief_does_not_fall_when_a_course_completes(p: Any, c: Any) -> None:
    relief = relief_by_month(p, c, offers(course_months=6, relief_money=0.2), 8)
    assert relief[4] <= relief[5] <= 0.2


@settings(max_examples=60, deadline=None)
@given(first=st.floats(0, 1), then=st.floats(0, 1), strength=st.floats(0, 1))
def test_relief_adds_up_to_at_most_one(first: float, then: float, strength: float) -> None:
    h = someone()
    for amount in (first, then):
        add_relief(h, offers(relief_housing=amount, relief_work=amount).offers[0], strength)
    assert h.relief[hh.HOUSING] == pytest.approx(min(1, (first + then) * strength))
    assert h.relief[hh.WORK] == h.relief[hh.HOUSING]
    assert h.relief[hh.MONEY] == 0


def test_demand_led_help_goes_to_the_heaviest_domain() -> None:
    asked = offers(demand_led=1, relief_heaviest=0.25, relief_others=0.05).offers[0]
    for d in range(5):
        h = someone()
        h.stress[d] = 0.9
        assert plain(course.heaviest_domain)(h) == d
        add_relief(h, asked, 1.0)
        assert h.relief[d] == 0.25
        assert sorted(h.relief)[:4] == [0.05] * 4


def test_finding_work_is_helped_early_and_late_for_as_long_as_said(p: Any, c: Any) -> None:
    helps = offers(
        course_months=3, find_early_factor=1.05, find_late_factor=1.25, find_late_from_months=2,
        find_lasts_months=4,
    )  # fmt: skip
    h, factors = helped(), []
    for k in range(12):
        follow_help(h, p, c._replace(drawn=NOW + k), helps, a_till())
        factors.append(float(h.find_factor))
    assert factors == [1.05] * 3 + [1.0] + [1.25] * 4 + [1.0] * 4


def test_who_dropped_out_has_nothing_left_of_it(p: Any, c: Any) -> None:
    h = helped(help=[hh.DROPPED], relief=[0.2] * 5, find_factor=1.3)
    follow_help(
        h, p, c, offers(relief_money=0.3, find_early_factor=2, find_late_factor=2), a_till()
    )
    assert (h.relief == 0).all() and h.find_factor == 1


def test_the_completed_relapse_at_their_rate(p: Any, c: Any) -> None:
    n, fallen = 1500, 0
    for i in range(n):
        h = helped(id=i + 1, help=[hh.COMPLETED])
        follow_help(h, p, c, offers(relapse_per_year=0.6), a_till())
        fallen += h.help[0] == hh.DROPPED
    assert fallen / n == pytest.approx(0.05, abs=3.5 * math.sqrt(0.05 * 0.95 / n))


def test_success_brings_an_arrangement_where_there_is_debt(p: Any, c: Any) -> None:
    offer = offers(settles_debts=1).offers[0]
    h = someone(debt=500_000, claims=4, debt_state=hh.PROBLEMATIC)
    succeed(h, offer, p, c, 0.5, a_till())
    assert (h.debt_state, h.arrangement_left) == (hh.ARRANGEMENT, 18)
    free = someone()
    succeed(free, offer, p, c, 0.5, a_till())
    assert free.debt_state == hh.NO_DEBT
    inside = someone(debt=5, claims=1, debt_state=hh.ARRANGEMENT, arrangement_left=3)
    succeed(inside, offer, p, c, 0.5, a_till())
    assert inside.arrangement_left == 3


def test_demand_led_success_solves_what_weighs_most(p: Any, c: Any) -> None:
    offer = offers(demand_led=1, pays_claims_eur=500, fixes_home=0.5).offers[0]

    def done(u: float, heaviest: int, **fields: Any) -> tuple[Any, int]:
        h, till = someone(debt=80_000, claims=2, debt_state=hh.ARREARS, **fields), a_till()
        h.stress[heaviest] = 0.9
        succeed(h, offer, p, c, u, till)
        return h, booked(till, items.HELP_CLAIM_PAID)

    h, paid = done(0.1, hh.MONEY, home=hh.UNFIT)
    assert (h.home, h.debt, paid) == (hh.UNFIT, 30_000, 50_000)
    h, paid = done(0.1, hh.HOUSING, home=hh.UNFIT)
    assert (h.home, paid) == (hh.FITS, 0)
    h, paid = done(0.6, hh.HOUSING, home=hh.THREATENED)
    assert (h.home, paid) == (hh.THREATENED, 0)
    h, paid = done(0.1, hh.HOUSING, home=hh.LOST)
    assert (h.home, paid) == (hh.LOST, 0)
    h, paid = done(0.1, hh.WORK, home=hh.UNFIT)
    assert (h.home, h.debt, paid) == (hh.UNFIT, 80_000, 0)


def test_supply_led_success_fixes_the_home_whatever_weighs_most(p: Any, c: Any) -> None:
    h = someone(home=hh.UNFIT)
    succeed(h, offers(fixes_home=0.5).offers[0], p, c, 0.4, a_till())
    assert h.home == hh.FITS


@settings(max_examples=60, deadline=None)
@given(debt=st.integers(0, 10**7), claims=st.integers(1, 60), cents=st.integers(0, 10**7))
def test_creditors_get_no_more_than_is_owed(debt: int, claims: int, cents: int) -> None:
    h, till = someone(debt=debt, claims=claims if debt else 0), a_till()
    pay_creditors(h, cents, till)
    assert booked(till, items.HELP_CLAIM_PAID) == min(cents, debt) == debt - h.debt
    assert (h.claims > 0) == (h.debt > 0) and h.claims <= claims


def test_creditors_are_paid_smallest_first() -> None:
    """Nine claims of together 20,000: the smallest is under 500."""
    h = someone(debt=2_000_000, claims=9)
    pay_creditors(h, 50_000, a_till())
    assert h.claims < 9


def test_several_helps_work_together(p: Any, c: Any) -> None:
    two = offers(relief_money=0.1, find_early_factor=1.1, course_months=10)
    two.offers[1] = two.offers[0]
    two.count = 2
    h, till = helped(), a_till()
    h.help[1] = hh.RUNNING
    follow_help(h, p, c, two, till)
    assert h.find_factor == pytest.approx(1.21)
    assert h.relief[hh.MONEY] == pytest.approx(0.02)
    assert np.count_nonzero(h.relief) == 1


def test_only_help_that_takes_from_the_stock_gives_a_home_to_who_has_none(p: Any, c: Any) -> None:
    for takes, home in ((0, hh.LOST), (1, hh.FITS)):
        h = someone(home=hh.LOST, months_lost=9)
        succeed(h, offers(fixes_home=1, takes_stock=takes).offers[0], p, c, 0.5, a_till())
        assert (h.home, h.rehoused) == (home, takes)
    kept = someone(home=hh.THREATENED)
    succeed(kept, offers(fixes_home=1).offers[0], p, c, 0.5, a_till())
    assert (kept.home, kept.rehoused) == (hh.FITS, 0)  # its own home: nobody misses one


def test_who_loses_the_gain_of_a_home_is_back_where_it_was(p: Any, c: Any) -> None:
    h = helped(id=7, help=[hh.COMPLETED], home=hh.FITS)
    follow_help(h, p, c, offers(relapse_per_year=12.0, takes_stock=1), a_till())
    assert (h.help[0], h.home) == (hh.DROPPED, hh.UNFIT)


def test_a_price_per_child_counts_pupils(p: Any, c: Any) -> None:
    helps = offers(price_month_eur=350, price_per_child=1)
    till = a_till()
    follow_help(helped(tutored=3), p, c, helps, till)
    assert booked(till, items.HELP_COST) == 3 * 35_000
    born = [NOW - 5 * 12, NOW - 3 * 12, NOW - 17 * 12, NOW - 19 * 12]
    assert plain(course.pupils)(someone(child_birth=born), NOW) == 2


def test_tutoring_moves_pupils_only(p: Any, c: Any) -> None:
    h = someone(child_birth=[NOW - 8 * 12, NOW - 12], development=[-0.5, -0.5])
    succeed(h, offers(develops_sd=0.2).offers[0], p, c, 0.5, a_till())
    assert h.development[:2].tolist() == pytest.approx([-0.3, -0.5])


def test_support_and_spared_energy_last_as_said(p: Any, c: Any) -> None:
    helps = offers(support_eur_per_year=1200, spares_eur_per_year=600, spares_lasts_months=3)
    h = helped(help=[hh.COMPLETED])
    now = c._replace(price_index=1.0, energy=2.0)
    for month in range(4):
        follow_help(h, p, now, helps, a_till())
        assert h.support == 10_000
        assert h.spared == (10_000 if month < 2 else 0)  # twice the price, twice the saving


def test_help_together_is_worth_its_synergy_and_no_more_than_there_is(p: Any, c: Any) -> None:
    helps = offers(relief_money=0.3, fade_per_year=0.0, find_late_factor=1.2, find_lasts_months=99)
    helps.offers[1] = helps.offers[0]
    helps.count = 2
    both = p.copy()
    both.help.synergy_factor = 1.3
    for state, relief, find in ((hh.UNTOUCHED, 0.3, 1.2), (hh.COMPLETED, 0.78, 1.572)):
        h = helped(help=[hh.COMPLETED], stress=[1.0] * 5)
        h.help[1] = state
        follow_help(h, both, c, helps, a_till())
        assert h.relief[hh.MONEY] == pytest.approx(relief)
        assert h.find_factor == pytest.approx(find)
    helps.offers[1]["relief_money"] = 0.9
    h = helped(help=[hh.COMPLETED], stress=[1.0] * 5)
    h.help[1] = hh.COMPLETED
    follow_help(h, both, c, helps, a_till())
    assert h.relief[hh.MONEY] == 1.0


def test_support_that_only_help_asked_for_lapses(p: Any, c: Any) -> None:
    offer = offers(claims_support=1).offers[0]
    for before in ((0, 1), (1, 0), (0, 0), (1, 1)):
        h = helped(id=7, claims_welfare=before[0], claims_allowances=before[1])
        succeed(h, offer, p, c, 0.5, a_till())
        assert (h.claims_welfare, h.claims_allowances) == (1, 1)
        h.help[0] = hh.COMPLETED
        follow_help(h, p, c, offers(claims_support=1, relapse_per_year=12.0), a_till())
        assert (h.claims_welfare, h.claims_allowances) == before


@settings(max_examples=100, deadline=None)
@given(stress=st.floats(0, 1), relief=st.floats(0, 1))
def test_relief_counts_at_once_and_never_for_more_than_there_is(
    stress: float, relief: float
) -> None:
    h = someone(stress=[stress] * 5)
    h.relief[hh.MONEY] = relief
    plain(course.feel_relief)(h, hh.MONEY, 0.0)
    assert h.stress[hh.MONEY] == pytest.approx(max(0.0, stress - relief))
    held = float(h.relief[hh.MONEY])
    h.relief[hh.MONEY] = 0.0
    plain(course.feel_relief)(h, hh.MONEY, held)
    assert h.stress[hh.MONEY] == pytest.approx(stress)
