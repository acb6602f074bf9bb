"""The plans that a search ends with, as tables: the Pareto set, regret, and how often enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.answers import CELL
from experiments.regret import enough, regrets, robustly, shortfall, undominated
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
    futures that no plan was chosen for. ``regret.GOAL`` is by goal, `largest_regret` over them, and
    `enough_share` how often it is good enough: all three in the new futures, if there are any.
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
    values, among, new = judged(found, chosen)
    fair = robustly(values, by) if new else np.full((len(here), len(goals)), np.nan)
    for k, name in enumerate(goals):
        table[f"new.{name}"] = sign(name) * fair[:, k]
    regret = regrets(values, among)
    for k, name in enumerate(goals):
        table[f"regret.{name}"] = regret[:, k]
    table[REGRET] = regret.max(axis=1)
    table[ENOUGH] = enough(values, goals, least_of(goals, asked))
    table = table.assign(tried=len(every.points), judged_in=values.shape[2], judged_anew=new)
    return _lettered(table, goals)


def _key(point: Mapping[str, object]) -> Key:
    return tuple(sorted((k, v) for k, v in point.items() if k != DUMMY))


def judged(found: Compared, chosen: Tried) -> tuple[Floats, Floats, bool]:
    """Values by which plans are judged, theirs and those of all they are held against.

    Those of new futures, of all plans that were asked again; where some of the chosen weren't,
    those of the futures in which they were found, of all plans. True where they are new.
    """
    again = (found.random_again, found.search_again)
    known = {_key(p): v for one in again for p, v in zip(one.points, one.values, strict=True)}
    keys = [_key(point) for point in chosen.points]
    if not keys or not set(keys) <= known.keys():
        return chosen.values, everything(found).values, False
    return np.stack([known[key] for key in keys]), np.stack(list(known.values())), True


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
    """Goals and regret of each plan of the Pareto set under each effect set and times.

    In new futures, if there are any: see `judged`.
    """
    every = everything(found)
    here = np.flatnonzero(undominated(robustly(every.values, by)))
    values, among, _ = judged(found, every.only(here))
    mine = values.mean(axis=2)
    regret = shortfall(mine, among.mean(axis=2))
    parts = []
    for c, cell in enumerate(study.cells()):
        part = pd.DataFrame({LETTER: table[LETTER], "row": np.arange(len(here))})
        for name, one in zip(CELL, cell, strict=True):
            part[name] = one
        for k, name in enumerate(study.outcomes):
            part[name] = sign(name) * mine[:, c, k]
            part[f"regret.{name}"] = regret[:, c, k]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
