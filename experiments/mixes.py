"""The map of mixes: how likely each plan pays back, by when and for whom.

siexsim sweep experiments/studies/mixen_noordoost.toml
python -m experiments mixes experiments/studies/mixen_noordoost.toml
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.answers import CELL, Floats, answers, by_cell, points_of
from siexsim.account import HORIZONS_MONTHS, VIEWS
from siexsim.sweep.folder import Sweep

YEARS = tuple(months // 12 for months in HORIZONS_MONTHS)
BESIDE = ("people_out_of_poverty", "stress_years", "poverty_gap", "invested_eur")
HALF = 0.5
ALONE = 0.99  # a plan with this share of one kind of help has that kind alone


def column(view: str, years: int) -> str:
    """Name of a probability of payback in the map."""
    return f"paid_back_{view}_within_{years}"


def map_of(sweep: Sweep) -> pd.DataFrame:
    """One row a plan in each cell: its levers, and the mean over futures of what came of it.

    What the runs are too short to know, or can't tell as they failed, isn't a number.
    `end_per_euro_VIEW` is the mean balance at the end over what was invested on the mean: at zero
    the money is just back.
    """
    parts = []
    for cell, rows in by_cell(sweep):
        points = points_of(rows)
        levers = [one.name for one in sweep.study.factors() if one.name != "dummy"]
        table = points[levers].reset_index()
        for name, one in zip(CELL, cell, strict=True):
            table[name] = one if one != "drawn" else points[name].to_numpy()
        for view in VIEWS:
            for years in YEARS:
                table[column(view, years)] = _mean(rows, column(view, years))
            end, invested = (_mean(rows, n) for n in (f"end_eur_{view}", "invested_eur"))
            table[f"end_per_euro_{view}"] = end / np.where(invested > 0, invested, np.nan)
            table[f"deepest_eur_{view}"] = _mean(rows, f"deepest_eur_{view}")
        for name in BESIDE:
            table[name] = _mean(rows, name)
        table["futures"] = answers(rows, "invested_eur").values.shape[1]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _mean(rows: pd.DataFrame, name: str) -> Floats:
    return answers(rows, name).means


def counted(table: pd.DataFrame) -> pd.DataFrame:
    """How many plans are paid back in at least half of the futures, in all, in any; and the best.

    One row a cell, view and horizon; not a number where the runs are too short to know.
    """
    rows = []
    for cell, plans in table.groupby(list(CELL), sort=False):
        for view in VIEWS:
            for years in YEARS:
                chance = plans[column(view, years)]
                known = bool(chance.notna().any())  # of plans that failed nothing is known
                rows.append(
                    {
                        **dict(zip(CELL, cell, strict=True)), "view": view, "years": years,
                        "plans": int(chance.notna().sum()) if known else len(plans),
                        "paid_back": float((chance >= HALF).sum()) if known else np.nan,
                        "in_all": float((chance >= 1).sum()) if known else np.nan,
                        "in_any": float((chance > 0).sum()) if known else np.nan,
                        "middle": float(chance.median()) if known else np.nan,
                        "best": float(chance.max()) if known else np.nan,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def best_plans(table: pd.DataFrame, view: str, years: int, most: int = 10) -> pd.DataFrame:
    """Plans that are paid back most often in each cell; the end of the account decides ties."""
    asked = [column(view, years), f"end_per_euro_{view}"]
    order = table.sort_values(asked, ascending=False, kind="stable")
    return order.groupby(list(CELL), sort=False).head(most).reset_index(drop=True)
