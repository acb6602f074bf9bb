"""The command that runs a study: many scenarios that are varied, kept as they finish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from siexsim.commands.form import argument, command_class, option, processes, whole
from siexsim.errors import UserError, did_you_mean
from siexsim.say import Left, console, took
from siexsim.texts import number, percent, text, translated

if TYPE_CHECKING:
    from siexsim.sweep.folder import Sweep
    from siexsim.sweep.runs import Progress

WORDS: Final = ("resume", "expand", "status")
INTERRUPTED: Final = 130
OUT: Final = "results/sweeps"
_AT_ONCE: Final = 4  # runs handed out for each process
_AT_ONCE_CLUSTER: Final = 1000  # runs handed out to a cluster
_LINE_SECONDS: Final = 30.0  # between lines where no bar can be shown


def add_all(app: typer.Typer, lang: str) -> None:
    """Add the command of this file."""
    folder, address = {"nl": ("MAP", "ADRES"), "en": ("FOLDER", "ADDRESS")}[lang]
    shown = {"nl": "[resume|expand|status] STUDIE", "en": "[resume|expand|status] STUDY"}[lang]

    @app.command("sweep", cls=command_class(lang))
    def sweep_command(
        words: list[str] = argument(shown, lang, "study"),  # noqa: B008  (as all others)
        out: str = typer.Option(OUT, "--out", metavar=folder, help=text(lang, "help.sweep_out")),
        futures: str | None = option("futures", "N", lang, "sweep_futures"),
        workers: str | None = option("workers", "W", lang, "sweep_workers"),
        scheduler: str | None = option("scheduler", address, lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        what, study = _asked(words, lang)
        more = whole("--futures", futures, lang)
        try:
            sweep = _found(what, study, Path(out), more, lang)
            if what == "status":
                _say_status(sweep, lang)
            else:
                _do(sweep, processes(workers, lang), scheduler, lang)
        except UserError as error:
            raise UserError(translated(lang, str(error))) from error


def _asked(words: list[str], lang: str) -> tuple[str, str]:
    if len(words) == 1 and words[0] not in WORDS:
        return "run", words[0]
    if len(words) != 2:
        raise UserError(text(lang, "sweep.words"))
    if words[0] not in WORDS:
        hint = translated(lang, did_you_mean(words[0], WORDS))
        raise UserError(text(lang, "sweep.no_word", word=words[0], hint=hint))
    return words[0], words[1]


def _found(what: str, name: str, out: Path, futures: int | None, lang: str) -> Sweep:
    """The sweep that is meant: that of a study file, or the one in a folder."""
    from siexsim.result import slug
    from siexsim.sweep.folder import Sweep
    from siexsim.sweep.study import read_study

    if (futures is not None) != (what == "expand"):
        raise UserError(text(lang, "sweep.futures"))
    study = read_study(name, lang) if Path(name).suffix == ".toml" else None
    if study is not None and what == "run":
        return Sweep.begin(study, out)
    sweep = Sweep.open(name if study is None else out / slug(study.name))
    if futures is not None:
        return sweep.expanded(futures)
    return sweep.going_on() if what == "resume" else sweep


def _do(sweep: Sweep, workers: int, scheduler: str | None, lang: str) -> None:
    from siexsim.sweep.executors import dask_cluster, worker_pool

    began = time.monotonic()
    if scheduler is None:
        opened, window = (lambda: worker_pool(workers)), _AT_ONCE * workers
    else:
        opened, window = (lambda: dask_cluster(scheduler)), _AT_ONCE_CLUSTER  # type: ignore
    try:
        with progress_shown(lang) as heard:
            progress = sweep.finish(opened, window, heard)
    except KeyboardInterrupt:
        left = number(lang, sweep.missing())
        said = text(lang, "sweep.stopped", left=left, folder=sweep.folder)
        console(stderr=True).print(Text(said), soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    _say_done(sweep, progress, time.monotonic() - began, None if scheduler else workers, lang)


class _Rate(TextColumn):
    """Runs a minute, and how many went wrong."""

    def __init__(self, lang: str) -> None:
        super().__init__("")
        self.lang = lang

    def render(self, task: Any) -> Text:
        said = text(
            self.lang, "sweep.progress", done=number(self.lang, task.completed),
            of=number(self.lang, task.total or 0), rate=number(self.lang, 60 * (task.speed or 0)),
        )  # fmt: skip
        failed = task.fields["failed"]
        failures = text(self.lang, "sweep.failures", failed=number(self.lang, failed))
        return Text.assemble(said, (failures if failed else "", "bold"))


@contextmanager
def progress_shown(lang: str) -> Iterator[Any]:
    """Show on standard error how far a sweep is."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _Lines(lang)
        return
    with Bars(
        BarColumn(24), _Rate(lang), Left(lang), console=screen, transient=True,
        speed_estimate_period=300,
    ) as bars:  # fmt: skip
        task = bars.add_task("", total=None, failed=0)

        def heard(progress: Progress) -> None:
            bars.update(task, completed=progress.done, total=progress.of, failed=progress.failed)

        yield heard


class _Lines:
    """A line now and then, for a log."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.began = self.last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self.last < _LINE_SECONDS:
            return
        self.last, rate = now, progress.done / (now - self.began)
        said = text(
            self.lang, "sweep.progress", done=number(self.lang, progress.done),
            of=number(self.lang, progress.of), rate=number(self.lang, 60 * rate),
        )  # fmt: skip
        failed = text(self.lang, "sweep.failures", failed=number(self.lang, progress.failed))
        left = took(self.lang, (progress.of - progress.done) / rate)
        line = [said + failed, text(self.lang, "stage.left", span=left)]
        console(stderr=True).print(Text(", ".join(line)), soft_wrap=True)


def _say_done(
    sweep: Sweep, progress: Progress, seconds: float, workers: int | None, lang: str
) -> None:
    from siexsim.sweep.folder import TABLE

    screen = console()
    if progress.done:
        said = text(
            lang, "sweep.done", done=number(lang, progress.done), span=took(lang, seconds),
            failed=number(lang, progress.failed),
        )  # fmt: skip
        if workers is not None:
            own = 1 - progress.busy_seconds / (seconds * min(workers, progress.done))
            said += " " + text(lang, "sweep.overhead", share=percent(lang, max(own, 0.0)))
    else:
        said = text(lang, "sweep.nothing_left")
    screen.print(Text(said))
    if progress.failed:
        _say_errors(sweep, lang)
    screen.print(Text(text(lang, "sweep.where", path=sweep.folder / TABLE)), soft_wrap=True)


def _say_status(sweep: Sweep, lang: str) -> None:
    status, screen = sweep.status(), console()
    screen.print(Text(sweep.study.name, style="bold"))
    counts = {name: number(lang, getattr(status, name)) for name in ("wanted", "there", "failed")}
    screen.print(Text(text(lang, "sweep.status", **counts)))
    if not sweep.is_of_now:
        screen.print(Text(text(lang, "sweep.other_program")))
    if status.unwanted:
        said = text(lang, "sweep.unwanted", unwanted=number(lang, status.unwanted))
        screen.print(Text(said))
    if status.failed:
        _say_errors(sweep, lang)
    if status.there < status.wanted:
        screen.print(Text(text(lang, "sweep.go_on", folder=sweep.folder)), soft_wrap=True)


def _say_errors(sweep: Sweep, lang: str) -> None:
    errors = sweep.status().errors
    for said, often in sorted(errors.items(), key=lambda item: (-item[1], item[0]))[:5]:
        console().print(Text(f"  {number(lang, often)} x  {translated(lang, said)}"))
