"""One run of a sweep, in a worker: two worlds of one future, and what came of them.

Runs of one future follow each other, so a worker keeps the settled households of the last future
and its world without the plan; they are the same for every plan in the same neighbourhoods.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar

import numpy as np

from siexsim.household import Households
from siexsim.model import settle
from siexsim.parameters import Parameters
from siexsim.place import Place, load_place
from siexsim.run import (
    World,
    account_of,
    future_parameters,
    future_seed,
    live_worlds,
    made_households,
)
from siexsim.scenario import Scenario
from siexsim.sweep.levers import MOVED, NUMBERS_OF, PRICE, STRENGTH, scaled
from siexsim.sweep.outcomes import outcomes_of

KEPT: Final = 2  # worlds without a plan (calm and rough, say) and settled populations
Made = TypeVar("Made")
_mine = threading.local()


def simulate(task: Mapping[str, Any]) -> dict[str, float]:
    """Outcomes of the run that is asked, by name.

    `future` has its luck, `numbers` is the future whose numbers it has; 0 are the middle ones.
    """
    _settle_down()
    scenario = Scenario.of(task["scenario"])
    assert scenario.plan is not None
    place, seed = load_place(scenario.place), future_seed(scenario, task["future"])
    parameters = numbers(scenario, task)
    settled = begin(scenario, place, parameters, seed)
    without = live_without(scenario, place, parameters, seed, settled)
    world = live_worlds(
        scenario, place, parameters, seed, settled, scenario.plan.needs_books, ("with",)
    )["with"]
    return outcomes_of(without, world, account_of(without, world, parameters, scenario))


@cache
def _settle_down() -> None:
    """Once a process: what is loaded stays, so it is never searched for waste again."""
    gc.freeze()


def numbers(scenario: Scenario, task: Mapping[str, Any]) -> Parameters:
    """The parameters that are asked, with what the study sets in their place."""
    lived = future_parameters(scenario, task[NUMBERS_OF], task[MOVED])
    return scaled(lived, task[STRENGTH], task[PRICE])


def begin(scenario: Scenario, place: Place, parameters: Parameters, seed: int) -> Households:
    """Settled households, in the neighbourhoods that the plan covers."""
    covered = place.covering(scenario.plan.all_wijken if scenario.plan else ())

    def make() -> Households:
        made = made_households(scenario, place)
        return settle(place, parameters, seed, made=made, only=covered, start=scenario.start)

    return _kept("settled", _key(scenario, parameters, seed, covered), make)


def live_without(
    scenario: Scenario, place: Place, parameters: Parameters, seed: int, settled: Households
) -> World:
    """The world without the plan; its households are let go, nobody looks at them again."""
    covered = place.covering(scenario.plan.all_wijken if scenario.plan else ())
    shocks = json.dumps([one.model_dump(mode="json") for one in scenario.shocks])
    key = (*_key(scenario, parameters, seed, covered), scenario.years, shocks)

    def make() -> World:
        world = live_worlds(scenario, place, parameters, seed, settled, False, ("without",))
        return replace(world["without"], households=settled[:0], books=None)

    return _kept("without", key, make)


def _key(
    scenario: Scenario, parameters: Parameters, seed: int, covered: np.ndarray[Any, Any]
) -> tuple[Any, ...]:
    """All that a life without help depends on, but its length and the shocks."""
    lived = tuple(
        one.value for one in parameters.values() if one.theme not in parameters.interventions
    )
    place = (scenario.place, scenario.start, scenario.seed, scenario.sample, scenario.calibrated)
    return (*place, seed, tuple(covered.tolist()), lived)


def _kept(what: str, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
    shelf: dict[tuple[Any, ...], Made] = _mine.__dict__.setdefault(what, {})
    if key not in shelf:
        while len(shelf) >= KEPT:
            del shelf[next(iter(shelf))]
        shelf[key] = make()
    return shelf[key]
