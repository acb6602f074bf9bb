"""History matching: in waves, leave out what can't have led to what was observed.

A point is implausible when the second worst of its targets lies more than three standard
deviations off: one target may be beyond the model, two may not. The standard deviation counts
the band of the target, what the model may be off (an assumption), the chance of the one real
city, and what the emulator doesn't know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from calibration.emulator import Emulators, terms, train
from calibration.priors import Space
from calibration.targets import Target

Array = NDArray[np.float64]
CUTOFF: Final = 3.0
MAY_BE_OFF: Final = 1  # targets of a point that may lie beyond the cut-off
CANDIDATES: Final = 20_000
RUNS_PER_TERM: Final = 2.0  # an emulator of a part of the box needs so many runs for each term
_MARGIN: Final = 0.05
# A band is read as the middle 95%: from its lowest to its highest are four standard deviations.
_SDS_IN_BAND: Final = 4.0


@dataclass(frozen=True)
class Observed:
    """What was observed, with how far off a right model may be."""

    names: tuple[str, ...]
    values: Array
    low: Array
    high: Array
    sd: Array
    noise_sd: Array

    def distances(self, emulators: Emulators, x: Array) -> Array:
        """How many standard deviations each target is off; one row a point."""
        means, variances = emulators.predict(x)
        found: Array = (means - self.values) / np.sqrt(variances + self.sd**2)
        return found

    def implausibility(self, emulators: Emulators, x: Array) -> Array:
        ordered = np.sort(np.abs(self.distances(emulators, x)), axis=1)
        return np.asarray(ordered[:, -1 - min(MAY_BE_OFF, ordered.shape[1] - 1)])


def observe(
    targets: Mapping[str, Target], noise_sd: Array, sample: int, seeds: int, off_share: float
) -> Observed:
    """Put targets, noise and discrepancy together.

    Parameters
    ----------
    noise_sd
        Standard deviation between seeds, at this sample. The real city lived once, at full size:
        its own chance is that of one household in `sample`. The runs of `seeds` seeds together
        leave a chance in the emulators as well.
    off_share
        What the model may be off: standard deviation in half widths of the band.
    """
    rows = list(targets.values())
    low, high, values = (np.array([getattr(t, k) for t in rows]) for k in ("low", "high", "value"))
    band = (high - low) / _SDS_IN_BAND
    off = off_share * (high - low) / 2
    chance = noise_sd**2 * (1 / sample + 1 / seeds)
    sd = np.sqrt(band**2 + off**2 + chance)
    return Observed(tuple(targets), values, low, high, sd, noise_sd)


@dataclass(frozen=True)
class Wave:
    """What one wave left: its emulators, its cut-off, and figures to report."""

    emulators: Emulators
    cutoff: float
    runs: int
    implausible_share: float
    low: Array
    high: Array


@dataclass(frozen=True)
class Matched:
    """All waves, with all their runs and the points that are left to draw from."""

    waves: tuple[Wave, ...]
    x: Array
    outcomes: Array
    left: Array

    def box(self) -> tuple[Array, Array]:
        """Where the last emulators hold."""
        return self.waves[-1].low, self.waves[-1].high


def match(
    space: Space, observed: Observed, sizes: Sequence[int], seed: int,
    runs: Callable[[Array, int], Array],
) -> Matched:  # fmt: skip
    """Do the waves. `runs` gives the outcomes at points, for the wave of that number."""
    low, high = np.zeros(len(space.names)), np.ones(len(space.names))
    x, outcomes = np.empty((0, len(low))), np.empty((0, len(observed.names)))
    waves: list[Wave] = []
    prior = space.from_uniform(spread(CANDIDATES, len(low), seed, 0))
    points = spread(sizes[0], len(low), seed, 1)
    for number, size in enumerate(sizes, 1):
        x = np.concatenate([x, points])
        outcomes = np.concatenate([outcomes, runs(points, number)])
        emulators = train_inside(x, outcomes, low, high, observed.noise_sd)
        tried = low + (high - low) * spread(CANDIDATES, len(low), seed, 100 + number)
        tried = tried[_plausible(waves, observed, tried)]
        worst = observed.implausibility(emulators, tried)
        wanted = min(2 * max(sizes), len(tried))
        cutoff = max(CUTOFF, float(np.partition(worst, wanted - 1)[wanted - 1]))
        left = tried[worst <= cutoff]
        low, high = _box(left)
        share = 1 - _plausible(waves, observed, prior, (emulators, CUTOFF)).mean()
        waves.append(Wave(emulators, cutoff, size, float(share), low, high))
        points = left[: sizes[number]] if number < len(sizes) else left
    return Matched(tuple(waves), x, outcomes, left)


def train_inside(x: Array, outcomes: Array, low: Array, high: Array, noise_sd: Array) -> Emulators:
    """Train on the runs in a box if these are enough, otherwise on those nearest to it."""
    outside = np.maximum(np.maximum(low - x, x - high), 0.0).sum(axis=1)
    least = min(int(RUNS_PER_TERM * terms(x[:1]).shape[1]), len(x))
    far = np.partition(outside, least - 1)[least - 1]
    use = outside <= far
    return train(x[use], outcomes[use], noise_sd)


def _plausible(
    waves: Sequence[Wave], observed: Observed, x: Array, *more: tuple[Emulators, float]
) -> NDArray[np.bool_]:
    kept = np.ones(len(x), np.bool_)
    for emulators, cutoff in (*((w.emulators, w.cutoff) for w in waves), *more):
        kept[kept] = observed.implausibility(emulators, x[kept]) <= cutoff if kept.any() else False
    return kept


def _box(left: Array) -> tuple[Array, Array]:
    low, high = left.min(axis=0), left.max(axis=0)
    margin = _MARGIN * (high - low)
    return np.maximum(low - margin, 0.0), np.minimum(high + margin, 1.0)


def spread(points: int, sides: int, seed: int, stream: int) -> Array:
    """A Latin hypercube in a box of sides 1; every use of one has a stream of its own."""
    rng = np.random.default_rng([seed, stream])
    return np.asarray(qmc.LatinHypercube(sides, rng=rng).random(points))
