"""A result of 100,000 runs: how long the store takes to write, read and analyse it, and how much.

    python -m tests.benchmarks.large
    python -m tests.benchmarks.large --runs 10000

Runs are made up, as wide as those of the model: 20 years, 20 neighbourhoods. They go through the
sweep's own store in the batches in which a sweep keeps them. Each step is a process of its own, so
that its peak memory is its own. No test asserts a time; goals are printed beside.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from siexsim.account import VIEWS
from siexsim.items import PAYERS
from siexsim.sweep.folder import TABLE, Sweep
from siexsim.sweep.runs import KEEP_RUNS, row_of
from siexsim.sweep.store import Store, move_in
from siexsim.sweep.study import Study, read_study

FUTURES = 10
YEARS, WIJKEN = 21, 20
STUDY = Path(__file__).parents[2] / "experiments" / "studies" / "waar_hangt_het_van_af.toml"
STEPS = ("write", "status", "table", "analyse")
GOAL_SECONDS, GOAL_MB = 30, 2000


def study_of(runs: int) -> Study:
    """The packaged study of what payback hinges on, as an even design of so many runs."""
    study = read_study(STUDY)
    design = study.design.model_copy(update={"method": "random", "points": runs // FUTURES})
    unsure = study.uncertainties.model_copy(update={"futures": FUTURES, "drawn_from": 0})
    return study.model_copy(update={"design": design, "uncertainties": unsure})


def made_up(chance: np.random.Generator) -> Mapping[str, float]:
    """Outcomes with the names that those of the model have."""
    found = {"invested_eur": 1e7, "watched_months": 258.0, "poverty_gap": chance.normal()}
    found |= {f"returned_{payer}_eur": chance.normal(1e6, 1e5) for payer in PAYERS}
    found |= {
        n: chance.normal() for n in ("people_out_of_poverty", "poverty_years", "stress_years")
    }
    for view in VIEWS:
        found |= {f"payback_months_{view}": float(chance.integers(20, 400))}
        found |= {f"{one}_eur_{view}": chance.normal(0, 1e6) for one in ("end", "deepest")}
        years = chance.normal(0, 1e6, YEARS)
        found |= {f"balance_eur_{view}_year_{k + 1}": float(x) for k, x in enumerate(years)}
    for k in range(WIJKEN):
        found |= {f"{one}_wijk_{k}": chance.normal() for one in ("poverty_years", "stress_years")}
    return found


def write(sweep: Sweep) -> None:
    """Keep all runs in batches, tidied now and then as a sweep that is resumed does."""
    store = sweep.store
    for number, batch in enumerate(_batches(sweep)):
        store.keep(batch)
        if number % 64 == 63:
            store.tidy()
    store.tidy()


def _batches(sweep: Sweep) -> Iterator[list[Mapping[str, Any]]]:
    chance = np.random.default_rng(1)
    rows: list[Mapping[str, Any]] = []
    for run in sweep.runs:
        rows.append(row_of(run, 1.0, made_up(chance)))
        if len(rows) == KEEP_RUNS:
            yield rows
            rows = []
    if rows:
        yield rows


def analyse(sweep: Sweep) -> None:
    """What the commands do with it: the map, and PAWN of the month of payback."""
    from experiments import mixes, sensitivity
    from experiments.answers import by_cell

    mixes.map_of(sweep)
    for _, rows in by_cell(sweep):
        sensitivity.payback(sweep, rows, "public")


def step(name: str, folder: str) -> None:
    """One step, in this process; prints seconds and megabytes."""
    sweep = Sweep.open(folder)
    began = time.perf_counter()
    if name == "write":
        write(sweep)
    elif name == "status":
        sweep.status()
    elif name == "table":
        move_in(sweep.arrow(), sweep.folder / TABLE)
    else:
        analyse(sweep)
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{spent:.1f} {time.process_time():.1f} {peak:.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--step", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step(*asked.step)
        return
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep.begin(study_of(asked.runs), folder)
        for name in STEPS:
            command = [sys.executable, "-m", "tests.benchmarks.large", "--step", name]
            done = subprocess.run(
                [*command, str(sweep.folder)], capture_output=True, text=True, check=True
            )
            clock, processor, peak = map(float, done.stdout.split())
            print(
                f"{name:8s} {clock:7.1f} s by the clock {processor:7.1f} s of processor time "
                f"{peak:7,.0f} MB at most   (goals: {GOAL_SECONDS} s, {GOAL_MB:,} MB)",
                flush=True,
            )
        store = Store(sweep.folder / "runs")
        size = sum(path.stat().st_size for path in store.folder.glob("*.parquet")) / 1e6
        print(f"{asked.runs:,} runs: {size:,.0f} MB on disk")


if __name__ == "__main__":
    main()
