"""The wijkfoto adds up: households to neighbourhoods to the city, minima and others to all (Q9)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from siexsim import census, model
from siexsim import household as hh
from siexsim.context import month_context
from siexsim.errors import UserError
from siexsim.help import group_of
from siexsim.indicators import GROUPS, counted, indicators, missing, read_indicators
from siexsim.model import SiexModel, settle
from siexsim.parameters import Parameters
from siexsim.photo import months_table, photo_table, wijkfoto_table
from siexsim.place import Place
from siexsim.run import World, live
from siexsim.say_photo import foto_lines
from tests.rules.conftest import a_couple, plain, someone

SAMPLE = 100
MONTHS = 24
START = hh.month_number("2022-01")


@pytest.fixture(scope="module")
def world(place: Place, parameters: Parameters) -> World:
    """Two years whose months end without births, moves and deaths, so that the records at the
    end are those that were counted."""
    settled = settle(place, parameters, 1, SAMPLE, months=12)

    def calm(*asked: Any, **shocks: Any) -> Any:
        return month_context(*asked, **shocks)._replace(living=0)

    with pytest.MonkeyPatch.context() as still:
        still.setattr(model, "month_context", calm)
        made = SiexModel(settled=settled)
        live(made, MONTHS - 1)
        rows = made.rows.copy()
        lived = live(made, 1)
    object.__setattr__(lived, "households", made.households[rows].copy())
    return lived


@pytest.fixture(scope="module")
def foto(world: World, place: Place) -> pd.DataFrame:
    return wijkfoto_table({"without": world}, place)


def by_hand(h: Any, p: Parameters) -> dict[str, Any]:
    """Every indicator of each household, counted from its record without the census."""
    money = h["stress"][:, hh.MONEY]
    mean = h["stress"].mean(axis=1)
    high = h["stress"] > p.value("services.high_stress")
    ordinary, slope = p.value("stress.ordinary"), p.value("work.stress_on_finding")
    there = h["child_birth"] != hh.NO_BIRTH
    adults, kids = hh.adults(h), hh.children(h)
    found = {
        "base_households": np.ones(len(h)), "base_persons": adults + kids, "base_adults": adults,
        "base_children": kids, "welfare_households": h["on_welfare"],
        "long_welfare_households": h["months_on_welfare"] > 60,
        "problematic_debt_households": h["debt_state"] >= hh.PROBLEMATIC,
        "problematic_debt_adults": adults * (h["debt_state"] >= hh.PROBLEMATIC),
        "debt_arrangements": h["debt_state"] == hh.ARRANGEMENT,
        "hard_to_make_ends_meet": money > p.value("stress.hard_to_make_ends_meet"),
        "home_fits": h["home"] == hh.FITS, "lost_homes": h["home"] == hh.LOST,
        "mental_care": h["mental_care"], "wmo": h["wmo"], "youth_care": h["youth_care"],
        "in_help": (h["help"] == hh.RUNNING).sum(axis=1),
        "bandwidth": np.trunc(1e6 * np.maximum(0.1, 1 - slope * (mean - ordinary))),
        "development": np.trunc(1e6 * h["development"] * there).sum(axis=1),
        "stress": np.trunc(1e6 * h["stress"]), "high_stress": high,
    }  # fmt: skip
    for line in (101, 105, 110, 120, 130):
        found[f"under_{line}"] = h["ratio"] <= line / 100
    return found


def test_a_recount_of_the_records_is_the_census(world: World, parameters: Parameters) -> None:
    people = world.households
    last = world.census[-1]
    assert last["households"].sum() == len(people) > 1000
    base = people[people["student"] == 0]
    here = {
        "all": np.ones(len(base), bool), "minima": base["poor"] == 1, "others": base["poor"] == 0,
    }  # fmt: skip
    numbers = by_hand(base, parameters)
    assert set(numbers) == set(last["poor"].dtype.names)
    for name, each in numbers.items():
        counted_here = {"all": last[name], "minima": last["poor"][name]}
        counted_here["others"] = counted_here["all"] - counted_here["minima"]
        for group, who in here.items():
            for wijk in range(len(last)):
                wanted = np.asarray(each)[who & (base["wijk"] == wijk)].sum(axis=0)
                # the last bit of a float may cut a millionth off; whole counts have none
                slack = 2 if name == "bandwidth" else 0
                gap = np.abs(counted_here[group][wijk] - wanted)
                assert np.all(gap <= slack * who.sum()), (name, group, wijk)
    assert last["poor"]["hard_to_make_ends_meet"].sum() > 0
    assert last["debt_arrangements"].sum() > 0


def test_the_poverty_gap_and_who_is_behind_it(world: World, parameters: Parameters) -> None:
    people, last = world.households, world.census[-1]
    poor = people[(people["poor"] == 1) & (people["student"] == 0)]
    minimum = np.where(poor["ratio"] > 0, poor["income"] / np.maximum(poor["ratio"], 1e-9), np.nan)
    short = parameters.value("income.poverty_ratio") * minimum - poor["income"]
    assert np.isfinite(short).all() or (poor["income"] == 0).any()
    known = np.nansum(short)
    penniless = int((poor["ratio"] == 0).sum())
    most = known + penniless * 300_000
    assert known - 2 * len(poor) <= last["poor_gap_cents"].sum() <= most + 2 * len(poor)
    assert last["poor_households"].sum() == len(poor)
    groups = np.bincount([plain(group_of)(h) for h in poor], minlength=len(hh.GROUPS))
    assert (last["poor_groups"].sum(axis=0) == groups).all()


def test_the_gap_of_one_household(parameters: Parameters) -> None:
    """A single at 90% of the norm lacks 20% of it up to the line of 110%."""
    p, c = parameters.compiled(), month_context(START, 1, parameters)
    row = census.census(1)
    h = someone(income=int(0.9 * c.norm_single), ratio=0.9, poor=1)
    plain(census.count)(h, p, c, row[0])
    assert row["poor_gap_cents"][0] == pytest.approx(0.2 * c.norm_single, abs=2)
    rich = a_couple(income=500_000, ratio=2.5, poor=0)
    plain(census.count)(rich, p, c, row[0])
    assert row["poor_gap_cents"][0] == pytest.approx(0.2 * c.norm_single, abs=2)
    assert (row["poor_households"][0], row["base_households"][0], row["base_adults"][0]) == (
        1,
        2,
        3,
    )


def test_students_count_as_inhabitants_only(parameters: Parameters) -> None:
    p, c = parameters.compiled(), month_context(START, 1, parameters)
    row = census.census(1)
    plain(census.count)(someone(student=1, ratio=0.4, stress=[0.9] * 5), p, c, row[0])
    assert row["households"][0] == row["persons"][0] == 1
    assert np.asarray(row).view("i8").sum() == 2


def test_a_total_sums_every_field() -> None:
    row = census.census(3)
    numbers = np.asarray(row).view("i8").reshape(3, -1)
    numbers[:] = np.arange(numbers.size).reshape(numbers.shape)
    wanted = numbers.sum(axis=0)
    assert (census.total(row).reshape(1).view("i8") == wanted).all()
    twice = np.stack([row, row])
    assert (census.total(twice).view("i8").reshape(2, -1) == wanted).all()


def test_wijken_sum_to_the_city_and_groups_to_all(foto: pd.DataFrame, place: Place) -> None:
    keys = ["year", "world", "group", "indicator"]
    city = foto[foto["wijk"] == place.name].set_index(keys)
    parts = foto[foto["wijk"] != place.name].groupby(keys, observed=True)[["count", "base"]]
    sums = parts.sum(min_count=1).reindex(city.index)
    pd.testing.assert_frame_equal(sums.astype(float), city[["count", "base"]].astype(float))
    wide = foto.pivot_table(
        index=["year", "wijk", "indicator"], columns="group", values=["count", "base"],
        observed=True, dropna=False,
    )  # fmt: skip
    for column in ("count", "base"):
        both = wide[column]["minima"] + wide[column]["others"]
        assert ((both == wide[column]["all"]) | wide[column]["all"].isna()).all()


def test_values_are_counts_over_their_basis(foto: pd.DataFrame) -> None:
    counts = foto.dropna(subset=["count", "value"])
    assert np.allclose(counts["value"], 100 * counts["count"] / counts["base"])
    assert (foto["value"].isna() == (foto["base"] == 0)).all()
    means = foto[foto["indicator"].astype(str).str.startswith("stress_")].dropna(subset=["value"])
    assert means["value"].between(0, 1).all() and means["count"].isna().all()


def test_even_years_are_official_and_the_national_figure_is_the_published_one(
    foto: pd.DataFrame,
) -> None:
    assert set(foto["year"]) == {2022, 2023, 2024}
    assert (foto["official"] == (foto["year"] % 2 == 0)).all()
    debts = foto[foto["indicator"] == "problematic_debts"]
    assert set(debts["national"]) == {7.6}
    assert foto[foto["indicator"] == "wmo"]["national"].isna().all()


def test_the_photo_months_and_wijkfoto_agree(
    world: World, foto: pd.DataFrame, place: Place
) -> None:
    months = months_table({"without": world}).set_index("month")
    photo = photo_table({"without": world}, place)
    city = photo[photo["wijk"] == place.name].set_index("month")
    for month, year in (("2022-01", 2022), ("2023-01", 2023), ("2023-12", 2024)):
        for name in ("poor_persons", "welfare_households", "poor_stress_money", "bandwidth"):
            assert city.loc[month, name] == months.loc[month, name]
        shown = foto[(foto["wijk"] == place.name) & (foto["year"] == year)]
        shown = shown.set_index([shown["indicator"].astype(str), shown["group"].astype(str)])
        assert shown.loc[("welfare", "all"), "count"] == months.loc[month, "welfare_households"]
        assert shown.loc[("welfare", "minima"), "base"] == months.loc[month, "poor_households"]
        assert shown.loc[("stress_money", "minima"), "value"] == pytest.approx(
            months.loc[month, "poor_stress_money"]
        )
        groups = months.loc[month, [f"poor_group_{g}" for g in hh.GROUPS[1:]]]
        assert groups.sum() == months.loc[month, "poor_households"]


# ---- the indicators ----------------------------------------------------------------------------


def test_everything_asked_for_is_counted_or_explained() -> None:
    asked = " ".join(one.asked for one in indicators().values())
    for word in (
        "income", "debt arrangements", "Wmo", "youth care", "Participatiewet", "loneliness",
        "contacts", "felt health", "making ends meet", "knowing how to cope", "good parenthood",
        "social and cultural capital", "quality of life at home", "stress", "self-respect",
        "shame", "being valued", "chances in education",
    ):  # fmt: skip
        assert word in asked, word
    assert len(counted()) + len(missing()) == len(indicators())


GOOD = {
    "asked": "x", "nl": "x", "en": "x", "counts": "wmo", "over": "base_households", "unit": "%",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"counts": "happiness"}, "no 'happiness'"),
        ({"counts": ""}, "either"),
        ({"why_not": "x", "waarom_niet": "x"}, "either"),
        ({"over": "everybody"}, "'over'"),
        ({"counts": "stress"}, "'domain'"),
        ({"domain": "money"}, "'domain'"),
        ({"note": "only English"}, "both languages"),
        ({"better": "sideways"}, "better"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_faulty_indicator_is_refused_in_one_line(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_indicators({"one": {**GOOD, **changes}}, "mine.toml")
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine.toml: indicator 'one': ")
    assert read_indicators({"one": GOOD}, "mine.toml")["one"].is_count


# ---- on screen ---------------------------------------------------------------------------------


def printed(lang: str, foto: pd.DataFrame, wijk: str, year: int) -> str:
    screen = Console(width=100, record=True, file=None, quiet=False)
    with screen.capture() as caught:
        for line in foto_lines(lang, foto, wijk, year):
            screen.print(line)
    return caught.get()


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_photo_on_screen_says_every_indicator(lang: str, foto: pd.DataFrame) -> None:
    said = printed(lang, foto, "Noordoost", 2024)
    flat = " ".join(said.split())
    for one in indicators().values():
        assert (one.nl if lang == "nl" else one.en).split()[0] in flat
    assert ("7,6" if lang == "nl" else "7.6") in said
    assert "nan" not in said and "{" not in said


def test_with_a_plan_both_worlds_stand_side_by_side(world: World, place: Place) -> None:
    both = wijkfoto_table({"without": world, "with": world}, place)
    said = printed("en", both, place.name, 2023)
    assert said.count("with plan") == 2 and said.count("without plan") == 2
    assert set(both["world"]) == {"without", "with"} and len(GROUPS) == 3


def test_an_unknown_wijk_or_year_is_said(foto: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="Rotterdam"):
        foto_lines("en", foto, "Rotterdam", 2024)
    with pytest.raises(UserError, match="2022 to 2024"):
        foto_lines("en", foto, "Noordoost", 2031)
