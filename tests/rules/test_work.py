"""Process 3: losing work, finding it, falling ill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim.rules import work
from tests.rules.conftest import NOW, a_couple, luck, plain, someone, with_values

loss_chance = plain(work.loss_chance)
finding_chance = plain(work.finding_chance)
bandwidth = plain(work.bandwidth)
live_working_life = plain(work.live_working_life)


def seeking(**fields: Any) -> Any:
    return someone(**{"position": [hh.WELFARE], **fields})


def test_flexible_work_is_lost_sooner_than_permanent(p: Any, c: Any, highest: Any) -> None:
    for education in (hh.LOW, hh.MIDDLE, hh.HIGH):
        permanent, flex, own = (
            loss_chance(position, education, 1.0, p, c)
            for position in (hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED)
        )
        assert flex > own > permanent > 0
    assert loss_chance(hh.FLEX, hh.LOW, 1.0, p, c) > loss_chance(hh.FLEX, hh.MIDDLE, 1.0, p, c)
    assert loss_chance(hh.FLEX, hh.LOW, 0.0, highest, c._replace(lose=1e6)) <= 0.9


def test_bad_times_cost_work_and_make_it_hard_to_find(p: Any, c: Any) -> None:
    worse = c._replace(lose=1.5, find=0.6)
    assert loss_chance(hh.FLEX, hh.LOW, 1.0, p, worse) > loss_chance(hh.FLEX, hh.LOW, 1.0, p, c)
    assert finding_chance(seeking(), 0, p, worse) < finding_chance(seeking(), 0, p, c)


def test_finding_falls_with_duration(p: Any, c: Any) -> None:
    by_year = [finding_chance(seeking(months_without_work=[m]), 0, p, c) for m in range(0, 60)]
    assert (np.diff(by_year) <= 0).all()
    assert len(set(by_year)) == 4
    # P13: 22% a year after a year against 8% later; P06 in size
    assert by_year[-1] < 0.3 * by_year[0]


def test_finding_falls_with_age_low_education_and_disability(p: Any, c: Any) -> None:
    usual = finding_chance(seeking(), 0, p, c)
    old = seeking(birth=[NOW - 55 * 12])
    assert finding_chance(old, 0, p, c) < usual
    assert finding_chance(seeking(birth=[NOW - 55 * 12 + 1]), 0, p, c) == usual
    assert finding_chance(seeking(education=[hh.LOW]), 0, p, c) < usual
    assert finding_chance(seeking(education=[hh.HIGH]), 0, p, c) > usual
    assert finding_chance(seeking(position=[hh.DISABILITY]), 0, p, c) < usual


def test_partners_at_home_seldom_look_while_one_income_does(p: Any, c: Any) -> None:
    def chance(months: int, ratio: float) -> float:
        idle = [hh.PERMANENT, hh.NO_INCOME]
        h = a_couple(position=idle, months_without_work=[0, months], ratio=ratio)
        return float(finding_chance(h, 1, p, c))

    assert chance(24, 2.0) == pytest.approx(p.work.find_partner_factor * chance(24, 1.0))
    assert chance(23, 2.0) == chance(23, 1.0)


def test_without_a_partner_work_is_harder_to_find(p: Any, c: Any) -> None:
    two = a_couple(position=[hh.WELFARE, hh.WELFARE])
    assert finding_chance(seeking(), 0, p, c) == pytest.approx(
        p.work.find_alone_factor * finding_chance(two, 0, p, c)
    )


def test_who_grew_up_poor_finds_work_later_and_loses_it_sooner(p: Any, c: Any) -> None:
    raised, other = seeking(raised_poor=1), seeking()
    assert finding_chance(raised, 0, p, c) == pytest.approx(
        p.work.raised_poor_factor * finding_chance(other, 0, p, c)
    )
    ease = plain(work.employable)
    assert loss_chance(hh.FLEX, hh.LOW, ease(raised, p), p, c) == pytest.approx(
        loss_chance(hh.FLEX, hh.LOW, ease(other, p), p, c) / p.work.raised_poor_factor
    )


@settings(max_examples=60, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1), domain=st.integers(0, 4))
def test_finding_falls_with_stress(p: Any, c: Any, low: float, high: float, domain: int) -> None:
    low, high = sorted((low, high))
    calm, pressed = seeking(), seeking()
    calm.stress[domain], pressed.stress[domain] = low, high
    assert finding_chance(pressed, 0, p, c) <= finding_chance(calm, 0, p, c)
    assert bandwidth(pressed, p) <= bandwidth(calm, p)


def test_a_tenth_of_mean_stress_costs_five_per_cent(p: Any, c: Any) -> None:
    """Row M24."""
    h, pressed = seeking(), seeking(stress=[0.4] * 5)
    assert finding_chance(pressed, 0, p, c) / finding_chance(h, 0, p, c) == pytest.approx(0.95)
    assert bandwidth(h, p) == pytest.approx(1.0)


def test_bandwidth_never_runs_out(highest: Any) -> None:
    assert bandwidth(seeking(stress=[1.0] * 5), highest) >= 0.1


def test_help_and_employability_multiply_the_chance(p: Any, c: Any) -> None:
    usual = finding_chance(seeking(), 0, p, c)
    assert finding_chance(seeking(find_factor=1.25), 0, p, c) == pytest.approx(1.25 * usual)
    assert finding_chance(seeking(employability=0.5), 0, p, c) == pytest.approx(0.5 * usual)
    assert finding_chance(seeking(find_factor=10, employability=10), 0, p, c) <= 0.9


def test_who_loses_a_permanent_job_gets_ww_for_its_months(p: Any, c: Any) -> None:
    h = someone()
    live_working_life(h, p, c, luck(WORKING=1e-9))
    assert h.position[0] == hh.WW and h.ww_left[0] == int(p.work.ww_months)
    hopeless = c._replace(find=0.0)
    for _ in range(int(p.work.ww_months) - 1):
        live_working_life(h, p, hopeless, luck())
        assert h.position[0] == hh.WW
    live_working_life(h, p, hopeless, luck())
    assert (h.position[0], h.ww_left[0]) == (hh.NO_INCOME, 0)
    assert h.months_without_work[0] == int(p.work.ww_months)


def test_part_of_the_flexible_and_no_self_employed_are_insured(p: Any) -> None:
    lose_work = plain(work.lose_work)
    for position, u, then in (
        (hh.FLEX, p.work.flex_insured_share - 0.01, hh.WW),
        (hh.FLEX, p.work.flex_insured_share + 0.01, hh.NO_INCOME),
        (hh.SELF_EMPLOYED, 0.01, hh.NO_INCOME),
    ):
        h = someone(position=[position])
        lose_work(h, 0, p, u)
        assert h.position[0] == then


def test_new_work_is_flexible_more_often_than_not(p: Any) -> None:
    find_work = plain(work.find_work)
    found = []
    for u in np.linspace(0.0005, 0.9995, 1000):
        h = seeking(months_without_work=[40])
        find_work(h, 0, p, u)
        assert h.months_without_work[0] == 0
        found.append(int(h.position[0]))
    assert found.count(hh.FLEX) == pytest.approx(1000 * p.work.new_job_flex_share, abs=2)
    assert found.count(hh.SELF_EMPLOYED) == pytest.approx(
        1000 * p.work.new_job_self_employed_share, abs=2
    )
    assert set(found) == {hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED}


def test_pensioners_and_students_keep_their_position(p: Any, c: Any) -> None:
    for position in (hh.PENSION, hh.STUDENT):
        h = someone(position=[position])
        for u in (1e-9, 0.5, 1 - 1e-9):
            live_working_life(h, p, c, luck(WORKING=u))
        assert h.position[0] == position


def test_rare_bounds_the_chance_to_fall_ill(highest: Any, c: Any) -> None:
    without_short_cut = plain(work.fall_ill, RARE=2.0)
    h = someone(stress=[1.0] * 5)
    without_short_cut(h, highest, c, luck(ILLNESS=work.RARE))
    assert h.position[0] == hh.PERMANENT
    without_short_cut(h, highest, c, luck(ILLNESS=1e-9))
    assert h.position[0] == hh.DISABILITY


def test_stress_makes_illness_likelier(p: Any, c: Any) -> None:
    fall_ill = plain(work.fall_ill)
    between = p.work.disabled_per_year * (1 + 0.5 * p.work.disabled_stress_slope) / 12
    said = []
    for stress in (0.0, 1.0):
        h = someone(stress=[0.3, 0.3, stress, 0.3, 0.3])
        fall_ill(h, p, c, luck(ILLNESS=between))
        said.append(int(h.position[0]))
    assert said == [hh.PERMANENT, hh.DISABILITY]


def changed(h: Any, p: Any, share: float) -> list[int]:
    """Hours after a change of which the luck is this share of its chance."""
    plain(work.change_hours)(h, p, luck(EARNING=p.work.hours_change_per_year / 12 * share))
    return [int(n) for n in h.hours]


def test_hours_change_and_come_back(p: Any) -> None:
    h = a_couple(position=[hh.FLEX, hh.WELFARE], ratio=2.0)
    assert changed(h, p, 0.4) == [1, 0]
    assert changed(h, p, 1.01) == [1, 0]
    assert changed(h, p, 0.9) == [0, 0]
    assert changed(h, p, 0.9) == [-1, 0]
    assert changed(h, p, 0.1) == [0, 0]


def test_one_adult_at_a_time_changes_hours(p: Any) -> None:
    both = a_couple(position=[hh.FLEX, hh.FLEX], ratio=2.0)
    assert changed(both, p, 0.2) == [1, 0]
    assert changed(both, p, 0.9) == [1, -1]
    second = a_couple(position=[hh.DISABILITY, hh.FLEX], ratio=2.0)
    assert changed(second, p, 0.2) == [0, 1]


def test_hours_of_permanent_jobs_change_seldom(p: Any) -> None:
    h = someone(position=[hh.PERMANENT], ratio=2.0)
    factor = p.work.permanent_hours_factor
    assert changed(h, p, factor * 1.01)[0] == 0
    assert changed(h, p, factor * 0.9)[0] == -1


def test_the_poor_add_hours_up_to_full_time_and_keep_them(p: Any) -> None:
    part_time = int(p.work.full_time_pay_eur * 100 * 0.6)
    h = someone(position=[hh.FLEX], earnings=[part_time], ratio=0.9)
    share = p.work.more_hours_share * 0.99
    steps = [changed(h, p, share)[0] for _ in range(5)]
    assert steps[0] == 1 and max(steps) == steps[1] == 2  # 0.6 x 1.7 is more than full time
    kept = someone(position=[hh.FLEX], earnings=[part_time], hours=[1], ratio=1.3)
    assert changed(kept, p, 0.9)[0] == 1  # going back would make it poor again
    kept.ratio = p.income.poverty_ratio + p.work.hours_step + 0.01
    assert changed(kept, p, 0.9)[0] == 0
    full = someone(position=[hh.FLEX], earnings=[part_time * 2], ratio=0.9)
    assert changed(full, p, 0.6)[0] == -1  # a full-time job has no hours to add


def test_pay_of_the_young_rises_with_work(p: Any, c: Any) -> None:
    young = someone(position=[hh.PERMANENT], birth=[NOW - 25 * 12])
    old = someone(position=[hh.PERMANENT], birth=[NOW - 36 * 12])
    idle = seeking(birth=[NOW - 25 * 12])
    before = [int(h.earnings[0]) for h in (young, old, idle)]
    for h in (young, old, idle):
        live_working_life(h, p, c, luck(WORKING=0.5))
    after = [int(h.earnings[0]) for h in (young, old, idle)]
    assert after[0] == before[0] + int(before[0] * p.work.experience_per_year / 12)
    assert after[1:] == before[1:]


def test_the_labour_market_finds_its_shares(c: Any) -> None:
    """A year of many people without work: what they find agrees with the chance of a month."""
    values = with_values(work__find_per_year=0.6)
    rng = np.random.default_rng(1)
    n, found = 1500, 0
    for u in rng.random(n):
        h = seeking()
        expected = finding_chance(h, 0, values, c)
        live_working_life(h, values, c, luck(WORKING=float(u)))
        found += h.position[0] != hh.WELFARE
    assert found == pytest.approx(n * expected, abs=5 * np.sqrt(n * expected))
