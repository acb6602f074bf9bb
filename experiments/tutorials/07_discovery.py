"""Discovery: under which conditions does a plan do well? In words, and counted on other plans.

PRIM (of the EMA Workbench) looks in half of the plans for a box within which most do well. The
other half wasn't looked at: what the box says of those is what it is worth.

    python experiments/tutorials/07_discovery.py

The runs are those of 06_sensitivity.py; whatever is there already isn't done again.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from experiments import discovery
from experiments.answers import answers, by_cell, points_of
from siexsim.account import VIEWS
from siexsim.sweep.folder import Sweep
from siexsim.sweep.study import read_study

sample = int(sys.argv[1]) if sys.argv[1:] else 200

study = read_study("experiments/studies/les.toml")
scenarios = {name: {**one, "sample": sample} for name, one in study.scenarios.items()}
sweep = Sweep.begin(study.model_copy(update={"scenarios": scenarios}), "results/sweeps")
sweep.finish(lambda: ThreadPoolExecutor(2), window=8)

factors, (_, rows) = sweep.study.factors(), by_cell(sweep)[0]
for view in VIEWS:
    for sentence in discovery.in_words("en", rows, factors, view, (1, 3)):
        print(f"- {sentence}")

# A question of one's own: which plans leave the public payers better off than most others do?
per_euro = rows["end_eur_public"] / rows["invested_eur"].where(rows["invested_eur"] > 0)
value = answers(rows.assign(per_euro=per_euro.fillna(0.0)), "per_euro").means
good = (value >= np.median(value)).astype(float)
box = discovery.discover(discovery.inputs(points_of(rows), factors), good)
print(f"\nThe better half of {len(good)} plans, by what public payers have left for each euro:")
if box is None:
    print("No conditions were found that tell it apart.")
else:
    print(" and ".join(discovery.condition("en", *limit) for limit in box.limits.items()))
    print(f"better within it: {box.paid} of {box.inside}")
    print(f"among plans not looked at: {box.held_out:.0%}")
