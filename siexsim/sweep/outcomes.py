"""What a sweep keeps of a run: money by payer and year, people, and neighbourhoods.

Everything is the world with the plan against the world without it, under the same draws.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.account import VIEWS, Account
from siexsim.census import MICRO
from siexsim.errors import UserError, did_you_mean
from siexsim.items import PAYERS
from siexsim.run import World

Floats = NDArray[np.float64]
_WITHIN: Final = re.compile(r"paid_back_(municipality|public|society)_within_(\d+)")
_LAST_YEAR: Final = slice(-12, None)


def outcomes_of(without: World, world: World, account: Account) -> dict[str, float]:
    """Outcomes of a run by name; not a number where there is nothing to tell."""
    return {
        **_money(account),
        **_people(without, world),
        **_neighbourhoods(without, world),
    }


def _money(account: Account) -> dict[str, float]:
    invested = float(account.invested.sum())
    returned = account.returned.sum(axis=0)
    found = {
        "invested_eur": invested,
        "watched_months": float(len(account.invested) - account.opens),
        **{f"returned_{payer}_eur": float(returned[k]) for k, payer in enumerate(PAYERS)},
    }
    for view in VIEWS:
        back = account.payback_months(view)
        found[f"payback_months_{view}"] = np.nan if back is None else float(back)
        found[f"end_eur_{view}"] = account.end_eur(view)
        found[f"deepest_eur_{view}"] = account.deepest_eur(view)
        since = account.balance[view][account.opens :]
        for year in range(1, len(since) // 12 + 1):
            found[f"balance_eur_{view}_year_{year}"] = float(since[12 * year - 1])
    return found


def _stress(world: World) -> Floats:
    """Stress of all households together, a mean over the domains, by month and wijk."""
    return np.asarray(world.census["stress"].mean(axis=2) / MICRO * world.weight, np.float64)


def _people(without: World, world: World) -> dict[str, float]:
    fewer = (without.census["poor_persons"] - world.census["poor_persons"]) * world.weight
    calmer = _stress(without) - _stress(world)
    return {
        "people_out_of_poverty": float(fewer[_LAST_YEAR].sum(axis=1).mean()),
        "poverty_years": float(fewer.sum() / 12),
        "stress_years": float(calmer.sum() / 12),
    }


def _neighbourhoods(without: World, world: World) -> dict[str, float]:
    """Per wijk, and whether poverty is spread more evenly over the wijken in the last year.

    `poverty_gap` is the spread over wijken (weighted standard deviation, in percentage points) of
    the share of people in poverty: with the plan minus without it, so below zero is more equal.
    """
    fewer = (without.census["poor_persons"] - world.census["poor_persons"]) * world.weight
    calmer = _stress(without) - _stress(world)
    found = {"poverty_gap": _spread(world) - _spread(without)}
    for k in np.flatnonzero(without.census["persons"].sum(axis=0)):
        found[f"poverty_years_wijk_{k}"] = float(fewer[:, k].sum() / 12)
        found[f"stress_years_wijk_{k}"] = float(calmer[:, k].sum() / 12)
    return found


def _spread(world: World) -> float:
    poor = world.census["poor_persons"][_LAST_YEAR].sum(axis=0).astype(float)
    people = world.census["base_persons"][_LAST_YEAR].sum(axis=0).astype(float)
    here = people > 0
    share = 100 * poor[here] / people[here]
    mean = np.average(share, weights=people[here])
    return float(np.sqrt(np.average((share - mean) ** 2, weights=people[here])))


def outcome(table: pd.DataFrame, name: str) -> Floats:
    """One outcome of every row of a table of runs.

    Beside the columns it knows ``paid_back_VIEW_within_YEARS``: 1 or 0, and not a number where
    the run was over before anybody could know.
    """
    within = _WITHIN.fullmatch(name)
    if within:
        return paid_back(table, within[1], int(within[2]))
    if name not in table:
        names = [c for c in table.columns if table[c].dtype.kind == "f"]
        known = [*names, *(f"paid_back_{view}_within_3" for view in VIEWS)]
        raise UserError(f"unknown outcome '{name}'{did_you_mean(name, known)}")
    return table[name].to_numpy(float)


def paid_back(table: pd.DataFrame, view: str, years: int) -> Floats:
    """Whether the balance was back at zero within so many years of the first investment.

    What counts is the first time after the deepest point, and a run sees only its own length: a
    balance that falls deeper after it wasn't back yet.
    """
    months = table[f"payback_months_{view}"].to_numpy(float)
    watched = table["watched_months"].to_numpy(float)
    back = np.where(months <= 12 * years, 1.0, 0.0)
    unknown = np.isnan(watched) | ((back == 0.0) & (watched < 12 * years))
    return np.where(unknown, np.nan, back)


def check_outcome(name: str) -> None:
    """Refuse an outcome that no run has, as far as its name tells."""
    within = _WITHIN.fullmatch(name)
    if within and int(within[2]) < 1:
        raise UserError(f"{name}: a horizon is at least a year")
    if not within and name.startswith("paid_back_"):
        raise UserError(
            f"unknown outcome '{name}'; such as paid_back_municipality_within_3 is right"
        )


def means(values: Floats, groups: Any) -> Floats:
    """Mean over the futures of each point; groups are numbered from 0."""
    count = np.bincount(groups)
    return np.asarray(np.bincount(groups, values) / count, np.float64)
