"""One life told again: it is the life of the result, in sentences of both languages."""

from __future__ import annotations

import doctest
import io
import string
import tomllib
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from siexsim import events, plots, result, telling
from siexsim import household as hh
from siexsim.errors import UserError
from siexsim.events import Page, life_events, steady
from siexsim.items import PAYERS
from siexsim.lives import explain, suggest
from siexsim.plan import Plan
from siexsim.run import run
from siexsim.scenario import Scenario
from siexsim.story import BOTH, lines, print_life, print_suggestions
from siexsim.telling import sentences, told

PLAN = Plan(
    mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
    budget_eur_per_year=3e7, start="2022-02", end="2023-06",
)  # fmt: skip
HIGH = 0.6


@pytest.fixture(scope="module")
def outcome() -> Any:
    return run(Scenario(name="lives", years=3, sample=200, futures=1, seed=5, plan=PLAN))


@pytest.fixture(scope="module")
def folder(outcome: Any, tmp_path_factory: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw_all", lambda *_: [])
        return result.write(outcome, tmp_path_factory.mktemp("raw"), 1.0, raw=True)


@pytest.fixture(scope="module")
def released(outcome: Any, tmp_path_factory: Any) -> Any:
    """The same result without single households."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "draw_all", lambda *_: [])
        return result.write(outcome, tmp_path_factory.mktemp("out"), 1.0)


@pytest.fixture(scope="module")
def helped(folder: Any) -> Any:
    """The life of the household with most courses of help."""
    people = result.load(folder).participants
    return explain(folder, int(people["household"].value_counts().index[0]))


def shown(life: Any, lang: str, width: int = 100) -> str:
    screen = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    print_life(screen, life, lang)
    return screen.file.getvalue()  # type: ignore[attr-defined]


# ---- the same life -----------------------------------------------------------------------------


def test_the_life_is_that_of_the_result(helped: Any, outcome: Any) -> None:
    for what, world in (("without", outcome.without), ("with", outcome.with_plan)):
        row = np.flatnonzero(world.households["id"] == np.uint64(helped.household))[0]
        last = helped.pages[what][-1].record
        assert all(np.array_equal(last[n], world.households[row][n]) for n in hh.HOUSEHOLD.names)
    assert len(helped.pages["with"]) == len(helped.pages["without"]) <= 37


def test_cost_and_return_are_those_of_the_table_of_participants(folder: Any) -> None:
    people = result.load(folder).participants
    gain = people[[f"returned_{payer}_eur" for payer in PAYERS]].abs().sum(axis=1)
    for household in {int(people.loc[gain.idxmax(), "household"]), int(people["household"][0])}:
        life, own = explain(folder, household), people[people["household"] == household]
        assert sum(one.cost_eur for one in life.courses) == pytest.approx(own["cost_eur"].sum())
        assert life.overhead_eur == pytest.approx(own["overhead_eur"].sum())
        for payer in PAYERS:
            summed = own[f"returned_{payer}_eur"].sum()
            assert life.returned_eur[payer] == pytest.approx(summed, abs=0.005)
        ends = [
            "relapsed" if r else o for r, o in zip(own["relapsed"], own["outcome"], strict=True)
        ]
        assert [one.outcome for one in life.courses] == ends
        assert [one.name for one in life.courses] == own["intervention"].tolist()


def test_whoever_wasn_t_helped_lives_the_same_life_twice(folder: Any, outcome: Any) -> None:
    people = outcome.with_plan.households
    untouched = (people["met"] == 0) & (people["student"] == 0) & (people["debt_state"] > 0)
    life = explain(folder, int(people["id"][untouched][0]))
    assert life.events["with"] == life.events["without"]
    assert all(world == BOTH for _, world, *_ in lines(life, "nl"))
    assert not any(life.returned_eur.values()) and life.courses == ()
    said = shown(life, "nl")
    assert "zonder plan" not in said.split("Wat gebeurt er?")[1].split("Hoe sta")[0].lower()
    assert "geen hulp" in said


def test_a_newcomer_has_a_life_too(folder: Any, outcome: Any) -> None:
    start = hh.month_number("2022-01")
    came = outcome.without.households
    late = came["id"][(came["came"] > start + 2) & (came["came"] < start + 12)]
    life = explain(folder, str(int(late[0])))
    first = life.pages["without"][0]
    assert first.month == int(first.record["came"]) > start
    assert str(life.household) in shown(life, "en")


def test_wrong_numbers_get_one_clear_line(folder: Any) -> None:
    for wrong in ("x", "", "-3", "1.5", "9" * 21, str(2**64), "١٢", "12\n13"):
        with pytest.raises(UserError, match="--household") as caught:
            explain(folder, wrong, "nl")
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 150
    with pytest.raises(UserError, match="there is no household 12 in this result"):
        explain(folder, 12)
    with pytest.raises(UserError):
        explain(folder / "none", 12)


def test_a_result_of_another_program_is_said_to_be(helped: Any) -> None:
    from dataclasses import replace

    warned = "made with another version of the program"
    assert helped.same_program and warned not in shown(helped, "en")
    assert warned in shown(replace(helped, same_program=False), "en")


def test_privacy_is_said(helped: Any) -> None:
    from dataclasses import replace

    said = " ".join(shown(helped, "nl").split())
    assert "Dit huishouden bestaat niet" in said and "aantallen per wijk zijn wel echt" in said
    made_up = replace(helped, real_margins=False)
    assert "wel echt" not in " ".join(shown(made_up, "nl").split())


# ---- suggestions -------------------------------------------------------------------------------


def test_suggestions_are_what_they_say(folder: Any, released: Any) -> None:
    """A released result names no household; its worlds are lived again to find some."""
    people = result.load(folder).participants.set_index("household")
    assert "household" not in result.load(released).participants
    found = {one.why: one.household for one in suggest(released)}
    assert "dropped" in found and len(set(found.values())) == len(found)
    assert "dropped" in set(people.loc[[found["dropped"]], "outcome"])
    if "relapsed" in found:
        assert people.loc[[found["relapsed"]], "relapsed"].any()
    public = [f"returned_{payer}_eur" for payer in ("municipality", "state", "insurer", "uwv")]
    returned = people[public].sum(axis=1).groupby(level=0).sum()
    if returned.max() > 0:
        assert returned[found["largest_return"]] == returned.max()


def test_suggestions_without_a_plan_are_of_the_poor(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(plots, "draw_all", lambda *_: [])
    there = result.write(run(Scenario(name="alone", years=1, sample=500)), tmp_path, 1.0)
    found = suggest(there)
    assert [one.why for one in found] == ["poor"] * 3
    life = explain(there, found[0].household)
    assert set(life.pages) == {"without"}
    said = shown(life, "en")
    assert "with plan" not in said.lower() and "return" not in said.lower()
    screen = Console(file=io.StringIO(), width=100)
    print_suggestions(screen, found, there, "nl")
    assert str(found[0].household) in screen.file.getvalue()  # type: ignore[attr-defined]


# ---- events by hand ----------------------------------------------------------------------------


def pages(*changes: dict[str, Any]) -> list[Page]:
    """A person alone, changed month by month from December 2021."""
    one = hh.empty(1)
    one["birth"][0, 0], one["state"] = hh.month_number("1980-01"), hh.PRESENT
    one["position"][0] = [hh.PERMANENT, hh.NO_INCOME]
    found = [Page(1463, one[0].copy())]
    for k, change in enumerate(changes):
        for name, value in change.items():
            one[name][0] = value
        found.append(Page(1464 + k, one[0].copy()))
    return found


def names(*changes: dict[str, Any]) -> list[tuple[int, str]]:
    events = life_events(pages(*changes), ["debt_relief", "coaching"], HIGH)
    return [(event.month - 1464, event.name) for event in events]


def test_work_and_welfare() -> None:
    idle, on_ww = [hh.NO_INCOME, hh.NO_INCOME], [hh.WW, hh.NO_INCOME]
    welfare = {"on_welfare": 1, "position": [hh.WELFARE, hh.NO_INCOME]}
    found = {"on_welfare": 0, "position": [hh.FLEX, hh.NO_INCOME]}
    assert names({"position": on_ww}, {"position": idle}, welfare, {}, {}, found, {}, {}) == [
        (0, "loses_work_ww"), (1, "ww_ends"), (2, "on_welfare_begins"),
        (5, "finds_flex"), (5, "on_welfare_ends"),
    ]  # fmt: skip


def test_what_does_not_last_is_not_told() -> None:
    assert names({"poor": 1}, {"poor": 0}, {}, {}) == []
    assert names({"debt_state": hh.ARREARS, "debt": 5}, {"debt_state": hh.NO_DEBT}, {}, {}) == []
    assert names({"poor": 1}, {}, {}, {"poor": 0}, {"poor": 1}) == [(0, "poor_begins")]
    assert steady([], 3) == [] and steady([True, False, True], 2) == [True] * 3


def test_debts_from_the_first_bill_to_a_clean_slate() -> None:
    assert names(
        {"debt_state": hh.ARREARS}, {}, {"debt_state": hh.PROBLEMATIC},
        {"debt_state": hh.ARRANGEMENT}, {"debt_state": hh.NO_DEBT}, {}, {},
    ) == [(0, "debts_arise"), (2, "debts_problematic"), (3, "debts_arranged"),
          (4, "debts_cleared")]  # fmt: skip


def test_home_and_stress() -> None:
    high = [0.1, 0.7, 0.1, 0.1, 0.7]
    assert names({"home": hh.THREATENED}, {"home": hh.LOST}, {"home": hh.FITS}) == [
        (0, "home_threatened"), (1, "home_lost"), (2, "home_found"),
    ]  # fmt: skip
    found = life_events(pages({"stress": high}, {}, {}, {}, {}, {}), [], HIGH)
    assert [(one.name, one.values["domains"]) for one in found] == [
        ("stress_high", ("money", "work"))
    ]


def test_help_that_starts_and_ends_in_one_month() -> None:
    help_ = np.zeros(hh.MAX_INTERVENTIONS, int)
    steps = [help_.copy() for _ in range(3)]
    steps[0][1], steps[1][1], steps[2][1] = hh.WAITING, hh.COMPLETED, hh.DROPPED
    met = hh.ELIGIBLE | hh.REACHED
    assert names({"met": met}, *({"help": step} for step in steps)) == [
        (0, "help_refused"), (1, "help_accepted"), (2, "help_starts"), (2, "help_completed"),
        (3, "help_relapsed"),
    ]  # fmt: skip


def test_family() -> None:
    born = [1464, *[hh.NO_BIRTH] * 3]
    couple = [hh.month_number("1980-01"), hh.month_number("1985-01")]
    alone = [hh.month_number("1980-01"), hh.NO_BIRTH]
    assert names({"child_birth": born}, {"birth": couple}, {"child_birth": [hh.NO_BIRTH] * 4}) == [
        (0, "child_born"), (1, "partner_comes"), (2, "child_leaves"),
    ]  # fmt: skip
    before, *rest = pages({"birth": couple}, {"birth": alone}, {"state": hh.MOVED_OUT})
    died = [event.name for event in life_events([before, *rest], [], HIGH)]
    assert died == ["partner_comes", "partner_dies", "moves_out"]
    rest[1] = rest[1]._replace(parted=True)
    assert life_events([before, *rest], [], HIGH)[1].name == "couple_parts"


# ---- sentences ---------------------------------------------------------------------------------


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_both_languages_have_the_same_sentences_and_blanks() -> None:
    dutch, english = sentences("nl"), sentences("en")
    assert set(dutch) == set(english)
    assert not {key for key in dutch if blanks(dutch[key]) != blanks(english[key])}
    order = [
        list(tomllib.loads((files("siexsim") / f"data/lives/{lang}.toml").read_text("utf-8")))
        for lang in ("nl", "en")
    ]
    assert order[0] == order[1]


def test_every_event_has_a_sentence_and_every_sentence_an_event() -> None:
    source = (files("siexsim") / "events.py").read_text("utf-8")
    for key in sentences("en"):
        if key.startswith("event."):
            name = key.removeprefix("event.")
            stem = name.removesuffix("_begins").removesuffix("_ends")
            assert f'"{name}"' in source or f'"{stem}"' in source, name


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_a_printed_life_has_no_hole_and_fits(helped: Any, lang: str) -> None:
    for width in (60, 100):
        said = shown(helped, lang, width)
        assert "{" not in said and "nan" not in said.split()
        assert max(len(line) for line in said.splitlines()) <= width
    other = "The household" if lang == "nl" else "Het huishouden"
    assert other not in shown(helped, lang)
    for event in helped.events["with"]:
        assert told(lang, event, helped.interventions)[0].isupper()


def test_the_examples_work() -> None:
    for module in (events, telling):
        tried = doctest.testmod(module)
        assert tried.attempted > 0 and tried.failed == 0
