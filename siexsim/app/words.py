"""What the page and the report say, in Dutch and English (``data/app``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from siexsim.place import read_packaged
from siexsim.texts import flattened


@cache
def words(lang: str) -> Mapping[str, str]:
    """All texts of one language by full key, such as "plan.title"."""
    return flattened(tomllib.loads(read_packaged(f"app/{lang}.toml")))


def say(lang: str, key: str, /, **values: object) -> str:
    """One text with its blanks filled in."""
    said = words(lang)[key]
    return said.format(**values) if values else said


def kept_whole(words: Any) -> Any:
    """Text in which no line is broken between the signs of an amount and its number."""
    if not isinstance(words, str):
        return words
    return words.replace("€ ", "€\u00a0").replace("−€", "−\u2060€")
