"""A small result with all its figures."""

from __future__ import annotations

import pytest

from siexsim.plan import Plan
from siexsim.result import load, write
from siexsim.run import run
from siexsim.scenario import Scenario

PLAN = Plan(
    mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
    budget_eur_per_year=2e7, start="2022-02", end="2023-06",
)  # fmt: skip


@pytest.fixture(scope="session")
def outcome():
    return run(Scenario(name="Proef / één", years=2, sample=200, futures=3, plan=PLAN))


@pytest.fixture(scope="session")
def result(outcome, tmp_path_factory):
    return load(write(outcome, tmp_path_factory.mktemp("drawn"), 1.0))


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A result without a plan."""
    outcome = run(Scenario(name="alone", years=1, sample=200, futures=1))
    return load(write(outcome, tmp_path_factory.mktemp("alone"), 1.0))
