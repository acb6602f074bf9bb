"""Process 8: how children develop at home."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim.rules import children
from tests.rules.conftest import NOW, a_couple, luck, plain, someone

develop = plain(children.develop)


def after_years(h: Any, p: Any, years: int = 40) -> float:
    for _ in range(12 * years):
        develop(h, p, luck())
    return float(h.development[0])


@pytest.mark.parametrize("domain", [hh.HOUSING, hh.MONEY, hh.WELLBEING])
def test_development_falls_with_stress(p: Any, domain: int) -> None:
    ends = []
    for stress in (0.1, 0.5, 0.9):
        h = someone(child_birth=[NOW - 60])
        h.stress[domain] = stress
        ends.append(after_years(h, p))
    assert ends[0] > ends[1] > ends[2]


def test_it_settles_where_home_draws_it(p: Any) -> None:
    h = someone(child_birth=[NOW - 60], education=[hh.HIGH], development=[-2.0])
    assert after_years(h, p) == pytest.approx(p.children.parents_schooling, abs=0.02)
    h = a_couple(child_birth=[NOW - 60], education=[hh.HIGH, hh.LOW], development=[2.0])
    assert after_years(h, p) == pytest.approx(0.0, abs=0.02)


def test_it_moves_by_its_share_of_the_gap_a_year(p: Any) -> None:
    h = someone(child_birth=[NOW - 60], development=[1.0])
    for _ in range(12):
        develop(h, p, luck())
    assert h.development[0] == pytest.approx((1 - p.children.pull_per_year / 12) ** 12)


@settings(max_examples=60, deadline=None)
@given(
    u=st.floats(1e-9, 1 - 1e-9),
    start=st.floats(-4, 4),
    stress=st.floats(0, 1),
    places=st.integers(1, 15),
)
def test_it_stays_in_bounds_and_only_those_there_develop(
    p: Any, u: float, start: float, stress: float, places: int
) -> None:
    there = [(places >> k) & 1 == 1 for k in range(4)]
    h = someone(
        child_birth=[NOW - 30 - k if here else hh.NO_BIRTH for k, here in enumerate(there)],
        development=[start if here else 0.0 for here in there], stress=[stress] * 5,
    )  # fmt: skip
    develop(h, p, luck(CHILD=u))
    assert (np.abs(h.development) <= 4).all()
    assert all(h.development[k] == 0 for k in range(4) if not there[k])


def test_siblings_share_luck_with_changing_sign(p: Any) -> None:
    h = someone(child_birth=[NOW - 60, NOW - 60], development=[0.0, 0.0])
    develop(h, p, luck(CHILD=0.9))
    assert h.development[0] == pytest.approx(-h.development[1]) and h.development[0] != 0


def test_a_household_without_children_is_left_alone(p: Any) -> None:
    h = someone()
    before = h.copy()
    develop(h, p, luck(CHILD=0.9))
    assert h == before
