"""The published findings: the Noordoost plan under three effect sets.

    python -m experiments.findings      (or: make findings)

Writes `results/findings/noordoost/`: figures of the central effect set, the summary of each set
and one table in which the sets stand side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from siexsim.parameters import EFFECT_SETS
from siexsim.result import load, write
from siexsim.run import run
from siexsim.scenario import read_scenario

SCENARIO = Path("experiments/scenarios/noordoost.toml")
FINDINGS = Path("results/findings/noordoost")
PUBLISHED = ("account", "payers", "participants", "people")


def side_by_side(summaries: dict[str, dict]) -> str:
    """A table of what was put in and what came back, per payer and effect set; Markdown."""
    payers = list(next(iter(summaries.values()))["returned_eur"])
    lines = ["| EUR, middle of the futures (p10 to p90) | " + " | ".join(summaries) + " |"]
    lines.append("|---|" + "---|" * len(summaries))

    def row(title: str, bands: list[dict[str, float]]) -> str:
        cells = [f"{b['p50']:,.0f} ({b['p10']:,.0f} to {b['p90']:,.0f})" for b in bands]
        return f"| {title} | " + " | ".join(cells) + " |"

    lines.append(row("invested", [s["invested_eur"] for s in summaries.values()]))
    for payer in payers:
        bands = [s["returned_eur"][payer] for s in summaries.values()]
        lines.append(row(f"returned to {payer}", bands))
    for view in ("municipality", "public", "society"):
        shares = [s["payback_months"][view]["share_within"]["120"] for s in summaries.values()]
        cells = [f"{share:.0%}" for share in shares]
        lines.append(f"| paid back within ten years: {view} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the scenario under each effect set and keep what is published."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--futures", type=int, default=40)
    asked = parser.parse_args()
    FINDINGS.mkdir(parents=True, exist_ok=True)
    summaries = {}
    for effects in EFFECT_SETS:
        changes = {"effects": effects, "sample": asked.sample, "futures": asked.futures}
        scenario = read_scenario(SCENARIO, changes=changes)
        print(f"Running {scenario.name} under the effect set '{effects}' ...")
        folder = write(run(scenario, workers=os.cpu_count() or 1), Path("results"), 0.0)
        summaries[effects] = load(folder).summary
        if effects == "evidence":
            for name in PUBLISHED:
                for lang in ("nl", "en"):
                    shutil.copy(folder / "figures" / f"{name}-{lang}.png", FINDINGS)
    (FINDINGS / "summaries.json").write_text(json.dumps(summaries, indent=2) + "\n")
    text = (
        "# The Noordoost plan under three effect sets\n\n"
        "Made by `make findings`. Nothing is calibrated yet: direction and order of size count.\n"
        "Figures are of the set *evidence*. Negative: that party loses money.\n\n"
    )
    (FINDINGS / "README.md").write_text(text + side_by_side(summaries))


if __name__ == "__main__":
    main()
