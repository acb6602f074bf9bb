"""Attacks on what leaves the program, by somebody who knows the method and all that is shown."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from siexsim.disclosure import (
    EARNED,
    MODEST,
    NO_PERSONS,
    TABLES,
    protect_all,
    protect_ledger,
    protect_participants,
    protect_wijkfoto,
)
from siexsim.hiding import hidden_parts, rounded_to_total, step_of
from siexsim.items import ITEMS, PAYERS, flows, item_table
from siexsim.protected import (
    Protected,
    packaged_rules,
    protect,
    protect_counts,
    rules_with_evidence,
)

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


def test_every_count_of_the_census_is_described() -> None:
    from siexsim.census import COUNTS

    assert set(COUNTS) == set(TABLES["photo"].counts)


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
    table = pd.DataFrame(rows, columns=columns)
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


def test_a_whole_run_is_protected_in_a_second_or_two() -> None:
    table = ledger(months=120, wijken=20)
    assert len(table) > 250_000
    began = time.perf_counter()
    protect_ledger(table)
    assert time.perf_counter() - began < 4  # about half a second on a machine with nothing to do
