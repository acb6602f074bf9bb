"""Answers about people: cause, turning, measuring, what is new, groups, reach, tomorrow, levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from siexsim.council.figures import LAST_MONTHS, LATER_MONTHS, SOON_MONTHS
from siexsim.council.look import MOST_EXTRA, MOST_KNOWING, Looked
from siexsim.council.said import Answer, Figure, Grid, Kind, Said, Word, band, is_few
from siexsim.household import GROUPS
from siexsim.monitoring import DESIGNS

SHOWN_GROUPS: Final = GROUPS[1:]
_OFTEN: Final = 0.5  # of the futures
_WAYS: Final = ("learning_trial", "perfect")


def figure(looked: Looked, kind: Kind, name: str, people: str = "") -> Figure:
    """The band of a figure over futures; about `people`, where it is about a part of them."""
    if name not in looked.futures:
        return Figure(kind, float("nan"))
    frame = looked.futures[:MOST_EXTRA] if name.startswith("trial_") else looked.futures
    return band(kind, frame[name], frame[people] if people else None)


def months(value: float) -> Figure:
    """A length of time."""
    return Figure("months", value)


def cause(looked: Looked) -> Answer:
    """Q1: the truth of the twin beside what studies would have said."""
    eur = figure(looked, "eur", f"gain_public_{SOON_MONTHS}")
    stress = figure(looked, "points", f"stress_fall_{SOON_MONTHS}")
    bias = figure(looked, "points", "before_after_stress_bias")
    rows = tuple(
        (
            Word("designs", design),
            figure(looked, "points", f"{design}_stress_reported"),
            figure(looked, "points", f"{design}_stress_truth"),
            figure(looked, "eur", f"{design}_public_eur_reported"),
            figure(looked, "eur", f"{design}_public_eur_truth"),
        )
        for design in DESIGNS
    )
    return Answer(
        "q1",
        (
            Said("q1.twin"),
            Said(f"q1.truth_{stress.lean}", {"stress": stress, "months": months(SOON_MONTHS)}),
            Said(f"q1.eur_{eur.lean}", {"eur": eur}),
            Said(f"q1.bias_{bias.lean}", {"bias": bias}),
            Said("q1.trial", {"futures": Figure("number", min(MOST_EXTRA, len(looked.futures)))}),
        ),
        Grid(("design", "stress_said", "stress_true", "eur_said", "eur_true"), rows),
        (Said("q1.unknown"),),
        ("help.survey_error", "help.survey_reply_share"),
    )


def turning(looked: Looked) -> Answer:
    """Q2: help that isn't finished, that is lost again, and returns that turn."""
    falling, negative = (
        figure(looked, "share", f"{name}_share", "followed_longest")
        if "followed_longest" in looked.futures
        else Figure("share", float("nan"))
        for name in ("falling", "negative")
    )
    spans = {"first": months(LATER_MONTHS), "last": months(LAST_MONTHS)}
    turned = Said("q2.turned", {**spans, "falling": falling, "negative": negative})
    if negative.lean == "unknown":
        turned = Said("q2.not_followed", spans)
    return Answer(
        "q2",
        (
            Said("q2.ends", {
                "dropped": figure(looked, "share", "dropped_share"),
                "relapsed": figure(looked, "share", "relapsed_share"),
            }),
            turned,
            Said("q2.counted"),
        ),
        unknown=(Said("q2.unknown"),),
        rests=_numbers_of(looked, "relapse_per_year") + _numbers_of(looked, "fade_per_year"),
    )  # fmt: skip


def measuring(looked: Looked) -> Answer:
    """Q3: what measuring costs, and what knowing more would bring."""
    runs = looked.knowledge
    by_way = runs.pivot(index="future", columns="way", values="end_public_eur")
    cost = runs.pivot(index="future", columns="way", values="measuring_eur")
    spent = runs.pivot(index="future", columns="way", values="invested_eur")
    rows: list[tuple[Word | Figure, ...]] = []
    for way in _WAYS:
        change = (by_way[way] - by_way["fixed"]).to_numpy(float)
        more = (spent[way] - spent["fixed"]).to_numpy(float)
        figures = (_range("eur", values) for values in (cost[way], more, change))
        rows.append((Word("ways", way), *figures))
    learns, best = (_range("eur", by_way[way] - by_way["fixed"]) for way in _WAYS)
    said = [
        Said("q3.cost", {
            "eur": figure(looked, "eur", "measuring_eur"),
            "share": figure(looked, "share", "measuring_share"),
        }),
        Said("q3.few", {"futures": Figure("number", len(by_way))}),
        Said(f"q3.learning_{learns.lean}", {"eur": learns}),
        Said(f"q3.perfect_{best.lean}", {"eur": best}),
        Said("q3.spending"),
    ]  # fmt: skip
    if not looked.scenario.plan or not looked.scenario.plan.measures:
        said[0] = Said("q3.no_cost")
    return Answer(
        "q3",
        tuple(said),
        Grid(("way", "measuring_cost", "spends_more", "end_change"), tuple(rows)),
        (Said("q3.unknown"),),
        ("help.monitoring_eur_per_year", "monitoring.trial_eur", "help.learning_share"),
    )


def _range(kind: Kind, values: Any) -> Figure:
    """The middle of few futures, with the least and the most."""
    found = np.asarray(values, float)
    if len(found) < 2:
        return Figure(kind, float(found[0]) if len(found) else float("nan"))
    assert len(found) <= MOST_KNOWING
    return Figure(kind, float(np.median(found)), float(found.min()), float(found.max()))


def different(looked: Looked) -> Answer:
    """Q4: what would have happened without the plan, and what it adds."""
    rows = []
    for name in ("poor", "welfare"):
        people = f"{name}_then_{LATER_MONTHS}_people"
        rows.append(
            (
                Word("left", name),
                figure(looked, "share", f"{name}_left_twin_{LATER_MONTHS}", people),
                figure(looked, "share", f"{name}_left_own_{LATER_MONTHS}", people),
            )
        )
    poor = rows[0]
    extra = figure(
        looked, "share", f"poor_left_extra_{LATER_MONTHS}", f"poor_then_{LATER_MONTHS}_people"
    )
    own = figure(looked, "points", f"stress_twin_fall_{LATER_MONTHS}")
    fall = figure(looked, "points", f"stress_fall_{LATER_MONTHS}")
    return Answer(
        "q4",
        (
            Said("q4.both", {
                "arrangements": figure(looked, "people", "debt_arrangements_without"),
            }),
            Said("q4.anyway", {"months": months(LATER_MONTHS), "twin": poor[1], "own": poor[2]}),
            Said(f"q4.extra_{extra.lean}", {"extra": extra}),
            Said("q4.stress", {"twin": own, "extra": fall}),
        ),
        Grid(("left", "twin", "own"), tuple(rows)),
        (Said("q4.unknown"),),
        ("money.arrangement_per_year", "work.find_per_year"),
    )  # fmt: skip


def groups(looked: Looked) -> Answer:
    """Q5: how many of each group are eligible and take part, and what it does for them."""
    rows = []
    for group in SHOWN_GROUPS:
        people = f"group_{group}_participants"
        rows.append(
            (
                Word("groups", group),
                figure(looked, "people", f"reach_{group}_eligible"),
                figure(looked, "people", people),
                figure(looked, "points", f"group_{group}_stress_fall", people),
                _of_group(looked, group),
            )
        )
    asked = ("pensioner", "flex", "self_employed")
    frame = looked.futures
    share = sum(frame[f"group_{g}_participants"] for g in asked) / frame["participants"]
    return Answer(
        "q5",
        (
            Said("q5.share", {"share": band("share", share)}),
            Said("q5.ways"),
            Said("q5.small"),
        ),
        Grid(("group", "eligible", "participants", "stress_fall", "return_public"), tuple(rows)),
        (Said("q5.unknown"),),
        ("help.found_by_partner", "help.found_by_welfare", "help.shame_factor"),
    )  # fmt: skip


def _of_group(looked: Looked, group: str) -> Figure:
    """Return per participant of a group; hidden where one household makes most of it."""
    one = figure(looked, "eur", f"group_{group}_public_eur", f"group_{group}_participants")
    dominated = looked.futures[f"group_{group}_dominated"].mean()
    return replace(one, hidden=one.hidden or bool(dominated > _OFTEN))


def reach(looked: Looked) -> Answer:
    """Q6: how far help comes to the poor whom no counter knew, beside those who were known."""
    rows = tuple(
        (
            Word("steps", step),
            figure(looked, "people", f"hidden_{step}"),
            figure(looked, "people", f"known_{step}"),
        )
        for step in ("all", "eligible", "reached", "accepted", "started")
    )
    hidden, known = (
        figure(looked, "share", f"{who}_started_share", f"{who}_started")
        for who in ("hidden", "known")
    )
    return Answer(
        "q6",
        (
            Said("q6.share", {
                "share": figure(looked, "share", "hidden_share"),
                "people": figure(looked, "people", "hidden_all"),
            }),
            Said("q6.started_few", {"known": known}) if hidden.hidden
            else Said("q6.started", {"hidden": hidden, "known": known}),
            Said("q6.why"),
        ),
        Grid(("step", "hidden", "known"), rows),
        (Said("q6.unknown"),),
        ("help.found_by_partner", "help.shame_factor", "help.readiness_weight"),
    )  # fmt: skip


def tomorrow(looked: Looked) -> Answer:
    """Q7: what has changed a year after help began, and a year after the plan did."""
    stress = figure(looked, "points", f"stress_fall_{SOON_MONTHS}")
    money = figure(looked, "eur", f"gain_household_{SOON_MONTHS}")
    extra = figure(
        looked, "share", f"poor_left_extra_{SOON_MONTHS}", f"poor_then_{SOON_MONTHS}_people"
    )
    change = figure(looked, "people", "poor_persons_soon_change")
    said = [
        Said("q7.who", {
            "participants": figure(looked, "people", "participants"),
            "poor": figure(looked, "people", "poor_households_before"),
        }),
        Said(f"q7.stress_{stress.lean}", {"months": months(SOON_MONTHS), "stress": stress}),
        Said(f"q7.money_{money.lean}", {"money": money}),
        Said("q7.debts"),
        Said(f"q7.poor_{extra.lean}", {"extra": extra}),
    ]  # fmt: skip
    if change.lean != "unknown":
        key = "q7.wijk_few" if is_few(change) else "q7.wijk"
        said.append(Said(key, {"people": change, "months": months(SOON_MONTHS)}))
    return Answer("q7", tuple(said), None, (Said("q7.unknown"),), ("stress.falling_per_month",))


def levels(looked: Looked) -> Answer:
    """Q9: participants' sum beside the neighbourhood's books, and how visible the plan is there."""
    change = figure(looked, "people", "poor_persons_change")
    rows = tuple(
        (Word("levels", name), figure(looked, "eur", f"level_{name}_eur"))
        for name in ("participants", "others", "books")
    )
    frame = looked.futures
    seen = (frame["poor_persons_change"].abs() > frame["wobble"]).mean()
    return Answer(
        "q9",
        (
            Said("q9.adds_up"),
            Said("q9.photo", {
                "change": change, "poor": figure(looked, "people", "poor_persons_without"),
            }),
            Said("q9.wobble", {
                "wobble": figure(looked, "people", "wobble"), "share": Figure("share", float(seen)),
            }),
        ),
        Grid(("level", "return_public_total"), rows),
        (Said("q9.unknown"),),
        ("help.homes_taken_share", "help.jobs_taken_share"),
    )  # fmt: skip


def _numbers_of(looked: Looked, name: str) -> tuple[str, ...]:
    """Full names of one number of every intervention in the plan that has it."""
    plan = looked.scenario.plan
    known = looked.scenario.central().entries
    names = [f"{one}.{name}" for one in plan.interventions] if plan else []
    return tuple(name for name in names if name in known)
