"""A process that works: it does what is asked, stops when told, and comes back when it dies."""

from __future__ import annotations

import threading

import pytest

from siexsim.app.jobs import Desk
from siexsim.app.pages_plan import example
from siexsim.scenario import Scenario

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk():
    one = Desk(120.0)
    assert one.warm.wait(300)
    yield one
    one.close()


class Heard:
    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.ended = threading.Event()
        self.first = threading.Event()

    def __call__(self, name, content) -> None:
        self.told.append((name, content))
        self.first.set()
        if name in ("end", "mistake", "failed", "stopped"):
            self.ended.set()


def content(**changes):
    scenario = Scenario.of({**example("small", "nl"), "years": 3, **changes})
    return scenario.model_dump(mode="json")


def test_a_first_line_comes(desk):
    heard = Heard()
    desk.ask("line", {"content": content()}, heard)
    assert heard.ended.wait(120)
    line = dict(heard.told)["line"]
    assert line["invested_eur"] > 0
    assert heard.told[-1] == ("end", None)


def test_what_is_called_off_stops_and_the_next_is_done(desk, tmp_path):
    heard, off = Heard(), threading.Event()
    about = {
        "content": content(sample=2, years=11), "folder": str(tmp_path),
        "kept": str(tmp_path / "kept"), "lang": "nl",
    }  # fmt: skip
    desk.ask("full", about, heard, called_off=off)
    assert heard.first.wait(120)
    off.set()
    assert heard.ended.wait(120)
    assert heard.told[-1][0] == "stopped"
    after = Heard()
    desk.ask("line", {"content": content()}, after)
    assert after.ended.wait(120)
    assert after.told[-1] == ("end", None)


def test_a_process_that_dies_is_said_and_made_anew(desk, tmp_path):
    heard = Heard()
    about = {
        "content": content(sample=2, years=11), "folder": str(tmp_path),
        "kept": str(tmp_path / "kept"), "lang": "nl",
    }  # fmt: skip
    desk.ask("full", about, heard)
    assert heard.first.wait(120)
    desk.process.is_alive = lambda: True  # as for a moment after it died
    desk.process.kill()
    assert heard.ended.wait(120)
    assert heard.told[-1] == ("failed", "died")
    after = Heard()
    desk.ask("line", {"content": content()}, after)
    assert after.ended.wait(120)
    assert after.told[-1] == ("end", None)


def test_a_mistake_in_a_task_is_said(desk, tmp_path):
    heard = Heard()
    about = {"folder": str(tmp_path), "name": "account", "lang": "nl"}
    desk.ask("figure", about, heard)
    assert heard.ended.wait(120)
    assert heard.told[-1][0] == "mistake"
