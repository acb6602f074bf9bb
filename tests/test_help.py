"""Help as data: files of interventions, who is eligible, who says yes, who waits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import draws, help
from siexsim import household as hh
from siexsim.errors import UserError
from siexsim.help import HELPS, seek
from siexsim.interventions import (
    CHANNELS,
    CONDITIONS,
    NUMBERS,
    packaged_interventions,
    read_intervention,
)
from siexsim.parameters import Parameters
from tests.rules.conftest import NOW, crowd, plain, someone

PACKAGED = Parameters.packaged()
VALUES = PACKAGED.compiled()
conditions = plain(help.conditions)
acceptance = plain(help.acceptance)
TEXT = """
title = "A visit"
titel = "Een bezoek"
words = "Somebody comes by."
woorden = "Iemand komt langs."
eligible = ["poor", "children"]
channels = ["partner"]
demand_led = false
grade = "D"

[numbers.take_up]
value = 0.5
low = 0.2
high = 0.8
unit = "share"
source = "none"
grade = "assumption"
used_in = "help.py"
meaning = "who says yes"
betekenis = "wie ja zegt"
"""


# ---- files -------------------------------------------------------------------------------------


def test_the_packaged_interventions_are_complete() -> None:
    assert set(packaged_interventions()) == {
        "breakthrough", "debt_relief", "energy_help", "house", "income_support", "job_guidance",
        "mobility_mentoring", "neighbourhood_coaching", "school_support",
    }  # fmt: skip
    for name, one in packaged_interventions().items():
        assert one.name == name and one.eligible and one.channels
        for text in (one.title, one.titel, one.words, one.woorden):
            assert text.strip()
        keys = {number.name for number in one.parameters}
        assert {
            "course_months",
            "success_share",
            "reach_per_month",
            "take_up",
            "price_start_eur",
        } <= keys


def test_a_file_is_an_intervention() -> None:
    one = read_intervention(TEXT, "visit", "visit.toml")
    assert one.eligible == ("poor", "children")
    assert one.needs == help.POOR | help.CHILDREN
    assert [number.key for number in one.parameters] == ["visit.take_up"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "A visit"', "title = ", "not valid TOML"),
        ('title = "A visit"\n', "", "title"),
        ('"poor"', '"rich"', "eligible"),
        ('grade = "D"', 'grade = "F"', "grade"),
        ("demand_led = false", 'demand_led = "often"', "demand_led"),
        ("demand_led = false", "colour = 1\ndemand_led = false", "colour"),
        (
            "numbers.take_up",
            "numbers.take_upp",
            "unknown number 'take_upp'; did you mean 'take_up'",
        ),
        ("value = 0.5", "value = 0.9", "parameter 'take_up': value 0.9 lies outside 0.2 to 0.8"),
        ('source = "none"\n', "", "parameter 'take_up': source"),
        ("value = 0.5", 'value = "half"', "parameter 'take_up': value"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(UserError) as caught:
        read_intervention(TEXT.replace(old, new, 1), "visit", "visit.toml")
    message = str(caught.value)
    assert message.startswith("visit.toml: ") and said in message and "\n" not in message


@pytest.mark.parametrize("numbers", ["3", '["take_up"]'])
def test_numbers_of_another_shape_are_refused_in_one_line(numbers: str) -> None:
    text = f"numbers = {numbers}\n" + TEXT.split("[numbers.take_up]")[0]
    with pytest.raises(UserError, match=r"^visit\.toml: "):
        read_intervention(text, "visit", "visit.toml")


def test_a_file_does_not_name_itself_otherwise() -> None:
    with pytest.raises(UserError, match=r"^visit\.toml: .*name"):
        read_intervention('name = "other"\n' + TEXT, "visit", "visit.toml")


def test_what_a_file_leaves_out_is_neutral() -> None:
    helps = help.compiled(["debt_relief"], PACKAGED)
    offer = helps.offers[0]
    assert helps.count == 1 and offer["needs"] == help.DEBTS
    for number, neutral in NUMBERS.items():
        key = f"debt_relief.{number}"
        assert offer[number] == (PACKAGED.value(key) if key in PACKAGED.entries else neutral)
    neutral = {"find_early_factor": 1, "find_late_factor": 1, "success_share": 1, "fixes_home": 0}
    assert all(NUMBERS[name] == value for name, value in neutral.items())
    assert all(NUMBERS[name] == 0 for name in NUMBERS if name.startswith("relief"))


def test_every_number_is_read_somewhere() -> None:
    from pathlib import Path

    home = Path(help.__file__).parent
    texts = "".join((home / f).read_text() for f in ("course.py", "rules/course.py", "help.py"))
    assert [name for name in NUMBERS if name not in texts] == []


# ---- eligible ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"debt_state": hh.ARREARS}, "debts"), ({"debt_state": hh.PROBLEMATIC}, "debts"),
        ({"poor": 1}, "poor"), ({"on_welfare": 1}, "welfare"),
        ({"home": hh.UNFIT}, "unfit_home needs_home"),
        ({"home": hh.THREATENED}, "unfit_home"), ({"child_birth": [NOW - 12]}, "children"),
        ({"child_birth": [NOW - 60]}, "children pupils"),
        ({"stress": [0.3, 0.3, 0.3, 0.3, 0.95]}, "high_stress"),
        ({"debt_state": hh.ARRANGEMENT}, None), ({"home": hh.LOST}, "needs_home"), ({}, None),
    ],
)  # fmt: skip
def test_conditions_are_what_they_say(fields: dict[str, Any], word: str | None) -> None:
    met = conditions(someone(**fields), VALUES, NOW)
    assert met == sum(1 << CONDITIONS.index(one) for one in (word or "").split())


def test_younger_children_count_when_the_first_has_left() -> None:
    h = someone(child_birth=[hh.NO_BIRTH, NOW - 50])
    assert h.kids == 1
    assert conditions(h, VALUES, NOW) & help.CHILDREN


# ---- says yes ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1), readiness=st.floats(0, 1))
def test_saying_yes_falls_with_stress(low: float, high: float, readiness: float) -> None:
    low, high = sorted((low, high))
    calm, pressed = (someone(stress=[s] * 5, readiness=readiness) for s in (low, high))
    assert acceptance(pressed, 0.5, 1.0, VALUES) <= acceptance(calm, 0.5, 1.0, VALUES)


def test_saying_yes_falls_with_shame_and_is_the_take_up_of_the_ordinary() -> None:
    known = {"on_welfare": 1}
    assert acceptance(someone(**known), 0.37, 1.0, VALUES) == pytest.approx(0.37)
    ashamed = acceptance(someone(), 0.37, 1.0, VALUES)
    assert ashamed == pytest.approx(0.37 * VALUES.help.shame_factor)
    by_readiness = [acceptance(someone(readiness=r), 0.37, 1.0, VALUES) for r in (0.0, 0.5, 1.0)]
    assert by_readiness == sorted(by_readiness) and by_readiness[0] < by_readiness[2]


def test_a_trusted_coach_opens_doors_to_other_help_only() -> None:
    helps = offered()
    helps.count = 2
    helps.offers[1]["opens_factor"] = 1.3
    trust = plain(help.trust)
    for state, factor in ((hh.UNTOUCHED, 1.0), (hh.RUNNING, 1.3), (hh.COMPLETED, 1.3)):
        h = someone(help=[hh.UNTOUCHED, state])
        assert trust(h, 0, helps) == factor and trust(h, 1, helps) == 1.0
    assert acceptance(someone(), 0.3, 1.3, VALUES) > acceptance(someone(), 0.3, 1.0, VALUES)
    assert acceptance(someone(), 0.9, 9.0, VALUES) == VALUES.help.most_likely_share


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({"on_welfare": 1}, "welfare"), ({"debt_state": hh.ARREARS}, "arrears"),
        ({"tenure": hh.CORPORATION}, "tenancy"), ({"child_birth": [NOW - 100]}, "school"),
    ],
)  # fmt: skip
def test_the_best_way_to_a_household_counts(fields: dict[str, Any], channel: str) -> None:
    found, every = plain(help.found), 2 ** len(CHANNELS) - 1
    hidden = someone(tenure=hh.OWNER)
    assert found(hidden, every, VALUES, NOW) == VALUES.help.found_by_partner
    assert found(hidden, help.BY_WELFARE | help.BY_ARREARS, VALUES, NOW) == 0.0
    known = someone(**{"tenure": hh.OWNER, **fields})
    assert found(known, every, VALUES, NOW) == VALUES.help[f"found_by_{channel}"]


@pytest.mark.parametrize(
    ("fields", "group"),
    [
        ({"on_welfare": 1}, "welfare"), ({"position": [hh.PENSION, 0]}, "pensioner"),
        ({"position": [hh.FLEX, 0]}, "flex"),
        ({"position": [hh.SELF_EMPLOYED, 0]}, "self_employed"),
        ({"position": [hh.SELF_EMPLOYED, hh.FLEX]}, "flex"),
        ({"position": [hh.FLEX, hh.PERMANENT]}, "employed"), ({"position": [hh.WW, 0]}, "benefit"),
        ({"position": [hh.NO_INCOME, 0]}, "other"),
    ],
)  # fmt: skip
def test_groups_are_those_the_council_named(fields: dict[str, Any], group: str) -> None:
    assert hh.GROUPS[plain(help.group_of)(someone(**fields))] == group


# ---- found and waiting -------------------------------------------------------------------------


def offered(**changes: float) -> Any:
    helps = np.zeros(1, HELPS).view(np.recarray)[0]
    everybody = {"reach_per_month": 4.0, "take_up": 10.0, "ways": 2 ** len(CHANNELS) - 1}
    usual = {**everybody, "needs": help.POOR, "demand_led": 0}
    for name, value in {**NUMBERS, **usual, **changes}.items():
        helps.offers[0][name] = value
    helps.count = 1
    return helps


def sought(people: Any, helps: Any, month: int = NOW, where: Any = None, rows: Any = None) -> Any:
    rows = np.arange(len(people)) if rows is None else rows
    where = np.ones(20, np.bool_) if where is None else where
    waiting = np.empty((len(rows) * int(helps.count), 2), np.int64)
    found = seek(people, rows, where, helps, VALUES, np.uint64(1), month, waiting)
    return waiting[:found]


def a_town(count: int = 2000) -> Any:
    people = crowd(count, 11)
    people["poor"] = np.arange(count) % 2
    people["wijk"] = np.arange(count) % 20
    return people


def test_only_the_eligible_of_the_covered_neighbourhoods_are_found() -> None:
    people = a_town()
    where = np.arange(20) < 6
    rows = sought(people, offered(), where=where)[:, 0]
    eligible = (people["poor"] == 1) & (people["wijk"] < 6) & (people["student"] == 0)
    assert eligible[rows].all() and len(rows) > 0.9 * eligible.sum()  # nobody's yes is certain
    assert (people["help"][rows, 0] == hh.WAITING).all()
    others = np.setdiff1d(np.arange(len(people)), rows)
    assert (people["help"][others] == hh.UNTOUCHED).all()
    assert (people["met"][eligible] & hh.REACHED).all() and (people["met"][~eligible] == 0).all()
    assert ((people["met"] & hh.ACCEPTED) > 0).sum() == len(rows)


def test_all_named_conditions_must_hold() -> None:
    people = a_town()
    rows = sought(people, offered(needs=help.POOR | help.WELFARE))[:, 0]
    assert len(rows) == 0
    people["on_welfare"][:500] = 1
    rows = sought(people, offered(needs=help.POOR | help.WELFARE))[:, 0]
    assert (people["poor"][rows] & people["on_welfare"][rows]).all() and len(rows) > 200


def test_reach_is_a_chance_per_month() -> None:
    people = a_town(8000)
    eligible = ((people["poor"] == 1) & (people["student"] == 0)).sum()
    people["on_welfare"] = 1  # known to everybody who looks
    reached = len(sought(people, offered(reach_per_month=0.1)))
    assert reached == pytest.approx(0.095 * eligible, abs=5 * np.sqrt(0.09 * eligible))


def test_take_up_is_the_share_that_says_yes() -> None:
    people = a_town(8000)
    people["readiness"], people["stress"], people["on_welfare"] = 0.5, 0.3, 1
    eligible = ((people["poor"] == 1) & (people["student"] == 0)).sum()
    said = len(sought(people, offered(take_up=0.37)))
    assert said == pytest.approx(0.37 * eligible, abs=5 * np.sqrt(0.25 * eligible))


def test_who_is_found_does_not_depend_on_the_order() -> None:
    people = a_town()
    helps = offered(reach_per_month=0.3, take_up=0.6)
    turned = people[::-1].copy()
    first = people["id"][sought(people, helps)[:, 0]]
    second = turned["id"][sought(turned, helps)[:, 0]]
    assert set(first) == set(second)


def test_people_give_up_waiting() -> None:
    people = a_town(40)
    helps, nobody_new = offered(), offered(reach_per_month=0.0)
    waiting = sought(people, helps)[:, 0]
    longest = int(VALUES.help.longest_wait_months)
    for month in range(1, longest + 1):
        assert set(sought(people, nobody_new, NOW + month)[:, 0]) == set(waiting)
        assert (people["help_months"][waiting, 0] == month).all()
    assert len(sought(people, nobody_new, NOW + longest + 1)) == 0
    assert (people["help"][waiting, 0] == hh.UNTOUCHED).all()
    assert (people["help_months"][waiting, 0] == 0).all()


@pytest.mark.parametrize("state", [hh.RUNNING, hh.COMPLETED, hh.DROPPED])
def test_help_is_given_once(state: int) -> None:
    people = a_town(200)
    people["help"][:, 0] = state
    assert len(sought(people, offered())) == 0
    assert (people["help"][:, 0] == state).all()


def test_slots_of_help_are_its_own() -> None:
    """Being reached and saying yes are two decisions of the same household and month."""
    ids = np.arange(5000, dtype=np.uint64)
    reach = draws.uniform(1, ids, NOW, draws.HELP_FIRST + draws.HELP_REACH)
    accept = draws.uniform(1, ids, NOW, draws.HELP_FIRST + draws.HELP_ACCEPT)
    assert abs(np.corrcoef(reach, accept)[0, 1]) < 0.08
