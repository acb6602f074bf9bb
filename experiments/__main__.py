"""What sweeps find: ``python -m experiments COMMAND STUDY``.

First run the study: ``siexsim sweep STUDY``. STUDY is its .toml file, or the folder of its runs.
``robust`` goes on from there with runs of its own; when stopped, give the same command again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from experiments import breakeven, discovery, mixes, pictures, say_plans, sensitivity, words
from experiments.answers import CELL, answers, by_cell, found
from experiments.tables import write_origin
from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.say import console
from siexsim.sheet import Drawing
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import LUCK
from siexsim.texts import LANGUAGES, choose_language, number, percent, text, translated

FORMAT = "%.6g"


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    top = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, do, help_ in (
        (
            "sensitivity",
            do_sensitivity,
            "what an outcome hinges on (designs: sobol, morris, random)",
        ),
        ("mixes", do_mixes, "the map of mixes: how likely each plan pays back, by when, for whom"),
        ("discover", do_discover, "the conditions under which plans pay back, in words"),
        ("breakeven", do_breakeven, "at which price or strength each kind of help pays back"),
        ("robust", say_plans.do_robust, "a search for plans that do well on all goals at once"),
        ("compare", say_plans.do_compare, "kinds of plan side by side (design: grid)"),
    ):
        one = commands.add_parser(name, help=help_)
        one.add_argument("study", help="the study's .toml file, or the folder of its runs")
        one.add_argument(
            "--out", type=Path, help="folder for tables and figures; by default that of the runs"
        )
        one.add_argument("--lang", choices=LANGUAGES)
        one.set_defaults(run=do, open=found, options=())
    say_plans.add_options(commands.choices["robust"], commands.choices["compare"])
    return top


def do_sensitivity(sweep: Sweep, out: Path, lang: str, screen: Console) -> None:
    """Indices of every outcome, how they settle, and by horizon as one picture."""
    table = sensitivity.analyse_all(sweep)
    table.to_csv(out / "sensitivity.csv", index=False, float_format=FORMAT)
    for head, part in _parts(table):
        _say_indices(head, part, lang, screen)
    _say_constant(table, sweep, lang, screen)
    if sweep.study.design.method != "sobol":
        return
    factors, seed = sweep.study.factors(), sweep.study.design.seed
    lines = []
    for cell, rows in by_cell(sweep):
        where = dict(zip(CELL, cell, strict=True))
        for name in sweep.study.outcomes:
            told = answers(rows, name)
            if told.known:
                y = told.means[sensitivity.whole(sweep.study, told.there)]
                line = sensitivity.convergence(factors, y, seed)
                lines.append(line.assign(outcome=name, **where))
        horizons = sensitivity.by_horizon(sweep, rows).assign(**where)
        mark = "-".join(cell)
        horizons.to_csv(out / f"horizons-{mark}.csv", index=False, float_format=FORMAT)
        points = rows["point"].nunique()
        futures = rows[LUCK if LUCK in rows else "future"].nunique()
        _draw(
            {
                f"horizons-{mark}-{one}": pictures.draw_horizons(horizons, points, futures, one)
                for one in LANGUAGES
            },
            out, screen,
        )  # fmt: skip
    if lines:
        settled = pd.concat(lines, ignore_index=True)
        settled.to_csv(out / "convergence.csv", index=False, float_format=FORMAT)
        _say_weak(settled, sweep, lang, screen)


def _parts(table: pd.DataFrame) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    if table.empty:
        return []
    keys = ["outcome", *CELL, "measure"]
    return [(tuple(map(str, head)), part) for head, part in table.groupby(keys, sort=False)]


def _say_indices(head: tuple[str, ...], part: pd.DataFrame, lang: str, screen: Console) -> None:
    outcome, *cell, measure = head
    if "tells" in part and not part["tells"].iloc[0]:
        said = {"outcome": f"{outcome}, {measure}", "cell": words.cell(lang, *cell)}
        screen.print(words.say(lang, "sensitivity", "rough", **said))
        screen.print()
        return
    noise = float(part["noise_share"].iloc[0])
    unknown = words.say(lang, "sensitivity", "noise_unknown")
    shown = percent(lang, noise) if np.isfinite(noise) else unknown
    title = words.say(
        lang, "sensitivity", "head", outcome=f"{outcome}, {measure}", cell=words.cell(lang, *cell),
        futures=int(part["futures"].iloc[0]), noise=shown,
    )  # fmt: skip
    table = Table(box=None, title=title, title_justify="left", header_style="bold")
    for k, name in enumerate(words.say(lang, "sensitivity", "columns").split("|")):
        table.add_column(name, justify="left" if k == 0 else "right")
    for row in part.sort_values("index", ascending=False).to_dict("records"):
        digits = 2 if abs(row["index"]) < 100 else 0
        index, low, high = (number(lang, row[key], digits) for key in ("index", "low", "high"))
        told = words.factor(lang, str(row["factor"]))
        table.add_row(told, index, f"{low} - {high}", str(row["rank"]))
    screen.print(table)
    screen.print(words.say(lang, "sensitivity", "rank_note"))
    screen.print()


def _say_constant(table: pd.DataFrame, sweep: Sweep, lang: str, screen: Console) -> None:
    there = set() if table.empty else set(map(tuple, table[["outcome", *CELL]].to_numpy()))
    for cell, rows in by_cell(sweep):
        for name in sweep.study.outcomes:
            if (name, *cell) not in there:
                said = {"outcome": words.goal(lang, name), "cell": words.cell(lang, *cell)}
                key = "constant" if answers(rows, name).there.any() else "unknown"
                screen.print(words.say(lang, "sensitivity", key, **said))


def _say_weak(settled: pd.DataFrame, sweep: Sweep, lang: str, screen: Console) -> None:
    now = sweep.study.design.points
    last = settled[settled["points"] == now]
    needed = sensitivity.points_needed(last, now)
    if needed > now:
        screen.print(words.say(lang, "sensitivity", "weak", points=needed, now=now))


def do_mixes(sweep: Sweep, out: Path, lang: str, screen: Console) -> None:
    """The map as a table and as pictures."""
    table = mixes.map_of(sweep)
    table.to_csv(out / "map.csv", index=False, float_format=FORMAT)
    counts = mixes.counted(table)
    counts.to_csv(out / "map-counts.csv", index=False, float_format=FORMAT)
    screen.print(words.say(lang, "mixes", "table_head", points=table["point"].nunique()))
    _say_counts(counts, lang, screen)
    for scenario, plans in table.groupby("scenario", sort=False):
        drawn = {}
        for one in LANGUAGES:
            drawn[f"map-{scenario}-{one}"] = pictures.draw_map(plans, one)
            for shocks, own in plans.groupby("shocks", sort=False):
                for view in VIEWS if any(str(c).startswith("mix.") for c in own) else ():
                    name = f"shares-{scenario}-{shocks}-{view}-{one}"
                    drawn[name] = pictures.draw_shares(own, view, one)
        _draw(drawn, out, screen)


def _say_counts(counts: pd.DataFrame, lang: str, screen: Console) -> None:
    for cell, part in counts.groupby(list(CELL), sort=False):
        scenario, effects, shocks = map(str, cell)
        head = words.cell(lang, scenario, effects, shocks)
        table = Table(box=None, header_style="bold", title=head, title_justify="left")
        table.add_column("", min_width=32)
        for years in mixes.YEARS:
            table.add_column(words.say(lang, "mixes", "within", years=years), justify="right")
        for view, own in part.groupby("view", sort=False):
            cells = [number(lang, one) if np.isfinite(one) else "?" for one in own["paid_back"]]
            table.add_row(words.words(lang)["views"][view], *cells)
        screen.print(table)
        screen.print()


def do_discover(sweep: Sweep, out: Path, lang: str, screen: Console) -> None:
    """Conditions in words, in both languages on disk and in one on screen."""
    table = discovery.conditions(sweep)
    table.to_csv(out / "conditions.csv", index=False)
    for one in LANGUAGES:
        lines = [f"# {sweep.study.name}", ""]
        for cell, rows in table.groupby(list(CELL), sort=False):
            lines += [f"## {words.cell(one, *map(str, cell))}", ""]
            for _, own in rows.groupby("view", sort=False):
                told = discovery.told(list(zip(own["kind"], own[one], strict=True)))
                lines += [f"- {sentence}" for sentence in told]
            lines.append("")
        (out / f"conditions-{one}.md").write_text("\n".join(lines), encoding="utf-8")
        if one == lang:
            screen.print("\n".join(lines))


def do_breakeven(sweep: Sweep, out: Path, lang: str, screen: Console) -> None:
    """Where each kind of help turns, as a table and in words."""
    table = breakeven.turns(sweep)
    if table.empty:
        raise UserError("the runs are too short: the balance after 3 years is asked for, or later")
    table.to_csv(out / "breakeven.csv", index=False, float_format=FORMAT)
    for one in LANGUAGES:
        lines = [f"# {words.say(one, 'breakeven', 'title')}", ""]
        for (_, effects, shocks), rows in table.groupby(list(CELL), sort=False):
            lines += [f"## {words.cell(one, str(effects), str(shocks))}", ""]
            lines += [f"- {breakeven.in_words(one, row)}" for _, row in rows.iterrows()]
            lines.append("")
        (out / f"breakeven-{one}.md").write_text("\n".join(lines), encoding="utf-8")
        if one == lang:
            screen.print("\n".join(lines))


def _draw(drawings: dict[str, Drawing], out: Path, screen: Console) -> None:
    for path in pictures.save(drawings, out):
        if path.suffix == ".png":
            screen.print(str(path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; user mistakes give one line."""
    asked = parser().parse_args(arguments)
    lang = asked.lang or choose_language([])
    screen = console()
    if not screen.is_terminal:
        screen.width = 130
    try:
        sweep = asked.open(asked.study)
        if not sweep.is_of_now:
            console(stderr=True).print(text(lang, "sweep.other_program"))
        _check(sweep, asked.command, lang)
        out = asked.out or sweep.folder
        out.mkdir(parents=True, exist_ok=True)
        with pictures.style():
            more = {name: getattr(asked, name) for name in asked.options}
            asked.run(sweep, out, lang, screen, **more)
        write_origin(sweep, asked.command, out)
    except (UserError, OSError) as error:
        said = error if isinstance(error, UserError) else f"{error.filename}: {error.strerror}"
        console(stderr=True).print(f"error: {translated(lang, str(said))}", soft_wrap=True)
        return 2
    return 0


def _check(sweep: Sweep, command: str, lang: str) -> None:
    """Say how many runs failed; refuse what can't be told at all."""
    if sweep.study.uncertainties.drawn_from and command != "sensitivity":
        raise UserError(
            f"{command} needs all plans in the same futures; leave out 'drawn_from' in the study"
        )
    there = sweep.status()
    if there.failed == there.wanted:
        raise UserError(f"all runs failed; why: siexsim sweep status {sweep.folder}")
    if there.failed:
        said = {"failed": there.failed, "runs": there.wanted, "folder": sweep.folder}
        console(stderr=True).print(words.say(lang, "values", "failed", **said))


if __name__ == "__main__":
    sys.exit(main())
