"""What one course of each kind of help costs, to say beside an amount what it buys."""

from __future__ import annotations

from siexsim.course import Course
from siexsim.household import MAX_INTERVENTIONS
from siexsim.parameters import Parameters
from siexsim.place import load_place
from siexsim.plan import Plan


def prices_eur(parameters: Parameters) -> dict[str, float]:
    """Most that one course of each kind costs for one adult, overhead included, at first prices."""
    names, found = sorted(parameters.interventions), {}
    for first in range(0, len(names), MAX_INTERVENTIONS):
        some = names[first : first + MAX_INTERVENTIONS]
        mix = {name: 1.0 / len(some) for name in some}
        plan = Plan.model_validate(
            {"mix": mix, "budget_eur_per_year": 1.0}, context={"interventions": some}
        )
        course = Course(plan, load_place(), parameters, 1)
        for kind, name in enumerate(plan.interventions):
            found[name] = course.full_price_cents(kind) * course.overhead / 100
    return found
