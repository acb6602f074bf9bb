"""A study: what is varied, under which uncertainties, and what is asked; as its TOML file says it.

`read_study` puts the scenarios themselves in the study, so that what is kept beside its runs needs
no other file.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from siexsim.account import VIEWS
from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import first_fault
from siexsim.items import PAYERS
from siexsim.parameters import POPULATION, Parameters
from siexsim.place import load_place
from siexsim.scenario import Scenario, read_scenario
from siexsim.shocks import Shock
from siexsim.sweep.design import Design, samples
from siexsim.sweep.levers import (
    DUMMY,
    EFFECT_SET,
    LUCK,
    MOVED,
    NUMBERS_OF,
    SHOCKS,
    Choice,
    Factor,
    Lever,
    Mix,
    Value,
    changed,
    check_name,
    factors_of,
    point_of,
    read_levers,
)
from siexsim.sweep.outcomes import check_outcome
from siexsim.sweep.runs import Run
from siexsim.texts import translated

OWN: Final = "own"  # effects or shocks as the scenario has them
INPUTS: Final = ("scenario", EFFECT_SET, SHOCKS, "point", "future")  # of every run
Cell = tuple[str, str, str]  # scenario, effect set, shocks
_OF_SCENARIOS: Final[tuple[str, ...]] = ("sample", "years", "seed")  # a study may set them
DEFAULT_OUTCOMES: Final = (
    "paid_back_municipality_within_3", "paid_back_municipality_within_10",
    "paid_back_public_within_10", "end_eur_municipality", "end_eur_public", "end_eur_society",
)  # fmt: skip
OUTCOMES: Final = (
    "invested_eur", "watched_months", "people_out_of_poverty", "poverty_years", "stress_years",
    "poverty_gap", *(f"returned_{payer}_eur" for payer in PAYERS),
    *(f"{one}_{view}" for one in ("payback_months", "end_eur", "deepest_eur") for view in VIEWS),
    # any other year or wijk is as good
    *(f"balance_eur_{view}_year_1" for view in VIEWS),
    *(f"paid_back_{view}_within_1" for view in VIEWS),
    "poverty_years_wijk_1", "stress_years_wijk_1",
)  # fmt: skip


class Uncertainties(BaseModel):
    """What nobody decides: every point of the design is run under all of it.

    With `drawn`, effect sets and shocks are columns of the design instead, one of them a point.
    With `drawn_from`, so are the numbers and the luck of a run, each of one of so many futures.
    `parameters` are numbers of the model that the design moves over their evidence range; those
    that a pattern such as "work.*" finds count as one, and are what the fit left alone, as fitted
    numbers only go together. `numbers` says where the other numbers of a future come from: drawn
    ("futures"), or held, so that futures differ in luck alone ("central").
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    futures: int = Field(default=10, ge=1, le=10_000, strict=True)
    numbers: Literal["futures", "central"] = "futures"
    effects: tuple[Literal["evidence", "sceptical", "ipw"], ...] = ()
    shocks: dict[str, tuple[Shock, ...]] = {}
    parameters: tuple[str, ...] = ()
    drawn: bool = False
    drawn_from: int = Field(default=0, ge=0, le=10_000, strict=True)

    @model_validator(mode="after")
    def _draws_or_goes_through(self) -> Uncertainties:
        if self.drawn_from and (self.futures > 1 or self.numbers == "central"):
            raise ValueError("with 'drawn_from', 'futures' is 1 and 'numbers' is \"futures\"")
        return self


class Study(BaseModel):
    """A study with all that its runs depend on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    scenarios: dict[str, dict[str, Any]] = Field(min_length=1)
    design: Design = Design()
    levers: dict[str, Lever] = {}
    uncertainties: Uncertainties = Uncertainties()
    outcomes: tuple[str, ...] = DEFAULT_OUTCOMES

    @field_validator("scenarios")
    @classmethod
    def _can_be_run(cls, scenarios: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, said in scenarios.items():
            try:
                scenario = Scenario.of(said)
            except ValidationError as error:
                raise ValueError(f"{name}: {first_fault(error)}") from error
            if scenario.plan is None:
                raise ValueError(f"{name}: a study needs a scenario with a plan")
        return scenarios

    def with_futures(self, futures: int) -> Study:
        """The same study with another number of futures."""
        unsure = self.uncertainties.model_copy(update={"futures": futures})
        return self.model_copy(update={"uncertainties": unsure})

    def all_levers(self) -> dict[str, Lever]:
        """Levers, and the uncertainties that the design draws too."""
        more: dict[str, Lever] = {}
        unsure = self.uncertainties
        if unsure.drawn and unsure.effects:
            more[EFFECT_SET] = Choice(of={one: one for one in unsure.effects})
        if unsure.drawn and unsure.shocks:
            more[SHOCKS] = Choice(of=_plain_shocks(unsure))
        return {**self.levers, **more}

    def factors(self) -> list[Factor]:
        """Columns of the design, with a dummy that changes nothing."""
        found = [f for name, lever in self.all_levers().items() for f in factors_of(name, lever)]
        found += self._parameter_factors()
        if many := self.uncertainties.drawn_from:
            which = Choice(of={str(one): one for one in range(1, many + 1)})
            found += [f for name in (NUMBERS_OF, LUCK) for f in factors_of(name, which)]
        if self.design.method != "grid":
            found.append(Factor(DUMMY, DUMMY, 0.0, 1.0))
        return found

    def _parameter_factors(self) -> Iterator[Factor]:
        scenario = Scenario.of(next(iter(self.scenarios.values())))
        known, fitted = scenario.central(), scenario.posterior()
        settled = fitted.settled if fitted else frozenset()
        held, moved = self._held(), dict.fromkeys(self.levers, "a lever")
        for pattern in self.uncertainties.parameters:
            theme, many, rest = pattern.partition(".*")
            keys = [pattern] if not many else [
                key for key, one in sorted(known.items())
                if one.theme == theme and not one.fixed and key not in settled | held
            ]  # fmt: skip
            if theme.startswith(POPULATION):
                raise UserError(f"parameters: '{pattern}': all runs start from the same households")
            if not keys or rest:
                hint = "; a pattern is a theme, such as work.*" if rest else ""
                raise UserError(f"parameters: '{pattern}' finds no number to vary{hint}")
            for key in keys:
                one = known[key]  # a misspelt one is said
                if key in held:
                    raise UserError(
                        f"parameters: '{key}' has a value of its own in an effect set or a scenario"
                    )
                if other := moved.get(f"parameters.{key}"):
                    raise UserError(f"parameters: '{key}' is moved twice, by {other} too")
                moved[f"parameters.{key}"] = f"'{pattern}'"
                if one.high > one.low:
                    # SALib knows no triangle below zero; there any value counts as much
                    way = (one.value - one.low) / (one.high - one.low)
                    peak = way if one.high > 0 else None
                    group = theme if many else f"parameters.{key}"
                    yield Factor(f"parameters.{key}", group, one.low, one.high, peak=peak)

    def _held(self) -> set[str]:
        """Numbers for which a scenario has a value of its own, under an effect set of the study."""
        packaged, found = Parameters.packaged(), set[str]()
        for said in self.scenarios.values():
            for effects in self.uncertainties.effects or (said[EFFECT_SET],):
                central = Scenario.of({**said, EFFECT_SET: effects}).central()
                fixed = {key for key, one in central.items() if one.fixed}
                found |= {key for key in fixed if key not in packaged or not packaged[key].fixed}
        return found

    def points(self) -> list[dict[str, Value]]:
        """The points of the design: values of all that is varied, by name."""
        factors = self.factors()
        return [point_of(factors, row) for row in samples(self.design, factors)]

    def cells(self) -> list[Cell]:
        """Scenario, effect set and shocks under which every point is run."""
        unsure, crossed = self.uncertainties, not self.uncertainties.drawn
        effects = unsure.effects if crossed and unsure.effects else (OWN,)
        shocks = tuple(unsure.shocks) if crossed and unsure.shocks else (OWN,)
        return [(s, e, k) for s in self.scenarios for e in effects for k in shocks]

    def runs(
        self, stamp: str, points: Sequence[Mapping[str, Value]] | None = None
    ) -> Iterator[Run]:
        """All runs, in the order of cells, points and futures; `stamp` stands for the program.

        By default the points are those of the design.
        """
        points = self.points() if points is None else points
        levers = self.all_levers()
        for cell in self.cells():
            content = self._content(cell)
            for number, point in enumerate(points):
                asked = _asked(content, point, levers) | {"stamp": stamp}
                yield from self._runs_at(cell, number, point, asked)

    def _runs_at(
        self, cell: Cell, number: int, point: Mapping[str, Value], asked: dict[str, Any]
    ) -> Iterator[Run]:
        said = json.dumps(asked, sort_keys=True)
        held = self.uncertainties.numbers == "central"
        for future in range(1, self.uncertainties.futures + 1):
            luck, numbers = int(point.get(LUCK, future)), int(point.get(NUMBERS_OF, future))
            lived = {"future": luck, NUMBERS_OF: 0 if held else numbers}
            name = hashlib.sha256(f"{lived} {said}".encode()).hexdigest()[:20]
            own = dict(zip(INPUTS, (*cell, number, future), strict=True))
            yield Run(name, own, asked | lived, point)

    def asked(self, cell: Cell, point: Mapping[str, Value]) -> dict[str, Any]:
        """What is asked of a run at a point, but the future."""
        return _asked(self._content(cell), point, self.all_levers())

    def _content(self, cell: Cell) -> dict[str, Any]:
        scenario, effects, shocks = cell
        content = dict(self.scenarios[scenario])
        if effects != OWN:
            content[EFFECT_SET] = effects
        if shocks != OWN:
            content[SHOCKS] = _plain_shocks(self.uncertainties)[shocks]
        return content


def _asked(
    content: Mapping[str, Any], point: Mapping[str, Value], levers: Mapping[str, Lever]
) -> dict[str, Any]:
    # there are many points, and only what a lever changes needs a copy for each
    own = {key: one for key, one in content.items() if key in ("plan", "parameters")}
    asked = changed(own, point, levers)
    return asked | {"scenario": {**content, **asked["scenario"]}}


def _plain_shocks(unsure: Uncertainties) -> dict[str, Any]:
    return {
        name: [one.model_dump(mode="json") for one in some] for name, some in unsure.shocks.items()
    }


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Runs as workers should get them: what they can keep of one run serves the next."""

    def key(run: Run) -> tuple[Any, ...]:
        plan = run.task["scenario"]["plan"]
        where = json.dumps([plan.get("wijken"), plan.get("stages")])
        inputs = run.inputs
        return (inputs["scenario"], where, inputs["future"], str(inputs[SHOCKS]))

    return sorted(runs, key=key)


def read_study(path: str | Path, lang: str = "en") -> Study:
    """Read a study file and check all of it before anything is run.

    Raises
    ------
    UserError
        When the file can't be read or asks for something that can't be.
    """
    file = Path(path)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {translated(lang, str(error))}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path}: can't be read ({reason})") from error
    try:
        study = Study.model_validate(_with_scenarios(content, file.parent, lang))
        check(study)
    except ValidationError as error:
        raise UserError(f"{path}: {translated(lang, first_fault(error))}") from error
    except UserError as error:
        raise UserError(f"{path}: {translated(lang, str(error))}") from error
    return study


def _with_scenarios(content: dict[str, Any], folder: Path, lang: str) -> dict[str, Any]:
    """Put the scenarios in the place of their files, and the levers under their full names."""
    changes: dict[str, Any] = {key: content.pop(key) for key in _OF_SCENARIOS if key in content}
    names = content.get("scenarios")
    if not isinstance(names, list) or not names:
        raise UserError('scenarios: a list of files is needed, such as ["noordoost.toml"]')
    levers = content.get("levers", {})
    if not isinstance(levers, Mapping):
        raise UserError("levers: a table is needed, such as [levers]")
    scenarios: dict[str, Any] = {}
    for name in names:
        stem = Path(str(name)).stem
        if stem in scenarios:
            raise UserError(f"scenarios: there are two called '{stem}'; give one another file name")
        scenario = read_scenario(folder / str(name), lang, changes)
        if scenario.plan is None:
            raise UserError(f"{name}: a study needs a scenario with a plan")
        # the same run under another name is the same run
        said = scenario.model_dump(mode="json") | {"name": "study", "futures": 1}
        scenarios[stem] = said
    return {**content, "scenarios": scenarios, "levers": read_levers(levers)}


def check(study: Study) -> None:
    """Refuse what can't be run: every lever is tried at its ends, one at a time."""
    _check_outcomes(study.outcomes)
    method = study.design.method
    if study.uncertainties.drawn_from and method in ("grid", "morris"):
        raise UserError(f"drawn_from: not with method {method}; random or sobol is right")
    known = Scenario.of(next(iter(study.scenarios.values()))).central()
    for name in study.levers:
        check_name(name, known)
    first = study.points()[0]
    for cell in study.cells():
        for name, lever in (("", None), *study.all_levers().items()):
            for point in _ends(name, lever):
                _check_point(study, cell, {**first, **point}, name)


def _check_outcomes(names: Sequence[str]) -> None:
    if not names:
        raise UserError("outcomes: at least one is needed, such as end_eur_public")
    for name in names:
        check_outcome(name)
        if re.sub(r"\d+$", "1", name) not in OUTCOMES:
            raise UserError(f"outcomes: unknown outcome '{name}'{did_you_mean(name, OUTCOMES)}")


def _ends(name: str, lever: Lever | None) -> list[dict[str, Value]]:
    if lever is None:
        return [{}]
    if isinstance(lever, Choice):
        return [{name: one} for one in lever.of]
    if isinstance(lever, Mix):
        names = lever.shares
        return [{f"{name}.{one}": float(one == of) for one in names} for of in names]
    return [{name: lever.low}, {name: lever.high}]


def _check_point(study: Study, cell: Cell, point: Mapping[str, Value], name: str) -> None:
    try:
        asked = study.asked(cell, point)
        scenario = Scenario.of(asked["scenario"])
        scenario.central().with_(asked[MOVED])
        if scenario.plan is not None:
            load_place(scenario.place).covering(scenario.plan.all_wijken)
            scenario.plan.check_sample(scenario.sample)
    except ValidationError as error:
        raise UserError(f"{name}: {first_fault(error)}".removeprefix(": ")) from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: {error}".removeprefix(": ")) from error
