"""The report as a workbook: a sheet with what it says, and one for the table behind each figure."""

from __future__ import annotations

import io
import math
from typing import Any, Final

import xlsxwriter

from siexsim.app.words import say
from siexsim.parameters import Parameters
from siexsim.report.behind import HIDDEN, KINDS, Behind
from siexsim.report.gathered import Report
from siexsim.texts import known

_WIDTH: Final = 14
_WIDE: Final = 60
# No text is taken for a formula or a link, whatever a plan is called.
_OPTIONS: Final = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False,
}  # fmt: skip


def workbook(report: Report) -> bytes:
    """Make the file."""
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, _OPTIONS)
    book.set_properties({"title": report.title, "comments": report.caution[0]})
    formats = {
        "bold": book.add_format({"bold": True}),
        "head": book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "eur": book.add_format({"num_format": '"€" #,##0;[Red]-"€" #,##0'}),
        **{
            kind: book.add_format({"num_format": f"#,##0{'.' * (n > 0)}{'0' * n}"})
            for kind, n in KINDS.items()
        },
    }
    _summary(book, formats, report)
    for figure in report.figures:
        _figure(book, formats, report, figure)
    if report.photo:
        _photo(book, formats, report)
    _assumptions(book, formats, report)
    book.close()
    return body.getvalue()


def _sheet(book: Any, name: str) -> Any:
    sheet = book.add_worksheet(name[:31])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def _summary(book: Any, formats: Any, report: Report) -> None:
    lang = report.lang
    sheet = _sheet(book, say(lang, "report.summary"))
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, _WIDE, formats["wrap"])
    sheet.set_column(2, 2, 36)
    rows: list[tuple[str, ...]] = [(report.title,), (report.date,)]
    if report.asked.addressee:
        rows.append((f"{say(lang, 'report.for')} {report.asked.addressee}",))
    rows += [(report.asked.words,)] if report.asked.words else []
    rows += [(), *((said,) for said in report.sentences), ()]
    rows += [tuple(one) for one in report.tiles]
    for name, said in (("caution", report.caution), ("limits", report.limits)):
        rows += [(), (say(lang, f"report.{name}"),), *((line,) for line in said)]
    for name, pairs in (("plan", report.plan), ("origin", report.origin)):
        rows += [(), (say(lang, f"report.{name}"),), *pairs]
    rows += [(), *((said,) for said in report.notes)]
    titles = {
        report.title,
        *(say(lang, f"report.{k}") for k in ("caution", "plan", "limits", "origin")),
    }
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            style = formats["bold"] if cell in titles else formats["wrap"] if column else None
            sheet.write_string(place, column, cell, style)


def _table(sheet: Any, formats: Any, table: Behind, top: int) -> None:
    for column, head in enumerate(table.heads):
        sheet.write_string(top, column, head, formats["head"])
    for place, row in enumerate(table.rows, top + 1):
        for column, (kind, value) in enumerate(zip(table.kinds, row, strict=True)):
            if kind == "word":
                sheet.write_string(place, column, str(value))
            elif value is None or not math.isfinite(value):
                sheet.write_string(place, column, HIDDEN)
            else:
                sheet.write_number(place, column, float(value), formats[kind])


def _figure(book: Any, formats: Any, report: Report, figure: Any) -> None:
    sheet = _sheet(book, say(report.lang, f"sheet.{figure.name}"))
    sheet.set_column(0, len(figure.table.heads), _WIDTH)
    sheet.set_column(0, 0, 28)
    sheet.write_string(0, 0, figure.title, formats["bold"])
    _table(sheet, formats, figure.table, 2)
    sheet.freeze_panes(3, 1)
    numbers = [k for k, kind in enumerate(figure.table.kinds) if kind != "word"]
    last = 2 + len(figure.table.rows)
    chart = book.add_chart({"type": "bar" if figure.name in ("payers", "participants") else "line"})
    if figure.name == "account":  # three views of the account lie under each other
        last = 2 + len(figure.table.rows) // 3
    words = 1 if figure.name == "account" else 0
    for column in numbers:
        chart.add_series(
            {
                "name": [sheet.name, 2, column],
                "categories": [sheet.name, 3, words, last, words],
                "values": [sheet.name, 3, column, last, column],
            }
        )
    chart.set_size({"width": 720, "height": 380})
    chart.set_title({"name": say(report.lang, f"sheet.{figure.name}")})
    where = len(figure.table.rows) + 5
    sheet.insert_chart(where, 0, chart, {"description": figure.alt})


def _photo(book: Any, formats: Any, report: Report) -> None:
    sheet = _sheet(book, say(report.lang, "sheet.photo"))
    sheet.set_column(0, 0, _WIDE)
    sheet.set_column(1, 8, _WIDTH)
    place = 0
    for part in report.photo:
        if part.kind != "table":
            style = formats["bold"] if part.kind == "head" else None
            sheet.write_string(place, 0, part.words, style)
            place += 1
            continue
        for column, head in enumerate(part.heads):
            sheet.write_string(place, column, head.replace("\n", " "), formats["head"])
        for row in part.rows:
            place += 1
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell)
        place += 2


def _assumptions(book: Any, formats: Any, report: Report) -> None:
    """Every number of this scenario, its own changes marked."""
    lang, scenario = report.lang, report.scenario
    sheet = _sheet(book, say(lang, "sheet.assumptions"))
    keys = ("name", "meaning", "value", "low", "high", "unit", "grade", "source", "changed")
    for column, key in enumerate(keys):
        sheet.write_string(0, column, say(lang, f"assume.{key}"), formats["head"])
    sheet.set_column(0, 1, 36)
    sheet.set_column(7, 7, _WIDE)
    sheet.freeze_panes(1, 1)
    usual = Parameters.packaged().entries
    for place, (key, one) in enumerate(sorted(scenario.central().items()), 1):
        own = key not in usual or one.value != usual[key].value
        meaning = one.betekenis if lang == "nl" else one.meaning
        for column, said in ((0, key), (1, meaning), (5, known(lang, "units", one.unit)),
                             (6, say(lang, f"grade.{one.grade}")), (7, one.source),
                             (8, say(lang, "head.yes") if own else "")):  # fmt: skip
            sheet.write_string(place, column, said)
        for column, value in ((2, one.value), (3, one.low), (4, one.high)):
            sheet.write_number(place, column, value)
