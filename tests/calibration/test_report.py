"""The report says what its tables hold: what fails, by how much, and nothing that isn't there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import report_figures
from calibration.check import made_with, rows_of, run_many, validation
from calibration.report import read_tables, write_report
from calibration.report_fit import _holm
from calibration.report_say import between, line, shown, size
from calibration.report_years import FIRST, LAST, published, year_table
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets
from siexsim.errors import UserError

KNOWN = {**read_targets(TARGETS_FILE), **read_targets(HOLDOUTS_FILE)}
NAMES = ("work.find_per_year", "stress.tight_ratio")
RNG = np.random.default_rng(2)


def runs(**changed: float) -> pd.DataFrame:
    values = {n: changed.get(n, t.value) for n, t in KNOWN.items() if t.quantity}
    years = {f"lived:minima@{y}": 0.17 for y in (2016, 2017)} | {"calm:minima@2022": 0.17}
    found = pd.DataFrame([values | years] * 4)
    return found.assign(set=[0, 0, 1, 1], seed=[1, 2, 1, 2])


def folder_of(path: Path, made: pd.DataFrame, fitted: bool = True, cover: float = 0.9) -> Path:
    """A folder with all tables, as the commands leave them."""
    posterior = path / "posterior.parquet"
    if fitted:
        draws = pd.DataFrame({name: RNG.uniform(0.5, 1.5, 50) for name in NAMES})
        draws.assign(weight=0.02).to_parquet(posterior)
        fit = {
            "command": "python -m calibration fit", "runs": 500, "chain_steps": 3000,
            "chain_lengths": 60, "draws_worth": 40,
            "settings": {"draws": 50, "sample": 10, "seeds": 6},
        }  # fmt: skip
        (path / "posterior.json").write_text(json.dumps(fit))
        _fit_tables(path, cover)
    validation(rows_of(made)).to_csv(path / "validation.csv", index=False)
    said = made_with(posterior if fitted else None) | {
        "command": "python -m calibration check --write", "draws": 2 if fitted else 0, "seeds": 2,
        "sample": 10,
    }  # fmt: skip
    (path / "validation.json").write_text(json.dumps(said))
    year_table(made).to_csv(path / "years.csv", index=False)
    return path


def _fit_tables(path: Path, cover: float) -> None:
    index = pd.Index(NAMES, name="parameter")
    pd.DataFrame(
        {"low": 0.4, "value": 1.0, "high": 2.0, "shape": "triangle", "p05": [0.5, 1.1],
         "p50": [0.9, 1.95], "p95": [1.4, 1.99], "sd_ratio": [0.4, 0.97]}, index=index,
    ).to_csv(path / "parameters.csv")  # fmt: skip
    ranks = {f"rank_{i}": 10 for i in range(10)}
    whole = {"covered_share": cover, "band_low": 0.86, "band_high": 0.94,
             "within": 0.86 <= cover <= 0.94}  # fmt: skip
    pd.DataFrame([whole | {"chance": 0.5} | ranks] * 2 + [whole | ranks],
                 index=pd.Index([*NAMES, "all"], name="parameter"),
    ).to_csv(path / "recovery.csv")  # fmt: skip
    pd.DataFrame(
        {"wave": [1, 2], "runs": 100, "implausible_share": 1.0, "cutoff": [3.0, 7.5],
         "stretch": [1.0, 1.2], "nearest": [4.0, 3.5], "worst_emulator_fit": 0.8,
         "median_emulator_fit": 0.9, "mean_side": 0.5},
    ).to_csv(path / "waves.csv", index=False)  # fmt: skip
    pd.DataFrame(
        {"target": ["C4", "C8"], "value": [0.167, 9625],
         "low": [0.157, 9336], "high": [0.177, 9914],
         "p05": [0.16, 10500], "p50": [0.167, 11000], "p95": [0.175, 11500],
         "inside": [True, False], "off": [0.0, 4.8], "moves": NAMES[0], "sds": 0.5,
         "frees": ["C8", "C4"], "freed": [0.0, 1.5], "freed_error": 0.1},
    ).to_csv(path / "left_out.csv", index=False)  # fmt: skip
    pd.DataFrame(
        {"parameter": [NAMES[0], NAMES[0], NAMES[1], NAMES[1]], "value": [0.5, 1, 0.5, 1],
         "log_density": [-3.0, 0.0, -0.1, 0.0]},
    ).to_csv(path / "profiles.csv", index=False)  # fmt: skip


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drawn" not in request.fixturenames:  # drawing takes longest
        monkeypatch.setattr(report_figures, "draw_all", lambda tables, folder: [])


def told(path: Path) -> str:
    written = write_report(path, path / "validation.csv", path / "posterior.parquet")
    return written.read_text(encoding="utf-8")


def test_what_fails_is_named_with_its_size_and_nothing_else_is(tmp_path: Path) -> None:
    text = told(folder_of(tmp_path, runs(C8=10203.0, V5_all=0.0)))
    fitted = sum(t.use == "fitted" for t in KNOWN.values())
    assert f"**{fitted - 1} of {fitted} fitted targets lie inside" in text
    assert f"Van de {fitted} doelcijfers vallen er **{fitted - 1} binnen de marge**" in text
    assert "10,203, published 9,625 (band 9,336 to 9,914): 289 above the band (2.0 half" in text
    assert "10.203, gepubliceerd 9.625 (marge 9.336 tot 9.914): 289 boven de marge (2,0" in text
    assert "**7 gehaald**" in text  # of nine: V5 fails, V12 can't be tested
    assert "3.0 points below the band" in text
    assert "(C4)" not in text  # such is a line of a list of what fails


def test_all_inside_says_so(tmp_path: Path) -> None:
    text = told(folder_of(tmp_path, runs()))
    assert "Fitted targets that fail" not in text
    assert "Het model volgt Groningen binnen de marges" in text
    assert "ontstaat bij gelijke mensen geen trend" in text


def test_what_the_fit_could_not_do_is_said(tmp_path: Path) -> None:
    text = told(folder_of(tmp_path, runs(), cover=0.7))
    assert "**The cut-off was raised** in 1 of 2 waves (to at most 7.5" in text
    assert "OUTSIDE 0.860 to 0.940" in text and "OUTSIDE the goal" in text
    assert "De marges zijn te smal" in text
    assert f"say nothing (posterior sd over prior sd at least 0.9): `{NAMES[1]}`" in text
    assert f"edge of its evidence range: `{NAMES[1]}`" in text
    assert "C8 against C4: without C8 the fit comes 1.50 half widths nearer" in text


def test_without_a_fit_nothing_is_claimed(tmp_path: Path) -> None:
    text = told(folder_of(tmp_path, runs(), fitted=False))
    assert "Nothing is fitted yet" in text and "nog niet afgesteld" in text
    assert text.count("Not made yet: `python -m calibration fit`") == 4


def test_a_report_of_other_data_says_so(tmp_path: Path) -> None:
    path = folder_of(tmp_path, runs())
    said = json.loads((path / "validation.json").read_text())
    (path / "validation.json").write_text(json.dumps(said | {"targets": "0" * 12}))
    text = told(path)
    assert "**Out of date**: since then, targets changed" in text
    assert "dit verslag loopt achter" in text


def test_without_a_table_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="check --write"):
        read_tables(tmp_path, tmp_path / "validation.csv", tmp_path / "posterior.parquet")


@pytest.mark.slow
@pytest.mark.parametrize("drawn", [True])
def test_the_same_tables_give_the_same_files_and_small_ones(tmp_path: Path, drawn: bool) -> None:
    path = folder_of(tmp_path, runs())
    told(path)
    kinds = (".md", ".png", ".svg")
    first = {p.name: p.read_bytes() for p in path.iterdir() if p.suffix in kinds}
    told(path)
    assert {name: (path / name).read_bytes() for name in first} == first
    assert len([name for name in first if name.endswith(".png")]) == 11
    assert max(map(len, first.values())) < 200_000


# ---- small pieces, by hand ----------------------------------------------------------------------


def test_figures_are_said_in_their_unit() -> None:
    assert shown(0.167, "share of households", "en") == "16.7%"
    assert shown(0.05, "rise of the share", "nl") == "5,0 procentpunt"
    assert shown(9625, "households", "nl") == "9.625"
    assert between(0.02, 0.08, "rise of the share", "en") == "2.0 to 8.0 points"
    row = pd.Series({"mean": 0.2, "low": 0.1, "high": 0.15, "unit": "share of minima", "off": 3.0})
    assert size(row, "en") == "5.0 points above the band (3.0 half widths from its middle)"


def test_a_fault_that_may_be_chance_is_said_to_be_so(tmp_path: Path) -> None:
    path = folder_of(tmp_path, runs(C8=10203.0))
    tables = read_tables(path, path / "validation.csv", path / "posterior.parquet")
    row = tables.shown().T["C8"].to_dict()
    assert "too small" not in line("C8", row, "en")
    assert "too small" in line("C8", row | {"noise_sd": 300.0}, "en")


def test_only_ranks_uneven_beyond_the_number_of_tests_are_named() -> None:
    assert _holm(pd.Series({"a": 0.02, "b": 0.001, "c": 0.9})) == ["b", "a"]
    assert _holm(pd.Series({"a": 0.03, "b": 0.2, "c": 0.9})) == []


def test_the_placebo_is_the_trend_of_each_run_and_not_its_level() -> None:
    made = pd.DataFrame(
        {"calm:debts@2022": [0.05, 0.10], "calm:debts@2023": [0.06, 0.12], "set": 0, "seed": 1}
    )
    table = year_table(made).set_index("year")
    assert table.loc[2022, "p95"] == pytest.approx(1)
    assert table.loc[2023, ["mean", "p05", "p95"]].tolist() == pytest.approx([1.2] * 3)


def test_a_published_change_is_drawn_from_the_level_it_starts_from() -> None:
    points = published(KNOWN).set_index("name")
    start, rise = KNOWN["C15_minima"], KNOWN["V5_minima"]
    assert points.loc["V5_minima", "value"] == pytest.approx(start.value + rise.value)
    assert points.loc["V5_minima", "high"] == pytest.approx(start.value + rise.high)
    assert not points.loc["V5_minima", "fitted"]
    assert points.loc["C15_minima", "fitted"]


@pytest.mark.slow
def test_the_runs_of_the_check_hold_the_years() -> None:
    table = year_table(run_many([{}], [1], 400))
    lived = table[(table["world"] == "lived") & (table["series"] == "minima")]
    assert lived["year"].tolist() == list(range(FIRST, LAST + 1))
    calm = table[(table["world"] == "calm") & (table["series"] == "welfare")]
    assert calm["year"].tolist() == list(range(2022, 2027))
    assert calm["mean"].iloc[0] == 1
