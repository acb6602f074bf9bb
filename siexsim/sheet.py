"""What every figure shares: words and numbers of a language, the frame, colours and style."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from siexsim import texts
from siexsim.place import read_packaged

if TYPE_CHECKING:
    from siexsim.result import Result

# Okabe and Ito's colours; they differ in lightness too, so that they can be told apart in grey.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
SKY: Final = "#56B4E9"
YELLOW: Final = "#E69F00"
PALE: Final = "#BFDDF0"
GREY: Final = "#595959"
INK: Final = "#1A1A1A"
HALO: Final = [withStroke(linewidth=2.5, foreground="white")]

STYLE: Final[dict[Any, Any]] = {
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

    def save(self, folder: Path, name: str) -> list[Path]:
        """Save as SVG and PNG, without a date: the same result gives the same files.

        The solver of the layout differs in the last bits from time to time, so places are rounded.
        """
        engine = self.figure.get_layout_engine()
        assert engine is not None
        engine.execute(self.figure)
        self.figure.set_layout_engine(None)
        for ax in self.figure.axes:
            left, low, width, height = np.round(ax.get_position(original=True).bounds, 4)
            ax.set_position((float(left), float(low), float(width), float(height)))
        svg, png = folder / f"{name}.svg", folder / f"{name}.png"
        self.figure.savefig(svg, format="svg", metadata={"Date": None})
        self.figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
        return [svg, png]


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
        """A number as the language writes it."""
        return texts.number(self.lang, value, digits, sign)

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

    def cents(self, value: float) -> str:
        """A small amount of euros with its cents."""
        before = "−" if round(value, 2) < 0 else ""
        return before + self.say("common", "euro", amount=self.number(abs(value), 2))

    def percent(self, share: float, digits: int = 0) -> str:
        """A share as a percentage."""
        return f"{self.number(100 * share, digits)}%"

    def span(self, months: float) -> str:
        """A number of months in years and months."""
        return texts.span(self.lang, months)

    def month(self, date: str) -> str:
        """A month such as "2022-07" in words."""
        return texts.month(self.lang, date)

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
        fitted = "fitted" if self.result.manifest.get("posterior") else "not_fitted"
        said = self.say(
            "common", "source" if self.plan else "source_alone", name=self.scenario["name"],
            futures=self.scenario["futures"],
            effects=self.text("effects", self.scenario["effects"]),
            sample=self.say("common", "whole" if sample == 1 else "sampled", k=sample),
            period=self.say("common", "period", first=first, last=last),
        )  # fmt: skip
        return said + self.say("common", fitted)

    def figure(self, width: float, height: float) -> Figure:
        """An empty figure, in inches."""
        return Figure(figsize=(width, height), layout="constrained")

    def finish(
        self, figure: Figure, part: str, title: str, alt: str, note: str = "note"
    ) -> Drawing:
        """Put title and source around the panels."""
        width, height = figure.get_size_inches()
        above = balanced(title, int(width * 72 / (_TITLE_SIZE * 0.615)))
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


def capital(words: str) -> str:
    """Words as they begin a sentence."""
    return words[:1].upper() + words[1:]


def balanced(text: str, width: int) -> str:
    """Wrap a text in as few lines as it needs, about equally long."""
    lines = len(textwrap.wrap(text, width))
    narrower = range(width // 2, width + 1)
    return textwrap.fill(text, next(w for w in narrower if len(textwrap.wrap(text, w)) == lines))


def decimal_years(months: pd.Series) -> NDArray[np.float64]:
    """Months such as "2022-01" as decimal years."""
    text = months.astype(str)
    years = text.str[:4].astype(int) + (text.str[5:7].astype(int) - 1) / 12
    return np.asarray(years, np.float64)


def of_world(table: pd.DataFrame, world: str) -> pd.DataFrame:
    """Rows of one world."""
    return table[table["world"].astype(str) == world].reset_index(drop=True)
