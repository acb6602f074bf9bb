"""Adults and children with their ages, and the tools by which attributes are drawn.

Who gets an attribute is decided by a score: a sum of weights of circumstances
(``population_weights.csv``) plus keyed noise. Where a margin says how many there are, the
highest scores get it, so that the number is met exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from siexsim import draws
from siexsim import household as hh
from siexsim.draws import stable_number
from siexsim.margins import CHILD_CLASS_YEARS, COUPLE, COUPLE_CHILDREN, household_types, table
from siexsim.place import Place

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Features = Mapping[str, Floats]

MONTHS: Final = 12
PENSION_FIELD_YEARS: Final = 75  # working-age figures are published for 15 to 75
LONG_POOR_MONTHS: Final = 48  # definition: four years, as in the census

AGE, PARTNER_GAP, OLDEST, GAPS = (draws.POPULATION_FIRST + n for n in (4, 5, 8, 12))

_MADE_OF = "population"  # event that gives the first households their identity


@dataclass(eq=False)
class People:
    """Households in the making, with what the record itself doesn't hold."""

    place: Place
    seed: int
    month: int
    p: Any  # parameters of the theme population by name
    rules: Any  # rules and amounts shared with the month, by name
    households: hh.Households

    def draw(self, slot: int) -> Floats:
        """One number in (0, 1) per household."""
        return draws.uniform(self.seed, self.households["id"], 0, slot)

    def draws(self, slot: int, count: int) -> Floats:
        """Numbers in (0, 1) of `count` slots in a row; shape (households, count)."""
        return np.column_stack([self.draw(slot + n) for n in range(count)])

    @property
    def exists(self) -> Flags:
        """Adults who are there; shape (households, 2)."""
        found: Flags = self.households["birth"] != hh.NO_BIRTH
        return found

    @property
    def age(self) -> Floats:
        """Age of each adult in years, 0 for nobody; shape (households, 2)."""
        years = (self.month - self.households["birth"].astype(np.float64)) / MONTHS
        return np.where(self.exists, years, 0.0)

    @property
    def child_age(self) -> Floats:
        """Age of each child in years, -1 for nobody; shape (households, 4)."""
        born = self.households["child_birth"]
        years = (self.month - born.astype(np.float64)) / MONTHS
        return np.where(born != hh.NO_BIRTH, years, -1.0)

    @property
    def student(self) -> Flags:
        """Student households."""
        found: Flags = self.households["student"] == 1
        return found

    @property
    def single(self) -> Flags:
        """Households with one adult."""
        return ~self.exists[:, 1]

    @property
    def retired(self) -> Flags:
        """Adults at pension age; shape (households, 2)."""
        return self.age >= self.rules.pension_age_years


def identities(place: Place, counts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Identity of every household, from place, wijk and its number in the wijk only."""
    parts = [
        draws.derive(
            np.uint64(stable_number(f"{place.code}/{code}")) + np.arange(count, dtype=np.uint64),
            0,
            stable_number(_MADE_OF) % 2**32,
        )
        for code, count in zip(place.wijk_codes, counts, strict=True)
    ]
    return np.concatenate(parts)


def settle(people: People, types: NDArray[np.int64]) -> None:
    """Give everybody an age that fits the type of the household."""
    table_ = household_types()
    row = {name: table_[name].to_numpy()[types] for name in table_.columns}
    people.households["student"] = row["student"]
    months = np.zeros((len(types), 2), np.int64)
    months[:, 0] = _age_in_band(people, row)
    months[:, 1] = _partner_age(people, row, months[:, 0])
    there = np.column_stack(
        [np.ones(len(types), bool), np.isin(row["kind"], (COUPLE, COUPLE_CHILDREN))]
    )
    people.households["birth"] = np.where(there, people.month - months, hh.NO_BIRTH)
    youngest = np.where(there[:, 1], months.min(axis=1), months[:, 0])
    people.households["child_birth"] = _child_births(people, row, youngest)
    people.households["kids"] = row["young"] + row["older"]


@cache
def _rate(mean: float) -> float:
    """Rate of a truncated exponential on (0, 1) with this mean; near one half it is nearly flat."""

    def gap(rate: float) -> float:
        return 1.0 / rate - 1.0 / float(np.expm1(rate)) - mean

    if abs(mean - 0.5) < 1e-3:
        return 1e-3
    return float(brentq(gap, 1e-3, 50.0) if mean < 0.5 else brentq(gap, -50.0, -1e-3))


def _age_in_band(people: People, row: dict[str, Any]) -> NDArray[np.int64]:
    # within a band, numbers fall or rise by a constant rate that gives the mean 'place_in_band'
    rate = np.array([_rate(m) for m in np.unique(row["place_in_band"])])
    rate = rate[np.unique(row["place_in_band"], return_inverse=True)[1]]
    share = -np.log1p(people.draw(AGE) * np.expm1(-rate)) / rate
    low, high = row["from_0"] * MONTHS, row["to_0"] * MONTHS
    return np.minimum(np.floor(low + share * (high - low)), high - 1).astype(np.int64)


def _partner_age(people: People, row: dict[str, Any], head: NDArray[np.int64]) -> NDArray[np.int64]:
    p = people.p
    gap = p.partner_gap_years + p.partner_gap_spread_years * ndtri(people.draw(PARTNER_GAP))
    wanted = np.rint(head - gap * MONTHS)
    low, high = row["from_1"] * MONTHS, row["to_1"] * MONTHS - 1
    # who falls outside the partner's band is mirrored into it, so the bands stay as fitted
    wanted = np.where(wanted > high, 2 * high - wanted, wanted)
    wanted = np.where(wanted < low, 2 * low - wanted, wanted)
    return np.clip(wanted, low, np.maximum(high, low)).astype(np.int64)


def _child_births(
    people: People, row: dict[str, Any], parent: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Birth months of the children, eldest first: the older class, then the younger."""
    p = people.p
    births = np.full((len(parent), hh.MAX_CHILDREN), hh.NO_BIRTH, np.int64)
    classes = (
        ("older", CHILD_CLASS_YEARS, int(p.oldest_child_years)),
        ("young", 0, CHILD_CLASS_YEARS),
    )
    place_in_row = np.zeros(len(parent), np.int64)
    slot = OLDEST
    for name, from_year, to_year in classes:
        low = from_year * MONTHS
        oldest_possible = parent - int(p.youngest_parent_years) * MONTHS
        high = np.clip(oldest_possible, low + MONTHS, to_year * MONTHS) - 1
        youngest_possible = parent - int(p.oldest_parent_years) * MONTHS
        low_now = np.clip(youngest_possible, low, high - MONTHS // 2)
        count = row[name]
        reach = people.draw(slot) ** (1.0 / np.maximum(1.0, count * p.sibling_pull))
        if name == "young":
            # who has siblings of 15 and older isn't much younger
            reach = np.where(row["older"] > 0, reach ** (1.0 / p.sibling_nearness), reach)
        else:
            reach = people.draw(slot) ** (p.leaving_home_skew / np.maximum(1.0, count))
        age = low_now + reach * (high - low_now)
        gaps = people.draws(slot + 4, hh.MAX_CHILDREN)
        for n in range(hh.MAX_CHILDREN):
            here = n < count
            births[here, place_in_row[here]] = people.month - np.floor(age[here]).astype(np.int64)
            place_in_row[here] += 1
            room = (age - low_now) / np.maximum(count - n - 1, 1)
            least = p.sibling_gap_least_share
            gap = p.sibling_gap_months * (least + 2.0 * (1.0 - least) * gaps[:, n])
            # the younger ones have to find room above the class's youngest age
            age = age - room * gap / (room + gap)
        slot += 16
    return births


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    frame = table("population_weights")
    return {
        str(decision): dict(zip(rows["attribute"], rows["weight"], strict=True))
        for decision, rows in frame.groupby("decision")
    }


def score(decision: str, features: Features) -> Floats:
    """Weighted sum of circumstances that speaks for a decision."""
    total: Floats = np.zeros(np.shape(next(iter(features.values()))))
    for attribute, weight in _weights()[decision].items():
        total += weight * features[attribute]
    return total


def choose(
    wanted: Floats,
    noise: Floats,
    counts: int | NDArray[np.int64],
    allowed: Flags,
    group: NDArray[Any] | None = None,
) -> Flags:
    """Choose the given number, in all or per group, with the highest score plus logistic noise.

    Parameters
    ----------
    wanted, noise
        Score, and a number in (0, 1) each; any shape.
    counts
        How many to choose; one number, or one per group.
    allowed
        Who can be chosen.
    group
        Group of each, same shape as `wanted`.
    """
    keys = (wanted + np.log(noise) - np.log1p(-noise)).ravel()
    candidates = np.flatnonzero(allowed.ravel())
    groups = np.zeros(keys.size, np.int64) if group is None else np.asarray(group).ravel()
    limits = np.atleast_1d(np.asarray(counts, np.int64))
    mine = groups[candidates].astype(np.int64)
    order = np.lexsort((-keys[candidates], mine))
    firsts = np.concatenate([[0], np.cumsum(np.bincount(mine, minlength=len(limits)))])
    rank = np.arange(len(order)) - firsts[mine[order]]
    chosen = np.zeros(keys.size, bool)
    chosen[candidates[order[rank < limits[mine[order]]]]] = True
    return chosen.reshape(np.shape(wanted))


def rank_share(keys: Floats) -> Floats:
    """Place of each in the order of `keys`, as a share in (0, 1)."""
    order = np.argsort(keys, kind="stable")
    share = np.empty(len(keys))
    share[order] = (np.arange(len(keys)) + 0.5) / max(len(keys), 1)
    return share


def _between(years: Floats, low: float, high: float) -> Floats:
    return ((years >= low) & (years < high)).astype(np.float64)


def adult_features(people: People) -> Features:
    """Circumstances of each adult, shape (households, 2)."""
    h, age = people.households, people.age
    youngest = np.where(people.child_age >= 0.0, people.child_age, np.inf).min(axis=1)
    position = h["position"]
    wide = {
        "single": people.single & (youngest == np.inf),
        "one_parent": people.single & (youngest < np.inf),
        "young_child": youngest < CHILD_CLASS_YEARS,
        "student": people.student,
        "many_children": hh.children(h) >= people.rules.large_family_children,
    }
    working = (position >= hh.PERMANENT) & (position <= hh.SELF_EMPLOYED)
    features = {
        name: np.repeat(v[:, None], 2, axis=1).astype(np.float64) for name, v in wide.items()
    }
    features["second"] = np.broadcast_to([0.0, 1.0], age.shape)
    features["second_young_child"] = features["second"] * features["young_child"]
    for name, low, high in (
        ("under_25", 0, 25),
        ("age_25_35", 25, 35),
        ("age_35_45", 35, 45),
        ("age_45_55", 45, 55),
        ("age_55_60", 55, 60),
        ("age_60_63", 60, 63),
        ("age_63_67", 63, 67),
        ("age_67_plus", 67, 200),
    ):
        features[name] = _between(age, low, high)
    features["low"] = (h["education"] == hh.LOW).astype(np.float64)
    features["high"] = (h["education"] == hh.HIGH).astype(np.float64)
    features["partner_idle"] = (
        (~working[:, ::-1] & people.exists[:, ::-1]) & people.exists
    ).astype(np.float64)
    retired = (position[:, ::-1] == hh.PENSION) & people.exists[:, ::-1]
    features["partner_retired"] = retired.astype(np.float64)
    features["partner_works"] = (working[:, ::-1] & people.exists[:, ::-1]).astype(np.float64)
    for name, code in (("flex", hh.FLEX), ("self_employed", hh.SELF_EMPLOYED)):
        features[name] = (position == code).astype(np.float64)
    features["base"] = np.ones(age.shape)
    return features


def household_features(people: People) -> Features:
    """Circumstances of each household, as far as they are known by now."""
    h, age = people.households, people.age
    count = people.exists.sum(axis=1)
    children = hh.children(h)
    first = age[:, 0]
    flags: dict[str, NDArray[Any]] = {
        "base": np.ones(len(h)),
        "one_person": (count == 1) & (children == 0),
        "one_parent": (count == 1) & (children > 0),
        "couple": count == 2,
        "with_children": children > 0,
        "many_children": children >= people.rules.large_family_children,
        "student": people.student,
        "low": ((h["education"] == hh.LOW) & people.exists).sum(axis=1) / count,
        "high": ((h["education"] == hh.HIGH) & people.exists).sum(axis=1) / count,
        "owner": h["tenure"] == hh.OWNER,
        "corporation": h["tenure"] == hh.CORPORATION,
        "poor": h["poor"] == 1,
        "not_poor": h["poor"] == 0,
        "welfare": h["on_welfare"] == 1,
        "pension": h["position"][:, 0] == hh.PENSION,
        "problematic": h["debt_state"] >= hh.PROBLEMATIC,
        "arrears": h["debt_state"] == hh.ARREARS,
        "claims": np.minimum(h["claims"], 12) / 12.0,
        "unfit": h["home"] == hh.UNFIT,
        "long_poor": h["months_poor"] >= LONG_POOR_MONTHS,
        "log_ratio": np.log(np.clip(h["ratio"], 0.5, 5.0)),
        "little_saved": h["savings"] < people.p.little_saved_eur * 100,
        "wellbeing": h["stress"][:, hh.WELLBEING],
    }
    for name, low, high in (
        ("under_25", 0, 25),
        ("age_25_35", 25, 35),
        ("age_35_55", 35, 55),
        ("age_55_67", 55, 67),
        ("age_67_75", 67, 75),
        ("age_75_plus", 75, 200),
        ("age_85_plus", 85, 200),
    ):
        flags[name] = _between(first, low, high)
    for name, code in (
        ("flex", hh.FLEX),
        ("self_employed", hh.SELF_EMPLOYED),
        ("ww", hh.WW),
        ("disability", hh.DISABILITY),
        ("no_income", hh.NO_INCOME),
    ):
        flags[name] = ((h["position"] == code) & people.exists).sum(axis=1) / count
    return {name: np.asarray(v, np.float64) for name, v in flags.items()}
