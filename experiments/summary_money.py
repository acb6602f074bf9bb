"""Parts of the summary on money: which plans pay back, what a euro brings, where it turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments import words
from experiments.breakeven import is_never
from experiments.tables import SETS, Findings, Part
from siexsim.account import VIEWS
from siexsim.sheet import capital
from siexsim.texts import number

YEARS = (3, 10, 20)
CLAIM = (1.8, 5.0)  # "EUR 2,500 in, EUR 7,000 to 15,000 out", as a balance per euro
MOST_NAMES = 4  # in a list
ALONE = 0.99  # a plan with this share of one kind of help has that kind alone
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
        one: float(own[column].iloc[0]) if len(own) else np.nan
        for one in SETS
        for own in [table[table["effects"] == one]]
    }


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
    return Part(found.say("answer"), said, note=found.say("back_is"), lead=True)


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
    return found.say("some", **said, **{one: count(found, x) for one, x in back.items()})


def count(found: Findings, x: float) -> str:
    """A number of plans, or a question mark."""
    return number(found.lang, x) if np.isfinite(x) else "?"


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
                count(found, x)
                for one in scenarios
                for x in by_set(here[here["scenario"] == one], "paid_back").values()
            ]
            unknown |= "?" in cells
            rows.append([found.say("within", view=found.say(f"short_{view}"), years=years), *cells])
    heads = [""] + [f"{where(found, s)}, {found.say(one)}" for s in scenarios for one in SETS]
    plans = "; ".join(_plans(found, str(one), table) for one in scenarios)
    said = [found.say("mixes_said", plans=plans), *_rough(found, table), *_conditions(found)]
    note = found.sources([path for path, _ in tables], "mixes")
    if unknown:
        note = f"{found.say('unknown_sign')} {note}"
    return Part(found.say("mixes"), said, heads, rows, note)


def _plans(found: Findings, scenario: str, table: pd.DataFrame) -> str:
    plans = int(table.loc[table["scenario"] == scenario, "plans"].max())
    maps = [one for _, one in found.read("map.csv") if scenario in set(one["scenario"])]
    futures = int(maps[0]["futures"].iloc[0]) if maps else None
    shown = number(found.lang, futures) if futures else "?"
    name = words.value(found.lang, scenario)
    return found.say("plans", where=name, count=number(found.lang, plans), futures=shown)


def _rough(found: Findings, table: pd.DataFrame) -> list[str]:
    """What a crisis changes, at most."""
    keys = ["scenario", "effects", "view", "years"]
    calm, rough = (
        table[table["shocks"] == one].set_index(keys)["paid_back"] for one in (CALM, ROUGH)
    )
    apart = (rough - calm).dropna().abs()
    if apart.empty:
        return []
    if apart.max() == 0:
        return [found.say("rough_same")]
    largest = apart.index[int(apart.to_numpy().argmax())]
    at = dict(zip(keys, largest, strict=True))
    return [
        found.say(
            "rough", most=count(found, apart.max()), years=at["years"],
            view=words.words(found.lang)["views"][at["view"]],
            where=words.value(found.lang, at["scenario"]), effects=found.say(at["effects"]),
            rough=count(found, rough[largest]), calm=count(found, calm[largest]),
        )
    ]  # fmt: skip


def _conditions(found: Findings) -> list[str]:
    """The first conditions that were found, for the longest known horizon up to ten years."""
    tables = [table for _, table in found.read("conditions.csv")]
    if not tables:
        return []
    table = pd.concat(tables, ignore_index=True)
    good = table[(table["kind"] == "found") & (table["years"] <= 10)]
    if good.empty:
        return [found.say("no_condition")]
    order = {view: k for k, view in enumerate(("public", "municipality", "society"))}
    sets = {one: k for k, one in enumerate(("evidence", "sceptical", "ipw"))}
    good = good.assign(v=good["view"].map(order), e=good["effects"].map(sets))
    row = good.sort_values(["e", "v", "years"], ascending=[True, True, False]).iloc[0]
    return [
        found.say(
            "conditions", where=words.value(found.lang, row["scenario"]),
            effects=words.value(found.lang, row["effects"]),
            shocks=words.value(found.lang, row["shocks"]), sentence=row[found.lang],
        )
    ]  # fmt: skip


# ---- what a euro brings ----------------------------------------------------------------------


def per_euro(found: Findings) -> Part:
    """The balance per euro of each kind of help alone, under each effect set."""
    tables = found.read("map.csv")
    if not tables:
        return found.missing("per_euro", command("mixen_stad", "mixes"))
    # one map is enough: that of the scenario with most plans
    path, table = max(tables, key=lambda one: one[1]["point"].nunique())
    ends = dict(_alone(table))
    if not ends:
        return Part(found.say("per_euro"), [found.say("no_pure")])
    kinds = sorted(ends, key=lambda kind: -ends[kind]["public", "evidence"])
    asked = [(view, one) for view in VIEWS for one in SETS]
    rows = [
        [words.intervention(found.lang, kind), *(_ends(found, ends[kind][key]) for key in asked)]
        for kind in kinds
    ]
    heads = [""] + [f"{found.say(f'short_{view}')}, {found.say(one)}" for view, one in asked]
    scenario = words.value(found.lang, table["scenario"].iloc[0])
    low, high = (number(found.lang, one, 1, sign=True) for one in CLAIM)
    reached = {one: _reaching(found, ends, kinds, one) for one in SETS}
    claim = found.say("claim", low=low, high=high, **reached)
    said = [found.say("per_euro_said", where=scenario), claim]
    return Part(found.say("per_euro"), said, heads, rows, found.sources([path], "mixes"))


def _alone(table: pd.DataFrame) -> Iterator[tuple[str, dict[tuple[str, str], float]]]:
    for column in [str(c) for c in table if str(c).startswith("mix.")]:
        own = table[table[column] >= ALONE]
        if len(own):
            yield (
                column.removeprefix("mix."),
                {
                    (view, one): float(
                        own.loc[own["effects"] == one, f"end_per_euro_{view}"].mean()
                    )
                    for view in VIEWS
                    for one in SETS
                },
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
    tried = "; ".join(
        found.say(
            "tried", lever=found.say(lever),
            **{key: number(found.lang, own[key].iloc[0], 2) for key in ("least", "most")},
        )
        for lever in levers
        for own in [here[here["lever"] == lever]]
    )  # fmt: skip
    sources = found.sources([path for path, _ in tables], "breakeven")
    note = f"{found.say('breakeven_signs', tried=tried)} {sources}"
    said = [found.say("breakeven_said", years=years)]
    return Part(found.say("breakeven"), said, heads, rows, note)


def _turn(found: Findings, own: pd.DataFrame, lever: str, effects: str) -> str:
    rows = own[(own["lever"] == lever) & (own["effects"] == effects)]
    if rows.empty:
        return found.say("not_varied")
    row = rows.iloc[0]
    if not np.isfinite(row["at"]):
        return found.say("never" if is_never(lever, row["at"]) else "always")

    def shown(key: str) -> str:
        x = float(np.clip(row[key], row["least"], row["most"]))
        mark = "" if np.isfinite(row[key]) else "<" if row[key] < 0 else ">"
        return mark + (
            number(found.lang, 100 * x) if lever == "price" else number(found.lang, x, 1)
        )

    unit = "%" if lever == "price" else "×"
    return f"{shown('at')}{unit} ({shown('low')} – {shown('high')})"
