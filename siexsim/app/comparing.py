"""Results side by side: what differs in the plans, and in what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from siexsim.app.words import say
from siexsim.report.behind import PUBLIC_PAYERS, over_futures
from siexsim.report.content import plan_lines, sentences
from siexsim.result import Result
from siexsim.scenario import Scenario
from siexsim.texts import amount, number

LETTERS = "ABCD"


class Compared(NamedTuple):
    """What is said of several results; rows have a name and a cell for each of them."""

    names: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    differs: tuple[tuple[str, ...], ...]
    came: tuple[tuple[str, ...], ...]
    surely: tuple[str, ...]
    paired: bool
    planned: bool


def compare(results: Sequence[Result], lang: str) -> Compared:
    """Compare results, each with the first of them."""
    scenarios = [Scenario.of(one.manifest["scenario"]) for one in results]
    with_plan = [one.summary["invested_eur"] is not None for one in results]
    return Compared(
        tuple(scenario.name for scenario in scenarios),
        tuple(tuple(sentences(lang, one)) for one in results),
        tuple(_differs(lang, scenarios)),
        tuple(_came(lang, results)),
        tuple(
            said for k in range(1, len(results))
            for said in _surely(lang, results[0], results[k], LETTERS[k])
        ),
        all(_paired(results[0], one) for one in results[1:]),
        all(with_plan),
    )  # fmt: skip


def _differs(lang: str, scenarios: Sequence[Scenario]) -> list[tuple[str, ...]]:
    """Parts of the plans that aren't the same in all of them."""
    parts: list[dict[str, str]] = []
    for scenario in scenarios:
        own: dict[str, str] = {}
        for name, said in plan_lines(lang, scenario):
            own[name] = f"{own[name]}; {said}" if name in own else said
        own[say(lang, "about.effects")] = say(lang, f"effects.{scenario.effects}")
        own[say(lang, "about.precision")] = say(
            lang, "about.precision_value", sample=number(lang, scenario.sample),
            futures=number(lang, scenario.futures),
        )  # fmt: skip
        parts.append(own)
    names = list(dict.fromkeys(name for own in parts for name in own))
    rows = [(name, *(own.get(name, "–") for own in parts)) for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]


def _came(lang: str, results: Sequence[Result]) -> list[tuple[str, ...]]:
    def row(key: str, cells: Sequence[str]) -> tuple[str, ...]:
        return (say(lang, f"tile.{key}"), *cells)

    def middle(one: Result, name: str) -> str:
        found = one.summary[name]
        return "–" if found is None else amount(lang, found["p50"])

    def own(one: Result) -> str:
        found = one.summary["returned_eur"]
        return "–" if found is None else amount(lang, found["municipality"]["p50"])

    def public(one: Result) -> str:
        if one.summary["returned_eur"] is None:
            return "–"
        return amount(lang, over_futures(one, PUBLIC_PAYERS)[1])

    def back(one: Result) -> str:
        if one.summary["payback_months"] is None:
            return "–"
        share, futures = one.summary["payback_months"]["municipality"], one.summary["futures"]
        within = round(share["share_in_run"] * futures)
        return say(lang, "tile.back_value", count=within, futures=futures)

    def poor(one: Result) -> str:
        counts = one.summary["people_in_poverty"]
        if counts["end_with"] is None or counts["end_without"] is None:
            return "–"
        return number(lang, counts["end_with"] - counts["end_without"], sign=True)

    return [
        row("invested", [middle(one, "invested_eur") for one in results]),
        row("own", [own(one) for one in results]),
        row("public", [public(one) for one in results]),
        row("back", [back(one) for one in results]),
        row("poor", [poor(one) for one in results]),
    ]


def _paired(first: Result, other: Result) -> bool:
    """Whether futures of two results live under the same luck, so that they can be set off."""
    ours, theirs = first.manifest["scenario"], other.manifest["scenario"]
    same = ("seed", "start", "years", "sample", "place")
    fitted = [(one.manifest.get("posterior") or {}).get("hash") for one in (first, other)]
    return all(ours[key] == theirs[key] for key in same) and fitted[0] == fitted[1]


def _surely(lang: str, first: Result, other: Result, letter: str) -> list[str]:
    """What is sure of the difference at the end, future by future under the same luck."""
    if first.futures.empty or other.futures.empty:
        return []
    if not _paired(first, other):
        return [say(lang, "compare.not_paired", letter=letter)]
    both = first.futures.merge(other.futures, on=["number", "seed"], suffixes=("_a", "_b"))
    said = []
    for view in ("municipality", "public"):
        change = both[f"end_eur_{view}_b"] - both[f"end_eur_{view}_a"]
        said.append(_change(lang, view, letter, np.asarray(change, float)))
    return said


def _change(lang: str, view: str, letter: str, change: Any) -> str:
    better, futures = int((change > 0).sum()), len(change)
    low, middle, high = np.quantile(change, (0.1, 0.5, 0.9))
    return say(
        lang, f"compare.surely_{view}", letter=letter, better=better, futures=futures,
        low=amount(lang, low), middle=amount(lang, middle), high=amount(lang, high),
    )  # fmt: skip
