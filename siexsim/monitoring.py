"""What measuring would say of help: a design, its noise and its bias, beside the truth of the twin.

Costs and benefits come from registers, without error; stress comes from a survey that not
everybody answers and that errs. A study follows people from their first help on. The truth, the
difference with the twin, is never used by a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from siexsim import draws
from siexsim.items import MUNICIPALITY, PUBLIC
from siexsim.panel import COMPARISON, CONTROL, MARKS, STARTED, Panel
from siexsim.parameters import Parameters
from siexsim.plan import Monitoring

if TYPE_CHECKING:
    from siexsim.run import World

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
OUTCOMES: Final = ("public_eur", "municipality_eur", "stress", "poor")
DESIGNS: Final = ("before_after", "matched", "trial")
ALL: Final = -1  # in the place of one intervention: all of them
IN_TRIAL: Final = -2  # mark of a participant who drew the lot to start, in the place of a pair
SET_UP: Final = {  # parameters of what each design costs besides following people
    "before_after": "monitoring.before_after_eur",
    "matched": "monitoring.matched_eur",
    "trial": "monitoring.trial_eur",
}
INTERVAL: Final = 0.95  # of studies like this one should hold the truth


@dataclass(frozen=True)
class Measured:
    """What a design says of one intervention, per participant.

    `effect` has the change by outcome: euros a year that payers gained, fall of mean stress (0 to
    1), share out of poverty; `error` its standard error; `people` how many it rests on.
    """

    people: int
    effect: dict[str, float]
    error: dict[str, float]


@dataclass(frozen=True)
class Study:
    """Whom a design looks at: participants and, beside them, others at the same mark.

    In a matched comparison the two are pairs; before and after has no others.
    """

    design: str
    mark: int
    participants: Rows
    others: Rows


def mark_of(months: int) -> int:
    """Number of the last mark within so many months."""
    return max(k for k, mark in enumerate(MARKS) if mark <= max(months, MARKS[1]))


# ---- what a study sees --------------------------------------------------------------------------


def replies(panel: Panel, who: Rows, p: Parameters, seed: int) -> NDArray[np.bool_]:
    """Who answers the survey; a trait of the person, whatever the design."""
    share = p.value("help.survey_reply_share")
    return draws.uniform(seed, panel.subjects["id"][who], 0, draws.SURVEY) < share


def _surveyed(panel: Panel, who: Rows, mark: int, p: Parameters, seed: int) -> Floats:
    """Mean stress as a survey finds it at a mark."""
    u = draws.uniform(seed, panel.subjects["id"][who], MARKS[mark] + 1, draws.SURVEY)
    true = panel.seen["stress"][who, mark].mean(axis=1).astype(np.float64)
    found: Floats = np.clip(true + p.value("help.survey_error") * ndtri(u), 0.0, 1.0)
    return found


def _euros(gains: Floats) -> dict[str, Floats]:
    return {
        "public_eur": gains[:, list(PUBLIC)].sum(axis=1),
        "municipality_eur": gains[:, MUNICIPALITY],
    }


def _found(panel: Panel, who: Rows, mark: int, p: Parameters, seed: int) -> dict[str, Floats]:
    """What a study finds of each household by outcome; nan where nothing is known."""
    seen = panel.seen
    stress = _surveyed(panel, who, 0, p, seed) - _surveyed(panel, who, mark, p, seed)
    return {
        **_euros(seen["gains"][who, mark] * 12 / MARKS[mark]),
        "stress": np.where(replies(panel, who, p, seed), stress, np.nan),
        "poor": seen["poor"][who, 0].astype(float) - seen["poor"][who, mark].astype(float),
    }


def _before(panel: Panel, who: Rows) -> dict[str, Floats]:
    """What before-and-after sets against it: a year of euros before; stress didn't fall yet."""
    nothing = np.zeros(len(who))
    return {**_euros(panel.subjects["before"][who]), "stress": nothing, "poor": nothing}


def lived_without(panel: Panel, who: Rows, mark: int) -> dict[str, Floats]:
    """The same of the participants' twins: what would have happened without help."""
    twin, at_start = panel.twin_seen[who, mark], panel.seen[who, 0]
    stress = at_start["stress"].mean(axis=1).astype(float) - twin["stress"].mean(axis=1)
    return {
        **_euros(twin["gains"] * 12 / MARKS[mark]),
        "stress": stress,
        "poor": at_start["poor"].astype(float) - twin["poor"].astype(float),
    }


def truth(panel: Panel, who: Rows, mark: int) -> dict[str, Floats]:
    """What help really did to each participant by a mark: itself minus its twin."""
    own, twin = panel.seen[who, mark], panel.twin_seen[who, mark]
    return {
        **_euros((own["gains"] - twin["gains"]) * 12 / MARKS[mark]),
        "stress": twin["stress"].mean(axis=1).astype(float) - own["stress"].mean(axis=1),
        "poor": twin["poor"].astype(float) - own["poor"].astype(float),
    }


# ---- designs ------------------------------------------------------------------------------------


def enrolled(panel: Panel, kind: int, arm: int, mark: int, month: int) -> Rows:
    """Subjects of one intervention and arm, never helped before, still there at a past mark."""
    subjects = panel.subjects
    chosen = (subjects["arm"] == arm) & subjects["first"]
    if kind != ALL:
        chosen &= subjects["kind"] == kind
    chosen &= subjects["enrolled"] + MARKS[mark] <= month
    who = np.flatnonzero(chosen)
    return who[panel.seen["there"][who, mark]]


def study(panel: Panel, kind: int, how: Monitoring, month: int) -> Study:
    """Whom a design has followed long enough by a month, and whom it compares them with."""
    mark = mark_of(how.months)
    started = enrolled(panel, kind, STARTED, mark, month)
    if how.design == "trial":
        drawn = started[panel.subjects["pair"][started] == IN_TRIAL]
        waited = enrolled(panel, kind, CONTROL, mark, month)
        return Study("trial", mark, drawn[: how.followed], waited[: how.followed])
    if how.design == "matched":
        others = enrolled(panel, kind, COMPARISON, mark, month)
        others = others[~panel.seen["helped"][others, mark]]
        others = others[np.isin(panel.subjects["pair"][others], started)][: how.followed]
        return Study("matched", mark, panel.subjects["pair"][others], others)
    return Study("before_after", mark, started[: how.followed], started[:0])


def _mean(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))


def compare(panel: Panel, one: Study, p: Parameters, seed: int) -> Measured:
    """What a study reports: by outcome the difference and its standard error."""
    own = _found(panel, one.participants, one.mark, p, seed)
    if one.design == "before_after":
        theirs = _before(panel, one.participants)
    else:
        theirs = _found(panel, one.others, one.mark, p, seed)
    effect, error = {}, {}
    for name in OUTCOMES:
        if one.design == "trial":
            (mine, se), (other, other_se) = _mean(own[name]), _mean(theirs[name])
            effect[name], error[name] = mine - other, float(np.hypot(se, other_se))
        else:
            effect[name], error[name] = _mean(own[name] - theirs[name])
    return Measured(len(one.participants), effect, error)


def measure(
    panel: Panel, kind: int, how: Monitoring, month: int, p: Parameters, seed: int
) -> Measured:
    """What a design reports of one intervention in a month, for those followed long enough."""
    return compare(panel, study(panel, kind, how, month), p, seed)


# ---- beside the truth ---------------------------------------------------------------------------


def study_eur(one: Study, months: int, p: Parameters, price_index: float = 1.0) -> float:
    """What a study costs: to set up and report, and to follow participants and others."""
    followed = len(one.participants) + len(one.others)
    yearly = p.value("help.monitoring_eur_per_year")
    return (p.value(SET_UP[one.design]) + followed * yearly * months / 12) * price_index


def _rows_of(panel: Panel, one: Study, p: Parameters, seed: int) -> Iterator[dict[str, Any]]:
    """One row an outcome: what was reported, the truth of the same people, and why they differ."""
    found = compare(panel, one, p, seed)
    true = truth(panel, one.participants, one.mark)
    without = lived_without(panel, one.participants, one.mark)
    if one.design == "before_after":
        # the truth of those whose year before is known, as the study has only these
        others = _before(panel, one.participants)
    else:
        others = _without_error(panel, one)
    both = np.concatenate([one.participants, one.others])
    answered = float(replies(panel, both, p, seed).mean()) if len(both) else np.nan
    helped = panel.seen["helped"][one.others, one.mark]
    width = float(ndtri(0.5 + INTERVAL / 2))
    for name in OUTCOMES:
        known = ~np.isnan(others[name]) if one.design == "before_after" else slice(None)
        real = _average(true[name][known])
        reported, error = found.effect[name], found.error[name]
        yield {
            "outcome": name,
            "reported": reported,
            "low": reported - width * error,
            "high": reported + width * error,
            "truth": real,
            "bias": reported - real,
            "holds_truth": bool(abs(reported - real) <= width * error),
            "anyway": _average(without[name][known]) - _average(others[name][known]),
            "people": found.people,
            "others": len(one.others),
            "others_helped_share": float(helped.mean()) if len(helped) else np.nan,
            "reply_share": answered,
        }


def _without_error(panel: Panel, one: Study) -> dict[str, Floats]:
    """What really became of the others, as no survey tells it."""
    end, start = panel.seen[one.others, one.mark], panel.seen[one.others, 0]
    stress = start["stress"].mean(axis=1).astype(float) - end["stress"].mean(axis=1)
    poor = start["poor"].astype(float) - end["poor"].astype(float)
    return {**_euros(end["gains"] * 12 / MARKS[one.mark]), "stress": stress, "poor": poor}


def _average(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def monitoring_table(world: World, trial: World | None = None) -> pd.DataFrame:
    """What studies of a plan would have reported, beside the truth of the same people.

    Parameters
    ----------
    world
        The world with the plan, with the books of single households.
    trial
        A world in which the plan is rolled out as a waiting-list trial (see
        `siexsim.knowledge.trial_world`); by default the world itself, if it is one.

    Returns
    -------
    DataFrame
        One row an intervention ("all" for all together), design and outcome. `anyway` is the
        difference that would have been there without help: regression to the mean in a
        before-and-after, selection in a matched comparison, chance in a trial. `bias` is that
        plus errors of the survey. `people` and `others` are the households followed.
    """
    if world.course is None:
        return pd.DataFrame({"intervention": []})
    rows: list[dict[str, Any]] = []
    own_trial = world.course.plan.monitoring.design == "trial"
    for design in DESIGNS:
        there = (trial or (world if own_trial else None)) if design == "trial" else world
        if there is None or there.course is None:
            continue
        course, month = there.course, there.start + len(there.census)
        how = world.course.plan.monitoring.model_copy(update={"design": design})
        panel, p = course.cohort.panel, course.parameters
        for kind in (*range(course.helps.count), ALL):
            one = study(panel, kind, how, month)
            name = "all" if kind == ALL else course.plan.interventions[kind]
            head = {"intervention": name, "design": design}
            tail = {
                "months": MARKS[one.mark],
                "cost_eur": study_eur(one, MARKS[one.mark], p, course.price_index),
            }
            rows += [{**head, **row, **tail} for row in _rows_of(panel, one, p, course.seed)]
    table = pd.DataFrame(rows)
    names = [*world.course.plan.interventions, "all"]
    for column, values in (("intervention", names), ("design", DESIGNS), ("outcome", OUTCOMES)):
        table[column] = pd.Categorical(table[column], list(values))
    return table


# ---- perfect knowledge --------------------------------------------------------------------------


def true_returns(world: World) -> pd.Series[float]:
    """Public euros that came back by the end of the run per euro of help, by intervention.

    A household's gain is that over its twin since its help began. It is told from those who had
    one course; only for help that nobody had alone, gains are divided over courses by their cost.
    """
    course = world.course
    assert course is not None
    starts, names = course.starts, course.plan.interventions
    returns = np.full(len(names), np.nan)
    if len(starts) == 0:
        return pd.Series(returns, index=names)
    cost = np.maximum(starts["cents"] / 100, 0.01) * course.overhead
    _, first, household = np.unique(starts["row"], return_index=True, return_inverse=True)
    panel, twins = course.cohort.panel, course.cohort.twins
    found = panel.since_enrolment(starts["subject"][first], world.books, twins)
    whole = np.bincount(household, cost)
    part = found[:, list(PUBLIC)].sum(axis=1)[household] * cost / whole[household]
    alone = np.bincount(household)[household] == 1
    for kind in range(len(names)):
        mine = starts["kind"] == kind
        counted = mine & alone if (mine & alone).any() else mine
        if counted.any():
            returns[kind] = part[counted].sum() / cost[counted].sum()
    return pd.Series(returns, index=names)


def ranking_of(world: World) -> tuple[str, ...]:
    """Interventions by their true public return per euro, the best first; untried ones last."""
    return tuple(true_returns(world).sort_values(ascending=False, kind="stable").index)
