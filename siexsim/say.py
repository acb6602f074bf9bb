"""The summary of a result in plain words, and how far a run has come, on screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from siexsim.texts import amount, euro, known, month, number, percent, short, span, text

WIDEST: Final = 100  # longer lines are hard to read
HIDDEN: Final = "·"  # fewer than may be shown
_BESIDE: Final = (0, 0, 0, 2)


def console(stderr: bool = False) -> Console:
    """Make a console for people: no wider than reads well, and no colour but where it means."""
    screen = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if screen.width > WIDEST:
        screen.width = WIDEST
    return screen


# --- The summary ------------------------------------------------------------------------------


def print_summary(
    screen: Console,
    lang: str,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    folder: Path,
) -> None:
    """Print what a run brought, for somebody who reads it for the first time."""
    scenario = manifest["scenario"]
    screen.print()
    screen.print(Text(str(summary["name"]), style="bold"))
    screen.print(_heading(lang, summary, scenario))
    screen.print(_plan(lang, scenario))
    screen.print()
    screen.print(_people(lang, summary))
    _note(screen, text(lang, "say.poverty_note"))
    if summary["invested_eur"] is not None:
        _print_money(screen, lang, summary)
    screen.print()
    effects = known(lang, "effects", summary["effects"])
    screen.print(Text(text(lang, "say.effects", effects=effects)))
    for line in (*_fit(lang, manifest.get("posterior")), *_own(lang, scenario)):
        screen.print(Text(line))
    if manifest.get("few_participants"):
        _note(screen, text(lang, "disclosure.few_took_part"))
    # a path has to stay whole, so that it can be copied
    screen.print(Text(text(lang, "say.where", folder=folder)), soft_wrap=True)


def _fit(lang: str, fitted: Mapping[str, Any] | None) -> list[str]:
    """Whether the numbers were fitted, and with rules that no longer hold."""
    if fitted is None:
        return [text(lang, "posterior.unused")]
    said = [text(lang, "posterior.used", count=len(fitted["parameters"]))]
    return [*said, text(lang, "posterior.stale")] if fitted["stale"] else said


def _own(lang: str, scenario: Mapping[str, Any]) -> list[str]:
    """Numbers that the user put in the place of packaged ones."""
    own = dict(scenario.get("parameters", {}))
    own |= {name: one["value"] for name, one in scenario.get("assumptions", {}).items()}
    shown = [f"{name} {short(lang, value)}" for name, value in own.items()]
    return [text(lang, "say.own", numbers=", ".join(shown))] if own else []


def _heading(lang: str, summary: Mapping[str, Any], scenario: Mapping[str, Any]) -> Text:
    from siexsim.place import load_place  # heavy; help does without

    first, years = scenario["start"], summary["months"] // 12
    last = f"{int(first[:4]) + years - 1}-12"
    key = "say.heading" if summary["sample"] == 1 else "say.heading_sample"
    said = text(
        lang, key, households=number(lang, summary["households"]), sample=summary["sample"],
        first=month(lang, first), last=month(lang, last),
    )  # fmt: skip
    return Text(f"{load_place(scenario['place']).name}: {said}")


def _plan(lang: str, scenario: Mapping[str, Any]) -> Text:
    from siexsim.place import load_place  # heavy; help does without

    plan = scenario.get("plan")
    if not plan:
        return Text(text(lang, "say.no_plan"))
    place = load_place(scenario["place"])
    names = [name for stage in plan.get("stages", ()) for name in stage["wijken"]]
    names = names or plan["wijken"]
    wijken = dict.fromkeys(place.wijken[place.wijk(name)] for name in names)
    return Text(
        text(
            lang, "say.invests", budget=euro(lang, plan["budget_eur_per_year"]),
            first=month(lang, plan["start"]), last=month(lang, plan["end"]),
            where=", ".join(wijken) or text(lang, "say.everywhere"),
        )
    )  # fmt: skip


def _grid(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(heads[0], overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", overflow="fold", vertical="bottom")
    return table


def _note(screen: Console, said: str) -> None:
    screen.print(Padding(Text(said, style="dim"), _BESIDE))


def _count(lang: str, count: int | None) -> str:
    return HIDDEN if count is None else number(lang, count)


def _people(lang: str, summary: Mapping[str, Any]) -> Table:
    planned = summary["invested_eur"] is not None
    heads = ["start", "end_without", "end_with", "difference"] if planned else ["start", "end"]
    table = _grid("", *(text(lang, f"say.{head}") for head in heads))
    for name in ("people_in_poverty", "welfare_households"):
        counts = summary[name]
        shown = [_count(lang, counts["start"]), _count(lang, counts["end_without"])]
        if planned:
            without, with_plan = counts["end_without"], counts["end_with"]
            known_both = without is not None and with_plan is not None
            shown += [
                _count(lang, with_plan),
                number(lang, with_plan - without, sign=True) if known_both else HIDDEN,
            ]
        table.add_row(text(lang, f"say.{name}"), *shown)
    return table


def _print_money(screen: Console, lang: str, summary: Mapping[str, Any]) -> None:
    screen.print()
    if not summary["invested_eur"]["p90"]:
        key = "say.nobody" if summary["sample"] == 1 else "say.nobody_sample"
        screen.print(Text(text(lang, key, sample=summary["sample"])))
        return
    futures = summary["futures"]
    screen.print(_money(lang, summary))
    note = "say.money_note" if futures > 1 else "say.money_note_one"
    _note(screen, text(lang, note, futures=futures))
    screen.print()
    screen.print(Text(text(lang, "say.payback"), style="bold"))
    screen.print(_payback(lang, summary))
    if futures > 1:
        _note(screen, text(lang, "say.payback_note"))
    screen.print()
    for view, back in summary["payback_months"].items():
        screen.print(Text(sober(lang, view, back, futures)))


def _money(lang: str, summary: Mapping[str, Any]) -> Table:
    many = summary["futures"] > 1
    columns = ("p50", "p10", "p90") if many else ("p50",)
    heads = ("money_middle", "money_low", "money_high") if many else ("one_run",)
    table = _grid(text(lang, "say.money"), *(text(lang, f"say.{head}") for head in heads))

    def add(label: str, amounts: Mapping[str, float]) -> None:
        table.add_row(label, *(amount(lang, amounts[key]) for key in columns))

    add(text(lang, "say.invested"), summary["invested_eur"])
    table.add_row(text(lang, "say.returned"))
    for payer, amounts in summary["returned_eur"].items():
        add("  " + known(lang, "payers", payer), amounts)
    return table


def _horizons(summary: Mapping[str, Any]) -> list[str]:
    """Horizons that lie within the run; shares within longer ones aren't known."""
    within = [back["share_within"] for back in summary["payback_months"].values()]
    return [h for h in within[0] if all(shares[h] is not None for shares in within)]


def _payback(lang: str, summary: Mapping[str, Any]) -> Table:
    horizons, many = _horizons(summary), summary["futures"] > 1
    heads = [text(lang, "say.within", span=span(lang, int(h))) for h in horizons] if many else []
    table = _grid("", text(lang, "say.payback_middle" if many else "say.payback_one"), *heads)
    for view, back in summary["payback_months"].items():
        middle = text(lang, "say.never") if back["p50"] is None else span(lang, back["p50"])
        shares = [percent(lang, back["share_within"][h]) for h in horizons] if many else []
        table.add_row(known(lang, "views", view), middle, *shares)
    return table


def sober(lang: str, view: str, back: Mapping[str, Any], futures: int) -> str:
    """Whether the money comes back within the run, said without hope or gloom."""
    lost = futures - round(back["share_in_run"] * futures)
    if lost:
        kind = "never_none" if lost == futures else "never_some"
        kind = "never_none_one" if futures == 1 else kind
        who = known(lang, "who", view)
    else:
        kind = "always_one" if futures == 1 else "always"
        who = known(lang, "who_does", view)
    return text(lang, f"say.{kind}", who=who, futures=futures, count=lost)


def took(lang: str, seconds: float) -> str:
    """A length of time on the clock."""
    if seconds < 99.5:
        return text(lang, "say.seconds", seconds=number(lang, max(seconds, 1)))
    return text(lang, "say.minutes", minutes=number(lang, seconds / 60))


# --- How far a run has come -------------------------------------------------------------------


class Left(ProgressColumn):
    """Time left, in words."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang = lang

    def render(self, task: Task) -> Text:
        """Say the time left of one task; nothing while it isn't known, or when it is done."""
        left = task.time_remaining
        if left is None or task.finished:
            return Text("")
        return Text(text(self.lang, "stage.left", span=took(self.lang, left)), style="dim")


class Stages:
    """The stages of a run: bars with time left on a terminal, a quiet line each elsewhere."""

    def __init__(self, lang: str, bars: Progress | None, screen: Console) -> None:
        self.lang = lang
        self.bars, self.screen = bars, screen
        self.tasks: dict[str, TaskID] = {}
        self.lines: set[str] = set()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Hear of the run how far it is; see `siexsim.run.Progress`."""
        said = text(self.lang, f"stage.{what}")
        if self.bars is None:
            if what not in self.lines:
                self.lines.add(what)
                self.screen.print(Text(f"{said} ..."), soft_wrap=True)
            return
        if what not in self.tasks:
            self.tasks[what] = self.bars.add_task(said, total=None)
        known_length = done > 0 or total > 1
        self.bars.update(self.tasks[what], completed=done, total=total if known_length else None)


@contextmanager
def stages(lang: str) -> Iterator[Stages]:
    """Show on standard error how far a run has come."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield Stages(lang, None, screen)
        return
    columns = (TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(), Left(lang))
    with Progress(*columns, console=screen, transient=True) as bars:
        yield Stages(lang, bars, screen)
