"""The form for experts: filled in, read back and pooled; what can't be is said with its row."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from calibration.priors import read_priors
from siexsim import cli
from siexsim.elicit import (
    ASKED,
    COLUMNS,
    Range,
    form,
    outside_evidence,
    pooled,
    prior_tables,
    read_forms,
    write_form,
)
from siexsim.errors import UserError
from siexsim.own_numbers import read_assumptions, with_own
from siexsim.parameters import Parameters
from siexsim.scenario import Scenario
from siexsim.weakness import assumption_table

PACKAGED = Parameters.packaged()
FIND, LOSE = "work.find_per_year", "work.lose_permanent_per_year"
LOW, HIGH = PACKAGED[FIND].low, PACKAGED[FIND].high
ROWS = form(assumption_table(PACKAGED))
SAID = {"low": LOW, "central": (LOW + HIGH) / 2, "high": HIGH, "expert": "Dr. A", "reason": "seen"}


def filled(path: Path, answers: dict[str, dict[str, Any]], apart: str = ",") -> Path:
    """A form with the answers of one expert, by the name of the number."""
    rows = ROWS[ROWS["name"].isin(answers)].astype(dict.fromkeys(ASKED, object))
    for name, said in answers.items():
        for column, value in said.items():
            rows.loc[rows["name"] == name, column] = value
    if path.suffix == ".csv":
        rows.to_csv(path, index=False, sep=apart)
    else:
        rows.to_excel(path, index=False)
    return path


# ---- the form -----------------------------------------------------------------------------------


def test_the_form_has_what_can_differ() -> None:
    assert tuple(ROWS.columns) == COLUMNS
    assert set(ROWS["name"]) == {k for k, p in PACKAGED.items() if not p.fixed and p.low < p.high}
    assert ROWS[list(ASKED)].isna().all(axis=None)


def test_the_weakest_comes_first() -> None:
    influence = pd.DataFrame({"influence": [0.5], "visible": True, "futures": 9}, index=[LOSE])
    assert form(assumption_table(PACKAGED, influence=influence))["name"].iloc[0] == LOSE


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_a_workbook_can_be_filled_in(tmp_path: Path, lang: str) -> None:
    path = tmp_path / "form.xlsx"
    write_form(ROWS, path, lang)
    book = openpyxl.load_workbook(path)
    sheet, about = book.worksheets
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.max_row == len(ROWS) + 1 and sheet.freeze_panes == "B2"
    assert sheet["A2"].value == ROWS["name"].iloc[0]
    assert not any(str(cell.value).startswith("=") for row in sheet for cell in row)
    words = " ".join(str(cell.value) for row in about for cell in row)
    assert "fill in the yellow cells" in words and "Vul dan de gele vakken" in words
    column = COLUMNS.index("low") + 1
    place = ROWS["name"].tolist().index(FIND) + 2
    for shift, name in enumerate(ASKED):
        sheet.cell(place, column + shift, SAID[name])
    book.save(path)
    assert read_forms([path], lang) == (
        [Range(FIND, LOW, (LOW + HIGH) / 2, HIGH, "Dr. A", "seen")],
        [],
    )


def test_a_form_can_be_csv(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    write_form(ROWS, path, "en")
    assert read_forms([path]) == ([], [])
    again = pd.read_csv(path)
    assert again["name"].tolist() == ROWS["name"].tolist()


def test_a_dutch_spreadsheet_writes_semicolons_and_commas(tmp_path: Path) -> None:
    said = {**SAID, "low": f"{LOW:.4f}".replace(".", ",")}
    ranges, faults = read_forms([filled(tmp_path / "a.csv", {FIND: said}, ";")])
    assert not faults and ranges[0].low == pytest.approx(LOW, abs=1e-4)


def test_a_name_holds_for_the_rows_below(tmp_path: Path) -> None:
    other = PACKAGED[LOSE]
    more = {"low": other.low, "central": other.low, "high": other.high, "reason": "seen too"}
    names = [n for n in ROWS["name"] if n in (FIND, LOSE)]
    answers = dict(zip(names, ({}, {}), strict=True))
    answers[FIND], answers[LOSE] = dict(SAID), more
    first = answers[names[0]]
    first["expert"] = "Dr. A"
    answers[names[1]].pop("expert", None)
    ranges, faults = read_forms([filled(tmp_path / "a.csv", answers)])
    assert not faults and [one.expert for one in ranges] == ["Dr. A", "Dr. A"]


# ---- what can't be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"low": "about 1"}, "'low' is 'about 1'; a number is needed"),
        ({"low": "1,500"}, "can be read in two ways"),
        ({"high": "nan"}, "a number is needed"),
        ({"high": True}, "a number is needed"),
        ({"central": None}, "'central' is empty; low, central and high belong together"),
        ({"low": HIGH, "high": LOW}, "they must go up"),
        ({"low": LOW, "central": LOW, "high": LOW}, "low and high are the same"),
        ({"low": -3}, "it must lie between"),
        ({"expert": None}, "'expert' is empty"),
        ({"reason": "  "}, "'reason' is empty"),
        ({"name": "work.find"}, "isn't a number of the simulation; did you mean"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_each_mistake_gets_its_line_and_row(
    tmp_path: Path, change: dict[str, Any], line: str, ending: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = filled(tmp_path / f"form.{ending}", {FIND: {**SAID, **change}, LOSE: {"low": "x"}})
    out = tmp_path / "out.toml"
    place = [n for n in ROWS["name"] if n in (FIND, LOSE)].index(FIND) + 2
    for lang in ("en", "nl"):
        assert cli.execute(["elicit", str(out), "--read", str(path), "--lang", lang]) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 2 and not out.exists()
        assert all(str(path) in one and one.isprintable() for one in said)
        if lang == "en":
            assert any(f"row {place}: " in one and line in one for one in said), said


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.xlsx", b"PK\x03\x04 no workbook", "can't be read"),
        ("a.csv", b"\xff\xfe\x00x", "can't be read"),
        ("a.csv", b"", "there is no column 'name'"),
        ("a.csv", b"name,low\nx,1\n", "there is no column 'central'"),
        ("a.csv", b"name," + b"x" * 2_000_000, "too large"),
    ],
)
def test_what_is_no_form_is_refused(tmp_path: Path, name: str, content: bytes, line: str) -> None:
    (tmp_path / name).write_bytes(content)
    for lang in ("en", "nl"):
        with pytest.raises(UserError) as caught:
            read_forms([tmp_path / name], lang)
        assert str(caught.value).isprintable()
        assert lang == "nl" or line in str(caught.value)


def test_the_same_expert_twice_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.csv", {FIND: SAID})
    ranges, faults = read_forms([path, path])
    assert len(ranges) == len(faults) == 1 and "Dr. A filled it in twice" in faults[0]


def test_commands_refuse_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_form(ROWS, tmp_path / "form.csv", "en")
    for arguments, line in (
        (["elicit", tmp_path / "x.txt"], "a form is an .xlsx or a .csv"),
        (["elicit", tmp_path / "no" / "x.csv"], "can't write this file"),
        (["elicit", tmp_path / "x.csv", "--read", tmp_path / "form.csv"], "go to a .toml"),
        (["elicit", tmp_path / "x.toml", "--read", tmp_path / "form.csv"], "no row is filled in"),
        (["elicit", tmp_path / "x.toml", "--read", tmp_path / "gone.csv"], "can't be read"),
    ):
        assert cli.execute([*map(str, arguments), "--lang", "en"]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and line in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["form.csv"]


# ---- together -----------------------------------------------------------------------------------


def one(low: float, central: float, high: float, expert: str = "A") -> Range:
    return Range(FIND, low, central, high, expert, "seen")


def test_one_expert_keeps_their_triangle() -> None:
    (alone,) = pooled([one(1.0, 1.5, 3.0)])
    assert (alone.low, alone.value, alone.high) == pytest.approx((1.0, 1.5, 3.0))


def test_two_experts_keep_the_widest_range_and_their_mean() -> None:
    (both,) = pooled([one(1.0, 2.0, 3.0), one(1.5, 3.0, 4.5, "B")])
    assert (both.low, both.value, both.high) == pytest.approx((1.0, 2.5, 4.5))


def test_no_expert_is_made_surer() -> None:
    """A pooled triangle spreads at least as wide as the linear pool of the experts' own."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        own = [one(*np.sort(rng.random(3)), expert=str(k)) for k in range(3)]
        (together,) = pooled(own)
        assert together.low <= together.value <= together.high
        pool = np.concatenate([rng.triangular(o.low, o.central, o.high, 4000) for o in own])
        assert together.low <= pool.min() and pool.max() <= together.high


def test_pooled_ranges_are_read_by_assume_and_by_the_fit(tmp_path: Path) -> None:
    hostile = 'Dr. "B"\\ # [x]'
    middle = (LOW + HIGH) / 2
    pool = pooled([one(LOW, middle, HIGH), one(LOW, LOW, middle, hostile)])
    for lang in ("en", "nl"):
        path = tmp_path / "together.toml"
        path.write_text(prior_tables(pool, lang), encoding="utf-8")
        table = tomllib.loads(path.read_text(encoding="utf-8"))[FIND]
        assert table["low"] == pytest.approx(LOW) and hostile in table["source"]
        scenario = with_own(Scenario(name="x"), {}, [read_assumptions(path)])
        assert scenario.central()[FIND].value == pytest.approx(pool[0].value)
        space, _ = read_priors(path)
        assert space.priors[0].mode == pytest.approx(pool[0].value)
    assert outside_evidence(pool) == []
    assert outside_evidence(pooled([one(LOW, HIGH, HIGH * 2)])) == [FIND]


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_forms_become_a_file_of_assumptions(
    tmp_path: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = filled(tmp_path / "a.xlsx", {FIND: SAID})
    second = filled(tmp_path / "b.csv", {FIND: {**SAID, "expert": "B", "high": HIGH * 2}})
    out = tmp_path / "together.toml"
    asked = ["elicit", str(out), "--read", str(first), "--read", str(second), "--lang", lang]
    assert cli.execute(asked) == 0
    said = capsys.readouterr().out
    assert FIND in said and "Dr. A: " in said and str(out) in said
    assert {"en": "together: ", "nl": "samen: "}[lang] in said
    assert {"en": "Outside the range", "nl": "Buiten de marge"}[lang] in said
    assert read_assumptions(out).numbers[FIND].high == HIGH * 2
