"""The map of mixes, conditions in words, break-even and pictures: on made-up runs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import __main__ as command
from experiments import breakeven, discovery, mixes, pictures, sensitivity, words
from experiments.answers import by_cell, complete
from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import LUCK, NUMBERS_OF
from siexsim.sweep.study import Study, read_study
from tests.test_sweep_runs import threads

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "experiments" / "scenarios" / "noordoost.toml"
HEAD = f'name = "Toy"\nscenarios = ["{SCENARIO}"]\nsample = 200\nyears = 12\n'
MIX = """
[design]
method = "METHOD"
points = POINTS
[levers]
mix = ["debt_relief", "job_guidance"]
plan.budget_eur_per_year = { low = 1_000_000, high = 5_000_000 }
plan.target = ["first_come", "prevention"]
[uncertainties]
futures = 3
"""
GRID = """
[design]
method = "grid"
[levers]
price.all = [0.25, 0.5, 1, 2]
mix.of = { debt_relief = { debt_relief = 1.0 }, house = { house = 1.0 } }
[uncertainties]
futures = 4
"""


def toy(task):
    """Months until payback fall with the share of debt relief; a big budget never pays back."""
    plan = task["scenario"]["plan"]
    share = plan["mix"].get("debt_relief", 0.0)
    back = 24 + 120 * (1 - share) + task["future"]
    if plan["budget_eur_per_year"] > 3e6 or back > 126:
        back = np.nan
    came = {"invested_eur": 1e6, "watched_months": 126.0, "stress_years": 1.0}
    came |= {"people_out_of_poverty": share, "poverty_gap": 0.0}
    for view in VIEWS:
        came |= {f"payback_months_{view}": back, f"deepest_eur_{view}": -1e6}
        came[f"end_eur_{view}"] = 1e6 * (share - 0.5)
        for year in range(1, 11):
            dear = task["price"].get("all", 1.0)
            gain = 700 + 20 * task["future"] if share else 100.0
            came[f"balance_eur_{view}_year_{year}"] = year * gain / 10 - 1000 * dear
    return came


def sweep_of(folder: Path, text: str) -> Sweep:
    path = folder / "toy.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return Sweep.begin(read_study(path), folder)


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    text = MIX.replace("METHOD", "random").replace("POINTS", "128")
    sweep = sweep_of(tmp_path_factory.mktemp("random"), text)
    sweep.finish(threads, 50, simulate=toy)
    return sweep


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    sweep = sweep_of(tmp_path_factory.mktemp("grid"), GRID)
    sweep.finish(threads, 50, simulate=toy)
    return sweep


def test_an_analysis_of_half_a_sweep_is_refused_with_what_is_missing(tmp_path):
    sweep = sweep_of(tmp_path, MIX.replace("METHOD", "random").replace("POINTS", "8"))
    with pytest.raises(UserError, match="24 of 24 runs are missing"):
        complete(sweep)
    sweep.finish(threads, 5, simulate=toy)
    assert complete(sweep) is sweep
    with pytest.raises(UserError, match=r"8 points are too few .* so 168 runs are missing"):
        sensitivity.analyse_all(sweep)


def test_the_map_tells_how_often_each_plan_is_paid_back(random):
    table = mixes.map_of(random)
    assert len(table) == 128
    share = table["mix.debt_relief"]
    cheap = table["plan.budget_eur_per_year"] <= 3e6
    months = 24 + 120 * (1 - share)
    within = table["paid_back_public_within_5"]
    assert (within[cheap & (months < 56)] == 1).all() and (within[~cheap] == 0).all()
    some = cheap & (months > 57.01) & (months < 58.99)
    assert within[some].between(0.3, 0.7).all()
    assert table["paid_back_public_within_20"].isna().all()  # the runs don't last that long
    np.testing.assert_allclose(table["end_per_euro_society"], share - 0.5)
    counts = mixes.counted(table).set_index(["view", "years"])["paid_back"]
    assert counts["public", 5] == (within >= 0.5).sum()
    assert np.isnan(counts["public", 20])
    best = mixes.best_plans(table, "public", 5, most=1).iloc[0]
    assert best["paid_back_public_within_5"] == 1


def test_conditions_are_found_and_counted_on_other_plans(random):
    (_, rows), *_ = by_cell(random)
    factors = random.study.factors()
    table = mixes.map_of(random)
    y = (table["paid_back_public_within_5"] >= 0.5).to_numpy(float)
    box = discovery.discover(discovery.inputs(table, factors), y)
    assert box is not None
    low, high = box.limits["mix.debt_relief"]
    assert 0.55 < low < 0.85 and high == np.inf
    # the widest box that is dense enough takes in some plans that are too large
    assert 2.5e6 < box.limits["plan.budget_eur_per_year"][1] < 4e6
    assert "plan.target" not in box.limits
    assert box.paid / box.inside >= 0.7 and box.held_out > 3 * y.mean()
    inside = table["mix.debt_relief"].between(low, high)
    inside &= table["plan.budget_eur_per_year"].between(*box.limits["plan.budget_eur_per_year"])
    assert (box.inside, box.paid) == (inside.sum(), y[inside].sum())
    assert box.coverage == y[inside].sum() / y.sum() > 0.6
    for lang, told in (("nl", "Schuldhulp"), ("en", "Debt relief")):
        kind, said = discovery.when(lang, rows, factors, "public", 5)
        assert kind == "found" and told in said and "%" in said


def test_a_condition_that_does_not_hold_for_other_plans_is_not_told():
    """Few plans pay back and by luck: whatever box fits them must not be called a condition."""
    chance, told = np.random.default_rng(3), 0
    for _ in range(10):
        x = pd.DataFrame(chance.random((64, 8)), columns=list("abcdefgh"))
        y = (chance.random(64) < 0.3).astype(float)
        box = discovery.discover(x, y)
        if box is not None:
            told += 1
            assert box.held_out >= discovery.HOLDS and box.held_out > y.mean()
    assert told <= 1


def test_a_few_plans_that_pay_back_are_called_by_name(random):
    """No condition is claimed, nor denied, where nothing was searched."""
    (_, rows), *_ = by_cell(random)
    factors, points = random.study.factors(), sorted(rows["point"].unique())

    def only(count: int) -> pd.DataFrame:
        late = ~rows["point"].isin(points[:count])
        return rows.assign(payback_months_public=np.where(late, np.nan, 5.0))

    kind, said = discovery.when("en", only(2), factors, "public", 2)
    assert kind == "named" and "2 times a division over more kinds of help" in said
    alone = only(1).assign(**{"mix.debt_relief": 1.0, "mix.house": 0.0})
    assert discovery.when("nl", alone, factors, "public", 2)[1].endswith(
        "Het gaat om: alleen Schuldhulp met vroegsignalering."
    )
    kind, said = discovery.when("en", only(5), factors, "public", 2)
    assert kind == "few" and "too few plans to look for a condition" in said


def test_where_nothing_is_to_be_found_nothing_is_claimed(random):
    (_, rows), *_ = by_cell(random)
    factors = random.study.factors()
    chance = np.random.default_rng(1)
    plans = mixes.map_of(random)
    luck = (chance.random(len(plans)) < 0.3).astype(float)
    assert discovery.discover(discovery.inputs(plans, factors), luck) is None
    assert discovery.when("en", rows, factors, "public", 1)[0] == "none"
    assert discovery.when("en", rows, factors, "public", 20)[0] == "unknown"
    soon = rows.assign(payback_months_public=5.0)
    assert discovery.when("en", soon, factors, "public", 2)[0] == "always"
    said = discovery.in_words("nl", rows, factors, "public", (1, 2, 5, 20, 25))
    assert len(said) == 3  # nobody within 2, a condition for 5, not known from 20


def test_break_even_of_a_price_and_of_a_strength():
    price = np.array([0.5, 1.0, 2.0])
    assert breakeven.crossing(price, np.array([50.0, -50, -250]), "price") == pytest.approx(0.75)
    turned = breakeven.crossing(price[::-1], np.array([-200.0, -100, 100]), "price")
    assert turned == pytest.approx(0.75)
    # a price at which nothing pays back lies below all that was tried, a strength above it
    for lever, never in (("price", -np.inf), ("strength", np.inf)):
        assert breakeven.crossing(price, -price, lever) == never
        assert breakeven.crossing(price, price, lever) == -never
        assert breakeven.is_never(lever, never) and not breakeven.is_never(lever, -never)
        # nothing put in is nothing back
        assert breakeven.crossing(price, 0 * price, lever) == never
    # more help that makes it worse is no turn, nor is a dearer one that makes it better
    assert np.isnan(breakeven.crossing(np.arange(4.0), np.array([5.0, -1, -3, -8]), "strength"))
    assert np.isnan(breakeven.crossing(np.arange(4.0), np.array([-5.0, -1, -1, 3]), "price"))
    balances = 100 - 100 * price[:, None] + np.array([-10.0, 0, 10])
    told = breakeven.turn(price, balances, "price")
    assert told.at == pytest.approx(1.0) and 0.8 < told.low < 1 < told.high < 1.2
    # 10 / sqrt(3) times Student's t with two degrees of freedom, over the slope of 100
    assert told.high - 1 == pytest.approx(2.92 * 10 / np.sqrt(3) / 100, rel=1e-3)


def test_an_interval_beyond_what_was_tried_is_said_on_its_own_side():
    """In some futures no price is low enough: then the turn is below the lowest that was tried."""
    price = np.array([0.5, 1.0])
    told = breakeven.turn(price, np.array([[30.0, -1], [10, -21]]), "price")
    assert told.low == -np.inf and told.high == np.inf and 0.5 < told.at < 1
    row = pd.Series(
        {"mix": "house", "view": "public", "years": 10, "lever": "price", "least": 0.5, "most": 1.0,
         "at": told.at, "low": told.low, "high": told.high}
    )  # fmt: skip
    assert "(<50% to >100%)" in breakeven.in_words("en", row)


def test_break_even_of_every_kind_of_help(grid):
    table = breakeven.turns(grid).set_index(["mix", "view", "years"])
    # gain of 750 a ten years on the mean, price 1000
    debt = table.loc["debt_relief", "public", 10]
    assert debt["at"] == pytest.approx(0.75, abs=1e-6)
    assert debt["low"] <= 0.75 <= debt["high"]
    assert np.isneginf(table.loc["house", "public", 10]["at"])  # dearer than even the cheapest
    rows = breakeven.turns(grid)
    said = [breakeven.in_words("nl", row) for _, row in rows.iterrows()]
    assert any("75% is van wat die nu is" in one for one in said)
    assert any("niet terug, ook niet bij een prijs van 0,25" in one for one in said)


def test_pictures_of_a_study_are_the_same_files_every_time(tmp_path, random):
    table = mixes.map_of(random)
    with pictures.style():
        for name in ("a", "b"):
            drawn = {
                "map-nl": pictures.draw_map(table, "nl"),
                "shares-en": pictures.draw_shares(table, "public", "en"),
            }
            pictures.save(drawn, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["map-nl.png", "map-nl.svg", "shares-en.png", "shares-en.svg"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.slow
def test_commands_from_a_sweep_to_tables_and_pictures(tmp_path, grid, capsys):
    text = MIX.replace("METHOD", "sobol").replace("POINTS", "64")
    sobol = sweep_of(tmp_path, text)
    sobol.finish(threads, 50, simulate=toy)
    for lang in ("nl", "en"):
        assert command.main(["sensitivity", str(sobol.folder), "--lang", lang]) == 0
    said = capsys.readouterr().out
    assert "de verdeling van het geld over soorten hulp" in said and "control" in said
    made = {path.name for path in sobol.folder.iterdir()}
    assert {"sensitivity.csv", "convergence.csv", "horizons-toy-own-own-nl.png"} <= {
        name.replace("noordoost", "toy") for name in made
    }
    table = pd.read_csv(sobol.folder / "sensitivity.csv")
    total = table[(table["measure"] == "ST") & (table["outcome"] == "end_eur_public")]
    total = total.set_index("factor")
    assert total.loc["mix", "low"] <= 1 <= total.loc["mix", "high"]
    assert abs(total.loc["dummy", "index"]) < 0.02
    assert command.main(["mixes", str(sobol.folder), "--lang", "en"]) == 0
    assert command.main(["discover", str(sobol.folder), "--lang", "nl"]) == 0
    assert command.main(["breakeven", str(grid.folder), "--lang", "en"]) == 0
    assert command.main(["breakeven", str(sobol.folder)]) == 2
    assert "break-even needs a grid" in capsys.readouterr().err


def test_both_languages_have_the_same_words():
    def flat(content, before=""):
        return {
            name
            for key, one in content.items()
            for name in (flat(one, f"{before}{key}.") if isinstance(one, dict) else [before + key])
        }

    texts = {lang: words.words(lang) for lang in ("nl", "en")}
    assert flat(texts["nl"]) == flat(texts["en"])


def test_levers_have_words_in_both_languages():
    study: Study = read_study(ROOT / "experiments" / "studies" / "waar_hangt_het_van_af.toml")
    for lang in ("nl", "en"):
        for factor in study.factors():
            for name in (factor.group, factor.name):
                assert words.factor(lang, name) != name, name
            for option in factor.options if factor.name not in (NUMBERS_OF, LUCK) else ():
                assert words.value(lang, option) != option


def test_studies_are_toml():
    for path in (ROOT / "experiments" / "studies").glob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))["name"]
