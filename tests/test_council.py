"""The council's thirteen questions: numbers come from the run, few people are hidden."""

from __future__ import annotations

import io
import re
import string
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from siexsim.council import look as council_look
from siexsim.council import money as council_money
from siexsim.council import people
from siexsim.council import questions as council
from siexsim.council import said as council_said
from siexsim.council.look import Looked, in_crisis, look, look_at, needs_crisis
from siexsim.council.said import Answer, Figure, Grid, Said, Word, band, said, sentences, written
from siexsim.council.say import markdown
from siexsim.errors import UserError
from siexsim.items import MUNICIPALITY, PUBLIC
from siexsim.scenario import Scenario
from siexsim.texts import LANGUAGES

OWN_NUMBERS = {  # said in the council, so they may stand in a sentence
    "nl": ("25.000", "2.500", "7.000", "15.000"),
    "en": ("25,000", "2,500", "7,000", "15,000"),
}
LEANS = ("up", "down", "unsure", "unknown")


def scenario(**changes) -> Scenario:
    content = {
        "name": "test", "years": 4, "sample": 20, "futures": 2,
        "plan": {
            "wijken": ["Noordoost"], "mix": {"debt_relief": 0.6, "job_guidance": 0.4},
            "budget_eur_per_year": 1e6, "start": "2022-03", "end": "2023-12",
        },
    }  # fmt: skip
    return Scenario.of(content | changes)


@pytest.fixture(scope="module")
def looked() -> Looked:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(council_look, "MOST_KNOWING", 1)
        return look(scenario(), lambda what, done, total: None)


@pytest.fixture(scope="module")
def answers(looked) -> council.Answers:
    return council.answers_of(looked)


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def without_own(lang: str, words: str) -> str:
    for own in OWN_NUMBERS[lang]:
        words = words.replace(own, "")
    return words


def all_said(answers) -> list[Said]:
    return [one for answer in answers.given for one in (*answer.said, *answer.unknown)]


# --- Sentences ----------------------------------------------------------------------------------


def test_both_languages_have_the_same_sentences_and_blanks():
    dutch, english = sentences("nl"), sentences("en")
    assert set(dutch) == set(english)
    assert {k for k in dutch if blanks(dutch[k]) != blanks(english[k])} == set()
    assert all(words.strip() for words in (*dutch.values(), *english.values()))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_has_a_number_of_its_own(lang):
    with_digits = {
        key for key, words in sentences(lang).items() if re.search(r"\d", without_own(lang, words))
    }
    assert with_digits == set()


def test_eight_of_ten_is_what_a_band_holds():
    assert council_said.BAND[2] - council_said.BAND[0] == pytest.approx(0.8)


def test_a_sentence_that_depends_on_a_sign_is_there_for_every_sign():
    keys = set(sentences("nl"))
    for key in keys:
        stem, _, lean = key.rpartition("_")
        if lean == "unknown" and f"{stem}_up" in keys:
            assert {f"{stem}_{one}" for one in LEANS} <= keys, stem


def test_thirteen_questions_each_with_an_answer_and_what_would_change_it(answers):
    assert [one.question for one in answers.given] == [f"q{k}" for k in range(1, 14)]
    for one in answers.given:
        assert one.said
        assert one.unknown
        assert one.rests
        for lang in LANGUAGES:
            assert f"{one.question}.change" in sentences(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_numbers_of_a_sentence_come_from_its_figures(lang, answers):
    for one in all_said(answers):
        assert blanks(sentences(lang)[one.key]) == set(one.values), one.key
        rest = said(lang, one)
        for shown in sorted((written(lang, v) for v in one.values.values()), key=len)[::-1]:
            assert shown in said(lang, one)
            rest = rest.replace(shown, "")
        assert not re.search(r"\d", without_own(lang, rest)), rest


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_are_whole_in_both_languages(lang, answers):
    out = io.StringIO()
    council.print_answers(Console(file=out, width=100), answers, lang)
    page = markdown(answers, lang)
    for k in range(1, 14):
        assert sentences(lang)[f"q{k}.question"] in page
        assert sentences(lang)["page.question"].format(number=k, question="")[:9] in out.getvalue()
    assert not re.search(r"[{}]|\bnan\b|\binf\b|None", page)


# --- Figures ------------------------------------------------------------------------------------


def test_a_band_by_hand():
    assert band("eur", np.arange(11.0)) == Figure("eur", 5.0, 1.0, 9.0)
    assert band("eur", [3.0]).lean == "up"
    assert np.isnan(band("eur", [np.nan, np.nan, 1.0]).value)  # known in less than half


def test_a_band_of_sizes_is_never_where_a_size_is():
    one = band("size", [10.0, np.inf, np.inf])
    assert written("nl", one) == "nooit (10 tot nooit)"


@pytest.mark.parametrize(
    ("low", "high", "lean"),
    [(1.0, 3.0, "up"), (-3.0, -1.0, "down"), (-1.0, 3.0, "unsure"), (0.0, 3.0, "unsure")],
)
def test_a_lean_is_sure_only_where_the_whole_band_is(low, high, lean):
    assert Figure("eur", (low + high) / 2, low, high).lean == lean


@pytest.mark.parametrize(
    ("kind", "value", "dutch"),
    [
        ("eur", 1234.0, "€\u00a01.200"), ("eur", -1_234_567.0, "−€\u00a01,2\u00a0mln"),
        ("eur", 999_600.0, "€\u00a01,0\u00a0mln"), ("eur", 75.4e6, "€\u00a075\u00a0mln"),
        ("rate", 0.456, "€\u00a00,46"), ("share", 0.004, "minder dan 1%"), ("share", 0.0, "0%"),
        ("people", 12.0, "10"), ("people", 27_439.0, "27.000"), ("points", 0.0123, "1,2"),
        ("months", 24.0, "2 jaar"),
    ],
)  # fmt: skip
def test_numbers_are_rounded_to_what_is_known(kind, value, dutch):
    assert written("nl", Figure(kind, value)) == dutch


@pytest.mark.parametrize("value", [0.0, 1.0, 4.0, 9.0, -3.0])
def test_few_people_are_never_counted(value):
    assert written("nl", Figure("people", value)) == "minder dan 10"
    assert written("en", Figure("people", value)) == "fewer than 10"


def test_what_is_about_few_people_is_hidden():
    one = band("eur", [500.0, 700.0], people=[4.0, 6.0])
    assert one.hidden
    assert one.lean == "unknown"
    assert not re.search(r"\d", written("nl", one))


def test_a_return_that_one_household_makes_is_hidden(looked):
    frame = looked.futures.assign(
        group_welfare_participants=50.0, group_welfare_public_eur=4321.0,
        group_welfare_dominated=1.0,
    )  # fmt: skip
    grid = people.groups(replace(looked, futures=frame)).grid
    row = next(row for row in grid.rows if row[0] == Word("groups", "welfare"))
    assert written("nl", row[4]) == sentences("nl")["number.hidden"]
    assert written("nl", row[2]) == "50"


def test_no_small_count_leaves_in_any_table(answers):
    for answer in answers.given:
        for row in answer.grid.rows if answer.grid is not None else ():
            for cell in row:
                if isinstance(cell, Figure) and cell.kind == "people" and abs(cell.value) < 10:
                    assert written("en", cell).startswith("fewer than 10")


# --- What answers say ---------------------------------------------------------------------------


def test_levels_are_those_of_the_account(looked):
    for one, (_, row) in zip(looked.seen, looked.futures.iterrows(), strict=True):
        account = one.account
        in_books = account.booked[:, list(PUBLIC)].sum() + account.invested.sum()
        assert row["level_books_eur"] == pytest.approx(in_books, abs=1.0)
        parts = row["level_participants_eur"] + row["level_others_eur"]
        assert parts == pytest.approx(in_books, abs=1.0)
        own = account.returned[:, MUNICIPALITY].sum() / row["participants"]
        assert row["municipality_per_household_eur"] == pytest.approx(own)


def test_reach_only_gets_smaller(looked):
    for who in ("hidden", "known"):
        steps = [looked.futures[f"{who}_{step}"] for step in ("all", "reached", "accepted")]
        assert (steps[0] >= steps[1]).all()
        assert (steps[1] >= steps[2]).all()


def values_of(answer: Answer, key: str) -> dict:
    return next(dict(one.values) for one in answer.said if one.key == key)


def test_the_claim_is_held_against_the_run(looked):
    eur = pd.Series([500.0, 8_000.0])
    frame = looked.futures.assign(public_per_household_eur=eur)
    answer = council_money.lands(replace(looked, futures=frame))
    found = values_of(answer, "q8.claim")
    assert found["share"] == Figure("share", 0.5)
    assert found["back"].value == 4250.0
    assert "7.000" in said("nl", Said("q8.claim", found))


def test_no_price_where_nobody_is_surely_out_of_poverty(looked):
    unsure = looked.futures.assign(poor_persons_change=pd.Series([-40.0, 40.0]))
    keys = [one.key for one in council_money.all_out(replace(looked, futures=unsure)).said]
    assert "q12.no_price" in keys
    sure = looked.futures.assign(poor_persons_change=pd.Series([-100.0, -100.0]))
    answer = council_money.all_out(replace(looked, futures=sure))
    invested = np.median([one.invested.sum() for one in looked.accounts])
    found = values_of(answer, "q12.each")
    assert found["each"].value == pytest.approx(invested / 100)
    after = looked.city["city_poor_after"].median()
    assert found["all"].value == pytest.approx(invested / 100 * after)


def test_no_plan_and_nobody_helped_are_said(looked):
    none = replace(looked, scenario=scenario(plan=None), futures=pd.DataFrame(), seen=())
    nobody = replace(looked, futures=looked.futures[["poor_persons_change"]].assign(participants=0))
    for nothing, key in ((none, "page.no_plan"), (nobody, "page.nobody")):
        given = council.answers_of(nothing).given
        assert all(one.said[0].key == key for one in given)
        assert [one.question for one in given if len(one.said) > 1] == ["q12"]
        page = markdown(council.answers_of(nothing), "en")
        assert page.count(sentences("en")[key]) == len(given)


def test_a_plan_without_money_helps_nobody():
    plan = scenario().plan.changed(budget_eur_per_year=0.0)
    poor = scenario(sample=200, years=2).model_copy(update={"plan": plan})
    assert look_at(poor, 1).figures["participants"] == 0


# --- Worlds -------------------------------------------------------------------------------------


def test_a_crisis_is_added_only_where_there_is_none():
    calm = scenario()
    other = in_crisis(calm)
    assert needs_crisis(calm)
    assert [(shock.kind, shock.start) for shock in other.shocks] == [("labour_market", "2023-03")]
    assert other.plan.extension_years == council_look.EXTENSION_YEARS
    assert not needs_crisis(other)
    assert in_crisis(other) == other
    agreed = scenario(plan=calm.plan.changed(extension_years=3))
    assert in_crisis(agreed).plan.extension_years == 3


def test_the_same_future_says_the_same(looked):
    again = look_at(looked.scenario, 1)
    assert again.figures == pytest.approx(looked.seen[1].figures, nan_ok=True, rel=0, abs=0)
    assert (again.crisis.returned == looked.seen[1].crisis.returned).all()


def test_answers_do_not_depend_on_workers():
    city = scenario(plan=None, sample=1000, years=1)
    one, two = (council.answers(city, workers=workers) for workers in (1, 2))
    assert one == two


def test_pages_are_written_whole_or_not_at_all(tmp_path, answers):
    council.write_answers(answers, tmp_path / "raad.md", "nl")
    assert (tmp_path / "raad.md").read_text(encoding="utf-8") == markdown(answers, "nl")
    with pytest.raises(UserError, match=r"kan niet worden geschreven"):
        council.write_answers(answers, tmp_path / "nergens" / "raad.md", "nl")
    assert [path.name for path in tmp_path.iterdir()] == ["raad.md"]


def test_a_cell_cannot_break_a_table():
    grid = Grid(("what", "amount"), (("a|b", Figure("eur", 1.0)),))
    answer = Answer("q13", (Said("q11.shadow"),), grid)
    page = markdown(council.Answers(scenario(), 1, (answer,)), "en")
    assert "| a\\|b | €1 |" in page
