"""The month of a household in order, and the loop that lets many households live it."""

from __future__ import annotations

from typing import Any

import numpy as np

from siexsim import household as hh
from siexsim.census import count
from siexsim.compiled import kernel, rule
from siexsim.draws import BLOCK, LIFE, SLOTS, fill, one
from siexsim.items import Till
from siexsim.rules.children import develop
from siexsim.rules.course import follow_help
from siexsim.rules.housing import keep_a_home
from siexsim.rules.income import live_as_student, receive_income
from siexsim.rules.life import pass_life_events, retire, study_on
from siexsim.rules.money import follow_debts, pay_bills
from siexsim.rules.services import use_services
from siexsim.rules.stress import feel_stress
from siexsim.rules.work import live_working_life


@rule
def live_month(h: Any, p: Any, c: Any, helps: Any, draw: Any, till: Any) -> None:
    """One household's month: processes 3 to 11 of the model, in their order.

    Births, moves and deaths (process 2) end the month, so that whoever lived it is counted.
    """
    if c.living == 1:
        retire(h, p, c)
    live_working_life(h, p, c, draw)
    receive_income(h, p, c, draw, till)
    pay_bills(h, p, c, draw, till)
    follow_debts(h, p, c, draw, till)
    keep_a_home(h, p, c, draw, till)
    feel_stress(h, p, c, draw)
    develop(h, p, draw)
    follow_help(h, p, c, helps, till)
    use_services(h, p, c, draw, till)


@rule
def is_sound(h: Any) -> bool:
    """Invariants after a month: stress within bounds, nothing owned or owed below zero."""
    sound = h.savings >= 0 and h.debt >= 0 and h.income >= 0 and h.claims >= 0
    for d in range(len(hh.DOMAINS)):
        sound = sound and 0.0 <= h.stress[d] <= 1.0
    return sound


@rule
def of_one(draws: Any, j: int) -> Any:
    """The draws of one household by value."""
    return (
        draws[0, j], draws[1, j], draws[2, j], draws[3, j], draws[4, j], draws[5, j], draws[6, j],
        draws[7, j], draws[8, j], draws[9, j], draws[10, j], draws[11, j], draws[12, j],
        draws[13, j], draws[14, j], draws[15, j], draws[16, j], draws[17, j], draws[18, j],
        draws[19, j],
    )  # fmt: skip


@kernel
def live_rows(
    households: Any, rows: Any, books: Any, lines: Any, census: Any, p: Any, c: Any, helps: Any,
    stay: Any, events: Any,
) -> Any:  # fmt: skip
    """Let the households in `rows` live one month, in blocks of filled draws.

    Writes the rows that stay into `stay` and those with an event between households into
    `events`; returns how many of each, and a row that broke an invariant or -1. `lines` and
    `census` have one record a neighbourhood; `books` one a household, or a single one where
    nobody asks for them.
    """
    draws = np.empty((SLOTS, BLOCK))
    ids = np.empty(BLOCK, np.uint64)
    own = 1 if len(books) > 1 else 0
    staying = 0
    eventful = 0
    unsound = -1
    for first in range(0, len(rows), BLOCK):
        size = min(BLOCK, len(rows) - first)
        filled = 0
        for j in range(size):
            h = households[rows[first + j]]
            if h.student == 0:  # students face one decision a month
                ids[filled] = h.id
                filled += 1
        fill(draws, ids, filled, c.seed, c.drawn)
        filled = 0
        for j in range(size):
            row = rows[first + j]
            h = households[row]
            till = Till(lines[h.wijk], books[row * own])
            if h.student == 1:
                live_as_student(h, p, c, till)
                count(h, p, c, census[h.wijk])
                if c.living == 1:
                    study_on(h, p, one(c.seed, h.id, c.drawn, LIFE))
            else:
                draw = of_one(draws, filled)
                filled += 1
                live_month(h, p, c, helps, draw, till)
                count(h, p, c, census[h.wijk])
                if not is_sound(h):
                    unsound = row
                if c.living == 1:
                    pass_life_events(h, p, c, draw)
            if h.state == hh.PRESENT:
                census[h.wijk].staying += 1
                stay[staying] = row
                staying += 1
                if h.leaving_child >= 0 or h.separating == 1:
                    events[eventful] = row
                    eventful += 1
    return staying, eventful, unsound


@kernel
def touch_rows(households: Any, rows: Any, c: Any) -> float:
    """The floor of speed: fill the draws and read and write each record, nothing else."""
    draws = np.empty((SLOTS, BLOCK))
    ids = np.empty(BLOCK, np.uint64)
    total = 0.0
    for first in range(0, len(rows), BLOCK):
        size = min(BLOCK, len(rows) - first)
        for j in range(size):
            ids[j] = households[rows[first + j]].id
        fill(draws, ids, size, c.seed, c.drawn)
        for j in range(size):
            h = households[rows[first + j]]
            h.stress[0] = 0.5 * (h.stress[0] + draws[0, j])
            h.savings += 1
            h.months_poor += 1
            total += h.stress[0] + draws[SLOTS - 1, j]
    return total
