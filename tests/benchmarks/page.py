"""How soon the page answers: opening it, and the first line after Run, on a warmed server.

    python -m tests.benchmarks.page

Measured with an ordinary plan for one neighbourhood and the usual seed (the first plan with another
waits some 3.5 s more, for its population), from asking to the answer's last byte, as a browser
would see it but without drawing. No test asserts a time. Goals are printed beside it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from siexsim.app.pages_plan import example
from siexsim.app.planfile import toml_of
from tests.app.served import Served, answer_of, run_plan

ROUNDS = 3
GOALS = {"start page": 5.0, "form of a plan": 5.0, "first line after Run": 2.0}


def seconds(do: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def first_line(root: str, round_number: int) -> None:
    """Run the first example and wait for its first line, as the page's own script does."""
    plan = example("small", "nl") | {
        "name": f"Meting {round_number}"
    }  # a new plan, with the seed that plans have
    result = run_plan(root, toml_of(plan))
    while 'section class="answer' not in answer_of(f"{result}/part")[0]:
        time.sleep(0.05)
    answer_of(f"{result}/cancel", {})


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder), "--workers", "1")
        try:
            for name, do in {
                "start page": lambda k: answer_of(f"{served.root}/nl/"),
                "form of a plan": lambda k: answer_of(f"{served.root}/nl/plan"),
                "first line after Run": lambda k: first_line(served.root, k),
            }.items():
                times = [seconds(lambda k=k, do=do: do(k)) for k in range(ROUNDS)]  # type: ignore[misc]
                print(f"{name}: {min(times):.2f} s (worst of {ROUNDS}: {max(times):.2f} s; "
                      f"goal {GOALS[name]:.0f} s)")  # fmt: skip
        finally:
            served.stop()


if __name__ == "__main__":
    main()
