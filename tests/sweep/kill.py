"""Sweeps that are killed (-9) again and again, and end with the same bytes all the same.

    python -m tests.sweep.kill                 fifty kills of sweeps of a toy, some minutes
    python -m tests.sweep.kill --model         of a tiny study of the model itself

Killed at random are the sweep itself, one of its processes, and a worker of a Dask cluster of two.
A sweep goes on until it is done; then its table is held against that of an undisturbed sweep, and
the next one begins. It fails when a byte differs or a run that was kept is gone.
"""

# ruff: noqa: T201  (what it prints is what it is for)
from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from siexsim.sweep.executors import dask_cluster, worker_pool
from siexsim.sweep.folder import TABLE, Sweep
from siexsim.sweep.stamp import simulate
from siexsim.sweep.study import Study, read_study
from tests import toys
from tests.test_sweep_runs import ROOT, children_of, cluster_of_processes

KINDS = ("sweep", "process", "dask worker")
WORKERS, WINDOW = 2, 8
LIVED = "SIEXSIM_LIVED"
LONGEST_SECONDS = 900.0


def study(model: bool) -> Study:
    """The small packaged study: smaller yet for the model, more runs for a toy."""
    read = read_study(ROOT / "experiments" / "studies" / "proef.toml")
    changed = {"sample": 1000, "years": 2}
    scenarios = {name: {**one, **changed} for name, one in read.scenarios.items()}
    unsure = read.uncertainties.model_copy(update={"futures": 1 if model else 6})
    return read.model_copy(update={"scenarios": scenarios, "uncertainties": unsure})


def go(folder: str, model: bool, scheduler: str | None) -> None:
    """Be a sweep that may be killed."""
    sweep = Sweep.open(folder)
    live = simulate if model else toys.lives_slowly
    print("begun", flush=True)
    if scheduler:
        sweep.finish(lambda: dask_cluster(scheduler), WINDOW, simulate=live)
    else:
        sweep.finish(lambda: worker_pool(WORKERS), WINDOW, simulate=live)


@contextmanager
def going(folder: Path, model: bool, scheduler: str | None) -> Iterator[subprocess.Popen[bytes]]:
    """A sweep in a process of its own, that is gone afterwards."""
    command = [sys.executable, "-m", "tests.sweep.kill", "--go", str(folder)]
    command += ["--model"] if model else []
    command += ["--scheduler", scheduler] if scheduler else []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass
class Killer:
    """Kills until there were enough, one sweep after the other."""

    chance: random.Random
    model: bool
    kills: int
    done: Counter[str]
    sweeps: int = 0
    twice: int = 0  # runs that were lived twice since a kill took them

    def one_sweep(self, folder: Path, calm: bytes) -> None:
        """Kill a sweep at random until it is done, and hold its table against the calm one."""
        sweep, began = Sweep.begin(study(self.model), folder), time.monotonic()
        while sweep.missing():
            before = sweep.store.names()
            self._once(sweep)
            assert before <= sweep.store.names(), "runs that were kept are gone"
            assert time.monotonic() - began < LONGEST_SECONDS, "it doesn't get on"
        sweep.finish(lambda: ThreadPoolExecutor(1), WINDOW)  # only writes the table
        assert (sweep.folder / TABLE).read_bytes() == calm, "the table is another"
        self.sweeps += 1
        lived = Path(os.environ[LIVED])
        if lived.exists():
            self.twice += sum(n - 1 for n in Counter(lived.read_text().split()).values())
            lived.unlink()

    def _once(self, sweep: Sweep) -> None:
        kind = self.chance.choice(KINDS)
        if sum(self.done.values()) >= self.kills:
            with going(sweep.folder, self.model, None) as process:
                process.wait(LONGEST_SECONDS)
        elif kind == "dask worker":
            with (
                cluster_of_processes() as (address, (_, *workers)),
                going(sweep.folder, self.model, address) as process,
            ):
                self._wait(sweep, process)
                if process.poll() is None:
                    self.chance.choice(workers).kill()
                    self.done[kind] += 1
                    process.wait(LONGEST_SECONDS)
        else:
            with going(sweep.folder, self.model, None) as process:
                self._wait(sweep, process)
                children = children_of(process.pid) if process.poll() is None else []
                if kind == "sweep" and process.poll() is None:
                    process.kill()
                    self.done[kind] += 1
                elif children:
                    os.kill(self.chance.choice(children), signal.SIGKILL)
                    self.done[kind] += 1
                    time.sleep(self.chance.uniform(0, 1))

    def _wait(self, sweep: Sweep, process: subprocess.Popen[bytes]) -> None:
        """Wait until some more runs were lived, however slow the machine is; or until none were."""
        more = self.chance.choice((0, self.chance.randint(1, 4 if self.model else 80)))
        before, pause = self._lived(sweep), self.chance.uniform(0, 0.5)
        while self._lived(sweep) < before + more and process.poll() is None:
            time.sleep(0.05)
        time.sleep(pause)

    def _lived(self, sweep: Sweep) -> int:
        if self.model:
            return len(sweep.store.names())
        path = Path(os.environ[LIVED])
        return path.read_bytes().count(b"\n") if path.exists() else 0


def main() -> None:
    """Kill, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--go", help=argparse.SUPPRESS)
    parser.add_argument("--scheduler", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.go:
        go(asked.go, asked.model, asked.scheduler)
        return
    killer = Killer(random.Random(asked.seed), asked.model, asked.kills, Counter())
    with tempfile.TemporaryDirectory() as place:
        os.environ[LIVED] = f"{place}/lived"
        calm = Sweep.begin(study(asked.model), Path(place) / "calm")
        calm.finish(
            lambda: worker_pool(WORKERS), WINDOW,
            simulate=simulate if asked.model else toys.lives_slowly,
        )  # fmt: skip
        Path(os.environ[LIVED]).unlink(missing_ok=True)
        table = (calm.folder / TABLE).read_bytes()
        while sum(killer.done.values()) < asked.kills:
            killer.one_sweep(Path(place) / "killed", table)
            shutil.rmtree(Path(place) / "killed")
            counts = ", ".join(f"{killer.done[kind]} of a {kind}" for kind in KINDS)
            print(
                f"{sum(killer.done.values())} kills ({counts}); {killer.sweeps} sweeps of "
                f"{len(calm.runs)} runs, all tables the same to the byte; "
                f"{killer.twice} runs lived twice",
                flush=True,
            )


if __name__ == "__main__":
    main()
