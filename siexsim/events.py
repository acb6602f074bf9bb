"""What happens in a household's life, found by comparing its record from month to month.

Events are named, without words: the sentences lie in ``data/lives``. What comes and goes within a
few months is left out, so that a life reads as a life and not as a list of ripples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from siexsim import household as hh

SHORTEST: Final = 3  # months; a shorter spell of poverty, debt or care isn't told
SHORTEST_STRESS: Final = 6  # stress ripples more


class Page(NamedTuple):
    """A household at the end of a month; `parted` if its adults went separate ways in it."""

    month: int
    record: Any
    parted: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened in a month; `values` fill the sentence of that name."""

    month: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Adult(NamedTuple):
    """An adult in a sentence: its place in the household and its age."""

    place: str  # "single", "parent", "first" or "second"
    age: int


_DEBTS: Final = {
    (hh.NO_DEBT, hh.ARREARS): "debts_arise",
    (hh.NO_DEBT, hh.PROBLEMATIC): "debts_problematic",
    (hh.ARREARS, hh.PROBLEMATIC): "debts_problematic",
    (hh.NO_DEBT, hh.ARRANGEMENT): "debts_arranged",
    (hh.ARREARS, hh.ARRANGEMENT): "debts_arranged",
    (hh.PROBLEMATIC, hh.ARRANGEMENT): "debts_arranged",
    (hh.ARRANGEMENT, hh.PROBLEMATIC): "arrangement_breaks",
    (hh.ARRANGEMENT, hh.ARREARS): "arrangement_ends",
    (hh.ARRANGEMENT, hh.NO_DEBT): "debts_cleared",
    (hh.PROBLEMATIC, hh.ARREARS): "debts_smaller",
    (hh.PROBLEMATIC, hh.NO_DEBT): "debts_gone",
    (hh.ARREARS, hh.NO_DEBT): "debts_paid",
}
_HOMES: Final = {
    (hh.UNFIT, hh.FITS): "home_fits",
    (hh.THREATENED, hh.FITS): "home_safe",
    (hh.LOST, hh.FITS): "home_found",
}
_HOME_WORSE: Final = {
    hh.UNFIT: "home_unfit", hh.THREATENED: "home_threatened", hh.LOST: "home_lost",
}  # fmt: skip
_LEFT: Final = {hh.MOVED_OUT: "moves_out", hh.DIED: "dies", hh.JOINED: "joins"}
_FOUND: Final = {
    hh.PERMANENT: "finds_permanent", hh.FLEX: "finds_flex", hh.SELF_EMPLOYED: "starts_business",
}  # fmt: skip
CARE: Final = ("mental_care", "wmo", "youth_care", "special_school")
_HELP: Final[Mapping[tuple[int, int], tuple[str, ...]]] = {
    (hh.UNTOUCHED, hh.WAITING): ("help_accepted",),
    (hh.UNTOUCHED, hh.RUNNING): ("help_accepted_starts",),
    (hh.UNTOUCHED, hh.COMPLETED): ("help_accepted_starts", "help_completed"),
    (hh.UNTOUCHED, hh.DROPPED): ("help_accepted_starts", "help_dropped"),
    (hh.WAITING, hh.UNTOUCHED): ("help_waited",),
    (hh.WAITING, hh.RUNNING): ("help_starts",),
    (hh.WAITING, hh.COMPLETED): ("help_starts", "help_completed"),
    (hh.WAITING, hh.DROPPED): ("help_starts", "help_dropped"),
    (hh.RUNNING, hh.COMPLETED): ("help_completed",),
    (hh.RUNNING, hh.DROPPED): ("help_dropped",),
    (hh.COMPLETED, hh.DROPPED): ("help_relapsed",),
}


def life_events(pages: Sequence[Page], helps: Sequence[str], high_stress: float) -> list[Event]:
    """All events of a life in order of month; within a month causes come before what they cause.

    Parameters
    ----------
    pages
        The household at its start and after every month.
    helps
        Names of the plan's interventions, in its order.
    high_stress
        Stress that counts as high.
    """
    found = [event for page in pairwise(pages) for event in _changes(*page)]
    found += _debt_events(pages)
    for name in ("poor", "on_welfare", *CARE):
        flags = steady([bool(page.record[name]) for page in pages], SHORTEST)
        found += _turns(pages, flags, f"{name}_begins", f"{name}_ends")
    found += _stress_events(pages, high_stress)
    for now in pairwise(pages):
        found += _help_events(*now, helps)
    found += [
        Event(page.month, _LEFT[int(page.record["state"])])
        for page in pages[-1:]
        if int(page.record["state"]) in _LEFT
    ]
    return sorted(found, key=lambda event: event.month)


def steady(flags: Sequence[bool], shortest: int) -> list[bool]:
    """Leave out changes that don't last.

    >>> steady([False, True, False, True, True, True], 2)
    [False, False, False, True, True, True]
    """
    kept, now = [], flags[0] if flags else False
    for k, flag in enumerate(flags):
        if flag != now and all(later == flag for later in flags[k : k + shortest]):
            now = flag
        kept.append(now)
    return kept


def _turns(pages: Sequence[Page], flags: Sequence[bool], begins: str, ends: str) -> Iterator[Event]:
    for page, before, after in zip(pages[1:], flags, flags[1:], strict=False):
        if before != after:
            yield Event(page.month, begins if after else ends)


# --- Family, work and home ----------------------------------------------------------------------


def _changes(before: Page, now: Page) -> Iterator[Event]:
    yield from _family_events(before, now)
    if before.record["student"] and not now.record["student"] and _is_here(now):
        yield Event(now.month, "graduates", {"who": adult(now.record, 0, now.month)})
    same = before.record["birth"] == now.record["birth"]
    for a in range(hh.MAX_ADULTS):
        if same[a] and now.record["birth"][a] != hh.NO_BIRTH and _is_here(now):
            yield from _work_events(before, now, a)
    old, new = int(before.record["home"]), int(now.record["home"])
    if old != new:
        yield Event(now.month, _HOMES.get((old, new)) or _HOME_WORSE[new])


def _is_here(page: Page) -> bool:
    return int(page.record["state"]) == hh.PRESENT


def adult(record: Any, a: int, month: int) -> Adult:
    """Name an adult of a household by its place in it, with its age."""
    alone = int(record["birth"][1]) == hh.NO_BIRTH
    place = ("parent" if record["kids"] else "single") if alone else ("first", "second")[a]
    return Adult(place, (month - int(record["birth"][a])) // 12)


def children(record: Any) -> list[int]:
    """Birth months of the children at home, eldest first."""
    return sorted(int(born) for born in record["child_birth"] if born != hh.NO_BIRTH)


def _family_events(before: Page, now: Page) -> Iterator[Event]:
    old, new = children(before.record), children(now.record)
    if len(new) > len(old):
        yield Event(now.month, "child_born")
    for born in old:
        if old.count(born) > new.count(born):
            yield Event(now.month, "child_leaves", {"age": (now.month - born) // 12})
            break  # at most one child a month
    was, is_ = before.record["birth"], now.record["birth"]
    if was[1] == hh.NO_BIRTH and is_[1] != hh.NO_BIRTH:
        yield Event(now.month, "partner_comes")
    elif was[1] != hh.NO_BIRTH and is_[1] == hh.NO_BIRTH:
        yield Event(now.month, "couple_parts" if now.parted else "partner_dies")


def _work_events(before: Page, now: Page, a: int) -> Iterator[Event]:
    old, new = int(before.record["position"][a]), int(now.record["position"][a])
    idle = (hh.NO_INCOME, hh.WELFARE)  # the second follows from receiving welfare
    name = None
    if new in _FOUND and old not in _FOUND:
        name = _FOUND[new]
    elif old == hh.FLEX and new == hh.PERMANENT:
        name = "becomes_permanent"
    elif old in _FOUND and (new == hh.WW or new in idle):
        name = "loses_work_ww" if new == hh.WW else "loses_work"
    elif old == hh.WW and new in idle:
        name = "ww_ends"
    elif new != old and new in (hh.DISABILITY, hh.PENSION):
        name = "falls_ill" if new == hh.DISABILITY else "retires"
    if name:
        yield Event(now.month, name, {"who": adult(now.record, a, now.month)})


# --- Debts, stress and help ---------------------------------------------------------------------


def _debt_events(pages: Sequence[Page]) -> Iterator[Event]:
    owing = steady([int(page.record["debt_state"]) != hh.NO_DEBT for page in pages], SHORTEST)
    states: list[int] = []
    for page, owes in zip(pages, owing, strict=True):
        raw = int(page.record["debt_state"])
        last = states[-1] if states else hh.ARREARS
        known = raw if raw != hh.NO_DEBT else (last or hh.ARREARS)
        states.append(known if owes else hh.NO_DEBT)
    for page, old, new in zip(pages[1:], states, states[1:], strict=False):
        if old != new:
            said = {
                "eur": int(page.record["debt"]) / 100, "count": int(page.record["claims"]),
                "months": int(page.record["arrangement_left"]),
            }  # fmt: skip
            yield Event(page.month, _DEBTS[old, new], said)


def _stress_events(pages: Sequence[Page], high: float) -> Iterator[Event]:
    flags = [
        steady([float(page.record["stress"][d]) > high for page in pages], SHORTEST_STRESS)
        for d in range(len(hh.DOMAINS))
    ]
    for k, page in enumerate(pages[1:], 1):
        for name, after in (("stress_high", True), ("stress_lower", False)):
            turned = [d for d, own in enumerate(flags) if own[k] == after and own[k - 1] != after]
            if turned:
                domains = tuple(hh.DOMAINS[d] for d in turned)
                yield Event(page.month, name, {"domains": domains})


def _help_events(before: Page, now: Page, helps: Sequence[str]) -> Iterator[Event]:
    said = False
    for k, name in enumerate(helps):
        old, new = int(before.record["help"][k]), int(now.record["help"][k])
        for what in _HELP.get((old, new), ()):
            said = True
            yield Event(now.month, what, {"help": name})
    newly = int(now.record["met"]) & ~int(before.record["met"])
    if newly & hh.REACHED and not said:
        yield Event(now.month, "help_refused")
