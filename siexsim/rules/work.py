"""Work: losing it, finding it, falling ill (process 3)."""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.draws import EARNING, ILLNESS, SECOND_WORKING, WORKING, rest
from siexsim.rules.life import MONTHS, PER_MONTH, years_old

LEAST_EASE = 0.2  # bound of a division
MOST_STEPS = 3  # bound of the record
RARE = 0.01  # more than the chance of any household to fall ill in a month


@rule
def is_working(position: int) -> bool:
    """Whether a position is paid work."""
    return hh.PERMANENT <= position <= hh.SELF_EMPLOYED


@rule
def mean_stress(h: Any) -> float:
    """Plain mean of the five domains."""
    s = h.stress
    return (s[0] + s[1] + s[2] + s[3] + s[4]) * 0.2


@rule
def bandwidth(h: Any, p: Any) -> float:
    """What stress leaves over for finding one's way: 1 at ordinary stress, less above it (A2).

    The slope is row M24: about 5% per 0.1 of mean stress.
    """
    left = 1.0 - p.work.stress_on_finding * (mean_stress(h) - p.stress.ordinary)
    return max(p.work.bandwidth_least, left)


@rule
def employable(h: Any, p: Any) -> float:
    """How easily the household finds and keeps work; less so after a childhood in poverty (P15)."""
    return h.employability * (p.work.raised_poor_factor if h.raised_poor == 1 else 1.0)


@rule
def loss_chance(position: int, education: int, ease: float, p: Any, c: Any) -> float:
    """Chance to lose paid work this month; who finds it less easily loses it sooner (P07, P14)."""
    if position == hh.PERMANENT:
        yearly = p.work.lose_permanent_per_year
    elif position == hh.FLEX:
        yearly = p.work.lose_flex_per_year
    else:
        yearly = p.work.lose_self_employed_per_year
    if education == hh.LOW:
        yearly *= p.work.lose_low_education_factor
    return min(yearly * c.lose * PER_MONTH / max(ease, LEAST_EASE), 0.9)


@rule
def duration_factor(months: int, p: Any) -> float:
    """How the chance of finding work falls with time without it (rows P06, P13)."""
    if months < MONTHS:
        return 1.0
    if months < 2 * MONTHS:
        return p.work.find_second_year_factor
    if months < 3 * MONTHS:
        return p.work.find_third_year_factor
    return p.work.find_later_factor


@rule
def finding_chance(h: Any, a: int, p: Any, c: Any) -> float:
    """Chance that an adult without work finds it this month (rows P10, P11, P12)."""
    chance = p.work.find_per_year * PER_MONTH * duration_factor(h.months_without_work[a], p)
    if years_old(h.birth[a], c.month) >= p.work.late_career_years:
        chance *= p.work.find_over_55_factor
    if h.birth[1] == hh.NO_BIRTH:
        chance *= p.work.find_alone_factor
    if h.education[a] == hh.LOW:
        chance *= p.work.find_low_education_factor
    elif h.education[a] == hh.HIGH:
        chance *= p.work.find_high_education_factor
    idle = a == 1 and h.months_without_work[a] >= p.work.at_home_months
    if h.position[a] == hh.NO_INCOME and idle and h.ratio > p.income.poverty_ratio:
        chance *= p.work.find_partner_factor  # where one income does, most don't look
    elif h.position[a] == hh.DISABILITY:
        chance *= p.work.find_disabled_factor
    return min(0.9, chance * bandwidth(h, p) * employable(h, p) * h.find_factor * c.find)


@rule
def lose_work(h: Any, a: int, p: Any, u: float) -> None:
    """An adult loses paid work; who worked long enough gets unemployment benefit."""
    insured = h.position[a] == hh.PERMANENT
    if h.position[a] == hh.FLEX:
        insured = u < p.work.flex_insured_share
    h.months_without_work[a] = 0
    if insured:
        h.position[a] = hh.WW
        h.ww_left[a] = int(p.work.ww_months)
    else:
        h.position[a] = hh.NO_INCOME


@rule
def find_work(h: Any, a: int, p: Any, u: float) -> None:
    """An adult starts paid work, more often than not in a flexible job."""
    if u < p.work.new_job_flex_share:
        h.position[a] = hh.FLEX
    elif u < p.work.new_job_flex_share + p.work.new_job_self_employed_share:
        h.position[a] = hh.SELF_EMPLOYED
    else:
        h.position[a] = hh.PERMANENT
    h.months_without_work[a] = 0
    h.ww_left[a] = 0
    h.hours[a] = 0


@rule
def work_a_month(h: Any, a: int, p: Any, c: Any, u: float) -> None:
    """One adult's month on the labour market."""
    position = h.position[a]
    if is_working(position):
        chance = loss_chance(position, h.education[a], employable(h, p), p, c)
        if u < chance:
            lose_work(h, a, p, rest(u, chance))
        elif position == hh.FLEX and u > 1.0 - p.work.flex_to_permanent_per_year * PER_MONTH:
            h.position[a] = hh.PERMANENT
        if c.month - h.birth[a] < p.work.experience_until_years * MONTHS:
            h.earnings[a] += int(h.earnings[a] * p.work.experience_per_year * PER_MONTH)
        return
    if position == hh.PENSION or position == hh.STUDENT:
        return
    if h.months_without_work[a] < 1200:
        h.months_without_work[a] += 1
    if position == hh.WW:
        h.ww_left[a] -= 1
        if h.ww_left[a] <= 0:
            h.position[a] = hh.NO_INCOME
    chance = finding_chance(h, a, p, c)
    if u < chance:
        find_work(h, a, p, rest(u, chance))


@rule
def fall_ill(h: Any, p: Any, c: Any, draw: Any) -> None:
    """A working or job-seeking adult may become disabled; stress makes it likelier (row M20)."""
    u = draw[ILLNESS]
    if u >= RARE:
        return
    yearly = p.work.disabled_per_year * (
        1.0 + p.work.disabled_stress_slope * h.stress[hh.WELLBEING]
    )
    paired = h.birth[1] != hh.NO_BIRTH
    chance = yearly * PER_MONTH * (2.0 if paired else 1.0)
    if u < chance:
        a = 1 if paired and rest(u, chance) < 0.5 else 0
        if hh.PERMANENT <= h.position[a] <= hh.WELFARE:
            h.position[a] = hh.DISABILITY
            h.months_without_work[a] = 0
            h.ww_left[a] = 0


@rule
def may_add_hours(h: Any, a: int, p: Any) -> bool:
    """Whether an adult's job leaves hours to add: it brings less than full-time minimum pay."""
    pay = h.earnings[a] * (1.0 + p.work.hours_step * h.hours[a])
    return h.hours[a] < MOST_STEPS and pay < p.work.full_time_pay_eur * 100


@rule
def change_hours(h: Any, p: Any, draw: Any) -> None:
    """One adult's hours, and with them pay, go up or down for a while and come back.

    Seldom in a permanent job. Who is poor mostly adds hours where the job has them, a step at
    every change, and doesn't go back while that would make the household poor again.
    """
    u = draw[EARNING]
    chance = p.work.hours_change_per_year * PER_MONTH
    if u >= chance:
        return
    luck = rest(u, chance)
    a = 0 if is_working(h.position[0]) else 1
    if is_working(h.position[0]) and is_working(h.position[1]):
        luck *= 2.0
        if luck >= 1.0:
            a, luck = 1, luck - 1.0
    if not is_working(h.position[a]):
        return
    poor = h.ratio <= p.income.poverty_ratio
    if h.position[a] == hh.PERMANENT and not poor:
        if luck >= p.work.permanent_hours_factor:
            return
        luck = rest(luck, p.work.permanent_hours_factor)
    if poor and luck < p.work.more_hours_share and may_add_hours(h, a, p):
        h.hours[a] += 1
    elif h.hours[a] == 0:
        h.hours[a] = 1 if luck < p.work.hours_up_share else -1
    elif h.hours[a] < 0 or h.ratio > p.income.poverty_ratio + p.work.hours_step:
        h.hours[a] = 0


@rule
def live_working_life(h: Any, p: Any, c: Any, draw: Any) -> None:
    """Work of both adults in this month."""
    work_a_month(h, 0, p, c, draw[WORKING])
    if h.birth[1] != hh.NO_BIRTH:
        work_a_month(h, 1, p, c, draw[SECOND_WORKING])
    fall_ill(h, p, c, draw)
    change_hours(h, p, draw)
