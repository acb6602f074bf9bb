"""Compilation of rules: one switch, and a cache that notices every edit.

Numba's own cache doesn't see edits in functions imported from other files, so the compiled
code lies in a folder named by the fingerprint of all sources that take part in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def fingerprint() -> str:
    """Hash of the sources and numbers that rules are compiled from; 12 hexadecimal digits."""
    digest = hashlib.sha256()
    sources = sorted([*_HERE.glob("*.py"), *(_HERE / "rules").glob("*.py")])
    for path in [*sources, *sorted((_HERE / "data" / "parameters").glob("*.toml"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _cache_folder() -> Path:
    root = os.environ.get("SIEXSIM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path.home() / ".cache"
    return base / "siexsim" / fingerprint()


os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder()))
import numba  # noqa: E402  (the cache folder has to be known before numba is imported)

Function = Callable[..., Any]


def rule(function: Function) -> Function:
    """Compile a rule: a small function over one record, inlined into the month."""
    compiled: Function = numba.njit(error_model="numpy", forceinline=True)(function)
    return compiled


def kernel(function: Function) -> Function:
    """Compile a loop over records, and keep the compiled code on disk."""
    compiled: Function = numba.njit(error_model="numpy", nogil=True, cache=True)(function)
    return compiled
