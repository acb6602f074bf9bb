"""Targets and hold-outs: complete, sourced, and hold-outs out of reach of the fit."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Any

import pytest

from calibration.hindcast import simulate
from calibration.quantities import QUANTITIES
from calibration.targets import HOLDOUTS_FILE, TARGETS_FILE, Target, fitted, read_targets
from siexsim.errors import UserError

HOME = Path(__file__).parent.parent.parent
ALL = [*read_targets(TARGETS_FILE).values(), *read_targets(HOLDOUTS_FILE).values()]
# named, compared, described and reported
SEES_HOLDOUTS = {
    "targets.py", "check.py", "odd.py", "report.py", "validation.py", "whatif.py",
}  # fmt: skip
GOOD = """
[C1]
value = 2.0
low = 1.0
high = 3.0
unit = "share"
year = 2022
definition = "d"
source = "s"
grade = "P"
quantity = "minima"
use = "fitted"
words = "w"
woorden = "w"
"""


def test_every_row_of_the_notes_is_there() -> None:
    rows = {target.row for target in ALL}
    assert {f"C{k}" for k in range(1, 17)} <= rows
    assert {*(f"V{k}" for k in range(1, 9)), "V12", "Placebo"} <= rows


def test_nothing_is_both_target_and_holdout() -> None:
    targets, holdouts = read_targets(TARGETS_FILE), read_targets(HOLDOUTS_FILE)
    assert not set(targets) & set(holdouts)
    theirs = {t.quantity for t in fitted(targets).values()}
    assert not theirs & {t.quantity for t in holdouts.values()}
    assert all(target.use != "fitted" for target in holdouts.values())


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
def test_a_row_names_a_quantity_and_a_known_source(target: Target) -> None:
    assert target.quantity in QUANTITIES if target.quantity else target.use == "not_carried"
    path = HOME / "siexsim" / "data" / "groningen" / "sources.csv"
    with path.open(encoding="utf-8") as file:
        known = {row["source_id"] for row in csv.DictReader(file)}
    assert set(re.split(r", ?", target.source)) <= known
    assert 0 <= target.month <= 12


def test_every_quantity_is_asked_for() -> None:
    assert set(QUANTITIES) - {target.quantity for target in ALL} <= {"hard_for_all"}


def test_the_council_is_heard_in_its_own_terms() -> None:
    targets = read_targets(TARGETS_FILE)
    assert targets["Council_people"].value == 25_000
    assert targets["Council_welfare"].high == 10_000
    assert {targets["Council_people"].grade, targets["Council_welfare"].grade} == {"B"}


def test_the_fit_never_reads_the_holdouts(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text

    def guarded(path: Path, *args: Any, **kwargs: Any) -> str:
        assert path.name != HOLDOUTS_FILE.name
        return read(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", guarded)
    found = simulate({}, seed=1, sample=1000)
    assert set(found) == set(fitted(read_targets(TARGETS_FILE)))
    assert all(math.isfinite(value) for value in found.values())


def test_only_the_check_names_the_holdouts() -> None:
    for path in (HOME / "calibration").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        names_them = "HOLDOUTS_FILE" in text or "holdouts.toml" in text.replace("``holdouts", "")
        if path.name not in SEES_HOLDOUTS:
            assert not names_them, path.name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value = 2.0", "value = 4.0", "must lie within"),
        ("value = 2.0", "", "must lie within"),
        ("low = 1.0\nhigh = 3.0", "low = 2.0\nhigh = 2.0", "must lie within"),
        ('source = "s"', 'source = " "', "'source' is empty"),
        ('use = "fitted"', 'use = "fited"', "did you mean 'fitted'"),
        ('grade = "P"', 'grade = "A"', "'grade' must be one of"),
        ('quantity = "minima"', 'quantity = ""', "'quantity' is empty"),
        ('use = "fitted"', 'use = "not_carried"', "has no quantity"),
        ('words = "w"', 'wrods = "w"', "did you mean 'words'"),
        ("year = 2022\n", "", "year"),
        ('words = "w"', 'words = "w"\nnote = "n"', "both languages"),
        ("[C1]", "[C1", "bad.toml"),
    ],
)
def test_a_mistake_in_a_row_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_targets(path)["C1"].holds(3.0)
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(said)):
        read_targets(path)


def test_what_is_not_carried_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    text = GOOD.replace('"fitted"', '"not_carried"').replace('"minima"', '""')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="why it isn't carried"):
        read_targets(path)
