"""The only randomness: known answers, uniformity, independence, identities that don't collide."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from siexsim import draws
from siexsim import household as hh
from siexsim.interventions import packaged_interventions
from tests.rules.conftest import plain

philox = plain(draws.philox)
LOTS = 60_000
STRANGE = 1e-7  # chance of data at least this odd; generous, for draws that never change


def words(text: str) -> list[np.uint64]:
    return [np.uint64(int(word, 16)) for word in text.split()]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff " * 4, "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers_of_random123(counter: str, key: str, answer: str) -> None:
    assert list(philox(*words(counter), *words(key))) == words(answer)


def test_the_counter_is_household_month_and_slot_and_the_key_the_seed() -> None:
    """The published vector again, through the front door: its third word is slot 2 of its four."""
    c0, c1, c2, c3 = (int(w) for w in words("243f6a88 85a308d3 13198a2e 03707344"))
    k0, k1 = (int(w) for w in words("a4093822 299f31d0"))
    answer = words("d16cfe09 94fdcceb 5001e420 24126ea1")
    identity, seed = c0 | c1 << 32, k0 | k1 << 32
    for which in range(4):
        got = draws.uniform(seed, np.array([identity], np.uint64), c2, 4 * c3 + which)
        assert got[0] == (int(answer[which]) + 0.5) / 2**32


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1), start=st.integers(0, 2**64 - 400), month=st.integers(0, 3000),
    count=st.integers(1, draws.BLOCK),
)  # fmt: skip
def test_filling_a_month_gives_the_draws_one_by_one(
    seed: int, start: int, month: int, count: int
) -> None:
    ids = np.arange(start, start + count, dtype=np.uint64)
    block = np.full((draws.SLOTS, draws.BLOCK), -1.0)
    draws.fill(block, ids, count, np.uint64(seed), month)
    for slot in range(draws.SLOTS):
        assert (block[slot, :count] == draws.uniform(seed, ids, month, slot)).all()
    assert (block[:, count:] == -1).all()


def test_interpreted_and_compiled_draws_are_the_same() -> None:
    one = plain(draws.one)
    ids = np.random.default_rng(1).integers(0, 2**64, 40, np.uint64)
    for slot in (0, 3, draws.HELP_FIRST, draws.FUTURE_FIRST):
        compiled = draws.uniform(7, ids, 1464, slot)
        assert [one(np.uint64(7), i, 1464, slot) for i in ids] == compiled.tolist()


def test_every_word_lies_strictly_between_zero_and_one() -> None:
    unit = plain(draws.unit)
    ends = [unit(np.uint64(w)) for w in (0, 1, 2**31 - 1, 2**31, 2**32 - 1)]
    assert ends == sorted(ends)
    assert ends[0] == 2.0**-33 and ends[-1] == 1 - 2.0**-33
    assert np.diff([ends[2], ends[3]])[0] == 2.0**-32


def sample(slot: int = 0, month: int = 1464, seed: int = 1, start: int = 0) -> np.ndarray:
    return draws.uniform(seed, np.arange(start, start + LOTS, dtype=np.uint64), month, slot)


@pytest.mark.parametrize("slot", [0, 1, 2, 3, 19, draws.HELP_FIRST + 4, draws.ARRIVAL_FIRST])
def test_draws_are_uniform(slot: int) -> None:
    u = sample(slot)
    assert stats.chisquare(np.histogram(u, 100, (0, 1))[0]).pvalue > STRANGE
    assert stats.kstest(u, "uniform").pvalue > STRANGE
    assert u.min() > 0 and u.max() < 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"slot": 0}, {"slot": 1}),  # within one call of the generator
        ({"slot": 3}, {"slot": 4}),  # next call
        ({"month": 1464}, {"month": 1465}),
        ({"seed": 1}, {"seed": 2}),
        ({"seed": 1}, {"seed": 1 + 2**32}),
        ({"start": 0}, {"start": 1}),  # neighbours in identity
        ({"start": 0}, {"start": 2**32}),
        ({"slot": 0, "month": 1465}, {"slot": 4, "month": 1464}),
    ],
)
def test_draws_of_different_decisions_are_independent(first: dict, second: dict) -> None:
    a, b = sample(**first), sample(**second)
    table = np.histogram2d(a, b, 12, ((0, 1), (0, 1)))[0]
    assert stats.chisquare(table.ravel()).pvalue > STRANGE
    assert abs(np.corrcoef(a, b)[0, 1]) < 5.5 / np.sqrt(LOTS)
    assert (a != b).mean() > 0.999


def test_one_household_through_its_life_is_uniform_too() -> None:
    me = np.array([12345], np.uint64)
    u = np.concatenate([draws.uniform(1, me, m, s) for m in range(1400, 1700) for s in range(20)])
    assert stats.chisquare(np.histogram(u, 50, (0, 1))[0]).pvalue > STRANGE
    follow = np.corrcoef(u[:-20], u[20:])[0, 1]
    assert abs(follow) < 5.5 / np.sqrt(len(u))


def test_identities_of_a_million_newcomers_do_not_collide() -> None:
    parents = np.arange(1_000_000, dtype=np.uint64) * np.uint64(7919)
    ids = draws.derive(parents, 1470, 1)
    other = draws.derive(parents[:200_000], 1471, 1)
    third = draws.derive(parents[:200_000], 1470, 9)
    together = np.concatenate([ids, other, third, parents])
    assert len(np.unique(together)) == len(together)
    assert (draws.derive(parents[:10], 1470, 1) == ids[:10]).all()


def test_derived_identities_look_like_any_number() -> None:
    ids = draws.derive(np.arange(LOTS, dtype=np.uint64), 1470, 1)
    for part in (
        ids >> np.uint64(56),
        ids & np.uint64(255),
        (ids >> np.uint64(28)) & np.uint64(255),
    ):
        counts = np.bincount(part.astype(int), minlength=256)
        assert stats.chisquare(counts).pvalue > STRANGE


@pytest.mark.parametrize("chance", [0.01, 0.3, 0.999])
def test_the_rest_of_a_draw_is_uniform_again(chance: float) -> None:
    rest = plain(draws.rest)
    u = sample()
    left = np.array([rest(v, chance) for v in u[u < chance]])
    assert (left > 0).all() and (left < 1).all()
    assert stats.kstest(left, "uniform").pvalue > STRANGE


def test_each_slot_is_named_once() -> None:
    month = [
        draws.LIFE, draws.ILLNESS, draws.WORKING, draws.SECOND_WORKING, draws.WELFARE_CLAIM,
        draws.BILL, draws.CLAIM_CLOSED, draws.DEBT_COURSE, draws.DWELLING, draws.CHILD,
        draws.MENTAL_CARE, draws.WMO, draws.YOUTH_CARE, draws.ALLOWANCES, draws.EARNING,
        *range(draws.NOISE, draws.NOISE + len(hh.DOMAINS)),
    ]  # fmt: skip
    assert sorted(month) == list(range(draws.SLOTS))
    assert draws.SLOTS % 4 == 0


def test_ranges_of_slots_do_not_overlap() -> None:
    """Nor share a call of the generator, which gives four slots."""
    last_help = draws.HELP_FIRST + 8 * draws.MOST_INTERVENTIONS - 1
    kinds = (
        draws.HELP_REACH, draws.HELP_ACCEPT, draws.HELP_ORDER, draws.HELP_COURSE,
        draws.HELP_SUCCESS, draws.HELP_ARM,
    )  # fmt: skip
    assert len(set(kinds)) == 6 and max(kinds) < 8
    begins = [0, draws.HELP_FIRST, draws.ARRIVAL_FIRST, draws.POPULATION_FIRST, draws.FUTURE_FIRST]
    ends = [draws.SLOTS - 1, last_help]
    assert begins == sorted(begins) and all(first % 4 == 0 for first in begins)
    assert ends[0] < begins[1] and ends[1] < begins[2]
    assert len(packaged_interventions()) <= hh.MAX_INTERVENTIONS <= draws.MOST_INTERVENTIONS
    assert draws.SLOTS <= draws.NEW_CLAIM < draws.SURVEY < draws.HELP_FIRST


def test_each_slot_of_the_month_is_drawn_by_one_rule_alone() -> None:
    """A slot read by two rules would make two decisions follow one another."""
    readers: dict[str, set[str]] = {}
    for path in (Path(draws.__file__).parent / "rules").glob("*.py"):
        for function in re.split(r"\n@rule\n", path.read_text(encoding="utf-8"))[1:]:
            name = re.match(r"def (\w+)", function)
            assert name is not None
            for slot in re.findall(r"draw\[([A-Z_]+)", function):
                readers.setdefault(slot, set()).add(f"{path.stem}.{name.group(1)}")
    assert readers.pop("NOISE") == {"stress.feel_stress"}
    assert len(readers) == draws.NOISE
    assert all(len(by) == 1 for by in readers.values()), readers
