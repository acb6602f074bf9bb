"""The ledger: every euro by month, neighbourhood, item and payer; summed nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.household import month_text
from siexsim.items import ITEMS, PAYERS, flows, item_table


@dataclass(frozen=True)
class Ledger:
    """Lines of money in whole cents; shape of `cents` is (months, wijken, items)."""

    start: int
    wijken: tuple[str, ...]
    cents: NDArray[np.int64]

    @property
    def months(self) -> int:
        """Number of months booked."""
        return len(self.cents)

    def minus(self, other: Ledger) -> Ledger:
        """Difference of two worlds, line by line; both must cover the same months and wijken."""
        if (self.start, self.wijken, self.months) != (other.start, other.wijken, other.months):
            raise ValueError("these ledgers cover different months or neighbourhoods")
        return Ledger(self.start, self.wijken, self.cents - other.cents)

    def by_payer(self) -> NDArray[np.int64]:
        """Gain of each payer; cents, shape (months, wijken, items, payers).

        Shares are rounded to whole cents and the payer with the largest share takes what is
        left, so transfers sum to exactly zero over the payers.
        """
        return split(self.cents)

    def frame(self) -> pd.DataFrame:
        """The lines that aren't zero, as a table: month, wijk, payer, item, kind, eur."""
        gains = self.by_payer()
        month, wijk, item, payer = np.nonzero(gains)
        kinds = np.array([entry.kind for entry in item_table().values()])
        months = np.array([month_text(self.start + k) for k in range(self.months)])
        table = pd.DataFrame(
            {
                "month": months[month],
                "wijk": np.array(self.wijken)[wijk],
                "payer": np.array(PAYERS)[payer],
                "item": np.array(ITEMS)[item],
                "kind": kinds[item],
            },
            dtype="category",
        )
        table["eur"] = gains[month, wijk, item, payer] / 100
        return table


def split(cents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split amounts per item over the payers; (..., items) becomes (..., items, payers)."""
    shares = flows()
    gains = np.rint(cents[..., None] * shares).astype(np.int64)
    totals = np.rint(shares.sum(axis=1)).astype(np.int64) * cents
    largest = np.abs(shares).argmax(axis=1)
    items = np.arange(len(ITEMS))
    gains[..., items, largest] += totals - gains.sum(axis=-1)
    return gains
