"""The fitted parameters: weighted draws that belong together, from ``python -m calibration fit``.

What the fit learned lies in which values go together, so a future takes all fitted parameters from
one draw. The file is read from the package `calibration`; without it nothing changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import draws
from siexsim.compiled import rules_fingerprint
from siexsim.draws import stable_number
from siexsim.errors import UserError
from siexsim.parameters import POPULATION, Parameters

PACKAGE: Final = "calibration"
TABLE: Final = "posterior.parquet"
MADE_BY: Final = "posterior.json"
WEIGHT: Final = "weight"
RENEW: Final = "python -m calibration fit"
QUANTILES: Final = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Weighted draws of the fitted parameters.

    Attributes
    ----------
    names
        Full names of the parameters.
    values
        One row a draw, one column a parameter.
    weights
        What each draw counts for; they sum to 1.
    made_by
        The manifest of the fit: program, data and targets that made it.
    digest
        Hash of the draws; 12 hexadecimal digits.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    made_by: Mapping[str, Any]
    digest: str

    @cached_property
    def middle(self) -> int:
        """The draw nearest the weighted mean, in standard deviations: its values go together."""
        mean = self.weights @ self.values
        sd = np.sqrt(self.weights @ (self.values - mean) ** 2)
        away = (self.values - mean) / np.where(sd > 0, sd, 1.0)
        return int(np.argmin((away**2).sum(axis=1)))

    @property
    def settled(self) -> frozenset[str]:
        """Parameters that the fit drew, or held where it drew the others."""
        return frozenset({*self.names, *self.made_by.get("held", ())})

    @cached_property
    def stale(self) -> bool:
        """Whether other rules, or other ranges, made it than the program has now."""
        if self.made_by.get("rules_fingerprint") != rules_fingerprint():
            return True
        known = Parameters.packaged()
        ranges = [(known[n].low, known[n].high) if n in known else (1.0, 0.0) for n in self.names]
        low, high = np.array(ranges).T
        slack = 1e-9 * np.abs(high - low)
        return bool(((self.values < low - slack) | (self.values > high + slack)).any())

    def drawn(self, seed: int, future: int) -> int:
        """The draw of one future, by weight; future 0 has the middle one."""
        if future == 0:
            return self.middle
        key = np.array([stable_number("posterior")], np.uint64)
        u = float(draws.uniform(seed, key, future, draws.FUTURE_FIRST)[0])
        edges = np.cumsum(self.weights)
        return int(np.searchsorted(edges, u * edges[-1], side="right").clip(0, len(edges) - 1))

    def parameters(
        self, central: Parameters, seed: int, future: int, own: Collection[str] = ()
    ) -> Parameters:
        """Parameters of one future: the fitted ones from one draw, all others as without a fit.

        What an effect set holds, and the user's `own` numbers, stay out of the draw. All futures
        start from the same households, so numbers of the population are those of the middle draw.
        What moves the targets and wasn't fitted stays where the fit had it.
        """
        held = [n for n in self.made_by.get("held", ()) if n in central and n not in own]
        central = central.held({n: central.value(n) for n in held})
        free = [n for n in self.names if n in central and not central[n].fixed and n not in own]
        middle = central.with_(self._row(central, self.middle, free))
        if future == 0:
            return middle
        moving = [name for name in free if central[name].theme != POPULATION]
        row = self._row(central, self.drawn(seed, future), moving)
        return middle.drawn(seed, future).with_(row)

    def _row(self, known: Parameters, row: int, names: list[str]) -> dict[str, float]:
        # within the range, also where the range has changed since: then it's said to be stale
        at = {name: float(self.values[row, self.names.index(name)]) for name in names}
        return {name: min(max(v, known[name].low), known[name].high) for name, v in at.items()}

    def quantiles(self) -> pd.DataFrame:
        """Weighted 5%, 50% and 95% of each parameter, by its full name."""
        rows = []
        for column in self.values.T:
            order = np.argsort(column, kind="stable")
            share = np.cumsum(self.weights[order]) - self.weights[order] / 2
            rows.append(np.interp(QUANTILES, share, column[order]))
        return pd.DataFrame(rows, index=pd.Index(self.names), columns=["p05", "p50", "p95"])

    def said(self) -> dict[str, Any]:
        """What the manifest of a run tells about it."""
        return {
            "hash": self.digest,
            "draws": len(self.values),
            "parameters": list(self.names),
            "rules_fingerprint": self.made_by.get("rules_fingerprint"),
            "stale": self.stale,
        }


def read_posterior(folder: Traversable) -> Posterior | None:
    """Read the posterior in a folder; None where there isn't any.

    Raises
    ------
    UserError
        When the file is there but isn't a table of weighted draws.
    """
    file, beside = folder / TABLE, folder / MADE_BY
    if not file.is_file():
        return None
    content = file.read_bytes()
    try:
        table = pd.read_parquet(BytesIO(content))
        names = tuple(str(name) for name in table.columns if name != WEIGHT)
        values = table[list(names)].to_numpy(float)
        weights = table[WEIGHT].to_numpy(float) if WEIGHT in table else np.ones(len(table))
        if not (values.size and np.isfinite(values).all() and _good(weights)):
            raise ValueError("draws and weights must be numbers, weights zero or more")
        said = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        if not isinstance(said, dict):
            raise ValueError(f"{MADE_BY} must be a table")
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise UserError(
            f"{PACKAGE}/{TABLE} can't be read ({reason}); renew it with: {RENEW}"
        ) from error
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Posterior(names, values, weights / weights.sum(), said, digest)


def _good(weights: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0)


@cache
def packaged_posterior() -> Posterior | None:
    """The posterior that comes with the program, if there is one."""
    try:
        return read_posterior(files(PACKAGE))
    except ModuleNotFoundError:  # the model without its calibration
        return None
