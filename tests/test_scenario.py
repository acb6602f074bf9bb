"""Scenario files, valid and broken: read, or refused in one line."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexsim.errors import UserError
from siexsim.place import load_place
from siexsim.scenario import LONGEST_MESSAGE, Scenario, read_scenario

EXAMPLE = Path(__file__).parent.parent / "experiments" / "scenarios" / "noordoost.toml"
MIX = ("debt_relief", "breakthrough", "job_guidance")


def said(path, lang="en", changes=None):
    """The one line with which a file is refused."""
    with pytest.raises(UserError) as caught:
        read_scenario(path, lang, changes)
    line = str(caught.value)
    assert "\n" not in line and line.isprintable()
    assert len(line) <= LONGEST_MESSAGE
    for jargon in ("Input should", "type=", "http", "pydantic", "Value error"):
        assert jargon not in line
    return line


def test_the_example_reads():
    scenario = read_scenario(EXAMPLE)
    assert scenario.name == "Noordoost"
    assert scenario.plan.mix["debt_relief"] == 0.4
    assert read_scenario(EXAMPLE, changes={"years": 5, "sample": 10}).months() == 60


def test_the_fingerprint_follows_what_a_run_depends_on():
    scenario = read_scenario(EXAMPLE)
    assert scenario.fingerprint() == read_scenario(EXAMPLE, "nl").fingerprint()
    assert scenario.fingerprint() != read_scenario(EXAMPLE, changes={"seed": 2}).fingerprint()
    struck = {"shocks": [{"kind": "energy", "start": "2022-01"}]}
    assert scenario.fingerprint() != read_scenario(EXAMPLE, changes=struck).fingerprint()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            '["Noordoost"]',
            '["Beijm"]',
            "plan.wijken: unknown neighbourhood 'Beijm'; did you mean 'Noordoost (Beijum)'?",
        ),
        ("debt_relief = 0.4", "debt_relief = 0.5", "plan.mix: the shares sum to 1.1"),
        ("debt_relief =", "debt_releif =", "did you mean 'debt_relief'?"),
        ("budget_eur", "budjet_eur", "unknown key; did you mean 'budget_eur_per_year'?"),
        ("500000", "-1", "plan.budget_eur_per_year is -1; at least 0 is needed"),
        ("500000", "nan", "plan.budget_eur_per_year is nan"),
        ("500000", "inf", "a finite number is needed"),
        ('start = "2022-07"', 'start = "2021-07"', "it must start within the run, 2022-01 to"),
        ('start = "2022-07"', "start = 2022-07-01", "a text between quotes is needed"),
        ('end = "2026-06"', 'end = "2022-06"', "ends (2022-06) before it starts"),
        ('start = "2022-01"', 'start = "2023-01"', "a run starts in a January from 2012 to 2022"),
        ("years = 11", "years = 30", "years is 30; at most 25"),
        ("years = 11", "years = 2.5", "a whole number is needed"),
        ("years = 11", "years = [", "at line"),
        ("years = 11", "years = " + "9" * 5000, "too long"),
        ('name = "Noordoost"', "", "name is missing"),
        ("groningen", "Gronigen", "did you mean 'groningen'?"),
        ("evidence", "evidnce", "did you mean 'evidence'?"),
        ("[plan]", '[parameters]\n"work.x" = 1\n[plan]', "unknown parameter 'work.x'"),
        (
            "[plan]",
            '[parameters]\n"work.lose_flex_per_year" = 20\n[plan]',
            "out of bounds; 0.1 to 0.3 is plausible",
        ),
        ("[plan]", "[[plan]]", "plan"),
    ],
)
def test_each_mistake_gets_its_line(tmp_path, old, new, line):
    content = EXAMPLE.read_text(encoding="utf-8")
    assert old in content
    path = tmp_path / "s.toml"
    path.write_text(content.replace(old, new), encoding="utf-8")
    english, dutch = said(path), said(path, "nl")
    assert line in english
    assert english.startswith(f"{path}: ") and dutch.startswith(f"{path}: ")
    assert english != dutch or old == "[plan]"


def test_a_plan_after_a_shortened_run_is_refused(tmp_path):
    path = tmp_path / "s.toml"
    content = EXAMPLE.read_text(encoding="utf-8")
    path.write_text(content.replace('start = "2022-07"', 'start = "2024-07"'), encoding="utf-8")
    assert "2022-01 to 2023-12" in said(path, changes={"years": 2})


def test_an_option_is_named_as_the_option():
    assert said(EXAMPLE, changes={"years": 30}).startswith("--years is 30")
    assert said(EXAMPLE, "nl", {"effects": "ip"}).endswith("bedoelde u 'ipw'?")


def test_files_that_are_no_scenario(tmp_path):
    (tmp_path / "latin").write_bytes(b'name = "x"\nplace = "\xff"')
    (tmp_path / "huge").write_bytes(b"#" * 1_500_000)
    (tmp_path / "deep").write_text("a = " + "[" * 100_000)
    assert "no such file" in said(tmp_path / "nothing.toml")
    assert "this is a folder" in said(tmp_path)
    assert "(line 2)" in said(tmp_path / "latin")
    assert "too large" in said(tmp_path / "huge")
    assert "too deeply" in said(tmp_path / "deep")
    assert said("a\0b")
    assert said("x" * 5000)


# --- Generated files --------------------------------------------------------------------------

PLACE = load_place()
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)
SCALARS = st.one_of(
    st.integers(), st.floats(), st.booleans(), TEXTS, st.dates(), st.just([]), st.just({}),
    st.lists(st.integers(), max_size=3), st.dictionaries(TEXTS, st.integers(), max_size=2),
)  # fmt: skip


def toml(value):
    """Write a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        safe = {c for c in string.printable if c.isprintable()} - {'"', "\\"}
        shown = "".join(c if c in safe else f"\\U{ord(c):08x}" for c in value)
        return f'"{shown}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return str(value)


def document(content):
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in content.items())


@st.composite
def plans(draw):
    first = draw(st.integers(0, 11))
    return {
        "mix": draw(
            st.sampled_from([{"debt_relief": 1.0}, dict(zip(MIX, (0.4, 0.3, 0.3), strict=True))])
        ),
        "budget_eur_per_year": draw(st.floats(0, 1e9)),
        "start": f"2022-{first + 1:02d}",
        "end": f"{draw(st.integers(2023, 2050))}-06",
        "wijken": draw(st.lists(st.sampled_from(PLACE.wijken), max_size=3)),
        "target": draw(st.sampled_from(["first_come", "heaviest_stress", "prevention"])),
    }


@st.composite
def shocks(draw):
    shock = {
        "kind": draw(st.sampled_from(["corona", "energy", "housing", "labour_market", "own"])),
        "start": f"2022-{draw(st.integers(1, 12)):02d}",
        "strength": draw(st.floats(0, 1)),
        "support": draw(st.booleans()),
    }
    if shock["kind"] == "own":
        factors = st.lists(st.floats(0.5, 2), min_size=1, max_size=3)
        shock["effects"] = {"find": draw(factors), "energy": draw(factors)}
    return shock


@st.composite
def valid(draw):
    content = {"name": draw(TEXTS.filter(bool))}
    optional = {
        "years": st.integers(1, 25), "seed": st.integers(0, 2**63 - 1), "plan": plans(),
        "sample": st.integers(1, 1000), "futures": st.integers(1, 10_000),
        "effects": st.sampled_from(["evidence", "sceptical", "ipw"]),
        "shocks": st.lists(shocks(), max_size=2),
    }  # fmt: skip
    for key, values in optional.items():
        if draw(st.booleans()):
            content[key] = draw(values)
    return content


@st.composite
def broken(draw):
    """A valid scenario in which one thing is changed: a value, a key, or a piece of its text."""
    content = draw(valid())
    where = content
    if "plan" in content and draw(st.booleans()):
        where = content["plan"]
        if draw(st.booleans()):
            where = where["mix"]
    elif content.get("shocks") and draw(st.booleans()):
        where = content["shocks"][0]
        if "effects" in where and draw(st.booleans()):
            where = where["effects"]
    kind = draw(st.sampled_from(["value", "key", "gone", "text"]))
    key = draw(st.sampled_from(sorted(where)))
    if kind == "value":
        where[key] = draw(SCALARS)
    elif kind == "key":
        where[draw(TEXTS)] = draw(SCALARS)
    elif kind == "gone":
        del where[key]
    written = document(content)
    if kind == "text":
        place = draw(st.integers(0, len(written)))
        written = written[:place] + draw(TEXTS) + written[place + draw(st.integers(0, 3)) :]
    return written


def check(path, content):
    """Read, or be refused with a UserError of one line; nothing else."""
    path.write_bytes(content)
    before = sorted(path.parent.iterdir())
    for lang in ("en", "nl"):
        try:
            assert isinstance(read_scenario(path, lang), Scenario)
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) <= LONGEST_MESSAGE
            assert "Input should" not in str(error) and "http" not in str(error)
    assert sorted(path.parent.iterdir()) == before


QUICK = settings(
    max_examples=400, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@QUICK
@given(content=valid())
def test_generated_valid_scenarios_are_read(tmp_path, content):
    path = tmp_path / "valid.toml"
    path.write_text(document(content), encoding="utf-8")
    scenario = read_scenario(path)
    assert scenario.name == content["name"]
    assert (scenario.plan is not None) == ("plan" in content)
    assert len(scenario.shocks) == len(content.get("shocks", []))


@QUICK
@given(content=broken())
def test_generated_broken_scenarios_are_refused_in_one_line(tmp_path, content):
    check(tmp_path / "broken.toml", content.encode())


@settings(QUICK, max_examples=200)
@given(content=st.one_of(st.binary(max_size=200), TEXTS.map(str.encode)))
def test_files_of_anything_are_refused_in_one_line(tmp_path, content):
    check(tmp_path / "anything.toml", content)
