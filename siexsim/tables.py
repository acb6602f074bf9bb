"""All tables of a result, made from what a run brought; nothing is counted anew elsewhere."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from siexsim import grex, returns
from siexsim.account import VIEWS, Account
from siexsim.household import month_text
from siexsim.items import PAYERS
from siexsim.monitoring import monitoring_table
from siexsim.participants import participants_table, reach_table
from siexsim.photo import WORLDS, months_table, photo_table, wijkfoto_table
from siexsim.population import Population
from siexsim.run import Outcome, World, future_parameters, made_households
from siexsim.spread import afterwards, classes_table, relapse_table, spread_table
from siexsim.worlds import context_table

QUANTILES: Final = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
# About the municipality; about a plan's money; about who took part and what measuring says.
PLACE_TABLES: Final = ("photo", "months", "wijkfoto", "context", "ledger", "fit")
MONEY_TABLES: Final = (
    "account", "futures", "bands", "figures", "figure_bands", "landing", "from_ledger",
    "revisions", "closing", "brought_forward",
)  # fmt: skip
PEOPLE_TABLES: Final = (
    "participants", "reach", "spread", "classes", "afterwards", "relapse", "monitoring",
    "decisions",
)  # fmt: skip
TABLES: Final = (*PLACE_TABLES, *MONEY_TABLES, *PEOPLE_TABLES)


def households_of(outcome: Outcome) -> Population:
    """The households of the start; made already in this process, so quick."""
    return made_households(outcome.scenario, outcome.place)


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """All tables of a result by name; those about a plan are empty where there is none."""
    place = outcome.place
    worlds = {"without": outcome.without}
    if outcome.with_plan is not None:
        worlds["with"] = outcome.with_plan
    made = {
        "photo": photo_table(worlds, place),
        "months": months_table(worlds),
        "wijkfoto": wijkfoto_table(worlds, place),
        "context": context_table(outcome),
        "ledger": ledger_table(worlds),
        "fit": households_of(outcome).fit,
    }
    made |= {name: pd.DataFrame({"month": []}) for name in (*MONEY_TABLES, *PEOPLE_TABLES)}
    if outcome.account is not None and outcome.with_plan is not None:
        made |= money_tables(outcome, outcome.account)
        made |= people_tables(outcome, outcome.with_plan)
    return made


def money_tables(outcome: Outcome, account: Account) -> dict[str, pd.DataFrame]:
    """The account of a plan, from every side."""
    return {
        "account": account.frame(),
        "futures": futures_table(outcome),
        "bands": bands_table(outcome),
        "figures": returns.figures_table(account),
        "figure_bands": returns.figures_over_futures([one.account for one in outcome.futures]),
        "landing": returns.landing_table(account),
        "from_ledger": returns.from_ledger(account),
        "revisions": grex.revisions_table(account),
        "closing": grex.closing_table(account),
        "brought_forward": grex.brought_forward_table(account),
    }


def people_tables(outcome: Outcome, world: World) -> dict[str, pd.DataFrame]:
    """Who took part, what came of it, and what measuring would say of it."""
    parameters = future_parameters(outcome.scenario, 0)
    participants = participants_table(outcome)
    return {
        "participants": participants,
        "reach": reach_table(world, outcome.place),
        "spread": spread_table(participants, parameters, outcome.scenario.seed),
        "classes": classes_table(participants),
        "afterwards": afterwards(participants),
        "relapse": relapse_table(participants),
        "monitoring": monitoring_table(world, outcome.trial),
        "decisions": decisions_table(world),
    }


def decisions_table(world: World) -> pd.DataFrame:
    """What a plan decided on what it measured; one row a decision."""
    decided = world.course.decisions if world.course is not None else []
    rows = [
        (month_text(one.month), one.what, one.about, one.value, one.people, one.yes)
        for one in decided
    ]
    return pd.DataFrame(rows, columns=["month", "what", "about", "value", "people", "yes"])


def ledger_table(worlds: dict[str, World]) -> pd.DataFrame:
    """All lines of money of the worlds of a run."""
    parts = {name: world.ledger.frame() for name, world in worlds.items()}
    table = pd.concat(parts.values(), ignore_index=True)
    names = np.repeat(list(parts), [len(part) for part in parts.values()])
    table["world"] = pd.Categorical(names, list(WORLDS))
    return table


def futures_table(outcome: Outcome) -> pd.DataFrame:
    """One row a future; payback is not a number where the balance doesn't come back."""
    columns = ["number", "seed", "invested_eur", *(f"returned_{p}_eur" for p in PAYERS)]
    for view in VIEWS:
        columns += [f"payback_months_{view}", f"deepest_eur_{view}", f"end_eur_{view}"]
    rows = []
    for future in outcome.futures:
        account = future.account
        row: list[Any] = [future.number, future.seed, float(account.invested.sum())]
        row += account.returned.sum(axis=0).tolist()
        for view in VIEWS:
            back = account.payback_months(view)
            row += [np.nan if back is None else float(back)]
            row += [account.deepest_eur(view), account.end_eur(view)]
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)


def bands_table(outcome: Outcome) -> pd.DataFrame:
    """Balance per month and view: the middle of all futures and the band of 8 in 10."""
    parts = [pd.DataFrame({"month": [], "view": [], **{key: [] for key in QUANTILES}})]
    for view in VIEWS if outcome.futures else ():
        balances = np.array([future.account.balance[view] for future in outcome.futures])
        low, middle, high = np.quantile(balances, list(QUANTILES.values()), axis=0)
        start = outcome.without.start
        months = [month_text(start + k) for k in range(len(middle))]
        parts.append(
            pd.DataFrame({"month": months, "view": view, "p10": low, "p50": middle, "p90": high})
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)
