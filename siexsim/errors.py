"""Mistakes that a user can make: said in one line, never as a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake in what was asked: says what, where, and what would be right."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, as " (did you mean 'x'?)" or the list of all."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.5)
    if near:
        return f"; did you mean '{lowered[near[0]]}'?"
    return f"; known are: {', '.join(names)}"
