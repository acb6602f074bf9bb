"""Every number about the world, with its value, unit, range, source, grade and place of use.

The numbers live in ``data/parameters/THEME.toml``, one table a parameter. A number without a
source or a grade doesn't load. Rules see them by value, as ``p.theme.name``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pandas as pd

from siexsim import draws
from siexsim.draws import stable_number
from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import GRADES, Assumption, Parameter, packaged_files, read_table
from siexsim.interventions import EFFECTS, NUMBERS, Intervention, packaged_interventions
from siexsim.interventions import possible as possible_of_help
from siexsim.shocks import packaged_shocks

RULE_THEMES: Final = (
    "life", "work", "income", "money", "housing", "stress", "children", "services", "prices",
    "help",
)  # fmt: skip
POPULATION: Final = "population"
_UP_TO_ONE: Final = ("chance", "share", "stress (0-1)", "yes/no", "correlation")
_LEAST: Final = 1e-6
EFFECT_SETS: Final = ("evidence", "sceptical", "ipw")


@cache
def _packaged() -> Mapping[str, Parameter]:
    found: dict[str, Parameter] = {}
    for theme, text in packaged_files("parameters"):
        tables = tomllib.loads(text)
        found |= {one.key: one for one in read_table(tables, theme, f"{theme}.toml")}
    for intervention in packaged_interventions().values():
        found |= {one.key: one for one in intervention.parameters}
    for shock in packaged_shocks().values():
        found |= {one.key: one for one in shock.parameters}
    return found


@dataclass(frozen=True)
class Parameters(Mapping[str, Parameter]):
    """All parameters by full name; changing one gives a new set.

    >>> p = Parameters.packaged().with_({"stress.noise_width": 0.12})
    >>> p.value("stress.noise_width")
    0.12
    """

    entries: Mapping[str, Parameter]
    interventions: Mapping[str, Intervention]

    @classmethod
    def packaged(cls) -> Parameters:
        """The parameters and interventions that come with the program."""
        return cls(_packaged(), packaged_interventions())

    def with_interventions(self, more: Iterable[Intervention]) -> Parameters:
        """Add interventions of a user's own, with their numbers."""
        entries, known = dict(self.entries), dict(self.interventions)
        for one in more:
            if one.name in known:
                raise UserError(f"there is an intervention '{one.name}' already")
            known[one.name] = one
            entries |= {number.key: number for number in one.parameters}
        if len(known) > draws.MOST_INTERVENTIONS:
            most = draws.MOST_INTERVENTIONS - len(packaged_interventions())
            raise UserError(f"at most {most} interventions of one's own can be added")
        return replace(self, entries=entries, interventions=known)

    def __getitem__(self, key: str) -> Parameter:
        if key not in self.entries:
            raise UserError(f"unknown parameter '{key}'{did_you_mean(key, self.entries)}")
        return self.entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self.entries

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
        return self.held({**self._own_set(name), **override_set(name)})

    def held(self, values: Mapping[str, float]) -> Parameters:
        """Replace values that futures don't vary."""
        changed = self.with_(values)
        held = {key: changed[key].model_copy(update={"fixed": True}) for key in values}
        return replace(self, entries={**changed.entries, **held})

    def assuming(self, assumptions: Mapping[str, Assumption]) -> Parameters:
        """Replace numbers by a user's own: with a range of their own, or held at their value.

        Such a range may go outside the packaged one, but not beyond what the number can be.
        """
        changed = self
        for key, own in assumptions.items():
            old = changed[key]
            if own.low is None or own.high is None:
                changed = changed.held({key: own.value})
                continue
            least, most = self.possible(key)
            if not least <= own.low <= own.high <= most:
                raise UserError(
                    f"parameter '{key}': {own.low:g} to {own.high:g} can't be; "
                    f"{least:g} to {most:g} is possible"
                )
            said = own.model_dump() | {"fixed": False}
            entries = {**changed.entries, key: old.model_copy(update=said)}
            changed = replace(changed, entries=entries)
        return changed

    def _own_set(self, name: str) -> dict[str, float]:
        """Values of an effect set for a user's own interventions, which the set can't name.

        Sceptical: what isn't graded A or B has its least plausible effect; ipw: the strongest.
        """
        own = self.interventions.keys() - packaged_interventions().keys()
        numbers = [self[f"{i}.{n}"] for i in own for n in EFFECTS if f"{i}.{n}" in self.entries]
        if name == "sceptical":
            return {one.key: one.low for one in numbers if one.grade not in ("A", "B")}
        return {one.key: one.high for one in numbers} if name == "ipw" else {}

    def possible(self, key: str) -> tuple[float, float]:
        """What a number can be at all, by its unit: a chance lies between 0 and 1."""
        one = self[key]
        if one.theme in self.interventions and one.name in NUMBERS:
            return possible_of_help(one.name)
        if one.low < 0:
            return -math.inf, math.inf
        # what is never zero may be divided by
        least = 0.0 if one.low == 0 else _LEAST
        return least, 1.0 if one.high <= 1 and one.unit.startswith(_UP_TO_ONE) else math.inf

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
            {key: triangle(float(v), self[key]) for key, v in zip(free, u, strict=True)}
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


def triangle(u: float, p: Parameter) -> float:
    """The value below which this share of a triangle over a parameter's range lies."""
    width = p.high - p.low
    cut = (p.value - p.low) / width
    if u < cut:
        return p.low + math.sqrt(u * width * (p.value - p.low))
    return p.high - math.sqrt((1 - u) * width * (p.high - p.value))


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
