"""What another assumption changes: in how well the model fits, and in how a plan pays back.

The same seeds, futures and draws before and after, so that nothing else differs. What was fitted
isn't fitted again: an assumption that spoils the fit may do so because the rest stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from calibration.check import run_with
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets
from siexsim.account import VIEWS, Account
from siexsim.returns import paid_back_within
from siexsim.run import Progress, future_parameters, run_futures
from siexsim.scenario import Scenario
from siexsim.sweep.executors import worker_pool

HORIZONS_MONTHS: Final = (24, 36, 60, 120)
Live = Callable[..., dict[str, float]]


@dataclass(frozen=True, eq=False)
class Difference:
    """What changes, before and after.

    Attributes
    ----------
    fit
        One row a target or hold-out that the model carries: `before` and `after` are means over
        seeds, `noise` the standard error of their difference, `inside_before` and `inside_after`.
    payback
        One row a view and horizon: share of the futures that are paid back by then; not a number
        where the run is shorter. Empty without a plan.
    end
        One row a view: the middle balance at the end before and after, and of the difference
        within one future the middle and the band of 8 in 10.
    """

    fit: pd.DataFrame
    payback: pd.DataFrame
    end: pd.DataFrame


def compare(
    before: Scenario, after: Scenario, seeds: int, futures: int, workers: int, progress: Progress
) -> Difference:
    """Lay a scenario beside the same one with other numbers."""
    with worker_pool(workers) as pool:
        fit = compare_fit(before, after, seeds, pool, progress)
        if before.plan is None:
            return Difference(fit, pd.DataFrame(), pd.DataFrame())
        accounts = [
            [
                one.account
                for one in run_futures(scenario, range(futures), pool, _as(progress, what))
            ]
            for scenario, what in ((before, "futures_before"), (after, "futures_after"))
        ]
    return Difference(fit, payback_table(*accounts), end_table(*accounts))


def _as(progress: Progress, what: str) -> Progress:
    return lambda _, done, total: progress(what, done, total)


def compare_fit(
    before: Scenario, after: Scenario, seeds: int, pool: Executor, progress: Progress,
    live: Live = run_with,
) -> pd.DataFrame:  # fmt: skip
    """Every target and hold-out before and after, over the same seeds."""
    numbers = [before.seed + k for k in range(seeds)]
    sets = [future_parameters(one, 0) for one in (before, after)]
    # seed by seed, since the population of a seed is kept in memory
    jobs = [(known, seed) for seed in numbers for known in sets]
    progress("fit", 0, len(jobs))
    runs = []
    parameters, asked = zip(*jobs, strict=True)
    for run in pool.map(live, parameters, asked, [before.sample] * len(jobs)):
        runs.append(run)
        progress("fit", len(runs), len(jobs))
    return fit_table(pd.DataFrame(runs[0::2]), pd.DataFrame(runs[1::2]))


def fit_table(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Targets and hold-outs that both have; one row a seed in each."""
    rows = []
    for path, holdout in ((TARGETS_FILE, False), (HOLDOUTS_FILE, True)):
        for name, target in read_targets(path).items():
            if name not in before:
                continue
            moved = (after[name] - before[name]).to_numpy(float)
            means = float(before[name].mean()), float(after[name].mean())
            sure = len(moved) > 1
            rows.append({
                "name": name, "holdout": holdout, "words": target.words, "woorden": target.woorden,
                "year": target.year, "unit": target.unit, "published": target.value,
                "low": target.low, "high": target.high, "before": means[0], "after": means[1],
                "noise": float(moved.std(ddof=1) / np.sqrt(len(moved))) if sure else np.nan,
                "inside_before": target.holds(means[0]), "inside_after": target.holds(means[1]),
            })  # fmt: skip
    return pd.DataFrame(rows)


def payback_table(before: Sequence[Account], after: Sequence[Account]) -> pd.DataFrame:
    """Share of the futures paid back within each horizon, by view."""
    rows = []
    for view in VIEWS:
        shares = [paid_back_within(accounts, view) for accounts in (before, after)]
        rows += [
            {
                "view": view, "horizon_months": horizon,
                "before": shares[0][horizon], "after": shares[1][horizon],
            }
            for horizon in HORIZONS_MONTHS
        ]  # fmt: skip
    return pd.DataFrame(rows).astype({"before": float, "after": float})


def end_table(before: Sequence[Account], after: Sequence[Account]) -> pd.DataFrame:
    """Balance at the end of the run, and by how much it differs within one future."""
    rows = []
    for view in VIEWS:
        ends = [np.array([one.end_eur(view) for one in each]) for each in (before, after)]
        low, middle, high = np.quantile(ends[1] - ends[0], [0.1, 0.5, 0.9])
        rows.append({
            "view": view, "before_eur": np.median(ends[0]), "after_eur": np.median(ends[1]),
            "difference_eur": middle, "difference_low_eur": low, "difference_high_eur": high,
        })  # fmt: skip
    return pd.DataFrame(rows)
