"""Which numbers payback hinges on, by the futures of a plan: given-data importance.

    python -m calibration influence        writes calibration/influence.csv

All numbers are drawn as futures draw them. What counts is the squared rank correlation of a number
with an outcome: the part of the differences between futures that goes up or down with it. Dummies
that do nothing, ten times as many as there are numbers, are treated alike; a number that does no
more than the largest of them has no visible influence. So in about one study in eleven chance alone
makes an idle number visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from calibration.stamp import hashed
from calibration.store import Run, Simulate, Store, outcomes
from siexsim import draws
from siexsim.account import Account
from siexsim.compiled import rules_fingerprint
from siexsim.draws import stable_number
from siexsim.result import data_fingerprint
from siexsim.run import future_parameters, run_future
from siexsim.scenario import Scenario, read_scenario
from siexsim.sweep.executors import worker_pool
from siexsim.weakness import DUMMY, INFLUENCE

INFLUENCE_FILE: Final = Path(__file__).parent / INFLUENCE
SCENARIO: Final = "noordoost.toml"
VIEW: Final = "public"
HORIZON_MONTHS: Final = 120
DUMMIES: Final = 10  # for each number
FUTURE: Final = "future"  # a run is called by the number of its future


def scenario_of(seed: int, sample: int) -> Scenario:
    """The scenario whose payback is looked at."""
    path = str(files("experiments") / "scenarios" / SCENARIO)
    return read_scenario(path, changes={"seed": seed, "sample": sample})


def live_future(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    """What one future says about payback; `values` has the number of the future alone."""
    return outcomes_of(run_future(scenario_of(seed, sample), round(values[FUTURE])).account)


def outcomes_of(account: Account) -> dict[str, float]:
    """Balance of all public payers at the end, and whether they are paid back in ten years."""
    months = account.payback_months(VIEW)
    back = months is not None and months <= HORIZON_MONTHS
    return {"end_public_eur": account.end_eur(VIEW), "paid_back_10_years": float(back)}


def write_influence(
    futures: int, seed: int, sample: int, workers: int, store: Path, path: Path = INFLUENCE_FILE
) -> None:
    """Live futures, or take those that were lived before, and write what they say."""
    scenario = scenario_of(seed, sample)
    stands_for = rules_fingerprint() + data_fingerprint() + scenario.fingerprint()
    with worker_pool(workers) as pool:
        table = influence(
            live_future, Store(store, hashed(Path(__file__), more=stands_for)), scenario, futures,
            pool,
        )  # fmt: skip
    made_by = (
        f"# Made by: python -m calibration influence --futures {futures} --seed {seed} "
        f"--sample {sample}"
    )
    path.write_text(f"{made_by}\n{table.to_csv(float_format='%.5f')}", encoding="utf-8")


def influence(
    simulate: Simulate, store: Store, scenario: Scenario, futures: int, pool: Executor
) -> pd.DataFrame:
    """Influence of every number that futures draw, on every outcome; strongest first."""
    numbers = range(1, futures + 1)
    runs = [Run({FUTURE: float(n)}, scenario.seed, scenario.sample) for n in numbers]
    found = outcomes(store, simulate, runs, pool, "influence")
    return importance(parameters_of(scenario, numbers), found, dummies(scenario, numbers))


def parameters_of(scenario: Scenario, numbers: range) -> pd.DataFrame:
    """The numbers of every future that differ between futures; one row a future."""
    drawn = [future_parameters(scenario, number) for number in numbers]
    table = pd.DataFrame([{key: one.value(key) for key in one} for one in drawn], index=numbers)
    return table.loc[:, table.nunique() > 1]


def dummies(scenario: Scenario, numbers: range) -> pd.DataFrame:
    """Numbers that do nothing, `DUMMIES` for every real one; one row a future."""
    many = DUMMIES * len(scenario.central())
    keys = [stable_number(f"{DUMMY} {k}") for k in range(many)]
    ids = np.array(keys, np.uint64)
    rows = [draws.uniform(scenario.seed, ids, number, draws.FUTURE_FIRST) for number in numbers]
    return pd.DataFrame(rows, index=numbers)


def importance(parameters: pd.DataFrame, found: pd.DataFrame, idle: pd.DataFrame) -> pd.DataFrame:
    """Squared rank correlation of numbers with outcomes, beside that of the largest dummy.

    Returns
    -------
    pd.DataFrame
        One row a number and one for the dummy; a column an outcome, `influence` (the largest of
        those above the dummy's, else zero), `visible`, and of how many `futures`.
    """
    y = found.to_numpy(float)
    values = _squared(parameters.to_numpy(float), y)
    largest = _squared(idle.to_numpy(float), y).max(axis=0)
    seen = values > largest
    table = pd.DataFrame(
        np.vstack([values, largest]),
        index=pd.Index([*parameters.columns, DUMMY], name="parameter"),
        columns=list(found.columns),
    )
    table["influence"] = [*np.where(seen, values, 0.0).max(axis=1), 0.0]
    table["visible"] = [*seen.any(axis=1), False]
    table["futures"] = len(found)
    order = table[list(found.columns)].max(axis=1)
    return table.assign(order=order).sort_values(
        ["influence", "order"], ascending=False, kind="stable"
    ).drop(columns="order")  # fmt: skip


def _squared(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared rank correlation of columns of x with columns of y; zero where one is constant."""
    a, b = (_standard(rankdata(one, axis=0)) for one in (x, y))
    return np.asarray((a.T @ b / len(a)) ** 2, np.float64)


def _standard(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    sd = ranks.std(axis=0)
    return np.asarray((ranks - ranks.mean(axis=0)) / np.where(sd > 0, sd, 1.0), np.float64)
