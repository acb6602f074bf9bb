"""Figures for the page, drawn one by one in the language that is asked; several plans in one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from siexsim.app.captions import CAPTIONS, FOLDER, captions
from siexsim.app.words import say
from siexsim.plots import figures
from siexsim.result import Result
from siexsim.sheet import BLUE, GREY, INK, ORANGE, STYLE, Drawing, Sheet, decimal_years

_LINES: Final = (
    (BLUE, "-"), (ORANGE, (0, (5, 2))), (INK, (0, (1, 1.2))), (GREY, (0, (6, 1.5, 1, 1.5))),
)  # fmt: skip


def draw_figure(result: Result, name: str, lang: str) -> None:
    """Draw one figure of a result, if it can have it and hasn't been given it yet."""
    there, known = result.folder / FOLDER, captions(result.folder)
    drawn = figures(result)
    if name not in drawn or lang in known.get(name, {}):
        return
    there.mkdir(exist_ok=True)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        drawing = drawn[name](Sheet(result, lang))
        drawing.save(there, f"{name}-{lang}")
    known.setdefault(name, {})[lang] = {"title": drawing.title, "alt": drawing.alt}
    aside = there / f".{CAPTIONS}.part"
    aside.write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
    aside.replace(there / CAPTIONS)


def letter(place: int) -> str:
    """Name of a plan among those that are compared: A, B, C or D."""
    return "ABCD"[place]


def draw_comparison(results: Sequence[Result], lang: str, there: Path) -> dict[str, str]:
    """Draw the balance of the municipality in several results; returns its title and text."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        drawing = _comparison(results, lang)
        there.parent.mkdir(parents=True, exist_ok=True)
        drawing.save(there.parent, there.name)
    said = {"title": drawing.title, "alt": drawing.alt}
    there.with_suffix(".json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return said


def _comparison(results: Sequence[Result], lang: str) -> Drawing:
    sheet = Sheet(results[0], lang)
    figure = sheet.figure(10, 5)
    ax = figure.subplots()
    lines = [_municipality(one) for one in results]
    size = max(float(np.abs(one[["p10", "p90"]].to_numpy()).max()) for one in lines)
    scale, unit = (1e6, "unit_million") if size >= 2e6 else (1e3, "unit_thousand")
    ends, parts = [], []
    for place, (band, (colour, style)) in enumerate(zip(lines, _LINES, strict=False)):
        when = decimal_years(band["month"])
        ax.fill_between(when, band["p10"] / scale, band["p90"] / scale, color=colour, alpha=0.1)
        ax.plot(when, band["p50"] / scale, color=colour, ls=style, lw=2.2)
        ends.append((float(when[-1]), float(band["p50"].iloc[-1]) / scale, place, colour))
        parts.append(
            say(
                lang, "compare.alt_part", letter=letter(place),
                name=results[place].manifest["scenario"]["name"],
                low=sheet.euro(float(band["p50"].min())),
                end=sheet.euro(float(band["p50"].iloc[-1])),
            )
        )  # fmt: skip
    ax.axhline(0, color=INK, lw=0.9)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    low, high = ax.get_ylim()
    before = np.inf
    for x, y, place, colour in sorted(ends, key=lambda end: -end[1]):
        before = min(y, before - (high - low) * 0.06)  # so that labels don't overlap
        ax.annotate(
            letter(place), (x, before), (6, 0), textcoords="offset points", color=colour,
            weight="bold", size=12, va="center",
        )  # fmt: skip
    ax.set_title(sheet.say("account", "balance", unit=sheet.text("account", unit)), size=10)
    sheet.format_axis(ax.yaxis, digits=1 if scale == 1e6 else 0)
    alt = say(lang, "compare.alt", parts=" ".join(parts))
    return Drawing(figure, say(lang, "compare.figure"), alt)


def _municipality(result: Result) -> Any:
    bands = result.bands
    return bands[bands["view"].astype(str) == "municipality"].reset_index(drop=True)
