"""What households live on: work, pay, pension, tenure, welfare and income.

Totals are published for the municipality, work and income per wijk; poverty is put in nowhere
and comes out. The order is that of cause: work, pay, home, welfare, income.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from siexsim import draws
from siexsim import household as hh
from siexsim.people import (
    PENSION_FIELD_YEARS,
    Floats,
    People,
    adult_features,
    choose,
    household_features,
    score,
)
from siexsim.place import read_packaged
from siexsim.schooling import home_youth, per_wijk, relative_income

# slots; the first group takes two each, one per adult
_FIRST = draws.POPULATION_FIRST + 46
WORK, SELF_EMPLOYMENT, FLEX_JOB, WAJONG_SLOT, DISABILITY_SLOT = range(_FIRST, _FIRST + 10, 2)
WW_SLOT, PAY, HOURS, PENSION_SLOT, NO_PENSION = range(_FIRST + 10, _FIRST + 20, 2)
OWNING, RENTING, WELFARE_SLOT, CLAIMING, ALLOWANCE_USE, DIVIDED = range(_FIRST + 21, _FIRST + 27)

NORM_ITEMS: Final = {
    "norm_single": "bijstand single or single parent",
    "norm_couple": "bijstand couple",
    "norm_aow_single": "bijstand norm at AOW age, single",
    "norm_aow_couple": "bijstand norm at AOW age, couple",
}


@cache
def norms(date: str) -> dict[str, int]:
    """Social minimum by kind at a date for which it is published, in cents a month."""
    frame = pd.read_csv(io.StringIO(read_packaged("groningen/income_norms.csv")))
    rows = frame[frame["date"] == date].set_index("item")["value_eur"]
    return {name: round(float(rows[item]) * 100) for name, item in NORM_ITEMS.items()}


def workers_wanted(people: People) -> tuple[NDArray[np.int64], Floats]:
    """Working adults per wijk outside school and pension, and all workers of the wijk."""
    p, age = people.p, people.age
    adult = people.exists & (age < PENSION_FIELD_YEARS)
    youth = home_youth(people)
    part = people.place.margins["net_labour_participation_pct"].to_numpy(np.float64) / 100.0
    workers = part * (per_wijk(people, adult.astype(np.float64)) + youth)
    students = per_wijk(people, (people.exists & people.student[:, None]).astype(np.float64))
    retired = per_wijk(people, (adult & people.retired).astype(np.float64))
    others = (
        p.student_participation * students
        + p.home_youth_participation * youth
        + p.pensioner_participation * retired
    )
    return np.maximum(np.rint(workers - others), 0).astype(np.int64), workers


def employ(people: People) -> None:
    """Give adults their position; welfare comes later, when the home is known."""
    h, p = people.households, people.p
    there = people.exists
    position = np.where(there & people.student[:, None], hh.STUDENT, hh.NO_INCOME)
    position = np.where(there & people.retired, hh.PENSION, position)
    h["position"] = position
    free = there & (position == hh.NO_INCOME)
    features = adult_features(people)
    wanted, workers = workers_wanted(people)
    # partners divide work: what speaks for the one speaks against the other
    turn = people.draw(DIVIDED)
    divided = np.where(people.single, 0.0, np.log(turn) - np.log1p(-turn))
    merit = score("work", features)
    merit += p.work_divided_by_partners * divided[:, None] * np.array([1.0, -1.0])
    wijk = np.repeat(h["wijk"][:, None], 2, axis=1)
    working = choose(merit, people.draws(WORK, 2), wanted, free, wijk)
    position[working] = hh.PERMANENT
    h["position"] = position
    features = adult_features(people)
    own = choose(
        score("self_employed", features),
        people.draws(SELF_EMPLOYMENT, 2),
        round(people.place.municipality["self_employed"] / 100.0 * float(workers.sum())),
        working,
    )
    position[own] = hh.SELF_EMPLOYED
    employees = working & ~own
    flexible = choose(
        score("flex", features),
        people.draws(FLEX_JOB, 2),
        round(p.flex_share * int(employees.sum())),
        employees,
    )
    position[flexible] = hh.FLEX
    h["position"] = position
    _insure(people, free & ~working)


def _insure(people: People, idle: NDArray[np.bool_]) -> None:
    """Disability and unemployment benefits among adults without work."""
    city = people.place.municipality
    position = people.households["position"]
    features = adult_features(people)
    wajong = round(city["wajong_persons"])
    for decision, slot, count, code in (
        ("wajong", WAJONG_SLOT, wajong, hh.DISABILITY),
        (
            "disability",
            DISABILITY_SLOT,
            round(city["disability_benefit_persons"]) - wajong,
            hh.DISABILITY,
        ),
        ("ww", WW_SLOT, round(city["unemployment_benefit_ww_persons"]), hh.WW),
    ):
        chosen = choose(score(decision, features), people.draws(slot, 2), count, idle)
        position[chosen] = code
        idle = idle & ~chosen


def pay(people: People) -> None:
    """Set net pay when working, and pension; the wijk's income per inhabitant comes out."""
    h, p = people.households, people.p
    position = h["position"]
    features = adult_features(people)
    full = np.array([p.pay_low_eur, p.pay_middle_eur, p.pay_high_eur])[h["education"]]
    spread = np.full(position.shape, p.pay_spread)
    spread[position == hh.FLEX] = p.pay_spread_flex
    spread[position == hh.SELF_EMPLOYED] = p.pay_spread_self_employed
    chance = 1.0 / (1.0 + np.exp(-score("part_time", features)))
    u = people.draws(HOURS, 2)
    shorter = p.part_time_least + (1.0 - p.part_time_least) * np.clip(u / chance, 0.0, 1.0)
    hours = np.where(u < chance, shorter, 1.0)
    z = ndtri(people.draws(PAY, 2))
    amount = full * hours * np.exp(score("log_pay", features) + spread * z)
    amount = np.maximum(amount, p.pay_least_eur)
    saved = np.exp(p.pension_spread * ndtri(people.draws(PENSION_SLOT, 2)))
    pension = p.pension_median_eur * saved * (full / p.pay_middle_eur) ** p.pension_of_pay
    pension[:, 1] *= p.pension_second_adult
    pension[people.draws(NO_PENSION, 2) < p.pension_none_share] = 0.0
    there = people.exists
    h["earnings"] = np.where(there & ~people.retired, np.rint(amount * 100), 0)
    h["pension"] = np.where(there, np.rint(pension * 100), 0)
    _meet_wijk_income(people)


def _meet_wijk_income(people: People) -> None:
    """Scale pay and pension per wijk, within bounds, to the wijk's income per inhabitant."""
    h, p = people.households, people.p
    persons = per_wijk(people, people.exists.sum(axis=1) + hh.children(h))
    factor = np.ones(len(persons))
    earnings, pension = h["earnings"].copy(), h["pension"].copy()
    # a few rounds: the municipality's mean, to which the wijken relate, moves along
    for _ in range(5):
        mine = factor[h["wijk"]][:, None]
        h["earnings"] = np.rint(earnings * mine)
        h["pension"] = np.rint(pension * mine)
        own = _own_income(people)
        minimum = social_minimum(people)
        income = np.where(people.student, own, np.maximum(own, minimum)).astype(np.float64)
        mean = per_wijk(people, income) / persons
        goal = relative_income(people) * income.sum() / persons.sum()
        flexible = people.exists & np.isin(
            h["position"], (hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED, hh.PENSION)
        )
        share = per_wijk(people, np.where(flexible, h["earnings"] + h["pension"], 0).astype(float))
        gap = (goal - mean) * persons / np.maximum(share, 1.0)
        factor = np.clip(
            factor * np.maximum(1.0 + gap, 0.5), 1.0 / p.wijk_pay_bound, p.wijk_pay_bound
        )


def social_minimum(people: People) -> NDArray[np.int64]:
    """Social minimum of each household, cents a month."""
    r, paired = people.rules, ~people.single
    old = people.retired[:, 0]
    young = np.where(paired, r.norm_couple, r.norm_single)
    return np.where(old, np.where(paired, r.norm_aow_couple, r.norm_aow_single), young)


def _own_income(people: People) -> NDArray[np.int64]:
    """Income from work, benefits and pension before welfare, as the month's rules count it."""
    h, r = people.households, people.rules
    position, earnings = h["position"], h["earnings"].astype(np.int64)
    paired = ~people.single[:, None] & np.ones((1, 2), bool)
    aow = np.where(paired, r.norm_aow_couple // 2, r.norm_aow_single)
    disabled = np.maximum(
        np.floor(r.norm_single * r.disability_floor_share), np.floor(earnings * r.disability_share)
    )
    working = (position >= hh.PERMANENT) & (position <= hh.SELF_EMPLOYED)
    amount = np.select(
        [
            working,
            position == hh.WW,
            position == hh.DISABILITY,
            position == hh.PENSION,
            (position == hh.NO_INCOME) & (people.age >= r.early_pension_years),
            position == hh.STUDENT,
        ],
        [
            earnings,
            np.floor(earnings * r.ww_share),
            disabled,
            aow + h["pension"],
            h["pension"],
            np.full(position.shape, np.floor(r.student_eur_per_month * 100)),
        ],
        default=0,
    )
    total: NDArray[np.int64] = np.where(people.exists, amount, 0).sum(axis=1).astype(np.int64)
    return total


def house(people: People) -> None:
    """Give every household its tenure: owners per wijk, social rent in the municipality."""
    h = people.households
    m, city = people.place.margins, people.place.municipality
    own, minimum = _own_income(people), social_minimum(people)
    h["ratio"] = np.maximum(own / minimum, np.where(people.student, 0.0, 1.0))
    h["tenure"] = hh.PRIVATE_RENT
    households = np.bincount(h["wijk"], minlength=len(m))
    others = np.bincount(h["wijk"], weights=~people.student, minlength=len(m))
    # students share homes, so there are fewer homes than households where they live
    homes = np.minimum(households, np.maximum(m["dwellings"].to_numpy(), others))
    shares = m["pct_owner_occupied"] / (m["pct_owner_occupied"] + m["pct_rented"])
    owners = np.rint(homes * shares.to_numpy()).astype(np.int64)
    features = household_features(people)
    free = np.ones(len(h), bool)
    owning = choose(score("owner", features), people.draw(OWNING), owners, free, h["wijk"])
    h["tenure"][owning] = hh.OWNER
    value = np.log(m["avg_woz_keur"].to_numpy(np.float64) / city["avg_woz"])[h["wijk"]]
    count = round(city["rented_from_housing_corporation"] / 100.0 * city["dwellings"])
    social = choose(
        score("corporation", features) + people.p.corporation_by_value * value,
        people.draw(RENTING),
        count,
        ~owning,
    )
    h["tenure"][social] = hh.CORPORATION


def grant_welfare(people: People) -> None:
    """Choose the households on welfare, singles and couples apart (C8 and persons of KWB)."""
    h, p = people.households, people.p
    there, position = people.exists, h["position"]
    idle = ~there | (position == hh.NO_INCOME)
    open_ = idle.all(axis=1) & ~people.retired.any(axis=1) & ~people.student
    households = round(p.welfare_households)
    couples = round(people.place.municipality["bijstand_persons"]) - households
    # households go first; persons follow as far as there are couples without any income
    couples = min(couples, int((open_ & ~people.single).sum()))
    merit = score("welfare", household_features(people))
    counts = np.array([households - couples, couples], np.int64)
    chosen = choose(merit, people.draw(WELFARE_SLOT), counts, open_, ~people.single)
    position[chosen[:, None] & there] = hh.WELFARE
    h["on_welfare"] = chosen
    # long without work: who would work now would earn less than the equally educated
    for code, factor in ((hh.WELFARE, p.pay_welfare_factor), (hh.NO_INCOME, p.pay_idle_factor)):
        away = there & (position == code)
        h["earnings"][away] = np.rint(h["earnings"][away] * factor)


def claim(people: People) -> None:
    """Set who asks for what he is entitled to; needs savings, and comes before income."""
    h, p, r = people.households, people.p, people.rules
    own, minimum = _own_income(people), social_minimum(people)
    alone = people.single & (hh.children(h) == 0)
    factor = np.where(alone, 1.0, r.welfare_capital_family_factor)
    limit = factor * r.welfare_capital_limit_eur * 100
    trait = people.draw(CLAIMING) < p.welfare_use_share
    young = ~people.retired[:, 0] & ~people.student
    # entitled, not on welfare: these are the non-users
    unused = young & (own < minimum) & (h["savings"] <= limit) & (h["on_welfare"] == 0)
    h["claims_welfare"] = np.where(unused, 0, trait | (h["on_welfare"] == 1))
    use = np.where(h["on_welfare"] == 1, p.allowances_use_welfare, p.allowances_use)
    h["claims_allowances"] = people.draw(ALLOWANCE_USE) < use


def earn(people: People) -> None:
    """Fill income, its ratio to the social minimum, and poverty, as the month's rules do."""
    h = people.households
    own, minimum = _own_income(people), social_minimum(people)
    supplement = people.retired[:, 0] & (h["claims_welfare"] == 1)  # the AIO of pensioners
    topped = (h["on_welfare"] == 1) | supplement
    income = np.where(topped, np.maximum(own, minimum), own)
    h["income"] = income
    h["ratio"] = income / minimum
    h["poor"] = h["ratio"] <= people.rules.poverty_ratio
