"""A user's own numbers: taken as given, or refused in one line that says what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexsim import cli
from siexsim.errors import UserError
from siexsim.evidence import Assumption
from siexsim.own_numbers import changes_in_words, read_assumptions, read_settings, with_own
from siexsim.parameters import Parameters
from siexsim.scenario import Scenario, read_scenario

PACKAGED = Parameters.packaged()
FIND, LAW = "work.find_per_year", "money.arrangement_months"
PLAIN = Scenario(name="x", calibrated=False)
EXAMPLE = Path(__file__).parent.parent / "experiments" / "scenarios" / "noordoost.toml"
HIGHER = PACKAGED[FIND].high * 2


def written(folder: Path, content: str) -> Path:
    path = folder / "own.toml"
    path.write_text(content, encoding="utf-8")
    return path


def changed(tmp_path: Path, content: str = "", *said: str, lang: str = "en") -> Scenario:
    files = [read_assumptions(written(tmp_path, content), lang)] if content else []
    return with_own(PLAIN, read_settings(said, lang), files, lang)


def refused(tmp_path: Path, content: str = "", *said: str) -> str:
    lines = []
    for lang in ("en", "nl"):
        with pytest.raises(UserError) as caught:
            changed(tmp_path, content, *said, lang=lang)
        lines.append(str(caught.value))
        assert lines[-1].isprintable() and "pydantic" not in lines[-1]
    assert lines[0] != lines[1]
    return lines[0]


# ---- the command line ---------------------------------------------------------------------------


def test_a_value_is_held_in_every_future(tmp_path: Path) -> None:
    low = PACKAGED[FIND].low
    asked = changed(tmp_path, "", f"{FIND}={low}")
    assert {asked.future(k).value(FIND) for k in range(5)} == {low}
    # and nothing else changes
    for future in (0, 3):
        own, plain = asked.future(future), PLAIN.future(future)
        assert {k for k in PACKAGED if own.value(k) != plain.value(k)} == {FIND}


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("work.find_per_year", "isn't NAME=VALUE"),
        ("=3", "isn't NAME=VALUE"),
        ("work.find_per_year=", "isn't NAME=VALUE"),
        ("work.find_per_year=0,4", "isn't a number; write it with a point"),
        ("work.find_per_year=nan", "isn't a number"),
        ("work.find_per_year=inf", "isn't a number"),
        ("work.find_per_yaer=0.4", "did you mean 'work.find_per_year'?"),
        (f"{FIND}={HIGHER}", "lies outside the range of the evidence"),
        (f"{LAW}=60.5", "is a law or a definition"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(tmp_path: Path, said: str, line: str) -> None:
    assert line in refused(tmp_path, "", said)


def test_out_of_range_says_how_to_widen(tmp_path: Path) -> None:
    line = refused(tmp_path, "", f"{FIND}={HIGHER}")
    assert line.startswith(f"--set {FIND}: {HIGHER:g} lies outside")
    assert "--assume" in line and "low, high and source" in line


def test_a_name_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    value = PACKAGED.value(FIND)
    assert "given twice" in refused(tmp_path, "", f"{FIND}={value}", f"{FIND}={value}")


# ---- files --------------------------------------------------------------------------------------


def test_a_range_with_a_source_may_go_outside_the_evidence(tmp_path: Path) -> None:
    high = HIGHER * 2
    own = f'["{FIND}"]\nvalue = {HIGHER}\nlow = {HIGHER}\nhigh = {high}\nsource = "expert"'
    asked = changed(tmp_path, own)
    values = [asked.future(k).value(FIND) for k in range(20)]
    assert values[0] == HIGHER and len(set(values)) == 20
    assert min(values) >= HIGHER and max(values) <= high
    assert asked.central()[FIND].source == "expert"
    assert asked.fingerprint() != PLAIN.fingerprint()


def test_names_may_be_written_without_quotes(tmp_path: Path) -> None:
    own = f'[{FIND}]\nvalue = {PACKAGED.value(FIND)}\nsource = "expert"'
    assert set(changed(tmp_path, own).assumptions) == {FIND}


def test_the_command_line_comes_after_files(tmp_path: Path) -> None:
    low, high = PACKAGED[FIND].low, PACKAGED[FIND].high
    own = f'["{FIND}"]\nvalue = {high}\nsource = "expert"'
    assert changed(tmp_path, own).central().value(FIND) == high
    both = changed(tmp_path, own, f"{FIND}={low}")
    assert both.central().value(FIND) == low and not both.assumptions


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", None),
        ('["work.x"]\nvalue = 1\nsource = "s"', "unknown parameter 'work.x'"),
        ("x = 3", "isn't a table"),
        (f'["{FIND}"]\nvalue = 0.5', "source is missing"),
        (f'["{FIND}"]\nvalue = 0.5\nsource = ""', "source is empty"),
        (f'["{FIND}"]\nvalue = 0.5\nsource = " "', "'source' is empty"),
        (f'["{FIND}"]\nsource = "s"', "value is missing"),
        (f'["{FIND}"]\nvalue = "0.5"\nsource = "s"', "a number is needed"),
        (f'["{FIND}"]\nvalue = nan\nsource = "s"', "a finite number is needed"),
        (f'["{FIND}"]\nvalue = 0.5\nlow = 0.1\nsource = "s"', "needs both 'low' and 'high'"),
        (f'["{FIND}"]\nvalue = 3\nlow = 5\nhigh = 1\nsource = "s"', "lies outside 5 to 1"),
        (f'["{FIND}"]\nvalue = 3\nlow = 3\nhigh = 3\nsource = "s"', "are the same"),
        (f'["{FIND}"]\nvalue = 3\nlow = -3\nhigh = 5\nsource = "s"', "-3 to 5 can't be"),
        ('["services.wmo_share"]\nvalue = 1', "source is missing"),
        (f'["{FIND}"]\nvalue = {HIGHER}\nsource = "s"', "lies outside the range of the evidence"),
        (f'["{FIND}"]\nvalue = 0.5\nsorce = "s"', "unknown key"),
        (f'["{FIND}"]\nvalue = [', "not valid TOML"),
        ("# nothing\n", "no number in this file"),
    ],
)
def test_a_mistake_in_a_file_is_one_line(tmp_path: Path, content: str, line: str | None) -> None:
    if line is not None:
        said = refused(tmp_path, content)
        assert line in said and said.startswith(str(tmp_path / "own.toml"))


def test_a_share_stays_between_0_and_1(tmp_path: Path) -> None:
    share = next(k for k, one in PACKAGED.items() if one.unit == "share" and 0 < one.low < one.high)
    own = f'["{share}"]\nvalue = 0.5\nlow = 0.1\nhigh = 1.5\nsource = "s"'
    assert "1e-06 to 1 is possible" in refused(tmp_path, own)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(max_size=120), st.text(max_size=120).map(str.encode)))
def test_files_of_anything_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "anything.toml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        with_own(PLAIN, {}, [read_assumptions(path)])
    assert str(caught.value).isprintable()


def test_a_range_of_the_scenario_itself_is_no_evidence(tmp_path: Path) -> None:
    wide = Assumption(value=HIGHER, low=HIGHER, high=HIGHER * 2, source="expert")
    scenario = Scenario(name="x", assumptions={FIND: wide})
    with pytest.raises(UserError, match="outside the range of the evidence"):
        with_own(scenario, {FIND: HIGHER}, [])
    assert (
        with_own(scenario, {FIND: PACKAGED[FIND].low}, []).central().value(FIND)
        == PACKAGED[FIND].low
    )


# ---- in a scenario ------------------------------------------------------------------------------


def test_a_scenario_file_holds_them_too(tmp_path: Path) -> None:
    own = f'[assumptions."{FIND}"]\nvalue = 3.5\nlow = 3\nhigh = 4\nsource = "expert"\n[plan]'
    content = EXAMPLE.read_text(encoding="utf-8").replace("[plan]\n", f"{own}\n")
    path = tmp_path / "s.toml"
    path.write_text(content, encoding="utf-8")
    scenario = read_scenario(path)
    assert scenario.central().value(FIND) == 3.5
    again = Scenario.of(scenario.model_dump(mode="json"))
    assert again == scenario and again.fingerprint() == scenario.fingerprint()
    path.write_text(content.replace("3.5", "5"), encoding="utf-8")
    with pytest.raises(UserError, match="lies outside 3 to 4"):
        read_scenario(path)


def test_what_was_changed_is_said(tmp_path: Path) -> None:
    own = f'["{FIND}"]\nvalue = 3\nlow = 2\nhigh = 4\nsource = "Dr. A"'
    asked = changed(tmp_path, own, f"{LAW}={PACKAGED.value(LAW)}")
    said = changes_in_words(PLAIN, asked)
    assert set(said) == {FIND, LAW}
    assert said[FIND].startswith("3 ") and "from 2 to 4" in said[FIND] and "Dr. A" in said[FIND]


@pytest.mark.parametrize("command", ["run", "council", "whatif"])
def test_commands_refuse_a_wrong_number(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for lang, line in (("en", "outside the range"), ("nl", "buiten wat het onderzoek zegt")):
        asked = [command, str(EXAMPLE), "--set", f"{FIND}={HIGHER}", "--lang", lang]
        assert cli.execute(asked) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and line in said.err
