"""The account on small sheets, every number worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import items
from siexsim.account import Account, delayed, open_account, run_balance
from siexsim.household import month_number
from siexsim.items import ITEMS, PAYERS
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters
from siexsim.plan import Agreement, Plan
from siexsim.returns import (
    figures_over_futures,
    figures_table,
    from_ledger,
    leaks,
    paid_back_within,
)

START = month_number("2022-01")
PACKAGED = Parameters.packaged()
PLAIN = {
    "account.later_months": 2, "account.later_share": 0.5, "account.welfare_reset_months": 24,
    "account.welfare_kept_share": 0.1, "account.interest": 0.01, "account.lost_leisure_share": 0.25,
}  # fmt: skip


def opened(
    lines: dict[int, list[float]], months: int, prices: Any = None, plan: Plan | None = None,
    cautious: bool = False, **changes: float,
) -> Account:  # fmt: skip
    """An account of these lines in euros; the rest of the months is empty."""
    cents = np.zeros((months, 1, len(ITEMS)), np.int64)
    for item, euros in lines.items():
        cents[: len(euros), 0, item] = np.rint(np.array(euros) * 100)
    asked = {**PLAIN, **{f"account.{key}": value for key, value in changes.items()}}
    index = np.ones(months) if prices is None else np.array(prices)
    ledger = Ledger(START, ("A",), cents)
    return open_account(ledger, PACKAGED.with_(asked), index, plan, cautious=cautious)


def agreed(**shares: tuple[float, float]) -> Plan:
    """A plan of which others pay a share and pay in a share of their gain."""
    with_others = {
        payer: Agreement(pays_share=pays, returns_share=returns)
        for payer, (pays, returns) in shares.items()
    }
    return Plan(
        mix={"breakthrough": 1.0}, budget_eur_per_year=1e5, start="2022-01", end="2023-12",
        cofinancing=with_others,
    )  # fmt: skip


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


def test_the_account_is_the_difference_of_two_ledgers_plus_interest_to_the_cent() -> None:
    """With contracts that end at once and before any reset, nothing else comes in between."""
    rng = np.random.default_rng(5)
    cents = [rng.integers(-(10**6), 10**6, (20, 3, len(ITEMS))) for _ in range(2)]
    ledgers = [Ledger(START, ("A", "B", "C"), one) for one in cents]
    difference = ledgers[0].minus(ledgers[1])
    numbers = PACKAGED.with_({"account.later_months": 0, "account.later_share": 1})
    account = open_account(difference, numbers, np.ones(20))
    by_payer = difference.by_payer().sum(axis=(0, 1, 2)) / 100
    booked = account.returned.sum(axis=0)
    booked[0] -= account.invested.sum()
    assert booked == pytest.approx(by_payer, abs=0.005)
    end = by_payer[0] + account.interest["municipality"].sum()
    assert account.end_eur("municipality") == pytest.approx(end, abs=0.005)


def test_each_balance_is_the_one_before_plus_result_and_interest() -> None:
    account = opened({items.HELP_COST: [900, 100], items.EVICTION_COST: [0, 0, -2500]}, 6)
    monthly = 1.01 ** (1 / 12) - 1
    for view, rate in (("municipality", monthly), ("public", monthly), ("society", 0.0)):
        before = 0.0
        for k, balance in enumerate(account.balance[view]):
            interest = min(before, 0.0) * rate
            assert account.interest[view][k] == pytest.approx(interest)
            assert balance == pytest.approx(before + interest + account.net[view][k])
            before = balance


def test_cofinanciers_pay_their_share_and_pay_in_of_their_own_gain() -> None:
    """Insurer pays a quarter of 1,000 and half of what an eviction of 2,000 saves it, 200."""
    lines = {items.HELP_COST: [1000], items.EVICTION_COST: [0, -2000]}
    account = opened(lines, 2, plan=agreed(insurer=(0.25, 0.5)))
    alone = opened(lines, 2)
    insurer = PAYERS.index("insurer")
    assert account.transfers[:, insurer].tolist() == [-250, -100]
    assert account.transfers[:, 0].tolist() == [250, 100]
    assert account.paid[:, [0, insurer]].tolist() == [[750, 250], [0, 0]]
    assert account.net["municipality"].tolist() == [-750, 1100]
    assert account.net["society"].tolist() == alone.net["society"].tolist()
    assert account.net["public"].tolist() == alone.net["public"].tolist()
    assert (account.returned == alone.returned).all()


def test_a_payer_outside_the_public_purse_brings_it_money() -> None:
    lines = {items.HELP_COST: [1000]}
    account = opened(lines, 1, plan=agreed(corporation=(0.3, 0.0)))
    assert account.net["public"].tolist() == [-700]
    assert account.net["society"].tolist() == [-1000]


def test_what_a_cofinancier_paid_too_much_comes_back_and_losing_costs_nothing() -> None:
    """Of an insurer's 100, -60, -90, +200, so 100, 40, -50, 150 in all, half: 50, 20, 0, 75."""
    lines = {items.EVICTION_COST: [-1000, 600, 900, -2000]}
    account = opened(lines, 4, plan=agreed(insurer=(0.0, 0.5)))
    paid_in = -account.transfers[:, PAYERS.index("insurer")]
    assert paid_in.tolist() == [50, -30, -20, 75]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), pays=st.floats(0, 0.5), returns=st.floats(0, 1))
def test_whatever_happens_payers_add_up_to_society(seed: int, pays: float, returns: float) -> None:
    rng = np.random.default_rng(seed)
    cents = rng.integers(-(10**5), 10**5, (60, 2, len(ITEMS)))
    cents[:, :, [items.HELP_COST, items.HELP_CLAIM_PAID]] = np.abs(
        cents[:, :, [items.HELP_COST, items.HELP_CLAIM_PAID]]
    )
    plan = agreed(insurer=(pays, returns), state=(pays, 1 - returns))
    numbers = PACKAGED.with_(PLAIN)
    ledger = Ledger(START, ("A", "B"), cents)
    account = open_account(ledger, numbers, np.ones(60), plan)
    assert account.transfers.sum(axis=1) == pytest.approx(np.zeros(60), abs=0.005)
    assert account.contributed.sum(axis=1) == pytest.approx(np.zeros(60), abs=0.005)
    assert account.paid.sum(axis=1) == pytest.approx(account.invested)
    lost_time = 0.25 * cents[:, :, items.PRODUCTION].sum(axis=1) / 100
    parts = account.position.sum(axis=1)
    assert parts == pytest.approx(account.net["society"] + lost_time, abs=0.005)
    alone = open_account(ledger, numbers, np.ones(60))
    assert (alone.net["society"] == account.net["society"]).all()
    table = from_ledger(account)
    steps = ["ledger_eur", "contracts_eur", "reset_eur", "agreements_eur", "not_counted_eur"]
    ends = table[[*steps, "interest_eur"]].sum(axis=1).to_numpy()
    assert table["end_eur"].to_numpy() == pytest.approx(ends, abs=0.005)
    assert table["end_eur"][0] == pytest.approx(account.end_eur("municipality"), abs=0.005)
    assert table[["reset_eur", "agreements_eur"]].sum().to_numpy() == pytest.approx(0, abs=0.005)


def test_a_cautious_account_counts_far_gains_for_less_and_losses_in_full() -> None:
    """After 5 years prices grew by a tenth to month 61: of 550 it counts 550 / 1.1 x 0.8 = 400."""
    gains = {items.HELP_COST: [1000], items.EVICTION_COST: [0] * 59 + [-1000, -1100, -1100, 500]}
    prices = [1.0] * 61 + [1.1] * 4
    numbers = {"cautious_after_years": 5, "haircut_share": 0.2}
    plain = opened(gains, 65, prices, **numbers)
    cautious = opened(gains, 65, prices, cautious=True, **numbers)
    assert plain.net["municipality"][59:63].tolist() == [500, 550, 550, -250]
    assert cautious.net["municipality"][59:63] == pytest.approx([500, 440, 400, -250])
    assert cautious.net["society"].tolist() == plain.net["society"].tolist()
    assert (cautious.returned == plain.returned).all()


def test_worth_is_counted_to_the_month_the_account_opens() -> None:
    """The same plan a year later in the run is worth as much in the month it opens."""
    now = opened({items.HELP_COST: [1000], items.EVICTION_COST: [0] * 12 + [-2200]}, 40)
    later = opened(
        {items.HELP_COST: [0] * 12 + [1000], items.EVICTION_COST: [0] * 24 + [-2200]}, 40
    )
    assert now.present_value["municipality"] == pytest.approx(-1000 + 1100 / 1.02)
    assert later.present_value == pytest.approx(now.present_value)


def test_a_balance_can_be_read_in_prices_of_2022() -> None:
    account = opened({items.HELP_COST: [1000]}, 2, [1.0, 1.25])
    assert account.real_balance("municipality")[1] == pytest.approx(
        account.balance["municipality"][1] / 1.25
    )
    assert account.real_balance("society").tolist() == account.balance["society"].tolist()


def test_figures_of_payers_add_up_and_say_what_isnt_known() -> None:
    lines = {items.HELP_COST: [1000], items.EVICTION_COST: [0, -3000], items.WAGE: [0, 400]}
    table = figures_table(opened(lines, 24)).set_index("party")
    society = table.loc["society"]
    payers = table.loc[list(PAYERS)]
    for column in ("invested_eur", "returned_eur", "contributed_eur", "return_per_euro"):
        assert payers[column].sum() == pytest.approx(society[column])
    assert table.loc["municipality", "own_return_per_euro"] == pytest.approx(1.5)
    assert table.loc["municipality", "payback_months"] == 2
    assert np.isnan(table.loc["insurer", "payback_months"])  # it paid nothing
    assert np.isnan(table.loc["insurer", "own_return_per_euro"])
    assert table.loc["private", "end_eur"] == -400  # wages; no interest on what isn't lent


def test_figures_over_futures_count_never_as_later_than_any_month() -> None:
    back = opened({items.HELP_COST: [1000], items.EVICTION_COST: [0, -3000]}, 30)
    never = opened({items.HELP_COST: [1000]}, 30)
    bands = figures_over_futures([back] * 4 + [never] * 6).set_index(["party", "figure"])
    months = bands.loc[("municipality", "payback_months")]
    assert months["p10"] == 2
    assert np.isnan(months["p50"]) and np.isnan(months["p90"])
    ends = bands.loc[("society", "end_eur")]
    assert ends[["p10", "p50", "p90"]].tolist() == [-1000, -1000, 2000]
    within = paid_back_within([back, never, never], "municipality")
    assert within == {24: pytest.approx(1 / 3), 36: None, 60: None, 120: None, 240: None}


def test_of_each_euro_gained_part_only_moves_and_part_pays_for_time() -> None:
    """Work worth 1,000: pay 800, tax 200, welfare 600 less. Claims of 300 paid by the plan.

    Municipality +600, State +200, household +200, creditors +300: 1,300 gained, of which 1,000 is
    made; the time it took was worth a quarter of that.
    """
    lines = {
        items.WAGE: [800], items.PAYROLL_TAX: [200], items.PRODUCTION: [1000],
        items.WELFARE_PAID: [-600], items.HELP_CLAIM_PAID: [300],
    }  # fmt: skip
    said = leaks(opened(lines, 1))
    assert said["gained_eur"] == 1300
    who = [said[key] * 13 for key in ("municipality", "other_public", "private", "household")]
    assert who == pytest.approx([6, 2, 3, 2]) and said["corporation"] == 0
    assert said["only_moved"] == pytest.approx(300 / 1300)
    assert said["time_lost"] == pytest.approx(250 / 1300)


def test_an_empty_account_has_empty_figures() -> None:
    account = opened({}, 12)
    table = figures_table(account)
    assert (table[["invested_eur", "returned_eur", "end_eur"]] == 0).all().all()
    assert table[["return_per_euro", "payback_months"]].isna().all().all()
    assert np.isnan(leaks(account)["municipality"])
