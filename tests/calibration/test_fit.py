"""The fit finds a known truth, is no surer than it may be, and survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from calibration import diagnostics
from calibration.fit import Fitted, live_cities
from calibration.sample import effective, prior_points, quick, run_chain
from calibration.waves import Observed
from tests.calibration import kill, toy

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
Found = tuple[Fitted, Observed]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return toy.fit_toy(tmp_path_factory.mktemp("runs"))


def test_the_truth_lies_in_the_posterior(found: Found) -> None:
    fitted, _ = found
    bands = diagnostics.quantiles(fitted.x, fitted.weights, (0.01, 0.99))
    truth = toy.SPACE.point(toy.TRUTH)
    assert ((bands[:, 0] <= truth) & (truth <= bands[:, 1])).all()


def test_the_targets_narrow_what_they_depend_on_and_leave_the_idle_one(found: Found) -> None:
    fitted, _ = found
    ratio = diagnostics.parameter_table(toy.SPACE, fitted.x, fitted.weights)["sd_ratio"]
    assert ratio["b"] < 0.5
    assert 0.85 < ratio["idle"] < 1.15


def test_real_runs_at_the_draws_lie_near_the_targets(found: Found) -> None:
    fitted, _ = found
    table = diagnostics.target_table(
        toy.targets(), fitted.real.to_numpy(), fitted.weights, fitted.expected
    )
    assert table["inside"].all()
    assert (table["emulator_off"].abs() < 0.3).all()


def test_waves_leave_out_more_and_more(found: Found) -> None:
    shares = diagnostics.wave_table(found[0].matched.waves)["implausible_share"]
    assert (shares.diff().dropna() >= 0).all()
    assert 0.2 < shares.iloc[-1] < 1


def test_targets_that_cannot_be_met_end_in_a_posterior_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = {name: value + 3 for name, value in toy.expected(toy.TRUTH).items()}
    monkeypatch.setattr(toy, "targets", lambda: {n: toy.target(n, v) for n, v in far.items()})
    fitted, _ = toy.fit_toy(tmp_path, settings=replace(toy.SMALL, waves=(40, 30), draws=60))
    table = diagnostics.wave_table(fitted.matched.waves)
    assert (table["implausible_share"] == 1).all()
    assert (table["nearest"] > 3).all() and (table["cutoff"] >= table["nearest"]).all()
    assert np.isfinite(fitted.weights).all() and len(fitted.x) == 60
    misfit = diagnostics.target_table(
        toy.targets(), fitted.real.to_numpy(), fitted.weights, fitted.expected
    )
    assert not misfit["inside"].all()


def test_the_chain_is_long_enough_and_the_draws_are_worth_most_of_their_number(
    found: Found,
) -> None:
    fitted, _ = found
    assert fitted.chain.lengths >= 50
    assert len(fitted.x) == toy.SMALL.draws
    assert fitted.weights.sum() == pytest.approx(1)
    assert effective(fitted.weights) > 100


def test_intervals_of_synthetic_cities_cover_the_truth(found: Found, tmp_path: Path) -> None:
    fitted, _ = found
    cities = live_cities(toy.runner(tmp_path), fitted)
    recovered = diagnostics.recovery(fitted.posterior, fitted.matched, cities, seed=5)
    table = diagnostics.coverage(recovered)
    assert 0.85 <= table.loc["all", "covered_share"] <= 0.95
    assert table["within"].sum() >= 4
    ranks = table.loc["all", [f"rank_{i}" for i in range(diagnostics.RANK_BINS)]]
    assert ranks.sum() == 4 * 100
    assert (table["chance"].dropna() > 0.001).all()


def test_synthetic_cities_are_no_training_runs(found: Found, tmp_path: Path) -> None:
    fitted, _ = found
    cities = live_cities(toy.runner(tmp_path), fitted)
    assert len(np.unique(cities.truths, axis=0)) == len(cities.truths) == 100
    trained = np.concatenate([fitted.matched.x, fitted.x])
    assert not (cities.truths[:, None] == trained).all(axis=2).any()
    low, high = fitted.matched.box()
    assert ((low <= cities.truths) & (cities.truths <= high)).all()


def test_the_quick_sample_and_the_chain_are_as_wide_as_the_posterior(found: Found) -> None:
    fitted, seen = found
    wider = replace(seen, sd=3 * seen.sd)  # so that points of the prior can tell
    posterior = replace(fitted.posterior, observed=wider)
    start = prior_points(posterior, 5, 400)
    log = posterior.log_likelihood(start).sum(axis=1)
    weight = np.exp(log - log.max())
    assert effective(weight) > 400  # enough to tell
    mean = weight @ start / weight.sum()
    sd = np.sqrt(weight @ (start - mean) ** 2 / weight.sum())
    for x in (quick(posterior, start, None, 5, 1), run_chain(posterior, start, 5, 1).x):
        assert x.mean(axis=0) == pytest.approx(mean, abs=0.15 * sd.max())
        assert x.std(axis=0) / sd == pytest.approx(1, abs=0.1)


def test_a_target_left_out_is_expected_by_the_others(found: Found) -> None:
    table = diagnostics.left_out(found[0].posterior, seed=5)
    assert ((table["p05"] <= table["high"]) & (table["low"] <= table["p95"])).all()


def test_a_profile_is_highest_near_the_truth_and_flat_where_nothing_is_known(
    found: Found,
) -> None:
    fitted, _ = found
    table = diagnostics.profile_table(fitted.posterior, fitted.chain.x)
    b = table.loc["b"].set_index("value")["log_density"]
    assert abs(b.idxmax() - toy.TRUTH["b"]) < 0.4
    assert b.min() < -2
    assert table["log_density"].max() == 0


def test_an_identical_fit_gives_the_same_posterior(found: Found, tmp_path: Path) -> None:
    again, _ = toy.fit_toy(tmp_path)
    assert np.array_equal(again.x, found[0].x)
    assert np.array_equal(again.weights, found[0].weights)


def test_a_fit_that_is_killed_twenty_times_ends_with_the_same_posterior(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_SECONDS", "0.02")
    kept = kill.kill(kill.fit_toy, tmp_path, kills=20, longest=2.0, seed=1)
    assert kept == sorted(kept) and kept[0] < kept[10]  # what was done stays done
    monkeypatch.setenv("TOY_SECONDS", "0")
    kill.fit_toy(tmp_path)
    (tmp_path / "undisturbed").mkdir()
    toy.write(found[0], toy.SPACE, toy.SMALL, tmp_path / "undisturbed" / "posterior.parquet")
    assert kill.same(tmp_path, tmp_path / "undisturbed")


def test_workers_end_with_their_killed_parent_and_lose_no_batch(
    found: Found, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.calibration.toy", "runs", "posterior.parquet"]
    here = {**os.environ, "PYTHONPATH": str(ROOT), "TOY_SECONDS": "0.2"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("runs/*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = children.read_text().split() if children.exists() else []
        process.send_signal(signal.SIGKILL)
    kept = len(list(tmp_path.glob("runs/*.parquet")))
    assert kept > 0
    while any(Path(f"/proc/{one}").exists() for one in workers):
        assert time.monotonic() < deadline + 10
        time.sleep(0.1)
    subprocess.run(command, cwd=tmp_path, env=here | {"TOY_SECONDS": "0"}, check=True)
    toy.write(found[0], toy.SPACE, toy.SMALL, tmp_path / "undisturbed.parquet")
    ended = (tmp_path / "posterior.parquet").read_bytes()
    assert ended == (tmp_path / "undisturbed.parquet").read_bytes()
