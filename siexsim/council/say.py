"""The council's answers on screen and as a Markdown file, in Dutch or English."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from siexsim.council.said import Answer, Grid, Word, grade_said, said, sentences, written
from siexsim.errors import UserError
from siexsim.place import load_place
from siexsim.texts import known, number, text

if TYPE_CHECKING:
    from siexsim.council.questions import Answers
    from siexsim.scenario import Scenario

_BESIDE: Final = (0, 0, 0, 2)


# --- What both say ------------------------------------------------------------------------------


def _intro(lang: str, answers: Answers) -> list[str]:
    words, scenario = sentences(lang), answers.scenario
    place = load_place(scenario.place)
    plan = scenario.plan
    wijken = [place.wijken[place.wijk(name)] for name in plan.all_wijken] if plan else []
    where = ", ".join(dict.fromkeys(wijken)) or place.name
    key = "page.scenario" if plan else "page.scenario_without"
    lines = [words[key].format(name=scenario.name, where=where, place=place.name)]
    if plan is not None:
        lines.append(words["page.help"].format(help=_help(lang, scenario)))
        lines.append(words["page.effects"].format(effects=known(lang, "effects", scenario.effects)))
    many = "page.futures" if answers.futures > 1 else "page.one_future"
    lines.append(words[many].format(futures=number(lang, answers.futures)))
    if scenario.sample > 1:
        lines.append(words["page.sample"].format(sample=number(lang, scenario.sample)))
    return lines


def _help(lang: str, scenario: Scenario) -> str:
    words, plan = sentences(lang), scenario.plan
    assert plan is not None
    known_help = scenario.central().interventions
    return "; ".join(
        words["page.one_help"].format(
            title=one.titel if lang == "nl" else one.title, grade=grade_said(lang, one.grade)
        )
        for one in (known_help[name] for name in plan.interventions)
    )


def _question(lang: str, answer: Answer) -> str:
    words = sentences(lang)
    number_of = answer.question.removeprefix("q")
    return words["page.question"].format(
        number=number_of, question=words[f"{answer.question}.question"]
    )


def _rests(lang: str, scenario: Scenario, answer: Answer) -> str:
    """What an answer rests on: help with its grades, effects, and the numbers that matter most."""
    words, parameters = sentences(lang), scenario.central()
    parts = []
    if scenario.plan is not None:
        names = scenario.plan.interventions
        found = sorted({parameters.interventions[name].grade for name in names})
        shown = ", ".join(grade_said(lang, grade) for grade in found)
        effects = known(lang, "effects", scenario.effects)
        parts.append(words["page.rests_help"].format(grades=shown, effects=effects))
    for name in answer.rests:
        one, theme = parameters.entries[name], parameters.interventions.get(name.split(".")[0])
        meaning = one.betekenis if lang == "nl" else one.meaning
        if theme is not None:
            meaning = f"{theme.titel if lang == 'nl' else theme.title}, {meaning}"
        parts.append(
            words["page.rests_number"].format(
                meaning=meaning,
                value=_short(lang, one.value), unit=written(lang, Word("units", one.unit)),
                grade=grade_said(lang, one.grade),
            )
        )  # fmt: skip
    return "; ".join(parts)


def _short(lang: str, value: float) -> str:
    """A number of the model as it is, without needless zeros."""
    digits = f"{value:.4g}"
    after = len(digits.partition(".")[2]) if "e" not in digits else 0
    return number(lang, value, after)


def _below(lang: str, scenario: Scenario, answer: Answer) -> Iterator[tuple[str, str]]:
    """Under each answer: what isn't known, what it rests on, what would change it."""
    words = sentences(lang)
    if answer.unknown:
        yield words["page.unknown"], " ".join(said(lang, one) for one in answer.unknown)
        yield words["page.rests"], _rests(lang, scenario, answer)
        yield words["page.change"], words[f"{answer.question}.change"]


def _cells(lang: str, grid: Grid) -> list[list[str]]:
    return [[written(lang, cell) for cell in row] for row in grid.rows]


def _heads(lang: str, grid: Grid) -> list[str]:
    return [sentences(lang)[f"heads.{head}"] for head in grid.heads]


# --- On screen ----------------------------------------------------------------------------------


def print_answers(screen: Console, answers: Answers, lang: str) -> None:
    """Print all answers on a screen."""
    screen.print()
    screen.print(Text(sentences(lang)["page.title"], style="bold"))
    for line in _intro(lang, answers):
        screen.print(Text(line))
    for answer in answers.given:
        screen.print()
        screen.print(Text(_question(lang, answer), style="bold"))
        screen.print(Padding(Text(" ".join(said(lang, one) for one in answer.said)), _BESIDE))
        if answer.grid is not None:
            screen.print(Padding(_table(lang, answer.grid), (1, 0, 1, 2)))
        for title, line in _below(lang, answers.scenario, answer):
            screen.print(Padding(Text(f"{title}: {line}", style="dim"), _BESIDE))


def _table(lang: str, grid: Grid) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for k, head in enumerate(_heads(lang, grid)):
        table.add_column(head, justify="left" if k == 0 else "right", vertical="bottom")
    for row in _cells(lang, grid):
        table.add_row(
            *(Text(cell.replace(" (", "\n(") if k else cell) for k, cell in enumerate(row))
        )
    return table


# --- As a file ----------------------------------------------------------------------------------


def markdown(answers: Answers, lang: str) -> str:
    """All answers as a Markdown page."""
    lines = [f"# {sentences(lang)['page.title']}", "", *_apart(_intro(lang, answers))]
    for answer in answers.given:
        lines += [f"## {_question(lang, answer)}", ""]
        lines += [" ".join(said(lang, one) for one in answer.said), ""]
        if answer.grid is not None:
            heads = _heads(lang, answer.grid)
            lines += [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)])]
            lines += [*map(_row, _cells(lang, answer.grid)), ""]
        for title, line in _below(lang, answers.scenario, answer):
            lines += [f"*{title}:* {line}", ""]
    return "\n".join(lines)


def _apart(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from (line, "")


def _row(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def write_answers(answers: Answers, path: Path, lang: str) -> None:
    """Write all answers to a Markdown file; it appears when it is complete."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(markdown(answers, lang), encoding="utf-8")
        aside.replace(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(text(lang, "error.csv", path=path, reason=reason)) from error
    finally:
        if aside.is_file():
            aside.unlink()
