"""The account (SIEX as GREX): what the plan cost, what came back, to whom and when.

World with the plan minus world without it, under the same draws. It is a shadow account: the
rules of municipal accounting (BBV) don't allow social spending to be capitalised (row G10), so
every euro of investment is also ordinary spending in the year it is made. What it comes to is in
``returns.py``; its yearly revision and closing are in ``grex.py``.
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
from siexsim.plan import Plan

VIEWS: Final = ("municipality", "public", "society")
HORIZONS_MONTHS: Final = (24, 36, 60, 120, 240)
_INVESTED: Final = (HELP_COST, HELP_CLAIM_PAID)


@dataclass(frozen=True)
class Terms:
    """How the account is kept: the numbers that it takes from the parameters, by name.

    `cautious` is the council's choice to expect less of what is far off (D05): after
    `cautious_after_years` gains no longer rise with prices and `haircut_share` is taken off.
    """

    interest: float
    discount_account: float
    discount_society: float
    later_months: int
    later_share: float
    welfare_reset_months: int
    welfare_kept_share: float
    lost_leisure_share: float
    term_years: int
    cautious_after_years: int
    haircut_share: float
    risk_reserve_share: float
    forecast_fade_per_year: float
    cautious: bool = False

    @classmethod
    def of(cls, parameters: Parameters, cautious: bool = False) -> Terms:
        """Read them from the parameters of a future."""
        names = [name for name in cls.__dataclass_fields__ if name != "cautious"]
        values = {name: parameters.value(f"account.{name}") for name in names}
        whole = {
            name: round(values.pop(name))
            for name in names
            if name.endswith("_months") or name.endswith("_years")
        }
        return cls(**values, **whole, cautious=cautious)  # type: ignore[arg-type]

    @property
    def month_interest(self) -> float:
        """Interest of one month that compounds to that of a year."""
        return float((1 + self.interest) ** (1 / 12) - 1)

    def discount(self, view: str) -> float:
        """Yearly rate at which a view counts later money for less (D01, D03)."""
        return self.discount_society if view == "society" else self.discount_account


@dataclass(frozen=True)
class Account:
    """Money per month in euros, nominal.

    `invested` has shape (months,), positive for money put in, whoever pays it. `booked`,
    `returned`, `real` and `transfers` have shape (months, payers), positive for gain: the
    difference of the ledgers as it is; what the plan brought each payer as money, the investment
    left out; the part of it that isn't another's loss; and what co-financers pay each other.
    `reset` is what the State takes back of the saving on `welfare_saved`. `net` holds the monthly
    result of each view, `interest` what it is charged, `balance` the running sum of both.
    Society is in prices of 2022-01 and real.
    """

    start: int
    opens: int  # month of the first investment, as an index into the arrays
    invested: NDArray[np.float64]
    returned: NDArray[np.float64]
    net: dict[str, NDArray[np.float64]]
    balance: dict[str, NDArray[np.float64]]
    present_value: dict[str, float]
    interest: dict[str, NDArray[np.float64]]
    booked: NDArray[np.float64]
    real: NDArray[np.float64]
    transfers: NDArray[np.float64]
    welfare_saved: NDArray[np.float64]
    reset: NDArray[np.float64]
    price_index: NDArray[np.float64]
    crisis: NDArray[np.bool_]
    terms: Terms
    plan: Plan | None = None

    @property
    def paid(self) -> NDArray[np.float64]:
        """Investment by who pays it; shape (months, payers)."""
        paid = np.zeros_like(self.returned)
        for payer, share in paying_shares(self.plan).items():
            paid[:, payer] = share * self.invested
        return paid

    @property
    def contributed(self) -> NDArray[np.float64]:
        """What co-financers pay the municipality out of their gain; shape (months, payers)."""
        contributed = self.transfers + self.paid
        contributed[:, MUNICIPALITY] -= self.invested
        return contributed

    @property
    def position(self) -> NDArray[np.float64]:
        """Result of each payer after all agreements; shape (months, payers)."""
        return self.returned + self.contributed - self.paid

    def payback_months(self, view: str) -> int | None:
        """Months from the first investment until the balance is back at zero; None if never."""
        return payback(self.balance[view], self.opens) if self.invested.any() else None

    def deepest_eur(self, view: str) -> float:
        """Lowest point of the balance, zero if it never goes under."""
        return float(min(0.0, self.balance[view].min(initial=0.0)))

    def end_eur(self, view: str) -> float:
        """Balance at the end of the run."""
        return float(self.balance[view][-1])

    def real_balance(self, view: str) -> NDArray[np.float64]:
        """Balance in prices of 2022-01; that of society is in these already."""
        balance = self.balance[view]
        return balance if view == "society" else balance / self.price_index

    def value_when_opened(self, flow: NDArray[np.float64], rate: float) -> float:
        """Worth of later money in the month the account opens."""
        years = (np.arange(len(flow)) - self.opens) / 12
        return float((flow / (1 + rate) ** years).sum())

    def frame(self) -> pd.DataFrame:
        """One row a month: invested, returned per payer, net and balance per view, in euros."""
        table = pd.DataFrame(
            {"month": [month_text(self.start + k) for k in range(len(self.invested))]}
        )
        table["invested_eur"] = self.invested
        for k, payer in enumerate(PAYERS):
            table[f"returned_{payer}_eur"] = self.returned[:, k]
        for k, payer in enumerate(PAYERS):
            table[f"transfer_{payer}_eur"] = self.transfers[:, k]
        for view in VIEWS:
            table[f"net_{view}_eur"] = self.net[view]
            table[f"interest_{view}_eur"] = self.interest[view]
            table[f"balance_{view}_eur"] = self.balance[view]
        for view in ("municipality", "public"):
            table[f"balance_{view}_prices_2022_eur"] = self.real_balance(view)
        return table


def payback(balance: NDArray[np.float64], opens: int) -> int | None:
    """Months from `opens` until a balance is back at zero after its deepest point."""
    deepest = opens + int(np.argmin(balance[opens:]))
    back = np.flatnonzero(balance[deepest:] >= 0)
    return int(deepest + back[0] - opens + 1) if len(back) else None


def delayed(amounts: NDArray[np.float64], months: int) -> NDArray[np.float64]:
    """Shift amounts so many months later along the first axis."""
    if months <= 0:
        return amounts
    late = np.zeros_like(amounts)
    late[months:] = amounts[:-months] if months < len(amounts) else 0.0
    return late


def paying_shares(plan: Plan | None) -> dict[int, float]:
    """Part of the investment that each payer pays; the municipality pays what no other does."""
    agreed = plan.cofinancing.items() if plan is not None else ()
    shares = {PAYERS.index(payer): one.pays_share for payer, one in agreed}
    return {MUNICIPALITY: 1 - sum(shares.values()), **shares}


def agreed_transfers(
    plan: Plan | None, invested: NDArray[np.float64], returned: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What co-financers and municipality pay each other a month; sums to zero over the payers.

    A co-financer pays its share of every investment. Of its own gain it pays in so much that at
    any moment it has paid its share of what it has gained so far: after a bad month it gets back
    what it paid too much, and a co-financer that has lost pays nothing.
    """
    transfers = np.zeros_like(returned)
    for name, one in plan.cofinancing.items() if plan is not None else ():
        payer = PAYERS.index(name)
        due = one.returns_share * np.maximum(np.cumsum(returned[:, payer]), 0.0)
        transfers[:, payer] = 0.0 - one.pays_share * invested - np.diff(due, prepend=0.0)
    transfers[:, MUNICIPALITY] = 0.0 - transfers.sum(axis=1)
    return transfers


def held_back(
    gain: NDArray[np.float64], opens: int, price_index: NDArray[np.float64], terms: Terms
) -> NDArray[np.float64]:
    """Part of the gains that a cautious council doesn't count (D05); losses count in full."""
    held = np.zeros_like(gain)
    year_after = opens + 12 * terms.cautious_after_years
    if terms.cautious and year_after < len(gain):
        without_growth = np.minimum(1.0, price_index[year_after] / price_index[year_after:])
        counted = (1 - terms.haircut_share) * without_growth
        held[year_after:] = np.maximum(gain[year_after:], 0.0) * (1 - counted)
    return held


def open_account(
    difference: Ledger,
    parameters: Parameters,
    price_index: NDArray[np.float64],
    plan: Plan | None = None,
    crisis: NDArray[np.bool_] | None = None,
    cautious: bool = False,
) -> Account:
    """Make the account of a plan from the difference of two ledgers (with minus without).

    Less use of contracted services becomes money late and in part (C11); a saving on welfare
    stays with the municipality until the State resets its budget (C01).

    Parameters
    ----------
    difference
        Ledger of the world with the plan minus that of the world without.
    parameters
        Those of the future.
    price_index
        One value a month, 2022-01 is 1; it deflates the society view.
    plan
        Whose co-financing, budget and extension hold; None for a municipality on its own.
    crisis
        Months in which a shock that counts as a crisis goes on; it may extend the term.
    cautious
        Whether gains after year 10 are counted for less in the budget views (D05).
    """
    terms = Terms.of(parameters, cautious)
    booked = difference.by_payer().sum(axis=1) / 100  # months, items, payers
    invested = 0.0 - booked[:, _INVESTED, MUNICIPALITY].sum(axis=1)
    opens = int(np.argmax(invested > 0)) if (invested > 0).any() else 0
    gains = _as_money(booked, terms)
    saved = gains[:, (WELFARE_PAID, WELFARE_TAX), MUNICIPALITY].sum(axis=1)
    reset = (1 - terms.welfare_kept_share) * delayed(saved, terms.welfare_reset_months)
    returned = gains.sum(axis=1)
    returned[:, MUNICIPALITY] -= reset
    returned[:, STATE] += reset
    transfers = agreed_transfers(plan, invested, returned)
    own = returned + transfers
    # society's view: part of what work makes only makes up for the time it takes
    lost_time = terms.lost_leisure_share * booked[:, PRODUCTION].sum(axis=1)
    net = {"society": (returned.sum(axis=1) - lost_time - invested) / price_index}
    for view, payers in (("municipality", [MUNICIPALITY]), ("public", list(PUBLIC))):
        gain = own[:, payers].sum(axis=1)  # includes what co-financers pay of the investment
        net[view] = gain - invested - held_back(gain, opens, price_index, terms)
    rates = {view: 0.0 if view == "society" else terms.month_interest for view in VIEWS}
    account = Account(
        start=difference.start,
        opens=opens,
        invested=invested,
        returned=returned,
        net={view: net[view] for view in VIEWS},
        balance={view: run_balance(net[view], rates[view]) for view in VIEWS},
        present_value={},
        interest={view: interest_on(net[view], rates[view]) for view in VIEWS},
        booked=booked.sum(axis=1),
        real=gains[:, _of_kind("cash", "later", "production")].sum(axis=1),
        transfers=transfers,
        welfare_saved=saved,
        reset=reset,
        price_index=price_index,
        crisis=np.zeros(len(invested), bool) if crisis is None else np.asarray(crisis, bool),
        terms=terms,
        plan=plan,
    )
    account.present_value.update(
        {view: account.value_when_opened(net[view], terms.discount(view)) for view in VIEWS}
    )
    return account


def _of_kind(*kinds: str) -> NDArray[np.bool_]:
    return np.array([item_table()[name].kind in kinds for name in ITEMS])


def _as_money(booked: NDArray[np.float64], terms: Terms) -> NDArray[np.float64]:
    """Gains by item and payer, the investment left out and contracted services in time."""
    gains = booked.copy()
    gains[:, _INVESTED, MUNICIPALITY] = 0.0
    later = _of_kind("later")
    gains[:, later] = terms.later_share * delayed(gains[:, later], terms.later_months)
    return gains


def run_balance(net: NDArray[np.float64], interest: float) -> NDArray[np.float64]:
    """Running balance; interest is charged on what stands below zero."""
    return np.asarray(np.cumsum(net + interest_on(net, interest)), np.float64)


def interest_on(net: NDArray[np.float64], interest: float) -> NDArray[np.float64]:
    """Interest of each month, zero or negative, on what stood below zero before it."""
    charged = np.zeros_like(net)
    standing = 0.0
    for k, amount in enumerate(net):
        charged[k] = min(standing, 0.0) * interest
        standing += charged[k] + amount
    return charged
