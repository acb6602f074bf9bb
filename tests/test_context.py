"""Norms, prices and the labour market of a month."""

from __future__ import annotations

import pytest

from siexsim.context import month_context, norm_cents, unemployment
from siexsim.household import month_number, month_text
from siexsim.parameters import Parameters
from siexsim.shocks import Shock

PACKAGED = Parameters.packaged()
SINGLE, COUPLE = "bijstand single or single parent", "bijstand couple"


def at(text: str, **asked: bool) -> object:
    return month_context(month_number(text), 1, PACKAGED, **asked)


@pytest.mark.parametrize(
    ("date", "single", "couple", "old_single", "old_couple"),
    [
        ("2022-01", 109_171, 155_958, 121_306, 164_254),
        ("2022-12", 109_171, 155_958, 121_306, 164_254),
        ("2023-01", 119_566, 170_808, 133_067, 180_720),
        ("2023-06", 119_566, 170_808, 133_067, 180_720),
        ("2023-07", 121_662, 173_802, 135_766, 184_360),
        ("2024-01", 128_383, 183_404, 142_576, 193_398),
        ("2025-07", 136_906, 195_580, 153_021, 209_498),
    ],
)
def test_norms_change_on_their_dates(
    date: str, single: int, couple: int, old_single: int, old_couple: int
) -> None:
    """As published (NORMS): 2022-01 1,091.71; 2023-07 1,216.62."""
    c = at(date)
    assert (c.norm_single, c.norm_couple) == (single, couple)
    assert (c.norm_aow_single, c.norm_aow_couple) == (old_single, old_couple)


def test_the_last_published_norms_grow_every_january() -> None:
    growth = PACKAGED.value("context.indexation_per_year")
    assert at("2026-01").norm_single == at("2026-12").norm_single == 140_150
    assert at("2026-01").norm_couple == 200_213
    assert at("2027-01").norm_single == round(1401.50 * (1 + growth) * 100)
    assert at("2036-06").norm_single == round(1401.50 * (1 + growth) ** 10 * 100)
    # those at pension age are published until 2025-07
    assert at("2025-12").norm_aow_single == 153_021
    assert at("2026-01").norm_aow_single == round(1530.21 * (1 + growth) * 100)


def test_norms_never_fall_and_couples_need_more() -> None:
    months = [
        month_context(m, 1, PACKAGED)
        for m in range(month_number("2022-01"), month_number("2042-01"))
    ]
    for field in (
        "norm_single",
        "norm_couple",
        "norm_aow_single",
        "norm_aow_couple",
        "price_index",
    ):
        values = [getattr(c, field) for c in months]
        assert values == sorted(values)
    assert all(c.norm_single < c.norm_couple < 2 * c.norm_single for c in months)
    assert all(c.norm_single < c.norm_aow_single < c.norm_aow_couple for c in months)


def test_a_date_before_the_first_norm_takes_the_first() -> None:
    assert norm_cents(SINGLE, month_number("2010-01"), 0.02) == 93_549
    assert (
        norm_cents(COUPLE, month_number("2017-06"), 0.02) == 137_262
    )  # 2017 is without holiday pay


def test_prices_and_pay_follow_the_norm_of_a_single() -> None:
    assert at("2022-01").price_index == at("2022-12").price_index == 1.0
    assert at("2023-07").price_index == pytest.approx(1216.62 / 1091.71)
    assert at("2030-01").wage_index == at("2030-01").price_index


def test_a_burn_in_stands_still() -> None:
    first, last = at("2022-01", burn_in=True), at("2040-01", burn_in=True)
    moves = {"month", "drawn"}
    for field in first._fields:
        if field not in moves:
            assert getattr(first, field) == getattr(last, field), field
    assert first.living == 0 and at("2022-01").living == 1
    assert (first.lose, first.find, first.price_index) == (1.0, 1.0, 1.0)


def test_arrangements_are_short_from_july_2023() -> None:
    assert month_text(int(at("2022-01").short_term_from)) == "2023-07"


def test_unemployment_is_as_published_and_neutral_where_it_is_not() -> None:
    assert unemployment(month_number("2014-05"), 5.5) == 9.9
    assert unemployment(month_number("2021-12"), 5.5) == 6.0
    assert unemployment(month_number("2016-01"), 5.5) == pytest.approx((10.0 + 7.7) / 2)
    assert unemployment(month_number("2022-01"), 5.5) == 5.5
    assert unemployment(month_number("2041-01"), 5.4) == 5.4


def test_unemployment_costs_work_and_hides_it() -> None:
    bad, neutral = at("2014-01"), at("2025-01")
    assert bad.lose > 1 > bad.find
    assert (neutral.lose, neutral.find) == (1.0, 1.0)
    steeper = PACKAGED.with_({"context.unemployment_elasticity_find": 1.2})
    assert month_context(month_number("2014-01"), 1, steeper).find < bad.find


def test_the_keys_of_the_draws_are_the_month_and_the_seed() -> None:
    c = month_context(1500, 77, PACKAGED)
    assert (int(c.month), int(c.drawn), int(c.seed)) == (1500, 1500, 77)


def test_without_a_shock_the_years_after_the_published_ones_are_neutral() -> None:
    for year in (2022, 2030, 2041):
        c = at(f"{year}-06")
        assert (c.lose, c.find, c.rehousing, c.needs, c.energy) == (1.0, 1.0, 1.0, 1.0, 1.0)
        assert (c.isolation, c.energy_allowance) == (0.0, 0)


def test_a_shock_comes_on_top_of_published_unemployment() -> None:
    shock = Shock(kind="own", start="2014-01", effects={"unemployment": (2.0,), "lose": (1.5,)})
    month = month_number("2014-01")
    plain = month_context(month, 1, PACKAGED)
    struck = month_context(month, 1, PACKAGED, shocks=(shock,))
    lose = PACKAGED.value("context.unemployment_elasticity_lose")
    assert struck.lose == pytest.approx(plain.lose * 2**lose * 1.5)
    assert struck.find < plain.find
    changed = {f for f in plain._fields if getattr(plain, f) != getattr(struck, f)}
    assert changed == {"lose", "find"}
