"""One household's life in both worlds, run again from the manifest of a result.

Nothing is kept per household and month, so the worlds of the result are lived once more; the draws
are keyed, so every life is the same again. Who tells it is ``telling.py``.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from siexsim import draws
from siexsim import household as hh
from siexsim.arrivals import SEPARATION_EVENT
from siexsim.compiled import fingerprint
from siexsim.errors import UserError
from siexsim.events import Event, Page, life_events
from siexsim.interventions import Intervention
from siexsim.items import PAYERS
from siexsim.model import SiexModel
from siexsim.panel import gains_eur
from siexsim.parameters import Parameters
from siexsim.participants import overhead_eur, participants_table
from siexsim.result import MANIFEST, read_said
from siexsim.run import Outcome, Progress, begin_world, live_worlds, settled_start
from siexsim.scenario import Scenario
from siexsim.spread import FIRST_MARK, returns_eur
from siexsim.telling import sentence

ANY: Final = "any"
LARGEST_ID: Final = 2**64 - 1
REAL_CODE: Final = (
    "GM"  # codes of Statistics Netherlands: the margins of such a place are published
)
LAST_MARK: Final = 60  # months


class Help(NamedTuple):
    """One course of help in a life; `end` is -1 while it runs."""

    name: str
    start: int
    end: int
    outcome: str
    cost_eur: float


@dataclass(frozen=True)
class Life:
    """A household in the worlds of a result.

    `pages` and `events` are by world, "without" and, where there is a plan, "with".
    `returned_eur` is what the plan changed for each payer over the whole run.
    """

    household: int
    wijk: str
    weight: int
    last: int  # last month of the run
    pages: Mapping[str, list[Page]]
    events: Mapping[str, list[Event]]
    courses: tuple[Help, ...]
    overhead_eur: float
    returned_eur: Mapping[str, float]
    interventions: Mapping[str, Intervention]
    high_stress: float
    real_margins: bool
    same_program: bool


class Suggestion(NamedTuple):
    """A household worth a look, and why: a key of the section `suggestion` of the sentences."""

    household: int
    why: str


class _Lived(NamedTuple):
    row: int
    pages: list[Page]
    cents: Any
    model: SiexModel


def _silent(what: str, done: int, total: int) -> None:
    pass


def explain(
    folder: str | Path, household: int | str, lang: str = "en", progress: Progress = _silent
) -> Life:
    """Live the worlds of a result again and follow one household month by month.

    Parameters
    ----------
    folder
        Folder of the result.
    household
        Identity of the household, as in the table of participants.
    lang
        Language of errors.
    progress
        Is told how far it is, as by `siexsim.run`.

    Raises
    ------
    UserError
        When there is no such result or household.
    """
    identity = _identity(household, lang)
    manifest = read_said(folder, lang)[MANIFEST]
    scenario = Scenario.of(manifest["scenario"])
    place, parameters, settled = settled_start(scenario, progress)
    pages: dict[str, list[Page]] = {}
    cents: dict[str, Any] = {}
    courses: tuple[Help, ...] = ()
    overhead = 0.0
    for what in ("without", "with")[: 1 if scenario.plan is None else 2]:
        model = begin_world(scenario, place, parameters, scenario.seed, settled, what)
        lived = _follow(model, identity, scenario.months(), progress, what)
        if lived.row < 0:
            raise UserError(sentence(lang, "mistake.no_household", household=identity))
        pages[what], cents[what] = lived.pages, lived.cents
        if what == "with":
            courses, overhead = _courses(lived, model.start + scenario.months())
        del model, lived
        gc.collect()  # a Mesa model is a cycle of references
    helps = scenario.plan.interventions if scenario.plan else []
    high = parameters.value("services.high_stress")
    changed = cents["with"] - cents["without"] if "with" in cents else 0 * cents["without"]
    return Life(
        household=identity,
        wijk=place.wijken[int(pages["without"][0].record["wijk"])],
        weight=scenario.sample,
        last=hh.month_number(scenario.start) + scenario.months() - 1,
        pages=pages,
        events={what: life_events(own, helps, high) for what, own in pages.items()},
        courses=courses,
        overhead_eur=overhead,
        returned_eur=dict(zip(PAYERS, gains_eur(changed).tolist(), strict=True)),
        interventions=parameters.interventions,
        high_stress=high,
        real_margins=place.code.startswith(REAL_CODE),
        same_program=_same_program(manifest, scenario),
    )


def _same_program(manifest: Mapping[str, Any], scenario: Scenario) -> bool:
    """Whether the rules and the fit are those that made the result."""
    fitted, before = scenario.posterior(), manifest.get("posterior") or {}
    same_fit = before.get("hash") == (None if fitted is None else fitted.digest)
    return bool(manifest.get("code_fingerprint") == fingerprint()) and same_fit


def _identity(household: int | str, lang: str) -> int:
    said = str(household).strip()
    if not (said.isascii() and said.isdigit() and len(said) <= 20 and int(said) <= LARGEST_ID):
        shown = "".join(c if c.isprintable() else " " for c in said)[:30]
        raise UserError(sentence(lang, "mistake.not_a_number", value=shown))
    return int(said)


def _follow(model: SiexModel, household: int, months: int, progress: Progress, what: str) -> _Lived:
    """Let everybody live, and note one household after every month until it leaves."""
    pages: list[Page] = []
    row, searched = -1, 0
    for month in range(months + 1):
        came = np.flatnonzero(model.households["id"][searched:] == np.uint64(household))
        if row < 0 and len(came):
            row = searched + int(came[0])
            pages.append(Page(model.month, model.households[row].copy()))
        elif row >= 0:
            parted = _parted(household, model.month, model.households["id"][searched:])
            pages.append(Page(model.month - 1, model.households[row].copy(), parted))
            if int(pages[-1].record["state"]) != hh.PRESENT:
                break
        if month < months:
            searched = len(model.households)
            model.step()
            progress(what, month + 1, months)
    if model.course is not None:
        model.course.follow(model.households, model.month)
    if month < months:  # the household left; the rest of the run tells nothing about it
        progress(what, months, months)
    return _Lived(row, pages, model.books["cents"][row].copy() if row >= 0 else None, model)


def _parted(household: int, month: int, newcomers: Any) -> bool:
    """Whether a partner left and began a household of its own this month."""
    parent = np.array([household], np.uint64)
    return bool((newcomers == draws.derive(parent, month, SEPARATION_EVENT)[0]).any())


def _courses(lived: _Lived, end: int) -> tuple[tuple[Help, ...], float]:
    """The household's courses of help, and what these cost on top of their price."""
    course, record = lived.model.course, lived.pages[-1].record
    if course is None or len(course.starts) == 0:
        return (), 0.0
    mine = np.flatnonzero(course.starts["row"] == lived.row)
    found = []
    for one in np.asarray(course.starts)[mine]:
        kind, outcome = int(one["kind"]), hh.HELP_STATES[int(one["outcome"])]
        if int(one["outcome"]) == hh.COMPLETED and int(record["help"][kind]) == hh.DROPPED:
            outcome = "relapsed"
        name = course.plan.interventions[kind]
        found.append(Help(name, int(one["start"]), int(one["end"]), outcome, one["cents"] / 100))
    return tuple(found), float(overhead_eur(course, end)[mine].sum())


# --- Who is worth a look ------------------------------------------------------------------------


def suggest(folder: str | Path, lang: str = "en", progress: Progress = _silent) -> list[Suggestion]:
    """Households of a result that are worth a look, each for another reason.

    A result tells of no single household, so its worlds are lived once more.

    Parameters
    ----------
    folder
        Folder of the result.
    lang
        Language of errors.
    progress
        Is told how far it is, as by `siexsim.run`.

    Raises
    ------
    UserError
        When there is no such result.
    """
    scenario = Scenario.of(read_said(folder, lang)[MANIFEST]["scenario"])
    place, parameters, settled = settled_start(scenario, progress)
    people = pd.DataFrame()
    if scenario.plan is not None:
        worlds = live_worlds(
            scenario, place, parameters, scenario.seed, settled, True, ("without", "with"),
            progress=progress,
        )  # fmt: skip
        outcome = Outcome(scenario, place, worlds["without"], worlds["with"], None, ())
        people = participants_table(outcome)
    return _told_apart(people) if len(people) else _poor_ones(settled)


def _told_apart(people: pd.DataFrame) -> list[Suggestion]:
    """Participants with the largest return and loss, and others with another story."""
    returned = returns_eur(people)
    gains = returned["return_eur"].sort_values(kind="stable")
    line = Parameters.packaged().value("participants.nothing_share")
    little = returned[returned["return_eur"].abs() <= line * returned["cost_eur"]].index
    found = [
        *(Suggestion(int(one), "largest_return") for one in gains[gains > 0].index[-1:]),
        *(Suggestion(int(one), "largest_loss") for one in gains[gains < 0].index[:1]),
    ]
    candidates = {
        "turned": _turned(people),
        "relapsed": people.loc[people["relapsed"], "household"],
        "dropped": people.loc[people["outcome"] == "dropped", "household"],
        "nothing": little,
    }
    for why, ids in candidates.items():
        fresh = [int(one) for one in ids if int(one) not in {own.household for own in found}]
        found += [Suggestion(one, why) for one in fresh[:1]]
    return found


def _turned(people: pd.DataFrame) -> list[int]:
    """Households whose return turned, most first: positive at 24 months, negative at 60."""
    marks = (FIRST_MARK, LAST_MARK)
    gains = {months: returns_eur(people, months=months)["return_eur"] for months in marks}
    both = pd.DataFrame(gains).dropna()
    turned = both[(both[FIRST_MARK] > 0) & (both[LAST_MARK] < 0)]
    return [int(one) for one in turned[LAST_MARK].sort_values(kind="stable").index]


def _poor_ones(settled: hh.Households, most: int = 3) -> list[Suggestion]:
    """Some households that are poor at the start, for a result without participants."""
    poor = settled["id"][(settled["poor"] == 1) & (settled["student"] == 0)]
    return [Suggestion(int(one), "poor") for one in poor[:: max(1, len(poor) // most)][:most]]
