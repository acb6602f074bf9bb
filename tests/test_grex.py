"""The account revised every year: no peeking, provision, profit, extension, closing, risk."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from siexsim import items
from siexsim.account import Account, open_account
from siexsim.grex import (
    brought_forward_table,
    closing,
    closing_table,
    forecast,
    revisions,
    revisions_table,
    risk,
)
from siexsim.household import month_number
from siexsim.items import ITEMS
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters
from siexsim.plan import Agreement, BringForward, Plan

START = month_number("2022-01")
PACKAGED = Parameters.packaged()
PLAIN = {
    "later_months": 0, "later_share": 1, "interest": 0.01, "forecast_fade_per_year": 0,
    "risk_reserve_share": 0.1, "term_years": 2, "welfare_reset_months": 24,
    "welfare_kept_share": 0.1,
}  # fmt: skip
MONTHLY = 1.01 ** (1 / 12) - 1


def opened(
    lines: dict[int, list[float]], months: int, plan: Plan | None = None,
    crisis: list[int] | None = None, **numbers: float,
) -> Account:  # fmt: skip
    """An account of these lines in euros; `crisis` are months in which one goes on."""
    cents = np.zeros((months, 1, len(ITEMS)), np.int64)
    for item, euros in lines.items():
        cents[: len(euros), 0, item] = np.rint(np.array(euros) * 100)
    going = np.isin(np.arange(months), crisis or [])
    asked = {f"account.{key}": value for key, value in {**PLAIN, **numbers}.items()}
    ledger = Ledger(START, ("A",), cents)
    return open_account(ledger, PACKAGED.with_(asked), np.ones(months), plan, going)


def a_plan(**parts: object) -> Plan:
    content = {
        "mix": {"breakthrough": 1.0}, "budget_eur_per_year": 1200.0, "start": "2022-01",
        "end": "2022-12", **parts,
    }  # fmt: skip
    return Plan.model_validate(content)


def carried(net: list[float]) -> float:
    """End of a balance with 1% a year on what stands below zero."""
    balance = 0.0
    for amount in net:
        balance += min(balance, 0.0) * MONTHLY + amount
    return balance


# ---- what is expected --------------------------------------------------------------------------


def test_a_revision_expects_of_the_rest_what_the_last_year_gave() -> None:
    """1,200 in month 0; evictions spare 50 a month. After 12 of 24 months 600 is back.

    A euro invested gave 600 / (12 x 1,200) = 1/24 a month; it doesn't fade here, so the next
    12 months bring 12 x 1,200 / 24 = 600. What is missing at the end is the interest.
    """
    account = opened({items.HELP_COST: [1200], items.EVICTION_COST: [-100] * 24}, 24)
    (first, last) = revisions(account)
    assert (first.revised, last.revised, first.closes) == ("2023-01", "2024-01", "2023-12")
    assert (first.invested_eur, first.returned_eur) == (1200, 600)
    assert first.left_to_invest_eur == 0
    assert first.expected_returns_eur == pytest.approx(600)
    end = carried([-1150] + [50] * 23)
    assert -20 < end < -5
    assert first.expected_end_eur == pytest.approx(end)
    assert first.provision_eur == pytest.approx(-end / 1.02)  # a year away, all of it at once
    assert first.interim_profit_eur == 0
    assert last.expected_end_eur == pytest.approx(end) and last.expected_returns_eur == 0
    assert last.provision_eur == pytest.approx(-end)


def test_returns_are_expected_to_fade() -> None:
    """Half is lost a year: 1,200 stands as 1,200 x 0.5^(m/12) in month m."""
    account = opened(
        {items.HELP_COST: [1200], items.EVICTION_COST: [-100] * 24}, 24, forecast_fade_per_year=0.5
    )
    standing = 1200 * 0.5 ** (np.arange(24) / 12)
    per_euro = 600 / standing[:12].sum()
    assert forecast(account, 12, 24).gained == pytest.approx(per_euro * standing[12:])
    assert forecast(account, 12, 24).gained.sum() == pytest.approx(300)  # half of 600


def test_what_is_left_of_the_budget_is_expected_to_be_spent_and_to_return() -> None:
    """2,400 over two years, 600 spent in the first: 1,800 is left for the 12 months to come."""
    plan = a_plan(end="2023-12")
    account = opened({items.HELP_COST: [50] * 12, items.EVICTION_COST: [-10] * 12}, 36, plan)
    expects = forecast(account, 12, 36)
    assert expects.invested.tolist() == pytest.approx([150] * 12 + [0] * 12)
    # 60 came back on 50 + 100 + ... + 600 = 3,900 standing a month
    standing = [600 + 150 * k for k in range(1, 13)] + [2400] * 12
    assert expects.gained == pytest.approx([60 / 3900 * euros for euros in standing])


def test_the_municipality_expects_to_pay_its_own_part_alone() -> None:
    plan = a_plan(end="2023-12", cofinancing={"insurer": Agreement(pays_share=0.25)})
    account = opened({items.HELP_COST: [100] * 12}, 24, plan)
    (first, _) = revisions(account)
    assert (first.invested_eur, first.left_to_invest_eur) == pytest.approx((900, 900))


def test_the_reset_by_the_state_is_foreseen() -> None:
    """100 a month less welfare from month 0 on: from month 24 on the State takes 90 of it."""
    account = opened({items.HELP_COST: [1000], items.WELFARE_PAID: [-100] * 36}, 36, term_years=3)
    gained = forecast(account, 12, 36).gained
    assert gained == pytest.approx([100] * 12 + [10] * 12)
    assert forecast(account, 30, 36).gained == pytest.approx([10] * 6)  # nor is it taken twice


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), year=st.integers(1, 4))
def test_a_revision_doesnt_know_what_comes_after_it(seed: int, year: int) -> None:
    """Two worlds that are the same until a January are revised alike until then."""
    rng = np.random.default_rng(seed)
    plan = a_plan(
        end="2024-12", extension_years=3, budget_eur_per_year=1e6,
        cofinancing={"state": Agreement(pays_share=0.2, returns_share=0.5)},
    )  # fmt: skip
    numbers = PACKAGED.with_({"account.term_years": 3})
    rows = []
    shared = rng.integers(-(10**6), 10**6, (12 * year, 1, len(ITEMS)))
    known_crisis = rng.random(12 * year) < 0.1
    for _ in range(2):
        later = rng.integers(-(10**6), 10**6, (84 - 12 * year, 1, len(ITEMS)))
        cents = np.concatenate([shared, later])
        cents[..., items.HELP_COST] = np.abs(cents[..., items.HELP_COST])
        crisis = np.concatenate([known_crisis, rng.random(84 - 12 * year) < 0.5])
        prices = np.concatenate([np.ones(12 * year), 1 + rng.random(84 - 12 * year)])
        account = open_account(Ledger(START, ("A",), cents), numbers, prices, plan, crisis, True)
        until = f"{2022 + year}-01"
        rows.append([asdict(one) for one in revisions(account) if one.revised <= until])
    assert rows[0] == rows[1]
    assert rows[0]


# ---- provision and profit ----------------------------------------------------------------------


def test_profit_is_taken_as_the_work_proceeds_and_after_the_reserve() -> None:
    """1,200 spent of 1,200 (all of it), 1,200 back of an expected 2,400: half is complete.

    The result will be about 1,200 less interest; nothing is outstanding, so no reserve is held.
    """
    account = opened({items.HELP_COST: [1200], items.EVICTION_COST: [-200] * 24}, 24)
    (first, last) = revisions(account)
    end = carried([-1100] + [100] * 23)
    assert first.expected_end_eur == pytest.approx(end, rel=1e-3)
    assert first.completion_share == pytest.approx(0.5)
    assert first.risk_reserve_eur == 0
    assert first.interim_profit_eur == pytest.approx(0.5 * end / 1.02, rel=1e-3)
    assert first.provision_eur == 0
    assert last.profit_to_date_eur == pytest.approx(end)
    assert first.interim_profit_eur + last.interim_profit_eur == pytest.approx(end)


def test_the_reserve_is_a_tenth_of_what_isnt_back_yet() -> None:
    """900 of 1,200 back: 30 is held, and the profit is that part smaller."""
    account = opened({items.HELP_COST: [1200], items.EVICTION_COST: [-150] * 24}, 24)
    (first, _) = revisions(account)
    assert first.risk_reserve_eur == pytest.approx(30)
    assert first.interim_profit_eur == pytest.approx(0.5 * (first.value_eur - 30))


def test_profit_taken_too_early_is_put_back() -> None:
    spared = [-200.0] * 12 + [600.0] * 12  # it turns: more evictions than without the plan
    account = opened({items.HELP_COST: [1200], items.EVICTION_COST: spared}, 24)
    (first, last) = revisions(account)
    assert first.interim_profit_eur > 0
    assert last.profit_to_date_eur == 0
    assert last.interim_profit_eur == -first.interim_profit_eur
    assert last.provision_eur == pytest.approx(-account.end_eur("municipality"))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_all_that_is_provided_and_taken_comes_to_the_end(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cents = rng.integers(-(10**6), 10**6, (60, 1, len(ITEMS)))
    cents[..., items.HELP_COST] = np.abs(cents[..., items.HELP_COST]) * rng.integers(0, 4)
    cents[0, 0, items.HELP_COST] = 100
    cents[..., items.HELP_CLAIM_PAID] = 0
    numbers = PACKAGED.with_({"account.term_years": 5})
    account = open_account(Ledger(START, ("A",), cents), numbers, np.ones(60))
    table = revisions_table(account)
    end = account.end_eur("municipality")
    assert table["provision_change_eur"].sum() == pytest.approx(max(0.0, -end), abs=0.01)
    assert (table["provision_eur"] >= 0).all() and (table["profit_to_date_eur"] >= 0).all()
    assert ((table["provision_eur"] == 0) | (table["profit_to_date_eur"] == 0)).all()
    balance = table["returned_eur"] - table["invested_eur"] + table["interest_eur"]
    assert table["balance_eur"].to_numpy() == pytest.approx(balance.to_numpy(), abs=0.01)


# ---- term, extension, closing ------------------------------------------------------------------


LOSS = {items.HELP_COST: [1200.0], items.EVICTION_COST: [-10.0] * 120}
LOSS_SHORT = {items.HELP_COST: [1200.0], items.EVICTION_COST: [-10.0] * 30}


@pytest.mark.parametrize(
    ("years", "crisis", "closes", "extended"),
    [
        (7, [5], "2030-12", True),  # a crisis in the first year: seven years longer
        (0, [5], "2023-12", False),  # the plan allows no extension
        (7, [], "2023-12", False),  # no crisis
        (7, [12], "2023-12", False),  # only after the last January before closing
    ],
)
def test_a_crisis_extends_the_term_of_an_account_that_will_end_below_zero(
    years: int, crisis: list[int], closes: str, extended: bool
) -> None:
    account = opened(LOSS, 120, a_plan(extension_years=years), crisis)
    end = closing(account)
    assert end is not None
    assert (end.month, end.extended, end.reached) == (closes, extended, True)
    assert end.end_eur == pytest.approx(account.balance["municipality"][end.at - 1])
    assert revisions(account)[-1].expected_end_eur == pytest.approx(end.end_eur)


def test_an_account_that_will_end_well_isnt_extended() -> None:
    lines = {items.HELP_COST: [1200], items.EVICTION_COST: [-300] * 120}
    end = closing(opened(lines, 120, a_plan(extension_years=7), [5]))
    assert end is not None and not end.extended and end.month == "2023-12"


def test_it_is_extended_once() -> None:
    account = opened(LOSS, 120, a_plan(extension_years=2), list(range(120)))
    assert {one.closes for one in revisions(account)} == {"2025-12"}


def test_a_run_that_is_over_before_the_account_closes_says_so() -> None:
    account = opened(LOSS_SHORT, 30, a_plan(extension_years=7), [5])
    end = closing(account)
    assert end is not None
    assert (end.month, end.reached, end.at) == ("2024-06", False, 30)
    last = revisions(account)[-1]
    assert (last.revised, last.closes) == ("2024-07", "2030-12")
    assert last.expected_returns_eur > 0


def test_everybody_bears_what_they_end_with() -> None:
    """The insurer pays 300 of 1,000; 400 comes back to the municipality, 80 to the insurer."""
    plan = a_plan(cofinancing={"insurer": Agreement(pays_share=0.3)})
    account = opened({items.HELP_COST: [1000], items.EVICTION_COST: [-800]}, 24, plan)
    table = closing_table(account).set_index("party")
    ends = {
        "municipality": -300 * (1 + MONTHLY) ** 23,
        "insurer": -220 * (1 + MONTHLY) ** 23,
    }
    assert table["end_eur"].to_dict() == pytest.approx(ends)
    assert table["loss_share"].to_dict() == pytest.approx(
        {"municipality": 300 / 520, "insurer": 220 / 520}
    )
    assert (table["month"] == "2023-12").all() and table["reached"].all()


def test_closing_says_what_the_state_will_still_take() -> None:
    """100 a month less welfare: of the last 24 months before closing the State takes 90% later."""
    end = closing(opened({items.HELP_COST: [1000], items.WELFARE_PAID: [-100] * 36}, 36))
    assert end is not None and end.at == 24
    assert end.reset_to_come_eur == pytest.approx(0.9 * 2400)


def test_without_investment_there_is_nothing_to_revise_or_close() -> None:
    account = opened({}, 36)
    assert revisions_table(account).empty and "provision_eur" in revisions_table(account)
    assert closing(account) is None and closing_table(account).empty
    assert brought_forward_table(account).empty


# ---- bringing forward --------------------------------------------------------------------------


def test_money_of_2024_spent_in_2022_stands_until_then_and_costs_interest() -> None:
    """600 of 2024's 1,200 goes to 2022, 50 a month; in 2024 it comes back 50 a month.

    Interest of 2022: what stood at the start of the months, 0 + 50 + ... + 550 = 3,300, of 2023:
    12 x 600 = 7,200, of 2024: 600 + 550 + ... + 50 = 3,900 euro-months.
    """
    plan = a_plan(
        end="2024-12", bring_forward=[BringForward(from_year="2024", to_year="2022", eur=600)]
    )
    table = brought_forward_table(opened({items.HELP_COST: [150] * 12}, 36, plan))
    assert table["year"].tolist() == [2022, 2023, 2024]
    assert table["budget_eur"].tolist() == [1200, 1200, 1200]
    assert table["to_spend_eur"].tolist() == [1800, 1200, 600]
    assert table["standing_eur"].tolist() == [600, 600, 0]
    assert table["interest_eur"].to_numpy() == pytest.approx(np.array([3300, 7200, 3900]) * MONTHLY)
    assert table["went_to"].tolist() == ["", "", "2022"]


def test_what_there_is_to_spend_is_what_the_plan_lets_free() -> None:
    plan = a_plan(
        start="2022-07", end="2025-03",
        bring_forward=[
            BringForward(from_year="2024", to_year="2022", eur=500),
            BringForward(from_year="2024", to_year="2023", eur=300),
            BringForward(from_year="2025", to_year="2022", eur=100),
        ],
    )  # fmt: skip
    table = brought_forward_table(opened({items.HELP_COST: [100]}, 48, plan))
    for row in table.itertuples():
        months = range((row.year - 1900) * 12, (row.year - 1899) * 12)
        assert row.to_spend_eur == pytest.approx(sum(map(plan.month_budget_eur, months)))
    assert table["standing_eur"].tolist() == pytest.approx([600, 900, 100, 0])
    assert table["went_to"].tolist() == ["", "", "2022, 2023", "2022"]


# ---- risk --------------------------------------------------------------------------------------


def closing_at(euros: float) -> Account:
    spent, spared = (0.0 if euros > 0 else -euros), max(0.0, euros)
    lines = {
        items.HELP_COST: [0.0] * 23 + [spent + 1],
        items.EVICTION_COST: [0.0] * 23 + [-2 * (spared + 1)],
    }
    return opened(lines, 24, term_years=1)


def test_risk_is_the_share_below_zero_and_the_mean_of_the_worst_tenth() -> None:
    """Twenty futures that end at -900, -800, ..., +1,000: nine below zero, the worst two -850."""
    ends: NDArray[np.float64] = np.arange(-900, 1001, 100.0)
    said = risk([closing_at(end) for end in ends])
    assert said.futures == 20 and said.worst_futures == 2
    assert said.below_zero_share == pytest.approx(9 / 20)
    assert said.expected_shortfall_eur == pytest.approx(-850)
    assert said.mean_end_eur == pytest.approx(50)


def test_risk_of_few_futures_is_the_worst_of_them() -> None:
    said = risk([closing_at(-100), closing_at(300)])
    assert (said.worst_futures, said.expected_shortfall_eur) == (1, pytest.approx(-100))
    assert np.isnan(risk([]).below_zero_share) and risk([opened({}, 24)]).futures == 0
