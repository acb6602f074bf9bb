"""Process 7: stress in five domains."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim.parameters import Parameters
from siexsim.rules import money, stress
from tests.rules.conftest import NOW, a_couple, luck, plain, someone, with_values

feel_stress = plain(stress.feel_stress)
money_target = plain(stress.money_target)
room = plain(stress.room)
unavoidable = plain(money.unavoidable)
work_target = plain(stress.work_target)
housing_target = plain(stress.housing_target)
education_target = plain(stress.education_target)
quick = settings(max_examples=80, deadline=None)
CALM = luck()


def settled(h: Any, p: Any, c: Any) -> Any:
    for _ in range(1200):
        feel_stress(h, p, c, CALM)
    return h


def of(income_eur: int, **fields: Any) -> Any:
    return someone(income=income_eur * 100, allowances=0, **fields)


@quick
@given(
    few=st.integers(0, 60), many=st.integers(0, 60), income_eur=st.integers(0, 5000),
    state=st.sampled_from([hh.ARREARS, hh.PROBLEMATIC, hh.ARRANGEMENT]),
    savings=st.integers(0, 10**6),
)  # fmt: skip
def test_more_claims_never_lower_the_target(
    p: Any, c: Any, few: int, many: int, income_eur: int, state: int, savings: int
) -> None:
    few, many = sorted((few, many))
    fields = {"debt_state": state, "savings": savings}
    assert money_target(of(income_eur, claims=few, **fields), p, c) <= money_target(
        of(income_eur, claims=many, **fields), p, c
    )


@quick
@given(claims=st.integers(1, 60), income_eur=st.integers(0, 5000))
def test_an_arrangement_lowers_it(p: Any, c: Any, claims: int, income_eur: int) -> None:
    inside = of(income_eur, claims=claims, debt_state=hh.ARRANGEMENT)
    outside = of(income_eur, claims=claims, debt_state=hh.PROBLEMATIC)
    assert money_target(inside, p, c) < money_target(outside, p, c)


@quick
@given(low=st.integers(0, 9000), high=st.integers(0, 9000), claims=st.integers(0, 20))
def test_a_higher_income_never_raises_it(p: Any, c: Any, low: int, high: int, claims: int) -> None:
    low, high = sorted((low, high))
    poorer, richer = (of(eur, claims=claims) for eur in (low, high))
    assert money_target(richer, p, c) <= money_target(poorer, p, c)


def test_dear_energy_tightens_the_budget_and_help_with_it_loosens_it(p: Any, c: Any) -> None:
    dear = c._replace(energy=3.0)
    all_pay = with_values(money__market_contract_share=0.8)
    felt = [
        money_target(of(1300, id=n), all_pay, dear) - money_target(of(1300, id=n), all_pay, c)
        for n in range(300)
    ]
    # who has a contract that follows the market feels it, the others nothing
    assert min(felt) == 0.0 < max(felt)
    assert np.mean(np.array(felt) > 0) == pytest.approx(0.8, abs=0.1)
    assert money_target(of(1300, spared=10_000), p, c) < money_target(of(1300), p, c)
    assert money_target(of(1300), p, c._replace(needs=1.1)) > money_target(of(1300), p, c)


def test_room_is_what_is_left_over_needs(p: Any, c: Any) -> None:
    h = someone(income=150_000, allowances=30_000)
    need = unavoidable(h, p, c)
    assert room(h, p, c) == pytest.approx(180_000 / need - 1.0)


def test_the_amount_of_debt_counts_only_through_claims(p: Any, c: Any) -> None:
    """Row M02: the number of accounts counts, not the amount."""
    assert money_target(someone(claims=3, debt=10**8), p, c) == money_target(
        someone(claims=3, debt=1), p, c
    )


def test_a_buffer_lowers_it(p: Any, c: Any) -> None:
    line = int(p.stress.buffer_eur * 100)
    assert money_target(someone(savings=line + 1), p, c) < money_target(someone(savings=line), p, c)


def test_work_stress_takes_the_worst_of_the_adults(p: Any) -> None:
    steady, without = someone(), someone(position=[hh.WELFARE])
    assert (
        work_target(without, p)
        > work_target(someone(position=[hh.FLEX]), p)
        > work_target(steady, p)
    )
    assert work_target(a_couple(position=[hh.PERMANENT, hh.WW]), p) == work_target(without, p)
    # a partner who chose to stay at home isn't without work
    assert work_target(a_couple(position=[hh.PERMANENT, hh.NO_INCOME]), p) == work_target(steady, p)
    assert work_target(someone(position=[hh.PENSION]), p) == work_target(steady, p)


def test_the_worse_the_home_the_more_stress(p: Any) -> None:
    targets = [
        housing_target(someone(home=home), p)
        for home in (hh.FITS, hh.UNFIT, hh.THREATENED, hh.LOST)
    ]
    assert targets == sorted(targets) and len(set(targets)) == 4


def test_education_follows_children_behind_or_own_schooling(p: Any) -> None:
    assert education_target(someone(education=[hh.LOW]), p) > education_target(someone(), p)
    behind = a_couple(child_birth=[NOW - 90, NOW - 80], development=[-1.0, -1.0])
    ahead = a_couple(child_birth=[NOW - 90, NOW - 80], development=[1.0, 1.0])
    assert education_target(behind, p) > p.stress.ordinary > education_target(ahead, p)
    assert education_target(behind, p) - p.stress.ordinary == pytest.approx(
        p.stress.development_weight
    )


def test_illness_being_alone_and_isolation_weigh_on_wellbeing(p: Any, c: Any) -> None:
    wellbeing_target = plain(stress.wellbeing_target)
    pair = wellbeing_target(a_couple(), p, c)
    assert wellbeing_target(someone(), p, c) > pair
    assert wellbeing_target(a_couple(position=[hh.FLEX, hh.DISABILITY]), p, c) > pair
    assert wellbeing_target(a_couple(), p, c._replace(isolation=0.1)) == pytest.approx(pair + 0.1)


def months_to_half(h: Any, moved: float, p: Any, c: Any) -> int:
    """Months after which half of a deviation in all domains is gone."""
    rest = settled(h, p, c).stress.copy()
    h.stress[:] = np.clip(rest + moved, 0, 1)
    start = np.abs(h.stress - rest).mean()
    for month in range(1, 200):
        feel_stress(h, p, c, CALM)
        if np.abs(h.stress - rest).mean() <= start / 2:
            return month
    raise AssertionError("doesn't come back")


def test_half_of_a_deviation_is_gone_in_about_a_year(p: Any, c: Any) -> None:
    """Row M11: within a domain that nothing else holds up, falling and rising taken together."""
    relax = plain(stress.relax)
    months = []
    pace = p.stress.rising_per_month, p.stress.falling_per_month
    for start in (0.7, 0.1):
        h, month = someone(stress=[start] * 5), 0
        while abs(h.stress[0] - 0.4) > 0.15:
            h.stress[0] = relax(h, 0, 0.4, *pace, 0.0)
            month += 1
        months.append(month)
    assert 10 <= np.mean(months) <= 14
    assert min(months) >= 9 and max(months) <= 15


@pytest.mark.parametrize("make", [someone, a_couple])
def test_linked_domains_hold_each_other_up_but_come_back(p: Any, c: Any, make: Any) -> None:
    up, down = months_to_half(make(), 0.3, p, c), months_to_half(make(), -0.15, p, c)
    assert down < up
    assert 10 <= down <= 30 and 12 <= up <= 40


def test_rising_is_faster_than_falling(p: Any) -> None:
    relax = plain(stress.relax)
    pace = p.stress.rising_per_month, p.stress.falling_per_month
    h = someone(stress=[0.5] * 5)
    up, down = relax(h, 0, 0.7, *pace, 0.0) - 0.5, 0.5 - relax(h, 0, 0.3, *pace, 0.0)
    assert up > down > 0


def test_the_resilient_come_back_sooner_and_climb_slower(p: Any, c: Any) -> None:
    after = {}
    for resilience in (0.1, 0.9):
        high = someone(stress=[0.9] * 5, resilience=resilience)
        low = someone(stress=[0.0] * 5, resilience=resilience)
        for _ in range(6):
            feel_stress(high, p, c, CALM)
            feel_stress(low, p, c, CALM)
        after[resilience] = high.stress.mean(), low.stress.mean()
    assert after[0.9][0] < after[0.1][0]
    assert after[0.9][1] < after[0.1][1]


@quick
@given(
    levels=st.lists(st.floats(0, 1), min_size=5, max_size=5),
    noise=st.lists(st.floats(1e-9, 1 - 1e-9), min_size=20, max_size=20),
    relief=st.floats(0, 1), claims=st.integers(0, 60), home=st.integers(0, 3),
    position=st.integers(0, 8), resilience=st.floats(0, 1), extreme=st.booleans(),
)  # fmt: skip
def test_stress_stays_in_bounds_for_any_draws(
    p: Any, c: Any, highest: Any, levels: list[float], noise: list[float], relief: float,
    claims: int, home: int, position: int, resilience: float, extreme: bool,
) -> None:  # fmt: skip
    h = someone(
        stress=levels, helped=1, relief=[relief] * 5, claims=claims, home=home,
        position=[position], resilience=resilience,
    )  # fmt: skip
    for _ in range(12):
        feel_stress(h, highest if extreme else p, c, tuple(noise))
        assert (h.stress >= 0).all() and (h.stress <= 1).all()


@quick
@given(
    level=st.floats(0, 1), more=st.floats(0, 1), domain=st.integers(0, 4), relief=st.floats(0, 1)
)
def test_more_stress_now_is_never_less_next_month(
    p: Any, c: Any, level: float, more: float, domain: int, relief: float
) -> None:
    """Links carry stress over and never away: no domain gets better because another is worse."""
    level, more = sorted((level, more))
    less_h, more_h = (someone(helped=1, relief=[relief] * 5) for _ in range(2))
    less_h.stress[domain], more_h.stress[domain] = level, more
    for h in (less_h, more_h):
        feel_stress(h, p, c, CALM)
    assert (more_h.stress >= less_h.stress - 1e-12).all()


def test_relief_holds_stress_down_as_long_as_it_lasts(p: Any, c: Any) -> None:
    usual = settled(someone(claims=8), p, c).stress.copy()
    h = settled(someone(claims=8, helped=1, relief=[0, 0.2, 0, 0, 0]), p, c)
    assert h.stress[hh.MONEY] <= usual[hh.MONEY] - 0.19
    h.relief[:] = 0
    assert settled(h, p, c).stress == pytest.approx(usual, abs=1e-6)


def test_all_links_are_named_and_lead_somewhere_else() -> None:
    assert len(set(stress.LINKS)) == len(stress.LINKS)
    assert all(a != b and {a, b} <= set(hh.DOMAINS) for a, b in stress.LINKS)
    named = {f"stress.{a}_to_{b}" for a, b in stress.LINKS}
    domains = "|".join(hh.DOMAINS)
    assert named == {
        key
        for key in Parameters.packaged()
        if re.fullmatch(rf"stress\.({domains})_to_({domains})", key)
    }


def test_every_link_is_felt(p: Any, c: Any) -> None:
    """Each link of the table moves its target by its slope, at the pace of rising."""
    pressed = {
        "stress": [0.2] * 5, "claims": 8, "savings": 0, "home": hh.UNFIT, "ratio": 1.0,
        "position": [hh.WELFARE], "education": [hh.LOW],
    }  # fmt: skip
    lonely = c._replace(isolation=0.3)
    for source, target in stress.LINKS:
        a, b = hh.DOMAINS.index(source), hh.DOMAINS.index(target)
        before, after = someone(**pressed), someone(**pressed)
        after.stress[a] += 0.05
        for h in (before, after):
            feel_stress(h, p, lonely, CALM)
        felt = 0.05 * p.stress[f"{source}_to_{target}"] * p.stress.rising_per_month
        assert after.stress[b] - before.stress[b] == pytest.approx(felt), (source, target)


def test_stress_settles_at_the_central_numbers_and_in_every_future() -> None:
    packaged = Parameters.packaged()
    assert stress.link_eigenvalue(packaged) < stress.LARGEST_EIGENVALUE
    assert stress.damped(packaged) is packaged
    for future in range(1, 120):
        damped = stress.damped(packaged.drawn(1, future))
        assert stress.link_eigenvalue(damped) <= stress.LARGEST_EIGENVALUE + 1e-9
    strongest = packaged.with_(
        {f"stress.{a}_to_{b}": packaged[f"stress.{a}_to_{b}"].high for a, b in stress.LINKS}
    )
    assert stress.link_eigenvalue(strongest) > 1
    assert stress.link_eigenvalue(stress.damped(strongest)) < 1
