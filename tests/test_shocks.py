"""Shocks: dated, composable, neutral where nothing is asked; and the four worlds of a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siexsim.census import MICRO
from siexsim.context import Month, month_context
from siexsim.errors import UserError
from siexsim.household import WELLBEING, month_number
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.plan import Plan
from siexsim.run import WORLDS, Outcome, run, run_future
from siexsim.scenario import LONGEST_MESSAGE, Scenario, read_scenario
from siexsim.shocks import (
    BOUNDS,
    EFFECTS,
    FACTORS,
    MEASURES,
    Impact,
    Shock,
    impact,
    neutral,
    packaged_shocks,
    read_effects,
    read_kind,
)
from siexsim.worlds import OUTCOMES, context_table
from tests.conftest import SAMPLE, SEED, bits

PACKAGED = Parameters.packaged()
HOME = Path(__file__).parent.parent
KINDS = ("corona", "energy", "housing", "labour_market")
START = month_number("2022-01")


def a_shock(kind: str = "energy", **fields: Any) -> Shock:
    return Shock(**{"kind": kind, "start": "2022-06", **fields})


def own(strength: float = 1.0, **effects: tuple[float, ...]) -> Shock:
    return a_shock("own", effects=effects, strength=strength)


def at(text: str, *shocks: Shock) -> Month:
    return month_context(month_number(text), 1, PACKAGED, shocks=shocks)


# ---- what comes with the program ---------------------------------------------------------------


def test_packaged_shocks_have_their_evidence() -> None:
    assert tuple(packaged_shocks()) == KINDS
    for kind in packaged_shocks().values():
        assert all(text.strip() for text in (kind.title, kind.titel, kind.words, kind.woorden))
        for one in kind.parameters:
            assert PACKAGED[one.key] == one
            low, high = BOUNDS[one.name]
            assert low <= one.low <= one.high <= high
            assert max(kind.profiles[one.name].shares) == pytest.approx(1.0, abs=0.4)


def test_the_recession_follows_the_published_unemployment() -> None:
    table = pd.read_csv(HOME / "siexsim" / "data" / "groningen" / "unemployment.csv")
    rates = table[table["area"] == "Groningen"].set_index("year")["rate_pct_of_labour_force"]
    assert PACKAGED.value("shock_labour_market.unemployment") == pytest.approx(
        rates[2015] / rates[2008], abs=0.005
    )
    profile = packaged_shocks()["labour_market"].profiles["unemployment"]
    for year in (2014, 2017, 2018, 2019):
        share = math.log(rates[year] / rates[2008]) / math.log(rates[2015] / rates[2008])
        assert profile.share((year - 2008) * 12) == pytest.approx(share, abs=0.002)


def test_the_recession_works_through_the_elasticities() -> None:
    shock = a_shock("labour_market", start="2022-01")
    c = at("2029-01", shock)  # 84 months on: the height
    assert c.find == pytest.approx(1.92**-0.6)
    assert c.lose == pytest.approx(1.92**0.3)
    assert (c.needs, c.energy, c.isolation) == (1.0, 1.0, 0.0)


def test_energy_is_as_dear_as_published() -> None:
    c = at("2022-03", a_shock(start="2022-01"))
    bill = PACKAGED.value("money.energy_eur") * c.energy * 12
    assert bill == pytest.approx(3598, rel=0.01)
    november = at("2022-11", a_shock(start="2022-01"))
    monthly = PACKAGED.value("money.energy_eur")
    off = monthly * (at("2022-11", a_shock(start="2022-01", support=False)).energy)
    assert off - monthly * november.energy == pytest.approx(190, abs=2)


@pytest.mark.parametrize("year", [2022, 2023])
def test_the_energy_allowance_is_paid_each_year(year: int) -> None:
    shock = a_shock(start="2022-01")
    paid = [at(f"{year}-{m:02d}", shock).energy_allowance for m in range(1, 13)]
    assert sum(paid) == 130_000
    assert sorted(paid)[-2:] == [50_000, 80_000]


# ---- dates, strength, composition --------------------------------------------------------------


def test_a_shock_starts_when_it_says_and_ends() -> None:
    shock = own(find=(0.5, 0.8))
    assert [at(f"2022-{m:02d}", shock).find for m in (5, 6, 7, 8)] == [1.0, 0.5, 0.8, 1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_shock_at_another_date_is_the_same(kind: str) -> None:
    early, late = a_shock(kind, start="2022-01"), a_shock(kind, start="2025-06")
    for k in range(150):
        first = impact([early], START + k, PACKAGED)
        assert impact([late], month_number("2025-06") + k, PACKAGED) == first
    assert impact([early], START + 200, PACKAGED) == Impact()
    assert impact([late], START + 40, PACKAGED) == Impact()


@pytest.mark.parametrize("kind", KINDS)
def test_no_shock_and_strength_zero_are_equal_to_the_bit(kind: str) -> None:
    nothing = a_shock(kind, strength=0.0, start="2022-01")
    for k in range(-24, 240):
        month = START + k
        assert month_context(month, 1, PACKAGED, shocks=(nothing,)) == month_context(
            month, 1, PACKAGED
        )


def test_factors_multiply_and_additions_add() -> None:
    first, second = own(find=(0.5,), isolation=(0.02,)), own(find=(0.8,), isolation=(0.03,))
    c = at("2022-06", first, second)
    assert c.find == pytest.approx(0.4)
    assert c.isolation == pytest.approx(0.05)
    assert at("2022-06", second, first).find == pytest.approx(c.find, rel=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_two_halves_make_a_whole(kind: str) -> None:
    half, whole = a_shock(kind, strength=0.5), a_shock(kind)
    for k in range(0, 150, 7):
        month = month_number("2022-06") + k
        assert impact([half, half], month, PACKAGED) == pytest.approx(
            impact([whole], month, PACKAGED)
        )


def test_measures_can_be_left_out() -> None:
    helped, alone = a_shock(start="2022-01"), a_shock(start="2022-01", support=False)
    months = [f"{y}-{m:02d}" for y in (2022, 2023) for m in range(1, 13)]
    assert all(at(text, alone).energy_allowance == 0 for text in months)
    assert all(at(text, alone).energy >= at(text, helped).energy for text in months)
    assert at("2022-11", alone).energy > at("2022-11", helped).energy
    assert [at(text, alone).needs for text in months] == [at(text, helped).needs for text in months]
    corona = a_shock("corona", start="2022-01")
    bare = a_shock("corona", start="2022-01", support=False)
    assert at("2022-01", bare).lose > at("2022-01", corona).lose > 1
    assert at("2022-01", bare).isolation == at("2022-01", corona).isolation > 0


def test_a_burn_in_and_prices_know_no_shocks() -> None:
    shock = a_shock(start="2022-01")
    quiet = month_context(START, 1, PACKAGED, burn_in=True)
    assert month_context(START, 1, PACKAGED, burn_in=True, shocks=()) == quiet
    assert at("2023-07", shock).price_index == at("2023-07").price_index


def test_futures_draw_the_numbers_of_a_shock() -> None:
    shock = a_shock("labour_market", start="2022-01")
    drawn = PACKAGED.drawn(1, 1)
    month = START + 84
    assert impact([shock], month, drawn).unemployment == pytest.approx(
        drawn.value("shock_labour_market.unemployment")
    )
    assert drawn.value("shock_labour_market.unemployment") != 1.92


EFFECT_VALUES = {
    name: st.floats(*BOUNDS[name], allow_nan=False).map(lambda v: round(v, 6)) for name in EFFECTS
}


@st.composite
def effects(draw: Any) -> dict[str, tuple[float, ...]]:
    names = draw(st.lists(st.sampled_from(EFFECTS), min_size=1, max_size=4, unique=True))
    months = draw(st.integers(1, 6))
    return {
        name: tuple(draw(EFFECT_VALUES[name]) for _ in range(months)) for name in names
    }  # fmt: skip


@given(effects(), effects(), st.floats(0, 1), st.booleans())
def test_any_two_shocks_compose(
    one: dict[str, Any], two: dict[str, Any], strength: float, support: bool
) -> None:
    first = own(strength, **one).model_copy(update={"support": support})
    second = own(**two)
    for month in range(month_number("2022-05"), month_number("2023-01")):
        a, b = impact([first], month, PACKAGED), impact([second], month, PACKAGED)
        both = impact([first, second], month, PACKAGED)
        for name in Impact._fields:
            x, y, z = getattr(a, name), getattr(b, name), getattr(both, name)
            assert z == pytest.approx(x * y if name in FACTORS else x + y)
        if not support:
            assert a.energy_allowance_eur == 0


# ---- one's own, from a file --------------------------------------------------------------------


def write(folder: Path, shocks: str, csv: bytes | None = None, **more: Any) -> Path:
    path = folder / "s.toml"
    years = more.get("years", 3)
    path.write_text(f'name = "x"\nyears = {years}\nsample = 200\n{shocks}', encoding="utf-8")
    if csv is not None:
        (folder / "my.csv").write_bytes(csv)
    return path


OWN = '[[shocks]]\nkind = "own"\nstart = "2022-06"\nfile = "my.csv"\n'


def test_a_file_beside_the_scenario_becomes_part_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, OWN, b"month,find,isolation\n1,0.8,0.02\n3,0.9,\n")
    scenario = read_scenario(path)
    assert scenario.shocks[0].effects == {"find": (0.8, 1.0, 0.9), "isolation": (0.02, 0.0, 0.0)}
    again = Scenario.model_validate_json(scenario.model_dump_json())
    assert again == scenario and again.fingerprint() == scenario.fingerprint()
    write(tmp_path, OWN, b"month,find,isolation\n1,0.7,0.02\n3,0.9,\n")
    assert read_scenario(path).fingerprint() != scenario.fingerprint()


@pytest.mark.parametrize(
    ("csv", "line"),
    [
        (b"", "a first line such as"),
        (b"month\n1\n", "a first line such as"),
        (b"month,fnd\n1,0.9\n", "unknown effect 'fnd'; did you mean 'find'?"),
        (b"month,find,find\n1,1,1\n", "named twice"),
        (b"month,find\n1\n", "row 2: 1 cells under 2 columns"),
        (b"month,find\n0,0.9\n", "row 2: month 0 lies outside 1 to 240"),
        (b"month,find\n1.5,0.9\n", "row 2: '1.5' is no month"),
        (b"month,find\n1,0.9\n1,0.8\n", "row 3: month 1 is there twice"),
        (b"month,find\n1,much\n", "row 2: 'much' is no number"),
        (b"month,find\n1,nan\n", "row 2: 'find' is nan; it must lie between 0.1 and 10"),
        (b"month,find\n1,80\n", "row 2: 'find' is 80; it must lie between 0.1 and 10"),
        (b"month,find\n1,\n", "no effect is filled in"),
        (b'month,find\n1,"0.9\n', "not a CSV file"),
        (b"month,find\n1,0.9\xff\n", "not UTF-8"),
        (b"#" * 1_100_000, "too large"),
        (None, "no such file"),
    ],
)
def test_each_wrong_file_gets_its_line(tmp_path: Path, csv: bytes | None, line: str) -> None:
    path = write(tmp_path, OWN, csv)
    english, dutch = refused(path, "en"), refused(path, "nl")
    assert line in english and "my.csv" in english
    assert english.startswith(f"{path}: ") and dutch.startswith(f"{path}: ")
    assert english != dutch


def refused(path: Path, lang: str = "en", **changes: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_scenario(path, lang, changes)
    said = str(caught.value)
    assert said.isprintable() and len(said) <= LONGEST_MESSAGE
    for jargon in ("Input should", "pydantic", "Value error", "Traceback"):
        assert jargon not in said
    return said


def stated(**fields: Any) -> str:
    lines = {"kind": '"energy"', "start": '"2022-06"', **fields}
    return "[[shocks]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


@pytest.mark.parametrize(
    ("shocks", "line"),
    [
        (stated(kind='"enery"'), "unknown shock 'enery'; did you mean 'energy'?"),
        (stated(start='"2021-12"'), "shock 'energy' starts in 2021-12; it must start within"),
        (stated(start='"2025-01"'), "2022-01 to 2024-12"),
        (stated(start='"june"'), "a month such as"),
        (stated(strength="-1"), "shocks.1.strength is -1; at least 0 is needed"),
        (stated(strength="4"), "at most 3 is possible"),
        (stated(strength="nan"), "strength is nan"),
        (stated(strength='"strong"'), "a number is needed"),
        (stated(support='"perhaps"'), "true or false is needed"),
        (stated(strenth="1"), "unknown key; did you mean 'strength'?"),
        (stated(fil='"my.csv"'), "unknown key; did you mean 'file'?"),
        (stated(file='"my.csv"', effects="{ find = [1] }"), "not both"),
        (stated(file='"../my.csv"'), "the name of a CSV file beside the scenario is needed"),
        (stated(file="1"), "shocks: file is 1"),
        (stated(effects="{ find = [0.9] }"), "only a shock of kind 'own' has"),
        (stated(kind='"own"'), "needs a 'file' or 'effects'"),
        (stated(kind='"own"', effects="{ fin = [0.9] }"), "unknown effect 'fin'; did you mean"),
        (stated(kind='"own"', effects="{ find = [99] }"), "month 1: 'find' is 99"),
        (stated(kind='"own"', effects="{ energy = [9] }") * 2, "these shocks together: 'energy'"),
        (stated() * 13, "at most 12 are possible"),
        ("shocks = 3\n", "a list between square brackets is needed"),
        ('[shocks]\nkind = "energy"\n', "shocks"),
        ('[[shocks]]\nkind = "energy"\n', "shocks.1.start is missing"),
    ],
)
def test_each_mistake_gets_its_line(tmp_path: Path, shocks: str, line: str) -> None:
    path = write(tmp_path, shocks, b"month,find\n1,0.9\n")
    english = refused(path)
    assert line in english
    assert refused(path, "nl") != english or line == "shocks"


def test_a_shortened_run_leaves_a_late_shock_outside(tmp_path: Path) -> None:
    path = write(tmp_path, stated(start='"2024-06"'))
    assert read_scenario(path).months() == 36
    assert "2022-01 to 2022-12" in refused(path, years=1)


QUICK = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELLS = st.one_of(
    st.sampled_from([*EFFECTS, "month", "", "1", "0.9", "nan", "1e999", "-1", '"', "month,find"]),
    st.text(max_size=8), st.integers().map(str), st.floats().map(str),
)  # fmt: skip
TABLES = st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=5).map("\n".join)


@QUICK
@given(st.one_of(TABLES.map(lambda t: t.encode("utf-8", "ignore")), st.binary(max_size=80)))
def test_files_of_anything_are_read_or_refused_in_one_line(tmp_path: Path, csv: bytes) -> None:
    path = write(tmp_path, OWN, csv)
    for lang in ("en", "nl"):
        try:
            assert read_scenario(path, lang).shocks[0].effects
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) <= LONGEST_MESSAGE


@given(effects())
def test_what_is_written_is_what_is_read(made: dict[str, tuple[float, ...]]) -> None:
    lines = [",".join(["month", *made])]
    lines += [
        ",".join(map(repr, (k, *row))) for k, row in enumerate(zip(*made.values(), strict=True), 1)
    ]
    assert read_effects("\n".join(lines)) == made
    assert all(neutral(name) == getattr(Impact(), name.removeprefix("support_")) for name in made)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = ", "x.toml: not valid TOML"),
        ('[numbers.lse]\nvalue = 1\n', "unknown effect 'lse'; did you mean 'lose'?"),
        ('[profiles.lose]\nmonths = [0]\nshares = [1]\n', "needs both a number and a profile"),
    ],
)  # fmt: skip
def test_a_kind_without_its_evidence_is_refused(text: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        read_kind(text, "x", "x.toml")
    assert line in str(caught.value)


# ---- what households feel ----------------------------------------------------------------------


def lived(settled: Any, months: int, *shocks: Shock) -> SiexModel:
    model = SiexModel(sample=SAMPLE, rng=SEED, settled=settled, shocks=shocks)
    for _ in range(months):
        model.step()
    return model


def mean_stress(model: SiexModel, domain: int) -> np.ndarray:
    census = np.array(model.census_by_month)
    people = census["base_households"].sum(axis=1)
    return census["stress"][..., domain].sum(axis=1) / people / MICRO


@pytest.fixture(scope="module")
def calm(settled: Any) -> SiexModel:
    return lived(settled, 30)


def test_strength_zero_gives_the_same_lives(settled: Any, calm: SiexModel) -> None:
    model = lived(settled, 30, *(a_shock(kind, strength=0.0) for kind in KINDS))
    assert bits(model.households) == bits(calm.households)
    assert (model.ledger().cents == calm.ledger().cents).all()


def test_corona_raises_wellbeing_stress_as_measured(settled: Any, calm: SiexModel) -> None:
    """M25: 0.5 (0.28 to 0.68) of 36 points beyond work and income, at its height."""
    height = tuple([PACKAGED.value("shock_corona.isolation")] * 18)
    shock = a_shock("own", start="2022-01", effects={"isolation": height})
    model = lived(settled, 30, shock)
    risen = (mean_stress(model, WELLBEING) - mean_stress(calm, WELLBEING)).max()
    assert 0.4 / 36 < risen < 0.6 / 36


def test_dear_energy_strains_and_support_relieves(settled: Any, calm: SiexModel) -> None:
    """I34 in direction: strain of low incomes rises without measures, and less with them."""
    bare = lived(settled, 30, a_shock(start="2022-01", support=False))
    helped = lived(settled, 30, a_shock(start="2022-01"))
    debt = [int(model.households["debt"].sum()) for model in (calm, helped, bare)]
    assert debt[2] > max(debt[:2])  # the allowance may do more than the price did
    poor = [
        np.array(m.census_by_month)["poor"]["stress"][12:, :, 1].sum() for m in (calm, helped, bare)
    ]
    assert poor[2] > max(poor[:2])


def test_a_recession_brings_people_on_welfare(settled: Any) -> None:
    """Hold-out: 8,000 persons on welfare in 2008, almost 10,000 in 2015 (STAAT, OOG201605)."""
    shock = a_shock("labour_market", start="2022-01")
    counts = [
        m.counted("welfare_households") for m in (lived(settled, 96, shock), lived(settled, 96))
    ]
    assert 1.1 < counts[0] / counts[1] < 1.4


# ---- the four worlds ---------------------------------------------------------------------------


def scenario(plan: Plan | None, *shocks: Shock, years: int = 2) -> Scenario:
    return Scenario(
        name="x", years=years, seed=SEED, sample=SAMPLE, futures=1, shocks=shocks, plan=plan
    )


STRUCK = a_shock("corona", start="2022-03", support=False, strength=2.0)


@pytest.fixture(scope="module")
def struck(plan: Plan) -> Outcome:
    return run(scenario(plan, STRUCK))


def test_context_plan_and_interaction_make_both(struck: Outcome) -> None:
    table = context_table(struck)
    assert list(struck.worlds) == list(WORLDS)
    assert set(table["outcome"]) == set(OUTCOMES)
    assert list(table["year"].unique()) == [2022, 2023]
    together = table["context"] + table["plan"] + table["interaction"]
    assert np.allclose(together, table["both"], rtol=1e-12, atol=1e-6)
    assert np.allclose(table["calm_without"] + table["both"], table["with"])
    assert (
        table[["context", "plan"]].abs().groupby(table["outcome"]).sum().loc["stress"] > 0
    ).all()
    assert (table["interaction"] != 0).any()


def test_values_are_counted_from_the_worlds(struck: Outcome) -> None:
    table = context_table(struck).set_index(["outcome", "year"])
    census = struck.without.census
    poor = census["poor_persons"][12:].sum(axis=1).mean() * SAMPLE
    assert table.loc[("people_in_poverty", 2023), "without"] == pytest.approx(poor)
    gains = struck.without.ledger.by_payer()[:12].sum(axis=(0, 1, 2)) / 100
    cost = table.loc[("public_cost_eur", 2022), "without"]
    assert cost == pytest.approx(-(gains[0] + gains[1] + gains[2] + gains[4]))


def test_one_wijk_has_its_own_table(struck: Outcome) -> None:
    covered = struck.place.covering(("Noordoost",))
    parts = [context_table(struck, where) for where in (covered, ~covered)]
    whole = context_table(struck)
    counted = whole["outcome"] != "stress"
    for name in WORLDS:
        assert np.allclose((parts[0][name] + parts[1][name])[counted],
                           whole[name][counted], atol=0.01)  # fmt: skip


def test_calm_worlds_are_those_of_a_run_without_shocks(struck: Outcome, plan: Plan) -> None:
    quiet = run(scenario(plan))
    assert quiet.calm_without is None and quiet.calm_with is None
    assert struck.calm_without is not None and struck.calm_with is not None
    for first, second in (
        (struck.calm_without, quiet.without), (struck.calm_with, quiet.with_plan),
    ):  # fmt: skip
        assert second is not None
        assert (first.ledger.cents == second.ledger.cents).all()
        assert bits(first.households) == bits(second.households)
    table = context_table(quiet)
    assert (table["context"] == 0).all() and (table["interaction"] == 0).all()


def test_threads_change_nothing(struck: Outcome, plan: Plan) -> None:
    again = run(scenario(plan, STRUCK), workers=3)
    for name, world in struck.worlds.items():
        other = again.worlds[name]
        assert (world.ledger.cents == other.ledger.cents).all()
        assert bits(world.households) == bits(other.households)
        assert bits(world.census) == bits(other.census)


def test_a_run_that_is_stopped_stops_its_other_worlds(plan: Plan) -> None:
    """The first world stops the program; the others don't live on for twenty years."""
    months: dict[str, int] = {}

    def stop_soon(what: str, done: int, total: int) -> None:
        months[what] = done
        if what == "calm_without" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(scenario(plan, STRUCK, years=20), stop_soon, workers=2)
    assert months["calm_without"] == 2
    assert months.get("calm_with", 0) < 240 and "with" not in months


def test_without_a_plan_only_the_context_is_known() -> None:
    outcome = run(scenario(None, STRUCK, years=1))
    assert list(outcome.worlds) == ["calm_without", "without"]
    table = context_table(outcome)
    assert table["context"].notna().all() and table["plan"].isna().all()


def test_a_future_lives_under_the_shocks(plan: Plan) -> None:
    quiet, hit = run_future(scenario(plan), 1), run_future(scenario(plan, STRUCK), 1)
    assert quiet.seed == hit.seed
    assert (quiet.account.returned != hit.account.returned).any()


def test_the_example_reads() -> None:
    read = read_scenario(HOME / "experiments" / "scenarios" / "noordoost_energie.toml")
    assert read.shocks == (Shock(kind="energy", start="2022-01"),)
    assert set(MEASURES) < set(EFFECTS)
