"""The posterior on the emulators: a chain (emcee), draws from it, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import emcee
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from calibration.emulator import Emulators
from calibration.priors import Space
from calibration.waves import Observed, spread

Array = NDArray[np.float64]
LENGTHS: Final = 50  # a chain is so many autocorrelation times long
BURN_IN: Final = 5  # of which so many are left out
WALKERS: Final = 60
CHUNK: Final = 1000
PRIOR_POINTS: Final = 20_000
LONGEST: Final = 30_000
_PARTICLES, _MOVES, _LAST_MOVES, _GOOD_ACCEPTANCE = 1000, 10, 40, 0.25


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


def prior_points(posterior: Posterior, seed: int, stream: int) -> Array:
    """Points spread over the prior where the emulators hold."""
    low, high = (posterior.space.to_uniform(x[None])[0] for x in (posterior.low, posterior.high))
    u = low + (high - low) * spread(PRIOR_POINTS, len(low), seed, stream)
    return np.clip(posterior.space.from_uniform(u), posterior.low, posterior.high)


def run_chain(posterior: Posterior, start: Array, seed: int, stream: int) -> Chain:
    """Run a chain from points of a quick sample until it is long enough."""
    state = np.random.RandomState([seed, stream])
    walkers = max(WALKERS, 4 * start.shape[1])
    first = start[state.choice(len(start), walkers, replace=False)]
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
    """A sample of the posterior in steps from the prior, as good as it needs to be for diagnostics.

    `start` are points of the prior. What was observed counts for more and more; each time the
    better points are kept, and moved along differences between others (sequential Monte Carlo).
    """
    state = np.random.RandomState([seed, stream])
    x = start[state.choice(len(start), _PARTICLES, replace=False)]
    likelihood = posterior.log_likelihood(x, values).sum(axis=1)
    counts, factor = 0.0, 1.0
    while counts < 1:
        more = _next_step(likelihood, 1 - counts)
        counts = 1.0 if more >= 1 - counts else counts + more
        chance = np.exp(more * (likelihood - likelihood.max()))
        at = (np.arange(len(x)) + state.uniform()) / len(x)
        kept = np.searchsorted(np.cumsum(chance) / chance.sum(), at).clip(max=len(x) - 1)
        x, likelihood = x[kept], likelihood[kept]
        for _ in range(_MOVES if counts < 1 else _LAST_MOVES):
            accepted = _move(posterior, x, likelihood, values, counts, factor, state)
            factor = float(np.clip(factor * np.exp(accepted - _GOOD_ACCEPTANCE), 0.05, 2.0))
    return x


def _next_step(likelihood: Array, most: float) -> float:
    """How much more the likelihood may count while half of the points stay of use."""
    apart = likelihood - likelihood.max()

    def worth(step: float) -> float:
        return effective(np.exp(step * apart)) - len(apart) / 2

    return most if worth(most) >= 0 else float(brentq(worth, 0.0, most))


def _move(
    posterior: Posterior, x: Array, likelihood: Array, values: Array | None,
    counts: float, factor: float, state: np.random.RandomState,
) -> float:  # fmt: skip
    """Move each half of the points along differences between two of the other; share accepted."""
    halves = np.array_split(state.permutation(len(x)), 2)
    reach = factor * 2.38 / np.sqrt(2 * x.shape[1])
    accepted = 0
    for own, other in (halves, halves[::-1]):
        pairs = other[state.randint(len(other), size=(2, len(own)))]
        tried = x[own] + reach * (x[pairs[0]] - x[pairs[1]])
        tried += 1e-4 * state.standard_normal(tried.shape)
        inside = ((tried >= posterior.low) & (tried <= posterior.high)).all(axis=1)
        found = np.full(len(own), -np.inf)
        if inside.any():
            found[inside] = posterior.log_likelihood(tried[inside], values).sum(axis=1)
        density = posterior.space.log_density
        with np.errstate(invalid="ignore"):
            gain = counts * (found - likelihood[own]) + density(tried) - density(x[own])
        better = inside & (np.log(state.uniform(size=len(own))) < gain)
        x[own[better]], likelihood[own[better]] = tried[better], found[better]
        accepted += int(better.sum())
    return accepted / len(x)


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
    # emcee's DESnookerMove (3.1.6) halves its correction; it makes the posterior 5% too narrow
    moves = [(emcee.moves.DEMove(), 0.7), (emcee.moves.StretchMove(), 0.3)]
    return emcee.EnsembleSampler(*first.shape, log, moves=moves, vectorize=True)
