"""What the fit to Groningen left behind: how near the model comes to what was published."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

import pandas as pd

POSTERIOR: Final = "posterior.json"
VALIDATION: Final = "validation.csv"


def _read(name: str) -> str | None:
    try:
        return (files("calibration") / name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):  # the fit is a package beside this one
        return None


def is_calibrated() -> bool:
    """Whether there is a fit to Groningen."""
    return _read(POSTERIOR) is not None


def fit() -> dict[str, Any] | None:
    """What the fit says of itself; None where there is none."""
    text = _read(POSTERIOR)
    found = json.loads(text) if text is not None else None
    return found if isinstance(found, dict) else None


def validation() -> pd.DataFrame | None:
    """Every target and hold-out beside what the model says; None where it isn't written down."""
    path = files("calibration") / VALIDATION if _read(VALIDATION) is not None else None
    return pd.read_csv(str(path)) if path is not None else None
