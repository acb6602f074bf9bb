"""Runs of a sweep are kept whatever happens, and come out the same."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from siexsim.errors import UserError
from siexsim.sweep.executors import dask_cluster, worker_pool
from siexsim.sweep.runs import DIED, OtherProgramError, Run, finish, missing
from siexsim.sweep.store import Store, move_in
from tests import toys

ROOT = Path(__file__).parent.parent


def wanted(count: int) -> list[Run]:
    return [Run(f"run{k:03}", {"x": k, "word": f"w{k}"}, {"x": k}) for k in range(count)]


def threads() -> Executor:
    return ThreadPoolExecutor(2)


def names(runs: list[Run]) -> list[str]:
    return [run.name for run in runs]


def final(store: Store, runs: list[Run], path: Path) -> bytes:
    """The bytes of the table that a sweep ends with."""
    table = store.rows(names(runs)).drop_columns(["seconds"])
    move_in(table.select(sorted(table.column_names)), path)
    return path.read_bytes()


def test_every_run_is_kept_with_its_inputs(tmp_path):
    runs, store, told = wanted(7), Store(tmp_path / "runs"), []
    progress = finish(runs, toys.square, store, threads, 3, lambda p: told.append((p.done, p.of)))
    rows = store.rows(names(runs), ["squared", "inputs"]).to_pylist()
    assert [row["squared"] for row in rows] == [k**2 for k in range(7)]
    assert [json.loads(row["inputs"]) for row in rows] == [run.inputs for run in runs]
    assert (progress.done, progress.failed) == (7, 0)
    assert told == [(k, 7) for k in range(1, 8)]


def test_what_is_there_is_not_done_again(tmp_path):
    store = Store(tmp_path)
    finish(wanted(4), toys.square, store, threads, 3)
    assert names(missing(wanted(6), store)) == ["run004", "run005"]
    assert finish(wanted(6), toys.square, store, threads, 3).done == 2
    assert finish(wanted(6), toys.square, store, threads, 3).done == 0


def test_a_run_that_is_asked_twice_is_done_once(tmp_path):
    assert finish(wanted(3) * 2, toys.square, Store(tmp_path), threads, 8).done == 3


def test_a_failed_run_is_a_row_with_its_error_in_one_line(tmp_path):
    runs, store = wanted(5), Store(tmp_path)
    progress = finish(runs, toys.fails_at_three, store, threads, 2)
    rows = store.rows(names(runs)).to_pylist()
    assert (progress.done, progress.failed) == (5, 1)
    assert [row["error"] for row in rows] == [None] * 3 + ["ValueError: three is no good", None]
    assert rows[3]["squared"] is None
    assert not missing(runs, store)


def test_a_failed_run_is_tried_again_and_what_went_well_counts(tmp_path):
    runs, store = wanted(5), Store(tmp_path)
    finish(runs, toys.fails_at_three, store, threads, 2)
    assert finish(runs, toys.fails_at_three, store, threads, 2).done == 1
    assert len(store.names()) == 5 and store.names(failed=False) == {*names(runs)} - {"run003"}
    assert finish(runs, toys.square, store, threads, 2).failed == 0
    store.keep([{"run": "run003", "error": "no memory"}])  # of a sweep beside this one
    assert [row["squared"] for row in store.rows(names(runs)).to_pylist()] == [0, 1, 4, 9, 16]
    assert finish(runs, toys.square, store, threads, 2).done == 0


def test_a_run_that_kills_its_process_is_named_and_the_others_are_done(tmp_path):
    runs, store = wanted(6), Store(tmp_path)
    progress = finish(runs, toys.kills_at_three, store, lambda: worker_pool(2), 6)
    rows = store.rows(names(runs)).to_pylist()
    assert [row["error"] for row in rows] == [None] * 3 + [DIED] + [None] * 2
    assert (progress.done, progress.failed) == (6, 1)


class Cut(Executor):
    """An executor whose scheduler is lost after two runs."""

    def __init__(self) -> None:
        self.left = 2

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.left -= 1
        if self.left >= 0:
            future.set_result(fn(*args, **kwargs))
        else:
            future.set_exception(CancelledError("lost"))
        return future


def test_without_a_scheduler_what_was_finished_is_kept(tmp_path):
    runs, store = wanted(6), Store(tmp_path)
    with pytest.raises(UserError, match="scheduler is gone"):
        finish(runs, toys.square, store, Cut, 1)
    assert store.names() == {"run000", "run001"}
    assert finish(runs, toys.square, store, threads, 2).done == 4


def test_a_worker_with_another_program_stops_the_sweep(tmp_path):
    def other(task):
        raise OtherProgramError("another version")

    with pytest.raises(UserError, match="another version"):
        finish(wanted(3), other, Store(tmp_path), threads, 1)
    assert not Store(tmp_path).names()


def test_the_table_does_not_depend_on_order_executor_or_batches(tmp_path):
    runs = wanted(40)
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    finish(runs, toys.square, one, threads, 40)
    for part in (runs[30:], runs[:3], runs):
        finish(part[::-1], toys.square, other, lambda: worker_pool(1), 3)
    assert final(one, runs, tmp_path / "a") == final(other, runs, tmp_path / "b")


def test_many_batches_become_one_and_nothing_is_lost(tmp_path):
    store = Store(tmp_path)
    for k in range(40):
        store.keep([{"run": f"run{k:03}", "x": k}])
    old = tmp_path / ".left-aside"
    old.write_text("half")
    os.utime(old, (0, 0))
    before = store.rows(sorted(store.names()))
    store.tidy()
    assert len(list(tmp_path.iterdir())) == 1
    assert store.rows(sorted(store.names())).equals(before)


def test_a_run_in_two_batches_counts_once(tmp_path):
    store = Store(tmp_path)
    store.keep([{"run": "a", "x": 1.0}, {"run": "b", "x": 2.0}])
    store.keep([{"run": "b", "x": 2.0}, {"run": "c", "x": 3.0}])
    assert store.rows(["c", "b", "nobody", "b"])["x"].to_pylist() == [3.0, 2.0, 2.0]


def test_a_batch_that_another_sweep_puts_away_is_looked_for_again(tmp_path, monkeypatch):
    store, lists = Store(tmp_path), Store._batches
    for k in range(40):
        store.keep([{"run": f"run{k:03}", "x": float(k)}])

    def stale(self):
        monkeypatch.setattr(Store, "_batches", lists)
        listed = lists(self)
        Store(tmp_path).tidy()  # between the list and the reading of it
        assert not listed[0].exists()
        return listed

    monkeypatch.setattr(Store, "_batches", stale)
    assert len(store.names()) == 40


def test_tidying_up_does_not_mind_another_that_does(tmp_path, monkeypatch):
    store = Store(tmp_path)
    aside = tmp_path / ".gone"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [aside] if pattern == ".*" else [])
    store.tidy()


def test_a_broken_batch_is_named_in_one_line(tmp_path):
    store = Store(tmp_path)
    store.keep([{"run": "a", "x": 1.0}])
    for content in (b"", b"PAR1 nonsense PAR1"):
        (tmp_path / "broken.parquet").write_bytes(content)
        with pytest.raises(UserError, match=r"broken\.parquet: can't be read") as error:
            store.names()
        assert "\n" not in str(error.value)
    (tmp_path / "broken.parquet").unlink()
    (tmp_path / "nowhere.parquet").symlink_to(tmp_path / "nothing")
    with pytest.raises(UserError, match="can't be read"):
        store.names()


def test_a_full_disk_is_said_and_nothing_half_is_left(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("siexsim.sweep.store.os.fsync", full)
    with pytest.raises(UserError, match=r"can't be written \(No space left on device"):
        finish(wanted(3), toys.square, Store(tmp_path), threads, 2)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="can't be written"):
        finish(wanted(3), toys.square, Store(tmp_path / "file"), threads, 2)


def test_a_store_of_before_is_read_without_its_inputs_that_were_text(tmp_path):
    for k, target in enumerate(("first_come", 2.0)):
        table = pa.table({"run": [f"old{k}"], "target": [target], "error": [None], "y": [1.0]})
        move_in(table, tmp_path / f"old{k}.parquet")
    finish(wanted(2), toys.square, Store(tmp_path), threads, 2)
    assert Store(tmp_path).rows(["old0", "old1"])["y"].to_pylist() == [1.0, 1.0]


SWEEP = """
import sys
from pathlib import Path
from siexsim.sweep.executors import worker_pool
from siexsim.sweep.runs import finish
from siexsim.sweep import runs
from siexsim.sweep.store import Store
from tests import test_sweep_runs, toys
if __name__ == "__main__":
    runs.KEEP_SECONDS = 0.05
    print("begun", flush=True)
    finish(test_sweep_runs.wanted(120), toys.slow_square, Store(Path(sys.argv[1])),
           lambda: worker_pool(2), 6)
"""


@contextmanager
def sweep_process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = folder.parent / "sweep.py"
    script.write_text(SWEEP)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), str(folder)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks processes up in /proc")
def test_killed_at_any_moment_it_goes_on_and_ends_the_same(tmp_path):
    """The sweep itself, or one of its workers, is killed (-9); at the end nothing is missing."""
    chance = random.Random(5)
    store, workers = Store(tmp_path / "runs"), set()
    for killed in range(6):
        before = len(store.names())
        with sweep_process(store.folder) as process:
            time.sleep(chance.uniform(0.5, 2.5))
            children = children_of(process.pid) if process.poll() is None else []
            workers |= set(children)
            if killed % 2 and children:
                os.kill(chance.choice(children), signal.SIGKILL)
                time.sleep(1.0)
        assert len(store.names()) >= before
    finish(wanted(120), toys.square, store, threads, 8)
    calm = Store(tmp_path / "calm")
    finish(wanted(120), toys.square, calm, threads, 8)
    assert final(store, wanted(120), tmp_path / "a") == final(calm, wanted(120), tmp_path / "b")
    time.sleep(1.5)
    assert not [pid for pid in workers if alive(pid)]


def test_a_cluster_gives_the_same(tmp_path):
    distributed = pytest.importorskip("distributed")
    runs, store, calm = wanted(30), Store(tmp_path / "a"), Store(tmp_path / "b")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        finish(runs, toys.square, store, lambda: dask_cluster(cluster.scheduler_address), 30)
    finish(runs, toys.square, calm, threads, 2)
    assert final(store, runs, tmp_path / "x") == final(calm, runs, tmp_path / "y")


@contextmanager
def cluster_of_processes() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, as processes of their own: address, and scheduler first."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port, environment = address.rpartition(":")[2], {**os.environ, "PYTHONPATH": str(ROOT)}
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    follow = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1"]
    commands = [[*begin, "--port", port], [*follow, "--no-nanny"], [*follow, "--no-nanny"]]
    quiet = {"env": environment, "cwd": ROOT, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen([*one, "--no-dashboard"], **quiet) for one in commands]
    try:
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def kill_after(seconds: float, process: subprocess.Popen[bytes]) -> None:
    threading.Timer(seconds, process.kill).start()


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_costs_nothing_and_a_killed_scheduler_only_time(tmp_path):
    pytest.importorskip("distributed")
    runs, store = wanted(200), Store(tmp_path / "a")
    with cluster_of_processes() as (address, (scheduler, _, worker)):
        kill_after(0.5, worker)
        finish(runs[:100], toys.slow_square, store, lambda: dask_cluster(address), 200)
        assert not missing(runs[:100], store)
        kill_after(0.5, scheduler)
        with pytest.raises(UserError, match="scheduler is gone"):
            finish(runs, toys.slow_square, store, lambda: dask_cluster(address), 200)
    assert 100 <= len(store.names()) < 200
    finish(runs, toys.square, store, threads, 8)
    calm = Store(tmp_path / "calm")
    finish(runs, toys.square, calm, threads, 8)
    assert final(store, runs, tmp_path / "x") == final(calm, runs, tmp_path / "y")


def test_no_scheduler_at_an_address_is_said(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("siexsim.sweep.executors._FIND_SECONDS", 0.5)
    with pytest.raises(UserError, match="no Dask scheduler answers"), dask_cluster("tcp://[::1]:9"):
        pass
