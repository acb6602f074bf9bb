"""What one future says about the council's questions, as plain figures by name.

Counts are of all households that a sample stands for; shares and means are of those simulated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import household as hh
from siexsim.household import DOMAINS, GROUPS, month_number
from siexsim.items import HELP_CLAIM_PAID, HELP_COST, HOUSEHOLD_PAYER, PAYERS, PUBLIC
from siexsim.monitoring import monitoring_table
from siexsim.participants import FAR, participants_table, reach_table
from siexsim.protected import packaged_rules
from siexsim.run import Outcome, World, future_parameters
from siexsim.spread import afterwards, relapse_table, returns_eur, spread

SOON_MONTHS: Final = 12  # a mark: what came of help within a year (Q1, Q7)
LATER_MONTHS: Final = 24  # a mark: what help added to what would have happened anyway (Q4)
LAST_MONTHS: Final = 60  # a mark: what became of returns (Q2)
PUBLIC_PAYERS: Final = tuple(PAYERS[k] for k in PUBLIC)
REACH: Final = tuple(FAR)
YEAR: Final = 12


def figures_of(outcome: Outcome, settled: Any) -> dict[str, float]:
    """All figures of one future but those of its account.

    Parameters
    ----------
    outcome
        The worlds without and with the plan, in the neighbourhoods that it covers.
    settled
        The households of these neighbourhoods at the start of the run.
    """
    world, account = outcome.with_plan, outcome.account
    assert world is not None and world.course is not None and account is not None
    found = photo_figures(outcome, world) | reach_figures(outcome, world, settled)
    people = participants_table(outcome)
    if len(people) == 0:
        return found | {"participants": 0.0}
    first = people[people["course"] == 1]
    found["participants"] = float(len(first) * world.weight)
    found["courses"] = float(len(people) * world.weight)
    invested = float(account.invested.sum())
    for name, eur in (
        ("invested", invested),
        ("public", float(account.returned[:, list(PUBLIC)].sum())),
        ("municipality", float(account.returned[:, 0].sum())),
        ("household", float(account.returned[:, HOUSEHOLD_PAYER].sum())),
    ):
        found[f"{name}_per_household_eur"] = eur / found["participants"]
    found |= effect_figures(first) | group_figures(people, first, world.weight)
    found |= turning_figures(people, world.weight) | spread_figures(outcome, people)
    found |= level_figures(outcome, world, people) | study_figures(world, outcome.trial)
    found["measuring_eur"] = world.course.measuring_cents / 100
    found["measuring_share"] = found["measuring_eur"] / invested
    return found


# --- Neighbourhoods -----------------------------------------------------------------------------


def _covered(outcome: Outcome) -> NDArray[np.bool_]:
    plan = outcome.scenario.plan
    return outcome.place.covering(plan.all_wijken if plan else ())


def _people(world: World, name: str, wijken: NDArray[np.bool_]) -> NDArray[np.float64]:
    counted: NDArray[np.float64] = world.census[name][:, wijken].sum(axis=1).astype(np.float64)
    return counted * world.weight


def photo_figures(outcome: Outcome, world: World) -> dict[str, float]:
    """What the photo of the neighbourhoods shows without and with the plan."""
    wijken, plan = _covered(outcome), outcome.scenario.plan
    assert plan is not None
    begins = month_number(plan.start) - world.start
    found: dict[str, float] = {}
    for name in ("poor_persons", "poor_households", "debt_arrangements", "welfare_households"):
        without, other = _people(outcome.without, name, wijken), _people(world, name, wijken)
        found |= {
            f"{name}_before": without[begins],
            f"{name}_without": without[-YEAR:].mean(),
            f"{name}_with": other[-YEAR:].mean(),
            f"{name}_change": (other - without)[-YEAR:].mean(),
        }
        if begins + SOON_MONTHS < len(without):
            found[f"{name}_soon_change"] = (other - without)[begins + SOON_MONTHS]
    years = _people(outcome.without, "poor_persons", wijken)[::YEAR]
    found["wobble"] = float(np.abs(np.diff(years)).mean()) if len(years) > 1 else np.nan
    return {name: float(value) for name, value in found.items()}


def level_figures(outcome: Outcome, world: World, people: pd.DataFrame) -> dict[str, float]:
    """The same return twice: summed over participants, and as the neighbourhood's books say."""
    booked = world.ledger.minus(outcome.without.ledger).by_payer().sum(axis=1) / 100
    booked[:, (HELP_COST, HELP_CLAIM_PAID)] = 0.0
    in_books = float(booked.sum(axis=(0, 1))[list(PUBLIC)].sum())
    columns = [f"returned_{payer}_eur" for payer in PUBLIC_PAYERS]
    through = float(people[columns].to_numpy().sum()) * world.weight
    return {
        "level_books_eur": in_books,
        "level_participants_eur": through,
        "level_others_eur": in_books - through,
    }


# --- Reach --------------------------------------------------------------------------------------


def reach_figures(outcome: Outcome, world: World, settled: Any) -> dict[str, float]:
    """How far help came, by group; and among the poor whom no counter knew at the start (Q6)."""
    table = reach_table(world, outcome.place)
    whole = table[table["wijk"] == outcome.place.name].set_index("group")
    found = {
        f"reach_{group}_{step}": float(whole.loc[group, step])  # type: ignore[arg-type]
        for group in GROUPS[1:]
        for step in REACH
    }
    before, after = np.asarray(settled), np.asarray(world.households)
    poor = (before["poor"] == 1) & (before["student"] == 0) & (before["state"] == hh.PRESENT)
    poor &= _covered(outcome)[before["wijk"]]
    unknown = (before["on_welfare"] == 0) & (before["debt_state"] == hh.NO_DEBT)
    order = np.argsort(after["id"], kind="stable")
    for name, who in (("hidden", poor & unknown), ("known", poor & ~unknown)):
        rows = order[np.searchsorted(after["id"][order], before["id"][who])]
        found[f"{name}_all"] = float(who.sum() * world.weight)
        for step, bit in FAR.items():
            found[f"{name}_{step}"] = float(((after["met"][rows] & bit) > 0).sum() * world.weight)
    everybody = found["hidden_all"] + found["known_all"]
    found["hidden_share"] = found["hidden_all"] / everybody if everybody else np.nan
    for name in ("hidden", "known"):
        whole_group = found[f"{name}_all"]
        found[f"{name}_started_share"] = (
            found[f"{name}_started"] / whole_group if whole_group else np.nan
        )
    return found


# --- Participants and their twins ---------------------------------------------------------------


def _stress(people: pd.DataFrame, prefix: str, months: int) -> pd.Series[float]:
    names = [f"{prefix}stress_{domain}_{months}_months" for domain in DOMAINS]
    return people[names].mean(axis=1, skipna=False)


def _flags(people: pd.DataFrame, name: str, months: int) -> pd.Series[float]:
    return people[f"{name}_{months}_months"].astype("Float64").astype(float)


def _gain(people: pd.DataFrame, payers: Iterable[str], months: int) -> pd.Series[float]:
    names = [f"gain_{payer}_{months}_months_eur" for payer in payers]
    return people[names].sum(axis=1, skipna=False)


def effect_figures(first: pd.DataFrame) -> dict[str, float]:
    """Participants beside their twins, some time after their first help began."""
    found: dict[str, float] = {}
    for months in (SOON_MONTHS, LATER_MONTHS):
        own, twin = _stress(first, "", months), _stress(first, "twin_", months)
        start = _stress(first, "", 0)
        yearly = YEAR / months
        found |= {
            f"stress_fall_{months}": (twin - own).mean(),
            f"stress_own_fall_{months}": (start - own).mean(),
            f"stress_twin_fall_{months}": (start - twin).mean(),
            f"gain_public_{months}": _gain(first, PUBLIC_PAYERS, months).mean() * yearly,
            f"gain_household_{months}": _gain(first, ("household",), months).mean(),
        }
        for name in ("poor", "welfare"):
            own, twin = _flags(first, name, months), _flags(first, f"twin_{name}", months)
            was = (_flags(first, name, 0) == 1) & own.notna()
            found |= {
                f"{name}_then": float(was.mean()),
                f"{name}_then_{months}_people": float(was.sum() * first["weight"].iloc[0]),
                f"{name}_left_own_{months}": (1 - own[was]).mean(),
                f"{name}_left_twin_{months}": (1 - twin[was]).mean(),
                f"{name}_left_extra_{months}": (twin - own)[was].mean(),
            }
    return {name: float(value) for name, value in found.items()}


def group_figures(people: pd.DataFrame, first: pd.DataFrame, weight: int) -> dict[str, float]:
    """How many of each group took part, and what help did for them (Q5)."""
    returned = returns_eur(people)["return_eur"]
    fall = _stress(first, "twin_", SOON_MONTHS) - _stress(first, "", SOON_MONTHS)
    found: dict[str, float] = {}
    for group in GROUPS[1:]:
        mine = first["group"].astype(str) == group
        gains = returned[first.loc[mine, "household"]]
        largest, whole = gains.abs().max(), gains.abs().sum()
        found |= {
            f"group_{group}_participants": float(mine.sum() * weight),
            f"group_{group}_stress_fall": float(fall[mine].mean()),
            f"group_{group}_public_eur": float(gains.mean()),
            f"group_{group}_dominated": float(largest > packaged_rules().largest_share * whole),
        }
    return found


def turning_figures(people: pd.DataFrame, weight: int) -> dict[str, float]:
    """How help ended, and what became of returns that were there after two years (Q2)."""
    ends = relapse_table(people)[["courses", "completed", "dropped", "relapsed"]].sum()
    found = {
        "dropped_share": float(ends["dropped"] / ends["courses"]),
        "relapsed_share": float(ends["relapsed"] / ends["completed"])
        if ends["completed"]
        else np.nan,
    }
    for row in afterwards(people).to_dict("records"):
        if row["months"] != LAST_MONTHS:
            continue
        found |= {
            "followed_longest": row["participants"] * weight,
            "negative_share": row["negative_share"],
            "falling_share": row["falling_share"],
        }
    return found


def spread_figures(outcome: Outcome, people: pd.DataFrame) -> dict[str, float]:
    """How returns are spread over participants, and how large a group must be (Q10)."""
    parameters = future_parameters(outcome.scenario, 0)
    one = spread(people, parameters, outcome.scenario.seed)
    if one is None:
        return {}
    return {
        "cost_eur": one.cost_eur,
        "return_eur": one.return_eur,
        "nothing_share": one.nothing_share,
        "losing_share": one.losing_share,
        "covering_share": one.covering_share,
        "half_share": one.half_share,
        "positive_group": one.positive.people,
        "covering_group": one.covering.people,
    }


def study_figures(world: World, trial: World | None) -> dict[str, float]:
    """What studies would have reported of all help together, beside the truth (Q1, Q3)."""
    table = monitoring_table(world, trial)
    table = table[table["intervention"] == "all"]
    found: dict[str, float] = {}
    for _, row in table.iterrows():
        name = f"{row['design']}_{row['outcome']}"
        found |= {
            f"{name}_reported": float(row["reported"]),
            f"{name}_truth": float(row["truth"]),
            f"{name}_bias": float(row["bias"]),
            f"{name}_misses": float(not row["holds_truth"]) if row["people"] else np.nan,
            f"{row['design']}_eur": float(row["cost_eur"]) if row["people"] else np.nan,
            f"{row['design']}_people": float(row["people"] * world.weight),
        }
    return found
