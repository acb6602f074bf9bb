"""The commands on plans: ``python -m experiments robust STUDY`` and ``... compare STUDY``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments import best_plans, comparing, pictures, pictures_plans, words
from experiments.answers import CELL, SWEEPS, found
from experiments.best_plans import ENOUGH, FOUND_BY, LETTER, REGRET
from experiments.robust import RANDOM, SEARCH, Compared, Lasting, Lived, check, compare, sign
from siexsim.commands.sweeping import progress_shown
from siexsim.errors import UserError
from siexsim.sweep.executors import dask_cluster, worker_pool
from siexsim.sweep.folder import Sweep
from siexsim.sweep.study import Study, read_study
from siexsim.texts import LANGUAGES, number, percent

FORMAT = "%.6g"
CLEAR = 0.05  # hypervolumes that differ less than this, as a part, are called the same
_AT_ONCE = 4  # runs handed out for each process
_AT_ONCE_CLUSTER = 1000


def add_options(robust: argparse.ArgumentParser, compare: argparse.ArgumentParser) -> None:
    """What can be asked of these two commands besides what all have."""
    robust.add_argument("--population", type=int, default=24, help="plans in a generation")
    robust.add_argument(
        "--by", choices=("mean", "worst"), default="mean",
        help="over effect sets and times: the mean, or the worst of them",
    )  # fmt: skip
    robust.add_argument(
        "--again",
        type=int,
        help="new futures for the best plans; as many as the study's if left out",
    )
    robust.add_argument(
        "--enough", action="append", default=[], metavar="GOAL=VALUE",
        help="what is good enough, such as end_eur_public=-1e6; for as many goals as you like",
    )  # fmt: skip
    robust.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    robust.add_argument("--scheduler", help="address of a Dask cluster, in the place of processes")
    names = ("population", "by", "again", "enough", "workers", "scheduler")
    robust.set_defaults(open=begun, options=names)
    compare.add_argument("--lever", help="the choice that is compared, if there are more")
    compare.add_argument("--base", help="the option others are set against; by default the first")
    compare.set_defaults(open=found, options=("lever", "base"))


def begun(name: str) -> Sweep:
    """The sweep of a study file or in a folder, whether its runs are there or not."""
    if name.endswith(".toml"):
        return Sweep.begin(read_study(name), SWEEPS)
    return Sweep.open(name).going_on()


def asked_enough(said: list[str]) -> dict[str, float]:
    """What counts as enough, from words such as "end_eur_public=0"."""
    asked = {}
    for one in said:
        goal, _, value = one.partition("=")
        try:
            asked[goal] = float(value)
        except ValueError:
            raise UserError(f"--enough {one}: such as end_eur_public=0 is right") from None
    return asked


def do_robust(
    sweep: Sweep, out: Path, lang: str, screen: Console, *, population: int, by: str,
    again: int | None, enough: list[str], workers: int, scheduler: str | None,
) -> None:  # fmt: skip
    """Search, and write and show what came of it."""
    study, least = sweep.study, asked_enough(enough)
    check(sweep, population)
    best_plans.least_of(study.outcomes, least)  # a misspelt goal is said before anything is run
    again = study.uncertainties.futures if again is None else max(again, 0)
    if scheduler is None:
        opened, window = (lambda: worker_pool(max(workers, 1))), _AT_ONCE * max(workers, 1)
    else:
        opened, window = (lambda: dask_cluster(scheduler)), _AT_ONCE_CLUSTER  # type: ignore

    def told(done: int, of: int) -> None:
        screen.print(words.say(lang, "robust", "progress", done=done, of=of))

    try:
        with progress_shown(lang) as heard, Lasting(opened) as lasting:
            lived = Lived(sweep, lasting, window, heard)
            plans = compare(lived, population, by, again, told)
    except KeyboardInterrupt:
        raise UserError(words.say(lang, "robust", "stopped")) from None
    tell(plans, study, out, lang, screen, population, by, least)


def tell(
    plans: Compared, study: Study, out: Path, lang: str, screen: Console, population: int,
    by: str, asked: Mapping[str, float],
) -> None:  # fmt: skip
    """Tables, pictures and words of a search."""
    best = best_plans.best(plans, study, by, asked)
    best.to_csv(out / "robust-plans.csv", index=False, float_format=FORMAT)
    cells = best_plans.by_cell(plans, study, best, by)
    cells.to_csv(out / "robust-cells.csv", index=False, float_format=FORMAT)
    line = pd.DataFrame(plans.line(by, population), columns=["plans", RANDOM, SEARCH])
    line.to_csv(out / "robust-volume.csv", index=False, float_format=FORMAT)
    _say_search(plans, study, best, by, lang, screen)
    _say_best(best, study, asked, lang, screen)
    drawn = {
        f"robust-plans-{one}": pictures_plans.draw_plans(plans, study, best, by, one)
        for one in LANGUAGES
    }
    for path in pictures.save(drawn, out):
        if path.suffix == ".png":
            screen.print(str(path))


def _say_search(
    plans: Compared, study: Study, best: pd.DataFrame, by: str, lang: str, screen: Console
) -> None:
    every = best_plans.everything(plans)
    counts = best[FOUND_BY].value_counts()
    screen.print(
        words.say(
            lang, "robust", "front", count=len(best), plans=len(every.points),
            random=counts.get(RANDOM, 0), search=counts.get(SEARCH, 0),
        )
    )  # fmt: skip
    lost = study.design.points - len(plans.random.points)
    lost += study.design.points - len(plans.search.points)
    if lost > 0:
        screen.print(words.say(lang, "robust", "failed", count=lost))
    ratio = float("nan")
    asked_again = bool(plans.random_again.points) and bool(plans.search_again.points)
    for new in (False, True) if asked_again else (False,):
        one, two = plans.volumes(by, new)
        ratio = two / one if one > 0 else float("nan")
        said = {"random": number(lang, one, 3), "search": number(lang, two, 3)}
        said |= {"ratio": number(lang, ratio, 2) if one > 0 else "?"}
        said["futures"] = words.say(lang, "robust", "volume_new" if new else "volume_same")
        screen.print(words.say(lang, "robust", "volume", **said))
    key = "wins" if ratio > 1 + CLEAR else "loses" if ratio < 1 - CLEAR else "draws"
    screen.print(words.say(lang, "robust", key))
    screen.print()


def _say_best(
    best: pd.DataFrame, study: Study, asked: Mapping[str, float], lang: str, screen: Console
) -> None:
    lettered = best[best[LETTER] != ""].sort_values(LETTER)
    new = bool(lettered[[f"new.{name}" for name in study.outcomes]].notna().all(axis=None))
    table = Table(box=None, header_style="bold", show_lines=True)
    for head in words.say(lang, "robust", "head").split("|"):
        table.add_column(head)
    table.add_column(words.say(lang, "robust", "levers"))
    for row in lettered.to_dict("records"):
        why = "\n".join(
            _named(lang, name, row, new) for name in str(row["best_at"]).split(" ")
        )  # fmt: skip
        share = percent(lang, row[ENOUGH])
        regret = percent(lang, row[REGRET])
        names = [one.name for one in study.factors() if one.name in row]
        table.add_row(row[LETTER], why, regret, share, levers(lang, row, names))
    screen.print(table)
    screen.print(words.say(lang, "robust", "new_note" if new else "seen_note"))
    least = "; ".join(
        floor(lang, *one) for one in best_plans.least_of(study.outcomes, asked).items()
    )
    screen.print(words.say(lang, "robust", "regret_note"))
    key = "enough_note" if best[ENOUGH].max() > 0 else "no_enough"
    screen.print(words.say(lang, "robust", key, least=least))


def floor(lang: str, name: str, least: float) -> str:
    """What is asked of a goal, in words."""
    shown = words.of_goal(lang, name, sign(name) * least)
    return f"{words.goal(lang, name)} {'≥' if sign(name) > 0 else '≤'} {shown}"


def _named(lang: str, name: str, row: Mapping[Any, Any], new: bool) -> str:
    if name == REGRET:
        return words.say(lang, "robust", "regret")
    if name == ENOUGH:
        return words.say(lang, "robust", "enough")
    value = row[f"new.{name}"] if new else row[name]
    return f"{words.goal(lang, name)}: {words.of_goal(lang, name, value)}"


def levers(lang: str, row: Mapping[Any, Any], names: Sequence[str]) -> str:
    """A plan in words: shares from a twentieth up, largest first, then its other choices."""
    shares = {n: float(row[n]) for n in names if n.startswith("mix.")}
    said = [
        f"{words.amount(lang, name, share)} {words.factor(lang, name)}"
        for name, share in sorted(shares.items(), key=lambda item: -item[1])
        if share >= 0.05
    ]
    for name in names:
        if name not in shares:
            x = row[name]
            shown = words.option(lang, x) if isinstance(x, str) else words.amount(lang, name, x)
            said.append(f"{words.factor(lang, name)}: {shown}")
    return "; ".join(said)


def do_compare(
    sweep: Sweep, out: Path, lang: str, screen: Console, *, lever: str | None, base: str | None
) -> None:
    """Kinds of plan side by side, as a table and as a picture."""
    lever, base = comparing.choice_of(sweep.study, lever, base)
    table = comparing.compared(sweep, lever, base)
    table.to_csv(out / "compared.csv", index=False, float_format=FORMAT)
    goals = [name for name in sweep.study.outcomes if name in set(table["outcome"])]
    for keys, part in table.groupby(["outcome", *CELL], sort=False):
        _say_compared(tuple(map(str, keys)), part, lang, screen)
    drawn = {f"compared-{one}": pictures_plans.draw_kinds(table, goals, one) for one in LANGUAGES}
    for path in pictures.save(drawn, out):
        if path.suffix == ".png":
            screen.print(str(path))


def _say_compared(keys: tuple[str, ...], part: pd.DataFrame, lang: str, screen: Console) -> None:
    name, *cell = keys
    first = part.iloc[0]
    title = words.say(
        lang, "compare", "head", outcome=words.goal(lang, name), cell=words.cell(lang, *cell),
        base=words.option(lang, first["base"]),
        value=words.of_goal(lang, name, first["base_value"]),
    )  # fmt: skip
    table = Table(box=None, title=title, title_justify="left", header_style="bold")
    for k, head in enumerate(words.say(lang, "compare", "columns").split("|")):
        table.add_column(head, justify="left" if k == 0 else "right")
    for row in part.to_dict("records"):
        middle, low, high = (
            words.of_goal(lang, name, row[key]) for key in ("difference", "low", "high")
        )
        share = percent(lang, row["higher_share"])
        table.add_row(words.option(lang, row["option"]), middle, f"{low} - {high}", share)
    screen.print(table)
    screen.print()
