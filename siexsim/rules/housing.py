"""Housing: a home that fits or not, a tenancy under threat, losing it, a new one (process 6)."""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim import items
from siexsim.compiled import rule
from siexsim.draws import DWELLING, rest
from siexsim.items import post
from siexsim.rules.life import MONTHS, PER_MONTH


@rule
def crowding_chance(h: Any, p: Any) -> float:
    """Chance that a fitting home stops fitting this month; large families sooner (row M17)."""
    yearly = p.housing.unfit_per_year
    if h.kids >= p.housing.large_family_children:
        yearly *= p.housing.unfit_large_family_factor
    if h.tenure == hh.OWNER:
        yearly *= p.housing.unfit_owner_factor
    return yearly * PER_MONTH


@rule
def be_evicted(h: Any, p: Any, c: Any, till: Any) -> None:
    """The tenancy ends by force; everybody pays (row C04)."""
    h.home = hh.LOST
    h.months_lost = 0
    post(till, items.EVICTION_COST, int(p.prices.eviction_eur * c.price_index * 100))


@rule
def keep_a_home(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """What happens to the home this month; arrears are what threatens a tenancy (row C05).

    How many tenancies end by force: AEDES; how long a home takes: HOUSING.
    """
    u = draw[DWELLING]
    if h.home == hh.LOST:
        h.months_lost = min(h.months_lost + 1, 1200)
        post(
            till, items.SHELTER, int(p.prices.shelter_eur_per_year * c.price_index * 100) // MONTHS
        )
        if u < p.housing.rehoused_per_year * c.rehousing * PER_MONTH:
            h.home = hh.FITS
            h.months_lost = 0
        return
    if h.home == hh.THREATENED:
        chance = p.housing.evicted_per_year * PER_MONTH
        if h.debt_state == hh.ARRANGEMENT:
            chance *= p.housing.evicted_arrangement_factor
        if u < chance:
            be_evicted(h, p, c, till)
        elif (
            h.debt_state < hh.PROBLEMATIC or u > 1.0 - p.housing.threat_passes_per_year * PER_MONTH
        ):
            h.home = hh.FITS
        return
    if h.debt_state == hh.PROBLEMATIC and h.tenure != hh.OWNER:
        chance = p.housing.threatened_per_year * PER_MONTH
        if u < chance:
            h.home = hh.THREATENED
            return
        u = rest(u - chance, 1.0 - chance)
    if h.home == hh.UNFIT:
        if u < p.housing.unfit_solved_per_year * c.rehousing * PER_MONTH:
            h.home = hh.FITS
    elif u < crowding_chance(h, p):
        h.home = hh.UNFIT
