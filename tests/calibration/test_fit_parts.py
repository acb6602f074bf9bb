"""The parts of the fit, each held against what can be worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import diagnostics
from calibration.emulator import train
from calibration.priors import Prior, Space, read_priors
from calibration.sample import effective
from calibration.screen import candidates, chosen, moving, read_screening, screen
from calibration.stamp import hashed
from calibration.store import BATCH, Run, Store, outcomes
from calibration.waves import observe
from siexsim.errors import UserError
from siexsim.parameters import Parameters
from tests.calibration import toy

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(1)


# ---- priors -----------------------------------------------------------------------------------


def test_points_and_values_are_each_others_inverse() -> None:
    x = RNG.random(4)
    assert toy.SPACE.point(toy.SPACE.values(x)) == pytest.approx(x)


def test_points_of_the_prior_have_its_density_and_its_spread() -> None:
    space = Space((Prior("a", 2.0, 2.5, 4.0, "triangle"), Prior("b", 0.0, 0.5, 1.0, "flat")))
    x = space.from_uniform(RNG.random((200_000, 2)))
    assert x.std(axis=0) == pytest.approx(space.prior_sd(), rel=0.01)
    share = (x[:, 0] < 0.25).mean()  # below the top of a triangle lies (top - low) / width
    assert share == pytest.approx(0.25, abs=0.005)
    density = np.exp(space.log_density(np.array([[0.25, 0.1], [0.125, 0.9], [0.625, 0.5]])))
    assert density == pytest.approx([2.0, 1.0, 1.0])
    assert space.to_uniform(x[:100]) == pytest.approx(
        np.array([[(x[:, i] < v).mean() for i, v in enumerate(row)] for row in x[:100]]), abs=0.005
    )


def test_nothing_lies_outside_the_ranges() -> None:
    x = np.array([[-0.01, 0.5, 0.5, 0.5], [0.5, 0.5, 1.01, 0.5], [0.5, 0.5, 0.5, 0.5]])
    assert np.isfinite(toy.SPACE.log_density(x)).tolist() == [False, False, True]


def test_packaged_priors_lie_within_the_evidence() -> None:
    space, own = read_priors()
    for prior in space.priors:
        packaged = Parameters.packaged()[prior.name]
        assert packaged.low <= prior.low < prior.high <= packaged.high
        assert not packaged.fixed
    assert own["off_share"].source.startswith("none")
    assert own["off_share"].grade == "assumption"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["work.find_a_year"]', "unknown parameter"),
        ('["work.find_per_year"]\nshape = "round"', "shape 'round'"),
        ('["work.find_per_year"]\nlow = 0.5', "needs a 'source'"),
        ('["work.find_per_year"]\nlow = 0.1\nsource = "me"', "isn't a range within"),
    ],
)
def test_a_faulty_prior_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "priors.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_priors(path)


# ---- store ------------------------------------------------------------------------------------


def test_a_run_is_named_by_all_it_depends_on() -> None:
    names = {
        Run({"a": 1.0}, 1, 10).name("x"),
        Run({"a": 1.0 + 1e-15}, 1, 10).name("x"),
        Run({"b": 1.0}, 1, 10).name("x"),
        Run({"a": 1.0}, 2, 10).name("x"),
        Run({"a": 1.0}, 1, 20).name("x"),
        Run({"a": 1.0}, 1, 10).name("y"),
    }
    assert len(names) == 6
    assert Run({"a": 1.0, "b": 2}, 1, 10).name("") == Run({"b": 2.0, "a": 1}, 1, 10).name("")


def test_a_finished_run_is_not_done_again_and_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    store, asked = Store(tmp_path, "x"), []

    def counted(values: object, seed: int, sample: int) -> dict[str, float]:
        asked.append(seed)
        return {"y": seed / 3}

    runs = [Run({"a": 0.1}, seed, 10) for seed in range(20)]
    with ThreadPoolExecutor(1) as pool:
        first = outcomes(store, counted, runs[:12], pool, "")
        again = outcomes(store, counted, list(reversed(runs)), pool, "")
    assert sorted(asked) == list(range(20))
    assert first["y"].tolist() == [seed / 3 for seed in range(12)]
    assert again["y"].tolist() == [seed / 3 for seed in reversed(range(20))]
    assert len(list(tmp_path.iterdir())) < 20


def test_a_fault_in_a_run_loses_no_batch_before_it(tmp_path: Path) -> None:
    store = Store(tmp_path, "x")

    def failing(values: object, seed: int, sample: int) -> dict[str, float]:
        if seed == 3 * BATCH:
            raise AssertionError("broke an invariant")
        return {"y": 0.0}

    runs = [Run({}, seed, 10) for seed in range(4 * BATCH)]
    with ThreadPoolExecutor(1) as pool, pytest.raises(AssertionError, match="invariant"):
        outcomes(store, failing, runs, pool, "")
    assert len(store.found()) >= 2 * BATCH


def test_what_a_kill_left_half_written_is_not_read(tmp_path: Path) -> None:
    store = Store(tmp_path, "x")
    store.keep({"one": {"y": 1.0}})
    (tmp_path / ".two-123").write_bytes(b"PAR1 half")
    assert store.found() == {"one": {"y": 1.0}}


# ---- emulators --------------------------------------------------------------------------------


def test_an_emulator_follows_a_polynomial_and_knows_what_it_misses() -> None:
    x = RNG.random((400, 2))
    noise = 0.05 * RNG.standard_normal(400)
    outcomes_ = np.column_stack(
        [3 + x[:, 0] * x[:, 1] - x[:, 0] ** 2 + noise, np.sin(12 * x[:, 0]), np.full(400, 7.0)]
    )
    made = train(x, outcomes_, np.array([0.05, 0.0, 0.0]))
    at = RNG.random((50, 2))
    means, variances = made.predict(at)
    assert np.abs(means[:, 0] - (3 + at[:, 0] * at[:, 1] - at[:, 0] ** 2)).max() < 0.03
    assert made.lack[0] < 0.02  # its noise is that of the seeds
    assert made.lack[1] > 0.3  # a wave is no polynomial
    assert means[:, 2] == pytest.approx(7.0)
    assert variances[:, 2] == pytest.approx(0.0)
    far = made.predict(np.array([[3.0, 3.0]]))[1][0, 0]
    assert far > 20 * variances[:, 0].max()  # far from its runs it is unsure


def test_a_run_without_a_number_is_left_out() -> None:
    x = RNG.random((60, 2))
    y = np.column_stack([x[:, 0], x[:, 1]])
    y[7, 1] = np.nan
    made = train(x, y, np.zeros(2))
    assert made.runs == 59
    assert made.mean(x[7:8])[0] == pytest.approx(x[7], abs=0.01)


def test_what_may_be_off_adds_up_by_hand() -> None:
    wanted = {"y": toy.target("y", 10.0, half_width=2.0)}
    seen = observe(wanted, np.array([0.6]), sample=10, seeds=5, off_share=0.5)
    # band: 4 wide, so 1; the model: half of 2, so 1; chance: 0.36 (1/10 + 1/5)
    assert seen.sd[0] ** 2 == pytest.approx(1 + 1 + 0.36 * 0.3)


# ---- screening --------------------------------------------------------------------------------


def test_screening_finds_what_moves_and_keeps_it(tmp_path: Path) -> None:
    space = Parameters.packaged()
    names = ("work.find_per_year", "work.hours_step", "life.study_end_per_year")

    def lived(values: dict[str, float], seed: int, sample: int) -> dict[str, float]:
        return {"one": 3 * values["work.find_per_year"], "two": values["work.hours_step"]}

    wanted = {name: toy.target(name, 1.0, half_width=0.1) for name in ("one", "two")}
    with ThreadPoolExecutor(1) as pool:
        table = screen(lived, Store(tmp_path, "x"), wanted, space, names, 4, 1, 20, pool)
    assert table.index.tolist() == list(names)
    width = space["work.find_per_year"].high - space["work.find_per_year"].low
    assert table.loc["work.find_per_year", "one"] == pytest.approx(3 * width / 0.1)
    assert table.loc["life.study_end_per_year", "all"] == 0
    assert chosen(table, 2) == ["work.find_per_year", "work.hours_step"]


def test_the_strongest_of_a_target_is_kept_before_the_second_of_another() -> None:
    table = pd.DataFrame(
        {"all": [9.0, 8.0, 1.0], "one": [9.0, 8.0, 0.0], "two": [0.0, 0.0, 1.0]},
        index=["a", "b", "c"],
    )
    assert chosen(table, 2) == ["a", "c"]


def test_what_adds_nothing_new_comes_last() -> None:
    table = pd.DataFrame(
        {"all": [9.0, 8.0, 5.0, 3.0], "one": [9.0, 8.0, 2.0, 0.0], "two": [0.0, 0.0, 4.6, 3.0],
         "three": [0.0, 0.0, 0.0, 0.1]},
        index=["a", "a again", "b", "c"],
    )  # fmt: skip
    assert chosen(table, 3) == ["a", "b", "c"]


def test_each_free_parameter_moves_a_target_and_most_are_what_the_screening_chooses() -> None:
    space, _ = read_priors()
    table = read_screening()
    assert set(space.names) <= moving(table)
    assert len(set(space.names) & set(chosen(table, 16))) >= 8


def test_what_moves_a_target_by_half_its_band_is_held_where_it_is_not_fitted() -> None:
    table = pd.DataFrame(
        {"all": [9.0, 1.0, 1.2], "one": [9.0, 0.9, 0.0], "two": [0.0, 0.3, 1.0]},
        index=["a", "b", "c"],
    )
    assert moving(table) == {"a", "c"}


def test_nothing_is_screened_that_is_a_definition_or_makes_the_population() -> None:
    names = candidates(Parameters.packaged())
    assert len(names) > 50
    assert "life.pension_age_years" not in names
    assert "money.problematic_debt_eur" not in names
    assert not any(name.startswith(("population.", "help.", "account.")) for name in names)


# ---- diagnostics ------------------------------------------------------------------------------


def test_weighted_quantiles_are_those_of_repeated_values() -> None:
    values = RNG.random((300, 1))
    times = RNG.integers(1, 6, 300)
    weighted = diagnostics.quantiles(values, times / times.sum())
    repeated = np.quantile(np.repeat(values[:, 0], times), diagnostics.BAND)
    assert weighted[0] == pytest.approx(repeated, abs=0.01)


def test_equal_draws_are_worth_their_number_and_one_heavy_draw_is_worth_one() -> None:
    assert effective(np.full(50, 1 / 50)) == pytest.approx(50)
    assert effective(np.array([1.0, 0.0, 0.0])) == pytest.approx(1)


def test_prior_draws_have_a_ratio_of_one() -> None:
    x = toy.SPACE.from_uniform(RNG.random((20_000, 4)))
    table = diagnostics.parameter_table(toy.SPACE, x, np.full(len(x), 1 / len(x)))
    assert table["sd_ratio"].to_numpy() == pytest.approx(1, abs=0.02)


# ---- what the fit doesn't read ----------------------------------------------------------------

_WATCHED = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from pathlib import Path
import calibration.__main__, calibration.diagnostics, calibration.screen
from calibration.fit import TARGETS_FILE, fitted, read_priors, read_targets, stamp
from calibration.hindcast import simulate
stamp(), read_priors(), fitted(read_targets(TARGETS_FILE))
simulate({}, 1, 400)
from tests.calibration import toy
found, seen = toy.fit_toy(Path(sys.argv[1]))
calibration.fit.write(found, toy.SPACE, toy.SMALL, Path(sys.argv[1]) / "posterior.parquet")
from calibration.fit import Settings, live_cities
few = toy.runner(Path(sys.argv[1]) / "runs", settings=Settings(cities=2))
cities = live_cities(few, found)
calibration.diagnostics.write_tables(found, seen, toy.targets(), cities, 1, Path(sys.argv[1]))
assert any(name.endswith("targets.toml") for name in opened), "nothing was watched"
held = [name for name in opened if "holdouts" in name]
assert not held, held
"""


@pytest.mark.slow
def test_the_fit_never_opens_the_holdouts(tmp_path: Path) -> None:
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(tmp_path)],
        env=here, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_mark_of_files_changes_with_one_letter(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    before = hashed(path)
    path.write_text("b")
    assert hashed(path) != before
