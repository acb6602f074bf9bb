"""The check: what is inside, what is passed, and whether the sample can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import say
from calibration.__main__ import main, parser
from calibration.check import Row, passed, posterior_sets, rows_of
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets

TARGETS = read_targets(TARGETS_FILE)
HOLDOUTS = read_targets(HOLDOUTS_FILE)


def runs(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"set": [0, 0, 1, 1], "seed": [1, 2, 1, 2], **columns})


def test_noise_is_between_seeds_and_not_between_sets() -> None:
    rows = {r.target.name: r for r in rows_of(runs(C8=[9600.0, 9602.0, 9800.0, 9802.0]))}
    assert rows["C8"].mean == 9701.0
    assert rows["C8"].noise == pytest.approx(np.sqrt(2.0))
    assert rows["C8"].inside
    assert rows["C8"].shows_faults
    assert not rows["C4"].inside  # nothing is known of it


def test_a_small_sample_shows_no_fault() -> None:
    assert not Row(TARGETS["C8"], False, 9600, noise=500, seeds=3).shows_faults
    assert Row(TARGETS["C8"], False, 9600, noise=500, seeds=13).shows_faults
    assert not Row(TARGETS["C8"], False, 9600).shows_faults  # one seed tells no noise


def test_a_holdout_is_passed_when_all_its_rows_are() -> None:
    good = [Row(target, True, target.value) for target in HOLDOUTS.values()]
    met = passed(good)
    assert list(met) == [*(f"V{k}" for k in range(1, 9)), "V12", "Placebo"]
    assert [name for name, ok in met.items() if not ok] == ["V12"]  # isn't carried, isn't passed
    bad = [Row(r.target, True, 99.0) if r.target.name == "V5_all" else r for r in good]
    assert not passed(bad)["V5"]
    level = [Row(r.target, True, 99.0) if r.target.name == "V1_level" else r for r in good]
    assert passed(level)["V1"]


def test_the_posterior_is_drawn_by_weight(tmp_path: Path) -> None:
    path = tmp_path / "posterior.parquet"
    assert posterior_sets(5, path) == [{}]
    table = pd.DataFrame({"work.x": [1.0, 2.0], "weight": [1.0, 3.0], "log_density": [0.0, 0.0]})
    table.to_parquet(path)
    assert [one["work.x"] for one in posterior_sets(4, path)] == [1.0, 2.0, 2.0, 2.0]
    assert list(posterior_sets(1, path)[0]) == ["work.x"]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_table_says_everything_in_both_languages(lang: str) -> None:
    rows = rows_of(runs(C8=[9600.0] * 4))
    tables = say.tables(rows, lang)
    assert [len(t.rows) for t in tables] == [len(TARGETS), len(HOLDOUTS)]
    words = say.verdict(rows, 0, lang)
    assert words[1].startswith(f"1 {'van' if lang == 'nl' else 'of'} ")
    assert say.figure(1234.5, "nl") == "1.234" and say.figure(0.5, "nl") == "0,500"
    assert set(say.WORDS["nl"]) == set(say.WORDS["en"])


@pytest.mark.parametrize("bad", [["check", "--seeds", "0"], ["check", "--sample", "x"], []])
def test_a_mistake_on_the_command_line_ends_it(bad: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(bad)
    assert parser().parse_args(["check"]).sample == 10
