"""Process 10: care, support and schooling that stress makes likelier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siexsim import household as hh
from siexsim import items
from siexsim.rules import services
from tests.rules.conftest import NOW, a_till, booked, luck, plain, someone

use_mental_care = plain(services.use_mental_care)
use_wmo = plain(services.use_wmo)
use_youth_services = plain(services.use_youth_services)
use_other_care = plain(services.use_other_care)
steeper = plain(services.steeper)
GRID = (np.arange(6000) + 0.5) / 6000


@settings(max_examples=60, deadline=None)
@given(chance=st.floats(0, 1), slope=st.floats(0, 7), low=st.floats(0, 1), high=st.floats(0, 1))
def test_chances_rise_with_stress_and_never_fall_under_zero(
    p: Any, chance: float, slope: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert 0 <= steeper(chance, slope, low, p) <= steeper(chance, slope, high, p)
    assert steeper(chance, slope, p.stress.ordinary, p) == pytest.approx(chance)


def starts(rule: Any, slot: str, field: str, p: Any, c: Any, **fields: Any) -> float:
    count = 0
    for u in GRID[:1200]:  # starting is in the low draws
        h = someone(**fields)
        rule(h, p, c, luck(**{slot: float(u)}), a_till())
        count += int(h[field] > 0)
    return count / len(GRID)


@pytest.mark.parametrize(
    ("rule", "slot", "field", "domain", "kids"),
    [
        (use_mental_care, "MENTAL_CARE", "mental_care", hh.WELLBEING, 0),
        (use_wmo, "WMO", "wmo", hh.WELLBEING, 0),
        (use_youth_services, "YOUTH_CARE", "youth_care", hh.WELLBEING, 2),
        (use_youth_services, "YOUTH_CARE", "youth_care", hh.EDUCATION, 2),
        (use_youth_services, "YOUTH_CARE", "special_school", hh.EDUCATION, 2),
    ],
)
def test_services_start_likelier_with_stress(
    p: Any, c: Any, rule: Any, slot: str, field: str, domain: int, kids: int
) -> None:
    shares = []
    for stress in (0.2, 0.5, 0.9):
        levels = [0.3] * 5
        levels[domain] = stress
        shares.append(starts(rule, slot, field, p, c, stress=levels, child_birth=[NOW - 90] * kids))
    assert shares[0] < shares[1] < shares[2]


def test_at_ordinary_stress_services_start_at_their_rates(p: Any, c: Any) -> None:
    got = starts(use_mental_care, "MENTAL_CARE", "mental_care", p, c)
    assert got == pytest.approx(p.services.mental_start_per_year / 12, abs=4e-4)
    got = starts(use_wmo, "WMO", "wmo", p, c, birth=[NOW - 75 * 12])
    assert got == pytest.approx(
        p.services.wmo_old_factor * p.services.wmo_start_per_year / 12, abs=4e-4
    )
    got = starts(use_youth_services, "YOUTH_CARE", "youth_care", p, c, child_birth=[NOW - 90] * 3)
    assert got == pytest.approx(3 * p.services.youth_start_per_year / 12, abs=4e-4)


def test_services_end(p: Any, c: Any) -> None:
    h = someone(mental_care=1, wmo=1)
    use_mental_care(h, p, c, luck(MENTAL_CARE=1e-9), a_till())
    use_wmo(h, p, c, luck(WMO=1e-9), a_till())
    assert (h.mental_care, h.wmo) == (0, 0)


@settings(max_examples=100, deadline=None)
@given(
    u=st.floats(1e-9, 1 - 1e-9), kids=st.integers(0, 4), care=st.integers(0, 4),
    special=st.integers(0, 4), stress=st.floats(0, 1),
)  # fmt: skip
def test_no_more_children_in_care_than_there_are(
    p: Any, c: Any, u: float, kids: int, care: int, special: int, stress: float
) -> None:
    care, special = min(care, kids), min(special, kids)
    h = someone(
        child_birth=[NOW - 90] * kids, youth_care=care, special_school=special, stress=[stress] * 5
    )
    till = a_till()
    use_youth_services(h, p, c, luck(YOUTH_CARE=u), till)
    assert 0 <= h.youth_care <= kids and 0 <= h.special_school <= kids
    assert abs(int(h.youth_care) - care) + abs(int(h.special_school) - special) <= 1
    price = int(p.prices.youth_care_eur_per_year * c.price_index * 100) // 12
    assert booked(till, items.YOUTH_CARE_COST) == price * int(h.youth_care)
    assert (booked(till, items.SPECIAL_SCHOOL_COST) > 0) == (h.special_school > 0)


@pytest.mark.parametrize("kids", [1, 3])
def test_who_left_home_is_in_care_no_longer(p: Any, c: Any, kids: int) -> None:
    h = someone(child_birth=[NOW - 90] * kids, youth_care=kids + 1, special_school=kids + 1)
    use_youth_services(h, p, c, luck(), a_till())
    assert (h.youth_care, h.special_school) == (kids, kids)


def test_children_leave_care_and_special_school(p: Any, c: Any) -> None:
    """One at a time, each at its rate."""
    ended = {"youth_care": 0, "special_school": 0}
    for u in GRID:
        h = someone(child_birth=[NOW - 90] * 2, youth_care=2, special_school=2)
        use_youth_services(h, p, c, luck(YOUTH_CARE=float(u)), a_till())
        for field in ended:
            assert h[field] in (1, 2)
            ended[field] += int(h[field] == 1)
    assert ended["youth_care"] / len(GRID) == pytest.approx(
        2 * p.services.youth_end_per_year / 12, abs=4e-4
    )
    assert ended["special_school"] / len(GRID) == pytest.approx(
        2 * p.services.special_end_per_year / 12, abs=4e-4
    )


def test_without_children_nobody_is_in_care(p: Any, c: Any) -> None:
    h, till = someone(youth_care=1, special_school=1), a_till()
    use_youth_services(h, p, c, luck(), till)
    assert (h.youth_care, h.special_school, booked(till, items.YOUTH_CARE_COST)) == (0, 0, 0)


def test_youth_chances_of_a_large_family_fit_in_one_draw(highest: Any) -> None:
    q = highest.services
    start = 4 * steeper(q.youth_start_per_year, q.youth_slope, 1.0, highest)
    school = 4 * steeper(q.special_start_per_year, q.special_slope, 1.0, highest)
    assert (start + school + 4 * q.youth_end_per_year + 4 * q.special_end_per_year) / 12 < 1


def test_users_cost_their_price_every_month(p: Any, c: Any) -> None:
    h, till = someone(mental_care=1, wmo=1), a_till()
    use_mental_care(h, p, c, luck(), till)
    use_wmo(h, p, c, luck(), till)
    mental = int(p.prices.mental_care_eur_per_year * c.price_index * 100) // 12
    assert booked(till, items.MENTAL_CARE_COST) == mental
    assert (
        booked(till, items.WMO_COST) == int(p.prices.wmo_eur_per_year * c.price_index * 100) // 12
    )


def test_high_stress_costs_more_of_everything(p: Any, c: Any) -> None:
    calm, pressed = a_till(), a_till()
    use_other_care(someone(), p, c, calm)
    h = someone(stress=[0.9] * 5)
    use_other_care(h, p, c, pressed)
    for item in (items.SOMATIC_CARE, items.JUSTICE):
        assert booked(calm, item) == 0 < booked(pressed, item)
    use_mental_care(h, p, c, luck(), pressed)
    assert booked(pressed, items.MENTAL_CARE_COST) > 0  # severe strain, no course of care
