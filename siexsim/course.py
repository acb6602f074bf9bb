"""The course of a plan in one world: neighbourhoods, budget, queue, starts and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim import draws, help, matching
from siexsim import household as hh
from siexsim.cohort import Cohort
from siexsim.deciding import Decision, decide
from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.items import HELP_CLAIM_PAID, HELP_COST
from siexsim.monitoring import SET_UP
from siexsim.panel import Panel
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Plan
from siexsim.twins import Twins

# One course of help of one household; `cents` is bound until it ends, and its cost after that.
# With `paired`, somebody without help is followed beside it.
START: Final = np.dtype(
    [
        ("row", "i8"), ("kind", "i2"), ("start", "i2"), ("end", "i2"), ("outcome", "i1"),
        ("heads", "i1"), ("paired", "?"), ("cents", "i8"), ("subject", "i8"),
    ]
)  # fmt: skip
MOST_HOMES: Final = 3  # months of homes that may lie ready for a plan
Rows = NDArray[np.int64]


@dataclass
class Course:
    """How a plan fares in one world: who takes part, what is bound and what is spent.

    Money in `purse` is in cents of the whole municipality, by intervention; with a `ranking` (of
    perfect knowledge) there is one purse, and the interventions dip into it in that order.
    """

    plan: Plan
    place: Place
    parameters: Parameters
    seed: int
    price_index: float = 1.0
    weight: int = 1
    ranking: tuple[str, ...] = ()
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = self.plan.interventions
        self.plan.check_sample(self.weight)
        self.helps = help.compiled(names, self.parameters)
        self.shares = np.array([self.plan.mix[name] for name in names])
        self.purse = np.zeros(1 if self.ranking else len(names))
        self.covered = self.place.covering(self.plan.all_wijken)  # a wrong name is said here
        self.open = self.covered.copy()
        if self.plan.stages:
            self.open[:] = False
        self.opened = [False] * len(self.plan.stages)
        self.yearly_eur: float | None = None
        self.homes = 0.0  # that lie ready for this plan
        self.homes_given = 0  # last month
        wijken = len(self.place.wijken)
        self.cohort = Cohort(self.plan.monitoring, len(names), wijken, self.weight, self.seed)
        self.set_up_cents = 0.0  # of measuring, still to be paid
        if self.plan.measures:
            set_up = self.parameters.value(SET_UP[self.plan.monitoring.design])
            self.set_up_cents = set_up * self.price_index * 100
        self.measuring_cents = 0  # spent on measuring, all households
        self._starts = hh.Growing(np.zeros(0, START))
        self._lines: Any = None  # of the last month, in which its payments to creditors show

    @property
    def starts(self) -> NDArray[Any]:
        """All courses of help so far, in order of start."""
        return np.asarray(self._starts.records)

    @property
    def panel(self) -> Panel:
        """Everybody who is followed."""
        return self.cohort.panel

    @property
    def twins(self) -> Twins | None:
        """Participants as they would have lived without help."""
        return self.cohort.twins

    # ---- prices ------------------------------------------------------------------------------

    def price_cents(self, kind: int, months: Any) -> Any:
        """Price of so many months of one intervention, without overhead and monitoring."""
        offer = self.helps.offers[kind]
        start = int(offer.price_start_eur * self.price_index * 100)
        return start + months * int(offer.price_month_eur * self.price_index * 100)

    def claims_cents(self, kind: int) -> int:
        """Most that one course pays to creditors."""
        return int(self.helps.offers[kind].pays_claims_eur * self.price_index * 100)

    def full_price_cents(self, kind: int) -> int:
        """Most that one course of an intervention can cost, for one head."""
        return int(self.price_cents(kind, self.course_months(kind))) + self.claims_cents(kind)

    def course_months(self, kind: int) -> int:
        """Longest that one course runs."""
        return math.ceil(self.helps.offers[kind].course_months)

    @property
    def overhead(self) -> float:
        """Factor of overhead on all that is spent on help."""
        return 1 + self.parameters.value("help.overhead_share")

    def takes_homes(self, month: int) -> bool:
        """Whether some help can start that gives homes, or gave one last month."""
        if self.homes_given:
            return True
        gives = bool((self.helps["offers"]["fixes_home"] > 0).any())
        return gives and month_number(self.plan.start) <= month <= month_number(self.plan.end)

    def following_cents(self) -> int:
        """Price of following one participant for a month."""
        yearly = self.parameters.value("help.monitoring_eur_per_year")
        return int(yearly * self.price_index * 100) // 12 if self.plan.measures else 0

    def followed_months(self) -> int:
        """Months that a participant is followed."""
        return round(12 * self.parameters.value("help.monitoring_years"))

    # ---- a month -----------------------------------------------------------------------------

    def open_month(
        self, households: Any, rows: Rows, books: Any, lines: Any, values: Any, month: int,
        homes: float,
    ) -> None:  # fmt: skip
        """All that the plan does at the start of a month: decide, pay, find, start, look.

        `homes` is the number that comes free where the plan is open; `books` has one record a
        household, or a single one where nobody can be followed.
        """
        people = np.asarray(households)
        first, last = month_number(self.plan.start), month_number(self.plan.end)
        self._lines = lines
        followed = len(books) > 1
        if followed and month <= last:
            self.cohort.begin_month(month, people, rows, self.covered, books)
        if not followed and self.plan.needs_books and self.plan.allocation != "perfect":
            raise UserError("this plan decides on single households; keep their books (keep_books)")
        if month == last + 1:  # nobody waits for a plan that takes no one any more
            waiting = people["help"] == hh.WAITING
            people["help"][waiting] = hh.UNTOUCHED
            people["help_months"][waiting] = 0
        if first <= month <= last:
            decide(self, month, followed)
            self.receive(self.plan.month_budget_eur(month, self.yearly_eur) * 100)
            self._set_up_measuring(lines)
            stock = float(values.help.homes_share) * homes
            self.homes = min(self.homes + stock, max(MOST_HOMES * stock, 1.0))
            here = rows[self.open[people["wijk"][rows]]]
            waiting = np.empty((len(here) * self.helps.count, 2), np.int64)
            found = help.seek(
                households, here, self.open, self.helps, values, np.uint64(self.seed), month,
                waiting,
            )  # fmt: skip
            self._start_all(households, here, waiting[:found], month, lines, books, values)
        if followed:
            self.cohort.look(month, households, books)

    def receive(self, cents: float) -> None:
        """Money comes free for help, divided as the mix is now."""
        self.purse += cents * (1.0 if self.ranking else self.shares)

    def _set_up_measuring(self, lines: Any) -> None:
        """Pay for setting up the measurements, out of the first money that there is."""
        there = float(np.maximum(self.purse, 0.0).sum())
        if self.set_up_cents <= 0 or there <= 0 or not self.open.any():
            return
        now = min(self.set_up_cents, there / self.overhead)
        cent_each = self.weight * int(self.open.sum())
        if self.set_up_cents < cent_each:  # less than a cent a neighbourhood is left
            self.set_up_cents = 0.0
        each = int(now / cent_each)
        lines["cents"][self.open, HELP_COST] += each
        paid = each * cent_each
        self.measuring_cents += paid
        self.set_up_cents = max(self.set_up_cents - paid, 0.0)
        self.purse -= np.maximum(self.purse, 0.0) / there * paid * self.overhead

    def follow(self, households: Any, month: int) -> None:
        """Note which courses have ended since last month, and what they cost."""
        people, starts = np.asarray(households), self.starts
        going = np.flatnonzero(starts["end"] < 0)
        rows, kinds = starts["row"][going], starts["kind"][going]
        # who follows two kinds of help at once got one home
        self.homes_given = int(people["rehoused"][np.unique(rows)].sum())
        people["rehoused"][rows] = 0
        states = people["help"][rows, kinds]
        ended = (states != hh.RUNNING) | (people["state"][rows] != hh.PRESENT)
        claims_share = self._claims_share(kinds[ended & (states == hh.COMPLETED)])
        for kind in range(self.helps.count):
            mine = ended & (kinds == kind)
            self._settle(going[mine], states[mine], kind, month, claims_share)

    def _claims_share(self, completed: Rows) -> float:
        """Part of what could be paid to creditors last month that was; the rest wasn't owed."""
        most = sum(self.claims_cents(int(kind)) for kind in completed)
        if most == 0 or self._lines is None:
            return 0.0
        return float(self._lines["cents"][:, HELP_CLAIM_PAID].sum() / most)

    def _settle(
        self, which: Rows, states: NDArray[np.int8], kind: int, month: int, claims_share: float
    ) -> None:
        """Close courses that ended: what was bound and not spent comes back."""
        starts = self.starts
        ran = np.minimum(month - starts["start"][which].astype(np.int64), self.course_months(kind))
        own = self.price_cents(kind, ran) * starts["heads"][which]
        claims = self.claims_cents(kind) * claims_share * (states == hh.COMPLETED)
        bound = starts["cents"][which] - self.claims_cents(kind)
        back = (bound - own).sum() * self.overhead + (self.claims_cents(kind) - claims).sum()
        self.purse[0 if self.ranking else kind] += back * self.weight
        cost = own + np.rint(claims).astype(np.int64)
        starts["end"][which], starts["cents"][which] = month, cost
        starts["outcome"][which] = np.where(states == hh.RUNNING, hh.DROPPED, states)

    # ---- starting ----------------------------------------------------------------------------

    def _start_all(
        self, households: Any, rows: Rows, waiting: NDArray[np.int64], month: int, lines: Any,
        books: Any, values: Any,
    ) -> None:  # fmt: skip
        """Start who waits, first in the order of the target, as far as money and places reach."""
        people, names = np.asarray(households), self.plan.interventions
        for kind in [names.index(n) for n in self.ranking] or range(len(names)):
            queue = self._in_order(people, waiting[waiting[:, 1] == kind, 0], kind, month)
            queue = self.cohort.promised(people, queue, kind, month)
            chosen = queue[: self._affordable(people, queue, kind, month)]
            if len(books) > 1 and len(chosen):
                if self.plan.monitoring.design == "trial":
                    slot = int(self.helps.offers[kind].slot)
                    chosen = self.cohort.draw_lots(
                        people, queue, len(chosen), kind, slot, month, books
                    )
                    # by lot, larger families may start than were counted on
                    chosen = chosen[: self._affordable(people, chosen, kind, month)]
                self.cohort.match(
                    households, rows, chosen, self.open, kind, self.helps.offers[kind], values,
                    month, books,
                )  # fmt: skip
            if len(chosen):
                self._start(people, chosen, kind, month, lines, books)

    def heads(self, people: Any, rows: Rows, kind: int, month: int) -> NDArray[np.int64]:
        """For how many in each household the price counts."""
        if self.helps.offers[kind].price_per_child < 0.5:
            return np.ones(len(rows), np.int64)
        return np.maximum(help.count_pupils(people[rows], month), 1)  # nobody is helped for nothing

    def _paired(self, count: int, kind: int) -> NDArray[np.bool_]:
        """Which of the next courses have somebody without help followed beside them."""
        if self.plan.monitoring.design not in ("matched", "trial"):
            return np.zeros(count, bool)
        known = int((self.starts["kind"] == kind).sum())
        followed = max(self.plan.monitoring.followed // self.weight, 1)
        return known + np.arange(count) < followed

    def _months_followed(self, rows: Rows, month: int) -> Rows:
        """For how many months to come these are followed already, for other help."""
        recent = self.starts[self.starts["start"] > month - self.followed_months()]
        until = np.zeros(int(max(rows.max(initial=0), recent["row"].max(initial=0))) + 1, np.int64)
        np.maximum.at(until, recent["row"], recent["start"].astype(int) + self.followed_months())
        return np.maximum(until[rows] - month, 0)

    def prices(
        self, heads: NDArray[np.int64], kind: int, followed: Rows | int = 0
    ) -> tuple[Any, Any]:
        """Most that the next courses can cost: help alone, and all in; cents.

        Who is `followed` already for some months isn't paid for twice in these.
        """
        own = self.price_cents(kind, self.course_months(kind)) * heads
        claims = self.claims_cents(kind)
        months = self.followed_months() - followed
        months = months + self.plan.monitoring.months * self._paired(len(heads), kind)
        all_in = own * self.overhead + claims + self.following_cents() * months
        return own + claims, all_in * self.weight

    def _affordable(self, people: Any, queue: Rows, kind: int, month: int) -> int:
        """For how many of the queue there is money, a place, and a home if it takes one."""
        places, name = len(queue), self.plan.interventions[kind]
        if name in self.plan.capacity:
            going = (self.starts["end"] < 0) & (self.starts["kind"] == kind)
            places = self.plan.capacity[name] // self.weight - int(going.sum())
        if self.helps.offers[kind].takes_stock > 0.5:
            places = min(places, int(self.homes))
        queue = queue[: max(places, 0)]
        heads = self.heads(people, queue, kind, month)
        _, prices = self.prices(heads, kind, self._months_followed(queue, month))
        reach = np.cumsum(prices) <= self.purse[0 if self.ranking else kind]
        return int(reach.sum())

    def _in_order(self, people: Any, rows: Rows, kind: int, month: int) -> Rows:
        chosen = people[rows]
        slot = int(self.helps.offers[kind].slot) + draws.HELP_ORDER
        tie = draws.uniform(self.seed, chosen["id"], month, slot)
        if self.plan.target == "first_come":
            first = chosen["help_months"][:, kind].astype(float)
        elif self.plan.target == "heaviest_stress":
            first = chosen["stress"].mean(axis=1)
        elif self.plan.target == "prevention":
            first = ((chosen["poor"] == 0) & (chosen["claims"] <= 2)).astype(float)
        else:
            first = matching.yearly_cost_eur(chosen, self.parameters)
        return rows[np.lexsort((tie, -first))]

    def _start(
        self, people: Any, rows: Rows, kind: int, month: int, lines: Any, books: Any
    ) -> None:
        new = np.zeros(len(rows), START)
        new["row"], new["kind"], new["start"], new["end"] = rows, kind, month, -1
        new["outcome"], new["subject"] = hh.RUNNING, -1
        new["heads"] = heads = self.heads(people, rows, kind, month)
        new["cents"], prices = self.prices(heads, kind, self._months_followed(rows, month))
        new["paired"] = self._paired(len(rows), kind)
        if len(books) > 1:
            new["subject"] = self.cohort.enrol(people, rows, kind, month, books)
        people["help"][rows, kind], people["help_months"][rows, kind] = hh.RUNNING, 0
        people["helped"][rows] = 1
        people["met"][rows] |= hh.STARTED
        if self.helps.offers[kind].price_per_child > 0.5:
            people["tutored"][rows] = heads
        if self.helps.offers[kind].takes_stock > 0.5:
            self.homes -= len(rows)
        cents = self.price_cents(kind, 0) * heads
        np.add.at(lines["cents"], (people["wijk"][rows], HELP_COST), cents)
        if len(books) > 1:
            books["cents"][rows, HELP_COST] += cents
        self.purse[0 if self.ranking else kind] -= prices.sum()
        self._starts.extend(new)

    # ---- what the plan itself costs ----------------------------------------------------------

    def extra_cents(
        self, households: Any, spent: NDArray[np.int64], month: int
    ) -> NDArray[np.int64]:
        """Overhead on what was spent, and following people; cents per neighbourhood."""
        extra = (spent * (self.overhead - 1)).astype(np.int64)
        starts, wijken = self.starts, np.asarray(households)["wijk"]
        since = month - starts["start"].astype(int)
        going = np.unique(starts["row"][since < self.followed_months()])
        beside = starts["row"][starts["paired"] & (since < self.plan.monitoring.months)]
        people = np.bincount(wijken[np.concatenate([going, beside])], minlength=len(extra))
        following = people * self.following_cents()
        self.measuring_cents += int(following.sum()) * self.weight
        return extra + following
