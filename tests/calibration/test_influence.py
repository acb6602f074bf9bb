"""Influence on payback: found where it is, and not where it isn't."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import influence as measured
from calibration.influence import (
    DUMMIES,
    FUTURE,
    dummies,
    importance,
    influence,
    parameters_of,
    scenario_of,
)
from calibration.store import Store
from siexsim.weakness import DUMMY

STRONG, WEAK = "prices.eviction_eur", "work.find_per_year"
RNG = np.random.default_rng(2)


def test_a_number_that_decides_explains_all() -> None:
    x = pd.DataFrame({"all": np.arange(50.0), "none": RNG.random(50)})
    y = pd.DataFrame({"up": np.exp(np.arange(50.0)), "down": -np.arange(50.0), "flat": np.ones(50)})
    table = importance(x, y, pd.DataFrame(RNG.random((50, 40))))
    assert table.loc["all", ["up", "down"]].tolist() == pytest.approx([1.0, 1.0])
    assert table["flat"].eq(0).all()
    assert table.index[0] == "all" and table.loc["all", "influence"] == pytest.approx(1.0)


def test_squared_rank_correlation_by_hand() -> None:
    x = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    y = pd.DataFrame({"y": [10.0, 30.0, 20.0, 40.0]})
    # 1 - 6 * (0 + 1 + 1 + 0) / (4 * 15) = 0.8
    table = importance(x, y, pd.DataFrame({0: [4.0, 1.0, 2.0, 3.0]}))
    assert table.loc["a", "y"] == pytest.approx(0.64)
    assert table.loc[DUMMY, "y"] == pytest.approx(0.16)  # 1 - 6 * (9 + 4 + 0 + 1) / 60 = -0.4
    assert table.loc["a", "visible"] and not table.loc[DUMMY, "visible"]


def test_what_does_no_more_than_a_dummy_is_invisible() -> None:
    x = pd.DataFrame(RNG.random((200, 100)))
    y = pd.DataFrame({"y": RNG.random(200)})
    table = importance(x, y, pd.DataFrame(RNG.random((200, 100))))
    # the largest of 100 and the largest of 100 others: a few at most
    assert table["visible"].sum() <= 5
    hidden = table[~table["visible"].astype(bool)]
    assert hidden["influence"].eq(0).all() and (hidden["y"] <= table.loc[DUMMY, "y"]).all()


def made_up(values: Mapping[str, float], seed: int, sample: int) -> dict[str, float]:
    """A model of two numbers that matter, one much more than the other."""
    number = round(values[FUTURE])
    drawn = parameters_of(scenario_of(seed, sample), range(number, number + 2)).loc[number]
    end = drawn[STRONG] / 1e5 + 0.2 * drawn[WEAK]
    return {"end_public_eur": end, "paid_back_10_years": float(end > 0.6)}


def test_a_made_up_model_is_seen_through(tmp_path: Path) -> None:
    scenario = scenario_of(1, 200).model_copy(update={"calibrated": False})
    with ThreadPoolExecutor(1) as pool:
        table = influence(made_up, Store(tmp_path, "x"), scenario, 120, pool)
    assert table.index[0] == STRONG
    assert table.loc[STRONG, "visible"] and table.loc[STRONG, "influence"] > 0.8
    assert table["visible"].sum() <= 3 and set(table["futures"]) == {120}


def test_dummies_are_ten_for_each_number_and_the_same_again() -> None:
    scenario = scenario_of(1, 200)
    first, again = (dummies(scenario, range(1, 4)) for _ in range(2))
    assert first.equals(again)
    assert first.shape[1] == DUMMIES * len(scenario.central())
    assert first.to_numpy().min() > 0 and first.to_numpy().max() < 1


def test_the_file_says_what_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pd.DataFrame({"influence": [0.5]}, index=pd.Index([STRONG], name="parameter"))
    monkeypatch.setattr(measured, "influence", lambda *_: made)
    path = tmp_path / "influence.csv"
    measured.write_influence(7, 1, 50, 1, tmp_path / "store", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("python -m calibration influence --futures 7 --seed 1 --sample 50")
    assert lines[1:] == ["parameter,influence", f"{STRONG},0.50000"]
