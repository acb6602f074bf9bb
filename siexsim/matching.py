"""Who is like whom: expected public cost of a household, and somebody alike who isn't helped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from siexsim import help
from siexsim import household as hh
from siexsim.compiled import kernel
from siexsim.parameters import Parameters


def yearly_cost_eur(people: Any, p: Parameters) -> NDArray[np.float64]:
    """What a household costs the public in a year by what it uses now, as files would show it."""
    cost = people["on_welfare"] * p.value("prices.welfare_admin_eur_per_year")
    cost = cost + np.where(people["on_welfare"] == 1, people["income"] * 0.12, 0.0)
    for use in ("mental_care", "wmo", "youth_care", "special_school"):
        cost = cost + people[use] * p.value(f"prices.{use}_eur_per_year")
    cost = cost + (people["home"] == hh.LOST) * p.value("prices.shelter_eur_per_year")
    return np.asarray(cost, np.float64)


@kernel
def _candidates(
    households: Any, rows: Any, where: Any, kind: int, needs: int, p: Any, month: int, out: Any
) -> int:
    count = 0
    for j in range(len(rows)):
        h = households[rows[j]]
        if h.student == 1 or not where[h.wijk] or h.helped == 1 or h.help[kind] != hh.UNTOUCHED:
            continue
        if (help.conditions(h, p, month) & needs) == needs:
            out[count] = rows[j]
            count += 1
    return count


def _features(people: Any) -> NDArray[np.float64]:
    columns = [
        people["stress"].mean(axis=1), np.minimum(people["ratio"], 3.0), people["on_welfare"],
        np.sqrt(people["claims"]), people["kids"], hh.adults(people), people["debt_state"] > 0,
    ]  # fmt: skip
    return np.stack([np.asarray(c, np.float64) for c in columns], axis=1)


def alike(
    households: Any, rows: NDArray[np.int64], wanted: NDArray[np.int64], where: NDArray[np.bool_],
    kind: int, needs: int, values: Any, month: int,
) -> NDArray[np.int64]:  # fmt: skip
    """For each of `wanted`, the eligible household that nobody helps and is most like it.

    What a file of the municipality knows is compared: stress as surveyed, income, welfare, debts,
    family. None is returned where there is nobody.
    """
    if len(wanted) == 0:
        return wanted
    out = np.empty(len(rows), np.int64)
    found = out[: _candidates(households, rows, where, kind, needs, values, month, out)]
    if len(found) == 0:
        return found
    people = np.asarray(households)
    found = found[np.argsort(people["id"][found])]  # among equals the choice isn't the order's
    pool, mine = _features(people[found]), _features(people[wanted])
    spread = np.maximum(pool.std(axis=0), 1e-6)
    _, nearest = cKDTree(pool / spread).query(mine / spread)
    return found[nearest]
