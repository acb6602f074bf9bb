"""Rules as plain Python on one household: quick to call, easy to step through.

`tests/test_identities.py` and `test_month.py` hold that the compiled month gives the same bits.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from siexsim import household as hh
from siexsim import items
from siexsim.context import month_context
from siexsim.draws import SLOTS
from siexsim.help import HELPS, compiled
from siexsim.household import month_number
from siexsim.items import Till
from siexsim.parameters import Parameters

NOW = month_number("2024-01")

_made: dict[Any, Any] = {}
_spaces: dict[str, dict[str, Any]] = {}


def plain(function: Callable[..., Any], **replaced: Any) -> Callable[..., Any]:
    """The Python behind a compiled rule, with all the rules it calls plain as well.

    `replaced` puts other constants in place of those of its file.
    """
    code = getattr(function, "py_func", function)
    if replaced:
        space = {**_space(code.__module__), **replaced}
        return types.FunctionType(code.__code__, space, code.__name__, code.__defaults__)
    if code not in _made:
        space = _spaces.setdefault(code.__module__, dict(vars(sys.modules[code.__module__])))
        _made[code] = types.FunctionType(code.__code__, space, code.__name__, code.__defaults__)
        _space(code.__module__)
    return _made[code]


def _space(module: str) -> dict[str, Any]:
    space = _spaces.setdefault(module, dict(vars(sys.modules[module])))
    for name, value in list(space.items()):
        if hasattr(value, "py_func"):
            space[name] = plain(value)
    return space


def someone(**fields: Any) -> Any:
    """A single of 42 with a steady job, some savings and ordinary stress; `fields` differ."""
    h = hh.empty(1)[0]
    h.id = 12345
    h.state = hh.PRESENT
    h.birth[0] = NOW - 42 * 12
    h.education[0] = hh.MIDDLE
    h.position[0] = hh.PERMANENT
    h.earnings[0] = 240_000
    h.tenure = hh.CORPORATION
    h.savings = 400_000
    h.resilience = 0.5
    h.readiness = 0.5
    h.stress[:] = 0.3
    h.claims_welfare = 1
    h.claims_allowances = 1
    h.ratio = 2.0
    for name, value in fields.items():
        if hh.HOUSEHOLD[name].shape:
            h[name][: np.size(value)] = value
        else:
            h[name] = value
    h.kids = int((h.child_birth != hh.NO_BIRTH).sum())
    return h


def a_couple(**fields: Any) -> Any:
    """Two adults of 42 and 41 who both work."""
    both = {
        "birth": [NOW - 42 * 12, NOW - 41 * 12], "position": [hh.PERMANENT, hh.FLEX],
        "education": [hh.MIDDLE, hh.MIDDLE], "earnings": [240_000, 180_000],
    }  # fmt: skip
    return someone(**{**both, **fields})


def luck(**slots: float) -> tuple[float, ...]:
    """The draws of a month: a half everywhere but in the slots named, such as BILL=0.9."""
    from siexsim import draws

    values = [0.5] * SLOTS
    for name, value in slots.items():
        values[getattr(draws, name)] = value
    return tuple(values)


def a_till() -> Till:
    return Till(items.lines(1)[0], items.lines(1)[0])


def booked(till: Till, item: int) -> int:
    """Cents on one line; the household's own books agree with the neighbourhood's."""
    assert till.wijk.cents[item] == till.own.cents[item]
    return int(till.wijk.cents[item])


def crowd(count: int, seed: int = 5, month: int = NOW) -> Any:
    """Random households whose records hold together, of all sorts and states."""
    rng = np.random.default_rng(seed)
    people = hh.empty(count)
    people["id"] = rng.integers(0, 2**64, count, np.uint64)
    people["state"] = hh.PRESENT
    people["resilience"] = rng.random(count)
    people["readiness"] = rng.random(count)
    people["stress"] = rng.random((count, 5))
    people["savings"] = rng.exponential(300_000, count).astype(int)
    people["education"] = rng.integers(0, 3, (count, 2))
    people["birth"] = month - rng.integers(18 * 12, 95 * 12, (count, 2))
    people["student"] = rng.random(count) < 0.1
    young = month - rng.integers(18 * 12, 29 * 12, (count, 2))
    people["birth"] = np.where(people["student"][:, None] == 1, young, people["birth"])
    paired = rng.random(count) < 0.5
    people["position"] = rng.choice([0, 1, 2, 3, 4, 6], (count, 2))
    people["earnings"] = rng.integers(0, 400_000, (count, 2))
    people["ww_left"] = np.where(people["position"] == hh.WW, rng.integers(1, 25, (count, 2)), 0)
    people["months_without_work"] = rng.integers(0, 60, (count, 2))
    people["position"][people["student"] == 1] = hh.STUDENT
    for name in ("birth", "position", "earnings", "ww_left", "months_without_work"):
        people[name][~paired, 1] = hh.NO_BIRTH if name == "birth" else 0
    kids = rng.integers(0, 5, count) * (rng.random(count) < 0.4)
    ages = rng.integers(0, 25 * 12, (count, 4))
    there = np.arange(4) < kids[:, None]
    people["child_birth"] = np.where(there, month - ages, hh.NO_BIRTH)
    people["development"] = np.where(there, rng.normal(size=(count, 4)), 0.0)
    people["kids"] = kids
    people["tenure"] = rng.integers(0, 3, count)
    people["home"] = np.where(
        people["tenure"] == hh.OWNER, rng.integers(0, 2, count), rng.integers(0, 4, count)
    )
    owing = rng.random(count) < 0.5
    people["debt"] = np.where(owing, rng.exponential(800_000, count).astype(int) + 1, 0)
    people["claims"] = np.where(owing, rng.integers(1, 20, count), 0)
    people["debt_state"] = np.where(owing, rng.integers(1, 4, count), hh.NO_DEBT)
    people["arrangement_left"] = np.where(
        people["debt_state"] == hh.ARRANGEMENT, rng.integers(1, 19, count), 0
    )
    people["claims_welfare"] = rng.random(count) < 0.65
    people["claims_allowances"] = rng.random(count) < 0.8
    return people


def hold_together(people: Any) -> None:
    """Say whether records hold together: who isn't there has nothing, children are counted."""
    alone = people["birth"][:, 1] == hh.NO_BIRTH
    for name in ("position", "earnings", "pension", "ww_left", "months_without_work", "hours"):
        assert (people[name][alone, 1] == 0).all(), name
    assert (people["birth"][:, 0] != hh.NO_BIRTH).all()
    assert (people["kids"] == hh.children(people)).all()
    nobody = people["child_birth"] == hh.NO_BIRTH
    assert (people["development"][nobody] == 0).all()
    welfare = (people["position"] == hh.WELFARE).any(axis=1)
    assert not (welfare & (people["on_welfare"] == 0)).any()
    for field in hh.FIELDS:
        assert (people[field.name] >= field.low).all(), field.name
        assert (people[field.name] <= field.high).all(), field.name


def with_values(**changes: float) -> Any:
    """Compiled parameters with some changed; "work__find_per_year" is work.find_per_year."""
    changed = {key.replace("__", ".", 1): value for key, value in changes.items()}
    return Parameters.packaged().with_(changed).compiled()


def offers(**changes: float) -> Any:
    """One made-up intervention, neutral but for what is named, as the rules see it."""
    from siexsim.help import NUMBERS

    helps = np.zeros(1, HELPS).view(np.recarray)[0]
    for name, value in {**NUMBERS, "needs": 0, "demand_led": 0, **changes}.items():
        helps.offers[0][name] = value
    helps.count = 1
    return helps


@pytest.fixture(scope="session")
def p() -> Any:
    return Parameters.packaged().compiled()


@pytest.fixture(scope="session")
def highest() -> Any:
    """Every number at the upper end of its plausible range."""
    packaged = Parameters.packaged()
    return packaged.with_({key: one.high for key, one in packaged.items()}).compiled()


@pytest.fixture(scope="session")
def c() -> Any:
    return month_context(NOW, 3, Parameters.packaged())


@pytest.fixture(scope="session")
def nobody() -> Any:
    return compiled([], Parameters.packaged())
