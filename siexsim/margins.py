"""How many households of which type live where: a fit to the published margins.

A type is a kind of household with the age bands of its adults and the number and age class of
its children. Starting weights per type and wijk are raked so that households, age bands, kinds
and students come out at once (generalised raking, Deville & Särndal 1992: constraints on
persons and on households together), and are then made whole numbers.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import draws
from siexsim.draws import stable_number
from siexsim.errors import UserError
from siexsim.place import Place, read_packaged

KINDS: Final = ("one_person", "couple", "couple_children", "one_parent")
ONE_PERSON, COUPLE, COUPLE_CHILDREN, ONE_PARENT = range(4)

# Age bands of the published margins; the first holds children only.
AGE_BANDS: Final = ("0_15", "15_25", "25_45", "45_65", "65plus")
AGE_STARTS: Final = (15, 25, 45, 65)
CHILD_CLASS_YEARS: Final = 15  # children under and from this age are two classes

ROUNDING = draws.POPULATION_FIRST  # slot: where the rounding of a wijk's types starts

_ENOUGH = 1e-6  # persons or households by which a margin may be off before rounding


def table(name: str) -> pd.DataFrame:
    """One of the packaged tables of starting shares."""
    return pd.read_csv(io.StringIO(read_packaged(f"groningen/{name}.csv")), comment="#")


@cache
def household_types() -> pd.DataFrame:
    """All types with the persons they count in each age band and their starting weight.

    Returns
    -------
    pandas.DataFrame
        One row a type: kind, student, bands of both adults (`from_0`, `to_0`, `from_1`,
        `to_1`), `place_in_band`, `young` and `older` children, `weight`, and the band counts.
    """
    rows: list[dict[Any, Any]] = []
    patterns = _child_patterns()
    for seed in table("household_seed").to_dict("records"):
        kind = KINDS.index(seed["kind"])
        for lower, partner_share in _partner_bands(seed, kind):
            for young, older, share in patterns.get(
                (seed["kind"], seed["age_from"]), [(0, 0, 1.0)]
            ):
                weight = seed["per_1000"] * partner_share * share
                if weight > 0.0:
                    rows.append(_type_row(seed, kind, lower, young, older, weight))
    types = pd.DataFrame(rows)
    by = ["student", "kind", "from_0", "from_1", "young", "older"]
    return types.sort_values(by, ascending=[False, True, True, True, True, True], ignore_index=True)


def _type_row(
    seed: dict[Any, Any], kind: int, lower: bool, young: int, older: int, weight: float
) -> dict[Any, Any]:
    low, high = int(seed["age_from"]), int(seed["age_to"])
    partner = (0, 0)
    if kind in (COUPLE, COUPLE_CHILDREN):
        partner = _band_below(low) if lower else (low, high)
    counts = [young, older, 0, 0, 0]
    for start in (low, partner[0]):
        if start:
            counts[sum(start >= s for s in AGE_STARTS) if start >= 25 else 1] += 1
    return {
        "kind": kind,
        "student": int(seed["student"]),
        "from_0": low,
        "to_0": high,
        "from_1": partner[0],
        "to_1": partner[1],
        "place_in_band": float(seed["place_in_band"]),
        "young": young,
        "older": older,
        "weight": weight,
        **dict(zip(AGE_BANDS, counts, strict=True)),
    }


def _band_below(start: int) -> tuple[int, int]:
    return (18, 25) if start == 25 else (start - 10, start)


def _partner_bands(seed: dict[Any, Any], kind: int) -> list[tuple[bool, float]]:
    if kind in (ONE_PERSON, ONE_PARENT) or seed["partner_younger"] == 0:
        return [(False, 1.0)]
    share = float(seed["partner_younger"])
    return [(False, 1.0 - share), (True, share)]


def _child_patterns() -> dict[tuple[str, int], list[tuple[int, int, float]]]:
    """Children under 15, children from 15, and share, by kind and age band of the first adult."""
    patterns: dict[tuple[str, int], list[tuple[int, int, float]]] = {}
    for row in table("children_seed").to_dict("records"):
        q = float(row["share_15_or_older"])
        found = []
        for count, name in enumerate(("one", "two", "three", "four"), start=1):
            for older in range(count + 1):
                share = row[name] * comb(count, older) * q**older * (1.0 - q) ** (count - older)
                found.append((count - older, older, float(share)))
        patterns[row["kind"], row["age_from"]] = found
    return patterns


@dataclass(frozen=True, eq=False)
class Targets:
    """Margins in the shape of the fit: per wijk, and for the municipality."""

    households: NDArray[np.int64]  # per wijk
    ages: NDArray[np.float64]  # wijk x age band, persons
    one_person: float
    without_children: float
    one_parent: float
    students: float


def targets(place: Place, month: int, p: Any) -> Targets:
    """Margins to fit, made consistent with one another.

    Shares are published as whole percentages; they are scaled to 100 and to the municipality's
    inhabitants. The kinds are taken within their rounding (parameters).
    """
    households = place.households_at(month)
    m = place.margins
    inhabitants = m["inhabitants"].to_numpy(np.float64)
    inhabitants = inhabitants * (place.municipality["inhabitants"] / inhabitants.sum())
    shares = m[[f"pct_age_{band}" for band in AGE_BANDS]].to_numpy(np.float64)
    ages = inhabitants[:, None] * shares / shares.sum(axis=1, keepdims=True)
    total = float(households.sum())
    return Targets(
        households=households,
        ages=ages,
        one_person=p.one_person_share * total,
        without_children=p.without_children_share * total,
        one_parent=p.one_parent_share * total,
        students=p.student_households,
    )


def rake(place: Place, goal: Targets, p: Any) -> NDArray[np.float64]:
    """Weights per wijk and type that meet all margins and stay near the starting weights."""
    types = household_types()
    start = _starting_weights(place, goal, p)
    kind, student = types["kind"].to_numpy(), types["student"].to_numpy()
    local = np.column_stack(
        [np.ones(len(types)), *(types[band].to_numpy(np.float64) for band in AGE_BANDS)]
    )
    overall = np.column_stack(
        [kind == ONE_PERSON, kind == COUPLE, kind == ONE_PARENT, student == 1]
    ).astype(np.float64)
    wanted_local = np.column_stack([goal.households, goal.ages])
    wanted_overall = np.array(
        [goal.one_person, goal.without_children, goal.one_parent, goal.students]
    )
    return _solve(start, local, overall, wanted_local, wanted_overall)


def _starting_weights(place: Place, goal: Targets, p: Any) -> NDArray[np.float64]:
    types = household_types()
    weights = types["weight"].to_numpy() / types["weight"].sum()
    start = goal.households[:, None] * weights
    young = goal.ages[:, 1] / goal.ages.sum(axis=1)
    overall = goal.ages[:, 1].sum() / goal.ages.sum()
    # students live where the young live
    lean = (young / overall) ** p.student_concentration
    return np.where(types["student"].to_numpy() == 1, start * lean[:, None], start)


def _solve(
    start: NDArray[np.float64],
    local: NDArray[np.float64],
    overall: NDArray[np.float64],
    wanted_local: NDArray[np.float64],
    wanted_overall: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Newton's method on the dual: one multiplier per margin, weights start * exp(sum)."""
    wijken, ours = wanted_local.shape
    theirs = len(wanted_overall)
    multipliers = np.zeros(wijken * ours + theirs)

    def weights_at(x: NDArray[np.float64]) -> NDArray[np.float64]:
        mine = x[: wijken * ours].reshape(wijken, ours) @ local.T
        exponent: NDArray[np.float64] = mine + overall @ x[wijken * ours :]
        return start * np.exp(np.clip(exponent, -60.0, 60.0))

    def height(x: NDArray[np.float64], w: NDArray[np.float64]) -> float:
        return float(w.sum() - x @ np.append(wanted_local.ravel(), wanted_overall))

    weights = weights_at(multipliers)
    for _ in range(200):
        made = np.append((weights @ local).ravel(), weights.sum(axis=0) @ overall)
        gap = made - np.append(wanted_local.ravel(), wanted_overall)
        if np.abs(gap).max() < _ENOUGH:
            return weights
        step = np.linalg.solve(_curvature(weights, local, overall), gap)
        length, now = 1.0, height(multipliers, weights)
        while length > 1e-6:
            trial = multipliers - length * step
            weights = weights_at(trial)
            if height(trial, weights) <= now + 1e-9 * abs(now):
                break
            length *= 0.5
        multipliers = multipliers - length * step
    raise UserError("the margins of the place contradict one another: no population fits them")


def _curvature(
    weights: NDArray[np.float64], local: NDArray[np.float64], overall: NDArray[np.float64]
) -> NDArray[np.float64]:
    wijken, ours, theirs = len(weights), local.shape[1], overall.shape[1]
    edge = wijken * ours
    matrix = np.zeros((edge + theirs, edge + theirs))
    for z in range(wijken):
        rows = slice(z * ours, (z + 1) * ours)
        weighted = local.T * weights[z]
        matrix[rows, rows] = weighted @ local
        matrix[rows, edge:] = weighted @ overall
        matrix[edge:, rows] = matrix[rows, edge:].T
    matrix[edge:, edge:] = (overall.T * weights.sum(axis=0)) @ overall
    # a trace of ridge: a wijk without one of the types leaves a margin undetermined
    matrix[np.diag_indices_from(matrix)] += 1e-9 * matrix.diagonal().max()
    return matrix


def whole_types(
    place: Place, weights: NDArray[np.float64], households: NDArray[np.int64], seed: int
) -> list[NDArray[np.int64]]:
    """Row of the type of every household, per wijk; as many as the wijk has households.

    Weights are rounded along the sum over the ordered types, from a keyed start, so that no
    rare type is lost and every margin stays within a few persons; rounding type by type would
    drop all rare ones in a small wijk.
    """
    keys = np.array([stable_number(code) for code in place.wijk_codes], np.uint64)
    starts = draws.uniform(seed, keys, 0, ROUNDING)
    made = []
    for z, total in enumerate(households):
        # rounded, so that the last bits of the solver don't decide
        edges = np.round(np.cumsum(weights[z]) * (total / weights[z].sum()), 5)
        whole = np.floor(edges + starts[z]).astype(np.int64)
        whole[-1] = total  # the sum may miss it by a last bit
        counts = np.diff(np.minimum(whole, total), prepend=0)
        made.append(np.repeat(np.arange(len(counts)), counts))
    return made
