"""The four worlds of a run: what the context does, what the plan does, and both together (C3).

Context and plan are each measured alone, against the calm world without a plan; what they do
together beyond the sum of both is their interaction: context + plan + interaction = both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.census import MICRO
from siexsim.items import PUBLIC
from siexsim.ledger import split

if TYPE_CHECKING:
    from siexsim.run import Outcome, World

NAMES: Final = ("calm_without", "calm_with", "without", "with")
COUNTED: Final = {
    "people_in_poverty": "poor_persons",
    "welfare_households": "welfare_households",
    "problematic_debt_households": "problematic_debt_households",
}
OUTCOMES: Final = (*COUNTED, "stress", "public_cost_eur")


def context_table(outcome: Outcome, wijken: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """Tell the effect of the context, of the plan and of both together apart, year by year.

    Parameters
    ----------
    outcome
        What `siexsim.run` gave.
    wijken
        Which neighbourhoods to look at, such as ``place.covering(("Noordoost",))``; by default all.

    Returns
    -------
    pd.DataFrame
        One row an outcome and year: the value in every world, and the effects `context`, `plan`,
        `interaction` and `both`, each against the calm world without a plan. Counts are the mean
        of a year's months, stress that of all households and domains, public cost what public
        payers paid less what they received. Worlds that weren't run are not a number; without
        shocks, the calm worlds are the others and the context does nothing.
    """
    worlds: dict[str, World] = outcome.worlds
    if not outcome.scenario.shocks:
        worlds |= {f"calm_{name}": world for name, world in worlds.items()}
    here = slice(None) if wijken is None else wijken
    values = {name: _values(world, here) for name, world in worlds.items()}
    years = np.arange(outcome.scenario.years) + 1900 + outcome.without.start // 12
    parts = []
    for what in OUTCOMES:
        part = pd.DataFrame({"outcome": what, "year": years})
        for name in NAMES:
            part[name] = values[name][what] if name in values else np.nan
        parts.append(part)
    return with_effects(pd.concat(parts, ignore_index=True))


def with_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Set the effects beside the worlds of a table."""
    calm = table["calm_without"]
    return table.assign(
        context=table["without"] - calm,
        plan=table["calm_with"] - calm,
        both=table["with"] - calm,
        interaction=table["with"] - table["without"] - table["calm_with"] + calm,
    )


def _values(world: World, here: Any) -> dict[str, NDArray[np.float64]]:
    """Every outcome of one world, a value a year."""
    census, weight = world.census[:, here], world.weight
    found = {
        name: _by_year(census[count].sum(axis=1) * weight).mean(axis=1)
        for name, count in COUNTED.items()
    }
    stress = _by_year(census["stress"].sum(axis=(1, 2)) / MICRO).sum(axis=1)
    people = _by_year(census["base_households"].sum(axis=1)).sum(axis=1)
    found["stress"] = stress / np.maximum(people, 1) / census["stress"].shape[-1]
    gains = split(world.ledger.cents[:, here])[..., PUBLIC].sum(axis=(1, 2, 3))
    found["public_cost_eur"] = -_by_year(gains).sum(axis=1) / 100
    return found


def _by_year(months: NDArray[Any]) -> NDArray[np.float64]:
    return months.reshape(-1, 12).astype(np.float64)
