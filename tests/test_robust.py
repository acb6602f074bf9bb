"""Robust plans and kinds of plan: the search, what is said of it, and that a kill loses nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import __main__ as command
from experiments import best_plans, comparing, pictures, pictures_plans, robust, say_plans, words
from experiments.regret import enough, hypervolume, regrets, robustly, undominated
from experiments.search import rows_of, search, units
from siexsim.errors import UserError
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import Factor
from siexsim.sweep.study import read_study
from tests.test_sweep_runs import threads

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "experiments" / "scenarios" / "noordoost.toml"
HEAD = f'name = "Toy"\nscenarios = ["{SCENARIO}"]\nsample = 400\nyears = 5\n'
STUDY = """
outcomes = ["people_out_of_poverty", "stress_years", "end_eur_public", "poverty_gap"]
[design]
points = POINTS
[levers]
mix = ["debt_relief", "job_guidance", "energy_help"]
plan.budget_eur_per_year = { low = 1_000_000, high = 20_000_000, log = true }
plan.target = ["first_come", "prevention"]
[uncertainties]
futures = 2
effects = ["evidence", "sceptical"]
"""
KINDS = """
outcomes = ["end_eur_public", "stress_years"]
[design]
method = "grid"
[levers]
plan.of.fixed = { allocation = "fixed" }
plan.of.learning = { allocation = "learning" }
plan.of.year_later = { start = "2023-07", end = "2025-06" }
strength.all = [0.5, 1]
[uncertainties]
futures = 5
"""


def toy(task):
    """Debt relief calms, guidance brings people out of poverty; money runs out."""
    plan, future = task["scenario"]["plan"], task["future"]
    mix, budget = plan["mix"], plan["budget_eur_per_year"] / 1e6
    works = 0.5 if task["scenario"]["effects"] == "sceptical" else 1.0
    first = 1.2 if plan["target"] == "prevention" else 1.0
    return {
        "people_out_of_poverty": works * mix.get("job_guidance", 0.0) * budget * first + future,
        "stress_years": works * mix.get("debt_relief", 0.0) * budget**0.5,
        "end_eur_public": 1e6 * (works * budget**0.6 - budget),
        "poverty_gap": -works * mix.get("energy_help", 0.0) * budget**0.5 / first,
    }


def begun(folder: Path, points: int = 48) -> Sweep:
    path = folder / "toy.toml"
    path.write_text(HEAD + STUDY.replace("POINTS", str(points)), encoding="utf-8")
    return Sweep.begin(read_study(path), folder)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    sweep = begun(tmp_path_factory.mktemp("robust"))
    lived = robust.Lived(sweep, threads, 20, live=toy)
    return sweep, robust.compare(lived, 16, "mean", 2)


# ---- what is best -----------------------------------------------------------------------------


def test_the_pareto_set_and_its_volume_by_hand():
    values = np.array([[0.0, 1], [1, 0], [0.5, 0.5], [0.4, 0.5], [1, 0]])
    assert undominated(values).tolist() == [True, True, True, False, True]
    volume = (0.1 * 1.1 + 0.5 * 0.6 + 0.5 * 0.1) / 1.1**2
    assert hypervolume(values, values) == pytest.approx(volume)
    assert hypervolume(values[:2], values) < volume
    assert hypervolume(values[:0], values) == 0
    # a goal on which all are the same says nothing
    same = np.column_stack([values, np.full(5, 7.0)])
    assert hypervolume(same, same) == pytest.approx(volume)


def test_mean_worst_regret_and_enough_by_hand():
    # 2 plans, 2 cells, 1 future, 1 goal
    values = np.array([[[[10.0]], [[0.0]]], [[[5.0]], [[4.0]]]])
    assert robustly(values, "mean")[:, 0].tolist() == [5, 4.5]
    assert robustly(values, "worst")[:, 0].tolist() == [0, 4]
    assert regrets(values, values)[:, 0].tolist() == [1, 1]
    # where all plans come to the same nobody regrets anything
    assert not regrets(np.ones((3, 2, 1, 1)), np.ones((4, 2, 1, 1))).any()
    third = np.concatenate([values, [[[[0.0]], [[2.0]]]]])
    assert regrets(values, third)[:, 0].tolist() == [1.0, 0.5]
    assert enough(values, ["a"], {"a": 4.0}).tolist() == [0.5, 1.0]
    assert enough(values, ["a"], {}).tolist() == [1.0, 1.0]


def test_what_is_enough_has_the_sign_of_its_goal():
    least = best_plans.least_of(["poverty_gap", "end_eur_public"], {"poverty_gap": 0.1})
    assert least == {"poverty_gap": -0.1, "end_eur_public": 0.0}
    with pytest.raises(UserError, match="'luck' is no goal"):
        best_plans.least_of(["poverty_gap"], {"luck": 1.0})
    with pytest.raises(UserError, match="--enough poverty_gap"):
        say_plans.asked_enough(["poverty_gap"])


# ---- the search -------------------------------------------------------------------------------


def test_rows_and_parts_are_each_others_inverse():
    factors = [Factor("a", "a", 2.0, 200.0, log=True), Factor("b", "b", -1.0, 3.0)]
    rows = np.array([[2.0, -1.0], [20.0, 1.0], [200.0, 3.0]])
    np.testing.assert_allclose(units(factors, rows), [[0, 0], [0.5, 0.5], [1, 1]])
    np.testing.assert_allclose(rows_of(factors, units(factors, rows)), rows)


@pytest.mark.parametrize("goals", [2, 5])
def test_the_search_finds_what_lots_hardly_do(goals):
    def far(x):  # good plans lie where the last eight numbers are a half
        out = np.sqrt(((x[:, goals:] - 0.5) ** 2).sum(axis=1))[:, None]
        return x[:, :goals] / np.maximum(x[:, :goals].sum(axis=1, keepdims=True), 0.1) - out

    chance = np.random.default_rng(1)
    lots = chance.random((240, goals + 8))
    rows, values = search(lots[:24], far(lots[:24]), far, 240)
    assert len(rows) == 240 and (rows[:24] == lots[:24]).all()
    among = np.concatenate([values, far(lots)])
    assert hypervolume(values, among) > 1.2 * hypervolume(far(lots), among)


def test_the_same_search_asks_the_same_and_a_failed_row_is_passed_over():
    def holed(x):
        y = np.column_stack([x[:, 0], 1 - x[:, 0] ** 2])
        y[x[:, 1] > 0.8] = np.nan
        return y

    start = np.random.default_rng(2).random((10, 3))
    one, two = (search(start, holed(start), holed, 35, seed=4) for _ in range(2))
    assert (one[0] == two[0]).all() and len(one[0]) == 35
    assert not (search(start, holed(start), holed, 35, seed=5)[0] == one[0]).all()


# ---- through the store ------------------------------------------------------------------------


def test_search_and_yardstick_try_as_many_plans_in_the_same_futures(found):
    sweep, plans = found
    assert len(plans.random.points) == len(plans.search.points) == 48
    assert plans.random.points[:16] == plans.search.points[:16]
    assert plans.random.values.shape == (48, 2, 2, 4)
    # the yardstick is the sweep of the study itself
    assert sweep.missing() == 0
    table = sweep.table()
    first = table[(table["point"] == 3) & (table["effects"] == "sceptical")]
    np.testing.assert_allclose(
        plans.random.values[3, 1, :, 0], first["people_out_of_poverty"].to_numpy()
    )
    np.testing.assert_allclose(plans.random.values[3, 1, :, 3], -first["poverty_gap"].to_numpy())
    again = plans.random_again
    assert again.values.shape[1:] == (2, 2, 4) and 1 < len(again.points) <= 48
    line = plans.line("mean", 16)
    assert [row[0] for row in line] == [16, 32, 48] and line[0][1] == line[0][2]
    assert line[-1][1:] == plans.volumes("mean", False)


def test_a_search_that_is_stopped_goes_on_where_it_was(tmp_path, found):
    sweep, lives = begun(tmp_path), []

    def dies(task):
        lives.append(task)
        if len(lives) == 230:  # in the middle of the search
            raise KeyboardInterrupt
        return toy(task)

    def compared(live):
        return robust.compare(robust.Lived(sweep, threads, 4, live=live), 16, "mean", 2)

    with pytest.raises(KeyboardInterrupt):
        compared(dies)
    kept = len(sweep.store.names())
    assert 192 <= kept < 250  # other threads may finish what they are at

    def counted(task):
        lives.append(task)
        return toy(task)

    lives.clear()
    whole = compared(counted)
    assert len(lives) == len(sweep.store.names()) - kept
    np.testing.assert_array_equal(whole.search.values, found[1].search.values)
    lives.clear()
    compared(counted)
    assert not lives


def test_a_plan_that_fails_counts_nowhere(tmp_path):
    def fails(task):
        if task["scenario"]["plan"]["mix"]["energy_help"] > 0.5:
            raise ValueError("too much")
        return toy(task)

    lived = robust.Lived(begun(tmp_path, 24), threads, 20, live=fails)
    plans = robust.compare(lived, 8, "worst", 0)
    assert 8 < len(plans.random.points) < 24
    assert not np.isnan(plans.search.values).any() and not plans.search_again.points


def test_one_executor_serves_all_generations_and_is_replaced_when_it_died():
    from siexsim.sweep.executors import worker_pool

    opened = []

    def counting():
        opened.append(threads() if opened else worker_pool(1))
        return opened[-1]

    with robust.Lasting(counting) as lasting:
        with lasting() as first, lasting() as second:
            assert first is second
            with pytest.raises(Exception, match="terminated abruptly"):
                first.submit(exit_hard).result()
        with lasting() as third:
            assert third is not first and third.submit(int).result() == 0
    assert len(opened) == 2


def exit_hard():
    import os

    os._exit(9)


def test_what_cannot_be_searched_is_refused(tmp_path):
    sweep = begun(tmp_path)
    for population in (4, 49):
        with pytest.raises(UserError, match="a generation of"):
            robust.check(sweep, population)
    unsure = sweep.study.uncertainties
    wrong = {
        "method random": {"design": sweep.study.design.model_copy(update={"method": "sobol"})},
        "two goals": {"outcomes": ("end_eur_public",)},
    }
    # these would be searched as if somebody decided on them
    nature = ({"drawn": True}, {"drawn_from": 9}, {"parameters": ("work.*",)})
    asked = [("leave out 'drawn'", {"uncertainties": unsure.model_copy(update=u)}) for u in nature]
    for said, changes in [*wrong.items(), *asked]:
        study = sweep.study.model_copy(update=changes)
        with pytest.raises(UserError, match=said):
            robust.check(Sweep(sweep.folder, study, sweep.program), 16)


# ---- what is said of it -----------------------------------------------------------------------


def test_the_table_of_best_plans(found):
    sweep, plans = found
    table = best_plans.best(plans, sweep.study, "mean", {})
    every = best_plans.everything(plans)
    assert len(every.points) == 80  # 48 and 48, of which 16 the same
    assert len(table) == undominated(robustly(every.values, "mean")).sum()
    for name in sweep.study.outcomes:
        assert table[f"new.{name}"].notna().all()
    # a new future only adds to people out of poverty
    gained = table["new.people_out_of_poverty"] - table["people_out_of_poverty"]
    np.testing.assert_allclose(gained, 2.0)
    lettered = table[table["letter"] != ""].set_index("best_at")
    top = next(row for why, row in lettered.iterrows() if "poverty_gap" in str(why))
    assert top["new.poverty_gap"] == table["new.poverty_gap"].min()
    assert table["largest_regret"].between(0, 1).all()
    cells = best_plans.by_cell(plans, sweep.study, table, "mean")
    assert len(cells) == 2 * len(table)
    worst = cells.groupby("row")["regret.end_eur_public"].max()
    np.testing.assert_allclose(worst, table["regret.end_eur_public"])
    # the balance is never back here, so nothing is enough; asked less, it is
    assert (table["enough_share"] < 1).all()
    easy = {name: -1e9 if robust.sign(name) > 0 else 1e9 for name in sweep.study.outcomes}
    assert (best_plans.best(plans, sweep.study, "mean", easy)["enough_share"] == 1).all()


def test_commands_make_tables_and_pictures(tmp_path, found, capsys, monkeypatch):
    sweep, _ = found
    monkeypatch.setattr(robust.Lived, "live", staticmethod(toy), raising=False)
    for lang, said in (("nl", "zijn niet te verbeteren"), ("en", "can't be bettered")):
        asked = ["robust", str(sweep.folder), "--lang", lang, "--population", "16", "--again", "2"]
        # all runs are there already, so none is done
        assert command.main([*asked, "--out", str(tmp_path), "--enough", "stress_years=0.1"]) == 0
        told = capsys.readouterr().out
        assert said in told and "0,1" in told.replace("0.1", "0,1")
    made = {path.name for path in tmp_path.iterdir()}
    assert {"robust-plans.csv", "robust-cells.csv", "robust-volume.csv"} <= made
    assert {f"robust-plans-{lang}.png" for lang in ("nl", "en")} <= made
    assert command.main(["robust", str(sweep.folder), "--population", "400"]) == 2
    assert "a generation of 400 plans" in capsys.readouterr().err


def kinds(task):
    plan = task["scenario"]["plan"]
    luck, strong = 100.0 * task["future"], task["strength"]["all"]
    better = strong * (2 + task["future"]) if plan["allocation"] == "learning" else 0.0
    later = -1.0 if plan["start"] == "2023-07" else 0.0
    return {"end_eur_public": 1e6 * (luck + better + later), "stress_years": luck}


def test_kinds_of_plan_are_compared_in_the_same_futures(tmp_path, capsys):
    path = tmp_path / "kinds.toml"
    path.write_text(HEAD + KINDS, encoding="utf-8")
    sweep = Sweep.begin(read_study(path), tmp_path)
    sweep.finish(threads, 20, simulate=kinds)
    lever, base = comparing.choice_of(sweep.study, "plan", None)
    table = comparing.compared(sweep, lever, base).set_index(["outcome", "option"])
    learning = table.loc[("end_eur_public", "learning")]
    # strengths 0.5 and 1, futures 1 to 5: luck is no part of it
    assert learning["difference"] == pytest.approx(1e6 * 0.75 * 5)
    assert 2.5e6 < learning["low"] < learning["difference"] < learning["high"] < 5e6
    assert learning["higher_share"] == 1 and learning["futures"] == 5
    later = table.loc[("end_eur_public", "year_later")]
    assert later["low"] == later["high"] == pytest.approx(-1e6) and later["higher_share"] == 0
    assert table.loc[("stress_years", "learning")]["difference"] == 0
    with pytest.raises(UserError, match="say with --lever"):
        comparing.choice_of(sweep.study, None, None)
    with pytest.raises(UserError, match=r"'fixd' is no option of plan.*fixed"):
        comparing.choice_of(sweep.study, "plan", "fixd")
    assert command.main(["compare", str(sweep.folder), "--lever", "plan", "--lang", "nl"]) == 0
    assert "een jaar later beginnen" in capsys.readouterr().out
    assert (sweep.folder / "compared-en.png").exists()


def test_pictures_of_plans_are_the_same_files_every_time(tmp_path, found):
    sweep, plans = found
    table = best_plans.best(plans, sweep.study, "mean", {})
    with pictures.style():
        for name in ("a", "b"):
            drawn = pictures_plans.draw_plans(plans, sweep.study, table, "mean", "nl")
            pictures.save({"plans": drawn}, tmp_path / name)
    for end in ("png", "svg"):
        one, two = ((tmp_path / name / f"plans.{end}").read_bytes() for name in ("a", "b"))
        assert one == two


def test_goals_and_kinds_of_the_studies_have_words():
    for name in ("robuust_stad", "soorten_plannen"):
        there = ROOT / "experiments" / "studies" / f"{name}.toml"
        study = tomllib.loads(there.read_text(encoding="utf-8"))
        kinds_of = study["levers"].get("plan", {}).get("of", {})
        for lang in ("nl", "en"):
            for goal in study["outcomes"]:
                assert words.goal(lang, goal) != goal
            for kind in kinds_of:
                assert words.option(lang, kind) != kind


@pytest.mark.slow
def test_a_tiny_search_of_the_model_itself(tmp_path):
    """Two effect sets, one future, nine plans by lot and as many by searching, two new futures."""
    text = STUDY.replace("POINTS", "9").replace("futures = 2", "futures = 1")
    path = tmp_path / "toy.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    sweep = Sweep.begin(read_study(path), tmp_path)
    plans = robust.compare(robust.Lived(sweep, threads, 1), 8, "worst", 1)
    assert len(plans.search.points) == 9 and np.isfinite(plans.search.values).all()
    table = best_plans.best(plans, sweep.study, "worst", {})
    assert isinstance(table, pd.DataFrame) and len(table) >= 1
