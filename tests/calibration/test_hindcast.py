"""The hindcast: what it keeps is what was lived; the past doesn't reach runs that look ahead."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import past
from calibration.hindcast import Hindcast, live
from siexsim import draws
from siexsim import household as hh
from siexsim.context import month_context
from siexsim.household import month_number
from siexsim.parameters import Parameters
from siexsim.shocks import check_together

SAMPLE = 200
PARAMETERS = Parameters.packaged()


@pytest.fixture(scope="module")
def lived() -> Hindcast:
    return live(PARAMETERS, 1, SAMPLE)


def test_januaries_are_the_census_of_january(lived: Hindcast) -> None:
    for year, people in lived.januaries.items():
        counts = lived.census[lived.months(f"{year}-01")][0]
        others = people["student"] == 0
        assert len(people) == counts["households"].sum()
        assert others.sum() == counts["base_households"].sum()
        assert (people["poor"] == 1).sum() == counts["poor_households"].sum()
        assert (others & (people["ratio"] <= 1.05)).sum() == counts["under_105"].sum()
        assert (people["on_welfare"] == 1).sum() == counts["welfare_households"].sum()
        assert len(np.unique(people["id"])) == len(people)


def test_flows_are_of_those_on_welfare(lived: Hindcast) -> None:
    on = lived.census["welfare_households"].sum(axis=1)[:-1]
    assert (lived.flows["ended"] <= lived.flows["on_welfare"]).all()
    assert (lived.flows["on_welfare"][:-1] == on).all()
    # nobody comes or goes unseen: the caseload falls by no more than those who left it
    assert (np.diff(on) >= -lived.flows["ended"][:-2]).all()
    assert lived.flows["ended"].sum() > 0


def test_a_year_is_known_of_who_was_there_all_of_it(lived: Hindcast) -> None:
    assert np.isnan(lived.januaries[2012]["year_ratio"]).all()
    for year in (2013, 2025):
        people, before = lived.januaries[year], lived.januaries[year - 1]
        known = ~np.isnan(people["year_ratio"])
        assert np.isin(people["id"][known], before["id"]).all()
        assert known.sum() > 0.8 * len(people)
        assert (np.isnan(people["year_needs"]) == ~known).all()


def test_needs_are_those_of_the_rules(lived: Hindcast) -> None:
    """In a year without shocks, a single needs its part of the parameter, at prices of the year."""
    people = lived.januaries[2019]
    single = (hh.adults(people) == 1) & (people["kids"] == 0) & ~np.isnan(people["year_needs"])
    index = month_context(month_number("2018-06"), 1, PARAMETERS).price_index
    wanted = PARAMETERS.value("money.need_single_eur") * 100 * index
    place = draws.uniform(1, people["id"][single], 0, draws.OWN_NEEDS) - 0.5
    own = 1.0 + PARAMETERS.value("money.own_needs_width") * place
    assert np.median(people["year_needs"][single] / own) == pytest.approx(wanted, rel=0.01)


def test_the_same_seed_lives_the_same_past(lived: Hindcast) -> None:
    again = live(PARAMETERS, 1, SAMPLE)
    assert again.census.tobytes() == lived.census.tobytes()
    assert again.januaries[2020].tobytes() == lived.januaries[2020].tobytes()
    other = live(PARAMETERS, 2, SAMPLE)
    assert other.census.tobytes() != lived.census.tobytes()


def test_calm_years_begin_in_2022() -> None:
    calm = live(PARAMETERS, 1, SAMPLE, calm=True)
    assert calm.start == month_number("2022-01")
    assert list(calm.januaries) == [2022, 2023, 2024, 2025, 2026, 2027]


def test_unemployment_is_carried_on_from_published_rates() -> None:
    assert past.carried_on(2021) == 6.0
    assert past.carried_on(2022) == pytest.approx(6.0 * 3.5 / 4.2)
    assert past.carried_on(2025) == pytest.approx(6.0 * 4.3 / 4.9)


def test_corona_counts_once_and_later_years_follow() -> None:
    (shock,) = (past.labour_market(PARAMETERS),)
    reference = PARAMETERS.value("context.reference_unemployment")
    power = -PARAMETERS.value("context.unemployment_elasticity_find")

    def find(text: str) -> float:
        return month_context(month_number(text), 1, PARAMETERS, shocks=(shock,)).find

    assert find("2019-06") == pytest.approx((5.4 / reference) ** power)
    assert find("2020-06") == pytest.approx(find("2019-06"))
    assert find("2021-12") == pytest.approx((6.0 / reference) ** power)
    assert find("2022-06") == pytest.approx((5.0 / reference) ** power)


def test_a_run_that_looks_ahead_is_neutral() -> None:
    for text in ("2022-01", "2024-06", "2026-12"):
        context = month_context(month_number(text), 1, PARAMETERS)
        assert (context.find, context.lose, context.energy) == (1.0, 1.0, 1.0)


def test_the_past_stays_within_what_the_rules_are_made_for() -> None:
    months = month_number(past.END) - month_number(past.START) + 1
    check_together(past.shocks(PARAMETERS), month_number(past.START), months, PARAMETERS)
