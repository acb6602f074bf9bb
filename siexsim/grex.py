"""The account run the way a land development (GREX) is: revised every January, closed once.

A revision knows what happened until then and nothing later. It expects of what is still to come
no more than what was seen: a plan whose returns haven't shown yet is revised to a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.account import Account, delayed, held_back, paying_shares, run_balance
from siexsim.household import month_number, month_text
from siexsim.items import MUNICIPALITY, PAYERS
from siexsim.plan import Plan
from siexsim.returns import party_flows

_SEEN_MONTHS: Final = 12  # a revision goes by the returns of the last year
_WORST: Final = 0.1  # of the futures


@dataclass(frozen=True)
class Revision:
    """What the municipality's account looks like at the start of a month, and what is expected.

    Amounts to date are the municipality's own, after agreements. `value_eur` is the expected end
    in money of the day of the revision; all of a loss is provided for at once (D06), a profit is
    taken in part as the work proceeds, and only after the reserve for risk (D06, D07). The
    figures are said beside the account; its balance isn't changed by them.
    """

    revised: str
    closes: str  # last month of the account, as decided at this revision
    extended: bool
    invested_eur: float
    returned_eur: float
    interest_eur: float
    balance_eur: float
    left_to_invest_eur: float
    expected_returns_eur: float
    expected_end_eur: float
    value_eur: float
    provision_eur: float
    provision_change_eur: float
    risk_reserve_eur: float
    completion_share: float
    profit_to_date_eur: float
    interim_profit_eur: float  # taken at this revision; below zero: put back


@dataclass(frozen=True)
class Closing:
    """How the account ends. If the run is over before it closes, `reached` is False.

    The municipality and each co-financer bear what they end with themselves: what they paid,
    less what came back to them. No loss moves from one to another at closing. `reset_to_come_eur`
    is what the State will still take for savings on welfare that the account has counted.
    """

    month: str  # the last that counts
    at: int  # index of the month after it
    reached: bool
    extended: bool
    end_eur: float
    reset_to_come_eur: float
    ends_with_eur: dict[str, float]


@dataclass(frozen=True)
class _Forecast:
    invested: NDArray[np.float64]  # by the municipality, from now to closing
    gained: NDArray[np.float64]
    end_eur: float


def planned_months(account: Account, known: int, closes: int) -> NDArray[np.float64]:
    """What is left of the plan's budget, spread over what is left of the plan; all payers.

    Money of early years that wasn't spent can still be spent. Money that revolves, and budgets
    that a stage may change, aren't counted on.
    """
    planned = np.zeros(closes - known)
    if account.plan is None:
        return planned
    budget = [account.plan.month_budget_eur(account.start + k) for k in range(closes)]
    left = max(0.0, sum(budget) - float(account.invested[:known].sum()))
    going = np.array(budget[known:]) > 0
    planned[going] = left / max(1, int(going.sum()))
    return planned


def _expected(
    seen: NDArray[np.float64], standing: NDArray[np.float64], known: int
) -> NDArray[np.float64]:
    """Seen gains, and after these what a euro standing gave last year for each that stands."""
    recent = slice(max(0, known - _SEEN_MONTHS), known)
    stood = float(standing[recent].sum())
    per_euro = float(seen[recent].sum()) / stood if stood > 0 else 0.0
    return np.concatenate([seen[:known], per_euro * standing[known:]])


def forecast(account: Account, known: int, closes: int) -> _Forecast:
    """Expect the rest of the account from its first `known` months alone.

    A euro invested returns less every year (`forecast_fade_per_year`); how much it returns is
    what such faded euros returned in the last year. What the State will take back of savings on
    welfare is known from the rules, so it is taken off.
    """
    terms = account.terms
    planned = planned_months(account, known, closes)
    invested = np.concatenate([account.invested[:known], planned])
    keeps = (1 - terms.forecast_fade_per_year) ** (1 / 12)
    standing = np.zeros(closes)
    for k in range(closes):
        standing[k] = (standing[k - 1] * keeps if k else 0.0) + invested[k]
    gain = (account.returned + account.contributed)[:known, MUNICIPALITY]
    welfare = _expected(account.welfare_saved[:known], standing, known)
    other = gain - account.welfare_saved[:known] + account.reset[:known]
    reset = (1 - terms.welfare_kept_share) * delayed(welfare, terms.welfare_reset_months)
    gained = (welfare + _expected(other, standing, known) - reset)[known:]
    flat = np.ones(closes)  # growth of prices isn't expected
    ahead = np.concatenate([np.zeros(known), gained])
    gained = gained - held_back(ahead, account.opens, flat, terms)[known:]
    own = paying_shares(account.plan)[MUNICIPALITY] * planned
    net = np.concatenate([account.net["municipality"][:known], gained - own])
    return _Forecast(own, gained, float(run_balance(net, terms.month_interest)[-1]))


def revise(account: Account, known: int, closes: int, before: Revision | None) -> Revision:
    """Revise the account at the start of month `known`, after the revision `before`.

    Parameters
    ----------
    account
        Only its first `known` months are looked at.
    known, closes
        Indices of the months after the last known one and after the last of the account.
    before
        The revision of last year, whose provision and profit are brought up to date.
    """
    terms, plan = account.terms, account.plan
    expects = forecast(account, known, closes)
    years = plan.extension_years if plan is not None else 0
    earlier = before is not None and before.extended
    in_crisis = bool(account.crisis[account.opens : known].any())
    extends = not earlier and years > 0 and in_crisis and expects.end_eur < 0 and known < closes
    if extends:
        closes += 12 * years
        expects = forecast(account, known, closes)
    value = expects.end_eur / (1 + terms.discount_account) ** ((closes - known) / 12)
    invested = float(account.paid[:known, MUNICIPALITY].sum())
    net, interest = account.net["municipality"][:known], account.interest["municipality"][:known]
    returned = float(net.sum()) + invested
    left, more = float(expects.invested.sum()), float(expects.gained.sum())
    reserve = terms.risk_reserve_share * max(0.0, invested + left - returned)
    completion = _part(invested, invested + left) * _part(returned, returned + more)
    profit = completion * max(0.0, value - reserve)
    provision = max(0.0, -value)
    return Revision(
        revised=month_text(account.start + known),
        closes=month_text(account.start + closes - 1),
        extended=earlier or extends,
        invested_eur=invested,
        returned_eur=returned,
        interest_eur=float(interest.sum()),
        balance_eur=float((net + interest).sum()),
        left_to_invest_eur=left,
        expected_returns_eur=more,
        expected_end_eur=expects.end_eur,
        value_eur=value,
        provision_eur=provision,
        provision_change_eur=provision - (before.provision_eur if before else 0.0),
        risk_reserve_eur=reserve,
        completion_share=completion,
        profit_to_date_eur=profit,
        interim_profit_eur=profit - (before.profit_to_date_eur if before else 0.0),
    )


def _part(done: float, whole: float) -> float:
    return min(1.0, max(0.0, done / whole)) if whole > 0 else 0.0


def revisions(account: Account) -> list[Revision]:
    """Revise every January from the opening to the closing, or to the end of the run.

    The last one is at closing: nothing is expected any more.
    """
    if not account.invested.any():
        return []
    found: list[Revision] = []
    closes = account.opens + 12 * account.terms.term_years
    known = account.opens + 1
    while known <= min(closes, len(account.invested)):
        last = known == min(closes, len(account.invested))
        if last or (account.start + known) % 12 == 0:
            found.append(revise(account, known, closes, found[-1] if found else None))
            closes = month_number(found[-1].closes) + 1 - account.start
        known += 1
    return found


def revisions_table(account: Account) -> pd.DataFrame:
    """Tabulate the revisions, one row a year and one at closing."""
    columns = list(Revision.__dataclass_fields__)
    return pd.DataFrame([asdict(one) for one in revisions(account)], columns=columns)


def closing(account: Account) -> Closing | None:
    """Close the account: when, with what, and who bears it; None if nothing was invested."""
    found = revisions(account)
    if not found:
        return None
    planned = month_number(found[-1].closes) + 1 - account.start
    at = min(planned, len(account.invested))
    ends = {}
    for payer in paying_shares(account.plan):
        net, interest = party_flows(account, PAYERS[payer])
        ends[PAYERS[payer]] = float((net + interest)[:at].sum())
    return Closing(
        month=month_text(account.start + at - 1),
        at=at,
        reached=planned <= len(account.invested),
        extended=found[-1].extended,
        end_eur=ends["municipality"],
        reset_to_come_eur=_reset_to_come(account, at),
        ends_with_eur=ends,
    )


def _reset_to_come(account: Account, at: int) -> float:
    terms = account.terms
    since = max(0, at - terms.welfare_reset_months)
    saved = float(account.welfare_saved[since:at].sum())
    return max(0.0, (1 - terms.welfare_kept_share) * saved)


def closing_table(account: Account) -> pd.DataFrame:
    """Tabulate who bears the end: one row for the municipality and for each co-financer.

    `loss_share` is the party's part of the losses of those who end below zero.
    """
    end = closing(account)
    columns = ["party", "month", "reached", "invested_share", "invested_eur", "end_eur"]
    if end is None:
        return pd.DataFrame(columns=[*columns, "loss_share"])
    shares = paying_shares(account.plan)
    rows = [
        (PAYERS[p], end.month, end.reached, share, float(account.paid[: end.at, p].sum()),
         end.ends_with_eur[PAYERS[p]])
        for p, share in shares.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    lost = np.maximum(-table["end_eur"].to_numpy(float), 0.0)
    table["loss_share"] = lost / lost.sum() if lost.any() else 0.0
    return table


def brought_forward_table(account: Account) -> pd.DataFrame:
    """Tabulate per year the budget as it was and what was brought forward (B2).

    `standing_eur` is what at the end of the year has been spent of later years' money, and
    `interest_eur` what that costs in the year. The account is charged interest on all that it
    stands below zero, which includes this: it is not charged twice.
    """
    plan = account.plan
    columns = [
        "year", "budget_eur", "given_up_eur", "received_eur", "to_spend_eur", "standing_eur",
        "interest_eur", "went_to",
    ]  # fmt: skip
    if plan is None:
        return pd.DataFrame(columns=columns)
    rows: list[dict[str, Any]] = []
    standing = 0.0
    first, last = int(plan.start[:4]), int(plan.end[:4])
    for year in range(first, last + 1):
        given = {one.to_year: one.eur for one in plan.bring_forward if one.from_year == str(year)}
        given_up = sum(one.eur for one in plan.bring_forward if one.from_year == str(year))
        received = sum(one.eur for one in plan.bring_forward if one.to_year == str(year))
        standing, interest = _standing_over(
            plan, year, standing, received - given_up, account.terms.month_interest
        )
        rows.append(
            {
                "year": year,
                "budget_eur": plan.year_budget_eur(year),
                "given_up_eur": given_up,
                "received_eur": received,
                "to_spend_eur": plan.year_budget_eur(year) + received - given_up,
                "standing_eur": standing,
                "interest_eur": interest,
                "went_to": ", ".join(sorted(given)),
            }
        )
    return pd.DataFrame(rows, columns=columns)


def _standing_over(
    plan: Plan, year: int, standing: float, change: float, month_interest: float
) -> tuple[float, float]:
    """What stands at the end of a year and its interest; it changes evenly over the months."""
    interest = 0.0
    for month in range(months := plan.months_in(year)):
        interest += (standing + change * month / months) * month_interest
    return standing + change, interest


@dataclass(frozen=True)
class Risk:
    """How unsure the end of the account is (Q13), over futures.

    `expected_shortfall_eur` is the mean end of the worst tenth, at least one future.
    """

    futures: int
    closes_in_run: int
    below_zero_share: float
    expected_shortfall_eur: float
    worst_futures: int
    mean_end_eur: float


def risk(accounts: Sequence[Account]) -> Risk:
    """Say how often the municipality's account closes below zero, and how badly if it goes ill."""
    closings = [one for account in accounts if (one := closing(account)) is not None]
    ends = np.sort([one.end_eur for one in closings])
    worst = max(1, int(np.ceil(_WORST * len(ends)))) if len(ends) else 0
    return Risk(
        futures=len(ends),
        closes_in_run=sum(one.reached for one in closings),
        below_zero_share=float((ends < 0).mean()) if len(ends) else np.nan,
        expected_shortfall_eur=float(ends[:worst].mean()) if len(ends) else np.nan,
        worst_futures=worst,
        mean_end_eur=float(ends.mean()) if len(ends) else np.nan,
    )
