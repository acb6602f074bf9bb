"""Attacks on what leaves the program, by somebody who knows the method and all that is shown."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from siexsim.census import CENSUS
from siexsim.disclosure import (
    EARNED,
    MODEST,
    NO_PERSONS,
    TABLES,
    protect_all,
    protect_context,
    protect_ledger,
    protect_wijkfoto,
)
from siexsim.hiding import hidden_parts, rounded_to_total, step_of
from siexsim.household import month_number
from siexsim.items import ITEMS, PAYERS, flows, item_table
from siexsim.photo import months_table, photo_table
from siexsim.place import load_place
from siexsim.protected import (
    Protected,
    packaged_rules,
    protect,
    protect_counts,
    rules_with_evidence,
)
from siexsim.protected_people import (
    few_took_part,
    protect_afterwards,
    protect_classes,
    protect_decisions,
    protect_monitoring,
    protect_participants,
    protect_reach,
    protect_relapse,
    protect_spread,
)
from siexsim.tables import TABLES as ALL_TABLES

RULES = packaged_rules()
BASE, FEW = RULES.count_base, RULES.few
ORDER = np.arange(3.0)
SLACK = BASE - 1  # a count that is shown may be off by so much
CHAIN = {"homes": "", "poor": "homes", "long_poor": "poor"}
SMALL_TABLE = Protected(("year",), CHAIN, {"poor_stress": "poor"})


# --- Rounding and hiding ----------------------------------------------------------------------


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=21))
def test_rounded_parts_add_up_and_stay_near(parts: list[int]) -> None:
    rounded, total = rounded_to_total(np.array([parts], float), BASE)
    assert rounded.sum() == total[0]
    assert abs(total[0] - sum(parts)) <= BASE / 2
    assert (np.abs(rounded[0] - parts) < BASE).all()
    assert (rounded % BASE == 0).all()
    again, _ = rounded_to_total(rounded, BASE)
    assert (again == rounded).all()


def test_rounding_by_hand() -> None:
    rounded, total = rounded_to_total(np.array([[12.0, 13.0, 9.0, 1.0]]), 5)
    assert total[0] == 35
    assert rounded[0].tolist() == [10, 15, 10, 0]


def test_hiding_by_hand() -> None:
    values = np.array([[[5.0, 40.0, 15.0, 100.0]]])
    small = np.array([[True, False, False, False]])
    order = np.array([3.0, 2.0, 0.0, 1.0])
    assert hidden_parts(values, small, ~small & False, order, 10).tolist() == [
        [True, False, True, False]
    ]
    rest = np.array([[[30.0, 10.0, 0.0, 50.0]]])  # of the third nobody is left
    order = np.array([3.0, 1.0, 0.0, 2.0])
    assert hidden_parts(values, small, ~small & False, order, 20, rest).tolist() == [
        [True, True, True, False]
    ]


def test_one_cell_alone_is_never_hidden_and_the_worlds_hide_alike() -> None:
    cells = np.array([[[3, 50, 60, 113], [30, 50, 60, 140]]], float)
    _, hidden = protect_counts(cells, *2 * [np.zeros((1, 4), bool)], ORDER, None, RULES)
    assert hidden.tolist() == [[True, True, False, False]]


def test_every_small_table_keeps_its_secrets() -> None:
    """All tables of three wijken: what tables could have given the same release?"""
    parts = np.array(list(itertools.product(range(46), repeat=3)), float)
    cells = np.column_stack([parts, parts.sum(axis=1)])
    unseen = np.zeros(cells.shape, bool)
    rounded, hidden = protect_counts(cells[:, None], unseen, unseen, ORDER, None, RULES)
    shown = np.where(hidden, -1.0, rounded[:, 0])
    assert (cells[~hidden] >= FEW).all()
    _, release = np.unique(shown, axis=0, return_inverse=True)
    tables = pd.DataFrame(cells).groupby(release.ravel())
    low, high = tables.min().to_numpy(), tables.max().to_numpy()
    whole = high[:, :3].max(axis=1) < 40  # of larger ones this list lacks the neighbours
    low, high = (edge[release.ravel()] for edge in (low, high))
    hidden &= whole[release.ravel()][:, None]
    few = hidden & (cells < FEW)
    assert few.sum() > 10_000
    assert (low[few] == 0).all()  # one of few may as well not be there
    assert ((high - low)[hidden] >= FEW - 1).all()


# --- An adversary with linear programming -----------------------------------------------------


def photo_of(counts: np.ndarray) -> pd.DataFrame:
    """A table of counts with shape (years, worlds, wijken, columns), with its totals."""
    years, worlds, wijken, _ = counts.shape
    names = [f"W{k}" for k in range(wijken)]
    rows = []
    for y, w in itertools.product(range(years), range(worlds)):
        parts = counts[y, w]
        for name, row in [*zip(names, parts, strict=True), ("City", parts.sum(axis=0))]:
            rows.append((2022 + y, name, ("without", "with")[w], *row, 0.4321))
    table = pd.DataFrame(rows, columns=["year", "wijk", "world", *CHAIN, "poor_stress"])
    table["wijk"] = pd.Categorical(table["wijk"], [*names, "City"])
    return table


@st.composite
def chains(draw: st.DrawFn) -> np.ndarray:
    """Households, poor among them and long poor among those; many of them few."""
    shape = (draw(st.integers(1, 2)), 2, draw(st.integers(2, 6)))
    count = int(np.prod(shape))
    size = st.one_of(st.integers(0, 14), st.integers(15, 400))
    homes = np.array(draw(st.lists(size, min_size=count, max_size=count)))
    share = st.lists(st.sampled_from([0, 0.03, 0.2, 0.5, 0.95, 1]), min_size=count, max_size=count)
    poor = np.floor(homes * draw(share)).astype(int)
    long_poor = np.floor(poor * draw(share)).astype(int)
    return np.stack([homes, poor, long_poor], axis=-1).reshape(*shape, 3)


def bounds_of_hidden(shown: np.ndarray, nested: bool = True) -> dict[tuple[int, int], float]:
    """Widths that remain for hidden cells of one year and world; shape (parts and total, columns).

    The adversary knows what is shown to within the base, that counts aren't negative, that
    wijken add up to the city, and what is a part of what.
    """
    rows, columns = shown.shape
    bounds = [
        (0.0, None) if np.isnan(v) else (max(0.0, v - SLACK), v + SLACK) for v in shown.ravel()
    ]
    sums = np.zeros((columns, rows * columns))
    for c in range(columns):
        sums[c, c::columns] = [1.0] * (rows - 1) + [-1.0]
    orders = []
    for r, c in itertools.product(range(rows), range(columns - 1)):
        order = np.zeros(rows * columns)
        order[[r * columns + c + 1, r * columns + c]] = 1.0, -1.0
        orders.append(order)
    widths = {}
    for cell in np.flatnonzero(np.isnan(shown.ravel())):
        goal = np.zeros(rows * columns)
        goal[cell] = 1.0
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * goal, np.array(orders) if nested else None,
                np.zeros(len(orders)) if nested else None, sums, np.zeros(columns), bounds,
            )  # fmt: skip
            assert found.status in (0, 3), found.message
            ends.append(np.inf if found.status == 3 else sign * found.fun)
        widths[divmod(int(cell), columns)] = abs(ends[1] - ends[0])
    return widths


@settings(max_examples=20, deadline=None)
@given(chains())
def test_linear_programming_finds_no_hidden_count(counts: np.ndarray) -> None:
    table = photo_of(counts)
    safe = protect(table, SMALL_TABLE)
    for (year, world), rows in safe.groupby(["year", "world"], observed=True):
        own = table[(table["year"] == year) & (table["world"] == world)]
        shown, true = rows[list(CHAIN)].to_numpy(float), own[list(CHAIN)].to_numpy(float)
        assert not (~np.isnan(shown) & (true < FEW)).any()
        for width in bounds_of_hidden(shown).values():
            assert width >= FEW - 1


@settings(max_examples=40, deadline=None)
@given(chains())
def test_differences_between_worlds_and_years_say_no_more(counts: np.ndarray) -> None:
    """Every difference of shown counts is a multiple of the base, in both worlds or in none."""
    table = photo_of(counts)
    safe = protect(table, SMALL_TABLE)
    one, other = (safe[safe["world"] == world].reset_index() for world in ("without", "with"))
    for name in CHAIN:
        assert (one[name].isna() == other[name].isna()).all()
        assert ((other[name] - one[name]).dropna() % BASE == 0).all()
        parts = safe[safe["wijk"] != "City"].groupby(["year", "world"], observed=True)[name]
        city = safe[safe["wijk"] == "City"].set_index(["year", "world"])[name]
        known = parts.sum()[parts.apply(lambda p: p.notna().all()) & city.notna().reindex(
            parts.sum().index)]  # fmt: skip
        assert (known == city.reindex(known.index)).all()
        gap = (city.reindex(parts.sum().index) - parts.sum())[parts.apply(lambda p: p.isna().any())]
        assert (gap.dropna() >= FEW).all()  # subtraction finds no small number


@settings(max_examples=40, deadline=None)
@given(chains())
def test_protecting_twice_changes_nothing(counts: np.ndarray) -> None:
    safe = protect(photo_of(counts), SMALL_TABLE)
    pd.testing.assert_frame_equal(protect(safe, SMALL_TABLE), safe)


def test_a_part_hides_when_all_but_few_are_in_it() -> None:
    counts = np.array([[[[200, 195, 50], [300, 100, 50], [400, 150, 60]]] * 2])
    safe = protect(photo_of(counts), SMALL_TABLE)
    assert safe["poor"].isna().tolist()[:4] == [True, True, False, False]


def test_means_need_a_hundred_and_one_household_moves_none_by_more_than_a_step() -> None:
    counts = np.array([[[[900, 90, 30], [900, 150, 40], [9000, 4000, 900]]] * 2])
    safe = protect(photo_of(counts), SMALL_TABLE)
    assert safe["poor"].notna().all()
    stress = safe[safe["world"] == "with"]["poor_stress"]
    assert stress.isna().tolist() == [True, True, False, False]
    assert stress.iloc[2] == pytest.approx(0.432)
    for base in (100.0, 137.0, 1000.0, 4000.0, 123_456.0):
        step = float(step_of(np.array(base), 1.0))
        assert 1 / base <= step * (1 + 1e-9)
        assert step <= 2.5 / base * (1 + 1e-9)


# --- The tables of a result -------------------------------------------------------------------


def census_photo() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A photo and months with the columns of the census; the third wijk is a hamlet."""
    photo, months = TABLES["photo"], []
    rows = []
    for world, helped in (("without", 0), ("with", 30)):
        city = dict.fromkeys(photo.counts, 0)
        for wijk, size in (("A", 9000), ("B", 4003), ("C", 61)):
            row = {name: size // (1 + k) for k, name in enumerate(photo.counts)}
            row["in_help"] = helped if wijk == "A" else 0
            city = {name: city[name] + row[name] for name in row}
            rows.append({"year": 2022, "month": "2022-01", "wijk": wijk, "world": world, **row})
        rows.append({"year": 2022, "month": "2022-01", "wijk": "City", "world": world, **city})
        months.append({"month": "2022-01", "world": world, **city})
    frames = pd.DataFrame(rows), pd.DataFrame(months)
    for frame in frames:
        for name in photo.means:
            frame[name] = 0.25
        frame["poor_gap_eur_per_year"] = frame["poor_households"] * 2_000.0
    frames[0]["wijk"] = pd.Categorical(frames[0]["wijk"], ["A", "B", "C", "City"])
    return frames


def test_months_show_what_the_photo_shows_of_the_city() -> None:
    photo, months = census_photo()
    safe = protect_all({"photo": photo, "months": months})
    city = safe["photo"][safe["photo"]["wijk"] == "City"].reset_index(drop=True)
    for name in TABLES["months"].counts:
        pd.testing.assert_series_equal(city[name], safe["months"][name])


def test_nobody_is_in_help_without_a_plan_and_that_may_be_seen() -> None:
    photo, months = census_photo()
    safe = protect_all({"photo": photo, "months": months})["photo"]
    city = safe[safe["wijk"] == "City"].set_index("world")["in_help"]
    assert city.to_dict() == {"without": 0, "with": 30}
    assert safe[safe["wijk"] == "C"]["in_help"].isna().all()


def test_the_poverty_gap_needs_a_hundred_households_and_adds_up() -> None:
    photo, months = census_photo()
    safe = protect_all({"photo": photo, "months": months})["photo"].set_index(["wijk", "world"])
    gap, poor = safe["poor_gap_eur_per_year"], safe["poor_households"]
    assert gap.isna()["C"].all()
    assert gap.isna()["B"].all()  # or the gap of C would be what A and B leave
    assert (gap.dropna() % RULES.amount_base_eur == 0).all()
    assert (poor[gap.notna()] >= RULES.mean_base).all()
    assert gap["A"].notna().all() and gap["City"].notna().all()


def test_every_column_of_photo_and_months_is_known() -> None:
    """A column that somebody adds to the photo must be described before it can leave."""
    place = load_place()
    world = SimpleNamespace(
        start=month_number("2022-01"), weight=1,
        census=np.zeros((13, len(place.wijken)), CENSUS).view(np.recarray),
    )  # fmt: skip
    made = {
        "photo": photo_table({"without": world}, place), "months": months_table({"without": world}),
    }  # fmt: skip
    for name, table in made.items():
        known = TABLES[name]
        described = {*known.keys, *known.counts, *known.means, *known.amounts, "world", known.part}
        assert set(table.columns) == described - {""}
        with pytest.raises(ValueError, match="not known to be safe: letters"):
            protect(table.assign(letters=1), known)
    for name, whole in TABLES["photo"].counts.items():
        order = list(TABLES["photo"].counts)
        assert not whole or order.index(whole) < order.index(name)


def ledger(months: int = 24, wijken: int = 4, seed: int = 5) -> pd.DataFrame:
    """A ledger by month with wijken of very different size."""
    rng = np.random.default_rng(seed)
    shape = (2, months, wijken, len(ITEMS))
    size = np.geomspace(3e3, 3e7, wijken)[:, None]
    cents = np.rint(rng.uniform(0.5, 1.5, shape) * size * 10).astype(np.int64)
    gains = cents[..., None] * flows()
    world, month, wijk, item, payer = np.nonzero(np.abs(gains) >= 1)
    kinds = np.array([entry.kind for entry in item_table().values()])
    names = [f"{2022 + k // 12}-{k % 12 + 1:02d}" for k in range(months)]
    return pd.DataFrame({
        "month": pd.Categorical(np.array(names)[month]),
        "wijk": pd.Categorical(np.array([f"W{k}" for k in range(wijken)])[wijk]),
        "payer": pd.Categorical(np.array(PAYERS)[payer]),
        "item": pd.Categorical(np.array(ITEMS)[item]), "kind": pd.Categorical(kinds[item]),
        "eur": gains[world, month, wijk, item, payer] / 100,
        "world": pd.Categorical(np.array(["without", "with"])[world]),
    })  # fmt: skip


def largest_eur(item: str) -> float:
    if item in EARNED:
        return RULES.largest_earner_eur
    return RULES.largest_small_eur if item in MODEST else RULES.largest_year_eur


def test_amounts_have_ten_households_behind_them_and_can_not_be_subtracted() -> None:
    table = ledger()
    safe = protect_ledger(table, total="City")
    lead = {name: PAYERS[k] for name, k in zip(ITEMS, np.abs(flows()).argmax(1), strict=True)}
    safe = safe[safe["payer"].astype(str) == safe["item"].astype(str).map(lead)]
    assert safe["eur"].isna().any()
    assert safe["eur"].notna().any()
    least = safe["item"].astype(str).map(largest_eur) * FEW
    known = safe["eur"].notna()
    assert (safe["eur"].abs() >= least)[known].all()
    assert (safe["eur"] % RULES.amount_base_eur == 0)[known].all()
    for (_, item, _), rows in safe.groupby(["year", "item", "world"], observed=True):
        parts = rows[rows["wijk"] != "City"]["eur"]
        city = float(rows[rows["wijk"] == "City"]["eur"].iloc[0])
        gap = abs(city - parts.sum())
        if parts.isna().any() and not np.isnan(city):
            assert parts.isna().sum() >= 2
            assert gap >= FEW * largest_eur(str(item))
        elif not np.isnan(city):
            assert gap == 0


def test_a_hidden_amount_is_hidden_for_all_payers_and_in_both_worlds() -> None:
    safe = protect_ledger(ledger(), total="City")
    for _, rows in safe.groupby(["year", "wijk", "item"], observed=True):
        assert rows["eur"].isna().nunique() == 1


def test_what_one_household_changes_is_lost_in_the_base() -> None:
    table = ledger()
    safe = protect_ledger(table, total="City")
    one = (table["item"] == "welfare") & (table["world"] == "with") & (table["wijk"] == "W3")
    table.loc[table.index[one][0], "eur"] += 4_000.0
    changed = protect_ledger(table, total="City")
    step = (changed["eur"] - safe["eur"]).abs()
    assert step.max() <= RULES.amount_base_eur
    assert (step.dropna() % RULES.amount_base_eur == 0).all()


def test_a_ledger_by_year_stays_as_it_is() -> None:
    safe = protect_ledger(ledger(), total="City")
    pd.testing.assert_frame_equal(protect_ledger(safe, total="City"), safe)


def participants() -> pd.DataFrame:
    """Sixty courses in one wijk, three in another, and one with a huge return among twenty."""
    count = {"A": 60, "B": 3, "C": 20}
    wijk = [name for name, times in count.items() for _ in range(times)]
    table = pd.DataFrame({
        "household": np.arange(len(wijk)) + 1, "wijk": pd.Categorical(wijk), "weight": 1,
        "intervention": "debt_relief", "grade": "B", "start": "2022-01", "end": None,
        "outcome": "completed", "cost_eur": 2500.0,
        "returned_state_eur": np.linspace(-1000, 4000, len(wijk)),
    })  # fmt: skip
    table.loc[table.index[-1], "returned_state_eur"] = 1e6
    return table


def test_participants_leave_in_groups() -> None:
    safe = protect_participants(participants(), total="City")
    assert not {"household", "start", "end"} & set(safe.columns)
    by_wijk = safe.set_index(safe["wijk"].astype(str))
    assert by_wijk["courses"].isna().to_dict() == {"A": False, "B": True, "C": True, "City": False}
    assert by_wijk.loc["A", "mean_cost_eur"] == 2500
    # the one with a million dominates C and the city: neither mean is shown
    shown = by_wijk["mean_returned_state_eur"].notna()
    assert not shown["C"]
    assert not shown["City"]
    pd.testing.assert_frame_equal(protect_participants(safe), safe)


def test_a_single_course_of_a_sample_shows_no_mean() -> None:
    """Weighted it stands for a hundred, but its return is that of one made-up life."""
    table = participants().iloc[:1].assign(weight=100)
    assert protect_participants(table)["mean_returned_state_eur"].isna().all()


def wijkfoto(minima: list[int], others: list[int]) -> pd.DataFrame:
    names = [f"W{k}" for k in range(len(minima))]
    rows = []
    for world in ("without", "with"):
        for group, bases in (
            ("minima", minima), ("others", others), ("all", np.add(minima, others)),
        ):  # fmt: skip
            for name, base in [*zip(names, bases, strict=True), ("City", sum(bases))]:
                rows.append((2022, name, world, group, "stress", 0.4567, base))
    columns = ["year", "wijk", "world", "group", "indicator", "value", "base"]
    table = pd.DataFrame(rows, columns=columns).assign(count=np.nan)  # stress is no count
    table["wijk"] = pd.Categorical(table["wijk"], [*names, "City"])
    return table


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=6))
def test_minima_and_others_make_all_and_hide_together(bases: list[tuple[int, int]]) -> None:
    safe = protect_wijkfoto(wijkfoto([a for a, _ in bases], [b for _, b in bases]))
    pd.testing.assert_frame_equal(protect_wijkfoto(safe), safe)
    wide = safe[safe["world"] == "with"].pivot(index="wijk", columns="group")
    base, value = wide["base"], wide["value"]
    assert (base["minima"].isna() == base["others"].isna()).all()
    assert (value["minima"].isna() == value["others"].isna()).all()
    known = base.dropna()
    assert (known["minima"] + known["others"] == known["all"]).all()
    assert not ((base < RULES.mean_base) & value.notna()).to_numpy().any()
    for width in bounds_of_hidden(base[["all", "minima"]].to_numpy(float)).values():
        assert width >= FEW - 1


def indicator(have: list[int], minima: list[int], others: int = 4000) -> pd.DataFrame:
    """Problematic debts of minima; half as many of the others have them."""
    rows = []
    for group in ("minima", "others", "all"):
        for k, (had, base) in enumerate(zip(have, minima, strict=True)):
            counts = {"minima": had, "others": had // 2, "all": had + had // 2}
            bases = {"minima": base, "others": others, "all": base + others}
            rows.append((f"W{k}", group, counts[group], bases[group]))
    table = pd.DataFrame(rows, columns=["wijk", "group", "count", "base"])
    city = table.groupby("group", as_index=False)[["count", "base"]].sum().assign(wijk="City")
    table = pd.concat([table, city], ignore_index=True)
    table["value"] = 100 * table["count"] / table["base"]
    names = [*(f"W{k}" for k in range(len(have))), "City"]
    table["wijk"] = pd.Categorical(table["wijk"], names)
    return table.assign(year=2022, world="without", indicator="problematic_debts", official=True)


def test_a_share_tells_no_more_than_a_rounded_count() -> None:
    table = indicator([203, 150, 333], [997, 1200, 2000])
    safe = protect_wijkfoto(table)
    assert "count" not in safe
    assert safe["value"].notna().all()
    step = step_of(safe["base"].to_numpy(float), 100 * BASE)
    assert (step * safe["base"] / 100 >= BASE * (1 - 1e-9)).all()  # one step is five households
    assert np.allclose(safe["value"] / step, np.round(safe["value"] / step))
    assert ((safe["value"] - table["value"]).abs() <= step / 2 + 1e-9).all()


def test_where_few_have_it_no_share_is_shown() -> None:
    safe = protect_wijkfoto(indicator([4, 300, 333, 400], [997, 1200, 2000, 900]))
    minima = safe[safe["group"] == "minima"].set_index("wijk")["value"]
    assert minima.isna().to_dict() == {
        "W0": True, "W1": False, "W2": False, "W3": True, "City": False,
    }  # fmt: skip
    nearly_all = protect_wijkfoto(indicator([995, 300, 333, 400], [997, 1200, 2000, 900]))
    minima = nearly_all[nearly_all["group"] == "minima"].set_index("wijk")["value"]
    assert minima.isna()["W0"]


def test_what_holds_by_definition_may_be_seen() -> None:
    """All minima are under the threshold that makes them minima, and nobody else is."""
    table = indicator([997, 1200], [997, 1200])
    others = table["group"] == "others"
    table.loc[others, ["count", "value"]] = 0
    safe = protect_wijkfoto(table)
    assert safe["value"][safe["group"] == "minima"].eq(100).all()
    assert safe["value"][safe["group"] == "others"].eq(0).all()


def test_worlds_side_by_side_are_rounded_and_effects_are_of_what_is_shown() -> None:
    table = pd.DataFrame({
        "outcome": ["people_in_poverty", "stress", "public_cost_eur"], "year": 2022,
        "calm_without": [1003.2, 0.30001, 1_234_567.0], "calm_with": [1001.0, 0.29, 1_200_000.0],
        "without": [1011.0, 0.31, 1_300_000.0], "with": [1009.9, 0.3, 1_299_999.0],
    })  # fmt: skip
    safe = protect_context(table).set_index("outcome")
    assert safe.loc["people_in_poverty", ["calm_without", "with"]].tolist() == [1005, 1010]
    assert safe.loc["public_cost_eur", "plan"] == -30_000
    assert safe.loc["stress", "calm_without"] == pytest.approx(0.3)
    assert np.allclose(safe["context"] + safe["plan"] + safe["interaction"], safe["both"])


# --- What is told of participants -------------------------------------------------------------


def test_how_far_help_came_is_shown_of_what_is_shown() -> None:
    rows = [
        (wijk, "welfare", *counts)
        for wijk, counts in (
            ("A", (400, 300, 200, 150)), ("B", (90, 60, 33, 31)), ("C", (12, 3, 1, 0)),
            ("City", (502, 363, 234, 181)),
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["wijk", "group", "eligible", "reached", "accepted",
                                        "started"])  # fmt: skip
    table["wijk"] = pd.Categorical(table["wijk"], ["A", "B", "C", "City"])
    table["reached_share"] = table["reached"] / table["eligible"]
    safe = protect_reach(table).set_index("wijk")
    assert safe.loc["City", "eligible"] == 500
    assert safe["reached"].isna().to_dict() == {"A": False, "B": True, "C": True, "City": False}
    assert safe.loc["A", "reached_share"] == 0.75
    assert np.isnan(safe.loc["B", "reached_share"])
    assert safe["started"].isna().tolist() == [True, True, True, False]  # A hides B and C


def test_how_courses_ended_hides_few() -> None:
    columns = ["intervention", "courses", "running", "completed", "dropped", "relapsed"]
    table = pd.DataFrame([("a", 100, 3, 60, 37, 4), ("b", 7, 0, 7, 0, 7)], columns=columns)
    safe = protect_relapse(table).set_index("intervention")
    assert safe.loc["a", ["courses", "completed", "dropped"]].tolist() == [100, 60, 35]
    assert safe.loc["a", ["running", "relapsed"]].isna().all()
    assert safe.loc["b"].isna().all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=9, max_size=9))
def test_a_small_class_of_returns_is_not_what_the_others_leave(households: list[int]) -> None:
    table = pd.DataFrame({"low_eur": range(9), "high_eur": range(1, 10), "households": households})
    safe = protect_classes(table)["households"]
    true = table["households"]
    assert not (safe.notna() & (true < FEW)).any()
    assert (safe.dropna() % BASE == 0).all()
    if safe.isna().any() and safe.notna().any():
        left = np.floor(true.sum() / BASE + 0.5) * BASE - safe.sum()
        assert safe.isna().sum() >= 2
        assert left >= 2 * FEW
    pd.testing.assert_frame_equal(protect_classes(table.assign(households=safe))[["households"]],
                                  safe.to_frame())  # fmt: skip


def spread_row(participants: int, **values: float) -> pd.DataFrame:
    row = {
        "view": "public", "months": np.nan, "participants": participants, "cost_eur": 2973.83,
        "return_eur": 443.35, "nothing_share": 0.5, "half_share": 0.1, "best_tenth_eur": 4098.1,
        "best_10_percent_share": 0.86, "best_50_percent_share": 0.97, "positive_people": 30.0,
    }  # fmt: skip
    return pd.DataFrame([{**row, **values}])


def test_the_spread_of_few_is_not_shown_and_a_tenth_needs_a_hundred() -> None:
    few = protect_spread(spread_row(9)).iloc[0]
    assert few.drop(["view", "months"]).isna().all()
    some = protect_spread(spread_row(64, nothing_share=0.97)).iloc[0]
    assert some["participants"] == 65
    assert some[["cost_eur", "return_eur"]].tolist() == [2950, 440]
    # 2 of 64 don't get nothing; half is carried by 6; the best tenth are 6
    hidden = ["nothing_share", "half_share", "best_tenth_eur", "best_10_percent_share"]
    assert some[hidden].isna().all()
    assert some["best_50_percent_share"] == pytest.approx(0.95)
    many = protect_spread(spread_row(640)).iloc[0]
    assert many.notna().drop("months").all()
    assert many["nothing_share"] == 0.5


def test_what_became_of_returns_of_few_is_not_shown() -> None:
    table = pd.DataFrame({
        "months": [36, 60], "participants": [200, 8], "negative_share": [0.25, 0.5],
        "falling_share": [0.02, 0.0],
    })  # fmt: skip
    safe = protect_afterwards(table)
    assert safe.iloc[0].isna().tolist() == [False, False, False, True]
    assert safe.iloc[1].isna().tolist() == [False, True, True, True]


def study(design: str, people: int, others: int) -> dict[str, object]:
    return {
        "intervention": "all", "design": design, "outcome": "public_eur", "reported": 123.4,
        "low": 1.0, "high": 250.0, "truth": 99.9, "bias": 23.5, "holds_truth": True, "anyway": 5.0,
        "people": people, "others": others, "others_helped_share": 0.3, "reply_share": 0.6,
        "cost_eur": 31_234.0,
    }  # fmt: skip


def test_a_study_of_few_reports_nothing() -> None:
    studies = [
        study("before_after", 50, 0), study("matched", 50, 9), study("trial", 50, 60),
        study("trial", 6, 60),
    ]  # fmt: skip
    safe = protect_monitoring(pd.DataFrame(studies))
    assert safe["reported"].isna().tolist() == [False, True, False, True]
    assert safe["holds_truth"].isna().tolist() == [False, True, False, True]
    assert safe["people"].isna().tolist() == [False, False, False, True]
    assert safe["others"].isna().tolist() == [True, True, False, False]
    shown = safe["reported"].dropna()
    assert (shown != 123.4).all()
    assert (safe["cost_eur"].dropna() % 100 == 0).all()


def test_decisions_on_few_do_not_say_what_was_measured() -> None:
    table = pd.DataFrame({
        "month": "2023-01", "what": ["stage:completed", "stage:completed", "revolving"],
        "about": "Noordoost", "value": [0.513, 0.4, 12_345.6], "people": [57, 5, 0], "yes": True,
    })  # fmt: skip
    safe = protect_decisions(table)
    assert safe["value"].isna().tolist() == [False, True, False]
    assert safe["people"].tolist()[0] == 55
    assert safe["value"].iloc[2] == 12_345.6


def test_few_participants_are_warned_of() -> None:
    people = participants()
    assert not few_took_part(people)
    assert few_took_part(people.iloc[:9])
    assert not few_took_part(people.iloc[:0])
    assert not few_took_part(pd.DataFrame({"month": []}))


# --- What may leave at all --------------------------------------------------------------------


def test_what_is_not_known_does_not_leave() -> None:
    with pytest.raises(ValueError, match="letters"):
        protect_all({"letters": pd.DataFrame({"month": [], "eur": []})})
    with pytest.raises(ValueError, match="account"):
        protect_all({"account": pd.DataFrame({"household": [1], "balance": [2.0]})})
    assert protect_all({"lives": pd.DataFrame({"household": [1]})}) == {}


def test_raw_is_raw_and_only_on_request() -> None:
    table = participants()
    assert protect_all({"participants": table}, raw=True)["participants"] is table
    assert "household" not in protect_all({"participants": table})["participants"]


def test_every_table_of_a_result_has_its_way_out() -> None:
    """Of a scenario without a plan, tables about it are empty; they pass too."""
    empty = {name: pd.DataFrame({"month": []}) for name in ALL_TABLES}
    safe = protect_all(empty)
    assert set(safe) == set(ALL_TABLES)
    assert all(len(table) == 0 for table in safe.values())


def test_tables_without_persons_pass_as_they_are() -> None:
    for name in NO_PERSONS:
        table = pd.DataFrame({"month": ["2022-01"], "value": [1.234]})
        assert protect_all({name: table})[name] is table


def test_an_empty_run_can_be_protected() -> None:
    empty = {"participants": pd.DataFrame({"household": []}), "ledger": ledger().iloc[:0]}
    safe = protect_all(empty)
    assert "household" not in safe["participants"]
    assert list(safe["ledger"]["year"]) == []


def test_rules_say_where_they_come_from() -> None:
    for rule in rules_with_evidence().values():
        assert (rule.grade == "assumption") == rule.source.startswith("none"), rule.name
