"""Households in poverty in Groningen, month by month, and an account of investing in them.

>>> from siexsim import read_scenario
>>> from siexsim.run import run
>>> outcome = run(read_scenario("experiments/scenarios/noordoost.toml"))  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siexsim.model import SiexModel
    from siexsim.parameters import Parameters
    from siexsim.place import load_place
    from siexsim.plan import Plan
    from siexsim.population import synthesise
    from siexsim.result import load
    from siexsim.scenario import Scenario, read_scenario

__version__ = "0.1.0"
__all__ = [
    "Parameters",
    "Plan",
    "Scenario",
    "SiexModel",
    "__version__",
    "load",
    "load_place",
    "read_scenario",
    "synthesise",
]

_HOMES = {
    "Parameters": "parameters",
    "Plan": "plan",
    "Scenario": "scenario",
    "SiexModel": "model",
    "load": "result",
    "load_place": "place",
    "read_scenario": "scenario",
    "synthesise": "population",
}


def __getattr__(name: str) -> Any:
    # Importing on first use keeps `import siexsim` and `siexsim --help` quick.
    if name not in _HOMES:
        raise AttributeError(f"module 'siexsim' has no attribute '{name}'")
    found = getattr(import_module(f"siexsim.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
