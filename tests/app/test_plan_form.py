"""A plan as a form, a file and a link: nothing is lost, and nonsense is refused in words."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim.app.pages_plan import EXAMPLES, example
from siexsim.app.planfile import (
    LARGEST_UPLOAD_BYTES,
    checked,
    content_of,
    opened,
    packed,
    toml_of,
    unpacked,
)
from siexsim.app.planform import content_of_fields, fields_of, kept, number_of, written
from siexsim.errors import UserError
from siexsim.interventions import packaged_interventions
from siexsim.parameters import Parameters
from siexsim.scenario import Scenario, read_scenario

SCENARIOS = sorted(Path("experiments/scenarios").glob("*.toml"))


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_file_comes_through_the_form_as_it_was(path, lang):
    """What the command line takes is what the form gives back, and the other way round."""
    scenario = read_scenario(path)
    content = content_of(scenario)
    read = content_of_fields(fields_of(content, lang), content, lang)
    assert not read.faults
    assert checked(read.content, lang) == scenario
    assert checked(unpacked(packed(content), lang), lang) == scenario
    assert opened(toml_of(content).encode(), lang) == scenario


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_can_be_run(name, lang):
    scenario = checked(example(name, lang), lang)
    assert (scenario.plan is None) == (name == "nothing")


def test_changed_assumptions_and_shocks_come_through(tmp_path):
    name = next(p.key for p in Parameters.packaged().values() if not p.fixed and p.high > p.low)
    content = example("small", "nl") | {
        "parameters": {name: Parameters.packaged()[name].low},
        "shocks": [{"kind": "energy", "start": "2023-04", "strength": 0.7, "support": False}],
    }
    scenario = checked(content, "nl")
    read = content_of_fields(fields_of(content_of(scenario), "nl"), content_of(scenario), "nl")
    assert checked(read.content, "nl") == scenario


def test_what_the_form_does_not_show_is_kept_and_named():
    scenario = read_scenario("experiments/scenarios/eigen_hulp.toml")
    content = content_of(scenario)
    assert kept(content) == ["interventions.scooter"]
    fields = fields_of(content, "nl") | {"help_debt_relief": ["1.000.000"]}
    changed = checked(content_of_fields(fields, content, "nl").content, "nl")
    assert changed.interventions == scenario.interventions
    assert changed.plan.budget_eur_per_year == 1_250_000
    assert changed.plan.mix["scooter"] == pytest.approx(0.2)


@given(
    amounts=st.dictionaries(
        st.sampled_from(sorted(packaged_interventions())), st.integers(1, 9_999_999), min_size=1
    ),
    lang=st.sampled_from(["nl", "en"]),
)
@settings(max_examples=30, deadline=None)
def test_amounts_become_a_mix_that_adds_up(amounts, lang):
    base = example("small", lang)
    fields = {k: v for k, v in fields_of(base, lang).items() if not k.startswith("help_")}
    fields |= {f"help_{name}": [written(eur, lang)] for name, eur in amounts.items()}
    plan = checked(content_of_fields(fields, base, lang).content, lang).plan
    assert plan.budget_eur_per_year == sum(amounts.values())
    for name, eur in amounts.items():
        assert plan.mix[name] * plan.budget_eur_per_year == pytest.approx(eur)


@pytest.mark.parametrize(
    ("said", "lang", "value"),
    [
        ("250.000", "nl", 250_000), ("250000", "nl", 250_000), ("€ 1.250,5", "nl", 1250.5),
        ("250,000", "en", 250_000), ("0.2", "en", 0.2), ("−3", "nl", -3),
    ],
)  # fmt: skip
def test_numbers_are_read_as_the_language_writes_them(said, lang, value):
    assert number_of(said, lang) == value


@pytest.mark.parametrize(
    ("said", "lang"),
    [("2.5", "nl"), ("2,5", "en"), ("1e9", "nl"), ("nan", "nl"), ("10-", "en"), ("1.0.0", "nl"),
     ("veel", "nl"), ("1,2,3", "en"), ("--1", "nl")],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_no_number(said, lang):
    with pytest.raises(ValueError, match=r".*"):
        number_of(said, lang)


@given(value=st.floats(-1e6, 1e6).map(lambda v: round(v, 4)), lang=st.sampled_from(["nl", "en"]))
def test_a_number_that_is_written_is_read_back(value, lang):
    assert number_of(written(value, lang), lang) == pytest.approx(value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"help_house": ["2.5.1"]}, "help_house"), ({"help_house": ["-5"]}, "help_house"),
        ({"years": ["3,5"]}, "years"), ({"years": ["99"]}, "years"),
        ({"start": ["juli"]}, "start"), ({"revolving": ["150"]}, "revolving"),
        ({"wijk": [], "wijk2": ["Centrum"]}, "wijk"),
    ],
)  # fmt: skip
def test_a_fault_is_said_at_its_field(changes, field):
    base = example("small", "nl")
    read = content_of_fields(fields_of(base, "nl") | changes, base, "nl")
    assert list(read.faults) == [field]


def test_no_amount_at_all_is_a_fault_and_nothing_is_a_choice():
    base = example("small", "nl")
    fields = {k: v for k, v in fields_of(base, "nl").items() if not k.startswith("help_")}
    assert "help" in content_of_fields(fields, base, "nl").faults
    alone = content_of_fields({**fields, "nothing": ["yes"]}, base, "nl")
    assert not alone.faults
    assert checked(alone.content, "nl").plan is None


# --- Files and links ----------------------------------------------------------------------------

GOOD = toml_of(example("small", "nl"))


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (b"", "name"), (b"\xff\xfe\x00", "UTF-8"), (b"name = ", "TOML"),
        (b"x" * (LARGEST_UPLOAD_BYTES + 1), "groot"), (b"[" * 5000, "TOML|diep"),
        (GOOD.replace("Noordoost", "Nergens").encode(), "Nergens"),
        ((GOOD + "\nvreemd = 1\n").encode(), "vreemd"),
        (b'name = "x"\ninterventions = ["../../../etc/passwd"]', "andere bestanden"),
        (b'name = "x"\n[[shocks]]\nkind = "own"\nstart = "2023-01"\nfile = "/etc/passwd"',
         "andere bestanden"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_line_in_words(upload, said):
    with pytest.raises(UserError, match=said) as mistake:
        opened(upload, "nl")
    assert "\n" not in str(mistake.value)
    assert "/tmp" not in str(mistake.value)


@pytest.mark.parametrize("link", ["x", "%%%", "A" * 7000, packed({}) [:-4]])  # fmt: skip
def test_a_bad_link_gets_one_line(link):
    with pytest.raises(UserError):
        unpacked(link, "en")


def test_a_link_that_swells_is_refused():
    bomb = zlib.compress(json.dumps({"name": "x" * 5_000_000}).encode(), 9)
    link = base64.urlsafe_b64encode(bomb).decode().rstrip("=")
    with pytest.raises(UserError):
        unpacked(link[:6000], "nl")


@given(name=st.text(min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_name_is_written_as_toml(name):
    scenario = Scenario(name=name)
    assert opened(toml_of(content_of(scenario)).encode(), "en").name == name
