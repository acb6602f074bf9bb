"""No label is untranslated: both catalogues say the same, and every key that is asked exists."""

from __future__ import annotations

import re
import string
from pathlib import Path

from siexsim.app import words as module
from siexsim.app.words import kept_whole, words

LIBRARY = Path(module.__file__).parent.parent
LITERAL = re.compile(
    r'(?<!sheet\.)\bsay\((?:lang, |lang_of\(request\), |(?:report|self)\.lang, |)"([a-z0-9_.]+)"'
)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_catalogues_have_the_same_keys_and_blanks():
    dutch, english = words("nl"), words("en")
    assert set(dutch) == set(english)
    assert not {key for key in dutch if blanks(dutch[key]) != blanks(english[key])}
    assert all(text.strip() for text in (*dutch.values(), *english.values()))


def test_no_text_is_the_same_in_both_languages_but_names():
    same = {key for key in words("nl") if words("nl")[key] == words("en")[key]}
    # words that are the same in Dutch and English, and texts that are all blanks
    names = {
        "about.budget", "about.plan", "caution.weighty", "compare.alt_part", "help.privacy",
        "help.word_minima", "help.word_siex", "help.word_stress", "origin.scenario",
        "result.plan_named", "sheet.stress", "site.menu", "site.start",
    }  # fmt: skip
    assert same <= names, same - names


def test_every_key_that_is_asked_exists():
    asked: set[str] = set()
    for pattern in ("app/*.py", "report/*.py", "commands/serving.py", "*/templates/*.html"):
        for path in LIBRARY.glob(pattern):
            asked |= set(LITERAL.findall(path.read_text(encoding="utf-8")))
    whole = {key for key in asked if not key.endswith((".", "_"))}
    assert len(whole) > 200
    assert whole <= set(words("nl")), whole - set(words("nl"))
    for start in asked - whole:  # the rest of the key is put together
        assert any(key.startswith(start) for key in words("nl")), start


def test_an_amount_stays_on_one_line():
    assert kept_whole("van € 1.000 en −€ 5") == "van €\u00a01.000 en −\u2060€\u00a05"
