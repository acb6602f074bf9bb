"""What sweeping costs beside the runs: the time of the workers that isn't spent in a run.

    python -m tests.benchmarks.overhead --sample 10 --runs 200 --workers 2

The runs are those of the packaged study of mixes in the city. The first runs of every worker, in
which compiled rules are loaded, are done beforehand in the same pool and don't count. On a machine
that others use as well the runs themselves wait too, so the share stays what it is. No test
asserts a time; the goal is printed beside.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from siexsim.sweep.executors import worker_pool
from siexsim.sweep.runs import finish
from siexsim.sweep.stamp import simulate, stamp
from siexsim.sweep.store import Store
from siexsim.sweep.study import in_order, read_study

STUDY = Path(__file__).parents[2] / "experiments" / "studies" / "mixen_stad.toml"
GOAL = 0.10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=10)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    study = read_study(STUDY)
    changed = {"sample": asked.sample, "years": asked.years}
    scenarios = {name: {**one, **changed} for name, one in study.scenarios.items()}
    study = study.model_copy(update={"scenarios": scenarios})
    runs = in_order(list(study.runs(stamp())))
    first, measured = runs[-2 * asked.workers :], runs[: asked.runs]

    with tempfile.TemporaryDirectory() as folder, worker_pool(asked.workers) as pool:

        @contextmanager
        def lent() -> Iterator[Executor]:
            yield pool

        finish(first, simulate, Store(Path(folder) / "first"), lent, 4 * asked.workers)
        began, spent = time.perf_counter(), time.process_time()
        there = Store(Path(folder) / "runs")
        progress = finish(measured, simulate, there, lent, 4 * asked.workers)
        lasted, own = time.perf_counter() - began, time.process_time() - spent
    share = 1 - progress.busy_seconds / (lasted * asked.workers)
    minutes = 4000 * lasted / progress.done / 60
    print(
        f"{progress.done} runs of one household in {asked.sample}, {asked.years} years, in "
        f"{lasted:.1f} s by {asked.workers} workers; {progress.failed} failed"
    )
    print(f"beside the runs: {share:.1%} of the workers' time   (goal: under {GOAL:.0%})")
    print(f"the sweep itself: {own / progress.done * 1000:.1f} ms of processor time a run")
    print(f"4,000 runs at this pace: {minutes:.0f} minutes   (goal: under 60)")


if __name__ == "__main__":
    main()
