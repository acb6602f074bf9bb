"""What is best when goals conflict and nobody knows the future: sets, volumes, regret, enough.

Values are by plan and goal, or by plan, cell, future and goal; more is better in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
BEYOND = 0.1  # the corner from which volume is counted lies so far below the worst, in ranges


def undominated(values: Floats) -> Truths:
    """Plans to which no other is better on some goal and as good on all: the Pareto set."""
    as_good = np.all(values[None] >= values[:, None], axis=2)
    better = np.any(values[None] > values[:, None], axis=2)
    return np.asarray(~np.any(as_good & better, axis=1))


def scaled(values: Floats, among: Floats) -> Floats:
    """Values as a part of the way from the worst to the best that are found among some plans."""
    low, high = among.min(axis=0), among.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.asarray((values - low) / wide)


def shortfall(values: Floats, among: Floats) -> Floats:
    """Distance to the best, as a part of that from worst to best; none where all are the same."""
    return np.asarray(scaled(among, among).max(axis=0) - scaled(values, among))


def hypervolume(values: Floats, among: Floats) -> float:
    """Part of all that could be reached, on all goals at once, that these plans do reach (0 to 1).

    Worst and best are those among all plans that are compared, so that one scale holds for all.
    A goal on which all plans come to the same is left out.
    """
    from pymoo.indicators.hv import HV

    differs = np.ptp(among, axis=0) > 0
    if not len(values) or not differs.any():
        return 0.0
    losses = 1 - scaled(values[:, differs], among[:, differs])
    corner = np.full(losses.shape[1], 1 + BEYOND)
    return float(HV(ref_point=corner)(losses) / corner.prod())


def robustly(values: Floats, by: str) -> Floats:
    """Value of each goal by plan: the mean over futures, in the worst cell or in all on the mean.

    The mean counts every effect set and all times alike; nobody knows better chances.
    """
    by_cell = values.mean(axis=2)
    return np.asarray(by_cell.min(axis=1) if by == "worst" else by_cell.mean(axis=1))


def regrets(values: Floats, among: Floats) -> Floats:
    """What choosing a plan costs in hindsight, by plan and goal: 0 is none, 1 the most there is.

    In each cell the distance to the best plan for it, as a part of the distance from worst to
    best; the largest over the cells. `among` are all plans that could have been chosen.
    """
    return np.asarray(shortfall(values.mean(axis=2), among.mean(axis=2)).max(axis=1))


def enough(values: Floats, goals: Sequence[str], least: Mapping[str, float]) -> Floats:
    """Part of the cells and futures in which a plan is good enough on all goals that ask it."""
    asked = [k for k, name in enumerate(goals) if name in least]
    floor = np.array([least[goals[k]] for k in asked])
    return np.asarray((values[..., asked] >= floor).all(axis=3).mean(axis=(1, 2)))
