"""A plan: which help, where, when, for whom and for how much; and the course it takes in a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from siexsim import draws, help
from siexsim import household as hh
from siexsim.errors import did_you_mean
from siexsim.household import month_number
from siexsim.items import HELP_COST, Till, post
from siexsim.parameters import Parameters

TARGETS: Final = ("first_come", "heaviest_stress", "prevention")
_DATE = r"^\d{4}-(0[1-9]|1[0-2])$"


class Plan(BaseModel):
    """What is invested, in whom and where. Shares of the mix sum to one."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    mix: dict[str, float]
    budget_eur_per_year: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    start: str = Field(default="2022-07", pattern=_DATE)
    end: str = Field(default="2026-06", pattern=_DATE)
    wijken: tuple[str, ...] = ()
    target: Literal["first_come", "heaviest_stress", "prevention"] = "first_come"

    @field_validator("mix")
    @classmethod
    def _is_a_mix(cls, mix: dict[str, float]) -> dict[str, float]:
        if not mix:
            raise ValueError("a mix names at least one intervention")
        for name, share in mix.items():
            if name not in help.interventions():
                known = did_you_mean(name, help.interventions())
                raise ValueError(f"unknown intervention '{name}'{known}")
            if not 0 <= share <= 1:
                raise ValueError(
                    f"the share of '{name}' is {share:g}; a share lies between 0 and 1"
                )
        if abs(sum(mix.values()) - 1) > 1e-6:
            raise ValueError(f"the shares sum to {sum(mix.values()):g}; they must sum to 1")
        return mix

    @model_validator(mode="after")
    def _is_in_order(self) -> Plan:
        if self.end < self.start:
            raise ValueError(f"the plan ends ({self.end}) before it starts ({self.start})")
        return self

    @property
    def interventions(self) -> list[str]:
        """Names of the interventions in the mix, in a fixed order."""
        return sorted(self.mix)

    def budget_to_date_eur(self, month: int) -> float:
        """Budget that may be bound by the end of this month: it comes free month by month."""
        first, last = month_number(self.start), month_number(self.end)
        months = min(max(month - first + 1, 0), last - first + 1)
        return self.budget_eur_per_year * months / 12


@dataclass
class Course:
    """How a plan fares in one world: who takes part, what is bound and what is spent."""

    plan: Plan
    helps: Any
    where: NDArray[np.bool_]
    price_index: float = 1.0
    rows: list[int] = field(default_factory=list)  # participants, in order of start
    kinds: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    costs_cents: list[int] = field(default_factory=list)

    def price_cents(self, kind: int, months: int) -> int:
        """Price of so many months of one intervention, without overhead and monitoring."""
        offer = self.helps.offers[kind]
        start = int(offer.price_start_eur * self.price_index * 100)
        monthly = int(offer.price_month_eur * self.price_index * 100)
        return start + months * monthly

    def full_price_cents(self, kind: int) -> int:
        """Most that one course of an intervention can cost."""
        return self.price_cents(kind, self.course_months(kind)) + self.claims_cents(kind)

    def claims_cents(self, kind: int) -> int:
        """Most that one course pays to creditors."""
        return int(self.helps.offers[kind].pays_claims_eur * self.price_index * 100)

    def course_months(self, kind: int) -> int:
        """Longest that one course runs."""
        return math.ceil(self.helps.offers[kind].course_months)

    def follow(self, households: Any, month: int) -> None:
        """Note which courses have ended since last month, and what they cost."""
        for n in range(len(self.rows)):
            if self.ends[n] >= 0:
                continue
            h, kind = households[self.rows[n]], self.kinds[n]
            if h.state != hh.PRESENT or h.help[kind] != hh.RUNNING:
                ran = min(month - self.starts[n], self.course_months(kind))
                self.ends[n] = month
                gone = h.state != hh.PRESENT and h.help[kind] == hh.RUNNING
                self.outcomes[n] = hh.DROPPED if gone else int(h.help[kind])
                self.costs_cents[n] = self.price_cents(kind, ran)
                if self.outcomes[n] == hh.COMPLETED:
                    self.costs_cents[n] += self.claims_cents(kind)

    def start_courses(
        self, households: Any, waiting: NDArray[np.int64], parameters: Parameters,
        seed: int, month: int, lines: Any, books: Any,
    ) -> None:  # fmt: skip
        """Start who waits, first in the order of the target, as far as the budget reaches."""
        overhead = 1 + parameters.value("help.overhead_share")
        following = self.following_cents(parameters) * self.followed_months(parameters)
        weight = int(households["weight"][0])
        for kind, name in enumerate(self.plan.interventions):
            here = waiting[waiting[:, 1] == kind, 0]
            if len(here) == 0:
                continue
            budget = self.plan.budget_to_date_eur(month) * self.plan.mix[name] * 100
            costs = [c for c, k in zip(self.costs_cents, self.kinds, strict=True) if k == kind]
            bound = sum(costs) * overhead + len(costs) * following
            price = self.full_price_cents(kind) * overhead + following
            places = int((budget / weight - bound) // max(price, 1))
            for row in self._in_order(households, here, kind, seed, month)[: max(places, 0)]:
                self._start(households, int(row), kind, month, lines, books)

    def _in_order(
        self, households: Any, rows: NDArray[np.int64], kind: int, seed: int, month: int
    ) -> NDArray[np.int64]:
        chosen = households[rows]
        slot = int(self.helps.offers[kind].slot) + draws.HELP_ORDER
        tie = draws.uniform(seed, chosen["id"], month, slot)
        first = {
            "first_come": -chosen["help_months"][:, kind].astype(float),
            "heaviest_stress": -chosen["stress"].mean(axis=1),
            "prevention": -((chosen["poor"] == 0) & (chosen["claims"] <= 2)).astype(float),
        }[self.plan.target]
        return rows[np.lexsort((tie, first))]

    def _start(
        self, households: Any, row: int, kind: int, month: int, lines: Any, books: Any
    ) -> None:
        h = households[row]
        h.help[kind] = hh.RUNNING
        h.help_months[kind] = 0
        h.helped = 1
        cents = self.price_cents(kind, 0)
        post(Till(lines[h.wijk], books[row if len(books) > 1 else 0]), HELP_COST, cents)
        self.rows.append(row)
        self.kinds.append(kind)
        self.starts.append(month)
        self.ends.append(-1)
        self.outcomes.append(hh.RUNNING)
        self.costs_cents.append(self.full_price_cents(kind))

    def extra_cents(
        self, households: Any, spent: NDArray[np.int64], month: int, parameters: Parameters
    ) -> NDArray[np.int64]:  # fmt: skip
        """Overhead on what was spent, and following each participant; cents per neighbourhood."""
        extra = (spent * parameters.value("help.overhead_share")).astype(np.int64)
        months = self.followed_months(parameters)
        followed = [r for r, s in zip(self.rows, self.starts, strict=True) if month - s < months]
        if followed:
            wijken = households["wijk"][np.unique(followed)]
            cents = self.following_cents(parameters)
            extra += np.bincount(wijken, minlength=len(extra)) * cents
        return extra

    def following_cents(self, parameters: Parameters) -> int:
        """Price of following one participant for a month."""
        yearly = parameters.value("help.monitoring_eur_per_year")
        return int(yearly * self.price_index * 100) // 12

    def followed_months(self, parameters: Parameters) -> int:
        """Months that a participant is followed."""
        return round(12 * parameters.value("help.monitoring_years"))


def begin(
    plan: Plan, where: NDArray[np.bool_], parameters: Parameters, price_index: float
) -> Course:
    """Start keeping track of a plan in a world; `where` tells which wijken it covers."""
    return Course(plan, help.compiled(plan.interventions, parameters), where, price_index)
