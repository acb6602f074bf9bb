"""Break-even: at which price, or which strength, each kind of help earns itself back.

    siexsim sweep experiments/studies/omslag_prijs.toml
    python -m experiments breakeven experiments/studies/omslag_prijs.toml

A grid over one kind of help at a time and a factor on its price or strength. The balance after so
many years, a mean over futures, is followed along the factor; where it passes zero it turns. The
interval comes from drawing the futures again: all points live the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from experiments import words
from experiments.answers import CELL, Floats, answers, by_cell, points_of
from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import MIX, PRICE, STRENGTH
from siexsim.texts import number, percent

LEVEL = 0.9
HORIZONS_YEARS = (3, 5, 10)


@dataclass(frozen=True)
class Turn:
    """Where a balance passes zero; infinite where that lies beyond all that was tried.

    A strength that is infinite never pays back, minus infinite always; a price the other way
    round; not a number where it isn't clear. `low` to `high` holds 9 in 10.
    """

    at: float
    low: float
    high: float


def crossing(factor: Floats, balance: Floats, lever: str) -> float:
    """The factor at which a balance turns from a loss into no loss, by straight lines.

    With a price it is the highest that earns itself back, with a strength the lowest. Where all
    that was tried is on one side the turn lies beyond it: infinite or minus infinite. Not a number
    where it pays back somewhere, but not at the lowest price or the greatest strength.
    """
    order = np.argsort(-factor if lever == PRICE else factor)  # from hardest to easiest
    x, y = factor[order], balance[order]
    always = np.inf if lever == PRICE else -np.inf  # even the hardest that was tried pays back
    if (y >= 0).all() and y.any():
        return always
    if (y <= 0).all():
        return -always
    if y[-1] < 0:  # luck is larger than the change
        return float("nan")
    k = int(np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))[-1])
    return float(x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k]))


def turn(factor: Floats, balances: Floats, lever: str) -> Turn:
    """Where the mean balance turns; `balances` by factor (rows) and future (columns)."""
    futures, mean = balances.shape[1], balances.mean(axis=1)
    wide = np.full(len(mean), np.inf)
    if futures > 1:
        wide = stats.t.ppf((1 + LEVEL) / 2, futures - 1) * stats.sem(balances, axis=1)
    ends = sorted(crossing(factor, mean + way * wide, lever) for way in (-1, 1))
    low, high = (-np.inf, np.inf) if np.isnan(ends).any() else ends
    return Turn(crossing(factor, mean, lever), float(low), float(high))


def lever_of(sweep: Sweep) -> str:
    """The factor along which a study looks for a turn: a price or a strength."""
    names = [n for n in sweep.study.levers if n.partition(".")[0] in (PRICE, STRENGTH)]
    if len(names) != 1 or sweep.study.design.method != "grid" or MIX not in sweep.study.levers:
        raise UserError(
            "break-even needs a grid of 'mix', as named choices, and one of 'price' or 'strength'"
        )
    return names[0]


def turns(sweep: Sweep) -> pd.DataFrame:
    """Break-even of every kind of help, view and horizon in each cell."""
    lever, found = lever_of(sweep), []
    kind = lever.partition(".")[0]
    for cell, rows in by_cell(sweep):
        for mix, own in rows.groupby(MIX, sort=False):
            factors = np.asarray(points_of(own)[lever].astype(float), float)
            for view in VIEWS:
                for years in HORIZONS_YEARS:
                    name = f"balance_eur_{view}_year_{years}"
                    told = answers(own, name) if name in own else None
                    if told is None or told.there.sum() < 2:
                        continue
                    factor = factors[told.there]
                    at = turn(factor, told.values[told.there], kind)
                    found.append(
                        {
                            **dict(zip(CELL, cell, strict=True)), "mix": mix, "view": view,
                            "years": years, "lever": kind,
                            "least": factor.min(), "most": factor.max(),
                            "tried": " ".join(f"{one:g}" for one in sorted(factor)),
                            "at": at.at, "low": at.low, "high": at.high,
                        }
                    )  # fmt: skip
    return pd.DataFrame(found)


def is_never(lever: str, at: float) -> bool:
    """Whether a turn beyond all that was tried means that nothing pays back."""
    return (at < 0) == (lever == PRICE)


def in_words(lang: str, row: pd.Series) -> str:
    """One break-even in a sentence."""
    said: dict[str, object] = {
        "what": words.intervention(lang, row["mix"]),
        "view": words.words(lang)["views"][row["view"]],
        "years": row["years"],
        "lever": words.words(lang)["breakeven"][row["lever"]],
        "least": number(lang, row["least"], 2),
        "most": number(lang, row["most"], 2),
    }
    if np.isnan(row["at"]):
        return words.say(lang, "breakeven", "unclear", **said)
    if np.isfinite(row["at"]):
        ends = {key: _end(lang, row, key) for key in ("at", "low", "high")}
        return words.say(lang, "breakeven", f"turns_{row['lever']}", **said, **ends)
    key = "never" if is_never(row["lever"], row["at"]) else "always"
    if row["lever"] == PRICE and key == "never":
        said["most"] = said["least"]  # cheap is best
    sure = row["low"] == row["high"]
    ends = {end: _end(lang, row, end) for end in ("low", "high")}
    unsure = "" if sure else " " + words.say(lang, "breakeven", "or_else", **ends)
    return words.say(lang, "breakeven", key, **said) + unsure


def _end(lang: str, row: pd.Series, key: str) -> str:
    """A turn or an end of its interval; "<" and ">" where it lies beyond all that was tried."""
    at = float(np.clip(row[key], row["least"], row["most"]))
    mark = "" if np.isfinite(row[key]) else "<" if row[key] < 0 else ">"
    return mark + (percent(lang, at) if row["lever"] == PRICE else number(lang, at, 2))
