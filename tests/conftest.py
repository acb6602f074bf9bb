"""A small settled city, made once for all tests that only read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.recfunctions import repack_fields

from siexsim.model import settle
from siexsim.parameters import Parameters
from siexsim.place import Place, load_place
from siexsim.plan import Plan

SAMPLE = 100


def bits(records: Any) -> bytes:
    """The bytes of records without the padding between fields, which means nothing."""
    return repack_fields(np.asarray(records)).tobytes()


SEED = 3


@pytest.fixture(scope="session")
def place() -> Place:
    return load_place("groningen")


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return Parameters.packaged()


@pytest.fixture(scope="session")
def settled(place: Place, parameters: Parameters) -> Any:
    """One household in a hundred after the burn-in; copy before changing."""
    return settle(place, parameters, SEED, SAMPLE)


@pytest.fixture(scope="session")
def plan() -> Plan:
    """A plan for everybody, large enough to reach some of a small sample."""
    return Plan(
        mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
        budget_eur_per_year=8e6, start="2022-03", end="2023-12",
    )  # fmt: skip
