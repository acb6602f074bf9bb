"""A site in a process of its own, and somebody who uses it without a browser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import tomllib
import urllib.parse
import urllib.request
from pathlib import Path

from siexsim.app.planfile import content_of, packed
from siexsim.app.planform import fields_of
from siexsim.scenario import Scenario

PLAN = """name = "{name}"
place = "groningen"
start = "2022-01"
years = 2
seed = 1
sample = 200
futures = 6
effects = "evidence"
[plan]
start = "2022-02"
end = "2023-06"
budget_eur_per_year = {eur}
[plan.mix]
debt_relief = 0.6
job_guidance = 0.4
"""


class Served:
    """A site in a process of its own, that can be stopped."""

    def __init__(self, folder: Path, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.more = folder, more
        self.root = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "siexsim", "app", "--port", str(self.port),
                   "--folder", str(self.folder), *self.more]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(1800):  # the first time, rules are compiled
            try:
                with urllib.request.urlopen(f"{self.root}/health", timeout=2) as answer:
                    if b'"ok"' in answer.read():
                        return
            except OSError:
                pass
            time.sleep(0.5)
        raise TimeoutError("the site did not start")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def answer_of(address: str, fields: dict[str, list[str]] | None = None) -> tuple[str, str]:
    """What a page says, and its address after redirects; `fields` are sent as a form."""
    body = None if fields is None else urllib.parse.urlencode(fields, doseq=True).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=600) as answer:
        return answer.read().decode(), answer.url


def run_plan(root: str, text: str, lang: str = "nl") -> str:
    """Send the form of a plan, as TOML; gives the address of its result."""
    content = content_of(Scenario.of(tomllib.loads(text)))
    fields = {"base": [packed(content)], "do": ["run"], **fields_of(content, lang)}
    return answer_of(f"{root}/{lang}/plan", fields)[1]


def wait_for_end(root: str, result: str) -> str:
    """Wait until a run has ended; gives the page with its result."""
    name = result.rsplit("/", 1)[1]
    while not json.loads(answer_of(f"{root}/nl/status/{name}")[0])["ended"]:
        time.sleep(0.3)
    return answer_of(result)[0]
