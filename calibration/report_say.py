"""Figures and small pieces of sentences, in Dutch and English."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

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
    if abs(value) >= 100:
        return number(value, 0, lang)
    return number(value, 2 if unit == "ratio" else 1, lang)


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
        return f"{by} {side} de marge ({off} halve marges van het midden)"
    return f"{by} {'above' if high else 'below'} the band ({off} half widths from its middle)"


def line(name: str, row: Any, lang: str) -> str:
    """A row outside its band, in one line of a list."""
    words = row["woorden"] if lang == "nl" else row["words"]
    model, published, low, high = (
        shown(row[key], row["unit"], lang) for key in ("mean", "published", "low", "high")
    )
    if lang == "nl":
        told = f"model {model}, gepubliceerd {published} (marge {low} tot {high})"
        unsure = " De steekproef is te klein om zeker te zijn."
    else:
        told = f"model {model}, published {published} (band {low} to {high})"
        unsure = " The sample is too small to be sure."
    sure = "" if row["sample_shows_faults"] else unsure
    return f"- **{words}** ({name}): {told}: {size(row, lang)}.{sure}"


def joined(parts: Sequence[str], lang: str) -> str:
    """Words as "a, b and c"."""
    last = " en " if lang == "nl" else " and "
    return last.join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def markdown(table: pd.DataFrame) -> str:
    """A table of texts as Markdown; the index is the first column."""
    head = [table.index.name or "", *map(str, table.columns)]
    rows = [
        [str(index), *map(str, row)]
        for index, row in zip(table.index, table.values.tolist(), strict=True)
    ]
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)
    )
