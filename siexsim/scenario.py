"""Everything a run depends on, frozen; its hash is its name."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from siexsim.errors import UserError, did_you_mean
from siexsim.household import month_number, month_text
from siexsim.parameters import Parameters
from siexsim.place import load_place
from siexsim.plan import Plan
from siexsim.shocks import Shock, check_together, read_effects
from siexsim.texts import catalogue, number, text, translated

LARGEST_FILE_BYTES: Final = 1_000_000
LONGEST_MESSAGE: Final = 400
_LONGEST_VALUE = 40
_PARTS: Final[Mapping[str, type[BaseModel]]] = {"plan": Plan, "shocks": Shock}


class Scenario(BaseModel):
    """A scenario as its TOML file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    place: str = "groningen"
    start: str = Field(default="2022-01", pattern=r"^2022-01$")
    years: int = Field(default=10, ge=1, le=20)
    seed: int = Field(default=1, ge=0, lt=2**63)
    sample: int = Field(default=1, ge=1, le=1000)
    futures: int = Field(default=20, ge=1, le=10_000)
    effects: Literal["evidence", "sceptical", "ipw"] = "evidence"
    parameters: dict[str, float] = {}
    shocks: tuple[Shock, ...] = Field(default=(), max_length=12)
    plan: Plan | None = None

    @field_validator("parameters")
    @classmethod
    def _are_parameters(cls, values: dict[str, float]) -> dict[str, float]:
        Parameters.packaged().with_(values)
        return values

    @field_validator("shocks")
    @classmethod
    def _are_within_the_run(
        cls, shocks: tuple[Shock, ...], info: ValidationInfo
    ) -> tuple[Shock, ...]:
        if not {"start", "years", "effects", "parameters"} <= info.data.keys():
            return shocks  # these are wrong, and said to be
        first, months = month_number(info.data["start"]), 12 * info.data["years"]
        for shock in shocks:
            if not first <= month_number(shock.start) < first + months:
                raise ValueError(
                    f"shock '{shock.kind}' starts in {shock.start}; it must start within the run, "
                    f"{info.data['start']} to {month_text(first + months - 1)}"
                )
        own = Parameters.packaged().with_set(info.data["effects"]).with_(info.data["parameters"])
        check_together(shocks, first, months, own)
        return shocks

    def months(self) -> int:
        """Length of the run."""
        return 12 * self.years

    def central(self) -> Parameters:
        """The parameters of this scenario at their central values."""
        return Parameters.packaged().with_set(self.effects).with_(self.parameters)

    def fingerprint(self) -> str:
        """Name of the run: a hash of everything it depends on but the program itself."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
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
    content = _parsed(_contents(path, lang), path, lang)
    try:
        try:
            scenario = Scenario(**{**_with_own_shocks(content, path, lang), **replaced})
        except ValidationError as error:
            raise _plain(error, replaced, lang) from error
        _check_place(scenario, lang)
        _check_plan(scenario, lang)
    except UserError as error:
        origin = "" if str(error).startswith("--") else f"{path}: "
        raise UserError(_one_line(f"{origin}{error}")) from error
    return scenario


def _one_line(message: str) -> str:
    words = "".join(c if c.isprintable() else " " for c in message).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def _wrong(path: str | Path, lang: str, key: str, **values: object) -> UserError:
    return UserError(_one_line(f"{path}: {text(lang, key, **values)}"))


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
        effects = read_effects(_contents(beside, lang, "shock_file"))
    except UserError as error:
        said = str(error).removeprefix(f"{beside}: ")
        raise UserError(f"{name}: {translated(lang, said)}") from error
    return {**{key: value for key, value in shock.items() if key != "file"}, "effects": effects}


def _contents(path: str | Path, lang: str, group: str = "file") -> str:
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


def _parsed(content: str, path: str | Path, lang: str) -> dict[str, Any]:
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
    for name in scenario.plan.wijken if scenario.plan else ():
        try:
            place.wijk(name)
        except UserError as error:
            raise UserError(f"plan.wijken: {translated(lang, str(error))}") from error


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


def _fault(lang: str, kind: str, **values: object) -> str:
    return text(lang, f"fault.{kind}", **values)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "[...]"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    if isinstance(value, int | float | str | list | bool):
        return shown if len(shown) <= _LONGEST_VALUE else shown[:_LONGEST_VALUE] + "…"
    return str(value)  # dates


def _plain(error: ValidationError, replaced: Mapping[str, Any], lang: str) -> UserError:
    """Say the schema library's most telling complaint in plain words."""
    faults = error.errors(include_url=False)
    # a misspelt key is also a missing one; its own name says more
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    loc = fault["loc"]
    if fault["type"] == "extra_forbidden":
        known: list[str] = [*_PARTS.get(str(loc[0]), Scenario).model_fields]
        known += ["file"] if loc[0] == "shocks" else []
        hint = translated(lang, did_you_mean(str(loc[-1]), known))
        said = _fault(lang, "extra_forbidden", hint=hint)
    else:
        said = _complaint(fault, lang)
    where = ".".join(str(part) if isinstance(part, str) else f"{part + 1}" for part in loc)
    where = f"--{where}" if loc and loc[0] in replaced else where
    return UserError(f"{where}: {said}" if fault["type"] == "value_error" else f"{where} {said}")


def _complaint(fault: Any, lang: str) -> str:
    kind, context, value = fault["type"], fault.get("ctx", {}), fault["input"]
    if kind == "value_error":
        return translated(lang, str(context["error"]))
    if kind == "literal_error":
        choices = [word.strip(" '") for word in context["expected"].replace(" or ", ",").split(",")]
        hint = translated(lang, did_you_mean(str(value), choices))
        return _fault(lang, "literal_error", value=_shown(value), hint=hint)
    if kind == "string_pattern_mismatch":
        only = context["pattern"].strip("^$")
        kind = "only_start" if only[0].isdigit() else "month"
        return _fault(lang, kind, value=_shown(value), start=only)
    if f"fault.{kind}" in catalogue(lang):
        bounds = {k: number(lang, v) for k, v in context.items() if isinstance(v, int | float)}
        return _fault(lang, kind, value=_shown(value), **bounds)
    said = fault["msg"].replace("Input should be", "must be")
    return _fault(lang, "other", value=_shown(value), said=said)
