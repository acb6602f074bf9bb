"""The fit from start to end: waves, chain, real runs at the draws, weights, tables."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from calibration import diagnostics
from calibration.diagnostics import Cities
from calibration.priors import PRIORS_FILE, Array, Space, read_priors
from calibration.sample import (
    Chain,
    Posterior,
    draw,
    effective,
    prior_points,
    quick,
    run_chain,
    weights,
)
from calibration.screen import moving, read_screening
from calibration.stamp import hashed, stamp
from calibration.store import Run, Simulate, Store, outcomes
from calibration.targets import TARGETS_FILE, Target, fitted, read_targets
from calibration.waves import Matched, Observed, match, observe, train_inside
from siexsim.compiled import rules_fingerprint
from siexsim.result import WORLD, data_fingerprint
from siexsim.sweep.executors import worker_pool

_HERE: Final = Path(__file__).parent
POSTERIOR_FILE: Final = _HERE / "posterior.parquet"
_ENOUGH: Final = 0.5  # draws are good when they are worth this share of their number
_ROUNDS: Final = 3
_OTHER_SEEDS: Final = 10_000  # seeds of synthetic cities lie so far from those of the fit


@dataclass(frozen=True)
class Settings:
    """How a fit is done; the same settings give the same posterior."""

    seed: int = 1
    sample: int = 10
    workers: int = 2
    waves: tuple[int, ...] = (300, 200, 200, 300)
    draws: int = 240
    seeds: int = 6
    noise_seeds: int = 8
    cities: int = 100
    city_seeds: int = 10


@dataclass(frozen=True)
class Fitted:
    """The outcome of a fit."""

    matched: Matched
    chain: Chain
    posterior: Posterior
    x: Array
    weights: Array
    real: pd.DataFrame
    expected: Array


@dataclass(frozen=True)
class Runner:
    """Does the real runs at points of the box, over a few seeds, and keeps them."""

    simulate: Simulate
    store: Store
    space: Space
    names: tuple[str, ...]
    settings: Settings
    pool: Executor

    def at(self, x: Array, words: str) -> pd.DataFrame:
        """Outcomes at points; the seeds take turns."""
        first, many = self.settings.seed, self.settings.seeds
        seeds = [first + i % many for i in range(len(x))]
        return self._do(x, seeds, words)

    def noise_sd(self) -> Array:
        """Standard deviation between seeds where every parameter has its sourced value."""
        seeds = [self.settings.seed + i for i in range(self.settings.noise_seeds)]
        found = self._do(np.tile(self.space.modes(), (len(seeds), 1)), seeds, "noise of seeds")
        return np.asarray(found.std(ddof=1), float)

    def cities(self, x: Array) -> Array:
        """Outcomes of synthetic cities that have these points as their truth.

        Their seeds are none of those that the emulators have seen.
        """
        first, many = self.settings.seed + _OTHER_SEEDS, self.settings.city_seeds
        seeds = [first + i % many for i in range(len(x))]
        return self._do(x, seeds, "synthetic cities").to_numpy(float)

    def _do(self, x: Array, seeds: list[int], words: str) -> pd.DataFrame:
        sample = self.settings.sample
        runs = [Run(self.space.values(p), s, sample) for p, s in zip(x, seeds, strict=True)]
        found = outcomes(self.store, self.simulate, runs, self.pool, words)
        return found[list(self.names)]


def fit(runner: Runner, targets: Mapping[str, Target], off_share: float) -> tuple[Fitted, Observed]:
    """Fit the free parameters to the targets.

    Parameters
    ----------
    runner
        Does the real runs.
    targets
        What is fitted to.
    off_share
        What the model may be off, in half widths of each band.
    """
    settings = runner.settings
    observed = observe(targets, runner.noise_sd(), settings.sample, settings.seeds, off_share)
    of = len(settings.waves)
    matched = match(
        runner.space, observed, settings.waves, settings.seed,
        lambda x, number: runner.at(x, f"wave {number} of {of}").to_numpy(float),
    )  # fmt: skip
    return _drawn(runner, observed, matched), observed


def _drawn(runner: Runner, observed: Observed, matched: Matched) -> Fitted:
    """Draw points, do real runs there, and weight them by what these runs teach.

    When the draws are worth too little after that, they are drawn again.
    """
    settings, (low, high) = runner.settings, matched.box()
    x, seen = matched.x, matched.outcomes
    noise = observed.noise_sd
    emulators = train_inside(x, seen, low, high, noise)
    posterior = Posterior(runner.space, emulators, observed, low, high)
    for round_ in range(1, _ROUNDS + 1):
        points = prior_points(posterior, settings.seed, 400)
        first = quick(posterior, points, None, settings.seed, 100 + round_)
        chain = run_chain(posterior, first, settings.seed, 200 + round_)
        drawn = draw(chain, settings.draws, settings.seed, 300 + round_)
        real = runner.at(drawn, f"draws, round {round_}")
        expected = posterior.emulators.mean(drawn)
        x, seen = np.concatenate([x, drawn]), np.concatenate([seen, real.to_numpy(float)])
        better = replace(posterior, emulators=train_inside(x, seen, low, high, noise))
        weight = weights(posterior, better, drawn)
        posterior = better
        if effective(weight) >= _ENOUGH * settings.draws:
            break
    return Fitted(matched, chain, posterior, drawn, weight, real, expected)


def live_cities(runner: Runner, found: Fitted) -> Cities:
    """Let synthetic cities live, whose truths are drawn from what isn't implausible."""
    settings = runner.settings
    truths = diagnostics.truths(found.matched, found.posterior, settings.cities, settings.seed)
    return Cities(truths, runner.cities(truths), settings.sample)


def fit_groningen(
    settings: Settings, store: Path, out: Path, posterior: Path = POSTERIOR_FILE
) -> None:
    """Fit to Groningen; write the posterior, what made it, and the tables."""
    from calibration.hindcast import simulate

    space, own = read_priors()
    targets = fitted(read_targets(TARGETS_FILE))
    kept = Store(store, stamp())
    # many small sums: more threads only wait for each other, and round differently
    with worker_pool(settings.workers) as pool, threadpool_limits(1):
        runner = Runner(simulate, kept, space, tuple(targets), settings, pool)
        found, observed = fit(runner, targets, own["off_share"].value)
        write(found, space, settings, posterior)
        cities = live_cities(runner, found)
        diagnostics.write_tables(found, observed, targets, cities, settings.seed, out)


def write(found: Fitted, space: Space, settings: Settings, path: Path) -> None:
    """Write weighted draws, and beside them what made them."""
    table = pd.DataFrame([space.values(x) for x in found.x])
    table["weight"] = found.weights
    table.to_parquet(path, index=False)
    said = json.dumps(manifest(found, settings), indent=2, ensure_ascii=False)
    path.with_suffix(".json").write_text(said + "\n", encoding="utf-8")


def manifest(found: Fitted, settings: Settings) -> dict[str, Any]:
    """What made a posterior: program, data, targets, priors, settings; no clock and no machine."""
    told = asdict(settings)
    del told["workers"]
    sizes = ",".join(map(str, settings.waves))
    return {
        "command": f"python -m calibration fit --seed {settings.seed} --sample {settings.sample} "
        f"--waves {sizes} --draws {settings.draws}",
        "rules_fingerprint": rules_fingerprint(),
        "data_fingerprint": data_fingerprint(WORLD),
        "targets": hashed(TARGETS_FILE),
        "priors": hashed(PRIORS_FILE),
        "settings": told,
        "held": sorted(moving(read_screening()) - set(found.posterior.space.names)),
        "runs": len(found.matched.x) + len(found.x),
        "draws_worth": round(effective(found.weights), 1),
        "chain_steps": found.chain.steps,
        "chain_lengths": round(found.chain.lengths, 1),
        "chain_autocorrelation_steps": round(found.chain.autocorrelation_steps, 1),
        "chain_acceptance_share": round(found.chain.acceptance_share, 3),
        "versions": {
            "python": platform.python_version(),
            **{n: version(n) for n in ("numpy", "scipy", "numba", "scikit-learn", "emcee")},
        },
    }
