"""The course of a plan in one world: stages, budget, queue, starts, and what is learnt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim import draws, help, matching
from siexsim import household as hh
from siexsim.household import month_number, month_text
from siexsim.items import HELP_COST, Till, post
from siexsim.monitoring import IN_TRIAL, Measured, measure
from siexsim.panel import COMPARISON, CONTROL, STARTED, Panel, gains_eur
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Go, Plan
from siexsim.twins import Twins

# One course of help of one household; `cents` is bound until it ends, and its cost after that.
STARTS: Final = np.dtype(
    [
        ("row", "i8"), ("kind", "i2"), ("start", "i2"), ("end", "i2"), ("outcome", "i1"),
        ("heads", "i1"), ("cents", "i8"), ("subject", "i8"),
    ]
)  # fmt: skip
MOST_HOMES: Final = 3  # months of homes that may lie ready for a plan


@dataclass(frozen=True)
class Decision:
    """What a plan decided in a month, and what it rested on."""

    month: int
    what: str
    about: str
    value: float
    people: int
    yes: bool


@dataclass
class Course:
    """How a plan fares in one world: who takes part, what is bound and what is spent."""

    plan: Plan
    place: Place
    parameters: Parameters
    seed: int
    price_index: float = 1.0
    weight: int = 1
    ranking: tuple[str, ...] = ()  # of perfect knowledge: money goes to the first it can reach
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = self.plan.interventions
        self.helps = help.compiled(names, self.parameters)
        self.shares = np.array([self.plan.mix[name] for name in names])
        self.purse = np.zeros(1 if self.ranking else len(names))  # cents of all households
        self.open = [not self.plan.stages] * len(self.place.wijken)
        self.opened = [False] * len(self.plan.stages)
        self.yearly_eur: float | None = None
        if not self.plan.stages:
            self.open = self.place.covering(self.plan.wijken).tolist()
        self.homes = 0.0
        self.homes_given = 0
        self.panel = Panel()
        self.held: list[dict[int, int]] = [{} for _ in names]  # rows of a trial that wait
        self._starts = hh.Growing(np.zeros(0, STARTS))
        self.twins: Twins | None = None
        self._past: list[tuple[int, NDArray[np.int64]]] = []
        self._in_trial: tuple[int, int] | None = None  # kind and month whose starters drew lots

    # ---- prices ------------------------------------------------------------------------------

    @property
    def starts(self) -> Any:
        """All courses of help so far, in order of start."""
        return self._starts.records

    def price_cents(self, kind: int, months: int, heads: int = 1) -> int:
        """Price of so many months of one intervention, without overhead and monitoring."""
        offer = self.helps.offers[kind]
        start = int(offer.price_start_eur * self.price_index * 100)
        monthly = int(offer.price_month_eur * self.price_index * 100)
        return (start + months * monthly) * heads

    def full_price_cents(self, kind: int, heads: int = 1) -> int:
        """Most that one course of an intervention can cost."""
        return self.price_cents(kind, self.course_months(kind), heads) + self.claims_cents(kind)

    def claims_cents(self, kind: int) -> int:
        """Most that one course pays to creditors."""
        return int(self.helps.offers[kind].pays_claims_eur * self.price_index * 100)

    def course_months(self, kind: int) -> int:
        """Longest that one course runs."""
        return math.ceil(self.helps.offers[kind].course_months)

    def heads(self, h: Any, kind: int, month: int) -> int:
        """For how many in the household the price counts."""
        if self.helps.offers[kind].price_per_child < 0.5:
            return 1
        return int(help.pupils(h, month))

    @property
    def _overhead(self) -> float:
        return 1 + self.parameters.value("help.overhead_share")

    def following_cents(self) -> int:
        """Price of following one participant for a month."""
        yearly = self.parameters.value("help.monitoring_eur_per_year")
        return int(yearly * self.price_index * 100) // 12 if self.plan.measures else 0

    def followed_months(self) -> int:
        """Months that a participant is followed."""
        return round(12 * self.parameters.value("help.monitoring_years"))

    # ---- a month -----------------------------------------------------------------------------

    def open_month(
        self, households: Any, rows: NDArray[np.int64], books: Any, lines: Any, values: Any,
        month: int, homes: float,
    ) -> None:  # fmt: skip
        """All that the plan does at the start of a month: decide, pay, find, start, look."""
        first, last = month_number(self.plan.start), month_number(self.plan.end)
        if month == last + 1:
            self._dismiss(households)
        if self.watching(books) and (month % 12 == 0 or not self._past):
            self._past = [*self._past[-1:], (month, books["cents"].copy())]
        if first <= month <= last:
            self._decide(month, books)
            self._receive(month)
            stock = values.help.homes_share * homes
            self.homes = min(self.homes + stock, max(MOST_HOMES * stock, 1.0))
            if any(self.open):
                waiting = np.empty((len(rows) * self.helps.count, 2), np.int64)
                found = help.seek(
                    households, rows, np.array(self.open), self.helps, values,
                    np.uint64(self.seed), month, waiting,
                )  # fmt: skip
                self._start_courses(households, rows, waiting[:found], month, lines, books, values)
        if self.watching(books):
            self.panel.look(month, households, books, self.twins)

    @property
    def takes_homes(self) -> bool:
        """Whether some help gives homes, which others then don't get."""
        return bool((self.helps.offers["fixes_home"] > 0).any())

    def watching(self, books: Any) -> bool:
        """Whether anybody can be followed: there are books of single households."""
        return len(books) > 1

    def _dismiss(self, households: Any) -> None:
        """Nobody waits for a plan that takes no one any more."""
        waiting = households["help"] == hh.WAITING
        households["help"][waiting] = hh.UNTOUCHED
        households["help_months"][waiting] = 0

    def _receive(self, month: int) -> None:
        budget = self.plan.month_budget_eur(month, self.yearly_eur) * 100
        self.purse += budget * (1.0 if self.ranking else self.shares)

    def follow(self, households: Any, month: int) -> None:
        """Note which courses have ended since last month, and what they cost."""
        people = np.asarray(households)
        starts = np.asarray(self.starts)
        going = np.flatnonzero(starts["end"] < 0)
        rows, kinds = starts["row"][going], starts["kind"][going]
        states, here = people["help"][rows, kinds], people["state"][rows] == hh.PRESENT
        self.homes_given = int((people["rehoused"][rows] == 1).sum())
        people["rehoused"][rows] = 0
        for n in going[(states != hh.RUNNING) | ~here]:
            one, kind = starts[n], int(starts["kind"][n])
            state = int(people["help"][one["row"], kind])
            ran = min(month - int(one["start"]), self.course_months(kind))
            cost = self.price_cents(kind, ran, int(one["heads"]))
            if state == hh.COMPLETED:
                cost += self.claims_cents(kind)
            refund = (int(one["cents"]) - cost) * self.weight * self._overhead
            self.purse[0 if self.ranking else kind] += refund
            one["end"], one["cents"] = month, cost
            one["outcome"] = state if state != hh.RUNNING else hh.DROPPED

    # ---- starting ----------------------------------------------------------------------------

    def _order(self) -> list[int]:
        names = self.plan.interventions
        return [names.index(n) for n in self.ranking] if self.ranking else list(range(len(names)))

    def _start_courses(
        self, households: Any, rows: NDArray[np.int64], waiting: NDArray[np.int64], month: int,
        lines: Any, books: Any, values: Any,
    ) -> None:  # fmt: skip
        """Start who waits, first in the order of the target, as far as money and places reach."""
        for kind in self._order():
            here = waiting[waiting[:, 1] == kind, 0]
            if len(here) == 0:
                continue
            queue = self._in_order(households, here, kind, month)
            queue = self._promised(households, queue, kind, month)
            chosen = self._affordable(households, queue, kind, month)
            if self.plan.monitoring.design == "trial" and self.watching(books):
                chosen = self._draw_lots(households, queue, chosen, kind, month, books)
            if self.watching(books) and len(chosen):
                self._match(households, rows, chosen, kind, month, books, values)
            for row in chosen:
                self._start(households, int(row), kind, month, lines, books)

    def _affordable(
        self, households: Any, queue: NDArray[np.int64], kind: int, month: int
    ) -> NDArray[np.int64]:
        """The first of the queue for whom there is money, a place, and a home if it takes one."""
        going = self.starts[(self.starts["end"] < 0) & (self.starts["kind"] == kind)]
        name = self.plan.interventions[kind]
        places = len(queue)
        if name in self.plan.capacity:
            places = self.plan.capacity[name] // self.weight - len(going)
        if self.helps.offers[kind].takes_stock > 0.5:
            places = min(places, int(self.homes))
        following = self.following_cents() * self.followed_months()
        purse, taken = self.purse[0 if self.ranking else kind], 0
        for row in queue[: max(places, 0)]:
            heads = self.heads(households[row], kind, month)
            price = self.full_price_cents(kind, heads) * self._overhead + following
            purse -= price * self.weight
            if purse < 0:
                break
            taken += 1
        return queue[:taken]

    def _in_order(
        self, households: Any, rows: NDArray[np.int64], kind: int, month: int
    ) -> NDArray[np.int64]:
        chosen = households[rows]
        slot = int(self.helps.offers[kind].slot) + draws.HELP_ORDER
        tie = draws.uniform(self.seed, chosen["id"], month, slot)
        if self.plan.target == "first_come":
            first = -chosen["help_months"][:, kind].astype(float)
        elif self.plan.target == "heaviest_stress":
            first = -chosen["stress"].mean(axis=1)
        elif self.plan.target == "prevention":
            first = -((chosen["poor"] == 0) & (chosen["claims"] <= 2)).astype(float)
        else:
            first = -matching.yearly_cost_eur(chosen, self.parameters)
        return rows[np.lexsort((tie, first))]

    def _start(
        self, households: Any, row: int, kind: int, month: int, lines: Any, books: Any
    ) -> None:
        h = households[row]
        heads = self.heads(h, kind, month)
        subject = -1
        if self.watching(books):
            subject = self._enrol_started(households, row, kind, month, books)
        h.help[kind] = hh.RUNNING
        h.help_months[kind] = 0
        h.helped = 1
        h.met |= hh.STARTED
        if self.helps.offers[kind].price_per_child > 0.5:
            h.tutored = heads
        if self.helps.offers[kind].takes_stock > 0.5:
            self.homes -= 1
        cents = self.price_cents(kind, 0, heads)
        post(Till(lines[h.wijk], books[row if len(books) > 1 else 0]), HELP_COST, cents)
        full = self.full_price_cents(kind, heads)
        following = self.following_cents() * self.followed_months()
        self.purse[0 if self.ranking else kind] -= (full * self._overhead + following) * self.weight
        one = np.zeros(1, STARTS)
        one[0] = (row, kind, month, -1, hh.RUNNING, heads, full, subject)
        self._starts.extend(one)

    # ---- following people --------------------------------------------------------------------

    def _enrol_started(self, households: Any, row: int, kind: int, month: int, books: Any) -> int:
        if self.twins is None:
            self.twins = Twins(len(self.place.wijken), households)
        number = self.twins.add(row, households[row])
        pair = IN_TRIAL if self._in_trial == (kind, month) else -1
        found = self.panel.enrol(
            [row], kind, STARTED, month, households, books, self._before([row], books, month),
            self.twins, [number], pair,
        )  # fmt: skip
        return int(found[0])

    def _before(self, rows: Any, books: Any, month: int) -> NDArray[np.float64]:
        """Gains by payer in a year before, from the running sums of one or two Januaries ago."""
        then, past = self._past[0]
        rows = np.asarray(rows)
        known = rows < len(past)
        base = np.where(known[:, None], past[np.minimum(rows, len(past) - 1)], 0)
        months = max(month - then, 1)
        return gains_eur(books["cents"][rows] - base) * 12 / months

    def _match(
        self, households: Any, rows: NDArray[np.int64], chosen: NDArray[np.int64], kind: int,
        month: int, books: Any, values: Any,
    ) -> None:  # fmt: skip
        """Follow somebody alike for each of the first participants, who isn't helped."""
        followed = (self.panel.subjects["kind"] == kind) & (self.panel.subjects["arm"] == STARTED)
        wanted = chosen[: max(self.plan.monitoring.followed - int(followed.sum()), 0)]
        if len(wanted) == 0:
            return
        offer = self.helps.offers[kind]
        alike = matching.alike(
            households, rows, wanted, np.array(self.open), kind, int(offer.needs), values, month
        )
        if len(alike):
            # participants are enrolled after this, one by one, in the order of `wanted`
            first = len(self.panel.subjects) + len(alike)
            self.panel.enrol(
                alike, kind, COMPARISON, month, households, books,
                self._before(alike, books, month), pairs=first + np.arange(len(alike)),
            )  # fmt: skip

    def _promised(
        self, households: Any, queue: NDArray[np.int64], kind: int, month: int
    ) -> NDArray[np.int64]:
        """Who waits by lot keeps its place: not before its time, and first when that has come."""
        held = self.held[kind]
        if not held:
            return queue
        for row in held:
            if households["help"][row, kind] == hh.WAITING:
                households["help_months"][row, kind] = 1
        free = [row for row in queue if row not in held]
        now = [row for row in queue if held.get(int(row), month + 1) <= month]
        self.held[kind] = {row: until for row, until in held.items() if until > month}
        return np.array([*now, *free], np.int64)

    def _draw_lots(
        self, households: Any, queue: NDArray[np.int64], chosen: NDArray[np.int64], kind: int,
        month: int, books: Any,
    ) -> NDArray[np.int64]:  # fmt: skip
        """A trial: of twice as many as there is money for, half start and half wait, by lot."""
        arms = self.panel.subjects["arm"][self.panel.subjects["kind"] == kind]
        left = self.plan.monitoring.followed // self.weight - int((arms == CONTROL).sum())
        self._in_trial = None
        if left <= 0 or len(chosen) == 0:
            return chosen
        both = queue[: min(2 * min(len(chosen), left), len(queue))]
        slot = int(self.helps.offers[kind].slot) + draws.HELP_ARM
        lots = draws.uniform(self.seed, households["id"][both], month, slot)
        drawn = both[np.argsort(lots, kind="stable")]
        start, wait = drawn[: (len(drawn) + 1) // 2], drawn[(len(drawn) + 1) // 2 :]
        until = month + self.plan.monitoring.months
        self.held[kind] |= {int(row): until for row in wait}
        if len(wait):
            self.panel.enrol(
                wait, kind, CONTROL, month, households, books, self._before(wait, books, month)
            )
            self._in_trial = (kind, month)
        return start

    # ---- deciding ----------------------------------------------------------------------------

    def measured(self, kind: int, month: int) -> Measured:
        """What the plan's own design says of an intervention now."""
        return measure(self.panel, kind, self.plan.monitoring, month, self.parameters, self.seed)

    def _decide(self, month: int, books: Any) -> None:
        plan = self.plan
        for number, stage in enumerate(plan.stages):
            due = month >= month_number(stage.start) and (
                month == month_number(stage.start) or month % 12 == 0
            )
            ready = number == 0 or self.opened[number - 1]
            if due and ready and not self.opened[number] and self._go(stage.go, month, number):
                self.opened[number] = True
                flags = self.place.covering(stage.wijken)
                self.open = (np.array(self.open) | flags).tolist()
                if stage.budget_eur_per_year is not None:
                    self.yearly_eur = stage.budget_eur_per_year
        if month % 12 == 0 and month > month_number(plan.start) and self.watching(books):
            if plan.allocation == "learning":
                self._learn(month)
            if plan.revolving_share > 0:
                self._revolve(month)

    def _go(self, rule: Go | None, month: int, number: int) -> bool:
        if rule is None:
            return True
        value, people = self._value_of(rule.measured, month)
        yes = people > 0 and value >= rule.at_least
        where = ", ".join(self.plan.stages[number].wijken)
        self.decisions.append(Decision(month, f"stage:{rule.measured}", where, value, people, yes))
        return yes

    def _value_of(self, what: str, month: int) -> tuple[float, int]:
        """One measured value over all interventions, weighted by who took part."""
        starts = self.starts
        if what == "completed":
            over = starts[starts["end"] >= 0]
            done = over["outcome"] == hh.COMPLETED
            return (float(done.mean()) if len(over) else float("nan")), len(over)
        total, weight = 0.0, 0
        for kind in range(self.helps.count):
            found = self.measured(kind, month)
            value = (
                self._per_euro(kind, found)
                if what == "return_per_euro"
                else (found.effect["stress" if what == "stress" else "poor"])
            )
            if found.people and not math.isnan(value):
                total += value * found.people
                weight += found.people
        return (total / weight if weight else float("nan")), weight

    def _per_euro(self, kind: int, found: Measured) -> float:
        """Public euros a year per euro of help."""
        over = self.starts[(self.starts["kind"] == kind) & (self.starts["end"] >= 0)]
        cost = float(over["cents"].mean()) / 100 if len(over) else self.full_price_cents(kind) / 100
        return found.effect["public_eur"] / max(cost * self._overhead, 1.0)

    def _learn(self, month: int) -> None:
        """Move part of the budget to what measured best per euro (B9)."""
        values = np.full(self.helps.count, -np.inf)
        people = np.zeros(self.helps.count, np.int64)
        for kind in range(self.helps.count):
            found = self.measured(kind, month)
            per_euro = self._per_euro(kind, found)
            people[kind] = found.people
            if found.people >= self.parameters.value("help.learning_people"):
                values[kind] = -np.inf if math.isnan(per_euro) else per_euro
        if not np.isfinite(values).any():
            return
        best = int(values.argmax())
        moved = self.parameters.value("help.learning_share")
        self.shares *= 1 - moved
        self.shares[best] += moved
        self.purse[:] = self.purse.sum() * self.shares
        name = self.plan.interventions[best]
        self.decisions.append(
            Decision(month, "learning", name, float(values[best]), int(people[best]), True)
        )

    def _revolve(self, month: int) -> None:
        """Invest part of what the municipality measured to have gained last year (B7)."""
        gained = 0.0
        for kind in range(self.helps.count):
            found = self.measured(kind, month)
            mine = self.starts[self.starts["kind"] == kind]
            # years lived since the start, within the last year
            years = np.clip(month - mine["start"].astype(int), 0, 12).sum() / 12
            value = found.effect["municipality_eur"]
            gained += 0.0 if math.isnan(value) else value * float(years)
        again = max(0.0, gained) * self.plan.revolving_share * self.weight * 100
        self.purse += again * (1.0 if self.ranking else self.shares)
        self.decisions.append(
            Decision(month, "revolving", month_text(month), again / 100, 0, again > 0)
        )

    # ---- what the plan itself costs ----------------------------------------------------------

    def extra_cents(
        self, households: Any, spent: NDArray[np.int64], month: int
    ) -> NDArray[np.int64]:
        """Overhead on what was spent, and following each participant; cents per neighbourhood."""
        extra = (spent * (self._overhead - 1)).astype(np.int64)
        going = month - self.starts["start"].astype(int) < self.followed_months()
        if going.any():
            wijken = households["wijk"][np.unique(self.starts["row"][going])]
            extra += np.bincount(wijken, minlength=len(extra)) * self.following_cents()
        return extra
