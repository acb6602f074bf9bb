"""A plan: which help, where, when, for whom and for how much; frozen, as its file says it.

How it fares in a world is ``course.py``. Plans compose:

>>> plan = Plan(mix={"debt_relief": 1.0}, budget_eur_per_year=500_000)
>>> plan.starting_in("Noordoost").then_to("Noordwest", start="2024-07").all_wijken
('Noordoost', 'Noordwest')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from siexsim.errors import UserError, did_you_mean
from siexsim.household import MAX_INTERVENTIONS, month_number
from siexsim.interventions import packaged_interventions

Target = Literal["first_come", "heaviest_stress", "prevention", "highest_return"]
Allocation = Literal["fixed", "learning", "perfect"]
Design = Literal["none", "before_after", "matched", "trial"]
Payer = Literal["state", "insurer", "corporation", "uwv", "private"]

_DATE: Final = r"^\d{4}-(0[1-9]|1[0-2])$"
_MOST_EUR: Final = 1e9
Date = Annotated[str, Field(pattern=_DATE)]
Year = Annotated[str, Field(pattern=r"^\d{4}$")]
# strict: neither true nor a text between quotes is a number
Number = Annotated[float, Field(strict=True)]
Euros = Annotated[float, Field(ge=0, le=_MOST_EUR, allow_inf_nan=False, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Go(_Part):
    """Rule by which a stage opens: what was measured so far is at least so much.

    `measured` is "return_per_euro" (public euros a year per euro of help), "stress" (fall of mean
    stress, 0 to 1), "out_of_poverty" or "completed" (shares of participants).
    """

    measured: Literal["return_per_euro", "stress", "out_of_poverty", "completed"]
    at_least: float = Field(allow_inf_nan=False, strict=True)


class Stage(_Part):
    """Neighbourhoods that a plan comes to at a date, if its rule says so then or in a later year.

    `budget_eur_per_year`, where given, is the plan's budget from then on.
    """

    wijken: tuple[str, ...] = Field(min_length=1)
    start: Date
    go: Go | None = None
    budget_eur_per_year: Euros | None = None


class BringForward(_Part):
    """Money of a later year that is spent in an earlier one (B2)."""

    from_year: Year
    to_year: Year
    eur: Euros

    @model_validator(mode="after")
    def _is_forward(self) -> BringForward:
        if self.to_year >= self.from_year:
            raise ValueError(
                f"money is brought forward from {self.from_year} to {self.to_year}; "
                "that must be an earlier year"
            )
        return self


class Agreement(_Part):
    """What another payer agreed: its share of the investment, and of its own gain it pays in."""

    pays_share: Share = 0.0
    returns_share: Share = 0.0


class Monitoring(_Part):
    """How the plan measures what it does: a design, for how many, for how long.

    A trial lets as many wait as start, by lot, until `followed` of each are in it.
    """

    design: Design = "matched"
    followed: int = Field(default=400, ge=1, le=100_000, strict=True)
    months: int = Field(default=12, ge=6, le=36, strict=True)


class Plan(_Part):
    """What is invested, in whom and where. Shares of the mix sum to one.

    `budget_by_year` replaces the yearly budget in the years it names. `capacity` is how many
    courses of an intervention run at once. `revolving_share` is the part of the measured return
    that is invested again (B7).
    """

    mix: dict[str, Number]
    budget_eur_per_year: Euros
    budget_by_year: dict[Year, Euros] = {}
    bring_forward: tuple[BringForward, ...] = ()
    start: Date = "2022-07"
    end: Date = "2026-06"
    wijken: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    target: Target = "first_come"
    capacity: dict[str, Count] = {}
    allocation: Allocation = "fixed"
    monitoring: Monitoring = Monitoring()
    revolving_share: Share = 0.0
    cofinancing: dict[Payer, Agreement] = {}
    extension_years: int = Field(default=0, ge=0, le=10, strict=True)

    @field_validator("mix")
    @classmethod
    def _is_a_mix(cls, mix: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        if not mix:
            raise ValueError("a mix names at least one intervention")
        if len(mix) > MAX_INTERVENTIONS:
            raise ValueError(
                f"the mix names {len(mix)} interventions; at most {MAX_INTERVENTIONS} are possible"
            )
        _check_names(mix, info)
        for name, share in mix.items():
            if not 0 <= share <= 1:
                raise ValueError(
                    f"the share of '{name}' is {share:g}; a share lies between 0 and 1"
                )
        if abs(sum(mix.values()) - 1) > 1e-6:
            raise ValueError(f"the shares sum to {sum(mix.values()):g}; they must sum to 1")
        return mix

    @field_validator("capacity")
    @classmethod
    def _are_known(cls, capacity: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        _check_names(capacity, info)
        return capacity

    @model_validator(mode="after")
    def _is_in_order(self) -> Plan:
        if self.end < self.start:
            raise ValueError(f"the plan ends ({self.end}) before it starts ({self.start})")
        for name in self.capacity:
            if name not in self.mix:
                raise ValueError(f"capacity names '{name}', which isn't in the mix")
        shared = sum(one.pays_share for one in self.cofinancing.values())
        if shared > 1:
            raise ValueError(f"co-financers pay {shared:g} of the costs; at most 1 is possible")
        self._check_stages()
        self._check_years()
        if self.needs_books and self.allocation != "perfect" and not self.measures:
            raise ValueError("this plan decides on what is measured; it needs a design to measure")
        return self

    def check_sample(self, sample: int) -> None:
        """Refuse a capacity that a sample of one in so many households can't show."""
        for name, most in self.capacity.items():
            if 0 < most < sample:
                raise UserError(
                    f"capacity.{name} is {most}, but each simulated household stands for {sample}; "
                    f"take a sample of one in {most} or less"
                )

    def _check_stages(self) -> None:
        if self.stages and self.wijken:
            raise ValueError("a plan has 'wijken' or 'stages', not both")
        for before, stage in zip(self.stages, self.stages[1:], strict=False):
            if stage.start < before.start:
                raise ValueError(f"a stage starts ({stage.start}) before the one it follows")
        for number, stage in enumerate(self.stages, 1):
            if not self.start <= stage.start <= self.end:
                raise ValueError(
                    f"stage {number} starts in {stage.start}; it must start within the plan, "
                    f"{self.start} to {self.end}"
                )
        if self.stages and self.stages[0].go is not None:
            raise ValueError("the first stage has a 'go' rule, but nothing is measured before it")

    def _check_years(self) -> None:
        for year in self.budget_by_year:
            if not self.months_in(int(year)):
                raise ValueError(
                    f"budget_by_year names {year}; the plan runs from {self.start} to {self.end}"
                )
        needed: dict[str, float] = {}
        for one in self.bring_forward:
            needed[one.from_year] = needed.get(one.from_year, 0.0) + one.eur
            if not self.months_in(int(one.to_year)):
                raise ValueError(f"money is brought forward to {one.to_year}, outside the plan")
        for year, eur in needed.items():
            # a stage may have put less in place of the budget by then
            others = (one.budget_eur_per_year for one in self.stages if one.start[:4] <= year)
            least = min(self.year_budget_eur(int(year), other) for other in (None, *others))
            if eur > least + 0.5:
                raise ValueError(
                    f"{eur:.0f} is brought forward from {year}, whose budget is {least:.0f}"
                )

    @property
    def interventions(self) -> list[str]:
        """Names of the interventions in the mix, in a fixed order."""
        return sorted(self.mix)

    @property
    def all_wijken(self) -> tuple[str, ...]:
        """Neighbourhoods of all stages; empty means everywhere."""
        if self.stages:
            return tuple(dict.fromkeys(name for stage in self.stages for name in stage.wijken))
        return self.wijken

    @property
    def needs_books(self) -> bool:
        """Whether what happens depends on following single households."""
        by_stage = any(stage.go and stage.go.measured != "completed" for stage in self.stages)
        trial = self.monitoring.design == "trial"
        return self.allocation != "fixed" or self.revolving_share > 0 or by_stage or trial

    @property
    def measures(self) -> bool:
        """Whether the plan follows participants and others to learn what help does."""
        return self.monitoring.design != "none"

    def months_in(self, year: int) -> int:
        """Months of a calendar year in which the plan takes people."""
        first, last = month_number(self.start), month_number(self.end)
        january = (year - 1900) * 12
        return max(0, min(last, january + 11) - max(first, january) + 1)

    def year_budget_eur(self, year: int, yearly_eur: float | None = None) -> float:
        """Budget of one calendar year before bringing forward; a part year has its part."""
        usual = self.budget_eur_per_year if yearly_eur is None else yearly_eur
        if str(year) in self.budget_by_year:
            return self.budget_by_year[str(year)] if self.months_in(year) else 0.0
        return usual * self.months_in(year) / 12

    def month_budget_eur(self, month: int, yearly_eur: float | None = None) -> float:
        """Budget that comes free in one month, money brought forward included.

        Parameters
        ----------
        month
            Months since 1900-01.
        yearly_eur
            What a stage put in place of the plan's yearly budget.
        """
        year = 1900 + month // 12
        if not month_number(self.start) <= month <= month_number(self.end):
            return 0.0
        whole = self.year_budget_eur(year, yearly_eur)
        for one in self.bring_forward:
            whole += one.eur * ((one.to_year == str(year)) - (one.from_year == str(year)))
        return whole / self.months_in(year)

    def budget_to_date_eur(self, month: int) -> float:
        """Budget that came free up to and including this month, as planned at the start."""
        first = month_number(self.start)
        return sum(self.month_budget_eur(k) for k in range(first, month + 1))

    def starting_in(self, *wijken: str, start: str | None = None) -> Plan:
        """The same plan, beginning in these neighbourhoods."""
        first = Stage(wijken=wijken, start=start or self.start)
        return self.changed(wijken=(), stages=(first,))

    def then_to(
        self, *wijken: str, start: str, go: Mapping[str, Any] | Go | None = None,
        budget_eur_per_year: float | None = None,
    ) -> Plan:  # fmt: skip
        """The same plan, going on to these neighbourhoods at a date, if a rule says so."""
        if not self.stages:
            if not self.wijken:
                raise UserError("this plan is everywhere already; first say starting_in(...)")
            return self.starting_in(*self.wijken).then_to(
                *wijken, start=start, go=go, budget_eur_per_year=budget_eur_per_year
            )
        rule = Go(**go) if isinstance(go, Mapping) else go
        more = Stage(wijken=wijken, start=start, go=rule, budget_eur_per_year=budget_eur_per_year)
        return self.changed(stages=(*self.stages, more))

    def changed(self, **changes: Any) -> Plan:
        """The same plan with some parts replaced, checked anew."""
        content = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate(
            {**content, **changes},
            context={"interventions": [*self.mix, *packaged_interventions()]},
        )


def _check_names(names: Iterable[str], info: ValidationInfo) -> None:
    # a scenario may bring interventions of its own
    known = (info.context or {}).get("interventions") or packaged_interventions()
    for name in names:
        if name not in known:
            raise ValueError(f"unknown intervention '{name}'{did_you_mean(name, known)}")
