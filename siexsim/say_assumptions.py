"""All numbers that the simulation assumes: on screen, and as a file for a spreadsheet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from siexsim.errors import UserError
from siexsim.say import console
from siexsim.texts import known, number, short, text
from siexsim.weakness import weakest_first


def write_csv(table: pd.DataFrame, csv: str, lang: str) -> None:
    """Write a table for a spreadsheet; the file appears when it is complete."""
    path = Path(csv)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # with a mark that tells spreadsheets it is UTF-8
        table.to_csv(aside, index=False, encoding="utf-8-sig")
        aside.replace(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(text(lang, "error.csv", path=csv, reason=reason)) from error
    finally:
        if aside.is_file():
            aside.unlink()


def print_assumptions(table: pd.DataFrame, lang: str, weakest: bool = False) -> None:
    """Print every number with its range, grade and source, by theme or the weakest first."""
    screen = console()
    if table.empty:
        screen.print(Text(text(lang, "assumptions.none")))
        return
    if weakest:
        for line in _heading(table, lang):
            screen.print(Text(line))
        screen.print()
        for place, row in enumerate(weakest_first(table).itertuples(), 1):
            _print_one(screen, row, lang, f"{place}. ")
        screen.print()
    else:
        for theme, rows in table.groupby("theme", sort=True):
            screen.print(Text(str(theme).upper(), style="bold underline"))
            for row in rows.itertuples():
                _print_one(screen, row, lang)
            screen.print()
    assumed = int((table["grade"] == "assumption").sum())
    screen.print(Text(text(lang, "assumptions.count", count=len(table), assumed=assumed)))


def _heading(table: pd.DataFrame, lang: str) -> list[str]:
    """How the order came about, and what it can't say."""
    measured = table["influence"].notna()
    if not measured.any():
        return [text(lang, "weakest.unmeasured")]
    seen = table["visible"].eq(True).sum()
    futures = int(table["futures"].max())
    return [
        text(lang, "weakest.order"),
        text(lang, "weakest.seen", seen=seen, count=len(table), futures=futures),
    ]


def _print_one(screen: Console, row: Any, lang: str, before: str = "") -> None:
    screen.print(Text(f"{before}{row.theme}.{row.name}", style="bold"))
    meaning = row.betekenis if lang == "nl" else row.meaning
    source = re.sub(r"^none\b", text(lang, "assumptions.none_source"), row.source)
    facts = text(
        lang, "assumptions.facts_fixed" if row.fixed else "assumptions.facts",
        value=short(lang, row.value), low=short(lang, row.low),
        high=short(lang, row.high), unit=known(lang, "units", row.unit),
        grade=known(lang, "assumptions", row.grade),
    )  # fmt: skip
    said = text(lang, "assumptions.source", source=source, used_in=row.used_in)
    lines = [(meaning, ""), (facts, "")]
    lines += [(line, "") for line in (fitted_said(row, lang), influence_said(row, lang)) if line]
    for line, style in (*lines, (said, "dim")):
        screen.print(Padding(Text(line, style=style), (0, 0, 0, 2)))


def fitted_said(row: Any, lang: str) -> str:
    """What the fit left of the range, and how much narrower that is."""
    if np.isnan(row.fitted_p50):
        return ""
    percentage = round(100 * abs(row.narrower_share))
    way = "same" if percentage == 0 else "narrower" if row.narrower_share > 0 else "wider"
    return text(
        lang, f"weakest.fitted_{way}", middle=short(lang, row.fitted_p50),
        low=short(lang, row.fitted_p05), high=short(lang, row.fitted_p95),
        percentage=number(lang, percentage),
    )  # fmt: skip


def influence_said(row: Any, lang: str) -> str:
    """How much payback hinges on a number, as far as that was measured."""
    if row.fixed or np.isnan(row.influence):
        return ""
    if not row.visible:
        return text(lang, "weakest.invisible")
    return text(lang, "weakest.influence", percentage=number(lang, 100 * row.influence, 1))
