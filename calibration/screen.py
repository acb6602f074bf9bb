"""Which parameters the targets can tell something about: a Morris screening.

    python -m calibration screen        writes calibration/screening.csv

Every parameter of the rules that isn't a definition is moved over its evidence range, one after
the other, along a few paths. What counts is the mean absolute change of a target over such a
range, in half widths of the target's band.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from SALib import ProblemSpec

from calibration.stamp import stamp
from calibration.store import Run, Simulate, Store, outcomes
from calibration.targets import TARGETS_FILE, Target, fitted, read_targets
from siexsim.parameters import Parameters
from siexsim.population import SHARED
from siexsim.sweep.executors import worker_pool

SCREENING_FILE: Final = Path(__file__).parent / "screening.csv"
# The rules of a household's month. Services are left out: nothing but costs follows from them.
THEMES: Final = (
    "context", "life", "work", "income", "money", "housing", "stress", "children",
)  # fmt: skip
_LEVELS: Final = 4


def candidates(parameters: Parameters) -> tuple[str, ...]:
    """Parameters of the rules that have a range, and that the made population doesn't rest on."""
    return tuple(
        key
        for key, one in sorted(parameters.items())
        if one.theme in THEMES and not one.fixed and one.high > one.low and key not in SHARED
    )


def screen_groningen(paths: int, seed: int, sample: int, workers: int, store: Path) -> None:
    """Screen the hindcast; write the table."""
    from calibration.hindcast import simulate

    parameters = Parameters.packaged()
    targets = fitted(read_targets(TARGETS_FILE))
    with worker_pool(workers) as pool:
        table = screen(
            simulate, Store(store, stamp()), targets, parameters, candidates(parameters),
            paths, seed, sample, pool,
        )  # fmt: skip
    made_by = (
        f"# Made by: python -m calibration screen --paths {paths} --seed {seed} --sample {sample}"
    )
    text = f"{made_by}\n{table.to_csv(float_format='%.2f')}"
    SCREENING_FILE.write_text(text, encoding="utf-8")


def read_screening() -> pd.DataFrame:
    """The table of the last screening."""
    return pd.read_csv(SCREENING_FILE, comment="#", index_col=0)


def moving(table: pd.DataFrame) -> set[str]:
    """Parameters whose range moves a target by half its band or more.

    Those that the fit doesn't free stay at their sourced value in every future: moved by chance,
    they would undo it.
    """
    strongest = table.drop(columns="all").max(axis=1)
    return {str(name) for name in table.index[strongest >= 1.0]}


def screen(
    simulate: Simulate, store: Store, targets: Mapping[str, Target], parameters: Parameters,
    names: tuple[str, ...], paths: int, seed: int, sample: int, pool: Executor,
) -> pd.DataFrame:  # fmt: skip
    """Effect of every parameter on every target, strongest parameter first."""
    ranges = [[parameters[name].low, parameters[name].high] for name in names]
    problem: Any = ProblemSpec({"num_vars": len(names), "names": list(names), "bounds": ranges})
    problem.sample_morris(paths, num_levels=_LEVELS, seed=seed)
    points = np.clip(problem.samples, *np.transpose(ranges))  # rounding steps over the edge
    runs = [Run(dict(zip(names, row, strict=True)), seed, sample) for row in points]
    found = outcomes(store, simulate, runs, pool, "screening")
    return effects(problem, found, targets, seed)


def effects(
    problem: Any, found: pd.DataFrame, targets: Mapping[str, Target], seed: int
) -> pd.DataFrame:
    """Analyse the runs of a screening: mean absolute effect in half widths of each band."""
    from SALib.analyze import morris

    table = pd.DataFrame(index=pd.Index(problem["names"], name="parameter"))
    for name, target in targets.items():
        y = found[name].to_numpy(float)
        told = morris.analyze(problem, problem.samples, y, num_levels=_LEVELS, seed=seed)
        table[name] = np.asarray(told["mu_star"]) / ((target.high - target.low) / 2)
    table.insert(0, "all", np.sqrt((table**2).sum(axis=1)))
    return table.sort_values("all", ascending=False)


def chosen(table: pd.DataFrame, most: int) -> list[str]:
    """The strongest parameter of each target, then those that add most to what is chosen already.

    What a parameter adds are its effects that no mix of the chosen ones has.
    """
    effects_ = table.drop(columns="all")
    names, left = [str(name) for name in table.index], effects_.to_numpy(float)
    tops = {str(name) for name in effects_.idxmax()}
    order = sorted(map(names.index, tops)) + [-1] * (most - len(tops))
    for k, i in enumerate(order[:most]):
        order[k] = i = i if i >= 0 else int(np.linalg.norm(left, axis=1).argmax())
        size = np.linalg.norm(left[i])
        if size > 0:
            way = left[i] / size
            left = left - np.outer(left @ way, way)
    return [names[i] for i in sorted(order[:most])]
