"""Compilation of rules: one switch, and a cache that notices every edit.

Numba's own cache doesn't see edits in functions imported from other files, so the compiled
code lies in a folder named by the fingerprint of all sources that take part in it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
# What a file with compiled functions takes from here.
_COMPILES = re.compile(r"siexsim\.compiled import .*\b(rule|kernel)\b")


def fingerprint() -> str:
    """Hash of all sources of the program; 12 hexadecimal digits. Data have their own."""
    return _hashed(_HERE.rglob("*.py"))


def rules_fingerprint() -> str:
    """Hash of what rules are compiled from: their sources, and the names of their numbers."""
    return _hashed(_compiled_sources(), _names_of_numbers())


def _hashed(paths: Iterable[Path], more: bytes = b"") -> str:
    digest = hashlib.sha256(more)
    for path in sorted(paths):
        digest.update(path.relative_to(_HERE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _compiled_sources() -> set[Path]:
    """Files with compiled functions, and all that these import."""
    texts = {path: path.read_text(encoding="utf-8") for path in _HERE.rglob("*.py")}
    waiting = [path for path, text in texts.items() if _COMPILES.search(text)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for module, names in re.findall(r"^from siexsim(\S*) import (.+)$", texts[path], re.M):
            folder = _HERE.joinpath(*module.strip(".").split("."))
            near = [
                folder.with_suffix(".py"),
                *(folder / f"{n.strip()}.py" for n in names.split(",")),
            ]
            waiting += [one for one in near if one in texts]
    return found


def _names_of_numbers() -> bytes:
    # values reach the rules as data; only which numbers there are is compiled in
    files = sorted((_HERE / "data" / "parameters").glob("*.toml"))
    names = [re.findall(r"^\[(.+)\]", p.read_text(encoding="utf-8"), re.M) for p in files]
    return repr([(path.name, found) for path, found in zip(files, names, strict=True)]).encode()


def _cache_folder() -> Path:
    root = os.environ.get("SIEXSIM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path.home() / ".cache"
    return base / "siexsim" / rules_fingerprint()


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
