"""Every tutorial runs, is short, and says something that is true."""

from __future__ import annotations

import ast
import io
import runpy
import tokenize
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "experiments" / "tutorials"
TUTORIALS = sorted(path.name for path in FOLDER.glob("*.py"))
SAMPLE = 200
MOST_LINES = 39
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER, tokenize.ENCODING,
}  # fmt: skip


def lines_of_code(text: str) -> int:
    """Lines with code on them; comments, empty lines and the docstring don't count."""
    first = ast.parse(text).body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    doc_ends = (first.end_lineno or 0) if is_doc else 0
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len([line for line in lines if line > doc_ends])


def test_there_are_seven_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name[:3] for name in TUTORIALS] == [f"0{k}_" for k in range(1, 8)]
    assert all(f"]({name})" in index for name in TUTORIALS)


def test_lines_are_counted_as_they_are_read() -> None:
    assert lines_of_code('"""Two\nlines."""\n\nx = 1  # one\n# none\ny = (\n    x\n)\n') == 4


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_is_short_and_explained(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert lines_of_code(text) <= MOST_LINES
    assert name in (ast.get_docstring(ast.parse(text)) or ""), "how to run it isn't said"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder that looks like the root, in which results may be left behind."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "experiments").symlink_to(ROOT / "experiments")
    return folder


@pytest.fixture
def done(desk, monkeypatch, capsys):
    """Run a tutorial; gives what it printed and its names."""

    def run(name: str, sample: int = SAMPLE):
        monkeypatch.chdir(desk)
        monkeypatch.setattr("sys.argv", [name, str(sample)])
        names = runpy.run_path(str(FOLDER / name), run_name="__main__")
        return capsys.readouterr().out, names

    return run


def test_a_first_run(done) -> None:
    said, names = done("01_first_run.py")
    summary = names["result"].summary
    assert summary["sample"] == SAMPLE and summary["invested_eur"]["p50"] > 0
    assert f"{summary['people_in_poverty']['start']:,}" in said
    assert all(payer in said for payer in summary["returned_eur"])
    assert (names["folder"] / "photo.parquet").exists()


def test_a_life(done) -> None:
    said, names = done("02_read_a_life.py")
    life = names["life"]
    assert life.household == names["suggestions"][0].household and str(life.household) in said
    assert life.courses, "the household that is worth a look had no help"
    start = {world: pages[0].record for world, pages in life.pages.items()}
    assert start["with"]["debt"] == start["without"]["debt"], "the worlds began apart"


def test_an_intervention_of_ones_own(done) -> None:
    said, names = done("03_add_an_intervention.py")
    bicycles = names["courses"].query("intervention == 'bicycle'")
    assert len(bicycles) and f"bicycle: {len(bicycles) * SAMPLE:,} courses" in said
    # bought at once, at the price of the month: near what the file says
    assert bicycles["cost_eur"].between(800, 2 * 1600).all()
    assert "are assumptions" in said


def test_a_staged_plan(done) -> None:
    said, names = done("04_stage_a_plan.py", sample=50)  # who completes help must be some of many
    at_once, on_proof, strict = names["reached"].values()
    assert strict == ["Noordoost"] and "so no" in said
    assert set(on_proof) <= {"Noordoost", "Noordwest", "Oud-Noord"} and len(on_proof) > 1
    assert "so yes" in said and len(at_once) > len(on_proof)


def test_a_pair_and_its_payback(done) -> None:
    said, names = done("05_pair_and_payback.py")
    assert "before the plan: EUR 0\n" in said
    cents = names["difference"].cents
    assert not cents[:6].any() and cents[6:].any()
    account = names["account"]
    assert 0 < account.invested.sum() <= 1.2 * 3 * 8_000_000
    assert len({one.invested.sum() for one in names["accounts"]}) == 3, "futures are alike"


def test_sensitivity_and_discovery(done) -> None:
    said, names = done("06_sensitivity.py")
    table, runs = names["table"], len(names["sweep"].runs)
    assert f"done: {runs}, failed: 0" in said
    assert table["index"].between(0, 1).all()
    assert not table.loc[table["factor"] == "dummy", "above_dummy"].any()
    sure = table[(table["outcome"] == "invested_eur") & table["above_dummy"]]
    assert "plan.budget_eur_per_year" in set(sure["factor"]), "the budget decides what is invested"

    said, names = done("07_discovery.py")
    assert names["sweep"].missing() == 0 and len(names["rows"]) == runs
    assert np.isin(names["good"], (0, 1)).all() and names["good"].mean() >= 0.5
    assert "The better half of 64 plans" in said
    if names["box"] is not None:
        assert f"{names['box'].held_out:.0%}" in said
