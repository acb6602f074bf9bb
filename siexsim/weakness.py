"""How weak each assumption is: its grade times its influence on payback; and what the fit taught.

Influence comes from a table of the package `calibration` (``python -m calibration influence``).
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from typing import Final

import numpy as np
import pandas as pd

from siexsim.errors import UserError
from siexsim.evidence import GRADES
from siexsim.parameters import Parameters, triangle
from siexsim.posterior import PACKAGE, QUANTILES, Posterior, packaged_posterior

INFLUENCE: Final = "influence.csv"
DUMMY: Final = "dummy"  # a number that does nothing: what chance alone shows as influence
MEASURE: Final = "python -m calibration influence"


def read_influence(folder: Traversable | None = None) -> pd.DataFrame | None:
    """Influence on payback by full name, or None where it wasn't measured."""
    try:
        file = (folder or files(PACKAGE)) / INFLUENCE
    except ModuleNotFoundError:  # the model without its calibration
        return None
    if not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
        table = pd.read_csv(StringIO(text), comment="#", index_col="parameter")
        return table[["influence", "visible", "futures"]]
    except (OSError, ValueError, KeyError) as error:
        said = f"{PACKAGE}/{INFLUENCE} can't be read; measure it anew with: {MEASURE}"
        raise UserError(said) from error


def assumption_table(
    parameters: Parameters,
    theme: str | None = None,
    grade: str | None = None,
    fitted: Posterior | None = None,
    influence: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """All numbers with what was known before, what the fit left, and how weak they are.

    Beside the columns of `Parameters.table`: `fitted_p05`, `fitted_p50` and `fitted_p95`;
    `narrower_share`, by how much the middle 90% got narrower (below zero: wider); `influence` on
    payback, whether it is `visible`, over how many `futures`; and `weakness`, influence times the
    place of the grade in A, B, C, D, assumption. Not a number where there is no fit, or nothing was
    measured.
    """
    table = parameters.table(theme, grade)
    keys = table["theme"] + "." + table["name"]
    blank = pd.DataFrame(index=range(len(table)))
    after = blank if fitted is None else fitted.quantiles().reindex(keys).reset_index(drop=True)
    for name in ("p05", "p50", "p95"):
        table[f"fitted_{name}"] = after.get(name, np.nan)
    before = [_prior_width(parameters, key) for key in keys]
    table["narrower_share"] = 1 - (table["fitted_p95"] - table["fitted_p05"]) / before
    told = blank if influence is None else influence.reindex(keys).reset_index(drop=True)
    table["influence"] = told.get("influence", np.nan)
    table["visible"] = told.get("visible", np.nan)
    table["futures"] = told.get("futures", np.nan)
    places = table["grade"].map({name: k for k, name in enumerate(GRADES, 1)})
    table["weakness"] = table["influence"] * places
    return table


def packaged_table(theme: str | None = None, grade: str | None = None) -> pd.DataFrame:
    """The numbers that come with the program, with the fit and the influence that do."""
    return assumption_table(
        Parameters.packaged(), theme, grade, packaged_posterior(), read_influence()
    )


def weakest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Order numbers by weakness; where nothing is seen or measured, by grade.

    What a law or definition fixes comes last: no study makes that surer.
    """
    keys = pd.DataFrame({
        "fixed": table["fixed"],
        "weakness": -table["weakness"].fillna(0.0),
        "grade": -table["grade"].map({name: k for k, name in enumerate(GRADES)}),
    })  # fmt: skip
    order = keys.sort_values(["fixed", "weakness", "grade"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _prior_width(parameters: Parameters, key: str) -> float:
    one = parameters[key]
    if one.low == one.high:
        return np.nan
    return triangle(QUANTILES[-1], one) - triangle(QUANTILES[0], one)
