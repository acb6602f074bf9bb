"""Money of a plan: what came free lies in the purse, is bound, or is spent; nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from siexsim import items
from siexsim.course import Course
from siexsim.model import SiexModel
from siexsim.plan import Plan
from tests.conftest import SAMPLE, SEED
from tests.offers import offering, planned

RICH = offering(
    lessons={"eligible": ["children"], "numbers": {"price_per_child": 1, "course_months": 3,
                                                    "price_month_eur": 400}},
    payer={"eligible": ["debts"], "numbers": {"pays_claims_eur": 2000, "success_share": 0.6}},
    helper={"eligible": ["debts"], "numbers": {"pays_claims_eur": 700, "course_months": 2,
                                               "price_month_eur": 90}},
    talk={},
).with_({"help.learning_people": 10})  # fmt: skip
NAMES = ["helper", "lessons", "payer", "talk"]


def bound_cents(course: Course, month: int) -> float:
    """What help and following people may still cost from `month` on; all households."""
    starts = course.starts
    bound = 0.0
    for one in starts[starts["end"] < 0]:
        kind, heads = int(one["kind"]), int(one["heads"])
        ran = min(month - int(one["start"]), course.course_months(kind))
        left = course.price_cents(kind, course.course_months(kind)) - course.price_cents(kind, ran)
        bound += left * heads * course.overhead + course.claims_cents(kind)
    last = {int(one["row"]): int(one["start"]) for one in starts}
    months = sum(max(first + course.followed_months() - month, 0) for first in last.values())
    beside = starts["start"][starts["paired"]].astype(int) + course.plan.monitoring.months - month
    months += np.maximum(beside, 0).sum()
    return float(bound + months * course.following_cents()) * course.weight


def balance_eur(model: SiexModel, plan: Plan) -> tuple[float, float]:
    """What came free so far, and where it is; full euros."""
    course = model.course
    assert course is not None
    course.follow(model.households, model.month)
    spent = np.array(model.lines_by_month)[..., [items.HELP_COST, items.HELP_CLAIM_PAID]].sum()
    there = course.purse.sum() + bound_cents(course, model.month) + spent * model.sample
    return received[id(course)], float(there) / 100


received: dict[int, float] = {}


def count_what_comes_in(course: Course) -> None:
    received[id(course)] = 0.0
    whole = course.receive

    def receive(cents: float) -> None:
        received[id(course)] += cents / 100
        whole(cents)

    course.receive = receive  # type: ignore[method-assign]


@st.composite
def plans(draw: Any) -> tuple[Plan, tuple[str, ...]]:
    weights = np.array(draw(st.tuples(*[st.floats(0, 1)] * 4).filter(lambda s: sum(s) > 0.1)))
    budget = draw(st.sampled_from([0.0, 1e3, 3e5, 4e6, 3e7]))
    months = draw(st.sampled_from([1, 3, 20]))
    design = draw(st.sampled_from(["none", "before_after", "matched", "trial"]))
    content: dict[str, Any] = {
        "mix": dict(zip(NAMES, (weights / weights.sum()).tolist(), strict=True)),
        "budget_eur_per_year": budget, "start": "2022-03",
        "end": {1: "2022-03", 3: "2022-05", 20: "2023-10"}[months],
        "monitoring": {"design": design, "months": draw(st.sampled_from([6, 12, 18])),
                       "followed": draw(st.integers(1, 5000))},
        "target": draw(st.sampled_from(["first_come", "prevention", "highest_return"])),
        "capacity": draw(st.sampled_from([{}, {"talk": 0}, {"talk": 500, "payer": 200}])),
    }  # fmt: skip
    if design != "none":
        content["allocation"] = draw(st.sampled_from(["fixed", "learning"]))
        content["revolving_share"] = draw(st.sampled_from([0.0, 1.0]))
    if months == 20 and draw(st.booleans()):
        content["bring_forward"] = [{"from_year": "2023", "to_year": "2022", "eur": budget / 2}]
    if draw(st.booleans()):
        content["stages"] = [{"wijken": ["Centrum", "Beijum"], "start": "2022-03"}]
        if months == 20:
            content["stages"].append(
                {"wijken": ["Zuidwest"], "start": "2022-11", "budget_eur_per_year": 2e7}
            )
    ranking = tuple(draw(st.permutations(NAMES))) if draw(st.integers(0, 3)) == 0 else ()
    if ranking:
        content |= {"allocation": "perfect", "revolving_share": 0.0}
    return planned(RICH, **content), ranking


@settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)  # fmt: skip
@given(asked=plans(), seed=st.integers(1, 1000))
def test_no_money_is_lost_or_made(
    settled: Any, asked: tuple[Plan, tuple[str, ...]], seed: int
) -> None:
    """At the end of every month, but for whole cents of overhead a neighbourhood."""
    plan, ranking = asked
    model = SiexModel(
        settled=settled, rng=seed, plan=plan, parameters=RICH, keep_books=True, ranking=ranking
    )
    assert model.course is not None
    count_what_comes_in(model.course)
    for k in range(30):
        model.step()
        free, there = balance_eur(model, plan)
        rounding = (k + 1) * 20 * SAMPLE / 100 + 1e-6 * free + 1
        assert free - rounding <= there <= free + 1e-6 * free + 1
        assert model.course.purse.min() >= -1e-6 * free - 1
    received.clear()


def test_setting_up_a_study_waits_until_there_is_money_for_it(settled: Any) -> None:
    """With cents a month it isn't free; it takes all that there is first."""
    plan = Plan(mix={"debt_relief": 1.0}, budget_eur_per_year=120, start="2022-01", end="2023-12")
    model = SiexModel(settled=settled, rng=SEED, plan=plan)
    assert model.course is not None
    asked = model.course.set_up_cents
    for _ in range(12):
        model.step()
    assert len(model.course.starts) == 0
    assert model.course.set_up_cents == pytest.approx(asked - model.course.measuring_cents)
    assert asked > model.course.set_up_cents > asked - 120 * 100


def test_help_by_the_child_is_never_free(settled: Any) -> None:
    plan = planned(RICH, mix={"lessons": 1.0}, budget_eur_per_year=2e7, start="2022-01")
    model = SiexModel(settled=settled, rng=SEED, plan=plan, parameters=RICH)
    assert model.course is not None
    for _ in range(12):
        model.step()
    starts = model.course.starts
    assert len(starts) > 5 and starts["heads"].min() >= 1 and starts["cents"].min() > 0
