"""The table of all targets and hold-outs: published, band, what the model says, inside or not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from calibration.hindcast import Hindcast, live
from calibration.quantities import QUANTITIES
from calibration.report_years import YEARS, year_table, years_of
from calibration.stamp import hashed
from calibration.targets import FOLDER, HOLDOUTS_FILE, TARGETS_FILE, Target, read_targets
from siexsim.compiled import rules_fingerprint
from siexsim.parameters import Parameters
from siexsim.result import WORLD, data_fingerprint

POSTERIOR_FILE: Final = FOLDER / "posterior.parquet"
VALIDATION_FILE: Final = FOLDER / "validation.csv"
PLACEBO: Final = "Placebo"
# shown, but no part of a hold-out's rule
BESIDE: Final = (
    "V1_level", "V6_long_term", "V6_minima",
    "Placebo_minima_plain", "Placebo_welfare_plain", "Placebo_debts_plain",
)  # fmt: skip
CERTAIN: Final = 2.0  # standard errors that must fit within half of a band


@dataclass(frozen=True)
class Row:
    """A target or hold-out beside what the model says.

    Attributes
    ----------
    target
        What was published.
    holdout
        Whether it is one that the fit never sees.
    mean, low, high
        Mean and central 90% over the runs.
    noise
        Standard deviation between seeds of one set of parameters; not a number with one seed.
    seeds
        How many seeds each set of parameters was run with.
    """

    target: Target
    holdout: bool
    mean: float = np.nan
    low: float = np.nan
    high: float = np.nan
    noise: float = np.nan
    seeds: int = 0

    @property
    def inside(self) -> bool:
        """Whether the mean lies within the band."""
        return self.target.holds(self.mean)

    @property
    def shows_faults(self) -> bool:
        """Whether the sample is large enough: the mean is surer than half of the band is wide."""
        return CERTAIN * self.noise / np.sqrt(max(self.seeds, 1)) < self.target.half_width


def quantities_of(
    targets: Iterable[Target], lived: Hindcast, calm: Hindcast | None
) -> dict[str, float]:
    """What these targets' quantities are, by the target's name.

    Margins and the placebo are read off the calm years from 2022, if these were lived.
    """
    found = {}
    for target in targets:
        world = calm if target.use == "margin" or target.row == PLACEBO else lived
        if target.quantity and world is not None:
            found[target.name] = QUANTITIES[target.quantity](world)
    return found


def run_all(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    """Every quantity of targets and hold-outs, with these parameters changed; and their years."""
    return run_with(Parameters.packaged().with_(values), seed, sample)


def run_with(parameters: Parameters, seed: int, sample: int) -> dict[str, float]:
    """Every quantity of targets and hold-outs under these parameters; and their years."""
    lived = live(parameters, seed, sample)
    calm = live(parameters, seed, sample, calm=True)
    targets = [*read_targets(TARGETS_FILE).values(), *read_targets(HOLDOUTS_FILE).values()]
    return quantities_of(targets, lived, calm) | years_of(lived, "lived") | years_of(calm, "calm")


def posterior_sets(count: int, path: Path = POSTERIOR_FILE) -> list[dict[str, float]]:
    """Sets of parameters drawn by weight from the posterior; the packaged one where there is none.

    Columns of the file with a dot in their name are parameters; "weight" is optional.
    """
    if not path.exists():
        return [{}]
    table = pd.read_parquet(path)
    names = [name for name in table.columns if "." in name]
    weights = table["weight"] if "weight" in table else pd.Series(1.0, table.index)
    # spread evenly over the weights, so that the same file gives the same sets
    edges = np.cumsum(weights) / weights.sum()
    rows = np.searchsorted(edges, (np.arange(count) + 0.5) / count)
    return [dict(table[names].iloc[int(row)].astype(float)) for row in rows]


def run_many(
    sets: Sequence[Mapping[str, float]], seeds: Sequence[int], sample: int, workers: int = 1
) -> pd.DataFrame:
    """Run every set of parameters with every seed; one row a run, with `set` and `seed`."""
    # seed by seed, since the population of a seed is kept in memory
    jobs = [(k, seed) for seed in seeds for k in range(len(sets))]
    values = [sets[k] for k, _ in jobs]
    once = partial(run_all, sample=sample)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            runs = list(pool.map(once, values, [seed for _, seed in jobs]))
    else:
        runs = [once(value, seed) for value, (_, seed) in zip(values, jobs, strict=True)]
    table = pd.DataFrame(runs)
    table.insert(0, "set", [k for k, _ in jobs])
    table.insert(1, "seed", [seed for _, seed in jobs])
    return table


def rows_of(runs: pd.DataFrame) -> list[Row]:
    """Lay runs beside what was published."""
    rows = []
    for path, holdout in ((TARGETS_FILE, False), (HOLDOUTS_FILE, True)):
        for name, target in read_targets(path).items():
            if name not in runs:
                rows.append(Row(target, holdout))
                continue
            column = runs[name]
            noise = float(np.sqrt(column.groupby(runs["set"]).var().mean()))
            low, high = np.quantile(column, [0.05, 0.95])
            seeds = runs["seed"].nunique()
            rows.append(Row(target, holdout, column.mean(), low, high, noise, seeds))
    return rows


def passed(rows: Iterable[Row]) -> dict[str, bool]:
    """Which hold-outs are passed: all their rows lie within their bands."""
    found: dict[str, bool] = {}
    for row in rows:
        if row.holdout and row.target.name not in BESIDE:
            found[row.target.row] = found.get(row.target.row, True) and row.inside
    return found


def noise(sample: int, seeds: Sequence[int], workers: int = 1) -> dict[str, float]:
    """Standard deviation between seeds of every quantity, with the packaged parameters."""
    runs = run_many([{}], seeds, sample, workers)
    asked = [name for name in runs.columns if name not in ("set", "seed") and YEARS not in name]
    return {name: float(runs[name].std()) for name in asked}


# ---- the table that is kept ---------------------------------------------------------------------


def validation(rows: Iterable[Row]) -> pd.DataFrame:
    """The table of `check` to keep: every target and hold-out beside the model."""
    return pd.DataFrame(
        [
            {
                "name": row.target.name, "row": row.target.row, "holdout": row.holdout,
                "words": row.target.words, "woorden": row.target.woorden,
                "unit": row.target.unit, "published": row.target.value,
                "low": row.target.low, "high": row.target.high,
                "mean": row.mean, "p05": row.low, "p95": row.high,
                "noise_sd": row.noise, "seeds": row.seeds, "inside": row.inside,
                "sample_shows_faults": row.shows_faults,
                "note": row.target.note, "toelichting": row.target.toelichting,
            }
            for row in rows
        ]
    )  # fmt: skip


def write_validation(
    runs: pd.DataFrame, sample: int, draws: int, path: Path, posterior: Path, years: Path
) -> None:
    """Write the table, beside it what made it, and the years of the hindcast and the placebo."""
    validation(rows_of(runs)).to_csv(path, index=False, float_format="%.6g")
    seeds = int(runs["seed"].nunique())
    said = {
        "command": f"python -m calibration check --write --sample {sample} --seeds {seeds}"
        f" --draws {draws or 1}",
        **made_with(posterior if draws else None),
        "sample": sample,
        "draws": draws,
        "seeds": seeds,
    }
    path.with_suffix(".json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    years.parent.mkdir(parents=True, exist_ok=True)
    year_table(runs).to_csv(years, index=False, float_format="%.5g")


def made_with(posterior: Path | None) -> dict[str, str | None]:
    """What a table of the check depends on; the posterior is None with the packaged values."""
    return {
        "rules_fingerprint": rules_fingerprint(),
        "data_fingerprint": data_fingerprint(WORLD),
        "targets": hashed(TARGETS_FILE),
        "holdouts": hashed(HOLDOUTS_FILE),
        "posterior": hashed(posterior) if posterior else None,
    }


def compared(full: pd.DataFrame, part: pd.DataFrame, sample: int) -> pd.DataFrame:
    """The same draws at full scale and in the sample: each target and hold-out.

    `apart` is the distance of the two means, in half widths of the band.
    """
    table = pd.DataFrame(
        [
            {
                "name": one.target.name, "holdout": one.holdout, "low": one.target.low,
                "high": one.target.high, "full_mean": one.mean, "full_lowest": full[name].min(),
                "full_highest": full[name].max(), "full_inside": one.inside,
                "sample_mean": other.mean, "sample_inside": other.inside,
                "apart": (one.mean - other.mean) / one.target.half_width,
            }
            for one, other in zip(rows_of(full), rows_of(part), strict=True)
            if (name := one.target.name) in full
        ]
    )  # fmt: skip
    return table.assign(sample=sample, draws=full["set"].nunique())
