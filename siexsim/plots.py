"""The figures of a run, in Dutch and English: each with a finding as title and a text in words.

Nothing here counts money or people anew: figures show the tables of a result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from siexsim import maps
from siexsim.account import VIEWS
from siexsim.items import PAYERS, PUBLIC
from siexsim.plots_participants import draw_participants, spread_of
from siexsim.plots_stress import draw_stress_years, stress_by_year
from siexsim.sheet import (
    BLUE,
    GREY,
    HALO,
    INK,
    ORANGE,
    PALE,
    SKY,
    STYLE,
    YELLOW,
    Drawing,
    Sheet,
    capital,
    decimal_years,
)
from siexsim.texts import LANGUAGES

if TYPE_CHECKING:
    from siexsim.result import Result

_PUBLIC: Final = tuple(PAYERS[k] for k in PUBLIC)
_Rows = dict[str, NDArray[np.float64]]


def _payback(sheet: Sheet, view: str) -> tuple[int, int, float]:
    """Futures that have paid back, of how many, and the middle payback (inf if never)."""
    months = sheet.result.futures[f"payback_months_{view}"].astype(float).fillna(np.inf).to_numpy()
    middle = float(np.quantile(months, 0.5, method="higher"))
    return int(np.isfinite(months).sum()), len(months), middle


def _account_title(sheet: Sheet) -> str:
    back, futures, middle = _payback(sheet, "municipality")
    if futures == 1:
        key = "title_one_back" if back else "title_one_never"
    elif back in (0, futures):
        key = "title_all" if back else "title_none"
    else:
        key = "title_half" if np.isfinite(middle) else "title_some"
    span = sheet.span(middle) if np.isfinite(middle) else ""
    return sheet.say(
        "account",
        key,
        year=sheet.years[1],
        back=back,
        rest=futures - back,
        futures=futures,
        span=span,
    )


def _view_texts(sheet: Sheet, view: str, band: pd.DataFrame) -> tuple[str, str]:
    """What stands beside the panel of a view, and its part of the text in words."""
    back, futures, middle = _payback(sheet, view)
    low, last = band.iloc[int(band["p50"].to_numpy().argmin())], band.iloc[-1]
    ends = {key: sheet.euro(last[key]) for key in ("p10", "p50", "p90")}
    payback = "never_any" if not back else "back_middle" if np.isfinite(middle) else "never_middle"
    span = sheet.span(middle) if np.isfinite(middle) else ""
    deepest = {"eur": sheet.euro(low["p50"]), "month": sheet.month(str(low["month"]))}
    beside = [
        sheet.text("views_words", view),
        sheet.say("account", "deepest" if low["p50"] < 0 else "not_deep", **deepest),
        sheet.say("account", "band_end", year=sheet.years[1], **ends),
        sheet.say("account", payback, back=back, futures=futures, year=sheet.years[1], span=span),
    ]
    alt = sheet.say(
        "account", "alt_part", view=sheet.text("views", view), back=back, futures=futures,
        deepest=deepest["eur"], **ends,
    )  # fmt: skip
    return "\n\n".join(beside), alt


def _view_panel(ax: Axes, sheet: Sheet, view: str, band: pd.DataFrame, scale: float) -> None:
    when, account = decimal_years(band["month"]), sheet.result.account
    middle = band["p50"].to_numpy(float) / scale
    central = account[f"balance_{view}_eur"].to_numpy(float) / scale
    ax.fill_between(when, band["p10"] / scale, band["p90"] / scale, color=PALE, lw=0)
    ax.axhline(0, color=INK, lw=0.9)
    ax.plot(decimal_years(account["month"]), central, color=INK, lw=1.2, ls=":")
    ax.plot(when, middle, color=BLUE, lw=2.4)
    low = int(middle.argmin())
    if middle[low] < 0:
        ax.plot(when[low], middle[low], "v", color=BLUE, ms=9, mec="white")
    months = _payback(sheet, view)[2]
    invested = account["invested_eur"].to_numpy(float) > 0
    if np.isfinite(months) and invested.any():
        x = decimal_years(account["month"])[int(invested.argmax())] + (months - 1) / 12
        ax.plot(x, 0, "D", color=ORANGE, ms=8, mec="white", zorder=5)
        ax.annotate(
            sheet.say("account", "payback", span=sheet.span(months)), (x, 0), (0, 9), size=9,
            textcoords="offset points", ha="right", va="bottom", color=ORANGE, weight="bold",
            path_effects=HALO,
        )  # fmt: skip
    ax.set_title(sheet.text("views", view))


def _invested_panel(ax: Axes, beside: Axes, sheet: Sheet) -> None:
    account = sheet.result.account
    invested = account["invested_eur"].to_numpy(float)
    quarter = np.floor(decimal_years(account["month"]) * 4 + 1e-6) / 4
    sums = pd.Series(invested).groupby(quarter).sum()
    ax.bar(sums.index + 0.125, sums / 1e3, width=0.2, color=GREY)
    ax.set_ylabel(sheet.text("account", "invested"), rotation=0, ha="right", va="center", size=9)
    sheet.format_axis(ax.yaxis)
    spent = account["month"].astype(str)[invested > 0]
    if len(spent):
        said = sheet.say(
            "account", "invested_words", eur=sheet.euro(invested.sum()),
            first=sheet.month(spent.iloc[0]), last=sheet.month(spent.iloc[-1]),
        )  # fmt: skip
        beside.text(0, 0.95, said, va="top", size=9, linespacing=1.35)


def draw_account(sheet: Sheet) -> Drawing:
    """Balance of the account in three views, with band, deepest point and payback."""
    bands, account = sheet.result.bands, sheet.result.account
    figure = sheet.figure(10, 10.5)
    axes = figure.subplots(
        4, 2, sharex="col", gridspec_kw={"width_ratios": [3, 1.25], "height_ratios": [3, 3, 3, 1.3]}
    )
    size = float(bands[["p10", "p90"]].abs().to_numpy().max())
    scale, unit = (1e6, "unit_million") if size >= 2e6 else (1e3, "unit_thousand")
    parts = []
    for row, view in enumerate(VIEWS):
        band = bands[bands["view"].astype(str) == view].reset_index(drop=True)
        _view_panel(axes[row, 0], sheet, view, band, scale)
        axes[row, 0].set_ylabel(
            sheet.say("account", "balance", unit=sheet.text("account", unit)), size=9
        )
        sheet.format_axis(axes[row, 0].yaxis, digits=1 if scale == 1e6 else 0)
        if row:
            axes[row, 0].sharey(axes[0, 0])
        beside, part = _view_texts(sheet, view, band)
        axes[row, 1].text(0, 0.98, beside, va="top", size=9, linespacing=1.2)
        parts.append(part)
    _invested_panel(axes[3, 0], axes[3, 1], sheet)
    for ax in axes[:, 1]:
        ax.axis("off")
    first, last = sheet.years
    axes[3, 0].set_xticks(range(first, last + 2))
    alt = sheet.say(
        "account", "alt", first_year=first, year=last, futures=len(sheet.result.futures),
        parts=" ".join(parts), invested=sheet.euro(account["invested_eur"].sum()),
    )  # fmt: skip
    return sheet.finish(figure, "account", _account_title(sheet), alt)


def _three(values: pd.Series) -> NDArray[np.float64]:
    return np.quantile(values.to_numpy(float), (0.1, 0.5, 0.9))


def _per_euro(sheet: Sheet, payers: tuple[str, ...]) -> list[str]:
    """What comes back to these payers per euro put in: p10, p50 and p90 of the futures."""
    futures = sheet.result.futures[sheet.result.futures["invested_eur"] > 0]
    gained = futures[[f"returned_{payer}_eur" for payer in payers]].sum(axis=1)
    amounts = _three(gained / futures["invested_eur"]) if len(futures) else np.zeros(3)
    return [sheet.cents(amount) for amount in amounts]


def _payer_bars(ax: Axes, beside: Axes, sheet: Sheet, rows: _Rows, scale: float) -> None:
    """Bars with whiskers from p10 to p90, and the numbers beside them."""
    places = [0.0, *(k + 1.4 + 0.4 * (k >= len(_PUBLIC)) for k in range(len(rows) - 1))]
    for y, (name, (low, middle, high)) in zip(places, rows.items(), strict=True):
        colour = GREY if name == "invested" else SKY if middle >= 0 else YELLOW
        hatch = "" if middle >= 0 else "///"
        ax.barh(y, middle / scale, 0.66, color=colour, hatch=hatch, edgecolor="white")
        ax.plot([low / scale, high / scale], [y, y], "|-", color=INK, lw=1.3, ms=9, mew=1.3)
        beside.text(0.3, y, sheet.euro(middle, True), ha="right", va="center", weight="bold")
        ends = {"p10": sheet.euro(low, True), "p90": sheet.euro(high, True)}
        beside.text(0.36, y, sheet.say("payers_figure", "range", **ends), va="center", size=9)
    ax.set_yticks(places, [sheet.text("payers", name) for name in rows])
    ax.set_ylim(places[-1] + 0.6, -1.1)
    for x, key, side in ((0.3, "middle_head", "right"), (0.36, "range_head", "left")):
        beside.text(x, -0.75, sheet.text("payers_figure", key), ha=side, size=9, color=GREY)


def draw_payers(sheet: Sheet) -> Drawing:
    """What each party gains or loses, beside what was put in."""
    futures, (first, last) = sheet.result.futures, sheet.years
    rows = {"invested": -_three(futures["invested_eur"])[::-1]}
    for payer in (*_PUBLIC, *(p for p in PAYERS if p not in _PUBLIC)):
        rows[payer] = _three(futures[f"returned_{payer}_eur"])
    millions = max(np.abs(q).max() for q in rows.values()) >= 2e6
    figure = sheet.figure(10, 5.6)
    ax, beside = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 1.7]})
    _payer_bars(ax, beside, sheet, rows, 1e6 if millions else 1e3)
    ax.axvline(0, color=INK, lw=1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    sheet.format_axis(ax.xaxis, digits=1 if millions else 0)
    unit = "axis" if millions else "axis_thousand"
    label = sheet.say("payers_figure", unit, first=first, last=last)
    ax.set_xlabel(label, size=9, loc="left")
    beside.set_xlim(0, 1)
    beside.axis("off")
    parts = []
    for payer, amounts in list(rows.items())[1:]:
        said = dict(zip(("p10", "p50", "p90"), map(sheet.euro, amounts), strict=True))
        name = capital(sheet.text("payers", payer))
        parts.append(sheet.say("payers_figure", "alt_part", payer=name, **said))
    alt = sheet.say(
        "payers_figure", "alt", first=first, last=last, futures=len(futures), parts=" ".join(parts),
        invested=sheet.euro(-rows["invested"][1]),
    )  # fmt: skip
    own, public = _per_euro(sheet, ("municipality",)), _per_euro(sheet, _PUBLIC)
    title = sheet.say(
        "payers_figure", "title", own=own[1], own_low=own[0], own_high=own[2],
        public=public[1], public_low=public[0], public_high=public[2],
    )  # fmt: skip
    return sheet.finish(figure, "payers_figure", title, alt)


def figures(result: Result) -> Mapping[str, Callable[[Sheet], Drawing]]:
    """The figures that a result can have, by name; without a plan there is no account to show."""
    drawn: dict[str, Callable[[Sheet], Drawing]] = {}
    if result.manifest["scenario"].get("plan"):
        drawn |= {"account": draw_account, "payers": draw_payers}
    drawn["people"] = maps.draw_people
    if maps.stress_is_known(Sheet(result, LANGUAGES[0])):
        drawn["stress"] = maps.draw_stress
    if stress_by_year(Sheet(result, LANGUAGES[0])) is not None:
        drawn["stress_years"] = draw_stress_years
    drawn["map"] = maps.draw_map
    if result.manifest["scenario"].get("plan") and spread_of(result) is not None:
        drawn["participants"] = draw_participants
    return drawn


def draw_all(result: Result, folder: Path, lang: str | None = None) -> list[Path]:
    """Draw every figure of a result as SVG and PNG, and say in words what each shows.

    Parameters
    ----------
    result
        Result of a run.
    folder
        Folder of the run; the figures come in its ``figures``, as ``<name>-<lang>.svg`` and
        ``.png``, with titles and texts in ``captions.json``.
    lang
        "nl" or "en"; both if not given.

    Returns
    -------
    list of Path
        The files written.
    """
    there = folder / "figures"
    there.mkdir(parents=True, exist_ok=True)
    captions: dict[str, dict[str, dict[str, str]]] = {}
    written = []
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        for name, draw in figures(result).items():
            for language in LANGUAGES if lang is None else (lang,):
                drawing = draw(Sheet(result, language))
                caption = {"title": drawing.title, "alt": drawing.alt}
                captions.setdefault(name, {})[language] = caption
                written += drawing.save(there, f"{name}-{language}")
    path = there / "captions.json"
    path.write_text(json.dumps(captions, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [*written, path]
