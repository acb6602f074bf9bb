"""SiexModel: the order of a month, and the check after it. The only file that knows Mesa.

Households live in a record array; a Mesa agent is a view of one record. Agents are made when
somebody asks for ``model.agents``; a run that asks for none pays for none.
"""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from siexsim import arrivals, census, coupling, help, items
from siexsim import household as hh
from siexsim.backdate import backdated
from siexsim.context import Month, month_context
from siexsim.course import Course
from siexsim.errors import UserError
from siexsim.household import Households, month_number
from siexsim.items import DIVIDED, HELP_COST
from siexsim.ledger import Ledger
from siexsim.parameters import Parameters
from siexsim.place import Place, load_place
from siexsim.plan import Plan
from siexsim.population import Population, synthesise
from siexsim.rules.month import live_rows
from siexsim.shocks import Shock
from siexsim.twins import part_ways

BURN_IN_MONTHS = 36  # stress and debts settle in this time; spells come settled from the synthesis
NOBODY = help.compiled([], Parameters.packaged())


class Household(mesa.Agent):
    """One household, seen through its record: every field of the record is an attribute."""

    def __init__(self, model: SiexModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    def __getattr__(self, name: str) -> Any:
        # only asked where ordinary look-up fails, so Mesa's own attributes stay Mesa's
        if name in hh.HOUSEHOLD.fields:  # type: ignore[operator]
            return self.__dict__["model"].households[self.__dict__["row"]][name]
        raise AttributeError(f"a household has no '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in hh.HOUSEHOLD.fields:  # type: ignore[operator]
            self.model.households[self.row][name] = value
        else:
            super().__setattr__(name, value)

    @property
    def wijk_name(self) -> str:
        """Name of the neighbourhood."""
        return str(self.model.place.wijken[self.wijk])

    def step(self) -> None:
        """Live this month; when the last household has, the month closes."""
        self.model.live_one(self.row)


class SiexModel(mesa.Model):
    """Households of a municipality, month by month, with or without a plan.

    Parameters
    ----------
    place
        Name of a packaged place, or a `Place`.
    sample
        Simulate one in so many households; each stands for `sample` of them.
    rng
        Seed of all draws; the same seed gives the same lives.
    plan
        What is invested; None is the world without a plan.
    parameters
        Numbers to use; by default the packaged ones.
    start
        First month, such as "2022-01".
    settled
        Households that have been through a burn-in already (see `settle`); copied.
    keep_books
        Keep the running sums of every household as well as of every neighbourhood.
    shocks
        What happens to everybody at once.

    Examples
    --------
    >>> model = SiexModel(sample=500, rng=1)
    >>> model.step()
    >>> model.counted("households") * 500 > 130_000
    True
    """

    def __init__(
        self,
        place: str | Place = "groningen",
        sample: int = 100,
        rng: int | None = 1,
        plan: Plan | None = None,
        parameters: Parameters | None = None,
        start: str = "2022-01",
        settled: Households | None = None,
        keep_books: bool = False,
        ranking: tuple[str, ...] = (),
        shocks: tuple[Shock, ...] = (),
    ) -> None:
        seed = 1 if rng is None else int(rng)
        super().__init__(rng=seed)
        self.place = load_place(place) if isinstance(place, str) else place
        self.parameters = parameters or Parameters.packaged()
        self.values = self.parameters.compiled()
        self.seed = seed
        self.shocks = shocks
        self.start = self.month = month_number(start)
        if settled is None:
            settled = settle(self.place, self.parameters, seed, sample)
        self.sample = int(settled["weight"][0])
        self._people = hh.Growing(settled)
        self._books = hh.Growing(items.lines(len(settled) if keep_books else 1))
        self.households = self._people.records
        self.books = self._books.records
        self.rows = np.flatnonzero(hh.present(settled)).astype(np.int64)
        self.here = np.bincount(settled["wijk"], minlength=len(self.place.wijken)) > 0
        self.movers = arrivals.movers(settled, self.place.wijk_codes, self.start, self.parameters)
        self.course = self._begin(plan, ranking)
        self.lines_by_month: list[NDArray[np.int64]] = []
        self.census_by_month: list[Any] = []
        self._lived: NDArray[np.bool_] | None = None
        self.datacollector = mesa.DataCollector(model_reporters=_REPORTERS)

    def _begin(self, plan: Plan | None, ranking: tuple[str, ...]) -> Course | None:
        if plan is None:
            return None
        if month_number(plan.start) < self.start:
            raise UserError(f"the plan starts ({plan.start}) before the run does")
        opening = month_context(month_number(plan.start), self.seed, self.parameters)
        return Course(
            plan, self.place, self.parameters, self.seed, opening.price_index, self.sample, ranking
        )

    # ---- a month -----------------------------------------------------------------------------

    def step(self) -> None:
        """One month of all households: context, help, their lives, then what goes on between."""
        self._open_month()
        self._live_all()
        self._close_month()

    def live_one(self, row: int) -> None:
        """Let one household live the present month; opens and closes the month around them all."""
        if self._lived is None:
            self._open_month()
            self._lived = np.ones(len(self.households), np.bool_)
            self._lived[self.rows] = False
        if self._lived[row]:
            raise RuntimeError(f"household {row} has lived {hh.month_text(self.month)} already")
        self._lived[row] = True
        self._live(np.array([row], np.int64))
        if self._lived.all():
            self.rows = np.flatnonzero(hh.present(self.households)).astype(np.int64)
            asked = (self.households["leaving_child"] >= 0) | (self.households["separating"] == 1)
            self.events = self.rows[asked[self.rows]]
            self._lived = None
            self._close_month()

    def _open_month(self) -> None:
        self.context = self.alone = month_context(
            self.month, self.seed, self.parameters, shocks=self.shocks
        )
        self.lines = items.lines(len(self.place.wijken))
        self.census = census.census(len(self.place.wijken))
        if self.course is not None:
            self._give_help(self.course)

    def _give_help(self, course: Course) -> None:
        """What the plan does this month, and what it leaves of homes and jobs for others."""
        course.follow(self.households, self.month)
        here, homes, find, shares = 0.0, 0.0, 1.0, self.values.help
        if course.takes_homes(self.month):
            here, homes = coupling.expected_homes(
                self.households, self.rows, course.open, self.values, self.context
            )
        if shares.jobs_taken_share > 0:
            total, extra = coupling.expected_jobs(
                self.households, self.rows, self.values, self.context
            )
            find = coupling.left_over(total - extra, extra, shares.jobs_taken_share)
        left = coupling.left_over(homes, course.homes_given, shares.homes_taken_share)
        self.context = self.context._replace(
            help_index=course.price_index, find=self.context.find * find,
            rehousing=self.context.rehousing * left,
        )  # fmt: skip
        course.open_month(
            self.households, self.rows, self.books, self.lines, self.values, self.month, here
        )

    def _live(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        stay, events = np.empty_like(rows), np.empty_like(rows)
        helps = NOBODY if self.course is None else self.course.helps
        staying, eventful, unsound = live_rows(
            self.households, rows, self.books, self.lines, self.census, self.values,
            self.context, helps, stay, events,
        )  # fmt: skip
        if unsound >= 0:
            raise AssertionError(
                f"household {self.households[unsound]['id']} broke an invariant in "
                f"{hh.month_text(self.month)}"
            )
        return stay[:staying], events[:eventful]

    def _live_all(self) -> None:
        self.rows, self.events = self._live(self.rows)

    def _close_month(self) -> None:
        if self.course is not None:
            spent = self.lines["cents"][:, HELP_COST]
            spent += self.course.extra_cents(self.households, spent, self.month)
            if self.course.twins is not None:
                self.course.twins.live(self.values, self.alone, NOBODY, self.seed, self.parameters)
        self.month += 1
        self._welcome()
        self.lines_by_month.append(self.lines["cents"])
        self.census_by_month.append(self.census)
        self._keep_agents()
        self.datacollector.collect(self)

    def _welcome(self) -> None:
        """Households that begin this month join the place; its total follows the published path."""
        month = self.month
        *begun, parting = part_ways(self.households, self.events, self.seed, month, self.parameters)
        growth = self.parameters.value("population.household_growth_per_year")
        wanted = arrivals.thin(self.place.households_at(month, growth), self.sample)
        here = self.census["staying"].copy()
        for new in begun:
            here += np.bincount(new["wijk"], minlength=len(wanted))
        begun.append(
            arrivals.move_in(
                self.movers,
                np.maximum(wanted - here, 0) * self.here,
                self.seed,
                month,
                self.context.price_index,
            )
        )
        first = len(self.households)
        self._people.extend(np.concatenate(begun))
        self.households = self._people.records
        self.rows = np.concatenate([self.rows, np.arange(first, len(self.households))])
        if len(self.books) > 1:
            self._books.extend(items.lines(len(self.households) - first))
            self.books = self._books.records
            parted = np.arange(len(parting)) + first + len(begun[0])
            self.books["cents"][parted, DIVIDED] += begun[1]["savings"]
            self.books["cents"][parting, DIVIDED] -= begun[1]["savings"]

    # ---- what is seen of it ------------------------------------------------------------------

    def counted(self, name: str) -> int:
        """A count of the last month, over all neighbourhoods; see `siexsim.census`."""
        return int(self.census_by_month[-1][name].sum()) if self.census_by_month else 0

    def ledger(self) -> Ledger:
        """The money of all months so far, each household weighted for those it stands for."""
        cents = np.array(self.lines_by_month) * self.sample
        return Ledger(self.start, self.place.wijken, cents)

    def _keep_agents(self) -> None:
        if Household not in self.agent_types:
            return
        known = {agent.row: agent for agent in super().agents}
        now = set(self.rows.tolist())
        for row, agent in known.items():
            if row not in now:
                agent.remove()
        for row in sorted(now - known.keys()):
            Household(self, row)

    def _make_agents(self) -> None:
        if Household not in self.agent_types:
            Household.create_agents(self, len(self.rows), self.rows.tolist())

    @property
    def agents(self) -> Any:
        """All households as Mesa agents; made at the first look."""
        self._make_agents()
        return super().agents

    @property
    def agents_by_type(self) -> Any:
        """Agents by class; made at the first look."""
        self._make_agents()
        return super().agents_by_type


_REPORTERS = {
    "month": lambda model: hh.month_text(model.month - 1),
    "households": lambda model: model.counted("households") * model.sample,
    "people_in_poverty": lambda model: model.counted("poor_persons") * model.sample,
    "poor_households": lambda model: model.counted("poor_households") * model.sample,
    "welfare_households": lambda model: model.counted("welfare_households") * model.sample,
    "problematic_debt_households": lambda model: (
        model.counted("problematic_debt_households") * model.sample
    ),
}


def settle(
    place: Place,
    parameters: Parameters,
    seed: int,
    sample: int = 1,
    months: int = BURN_IN_MONTHS,
    made: Population | None = None,
    only: NDArray[np.bool_] | None = None,
    start: str = "2022-01",
) -> Households:
    """Make the households of the place and let them live until spells, debts and stress settle.

    Nobody is born, moves or dies in these months, so the fit to the margins stays. `made` is
    the population to start from, by default that of the seed. With `only`, the households of
    those neighbourhoods alone; they live as they do among all others. An earlier `start` has the
    households of 2022, see `siexsim.backdate`.
    """
    first = month_number(start)
    made = made or synthesise(place, seed, parameters, sample)
    households = made.households
    households = households.copy() if only is None else households[only[households["wijk"]]]
    burn_in(households, len(place.wijken), parameters, seed, months, first)
    prices = month_context(first, seed, parameters).price_index
    return backdated(households, place, first, seed, prices)


def burn_in(
    households: Households, wijken: int, parameters: Parameters, seed: int, months: int,
    start: int = month_number("2022-01"),
) -> Households:  # fmt: skip
    """Let households live `months` months at the norms of 2022, in place.

    Their draws are those of the months before `start`; ages stand still.
    """
    households["kids"] = hh.children(households)
    rows = np.flatnonzero(hh.present(households)).astype(np.int64)
    stay, events = np.empty_like(rows), np.empty_like(rows)
    values = parameters.compiled()
    context: Month = month_context(month_number("2022-01"), seed, parameters, burn_in=True)
    for ago in range(months, 0, -1):
        lines, counts = items.lines(wijken), census.census(wijken)
        live_rows(
            households, rows, items.lines(1), lines, counts, values,
            context._replace(drawn=start - ago), NOBODY, stay, events,
        )  # fmt: skip
    return households


__all__ = ["Household", "SiexModel", "burn_in", "settle"]
