"""Finished runs, kept: a fit that is killed goes on where it was.

Runs lie in Parquet batches of a folder. A batch is written aside, flushed and moved into place, so
it is there whole or not at all; a kill loses the batch in flight and nothing else. What a run is
called follows from what it depends on; a run that is there is never done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Simulate = Callable[[Mapping[str, float], int, int], dict[str, float]]
BATCH: Final = 8  # finished runs that are written together


@dataclass(frozen=True)
class Run:
    """One run of the simulation that is wanted."""

    values: Mapping[str, float]
    seed: int
    sample: int

    def name(self, stamp: str) -> str:
        """What this run is called: a hash of all it depends on. `stamp` stands for the program."""
        asked = {k: float(v).hex() for k, v in sorted(self.values.items())}
        text = json.dumps([asked, self.seed, self.sample, stamp])
        return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Store:
    """A folder of finished runs, made by one state of the program (`stamp`)."""

    folder: Path
    stamp: str

    def found(self) -> dict[str, dict[str, float]]:
        """Outcomes of the finished runs, by the name of the run."""
        runs: dict[str, dict[str, float]] = {}
        for path in sorted(self.folder.glob("*.parquet")):
            for row in pq.read_table(path).to_pylist():
                runs[row["run"]] = json.loads(row["outcomes"])
        return runs

    def keep(self, finished: Mapping[str, Mapping[str, float]]) -> None:
        """Add finished runs, as one batch that is there whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        table = pa.table(
            {
                "run": list(finished),
                "outcomes": [json.dumps(dict(one)) for one in finished.values()],
            }
        )
        name = hashlib.sha256("".join(finished).encode()).hexdigest()[:16]
        aside = self.folder / f".{name}-{os.getpid()}"
        with aside.open("wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.folder / f"{name}.parquet")


def outcomes(
    store: Store, simulate: Simulate, runs: Sequence[Run], pool: Executor, words: str
) -> pd.DataFrame:
    """Outcomes of runs, in the order asked; those that are not in the store are done and kept."""
    names = [run.name(store.stamp) for run in runs]
    found = store.found()
    missing = {n: run for n, run in zip(names, runs, strict=True) if n not in found}
    if missing:
        for finished in _batches(simulate, missing, pool, words):
            store.keep(finished)
            found |= finished
    return pd.DataFrame([found[name] for name in names])


def _batches(
    simulate: Simulate, runs: Mapping[str, Run], pool: Executor, words: str
) -> Iterator[dict[str, dict[str, float]]]:
    """Do runs, those of a seed after each other: workers keep the population of a seed."""
    waiting = sorted(runs.items(), key=lambda item: item[1].seed)
    began, done = time.monotonic(), 0
    under_way: dict[Future[dict[str, float]], str] = {}
    finished: dict[str, dict[str, float]] = {}
    while waiting or under_way:
        while waiting and len(under_way) < BATCH:
            name, run = waiting.pop(0)
            under_way[pool.submit(simulate, dict(run.values), run.seed, run.sample)] = name
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            finished[under_way.pop(future)] = future.result()
        if len(finished) >= BATCH or not (waiting or under_way):
            done += len(finished)
            yield finished
            finished = {}
            _tell(words, done, len(runs), time.monotonic() - began)


def _tell(words: str, done: int, of: int, seconds: float) -> None:
    rate = done / max(seconds, 1e-9)
    left = round((of - done) / rate)
    sys.stderr.write(
        f"{words}: {done} of {of} runs, {rate:.1f} a second, {left // 60}:{left % 60:02d} left\n"
    )
    sys.stderr.flush()
