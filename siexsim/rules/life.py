"""Life: who is born, ages, pairs up, parts, retires, leaves and dies (process 2)."""

from __future__ import annotations

import math
from typing import Any

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.draws import LIFE, rest

MONTHS = 12
PER_MONTH = 1.0 / MONTHS  # multiplying is several times as fast as dividing
# A short cut: no household under 95 has more than this chance of an event in a month.
QUIET, QUIET_UNTIL_YEARS = 0.1, 95


@rule
def years_old(birth: int, month: int) -> int:
    """Age in whole years; a child or adult who isn't there has birth month -1."""
    return (int(month) - int(birth)) // MONTHS


@rule
def is_pensioner(h: Any, p: Any, c: Any) -> bool:
    """Whether the first adult has reached the state pension age."""
    return c.month - h.birth[0] >= p.life.pension_age_years * MONTHS


@rule
def death_chance(age: int, p: Any) -> float:
    """Chance to die this month; Gompertz, doubling every few years."""
    if age < p.life.death_from_years:
        return 0.0
    yearly = p.life.death_at_60_per_year * math.exp(p.life.death_growth_per_year * (age - 60))
    return min(yearly * PER_MONTH, 0.5)


@rule
def drop_second_adult(h: Any) -> None:
    """Take the second adult out of the record."""
    h.birth[1] = hh.NO_BIRTH
    h.position[1] = hh.NO_INCOME
    h.earnings[1] = 0
    h.pension[1] = 0
    h.months_without_work[1] = 0
    h.ww_left[1] = 0
    h.hours[1] = 0


@rule
def first_adult_dies(h: Any) -> None:
    """The survivor becomes the first adult; a household without adults ends."""
    if h.birth[1] == hh.NO_BIRTH:
        h.state = hh.DIED
        return
    h.birth[0] = h.birth[1]
    h.education[0] = h.education[1]
    h.position[0] = h.position[1]
    h.earnings[0] = h.earnings[1]
    h.pension[0] = h.pension[1]
    h.months_without_work[0] = h.months_without_work[1]
    h.ww_left[0] = h.ww_left[1]
    h.hours[0] = h.hours[1]
    drop_second_adult(h)


@rule
def retire(h: Any, p: Any, c: Any) -> None:
    """Adults who reach the pension age stop working and draw the state pension."""
    for a in range(hh.MAX_ADULTS):
        old = c.month - h.birth[a] >= p.life.pension_age_years * MONTHS
        if old and h.birth[a] != hh.NO_BIRTH and h.position[a] != hh.PENSION:
            h.position[a] = hh.PENSION
            h.months_without_work[a] = 0
            h.ww_left[a] = 0


@rule
def graduate(h: Any, p: Any, u: float) -> None:
    """A student household finishes its study: it leaves town, or looks for work here."""
    if u < p.life.graduate_leaves_share:
        h.state = hh.MOVED_OUT
        return
    h.student = 0
    for a in range(hh.MAX_ADULTS):
        if h.birth[a] != hh.NO_BIRTH:
            if h.education[a] < hh.HIGH:
                h.education[a] += 1
            found = rest(u - p.life.graduate_leaves_share, 1.0 - p.life.graduate_leaves_share)
            h.position[a] = hh.FLEX if found < p.life.graduate_works_share else hh.NO_INCOME
            h.months_without_work[a] = 0


@rule
def study_on(h: Any, p: Any, u: float) -> None:
    """A student household's only event of life: the end of the study."""
    chance = p.life.study_end_per_year * PER_MONTH
    if u < chance:
        graduate(h, p, rest(u, chance))


@rule
def have_child(h: Any, c: Any) -> None:
    """A child is born; its development starts where the others' stands, or in the middle."""
    for k in range(hh.MAX_CHILDREN):
        if h.child_birth[k] == hh.NO_BIRTH:
            h.child_birth[k] = c.month
            h.development[k] = 0.0
            h.kids += 1
            return


@rule
def find_partner(h: Any, p: Any, c: Any, u: float) -> None:
    """A single pairs up: with a newcomer to this household, or by joining another one."""
    if u < p.life.union_joins_other_share:
        h.state = hh.JOINED
        return
    h.birth[1] = h.birth[0]
    h.education[1] = h.education[0]
    left = rest(u - p.life.union_joins_other_share, 1.0 - p.life.union_joins_other_share)
    h.position[1] = hh.PERMANENT if left < p.life.partner_works_share else hh.NO_INCOME
    h.earnings[1] = h.earnings[0]
    h.pension[1] = 0
    h.months_without_work[1] = 0
    h.ww_left[1] = 0


@rule
def oldest_to_leave(h: Any, p: Any, c: Any) -> int:
    """The child of age that is next to leave home, or -1."""
    if h.kids == 0:
        return -1
    oldest = -1
    for k in range(hh.MAX_CHILDREN):
        born = h.child_birth[k]
        grown = born != hh.NO_BIRTH and years_old(born, c.month) >= p.life.adult_years
        if grown and (oldest < 0 or born < h.child_birth[oldest]):
            oldest = k
    return oldest


@rule
def move_chance(h: Any, age: int, p: Any) -> float:
    """Chance that the household leaves the municipality this month; children hold it back."""
    if age < p.life.move_out_young_until_years:
        yearly = p.life.move_out_young_per_year
    elif age < p.life.move_out_middle_until_years:
        yearly = p.life.move_out_middle_per_year
    else:
        yearly = p.life.move_out_old_per_year
    if h.kids > 0:
        yearly *= p.life.move_out_children_factor
    return yearly * PER_MONTH


@rule
def birth_chance(h: Any, age: int, p: Any) -> float:
    """Chance that a couple, or rarely a single, has a child this month."""
    if age < p.life.birth_from_years or age >= p.life.birth_until_years:
        return 0.0
    yearly = p.life.birth_couple_per_year
    if age < p.life.birth_young_until_years:
        yearly *= p.life.birth_young_factor
    if h.birth[1] == hh.NO_BIRTH:
        yearly *= p.life.birth_single_factor
    return yearly * PER_MONTH


@rule
def separation_chance(age: int, p: Any) -> float:
    """Chance that a couple parts this month; the old stay together."""
    return p.life.separation_per_year * PER_MONTH if age < p.life.separation_until_years else 0.0


@rule
def union_chance(age: int, p: Any) -> float:
    """Chance that a single pairs up this month; the old don't."""
    return p.life.union_per_year * PER_MONTH if age < p.life.union_until_years else 0.0


@rule
def pass_life_events(h: Any, p: Any, c: Any, draw: Any) -> None:
    """At most one event of life a month; what happens depends on no stress and no money.

    So that two worlds keep the same people: help changes lives, not who is born or moves.
    """
    u = draw[LIFE]
    age = years_old(h.birth[0], c.month)
    paired = h.birth[1] != hh.NO_BIRTH
    if h.kids > 0:
        leaver = oldest_to_leave(h, p, c)
        latest = p.life.latest_leaving_years
        if leaver >= 0 and years_old(h.child_birth[leaver], c.month) >= latest:
            h.leaving_child = leaver
            return
    oldest = max(age, years_old(h.birth[1], c.month)) if paired else age
    if u >= QUIET and oldest < QUIET_UNTIL_YEARS:
        return
    chance = death_chance(age, p)
    if u < chance:
        first_adult_dies(h)
        return
    u -= chance
    if paired:
        chance = death_chance(years_old(h.birth[1], c.month), p)
        if u < chance:
            drop_second_adult(h)
            return
        u -= chance
    chance = move_chance(h, age, p)
    if u < chance:
        h.state = hh.MOVED_OUT
        return
    u -= chance
    chance = birth_chance(h, age, p)
    if u < chance:
        have_child(h, c)
        return
    u -= chance
    if paired:
        chance = separation_chance(age, p)
        if u < chance:
            h.separating = 1
            return
    else:
        chance = union_chance(age, p)
        if u < chance:
            find_partner(h, p, c, rest(u, chance))
            return
    u -= chance
    leaver = oldest_to_leave(h, p, c)
    if leaver >= 0 and u < p.life.leave_home_per_year * PER_MONTH:
        h.leaving_child = leaver
