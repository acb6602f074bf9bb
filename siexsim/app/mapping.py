"""The map of a result: one indicator by neighbourhood, without or with the plan, or the change."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from siexsim.app.words import say
from siexsim.indicators import Indicator, counted
from siexsim.maps import CLASSES, plan_wijken, rings_of
from siexsim.report.behind import HIDDEN
from siexsim.result import Result
from siexsim.sheet import Sheet
from siexsim.texts import known, number

CHANGE: Final = "change"
WHO: Final = ("all", "minima")
UNKNOWN: Final = "few"
_MEAN_UNITS: Final = ("stress (0-1)", "factor", "sd")  # small numbers, so with three digits
_PERCENT: Final = "% of households"
_WIDTH: Final = 600.0  # of the drawing, in its own units


class Chosen(NamedTuple):
    """What somebody wants to see: an indicator, of whom, in which year and world."""

    indicator: str
    who: str
    year: int
    world: str  # "without", "with" or the change between them


class Area(NamedTuple):
    """One neighbourhood: its value as it is read, its class, where it lies and its outline."""

    name: str
    value: str
    level: str
    in_plan: bool
    column: int
    row: int
    outlines: tuple[str, ...]
    label: tuple[float, float]


class Mapped(NamedTuple):
    """A map with its key, what it says in words, and its table."""

    title: str
    words: tuple[str, ...]
    areas: tuple[Area, ...]
    key: tuple[tuple[str, str], ...]
    size: tuple[int, int]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def choices(result: Result, asked: Mapping[str, str]) -> tuple[Chosen, dict[str, list[Any]]]:
    """What is asked, as far as the result has it, and all that can be chosen."""
    foto = result.wijkfoto
    planned = bool((foto["world"].astype(str) == "with").any())
    can: dict[str, list[Any]] = {
        "indicator": list(counted()), "who": list(WHO),
        "year": sorted(int(year) for year in foto["year"].unique()),
        "world": [CHANGE, "with", "without"] if planned else ["without"],
    }  # fmt: skip
    names = [one.name for one in can["indicator"]]
    year, ends = asked.get("year", ""), can["year"]
    chosen = Chosen(
        asked["indicator"] if asked.get("indicator") in names else "under_110",
        asked["who"] if asked.get("who") in WHO else WHO[0],
        int(year) if year.isdecimal() and int(year) in ends else ends[-1],
        asked["world"] if asked.get("world") in can["world"] else can["world"][0],
    )
    return chosen, can


def named(lang: str, one: Indicator) -> str:
    """What an indicator shows, with its unit."""
    label = one.nl if lang == "nl" else one.en
    return f"{label} ({known(lang, 'foto_units', one.unit)})"


def mapped(result: Result, chosen: Chosen, lang: str) -> Mapped:
    """Lay an indicator on the map."""
    one = next(one for one in counted() if one.name == chosen.indicator)
    sheet, place = Sheet(result, lang), result.place
    worlds = _values(result, chosen)
    change = chosen.world == CHANGE
    shown = worlds[chosen.world]
    digits = _digits(one)
    levels, key = _classes(lang, [shown[name] for name in place.wijken], digits, change)
    in_plan = plan_wijken(sheet)
    scale = _Scale.of(place.map["features"])
    areas = tuple(
        _area(feature, _said(lang, shown[name], digits, change), level, name in in_plan, scale)
        for name, feature, level in zip(place.wijken, place.map["features"], levels, strict=True)
    )
    heads = [say(lang, "head.wijk"), say(lang, "head.in_plan")]
    heads += [say(lang, f"map.{world}") for world in worlds]
    rows = tuple(
        (
            name, say(lang, "head.yes") if name in in_plan else "",
            *(_said(lang, of[name], digits, world == CHANGE) for world, of in worlds.items()),
        )
        for name in (*place.wijken, place.name)
    )  # fmt: skip
    who = say(lang, f"map.{chosen.who}")
    title = say(lang, f"map.title_{chosen.world}", what=named(lang, one), who=who, year=chosen.year)
    words = _words(lang, shown, one, change, place)
    size = (round(_WIDTH), round(scale.height))
    return Mapped(title, words, areas, key, size, tuple(heads), rows)


def _digits(one: Indicator) -> int:
    return 3 if one.unit in _MEAN_UNITS else 1


def _least(digits: int) -> float:
    return 0.5 * 10.0**-digits  # less isn't to be read


def _values(result: Result, chosen: Chosen) -> dict[str, dict[str, float]]:
    """Values by world and neighbourhood, and the change; not a number where few are behind it."""
    foto = result.wijkfoto
    rows = foto[
        (foto["indicator"].astype(str) == chosen.indicator)
        & (foto["group"].astype(str) == chosen.who)
        & (foto["year"] == chosen.year)
    ]
    found: dict[str, dict[str, float]] = {}
    for world in ("without", "with"):
        own = rows[rows["world"].astype(str) == world]
        if len(own):
            found[world] = dict(
                zip(own["wijk"].astype(str), own["value"].astype(float), strict=True)
            )
    if len(found) > 1:
        without = found["without"]
        found[CHANGE] = {name: value - without[name] for name, value in found["with"].items()}
    return found


def _said(lang: str, value: float, digits: int, sign: bool) -> str:
    return number(lang, value, digits, sign) if np.isfinite(value) else HIDDEN


def _classes(
    lang: str, values: list[float], digits: int, change: bool
) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The class of every value, and what the classes are."""
    known_values = np.array([value for value in values if np.isfinite(value)])
    if change:
        return _classes_of_change(lang, values, known_values, digits)
    if not len(known_values):
        return [UNKNOWN] * len(values), ((UNKNOWN, say(lang, "map.few")),)
    inner = np.quantile(known_values, np.linspace(0, 1, CLASSES + 1)[1:-1])
    inner = np.unique(np.round(inner, digits))
    step = (CLASSES - 1) / max(len(inner), 1)  # few classes are far apart too
    names = [f"level{round(k * step)}" for k in range(len(inner) + 1)]
    levels = [
        names[int(np.searchsorted(inner, value, side="right"))] if np.isfinite(value) else UNKNOWN
        for value in values
    ]
    edges = [known_values.min(), *inner, known_values.max()]
    bounds = [number(lang, edge, digits) for edge in edges]
    key = [(name, f"{a} – {b}") for name, (a, b) in zip(names, pairwise(bounds), strict=True)]
    return levels, _with_few(lang, key, levels)


def _classes_of_change(
    lang: str, values: list[float], known_values: Any, digits: int
) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    half = float(np.abs(known_values).max(initial=0.0)) / 2

    def level(value: float) -> str:
        if not np.isfinite(value):
            return UNKNOWN
        if abs(value) < _least(digits):
            return "same"
        return ("lower" if value < 0 else "higher") + ("2" if abs(value) > half else "1")

    levels = [level(value) for value in values]
    names = ("lower2", "lower1", "same", "higher1", "higher2")
    key = [(name, say(lang, f"map.{name}")) for name in names if name in (*levels, "same")]
    return levels, _with_few(lang, key, levels)


def _with_few(
    lang: str, key: list[tuple[str, str]], levels: list[str]
) -> tuple[tuple[str, str], ...]:
    return (*key, *([(UNKNOWN, say(lang, "map.few"))] if UNKNOWN in levels else []))


# --- The drawing --------------------------------------------------------------------------------


class _Scale(NamedTuple):
    """From longitude and latitude to places in the drawing, as the crow flies."""

    west: float
    north: float
    across: float  # units per degree of longitude
    up: float  # units per degree of latitude
    height: float

    @classmethod
    def of(cls, features: Any) -> _Scale:
        points = np.concatenate([ring for one in features for ring in rings_of(one)])
        (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
        across = _WIDTH / float(east - west)
        up = across / float(np.cos(np.radians((south + north) / 2)))
        return cls(float(west), float(north), across, up, float(north - south) * up)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        return round((lon - self.west) * self.across, 1), round((self.north - lat) * self.up, 1)


def _area(feature: Any, value: str, level: str, in_plan: bool, scale: _Scale) -> Area:
    own = feature["properties"]
    outlines = tuple(
        " ".join(f"{x},{y}" for x, y in (scale.at(*point) for point in ring))
        for ring in rings_of(feature)
    )
    label = scale.at(own["label_lon"], own["label_lat"])
    column, row = own["tile_col"] + 1, own["tile_row"] + 1
    return Area(own["name"], value, level, in_plan, column, row, outlines, label)


def _words(
    lang: str, shown: Mapping[str, float], one: Indicator, change: bool, place: Any
) -> tuple[str, ...]:
    """What the map says: the whole municipality, and where it is highest and lowest."""
    found = sorted(
        ((shown[name], name) for name in place.wijken if np.isfinite(shown[name])), reverse=True
    )
    digits, unit = _digits(one), ""
    if one.unit == _PERCENT:
        unit = say(lang, "map.points") if change else "%"

    def said_of(value: float) -> str:
        return _said(lang, value, digits, change) + (unit if np.isfinite(value) else "")

    whole = said_of(shown[place.name])
    said = [say(lang, "map.whole_change" if change else "map.whole", value=whole)]
    if change:
        moved = [(v, n) for v, n in found if abs(v) >= _least(digits)]
        found = sorted(moved, key=lambda one: -abs(one[0]))
        if not found:
            return (*said, say(lang, "map.no_change"))
        names = ", ".join(f"{n} ({said_of(v)})" for v, n in found[:3])
        return (*said, say(lang, "map.most_change", names=names))
    if not found:
        return (*said, say(lang, "map.none_shown"))
    top, low = (
        ", ".join(f"{n} ({said_of(v)})" for v, n in some) for some in (found[:3], found[::-1][:3])
    )
    return (*said, say(lang, "map.highest", names=top), say(lang, "map.lowest", names=low))
