"""Is the fit right? Recovery of known truths, targets, profiles, neighbours; as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import binom, chisquare

from calibration.priors import Array, Space
from calibration.sample import Posterior, prior_points, quick
from calibration.targets import Target
from calibration.waves import Matched, Observed, Wave

if TYPE_CHECKING:
    from calibration.fit import Fitted

BAND: Final = (0.05, 0.5, 0.95)
RANK_BINS: Final = 10
_ALIKE: Final = 4  # draws of a quick sample that are worth one that depends on no other
_FEWEST_DRAWS: Final = 100  # with fewer a rank says little
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


# ---- recovery ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cities:
    """Synthetic cities: the points that are their truths, and what a run with each gave."""

    truths: Array
    outcomes: Array
    sample: int


def truths(matched: Matched, posterior: Posterior, number: int, seed: int) -> Array:
    """Points drawn from the prior, among those that aren't implausible."""
    points = prior_points(posterior, seed, 402)
    found = points[matched.keeps(posterior.observed, points)][:number]
    if len(found) < number:  # few are left: those that the waves ended with, by their chance
        state = np.random.RandomState([seed, 403])
        log = posterior.space.log_density(matched.left)
        chance = np.exp(log - log.max())
        more = state.choice(len(log), number - len(found), p=chance / chance.sum())
        found = np.concatenate([found, matched.left[more]])
    return found


def recovery(posterior: Posterior, matched: Matched, cities: Cities, seed: int) -> pd.DataFrame:
    """Fit synthetic cities of which the truth is known.

    Each city is a run of the simulation that no emulator was trained on, with chance added of the
    size of the bands and of what the model may be off; the fit then sees these figures only. As
    truths are drawn from the prior among points that aren't implausible, draws that are implausible
    are left out: so that what is known before is the same for the truths and for the fit.

    Returns
    -------
    DataFrame
        For each city and parameter: truth, rank of the truth among the draws (0 to 1),
        whether the 90% interval covers it, and how many draws were used.
    """
    known = np.isfinite(cities.outcomes).all(axis=1)
    points, outcomes = cities.truths[known], cities.outcomes[known]
    seeing = replace(posterior, observed=posterior.observed.of_one_run(cities.sample))
    state = np.random.RandomState([seed, 500])
    seen = outcomes + posterior.observed.off_sd * state.standard_normal(outcomes.shape)
    start = prior_points(posterior, seed, 400)
    rows: list[dict[str, Any]] = []
    for city, (truth, values) in enumerate(zip(points, seen, strict=True)):
        draws = quick(seeing, start, values, seed, 1000 + city)
        kept = draws[matched.keeps(posterior.observed, draws)]
        draws = kept if len(kept) >= _FEWEST_DRAWS else draws
        ranks = (draws < truth).mean(axis=0)
        covered = (ranks >= BAND[0]) & (ranks <= BAND[2])
        rows += [
            {
                "city": city, "parameter": name, "truth": t, "rank": r, "covered": c,
                "draws": len(draws),
            }
            for name, t, r, c in zip(posterior.space.names, truth, ranks, covered, strict=True)
        ]  # fmt: skip
    return pd.DataFrame(rows)


def coverage(recovered: pd.DataFrame) -> pd.DataFrame:
    """Share of cities whose 90% interval covers the truth, and whether ranks are spread evenly.

    `band_low` to `band_high` is where 95% of the shares lie when the intervals are right. For all
    parameters together it allows for the likeness of parameters of one city. `chance` is that of
    ranks less even than these when they are even (chi-square over ten classes).
    """
    names = list(dict.fromkeys(recovered["parameter"]))
    table = pd.DataFrame([_covered(recovered[recovered["parameter"] == n]) for n in names])
    table.index = pd.Index(names, name="parameter")
    together = _covered(recovered)
    together |= _covered_band(recovered["city"].nunique() * _unlike(recovered), together)
    together["chance"] = np.nan  # the ranks of one city depend on each other
    table.loc["all"] = pd.Series(together)
    return table


def _covered(one: pd.DataFrame) -> dict[str, float]:
    counts = np.histogram(one["rank"], RANK_BINS, (0.0, 1.0))[0]
    found = {"covered_share": float(one["covered"].mean())}
    found |= _covered_band(len(one), found) | {"chance": float(chisquare(counts).pvalue)}
    return found | {f"rank_{i}": int(n) for i, n in enumerate(counts)}


def _covered_band(number: float, found: Mapping[str, float]) -> dict[str, float]:
    right = BAND[2] - BAND[0]
    low, high = binom.interval(0.95, round(number), right)
    ends = {"band_low": float(low) / round(number), "band_high": float(high) / round(number)}
    return ends | {"within": bool(ends["band_low"] <= found["covered_share"] <= ends["band_high"])}


def _unlike(recovered: pd.DataFrame) -> float:
    """How many parameters that don't depend on each other those of a city are worth."""
    wide = recovered.pivot(index="city", columns="parameter", values="covered").astype(float)
    apart, together = wide.var(ddof=1).sum(), wide.sum(axis=1).var(ddof=1)
    many = wide.shape[1]
    return float(np.clip(many * apart / together, 1, many)) if together > 0 else float(many)


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
            "shape": [one.shape for one in space.priors],
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
    between the runs and what the emulators expected there, in half widths of the band. Runs with
    an outcome that isn't a number are left out.
    """
    known = np.isfinite(real).all(axis=1)
    real, expected, weights = real[known], expected[known], weights[known] / weights[known].sum()
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

    `p50` is what the others expect of the target that is left out, `off` how far that is from what
    was published, in half widths of the band; `moves` names the parameter that moves most, by
    `sds` standard deviations of the full posterior. `frees` names the other target that comes
    nearest to its published value when this one is left out, by `freed` half widths
    (`freed_error` is the chance in that of the two samples). A target that is expected outside its
    band, and frees another, fights it.
    """
    start = prior_points(posterior, seed, 400)
    seen = posterior.observed
    half = (seen.high - seen.low) / 2
    full = quick(posterior, start, None, seed, 600)
    means_full = posterior.emulators.mean(full)
    off_full = np.abs(means_full.mean(axis=0) - seen.values) / half
    rows = []
    for i, name in enumerate(seen.names):
        draws = quick(replace(posterior, observed=_without(seen, i)), start, None, seed, 601 + i)
        means = posterior.emulators.mean(draws)
        shift = (draws.mean(axis=0) - full.mean(axis=0)) / full.std(axis=0)
        most = int(np.abs(shift).argmax())
        p05, p50, p95 = np.quantile(means[:, i], BAND)
        freed = off_full - np.abs(means.mean(axis=0) - seen.values) / half
        freed[i] = -np.inf
        other = int(freed.argmax())
        apart = np.hypot(means[:, other].std(), means_full[:, other].std()) / half[other]
        rows.append(
            {
                "target": name, "value": seen.values[i], "low": seen.low[i], "high": seen.high[i],
                "p05": p05, "p50": p50, "p95": p95, "inside": seen.low[i] <= p50 <= seen.high[i],
                "off": (p50 - seen.values[i]) / half[i], "moves": posterior.space.names[most],
                "sds": shift[most], "frees": seen.names[other], "freed": freed[other],
                "freed_error": apart / np.sqrt(len(draws) / _ALIKE),
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
            "cutoff": one.cutoff, "stretch": one.stretch, "nearest": one.nearest,
            "worst_emulator_fit": one.emulators.fit.min(),
            "median_emulator_fit": np.median(one.emulators.fit),
            "mean_side": (one.high - one.low).mean(),
        }
        for i, one in enumerate(waves, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("wave")


def write_tables(
    found: Fitted, observed: Observed, targets: Mapping[str, Target],
    cities: Cities, seed: int, out: Path,
) -> None:  # fmt: skip
    """Write every table of the fit as CSV, rounded."""
    posterior, x, weights = found.posterior, found.x, found.weights
    recovered = recovery(posterior, found.matched, cities, seed)
    tables = {
        "waves": wave_table(found.matched.waves),
        "parameters": parameter_table(posterior.space, x, weights),
        "correlations": correlation_table(posterior.space, x, weights),
        "targets": target_table(targets, found.real.to_numpy(float), weights, found.expected),
        "recovery": coverage(recovered),
        "cities": recovered.set_index("city"),
        "left_out": left_out(posterior, seed),
        "profiles": profile_table(posterior, found.chain.x),
    }
    tables["targets"]["noise_sd"] = observed.noise_sd
    tables["targets"]["emulator_fit"] = posterior.emulators.fit
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv", float_format="%.5g")
