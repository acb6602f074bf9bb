"""What knowing more is worth: extra worlds in which a plan is measured otherwise (Q3).

The trial world tells what a waiting-list trial would have reported. The value of knowledge is the
difference between a plan that can't learn, plans that learn by each design, and a plan that knows
beforehand which help returns most per euro and spends there first. Where no help pays itself back,
spending more of it, however well chosen, makes the balance worse: so look at the return per euro.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any, Final

import pandas as pd

from siexsim.account import Account
from siexsim.census import MICRO
from siexsim.items import PUBLIC
from siexsim.monitoring import DESIGNS
from siexsim.place import load_place
from siexsim.plan import Plan
from siexsim.run import World, account_of, live_worlds, settled_future
from siexsim.scenario import Scenario

WAYS: Final = ("fixed", *(f"learning_{design}" for design in DESIGNS), "perfect")
MEASURES: Final = (
    "end_public_eur", "end_municipality_eur", "invested_eur", "public_per_euro", "stress_years",
    "people_out_of_poverty", "measuring_eur",
)  # fmt: skip
BAND: Final = (0.1, 0.9)


def with_plan(scenario: Scenario, plan: Plan) -> Scenario:
    """The same scenario with another plan."""
    return scenario.model_copy(update={"plan": plan})


def plan_for(plan: Plan, way: str) -> Plan:
    """The same plan under one of the `WAYS` of knowing.

    Fixed and perfect measure nothing, unless the plan decides on what it measures otherwise.
    """
    if way.startswith("learning_"):
        how = plan.monitoring.model_copy(update={"design": way.removeprefix("learning_")})
        return plan.changed(allocation="learning", monitoring=how)
    decides = plan.revolving_share > 0 or any(
        stage.go and stage.go.measured != "completed" for stage in plan.stages
    )
    how = plan.monitoring
    if not decides:
        how = how.model_copy(update={"design": "none"})
    return plan.changed(allocation=way, monitoring=how)


# ---- what came of it ----------------------------------------------------------------------------


def _came_of(without: World, world: World, account: Account) -> dict[str, float]:
    base, other = without.census, world.census
    stress = (base["stress"] - other["stress"]).sum(axis=(1, 2)) / MICRO / base["stress"].shape[2]
    poor = (base["poor_persons"] - other["poor_persons"]).sum(axis=1)[-12:]
    assert world.course is not None
    invested = float(account.invested.sum())
    public = float(account.returned[:, list(PUBLIC)].sum())
    return {
        "end_public_eur": account.end_eur("public"),
        "end_municipality_eur": account.end_eur("municipality"),
        "invested_eur": invested,
        "public_per_euro": public / invested if invested > 0 else float("nan"),
        "stress_years": float(stress.sum()) * without.weight / 12,
        "people_out_of_poverty": float(poor.mean()) * without.weight,
        "measuring_eur": world.course.measuring_cents / 100,
    }


def knowledge_of_future(scenario: Scenario, number: int) -> list[dict[str, Any]]:
    """One future under each of the `WAYS` of knowing; one row a way."""
    plan = scenario.plan
    assert plan is not None
    place = load_place(scenario.place)
    parameters, seed, settled = settled_future(scenario, number)
    without = live_worlds(scenario, place, parameters, seed, settled, True, ("without",))["without"]
    rows: list[dict[str, Any]] = []
    for way in WAYS:
        asked = with_plan(scenario, plan_for(plan, way))
        world = live_worlds(asked, place, parameters, seed, settled, True, ("with",))["with"]
        came = _came_of(without, world, account_of(without, world, parameters, asked))
        rows.append({"future": number, "way": way, **came})
    return rows


def value_of_knowledge(
    scenario: Scenario, futures: Iterable[int] = range(1, 6), executor: Executor | None = None
) -> pd.DataFrame:
    """What a plan would bring under more or less knowledge, over some futures.

    Parameters
    ----------
    scenario
        A scenario with a plan.
    futures
        Numbers of the futures to run; each takes seven worlds of the neighbourhoods touched.
    executor
        Where the futures run; by default in this process.

    Returns
    -------
    DataFrame
        One row a way of knowing and measure: the middle future and the band of 8 in 10, and the
        same of the difference with the plan that doesn't learn. `stress_years` is the fall of
        mean stress (0 to 1) in household-years, `people_out_of_poverty` that of the last year.
    """
    numbers = list(futures)
    if executor is None:
        found: Iterable[list[dict[str, Any]]] = (knowledge_of_future(scenario, n) for n in numbers)
    else:
        found = executor.map(knowledge_of_future, [scenario] * len(numbers), numbers)
    runs = pd.DataFrame([row for rows in found for row in rows])
    return knowledge_table(runs)


def knowledge_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Sum up futures: see `value_of_knowledge`; `runs` has one row a future and way."""
    rows: list[dict[str, Any]] = []
    for measure in MEASURES:
        by_way = runs.pivot(index="future", columns="way", values=measure)
        for way in WAYS:
            row: dict[str, Any] = {"way": way, "measure": measure, "futures": len(by_way)}
            beyond = by_way[way] - by_way["fixed"]
            for head, values in (("", by_way[way]), ("difference_", beyond)):
                low, high = values.quantile(BAND[0]), values.quantile(BAND[1])
                row |= {f"{head}middle": values.median(), f"{head}low": low, f"{head}high": high}
            rows.append(row)
    table = pd.DataFrame(rows)
    table["way"] = pd.Categorical(table["way"], list(WAYS))
    table["measure"] = pd.Categorical(table["measure"], list(MEASURES))
    return table
