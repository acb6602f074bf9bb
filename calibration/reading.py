"""What the sources of the model say of themselves: functions, numbers they read, evidence rows."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import siexsim

HOME: Final = Path(siexsim.__file__).parent
_ROW: Final = re.compile(r"\b([GPMICSXD])(\d\d)[a-z]?(?:-\1?(\d\d))?\b")


@dataclass(frozen=True)
class Function:
    """A function of the model: what its docstring says, and the numbers it reads by full name."""

    name: str
    says: str
    more: str
    numbers: tuple[str, ...]
    calls: tuple[str, ...]


@cache
def functions(module: str) -> tuple[Function, ...]:
    """Functions of a file such as "rules/work.py", in its order; private ones are left out."""
    text = (HOME / module).read_text(encoding="utf-8")
    return tuple(
        _function(node, text)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    )


def _function(node: ast.FunctionDef, text: str) -> Function:
    whole = ast.get_docstring(node) or ""
    source = ast.get_source_segment(text, node) or ""
    calls = [
        found.func.id
        for line in node.body
        for found in _calls(line)
        if isinstance(found.func, ast.Name)
    ]
    says, _, more = whole.partition("\n")
    return Function(node.name, says, more, tuple(_numbers(source)), tuple(dict.fromkeys(calls)))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Calls in the order in which they stand in the text."""
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)
    if isinstance(node, ast.Call):
        yield node


def _numbers(source: str) -> list[str]:
    """Names of parameters that a function reads: `p.work.name`, or `q.name` after `q = p.work`."""
    found = [f"{a}.{b}" for a, b in re.findall(r"\bp\.([a-z]+)\.([a-z_0-9]+)", source)]
    for short, theme in re.findall(r"\b(\w+) = p\.([a-z]+)\n", source):
        found += [f"{theme}.{b}" for b in re.findall(rf"\b{short}\.([a-z_0-9]+)", source)]
    found += re.findall(r'value\(f?"([a-z_]+\.[a-z_0-9]+)"', source)
    return list(dict.fromkeys(found))


@cache
def evidence() -> dict[str, dict[str, str]]:
    """Rows of the evidence base by name, such as "M11" or "I04a"."""
    with (HOME / "data" / "evidence.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def rows_cited(text: str) -> list[str]:
    """Evidence rows that a text names, "M17-M19" and "I04" (all its parts) written out.

    >>> rows_cited("rows M17-M19; A2, C7")
    ['M17', 'M18', 'M19']
    """
    found = []
    for match in _ROW.finditer(text):
        letter, first, last = match[1], int(match[2]), int(match[3] or match[2])
        exact = match[0] if match[0] in evidence() else ""
        for number in range(first, last + 1):
            name = exact or f"{letter}{number:02d}"
            found += [row for row in evidence() if row == name or row[:-1] == name]
    return list(dict.fromkeys(found))


def unknown_rows(text: str) -> list[str]:
    """What looks like an evidence row and isn't one."""
    return [match[0] for match in _ROW.finditer(text) if not rows_cited(match[0])]
