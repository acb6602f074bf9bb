"""The indicators of the wijkfoto (C2): how each is counted, or why the model can't carry it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from siexsim.census import SUMS, TALLY
from siexsim.errors import UserError
from siexsim.evidence import first_fault
from siexsim.household import DOMAINS

GROUPS: Final = ("minima", "others", "all")
BY_DOMAIN: Final = ("stress", "high_stress")
NATIONAL: Final = "NL"
PER_HUNDRED: Final = 100.0


class Published(BaseModel):
    """A published figure to lay beside what the model counts, in the same unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area: str
    group: Literal["minima", "others", "all"]
    value: float
    year: int
    definition: str
    source: str


class Indicator(BaseModel):
    """One indicator: a count or sum of the census over another, or the reason there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    asked: str
    nl: str
    en: str
    counts: str = ""
    domain: str = ""
    over: str = ""
    scale: float = PER_HUNDRED
    unit: str = ""
    better: Literal["lower", "higher", "neither"] = "neither"
    note: str = ""
    toelichting: str = ""
    why_not: str = ""
    waarom_niet: str = ""
    published: tuple[Published, ...] = ()

    @model_validator(mode="after")
    def _is_counted_or_explained(self) -> Self:
        if bool(self.counts) == bool(self.why_not):
            raise ValueError("say either what it 'counts' or 'why_not'")
        if bool(self.why_not) != bool(self.waarom_niet) or bool(self.note) != bool(
            self.toelichting
        ):
            raise ValueError("a reason or note is needed in both languages")
        if self.counts and not (self.over in TALLY and self.unit):
            raise ValueError(
                f"'over' must be a count of the census and 'unit' not empty: {self.over!r}"
            )
        if self.counts and self.counts not in (*TALLY, *SUMS, *BY_DOMAIN):
            raise ValueError(f"the census has no '{self.counts}'")
        if (self.counts in BY_DOMAIN) != (self.domain in DOMAINS):
            raise ValueError(f"'domain' must be one of {', '.join(DOMAINS)} for stress, else empty")
        return self

    @property
    def is_count(self) -> bool:
        """Whether whole households or people are counted, rather than a mean taken."""
        return self.counts in TALLY or self.counts == "high_stress"

    def national(self) -> float:
        """The national figure of all; not a number where none is known."""
        found = [p.value for p in self.published if p.area == NATIONAL and p.group == "all"]
        return found[0] if found else np.nan

    def of(self, census: Any, group: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What is counted and over how many, of one group of a census of any shape."""
        return self._part(census, self.counts, group), self._part(census, self.over, group)

    def _part(self, census: Any, name: str, group: str) -> NDArray[np.int64]:
        everybody, poor = census[name], census["poor"][name]
        chosen = {"all": everybody, "minima": poor, "others": everybody - poor}[group]
        part: NDArray[np.int64] = np.asarray(chosen)
        return part[..., DOMAINS.index(self.domain)] if name in BY_DOMAIN else part


def read_indicators(tables: Mapping[str, Any], origin: str) -> dict[str, Indicator]:
    """Make indicators of tables already read.

    Raises
    ------
    UserError
        When one of them is incomplete or counts what isn't there.
    """
    found = {}
    for name, table in tables.items():
        try:
            found[name] = Indicator(name=name, **table)
        except (ValidationError, TypeError) as error:
            said = first_fault(error) if isinstance(error, ValidationError) else str(error)
            raise UserError(f"{origin}: indicator '{name}': {said}") from error
    return found


@cache
def indicators() -> Mapping[str, Indicator]:
    """All indicators of the wijkfoto by name, those that the model can't carry among them."""
    text = (files("siexsim") / "data" / "indicators.toml").read_text(encoding="utf-8")
    return read_indicators(tomllib.loads(text), "indicators.toml")


def counted() -> tuple[Indicator, ...]:
    """The indicators that the model carries."""
    return tuple(one for one in indicators().values() if one.counts)


def missing() -> tuple[Indicator, ...]:
    """The indicators that were asked for and that the model can't carry."""
    return tuple(one for one in indicators().values() if one.why_not)
