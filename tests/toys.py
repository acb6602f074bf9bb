"""Toy simulations for tests of sweeps; at the top of a module, so that workers can find them."""

from __future__ import annotations

import math
import os
import time
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
