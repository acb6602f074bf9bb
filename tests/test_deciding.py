"""A plan touches whom it helps and nobody else; names are checked at once; order says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from siexsim import household as hh
from siexsim import matching
from siexsim.course import Course
from siexsim.errors import UserError
from siexsim.model import SiexModel
from siexsim.panel import COMPARISON, CONTROL
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Plan
from tests.conftest import SEED
from tests.rules.conftest import NOW, crowd
from tests.test_plan import a_plan

PACKAGED = Parameters.packaged()
FOUND = ("help", "help_months", "met", "group")  # traces of being found, without help
UNCOUPLED = PACKAGED.with_({"help.homes_taken_share": 0.0})


def lived(settled: Any, plan: Plan | None, months: int, p: Parameters = PACKAGED) -> SiexModel:
    model = SiexModel(settled=settled, rng=SEED, plan=plan, parameters=p, keep_books=True)
    for _ in range(months):
        model.step()
    return model


# ---- names ---------------------------------------------------------------------------


def test_a_wrong_name_in_a_later_stage_is_said_at_once(settled: Any) -> None:
    plan = a_plan().starting_in("Beijum").then_to("Vinkhuizen", "Selwerd", start="2023-07")
    assert SiexModel(settled=settled, rng=SEED, plan=plan).course is not None
    wrong = plan.then_to("Selwrd", start="2024-07")
    with pytest.raises(UserError, match="unknown neighbourhood 'Selwrd'; did you mean"):
        SiexModel(settled=settled, rng=SEED, plan=wrong)


def test_a_place_is_the_wijk_in_which_it_lies(settled: Any) -> None:
    plan = a_plan(budget_eur_per_year=1e7, start="2022-01")
    by_place, by_wijk = (
        lived(settled, plan.starting_in(name), 14).course for name in ("Beijum", "Noordoost")
    )
    assert by_place is not None and by_wijk is not None
    assert len(by_place.starts) > 0 and np.array_equal(by_place.starts, by_wijk.starts)


@pytest.mark.parametrize(
    "changes", [{"allocation": "learning"}, {"revolving_share": 0.5},
                {"monitoring": {"design": "trial"}}],
)  # fmt: skip
def test_who_decides_on_single_households_keeps_their_books(
    settled: Any, changes: dict[str, Any]
) -> None:
    model = SiexModel(settled=settled, rng=SEED, plan=a_plan(start="2022-01", **changes))
    with pytest.raises(UserError, match="keep_books"):
        model.step()


def test_a_capacity_below_one_simulated_household_is_refused(settled: Any) -> None:
    plan = a_plan(capacity={"debt_relief": 99})
    with pytest.raises(UserError, match="take a sample of one in 99 or less"):
        SiexModel(settled=settled, rng=SEED, plan=plan)


# ---- whom it touches ---------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["matched", "trial"])
def test_a_plan_without_money_changes_nothing_but_who_was_found(settled: Any, design: str) -> None:
    plan = a_plan(budget_eur_per_year=0, start="2022-02", monitoring={"design": design})
    with_plan, without = lived(settled, plan, 30), lived(settled, None, 30)
    assert np.array_equal(with_plan.ledger().cents, without.ledger().cents)
    assert np.array_equal(with_plan.books["cents"], without.books["cents"])
    for field in hh.FIELDS:
        if field.name not in FOUND:
            one, other = with_plan.households[field.name], without.households[field.name]
            assert np.array_equal(one, other), field.name
    assert (with_plan.households["met"] > 0).sum() > 50


def test_a_plan_in_one_wijk_leaves_another_alone(settled: Any) -> None:
    """Where homes aren't taken from others: to the cent, what helps one costs another nothing."""
    plan = Plan(
        mix={"debt_relief": 0.4, "house": 0.3, "job_guidance": 0.3}, budget_eur_per_year=2e7,
        start="2022-02", wijken=("Noordoost",),
    )  # fmt: skip
    with_plan, without = lived(settled, plan, 40, UNCOUPLED), lived(settled, None, 40, UNCOUPLED)
    same = (with_plan.ledger().cents == without.ledger().cents).all(axis=(0, 2))
    here = with_plan.place.wijk("Noordoost")
    assert not same[here] and np.delete(same, here).all()


# ---- order ---------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["matched", "trial"])
def test_the_order_of_rows_says_nothing(settled: Any, design: str) -> None:
    """Lots, pairs, what is learnt from them and where money goes, in another order of rows."""
    plan = a_plan(
        mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3}, start="2022-01",
        budget_eur_per_year=8e6, allocation="learning",
        monitoring={"design": design, "followed": 5000},
    )  # fmt: skip
    p = UNCOUPLED.with_({"help.learning_people": 10})
    order = np.random.default_rng(1).permutation(len(settled))
    models = []
    for people in (settled, settled[order]):
        model = SiexModel(settled=people, rng=SEED, plan=plan, parameters=p, keep_books=True)
        models.append(model)
    models[1].movers = models[0].movers  # who moves in is drawn from an ordered list
    for _ in range(37):
        for model in models:
            model.step()
    first, second = ({int(h["id"]): h for h in np.asarray(m.households)} for m in models)
    assert first.keys() == second.keys()
    assert all(first[one].tobytes() == second[one].tobytes() for one in first)
    assert models[0].course.decisions == models[1].course.decisions
    arms = models[0].course.panel.subjects["arm"]
    assert (arms == (CONTROL if design == "trial" else COMPARISON)).sum() > 10
    ids = [m.households["id"][m.course.starts["row"]] for m in models]
    assert np.array_equal(*ids) and len(ids[0]) > 50
    assert np.array_equal(models[0].ledger().cents, models[1].ledger().cents)


def test_among_equals_the_pair_does_not_hang_on_the_order() -> None:
    people = crowd(120, 5)
    for name in ("stress", "ratio", "on_welfare", "claims", "kids", "debt_state", "birth"):
        people[name] = people[name][0]
    people["student"], people["helped"] = 0, 0
    rows, everywhere = np.arange(120), np.ones(20, bool)
    values = PACKAGED.compiled()
    pairs = []
    for order in (rows, np.random.default_rng(2).permutation(120)):
        turned = people[order].view(np.recarray)
        wanted = np.flatnonzero(np.isin(turned["id"], people["id"][:3]))
        turned["help"][wanted, 0] = hh.WAITING
        found = matching.alike(turned, rows, wanted, everywhere, 0, 0, values, NOW)
        pairs.append(set(turned["id"][found].tolist()))
    assert pairs[0] == pairs[1] and len(pairs[0]) > 0


# ---- counted once ---------------------------------------------------------------------------


def test_one_home_is_counted_once(place: Place) -> None:
    """Also of who follows two kinds of help at once."""
    people = crowd(30, 6)
    course = Course(a_plan(monitoring={"design": "none"}), place, PACKAGED, 1)
    new = np.zeros(3, course.starts.dtype)
    new["row"], new["kind"], new["start"], new["end"] = [4, 4, 7], [0, 1, 0], NOW, -1
    course._starts.extend(new)
    people["help"][[4, 7], 0] = people["help"][4, 1] = hh.RUNNING
    people["rehoused"][4] = 1
    course.follow(people, NOW + 1)
    assert course.homes_given == 1
