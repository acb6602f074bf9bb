"""Services: care, support and schooling that stress makes likelier (process 10)."""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim import items
from siexsim.compiled import rule
from siexsim.draws import MENTAL_CARE, WMO, YOUTH_CARE
from siexsim.items import post
from siexsim.rules.life import MONTHS, PER_MONTH, years_old


@rule
def steeper(chance: float, slope: float, stress: float, p: Any) -> float:
    """A chance that rises with stress above the ordinary, and falls below it, never under zero."""
    return max(0.0, chance * (1.0 + slope * (stress - p.stress.ordinary)))


@rule
def monthly(eur_per_year: float, c: Any) -> int:
    """A yearly price as cents of this month."""
    return int(eur_per_year * c.price_index * 100) // MONTHS


@rule
def use_mental_care(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """Mental health care starts with wellbeing stress (C08, M04, M06; M05: money strain)."""
    u = draw[MENTAL_CARE]
    if h.mental_care == 0:
        yearly = steeper(
            p.services.mental_start_per_year, p.services.mental_slope, h.stress[hh.WELLBEING], p
        )
        if u < yearly * PER_MONTH:
            h.mental_care = 1
    elif u < p.services.mental_end_per_year * PER_MONTH:
        h.mental_care = 0
    if h.mental_care == 1:
        post(till, items.MENTAL_CARE_COST, monthly(p.prices.mental_care_eur_per_year, c))
    if h.stress[hh.MONEY] > p.services.severe_stress:
        post(till, items.MENTAL_CARE_COST, monthly(p.prices.severe_money_care_eur_per_year, c))


@rule
def use_other_care(h: Any, p: Any, c: Any, till: Any) -> None:
    """Doctors, hospitals and the law see more of households under high stress (rows C14, C18)."""
    if h.stress[hh.WELLBEING] > p.services.high_stress:
        post(till, items.SOMATIC_CARE, monthly(p.prices.somatic_care_eur_per_year, c))
    if h.stress[hh.MONEY] > p.services.high_stress:
        post(till, items.JUSTICE, monthly(p.prices.justice_eur_per_year, c))


@rule
def use_wmo(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """Wmo support: mostly the old, and adults whose wellbeing is under strain (C13; KWBGEM)."""
    u = draw[WMO]
    if h.wmo == 0:
        yearly = p.services.wmo_start_per_year
        if years_old(h.birth[0], c.month) >= p.services.wmo_old_years:
            yearly *= p.services.wmo_old_factor
        if u < steeper(yearly, p.services.wmo_slope, h.stress[hh.WELLBEING], p) * PER_MONTH:
            h.wmo = 1
    elif u < p.services.wmo_end_per_year * PER_MONTH:
        h.wmo = 0
    if h.wmo == 1:
        post(till, items.WMO_COST, monthly(p.prices.wmo_eur_per_year, c))


@rule
def use_youth_services(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """Youth care and special schooling per child (rows C09-C11, C15)."""
    count = int(h.kids)
    if count == 0:
        h.youth_care = 0
        h.special_school = 0
        return
    u = draw[YOUTH_CARE]
    q = p.services
    in_care = min(int(h.youth_care), count)
    in_special = min(int(h.special_school), count)
    strain = 0.5 * (h.stress[hh.WELLBEING] + h.stress[hh.EDUCATION])
    start = (
        steeper(q.youth_start_per_year, q.youth_slope, strain, p) * (count - in_care) * PER_MONTH
    )
    end = q.youth_end_per_year * in_care * PER_MONTH
    school = steeper(q.special_start_per_year, q.special_slope, h.stress[hh.EDUCATION], p)
    school *= (count - in_special) * PER_MONTH
    school_end = q.special_end_per_year * in_special * PER_MONTH
    if u < start:
        in_care += 1
    elif u < start + end:
        in_care -= 1
    elif u < start + end + school:
        in_special += 1
    elif u < start + end + school + school_end:
        in_special -= 1
    h.youth_care = in_care
    h.special_school = in_special
    if in_care > 0:
        post(till, items.YOUTH_CARE_COST, monthly(p.prices.youth_care_eur_per_year, c) * in_care)
    if in_special > 0:
        cost = monthly(p.prices.special_school_eur_per_year, c) * in_special
        post(till, items.SPECIAL_SCHOOL_COST, cost)


@rule
def use_services(h: Any, p: Any, c: Any, draw: Any, till: Any) -> None:
    """All services that the household uses this month."""
    use_mental_care(h, p, c, draw, till)
    use_other_care(h, p, c, till)
    use_wmo(h, p, c, draw, till)
    use_youth_services(h, p, c, draw, till)
