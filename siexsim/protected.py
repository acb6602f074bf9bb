"""Protecting one table: what its columns are, the numbers to go by, rounding and hiding."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.evidence import Parameter, read_table
from siexsim.hiding import (
    Flags,
    Floats,
    filled,
    hidden_with_total,
    nearest,
    order_of,
    rounded_to_total,
    step_of,
)
from siexsim.place import read_packaged

EVERYWHERE: Final = "all"  # the total of wijken, where a table doesn't name the municipality


@dataclass(frozen=True)
class Protected:
    """What a table of counts and means holds.

    Attributes
    ----------
    keys
        Columns that name a line, besides world and wijk.
    counts
        Columns of counts, each with the count it is a part of or "". A count comes after the
        one it is a part of; where they differ by few, the part is hidden.
    means
        Columns of shares and means, each with the count they are taken over.
    amounts
        Columns of euros, each with the count of those who have them.
    part
        Column whose last category is the total of the others; "" if there is none.
    of_a_plan
        Counts that are zero in a world without a plan: everybody knows that zero.
    """

    keys: tuple[str, ...]
    counts: Mapping[str, str]
    means: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, str] = field(default_factory=dict)
    part: str = "wijk"
    of_a_plan: tuple[str, ...] = ()


# --- Rules ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """Numbers of the protection; see ``data/disclosure.toml`` for their sources."""

    count_base: float
    few: float
    mean_base: float
    participant_base: float
    largest_share: float
    largest_year_eur: float
    largest_small_eur: float
    largest_earner_eur: float
    amount_base_eur: float


@cache
def rules_with_evidence() -> Mapping[str, Parameter]:
    """The rules with source and grade, by name."""
    tables = tomllib.loads(read_packaged("disclosure.toml"))
    return {rule.name: rule for rule in read_table(tables, "disclosure", "disclosure.toml")}


@cache
def packaged_rules() -> Rules:
    """The rules that come with the program."""
    return Rules(**{name: rule.value for name, rule in rules_with_evidence().items()})


# --- Lines of a table -------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """Where each row of a table stands among lines, worlds and parts; the total is last."""

    line: NDArray[np.int64]
    world: NDArray[np.int64]
    part: NDArray[np.int64]
    shape: tuple[int, int, int]

    def cells(self, values: pd.Series) -> Floats:
        """The values of a column in their places."""
        cells = np.zeros(self.shape)
        cells[self.line, self.world, self.part] = values.to_numpy(float)
        return cells

    def column(self, cells: Floats, hidden: Flags) -> Floats:
        """A column of a table; what is hidden is not a number."""
        shown = np.where(hidden[:, None], np.nan, cells)
        return np.asarray(shown[self.line, self.world, self.part])


def grid_of(table: pd.DataFrame, keys: Iterable[str], part: str, total: str) -> Grid:
    """Place the rows of a table; each line must have one for every world and part."""
    keys = list(keys)
    line = np.asarray(table.groupby(keys, observed=True, sort=True).ngroup(), np.int64)
    world: NDArray[np.int64] = np.zeros(len(table), np.int64)
    names = ["one"]
    if "world" in table:
        found, labels = pd.factorize(table["world"].astype(str), sort=True)
        world, names = np.asarray(found, np.int64), list(labels)
    where: NDArray[np.int64] = np.zeros(len(table), np.int64)
    count = 1
    if part:
        parts = table[part].astype(str)
        own = [name for name in dict.fromkeys(parts) if name != total]
        places = {name: k for k, name in enumerate([*own, total])}
        where = np.asarray(parts.map(places), np.int64)
        count = len(own) + 1
    shape = (int(line.max(initial=-1)) + 1, max(len(names), 1), count)
    if len(table) != np.prod(shape) or len(set(zip(line, world, where, strict=True))) < len(table):
        raise ValueError(f"each of {keys}, world and {part or 'row'} must be there once")
    return Grid(line, world, where, shape)


def total_of(table: pd.DataFrame, part: str = "wijk") -> str:
    """Name of the total: the last category of the column of wijken."""
    if part in table and isinstance(table[part].dtype, pd.CategoricalDtype):
        return str(table[part].cat.categories[-1])
    return EVERYWHERE


# --- Counts, means and amounts ----------------------------------------------------------------


def protect(
    table: pd.DataFrame, description: Protected, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Round the counts of a table, and hide what tells of few.

    Parameters
    ----------
    table
        A table with a row for every line, world and part.
    description
        What its columns are.
    rules
        Numbers to go by; those of the program if not given.
    total
        Name of the rows that are the sum of the others; by default the last category.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns. What is hidden is not a number, in all worlds alike.

    Raises
    ------
    ValueError
        When a column isn't described: it may tell of few.
    """
    rules = rules or packaged_rules()
    if table.empty:
        return table.copy()
    part = description.part
    _check_columns(table, description)
    grid = grid_of(table, description.keys, part, (total or total_of(table)) if part else "")
    shown: dict[str, Floats] = {}
    hidden: dict[str, Flags] = {}
    order = order_of(filled(grid.cells(table[next(iter(description.counts))]))[0])
    new = table.copy()
    for name, whole in description.counts.items():
        cells, before = filled(grid.cells(table[name]))
        also = hidden[whole] if whole else np.zeros_like(before)
        worlds = lived(cells) if name in description.of_a_plan else None
        shown[name], hidden[name] = protect_counts(
            cells, also, before, order, shown.get(whole), rules, worlds
        )
        new[name] = grid.column(shown[name], hidden[name])
    for name, base in description.means.items():
        rest = shown[whole] - shown[base] if (whole := description.counts[base]) else None
        cells = grid.cells(table[name])
        new[name] = grid.column(
            *protect_means(cells, shown[base], hidden[base], order, rest, rules)
        )
    for name, base in description.amounts.items():
        cells, before = filled(grid.cells(table[name]))
        also = hidden[base] | before
        out = too_few(shown[base], np.zeros_like(also), also, order, None, rules.mean_base)
        done = before[:, :-1].any(axis=-1)
        out[done] = before[done]
        new[name] = grid.column(_rounded(cells, rules.amount_base_eur), out)
    return new


def _check_columns(table: pd.DataFrame, description: Protected) -> None:
    known = {*description.keys, *description.counts, *description.means, *description.amounts}
    unknown = set(table.columns) - known - {"world", description.part}
    if unknown:
        raise ValueError(f"not known to be safe: {', '.join(sorted(map(str, unknown)))}")


def _rounded(cells: Floats, base: float) -> Floats:
    """Round so that parts add up to their total, where there are parts."""
    if cells.shape[-1] == 1:
        return nearest(cells, base)
    parts, totals = rounded_to_total(cells[..., :-1], base)
    return np.concatenate([parts, totals[..., None]], axis=-1)


def lived(cells: Floats) -> Flags:
    """Worlds in which there is anything at all."""
    return np.asarray((cells != 0.0).any(axis=(0, 2)))


def protect_counts(
    cells: Floats, also: Flags, before: Flags, order: Floats, whole: Floats | None,
    rules: Rules, worlds: Flags | None = None,
) -> tuple[Floats, Flags]:  # fmt: skip
    """Round counts, and say which to hide.

    Parameters
    ----------
    cells
        Counts; shape (lines, worlds, parts and total).
    also
        Which are hidden anyway; shape (lines, parts and total).
    before
        Which were hidden before: what hides with them is among them.
    order
        In which order parts are hidden with others.
    whole
        Rounded counts that these are a part of.
    rules
        Numbers to go by.
    worlds
        Worlds that count; all if not given.
    """
    rounded = _rounded(cells, rules.count_base)
    seen = np.ones(cells.shape[1], bool) if worlds is None else worlds
    if not seen.any():
        return rounded, before
    few = np.asarray((cells[:, seen] < rules.few).any(axis=1))
    rest = None if whole is None else (whole - rounded)[:, seen]
    hidden = too_few(rounded[:, seen], few, also | before, order, rest, rules.few)
    done = before[:, :-1].any(axis=-1)
    hidden[done] = before[done]
    return rounded, hidden


def protect_means(
    means: Floats, base: Floats, also: Flags, order: Floats, rest: Floats | None, rules: Rules,
    small: Flags | None = None, scale: Floats | float = 1.0,
) -> tuple[Floats, Flags]:  # fmt: skip
    """Round means to what one household can move them, and say which to hide.

    Parameters
    ----------
    means, base
        Means, and the rounded counts they are taken over; shape (lines, worlds, parts and total).
    also, order, rest, rules
        As for `protect_counts`; `rest` are those over whom the mean isn't taken.
    small
        Which are hidden for another reason than a small base, with others to hide them.
    scale
        What one household more or less adds to the sum behind a mean, at least 1.
    """
    none = np.zeros_like(also) if small is None else small
    hidden = too_few(base, none, also, order, rest, rules.mean_base)
    missing = np.asarray(np.isnan(means).any(axis=1))
    enough = ~also & (base >= rules.mean_base).all(axis=1)
    done = (missing & enough)[:, :-1].any(axis=-1)  # one with many is hidden: done before
    hidden[done] = missing[done]
    step = step_of(base, np.maximum(scale, np.abs(np.nan_to_num(means))))
    return np.round(nearest(means, step), 9), hidden


def too_few(
    counts: Floats, small: Flags, also: Flags, order: Floats, rest: Floats | None, least: float
) -> Flags:
    """Which counts, or their complements, are too small to show, and what to hide with them."""
    small = small | (counts < least).any(axis=1)
    if rest is not None:
        small = small | (rest < least).any(axis=1)
    return hidden_with_total(counts, small, also, order, least, rest)
