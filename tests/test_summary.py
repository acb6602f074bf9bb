"""The summary for an alderman: from made-up tables, and from a folder in which most is missing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from experiments import summary, summary_causes, summary_money
from experiments.tables import SETS, Findings, read_json, write_origin
from siexsim.account import VIEWS
from siexsim.sweep.folder import Sweep
from siexsim.sweep.stamp import stamp
from siexsim.sweep.study import read_study
from siexsim.texts import LANGUAGES

KINDS = ("debt_relief", "job_guidance", "energy_help")
BACK = {"sceptical": 0, "evidence": 3, "ipw": 11}
ALONE = {"debt_relief": -0.4, "job_guidance": 0.5, "energy_help": 2.31}
TIMES = {"calm": 0, "rough": 1}
ORIGIN = {
    "study": "Mixen stad", "method": "random", "runs": 8220, "sample": 10, "years": 22,
    "futures": 10, "program": "of long ago",
}  # fmt: skip


def counts() -> pd.DataFrame:
    """Nobody pays back the municipality; the others after ten years, fewer in rough times."""
    table = pd.DataFrame(
        {"scenario": "stad", "effects": one, "shocks": shocks, "view": view, "years": years,
         "plans": 12, "paid_back": _back(one, view, years, fewer)}
        for one in SETS for shocks, fewer in TIMES.items() for view in VIEWS
        for years in (2, 3, 5, 10, 20)
    )  # fmt: skip
    some = table["paid_back"] > 0
    return table.assign(in_all=table["paid_back"] - some, in_any=table["paid_back"] + some)


def _back(effects: str, view: str, years: int, fewer: int) -> float:
    if years == 20:
        return np.nan
    return max(BACK[effects] - fewer, 0) if view != "municipality" and years == 10 else 0


def plans() -> pd.DataFrame:
    """Each kind of help alone; under the sceptical set nothing comes back."""
    rows = []
    for point, kind in enumerate(KINDS):
        for one in SETS:
            worth = -1.3 if one == "sceptical" else ALONE[kind] * (2 if one == "ipw" else 1)
            shares = {f"mix.{other}": float(other == kind) for other in KINDS}
            ends = {f"end_per_euro_{view}": worth for view in VIEWS}
            rows.append(
                {"point": point, **shares, "scenario": "stad", "effects": one, "shocks": "calm",
                 "futures": 10, "plan.budget_eur_per_year": 9e6, "invested_eur": 3.2e7, **ends}
            )  # fmt: skip
    return pd.DataFrame(rows)


def turns() -> pd.DataFrame:
    at = {"sceptical": (-np.inf, -np.inf, 0.1), "evidence": (0.62, 0.41, 0.9), "ipw": (np.inf,) * 3}
    return pd.DataFrame(
        {"scenario": "stad", "effects": one, "shocks": "own", "mix": kind, "view": view,
         "years": 10, "lever": "price", "least": 0.05, "most": 1.5, "tried": "0.05 0.5 1.5",
         **dict(zip(("at", "low", "high"), at[one], strict=True))}
        for kind in KINDS for one in SETS for view in VIEWS
    )  # fmt: skip


def horizons() -> pd.DataFrame:
    parts = {
        "effects": (0.6, True),
        "mix": (0.3, True),
        "work": (0.2, False),
        "dummy": (0.0, False),
    }
    return pd.DataFrame(
        {"factor": name, "index": index, "low": index - 0.1, "high": index + 0.1, "rank": "1-2",
         "above_dummy": above, "kind": "per_euro", "view": view, "year": year,
         "tells": year != 3, "effects": "drawn", "shocks": "drawn"}
        for name, (index, above) in parts.items() for view in VIEWS for year in (3, 10, 20)
    )  # fmt: skip


@pytest.fixture(scope="module")
def findings(tmp_path_factory) -> Path:
    """A folder with tables of made-up studies."""
    folder = tmp_path_factory.mktemp("findings")

    def put(study: str, **tables: pd.DataFrame) -> None:
        (folder / study).mkdir()
        for name, table in tables.items():
            table.to_csv(folder / study / f"{name.replace('_', '-')}.csv", index=False)

    put("mixen_stad", map_counts=counts(), map=plans())
    (folder / "mixen_stad" / "origin.json").write_text(json.dumps({"mixes": ORIGIN}))
    put("omslag_prijs", breakeven=turns())
    index = pd.DataFrame({"outcome": ["end_eur_public"], "measure": ["ST"]})
    put("waar_hangt_het_van_af", sensitivity=index, horizons_stad=horizons())
    return folder


def rows_of(part) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in part.rows}


def test_the_answer_says_what_the_tables_say_with_the_sceptical_set_beside(findings):
    said = summary_money.answer(Findings(findings, "en")).said
    assert "municipality has the money back with none of the 12 plans" in said[0]
    assert "with 0 of the 12 plans under cautious effects" in said[1]
    assert (
        "with 3 (2 – 4) under the middle ones and with 11 (10 – 12) under the strongest" in said[1]
    )


def test_no_plan_is_only_said_when_every_effect_set_was_run(tmp_path):
    (tmp_path / "mixen_stad").mkdir()
    table = counts()
    table = table[table["effects"] != "ipw"]
    table.to_csv(tmp_path / "mixen_stad" / "map-counts.csv", index=False)
    said = summary_money.answer(Findings(tmp_path, "en")).said
    assert not [one for one in said if "with none of" in one]
    assert all("with ? under the strongest" in one for one in said)


def test_the_map_has_all_sets_side_by_side_and_a_question_mark_for_what_is_not_known(findings):
    part = summary_money.mixes(Findings(findings, "nl"))
    rows = rows_of(part)
    assert part.heads[1:] == [
        f"De hele stad, {one}" for one in ("voorzichtig", "midden", "sterkst")
    ]
    assert rows["publieke kas, 10 jaar"] == ["0", "3 (2 – 4)", "11 (10 – 12)"]
    assert rows["samenleving, 20 jaar"] == ["?", "?", "?"] and part.note.startswith("? = niet")
    assert "12 plannen in 10 toekomsten" in part.said[0]
    assert "voor de publieke kas als geheel binnen 10 jaar (de hele stad)" in part.said[1]
    assert "voorzichtig 0, midden 2 (1 – 3), sterkst 10 (9 – 11)" in part.said[1]
    assert "voor de samenleving" in part.said[2]
    assert "mixen_stad/map-counts.csv" in part.note and "8.220 runs" in part.note
    assert part.note.endswith("eerdere stand van het programma: Mixen stad.")


def test_the_famous_claim_is_held_against_every_set(findings):
    part = summary_money.per_euro(Findings(findings, "en"))
    rows = rows_of(part)
    assert next(iter(rows)) == "Energy help (32)"  # the most first, with what was spent
    assert rows["Debt relief with early warning (32)"][3:6] == ["−1.3", "−0.4", "−0.8"]
    assert (
        "the same budget (€9,000,000 a year)" in part.said[0] and "after 22 years" in part.said[0]
    )
    claim = part.said[1]
    # of the kind that it is about nothing is known here, and it isn't filled in
    assert "is about Breakthrough budget" in claim and "cautious ?, middle ?, strongest ?" in claim
    # twice 0.5 isn't enough
    assert "cautious no kind of help; middle Energy help; strongest Energy help." in claim


def test_plans_called_by_name_are_told_with_their_set(findings, tmp_path):
    told = {
        "scenario": "stad",
        "shocks": "calm",
        "en": "Energy help alone.",
        "nl": "Alleen energie.",
    }
    rows = [
        {**told, "effects": "evidence", "view": "public", "years": 10, "kind": "named"},
        {**told, "effects": "evidence", "view": "public", "years": 20, "kind": "found"},
        {**told, "effects": "ipw", "view": "society", "years": 3, "kind": "nothing"},
    ]
    (tmp_path / "mixen_stad").mkdir()
    for name, table in (("map-counts", counts()), ("conditions", pd.DataFrame(rows))):
        table.to_csv(tmp_path / "mixen_stad" / f"{name}.csv", index=False)
    said = summary_money.mixes(Findings(tmp_path, "en")).said
    assert said[-1] == "Under “middle” (the whole city, calm times): Energy help alone."


def test_break_even_says_never_and_always_on_the_right_side(findings):
    part = summary_money.breakeven(Findings(findings, "nl"))
    assert rows_of(part)["Energiehulp"] == ["nooit (<5 – 10)", "62% (41 – 90)", "altijd"]
    assert "prijs × 0,05, 0,50, 1,50" in part.said[0]


def test_causes_that_say_nothing_are_not_shown_as_numbers(findings):
    rows = rows_of(summary_causes.sensitivity(Findings(findings, "en")))
    assert list(rows) == ["how well help works", "how the money is divided over kinds of help"]
    assert rows["how well help works"] == ["?", "60% (50 – 70)", "60% (50 – 70)"] * 3


def test_what_was_not_done_is_said_and_breaks_nothing(findings, tmp_path):
    for lang, words in (("nl", "dit wordt nog gedaan"), ("en", "still to be done")):
        for folder, missing in ((findings, 2), (tmp_path, 7)):
            parts = summary.parts_of(Findings(folder, lang))
            said = [one for part in parts for one in part.said]
            assert len([one for one in said if words in one]) == missing
    trust = summary_causes.trust(Findings(tmp_path, "nl"), tmp_path)
    assert "is niet bekend" in trust.said[0] and len(trust.said) == 5


def test_a_plan_of_which_a_set_was_not_run_is_not_filled_in(tmp_path):
    band = {"p10": 1000.0, "p50": 1_234_000.0, "p90": 3_456_000.0}
    payers = dict.fromkeys(("municipality", "state", "insurer", "household"), band)
    one = {
        "invested_eur": band, "returned_eur": payers,
        "payback_months": {view: {"share_within": {"120": None}} for view in VIEWS},
        "people_in_poverty": {"end_with": 10, "end_without": 15}, "futures": 40,
    }  # fmt: skip
    (tmp_path / "noordoost").mkdir()
    said = json.dumps({"evidence, calm": one})
    (tmp_path / "noordoost" / "summaries.json").write_text(said)
    rows = rows_of(summary_causes.plan(Findings(tmp_path, "en")))
    assert rows["put in"] == ["not run", "1,230 (1.0 – 3,460)", "not run"]
    assert rows["the municipality has got everything back in 10 years"][1] == "?"
    assert rows["people in poverty at the end, difference (one future, of 15)"][1] == "−5"


@pytest.mark.slow
def test_it_is_two_pages_in_both_languages_and_says_the_same_as_the_text(findings, tmp_path):
    files = summary.write(findings, tmp_path)
    assert [path.name for path in files] == [
        f"summary-{lang}.{kind}" for lang in LANGUAGES for kind in ("md", "pdf")
    ]
    for lang in LANGUAGES:
        text = (tmp_path / f"summary-{lang}.md").read_text(encoding="utf-8")
        pages = PdfReader(io.BytesIO((tmp_path / f"summary-{lang}.pdf").read_bytes())).pages
        assert len(pages) <= summary.PAGES
        paper = "".join("".join(page.extract_text() for page in pages).split())
        for part in summary.parts_of(Findings(findings, lang)):
            for one in [part.head, *part.said]:
                assert one in text
            assert "".join(part.head.split()) in paper
    # a second time the same files
    again = summary.write(findings, tmp_path / "again")
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in files]


def test_commands_keep_beside_their_tables_how_they_were_made(tmp_path):
    root = Path(__file__).parent.parent
    study = read_study(root / "experiments" / "studies" / "proef.toml")
    sweep = Sweep.begin(study, tmp_path)
    for command in ("mixes", "discover"):
        write_origin(sweep, command, tmp_path)
    said = read_json(tmp_path / "origin.json")
    assert list(said) == ["mixes", "discover"]
    assert said["mixes"]["runs"] == len(sweep.runs) == 8 * 6 * 2
    assert (said["mixes"]["sample"], said["mixes"]["program"]) == (50, stamp())
