"""A site whose work is done by hand, and a small result that it can show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from siexsim.app import jobs as jobs_module
from siexsim.app.jobs import Jobs
from siexsim.app.server import build
from siexsim.plan import Plan
from siexsim.result import write
from siexsim.run import run
from siexsim.scenario import Scenario

PLAN = Plan(
    mix={"debt_relief": 0.4, "breakthrough": 0.3, "job_guidance": 0.3},
    budget_eur_per_year=2e7, start="2022-02", end="2023-06",
)  # fmt: skip


class ByHand:
    """A desk that does nothing by itself: the test says what is heard."""

    def __init__(self, limit_seconds: float, after: Any = None) -> None:
        import threading

        self.asked: list[tuple[str, dict[str, Any], Any, Any]] = []
        self.warm = threading.Event()
        self.warm.set()
        self.tasks = self

    def qsize(self) -> int:
        return len(self.asked)

    def ask(self, kind, arguments, heard, urgency=1, called_off=None) -> None:
        self.asked.append((kind, arguments, heard, called_off))

    def ask_and_wait(self, kind, arguments, seconds=60.0) -> bool:
        from siexsim.app.tasks import TASKS

        TASKS[kind](tell=lambda *_: None, **arguments)
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> Jobs:
    monkeypatch.setattr(jobs_module, "Desk", ByHand)
    return Jobs(tmp_path / "site", most_waiting=2)


@pytest.fixture
def site(jobs) -> TestClient:
    return TestClient(build(jobs), follow_redirects=False, raise_server_exceptions=True)


@pytest.fixture(scope="session")
def outcome():
    return run(Scenario(name="Proef / één", years=2, sample=200, futures=3, plan=PLAN))


@pytest.fixture(scope="session")
def folder(outcome, tmp_path_factory) -> Path:
    """A result with two figures drawn, in both languages."""
    from siexsim.app.drawing import draw_figure
    from siexsim.result import load

    there = write(outcome, tmp_path_factory.mktemp("result"), 1.0, figures=False)
    for name in ("account", "payers"):
        for lang in ("nl", "en"):
            draw_figure(load(there), name, lang)
    return there
