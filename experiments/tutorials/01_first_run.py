"""A first run: Groningen for six years, with and without a plan for the whole city.

Every household lives twice under the same luck: once without the plan and once with it, so what
differs is what the plan did. "Futures" repeat that with other plausible numbers and other luck.
The result is a folder with tables; counts in it are rounded, and small ones are hidden.

    python experiments/tutorials/01_first_run.py        # one household in fifty
    python experiments/tutorials/01_first_run.py 10     # one in ten: slower, less luck
"""

import sys
import time

from siexsim.result import load, write
from siexsim.run import run
from siexsim.scenario import read_scenario

sample = int(sys.argv[1]) if sys.argv[1:] else 50
began = time.monotonic()

scenario = read_scenario(
    "experiments/scenarios/stad.toml", changes={"sample": sample, "years": 6, "futures": 3}
)
outcome = run(scenario)
folder = write(outcome, "results", time.monotonic() - began, figures=False)

result = load(folder)
summary = result.summary
poor, invested = summary["people_in_poverty"], summary["invested_eur"]["p50"]
print(f"{summary['name']}: {summary['households']:,} households, {summary['months']} months")
print(f"People in poverty at the start: {poor['start']:,}")
print(f"At the end: {poor['end_without']:,} without the plan, {poor['end_with']:,} with it")
print(
    f"Invested: EUR {invested / 1e6:,.1f} million (the middle one of {summary['futures']} futures)"
)
print("For each euro that went in, this came back by the end:")
for payer, amounts in summary["returned_eur"].items():
    print(f"  {payer:12} {amounts['p50'] / invested:6.2f}")
print(f"The tables lie in {folder}; siexsim show {folder} says more.")
