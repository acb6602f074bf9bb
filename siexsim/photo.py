"""The neighbourhood as a run sees it (*wijkfoto*); the participant is in ``participants.py``.

Counts are of all households: a sample is multiplied by its weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.census import COUNTS, MICRO, SUMS, total
from siexsim.household import DOMAINS, GROUPS, month_text
from siexsim.indicators import GROUPS as PHOTO_GROUPS
from siexsim.indicators import Indicator, counted

if TYPE_CHECKING:
    from siexsim.place import Place
    from siexsim.run import World

WORLDS: Final = ("without", "with")
MONTHS: Final = 12
OFFICIAL_EVERY_YEARS: Final = 2  # definition: as the survey it builds on; even years


def _means(sums: Any, over: Any) -> NDArray[np.float64]:
    """Means of micro-units; not a number where nobody is counted."""
    people = np.asarray(over, np.float64).reshape(np.shape(over) + (1,) * (np.ndim(sums) - 1))
    means = np.full(np.shape(sums), np.nan)
    np.divide(np.asarray(sums) / MICRO, people, out=means, where=people > 0)
    return means


def _columns(census: Any, weight: int) -> dict[str, NDArray[Any]]:
    """Columns of a census with one row a month or neighbourhood."""
    columns: dict[str, NDArray[Any]] = {name: census[name] * weight for name in COUNTS}
    # a gap of one month, at which the minima would be out of poverty in a year of such months
    columns["poor_gap_eur_per_year"] = census["poor_gap_cents"] * weight * MONTHS / 100
    for k, group in enumerate(GROUPS[1:], 1):  # no household that is poor is without a group
        columns[f"poor_group_{group}"] = census["poor_groups"][:, k] * weight
    for prefix, tally in (("", census), ("poor_", census["poor"])):
        over = {"bandwidth": tally["base_households"], "development": tally["base_children"]}
        for name in SUMS:
            columns[prefix + name] = _means(tally[name], over[name])
        means = _means(tally["stress"], tally["base_households"])
        for k, domain in enumerate(DOMAINS):
            columns[f"{prefix}stress_{domain}"] = means[..., k]
    return columns


def months_table(worlds: Mapping[str, World]) -> pd.DataFrame:
    """Count the municipality per month and world.

    Parameters
    ----------
    worlds
        Worlds of a run by name, "without" and perhaps "with".
    """
    parts = []
    for name, world in worlds.items():
        part = pd.DataFrame(_columns(total(world.census), world.weight))
        part.insert(0, "month", [month_text(world.start + k) for k in range(len(part))])
        part.insert(1, "world", name)
        parts.append(part)
    return _with_worlds(parts)


def photo_table(worlds: Mapping[str, World], place: Place) -> pd.DataFrame:
    """Count every neighbourhood and the municipality, once a year and per world.

    A year is shown by its January; the last row of a run is its last month, shown as the start
    of the year that follows. The rows of the municipality carry its name as `wijk` and are the
    sum of the others.

    Parameters
    ----------
    worlds
        Worlds of a run by name, "without" and perhaps "with".
    place
        The municipality, for its names.
    """
    parts = []
    for name, world in worlds.items():
        for k, year in _shown(world):
            part = pd.DataFrame(_columns(_with_city(world.census[k]), world.weight))
            part.insert(0, "year", year)
            part.insert(1, "month", month_text(world.start + k))
            part.insert(2, "wijk", [*place.wijken, place.name])
            part.insert(3, "world", name)
            parts.append(part)
    table = _with_worlds(parts)
    table["wijk"] = pd.Categorical(table["wijk"], [*place.wijken, place.name])
    return table


def _shown(world: World) -> list[tuple[int, int]]:
    """Months of a run that are shown, with the year for which each stands."""
    months = len(world.census)
    shown = [(k, 1900 + (world.start + k) // MONTHS) for k in range(0, months, MONTHS)]
    return [*shown, (months - 1, 1900 + (world.start + months) // MONTHS)]


def _with_city(row: Any) -> Any:
    """The neighbourhoods of one month, and their sum as the last."""
    return np.append(np.asarray(row), total(row))


def wijkfoto_table(worlds: Mapping[str, World], place: Place) -> pd.DataFrame:
    """Show every indicator of the wijkfoto for minima, others and all, a year and wijk (C2).

    A year is shown as in `photo_table`; the municipality sends out its own photo every other
    year, and `official` marks these.

    Parameters
    ----------
    worlds
        Worlds of a run by name, "without" and perhaps "with".
    place
        The municipality, for its names.

    Returns
    -------
    DataFrame
        One row a year, wijk, world, group and indicator. `count` is how many households or
        children it is about, not a number for a mean; `base` is of how many; `national` is
        the latest published national figure of everybody, not a number where none is known.
    """
    parts = []
    for name, world in worlds.items():
        shown = _shown(world)
        rows = np.stack([_with_city(world.census[k]) for k, _ in shown])
        frame = pd.DataFrame({"year": np.repeat([year for _, year in shown], rows.shape[1])})
        frame["official"] = frame["year"] % OFFICIAL_EVERY_YEARS == 0
        frame["wijk"] = [*place.wijken, place.name] * len(shown)
        frame["world"] = name
        for group in PHOTO_GROUPS:
            for one in counted():
                seen = _seen(one, rows, group, world.weight)
                parts.append(frame.assign(group=group, indicator=one.name, **seen))
    table = _with_worlds(parts)
    for column, order in (
        ("wijk", [*place.wijken, place.name]),
        ("group", PHOTO_GROUPS),
        ("indicator", [one.name for one in counted()]),
    ):
        table[column] = pd.Categorical(table[column], list(order))
    return table


def _seen(one: Indicator, rows: Any, group: str, weight: int) -> dict[str, Any]:
    """One indicator of one group by year and neighbourhood, in one row after another."""
    numbers, basis = (part.ravel() for part in one.of(rows, group))
    values = np.full(len(basis), np.nan)
    np.divide(one.scale * numbers, basis, out=values, where=basis > 0)
    return {
        "value": values,
        "count": numbers * float(weight) if one.is_count else np.full(len(basis), np.nan),
        "base": basis * weight,
        "national": one.national(),
    }


def _with_worlds(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    table["world"] = pd.Categorical(table["world"], list(WORLDS))
    return table
