"""The map of a result: what is chosen, what its colours, words and table say."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from siexsim.app.mapping import UNKNOWN, choices, mapped
from siexsim.indicators import counted
from siexsim.result import load
from siexsim.texts import number
from tests.app.test_site import shown  # noqa: F401


@pytest.fixture(scope="module")
def result(folder):
    return load(folder)


def chosen(result, **asked):
    return choices(result, {key: str(value) for key, value in asked.items()})[0]


def test_the_change_is_with_minus_without(result):
    asked = chosen(result, indicator="stress_money", world="change")
    drawn = mapped(result, asked, "nl")
    foto = result.wijkfoto
    rows = foto[(foto["indicator"] == "stress_money") & (foto["group"] == "all")
                & (foto["year"] == asked.year)]  # fmt: skip
    values = rows.pivot(index="wijk", columns="world", values="value")
    for area, row in zip(drawn.areas, drawn.rows, strict=False):
        change = values.loc[area.name, "with"] - values.loc[area.name, "without"]
        assert area.value == row[-1] == ("·" if np.isnan(change) else number("nl", change, 3, True))


@pytest.mark.parametrize("world", ["change", "with", "without"])
def test_every_indicator_can_be_shown_and_what_is_hidden_has_no_colour(result, world):
    for one in counted():
        for who in ("all", "minima"):
            drawn = mapped(result, chosen(result, indicator=one.name, who=who, world=world), "en")
            assert len(drawn.areas) == len(result.place.wijken)
            assert {area.level for area in drawn.areas} <= {level for level, _ in drawn.key}
            for area in drawn.areas:
                assert (area.value == "·") == (area.level == UNKNOWN)
            assert len(drawn.rows) == len(drawn.areas) + 1
            assert not any("nan" in cell for row in drawn.rows for cell in row)
            assert not any("nan" in said for said in drawn.words)


def test_higher_is_darker_and_the_words_name_the_highest(result):
    drawn = mapped(result, chosen(result, world="without"), "en")
    seen = [(float(area.value), int(area.level[-1]), area.name) for area in drawn.areas
            if area.level != UNKNOWN]  # fmt: skip
    for value, level, _ in seen:
        assert all(other <= value for other, lower, _ in seen if lower < level)
    assert max(seen)[2] in drawn.words[1]


def test_what_is_asked_wrongly_falls_back(result):
    asked = chosen(result, indicator="zzz", who="x", year="²", world="<script>")
    assert (asked.indicator, asked.who, asked.world) == ("under_110", "all", "change")
    assert asked.year == int(result.wijkfoto["year"].max())


def test_without_a_plan_there_is_no_change_to_show(result):
    alone = result.wijkfoto[result.wijkfoto["world"].astype(str) == "without"]
    result = type(result)(result.folder, result.manifest, result.summary, result.place,
                          {**result.tables, "wijkfoto": alone})  # fmt: skip
    asked, can = choices(result, {"world": "change"})
    assert (asked.world, can["world"]) == ("without", ["without"])
    assert len(mapped(result, asked, "nl").heads) == 3


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_draws_every_neighbourhood_and_has_its_table(site, shown, lang):  # noqa: F811
    answer = site.get(f"/{lang}/result/{shown.name}/map?indicator=welfare&world=with")
    assert answer.status_code == 200
    points = re.findall(r'<polygon class="[a-z0-9]+" points="([^"]+)"', answer.text)
    assert len(points) >= 20
    places = [float(one) for line in points for pair in line.split() for one in pair.split(",")]
    assert all(-1 <= one <= 700 and math.isfinite(one) for one in places)
    assert answer.text.count('<th scope="row">') == 21
    assert "style=" not in answer.text  # the page's policy forbids it
