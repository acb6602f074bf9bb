"""Quick stand-ins for the simulation: a second-degree polynomial for every target.

An emulator says what the average over seeds would be, and how sure it is of that: the variance of
its coefficients, and what a polynomial can't follow (residual beyond the noise of the seeds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import BayesianRidge

Array = NDArray[np.float64]
_TOGETHER: Final = 4000  # points predicted at once


@dataclass(frozen=True)
class Emulators:
    """One polynomial for each target.

    Coefficients are sure or unsure along the same `axes` of the terms for every target; `spreads`
    are their variances along these, one row a target. `lack` is the standard deviation of what the
    polynomials miss, `fit` the share of the variance of the runs that they follow.
    """

    coefficients: Array
    intercepts: Array
    centre: Array
    axes: Array
    spreads: Array
    lack: Array
    fit: Array
    runs: int

    def mean(self, x: Array) -> Array:
        """Expected outcomes; one row a point, one column a target."""
        return (terms(x) - self.centre) @ self.coefficients.T + self.intercepts

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Expected outcomes and the variance of that expectation."""
        parts = [self._predict(x[i : i + _TOGETHER]) for i in range(0, len(x), _TOGETHER)]
        means, variances = zip(*parts, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def _predict(self, x: Array) -> tuple[Array, Array]:
        t = terms(x) - self.centre
        means = t @ self.coefficients.T + self.intercepts
        return means, (t @ self.axes) ** 2 @ self.spreads.T + self.lack**2


def terms(x: Array) -> Array:
    """The terms of a second-degree polynomial without its constant, in sides of -1 to 1."""
    z = 2 * x - 1
    first, second = np.triu_indices(x.shape[1])
    return np.concatenate([z, z[:, first] * z[:, second]], axis=1)


def train(x: Array, outcomes: Array, noise_sd: Array) -> Emulators:
    """Fit an emulator to each column of outcomes.

    Parameters
    ----------
    x
        Points in the box of the free parameters.
    outcomes
        What the runs gave there. Runs with an outcome that isn't a number are left out.
    noise_sd
        Standard deviation between seeds at one point, for each target.
    """
    known = np.isfinite(outcomes).all(axis=1)
    t, outcomes = terms(x[known]), outcomes[known]
    centre = t.mean(axis=0)
    t -= centre
    sizes, axes = np.linalg.eigh(t.T @ t)
    found = [_one(t, y, np.maximum(sizes, 0.0)) for y in outcomes.T]
    coefficients, intercepts, spreads, residuals = (
        np.array(part) for part in zip(*found, strict=True)
    )
    lack = np.sqrt(np.maximum(residuals - noise_sd**2, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        fit = np.nan_to_num(1 - residuals / outcomes.var(axis=0))
    return Emulators(coefficients, intercepts, centre, axes, spreads, lack, fit, len(t))


def _one(t: Array, y: Array, sizes: Array) -> tuple[Array, float, Array, float]:
    width = y.std()
    if width <= 1e-12 * max(1.0, abs(y.mean())):  # a target that nothing moves
        return np.zeros(t.shape[1]), y.mean(), np.zeros(t.shape[1]), 0.0
    model = BayesianRidge(fit_intercept=True).fit(t, (y - y.mean()) / width)
    return (
        model.coef_ * width,
        float(model.intercept_ * width + y.mean()),
        width**2 / (model.alpha_ * sizes + model.lambda_),
        float(width**2 / model.alpha_),
    )
