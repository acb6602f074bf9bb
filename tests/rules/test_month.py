"""The whole month of a household: its order, its invariants, its money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from siexsim import census, help, items
from siexsim import household as hh
from siexsim.model import NOBODY
from siexsim.parameters import Parameters
from siexsim.rules import month
from tests.conftest import bits
from tests.rules.conftest import NOW, crowd, hold_together, plain, someone

WIJKEN = 20
NAMES = ["breakthrough", "debt_relief", "job_guidance"]


def lived(
    people: Any, p: Any, c: Any, helps: Any, months: int = 1, rows: Any = None, loop: Any = None
) -> tuple[Any, Any, Any]:
    """Let everybody live some months compiled; returns their books, the lines and who stays."""
    loop = month.live_rows if loop is None else loop
    books, lines = items.lines(len(people)), items.lines(WIJKEN)
    rows = np.arange(len(people)) if rows is None else rows
    for k in range(months):
        stay, events = np.empty_like(rows), np.empty_like(rows)
        counts = census.census(WIJKEN)
        then = c._replace(month=c.month + k, drawn=c.drawn + k)
        staying, eventful, unsound = loop(
            people, rows, books, lines, counts, p, then, helps, stay, events
        )
        assert unsound == -1
        assert counts["households"].sum() == len(rows)  # whoever lived the month is counted
        assert (people["state"][stay[:staying]] == hh.PRESENT).all()
        asks = (people["leaving_child"] >= 0) | (people["separating"] == 1)
        asks &= people["state"] == hh.PRESENT
        assert set(events[:eventful]) == set(np.flatnonzero(asks))
        rows = stay[:staying].copy()
        # what happens between months isn't this test's
        people["leaving_child"], people["separating"] = -1, 0
    return books, lines, rows


def helped_crowd(count: int, seed: int) -> Any:
    people = crowd(count, seed)
    rng = np.random.default_rng(seed)
    people["wijk"] = rng.integers(0, WIJKEN, count)
    people["helped"] = 1
    people["help"][:, :3] = rng.integers(0, 5, (count, 3))
    people["help_months"][:, :3] = rng.integers(0, 5, (count, 3))
    return people


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("helping", [False, True])
def test_what_is_owned_and_owed_changes_only_by_the_lines(
    p: Any, c: Any, seed: int, helping: bool
) -> None:
    people = helped_crowd(4000, seed)
    before = people.copy()
    helps = help.compiled(NAMES, Parameters.packaged()) if helping else NOBODY
    books, lines, _ = lived(people, p, c, helps, months=6)
    cents = books["cents"]
    savings = sum(sign * cents[:, item] for item, sign in items.ON_SAVINGS.items())
    debt = sum(sign * cents[:, item] for item, sign in items.ON_DEBT.items())
    assert (people["savings"] - before["savings"] == savings).all()
    assert (people["debt"] - before["debt"] == debt).all()
    for wijk in range(WIJKEN):
        assert (cents[people["wijk"] == wijk].sum(axis=0) == lines["cents"][wijk]).all()
    assert (cents[:, items.HELP_COST].sum() > 0) == helping
    assert (cents[:, items.HELP_CLAIM_PAID].sum() > 0) == helping


def test_every_line_of_a_month_is_a_payment_not_a_refund(p: Any, c: Any) -> None:
    people = helped_crowd(3000, 3)
    books, _, _ = lived(people, p, c, help.compiled(NAMES, Parameters.packaged()))
    assert (books["cents"] >= 0).all()


@pytest.mark.parametrize("extreme", [False, True])
def test_records_hold_together_through_years(p: Any, highest: Any, c: Any, extreme: bool) -> None:
    people = helped_crowd(1500, 4)
    helps = help.compiled(NAMES, Parameters.packaged())
    _, _, rows = lived(people, highest if extreme else p, c, helps, months=60)
    assert 200 < len(rows) < 1500
    hold_together(people[rows])
    there = people[rows]
    assert ((there["debt"] > 0) == (there["debt_state"] != hh.NO_DEBT)).all() or extreme
    old = NOW + 59 - there["birth"][:, 0] >= p.life.pension_age_years * 12
    assert extreme or (there["position"][old, 0] == hh.PENSION).all()
    assert (there["home"][there["tenure"] == hh.OWNER] <= hh.UNFIT).all()


def test_a_household_lives_the_same_alone_or_among_others(p: Any, c: Any) -> None:
    people = helped_crowd(300, 6)
    few = people[::7].copy()
    helps = help.compiled(NAMES, Parameters.packaged())
    lived(people, p, c, helps, months=4)
    lived(few, p, c, helps, months=4)
    assert bits(people[::7]) == bits(few)


def test_interpreted_rules_give_the_bits_of_compiled_ones(p: Any, c: Any) -> None:
    people = helped_crowd(250, 7)
    people["youth_care"] = np.minimum(people["kids"], 1)
    other = people.copy()
    helps = help.compiled(NAMES, Parameters.packaged())
    books, lines, rows = lived(people, p, c, helps)
    own, wijk, stay = lived(other, p, c, helps, loop=plain(month.live_rows))
    assert bits(people) == bits(other)
    assert (books["cents"] == own["cents"]).all() and (lines["cents"] == wijk["cents"]).all()
    assert (rows == stay).all()


def test_nobody_is_born_moves_or_dies_in_a_burn_in(p: Any, c: Any, nobody: Any) -> None:
    people = crowd(800, 8)
    before = people.copy()
    _, _, rows = lived(people, p, c._replace(living=0), nobody, months=12)
    assert len(rows) == len(people)
    for name in ("state", "birth", "child_birth", "kids", "student"):
        assert (people[name] == before[name]).all()


def test_whoever_goes_lives_the_month_out_and_no_other(p: Any, c: Any, nobody: Any) -> None:
    people = crowd(3000, 10)
    books, _, rows = lived(people, p, c, nobody)
    gone = np.setdiff1d(np.arange(3000), rows)
    assert set(people["state"][gone]) == {hh.MOVED_OUT, hh.DIED, hh.JOINED}
    assert (books["cents"][gone, items.SPENDING] > 0).mean() > 0.9
    before = people[gone].copy()
    lived(people, p, c._replace(month=c.month + 1, drawn=c.drawn + 1), nobody, rows=rows)
    assert bits(people[gone]) == bits(before)


def test_sound_means_within_bounds() -> None:
    is_sound = plain(month.is_sound)
    assert is_sound(someone())
    for name, value in (("savings", -1), ("debt", -1), ("income", -1), ("claims", -1)):
        assert not is_sound(someone(**{name: value}))
    for level in (-0.01, 1.01, float("nan")):
        for d in range(5):
            h = someone()
            h.stress[d] = level
            assert not is_sound(h)


def test_a_broken_household_is_told(p: Any, c: Any, nobody: Any) -> None:
    people = crowd(50, 9)
    people["student"] = 0
    people["savings"][7] = -(10**9)
    rows = np.arange(50)
    told = month.live_rows(
        people, rows, items.lines(1), items.lines(WIJKEN), census.census(WIJKEN), p,
        c._replace(living=0), nobody, rows.copy(), rows.copy(),
    )  # fmt: skip
    assert told[2] == 7
