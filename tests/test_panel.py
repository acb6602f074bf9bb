"""The panel: who is followed, when they are seen, what is said of them; and who is like whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from siexsim import household as hh
from siexsim import items, matching
from siexsim.ledger import split
from siexsim.model import SiexModel
from siexsim.panel import MARKS, STARTED, Panel, gains_eur
from siexsim.parameters import Parameters
from siexsim.plan import Plan
from tests.conftest import SEED
from tests.offers import offering, planned
from tests.rules.conftest import NOW, crowd

PACKAGED = Parameters.packaged()


def test_gains_are_the_ledgers_but_for_cents() -> None:
    cents = (np.arange(5 * len(items.ITEMS)) * 7919 % 10_007 * 100 - 500_000).reshape(5, -1)
    exact = split(cents)
    exact[:, [items.HELP_COST, items.HELP_CLAIM_PAID], items.MUNICIPALITY] = 0
    assert gains_eur(cents) == pytest.approx(exact.sum(axis=1) / 100, abs=0.5)


def test_the_plans_own_spending_is_no_loss_of_the_municipality() -> None:
    cents = np.zeros((1, len(items.ITEMS)), np.int64)
    cents[0, items.HELP_COST] = 100_000
    assert gains_eur(cents)[0, items.MUNICIPALITY] == 0
    cents[0, items.WELFARE_PAID] = 120_000
    assert gains_eur(cents)[0, items.MUNICIPALITY] == -1200


def followed(count: int = 3) -> tuple[Panel, Any, Any]:
    panel, people, books = Panel(), hh.empty(count), items.lines(count)
    people["id"], people["state"] = np.arange(count) + 10, hh.PRESENT
    books["cents"][:, items.WELFARE_PAID] = 50_000
    panel.enrol(np.arange(count), 0, STARTED, 100, people, books, np.zeros((count, 7)))
    return panel, people, books


def test_people_are_seen_at_marks_and_only_then() -> None:
    panel, people, books = followed()
    for month in range(100, 170):
        people["stress"] = month / 1000
        panel.look(month, people, books, None)
    stress = panel.seen["stress"][0, :, 0]
    assert stress == pytest.approx([(100 + mark) / 1000 for mark in MARKS], rel=1e-6)
    assert not panel.twin_seen["there"].any()


def test_gains_count_from_enrolment() -> None:
    panel, people, books = followed()
    panel.look(100, people, books, None)
    assert (panel.seen["gains"][:, 0] == 0).all()
    books["cents"][1, items.WELFARE_PAID] += 10_000
    panel.look(106, people, books, None)
    assert panel.seen["gains"][:, 1, items.MUNICIPALITY].tolist() == [0, -100, 0]


def test_who_left_is_not_there() -> None:
    panel, people, books = followed()
    people["state"][2] = hh.MOVED_OUT
    panel.look(106, people, books, None)
    assert panel.seen["there"][:, 1].tolist() == [True, True, False]


def test_help_before_is_remembered() -> None:
    panel, people, books = followed()
    people["helped"][1] = 1
    panel.enrol([1, 2], 1, STARTED, 101, people, books, np.zeros((2, 7)))
    assert panel.subjects["first"].tolist() == [True, True, True, False, True]


def test_a_year_before_is_known_after_half_a_year(settled: Any) -> None:
    """What is on the books of a few months, or of a newcomer, says nothing of a year."""
    p = offering(talk={})
    plan = planned(
        p, mix={"talk": 1.0}, budget_eur_per_year=1e8, start="2022-02", end="2023-12"
    )  # fmt: skip
    model = SiexModel(settled=settled, rng=SEED, plan=plan, parameters=p, keep_books=True)
    for _ in range(24):
        model.step()
    subjects = model.course.cohort.panel.subjects
    known = ~np.isnan(subjects["before"]).any(axis=1)
    came = model.households["came"][subjects["row"]]
    on_the_books = subjects["enrolled"] - np.maximum(came, model.start)
    assert not known[on_the_books < 6].any() and (on_the_books < 6).sum() > 5
    assert known[(came < model.start) & (on_the_books >= 6)].all() and known.sum() > 20
    # a year of the books of all: by payer and household, thousands and not hundreds of thousands
    assert np.abs(subjects["before"][known]).max() < 200_000


# ---- who is like whom --------------------------------------------------------------------------


def a_town(count: int = 400) -> Any:
    people = crowd(count, 5)
    people["poor"], people["student"], people["wijk"] = 1, 0, np.arange(count) % 20
    return people


def alike(people: Any, wanted: list[int], where: Any = None) -> Any:
    from siexsim.interventions import POOR

    rows = np.arange(len(people), dtype=np.int64)
    where = np.ones(20, np.bool_) if where is None else where
    return matching.alike(
        people, rows, np.array(wanted, np.int64), where, 0, POOR, PACKAGED.compiled(), NOW
    )


def test_a_copy_is_the_most_alike() -> None:
    people = a_town()
    people["help"][:5, 0] = hh.WAITING  # so that they aren't their own match
    people[200:205] = people[:5]
    people["help"][200:205, 0] = hh.UNTOUCHED
    assert alike(people, [0, 1, 2, 3, 4]).tolist() == [200, 201, 202, 203, 204]


def test_only_the_eligible_whom_nobody_helps_are_compared() -> None:
    people = a_town()
    people["helped"][:100] = 1
    people["help"][100:200, 0] = hh.WAITING
    people["poor"][200:300] = 0
    people["student"][300:320] = 1
    where = np.arange(20) < 10
    found = alike(people, list(range(100, 160)), where)
    assert len(found) == 60 and (found >= 320).all() and where[people["wijk"][found]].all()
    people["helped"] = 1
    assert len(alike(people, [0, 1])) == 0
    assert len(alike(a_town(), [])) == 0


def test_who_is_alike_does_not_depend_on_the_order() -> None:
    people = a_town()
    people["help"][:50, 0] = hh.WAITING
    turned = people[::-1].copy()
    first = people["id"][alike(people, list(range(50)))]
    second = turned["id"][alike(turned, [len(people) - 1 - k for k in range(50)])]
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("use", ["mental_care", "wmo", "youth_care", "special_school"])
def test_who_uses_more_costs_more(use: str) -> None:
    people = hh.empty(2)
    people[use][1] = 1
    less, more = matching.yearly_cost_eur(people, PACKAGED)
    assert more - less == PACKAGED.value(f"prices.{use}_eur_per_year") > 0


# ---- the queue ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["first_come", "heaviest_stress", "prevention", "highest_return"]
)
def test_the_queue_does_not_depend_on_the_order(settled: Any, plan: Plan, target: str) -> None:
    course = SiexModel(settled=settled, rng=SEED, plan=plan.changed(target=target)).course
    people = a_town()
    people["help_months"][:, 0] = np.arange(len(people)) % 4
    turned = people[::-1].copy()
    rows = np.arange(len(people), dtype=np.int64)
    first = people["id"][course._in_order(people, rows, 0, NOW)]
    second = turned["id"][course._in_order(turned, rows, 0, NOW)]
    assert first.tolist() == second.tolist() and len(set(first.tolist())) == len(people)
    other = people["id"][course._in_order(people, rows, 0, NOW + 1)]
    if target != "heaviest_stress":  # which knows no ties
        assert first.tolist() != other.tolist()  # ties are drawn anew each month
