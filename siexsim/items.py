"""What money lines are about: the items of the ledger, who pays each and who receives it.

Rules post to a till in whole cents, so that sums are exact and don't depend on their order.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from siexsim.compiled import rule

PAYERS: Final = (
    "municipality", "state", "insurer", "corporation", "uwv", "private", "household",
)  # fmt: skip
MUNICIPALITY, STATE, INSURER, CORPORATION_PAYER, UWV, PRIVATE, HOUSEHOLD_PAYER = range(7)
PUBLIC: Final = (MUNICIPALITY, STATE, INSURER, UWV)

ITEMS: Final = (
    "wage", "production", "payroll_tax", "welfare", "welfare_tax", "welfare_admin", "ww",
    "disability", "aow", "supplementary_pension", "student_income", "allowances", "spending",
    "borrowed", "repayment", "collection_fee", "written_off", "debt_help", "eviction", "shelter",
    "mental_care", "somatic_care", "wmo", "youth_care", "special_school", "justice", "divided",
    "help", "help_claim_paid", "special_assistance", "energy_allowance", "energy_saved",
)  # fmt: skip
(
    WAGE, PRODUCTION, PAYROLL_TAX, WELFARE_PAID, WELFARE_TAX, WELFARE_ADMIN, WW_PAID,
    DISABILITY_PAID, AOW, SUPPLEMENTARY_PENSION, STUDENT_INCOME, ALLOWANCES_PAID, SPENDING,
    BORROWED, REPAYMENT, COLLECTION_FEE, WRITTEN_OFF, DEBT_HELP_COST, EVICTION_COST, SHELTER,
    MENTAL_CARE_COST, SOMATIC_CARE, WMO_COST, YOUTH_CARE_COST, SPECIAL_SCHOOL_COST, JUSTICE,
    DIVIDED, HELP_COST, HELP_CLAIM_PAID, SPECIAL_ASSISTANCE, ENERGY_ALLOWANCE, ENERGY_SAVED,
) = range(len(ITEMS))  # fmt: skip

# Effect of one cent of an item on the household's savings and on its debt.
ON_SAVINGS: Final[Mapping[int, int]] = {
    WAGE: 1, WELFARE_PAID: 1, WW_PAID: 1, DISABILITY_PAID: 1, AOW: 1, SUPPLEMENTARY_PENSION: 1,
    STUDENT_INCOME: 1, ALLOWANCES_PAID: 1, SPENDING: -1, BORROWED: 1, REPAYMENT: -1, DIVIDED: 1,
    SPECIAL_ASSISTANCE: 1, ENERGY_ALLOWANCE: 1,
}  # fmt: skip
ON_DEBT: Final[Mapping[int, int]] = {
    BORROWED: 1, REPAYMENT: -1, COLLECTION_FEE: 1, WRITTEN_OFF: -1, HELP_CLAIM_PAID: -1,
}  # fmt: skip


# Running sums per item, of a neighbourhood or of one household. A record, not a row of a plain
# array, because the compiler counts references to every view of an array.
LINES: Final = np.dtype([("cents", "i8", (len(ITEMS),))])


class Till(NamedTuple):
    """Where a rule posts money: the running sums of the neighbourhood and of the household."""

    wijk: Any
    own: Any


def lines(count: int) -> NDArray[Any]:
    """Empty running sums for so many neighbourhoods or households."""
    return np.zeros(count, LINES).view(np.recarray)


@rule
def post(till: Any, item: int, cents: int) -> None:
    """Book one line of the present month."""
    till.wijk.cents[item] += cents
    till.own.cents[item] += cents


class Item(BaseModel):
    """One kind of money line: what part of a euro each party pays and receives.

    `kind` is "transfer" (one party's loss is another's gain), "cash" (resources that stop being
    spent at once), "later" (resources that are saved only when contracts end), "production"
    (value made) or "memo" (changes what a household has or owes; nobody else gains or loses).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["transfer", "cash", "later", "production", "memo"]
    pays: dict[str, float] = {}
    receives: dict[str, float] = {}
    source: str
    grade: Literal["A", "B", "C", "D", "assumption"]
    meaning: str
    betekenis: str


@cache
def item_table() -> Mapping[str, Item]:
    """All items by name, in the order of `ITEMS`."""
    text = (files("siexsim") / "data" / "ledger_items.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return {name: Item(**read[name]) for name in ITEMS}


@cache
def flows() -> NDArray[np.float64]:
    """Gain of each payer per euro of each item; shape (items, payers).

    Rows of transfers sum to zero, of resources to minus one, of production to one.
    """
    table = np.zeros((len(ITEMS), len(PAYERS)))
    for row, item in enumerate(item_table().values()):
        for payer, share in item.receives.items():
            table[row, PAYERS.index(payer)] += share
        for payer, share in item.pays.items():
            table[row, PAYERS.index(payer)] -= share
    return table
