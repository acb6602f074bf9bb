"""Every number has its evidence; what hasn't is refused, and so is what is out of bounds."""

from __future__ import annotations

import doctest
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import siexsim
from siexsim import interventions
from siexsim import parameters as parameters_module
from siexsim.errors import UserError
from siexsim.parameters import (
    EFFECT_SETS,
    GRADES,
    RULE_THEMES,
    Parameters,
    override_set,
    read_table,
    stable_number,
)

HOME = Path(siexsim.__file__).parent
PACKAGED = Parameters.packaged()
SOURCES = {path: path.read_text(encoding="utf-8") for path in HOME.rglob("*.py")}
COMPLETE: dict[str, Any] = {
    "value": 0.5, "low": 0.0, "high": 1.0, "unit": "share", "source": "M01", "grade": "C",
    "used_in": "rules/work.py", "meaning": "a share", "betekenis": "een deel",
}  # fmt: skip


# ---- what comes with the program ---------------------------------------------------------------


def test_every_parameter_has_its_evidence_in_both_languages() -> None:
    assert len(PACKAGED) > 200
    for key, one in PACKAGED.items():
        assert key == one.key == f"{one.theme}.{one.name}"
        assert one.grade in GRADES
        for text in (one.unit, one.source, one.used_in, one.meaning, one.betekenis):
            assert text.strip() == text and text, key
        assert one.low <= one.value <= one.high and math.isfinite(one.high - one.low), key
        assert re.fullmatch(r"[a-z][a-z0-9_]*", one.name), key
        assert one.fixed or one.low < one.high, key


def test_a_number_without_a_source_is_an_assumption() -> None:
    """ "none" as a source can't have the grade of evidence."""
    for key, one in PACKAGED.items():
        if one.source.lower().startswith("none"):
            assert one.grade == "assumption", key


def test_meanings_are_told_apart_in_each_language() -> None:
    for theme in {one.theme for one in PACKAGED.values()}:
        own = [one for one in PACKAGED.values() if one.theme == theme]
        assert len({one.meaning for one in own}) == len(own), theme
        assert len({one.betekenis for one in own}) == len(own), theme


def mentions(path: Path, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", SOURCES[path]) is not None


def test_every_parameter_is_used_where_it_says() -> None:
    for key, one in PACKAGED.items():
        paths = [HOME / word.strip() for word in one.used_in.split(",")]
        # two names are put together: first_pay_{word}_eur and pay_{word}_eur
        built = re.fullmatch(r"(first_)?pay_(low|middle|high)_eur", one.name)
        assert built or all(mentions(path, one.name) for path in paths), key


def test_every_parameter_is_used_and_names_files_that_exist() -> None:
    for key, one in PACKAGED.items():
        assert all(HOME / word.strip() in SOURCES for word in one.used_in.split(",")), key
        built = re.fullmatch(r"(first_)?pay_(low|middle|high)_eur", one.name)
        assert built or any(mentions(path, one.name) for path in SOURCES), key


def test_every_name_that_rules_read_exists() -> None:
    """A rule reads `p.theme.name`, or `q.name` after `q = p.theme`."""
    read: set[str] = set()
    for path in [*(HOME / "rules").glob("*.py"), HOME / "help.py", HOME / "census.py"]:
        for function in re.split(r"\ndef ", SOURCES[path]):
            read |= {f"{a}.{b}" for a, b in re.findall(r"\bp\.([a-z]+)\.([a-z_0-9]+)", function)}
            for short, theme in re.findall(r"\b(\w+) = p\.([a-z]+)\n", function):
                read |= {f"{theme}.{b}" for b in re.findall(rf"\b{short}\.([a-z_0-9]+)", function)}
    assert len(read) > 120
    assert read <= set(PACKAGED)
    compiled = {key for key in PACKAGED if PACKAGED[key].theme in RULE_THEMES}
    elsewhere = {key for key in compiled - read if "py" in PACKAGED[key].used_in}
    outside = "".join(text for path, text in SOURCES.items() if path.parent != HOME / "rules")
    # the model reads some as `shares.name`, after `shares = self.values.help`
    short = {key: key.replace("help.", "shares.") for key in elsewhere}
    assert all(key in outside or short[key] in outside for key in elsewhere), elsewhere


def test_every_name_that_is_asked_for_in_full_exists() -> None:
    themes = "|".join(sorted({one.theme for one in PACKAGED.values()}))
    for path, source in SOURCES.items():
        text = re.sub(r" *>>> .*", "", source)  # examples are run by the next test
        for key in re.findall(rf'value\(\s*"((?:{themes})\.[a-z_0-9]+)"', text):
            assert key in PACKAGED.entries, f"{path.name}: {key}"


def test_the_example_works() -> None:
    assert doctest.testmod(parameters_module).failed == 0


def test_interventions_use_numbers_that_the_rules_know() -> None:
    for name in interventions.packaged_interventions():
        own = {one.name for one in PACKAGED.values() if one.theme == name}
        assert own and own <= set(interventions.NUMBERS)


# ---- reading -----------------------------------------------------------------------------------


def refusal(**changes: Any) -> str:
    table = {key: value for key, value in {**COMPLETE, **changes}.items() if value is not None}
    with pytest.raises(UserError) as caught:
        read_table({"a_share": table}, "work", "work.toml")
    said = str(caught.value)
    assert "\n" not in said and said.startswith("work.toml: parameter 'a_share': ")
    return said


def test_a_complete_number_loads() -> None:
    (one,) = read_table({"a_share": COMPLETE}, "work", "work.toml")
    assert (one.key, one.value, one.fixed) == ("work.a_share", 0.5, False)


@pytest.mark.parametrize("field", sorted(COMPLETE))
def test_what_misses_a_field_is_refused(field: str) -> None:
    assert field in refusal(**{field: None})


@pytest.mark.parametrize("field", ["unit", "source", "used_in", "meaning", "betekenis"])
def test_an_empty_text_is_refused(field: str) -> None:
    assert f"'{field}' is empty" in refusal(**{field: "  "})


def test_what_is_out_of_range_or_no_number_is_refused() -> None:
    assert "outside 0.0 to 1.0" in refusal(value=1.5)
    assert "outside" in refusal(low=0.6)
    assert "outside" in refusal(value=math.nan)
    assert "grade" in refusal(grade="Z")
    assert "value" in refusal(value="much")
    assert "colour" in refusal(colour="red")
    refusal(name="other")


def test_a_table_that_is_no_table_is_refused() -> None:
    with pytest.raises(UserError, match=r"work\.toml: parameter 'a_share'"):
        read_table({"a_share": 3}, "work", "work.toml")


# ---- changing ----------------------------------------------------------------------------------


def test_changing_gives_a_new_set() -> None:
    changed = PACKAGED.with_({"work.find_per_year": 0.7})
    assert changed.value("work.find_per_year") == 0.7 != PACKAGED.value("work.find_per_year")
    assert changed.compiled().work.find_per_year == 0.7
    assert len(changed) == len(PACKAGED)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(
        UserError,
        match=r"unknown parameter 'work\.find_per_yeer'; did you mean 'work\.find_per_year'",
    ):
        PACKAGED.with_({"work.find_per_yeer": 0.7})
    with pytest.raises(UserError, match="did you mean"):
        PACKAGED.value("Stress.ordinari")


def test_values_out_of_bounds_are_refused_with_the_bounds() -> None:
    one = PACKAGED["work.find_per_year"]
    for value in (one.low - 0.01, one.high + 0.01):
        with pytest.raises(
            UserError, match=f"out of bounds; {one.low:g} to {one.high:g} is plausible"
        ):
            PACKAGED.with_({one.key: value})
    for value in (one.low, one.high):
        assert PACKAGED.with_({one.key: value}).value(one.key) == value


@pytest.mark.parametrize("value", [
    math.nan, math.inf, -math.inf, "1", None, [1.0],
    True,
])  # fmt: skip
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match="is not a number"):
        PACKAGED.with_({"work.find_per_year": value})


# ---- effect sets -------------------------------------------------------------------------------


STRONGER_UP = (*interventions.EFFECTS, "pays_claims_eur", "settles_debts")


@pytest.mark.parametrize("name", EFFECT_SETS)
def test_effect_sets_name_what_exists_within_its_range(name: str) -> None:
    changed = PACKAGED.with_set(name)
    for key, value in override_set(name).items():
        assert key.split(".")[0] in interventions.packaged_interventions()
        assert changed.value(key) == value
    text = tomllib.loads((HOME / "data" / "effect_sets.toml").read_text(encoding="utf-8"))
    assert set(text) == set(EFFECT_SETS)
    assert all(entry["source"].strip() for entry in text[name].values())


def test_sceptical_is_never_stronger_than_evidence_nor_evidence_than_ipw() -> None:
    sets = [PACKAGED.with_set(name) for name in ("sceptical", "evidence", "ipw")]
    compared = 0
    for key, one in PACKAGED.items():
        if one.theme in interventions.packaged_interventions():
            values = [s.value(key) for s in sets]
            if one.name in STRONGER_UP:
                assert values == sorted(values), key
                compared += values[0] < values[2]
            elif one.name == "fade_per_year":
                assert values == sorted(values, reverse=True), key
            else:
                assert len(set(values)) == 1, f"{key} isn't an effect"
    assert compared > 40


def test_futures_do_not_vary_what_an_effect_set_holds() -> None:
    held = PACKAGED.with_set("sceptical")
    for future in (1, 2):
        drawn = held.drawn(1, future)
        assert all(drawn.value(key) == value for key, value in override_set("sceptical").items())


def test_an_unknown_effect_set_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'sceptical'"):
        PACKAGED.with_set("skeptical")


# ---- futures -----------------------------------------------------------------------------------


def test_future_zero_is_central() -> None:
    assert PACKAGED.drawn(5, 0) is PACKAGED


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), future=st.integers(1, 10_000))
def test_futures_lie_within_the_ranges_and_come_again(seed: int, future: int) -> None:
    drawn = PACKAGED.drawn(seed, future)
    again = PACKAGED.drawn(seed, future)
    for key, one in PACKAGED.items():
        assert one.low <= drawn.value(key) <= one.high
        assert drawn.value(key) == again.value(key)
        if one.fixed or one.low == one.high:
            assert drawn.value(key) == one.value


def test_futures_differ_by_number_and_by_seed_and_between_parameters() -> None:
    free = [k for k in PACKAGED if not PACKAGED[k].fixed and PACKAGED[k].theme != "population"]
    sets = [PACKAGED.drawn(1, 1), PACKAGED.drawn(1, 2), PACKAGED.drawn(2, 1)]
    for key in free:
        assert len({s.value(key) for s in sets}) == 3, key
    many = [PACKAGED.drawn(1, f) for f in range(1, 120)]
    place = np.array([
        [(s.value(k) - PACKAGED[k].low) / (PACKAGED[k].high - PACKAGED[k].low) for s in many]
        for k in free[:60]
    ])  # fmt: skip
    apart = np.corrcoef(place)[np.triu_indices(60, 1)]
    assert np.abs(apart).max() < 0.5


def test_futures_are_triangles_around_the_central_value() -> None:
    lean = {
        "a": {**COMPLETE, "value": 0.0, "low": 0.0, "high": 1.0},
        "b": {**COMPLETE, "value": 1.0},
        "c": {**COMPLETE, "value": 0.2, "low": 0.1, "high": 0.9},
        "d": {**COMPLETE, "fixed": True},
    }
    small = Parameters({one.key: one for one in read_table(lean, "work", "here")}, {})
    drawn = [small.drawn(3, future) for future in range(1, 3001)]
    for key, one in small.items():
        values = np.array([s.value(key) for s in drawn])
        if one.fixed:
            assert set(values) == {one.value}
            continue
        mean = (one.low + one.value + one.high) / 3
        spread = (one.low**2 + one.value**2 + one.high**2 - one.low * one.value
                  - one.low * one.high - one.value * one.high) / 18  # fmt: skip
        assert values.mean() == pytest.approx(mean, abs=5 * np.sqrt(spread / 3000))
        assert values.var() == pytest.approx(spread, rel=0.12)


# ---- tables and names --------------------------------------------------------------------------


def test_the_table_can_be_narrowed() -> None:
    assert len(PACKAGED.table()) == len(PACKAGED)
    work = PACKAGED.table(theme="work", grade="C")
    assert set(work["theme"]) == {"work"} and set(work["grade"]) == {"C"}
    with pytest.raises(UserError, match="did you mean 'work'"):
        PACKAGED.table(theme="wrok")
    with pytest.raises(UserError, match="unknown grade"):
        PACKAGED.table(grade="E")


def test_stable_numbers_are_those_of_the_published_hash() -> None:
    """FNV-1a, 64 bits: the values of its authors for "", "a" and "foobar"."""
    assert stable_number("") == 0xCBF29CE484222325
    assert stable_number("a") == 0xAF63DC4C8601EC8C
    assert stable_number("foobar") == 0x85944171F73967E8
    assert len({stable_number(key) for key in PACKAGED}) == len(PACKAGED)


def test_compiled_values_are_those_of_the_rules_themes() -> None:
    values = PACKAGED.compiled()
    assert set(values.dtype.names) == set(RULE_THEMES)
    for theme in RULE_THEMES:
        for name in values[theme].dtype.names:
            assert values[theme][name] == PACKAGED.value(f"{theme}.{name}")
