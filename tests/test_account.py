"""The account on small sheets, every number worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from siexsim import items
from siexsim.account import Account, delayed, open_account, run_balance
from siexsim.household import month_number
from siexsim.items import ITEMS, PAYERS
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters

START = month_number("2022-01")
PACKAGED = Parameters.packaged()
PLAIN = {
    "account.later_months": 2, "account.later_share": 0.5, "account.welfare_reset_months": 24,
    "account.welfare_kept_share": 0.1, "account.interest": 0.01, "account.lost_leisure_share": 0.25,
}  # fmt: skip


def opened(
    lines: dict[int, list[float]], months: int, prices: Any = None, **changes: float
) -> Account:
    """An account of these lines in euros; the rest of the months is empty."""
    cents = np.zeros((months, 1, len(ITEMS)), np.int64)
    for item, euros in lines.items():
        cents[: len(euros), 0, item] = np.rint(np.array(euros) * 100)
    asked = {**PLAIN, **{f"account.{key}": value for key, value in changes.items()}}
    index = np.ones(months) if prices is None else np.array(prices)
    return open_account(Ledger(START, ("A",), cents), PACKAGED.with_(asked), index)


def of(account: Account, payer: str) -> list[float]:
    return account.returned[:, PAYERS.index(payer)].tolist()


def test_investment_is_the_plans_own_spending_and_claims_paid() -> None:
    account = opened({items.HELP_COST: [0, 1000, 200], items.HELP_CLAIM_PAID: [0, 0, 300]}, 4)
    assert account.invested.tolist() == [0, 1000, 500, 0]
    assert account.opens == 1
    assert of(account, "municipality") == [0, 0, 0, 0]
    assert of(account, "private") == [0, 0, 300, 0]  # creditors got it
    assert account.net["municipality"].tolist() == [0, -1000, -500, 0]
    # a claim paid is no loss to society, help is
    assert account.net["society"].tolist() == [0, -1000, -200, 0]


def test_less_care_becomes_money_late_and_in_part() -> None:
    """Wmo 100 less a month in months 0 to 2: half of it, two months later, 95% municipality."""
    account = opened({items.HELP_COST: [10], items.WMO_COST: [-100, -100, -100]}, 6)
    assert of(account, "municipality") == pytest.approx([0, 0, 47.5, 47.5, 47.5, 0])
    assert of(account, "household") == pytest.approx([0, 0, 2.5, 2.5, 2.5, 0])


def test_an_eviction_less_is_money_at_once() -> None:
    account = opened({items.EVICTION_COST: [-1000]}, 2)
    assert of(account, "municipality") == [500, 0]
    assert of(account, "corporation") == [250, 0]
    assert of(account, "state") == of(account, "insurer") == [100, 0]
    assert of(account, "household") == [50, 0]
    assert account.net["public"].tolist() == [700, 0]  # neither corporation nor household


def test_the_state_takes_the_saving_on_welfare_after_its_reset() -> None:
    """100 of benefit and 20 of tax less from month 1 on; after 24 months the State gets 90%."""
    saved = [0.0] + [-100.0] * 29
    taxed = [0.0] + [-20.0] * 29
    account = opened({items.WELFARE_PAID: saved, items.WELFARE_TAX: taxed}, 30)
    municipality, state = of(account, "municipality"), of(account, "state")
    assert municipality[:25] == [0.0] + [120.0] * 24
    assert municipality[25:] == pytest.approx([12.0] * 5)
    assert state[:25] == [0.0] + [-20.0] * 24  # the tax that it doesn't get
    assert state[25:] == pytest.approx([88.0] * 5)
    assert of(account, "household") == [0.0] + [-100.0] * 29
    # a benefit not paid is no gain to society
    assert account.net["society"] == pytest.approx(np.zeros(30))


def test_carrying_out_welfare_is_saved_late_and_is_not_reset() -> None:
    account = opened({items.WELFARE_ADMIN: [-100.0] * 30}, 30)
    assert of(account, "municipality") == [0.0, 0.0] + [50.0] * 28
    assert of(account, "state") == [0.0] * 30


def test_work_gives_society_its_product_less_the_time_it_takes() -> None:
    """Pay 80 and tax 20, worth 100; a quarter only makes up for the worker's time."""
    account = opened({items.WAGE: [80], items.PAYROLL_TAX: [20], items.PRODUCTION: [100]}, 1)
    assert of(account, "household") == [80]
    assert of(account, "state") == [20]
    assert of(account, "private") == [0]
    assert account.net["public"].tolist() == [20]
    assert account.net["society"].tolist() == [75]


def test_society_is_in_prices_of_the_start_and_discounted_yearly() -> None:
    lines = {items.HELP_COST: [1000], items.EVICTION_COST: [0] * 12 + [-2200]}
    account = opened(lines, 13, [1.0] * 12 + [1.1])
    assert account.net["society"][12] == pytest.approx(2000)
    assert account.net["municipality"][12] == 1100
    assert account.present_value["society"] == pytest.approx(-1000 + 2000 / 1.0225)
    assert account.present_value["municipality"] == pytest.approx(-1000 + 1100 / 1.02)
    assert account.balance["society"].tolist() == pytest.approx([-1000.0] * 12 + [1000.0])


def test_interest_is_charged_on_what_stands_under_zero() -> None:
    """1% a month: -100, then -101 - 50 = -151, then -152.51 + 200 = 47.49, then nothing on it."""
    assert run_balance(np.array([-100.0, -50.0, 200.0, 0.0]), 0.01) == pytest.approx(
        [-100, -151, 47.49, 47.49]
    )
    account = opened({items.HELP_COST: [1000]}, 13)
    assert account.end_eur("municipality") == pytest.approx(-1000 * 1.01)  # 1% a year
    assert account.end_eur("society") == -1000
    assert account.deepest_eur("municipality") == pytest.approx(-1010)


def test_payback_counts_from_the_first_investment_through_the_month_it_is_back() -> None:
    """1,000 in month 2, 250 a month back from month 4; interest makes it five months."""
    lines = {items.HELP_COST: [0, 0, 1000], items.EVICTION_COST: [0] * 4 + [-500] * 5}
    account = opened(lines, 12)
    assert account.opens == 2
    assert account.balance["municipality"][7] < 0  # interest
    assert account.payback_months("municipality") == 7
    assert account.payback_months("society") == 4  # 500 in each of months 4 and 5


def test_payback_is_counted_after_the_deepest_point() -> None:
    """Back at zero in between, but the plan goes on and takes more: that wasn't it."""
    lines = {items.HELP_COST: [100, 0, 0, 5000], items.EVICTION_COST: [0, -1000, 0, 0, -10_000]}
    account = opened(lines, 6)
    assert account.balance["municipality"][1] > 0
    assert account.payback_months("municipality") == 5


def test_what_never_pays_back_says_none() -> None:
    account = opened({items.HELP_COST: [1000], items.EVICTION_COST: [0, -100]}, 24)
    assert all(
        account.payback_months(view) is None for view in ("municipality", "public", "society")
    )
    assert account.end_eur("municipality") < 0


def test_without_investment_there_is_nothing_to_pay_back() -> None:
    account = opened({}, 12)
    assert account.payback_months("municipality") is None
    assert account.deepest_eur("society") == account.end_eur("society") == 0
    assert set(account.present_value.values()) == {0.0}


def test_what_pays_in_its_first_month_is_back_in_one() -> None:
    lines = {items.HELP_COST: [0, 0, 0, 100], items.EVICTION_COST: [0, 0, 0, -1000]}
    account = opened(lines, 6)
    assert account.deepest_eur("municipality") == 0
    assert account.payback_months("municipality") == 1


def test_amounts_may_be_delayed_past_the_end_or_not_at_all() -> None:
    amounts = np.array([1.0, 2.0, 3.0])
    assert delayed(amounts, 0).tolist() == [1, 2, 3]
    assert delayed(amounts, 1).tolist() == [0, 1, 2]
    assert delayed(amounts, 3).tolist() == delayed(amounts, 9).tolist() == [0, 0, 0]


def test_the_table_has_a_row_a_month_and_adds_up() -> None:
    account = opened({items.HELP_COST: [1000, 500], items.WMO_COST: [-100] * 6}, 14)
    table = account.frame()
    assert list(table["month"][[0, 13]]) == ["2022-01", "2023-02"]
    gained = table[[f"returned_{payer}_eur" for payer in PAYERS]].sum(axis=1)
    assert table["net_society_eur"].to_numpy() == pytest.approx(gained - table["invested_eur"])
    assert table["balance_society_eur"].to_numpy() == pytest.approx(
        table["net_society_eur"].cumsum()
    )
