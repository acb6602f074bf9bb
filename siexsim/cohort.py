"""The cohort that a plan follows: participants and their twins, others alike, who waits by lot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from siexsim import draws
from siexsim import household as hh
from siexsim.matching import alike
from siexsim.monitoring import IN_TRIAL
from siexsim.panel import COMPARISON, CONTROL, STARTED, Panel, gains_eur
from siexsim.plan import Monitoring
from siexsim.twins import Twins

Rows = NDArray[np.int64]
LEAST_MONTHS = 6  # on the books before a year's cost is told from them


class Cohort:
    """Whom a plan follows in one world; needs the books of single households.

    Attributes
    ----------
    panel
        What is seen of everybody who is followed.
    twins
        Participants as they would have lived without help.
    """

    def __init__(self, how: Monitoring, kinds: int, wijken: int, weight: int, seed: int) -> None:
        self.how, self.wijken, self.weight, self.seed = how, wijken, weight, seed
        self.panel = Panel()
        self.twins: Twins | None = None
        self._held: list[dict[int, int]] = [{} for _ in range(kinds)]  # who waits until when
        # month, rows and books of the last two Januaries
        self._past: list[tuple[int, Rows, NDArray[np.int64]]] = []
        self._drawn = np.zeros(0, np.int64)  # who starts by lot now

    def begin_month(
        self, month: int, people: Any, rows: Rows, where: NDArray[np.bool_], books: Any
    ) -> None:
        """Keep the books of January of a plan's wijken, to tell a year's cost before help."""
        if month % 12 == 0 or not self._past:
            rows = rows[where[people["wijk"][rows]]]
            self._past = [*self._past[-1:], (month, rows, np.asarray(books)["cents"][rows])]

    def look(self, month: int, households: Any, books: Any) -> None:
        """See everybody who is due this month."""
        self.panel.look(month, households, books, self.twins)

    def enrol(self, households: Any, rows: Rows, kind: int, month: int, books: Any) -> Rows:
        """Follow who starts now, each with its twin; returns their numbers in the panel."""
        if self.twins is None:
            self.twins = Twins(self.wijken, households)
        numbers = self.twins.add(rows, households)
        return self.panel.enrol(
            rows, kind, STARTED, month, households, books,
            self._before(households, rows, books, month), self.twins, numbers,
            np.where(np.isin(rows, self._drawn), IN_TRIAL, -1),
        )  # fmt: skip

    def match(
        self, households: Any, rows: Rows, chosen: Rows, where: NDArray[np.bool_], kind: int,
        offer: Any, values: Any, month: int, books: Any,
    ) -> None:  # fmt: skip
        """Follow somebody alike for each of the first participants, who isn't helped."""
        subjects = self.panel.subjects
        started = (subjects["kind"] == kind) & (subjects["arm"] == STARTED)
        wanted = chosen[: max(self.how.followed - int(started.sum()), 0)]
        found = alike(households, rows, wanted, where, kind, int(offer.needs), values, month)
        if len(found):
            # the participants follow in the panel right after these, in the same order
            pairs = len(subjects) + len(found) + np.arange(len(found))
            self.panel.enrol(
                found, kind, COMPARISON, month, households, books,
                self._before(households, found, books, month), pairs=pairs,
            )  # fmt: skip

    def promised(self, people: Any, queue: Rows, kind: int, month: int) -> Rows:
        """Who waits by lot keeps its place: not before its time, and first when that has come."""
        held = self._held[kind]
        if not held:
            return queue
        waiting = np.array(list(held), np.int64)
        still = waiting[people["help"][waiting, kind] == hh.WAITING]
        people["help_months"][still, kind] = 1  # who was promised a place doesn't give up
        now = [row for row in queue if held.get(int(row), month + 1) <= month]
        # whose time has come stays first until there is money for it
        self._held[kind] = {r: until for r, until in held.items() if until > month or r in now}
        return np.array([*now, *queue[~np.isin(queue, waiting)]], np.int64)

    def draw_lots(
        self, people: Any, queue: Rows, places: int, kind: int, slot: int, month: int, books: Any
    ) -> Rows:
        """A trial: of twice as many as there is money for, half start and half wait, by lot."""
        subjects = self.panel.subjects
        controls = int(((subjects["kind"] == kind) & (subjects["arm"] == CONTROL)).sum())
        left = max(self.how.followed // self.weight, 1) - controls
        promised = int(np.isin(queue, list(self._held[kind])).sum())  # these draw no lots again
        self._drawn = queue[:0]
        if left <= 0 or places <= promised:
            return queue[:places]
        both = queue[promised:][: 2 * min(places - promised, left)]
        both = both[: len(both) // 2 * 2]  # as many start as wait; an odd one starts without lot
        lots = draws.uniform(self.seed, people["id"][both], month, slot + draws.HELP_ARM)
        drawn, half = both[np.argsort(lots, kind="stable")], len(both) // 2
        start, wait = drawn[:half], drawn[half : 2 * half]
        if len(wait):
            self._held[kind] |= {int(row): month + self.how.months for row in wait}
            before = self._before(people, wait, books, month)
            self.panel.enrol(wait, kind, CONTROL, month, people, books, before)
            self._drawn = start
        others = queue[promised + len(both) :][: max(places - promised - half, 0)]
        return np.concatenate([queue[:promised], start, others])

    def _before(self, people: Any, rows: Rows, books: Any, month: int) -> NDArray[np.float64]:
        """Gains by payer in a year before, from the running sums of one or two Januaries ago.

        Not a number where too little time is on the books to speak of a year.
        """
        then, kept, past = self._past[0]
        at = np.minimum(np.searchsorted(kept, rows), len(kept) - 1)
        base = np.where((kept[at] == rows)[:, None], past[at], 0)
        months = month - np.maximum(np.asarray(people)["came"][rows], then).astype(np.int64)
        gains = gains_eur(books["cents"][rows] - base) * (12 / np.maximum(months, 1))[:, None]
        gains[months < LEAST_MONTHS] = np.nan
        return gains
