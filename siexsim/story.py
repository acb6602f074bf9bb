"""A life on screen: who they are, what happens month by month, and what it cost and returned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from siexsim import household as hh
from siexsim.household import month_text
from siexsim.lives import Life, Suggestion
from siexsim.telling import income_eur, portrait, sentence, title, told
from siexsim.texts import amount, known, month, number

BOTH: Final = "both"


class Line(NamedTuple):
    """A line of a story; `world` is "both" where it happens in both."""

    month: int
    world: str
    words: str
    of_help: bool


def print_life(screen: Console, life: Life, lang: str) -> None:
    """Print one household's life in both worlds.

    Parameters
    ----------
    screen
        Where to print.
    life
        What `siexsim.lives.explain` found.
    lang
        "nl" or "en".
    """

    def say(key: str, style: str = "", **values: object) -> None:
        screen.print(Text(sentence(lang, f"page.{key}", **values), style=style))

    first = life.pages["without"][0]
    say("title", "bold", household=life.household)
    say("privacy" if life.weight > 1 else "privacy_one", "dim", weight=life.weight)
    if life.real_margins:
        say("real", "dim")
    if not life.same_program:
        say("other_program", "dim")
    screen.print()
    say("started", "bold", month=month(lang, month_text(first.month)))
    for line in portrait(lang, first.record, first.month, life.wijk, life.high_stress):
        screen.print(Text(line))
    screen.print()
    say("month_by_month", "bold")
    _print_months(screen, life, lang)
    screen.print()
    _print_end(screen, life, lang)
    if "with" in life.pages:
        screen.print()
        _print_money(screen, life, lang)


def lines(life: Life, lang: str) -> list[Line]:
    """What happens in order of month; what differs between the worlds once for each."""
    said = {
        world: [
            Line(one.month, world, told(lang, one, life.interventions), "help" in one.name)
            for one in events
        ]
        for world, events in life.events.items()
    }
    if "with" not in said:
        return [line._replace(world=BOTH) for line in said["without"]]
    elsewhere = {world: {(one.month, one.words) for one in own} for world, own in said.items()}
    shared = elsewhere["without"] & elsewhere["with"]
    found = [
        one._replace(world=BOTH) if (one.month, one.words) in shared else one
        for one in said["with"]
    ]
    found += [one for one in said["without"] if (one.month, one.words) not in shared]
    order = (BOTH, "without", "with")
    return sorted(found, key=lambda line: (line.month, order.index(line.world)))


def _apart(happened: Sequence[Line], lang: str) -> str:
    """From when the two lives differ in more than help, if they do."""
    apart = [line for line in happened if line.world != BOTH]
    other = [line for line in apart if not line.of_help]
    if other:
        return sentence(lang, "page.differs", month=month(lang, month_text(other[0].month)))
    return sentence(lang, "page.only_help" if apart else "page.same")


def _print_months(screen: Console, life: Life, lang: str) -> None:
    happened = lines(life, lang)
    planned = "with" in life.pages
    legend = "legend" if planned else "legend_one"
    screen.print(Text(sentence(lang, f"page.{legend}"), style="dim"))
    if planned:
        screen.print(Text(_apart(happened, lang)))
    if not happened:
        screen.print(Text(sentence(lang, "page.nothing")))
    marked = any(line.world != BOTH for line in happened)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    if marked:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = -1
    for line in happened:
        date = month(lang, month_text(line.month)) if line.month != before else ""
        mark = "" if line.world == BOTH else sentence(lang, f"page.{line.world}")
        style = "bold" if line.world == "with" else ""
        cells = [Text(mark, style=style)] if marked else []
        table.add_row(date, *cells, Text(line.words, style=style))
        before = line.month
    screen.print(table)


def _print_end(screen: Console, life: Life, lang: str) -> None:
    """How the household is doing at the end of the run, or was when last seen."""
    ends = {world: _last_here(pages) for world, pages in life.pages.items()}
    when = ends["without"].month
    key = "end" if when == life.last else "end_left"
    said = sentence(lang, f"page.{key}", month=month(lang, month_text(when)))
    screen.print(Text(said, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    table.add_column("")
    for world in ends:
        head = sentence(lang, f"page.end_{world}") if len(ends) > 1 else ""
        table.add_column(head, justify="right")
    states = [_state(lang, page.record) for page in ends.values()]
    for name in states[0]:
        table.add_row(sentence(lang, f"page.{name}"), *(state[name] for state in states))
    screen.print(table)


def _last_here(pages: Sequence[Any]) -> Any:
    here = [page for page in pages if int(page.record["state"]) == hh.PRESENT]
    return (here or list(pages))[-1]


def _state(lang: str, record: Any) -> dict[str, str]:
    words = [sentence(lang, f"page.{word}") for word in ("no", "yes")]
    return {
        "poor": words[int(record["poor"])],
        "welfare": words[int(record["on_welfare"])],
        "income": amount(lang, income_eur(record)),
        "savings": amount(lang, int(record["savings"]) / 100),
        "debt": amount(lang, int(record["debt"]) / 100),
        "stress": number(lang, 100 * float(record["stress"].mean())),
    }


def _print_money(screen: Console, life: Life, lang: str) -> None:
    """What help cost, and what the plan changed for each payer."""
    screen.print(Text(sentence(lang, "page.money"), style="bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for one in life.courses:
        dates = {"start": month(lang, month_text(one.start))}
        if one.end >= 0:
            dates["end"] = month(lang, month_text(one.end))
        said = sentence(
            lang, "page.course" if one.end >= 0 else "page.course_runs",
            help=title(lang, life.interventions[one.name]).capitalize(),
            outcome=sentence(lang, f"word.{one.outcome}"), **dates,
        )  # fmt: skip
        table.add_row(said, amount(lang, one.cost_eur))
    if life.courses:
        table.add_row(sentence(lang, "page.overhead"), amount(lang, life.overhead_eur))
        whole = sum(one.cost_eur for one in life.courses) + life.overhead_eur
        table.add_row(sentence(lang, "page.total"), amount(lang, whole))
    else:
        table.add_row(sentence(lang, "page.no_help"), "")
    screen.print(table)
    returned = {payer: eur for payer, eur in life.returned_eur.items() if round(eur)}
    if not returned:
        screen.print(Text(sentence(lang, "page.no_return")))
        return
    screen.print(Text(sentence(lang, "page.returned")))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for payer, eur in returned.items():
        own = payer == "household"
        who = sentence(lang, "word.itself") if own else known(lang, "payers", payer)
        table.add_row(f"  {who}", amount(lang, eur))
    screen.print(table)
    screen.print(Text(sentence(lang, "page.note"), style="dim"))


def print_suggestions(
    screen: Console, found: Sequence[Suggestion], folder: Path, lang: str
) -> None:
    """Print which households are worth a look, and how to ask for one."""
    if not found:
        screen.print(Text(sentence(lang, "page.suggest_none")))
        return
    screen.print(Text(sentence(lang, "page.suggest")))
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in found:
        table.add_row(f"  {one.household}", sentence(lang, f"suggestion.{one.why}"))
    screen.print(table)
    how = sentence(lang, "page.suggest_how", folder=folder, household=found[0].household)
    screen.print(Text(how), soft_wrap=True)
