"""A result on disk: one folder a run, written aside and moved into place when it is complete.

>>> import siexsim
>>> result = siexsim.load("results/noordoost-1a2b3c4d5e6f")  # doctest: +SKIP
>>> result.photo.head()  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from siexsim import __version__
from siexsim.compiled import fingerprint as code_fingerprint
from siexsim.disclosure import protect_all
from siexsim.errors import UserError
from siexsim.place import Place, load_place
from siexsim.protected_people import few_took_part
from siexsim.run import Outcome
from siexsim.scenario import Scenario
from siexsim.summary import summarise
from siexsim.tables import TABLES, tables
from siexsim.texts import text

MANIFEST: Final = "manifest.json"
SUMMARY: Final = "summary.json"


@dataclass(frozen=True, eq=False)
class Result:
    """A result as it lies on disk.

    Attributes
    ----------
    folder
        Where it lies.
    manifest, summary
        What was run and with what, and the few figures that matter most.
    place
        The municipality.
    tables
        All tables by name, see `siexsim.tables`; each is also an attribute, as ``result.photo``.
    """

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]
    place: Place
    tables: dict[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        try:
            return self.__dict__["tables"][name]
        except KeyError:
            raise AttributeError(f"a result has no '{name}'") from None


def slug(name: str) -> str:
    """Turn a name into a part of a file name: small letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-") or "scenario"


def destination(scenario: Scenario, folder_out: str | Path, lang: str = "en") -> Path:
    """Folder that the result of a scenario gets; made sure of before the run, not after it.

    Raises
    ------
    UserError
        When nothing can be written there, or something else is there.
    """
    out = Path(folder_out)
    there = out / f"{slug(scenario.name)}-{scenario.fingerprint()}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        trial = out / f".{there.name}.{os.getpid()}.trial"
        trial.mkdir()
        trial.rmdir()
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(text(lang, "error.out_file", path=out)) from error
    except (OSError, ValueError) as error:
        raise UserError(_denied(out, error, lang)) from error
    if there.exists() and not (there / MANIFEST).is_file():
        raise UserError(text(lang, "error.out_foreign", path=there))
    return there


def write(
    outcome: Outcome, folder_out: str | Path, seconds: float, lang: str = "en", raw: bool = False,
    figures: bool = True,
) -> Path:  # fmt: skip
    """Write everything that a run brought; the folder appears when it is complete.

    Parameters
    ----------
    outcome
        What `siexsim.run` gave.
    folder_out
        Folder in which the folder of this result is made.
    seconds
        How long the run took.
    lang
        Language of errors.
    raw
        Write tables of single households too, and no count rounded or hidden.
    figures
        Draw the figures too; that takes longer than writing the tables.

    Returns
    -------
    Path
        The folder of the result.
    """
    there = destination(outcome.scenario, folder_out, lang)
    aside = there.with_name(f".{there.name}.{os.getpid()}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        _fill(aside, outcome, seconds, raw, figures)
        _move(aside, there)
    except OSError as error:
        raise UserError(_denied(there, error, lang)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return there


def _denied(path: Path, error: Exception, lang: str) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return text(lang, "error.out_denied", path=path, reason=reason)


def _move(aside: Path, there: Path) -> None:
    old = there.with_name(f".{there.name}.{os.getpid()}.old")
    if there.exists():
        there.rename(old)
    try:
        aside.rename(there)
    except BaseException:
        if old.exists():
            old.rename(there)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fill(folder: Path, outcome: Outcome, seconds: float, raw: bool, figures: bool) -> None:
    made = tables(outcome)
    released = protect_all(made, raw)
    for name, table in released.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    _dump(folder / SUMMARY, summarise(outcome, released["months"]))
    _dump(folder / MANIFEST, manifest(outcome, seconds) | {
        "raw": raw, "few_participants": few_took_part(made["participants"])
    })  # fmt: skip
    if figures:
        from siexsim.plots import (
            draw_all,
        )  # matplotlib is slow to load; reading a result needs none

        draw_all(load(folder), folder)


def _dump(path: Path, content: dict[str, Any]) -> None:
    said = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(said + "\n", encoding="utf-8")


# Folders of data that a world is made of; the others are words, figures and plans.
WORLD: Final = ("groningen", "parameters", "shocks")


def data_fingerprint(folders: Collection[str] = ()) -> str:
    """Hash of the data that come with the program, or of some folders; 12 hexadecimal digits."""
    root = Path(__file__).parent / "data"
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if folders and path.relative_to(root).parts[0] not in folders:
            continue
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def manifest(outcome: Outcome, seconds: float) -> dict[str, Any]:
    """What was run, with which program and data, when and for how long."""
    scenario, fitted = outcome.scenario, outcome.scenario.posterior()
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    return {
        "scenario": scenario.model_dump(mode="json"),
        "fingerprint": scenario.fingerprint(),
        "seed": scenario.seed,
        "versions": {
            "siexsim": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "mesa")},
        },
        "code_fingerprint": code_fingerprint(),
        "data_fingerprint": data_fingerprint(),
        "posterior": None if fitted is None else fitted.said(),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "tables": list(TABLES),
    }


def load(path: str | Path, lang: str = "en") -> Result:
    """Read a result: its manifest, summary and tables.

    Parameters
    ----------
    path
        The folder that a run made.
    lang
        Language of errors.

    Raises
    ------
    UserError
        When there is no result, or a part of it can't be read.
    """
    folder = Path(path)
    if folder.name in (MANIFEST, SUMMARY):
        folder = folder.parent
    said = read_said(folder, lang)
    frames = {}
    for name in TABLES:
        file = folder / f"{name}.parquet"
        try:
            frames[name] = pd.read_parquet(file)
        except (OSError, ValueError) as error:
            message = text(lang, "error.broken_result", path=folder, file=file.name)
            raise UserError(message) from error
    place = load_place(said[MANIFEST]["scenario"]["place"])
    return Result(folder, said[MANIFEST], said[SUMMARY], place, frames)


def read_said(path: str | Path, lang: str = "en") -> dict[str, dict[str, Any]]:
    """Read the manifest and the summary of a result, by the names of their files."""
    folder = Path(path)
    if folder.name in (MANIFEST, SUMMARY):
        folder = folder.parent
    _check_folder(folder, lang)
    said = {}
    for name in (MANIFEST, SUMMARY):
        try:
            said[name] = json.loads((folder / name).read_text(encoding="utf-8"))
            if not isinstance(said[name], dict):
                raise ValueError(name)
        except (OSError, ValueError) as error:
            message = text(lang, "error.broken_result", path=folder, file=name)
            raise UserError(message) from error
    return said


def _check_folder(folder: Path, lang: str) -> None:
    try:
        if not folder.exists():
            raise UserError(text(lang, "error.no_result", path=folder))
        if (folder / MANIFEST).is_file():
            return
        near = sorted(folder.glob(f"*/{MANIFEST}"), key=lambda p: p.stat().st_mtime)
    except UserError:
        raise
    except (OSError, ValueError) as error:  # a name no file can have
        raise UserError(text(lang, "error.no_result", path=folder)) from error
    if near:
        raise UserError(text(lang, "error.not_result_but", path=folder, near=near[-1].parent))
    raise UserError(text(lang, "error.not_result", path=folder, file=MANIFEST))
