"""The report on the fit: Dutch summary, English body, figures; made from tables alone.

    python -m calibration fit               tables of the fit
    python -m calibration check --write     the table of targets and hold-outs, and the years
    python -m calibration confirm           a few draws at full scale
    python -m calibration report            this report

Every statement follows from the tables: nothing is claimed that they don't hold. A table that isn't
there yet is named, with the command that makes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from calibration.check import BESIDE, PLACEBO, made_with
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, Target, read_targets
from siexsim.errors import UserError

REPORT: Final = "report.md"
NOTHING_LEARNT: Final = 0.9  # posterior over prior standard deviation, from which on
LITTLE_LEARNT: Final = 0.7


@dataclass(frozen=True)
class Tables:
    """What a report is made from; a table that isn't there is None."""

    targets: Mapping[str, Target]
    validation: pd.DataFrame
    made: Mapping[str, Any]
    fit: Mapping[str, Any] | None
    stale: tuple[str, ...]
    draws: pd.DataFrame | None
    waves: pd.DataFrame | None
    parameters: pd.DataFrame | None
    correlations: pd.DataFrame | None
    fitted: pd.DataFrame | None
    recovery: pd.DataFrame | None
    left_out: pd.DataFrame | None
    profiles: pd.DataFrame | None
    years: pd.DataFrame | None
    full_scale: pd.DataFrame | None

    def shown(self) -> pd.DataFrame:
        """The rows of the validation that the model carries, with `use` and `off`.

        `off` is the distance of the model's mean from the middle of the band, in half widths:
        within -1 and 1 is inside.
        """
        rows = self.validation[self.validation["mean"].notna()].copy()
        rows["use"] = [
            self.targets[name].use if name in self.targets else "" for name in rows.index
        ]
        half = (rows["high"] - rows["low"]) / 2
        rows["off"] = (rows["mean"] - (rows["low"] + rows["high"]) / 2) / half
        return rows

    def fitted_rows(self) -> pd.DataFrame:
        """Targets that the fit is held to."""
        shown = self.shown()
        return shown[~shown["holdout"] & (shown["use"] == "fitted")]

    def holdouts(self) -> dict[str, pd.DataFrame]:
        """Parts of each hold-out that count for its rule; one that isn't carried has a part too."""
        rows = self.validation[self.validation["holdout"] & ~self.validation.index.isin(BESIDE)]
        return {str(name): part for name, part in rows.groupby("row", sort=False)}

    def passed(self) -> dict[str, bool]:
        """Which hold-outs are passed: all their parts lie within their bands."""
        return {name: bool(part["inside"].all()) for name, part in self.holdouts().items()}

    def holdouts_passed(self) -> tuple[int, int]:
        """How many hold-outs are passed, of how many, the placebo aside."""
        found = {name: ok for name, ok in self.passed().items() if name != PLACEBO}
        return sum(found.values()), len(found)


def read_tables(out: Path, validation: Path, posterior: Path) -> Tables:
    """Read what there is.

    Raises
    ------
    UserError
        When there is no table of targets and hold-outs.
    """
    if not validation.exists():
        raise UserError(
            f"{validation} isn't there: make it with 'python -m calibration check --write'"
        )
    made = json.loads(validation.with_suffix(".json").read_text(encoding="utf-8"))
    fitted = posterior.exists() and made["posterior"] is not None
    beside = posterior.with_suffix(".json")

    def table(name: str, index: str | None = None) -> pd.DataFrame | None:
        path = out / f"{name}.csv"
        of_fit = name not in ("years", "full_scale")
        return (
            pd.read_csv(path, index_col=index) if path.exists() and (fitted or not of_fit) else None
        )

    return Tables(
        targets={**read_targets(TARGETS_FILE), **read_targets(HOLDOUTS_FILE)},
        validation=pd.read_csv(validation, index_col="name", keep_default_na=True),
        made=made,
        fit=json.loads(beside.read_text(encoding="utf-8")) if fitted else None,
        stale=_stale(made, posterior),
        draws=pd.read_parquet(posterior) if fitted else None,
        waves=table("waves", "wave"),
        parameters=table("parameters", "parameter"),
        correlations=table("correlations"),
        fitted=table("targets", "target"),
        recovery=table("recovery", "parameter"),
        left_out=table("left_out", "target"),
        profiles=table("profiles", "parameter"),
        years=table("years"),
        full_scale=table("full_scale", "name"),
    )  # fmt: skip


def _stale(made: Mapping[str, Any], posterior: Path) -> tuple[str, ...]:
    """What has changed since the table of targets and hold-outs was made."""
    now = made_with(posterior if posterior.exists() else None)
    return tuple(name for name, value in now.items() if made.get(name) != value)


def write_report(out: Path, validation: Path, posterior: Path) -> Path:
    """Write the report and its figures into a folder."""
    from calibration.report_figures import draw_all
    from calibration.report_summary import summary
    from calibration.report_text import body

    tables = read_tables(out, validation, posterior)
    out.mkdir(parents=True, exist_ok=True)
    figures = draw_all(tables, out)
    path = out / REPORT
    path.write_text(f"{summary(tables, figures)}\n\n{body(tables, figures)}\n", encoding="utf-8")
    return path
