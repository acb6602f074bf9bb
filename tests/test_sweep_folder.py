"""A sweep in its folder: begun, gone on with, expanded, and what may be wrong with it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from siexsim import cli
from siexsim.errors import UserError
from siexsim.sweep.executors import worker_pool
from siexsim.sweep.folder import STUDY, Sweep
from siexsim.sweep.levers import Choice
from siexsim.sweep.study import Study, read_study
from tests.test_sweep_study import written


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return read_study(written(tmp_path_factory.mktemp("study")))


def ends(task):
    return {"end_eur_public": float(task["future"])}


def test_an_expanded_sweep_keeps_its_futures_when_its_file_is_run_again(tmp_path, study):
    sweep = Sweep.begin(study, tmp_path).expanded(5)
    assert sweep.is_of(study) and sweep.study != study
    again = Sweep.begin(study, tmp_path)
    assert again.study == sweep.study
    fewer = study.model_copy(update={"levers": dict(list(study.levers.items())[:2])})
    assert not sweep.is_of(fewer) and not sweep.is_of(study.with_futures(6))
    assert Sweep.begin(fewer, tmp_path).study == fewer


def test_what_cannot_be_expanded_is_said(tmp_path, study):
    with pytest.raises(UserError, match="less than or equal to 10000"):
        Sweep.begin(study, tmp_path).expanded(20_000)
    unsure = study.uncertainties.model_copy(update={"futures": 1, "drawn_from": 9})
    drawn = study.model_copy(update={"uncertainties": unsure})
    with pytest.raises(UserError, match="drawn_from has one future a point"):
        Sweep.begin(drawn, tmp_path).expanded(5)


def test_a_lever_that_has_become_another_leaves_nothing_in_the_table(tmp_path, study):
    def inputs(changed: Study) -> set[str]:
        sweep = Sweep.begin(changed, tmp_path)
        sweep.finish(lambda: ThreadPoolExecutor(1), 4, simulate=ends)
        return set(sweep.table())

    budget, base = "plan.budget_eur_per_year", inputs(study)
    choice = Choice.model_validate({"of": [1_000_000, 2_000_000]})
    assert inputs(study.model_copy(update={"levers": {**study.levers, budget: choice}})) == base
    less = {name: one for name, one in study.levers.items() if name != budget}
    assert inputs(study.model_copy(update={"levers": less})) == base - {budget}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:40], "broken or of another version"),
        (lambda text: "[]", "broken or of another version"),
        (lambda text: text.replace('"levers"', '"lovers"'), "study.lovers"),
        (lambda text: text.replace('"program"', '"programme"'), "program: Field required"),
        (lambda text: text.replace('"plan": {', '"plan": null, "plann": {'), "plann"),
    ],
)
def test_a_study_of_another_version_is_said_and_made_anew(tmp_path, study, change, said):
    sweep = Sweep.begin(study, tmp_path)
    path = sweep.folder / STUDY
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(UserError, match="anew") as error:
        Sweep.open(sweep.folder)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert Sweep.begin(study, tmp_path).study == study


def test_a_kept_study_without_a_plan_is_refused(tmp_path, study):
    sweep = Sweep.begin(study, tmp_path)
    said = json.loads((sweep.folder / STUDY).read_text(encoding="utf-8"))
    said["study"]["scenarios"]["noordoost"]["plan"] = None
    (sweep.folder / STUDY).write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(UserError, match="a study needs a scenario with a plan"):
        Sweep.open(sweep.folder)


def test_a_place_for_results_that_is_a_file_is_said(tmp_path, study):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="can't be written"):
        Sweep.begin(study, tmp_path / "file")


@pytest.mark.slow
def test_a_sweep_from_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SIEXSIM_LANG", "en")
    path, out = written(tmp_path), tmp_path / "out"

    def tried(*words: str) -> str:
        code = cli.execute(["sweep", *words, "--out", str(out), "--workers", "1"])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    assert "12 runs done" in tried(str(path)).replace("\n", " ")
    table = out / "klein" / "runs.parquet"
    whole = pd.read_parquet(table)
    assert len(whole) == 12 and whole["error"].isna().all()
    assert {"effects", "point", "future", "mix.debt_relief", "end_eur_public"} <= set(whole)
    assert "were there already" in tried("resume", str(path))
    assert "12 of 12 runs are there" in tried("status", str(path))
    tried("expand", str(out / "klein"), "--futures", "3")
    more = pd.read_parquet(table)
    assert len(more) == 18
    pd.testing.assert_frame_equal(
        more[more["future"] <= 2].reset_index(drop=True), whole, check_like=False
    )
    assert "18 of 18 runs are there; 0 of them failed" in tried("status", str(path))


def test_the_table_is_the_same_in_this_process_and_in_others(tmp_path, study):
    small = study.model_copy(
        update={"uncertainties": study.uncertainties.model_copy(update={"futures": 1})}
    )
    one = Sweep.begin(small, tmp_path / "one")
    one.finish(lambda: worker_pool(1), 4)
    other = Sweep.begin(small, tmp_path / "other")
    other.finish(lambda: ThreadPoolExecutor(1), 1)
    assert (one.folder / "runs.parquet").read_bytes() == (
        other.folder / "runs.parquet"
    ).read_bytes()


def test_a_run_that_cannot_be_is_a_row_with_its_error(tmp_path, study):
    sweep = Sweep.begin(study, tmp_path)

    def halves(task):
        if task["future"] == 2:
            raise UserError("no such thing")
        return {"end_eur_public": 1.0}

    progress = sweep.finish(lambda: ThreadPoolExecutor(1), 2, simulate=halves)
    assert (progress.done, progress.failed) == (12, 6)
    assert sweep.status().errors == {"no such thing": 6}
    assert sweep.table()["end_eur_public"].tolist() == pytest.approx([1, np.nan] * 6, nan_ok=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resume"], "after sweep comes a study"),
        (["resum", "x"], "doesn't know 'resum'; did you mean 'resume'?"),
        (["status", "nowhere"], "there is no sweep here"),
        (["nowhere.toml"], "nowhere.toml"),
        (["expand", "x"], "--futures goes with expand"),
        (["resume", "x", "--futures", "3"], "--futures goes with expand"),
    ],
)
def test_mistakes_on_the_command_line(capsys, monkeypatch, words, said):
    monkeypatch.setenv("SIEXSIM_LANG", "en")
    assert cli.execute(["sweep", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
