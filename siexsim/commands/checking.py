"""Commands to check the model by: its assumptions, how well it fits, and what if one differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from siexsim.commands.form import (
    argument,
    command_class,
    flag,
    option,
    options,
    processes,
    wholes,
)
from siexsim.commands.running import PAIR, changed, say_if_stale, scenario_of
from siexsim.errors import UserError
from siexsim.say import console, stages
from siexsim.texts import text, translated

if TYPE_CHECKING:
    from siexsim.scenario import Scenario

EXAMPLE = "noordoost.toml"


def add_all(app: typer.Typer, lang: str) -> None:
    """Add the commands of this file."""
    for add in (_add_assumptions, _add_whatif, _add_validate, _add_elicit):
        add(app, lang)


def _add_assumptions(app: typer.Typer, lang: str) -> None:
    words = {"nl": ("THEMA", "KWALITEIT", "BESTAND"), "en": ("THEME", "GRADE", "FILE")}[lang]

    @app.command("assumptions", cls=command_class(lang))
    def assumptions_command(
        theme: str | None = option("theme", words[0], lang),
        grade: str | None = option("grade", words[1], lang),
        weakest: bool = flag("weakest", lang),
        csv: str | None = option("csv", words[2], lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        from siexsim.evidence import GRADES
        from siexsim.posterior import packaged_posterior
        from siexsim.say_assumptions import print_assumptions, write_csv
        from siexsim.weakness import packaged_table, weakest_first

        spelt = {name.lower(): name for name in GRADES}
        wanted = spelt.get(grade.lower(), grade) if grade is not None else None
        try:
            table = packaged_table(theme, wanted)
        except UserError as error:
            raise UserError(translated(lang, str(error))) from error
        say_if_stale(packaged_posterior(), lang)
        if csv is not None:
            write_csv(weakest_first(table) if weakest else table, csv, lang)
        print_assumptions(table, lang, weakest)
        if csv is not None:
            console().print(Text(text(lang, "assumptions.written", path=csv)), soft_wrap=True)


def _add_whatif(app: typer.Typer, lang: str) -> None:
    file, pair = {"nl": "BESTAND", "en": "FILE"}[lang], PAIR[lang]

    @app.command("whatif", cls=command_class(lang))
    def whatif_command(
        scenario: str | None = typer.Argument(
            None, metavar="[SCENARIO]", help=text(lang, "help.whatif_scenario")
        ),
        settings: list[str] = options("set", pair, lang),
        assume: list[str] = options("assume", file, lang),
        sample: str | None = option("sample", "K", lang, "whatif_sample"),
        futures: str | None = option("futures", "N", lang, "whatif_futures"),
        seeds: str | None = option("seeds", "N", lang),
        uncalibrated: bool = flag("uncalibrated", lang),
        workers: str | None = option("workers", "W", lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        if not (settings or assume):
            raise UserError(text(lang, "whatif.nothing"))
        numbers = {"sample": 10, "futures": 20, "seeds": 3}
        asked = {"sample": sample, "futures": futures, "seeds": seeds}
        numbers |= wholes(asked, lang)
        changes = changed({"sample": numbers["sample"]}, None, uncalibrated)
        path = scenario if scenario is not None else _example()
        before = scenario_of(path, changes, [], [], lang)
        after = scenario_of(path, changes, settings, assume, lang, quiet=True)
        _compare(before, after, numbers, processes(workers, lang), lang)


def _example() -> str:
    from importlib.resources import files

    return str(files("experiments") / "scenarios" / EXAMPLE)


def _compare(
    before: Scenario, after: Scenario, numbers: dict[str, int], workers: int, lang: str
) -> None:
    from calibration.whatif import compare
    from siexsim.own_numbers import changes_in_words
    from siexsim.say_checks import print_difference

    with stages(lang) as progress:
        found = compare(before, after, numbers["seeds"], numbers["futures"], workers, progress)
    print_difference(console(), found, changes_in_words(before, after, lang), lang)


def _add_validate(app: typer.Typer, lang: str) -> None:
    @app.command("validate", cls=command_class(lang))
    def validate_command(
        again: bool = flag("again", lang),
        sample: str | None = option("sample", "K", lang, "validate_sample"),
        seeds: str | None = option("seeds", "N", lang),
        workers: str | None = option("workers", "W", lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        asked = {"sample": sample, "seeds": seeds}
        numbers = {"sample": 10, "seeds": 3, "draws": 20} | wholes(asked, lang)
        if again:
            _validate_again(numbers, processes(workers, lang), lang)
        else:
            _show_validation(lang)


def _show_validation(lang: str) -> None:
    from calibration import say
    from calibration.validation import is_stale, read_validation
    from siexsim.say_checks import print_validation

    kept = read_validation()
    if kept is None:
        raise UserError(text(lang, "validate.none"))
    rows, made_by = kept
    if is_stale(made_by):
        console(stderr=True).print(Text(text(lang, "validate.stale")), soft_wrap=True)
    screen = console()
    print_validation(screen, rows, lang)
    for line in (*say.verdict(rows, int(made_by.get("draws", 0)), lang), *say.notes(rows, lang)):
        screen.print(Text(line))


def _validate_again(numbers: dict[str, int], workers: int, lang: str) -> None:
    from calibration import say
    from calibration.check import POSTERIOR_FILE, posterior_sets, rows_of, run_many
    from siexsim.say_checks import print_validation

    sets = posterior_sets(numbers["draws"])
    with stages(lang) as progress:
        progress("fit", 0, 1)
        runs = run_many(sets, range(1, numbers["seeds"] + 1), numbers["sample"], workers)
    rows, screen = rows_of(runs), console()
    print_validation(screen, rows, lang)
    draws = len(sets) if POSTERIOR_FILE.exists() else 0
    for line in (*say.verdict(rows, draws, lang), *say.notes(rows, lang)):
        screen.print(Text(line))


def _add_elicit(app: typer.Typer, lang: str) -> None:
    file = {"nl": "BESTAND", "en": "FILE"}[lang]

    @app.command("elicit", cls=command_class(lang))
    def elicit_command(
        out: str = argument({"nl": "UIT", "en": "OUT"}[lang], lang, "elicit_out"),
        filled: list[str] = options("read", file, lang),
        lang_asked: str | None = option("lang", "nl|en", lang),
    ) -> None:
        path = Path(out)
        endings = (".toml",) if filled else (".xlsx", ".csv")
        if path.suffix.lower() not in endings:
            key = "elicit.toml_needed" if filled else "elicit.form_needed"
            raise UserError(text(lang, key, path=out))
        if filled:
            _pool_forms(filled, path, lang)
        else:
            _write_form(path, lang)


def _write_form(path: Path, lang: str) -> None:
    from siexsim.elicit import form, write_form
    from siexsim.weakness import packaged_table

    rows = form(packaged_table())
    write_form(rows, path, lang)
    said = text(lang, "elicit.form_written", path=path, count=len(rows))
    console().print(Text(said), soft_wrap=True)


def _pool_forms(filled: list[str], path: Path, lang: str) -> None:
    from siexsim.elicit import pooled, prior_tables, read_forms
    from siexsim.say_checks import print_pooled

    ranges, faults = read_forms(filled, lang)
    for line in faults:
        sys.stderr.write(f"{text(lang, 'error.frame')}: {line}\n")
    if faults:
        raise typer.Exit(2)
    if not ranges:
        raise UserError(text(lang, "elicit.nothing", path=", ".join(filled)))
    pool = pooled(ranges)
    try:
        path.write_text(prior_tables(pool, lang), encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(text(lang, "error.csv", path=path, reason=reason)) from error
    print_pooled(console(), pool, str(path), lang)
