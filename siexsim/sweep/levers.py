"""What a study can vary, and what a value of it changes in a scenario.

A lever is a range, a choice, or a mix. Shares of a mix are uniform over all divisions of the
whole: independent draws u, g = -log(u), shares g / sum(g).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from siexsim.errors import UserError, did_you_mean
from siexsim.interventions import EFFECTS, NUMBERS
from siexsim.parameters import Parameters
from siexsim.plan import Plan

MIX: Final = "mix"
EFFECT_SET: Final = "effects"
SHOCKS: Final = "shocks"
DUMMY: Final = "dummy"  # changes nothing: a control on every measure of importance
NUMBERS_OF: Final = "numbers"  # the future whose numbers a point has, where the design draws it
LUCK: Final = "luck"  # the future whose luck it has
MOVED: Final = "moved"
STRENGTH: Final = "strength"
PRICE: Final = "price"
ALL: Final = "all"
# What makes help stronger: all that a course does, not how often it succeeds or how long it lasts.
STRONGER: Final = tuple(
    name for name in EFFECTS if name != "success_share" and not name.endswith("_months")
)
PRICES: Final = ("price_start_eur", "price_month_eur")
_EDGE: Final = 1e-9  # nearest that a draw of a share comes to 0 or 1
Value = float | str


class Range(BaseModel):
    """Any number from low to high; with `log` every doubling counts as much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"'low' ({self.low:g}) must be less than 'high' ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError("with 'log', 'low' must be more than 0")
        return self


class Choice(BaseModel):
    """One of some values, each with the name by which tables call it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: dict[str, Any] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, content: Any) -> Any:
        if isinstance(content, Mapping) and isinstance(content.get("of"), list):
            return {**content, "of": {_label(one): one for one in content["of"]}}
        return content


class Mix(BaseModel):
    """Shares of these interventions that sum to one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: tuple[str, ...] = Field(min_length=2)


Lever = Range | Choice | Mix


@dataclass(frozen=True)
class Factor:
    """One column of a design: a number between low and high that stands for a value.

    `group` is what the factor is part of; its importance is that of the whole group. With
    `options` the number is a place among them. With `peak` it comes from a triangle.
    """

    name: str
    group: str
    low: float
    high: float
    log: bool = False
    options: tuple[str, ...] = ()
    peak: float | None = None  # likeliest place, as a part of the way from low to high

    @property
    def is_share(self) -> bool:
        """Whether it is the draw of a share of a mix."""
        return self.name.startswith(f"{MIX}.")


def _label(one: Any) -> str:
    if isinstance(one, (list, tuple)):
        return " + ".join(map(_label, one)) or "-"
    return str(one)


def read_levers(content: Mapping[str, Any], before: str = "") -> dict[str, Lever]:
    """Levers by their full name, such as "plan.target", from the tables of a study file."""
    found: dict[str, Lever] = {}
    for key, one in content.items():
        name = f"{before}{key}"
        if isinstance(one, list):
            found[name] = (
                Mix(shares=tuple(one)) if name == MIX else Choice.model_validate({"of": one})
            )
        elif isinstance(one, Mapping) and "of" in one:
            found[name] = Choice.model_validate(one)
        elif isinstance(one, Mapping) and {"low", "high"} & one.keys():
            found[name] = Range.model_validate(one)
        elif isinstance(one, Mapping) and one:
            found |= read_levers(one, f"{name}.")
        else:
            raise UserError(
                f"{name}: a range, such as {{ low = 0, high = 1 }}, or a list is needed"
            )
    return found


def factors_of(name: str, lever: Lever) -> Iterator[Factor]:
    """The columns of a design that a lever takes."""
    if isinstance(lever, Mix):
        for intervention in lever.shares:
            yield Factor(f"{MIX}.{intervention}", MIX, 0.0, 1.0)
    elif isinstance(lever, Choice):
        yield Factor(name, name, 0.0, float(len(lever.of)), options=tuple(lever.of))
    else:
        yield Factor(name, name, lever.low, lever.high, lever.log)


def point_of(factors: Sequence[Factor], row: Sequence[float]) -> dict[str, Value]:
    """Values by name of one row of a design; draws of a mix become its shares."""
    point: dict[str, Value] = {}
    for factor, x in zip(factors, row, strict=True):
        if factor.options:
            point[factor.name] = factor.options[min(int(x), len(factor.options) - 1)]
        else:
            point[factor.name] = float(x)
    shares = [factor.name for factor in factors if factor.is_share]
    parts = {k: -math.log(min(max(float(point[k]), _EDGE), 1 - _EDGE)) for k in shares}
    whole = math.fsum(parts.values())
    return point | {name: part / whole for name, part in parts.items()}


def changed(
    content: Mapping[str, Any], point: Mapping[str, Value], levers: Mapping[str, Lever]
) -> dict[str, Any]:
    """What is asked at a point: the scenario's content with the values put in.

    Returns a table with `scenario`, with `strength` and `price` by intervention, and with numbers
    that are `moved`. These aren't the scenario's own: as with those that a future draws, all start
    from the same households.
    """
    scenario = copy.deepcopy(dict(content))
    asked: dict[str, Any] = {"scenario": scenario, STRENGTH: {}, PRICE: {}, MOVED: {}}
    shares: dict[str, float] = {}
    for name, value in point.items():
        lever, (part, _, rest) = levers.get(name), name.partition(".")
        meant = lever.of[str(value)] if isinstance(lever, Choice) else value
        if name == MIX:
            scenario["plan"][MIX] = meant
        elif part == MIX:
            shares[rest] = float(value)
        elif part in (STRENGTH, PRICE):
            asked[part][rest] = float(meant)
        elif name == "plan":
            scenario["plan"] |= meant
        elif part == "plan":
            _put(scenario["plan"], rest, meant)
        elif part == "parameters":
            where = asked[MOVED] if lever is None else scenario["parameters"]
            where[rest] = float(meant)
        elif name in (EFFECT_SET, SHOCKS):
            scenario[name] = meant
    if shares:
        scenario["plan"][MIX] = shares
    return asked


def _put(plan: dict[str, Any], where: str, value: Any) -> None:
    *outer, last = where.split(".")
    for key in outer:
        plan = plan.setdefault(key, {})
    plan[last] = value


def check_name(name: str, parameters: Parameters) -> None:
    """Refuse a lever that changes nothing."""
    part, _, rest = name.partition(".")
    if part == "plan":
        known, asked = list(Plan.model_fields), rest.partition(".")[0]
        good = not rest or asked in known
    elif part in (STRENGTH, PRICE):
        known, asked = [*parameters.interventions, ALL], rest
        good = rest in known
    elif part == "parameters":
        known, asked = list(parameters), rest
        good = rest in parameters.entries
    else:
        known, asked = [MIX, "plan", STRENGTH, PRICE, "parameters"], part
        good = name == MIX
    if not good:
        raise UserError(f"{name}: unknown lever '{asked}'{did_you_mean(asked, known)}")


def scaled(
    parameters: Parameters, strength: Mapping[str, float], price: Mapping[str, float]
) -> Parameters:
    """Parameters with help so many times as strong, or as dear; "all" is every intervention.

    A supposition and no evidence: it may go outside the plausible range, but a share stays one.
    """
    entries = dict(parameters.entries)
    for name in parameters.interventions:
        strong = strength.get(name, strength.get(ALL, 1.0))
        dear = price.get(name, price.get(ALL, 1.0))
        for number in (*STRONGER, *PRICES):
            old = entries.get(f"{name}.{number}")
            if old is None:
                continue
            neutral = NUMBERS[number]
            times = dear if number in PRICES else strong
            value = neutral + times * (old.value - neutral)
            if number in STRONGER and not number.endswith(("_factor", "_year", "_sd")):
                value = min(value, 1.0)
            entries[old.key] = old.model_copy(update={"value": max(value, 0.0)})
    return replace(parameters, entries=entries)
