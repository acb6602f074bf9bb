"""What a hindcast depends on beside its values, seed and sample: one short hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from siexsim.compiled import rules_fingerprint
from siexsim.result import WORLD, data_fingerprint

_HERE: Final = Path(__file__).parent
_SOURCES: Final = ("hindcast.py", "past.py", "quantities_targets.py", "targets.toml")


def stamp() -> str:
    """Stands for the rules, the data, and how a hindcast is lived and measured."""
    return hashed(
        *(_HERE / name for name in _SOURCES), more=rules_fingerprint() + data_fingerprint(WORLD)
    )


def hashed(*paths: Path, more: str = "") -> str:
    """Hash of files; 12 hexadecimal digits."""
    digest = hashlib.sha256(more.encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
