"""The fit finds a known truth, is no surer than it may be, and survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from calibration import diagnostics
from calibration.fit import Fitted
from calibration.sample import effective
from calibration.waves import Observed
from tests.calibration import toy

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


def test_the_chain_is_long_enough_and_the_draws_are_worth_most_of_their_number(
    found: Found,
) -> None:
    fitted, _ = found
    assert fitted.chain.lengths >= 50
    assert len(fitted.x) == toy.SMALL.draws
    assert fitted.weights.sum() == pytest.approx(1)
    assert effective(fitted.weights) > 100


def test_intervals_of_synthetic_cities_cover_the_truth(found: Found) -> None:
    fitted, _ = found
    recovered = diagnostics.recovery(fitted.posterior, fitted.matched.left, 100, seed=5)
    table = diagnostics.coverage(recovered)
    assert 0.85 <= table.loc["all", "covered_share"] <= 0.95
    ranks = table.loc["all", [f"rank_{i}" for i in range(diagnostics.RANK_BINS)]]
    assert ranks.sum() == 4 * 100
    assert ranks.max() < 70


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


def test_a_fit_that_is_killed_again_and_again_ends_with_the_same_posterior(
    found: Found, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.calibration.toy", "runs", "posterior.parquet"]
    here = {**os.environ, "PYTHONPATH": str(ROOT), "TOY_SECONDS": "0.05"}
    kept, kills = [0], 0
    for pause in np.random.default_rng(1).uniform(0.2, 1.5, 5):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(tmp_path.glob("runs/*.parquet"))) > kept[-1]:
                break
            time.sleep(0.05)
        time.sleep(pause)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        kept.append(len(list(tmp_path.glob("runs/*.parquet"))))
    assert kills >= 4
    assert kept == sorted(kept) and kept[-1] > kept[1]  # what was done stays done
    subprocess.run(command, cwd=tmp_path, env=here | {"TOY_SECONDS": "0"}, check=True)
    toy.write(found[0], toy.SPACE, toy.SMALL, tmp_path / "undisturbed.parquet")
    for ending in ("parquet", "json"):
        ended = (tmp_path / f"posterior.{ending}").read_bytes()
        assert ended == (tmp_path / f"undisturbed.{ending}").read_bytes()
