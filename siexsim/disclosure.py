"""What may leave the program: every table is protected so that it tells of nobody (C5).

Counts are rounded to 5 and small ones hidden; means need enough people behind them; amounts
need enough households behind them and none that dominates; who took part is shown in groups.
A hidden value is not a number. Households are made up, but users load real margins of small
neighbourhoods, so made-up data are treated as real ones. In a sample a household counts for all
it stands for: a small number of a sample is unsure rather than telling, and nobody real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.census import COUNTS
from siexsim.hiding import (
    Flags,
    Floats,
    filled,
    hidden_with_total,
    nearest,
    order_of,
    rounded_to_total,
)
from siexsim.household import DOMAINS, GROUPS
from siexsim.indicators import counted
from siexsim.items import ITEMS, PAYERS, flows, item_table
from siexsim.protected import (
    EVERYWHERE,
    Grid,
    Protected,
    Rules,
    grid_of,
    lived,
    packaged_rules,
    protect,
    protect_counts,
    protect_means,
    total_of,
)
from siexsim.protected_people import (
    protect_afterwards,
    protect_classes,
    protect_decisions,
    protect_monitoring,
    protect_participants,
    protect_reach,
    protect_relapse,
    protect_spread,
)
from siexsim.worlds import NAMES, with_effects

TELLING: Final = frozenset({"household", "person", "id", "row", "twin", "subject", "pair"})
# They hold no households: sums over the whole municipality, or what is published already.
NO_PERSONS: Final[Mapping[str, str]] = {
    "account": "sums over all items and wijken, difference of two made worlds",
    "futures": "sums over a whole run", "bands": "quantiles of such sums over futures",
    "figures": "what the account comes to for each payer",
    "figure_bands": "quantiles of such figures over futures",
    "landing": "sums over a whole run by payer",
    "from_ledger": "sums over a whole run by payer",
    "revisions": "sums of the account, and what is expected of it",
    "closing": "sums of the account",
    "brought_forward": "budgets of the plan itself",
    "fit": "published margins and how near the made households come",
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
# A count of the census is a part of the counted households, but for these.
_PART_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("households", "persons", "children", "staying"), ""),
    **dict.fromkeys(("base_households", "base_persons", "base_adults", "base_children"), ""),
    "in_help": "", "poor_persons": "base_persons", "poor_children": "base_children",
    "long_poor_households": "poor_households", "working_poor_households": "poor_households",
    "under_120": "under_130", "under_110": "under_120", "under_105": "under_110",
    "under_101": "under_105", "long_welfare_households": "welfare_households",
    "problematic_debt_adults": "base_adults",
    "debt_arrangements": "problematic_debt_households",
    **{f"poor_group_{group}": "poor_households" for group in GROUPS[1:]},
}  # fmt: skip


def _census_counts() -> dict[str, str]:
    """Every count of the census with what it is a part of, which always comes first."""
    part_of = {
        name: _PART_OF.get(name, "base_households")
        for name in (*COUNTS, *(f"poor_group_{group}" for group in GROUPS[1:]))
    }

    def depth(name: str) -> int:
        return 1 + depth(part_of[name]) if part_of[name] else 0

    return {name: part_of[name] for name in sorted(part_of, key=depth)}


def _census_means() -> dict[str, str]:
    over = {f"stress_{domain}": "households" for domain in DOMAINS}
    over |= {"bandwidth": "households", "development": "children"}
    return {
        f"{prefix}{name}": f"{group}_{whom}"
        for prefix, group in (("", "base"), ("poor_", "poor"))
        for name, whom in over.items()
    }


_CENSUS: Final = Protected(
    ("year", "month"), _census_counts(), _census_means(),
    {"poor_gap_eur_per_year": "poor_households"}, of_a_plan=("in_help",),
)  # fmt: skip
TABLES: Final[Mapping[str, Protected]] = {
    "photo": _CENSUS,
    "months": replace(_CENSUS, keys=("month",), part=""),
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


# --- The photo in long form -------------------------------------------------------------------


def protect_wijkfoto(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect indicators of minima, others and all by wijk, in long form.

    Where the minima or the others of a wijk are few, both are hidden: the one is what the other
    leaves of all. A share is rounded to `count_base` households, so that it tells no more than a
    count; it is hidden where few have what is counted, or few do not. `count` doesn't leave: it is
    the value times its base.
    """
    rules = rules or packaged_rules()
    if "count" not in table or table.empty:  # protected already, or nothing to protect
        return table.drop(columns="count", errors="ignore")
    label, keys = total or total_of(table), ["year", "indicator"]
    groups = {str(name): rows for name, rows in table.groupby("group", observed=True)}
    if set(groups) != {"minima", "others", "all"}:
        raise ValueError(f"groups must be minima, others and all, not {sorted(groups)}")
    grids = {name: grid_of(rows, keys, "wijk", label) for name, rows in groups.items()}
    small = {name: _few_have_it(rows, grids[name], rules) for name, rows in groups.items()}
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
    new, few = table.drop(columns="count"), kept["all"]
    for name, rest in (("all", None), ("minima", bases["others"]), ("others", None)):
        rows, grid = groups[name], grids[name]
        scale = rows["indicator"].astype(str).map(_scales(rules)).fillna(1.0).astype(float)
        means, also = grid.cells(rows["value"]), kept[name] | few
        _, hidden = protect_means(means, bases[name], also, order, rest, rules)
        few = few if name == "others" else hidden  # the one is what the other leaves of all
        shown, hidden = protect_means(
            means, bases[name], few, order, rest, rules, small[name], grid.cells(scale)
        )
        new.loc[rows.index, "value"] = grid.column(shown, hidden)
        new.loc[rows.index, "base"] = grid.column(bases[name], kept[name])
    return new


def _scales(rules: Rules) -> dict[str, float]:
    """What the sum behind each indicator may be moved by before its mean is seen to change."""
    return {one.name: one.scale * rules.count_base if one.is_count else 1.0 for one in counted()}


def _few_have_it(rows: pd.DataFrame, grid: Grid, rules: Rules) -> Flags:
    """Where few of a group are counted, or few are not; never of a mean, or by definition."""
    count = grid.cells(rows["count"])
    rest = grid.cells(rows["base"]) - count
    # where the whole municipality has it or nobody, it is by definition, as minima and welfare
    of_all, of_nobody = ((part == 0).all(axis=(1, 2), keepdims=True) for part in (rest, count))
    few = ((count < rules.few) & ~of_nobody) | ((rest < rules.few) & ~of_all)
    return np.asarray(few.any(axis=1))


# --- The worlds side by side --------------------------------------------------------------------


def protect_context(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Round what is counted of the municipality in every world; effects are of what is shown."""
    rules = rules or packaged_rules()
    if table.empty:
        return table.copy()
    new, outcome = table.copy(), table["outcome"].astype(str)
    base = np.full(len(table), rules.count_base)
    base[outcome == "public_cost_eur"] = rules.amount_base_eur
    base[outcome == "stress"] = 1.0 / rules.mean_base**2
    for name in NAMES:
        new[name] = np.round(nearest(table[name].to_numpy(float), base), 9)
    return with_effects(new)


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
    "ledger": protect_ledger, "wijkfoto": protect_wijkfoto, "context": protect_context,
    "participants": protect_participants, "reach": protect_reach, "relapse": protect_relapse,
    "spread": protect_spread, "classes": protect_classes, "afterwards": protect_afterwards,
    "monitoring": protect_monitoring, "decisions": protect_decisions,
}  # fmt: skip
