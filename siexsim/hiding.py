"""Rounding that adds up, and hiding of cells that nothing that is shown gives back.

Arrays have the shape (lines, worlds, parts): the parts of a line, such as wijken, add up to its
total, such as the municipality. Two arguments say why subtraction finds nothing:

* What is shown adds up as it stands. Every shown number may be off by almost a whole base, so
  when one cell moves within its base all totals that hold it may move with it: no sum or
  difference of shown numbers, over wijken, groups, worlds or years, says more than they do.
* With the small cells of a line one at least is hidden that isn't small, and together they come
  to twice the smallest number that is shown, as do their complements. So a small one may be
  anything from zero to that number. Which are hidden with it doesn't depend on the line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def nearest(values: Floats, base: float | Floats) -> Floats:
    """Round to multiples of a base; halves go up."""
    rounded: Floats = np.floor(values / base + 0.5) * base
    return rounded


def rounded_to_total(parts: Floats, base: float) -> tuple[Floats, Floats]:
    """Round the parts of a total so that they add up to the rounded total.

    Every part goes to the multiple below or above it: above for those with the largest
    remainders, for as many as the total asks. Multiples of the base stay as they are, so doing
    it again changes nothing.

    Returns
    -------
    tuple
        The parts, and their totals (without the last axis).
    """
    units = parts / base
    low = np.floor(units)
    total = np.floor(units.sum(axis=-1) + 0.5)
    missing = total - low.sum(axis=-1)
    order = np.argsort(low - units, axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    return (low + (rank < missing[..., None])) * base, total * base


def hidden_parts(
    values: Floats, small: Flags, also: Flags, order: Floats, least: float | Floats,
    rest: Floats | None = None,
) -> Flags:  # fmt: skip
    """Say which parts to hide so that the small ones can't be found from the total.

    Parameters
    ----------
    values
        Rounded values; shape (lines, worlds, parts).
    small
        Parts that must not be seen, by line; shape (lines, parts). Worlds share what is hidden,
        or the one would give away the other.
    also
        Parts that are hidden for another reason; they serve to hide the small ones.
    order
        In which order parts are hidden with others, lowest first. It must not depend on the
        values of a line: hiding the smallest would tell that it is smaller than what is shown.
    least
        Smallest that is shown, one number or one a line; the hidden parts must come to twice it.
    rest
        Complements of the values in a count that is shown too, such as those who aren't poor.

    Returns
    -------
    numpy.ndarray
        Parts to hide; others are added until the small ones are safe.
    """
    hidden = small | also
    least = np.broadcast_to(least, len(values))
    while True:
        bare = ~(hidden & ~small).any(axis=-1)
        for amounts in (values,) if rest is None else (values, rest):
            together = np.abs((amounts * hidden[:, None]).sum(axis=-1))
            bare |= (together < 2 * least[:, None]).any(axis=1)
        bare &= hidden.any(axis=-1) & ~hidden.all(axis=-1)
        if not bare.any():
            return hidden
        turn = np.where(hidden, np.inf, order)[bare]
        hidden[np.flatnonzero(bare), turn.argmin(axis=-1)] = True


def hidden_with_total(
    values: Floats, small: Flags, also: Flags, order: Floats, least: float | Floats,
    rest: Floats | None = None,
) -> Flags:  # fmt: skip
    """Hide parts and totals; the last of all arrays is the total.

    A total too small to be seen takes its parts with it, and a single part its total.
    """
    rest_parts = None if rest is None else rest[..., :-1]
    total = small[:, -1] | also[:, -1]
    below = small[:, :-1] | total[:, None]
    parts = hidden_parts(values[..., :-1], below, also[:, :-1], order, least, rest_parts)
    if parts.shape[-1] == 1:
        total = total | parts[:, 0]
    return np.column_stack([parts, total])


def order_of(cells: Floats) -> Floats:
    """Order of parts by their size in a whole table, the smallest first; the total is left out."""
    size = np.abs(cells[..., :-1]).sum(axis=(0, 1))
    return size.argsort(kind="stable").argsort(kind="stable").astype(np.float64)


def filled(cells: Floats) -> tuple[Floats, Flags]:
    """Give cells that were hidden before a value with which their line adds up.

    Parameters
    ----------
    cells
        Parts with their total as the last; hidden ones are not a number.

    Returns
    -------
    tuple
        The cells, and which were hidden; shape (lines, parts and total).
    """
    before = np.isnan(cells)
    known = np.where(before, 0.0, cells)
    if cells.shape[-1] > 1:
        parts = before[..., :-1]
        left = known[..., -1] - known[..., :-1].sum(axis=-1)
        lines, worlds = np.nonzero(parts.any(axis=-1) & ~before[..., -1])
        known[lines, worlds, parts.argmax(axis=-1)[lines, worlds]] = left[lines, worlds]
    return known, np.asarray(before.any(axis=1))


def step_of(base: Floats, scale: Any) -> Floats:
    """Step to which a mean is rounded: one household of the base can't move it by more.

    Steps are 1, 2 or 5 times a power of ten.
    """
    share = np.maximum(scale, 1e-9) / np.maximum(base, 1.0)
    power = 10.0 ** np.floor(np.log10(share) + 1e-9)
    steps = np.array([1.0, 2.0, 5.0, 10.0])
    times = steps[np.searchsorted(steps, share / power - 1e-9)]
    return np.asarray(times * power, np.float64)
