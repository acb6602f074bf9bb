"""What an outcome hinges on: Morris, Sobol and PAWN, all SALib's.

    siexsim sweep experiments/studies/NAME.toml
    python -m experiments sensitivity experiments/studies/NAME.toml

All points of a design live the same futures, so luck is no part of the differences, unless the
study draws it as a cause of its own. A dummy that
changes nothing is in every design: what isn't surely above it may be nothing. A rank is only
given as far as the intervals tell the factors apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.answers import CELL, Floats, answers, arranged, by_cell, late
from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.sweep.design import MORRIS_LEVELS, problem_of, samples
from siexsim.sweep.executors import Opened
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import DUMMY, Factor, point_of
from siexsim.sweep.outcomes import outcome
from siexsim.sweep.runs import finish
from siexsim.sweep.stamp import simulate
from siexsim.sweep.study import Study

RESAMPLES = 500
LEVEL = 0.95
SURE = 0.15  # an interval of a total index that is wider than this, on one side, says too little
TELLS = 0.5  # intervals wider than this on one side, or a sum below it: indices say nothing
HORIZON = 20  # years after which nothing is asked
ACROSS = {"sobol": 2, "morris": 1}  # points of a block beside one for each group
LEAST = {"sobol": 64, "morris": 8, "random": 64}  # points below which nothing is said
Index = pd.DataFrame  # factor, index, low, high, rank
_PAWN_RESAMPLES, _SLICES = 100, 8
_PAWN_ROWS = 2000  # at most, in a draw again: of more it takes minutes


def groups(factors: Sequence[Factor]) -> list[str]:
    """Names of what is ranked, in order."""
    return list(dict.fromkeys(one.group for one in factors))


def table_of(names: Sequence[str], index: Floats, low: Floats, high: Floats) -> Index:
    """Indices with their intervals, and ranks as far as these tell factors apart."""
    table = pd.DataFrame({"factor": list(names), "index": index, "low": low, "high": high})
    table["rank"] = ranks(low, high)
    dummy = table.loc[table["factor"] == DUMMY, "high"]
    table["above_dummy"] = table["low"] > (float(dummy.iloc[0]) if len(dummy) else 0.0)
    return table


def ranks(low: Floats, high: Floats) -> list[str]:
    """Place of each factor; "2-4" where it can't be told apart from the others of these places."""
    if np.isnan(low).any():
        return ["-"] * len(low)
    first = [1 + int((low > top).sum()) for top in high]
    last = [len(low) - int((high < bottom).sum()) for bottom in low]
    return [str(a) if a == b else f"{a}-{b}" for a, b in zip(first, last, strict=True)]


def sobol(factors: Sequence[Factor], y: Floats, seed: int = 1) -> tuple[Index, Index]:
    """Sobol indices of groups, first order and total, with bootstrapped intervals."""
    from SALib.analyze import sobol as salib

    names, problem = groups(factors), problem_of(factors)
    if np.ptp(y) == 0:
        nothing = np.full(len(names), np.nan)
        return (table_of(names, nothing, nothing, nothing),) * 2
    told: Any = salib.analyze(
        problem, y, calc_second_order=False, num_resamples=RESAMPLES, conf_level=LEVEL, seed=seed
    )

    def of(name: str) -> Index:
        index, wide = np.asarray(told[name], float), np.asarray(told[f"{name}_conf"], float)
        return table_of(names, index, index - wide, index + wide)

    return of("S1"), of("ST")


def convergence(factors: Sequence[Factor], y: Floats, seed: int = 1) -> pd.DataFrame:
    """Total indices from an eighth, a quarter, a half and all of the points."""
    block = len(groups(factors)) + 2
    base = len(y) // block
    parts = [sobol(factors, y[: n * block], seed)[1].assign(points=n) for n in _halves(base)]
    return pd.concat(parts, ignore_index=True)


def _halves(base: int) -> list[int]:
    return [n for n in (base // 8, base // 4, base // 2, base) if n >= 4]


def points_needed(table: Index, base: int) -> int:
    """Points at which the widest interval would be narrow enough; as many as now if it is."""
    wide = float((table["high"] - table["index"]).max())
    # an interval narrows with the root of the points
    enough = base * (wide / SURE) ** 2 if np.isfinite(wide) else base
    return base if enough <= base else int(2 ** np.ceil(np.log2(enough)))


def morris(factors: Sequence[Factor], x: Floats, y: Floats, seed: int = 1) -> Index:
    """Mean absolute effect of groups along the paths, in units of the outcome."""
    from SALib.analyze import morris as salib

    told: Any = salib.analyze(
        problem_of(factors), x, y, num_levels=MORRIS_LEVELS, num_resamples=RESAMPLES,
        conf_level=LEVEL, seed=seed,
    )  # fmt: skip
    index = np.ma.filled(np.asarray(told["mu_star"], float), np.nan)
    wide = np.ma.filled(np.asarray(told["mu_star_conf"], float), np.nan)
    return table_of(list(told["names"]), index, np.maximum(index - wide, 0.0), index + wide)


def pawn(factors: Sequence[Factor], x: Floats, values: Floats, seed: int = 1) -> Index:
    """PAWN of single factors from any even design, shares of the mix included.

    The largest distance between the distribution of all and that of a slice, the middle one of
    the slices. It takes ties and skew as they are: payback that never comes is only the latest.

    Parameters
    ----------
    factors, x
        Columns of the design, and its rows; shares of a mix as they are, not their draws.
    values
        Outcome by point and future: whole points are drawn again for the intervals.
    """
    from SALib.analyze import pawn as salib

    chance = np.random.default_rng(seed)
    problem: dict[str, Any] = {
        "num_vars": len(factors), "names": [one.name for one in factors],
        "bounds": [[one.low, one.high] for one in factors],
    }  # fmt: skip

    def arranged_as(rows: Any) -> tuple[Floats, Floats]:
        return np.repeat(x[rows], values.shape[1], axis=0), values[rows].ravel()

    every, some = np.arange(len(x)), min(len(x), max(1, _PAWN_ROWS // values.shape[1]))
    index = np.asarray(salib.analyze(problem, *arranged_as(every), S=_SLICES, seed=seed)["median"])
    again = np.array([
        medians(*arranged_as(chance.choice(every, some))) for _ in range(_PAWN_RESAMPLES)
    ])  # fmt: skip
    # drawing again makes distances larger; the interval is put around what was measured, and what
    # fewer points spread is more by the root of how many fewer
    spread = (again - again.mean(axis=0)) * np.sqrt(some / len(x))
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return table_of(problem["names"], index, np.maximum(index + low, 0.0), index + high)


def medians(x: Floats, y: Floats) -> Floats:
    """SALib's median PAWN index of every column, without the chances that it works out as well.

    A hundred draws of SALib's own would take minutes; a test holds both against each other.
    """
    values, rank = np.unique(y, return_inverse=True)
    whole = np.cumsum(np.bincount(rank)) / len(y)
    found = []
    for column in x.T:
        edges = np.nanquantile(column, np.arange(0, 1 + 1 / _SLICES, 1 / _SLICES))
        slice_ = np.searchsorted(edges, column, side="right") - 1
        inside = slice_ < _SLICES  # SALib leaves the largest out
        at = slice_[inside] * len(values) + rank[inside]
        counts = np.bincount(at, minlength=_SLICES * len(values)).reshape(_SLICES, -1)
        some = counts[counts.any(axis=1)]
        parts = np.cumsum(some, axis=1) / some.sum(axis=1, keepdims=True)
        found.append(np.median(np.abs(parts - whole).max(axis=1)))
    return np.array(found)


def true_shares(factors: Sequence[Factor], x: Floats) -> Floats:
    """Rows of a design with the shares of the mix in place of their draws."""
    shown = x.copy()
    shares = [k for k, one in enumerate(factors) if one.is_share]
    for row, own in enumerate(x):
        point = point_of(factors, own)
        shown[row, shares] = [point[factors[k].name] for k in shares]
    return shown


# ---- of a sweep ------------------------------------------------------------------------------


def analyse(sweep: Sweep, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Importance of everything a study varies for one outcome, by the method of its design."""
    study, told = sweep.study, answers(rows, name)
    factors, seed = study.factors(), study.design.seed
    x = samples(study.design, factors)
    if not told.known:
        return pd.DataFrame()
    kept = whole(study, told.there)
    if study.design.method == "sobol":
        first, total = sobol(factors, told.means[kept], seed)
        clear = tells(total)
        parts = {"S1": first.assign(tells=clear), "ST": total.assign(tells=clear)}
    elif study.design.method == "morris":
        parts = {"mu_star": morris(factors, x[kept], told.means[kept], seed)}
    elif study.design.method == "random":
        shown = true_shares(factors, x)
        parts = {"pawn": pawn(factors, shown[kept], told.values[kept], seed)}
    else:
        raise UserError("a grid tells no importance; use a design that is random, sobol or morris")
    table = pd.concat([one.assign(measure=key) for key, one in parts.items()], ignore_index=True)
    return table.assign(outcome=name, noise_share=told.noise_share, futures=told.values.shape[1])


def whole(study: Study, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Points that an analysis can use: a design in blocks goes without those that miss a point."""
    across = ACROSS.get(study.design.method)
    if across is None:
        return there
    block = len(groups(study.factors())) + across
    return np.repeat(there.reshape(-1, block).all(axis=1), block)


def payback(sweep: Sweep, rows: pd.DataFrame, view: str) -> Index:
    """What the month of payback hinges on, by PAWN; never counts as latest."""
    factors, told = sweep.study.factors(), arranged(rows, late(rows, view))
    x = true_shares(factors, samples(sweep.study.design, factors))
    return pawn(factors, x[told.there], told.values[told.there], sweep.study.design.seed)


def by_horizon(sweep: Sweep, rows: pd.DataFrame) -> pd.DataFrame:
    """Total indices by year since the first investment: of being paid back, and of the balance.

    The balance is per euro invested, or the size of the budget would be all that it hinges on.

    Years in which all points do the same, such as no plan is paid back, have no index. `tells` is
    false where so few points differ that the indices say nothing.
    """
    if sweep.study.design.method != "sobol":
        raise UserError("indices by horizon need a study with a design of method sobol")
    factors, seed = sweep.study.factors(), sweep.study.design.seed
    parts = []
    invested = rows["invested_eur"].to_numpy(float)
    for view in VIEWS:
        for year in range(1, min(longest(rows), HORIZON) + 1):
            balance = outcome(rows, f"balance_eur_{view}_year_{year}")
            asked = {
                "paid_back": outcome(rows, f"paid_back_{view}_within_{year}"),
                # who puts nothing in gets nothing out
                "per_euro": balance / np.where(invested > 0, invested, np.inf),
            }
            for kind, values in asked.items():
                told = arranged(rows, values)
                y = told.means[whole(sweep.study, told.there)]
                total = sobol(factors, y if len(y) else np.zeros(2), seed)[1]
                mean = float(y.mean()) if len(y) else np.nan
                said = {"kind": kind, "view": view, "year": year, "mean": mean}
                parts.append(total.assign(**said, tells=tells(total)))
    return pd.concat(parts, ignore_index=True)


def tells(total: Index) -> bool:
    """Whether total indices say anything: they add up to one at least, or are too rough."""
    wide = float((total["high"] - total["index"]).max())
    return bool(wide <= TELLS and total["index"].sum() >= TELLS)


def longest(rows: pd.DataFrame) -> int:
    """Whole years that every run was watched for."""
    return int(rows["watched_months"].min() // 12)


def check_enough(sweep: Sweep) -> None:
    """Refuse an analysis of too few points, with the number of runs that are missing."""
    study = sweep.study
    least = LEAST.get(study.design.method, 0)
    more = least - study.design.points
    if more > 0:
        across = ACROSS.get(study.design.method)
        each = 1 if across is None else len(groups(study.factors())) + across
        runs = more * each * study.uncertainties.futures * len(study.cells())
        raise UserError(
            f"{study.design.points} points are too few to say what matters; {least} are needed, "
            f"so {runs} runs are missing"
        )


def analyse_all(sweep: Sweep) -> pd.DataFrame:
    """Importance for every outcome that the study names, in every cell."""
    check_enough(sweep)
    parts = []
    for cell, rows in by_cell(sweep):
        for name in sweep.study.outcomes:
            where = dict(zip(CELL, cell, strict=True))
            parts.append(analyse(sweep, rows, name).assign(**where))
    return pd.concat(parts, ignore_index=True)


def evaluator(
    sweep: Sweep, name: str, opened: Opened, window: int, live: Any = simulate
) -> Callable[[Floats], Floats]:
    """A function from samples to outcomes, as SALib's `ProblemSpec.evaluate` wants it.

    The columns are those of ``problem_of(study.factors())``; runs are kept in the sweep's store,
    and the outcome is the mean over its futures.
    """
    study, factors = sweep.study, sweep.study.factors()
    if len(study.cells()) > 1:
        raise UserError("one scenario, one effect set and one kind of times are needed here")

    def evaluate(x: Floats) -> Floats:
        points = [point_of(factors, row) for row in np.atleast_2d(x)]
        runs = list(study.runs(sweep.program, points))
        finish(runs, live, sweep.store, opened, window)
        rows = sweep.store.rows([run.name for run in runs]).to_pandas()
        values = outcome(rows, name).reshape(len(points), -1)
        if np.isnan(values).any():
            raise UserError(f"{int(np.isnan(values).sum())} runs failed, or can't tell '{name}'")
        return np.asarray(values.mean(axis=1))

    return evaluate
