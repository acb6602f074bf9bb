"""A plan: what it may ask, and what it makes of a budget."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.interventions import packaged_interventions
from siexsim.plan import Go, Plan

NAMES = ["breakthrough", "debt_relief", "job_guidance"]


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
    assert one_month.budget_to_date_eur(month_number("2030-01")) == pytest.approx(100)


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


# ---- budgets ------------------------------------------------------------------------------------


def test_a_year_can_have_a_budget_of_its_own() -> None:
    plan = a_plan(
        start="2022-07", end="2024-06", budget_eur_per_year=1200, budget_by_year={"2023": 600}
    )
    assert [plan.year_budget_eur(y) for y in (2021, 2022, 2023, 2024, 2025)] == [
        0,
        600,
        600,
        600,
        0,
    ]
    assert plan.month_budget_eur(month_number("2023-05")) == pytest.approx(50)
    assert plan.month_budget_eur(month_number("2024-05")) == pytest.approx(100)


def test_money_brought_forward_changes_years_and_no_total() -> None:
    plan = a_plan(start="2022-01", end="2025-12", budget_eur_per_year=1200)
    early = plan.changed(bring_forward=[{"from_year": "2025", "to_year": "2022", "eur": 900}])
    assert early.month_budget_eur(month_number("2022-03")) == pytest.approx((1200 + 900) / 12)
    assert early.month_budget_eur(month_number("2025-03")) == pytest.approx(25)
    last = month_number("2026-01")
    assert early.budget_to_date_eur(last) == pytest.approx(plan.budget_to_date_eur(last))


@settings(max_examples=60, deadline=None)
@given(
    first=st.integers(0, 40), length=st.integers(0, 60), eur=st.floats(0, 1e6),
    own=st.dictionaries(st.integers(2022, 2030).map(str), st.floats(0, 1e6), max_size=3),
)  # fmt: skip
def test_months_add_up_to_years(first: int, length: int, eur: float, own: dict[str, float]) -> None:
    from siexsim.household import month_text

    begin = month_number("2022-01") + first
    last = begin + length
    own = {
        year: much
        for year, much in own.items()
        if begin <= (int(year) - 1900) * 12 + 11 and (int(year) - 1900) * 12 <= last
    }
    plan = a_plan(
        start=month_text(begin), end=month_text(last), budget_eur_per_year=eur, budget_by_year=own,
    )  # fmt: skip
    for year in range(2022, 2032):
        assert plan.months_in(year) or plan.year_budget_eur(year) == 0
        january = month_number(f"{year}-01")
        months = sum(plan.month_budget_eur(january + k) for k in range(12))
        assert months == pytest.approx(plan.year_budget_eur(year), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bring_forward": [{"from_year": "2023", "to_year": "2024", "eur": 1}]}, "earlier year"),
        (
            {"bring_forward": [{"from_year": "2024", "to_year": "2023", "eur": 1e8}]},
            "brought forward from 2024, whose budget is 1000000",
        ),
        (
            {"cofinancing": {"insurer": {"pays_share": 0.7}, "state": {"pays_share": 0.5}}},
            "pay 1.2 of the costs",
        ),
        ({"cofinancing": {"municipality": {"pays_share": 0.7}}}, "insurer"),
        ({"budget_by_year": {"soon": 3}}, "pattern"),
        ({"capacity": {"dept_relief": 3}}, "did you mean 'debt_relief'"),
        ({"wijken": ["A"], "stages": [{"wijken": ["A"], "start": "2022-07"}]}, "not both"),
        ({"stages": [{"wijken": ["Centrum"], "start": "2021-07"}]}, "must start within the plan"),
        ({"stages": [{"wijken": [], "start": "2022-07"}]}, "at least 1"),
        (
            {"stages": [{"wijken": ["Centrum"], "start": "2022-07"},
                        {"wijken": ["Beijum"], "start": "2026-07"}]},
            "stage 2 starts in 2026-07; it must start within the plan, 2022-07 to 2026-06",
        ),
        (
            {"stages": [{"wijken": ["Centrum"], "start": "2022-07",
                         "go": {"measured": "stress", "at_least": 0}}]},
            "nothing is measured before it",
        ),
        ({"budget_by_year": {"2027": 5}}, "budget_by_year names 2027; the plan runs from 2022-07"),
        ({"capacity": {"job_guidance": 3}}, "'job_guidance', which isn't in the mix"),
        (
            {"stages": [{"wijken": ["Centrum"], "start": "2022-07"},
                        {"wijken": ["Beijum"], "start": "2024-03", "budget_eur_per_year": 1e5}],
             "bring_forward": [{"from_year": "2025", "to_year": "2023", "eur": 2e5}]},
            "200000 is brought forward from 2025, whose budget is 100000",
        ),
        ({"revolving_share": 0.5, "monitoring": {"design": "none"}}, "needs a design"),
        ({"allocation": "learning", "monitoring": {"design": "none"}}, "needs a design"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        a_plan(**changes)


def test_plans_compose() -> None:
    plan = a_plan(wijken=("Centrum",)).starting_in("Noordoost")
    wider = plan.then_to(
        "Noordwest", "Oud-Noord", start="2024-07", budget_eur_per_year=2e6,
        go={"measured": "stress", "at_least": 0.02},
    )  # fmt: skip
    assert plan.all_wijken == ("Noordoost",) and plan.wijken == ()
    assert wider.all_wijken == ("Noordoost", "Noordwest", "Oud-Noord")
    assert wider.stages[1].go == Go(measured="stress", at_least=0.02)
    with pytest.raises(ValidationError, match="before the one it follows"):
        wider.then_to("Zuidwest", start="2023-01")
    assert Plan.model_validate(wider.model_dump()) == wider


def test_a_plan_somewhere_goes_on_from_there() -> None:
    plan = a_plan(wijken=("Centrum",)).then_to("Noordwest", start="2023-01")
    assert [(stage.wijken, stage.start) for stage in plan.stages] == [
        (("Centrum",), "2022-07"), (("Noordwest",), "2023-01"),
    ]  # fmt: skip
    with pytest.raises(UserError, match="everywhere already"):
        a_plan().then_to("Noordwest", start="2023-01")


def test_a_mix_fits_in_the_record_of_a_household() -> None:
    names = [f"own_{k}" for k in range(13)]
    for count, fits in ((12, True), (13, False)):
        content = {
            "mix": dict.fromkeys(names[:count], 1 / count), "budget_eur_per_year": 1,
        }  # fmt: skip
        if fits:
            Plan.model_validate(content, context={"interventions": names})
            continue
        with pytest.raises(ValidationError, match="names 13 interventions; at most 12"):
            Plan.model_validate(content, context={"interventions": names})


def test_every_packaged_intervention_makes_a_plan() -> None:
    for name in packaged_interventions():
        assert a_plan(mix={name: 1.0}).interventions == [name]
