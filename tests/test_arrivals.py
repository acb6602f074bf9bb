"""Households that begin: children who leave home, couples who part, people who move in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import arrivals
from siexsim import household as hh
from siexsim.arrivals import leave_home, move_in, movers, part, thin
from siexsim.household import month_number
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.place import Place
from tests.conftest import SEED
from tests.rules.conftest import NOW, crowd, hold_together

PACKAGED = Parameters.packaged()
START = month_number("2022-01")


# ---- children who leave home -------------------------------------------------------------------


def leavers(count: int = 1500) -> Any:
    """Parents whose second child of three leaves."""
    parents = crowd(count, 21)
    parents["child_birth"][:, :3] = NOW - np.array([60, 20 * 12 + 3, 30])
    parents["child_birth"][:, 3] = hh.NO_BIRTH
    parents["development"][:, :3] = np.random.default_rng(1).normal(size=(count, 3))
    parents["development"][:, 3] = 0
    parents["kids"] = 3
    parents["leaving_child"] = 1
    parents["wijk"] = np.arange(count) % 20
    parents["months_poor"] = np.arange(count) % 40
    return parents


def test_the_parent_loses_the_child_and_nothing_else() -> None:
    parents = leavers()
    before = parents.copy()
    leave_home(parents, 1, NOW, PACKAGED)
    assert (parents["kids"] == 2).all() and (parents["leaving_child"] == -1).all()
    assert (parents["child_birth"][:, 1] == hh.NO_BIRTH).all()
    assert (parents["development"][:, 1] == 0).all()
    kept = [0, 2, 3]
    assert (parents["child_birth"][:, kept] == before["child_birth"][:, kept]).all()
    assert (parents["development"][:, kept] == before["development"][:, kept]).all()
    for name in ("id", "savings", "debt", "stress", "birth", "position"):
        assert (parents[name] == before[name]).all()


def test_they_start_with_the_schooling_that_their_development_gave() -> None:
    parents = leavers()
    development = parents["development"][:, 1].copy()
    poor = parents["months_poor"].copy()
    by_id = dict(zip(arrivals.draws.derive(parents["id"], NOW, arrivals.LEAVING_EVENT).tolist(),
                     range(len(parents)), strict=True))  # fmt: skip
    new = leave_home(parents, 1, NOW, PACKAGED)
    origin = np.array([by_id[int(i)] for i in new["id"]])
    low, high = (
        PACKAGED.value("children.middle_school_line"),
        PACKAGED.value("children.high_school_line"),
    )
    expected = np.digitize(development[origin], [low, high])
    assert (new["education"][:, 0] == expected).all() and set(expected) == {0, 1, 2}
    pay = [PACKAGED.value(f"arrivals.first_pay_{word}_eur") * 100 for word in hh.EDUCATIONS]
    assert (new["earnings"][:, 0] == np.array(pay)[expected]).all()
    assert (
        new["raised_poor"] == (poor[origin] >= PACKAGED.value("arrivals.raised_poor_months"))
    ).all()
    assert (new["wijk"] == parents["wijk"][origin]).all()
    assert (new["birth"][:, 0] == NOW - 20 * 12 - 3).all()
    assert not (new["student"] & (expected == hh.LOW)).any()
    assert (new["position"][new["student"] == 1, 0] == hh.STUDENT).all()
    assert (new["debt"] == 0).all() and (new["savings"] == 0).all() and (new["came"] == NOW).all()
    hold_together(new)
    stays = PACKAGED.value("life.leaver_stays_share")
    assert len(new) / len(parents) == pytest.approx(stays, abs=5 * np.sqrt(0.25 / len(parents)))


# ---- couples who part --------------------------------------------------------------------------


def couples(count: int = 600) -> Any:
    pairs = crowd(4 * count, 22)
    pairs = pairs[pairs["birth"][:, 1] != hh.NO_BIRTH][:count].copy()
    pairs["separating"] = 1
    welfare = np.arange(len(pairs)) % 3 == 0
    pairs["position"][welfare] = hh.WELFARE
    pairs["on_welfare"] = welfare
    pairs["hours"][~welfare] = np.random.default_rng(2).integers(-1, 2, (int((~welfare).sum()), 2))
    return pairs


def test_parting_keeps_the_sum_of_savings_and_everybody() -> None:
    pairs = couples()
    before = pairs.copy()
    new = part(pairs, 1, NOW)
    assert len(new) == len(pairs)
    assert (pairs["savings"] + new["savings"] == before["savings"]).all()
    assert (np.abs(pairs["savings"] - new["savings"]) <= 1).all()
    assert (pairs["debt"] + new["debt"] == before["debt"]).all()
    assert (pairs["kids"] + new["kids"] == before["kids"]).all()
    assert (pairs["separating"] == 0).all() and (new["separating"] == 0).all()
    for name in ("birth", "education", "earnings", "ww_left", "months_without_work", "hours"):
        assert (new[name][:, 0] == before[name][:, 1]).all(), name
        assert (pairs[name][:, 0] == before[name][:, 0]).all(), name
    hold_together(pairs)
    hold_together(new)
    working = before["position"][:, 1] != hh.WELFARE
    assert (new["position"][working, 0] == before["position"][working, 1]).all()
    assert (new["position"][~working, 0] == hh.NO_INCOME).all() and (new["on_welfare"] == 0).all()
    assert (new["tenure"] != hh.OWNER).all()


def test_the_model_divides_savings_in_the_books_too(settled: Any) -> None:
    """Enough months for some to part; the books of the two sum to zero."""
    from siexsim.items import DIVIDED

    model = SiexModel(settled=settled, rng=SEED, keep_books=True)
    for _ in range(30):
        model.step()
    divided = model.books["cents"][:, DIVIDED]
    assert divided.sum() == 0 and (divided != 0).sum() >= 4


# ---- identities --------------------------------------------------------------------------------


def test_identities_derive_from_parent_month_and_event() -> None:
    parents, pairs = leavers(), couples()
    first = leave_home(leavers(), 1, NOW, PACKAGED)["id"]
    again = leave_home(leavers()[::-1].copy(), 1, NOW, PACKAGED)["id"]
    assert set(first.tolist()) == set(again.tolist())
    later = leave_home(leavers(), 1, NOW + 1, PACKAGED)["id"]
    parted = part(pairs, 1, NOW)["id"]
    everybody = np.concatenate([first, later, parted, parents["id"], couples()["id"]])
    assert len(np.unique(everybody)) == len(everybody)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**62))
def test_newcomers_are_the_same_whoever_else_comes(seed: int) -> None:
    alone = leave_home(leavers(200)[:20].copy(), seed, NOW, PACKAGED)
    among = leave_home(leavers(200), seed, NOW, PACKAGED)
    where = {int(h["id"]): h for h in among}
    assert all(where[int(h["id"])] == h for h in alone)


# ---- people who move in ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def who(settled: Any, place: Place) -> arrivals.Movers:
    return movers(settled, place.wijk_codes, START, PACKAGED)


def test_counts_are_exact_and_everybody_resembles_somebody_of_the_neighbourhood(
    who: arrivals.Movers, settled: Any
) -> None:
    counts = np.arange(20) % 7
    new = move_in(who, counts, 1, START + 18)
    assert (np.bincount(new["wijk"], minlength=20) == counts).all()
    traits = (
        "resilience",
        "readiness",
        "employability",
        "earnings",
        "pension",
        "tenure",
        "savings",
    )
    for h in new:
        near = np.ones(len(settled), np.bool_)
        for name in traits:
            same = settled[name] == h[name]
            near &= same.all(axis=1) if same.ndim > 1 else same
        assert (settled["wijk"][near] == h["wijk"]).any()
    assert len(np.unique(np.concatenate([new["id"], settled["id"]]))) == len(new) + len(settled)


def test_nobody_moves_in_where_nobody_is_asked(who: arrivals.Movers) -> None:
    assert len(move_in(who, np.zeros(20, np.int64), 1, START + 1)) == 0


def test_they_are_of_the_age_that_their_like_had_at_the_start(
    who: arrivals.Movers, settled: Any
) -> None:
    later = START + 60
    new = move_in(who, np.full(20, 30), 1, later)
    ages = {
        (int(r), int(b))
        for r, b in zip(settled["resilience"] * 2**50, START - settled["birth"][:, 0], strict=True)
    }
    for h in new:
        assert (int(h["resilience"] * 2**50), later - int(h["birth"][0])) in ages
    alone = new["birth"][:, 1] == hh.NO_BIRTH
    assert 0 < alone.sum() < len(new)
    assert (new["came"] == later).all()
    hold_together(new)


def test_the_young_move_most(who: arrivals.Movers, settled: Any) -> None:
    new = move_in(who, np.full(20, 40), 1, START + 3)
    age = (START + 3 - new["birth"][:, 0]) / 12
    usual = (START - settled["birth"][:, 0]) / 12
    assert (age < 30).mean() > 1.5 * (usual < 30).mean()
    assert (age >= 45).mean() < 0.6 * (usual >= 45).mean()


def test_who_moves_in_does_not_depend_on_other_neighbourhoods(who: arrivals.Movers) -> None:
    counts = np.full(20, 3)
    only = counts * (np.arange(20) == 7)
    among = move_in(who, counts, 1, START + 2)
    alone = move_in(who, only, 1, START + 2)
    assert (among[among["wijk"] == 7]["id"] == alone["id"]).all()
    more = move_in(who, counts + 2, 1, START + 2)
    assert set(among["id"].tolist()) < set(more["id"].tolist())


def test_thinning_rounds_to_whole_households() -> None:
    assert thin(np.array([100, 149, 151, 49]), 100).tolist() == [1, 1, 2, 0]
