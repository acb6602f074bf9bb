"""A city of four numbers with a known truth, to try the fit on; runs take no time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from calibration.fit import Fitted, Runner, Settings, fit, write
from calibration.priors import Prior, Space
from calibration.store import Store
from calibration.targets import Target
from calibration.waves import Observed
from siexsim.sweep.executors import worker_pool

TRUTH = {"a": 0.35, "b": 2.6, "c": 0.5, "idle": 0.5}
SPACE = Space(
    (
        Prior("a", 0.0, 0.5, 1.0, "triangle"),
        Prior("b", 1.0, 2.0, 3.0, "flat"),
        Prior("c", 0.0, 0.4, 1.0, "triangle"),
        Prior("idle", 0.0, 0.3, 1.0, "triangle"),
    )
)
SMALL = Settings(
    seed=5,
    sample=10,
    workers=2,
    waves=(60, 40, 60),
    draws=200,
    seeds=4,
    noise_seeds=6,
    cities=100,
    city_seeds=10,
)
NOISE = 0.02


def expected(values: Mapping[str, float]) -> dict[str, float]:
    a, b, c = (values[key] for key in "abc")
    return {
        "sum": a + 0.4 * b,
        "product": 0.5 * a * b,
        "curve": np.sin(2.5 * c) + 0.2 * a,
        "ratio": b / (1 + c),
    }


def simulate(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    own = abs(hash(tuple(values.values()))) % 2**32  # hashes of floats don't change by process
    rng = np.random.default_rng([seed, sample, own])
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    return {k: float(v + NOISE * rng.standard_normal()) for k, v in expected(values).items()}


def target(name: str, value: float, half_width: float = 0.05) -> Target:
    text: dict[str, Any] = dict.fromkeys(
        ("unit", "definition", "source", "quantity", "words", "woorden"), "-"
    )
    return Target(
        name=name, value=value, low=value - half_width, high=value + half_width, year=2020,
        grade="P", use="fitted", **text,
    )  # fmt: skip


def targets() -> dict[str, Target]:
    return {name: target(name, value) for name, value in expected(TRUTH).items()}


def runner(folder: Path, pool: Executor | None = None, settings: Settings = SMALL) -> Runner:
    here = pool or ThreadPoolExecutor(1)
    return Runner(simulate, Store(folder, "toy"), SPACE, tuple(targets()), settings, here)


def fit_toy(
    folder: Path, pool: Executor | None = None, settings: Settings = SMALL
) -> tuple[Fitted, Observed]:
    return fit(runner(folder, pool, settings), targets(), 0.5)


def fit_and_write(runs: Path, posterior: Path) -> None:
    with ThreadPoolExecutor(SMALL.workers) as pool, threadpool_limits(1):
        found, _ = fit_toy(runs, pool)
    write(found, SPACE, SMALL, posterior)


if __name__ == "__main__":  # in a process of its own, with workers, so that it can be killed
    store, path = map(Path, sys.argv[1:])
    with worker_pool(SMALL.workers) as processes, threadpool_limits(1):
        fitted, _ = fit_toy(store, processes)
    write(fitted, SPACE, SMALL, path)
