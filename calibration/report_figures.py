"""The figures of the report, drawn from its tables."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from scipy.stats import binom

from calibration.report_years import published
from siexsim.sheet import BLUE, GREY, INK, ORANGE, PALE, SKY, STYLE

if TYPE_CHECKING:
    from calibration.report import Tables

LANGUAGES: Final = ("nl", "en")
_DPI: Final = 110
_DPI_TALL: Final = 85  # so that a tall figure is a small file too
_TALL: Final = 12.0  # inches
_FURTHEST: Final = 4.0  # half widths that are drawn
_COLUMNS: Final = 4
TEXT: Final = {
    "en": {
        "place": "distance from the middle of the band,\nin half widths (band: -1 to 1)",
        "fitted": "Targets of the fit", "beside": "Beside the model, not asked of it",
        "holdout": "Hold-outs, never seen by the fit", "band": "published band",
        "in": "model, inside", "out": "model, outside", "published": "published value",
        "minima": "minima, of households", "welfare": "households on welfare",
        "debts": "adults with problematic debts", "strain_minima": "minima, hard to make ends meet",
        "strain_others": "others, hard to make ends meet",
        "budget": "poor by the definition of 2024, of inhabitants",
        "fit_point": "published, used by the fit", "other_point": "published, not used by the fit",
        "model": "model, mean and middle 90%", "index": "whoever lives there, 2022 = 100",
        "allowed": "5%, allowed among like people",
    },
    "nl": {
        "place": "afstand tot het midden van de marge\n(1 = de toegestane afwijking)",
        "fitted": "Doelcijfers", "beside": "Ter vergelijking, niet gevraagd",
        "holdout": "Toetsen buiten het afstellen", "band": "gepubliceerde marge",
        "in": "model, binnen de marge", "out": "model, erbuiten", "published": "gepubliceerd",
        "minima": "minima, deel van de huishoudens", "welfare": "huishoudens met bijstand",
        "debts": "volwassenen met problematische schulden",
        "strain_minima": "minima die moeilijk rondkomen",
        "strain_others": "anderen die moeilijk rondkomen",
        "budget": "arm volgens de definitie van 2024, deel van de inwoners",
        "fit_point": "gepubliceerd, gebruikt bij het afstellen",
        "other_point": "gepubliceerd, niet gebruikt",
        "model": "model, gemiddelde en middelste 90%", "index": "wie er ook woont, 2022 = 100",
        "allowed": "5%, toegestaan bij gelijke mensen",
    },
}  # fmt: skip


def draw_all(tables: Tables, folder: Path) -> list[str]:
    """Draw what there are tables for; the names of the figures that were made."""
    with mpl.rc_context(STYLE | {"svg.fonttype": "none"}):  # letters as text: smaller files
        made: dict[str, Figure] = {}
        for lang in LANGUAGES:
            made[f"fit-{lang}"] = fit_figure(tables, lang)
            if tables.years is not None:
                made[f"years-{lang}"] = years_figure(tables, tables.years, lang)
                made[f"placebo-{lang}"] = placebo_figure(tables.years, lang)
        if tables.draws is not None and tables.parameters is not None:
            made["parameters"] = parameter_figure(tables.parameters, tables.draws)
            made["correlations"] = correlation_figure(tables.draws)
        if tables.profiles is not None:
            made["profiles"] = profile_figure(tables.profiles)
        if tables.recovery is not None:
            made["ranks"] = rank_figure(tables.recovery)
        if tables.left_out is not None:
            made["left_out"] = left_out_figure(tables.left_out)
        for name, figure in made.items():
            dpi = _DPI if figure.get_figheight() < _TALL else _DPI_TALL
            figure.savefig(folder / f"{name}.png", dpi=dpi, metadata={"Software": None})
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    return list(made)


# ---- targets and hold-outs ----------------------------------------------------------------------


def fit_figure(tables: Tables, lang: str) -> Figure:
    """All targets and hold-outs as intervals against their bands, each band drawn as wide."""
    words, shown = TEXT[lang], tables.shown()
    groups = [
        (words["fitted"], shown[shown["use"] == "fitted"]),
        (words["beside"], shown[shown["use"].isin(["margin", "compared"]) & ~shown["holdout"]]),
        (words["holdout"], shown[shown["holdout"]]),
    ]
    sizes = [len(rows) for _, rows in groups]
    figure = Figure(figsize=(10, 2.2 + 0.27 * sum(sizes)), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True, height_ratios=sizes)
    for ax, (title, rows) in zip(axes, groups, strict=True):
        _intervals(ax, rows, lang)
        ax.set_title(title)
    axes[-1].set_xlabel(words["place"])
    handles, labels = axes[0].get_legend_handles_labels()
    marks = dict(zip(labels, handles, strict=True))
    for ax in axes[1:]:
        marks |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    figure.legend(marks.values(), marks.keys(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _intervals(ax: Axes, rows: pd.DataFrame, lang: str) -> None:
    words = TEXT[lang]
    middle, half = (rows["low"] + rows["high"]) / 2, (rows["high"] - rows["low"]) / 2
    y = np.arange(len(rows))[::-1]
    ax.axvspan(-1, 1, color=PALE, alpha=0.6, lw=0, label=words["band"])
    at = {name: ((rows[name] - middle) / half).to_numpy(float) for name in ("p05", "mean", "p95")}
    drawn = {name: np.clip(values, -_FURTHEST, _FURTHEST) for name, values in at.items()}
    inside = rows["inside"].to_numpy(bool)
    for part, colour, mark, label in ((inside, BLUE, "o", "in"), (~inside, ORANGE, "D", "out")):
        far = np.abs(at["mean"]) > _FURTHEST
        near = part & ~far
        ax.hlines(y[near], drawn["p05"][near], drawn["p95"][near], color=colour, lw=2)
        ax.plot(drawn["mean"][near], y[near], mark, color=colour, ms=6,
                label=words[label])  # fmt: skip
        for k in np.flatnonzero(part & far):
            sign = np.sign(at["mean"][k])
            ax.plot(sign * _FURTHEST, y[k], ">" if sign > 0 else "<", color=colour, ms=8)
            ax.annotate(
                f"{at['mean'][k]:+.1f}", (sign * _FURTHEST, y[k]), (-sign * 8, 0), size=8,
                textcoords="offset points", ha="right" if sign > 0 else "left", va="center",
                color=colour,
            )  # fmt: skip
    place = ((rows["published"] - middle) / half).to_numpy(float)
    ax.plot(place, y, "|", color=INK, ms=9, mew=1.5, label=words["published"])
    column = "woorden" if lang == "nl" else "words"
    ax.set_yticks(y, [f"{text} ({name})" for name, text in rows[column].items()], fontsize=8)
    ax.set_xlim(-_FURTHEST - 0.15, _FURTHEST + 0.15)
    ax.set_ylim(-0.7, len(rows) - 0.3)


# ---- years --------------------------------------------------------------------------------------


def years_figure(tables: Tables, years: pd.DataFrame, lang: str) -> Figure:
    """The years of the hindcast, with what was published."""
    words, points = TEXT[lang], published(tables.targets)
    lived = years[years["world"] == "lived"]
    names = list(dict.fromkeys(lived["series"]))
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    axes = list(figure.subplots(-(-len(names) // 2), 2, squeeze=False).flat)
    for ax in axes[len(names) :]:
        ax.axis("off")
    for ax, name in zip(axes, names, strict=False):
        rows = lived[lived["series"] == name]
        when = rows["year"] + 0.5
        ax.fill_between(when, rows["p05"], rows["p95"], color=PALE, lw=0)
        ax.plot(when, rows["mean"], color=BLUE, lw=2, label=words["model"])
        for fitted, colour, mark, key in (
            (True, INK, "s", "fit_point"), (False, ORANGE, "o", "other_point"),
        ):  # fmt: skip
            some = points[(points["series"] == name) & (points["fitted"] == fitted)]
            reach = np.abs(some[["low", "high"]].to_numpy(float).T - some["value"].to_numpy(float))
            ax.errorbar(some["when"], some["value"], yerr=reach, fmt=mark, color=colour, ms=5,
                        capsize=3, label=words[key])  # fmt: skip
        ax.set_title(words[name], fontsize=10)
        ax.set_ylim(0, None)
        if name == "welfare":
            ax.yaxis.set_major_formatter(lambda v, _: _thousands(v, lang))
        else:
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))  # whole per cents
        ax.set_xticks([y + 0.5 for y in rows["year"]], [f"{y}" for y in rows["year"]], fontsize=8)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _thousands(value: float, lang: str) -> str:
    text = f"{value:,.0f}"
    return text.replace(",", ".") if lang == "nl" else text


def placebo_figure(years: pd.DataFrame, lang: str) -> Figure:
    """Years in which nothing happens: shares beside those of 2022."""
    words = TEXT[lang]
    calm = years[(years["world"] == "calm") & years["series"].isin(["minima", "welfare", "debts"])]
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    groups = list(calm.groupby("series", sort=False))
    axes = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for ax, (name, rows) in zip(axes, groups, strict=True):
        index = 100 * rows[["mean", "p05", "p95"]]
        ax.axhspan(95, 105, color=GREY, alpha=0.12, lw=0, label=words["allowed"])
        ax.fill_between(rows["year"], index["p05"], index["p95"], color=PALE, lw=0)
        ax.plot(rows["year"], index["mean"], color=BLUE, lw=2, label=words["model"])
        ax.set_title(textwrap.fill(words[str(name)], 30), fontsize=10)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylabel(words["index"])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


# ---- parameters ---------------------------------------------------------------------------------


def _panels(names: Sequence[str], height: float = 1.9) -> tuple[Figure, list[Axes]]:
    lines = -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(10, 0.7 + height * lines), layout="constrained")
    axes = list(figure.subplots(lines, _COLUMNS, squeeze=False).flat)
    for ax in axes[len(names) :]:
        ax.axis("off")
    for ax, name in zip(axes, names, strict=False):
        ax.set_title(name.replace(".", ".\n", 1), fontsize=8)
        ax.tick_params(labelsize=7)
    return figure, axes


def parameter_figure(parameters: pd.DataFrame, draws: pd.DataFrame) -> Figure:
    """Prior (line) and posterior (bars) of each free parameter."""
    figure, axes = _panels(list(parameters.index))
    for ax, (name, row) in zip(axes, parameters.iterrows(), strict=False):
        low, top, high = float(row["low"]), float(row["value"]), float(row["high"])
        ax.hist(
            draws[str(name)],
            bins=16,
            range=(low, high),
            weights=draws["weight"],
            density=True,
            color=SKY,
        )
        if row["shape"] == "flat":
            ax.plot([low, low, high, high], [0, *(2 * [1 / (high - low)]), 0], color=INK, lw=1.2)
        else:
            ax.plot([low, top, high], [0, 2 / (high - low), 0], color=INK, lw=1.2)
        ax.axvline(float(row["p50"]), color=BLUE, lw=1.5)
        ax.set_yticks([])
        ax.set_xlabel(f"sd / prior sd {row['sd_ratio']:.2f}", fontsize=7)
    return figure


def correlation_figure(draws: pd.DataFrame) -> Figure:
    """Correlation of every pair of parameters in the posterior."""
    names = [name for name in map(str, draws) if "." in name]
    spread = np.cov(draws[names].to_numpy(float).T, aweights=draws["weight"].to_numpy(float))
    sd = np.sqrt(np.diag(spread))
    found = spread / np.outer(sd, sd)
    side = 3.0 + 0.42 * len(names)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    ax = figure.subplots()
    shown = ax.pcolormesh(found[::-1], cmap="PuOr", vmin=-1, vmax=1, edgecolors="white")
    places = np.arange(len(names)) + 0.5
    ax.set_xticks(places, names, rotation=60, ha="right", fontsize=8)
    ax.set_yticks(places[::-1], names, fontsize=8)
    for i in range(len(names)):
        for j in range(i):
            if abs(found[i, j]) >= 0.3:
                ax.text(j + 0.5, len(names) - i - 0.5, f"{found[i, j]:.1f}", ha="center",
                        va="center", fontsize=7,
                        color="white" if abs(found[i, j]) > 0.6 else INK)  # fmt: skip
    ax.set_aspect("equal")
    figure.colorbar(shown, ax=ax, shrink=0.6, label="correlation")
    return figure


def profile_figure(profiles: pd.DataFrame) -> Figure:
    """Highest posterior density for each value of a parameter; -2 is far less likely."""
    groups = list(profiles.groupby(level=0, sort=False))
    figure, axes = _panels([str(name) for name, _ in groups])
    for ax, (_, rows) in zip(axes, groups, strict=False):
        ax.axhline(-2, color=GREY, lw=0.8, ls=":")
        ax.plot(rows["value"], rows["log_density"], "o-", color=BLUE, ms=3, lw=1.5)
        ax.set_ylim(-8, 0.5)
    return figure


# ---- is the fit right ---------------------------------------------------------------------------


def rank_figure(recovery: pd.DataFrame) -> Figure:
    """Ranks of the truths of synthetic cities; even, apart from chance, when the fit is right."""
    rows = recovery.drop(index="all")
    columns = [name for name in map(str, rows) if name.startswith("rank_")]
    cities = int(rows[columns].sum(axis=1).iloc[0])
    low, high = binom.interval(0.95, cities, 1 / len(columns))
    figure, axes = _panels([str(name) for name in rows.index])
    for ax, (_, row) in zip(axes, rows.iterrows(), strict=False):
        ax.axhspan(low, high, color=GREY, alpha=0.15, lw=0)
        counts = row[columns].to_numpy(float)
        ax.bar(np.arange(len(columns)) + 0.5, counts, 0.9, color=SKY)
        ax.set_xticks([0, len(columns)], ["0", "1"])
        ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.set_xlabel(f"covered {row['covered_share']:.2f}, p = {row['chance']:.2g}", fontsize=7)
    return figure


def left_out_figure(table: pd.DataFrame) -> Figure:
    """What the other targets expect of each target, when the fit doesn't see it."""
    figure = Figure(figsize=(10, 1.6 + 0.28 * len(table)), layout="constrained")
    ax = figure.subplots()
    half = (table["high"] - table["low"]) / 2
    middle = (table["high"] + table["low"]) / 2
    y = np.arange(len(table))[::-1]
    at = {name: ((table[name] - middle) / half).to_numpy(float) for name in ("p05", "p50", "p95")}
    reach = max(2.0, min(8.0, float(np.abs(list(at.values())).max()) + 0.5))
    ax.axvspan(-1, 1, color=PALE, alpha=0.6, lw=0)
    for part, colour, mark in (
        (table["inside"].to_numpy(bool), BLUE, "o"), (~table["inside"].to_numpy(bool), ORANGE, "D"),
    ):  # fmt: skip
        ax.hlines(y[part], at["p05"][part], at["p95"][part], color=colour, lw=2)
        ax.plot(at["p50"][part].clip(-reach, reach), y[part], mark, color=colour, ms=6)
    ax.set_xlim(-reach, reach)
    ax.set_yticks(y, table.index, fontsize=8)
    ax.set_xlabel("expected by the other targets: distance from the middle, in half widths")
    return figure
