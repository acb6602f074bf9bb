"""Parts of the summary on causes and plans: what it hinges on, kinds of plan, the plan, trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration.report import read_tables
from experiments import words
from experiments.best_plans import ENOUGH, REGRET
from experiments.findings import PLANS
from experiments.say_plans import levers
from experiments.summary_money import YEARS, at_ease, by_set, command, where
from experiments.tables import SETS, Findings, Part, read_json
from siexsim.texts import MINUS, amount, number, percent

CALIBRATION = Path("calibration")
_PUBLISHED = "summaries.json"
_BALANCE, _POVERTY = "balance_eur_public_year_10", "poverty_years"
_CAUSES = 5  # rows at most, the heaviest
_LIGHT = 0.05  # causes of less than this part of the differences aren't shown
_HINGES = ("end_eur_municipality", "end_eur_public")


# ---- what it hinges on -----------------------------------------------------------------------


def sensitivity(found: Findings) -> Part:
    """What the balance hinges on by horizon; without Sobol indices, what makes a difference."""
    tables = found.read("sensitivity.csv")
    if not tables:
        return found.missing("sensitivity", command("waar_hangt_het_van_af", "sensitivity"))
    by_year = [
        (path, one) for path, _ in tables for path in sorted(path.parent.glob("horizons-*.csv"))[:1]
        for one in [pd.read_csv(path)]
    ]  # fmt: skip
    table = pd.concat([one for _, one in tables], ignore_index=True)
    if by_year:
        heads, rows = _horizons(found, by_year[0][1])
        sources = found.sources([by_year[0][0]], "sensitivity")
        return Part(found.say("sensitivity"), [found.say("horizons_said")], heads, rows, sources)
    said = [_ranks(found, table[table["outcome"] == name], name) for name in _HINGES]
    sources = found.sources([path for path, _ in tables], "sensitivity")
    return Part(found.say("sensitivity"), [one for one in said if one], note=sources)


def _horizons(found: Findings, table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    own = table[(table["kind"] == "balance") & table["year"].isin(YEARS)]
    asked = [(view, years) for view in ("municipality", "public") for years in YEARS]
    weight = (
        own[own["above_dummy"] & own["tells"]]
        .groupby("factor")["index"]
        .max()
        .sort_values(ascending=False)
    )
    rows = []
    for factor in weight.index[weight >= _LIGHT][:_CAUSES]:
        cells = []
        for view, years in asked:
            one = own[(own["factor"] == factor) & (own["view"] == view) & (own["year"] == years)]
            cells.append(_index(found, one.iloc[0]) if len(one) else "?")
        rows.append([words.factor(found.lang, str(factor)), *cells])
    heads = [""] + [
        found.say("within", view=found.say(f"short_{view}"), years=years) for view, years in asked
    ]
    return heads, rows


def _index(found: Findings, row: pd.Series) -> str:
    if not row["tells"]:
        return "?"
    if not row["above_dummy"]:
        return "–"
    low, high = max(row["low"], 0.0), row["high"]
    ends = f"{number(found.lang, 100 * low)} – {number(found.lang, 100 * high)}"
    return f"{percent(found.lang, row['index'])} ({ends})"


def _ranks(found: Findings, table: pd.DataFrame, name: str) -> str:
    """Causes that stand out from the control, with the places that their intervals allow."""
    if table.empty:
        return ""
    measure = "ST" if "ST" in set(table["measure"]) else table["measure"].iloc[0]
    own = table[(table["measure"] == measure) & table["above_dummy"]]
    own = own.sort_values("index", ascending=False)
    noise = float(table["noise_share"].iloc[0])
    said = {
        "goal": words.goal(found.lang, name),
        "noise": percent(found.lang, noise) if np.isfinite(noise) else "?",
    }
    if own.empty:
        return found.say("ranks_none", **said)
    factors = "; ".join(
        f"{words.factor(found.lang, str(row.factor))} ({row.rank})" for row in own.itertuples()
    )
    return found.say("ranks_said", **said, factors=factors)


# ---- kinds of plan, and robust ones ----------------------------------------------------------


def kinds(found: Findings) -> Part:
    """Kinds of plan against the first, under each effect set."""
    tables = found.read("compared.csv")
    if not tables:
        return found.missing("kinds", command("soorten_plannen", "compare"))
    path, table = tables[0]
    here = at_ease(table)
    goals = [one for one in (_BALANCE, _POVERTY) if one in set(here["outcome"])]
    asked = [(goal, one) for goal in goals for one in SETS]
    rows = []
    for option in dict.fromkeys(here["option"]):
        own = here[here["option"] == option]
        cells = [
            _apart(found, own[(own["outcome"] == goal) & (own["effects"] == one)], goal)
            for goal, one in asked
        ]
        rows.append([words.option(found.lang, option), *cells])
    short = {_BALANCE: found.say("kinds_head_balance"), _POVERTY: found.say("kinds_head_years")}
    heads = [""] + [f"{short[goal]}, {found.say(one)}" for goal, one in asked]
    said = found.say(
        "kinds_said", base=words.option(found.lang, here["base"].iloc[0]),
        shocks=words.value(found.lang, here["shocks"].iloc[0]),
        futures=number(found.lang, here["futures"].max()),
    )  # fmt: skip
    return Part(found.say("kinds"), [said], heads, rows, found.sources([path], "compare"))


def _apart(found: Findings, own: pd.DataFrame, goal: str) -> str:
    if own.empty:
        return found.say("not_varied")
    row = own.iloc[0]
    if row["low"] <= 0 <= row["high"]:
        return "≈"
    shown = words.of_goal(found.lang, goal, row["difference"])
    return shown if shown.startswith(MINUS) else f"+{shown}"


def robust(found: Findings) -> Part:
    """How many plans can't be bettered, and the one with least regret."""
    tables = found.read("robust-plans.csv")
    if not tables:
        return found.missing("robust", "python -m experiments robust robuust_stad")
    path, table = tables[0]
    row: dict[Any, Any] = table.sort_values(REGRET, kind="stable").iloc[0].to_dict()
    names = [str(c) for c in table if str(c).startswith(("mix.", "plan."))]
    said = [
        found.say("robust_said", count=number(found.lang, len(table))),
        found.say(
            "robust_best", levers=levers(found.lang, row, names),
            regret=percent(found.lang, row[REGRET]), enough=percent(found.lang, row[ENOUGH]),
        ),
    ]  # fmt: skip
    cells, paths = path.parent / "robust-cells.csv", [path]
    if cells.exists():
        paths.append(cells)
        under = pd.read_csv(cells)
        own = under[under["row"] == int(table[REGRET].argmin())]
        goals = [one for one in (_BALANCE, "stress_years", _POVERTY) if one in own]
        said += [_under_sets(found, own, goal) for goal in goals]
    return Part(found.say("robust"), said, note=found.sources(paths, "robust"))


def _under_sets(found: Findings, own: pd.DataFrame, goal: str) -> str:
    middle = own[["effects", goal]].groupby("effects", as_index=False).mean()
    shown = {
        one: words.of_goal(found.lang, goal, x) if np.isfinite(x) else found.say("not_varied")
        for one, x in by_set(middle, goal).items()
    }
    return found.say("robust_goal", goal=words.goal(found.lang, goal), **shown)


# ---- the plan itself -------------------------------------------------------------------------


def plan(found: Findings, name: str = "noordoost") -> Part:
    """What the plan on the table costs and brings, and in a line what the other plans do."""
    path = found.folder / name / _PUBLISHED
    summaries = read_json(path)
    head = found.say("plan", name=where(found, name))
    if not summaries:
        made = "python -m experiments.findings"
        return Part(head, [found.say("plan_missing", command=made)])
    by = [summaries.get(f"{one}, calm") for one in SETS]
    rows = [[found.say("invested"), *(_band(found, s, "invested_eur") for s in by)]]
    for payer in ("municipality", "state", "insurer", "household"):
        cells = [_band(found, s, "returned_eur", payer) for s in by]
        rows.append([found.say("returned", who=found.say(payer)), *cells])
    for view in ("municipality", "public"):
        title = words.words(found.lang)["views"][view]
        cells = [_within(found, s, view, 120) for s in by]
        rows.append([found.say("back_within", view=title, years=10), *cells])
    rows.append([found.say("poverty"), *(_poverty(found, s) for s in by)])
    others = [one for one in PLANS if one != name and (found.folder / one / _PUBLISHED).exists()]
    said = [found.say("plan_said"), *(_other(found, one) for one in others)]
    paths = [found.folder / one / _PUBLISHED for one in (name, *others)]
    heads = ["", *(found.say(one) for one in SETS)]
    return Part(head, said, heads, rows, found.sources(paths))


def _band(found: Findings, summary: Any, *keys: str) -> str:
    if summary is None:
        return found.say("not_varied")
    of = summary
    for key in keys:
        of = of[key]
    low, middle, high = (thousands(found.lang, of[part]) for part in ("p10", "p50", "p90"))
    return f"{middle} ({low} – {high})"


def thousands(lang: str, eur: float) -> str:
    """An amount in thousands of euros, in three figures."""
    return number(lang, float(f"{eur:.3g}") / 1000, 1 if abs(eur) < 9950 else 0)


def _within(found: Findings, summary: Any, view: str, months: int) -> str:
    if summary is None:
        return found.say("not_varied")
    share = summary["payback_months"][view]["share_within"][str(months)]
    return "?" if share is None else found.say("of_futures", share=percent(found.lang, share))


def _poverty(found: Findings, summary: Any) -> str:
    if summary is None:
        return found.say("not_varied")
    people = summary["people_in_poverty"]
    return number(found.lang, people["end_with"] - people["end_without"], sign=True)


def _other(found: Findings, name: str) -> str:
    summaries = read_json(found.folder / name / _PUBLISHED)
    by = {one: summaries.get(f"{one}, calm") for one in SETS}
    back = {
        one: found.say("not_varied") if s is None
        else amount(found.lang, s["returned_eur"]["municipality"]["p50"])
        for one, s in by.items()
    }  # fmt: skip
    middle = by["evidence"]
    spent = amount(found.lang, middle["invested_eur"]["p50"]) if middle else "?"
    return found.say("plan_others", name=where(found, name), invested=spent, **back)


# ---- trust -----------------------------------------------------------------------------------


def trust(found: Findings, tables: Path = CALIBRATION) -> Part:
    """How well the model follows Groningen, and what nobody can know from it."""
    validation = tables / "validation.csv"
    always = [found.say(f"trust_{k}") for k in range(1, 5)]
    if not (validation.exists() and validation.with_suffix(".json").exists()):
        missing = found.say("trust_missing", command="python -m calibration check --write")
        return Part(found.say("trust"), [missing, *always])
    read = read_tables(found.folder / "calibration", validation, tables / "posterior.parquet")
    fitted, (passed, checks) = read.fitted_rows(), read.holdouts_passed()
    said = found.say(
        "trust_fit", of=len(fitted), met=int(fitted["inside"].sum()), checks=checks, passed=passed
    )
    note = found.say("sources", files=validation.as_posix())
    return Part(found.say("trust"), [said, *always], note=note)
