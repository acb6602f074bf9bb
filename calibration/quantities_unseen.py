"""What the model says about what the fit doesn't see: hold-outs, and the placebo's drift.

As in ``quantities_targets``, whose terms it shares; ``holdouts.toml`` says how near a quantity is
to what was published.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from calibration.hindcast import PLACE, Hindcast
from calibration.quantities_targets import (
    LOW_INCOME,
    Flags,
    among,
    hard_for_all,
    hard_for_minima,
    hard_for_others,
    minima,
    others,
    over,
    persons_of,
    poor_by_definition,
    share,
    welfare_households,
)
from siexsim import household as hh
from siexsim.place import load_place

THREE_YEARS: Final = 36
YEAR: Final = 12


# ---- V1: the definition of CBS, SCP and Nibud --------------------------------------------------


def poor_by_budget(lived: Hindcast, year: int) -> float:
    """Persons, of all inhabitants, who are poor by the definition of 2024.

    Poor is who has less in a year, allowances among it, than the needs of its kind of household
    at the prices of that year, and savings under a year of these needs. The needs are those of the
    rules of money: 1,510 EUR a month for a single in 2023, as published, rent and energy among it.
    Rents and energy of the household itself aren't known. Who wasn't there all year counts as
    those who were; students count as inhabitants, not as poor.
    """
    people = lived.januaries[year + 1]
    poor, known = poor_by_definition(people)
    persons = persons_of(people)
    risk = over(float(persons[poor].sum()), float(persons[known].sum()))
    return risk * float(persons[others(people)].sum()) / float(persons.sum())


def change_by_budget(lived: Hindcast, year: int) -> float:
    """Relative change of poverty by the definition of 2024 since the year before."""
    before = poor_by_budget(lived, year - 1)
    return over(poor_by_budget(lived, year), before) - 1.0


# ---- V3-V8 -------------------------------------------------------------------------------------


def exit_by_duration(lived: Hindcast) -> float:
    """Leaving welfare within a year: on it under a year, over on it more than three years."""
    left, stock = np.zeros(2), np.zeros(2)
    for year in range(2016, 2024):
        now, later = lived.januaries[year], lived.januaries[year + 1]
        on = now["on_welfare"] == 1
        still = np.isin(now["id"], later["id"][later["on_welfare"] == 1])
        months = now["months_on_welfare"]
        for k, group in enumerate((on & (months < YEAR), on & (months > THREE_YEARS))):
            stock[k] += group.sum()
            left[k] += (group & ~still).sum()
    short, long = (over(float(left[k]), float(stock[k])) for k in (0, 1))
    return over(short, long)


TOP: Final = ("Oud-Noord", "Noordwest", "Oosterparkwijk")
BOTTOM: Final = ("Meerstad", "Haren-West", "Glimmen-Onnen-Noordlaren", "Meerdorpen")


def _ranked(lived: Hindcast) -> list[int]:
    """Wijken from the largest share of minima to the smallest, 2019."""
    months = lived.months("2019-01", "2019-12")
    minima, whole = (
        lived.census[name][months].sum(axis=0) for name in ("under_110", "base_households")
    )
    rates = minima / np.maximum(whole, 1)
    return [int(k) for k in np.argsort(-rates, kind="stable")]


def poorest_wijken(lived: Hindcast) -> float:
    """How many of the three wijken published as poorest are among the four poorest."""
    top = _ranked(lived)[:4]
    return float(sum(load_place(PLACE).wijk(name) in top for name in TOP))


def rich_wijken_missed(lived: Hindcast) -> float:
    """How many of the four wijken known as rich aren't among the last six."""
    last = _ranked(lived)[-6:]
    return float(sum(load_place(PLACE).wijk(name) not in last for name in BOTTOM))


def ends_meet_rise(lived: Hindcast, of: Callable[..., float]) -> float:
    """Rise of those who can hardly make ends meet from 2020 to 2022."""
    return of(lived, year=2022) - of(lived, year=2020)


def long_term_rise(lived: Hindcast) -> float:
    """Change of the share of long-term minima among households from 2017 to 2019."""
    shares = [share(lived, "long_poor_households", "base_households", y) for y in (2017, 2019)]
    return shares[1] - shares[0]


def minima_rise(lived: Hindcast) -> float:
    """Change of the share of minima from 2017 to 2019."""
    return minima(lived, 2019) - minima(lived, 2017)


def right_signs(lived: Hindcast) -> float:
    """1 where long-term poverty rose and poverty fell from 2017 to 2019, else 0."""
    return float(long_term_rise(lived) > 0 > minima_rise(lived))


def _in_debt(lived: Hindcast, has_length: Callable[[Any], Flags]) -> float:
    shares = []
    for year in (2018, 2019):
        people = lived.januaries[year]
        problematic = people["debt_state"] >= hh.PROBLEMATIC
        shares.append(among(has_length(people["months_in_debt"]), problematic))
    return float(np.mean(shares))


def long_in_debt(lived: Hindcast) -> float:
    """Three years or more in problematic debts, of those in them, January 2018 and 2019."""
    return _in_debt(lived, lambda months: months >= THREE_YEARS)


def new_in_debt(lived: Hindcast) -> float:
    """Under a year in problematic debts, of those in them, January 2018 and 2019."""
    return _in_debt(lived, lambda months: months < YEAR)


def poverty_of_raised_poor(lived: Hindcast) -> float:
    """Low income among those raised poor, over that of all, January 2020."""
    people = lived.januaries[2020]
    low = people["ratio"] <= LOW_INCOME
    raised = others(people) & (people["raised_poor"] == 1)
    return over(among(low, raised), among(low, others(people)))


# ---- the placebo: five calm years from 2022 ----------------------------------------------------


AGES: Final = (25, 35, 55, 67)  # bounds of the groups of people that stay alike


def _alike(people: Any, year: int) -> NDArray[np.int64]:
    """Number of the group of a household: age, schooling and childhood of the first adult, kind."""
    age = (year - 1900) - people["birth"][:, 0] // YEAR
    alone = people["birth"][:, 1] == hh.NO_BIRTH
    kind = np.where(alone, (people["kids"] > 0).astype(np.int64), 2)
    group = np.digitize(age, AGES) * len(hh.EDUCATIONS) + people["education"][:, 0]
    return np.asarray((group * 3 + kind) * 2 + people["raised_poor"], np.int64)


def drift(lived: Hindcast, has: Callable[[Any], Flags]) -> float:
    """Relative change of a share of households from 2022 to 2026, among people who stay alike.

    The generations bring more schooling and fewer poor childhoods; that is an outside path, so the
    groups of the end are weighed as in the beginning. Each year is its January and the next.
    """
    sums = []
    for years in ((2022, 2023), (2026, 2027)):
        made = [(year, lived.januaries[year][others(lived.januaries[year])]) for year in years]
        group = np.concatenate([_alike(people, year) for year, people in made])
        flags = np.concatenate([has(people) for _, people in made])
        size = (len(AGES) + 1) * len(hh.EDUCATIONS) * 6
        sums.append((np.bincount(group, minlength=size), np.bincount(group, flags, minlength=size)))
    (whole, part), (later_whole, later_part) = sums
    both = (whole > 0) & (later_whole > 0)
    expected = whole[both] * later_part[both] / later_whole[both]
    return over(float(expected.sum()), float(part[both].sum())) - 1.0


def plain_drift(lived: Hindcast, part: str, whole: str) -> float:
    """Relative change of a share from 2022 to 2026, whoever the people are."""
    return over(share(lived, part, whole, 2026), share(lived, part, whole, 2022)) - 1.0


HOLDOUTS: Final[dict[str, Callable[[Hindcast], float]]] = {
    "poor_by_budget_2022": partial(poor_by_budget, year=2022),
    "change_by_budget_2022": partial(change_by_budget, year=2022),
    "change_by_budget_2023": partial(change_by_budget, year=2023),
    "change_by_budget_2024": partial(change_by_budget, year=2024),
    "welfare_2017": partial(welfare_households, month="2017-06"),
    "welfare_2022": partial(welfare_households, month="2022-10"),
    "exit_by_duration": exit_by_duration,
    "poorest_wijken": poorest_wijken,
    "rich_wijken_missed": rich_wijken_missed,
    "ends_meet_rise_minima": partial(ends_meet_rise, of=hard_for_minima),
    "ends_meet_rise_others": partial(ends_meet_rise, of=hard_for_others),
    "ends_meet_rise_all": partial(ends_meet_rise, of=hard_for_all),
    "long_term_rise": long_term_rise,
    "minima_rise": minima_rise,
    "right_signs": right_signs,
    "long_in_debt": long_in_debt,
    "new_in_debt": new_in_debt,
    "poverty_of_raised_poor": poverty_of_raised_poor,
    "drift_minima": partial(drift, has=lambda people: people["poor"] == 1),
    "drift_welfare": partial(drift, has=lambda people: people["on_welfare"] == 1),
    "drift_debts": partial(drift, has=lambda people: people["debt_state"] >= hh.PROBLEMATIC),
    "plain_drift_minima": partial(plain_drift, part="under_110", whole="base_households"),
    "plain_drift_welfare": partial(plain_drift, part="welfare_households", whole="base_households"),
    "plain_drift_debts": partial(plain_drift, part="problematic_debt_adults", whole="base_adults"),
}
