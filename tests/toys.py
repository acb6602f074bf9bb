"""Toy simulations for tests of sweeps; at the top of a module, so that workers can find them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from pathlib import Path
from typing import Any


def square(task: Any) -> dict[str, float]:
    return {"squared": float(task["x"]) ** 2, "tenth": task["x"] / 10}


def slow_square(task: Any) -> dict[str, float]:
    time.sleep(0.02)
    return square(task)


def fails_at_three(task: Any) -> dict[str, float]:
    if task["x"] == 3:
        raise ValueError("three is\nno good")
    return square(task)


def kills_at_three(task: Any) -> dict[str, float]:
    if task["x"] == 3:
        os._exit(9)
    return square(task)


def ishigami(task: Any) -> dict[str, float]:
    a, b, c = (float(task["point"][name]) for name in ("a", "b", "c"))
    return {"y": math.sin(a) + 7 * math.sin(b) ** 2 + 0.1 * c**4 * math.sin(a)}


def lives_slowly(task: Any) -> dict[str, float]:
    """A run that takes a while, says that it was done, and always comes to the same."""
    said = json.dumps(task, sort_keys=True).encode()
    digest = hashlib.sha256(said).digest()
    time.sleep(0.02 + digest[0] / 4000)
    with Path(os.environ["SIEXSIM_LIVED"]).open("a", encoding="utf-8") as file:
        file.write(digest.hex() + "\n")  # short, so never mixed with that of another process
    return {f"outcome_{k}": digest[k] / 256 for k in range(4)}
