"""The record of a household: every field with its type, unit, bounds and meaning.

A household is one record of a NumPy structured array. Rules read and write its fields by
name; the Mesa agent of ``siexsim.model`` is a view of the same record. All money is in whole
cents, so that books balance exactly and sums don't depend on their order.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Life domains in which stress is carried (requirement A1).
DOMAINS: Final = ("housing", "money", "wellbeing", "education", "work")
HOUSING, MONEY, WELLBEING, EDUCATION, WORK = range(5)

# Position of an adult on the labour market.
POSITIONS: Final = (
    "none",
    "permanent",
    "flex",
    "self_employed",
    "ww",
    "welfare",
    "disability",
    "pension",
    "student",
)
NO_INCOME, PERMANENT, FLEX, SELF_EMPLOYED, WW, WELFARE, DISABILITY, PENSION, STUDENT = range(9)

# Highest completed education, and the tenure and state of the home.
EDUCATIONS: Final = ("low", "middle", "high")
LOW, MIDDLE, HIGH = range(3)
TENURES: Final = ("owner", "corporation", "private_rent")
OWNER, CORPORATION, PRIVATE_RENT = range(3)
HOMES: Final = ("fits", "unfit", "threatened", "lost")
FITS, UNFIT, THREATENED, LOST = range(4)

# What the debts of a household have come to.
DEBT_STATES: Final = ("none", "arrears", "problematic", "arrangement")
NO_DEBT, ARREARS, PROBLEMATIC, ARRANGEMENT = range(4)

# Where a household stands with one intervention.
HELP_STATES: Final = ("untouched", "waiting", "running", "completed", "dropped")
UNTOUCHED, WAITING, RUNNING, COMPLETED, DROPPED = range(5)

# Why a household is no longer present, or what it asks of the month's end.
PRESENT, NOT_YET, MOVED_OUT, DIED, JOINED = 1, 0, 2, 3, 4

# How far help came to a household, as bits; and the group by which it is found (A8, Q5).
ELIGIBLE, REACHED, ACCEPTED, STARTED = (1 << k for k in range(4))
GROUPS: Final = (
    "none", "welfare", "pensioner", "flex", "self_employed", "employed", "benefit", "other",
)  # fmt: skip
(
    NO_GROUP, ON_WELFARE_GROUP, PENSIONER_GROUP, FLEX_GROUP, SELF_EMPLOYED_GROUP, EMPLOYED_GROUP,
    BENEFIT_GROUP, OTHER_GROUP,
) = range(len(GROUPS))  # fmt: skip

MAX_ADULTS: Final = 2
MAX_CHILDREN: Final = 4
MAX_INTERVENTIONS: Final = 12
NO_BIRTH: Final = -1  # birth month of somebody who isn't there


class Field(NamedTuple):
    """One field of the record."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    unit: str
    low: float
    high: float
    meaning: str


_AMOUNT = 10**12  # bound on what a household owns or owes, in cents
_PAY = 2 * 10**9  # bound on what comes in a month, in cents

FIELDS: Final[tuple[Field, ...]] = (
    # what every month touches comes first, so that the rest stays out of the processor's caches
    Field("id", "u8", (), "", 0, 2**64 - 1, "identity; never changes; drives the draws"),
    Field("resilience", "f8", (), "share", 0, 1, "trait drawn once: how fast stress recovers"),
    Field("savings", "i8", (), "cent", 0, _AMOUNT, "money in the bank"),
    Field("debt", "i8", (), "cent", 0, _AMOUNT, "what is owed to creditors, mortgage left out"),
    Field("stress", "f8", (5,), "share", 0, 1, "stress by domain"),
    Field("ratio", "f8", (), "share", 0, 1e6, "income over the social minimum of its kind"),
    Field("income", "i4", (), "cent/month", 0, _PAY, "net income without allowances"),
    Field("allowances", "i4", (), "cent/month", 0, _PAY, "allowances received"),
    Field("earnings", "i4", (2,), "cent/month", 0, _PAY, "net pay when working, prices of 2022-01"),
    Field(
        "birth", "i2", (2,), "month", -1, 32000, "birth month of each adult, months since 1900-01"
    ),
    Field("child_birth", "i2", (4,), "month", -1, 32000, "birth month of each child at home"),
    Field("months_poor", "i2", (), "month", 0, 1200, "length of the present poverty spell"),
    Field("months_not_poor", "i2", (), "month", 0, 1200, "months since the last poverty spell"),
    Field("months_on_welfare", "i2", (), "month", 0, 1200, "length of the present welfare spell"),
    Field(
        "months_in_debt",
        "i2",
        (),
        "month",
        0,
        1200,
        "length of the present spell of problematic debt",
    ),
    Field("ww_left", "i2", (2,), "month", 0, 60, "months of unemployment benefit left"),
    Field("claims", "i2", (), "count", 0, 60, "number of open claims (creditors)"),
    Field("arrangement_left", "i2", (), "month", 0, 60, "months left in a debt arrangement"),
    Field("months_lost", "i2", (), "month", 0, 1200, "months without a home"),
    Field("wijk", "i1", (), "", 0, 127, "row of the neighbourhood in the place"),
    Field("state", "i1", (), "", 0, 4, "present, not yet here, moved out, died, joined another"),
    Field("kids", "i1", (), "count", 0, 4, "children at home; follows child_birth"),
    Field(
        "student", "u1", (), "yes/no", 0, 1, "student household, left out of the poverty figures"
    ),
    Field("education", "i1", (2,), "", 0, 2, "education of each adult"),
    Field("position", "i1", (2,), "", 0, 8, "position of each adult"),
    Field(
        "hours",
        "i1",
        (2,),
        "step",
        -1,
        3,
        "working hours against each adult's usual: fewer, as usual, steps more",
    ),
    Field("tenure", "i1", (), "", 0, 2, "owner, corporation, private rent"),
    Field("home", "i1", (), "", 0, 3, "state of the home"),
    Field("debt_state", "i1", (), "", 0, 3, "what the debts have come to"),
    Field("claims_welfare", "u1", (), "yes/no", 0, 1, "asks for welfare when entitled (trait)"),
    Field("claims_allowances", "u1", (), "yes/no", 0, 1, "uses the allowances it is entitled to"),
    Field("mental_care", "u1", (), "yes/no", 0, 1, "an adult is in mental health care"),
    Field("wmo", "u1", (), "yes/no", 0, 1, "receives Wmo support"),
    Field("youth_care", "u1", (), "count", 0, 4, "children in youth care"),
    Field("special_school", "u1", (), "count", 0, 4, "children in special schooling"),
    Field("on_welfare", "u1", (), "yes/no", 0, 1, "receives welfare (bijstand) this month"),
    Field("poor", "u1", (), "yes/no", 0, 1, "income at or under the main poverty threshold"),
    Field("leaving_child", "i1", (), "", -1, 3, "child that leaves home this month, or -1"),
    Field("separating", "u1", (), "yes/no", 0, 1, "second adult leaves this month"),
    Field("helped", "u1", (), "yes/no", 0, 1, "has ever started with help of the plan"),
    Field("raised_poor", "u1", (), "yes/no", 0, 1, "first adult grew up in a poor household"),
    Field("help", "i1", (MAX_INTERVENTIONS,), "", 0, 4, "state per intervention"),
    Field("met", "u1", (), "bits", 0, 15, "was eligible, was reached, said yes, started"),
    Field("group", "u1", (), "", 0, 7, "group it belonged to when it was first eligible"),
    Field("rehoused", "u1", (), "yes/no", 0, 1, "given a home by help this month"),
    Field("tutored", "u1", (), "count", 0, 4, "pupils in school support"),
    Field("asked", "u1", (), "bits", 0, 3, "claims welfare, allowances only since help asked"),
    Field("weight", "i2", (), "household", 1, 32000, "households that this record stands for"),
    Field("came", "i2", (), "month", 0, 32000, "month of arrival, months since 1900-01"),
    Field(
        "months_without_work",
        "i2",
        (2,),
        "month",
        0,
        1200,
        "length of each adult's spell without work",
    ),
    Field("help_months", "i2", (MAX_INTERVENTIONS,), "month", 0, 1200, "months in that state"),
    Field("readiness", "f8", (), "share", 0, 1, "trait drawn once: readiness to ask for help"),
    Field(
        "employability", "f8", (), "factor", 0, 10, "trait: multiplies the chance of finding work"
    ),
    Field("relief", "f8", (5,), "share", 0, 1, "part of the stress that help holds down now"),
    Field("find_factor", "f8", (), "factor", 0, 10, "help's effect on finding work; 1 is none"),
    Field("support", "i4", (), "cent/month", 0, _PAY, "local income support through help"),
    Field("spared", "i4", (), "cent/month", 0, _PAY, "needs that help lowers"),
    Field("development", "f8", (4,), "sd", -4, 4, "development of each child"),
    Field(
        "pension", "i4", (2,), "cent/month", 0, _PAY, "net pension on top of AOW, prices of 2022-01"
    ),
)

HOUSEHOLD: Final = np.dtype(
    [(f.name, f.dtype, f.shape) if f.shape else (f.name, f.dtype) for f in FIELDS], align=True
)

Households = NDArray[Any]


def empty(count: int) -> Households:
    """Make `count` records of nobody, as a record array whose fields read by name."""
    households = np.zeros(count, HOUSEHOLD).view(np.recarray)
    households["birth"] = NO_BIRTH
    households["child_birth"] = NO_BIRTH
    households["leaving_child"] = -1
    households["weight"] = 1
    households["find_factor"] = 1.0
    households["employability"] = 1.0
    return households


class Growing:
    """A record array with room to spare, so that newcomers don't mean copying everybody."""

    def __init__(self, records: Households) -> None:
        self._dtype = records.dtype
        self._count = 0
        # untouched zeros take no memory, so there is room for some ten years of newcomers
        self._room = np.zeros((2 * len(records) + 64, records.itemsize), np.uint8)
        self.extend(records)

    @property
    def records(self) -> Households:
        """The records in use; a view, out of date after `extend`."""
        return self._room[: self._count].view(self._dtype)[:, 0].view(np.recarray)

    def extend(self, new: Households) -> None:
        """Add records at the end; whole bytes, since copying field by field takes far longer."""
        count = self._count + len(new)
        if count > len(self._room):
            bigger = np.zeros((2 * count, self._room.shape[1]), np.uint8)
            bigger[: self._count] = self._room[: self._count]
            self._room = bigger
        as_bytes = np.ascontiguousarray(new).view(np.uint8).reshape(len(new), new.itemsize)
        self._room[self._count : count] = as_bytes
        self._count = count


def adults(households: Households) -> NDArray[np.int64]:
    """Count the adults of each household; shape (households,)."""
    return (households["birth"] != NO_BIRTH).sum(axis=1)


def children(households: Households) -> NDArray[np.int64]:
    """Count the children at home of each household; shape (households,)."""
    return (households["child_birth"] != NO_BIRTH).sum(axis=1)


def present(households: Households) -> NDArray[np.bool_]:
    """Tell which households live in the place now; shape (households,)."""
    return households["state"] == PRESENT


def month_number(text: str) -> int:
    """Turn a date such as "2022-01" into months since 1900-01."""
    year, month = text.split("-")
    return (int(year) - 1900) * 12 + int(month) - 1


def month_text(number: int) -> str:
    """Turn months since 1900-01 into a date such as "2022-01"."""
    return f"{1900 + number // 12}-{number % 12 + 1:02d}"
