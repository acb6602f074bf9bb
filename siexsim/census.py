"""What is counted every month, per neighbourhood, while households live it.

Counts, cents and micro-units are whole numbers, so the order in which households live doesn't
matter. What the wijkfoto shows of a group is its tally: a census is the tally of all households
but students', with that of the minima among them in `poor`; the others are the difference.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.help import group_of
from siexsim.rules.income import norm
from siexsim.rules.work import bandwidth, is_working

# What is counted of a group; "base" leaves students out, as the poverty statistics do.
TALLY: Final = (
    "base_households", "base_persons", "base_adults", "base_children",
    "under_101", "under_105", "under_110", "under_120", "under_130",
    "welfare_households", "long_welfare_households", "problematic_debt_households",
    "problematic_debt_adults", "debt_arrangements", "hard_to_make_ends_meet", "home_fits",
    "lost_homes", "mental_care", "wmo", "youth_care", "in_help",
)  # fmt: skip
# What is counted of the neighbourhood alone: with students, or of the minima by their nature.
WHOLE: Final = (
    "households", "persons", "children", "staying", "poor_households", "poor_persons",
    "poor_children", "long_poor_households", "working_poor_households",
)  # fmt: skip
COUNTS: Final = (*WHOLE, *TALLY)
SUMS: Final = ("bandwidth", "development")  # in millionths, over households and over children
_TALLY: Final = [(name, "i8") for name in (*TALLY, *SUMS)] + [
    ("stress", "i8", (len(hh.DOMAINS),)),
    ("high_stress", "i8", (len(hh.DOMAINS),)),
]
CENSUS: Final = np.dtype(
    [(name, "i8") for name in WHOLE]
    + [("poor_gap_cents", "i8"), ("poor_groups", "i8", (len(hh.GROUPS),))]
    + _TALLY
    + [("poor", _TALLY)]
)

MICRO: Final = 1_000_000  # stress, bandwidth and development are summed in millionths
LONG_POOR_MONTHS: Final = 48  # definition: four years (OOG202210)
LONG_WELFARE_MONTHS: Final = 60  # definition: five years (NU202210)


@rule
def count_thresholds(h: Any, tally: Any) -> None:
    """Where the household stands against the thresholds of the social minimum."""
    if h.ratio <= 1.30:
        tally.under_130 += 1
        tally.under_120 += h.ratio <= 1.20
        tally.under_110 += h.ratio <= 1.10
        tally.under_105 += h.ratio <= 1.05
        tally.under_101 += h.ratio <= 1.01


@rule
def count_services(h: Any, grown: int, tally: Any) -> None:
    """Welfare, debts, homes, care and help of the household."""
    if h.on_welfare == 1:
        tally.welfare_households += 1
        tally.long_welfare_households += h.months_on_welfare > LONG_WELFARE_MONTHS
    if h.debt_state >= hh.PROBLEMATIC:
        tally.problematic_debt_households += 1
        tally.problematic_debt_adults += grown
        tally.debt_arrangements += h.debt_state == hh.ARRANGEMENT
    tally.home_fits += h.home == hh.FITS
    if h.home == hh.LOST:
        tally.lost_homes += 1
    tally.mental_care += h.mental_care
    tally.wmo += h.wmo
    if h.helped == 1:
        for k in range(hh.MAX_INTERVENTIONS):
            tally.in_help += h.help[k] == hh.RUNNING


@rule
def count_stress(h: Any, p: Any, tally: Any) -> None:
    """Stress by domain, what it leaves over, and who can hardly make ends meet."""
    for d in range(len(hh.DOMAINS)):
        tally.stress[d] += int(h.stress[d] * MICRO)
        tally.high_stress[d] += h.stress[d] > p.services.high_stress
    tally.bandwidth += int(bandwidth(h, p) * MICRO)
    tally.hard_to_make_ends_meet += h.stress[hh.MONEY] > p.stress.hard_to_make_ends_meet


@rule
def count_children(h: Any, kids: int, tally: Any) -> None:
    """The children of the household: how many, in care, and how they develop."""
    tally.base_children += kids
    tally.youth_care += h.youth_care
    for k in range(hh.MAX_CHILDREN):
        if h.child_birth[k] != hh.NO_BIRTH:
            tally.development += int(h.development[k] * MICRO)


@rule
def count_group(h: Any, p: Any, grown: int, kids: int, tally: Any) -> None:
    """Count the household in the tally of a group to which it belongs."""
    tally.base_households += 1
    tally.base_persons += grown + kids
    tally.base_adults += grown
    count_thresholds(h, tally)
    count_services(h, grown, tally)
    count_stress(h, p, tally)
    if kids > 0:
        count_children(h, kids, tally)


@rule
def count_poor(h: Any, p: Any, c: Any, grown: int, kids: int, row: Any) -> None:
    """Who the minima are, for how long, and what they lack up to the poverty line this month.

    The line is on income without allowances, as poverty itself is.
    """
    row.poor_households += 1
    row.poor_persons += grown + kids
    row.poor_children += kids
    row.long_poor_households += h.months_poor >= LONG_POOR_MONTHS
    row.working_poor_households += is_working(h.position[0]) or is_working(h.position[1])
    row.poor_gap_cents += max(0, int(p.income.poverty_ratio * norm(h, p, c)) - h.income)
    row.poor_groups[group_of(h)] += 1
    count_group(h, p, grown, kids, row.poor)


@rule
def count(h: Any, p: Any, c: Any, row: Any) -> None:
    """Count one household in its neighbourhood's row; students only as inhabitants."""
    kids = int(h.kids)
    grown = 1 if h.birth[1] == hh.NO_BIRTH else 2
    row.households += 1
    row.persons += grown + kids
    row.children += kids
    if h.student == 1:
        return
    count_group(h, p, grown, kids, row)
    if h.poor == 1:
        count_poor(h, p, c, grown, kids, row)


def census(wijken: int) -> Any:
    """An empty census of so many neighbourhoods; a record array."""
    return np.zeros(wijken, CENSUS).view(np.recarray)


def total(counted: Any) -> Any:
    """Sum a census over its last axis, the neighbourhoods; every field is of whole numbers."""
    numbers = np.ascontiguousarray(counted).view("i8").reshape(*counted.shape, -1)
    return np.ascontiguousarray(numbers.sum(axis=-2)).view(CENSUS)[..., 0]
