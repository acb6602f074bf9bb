"""All numbers that the simulation assumes: on screen, and as a file for a spreadsheet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text

from siexsim.errors import UserError
from siexsim.say import console
from siexsim.texts import known, number, text


def write_csv(table: Any, csv: str, lang: str) -> None:
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


def _short(lang: str, value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return number(lang, value, 0 if float(value).is_integer() else 1)
    digits = f"{value:.4g}"
    after = len(digits.partition(".")[2]) if "e" not in digits else 6
    return number(lang, value, after)


def print_assumptions(table: Any, lang: str) -> None:
    """Print every number with its range, grade and source, by theme."""
    screen = console()
    if table.empty:
        screen.print(Text(text(lang, "assumptions.none")))
        return
    for theme, rows in table.groupby("theme", sort=True):
        screen.print(Text(str(theme).upper(), style="bold underline"))
        for row in rows.itertuples():
            screen.print(Text(f"{theme}.{row.name}", style="bold"))
            meaning = row.betekenis if lang == "nl" else row.meaning
            source = re.sub(r"^none\b", text(lang, "assumptions.none_source"), row.source)
            facts = text(
                lang, "assumptions.facts_fixed" if row.fixed else "assumptions.facts",
                value=_short(lang, row.value), low=_short(lang, row.low),
                high=_short(lang, row.high), unit=known(lang, "units", row.unit),
                grade=known(lang, "assumptions", row.grade),
            )  # fmt: skip
            said = text(lang, "assumptions.source", source=source, used_in=row.used_in)
            for line, style in ((meaning, ""), (facts, ""), (said, "dim")):
                screen.print(Padding(Text(line, style=style), (0, 0, 0, 2)))
        screen.print()
    assumed = int((table["grade"] == "assumption").sum())
    screen.print(Text(text(lang, "assumptions.count", count=len(table), assumed=assumed)))
