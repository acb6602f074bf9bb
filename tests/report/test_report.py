"""Three kinds of file that say the same, can be read by everybody and can't be made to do harm."""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
import typst
from pypdf import PdfReader

from siexsim import cli
from siexsim.errors import UserError
from siexsim.report.behind import HIDDEN, behind, cells, written
from siexsim.report.content import sentences, tiles
from siexsim.report.gathered import SECTIONS, Asked, gather
from siexsim.report.make import FORMATS, make, maker
from siexsim.report.webpage import webpage

pytestmark = pytest.mark.slow
DAY = date(2026, 3, 1)


def plain(words: str) -> str:
    """Text without the signs that keep amounts on one line, and without line ends."""
    whole = words.replace("\u00a0", " ").replace("\u2060", "").replace("\u00ad", "")
    return " ".join(whole.split())


def page_text(report) -> str:
    body = webpage(report).decode().split("<body>")[1]
    return plain(html.unescape(re.sub(r"<[^>]+>", " ", body)))


def pdf_text(body: bytes) -> str:
    return plain(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages))


@pytest.fixture(scope="module", params=["nl", "en"])
def report(request, result):
    return gather(result, Asked(request.param, dated=DAY))


def test_every_file_says_the_same(report, result):
    lang = report.lang
    said = [plain(one) for one in sentences(lang, result)]
    amounts = [plain(one.value) for one in tiles(lang, result)]
    page, paper = page_text(report), pdf_text(maker("pdf")(report))
    book = openpyxl.load_workbook(io.BytesIO(maker("xlsx")(report)))
    first = [plain(str(c.value)) for row in book.worksheets[0] for c in row if c.value is not None]
    for words in (*said, *amounts, plain(report.caution[0]), *map(plain, report.limits)):
        assert words in page, words
        assert words.replace(" ", "") in paper.replace(" ", ""), words
        assert words in first, words
    for one in report.figures:
        for row in cells(lang, one.table):
            for cell in row:
                assert plain(cell) in page


def test_the_workbook_has_the_numbers_behind_every_figure(report):
    book = openpyxl.load_workbook(io.BytesIO(maker("xlsx")(report)))
    for figure in report.figures:
        sheet = next(s for s in book.worksheets if s["A1"].value == figure.title)
        assert [c.value for c in sheet[3]] == list(figure.table.heads)
        for place, row in enumerate(figure.table.rows, 4):
            for cell, kind, value in zip(sheet[place], figure.table.kinds, row, strict=True):
                shown = written(report.lang, kind, value)
                if kind == "word" or shown == HIDDEN:
                    assert cell.value == (str(value) if kind == "word" else HIDDEN) or not value
                else:
                    assert cell.value == pytest.approx(float(value))
    assert not [c for s in book.worksheets for row in s for c in row if c.data_type == "f"]


def test_the_paper_can_be_read_by_a_screen_reader(report):
    reader = PdfReader(io.BytesIO(maker("pdf")(report)))
    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith(report.lang)
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert reader.metadata.title == report.title
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert f"{len(reader.pages)} / {len(reader.pages)}" in reader.pages[-1].extract_text()


def test_without_its_text_a_picture_makes_no_paper(report):
    bare = replace(report, figures=(report.figures[0]._replace(alt=""),))
    with pytest.raises(typst.TypstError):
        maker("pdf")(bare)


def test_the_page_needs_nothing_else(report):
    text = webpage(report).decode()
    assert f'<html lang="{report.lang}">' in text
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    for picture in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text):
        assert b"<svg" in base64.b64decode(picture)
    assert text.count("<img") == text.count('alt="') == len(report.figures)


HOSTILE = ["=1+1", "<script>alert(1)</script>", "#eval(read(\"/etc/passwd\"))", "$x$ *a* [b]",
           "@SUM(A1)", "{{ 7*7 }}", "https://x.example", "\\u{41}"]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_a_user_stay_words(result, words):
    asked = Asked("nl", words, words, words, ("plan",), DAY)
    report = gather(result, asked)
    assert html.escape(words, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in (
        webpage(report).decode()
    )
    assert words.replace(" ", "") in pdf_text(maker("pdf")(report)).replace(" ", "")
    sheet = openpyxl.load_workbook(io.BytesIO(maker("xlsx")(report))).worksheets[0]
    assert sheet["A1"].value == words
    assert sheet["A1"].data_type == "s"
    assert sheet["A1"].hyperlink is None


def test_sections_are_left_out_but_never_the_caution(result):
    report = gather(result, Asked("en", sections=("limits",), dated=DAY))
    assert not report.figures
    assert not report.plan
    assert report.caution
    assert report.notes
    assert len(page_text(report)) < len(page_text(gather(result, Asked("en", dated=DAY)))) / 2


def test_a_result_without_a_plan_has_a_report_too(alone):
    for kind in FORMATS:
        assert len(make(alone, kind, Asked("nl"))) > 5_000
    report = gather(alone, Asked("nl"))
    assert not report.tiles
    assert {figure.name for figure in report.figures} <= {"people", "stress", "stress_years", "map"}


def test_single_households_make_no_report(result):
    raw = replace(result, manifest={**result.manifest, "raw": True})
    with pytest.raises(UserError, match="--raw"):
        make(raw, "html", Asked("en"))


def test_every_section_and_figure_has_a_name(report):
    assert {figure.name for figure in report.figures} <= set(SECTIONS)


@pytest.mark.parametrize("name", ["account", "payers", "people", "stress", "participants", "map"])
def test_tables_have_a_cell_for_every_head(result, name):
    table = behind(result, name, "nl")
    assert len(table.heads) == len(table.kinds)
    assert all(len(row) == len(table.heads) for row in table.rows)
    assert table.rows


def test_the_command(result, tmp_path, capsys):
    assert cli.execute(["report", str(result.folder), "--out", str(tmp_path), "--lang", "nl"]) == 0
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".html", ".pdf", ".xlsx"]
    code = cli.execute(["report", str(result.folder), "--format", "doc", "--lang", "nl"])
    assert code == 2
    assert "kies uit html, pdf en xlsx" in capsys.readouterr().err
    assert cli.execute(["report", str(tmp_path)]) == 2
