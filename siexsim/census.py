"""What is counted every month, per neighbourhood, while households live it.

Counts and micro-units are whole numbers, so the order in which households live doesn't matter.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.rules.work import is_working

COUNTS: Final = (
    "households", "persons", "children", "base_households", "base_persons", "base_adults",
    "poor_households", "poor_persons", "poor_children", "long_poor_households",
    "working_poor_households", "under_101", "under_105", "under_110", "under_120", "under_130",
    "welfare_households", "long_welfare_households", "problematic_debt_households",
    "problematic_debt_adults", "lost_homes", "mental_care", "wmo", "youth_care", "in_help",
    "staying",
)  # fmt: skip
# Counts of one neighbourhood; "base" leaves students out, as the poverty statistics do.
CENSUS: Final = np.dtype(
    [(name, "i8") for name in COUNTS] + [("stress", "i8", (5,)), ("poor_stress", "i8", (5,))]
)

MICRO: Final = 1_000_000  # stress is summed in millionths
LONG_POOR_MONTHS: Final = 48  # definition: four years (OOG202210)
LONG_WELFARE_MONTHS: Final = 60  # definition: five years (NU202210)


@rule
def count_stress(h: Any, row: Any) -> None:
    """Add the household's stress to the sums of its neighbourhood."""
    for d in range(len(hh.DOMAINS)):
        row.stress[d] += int(h.stress[d] * MICRO)
    if h.poor == 1:
        for d in range(len(hh.DOMAINS)):
            row.poor_stress[d] += int(h.stress[d] * MICRO)


@rule
def count_poverty(h: Any, persons: int, kids: int, row: Any) -> None:
    """Where the household stands against the thresholds, and for how long it has been poor."""
    if h.ratio <= 1.30:
        row.under_130 += 1
        row.under_120 += h.ratio <= 1.20
        row.under_110 += h.ratio <= 1.10
        row.under_105 += h.ratio <= 1.05
        row.under_101 += h.ratio <= 1.01
    if h.poor == 1:
        row.poor_households += 1
        row.poor_persons += persons
        row.poor_children += kids
        row.long_poor_households += h.months_poor >= LONG_POOR_MONTHS
        row.working_poor_households += is_working(h.position[0]) or is_working(h.position[1])


@rule
def count_services(h: Any, grown: int, row: Any) -> None:
    """Welfare, debts, homes and care of the household."""
    row.welfare_households += h.on_welfare
    row.long_welfare_households += h.months_on_welfare > LONG_WELFARE_MONTHS
    if h.debt_state >= hh.PROBLEMATIC:
        row.problematic_debt_households += 1
        row.problematic_debt_adults += grown
    row.lost_homes += h.home == hh.LOST
    row.mental_care += h.mental_care
    row.wmo += h.wmo
    row.youth_care += h.youth_care
    if h.helped == 1:
        for k in range(hh.MAX_INTERVENTIONS):
            row.in_help += h.help[k] == hh.RUNNING


@rule
def count(h: Any, row: Any) -> None:
    """Count one household in its neighbourhood's row; students only as inhabitants."""
    kids = int(h.kids)
    grown = 1 if h.birth[1] == hh.NO_BIRTH else 2
    row.households += 1
    row.persons += grown + kids
    row.children += kids
    if h.student == 1:
        return
    row.base_households += 1
    row.base_persons += grown + kids
    row.base_adults += grown
    count_poverty(h, grown + kids, kids, row)
    count_services(h, grown, row)
    count_stress(h, row)


def census(wijken: int) -> Any:
    """An empty census of so many neighbourhoods; a record array."""
    return np.zeros(wijken, CENSUS).view(np.recarray)
