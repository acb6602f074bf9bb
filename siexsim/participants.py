"""The participant as a run sees it: one row a course of help, and how far help reached (C4, Q5).

Participants are those simulated, each with its weight. A participant is held against its own
twin, which lives the same months under the same draws without any help.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import household as hh
from siexsim.household import DOMAINS, month_text
from siexsim.items import PAYERS
from siexsim.panel import MARKS, gains_eur

if TYPE_CHECKING:
    from siexsim.course import Course
    from siexsim.place import Place
    from siexsim.run import Outcome, World

FAR: Final = {
    "eligible": hh.ELIGIBLE, "reached": hh.REACHED, "accepted": hh.ACCEPTED,
    "started": hh.STARTED,
}  # fmt: skip


def participants_table(outcome: Outcome) -> pd.DataFrame:
    """One row a course of help: what, when, for whom, how it ended, its cost, what came of it.

    ``returned_PAYER_eur`` is the gain over the whole run, of the world with the plan over the
    world without it; that of a household with several courses is divided over these by cost,
    so that columns add up. ``gain_PAYER_M_months_eur`` is the gain over the twin in M months since
    the start. The twin has no help at all, so after a second course it holds what an earlier one
    still does. Stress, poverty and welfare are those M months after the start (0 is before), of the
    household and of its twin; empty where the run ended or the household left before that.
    """
    world = outcome.with_plan
    if world is None or world.course is None or len(world.course.starts) == 0:
        return pd.DataFrame({"household": []})
    course, starts = world.course, np.asarray(world.course.starts)
    names, last = course.plan.interventions, world.start + len(world.census) - 1
    rows, kinds = starts["row"], starts["kind"]
    people, costs = world.households[rows], starts["cents"] / 100
    interventions = course.parameters.interventions
    columns: dict[str, Any] = {
        "household": people["id"],
        "course": _numbered(rows),
        "wijk": _named(people["wijk"], outcome.place.wijken).set_categories(
            _covered(world, outcome.place)
        ),
        "group": _named(people["group"], hh.GROUPS),
        "weight": world.weight,
        "intervention": _named(kinds, names),
        "grade": [interventions[names[k]].grade for k in kinds],
        "start": [month_text(int(k)) for k in starts["start"]],
        "end": [month_text(int(k)) if k >= 0 else None for k in starts["end"]],
        "outcome": _named(starts["outcome"], hh.HELP_STATES),
        "relapsed": (starts["outcome"] == hh.COMPLETED)
        & (people["help"][np.arange(len(rows)), kinds] == hh.DROPPED),
        "cost_eur": costs,
        "overhead_eur": overhead_eur(course, last + 1),
    }
    gains = _returned_eur(outcome, world, rows) * _parts(rows, costs)[:, None]
    columns |= {f"returned_{payer}_eur": gains[:, k] for k, payer in enumerate(PAYERS)}
    for k in range(len(MARKS)):
        columns |= _seen_at(course, starts["subject"], k, last)
    return pd.DataFrame(columns)


def _named(codes: Any, names: Sequence[str]) -> pd.Categorical[str]:
    """Names in place of their numbers."""
    return pd.Categorical(np.array(names)[np.asarray(codes, np.int64)], list(names))


def _covered(world: World, place: Place) -> list[str]:
    """Neighbourhoods that the plan of a world covers; elsewhere nobody can take part."""
    names = world.course.plan.all_wijken if world.course is not None else ()
    return [place.wijken[k] for k in np.flatnonzero(place.covering(names))]


def _numbered(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of each course among those of its household, from 1, in order of start."""
    return np.asarray(pd.Series(rows).groupby(rows).cumcount(), np.int64) + 1


def overhead_eur(course: Course, end: int) -> NDArray[np.float64]:
    """Overhead of each course, and following its household until the next one or `end`."""
    starts = pd.DataFrame({"row": course.starts["row"], "start": course.starts["start"]})
    until = starts.groupby("row")["start"].shift(-1).fillna(end).to_numpy(np.int64)
    months = np.minimum(until - starts["start"].to_numpy(np.int64), course.followed_months())
    overhead = course.starts["cents"] * course.parameters.value("help.overhead_share")
    return np.asarray((overhead + months * course.following_cents()) / 100, np.float64)


def _parts(rows: NDArray[np.int64], costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of each course in all courses of its household, by cost."""
    weights = np.maximum(costs, 0.01)
    parts: NDArray[np.float64] = weights / np.bincount(rows, weights)[rows]
    return parts


def _returned_eur(outcome: Outcome, world: World, rows: NDArray[np.int64]) -> NDArray[np.float64]:
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
    return gains_eur(world.books["cents"][rows] - before)


def _seen_at(course: Course, who: NDArray[np.int64], k: int, last: int) -> dict[str, Any]:
    """What was seen of participants and their twins at one mark, as columns."""
    panel, after = course.panel, f"{MARKS[k]}_months"
    own, twin = panel.seen[who, k], panel.twin_seen[who, k]
    reached = panel.subjects["enrolled"][who] + MARKS[k] <= last
    here = reached & own["there"]
    columns: dict[str, Any] = {f"here_{after}": pd.array(own["there"], "boolean")}
    columns[f"here_{after}"][~reached] = pd.NA
    for prefix, seen in (("", own), ("twin_", twin)):
        for d, domain in enumerate(DOMAINS):
            stress = seen["stress"][:, d].astype(float)
            columns[f"{prefix}stress_{domain}_{after}"] = np.where(here, stress, np.nan)
        for name in ("poor", "welfare"):
            flags = pd.array(seen[name], "boolean")
            flags[~here] = pd.NA
            columns[f"{prefix}{name}_{after}"] = flags
    if MARKS[k] > 0:
        # what came of a household that has left stays what it was
        gains = np.where(reached[:, None], own["gains"] - twin["gains"], np.nan)
        columns |= {f"gain_{payer}_{after}_eur": gains[:, n] for n, payer in enumerate(PAYERS)}
    return columns


# --- How far help reached -----------------------------------------------------------------------


def reach_table(world: World, place: Place) -> pd.DataFrame:
    """How far help came, per neighbourhood of the plan and group: how many households (Q5, Q6).

    Of all households that were ever eligible for some help of the plan while it took people: how
    many were found, said yes, and started. A household is in the group to which it belonged when
    it was first eligible. Counts are weighted. The rows of the municipality carry its name as
    ``wijk``.
    """
    people = np.asarray(world.households)
    met, groups, wijken = people["met"], people["group"], people["wijk"].astype(np.int64)
    shape = (len(place.wijken), len(hh.GROUPS))
    cell = wijken * shape[1] + groups
    counts = {
        name: np.bincount(cell[(met & bit) > 0], minlength=shape[0] * shape[1]).reshape(shape)
        * world.weight
        for name, bit in FAR.items()
    }
    covered = _covered(world, place)
    areas: dict[str, Any] = {wijk: [place.wijken.index(wijk)] for wijk in covered}
    parts = []
    for wijk, rows in [*areas.items(), (place.name, slice(None))]:
        part = pd.DataFrame({name: table[rows].sum(axis=0) for name, table in counts.items()})
        part.insert(0, "wijk", wijk)
        part.insert(1, "group", list(hh.GROUPS))
        parts.append(part.iloc[1:])  # nobody who was eligible is without a group
    table = pd.concat(parts, ignore_index=True)
    table["wijk"] = pd.Categorical(table["wijk"], [*covered, place.name])
    table["group"] = pd.Categorical(table["group"], list(hh.GROUPS[1:]))
    for name, of in (("reached", "eligible"), ("accepted", "reached"), ("started", "accepted")):
        shares = table[name] / table[of].where(table[of] > 0)
        table[f"{name}_share"] = shares
    return table
