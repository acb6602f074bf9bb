"""Shocks: what happens to everybody at once, dated and composable (requirement C3).

A packaged shock is a data file: numbers with their evidence, each the effect at its height, and
a profile that says which share of it is felt in every month since the start. Factors multiply
and additions add, so that several shocks compose. A shock of one's own gives its effects by month.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import Parameter, first_fault, packaged_files, read_table
from siexsim.household import month_number

# What a shock may change. "support_lose" is what measures make of "lose", and so on.
FACTORS: Final = (
    "unemployment", "lose", "find", "rehousing", "needs", "energy",
    "support_lose", "support_find", "support_rehousing", "support_needs", "support_energy",
)  # fmt: skip
ADDITIONS: Final = ("isolation", "energy_allowance_eur")
EFFECTS: Final = (*FACTORS, *ADDITIONS)
MEASURES: Final = (*(name for name in FACTORS if name.startswith("support_")), ADDITIONS[1])
OWN: Final = "own"
LONGEST_MONTHS: Final = 240
STRONGEST: Final = 3.0
# Bounds on a factor or an addition of one shock, and on those of all shocks together.
BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(FACTORS, (0.1, 10.0)),
    "isolation": (-0.5, 0.5),
    "energy_allowance_eur": (0.0, 5000.0),
}


class Impact(NamedTuple):
    """What all shocks together do to one month; neutral where nothing is said."""

    unemployment: float = 1.0
    lose: float = 1.0
    find: float = 1.0
    rehousing: float = 1.0
    needs: float = 1.0
    energy: float = 1.0
    isolation: float = 0.0
    energy_allowance_eur: float = 0.0


class Profile(BaseModel):
    """Share of an effect's height that is felt, at some months since the start.

    Between them it changes in a straight line; after the last of them nothing is felt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: tuple[Annotated[int, Field(ge=0, lt=LONGEST_MONTHS)], ...] = Field(min_length=1)
    shares: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    source: str = Field(min_length=1)
    grade: Literal["A", "B", "C", "D", "assumption"]

    @model_validator(mode="after")
    def _is_in_order(self) -> Profile:
        if len(self.months) != len(self.shares):
            raise ValueError("'months' and 'shares' differ in length")
        if list(self.months) != sorted(set(self.months)):
            raise ValueError("'months' must rise")
        if self.source.startswith("none") and self.grade != "assumption":
            raise ValueError("a profile without a source is an assumption")
        return self

    def share(self, month: int) -> float:
        """Share of the height that is felt so many months after the start."""
        return float(np.interp(month, self.months, self.shares, left=0.0, right=0.0))


class Kind(BaseModel):
    """A kind of shock, as its data file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    titel: str
    words: str
    woorden: str
    parameters: tuple[Parameter, ...]
    profiles: dict[str, Profile]

    @property
    def theme(self) -> str:
        """Theme of its numbers among all parameters, such as "shock_energy"."""
        return f"shock_{self.name}"


def read_kind(text: str, name: str, origin: str) -> Kind:
    """Read a kind of shock from TOML; `origin` names the file in errors."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{origin}: not valid TOML: {error}") from error
    numbers, profiles = read.pop("numbers", {}), read.get("profiles", {})
    unknown = [key for key in (*numbers, *profiles) if key not in EFFECTS]
    if unknown:
        raise UserError(
            f"{origin}: unknown effect '{unknown[0]}'{did_you_mean(unknown[0], EFFECTS)}"
        )
    if set(numbers) != set(profiles):
        alone = sorted(set(numbers) ^ set(profiles))[0]
        raise UserError(f"{origin}: '{alone}' needs both a number and a profile")
    try:
        parameters = tuple(read_table(numbers, f"shock_{name}", origin))
        return Kind(name=name, parameters=parameters, **read)
    except (ValidationError, TypeError) as error:
        said = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(f"{origin}: {said}") from error


@cache
def packaged_shocks() -> Mapping[str, Kind]:
    """The kinds of shock that come with the program, by name."""
    return {name: read_kind(text, name, f"{name}.toml") for name, text in packaged_files("shocks")}


class Shock(BaseModel):
    """A shock in a scenario: which one, from which month, how strong, with its measures or not.

    A factor works to the power of `strength`, an addition times `strength`: two shocks of half
    the strength make a whole one, and strength 0 is nothing at all. `support = false` leaves
    out what the state did about it. Only a shock of one's own has `effects`, by month.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    start: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    strength: float = Field(default=1.0, ge=0, le=STRONGEST, allow_inf_nan=False)
    support: bool = True
    effects: dict[str, Annotated[tuple[float, ...], Field(max_length=LONGEST_MONTHS)]] = {}

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        known = (*packaged_shocks(), OWN)
        if kind not in known:
            raise ValueError(f"unknown shock '{kind}'{did_you_mean(kind, known)}")
        return kind

    @field_validator("effects")
    @classmethod
    def _are_plausible(cls, effects: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for name, values in effects.items():
            if name not in EFFECTS:
                raise ValueError(f"unknown effect '{name}'{did_you_mean(name, EFFECTS)}")
            for month, value in enumerate(values, 1):
                check_effect(name, value, f"month {month}")
        return effects

    @model_validator(mode="after")
    def _is_whole(self) -> Shock:
        if self.kind == OWN and not any(self.effects.values()):
            raise ValueError("a shock of your own needs a 'file' or 'effects'")
        if self.kind != OWN and self.effects:
            raise ValueError(f"only a shock of kind '{OWN}' has a 'file' or 'effects'")
        return self

    def heights(self, month: int, parameters: Mapping[str, Parameter]) -> Iterator[Any]:
        """Name, size and share of every effect that is felt in a month since 1900-01."""
        k = month - month_number(self.start)
        if k < 0:
            return
        if self.kind == OWN:
            for name, values in self.effects.items():
                if k < len(values):
                    yield name, values[k], self.strength
            return
        kind = packaged_shocks()[self.kind]
        for name, profile in kind.profiles.items():
            yield (
                name,
                parameters[f"{kind.theme}.{name}"].value,
                profile.share(k) * self.strength,
            )


def check_effect(name: str, value: float, where: str) -> None:
    """Refuse an effect that is no number or beyond its bounds."""
    low, high = BOUNDS[name]
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(
            f"{where}: '{name}' is {value:g}; it must lie between {low:g} and {high:g}"
        )


def impact(shocks: Iterable[Shock], month: int, parameters: Mapping[str, Parameter]) -> Impact:
    """What all shocks together do to a month: factors multiply, additions add."""
    found = Impact()._asdict()
    for shock in shocks:
        for name, size, share in shock.heights(month, parameters):
            if name in MEASURES and not shock.support:
                continue
            if name in ADDITIONS:
                found[name] += size * share
            else:
                found[name.removeprefix("support_")] *= size**share
    return Impact(**found)


def check_together(
    shocks: Iterable[Shock], start: int, months: int, parameters: Mapping[str, Parameter]
) -> None:
    """Refuse shocks that together go beyond what the rules are made for."""
    for month in range(start, start + months):
        for name, value in impact(shocks, month, parameters)._asdict().items():
            check_effect(name, value, "these shocks together")


def read_effects(text: str) -> dict[str, tuple[float, ...]]:
    r"""Read the effects of a shock of one's own from CSV: a column `month` and one an effect.

    Months are counted from 1, the month in which the shock starts. A month that isn't named and
    a cell that is left empty are neutral.

    >>> read_effects("month,find,isolation\n1,0.8,0.02\n3,0.9,\n")
    {'find': (0.8, 1.0, 0.9), 'isolation': (0.02, 0.0, 0.0)}
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if any(row)]
    except csv.Error as error:
        raise UserError(f"this is not a CSV file: {error}") from error
    head = [cell.strip() for cell in rows[0]] if rows else []
    if "month" not in head or len(head) < 2:
        raise UserError("a first line such as 'month,find,isolation' is needed")
    if len(set(head)) < len(head):
        raise UserError("a column is named twice")
    for name in head:
        if name not in ("month", *EFFECTS):
            raise UserError(f"unknown effect '{name}'{did_you_mean(name, EFFECTS)}")
    months: dict[int, dict[str, float]] = {}
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            raise UserError(f"row {line}: {len(row)} cells under {len(head)} columns")
        cells = dict(zip(head, (cell.strip() for cell in row), strict=True))
        month = _month(cells.pop("month"), line)
        if month in months:
            raise UserError(f"row {line}: month {month} is there twice")
        months[month] = {name: _cell(name, cell, line) for name, cell in cells.items() if cell}
    last = max(months, default=0)
    if not any(months.values()):
        raise UserError("no effect is filled in")
    return {
        name: tuple(months.get(k, {}).get(name, neutral(name)) for k in range(1, last + 1))
        for name in head
        if name != "month"
    }


def neutral(name: str) -> float:
    """The value at which an effect changes nothing."""
    return 0.0 if name in ADDITIONS else 1.0


def _month(cell: str, line: int) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) < 5):
        raise UserError(f"row {line}: '{cell}' is no month; 1 is the month in which it starts")
    if not 1 <= int(cell) <= LONGEST_MONTHS:
        raise UserError(f"row {line}: month {int(cell)} lies outside 1 to {LONGEST_MONTHS}")
    return int(cell)


def _cell(name: str, cell: str, line: int) -> float:
    try:
        value = float(cell)
        check_effect(name, value, f"row {line}")
    except ValueError as error:
        said = str(error) if str(error).startswith("row") else f"row {line}: '{cell}' is no number"
        raise UserError(said) from error
    return value
