"""Interventions as data: one file a kind of help, so that a tenth needs no programming."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import Parameter, first_fault, packaged_files, read_table

# Conditions that an intervention may ask of a household; all named ones must hold.
CONDITIONS: Final = (
    "debts", "poor", "high_stress", "welfare", "unfit_home", "children", "needs_home", "pupils",
)  # fmt: skip
DEBTS, POOR, HIGH_STRESS, WELFARE, UNFIT_HOME, CHILDREN, NEEDS_HOME, PUPILS = (
    1 << k for k in range(len(CONDITIONS))
)
# Ways by which help finds a household; the best one open to it counts (A9, Q5, Q6).
CHANNELS: Final = ("welfare", "arrears", "tenant", "school", "partner")
BY_WELFARE, BY_ARREARS, BY_TENANCY, BY_SCHOOL, BY_PARTNER = (1 << k for k in range(len(CHANNELS)))

# Numbers an intervention may have; what its file leaves out is neutral.
NUMBERS: Final[Mapping[str, float]] = {
    "course_months": 6.0, "success_share": 1.0, "price_start_eur": 0.0, "price_month_eur": 0.0,
    "price_per_child": 0.0, "pays_claims_eur": 0.0, "reach_per_month": 0.0, "take_up": 0.0,
    "opens_factor": 1.0, "relief_housing": 0.0, "relief_money": 0.0, "relief_wellbeing": 0.0,
    "relief_education": 0.0, "relief_work": 0.0, "relief_heaviest": 0.0, "relief_others": 0.0,
    "fade_per_year": 0.5, "relapse_per_year": 0.0, "fixes_home": 0.0, "takes_stock": 0.0,
    "settles_debts": 0.0, "claims_support": 0.0, "support_eur_per_year": 0.0,
    "spares_eur_per_year": 0.0, "spares_lasts_months": 48.0, "develops_sd": 0.0,
    "find_early_factor": 1.0, "find_late_factor": 1.0, "find_late_from_months": 0.0,
    "find_lasts_months": 0.0,
}  # fmt: skip
# Of these, the ones that say how strongly help works; larger is stronger.
EFFECTS: Final = (
    "success_share", "opens_factor", "relief_housing", "relief_money", "relief_wellbeing",
    "relief_education", "relief_work", "relief_heaviest", "relief_others", "fixes_home",
    "support_eur_per_year", "spares_eur_per_year", "spares_lasts_months", "develops_sd",
    "find_early_factor", "find_late_factor", "find_lasts_months",
)  # fmt: skip


# What a number can be at all, by the end of its name; shares where nothing is said here.
_POSSIBLE: Final[Mapping[str, tuple[float, float]]] = {
    "course_months": (1.0, 120.0), "_months": (0.0, 1200.0), "_eur": (0.0, 1e6),
    "eur_per_year": (0.0, 1e6), "_factor": (0.0, 10.0), "develops_sd": (0.0, 4.0),
    "fade_per_year": (0.0, 0.999),
}  # fmt: skip
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,39}")
_NO_NAME: Final = "can't be the name of an intervention; use small letters, digits and _"
_RESERVED: Final = ("all",)  # tables call all interventions together so


class Intervention(BaseModel):
    """One kind of help, as its data file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = Field(min_length=1, max_length=200)
    titel: str = Field(min_length=1, max_length=200)
    words: str = Field(min_length=1, max_length=2000)
    woorden: str = Field(min_length=1, max_length=2000)
    eligible: tuple[
        Literal[
            "debts", "poor", "high_stress", "welfare", "unfit_home", "children", "needs_home",
            "pupils",
        ], ...
    ]  # fmt: skip
    channels: tuple[Literal["welfare", "arrears", "tenant", "school", "partner"], ...] = Field(
        min_length=1
    )
    demand_led: bool
    grade: Literal["A", "B", "C", "D"]
    parameters: tuple[Parameter, ...]

    @property
    def needs(self) -> int:
        """The conditions as bits."""
        return sum(1 << CONDITIONS.index(word) for word in self.eligible)

    @property
    def ways(self) -> int:
        """The channels as bits."""
        return sum(1 << CHANNELS.index(word) for word in self.channels)


def read_intervention(text: str, name: str, origin: str) -> Intervention:
    """Read an intervention from TOML; `origin` names the file in errors."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{origin}: not valid TOML: {error}") from error
    return make_intervention(read, name, origin)


def make_intervention(content: Mapping[str, Any], name: str, origin: str) -> Intervention:
    """Make an intervention from what its file says; `origin` names the file in errors."""
    read = dict(content)
    numbers = read.pop("numbers", {})
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise UserError(f"{origin}: '{name}' {_NO_NAME}")
    own = next((key for key in ("name", "parameters") if key in read), None)
    if own is not None:
        raise UserError(f"{origin}: unknown key '{own}'; the name is that of the file")
    if not isinstance(numbers, dict) or not all(
        isinstance(table, dict) and not table.keys() & {"theme", "name"}
        for table in numbers.values()
    ):
        raise UserError(f"{origin}: numbers: tables such as [numbers.take_up] are needed")
    unknown = [key for key in numbers if key not in NUMBERS]
    if unknown:
        raise UserError(
            f"{origin}: unknown number '{unknown[0]}'{did_you_mean(unknown[0], NUMBERS)}"
        )
    try:
        made = Intervention(name=name, parameters=tuple(read_table(numbers, name, origin)), **read)
    except (ValidationError, TypeError) as error:
        said = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(f"{origin}: {said}") from error
    for one in made.parameters:
        _check_possible(one, origin)
    return made


def possible(name: str) -> tuple[float, float]:
    """What a number of an intervention can be at all."""
    bounds = (bounds for ending, bounds in _POSSIBLE.items() if name.endswith(ending))
    return next(bounds, (0.0, 1.0))


def _check_possible(one: Parameter, origin: str) -> None:
    least, most = possible(one.name)
    if not least <= one.low <= one.high <= most:
        raise UserError(
            f"{origin}: numbers.{one.name} runs from {one.low:.7g} "
            f"to {one.high:.7g}; possible is {least:.7g} to {most:.7g}"
        )


@cache
def packaged_interventions() -> Mapping[str, Intervention]:
    """The interventions that come with the program, by name."""
    return {
        name: read_intervention(text, name, f"{name}.toml")
        for name, text in packaged_files("interventions")
    }
