"""The figure of stress through the years: poor households by domain, without and with the plan."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from siexsim.hiding import step_of
from siexsim.household import DOMAINS
from siexsim.maps import plan_wijken
from siexsim.sheet import BLUE, INK, ORANGE, Drawing, Sheet, capital, decimal_years

_COLUMNS: Final = [f"poor_stress_{domain}" for domain in DOMAINS]


class StressByYear(NamedTuple):
    """Mean stress of poor households: one row a month that is shown, one column a domain.

    `finest` is what rounding leaves of such a mean; `with_plan` is none where there is no plan.
    """

    months: tuple[str, ...]
    without: NDArray[np.float64]
    with_plan: NDArray[np.float64] | None
    finest: float


def stress_by_year(sheet: Sheet) -> StressByYear | None:
    """Stress of poor households in the wijken of the plan, once a year, in both worlds.

    Wijken that are hidden in some year aren't in it, so that all years are about the same ones;
    none where no wijk is left.
    """
    photo = sheet.result.photo
    photo = photo.assign(wijk=photo["wijk"].astype(str), world=photo["world"].astype(str))
    photo = photo[photo["wijk"].isin(plan_wijken(sheet) or (sheet.result.place.name,))]
    hidden = photo[["poor_households", *_COLUMNS]].isna().any(axis=1)
    photo = photo[~photo["wijk"].isin(photo["wijk"][hidden])]
    if photo.empty or not photo["poor_households"].all():
        return None
    means = {
        str(world): np.array([_mean(one) for _, one in rows.groupby("month", sort=True)])
        for world, rows in photo.groupby("world")
    }
    months = tuple(sorted(photo["month"].astype(str).unique()))
    fewest = photo.groupby(["world", "month"])["poor_households"].sum().min()
    finest = float(step_of(np.array(float(fewest)), 1.0))
    return StressByYear(months, means["without"], means.get("with"), finest)


def _mean(rows: pd.DataFrame) -> NDArray[np.float64]:
    weights = rows["poor_households"].to_numpy(float)
    return np.asarray(np.average(rows[_COLUMNS].to_numpy(float), axis=0, weights=weights))


def _panel(ax: Axes, sheet: Sheet, found: StressByYear, domain: int, span: float) -> None:
    """One domain; all panels are as high in stress, so that their slopes can be compared."""
    when = decimal_years(pd.Series(found.months))
    before, after = found.without[:, domain], found.with_plan
    if after is not None:
        ax.plot(when, after[:, domain], "-o", color=BLUE, lw=2.2, ms=4)
    ax.plot(when, before, color=ORANGE, lw=1.6, ls=(0, (4, 2)), marker="s", ms=3)
    both = before if after is None else np.concatenate([before, after[:, domain]])
    middle = float(both.min() + both.max()) / 2
    ax.set_ylim(middle - span / 2, middle + span / 2)
    ax.set_title(sheet.text("domains", DOMAINS[domain]))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter("{x:.0f}")
    sheet.format_axis(ax.yaxis, digits=2)
    if after is not None:
        said = sheet.say(
            "stress_years", "end", change=sheet.number(after[-1, domain] - before[-1], 3, True)
        )
        ax.text(0.98, 0.04, said, transform=ax.transAxes, ha="right", color=INK, size=9)


def _key(ax: Axes, sheet: Sheet, planned: bool) -> None:
    ax.axis("off")
    lines: list[tuple[str, str, dict[str, Any]]] = [
        ("without", ORANGE, {"ls": (0, (4, 2)), "marker": "s", "ms": 3, "lw": 1.6})
    ]
    if planned:
        lines.append(("with", BLUE, {"ls": "-", "marker": "o", "ms": 4, "lw": 2.2}))
    for place, (key, colour, style) in enumerate(lines):
        y = 0.85 - 0.17 * place
        ax.plot([0.02, 0.11, 0.2], [y] * 3, color=colour, **style)
        ax.text(0.25, y, sheet.text("common", key), va="center", color=colour, weight="bold")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.text(0.02, 0.42, sheet.text("stress_years", "axis"), va="top", size=9, linespacing=1.35)


def draw_stress_years(sheet: Sheet) -> Drawing:
    """Stress of poor households through the years by domain, without and with the plan."""
    found = stress_by_year(sheet)
    assert found is not None  # see `siexsim.plots.figures`
    figure = sheet.figure(10, 6)
    axes = figure.subplots(2, 3).ravel()
    worlds = [found.without] if found.with_plan is None else [found.without, found.with_plan]
    spans = np.ptp(np.concatenate(worlds), axis=0)
    span = max(1.35 * float(spans.max()), 0.04)
    for domain in range(len(DOMAINS)):
        _panel(axes[domain], sheet, found, domain, span)
    _key(axes[-1], sheet, found.with_plan is not None)
    names = plan_wijken(sheet)
    where = names[0] if len(names) == 1 else sheet.text("stress", "everywhere")
    if len(names) > 1:
        where = sheet.say("stress", "where_many", count=len(names))
    first, last = sheet.month(found.months[0]), sheet.month(found.months[-1])
    title, parts = _said(sheet, found, where)
    alt = sheet.say("stress_years", "alt", where=where, first=first, last=last, parts=parts)
    return sheet.finish(figure, "stress_years", title, alt)


def _said(sheet: Sheet, found: StressByYear, where: str) -> tuple[str, str]:
    """The title, and what the text in words says of each domain."""
    number, before, after = sheet.number, found.without, found.with_plan
    names = [sheet.text("domains", domain) for domain in DOMAINS]
    if after is None:
        rise = before[-1] - before[0]
        d = int(rise.argmax())
        values = {"domain": names[d], "change": number(rise[d], 3, True)}
        parts = [
            sheet.say(
                "stress_years", "alt_part_alone", domain=capital(name),
                start=number(before[0, d], 3), without=number(before[-1, d], 3),
            )
            for d, name in enumerate(names)
        ]  # fmt: skip
        return sheet.say("stress_years", "title_alone", where=where, **values), " ".join(parts)
    change = after - before
    most = np.abs(change).argmax(axis=0)  # the month of the largest change, by domain
    parts = [
        sheet.say(
            "stress_years", "alt_part", domain=capital(name), start=number(before[0, d], 3),
            without=number(before[-1, d], 3), **{"with": number(after[-1, d], 3)},
            change=number(change[most[d], d], 3, True), month=sheet.month(found.months[most[d]]),
        )
        for d, name in enumerate(names)
    ]  # fmt: skip
    d = int(np.abs(change).max(axis=0).argmax())
    largest = float(change[most[d], d])
    key = "title_change" if abs(largest) > found.finest else "title_same"  # less may be rounding
    title = sheet.say(
        "stress_years", key, where=where, domain=names[d], change=number(largest, 3, True),
        month=sheet.month(found.months[most[d]]),
    )  # fmt: skip
    return title, " ".join(parts)
