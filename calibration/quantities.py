"""All quantities by name: of the targets, and of what is held out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from calibration.hindcast import Hindcast
from calibration.quantities_targets import TARGETS
from calibration.quantities_unseen import HOLDOUTS

QUANTITIES: Final[dict[str, Callable[[Hindcast], float]]] = {**TARGETS, **HOLDOUTS}
