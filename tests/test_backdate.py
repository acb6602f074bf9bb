"""Households at an earlier start: the same lives at another date, as many as were published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from siexsim import household as hh
from siexsim.backdate import backdated
from siexsim.context import month_context
from siexsim.household import month_number
from siexsim.model import SiexModel, settle
from siexsim.parameters import Parameters
from siexsim.place import Place

EARLY = month_number("2016-01")
BASE = month_number("2022-01")


def test_the_usual_start_changes_nothing(settled: Any, place: Place) -> None:
    assert backdated(settled, place, BASE, 1, 1.0) is settled


def test_everybody_has_the_same_age_and_money_in_the_prices_of_the_date(
    settled: Any, place: Place
) -> None:
    moved = backdated(settled, place, EARLY, 1, 0.9)
    moved = moved[np.isin(moved["id"], settled["id"])]  # the others are copies, in another order
    same = settled[np.isin(settled["id"], moved["id"])]
    for name in ("birth", "child_birth"):
        there = same[name] != hh.NO_BIRTH
        assert (moved[name][there] - same[name][there] == EARLY - BASE).all()
        assert (moved[name][~there] == hh.NO_BIRTH).all()
    assert (moved["debt"] == (same["debt"] * 0.9).astype(np.int64)).all()
    assert (moved["stress"] == same["stress"]).all()


def test_there_are_as_many_as_were_published(settled: Any, place: Place) -> None:
    moved = backdated(settled, place, EARLY, 1, 1.0)
    assert 100 * len(moved) == pytest.approx(place.households_at(EARLY).sum(), rel=0.02)
    again = backdated(settled, place, EARLY, 1, 1.0)
    assert (again["id"] == moved["id"]).all()


def test_schooling_is_that_of_who_had_the_age_then(settled: Any, place: Place) -> None:
    moved = backdated(settled, place, month_number("2012-01"), 1, 1.0)
    assert len(np.unique(moved["id"])) == len(moved)

    def low_share(people: Any, first: int, last: int, at: int) -> float:
        age = (at - people["birth"][:, 0]) // 12
        some = (people["student"] == 0) & (age >= first) & (age < last)
        return float((people["education"][some, 0] == hh.LOW).mean())

    then = low_share(moved, 45, 65, month_number("2012-01"))
    assert then == pytest.approx(low_share(settled, 55, 75, BASE), rel=0.15)
    assert then > 1.2 * low_share(settled, 45, 65, BASE)


def test_a_run_from_2016_follows_the_norms_and_the_households_of_its_time(
    place: Place, parameters: Parameters
) -> None:
    start = "2016-01"
    model = SiexModel(settled=settle(place, parameters, 3, 100, start=start), rng=3, start=start)
    for _ in range(36):
        model.step()
    assert month_context(EARLY, 1, parameters).norm_single == 96_083
    households = 100 * model.census_by_month[-1]["households"].sum()
    assert households == pytest.approx(place.households_at(model.month).sum(), rel=0.02)
    share = (
        model.census_by_month[-1]["under_110"].sum()
        / model.census_by_month[-1]["base_households"].sum()
    )
    assert 0.12 < share < 0.24
