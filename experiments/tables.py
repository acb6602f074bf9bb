"""The tables under ``results/findings``, found by name, and the parts of a summary of them.

Every study has a folder of its own. Beside its tables ``origin.json`` says of each command with
which study, how many runs and which state of the program it made them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from experiments import words
from siexsim.errors import UserError
from siexsim.sweep.folder import Sweep
from siexsim.sweep.stamp import stamp
from siexsim.texts import number

ORIGIN = "origin.json"
SETS = ("sceptical", "evidence", "ipw")


def write_origin(sweep: Sweep, command: str, out: Path) -> None:
    """Keep beside the tables how a command made them; what other commands said stays."""
    scenarios = list(sweep.study.scenarios.values())
    said = read_json(out / ORIGIN)
    # a search has runs beside those of the design
    runs = sweep.store.names() if command == "robust" else sweep.runs
    futures = {run.task["future"] for run in sweep.runs}
    said[command] = {
        "study": sweep.study.name, "method": sweep.study.design.method, "runs": len(runs),
        "sample": scenarios[0]["sample"], "years": scenarios[0]["years"],
        "futures": len(futures), "program": sweep.program,
    }  # fmt: skip
    (out / ORIGIN).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """What a file says; nothing where it isn't there.

    Raises
    ------
    UserError
        When it can't be read.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: can't be read ({error})") from error


@dataclass(frozen=True)
class Part:
    """A part of a summary: sentences and at most one table, and the files these come from."""

    head: str
    said: list[str]
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""
    lead: bool = False


@dataclass(frozen=True)
class Findings:
    """A folder of findings; `read` tells of every table which file it is."""

    folder: Path
    lang: str

    def say(self, key: str, **values: object) -> str:
        """A text of the summary."""
        return words.say(self.lang, "summary", key, **values)

    def read(self, name: str) -> list[tuple[Path, pd.DataFrame]]:
        """Tables of this name in the folders of the studies; an empty one counts as not there."""
        paths = [one for one in sorted(self.folder.glob(f"*/{name}")) if one.stat().st_size > 1]
        found = [(path, pd.read_csv(path)) for path in paths]
        return [(path, table) for path, table in found if len(table)]

    def origin(self, path: Path, command: str) -> dict[str, Any]:
        """How a command made a table: study, runs, sample, years, futures; nothing if not known."""
        return dict(read_json(path.parent / ORIGIN).get(command, {}))

    def sources(self, paths: Sequence[Path], *commands: str) -> str:
        """From which files something comes, of which runs, and whether the model is another now."""
        files = ", ".join(path.relative_to(self.folder).as_posix() for path in paths)
        said, earlier = [self.say("sources", files=files)], []
        for folder in dict.fromkeys(path.parent for path in paths):
            origins = read_json(folder / ORIGIN)
            for one in [origins[command] for command in commands if command in origins][:1]:
                key = "origin_all" if one["sample"] == 1 else "origin"
                numbers = {n: number(self.lang, one[n]) for n in ("runs", "sample", "futures")}
                said.append(self.say(key, study=one["study"], **numbers))
                earlier += [one["study"]] if one["program"] != stamp() else []
        if earlier:
            said.append(self.say("earlier", studies=", ".join(earlier)))
        return " ".join(said)

    def missing(self, head: str, command: str) -> Part:
        """A part of which the study wasn't done."""
        return Part(self.say(head), [self.say("not_run", command=command)])
