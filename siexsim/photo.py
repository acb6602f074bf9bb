"""The neighbourhood as a run sees it (*wijkfoto*); the participant is in ``participants.py``.

Counts are of all households: a sample is multiplied by its weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.census import COUNTS, MICRO
from siexsim.household import DOMAINS, month_text
from siexsim.participants import participants_table as participants_table

if TYPE_CHECKING:
    from siexsim.place import Place
    from siexsim.run import World

WORLDS: Final = ("without", "with")


def _stress_means(census: Any, sums: str, over: str) -> NDArray[np.float64]:
    """Mean stress by domain; not a number where nobody is counted."""
    people = census[over].astype(np.float64)
    totals = census[sums] / MICRO
    means = np.full(totals.shape, np.nan)
    np.divide(totals, people[..., None], out=means, where=people[..., None] > 0)
    return means


def _columns(census: Any, weight: int) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {name: census[name] * weight for name in COUNTS}
    for prefix, over in (("", "base_households"), ("poor_", "poor_households")):
        means = _stress_means(census, f"{prefix}stress", over)
        for k, domain in enumerate(DOMAINS):
            columns[f"{prefix}stress_{domain}"] = means[..., k]
    return columns


def _total(census: Any) -> Any:
    """Sum over neighbourhoods; shape (months,)."""
    total = np.zeros(census.shape[:1], census.dtype)
    for name in census.dtype.names:
        total[name] = census[name].sum(axis=1)
    return total


def months_table(worlds: Mapping[str, World]) -> pd.DataFrame:
    """Count the municipality per month and world.

    Parameters
    ----------
    worlds
        Worlds of a run by name, "without" and perhaps "with".
    """
    parts = []
    for name, world in worlds.items():
        part = pd.DataFrame(_columns(_total(world.census), world.weight))
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
        months = len(world.census)
        shown = [*range(0, months, 12), months - 1]
        years = [1900 + (world.start + k) // 12 for k in shown]
        years[-1] = 1900 + (world.start + months) // 12
        for k, year in zip(shown, years, strict=True):
            row = world.census[k : k + 1]
            part = pd.concat([
                pd.DataFrame(_columns(row[0], world.weight)),
                pd.DataFrame(_columns(_total(row), world.weight)),
            ])  # fmt: skip
            part.insert(0, "year", year)
            part.insert(1, "month", month_text(world.start + k))
            part.insert(2, "wijk", [*place.wijken, place.name])
            part.insert(3, "world", name)
            parts.append(part)
    table = _with_worlds(parts)
    table["wijk"] = pd.Categorical(table["wijk"], [*place.wijken, place.name])
    return table


def _with_worlds(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    table["world"] = pd.Categorical(table["world"], list(WORLDS))
    return table
