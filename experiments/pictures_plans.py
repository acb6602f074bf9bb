"""Pictures of robust plans and of kinds of plan side by side, in Dutch and English."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments import words
from experiments.answers import CELL
from experiments.best_plans import FOUND_BY, LETTER, everything
from experiments.pictures import COLOURS, framed
from experiments.regret import robustly
from experiments.robust import RANDOM, SEARCH, Compared, sign
from siexsim.sheet import BLUE, GREY, HALO, INK, ORANGE, Drawing
from siexsim.sweep.study import Study
from siexsim.texts import number

MARKS = {RANDOM: ("o", BLUE), SEARCH: ("^", ORANGE)}
_WIDE = 34  # letters of a goal in a line


def draw_plans(found: Compared, study: Study, best: pd.DataFrame, by: str, lang: str) -> Drawing:
    """The Pareto set among all plans that were tried: the first goal against each of the others."""
    goals, every = study.outcomes, everything(found)
    values = robustly(every.values, by)
    first, others = goals[0], goals[1:]
    columns = min(2, len(others))
    rows = -(-len(others) // columns)
    figure = Figure(figsize=(5.2 * columns, 1.9 + 3.1 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False)
    x = sign(first) * values[:, 0] / words.scale(first)
    for ax, name in zip(axes.flat, others, strict=False):
        y = sign(name) * values[:, goals.index(name)] / words.scale(name)
        label = words.say(lang, "robust", "tried")
        ax.plot(x, y, ".", ms=4, color=GREY, alpha=0.35, mew=0, label=label)
        _pareto(ax, best, first, name, lang)
        ax.set_title("\n".join(textwrap.wrap(words.goal(lang, name), 46)), size=9)
        _numbers(ax.yaxis, lang)
    for ax in list(axes.flat)[len(others) :]:
        ax.axis("off")
    for ax in axes[-1]:
        ax.set_xlabel(words.goal(lang, first), size=9)
        _numbers(ax.xaxis, lang)
    note = words.say(
        lang, "robust", "note", plans=len(every.points), cells=len(study.cells()),
        futures=study.uncertainties.futures, by=words.say(lang, "robust", by),
    )  # fmt: skip
    return framed(figure, words.say(lang, "robust", "title"), note, axes[0, 0])


def _pareto(ax: Axes, best: pd.DataFrame, first: str, name: str, lang: str) -> None:
    for found_by, (mark, colour) in MARKS.items():
        own = best[best[FOUND_BY] == found_by]
        label = words.say(lang, "robust", found_by)
        x, y = own[first] / words.scale(first), own[name] / words.scale(name)
        ax.plot(x, y, mark, ms=5, color=colour, alpha=0.8, mew=0, label=label)
    for row in best[best[LETTER] != ""].to_dict("records"):
        place = (row[first] / words.scale(first), row[name] / words.scale(name))
        ax.annotate(
            row[LETTER], place, xytext=(4, 4), textcoords="offset points", size=10,
            weight="bold", color=INK, path_effects=HALO,
        )  # fmt: skip


def _numbers(axis: object, lang: str) -> None:
    axis.set_major_formatter(  # type: ignore[attr-defined]
        FuncFormatter(lambda v, _: number(lang, v, len(f"{v:.4g}".partition(".")[2])))
    )


def draw_kinds(table: pd.DataFrame, goals: Sequence[str], lang: str) -> Drawing:
    """Differences of kinds of plan with the base: a panel an outcome, a colour a cell."""
    options = list(dict.fromkeys(table["option"]))
    cells = list(dict.fromkeys(map(tuple, table[list(CELL)].to_numpy())))
    columns = min(2, len(goals))
    rows = -(-len(goals) // columns)
    high = 0.9 + rows * (0.6 + len(options) * (0.16 + 0.09 * len(cells)))
    figure = Figure(figsize=(2.6 + 4.4 * columns, high + 0.8), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, goals, strict=False):
        ax.axvline(0, color=INK, lw=0.9)
        for c, cell in enumerate(cells):
            own = table[(table[list(CELL)] == list(cell)).all(axis=1) & (table["outcome"] == name)]
            own = own.set_index("option").reindex(options)
            y = np.arange(len(options)) + (c - (len(cells) - 1) / 2) * 0.75 / len(cells)
            middle, low, top = (own[k] / words.scale(name) for k in ("difference", "low", "high"))
            colour = COLOURS[c % len(COLOURS)]
            ax.hlines(y, low, top, color=colour, lw=1.6)
            # the scenario's name says nothing where there is one
            label = words.cell(lang, *cell[0 if table["scenario"].nunique() > 1 else 1 :])
            ax.plot(middle, y, "osv^Dp"[c % 6], ms=4, color=colour, label=label)
        ax.set_yticks(
            range(len(options)),
            ["\n".join(textwrap.wrap(words.option(lang, one), _WIDE)) for one in options], size=9,
        )  # fmt: skip
        ax.set_title("\n".join(textwrap.wrap(words.goal(lang, name), 46)), size=9)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
        _numbers(ax.xaxis, lang)
    axes[0, 0].set_ylim(len(options) - 0.4, -0.6)
    for ax in list(axes.flat)[len(goals) :]:
        ax.axis("off")
    base = words.option(lang, table["base"].iloc[0])
    for ax in axes[-1]:
        ax.set_xlabel(words.say(lang, "compare", "axis", base=base), size=9)
    note = words.say(lang, "compare", "note", futures=int(table["futures"].max()))
    return framed(figure, words.say(lang, "compare", "title"), note, axes[0, 0])
