"""What every command shares: help in the reader's language, and how options are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from siexsim.errors import UserError
from siexsim.say import console
from siexsim.texts import text


def _print_help(lang: str, name: str, rows: dict[str, list[tuple[str, str]]]) -> None:
    screen = console()
    usage = text(lang, f"help.{name}_usage")
    screen.print(Text.assemble(f"{text(lang, 'help.usage')}: ", (usage, "bold")))
    screen.print()
    screen.print(Text(text(lang, f"help.{name}")))
    for title, lines in rows.items():
        if not lines:
            continue
        screen.print()
        screen.print(Text(f"{text(lang, f'help.{title}')}:"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for what, meaning in lines:
            table.add_row(Text(what), Text(meaning))
        screen.print(Padding(table, (0, 0, 0, 2)))
    if name != "version":
        screen.print()
        screen.print(Text(text(lang, f"help.{name}_more")))


def _parameter_rows(command: Any, ctx: Any, lang: str) -> dict[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = {"arguments": [], "options": []}
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == "argument":
            rows["arguments"].append((parameter.metavar, parameter.help))
        else:
            meaning = text(lang, "help.help") if parameter.name == "help" else parameter.help
            shown = ", ".join(sorted(parameter.opts, key=len, reverse=True))
            metavar = f" {parameter.metavar}" if parameter.metavar else ""
            rows["options"].append((shown + metavar, meaning))
    return rows


def command_class(lang: str) -> type[TyperCommand]:
    """Make a command whose help is in one language."""

    class Command(TyperCommand):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            _print_help(lang, str(self.name), _parameter_rows(self, ctx, lang))

    return Command


def group_class(lang: str, names: Iterable[str]) -> type[TyperGroup]:
    """Make the group of all commands, whose help is in one language."""

    class Group(TyperGroup):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            commands = [(name, text(lang, f"help.{name}")) for name in names]
            rows = {"commands": commands, **_parameter_rows(self, ctx, lang)}
            _print_help(lang, "siexsim", rows)

    return Group


def option(name: str, metavar: str, lang: str, key: str = "") -> Any:
    """An option that takes a value, and is None when it isn't given."""
    return typer.Option(None, f"--{name}", metavar=metavar, help=text(lang, f"help.{key or name}"))


def options(name: str, metavar: str, lang: str, key: str = "") -> Any:
    """An option that may be given more than once."""
    return typer.Option([], f"--{name}", metavar=metavar, help=text(lang, f"help.{key or name}"))


def flag(name: str, lang: str, key: str = "") -> Any:
    """An option without a value."""
    return typer.Option(False, f"--{name}", help=text(lang, f"help.{key or name}"))


def argument(metavar: str, lang: str, key: str) -> Any:
    """Something that has to be given."""
    return typer.Argument(..., metavar=metavar, help=text(lang, f"help.{key}"))


def whole(name: str, value: str | None, lang: str, low: int = 1) -> int | None:
    """Read a whole number of an option; None where it isn't given."""
    if value is None:
        return None
    try:
        number_given = int(value)
    except ValueError:
        number_given = low - 1
    if number_given < low:
        shown = value if len(value) < 30 else value[:30] + "…"
        raise UserError(text(lang, "error.whole", option=name, value=shown, low=low))
    return number_given


def wholes(numbers: Mapping[str, str | None], lang: str) -> dict[str, int]:
    """Read the whole numbers of those options that are given; a seed may be zero."""
    found = {
        name: whole(f"--{name}", value, lang, low=0 if name == "seed" else 1)
        for name, value in numbers.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def processes(workers: str | None, lang: str) -> int:
    """How many processes to use: as many as asked, or all."""
    return whole("--workers", workers, lang) or os.cpu_count() or 1
