"""What is done in a process of its own: a first line, a full run, figures, answers, lives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from siexsim.account import VIEWS
from siexsim.app.drawing import draw_comparison, draw_figure
from siexsim.app.screen import Part, Screen
from siexsim.council import answers, print_answers
from siexsim.household import month_number
from siexsim.items import PAYERS
from siexsim.lives import explain, suggest
from siexsim.place import Place, load_place
from siexsim.plan import Plan
from siexsim.result import MANIFEST, destination, load, write
from siexsim.run import live_worlds, run, run_future, run_futures, settled_start
from siexsim.scenario import Scenario
from siexsim.story import print_life
from siexsim.texts import LANGUAGES

Tell = Callable[..., None]

FIRST_HOUSEHOLDS: Final = 5_000  # so many are lived for a first line, within two seconds
SHOWN_AT: Final = (5, 10, 20, 50, 100, 200, 500, 1000)  # futures after which the band is drawn anew
COUNCIL_FUTURES: Final = 10  # the answers live each future up to ten times


def warm(tell: Tell) -> None:
    """Load what every run needs, compiling it the first time."""
    plan = Plan(mix={"debt_relief": 1.0}, budget_eur_per_year=5e6, start="2022-02", end="2022-12")
    scenario = Scenario(name="warm", years=1, sample=200, plan=plan)
    place, parameters, settled = settled_start(scenario)
    for keeps_books in (False, True):  # they are compiled apart
        live_worlds(scenario, place, parameters, 1, settled, keeps_books, ("without", "with"))
    tell("warm")


def first_sample(scenario: Scenario) -> int:
    """One in how many households is enough for a first line about a plan."""
    place: Place = load_place(scenario.place)
    wijken = scenario.plan.all_wijken if scenario.plan else ()
    households = place.january_households.iloc[-1].to_numpy()[place.covering(wijken)].sum()
    wanted = max(round(float(households) / FIRST_HOUSEHOLDS), 1)
    capacities = scenario.plan.capacity.values() if scenario.plan else ()
    return int(min([wanted, *(most for most in capacities if most)]))


def first_line(content: Mapping[str, Any], tell: Tell) -> None:
    """What a plan comes to with middle values, in its own neighbourhoods, in a sample."""
    scenario = Scenario.of(content)
    sample = first_sample(scenario)
    tell("stage", ("first", 0, 1))
    account = run_future(scenario.model_copy(update={"sample": sample}), 0).account
    tell(
        "line",
        {
            "sample": sample,
            "invested_eur": float(account.invested.sum()),
            "returned_eur": dict(zip(PAYERS, account.returned.sum(axis=0).tolist(), strict=True)),
            "payback_months": {view: account.payback_months(view) for view in VIEWS},
            "deepest_eur": {view: account.deepest_eur(view) for view in VIEWS},
        },
    )


def full(content: Mapping[str, Any], folder: str, kept: str, lang: str, tell: Tell) -> None:
    """Run a scenario; its result is there after the middle run, its band fills in after that.

    Parameters
    ----------
    content
        The scenario.
    folder
        Where results lie that aren't complete yet.
    kept
        Where a complete result is kept.
    lang
        Language of mistakes.
    tell
        Hears of every stage, and where a result lies.
    """
    scenario, began = Scenario.of(content), time.monotonic()

    def heard(what: str, done: int, total: int) -> None:
        tell("stage", (what, done, total))

    central = run(scenario.model_copy(update={"futures": 1}), heard, workers=2)
    outcome = replace(central, scenario=scenario)
    last = scenario.futures if scenario.plan is not None else 0
    for number in range(1, last):
        if number == 1 or number in SHOWN_AT:
            _show(outcome, f"{folder}/{number}", began, lang, tell)
        tell("stage", ("futures", number, last))
        more = run_futures(scenario, [number], None, lambda *told: tell("alive"))
        outcome = replace(outcome, futures=(*outcome.futures, *more))
    _show(outcome, kept, began, lang, tell)


def _show(outcome: Any, there: str, began: float, lang: str, tell: Tell) -> None:
    tell("stage", ("writing", 0, 1))
    done = destination(outcome.scenario, there, lang)
    if (done / MANIFEST).is_file():  # somebody else ran the same meanwhile; it is the same
        tell("result", (str(done), max(len(outcome.futures), 1)))
        return
    written = write(outcome, there, time.monotonic() - began, lang, figures=False)
    tell("result", (str(written), max(len(outcome.futures), 1)))


def figure(folder: str, name: str, lang: str, tell: Tell) -> None:
    """Draw one figure of a result."""
    draw_figure(load(folder, lang), name, lang)


def comparison(folders: list[str], lang: str, there: str, tell: Tell) -> None:
    """Draw the balances of several results in one figure."""
    tell("drawn", draw_comparison([load(one, lang) for one in folders], lang, Path(there)))


def council(content: Mapping[str, Any], there: str, lang: str, tell: Tell) -> None:
    """Answer the council's questions for a scenario, in both languages."""
    scenario = Scenario.of(content)
    few = scenario.model_copy(update={"futures": min(scenario.futures, COUNCIL_FUTURES)})
    given = answers(few, lambda *told: tell("stage", told))
    _keep(there, {one: _printed(print_answers, given, one) for one in LANGUAGES}, tell)


def worth_a_look(folder: str, there: str, lang: str, tell: Tell) -> None:
    """Find households of a result that are worth a look."""
    found = suggest(folder, lang, lambda *told: tell("stage", told))
    _keep(there, {"suggestions": [[str(one.household), one.why] for one in found]}, tell)


def life(folder: str, household: str, there: str, lang: str, tell: Tell) -> None:
    """Tell one household's life in both worlds, in both languages."""
    told = explain(folder, household, lang, lambda *heard: tell("stage", heard))
    _keep(there, {one: _printed(print_life, told, one) for one in LANGUAGES}, tell)


def _printed(show: Callable[..., None], what: Any, lang: str) -> list[Part]:
    screen = Screen()
    show(screen, what, lang)
    return screen.parts


def _keep(there: str, content: Mapping[str, Any], tell: Tell) -> None:
    Path(there).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    tell("parts", there)


def horizon(scenario: Scenario) -> int:
    """Last year of a run."""
    return 1900 + (month_number(scenario.start) + scenario.months() - 1) // 12


TASKS: Final[Mapping[str, Callable[..., None]]] = {
    "warm": warm, "line": first_line, "full": full, "figure": figure, "council": council,
    "suggest": worth_a_look, "life": life, "comparison": comparison,
}  # fmt: skip
