"""Households that begin: children who leave home, couples who part, people who move in (process 2).

All of it happens between months. A newcomer's identity derives from its parent and the event,
so that it is the same in every world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siexsim import draws
from siexsim import household as hh
from siexsim.draws import stable_number
from siexsim.parameters import Parameters

LEAVING_EVENT, SEPARATION_EVENT, MOVING_EVENT = 1, 9, 16
STAYS, STUDIES, TEMPLATE, TRAITS, FIRST_JOB = range(draws.ARRIVAL_FIRST, draws.ARRIVAL_FIRST + 5)


@dataclass(frozen=True)
class Movers:
    """Who moves in: like who lives in the neighbourhood at the start, the mobile ones likelier.

    `templates` are households of the start, `chances` their cumulative chance within the
    neighbourhood, `begins` the first template of each neighbourhood (one more at the end).
    """

    templates: Any
    chances: NDArray[np.float64]
    begins: NDArray[np.int64]
    keys: NDArray[np.uint64]
    start: int


def movers(households: Any, codes: tuple[str, ...], start: int, parameters: Parameters) -> Movers:
    """Prepare the templates of moving in from the households of the start."""
    templates = np.asarray(households)  # fields of a plain array are quicker to reach
    if (np.diff(templates["wijk"]) < 0).any():
        templates = templates[np.argsort(templates["wijk"], kind="stable")]
    age = (start - templates["birth"][:, 0]) // 12
    weight = np.select(
        [age < 22, age < 30, age < 45],
        [parameters.value(f"arrivals.{name}") for name in ("under_22", "under_30", "under_45")],
        parameters.value("arrivals.from_45"),
    ) * (templates["state"] == hh.PRESENT)
    begins = np.searchsorted(templates["wijk"], np.arange(len(codes) + 1))
    total = np.cumsum(weight)
    before = np.concatenate([[0.0], total])[begins]
    span = np.maximum(np.diff(before), 1e-12)
    chances = (total - before[templates["wijk"]]) / span[templates["wijk"]]
    keys = np.array([stable_number(code) for code in codes], np.uint64)
    return Movers(templates, chances, begins, keys, start)


def thin(wanted: NDArray[np.int64], sample: int) -> NDArray[np.int64]:
    """Households per neighbourhood of a sample of one in `sample`, rounded to whole ones."""
    return np.rint(wanted / sample).astype(np.int64)


def move_in(
    who: Movers, counts: NDArray[np.int64], seed: int, month: int, price_index: float = 1.0
) -> Any:
    """Make `counts` households a neighbourhood that move in this month; a record array.

    What they own and owe is of the start, so it goes up with prices.
    """
    wijken = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(wijken)) - np.repeat(np.cumsum(counts) - counts, counts)
    ids = draws.derive(who.keys[wijken] + number.astype(np.uint64), month, MOVING_EVENT)
    u = draws.uniform(seed, ids, month, TEMPLATE)
    chosen = np.empty(len(wijken), np.int64)
    for wijk in np.flatnonzero(counts):
        a, b = who.begins[wijk], who.begins[wijk + 1]
        here = wijken == wijk
        chosen[here] = np.minimum(a + np.searchsorted(who.chances[a:b], u[here]), b - 1)
    new = who.templates[chosen]
    new["id"] = ids
    new["came"] = month
    for money in ("savings", "debt"):
        new[money] = (new[money] * price_index).astype(np.int64)
    for births in ("birth", "child_birth"):
        new[births] = np.where(
            new[births] == hh.NO_BIRTH, hh.NO_BIRTH, new[births] + month - who.start
        )
    return new


def leave_home(parents: Any, seed: int, month: int, p: Parameters) -> Any:
    """Take the leaving child out of each parent's record; return the households they start here.

    The child's schooling comes from its development, and it was raised poor if its parents were
    poor for a long time (P15, P16).
    """
    child = parents["leaving_child"].astype(np.int64)
    n = np.arange(len(parents))
    ids = draws.derive(parents["id"], month, LEAVING_EVENT)
    development = parents["development"][n, child].copy()
    births = parents["child_birth"][n, child].copy()
    parents["child_birth"][n, child] = hh.NO_BIRTH
    parents["development"][n, child] = 0.0
    parents["leaving_child"] = -1
    parents["kids"] -= 1
    new = _fresh(ids, parents, seed, month)
    new["birth"][:, 0] = births
    schooling = (development >= p.value("children.middle_school_line")).astype(int)
    schooling += development >= p.value("children.high_school_line")
    new["education"][:, 0] = schooling
    studies = draws.uniform(seed, ids, month, STUDIES) < p.value("life.leaver_studies_share")
    studies &= schooling >= hh.MIDDLE
    new["student"] = studies
    works = draws.uniform(seed, ids, month, FIRST_JOB) < p.value("arrivals.first_job_share")
    new["position"][:, 0] = np.where(studies, hh.STUDENT, np.where(works, hh.FLEX, hh.NO_INCOME))
    pay = np.array([p.value(f"arrivals.first_pay_{word}_eur") for word in hh.EDUCATIONS])
    new["earnings"][:, 0] = pay[schooling] * 100
    new["tenure"] = hh.PRIVATE_RENT
    new["raised_poor"] = parents["months_poor"] >= p.value("arrivals.raised_poor_months")
    stays = draws.uniform(seed, ids, month, STAYS) < p.value("life.leaver_stays_share")
    return new[stays]


def part(couples: Any, seed: int, month: int) -> Any:
    """Split each couple: the second adult starts a household here with half of the savings."""
    ids = draws.derive(couples["id"], month, SEPARATION_EVENT)
    new = _fresh(ids, couples, seed, month)
    for name in (
        "birth",
        "education",
        "position",
        "earnings",
        "pension",
        "months_without_work",
        "ww_left",
        "hours",
    ):
        new[name][:, 0] = couples[name][:, 1]
        couples[name][:, 1] = hh.NO_BIRTH if name == "birth" else 0
    half = couples["savings"] // 2
    couples["savings"] -= half
    new["savings"] = half
    new["tenure"] = np.where(couples["tenure"] == hh.OWNER, hh.PRIVATE_RENT, couples["tenure"])
    on_welfare = new["position"][:, 0] == hh.WELFARE
    new["position"][on_welfare, 0] = hh.NO_INCOME
    couples["separating"] = 0
    return new


def _fresh(ids: NDArray[np.uint64], origin: Any, seed: int, month: int) -> Any:
    # a household of one adult with the traits of its own identity and its origin's whereabouts
    new = np.asarray(hh.empty(len(ids)))
    new["id"] = ids
    new["state"] = hh.PRESENT
    new["came"] = month
    for name in ("wijk", "weight", "stress", "claims_allowances", "claims_welfare"):
        new[name] = origin[name]
    trait = draws.uniform(seed, ids, month, TRAITS)
    new["resilience"] = trait
    new["readiness"] = 1.0 - trait
    new["employability"] = origin["employability"]
    return new
