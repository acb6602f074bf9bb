"""Everything read on screen, in Dutch and English, with numbers as the reader writes them.

The words lie in ``data/texts/nl.toml`` and ``en.toml``, under the same keys.
"""

from __future__ import annotations

import locale
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from siexsim.errors import UserError

LANGUAGES: Final = ("nl", "en")
MINUS: Final = "−"  # a real minus sign

_MILLION = 999_500


def flattened(tables: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Texts of nested tables by their full key."""
    found: dict[str, str] = {}
    for name, value in tables.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{before}{name}.")
        else:
            found[before + name] = str(value)
    return found


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All texts of one language by their full key, such as "say.people"."""
    path = files("siexsim") / "data" / "texts" / f"{lang}.toml"
    return flattened(tomllib.loads(path.read_text(encoding="utf-8")))


def text(lang: str, key: str, **values: object) -> str:
    """One text in one language, with its values filled in.

    >>> text("nl", "say.years", years=3)
    '3 jaar'
    """
    return catalogue(lang)[key].format(**values)


def known(lang: str, group: str, name: str) -> str:
    """The word for a name in a group of texts, or the name itself where there is no word."""
    return catalogue(lang).get(f"{group}.{name}", name)


def number(lang: str, value: float, digits: int = 0, sign: bool = False) -> str:
    """A number as the language writes it.

    >>> number("nl", 1234.5, 1), number("en", -1234.5, 1)
    ('1.234,5', '−1,234.5')
    """
    rounded = round(float(value), digits) + 0.0
    shown = f"{abs(rounded):,.{digits}f}"
    if lang == "nl":
        shown = shown.translate(str.maketrans(",.", ".,"))
    return (MINUS if rounded < 0 else "+" if sign and rounded > 0 else "") + shown


def short(lang: str, value: float, figures: int = 4) -> str:
    """A number of any size at so many figures.

    >>> short("nl", 0.02215), short("en", 1200)
    ('0,02215', '1,200')
    """
    if value == 0 or abs(value) >= 100:
        return number(lang, value, 0 if float(value).is_integer() else 1)
    digits = f"{value:.{figures}g}"
    after = len(digits.partition(".")[2]) if "e" not in digits else 6
    return number(lang, value, after)


def euro(lang: str, value: float) -> str:
    """An amount of euros, from a million up in millions.

    >>> euro("nl", -1234), euro("en", 1_970_000)
    ('−€ 1.234', '€1.97 million')
    """
    large = abs(value) >= _MILLION
    shown = number(lang, abs(value) / 1e6, 2) if large else number(lang, abs(value))
    before = MINUS if round(value) < 0 else ""
    return before + text(lang, "say.million" if large else "say.euro", amount=shown)


def amount(lang: str, value: float) -> str:
    """An amount of euros in full, rounded to three figures: more would be false precision.

    >>> amount("nl", 293525), amount("en", -1_568_000)
    ('€ 294.000', '−€1,570,000')
    """
    rounded = float(f"{value:.3g}")
    shown = text(lang, "say.euro", amount=number(lang, abs(rounded)))
    return (MINUS if round(rounded) < 0 else "") + shown


def percent(lang: str, share: float) -> str:
    """A share as a whole percentage."""
    return text(lang, "say.percent", share=number(lang, 100 * share))


def span(lang: str, months: float) -> str:
    """A number of months in years and months.

    >>> span("en", 30)
    '2 years and 6 months'
    """
    years, rest = divmod(round(months), 12)
    parts = []
    if years:
        parts.append(text(lang, "say.year" if years == 1 else "say.years", years=years))
    if rest or not years:
        parts.append(text(lang, "say.month" if rest == 1 else "say.months", months=rest))
    return text(lang, "say.and").join(parts)


def month(lang: str, date: str) -> str:
    """A month such as "2022-07" in words."""
    year, which = date.split("-")
    return f"{text(lang, 'say.month_names').split()[int(which) - 1]} {year}"


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = []
    for key, english in catalogue("en").items():
        if key.startswith("phrases."):
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(english))
            # a value at the end reaches to where the next part of the message begins
            end = r"(?=$|[;:,. ])" if english.endswith("}") else ""
            pairs.append((re.compile(pattern + end), catalogue("nl")[key]))
    return tuple(pairs)


def translated(lang: str, message: str) -> str:
    """Say a message of the library, which is English, in the language asked where it is known."""
    if lang == "en":
        return message
    for pattern, dutch in _phrases():
        found = pattern.search(message)
        if found:
            said = dutch.format(**found.groupdict())
            message = message[: found.start()] + said + message[found.end() :]
    return message


def _checked(lang: str, origin: str) -> str:
    short = lang.strip().lower()[:2]
    if lang.strip().lower() not in LANGUAGES:
        fallback = short if short in LANGUAGES else "en"
        raise UserError(text(fallback, "error.lang", origin=origin, asked=lang))
    return short


def _asked(arguments: Sequence[str]) -> str | None:
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return None


def choose_language(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Find the reader's language: ``--lang``, else SIEXSIM_LANG, else the locale, else English.

    Raises
    ------
    UserError
        When ``--lang`` or SIEXSIM_LANG asks for another language than Dutch or English.
    """
    environment = os.environ if environment is None else environment
    asked = _asked(arguments)
    if asked is not None:
        return _checked(asked, "--lang")
    if environment.get("SIEXSIM_LANG"):
        return _checked(environment["SIEXSIM_LANG"], "SIEXSIM_LANG")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "nl" if environment[name].lower().startswith("nl") else "en"
    return "nl" if (locale.getlocale()[0] or "").lower().startswith(("nl", "dutch")) else "en"
