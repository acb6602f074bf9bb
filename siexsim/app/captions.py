"""Which figures a result has been given, with their titles and texts; read without drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

CAPTIONS: Final = "captions.json"
FOLDER: Final = "figures"
FIGURES: Final = (
    "account", "payers", "people", "stress", "stress_years", "participants", "map",
)  # fmt: skip
OF_FUTURES: Final = ("account", "payers")  # these change as more futures come in


def captions(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Titles and texts of the figures that are drawn, by figure and language."""
    try:
        found = json.loads((folder / FOLDER / CAPTIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
