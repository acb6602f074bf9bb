"""Commands that run a scenario, and show what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.text import Text

from siexsim.commands.form import (
    argument,
    command_class,
    flag,
    option,
    options,
    processes,
    whole,
    wholes,
)
from siexsim.errors import UserError
from siexsim.say import console, print_summary, stages
from siexsim.texts import text, translated

if TYPE_CHECKING:
    from siexsim.posterior import Posterior
    from siexsim.scenario import Scenario


PAIR: Final = {"nl": "NAAM=WAARDE", "en": "NAME=VALUE"}


def add_all(app: typer.Typer, lang: str) -> None:
    """Add the commands of this file."""
    for add in (_add_run, _add_show, _add_explain, _add_council):
        add(app, lang)


def scenario_of(
    path: str, changes: dict[str, Any], settings: Sequence[str], files: Sequence[str], lang: str,
    quiet: bool = False,
) -> Scenario:  # fmt: skip
    """Read a scenario with what the command line changes in it; say it if its fit is stale."""
    from siexsim.own_numbers import read_assumptions, read_settings, with_own
    from siexsim.scenario import read_scenario

    own = read_settings(settings, lang)
    assumed = [read_assumptions(file, lang) for file in files]
    scenario = with_own(read_scenario(path, lang, changes), own, assumed, lang)
    if not quiet:
        say_if_stale(scenario.posterior(), lang)
    return scenario


def say_if_stale(fitted: Posterior | None, lang: str) -> None:
    """Say on standard error that the fit was made with other rules, if it was."""
    if fitted is not None and fitted.stale:
        console(stderr=True).print(Text(text(lang, "posterior.stale")), soft_wrap=True)


def _add_run(app: typer.Typer, lang: str) -> None:
    folder, file = {"nl": ("MAP", "BESTAND"), "en": ("FOLDER", "FILE")}[lang]
    pair = PAIR[lang]

    @app.command("run", cls=command_class(lang))
    def run_command(
        scenario: str = argument("SCENARIO", lang, "scenario"),
        out: str = typer.Option("results", "--out", metavar=folder, help=text(lang, "help.out")),
        sample: str | None = option("sample", "K", lang),
        futures: str | None = option("futures", "N", lang),
        years: str | None = option("years", "Y", lang),
        seed: str | None = option("seed", "S", lang),
        effects: str | None = option("effects", "E", lang),
        settings: list[str] = options("set", pair, lang),
        assume: list[str] = options("assume", file, lang),
        uncalibrated: bool = flag("uncalibrated", lang),
        workers: str | None = option("workers", "W", lang),
        raw: bool = flag("raw", lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        numbers = {"sample": sample, "futures": futures, "years": years, "seed": seed}
        changes = changed(wholes(numbers, lang), effects, uncalibrated)
        given = processes(workers, lang)
        _simulate(scenario_of(scenario, changes, settings, assume, lang), out, given, raw, lang)


def changed(numbers: dict[str, int], effects: str | None, uncalibrated: bool) -> dict[str, Any]:
    """What the command line changes in a scenario."""
    changes: dict[str, Any] = dict(numbers)
    if effects is not None:
        changes["effects"] = effects
    if uncalibrated:
        changes["calibrated"] = False
    return changes


def _simulate(scenario: Scenario, out: str, workers: int, raw: bool, lang: str) -> None:
    from siexsim.result import MANIFEST, SUMMARY, destination, read_said, write
    from siexsim.run import run

    began = time.monotonic()
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

    @app.command("show", cls=command_class(lang))
    def show_command(
        result: str = argument(metavar, lang, "result"),
        wijk: str | None = option("wijk", {"nl": "NAAM", "en": "NAME"}[lang], lang),
        year: str | None = option("year", {"nl": "JAAR", "en": "YEAR"}[lang], lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.result import MANIFEST, SUMMARY, read_said

        if wijk is not None or year is not None:
            _print_foto(result, wijk, whole("--year", year, lang), lang)
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

    @app.command("explain", cls=command_class(lang))
    def explain_command(
        result: str = argument(metavar, lang, "result"),
        household: str | None = option("household", "ID", lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
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
    file, pair = {"nl": "BESTAND", "en": "FILE"}[lang], PAIR[lang]

    @app.command("council", cls=command_class(lang))
    def council_command(
        scenario: str = argument("SCENARIO", lang, "scenario"),
        sample: str | None = option("sample", "K", lang),
        futures: str | None = option("futures", "N", lang),
        effects: str | None = option("effects", "E", lang),
        settings: list[str] = options("set", pair, lang),
        assume: list[str] = options("assume", file, lang),
        uncalibrated: bool = flag("uncalibrated", lang),
        workers: str | None = option("workers", "W", lang),
        out: str | None = option("out", file, lang, key="council_out"),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        numbers = wholes({"sample": sample, "futures": futures}, lang)
        changes = changed(numbers, effects, uncalibrated)
        given = processes(workers, lang)
        asked = scenario_of(scenario, changes, settings, assume, lang)
        _answer_council(asked, given, out, lang)


def _answer_council(scenario: Scenario, workers: int, out: str | None, lang: str) -> None:
    from siexsim.council import answers, print_answers, write_answers

    with stages(lang) as progress:
        given = answers(scenario, progress, workers)
    print_answers(console(), given, lang)
    if out is not None:
        write_answers(given, Path(out), lang)
        console().print(Text(text(lang, "assumptions.written", path=out)), soft_wrap=True)
