"""Designs: which points of all that can be varied are tried. They are SALib's, and seeded.

`problem_of` gives SALib's own description of a problem, for whoever wants to go on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from siexsim.errors import UserError
from siexsim.sweep.levers import Factor

MORRIS_LEVELS: Final = 4
_ALMOST_ONE: Final = 1 - 1e-9


class Design(BaseModel):
    """How points are chosen.

    ``random``: a scrambled Sobol sequence, even over the whole; `points` of them. With `pure` also
    each mix of one intervention alone, all else in the middle, and of choices the first.
    ``sobol``: for Sobol indices; `points`, a power of two, for each group and two more.
    ``morris``: so many paths; choices have four options at most.
    ``grid``: every combination of choices.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["random", "sobol", "morris", "grid"] = "random"
    points: int = Field(default=64, ge=1, le=1_000_000, strict=True)
    pure: bool = False
    seed: int = Field(default=1, ge=0, lt=2**31, strict=True)


def problem_of(factors: Sequence[Factor]) -> Any:
    """Describe the factors as a SALib `ProblemSpec`, groups and distributions included."""
    from SALib import ProblemSpec  # slow to load

    dists, bounds = [], []
    for one in factors:
        if one.peak is not None:
            dists.append("triang")
            bounds.append([one.low, one.high, min(one.peak, _ALMOST_ONE)])
        else:
            dists.append("logunif" if one.log else "unif")
            bounds.append([one.low, one.high])
    said = {
        "num_vars": len(factors), "names": [one.name for one in factors],
        "groups": [one.group for one in factors], "bounds": bounds, "dists": dists,
    }  # fmt: skip
    return ProblemSpec(said)


def samples(design: Design, factors: Sequence[Factor]) -> NDArray[np.float64]:
    """Points of a design, one row each, a column a factor; the same design has the same points."""
    if design.method == "grid":
        rows = _grid(factors)
    elif design.method == "sobol":
        rows = _sobol(design, factors)
    elif design.method == "morris":
        rows = _morris(design, factors)
    else:
        rows = _random(design, factors)
    # scaled to its range a value may come out a rounding error beyond it
    return np.clip(rows, [one.low for one in factors], [one.high for one in factors])


def _grid(factors: Sequence[Factor]) -> NDArray[np.float64]:
    if not factors:
        raise UserError('design: a grid needs choices, such as plan.target = ["first_come"]')
    for one in factors:
        if not one.options:
            raise UserError(f"design: a grid needs choices; '{one.name}' is none")
    places = (range(len(one.options)) for one in factors)
    return np.array(list(product(*places)), float).reshape(-1, len(factors))


def _sobol(design: Design, factors: Sequence[Factor]) -> NDArray[np.float64]:
    if design.points & (design.points - 1):
        raise UserError(f"design: {design.points} points; a power of two is needed, such as 256")
    problem = problem_of(factors)
    problem.sample_sobol(design.points, calc_second_order=False, seed=design.seed)
    return np.asarray(problem.samples, float)


def _morris(design: Design, factors: Sequence[Factor]) -> NDArray[np.float64]:
    for one in factors:
        if len(one.options) > MORRIS_LEVELS:
            raise UserError(
                f"design: morris tries {MORRIS_LEVELS} options at most; '{one.name}' has "
                f"{len(one.options)}; leave some out or take sobol"
            )
    # at its ends a draw of a share is all or nothing; paths would hardly see a true mix
    problem = problem_of(
        [replace(one, low=0.1, high=0.9) if one.is_share else one for one in factors]
    )
    problem.sample_morris(design.points, num_levels=MORRIS_LEVELS, seed=design.seed)
    return np.asarray(problem.samples, float)


def _random(design: Design, factors: Sequence[Factor]) -> NDArray[np.float64]:
    from SALib.util import scale_samples
    from scipy.stats import qmc

    shares = [k for k, one in enumerate(factors) if one.is_share]
    pure = len(shares) if design.pure else 0
    count = pure + design.points
    whole = 2 ** int(np.ceil(np.log2(max(count, 2))))  # a sequence is even at powers of two
    sequence = qmc.Sobol(len(factors), scramble=True, seed=design.seed).random(whole)
    for k, one in enumerate(factors):
        if not one.is_share:  # kinds of help are compared with all else alike
            sequence[:pure, k] = 0.0 if one.options else 0.5
    rows = np.asarray(scale_samples(sequence, problem_of(factors)), float)[:count]
    for k, column in enumerate(shares[:pure]):
        # a draw of 0 is a share of all
        rows[k, shares] = 1.0
        rows[k, column] = 0.0
    return rows
