"""Income: pay, benefits at the norms of the date, allowances, and who is poor (process 4)."""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim import items
from siexsim.compiled import rule
from siexsim.draws import ALLOWANCES, WELFARE_CLAIM
from siexsim.items import post
from siexsim.rules.life import MONTHS, PER_MONTH, is_pensioner
from siexsim.rules.work import is_working


@rule
def norm(h: Any, p: Any, c: Any) -> int:
    """Social minimum of the household's kind, cents a month (``income_norms.csv``)."""
    paired = h.birth[1] != hh.NO_BIRTH
    if is_pensioner(h, p, c):
        return c.norm_aow_couple if paired else c.norm_aow_single
    return c.norm_couple if paired else c.norm_single


@rule
def earn(h: Any, a: int, p: Any, c: Any, till: Any) -> int:
    """What one adult brings in by its position, cents this month."""
    position = h.position[a]
    if is_working(position):
        pay = int(h.earnings[a] * (1.0 + p.work.hours_step * h.hours[a]) * c.wage_index)
        tax = int(p.prices.payroll_tax_eur_per_year * c.price_index * 100) // MONTHS
        post(till, items.WAGE, pay)
        post(till, items.PAYROLL_TAX, tax)
        post(till, items.PRODUCTION, pay + tax)
        return pay
    if position == hh.PENSION:
        aow = c.norm_aow_couple // 2 if h.birth[1] != hh.NO_BIRTH else c.norm_aow_single
        extra = int(h.pension[a] * c.wage_index)
        post(till, items.AOW, aow)
        post(till, items.SUPPLEMENTARY_PENSION, extra)
        return aow + extra
    if position == hh.WW:
        benefit = int(h.earnings[a] * c.wage_index * p.income.ww_share)
        post(till, items.WW_PAID, benefit)
        return benefit
    if position == hh.DISABILITY:
        benefit = max(
            int(c.norm_single * p.income.disability_floor_share),
            int(h.earnings[a] * c.wage_index * p.income.disability_share),
        )
        post(till, items.DISABILITY_PAID, benefit)
        return benefit
    if position == hh.NO_INCOME and c.month - h.birth[a] >= p.life.early_pension_years * MONTHS:
        extra = int(h.pension[a] * c.wage_index)
        post(till, items.SUPPLEMENTARY_PENSION, extra)
        return extra
    if position == hh.STUDENT:
        money = int(p.income.student_eur_per_month * c.wage_index * 100)
        post(till, items.STUDENT_INCOME, money)
        return money
    return 0


@rule
def is_entitled(h: Any, own: int, minimum: int, p: Any, c: Any) -> bool:
    """Whether the household may get welfare: too little income, too little in the bank (NORMS).

    Self-employed households have a scheme of their own (Bbz), which few use; it isn't modelled.
    """
    if own >= minimum:
        return False
    if h.position[0] == hh.SELF_EMPLOYED or h.position[1] == hh.SELF_EMPLOYED:
        return False
    limit = p.income.welfare_capital_limit_eur * 100 * c.price_index
    if h.birth[1] != hh.NO_BIRTH or h.kids > 0:
        limit *= p.income.welfare_capital_family_factor
    return h.savings <= limit


@rule
def ask_for_welfare(h: Any, short: float, p: Any, draw: Any) -> bool:
    """Whether an entitled household asks now; who is short of little may never (row M21: 35%).

    `short` is the part of the norm that is missing.
    """
    if h.claims_welfare == 1:
        yearly = p.income.claim_per_year
        if is_working(h.position[0]) or is_working(h.position[1]):
            yearly *= p.income.working_claim_factor
    else:
        yearly = p.income.late_claim_per_year * (1.0 + p.income.late_claim_rise * short)
    return draw[WELFARE_CLAIM] < yearly * PER_MONTH


@rule
def set_welfare(h: Any, receives: bool) -> None:
    """Adults without other income are 'on welfare' exactly while the household receives it."""
    for a in range(hh.MAX_ADULTS):
        if receives and h.position[a] == hh.NO_INCOME and h.birth[a] != hh.NO_BIRTH:
            h.position[a] = hh.WELFARE
        elif not receives and h.position[a] == hh.WELFARE:
            h.position[a] = hh.NO_INCOME
    if receives:
        h.months_on_welfare = min(h.months_on_welfare + 1, 1200) if h.on_welfare == 1 else 1
        h.on_welfare = 1
    else:
        h.months_on_welfare = 0
        h.on_welfare = 0


@rule
def receive_welfare(h: Any, own: int, minimum: int, p: Any, c: Any, till: Any) -> int:
    """Welfare fills income up to the norm; the municipality also pays its tax and its work."""
    benefit = minimum - own
    post(till, items.WELFARE_PAID, benefit)
    post(till, items.WELFARE_TAX, int(benefit * p.prices.welfare_tax_share))
    cost = int(p.prices.welfare_admin_eur_per_year * c.price_index * 100) // MONTHS
    post(till, items.WELFARE_ADMIN, cost)
    return benefit


@rule
def receive_allowances(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """Rent, care and child allowances, falling with income (TOESL; row M22 for non-use)."""
    if h.claims_allowances == 0:
        if draw[ALLOWANCES] >= p.income.allowances_found_per_year * PER_MONTH:
            h.allowances = 0
            return
        h.claims_allowances = 1
    over = h.ratio - 1.0
    if over >= p.income.allowances_end_ratio:
        h.allowances = 0
        return
    full = p.income.care_allowance_eur
    if h.birth[1] != hh.NO_BIRTH:
        full *= 2.0
    if h.tenure == hh.CORPORATION:
        full += p.income.rent_allowance_eur
    elif h.tenure == hh.PRIVATE_RENT:
        full += p.income.rent_allowance_eur * p.income.private_rent_allowance_share
    full += p.income.child_allowance_eur * h.kids
    left = 1.0 if over <= 0.0 else 1.0 - over / p.income.allowances_end_ratio
    h.allowances = int(full * left * c.price_index * 100)
    post(till, items.ALLOWANCES_PAID, h.allowances)


@rule
def receive_support(h: Any, p: Any, c: Any, till: Any) -> None:
    """Local support that help found (row I35), and the energy allowance (GRENERGY)."""
    if h.support > 0:
        h.allowances += h.support
        post(till, items.SPECIAL_ASSISTANCE, h.support)
    if c.energy_allowance > 0 and h.ratio <= p.income.energy_allowance_ratio:
        h.allowances += c.energy_allowance
        post(till, items.ENERGY_ALLOWANCE, c.energy_allowance)


@rule
def keep_poverty_clock(h: Any, p: Any) -> None:
    """Note whether the household is poor this month, and for how long (line: OOG202210)."""
    if h.ratio <= p.income.poverty_ratio:
        h.months_poor = min(h.months_poor + 1, 1200)
        if h.poor == 0:
            h.poor = 1
            if h.months_not_poor > p.income.short_gap_months:
                h.months_poor = 1
        h.months_not_poor = 0
    else:
        h.poor = 0
        h.months_not_poor = min(h.months_not_poor + 1, 1200)
        if h.months_not_poor > p.income.short_gap_months:
            h.months_poor = 0


@rule
def receive_income(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """All income of the month, from work to welfare to allowances."""
    minimum = norm(h, p, c)
    own = earn(h, 0, p, c, till)
    if h.birth[1] != hh.NO_BIRTH:
        own += earn(h, 1, p, c, till)
    income = own
    if is_pensioner(h, p, c):
        if h.on_welfare == 1:
            set_welfare(h, False)
        if own < minimum and (h.claims_welfare == 1):
            post(till, items.AOW, minimum - own)  # the supplement AIO
            income = minimum
    else:
        entitled = is_entitled(h, own, minimum, p, c)
        if entitled and (h.on_welfare == 1 or ask_for_welfare(h, 1.0 - own / minimum, p, draw)):
            set_welfare(h, True)
            income += receive_welfare(h, own, minimum, p, c, till)
        elif h.on_welfare == 1:
            set_welfare(h, False)
    h.income = income
    h.ratio = income / minimum
    receive_allowances(h, p, c, draw, till)
    receive_support(h, p, c, till)
    keep_poverty_clock(h, p)


@rule
def live_as_student(h: Any, p: Any, c: Any, till: Any) -> None:
    """A student household spends what it gets; the statistics of poverty leave it out."""
    own = earn(h, 0, p, c, till)
    if h.birth[1] != hh.NO_BIRTH:
        own += earn(h, 1, p, c, till)
    h.income = own
    h.allowances = 0
    h.ratio = own / norm(h, p, c)
    h.poor = 0
    post(till, items.SPENDING, own)
