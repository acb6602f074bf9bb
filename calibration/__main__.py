"""Calibration from the command line: ``python -m calibration fit``, ``check``, ``report``..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from calibration import say
from calibration.check import (
    POSTERIOR_FILE,
    VALIDATION_FILE,
    compared,
    noise,
    posterior_sets,
    rows_of,
    run_many,
    write_validation,
)
from calibration.targets import FOLDER
from siexsim.errors import UserError

NOISE_FILE = FOLDER / "noise.toml"
STORES = Path("results/calibration")
OUT = Path("results/findings/calibration")


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    top = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="the model beside every target and hold-out")
    _add_runs(one, seeds=3)
    one.add_argument("--lang", choices=("nl", "en"), default="en")
    one.add_argument("--draws", type=_at_least_one, default=20, help="draws of a posterior")
    one.add_argument("--write", action="store_true", help="keep the table for the report")
    _add_places(one)
    one.set_defaults(run=check)
    full = commands.add_parser("confirm", help="a few draws of the posterior at full scale")
    full.add_argument("--draws", type=_at_least_one, default=4)
    full.add_argument("--sample", type=_at_least_one, default=10, help="to compare with")
    full.add_argument("--workers", type=_at_least_one, default=1)
    _add_places(full)
    full.set_defaults(run=confirm)
    told = commands.add_parser("report", help="the report of fit and check, with its figures")
    _add_places(told)
    told.set_defaults(run=report)
    two = commands.add_parser("noise", help="measure the noise between seeds at samples 10 and 5")
    _add_runs(two, seeds=12)
    two.set_defaults(run=measure_noise)
    _add_fit(commands)
    _add_influence(commands)
    return top


def _add_places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--posterior", type=Path, default=POSTERIOR_FILE)
    command.add_argument("--validation", type=Path, default=VALIDATION_FILE)
    command.add_argument("--out", type=Path, default=OUT, help="tables and the report")


def _add_fit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, words, sample in (
        ("screen", "which parameters move the targets", 20),
        ("fit", "fit the free parameters; goes on where it was when it was stopped", 10),
    ):
        one = commands.add_parser(name, help=words)
        one.add_argument(
            "--seed", type=_at_least_one, default=1, help="where all chance comes from"
        )
        one.add_argument(
            "--sample", type=_at_least_one, default=sample, help="one household in so many"
        )
        one.add_argument("--workers", type=_at_least_one, default=2)
        one.add_argument("--store", type=Path, default=STORES / name, help="finished runs")
        if name == "screen":
            one.add_argument("--paths", type=_at_least_one, default=4)
            one.set_defaults(run=screen)
        else:
            one.add_argument("--waves", type=_sizes, default=(300, 200, 200, 300))
            one.add_argument("--draws", type=_at_least_one, default=240)
            one.add_argument("--cities", type=_at_least_one, default=100, help="for recovery")
            one.add_argument("--posterior", type=Path, default=POSTERIOR_FILE)
            one.add_argument("--out", type=Path, default=OUT)
            one.set_defaults(run=fit)


def _add_influence(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = commands.add_parser("influence", help="which numbers payback hinges on, over futures")
    one.add_argument("--futures", type=_at_least_one, default=400)
    one.add_argument("--seed", type=_at_least_one, default=1, help="where all chance comes from")
    one.add_argument("--sample", type=_at_least_one, default=10, help="one household in so many")
    one.add_argument("--workers", type=_at_least_one, default=2)
    one.add_argument("--store", type=Path, default=STORES / "influence", help="finished runs")
    one.set_defaults(run=influence)


def influence(asked: argparse.Namespace, console: Console) -> None:
    """Live futures of Noordoost; write calibration/influence.csv."""
    from calibration.influence import INFLUENCE_FILE, write_influence

    write_influence(asked.futures, asked.seed, asked.sample, asked.workers, asked.store)
    console.print(INFLUENCE_FILE.name, markup=False)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_at_least_one(part) for part in text.split(","))


def screen(asked: argparse.Namespace, console: Console) -> None:
    """Find the parameters that move the targets; write calibration/screening.csv."""
    from calibration.screen import SCREENING_FILE, screen_groningen

    screen_groningen(asked.paths, asked.seed, asked.sample, asked.workers, asked.store)
    console.print(SCREENING_FILE.name, markup=False)


def fit(asked: argparse.Namespace, console: Console) -> None:
    """Fit; write calibration/posterior.parquet, what made it, and the tables of the fit."""
    from calibration.fit import Settings, fit_groningen

    settings = Settings(
        asked.seed, asked.sample, asked.workers, asked.waves, asked.draws, cities=asked.cities
    )
    fit_groningen(settings, asked.store, asked.out, asked.posterior)
    console.print(str(asked.posterior), markup=False)


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': a whole number from 1 up is needed")
    return int(text)


def _add_runs(command: argparse.ArgumentParser, seeds: int) -> None:
    command.add_argument(
        "--sample", type=_at_least_one, default=10, help="one household in so many"
    )
    command.add_argument("--seeds", type=_at_least_one, default=seeds)
    command.add_argument("--workers", type=_at_least_one, default=1)


def check(asked: argparse.Namespace, console: Console) -> None:
    """Print the table of targets and hold-outs; keep it where that is asked."""
    sets = posterior_sets(asked.draws, asked.posterior)
    runs = run_many(sets, range(1, asked.seeds + 1), asked.sample, asked.workers)
    rows = rows_of(runs)
    for table in say.tables(rows, asked.lang):
        console.print(table)
    draws = len(sets) if asked.posterior.exists() else 0
    for line in (*say.verdict(rows, draws, asked.lang), "", *say.notes(rows, asked.lang)):
        console.print(line, markup=False, highlight=False)
    if asked.write:
        years = asked.out / "years.csv"
        write_validation(runs, asked.sample, draws, asked.validation, asked.posterior, years)


def confirm(asked: argparse.Namespace, console: Console) -> None:
    """Run a few draws of the posterior at full scale, and the same in a sample; keep both."""
    sets = posterior_sets(asked.draws, asked.posterior)
    full, part = (run_many(sets, [1], k, asked.workers) for k in (1, asked.sample))
    table = compared(full, part, asked.sample)
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "full_scale.csv", index=False, float_format="%.7g")
    console.print(table.to_string(index=False), markup=False, highlight=False, soft_wrap=True)


def report(asked: argparse.Namespace, console: Console) -> None:
    """Write the report from the tables of `fit`, `check --write` and `confirm`."""
    from calibration.report import write_report

    path = write_report(asked.out, asked.validation, asked.posterior)
    console.print(str(path), markup=False, highlight=False)


def measure_noise(asked: argparse.Namespace, console: Console) -> None:
    """Write the noise between seeds, at the sample asked for and at half of it."""
    seeds = range(1, asked.seeds + 1)
    lines = [
        "# Standard deviation between seeds of every quantity, with the packaged parameters.",
        f"# Made by: python -m calibration noise --sample {asked.sample} --seeds {asked.seeds}",
    ]
    for sample in (asked.sample, max(asked.sample // 2, 1)):
        lines += ["", f"[sample_{sample}]"]
        found = noise(sample, seeds, asked.workers)
        lines += [f"{name} = {value:.5g}" for name, value in found.items()]
    NOISE_FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    console.print(f"{NOISE_FILE.name}", markup=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; user mistakes give one line."""
    asked = parser().parse_args(arguments)
    try:
        screen = Console()
        if not screen.is_terminal:  # a table in a file or a pipe needs its width
            screen.width = 130
        asked.run(asked, screen)
    except UserError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
