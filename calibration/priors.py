"""What the fit may change: the free parameters and what was known of them beforehand.

A prior is a triangle over the parameter's own evidence range, with its sourced value on top, or
flat over that range. The fit works in the box [0, 1] of these ranges: `x = (value - low) / width`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim.errors import UserError, did_you_mean
from siexsim.evidence import Parameter, read_table
from siexsim.parameters import Parameters

Array = NDArray[np.float64]
PRIORS_FILE: Final = Path(__file__).parent / "priors.toml"
SHAPES: Final = ("triangle", "flat")
# What the parameters of the fit itself are called in the file.
FIT: Final = "fit"


@dataclass(frozen=True)
class Prior:
    """What is known of one free parameter before the fit."""

    name: str
    low: float
    mode: float
    high: float
    shape: str


@dataclass(frozen=True)
class Space:
    """The free parameters together, as a box of which every side is 1 long."""

    priors: tuple[Prior, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(prior.name for prior in self.priors)

    def values(self, x: Array) -> dict[str, float]:
        """Parameter values of one point of the box."""
        return {
            one.name: min(max(one.low + float(u) * (one.high - one.low), one.low), one.high)
            for one, u in zip(self.priors, x, strict=True)
        }

    def point(self, values: Mapping[str, float]) -> Array:
        """The point of the box that has these parameter values."""
        return np.array([(values[p.name] - p.low) / (p.high - p.low) for p in self.priors])

    def modes(self) -> Array:
        return self.point({one.name: one.mode for one in self.priors})

    def log_density(self, x: Array) -> Array:
        """Logarithm of the prior density at points of the box; one row a point."""
        inside = ((x >= 0) & (x <= 1)).all(axis=1)
        at = np.clip(x, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            found = np.log(self._heights(at)).sum(axis=1)
        return np.where(inside, found, -np.inf)

    def _heights(self, x: Array) -> Array:
        heights = np.ones_like(x)
        for i, (prior, top) in enumerate(zip(self.priors, self.modes(), strict=True)):
            if prior.shape == "triangle":
                rise = x[:, i] / top if top > 0 else np.ones(len(x))
                fall = (1 - x[:, i]) / (1 - top) if top < 1 else np.ones(len(x))
                heights[:, i] = 2 * np.where(x[:, i] < top, rise, fall)
        return heights

    def from_uniform(self, u: Array) -> Array:
        """Points of the prior from points spread evenly over the box."""
        x = u.copy()
        for i, (prior, top) in enumerate(zip(self.priors, self.modes(), strict=True)):
            if prior.shape == "triangle":
                left = np.sqrt(u[:, i] * top)
                right = 1 - np.sqrt((1 - u[:, i]) * (1 - top))
                x[:, i] = np.where(u[:, i] < top, left, right)
        return x

    def to_uniform(self, x: Array) -> Array:
        """Share of the prior below each side of points: what `from_uniform` makes them from."""
        u = x.copy()
        for i, (prior, top) in enumerate(zip(self.priors, self.modes(), strict=True)):
            if prior.shape == "triangle":
                left = x[:, i] ** 2 / top if top > 0 else np.zeros(len(x))
                right = 1 - (1 - x[:, i]) ** 2 / (1 - top) if top < 1 else np.ones(len(x))
                u[:, i] = np.where(x[:, i] < top, left, right)
        return u

    def prior_sd(self) -> Array:
        """Standard deviation of each prior, in widths of its range."""
        tops = self.modes()
        triangle = np.sqrt((1 - tops + tops**2) / 18)
        flat = np.full(len(tops), np.sqrt(1 / 12))
        return np.where([one.shape == "triangle" for one in self.priors], triangle, flat)


def read_priors(
    path: Path = PRIORS_FILE, parameters: Parameters | None = None
) -> tuple[Space, dict[str, Parameter]]:
    """Read the free parameters and the fit's own assumptions from a file.

    A parameter's range and top are those of the package, unless its table says `low`, `value` or
    `high`; then it has a `source` too.
    """
    known = parameters or Parameters.packaged()
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    own = {one.name: one for one in read_table(tables.pop(FIT, {}), FIT, path.name)}
    return Space(tuple(_prior(name, one, known) for name, one in tables.items())), own


def _prior(name: str, table: Mapping[str, Any], known: Parameters) -> Prior:
    packaged = known[name]
    shape = table.get("shape", SHAPES[0])
    if shape not in SHAPES:
        raise UserError(f"prior of '{name}': shape '{shape}'{did_you_mean(shape, SHAPES)}")
    own = table.keys() & {"low", "value", "high"}
    if own and not str(table.get("source", "")).strip():
        raise UserError(f"prior of '{name}': a range of its own needs a 'source'")
    low, mode, high = (float(table.get(k, getattr(packaged, k))) for k in ("low", "value", "high"))
    if not packaged.low <= low <= mode <= high <= packaged.high or low == high:
        raise UserError(
            f"prior of '{name}': {low:g} to {high:g} with {mode:g} on top isn't a range within "
            f"{packaged.low:g} to {packaged.high:g}"
        )
    return Prior(name, low, mode, high, shape)
