"""Finished runs, kept: a sweep that is killed goes on where it was.

Runs lie in Parquet batches in a folder. A batch is written aside, flushed and moved into place, so
it is there whole or not at all. The name of a run follows from all that it depends on; a run that
is in two batches is the same in both, but where it failed in one: then the other counts.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from siexsim.errors import UserError

Row = Mapping[str, Any]
RUN: Final = "run"
ERROR: Final = "error"  # what went wrong in a run; nothing where it went well
SECONDS: Final = "seconds"
INPUTS: Final = "inputs"  # all that travels with a run, as one JSON text
_MANY: Final = 32  # batches that are put together when a sweep begins or ends
_FORGOTTEN_SECONDS: Final = 3600.0  # after this nobody writes a file aside any more


@dataclass(frozen=True)
class Store:
    """A folder of finished runs."""

    folder: Path

    def names(self, failed: bool = True) -> set[str]:
        """Names of the runs that are there; if asked only of those that didn't fail."""
        rows = self._read(lambda _: False).select([RUN, ERROR]).to_pydict()
        return {n for n, e in zip(rows[RUN], rows[ERROR], strict=True) if failed or not e}

    def rows(self, names: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
        """What is kept of these runs, in this order; runs that aren't there are left out.

        By default that is all but their inputs, which are long.
        """
        table = self._read(lambda name: name in columns if columns else name != INPUTS)
        place = {name: row for row, name in enumerate(table[RUN].to_pylist())}
        return table.take(pa.array([place[n] for n in names if n in place], pa.int64()))

    def keep(self, rows: Sequence[Row]) -> None:
        """Add finished runs as one batch."""
        self._move_in(_table(rows))

    def tidy(self) -> None:
        """Put many small batches together, and remove what a killed sweep left aside."""
        for path in self.folder.glob(".*"):
            with suppress(OSError):  # another sweep may tidy up here too
                if time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                    path.unlink()
        batches = self._batches()
        if len(batches) > _MANY:
            kept = self._move_in(self._read(lambda _: True))
            for path in batches:
                if path != kept:
                    path.unlink(missing_ok=True)

    def _batches(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _read(self, wanted: Callable[[str], bool]) -> pa.Table:
        """All runs, each once: their names and errors, and the columns that are wanted."""
        nothing = pa.table({name: pa.array([], pa.string()) for name in (RUN, ERROR)})
        batches = self._batches()
        try:
            tables = [_batch(path, wanted) for path in batches]
        except FileNotFoundError as error:
            if self._batches() == batches:
                raise UserError(f"{self.folder}: can't be read ({error})") from error
            # another sweep has put batches together since they were listed
            return self._read(wanted)
        table = pa.concat_tables([nothing, *tables], promote_options="permissive")
        errors = table[ERROR].to_pylist()
        best: dict[str, int] = {}
        for row, name in enumerate(table[RUN].to_pylist()):
            if name not in best or (errors[best[name]] and not errors[row]):
                best[name] = row
        return table if len(best) == len(table) else table.take(list(best.values()))

    def _move_in(self, table: pa.Table) -> Path:
        said = str([table[name].to_pylist() for name in (RUN, ERROR)])
        there = self.folder / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.parquet"
        move_in(table, there)
        return there


def move_in(table: pa.Table, there: Path) -> None:
    """Write a table aside, flush it and move it into place.

    Raises
    ------
    UserError
        When the folder can't be written, or the disk is full.
    """
    aside = there.with_name(f".{there.stem}-{os.getpid()}")
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(there)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise UserError(f"{there}: can't be written ({error.strerror or error})") from error


def _batch(path: Path, wanted: Callable[[str], bool]) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            # inputs were columns of their own once; outcomes are never text
            names = [
                one.name for one in file.schema_arrow
                if one.name in (RUN, ERROR) or (wanted(one.name) and one.type != pa.string())
            ]  # fmt: skip
            return file.read(names)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: can't be read ({reason}); remove it, and its runs are done again"
        ) from error


def _table(rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    columns = dict.fromkeys([RUN, ERROR, *(name for row in rows for name in row)])
    # inputs of very many runs together are longer than a common text column can be
    types = {INPUTS: pa.large_string()}
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], types.get(name)) for name in columns}
    )
