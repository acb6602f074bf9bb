"""Every number about the world, with its value, unit, range, source, grade and place of use.

The numbers live in ``data/parameters/THEME.toml``, one table a parameter. A number without a
source or a grade doesn't load. Rules see them by value, as ``p.theme.name``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from siexsim import draws
from siexsim.errors import UserError, did_you_mean

GRADES: Final = ("A", "B", "C", "D", "assumption")
RULE_THEMES: Final = (
    "life", "work", "income", "money", "housing", "stress", "children", "services", "prices",
    "help",
)  # fmt: skip
POPULATION: Final = "population"
EFFECT_SETS: Final = ("evidence", "sceptical", "ipw")


class Parameter(BaseModel):
    """One number with its evidence.

    `grade` is A (randomised or register evidence), B (quasi-experiment, strong statistics),
    C (before-after, small study), D (no usable evidence) or "assumption".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    theme: str
    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    grade: Literal["A", "B", "C", "D", "assumption"]
    used_in: str
    meaning: str
    betekenis: str
    fixed: bool = False  # a definition or a law: not drawn in futures

    @property
    def key(self) -> str:
        """Full name, such as "work.job_loss_flex"."""
        return f"{self.theme}.{self.name}"

    @model_validator(mode="after")
    def _is_complete(self) -> Parameter:
        for text in ("unit", "source", "used_in", "meaning", "betekenis"):
            if not getattr(self, text).strip():
                raise ValueError(f"'{text}' is empty")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value} lies outside {self.low} to {self.high}")
        return self


def first_fault(error: ValidationError) -> str:
    """Say a schema library's first complaint in one plain line."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def read_table(tables: Mapping[str, Any], theme: str, origin: str) -> list[Parameter]:
    """Make the parameters of one theme from tables already read."""
    parameters = []
    for name, table in tables.items():
        try:
            parameters.append(Parameter(theme=theme, name=name, **table))
        except (ValidationError, TypeError) as error:
            said = first_fault(error) if isinstance(error, ValidationError) else str(error)
            raise UserError(f"{origin}: parameter '{name}': {said}") from error
    return parameters


@cache
def _packaged() -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    data = files("siexsim") / "data"
    for kind in ("parameters", "interventions"):
        for path in sorted((data / kind).iterdir(), key=lambda entry: entry.name):
            if path.name.endswith(".toml"):
                theme = path.name.removesuffix(".toml")
                tables = tomllib.loads(path.read_text(encoding="utf-8"))
                tables = tables.get("numbers", {}) if kind == "interventions" else tables
                for parameter in read_table(tables, theme, path.name):
                    found[parameter.key] = parameter
    return found


@dataclass(frozen=True)
class Parameters(Mapping[str, Parameter]):
    """All parameters by full name; changing one gives a new set.

    >>> p = Parameters.packaged().with_({"stress.noise_width": 0.12})
    >>> p.value("stress.noise_width")
    0.12
    """

    entries: Mapping[str, Parameter]

    @classmethod
    def packaged(cls) -> Parameters:
        """The parameters that come with the program."""
        return cls(_packaged())

    def __getitem__(self, key: str) -> Parameter:
        if key not in self.entries:
            raise UserError(f"unknown parameter '{key}'{did_you_mean(key, self.entries)}")
        return self.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def value(self, key: str) -> float:
        """Value of one parameter in its own unit."""
        return self[key].value

    def with_(self, changes: Mapping[str, float]) -> Parameters:
        """Replace values; refuses unknown names and values outside the plausible range."""
        entries = dict(self.entries)
        for key, value in changes.items():
            old = self[key]
            is_number = isinstance(value, int | float | np.integer) and not isinstance(value, bool)
            if not (is_number and math.isfinite(value)):
                raise UserError(f"parameter '{key}': {value!r} is not a number")
            if not old.low <= value <= old.high:
                raise UserError(
                    f"parameter '{key}': {value:g} {old.unit} is out of bounds; "
                    f"{old.low:g} to {old.high:g} is plausible"
                )
            entries[key] = old.model_copy(update={"value": float(value)})
        return replace(self, entries=entries)

    def with_set(self, name: str) -> Parameters:
        """Apply one of the packaged sets of overrides (effect sets); futures don't vary these."""
        changed = self.with_(override_set(name))
        held = {key: changed[key].model_copy(update={"fixed": True}) for key in override_set(name)}
        return replace(self, entries={**changed.entries, **held})

    def drawn(self, seed: int, future: int) -> Parameters:
        """Draw every free parameter from a triangle over its range, for one future.

        Future 0 keeps the central values. The theme "population" isn't drawn: all futures start
        from the same households.
        """
        if future == 0:
            return self
        free = [
            key
            for key in sorted(self)
            if not self[key].fixed
            and self[key].high > self[key].low
            and self[key].theme != POPULATION
        ]
        identities = np.array([stable_number(key) for key in free], np.uint64)
        u = draws.uniform(seed, identities, future, draws.FUTURE_FIRST)
        return self.with_(
            {key: _triangle(float(v), self[key]) for key, v in zip(free, u, strict=True)}
        )

    def table(self, theme: str | None = None, grade: str | None = None) -> pd.DataFrame:
        """Tabulate the parameters, if asked only those of one theme or grade."""
        themes = sorted({p.theme for p in self.values()})
        if theme is not None and theme not in themes:
            raise UserError(f"unknown theme '{theme}'{did_you_mean(theme, themes)}")
        if grade is not None and grade not in GRADES:
            raise UserError(f"unknown grade '{grade}'{did_you_mean(grade, GRADES)}")
        rows = [
            p.model_dump()
            for p in self.values()
            if theme in (None, p.theme) and grade in (None, p.grade)
        ]
        return pd.DataFrame(rows, columns=list(Parameter.model_fields))

    def compiled(self) -> Any:
        """The values of the rules' themes as one nested record, read as ``p.theme.name``."""
        values = np.zeros(1, _layout()).view(np.recarray)
        for theme in RULE_THEMES:
            for name in _layout()[theme].names or ():
                values[theme][name] = self.value(f"{theme}.{name}")
        return values[0]


def _triangle(u: float, p: Parameter) -> float:
    width = p.high - p.low
    cut = (p.value - p.low) / width
    if u < cut:
        return p.low + math.sqrt(u * width * (p.value - p.low))
    return p.high - math.sqrt((1 - u) * width * (p.high - p.value))


def stable_number(text: str) -> int:
    """A 64-bit number from a text, the same in every process and on every machine."""
    number = 0xCBF29CE484222325  # FNV-1a
    for byte in text.encode():
        number = ((number ^ byte) * 0x100000001B3) % 2**64
    return number


@cache
def override_set(name: str) -> Mapping[str, float]:
    """Values that an effect set puts in place of the graded central ones."""
    if name not in EFFECT_SETS:
        raise UserError(f"unknown effect set '{name}'{did_you_mean(name, EFFECT_SETS)}")
    text = (files("siexsim") / "data" / "effect_sets.toml").read_text(encoding="utf-8")
    return {key: float(entry["value"]) for key, entry in tomllib.loads(text)[name].items()}


@cache
def _layout() -> np.dtype[Any]:
    return np.dtype(
        [
            (theme, [(p.name, "f8") for p in _packaged().values() if p.theme == theme])
            for theme in RULE_THEMES
        ]
    )
