"""Targets and hold-outs as data: what was published, and how near the model must come."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from siexsim.errors import UserError, did_you_mean

FOLDER: Final = Path(__file__).parent
TARGETS_FILE: Final = FOLDER / "targets.toml"
HOLDOUTS_FILE: Final = FOLDER / "holdouts.toml"

# How a row is used: the fit is held to it; it holds by construction; it is only laid beside the
# model; or the model can't carry it.
USES: Final = ("fitted", "margin", "compared", "not_carried")
# Public file, public page, council debate, general knowledge, derived here.
GRADES: Final = ("F", "P", "B", "U", "D")


@dataclass(frozen=True)
class Target:
    """A published figure that the model is held against.

    Attributes
    ----------
    name
        Such as "C8" or "C7_one_parent"; what comes before "_" is the row of the research notes.
    value, low, high
        The figure and the band within which the model agrees; not a number where it isn't carried.
    unit
        Unit of these three, which the quantity has too.
    year, month
        Date of the figure; month 0 is the whole year.
    definition, source, grade
        What was counted, by whom (`sources.csv`), and the class of the research notes.
    quantity
        Name in ``calibration.quantities.QUANTITIES``; empty where the model can't carry it.
    use
        One of `USES`.
    words, woorden
        What it is, for people, in English and Dutch.
    note, toelichting
        How the model's quantity differs, or why there is none.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    year: int
    definition: str
    source: str
    grade: str
    quantity: str
    use: str
    words: str
    woorden: str
    month: int = 0
    note: str = ""
    toelichting: str = ""

    @property
    def row(self) -> str:
        """Row of the research notes, such as "C7"."""
        return self.name.partition("_")[0]

    @property
    def half_width(self) -> float:
        """Half of the band; the tolerance of a fit."""
        return (self.high - self.low) / 2

    def holds(self, value: float) -> bool:
        """Whether a value lies within the band."""
        return self.low <= value <= self.high


def read_targets(path: Path) -> dict[str, Target]:
    """Read targets or hold-outs by name.

    Raises
    ------
    UserError
        When a row is incomplete or contradicts itself.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path.name}: {error}") from error
    return {name: _target(name, table, path.name) for name, table in tables.items()}


def fitted(targets: dict[str, Target]) -> dict[str, Target]:
    """Only the targets that the fit is held to."""
    return {name: target for name, target in targets.items() if target.use == "fitted"}


def _target(name: str, table: dict[str, Any], origin: str) -> Target:
    known = [field.name for field in fields(Target)]
    for key in table:
        if key not in known:
            raise UserError(f"{origin}: {name}: unknown '{key}'{did_you_mean(key, known)}")
    numbers = {key: float(table.get(key, math.nan)) for key in ("value", "low", "high")}
    try:
        target = Target(name=name, **{**table, **numbers})
    except TypeError as error:
        raise UserError(f"{origin}: {name}: {error}") from error
    fault = _fault(target)
    if fault:
        raise UserError(f"{origin}: {name}: {fault}")
    return target


def _fault(target: Target) -> str:
    for key in ("unit", "definition", "source", "words", "woorden"):
        if not getattr(target, key).strip():
            return f"'{key}' is empty"
    if target.use not in USES:
        return f"'use' is '{target.use}'{did_you_mean(target.use, USES)}"
    if target.grade not in GRADES:
        return f"'grade' must be one of {', '.join(GRADES)}"
    if bool(target.note) != bool(target.toelichting):
        return "a note is needed in both languages"
    if target.use == "not_carried":
        if target.quantity:
            return "what isn't carried has no quantity"
        return "" if target.note else "say in 'note' why it isn't carried"
    if not target.quantity:
        return "'quantity' is empty"
    if not target.low <= target.value <= target.high or target.low == target.high:
        return f"value {target.value} must lie within a band, {target.low} to {target.high}"
    return ""
