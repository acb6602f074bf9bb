"""Quantities on lives made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration import quantities_targets as q
from calibration import quantities_unseen as held
from calibration.hindcast import FLOWS, KEPT, YEARLY, Hindcast
from calibration.quantities import QUANTITIES
from siexsim import household as hh
from siexsim.census import CENSUS

START = hh.month_number("2016-01")
WIJKEN = 20
_FIELDS = hh.HOUSEHOLD.fields
assert _FIELDS is not None
PERSON = np.dtype([*((n, _FIELDS[n][0]) for n in KEPT), *((n, "f8") for n in YEARLY)])


def nobody() -> Hindcast:
    months = 109
    census = np.zeros((months, WIJKEN), CENSUS)
    januaries = {year: some(0) for year in range(2016, 2026)}
    return Hindcast(START, 10, census, januaries, np.zeros(months, FLOWS))


def some(count: int, **values: Any) -> Any:
    """So many single adults of their own, each with these values."""
    people = np.zeros(count, PERSON)
    people["id"] = np.arange(count)
    people["birth"] = [600, hh.NO_BIRTH]
    people["ratio"] = people["year_ratio"] = 2.0
    for name, value in values.items():
        people[name] = value
    return people


def test_a_share_is_over_the_twelve_months_of_its_year() -> None:
    lived = nobody()
    year = lived.months("2022-01", "2022-12")
    lived.census["base_households"][:] = 100
    lived.census["welfare_households"][year, 0] = np.arange(12)  # mean 5.5 of 2,000
    assert q.share(lived, "welfare_households", "base_households", 2022) == pytest.approx(
        5.5 / 2000
    )
    lived.census["base_households"][:] = 0
    assert np.isnan(q.share(lived, "welfare_households", "base_households", 2022))


def test_minima_are_those_with_a_low_income_all_the_year() -> None:
    lived = nobody()
    ratios = [1.10, 1.11, 1.05, np.nan, 1.0]  # the last but one wasn't there all year
    lived.januaries[2020] = some(5, year_ratio=ratios, student=[0, 0, 0, 0, 1])
    assert q.minima(lived) == pytest.approx(2 / 3)
    assert QUANTITIES["low_income"](lived) == pytest.approx(1 / 3)
    assert np.isnan(q.minima(lived, 2018))


def test_welfare_is_counted_for_all_households() -> None:
    lived = nobody()
    lived.census["welfare_households"][lived.months("2021-10"), 3] = 7
    assert QUANTITIES["welfare_2021"](lived) == 70
    assert QUANTITIES["welfare_2017"](lived) == 0


def test_outflow_is_of_the_caseload_per_year() -> None:
    lived = nobody()
    lived.flows["on_welfare"][:] = 200
    lived.flows["ended"][lived.months("2022-01", "2023-12")] = 4
    assert q.welfare_outflow(lived) == pytest.approx(12 * 4 / 200)


def test_a_low_income_ends_by_the_income_of_the_year_weighted_by_persons() -> None:
    lived = nobody()
    # two poor in 2016: the one with a child gets out; a third is poor but gone the year after,
    # and a fourth wasn't there all of 2016
    lived.januaries[2017] = some(4, year_ratio=[1.0, 1.0, 1.0, np.nan], kids=[1, 0, 0, 0])
    lived.januaries[2018] = some(4, year_ratio=[1.2, 1.05, 1.0, 1.0])[[0, 1, 3]]
    assert q.exit_from_low_income(lived) == pytest.approx(2 / 3)


def test_students_are_no_exit() -> None:
    lived = nobody()
    lived.januaries[2017] = some(2, year_ratio=1.0)
    lived.januaries[2018] = some(2, year_ratio=[2.0, 1.0], student=[1, 0])
    assert q.exit_from_low_income(lived) == 0.0


def test_relapse_is_an_earlier_low_income() -> None:
    lived = nobody()
    paths = {2016: (1.0, 2.0), 2017: (2.0, 2.0), 2018: (2.0, 2.0), 2019: (2.0, 2.0)}
    paths |= {2020: (2.0, 2.0), 2021: (1.0, 1.0)}  # both become poor, the first again
    for year, ratios in paths.items():
        lived.januaries[year + 1] = some(2, year_ratio=ratios)
    assert q.relapse_in_inflow(lived) == pytest.approx(0.5)


def test_exit_by_duration() -> None:
    lived = nobody()
    months = [3, 11, 12, 36, 37, 60]  # two short, two in between, two long
    lived.januaries[2016] = some(6, on_welfare=1, months_on_welfare=months)
    # one of two short ones leaves, and one of two long ones has left the place
    later = some(6, on_welfare=[0, 1, 0, 0, 1, 1], months_on_welfare=20)
    lived.januaries[2017] = later[[0, 1, 2, 3, 4]]
    assert held.exit_by_duration(lived) == pytest.approx(0.5 / 0.5)
    lived.januaries[2016]["months_on_welfare"][3] = 37
    assert held.exit_by_duration(lived) == pytest.approx(0.5 / (2 / 3))


def test_risk_by_type_of_household() -> None:
    lived = nobody()
    people = some(6, year_ratio=[1.05, 2.0, 1.0, 1.1, 1.0, 1.0], kids=[1, 1, 0, 0, 0, 0])
    people["birth"][3:5, 1] = 600  # two couples
    people["student"][5] = 1
    lived.januaries[2020] = lived.januaries[2021] = people
    assert q.risk_one_parent(lived) == 0.5
    assert q.risk_one_person(lived) == 1.0
    assert q.risk_couple(lived) == 0.5


def test_poverty_by_budget_asks_for_both_income_and_savings() -> None:
    lived = nobody()
    people = some(5, year_needs=100.0)
    people["year_money"] = [99, 99, 100, 99, np.nan]
    people["savings"] = [1199, 1200, 0, 0, 0]
    people["student"] = [0, 0, 0, 1, 0]
    lived.januaries[2023] = people
    # one of three known is poor; four of five inhabitants aren't students
    assert held.poor_by_budget(lived, 2022) == pytest.approx(1 / 3 * 4 / 5)


def test_work_and_welfare_of_the_poor_by_budget() -> None:
    lived = nobody()
    people = some(4, year_needs=100.0, year_money=50.0)
    people["position"][:, 0] = [hh.FLEX, hh.FLEX, hh.WELFARE, hh.PENSION]
    people["on_welfare"] = [0, 1, 1, 0]
    people["kids"] = [1, 0, 0, 0]
    lived.januaries[2025] = people
    assert q.budget_poor_at_work(lived) == pytest.approx(2 / 5)
    assert q.budget_poor_on_welfare(lived) == pytest.approx(2 / 5)


def test_wijken_are_ranked_by_share_not_by_size() -> None:
    lived = nobody()
    lived.census["base_households"][:] = 100
    lived.census["under_110"][:] = np.arange(WIJKEN)
    order = held._ranked(lived)
    assert order == list(range(WIJKEN))[::-1]
    lived.census["base_households"][:, 19] = 10_000
    assert held._ranked(lived)[-1] in (0, 19)
    assert held._ranked(lived)[0] == 18


def test_signs_must_both_be_right() -> None:
    lived = nobody()
    lived.census["base_households"][:] = 100
    lived.census["long_poor_households"][:] = 10
    lived.januaries[2018] = lived.januaries[2020] = some(4, year_ratio=[1.0, 1.0, 2.0, 2.0])
    assert held.right_signs(lived) == 0.0
    year = lived.months("2019-01", "2019-12")
    lived.census["long_poor_households"][year] = 11
    assert held.right_signs(lived) == 0.0
    lived.januaries[2020] = some(4, year_ratio=[1.0, 2.0, 2.0, 2.0])
    assert held.right_signs(lived) == 1.0


def test_others_are_all_but_the_minima() -> None:
    lived = nobody()
    lived.census["base_households"][:] = 10
    lived.census["hard_to_make_ends_meet"][:] = 4
    lived.census["poor"]["base_households"][:] = 5
    lived.census["poor"]["hard_to_make_ends_meet"][:] = 3
    assert q.hard_for_minima(lived, 2020) == pytest.approx(0.6)
    assert q.hard_for_others(lived, 2020) == pytest.approx(0.2)
    assert q.hard_for_all(lived, 2020) == pytest.approx(0.4)


def test_debts_by_how_long_they_last() -> None:
    lived = nobody()
    people = some(5, debt_state=hh.PROBLEMATIC, months_in_debt=[5, 12, 36, 40, 100])
    people["debt_state"][4] = hh.ARREARS
    lived.januaries[2018] = lived.januaries[2019] = people
    assert held.long_in_debt(lived) == pytest.approx(0.5)
    assert held.new_in_debt(lived) == pytest.approx(0.25)


def test_more_schooling_is_no_drift_but_more_poverty_among_the_same_is() -> None:
    def of(low: int, poor: float, high: int) -> Any:
        people = np.concatenate([some(low, education=hh.LOW), some(high, education=hh.HIGH)])
        people["poor"][: round(low * poor)] = 1
        return people

    def drift(*last: Any) -> float:
        lived = nobody()
        years = {2022: (100, 0.4, 100), 2023: (100, 0.4, 100), 2026: last, 2027: last}
        lived = replace(lived, januaries={year: of(*made) for year, made in years.items()})
        return held.drift(lived, has=lambda people: people["poor"] == 1)

    assert drift(50, 0.4, 150) == pytest.approx(0.0)
    assert drift(100, 0.5, 100) == pytest.approx(0.25)
