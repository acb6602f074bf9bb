"""The plans that a search ends with, as tables: the Pareto set, regret, and how often enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.answers import CELL
from experiments.regret import enough, regrets, robustly, undominated
from experiments.robust import RANDOM, SEARCH, Compared, Floats, Tried, sign
from siexsim.errors import UserError
from siexsim.sweep.levers import DUMMY
from siexsim.sweep.study import Study

REGRET, ENOUGH, LETTER, FOUND_BY = "largest_regret", "enough_share", "letter", "found_by"
Key = tuple[tuple[str, object], ...]
# What is enough where nothing else is asked: a person out of poverty, a year of stress less, and
# for the rest no worse than without a plan.
_LEAST = (
    (re.compile(r"(end|balance)_eur_.*|poverty_gap"), 0.0),
    (re.compile(r"people_out_of_poverty|poverty_years|stress_years"), 1.0),
    (re.compile(r"paid_back_.*"), 1.0),
)


def least_of(goals: Sequence[str], asked: Mapping[str, float]) -> dict[str, float]:
    """What counts as enough by goal, more being better; a goal that isn't named may be anything."""
    for name in asked:
        if name not in goals:
            raise UserError(f"enough: '{name}' is no goal of this study; {', '.join(goals)} are")
    usual = {name: least for name in goals for form, least in _LEAST if form.fullmatch(name)}
    return {name: sign(name) * least for name, least in {**usual, **asked}.items()}


def everything(found: Compared) -> Tried:
    """All plans that were tried, each once: the search begins with plans of the yardstick."""
    points, places, seen = [], [], set[Key]()
    both = [*found.random.points, *found.search.points]
    for place, point in enumerate(both):
        key = _key(point)
        if key not in seen:
            seen.add(key)
            points.append(dict(point))
            places.append(place)
    values = np.concatenate([found.random.values, found.search.values])
    return Tried(points, values[places])


def best(found: Compared, study: Study, by: str, asked: Mapping[str, float]) -> pd.DataFrame:
    """The Pareto set of all that was tried, one row a plan, lettered where it is best at something.

    Goals are as the study calls them, in the futures of the search; with ``new.`` before it in
    futures that no plan was chosen for. ``regret.GOAL`` is by goal, `largest_regret` over them.
    """
    goals, every = study.outcomes, everything(found)
    value = robustly(every.values, by)
    here = np.flatnonzero(undominated(value))
    chosen = every.only(here)
    table = pd.DataFrame([{k: v for k, v in p.items() if k != DUMMY} for p in chosen.points])
    by_random = {_key(point) for point in found.random.points}
    table[FOUND_BY] = [RANDOM if _key(p) in by_random else SEARCH for p in chosen.points]
    for k, name in enumerate(goals):
        table[name] = sign(name) * value[here, k]
    new = _again(found, chosen, by, len(goals))
    for k, name in enumerate(goals):
        table[f"new.{name}"] = sign(name) * new[:, k]
    regret = regrets(chosen.values, every.values)
    for k, name in enumerate(goals):
        table[f"regret.{name}"] = regret[:, k]
    table[REGRET] = regret.max(axis=1)
    table[ENOUGH] = enough(chosen.values, goals, least_of(goals, asked))
    return _lettered(table, goals)


def _key(point: Mapping[str, object]) -> Key:
    return tuple(sorted((k, v) for k, v in point.items() if k != DUMMY))


def _again(found: Compared, chosen: Tried, by: str, goals: int) -> Floats:
    """Values in the new futures; not a number for a plan that wasn't asked again."""
    known = {
        _key(point): value
        for one in (found.random_again, found.search_again)
        for point, value in zip(one.points, robustly(one.values, by), strict=True)
    } if found.random_again.values.size else {}  # fmt: skip
    nothing = np.full(goals, np.nan)
    return np.array([known.get(_key(point), nothing) for point in chosen.points])


def _lettered(table: pd.DataFrame, goals: Sequence[str]) -> pd.DataFrame:
    """Letters for plans that are best at a goal, have least regret, or are enough most often."""
    why: dict[int, list[str]] = {}
    for name in goals:
        shown = f"new.{name}" if table[f"new.{name}"].notna().all() else name
        why.setdefault(int((sign(name) * table[shown]).argmax()), []).append(name)
    why.setdefault(int(table[REGRET].argmin()), []).append(REGRET)
    if table[ENOUGH].max() > 0:
        why.setdefault(int(table[ENOUGH].argmax()), []).append(ENOUGH)
    letters = {row: chr(ord("A") + k) for k, row in enumerate(why)}
    table[LETTER] = [letters.get(k, "") for k in range(len(table))]
    table["best_at"] = [" ".join(why.get(k, ())) for k in range(len(table))]
    first = [LETTER, "best_at"]
    return table[first + [name for name in table if name not in first]]


def by_cell(found: Compared, study: Study, table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Goals and regret of each plan of the Pareto set under each effect set and times."""
    every = everything(found)
    here = np.flatnonzero(undominated(robustly(every.values, by)))
    among = every.values.mean(axis=2)
    low, high = among.min(axis=0), among.max(axis=0)
    parts = []
    for c, cell in enumerate(study.cells()):
        part = pd.DataFrame({LETTER: table[LETTER], "row": np.arange(len(here))})
        for name, one in zip(CELL, cell, strict=True):
            part[name] = one
        for k, name in enumerate(study.outcomes):
            part[name] = sign(name) * among[here, c, k]
            wide = high[c, k] - low[c, k]
            part[f"regret.{name}"] = (high[c, k] - among[here, c, k]) / wide if wide > 0 else 0.0
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
