"""What households have been through: savings, debts, spells, traits, strain and care."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import betaincinv, ndtri

from siexsim import draws
from siexsim import household as hh
from siexsim.people import (
    LONG_POOR_MONTHS,
    MONTHS,
    Features,
    Flags,
    Floats,
    People,
    choose,
    household_features,
    rank_share,
    score,
)

_FIRST = draws.POPULATION_FIRST + 80
(
    SAVING, WELFARE_SAVING, IN_DEBT, IN_ARREARS, DEBT_SIZE, DEBT_CLAIMS, ARRANGED, ARRANGED_FOR,
    DEBT_TIME, POOR_TIME, LONG_POOR, WELFARE_TIME, NOT_POOR, RAISED, RESILIENCE, READINESS,
    EMPLOYABILITY, UNFIT_HOME, WMO_SLOT, MENTAL_SLOT, CAME, ARREARS_CLAIMS,
) = range(_FIRST, _FIRST + 22)  # fmt: skip
IDLE_TIME, WW_TIME = _FIRST + 22, _FIRST + 24  # two each
STRESS, DEVELOPMENT, CARE_OF_CHILD, SPECIAL_OF_CHILD = (_FIRST + 28 + 8 * n for n in range(4))

_LONGEST = 1200  # months, the bound of the record
_MOST_CLAIMS = 60  # the bound of the record
_TABLE = 4096
_LONG_WELFARE_MONTHS: Final = 60
_YEAR: Final = 12
_THREE_YEARS: Final = 36
_STRESS_NAMES: Final = tuple(f"stress_{domain}" for domain in hh.DOMAINS)


def save(people: People) -> None:
    """Give households money in the bank; who is on welfare has less than the law allows."""
    h, p = people.households, people.p
    z = ndtri(people.draw(SAVING))
    amount = p.savings_median_eur * np.exp(
        score("log_savings", household_features(people)) + p.savings_spread * z
    )
    # the welfare rules look at savings: nobody on welfare may be over the limit
    small = p.savings_welfare_median_eur * np.exp(
        p.savings_spread * ndtri(people.draw(WELFARE_SAVING))
    )
    small = np.minimum(small, people.rules.welfare_capital_limit_eur * people.draw(WELFARE_SAVING))
    amount = np.where(h["on_welfare"] == 1, small, amount)
    h["savings"] = np.rint(amount * 100)


def owe(people: People) -> None:
    """Problematic debts and arrears, where income is low and insecure."""
    h, p = people.households, people.p
    features = household_features(people)
    free = np.ones(len(h), bool)
    count = round(p.problematic_share * len(h))
    problematic = choose(score("problematic", features), people.draw(IN_DEBT), count, free)
    count = round(p.arrears_share * len(h))
    arrears = choose(score("arrears", features), people.draw(IN_ARREARS), count, ~problematic)
    shared = ndtri(people.draw(DEBT_SIZE))  # more creditors, more debt
    own = ndtri(people.draw(DEBT_CLAIMS))
    debt = p.debt_median_eur * np.exp(p.debt_spread * shared)
    debt = np.maximum(debt, people.rules.problematic_debt_eur * p.debt_least_over_line)
    mixed = p.claims_follow_debt * shared + np.sqrt(1.0 - p.claims_follow_debt**2) * own
    claims = np.rint(p.claims_median * np.exp(p.claims_spread * mixed))
    claims = np.clip(claims, people.rules.problematic_claims, _MOST_CLAIMS)
    behind = np.minimum(
        p.arrears_median_eur * np.exp(p.arrears_spread * shared),
        people.rules.problematic_debt_eur * p.arrears_most_under_line,
    )
    few = 1.0 + np.floor(people.draw(ARREARS_CLAIMS) * p.arrears_most_claims)
    h["debt"] = np.rint(np.select([problematic, arrears], [debt, behind], 0.0) * 100)
    h["claims"] = np.select([problematic, arrears], [claims, few], 0.0)
    arranged = problematic & (people.draw(ARRANGED) < p.arrangement_share)
    h["debt_state"] = np.select(
        [arranged, problematic, arrears], [hh.ARRANGEMENT, hh.PROBLEMATIC, hh.ARREARS], hh.NO_DEBT
    )
    left = 1.0 + np.floor(people.draw(ARRANGED_FOR) * people.rules.arrangement_months_before_2023)
    h["arrangement_left"] = np.where(arranged, left, 0.0)
    h["months_in_debt"] = np.where(problematic, _debt_months(people), 0)


def _adult_months(people: People) -> Floats:
    """Months since the first adult came of age: no spell is longer."""
    grown = (people.age[:, 0] - people.rules.adult_years) * MONTHS
    return np.clip(np.floor(grown), 1.0, _LONGEST)


def _debt_months(people: People) -> Floats:
    p = people.p
    u = people.draw(DEBT_TIME)
    new, long = p.debt_new_share, p.debt_long_share
    middle = 1.0 - new - long
    later = _THREE_YEARS - p.debt_long_mean_months * np.log1p(
        -np.clip((u - new - middle) / long, 0.0, 1.0 - 1e-12)
    )
    months = np.select(
        [u < new, u < new + middle],
        [1.0 + u / new * (_YEAR - 1), _YEAR + (u - new) / middle * (_THREE_YEARS - _YEAR)],
        later,
    )
    return np.minimum(np.floor(months), _adult_months(people))


def _spell(share: Floats, line: float, long_share: float, later_mean: float, skew: float) -> Floats:
    """Length of a spell at its place in the order: `long_share` of all pass the line.

    Short spells get rarer with length (those who leave soon); long ones have no memory.
    """
    short_share = 1.0 - long_share
    below = np.clip(share / short_share, 0.0, 1.0)
    above = np.clip((share - short_share) / long_share, 0.0, 1.0 - 1e-9)
    return np.where(
        share < short_share, 1.0 + line * below**skew, line - later_mean * np.log1p(-above)
    )


def spend_time(people: People) -> None:
    """Lengths of the spells in which households are at the start."""
    h, p = people.households, people.p
    features = household_features(people)
    limit = _adult_months(people)
    welfare = h["on_welfare"] == 1
    keys = _noisy(score("long_welfare", features), people.draw(WELFARE_TIME))
    on = _spell(
        rank_share(keys[welfare]),
        _LONG_WELFARE_MONTHS,
        p.long_welfare_share,
        p.long_welfare_mean_months,
        p.short_spell_skew,
    )
    h["months_on_welfare"][welfare] = np.floor(np.minimum(on, limit[welfare]))
    _poor_time(people, features, limit)
    _idle_time(people)
    away = 1.0 - p.not_poor_mean_months * np.log(people.draw(NOT_POOR))
    h["months_not_poor"] = np.where(h["poor"] == 1, 0, np.minimum(np.floor(away), _LONGEST))


def _noisy(merit: Floats, noise: Floats) -> Floats:
    return merit + np.log(noise) - np.log1p(-noise)


def _poor_time(people: People, features: Features, limit: Floats) -> None:
    """Poverty spells: at least as long as welfare's; the long-term share of all is met."""
    h, p = people.households, people.p
    poor = (h["poor"] == 1) & ~people.student
    before = np.floor(people.draw(POOR_TIME) * p.poor_before_welfare_months)
    of_welfare = np.minimum(h["months_on_welfare"] + before, limit)
    welfare = poor & (h["on_welfare"] == 1)
    others = poor & ~welfare
    wanted = p.long_poor_share * poor.sum() - (of_welfare[welfare] >= LONG_POOR_MONTHS).sum()
    # the young can't have been poor so long; the rest has to make up for them
    able = others & (limit >= LONG_POOR_MONTHS)
    months = np.zeros(len(h))
    months[welfare] = of_welfare[welfare]
    unable = others & ~able
    months[unable] = 1.0 + np.floor(people.draw(LONG_POOR)[unable] * (limit[unable] - 1.0))
    if able.any():
        keys = _noisy(score("long_poor", features), people.draw(LONG_POOR))
        share = float(np.clip(wanted / able.sum(), 0.02, 0.98))
        spell = _spell(
            rank_share(keys[able]),
            LONG_POOR_MONTHS,
            share,
            p.long_poor_mean_months,
            p.short_spell_skew,
        )
        months[able] = np.minimum(np.floor(spell), limit[able])
    students = (h["poor"] == 1) & people.student
    months[students] = np.minimum(people.month - h["came"][students], limit[students])
    h["months_poor"] = np.clip(np.rint(months), 0, _LONGEST)
    h["months_poor"][h["poor"] == 1] = np.maximum(h["months_poor"][h["poor"] == 1], 1)


def _idle_time(people: People) -> None:
    h, p = people.households, people.p
    position = h["position"]
    limit = np.maximum((people.age - people.rules.adult_years) * MONTHS, 1.0)
    z = ndtri(people.draws(IDLE_TIME, 2))
    idle = p.idle_median_months * np.exp(p.idle_spread * z)
    ill = p.disabled_median_months * np.exp(p.idle_spread * z)
    months = np.select(
        [position == hh.DISABILITY, position == hh.NO_INCOME],
        [ill, idle],
        h["months_on_welfare"][:, None] + p.idle_before_welfare_months * people.draws(IDLE_TIME, 2),
    )
    without = people.exists & np.isin(position, (hh.NO_INCOME, hh.DISABILITY, hh.WELFARE))
    months = np.where(without, np.minimum(np.floor(months), np.minimum(limit, _LONGEST)), 0)
    # a benefit of fixed length: some of it is used, the rest is left
    ww = people.exists & (position == hh.WW)
    u = people.draws(WW_TIME, 2)
    career = (people.age - p.ww_from_years) / (p.ww_full_from_years - p.ww_from_years)
    least = p.ww_least_months
    whole = least + np.floor((people.rules.ww_months - least) * np.clip(career, 0, 1))
    used = np.floor(u * whole)
    h["ww_left"] = np.where(ww, whole - used, 0)
    h["months_without_work"] = np.where(ww, used, months)


def characterise(people: People) -> None:
    """Childhood and traits, which are drawn once and never change."""
    h, p = people.households, people.p
    poor = (h["poor"] == 1) & ~people.student
    chance = np.where(poor, p.raised_poor_of_poor, p.raised_poor_of_others)
    h["raised_poor"] = people.draw(RAISED) < chance
    h["resilience"] = _beta(people.draw(RESILIENCE), p.resilience_mean, p.trait_evenness)
    h["readiness"] = _beta(people.draw(READINESS), p.readiness_mean, p.trait_evenness)
    z = ndtri(people.draw(EMPLOYABILITY))
    spread = p.employability_spread
    factor = np.exp(spread * z - 0.5 * spread**2)  # mean 1
    long = (h["months_poor"] >= LONG_POOR_MONTHS) & poor
    h["employability"] = np.clip(
        np.where(long, factor * p.employability_long_poor, factor), 0.0, 10.0
    )


def _beta(u: Floats, mean: float, evenness: float) -> Floats:
    # the inverse is slow: it is drawn through a fine table
    grid = (np.arange(_TABLE) + 0.5) / _TABLE
    values = betaincinv(mean * evenness, (1.0 - mean) * evenness, grid)
    return np.asarray(np.interp(u, grid, values), np.float64)


def arrive(people: People) -> None:
    """Students came some years ago; of others the month of arrival isn't known (0)."""
    h, p = people.households, people.p
    studied = np.floor(people.draw(CAME) * p.student_years_here * MONTHS)
    h["came"] = np.where(
        people.student, people.month - np.minimum(studied, _adult_months(people)), 0
    )
    h["state"] = hh.PRESENT


def live(people: People) -> None:
    """Home, stress, children's development, and care and support in use."""
    h, p = people.households, people.p
    features = household_features(people)
    free = np.ones(len(h), bool)
    unfit = choose(
        score("unfit", features),
        people.draw(UNFIT_HOME),
        round(p.unfit_share * int((~people.student).sum())),
        ~people.student,
    )
    h["home"] = np.where(unfit, hh.UNFIT, hh.FITS)
    features = household_features(people)
    for domain, name in enumerate(_STRESS_NAMES):
        noise = p.stress_spread * ndtri(people.draw(STRESS + domain))
        h["stress"][:, domain] = np.clip(score(name, features) + noise, 0.0, 1.0)
    _develop(people)
    features = household_features(people)
    inhabitants = float(people.exists.sum() + hh.children(h).sum())
    clients = people.place.municipality["wmo_clients"] / 1000.0 * inhabitants
    h["wmo"] = choose(
        score("wmo", features),
        people.draw(WMO_SLOT),
        round(clients / p.wmo_clients_per_household),
        free,
    )
    patients = p.mental_care_share * float(people.exists.sum())
    h["mental_care"] = choose(
        score("mental_care", features), people.draw(MENTAL_SLOT), round(patients), free
    )
    _care_for_children(people, features)


def _develop(people: People) -> None:
    h, p = people.households, people.p
    schooling = np.where(people.exists, h["education"] - 1.0, 0.0).sum(axis=1) / people.exists.sum(
        axis=1
    )
    mean = p.development_of_schooling * schooling - p.development_of_poverty * h["poor"]
    noise = np.sqrt(1.0 - p.development_of_schooling**2 / 2.0) * ndtri(
        people.draws(DEVELOPMENT, hh.MAX_CHILDREN)
    )
    there = h["child_birth"] != hh.NO_BIRTH
    centre = float(np.average(mean, weights=np.maximum(there.sum(axis=1), 0)))
    h["development"] = np.where(there, np.clip(mean[:, None] - centre + noise, -4.0, 4.0), 0.0)


def _care_for_children(people: People, features: Features) -> None:
    h, p, r = people.households, people.p, people.rules
    age = people.child_age
    share = people.place.municipality["youth_in_youth_care"] / 100.0
    school_from = p.special_school_from_years
    for field, slot, low, part in (
        ("youth_care", CARE_OF_CHILD, 0.0, share),
        ("special_school", SPECIAL_OF_CHILD, school_from, p.special_school_share),
    ):
        eligible: Flags = (age >= low) & (age < r.adult_years)
        merit = score(field, features)[:, None] - p.care_of_development * h["development"]
        chosen = choose(
            merit,
            people.draws(slot, hh.MAX_CHILDREN),
            round(part * int(eligible.sum())),
            eligible,
        )
        h[field] = chosen.sum(axis=1)
