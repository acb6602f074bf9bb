"""What an account comes to, per payer and for society; where the return lands; and over futures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.account import (
    HORIZONS_MONTHS,
    VIEWS,
    Account,
    interest_on,
    payback,
    paying_shares,
)
from siexsim.items import HOUSEHOLD_PAYER, MUNICIPALITY, PAYERS, PRIVATE, PUBLIC

PARTIES: Final = (*PAYERS, "public", "society")
BAND: Final = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class Figures:
    """What the account comes to for one party, at the end of the run.

    `invested_eur` is what it paid; `returned_eur` what the plan brought it; `contributed_eur`
    what it got from others out of their gain (below zero: paid); `interest_eur` what its deficit
    cost. `return_per_euro` is its return over every euro that anybody invested, so that payers add
    up; `own_return_per_euro` is over its own, and not a number for who pays nothing. Society is in
    prices of 2022-01, without interest, and leaves out the worth of time that work takes.
    """

    party: str
    invested_eur: float
    returned_eur: float
    contributed_eur: float
    interest_eur: float
    present_value_eur: float
    end_eur: float
    return_per_euro: float
    own_return_per_euro: float
    deepest_eur: float
    payback_months: float  # not a number: not within the run, or nothing was paid


def figures(account: Account) -> list[Figures]:
    """Make the figures of every payer, of the public payers together and of society."""
    return [figures_of(account, party) for party in PARTIES]


def figures_table(account: Account) -> pd.DataFrame:
    """Tabulate the figures, one row a party."""
    return pd.DataFrame([asdict(one) for one in figures(account)])


def figures_of(account: Account, party: str) -> Figures:
    """Make the figures of one payer or view."""
    payers = _payers(party)
    prices = account.price_index if party == "society" else np.ones(len(account.invested))
    invested = account.paid[:, payers].sum(axis=1) / prices
    everybody = float((account.invested / prices).sum())
    contributed = account.contributed[:, payers].sum(axis=1)
    net, interest = party_flows(account, party)
    returned = net + invested - contributed
    balance = np.cumsum(net + interest)
    own = float(invested.sum())
    back = payback(balance, account.opens) if own else None
    return Figures(
        party=party,
        invested_eur=own,
        returned_eur=float(returned.sum()),
        contributed_eur=float(contributed.sum()),
        interest_eur=float(interest.sum()),
        present_value_eur=account.value_when_opened(net, account.terms.discount(party)),
        end_eur=float(balance[-1]),
        return_per_euro=float(returned.sum()) / everybody if everybody else np.nan,
        own_return_per_euro=float((returned + contributed).sum()) / own if own else np.nan,
        deepest_eur=float(min(0.0, balance.min(initial=0.0))),
        payback_months=np.nan if back is None else float(back),
    )


def _payers(party: str) -> list[int]:
    groups = {"public": list(PUBLIC), "society": list(range(len(PAYERS)))}
    return groups[party] if party in groups else [PAYERS.index(party)]


def party_flows(account: Account, party: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Monthly result and interest of a party; only who invests is charged interest."""
    if party in VIEWS:
        return account.net[party], account.interest[party]
    payer = PAYERS.index(party)
    net = account.position[:, payer]
    pays = paying_shares(account.plan).get(payer, 0.0) > 0
    return net, interest_on(net, account.terms.month_interest if pays else 0.0)


def from_ledger(account: Account) -> pd.DataFrame:
    """Show per payer how the difference of two ledgers becomes the end of the account.

    Columns add up along a row: what the ledgers say, what contracts hold up or never pay out,
    what the State takes back, what the agreements move, what a cautious council doesn't count,
    and interest.
    """
    rows = []
    for k, payer in enumerate(PAYERS):
        net, interest = party_flows(account, payer)
        ledger, returned = account.booked[:, k].sum(), account.returned[:, k].sum()
        invested = account.invested.sum() if k == MUNICIPALITY else 0.0
        taken = float(account.reset.sum())
        reset = {"municipality": -taken, "state": taken}.get(payer, 0.0)
        rows.append(
            {
                "payer": payer,
                "ledger_eur": ledger,
                "contracts_eur": returned - invested - ledger - reset,
                "reset_eur": reset,
                "agreements_eur": account.transfers[:, k].sum(),
                "not_counted_eur": (net - account.position[:, k]).sum(),
                "interest_eur": interest.sum(),
                "end_eur": (net + interest).sum(),
            }
        )
    return pd.DataFrame(rows)


def landing_table(account: Account) -> pd.DataFrame:
    """Show where the return lands (Q8), before agreements and after; one row a payer.

    `real_eur` is what society gains by it: work done, care or evictions that aren't needed.
    `moved_eur` only comes from or goes to another payer, such as a benefit or a debt paid.
    `lands_share` is the payer's part of all gains of those who gain.
    """
    returned, real = account.returned.sum(axis=0), account.real.sum(axis=0)
    gains = np.maximum(returned, 0.0)
    invested = float(account.invested.sum())
    return pd.DataFrame(
        {
            "payer": PAYERS,
            "returned_eur": returned,
            "real_eur": real,
            "moved_eur": returned - real,
            "lands_share": gains / gains.sum() if gains.any() else np.nan,
            "per_euro_invested": returned / invested if invested else np.nan,
            "after_agreements_eur": returned + account.contributed.sum(axis=0),
        }
    )


def leaks(account: Account) -> dict[str, float]:
    """Say of each euro that somebody gains who gets it, and how much is no gain to society.

    The five shares of who gets it sum to one. `only_moved` is what others lose or the plan paid
    out, so no gain to society; it is above one if society as a whole has a loss. `time_lost` is
    pay that only makes up for the worker's time. Gains and losses of one payer are netted first.
    """
    table = landing_table(account)
    share = table["lands_share"].to_numpy(float)
    gained = float(np.maximum(table["returned_eur"], 0.0).sum())
    other_public = [payer for payer in PUBLIC if payer != MUNICIPALITY]
    real = float(table["real_eur"].sum())
    nominal = account.net["society"] * account.price_index
    time_lost = float((account.returned.sum(axis=1) - account.invested - nominal).sum())
    return {
        "gained_eur": gained,
        "municipality": float(share[MUNICIPALITY]),
        "other_public": float(share[other_public].sum()),
        "corporation": float(share[PAYERS.index("corporation")]),
        "private": float(share[PRIVATE]),
        "household": float(share[HOUSEHOLD_PAYER]),
        "only_moved": 1 - real / gained if gained else np.nan,
        "time_lost": time_lost / gained if gained else np.nan,
    }


def figures_over_futures(accounts: Sequence[Account]) -> pd.DataFrame:
    """Band of every figure over futures; one row a party and figure.

    A payback that isn't within the run counts as later than any other; where a quantile falls
    there, it is not a number.
    """
    columns = [name for name in Figures.__dataclass_fields__ if name != "party"]
    found = [figures(account) for account in accounts]
    rows: list[dict[str, Any]] = []
    for k, party in enumerate(PARTIES):
        for name in columns:
            values = np.array([getattr(one[k], name) for one in found], float)
            rows.append({"party": party, "figure": name, **_band(values, name)})
    return pd.DataFrame(rows, columns=["party", "figure", *BAND])


def _band(values: NDArray[np.float64], name: str) -> dict[str, float]:
    if name != "payback_months":
        return {key: float(np.quantile(values, q)) for key, q in BAND.items()}
    late = np.where(np.isnan(values), np.inf, values)
    band = {key: float(np.quantile(late, q, method="higher")) for key, q in BAND.items()}
    return {key: value if np.isfinite(value) else np.nan for key, value in band.items()}


def paid_back_within(accounts: Sequence[Account], view: str) -> dict[int, float | None]:
    """Share of futures that are paid back within each horizon; None where no run is that long."""
    longest = max(len(account.invested) - account.opens for account in accounts)
    months = [account.payback_months(view) for account in accounts]
    return {
        horizon: float(np.mean([m is not None and m <= horizon for m in months]))
        if horizon <= longest
        else None
        for horizon in HORIZONS_MONTHS
    }
