"""How fast a month is: ratios of things run in turn on one machine, by processor time.

    python -m tests.benchmarks.speed            full city; a few minutes
    python -m tests.benchmarks.speed --sample 10

Two worlds, with and without the plan of ``experiments/scenarios/noordoost.toml``, are lived in
one thread and in two. No test asserts a time. Goals are printed beside what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROUNDS = 5
SCENARIO = Path(__file__).parents[2] / "experiments" / "scenarios" / "noordoost.toml"


def best(rounds: int, measure: Callable[[], float]) -> float:
    """Best of several, since a busy machine only ever slows down."""
    return max(measure() for _ in range(rounds))


def plain(households: int, months: int) -> float:
    """Household-months per second of ordinary Mesa activation with compilation off."""
    code = (
        "import time\n"
        "from siexsim.model import SiexModel\n"
        "from tests.benchmarks.speed import few\n"
        f"model = SiexModel(settled=few({households}), rng=1)\n"
        "model.movers.chances[:] = 0\n"
        "agents = model.agents\n"
        "start = time.process_time()\n"
        f"for _ in range({months}):\n"
        "    for agent in agents.shuffle():\n"
        "        agent.model.live_one(agent.row)\n"
        "        if model._lived is None: break\n"
        f"print({households * months} / (time.process_time() - start))\n"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def two_worlds(settled: np.ndarray, threads: int) -> tuple[float, float]:
    """Seconds by the clock, and household-months per second of processor time."""
    from siexsim.place import load_place
    from siexsim.run import future_parameters, live_worlds
    from siexsim.scenario import read_scenario

    scenario = read_scenario(SCENARIO)
    parameters = future_parameters(scenario, 0)
    clock, begin = time.perf_counter(), time.process_time()
    worlds = live_worlds(
        scenario, load_place(scenario.place), parameters, scenario.seed, settled, True,
        ("without", "with"), threads,
    )  # fmt: skip
    spent = time.process_time() - begin
    lived = sum(int(world.census["households"].sum()) for world in worlds.values())
    return time.perf_counter() - clock, lived / spent


def few(count: int) -> np.ndarray:
    """The first settled households of a sample, kept on disk for the uncompiled run."""
    return np.load(os.environ["SIEXSIM_BENCH_FILE"])[:count].view(np.recarray)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()

    began = time.perf_counter()
    from siexsim.items import lines
    from siexsim.model import SiexModel, settle
    from siexsim.parameters import Parameters
    from siexsim.place import load_place
    from siexsim.rules.month import touch_rows

    place, parameters = load_place("groningen"), Parameters.packaged()
    settled = settle(place, parameters, 1, asked.sample)
    first = SiexModel(place, settled=settled)
    first.step()
    print(f"start to first month: {time.perf_counter() - began:.1f} s")

    def months(books: bool, count: int = 24) -> float:
        model = SiexModel(place, settled=settled, keep_books=books)
        begin = time.process_time()
        for _ in range(count):
            model.step()
        spent = time.process_time() - begin
        return sum(int(c["households"].sum()) for c in model.census_by_month) / spent

    def floor(count: int = 24) -> float:
        households, rows = settled.copy(), np.arange(len(settled))
        touch_rows(households, rows, first.context)
        begin = time.process_time()
        for _ in range(count):
            touch_rows(households, rows, first.context)
        return len(rows) * count / (time.process_time() - begin)

    def activated() -> float:
        model = SiexModel(place, settled=settled)
        agents = model.agents  # made before the clock starts
        count = len(agents)
        begin = time.process_time()
        agents.shuffle_do("step")
        return count / (time.process_time() - begin)

    two_worlds(settled[::100], 1)  # whatever a plan needs is compiled before the clock starts
    ours, booked, bare, agents, worlds = 0.0, 0.0, 0.0, 0.0, 0.0
    one_thread = two_threads = float("inf")
    for turn in range(asked.rounds):
        ours = max(ours, months(False))
        bare = max(bare, floor())
        if turn < 2:
            booked = max(booked, months(True))
            agents = max(agents, activated())
            lasted, lived = two_worlds(settled, 1)
            one_thread, worlds = min(one_thread, lasted), max(worlds, lived)
            two_threads = min(two_threads, two_worlds(settled, 2)[0])
    path = f"/tmp/siexsim-bench-{os.getpid()}.npy"
    np.save(path, np.asarray(settled[:200]))
    os.environ["SIEXSIM_BENCH_FILE"] = path
    uncompiled = best(2, lambda: plain(40, 1))
    Path(path).unlink()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "month_with_ledger_per_s": ours, "with_books_per_s": booked, "floor_per_s": bare,
        "agent_by_agent_per_s": agents, "plain_mesa_per_s": uncompiled,
        "two_worlds_per_s": worlds, "two_worlds_s": one_thread,
        "two_worlds_two_threads_s": two_threads, "load": os.getloadavg()[0],
        "times_plain_mesa": ours / uncompiled, "worlds_times_plain_mesa": worlds / uncompiled,
        "times_agent_by_agent": ours / agents,
        "floor_over_ours": bare / ours, "floor_over_worlds": bare / worlds,
        "peak_memory_mb": memory, "line_bytes": int(lines(1).itemsize),
        "household_bytes": int(settled.itemsize),
    }  # fmt: skip
    goals = {"month_with_ledger_per_s": 10e6, "two_worlds_two_threads_s": 6,
             "times_plain_mesa": 1000, "times_agent_by_agent": 40,
             "floor_over_ours": 6}  # fmt: skip
    for name, value in result.items():
        goal = f"   goal {goals[name]:,.0f}" if name in goals else ""
        print(f"{name:26s} {value:16,.1f}{goal}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
