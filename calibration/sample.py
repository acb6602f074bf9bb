"""The posterior on the emulators: a chain (emcee), draws from it, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import emcee
import numpy as np
from numpy.typing import NDArray

from calibration.emulator import Emulators
from calibration.priors import Space
from calibration.waves import Observed

Array = NDArray[np.float64]
LENGTHS: Final = 50  # a chain is so many autocorrelation times long
BURN_IN: Final = 5  # of which so many are left out
WALKERS: Final = 60
CHUNK: Final = 1000
LONGEST: Final = 30_000
_QUICK_WALKERS, _QUICK_STEPS, _QUICK_BURN_IN = 240, 160, 60


@dataclass(frozen=True)
class Posterior:
    """Prior, emulators and observations together, inside the box where the emulators hold."""

    space: Space
    emulators: Emulators
    observed: Observed
    low: Array
    high: Array

    def log(self, x: Array, values: Array | None = None) -> Array:
        """Logarithm of the posterior density at points, up to a constant."""
        inside = ((x >= self.low) & (x <= self.high)).all(axis=1)
        found = np.where(inside, self.space.log_density(x), -np.inf)
        use = np.isfinite(found)
        if use.any():
            found[use] += self.log_likelihood(x[use], values).sum(axis=1)
        return found

    def log_likelihood(self, x: Array, values: Array | None = None) -> Array:
        """Logarithm of the likelihood of each target at points; `values` for what was observed."""
        means, variances = self.emulators.predict(x)
        variances = variances + self.observed.sd**2
        seen = self.observed.values if values is None else values
        found: Array = -0.5 * ((means - seen) ** 2 / variances + np.log(variances))
        return found


@dataclass(frozen=True)
class Chain:
    """A sample of the emulated posterior, and how well the chain mixed."""

    x: Array
    steps: int
    autocorrelation_steps: float
    acceptance_share: float

    @property
    def lengths(self) -> float:
        """Autocorrelation times in the chain."""
        return self.steps / self.autocorrelation_steps


def run_chain(posterior: Posterior, start: Array, seed: int, stream: int) -> Chain:
    """Run a chain from the best of `start` until it is long enough."""
    state = np.random.RandomState([seed, stream])
    first = _resampled(posterior.log, start, max(WALKERS, 4 * start.shape[1]), state)
    sampler = _sampler(posterior.log, first)
    steps, length, at = 0, np.inf, emcee.State(first, random_state=state.get_state())
    while steps < min(LENGTHS * length, LONGEST):
        at = sampler.run_mcmc(at, CHUNK, skip_initial_state_check=True)
        steps += CHUNK
        length = float(np.max(sampler.get_autocorr_time(tol=0, quiet=True)))
    apart = max(1, int(length / 2))
    flat = sampler.get_chain(discard=int(BURN_IN * length), thin=apart, flat=True)
    return Chain(flat, steps, length, float(sampler.acceptance_fraction.mean()))


def quick(
    posterior: Posterior, start: Array, values: Array | None, seed: int, stream: int
) -> Array:
    """A sample of the posterior by many short walks, for diagnostics that need many posteriors.

    `start` are points spread over the prior; where walks begin is drawn from them by their weight.
    """

    def log(x: Array) -> Array:
        return posterior.log(x, values)

    state = np.random.RandomState([seed, stream])
    first = _resampled(log, start, _QUICK_WALKERS, state)
    sampler = _sampler(log, first)
    at = emcee.State(first, random_state=state.get_state())
    sampler.run_mcmc(at, _QUICK_STEPS, skip_initial_state_check=True)
    return np.asarray(sampler.get_chain(discard=_QUICK_BURN_IN, thin=10, flat=True))


def draw(chain: Chain, number: int, seed: int, stream: int) -> Array:
    """Draw points from a chain, none twice."""
    state = np.random.RandomState([seed, stream])
    return chain.x[state.choice(len(chain.x), number, replace=len(chain.x) < number)]


def weights(old: Posterior, new: Posterior, x: Array) -> Array:
    """Weights that turn draws from one posterior into draws from another; they add up to 1."""
    ratio = new.log(x) - old.log(x)
    found = np.exp(ratio - ratio.max())
    return np.asarray(found / found.sum())


def effective(weights: Array) -> float:
    """Number of equal draws that weighted draws are worth."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _sampler(log: Callable[[Array], Array], first: Array) -> emcee.EnsembleSampler:
    moves = [(emcee.moves.DEMove(), 0.7), (emcee.moves.StretchMove(), 0.2),
             (emcee.moves.DESnookerMove(), 0.1)]  # fmt: skip
    return emcee.EnsembleSampler(*first.shape, log, moves=moves, vectorize=True)


def _resampled(
    log: Callable[[Array], Array], start: Array, number: int, state: np.random.RandomState
) -> Array:
    """Draw points by their density, moved a little so that no two are the same."""
    found = log(start)
    chance = np.exp(found - found.max())
    picked = start[state.choice(len(start), number, p=chance / chance.sum())]
    others = start[state.choice(len(start), number)]
    moved = picked + 0.05 * state.uniform(size=(number, 1)) * (others - picked)
    return np.asarray(np.where(np.isfinite(log(moved))[:, None], moved, picked))
