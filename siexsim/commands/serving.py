"""Commands for who doesn't program: a page to make plans on, and a report of a result."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from siexsim.commands.form import argument, command_class, option, options, processes, whole
from siexsim.errors import UserError
from siexsim.say import console

_BASE: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_PORT: Final = 8080


def add_all(app: typer.Typer, lang: str) -> None:
    """Add the commands of this file."""
    for add in (_add_app, _add_report):
        add(app, lang)


def _add_app(app: typer.Typer, lang: str) -> None:
    folder = {"nl": "MAP", "en": "FOLDER"}[lang]
    words = {"nl": ("ADRES", "NAAM", "PAD"), "en": ("ADDRESS", "NAME", "PATH")}[lang]

    @app.command("app", cls=command_class(lang))
    def app_command(
        port: str | None = option("port", "N", lang),
        host: str | None = option("host", words[0], lang),
        host_name: list[str] = options("host-name", words[1], lang, key="host_name"),
        base_path: str | None = option("base-path", words[2], lang, key="base_path"),
        folder: str | None = option("folder", folder, lang),
        workers: str | None = option("workers", "W", lang, key="app_workers"),
        most_waiting: str | None = option("most-waiting", "N", lang, key="most_waiting"),
        most_minutes: str | None = option("most-minutes", "N", lang, key="most_minutes"),
        keep_days: str | None = option("keep-days", "N", lang, key="keep_days"),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        _serve(
            lang, host or "127.0.0.1", whole("--port", port, lang) or _PORT, base_path or "",
            host_name, folder or "siexsim-app",
            # one process is for first lines and figures
            whole("--workers", workers, lang) or max(processes(None, lang) - 1, 1),
            whole("--most-waiting", most_waiting, lang, low=0),
            whole("--most-minutes", most_minutes, lang) or 60,
            whole("--keep-days", keep_days, lang) or 30,
        )  # fmt: skip


def _serve(
    lang: str, host: str, port: int, base: str, names: list[str], folder: str, workers: int,
    waiting: int | None, minutes: int, days: int,
) -> None:  # fmt: skip
    import uvicorn

    from siexsim.app.guards import LOCAL
    from siexsim.app.jobs import Jobs
    from siexsim.app.server import build
    from siexsim.app.words import say

    base = base.rstrip("/")
    if base and not _BASE.fullmatch(base):
        raise UserError(say(lang, "command.bad_base", value=base[:40]))
    _check_free(lang, host, port)
    there = Path(folder)
    try:
        there.mkdir(parents=True, exist_ok=True)
        (there / ".trial").touch()
        (there / ".trial").unlink()
    except OSError as error:
        raise UserError(say(lang, "command.no_folder", path=folder)) from error
    jobs = Jobs(there, workers, 12 if waiting is None else waiting, 60.0 * minutes, float(days))
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}{base}/{lang}/"
    screen = console()
    screen.print(Text(say(lang, "command.open_at", address=address)), soft_wrap=True)
    screen.print(Text(say(lang, "command.starting"), style="dim"))
    screen.print(Text(say(lang, "command.stop"), style="dim"))
    site = build(jobs, base, (*LOCAL, shown, *names))
    try:
        # what people look at isn't logged
        uvicorn.run(site, host=host, port=port, log_level="warning", access_log=False,
                    server_header=False, timeout_graceful_shutdown=2)  # fmt: skip
    except KeyboardInterrupt:  # the ordinary way to stop
        pass
    finally:
        jobs.close()


def _check_free(lang: str, host: str, port: int) -> None:
    from siexsim.app.words import say

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            raise UserError(say(lang, "command.taken", port=port)) from error


def _add_report(app: typer.Typer, lang: str) -> None:
    metavar = {"nl": "RESULTAAT", "en": "RESULT"}[lang]
    folder = {"nl": "MAP", "en": "FOLDER"}[lang]

    @app.command("report", cls=command_class(lang))
    def report_command(
        result: str = argument(metavar, lang, "result"),
        out: str | None = option("out", folder, lang, key="report_out"),
        format_asked: str | None = option("format", "html|pdf|xlsx", lang, key="report_format"),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        _report(result, out, format_asked, lang)


def _report(result: str, out: str | None, kind: str | None, lang: str) -> None:
    from siexsim.app.captions import FIGURES, captions
    from siexsim.app.words import say
    from siexsim.plots import draw_all, figures
    from siexsim.report.gathered import Asked, gather
    from siexsim.report.make import FORMATS, maker
    from siexsim.result import load, slug

    if kind is not None and kind not in FORMATS:
        raise UserError(say(lang, "report.unknown_format", value=kind[:20]))
    shown = load(result, lang)
    there = Path(out) if out is not None else shown.folder
    drawn = captions(shown.folder)
    if any(lang not in drawn.get(name, {}) for name in FIGURES if name in figures(shown)):
        draw_all(shown, shown.folder)
    report = gather(shown, Asked(lang))
    name = f"{slug(report.scenario.name)}-{lang}"
    for one in FORMATS if kind is None else (kind,):
        path = there / f"{name}.{one}"
        aside = path.with_name(f".{path.name}.part")
        try:
            there.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(maker(one)(report))
            aside.replace(path)
        except OSError as error:
            raise UserError(say(lang, "command.no_folder", path=there)) from error
        console().print(Text(say(lang, "report.wrote", path=path)), soft_wrap=True)
