"""What another assumption changes: the same seeds and futures before and after."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibration import check, validation, whatif
from calibration.check import Row, rows_of
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets
from calibration.whatif import Difference, compare, compare_fit, end_table, payback_table
from siexsim import cli
from siexsim.compiled import rules_fingerprint
from siexsim.errors import UserError
from siexsim.parameters import Parameters
from siexsim.plan import Plan
from siexsim.run import run_futures
from siexsim.say import console
from siexsim.say_checks import print_difference
from siexsim.scenario import Scenario

FIND = "work.find_per_year"
CARRIED = {n: t for n, t in read_targets(TARGETS_FILE).items() if t.quantity}
HELD_OUT = {n: t for n, t in read_targets(HOLDOUTS_FILE).items() if t.quantity}
FIRST = next(iter(CARRIED))
PLAN = Plan(
    mix={"debt_relief": 1.0}, budget_eur_per_year=2e6, start="2022-02", end="2022-12",
    wijken=("Noordoost",),
)  # fmt: skip
BEFORE = Scenario(name="x", years=2, sample=100, plan=PLAN, calibrated=False)
LOW = Parameters.packaged()[FIND].low
AFTER = BEFORE.model_copy(update={"parameters": {FIND: LOW}})


def lived(parameters: Parameters, seed: int, sample: int) -> dict[str, float]:
    """Every target is met; the first one is missed where work is hard to find."""
    found = {name: target.value for name, target in (CARRIED | HELD_OUT).items()}
    missed = 1e6 if parameters.value(FIND) == LOW else 0.0
    return found | {FIRST: found[FIRST] + missed + seed}


@pytest.fixture(scope="module")
def fit() -> pd.DataFrame:
    with ThreadPoolExecutor(1) as pool:
        return compare_fit(BEFORE, AFTER, 3, pool, lambda *_: None, lived)


def test_every_target_and_holdout_is_there_before_and_after(fit: pd.DataFrame) -> None:
    assert fit["name"].tolist() == [*CARRIED, *HELD_OUT]
    assert fit["holdout"].sum() == len(HELD_OUT)
    row = fit.set_index("name").loc[FIRST]
    assert row["before"] == pytest.approx(CARRIED[FIRST].value + 2)  # mean of seeds 1, 2 and 3
    assert row["after"] - row["before"] == pytest.approx(1e6)
    assert row["noise"] == pytest.approx(0.0)  # seeds differ, the difference doesn't
    assert not row["inside_after"]
    others = fit[fit["name"] != FIRST]
    assert (others["before"] == others["after"]).all() and others["inside_after"].all()


def test_payback_and_end_over_the_same_futures() -> None:
    accounts = [one.account for one in run_futures(BEFORE, range(2), None, lambda *_: None)]
    same = payback_table(accounts, accounts)
    # two years: shorter than most horizons, so not known
    assert same["after"].isna().tolist() == same["before"].isna().tolist()
    assert same["horizon_months"].tolist() == [24, 36, 60, 120] * 3
    assert same["before"].isna().all()
    end = end_table(accounts, accounts).set_index("view")
    assert (end[["difference_eur", "difference_low_eur", "difference_high_eur"]] == 0).all(
        axis=None
    )
    middle = np.median([one.end_eur("public") for one in accounts])
    assert end.loc["public", "before_eur"] == pytest.approx(middle)


def test_a_scenario_without_a_plan_has_only_a_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatif, "compare_fit", lambda *_: pd.DataFrame({"name": ["C1"]}))
    monkeypatch.setattr(whatif, "worker_pool", ThreadPoolExecutor)
    alone = BEFORE.model_copy(update={"plan": None})
    found = compare(alone, alone, 1, 1, 1, lambda *_: None)
    assert found.payback.empty and found.end.empty


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_what_is_printed(fit: pd.DataFrame, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    accounts = [one.account for one in run_futures(BEFORE, range(1), None, lambda *_: None)]
    found = Difference(fit, payback_table(accounts, accounts), end_table(accounts, accounts))
    print_difference(console(), found, {FIND: "0.1"}, lang)
    out = capsys.readouterr().out
    assert "nan" not in out and all(len(line) <= 100 for line in out.splitlines())
    assert FIRST in out and f"{FIND}: 0.1" in out
    total, held = len(CARRIED), len(HELD_OUT)
    for words in {
        "en": (f"of {total} now, {total - 1} with", f"of {held} now, {held} with", "Society"),
        "nl": (f"van de {total}, met uw getallen {total - 1}", "De samenleving"),
    }[lang]:
        assert words in out


def test_nothing_to_change_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.execute(["whatif", "--lang", "nl"]) == 2
    assert "er verandert niets" in capsys.readouterr().err


# ---- the kept table -----------------------------------------------------------------------------


def kept(folder: Path, rows: list[Row], fingerprint: str) -> None:
    check.validation(rows).to_csv(folder / validation.TABLE, index=False)
    said = f'{{"rules_fingerprint": "{fingerprint}", "draws": 20}}'
    (folder / validation.MADE_BY).write_text(said, encoding="utf-8")


@pytest.fixture
def rows() -> list[Row]:
    runs = pd.DataFrame([lived(Parameters.packaged(), seed, 10) for seed in (1, 2)])
    return rows_of(runs.assign(set=0, seed=[1, 2]))


def test_the_table_comes_back_as_it_was_kept(tmp_path: Path, rows: list[Row]) -> None:
    assert validation.read_validation(tmp_path) is None
    kept(tmp_path, rows, rules_fingerprint())
    found = validation.read_validation(tmp_path)
    assert found is not None
    again, made_by = found
    assert not validation.is_stale(made_by)
    assert check.validation(again).equals(check.validation(rows))
    table = pd.read_csv(tmp_path / validation.TABLE)
    assert table.columns.tolist() == [
        "name", "row", "holdout", "words", "woorden", "unit", "published", "low", "high", "mean",
        "p05", "p95", "noise_sd", "seeds", "inside", "sample_shows_faults", "note", "toelichting",
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["", "name,mean\nC1,2\n", "\x00\x01", 'name,mean\n"C1'])
def test_a_broken_table_is_said_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / validation.TABLE).write_text(content)
    with pytest.raises(UserError, match="python -m calibration check --write") as caught:
        validation.read_validation(tmp_path)
    assert "\n" not in str(caught.value)


def test_validate_shows_it_and_says_when_it_is_stale(
    tmp_path: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(validation, "files", lambda _: tmp_path)
    assert cli.execute(["validate", "--lang", "en"]) == 2
    assert "siexsim validate --again" in capsys.readouterr().err
    kept(tmp_path, rows, rules_fingerprint())
    assert cli.execute(["validate", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert said.err == "" and "nan" not in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())
    words = " ".join(said.out.split())
    fitted = sum(row.target.use == "fitted" for row in rows)
    assert f"{fitted} of {fitted} fitted targets inside" in words and "20 draws" in words
    kept(tmp_path, rows, "0" * 12)
    assert cli.execute(["validate", "--lang", "nl"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("Let op: deze tabel") and "binnen hun marge" in said.out


def test_validate_can_run_the_model_anew(
    rows: list[Row], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def run_many(sets: list[object], seeds: range, sample: int, workers: int) -> pd.DataFrame:
        asked.append((list(seeds), sample))
        runs = pd.DataFrame([lived(Parameters.packaged(), seed, sample) for seed in seeds])
        return runs.assign(set=0, seed=list(seeds))

    monkeypatch.setattr(check, "run_many", run_many)
    assert (
        cli.execute(["validate", "--again", "--seeds", "2", "--sample", "40", "--lang", "en"]) == 0
    )
    out = capsys.readouterr().out
    assert asked == [([1, 2], 40)] and all(row.target.row in out for row in rows)
