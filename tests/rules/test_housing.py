"""Process 6: a home that fits or not, a tenancy under threat, losing it, a new one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.rules import housing
from tests.rules.conftest import NOW, a_till, booked, luck, plain, someone

keep_a_home = plain(housing.keep_a_home)
crowding_chance = plain(housing.crowding_chance)
GRID = (np.arange(3000) + 0.5) / 3000


def share(p: Any, c: Any, then: int, **fields: Any) -> float:
    """Share of all draws after which the home is in the state `then`."""
    count = 0
    for u in GRID:
        h = someone(**fields)
        keep_a_home(h, p, c, luck(DWELLING=float(u)), a_till())
        count += h.home == then
    return count / len(GRID)


@settings(max_examples=100, deadline=None)
@given(
    u=st.one_of(st.floats(1e-9, 0.02), st.floats(1e-9, 1 - 1e-9)), home=st.integers(0, 3),
    tenure=st.integers(0, 2), state=st.integers(0, 3), kids=st.integers(0, 4),
)  # fmt: skip
def test_only_tenants_under_threat_are_evicted(
    p: Any, c: Any, u: float, home: int, tenure: int, state: int, kids: int
) -> None:
    h = someone(home=home, tenure=tenure, debt_state=state, child_birth=[NOW - 9] * kids)
    till = a_till()
    keep_a_home(h, p, c, luck(DWELLING=u), till)
    if h.home == hh.LOST and home != hh.LOST:
        assert home == hh.THREATENED
        assert booked(till, items.EVICTION_COST) > 0
    else:
        assert booked(till, items.EVICTION_COST) == 0
    if h.home == hh.THREATENED and home != hh.THREATENED:
        assert tenure != hh.OWNER and state == hh.PROBLEMATIC
    assert (booked(till, items.SHELTER) > 0) == (home == hh.LOST)


def test_eviction_is_half_as_likely_in_an_arrangement(p: Any, c: Any) -> None:
    asked = {"home": hh.THREATENED}
    outside = share(p, c, hh.LOST, **asked, debt_state=hh.PROBLEMATIC)
    inside = share(p, c, hh.LOST, **asked, debt_state=hh.ARRANGEMENT)
    assert outside == pytest.approx(p.housing.evicted_per_year / 12, abs=4e-4)
    assert inside == pytest.approx(p.housing.evicted_arrangement_factor * outside, abs=4e-4)
    assert p.housing.evicted_arrangement_factor == 0.5


def test_a_threat_is_over_when_the_debts_are(p: Any, c: Any) -> None:
    for state in (hh.NO_DEBT, hh.ARREARS):
        h = someone(home=hh.THREATENED, debt_state=state)
        keep_a_home(h, p, c, luck(), a_till())
        assert h.home == hh.FITS
    stays = share(p, c, hh.THREATENED, home=hh.THREATENED, debt_state=hh.PROBLEMATIC)
    passes = (p.housing.threat_passes_per_year + p.housing.evicted_per_year) / 12
    assert stays == pytest.approx(1 - passes, abs=1e-3)


def test_arrears_threaten_tenants_not_owners(p: Any, c: Any) -> None:
    for tenure, expected in (
        (hh.CORPORATION, p.housing.threatened_per_year / 12),
        (hh.PRIVATE_RENT, p.housing.threatened_per_year / 12),
        (hh.OWNER, 0.0),
    ):
        got = share(p, c, hh.THREATENED, tenure=tenure, debt_state=hh.PROBLEMATIC)
        assert got == pytest.approx(expected, abs=4e-4)


def test_rehousing_is_at_most_as_fast_as_the_supply_allows(p: Any, c: Any) -> None:
    got = [
        share(p, c._replace(rehousing=supply), hh.FITS, home=hh.LOST) for supply in (0.0, 0.5, 1.0)
    ]
    expected = [supply * p.housing.rehoused_per_year / 12 for supply in (0.0, 0.5, 1.0)]
    assert got == pytest.approx(expected, abs=4e-4)


def test_months_without_a_home_are_counted(p: Any, c: Any) -> None:
    h = someone(home=hh.LOST)
    for month in (1, 2, 3):
        keep_a_home(h, p, c, luck(DWELLING=0.9), a_till())
        assert h.months_lost == month
    keep_a_home(h, p, c, luck(DWELLING=1e-9), a_till())
    assert (h.home, h.months_lost) == (hh.FITS, 0)


def test_large_families_and_tenants_outgrow_their_homes(p: Any, c: Any) -> None:
    usual = crowding_chance(someone(), p)
    assert crowding_chance(someone(child_birth=[NOW - 9] * 3), p) > usual
    assert crowding_chance(someone(child_birth=[NOW - 9] * 2), p) == usual
    assert crowding_chance(someone(tenure=hh.OWNER), p) < usual
    got = share(p, c, hh.UNFIT)
    assert got == pytest.approx(usual, abs=4e-4)
    # the same of those whom the debts didn't threaten
    got = share(p, c, hh.UNFIT, debt_state=hh.PROBLEMATIC)
    assert got == pytest.approx(usual * (1 - p.housing.threatened_per_year / 12), abs=4e-4)


def test_an_unfit_home_is_solved_as_supply_allows(p: Any, c: Any) -> None:
    for supply in (0.5, 1.0):
        got = share(p, c._replace(rehousing=supply), hh.FITS, home=hh.UNFIT)
        assert got == pytest.approx(supply * p.housing.unfit_solved_per_year / 12, abs=4e-4)
