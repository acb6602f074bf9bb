"""Kinds of plan side by side: fixed or learning, small first or everywhere, now or later.

    siexsim sweep experiments/studies/soorten_plannen.toml
    python -m experiments compare experiments/studies/soorten_plannen.toml

One choice of a study is compared, option by option, with one of its options, in the same futures
and with all else alike. What a future does to both is no part of the difference.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from experiments.answers import CELL, Floats
from siexsim.errors import UserError, did_you_mean
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import Choice
from siexsim.sweep.outcomes import outcome
from siexsim.sweep.study import Study

LEVEL = 0.9


def choice_of(study: Study, lever: str | None, base: str | None) -> tuple[str, str]:
    """The choice that is compared, and the option it is set against: by default the first."""
    if study.design.method != "grid":
        raise UserError("to compare needs a grid: every option with all else alike")
    choices = {name: one for name, one in study.levers.items() if isinstance(one, Choice)}
    if lever is None and len(choices) != 1:
        raise UserError(f"say with --lever what is compared: {', '.join(choices) or 'no choices'}")
    lever = lever or next(iter(choices))
    if lever not in choices:
        raise UserError(f"'{lever}' is no choice of this study{did_you_mean(lever, list(choices))}")
    options = list(choices[lever].of)
    if base is not None and base not in options:
        raise UserError(f"'{base}' is no option of {lever}{did_you_mean(base, options)}")
    return lever, base or options[0]


def compared(sweep: Sweep, lever: str, base: str) -> pd.DataFrame:
    """Difference of each option with the base, by cell and outcome.

    The mean over futures and over whatever else the study varies, with its limits; `higher_share`
    is the part of the futures in which it is higher.
    """
    table, study = sweep.table(), sweep.study
    others = [n for n in study.levers if n != lever and n in table]
    others += [n for n in map(str, table) if n.startswith("mix.") and n not in others]
    rows = []
    for cell, own in table.groupby(list(CELL), sort=False):
        for name in study.outcomes:
            told = own.assign(value=outcome(own, name))
            square = told.pivot_table(
                index=[*others, "future"], columns=lever, values="value", sort=False, dropna=False
            )
            for option in square.columns:
                if option == base:
                    continue
                pair = square[[base, option]].dropna()
                apart = (pair[option] - pair[base]).groupby("future").mean().to_numpy(float)
                if not len(apart):  # all failed, or the runs don't last long enough
                    continue
                low, high = interval(apart)
                rows.append(
                    {
                        **dict(zip(CELL, cell, strict=True)), "outcome": name, "option": option,
                        "base": base, "base_value": float(pair[base].mean()),
                        "difference": float(apart.mean()), "low": low, "high": high,
                        "higher_share": float((apart > 0).mean()), "futures": len(apart),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def interval(apart: Floats) -> tuple[float, float]:
    """Limits of the mean over futures, 9 in 10, as so few of them leave it open (Student's t)."""
    mean, futures = float(apart.mean()), len(apart)
    if futures < 2:
        return -np.inf, np.inf
    wide = float(stats.t.ppf((1 + LEVEL) / 2, futures - 1) * stats.sem(apart))
    return mean - wide, mean + wide
