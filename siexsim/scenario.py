"""Everything a run depends on, frozen; its hash is its name."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import Assumption, Parameter
from siexsim.household import month_number, month_text
from siexsim.interventions import Intervention, make_intervention, packaged_interventions
from siexsim.parameters import Parameters
from siexsim.place import PATH_MONTHS, load_place
from siexsim.plan import Agreement, BringForward, Go, Monitoring, Number, Plan, Stage
from siexsim.posterior import Posterior, packaged_posterior
from siexsim.shocks import Shock, check_together, read_effects
from siexsim.texts import catalogue, number, text, translated

LARGEST_FILE_BYTES: Final = 1_000_000
LONGEST_YEARS: Final = PATH_MONTHS // 12  # as far as households are prepared
LONGEST_MESSAGE: Final = 400
_LONGEST_VALUE = 40
_STARTS: Final = r"^20(1[2-9]|2[0-2])-01$"  # from the first published norms to the margins
_PARTS: Final[Mapping[int | str, type[BaseModel]]] = {
    "plan": Plan, "stages": Stage, "go": Go, "bring_forward": BringForward,
    "monitoring": Monitoring, "cofinancing": Agreement, "shocks": Shock,
    "assumptions": Assumption,
}  # fmt: skip


class Scenario(BaseModel):
    """A scenario as its TOML file says it.

    `parameters` are held at the values given, in every future; `assumptions` may have a range of
    their own. Neither follows the fit, and nothing does where `calibrated` is false.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    place: str = "groningen"
    start: str = Field(default="2022-01", pattern=_STARTS)
    years: int = Field(default=10, ge=1, le=LONGEST_YEARS, strict=True)
    seed: int = Field(default=1, ge=0, lt=2**63, strict=True)
    sample: int = Field(default=1, ge=1, le=1000, strict=True)
    futures: int = Field(default=20, ge=1, le=10_000, strict=True)
    effects: Literal["evidence", "sceptical", "ipw"] = "evidence"
    interventions: dict[str, dict[str, Any]] = {}  # of the user's own, as their files say
    calibrated: bool = Field(default=True, strict=True)
    parameters: dict[str, Number] = {}
    assumptions: dict[str, Assumption] = {}
    shocks: tuple[Shock, ...] = Field(default=(), max_length=12)
    plan: Plan | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Scenario:
        """Make a scenario from what a file says; its plan may use its own interventions."""
        own = content.get("interventions", {})
        names = [*packaged_interventions(), *(own if isinstance(own, Mapping) else ())]
        return cls.model_validate(content, context={"interventions": names})

    @model_validator(mode="after")
    def _holds_together(self) -> Scenario:
        parameters = self.central()
        first, last = month_number(self.start), month_number(self.start) + self.months() - 1
        for shock in self.shocks:
            if not first <= month_number(shock.start) <= last:
                raise ValueError(
                    f"shock '{shock.kind}' starts in {shock.start}; it must start within the run, "
                    f"{self.start} to {month_text(last)}"
                )
        check_together(self.shocks, first, self.months(), parameters)
        return self

    def months(self) -> int:
        """Length of the run."""
        return 12 * self.years

    def central(self) -> Parameters:
        """The parameters of this scenario at their sourced values, before any fit."""
        own = [make_intervention(one, name, name) for name, one in self.interventions.items()]
        known = Parameters.packaged().with_interventions(own)
        return known.with_set(self.effects).held(self.parameters).assuming(self.assumptions)

    def posterior(self) -> Posterior | None:
        """The fitted parameters that its futures draw from; None where it goes without."""
        return packaged_posterior() if self.calibrated else None

    def future(self, number: int) -> Parameters:
        """The parameters of one future; those of future 0 go with the central run."""
        central, fitted = self.central(), self.posterior()
        if fitted is None:
            return central.drawn(self.seed, number)
        own = {*self.parameters, *self.assumptions}
        return fitted.parameters(central, self.seed, number, own)

    def fingerprint(self) -> str:
        """Name of the run: a hash of everything it depends on but the program itself."""
        said = self.model_dump(mode="json")
        # a run without them is called as it was before they could be said
        del said["calibrated"]
        if not self.assumptions:
            del said["assumptions"]
        fitted = self.posterior()
        if fitted is not None:
            said["posterior"] = fitted.digest
        content = json.dumps(said, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def read_scenario(
    path: str | Path, lang: str = "en", changes: Mapping[str, Any] | None = None
) -> Scenario:
    """Read a scenario file and check all of it before anything is run.

    Parameters
    ----------
    path
        A TOML file; ``experiments/scenarios/noordoost.toml`` is an example.
    lang
        Language of errors, "nl" or "en".
    changes
        Values that replace those of the file, such as ``{"years": 5}`` from ``--years 5``.

    Raises
    ------
    UserError
        When the file can't be read or asks for something that can't be; one line that names
        the file, the key and what would be right.
    """
    replaced = dict(changes or {})
    content = parsed(contents(path, lang), path, lang)
    try:
        try:
            content["interventions"] = _own(content.get("interventions", []), path, lang)
            content = _with_own_shocks(content, path, lang)
            scenario = Scenario.of({**content, **replaced})
        except ValidationError as error:
            raise plain(error, replaced, lang) from error
        _check_place(scenario, lang)
        _check_plan(scenario, lang)
    except UserError as error:
        origin = "" if str(error).startswith("--") else f"{path}: "
        raise UserError(one_line(f"{origin}{error}")) from error
    return scenario


def _own(asked: Any, path: str | Path, lang: str) -> Any:
    """A user's own interventions by name: what the files say that a scenario names, checked."""
    if isinstance(asked, Mapping):
        for name, one in asked.items():
            _check_own(one, name, f"interventions.{name}", lang)
        return asked
    if not isinstance(asked, list):
        raise UserError(f"interventions {_fault(lang, 'tuple_type', value=_shown(asked))}")
    own: dict[str, Any] = {}
    for name in asked:
        if not isinstance(name, str):
            raise UserError(f"interventions {_fault(lang, 'string_type', value=_shown(name))}")
        file = Path(path).parent / name
        said = parsed(contents(file, lang, "own_file"), file, lang)
        if file.stem in own or file.stem in packaged_interventions():
            raise UserError(f"interventions: {text(lang, 'own_file.twice', name=file.stem)}")
        _check_own(said, file.stem, name, lang)
        own[file.stem] = said
    return own


def _check_own(content: Any, name: str, origin: str, lang: str) -> None:
    """Say what is wrong in a file with an intervention, as of the scenario itself."""
    if not isinstance(content, Mapping):
        raise UserError(f"{origin} {_fault(lang, 'model_type', value=_shown(content))}")
    try:
        make_intervention(content, name, origin)
    except UserError as error:
        cause = error.__cause__
        if not isinstance(cause, ValidationError):
            raise UserError(translated(lang, str(error))) from error
        inside = re.match(f"{re.escape(origin)}: parameter '(.*?)'", str(error))
        said = str(plain(cause, {}, lang, Parameter if inside else Intervention))
        where = f"{origin}: numbers.{inside[1]}" if inside else origin
        joint = "." if inside and cause.errors()[0]["loc"] else ": "
        raise UserError(f"{where}{joint}{said}") from error


def one_line(message: str) -> str:
    """A message without line ends or signs that can't be shown, and not too long."""
    words = "".join(c if c.isprintable() else " " for c in message).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def _wrong(path: str | Path, lang: str, key: str, **values: object) -> UserError:
    return UserError(one_line(f"{path}: {text(lang, key, **values)}"))


def _with_own_shocks(content: dict[str, Any], path: str | Path, lang: str) -> dict[str, Any]:
    """Put what a shock's file says in its place, so that the scenario holds all of it."""
    shocks = content.get("shocks")
    if not isinstance(shocks, list):
        return content
    return {**content, "shocks": [_with_effects(one, path, lang) for one in shocks]}


def _with_effects(shock: Any, path: str | Path, lang: str) -> Any:
    if not isinstance(shock, dict) or "file" not in shock:
        return shock
    name = shock["file"]
    if not isinstance(name, str) or Path(name).name != name:
        raise UserError(text(lang, "shock_file.name", value=_shown(name)))
    if "effects" in shock:
        raise UserError(text(lang, "shock_file.both", file=name))
    beside = Path(path).parent / name
    try:
        effects = read_effects(contents(beside, lang, "shock_file"))
    except UserError as error:
        said = str(error).removeprefix(f"{beside}: ")
        raise UserError(f"{name}: {translated(lang, said)}") from error
    return {**{key: value for key, value in shock.items() if key != "file"}, "effects": effects}


def contents(path: str | Path, lang: str, group: str = "file") -> str:
    """What a file says; `group` has the words for a file that can't be read."""
    file = Path(path)
    try:
        if file.is_dir():
            raise _wrong(path, lang, f"{group}.folder")
        if not file.exists():
            raise _wrong(path, lang, f"{group}.missing")
        if not file.is_file():
            raise _wrong(path, lang, f"{group}.special")
        if file.stat().st_size > LARGEST_FILE_BYTES:
            megabytes = math.ceil(file.stat().st_size / 1e6)
            raise _wrong(path, lang, f"{group}.huge", megabytes=megabytes)
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _wrong(path, lang, f"{group}.encoding", line=line) from error
    except UserError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(path, lang, f"{group}.unreadable", reason=reason) from error


def parsed(content: str, path: str | Path, lang: str) -> dict[str, Any]:
    """Tables of a TOML file."""
    try:
        return tomllib.loads(content.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, lang, "file.toml", reason=translated(lang, str(error))) from error
    except (ValueError, RecursionError) as error:  # limits of Python, not of TOML
        raise _wrong(path, lang, "file.too_much") from error


def _check_place(scenario: Scenario, lang: str) -> None:
    try:
        place = load_place(scenario.place)
    except UserError as error:
        raise UserError(f"place: {translated(lang, str(error))}") from error
    for name in scenario.plan.all_wijken if scenario.plan else ():
        try:
            place.wijk(name)
        except UserError as error:
            part = "stages" if scenario.plan and scenario.plan.stages else "wijken"
            raise UserError(f"plan.{part}: {translated(lang, str(error))}") from error


def _check_plan(scenario: Scenario, lang: str) -> None:
    plan = scenario.plan
    if plan is None:
        return
    if not math.isfinite(plan.budget_eur_per_year):
        said = _fault(lang, "finite_number", value=plan.budget_eur_per_year)
        raise UserError(f"plan.budget_eur_per_year {said}")
    start = month_number(scenario.start)
    last = start + scenario.months() - 1
    if not start <= month_number(plan.start) <= last:
        said = text(
            lang, "file.outside", plan=plan.start, start=scenario.start, end=month_text(last)
        )
        raise UserError(f"plan.start: {said}")
    try:
        plan.check_sample(scenario.sample)
    except UserError as error:
        raise UserError(f"plan.{translated(lang, str(error))}") from error


def _fault(lang: str, kind: str, **values: object) -> str:
    return text(lang, f"fault.{kind}", **values)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "[...]"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    if isinstance(value, int | float | str | list | bool):
        return shown if len(shown) <= _LONGEST_VALUE else shown[:_LONGEST_VALUE] + "…"
    return str(value)  # dates


def plain(
    error: ValidationError, replaced: Mapping[str, Any], lang: str,
    whole: type[BaseModel] = Scenario,
) -> UserError:  # fmt: skip
    """Say the schema library's most telling complaint in plain words."""
    faults = error.errors(include_url=False)
    # a misspelt key is also a missing one; its own name says more
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    loc = fault["loc"]
    if fault["type"] == "extra_forbidden":
        model = next((_PARTS[part] for part in reversed(loc[:-1]) if part in _PARTS), whole)
        known = [*model.model_fields, *(["file"] if model is Shock else [])]
        if whole is not Scenario:
            known = [key for key in known if key not in ("name", "theme", "parameters")]
        hint = translated(lang, did_you_mean(str(loc[-1]), known))
        said = _fault(lang, "extra_forbidden", hint=hint)
    else:
        said = _complaint(fault, lang)
    parts = [part for part in loc if part != "[key]"]
    where = ".".join(str(part) if isinstance(part, str) else f"{part + 1}" for part in parts)
    where = f"--{where}" if loc and loc[0] in replaced else where
    joint = ": " if fault["type"] == "value_error" else " "
    return UserError(f"{where}{joint}{said}" if where else said)


def _complaint(fault: Any, lang: str) -> str:
    kind, context, value = fault["type"], fault.get("ctx", {}), fault["input"]
    if kind == "value_error":
        return translated(lang, str(context["error"]))
    if kind == "literal_error":
        choices = [word.strip(" '") for word in context["expected"].replace(" or ", ",").split(",")]
        hint = translated(lang, did_you_mean(str(value), choices))
        return _fault(lang, "literal_error", value=_shown(value), hint=hint)
    if kind == "string_pattern_mismatch":
        kinds = {_STARTS: "only_start", r"^\d{4}$": "year"}
        return _fault(lang, kinds.get(context["pattern"], "month"), value=_shown(value))
    if f"fault.{kind}" in catalogue(lang):
        bounds = {k: number(lang, v) for k, v in context.items() if isinstance(v, int | float)}
        return _fault(lang, kind, value=_shown(value), **bounds)
    said = fault["msg"].replace("Input should be", "must be")
    return _fault(lang, "other", value=_shown(value), said=said)
