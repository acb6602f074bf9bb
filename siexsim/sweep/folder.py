"""A sweep on disk: the study, its finished runs, and the table that is made of them.

``study.json`` is the study with all that it needs; ``runs/`` has the finished runs in batches;
``runs.parquet`` is the table of all runs in the order of the study, the same to the byte however
often the sweep was stopped and wherever it ran.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ValidationError

from siexsim.errors import UserError
from siexsim.evidence import first_fault
from siexsim.result import slug
from siexsim.sweep.executors import Opened
from siexsim.sweep.runs import Heard, Progress, Run, Simulate, finish, missing, silent
from siexsim.sweep.stamp import simulate, stamp
from siexsim.sweep.store import ERROR, INPUTS, RUN, SECONDS, Store, move_in
from siexsim.sweep.study import Study, in_order

STUDY: Final = "study.json"
TABLE: Final = "runs.parquet"
_RUNS: Final = "runs"


@dataclass(frozen=True)
class Status:
    """How far a sweep is: runs wanted, there, failed, and there that this study doesn't want.

    Runs of an earlier state of the program, or of a study that has changed, aren't wanted.
    """

    wanted: int
    there: int
    failed: int
    unwanted: int
    errors: dict[str, int]  # how often, by what went wrong


class _Kept(BaseModel):
    """What `STUDY` says."""

    program: str
    study: Study


@dataclass(frozen=True)
class Sweep:
    """A folder with a study and its runs."""

    folder: Path
    study: Study
    program: str  # stamp of the program and the data whose runs these are

    @classmethod
    def begin(cls, study: Study, out: str | Path) -> Sweep:
        """The sweep of a study, in a folder by its name; one that is there already goes on.

        If it was expanded it keeps its futures.
        """
        folder = Path(out) / slug(study.name)
        with suppress(UserError):  # one that isn't there, or can't be read, is begun
            there = cls.open(folder)
            study = there.study if there.is_of(study) else study
        return cls(folder, study, stamp()).written()

    @classmethod
    def open(cls, folder: str | Path) -> Sweep:
        """The sweep in a folder.

        Raises
        ------
        UserError
            When there is none, or its study can't be read.
        """
        try:
            text = (Path(folder) / STUDY).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UserError(f"{folder}: there is no sweep here ({STUDY} can't be read)") from error
        try:
            kept = _Kept.model_validate(json.loads(text))
        except ValueError as error:
            reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
            raise UserError(
                f"{folder}: {STUDY} is broken or of another version of siexsim ({reason}); "
                "siexsim sweep with the study's own file makes it anew"
            ) from error
        return cls(Path(folder), kept.study, kept.program)

    def written(self) -> Sweep:
        """Write down what the study is, and of which program."""
        content = {"program": self.program, "study": self.study.model_dump(mode="json")}
        said = json.dumps(content, indent=1, ensure_ascii=False)
        aside = self.folder / f".{STUDY}-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside.write_text(said + "\n", encoding="utf-8")
            aside.replace(self.folder / STUDY)
        except OSError as error:
            with suppress(OSError):
                aside.unlink()
            reason = error.strerror or str(error)
            raise UserError(f"{self.folder}: can't be written ({reason})") from error
        return self

    @property
    def is_of_now(self) -> bool:
        """Whether the program and its data are still those of the runs."""
        return self.program == stamp()

    def going_on(self) -> Sweep:
        """The same sweep with the program as it is now; runs of an earlier one don't count then."""
        return Sweep(self.folder, self.study, stamp()).written()

    def expanded(self, futures: int) -> Sweep:
        """The same sweep with more futures; what is there stays."""
        now = self.study.uncertainties.futures
        if futures <= now:
            raise UserError(f"there are {now} futures already; ask for more than that")
        if self.study.uncertainties.drawn_from:
            raise UserError("a study with drawn_from has one future a point; ask for more points")
        try:
            more = Study.model_validate(self.study.with_futures(futures).model_dump())
        except ValidationError as error:
            raise UserError(first_fault(error)) from error
        return Sweep(self.folder, more, stamp()).written()

    def is_of(self, study: Study) -> bool:
        """Whether a study, as its file says it now, is the one here; here may be more futures."""
        now = self.study.uncertainties.futures
        asked, here = (
            json.dumps(one.model_dump(mode="json")) for one in (study.with_futures(now), self.study)
        )
        return study.uncertainties.futures <= now and asked == here

    @property
    def store(self) -> Store:
        """The finished runs."""
        return Store(self.folder / _RUNS)

    @cached_property
    def runs(self) -> list[Run]:
        """All runs that are wanted, in the order of the study."""
        return list(self.study.runs(self.program))

    def finish(
        self, opened: Opened, window: int, heard: Heard = silent, simulate: Simulate = simulate
    ) -> Progress:  # fmt: skip
        """Do the runs that aren't there yet, and write the table of all."""
        progress = finish(in_order(self.runs), simulate, self.store, opened, window, heard)
        move_in(self.arrow(), self.folder / TABLE)
        return progress

    def status(self) -> Status:
        """How far the sweep is."""
        names = {run.name for run in self.runs}
        there = self.store.names()
        errors: dict[str, int] = {}
        for said in self.store.rows(sorted(names & there), [ERROR])[ERROR].to_pylist():
            if said:
                errors[said] = errors.get(said, 0) + 1
        return Status(
            len(names), len(names & there), sum(errors.values()), len(there - names), errors
        )

    def missing(self) -> int:
        """How many of the wanted runs aren't there yet."""
        return len(missing(self.runs, self.store))

    def arrow(self) -> pa.Table:
        """The wanted runs that are there, in the order of the study, with what travels with them.

        A run that two points share, since only the dummy differs, has a row for each.
        """
        rows = self.store.rows([run.name for run in self.runs])
        there = set(rows[RUN].to_pylist())
        runs = [run for run in self.runs if run.name in there]
        columns: dict[str, Any] = {RUN: [run.name for run in runs]}
        # read where they are: all of them put together for every run would fill the memory
        for name in dict.fromkeys(name for run in runs for name in (*run.own, *run.point)):
            columns[name] = [run.point.get(name, run.own.get(name)) for run in runs]
        outcomes = set(rows.column_names) - set(columns) - {SECONDS, INPUTS}
        for name in sorted(outcomes, key=_natural):
            columns[name] = (
                rows[name].combine_chunks().cast(pa.string() if name == ERROR else pa.float64())
            )
        return pa.table(columns)

    def table(self) -> pd.DataFrame:
        """The same as a data frame."""
        return self.arrow().to_pandas()


def _natural(name: str) -> list[str]:
    """Year 2 comes before year 10."""
    return [part.zfill(6) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
