"""All households of a place at the start, one to one, fitted to what is published.

>>> from siexsim.place import load_place
>>> population = synthesise(load_place("groningen"), seed=1, sample=100)
>>> population.sample
100
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd

from siexsim import circumstances, draws, livelihoods, schooling
from siexsim import household as hh
from siexsim.draws import stable_number
from siexsim.errors import UserError
from siexsim.margins import rake, targets, whole_types
from siexsim.parameters import Parameters
from siexsim.people import People, identities, settle
from siexsim.place import Place
from siexsim.population_fit import fit_table

START: Final = "2022-01"  # month of the margins, and of the made population
THEME: Final = "population"
SHARED: Final = (
    "housing.large_family_children",
    "income.poverty_ratio",
    "income.ww_share",
    "income.disability_share",
    "income.disability_floor_share",
    "income.student_eur_per_month",
    "income.welfare_capital_family_factor",
    "income.welfare_capital_limit_eur",
    "life.adult_years",
    "life.early_pension_years",
    "life.pension_age_years",
    "money.problematic_debt_eur",
    "money.problematic_claims",
    "money.arrangement_months_before_2023",
    "work.ww_months",
)
SAMPLING: Final = draws.POPULATION_FIRST + 1  # slot: where the sampling starts

_LARGEST_SAMPLE = 32000  # bound of the field `weight`


@dataclass(frozen=True, eq=False)
class Population:
    """Households at the start of a run.

    Attributes
    ----------
    households
        Record array of ``siexsim.household``; a copy that is yours to change.
    sample
        Every record stands for this many households.
    fit
        How the full population compares with what is published; one row a margin and wijk, with
        `kind` "fitted", "steered" or "outcome" (see ``siexsim.population_fit``).
    """

    households: hh.Households
    sample: int
    fit: pd.DataFrame


def synthesise(
    place: Place, seed: int, parameters: Parameters | None = None, sample: int = 1
) -> Population:
    """Make the households of a place at January 2022.

    The full population is made once per place, seed and parameters; a sample is taken from it.

    Parameters
    ----------
    place
        The municipality.
    seed
        Key of all draws.
    parameters
        Numbers to use; those of the package if not given. Only the theme "population" and the
        few shared with the rules of income matter.
    sample
        Keep one household in so many, spread evenly over wijken, kinds, ages and incomes.

    Raises
    ------
    UserError
        When `sample` is not a whole number from 1 up, or no population fits the margins.
    """
    if sample != int(sample) or not 1 <= sample <= _LARGEST_SAMPLE:
        raise UserError(f"sample {sample}: a whole number from 1 to {_LARGEST_SAMPLE} is needed")
    given = parameters if parameters is not None else Parameters.packaged()
    keys = sorted(k for k in given if k.startswith(f"{THEME}.") or k in SHARED)
    full, fit = _full(place, seed, tuple((key, given.value(key)) for key in keys))
    households = full.copy() if sample == 1 else full[_sampled(full, seed, int(sample))]
    households["weight"] = sample
    return Population(households.view(np.recarray), int(sample), fit.copy())


@lru_cache(maxsize=2)
def _full(
    place: Place, seed: int, values: tuple[tuple[str, float], ...]
) -> tuple[hh.Households, pd.DataFrame]:
    people = _make(place, seed, dict(values))
    people.households.setflags(write=False)
    return people.households, fit_table(people)


def _namespaces(values: dict[str, float]) -> tuple[SimpleNamespace, SimpleNamespace]:
    own = {k.partition(".")[2]: v for k, v in values.items() if k.startswith(f"{THEME}.")}
    shared: dict[str, Any] = {k.partition(".")[2]: v for k, v in values.items() if k in SHARED}
    return SimpleNamespace(**own), SimpleNamespace(**shared, **livelihoods.norms(START))


def _make(place: Place, seed: int, values: dict[str, float]) -> People:
    p, rules = _namespaces(values)
    month = hh.month_number(START)
    goal = targets(place, month, p)
    rows = whole_types(place, rake(place, goal, p), goal.households, seed)
    types = np.concatenate(rows)
    households = hh.empty(len(types))
    households["id"] = identities(place, goal.households)
    households["wijk"] = np.repeat(np.arange(len(rows)), goal.households)
    people = People(place, seed, month, p, rules, households)
    settle(people, types)
    circumstances.arrive(people)
    schooling.educate(people)
    livelihoods.employ(people)
    livelihoods.pay(people)
    livelihoods.house(people)
    livelihoods.grant_welfare(people)
    circumstances.save(people)
    livelihoods.claim(people)
    livelihoods.earn(people)
    circumstances.owe(people)
    circumstances.spend_time(people)
    circumstances.characterise(people)
    circumstances.live(people)
    return people


def _sampled(full: hh.Households, seed: int, sample: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One in `sample` households, evenly over wijk, kind, age and income; in the full order."""
    kind = 2 * hh.adults(full) + (hh.children(full) > 0)
    order = np.lexsort(
        (
            full["ratio"],
            full["birth"][:, 0] // 60,
            full["poor"],
            kind,
            full["student"],
            full["wijk"],
        )
    )
    key = np.array([stable_number(f"sample {sample}")], np.uint64)
    start = int(draws.uniform(seed, key, 0, SAMPLING)[0] * sample)
    return np.sort(order[start::sample])
