"""Help as data: who is eligible, is found, says yes, waits and starts (process 9).

What happens in the course of help is a rule of the household's month (``rules/course.py``);
here is what goes on between households: queues and budgets.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from siexsim import draws
from siexsim import household as hh
from siexsim.compiled import kernel, rule
from siexsim.errors import UserError, did_you_mean
from siexsim.parameters import Parameter, Parameters, first_fault, read_table

# Conditions that an intervention may ask of a household; all named ones must hold.
CONDITIONS: Final = ("debts", "poor", "high_stress", "welfare", "unfit_home", "children")
DEBTS, POOR, HIGH_STRESS, WELFARE, UNFIT_HOME, CHILDREN = (1 << k for k in range(6))

# Numbers an intervention may have; what its file leaves out is neutral.
NUMBERS: Final[Mapping[str, float]] = {
    "course_months": 6.0, "success_share": 1.0, "price_start_eur": 0.0, "price_month_eur": 0.0,
    "pays_claims_eur": 0.0, "reach_per_month": 0.0, "take_up": 0.0, "relief_housing": 0.0,
    "relief_money": 0.0, "relief_wellbeing": 0.0, "relief_education": 0.0, "relief_work": 0.0,
    "relief_heaviest": 0.0, "relief_others": 0.0, "fade_per_year": 0.5, "fixes_home": 0.0,
    "settles_debts": 0.0, "find_early_factor": 1.0, "find_late_factor": 1.0,
    "find_late_from_months": 0.0, "find_lasts_months": 0.0,
}  # fmt: skip

OFFER: Final = np.dtype(
    [(name, "f8") for name in NUMBERS] + [("needs", "i8"), ("demand_led", "i8"), ("slot", "i8")],
    align=True,
)
HELPS: Final = np.dtype([("count", "i8"), ("offers", OFFER, (hh.MAX_INTERVENTIONS,))], align=True)


class Intervention(BaseModel):
    """One kind of help, as its data file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    titel: str
    words: str
    woorden: str
    eligible: tuple[
        Literal["debts", "poor", "high_stress", "welfare", "unfit_home", "children"], ...
    ]
    demand_led: bool
    grade: Literal["A", "B", "C", "D"]
    parameters: tuple[Parameter, ...]

    @property
    def needs(self) -> int:
        """The conditions as bits."""
        return sum(1 << CONDITIONS.index(word) for word in self.eligible)


def read_intervention(text: str, name: str, origin: str) -> Intervention:
    """Read an intervention from TOML; `origin` names the file in errors."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{origin}: not valid TOML: {error}") from error
    numbers = read.pop("numbers", {})
    if not isinstance(numbers, dict):
        raise UserError(f"{origin}: numbers: tables such as [numbers.take_up] are needed")
    unknown = [key for key in numbers if key not in NUMBERS]
    if unknown:
        raise UserError(
            f"{origin}: unknown number '{unknown[0]}'{did_you_mean(unknown[0], NUMBERS)}"
        )
    try:
        return Intervention(name=name, parameters=tuple(read_table(numbers, name, origin)), **read)
    except (ValidationError, TypeError) as error:
        said = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(f"{origin}: {said}") from error


@cache
def interventions() -> Mapping[str, Intervention]:
    """The interventions that come with the program, by name."""
    found = {}
    folder = files("siexsim") / "data" / "interventions"
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".toml"):
            name = path.name.removesuffix(".toml")
            found[name] = read_intervention(path.read_text(encoding="utf-8"), name, path.name)
    return found


def compiled(names: Iterable[str], parameters: Parameters) -> Any:
    """The interventions as one record for the rules, ``offers`` in the order of `names`."""
    helps = np.zeros(1, HELPS).view(np.recarray)
    for k, name in enumerate(names):
        offer = helps["offers"][0, k]
        for number, neutral in NUMBERS.items():
            key = f"{name}.{number}"
            offer[number] = parameters.value(key) if key in parameters.entries else neutral
        offer["needs"] = interventions()[name].needs
        offer["demand_led"] = interventions()[name].demand_led
        # draws of an intervention don't depend on what else a plan offers
        offer["slot"] = draws.HELP_FIRST + 8 * list(interventions()).index(name)
        helps["count"] = k + 1
    return helps[0]


@rule
def conditions(h: Any, p: Any) -> int:
    """The conditions that a household meets now, as bits."""
    met = 0
    if h.debt_state == hh.ARREARS or h.debt_state == hh.PROBLEMATIC:
        met |= DEBTS
    if h.poor == 1:
        met |= POOR
    if h.on_welfare == 1:
        met |= WELFARE
    if h.home == hh.UNFIT or h.home == hh.THREATENED:
        met |= UNFIT_HOME
    if h.kids > 0:
        met |= CHILDREN
    for d in range(len(hh.DOMAINS)):
        if h.stress[d] > p.services.high_stress:
            met |= HIGH_STRESS
    return met


@rule
def acceptance(h: Any, take_up: float, p: Any) -> float:
    """Chance to say yes when found: falls with shame and with stress (rows M23, G09; A9)."""
    stress = (h.stress[0] + h.stress[1] + h.stress[2] + h.stress[3] + h.stress[4]) * 0.2
    chance = take_up * (1.0 + p.help.readiness_weight * (h.readiness - 0.5))
    return chance - p.help.reach_stress_slope * max(0.0, stress - p.stress.ordinary) * take_up


@kernel
def seek(
    households: Any, rows: Any, where: Any, helps: Any, p: Any, seed: Any, month: int, waiting: Any
) -> int:
    """Find eligible households and list who waits as (row, intervention); returns how many."""
    count = 0
    for j in range(len(rows)):
        h = households[rows[j]]
        if h.student == 1 or not where[h.wijk]:
            continue
        met = conditions(h, p)
        for k in range(helps.count):
            offer = helps.offers[k]
            state = h.help[k]
            if state == hh.UNTOUCHED and (met & offer.needs) == offer.needs:
                slot = offer.slot
                if draws.one(seed, h.id, month, slot + draws.HELP_REACH) < offer.reach_per_month:
                    said = draws.one(seed, h.id, month, slot + draws.HELP_ACCEPT)
                    if said < acceptance(h, offer.take_up, p):
                        h.help[k] = hh.WAITING
                        h.help_months[k] = 0
                        state = hh.WAITING
            elif state == hh.WAITING:
                h.help_months[k] += 1
                gave_up = h.help_months[k] > p.help.longest_wait_months
                if gave_up or (met & offer.needs) != offer.needs:
                    h.help[k] = hh.UNTOUCHED
                    h.help_months[k] = 0
                    state = hh.UNTOUCHED
            if state == hh.WAITING and count < len(waiting):
                waiting[count, 0] = rows[j]
                waiting[count, 1] = k
                count += 1
    return count
