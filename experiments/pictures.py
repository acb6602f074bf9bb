"""The pictures of studies, in Dutch and English: SVG and PNG, the same files every time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments import words
from experiments.mixes import HALF, YEARS, column
from siexsim.account import VIEWS
from siexsim.sheet import BLUE, GREY, INK, ORANGE, SKY, STYLE, YELLOW, Drawing, balanced, capital
from siexsim.sweep.levers import DUMMY, LUCK
from siexsim.texts import number, percent

COLOURS = (BLUE, ORANGE, SKY, YELLOW, "#009E73", "#CC79A7", INK)
MOST_LINES = 7  # of causes in one picture
LINES = ("-", "--", "-.", ":")
EFFECTS = {"sceptical": ORANGE, "evidence": BLUE, "ipw": YELLOW}
MARKS = {"sceptical": "v", "evidence": "o", "ipw": "^"}


@contextmanager
def style() -> Iterator[None]:
    """The style of all figures, and no other."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def framed(figure: Figure, title: str, note: str, keys_of: Axes | None = None) -> Drawing:
    """Title and the keys of one panel above, and what one has to know below."""
    width, height = figure.get_size_inches()
    above = balanced(title, int(width * 8.3))
    below = textwrap.fill(note, int(width * 15.4))
    top, bottom = 0.3 * above.count("\n") + 0.5, 0.155 * below.count("\n") + 0.35
    left = 0.15 / width
    figure.text(left, 1 - 0.12 / height, above, size=14, weight="bold", va="top")
    figure.text(left, 0.1 / height, below, size=8, color=GREY, va="bottom", linespacing=1.3)
    if keys_of is not None:
        handles, labels = keys_of.get_legend_handles_labels()
        columns = max(1, int(width * 11 / (max(map(len, labels)) + 8)))
        figure.legend(
            handles, labels, loc="upper left", bbox_to_anchor=(left, 1 - top / height),
            ncols=columns, frameon=False, fontsize=9, borderaxespad=0,
        )  # fmt: skip
        top += 0.21 * -(-len(labels) // columns) + 0.1
    engine = figure.get_layout_engine()
    assert engine is not None
    rect = (left, bottom / height, 1 - 2 * left, 1 - (top + bottom) / height)
    engine.set(rect=rect)  # type: ignore[call-arg]
    return Drawing(figure, title, note)


def _names_of(lang: str, table: pd.DataFrame) -> dict[str, str]:
    cell = table.iloc[0]
    return {name: words.value(lang, cell[name]) for name in ("effects", "shocks")}


def _percent_axis(axis: Any, lang: str) -> None:
    axis.set_major_formatter(FuncFormatter(lambda v, _: percent(lang, v)))


# ---- what it hinges on, by horizon -----------------------------------------------------------


def draw_horizons(table: pd.DataFrame, points: int, futures: int, lang: str) -> Drawing:
    """Total indices by year, of being paid back and of the balance, for each view.

    The heaviest causes are drawn; the others, and those that nowhere stand out from the control,
    are named.
    """
    told = table[table["tells"]]
    heights = told.groupby("factor")["index"].mean()
    found = set(told.loc[told["above_dummy"], "factor"])
    ranked = sorted(found, key=lambda name: -heights[name])
    names, light = ranked[:MOST_LINES], ranked[MOST_LINES:]
    figure = Figure(figsize=(11, 8), layout="constrained")
    axes = figure.subplots(2, len(VIEWS), sharex=True, sharey=True)
    for row, kind in enumerate(("paid_back", "per_euro")):
        for col, view in enumerate(VIEWS):
            ax = axes[row, col]
            here = table[(table["kind"] == kind) & (table["view"] == view)]
            _lines(ax, here, names, lang)
            head = capital(words.words(lang)["views"][view])
            ax.set_title(f"{head}:\n{words.say(lang, 'sensitivity', kind)}")
    axes[0, 0].set_ylim(-0.05, 1.1)
    axes[0, 0].set_xlim(0.5, table["year"].max() + 0.5)
    figure.supylabel(words.say(lang, "sensitivity", "axis"), size=9)
    for ax in axes[:, 0]:
        _percent_axis(ax.yaxis, lang)
    for ax in axes[1]:
        ax.set_xlabel(words.say(lang, "sensitivity", "years"), size=9)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    key = "own_future" if (table["factor"] == LUCK).any() else "same_futures"
    lived = words.say(lang, "sensitivity", key, futures=futures)
    note = words.say(
        lang,
        "sensitivity",
        "note",
        points=number(lang, points),
        lived=lived,
        **_names_of(lang, table),
    )
    left = [n for n in dict.fromkeys(table["factor"]) if n not in found and n != DUMMY]
    for key, some in (("light", light), ("not_drawn", left)):
        if some:
            said = "; ".join(words.factor(lang, name) for name in some)
            note += f" {words.say(lang, 'sensitivity', key, names=said)}"
    return framed(figure, words.say(lang, "sensitivity", "title"), note, axes[1, 0])


def _lines(ax: Axes, here: pd.DataFrame, names: Sequence[str], lang: str) -> None:
    by_year = here.groupby("year")
    same = (
        by_year["index"].apply(lambda one: bool(one.isna().all())) & by_year["mean"].first().notna()
    )
    dim = ~by_year["tells"].first()
    for year in dim.index[dim]:
        ax.axvspan(year - 0.5, year + 0.5, color=GREY, alpha=0.12, lw=0)
    if dim.any():
        years = _longest_stretch(dim.index[dim].to_numpy())
        key = "nobody" if same[years].all() else "too_few"
        ax.text(
            float(years.mean()), 0.5, words.say(lang, "sensitivity", key), ha="center",
            va="center", size=8, color=GREY, rotation=90 if len(years) < 8 else 0,
        )  # fmt: skip
    for k, name in enumerate([*names, DUMMY]):
        one = here[here["factor"] == name].sort_values("year")
        index, low, high = (one[c].where(one["tells"]) for c in ("index", "low", "high"))
        colour = GREY if name == DUMMY else COLOURS[k % len(COLOURS)]
        line = ":" if name == DUMMY else LINES[k // len(COLOURS) % len(LINES)]
        ax.fill_between(one["year"], low, high, color=colour, alpha=0.15, lw=0)
        label = words.factor(lang, name)
        # a year between two that say nothing is a dot, not a line
        ax.plot(one["year"], index, line, marker=".", color=colour, lw=1.8, label=label)


def _longest_stretch(years: Any) -> Any:
    """The longest row of years without a gap."""
    return max(np.split(years, np.flatnonzero(np.diff(years) > 1) + 1), key=len)


# ---- the map of mixes ------------------------------------------------------------------------


def draw_map(table: pd.DataFrame, lang: str) -> Drawing:
    """How often each plan is paid back, by horizon, view and effect set; each dot is a plan."""
    pairs = table[["effects", "shocks"]].drop_duplicates().to_numpy()
    cells = [(str(effects), str(shocks)) for effects, shocks in pairs]
    figure = Figure(figsize=(3 + 2.6 * len(cells), 8.2), layout="constrained")
    axes = figure.subplots(len(VIEWS), len(cells), sharex=True, sharey=True, squeeze=False)
    for col, (effects, shocks) in enumerate(cells):
        plans = table[(table["effects"] == effects) & (table["shocks"] == shocks)]
        for row, view in enumerate(VIEWS):
            _dots(axes[row, col], plans, view, lang)
        title = words.cell(lang, effects, shocks)
        axes[0, col].set_title("\n".join(textwrap.wrap(title, 28)), size=9)
    for row, view in enumerate(VIEWS):
        name = "\n".join(textwrap.wrap(words.words(lang)["views"][view], 16))
        axes[row, 0].set_ylabel(name, weight="bold", size=10)
        _percent_axis(axes[row, 0].yaxis, lang)
    for ax in axes[-1]:
        ax.set_xticks(range(len(YEARS)), [str(years) for years in YEARS])
        ax.set_xlabel(words.say(lang, "mixes", "years"), size=9)
    axes[0, 0].set_ylim(-0.06, 1.2)
    axes[0, 0].set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes[0, 0].set_xlim(-0.6, len(YEARS) - 0.4)
    figure.supylabel(words.say(lang, "mixes", "axis"), size=9)
    points, futures = table["point"].nunique(), int(table["futures"].iloc[0])
    note = words.say(lang, "mixes", "note", points=points, futures=futures)
    if table[[column(view, years) for view in VIEWS for years in YEARS]].isna().any().any():
        note += f" ?: {words.say(lang, 'mixes', 'unknown')}."
    return framed(figure, words.say(lang, "mixes", "title"), note)


def _dots(ax: Axes, plans: pd.DataFrame, view: str, lang: str) -> None:
    ax.axhline(0.5, color=GREY, lw=0.7, ls=":")
    for k, years in enumerate(YEARS):
        chance = plans[column(view, years)].to_numpy(float)
        if np.isnan(chance).any():
            ax.text(k, 0.5, "?", ha="center", va="center", color=GREY)
            continue
        # side by side in the order of the study: no chance in a picture
        beside = (np.arange(len(chance)) / max(len(chance) - 1, 1) - 0.5) * 0.7
        colour = EFFECTS.get(str(plans["effects"].iloc[0]), BLUE)
        ax.plot(k + beside, chance, "o", ms=4, color=colour, alpha=0.6, mew=0, zorder=3)
        ax.text(k, 1.07, f"{(chance >= HALF).sum()}", ha="center", size=8, color=GREY)
        ax.plot([k - 0.38, k + 0.38], [np.median(chance)] * 2, color=INK, lw=1.2)


def draw_shares(table: pd.DataFrame, view: str, lang: str) -> Drawing:
    """The balance at the end per euro against the share of each kind of help."""
    shares = [name for name in table.columns if name.startswith("mix.")]
    columns = min(3, len(shares))
    rows = -(-len(shares) // columns)
    figure = Figure(figsize=(3.6 * columns, 1.6 + 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, shares, strict=False):
        ax.axhline(0, color=INK, lw=0.9)
        for effects, plans in table.groupby("effects", sort=False):
            _strip(ax, plans, name, f"end_per_euro_{view}", str(effects), lang)
        ax.set_title(words.factor(lang, name), size=10)
        _percent_axis(ax.xaxis, lang)
    for ax in list(axes.flat)[len(shares) :]:
        ax.axis("off")
    for ax in axes[-1]:
        ax.set_xlabel(words.say(lang, "mixes", "share"), size=9)
    who = words.words(lang)["views"][view]
    figure.supylabel(words.say(lang, "mixes", "shares_axis", view=who), size=9)
    note = words.say(
        lang, "mixes", "shares_note", points=table["point"].nunique(),
        futures=int(table["futures"].iloc[0]), shocks=_names_of(lang, table)["shocks"],
    )  # fmt: skip
    return framed(figure, words.say(lang, "mixes", "shares_title"), note, axes[0, 0])


def _strip(ax: Axes, plans: pd.DataFrame, name: str, measure: str, effects: str, lang: str) -> None:
    plans = plans.sort_values(name, kind="stable")
    x, y = plans[name].to_numpy(float), plans[measure].to_numpy(float)
    colour, mark = EFFECTS.get(effects, BLUE), MARKS.get(effects, "o")
    ax.plot(x, y, mark, ms=3.5, color=colour, alpha=0.4, mew=0)
    # a mean of few plans says little: at least eight in each
    parts = np.array_split(np.arange(len(x)), max(1, min(8, len(x) // 8)))
    means = np.array([(x[part].mean(), y[part].mean()) for part in parts])
    label = words.value(lang, effects)
    ax.plot(*means.T, "-", marker=mark, ms=5, color=colour, lw=2, label=label)


def save(drawings: dict[str, Drawing], folder: Path) -> list[Path]:
    """Save drawings by name, such as "map-nl"."""
    folder.mkdir(parents=True, exist_ok=True)
    return [path for name, one in drawings.items() for path in one.save(folder, name)]
