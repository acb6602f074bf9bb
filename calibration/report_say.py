"""Figures and small pieces of sentences, in Dutch and English."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from calibration.check import CERTAIN

_COUNTS: Final = ("households", "persons")
_MOVED: Final = ("relative change", "change of", "rise of")


def number(value: float, digits: int, lang: str) -> str:
    """A number with the signs of the language."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "nl" else text


def shown(value: float, unit: str, lang: str) -> str:
    """A figure in its unit: percent, points, or a count."""
    if math.isnan(value):
        return "-"
    if unit.startswith(_MOVED[1:]):
        return number(100 * value, 1, lang) + (" procentpunt" if lang == "nl" else " points")
    if unit.startswith((_MOVED[0], "share", "largest relative")):
        return number(100 * value, 1, lang) + "%"
    if unit in _COUNTS:
        return number(value, 0, lang)
    return number(value, 2 if unit == "ratio" else 1, lang)


def between(low: float, high: float, unit: str, lang: str) -> str:
    """From one figure to another, with the unit once."""
    first, last = shown(low, unit, lang), shown(high, unit, lang)
    for ending in (" procentpunt", " points"):
        first = first.removesuffix(ending)
    return f"{first} {'tot' if lang == 'nl' else 'to'} {last}"


def size(row: Any, lang: str) -> str:
    """How far outside its band a row lies, and to which side."""
    high = row["mean"] > row["high"]
    edge = row["high"] if high else row["low"]
    by = shown(abs(row["mean"] - edge), row["unit"], lang)
    if row["unit"].startswith((_MOVED[0], "share")):
        by = number(100 * abs(row["mean"] - edge), 1, lang)
        by += " procentpunt" if lang == "nl" else " points"
    off = number(abs(row["off"]), 1, lang)
    if lang == "nl":
        side = "boven" if high else "onder"
        return f"{by} {side} de marge ({off} keer de toegestane afwijking)"
    return f"{by} {'above' if high else 'below'} the band ({off} half widths from its middle)"


def line(name: str, row: Any, lang: str) -> str:
    """A row outside its band, in one line of a list."""
    words = row["woorden"] if lang == "nl" else row["words"]
    model, published = (shown(row[key], row["unit"], lang) for key in ("mean", "published"))
    band = between(row["low"], row["high"], row["unit"], lang)
    if lang == "nl":
        told = f"model {model}, gepubliceerd {published} (marge {band})"
        unsure = " De steekproef is te klein om zeker te zijn."
    else:
        told = f"model {model}, published {published} (band {band})"
        unsure = " The sample is too small to be sure."
    return f"- **{words}** ({name}): {told}: {size(row, lang)}.{'' if _sure(row) else unsure}"


def _sure(row: Any) -> bool:
    """Whether the mean lies further outside its band than chance between seeds may bring it."""
    beyond = max(row["mean"] - row["high"], row["low"] - row["mean"])
    return bool(beyond > CERTAIN * row["noise_sd"] / math.sqrt(max(row["seeds"], 1)))


def joined(parts: Sequence[str], lang: str) -> str:
    """Words as "a, b and c"."""
    last = " en " if lang == "nl" else " and "
    return last.join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def markdown(table: pd.DataFrame) -> str:
    """A table of texts as Markdown; the index is the first column."""
    head = [str(table.index.name or ""), *map(str, table.columns)]
    rows = [
        [str(index), *map(str, row)]
        for index, row in zip(table.index, table.values.tolist(), strict=True)
    ]
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)
    )


def not_there(command: str) -> str:
    """What stands where a table is missing."""
    return f"Not made yet: `python -m calibration {command}`."
