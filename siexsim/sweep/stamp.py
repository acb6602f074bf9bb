"""What a run depends on beside what it is asked: the program that lives it, and its data."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from siexsim.posterior import packaged_posterior
from siexsim.result import WORLD, data_fingerprint
from siexsim.sweep import live
from siexsim.sweep.runs import OtherProgramError

_LIBRARY: Final = Path(__file__).parent.parent
# What is lived with; the other data are words for people.
_DATA: Final = (*WORLD, "interventions", "effect_sets.toml", "ledger_items.toml", "indicators.toml")


@cache
def stamp() -> str:
    """Hash of the data, of the fit, and of all sources that a run of a sweep goes through."""
    digest = hashlib.sha256(data_fingerprint(_DATA).encode())
    fitted = packaged_posterior()
    if fitted is not None:
        digest.update(fitted.digest.encode())
    for path in sorted(sources()):
        digest.update(path.relative_to(_LIBRARY).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def simulate(task: Mapping[str, Any]) -> dict[str, float]:
    """Live the run that is asked, if this is the program and the data of the sweep."""
    if task["stamp"] != stamp():
        raise OtherProgramError("a worker has another version of siexsim, or other data, than this")
    return live.simulate(task)


def sources() -> set[Path]:
    """The file that lives a run, and all that it imports, of this library."""
    waiting, found = [Path(live.__file__)], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def _imported(path: Path) -> list[Path]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("siexsim"):
            names += [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
    places = [_LIBRARY.joinpath(*name.split(".")[1:]) for name in names if "." in name]
    return [place.with_suffix(".py") for place in places if place.with_suffix(".py").exists()]
