"""What was found, on two pages that an alderman can read: ``python -m experiments.summary``.

Made in Dutch and English, as Markdown and as PDF, from the tables under ``results/findings``
alone. A study that wasn't done is said to be missing; the page is made all the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from experiments import summary_causes, summary_money
from experiments.findings import FINDINGS
from experiments.tables import Findings, Part
from siexsim.app.words import kept_whole
from siexsim.texts import LANGUAGES

PAGES = 2
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)  # points of the words, the largest that fits is taken
COMMAND = "python -m experiments.summary"
PARTS: Sequence[Callable[[Findings], Part]] = (
    summary_money.answer, summary_causes.plan, summary_money.mixes, summary_money.per_euro,
    summary_money.breakeven, summary_causes.sensitivity, summary_causes.kinds,
    summary_causes.robust, summary_causes.trust,
)  # fmt: skip


def parts_of(found: Findings) -> list[Part]:
    """All parts, in the order in which they are read."""
    return [part(found) for part in PARTS]


def markdown(found: Findings, parts: Sequence[Part]) -> str:
    """The summary as text, for who reads it in the repository."""
    lines = [f"# {found.say('title')}", "", _made(found), "", found.say("key"), ""]
    for part in parts:
        lines += [f"## {part.head}", ""]
        lines += [f"- {one}" for one in part.said] if len(part.said) > 1 else part.said
        if part.rows:
            lines += ["", "| " + " | ".join(part.heads) + " |"]
            lines.append("|---|" + "---:|" * (len(part.heads) - 1))
            lines += ["| " + " | ".join(row) + " |" for row in part.rows]
        if part.note:
            lines += ["", f"*{part.note}*"]
        lines.append("")
    return "\n".join(lines)


def pdf(found: Findings, parts: Sequence[Part]) -> bytes:
    """The summary as a PDF of two pages that a screen reader can read, in the largest print."""
    content = {
        "lang": found.lang, "title": found.say("title"), "made": _made(found),
        "key": found.say("key"), "page": f"{found.say('page')} ",
        "parts": [asdict(part) for part in parts],
    }  # fmt: skip
    source = (files("experiments") / "summary.typ").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        there, paper = Path(folder), Path(folder) / "summary.typ"
        paper.write_text(source, encoding="utf-8")
        for size in SIZES:
            said = kept_whole(json.dumps(content | {"size": size}, ensure_ascii=False))
            (there / "summary.json").write_text(said, encoding="utf-8")
            drawn: Any = typst.compile(paper, root=there, format="svg")
            if isinstance(drawn, bytes) or len(drawn) <= PAGES:
                break
        made: bytes = typst.compile(paper, root=there, pdf_standards="ua-1")
        return made


def _made(found: Findings) -> str:
    return found.say("made", command=COMMAND, folder=FINDINGS.as_posix())


def write(findings: Path, out: Path) -> list[Path]:
    """Write the summary in both languages; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for lang in LANGUAGES:
        found = Findings(findings, lang)
        parts = parts_of(found)
        text, paper = out / f"summary-{lang}.md", out / f"summary-{lang}.pdf"
        text.write_text(markdown(found, parts), encoding="utf-8")
        paper.write_bytes(pdf(found, parts))
        written += [text, paper]
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it from what is there."""
    asked = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    asked.add_argument("--findings", type=Path, default=FINDINGS, help="folder with the tables")
    asked.add_argument("--out", type=Path, help="by default the folder 'summary' in it")
    said = asked.parse_args(arguments)
    for path in write(said.findings, said.out or said.findings / "summary"):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
