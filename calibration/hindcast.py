"""The years 2016-2024 lived again without a plan, to be held against what was published.

>>> lived = live(Parameters.packaged(), seed=1, sample=500)
>>> len(lived.census)
109
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from calibration import past
from siexsim import household as hh
from siexsim.model import SiexModel, settle
from siexsim.parameters import Parameters
from siexsim.place import load_place

PLACE: Final = "groningen"
MONTHS: Final = 12
# What is kept of every household each January.
KEPT: Final = (
    "id", "wijk", "birth", "kids", "student", "position", "tenure", "raised_poor", "ratio",
    "income", "allowances", "savings", "stress", "poor", "months_poor", "on_welfare", "months_on_welfare",
    "debt_state", "months_in_debt",
)  # fmt: skip
SHORT_WELFARE_MONTHS: Final = 12  # definition: CBS2008, under a year
LONG_WELFARE_MONTHS: Final = 36  # definition: CBS2008, over three years
# Households on welfare, by the length of the spell, and those whose spell ends the month after.
FLOWS: Final = np.dtype(
    [(name, "i8") for name in ("all", "short", "long", "all_end", "short_end", "long_end")]
)


@dataclass(frozen=True, eq=False)
class Hindcast:
    """What is kept of a hindcast.

    Attributes
    ----------
    start
        First month, months since 1900-01.
    weight
        Households that each household of the sample stands for.
    census
        Counts by month (rows) and neighbourhood (columns), see ``siexsim.census``.
    januaries
        Records of everybody who lived January, by year: the fields `KEPT`, and `year_ratio`, the
        mean of the ratio over the year before; not a number for who wasn't there all that year.
    flows
        Households on welfare and those who leave it, by month; see `FLOWS`.
    price_index
        Prices of each month; 2022-01 is 1.
    """

    start: int
    weight: int
    census: Any
    januaries: Mapping[int, Any]
    flows: Any
    price_index: NDArray[np.float64]

    def months(self, first: str, last: str = "") -> slice:
        """Months from the first to the last, both included, as a slice of `census`."""
        begin = hh.month_number(first) - self.start
        return slice(begin, hh.month_number(last or first) - self.start + 1)

    def counted(self, name: str, first: str, last: str = "") -> float:
        """Mean of a count over these months, in the sample; "poor." counts the minima."""
        rows = self.census[self.months(first, last)]
        group, _, field = name.rpartition(".")
        counts = rows[group][field] if group else rows[field]
        return float(counts.sum(axis=1).mean())


def live(parameters: Parameters, seed: int, sample: int) -> Hindcast:
    """Live the past once.

    Parameters
    ----------
    parameters
        Numbers to use.
    seed
        Key of all draws.
    sample
        One household in so many is simulated.
    """
    place = load_place(PLACE)
    settled = settle(place, parameters, seed, sample, start=past.START)
    model = SiexModel(
        place,
        rng=seed,
        parameters=parameters,
        start=past.START,
        settled=settled,
        shocks=past.shocks(parameters),
    )
    months = hh.month_number(past.END) - model.start + 1
    sums = _YearSums()
    flows = np.zeros(months, FLOWS)
    prices = np.empty(months)
    januaries = {}
    before = np.zeros(0, np.int16)
    for k in range(months):
        lived = model.rows.copy()
        model.step()
        _count_flows(flows, k, before, model.households, lived)
        before = np.zeros(len(model.households), np.int16)
        before[lived] = model.households["months_on_welfare"][lived]
        prices[k] = model.context.price_index
        if k % MONTHS == 0:
            year = 1900 + (model.start + k) // MONTHS
            januaries[year] = _snapshot(model.households, lived, sums.means(lived))
            sums = _YearSums()
        sums.add(lived, model.households["ratio"][lived], len(model.households))
    census = np.array(model.census_by_month)
    return Hindcast(model.start, model.sample, census, januaries, flows, prices)


class _YearSums:
    """Ratios of a calendar year, summed by row."""

    def __init__(self) -> None:
        self._sums = np.zeros(0)
        self._months = np.zeros(0, np.int64)

    def add(self, rows: NDArray[np.int64], ratios: NDArray[np.float64], room: int) -> None:
        more = room - len(self._sums)
        self._sums = np.append(self._sums, np.zeros(more))
        self._months = np.append(self._months, np.zeros(more, np.int64))
        self._sums[rows] += ratios
        self._months[rows] += 1

    def means(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        known = rows < len(self._sums)
        at = np.where(known, rows, 0)
        if not len(self._sums):
            return np.full(len(rows), np.nan)
        whole = known & (self._months[at] == MONTHS)
        return np.where(whole, self._sums[at] / MONTHS, np.nan)


def _count_flows(
    flows: Any, k: int, before: NDArray[np.int16], households: Any, lived: NDArray[np.int64]
) -> None:
    """Who was on welfare last month, and who of them isn't any more, or isn't here."""
    if k == 0:
        return
    still = np.zeros(len(before), np.bool_)
    known = lived[lived < len(before)]
    still[known] = households["on_welfare"][known] == 1
    groups = {
        "all": before > 0,
        "short": (before > 0) & (before < SHORT_WELFARE_MONTHS),
        "long": before > LONG_WELFARE_MONTHS,
    }
    for name, group in groups.items():
        flows[name][k - 1] = group.sum()
        flows[f"{name}_end"][k - 1] = (group & ~still).sum()


def _snapshot(households: Any, lived: NDArray[np.int64], year_ratio: NDArray[np.float64]) -> Any:
    """Records of who lived this month, as the census counted them."""
    people = repack_fields(np.asarray(households)[list(KEPT)][lived])
    kept = np.zeros(len(lived), [*people.dtype.descr, ("year_ratio", "f8")])
    for name in KEPT:
        kept[name] = people[name]
    kept["year_ratio"] = year_ratio
    return kept


def simulate(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    """Every quantity that a target names, by the target's name, with these parameters changed."""
    from calibration.quantities import QUANTITIES
    from calibration.targets import TARGETS_FILE, read_targets

    lived = live(Parameters.packaged().with_(values), seed, sample)
    named = {t.name: t.quantity for t in read_targets(TARGETS_FILE).values() if t.quantity}
    return {name: QUANTITIES[quantity](lived) for name, quantity in named.items()}
