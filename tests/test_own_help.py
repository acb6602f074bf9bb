"""Help of one's own beside a scenario: it runs, or is refused in one line in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexsim.cli import execute
from siexsim.errors import UserError
from siexsim.interventions import NUMBERS
from siexsim.scenario import LONGEST_MESSAGE, read_scenario
from tests.test_scenario import SCALARS, TEXTS, document, toml

EXPERIMENTS = Path(__file__).parent.parent / "experiments"
EXAMPLE = EXPERIMENTS / "scenarios" / "eigen_hulp.toml"
SCOOTER = (EXPERIMENTS / "interventions" / "scooter.toml").read_text(encoding="utf-8")
ASKED = '["../interventions/scooter.toml"]'


def scenario_beside(folder: Path, asked: str) -> Path:
    path = folder / "s.toml"
    content = EXAMPLE.read_text(encoding="utf-8")
    assert ASKED in content
    path.write_text(content.replace(ASKED, asked), encoding="utf-8")
    return path


def said(path: Path, lang: str) -> str:
    with pytest.raises(UserError) as caught:
        read_scenario(path, lang)
    line = str(caught.value)
    assert line.isprintable() and len(line) <= LONGEST_MESSAGE
    for jargon in ("Input should", "Tuple", "argument", "pydantic", "Parameter"):
        assert jargon not in line
    return line


def test_the_example_uses_a_file_of_another_folder() -> None:
    scenario = read_scenario(EXAMPLE)
    assert scenario.plan is not None and "scooter" in scenario.plan.mix
    assert scenario.central().value("scooter.price_start_eur") == 2000
    for name, relief in (("sceptical", 0.0), ("ipw", 0.15)):
        central = read_scenario(EXAMPLE, changes={"effects": name}).central()
        assert central.value("scooter.relief_work") == relief
        assert central["scooter.relief_work"].fixed


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ('["nothing.toml"]', "no such file with an intervention"),
        ('["."]', "this is a folder; an intervention"),
        ('["binary.toml"]', "not UTF-8 text (line 2)"),
        ('["large.toml"]', "2 MB is too large"),
        ('["pipe.toml"]', "isn't an ordinary file"),
        ('["debt_relief.toml"]', "there is an intervention 'debt_relief' already"),
        ('["scooter.toml", "../{folder}/scooter.toml"]', "an intervention 'scooter' already"),
        ('["Scooter.toml"]', "'Scooter' can't be the name of an intervention"),
        ('["all.toml"]', "'all' can't be the name of an intervention"),
        ('"scooter.toml"', "a list between square brackets is needed"),
        ("[5]", "a text between quotes is needed"),
        ("{scooter = 3}", "interventions.scooter is 3"),
        (str([f"own_{k}.toml" for k in range(8)]), "at most 7 interventions of one's own"),
    ],
)
def test_files_that_are_no_intervention(tmp_path: Path, asked: str, line: str) -> None:
    for name in ("scooter", "Scooter", "all", "debt_relief", *(f"own_{k}" for k in range(8))):
        (tmp_path / f"{name}.toml").write_text(SCOOTER, encoding="utf-8")
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "large.toml").write_bytes(b"#" * 2_000_000)
    os.mkfifo(tmp_path / "pipe.toml")
    path = scenario_beside(tmp_path, asked.replace("{folder}", tmp_path.name))
    if "own_0" in asked:
        path.write_text(path.read_text().replace("scooter = ", "own_0 = "))
    english, dutch = said(path, "en"), said(path, "nl")
    assert line in english and english != dutch


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("value = 0.9", "value = 9", "numbers.success_share: value 9.0 lies outside 0.7 to 1.0"),
        ("value = 0.9", "value = nan", "numbers.success_share: value nan lies outside"),
        ("high = 1.0", "high = 2", "numbers.success_share runs from 0.7 to 2; possible is 0 to 1"),
        ("high = 1.0", "high = inf", "possible is 0 to 1"),
        ("low = 1000", "low = -1", "numbers.price_start_eur runs from -1 to 3000; possible is 0"),
        ("value = 2\nlow = 1\n", "value = 0\nlow = 0\n", "possible is 1 to 120"),
        ("value = 0.9", 'value = "much"', "numbers.success_share.value is 'much'; a number is"),
        ("value = 0.9", "valeu = 0.9", "numbers.success_share.valeu is an unknown key; did you"),
        ("success_share", "succes_share", "unknown number 'succes_share'; did you mean"),
        ("titel =", "tittel =", "tittel is an unknown key; did you mean 'titel'?"),
        ('["arrears", "partner"]', "[]", "channels is empty; a list with at least 1 name"),
        ('"poor"', '"rich"', "eligible.2 is 'rich', which isn't known"),
        ('title = "A', 'name = "x"\ntitle = "A', "unknown key 'name'; the name is that of the"),
        ("[numbers.relapse_per_year]", "[numbers]\ntake_up = 1\n[x]", "tables such as"),
        ('source = "none: example"', 'source = ""', "numbers.course_months: 'source' is empty"),
    ],
)
def test_numbers_that_cannot_be(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in SCOOTER
    content = SCOOTER
    if line == "tables such as":
        content = SCOOTER.split("[numbers")[0] + "[numbers]\ntake_up = 0.5\n"
    (tmp_path / "scooter.toml").write_text(content.replace(old, new, 1), encoding="utf-8")
    path = scenario_beside(tmp_path, '["scooter.toml"]')
    english, dutch = said(path, "en"), said(path, "nl")
    assert "scooter.toml: " in english and line in english
    assert english != dutch


# ---- anything else ------------------------------------------------------------------------------

NAMES = st.sampled_from([*NUMBERS, "takeup"])
NUMBER = st.fixed_dictionaries(
    {key: st.floats() | st.integers(-3, 3) for key in ("value", "low", "high")},
    optional={"unit": TEXTS, "source": TEXTS, "grade": st.sampled_from("AZ"), "fixed": SCALARS},
)
CHANGES = st.dictionaries(
    st.sampled_from(
        ["title", "words", "eligible", "channels", "demand_led", "grade", "numbers", "colour"]
    ),
    SCALARS | st.dictionaries(NAMES, NUMBER | SCALARS, max_size=2), max_size=2,
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_any_file_is_refused_in_one_line_or_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    head = {
        "title": "a", "titel": "a", "words": "a", "woorden": "a", "eligible": ["poor"],
        "channels": ["partner"], "demand_led": False, "grade": "D",
    }  # fmt: skip
    (tmp_path / "scooter.toml").write_text(document(head | changes), encoding="utf-8")
    path = scenario_beside(tmp_path, '["scooter.toml"]')
    for lang in ("en", "nl"):
        try:
            read_scenario(path, lang)
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) <= LONGEST_MESSAGE
            assert "Input should" not in str(error)


PARTS: dict[str, Callable[[], Any]] = {
    "stages": lambda: [{"wijken": ["Beijum"], "start": "2022-07"},
                       {"wijken": ["Centrum"], "start": "2023-01",
                        "go": {"measured": "stress", "at_least": 0.1}}],
    "bring_forward": lambda: [{"from_year": "2024", "to_year": "2023", "eur": 1.5}],
    "monitoring": lambda: {"design": "trial", "followed": 40, "months": 12},
    "cofinancing": lambda: {"insurer": {"pays_share": 0.1, "returns_share": 0.2}},
    "capacity": lambda: {"scooter": 5}, "budget_by_year": lambda: {"2023": 3.5},
    "revolving_share": lambda: 0.5, "allocation": lambda: "learning", "extension_years": lambda: 2,
}  # fmt: skip
YEARS = st.sampled_from(["2022", "2023", "2099", "0000", "x", ""])


def damaged(draw: Any, value: Any) -> Any:
    """The same with one thing somewhere in it changed."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: damaged(draw, value[key])}
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(TEXTS | YEARS): draw(SCALARS)}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        return [damaged(draw, value[0]), *value[1:]]
    return draw(SCALARS | YEARS)


@st.composite
def plan_parts(draw: Any) -> str:
    chosen = draw(st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=3, unique=True))
    parts = {key: PARTS[key]() for key in chosen}
    parts[chosen[0]] = damaged(draw, parts[chosen[0]])
    return "".join(f"{key} = {toml(value)}\n" for key, value in parts.items())


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=plan_parts())
def test_any_part_of_a_plan_is_refused_in_one_line_or_read(tmp_path: Path, parts: str) -> None:
    (tmp_path / "scooter.toml").write_text(SCOOTER, encoding="utf-8")
    path = scenario_beside(tmp_path, '["scooter.toml"]')
    content = path.read_text(encoding="utf-8")
    if "stages" in parts:
        content = content.replace('wijken = ["Beijum", "Oud-Noord"]\n', "")
    content = content.replace("[plan.mix]", f"{parts}\n[plan.mix]")
    path.write_text(content, encoding="utf-8")
    for lang in ("en", "nl"):
        try:
            read_scenario(path, lang)
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) <= LONGEST_MESSAGE
            for jargon in ("Input should", "Value error", "Tuple should"):
                assert jargon not in str(error)


def test_the_command_refuses_with_code_2_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scooter.toml").write_text(SCOOTER.replace("value = 0.9", "value = 9"))
    path, out = scenario_beside(tmp_path, '["scooter.toml"]'), tmp_path / "out"
    for lang in ("en", "nl"):
        assert execute(["run", str(path), "--out", str(out), "--lang", lang]) == 2
        line = capsys.readouterr().err
        assert line.count("\n") == 1 and "Traceback" not in line and "success_share" in line
    assert not out.exists()


def test_a_capacity_must_show_in_the_sample(tmp_path: Path) -> None:
    (tmp_path / "scooter.toml").write_text(SCOOTER, encoding="utf-8")
    path = scenario_beside(tmp_path, '["scooter.toml"]')
    content = path.read_text().replace("[plan.mix]", "capacity = {scooter = 5}\n[plan.mix]")
    path.write_text(content)
    assert read_scenario(path, changes={"sample": 5}).sample == 5
    for lang, line in (("en", "take a sample of one in 5"), ("nl", "hoogstens één op de 5")):
        with pytest.raises(UserError, match=line):
            read_scenario(path, lang, {"sample": 10})


def test_the_command_runs_and_shows_a_plan_with_help_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = Path("experiments/scenarios/eigen_hulp.toml")
    quick = ["--sample", "200", "--futures", "1", "--years", "3", "--lang", "en"]
    assert execute(["run", str(scenario), *quick, "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert execute(["show", str(folder), "--lang", "en"]) == 0
    assert "Noordoost" in capsys.readouterr().out
