"""Both languages say the same things, with the same blanks to fill in."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from siexsim import texts
from siexsim.errors import UserError

SOURCES = Path(texts.__file__).parent


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_both_catalogues_have_the_same_keys_and_blanks():
    dutch, english = texts.catalogue("nl"), texts.catalogue("en")
    assert set(dutch) == set(english)
    different = {key for key in dutch if blanks(dutch[key]) != blanks(english[key])}
    assert not different
    assert all(words.strip() for words in (*dutch.values(), *english.values()))


def test_every_key_that_the_program_names_exists():
    known = set(texts.catalogue("en"))
    speaking = ("cli", "say", "scenario", "result", "texts", "own_numbers", "elicit", "say_checks")
    paths = [*(SOURCES / f"{name}.py" for name in speaking), *SOURCES.glob("commands/[a-z]*.py")]
    paths.remove(SOURCES / "commands" / "serving.py")  # it speaks by the page's own words
    for name in paths:
        source = name.read_text(encoding="utf-8")
        named = re.findall(r'text\(\s*lang,\s*"([a-z_]+\.[a-z_]+)"', source)
        assert named, name
        assert set(named) <= known, set(named) - known


def test_phrases_of_the_library_are_still_said_that_way():
    """A message that was reworded in the library would silently stay English."""
    speaking = (*SOURCES.rglob("*.py"), *(SOURCES.parent / "experiments").glob("*.py"))
    library = " ".join(p.read_text(encoding="utf-8") for p in speaking)
    library = re.sub(r"\"\s*f?\"|\s+", " ", library)
    for key, english in texts.catalogue("en").items():
        # what Python's own reader of TOML says differs between versions
        if key.startswith("phrases.") and "toml_" not in key:
            fixed = max(re.split(r"\{\w+\}", english), key=len).strip(" '(?)")
            assert fixed in library, key


@pytest.mark.parametrize(
    ("lang", "value", "digits", "said"),
    [
        ("nl", 1234.5, 1, "1.234,5"),
        ("en", 1234.5, 1, "1,234.5"),
        ("nl", -1234567, 0, "−1.234.567"),
        ("en", -0.2, 0, "0"),
        ("nl", 0.125, 2, "0,12"),
    ],
)
def test_numbers(lang, value, digits, said):
    assert texts.number(lang, value, digits) == said


def test_amounts():
    assert texts.euro("nl", 12345.6) == "€ 12.346"
    assert texts.euro("en", -12345.6) == "−€12,346"
    assert texts.euro("nl", 1_970_000) == "€ 1,97 mln"
    assert texts.euro("en", -0.3) == "€0"
    assert texts.percent("nl", 0.256) == "26%"
    assert texts.span("nl", 25) == "2 jaar en 1 maand"
    assert texts.span("en", 12) == "1 year"
    assert texts.month("nl", "2022-03") == "maart 2022"


def test_language_is_chosen_by_option_then_variable_then_locale():
    choose = texts.choose_language
    assert choose(["run", "--lang", "nl"], {"SIEXSIM_LANG": "en"}) == "nl"
    assert choose(["--lang=en"], {"LANG": "nl_NL.UTF-8"}) == "en"
    assert choose([], {"SIEXSIM_LANG": "nl", "LANG": "en_GB.UTF-8"}) == "nl"
    assert choose([], {"LANG": "nl_NL.UTF-8"}) == "nl"
    assert choose([], {"LC_ALL": "C", "LANG": "nl_NL.UTF-8"}) == "en"
    with pytest.raises(UserError, match="'de' is not a language"):
        choose(["--lang", "de"], {})
    with pytest.raises(UserError, match="SIEXSIM_LANG"):
        choose([], {"SIEXSIM_LANG": "fr"})


def test_messages_of_the_library_in_dutch():
    said = texts.translated(
        "nl", "unknown neighbourhood 'Beijm'; did you mean 'Noordoost (Beijum)'?"
    )
    assert said == "onbekende wijk 'Beijm'; bedoelde u 'Noordoost (Beijum)'?"
    assert texts.translated("nl", "unknown theme 'x'; known are: a, b").endswith(
        "bekend zijn: a, b"
    )
    assert texts.translated("nl", "something new") == "something new"
