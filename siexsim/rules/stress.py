"""Stress in five domains: drawn to what circumstances and the other domains make of it (process 7).

``s[d] += kappa * (target[d] - s[d]) + noise``. Half of a deviation is gone in about a year
(row M11), rising goes faster than falling. Circumstances act through strain and the number
of claims rather than income and amount (rows M02, M06, M10). The links between domains are
the table of slopes in the evidence base, per year on a persistence of one half, so twice the
slope on the target.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.draws import NOISE
from siexsim.parameters import Parameters
from siexsim.rules.money import unavoidable

LINKS = (
    ("money", "wellbeing"), ("wellbeing", "money"), ("work", "wellbeing"), ("work", "money"),
    ("money", "work"), ("wellbeing", "work"), ("housing", "wellbeing"), ("housing", "education"),
    ("money", "education"), ("wellbeing", "education"), ("money", "housing"),
)  # fmt: skip
LARGEST_EIGENVALUE = 0.95  # above 1, stress of one domain would feed itself without end


def link_eigenvalue(parameters: Parameters) -> float:
    """Largest eigenvalue of the links between domains; below 1 stress settles."""
    links = np.zeros((len(hh.DOMAINS), len(hh.DOMAINS)))
    for source, target in LINKS:
        slope = parameters.value(f"stress.{source}_to_{target}")
        links[hh.DOMAINS.index(target), hh.DOMAINS.index(source)] = slope
    return float(np.abs(np.linalg.eigvals(links)).max())


def damped(parameters: Parameters) -> Parameters:
    """Weaken all links alike where together they would run away."""
    largest = link_eigenvalue(parameters)
    if largest <= LARGEST_EIGENVALUE:
        return parameters
    factor = LARGEST_EIGENVALUE / largest
    keys = [f"stress.{source}_to_{target}" for source, target in LINKS]
    return parameters.with_({
        key: max(parameters[key].low, parameters.value(key) * factor) for key in keys
    })  # fmt: skip


@rule
def housing_target(h: Any, p: Any) -> float:
    """Stress that the state of the home brings."""
    if h.home == hh.LOST:
        return p.stress.home_lost
    if h.home == hh.THREATENED:
        return p.stress.home_threatened
    if h.home == hh.UNFIT:
        return p.stress.home_unfit
    return p.stress.ordinary - p.stress.home_fits_less


@rule
def room(h: Any, p: Any, c: Any) -> float:
    """What this month's money, allowances among it, leaves over needs, as a share of needs."""
    need = max(1, unavoidable(h, p, c) - int(h.spared))
    return (int(h.income) + int(h.allowances)) / need - 1.0


@rule
def money_target(h: Any, p: Any, c: Any) -> float:
    """Strain: a tight budget, claims, no buffer; arranged debt weighs less."""
    tightness = min(1.0, max(0.0, p.stress.tight_room - room(h, p, c)))
    claims = 0.0
    if h.claims > 0:
        claims = h.claims / (h.claims + p.stress.claims_half)
        if h.debt_state == hh.ARRANGEMENT:
            claims *= p.stress.arrangement_factor
    buffer = 0.0 if h.savings > p.stress.buffer_eur * 100 else p.stress.no_buffer
    return (
        p.stress.money_base
        + p.stress.tight_weight * tightness
        + p.stress.claims_weight * claims
        + buffer
    )


@rule
def work_target(h: Any, p: Any) -> float:
    """Worst of the adults: without work, disabled, insecure or steady (rows M07-M09)."""
    worst = 0.0
    for a in range(hh.MAX_ADULTS):
        if h.birth[a] != hh.NO_BIRTH:
            here = 0.0
            position = h.position[a]
            if position == hh.WW or position == hh.WELFARE:
                here = p.stress.without_work
            elif position == hh.DISABILITY:
                here = p.stress.disabled
            elif position == hh.FLEX or position == hh.SELF_EMPLOYED:
                here = p.stress.insecure_work
            elif position == hh.NO_INCOME and a == 0:
                here = p.stress.without_work
            worst = max(worst, here)
    return p.stress.ordinary - p.stress.steady_less + worst


@rule
def wellbeing_target(h: Any, p: Any, c: Any) -> float:
    """Illness and being alone; what happens in the other domains comes by the links."""
    target = p.stress.ordinary - p.stress.healthy_less + c.isolation
    if h.position[0] == hh.DISABILITY or h.position[1] == hh.DISABILITY:
        target += p.stress.illness
    if h.birth[1] == hh.NO_BIRTH:
        target += p.stress.alone
    return target


@rule
def education_target(h: Any, p: Any) -> float:
    """The children's development, or the adults' own schooling where there are none."""
    count = h.kids
    if count == 0:
        low = h.education[0] == hh.LOW
        return p.stress.ordinary - p.stress.schooled_less + (p.stress.low_education if low else 0.0)
    behind = 0.0
    for k in range(hh.MAX_CHILDREN):
        if h.child_birth[k] != hh.NO_BIRTH:
            behind -= h.development[k]
    return p.stress.ordinary + p.stress.development_weight * behind / count


@rule
def relax(h: Any, d: int, target: float, rising: float, falling: float, noise: float) -> float:
    """Move one domain's stress a month towards its target, within [0, 1]."""
    s = h.stress[d]
    if h.helped == 1:
        target -= h.relief[d]
    gap = min(1.0, max(0.0, target)) - s
    s += (rising if gap > 0.0 else falling) * gap + noise
    return min(1.0, max(0.0, s))


@rule
def feel_stress(h: Any, p: Any, c: Any, draw: Any) -> None:
    """All five domains move at once, from what they were a month ago."""
    q = p.stress
    # resilient households come back sooner and don't climb as fast
    pace = q.resilience_weight * (h.resilience - 0.5)
    rising, falling = q.rising_per_month * (1.0 - pace), q.falling_per_month * (1.0 + pace)
    housing = h.stress[0] - q.ordinary
    money = h.stress[1] - q.ordinary
    wellbeing = h.stress[2] - q.ordinary
    work = h.stress[4] - q.ordinary
    width = q.noise_width
    new_housing = relax(
        h, 0, housing_target(h, p) + q.money_to_housing * money,
        rising, falling, width * (draw[NOISE] - 0.5),
    )  # fmt: skip
    new_money = relax(
        h, 1, money_target(h, p, c) + q.wellbeing_to_money * wellbeing + q.work_to_money * work,
        rising, falling, width * (draw[NOISE + 1] - 0.5),
    )  # fmt: skip
    new_wellbeing = relax(
        h, 2,
        wellbeing_target(h, p, c) + q.money_to_wellbeing * money
        + q.work_to_wellbeing * work + q.housing_to_wellbeing * housing,
        rising, falling, width * (draw[NOISE + 2] - 0.5),
    )  # fmt: skip
    new_education = relax(
        h, 3,
        education_target(h, p) + q.housing_to_education * housing
        + q.money_to_education * money + q.wellbeing_to_education * wellbeing,
        rising, falling, width * (draw[NOISE + 3] - 0.5),
    )  # fmt: skip
    new_work = relax(
        h, 4, work_target(h, p) + q.money_to_work * money + q.wellbeing_to_work * wellbeing,
        rising, falling, width * (draw[NOISE + 4] - 0.5),
    )  # fmt: skip
    h.stress[0] = new_housing
    h.stress[1] = new_money
    h.stress[2] = new_wellbeing
    h.stress[3] = new_education
    h.stress[4] = new_work
