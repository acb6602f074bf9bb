"""Words for what studies find, in Dutch and English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from siexsim.interventions import packaged_interventions
from siexsim.parameters import Parameters
from siexsim.texts import euro, number, percent, text

_OF_VIEW = re.compile(
    r"(?P<what>end_eur|deepest_eur|balance_eur|paid_back)_(?P<view>municipality|public|society)"
    r"(_(within|year)_(?P<years>\d+))?"
)
TITLE = {"nl": "titel", "en": "title"}
MEANING = {"nl": "betekenis", "en": "meaning"}


@cache
def words(lang: str) -> Mapping[str, Any]:
    """All words of one language."""
    there = files("experiments") / "words" / f"{lang}.toml"
    return tomllib.loads(there.read_text(encoding="utf-8"))


def say(lang: str, part: str, key: str, **values: object) -> str:
    """One text with its values filled in."""
    return str(words(lang)[part][key]).format(**values)


def intervention(lang: str, name: str) -> str:
    """Title of a kind of help; the name itself where it is a user's own."""
    known = packaged_interventions()
    return str(getattr(known[name], TITLE[lang])) if name in known else name


def factor(lang: str, name: str) -> str:
    """What a lever or a group of numbers is called."""
    known = words(lang)["factors"]
    if name in known:
        return str(known[name])
    part, _, rest = name.partition(".")
    if part == "mix":
        return intervention(lang, rest)
    if part in ("strength", "price"):
        return say(lang, "factors", part, what=intervention(lang, rest))
    if part == "parameters" and rest in Parameters.packaged().entries:
        return str(getattr(Parameters.packaged()[rest], MEANING[lang]))
    return name


def value(lang: str, name: object) -> str:
    """What a choice is called."""
    return str(words(lang)["values"].get(str(name), name))


def option(lang: str, name: object) -> str:
    """What a kind of plan is called."""
    return str(words(lang)["options"].get(str(name), value(lang, name)))


def goal(lang: str, name: str) -> str:
    """What an outcome of a plan is called, with its unit."""
    known = words(lang)["goals"]
    found = _OF_VIEW.fullmatch(name)
    if found:
        view = words(lang)["views"][found["view"]]
        return str(known[found["what"]]).format(view=view, years=found["years"])
    return str(known.get(name, name))


def of_goal(lang: str, name: str, x: float) -> str:
    """A value of an outcome in the unit of its name; unknown is a question mark."""
    if x != x:
        return "?"
    shown = x / scale(name)
    if name.startswith("paid_back_"):
        return percent(lang, x)
    return number(lang, shown, 0 if abs(shown) >= 100 else 1 if abs(shown) >= 10 else 2)


def scale(name: str) -> float:
    """Euros are shown in millions."""
    return 1e6 if "_eur" in name else 1.0


def cell(lang: str, *names: str) -> str:
    """What a scenario, an effect set and times are called together; each word once."""
    return "; ".join(dict.fromkeys(value(lang, name) for name in names))


def amount(lang: str, name: str, x: float) -> str:
    """A number of a lever as people write it."""
    if name.startswith("mix."):
        # a share under one per cent isn't none
        return (
            percent(lang, x)
            if x >= 0.01
            else text(lang, "say.percent", share=number(lang, 100 * x, 2))
        )
    if "eur" in name:
        return euro(lang, float(f"{x:.2g}"))
    return number(lang, x, 0 if abs(x) >= 100 else 2)
