"""The three kinds of file that a report can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from siexsim.report.gathered import Asked, Report, gather

if TYPE_CHECKING:
    from siexsim.result import Result

FORMATS: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def make(result: Result, kind: str, asked: Asked) -> bytes:
    """Make a report of one kind: "html", "pdf" or "xlsx"."""
    return maker(kind)(gather(result, asked))


def maker(kind: str) -> Callable[[Report], bytes]:
    """The function that makes one kind of file; what only that needs is loaded with it."""
    if kind == "html":
        from siexsim.report.webpage import webpage

        return webpage
    if kind == "pdf":
        from siexsim.report.pdf import pdf

        return pdf
    from siexsim.report.workbook import workbook

    return workbook
