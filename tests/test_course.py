"""The course of a plan in a world: what it spends, whom it takes first, where it comes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexsim import help, items, matching
from siexsim import household as hh
from siexsim.course import Course
from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.interventions import packaged_interventions
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Plan
from tests.conftest import SAMPLE, SEED
from tests.rules.conftest import NOW, crowd, plain
from tests.test_plan import NAMES, a_plan

PACKAGED = Parameters.packaged()
OVERHEAD = 1 + PACKAGED.value("help.overhead_share")


def test_a_plan_does_not_start_before_the_run(settled: Any) -> None:
    with pytest.raises(UserError, match="before the run does"):
        SiexModel(settled=settled, rng=SEED, plan=a_plan(start="2021-12"))
    with pytest.raises(UserError, match="did you mean 'Noordoost'"):
        SiexModel(settled=settled, rng=SEED, plan=a_plan(wijken=("Noordost",)))


# ---- what it spends ----------------------------------------------------------------------------


def lived(settled: Any, plan: Plan, months: int, parameters: Parameters = PACKAGED) -> SiexModel:
    model = SiexModel(settled=settled, rng=SEED, plan=plan, parameters=parameters, keep_books=True)
    for _ in range(months):
        model.step()
    return model


def spent_eur(model: SiexModel) -> float:
    """What participants cost, with overhead and without following them, in full euros."""
    books = model.books["cents"]
    helped = books[:, items.HELP_COST].sum() * OVERHEAD + books[:, items.HELP_CLAIM_PAID].sum()
    return float(helped) * SAMPLE / 100


shares = st.tuples(*[st.floats(0, 1)] * 3).filter(lambda s: sum(s) > 0.05)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(
    weights=shares, budget=st.floats(0, 3e7), first=st.integers(0, 10), length=st.integers(0, 30),
    target=st.sampled_from(["first_come", "heaviest_stress", "prevention", "highest_return"]),
    some=st.booleans(), future=st.integers(0, 50),
)  # fmt: skip
def test_the_budget_is_never_exceeded(
    settled: Any, weights: tuple[float, ...], budget: float, first: int, length: int, target: str,
    some: bool, future: int,
) -> None:  # fmt: skip
    """Whatever the plan and the prices: with overhead, at the end of every month."""
    mix = dict(zip(NAMES, np.array(weights) / sum(weights), strict=True))
    start = month_number("2022-01") + first
    plan = Plan(
        mix=mix, budget_eur_per_year=budget, start=hh.month_text(start),
        end=hh.month_text(start + length), target=target,
        wijken=("Noordoost", "Centrum") if some else (),
    )  # fmt: skip
    model = SiexModel(
        settled=settled, rng=SEED, plan=plan, parameters=PACKAGED.drawn(1, future), keep_books=True
    )
    overhead = 1 + model.parameters.value("help.overhead_share")
    for _ in range(20):
        model.step()
        books = model.books["cents"]
        cents = books[:, items.HELP_COST].sum() * overhead + books[:, items.HELP_CLAIM_PAID].sum()
        assert cents * SAMPLE / 100 <= plan.budget_to_date_eur(model.month - 1) + 1e-3
        covered = model.households["wijk"][model.course.starts["row"]]
        assert model.course.open[covered].all()


def test_following_participants_fits_in_the_budget(settled: Any) -> None:
    plan = Plan(mix={"debt_relief": 1.0}, budget_eur_per_year=2e6, start="2022-03", end="2023-12")
    model = lived(settled, plan, 60)
    cents = model.ledger().cents[:, :, (items.HELP_COST, items.HELP_CLAIM_PAID)].sum(axis=(1, 2))
    for k, total in enumerate(cents.cumsum() / 100):
        assert total <= plan.budget_to_date_eur(model.start + k) + 1


@pytest.mark.parametrize(("design", "beside"), [("before_after", 0), ("matched", 1), ("trial", 1)])
def test_the_ledger_has_what_participants_cost_overhead_and_measuring(
    settled: Any, design: str, beside: int
) -> None:
    monitoring = {"design": design, "followed": 500}
    plan = a_plan(budget_eur_per_year=1e7, start="2022-02", end="2022-12", monitoring=monitoring)
    model = lived(settled, plan, 14)
    course, following = model.course, 0
    own = model.books["cents"][:, items.HELP_COST].sum()
    monthly = int(PACKAGED.value("help.monitoring_eur_per_year") * course.price_index * 100) // 12
    starts = course.starts
    assert starts["paired"].sum() == beside * sum(
        min(5, (starts["kind"] == kind).sum()) for kind in range(2)
    )
    for k in range(14):
        since = model.start + k - starts["start"].astype(int)
        following += len(set(starts["row"][since >= 0])) * monthly
        following += (starts["paired"] & (since >= 0) & (since < 12)).sum() * monthly
    set_up = PACKAGED.value(f"monitoring.{design}_eur") * course.price_index * 100 / SAMPLE
    booked = model.ledger().cents[:, :, items.HELP_COST].sum() / SAMPLE
    expected = (own + set_up) * OVERHEAD + following
    # overhead is rounded down per neighbourhood and month, and so is setting up
    assert expected - 14 * 20 - 20 * 14 * OVERHEAD <= booked <= expected
    assert course.measuring_cents / SAMPLE == pytest.approx(following + set_up, abs=20 * 14)
    assert own > 0


def test_without_money_nobody_starts(settled: Any) -> None:
    model = lived(settled, a_plan(budget_eur_per_year=0, start="2022-01", end="2023-12"), 16)
    assert len(model.course.starts) == 0 and model.ledger().cents[:, :, items.HELP_COST].sum() == 0
    there = model.households[model.rows]
    assert (there["help"] == hh.WAITING).sum() > 5
    assert there["help_months"].max() <= PACKAGED.value("help.longest_wait_months")


def test_more_money_never_means_fewer_participants(settled: Any) -> None:
    by_month = []
    for budget in (5e5, 2e6, 6e6, 2e7):
        plan = a_plan(
            mix={"debt_relief": 1.0}, budget_eur_per_year=budget, start="2022-01", end="2023-12"
        )
        starts = lived(settled, plan, 24).course.starts["start"]
        by_month.append([int((starts <= month_number("2022-01") + k).sum()) for k in range(24)])
    for less, more in pairwise(by_month):
        assert (np.array(less) <= np.array(more)).all()
    assert by_month[0][-1] < by_month[-1][-1]


def test_nobody_starts_before_or_after_the_plan(settled: Any) -> None:
    model = lived(settled, a_plan(budget_eur_per_year=2e7, start="2022-04", end="2022-09"), 14)
    assert len(model.course.starts) > 5
    assert model.course.starts["start"].min() >= month_number("2022-04")
    assert model.course.starts["start"].max() <= month_number("2022-09")


def test_only_the_eligible_are_reached(settled: Any) -> None:
    plan = a_plan(
        mix=dict.fromkeys(NAMES, 1 / 3), budget_eur_per_year=2e7, start="2022-01", end="2023-12"
    )
    model = SiexModel(settled=settled, rng=SEED, plan=plan)
    conditions, reached = plain(help.conditions), 0
    for _ in range(12):
        before = model.households.copy()
        model.step()
        now = model.households[: len(before)]
        for row in np.flatnonzero(
            (before["help"] == hh.UNTOUCHED).any(axis=1) & (now["help"] > 0).any(axis=1)
        ):
            for k in range(3):
                if before["help"][row, k] == hh.UNTOUCHED and now["help"][row, k] > 0:
                    needs = packaged_interventions()[plan.interventions[k]].needs
                    assert conditions(before[row], model.values, model.month - 1) & needs == needs
                    assert before["student"][row] == 0
                    reached += 1
    assert reached > 20


def test_who_starts_is_still_eligible(settled: Any) -> None:
    plan = a_plan(mix={"debt_relief": 1.0}, budget_eur_per_year=8e5, start="2022-01", end="2026-12")
    model = SiexModel(settled=settled, rng=SEED, plan=plan)
    needs = packaged_interventions()["debt_relief"].needs
    for _ in range(60):
        before, known = model.households.copy(), len(model.course.starts)
        model.step()
        for row in model.course.starts["row"][known:]:
            assert plain(help.conditions)(before[row], model.values, model.month - 1) & needs


def test_who_is_reached_does_not_depend_on_what_else_is_offered(settled: Any) -> None:
    reached = []
    for mix in ({"debt_relief": 1.0}, {"debt_relief": 1.0, "breakthrough": 0.0}):
        plan = a_plan(mix=mix, budget_eur_per_year=0, start="2022-01", end="2022-12")
        model = lived(settled, plan, 1)
        k = plan.interventions.index("debt_relief")
        reached.append(
            set(model.households["id"][model.households["help"][:, k] == hh.WAITING].tolist())
        )
    assert reached[0] == reached[1]


# ---- whom it takes first -----------------------------------------------------------------------


def a_course(place: Place, target: str, budget: float, **changes: Any) -> Course:
    plan = Plan(
        mix={"debt_relief": 1.0}, budget_eur_per_year=budget, start="2024-01", end="2024-12",
        target=target, **{"monitoring": {"design": "none"}, **changes},
    )  # fmt: skip
    return Course(plan, place, PACKAGED, 1)


def month_of(course: Course, people: Any, month: int, order: Any = None) -> Any:
    """One month of money and starts for who waits; returns the lines of the month."""
    order = np.flatnonzero(people["help"][:, 0] == hh.WAITING) if order is None else order
    waiting = np.column_stack([order, np.zeros(len(order), np.int64)])
    lines = items.lines(20)
    course.receive(course.plan.month_budget_eur(month) * 100)
    course._start_all(people, order, waiting, month, lines, items.lines(1), PACKAGED.compiled())
    return lines


def waiting_town() -> Any:
    people = crowd(300, 12)
    people["help"][:, 0] = hh.WAITING
    people["help_months"][:, 0] = np.random.default_rng(1).integers(0, 9, 300)
    people["poor"] = np.random.default_rng(2).integers(0, 2, 300)
    return people


def taken(place: Place, people: Any, target: str, places: int, order: Any = None) -> list[int]:
    course = a_course(place, target, 12 * places * 2700 * OVERHEAD + 12)
    lines = month_of(course, people, NOW, order)
    assert lines["cents"][:, items.HELP_COST].sum() == len(course.starts) * 90_000
    return course.starts["row"].tolist()


@pytest.mark.parametrize(
    "target", ["first_come", "heaviest_stress", "prevention", "highest_return"]
)
def test_the_order_is_the_targets_and_not_that_of_the_rows(place: Place, target: str) -> None:
    people = waiting_town()
    before = people.copy()
    rows = taken(place, people, target, 40)
    assert len(rows) == 40
    other = waiting_town()
    turned = taken(place, other[::-1].copy(), target, 40)
    assert [before["id"][r] for r in rows] == [before[::-1]["id"][r] for r in turned]
    again = taken(place, waiting_town(), target, 40, np.random.default_rng(3).permutation(300))
    assert again == rows
    out = np.setdiff1d(np.arange(300), rows)
    if target == "first_come":
        assert before["help_months"][rows, 0].min() >= before["help_months"][out, 0].max()
    elif target == "heaviest_stress":
        mean = before["stress"].mean(axis=1)
        assert mean[rows].min() >= mean[out].max()
    elif target == "highest_return":
        cost = matching.yearly_cost_eur(before, PACKAGED)
        assert cost[rows].min() >= cost[out].max() > 0
    else:
        early = (before["poor"] == 0) & (before["claims"] <= 2)
        assert early[rows].all() and early.sum() > 40


def test_who_starts_runs(place: Place) -> None:
    people = waiting_town()
    rows = taken(place, people, "first_come", 10)
    assert (people["help"][rows, 0] == hh.RUNNING).all()
    assert (people["help_months"][rows, 0] == 0).all() and (people["helped"][rows] == 1).all()
    others = np.setdiff1d(np.arange(300), rows)
    assert (people["help"][others, 0] == hh.WAITING).all() and (people["helped"][others] == 0).all()


def test_a_course_that_ended_early_sets_money_free(place: Place) -> None:
    people = waiting_town()
    course = a_course(place, "first_come", 12 * 2700 * OVERHEAD + 12)
    month_of(course, people, NOW)
    (one,) = course.starts
    assert one["cents"] == 270_000
    people["help"][one["row"], 0] = hh.DROPPED
    course.follow(people, NOW + 2)
    (one,) = course.starts
    assert (one["end"], one["outcome"], one["cents"]) == (NOW + 2, hh.DROPPED, 150_000)
    course.receive(course.plan.month_budget_eur(NOW + 1) * 100)
    month_of(course, people, NOW + 2)
    assert len(course.starts) == 3  # 3 x 2,700 free, 1,500 spent: two more


def test_capacity_is_how_many_run_at_once(place: Place) -> None:
    people = waiting_town()
    course = a_course(place, "first_come", 1e9, capacity={"debt_relief": 7})
    month_of(course, people, NOW)
    assert len(course.starts) == 7
    month_of(course, people, NOW + 1)
    assert len(course.starts) == 7
    people["help"][course.starts["row"][:3], 0] = hh.COMPLETED
    course.follow(people, NOW + 2)
    month_of(course, people, NOW + 2)
    assert len(course.starts) == 10


# ---- stages -------------------------------------------------------------------------------------


def test_a_stage_opens_at_its_date(settled: Any) -> None:
    plan = a_plan(budget_eur_per_year=2e7, start="2022-01", end="2024-12").starting_in("Noordoost")
    plan = plan.then_to("Noordwest", "Oud-Noord", start="2023-03")
    model = lived(settled, plan, 36)
    names = np.array(model.place.wijken)[model.households["wijk"][model.course.starts["row"]]]
    for name, first in (
        ("Noordoost", "2022-01"),
        ("Noordwest", "2023-03"),
        ("Oud-Noord", "2023-03"),
    ):
        months = model.course.starts["start"][names == name]
        assert len(months) > 1 and months.min() >= month_number(first), name
    assert set(names) == {"Noordoost", "Noordwest", "Oud-Noord"}


def test_a_stage_whose_rule_is_not_met_stays_shut(settled: Any) -> None:
    plan = a_plan(budget_eur_per_year=2e7, start="2022-01", end="2024-12").starting_in("Noordoost")
    for bar, opens in ((2.0, False), (0.0, True)):
        go = {"measured": "completed", "at_least": bar}
        model = lived(settled, plan.then_to("Noordwest", start="2023-03", go=go), 30)
        row = model.place.wijk("Noordwest")
        assert bool(model.course.open[row]) is opens
        decisions = model.course.decisions
        assert decisions[-1].yes is opens and decisions[0].month == month_number("2023-03")
        # asked again every January while the answer is no
        assert [d.month for d in decisions[1:]] == ([] if opens else [month_number("2024-01")])


def test_a_stage_can_scale_the_budget(settled: Any) -> None:
    plan = a_plan(budget_eur_per_year=1e6, start="2022-01", end="2024-12").starting_in("Noordoost")
    wide = plan.then_to(
        "Noordwest", "Oud-Noord", "Centrum", start="2023-01", budget_eur_per_year=2e7
    )
    few, many = (len(lived(settled, p, 36).course.starts) for p in (plan, wide))
    assert many > 2 * few > 0


def test_homes_given_are_homes_that_others_miss(settled: Any) -> None:
    """The stock: with every other home taken, others find fewer; with none taken, just as many."""
    plan = a_plan(
        mix={"breakthrough": 1.0}, budget_eur_per_year=5e7, start="2022-01", end="2023-12"
    )
    homes = []
    for share in (0.5, 1.0):
        changed = PACKAGED.with_({"help.homes_taken_share": share, "breakthrough.fixes_home": 0.8})
        model = lived(settled, plan, 30, changed)
        there = model.households[model.rows]
        homes.append(int(((there["home"] == hh.UNFIT) & (there["helped"] == 0)).sum()))
    assert homes[1] >= homes[0]


def test_prices_are_fixed_when_a_plan_starts(settled: Any) -> None:
    model = lived(settled, a_plan(start="2024-01", end="2024-12"), 1)
    assert model.course.price_index == pytest.approx(1283.83 / 1091.71)
    assert model.course.price_cents(1, 6) == int(900 * 1283.83 / 1091.71 * 100) + 6 * int(
        300 * 1283.83 / 1091.71 * 100
    )
