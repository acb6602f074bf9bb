"""The years of a hindcast and of the placebo: a few figures for each, to draw beside the published.

In the runs of the check a figure of a year is a column, such as "lived:minima@2019".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from calibration.hindcast import MONTHS, Hindcast
from calibration.past import END, START
from calibration.quantities_targets import hard_for_minima, hard_for_others, share
from calibration.quantities_unseen import poor_by_budget
from calibration.targets import Target

YEARS: Final = "@"
FIRST: Final = int(START[:4])
LAST: Final = int(END[:4]) - 1  # the last January closes the year before
_SERIES: Final[dict[str, Callable[[Hindcast, int], float]]] = {
    "minima": lambda lived, year: share(lived, "under_110", "base_households", year),
    "welfare": lambda lived, year: (
        lived.counted("welfare_households", f"{year}-01", f"{year}-12") * lived.weight
    ),
    "debts": lambda lived, year: share(lived, "problematic_debt_adults", "base_adults", year),
    "strain_minima": lambda lived, year: hard_for_minima(lived, year=year),
    "strain_others": lambda lived, year: hard_for_others(lived, year=year),
    "budget": lambda lived, year: poor_by_budget(lived, year),
}
_CALM: Final[dict[str, Callable[[Hindcast, int], float]]] = {
    "minima": _SERIES["minima"],
    "welfare": lambda lived, year: share(lived, "welfare_households", "base_households", year),
    "debts": _SERIES["debts"],
}
_FIRST_YEAR: Final = 1900


def years_of(lived: Hindcast, world: str) -> dict[str, float]:
    """Every series for every whole year that was lived."""
    first = _FIRST_YEAR + -(-lived.start // MONTHS)
    last = _FIRST_YEAR + (lived.start + len(lived.census)) // MONTHS
    found = {}
    for name, figure in (_SERIES if world == "lived" else _CALM).items():
        # who is poor by budget is known in the January after
        for year in (y for y in range(first, last) if name != "budget" or y + 1 in lived.januaries):
            found[f"{world}:{name}{YEARS}{year}"] = figure(lived, year)
    return found


def year_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and central 90% over runs, by world, series and year.

    Of calm years each run is laid beside its own first year: what counts there is the trend.
    """
    rows = []
    first: dict[str, pd.Series] = {}
    for column in runs.columns:
        world, _, rest = str(column).partition(":")
        name, _, year = rest.partition(YEARS)
        if not year:
            continue
        found = runs[column]
        if world == "calm":
            found = found / first.setdefault(name, found)
        low, high = found.quantile([0.05, 0.95])
        rows.append(
            {
                "world": world, "series": name, "year": int(year),
                "mean": found.mean(), "p05": low, "p95": high,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def published(all_targets: Mapping[str, Target]) -> pd.DataFrame:
    """What was published of the series: when, value, band, and whether the fit was held to it.

    Where only a change was published, it is added to the level of the year it starts from.
    """
    points = [
        _level(all_targets, "minima", "C4"),
        _level(all_targets, "welfare", "V2_2017"),
        _level(all_targets, "welfare", "C8"),
        _level(all_targets, "welfare", "V2_2022"),
        _level(all_targets, "debts", "C14"),
        _level(all_targets, "strain_minima", "C15_minima"),
        _level(all_targets, "strain_others", "C15_others"),
        _level(all_targets, "budget", "V1_level"),
        _moved(all_targets, "minima", "C4", "V6_minima", 2017, lambda level, by: level - by),
        _moved(all_targets, "strain_minima", "C15_minima", "V5_minima", 2022, _added),
        _moved(all_targets, "strain_others", "C15_others", "V5_others", 2022, _added),
        _moved(all_targets, "budget", "V1_level", "V1_2022", 2021, lambda v, by: v / (1 + by)),
        _moved(all_targets, "budget", "V1_level", "V1_2023", 2023, lambda v, by: v * (1 + by)),
    ]
    return pd.DataFrame([one for one in points if one])


def _added(level: float, by: float) -> float:
    return level + by


def _level(known: Mapping[str, Target], series: str, name: str) -> dict[str, object]:
    if name not in known:
        return {}
    target = known[name]
    when = target.year + (target.month - 1) / MONTHS if target.month else target.year + 0.5
    return {
        "series": series, "name": name, "when": when, "value": target.value,
        "low": target.low, "high": target.high, "fitted": target.use == "fitted",
    }  # fmt: skip


def _moved(
    known: Mapping[str, Target], series: str, level: str, change: str, year: int,
    move: Callable[[float, float], float],
) -> dict[str, object]:  # fmt: skip
    """A level moved by a published change; its band is that of the change."""
    if level not in known or change not in known:
        return {}
    start, by = known[level].value, known[change]
    low, high = sorted(move(start, end) for end in (by.low, by.high))
    return {
        "series": series, "name": change, "when": year + 0.5, "value": move(start, by.value),
        "low": low, "high": high, "fitted": False,
    }  # fmt: skip
