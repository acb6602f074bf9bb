"""Scenario discovery: the conditions under which a plan pays back, in words. PRIM does the search.

    python -m experiments discover experiments/studies/NAME.toml

What PRIM finds in half of the plans is counted in the other half, so that a box that only fits the
plans in which it was found shows itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments import words
from experiments.answers import CELL, Floats, arranged, by_cell, points_of
from experiments.mixes import ALONE, HALF, YEARS
from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.sheet import capital
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import Factor
from siexsim.sweep.outcomes import paid_back
from siexsim.texts import LANGUAGES, percent

DENSE = 0.75  # of the plans in a box must pay back
HOLDS = 0.5  # of the plans in it that weren't searched must pay back, and more than of all plans
ALWAYS = 0.95
SURE = 0.05  # a limit that chance would give more often than this is left out
HIDES = 0.02  # more runs than this that can't tell, such as failed ones, and nothing is said
FEWEST = 8  # plans of the searched half that pay back, below which nothing is searched
NAMED = 3  # plans at most that are called by name
LEAST_SHARE = 0.05  # a limit of a share below this says only that there is some of it


@dataclass(frozen=True)
class Box:
    """Limits within which plans pay back, and how good they are.

    `limits` has a pair of numbers, or a set of names, for each lever that is limited. `inside`
    plans lie within, `paid` of them pay back, of all that do that is `coverage`; `held_out` is the
    share of those within that pay back among the plans in which nothing was searched.
    """

    limits: dict[str, Any]
    inside: int
    paid: int
    coverage: float
    held_out: float


def inputs(points: pd.DataFrame, factors: list[Factor]) -> pd.DataFrame:
    """Levers of every plan, with choices as names."""
    shown = {
        one.name: points[one.name].astype(str) if one.options else points[one.name].astype(float)
        for one in factors
        if one.name != "dummy"
    }
    return pd.DataFrame(shown).reset_index(drop=True)


def _searched(plans: int, seed: int) -> Any:
    """Which half of the plans is searched."""
    every = np.arange(plans)
    return np.isin(every, np.random.default_rng(seed).permutation(every)[::2])


def too_few(y: Floats, seed: int = 1) -> bool:
    """Whether too few plans pay back to search for a condition."""
    return bool(y[_searched(len(y), seed)].sum() < FEWEST)


def discover(x: pd.DataFrame, y: Floats, seed: int = 1) -> Box | None:
    """Search for a box in which plans pay back; None where there is none.

    A row is a plan and not a run: the futures of a plan are no news about its levers.

    Parameters
    ----------
    x, y
        Levers of each plan, and whether it pays back (1 or 0).
    seed
        Which half of the plans is searched; the others are only counted.
    """
    try:
        with warnings.catch_warnings():  # it misses packages for what isn't done here
            warnings.simplefilter("ignore")
            from ema_workbench.analysis import prim
    except ImportError as error:
        raise UserError(
            "discovery needs the EMA Workbench: pip install 'siexsim[study]'"
        ) from error
    searched = _searched(len(x), seed)
    search = prim.Prim(x[searched], y[searched].astype(bool), threshold=DENSE)
    found = search.find_box()
    if found is None:
        return None
    path = found.peeling_trajectory
    dense = path.index[path["density"] >= DENSE]
    if not len(dense):
        return None
    chosen = int(path.loc[dense, "coverage"].idxmax())
    limits = _limits(found, chosen)
    within = _within(x, limits)
    here, there = within & searched, within & ~searched
    # without the limits that chance could have given less of it may be left than was found
    if not limits or not (here.any() and there.any()) or y[here].mean() < DENSE:
        return None
    held_out = float(y[there].mean())
    if held_out < HOLDS or held_out <= float(y.mean()):
        return None
    inside, paid = int(within.sum()), int(y[within].sum())
    return Box(limits, inside, paid, float(paid / y.sum()), held_out)


def _limits(found: Any, chosen: int) -> dict[str, Any]:
    """Limits of a box, those left out that chance could have given or that say nothing."""
    box, whole = found.box_lims[chosen], found.prim.box_init
    limits: dict[str, Any] = {}
    for name, chances in found.qp[chosen].items():
        sure = [0 <= chance <= SURE for chance in chances]  # of each side; -1: no limit there
        low, high = box[name].iloc[0], box[name].iloc[1]
        if name.startswith("mix."):
            sure[0] = sure[0] and low >= LEAST_SHARE
        if isinstance(low, set):
            if any(sure):
                limits[name] = {str(one) for one in low}
        elif any(sure):
            limits[name] = (
                float(low) if sure[0] and low > whole[name].iloc[0] else -np.inf,
                float(high) if sure[1] and high < whole[name].iloc[1] else np.inf,
            )
    return limits


def _within(x: pd.DataFrame, limits: dict[str, Any]) -> Any:
    inside = np.ones(len(x), bool)
    for name, limit in limits.items():
        if isinstance(limit, set):
            inside &= x[name].isin(limit).to_numpy()
        else:
            inside &= x[name].between(*limit).to_numpy()
    return inside


def condition(lang: str, name: str, limit: Any) -> str:
    """One limit in words."""
    what = words.factor(lang, name)
    if isinstance(limit, set):
        either = words.say(lang, "discovery", "or")
        values = either.join(words.value(lang, one) for one in sorted(limit))
        return words.say(lang, "discovery", "one_of", what=what, values=values)
    low, high = limit
    kind = (
        "between" if np.isfinite([low, high]).all() else "at_least" if high == np.inf else "at_most"
    )
    key = f"share_{kind}" if name.startswith("mix.") else kind
    ends = {
        "low": words.amount(lang, name, low) if np.isfinite(low) else "",
        "high": words.amount(lang, name, high) if np.isfinite(high) else "",
    }
    return words.say(lang, "discovery", key, what=what, **ends)


def when(
    lang: str, rows: pd.DataFrame, factors: list[Factor], view: str, years: int, seed: int = 1
) -> tuple[str, str]:
    """When the money is back within so many years: the kind of finding, and the finding in words.

    Kinds are "unknown", "none", "always", "few" (too few plans to search), "named" (so few that
    they are called by name), "nothing" and "found".
    """
    runs = paid_back(rows, view, years)
    told = arranged(rows, runs)
    who = words.words(lang)["views"][view]
    said: dict[str, object] = {"view": who, "years": years, "plans": len(told.values)}
    if np.isnan(runs).mean() > HIDES or not told.values.size:
        return "unknown", _sentence(lang, "unknown", said)
    y = (told.means >= HALF).astype(float)
    base = float(y.mean())
    count, best = int(y.sum()), float(told.means.max())
    said |= {"count": count, "base": percent(lang, base), "best": percent(lang, best)}
    if base == 0 or base >= ALWAYS:
        kind = "always" if base else "none"
        return kind, _sentence(lang, kind, said)
    plans = points_of(rows)
    if too_few(y, seed):
        if count > NAMED:
            return "few", _sentence(lang, "few", said)
        return "named", f"{_sentence(lang, 'few', said)} {_names(lang, plans[y > 0])}"
    found = discover(inputs(plans, factors), y, seed)
    if found is None:
        return "nothing", _sentence(lang, "nothing", said)
    joint = words.say(lang, "discovery", "and")
    said["conditions"] = joint.join(condition(lang, *limit) for limit in found.limits.items())
    said |= {"inside": found.inside, "paid": found.paid}
    said |= {n: percent(lang, getattr(found, n)) for n in ("coverage", "held_out")}
    return "found", _sentence(lang, "found", said)


def _names(lang: str, plans: pd.DataFrame) -> str:
    """What a few plans are: one kind of help alone, or mixes."""
    shares = plans[[c for c in map(str, plans) if c.startswith("mix.")]]
    top, alone = shares.idxmax(axis=1), shares.max(axis=1) >= ALONE
    said = [
        words.say(lang, "discovery", "alone", what=words.factor(lang, str(name)))
        for name in top[alone]
    ]
    mixed = int((~alone).sum())
    if mixed:
        said.append(words.say(lang, "discovery", "mixed", count=mixed))
    return words.say(lang, "discovery", "names", names="; ".join(said))


def conditions(sweep: Sweep) -> pd.DataFrame:
    """When plans pay back, for every cell, view and horizon: kind of finding, and it in words."""
    factors, seed, found = sweep.study.factors(), sweep.study.design.seed, []
    for cell, rows in by_cell(sweep):
        for view in VIEWS:
            for years in YEARS:
                said = {lang: when(lang, rows, factors, view, years, seed) for lang in LANGUAGES}
                where = {**dict(zip(CELL, cell, strict=True)), "view": view, "years": years}
                kind = next(iter(said.values()))[0]
                found.append({**where, "kind": kind, **{k: s for k, (_, s) in said.items()}})
    return pd.DataFrame(found)


def in_words(
    lang: str, rows: pd.DataFrame, factors: list[Factor], view: str, horizons: Sequence[int],
    seed: int = 1,
) -> list[str]:  # fmt: skip
    """Findings by horizon, in sentences."""
    return told([when(lang, rows, factors, view, years, seed) for years in horizons])


def told(found: Sequence[tuple[str, str]]) -> list[str]:
    """Findings by horizon; of horizons that nobody reaches only the longest, unknown ones once."""
    said = []
    for k, (kind, sentence) in enumerate(found):
        same_next = kind == "none" and k + 1 < len(found) and found[k + 1][0] == "none"
        same_before = kind == "unknown" and k > 0 and found[k - 1][0] == "unknown"
        if not (same_next or same_before):
            said.append(sentence)
    return said


def _sentence(lang: str, key: str, values: dict[str, object]) -> str:
    return capital(words.say(lang, "discovery", key, **values))
