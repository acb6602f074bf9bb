"""Education of adults: municipal totals, and more of it where incomes are higher."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from siexsim import draws
from siexsim import household as hh
from siexsim.margins import table
from siexsim.people import PENSION_FIELD_YEARS, Floats, People

EDUCATION = draws.POPULATION_FIRST + 44  # slots: one per adult
MATCH = draws.POPULATION_FIRST + 66


def home_youth(people: People) -> NDArray[np.int64]:
    """Children at home of 15 and older, per wijk: they count in figures of 15 to 75."""
    count = (people.child_age >= 15.0).sum(axis=1)
    return per_wijk(people, count).astype(np.int64)


def per_wijk(people: People, amount: NDArray[Any]) -> Floats:
    """Sum an amount of households or of adults per wijk."""
    if amount.ndim == 2:
        amount = amount.sum(axis=1)
    wijken = len(people.place.wijken)
    total = np.bincount(people.households["wijk"], weights=amount, minlength=wijken)
    return np.asarray(total, np.float64)


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
    mean = per_wijk(people, np.where(there, expected, 0.0)) / per_wijk(people, persons)
    mean /= per_wijk(people, np.where(there, expected, 0.0)).sum() / persons.sum()
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
