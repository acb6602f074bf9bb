"""How well the model fits, and what another assumption changes in it, on screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from siexsim.elicit import Pooled, outside_evidence
from siexsim.texts import amount, known, number, percent, short, span, text


def figure(lang: str, value: float) -> str:
    """A published figure or the model's, at the digits its size asks for."""
    if math.isnan(value):
        return ""
    return number(lang, value, 0 if abs(value) >= 100 else 3)


def _band(lang: str, low: float, high: float) -> str:
    if math.isnan(low):
        return ""
    return text(lang, "validate.band", low=figure(lang, low), high=figure(lang, high))


def _table(lang: str, *heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(text(lang, f"validate.{heads[0]}"), overflow="fold", ratio=1)
    for head in heads[1:]:
        words = text(lang, f"validate.{head}")
        table.add_column(words, justify="right", no_wrap=True, vertical="top")
    return table


def _what(lang: str, name: str, words: str, year: int, month: int = 0) -> str:
    when = f"{year}-{month:02d}" if month else str(year)
    return text(lang, "validate.what_of", name=name, words=words, when=when)


# --- How well the model fits ------------------------------------------------------------------


def print_validation(screen: Console, rows: Sequence[Any], lang: str) -> None:
    """Print targets, and then hold-outs, beside the model; `rows` as in ``calibration.check``."""
    for holdout in (False, True):
        screen.print(Text(text(lang, f"validate.{'holdouts' if holdout else 'targets'}"), "bold"))
        table = _table(lang, "what", "published", "band_head", "model", "spread", "inside")
        for row in rows:
            if row.holdout == holdout:
                table.add_row(*_cells(row, lang))
        screen.print(table)
        screen.print()
    for key in ("inside_note", "spread_note"):
        screen.print(Padding(Text(text(lang, f"validate.{key}"), style="dim"), (0, 0, 0, 2)))


def _cells(row: Any, lang: str) -> list[str]:
    target = row.target
    words = target.woorden if lang == "nl" else target.words
    cells = [
        _what(lang, target.name, words, target.year, target.month),
        figure(lang, target.value), _band(lang, target.low, target.high),
    ]  # fmt: skip
    if math.isnan(row.mean):
        return [*cells, "", "", text(lang, "validate.absent")]
    inside = text(lang, "validate.yes" if row.inside else "validate.no")
    unsure = row.inside and not row.shows_faults
    spread = _band(lang, row.low, row.high)
    return [*cells, figure(lang, row.mean), spread, inside + ("*" if unsure else "")]


# --- What another assumption changes ----------------------------------------------------------


def print_difference(screen: Console, found: Any, numbers: dict[str, str], lang: str) -> None:
    """Print what changes; `found` as in ``calibration.whatif``, `numbers` what was assumed."""
    screen.print(Text(text(lang, "whatif.changed"), "bold"))
    for name, said in numbers.items():
        screen.print(Padding(Text(f"{name}: {said}"), (0, 0, 0, 2)))
    screen.print()
    for holdout in (False, True):
        rows = found.fit[found.fit["holdout"] == holdout]
        screen.print(Text(text(lang, f"validate.{'holdouts' if holdout else 'targets'}"), "bold"))
        screen.print(_fit(rows, lang))
        counts = {k: int(rows[f"inside_{k}"].sum()) for k in ("before", "after")}
        screen.print(Text(text(lang, "whatif.count", count=len(rows), **counts)))
        screen.print()
    screen.print(Padding(Text(text(lang, "whatif.fit_note"), style="dim"), (0, 0, 0, 2)))
    screen.print()
    if found.payback.empty:
        screen.print(Text(text(lang, "whatif.no_plan")))
        return
    screen.print(Text(text(lang, "whatif.payback"), "bold"))
    screen.print(_payback(found.payback, lang))
    screen.print()
    screen.print(_end(found.end, lang))
    screen.print(Padding(Text(text(lang, "whatif.end_note"), style="dim"), (0, 0, 0, 2)))


def _fit(rows: pd.DataFrame, lang: str) -> Table:
    table = _table(lang, "what", "published", "band_head", "before", "after", "inside")
    for row in rows.to_dict("records"):
        words = str(row["woorden" if lang == "nl" else "words"])
        was, now = (
            text(lang, "validate.yes" if row[f"inside_{when}"] else "validate.no")
            for when in ("before", "after")
        )
        still = abs(row["after"] - row["before"]) <= 2 * row["noise"]
        table.add_row(
            _what(lang, row["name"], words, row["year"]),
            figure(lang, row["published"]),
            _band(lang, row["low"], row["high"]),
            figure(lang, row["before"]),
            figure(lang, row["after"]) + ("~" if still else ""),
            was if was == now else text(lang, "whatif.turned", was=was, now=now),
        )
    return table


def _payback(payback: pd.DataFrame, lang: str) -> Table:
    horizons = payback["horizon_months"].unique()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for horizon in horizons:
        within = text(lang, "say.within", span=span(lang, horizon))
        table.add_column(within, justify="right")
    for view, rows in payback.groupby("view", sort=False):
        shares = zip(rows["before"], rows["after"], strict=True)
        table.add_row(known(lang, "views", str(view)), *(_turned(lang, *pair) for pair in shares))
    return table


def _turned(lang: str, was: float, now: float) -> str:
    if math.isnan(was):
        return text(lang, "whatif.unknown")
    return text(lang, "whatif.turned", was=percent(lang, was), now=percent(lang, now))


def _end(end: pd.DataFrame, lang: str) -> Table:
    heads = ("end_before", "end_after", "difference", "difference_low", "difference_high")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(text(lang, "whatif.end"))
    for head in heads:
        table.add_column(text(lang, f"whatif.{head}"), justify="right", vertical="bottom")
    for row in end.to_dict("records"):
        amounts = [amount(lang, float(value)) for name, value in row.items() if name != "view"]
        table.add_row(known(lang, "views", str(row["view"])), *amounts)
    return table


# --- What experts say together ----------------------------------------------------------------


def print_pooled(screen: Console, pool: Sequence[Pooled], path: str, lang: str) -> None:
    """Print what each expert says, what they say together, and what can be done with it."""
    for one in pool:
        screen.print(Text(one.name, style="bold"))
        for own in one.experts:
            values = {"low": own.low, "value": own.central, "high": own.high}
            _print_range(screen, lang, own.expert, values)
        together = {"low": one.low, "value": one.value, "high": one.high}
        _print_range(screen, lang, text(lang, "elicit.together"), together)
    screen.print()
    screen.print(Text(text(lang, "elicit.pool_note")))
    wide = outside_evidence(pool)
    if wide:
        screen.print(Text(text(lang, "elicit.wide", names=", ".join(wide))))
    said = text(lang, "elicit.pooled_written", path=path, count=len(pool))
    screen.print(Text(said), soft_wrap=True)


def _print_range(screen: Console, lang: str, who: str, values: dict[str, float]) -> None:
    shown = {name: short(lang, value) for name, value in values.items()}
    line = Text(text(lang, "elicit.range", who=who, **shown))
    screen.print(Padding(line, (0, 0, 0, 2)))
