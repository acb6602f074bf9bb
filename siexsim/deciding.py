"""What a plan decides on what it measured: stages, where its money goes, what it invests again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siexsim import household as hh
from siexsim.household import month_number, month_text
from siexsim.monitoring import Measured, measure
from siexsim.plan import Go

if TYPE_CHECKING:
    from siexsim.course import Course


@dataclass(frozen=True)
class Decision:
    """What a plan decided in a month, and what it rested on.

    `what` is "stage:" with what was measured, "learning" or "revolving"; `about` the wijken, the
    intervention or the month; `value` what was measured (euros for "revolving") over `people`.
    """

    month: int
    what: str
    about: str
    value: float
    people: int
    yes: bool


def measured(course: Course, kind: int, month: int) -> Measured:
    """What the plan's own design says of an intervention now."""
    return measure(
        course.cohort.panel, kind, course.plan.monitoring, month, course.parameters, course.seed
    )


def decide(course: Course, month: int, followed: bool) -> None:
    """All decisions of a month; `followed` tells whether anybody can be measured."""
    _open_stages(course, month)
    first = month_number(course.plan.start)
    if month % 12 == 0 and month > first and followed:
        if course.plan.allocation == "learning":
            _learn(course, month)
        if course.plan.revolving_share > 0:
            _revolve(course, month)


def _open_stages(course: Course, month: int) -> None:
    """A stage opens at its date, or in a later January, once the one before it is open."""
    for number, stage in enumerate(course.plan.stages):
        start = month_number(stage.start)
        due = month == start or (month > start and month % 12 == 0)
        ready = number == 0 or course.opened[number - 1]
        if not due or not ready or course.opened[number]:
            continue
        if stage.go is None or _go(course, stage.go, month, ", ".join(stage.wijken)):
            course.opened[number] = True
            course.open |= course.place.covering(stage.wijken)
            if stage.budget_eur_per_year is not None:
                course.yearly_eur = stage.budget_eur_per_year


def _go(course: Course, rule: Go, month: int, where: str) -> bool:
    value, people = _value_of(course, rule.measured, month)
    yes = people > 0 and value >= rule.at_least
    course.decisions.append(Decision(month, f"stage:{rule.measured}", where, value, people, yes))
    return yes


def _value_of(course: Course, what: str, month: int) -> tuple[float, int]:
    """One measured value over all interventions, weighted by who was measured; and how many."""
    if what == "completed":
        over = course.starts[course.starts["end"] >= 0]
        done = over["outcome"] == hh.COMPLETED
        return (float(done.mean()) if len(over) else math.nan), len(over)
    values, people = [], []
    for kind in range(course.helps.count):
        found = measured(course, kind, month)
        names = {"stress": "stress", "out_of_poverty": "poor"}
        value = found.effect[names[what]] if what in names else per_euro(course, kind, found)
        if found.people and not math.isnan(value):
            values.append(value)
            people.append(found.people)
    total = sum(people)
    return (float(np.average(values, weights=people)) if total else math.nan), total


def per_euro(course: Course, kind: int, found: Measured) -> float:
    """Public euros a year per euro of help, as measured."""
    starts: Any = course.starts
    over = starts[(starts["kind"] == kind) & (starts["end"] >= 0)]
    cents = over["cents"].mean() if len(over) else course.full_price_cents(kind)
    return found.effect["public_eur"] / max(float(cents) / 100 * course.overhead, 1.0)


def _learn(course: Course, month: int) -> None:
    """Move part of the budget to what measured best per euro (B9)."""
    values, people = np.full(course.helps.count, -np.inf), np.zeros(course.helps.count, int)
    for kind in range(course.helps.count):
        found = measured(course, kind, month)
        value, people[kind] = per_euro(course, kind, found), found.people
        if found.people * course.weight >= course.parameters.value("help.learning_people"):
            values[kind] = -np.inf if math.isnan(value) else value
    if np.isfinite(values).sum() < 2:  # the only one measured isn't the best for that
        return
    best = int(values.argmax())
    moved = course.parameters.value("help.learning_share")
    course.shares *= 1 - moved
    course.shares[best] += moved
    course.purse[:] = course.purse.sum() * course.shares
    name = course.plan.interventions[best]
    course.decisions.append(
        Decision(month, "learning", name, float(values[best]), int(people[best]), True)
    )


def _revolve(course: Course, month: int) -> None:
    """Invest part of what the municipality measured to have gained last year (B7)."""
    gained = 0.0
    for kind in range(course.helps.count):
        starts = course.starts["start"][course.starts["kind"] == kind].astype(int)
        # what was measured holds for the months it was measured in, as far as these are last year's
        until = np.minimum(month, starts + course.plan.monitoring.months)
        years = np.maximum(until - np.maximum(month - 12, starts), 0).sum() / 12
        value = measured(course, kind, month).effect["municipality_eur"]
        gained += 0.0 if math.isnan(value) else value * float(years)
    again_cents = max(0.0, gained) * course.plan.revolving_share * course.weight * 100
    course.receive(again_cents)
    course.decisions.append(
        Decision(month, "revolving", month_text(month), again_cents / 100, 0, again_cents > 0)
    )
