"""Protecting what is told of participants: groups instead of single courses, and nothing of few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siexsim.hiding import Floats, hidden_parts, nearest, order_of, rounded_to_total, step_of
from siexsim.protected import (
    EVERYWHERE,
    Protected,
    Rules,
    packaged_rules,
    protect,
    protect_counts,
    too_few,
    total_of,
)

ALL: Final = "all"  # all interventions, or all groups
FLAGS: Final = ("here_", "poor_", "welfare_", "twin_poor_", "twin_welfare_")  # yes or no
SEEN: Final = ("stress_", "twin_stress_", "gain_", *FLAGS)
REACH: Final = Protected(
    ("group",),
    {"eligible": "", "reached": "eligible", "accepted": "reached", "started": "accepted"},
)
RELAPSE: Final = Protected(
    ("intervention",),
    {"courses": "", "running": "courses", "completed": "courses", "dropped": "courses",
     "relapsed": "completed"},
    part="",
)  # fmt: skip


def few_took_part(participants: pd.DataFrame) -> bool:
    """Whether so few took part that even sums over all of them tell of single households."""
    people = participants["household"].nunique() if "household" in participants else 0
    return 0 < people < packaged_rules().participant_base


# --- Courses, in groups -------------------------------------------------------------------------


def protect_participants(
    table: pd.DataFrame, rules: Rules | None = None, total: str = EVERYWHERE
) -> pd.DataFrame:
    """Show courses of help in groups: how many, and what came of them on average.

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
        A row for every wijk and each intervention (of all groups), and for every wijk and each
        group (of all interventions), with `courses` and means of what is known of each course.
    """
    rules = rules or packaged_rules()
    if "household" not in table or table.empty:
        return table.drop(columns="household", errors="ignore")
    about = [name for name in ("intervention", "group") if name in table]
    return pd.concat([_by(table, name, about, rules, total) for name in about], ignore_index=True)


def _by(
    table: pd.DataFrame, about: str, others: Sequence[str], rules: Rules, total: str
) -> pd.DataFrame:
    """Courses by wijk and one trait, summed over the other."""
    line = table.groupby(about, observed=True, sort=True).ngroup().to_numpy(np.int64)
    labels = table[about].astype(str).iloc[np.unique(line, return_index=True)[1]].to_numpy()
    wijken = table["wijk"].astype("category").cat
    width = len(wijken.categories) + 1
    shape = (len(labels), 1, width)
    where = line * width + wijken.codes.to_numpy(np.int64)
    places = np.concatenate([where, line * width + width - 1])
    weight = table["weight"].to_numpy(float)

    def added(values: Floats) -> Floats:
        sums = np.bincount(places, np.tile(values, 2), int(np.prod(shape)))
        return sums.astype(np.float64).reshape(shape)

    courses = added(weight)
    order = order_of(courses)
    unseen = np.zeros((shape[0], width), bool)
    counts, hidden = protect_counts(courses, unseen, unseen, order, None, rules)
    names = [*wijken.categories, total]
    columns: dict[str, object] = {"wijk": pd.Categorical(names * shape[0], names)}
    columns |= {
        name: np.repeat(labels, width) if name == about else np.full(shape[0] * width, ALL)
        for name in others
    }
    columns["courses"] = np.where(hidden[:, None], np.nan, counts).ravel()
    for name in _averaged(table):
        values = table[name].astype(float).to_numpy(float)
        known = ~np.isnan(values)
        values, there = np.where(known, values, 0.0), added(weight * known)
        parts, all_of_them = rounded_to_total(there[..., :-1], rules.count_base)
        base = np.concatenate([parts, all_of_them[..., None]], axis=-1)
        largest = np.zeros(np.prod(shape))
        np.maximum.at(largest, places, np.tile(np.abs(values) * weight, 2))
        whole = added(np.abs(values) * weight)
        small = (largest.reshape(shape) > rules.largest_share * whole)[:, 0] & (whole > 0)[:, 0]
        if name.startswith(FLAGS):
            with_it = added(values * weight)
            small = ((with_it < rules.few) | (there - with_it < rules.few))[:, 0]
        out = too_few(base, small, hidden, order, None, rules.participant_base)
        mean = added(values * weight) / np.maximum(there, 1.0)
        step = step_of(base, np.abs(mean))
        digits = 2 if name.endswith("_eur") else 9
        shown = np.where(out[:, None], np.nan, np.round(nearest(mean, step), digits))
        columns[f"mean_{name}"] = shown.ravel()
    return pd.DataFrame(columns)


def _averaged(table: pd.DataFrame) -> Iterable[str]:
    return (str(n) for n in table if str(n).endswith("_eur") or str(n).startswith(SEEN))


# --- How far help reached, and how it ended -----------------------------------------------------


def protect_reach(table: pd.DataFrame, rules: Rules | None = None, total: str = "") -> pd.DataFrame:
    """Protect how many were eligible, found, said yes and started; shares are of what is shown."""
    if table.empty:
        return table.copy()
    shares = [str(name) for name in table if str(name).endswith("_share")]
    new = protect(table.drop(columns=shares), REACH, rules, total or total_of(table))
    for name in shares:
        part = name.removesuffix("_share")
        whole = new[REACH.counts[part]]
        new[name] = (new[part] / whole.where(whole > 0)).round(3)
    return new


def protect_relapse(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect how courses of each intervention ended."""
    return protect(table, RELAPSE, rules)


# --- How returns are spread ---------------------------------------------------------------------


def protect_classes(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Round households by class of return so that they add up; small classes hide with others.

    Which others does not depend on how many are in them: the classes farthest from zero first.
    """
    rules = rules or packaged_rules()
    if table.empty or table["households"].isna().any():
        return table.copy()
    cells = table["households"].to_numpy(float)[None, None]
    rounded, totals = rounded_to_total(cells, rules.count_base)
    if totals[0, 0] < rules.participant_base:
        return table.assign(households=np.nan)
    from_middle = np.abs(np.arange(len(table)) - (len(table) - 1) / 2)
    small = ((cells < rules.few) | (rounded < rules.few))[:, 0]
    order = -from_middle
    hidden = hidden_parts(rounded, small, np.zeros_like(small), order, rules.few)
    return table.assign(households=np.where(hidden, np.nan, rounded[0])[0])


def shown_share(share: pd.Series, people: pd.Series, rules: Rules) -> NDArray[np.float64]:
    """A share of people, to what one of them moves; not a number if few have it, or few do not."""
    part, base = share.to_numpy(float), people.to_numpy(float)
    few = (part * base < rules.few) | ((1 - part) * base < rules.few)
    rounded = np.round(nearest(part, step_of(base, 1.0)), 9)
    return np.where(few | ~(base >= rules.participant_base), np.nan, rounded)


def shown_mean(mean: pd.Series, people: pd.Series, rules: Rules) -> NDArray[np.float64]:
    """A mean over people, to what one of them moves; not a number if they are few."""
    value, base = mean.to_numpy(float), people.to_numpy(float)
    rounded = np.round(nearest(value, step_of(base, np.abs(np.nan_to_num(value)))), 9)
    return np.where(base >= rules.participant_base, rounded, np.nan)


def shown_count(people: pd.Series, rules: Rules) -> NDArray[np.float64]:
    """A count of people, rounded; not a number if they are few."""
    count = people.to_numpy(float)
    return np.where(count >= rules.few, nearest(count, rules.count_base), np.nan)


def protect_spread(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect how returns are spread over participants.

    A mean of a tenth needs a tenth that is large enough. Group sizes say nothing of single
    participants: they come from draws of all, and go where these are few.
    """
    rules = rules or packaged_rules()
    if table.empty:
        return table.copy()
    people, new = table["participants"], table.copy()
    for name in table.columns.drop(["view", "months", "participants"]):
        known = name.removeprefix("best_").split("_")[0]
        if name.endswith("_percent_share"):
            part, rest = float(known) / 100, 1 - float(known) / 100
            smallest = people * (min(part, rest) if rest > 0 else 1)
            new[name] = shown_mean(table[name], smallest, rules)
        elif name.endswith("_tenth_eur"):
            new[name] = shown_mean(table[name], people / 10, rules)
        elif name.endswith("_share"):
            new[name] = shown_share(table[name], people, rules)
        else:
            new[name] = shown_mean(table[name], people, rules)
    new["participants"] = shown_count(people, rules)
    return new


def protect_afterwards(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect what became of returns later on."""
    rules = rules or packaged_rules()
    new = table.copy()
    for name in ("negative_share", "falling_share"):
        if name in table:
            new[name] = shown_share(table[name].astype(float), table["participants"], rules)
    if "participants" in table:
        new["participants"] = shown_count(table["participants"], rules)
    return new


# --- What measuring says, and what a plan decided on it -----------------------------------------


def protect_monitoring(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect what studies reported; one with few participants or few others shows nothing."""
    rules = rules or packaged_rules()
    if table.empty or "people" not in table:
        return table.copy()
    new = table.copy()
    alone = table["design"].astype(str) == "before_after"
    least = table["people"].where(alone, np.minimum(table["people"], table["others"]))
    for name in ("reported", "low", "high", "truth", "bias", "anyway"):
        new[name] = shown_mean(table[name], least, rules)
    new["holds_truth"] = table["holds_truth"].astype("boolean").where(new["reported"].notna())
    new["others_helped_share"] = shown_share(table["others_helped_share"], table["others"], rules)
    both = table["people"] + table["others"]
    new["reply_share"] = shown_share(table["reply_share"], both, rules)
    new["cost_eur"] = shown_mean(table["cost_eur"], least, rules)
    new["people"] = shown_count(table["people"], rules)
    new["others"] = shown_count(table["others"].where(~alone), rules)
    return new


def protect_decisions(
    table: pd.DataFrame, rules: Rules | None = None, total: str = ""
) -> pd.DataFrame:
    """Protect what decisions rested on; money that goes round is a sum and stays as it is."""
    rules = rules or packaged_rules()
    if table.empty:
        return table.copy()
    sums = (table["what"].astype(str) == "revolving").to_numpy()
    new = table.copy()
    value = shown_mean(table["value"].astype(float), table["people"], rules)
    new["value"] = np.where(sums, table["value"], value)
    new["people"] = np.where(sums, 0.0, shown_count(table["people"], rules))
    return new
