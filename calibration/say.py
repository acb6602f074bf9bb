"""The table of targets and hold-outs in words, in Dutch or English."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from calibration.check import Row, passed

WORDS = {
    "en": {
        "C": "Targets", "V": "Hold-outs, never used by the fit", "name": "Row", "what": "What",
        "published": "Published", "band": "Band", "model": "Model", "spread": "5 to 95%",
        "noise": "Noise", "inside": "Inside", "sees": "Sample enough", "use": "Use", "yes": "yes",
        "no": "NO", "unknown": "?", "fitted": "fitted", "margin": "margin", "compared": "shown",
        "not_carried": "not in the model",
        "sum_c": "{0} of {1} fitted targets inside their bands.",
        "sum_v": "{0} of {1} hold-outs passed: {2}.",
        "prior": "With the packaged values: this is not the result of a fit.",
        "fitted_with": "With {0} draws from the posterior.",
        "notes": "What the model counts otherwise, or can't count",
    },
    "nl": {
        "C": "Doelen", "V": "Toetsen, nooit gebruikt bij het afstellen", "name": "Rij",
        "what": "Wat", "published": "Gepubliceerd", "band": "Marge", "model": "Model",
        "spread": "5 tot 95%", "noise": "Ruis", "inside": "Binnen",
        "sees": "Genoeg huishoudens", "use": "Gebruik", "yes": "ja", "no": "NEE", "unknown": "?",
        "fitted": "afgesteld", "margin": "bouwsteen", "compared": "getoond",
        "not_carried": "niet in model",
        "sum_c": "{0} van {1} afgestelde doelen vallen binnen hun marge.",
        "sum_v": "{0} van {1} toetsen gehaald: {2}.",
        "prior": "Met de waarden van het pakket: dit is nog geen uitkomst van het afstellen.",
        "fitted_with": "Met {0} trekkingen uit de posterior.",
        "notes": "Wat het model anders telt, of niet kan tellen",
    },
}  # fmt: skip


def figure(value: float, lang: str) -> str:
    """A figure at three digits or so, with the decimal sign of the language."""
    if math.isnan(value):
        return ""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "nl" else text


def tables(rows: Sequence[Row], lang: str) -> list[Table]:
    """One table of targets and one of hold-outs."""
    words = WORDS[lang]
    found = []
    for title, holdout in (("C", False), ("V", True)):
        table = Table(title=words[title], title_justify="left")
        for column in ("name", "what", "published", "band", "model", "spread", "noise"):
            figures = column not in ("name", "what")
            table.add_column(words[column], justify="right" if figures else "left")
        for column in ("inside", "sees", "use"):
            table.add_column(words[column])
        for row in rows:
            if row.holdout == holdout:
                table.add_row(*_cells(row, lang))
        found.append(table)
    return found


def _cells(row: Row, lang: str) -> list[str]:
    words, target = WORDS[lang], row.target
    what = target.woorden if lang == "nl" else target.words
    when = f"{target.year}-{target.month:02d}" if target.month else str(target.year)
    name = [target.name, f"{what} ({when}; {target.grade})"]
    if target.use == "not_carried":
        return [*name, figure(target.value, lang), "", "", "", "", "", "", words["not_carried"]]
    return [
        *name,
        figure(target.value, lang),
        _band(target.low, target.high, lang),
        figure(row.mean, lang),
        _band(row.low, row.high, lang),
        figure(row.noise, lang),
        words["yes"] if row.inside else words["no"],
        words["unknown"] if math.isnan(row.noise) else words["yes" if row.shows_faults else "no"],
        "" if row.holdout else words[target.use],
    ]


def _band(low: float, high: float, lang: str) -> str:
    return f"{figure(low, lang)} / {figure(high, lang)}"


def verdict(rows: Sequence[Row], draws: int, lang: str) -> list[str]:
    """How many targets and hold-outs are met, and with which parameters."""
    words = WORDS[lang]
    asked = [row for row in rows if row.target.use == "fitted"]
    held = passed(rows)
    named = ", ".join(f"{name} {words['yes' if met else 'no']}" for name, met in held.items())
    return [
        words["fitted_with"].format(draws) if draws else words["prior"],
        words["sum_c"].format(sum(row.inside for row in asked), len(asked)),
        words["sum_v"].format(sum(held.values()), len(held), named),
    ]


def notes(rows: Sequence[Row], lang: str) -> list[str]:
    """How the model's quantities differ from what was published."""
    said = [f"{WORDS[lang]['notes']}:"]
    for row in rows:
        note = row.target.toelichting if lang == "nl" else row.target.note
        if note:
            said.append(f"  {row.target.name}: {note}.")
    return said
