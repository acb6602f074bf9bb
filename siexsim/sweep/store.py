"""Finished runs, kept: a sweep that is killed goes on where it was.

Runs lie in Parquet batches in a folder. A batch is written aside, flushed and moved into place, so
it is there whole or not at all. The name of a run follows from all that it depends on; a run that
is in two batches is the same in both.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, Any]
RUN: Final = "run"
ERROR: Final = "error"  # what went wrong in a run; nothing where it went well
SECONDS: Final = "seconds"
_MANY: Final = 32  # batches that are put together when a sweep begins or ends
_FORGOTTEN_SECONDS: Final = 3600.0  # after this nobody writes a file aside any more


@dataclass(frozen=True)
class Store:
    """A folder of finished runs."""

    folder: Path

    def names(self) -> set[str]:
        """Names of the runs that are there, failed ones too."""
        return set(self._read([RUN])[RUN].to_pylist())

    def rows(self, names: Sequence[str], columns: list[str] | None = None) -> pa.Table:
        """What is kept of these runs, in this order; runs that aren't there are left out."""
        table = self._read(columns and [RUN, *columns])
        place = {name: row for row, name in enumerate(table[RUN].to_pylist())}
        return table.take(pa.array([place[n] for n in names if n in place], pa.int64()))

    def keep(self, rows: Sequence[Row]) -> None:
        """Add finished runs as one batch."""
        self._move_in(_table(rows))

    def tidy(self) -> None:
        """Put many small batches together, and remove what a killed sweep left aside."""
        for path in self.folder.glob(".*"):
            if time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                path.unlink(missing_ok=True)
        batches = self._batches()
        if len(batches) > _MANY:
            kept = self._move_in(self._read())
            for path in batches:
                if path != kept:
                    path.unlink(missing_ok=True)

    def _batches(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _read(self, columns: list[str] | None = None) -> pa.Table:
        nothing = pa.table({RUN: pa.array([], pa.string())})
        batches = (pq.read_table(path, columns=columns) for path in self._batches())
        table = pa.concat_tables([nothing, *batches], promote_options="permissive")
        first: dict[str, int] = {}
        for row, name in enumerate(table[RUN].to_pylist()):
            first.setdefault(name, row)
        return table if len(first) == len(table) else table.take(list(first.values()))

    def _move_in(self, table: pa.Table) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        names = "".join(table[RUN].to_pylist())
        there = self.folder / f"{hashlib.sha256(names.encode()).hexdigest()[:16]}.parquet"
        move_in(table, there)
        return there


def move_in(table: pa.Table, there: Path) -> None:
    """Write a table aside, flush it and move it into place."""
    aside = there.with_name(f".{there.stem}-{os.getpid()}")
    with aside.open("wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(there)


def _table(rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    columns = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in columns})
