"""A municipality: its neighbourhoods (wijken), published margins, map and households over time.

Groningen comes with the package. Nothing is read but package data.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.errors import UserError, did_you_mean
from siexsim.household import month_number
from siexsim.parameters import Parameters

PLACES: Final = ("groningen",)
BASE_YEAR: Final = 2022  # year of the margins
PATH_MONTHS: Final = 25 * 12  # length of the prepared path of households, from January 2022

_MONTHS = 12
_CODES = {"groningen": "GM0014"}


def read_packaged(path: str) -> str:
    """Text of one file under ``siexsim/data``."""
    return (files("siexsim") / "data" / path).read_text(encoding="utf-8")


def largest_remainder(wanted: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Round to whole numbers that add up to `total`; ties go to the first.

    Parameters
    ----------
    wanted
        Amounts that are scaled to `total` before they are rounded.
    total
        Sum of the answer.
    """
    scaled = wanted * (total / wanted.sum())
    whole = np.floor(scaled).astype(np.int64)
    # remainders are compared at 1e-9, so that the last bit of a sum doesn't decide
    order = np.argsort(-np.round(scaled - whole, 9), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


@dataclass(frozen=True, eq=False)
class Place:
    """A municipality as published.

    Attributes
    ----------
    name, code
        Name, and code of Statistics Netherlands (CBS).
    wijken, wijk_codes
        Neighbourhoods; their order is the number in the household's field ``wijk``.
    margins
        Key figures (KWB 2022) with one row a wijk, in the same order.
    municipality
        Key figures of the whole, by indicator.
    map
        GeoJSON of the wijken, with their places and a tile layout.
    january_households
        Households on 1 January by year (rows) and wijk (columns).
    households_path
        Households per month from January 2022 and wijk, at the central growth.
    """

    name: str
    code: str
    wijken: tuple[str, ...]
    wijk_codes: tuple[str, ...]
    margins: pd.DataFrame
    municipality: Mapping[str, float]
    map: Mapping[str, Any]
    january_households: pd.DataFrame
    households_path: NDArray[np.int64]
    aliases: Mapping[str, int] = field(repr=False, default_factory=dict)

    def wijk(self, name: str) -> int:
        """Row of a wijk by its name, its code, or a place that lies in it.

        >>> place = load_place("groningen")
        >>> place.wijken[place.wijk("beijum")]
        'Noordoost'
        """
        wanted = " ".join(name.split()).lower()
        if wanted in self.aliases:
            return self.aliases[wanted]
        near = difflib.get_close_matches(wanted, list(self.aliases), n=1, cutoff=0.6)
        if near:
            hint = f"; did you mean '{self._shown(near[0])}'?"
        else:
            hint = f"; known are: {', '.join(self.wijken)}"
        raise UserError(f"unknown neighbourhood '{name}'{hint}")

    def covering(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Which wijken these names cover, one flag a wijk; all where none is named."""
        flags = np.zeros(len(self.wijken), np.bool_)
        flags[[self.wijk(name) for name in names] or slice(None)] = True
        return flags

    def _shown(self, alias: str) -> str:
        # a place is shown with its wijk, as "Noordoost (Beijum)"
        row = self.aliases[alias]
        wijk = self.wijken[row]
        if alias in _own_names(wijk, self.wijk_codes[row]):
            return wijk
        places = self.map["features"][row]["properties"]["places"]
        found = next((p for p in _places(places) if p.lower() == alias), alias.title())
        return f"{wijk} ({found})"

    def households_at(self, month: int, growth: float | None = None) -> NDArray[np.int64]:
        """Households per wijk at the start of a month; they add up to the municipality.

        Parameters
        ----------
        month
            Months since 1900-01.
        growth
            Growth per year after the last published January, as a share;
            ``population.household_growth_per_year`` if not given.
        """
        if growth is None:
            growth = Parameters.packaged().value("population.household_growth_per_year")
        return _households_at(self.january_households, month, growth)


def _households_at(january: pd.DataFrame, month: int, growth: float) -> NDArray[np.int64]:
    years = january.index.to_numpy(np.float64)
    counts = january.to_numpy(np.float64)
    when = 1900 + month / _MONTHS
    if when >= years[-1]:
        wanted = counts[-1] * (1.0 + growth) ** (when - years[-1])
    elif when < years[0]:
        # before the first January the pace of the first years held too (old borders: unknown)
        pace = (counts[1].sum() / counts[0].sum()) ** (1.0 / (years[1] - years[0]))
        wanted = counts[0] * pace ** (when - years[0])
    else:
        wanted = np.array([np.interp(when, years, column) for column in counts.T])
    return largest_remainder(wanted, round(float(wanted.sum())))


def _own_names(wijk: str, code: str) -> tuple[str, ...]:
    return wijk.lower(), wijk.lower().removesuffix(" e.o."), code.lower()


def _places(text: str) -> list[str]:
    """Names in the map's text of places, such as "De Wijert, Helpman, Coendersborg"."""
    found = []
    for part in re.split(r", | and ", text):
        name = part.removesuffix(" area").strip()
        if name.endswith("-"):  # "Rivieren-, Grunobuurt" is short for Rivierenbuurt
            name = name[:-1] + "buurt"
        if name and name != "surroundings":
            found.append(name)
    return found


def _aliases(wijken: tuple[str, ...], codes: tuple[str, ...], area: Any) -> dict[str, int]:
    aliases: dict[str, int] = {}
    for row, feature in enumerate(area["features"]):
        for name in _places(feature["properties"]["places"]):
            aliases.setdefault(name.lower(), row)
    for row, (wijk, code) in enumerate(zip(wijken, codes, strict=True)):
        for name in _own_names(wijk, code):
            aliases[name] = row
    return aliases


def _municipality(text: str, code: str) -> dict[str, float]:
    table = pd.read_csv(io.StringIO(text))
    rows = table[(table["area_code"] == code) & (table["year"] == BASE_YEAR)]
    return {str(k): float(v) for k, v in zip(rows["indicator"], rows["value"], strict=True)}


def _january_households(text: str, codes: tuple[str, ...]) -> pd.DataFrame:
    table = pd.read_csv(io.StringIO(text), comment="#")
    wide = table.pivot_table(index="year", columns="code", values="households", aggfunc="sum")
    return wide[list(codes)].astype(np.int64)


@cache
def load_place(name: str = "groningen") -> Place:
    """Load a municipality that comes with the package.

    Raises
    ------
    UserError
        When there is no such place.
    """
    key = name.strip().lower()
    if key not in PLACES:
        raise UserError(f"unknown place '{name}'{did_you_mean(name, PLACES)}")
    margins = pd.read_csv(io.StringIO(read_packaged(f"{key}/kwb_wijken_{BASE_YEAR}.csv")))
    wijken = tuple(str(n) for n in margins["name"])
    codes = tuple(str(c) for c in margins["code"])
    area = json.loads(read_packaged(f"{key}/{key}_wijken_2024.geojson"))
    by_code = {feature["properties"]["code"]: feature for feature in area["features"]}
    area["features"] = [by_code[code] for code in codes]
    january = _january_households(read_packaged(f"{key}/households_path.csv"), codes)
    growth = Parameters.packaged().value("population.household_growth_per_year")
    start = month_number(f"{BASE_YEAR}-01")
    path = np.array([_households_at(january, start + m, growth) for m in range(PATH_MONTHS)])
    path.setflags(write=False)
    return Place(
        name=key.title(),
        code=_CODES[key],
        wijken=wijken,
        wijk_codes=codes,
        margins=margins,
        municipality=_municipality(read_packaged(f"{key}/kwb_gemeente_{key}.csv"), _CODES[key]),
        map=area,
        january_households=january,
        households_path=path,
        aliases=_aliases(wijken, codes, area),
    )
