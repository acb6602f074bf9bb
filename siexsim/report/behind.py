"""The tables behind the figures: the same numbers on the page, in the report and the workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from siexsim.account import VIEWS
from siexsim.app.words import say
from siexsim.household import DOMAINS
from siexsim.items import PAYERS, PUBLIC
from siexsim.maps import plan_wijken, poverty_shares, stress_of
from siexsim.plots_participants import return_classes, spread_of
from siexsim.plots_stress import stress_by_year
from siexsim.sheet import Sheet, capital, of_world
from siexsim.texts import amount, known, number

if TYPE_CHECKING:
    from siexsim.result import Result

HIDDEN: Final = "·"
QUANTILES: Final = (0.1, 0.5, 0.9)
PUBLIC_PAYERS: Final = tuple(PAYERS[k] for k in PUBLIC)
# How the numbers of a column are written: decimals; euros are rounded to three figures.
KINDS: Final[Mapping[str, int]] = {"count": 0, "percent": 1, "stress": 3, "rate": 2}


class Behind(NamedTuple):
    """A table: heads, how each column is written ("word", "eur" or one of `KINDS`), and rows."""

    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def written(lang: str, kind: str, value: Any) -> str:
    """A cell as it is read; what isn't known or is hidden is a dot."""
    if kind == "word":
        return str(value)
    if value is None or not np.isfinite(value):
        return HIDDEN
    return amount(lang, value) if kind == "eur" else number(lang, value, KINDS[kind])


def cells(lang: str, behind: Behind) -> list[list[str]]:
    """All cells as they are read."""
    return [
        [written(lang, kind, value) for kind, value in zip(behind.kinds, row, strict=True)]
        for row in behind.rows
    ]


def _heads(lang: str, *keys: str) -> tuple[str, ...]:
    return tuple(say(lang, f"head.{key}") for key in keys)


def _account(sheet: Sheet) -> Behind:
    lang, bands = sheet.lang, sheet.result.bands
    ends = bands[bands["month"].astype(str).str.endswith("-12")]
    rows = []
    for view in VIEWS:
        mine = ends[ends["view"].astype(str) == view]
        for row in mine.itertuples():
            who = known(lang, "views", view)
            rows.append((who, str(row.month)[:4], row.p10, row.p50, row.p90))
    heads = _heads(lang, "whose", "year_end", "low", "middle", "high")
    return Behind(heads, ("word", "word", "eur", "eur", "eur"), tuple(rows))


def _payers(sheet: Sheet) -> Behind:
    lang, futures = sheet.lang, sheet.result.futures
    rows = [(say(lang, "head.invested"), *futures["invested_eur"].quantile(list(QUANTILES)))]
    for payer in PAYERS:
        found = futures[f"returned_{payer}_eur"].quantile(list(QUANTILES))
        rows.append((known(lang, "payers", payer), *found))
    heads = _heads(lang, "who", "low", "middle", "high")
    return Behind(heads, ("word", "eur", "eur", "eur"), tuple(rows))


def _people(sheet: Sheet) -> Behind:
    months = sheet.result.months
    worlds = {w: of_world(months, w).set_index("month") for w in ("without", "with")}
    planned = len(worlds["with"]) > 0
    whole = worlds["without"].index
    shown = [m for m in whole if str(m).endswith("-01")] + [whole[-1]]
    rows = []
    for month in shown:
        row: list[Any] = [sheet.month(str(month))]
        for what in ("poor_persons", "welfare_households"):
            row += [worlds[w].loc[month, what] for w in worlds if planned or w == "without"]
        rows.append(tuple(row))
    keys = ["poor_without", "poor_with", "welfare_without", "welfare_with"]
    keys = keys if planned else ["poor", "welfare"]
    heads = _heads(sheet.lang, "month", *keys)
    return Behind(heads, ("word", *["count"] * len(keys)), tuple(rows))


def _stress(sheet: Sheet) -> Behind:
    worlds = {w: stress_of(sheet, w) for w in ("without", "with")}
    lived = [one for one in worlds.values() if one is not None]
    rows = tuple(
        (sheet.text("domains", domain), *(one.poor[d] for one in lived),
         *(one.everybody[d] for one in lived))
        for d, domain in enumerate(DOMAINS)
    )  # fmt: skip
    keys = ["stress_poor_without", "stress_poor_with", "stress_all_without", "stress_all_with"]
    keys = keys if len(lived) > 1 else ["stress_poor", "stress_all"]
    return Behind(_heads(sheet.lang, "domain", *keys), ("word", *["stress"] * len(keys)), rows)


def _stress_years(sheet: Sheet) -> Behind:
    found = stress_by_year(sheet)
    assert found is not None
    lang, worlds = sheet.lang, ["without"] + ["with"] * (found.with_plan is not None)
    values = [found.without] if found.with_plan is None else [found.without, found.with_plan]
    heads = [
        say(lang, f"head.domain_{world}", domain=capital(sheet.text("domains", domain)))
        for domain in DOMAINS for world in worlds
    ]  # fmt: skip
    rows = tuple(
        (sheet.month(month), *(float(one[k, d]) for d in range(len(DOMAINS)) for one in values))
        for k, month in enumerate(found.months)
    )
    return Behind((*_heads(lang, "month"), *heads), ("word", *["stress"] * len(heads)), rows)


def _map(sheet: Sheet) -> Behind:
    photo = sheet.result.photo
    first, last = int(photo["year"].min()), int(photo["year"].max())
    worlds = ["without"] + ["with"] * bool((photo["world"].astype(str) == "with").any())
    columns = [poverty_shares(sheet, first, "without")]
    columns += [poverty_shares(sheet, last, world) for world in worlds]
    chosen, place = plan_wijken(sheet), sheet.result.place
    names = [*place.wijken, place.name]
    rows = tuple(
        (
            name, say(sheet.lang, "head.yes") if name in chosen else "",
            *(float(column[name]) for column in columns),
        )
        for name in names
    )  # fmt: skip
    keys = ("wijk", "in_plan", "poor_start", "poor_end_without", "poor_end_with")[: 3 + len(worlds)]
    return Behind(_heads(sheet.lang, *keys), ("word", "word", *["percent"] * len(columns)), rows)


def _participants(sheet: Sheet) -> Behind:
    spread = spread_of(sheet.result)
    assert spread is not None
    count = float(spread["participants"]) * sheet.scenario["sample"]
    rows = tuple((one.name, 100 * one.share) for one in return_classes(sheet, count))
    return Behind(_heads(sheet.lang, "return", "share"), ("word", "percent"), rows)


_TABLES: Final[Mapping[str, Callable[[Sheet], Behind]]] = {
    "account": _account, "payers": _payers, "people": _people, "stress": _stress,
    "stress_years": _stress_years, "participants": _participants, "map": _map,
}  # fmt: skip


def behind(result: Result, name: str, lang: str) -> Behind:
    """The table behind one figure of a result."""
    return _TABLES[name](Sheet(result, lang))


def over_futures(result: Result, payers: tuple[str, ...]) -> tuple[float, float, float]:
    """What these payers get back together: low, middle and high over the futures."""
    columns = [f"returned_{payer}_eur" for payer in payers]
    low, middle, high = result.futures[columns].sum(axis=1).quantile(list(QUANTILES))
    return float(low), float(middle), float(high)


def as_frame(lang: str, table: Behind) -> pd.DataFrame:
    """A table for a file: raw numbers under the heads of the language."""
    return pd.DataFrame(list(table.rows), columns=list(table.heads))
