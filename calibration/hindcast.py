"""The years 2012-2024 lived again without a plan, to be held against what was published.

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
from siexsim.compiled import kernel
from siexsim.model import SiexModel, settle
from siexsim.parameters import Parameters
from siexsim.place import load_place
from siexsim.rules.money import unavoidable

PLACE: Final = "groningen"
MONTHS: Final = 12
# What is kept of every household each January.
KEPT: Final = (
    "id", "wijk", "birth", "kids", "education", "student", "position", "raised_poor", "ratio",
    "income", "allowances", "savings", "poor", "months_poor", "on_welfare", "months_on_welfare",
    "debt_state", "months_in_debt",
)  # fmt: skip
# Of a whole calendar year: mean ratio, and money and needs in cents a month.
YEARLY: Final = ("year_ratio", "year_money", "year_needs")
# Households on welfare, and those of them who aren't the month after.
FLOWS: Final = np.dtype([("on_welfare", "i8"), ("ended", "i8")])


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
        Records of everybody who lived January, by year: the fields `KEPT`, and means over the year
        before (`YEARLY`); not a number for who wasn't there all that year.
    flows
        Households on welfare and those who leave it, by month; see `FLOWS`.
    """

    start: int
    weight: int
    census: Any
    januaries: Mapping[int, Any]
    flows: Any

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


def live(parameters: Parameters, seed: int, sample: int, calm: bool = False) -> Hindcast:
    """Live the past once.

    Parameters
    ----------
    parameters
        Numbers to use.
    seed
        Key of all draws.
    sample
        One household in so many is simulated.
    calm
        Instead of the past, five years from 2022 in which nothing happens to everybody: the
        placebo.
    """
    place = load_place(PLACE)
    start, end = (past.CALM_START, past.CALM_END) if calm else (past.START, past.END)
    settled = settle(place, parameters, seed, sample, start=start)
    felt = () if calm else past.shocks(parameters)
    model = SiexModel(
        place, rng=seed, parameters=parameters, start=start, settled=settled, shocks=felt
    )
    months = hh.month_number(end) - model.start + 1
    flows = np.zeros(months, FLOWS)
    januaries = {}
    year, on = _Year(), np.zeros(0, np.int64)
    for k in range(months):
        lived, students = model.rows, model.households["student"][model.rows]
        model.step()
        on, was_on = lived[model.households["on_welfare"][lived] == 1], on
        if k > 0:  # who left the place or died isn't on welfare either
            flows[k - 1] = len(was_on), len(np.setdiff1d(was_on, on, assume_unique=True))
        if k % MONTHS == 0:
            number = 1900 + (model.start + k) // MONTHS
            januaries[number] = _snapshot(model.households, lived, year)
            januaries[number]["student"] = students  # studies may have ended with the month
            year = _Year()
        year.add(model, lived)
    return Hindcast(model.start, model.sample, np.array(model.census_by_month), januaries, flows)


class _Year:
    """What households had and needed in a calendar year, summed by row."""

    def __init__(self) -> None:
        self._sums = np.zeros((0, len(YEARLY)))
        self._months = np.zeros(0, np.int64)

    def add(self, model: SiexModel, rows: NDArray[np.int64]) -> None:
        """Add the month that these rows have just lived."""
        more = len(model.households) - len(self._sums)
        self._sums = np.append(self._sums, np.zeros((more, len(YEARLY))), axis=0)
        self._months = np.append(self._months, np.zeros(more, np.int64))
        people = model.households
        needs = np.empty(len(rows))
        _needs(needs, people, rows, model.values, model.context)
        self._sums[rows, 0] += people["ratio"][rows]
        self._sums[rows, 1] += people["income"][rows] + people["allowances"][rows].astype(float)
        self._sums[rows, 2] += needs
        self._months[rows] += 1

    def means(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Means of who was there the whole year; not a number for others."""
        found = np.full((len(rows), len(YEARLY)), np.nan)
        known = np.flatnonzero(rows < len(self._months))
        whole = known[self._months[rows[known]] == MONTHS]
        found[whole] = self._sums[rows[whole]] / MONTHS
        return found


@kernel
def _needs(out: Any, households: Any, rows: Any, p: Any, c: Any) -> None:
    for i in range(len(rows)):
        out[i] = unavoidable(households[rows[i]], p, c)


def _snapshot(households: Any, lived: NDArray[np.int64], year: _Year) -> Any:
    """Records of who lived this month, as the census counted them."""
    people = repack_fields(np.asarray(households)[list(KEPT)][lived])
    kept = np.zeros(len(lived), [*people.dtype.descr, *((name, "f8") for name in YEARLY)])
    for name in KEPT:
        kept[name] = people[name]
    for name, means in zip(YEARLY, year.means(lived).T, strict=True):
        kept[name] = means
    return kept


def simulate(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    """Every quantity that the fit is held to, by the target's name, with these parameters changed.

    Needs the targets alone; nothing about hold-outs is read.
    """
    from calibration.quantities_targets import TARGETS
    from calibration.targets import TARGETS_FILE, fitted, read_targets

    lived = live(Parameters.packaged().with_(values), seed, sample)
    asked = fitted(read_targets(TARGETS_FILE))
    return {name: TARGETS[target.quantity](lived) for name, target in asked.items()}
