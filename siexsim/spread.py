"""How returns are spread over participants: who carries them, and how large a group must be (Q10).

Also what becomes of a return afterwards (Q2). A participant is a household with all its courses.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from siexsim import draws
from siexsim.items import PAYERS, PUBLIC
from siexsim.panel import MARKS
from siexsim.parameters import Parameters

Floats = NDArray[np.float64]

VIEWS: Final = {"municipality": ("municipality",), "public": tuple(PAYERS[k] for k in PUBLIC)}
RESAMPLE: Final = draws.FUTURE_FIRST + 64  # draws of the participants in a group
TENTHS: Final = 10
SIZES_PER_TENFOLD: Final = 12
_DRAWN_AT_ONCE: Final = 20  # groups, so that memory stays small
CLASS_EDGES_EUR: Final = (100, 2_500, 10_000, 25_000)  # of classes, on both sides of zero
FIRST_MARK: Final = 24  # months; a return at this mark is followed afterwards


@dataclass(frozen=True)
class GroupSize:
    """How many participants a group needs; infinite where no group is large enough.

    `low` and `high` are the same if the true mean lies as far off as chance among the participants
    leaves open.
    """

    people: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """How the returns of participants are spread; euros per participant.

    `cost_eur` includes overhead and following people; `error_eur` is the standard error of
    `return_eur`. `nothing_share` got about nothing back, `losing_share` cost the payers more than
    its twin did; `covering_share` returned its cost. `half_share` is the part of the participants
    that carries half of all gains, `concentration` the Gini coefficient of gains (0 all
    the same, 1 all with one; a loss counts as no gain) and `lorenz` the share of all gains of
    the best tenth, the best two tenths and so on. `positive` and `covering` say how large a group
    must be to return something, and its cost, in nine of ten cases.
    """

    participants: int
    cost_eur: float
    return_eur: float
    error_eur: float
    nothing_share: float
    losing_share: float
    covering_share: float
    half_share: float
    concentration: float
    best_tenth_eur: float
    worst_tenth_eur: float
    lorenz: tuple[float, ...]
    positive: GroupSize
    covering: GroupSize


def returns_eur(
    participants: pd.DataFrame, view: str = "public", months: int | None = None
) -> pd.DataFrame:
    """Return and cost of each household: over the run, or in so many months since its first start.

    Parameters
    ----------
    participants
        Table of `siexsim.participants.participants_table`.
    view
        Whose return: "municipality" or "public" (all public payers).
    months
        One of the marks at which participants are looked at; households that the run didn't
        follow that long are left out.
    """
    if len(participants) == 0:
        return pd.DataFrame({"return_eur": [], "cost_eur": []})
    cost = participants["cost_eur"] + participants["overhead_eur"]
    households = participants["household"]
    if months is None:
        gain = participants[[f"returned_{payer}_eur" for payer in VIEWS[view]]].sum(axis=1)
        return pd.DataFrame({
            "return_eur": gain.groupby(households).sum(), "cost_eur": cost.groupby(households).sum()
        })  # fmt: skip
    first = participants[participants["course"] == 1].set_index("household")
    columns = [f"gain_{payer}_{months}_months_eur" for payer in VIEWS[view]]
    gain = first[columns].sum(axis=1, skipna=False)
    started = pd.PeriodIndex(participants["start"], freq="M").asi8
    since = started - pd.Series(started).groupby(households.to_numpy()).transform("min").to_numpy()
    within = since < months
    spent = cost[within].groupby(households[within]).sum()
    return pd.DataFrame({"return_eur": gain, "cost_eur": spent}).dropna()


def spread(
    participants: pd.DataFrame, parameters: Parameters, seed: int, view: str = "public",
    months: int | None = None,
) -> Spread | None:  # fmt: skip
    """How returns are spread over participants; None where there are fewer than two.

    Parameters
    ----------
    participants
        Table of `siexsim.participants.participants_table`.
    parameters, seed
        Of the scenario; the seed keys the draws of groups.
    view, months
        Whose return, and in which time; see `returns_eur`.
    """
    table = returns_eur(participants, view, months)
    if len(table) < 2:
        return None
    gains, costs = table["return_eur"].to_numpy(float), table["cost_eur"].to_numpy(float)
    line = parameters.value("participants.nothing_share") * costs
    best_first = np.sort(gains)[::-1]
    tenth = max(1, round(len(gains) / TENTHS))
    carried = _carried(best_first)
    positive, covering = (group_size(values, parameters, seed) for values in (gains, gains - costs))
    return Spread(
        participants=len(gains),
        cost_eur=float(costs.mean()),
        return_eur=float(gains.mean()),
        error_eur=float(gains.std(ddof=1) / np.sqrt(len(gains))),
        nothing_share=float((np.abs(gains) <= line).mean()),
        losing_share=float((gains < -line).mean()),
        covering_share=float((gains >= costs).mean()),
        half_share=_half_share(carried),
        concentration=_gini(np.maximum(best_first, 0.0)),
        best_tenth_eur=float(best_first[:tenth].mean()),
        worst_tenth_eur=float(best_first[-tenth:].mean()),
        lorenz=tuple(
            float(np.interp(k / TENTHS, np.linspace(0, 1, len(carried)), carried))
            for k in range(1, TENTHS + 1)
        ),
        positive=positive,
        covering=covering,
    )


def _carried(best_first: Floats) -> Floats:
    """Share of all gains carried by the best nought, one, two ... participants."""
    gained = np.concatenate([[0.0], np.maximum(best_first, 0.0).cumsum()])
    return gained / gained[-1] if gained[-1] > 0 else np.full(len(gained), np.nan)


def _half_share(carried: Floats) -> float:
    if np.isnan(carried[-1]):
        return float("nan")
    return float(np.searchsorted(carried, 0.5) / (len(carried) - 1))


def _gini(falling: Floats) -> float:
    """Gini coefficient of amounts that aren't negative, largest first."""
    if falling.sum() <= 0:
        return float("nan")
    count = len(falling)
    ranks = np.arange(count, 0, -1)  # the largest has the highest rank
    return float(2 * (ranks * falling).sum() / (count * falling.sum()) - (count + 1) / count)


# --- How large a group must be ------------------------------------------------------------------


def group_size(values: Floats, parameters: Parameters, seed: int) -> GroupSize:
    """Smallest group whose total is above zero as surely as asked, whichever such people join it.

    Groups are drawn from the participants, with replacement, by keyed draws. Its range comes from
    shifting all values by what the standard error of their mean leaves open.
    """
    spread_ = float(values.std(ddof=1))
    width = ndtri(0.5 + parameters.value("participants.error_share") / 2)
    shift = width * spread_ / np.sqrt(len(values))
    sizes, totals = _totals(values, parameters, seed)
    sure = parameters.value("participants.sure_share")

    def needed(extra: float) -> float:
        mean = float(values.mean()) + extra
        if mean <= 0:
            return float("inf")
        often = ((totals + extra * sizes) > 0).mean(axis=0) >= sure
        if not often[-1]:  # so large that totals are normally distributed
            return max(float(sizes[-1]), float((ndtri(sure) * spread_ / mean) ** 2))
        failing = np.flatnonzero(~often)
        return float(sizes[failing[-1] + 1] if len(failing) else sizes[0])

    return GroupSize(needed(0.0), needed(shift), needed(-shift))


def _totals(values: Floats, parameters: Parameters, seed: int) -> tuple[NDArray[np.int64], Floats]:
    """Sizes on a ladder, and the totals of groups of each; shapes (sizes,) and (groups, sizes)."""
    largest = int(parameters.value("participants.largest_group"))
    groups = int(parameters.value("participants.groups_drawn"))
    rungs = round(SIZES_PER_TENFOLD * np.log10(largest)) + 1
    sizes = np.unique(np.rint(np.geomspace(1, largest, rungs)).astype(np.int64))
    totals = np.empty((groups, len(sizes)))
    for first in range(0, groups, _DRAWN_AT_ONCE):
        some = np.arange(first, min(first + _DRAWN_AT_ONCE, groups))
        numbers = (some[:, None] * largest + np.arange(largest)).astype(np.uint64)
        u = draws.uniform(seed, numbers.ravel(), 0, RESAMPLE).reshape(numbers.shape)
        summed = values[(u * len(values)).astype(np.int64)].cumsum(axis=1)
        totals[some] = summed[:, sizes - 1]
    return sizes, totals


# --- As tables ----------------------------------------------------------------------------------


def spread_table(participants: pd.DataFrame, parameters: Parameters, seed: int) -> pd.DataFrame:
    """The spread of returns by view and time; ``months`` is empty for the whole run.

    Sizes of groups are empty where no group is large enough ("never").
    """
    rows: list[dict[str, Any]] = []
    for view in VIEWS:
        for months in (None, *MARKS[2:]):
            found = spread(participants, parameters, seed, view, months)
            if found is None:
                continue
            row = asdict(found)
            for k, share in enumerate(row.pop("lorenz"), 1):
                row[f"best_{k * 100 // TENTHS}_percent_share"] = share
            for name in ("positive", "covering"):
                sizes = row.pop(name)
                for key, value in sizes.items():
                    row[f"{name}_{key}"] = value if np.isfinite(value) else np.nan
            rows.append({"view": view, "months": months, **row})
    return pd.DataFrame(rows)


def afterwards(participants: pd.DataFrame, view: str = "public") -> pd.DataFrame:
    """What became of returns that were positive at 24 months, at later marks (Q2).

    ``negative_share`` had by then cost the payers more than it had returned, ``falling_share``
    had less than at 24 months. Only households that were followed so long; one row a mark.
    """
    columns = ["months", "participants", "negative_share", "falling_share"]
    if len(participants) == 0:
        return pd.DataFrame(columns=columns)
    before = returns_eur(participants, view, FIRST_MARK)["return_eur"]
    rows = []
    for months in (mark for mark in MARKS if mark > FIRST_MARK):
        later = returns_eur(participants, view, months)["return_eur"]
        both = pd.DataFrame({"before": before, "later": later}).dropna()
        both = both[both["before"] > 0]
        negative, falling = both["later"] < 0, both["later"] < both["before"]
        rows.append([months, len(both), negative.mean(), falling.mean()])
    return pd.DataFrame(rows, columns=columns)


def relapse_table(participants: pd.DataFrame) -> pd.DataFrame:
    """How courses ended, by intervention, and how many that were completed were lost again."""
    columns = ["intervention", "courses", "running", "completed", "dropped", "relapsed"]
    if len(participants) == 0:
        return pd.DataFrame(columns=columns)
    rows = []
    for name, some in participants.groupby("intervention", observed=True):
        ends = some["outcome"]
        counts = [int((ends == end).sum()) for end in columns[2:5]]
        rows.append([name, len(some), *counts, int(some["relapsed"].sum())])
    return pd.DataFrame(rows, columns=columns)


def classes_table(participants: pd.DataFrame) -> pd.DataFrame:
    """How many households returned how much to all public payers, in classes; the highest first.

    Classes lie on both sides of zero; ``low_eur`` and ``high_eur`` are empty where they are open.
    ``households`` are all that a sample stands for.
    """
    found = returns_eur(participants)["return_eur"].to_numpy(float)
    weight = float(participants["weight"].iloc[0]) if len(participants) else 1.0
    edges = [-np.inf, *(-edge for edge in CLASS_EDGES_EUR[::-1]), *CLASS_EDGES_EUR, np.inf]
    counts = np.histogram(found, edges)[0] * weight
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    table = pd.DataFrame({"low_eur": low, "high_eur": high, "households": counts})
    return table.replace([np.inf, -np.inf], np.nan)[::-1].reset_index(drop=True)
