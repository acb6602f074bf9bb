"""Jobs of visitors: who waits, who runs and in which process, with limits; nobody sees another's.

A job has a name that can't be guessed, so only who started it, or was given its link, sees it.
Each job lies in a folder of its own, so that it can be told of after the server was stopped.
"""

from __future__ import annotations

import itertools
import json
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from siexsim.app.captions import FIGURES, OF_FUTURES, captions
from siexsim.app.worker import work

WAITING, RUNNING, DONE = "waiting", "running", "done"
CANCELLED, MISTAKE, FAILED, BROKEN_OFF = "cancelled", "mistake", "failed", "broken_off"
ENDED: Final = (DONE, CANCELLED, MISTAKE, FAILED, BROKEN_OFF)
ENDINGS: Final = ("end", "mistake", "failed", "stopped")  # the last that is heard of a task
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{16,40}")
_PATIENCE_SECONDS: Final = 4.0  # after which a process that was called off is ended
_SPAWN: Final = get_context("spawn")


@dataclass
class Job:
    """What somebody asked for and how far it is.

    `stage` is what is going on, done and of how many; `line` what is known first; `result` the
    folder of the newest result; `parts` a file with answers. `stamp` changes with what there is
    to show.
    """

    name: str
    kind: str
    lang: str
    content: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    about: str = ""  # the job whose result this one is about
    beside: tuple[str, ...] = ()  # jobs to compare it with
    made: float = 0.0
    state: str = WAITING
    stage: tuple[str, int, int] = ("waiting", 0, 1)
    line: dict[str, Any] | None = None
    result: str = ""
    earlier: list[str] = field(default_factory=list)  # results with fewer futures, oldest first
    futures: int = 0
    parts: str = ""
    message: str = ""
    stamp: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


class BusyError(Exception):
    """There is no room for another job now."""


@dataclass(order=True)
class _Task:
    urgency: int
    number: int
    kind: str = field(compare=False)
    arguments: dict[str, Any] = field(compare=False)
    heard: Callable[[str, Any], None] = field(compare=False)
    called_off: threading.Event = field(compare=False)


class Desk:
    """A process that does tasks, the most urgent first, and the thread that watches it."""

    def __init__(self, limit_seconds: float, after: threading.Event | None = None) -> None:
        self.limit_seconds = limit_seconds
        self.after = after  # rules are compiled by one process, and read by the others
        self.tasks: queue.PriorityQueue[_Task] = queue.PriorityQueue()
        self.numbers = itertools.count()
        self.warm = threading.Event()
        self.closed = threading.Event()
        self.pipe: Any = None
        self.process: Any = None
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _begin(self) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.called_off = _SPAWN.Event()
        self.process = _SPAWN.Process(target=work, args=(theirs, self.called_off), daemon=True)
        self.process.start()
        theirs.close()

    def ask(
        self, kind: str, arguments: dict[str, Any], heard: Callable[[str, Any], None],
        urgency: int = 1, called_off: threading.Event | None = None,
    ) -> None:  # fmt: skip
        """Let a task be done; what is to be known of it is told to `heard`, its end included."""
        off = called_off or threading.Event()
        self.tasks.put(_Task(urgency, next(self.numbers), kind, arguments, heard, off))

    def ask_and_wait(self, kind: str, arguments: dict[str, Any], seconds: float = 60.0) -> bool:
        """Let a task be done and wait for it; whether it went well."""
        done, ends = threading.Event(), []

        def heard(name: str, content: Any) -> None:
            if name in ENDINGS:
                ends.append(name)
                done.set()

        self.ask(kind, arguments, heard)
        return done.wait(seconds) and ends == ["end"]

    def close(self) -> None:
        """End the process."""
        self.closed.set()
        if self.process is not None:
            self.process.terminate()

    def _watch(self) -> None:
        while self.after is not None and not self.after.wait(0.2):
            if self.closed.is_set():
                return
        self._do(_Task(0, -1, "warm", {}, lambda name, content: None, threading.Event()))
        self.warm.set()
        while not self.closed.is_set():
            try:
                task = self.tasks.get(timeout=0.5)
            except queue.Empty:
                continue
            if task.called_off.is_set() or self.closed.is_set():
                task.heard("stopped", None)
                continue
            name, content = self._do(task)
            task.heard(name, content)

    def _do(self, task: _Task) -> tuple[str, Any]:
        """Send a task to the process and hear of it until it has ended."""
        if self.process is None or not self.process.is_alive():  # it may die while it waits, too
            self._begin()
        self.called_off.clear()
        began, called = time.monotonic(), 0.0
        limit = self.limit_seconds if task.number >= 0 else float("inf")
        try:
            self.pipe.send((task.kind, task.arguments))
            while True:
                if self.pipe.poll(0.1):
                    name, content = self.pipe.recv()
                    if name in ENDINGS:
                        return name, content
                    task.heard(name, content)
                now = time.monotonic()
                if task.called_off.is_set() and not called:
                    called = now
                    self.called_off.set()
                late = now - began > limit
                if late or (called and now - called > _PATIENCE_SECONDS):
                    self._end()
                    return ("failed", "time") if late else ("stopped", None)
                if not self.process.is_alive() and not self.pipe.poll(0.1):
                    break
        except (EOFError, OSError):
            pass  # the pipe tells of a death before the system does
        self._end()
        return "failed", "died"

    def _end(self) -> None:
        self.process.terminate()
        self.process.join(2)
        if not self.closed.is_set():
            self._begin()


class Jobs:
    """All jobs of the server, by name.

    The first lines and figures have a process of their own, so that a long run keeps nobody
    waiting for these; `workers` processes do the runs.
    """

    def __init__(
        self, folder: Path, workers: int = 1, most_waiting: int = 12,
        limit_seconds: float = 3600.0, kept_days: float = 30.0,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.most_waiting = most_waiting
        self.kept_days = kept_days
        self.lock = threading.RLock()
        self.jobs: dict[str, Job] = {}
        self.off: dict[str, threading.Event] = {}
        self.asked: set[tuple[str, str, str]] = set()  # figures that are being drawn
        (folder / "jobs").mkdir(parents=True, exist_ok=True)
        self._read()
        self.front = Desk(120.0)
        self.backs = [Desk(limit_seconds, self.front.warm) for _ in range(workers)]

    def close(self) -> None:
        """End all processes."""
        for desk in (self.front, *self.backs):
            desk.close()

    # ---- what there is -------------------------------------------------------------------------

    def get(self, name: str) -> Job | None:
        """A job by its name."""
        return self.jobs.get(name) if _NAME.fullmatch(name) else None

    def count(self, *states: str) -> int:
        """How many jobs are in one of these states."""
        with self.lock:
            return sum(job.state in states for job in self.jobs.values())

    def folder_of(self, job: Job) -> Path:
        """Where what belongs to a job lies."""
        return self.folder / "jobs" / job.name

    def _read(self) -> None:
        """Read what earlier servers left; what was going on then has been broken off."""
        oldest = time.time() - self.kept_days * 86_400
        for path in (self.folder / "jobs").glob("*/job.json"):
            try:
                job = Job(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                continue
            job.beside, job.stage = tuple(job.beside), tuple(job.stage)  # type: ignore[assignment]
            if job.made < oldest:
                shutil.rmtree(path.parent, ignore_errors=True)
                continue
            if not job.ended:
                job.state = BROKEN_OFF
            self.jobs[job.name] = job

    def _keep(self, job: Job) -> None:
        path = self.folder_of(job) / "job.json"
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(asdict(job), ensure_ascii=False), encoding="utf-8")
        aside.replace(path)

    # ---- starting and ending -------------------------------------------------------------------

    def start(
        self, kind: str, lang: str, content: Mapping[str, Any], arguments: Mapping[str, Any],
        about: str = "", beside: Iterable[str] = (), result: str = "",
    ) -> Job:  # fmt: skip
        """Start a job, or let it wait for its turn.

        Raises
        ------
        BusyError
            When too many wait already.
        """
        with self.lock:
            if not result and self.count(WAITING, RUNNING) >= self.most_waiting + len(self.backs):
                raise BusyError
            job = Job(
                secrets.token_urlsafe(16), kind, lang, dict(content), dict(arguments), about,
                tuple(beside), time.time(),
            )  # fmt: skip
            there = self.folder_of(job)
            there.mkdir(parents=True)
            self.jobs[job.name] = job
            self.off[job.name] = threading.Event()
            if result:  # the same was run before
                job.state, job.result, job.stamp = DONE, result, 1
            self._keep(job)
        if not result:
            self._send(job)
        return job

    def _send(self, job: Job) -> None:
        there = self.folder_of(job)
        own = {
            "full": lambda: {"content": job.content, "folder": str(there), **job.arguments},
            "council": lambda: {"content": job.content, "there": str(there / "parts.json")},
        }.get(job.kind, lambda: {"there": str(there / "parts.json"), **job.arguments})()
        off = self.off[job.name]
        if job.kind == "full" and job.content.get("plan"):
            self.front.ask(
                "line", {"content": job.content},
                lambda name, told: self._heard_line(job, name, told), 0, off,
            )  # fmt: skip
        desk = min(self.backs, key=lambda one: one.tasks.qsize())
        desk.ask(
            job.kind, {**own, "lang": job.lang},
            lambda name, told: self._heard(job, name, told), 1, off,
        )  # fmt: skip

    def cancel(self, job: Job) -> None:
        """Call a job off; what it has brought so far stays."""
        with self.lock:
            if job.ended:
                return
            if event := self.off.get(job.name):
                event.set()
            job.state = CANCELLED
            job.stamp += 1
            self._keep(job)

    def draw(self, job: Job, lang: str) -> None:
        """Have the figures of a job's result drawn in a language, as far as they aren't.

        Until a result is complete only those that tell of futures are drawn anew.
        """
        folder = job.result
        drawn = captions(Path(folder))
        new = FIGURES if job.ended or not job.earlier else OF_FUTURES
        for name in new:
            which = (folder, name, lang)
            if not folder or which in self.asked or lang in drawn.get(name, {}):
                continue
            self.asked.add(which)
            self.front.ask(
                "figure", {"folder": folder, "name": name, "lang": lang},
                partial(self._heard_figure, job, which), 2,
            )  # fmt: skip

    # ---- hearing -------------------------------------------------------------------------------

    def _heard_line(self, job: Job, name: str, told: Any) -> None:
        with self.lock:
            if name == "line" and not job.result:
                job.line = told
                job.stamp += 1

    def _heard_figure(self, job: Job, which: tuple[str, str, str], name: str, told: Any) -> None:
        with self.lock:
            job.stamp += name == "end"
            if name in ENDINGS and name != "end":
                self.asked.discard(which)  # it may be tried again

    def _heard(self, job: Job, name: str, told: Any) -> None:
        with self.lock:
            if job.state == CANCELLED:
                return
            if name == "stage":
                job.state, job.stage = RUNNING, tuple(told)
                return
            if name == "alive":
                return
            if name == "result":
                job.earlier += [job.result] if job.result else []
                job.result, job.futures = told
                self.draw(job, job.lang)
            elif name == "parts":
                job.parts = told
            elif name == "end":
                job.state = DONE
                self.draw(job, job.lang)
            elif name in ("mistake", "failed"):
                job.state, job.message = {"mistake": MISTAKE, "failed": FAILED}[name], str(told)
            elif name == "stopped":
                job.state = CANCELLED
            job.stamp += 1
            self._keep(job)
