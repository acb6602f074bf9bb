"""The ledger: differences, splits and the table of its lines."""

from __future__ import annotations

import numpy as np
import pytest

from siexsim.household import month_number
from siexsim.items import ITEMS, PAYERS, item_table
from siexsim.ledger import Ledger, split

START = month_number("2022-11")
SIZE = (4, 3, len(ITEMS))


def a_ledger(seed: int = 1, least: int = -100_000) -> Ledger:
    cents = np.random.default_rng(seed).integers(least, 100_000, SIZE)
    cents[0, 1] = 0
    return Ledger(START, ("A", "B", "C"), cents)


def test_by_payer_keeps_every_place_apart() -> None:
    ledger = a_ledger()
    gains = ledger.by_payer()
    assert ledger.months == 4 and gains.shape == (*SIZE, len(PAYERS))
    assert (gains[2, 1] == split(ledger.cents[2, 1])).all()


def test_the_parts_sum_to_the_whole() -> None:
    ledger = a_ledger()
    kinds = {name: item.kind for name, item in item_table().items()}
    signs = np.array([{"production": 1, "cash": -1, "later": -1}.get(kinds[n], 0) for n in ITEMS])
    assert (ledger.by_payer().sum(axis=3) == ledger.cents * signs).all()


def test_the_table_holds_every_line_that_is_not_zero() -> None:
    ledger = a_ledger()
    frame, gains = ledger.frame(), ledger.by_payer()
    assert len(frame) == np.count_nonzero(gains)
    assert frame["eur"].sum() == pytest.approx(gains.sum() / 100)
    for column, names, axes in (
        ("payer", PAYERS, (0, 1, 2)), ("item", ITEMS, (0, 1, 3)),
        ("wijk", ledger.wijken, (0, 2, 3)),
        ("month", ("2022-11", "2022-12", "2023-01", "2023-02"), (1, 2, 3)),
    ):  # fmt: skip
        sums = frame.groupby(column, observed=True)["eur"].sum()
        expected = gains.sum(axis=axes) / 100
        for name, eur in zip(names, expected, strict=True):
            assert sums.get(name, 0.0) == pytest.approx(eur), name
    assert "B" not in set(frame[frame["month"] == "2022-11"]["wijk"])


def test_the_table_says_the_kind_of_each_item() -> None:
    frame = a_ledger().frame()
    said = frame[["item", "kind"]].drop_duplicates()
    assert all(item_table()[item].kind == kind for item, kind in said.itertuples(index=False))
    assert "memo" not in set(frame["kind"])  # nobody gains or loses by a memo


def test_a_ledger_of_nothing_has_an_empty_table() -> None:
    empty = Ledger(START, ("A", "B", "C"), np.zeros(SIZE, np.int64))
    assert len(empty.frame()) == 0
    assert set(empty.frame().columns) == {"month", "wijk", "payer", "item", "kind", "eur"}


def test_minus_is_line_by_line() -> None:
    first, second = a_ledger(1), a_ledger(2)
    difference = first.minus(second)
    assert (difference.cents == first.cents - second.cents).all()
    assert (difference.start, difference.wijken) == (first.start, first.wijken)
    assert (first.minus(first).cents == 0).all()
