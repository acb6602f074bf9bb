"""Robust plans: a search over plans for all goals of a study at once, against all its futures.

    python -m experiments robust experiments/studies/robuust_stad.toml

The goals are the study's outcomes. Its design, a random one, is the yardstick: the search begins
with the design's first plans and tries as many plans as it. Both are asked of the same futures, and
their best plans again of futures that neither has seen: who picks the best of many also picks luck.
All runs go through the store of the sweep, so a search that is stopped goes on where it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.regret import hypervolume, robustly, undominated
from experiments.search import rows_of, search, units
from siexsim.errors import UserError
from siexsim.sweep.design import samples
from siexsim.sweep.executors import Opened
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import DUMMY, Value, point_of
from siexsim.sweep.outcomes import outcome
from siexsim.sweep.runs import Heard, Simulate, finish, silent
from siexsim.sweep.stamp import simulate
from siexsim.sweep.study import in_order

Floats = NDArray[np.float64]
Points = Sequence[Mapping[str, Value]]
RANDOM, SEARCH = "random", "search"
LEAST = 8  # plans in a generation
_LESS = re.compile(r"poverty_gap|invested_eur|payback_months_.*")  # goals of which less is better


def sign(goal: str) -> float:
    """1 where more is better, -1 where less is."""
    return -1.0 if _LESS.fullmatch(goal) else 1.0


@dataclass(frozen=True)
class Tried:
    """Plans with what came of them, by plan, cell, future and goal; more is always better.

    A plan of which a run failed, or can't be told, isn't a number anywhere.
    """

    points: Points
    values: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Plans of which everything is known."""
        return np.asarray(~np.isnan(self.values).any(axis=(1, 2, 3)))

    def only(self, which: Any) -> Tried:
        """Some of the plans."""
        places = np.arange(len(self.points))[which]
        return Tried([self.points[k] for k in places], self.values[places])


@dataclass(frozen=True)
class Compared:
    """A search and its yardstick: all that was tried, and the best of each in new futures."""

    random: Tried
    search: Tried
    random_again: Tried
    search_again: Tried

    def volumes(self, by: str, again: bool) -> tuple[float, float]:
        """Hypervolume of the random plans and of the search, on one scale."""
        pair = (self.random_again, self.search_again) if again else (self.random, self.search)
        one, two = (robustly(part.values, by) for part in pair)
        among = np.concatenate([one, two])
        return hypervolume(one, among), hypervolume(two, among)

    def line(self, by: str, every: int) -> list[tuple[int, float, float]]:
        """Hypervolume after so many plans of both, in the futures of the search."""
        one, two = (robustly(part.values, by) for part in (self.random, self.search))
        among, most = np.concatenate([one, two]), max(len(one), len(two))
        counts = [*range(every, most, every), most]
        return [(n, hypervolume(one[:n], among), hypervolume(two[:n], among)) for n in counts]


class Lasting:
    """One executor for many batches of runs, and another only when its processes died."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._stack = opened, ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> Opened:
        return self._open

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def _open(self) -> AbstractContextManager[Executor]:
        return self._lent()

    @contextmanager
    def _lent(self) -> Iterator[Executor]:
        try:
            if self._executor is None:
                raise BrokenExecutor
            self._executor.submit(int).result()
        except BrokenExecutor:
            self._stack.close()
            self._executor = self._stack.enter_context(self._opened())
        yield self._executor


@dataclass(frozen=True)
class Lived:
    """Plans are lived under all that a study is unsure of, by its store."""

    sweep: Sweep
    opened: Opened
    window: int
    heard: Heard = silent
    live: Simulate = simulate

    def __call__(self, points: Points, futures: range | None = None) -> Tried:
        """What comes of plans in these futures, by default those of the study."""
        study = self.sweep.study
        futures = futures or range(1, study.uncertainties.futures + 1)
        unsure = study.uncertainties.model_copy(update={"futures": futures[-1]})
        wider = study.model_copy(update={"uncertainties": unsure})
        every = wider.runs(self.sweep.program, points)
        runs = [run for run in every if run.own["future"] in futures]
        finish(in_order(runs), self.live, self.sweep.store, self.opened, self.window, self.heard)
        rows = self.sweep.store.rows([run.name for run in runs]).to_pandas()
        goals = [sign(name) * outcome(rows, name) for name in study.outcomes]
        shape = (len(study.cells()), len(points), len(futures), len(goals))
        values = np.stack(goals, axis=-1).reshape(shape).transpose(1, 0, 2, 3)
        return Tried(list(points), values)


def check(sweep: Sweep, population: int) -> None:
    """Refuse a study that can't be searched."""
    study = sweep.study
    if study.design.method != "random":
        raise UserError("a search needs a design of method random: its yardstick")
    unsure = study.uncertainties
    if unsure.drawn or unsure.drawn_from or unsure.parameters:
        raise UserError(
            "a search is for plans, and asks each of all effect sets, times and futures; "
            "leave out 'drawn', 'drawn_from' and 'parameters'"
        )
    if len(study.outcomes) < 2:
        raise UserError("outcomes: a search needs two goals or more")
    if not LEAST <= population <= study.design.points:
        raise UserError(
            f"a generation of {population} plans; at least {LEAST}, at most the "
            f"{study.design.points} of the design are possible"
        )


def compare(
    lived: Lived, population: int, by: str, again: int,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Compared:  # fmt: skip
    """Search for plans, and set the search beside as many random ones.

    Parameters
    ----------
    lived
        Lives plans.
    population
        Plans in a generation.
    by
        "mean" or "worst": what a goal's value is over effect sets and times.
    again
        New futures in which the Pareto sets are asked again; 0 leaves that out.
    told
        Is told how many plans the search has tried, of how many.
    """
    check(lived.sweep, population)
    study = lived.sweep.study
    random = lived(study.points())
    if not random.known[:population].any():
        raise UserError("no plan of the first generation can be told; see: siexsim sweep status")
    searched = _searched(lived, random, population, by, told)
    random, searched = random.only(random.known), searched.only(searched.known)
    last = study.uncertainties.futures
    if not again:
        nothing = slice(0, 0)
        return Compared(random, searched, random.only(nothing), searched.only(nothing))
    new = range(last + 1, last + again + 1)
    best = [lived(pareto(one, by).points, new) for one in (random, searched)]
    return Compared(random, searched, *(one.only(one.known) for one in best))


def pareto(tried: Tried, by: str) -> Tried:
    """The plans to which no other is better on all goals."""
    return tried.only(undominated(robustly(tried.values, by)))


def _searched(
    lived: Lived, random: Tried, population: int, by: str, told: Callable[[int, int], None]
) -> Tried:
    study = lived.sweep.study
    factors = study.factors()
    # the dummy is the yardstick's: it changes nothing
    mine = [k for k, one in enumerate(factors) if one.name != DUMMY]
    levers = [factors[k] for k in mine]
    plans = len(random.points)
    start = units(levers, samples(study.design, factors)[:population, mine])
    parts = [random.only(slice(0, population))]

    def evaluate(rows: Floats) -> Floats:
        told(sum(len(one.points) for one in parts), plans)
        points = [point_of(levers, row) for row in rows_of(levers, rows)]
        parts.append(lived(points))
        return robustly(parts[-1].values, by)

    search(start, robustly(parts[0].values, by), evaluate, plans, study.design.seed)
    points = [point for one in parts for point in one.points]
    return Tried(points, np.concatenate([one.values for one in parts]))
