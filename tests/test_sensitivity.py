"""What SALib says of a sweep: known functions, a dummy, ranks that intervals allow."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from SALib.analyze import pawn as salib_pawn
from SALib.test_functions import Ishigami

from experiments import sensitivity
from experiments.answers import Answers, arranged
from siexsim.sweep.design import Design, problem_of, samples
from siexsim.sweep.levers import Factor, Mix, factors_of, point_of
from siexsim.sweep.runs import Run, finish
from siexsim.sweep.store import Store
from siexsim.sweep.study import read_study
from tests import toys

ABC = [Factor(name, name, -math.pi, math.pi) for name in "abc"]
DUMMY = Factor("dummy", "dummy", 0.0, 1.0)
MIX = [*factors_of("mix", Mix(shares=("one", "two", "three"))), Factor("x", "x", 0, 1), DUMMY]
FIRST = {"a": 0.3139, "b": 0.4424, "c": 0.0, "dummy": 0.0}
TOTAL = {"a": 0.5576, "b": 0.4424, "c": 0.2437, "dummy": 0.0}


@pytest.fixture(scope="module")
def ishigami(tmp_path_factory):
    """Indices of Ishigami's function with a dummy, each point a run of a sweep."""
    factors = [*ABC, DUMMY]
    design = Design(method="sobol", points=512)
    points = [point_of(factors, row) for row in samples(design, factors)]
    runs = [Run(f"{k:05}", point, {"point": point}) for k, point in enumerate(points)]
    store = Store(tmp_path_factory.mktemp("ishigami"))
    finish(runs, toys.ishigami, store, lambda: ThreadPoolExecutor(1), 500)
    y = store.rows([run.name for run in runs])["y"].to_numpy()
    np.testing.assert_allclose(y, Ishigami.evaluate(samples(design, factors)[:, :3]))
    return factors, y


def test_indices_of_a_known_function_lie_within_their_intervals(ishigami):
    first, total = sensitivity.sobol(*ishigami)
    for table, known in ((first, FIRST), (total, TOTAL)):
        for row in table.itertuples():
            assert row.low - 0.01 <= known[row.factor] <= row.high + 0.01, row
            assert row.high - row.low < 0.35
    assert abs(total.set_index("factor").loc["dummy", "index"]) < 0.02
    assert total.set_index("factor")["above_dummy"].to_dict() == {
        "a": True, "b": True, "c": True, "dummy": False,
    }  # fmt: skip


def test_intervals_narrow_as_points_are_added(ishigami):
    line = sensitivity.convergence(*ishigami)
    wide = (line["high"] - line["low"]).groupby(line["points"]).max()
    assert list(wide.index) == [64, 128, 256, 512]
    assert wide[512] < 0.6 * wide[64]
    last = line[line["points"] == 512].reset_index(drop=True)
    assert sensitivity.points_needed(last, 512) == 512
    first = line[line["points"] == 64].reset_index(drop=True)
    assert sensitivity.points_needed(first, 64) > 64


def test_no_rank_where_intervals_overlap():
    low, high = np.array([0.5, 0.2, 0.15, 0.0]), np.array([0.7, 0.3, 0.25, 0.1])
    assert sensitivity.ranks(low, high) == ["1", "2-3", "2-3", "4"]
    assert sensitivity.ranks(low - 1, high + 1) == ["1-4"] * 4


def test_indices_that_are_too_rough_tell_nothing(ishigami):
    factors, y = ishigami
    assert sensitivity.tells(sensitivity.sobol(factors, y)[1])
    one = np.zeros(len(y))
    one[7] = 1.0  # a single run apart: what little there is to say is luck
    assert not sensitivity.tells(sensitivity.sobol(factors, one)[1])
    assert not sensitivity.tells(sensitivity.sobol(factors, 0 * y)[1])


def test_intervals_of_many_points_are_those_of_fewer_brought_to_size(monkeypatch):
    x = samples(Design(points=512), MIX)
    y = x[:, 3][:, None] + np.random.default_rng(2).normal(0, 0.5, (512, 1))
    wide = {}
    for most in (128, 512):
        monkeypatch.setattr(sensitivity, "_PAWN_ROWS", most)
        table = sensitivity.pawn(MIX, x, y).set_index("factor")
        wide[most] = float((table["high"] - table["low"]).loc["x"])
    assert wide[128] == pytest.approx(wide[512], rel=0.5)


def test_what_never_changes_has_no_index():
    first, total = sensitivity.sobol(ABC, np.zeros(8 * 5))
    assert total["index"].isna().all() and set(first["rank"]) == {"-"}


def test_shares_of_a_mix_are_even_over_the_simplex():
    rows = samples(Design(points=4096), MIX)
    shares = np.array([[v for k, v in point_of(MIX, r).items() if k[:4] == "mix."] for r in rows])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    # of an even spread over a triangle: mean 1/3, variance 1/18, covariance -1/36
    np.testing.assert_allclose(shares.mean(axis=0), 1 / 3, atol=0.004)
    np.testing.assert_allclose(
        np.cov(shares.T), np.full((3, 3), -1 / 36) + np.eye(3) / 12, atol=2e-3
    )
    # any corner of half the height holds a quarter of all
    assert (shares > 0.5).mean(axis=0) == pytest.approx([0.25] * 3, abs=0.01)


def test_a_mix_counts_as_one(ishigami):
    assert sensitivity.groups(MIX) == ["mix", "x", "dummy"]
    x = samples(Design(method="sobol", points=256), MIX)
    shown = sensitivity.true_shares(MIX, x)
    y = 2 * shown[:, 0] + x[:, 3]
    # variance of 2 x share is 4/18, of x 1/12
    total = sensitivity.sobol(MIX, y)[1].set_index("factor")
    assert total.loc["mix", "index"] == pytest.approx((4 / 18) / (4 / 18 + 1 / 12), abs=0.05)
    assert abs(total.loc["dummy", "index"]) < 0.02


def test_morris_finds_what_moves_an_outcome_and_by_how_much():
    x = samples(Design(method="morris", points=16), MIX)
    table = sensitivity.morris(MIX, x, 3 * x[:, 3] + 0 * x[:, 0]).set_index("factor")
    assert table.loc["x", "index"] == pytest.approx(3)
    assert table.loc["dummy", "index"] == 0 and table.loc["x", "rank"] == "1"


def test_pawn_tells_shares_apart_and_leaves_the_dummy_behind():
    x = samples(Design(points=128), MIX)
    shown = sensitivity.true_shares(MIX, x)
    # payback is skewed: never where the share is small
    months = np.where(shown[:, 0] > 0.4, 20 + 30 * x[:, 3], 200.0)[:, None]
    table = sensitivity.pawn(MIX, shown, months).set_index("factor")
    assert table["index"].idxmax() == "mix.one"
    assert table.loc["mix.one", "above_dummy"] and not table.loc["dummy", "above_dummy"]


@pytest.mark.parametrize("ties", [False, True])
def test_medians_are_those_of_salib(ties):
    chance = np.random.default_rng(4)
    x = np.column_stack([chance.random((600, 3)), chance.integers(0, 3, 600)])
    y = x[:, 0] ** 2 + 0.3 * x[:, 3] + 0.1 * chance.random(600)
    y = np.round(y, 1) if ties else y
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 3 + [[0, 3]]}
    told = salib_pawn.analyze(problem, x, y, S=sensitivity._SLICES)
    np.testing.assert_allclose(sensitivity.medians(x, y), told["median"], atol=1e-12)


def test_noise_is_what_futures_do_to_points_apart():
    chance = np.random.default_rng(4)
    points, futures = np.arange(400.0)[:, None] / 100, chance.normal(0, 50, 8)
    told = Answers(points + futures, 8)
    assert told.noise_share < 1e-20  # all points feel a future alike
    noisy = Answers(points + futures + chance.normal(0, 2, (400, 8)), 8)
    expected = (4 / 8) / (points.var() + 4 / 8)
    assert noisy.noise_share == pytest.approx(expected, rel=0.15)
    assert math.isnan(Answers(points, 1).noise_share)


def test_a_future_that_failed_somewhere_is_left_out_for_all():
    rows = pd.DataFrame({"point": [0, 0, 1, 1], "future": [1, 2, 1, 2]})
    told = arranged(rows, np.array([1.0, 2.0, np.nan, 4.0]))
    assert told.values.tolist() == [[2.0], [4.0]] and told.futures == 2
    assert not arranged(rows, np.full(4, np.nan)).known


def test_a_point_that_always_failed_is_left_out_and_the_others_are_told():
    why = [None, None, "no money", "no money", None, None]
    rows = pd.DataFrame({"point": [0, 0, 1, 1, 2, 2], "future": [1, 2] * 3, "error": why})
    told = arranged(rows, np.array([1.0, 2.0, np.nan, np.nan, 4.0, 5.0]))
    assert told.there.tolist() == [True, False, True] and told.known
    np.testing.assert_array_equal(told.means, [1.5, np.nan, 4.5])


def test_a_design_in_blocks_goes_without_those_that_miss_a_point():
    path = Path(__file__).parent.parent / "experiments" / "studies" / "waar_hangt_het_van_af.toml"
    study = read_study(path)
    block = len(sensitivity.groups(study.factors())) + 2
    there = np.ones(block * study.design.points, bool)
    there[block + 3] = False
    kept = sensitivity.whole(study, there)
    assert kept.sum() == len(there) - block and not kept[block : 2 * block].any()
    by_lot = study.model_copy(update={"design": Design(points=8)})
    assert (sensitivity.whole(by_lot, there) == there).all()


def test_a_problem_is_salibs_own():
    problem = problem_of(MIX)
    problem.sample_sobol(8, calc_second_order=False, seed=3).evaluate(lambda x: x[:, 3])
    problem.analyze_sobol(calc_second_order=False, seed=3)
    assert list(problem["groups"]) == ["mix", "mix", "mix", "x", "dummy"]
    assert len(problem.analysis["ST"]) == 3
