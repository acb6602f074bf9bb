"""Parts of the summary on money: which plans pay back, what a euro brings, where it turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments import words
from experiments.breakeven import is_never
from experiments.mixes import ALONE
from experiments.tables import SETS, Findings, Part
from siexsim.account import VIEWS
from siexsim.sheet import capital
from siexsim.texts import amount, number

YEARS = (3, 10, 20)
CLAIM = (1.8, 5.0)  # "EUR 2,500 in, EUR 7,000 to 15,000 out", as a balance per euro
MOST_NAMES = 4  # in a list
CLAIMED = "breakthrough"  # the kind of help that the claim is made of (evidence.csv, I17)
SAID = 2  # conditions at most
CALM, ROUGH = "calm", "rough"


def command(study: str, name: str) -> str:
    """How a table is made: the studies, and the command that makes tables of their runs."""
    return f"siexsim sweep {study}, python -m experiments {name}"


def at_ease(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of calm times, where a table has more."""
    return table[table["shocks"] == CALM] if (table["shocks"] == CALM).any() else table


def counts(found: Findings) -> pd.DataFrame:
    """How many plans pay back, of all scenarios that there is a map of."""
    tables = [table for _, table in found.read("map-counts.csv")]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def where(found: Findings, scenario: str) -> str:
    """What a scenario is called at the beginning of a sentence."""
    return capital(words.value(found.lang, scenario))


def by_set(table: pd.DataFrame, column: str) -> dict[str, float]:
    """A number under each effect set; not a number where that wasn't run."""
    return {
        one: float(own[column].iloc[0]) if len(own) and column in own else np.nan
        for one in SETS
        for own in [table[table["effects"] == one]]
    }


def counts_by_set(found: Findings, table: pd.DataFrame) -> dict[str, str]:
    """How many plans pay back under each effect set, and how far luck could have moved that."""
    back, all_, any_ = (by_set(table, n) for n in ("paid_back", "in_all", "in_any"))
    return {
        one: count(found, back[one])
        if not np.isfinite([back[one], all_[one]]).all() or all_[one] == any_[one]
        else f"{count(found, back[one])} ({count(found, all_[one])} – {count(found, any_[one])})"
        for one in SETS
    }


def count(found: Findings, x: float) -> str:
    """A number of plans, or a question mark."""
    return number(found.lang, x) if np.isfinite(x) else "?"


# ---- the answer in short ---------------------------------------------------------------------


def answer(found: Findings) -> Part:
    """What the tables of the map come to, in a few sentences."""
    table = counts(found)
    if table.empty:
        part = found.missing("answer", command("mixen_stad", "mixes"))
        return Part(part.head, part.said, lead=True)
    said = []
    for scenario, own in at_ease(table).groupby("scenario", sort=False):
        asked = [("municipality", 3), ("municipality", 10), ("public", 10), ("society", 10)]
        told = [_back(found, str(scenario), own, view, years) for view, years in asked]
        # what nobody reaches in ten years nobody reaches in three
        never = _never(own, "municipality", 10)
        said += told[1:] if never else told
    note = found.say("back_is", plans=_all_plans(found, table))
    return Part(found.say("answer"), said, note=note, lead=True)


def _never(table: pd.DataFrame, view: str, years: int) -> bool:
    """Whether every effect set was run and no plan pays back under any."""
    here = table[(table["view"] == view) & (table["years"] == years)]
    return all(one == 0 for one in by_set(here, "paid_back").values())


def _back(found: Findings, scenario: str, table: pd.DataFrame, view: str, years: int) -> str:
    here = table[(table["view"] == view) & (table["years"] == years)]
    back = by_set(here, "paid_back")
    said: dict[str, Any] = {
        "where": where(found, scenario), "years": years,
        "view": words.words(found.lang)["views"][view],
    }  # fmt: skip
    known = [one for one in back.values() if np.isfinite(one)]
    if not known:
        return found.say("horizon_unknown", **said)
    plans = int(here["plans"].max())
    said["plans"] = number(found.lang, plans)
    # "none" and "all" may only be said when every effect set was run
    if _never(table, view, years):
        return found.say("nobody", **said)
    if len(known) == len(SETS) and min(known) == plans:
        return found.say("everybody", **said)
    return found.say("some", **said, **counts_by_set(found, here))


# ---- which plans, and when -------------------------------------------------------------------


def mixes(found: Findings) -> Part:
    """How many plans pay back: a row for each view and horizon, a column for each effect set."""
    tables = found.read("map-counts.csv")
    if not tables:
        return found.missing("mixes", command("mixen_stad", "mixes"))
    table = counts(found)
    calm, scenarios = at_ease(table), list(dict.fromkeys(table["scenario"]))
    rows, unknown = [], False
    for view in VIEWS:
        for years in YEARS:
            here = calm[(calm["view"] == view) & (calm["years"] == years)]
            cells = [
                cell for one in scenarios
                for cell in counts_by_set(found, here[here["scenario"] == one]).values()
            ]  # fmt: skip
            unknown |= "?" in cells
            rows.append([found.say("within", view=found.say(f"short_{view}"), years=years), *cells])
    heads = [""] + [f"{where(found, s)}, {found.say(one)}" for s in scenarios for one in SETS]
    told = found.say("mixes_said", plans=_all_plans(found, table))
    said = [told, *_rough(found, table), *_conditions(found)]
    note = found.sources([path for path, _ in tables], "mixes")
    if unknown:
        note = f"{found.say('unknown_sign')} {note}"
    return Part(found.say("mixes"), said, heads, rows, note)


def _all_plans(found: Findings, table: pd.DataFrame) -> str:
    """How many plans and futures there are of each scenario."""
    return "; ".join(_plans(found, str(one), table) for one in dict.fromkeys(table["scenario"]))


def _plans(found: Findings, scenario: str, table: pd.DataFrame) -> str:
    plans = int(table.loc[table["scenario"] == scenario, "plans"].max())
    name, futures = words.value(found.lang, scenario), _futures(found, scenario)
    return found.say("plans", where=name, count=number(found.lang, plans), futures=futures)


def _futures(found: Findings, scenario: str) -> str:
    maps = [one for _, one in found.read("map.csv") if scenario in set(one["scenario"])]
    return number(found.lang, int(maps[0]["futures"].iloc[0])) if maps else "?"


def _rough(found: Findings, table: pd.DataFrame, years: int = 10) -> list[str]:
    """What becomes of the counts in a crisis, where there are most plans."""
    rough = table[(table["shocks"] == ROUGH) & (table["years"] == years)]
    if rough.empty:
        return []
    scenario = rough.sort_values("plans")["scenario"].iloc[-1]
    said = []
    for view in ("public", "society"):
        here = rough[(rough["view"] == view) & (rough["scenario"] == scenario)]
        said.append(
            found.say(
                "rough", view=words.words(found.lang)["views"][view], years=years,
                where=words.value(found.lang, scenario), **counts_by_set(found, here),
            )
        )  # fmt: skip
    return said


def _conditions(found: Findings, years: int = 10) -> list[str]:
    """The first conditions that were found, or plans called by name, up to so many years."""
    tables = [table for _, table in found.read("conditions.csv")]
    if not tables:
        return []
    table = at_ease(pd.concat(tables, ignore_index=True))
    told = table[table["kind"].isin(("found", "named")) & (table["years"] <= years)]
    if told.empty:
        return [found.say("no_condition")]
    order = {view: k for k, view in enumerate(("public", "municipality", "society"))}
    sets = {one: k for k, one in enumerate(("evidence", "sceptical", "ipw"))}
    told = told.assign(v=told["view"].map(order), e=told["effects"].map(sets))
    # the shortest horizon at which they pay back says most
    told = told.sort_values(["e", "v", "years"]).drop_duplicates(["effects", "view"])
    return [
        found.say(
            "conditions", where=words.value(found.lang, row["scenario"]),
            effects=found.say(row["effects"]), shocks=words.value(found.lang, row["shocks"]),
            sentence=row[found.lang],
        )
        for row in told.head(SAID).to_dict("records")
    ]  # fmt: skip


# ---- what a euro brings ----------------------------------------------------------------------


def per_euro(found: Findings) -> Part:
    """The balance per euro of each kind of help alone, under each effect set."""
    tables = found.read("map.csv")
    if not tables:
        return found.missing("per_euro", command("mixen_stad", "mixes"))
    # one map is enough: that of the scenario with most plans
    path, table = max(tables, key=lambda one: one[1]["point"].nunique())
    alone = at_ease(table)
    alone = alone[alone[[c for c in alone if str(c).startswith("mix.")]].max(axis=1) >= ALONE]
    if alone.empty:
        return Part(found.say("per_euro"), [found.say("no_pure")])
    ends = dict(_alone(alone))
    kinds = sorted(ends, key=lambda kind: -ends[kind]["public", "evidence"])
    asked = [(view, one) for view in VIEWS for one in SETS]
    rows = [
        [_and_spent(found, alone, kind), *(_ends(found, ends[kind][key]) for key in asked)]
        for kind in kinds
    ]
    heads = [""] + [f"{found.say(f'short_{view}')}, {found.say(one)}" for view, one in asked]
    said = found.say(
        "per_euro_said", where=words.value(found.lang, table["scenario"].iloc[0]),
        years=found.origin(path, "mixes").get("years", "?"), budget=_budget(found, alone),
    )  # fmt: skip
    sources = found.sources([path], "mixes")
    return Part(found.say("per_euro"), [said, _claim(found, ends, kinds)], heads, rows, sources)


def _budget(found: Findings, alone: pd.DataFrame) -> str:
    budgets = alone.get("plan.budget_eur_per_year", pd.Series([np.nan]))
    low, high = budgets.min(), budgets.max()
    return amount(found.lang, float(low)) if high - low < 1 else "?"


def _and_spent(found: Findings, alone: pd.DataFrame, kind: str) -> str:
    own = alone[(alone[f"mix.{kind}"] >= ALONE) & (alone["effects"] == "evidence")]
    spent = f" ({number(found.lang, own['invested_eur'].mean() / 1e6)})" if len(own) else ""
    return f"{words.intervention(found.lang, kind)}{spent}"


def _claim(found: Findings, ends: dict[str, dict[tuple[str, str], float]], kinds: list[str]) -> str:
    """The famous claim, of the kind of help that it is about and of the others."""
    low, high = (number(found.lang, one, 1, sign=True) for one in CLAIM)
    own = {
        f"own_{one}": _ends(found, ends.get(CLAIMED, {}).get(("public", one), np.nan))
        for one in SETS
    }
    reached = {one: _reaching(found, ends, kinds, one) for one in SETS}
    kind = words.intervention(found.lang, CLAIMED)
    return found.say("claim", low=low, high=high, kind=kind, **own, **reached)


def _alone(table: pd.DataFrame) -> Iterator[tuple[str, dict[tuple[str, str], float]]]:
    for column in [str(c) for c in table if str(c).startswith("mix.")]:
        own = table[table[column] >= ALONE]
        if len(own):
            by = {view: own.groupby("effects")[f"end_per_euro_{view}"].mean() for view in VIEWS}
            yield (
                column.removeprefix("mix."),
                {(v, one): float(by[v].get(one, np.nan)) for v in VIEWS for one in SETS},
            )


def _ends(found: Findings, x: float) -> str:
    return number(found.lang, x, 1, sign=True) if np.isfinite(x) else "?"


def _reaching(
    found: Findings, ends: dict[str, dict[tuple[str, str], float]], kinds: list[str], effects: str
) -> str:
    if all(np.isnan(ends[kind]["public", effects]) for kind in kinds):
        return found.say("not_varied")
    reach = [kind for kind in kinds if ends[kind]["public", effects] >= CLAIM[0]]
    names = [words.intervention(found.lang, kind) for kind in reach]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], found.say("more", count=len(names) - MOST_NAMES)]
    return ", ".join(names) or found.say("none_of_them")


# ---- where it turns --------------------------------------------------------------------------


def breakeven(found: Findings, years: int = 10) -> Part:
    """At which price and strength each kind of help turns for the public purse."""
    tables = found.read("breakeven.csv")
    if not tables:
        return found.missing("breakeven", command("omslag_prijs + omslag_kracht", "breakeven"))
    table = pd.concat([one for _, one in tables], ignore_index=True)
    here = at_ease(table)
    here = here[(here["view"] == "public") & (here["years"] == years)]
    levers = [one for one in ("price", "strength") if one in set(here["lever"])]
    rows = []
    for kind in dict.fromkeys(here["mix"]):
        own = here[here["mix"] == kind]
        cells = [_turn(found, own, lever, one) for lever in levers for one in SETS]
        rows.append([words.intervention(found.lang, str(kind)), *cells])
    heads = [""] + [f"{found.say(lever)}, {found.say(one)}" for lever in levers for one in SETS]
    runs = "; ".join(
        found.say("tried", lever=found.say(lever), values=_tried(found, own))
        for lever in levers
        for own in [here[here["lever"] == lever]]
    )
    sources = found.sources([path for path, _ in tables], "breakeven")
    note = f"{found.say('breakeven_signs')} {sources}"
    said = [found.say("breakeven_said", years=years, runs=runs)]
    return Part(found.say("breakeven"), said, heads, rows, note)


def _tried(found: Findings, own: pd.DataFrame) -> str:
    tried = own["tried"].iloc[0] if "tried" in own else ""
    ends = [own[key].iloc[0] for key in ("least", "most")]
    values = [float(one) for one in str(tried).split()] or ends
    return ", ".join(number(found.lang, one, 0 if one == int(one) else 2) for one in values)


def _turn(found: Findings, own: pd.DataFrame, lever: str, effects: str) -> str:
    rows = own[(own["lever"] == lever) & (own["effects"] == effects)]
    if rows.empty:
        return found.say("not_varied")
    row = rows.iloc[0]
    if np.isnan(row["at"]):
        return found.say("unclear")
    unit = "%" if lever == "price" else "×"

    def shown(key: str) -> str:
        x = float(np.clip(row[key], row["least"], row["most"]))
        mark = "" if np.isfinite(row[key]) else "<" if row[key] < 0 else ">"
        return mark + (
            number(found.lang, 100 * x) if lever == "price" else number(found.lang, x, 1)
        )

    if np.isfinite(row["at"]):
        middle = f"{shown('at')}{unit}"
    else:
        middle = found.say("never" if is_never(lever, row["at"]) else "always")
    if row["low"] == row["high"]:
        return middle
    return f"{middle} ({shown('low')} – {shown('high')})"
