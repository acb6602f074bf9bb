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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import __version__
from siexsim.account import HORIZONS_MONTHS, VIEWS
from siexsim.compiled import fingerprint as code_fingerprint
from siexsim.errors import UserError
from siexsim.household import month_text
from siexsim.items import PAYERS
from siexsim.photo import WORLDS, months_table, participants_table, photo_table
from siexsim.place import Place, load_place
from siexsim.population import Population, synthesise
from siexsim.run import Outcome, World
from siexsim.scenario import Scenario
from siexsim.texts import text

MANIFEST: Final = "manifest.json"
SUMMARY: Final = "summary.json"
TABLES: Final = (
    "photo", "months", "ledger", "account", "futures", "bands", "participants", "fit",
)  # fmt: skip
QUANTILES: Final = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


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
    photo, months
        What was counted: a year, wijk and world; and a month and world.
    ledger
        Every euro by month, wijk, payer, item and world, in the run with central numbers.
    account
        The account per month, in the run with central numbers.
    futures, bands
        One row a future; and the balance per month and view over all futures.
    participants
        One row a course of help. The gain of a household that took several courses is
        divided over them by their cost, so that columns add up.
    fit
        How the households at the start compare with the published margins.
    """

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]
    place: Place
    photo: pd.DataFrame
    months: pd.DataFrame
    ledger: pd.DataFrame
    account: pd.DataFrame
    futures: pd.DataFrame
    bands: pd.DataFrame
    participants: pd.DataFrame
    fit: pd.DataFrame


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


def write(outcome: Outcome, folder_out: str | Path, seconds: float, lang: str = "en") -> Path:
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
        _fill(aside, outcome, seconds)
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


def _fill(folder: Path, outcome: Outcome, seconds: float) -> None:
    for name, table in tables(outcome).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    _dump(folder / SUMMARY, summarise(outcome))
    _dump(folder / MANIFEST, manifest(outcome, seconds))
    from siexsim.plots import draw_all  # matplotlib is slow to load; reading a result needs none

    draw_all(load(folder), folder)


def _dump(path: Path, content: dict[str, Any]) -> None:
    said = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(said + "\n", encoding="utf-8")


def data_fingerprint() -> str:
    """Hash of all data that come with the program; 12 hexadecimal digits."""
    root = Path(__file__).parent / "data"
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def manifest(outcome: Outcome, seconds: float) -> dict[str, Any]:
    """What was run, with which program and data, when and for how long."""
    scenario = outcome.scenario
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
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "tables": list(TABLES),
    }


def _over_futures(values: NDArray[np.float64]) -> dict[str, float]:
    return {key: round(float(np.quantile(values, q)), 2) for key, q in QUANTILES.items()}


def _payback(months: NDArray[np.float64]) -> dict[str, Any]:
    """Quantiles and shares of payback; never counts as infinitely late, and shows as null."""
    said: dict[str, Any] = {}
    for key, q in QUANTILES.items():
        value = float(np.quantile(months, q, method="higher"))
        said[key] = int(value) if np.isfinite(value) else None
    within = {str(h): round(float((months <= h).mean()), 4) for h in HORIZONS_MONTHS}
    in_run = round(float(np.isfinite(months).mean()), 4)
    return {**said, "share_within": within, "share_in_run": in_run}


def _made(outcome: Outcome) -> Population:
    """The households of the start; made already in this process, so quick."""
    scenario = outcome.scenario
    return synthesise(outcome.place, scenario.seed, sample=scenario.sample)


def summarise(outcome: Outcome) -> dict[str, Any]:
    """Make the few figures that others read; their names are a contract."""
    scenario, weight = outcome.scenario, outcome.without.weight

    def counted(name: str) -> dict[str, int | None]:
        ends = [outcome.without, outcome.with_plan]
        end_without, end_with = (
            None if world is None else int(world.census[-1][name].sum()) * weight for world in ends
        )
        start = int(outcome.without.census[0][name].sum()) * weight
        return {"start": start, "end_without": end_without, "end_with": end_with}

    summary: dict[str, Any] = {
        "name": scenario.name,
        "households": len(_made(outcome).households) * weight,
        "months": scenario.months(),
        "seed": scenario.seed,
        "futures": len(outcome.futures),
        "effects": scenario.effects,
        "sample": scenario.sample,
        "people_in_poverty": counted("poor_persons"),
        "welfare_households": counted("welfare_households"),
        "invested_eur": None,
        "returned_eur": None,
        "payback_months": None,
    }
    if outcome.futures:
        futures = futures_table(outcome)
        summary["invested_eur"] = _over_futures(futures["invested_eur"].to_numpy(float))
        summary["returned_eur"] = {
            payer: _over_futures(futures[f"returned_{payer}_eur"].to_numpy(float))
            for payer in PAYERS
        }
        late = futures[[f"payback_months_{view}" for view in VIEWS]].fillna(np.inf).to_numpy(float)
        summary["payback_months"] = {view: _payback(late[:, k]) for k, view in enumerate(VIEWS)}
    return summary


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """All tables of a result by name; those about a plan are empty where there is none."""
    place = outcome.place
    worlds = {"without": outcome.without}
    if outcome.with_plan is not None:
        worlds["with"] = outcome.with_plan
    account = outcome.account
    return {
        "photo": photo_table(worlds, place),
        "months": months_table(worlds),
        "ledger": ledger_table(worlds),
        "account": pd.DataFrame({"month": []}) if account is None else account.frame(),
        "futures": futures_table(outcome),
        "bands": bands_table(outcome),
        "participants": participants_table(outcome),
        "fit": _made(outcome).fit,
    }


def ledger_table(worlds: dict[str, World]) -> pd.DataFrame:
    """All lines of money of the worlds of a run."""
    parts = {name: world.ledger.frame() for name, world in worlds.items()}
    table = pd.concat(parts.values(), ignore_index=True)
    names = np.repeat(list(parts), [len(part) for part in parts.values()])
    table["world"] = pd.Categorical(names, list(WORLDS))
    return table


def futures_table(outcome: Outcome) -> pd.DataFrame:
    """One row a future; payback is not a number where the balance doesn't come back."""
    columns = ["number", "seed", "invested_eur", *(f"returned_{p}_eur" for p in PAYERS)]
    for view in VIEWS:
        columns += [f"payback_months_{view}", f"deepest_eur_{view}", f"end_eur_{view}"]
    rows = []
    for future in outcome.futures:
        account = future.account
        row: list[Any] = [future.number, future.seed, float(account.invested.sum())]
        row += account.returned.sum(axis=0).tolist()
        for view in VIEWS:
            back = account.payback_months(view)
            row += [np.nan if back is None else float(back)]
            row += [account.deepest_eur(view), account.end_eur(view)]
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)


def bands_table(outcome: Outcome) -> pd.DataFrame:
    """Balance per month and view: the middle of all futures and the band of 8 in 10."""
    parts = [pd.DataFrame({"month": [], "view": [], **{key: [] for key in QUANTILES}})]
    for view in VIEWS if outcome.futures else ():
        balances = np.array([future.account.balance[view] for future in outcome.futures])
        low, middle, high = np.quantile(balances, list(QUANTILES.values()), axis=0)
        start = outcome.without.start
        months = [month_text(start + k) for k in range(len(middle))]
        parts.append(
            pd.DataFrame({"month": months, "view": view, "p10": low, "p50": middle, "p90": high})
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)


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
    return Result(folder, said[MANIFEST], said[SUMMARY], place, **frames)


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
