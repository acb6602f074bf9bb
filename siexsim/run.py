"""Running a scenario: worlds side by side under the same draws, and many futures."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Event
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim import draws
from siexsim.account import Account, open_account
from siexsim.context import month_context
from siexsim.course import Course
from siexsim.household import Households, month_number
from siexsim.ledger import Ledger
from siexsim.model import SiexModel, settle
from siexsim.monitoring import ranking_of
from siexsim.parameters import Parameters
from siexsim.place import Place, load_place
from siexsim.plan import Plan
from siexsim.population import Population, synthesise
from siexsim.rules.stress import damped
from siexsim.scenario import Scenario
from siexsim.shocks import impact

# Which worlds a run has: whether with the plan, and whether under the shocks.
WORLDS: Final = {
    "calm_without": (False, False), "calm_with": (True, False),
    "without": (False, True), "with": (True, True),
}  # fmt: skip
TRIAL: Final = "trial"  # with the plan as a waiting-list trial, in the neighbourhoods it covers
MOST_FOLLOWED: Final = 100_000  # as `Monitoring` allows
Progress = Callable[[str, int, int], None]  # what is going on, done, of how many


def _silent(what: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class World:
    """One world of a run after its last month.

    `census` has shape (months, wijken), unweighted; multiply counts by `weight`. `books` holds
    the running sums per household, aligned with `households`.
    """

    start: int
    weight: int
    census: Any
    ledger: Ledger
    households: Households
    books: Any
    course: Course | None


@dataclass(frozen=True)
class Future:
    """What one future says about a plan: its account, no households."""

    number: int
    seed: int
    account: Account


@dataclass(frozen=True)
class Outcome:
    """Everything that a run brought: its worlds with central numbers, and the futures.

    `without` and `with_plan` live under the scenario's shocks; where it has any, the calm
    worlds live without them.
    """

    scenario: Scenario
    place: Place
    without: World
    with_plan: World | None
    account: Account | None
    futures: tuple[Future, ...]
    calm_without: World | None = None
    calm_with: World | None = None
    trial: World | None = None

    @property
    def worlds(self) -> dict[str, World]:
        """The worlds that were run, by their name in `WORLDS`."""
        named = (self.calm_without, self.calm_with, self.without, self.with_plan)
        return {name: world for name, world in zip(WORLDS, named, strict=True) if world is not None}


def future_parameters(
    scenario: Scenario, future: int, moved: Mapping[str, float] | None = None
) -> Parameters:
    """Parameters of one future; links between domains are damped where they would run away.

    `moved` are numbers in the place of those that the future drew.
    """
    return damped(scenario.future(future).with_(moved or {}))


def made_households(scenario: Scenario, place: Place, sample: int | None = None) -> Population:
    """The households from which all futures of a scenario start, made with its central numbers."""
    parameters = future_parameters(scenario, 0)
    return synthesise(place, scenario.seed, parameters, sample or scenario.sample)


def future_seed(scenario: Scenario, future: int) -> int:
    """Seed of one future; future 0 is the scenario's own."""
    if future == 0:
        return scenario.seed
    number = draws.derive(np.array([scenario.seed], np.uint64), future, draws.FUTURE_FIRST)
    return int(number[0] >> np.uint64(1))


def live(model: SiexModel, months: int, progress: Progress = _silent, what: str = "") -> World:
    """Let a model live so many months and keep what it leaves."""
    for month in range(months):
        model.step()
        progress(what, month + 1, months)
    if model.course is not None:
        model.course.follow(model.households, model.month)
    return World(
        start=model.start,
        weight=model.sample,
        census=np.array(model.census_by_month).view(np.recarray),
        ledger=model.ledger(),
        households=model.households,
        books=model.books,
        course=model.course,
    )


def as_trial(plan: Plan, weight: int) -> Plan:
    """The plan, rolled out as a waiting-list trial.

    In a sample as many simulated households draw lots as real ones would, so that the trial is
    as large as it says.
    """
    followed = min(plan.monitoring.followed * weight, MOST_FOLLOWED)
    how = plan.monitoring.model_copy(update={"design": "trial", "followed": followed})
    return plan.changed(monitoring=how)


def begin_world(
    scenario: Scenario, place: Place, parameters: Parameters, seed: int, settled: Households,
    name: str, keep_books: bool = True,
) -> SiexModel:  # fmt: skip
    """A world of `WORLDS` before its first month.

    A plan with perfect knowledge is lived first with a fixed mix; what help returned in that
    world, against the twins, is what it knows.
    """
    planned, shocked = WORLDS.get(name, (True, True))
    plan = scenario.plan if planned else None
    if plan is not None and name == TRIAL:
        plan = as_trial(plan, int(settled["weight"][0]))
        settled = settled[place.covering(plan.all_wijken)[settled["wijk"]]]
    ranking: tuple[str, ...] = ()
    if plan is not None and plan.allocation == "perfect":
        first = scenario.model_copy(update={"plan": plan.changed(allocation="fixed")})
        model = begin_world(first, place, parameters, seed, settled, name)
        ranking = ranking_of(live(model, scenario.months()))
    return SiexModel(
        place, plan=plan, rng=seed, parameters=parameters, start=scenario.start, settled=settled,
        keep_books=keep_books, ranking=ranking, shocks=scenario.shocks if shocked else (),
    )  # fmt: skip


def price_path(start: int, months: int, parameters: Parameters) -> NDArray[np.float64]:
    """Prices of every month of a run; 2022-01 is 1."""
    return np.array([month_context(start + k, 0, parameters).price_index for k in range(months)])


def live_worlds(
    scenario: Scenario, place: Place, parameters: Parameters, seed: int,
    settled: Households, keep_books: bool, names: Sequence[str], threads: int = 1,
    progress: Progress = _silent,
) -> dict[str, World]:  # fmt: skip
    """Worlds of `WORLDS` by name, from the same settled households and under the same draws.

    They share nothing that any of them changes, and the rules run outside Python's lock; so
    with several threads they live side by side, and come out the same.
    """
    given_up = Event()

    def heard(what: str, done: int, total: int) -> None:
        if given_up.is_set():  # the program was told to stop while other worlds still live
            raise InterruptedError(what)
        progress(what, done, total)

    def one(name: str) -> World:
        model = begin_world(scenario, place, parameters, seed, settled, name, keep_books)
        world = live(model, scenario.months(), heard, name)
        del model
        gc.collect()  # a Mesa model is a cycle of references; its templates are large
        return world

    if threads == 1 or len(names) == 1:
        return {name: one(name) for name in names}
    with ThreadPoolExecutor(min(threads, len(names))) as executor:
        try:
            return dict(zip(names, executor.map(one, names), strict=True))
        except BaseException:
            given_up.set()
            raise


def crisis_months(scenario: Scenario, parameters: Parameters) -> NDArray[np.bool_]:
    """Months of a run in which a shock costs people their work."""
    first = month_number(scenario.start)
    months = [impact(scenario.shocks, first + k, parameters) for k in range(scenario.months())]
    return np.array([one.unemployment > 1 or one.lose > 1 or one.find < 1 for one in months])


def account_of(
    without: World, with_plan: World, parameters: Parameters, scenario: Scenario
) -> Account:
    """The account of a plan from its two worlds."""
    prices = price_path(without.start, without.ledger.months, parameters)
    difference = with_plan.ledger.minus(without.ledger)
    crisis = crisis_months(scenario, parameters)
    return open_account(difference, parameters, prices, scenario.plan, crisis)


def settled_future(scenario: Scenario, number: int) -> tuple[Parameters, int, Households]:
    """Numbers, seed and households of one future, in the neighbourhoods that the plan covers.

    Homes that help gives are then missed in these neighbourhoods alone, and not in the whole
    municipality; nothing else differs elsewhere.
    """
    place = load_place(scenario.place)
    parameters, seed = future_parameters(scenario, number), future_seed(scenario, number)
    wijken = place.covering(scenario.plan.all_wijken if scenario.plan else ())
    made = made_households(scenario, place)
    return (
        parameters,
        seed,
        settle(place, parameters, seed, made=made, only=wijken, start=scenario.start),
    )


def run_future(scenario: Scenario, number: int) -> Future:
    """One future, in the neighbourhoods that the plan covers."""
    parameters, seed, settled = settled_future(scenario, number)
    assert scenario.plan is not None
    worlds = live_worlds(
        scenario, load_place(scenario.place), parameters, seed, settled,
        scenario.plan.needs_books, ("without", "with"),
    )  # fmt: skip
    account = account_of(worlds["without"], worlds["with"], parameters, scenario)
    return Future(number, seed, account)


def _pool(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def run_futures(
    scenario: Scenario, numbers: Iterable[int], executor: Executor | None, progress: Progress
) -> list[Future]:
    """Run futures in order, in this process or on any executor."""
    numbers = list(numbers)
    futures = []
    if numbers:
        progress("futures", 0, len(numbers))  # said before the first of them is ready
    if executor is None:
        results: Iterable[Future] = (run_future(scenario, number) for number in numbers)
    else:
        results = executor.map(run_future, [scenario] * len(numbers), numbers)
    for done, future in enumerate(results, 1):
        futures.append(future)
        progress("futures", done, len(numbers))
    return futures


def settled_start(
    scenario: Scenario, progress: Progress = _silent
) -> tuple[Place, Parameters, Households]:
    """Place, central numbers and households from which the worlds of a scenario begin."""
    place, parameters = load_place(scenario.place), future_parameters(scenario, 0)
    if scenario.plan is not None:
        place.covering(scenario.plan.all_wijken)  # a misspelt one is said before anything is run
    progress("households", 0, 1)
    settled = settle(place, parameters, scenario.seed, scenario.sample, start=scenario.start)
    progress("households", 1, 1)
    return place, parameters, settled


def run(scenario: Scenario, progress: Progress = _silent, workers: int = 1) -> Outcome:
    """Run a scenario: its worlds with central numbers at full detail, then its futures.

    The result doesn't depend on `workers`. Future 0 is the central run itself.
    """
    place, parameters, settled = settled_start(scenario, progress)
    names = [
        name
        for name, (planned, shocked) in WORLDS.items()
        if (shocked or scenario.shocks) and not (planned and scenario.plan is None)
    ]
    if scenario.plan is not None and scenario.plan.measures:
        names.append(TRIAL)
    worlds = live_worlds(
        scenario, place, parameters, scenario.seed, settled, True, names, workers, progress
    )
    account, futures = None, []
    if scenario.plan is not None:
        account = account_of(worlds["without"], worlds["with"], parameters, scenario)
        futures = [Future(0, scenario.seed, account)]
        others = range(1, scenario.futures)
        if workers > 1 and len(others) > 1:
            with _pool(workers) as executor:
                futures += run_futures(scenario, others, executor, progress)
        else:
            futures += run_futures(scenario, others, None, progress)
    return Outcome(
        scenario, place, worlds["without"], worlds.get("with"), account, tuple(futures),
        worlds.get("calm_without"), worlds.get("calm_with"), worlds.get(TRIAL),
    )  # fmt: skip
