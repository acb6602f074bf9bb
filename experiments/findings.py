"""The published findings: three plans under three effect sets, in calm and in rough times.

    python -m experiments.findings                    (or: make findings)
    python -m experiments.findings --only noordoost   one of the plans

Writes `results/findings/PLAN/`: a table in which the effect sets and times stand side by side,
the summary of each run, figures of the central effect set in calm times, and for the Noordoost
plan the answers to the council's questions in both languages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

from experiments.tables import ORIGIN
from siexsim.council import answers, write_answers
from siexsim.parameters import EFFECT_SETS
from siexsim.result import load, write
from siexsim.run import run
from siexsim.scenario import Scenario, read_scenario
from siexsim.sweep.stamp import stamp
from siexsim.texts import LANGUAGES

SCENARIOS = Path("experiments/scenarios")
FINDINGS = Path("results/findings")
# Households simulated (one in so many) and futures of each plan: a city takes longer than a wijk.
PLANS = {"noordoost": (1, 40), "klein_beginnen": (10, 5), "stad": (10, 5)}
TIMES: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "rough": [  # corona once more, and a recession like that of 2008 to 2015 after it
        {"kind": "corona", "start": "2023-03"},
        {"kind": "labour_market", "start": "2025-01"},
    ],
}
PUBLISHED = ("account", "payers", "participants", "people")
Summaries = dict[tuple[str, str], dict[str, Any]]


def side_by_side(summaries: Summaries) -> str:
    """What was put in and what came back, per payer, effect set and times; Markdown."""
    lines = ["| EUR, middle of the futures (p10 to p90) | "]
    lines[0] += " | ".join(f"{effects}, {times}" for effects, times in summaries) + " |"
    lines.append("|---|" + "---|" * len(summaries))

    def row(title: str, cells: list[str]) -> None:
        lines.append(f"| {title} | " + " | ".join(cells) + " |")

    def band(of: dict[str, float]) -> str:
        return f"{of['p50']:,.0f} ({of['p10']:,.0f} to {of['p90']:,.0f})"

    every = list(summaries.values())
    row("invested", [band(s["invested_eur"]) for s in every])
    for payer in every[0]["returned_eur"]:
        row(f"returned to {payer}", [band(s["returned_eur"][payer]) for s in every])
    for view in every[0]["payback_months"]:
        for months, words in (("36", "three"), ("120", "ten")):
            shares = [s["payback_months"][view]["share_within"][months] for s in every]
            row(f"paid back within {words} years: {view}", [f"{share:.0%}" for share in shares])
    poverty = [s["people_in_poverty"] for s in every]
    row(
        "people in poverty at the end, plan against no plan (central run)",
        [f"{p['end_with'] - p['end_without']:+,}" for p in poverty],
    )
    return "\n".join(lines) + "\n"


def publish(name: str, sample: int, futures: int, workers: int) -> None:
    """Run one plan under every effect set, in calm and rough times, and keep what is published."""
    there = FINDINGS / name
    there.mkdir(parents=True, exist_ok=True)
    summaries: Summaries = {}
    for times, shocks in TIMES.items():
        for effects in EFFECT_SETS:
            changes = {"effects": effects, "sample": sample, "futures": futures, "shocks": shocks}
            scenario = read_scenario(SCENARIOS / f"{name}.toml", changes=changes)
            print(f"Running {scenario.name}: effect set '{effects}', {times} times ...", flush=True)
            folder = write(run(scenario, workers=workers), Path("results"), 0.0)
            summaries[effects, times] = load(folder).summary
            if (effects, times) == ("evidence", "calm"):
                for figure in PUBLISHED:
                    for lang in LANGUAGES:
                        shutil.copy(folder / "figures" / f"{figure}-{lang}.png", there)
                if name == "noordoost":
                    answer_council(scenario, there, workers)
    content = {f"{effects}, {times}": said for (effects, times), said in summaries.items()}
    (there / "summaries.json").write_text(json.dumps(content, indent=1) + "\n")
    origin = {"study": name, "runs": len(content) * futures, "sample": sample, "futures": futures}
    said = {"findings": {**origin, "years": scenario.years, "program": stamp()}}
    (there / ORIGIN).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    (there / "README.md").write_text(heading(name, sample, futures) + side_by_side(summaries))


def answer_council(scenario: Scenario, there: Path, workers: int) -> None:
    """The council's thirteen questions, in both languages."""
    given = answers(scenario, workers=workers)
    for lang in LANGUAGES:
        write_answers(given, there / f"council-{lang}.md", lang)


def heading(name: str, sample: int, futures: int) -> str:
    """What the table is, and how far it can be trusted."""
    of, noise = "every household", ""
    if sample > 1:
        of = f"one household in {sample}"
        noise = (
            f"In this sample a plan measures one in {sample} of the people it would measure, "
            "so what it decides on its measurements is noisier than it would be. "
        )
    return (
        f"# The plan `{name}` under three effect sets, in calm and in rough times\n\n"
        f"Made by `python -m experiments.findings --only {name}` ({of}, {futures} futures). "
        "The futures are fitted to Groningen, and not right everywhere (../calibration/report.md): "
        "direction and order of size count. Rough times: corona from "
        "March 2023 and a recession from January 2025. Figures are of the set *evidence* in calm "
        f"times. {noise}Negative: that party loses money.\n\n"
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PLANS, help="one of the plans")
    parser.add_argument("--sample", type=int, help="simulate one household in so many")
    parser.add_argument("--futures", type=int)
    asked = parser.parse_args()
    for name, (sample, futures) in PLANS.items():
        if asked.only in (None, name):
            workers = os.cpu_count() or 1
            publish(name, asked.sample or sample, asked.futures or futures, workers)


if __name__ == "__main__":
    main()
