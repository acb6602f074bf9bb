"""Twins live as if there had been no plan; and plans keep to their rules and their money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.household import month_number, month_text
from siexsim.model import SiexModel
from siexsim.panel import gains_eur
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Plan
from tests.conftest import SEED
from tests.offers import offering, planned

PACKAGED = Parameters.packaged()
HELP = ("help", "help_months", "met", "group", "helped")  # traces of being found, not of living


def lived(
    settled: Any, plan: Plan | None, months: int, p: Parameters = PACKAGED, seed: int = SEED
) -> SiexModel:
    model = SiexModel(settled=settled, rng=seed, plan=plan, parameters=p, keep_books=True)
    for _ in range(months):
        model.step()
    return model


# ---- twins -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(settled: Any) -> tuple[SiexModel, SiexModel]:
    """A world with a plan that takes nothing from others, and the one without."""
    plan = Plan(
        mix={"debt_relief": 0.5, "job_guidance": 0.5}, budget_eur_per_year=2e7, start="2022-03",
        end="2024-12",
    )  # fmt: skip
    return lived(settled, plan, 48), lived(settled, None, 48)


def test_twins_live_to_the_bit_as_without_the_plan(pair: tuple[SiexModel, SiexModel]) -> None:
    with_plan, without = pair
    twins = with_plan.course.cohort.twins
    place = {int(one): row for row, one in enumerate(without.households["id"])}
    rows = np.array([place[int(one)] for one in twins.households["id"]])
    assert len(rows) > 40
    for field in hh.FIELDS:
        if field.name not in HELP:
            same = np.array_equal(
                twins.households[field.name], without.households[field.name][rows]
            )
            assert same, field.name
    assert (twins.households["help"] == hh.UNTOUCHED).all()
    assert (twins.households["helped"] == 0).all()


def test_a_difference_with_the_twin_is_one_between_worlds(
    pair: tuple[SiexModel, SiexModel],
) -> None:
    with_plan, without = pair
    cohort = with_plan.course.cohort
    subjects = cohort.panel.subjects
    first = np.flatnonzero(subjects["first"] & (subjects["twin"] >= 0))
    found = cohort.panel.since_enrolment(first, with_plan.books, cohort.twins)
    place = {int(one): row for row, one in enumerate(without.households["id"])}
    rows = np.array([place[int(one)] for one in subjects["id"][first]])
    own = with_plan.books["cents"][subjects["row"][first]]
    expected = gains_eur(own - without.books["cents"][rows])
    assert found == pytest.approx(expected, abs=1e-6)
    assert np.abs(found).max() > 100


def test_a_household_has_one_twin(pair: tuple[SiexModel, SiexModel]) -> None:
    cohort = pair[0].course.cohort
    ids = cohort.twins.households["id"]
    assert len(np.unique(ids)) == len(ids)
    started = cohort.panel.subjects[cohort.panel.subjects["twin"] >= 0]
    assert (ids[started["twin"]] == started["id"]).all()
    assert len(started) == len(pair[0].course.starts) >= len(ids)  # some may have two kinds of help


def test_help_that_does_nothing_makes_no_difference(settled: Any) -> None:
    p = offering(talk={})
    plan = planned(
        p, mix={"talk": 1.0}, budget_eur_per_year=5e7, start="2022-03", end="2022-12"
    )  # fmt: skip
    course = lived(settled, plan, 24, p).course
    panel = course.cohort.panel
    started = panel.subjects["twin"] >= 0
    seen, twin = panel.seen[started], panel.twin_seen[started]
    assert started.sum() > 100
    for name in ("there", "stress", "poor", "welfare", "ratio"):
        assert np.array_equal(seen[name], twin[name]), name
    assert seen["gains"] == pytest.approx(twin["gains"], abs=1e-6)


# ---- stages ------------------------------------------------------------------------------------


def staged(p: Parameters, go: dict[str, Any] | None, start: str = "2024-04", **more: Any) -> Plan:
    first = {"wijken": ["Centrum", "Oosterparkwijk", "Oud-Noord"], "start": "2022-03"}
    second = {"wijken": ["Noordoost"], "start": start} | ({"go": go} if go else {})
    return planned(
        p, mix={"talk": 1.0}, budget_eur_per_year=3e7, start="2022-03", end="2026-12",
        stages=[first, second], monitoring={"design": "before_after"}, **more,
    )  # fmt: skip


def first_start(model: SiexModel, place: Place, wijk: str) -> str | None:
    starts = model.course.starts
    where = model.households["wijk"][starts["row"]]
    here = starts["start"][where == place.wijken.index(wijk)]
    return month_text(int(here.min())) if len(here) else None


@pytest.mark.parametrize("measured", ["return_per_euro", "stress", "out_of_poverty", "completed"])
def test_a_stage_whose_rule_cannot_be_met_never_opens(
    settled: Any, place: Place, measured: str
) -> None:
    p = offering(talk={})
    plan = staged(p, {"measured": measured, "at_least": 1e6})
    model = lived(settled, plan, 60, p)
    assert first_start(model, place, "Centrum") == "2022-03"
    assert first_start(model, place, "Noordoost") is None
    said = [one for one in model.course.decisions if one.about == "Noordoost"]
    assert [month_text(one.month) for one in said] == ["2024-04", "2025-01", "2026-01"]
    assert not any(one.yes for one in said) and all(one.people > 0 for one in said)


@pytest.mark.parametrize("measured", ["return_per_euro", "stress", "out_of_poverty", "completed"])
def test_a_stage_whose_rule_is_met_opens_at_its_date(
    settled: Any, place: Place, measured: str
) -> None:
    p = offering(talk={})
    model = lived(settled, staged(p, {"measured": measured, "at_least": -1e6}), 30, p)
    assert first_start(model, place, "Noordoost") == "2024-04"
    assert first_start(lived(settled, staged(p, None), 30, p), place, "Noordoost") == "2024-04"


def test_a_stage_waits_for_what_is_measured(settled: Any, place: Place) -> None:
    """Half a year after the start nobody was followed for a year; next January some were."""
    p = offering(talk={})
    plan = staged(p, {"measured": "stress", "at_least": -1e6}, start="2022-09")
    model = lived(settled, plan, 30, p)
    said = [one for one in model.course.decisions if one.about == "Noordoost"]
    assert [(month_text(one.month), one.people > 0, one.yes) for one in said] == [
        ("2022-09", False, False), ("2023-01", False, False), ("2024-01", True, True),
    ]  # fmt: skip
    assert first_start(model, place, "Noordoost") == "2024-01"


# ---- learning ----------------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["before_after", "matched", "trial"])
def test_money_goes_to_what_works_strongly(settled: Any, design: str) -> None:
    p = offering(
        work={"eligible": ["welfare"], "numbers": {"find_late_factor": 10,
                                                   "find_lasts_months": 60}},
        alms={"eligible": ["welfare"], "numbers": {"support_eur_per_year": 9000}},
    ).with_({"help.learning_people": 10})  # fmt: skip
    plan = planned(
        p, mix={"alms": 0.7, "work": 0.3}, budget_eur_per_year=4e6, start="2022-08",
        end="2026-12", allocation="learning",
        monitoring={"design": design, "followed": 10_000},
    )  # fmt: skip
    course = lived(settled, plan, 49, p).course
    learnt = [one for one in course.decisions if one.what == "learning"]
    assert learnt and {one.about for one in learnt} == {"work"}
    kept = 0.7 * (1 - p.value("help.learning_share")) ** len(learnt)
    assert course.shares == pytest.approx([kept, 1 - kept])
    assert course.shares.sum() == pytest.approx(1)
    fixed = lived(settled, plan.changed(allocation="fixed"), 49, p).course
    more, as_before = ((c.starts["kind"] == 1).sum() for c in (course, fixed))
    assert more > as_before


def test_nothing_is_learnt_from_too_few(settled: Any) -> None:
    p = offering(talk={}, chat={}).with_({"help.learning_people": 100})
    plan = planned(
        p, mix={"talk": 0.5, "chat": 0.5}, budget_eur_per_year=2e5, start="2022-08", end="2026-12",
        allocation="learning",
    )  # fmt: skip
    assert lived(settled, plan, 40, p).course.decisions == []


# ---- money -------------------------------------------------------------------------------------

RICH = offering(
    talk={},
    lessons={"eligible": ["children"], "numbers": {"price_per_child": 1, "course_months": 3,
                                                    "price_month_eur": 400}},
    payer={"eligible": ["debts"], "numbers": {"pays_claims_eur": 2000, "success_share": 0.6,
                                              "find_late_factor": 8, "find_lasts_months": 60}},
)  # fmt: skip


@st.composite
def plans(draw: Any) -> Plan:
    weights = np.array(draw(st.tuples(*[st.floats(0.05, 1)] * 3)))
    names = ["lessons", "payer", "talk"]
    content: dict[str, Any] = {
        "mix": dict(zip(names, weights / weights.sum(), strict=True)),
        "budget_eur_per_year": draw(st.floats(1e5, 3e7)), "start": "2022-03", "end": "2024-06",
        "monitoring": {
            "design": draw(st.sampled_from(["before_after", "matched", "trial"])),
            "months": draw(st.sampled_from([6, 12])), "followed": draw(st.integers(1, 5000)),
        },
        "allocation": draw(st.sampled_from(["fixed", "learning"])),
        "revolving_share": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "target": draw(st.sampled_from(["first_come", "prevention", "highest_return"])),
    }  # fmt: skip
    if draw(st.booleans()):
        content["stages"] = [
            {"wijken": ["Centrum", "Noordoost"], "start": "2022-04"},
            {"wijken": ["Zuidwest"], "start": "2022-11", "budget_eur_per_year": 2e7,
             "go": {"measured": "completed", "at_least": 0.1}},
        ]  # fmt: skip
    if draw(st.booleans()):
        eur = content["budget_eur_per_year"] * 0.4
        content["bring_forward"] = [{"from_year": "2023", "to_year": "2022", "eur": eur}]
    return planned(RICH, **content)


@settings(
    max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(plan=plans(), seed=st.integers(1, 1000))
def test_the_budget_is_never_exceeded(settled: Any, plan: Plan, seed: int) -> None:
    """Whatever a plan does: what it spent is never more than came free, plus what revolved."""
    p = RICH.with_({"help.learning_people": 10})
    model = SiexModel(settled=settled, rng=seed, plan=plan, parameters=p, keep_books=True)
    free, spent = 0.0, 0.0
    for _ in range(32):
        month = model.month
        model.step()
        course = model.course
        free += plan.month_budget_eur(month, course.yearly_eur)
        lines = model.lines_by_month[-1] * model.sample
        spent += lines[:, [items.HELP_COST, items.HELP_CLAIM_PAID]].sum() / 100
        again = sum(one.value for one in course.decisions if one.what == "revolving")
        assert spent <= free + again + 1, month_text(month)
        assert course.purse.min() >= -1
    assert month_number(plan.end) < model.month


def test_revolving_money_is_spent_on_help(settled: Any) -> None:
    """People who found work through help: what was measured to come back starts others."""
    p = offering(work={"eligible": ["welfare"], "numbers": {"find_late_factor": 10,
                                                             "find_lasts_months": 60}})  # fmt: skip
    plan = planned(
        p, mix={"work": 1.0}, budget_eur_per_year=4e5, start="2022-08", end="2026-12",
        monitoring={"design": "matched"},
    )  # fmt: skip
    once = lived(settled, plan, 50, p)
    again = lived(settled, plan.changed(revolving_share=1.0), 50, p)
    revolved = [one.value for one in again.course.decisions if one.what == "revolving"]
    assert len(revolved) == 4 and sum(revolved) > 1e5 and revolved[0] == 0
    assert len(again.course.starts) > len(once.course.starts)


def test_a_plan_without_books_follows_nobody(settled: Any, plan: Plan) -> None:
    model = SiexModel(settled=settled, rng=SEED, plan=plan)
    for _ in range(20):
        model.step()
    assert len(model.course.starts) > 5
    assert len(model.course.cohort.panel.subjects) == 0 and model.course.cohort.twins is None
