"""Ranges from experts: a form to fill in, and what filled forms say together.

A form has one row a number, the weakest first. An expert fills in low, central and high where they
know more than the evidence does, and leaves the other rows empty.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from siexsim.errors import UserError, did_you_mean
from siexsim.own_numbers import EXACT
from siexsim.parameters import Parameters
from siexsim.scenario import LARGEST_FILE_BYTES, one_line
from siexsim.texts import known, short, text, translated
from siexsim.weakness import weakest_first

EXCEL: Final = ".xlsx"
FILLED: Final = ("low", "central", "high")  # the columns that an expert fills in with numbers
TOLD: Final = ("expert", "reason")
ASKED: Final = (*FILLED, *TOLD)
GIVEN: Final = (
    "name", "meaning", "betekenis", "unit", "evidence_low", "evidence_central", "evidence_high",
    "grade", "source",
)  # fmt: skip
COLUMNS: Final = (*GIVEN, *ASKED)
WIDTHS: Final = (34, 44, 44, 18, 12, 12, 12, 11, 40, 12, 12, 12, 22, 50)
_AMBIGUOUS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # a thousand and more, or a bit over one
_PLAIN: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_MOST_ROWS: Final = 5000  # of a workbook; a small file can unfold to a very large one
_MOST_COLUMNS: Final = 100
LONGEST: Final = 300  # of what an expert writes, in a file that others read


class Range(NamedTuple):
    """What one expert says of one number."""

    name: str
    low: float
    central: float
    high: float
    expert: str
    reason: str


class Pooled(NamedTuple):
    """What all experts together say of one number."""

    name: str
    low: float
    value: float
    high: float
    experts: tuple[Range, ...]


# --- The form ---------------------------------------------------------------------------------


def form(table: pd.DataFrame) -> pd.DataFrame:
    """The rows to fill in, from a table of assumptions: what can differ, the weakest first."""
    asked = weakest_first(table[~table["fixed"] & (table["low"] < table["high"])])
    rows = pd.DataFrame({
        "name": asked["theme"] + "." + asked["name"], "meaning": asked["meaning"],
        "betekenis": asked["betekenis"], "unit": asked["unit"], "evidence_low": asked["low"],
        "evidence_central": asked["value"], "evidence_high": asked["high"],
        "grade": asked["grade"], "source": asked["source"],
    })  # fmt: skip
    return rows.reindex(columns=list(COLUMNS))


def write_form(rows: pd.DataFrame, path: Path, lang: str) -> None:
    """Write the form as a workbook (.xlsx) or as CSV; the first row has the names of columns."""
    try:
        content = _workbook(rows, lang) if path.suffix.lower() == EXCEL else _csv(rows)
        path.write_bytes(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(text(lang, "error.csv", path=path, reason=reason)) from error


def _csv(rows: pd.DataFrame) -> bytes:
    # with a mark that tells spreadsheets it is UTF-8
    return rows.to_csv(index=False).encode("utf-8-sig")


def _workbook(rows: pd.DataFrame, lang: str) -> bytes:
    import xlsxwriter  # only here: reading a form needs none

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, _PLAIN) as book:
        shapes = {
            "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            "given": book.add_format({"text_wrap": True, "valign": "top"}),
            "asked": book.add_format({"bg_color": "#FFF6D6", "border": 1, "valign": "top"}),
        }
        sheet = book.add_worksheet(text(lang, "elicit.sheet"))
        for column, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
            asked = name in ASKED
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, shapes["head"])
            sheet.write_comment(0, column, _both(f"elicit.column_{name}", lang))
            for row, value in enumerate(rows[name].tolist(), 1):
                shape = shapes["asked" if asked else "given"]
                empty = value is None or value != value
                sheet.write(row, column, None if empty else value, shape)
            if name in FILLED:
                sheet.data_validation(1, column, len(rows), column, {
                    "validate": "decimal", "criteria": "between", "minimum": -1e9,
                    "maximum": 1e9, "error_message": _both("elicit.only_numbers", lang),
                })  # fmt: skip
        sheet.freeze_panes(1, 1)
        about = book.add_worksheet(text(lang, "elicit.about"))
        about.set_column(0, 0, 100)
        for row, line in enumerate(_explained(lang)):
            about.write_string(row, 0, line, shapes["given"])
    return target.getvalue()


def _both(key: str, lang: str) -> str:
    """The words in the language asked, and in the other one under it."""
    other = "en" if lang == "nl" else "nl"
    return f"{text(lang, key)}\n{text(other, key)}"


def _explained(lang: str) -> list[str]:
    lines = []
    for each in (lang, "en" if lang == "nl" else "nl"):
        lines += [text(each, f"elicit.explain_{k}") for k in range(1, 5)]
        lines += [f"{name}: {text(each, f'elicit.column_{name}')}" for name in COLUMNS]
        lines.append("")
    return lines


# --- Filled forms -----------------------------------------------------------------------------


def read_forms(paths: Sequence[str | Path], lang: str = "en") -> tuple[list[Range], list[str]]:
    """Read all rows that experts filled in, and a line for each that can't be.

    An expert's name holds for the rows below it too, until another one is there.

    Raises
    ------
    UserError
        When a file isn't a form at all.
    """
    found: list[Range] = []
    faults: list[str] = []
    for path in paths:
        expert = ""
        for row, cells in _cells(Path(path), lang):
            expert = expert if _is_empty(cells.get("expert")) else str(cells["expert"])
            try:
                one = _range({**cells, "expert": expert}, lang)
                if one is None:
                    continue
                if any((old.name, old.expert) == (one.name, one.expert) for old in found):
                    raise UserError(text(lang, "elicit.twice", name=one.name, expert=one.expert))
                found.append(one)
            except UserError as error:
                faults.append(one_line(text(lang, "elicit.row", path=path, row=row, fault=error)))
    return found, faults


def _cells(path: Path, lang: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Cells of each row by the name of their column, with the row's number in the file."""
    rows = _rows(path, lang)
    head = [str(cell).strip().lower() if cell is not None else "" for cell in next(iter(rows), [])]
    missing = [name for name in ("name", *ASKED) if name not in head]
    if missing:
        raise UserError(one_line(text(lang, "elicit.head", path=path, name=missing[0])))
    for place, row in enumerate(rows[1:], 2):
        yield place, dict(zip(head, row, strict=False))


def _rows(path: Path, lang: str) -> list[list[Any]]:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise UserError(one_line(text(lang, "elicit.huge", path=path)))
        if path.suffix.lower() != EXCEL:
            return _rows_of_csv(path.read_bytes().decode("utf-8-sig"))
        import openpyxl  # slow to load, and needed for workbooks alone

        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return [
            list(row)
            for row in book.worksheets[0].iter_rows(
                max_row=_MOST_ROWS, max_col=_MOST_COLUMNS, values_only=True
            )
        ]
    except UserError:
        raise
    except Exception as error:  # a broken workbook fails in as many ways as there are parts in it
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        line = text(lang, "elicit.unreadable", path=path, reason=str(reason)[:80])
        raise UserError(one_line(line)) from error


def _rows_of_csv(content: str) -> list[list[Any]]:
    # a Dutch spreadsheet writes semicolons, since the comma is in its numbers
    first = content.partition("\n")[0]
    apart = ";" if first.count(";") > first.count(",") else ","
    return [list(row) for row in csv.reader(io.StringIO(content), delimiter=apart)]


def _range(cells: dict[str, Any], lang: str) -> Range | None:
    """What a row says; None where nothing was filled in."""
    said = {name: cells.get(name) for name in ASKED}
    if all(_is_empty(said[name]) for name in FILLED):
        return None
    name = str(cells.get("name") or "").strip()
    packaged = Parameters.packaged()
    if name not in packaged:
        hint = translated(lang, did_you_mean(name, packaged))
        raise UserError(text(lang, "elicit.unknown", name=name[:60], hint=hint))
    low, central, high = (_number(one, said[one], lang) for one in FILLED)
    if not low <= central <= high:
        values = {"low": low, "central": central, "high": high}
        shown = {key: _shown(lang, value) for key, value in values.items()}
        raise UserError(text(lang, "elicit.order", name=name, **shown))
    least, most = packaged.possible(name)
    if low == high:
        raise UserError(text(lang, "elicit.no_range", name=name))
    if not least <= low <= high <= most:
        bounds = {"least": _shown(lang, least), "most": _shown(lang, most)}
        raise UserError(text(lang, "elicit.impossible", name=name, **bounds))
    for one in TOLD:
        if _is_empty(said[one]):
            raise UserError(text(lang, "elicit.untold", name=name, column=one))
    expert, reason = (" ".join(str(said[one]).split())[:LONGEST] for one in TOLD)
    return Range(name, low, central, high, expert, reason)


def _is_empty(cell: Any) -> bool:
    return cell is None or not str(cell).strip()


def _number(column: str, cell: Any, lang: str) -> float:
    if _is_empty(cell):
        raise UserError(text(lang, "elicit.blank", column=column))
    written = str(cell).strip()
    if isinstance(cell, str) and _AMBIGUOUS.fullmatch(written):
        raise UserError(text(lang, "elicit.two_ways", column=column, value=written))
    if written.count(",") == 1 and "." not in written:
        written = written.replace(",", ".")
    try:
        value = math.nan if isinstance(cell, bool) else float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = str(cell).strip()[:40]
        raise UserError(text(lang, "elicit.no_number", column=column, value=shown))
    return value


def _shown(lang: str, value: float) -> str:
    if not math.isfinite(value):
        return known(lang, "elicit", "no_bound")
    return short(lang, value, EXACT)


# --- What experts say together ----------------------------------------------------------------


def pooled(ranges: Sequence[Range]) -> list[Pooled]:
    """Pool experts, each counting alike: one range a number.

    The linear pool of triangles isn't a triangle. What is kept is all of its range, from the lowest
    low to the highest high, with the mean of the central values on top; its tails are fatter than
    those of the pool, so no expert is made surer than they said.
    """
    found = []
    for name in dict.fromkeys(one.name for one in ranges):
        own = tuple(one for one in ranges if one.name == name)
        low, high = min(one.low for one in own), max(one.high for one in own)
        central = sum(one.central for one in own) / len(own)
        found.append(Pooled(name, low, min(max(central, low), high), high, own))
    return found


def prior_tables(pool: Sequence[Pooled], lang: str = "en") -> str:
    """Pooled ranges as TOML, for ``--assume`` and for ``calibration/priors.toml``."""
    lines = [f"# {text(lang, 'elicit.made')}"]
    for one in pool:
        packaged = Parameters.packaged()[one.name]
        lines += ["", f"# {packaged.betekenis if lang == 'nl' else packaged.meaning}"]
        for own in one.experts:
            values = (_shown(lang, v) for v in (own.low, own.central, own.high))
            lines.append(f"# {own.expert}: {' / '.join(values)}. {own.reason}")
        who = "; ".join(f"{own.expert}: {own.reason}" for own in one.experts)
        lines += [
            f'["{one.name}"]', f"low = {one.low:.10g}", f"value = {one.value:.10g}",
            f"high = {one.high:.10g}", f"source = {_quoted(f'expert judgement: {who}'[:2000])}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _quoted(said: str) -> str:
    # what JSON escapes, TOML escapes alike, but for the sign of deleting
    return json.dumps(said, ensure_ascii=False).replace("\x7f", "\\u007f")


def outside_evidence(pool: Sequence[Pooled]) -> list[str]:
    """Numbers whose pooled range goes outside that of the evidence: no prior of a fit may."""
    packaged = Parameters.packaged()
    return [
        one.name
        for one in pool
        if one.low < packaged[one.name].low or one.high > packaged[one.name].high
    ]
