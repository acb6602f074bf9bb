"""What households live on: education, work, pay, pension, tenure, welfare and income.

Totals are published for the municipality, work and income per wijk; poverty is put in nowhere
and comes out. The order is that of cause: education, work, pay, home, welfare, income.
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
from siexsim.margins import table
from siexsim.people import (
    MONTHS,
    PENSION_FIELD_YEARS,
    Floats,
    People,
    adult_features,
    choose,
    household_features,
    score,
)
from siexsim.place import read_packaged

_FIRST = draws.POPULATION_FIRST + 44
(
    EDUCATION, WORK, SELF_EMPLOYMENT, FLEX_JOB, WAJONG_SLOT, DISABILITY_SLOT, WW_SLOT, PAY, HOURS,
    PENSION_SLOT, NO_PENSION,
) = range(_FIRST, _FIRST + 22, 2)  # fmt: skip  (two each: one per adult)
MATCH, OWNING, RENTING, WELFARE_SLOT, CLAIMING, ALLOWANCE_USE, DIVIDED = range(
    _FIRST + 22, _FIRST + 29
)

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


def home_youth(people: People) -> NDArray[np.int64]:
    """Children at home of 15 and older, per wijk: they count in figures of 15 to 75."""
    count = (people.child_age >= 15.0).sum(axis=1)
    return np.bincount(
        people.households["wijk"], weights=count, minlength=len(people.place.wijken)
    ).astype(np.int64)


def _per_wijk(people: People, amount: Floats) -> Floats:
    if amount.ndim == 2:
        amount = amount.sum(axis=1)
    wijken = len(people.place.wijken)
    return np.bincount(people.households["wijk"], weights=amount, minlength=wijken)


def relative_income(people: People) -> Floats:
    """Income per inhabitant of each wijk over the municipality's, net of progressive tax.

    Where it is not published, it is read from a line through the other wijken (log of the value
    of homes and the shares of young people and children).
    """
    m = people.place.margins
    gross = m["avg_income_per_inhabitant_keur"].to_numpy(np.float64)
    inhabitants = m["inhabitants"].to_numpy(np.float64)
    line = np.column_stack(
        [
            np.ones(len(m)),
            np.log(m["avg_woz_keur"].to_numpy(np.float64)),
            m["pct_age_15_25"].to_numpy(np.float64) / 100.0,
            m["pct_age_0_15"].to_numpy(np.float64) / 100.0,
        ]
    )
    known = np.isfinite(gross)
    root = np.sqrt(inhabitants[known])
    fitted = np.linalg.lstsq(line[known] * root[:, None], np.log(gross[known]) * root, rcond=None)
    gross = np.where(known, gross, np.exp(line @ fitted[0]))
    net = gross**people.p.net_of_gross
    return np.asarray(net / np.average(net, weights=inhabitants), np.float64)


def _education_cells(people: People) -> tuple[NDArray[np.int64], Floats]:
    """Row of the education table of each adult, and the table's shares."""
    seed = table("education_seed")
    starts = seed["age_from"].to_numpy()
    age = people.age
    student = people.student[:, None] & np.ones((1, 2), bool)
    cell = np.zeros(age.shape, np.int64)
    for n, (is_student, start) in enumerate(zip(seed["student"], starts, strict=True)):
        cell[(student == bool(is_student)) & (age >= start)] = n
    return cell, seed[["low", "middle", "high"]].to_numpy(np.float64)


def _income_lean(people: People, cell: NDArray[np.int64], shares: Floats) -> Floats:
    """How much richer each wijk is than its ages and work alone would make it, as a log."""
    p, there = people.p, people.exists
    pay = shares @ np.array([p.pay_low_eur, p.pay_middle_eur, p.pay_high_eur])
    part = people.place.margins["net_labour_participation_pct"].to_numpy(np.float64) / 100.0
    part = part[people.households["wijk"]][:, None]
    floor = people.rules.norm_single / 100.0
    expected = part * pay[cell] + (1.0 - part) * 0.5 * floor
    expected = np.where(people.student[:, None], people.rules.student_eur_per_month, expected)
    expected = np.where(people.retired, floor + p.pension_median_eur, expected)
    persons = there.sum(axis=1) + hh.children(people.households)
    mean = _per_wijk(people, np.where(there, expected, 0.0)) / _per_wijk(people, persons)
    mean /= _per_wijk(people, np.where(there, expected, 0.0)).sum() / persons.sum()
    lean: Floats = np.log(relative_income(people) / mean)
    return lean


def educate(people: People) -> None:
    """Give adults an education: municipal totals of 15 to 75, more of it in richer wijken."""
    h, p, there = people.households, people.p, people.exists
    cell, shares = _education_cells(people)
    lean = p.education_lean * _income_lean(people, cell, shares)
    counted = there & (people.age < PENSION_FIELD_YEARS)
    wijken = len(lean)
    joint = cell * wijken + h["wijk"][:, None]
    counts = np.bincount(joint[counted], minlength=len(shares) * wijken).astype(np.float64)
    start = np.repeat(shares, wijken, axis=0) * np.exp(
        np.tile(lean, len(shares))[:, None] * np.array([-1.0, 0.0, 1.0])
    )
    wanted = np.array(
        [people.place.municipality[f"education_{name}"] for name in hh.EDUCATIONS]
    ) - home_youth(people).sum() * np.array(
        [p.home_youth_low, 1.0 - p.home_youth_low - p.home_youth_high, p.home_youth_high]
    )
    wanted *= counts.sum() / wanted.sum()
    factor = np.ones(3)
    for _ in range(100):
        made = start * factor
        made /= made.sum(axis=1, keepdims=True)
        factor *= wanted / (counts @ made)
    edges = np.cumsum(made, axis=1)[joint]
    u = people.draws(EDUCATION, 2)
    # partners are often alike: the second takes the first's draw
    alike = people.draw(MATCH) < p.education_match
    u[alike, 1] = u[alike, 0]
    level = (u >= edges[..., 0]).astype(np.int8) + (u >= edges[..., 1])
    h["education"] = np.where(there, level, 0)


def workers_wanted(people: People) -> tuple[NDArray[np.int64], Floats]:
    """Working adults per wijk outside school and pension, and all workers of the wijk."""
    p, age = people.p, people.age
    adult = people.exists & (age < PENSION_FIELD_YEARS)
    youth = home_youth(people)
    part = people.place.margins["net_labour_participation_pct"].to_numpy(np.float64) / 100.0
    workers = part * (_per_wijk(people, adult.astype(np.float64)) + youth)
    students = _per_wijk(people, (people.exists & people.student[:, None]).astype(np.float64))
    retired = _per_wijk(people, (adult & people.retired).astype(np.float64))
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
        ("disability", DISABILITY_SLOT, round(city["disability_benefit_persons"]) - wajong, hh.DISABILITY),
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
    _pension_early(people)
    _meet_wijk_income(people)


def _pension_early(people: People) -> None:
    """Book the early pension of a pensioner's partner with the pensioner.

    The record knows a pension from the state pension age on; without this, couples of whom one
    retired early would look poor.
    """
    h, there = people.households, people.exists
    early = (
        there
        & (h["position"] == hh.NO_INCOME)
        & (people.age >= people.p.early_pension_years)
        & (h["position"][:, ::-1] == hh.PENSION)
    )
    for a in range(hh.MAX_ADULTS):
        here = early[:, a]
        h["pension"][here, 1 - a] += h["pension"][here, a]
        h["pension"][here, a] = 0


def _meet_wijk_income(people: People) -> None:
    """Scale pay and pension per wijk, within bounds, to the wijk's income per inhabitant."""
    h, p = people.households, people.p
    persons = _per_wijk(people, people.exists.sum(axis=1) + hh.children(h))
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
        mean = _per_wijk(people, income) / persons
        goal = relative_income(people) * income.sum() / persons.sum()
        flexible = people.exists & np.isin(
            h["position"], (hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED, hh.PENSION)
        )
        share = _per_wijk(people, np.where(flexible, h["earnings"] + h["pension"], 0).astype(float))
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
    share = np.where(paired, r.norm_couple // 2, r.norm_single)
    aow = np.where(paired, r.norm_aow_couple // 2, r.norm_aow_single)
    disabled = np.maximum(
        np.floor(share * r.disability_floor_share), np.floor(earnings * r.disability_share)
    )
    working = (position >= hh.PERMANENT) & (position <= hh.SELF_EMPLOYED)
    amount = np.select(
        [
            working,
            position == hh.WW,
            position == hh.DISABILITY,
            position == hh.PENSION,
            position == hh.STUDENT,
        ],
        [
            earnings,
            np.floor(earnings * r.ww_share),
            disabled,
            aow + h["pension"],
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
    limit = np.where(people.single & (hh.children(h) == 0), 1, 2) * r.welfare_capital_limit_eur * 100
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


def years_since(people: People, years: float) -> Floats:
    """Months since each first adult was `years` old: no spell is longer."""
    return np.maximum((people.age[:, 0] - years) * MONTHS, 1.0)
