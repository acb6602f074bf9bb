"""The command `siexsim`, in Dutch or English.

Everything heavy is imported inside the commands, so that help and mistakes come at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

import typer

from siexsim import __version__
from siexsim.commands import checking, running, serving, sweeping
from siexsim.commands.form import command_class, group_class, option
from siexsim.errors import UserError, did_you_mean
from siexsim.texts import choose_language, text, translated

MISTAKE: Final = 2  # exit codes
INTERRUPTED: Final = 130
COMMANDS: Final = (
    "app", "run", "show", "report", "explain", "council", "sweep", "assumptions", "whatif",
    "validate", "elicit", "version",
)  # fmt: skip

# Typer carries its own copy of Click from 0.2x on; these are the classes it really uses.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
_ABORT: type[BaseException] = typer.Abort


def build(lang: str) -> typer.Typer:
    """Make the commands with all that is read in one language."""
    app = typer.Typer(
        add_completion=False,
        cls=group_class(lang, COMMANDS),
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def siexsim(
        ctx: typer.Context,
        version: bool = typer.Option(False, "--version", help=text(lang, "help.version_flag")),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        if version:
            typer.echo(f"siexsim {__version__}")
            raise typer.Exit
        if ctx.invoked_subcommand is None:
            ctx.get_help()

    running.add_all(app, lang)
    sweeping.add_all(app, lang)
    checking.add_all(app, lang)
    serving.add_all(app, lang)

    @app.command("version", cls=command_class(lang))
    def version_command(lang_asked: str | None = option("lang", "nl|en", lang)) -> None:
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
