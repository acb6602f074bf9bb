"""What is printed on a screen, caught as the parts of a page, so that both say the same."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from siexsim.say import WIDEST


class Part(NamedTuple):
    """A part of a page: a "head", "text" or "note" with words, or a "table" with rows.

    In a table `heads` may be empty; `right` says which columns are numbers.
    """

    kind: str
    words: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[bool, ...] = ()


class Screen(Console):
    """A console that keeps what is printed on it."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), width=WIDEST)
        self.parts: list[Part] = []

    def print(self, *objects: Any, **how: Any) -> None:
        """Keep what would be printed."""
        for one in objects:
            self.parts += _parts(one)


def _parts(one: Any) -> list[Part]:
    if isinstance(one, Padding):
        return _parts(one.renderable)
    if isinstance(one, Table):
        return [_table(one)]
    words, style = _plain(one), str(getattr(one, "style", ""))
    if not words:
        return []
    kind = "head" if "bold" in style else "note" if "dim" in style else "text"
    return [Part(kind, words)]


def _plain(one: Any) -> str:
    return (one.plain if isinstance(one, Text) else str(one)).strip()


def _table(table: Table) -> Part:
    heads = tuple(_plain(column.header) for column in table.columns)
    rows = tuple(zip(*(map(_plain, column.cells) for column in table.columns), strict=True))
    right = tuple(column.justify == "right" for column in table.columns)
    return Part("table", "", heads if any(heads) else (), rows, right)
