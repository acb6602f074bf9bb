"""The runs of a sweep, on any executor: those that aren't there yet are done and kept.

A run that fails is a row with its error; whoever asks for it anew has it tried again. A process
that dies takes its runs with it; they are done again, one at a time, so that a run that kills its
process is found and named. Without a scheduler nothing can be known of the runs under way: they
count as not done.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, field
from typing import Any, Final

from siexsim.errors import UserError
from siexsim.sweep.executors import Opened, is_lost
from siexsim.sweep.store import ERROR, INPUTS, RUN, SECONDS, Row, Store

Task = Any  # whatever a simulation is asked, as plain data
Simulate = Callable[[Task], Mapping[str, float]]
KEEP_SECONDS: Final = 2.0  # a finished run is on disk after this
KEEP_RUNS: Final = 512  # or when there are so many
DEATHS: Final = 3  # times that a run, alone, may take its process with it
DIED: Final = "the process died"
HOPELESS: Final = 20  # deaths one after the other, with no run finished between
LONGEST_ERROR: Final = 300
LOST: Final = (
    "the scheduler is gone; the finished runs are kept, and 'siexsim sweep resume' does the others"
)


class OtherProgramError(Exception):
    """A worker has another version of the program than the sweep."""


@dataclass(frozen=True)
class Run:
    """One run that is wanted: its name, what travels with its row, and what is asked.

    What all runs at one point of a design share is `point`, held once: there are many runs.
    """

    name: str
    own: Mapping[str, Any]
    task: Task
    point: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Any]:
        """All that travels with the row."""
        return {**self.own, **self.point}


@dataclass
class Progress:
    """How far a sweep is."""

    of: int
    done: int = 0
    failed: int = 0
    busy_seconds: float = 0.0  # of the runs themselves, over all workers


Heard = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Hear how far a sweep is, and say nothing."""


@dataclass
class _Keeping:
    """Rows of finished runs on their way to the store."""

    store: Store
    progress: Progress
    heard: Heard
    rows: list[Row] = field(default_factory=list)
    last: float = field(default_factory=time.monotonic)

    def add(self, run: Run, seconds: float, came: Mapping[str, float] | str) -> None:
        self.rows.append(row_of(run, seconds, came))
        self.progress.done += 1
        self.progress.failed += isinstance(came, str)
        self.progress.busy_seconds += seconds
        self.heard(self.progress)

    def keep(self, now: bool = False) -> None:
        due = now or time.monotonic() - self.last >= KEEP_SECONDS or len(self.rows) >= KEEP_RUNS
        if due and self.rows:
            self.store.keep(self.rows)
            self.rows = []
        if due:
            self.last = time.monotonic()


def row_of(run: Run, seconds: float, came: Mapping[str, float] | str) -> Row:
    """What is kept of a run: its inputs, and its outcomes or what went wrong."""
    outcomes = {} if isinstance(came, str) else {k: float(v) for k, v in came.items()}
    error = came if isinstance(came, str) else None
    inputs = json.dumps(run.inputs)
    return {RUN: run.name, INPUTS: inputs, ERROR: error, SECONDS: seconds, **outcomes}


def missing(runs: Iterable[Run], store: Store, failed: bool = False) -> list[Run]:
    """Runs that aren't in the store, each once; if asked also those that failed."""
    there = store.names(failed=not failed)
    wanted = {run.name: run for run in runs}
    return [run for name, run in wanted.items() if name not in there]


def finish(
    runs: Iterable[Run], simulate: Simulate, store: Store, opened: Opened, window: int,
    heard: Heard = silent,
) -> Progress:  # fmt: skip
    """Do the runs that aren't in the store or failed, in this order, and keep them.

    Parameters
    ----------
    runs
        What is wanted.
    simulate
        What does a run in a worker: from its task to its outcomes by name.
    store
        Where finished runs are kept.
    opened
        Opens an executor; called again when its processes died.
    window
        How many runs are handed out at a time; a few for each worker.
    heard
        Is told how far it is.

    Raises
    ------
    UserError
        When the scheduler is lost, or a worker has another version of the program.
    """
    store.tidy()
    left = deque(missing(runs, store, failed=True))
    progress = Progress(of=len(left))
    keeping = _Keeping(store, progress, heard)
    suspects: deque[Run] = deque()
    deaths: Counter[str] = Counter()
    in_a_row = done = 0
    try:
        while left or suspects:
            alone = bool(suspects)
            queue = suspects if alone else left
            with opened() as executor:
                lost = _work(queue, simulate, executor, 1 if alone else window, keeping)
            for run in lost:
                deaths[run.name] += alone
                if deaths[run.name] >= DEATHS:
                    keeping.add(run, 0.0, DIED)
                else:
                    suspects.append(run)
            in_a_row = in_a_row + 1 if progress.done == done else 0
            done = progress.done
            if in_a_row >= HOPELESS:
                raise UserError(f"{DIED} {HOPELESS} times in a row; is there enough memory?")
    finally:
        keeping.keep(now=True)
    store.tidy()
    return progress


def _work(
    queue: deque[Run], simulate: Simulate, executor: Executor, window: int, keeping: _Keeping
) -> list[Run]:
    """Do the runs of a queue until it is empty or processes die; returns the runs that died."""
    under_way: dict[Future[Any], Run] = {}
    lost: list[Run] = []
    broken = False
    try:
        while under_way or (queue and not broken):
            while queue and not broken and len(under_way) < window:
                try:
                    future = executor.submit(attempt, simulate, queue[0].task)
                except BrokenExecutor:
                    broken = True
                else:
                    under_way[future] = queue.popleft()
            ready = wait(under_way, KEEP_SECONDS, FIRST_COMPLETED).done
            if under_way and not ready and is_lost(executor):
                raise UserError(LOST)
            for future in ready:
                run = under_way.pop(future)
                try:
                    seconds, came = future.result()
                    keeping.add(run, seconds, came)
                except (CancelledError, asyncio.CancelledError) as error:
                    raise UserError(LOST) from error
                except OtherProgramError as error:
                    raise UserError(str(error)) from error
                except BrokenExecutor:
                    broken = True
                    lost.append(run)
                except Exception as error:
                    if type(error).__name__ != "KilledWorker":  # Dask's: it died a few times
                        raise
                    lost.append(run)
            keeping.keep()
    except BaseException:
        for future in under_way:
            future.cancel()
        raise
    return lost


def attempt(simulate: Simulate, task: Task) -> tuple[float, Mapping[str, float] | str]:
    """Do a run in a worker: how long it took, and its outcomes or what went wrong."""
    began = time.perf_counter()
    try:
        came: Mapping[str, float] | str = simulate(task)
    except OtherProgramError:
        raise
    except Exception as error:
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        came = " ".join(f"{kind}{error}".split())[:LONGEST_ERROR]
    return time.perf_counter() - began, came
