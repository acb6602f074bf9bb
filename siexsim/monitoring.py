"""What measuring would say of help: a design, its noise and its bias, beside the truth of the twin.

Costs and benefits come from registers, without error; stress comes from a survey that not
everybody answers and that errs. The truth, the difference with the twin, is never used by a plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from siexsim import draws
from siexsim.items import MUNICIPALITY, PUBLIC
from siexsim.panel import COMPARISON, CONTROL, MARKS, STARTED, Panel
from siexsim.parameters import Parameters
from siexsim.plan import Monitoring

Floats = NDArray[np.float64]
OUTCOMES = ("public_eur", "municipality_eur", "stress", "poor")


@dataclass(frozen=True)
class Measured:
    """What a design says of one intervention, per participant.

    `effect` has the change by outcome: euros a year that payers gained, fall of mean stress (0 to
    1), share out of poverty; `error` its standard error; `people` how many it rests on.
    """

    people: int
    effect: dict[str, float]
    error: dict[str, float]


def mark_of(months: int) -> int:
    """Number of the last mark within so many months."""
    return max(k for k, mark in enumerate(MARKS) if mark <= max(months, MARKS[1]))


def _replies(panel: Panel, who: NDArray[np.int64], p: Parameters, seed: int) -> NDArray[np.bool_]:
    """Who answers the survey; a trait of the person, whatever the design."""
    share = p.value("help.survey_reply_share")
    return draws.uniform(seed, panel.subjects["id"][who], 0, draws.SURVEY) < share


def _surveyed(panel: Panel, who: NDArray[np.int64], mark: int, p: Parameters, seed: int) -> Floats:
    """Mean stress as a survey finds it at a mark."""
    u = draws.uniform(seed, panel.subjects["id"][who], MARKS[mark] + 1, draws.SURVEY)
    true = panel.seen["stress"][who, mark].mean(axis=1).astype(np.float64)
    found: Floats = np.clip(true + p.value("help.survey_error") * ndtri(u), 0.0, 1.0)
    return found


def _changes(
    panel: Panel, who: NDArray[np.int64], mark: int, p: Parameters, seed: int
) -> dict[str, Floats]:
    """Each household's own change by outcome since it was enrolled; nan where nothing is known."""
    gains = panel.seen["gains"][who, mark] * 12 / MARKS[mark]
    stress = _surveyed(panel, who, 0, p, seed) - _surveyed(panel, who, mark, p, seed)
    poor = panel.seen["poor"][who, 0].astype(float) - panel.seen["poor"][who, mark].astype(float)
    return {
        "public_eur": gains[:, PUBLIC].sum(axis=1),
        "municipality_eur": gains[:, MUNICIPALITY],
        "stress": np.where(_replies(panel, who, p, seed), stress, np.nan),
        "poor": poor,
    }


def _mean(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))


def enrolled(panel: Panel, kind: int, arm: int, mark: int, month: int) -> NDArray[np.int64]:
    """Subjects of one intervention and arm that are still there at a mark that has passed."""
    subjects = panel.subjects
    chosen = (subjects["kind"] == kind) & (subjects["arm"] == arm)
    chosen &= subjects["enrolled"] + MARKS[mark] <= month
    who = np.flatnonzero(chosen)
    return who[panel.seen["there"][who, mark]]


def measure(
    panel: Panel, kind: int, how: Monitoring, month: int, p: Parameters, seed: int
) -> Measured:
    """What a design reports of one intervention in a month, for those followed long enough."""
    mark = mark_of(how.months)
    started = enrolled(panel, kind, STARTED, mark, month)[: how.followed]
    own = _changes(panel, started, mark, p, seed)
    if how.design == "before_after":
        before = panel.subjects["before"][started]
        own["public_eur"] = own["public_eur"] - before[:, PUBLIC].sum(axis=1)
        own["municipality_eur"] = own["municipality_eur"] - before[:, MUNICIPALITY]
        pairs = {name: _mean(own[name]) for name in OUTCOMES}
    elif how.design == "matched":
        others = enrolled(panel, kind, COMPARISON, mark, month)
        others = others[~panel.seen["helped"][others, mark]]
        place = {int(s): n for n, s in enumerate(started)}
        both = [(place[int(q)], o) for o in others if (q := panel.subjects["pair"][o]) in place]
        rows = np.array([one for one, _ in both], np.int64)
        theirs = _changes(panel, np.array([o for _, o in both], np.int64), mark, p, seed)
        pairs = {name: _mean(own[name][rows] - theirs[name]) for name in OUTCOMES}
        started = rows
    else:
        waiting = enrolled(panel, kind, CONTROL, mark, month)[: how.followed]
        in_trial = started[panel.subjects["pair"][started] == IN_TRIAL]
        own = _changes(panel, in_trial, mark, p, seed)
        theirs = _changes(panel, waiting, mark, p, seed)
        pairs = {}
        for name in OUTCOMES:
            (one, se), (other, other_se) = _mean(own[name]), _mean(theirs[name])
            pairs[name] = one - other, float(np.hypot(se, other_se))
        started = in_trial
    return Measured(
        people=len(started),
        effect={name: value for name, (value, _) in pairs.items()},
        error={name: error for name, (_, error) in pairs.items()},
    )


IN_TRIAL = -2  # mark of a participant who drew the lot to start, in the place of a pair


def truth(panel: Panel, who: NDArray[np.int64], mark: int) -> dict[str, Floats]:
    """What help really did to each participant by a mark: itself minus its twin."""
    own, twin = panel.seen[who, mark], panel.twin_seen[who, mark]
    gains: Any = (own["gains"] - twin["gains"]) * 12 / max(MARKS[mark], 1)
    return {
        "public_eur": gains[:, PUBLIC].sum(axis=1),
        "municipality_eur": gains[:, MUNICIPALITY],
        "stress": twin["stress"].mean(axis=1).astype(float) - own["stress"].mean(axis=1),
        "poor": twin["poor"].astype(float) - own["poor"].astype(float),
    }
