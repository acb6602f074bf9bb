"""How a made population compares with what is published: one row a margin and wijk."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import household as hh
from siexsim.livelihoods import workers_wanted
from siexsim.margins import AGE_BANDS, AGE_STARTS, targets
from siexsim.people import MONTHS, PENSION_FIELD_YEARS, People
from siexsim.schooling import home_youth, relative_income

WHOLE: Final = "municipality"
FITTED: Final = "fitted"
STEERED: Final = "steered"
OUTCOME: Final = "outcome"

# Published shares that are not key figures of the place, with the band that passes.
PUBLISHED: Final = {
    "minima_110": (0.167, 0.01),  # C4: KWB2019P, OOG202210
    "minima_120": (0.199, 0.015),  # KWB2019P
    "minima_105": (0.138, 0.01),  # G01: BASIS, 2020
    "one_parent_105": (0.24, 0.03),  # C7: BASIS, 2020
    "one_person_105": (0.22, 0.03),
    "couple_105": (0.04, 0.015),
    "children": (0.129, 0.02),  # G04: OOG202210
    "not_used": (0.35, 0.07),  # M21
    "long": (0.56, 0.05),  # C5: OOG202210
    "raised_poor": (0.40, 0.06),  # C13: TRANSCRIPT
    "raised_ratio": (9.6 / 5.5, 0.25),  # V8: INTERGEN
    "adults_in_debt": (0.068, 0.007),  # C14: OOG202601
}


def fit_table(people: People) -> pd.DataFrame:
    """Compare the population with all margins.

    Returns
    -------
    pandas.DataFrame
        Columns margin, wijk (or "municipality"), target, made, difference, band, inside, and
        kind: "fitted" (put in), "steered" (not put in, but assumed weights were set by hand until
        it came near, so it is no test of the population) or "outcome" (came out untouched).
    """
    table = _Rows()
    _add_people(table, people)
    _add_wijken(table, people)
    _add_livelihoods(table, people)
    _add_poverty(table, people)
    _add_circumstances(table, people)
    return table.frame()


class _Rows:
    """Rows of the fit in the making."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def add(
        self,
        margin: str,
        target: float,
        made: float,
        band: float,
        kind: str = FITTED,
        wijk: str = WHOLE,
    ) -> None:
        difference = float(made) - float(target)
        # a last bit of a share isn't a miss
        inside = abs(difference) <= band * (1.0 + 1e-9) + 1e-12
        self._rows.append(
            (margin, wijk, float(target), float(made), difference, float(band), inside, kind)
        )

    def share(self, margin: str, published: str, made: float, kind: str = OUTCOME) -> None:
        target, band = PUBLISHED[published]
        self.add(margin, target, made, band, kind)

    def frame(self) -> pd.DataFrame:
        columns = ["margin", "wijk", "target", "made", "difference", "band", "inside", "kind"]
        return pd.DataFrame(self._rows, columns=columns)


def _ages_of_all(people: People) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Age in years and wijk of every inhabitant."""
    wijk = people.households["wijk"].astype(np.int64)
    ages, where = [], []
    for years, there in ((people.age, people.exists), (people.child_age, people.child_age >= 0.0)):
        ages.append(years[there])
        where.append(np.repeat(wijk[:, None], years.shape[1], axis=1)[there])
    return np.concatenate(ages), np.concatenate(where)


def _add_people(table: _Rows, people: People) -> None:
    h, city = people.households, people.place.municipality
    ages, _ = _ages_of_all(people)
    total = float(len(h))
    adults, children = hh.adults(h), hh.children(h)
    table.add("C1 households", city["households"], total, 0.0)
    table.add("C1 inhabitants", city["inhabitants"], len(ages), 0.01 * city["inhabitants"])
    for name, made in (
        ("one_person_households", (adults + children == 1).mean()),
        ("multi_person_households_without_children", ((adults == 2) & (children == 0)).mean()),
        ("households_with_children", (children > 0).mean()),
    ):
        table.add(f"C2 {name}", city[name] / 100.0, made, 0.015)
    one_parent = ((adults == 1) & (children > 0)).mean()
    table.add("one-parent households", people.p.one_parent_share, one_parent, 0.002)
    table.add("student households", people.p.student_households, people.student.sum(), 100.0)
    bands = np.bincount(np.digitize(ages, AGE_STARTS), minlength=len(AGE_BANDS)) / len(ages)
    for name, made in zip(AGE_BANDS, bands, strict=True):
        # published as whole percentages, of the municipality and of wijken apart
        table.add(f"age {name}", city[f"age_{name}"] / 100.0, made, 0.01)


def _add_wijken(table: _Rows, people: People) -> None:
    place, h = people.place, people.households
    wijk = h["wijk"].astype(np.int64)
    count = len(place.wijken)
    goal = targets(place, people.month, people.p)
    ages, where = _ages_of_all(people)
    joint = np.digitize(ages, AGE_STARTS) + len(AGE_BANDS) * where
    bands = np.bincount(joint, minlength=len(AGE_BANDS) * count).reshape(count, -1)
    households = np.bincount(wijk, minlength=count)
    persons = bands.sum(axis=1)
    own = np.bincount(wijk, weights=h["tenure"] == hh.OWNER, minlength=count)
    m = place.margins
    others = np.bincount(wijk, weights=~people.student, minlength=count)
    homes = np.minimum(households, np.maximum(m["dwellings"].to_numpy(), others))
    working = _working(people)
    part = np.bincount(wijk, weights=working, minlength=count) / _counted(people)
    income = np.bincount(wijk, weights=h["income"], minlength=count) / persons
    income /= h["income"].sum() / persons.sum()
    wanted_income = relative_income(people)
    published = m["avg_income_per_inhabitant_keur"].notna()
    for z, name in enumerate(place.wijken):
        table.add("C3 households", goal.households[z], households[z], 0.0, FITTED, name)
        inhabitants = goal.ages[z].sum()
        table.add("inhabitants", inhabitants, persons[z], 0.01 * inhabitants, FITTED, name)
        for b, band in enumerate(AGE_BANDS):
            share = goal.ages[z, b] / inhabitants
            table.add(f"age {band}", share, bands[z, b] / persons[z], 0.01, FITTED, name)
        rent = m["pct_owner_occupied"][z] / (m["pct_owner_occupied"][z] + m["pct_rented"][z])
        table.add("owner-occupied homes", rent, own[z] / homes[z], 0.01, FITTED, name)
        net = m["net_labour_participation_pct"][z] / 100.0
        table.add("net participation", net, part[z], 0.01, FITTED, name)
        if published[z]:
            table.add("relative income", wanted_income[z], income[z], 0.05, FITTED, name)


def _counted(people: People) -> NDArray[np.float64]:
    """Inhabitants of 15 to 75 per wijk."""
    adult = (people.exists & (people.age < PENSION_FIELD_YEARS)).sum(axis=1)
    wijk = people.households["wijk"]
    counted = np.bincount(wijk, weights=adult, minlength=len(people.place.wijken))
    return np.asarray(counted + home_youth(people), np.float64)


def _working(people: People) -> NDArray[np.float64]:
    """Workers per household as net participation counts them: students by a share."""
    p, position = people.p, people.households["position"]
    there = people.exists
    jobs = there & (position >= hh.PERMANENT) & (position <= hh.SELF_EMPLOYED)
    students = there & (position == hh.STUDENT)
    retired = there & people.retired & (people.age < PENSION_FIELD_YEARS)
    youth = (people.child_age >= 15.0).sum(axis=1)
    total = (
        jobs.sum(axis=1)
        + p.student_participation * students.sum(axis=1)
        + p.pensioner_participation * retired.sum(axis=1)
        + p.home_youth_participation * youth
    )
    return np.asarray(total, np.float64)


def _add_livelihoods(table: _Rows, people: People) -> None:
    h, p, city, there = people.households, people.p, people.place.municipality, people.exists
    position = np.where(there, h["position"], -1)
    counted = there & (people.age < PENSION_FIELD_YEARS)
    youth = float(home_youth(people).sum())
    shares = (p.home_youth_low, 1.0 - p.home_youth_low - p.home_youth_high, p.home_youth_high)
    total = counted.sum() + youth
    wanted = sum(city[f"education_{name}"] for name in hh.EDUCATIONS)
    for level, (name, share) in enumerate(zip(hh.EDUCATIONS, shares, strict=True)):
        made = ((h["education"] == level) & counted).sum() + share * youth
        table.add(f"education {name}", city[f"education_{name}"] / wanted, made / total, 0.005)
    workers = float(workers_wanted(people)[1].sum())
    table.add("net participation", city["net_labour_participation"] / 100.0,
              float(_working(people).sum() / total), 0.01)  # fmt: skip
    own = float((position == hh.SELF_EMPLOYED).sum())
    table.add("self-employed, of workers", city["self_employed"] / 100.0, own / workers, 0.005)
    flex, steady = (position == hh.FLEX).sum(), (position == hh.PERMANENT).sum()
    table.add("flexible, of employees", p.flex_share, flex / (flex + steady), 0.005)
    for name, code, key in (
        ("persons on WW", hh.WW, "unemployment_benefit_ww_persons"),
        ("persons on disability", hh.DISABILITY, "disability_benefit_persons"),
        ("persons on welfare", hh.WELFARE, "bijstand_persons"),
    ):
        table.add(name, city[key], (position == code).sum(), 0.01 * city[key])
    on = float(h["on_welfare"].sum())
    table.add("C8 households on welfare", p.welfare_households, on, 0.03 * p.welfare_households)
    dwellings = city["dwellings"]
    for name, code, key in (
        ("owner-occupied, of dwellings", hh.OWNER, "owner_occupied"),
        ("social rent, of dwellings", hh.CORPORATION, "rented_from_housing_corporation"),
    ):
        table.add(name, city[key] / 100.0, float((h["tenure"] == code).sum() / dwellings), 0.01)


def _add_poverty(table: _Rows, people: People) -> None:
    h = people.households
    others = ~people.student
    ratio = h["ratio"][others]
    table.share("C4 minima, 110%", "minima_110", (ratio <= 1.10).mean(), STEERED)
    table.share("minima, 120%", "minima_120", (ratio <= 1.20).mean())
    table.share("minima, 105%", "minima_105", (ratio <= 1.05).mean(), STEERED)
    adults, children = hh.adults(h)[others], hh.children(h)[others]
    for name, who in (
        ("one_parent", (adults == 1) & (children > 0)),
        ("one_person", (adults == 1) & (children == 0)),
        ("couple", adults == 2),
    ):
        table.share(f"C7 105%, {name}", f"{name}_105", (ratio[who] <= 1.05).mean(), STEERED)
    poor = ratio <= 1.10
    kids = float(children[poor].sum() / children.sum())
    table.share("children in minima households (G04)", "children", kids)
    entitled = (
        (h["ratio"] < 1.0)
        & others
        & ~people.retired[:, 0]
        & (h["claims_welfare"] == 0)
        & (h["on_welfare"] == 0)
    )
    unused = float(entitled.sum() / (entitled.sum() + h["on_welfare"].sum()))
    table.share("welfare not used, of entitled (M21)", "not_used", unused, STEERED)
    for z, name in enumerate(people.place.wijken):
        here = h["wijk"][others] == z
        # no target: what wijken are poor is to come out (V4)
        table.add("minima, 110%", np.nan, float(poor[here].mean()), np.nan, OUTCOME, name)
    long = float((h["months_poor"][others][poor] >= 4 * MONTHS).mean())
    table.share("C5 four years or more, of minima", "long", long, FITTED)
    raised = float(h["raised_poor"][others][poor].mean())
    table.share("C13 raised poor, of minima", "raised_poor", raised, FITTED)
    ratio_raised = float(poor[h["raised_poor"][others] == 1].mean() / poor.mean())
    table.share("poor if raised poor, over all (V8)", "raised_ratio", ratio_raised, FITTED)


def _add_circumstances(table: _Rows, people: People) -> None:
    h, p, city = people.households, people.p, people.place.municipality
    problematic = h["debt_state"] >= hh.PROBLEMATIC
    table.add("problematic debts, of households", p.problematic_share, problematic.mean(), 0.001)
    adults = hh.adults(h)
    share = float(adults[problematic].sum() / adults.sum())
    table.share("C14 adults with problematic debts", "adults_in_debt", share, STEERED)
    months = h["months_in_debt"][problematic]
    table.add("V7 in debt three years or more", p.debt_long_share, (months >= 36).mean(), 0.05)
    table.add("V7 in debt less than a year", p.debt_new_share, (months < 12).mean(), 0.05)
    long = h["months_on_welfare"][h["on_welfare"] == 1] > 5 * MONTHS
    table.add("C9 on welfare more than five years", p.long_welfare_share, long.mean(), 0.04)
    young = (people.child_age >= 0.0) & (people.child_age < 18.0)
    care = float(h["youth_care"].sum() / young.sum())
    table.add("youth in youth care", city["youth_in_youth_care"] / 100.0, care, 0.005)
    inhabitants = float(people.exists.sum() + hh.children(h).sum())
    clients = 1000.0 * float(h["wmo"].sum()) * p.wmo_clients_per_household / inhabitants
    table.add("Wmo clients per 1,000 inhabitants", city["wmo_clients"], clients, 1.0)
