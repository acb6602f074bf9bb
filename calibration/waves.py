"""History matching: in waves, leave out what can't have led to what was observed.

A point is implausible when the second worst of its targets lies more than three standard
deviations off: one target may be beyond the model, two may not. The standard deviation counts
the band of the target, what the model may be off (an assumption), the chance of the one real
city, and what the emulator doesn't know.

When too few points are within three, because the model can't meet all targets at once, the cut-off
is raised until enough of the best points are left; every wave says what its cut-off was. A fit
always ends with a posterior, and says how far that is from what was observed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
_CHOICE: Final = 2  # a wave chooses from so many times the points it wants
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
    off_sd: Array

    def of_one_run(self, sample: int) -> Observed:
        """What is known when not the real city is seen, but one run of one household in `sample`.

        Such a city has the chance of the sample, where the real one has that of its full size.
        """
        sd = np.sqrt(self.sd**2 + self.noise_sd**2 * (1 - 1 / sample))
        return replace(self, sd=sd)

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
    off_sd = np.sqrt(band**2 + off**2)
    sd = np.sqrt(off_sd**2 + chance)
    return Observed(tuple(targets), values, low, high, sd, noise_sd, off_sd)


@dataclass(frozen=True)
class Wave:
    """What one wave left.

    Attributes
    ----------
    emulators
        Trained on the runs up to this wave.
    cutoff, stretch
        Up to which implausibility points were kept; and by how much the cut-offs of earlier waves
        were raised for that, where too few points passed all.
    runs
        Runs of this wave.
    implausible_share
        Share of the prior that is implausible at the cut-off of three, by all waves up to this one.
    nearest
        The least implausibility that was found.
    low, high
        The box around the points that are left.
    """

    emulators: Emulators
    cutoff: float
    stretch: float
    runs: int
    implausible_share: float
    nearest: float
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

    def keeps(self, observed: Observed, x: Array) -> NDArray[np.bool_]:
        """Which points aren't implausible: those that the waves would have left."""
        low, high = self.box()
        kept = np.asarray(((x >= low) & (x <= high)).all(axis=1))
        *earlier, last = self.waves
        kept[kept] = _beyond(earlier, observed, x[kept]) <= last.stretch
        kept[kept] = observed.implausibility(last.emulators, x[kept]) <= last.cutoff
        return kept


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
        wanted = sizes[number] if number < len(sizes) else max(sizes)
        before = _beyond(waves, observed, tried)
        stretch = max(1.0, _smallest(before, _CHOICE * wanted)) if waves else 1.0
        tried = tried[before <= stretch]
        worst = observed.implausibility(emulators, tried)
        cutoff = max(CUTOFF, _smallest(worst, wanted))
        left = tried[worst <= cutoff]
        share = 1 - _plausible([*(w.emulators for w in waves), emulators], observed, prior)
        low, high = _box(left)
        nearest = float(worst.min())
        waves.append(Wave(emulators, cutoff, stretch, size, share, nearest, low, high))
        points = left[: sizes[number]] if number < len(sizes) else left
    return Matched(tuple(waves), x, outcomes, left)


def _smallest(values: Array, number: int) -> float:
    """The largest of the `number` smallest values."""
    at = min(number, len(values)) - 1
    return float(np.partition(values, at)[at])


def train_inside(x: Array, outcomes: Array, low: Array, high: Array, noise_sd: Array) -> Emulators:
    """Train on the runs in a box if these are enough, otherwise on those nearest to it."""
    outside = np.maximum(np.maximum(low - x, x - high), 0.0).sum(axis=1)
    least = min(int(RUNS_PER_TERM * terms(x[:1]).shape[1]), len(x))
    far = np.partition(outside, least - 1)[least - 1]
    use = outside <= far
    return train(x[use], outcomes[use], noise_sd)


def _beyond(waves: Sequence[Wave], observed: Observed, x: Array) -> Array:
    """Implausibility over the cut-off, of the wave where this is largest; 0 without waves."""
    found = np.zeros(len(x))
    for wave in waves:
        if len(x):
            found = np.maximum(found, observed.implausibility(wave.emulators, x) / wave.cutoff)
    return found


def _plausible(emulators: Sequence[Emulators], observed: Observed, x: Array) -> float:
    """Share of points that no emulators call implausible at the cut-off of three."""
    kept = np.ones(len(x), np.bool_)
    for one in emulators:
        kept &= observed.implausibility(one, x) <= CUTOFF
    return float(kept.mean())


def _box(left: Array) -> tuple[Array, Array]:
    low, high = left.min(axis=0), left.max(axis=0)
    margin = _MARGIN * (high - low)
    return np.maximum(low - margin, 0.0), np.minimum(high + margin, 1.0)


def spread(points: int, sides: int, seed: int, stream: int) -> Array:
    """A Latin hypercube in a box of sides 1; every use of one has a stream of its own."""
    rng = np.random.default_rng([seed, stream])
    return np.asarray(qmc.LatinHypercube(sides, rng=rng).random(points))
