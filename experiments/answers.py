"""What a sweep answers: one outcome at every point of its design, under the same futures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.errors import UserError
from siexsim.result import slug
from siexsim.sweep.folder import Sweep
from siexsim.sweep.outcomes import outcome
from siexsim.sweep.store import ERROR
from siexsim.sweep.study import read_study

Floats = NDArray[np.float64]
SWEEPS = Path("results/sweeps")
CELL = ("scenario", "effects", "shocks")


def found(name: str) -> Sweep:
    """The sweep of a study file or in a folder, with all its runs."""
    if not name.endswith(".toml"):
        return complete(Sweep.open(name))
    study = read_study(name)
    sweep = Sweep.open(SWEEPS / slug(study.name))
    if not sweep.is_of(study):
        raise UserError(
            f"{name}: the study has changed since it was run; run it again with: "
            f"siexsim sweep {name}"
        )
    return complete(sweep)


def complete(sweep: Sweep) -> Sweep:
    """The sweep itself, if every run is there."""
    missing = sweep.missing()
    if missing:
        raise UserError(
            f"{missing} of {len(sweep.runs)} runs are missing; do them first with: "
            f"siexsim sweep resume {sweep.folder}"
        )
    return sweep


@dataclass(frozen=True)
class Answers:
    """An outcome by point (rows) and future (columns); all points live the same futures.

    A point of which all runs failed isn't a number in any future. A future in which a run of
    another point failed, or can't tell as it was too short, is left out for all.
    """

    values: Floats
    futures: int  # that were asked

    @property
    def there(self) -> NDArray[np.bool_]:
        """Points of which it is known."""
        some = self.values.shape[1] > 0
        return np.asarray(~np.isnan(self.values).any(axis=1) & some)

    @property
    def means(self) -> Floats:
        """Mean over the futures, by point; not a number where it isn't known."""
        if not self.values.shape[1]:
            return np.full(len(self.values), np.nan)
        return np.asarray(self.values.mean(axis=1))

    @property
    def known(self) -> bool:
        """Whether there is anything to analyse: futures, and differences between points."""
        return bool(self.there.any() and np.ptp(self.means[self.there]) > 0)

    @property
    def noise_share(self) -> float:
        """Part of the variance between points that only comes of having so few futures.

        What a future does to all points alike is no noise: points are compared within futures.
        """
        values, means = self.values[self.there], self.means[self.there]
        points, futures = values.shape
        if not self.known or futures < 2:
            return float("nan")
        own = values - values.mean(axis=0) - means[:, None] + values.mean()
        noise = (own**2).sum() / ((points - 1) * (futures - 1)) / futures
        return float(min(noise / means.var(ddof=1), 1.0))


def by_cell(sweep: Sweep) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    """Rows of each scenario, effect set and shocks, in the order of the study.

    Effect sets and shocks that the design draws differ by point; they are called "drawn".
    """
    table, found = sweep.table(), []
    drawn = sweep.study.uncertainties.drawn
    for scenario, effects, shocks in sweep.study.cells():
        here = table["scenario"] == scenario
        if not drawn:
            here &= (table["effects"] == effects) & (table["shocks"] == shocks)
        cell = (scenario, "drawn", "drawn") if drawn else (scenario, effects, shocks)
        found.append((cell, table[here].reset_index(drop=True)))
    return found


def answers(rows: pd.DataFrame, name: str) -> Answers:
    """One outcome in one cell."""
    return arranged(rows, outcome(rows, name))


def arranged(rows: pd.DataFrame, values: Floats) -> Answers:
    """Values of runs, in the order of points and futures, as a table of both."""
    futures = int(rows["future"].nunique())
    square = values.reshape(-1, futures)
    told = square[~_failed(rows).reshape(-1, futures).all(axis=1)]
    return Answers(square[:, ~np.isnan(told).any(axis=0)], futures)


def late(rows: pd.DataFrame, view: str) -> Floats:
    """Months until the money is back; never is later than any month that was seen."""
    months = rows[f"payback_months_{view}"].to_numpy(float)
    watched = rows["watched_months"].to_numpy(float)
    return np.where(np.isnan(months) & ~np.isnan(watched), watched + 1, months)


def _failed(rows: pd.DataFrame) -> NDArray[np.bool_]:
    return rows[ERROR].notna().to_numpy() if ERROR in rows else np.zeros(len(rows), bool)


def points_of(rows: pd.DataFrame) -> Any:
    """Inputs of every point, one row each."""
    return rows.groupby("point", sort=False).first()
