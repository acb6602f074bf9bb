"""What the model says about each target: one small function each.

A quantity is read off a hindcast, at the date and by the definition of what was published, or as
near to these as the model comes; ``targets.toml`` says how near that is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from calibration.hindcast import MONTHS, PLACE, Hindcast
from siexsim import household as hh
from siexsim.census import LONG_POOR_MONTHS
from siexsim.place import load_place

Flags = NDArray[np.bool_]

LOW_INCOME: Final = 1.05  # definition: the CBS threshold lies 4 to 6% above the norm in 2019


# ---- helpers: a share over a year, and who is who in a January ---------------------------------


def share(lived: Hindcast, part: str, whole: str, year: int) -> float:
    """A count over another, both over the twelve months of a year."""
    months = f"{year}-01", f"{year}-12"
    return over(lived.counted(part, *months), lived.counted(whole, *months))


def over(part: float, whole: float) -> float:
    """A share; not a number where the whole is empty."""
    return part / whole if whole > 0 else float("nan")


def among(group: Flags, basis: Flags) -> float:
    """Share of a group in a basis."""
    return over(float((group & basis).sum()), float(basis.sum()))


def _adults(people: Any) -> NDArray[np.int64]:
    return hh.adults(people)


def persons_of(people: Any) -> NDArray[np.int64]:
    """Persons in each household."""
    return _adults(people) + people["kids"]


def others(people: Any) -> Flags:
    """Everybody but student households, as in the statistics of poverty."""
    return np.asarray(people["student"] == 0)


# ---- C1-C3: the margins ------------------------------------------------------------------------


def households(lived: Hindcast) -> float:
    """Private households in January 2022."""
    return lived.counted("households", "2022-01") * lived.weight


def inhabitants(lived: Hindcast) -> float:
    """Persons in private households in January 2022."""
    return lived.counted("persons", "2022-01") * lived.weight


def one_person(lived: Hindcast) -> float:
    """Share of all households, students included, that are one person."""
    people = lived.januaries[2022]
    return float((persons_of(people) == 1).mean())


def without_children(lived: Hindcast) -> float:
    """Share of all households with two adults and no children."""
    people = lived.januaries[2022]
    return float(((_adults(people) == 2) & (people["kids"] == 0)).mean())


def with_children(lived: Hindcast) -> float:
    """Share of all households with children."""
    return float((lived.januaries[2022]["kids"] > 0).mean())


def worst_wijk(lived: Hindcast) -> float:
    """Largest relative distance between the households of a wijk and those published, 2022."""
    made = lived.census["households"][lived.months("2022-01")][0] * lived.weight
    published = load_place(PLACE).margins["households"].to_numpy(float)
    return float(np.abs(made / published - 1.0).max())


# ---- C4-C7: how many are poor, for how long, and who -------------------------------------------


def _of_year(lived: Hindcast, year: int, ratio: float, kind: Callable[[Any], Flags]) -> float:
    """Share with a yearly income up to this ratio, of a kind of households that were there."""
    people = lived.januaries[year + 1]
    known = others(people) & ~np.isnan(people["year_ratio"]) & kind(people)
    return among(people["year_ratio"] <= ratio, known)


def minima(lived: Hindcast, year: int = 2019, ratio: float = 1.10) -> float:
    """Non-student households with a yearly income up to a ratio of the social minimum."""
    return _of_year(lived, year, ratio, others)


def long_term_minima(lived: Hindcast) -> float:
    """Minima that have been minima for four years or more, of all minima, 2019."""
    return share(lived, "long_poor_households", "poor_households", 2019)


def long_term_low_income(lived: Hindcast) -> float:
    """Of the low incomes in January 2018 and 2019, those in a spell of four years or more.

    The spell is that under 110%, for want of a clock at 105%.
    """
    shares = []
    for year in (2018, 2019):
        people = lived.januaries[year]
        low = others(people) & (people["ratio"] <= LOW_INCOME)
        shares.append(among(people["months_poor"] >= LONG_POOR_MONTHS, low))
    return float(np.mean(shares))


def _risk(lived: Hindcast, kind: Callable[[Any], Flags]) -> float:
    """Yearly income up to 105%, mean of 2019 and 2020: one year of a sample has few of a kind."""
    return float(np.mean([_of_year(lived, year, LOW_INCOME, kind) for year in (2019, 2020)]))


def risk_one_parent(lived: Hindcast) -> float:
    """Up to 105% among one-parent households, around 2020."""
    return _risk(lived, lambda people: (_adults(people) == 1) & (people["kids"] > 0))


def risk_one_person(lived: Hindcast) -> float:
    """Up to 105% among one-person households that aren't students, around 2020."""
    return _risk(lived, lambda people: persons_of(people) == 1)


def risk_couple(lived: Hindcast) -> float:
    """Up to 105% among couples, with and without children, around 2020."""
    return _risk(lived, lambda people: _adults(people) == 2)


# ---- C8-C12: welfare and flows -----------------------------------------------------------------


def welfare_households(lived: Hindcast, month: str) -> float:
    """Households on welfare in a month."""
    return lived.counted("welfare_households", month) * lived.weight


def long_on_welfare(lived: Hindcast) -> float:
    """On welfare for more than five years, of all on welfare, October 2022."""
    part = lived.counted("long_welfare_households", "2022-10")
    return over(part, lived.counted("welfare_households", "2022-10"))


def welfare_outflow(lived: Hindcast) -> float:
    """Welfare that ends in 2022 and 2023 for any reason, of the caseload, per year."""
    flows = lived.flows[lived.months("2022-01", "2023-12")]
    return MONTHS * over(float(flows["ended"].sum()), float(flows["on_welfare"].sum()))


def _incomes_of(lived: Hindcast, years: range) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Year ratios of households that were there in all these years, a column a year; and persons.

    Income of a year, as the statistics take it, so that a month or two don't count as a way out.
    Students of the last year are left out; persons are those of the first.
    """
    januaries = [lived.januaries[year + 1] for year in years]
    kept = januaries[-1]["id"][others(januaries[-1])]
    for people in januaries:
        kept = np.intersect1d(kept, people["id"][~np.isnan(people["year_ratio"])])
    rows = [np.intersect1d(people["id"], kept, return_indices=True)[1] for people in januaries]
    ratios = [people["year_ratio"][at] for people, at in zip(januaries, rows, strict=True)]
    return np.column_stack(ratios), persons_of(januaries[0][rows[0]])


def exit_from_low_income(lived: Hindcast) -> float:
    """Persons with a low yearly income who have none the year after; 2016-17 to 2018-19."""
    left = stock = 0.0
    for year in (2016, 2017, 2018):
        ratios, persons = _incomes_of(lived, range(year, year + 2))
        low = ratios[:, 0] <= LOW_INCOME
        stock += float(persons[low].sum())
        left += float(persons[low & (ratios[:, 1] > LOW_INCOME)].sum())
    return over(left, stock)


def relapse_in_inflow(lived: Hindcast) -> float:
    """Of the persons whose yearly income becomes low, those who had one earlier in the hindcast.

    Inflow of 2021-2023; a low income two to five years before the year without is seen as earlier.
    """
    again = inflow = 0.0
    for year in (2021, 2022, 2023):
        ratios, persons = _incomes_of(lived, range(year - 5, year + 1))
        low = ratios <= LOW_INCOME
        enters = low[:, -1] & ~low[:, -2]
        inflow += float(persons[enters].sum())
        again += float(persons[enters & low[:, :-2].any(axis=1)].sum())
    return over(again, inflow)


# ---- C13-C15: what the poor live on, debts, strain ---------------------------------------------


def raised_poor(lived: Hindcast) -> float:
    """Minima whose first adult grew up poor, January 2022."""
    people = lived.januaries[2022]
    return among(people["raised_poor"] == 1, people["poor"] == 1)


def poor_on_welfare(lived: Hindcast) -> float:
    """Minima on welfare, January 2022."""
    people = lived.januaries[2022]
    return among(people["on_welfare"] == 1, people["poor"] == 1)


def poor_at_work(lived: Hindcast) -> float:
    """Minima with an adult at work, 2022."""
    return share(lived, "working_poor_households", "poor_households", 2022)


def problematic_debts(lived: Hindcast) -> float:
    """Adults in non-student households with problematic debts, 2024."""
    return share(lived, "problematic_debt_adults", "base_adults", 2024)


def hard_for_minima(lived: Hindcast, year: int) -> float:
    """Minima who can hardly make ends meet."""
    return share(lived, "poor.hard_to_make_ends_meet", "poor.base_households", year)


def hard_for_others(lived: Hindcast, year: int) -> float:
    """Others who can hardly make ends meet."""
    months = f"{year}-01", f"{year}-12"
    hard, whole = (
        lived.counted(name, *months) - lived.counted(f"poor.{name}", *months)
        for name in ("hard_to_make_ends_meet", "base_households")
    )
    return over(hard, whole)


def hard_for_all(lived: Hindcast, year: int) -> float:
    """Everybody who can hardly make ends meet."""
    return share(lived, "hard_to_make_ends_meet", "base_households", year)


# ---- the council's own terms -------------------------------------------------------------------


def persons_under(lived: Hindcast, ratio: float) -> float:
    """Persons in non-student households with income up to this ratio, January 2022."""
    people = lived.januaries[2022]
    poor = others(people) & (people["ratio"] <= ratio)
    return float(persons_of(people)[poor].sum()) * lived.weight


# ---- the definition of CBS, SCP and Nibud ------------------------------------------------------


def poor_by_definition(people: Any) -> tuple[Flags, Flags]:
    """Who is poor by the definition of 2024, and of whom it is known, in the year before."""
    known = others(people) & ~np.isnan(people["year_money"])
    short = people["year_money"] < people["year_needs"]
    return known & short & (people["savings"] < MONTHS * people["year_needs"]), known


def _of_budget_poor(lived: Hindcast, group: Callable[[Any], Flags]) -> float:
    people = lived.januaries[2025]
    poor, _ = poor_by_definition(people)
    persons = persons_of(people)
    return over(float(persons[poor & group(people)].sum()), float(persons[poor].sum()))


def budget_poor_on_welfare(lived: Hindcast) -> float:
    """Persons on welfare, of the poor by the definition of 2024, in 2024."""
    return _of_budget_poor(lived, lambda people: people["on_welfare"] == 1)


def budget_poor_at_work(lived: Hindcast) -> float:
    """Persons with an adult at work and no welfare, of the poor by the definition of 2024."""
    at_work = (hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED)
    return _of_budget_poor(
        lived,
        lambda people: (
            np.isin(people["position"], at_work).any(axis=1) & (people["on_welfare"] == 0)
        ),
    )


TARGETS: Final[dict[str, Callable[[Hindcast], float]]] = {
    "households": households,
    "inhabitants": inhabitants,
    "one_person": one_person,
    "without_children": without_children,
    "with_children": with_children,
    "worst_wijk": worst_wijk,
    "minima": minima,
    "long_term_minima": long_term_minima,
    "low_income": partial(minima, ratio=LOW_INCOME),
    "long_term_low_income": long_term_low_income,
    "risk_one_parent": risk_one_parent,
    "risk_one_person": risk_one_person,
    "risk_couple": risk_couple,
    "welfare_2021": partial(welfare_households, month="2021-10"),
    "welfare_council": partial(welfare_households, month="2022-02"),
    "long_on_welfare": long_on_welfare,
    "welfare_outflow": welfare_outflow,
    "exit_from_low_income": exit_from_low_income,
    "relapse_in_inflow": relapse_in_inflow,
    "raised_poor": raised_poor,
    "poor_on_welfare": poor_on_welfare,
    "poor_at_work": poor_at_work,
    "problematic_debts": problematic_debts,
    "hard_for_minima": partial(hard_for_minima, year=2020),
    "hard_for_others": partial(hard_for_others, year=2020),
    "hard_for_all": partial(hard_for_all, year=2020),
    "persons_social_minimum": partial(persons_under, ratio=1.01),
    "persons_minima": partial(persons_under, ratio=1.10),
    "social_minimum": partial(minima, year=2022, ratio=1.01),
    "budget_poor_on_welfare": budget_poor_on_welfare,
    "budget_poor_at_work": budget_poor_at_work,
}
