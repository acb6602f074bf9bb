"""The panel: participants and others who are followed for years, with what is seen of them.

Raw material of the participant table and of monitoring. Participants have a twin (the truth);
those of a comparison or control group don't.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim import household as hh
from siexsim import items
from siexsim.items import HELP_CLAIM_PAID, HELP_COST, MUNICIPALITY, PAYERS, flows

MARKS: Final = (0, 6, 12, 24, 36, 60)  # months after enrolment at which somebody is looked at
ARMS: Final = ("started", "comparison", "control")
STARTED, COMPARISON, CONTROL = range(len(ARMS))
# `first` is of who was never helped before, `before` the gains of a year before (nan: not known).
SUBJECT: Final = np.dtype(
    [
        ("id", "u8"), ("row", "i8"), ("twin", "i8"), ("kind", "i2"), ("arm", "i1"), ("first", "?"),
        ("enrolled", "i2"), ("pair", "i8"), ("before", "f8", (len(PAYERS),)),
    ]
)  # fmt: skip
# What is seen at a mark; gains are since enrolment, help itself left out, in euros.
SEEN: Final = np.dtype(
    [
        ("there", "?"), ("helped", "?"), ("stress", "f4", (len(hh.DOMAINS),)),
        ("poor", "?"), ("welfare", "?"), ("ratio", "f4"), ("gains", "f8", (len(PAYERS),)),
    ]
)  # fmt: skip

_SIGHTS: Final = np.dtype([("at", SEEN, (len(MARKS),))])


@cache
def _gain_per_cent() -> NDArray[np.float64]:
    gains = flows() / 100
    gains[[HELP_COST, HELP_CLAIM_PAID], MUNICIPALITY] = 0.0
    return gains


def gains_eur(cents: NDArray[np.int64]) -> NDArray[np.float64]:
    """Gain of each payer from running sums, the plan's own spending left out; (n, payers).

    Not rounded to cents per item as the ledger is: nothing here has to balance.
    """
    gains: NDArray[np.float64] = cents @ _gain_per_cent()
    return gains


class Panel:
    """Everybody who is followed; `seen` and `twin_seen` have shape (subjects, marks)."""

    def __init__(self) -> None:
        self._subjects = hh.Growing(np.zeros(0, SUBJECT))
        self._base = hh.Growing(items.lines(0))
        self._twin_base = hh.Growing(items.lines(0))
        self._seen = hh.Growing(np.zeros(0, _SIGHTS))
        self._twin_seen = hh.Growing(np.zeros(0, _SIGHTS))

    @property
    def subjects(self) -> NDArray[Any]:
        """Who is followed, since when and in which arm."""
        return np.asarray(self._subjects.records)

    @property
    def seen(self) -> NDArray[Any]:
        """What was seen of each, by mark."""
        return np.asarray(self._seen.records)["at"]

    @property
    def twin_seen(self) -> NDArray[Any]:
        """The same of the participants' twins."""
        return np.asarray(self._twin_seen.records)["at"]

    def enrol(
        self, rows: Sequence[int] | NDArray[np.int64], kind: int, arm: int, month: int,
        households: Any, books: Any, before: NDArray[np.float64], twins: Any = None,
        twin_numbers: Sequence[int] | NDArray[np.int64] = (), pairs: Any = -1,
    ) -> NDArray[np.int64]:  # fmt: skip
        """Begin to follow households; returns their numbers.

        `before` holds their gains by payer in a year before; `pairs` whom each is matched to.
        """
        people, rows = np.asarray(households), np.asarray(rows, np.int64)
        new = np.zeros(len(rows), SUBJECT)
        new["id"], new["row"], new["kind"] = people["id"][rows], rows, kind
        new["first"] = people["helped"][rows] == 0
        new["arm"], new["enrolled"] = arm, month
        new["twin"] = twin_numbers if twins is not None else -1
        new["pair"], new["before"] = pairs, before
        base, twin_base = items.lines(len(rows)), items.lines(len(rows))
        base["cents"] = np.asarray(books)["cents"][rows]
        if twins is not None:
            twin_base["cents"] = np.asarray(twins.books)["cents"][new["twin"]]
        first, unseen = len(self.subjects), np.zeros(len(rows), _SIGHTS)
        self._subjects.extend(new)
        self._base.extend(base)
        self._twin_base.extend(twin_base)
        self._seen.extend(unseen)
        self._twin_seen.extend(unseen)
        return np.arange(first, first + len(rows))

    def look(self, month: int, households: Any, books: Any, twins: Any) -> None:
        """Note what is seen of everybody who has a mark this month, and of their twins."""
        subjects, seen, twin_seen = self.subjects, self.seen, self.twin_seen
        people, cents = np.asarray(households), np.asarray(books)["cents"]
        age = month - subjects["enrolled"].astype(np.int64)
        for k, mark in enumerate(MARKS):
            due = np.flatnonzero(age == mark)
            if len(due) == 0:
                continue
            rows = subjects["row"][due]
            seen[due, k] = what_is_seen(
                people[rows], cents[rows] - self._base.records["cents"][due]
            )
            own = due[subjects["twin"][due] >= 0]
            if len(own):
                numbers = subjects["twin"][own]
                since = twins.books["cents"][numbers] - self._twin_base.records["cents"][own]
                twin_seen[own, k] = what_is_seen(np.asarray(twins.households)[numbers], since)

    def since_enrolment(
        self, numbers: NDArray[np.int64], books: Any, twins: Any
    ) -> NDArray[np.float64]:
        """Euros that each payer gained through participants by now, beyond their twins."""
        subjects = self.subjects
        own = np.asarray(books)["cents"][subjects["row"][numbers]]
        own = own - self._base.records["cents"][numbers]
        twin = np.asarray(twins.books)["cents"][subjects["twin"][numbers]]
        return gains_eur(own - (twin - self._twin_base.records["cents"][numbers]))


def what_is_seen(people: Any, cents: NDArray[np.int64]) -> NDArray[Any]:
    """State of households and their gains by payer."""
    found = np.zeros(len(people), SEEN)
    found["there"], found["helped"] = people["state"] == hh.PRESENT, people["helped"] == 1
    for name in ("stress", "ratio"):
        found[name] = people[name]
    found["poor"], found["welfare"] = people["poor"] == 1, people["on_welfare"] == 1
    found["gains"] = gains_eur(cents)
    return found
