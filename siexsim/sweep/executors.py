"""Where runs are done: processes of this machine, or a Dask cluster. Both are executors."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from threadpoolctl import threadpool_limits

from siexsim.errors import UserError

Opened = Callable[[], AbstractContextManager[Executor]]
_WATCH_SECONDS: Final = 1.0
_FIND_SECONDS: Final = 20.0
_TALKATIVE: Final = ("distributed", "distributed.client", "distributed.core", "tornado.application")


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Processes to do runs in, one thread each; they end when this one is gone."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _begin_worker, (os.getpid(),))


@contextmanager
def dask_cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler; they stay when this program ends.

    Raises
    ------
    UserError
        When Dask isn't installed, or no scheduler answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError("a cluster needs Dask: pip install 'siexsim[cluster]'") from error
    for name in _TALKATIVE:  # what matters is said in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_FIND_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at '{address}'") from error
    try:
        # runs that are the same have one name and are asked for once
        yield client.get_executor(pure=False)
    finally:
        with suppress(OSError):  # nobody is there to say goodbye to
            client.close(timeout=_WATCH_SECONDS)


def is_lost(executor: Executor) -> bool:
    """Whether a cluster has lost its scheduler; what was asked of it may then never be answered."""
    client = getattr(executor, "_client", None)
    # a client forgets what it asked for when the connection is lost, also if it finds another
    return client is not None and (client.status != "running" or not client.futures)


def _begin_worker(parent: int) -> None:
    """Make a fresh process a good worker: one thread, and no longer there than its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends the pool
    threadpool_limits(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    # a killed parent can't tell its workers
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)
