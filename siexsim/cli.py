"""The command `siexsim`, in Dutch or English.

Everything heavy is imported inside the commands, so that help and mistakes come at once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from siexsim import __version__
from siexsim.errors import UserError, did_you_mean
from siexsim.say import console, print_summary, stages
from siexsim.texts import choose_language, text, translated

MISTAKE: Final = 2  # exit codes
INTERRUPTED: Final = 130
COMMANDS: Final = ("run", "show", "explain", "council", "assumptions", "version")

# Typer carries its own copy of Click from 0.2x on; these are the classes it really uses.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
_ABORT: type[BaseException] = typer.Abort


# --- Help -------------------------------------------------------------------------------------


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


def _command_class(lang: str) -> type[TyperCommand]:
    class Command(TyperCommand):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            _print_help(lang, str(self.name), _parameter_rows(self, ctx, lang))

    return Command


def _group_class(lang: str) -> type[TyperGroup]:
    class Group(TyperGroup):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            commands = [(name, text(lang, f"help.{name}")) for name in COMMANDS]
            rows = {"commands": commands, **_parameter_rows(self, ctx, lang)}
            _print_help(lang, "app", rows)

    return Group


# --- Commands ---------------------------------------------------------------------------------


def _whole(option: str, value: str | None, lang: str, low: int = 1) -> int | None:
    if value is None:
        return None
    try:
        number_given = int(value)
    except ValueError:
        number_given = low - 1
    if number_given < low:
        shown = value if len(value) < 30 else value[:30] + "…"
        raise UserError(text(lang, "error.whole", option=option, value=shown, low=low))
    return number_given


def _option(name: str, metavar: str, lang: str, key: str = "") -> Any:
    return typer.Option(None, f"--{name}", metavar=metavar, help=text(lang, f"help.{key or name}"))


def _argument(metavar: str, lang: str, key: str) -> Any:
    return typer.Argument(..., metavar=metavar, help=text(lang, f"help.{key}"))


def _add_run(app: typer.Typer, lang: str) -> None:
    folder = {"nl": "MAP", "en": "FOLDER"}[lang]

    @app.command("run", cls=_command_class(lang))
    def run_command(
        scenario: str = _argument("SCENARIO", lang, "scenario"),
        out: str = typer.Option("results", "--out", metavar=folder, help=text(lang, "help.out")),
        sample: str | None = _option("sample", "K", lang),
        futures: str | None = _option("futures", "N", lang),
        years: str | None = _option("years", "Y", lang),
        seed: str | None = _option("seed", "S", lang),
        effects: str | None = _option("effects", "E", lang),
        workers: str | None = _option("workers", "W", lang),
        raw: bool = typer.Option(False, "--raw", help=text(lang, "help.raw")),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        numbers = {"sample": sample, "futures": futures, "years": years, "seed": seed}
        changes: dict[str, Any] = {
            name: _whole(f"--{name}", value, lang, low=0 if name == "seed" else 1)
            for name, value in numbers.items()
            if value is not None
        }
        if effects is not None:
            changes["effects"] = effects
        given = _whole("--workers", workers, lang)
        _simulate(scenario, out, changes, given or os.cpu_count() or 1, raw, lang)


def _simulate(
    path: str, out: str, changes: dict[str, Any], workers: int, raw: bool, lang: str
) -> None:
    from siexsim.result import MANIFEST, SUMMARY, destination, read_said, write
    from siexsim.run import run
    from siexsim.scenario import read_scenario

    began = time.monotonic()
    scenario = read_scenario(path, lang, changes)
    destination(scenario, out, lang)
    with stages(lang) as progress:
        outcome = run(scenario, progress, workers)
        progress("writing", 0, 1)
        folder = write(outcome, out, time.monotonic() - began, lang, raw)
    said = read_said(folder, lang)
    print_summary(console(), lang, said[SUMMARY], said[MANIFEST], folder)
    if raw:
        console().print(Text(text(lang, "disclosure.raw")))


def _add_show(app: typer.Typer, lang: str) -> None:
    metavar = {"nl": "RESULTAAT", "en": "RESULT"}[lang]

    @app.command("show", cls=_command_class(lang))
    def show_command(
        result: str = _argument(metavar, lang, "result"),
        wijk: str | None = _option("wijk", {"nl": "NAAM", "en": "NAME"}[lang], lang),
        year: str | None = _option("year", {"nl": "JAAR", "en": "YEAR"}[lang], lang),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.result import MANIFEST, SUMMARY, read_said

        if wijk is not None or year is not None:
            _print_foto(result, wijk, _whole("--year", year, lang), lang)
            return
        said = read_said(result, lang)
        try:
            print_summary(console(), lang, said[SUMMARY], said[MANIFEST], Path(result))
        except (KeyError, TypeError, IndexError) as error:
            message = text(lang, "error.broken_result", path=result, file=SUMMARY)
            raise UserError(message) from error


def _print_foto(result: str, name: str | None, year: int | None, lang: str) -> None:
    from siexsim.result import load
    from siexsim.say_photo import foto_lines

    loaded = load(result, lang)
    place = loaded.place
    everywhere = name is None or name.strip().lower() == place.name.lower()
    try:
        wijk = place.name if everywhere else place.wijken[place.wijk(str(name))]
    except UserError as error:
        raise UserError(f"--wijk: {translated(lang, str(error))}") from error
    shown = year if year is not None else int(loaded.wijkfoto["year"].max())
    for line in foto_lines(lang, loaded.wijkfoto, wijk, shown):
        console().print(line)


def _add_explain(app: typer.Typer, lang: str) -> None:
    metavar = {"nl": "RESULTAAT", "en": "RESULT"}[lang]

    @app.command("explain", cls=_command_class(lang))
    def explain_command(
        result: str = _argument(metavar, lang, "result"),
        household: str | None = _option("household", "ID", lang),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.lives import ANY, explain, suggest
        from siexsim.story import print_life, print_suggestions

        if household is None or household.strip().lower() == ANY:
            with stages(lang) as progress:
                found = suggest(result, lang, progress)
            print_suggestions(console(), found, Path(result), lang)
            return
        with stages(lang) as progress:
            life = explain(result, household, lang, progress)
        print_life(console(), life, lang)


def _add_council(app: typer.Typer, lang: str) -> None:
    file = {"nl": "BESTAND", "en": "FILE"}[lang]

    @app.command("council", cls=_command_class(lang))
    def council_command(
        scenario: str = _argument("SCENARIO", lang, "scenario"),
        sample: str | None = _option("sample", "K", lang),
        futures: str | None = _option("futures", "N", lang),
        effects: str | None = _option("effects", "E", lang),
        workers: str | None = _option("workers", "W", lang),
        out: str | None = _option("out", file, lang, key="council_out"),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        numbers = {"sample": sample, "futures": futures}
        changes: dict[str, Any] = {
            name: _whole(f"--{name}", value, lang)
            for name, value in numbers.items()
            if value is not None
        }
        changes |= {"effects": effects} if effects is not None else {}
        given = _whole("--workers", workers, lang) or os.cpu_count() or 1
        _answer_council(scenario, changes, given, out, lang)


def _answer_council(
    path: str, changes: dict[str, Any], workers: int, out: str | None, lang: str
) -> None:
    from siexsim.council import answers, print_answers, write_answers
    from siexsim.scenario import read_scenario

    scenario = read_scenario(path, lang, changes)
    with stages(lang) as progress:
        given = answers(scenario, progress, workers)
    print_answers(console(), given, lang)
    if out is not None:
        write_answers(given, Path(out), lang)
        console().print(Text(text(lang, "assumptions.written", path=out)), soft_wrap=True)


def _add_assumptions(app: typer.Typer, lang: str) -> None:
    words = {"nl": ("THEMA", "KWALITEIT", "BESTAND"), "en": ("THEME", "GRADE", "FILE")}[lang]

    @app.command("assumptions", cls=_command_class(lang))
    def assumptions_command(
        theme: str | None = _option("theme", words[0], lang),
        grade: str | None = _option("grade", words[1], lang),
        csv: str | None = _option("csv", words[2], lang),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.evidence import GRADES
        from siexsim.parameters import Parameters
        from siexsim.say_assumptions import print_assumptions, write_csv

        spelt = {name.lower(): name for name in GRADES}
        wanted = spelt.get(grade.lower(), grade) if grade is not None else None
        try:
            table = Parameters.packaged().table(theme, wanted)
        except UserError as error:
            raise UserError(translated(lang, str(error))) from error
        if csv is not None:
            write_csv(table, csv, lang)
        print_assumptions(table, lang)
        if csv is not None:
            console().print(Text(text(lang, "assumptions.written", path=csv)), soft_wrap=True)


def build(lang: str) -> typer.Typer:
    """Make the commands with all that is read in one language."""
    app = typer.Typer(
        add_completion=False,
        cls=_group_class(lang),
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def siexsim(
        ctx: typer.Context,
        version: bool = typer.Option(False, "--version", help=text(lang, "help.version_flag")),
        lang_asked: str | None = _option("lang", "nl|en", lang),
    ) -> None:
        if version:
            typer.echo(f"siexsim {__version__}")
            raise typer.Exit
        if ctx.invoked_subcommand is None:
            ctx.get_help()

    _add_run(app, lang)
    _add_show(app, lang)
    _add_explain(app, lang)
    _add_council(app, lang)
    _add_assumptions(app, lang)

    @app.command("version", cls=_command_class(lang))
    def version_command(lang_asked: str | None = _option("lang", "nl|en", lang)) -> None:
        typer.echo(f"siexsim {__version__}")

    return app


# --- Mistakes ---------------------------------------------------------------------------------


def _usage_message(error: Any, lang: str) -> str:
    """Say in plain words what the parser of the command line didn't understand."""
    kind, context = type(error).__name__, getattr(error, "ctx", None)
    name = getattr(context, "info_name", "") if context is not None else ""
    command = name if name in COMMANDS else ""
    if kind == "NoSuchOption":
        said = text(lang, "error.no_option", name=error.option_name, command=command)
    elif kind == "MissingParameter":
        what = getattr(error.param, "metavar", None) or getattr(error.param, "name", "")
        said = text(lang, "error.missing", what=what, command=command)
    elif kind == "BadOptionUsage":
        said = text(lang, "error.needs_value", name=error.option_name, command=command)
    elif "No such command" in error.message:
        asked = error.message.split("'")[1] if "'" in error.message else error.message
        hint = translated(lang, did_you_mean(asked, COMMANDS))
        said = text(lang, "error.no_command", name=asked, hint=hint)
    elif "unexpected extra argument" in error.message:
        said = text(lang, "error.too_many", command=command)
    else:
        said = error.format_message()
    return " ".join(said.replace("siexsim  --help", "siexsim --help").split())


def _complain(lang: str, message: str) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"{text(lang, 'error.frame')}: {line}\n")
    return MISTAKE


def _terminated(number_of_signal: int, frame: FrameType | None) -> None:
    # an ordinary end, so that what lies aside is cleaned up
    raise KeyboardInterrupt


def _guarded(work: Callable[[], object], lang: str) -> int:
    """Do the work; a mistake becomes one line, an interruption leaves nothing behind."""
    code: object
    try:
        code = work()
    except UserError as error:
        return _complain(lang, str(error))
    except _USAGE_ERROR as error:
        return _complain(lang, _usage_message(error, lang))
    except (KeyboardInterrupt, _ABORT):
        code = INTERRUPTED
    except MemoryError:
        return _complain(lang, text(lang, "error.memory")) - 1
    except BrokenPipeError:
        # who reads along has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RuntimeError as error:
        if type(error).__name__ != "BrokenProcessPool":
            raise
        return _complain(lang, text(lang, "error.died")) - 1
    if code == INTERRUPTED:  # some versions of Typer catch the interruption themselves
        sys.stderr.write(f"{text(lang, 'error.stopped')}\n")
    return code if isinstance(code, int) else 0


def execute(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 good, 2 a mistake of the user."""
    try:
        lang = choose_language(arguments)
    except UserError as error:
        return _complain("en", str(error))
    app = build(lang)
    return _guarded(
        lambda: app(args=list(arguments), prog_name="siexsim", standalone_mode=False), lang
    )


def main() -> None:
    """Do what the command `siexsim` was asked to do."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(execute(sys.argv[1:]))
