"""How long a run's ledger takes to protect, against writing it down and reading it again.

    python -m tests.benchmarks.disclosure

Processor time, the best of three. The ledger is of two worlds, 20 neighbourhoods and ten years.
No test asserts a time.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pandas as pd

from siexsim.disclosure import protect_ledger
from tests.test_disclosure import ledger

ROUNDS = 3


def seconds_of(done: Callable[[], object]) -> float:
    """Best of several rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        done()
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Measure and print."""
    table = ledger(months=120, wijken=20)

    def written() -> pd.DataFrame:
        file = io.BytesIO()
        table.to_parquet(file)
        return pd.read_parquet(file)

    protecting, writing = seconds_of(lambda: protect_ledger(table)), seconds_of(written)
    print(f"{len(table):,} rows: protecting {protecting:.2f} s, {protecting / writing:.1f} times")
    print("as long as writing them down and reading them again")


if __name__ == "__main__":
    main()
