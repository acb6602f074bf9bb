"""The fitted parameters: drawn together, by weight, and only where nothing else holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from siexsim import cli, posterior, result, run, scenario
from siexsim.compiled import rules_fingerprint
from siexsim.errors import UserError
from siexsim.evidence import Assumption
from siexsim.parameters import POPULATION, Parameters
from siexsim.plan import Plan
from siexsim.posterior import Posterior, packaged_posterior, read_posterior
from siexsim.scenario import Scenario

PACKAGED = Parameters.packaged()
FIND, LOSE, FLEX = "work.find_per_year", "work.lose_permanent_per_year", "work.lose_flex_per_year"
PEOPLE = next(
    key for key, one in PACKAGED.items()
    if one.theme == POPULATION and not one.fixed and one.low < one.high
)  # fmt: skip
NAMES = (FIND, LOSE, PEOPLE)
SHARES = np.array([0.1, 0.3, 0.5, 0.9])  # of each range, the same for all names of a draw
WEIGHTS = np.array([1.0, 1.0, 2.0, 0.0])
EXAMPLE = Path(__file__).parent.parent / "experiments" / "scenarios" / "noordoost.toml"


def at(name: str, share: float) -> float:
    one = PACKAGED[name]
    return one.low + share * (one.high - one.low)


def made(folder: Path, fingerprint: str | None = None, names: tuple[str, ...] = NAMES) -> Path:
    table = pd.DataFrame({name: [at(name, s) for s in SHARES] for name in names})
    table["weight"] = WEIGHTS
    table.to_parquet(folder / posterior.TABLE, index=False)
    said = {"rules_fingerprint": fingerprint or rules_fingerprint()}
    (folder / posterior.MADE_BY).write_text(json.dumps(said), encoding="utf-8")
    return folder


@pytest.fixture
def fitted(tmp_path: Path) -> Posterior:
    found = read_posterior(made(tmp_path))
    assert found is not None
    return found


@pytest.fixture
def packaged(fitted: Posterior, monkeypatch: pytest.MonkeyPatch) -> Iterator[Posterior]:
    """As if this posterior came with the program."""
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: fitted)
    return fitted


@pytest.fixture
def unfitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: None)


def shares(parameters: Parameters) -> dict[str, float]:
    """Where each fitted number lies in its range."""
    return {
        name: (parameters.value(name) - PACKAGED[name].low)
        / (PACKAGED[name].high - PACKAGED[name].low)
        for name in NAMES
    }


# ---- reading ----------------------------------------------------------------------------------


def test_no_file_is_no_posterior(tmp_path: Path) -> None:
    assert read_posterior(tmp_path) is None


def test_what_comes_with_the_program_can_be_read() -> None:
    found = packaged_posterior()
    assert found is None or set(found.names) <= set(PACKAGED)


def test_draws_weights_and_manifest_are_read(fitted: Posterior) -> None:
    assert fitted.names == NAMES and fitted.values.shape == (4, 3)
    assert fitted.weights.tolist() == [0.25, 0.25, 0.5, 0.0]
    assert len(fitted.digest) == 12 and not fitted.stale


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / posterior.TABLE).write_bytes(b"not a table"),
        lambda f: (f / posterior.MADE_BY).write_text("[1]"),
        lambda f: pd.DataFrame({FIND: [np.nan], "weight": [1.0]}).to_parquet(f / posterior.TABLE),
        lambda f: pd.DataFrame({FIND: [0.3], "weight": [0.0]}).to_parquet(f / posterior.TABLE),
        lambda f: pd.DataFrame({FIND: [0.3, 0.3], "weight": [2.0, -1.0]}).to_parquet(
            f / posterior.TABLE
        ),
        lambda f: pd.DataFrame({FIND: ["x"], "weight": [1.0]}).to_parquet(f / posterior.TABLE),
        lambda f: pd.DataFrame({"weight": [1.0]}).to_parquet(f / posterior.TABLE),
    ],
)
def test_a_broken_file_is_said_in_one_line(tmp_path: Path, change: object) -> None:
    made(tmp_path)
    change(tmp_path)  # type: ignore[operator]
    with pytest.raises(UserError, match="python -m calibration fit") as caught:
        read_posterior(tmp_path)
    assert "\n" not in str(caught.value)


def test_other_rules_or_ranges_or_names_make_it_stale(tmp_path: Path) -> None:
    def stale(name: str, change: object, **said: str) -> bool:
        folder = tmp_path / name
        folder.mkdir()
        made(folder, **said)
        table = change(pd.read_parquet(folder / posterior.TABLE))  # type: ignore[operator]
        table.to_parquet(folder / posterior.TABLE, index=False)
        found = read_posterior(folder)
        assert found is not None
        return found.stale

    assert not stale("same", lambda t: t)
    assert stale("rules", lambda t: t, fingerprint="0" * 12)
    assert stale("range", lambda t: t.assign(**{FIND: PACKAGED[FIND].high * 1.01}))
    assert stale("name", lambda t: t.rename(columns={FIND: "work.gone"}))


# ---- drawing ----------------------------------------------------------------------------------


def test_the_middle_is_the_draw_nearest_the_mean(fitted: Posterior) -> None:
    # the mean lies at 0.25 * 0.1 + 0.25 * 0.3 + 0.5 * 0.5 = 0.35 of every range
    assert fitted.middle == 1
    assert list(shares(fitted.parameters(PACKAGED, 1, 0)).values()) == pytest.approx([0.3] * 3)


def test_fitted_numbers_of_a_future_come_from_one_draw(fitted: Posterior) -> None:
    for future in range(1, 40):
        found = shares(fitted.parameters(PACKAGED, 1, future))
        assert found[FIND] == pytest.approx(found[LOSE])
        assert min(abs(found[FIND] - s) for s in SHARES[:3]) < 1e-9  # the last weighs nothing
        assert found[PEOPLE] == pytest.approx(0.3)  # the households are those of the middle


def test_draws_come_as_often_as_they_weigh(fitted: Posterior) -> None:
    rows = [fitted.drawn(7, future) for future in range(1, 4001)]
    assert np.bincount(rows, minlength=4) / 4000 == pytest.approx(fitted.weights, abs=0.03)
    assert rows[:50] != [fitted.drawn(8, future) for future in range(1, 51)]


def test_other_numbers_are_drawn_as_without_a_fit(fitted: Posterior) -> None:
    for future in (1, 2):
        found, without = fitted.parameters(PACKAGED, 3, future), PACKAGED.drawn(3, future)
        changed = {key for key in PACKAGED if found.value(key) != without.value(key)}
        assert changed <= set(NAMES)


def test_what_the_fit_held_stays_there(tmp_path: Path) -> None:
    made(tmp_path)
    said = {"rules_fingerprint": rules_fingerprint(), "held": [FLEX, "gone.since"]}
    (tmp_path / posterior.MADE_BY).write_text(json.dumps(said), encoding="utf-8")
    found = read_posterior(tmp_path)
    assert found is not None
    values = {found.parameters(PACKAGED, 3, future).value(FLEX) for future in range(8)}
    assert values == {PACKAGED.value(FLEX)}
    asked = found.parameters(PACKAGED, 3, 1, own=(FLEX,)).value(FLEX)
    assert asked == PACKAGED.drawn(3, 1).value(FLEX) != PACKAGED.value(FLEX)


def test_quantiles_are_weighted(tmp_path: Path) -> None:
    table = pd.DataFrame({FIND: np.linspace(0, 1, 1001), "weight": np.linspace(0, 1, 1001)})
    table.to_parquet(tmp_path / posterior.TABLE)
    found = read_posterior(tmp_path)
    assert found is not None and found.stale
    # weight rises with the value, so the share below v is v squared
    expected = np.sqrt([0.05, 0.5, 0.95])
    assert found.quantiles().loc[FIND].to_numpy() == pytest.approx(expected, abs=0.002)


# ---- scenarios --------------------------------------------------------------------------------


def test_what_the_user_holds_stays_held(packaged: Posterior) -> None:
    own = Scenario(name="own", parameters={FIND: at(FIND, 0.7)})
    for future in range(6):
        assert shares(own.future(future))[FIND] == pytest.approx(0.7)
    assert len({own.future(future).value(LOSE) for future in range(12)}) == 3


def test_an_effect_set_stays_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = "debt_relief.success_share"
    found = read_posterior(made(tmp_path, names=(FIND, held)))
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: found)
    sober = Scenario(name="sober", effects="sceptical")
    assert {sober.future(k).value(held) for k in range(8)} == {sober.central().value(held)}
    assert len({Scenario(name="x").future(k).value(held) for k in range(8)}) > 1


def test_an_own_range_is_drawn_from(packaged: Posterior) -> None:
    low, high = PACKAGED[FIND].high, PACKAGED[FIND].high * 1.5
    own = Assumption(value=low, low=low, high=high, source="expert")
    asked = Scenario(name="own", assumptions={FIND: own})
    values = [asked.future(k).value(FIND) for k in range(30)]
    assert values[0] == low and min(values) >= low and max(values) <= high
    assert len(set(values)) == 30


def test_without_a_fit_all_is_as_it_was(
    packaged: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Scenario(name="x", calibrated=False)
    for future in range(3):
        expected = PACKAGED.drawn(1, future)
        assert all(plain.future(future).value(k) == expected.value(k) for k in PACKAGED)
    name = plain.fingerprint()
    assert name != Scenario(name="x").fingerprint()
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: None)
    assert name == plain.fingerprint() == Scenario(name="x").fingerprint()


def test_the_name_of_a_run_follows_the_draws(
    tmp_path: Path, packaged: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Scenario(name="x").fingerprint()
    (tmp_path / "more").mkdir()
    other = read_posterior(made(tmp_path / "more", names=(FIND, LOSE, FLEX)))
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: other)
    assert Scenario(name="x").fingerprint() != before


def test_a_run_uses_it_and_says_so(packaged: Posterior) -> None:
    plan = Plan(
        mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
        budget_eur_per_year=2e7, start="2022-02", end="2022-12",
    )  # fmt: skip
    with_fit = Scenario(name="x", years=1, sample=200, futures=2, plan=plan)
    without = with_fit.model_copy(update={"calibrated": False})
    first, second = (run.run(one) for one in (with_fit, without))
    assert first.without.census.tobytes() != second.without.census.tobytes()
    used, _, _ = run.settled_future(with_fit, 1)
    assert used.value(FIND) == with_fit.future(1).value(FIND) != without.future(1).value(FIND)
    said = result.manifest(first, 1.0)["posterior"]
    assert said["hash"] == packaged.digest and said["stale"] is False
    assert said["parameters"] == list(NAMES)
    assert result.manifest(second, 1.0)["posterior"] is None


def test_a_stale_fit_is_said_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = read_posterior(made(tmp_path, fingerprint="0" * 12))
    monkeypatch.setattr(scenario, "packaged_posterior", lambda: old)
    monkeypatch.setattr(result, "destination", lambda *_: (_ for _ in ()).throw(UserError("end")))
    for lang, line in (("en", "Note: the fit"), ("nl", "Let op: het model")):
        assert cli.execute(["run", str(EXAMPLE), "--lang", lang]) == 2
        said = capsys.readouterr().err.splitlines()
        assert said[0].startswith(line) and "python -m calibration fit" in said[0]
        assert cli.execute(["run", str(EXAMPLE), "--uncalibrated", "--lang", lang]) == 2
        assert line not in capsys.readouterr().err
