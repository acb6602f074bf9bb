"""Participants: each against its own twin, columns that add up, and how returns are spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from siexsim import household as hh
from siexsim import spread as spread_module
from siexsim.items import PAYERS
from siexsim.panel import MARKS, gains_eur
from siexsim.parameters import Parameters
from siexsim.participants import participants_table, reach_table
from siexsim.plan import Plan
from siexsim.run import Outcome, future_parameters, live_worlds
from siexsim.scenario import Scenario
from siexsim.spread import afterwards, group_size, relapse_table, returns_eur, spread, spread_table
from tests.conftest import SAMPLE, SEED

# what help leaves in a record although it didn't touch the life itself
NOTES = {"help", "help_months", "met", "group", "helped"}
FEW_GROUPS = Parameters.packaged().with_({
    "participants.groups_drawn": 100, "participants.largest_group": 500
})  # fmt: skip


@pytest.fixture(scope="module")
def outcome(place: Any, settled: Any) -> Outcome:
    plan = Plan(
        mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
        budget_eur_per_year=3e7, start="2022-02", end="2022-12",
    )  # fmt: skip
    scenario = Scenario(name="people", years=4, sample=SAMPLE, seed=SEED, plan=plan)
    # nobody misses the homes that this plan gives: nothing is coupled
    parameters = future_parameters(scenario, 0).with_({"help.homes_taken_share": 0.0})
    worlds = live_worlds(scenario, place, parameters, SEED, settled, True, ("without", "with"))
    return Outcome(scenario, place, worlds["without"], worlds["with"], None, ())


@pytest.fixture(scope="module")
def table(outcome: Outcome) -> pd.DataFrame:
    return participants_table(outcome)


def rows_of(world: Any, ids: Any) -> Any:
    order = np.argsort(world.households["id"])
    return order[np.searchsorted(world.households["id"][order], ids)]


def test_a_twin_is_the_household_of_the_world_without_the_plan_to_the_bit(outcome: Any) -> None:
    twins = outcome.with_plan.course.twins
    assert len(twins.households) > 20
    theirs = outcome.without.households[rows_of(outcome.without, twins.households["id"])]
    for name in set(hh.HOUSEHOLD.names) - NOTES:
        same = np.asarray(twins.households[name]).tobytes() == np.asarray(theirs[name]).tobytes()
        assert same, name


def test_gains_over_twins_are_gains_over_the_other_world(outcome: Any, table: Any) -> None:
    """The last mark and the end of the run lie apart, so the books of both are held together."""
    course, without, world = outcome.with_plan.course, outcome.without, outcome.with_plan
    first = table["course"] == 1
    subjects = course.panel.subjects[course.starts["subject"][first.to_numpy()]]
    ids = table.loc[first, "household"].to_numpy()
    twin = course.twins.books["cents"][subjects["twin"]]
    own = world.books["cents"][subjects["row"]]
    # until the start both worlds have the same books, so the difference is of the time since then
    before = without.books["cents"][rows_of(without, ids)] - twin
    against_twin = gains_eur(own - before - twin)
    columns = [f"returned_{payer}_eur" for payer in PAYERS]
    whole = table.groupby("household", sort=False)[columns].sum()
    assert whole.loc[ids].to_numpy() == pytest.approx(against_twin, abs=1e-6)
    assert (before >= 0).all()


def test_gain_at_a_mark_is_that_of_a_shorter_run(outcome: Any, table: Any, settled: Any) -> None:
    """Whoever started in the first month has gained at 12 months what a run of that length says."""
    start = table["start"].min()
    scenario = outcome.scenario
    short = live_worlds(
        scenario.model_copy(update={"years": 2}), outcome.place,
        outcome.with_plan.course.parameters, SEED, settled, True, ("without", "with"),
    )  # fmt: skip
    early = participants_table(replace(outcome, without=short["without"], with_plan=short["with"]))
    ours = table[table["start"] == start]
    again = early[early["start"] == start]
    columns = [f"gain_{payer}_12_months_eur" for payer in PAYERS]
    pd.testing.assert_frame_equal(ours[columns], again[columns])
    # 24 months after the start lie beyond that shorter run, and are not known there
    assert again["gain_state_24_months_eur"].isna().all() and again["here_24_months"].isna().all()
    assert again["stress_money_24_months"].isna().all() and again["poor_24_months"].isna().all()


def test_before_help_a_participant_and_its_twin_are_the_same(table: Any) -> None:
    first = table[table["course"] == 1]
    for name in (*(f"stress_{domain}" for domain in hh.DOMAINS), "poor", "welfare"):
        own, twin = first[f"{name}_0_months"], first[f"twin_{name}_0_months"]
        assert own.equals(twin), name
    assert first["here_0_months"].all()


def test_nothing_is_seen_of_who_has_left(table: Any) -> None:
    for mark in MARKS:
        here = table[f"here_{mark}_months"].fillna(False).astype(bool)
        for name in ("stress_money", "twin_stress_work", "poor", "twin_welfare"):
            assert (table[f"{name}_{mark}_months"].notna() == here).all()
    assert table["here_60_months"].isna().all()  # the run ends before that


def test_courses_are_numbered_and_priced(table: Any, outcome: Any) -> None:
    assert len(table) == len(outcome.with_plan.course.starts) > 20
    assert table["household"].duplicated().sum() == (table["course"] > 1).sum()
    assert set(table["group"]) <= set(hh.GROUPS[1:])
    overhead = outcome.with_plan.course.parameters.value("help.overhead_share")
    following = table["overhead_eur"] - overhead * table["cost_eur"]
    most = 3 * outcome.with_plan.course.parameters.value("help.monitoring_eur_per_year")
    by_household = following.groupby(table["household"]).sum()
    assert by_household.between(0, 1.2 * most).all() and by_household.max() > 0.9 * most
    lost = table["relapsed"]
    assert (table.loc[lost, "outcome"] == "completed").all()


def test_a_run_in_which_nobody_started_has_an_empty_table(outcome: Any) -> None:
    for world in (outcome.with_plan, None):
        empty = replace(outcome, with_plan=world and replace(world, course=None))
        assert list(participants_table(empty).columns) == ["household"]
        assert len(participants_table(empty)) == 0


# ---- how far help reached ----------------------------------------------------------------------


def test_reach_narrows_and_adds_up(outcome: Any, table: Any) -> None:
    reach = reach_table(outcome.with_plan, outcome.place)
    parts = reach[reach["wijk"] != outcome.place.name]
    whole = reach[reach["wijk"] == outcome.place.name].set_index("group")
    for name in ("eligible", "reached", "accepted", "started"):
        assert (parts.groupby("group", observed=True)[name].sum() == whole[name]).all()
    assert (whole["eligible"] >= whole["reached"]).all()
    assert (whole["reached"] >= whole["accepted"]).all()
    assert (whole["accepted"] >= whole["started"]).all()
    assert whole["started"].sum() == table["household"].nunique() * SAMPLE > 0
    asked = whole["reached"] > 0
    shares = whole["reached"] / whole["eligible"]
    assert whole.loc[asked, "reached_share"].tolist() == shares[asked].tolist()


def test_reach_of_three_households_by_hand(outcome: Any) -> None:
    people = hh.empty(4)
    people["wijk"] = [0, 0, 1, 1]
    people["group"] = [hh.FLEX_GROUP, hh.FLEX_GROUP, hh.PENSIONER_GROUP, hh.NO_GROUP]
    people["met"] = [hh.ELIGIBLE | hh.REACHED, hh.ELIGIBLE, 15, 0]
    world = replace(outcome.with_plan, households=people, weight=10)
    reach = reach_table(world, outcome.place).set_index(["wijk", "group"])
    columns = ["eligible", "reached", "accepted", "started"]
    first, second = outcome.place.wijken[:2]
    assert reach.loc[(first, "flex"), columns].tolist() == [20, 10, 0, 0]
    assert reach.loc[(second, "pensioner"), columns].tolist() == [10, 10, 10, 10]
    assert reach.loc[(outcome.place.name, "flex"), columns].tolist() == [20, 10, 0, 0]
    assert reach.loc[(first, "flex"), "reached_share"] == 0.5
    assert np.isnan(reach.loc[(first, "welfare"), "reached_share"])


# ---- how returns are spread --------------------------------------------------------------------


def made(gains: list[float], cost: float = 1000.0, **more: Any) -> pd.DataFrame:
    """Participants with one course each, whose gains fall to the municipality."""
    columns: dict[str, Any] = {
        "household": np.arange(len(gains)), "course": 1, "intervention": "coaching",
        "start": "2022-03", "outcome": "completed", "relapsed": False,
        "cost_eur": cost, "overhead_eur": 0.0,
    }  # fmt: skip
    for payer in PAYERS:
        own = np.array(gains) if payer == "municipality" else np.zeros(len(gains))
        columns[f"returned_{payer}_eur"] = own
        columns |= {f"gain_{payer}_{mark}_months_eur": own for mark in MARKS[1:]}
    return pd.DataFrame({**columns, **more})


def test_the_spread_of_ten_by_hand() -> None:
    found = spread(
        made([4000.0, 2000.0, 1000.0, 1000.0, 100.0, 50.0, 0.0, -100.0, -101.0, -3000.0]),
        FEW_GROUPS, 1, "municipality",
    )  # fmt: skip
    assert found is not None
    assert found.participants == 10 and found.cost_eur == 1000
    assert found.return_eur == pytest.approx(494.9)
    assert found.nothing_share == 0.4  # 100, 50, 0 and -100: at most a tenth of the cost
    assert found.losing_share == 0.2 and found.covering_share == 0.4
    assert found.half_share == 0.2  # 6,000 of 8,150 with two, 4,000 with one
    assert found.lorenz[0] == pytest.approx(4000 / 8150) and found.lorenz[-1] == 1
    assert (found.best_tenth_eur, found.worst_tenth_eur) == (4000, -3000)
    assert found.covering.people == np.inf  # on average it doesn't return its cost


def test_concentration_lies_between_all_the_same_and_all_with_one() -> None:
    same = spread(made([5.0] * 10), FEW_GROUPS, 1)
    one = spread(made([5.0] + [0.0] * 9), FEW_GROUPS, 1)
    none = spread(made([0.0] * 9 + [-5.0]), FEW_GROUPS, 1)
    assert same and one and none
    assert same.concentration == pytest.approx(0) and one.concentration == pytest.approx(0.9)
    assert same.half_share == 0.5 and one.half_share == 0.1
    assert np.isnan(none.concentration) and np.isnan(none.half_share)


def test_group_sizes_of_certain_and_impossible_returns() -> None:
    certain = group_size(np.full(20, 5.0), FEW_GROUPS, 1)
    assert (certain.people, certain.low, certain.high) == (1, 1, 1)
    for mean in (0.0, -3.0):
        assert group_size(np.full(20, mean), FEW_GROUPS, 1).people == np.inf


def test_the_group_needed_follows_from_chance_and_luck() -> None:
    """One in a hundred gains: at 230 people nine in ten groups have somebody who does."""
    gains = np.zeros(10_000)
    gains[:100] = 1000.0
    found = group_size(gains, Parameters.packaged(), 1)
    assert (
        180 <= found.people <= 300
    )  # log(0.1) / log(0.99) is 229; the ladder has steps of a fifth
    assert found.low <= found.people <= found.high
    # far beyond the ladder the normal distribution is used: (1.28 times spread over mean) squared
    rare = np.r_[np.full(500, 1000.0), np.full(500, -980.0)]
    wanted = (1.2815515655 * rare.std(ddof=1) / rare.mean()) ** 2
    assert group_size(rare, FEW_GROUPS, 1).people == pytest.approx(wanted)
    assert group_size(rare, FEW_GROUPS, 1).high == np.inf  # the mean may well be negative


def test_the_spread_depends_on_no_order(table: Any) -> None:
    shuffled = table.iloc[::-1]
    one, other = (spread(t, FEW_GROUPS, 1) for t in (table, shuffled))
    assert one and other and one.return_eur == pytest.approx(other.return_eur)
    assert one.half_share == other.half_share


def test_fewer_than_two_have_no_spread() -> None:
    for count in (0, 1):
        assert spread(made([1.0] * count), FEW_GROUPS, 1) is None
    assert len(spread_table(pd.DataFrame({"household": []}), FEW_GROUPS, 1)) == 0
    assert len(afterwards(pd.DataFrame({"household": []}))) == 0
    assert len(relapse_table(pd.DataFrame({"household": []}))) == 0


def test_a_household_with_two_courses_is_one_participant() -> None:
    twice = made([100.0, 200.0], household=7, course=[1, 2], start=["2022-03", "2023-06"])
    whole = returns_eur(twice, "public")
    assert whole.loc[7].tolist() == [300.0, 2000.0]
    # of the gain since the first start; the second course began later than 12 months after it
    assert returns_eur(twice, "public", 12).loc[7].tolist() == [100.0, 1000.0]
    assert returns_eur(twice, "public", 24).loc[7].tolist() == [100.0, 2000.0]


def test_returns_are_the_sum_over_public_payers(table: Any) -> None:
    public = ("municipality", "state", "insurer", "uwv")
    wanted = sum(table[f"returned_{payer}_eur"].sum() for payer in public)
    assert returns_eur(table)["return_eur"].sum() == pytest.approx(wanted)
    costs = table["cost_eur"].sum() + table["overhead_eur"].sum()
    assert returns_eur(table)["cost_eur"].sum() == pytest.approx(costs)


def test_what_becomes_of_a_return_afterwards() -> None:
    later = np.array([100.0, -50.0, 900.0, -10.0])
    turned = made([500.0, 500.0, 500.0, -500.0], gain_municipality_60_months_eur=later)
    found = afterwards(turned).set_index("months")
    assert found.loc[60].tolist() == [3, pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert found.loc[36, "negative_share"] == 0
    gone = made([500.0] * 2, gain_state_60_months_eur=[np.nan, 1.0])
    assert afterwards(gone).set_index("months").loc[60, "participants"] == 1


def test_the_table_of_spreads_says_never_as_empty(table: Any) -> None:
    tabled = spread_table(made([1000.0, -1500.0] * 5), FEW_GROUPS, 1)
    assert set(tabled["view"]) == set(spread_module.VIEWS)
    assert tabled["positive_people"].isna().all() and tabled["covering_people"].isna().all()
    real = spread_table(table, FEW_GROUPS, 1)
    assert real["best_100_percent_share"].dropna().round(9).eq(1).all()
    assert (60 not in set(real["months"])) and len(real) == 2 * 4
