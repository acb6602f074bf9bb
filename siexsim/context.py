"""What is the same for every household in a month: norms, prices, the labour market."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.household import month_number
from siexsim.parameters import Parameters
from siexsim.shocks import Shock, impact

_NORMS = {
    "norm_single": "bijstand single or single parent",
    "norm_couple": "bijstand couple",
    "norm_aow_single": "bijstand norm at AOW age, single",
    "norm_aow_couple": "bijstand norm at AOW age, couple",
}
BASE = month_number("2022-01")  # the month in whose prices pay is recorded
SHORT_TERM_FROM = month_number("2023-07")  # debt arrangements of 18 instead of 36 months


class Month(NamedTuple):
    """The context of one month, by value as rules read it."""

    month: int  # since 1900-01
    drawn: int  # month that keys the draws; differs from `month` only in a burn-in
    seed: Any  # unsigned, keys the draws
    living: int  # 0 in the burn-in, where nobody is born, moves or dies
    lose: float  # factor on losing work
    find: float  # factor on finding work
    rehousing: float  # factor on finding a home
    isolation: float  # added to the target of wellbeing stress
    needs: float  # factor on what households can't do without
    energy: float  # price of energy against the ordinary one
    energy_allowance: int  # cents this month for households with a low income
    price_index: float  # prices, 2022-01 is 1
    help_index: float  # prices of help, fixed when a plan starts
    wage_index: float  # pay, 2022-01 is 1
    norm_single: int  # cents a month, as are the next three
    norm_couple: int
    norm_aow_single: int
    norm_aow_couple: int
    short_term_from: int  # month from which arrangements are short


@cache
def _table(name: str) -> pd.DataFrame:
    with (files("siexsim") / "data" / "groningen" / name).open("r", encoding="utf-8") as file:
        return pd.read_csv(file)


@cache
def _published_norms(item: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    table = _table("income_norms.csv")
    rows = table[(table["item"] == item) & (table["basis"] == "net, incl. holiday allowance")]
    months = np.array([month_number(text) for text in rows["date"]])
    order = np.argsort(months)
    return months[order], rows["value_eur"].to_numpy(float)[order]


@cache
def _published_unemployment() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    table = _table("unemployment.csv")
    rows = table[table["area"] == "Groningen"].sort_values("year")
    return rows["year"].to_numpy(int), rows["rate_pct_of_labour_force"].to_numpy(float)


def norm_cents(item: str, month: int, growth_per_year: float) -> int:
    """Norm of a date: the last published one, after that growing every January.

    Source: ``income_norms.csv`` (NORMS, NORM26).
    """
    months, values = _published_norms(item)
    last = max(0, int(np.searchsorted(months, month, side="right")) - 1)
    years = max(0, month // 12 - int(months[-1]) // 12) if last == len(months) - 1 else 0
    return round(float(values[last]) * (1 + growth_per_year) ** years * 100)


def unemployment(month: int, reference: float) -> float:
    """Unemployment in the municipality, % of the labour force, as published; later the reference.

    Source: ``unemployment.csv`` (UNEMP). No municipal figure after 2021 is published in the
    data, so later years are neutral: a trend must come from a shock that somebody chooses.
    """
    years, rates = _published_unemployment()
    year = 1900 + month // 12
    return reference if year > years[-1] else float(np.interp(year, years, rates))


def month_context(
    month: int, seed: int, parameters: Parameters, burn_in: bool = False,
    shocks: Sequence[Shock] = (),
) -> Month:  # fmt: skip
    """Context of one month under shocks; a burn-in stands still at the norms of its end."""
    at = BASE if burn_in else month
    felt = impact(shocks, month, parameters)
    growth = parameters.value("context.indexation_per_year")
    norms = {field: norm_cents(item, at, growth) for field, item in _NORMS.items()}
    index = norms["norm_single"] / norm_cents(_NORMS["norm_single"], BASE, growth)
    reference = parameters.value("context.reference_unemployment")
    slack = (reference if burn_in else unemployment(at, reference)) / reference
    slack *= felt.unemployment
    return Month(
        month=month,
        drawn=month,
        seed=np.uint64(seed),
        living=0 if burn_in else 1,
        lose=slack ** parameters.value("context.unemployment_elasticity_lose") * felt.lose,
        find=slack ** -parameters.value("context.unemployment_elasticity_find") * felt.find,
        rehousing=felt.rehousing,
        isolation=felt.isolation,
        needs=felt.needs,
        energy=felt.energy,
        energy_allowance=round(felt.energy_allowance_eur * 100),
        price_index=index,
        help_index=1.0,
        wage_index=index,
        short_term_from=SHORT_TERM_FROM,
        **norms,
    )
