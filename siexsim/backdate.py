"""The settled households as if they had lived earlier, for runs that begin before 2022.

The margins are those of 2022. Who starts earlier has the age, the work and the debts at that date
that it has in 2022, in the prices of that date, and there are as many households in each
neighbourhood as were published. Schooling is that of the people who had that age then: those of
fifty in 2012 are the sixty of 2022. What changed otherwise between the two dates isn't in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siexsim import draws
from siexsim import household as hh
from siexsim.household import Households, month_number
from siexsim.place import Place
from siexsim.population import START

KEPT = draws.POPULATION_FIRST + 2  # slot: who is there at an earlier start
COPY_EVENT = 24  # a second household like one that is there
SCHOOLED = 30  # age from which schooling doesn't change any more
OLDEST = 90
NEAR = 3  # years of age to either side that are taken together


def backdated(
    households: Households, place: Place, start: int, seed: int, price_index: float
) -> Households:
    """Move households to another start; fewer of them where the place was smaller.

    Parameters
    ----------
    households
        Settled households of January 2022.
    place
        The municipality, for its households by date.
    start
        First month of the run, months since 1900-01.
    seed
        Key of the draws that tell who is left out.
    price_index
        Prices at the start; 2022-01 is 1.
    """
    base = month_number(START)
    if start == base:
        return households
    wijk = households["wijk"]
    share = place.households_at(start) / np.maximum(place.households_at(base), 1)
    likely = _schooled_earlier(households, (base - start) // 12)
    likely /= (np.bincount(wijk, likely) / np.maximum(np.bincount(wijk), 1))[wijk]
    lots = draws.uniform(seed, households["id"], start, KEPT)
    times = np.floor(share[wijk] * likely + lots).astype(np.int64)
    moved = np.repeat(households, times)
    copy = np.arange(len(moved)) - np.repeat(np.cumsum(times) - times, times)
    for nth in range(1, int(times.max(initial=1))):
        moved["id"][copy == nth] = draws.derive(moved["id"][copy == nth], nth, COPY_EVENT)
    for name in ("birth", "child_birth"):
        moved[name] = np.where(moved[name] == hh.NO_BIRTH, hh.NO_BIRTH, moved[name] + start - base)
    for name in ("savings", "debt"):
        moved[name] = (moved[name] * price_index).astype(np.int64)
    return moved


def _schooled_earlier(households: Households, years: int) -> NDArray[np.float64]:
    """How much more often a household's age and schooling went together so many years earlier.

    By the first adult: the share of the schooling among those who are that much older now, over
    its share among those of the same age.
    """
    age = (month_number(START) - households["birth"][:, 0].astype(np.int64)) // 12
    age = np.clip(age, 0, OLDEST)
    level = households["education"][:, 0].astype(np.int64)
    settled = (households["student"] == 0) & (age >= SCHOOLED)
    counts = np.zeros((OLDEST + 1, len(hh.EDUCATIONS)))
    np.add.at(counts, (age[settled], level[settled]), 1.0)
    near = np.array([
        counts[max(0, at - NEAR) : at + NEAR + 1].sum(axis=0) for at in range(OLDEST + 1)
    ])  # fmt: skip
    near += 1.0  # in a small sample nobody may have that age and schooling
    shares = near / near.sum(axis=1, keepdims=True)
    older = np.minimum(age + years, OLDEST)
    likely = shares[older, level] / shares[age, level]
    return np.asarray(np.where(settled, likely, 1.0))
