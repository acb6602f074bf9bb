"""The account (SIEX as GREX): what the plan cost, what came back, to whom and when.

World with the plan minus world without it, under the same draws. It is a shadow account: the
rules of municipal accounting (BBV) don't allow social spending to be capitalised (row G10), so
every euro of investment is also ordinary spending in the year it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.household import month_text
from siexsim.items import (
    HELP_CLAIM_PAID,
    HELP_COST,
    ITEMS,
    MUNICIPALITY,
    PAYERS,
    PRODUCTION,
    PUBLIC,
    STATE,
    WELFARE_PAID,
    WELFARE_TAX,
    item_table,
)
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters

VIEWS: Final = ("municipality", "public", "society")
HORIZONS_MONTHS: Final = (24, 36, 60, 120)
_INVESTED: Final = (HELP_COST, HELP_CLAIM_PAID)


@dataclass(frozen=True)
class Account:
    """Money per month in euros, nominal.

    `invested` has shape (months,), positive for money put in; `returned` (months, payers),
    positive for gain. `net` holds the monthly balance of each view, `balance` its running
    sum with interest. Society is in prices of the start and real.
    """

    start: int
    opens: int  # month of the first investment, as an index into the arrays
    invested: NDArray[np.float64]
    returned: NDArray[np.float64]
    net: dict[str, NDArray[np.float64]]
    balance: dict[str, NDArray[np.float64]]
    present_value: dict[str, float]

    def payback_months(self, view: str) -> int | None:
        """Months from the first investment until the balance is back at zero; None if never."""
        balance = self.balance[view]
        if not self.invested.any():
            return None
        deepest = self.opens + int(np.argmin(balance[self.opens :]))
        back = np.flatnonzero(balance[deepest:] >= 0)
        return int(deepest + back[0] - self.opens + 1) if len(back) else None

    def deepest_eur(self, view: str) -> float:
        """Lowest point of the balance, zero if it never goes under."""
        return float(min(0.0, self.balance[view].min(initial=0.0)))

    def end_eur(self, view: str) -> float:
        """Balance at the end of the run."""
        return float(self.balance[view][-1])

    def frame(self) -> pd.DataFrame:
        """One row a month: invested, returned per payer, net and balance per view, in euros."""
        table = pd.DataFrame(
            {"month": [month_text(self.start + k) for k in range(len(self.invested))]}
        )
        table["invested_eur"] = self.invested
        for k, payer in enumerate(PAYERS):
            table[f"returned_{payer}_eur"] = self.returned[:, k]
        for view in VIEWS:
            table[f"net_{view}_eur"] = self.net[view]
            table[f"balance_{view}_eur"] = self.balance[view]
        return table


def delayed(amounts: NDArray[np.float64], months: int) -> NDArray[np.float64]:
    """Shift amounts so many months later along the first axis."""
    if months <= 0:
        return amounts
    late = np.zeros_like(amounts)
    late[months:] = amounts[:-months] if months < len(amounts) else 0.0
    return late


def open_account(
    difference: Ledger, parameters: Parameters, price_index: NDArray[np.float64]
) -> Account:
    """Make the account of a plan from the difference of two ledgers (with minus without).

    `price_index` has one value a month; it deflates the society view. Less use of contracted
    services becomes money late and in part (C11); a saving on welfare stays with the
    municipality until the State resets its budget (C01).
    """
    gains = difference.by_payer().sum(axis=1) / 100  # months, items, payers
    invested = 0.0 - gains[:, _INVESTED, MUNICIPALITY].sum(axis=1)
    rest = gains.copy()
    rest[:, _INVESTED, MUNICIPALITY] = 0.0
    later = np.array([item_table()[name].kind == "later" for name in ITEMS])
    delay = round(parameters.value("account.later_months"))
    rest[:, later] = parameters.value("account.later_share") * delayed(rest[:, later], delay)
    returned = rest.sum(axis=1)
    saved = rest[:, (WELFARE_PAID, WELFARE_TAX), MUNICIPALITY].sum(axis=1)
    reset = (1 - parameters.value("account.welfare_kept_share")) * delayed(
        saved, round(parameters.value("account.welfare_reset_months"))
    )
    returned[:, MUNICIPALITY] -= reset
    returned[:, STATE] += reset
    # society's view: part of what work makes only makes up for the time it takes
    lost_time = parameters.value("account.lost_leisure_share") * gains[:, PRODUCTION].sum(axis=1)
    net = {
        "municipality": returned[:, MUNICIPALITY] - invested,
        "public": returned[:, PUBLIC].sum(axis=1) - invested,
        "society": (returned.sum(axis=1) - lost_time - invested) / price_index,
    }
    interest = (1 + parameters.value("account.interest")) ** (1 / 12) - 1
    rates = {
        view: parameters.value(
            "account.discount_society" if view == "society" else "account.discount_account"
        )
        for view in VIEWS
    }
    years = np.arange(len(invested)) / 12
    opens = int(np.argmax(invested > 0)) if (invested > 0).any() else 0
    return Account(
        start=difference.start,
        opens=opens,
        invested=invested,
        returned=returned,
        net=net,
        balance={
            view: run_balance(net[view], 0.0 if view == "society" else interest) for view in VIEWS
        },
        present_value={
            view: float((net[view] / (1 + rates[view]) ** years).sum()) for view in VIEWS
        },
    )


def run_balance(net: NDArray[np.float64], interest: float) -> NDArray[np.float64]:
    """Running balance; interest is charged on what stands below zero."""
    balance = np.empty_like(net)
    standing = 0.0
    for k, amount in enumerate(net):
        standing += min(standing, 0.0) * interest + amount
        balance[k] = standing
    return balance
