"""The course of help: months of it, how it ends, what it changes, how that fades (process 9).

Help acts on circumstances (a claim settled, a home, finding work) and on stress; relief whose
source stays fades.
"""

from __future__ import annotations

import math
from typing import Any

from siexsim import household as hh
from siexsim import items
from siexsim.compiled import rule
from siexsim.draws import HELP_COURSE, HELP_SUCCESS, one
from siexsim.items import post
from siexsim.rules.life import PER_MONTH, years_old
from siexsim.rules.money import enter_arrangement
from siexsim.rules.work import bandwidth

ASKED_WELFARE, ASKED_ALLOWANCES = 1, 2  # bits of `asked`
SCHOOL_FROM, SCHOOL_TO = 4, 18  # years; ages of pupils, by law


@rule
def heaviest_domain(h: Any) -> int:
    """The domain in which the household carries most stress."""
    heaviest = 0
    for d in range(1, len(hh.DOMAINS)):
        if h.stress[d] > h.stress[heaviest]:
            heaviest = d
    return heaviest


@rule
def pay_creditors(h: Any, cents: int, till: Any) -> None:
    """The plan pays some of a household's claims, smallest first.

    With claims spread evenly in size, the smallest part n of them makes up n squared of the debt.
    """
    paid = min(cents, h.debt)
    if paid > 0:
        closed = int(h.claims * math.sqrt(paid / h.debt))
        h.debt -= paid
        h.claims = max(h.claims - closed, 1 if h.debt > 0 else 0)
        post(till, items.HELP_CLAIM_PAID, paid)


@rule
def pupils(h: Any, month: int) -> int:
    """Children at home who go to school."""
    count = 0
    for k in range(hh.MAX_CHILDREN):
        born = h.child_birth[k]
        if born != hh.NO_BIRTH and SCHOOL_FROM <= years_old(born, month) < SCHOOL_TO:
            count += 1
    return count


@rule
def give_home(h: Any) -> None:
    """A home that fits; one that isn't one's own any more comes out of the common stock."""
    if h.home != hh.THREATENED:
        h.rehoused = 1
    h.home = hh.FITS
    h.months_lost = 0


@rule
def teach(h: Any, sd: float, c: Any) -> None:
    """What tutoring leaves with each pupil at home (row I28)."""
    for k in range(hh.MAX_CHILDREN):
        born = h.child_birth[k]
        if born != hh.NO_BIRTH and SCHOOL_FROM <= years_old(born, c.month) < SCHOOL_TO:
            h.development[k] = min(4.0, h.development[k] + sd)


@rule
def ask_for_support(h: Any) -> None:
    """Ask for what the household is entitled to and didn't ask for by itself (M21, M22)."""
    if h.claims_welfare == 0:
        h.asked |= ASKED_WELFARE
    if h.claims_allowances == 0:
        h.asked |= ASKED_ALLOWANCES
    h.claims_welfare = 1
    h.claims_allowances = 1


@rule
def forget_support(h: Any) -> None:
    """Forms come back every year; who only asked with help stops asking."""
    if h.asked & ASKED_WELFARE:
        h.claims_welfare = 0
    if h.asked & ASKED_ALLOWANCES:
        h.claims_allowances = 0
    h.asked = 0


@rule
def succeed(h: Any, offer: Any, p: Any, c: Any, u: float, till: Any) -> None:
    """What a completed course changes in the household's circumstances."""
    if offer.settles_debts > 0.5 and h.debt > 0 and h.debt_state != hh.ARRANGEMENT:
        enter_arrangement(h, p, c)
    if offer.claims_support > 0.5:
        ask_for_support(h)
    if offer.develops_sd > 0.0:
        teach(h, offer.develops_sd, c)
    heaviest = heaviest_domain(h) if offer.demand_led == 1 else -1
    if heaviest == hh.MONEY and offer.pays_claims_eur > 0.0:
        pay_creditors(h, int(offer.pays_claims_eur * c.help_index * 100), till)
    asked = offer.demand_led == 0 or heaviest == hh.HOUSING
    solvable = h.home == hh.UNFIT or h.home == hh.THREATENED
    if h.home == hh.LOST:
        solvable = offer.takes_stock > 0.5
    if solvable and asked and u < offer.fixes_home:
        give_home(h)


@rule
def run_course(h: Any, k: int, offer: Any, p: Any, c: Any, till: Any) -> None:
    """One month of help that runs; at its end it has worked or not."""
    h.help_months[k] += 1
    heads = int(h.tutored) if offer.price_per_child > 0.5 else 1
    post(till, items.HELP_COST, int(offer.price_month_eur * c.help_index * 100) * heads)
    # who carries much stress fails more often; the risk of a month makes the share of the course
    share = max(0.01, 1.0 - (1.0 - offer.success_share) * (2.0 - bandwidth(h, p)))
    fails = 1.0 - math.exp(math.log(share) / math.ceil(offer.course_months))
    slot = offer.slot
    if one(c.seed, h.id, c.drawn, slot + HELP_COURSE) < fails:
        h.help[k] = hh.DROPPED
        h.help_months[k] = 0
    elif h.help_months[k] >= offer.course_months:
        h.help[k] = hh.COMPLETED
        h.help_months[k] = 0
        succeed(h, offer, p, c, one(c.seed, h.id, c.drawn, slot + HELP_SUCCESS), till)


@rule
def relapse(h: Any, k: int, offer: Any) -> None:
    """The gain is lost: what came by this help goes (A6, I22)."""
    h.help[k] = hh.DROPPED
    if offer.takes_stock > 0.5 and h.home == hh.FITS:
        h.home = hh.UNFIT
    if offer.claims_support > 0.5:
        forget_support(h)


@rule
def add_relief(h: Any, offer: Any, strength: float) -> None:
    """Stress that this help holds down now; relief of several adds up to the stress there is."""
    heaviest = heaviest_domain(h) if offer.demand_led == 1 else -1
    for d in range(len(hh.DOMAINS)):
        held = 0.0
        if d == hh.HOUSING:
            held = offer.relief_housing
        elif d == hh.MONEY:
            held = offer.relief_money
        elif d == hh.WELLBEING:
            held = offer.relief_wellbeing
        elif d == hh.EDUCATION:
            held = offer.relief_education
        else:
            held = offer.relief_work
        if offer.demand_led == 1:
            held += offer.relief_heaviest if d == heaviest else offer.relief_others
        h.relief[d] = min(1.0, h.relief[d] + held * strength)


@rule
def keep_effects(h: Any, k: int, offer: Any, p: Any, c: Any) -> None:
    """A month after a completed course: what it left fades, lasts its time, or is lost."""
    h.help_months[k] = min(h.help_months[k] + 1, 1200)
    lost = one(c.seed, h.id, c.drawn, offer.slot + HELP_COURSE)
    if lost < offer.relapse_per_year * PER_MONTH:
        relapse(h, k, offer)
        return
    since = h.help_months[k] - offer.find_late_from_months
    if 0 <= since < offer.find_lasts_months:
        h.find_factor *= offer.find_late_factor
    h.support += int(offer.support_eur_per_year * c.price_index * 100 * PER_MONTH)
    if h.help_months[k] < offer.spares_lasts_months:
        spared = offer.spares_eur_per_year * c.price_index * c.energy
        h.spared += int(spared * 100 * PER_MONTH)
    years = h.help_months[k] * PER_MONTH
    add_relief(h, offer, math.exp(years * math.log(1.0 - offer.fade_per_year)))


@rule
def strengthen(h: Any, p: Any) -> None:
    """Several kinds of help together may do more than their sum, never more than there is."""
    for d in range(len(hh.DOMAINS)):
        h.relief[d] = min(1.0, h.relief[d] * p.help.synergy_factor)
    h.find_factor = 1.0 + (h.find_factor - 1.0) * p.help.synergy_factor


@rule
def feel_relief(h: Any, d: int, before: float) -> None:
    """Stress moves with the relief in force, which is never more than the stress there is.

    Studies measure what stress is at the end of help, so relief counts at once and in full;
    what lies under it goes on by itself (`rules/stress.py`).
    """
    under = h.stress[d] + before
    h.relief[d] = min(h.relief[d], under)
    h.stress[d] = min(1.0, under - h.relief[d])


@rule
def follow_help(h: Any, p: Any, c: Any, helps: Any, till: Any) -> None:
    """A month of all help of the household; effects are made anew from what is in force."""
    if h.helped == 0:
        return
    housing, money, wellbeing = h.relief[0], h.relief[1], h.relief[2]
    education, work = h.relief[3], h.relief[4]
    h.find_factor = 1.0
    h.support = 0
    h.spared = 0
    for d in range(len(hh.DOMAINS)):
        h.relief[d] = 0.0
    together = 0
    for k in range(helps.count):
        offer = helps.offers[k]
        if h.help[k] == hh.RUNNING:
            run_course(h, k, offer, p, c, till)
            if h.help[k] != hh.DROPPED:
                h.find_factor *= offer.find_early_factor
                done = h.help[k] == hh.COMPLETED
                add_relief(h, offer, 1.0 if done else h.help_months[k] / offer.course_months)
        elif h.help[k] == hh.COMPLETED:
            keep_effects(h, k, offer, p, c)
        together += h.help[k] == hh.RUNNING or h.help[k] == hh.COMPLETED
    if together > 1:
        strengthen(h, p)
    feel_relief(h, hh.HOUSING, housing)
    feel_relief(h, hh.MONEY, money)
    feel_relief(h, hh.WELLBEING, wellbeing)
    feel_relief(h, hh.EDUCATION, education)
    feel_relief(h, hh.WORK, work)
