"""A process that does what the page asks: one task after another, warm from the start."""

from __future__ import annotations

import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from siexsim.errors import UserError


class StoppedError(Exception):
    """The task was called off."""


def work(pipe: Connection, called_off: Event) -> None:
    """Do tasks that come through a pipe, and send what is to be known of them.

    A task is (kind, arguments). Of each, messages (name, content) come back; the last is "end",
    "mistake" (of the user), "stopped" or "failed".
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server itself ends its workers
    from siexsim.app.tasks import TASKS  # heavy, so not before the process is there

    lock = threading.Lock()

    def tell(name: str, content: Any = None) -> None:
        if called_off.is_set():
            raise StoppedError
        with lock:
            pipe.send((name, content))

    while True:
        try:
            kind, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            TASKS[kind](tell=tell, **arguments)
            answer: tuple[str, Any] = ("end", None)
        except (StoppedError, InterruptedError):
            answer = ("stopped", None)
        except UserError as error:
            answer = ("mistake", str(error))
        except Exception as error:  # whatever it is, the next task must be done
            answer = ("failed", f"{type(error).__name__}: {error}")
        pipe.send(answer)
