"""Twins: participants as they would have lived without help, under the same draws.

A twin is a copy of the record made before the first help starts; it lives on beside its
household in the same months, helped by nobody. Where nothing couples households, it is equal
to the bit to the household of the world without the plan (Q1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from siexsim import arrivals, census, items
from siexsim import household as hh
from siexsim.parameters import Parameters
from siexsim.rules.month import live_rows


class Twins:
    """The twins of all participants, in the order in which they first started."""

    def __init__(self, wijken: int, like: Any) -> None:
        self._wijken = wijken
        self._people = hh.Growing(like[:0])
        self._books = hh.Growing(items.lines(0))
        self.households = self._people.records
        self.books = self._books.records
        self.rows = np.zeros(0, np.int64)  # those who are still there
        self.of_row: dict[int, int] = {}

    def add(self, rows: NDArray[np.int64], households: Any) -> NDArray[np.int64]:
        """Make the twins of households; who has one keeps it. Returns their numbers."""
        new = [int(row) for row in rows if int(row) not in self.of_row]
        first = len(self.households)
        self.of_row |= {row: first + n for n, row in enumerate(new)}
        copies = np.asarray(households)[new]
        copies["help"], copies["help_months"] = hh.UNTOUCHED, 0
        self._people.extend(copies)
        self._books.extend(items.lines(len(new)))
        self.households, self.books = self._people.records, self._books.records
        self.rows = np.append(self.rows, first + np.arange(len(new)))
        return np.array([self.of_row[int(row)] for row in rows], np.int64)

    def live(self, values: Any, context: Any, nobody: Any, seed: int, p: Parameters) -> None:
        """One month of all twins; children who leave them and partners who part aren't followed."""
        if len(self.rows) == 0:
            return
        stay, events = np.empty_like(self.rows), np.empty_like(self.rows)
        lines, counts = items.lines(self._wijken), census.census(self._wijken)
        staying, eventful, _ = live_rows(
            self.households, self.rows, self.books, lines, counts, values, context, nobody,
            stay, events,
        )  # fmt: skip
        self.rows = stay[:staying]
        part_ways(self.households, events[:eventful], seed, int(context.month) + 1, p)


def part_ways(
    households: Any, events: NDArray[np.int64], seed: int, month: int, p: Parameters
) -> tuple[Any, Any, NDArray[np.int64]]:
    """Let children leave and couples part; the households that begin, and the rows that parted."""
    people = np.asarray(households)
    leaving = events[people["leaving_child"][events] >= 0]
    parting = events[people["separating"][events] == 1]
    parents, couples = people[leaving], people[parting]
    begun = arrivals.leave_home(parents, seed, month, p)
    parted = arrivals.part(couples, seed, month)
    people[leaving], people[parting] = parents, couples
    return begun, parted, parting
