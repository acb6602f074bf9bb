"""The two levels at which a run is seen: the neighbourhood (*wijkfoto*) and the participant.

Counts are of all households: a sample is multiplied by its weight. Participants are those
simulated, each with its weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import household as hh
from siexsim.census import COUNTS, MICRO
from siexsim.help import interventions
from siexsim.household import DOMAINS, month_text
from siexsim.items import HELP_CLAIM_PAID, HELP_COST, MUNICIPALITY, PAYERS
from siexsim.ledger import split

if TYPE_CHECKING:
    from siexsim.place import Place
    from siexsim.run import Outcome, World

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


def _named(codes: Any, names: Sequence[str]) -> pd.Categorical[str]:
    """Names in place of their numbers."""
    return pd.Categorical(np.array(names)[np.asarray(codes, np.int64)], list(names))


# --- Participants -----------------------------------------------------------------------------


def _gains_eur(outcome: Outcome, world: World, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the plan changed for each payer through these households; (households, payers).

    What was put in is left out, as in the account. Worlds are matched by identity: after a
    few months they don't have the same rows.
    """
    ids = outcome.without.households["id"]
    order = np.argsort(ids, kind="stable")
    wanted = world.households["id"][rows]
    place = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    there = order[place]
    before = outcome.without.books["cents"][there] * (ids[there] == wanted)[:, None]
    gains = split(world.books["cents"][rows] - before) / 100
    gains[:, [HELP_COST, HELP_CLAIM_PAID], MUNICIPALITY] = 0.0
    total: NDArray[np.float64] = gains.sum(axis=1)
    return total


def participants_table(outcome: Outcome) -> pd.DataFrame:
    """One row a course of help: who, what, when, how it ended, its cost and what came of it."""
    world = outcome.with_plan
    if world is None or world.course is None or outcome.scenario.plan is None:
        return pd.DataFrame({"household": []})
    course, names = world.course, outcome.scenario.plan.interventions
    rows = np.array(course.rows, np.int64)
    ends, costs = np.array(course.ends, np.int64), np.array(course.costs_cents) / 100
    people = world.households[rows]
    table = pd.DataFrame({
        "household": people["id"],
        "wijk": _named(people["wijk"], outcome.place.wijken),
        "weight": world.weight,
        "intervention": _named(course.kinds, names),
        "grade": [interventions()[names[k]].grade for k in course.kinds],
        "start": [month_text(k) for k in course.starts],
        "end": [month_text(k) if k >= 0 else None for k in ends],
        "outcome": _named(course.outcomes, hh.HELP_STATES),
        "cost_eur": costs.astype(float),
    })  # fmt: skip
    gains = _gains_eur(outcome, world, rows) * _parts(rows, costs)[:, None]
    for k, payer in enumerate(PAYERS):
        table[f"returned_{payer}_eur"] = gains[:, k]
    return table


def _parts(rows: NDArray[np.int64], costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of each course in all courses of its household, by cost."""
    if len(rows) == 0:
        return np.zeros(0)
    weights = np.maximum(costs, 0.01)
    parts: NDArray[np.float64] = weights / np.bincount(rows, weights)[rows]
    return parts
