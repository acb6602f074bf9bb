"""The figures of a run, in Dutch and English, with a title that says what is seen and a text for
who can't see it.

Nothing here counts money or people anew: figures show the tables of a result.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from siexsim import maps
from siexsim.account import VIEWS
from siexsim.items import PAYERS, PUBLIC
from siexsim.maps import BLUE, GREY, INK, ORANGE, PALE, SKY, YELLOW, decimal_years
from siexsim.place import read_packaged

if TYPE_CHECKING:
    from siexsim.result import Result

LANGUAGES: Final = ("nl", "en")
STYLE: Final[Mapping[str, Any]] = {
    "svg.hashsalt": "siexsim", "font.family": "DejaVu Sans", "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.edgecolor": GREY, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "hatch.linewidth": 0.7,
}  # fmt: skip
_TITLE_SIZE, _NOTE_SIZE, _DPI = 14, 8, 150


class Drawing(NamedTuple):
    """A figure with what it says."""

    figure: Figure
    title: str
    alt: str


@cache
def _texts(lang: str) -> Mapping[str, Any]:
    return tomllib.loads(read_packaged(f"figures/{lang}.toml"))


@dataclass(frozen=True)
class Sheet:
    """A result to draw, the words and numbers of one language, and the frame of every figure."""

    result: Result
    lang: str

    def text(self, part: str, key: str) -> Any:
        """One text as the file has it."""
        return _texts(self.lang)[part][key]

    def say(self, part: str, key: str, **values: object) -> str:
        """One text with its values filled in."""
        return str(self.text(part, key)).format(**values)

    def number(self, value: float, digits: int = 0, sign: bool = False) -> str:
        """A number as the language writes it, with a real minus sign."""
        rounded = round(float(value), digits) + 0.0
        shown = f"{abs(rounded):,.{digits}f}".replace(",", "\0")
        shown = shown.replace(".", self.text("common", "decimal"))
        shown = shown.replace("\0", self.text("common", "thousands"))
        return ("−" if rounded < 0 else "+" if sign and rounded > 0 else "") + shown

    def euro(self, value: float, sign: bool = False) -> str:
        """An amount of euros in a unit that fits its size."""
        size = abs(value)
        if size >= 999_500:
            unit, amount = "million", self.number(size / 1e6, 1)
        elif size >= 9_999.5:
            unit, amount = "thousand", self.number(size / 1e3)
        else:
            unit, amount = "euro", self.number(size)
        below = value < 0 and round(size) > 0
        before = "−" if below else "+" if sign and round(size) > 0 else ""
        return before + self.say("common", unit, amount=amount)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share as a percentage."""
        return self.say("common", "percent", share=self.number(100 * share, digits))

    def span(self, months: float) -> str:
        """A number of months in years and months."""
        years, rest = divmod(round(months), 12)
        parts = []
        if years:
            parts.append(self.say("common", "year" if years == 1 else "years", years=years))
        if rest or not years:
            parts.append(self.say("common", "month" if rest == 1 else "months", months=rest))
        if len(parts) == 1:
            return parts[0]
        return self.say("common", "years_and_months", years=parts[0], months=parts[1])

    def month(self, text: str) -> str:
        """A month such as "2022-07" in words."""
        year, month = text.split("-")
        return f"{self.text('common', 'month_names')[int(month) - 1]} {year}"

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the run."""
        months = self.result.months["month"].astype(str)
        return int(months.min()[:4]), int(months.max()[:4])

    @property
    def scenario(self) -> Mapping[str, Any]:
        """The scenario as the manifest keeps it."""
        scenario: Mapping[str, Any] = self.result.manifest["scenario"]
        return scenario

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """The plan, if there is one."""
        return self.scenario.get("plan") or None

    def source(self) -> str:
        """Where the numbers come from and how sure they are."""
        sample = self.scenario["sample"]
        first, last = self.years
        return self.say(
            "common", "source", name=self.scenario["name"], futures=self.scenario["futures"],
            effects=self.text("effects", self.scenario["effects"]),
            sample=self.say("common", "whole" if sample == 1 else "sampled", k=sample),
            period=self.say("common", "period", first=first, last=last),
        )  # fmt: skip

    def figure(self, width: float, height: float) -> Figure:
        """An empty figure, in inches."""
        return Figure(figsize=(width, height), layout="constrained")

    def finish(
        self, figure: Figure, part: str, title: str, alt: str, note: str = "note"
    ) -> Drawing:
        """Put title and source around the panels."""
        width, height = figure.get_size_inches()
        above = textwrap.fill(title, int(width * 72 / (_TITLE_SIZE * 0.615)))
        wide = int(width * 72 / (_NOTE_SIZE * 0.585))
        below = "\n".join(textwrap.fill(t, wide) for t in (self.text(part, note), self.source()))
        top = (above.count("\n") + 1) * _TITLE_SIZE * 1.25 / 72 + 0.3
        bottom = (below.count("\n") + 1) * _NOTE_SIZE * 1.35 / 72 + 0.2
        left = 0.15 / width
        figure.text(left, 1 - 0.15 / height, above, size=_TITLE_SIZE, weight="bold", va="top")
        figure.text(
            left, 0.1 / height, below, size=_NOTE_SIZE, color=GREY, va="bottom", linespacing=1.3
        )
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.set(
            rect=(left, bottom / height, 1 - 2 * left, 1 - (top + bottom) / height),
            hspace=0.04, wspace=0.03,
        )  # type: ignore[call-arg]  # fmt: skip
        return Drawing(figure, title, alt)

    def format_axis(self, axis: Any, scale: float = 1.0, digits: int = 0) -> None:
        """Let an axis write its numbers as the language does."""
        axis.set_major_formatter(FuncFormatter(lambda v, _: self.number(v / scale, digits)))


# --- 1. The account ---------------------------------------------------------------------------


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
    low, last = band.loc[band["p50"].idxmin()], band.iloc[-1]
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
            sheet.say("account", "payback", span=sheet.span(months)), (x, 0), (0, 9),
            textcoords="offset points", ha="right", va="bottom", color=ORANGE, size=9, weight="bold",
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


# --- 2. Who gets the money back ---------------------------------------------------------------


def _three(values: pd.Series) -> NDArray[np.float64]:
    return np.quantile(values.to_numpy(float), (0.1, 0.5, 0.9))


def _per_euro(sheet: Sheet, payers: tuple[str, ...]) -> float:
    """What comes back to these payers per euro put in, in the middle future."""
    futures = sheet.result.futures
    put_in = futures["invested_eur"].to_numpy(float)
    gained = futures[[f"returned_{p}_eur" for p in payers]].to_numpy(float).sum(axis=1)
    if not (put_in > 0).any():
        return 0.0
    return float(np.median(gained[put_in > 0] / put_in[put_in > 0]))


def draw_payers(sheet: Sheet) -> Drawing:
    """What each party gains or loses, beside what was put in."""
    futures, (first, last) = sheet.result.futures, sheet.years
    public = tuple(PAYERS[k] for k in PUBLIC)
    order = (*public, *(p for p in PAYERS if p not in public))
    rows = [("invested", -_three(futures["invested_eur"])[::-1])]
    rows += [(payer, _three(futures[f"returned_{payer}_eur"])) for payer in order]
    scale, unit = (
        (1e6, "axis") if max(abs(q).max() for _, q in rows) >= 2e6 else (1e3, "axis_thousand")
    )
    figure = sheet.figure(10, 5.6)
    ax, beside = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 1.7]})
    places = [0.0, *(k + 1.4 for k in range(len(public)))]
    places += [places[-1] + 1.4 + k for k in range(len(order) - len(public))]
    names = [sheet.text("payers_figure", "invested"), *(sheet.text("payers", p) for p in order)]
    for y, (name, (low, middle, high)) in zip(places, rows, strict=True):
        colour = GREY if name == "invested" else SKY if middle >= 0 else YELLOW
        ax.barh(
            y,
            middle / scale,
            0.66,
            color=colour,
            hatch="" if middle >= 0 else "///",
            edgecolor="white",
        )
        ax.plot([low / scale, high / scale], [y, y], "|-", color=INK, lw=1.3, ms=9, mew=1.3)
        beside.text(0.3, y, sheet.euro(middle, True), ha="right", va="center", weight="bold")
        ends = {"p10": sheet.euro(low, True), "p90": sheet.euro(high, True)}
        beside.text(0.36, y, sheet.say("payers_figure", "range", **ends), va="center", size=9)
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(places, names)
    ax.set_ylim(places[-1] + 0.6, -1.1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    sheet.format_axis(ax.xaxis, digits=1 if scale == 1e6 else 0)
    ax.set_xlabel(sheet.say("payers_figure", unit, first=first, last=last), size=9, loc="left")
    beside.set_xlim(0, 1)
    beside.axis("off")
    beside.text(
        0.3, -0.75, sheet.text("payers_figure", "middle_head"), ha="right", size=9, color=GREY
    )
    beside.text(0.36, -0.75, sheet.text("payers_figure", "range_head"), size=9, color=GREY)
    parts = []
    for payer, (low, middle, high) in rows[1:]:
        shown = {"p10": sheet.euro(low), "p50": sheet.euro(middle), "p90": sheet.euro(high)}
        parts.append(
            sheet.say("payers_figure", "alt_part", payer=sheet.text("payers", payer), **shown)
        )
    alt = sheet.say(
        "payers_figure", "alt", first=first, last=last, futures=len(futures), parts=" ".join(parts),
        invested=sheet.euro(-float(rows[0][1][1])),
    )  # fmt: skip
    own, all_public = (
        sheet.say("common", "euro", amount=sheet.number(_per_euro(sheet, payers), 2))
        for payers in (("municipality",), public)
    )
    title = sheet.say("payers_figure", "title", own=own, public=all_public)
    return sheet.finish(figure, "payers_figure", title, alt)


# --- Drawing them all -------------------------------------------------------------------------


def figures(result: Result) -> Mapping[str, Callable[[Sheet], Drawing]]:
    """The figures that a result can have, by name; without a plan there is no account to show."""
    drawn: dict[str, Callable[[Sheet], Drawing]] = {}
    if result.manifest["scenario"].get("plan"):
        drawn |= {"account": draw_account, "payers": draw_payers}
    drawn |= {"people": maps.draw_people, "stress": maps.draw_stress, "map": maps.draw_map}
    participants = result.participants
    if result.manifest["scenario"].get("plan") and participants is not None and len(participants):
        drawn["participants"] = maps.draw_participants
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
                written += _save(drawing.figure, there / f"{name}-{language}")
    path = there / "captions.json"
    path.write_text(json.dumps(captions, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [*written, path]


def _save(figure: Figure, path: Path) -> list[Path]:
    """Save without a date, so that the same result gives the same files.

    The solver of the layout differs in the last bits from time to time, so places are rounded.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        ax.set_position(np.round(ax.get_position(original=True).bounds, 4).tolist())
    svg, png = path.with_name(path.name + ".svg"), path.with_name(path.name + ".png")
    figure.savefig(svg, format="svg", metadata={"Date": None})
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return [svg, png]
