"""The report as a PDF that a screen reader can read (PDF/UA-1); it isn't made without texts."""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from siexsim.app.words import kept_whole, say
from siexsim.report.behind import cells
from siexsim.report.gathered import Report


def pdf(report: Report) -> bytes:
    """Make the file; all words are passed as data, so that none is read as markup."""
    source = (files("siexsim") / "report" / "report.typ").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        (there / "report.typ").write_text(source, encoding="utf-8")
        for one in report.figures:
            (there / f"{one.name}.svg").write_bytes(one.svg)
        words = kept_whole(json.dumps(_content(report), ensure_ascii=False))
        (there / "report.json").write_text(words, encoding="utf-8")
        made: bytes = typst.compile(there / "report.typ", root=there, pdf_standards="ua-1")
        return made


def _content(report: Report) -> dict[str, Any]:
    lang = report.lang
    heads = ("summary", "caution", "plan", "figures", "photo", "limits", "origin", "table", "notes")
    return {
        "lang": lang, "title": report.title, "date": report.date,
        "heads": {name: say(lang, f"report.{name}") for name in heads},
        "addressee": report.asked.addressee, "words": report.asked.words,
        "for": say(lang, "report.for"), "page": say(lang, "report.page"),
        "part": say(lang, "report.part"), "value": say(lang, "report.value"),
        "caution_head": say(lang, "result.caution"),
        "sentences": report.sentences, "tiles": [list(one) for one in report.tiles],
        "caution": report.caution, "plan": report.plan, "limits": report.limits,
        "notes": [*report.notes, say(lang, "head.hidden")], "origin": report.origin,
        "figures": [
            {
                "name": one.name, "head": say(lang, f"sheet.{one.name}"), "alt": one.alt,
                "heads": one.table.heads,
                "rows": cells(lang, one.table),
                "right": [kind != "word" for kind in one.table.kinds],
            }
            for one in report.figures
        ],
        "photo": [
            {"kind": one.kind, "words": one.words, "heads": one.heads, "rows": one.rows,
             "right": one.right}
            for one in report.photo
        ],
    }  # fmt: skip
