"""The figure of participants: how public return is spread over them, and who carries it (Q10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtri

from siexsim.maps import HIDDEN
from siexsim.monitoring import INTERVAL
from siexsim.sheet import (
    BLUE,
    GREY,
    HALO,
    INK,
    ORANGE,
    Drawing,
    Sheet,
)

if TYPE_CHECKING:
    from siexsim.result import Result

_WIDTH: Final = float(ndtri(0.5 + INTERVAL / 2))  # of an interval, in standard errors


class _Class(NamedTuple):
    """A class of returns; the share is not a number where too few are in it."""

    name: str
    share: float
    sign: int


def return_classes(sheet: Sheet, count: float) -> list[_Class]:
    """Every class of returns with its share of all participants, from the highest down."""
    found = []
    for low, high, households in sheet.result.classes.itertuples(index=False):
        open_below, open_above = np.isnan(low), np.isnan(high)
        key = "zero" if low < 0 < high else "between"
        key = "below" if open_below else "above" if open_above else key
        words = {
            name: "" if np.isnan(edge) else sheet.number(edge)
            for name, edge in (("low", low), ("high", high), ("edge", high))
        }
        sign = 0 if key == "zero" else -1 if open_below or low < 0 else 1
        name = sheet.say("participants", key, **words)
        found.append(_Class(name, float(households) / count, sign))
    return found


def _class_bars(ax: Axes, sheet: Sheet, classes: list[_Class], count: float) -> None:
    for row, (_, part, sign) in enumerate(classes):
        if np.isnan(part):
            ax.text(0, row, f" {HIDDEN}", va="center", size=20, color=GREY, weight="bold")
            continue
        colour, hatch = {1: BLUE, 0: GREY, -1: ORANGE}[sign], "///" if sign < 0 else ""
        ax.barh(row, 100 * part, 0.72, color=colour, hatch=hatch, edgecolor="white")
        ax.text(100 * part, row, f" {sheet.percent(part)}", va="center", size=9)
    ax.set_yticks(range(len(classes)), [one.name for one in classes], size=9)
    ax.set_ylim(len(classes) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.16)
    ax.set_title(sheet.text("participants", "left"), size=10)
    label = sheet.say("participants", "share_axis", count=sheet.number(count))
    ax.set_xlabel(label, size=9, loc="left")
    sheet.format_axis(ax.xaxis)


def _rough(value: float) -> float:
    """The end of an interval in two figures; more would be false precision."""
    return float(f"{value:.2g}")


def _mean_bars(ax: Axes, sheet: Sheet, spread: pd.Series, unsure: str) -> None:
    """Cost and mean return of a participant, with what chance among them leaves open."""
    cost, mean, half = spread["cost_eur"], spread["return_eur"], _WIDTH * spread["error_eur"]
    ax.barh(0, cost, 0.6, color=ORANGE, hatch="///", edgecolor="white")
    ax.barh(1, mean, 0.6, color=BLUE, edgecolor="white")
    ax.plot([mean - half, mean + half], [1, 1], "|-", color=INK, lw=1.3, ms=9, mew=1.3)
    for row, (key, said) in enumerate((("cost", sheet.euro(cost)), ("mean", unsure))):
        words = f"{sheet.text('participants', key)}: {said}"
        ax.text(0, row - 0.42, words, size=9, weight="bold", va="bottom")
    ax.axvline(0, color=INK, lw=0.9)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_ylim(1.45, -0.85)
    ax.set_title(sheet.text("participants", "right"), size=10)
    sheet.format_axis(ax.xaxis)


def _carried_curve(ax: Axes, sheet: Sheet, spread: pd.Series) -> None:
    """Share of all gains by tenths of participants; a point is the mean of many."""
    tenths = np.arange(0, 101, 10)
    shares = [0.0, *(spread[f"best_{k}_percent_share"] for k in tenths[1:])]
    carried = 100 * np.array(shares, float)
    half = 100 * float(spread["half_share"])
    ax.plot(tenths, carried, "o-", color=BLUE, lw=2, ms=4, clip_on=False)
    ax.plot([0, 100], [0, 100], color=GREY, lw=0.9, ls=":")
    if np.isfinite(half):
        ax.plot([half, half, 0], [0, 50, 50], color=INK, lw=0.9)
        said = sheet.say("participants", "half", half=sheet.percent(half / 100))
        ax.text(half + 2, 44, said, size=9, weight="bold", va="top", path_effects=HALO)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 104)
    ax.set_title(sheet.text("participants", "carried"), size=10)
    ax.set_xlabel(sheet.text("participants", "x_axis"), size=9, loc="left")
    ax.set_ylabel(sheet.text("participants", "y_axis"), size=9)
    sheet.format_axis(ax.xaxis)
    sheet.format_axis(ax.yaxis)


def spread_of(result: Result) -> pd.Series | None:
    """How public returns over the whole run are spread; None where too few took part."""
    table = result.spread
    if table.empty or "view" not in table:
        return None
    mine = table[(table["view"].astype(str) == "public") & table["months"].isna()]
    known = mine.dropna(subset=["participants", "cost_eur", "return_eur"])
    return None if known.empty else known.iloc[0]


def draw_participants(sheet: Sheet) -> Drawing:
    """How the public return is spread over participants, against the cost of their help."""
    spread = spread_of(sheet.result)
    assert spread is not None  # see `figures`
    count = float(spread["participants"]) * sheet.scenario["sample"]
    classes = return_classes(sheet, count)
    mean, off = float(spread["return_eur"]), _WIDTH * float(spread["error_eur"])
    said = {
        "mean": sheet.euro(mean), "low": sheet.euro(_rough(mean - off)),
        "high": sheet.euro(_rough(mean + off)),
        "cost": sheet.euro(spread["cost_eur"]), "nothing": "", "half": "",
        "nothing_said": "", "half_said": "",
    }  # fmt: skip
    nothing = next(one.share for one in classes if one.sign == 0)
    for key, share in (("nothing", nothing), ("half", float(spread["half_share"]))):
        if np.isfinite(share):
            said[key] = sheet.percent(share)
            said[f"{key}_said"] = sheet.say("participants", f"alt_{key}", **said)
    figure = sheet.figure(11.5, 6.4)
    carried = spread[[f"best_{k}_percent_share" for k in range(10, 101, 10)]].notna().all()
    layout: list[Any] = [["classes", "means"], ["classes", "carried"]]
    axes = figure.subplot_mosaic(layout, height_ratios=[1, 1.6])
    _class_bars(axes["classes"], sheet, classes, count)
    _mean_bars(axes["means"], sheet, spread, sheet.say("participants", "unsure", **said))
    if carried:
        _carried_curve(axes["carried"], sheet, spread)
    else:
        axes["carried"].set_title(sheet.text("participants", "carried"), size=10)
        axes["carried"].text(0, 0.95, sheet.text("participants", "few"), va="top", size=9)
        axes["carried"].axis("off")
    key = "title_mean" if not said["nothing"] else "title" if said["half"] else "title_nothing"
    parts = ", ".join(
        f"{one.name} {HIDDEN if np.isnan(one.share) else sheet.percent(one.share)}"
        for one in classes
    )
    alt = sheet.say("participants", "alt", count=sheet.number(count), parts=parts, **said)
    return sheet.finish(figure, "participants", sheet.say("participants", key, **said), alt)
