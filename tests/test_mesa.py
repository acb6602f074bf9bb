"""SiexModel as Mesa knows models: agents, activation, data collection, batch runs, a page."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
import pytest

from siexsim import household as hh
from siexsim.model import Household, SiexModel
from siexsim.plan import Plan
from tests.conftest import SEED, bits


def test_it_is_a_mesa_model_of_households(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    assert isinstance(model, mesa.Model)
    assert len(model.agents) == len(settled)
    assert all(isinstance(agent, mesa.Agent) for agent in list(model.agents)[:3])


def test_agents_are_made_only_when_somebody_asks(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    model.step()
    assert Household not in model.agent_types
    assert len(model.agents_by_type[Household]) == model.counted("households") + (
        len(model.rows) - model.counted("households")
    )


def test_select_groupby_and_agg(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    model.step()
    poor = model.agents.select(lambda h: h.poor == 1 and h.student == 0)
    assert len(poor) >= model.counted("poor_households")
    assert model.agents.agg("savings", np.mean) > 0
    groups = model.agents.groupby("wijk_name").count()
    assert set(groups) <= set(model.place.wijken) and sum(groups.values()) == len(model.agents)


def test_an_agent_reads_and_writes_its_record(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    agent = next(iter(model.agents))
    agent.savings = 12_345
    assert model.households[agent.row]["savings"] == 12_345
    with pytest.raises(AttributeError, match="no 'saving'"):
        _ = agent.saving


@pytest.mark.parametrize("helped", [False, True])
def test_activation_in_any_order_gives_the_bits_of_a_step(
    settled: Any, plan: Plan, helped: bool
) -> None:
    """`agents.shuffle_do("step")` for a month is `model.step()`, plan, newcomers and all."""
    chosen = plan if helped else None
    stepped = SiexModel(settled=settled, rng=SEED, plan=chosen, keep_books=True)
    activated = SiexModel(settled=settled, rng=SEED, plan=chosen, keep_books=True)
    for _ in range(6):
        stepped.step()
        activated.agents.shuffle_do("step")
    assert stepped.month == activated.month
    assert bits(stepped.households) == bits(activated.households)
    assert stepped.books.tobytes() == activated.books.tobytes()
    assert (stepped.ledger().cents == activated.ledger().cents).all()
    census = [np.array(m.census_by_month).tobytes() for m in (stepped, activated)]
    assert census[0] == census[1]
    assert len(activated.agents) == hh.present(activated.households).sum()


def test_nobody_lives_a_month_twice(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    agent = next(iter(model.agents))
    agent.step()
    with pytest.raises(RuntimeError, match="2022-01 already"):
        agent.step()


def test_data_collector(settled: Any) -> None:
    model = SiexModel(settled=settled, rng=SEED)
    for _ in range(3):
        model.step()
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table["month"]) == ["2022-01", "2022-02", "2022-03"]
    assert (table["households"] > 100_000).all()


def test_batch_run() -> None:
    if not hasattr(mesa, "batch_run"):
        pytest.fail("this Mesa has no batch_run; the supported ones (3.3 to 3.x) do")
    table = mesa.batch_run(
        SiexModel, {"sample": [400, 800], "rng": [1, 2]}, max_steps=2,
        number_processes=1, data_collection_period=-1, display_progress=False,
    )  # fmt: skip
    assert len(table) == 4
    assert {row["sample"] for row in table} == {400, 800}
    assert all(row["households"] > 100_000 for row in table)


def test_a_minimal_solara_page() -> None:
    """SolaraViz draws the model: the page renders and its step button's model steps."""
    solara = pytest.importorskip("solara", reason="the extra `view` isn't installed")
    from mesa.visualization import SolaraViz, make_plot_component

    model = SiexModel(sample=800, rng=1)
    model.step()
    page = SolaraViz(model, components=[make_plot_component("people_in_poverty")], name="siexsim")
    _, context = solara.render(page, handle_error=False)
    try:
        assert model.counted("households") > 0
    finally:
        context.close()
