"""What may leave the program: every table is protected so that it tells of nobody (C5).

Counts are rounded to 5 and small ones hidden; means need enough people behind them; amounts
need enough households behind them and none that dominates; who took part is shown in groups.
A hidden value is not a number. Households are made up, but users load real margins of small
neighbourhoods, so made-up data are treated as real ones. In a sample a household counts for all
it stands for: a small number of a sample is unsure rather than telling, and nobody real.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.hiding import (
    Flags,
    Floats,
    filled,
    hidden_with_total,
    nearest,
    order_of,
    rounded_to_total,
    step_of,
)
from siexsim.household import DOMAINS
from siexsim.items import ITEMS, PAYERS, flows, item_table
from siexsim.protected import (
    EVERYWHERE,
    Protected,
    Rules,
    grid_of,
    lived,
    packaged_rules,
    protect,
    protect_counts,
    protect_means,
    too_few,
    total_of,
)

TELLING: Final = frozenset({"household", "person", "id", "row", "twin", "subject", "pair"})
# They hold no households: sums over the whole municipality, or what is published already.
NO_PERSONS: Final[Mapping[str, str]] = {
    "account": "sums over all items and wijken, difference of two made worlds",
    "futures": "sums over a whole run", "bands": "quantiles of such sums over futures",
    "fit": "published margins and how near the made households come",
    "context": "prices, unemployment and shocks: the same for everybody",
}  # fmt: skip
# Items of which a few households have far more than others.
EARNED: Final = (
    "wage", "production", "payroll_tax", "spending", "supplementary_pension", "divided",
)  # fmt: skip
# Items of which one household can't have much.
MODEST: Final = (
    "help", "help_claim_paid", "debt_help", "welfare_admin", "welfare_tax", "mental_care", "wmo",
    "somatic_care", "justice", "special_assistance", "energy_allowance", "energy_saved",
)  # fmt: skip
OF_A_PLAN: Final = ("help", "help_claim_paid")
WITHHELD: Final = ("lives", "panel")  # single lives: on request only
CENSUS_COUNTS: Final[Mapping[str, str]] = {
    "households": "", "persons": "", "children": "", "base_households": "", "base_persons": "",
    "base_adults": "", "poor_households": "base_households", "poor_persons": "base_persons",
    "poor_children": "children", "long_poor_households": "poor_households",
    "working_poor_households": "poor_households", "under_130": "base_households",
    "under_120": "under_130", "under_110": "under_120", "under_105": "under_110",
    "under_101": "under_105", "welfare_households": "base_households",
    "long_welfare_households": "welfare_households",
    "problematic_debt_households": "base_households", "problematic_debt_adults": "base_adults",
    "lost_homes": "base_households", "mental_care": "base_households", "wmo": "base_households",
    "youth_care": "base_households", "in_help": "", "staying": "",
}  # fmt: skip
CENSUS_MEANS: Final[Mapping[str, str]] = {
    f"{prefix}stress_{domain}": count
    for prefix, count in (("", "base_households"), ("poor_", "poor_households"))
    for domain in DOMAINS
}
TABLES: Final[Mapping[str, Protected]] = {
    "photo": Protected(
        ("year", "month"), CENSUS_COUNTS, CENSUS_MEANS, "wijk", of_a_plan=("in_help",)
    ),
    "months": Protected(("month",), CENSUS_COUNTS, CENSUS_MEANS, "", of_a_plan=("in_help",)),
}


# --- Money ------------------------------------------------------------------------------------


def protect_ledger(
    table: pd.DataFrame, rules: Rules | None = None, total: str = EVERYWHERE
) -> pd.DataFrame:
    """Sum the ledger by year, round its amounts, and hide those with few households behind them.

    The ledger doesn't count households, but as one can't have more than a known amount on a line
    in a year, an amount of `few` times that has more behind it than `few`, and none dominates.
    What each payer has of an item is a fixed share of it; so the payer with the largest share is
    protected and the others follow from it.

    Parameters
    ----------
    table
        Lines by month, or by year as this function gives them.
    rules
        Numbers to go by; those of the program if not given.
    total
        Name of the rows of the whole municipality.

    Returns
    -------
    pandas.DataFrame
        Columns year, wijk, payer, item, kind, eur, world.
    """
    rules = rules or packaged_rules()
    if table.empty:
        return table.rename(columns={"month": "year"})
    yearly, lead = _by_year(table, total), _lead_payers()
    grid = grid_of(yearly, ("year", "item"), "wijk", total)
    cells, before = filled(grid.cells(yearly["eur"]))
    parts, totals = rounded_to_total(cells[..., :-1], rules.amount_base_eur)
    rounded = np.concatenate([parts, totals[..., None]], axis=-1)
    least = rules.few * grid.cells(_largest_eur(yearly["item"], rules)).max(axis=(1, 2))
    of_a_plan = grid.cells(yearly["item"].isin(OF_A_PLAN))[:, 0, 0] > 0
    hidden = _hidden_amounts(cells, rounded, before, least, of_a_plan)
    yearly["eur"] = grid.column(rounded, hidden)
    kinds = {name: entry.kind for name, entry in item_table().items()}
    split_up = []
    for k, payer in enumerate(PAYERS):
        share = {
            name: flows()[i, k] / flows()[i, lead[i]]
            for i, name in enumerate(ITEMS)
            if flows()[i, k] != 0.0
        }
        mine = yearly[yearly["item"].isin(share)].copy()
        mine["eur"] = np.round(mine["eur"] * mine["item"].map(share).to_numpy(float), 2)
        split_up.append(mine.assign(payer=payer, kind=mine["item"].map(kinds)))
    new = pd.concat(split_up, ignore_index=True)
    for name in ("payer", "item", "kind", "world"):
        new[name] = new[name].astype("category")
    return new[["year", "wijk", "payer", "item", "kind", "eur", "world"]]


def _hidden_amounts(
    cells: Floats, rounded: Floats, before: Flags, least: Floats, of_a_plan: Flags
) -> Flags:
    # a world without a plan has nothing of it, as everybody knows: that zero gives nothing away
    known = (of_a_plan[:, None] & ~lived(cells[of_a_plan]))[..., None]
    sizes = np.where(known, np.inf, np.minimum(np.abs(cells), np.abs(rounded)))
    amounts = np.where(known, np.abs(rounded).max(axis=1, keepdims=True), rounded)
    small = sizes.min(axis=1) < least[:, None]
    hidden = hidden_with_total(amounts, small, before, order_of(rounded), least)
    done = before[:, :-1].any(axis=-1)
    hidden[done] = before[done]
    return hidden


def _largest_eur(items: pd.Series, rules: Rules) -> pd.Series:
    """Most that one household can have of an item in a year."""
    largest = np.full(len(items), rules.largest_year_eur)
    largest[items.isin(EARNED).to_numpy(bool)] = rules.largest_earner_eur
    largest[items.isin(MODEST).to_numpy(bool)] = rules.largest_small_eur
    return pd.Series(largest)


def _lead_payers() -> NDArray[np.int64]:
    """The payer with the largest share of each item."""
    return np.abs(flows()).argmax(axis=1)


def _by_year(table: pd.DataFrame, total: str) -> pd.DataFrame:
    """Amounts of each item by year, wijk and world, all there, with their totals."""
    names = {ITEMS[i]: PAYERS[k] for i, k in enumerate(_lead_payers())}
    lead = _labels(table["item"]).map(names).astype(str)
    table = table[lead.to_numpy() == _labels(table["payer"]).to_numpy()]
    monthly = "year" not in table
    when = _labels(table["month"]).map(lambda month: month[:4]) if monthly else table["year"]
    keys = [
        when.astype(int).rename("year"),
        *(_labels(table[name]) for name in ("wijk", "item", "world")),
    ]
    lines = table["eur"].groupby(keys)
    sums = lines.sum() if monthly else lines.first()
    levels = [sorted(sums.index.unique(k)) for k in range(4)]
    levels[1] = [*(name for name in dict.fromkeys(keys[1]) if name != total), total]
    every = pd.MultiIndex.from_product(levels, names=["year", "wijk", "item", "world"])
    full = sums.reindex(every, fill_value=0.0)
    frame = full.rename("eur").reset_index()
    if monthly:
        city = frame.groupby(["year", "item", "world"])["eur"].transform("sum")
        frame.loc[frame["wijk"] == total, "eur"] = city
    frame["wijk"] = pd.Categorical(frame["wijk"], levels[1])
    return frame


def _labels(column: pd.Series) -> pd.Series:
    """Names as plain text."""
    names = column.astype("category").cat
    return pd.Series(
        np.array(names.categories, object)[names.codes], column.index, name=column.name
    )


# --- Participants -----------------------------------------------------------------------------


def protect_participants(
    table: pd.DataFrame, rules: Rules | None = None, total: str = EVERYWHERE
) -> pd.DataFrame:
    """Show courses of help in groups: how many, and what they cost and returned on average.

    A mean is shown where enough courses are behind it and none has too large a part in it.

    Parameters
    ----------
    table
        One row a course of help, or the groups that this function gives.
    rules
        Numbers to go by; those of the program if not given.
    total
        Name of the rows of all wijken.

    Returns
    -------
    pandas.DataFrame
        A row for every wijk, intervention, outcome and group that there is, with `courses` and
        means of all amounts in euros.
    """
    rules = rules or packaged_rules()
    if "household" not in table or table.empty:
        return table.drop(columns="household", errors="ignore")
    about = [name for name in ("intervention", "outcome", "group") if name in table]
    line = table.groupby(about, observed=True, sort=True).ngroup().to_numpy(np.int64)
    groups = table[about].iloc[np.unique(line, return_index=True)[1]].reset_index(drop=True)
    wijken = table["wijk"].astype("category").cat
    shape = (len(groups), 1, len(wijken.categories) + 1)
    where = line * shape[2] + wijken.codes.to_numpy(np.int64)
    everywhere = line * shape[2] + shape[2] - 1
    places, weight = np.concatenate([where, everywhere]), table["weight"].to_numpy(float)

    def added(values: Floats) -> Floats:
        sums = np.bincount(places, np.tile(values, 2), int(np.prod(shape)))
        return sums.astype(np.float64).reshape(shape)

    courses = added(weight)
    order = order_of(courses)
    unseen = np.zeros((shape[0], shape[2]), bool)
    counts, hidden = protect_counts(courses, unseen, unseen, order, None, rules)
    new = groups.loc[groups.index.repeat(shape[2])].reset_index(drop=True)
    names = [*wijken.categories, total]
    new.insert(0, "wijk", pd.Series(pd.Categorical(names * shape[0], names)))
    shown = np.where(hidden[:, None], np.nan, counts)
    new["courses"] = shown.ravel()
    for name in (column for column in table if str(column).endswith("_eur")):
        values = table[name].to_numpy(float) * weight
        largest = np.zeros(np.prod(shape))
        np.maximum.at(largest, places, np.tile(np.abs(values), 2))
        dominated = largest.reshape(shape) > rules.largest_share * added(np.abs(values))
        small = dominated[:, 0]
        out = too_few(counts, small, hidden, order, None, rules.participant_base)
        mean = added(values) / np.maximum(courses, 1.0)
        step = step_of(counts, np.abs(mean))
        shown = np.where(out[:, None], np.nan, np.round(nearest(mean, step), 2))
        new[f"mean_{name}"] = shown.ravel()
    return new


# --- The photo in long form -------------------------------------------------------------------


def protect_wijkfoto(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect indicators of minima, others and all by wijk, in long form.

    Where the minima or the others of a wijk are few, both are hidden: the one is what the other
    leaves of all.
    """
    rules = rules or packaged_rules()
    if table.empty:
        return table.copy()
    label, keys = total or total_of(table), ["year", "indicator"]
    groups = {str(name): rows for name, rows in table.groupby("group", observed=True)}
    if set(groups) != {"minima", "others", "all"}:
        raise ValueError(f"groups must be minima, others and all, not {sorted(groups)}")
    grids = {name: grid_of(rows, keys, "wijk", label) for name, rows in groups.items()}
    bases: dict[str, Floats] = {}
    kept: dict[str, Flags] = {}
    order = order_of(filled(grids["all"].cells(groups["all"]["base"]))[0])
    for name, whole in (("all", ""), ("minima", "all")):
        cells, before = filled(grids[name].cells(groups[name]["base"]))
        also = kept[whole] if whole else np.zeros_like(before)
        bases[name], kept[name] = protect_counts(
            cells, also, before, order, bases.get(whole), rules
        )
    bases["others"], kept["others"] = bases["all"] - bases["minima"], kept["minima"]
    new, few = table.copy(), kept["all"]
    for name, rest in (("all", None), ("minima", bases["others"]), ("others", None)):
        values, also = grids[name].cells(groups[name]["value"]), kept[name] | few
        shown, hidden = protect_means(values, bases[name], also, order, rest, rules)
        few = few if name == "others" else hidden  # the one is what the other leaves of all
        rows = groups[name].index
        new.loc[rows, "value"] = grids[name].column(shown, few)
        new.loc[rows, "base"] = grids[name].column(bases[name], kept[name])
    return new


# --- Everything -------------------------------------------------------------------------------


def protect_all(tables: Mapping[str, pd.DataFrame], raw: bool = False) -> dict[str, pd.DataFrame]:
    """Protect all tables of a result; what isn't known isn't let through.

    Parameters
    ----------
    tables
        Tables by name.
    raw
        Leave everything as it was computed, single households too; only on explicit request.

    Raises
    ------
    ValueError
        When a table is unknown: it may tell of single households.
    """
    if raw:
        return dict(tables)
    total = total_of(tables["photo"]) if "photo" in tables else EVERYWHERE
    safe = {}
    for name, table in tables.items():
        if name in WITHHELD:
            continue
        if name in TABLES:
            safe[name] = protect(table, TABLES[name])
        elif name in _OWN_WAY:
            safe[name] = _OWN_WAY[name](table, None, total)
        elif name in NO_PERSONS and not TELLING & set(table.columns):
            safe[name] = table
        else:
            raise ValueError(f"table '{name}' isn't known to disclosure.py, so it may not leave")
    return safe


_OWN_WAY: Final = {
    "ledger": protect_ledger, "participants": protect_participants, "wijkfoto": protect_wijkfoto,
}  # fmt: skip
