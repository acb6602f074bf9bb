"""The worlds that the council's questions need: futures, a crisis, ways of knowing, the city."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import pandas as pd

from siexsim.account import Account
from siexsim.council.figures import YEAR, figures_of
from siexsim.household import month_number, month_text
from siexsim.knowledge import knowledge_of_future, with_plan
from siexsim.model import settle
from siexsim.place import load_place
from siexsim.plan import Plan
from siexsim.run import (
    TRIAL,
    Outcome,
    Progress,
    account_of,
    future_parameters,
    future_seed,
    live_worlds,
    made_households,
    settled_future,
)
from siexsim.scenario import Scenario
from siexsim.shocks import Shock

CRISIS: Final = "labour_market"
EXTENSION_YEARS: Final = 7  # the council's own example: what land developments got after 2008
MOST_EXTRA: Final = 10  # futures that also live a crisis, a trial, and the whole city
MOST_KNOWING: Final = 3  # futures that are lived under every way of knowing; seven worlds each
CITY_SAMPLE: Final = 10  # the whole city at one household in so many; the plan's wijken in full


@dataclass(frozen=True)
class Seen:
    """One future: its figures and account, and its accounts without and with a crisis."""

    number: int
    figures: dict[str, float]
    account: Account
    crisis: Account | None = None


@dataclass(frozen=True)
class Looked:
    """Everything that the answers are taken from.

    `futures` has one row a future with the figures of `siexsim.council.figures`; `knowledge` the
    rows of `knowledge_of_future`; `city` one row a future of the whole municipality without a plan.
    """

    scenario: Scenario
    futures: pd.DataFrame
    seen: tuple[Seen, ...]
    knowledge: pd.DataFrame
    city: pd.DataFrame

    @property
    def accounts(self) -> list[Account]:
        """The account of every future."""
        return [one.account for one in self.seen]


def in_crisis(scenario: Scenario) -> Scenario:
    """The scenario with a recession in the second year of the plan, if it has none yet.

    Its plan may then be extended; where it didn't agree for how long, by `EXTENSION_YEARS`.
    """
    plan = scenario.plan
    assert plan is not None
    if not plan.extension_years:
        scenario = with_plan(scenario, plan.changed(extension_years=EXTENSION_YEARS))
    if any(shock.kind == CRISIS for shock in scenario.shocks):
        return scenario
    last = month_number(scenario.start) + scenario.months() - 1
    begins = min(month_number(plan.start) + YEAR, last)
    shock = Shock(kind=CRISIS, start=month_text(begins))
    return scenario.model_copy(update={"shocks": (*scenario.shocks, shock)})


def needs_crisis(scenario: Scenario) -> bool:
    """Whether the crisis is a world besides the scenario's own."""
    return all(shock.kind != CRISIS for shock in scenario.shocks)


def look_at(scenario: Scenario, number: int) -> Seen:
    """One future in the neighbourhoods of the plan."""
    place, plan = load_place(scenario.place), scenario.plan
    assert plan is not None
    parameters, seed, settled = settled_future(scenario, number)
    extra = number < MOST_EXTRA
    names = ["without", "with", *([TRIAL] if extra and plan.measures else [])]
    worlds = live_worlds(scenario, place, parameters, seed, settled, True, names)
    account = account_of(worlds["without"], worlds["with"], parameters, scenario)
    outcome = Outcome(
        scenario, place, worlds["without"], worlds["with"], account, (), trial=worlds.get(TRIAL)
    )
    crisis = None
    if extra and needs_crisis(scenario):
        other = in_crisis(scenario)
        kept = plan.needs_books
        both = live_worlds(other, place, parameters, seed, settled, kept, ("without", "with"))
        crisis = account_of(both["without"], both["with"], parameters, other)
    return Seen(number, figures_of(outcome, settled), account, crisis)


def look_at_city(scenario: Scenario, number: int) -> dict[str, float]:
    """The whole municipality without a plan: people in poverty and what they lack."""
    place, sample = load_place(scenario.place), max(CITY_SAMPLE, scenario.sample)
    parameters, seed = future_parameters(scenario, number), future_seed(scenario, number)
    made = made_households(scenario, place, sample)
    settled = settle(place, parameters, seed, made=made, start=scenario.start)
    world = live_worlds(scenario, place, parameters, seed, settled, False, ("without",))["without"]
    poor = world.census["poor_persons"].sum(axis=1) * world.weight
    gap = world.census["poor_gap_cents"].sum(axis=1) * world.weight / 100
    return {
        "city_poor_before": float(poor[0]),
        "city_poor_after": float(poor[-YEAR:].mean()),
        "city_gap_eur": float(gap[-YEAR:].sum()),
    }


def _do(task: tuple[str, Scenario, int]) -> Any:
    kinds: dict[str, Callable[[Scenario, int], Any]] = {
        "knowing": knowledge_of_future, "future": look_at, "city": look_at_city,
    }  # fmt: skip
    kind, scenario, number = task
    return kinds[kind](scenario, number)


def look(scenario: Scenario, progress: Progress, workers: int = 1) -> Looked:
    """Live everything that the answers need; the outcome doesn't depend on `workers`."""
    plan: Plan | None = scenario.plan
    count = scenario.futures
    wanted = {
        "knowing": range(1, min(MOST_KNOWING, count) + 1) if plan is not None else range(0),
        "future": range(count) if plan is not None else range(0),
        "city": range(min(MOST_EXTRA, count)),
    }
    tasks = [(kind, scenario, number) for kind, numbers in wanted.items() for number in numbers]
    progress("futures", 0, len(tasks))
    found: dict[str, list[Any]] = {kind: [] for kind in wanted}

    def heard(results: Any) -> None:
        for done, (task, result) in enumerate(zip(tasks, results, strict=True), 1):
            found[task[0]].append(result)
            progress("futures", done, len(tasks))

    if workers > 1 and len(tasks) > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            heard(executor.map(_do, tasks))
    else:
        heard(map(_do, tasks))
    return Looked(
        scenario,
        pd.DataFrame([one.figures for one in found["future"]]),
        tuple(found["future"]),
        pd.DataFrame([row for rows in found["knowing"] for row in rows]),
        pd.DataFrame(found["city"]),
    )
