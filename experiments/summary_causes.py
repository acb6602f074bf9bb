"""Parts of the summary on causes and plans: what it hinges on, kinds of plan, the plan, trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibration.report import read_tables
from experiments import words
from experiments.best_plans import ENOUGH, REGRET, least_of
from experiments.findings import PLANS, SCENARIOS
from experiments.say_plans import floor, levers
from experiments.summary_money import YEARS, at_ease, by_set, command, where
from experiments.tables import SETS, Findings, Part, read_json
from siexsim.account import VIEWS
from siexsim.household import month_number
from siexsim.scenario import read_scenario
from siexsim.texts import MINUS, amount, number, percent

CALIBRATION = Path("calibration")
_PUBLISHED = "summaries.json"
_BALANCE, _POVERTY = "balance_eur_public_year_10", "poverty_years"
_GOALS = {
    _BALANCE: "kinds_head_balance", "invested_eur": "kinds_head_invested",
    _POVERTY: "kinds_head_years",
}  # fmt: skip
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
        if not rows:
            return Part(found.say("sensitivity"), [found.say("horizons_none")], note=sources)
        sample = found.origin(by_year[0][0], "sensitivity").get("sample", "?")
        told = found.say("horizons_said", most=_CAUSES, sample=sample)
        return Part(found.say("sensitivity"), [told], heads, rows, sources)
    said = [_ranks(found, table[table["outcome"] == name], name) for name in _HINGES]
    sources = found.sources([path for path, _ in tables], "sensitivity")
    return Part(found.say("sensitivity"), [one for one in said if one], note=sources)


def _horizons(found: Findings, table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    own = table[(table["kind"] == "per_euro") & table["year"].isin(YEARS)]
    asked = [(view, years) for view in VIEWS for years in YEARS]
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
    goals = [one for one in _GOALS if one in set(here["outcome"])]
    asked = [(goal, one) for goal in goals for one in SETS]
    base = words.option(found.lang, here["base"].iloc[0])

    def row(title: str, own: pd.DataFrame, column: str) -> list[str]:
        cells = [
            _apart(found, own[(own["outcome"] == goal) & (own["effects"] == one)], goal, column)
            for goal, one in asked
        ]
        return [title, *cells]

    rows = [row(found.say("kinds_base", base=base), here, "base_value")]
    for option in dict.fromkeys(here["option"]):
        own = here[here["option"] == option]
        rows.append(row(words.option(found.lang, option), own, "difference"))
    heads = [""] + [f"{found.say(_GOALS[goal])}, {found.say(one)}" for goal, one in asked]
    said = found.say(
        "kinds_said", base=base, shocks=words.value(found.lang, here["shocks"].iloc[0]),
        futures=number(found.lang, here["futures"].max()),
        sample=found.origin(path, "compare").get("sample", "?"),
    )  # fmt: skip
    return Part(found.say("kinds"), [said], heads, rows, found.sources([path], "compare"))


def _apart(found: Findings, own: pd.DataFrame, goal: str, column: str) -> str:
    if own.empty:
        return found.say("not_varied")
    row = own.iloc[0]
    if column == "difference" and row["low"] <= 0 <= row["high"]:
        return "≈"
    # years in poverty that are saved are told as what they are: fewer
    value = -row[column] if goal == _POVERTY else row[column]
    shown = words.of_goal(found.lang, goal, value)
    return shown if shown.startswith(MINUS) else f"+{shown}"


def robust(found: Findings) -> Part:
    """How many plans can't be bettered, and the one with least regret."""
    tables = found.read("robust-plans.csv")
    if not tables:
        return found.missing("robust", "python -m experiments robust robuust_stad")
    path, table = tables[0]
    row: dict[Any, Any] = table.sort_values(REGRET, kind="stable").iloc[0].to_dict()
    names = [str(c) for c in table if str(c).startswith(("mix.", "plan."))]
    goals = [c.removeprefix("regret.") for c in map(str, table) if c.startswith("regret.")]
    least = "; ".join(floor(found.lang, *one) for one in least_of(goals, {}).items())
    judged = "robust_new" if table["judged_anew"].iloc[0] else "robust_seen"
    said = [
        found.say(
            "robust_said", count=number(found.lang, len(table)),
            tried=number(found.lang, table["tried"].iloc[0]),
        ),
        found.say(
            "robust_best", levers=levers(found.lang, row, names), least=least,
            regret=percent(found.lang, row[REGRET]), enough=percent(found.lang, row[ENOUGH]),
        ),
        found.say(judged, futures=number(found.lang, table["judged_in"].iloc[0])),
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
    """What an example costs and brings, and in a line what the other plans do."""
    path = found.folder / name / _PUBLISHED
    summaries = read_json(path)
    head = found.say("plan", name=where(found, name))
    if not summaries:
        made = "python -m experiments.findings"
        return Part(head, [found.say("plan_missing", command=made)])
    by = {one: summaries.get(f"{one}, calm") for one in SETS}
    futures = max(s["futures"] for s in by.values() if s)
    rows = [[found.say("invested"), *(_band(found, s, "invested_eur") for s in by.values())]]
    for payer in ("municipality", "state", "insurer", "household"):
        cells = [_band(found, s, "returned_eur", payer) for s in by.values()]
        rows.append([found.say("returned", who=found.say(payer)), *cells])
    for view in ("municipality", "public"):
        title = words.words(found.lang)["views"][view]
        cells = [_within(found, s, view, 120) for s in by.values()]
        rows.append([found.say("back_within", view=title, years=10), *cells])
    total = max(s["people_in_poverty"]["end_without"] for s in by.values() if s)
    title = found.say("poverty", total=number(found.lang, total))
    rows.append([title, *(_poverty(found, s) for s in by.values())])
    others = [one for one in PLANS if one != name and (found.folder / one / _PUBLISHED).exists()]
    said = [
        found.say("plan_said", about=_about(found, name), futures=number(found.lang, futures)),
        *(_other(found, one) for one in others),
    ]
    paths = [found.folder / one / _PUBLISHED for one in (name, *others)]
    heads = ["", *(found.say(one) for one in SETS)]
    return Part(head, said, heads, rows, found.sources(paths, "findings"))


def _about(found: Findings, name: str) -> str:
    """A plan in words: money, time and kinds of help."""
    asked = read_scenario(SCENARIOS / f"{name}.toml").plan
    assert asked is not None
    budgets = np.atleast_1d(np.asarray(asked.budget_eur_per_year, float))
    months = month_number(asked.end) - month_number(asked.start) + 1
    shares = sorted(asked.mix.items(), key=lambda one: -one[1])
    kinds = ", ".join(
        f"{words.intervention(found.lang, kind)} ({percent(found.lang, share)})"
        for kind, share in shares
    )
    budget = amount(found.lang, float(budgets.mean()))
    return found.say("about", budget=budget, years=number(found.lang, months / 12), kinds=kinds)


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
    if share is None:
        return "?"
    of = summary["futures"]
    return found.say("of_futures", count=number(found.lang, share * of), of=number(found.lang, of))


def _poverty(found: Findings, summary: Any) -> str:
    if summary is None:
        return found.say("not_varied")
    people = summary["people_in_poverty"]
    return number(found.lang, people["end_with"] - people["end_without"], sign=True)


def _other(found: Findings, name: str) -> str:
    summaries = read_json(found.folder / name / _PUBLISHED)
    by = {one: summaries.get(f"{one}, calm") for one in SETS}
    shown = {
        one: found.say("not_varied") if s is None
        else found.say(
            "in_and_back", invested=thousands(found.lang, s["invested_eur"]["p50"]),
            back=_band(found, s, "returned_eur", "municipality"),
        )
        for one, s in by.items()
    }  # fmt: skip
    first = next(s for s in by.values() if s)
    return found.say(
        "plan_others", name=where(found, name), futures=number(found.lang, first["futures"]),
        sample=number(found.lang, first["sample"]), **shown,
    )  # fmt: skip


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
