"""ODD.md is current, and the checks on it see what they should."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from calibration import odd, reading
from calibration.reading import functions, rows_cited, unknown_rows
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, read_targets
from siexsim import household as hh
from siexsim.interventions import packaged_interventions
from siexsim.items import ITEMS
from siexsim.parameters import Parameters
from siexsim.shocks import packaged_shocks

TEXT = odd.ODD_FILE.read_text(encoding="utf-8")
ROOT = odd.ODD_FILE.parent
DOCUMENTS = [odd.ODD_FILE, ROOT / "calibration" / "TRACE.md"]
RULES = sorted(path.relative_to(odd.HOME).as_posix() for path in (odd.HOME / "rules").glob("*.py"))


def block(name: str) -> str:
    return odd.made(name)


# ---- the document ------------------------------------------------------------------------------


def test_its_tables_are_those_of_the_code() -> None:
    assert odd.current(TEXT) == TEXT, "ODD.md isn't current: make docs"


def test_its_text_names_what_the_rules_read_and_nothing_that_is_gone() -> None:
    assert odd.stale(TEXT) == []


def test_it_has_the_elements_and_design_concepts_of_2020() -> None:
    elements = re.findall(r"^## \d\. (.+)$", TEXT, re.MULTILINE)
    assert elements == [
        "Purpose and patterns", "Entities, state variables, and scales",
        "Process overview and scheduling", "Design concepts", "Initialization", "Input data",
        "Submodels",
    ]  # fmt: skip
    concepts = re.findall(r"^### ([A-Z].+)$", TEXT, re.MULTILINE)
    assert concepts == [
        "Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction",
        "Sensing", "Interaction", "Stochasticity", "Collectives", "Observation",
    ]  # fmt: skip


def test_every_table_and_every_file_of_rules_is_in_it_once() -> None:
    names = re.findall(r"<!-- made: (\S+) -->", TEXT)
    assert sorted(names) == sorted([*odd.BLOCKS, *odd.SUBMODELS])
    assert set(RULES) - {"rules/__init__.py", "rules/month.py"} <= set(odd.SUBMODELS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_it_points_to_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / link).exists(), link
    for name in re.findall(r"`((?:siexsim|calibration|tests|experiments)/[\w/.]+)`", text):
        assert (ROOT / name).exists(), name
    for module, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert f"def {test}(" in (ROOT / module).read_text(encoding="utf-8"), test


def test_evidence_rows_named_by_hand_exist() -> None:
    assert unknown_rows(odd.by_hand(TEXT)) == []


# ---- the tables --------------------------------------------------------------------------------


def test_nothing_is_left_out_of_the_tables() -> None:
    known = Parameters.packaged()
    told = "".join(block(name) for name in ("parameters", "interventions", "shocks"))
    assert len(re.findall(r"^\| `\w+` \| [^|:]+ \| (?:fixed|[^|:]+ to [^|:]+) \|", told, re.M)) == (
        len(known)
    )
    assert all(f"| `{field.name}` |" in block("state") for field in hh.FIELDS)
    assert all(f"| `{item}` |" in block("ledger") for item in ITEMS)
    assert all(f"(`{name}`)" in told for name in [*packaged_interventions(), *packaged_shocks()])
    rows = [*read_targets(TARGETS_FILE), *read_targets(HOLDOUTS_FILE)]
    assert all(f"| {row} |" in block("patterns") for row in rows)


def test_the_month_is_told_in_the_order_in_which_it_is_lived() -> None:
    order = re.findall(r"^\d+\. `(\w+)`", block("month"), re.MULTILINE)
    assert order[0] == "retire" and order[-1] == "use_services"
    source = (odd.HOME / "rules" / "month.py").read_text(encoding="utf-8")
    body = source.partition("def live_month(")[2].partition("@rule")[0]
    assert order == re.findall(r"^ +(\w+)\(h,", body, re.MULTILINE)


def test_a_cell_cannot_break_a_table() -> None:
    assert odd.table(("a",), [["x | y\nz"]]).splitlines()[-1] == "| x \\| y z |"


def test_figures_are_short() -> None:
    given = (0.0, 0.0225, 138_499.0, 1e12, -1.0)
    assert [odd.figure(value) for value in given] == ["0", "0.0225", "138,499", "1e+12", "-1"]


# ---- what is read of the code ------------------------------------------------------------------


def test_functions_tell_which_numbers_they_read() -> None:
    work = {one.name: one for one in functions("rules/work.py")}
    assert work["bandwidth"].numbers == (
        "work.stress_on_finding", "stress.ordinary", "work.bandwidth_least",
    )  # fmt: skip
    children = {one.name: one for one in functions("rules/children.py")}
    assert "children.pull_per_year" in children["develop"].numbers  # read as q.pull_per_year
    assert all(key in Parameters.packaged().entries for one in work.values() for key in one.numbers)


def test_evidence_rows_are_found_and_other_letters_are_not() -> None:
    assert doctest.testmod(reading).failed == 0
    assert rows_cited("I04") == ["I04a", "I04b", "I04c", "I04d"]
    assert rows_cited("M13a, M11") == ["M13a", "M11"]
    assert rows_cited("A2, Q13, C7") == []
    assert unknown_rows("M11 and M99") == ["M99"]


# ---- the checks on the text --------------------------------------------------------------------

HEAD = "### Children\n\n"
HAND = " ".join({key.partition(".")[2] for one in functions("rules/children.py")
                 for key in one.numbers})  # fmt: skip
MARK = "\n\n<!-- made: rules/children.py -->\n<!-- end -->\n"


def test_a_number_that_the_text_leaves_out_is_seen() -> None:
    assert odd.stale(HEAD + HAND + MARK) == []
    short = HAND.replace("pull_per_year", "")
    assert odd.stale(HEAD + short + MARK) == [
        "'Children' doesn't name children.pull_per_year, which rules/children.py reads"
    ]
    elsewhere = f"{HEAD}{short}{MARK}\n### Other\n\npull_per_year\n"
    assert len(odd.stale(elsewhere)) == 1


def test_a_table_does_not_count_as_text() -> None:
    assert len(odd.stale(odd.current(HEAD + MARK))) > 5


def test_a_name_that_is_gone_is_seen() -> None:
    assert odd.stale("`stress.no_such_number`") == [
        "there is no parameter stress.no_such_number",
        "nothing in the model is called no_such_number",
    ]
    assert odd.stale("    made_up_here = 3 * find_per_year\n") == []


def test_a_table_out_of_date_is_seen_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ODD.md"
    old = TEXT.replace("| `savings` |", "| `money_in_bank` |")
    assert old != TEXT
    path.write_text(old, encoding="utf-8")
    monkeypatch.setattr(odd, "ODD_FILE", path)
    assert odd.main(["--check"]) == 1 and path.read_text(encoding="utf-8") == old
    assert "out of date" in capsys.readouterr().out
    assert odd.main([]) == 0 and path.read_text(encoding="utf-8") == TEXT
    assert odd.main(["--check"]) == 0
