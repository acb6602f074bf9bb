"""Process 2: who is born, ages, pairs up, parts, retires, leaves and dies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim.rules import life
from tests.rules.conftest import NOW, a_couple, luck, plain, someone

pass_life_events = plain(life.pass_life_events)
death_chance = plain(life.death_chance)
quick = settings(max_examples=60, deadline=None)


def test_age_counts_whole_years() -> None:
    years_old = plain(life.years_old)
    assert years_old(NOW - 18 * 12, NOW) == 18
    assert years_old(NOW - 18 * 12 + 1, NOW) == 17


def test_deaths_rise_with_age_and_stay_chances(p: Any, highest: Any) -> None:
    for values in (p, highest):
        chances = [death_chance(age, values) for age in range(0, 130)]
        first = int(values.life.death_from_years)
        assert chances[:first] == [0.0] * first
        assert (np.diff(chances) >= 0).all()
        assert (np.diff(chances[first:100]) > 0).all()
        assert max(chances) <= 0.5
    # about the life tables: half a per cent a year at 60, doubling in seven or so years
    assert 12 * death_chance(60, p) == pytest.approx(p.life.death_at_60_per_year)
    assert 1.9 < death_chance(67, p) / death_chance(60, p) < 2.3


def is_quiet_beyond(h: Any, p: Any, c: Any) -> bool:
    """Whether without the short cut nothing would happen at the first draw that it skips."""
    without_short_cut = plain(life.pass_life_events, QUIET=2.0)
    before = h.copy()
    without_short_cut(h, p, c, luck(LIFE=life.QUIET))
    return bool(h == before)


@pytest.mark.parametrize("kids", [0, 2])
@pytest.mark.parametrize("apart", [None, -10, 0, 10])
def test_quiet_bounds_the_summed_chances(
    highest: Any, c: Any, apart: int | None, kids: int
) -> None:
    """No household under 95, alone or with a partner within ten years, has more than QUIET."""
    for age in range(18, 95):
        # children of 18 to 23 at home, where a parent can have them
        births = [NOW - 20 * 12 if 34 <= age <= 74 else NOW - 12] * kids
        born = [NOW - age * 12]
        if apart is not None:
            born.append(NOW - min(max(age + apart, 18), 94) * 12)
        h = someone(birth=born, child_birth=births, position=[hh.FLEX])
        assert is_quiet_beyond(h, highest, c), age


def test_quiet_bounds_them_at_the_oldest(highest: Any, c: Any) -> None:
    both = [NOW - (95 * 12 - 1)] * 2
    assert is_quiet_beyond(a_couple(birth=both), highest, c)


@quick
@given(
    u=st.floats(1e-9, 1 - 1e-9), age=st.integers(18, 99), kids=st.integers(0, 3),
    paired=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_life_depends_on_no_stress_and_no_money(
    p: Any, c: Any, u: float, age: int, kids: int, paired: bool, seed: int
) -> None:
    births = [NOW - age * 12, NOW - age * 12 + 5 if paired else hh.NO_BIRTH]
    asked = {"birth": births, "child_birth": [NOW - 19 * 12] * kids}
    calm = someone(**asked)
    rng = np.random.default_rng(seed)
    pressed = someone(
        **asked, stress=rng.random(5), savings=0, debt=int(rng.integers(1, 10**7)), claims=9,
        debt_state=hh.PROBLEMATIC, home=hh.LOST, poor=1, on_welfare=1, income=7, helped=1,
    )  # fmt: skip
    for h in (calm, pressed):
        pass_life_events(h, p, c, luck(LIFE=u))
    for name in ("state", "separating", "leaving_child", "kids"):
        assert calm[name] == pressed[name]
    for name in ("birth", "child_birth"):
        assert (calm[name] == pressed[name]).all()


def test_at_pension_age_adults_draw_their_pension(p: Any, c: Any) -> None:
    retire = plain(life.retire)
    line = int(p.life.pension_age_years * 12)
    h = a_couple(birth=[NOW - line, NOW - line + 1], position=[hh.WELFARE, hh.FLEX],
                 months_without_work=[30, 0], ww_left=[0, 0])  # fmt: skip
    retire(h, p, c)
    assert list(h.position) == [hh.PENSION, hh.FLEX]
    assert h.months_without_work[0] == 0
    alone = someone(birth=[NOW - line])
    retire(alone, p, c)
    assert list(alone.position) == [hh.PENSION, hh.NO_INCOME]  # nobody doesn't retire


def test_the_survivor_becomes_the_first_adult(p: Any, c: Any) -> None:
    h = a_couple(position=[hh.PERMANENT, hh.FLEX], pension=[5, 6], hours=[1, -1], ww_left=[0, 3],
                 education=[hh.LOW, hh.HIGH], child_birth=[NOW - 60])  # fmt: skip
    second = h.birth[1]
    pass_life_events(h, p, c, luck(LIFE=death_chance(42, p) * 0.5))
    assert (h.state, h.birth[0], h.birth[1]) == (hh.PRESENT, second, hh.NO_BIRTH)
    assert (h.position[0], h.earnings[0], h.pension[0]) == (hh.FLEX, 180_000, 6)
    assert (h.hours[0], h.ww_left[0], h.education[0], h.kids) == (-1, 3, hh.HIGH, 1)
    assert not any(h[name][1] for name in ("position", "earnings", "pension", "hours", "ww_left"))


def test_a_household_without_adults_ends(p: Any, c: Any) -> None:
    h = someone(birth=[NOW - 80 * 12])
    pass_life_events(h, p, c, luck(LIFE=1e-6))
    assert h.state == hh.DIED


def test_a_union_brings_a_second_adult_or_ends_the_household(p: Any, c: Any) -> None:
    find_partner = plain(life.find_partner)
    joins = p.life.union_joins_other_share
    h = someone()
    find_partner(h, p, c, joins * 0.99)
    assert h.state == hh.JOINED
    h = someone()
    find_partner(h, p, c, joins + (1 - joins) * p.life.partner_works_share * 0.99)
    assert h.state == hh.PRESENT and h.birth[1] != hh.NO_BIRTH
    assert h.position[1] == hh.PERMANENT and h.earnings[1] > 0
    h = someone()
    find_partner(h, p, c, 0.999)
    assert h.position[1] == hh.NO_INCOME


def test_a_child_takes_the_first_free_place(c: Any) -> None:
    have_child = plain(life.have_child)
    h = a_couple(child_birth=[NOW - 90, hh.NO_BIRTH, NOW - 30])
    have_child(h, c)
    assert list(h.child_birth) == [NOW - 90, NOW, NOW - 30, hh.NO_BIRTH]
    assert h.kids == 3
    full = a_couple(child_birth=[NOW - 40, NOW - 30, NOW - 20, NOW - 10])
    have_child(full, c)
    assert full.kids == 4 and NOW not in full.child_birth


def test_births_have_their_ages(p: Any) -> None:
    birth_chance = plain(life.birth_chance)
    couple, single = a_couple(), someone()
    assert birth_chance(couple, 19, p) == 0 == birth_chance(couple, 43, p)
    assert birth_chance(couple, 30, p) > birth_chance(couple, 22, p) > 0
    assert birth_chance(couple, 30, p) > birth_chance(single, 30, p) > 0


def test_the_oldest_leaves_first_and_nobody_stays_after_twenty_four(p: Any, c: Any) -> None:
    h = a_couple(child_birth=[NOW - 18 * 12, NOW - 23 * 12, NOW - 17 * 12])
    assert plain(life.oldest_to_leave)(h, p, c) == 1
    assert plain(life.oldest_to_leave)(a_couple(child_birth=[NOW - 17 * 12]), p, c) == -1
    h = a_couple(child_birth=[NOW - 24 * 12])
    pass_life_events(h, p, c, luck(LIFE=0.999))
    assert h.leaving_child == 0


def test_children_hold_a_move_back_and_the_young_move_most(p: Any) -> None:
    move_chance = plain(life.move_chance)
    chances = [move_chance(someone(), age, p) for age in (25, 35, 60)]
    assert chances[0] > chances[1] > chances[2] > 0
    assert move_chance(someone(child_birth=[NOW - 9]), 35, p) < chances[1]


def test_students_finish_their_study_and_leave_or_stay(p: Any) -> None:
    study_on = plain(life.study_on)
    asked = {"student": 1, "position": [hh.STUDENT], "birth": [NOW - 22 * 12]}
    ends = p.life.study_end_per_year / 12
    h = someone(**asked)
    study_on(h, p, ends * p.life.graduate_leaves_share * 0.9)
    assert h.state == hh.MOVED_OUT
    h = someone(**asked)
    study_on(h, p, ends * (p.life.graduate_leaves_share + 0.01))
    assert (h.student, h.position[0], h.education[0]) == (0, hh.FLEX, hh.HIGH)
    h = someone(**asked)
    study_on(h, p, ends * 0.999)
    assert (h.student, h.position[0]) == (0, hh.NO_INCOME)
    h = someone(**asked)
    study_on(h, p, ends * 1.01)
    assert (h.student, h.state, h.position[0]) == (1, hh.PRESENT, hh.STUDENT)
