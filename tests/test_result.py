"""A result on disk: complete or not there, and its tables agree with each other."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import siexsim
from siexsim import plots, result, summary
from siexsim.account import HORIZONS_MONTHS
from siexsim.errors import UserError
from siexsim.items import PAYERS
from siexsim.plan import Plan
from siexsim.run import run
from siexsim.scenario import Scenario

VIEWS = ("municipality", "public", "society")
PLAN = Plan(
    mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
    budget_eur_per_year=2e7, start="2022-02", end="2023-06",
)  # fmt: skip


@pytest.fixture(scope="module")
def outcome():
    return run(Scenario(name="Tést / één", years=2, sample=200, futures=3, plan=PLAN))


@pytest.fixture(scope="module")
def alone():
    return run(Scenario(name="alone", years=1, sample=200, futures=3))


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out: they take long and have their own tests."""
    monkeypatch.setattr(plots, "draw_all", lambda *_: [])


def written(outcome, folder, raw):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw_all", lambda *_: [])
        return siexsim.load(result.write(outcome, folder, 1.5, raw=raw))


@pytest.fixture(scope="module")
def loaded(outcome, tmp_path_factory):
    """The result as it was computed: nothing rounded or hidden."""
    return written(outcome, tmp_path_factory.mktemp("raw"), raw=True)


@pytest.fixture(scope="module")
def released(outcome, tmp_path_factory):
    """The result as it is written if nobody asks for more."""
    return written(outcome, tmp_path_factory.mktemp("out"), raw=False)


def left_in(folder):
    """What lies in a folder, hidden things too."""
    return sorted(p.name for p in folder.iterdir())


def test_the_folder_is_named_by_name_and_fingerprint(loaded, outcome):
    assert loaded.folder.name == f"test-een-{outcome.scenario.fingerprint()}"
    files = {f"{name}.parquet" for name in result.TABLES} | {"manifest.json", "summary.json"}
    assert set(left_in(loaded.folder)) == files
    assert left_in(loaded.folder.parent) == [loaded.folder.name]


def test_the_summary_keeps_its_contract(loaded):
    said = json.loads((loaded.folder / "summary.json").read_text(encoding="utf-8"))
    assert (said["months"], said["seed"], said["futures"]) == (24, 1, 3)
    assert said["households"] == pytest.approx(138_499, abs=200)
    for name in ("people_in_poverty", "welfare_households"):
        assert set(said[name]) == {"start", "end_without", "end_with"}
    assert set(said["invested_eur"]) == {"p10", "p50", "p90"}
    assert set(said["returned_eur"]) == set(PAYERS)
    for view in VIEWS:
        back = said["payback_months"][view]
        assert {"p10", "p50", "p90", "share_within"} <= set(back)
        assert set(back["share_within"]) == {str(months) for months in HORIZONS_MONTHS}
        assert back["share_within"]["60"] is None  # longer than the run
    assert {"name", "effects", "sample"} <= set(said)


def test_never_is_later_than_anything():
    months = np.array([12.0, 30.0, np.inf, np.inf])
    back = summary._payback(months, {24: 0.25, 60: None})
    assert (back["p10"], back["p50"], back["p90"]) == (30, None, None)
    assert back["share_within"] == {"24": 0.25, "60": None}
    assert back["share_in_run"] == 0.5


def test_the_manifest_says_what_was_run(loaded, outcome):
    manifest = loaded.manifest
    assert Scenario(**manifest["scenario"]) == outcome.scenario
    assert set(manifest["versions"]) == {"siexsim", "python", "numpy", "numba", "mesa"}
    for key in ("fingerprint", "code_fingerprint", "data_fingerprint"):
        assert len(manifest[key]) == 12
    assert manifest["seconds"] == 1.5
    assert pd.Timestamp(manifest["started"]).tz is not None


def test_the_photo_adds_up_to_the_municipality(loaded):
    photo = loaded.photo
    assert set(photo["year"]) == {2022, 2023, 2024}
    total = photo[photo["wijk"] == "Groningen"].set_index(["year", "world"])
    parts = photo[photo["wijk"] != "Groningen"]
    for count in ("households", "poor_persons", "welfare_households"):
        summed = parts.groupby(["year", "world"], observed=True)[count].sum()
        assert (summed == total[count].reindex(summed.index)).all()
    stress = photo["stress_money"].dropna()
    assert stress.between(0, 1).all() and len(stress) > 0
    weighted = (parts["stress_money"].fillna(0) * parts["base_households"])[
        (parts["year"] == 2022) & (parts["world"] == "without")
    ].sum()
    whole = total.loc[(2022, "without")]
    assert weighted / whole["base_households"] == pytest.approx(whole["stress_money"])


def test_photo_months_and_summary_agree(loaded):
    months = loaded.months.set_index(["world", "month"])
    photo = loaded.photo[loaded.photo["wijk"] == "Groningen"].set_index(["world", "month"])
    poverty = loaded.summary["people_in_poverty"]
    for world, month, said in (
        ("without", "2022-01", poverty["start"]),
        ("without", "2023-12", poverty["end_without"]),
        ("with", "2023-12", poverty["end_with"]),
    ):
        assert months.loc[(world, month), "poor_persons"] == said
        assert photo.loc[(world, month), "poor_persons"] == said


def test_the_ledger_tells_both_worlds(loaded, outcome):
    ledger = loaded.ledger
    sums = ledger.groupby(["world", "payer"], observed=True)["eur"].sum()
    gains = outcome.with_plan.ledger.by_payer().sum(axis=(0, 1, 2)) / 100
    for payer, gain in zip(PAYERS, gains, strict=True):
        assert sums.get(("with", payer), 0.0) == pytest.approx(gain, abs=0.01)
    transfers = ledger[ledger["kind"] == "transfer"]
    assert transfers["eur"].sum() == pytest.approx(0, abs=1)


def test_futures_bands_and_account_agree(loaded):
    assert len(loaded.futures) == 3
    central = loaded.futures.iloc[0]
    assert central["number"] == 0
    assert central["invested_eur"] == pytest.approx(loaded.account["invested_eur"].sum())
    assert central["invested_eur"] > 0
    for view in VIEWS:
        assert central[f"end_eur_{view}"] == pytest.approx(
            loaded.account[f"balance_{view}_eur"].iloc[-1]
        )
    assert len(loaded.bands) == 3 * 24
    assert (loaded.bands["p10"] <= loaded.bands["p90"]).all()


def test_participants_sum_to_what_the_plan_changed_for_them(loaded, outcome):
    people = loaded.participants
    assert len(people) == len(outcome.with_plan.course.starts["row"]) > 0
    assert set(people["outcome"]) <= {"running", "completed", "dropped"}
    assert (people["cost_eur"] >= 0).all()
    assert people["weight"].eq(200).all()
    rows = np.unique(outcome.with_plan.course.starts["row"])
    ids = outcome.without.households["id"]
    with_ids = outcome.with_plan.households["id"][rows]
    before = np.array([np.flatnonzero(ids == one)[0] for one in with_ids])
    change = outcome.with_plan.books["cents"][rows] - outcome.without.books["cents"][before]
    from siexsim.items import HELP_CLAIM_PAID, HELP_COST, MUNICIPALITY
    from siexsim.ledger import split

    gains = split(change) / 100
    gains[:, [HELP_COST, HELP_CLAIM_PAID], MUNICIPALITY] = 0
    for k, payer in enumerate(PAYERS):
        found = people[f"returned_{payer}_eur"].sum()
        assert found == pytest.approx(gains[:, :, k].sum(), abs=0.01 * len(people))  # cents


def test_the_fit_is_kept(loaded):
    assert {"margin", "wijk", "target", "made"} <= set(loaded.fit.columns)


def test_a_scenario_without_a_plan_has_no_money(alone, tmp_path, undrawn):
    loaded = siexsim.load(result.write(alone, tmp_path, 1.0))
    assert loaded.summary["people_in_poverty"]["end_with"] is None
    for key in ("invested_eur", "returned_eur", "payback_months"):
        assert loaded.summary[key] is None
    assert loaded.summary["futures"] == 0
    for name in ("account", "futures", "bands", "participants"):
        assert len(getattr(loaded, name)) == 0
    assert set(loaded.months["world"]) == {"without"}


def test_nothing_half_written_is_left(alone, tmp_path, monkeypatch):
    for mishap in (RuntimeError, KeyboardInterrupt, OSError):

        def fail(*_, mishap=mishap):
            raise mishap("half-way")

        monkeypatch.setattr(plots, "draw_all", fail)
        with pytest.raises((mishap, UserError)):
            result.write(alone, tmp_path, 1.0)
        assert left_in(tmp_path) == []


def test_an_old_result_stays_until_the_new_one_is_complete(alone, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "draw_all", lambda *_: [])
    there = result.write(alone, tmp_path, 1.0)

    def fail(*_):
        assert json.loads((there / "manifest.json").read_text())["seconds"] == 1.0
        raise RuntimeError("half-way")

    monkeypatch.setattr(plots, "draw_all", fail)
    with pytest.raises(RuntimeError):
        result.write(alone, tmp_path, 2.0)
    assert siexsim.load(there).manifest["seconds"] == 1.0
    monkeypatch.setattr(plots, "draw_all", lambda *_: [])
    assert result.write(alone, tmp_path, 3.0) == there
    assert siexsim.load(there).manifest["seconds"] == 3.0
    assert left_in(tmp_path) == [there.name]


def test_a_move_that_fails_brings_the_old_result_back(alone, tmp_path, monkeypatch, undrawn):
    there = result.write(alone, tmp_path, 1.0)
    rename = type(there).rename

    def fail(self, target):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(type(there), "rename", fail)
    with pytest.raises(UserError, match="No space left"):
        result.write(alone, tmp_path, 2.0)
    monkeypatch.undo()
    assert siexsim.load(there).manifest["seconds"] == 1.0
    assert left_in(tmp_path) == [there.name]


def test_something_else_in_its_place_is_not_replaced(alone, tmp_path, undrawn):
    there = result.destination(alone.scenario, tmp_path)
    there.mkdir()
    (there / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="isn't a result"):
        result.write(alone, tmp_path, 1.0)
    assert (there / "thesis.txt").read_text() == "mine"


def test_what_is_no_result_is_said(loaded, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        siexsim.load(tmp_path / "nothing")
    with pytest.raises(UserError, match="no result here"):
        siexsim.load(tmp_path)
    with pytest.raises(UserError, match=f"did you mean '.*{loaded.folder.name}'"):
        siexsim.load(loaded.folder.parent)
    with pytest.raises(UserError, match="no such folder"):
        siexsim.load("a\0b")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UserError, match=r"manifest\.json can't be read"):
        siexsim.load(tmp_path)


def test_names_make_harmless_folders():
    assert result.slug("Noordoost") == "noordoost"
    assert result.slug("../../etc/Ünïted") == "etc-united"
    assert result.slug("\n") == "scenario"
    assert len(result.slug("x" * 80)) == 40


def test_a_result_shows_its_parts(loaded):
    assert set(loaded.tables) == set(result.TABLES)
    for name in result.TABLES:
        assert getattr(loaded, name) is loaded.tables[name]
    with pytest.raises(AttributeError, match="a result has no 'letters'"):
        _ = loaded.letters


# --- As it is released ------------------------------------------------------------------------


def test_what_is_released_tells_of_no_household(released):
    assert released.manifest["raw"] is False
    for name, table in released.tables.items():
        assert not {"household", "person", "id", "row", "count"} & set(table.columns), name
    counts = released.photo[["households", "poor_households", "welfare_households"]]
    assert not ((counts < 10) | (counts % 5 != 0)).where(counts.notna(), False).to_numpy().any()
    assert counts.isna().to_numpy().any()


def test_the_released_photo_adds_up_where_all_of_it_is_shown(released):
    photo = released.photo
    total = photo[photo["wijk"] == "Groningen"].set_index(["year", "world"])["poor_persons"]
    parts = photo[photo["wijk"] != "Groningen"].groupby(["year", "world"], observed=True)
    whole = parts["poor_persons"].apply(lambda column: column.notna().all())
    summed = parts["poor_persons"].sum()
    assert (summed[whole] == total.reindex(summed.index)[whole]).all()
    assert (summed <= total.reindex(summed.index)).all()


def test_released_months_and_summary_agree(released):
    months = released.months.set_index(["world", "month"])
    poverty = released.summary["people_in_poverty"]
    assert months.loc[("with", "2023-12"), "poor_persons"] == poverty["end_with"]


def test_sums_over_few_participants_are_marked(released, outcome):
    people = len(np.unique(outcome.with_plan.course.starts["row"]))
    assert released.manifest["few_participants"] is (0 < people < 10)
