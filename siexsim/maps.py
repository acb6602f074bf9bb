"""The figures of people and neighbourhoods: poverty and welfare, stress, the map, participants."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.patches import Patch, Polygon
from numpy.typing import NDArray

from siexsim.hiding import step_of
from siexsim.household import DOMAINS
from siexsim.sheet import (
    BLUE,
    GREY,
    HALO,
    INK,
    ORANGE,
    PALE,
    Drawing,
    Sheet,
    capital,
    decimal_years,
    of_world,
)

CLASSES: Final = 5
UNKNOWN: Final = "#D9D9D9"  # a wijk with too few to be shown
HIDDEN: Final = "·"


def plan_wijken(sheet: Sheet) -> tuple[str, ...]:
    """Neighbourhoods of the plan by their own names; none where it covers all or there is none."""
    place = sheet.result.place
    if not sheet.plan:
        return ()
    stages = sheet.plan.get("stages") or [sheet.plan]
    names = [place.wijken[place.wijk(name)] for stage in stages for name in stage["wijken"]]
    return tuple(dict.fromkeys(names))


# --- People in poverty and households on welfare ----------------------------------------------


def _level_panel(
    ax: Axes, sheet: Sheet, what: str, without: pd.DataFrame, with_plan: pd.DataFrame
) -> None:
    when = decimal_years(without["month"])
    if len(with_plan):
        ax.plot(when, with_plan[what], color=BLUE, lw=2.4)
    ax.plot(when, without[what], color=ORANGE, lw=1.8, ls=(0, (4, 2)))
    ax.set_ylim(0, 1.18 * max(float(t[what].max()) for t in (without, with_plan) if len(t)))
    ax.set_title(sheet.text("people", what))
    sheet.format_axis(ax.yaxis)
    if len(with_plan):
        last, top = when[-1], float(without[what].iloc[-48:].max())
        for key, y, colour, side in (
            ("without", max(top, float(with_plan[what].iloc[-48:].max())), ORANGE, 1),
            ("with", float(min(t[what].iloc[-48:].min() for t in (without, with_plan))), BLUE, -1),
        ):
            ax.annotate(
                sheet.text("common", key), (last, y), (0, 7 * side), textcoords="offset points",
                ha="right", va="bottom" if side > 0 else "top", color=colour, weight="bold",
            )  # fmt: skip


def _difference_panel(
    ax: Axes, sheet: Sheet, when: NDArray[np.float64], change: NDArray[np.float64]
) -> None:
    ax.fill_between(when, change, 0, color=PALE, step="post", lw=0)
    ax.step(when, change, color=BLUE, lw=1.6, where="post")
    ax.axhline(0, color=INK, lw=0.9)
    ax.set_title(sheet.text("people", "difference"), size=10, weight="normal")
    ax.margins(y=0.15)
    sheet.format_axis(ax.yaxis)
    if not np.nan_to_num(change).any():
        ax.set_yticks([0])


def draw_people(sheet: Sheet) -> Drawing:
    """People in poverty and households on welfare, in both worlds, and the difference."""
    without, with_plan = (of_world(sheet.result.months, w) for w in ("without", "with"))
    planned, (first, last) = len(with_plan) > 0, sheet.years
    figure = sheet.figure(10, 6.4 if planned else 4.4)
    axes = figure.subplots(
        2 if planned else 1, 2, sharex=True, squeeze=False,
        gridspec_kw={"height_ratios": [1.7, 1] if planned else [1]},
    )  # fmt: skip
    values: dict[str, Any] = {"place": sheet.result.place.name, "first_year": first, "year": last}
    changes = {}
    for column, (short, what) in enumerate(
        (("poor", "poor_persons"), ("welfare", "welfare_households"))
    ):
        _level_panel(axes[0, column], sheet, what, without, with_plan)
        values[f"{short}_start"] = sheet.number(without[what].iloc[0])
        values[f"{short}_without"] = values[f"{short}_total"] = sheet.number(without[what].iloc[-1])
        if planned:
            change = (with_plan[what] - without[what]).to_numpy(float)
            _difference_panel(axes[1, column], sheet, decimal_years(without["month"]), change)
            changes[short] = float(change[-1])
            values[f"{short}_with"] = sheet.number(with_plan[what].iloc[-1])
            values[f"{short}_average"] = sheet.number(change.mean(), sign=True)
            values[short] = sheet.number(abs(change[-1]))
    axes[0, 0].set_xticks(range(first, last + 2, 2))
    if not planned:
        title = sheet.say("people", "title_alone", **values)
        return sheet.finish(
            figure, "people", title, sheet.say("people", "alt_alone", **values), "note_alone"
        )
    ways = {s: "less" if c < 0 else "more" if c > 0 else "same" for s, c in changes.items()}
    welfare_words = sheet.say("people", f"welfare_{ways['welfare']}", **values)
    title = sheet.say("people", f"title_{ways['poor']}", welfare_words=welfare_words, **values)
    return sheet.finish(figure, "people", title, sheet.say("people", "alt", **values))


# --- Stress in five domains -------------------------------------------------------------------


class _Stress(NamedTuple):
    """Mean stress by domain; `finest` is what rounding leaves of a mean of poor households."""

    poor: NDArray[np.float64]
    everybody: NDArray[np.float64]
    finest: float


def stress_of(sheet: Sheet, world: str) -> _Stress | None:
    """Mean stress of poor and of all households in the wijken of the plan at the end, by domain.

    Wijken with too few to be shown aren't in it; a plan for all shows the municipality.
    """
    photo = of_world(sheet.result.photo, world)
    photo = photo[photo["year"] == photo["year"].max()]
    wijken = plan_wijken(sheet) or (sheet.result.place.name,)
    photo = photo[photo["wijk"].astype(str).isin(wijken)]
    means, finest = [], 0.0
    for count, prefix in (("poor_households", "poor_stress_"), ("base_households", "stress_")):
        columns = [prefix + d for d in DOMAINS]
        known = photo[[count, *columns]].astype(float).dropna()
        weight = known[count].to_numpy()
        if not weight.sum():
            return None
        means.append(np.average(known[columns].to_numpy(), axis=0, weights=weight))
        finest = finest or float(step_of(weight.sum(), 1.0))
    return _Stress(means[0], means[1], finest)


def stress_is_known(sheet: Sheet) -> bool:
    """Whether enough households stand behind the figure of stress."""
    return stress_of(sheet, "without") is not None


def _stress_rows(ax: Axes, beside: Axes, sheet: Sheet, without: Any, with_plan: Any) -> None:
    for d, domain in enumerate(DOMAINS):
        beside.text(
            -0.9, 3 * d + 0.5, sheet.text("domains", domain), size=11, weight="bold", va="center"
        )
        for group, name in enumerate(("poor", "all")):
            y, before = 3 * d + group, without[group][d]
            ax.axhline(y, color=GREY, alpha=0.25, lw=0.8)
            colour = BLUE if group == 0 else GREY
            ax.plot(before, y, "o", ms=12, mfc="white", mec=colour, mew=1.8, zorder=3)
            said = sheet.number(before, 3)
            if with_plan is not None:
                after = with_plan[group][d]
                ax.plot(after, y, "o", ms=6, color=colour, zorder=4)
                said += f" → {sheet.number(after, 3)}"
            beside.text(0.28, y, said, va="center", color=colour)
            beside.text(-0.1, y, sheet.text("stress", name), va="center", color=colour)


def _stress_key(ax: Axes, sheet: Sheet) -> None:
    for x, key, style in (
        (0.02, "open", {"ms": 12, "mfc": "white", "mec": GREY, "mew": 1.8}),
        (0.36, "filled", {"ms": 6, "color": GREY}),
    ):
        ax.plot(x, -1.3, "o", clip_on=False, **style)  # type: ignore[arg-type]
        ax.text(x + 0.025, -1.3, sheet.text("stress", key), va="center", color=GREY)


def draw_stress(sheet: Sheet) -> Drawing:
    """Stress of poor and of all households by domain, at the end, without and with the plan."""
    without, with_plan = stress_of(sheet, "without"), stress_of(sheet, "with")
    assert without is not None  # see `siexsim.plots.figures`
    figure = sheet.figure(10, 6.4)
    beside, ax = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.1, 2]})
    _stress_rows(ax, beside, sheet, without, with_plan)
    beside.set_xlim(-0.9, 1)
    beside.axis("off")
    ax.set_xlim(0, 1)
    ax.set_ylim(3 * len(DOMAINS) - 1.2, -1.8)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(sheet.text("stress", "axis"), loc="left")
    sheet.format_axis(ax.xaxis, digits=1)
    names, year = plan_wijken(sheet), sheet.month(str(sheet.result.photo["month"].max()))
    where = names[0] if len(names) == 1 else sheet.text("stress", "everywhere")
    if len(names) > 1:
        where = sheet.say("stress", "where_many", count=len(names))
    after = without if with_plan is None else with_plan
    parts = [
        sheet.say(
            "stress", "alt_part_alone" if with_plan is None else "alt_part",
            domain=capital(sheet.text("domains", domain)),
            poor_without=sheet.number(without[0][d], 3), poor_with=sheet.number(after[0][d], 3),
            all_without=sheet.number(without[1][d], 3), all_with=sheet.number(after[1][d], 3),
        )
        for d, domain in enumerate(DOMAINS)
    ]  # fmt: skip
    change = np.round(after.poor - without.poor, 6)
    seen = np.where(np.abs(change) > without.finest, change, 0.0)  # less may be rounding
    d = int(np.abs(change).argmax()) if with_plan is not None else int(without.poor.argmax())
    key = "title_less" if (seen < 0).any() else "title_none" if seen.any() else "title_same"
    if with_plan is None:
        key = "title_alone"
    if with_plan is not None:
        _stress_key(ax, sheet)
    title = sheet.say(
        "stress", key, where=where, year=year, count=int((seen < 0).sum()),
        domain=sheet.text("domains", DOMAINS[d]), change=sheet.number(change[d], 3, True),
        level=sheet.number(without.poor[d], 2),
    )  # fmt: skip
    alt = sheet.say("stress", "alt", where=where, year=year, parts=" ".join(parts))
    note = "note_alone" if with_plan is None else "note"
    return sheet.finish(figure, "stress", title, alt, note)


# --- The map ----------------------------------------------------------------------------------


def poverty_shares(sheet: Sheet, year: int, world: str) -> pd.Series:
    """Share of households in poverty by wijk, in percent; the municipality under its name."""
    photo = of_world(sheet.result.photo, world)
    photo = photo[photo["year"] == year].copy()
    photo.index = pd.Index(photo["wijk"].astype(str))
    return (100 * photo["poor_households"] / photo["base_households"].clip(lower=1)).astype(float)


def rings_of(feature: Any) -> list[NDArray[np.float64]]:
    """Outer rings of a wijk, as longitudes and latitudes."""
    shape = feature["geometry"]
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [np.array(polygon[0], float) for polygon in polygons]


def _colours() -> Colormap:
    full = mpl.colormaps["YlGnBu"]
    return LinearSegmentedColormap.from_list("poverty", full(np.linspace(0.05, 0.95, 256)))


def _breaks(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Borders of classes with as many wijken each, to one decimal; hidden ones have no class."""
    inner = np.nanquantile(shares, np.linspace(0, 1, CLASSES + 1)[1:-1])
    return np.unique(np.round(inner, 1))


def _draw_wijken(ax: Axes, sheet: Sheet, shares: pd.Series, ranks: dict[str, int]) -> None:
    place, chosen = sheet.result.place, plan_wijken(sheet)
    breaks = _breaks(shares[list(place.wijken)].to_numpy(float))
    classes = len(breaks) + 1
    colours = _colours()
    for feature in place.map["features"]:
        properties = feature["properties"]
        name = properties["name"]
        level = int(np.searchsorted(breaks, shares[name], side="right"))
        shown = colours(level / max(classes - 1, 1)) if name in ranks else UNKNOWN
        for ring in rings_of(feature):
            ax.add_patch(Polygon(ring, facecolor=shown, edgecolor="white", lw=1.0))
            if name in chosen:
                hatch = "white" if 2 * level >= classes else INK
                ax.add_patch(
                    Polygon(ring, fill=False, edgecolor=hatch, lw=0, hatch="///", zorder=3)
                )
                ax.add_patch(Polygon(ring, fill=False, edgecolor=INK, lw=1.8, zorder=3))
        ax.text(
            properties["label_lon"], properties["label_lat"], str(ranks.get(name, HIDDEN)), size=9,
            ha="center", va="center", weight="bold", color=INK, zorder=4,
            path_effects=HALO,
        )  # fmt: skip
    edges = [sheet.number(b, 1) for b in breaks]
    low, high = (
        sheet.number(v, 1)
        for v in (shares[list(place.wijken)].min(), shares[list(place.wijken)].max())
    )
    bounds = [low, *edges, high]
    keys = [
        Patch(facecolor=colours(k / max(classes - 1, 1)), edgecolor=GREY, label=f"{a} – {b}")
        for k, (a, b) in enumerate(pairwise(bounds))
    ]
    if len(ranks) < len(place.wijken):
        keys.append(Patch(facecolor=UNKNOWN, edgecolor=GREY, label=sheet.text("map", "few")))
    if chosen:
        keys.append(
            Patch(fill=False, edgecolor=INK, hatch="///", label=sheet.text("map", "hatched"))
        )
    legend = ax.legend(
        handles=keys, title=sheet.text("map", "classes"), loc="lower left", fontsize=8.5,
        title_fontsize=8.5, frameon=False, alignment="left", bbox_to_anchor=(-0.03, 0.0),
    )  # fmt: skip
    legend.set_zorder(1)
    ax.autoscale_view()
    ax.set_aspect(1 / np.cos(np.radians(np.mean(ax.get_ylim()))))
    ax.axis("off")


def _list_wijken(
    ax: Axes, sheet: Sheet, start: pd.Series, end: pd.Series, ranks: dict[str, int]
) -> None:
    chosen = plan_wijken(sheet)
    for name, rank in ranks.items():
        ax.axhline(rank, color=GREY, alpha=0.2, lw=0.7)
        ax.plot([start[name], end[name]], [rank, rank], color=GREY, lw=1.2)
        ax.plot(start[name], rank, "o", ms=7.5, mfc="white", mec=BLUE, mew=1.6)
        ax.plot(end[name], rank, "o", ms=4.5, color=BLUE)
    unranked = [name for name in sheet.result.place.wijken if name not in ranks]
    rows = {**ranks, **{name: len(ranks) + k for k, name in enumerate(unranked, 1)}}
    names = [f"{name}  {ranks.get(name, HIDDEN)}" for name in rows]
    ax.set_yticks(list(rows.values()), names, size=9)
    for label, name in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if name in chosen else "normal")
    ax.set_ylim(len(rows) + 0.7, -0.9)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    sheet.format_axis(ax.xaxis)
    ax.set_xlabel(sheet.text("map", "axis"), size=9, loc="left")


def draw_map(sheet: Sheet) -> Drawing:
    """Neighbourhoods by share of households in poverty, on the map and in order."""
    place, photo = sheet.result.place, sheet.result.photo
    first, last = int(photo["year"].min()), int(photo["year"].max())
    world = "with" if (photo["world"].astype(str) == "with").any() else "without"
    start, end = poverty_shares(sheet, first, "without"), poverty_shares(sheet, last, world)
    order = start[list(place.wijken)].dropna().sort_values(ascending=False, kind="stable")
    ranks = {str(name): k for k, name in enumerate(order.index, 1)}
    figure = sheet.figure(11.5, 7)
    ax, beside = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.75, 1]})
    _draw_wijken(ax, sheet, start, ranks)
    _list_wijken(beside, sheet, start, end, ranks)
    begin, until = (sheet.month(str(edge)) for edge in (photo["month"].min(), photo["month"].max()))
    years = {"first": begin, "last": until, "when": begin, "end": until}
    ax.set_title(sheet.say("map", "map_head", **years))
    beside.set_title(
        sheet.say("map", "list_head_plan" if sheet.plan else "list_head", **years), size=10
    )

    def share(value: float) -> str:
        return sheet.percent(float(value) / 100, 1)

    chosen, hidden = plan_wijken(sheet), [name for name in place.wijken if name not in ranks]
    top, bottom = order.iloc[:3], order.iloc[::-1].iloc[:3]
    alt = sheet.say(
        "map", "alt", count=len(place.wijken), place=place.name, **years,
        top=", ".join(f"{n} {share(v)}" for n, v in top.items()),
        bottom=", ".join(f"{n} {share(v)}" for n, v in bottom.items()),
        city_start=share(start[place.name]), city_end=share(end[place.name]),
        plan=sheet.say("map", "alt_plan", names=", ".join(chosen)) if chosen else "",
        few=sheet.say("map", "alt_few", names=", ".join(hidden)) if hidden else "",
    )  # fmt: skip
    title = sheet.say(
        "map", "title", low=share(order.iloc[-1]), lowest=order.index[-1],
        high=share(order.iloc[0]), highest=order.index[0], when=begin,
    )  # fmt: skip
    note = "note" if sheet.scenario["sample"] == 1 else "note_sample"
    return sheet.finish(figure, "map", title, alt, note)
