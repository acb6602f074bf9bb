"""A user's own numbers in place of packaged ones: from the command line, or a file with sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from siexsim.errors import UserError
from siexsim.evidence import Assumption
from siexsim.parameters import Parameters
from siexsim.scenario import Scenario, contents, one_line, parsed, plain
from siexsim.texts import known as known_word
from siexsim.texts import short, text, translated

SET: Final = "--set"
EXACT: Final = 6  # figures at which a number just outside a range is seen to be outside


class Assumed(NamedTuple):
    """What a file assumes, by the full name of the number."""

    path: str
    numbers: Mapping[str, Assumption]


def read_settings(settings: Sequence[str], lang: str) -> dict[str, float]:
    """Read what ``--set NAME=VALUE`` said, as often as it was given.

    Raises
    ------
    UserError
        When something isn't NAME=VALUE, or a name is there twice.
    """
    found: dict[str, float] = {}
    for said in settings:
        name, equals, value = (part.strip() for part in said.partition("="))
        if not (name and equals and value):
            raise UserError(one_line(text(lang, "own_numbers.form", value=said[:60])))
        try:
            given = float(value)
        except ValueError:
            given = math.nan
        if not math.isfinite(given):
            raise UserError(one_line(text(lang, "own_numbers.value", name=name, value=value[:60])))
        if name in found:
            raise UserError(one_line(text(lang, "own_numbers.twice", name=name)))
        found[name] = given
    return found


def read_assumptions(path: str | Path, lang: str = "en") -> Assumed:
    """Read a file of assumptions: a table per number, with value, source and perhaps a range.

    Raises
    ------
    UserError
        When the file can't be read or a table is incomplete; one line.
    """
    found = {}
    for name, table in _tables(parsed(contents(path, lang, "assume_file"), path, lang)).items():
        if not isinstance(table, Mapping):
            raise UserError(one_line(f"{path}: {text(lang, 'own_numbers.table', name=name)}"))
        try:
            found[name] = Assumption.model_validate(table)
        except ValidationError as error:
            said = str(plain(error, {}, lang, Assumption))
            raise UserError(one_line(f"{path}: {name}: {said}")) from error
    if not found:
        raise UserError(f"{path}: {text(lang, 'own_numbers.empty')}")
    return Assumed(str(path), found)


def _tables(content: Mapping[str, Any]) -> dict[str, Any]:
    """Tables by full name; [work.x] without quotes means the same as ["work.x"]."""
    found: dict[str, Any] = {}
    for name, table in content.items():
        inner = isinstance(table, Mapping) and table.values()
        if "." not in name and inner and all(isinstance(one, Mapping) for one in inner):
            found |= {f"{name}.{own}": one for own, one in table.items()}
        else:
            found[name] = table
    return found


def with_own(
    scenario: Scenario, settings: Mapping[str, float], files: Sequence[Assumed], lang: str = "en"
) -> Scenario:
    """Change numbers of a scenario; what comes last counts, and ``--set`` after every file.

    Raises
    ------
    UserError
        When a number isn't known or can't be; one line that says how to widen a range.
    """
    known = scenario.model_copy(update={"parameters": {}, "assumptions": {}}).central()
    parameters, assumptions = dict(scenario.parameters), dict(scenario.assumptions)
    for path, numbers in files:
        for name, own in numbers.items():
            _check_assumed(known, path, name, own, lang)
            parameters.pop(name, None)
            assumptions[name] = own
    for name, value in settings.items():
        _check_set(known, name, value, lang)
        assumptions.pop(name, None)
        parameters[name] = value
    if not settings and not files:
        return scenario
    return scenario.model_copy(update={"parameters": parameters, "assumptions": assumptions})


def _check_assumed(known: Parameters, path: str, name: str, own: Assumption, lang: str) -> None:
    if own.low is None and name in known:
        _check_range(known, f"{path}: {name}", name, own.value, lang)
    try:
        known.assuming({name: own})
    except UserError as error:
        raise UserError(one_line(f"{path}: {translated(lang, str(error))}")) from error


def _check_set(known: Parameters, name: str, value: float, lang: str) -> None:
    try:
        known[name]
    except UserError as error:
        raise UserError(one_line(f"{SET}: {translated(lang, str(error))}")) from error
    _check_range(known, f"{SET} {name}", name, value, lang)


def _check_range(known: Parameters, origin: str, name: str, value: float, lang: str) -> None:
    one = known[name]
    if not one.low <= value <= one.high:
        said = {k: short(lang, v, EXACT) for k, v in (("low", one.low), ("high", one.high))}
        key = "own_numbers.outside" if one.low < one.high else "own_numbers.law"
        line = text(lang, key, value=short(lang, value, EXACT), unit=units(lang, one.unit), **said)
        raise UserError(one_line(f"{origin}: {line}"))


def units(lang: str, unit: str) -> str:
    """A unit in the reader's language."""
    return known_word(lang, "units", unit)


def changes_in_words(before: Scenario, after: Scenario, lang: str = "en") -> dict[str, str]:
    """What a user's own numbers are, and in the place of what, by full name."""
    known, own = before.future(0), after.future(0)
    changed = [
        name
        for name in (*after.parameters, *after.assumptions)
        if before.parameters.get(name) != after.parameters.get(name)
        or before.assumptions.get(name) != after.assumptions.get(name)
    ]
    said = {}
    for name in dict.fromkeys(changed):
        one, old = own[name], known[name]
        values = {"now": one.value, "was": old.value, "low": one.low, "high": one.high}
        shown = {key: short(lang, value, EXACT) for key, value in values.items()}
        key = "own_numbers.held" if name in after.parameters or one.fixed else "own_numbers.ranged"
        said[name] = text(lang, key, unit=units(lang, one.unit), source=one.source, **shown)
    return said
