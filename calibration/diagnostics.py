"""Is the fit right? Recovery of known truths, targets, profiles, neighbours; as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from calibration.priors import Array, Space
from calibration.sample import Posterior, quick
from calibration.targets import Target
from calibration.waves import Observed, Wave, spread

if TYPE_CHECKING:
    from calibration.fit import Fitted

BAND: Final = (0.05, 0.5, 0.95)
RANK_BINS: Final = 10
_PRIOR_POINTS: Final = 20_000
_GRID: Final = 9
_WORTH_TELLING: Final = 0.3  # correlation between two parameters
_STARTS: Final = 2  # of the best points of the chain
_MOST_STEPS: Final = 60


def quantiles(values: Array, weights: Array, at: tuple[float, ...] = BAND) -> Array:
    """Weighted quantiles of each column."""
    found = []
    for column in values.T:
        order = np.argsort(column)
        reached = np.cumsum(weights[order])
        found.append(np.interp(at, (reached - weights[order] / 2) / reached[-1], column[order]))
    return np.array(found)


def prior_points(posterior: Posterior, seed: int) -> Array:
    """Points spread over the prior where the emulators hold, to start from."""
    low, high = posterior.low, posterior.high
    x = low + (high - low) * spread(_PRIOR_POINTS, len(low), seed, 400)
    state = np.random.RandomState([seed, 401])
    density = np.exp(posterior.space.log_density(x))
    return x[state.choice(len(x), len(x), p=density / density.sum())]


# ---- recovery ---------------------------------------------------------------------------------


def recovery(posterior: Posterior, left: Array, cities: int, seed: int) -> pd.DataFrame:
    """Fit synthetic cities of which the truth is known.

    Each truth is drawn from the prior among points that aren't implausible; its city is what the
    emulators expect there with chance added; the fit then sees the city only.

    Returns
    -------
    DataFrame
        For each city and parameter: truth, rank of the truth among the draws (0 to 1), and
        whether the 90% interval covers it.
    """
    state = np.random.RandomState([seed, 500])
    start = prior_points(posterior, seed)
    chance = np.exp(posterior.space.log_density(left))
    truths = left[state.choice(len(left), cities, p=chance / chance.sum())]
    means, variances = posterior.emulators.predict(truths)
    seen = means + np.sqrt(variances + posterior.observed.sd**2) * state.standard_normal(
        means.shape
    )
    names, rows = posterior.space.names, []
    for city, (truth, values) in enumerate(zip(truths, seen, strict=True)):
        draws = quick(posterior, start, values, seed, 1000 + city)
        ranks = (draws < truth).mean(axis=0)
        covered = (ranks >= BAND[0]) & (ranks <= BAND[2])
        rows += [
            {"city": city, "parameter": name, "truth": t, "rank": r, "covered": c}
            for name, t, r, c in zip(names, truth, ranks, covered, strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def coverage(recovered: pd.DataFrame) -> pd.DataFrame:
    """Share of cities whose 90% interval covers the truth, and the rank histogram."""
    names = list(dict.fromkeys(recovered["parameter"]))
    of = [recovered[recovered["parameter"] == name] for name in names]
    table = pd.DataFrame(
        [np.histogram(one["rank"], RANK_BINS, (0.0, 1.0))[0] for one in of],
        index=pd.Index(names, name="parameter"),
        columns=[f"rank_{i}" for i in range(RANK_BINS)],
    )
    table.insert(0, "covered_share", [one["covered"].mean() for one in of])
    table.loc["all"] = table.sum()
    table.loc["all", "covered_share"] = recovered["covered"].mean()
    return table


# ---- what the data say ------------------------------------------------------------------------


def parameter_table(space: Space, x: Array, weights: Array) -> pd.DataFrame:
    """Prior and posterior of each parameter; `sd_ratio` near 1: the data say nothing."""
    mean = weights @ x
    sd = np.sqrt(weights @ (x - mean) ** 2)
    width = np.array([one.high - one.low for one in space.priors])
    low = np.array([one.low for one in space.priors])
    bands = low[:, None] + width[:, None] * quantiles(x, weights)
    return pd.DataFrame(
        {
            "low": low,
            "value": [one.mode for one in space.priors],
            "high": low + width,
            "p05": bands[:, 0],
            "p50": bands[:, 1],
            "p95": bands[:, 2],
            "sd_ratio": sd / space.prior_sd(),
        },
        index=pd.Index(space.names, name="parameter"),
    )


def correlation_table(space: Space, x: Array, weights: Array) -> pd.DataFrame:
    """Pairs of parameters that the data can't tell apart well."""
    found = _correlations(x, weights)
    rows = [
        {"one": a, "other": b, "correlation": found[i, j]}
        for i, a in enumerate(space.names)
        for j, b in enumerate(space.names[:i])
        if abs(found[i, j]) >= _WORTH_TELLING
    ]
    table = pd.DataFrame(rows, columns=["one", "other", "correlation"])
    return table.sort_values("correlation", key=abs, ascending=False)


def _correlations(x: Array, weights: Array) -> Array:
    spread_ = np.atleast_2d(np.cov(x.T, aweights=weights))
    sd = np.sqrt(np.diag(spread_))
    return np.asarray(spread_ / np.outer(sd, sd))


def target_table(
    targets: Mapping[str, Target], real: Array, weights: Array, expected: Array
) -> pd.DataFrame:
    """Every target beside what real runs at the draws give.

    `share_inside` is the weighted share of runs inside the band, `emulator_off` the mean distance
    between the runs and what the emulators expected there, in half widths of the band.
    """
    rows = list(targets.values())
    low, high = (np.array([getattr(t, k) for t in rows]) for k in ("low", "high"))
    bands = quantiles(real, weights)
    inside = (real >= low) & (real <= high)
    return pd.DataFrame(
        {
            "value": [t.value for t in rows],
            "low": low,
            "high": high,
            "p05": bands[:, 0],
            "p50": bands[:, 1],
            "p95": bands[:, 2],
            "inside": (bands[:, 1] >= low) & (bands[:, 1] <= high),
            "share_inside": weights @ inside,
            "emulator_off": (real - expected).mean(axis=0) / ((high - low) / 2),
        },
        index=pd.Index(list(targets), name="target"),
    )


def left_out(posterior: Posterior, seed: int) -> pd.DataFrame:
    """Fit again with one target left out, each in turn.

    `p50` is what the others expect of the target that is left out; `moves` names the parameter
    that moves most, by `sds` standard deviations of the full posterior. A target that moves much
    and is expected outside its band fights the others.
    """
    start = prior_points(posterior, seed)
    full = quick(posterior, start, None, seed, 600)
    rows = []
    for i, name in enumerate(posterior.observed.names):
        without = replace(posterior, observed=_without(posterior.observed, i))
        draws = quick(without, start, None, seed, 601 + i)
        means = posterior.emulators.mean(draws)[:, i]
        shift = (draws.mean(axis=0) - full.mean(axis=0)) / full.std(axis=0)
        most = int(np.abs(shift).argmax())
        p05, p50, p95 = np.quantile(means, BAND)
        low, high = posterior.observed.low[i], posterior.observed.high[i]
        rows.append(
            {
                "target": name, "low": low, "high": high, "p05": p05, "p50": p50, "p95": p95,
                "inside": low <= p50 <= high, "moves": posterior.space.names[most],
                "sds": shift[most],
            }
        )  # fmt: skip
    return pd.DataFrame(rows).set_index("target")


def profile_table(posterior: Posterior, start: Array) -> pd.DataFrame:
    """Highest posterior density for each value of a parameter, the others free; 0 is the best.

    Density as a logarithm: -2 is far less likely, a flat profile says nothing.
    """
    best = start[np.argsort(-posterior.log(start))[:_STARTS]]
    rows = []
    for i, prior in enumerate(posterior.space.priors):
        for value in np.linspace(posterior.low[i], posterior.high[i], _GRID + 2)[1:-1]:
            height = max(_highest(posterior, x, i, value) for x in best)
            rows.append(
                {
                    "parameter": prior.name,
                    "value": prior.low + value * (prior.high - prior.low),
                    "log_density": height,
                }
            )
    table = pd.DataFrame(rows)
    table["log_density"] -= table["log_density"].max()
    return table.set_index("parameter")


def _highest(posterior: Posterior, x: Array, held: int, value: float) -> float:
    """The best density with one parameter held; gradients by steps, all points at once."""
    free = np.arange(len(x)) != held
    step = 1e-5

    def down(part: Array) -> tuple[float, Array]:
        points = np.tile(_with(x, free, part, held, value), (len(part) + 1, 1))
        points[np.arange(len(part)), np.flatnonzero(free)] -= step
        log = posterior.log(points)
        return -log[-1], -(log[-1] - log[:-1]) / step

    low, high = posterior.low[free] + 2 * step, posterior.high[free] - 1e-9
    low, high = np.maximum(low, 1e-4), np.minimum(high, 1 - 1e-4)
    first = np.clip(x[free], low, high)
    bounds = list(zip(low, high, strict=True))
    found = minimize(
        down, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _MOST_STEPS}
    )
    return -float(found.fun)


def _with(x: Array, free: Array, part: Array, held: int, value: float) -> Array:
    point = x.copy()
    point[free], point[held] = part, value
    return point


def _without(observed: Observed, i: int) -> Observed:
    sd = observed.sd.copy()
    sd[i] = 1e6 * max(1.0, abs(observed.values[i]))  # says nothing
    return replace(observed, sd=sd)


# ---- tables -----------------------------------------------------------------------------------


def wave_table(waves: tuple[Wave, ...]) -> pd.DataFrame:
    """How much each wave left out, and how well its emulators follow the runs."""
    rows = [
        {
            "wave": i, "runs": one.runs, "implausible_share": one.implausible_share,
            "cutoff": one.cutoff, "worst_emulator_fit": one.emulators.fit.min(),
            "median_emulator_fit": np.median(one.emulators.fit),
            "mean_side": (one.high - one.low).mean(),
        }
        for i, one in enumerate(waves, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("wave")


def write_tables(
    found: Fitted, observed: Observed, targets: Mapping[str, Target],
    seed: int, cities: int, out: Path,
) -> None:  # fmt: skip
    """Write every table of the fit as CSV, rounded."""
    posterior, x, weights = found.posterior, found.x, found.weights
    recovered = recovery(posterior, found.matched.left, cities, seed)
    tables = {
        "waves": wave_table(found.matched.waves),
        "parameters": parameter_table(posterior.space, x, weights),
        "correlations": correlation_table(posterior.space, x, weights),
        "targets": target_table(targets, found.real.to_numpy(float), weights, found.expected),
        "recovery": coverage(recovered),
        "left_out": left_out(posterior, seed),
        "profiles": profile_table(posterior, found.chain.x),
    }
    tables["targets"]["noise_sd"] = observed.noise_sd
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv", float_format="%.5g")
