"""Sensitivity: what an outcome hinges on, and what can't be told apart from nothing.

A study varies the mix, the budget and the effect set at once; the sweep runs it and keeps what is
finished, so a second start does nothing again. PAWN (of SALib) then tells how much each of them
moves the outcome. A dummy that changes nothing is ranked too: what isn't surely above it
may be nothing. What is invested must hinge on the budget, so that outcome is a check.

    python experiments/tutorials/06_sensitivity.py

Larger studies: siexsim sweep STUDY.toml, then python -m experiments sensitivity STUDY.toml
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from experiments import sensitivity, words
from siexsim.sweep.folder import Sweep
from siexsim.sweep.study import read_study

sample = int(sys.argv[1]) if sys.argv[1:] else 200

study = read_study("experiments/studies/les.toml")
scenarios = {name: {**one, "sample": sample} for name, one in study.scenarios.items()}
study = study.model_copy(update={"scenarios": scenarios})

sweep = Sweep.begin(study, "results/sweeps")
print(f"{len(sweep.runs)} runs, of which {sweep.missing()} are still to do")
progress = sweep.finish(lambda: ThreadPoolExecutor(2), window=8)
print(f"done: {progress.done}, failed: {progress.failed}")

# Refuses to say anything where there are too few points, and tells how many runs are missing.
table = sensitivity.analyse_all(sweep)
for outcome, own in table.groupby("outcome", sort=False):
    print(f"\n{outcome}: 0 is no influence, 1 is all; between brackets its 95% interval")
    for row in own.sort_values("index", ascending=False).itertuples():
        what = words.factor("en", str(row.factor))
        sure = "more than nothing" if row.above_dummy else "may be nothing"
        print(f"  {what:38} {row.index:.2f}  ({row.low:.2f} - {row.high:.2f})  {sure}")
