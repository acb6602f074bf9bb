"""Figures: drawn from a small made-up result, in both languages, the same every time."""

from __future__ import annotations

import json
import string
import tomllib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from siexsim import maps, plots
from siexsim.account import VIEWS, run_balance
from siexsim.household import DOMAINS, month_number, month_text
from siexsim.items import PAYERS
from siexsim.panel import MARKS
from siexsim.parameters import Parameters
from siexsim.place import load_place, read_packaged
from siexsim.plots_stress import draw_stress_years, stress_by_year
from siexsim.protected_people import protect_classes, protect_spread
from siexsim.spread import classes_table, spread_table

YEARS = 10
MONTHS = [month_text(month_number("2022-01") + k) for k in range(12 * YEARS)]
PLAN = {"wijken": ["Beijum"], "start": "2022-07", "end": "2026-06", "mix": {"debt_relief": 1.0}}


def _stresses(rng, level):
    return {
        f"{group}stress_{domain}": level + 0.2 * (group == "poor_") + 0.1 * rng.random()
        for domain in DOMAINS
        for group in ("", "poor_")
    }


def _photo(rng, worlds):
    place = load_place()
    rows = []
    for year in range(2022, 2022 + YEARS + 1):
        for world in worlds:
            month = f"{year}-01" if year < 2022 + YEARS else MONTHS[-1]
            when = {"year": year, "month": month, "world": world}
            total = {"base_households": 0, "poor_households": 0}
            for k, (wijk, many) in enumerate(
                zip(place.wijken, place.households_path[0], strict=True)
            ):
                gain = 0.03 if world == "with" and wijk == "Noordoost" else 0.0
                poor = round(many * (0.02 + 0.008 * k + 0.002 * (year - 2022) - gain))
                counts = {"base_households": int(many), "poor_households": max(int(poor), 0)}
                stress = _stresses(rng, 0.3 - gain)
                rows.append({**when, "wijk": wijk, **counts, **stress})
                total = {key: total[key] + counts[key] for key in total}
            rows.append({**when, "wijk": "Groningen", **total, **_stresses(rng, 0.3)})
    return pd.DataFrame(rows)


def _months(worlds):
    level = 20_000 + 2_000 * np.sin(np.linspace(0, 4, len(MONTHS)))
    tables = []
    for world in worlds:
        less = np.minimum(np.arange(len(MONTHS)), 60) * (world == "with")
        tables.append(pd.DataFrame({
            "month": MONTHS, "world": world, "poor_persons": (level - less).round(),
            "welfare_households": (level / 2 - less / 4).round(),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _balances(invested, yearly):
    net = -invested + np.linspace(0, yearly / 12, len(invested))
    return run_balance(net, 0.001)


def _money(rng, futures, pays):
    invested = np.zeros(len(MONTHS))
    invested[6:54] = 40_000.0
    balances, rows = {view: [] for view in VIEWS}, []
    for n in range(futures):
        row: dict[str, Any] = {"future": n, "invested_eur": invested.sum()}
        for payer in PAYERS:
            row[f"returned_{payer}_eur"] = rng.normal(2e5, 3e5)
        for k, view in enumerate(VIEWS):
            balance = _balances(invested, pays * (k + 0.5) + rng.normal(0, 2e5))
            back = np.flatnonzero(balance[balance.argmin() :] >= 0)
            row[f"payback_months_{view}"] = (
                float(balance.argmin() + back[0] - 5) if len(back) else np.nan
            )
            balances[view].append(balance)
        rows.append(row)
    account = pd.DataFrame({"month": MONTHS, "invested_eur": invested})
    bands = []
    for view in VIEWS:
        account[f"balance_{view}_eur"] = balances[view][0]
        low, middle, high = np.quantile(balances[view], (0.1, 0.5, 0.9), axis=0)
        bands.append(pd.DataFrame(
            {"month": MONTHS, "view": view, "p10": low, "p50": middle, "p90": high}
        ))  # fmt: skip
    return account, pd.concat(bands, ignore_index=True), pd.DataFrame(rows)


def participants(rng):
    """Half of three hundred households return nothing; months are those that a run looks at."""
    returned = np.where(rng.random((300, 1)) < 0.5, 0.0, rng.standard_t(2, (300, 7)) * 900 + 800)
    table = pd.DataFrame(returned, columns=[f"returned_{payer}_eur" for payer in PAYERS])
    for months in MARKS[1:]:
        for payer in PAYERS:
            table[f"gain_{payer}_{months}_months_eur"] = table[f"returned_{payer}_eur"]
    return table.assign(
        household=np.arange(300), course=1, start="2023-01", weight=1, overhead_eur=300.0,
        cost_eur=rng.normal(3e3, 500, 300),
    )  # fmt: skip


def make(plan: bool = True, futures: int = 9, pays: float = 5e5, sample: int = 1, seed: int = 1):
    """A result as made up as it is small."""
    rng = np.random.default_rng(seed)
    worlds = ("without", "with") if plan else ("without",)
    account, bands, rows = _money(rng, futures, pays) if plan else (None, None, None)
    people = participants(rng) if plan else pd.DataFrame({"household": []})
    spread = spread_table(people, Parameters.packaged(), seed) if plan else people
    scenario = {
        "name": "Noordoost", "effects": "evidence", "futures": futures, "sample": sample,
        "years": YEARS, "plan": PLAN if plan else None,
    }  # fmt: skip
    return SimpleNamespace(
        summary={}, manifest={"scenario": scenario}, months=_months(worlds),
        photo=_photo(rng, worlds), account=account, bands=bands, futures=rows,
        spread=protect_spread(spread), classes=protect_classes(classes_table(people)),
        place=load_place(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return folder, plots.draw_all(make(), folder)


def _captions(folder):
    return json.loads((folder / "figures" / "captions.json").read_text(encoding="utf-8"))


def test_every_figure_is_there_in_both_languages(drawn):
    folder, files = drawn
    names = ("account", "payers", "people", "stress", "stress_years", "map", "participants")
    wanted = {f"{n}-{g}.{kind}" for n in names for g in ("nl", "en") for kind in ("svg", "png")}
    assert {p.name for p in files} == wanted | {"captions.json"}
    assert all(p.parent == folder / "figures" and p.stat().st_size > 0 for p in files)


def test_titles_and_texts_have_no_gaps(drawn):
    for languages in _captions(drawn[0]).values():
        assert set(languages) == {"nl", "en"}
        for caption in languages.values():
            assert caption["title"] and len(caption["alt"]) > 80
            assert not any(
                mark in caption["title"] + caption["alt"] for mark in ("{", "nan", "inf ")
            )


def test_the_same_result_gives_the_same_files(drawn, tmp_path):
    files = plots.draw_all(make(), tmp_path, "nl")
    for path in files:
        if path.suffix in (".svg", ".png"):
            assert path.read_bytes() == (drawn[0] / "figures" / path.name).read_bytes(), path.name


def test_no_global_state_is_left_behind(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plots.draw_all(make(plan=False), tmp_path, "en")
    assert dict(mpl.rcParams) == before


def test_without_a_plan_only_people_stress_and_map(tmp_path):
    plots.draw_all(make(plan=False), tmp_path, "en")
    captions = _captions(tmp_path)
    assert set(captions) == {"people", "stress", "stress_years", "map"}
    assert "with the plan" not in captions["people"]["en"]["title"]


@pytest.mark.parametrize(
    ("pays", "futures", "words"),
    [(0.0, 9, "in any of 9"), (2e7, 9, "in all 9"), (0.0, 1, "does not have its money back by"),
     (2e7, 1, "has its money back after")],
)  # fmt: skip
def test_the_title_of_the_account_says_whether_the_money_is_back(pays, futures, words):
    sheet = plots.Sheet(make(pays=pays, futures=futures), "en")
    assert words in plots.draw_account(sheet).title


def test_a_plan_that_nobody_took_part_in_can_be_drawn(tmp_path):
    result = make()
    result.account["invested_eur"] = 0.0
    result.futures["invested_eur"] = 0.0
    result.spread, result.classes = result.spread.iloc[:0], result.classes.iloc[:0]
    plots.draw_all(result, tmp_path, "nl")
    assert "participants" not in _captions(tmp_path)


def hide(result, wijken, columns):
    """Take from a result what too few stand behind."""
    rows = result.photo["wijk"].isin(wijken)
    result.photo.loc[rows, columns] = np.nan
    return result


def test_wijken_that_are_hidden_are_grey_and_unranked(tmp_path):
    few = ["Ten Post e.o.", "Meerdorpen"]
    result = hide(make(), few, ["poor_households", "poor_stress_money"])
    plots.draw_all(result, tmp_path)
    for lang, words in (("nl", "Niet getoond"), ("en", "Not shown")):
        caption = _captions(tmp_path)["map"][lang]
        assert words in caption["alt"] and all(name in caption["alt"] for name in few)
        assert "nan" not in caption["alt"]
    drawing = maps.draw_map(plots.Sheet(result, "en"))
    said = [label.get_text() for label in drawing.figure.axes[1].get_yticklabels()]
    assert said[-2:] == [f"{name}  ·" for name in ("Meerdorpen", "Ten Post e.o.")]
    assert [label.rsplit("  ", 1)[1] for label in said[:-2]] == [str(k) for k in range(1, 19)]


def test_stress_leaves_hidden_wijken_out_of_sum_and_weight():
    result = make()
    result.manifest["scenario"]["plan"] = {**PLAN, "wijken": ["Noordoost", "Noordwest", "Ten Post"]}
    whole = maps.stress_of(plots.Sheet(result, "en"), "with")
    stress = [f"poor_stress_{domain}" for domain in DOMAINS]
    seen = maps.stress_of(plots.Sheet(hide(result, ["Ten Post e.o."], stress), "en"), "with")
    photo = result.photo[(result.photo["year"] == 2032) & (result.photo["world"] == "with")]
    photo = photo[photo["wijk"].isin(["Noordoost", "Noordwest"])]
    weights = photo["poor_households"]
    assert seen.poor[0] == pytest.approx(np.average(photo["poor_stress_housing"], weights=weights))
    assert seen.poor[0] != whole.poor[0]
    assert seen.everybody[0] == whole.everybody[0]


def test_a_plan_whose_stress_is_hidden_has_no_figure_of_it(tmp_path):
    result = hide(make(), ["Noordoost"], [f"poor_stress_{domain}" for domain in DOMAINS])
    plots.draw_all(result, tmp_path, "en")
    assert not {"stress", "stress_years"} & set(_captions(tmp_path))


def test_stress_through_the_years_is_of_the_same_wijken_every_year():
    result = make()
    result.manifest["scenario"]["plan"] = {**PLAN, "wijken": ["Noordoost", "Noordwest"]}
    hidden = (result.photo["wijk"] == "Noordwest") & (result.photo["year"] == 2025)
    result.photo.loc[hidden, "poor_stress_money"] = np.nan
    found = stress_by_year(plots.Sheet(result, "en"))
    own = result.photo[(result.photo["wijk"] == "Noordoost") & (result.photo["world"] == "with")]
    assert len(found.months) == YEARS + 1
    assert found.with_plan[:, 1] == pytest.approx(own["poor_stress_money"].to_numpy())
    change = found.with_plan - found.without
    year, domain = np.unravel_index(np.abs(change).argmax(), change.shape)
    title = draw_stress_years(plots.Sheet(result, "en")).title
    assert f"{abs(change[year, domain]):.3f}" in title
    assert (f"January {2022 + year}" if year < YEARS else "December 2031") in title


def test_stress_through_the_years_that_hardly_changes_is_said_to_be_the_same():
    result = make()
    poor = [f"poor_stress_{domain}" for domain in DOMAINS]
    result.photo.loc[:, poor] = 0.5
    result.photo.loc[result.photo["world"] == "with", poor] -= 1e-4
    assert "about as high" in draw_stress_years(plots.Sheet(result, "en")).title


def test_stress_that_changes_less_than_rounding_is_about_the_same():
    result = make()
    poor = [f"poor_stress_{domain}" for domain in DOMAINS]
    result.photo.loc[:, poor] = 0.5
    result.photo.loc[result.photo["world"] == "with", poor] -= 1e-4
    assert "about the same" in maps.draw_stress(plots.Sheet(result, "en")).title


def test_wijken_of_later_stages_are_of_the_plan_too():
    result = make()
    stages = [{"wijken": ["Beijum"]}, {"wijken": ["Noordwest", "Lewenborg"]}]
    result.manifest["scenario"]["plan"] = {**PLAN, "wijken": [], "stages": stages}
    names = maps.plan_wijken(plots.Sheet(result, "nl"))
    assert names == ("Noordoost", "Noordwest", "Noorddijk e.o.")


def test_participants_say_who_carries_the_gains_as_far_as_that_may_be_shown():
    result = make()
    title = plots.draw_participants(plots.Sheet(result, "en")).title
    zero = result.classes.loc[result.classes["low_eur"] == -100, "households"].iloc[0]
    assert f"{zero / 300:.0%} of participants" in title
    assert f"{result.spread['half_share'].iloc[5]:.0%} carry half" in title
    result.spread["half_share"] = np.nan
    title = plots.draw_participants(plots.Sheet(result, "en")).title
    assert f"{zero / 300:.0%} of participants" in title and "half" not in title
    result.classes["households"] = np.nan
    drawing = plots.draw_participants(plots.Sheet(result, "en"))
    assert drawing.title.startswith("The mean public return per participant is")
    assert "nan" not in drawing.alt and "·" in drawing.alt


def test_numbers_are_written_as_the_language_does():
    result = make(plan=False)
    dutch, english = plots.Sheet(result, "nl"), plots.Sheet(result, "en")
    assert dutch.number(-1234.56, 1) == "−1.234,6"
    assert english.number(-1234.56, 1) == "−1,234.6"
    assert dutch.number(-0.04, 1) == "0,0"
    assert dutch.euro(-12) == "−€\u00a012"
    assert dutch.euro(2_345_678) == "€\u00a02,3\u00a0miljoen"
    assert english.euro(-23_456) == "−€23\u00a0thousand"
    assert english.euro(-0.2, True) == "€0"
    assert dutch.span(63) == "5 jaar en 3 maanden"
    assert english.span(1) == "1 month"


def test_both_languages_have_the_same_texts_and_slots():
    nl, en = (tomllib.loads(read_packaged(f"figures/{lang}.toml")) for lang in ("nl", "en"))
    assert nl.keys() == en.keys()
    for part in nl:
        assert nl[part].keys() == en[part].keys()
        for key, text in nl[part].items():
            if isinstance(text, str):
                slots = [
                    {f for _, f, _, _ in string.Formatter().parse(t) if f}
                    for t in (text, en[part][key])
                ]
                assert slots[0] == slots[1], (part, key)


def test_every_text_is_used():
    code = "".join(
        p.read_text(encoding="utf-8")
        for p in map(_source, ("plots", "plots_participants", "maps", "sheet"))
    )
    unused = (
        "title_",
        "alt_",
        "welfare_",
        "domains",
        "payers",
        "views",
        "effects",
        "people",
        "views_words",
    )
    for part, texts in tomllib.loads(read_packaged("figures/nl.toml")).items():
        for key in texts:
            if part.startswith(unused) or key.startswith(unused) or key in ("note", "alt", "title"):
                continue
            assert f'"{key}"' in code, (part, key)


def _source(name):
    from pathlib import Path

    return Path(plots.__file__).with_name(f"{name}.py")
