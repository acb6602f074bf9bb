"""Who is eligible for help, by which way it finds them, and who says yes (process 9).

What happens in the course of help is a rule of the household's month (``rules/course.py``);
queues and budgets are the plan's (``course.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from siexsim import draws
from siexsim import household as hh
from siexsim.compiled import kernel, rule
from siexsim.errors import UserError, did_you_mean
from siexsim.interventions import (
    BY_ARREARS,
    BY_PARTNER,
    BY_SCHOOL,
    BY_TENANCY,
    BY_WELFARE,
    CHILDREN,
    DEBTS,
    HIGH_STRESS,
    NEEDS_HOME,
    NUMBERS,
    POOR,
    PUPILS,
    UNFIT_HOME,
    WELFARE,
)
from siexsim.parameters import Parameters
from siexsim.rules.course import pupils
from siexsim.rules.work import mean_stress

OFFER: Final = np.dtype(
    [(name, "f8") for name in NUMBERS]
    + [(name, "i8") for name in ("needs", "ways", "demand_led", "slot")],
    align=True,
)
HELPS: Final = np.dtype([("count", "i8"), ("offers", OFFER, (hh.MAX_INTERVENTIONS,))], align=True)


def compiled(names: Iterable[str], parameters: Parameters) -> Any:
    """The interventions as one record for the rules, ``offers`` in the order of `names`."""
    helps = np.zeros(1, HELPS).view(np.recarray)
    known = parameters.interventions
    for k, name in enumerate(names):
        if name not in known:
            raise UserError(f"unknown intervention '{name}'{did_you_mean(name, known)}")
        offer = helps["offers"][0, k]
        for number, neutral in NUMBERS.items():
            key = f"{name}.{number}"
            offer[number] = parameters.value(key) if key in parameters.entries else neutral
        offer["needs"] = known[name].needs
        offer["ways"] = known[name].ways
        offer["demand_led"] = known[name].demand_led
        # draws of an intervention don't depend on what else a plan offers
        offer["slot"] = draws.HELP_FIRST + 8 * list(known).index(name)
        helps["count"] = k + 1
    return helps[0]


@rule
def conditions(h: Any, p: Any, month: int) -> int:
    """The conditions that a household meets now, as bits."""
    met = 0
    if h.debt_state == hh.ARREARS or h.debt_state == hh.PROBLEMATIC:
        met |= DEBTS
    if h.poor == 1:
        met |= POOR
    if h.on_welfare == 1:
        met |= WELFARE
    if h.home == hh.UNFIT or h.home == hh.THREATENED:
        met |= UNFIT_HOME
    if h.home == hh.UNFIT or h.home == hh.LOST:
        met |= NEEDS_HOME
    if h.kids > 0:
        met |= CHILDREN
        if pupils(h, month) > 0:
            met |= PUPILS
    for d in range(len(hh.DOMAINS)):
        if h.stress[d] > p.services.high_stress:
            met |= HIGH_STRESS
    return met


@rule
def group_of(h: Any) -> int:
    """The group by which help would find the household (A8: who is poor; Q5)."""
    if h.on_welfare == 1:
        return hh.ON_WELFARE_GROUP
    if h.position[0] == hh.PENSION:
        return hh.PENSIONER_GROUP
    best = hh.OTHER_GROUP
    for a in range(hh.MAX_ADULTS):
        position = h.position[a]
        if position == hh.PERMANENT:
            return hh.EMPLOYED_GROUP
        if position == hh.FLEX:
            best = hh.FLEX_GROUP
        elif position == hh.SELF_EMPLOYED and best != hh.FLEX_GROUP:
            best = hh.SELF_EMPLOYED_GROUP
        elif (position == hh.WW or position == hh.DISABILITY) and best == hh.OTHER_GROUP:
            best = hh.BENEFIT_GROUP
    return best


@rule
def found(h: Any, ways: int, p: Any, month: int) -> float:
    """How well the best way to this household works; who isn't known needs a partner (A9)."""
    best = p.help.found_by_partner if ways & BY_PARTNER else 0.0
    if ways & BY_WELFARE and h.on_welfare == 1:
        best = max(best, p.help.found_by_welfare)
    if ways & BY_ARREARS and (h.debt_state == hh.ARREARS or h.debt_state == hh.PROBLEMATIC):
        best = max(best, p.help.found_by_arrears)
    if ways & BY_TENANCY and h.tenure == hh.CORPORATION:
        best = max(best, p.help.found_by_tenancy)
    if ways & BY_SCHOOL and h.kids > 0 and pupils(h, month) > 0:
        best = max(best, p.help.found_by_school)
    return best


@rule
def trust(h: Any, k: int, helps: Any) -> float:
    """What other help that is or was there does for saying yes (I37)."""
    factor = 1.0
    for other in range(helps.count):
        if other != k and (h.help[other] == hh.RUNNING or h.help[other] == hh.COMPLETED):
            factor *= helps.offers[other].opens_factor
    return factor


@rule
def acceptance(h: Any, take_up: float, opened: float, p: Any) -> float:
    """Chance to say yes when found: falls with shame and with stress (rows M23, G09; A9).

    Nobody's yes is certain.
    """
    chance = 1.0 + p.help.readiness_weight * (h.readiness - 0.5)
    chance -= p.help.reach_stress_slope * max(0.0, mean_stress(h) - p.stress.ordinary)
    if h.on_welfare == 0:  # who never asked before is ashamed to begin
        chance *= p.help.shame_factor
    return min(p.help.most_likely_share, take_up * chance * opened)


@rule
def note(h: Any, bit: int) -> None:
    """Remember how far help came to this household."""
    if h.met == 0:
        h.group = group_of(h)
    h.met |= bit


@rule
def approach(h: Any, k: int, offer: Any, helps: Any, p: Any, seed: Any, month: int) -> bool:
    """Whether an eligible household is found this month, and says yes."""
    reach = offer.reach_per_month * found(h, offer.ways, p, month)
    if draws.one(seed, h.id, month, offer.slot + draws.HELP_REACH) >= reach:
        return False
    note(h, hh.REACHED)
    said = draws.one(seed, h.id, month, offer.slot + draws.HELP_ACCEPT)
    if said >= acceptance(h, offer.take_up, trust(h, k, helps), p):
        return False
    note(h, hh.ACCEPTED)
    return True


@kernel
def seek(
    households: Any, rows: Any, where: Any, helps: Any, p: Any, seed: Any, month: int, waiting: Any
) -> int:
    """Find eligible households and list who waits as (row, intervention); returns how many."""
    count = 0
    for j in range(len(rows)):
        h = households[rows[j]]
        if h.student == 1 or not where[h.wijk]:
            continue
        met = conditions(h, p, month)
        for k in range(helps.count):
            offer = helps.offers[k]
            fits = (met & offer.needs) == offer.needs
            if h.help[k] == hh.UNTOUCHED and fits:
                note(h, hh.ELIGIBLE)
                if approach(h, k, offer, helps, p, seed, month):
                    h.help[k] = hh.WAITING
                    h.help_months[k] = 0
            elif h.help[k] == hh.WAITING:
                h.help_months[k] += 1
                if h.help_months[k] > p.help.longest_wait_months or not fits:
                    h.help[k] = hh.UNTOUCHED
                    h.help_months[k] = 0
            if h.help[k] == hh.WAITING and count < len(waiting):
                waiting[count, 0] = rows[j]
                waiting[count, 1] = k
                count += 1
    return count


def count_pupils(people: Any, month: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Children at home who go to school, per household."""
    out = np.zeros(len(people), np.int64)
    _count_pupils(people.view(np.recarray), month, out)
    return out


@kernel
def _count_pupils(people: Any, month: int, out: Any) -> None:
    for i in range(len(people)):
        out[i] = pupils(people[i], month)
