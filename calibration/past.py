"""What happened to everybody in 2012-2024, as shocks of the hindcast alone.

Runs that look ahead start in 2022 and are neutral after it; nothing here reaches them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pandas as pd

from siexsim.context import unemployment
from siexsim.household import month_number, month_text
from siexsim.parameters import Parameters
from siexsim.shocks import OWN, Shock

START: Final = "2012-01"
END: Final = "2025-01"  # one January more, which closes the year 2024
CORONA: Final = "2020-03"
ENERGY: Final = "2022-01"  # month 0 of the packaged shock, by its data file
CALM_START: Final = "2022-01"
CALM_END: Final = "2027-01"
PUBLISHED_UNTIL: Final = month_number("2021-12")  # of municipal unemployment


@cache
def rates(area: str) -> dict[int, float]:
    """Unemployment by year as published for an area, % of the labour force."""
    source = files("siexsim") / "data" / "groningen" / "unemployment.csv"
    with source.open("r", encoding="utf-8") as file:
        table = pd.read_csv(file)
    rows = table[table["area"] == area]
    return dict(zip(rows["year"].astype(int), rows["rate_pct_of_labour_force"], strict=True))


def carried_on(year: int) -> float:
    """Municipal unemployment after 2021: that of 2021, moving as larger areas did.

    It moves to 2022 as the country's, and to 2025 as the province's, straight in between. The
    municipality stood 1.18 to 1.24 times above the province in 2015, 2017, 2019 and 2021.
    """
    last, country = rates("Groningen")[2021], rates("NL")
    province = rates("Groningen (province)")
    path = {
        2021: last,
        2022: last * country[2022] / country[2021],
        2025: last * province[2025] / province[2021],
    }
    return float(np.interp(year, list(path), list(path.values())))


def labour_market(parameters: Parameters) -> Shock:
    """Unemployment as it was, where the context has another path.

    In the months in which corona's own effects on work are felt, unemployment stands where it was
    in 2019: the published rise is what these effects are set to, and would count twice. After 2021
    the context is neutral, and the municipal path is carried on with those of larger areas.
    """
    reference = parameters.value("context.reference_unemployment")
    before = unemployment(month_number("2019-12"), reference)
    first, until = month_number(CORONA), month_number(END)
    factors = []
    for month in range(first, until + 1):
        context = unemployment(month, reference)
        if month < first + 18:
            factors.append(before / context)
        elif month <= PUBLISHED_UNTIL:
            factors.append(1.0)
        else:
            factors.append(carried_on(1900 + month // 12) / context)
    return Shock(kind=OWN, start=month_text(first), effects={"unemployment": tuple(factors)})


def shocks(parameters: Parameters) -> tuple[Shock, ...]:
    """Corona and dear energy with their support, and the labour market as it was."""
    return (
        Shock(kind="corona", start=CORONA),
        Shock(kind="energy", start=ENERGY),
        labour_market(parameters),
    )
