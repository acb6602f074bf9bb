"""A plan: what it may ask, what it may spend, whom it takes first."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from siexsim import help, items
from siexsim import household as hh
from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.plan import Course, Plan, begin
from tests.conftest import SAMPLE, SEED
from tests.rules.conftest import NOW, crowd, plain

PACKAGED = Parameters.packaged()
NAMES = ["breakthrough", "debt_relief", "job_guidance"]
OVERHEAD = 1 + PACKAGED.value("help.overhead_share")
FOLLOWING = 36 * 833 / 100  # euros: three years at 100 a year, in whole cents a month


def a_plan(**changes: Any) -> Plan:
    usual = {"mix": {"debt_relief": 0.5, "breakthrough": 0.5}, "budget_eur_per_year": 1e6}
    return Plan(**{**usual, **changes})


# ---- what a plan may ask -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ({}, "at least one"),
        ({"debt_relief": 0.6, "breakthrough": 0.6}, "sum to 1.2; they must sum to 1"),
        ({"debt_relief": 0.4}, "sum to 0.4"),
        ({"debt_relief": 1.5, "breakthrough": -0.5}, "a share lies between 0 and 1"),
        ({"debt_relief": float("nan")}, "between 0 and 1"),
        ({"dept_relief": 1.0}, "did you mean 'debt_relief'"),
        ({"debt_relief": "all"}, "number"),
    ],
)
def test_a_mix_that_is_none_is_refused(mix: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        a_plan(mix=mix)


def test_shares_that_sum_to_one_but_for_rounding_are_a_mix() -> None:
    third = a_plan(mix=dict.fromkeys(NAMES, 1 / 3))
    assert third.interventions == sorted(NAMES)
    assert a_plan(mix={"debt_relief": 0.1, "breakthrough": 0.2, "job_guidance": 0.7})


@pytest.mark.parametrize(
    "date", ["2022-13", "2022-00", "2022", "22-01", "2022-1", "2022-01-01", ""]
)
def test_dates_are_a_year_and_a_month(date: str) -> None:
    with pytest.raises(ValidationError):
        a_plan(start=date)


@pytest.mark.parametrize("budget", [-1, float("nan"), float("inf"), 2e9, "much"])
def test_budgets_are_amounts(budget: Any) -> None:
    with pytest.raises(ValidationError):
        a_plan(budget_eur_per_year=budget)


def test_a_plan_ends_after_it_starts() -> None:
    with pytest.raises(ValidationError, match=r"ends \(2023-01\) before it starts \(2023-02\)"):
        a_plan(start="2023-02", end="2023-01")
    one_month = a_plan(start="2023-02", end="2023-02", budget_eur_per_year=1200)
    assert one_month.budget_to_date_eur(month_number("2030-01")) == 100


def test_other_words_are_refused() -> None:
    with pytest.raises(ValidationError):
        a_plan(target="loudest")
    with pytest.raises(ValidationError):
        a_plan(colour="red")


def test_budget_comes_free_month_by_month() -> None:
    plan = a_plan(start="2022-07", end="2024-06", budget_eur_per_year=1200)
    for date, eur in (
        ("2022-06", 0),
        ("2022-07", 100),
        ("2023-06", 1200),
        ("2024-06", 2400),
        ("2030-01", 2400),
    ):
        assert plan.budget_to_date_eur(month_number(date)) == pytest.approx(eur)


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
    target=st.sampled_from(["first_come", "heaviest_stress", "prevention"]),
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
        covered = model.households["wijk"][model.course.rows]
        assert model.course.where[covered].all()


def test_following_participants_fits_in_the_budget(settled: Any) -> None:
    plan = Plan(mix={"debt_relief": 1.0}, budget_eur_per_year=2e6, start="2022-03", end="2023-12")
    model = lived(settled, plan, 60)
    cents = model.ledger().cents[:, :, (items.HELP_COST, items.HELP_CLAIM_PAID)].sum(axis=(1, 2))
    for k, total in enumerate(cents.cumsum() / 100):
        assert total <= plan.budget_to_date_eur(model.start + k) + 1


def test_the_ledger_has_what_participants_cost_overhead_and_following(settled: Any) -> None:
    model = lived(settled, a_plan(budget_eur_per_year=1e7, start="2022-02", end="2022-12"), 14)
    following, own = 0, model.books["cents"][:, items.HELP_COST].sum()
    monthly = (
        int(PACKAGED.value("help.monitoring_eur_per_year") * model.course.price_index * 100) // 12
    )
    for k in range(14):
        started = {
            r
            for r, s in zip(model.course.rows, model.course.starts, strict=True)
            if s <= model.start + k
        }
        following += len(started) * monthly
    booked = model.ledger().cents[:, :, items.HELP_COST].sum() / SAMPLE
    # overhead is rounded down per neighbourhood and month
    assert own * OVERHEAD + following - 14 * 20 <= booked <= own * OVERHEAD + following
    assert own > 0


def test_without_money_nobody_starts(settled: Any) -> None:
    model = lived(settled, a_plan(budget_eur_per_year=0, start="2022-01", end="2023-12"), 16)
    assert model.course.rows == [] and model.ledger().cents[:, :, items.HELP_COST].sum() == 0
    there = model.households[model.rows]
    assert (there["help"] == hh.WAITING).sum() > 5
    assert there["help_months"].max() <= PACKAGED.value("help.longest_wait_months")


def test_more_money_never_means_fewer_participants(settled: Any) -> None:
    by_month = []
    for budget in (5e5, 2e6, 6e6, 2e7):
        plan = a_plan(
            mix={"debt_relief": 1.0}, budget_eur_per_year=budget, start="2022-01", end="2023-12"
        )
        starts = np.array(lived(settled, plan, 24).course.starts)
        by_month.append([int((starts <= month_number("2022-01") + k).sum()) for k in range(24)])
    for less, more in pairwise(by_month):
        assert (np.array(less) <= np.array(more)).all()
    assert by_month[0][-1] < by_month[-1][-1]


def test_nobody_starts_before_or_after_the_plan(settled: Any) -> None:
    model = lived(settled, a_plan(budget_eur_per_year=2e7, start="2022-04", end="2022-09"), 14)
    assert len(model.course.starts) > 5
    assert min(model.course.starts) >= month_number("2022-04")
    assert max(model.course.starts) <= month_number("2022-09")


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
                    needs = help.interventions()[plan.interventions[k]].needs
                    assert conditions(before[row], model.values) & needs == needs
                    assert before["student"][row] == 0
                    reached += 1
    assert reached > 30


def test_who_starts_is_still_eligible(settled: Any) -> None:
    plan = a_plan(mix={"debt_relief": 1.0}, budget_eur_per_year=8e5, start="2022-01", end="2026-12")
    model = SiexModel(settled=settled, rng=SEED, plan=plan)
    needs = help.interventions()["debt_relief"].needs
    for _ in range(60):
        before, known = model.households.copy(), len(model.course.rows)
        model.step()
        for row in model.course.rows[known:]:
            assert plain(help.conditions)(before[row], model.values) & needs


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


def a_course(target: str, budget: float) -> Course:
    plan = Plan(
        mix={"debt_relief": 1.0}, budget_eur_per_year=budget, start="2024-01", end="2024-12",
        target=target,
    )  # fmt: skip
    return begin(plan, np.ones(20, np.bool_), PACKAGED, 1.0)


def waiting_town() -> Any:
    people = crowd(300, 12)
    people["help"][:, 0] = hh.WAITING
    people["help_months"][:, 0] = np.random.default_rng(1).integers(0, 9, 300)
    people["poor"] = np.random.default_rng(2).integers(0, 2, 300)
    return people


def taken(people: Any, target: str, places: int, order: Any = None) -> list[int]:
    course = a_course(target, 12 * places * (2700 * OVERHEAD + FOLLOWING) + 12)
    order = np.arange(len(people)) if order is None else order
    waiting = np.column_stack([order, np.zeros(len(people), np.int64)])
    lines = items.lines(20)
    course.start_courses(people, waiting, PACKAGED, 1, NOW, lines, items.lines(1))
    assert lines["cents"][:, items.HELP_COST].sum() == len(course.rows) * 90_000
    return course.rows


@pytest.mark.parametrize("target", ["first_come", "heaviest_stress", "prevention"])
def test_the_order_is_the_targets_and_not_that_of_the_rows(target: str) -> None:
    people = waiting_town()
    before = people.copy()
    rows = taken(people, target, 40)
    assert len(rows) == 40
    other = waiting_town()
    turned = taken(other[::-1].copy(), target, 40)
    assert [before["id"][r] for r in rows] == [before[::-1]["id"][r] for r in turned]
    again = taken(waiting_town(), target, 40, np.random.default_rng(3).permutation(300))
    assert again == rows
    out = np.setdiff1d(np.arange(300), rows)
    if target == "first_come":
        assert before["help_months"][rows, 0].min() >= before["help_months"][out, 0].max()
    elif target == "heaviest_stress":
        mean = before["stress"].mean(axis=1)
        assert mean[rows].min() >= mean[out].max()
    else:
        early = (before["poor"] == 0) & (before["claims"] <= 2)
        assert early[rows].all() and early.sum() > 40


def test_who_starts_runs() -> None:
    people = waiting_town()
    rows = taken(people, "first_come", 10)
    assert (people["help"][rows, 0] == hh.RUNNING).all()
    assert (people["help_months"][rows, 0] == 0).all() and (people["helped"][rows] == 1).all()
    others = np.setdiff1d(np.arange(300), rows)
    assert (people["help"][others, 0] == hh.WAITING).all() and (people["helped"][others] == 0).all()


def test_a_course_that_ended_early_sets_money_free() -> None:
    people = waiting_town()
    course = a_course("first_come", 12 * (2700 * OVERHEAD + FOLLOWING) + 12)
    waiting = np.column_stack([np.arange(300), np.zeros(300, np.int64)])
    books, lines = items.lines(1), items.lines(20)
    course.start_courses(people, waiting, PACKAGED, 1, NOW, lines, books)
    (row,) = course.rows
    assert course.costs_cents == [270_000]
    people["help"][row, 0] = hh.DROPPED
    course.follow(people, NOW + 2)
    assert (course.ends, course.outcomes) == ([NOW + 2], [hh.DROPPED])
    assert course.costs_cents == [90_000 + 2 * 30_000]
    course.start_courses(people, waiting[waiting[:, 0] != row], PACKAGED, 1, NOW + 2, lines, books)
    assert len(course.rows) == 3  # 3 x 2,700 free, 1,500 spent: two more


def test_prices_are_fixed_when_a_plan_starts(settled: Any) -> None:
    model = lived(settled, a_plan(start="2024-01", end="2024-12"), 1)
    assert model.course.price_index == pytest.approx(1283.83 / 1091.71)
    assert model.course.price_cents(1, 6) == int(900 * 1283.83 / 1091.71 * 100) + 6 * int(
        300 * 1283.83 / 1091.71 * 100
    )
