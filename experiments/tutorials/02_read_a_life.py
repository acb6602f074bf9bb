"""Read a life: what happened to one household, month by month, with and without the plan.

A result keeps nothing of single households. Since all luck is drawn by name, the same life can be
lived again, and followed this time. Nobody here exists: each is a household as there could be one.

    python experiments/tutorials/02_read_a_life.py
"""

import sys
import time

from siexsim.lives import explain, suggest
from siexsim.result import write
from siexsim.run import run
from siexsim.say import console
from siexsim.scenario import read_scenario
from siexsim.story import print_life
from siexsim.telling import sentence

sample = int(sys.argv[1]) if sys.argv[1:] else 100
began = time.monotonic()

scenario = read_scenario(
    "experiments/scenarios/stad.toml", changes={"sample": sample, "years": 4, "futures": 1}
)
folder = write(run(scenario), "results", time.monotonic() - began, figures=False)

print("Households that are worth a look:")
suggestions = suggest(folder)
for one in suggestions:
    print(f"  {one.household}: {sentence('en', f'suggestion.{one.why}')}")
print()

# One life proves nothing. Read one that gained and one that lost.
life = explain(folder, suggestions[0].household)
print_life(console(), life, "en")  # or "nl"

debts = {world: pages[-1].record["debt"] / 100 for world, pages in life.pages.items()}
print(f"Debt when last seen: EUR {debts['without']:,.0f} without, EUR {debts['with']:,.0f} with")
