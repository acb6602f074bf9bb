"""What an answer consists of, and how its numbers are said: rounded, with bands, few people hidden.

An answer holds numbers and keys of sentences, no words; the words lie in ``data/council``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from siexsim.place import read_packaged
from siexsim.protected import packaged_rules
from siexsim.texts import MINUS, catalogue, known, number, span

Kind = Literal["eur", "rate", "people", "share", "points", "months", "size", "number"]
BAND: Final = (0.1, 0.5, 0.9)
_POINTS: Final = 100  # stress from 0 to 1 is said in points of a hundred
_LEAST_SHARE: Final = 0.005


@dataclass(frozen=True)
class Figure:
    """A number and the band in which eight of ten futures lie; `kind` says how it is written.

    "eur" is rounded to two figures, "rate" is euros with cents, "people" are rounded and hidden
    where they are few, "points" are of stress, and "size" may be infinite: never.
    """

    kind: Kind
    value: float
    low: float = math.nan
    high: float = math.nan
    hidden: bool = False

    @property
    def lean(self) -> str:
        """Whether the band lies above zero ("up"), below it ("down"), or on both sides."""
        if self.hidden or math.isnan(self.value):
            return "unknown"
        low, high = (self.value, self.value) if math.isnan(self.low) else (self.low, self.high)
        return "up" if low > 0 else "down" if high < 0 else "unsure"


@dataclass(frozen=True)
class Word:
    """A word of the program's texts, by group and name, such as ("payers", "state")."""

    group: str
    name: str


@dataclass(frozen=True)
class Said:
    """A sentence by its key, with what fills its blanks."""

    key: str
    values: Mapping[str, Figure | Word | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """A small table: heads by key, and rows of a word and figures; figures show their bands."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Figure | Word | str, ...], ...]


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    `said` and `unknown` are sentences, `rests` full names of the numbers it rests on, with
    value, unit and grade in the answer as they were in the run.
    """

    question: str
    said: tuple[Said, ...]
    grid: Grid | None = None
    unknown: tuple[Said, ...] = ()
    rests: tuple[str, ...] = ()


def band(kind: Kind, values: ArrayLike, people: ArrayLike | None = None) -> Figure:
    """The middle of all futures and the band of eight in ten.

    Where `people` are given, the figure is about so many in each future; it is hidden where they
    are few, as are few people themselves. What isn't known in half the futures isn't known.
    """
    found = np.asarray(values, float)
    found = found[~np.isnan(found)]
    if len(found) == 0 or 2 * len(found) < np.size(values):
        return Figure(kind, math.nan)
    rules = packaged_rules()
    # infinite is later than any other, so quantiles are values that occur
    how = "inverted_cdf" if kind == "size" else "linear"
    low, middle, high = (float(np.quantile(found, q, method=how)) for q in BAND)  # type: ignore[call-overload]
    about = np.nanmedian(np.asarray(people, float)) if people is not None else math.inf
    hidden = bool(about < rules.participant_base)
    if len(found) == 1:
        low = high = math.nan
    return Figure(kind, middle, low, high, hidden)


def is_few(one: Figure) -> bool:
    """Whether a number of people is small in all of its band."""
    bounds = np.abs([bound for bound in (one.value, one.low, one.high) if not math.isnan(bound)])
    return bool((bounds < packaged_rules().few).all())


# --- Words --------------------------------------------------------------------------------------


@cache
def sentences(lang: str) -> Mapping[str, str]:
    """The sentences of the council's pages in one language, by key such as "q1.truth"."""
    tables = tomllib.loads(read_packaged(f"council/{lang}.toml"))
    return {f"{a}.{b}": str(words) for a, group in tables.items() for b, words in group.items()}


def said(lang: str, one: Said) -> str:
    """One sentence with its numbers."""
    filled = {name: written(lang, value) for name, value in one.values.items()}
    return sentences(lang)[one.key].format(**filled)


def written(lang: str, value: Figure | Word | str) -> str:
    """A figure with its band, or a word."""
    if isinstance(value, str):
        return value
    if isinstance(value, Word):
        own = sentences(lang).get(f"{value.group}.{value.name}")
        return own if own is not None else known(lang, value.group, value.name)
    words = sentences(lang)
    if value.hidden:
        return words["number.hidden"]
    if math.isnan(value.value):
        return words["number.unknown"]
    middle = _one(lang, value.kind, value.value)
    if math.isnan(value.low):
        return middle
    low, high = (_one(lang, value.kind, bound) for bound in (value.low, value.high))
    if low == high == middle:
        return middle
    return words["number.band"].format(middle=middle, low=low, high=high)


def _one(lang: str, kind: Kind, value: float) -> str:
    words, rules = sentences(lang), packaged_rules()
    if kind == "eur":
        return _euros(lang, _rounded(value, 2))
    if kind == "rate":
        shown = words["number.euro"].format(amount=number(lang, abs(value), 2))
        return (MINUS if round(value, 2) < 0 else "") + shown
    if kind == "people":
        if abs(value) < rules.few:
            return words["number.few"].format(few=number(lang, rules.few))
        step = (
            rules.count_base
            if abs(value) < 1000
            else 10 ** (math.floor(math.log10(abs(value))) - 1)
        )
        return number(lang, round(value / step) * step)
    if kind == "share":
        if 0 < value < _LEAST_SHARE:
            return words["number.least"].format(share=number(lang, 1))
        return words["number.percent"].format(share=number(lang, 100 * value))
    if kind == "points":
        return number(lang, _POINTS * value, 1)
    if kind == "months":
        return span(lang, value)
    if kind == "size":
        return words["number.never"] if math.isinf(value) else number(lang, _rounded(value, 2))
    return number(lang, value)


def _rounded(value: float, figures: int) -> float:
    return float(f"{value:.{figures}g}")


def _euros(lang: str, value: float) -> str:
    words, size = sentences(lang), abs(value)
    for least, name, digits in ((1e9, "billion", 1), (1e6, "million", 1), (0, "euro", 0)):
        if size >= least:
            unit = 1.0 if name == "euro" else least
            large = size / unit >= 10
            shown = number(lang, size / unit, 0 if large else digits)
            break
    return (MINUS if value < 0 else "") + words[f"number.{name}"].format(amount=shown)


def grade_said(lang: str, grade: str) -> str:
    """How a grade of evidence is said."""
    return catalogue(lang).get(f"assumptions.{grade}", grade)
