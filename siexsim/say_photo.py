"""The wijkfoto of one neighbourhood on screen: minima beside others, without and with the plan."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from siexsim.errors import UserError
from siexsim.indicators import GROUPS, Indicator, counted, missing
from siexsim.photo import WORLDS
from siexsim.texts import known, number, text

_BESIDE: Final = (0, 0, 0, 2)
_UNKNOWN: Final = "–"
_FINE_UNITS: Final = ("stress (0-1)", "factor", "sd")  # small numbers, shown with two digits


def foto_lines(lang: str, foto: pd.DataFrame, wijk: str, year: int) -> list[RenderableType]:
    """Say the wijkfoto of one neighbourhood and year, and what it can't show.

    Parameters
    ----------
    lang
        "nl" or "en".
    foto
        What `siexsim.photo.wijkfoto_table` gave.
    wijk
        Name of a neighbourhood as in `foto`, or of the municipality.
    year
        Year of the photo.

    Raises
    ------
    UserError
        When the table has no such neighbourhood or year.
    """
    rows = _of(lang, foto, wijk, year)
    kind = "official" if bool(rows["official"].iloc[0]) else "between"
    lines: list[RenderableType] = [
        Text(text(lang, "foto.heading", wijk=wijk, year=year), style="bold"),
        Text(text(lang, f"foto.{kind}"), style="dim"),
        Text(_sizes(lang, rows), style="dim"),
        foto_table(lang, rows),
        _note(text(lang, "foto.unknown", sign=_UNKNOWN)),
    ]
    lines += [_note(said) for one in counted() for said in _said_of(lang, one)]
    lines += [Text(""), Text(text(lang, "foto.missing"), style="bold")]
    for one in missing():
        lines.append(
            _note(f"{_label(lang, one)}: {one.waarom_niet if lang == 'nl' else one.why_not}")
        )
    return lines


def foto_table(lang: str, rows: pd.DataFrame) -> Table:
    """Lay the indicators of one neighbourhood and year in a table.

    With a plan, minima and others are shown without and with it; else minima, others and all.
    Where minima and others are hidden, as they are few, all are shown instead.
    """
    planned = (rows["world"].astype(str) == "with").any()
    apart = rows["value"][rows["group"].astype(str) != GROUPS[-1]].notna().any()
    groups = (GROUPS[:2] if planned else GROUPS) if apart else GROUPS[-1:]
    columns = [(group, world) for group in groups for world in WORLDS[: 1 + planned]]
    values = rows.set_index([rows[c].astype(str) for c in ("indicator", "group", "world")])["value"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    for group, world in columns:
        head = text(lang, f"foto.{group}")
        head += "\n" + text(lang, f"foto.{world}") if planned else ""
        table.add_column(head, justify="right", vertical="bottom")
    table.add_column(text(lang, "foto.national"), justify="right", vertical="bottom")
    for one in counted():
        shown = [_shown(lang, one, values[one.name, group, world]) for group, world in columns]
        unit = known(lang, "foto_units", one.unit)
        table.add_row(f"{_label(lang, one)} ({unit})", *shown, _shown(lang, one, one.national()))
    return table


def _of(lang: str, foto: pd.DataFrame, wijk: str, year: int) -> pd.DataFrame:
    rows = foto[foto["wijk"].astype(str) == wijk]
    if rows.empty:
        raise UserError(text(lang, "foto.no_wijk", wijk=wijk))
    years = sorted(int(y) for y in rows["year"].unique())
    if year not in years:
        raise UserError(text(lang, "foto.no_year", year=year, first=years[0], last=years[-1]))
    return rows[rows["year"] == year]


def _sizes(lang: str, rows: pd.DataFrame) -> str:
    first = rows[(rows["indicator"] == "under_110") & (rows["world"] == "without")]
    sizes = first.set_index(first["group"].astype(str))["base"]
    return text(
        lang, "foto.sizes",
        **{
            key: number(lang, sizes[group]) if np.isfinite(sizes[group]) else _UNKNOWN
            for key, group in (("minima", "minima"), ("everybody", "all"))
        },
    )  # fmt: skip


def _shown(lang: str, one: Indicator, value: float) -> str:
    if not np.isfinite(value):
        return _UNKNOWN
    return number(lang, value, 2 if one.unit in _FINE_UNITS else 1)


def _label(lang: str, one: Indicator) -> str:
    return one.nl if lang == "nl" else one.en


def _note(said: str) -> Padding:
    return Padding(Text(said, style="dim"), _BESIDE)


def _said_of(lang: str, one: Indicator) -> list[str]:
    """The note of an indicator, and the published figures of the place to hold it against."""
    said = [one.toelichting if lang == "nl" else one.note] if one.note else []
    said += [
        text(
            lang, "foto.published", area=p.area, year=p.year, group=text(lang, f"foto.{p.group}"),
            value=number(lang, p.value, 1), unit=known(lang, "foto_units", one.unit),
            source=p.source,
        )
        for p in one.published
    ]  # fmt: skip
    return [f"{_label(lang, one)}: {' '.join(said)}"] if said else []
