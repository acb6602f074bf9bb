"""The account beside sheets that others can check: one made by hand, and two published ones.

What the published sheets prove is the bookkeeping: given a study's own costs and savings, the
account finds the study's own ratio and payback. They prove nothing about whether help has these
effects; that is for the model and for evidence (C11, I12, I25 say how unsure it is).
"""

from __future__ import annotations

import numpy as np
import pytest

from siexsim import items
from siexsim.account import Account, open_account
from siexsim.grex import closing, closing_table
from siexsim.household import month_number
from siexsim.items import ITEMS
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters
from siexsim.plan import Agreement, Plan
from siexsim.returns import figures_of, from_ledger, landing_table, leaks

START = month_number("2022-01")
PACKAGED = Parameters.packaged()


def opened(
    lines: dict[int, dict[int, float]], months: int, plan: Plan | None = None, **numbers: float
) -> Account:
    """An account of amounts in euros by item and month."""
    cents = np.zeros((months, 1, len(ITEMS)), np.int64)
    for item, amounts in lines.items():
        for month, euros in amounts.items():
            cents[month, 0, item] = round(euros * 100)
    parameters = PACKAGED.with_({f"account.{key}": value for key, value in numbers.items()})
    return open_account(Ledger(START, ("A",), cents), parameters, np.ones(months), plan)


# ---- made by hand ------------------------------------------------------------------------------


def sheet() -> Account:
    """Thirty months: 15,000 of help, of which the insurer pays 20% and half of its own gain.

    month  what happened                  municipality     insurer    State  corp.  household
      0    help 10,000                          -8,000      -2,000
      1    help 5,000                           -4,000      -1,000
     2-5   welfare 1,000 and tax 100 less       +1,100 each             -100         -1,000
      3    an eviction of 4,000 less            +2,000        +400      +400 +1,000    +200
           half of the insurer's gain             +200        -200
      4    Wmo of 2,000 less: half of it, two months later, in month
      6                                           +950                                  +50
    26-29  the State resets: 90% of 1,100         -990 each             +990
    """
    lines = {
        items.HELP_COST: {0: 10_000, 1: 5_000},
        items.WELFARE_PAID: dict.fromkeys(range(2, 6), -1_000.0),
        items.WELFARE_TAX: dict.fromkeys(range(2, 6), -100.0),
        items.EVICTION_COST: {3: -4_000.0},
        items.WMO_COST: {4: -2_000.0},
    }
    plan = Plan(
        mix={"breakthrough": 1.0}, budget_eur_per_year=15_000, start="2022-01", end="2022-12",
        cofinancing={"insurer": Agreement(pays_share=0.2, returns_share=0.5)},
    )  # fmt: skip
    return opened(
        lines, 30, plan, interest=0.01, later_months=2, later_share=0.5, welfare_reset_months=24,
        welfare_kept_share=0.1,
    )  # fmt: skip


def test_the_balance_is_that_of_the_sheet_to_the_cent() -> None:
    """Interest is 1% a year, so 1.01^(1/12) - 1 = 0.08295381% a month of what stands below zero.

    month      net     interest on the balance before      balance
      0     -8,000         0.00                          -8,000.00
      1     -4,000        -6.64 = 8,000.00 x i          -12,006.64
      2     +1,100        -9.96 = 12,006.64 x i         -10,916.60
      3     +3,300        -9.06 = 10,916.60 x i          -7,625.65
      4     +1,100        -6.33                          -6,531.98
      5     +1,100        -5.42                          -5,437.40
      6       +950        -4.51                          -4,491.91
     25          0     19 months: x 1.01^(19/12)         -4,563.24
     26       -990        -3.79 = 4,563.24 x i           -5,557.02
     27       -990        -4.61                          -6,551.63
     28       -990        -5.43                          -7,547.07
     29       -990        -6.26                          -8,543.33
    """
    balance = sheet().balance["municipality"]
    said = dict(enumerate([-8000.00, -12006.64, -10916.60, -7625.65, -6531.98, -5437.40, -4491.91]))
    said |= {25: -4563.24, 26: -5557.02, 27: -6551.63, 28: -7547.07, 29: -8543.33}
    assert {month: round(float(balance[month]), 2) for month in said} == said


def test_what_each_payer_gets_is_that_of_the_sheet() -> None:
    """Municipality 4 x 1,100 + 2,000 + 950 - 4 x 990 = 3,390; State 400 - 400 + 3,960 = 3,960.

    Insurer 400, corporation 1,000, household 200 + 50 - 4,000 = -3,750. Together 5,000: the
    eviction (4,000) and half of the Wmo (1,000); all else only changed hands.
    """
    account = sheet()
    table = landing_table(account).set_index("payer")
    returned = table["returned_eur"].round(2).to_dict()
    assert returned == {
        "municipality": 3390, "state": 3960, "insurer": 400, "corporation": 1000, "uwv": 0,
        "private": 0, "household": -3750,
    }  # fmt: skip
    assert table["real_eur"].sum() == pytest.approx(5000)
    assert table["moved_eur"].sum() == pytest.approx(0)
    assert figures_of(account, "society").end_eur == pytest.approx(5000 - 15_000)
    # of 3,390 + 3,960 + 400 + 1,000 = 8,750 gained, 3,750 is what households lost
    said = leaks(account)
    assert said["gained_eur"] == pytest.approx(8750)
    assert said["only_moved"] == pytest.approx(3750 / 8750)
    assert said["municipality"] == pytest.approx(3390 / 8750)


def test_the_agreement_of_the_sheet_moves_money_and_makes_none() -> None:
    """The insurer paid 3,000, got 400 and paid in 200: -2,800 and interest on it."""
    account = sheet()
    insurer = figures_of(account, "insurer")
    assert (insurer.invested_eur, insurer.returned_eur) == pytest.approx((3000, 400))
    assert insurer.contributed_eur == pytest.approx(-200)
    assert insurer.end_eur - insurer.interest_eur == pytest.approx(-2800)
    assert insurer.end_eur == pytest.approx(-2867.81, abs=0.005)  # the same recursion
    own = figures_of(account, "municipality")
    assert own.invested_eur == pytest.approx(12_000)
    assert own.own_return_per_euro == pytest.approx((3390 + 200) / 12_000)
    assert own.return_per_euro == pytest.approx(3390 / 15_000)
    assert own.payback_months != own.payback_months  # it never is back
    # sum of net / 1.02^(month / 12)
    assert own.present_value_eur == pytest.approx(-8273.28, abs=0.005)
    end = closing(account)
    assert end is not None and not end.reached and end.month == "2024-06"
    bears = closing_table(account).set_index("party")
    assert bears["invested_share"].to_dict() == pytest.approx({"municipality": 0.8, "insurer": 0.2})
    assert bears["end_eur"].to_dict() == pytest.approx(end.ends_with_eur)
    assert bears["loss_share"].sum() == pytest.approx(1)


def test_the_way_from_the_ledgers_to_the_end_is_that_of_the_sheet() -> None:
    """Municipality: the ledgers say -15,000 + 4,400 + 2,000 + 1,900 = -6,700.

    Of the Wmo 950 never becomes money; the State takes 3,960; agreements bring 3,000 + 200.
    """
    row = from_ledger(sheet()).set_index("payer").loc["municipality"]
    assert row["ledger_eur"] == pytest.approx(-6700)
    assert row["contracts_eur"] == pytest.approx(-950)
    assert row["reset_eur"] == pytest.approx(-3960)
    assert row["agreements_eur"] == pytest.approx(3200)
    assert row["end_eur"] == pytest.approx(-6700 - 950 - 3960 + 3200 + row["interest_eur"])


# ---- published ---------------------------------------------------------------------------------


@pytest.mark.parametrize("evictions_eur", [0.0, 500.0, 1000.0])
def test_regioplan_debt_help_returns_its_published_ratio(evictions_eur: float) -> None:
    """Regioplan 2011 (I01, I02, I06): 2,400 a case returns 2.2, almost half to the municipality.

    The study counts what payers stop paying: 2.2 x 2,400 = 5,280 a case, of which half, 2,640,
    is the municipality's. Its items are shorter welfare and WW (I03: 4 months) and evictions. How
    much is evictions isn't in our sources, so that is left open here: of e euros of eviction
    the municipality has 0.5 e and payers other than the household 0.95 e (payer table). Then
    welfare is 2,640 - 0.5 e over four months and WW is 5,280 - 0.95 e - welfare.

    Proves: the account's sums and its split by payer are those of the study, before the State
    resets. Doesn't prove that debt help shortens welfare by four months. And it shows what such
    a ratio leaves out: households lose the benefits, so to society only the evictions are gain.
    """
    welfare = 2640 - 0.5 * evictions_eur
    ww = 5280 - 0.95 * evictions_eur - welfare
    lines = {
        items.HELP_COST: {0: 2400.0},
        items.WELFARE_PAID: dict.fromkeys(range(1, 5), -welfare / 4),
        items.WW_PAID: dict.fromkeys(range(1, 5), -ww / 4),
        items.EVICTION_COST: {6: -evictions_eur},
    }
    account = opened(lines, 18)
    landed = landing_table(account).set_index("payer")["per_euro_invested"]
    payers = landed.drop("household")
    assert payers.sum() == pytest.approx(2.2, abs=0.0001)
    assert landed["municipality"] / payers.sum() == pytest.approx(0.5, abs=0.0001)
    society = figures_of(account, "society")
    assert society.returned_eur == pytest.approx(evictions_eur, abs=0.02)
    assert society.return_per_euro < 0.5


def test_the_published_ratio_shrinks_for_the_municipality_once_the_state_resets() -> None:
    """Same case without evictions over five years: of 2,640 on welfare it keeps a tenth, 264."""
    lines = {
        items.HELP_COST: {0: 2400.0},
        items.WELFARE_PAID: dict.fromkeys(range(1, 5), -660.0),
        items.WW_PAID: dict.fromkeys(range(1, 5), -660.0),
    }
    account = opened(lines, 60, welfare_reset_months=24, welfare_kept_share=0.1)
    landed = landing_table(account).set_index("payer")["per_euro_invested"]
    assert landed.drop("household").sum() == pytest.approx(2.2)
    assert landed["municipality"] == pytest.approx(264 / 2400)
    assert landed["state"] == pytest.approx(0.9 * 2640 / 2400)


def test_bouwdepot_pays_back_in_about_the_published_three_years() -> None:
    """Bouwdepot (I20, Cebeon): 16,000 a young adult, back at the municipality in about 3 years.

    Only cost and payback are in our sources. Paid out over the first year, 16,000 / 12 a month,
    it is back after month 36 if the municipality saves 16,000 / 24 = 666.67 a month in the two
    years after: 8,000 a year, or 0.59 of a shelter place (13,500 of 15,000 a year, C06).

    Proves: with that saving, cash at once and no reset, the account says 36 months without
    interest and one month later with it (at 1.5% a year about 120 while it is paid out and 240
    while it comes back, less than a month's 666.67). Doesn't prove that a Bouwdepot saves 8,000 a
    year: that number is worked back from the study's answer.
    """
    saved = 16_000 / 24
    lines = {
        items.HELP_COST: dict.fromkeys(range(12), 16_000 / 12),
        items.SHELTER: dict.fromkeys(range(12, 60), -saved / 0.9),
    }
    account = opened(lines, 60, later_months=0, later_share=1.0)
    without_interest = np.cumsum(account.net["municipality"])
    assert int(np.flatnonzero(without_interest[11:] >= -0.5)[0]) + 12 == 36
    assert account.payback_months("municipality") == 37
    assert saved * 12 / (0.9 * 15_000) == pytest.approx(0.59, abs=0.005)
    assert account.deepest_eur("municipality") == pytest.approx(-16_000, rel=0.01)


def test_bouwdepot_takes_longer_when_saved_care_becomes_money_late_and_in_part() -> None:
    """With 0.7 of the saving a year later (C11): 466.67 a month from month 24 on.

    16,000 / 466.67 = 34.3, so 24 + 35 = 59 months without interest. At 1.5% a year interest is
    about 120 in the first year, 240 in the second, 355 after that (8,120 on average, 2.9 years);
    16,715 / 466.67 = 35.8, so one month more.
    """
    lines = {
        items.HELP_COST: dict.fromkeys(range(12), 16_000 / 12),
        items.SHELTER: dict.fromkeys(range(12, 72), -16_000 / 24 / 0.9),
    }
    account = opened(lines, 72, later_months=12, later_share=0.7, interest=0.015)
    without_interest = np.cumsum(account.net["municipality"])
    assert int(np.flatnonzero(without_interest[23:] >= 0)[0]) + 24 == 59
    assert account.payback_months("municipality") == 60
