"""Money: paying the bills, arrears, debts and the way out of them (process 5)."""

from __future__ import annotations

import math
from typing import Any

from siexsim import household as hh
from siexsim import items
from siexsim.compiled import rule
from siexsim.draws import (
    BILL,
    CLAIM_CLOSED,
    CONTRACT,
    DEBT_COURSE,
    NEW_CLAIM,
    OWN_NEEDS,
    one,
    rest,
)
from siexsim.items import post
from siexsim.rules.life import PER_MONTH
from siexsim.rules.work import bandwidth


@rule
def follows_market(h: Any, p: Any, c: Any) -> bool:
    """Whether the household's energy contract follows the market within months; fixed for it."""
    return one(c.seed, h.id, 0, CONTRACT) < p.money.market_contract_share


@rule
def unavoidable(h: Any, p: Any, c: Any) -> int:
    """What the household can't do without this month, cents.

    Homes of the same kind differ in rent, and their people in what they can't avoid; that part is
    the household's own for good. Dear energy is used less of.
    """
    paired = h.birth[1] != hh.NO_BIRTH
    eur = p.money.need_couple_eur if paired else p.money.need_single_eur
    eur += p.money.need_child_eur * h.kids
    eur *= 1.0 + p.money.own_needs_width * (one(c.seed, h.id, 0, OWN_NEEDS) - 0.5)
    if c.energy != 1.0 and follows_market(h, p, c):
        bill = c.energy ** (1.0 + p.money.energy_elasticity)
        eur += p.money.energy_eur * (bill - 1.0)  # at ordinary prices energy is in the needs
    return int(eur * c.price_index * c.needs * 100)


@rule
def spare_energy(h: Any, need: int, till: Any) -> int:
    """What energy help keeps in the purse at the same comfort (row I31)."""
    saved = min(int(h.spared), need)
    if saved > 0:
        post(till, items.ENERGY_SAVED, saved)
    return saved


@rule
def unexpected_bill(p: Any, c: Any, draw: Any) -> int:
    """A broken washing machine, a fine, a back payment: rare, and now and then large."""
    chance = p.money.bill_per_year * PER_MONTH
    u = draw[BILL]
    if u >= chance:
        return 0
    return int(-math.log(rest(u, chance)) * p.money.bill_mean_eur * c.price_index * 100)


@rule
def leave_unpaid(h: Any, shortage: int, p: Any, c: Any, till: Any) -> None:
    """What can't be paid becomes debt, and often one more creditor."""
    h.debt += shortage
    post(till, items.BORROWED, shortage)
    if h.claims == 0 or one(c.seed, h.id, c.drawn, NEW_CLAIM) < p.money.new_claim_share:
        h.claims = min(h.claims + 1, 60)


@rule
def pay_off(h: Any, cents: int, u: float, till: Any) -> int:
    """Pay creditors as far as there is debt; the last euro closes the claims.

    Claims close in proportion to what is paid off: a part of a claim with that chance.
    """
    paid = min(cents, h.debt)
    if paid <= 0:
        return 0
    closed = int(h.claims * (paid / h.debt) + u)
    h.debt -= paid
    post(till, items.REPAYMENT, paid)
    h.claims = max(h.claims - closed, 1 if h.debt > 0 else 0)
    return paid


@rule
def pay_bills(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """A month's budget: needs and bills first, from income, then savings, then by not paying."""
    money = int(h.income) + int(h.allowances)
    need = unavoidable(h, p, c)
    need -= spare_energy(h, need, till)
    bill = unexpected_bill(p, c, draw)
    left = money - need - bill
    spent = need + bill
    closing = draw[CLAIM_CLOSED]
    if left >= 0:
        if h.debt_state == hh.ARRANGEMENT:
            left -= pay_off(h, int(left * p.money.arrangement_pays_share), closing, till)
        elif h.debt > 0:
            share = p.money.repay_share * bandwidth(h, p)
            left -= pay_off(h, int(left * min(1.0, share)), closing, till)
        above_buffer = h.savings - int(p.money.buffer_months * need)
        if above_buffer < 0:
            saved = int(left * p.money.saving_share)
            h.savings += saved
            spent += left - saved
        else:
            drawn = int(above_buffer * p.money.spend_down_per_year * PER_MONTH)
            h.savings -= drawn
            spent += left + drawn
    else:
        short = -left
        from_savings = min(h.savings, short)
        h.savings -= from_savings
        short -= from_savings
        done_without = min(short, int(need * p.money.cut_back_share))
        short -= done_without
        unpaid = min(short, int(need * p.money.unpaid_limit_share))
        if h.debt_state == hh.ARRANGEMENT:
            unpaid = 0  # nobody lends while creditors keep to an agreement
        if unpaid > 0:
            leave_unpaid(h, unpaid, p, c, till)
        spent = money + from_savings + unpaid
    post(till, items.SPENDING, spent)


@rule
def collect(h: Any, p: Any, c: Any, till: Any) -> None:
    """Collection costs and interest make a debt grow while nothing is arranged."""
    if h.debt > 0 and h.debt_state != hh.ARRANGEMENT:
        fee = int(h.debt * p.money.collection_per_year * PER_MONTH)
        h.debt += fee
        post(till, items.COLLECTION_FEE, fee)


@rule
def clear_debts(h: Any, till: Any) -> None:
    """What is left of the debts is written off; no claim remains."""
    if h.debt > 0:
        post(till, items.WRITTEN_OFF, h.debt)
    h.debt = 0
    h.claims = 0
    h.debt_state = hh.NO_DEBT
    h.arrangement_left = 0
    h.months_in_debt = 0


@rule
def enter_arrangement(h: Any, p: Any, c: Any) -> None:
    """The creditors agree: pay what can be missed for a fixed time, the rest is forgiven."""
    h.debt_state = hh.ARRANGEMENT
    long = p.money.arrangement_months_before_2023
    h.arrangement_left = int(long if c.month < c.short_term_from else p.money.arrangement_months)


@rule
def follow_arrangement(h: Any, p: Any, u: float, till: Any) -> None:
    """A month in an arrangement: it ends in a clean slate, or breaks down."""
    h.arrangement_left -= 1
    if u < p.money.arrangement_breaks_per_year * PER_MONTH:
        h.debt_state = hh.PROBLEMATIC
        h.arrangement_left = 0
    elif h.arrangement_left <= 0:
        clear_debts(h, till)


@rule
def follow_debts(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """Debts become problematic, are arranged by the debt help that exists, lapse, or go on."""
    if h.debt <= 0:
        h.debt = 0
        h.claims = 0
        h.debt_state = hh.NO_DEBT
        h.arrangement_left = 0
        h.months_in_debt = 0
        return
    collect(h, p, c, till)
    u = draw[DEBT_COURSE]
    if h.debt_state == hh.ARRANGEMENT:
        h.months_in_debt = min(h.months_in_debt + 1, 1200)
        follow_arrangement(h, p, u, till)
        return
    line = p.money.problematic_debt_eur * 100
    if h.debt_state == hh.PROBLEMATIC:
        h.months_in_debt = min(h.months_in_debt + 1, 1200)
        chance = p.money.arrangement_per_year * PER_MONTH * bandwidth(h, p)
        if u < chance:
            enter_arrangement(h, p, c)
            post(till, items.DEBT_HELP_COST, int(p.prices.debt_help_eur * c.price_index * 100))
        elif u > 1.0 - p.money.lapse_per_year * PER_MONTH:
            clear_debts(h, till)
        elif h.debt < line or h.claims < p.money.problematic_claims:
            h.debt_state = hh.ARREARS
            h.months_in_debt = 0
    elif h.debt >= line and h.claims >= p.money.problematic_claims:
        h.debt_state = hh.PROBLEMATIC
        h.months_in_debt = 1
    else:
        h.debt_state = hh.ARREARS
