"""Made-up interventions for tests: as strong and as cheap as a test needs them."""

from __future__ import annotations

from typing import Any

from siexsim.interventions import make_intervention
from siexsim.parameters import Parameters
from siexsim.plan import Plan

SURE = {"course_months": 1, "success_share": 1, "reach_per_month": 0.5, "take_up": 0.9,
        "price_start_eur": 500}  # fmt: skip


def offering(**offers: dict[str, Any]) -> Parameters:
    """The packaged parameters and interventions of these names; numbers as given."""
    made = []
    for name, offer in offers.items():
        numbers = {
            key: {
                "value": value, "low": value, "high": value, "unit": "share", "source": "made up",
                "grade": "D", "used_in": "tests", "meaning": key, "betekenis": key, "fixed": True,
            }
            for key, value in {**SURE, **offer.get("numbers", {})}.items()
        }  # fmt: skip
        content = {
            "title": name, "titel": name, "words": name, "woorden": name,
            "eligible": offer.get("eligible", ["poor"]), "channels": ["partner", "welfare"],
            "demand_led": False, "grade": "D", "numbers": numbers,
        }  # fmt: skip
        made.append(make_intervention(content, name, "tests"))
    return Parameters.packaged().with_interventions(made)


def planned(parameters: Parameters, **content: Any) -> Plan:
    """A plan that may use the interventions of these parameters."""
    return Plan.model_validate(content, context={"interventions": list(parameters.interventions)})
