"""A number with its evidence: value, unit, range, source, grade; without these it isn't read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siexsim.errors import UserError

GRADES: Final = ("A", "B", "C", "D", "assumption")
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


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


class Assumption(BaseModel):
    """A user's own number in place of a packaged one, with where it comes from.

    With `low` and `high` futures draw it from a triangle over that range; without them it is held.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: _Number
    source: str = Field(min_length=1, max_length=2000)
    low: _Number | None = None
    high: _Number | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Assumption:
        if not self.source.strip():
            raise ValueError("'source' is empty")
        if (self.low is None) != (self.high is None):
            raise ValueError("a range needs both 'low' and 'high'")
        if self.low is not None and self.high is not None:
            if not self.low <= self.value <= self.high:
                raise ValueError(f"value {self.value:g} lies outside {self.low:g} to {self.high:g}")
            if self.low == self.high:
                raise ValueError("'low' and 'high' are the same; leave them out to hold a number")
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


def packaged_files(folder: str) -> Iterator[tuple[str, str]]:
    """Name, without its ending, and text of each TOML file in a folder of the data, in order."""
    there = files("siexsim") / "data" / folder
    for path in sorted(there.iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".toml"):
            yield path.name.removesuffix(".toml"), path.read_text(encoding="utf-8")
