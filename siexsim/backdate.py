"""The settled households as if they had lived earlier, for runs that begin before 2022.

The margins are those of 2022. Who starts earlier has the age, the work and the debts at that date
that it has in 2022, in the prices of that date, and there are as many households in each
neighbourhood as were published. What changed otherwise between the two dates isn't in it.
"""

from __future__ import annotations

import numpy as np

from siexsim import draws
from siexsim import household as hh
from siexsim.household import Households, month_number
from siexsim.place import Place
from siexsim.population import START

KEPT = draws.POPULATION_FIRST + 2  # slot: who is there at an earlier start


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
    share = place.households_at(start) / np.maximum(place.households_at(base), 1)
    lots = draws.uniform(seed, households["id"], start, KEPT)
    moved = households[lots < share[households["wijk"]]].copy()
    for name in ("birth", "child_birth"):
        moved[name] = np.where(moved[name] == hh.NO_BIRTH, hh.NO_BIRTH, moved[name] + start - base)
    for name in ("savings", "debt"):
        moved[name] = (moved[name] * price_index).astype(np.int64)
    return moved
