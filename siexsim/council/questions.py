"""The council's thirteen questions, answered from the futures of a scenario (D in its list)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from siexsim.council import money, people
from siexsim.council.look import Looked, look
from siexsim.council.said import Answer, Said
from siexsim.council.say import print_answers, write_answers
from siexsim.run import Progress
from siexsim.scenario import Scenario

__all__ = ["Answers", "answers", "answers_of", "print_answers", "write_answers"]

QUESTIONS: Final[Mapping[str, Callable[[Looked], Answer]]] = {
    "q1": people.cause, "q2": people.turning, "q3": people.measuring, "q4": people.different,
    "q5": people.groups, "q6": people.reach, "q7": people.tomorrow, "q8": money.lands,
    "q9": people.levels, "q10": money.large_numbers, "q11": money.closes, "q12": money.all_out,
    "q13": money.risk,
}  # fmt: skip
WITHOUT_PLAN: Final = ("q12",)  # what can be said of the city alone


@dataclass(frozen=True)
class Answers:
    """All answers, and the scenario and number of futures that they are taken from."""

    scenario: Scenario
    futures: int
    given: tuple[Answer, ...]


def _silent(what: str, done: int, total: int) -> None:
    pass


def answers(scenario: Scenario, progress: Progress = _silent, workers: int = 1) -> Answers:
    """Answer all questions for a scenario.

    Parameters
    ----------
    scenario
        Its plan is what the questions are about; without one only the city can be told of.
    progress
        Hears how far it is; see `siexsim.run.Progress`.
    workers
        How many processes; the answers don't depend on it.
    """
    return answers_of(look(scenario, progress, workers))


def answers_of(looked: Looked) -> Answers:
    """Answer all questions from what was lived."""
    nothing = ""
    if looked.scenario.plan is None:
        nothing = "page.no_plan"
    elif not money.anybody(looked):
        nothing = "page.nobody"
    given = []
    for name, answer in QUESTIONS.items():
        if not nothing:
            given.append(answer(looked))
        elif name in WITHOUT_PLAN:
            one = answer(looked)
            given.append(Answer(name, (Said(nothing), *one.said), None, one.unknown, one.rests))
        else:
            given.append(Answer(name, (Said(nothing),)))
    return Answers(looked.scenario, len(looked.seen) or len(looked.city), tuple(given))
