"""Items of money: who pays, who receives, and how an amount is split to the cent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from siexsim import items
from siexsim.items import ITEMS, PAYERS, Item, flows, item_table
from siexsim.ledger import split

SUMS = {"transfer": 0, "memo": 0, "cash": -1, "later": -1, "production": 1}
SIGNED = np.array([SUMS[item.kind] for item in item_table().values()])


@pytest.mark.parametrize("name", ITEMS)
def test_every_item_sums_as_its_kind_says(name: str) -> None:
    item, row = item_table()[name], flows()[ITEMS.index(name)]
    assert row.sum() == pytest.approx(SUMS[item.kind], abs=1e-12)
    assert item.source.strip() and item.meaning.strip() and item.betekenis.strip()
    assert item.meaning != item.betekenis or name == "ww"
    assert set(item.pays) | set(item.receives) <= set(PAYERS)
    assert all(0 < share <= 1 for share in [*item.pays.values(), *item.receives.values()])
    if item.kind == "memo":
        assert not item.pays and not item.receives


def test_the_names_and_numbers_of_items_agree() -> None:
    assert list(item_table()) == list(ITEMS) and len(set(ITEMS)) == len(ITEMS)
    assert ITEMS[items.WAGE] == "wage"
    assert ITEMS[items.WELFARE_PAID] == "welfare"
    assert ITEMS[items.HELP_COST] == "help"
    assert ITEMS[items.HELP_CLAIM_PAID] == "help_claim_paid"
    assert ITEMS[items.WRITTEN_OFF] == "written_off"
    assert ITEMS[items.EVICTION_COST] == "eviction"
    assert PAYERS[items.MUNICIPALITY] == "municipality"
    assert PAYERS[items.HOUSEHOLD_PAYER] == "household"
    assert {PAYERS[k] for k in items.PUBLIC} == {"municipality", "state", "insurer", "uwv"}


def test_what_touches_savings_goes_through_the_household() -> None:
    """Who receives an item has it in the bank, but for spending, which nobody else gains by."""
    gains = flows()[:, items.HOUSEHOLD_PAYER]
    for item, sign in items.ON_SAVINGS.items():
        if item_table()[ITEMS[item]].kind == "transfer":
            assert gains[item] == sign, ITEMS[item]
    through = {k for k in range(len(ITEMS)) if abs(gains[k]) == 1}
    # energy that is saved lowers spending, and so is in the bank already
    assert through - {items.ENERGY_SAVED} <= set(items.ON_SAVINGS)


def test_an_item_refuses_what_it_does_not_know() -> None:
    fields = {"kind": "cash", "source": "a", "grade": "A", "meaning": "b", "betekenis": "c"}
    Item(**fields)
    for change in ({"kind": "gift"}, {"grade": "E"}, {"payer": {"state": 1.0}}):
        with pytest.raises(ValidationError):
            Item(**{**fields, **change})


amounts = st.lists(
    st.integers(-(10**12), 10**12) | st.integers(-20, 20), min_size=len(ITEMS), max_size=len(ITEMS)
)


@settings(max_examples=150, deadline=None)
@given(amounts)
def test_a_split_is_exact_to_the_cent(cents: list[int]) -> None:
    booked = np.array(cents)
    gains = split(booked)
    assert gains.dtype == np.int64
    assert (gains.sum(axis=-1) == SIGNED * booked).all()
    # nobody is off by more than the rounding of a cent per payer
    assert np.abs(gains - booked[:, None] * flows()).max() <= len(PAYERS) / 2 + 1e-3


def test_a_split_of_nothing_is_nothing_and_who_has_no_share_gets_none() -> None:
    booked = np.full(len(ITEMS), 12_345_678_901)
    assert (split(np.zeros(len(ITEMS), np.int64)) == 0).all()
    assert (split(booked)[flows() == 0] == 0).all()


def test_posting_adds_to_both_books() -> None:
    wijk, own = items.lines(2), items.lines(2)
    till = items.Till(wijk[1], own[0])
    post = getattr(items.post, "py_func", items.post)
    post(till, items.WMO_COST, 250)
    post(till, items.WMO_COST, 1)
    assert wijk.cents[1, items.WMO_COST] == own.cents[0, items.WMO_COST] == 251
    assert wijk.cents.sum() == own.cents.sum() == 251
