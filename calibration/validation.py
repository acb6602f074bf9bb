"""The kept table of targets and hold-outs beside the model, as the package ships it."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from typing import Any, Final

import pandas as pd

from calibration.check import Row
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets
from siexsim.compiled import rules_fingerprint
from siexsim.errors import UserError

TABLE: Final = "validation.csv"
MADE_BY: Final = "validation.json"


def read_validation(folder: Traversable | None = None) -> tuple[list[Row], dict[str, Any]] | None:
    """Read the kept table and what made it; None where there is none.

    What was published, and its band, are those of the program's own targets: a target that came
    since is there without the model's figure, and one that is gone is left out.
    """
    there = folder or files("calibration")
    file, beside = there / TABLE, there / MADE_BY
    if not file.is_file():
        return None
    try:
        table = pd.read_csv(
            StringIO(file.read_text(encoding="utf-8")), index_col="name", comment="#"
        )
        numbers = table[["mean", "p05", "p95", "noise_sd"]].astype(float)
        numbers["seeds"] = table["seeds"].fillna(0).astype(int)
        made_by = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise UserError(
            f"calibration/{TABLE} can't be read ({reason}); make it anew with: "
            "python -m calibration check --write"
        ) from error
    kept = {str(one.Index): one for one in numbers.itertuples()}
    rows = []
    for path, holdout in ((TARGETS_FILE, False), (HOLDOUTS_FILE, True)):
        for name, target in read_targets(path).items():
            at: Any = kept.get(name)
            rows.append(
                Row(target, holdout)
                if at is None
                else Row(target, holdout, at.mean, at.p05, at.p95, at.noise_sd, int(at.seeds))
            )
    return rows, made_by


def is_stale(made_by: dict[str, Any]) -> bool:
    """Whether other rules made the table than the program has now."""
    return bool(made_by.get("rules_fingerprint") != rules_fingerprint())
