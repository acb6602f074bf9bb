"""The few figures of a run that others read; their names are a contract."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim import grex, returns
from siexsim.account import VIEWS
from siexsim.items import PAYERS
from siexsim.run import Outcome
from siexsim.tables import QUANTILES, households_of


def _over_futures(values: NDArray[np.float64]) -> dict[str, float]:
    return {key: round(float(np.quantile(values, q)), 2) for key, q in QUANTILES.items()}


def _payback(months: NDArray[np.float64], within: dict[int, float | None]) -> dict[str, Any]:
    """Quantiles and shares of payback; never counts as infinitely late, and shows as null.

    `within` has the share by horizon; None where the run is shorter than that.
    """
    said: dict[str, Any] = {}
    for key, q in QUANTILES.items():
        value = float(np.quantile(months, q, method="higher"))
        said[key] = int(value) if np.isfinite(value) else None
    in_run = round(float(np.isfinite(months).mean()), 4)
    return {
        **said,
        "share_within": {str(h): share for h, share in within.items()},
        "share_in_run": in_run,
    }


def summarise(outcome: Outcome, months: pd.DataFrame) -> dict[str, Any]:
    """Make the few figures of a run.

    Parameters
    ----------
    outcome
        What `siexsim.run` gave.
    months
        The table of months as it leaves the program, so that both say the same.
    """
    scenario, weight = outcome.scenario, outcome.without.weight
    worlds = dict(iter(months.groupby("world", observed=True)))

    def counted(name: str) -> dict[str, int | None]:
        seen = {
            "start": worlds["without"][name].iloc[0],
            "end_without": worlds["without"][name].iloc[-1],
            "end_with": worlds["with"][name].iloc[-1] if "with" in worlds else np.nan,
        }
        return {key: int(one) if np.isfinite(one) else None for key, one in seen.items()}

    summary: dict[str, Any] = {
        "name": scenario.name,
        "households": len(households_of(outcome).households) * weight,
        "months": scenario.months(),
        "seed": scenario.seed,
        "futures": len(outcome.futures),
        "effects": scenario.effects,
        "sample": scenario.sample,
        "people_in_poverty": counted("poor_persons"),
        "welfare_households": counted("welfare_households"),
        "invested_eur": None,
        "returned_eur": None,
        "payback_months": None,
    }
    return summary | _money(outcome) if outcome.futures else summary


def _money(outcome: Outcome) -> dict[str, Any]:
    """Invested, returned, paid back, closed and at what risk, over all futures."""
    accounts = [future.account for future in outcome.futures]
    invested = np.array([account.invested.sum() for account in accounts])
    returned = np.array([account.returned.sum(axis=0) for account in accounts])
    late = {
        view: np.array([account.payback_months(view) or math.inf for account in accounts])
        for view in VIEWS
    }
    closing = None if outcome.account is None else grex.closing(outcome.account)
    return {
        "invested_eur": _over_futures(invested),
        "returned_eur": {p: _over_futures(returned[:, k]) for k, p in enumerate(PAYERS)},
        "payback_months": {
            view: _payback(late[view], returns.paid_back_within(accounts, view)) for view in VIEWS
        },
        "risk": _plain(asdict(grex.risk(accounts))),
        "leaks": None if outcome.account is None else _plain(returns.leaks(outcome.account)),
        "closing": None if closing is None else _plain(asdict(closing)),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON knows them; what isn't a number is null."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return _plain(value)
        if isinstance(value, (list, tuple)):
            return [one(part) for part in value]
        if isinstance(value, np.generic):
            value = value.item()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {str(key): one(value) for key, value in values.items()}
