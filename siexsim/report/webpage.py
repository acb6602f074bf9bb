"""The report as one web page that needs nothing else, and prints well."""

from __future__ import annotations

import base64
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from siexsim.app.words import kept_whole, say
from siexsim.report.behind import cells
from siexsim.report.gathered import Report


def webpage(report: Report) -> bytes:
    """Make the page."""
    templates = Environment(
        loader=PackageLoader("siexsim.report"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined, finalize=kept_whole,
    )  # fmt: skip
    pictures = {
        one.name: "data:image/svg+xml;base64," + base64.b64encode(one.svg).decode()
        for one in report.figures
    }
    rows = {one.name: cells(report.lang, one.table) for one in report.figures}
    page = templates.get_template("report.html").render(
        report=report, pictures=pictures, rows=rows, say=partial(say, report.lang)
    )
    return page.encode()
