"""A place: names, margins, map and households over time."""

import numpy as np
import pytest

from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.place import largest_remainder, load_place


@pytest.fixture(scope="module")
def place():
    return load_place("groningen")


def test_has_twenty_wijken_in_the_order_of_the_margins(place):
    assert place.code == "GM0014"
    assert len(place.wijken) == len(place.wijk_codes) == len(place.margins) == 20
    assert list(place.margins["name"]) == list(place.wijken)
    codes = [feature["properties"]["code"] for feature in place.map["features"]]
    assert codes == list(place.wijk_codes)
    assert place.municipality["households"] == 138_499


def test_is_loaded_once(place):
    assert load_place("Groningen ") is not None
    assert load_place("groningen") is place


@pytest.mark.parametrize(
    ("name", "wijk"),
    [
        ("Beijum", "Noordoost"),
        ("selwerd", "Noordwest"),
        ("OOSTERPARKWIJK", "Oosterparkwijk"),
        ("hoogkerk", "Hoogkerk e.o."),
        ("Rivierenbuurt", "Oud-Zuid"),
        ("WK001414", "Meerstad e.o."),
        ("  de   wijert ", "Helpman e.o."),
    ],
)
def test_wijk_by_any_of_its_names(place, name, wijk):
    assert place.wijken[place.wijk(name)] == wijk


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Beijm", "unknown neighbourhood 'Beijm'; did you mean 'Noordoost (Beijum)'?"),
        ("Oosterparkwij", "did you mean 'Oosterparkwijk'?"),
        ("Meerstat", "did you mean 'Meerstad e.o.'?"),
        ("xyz", "known are: Centrum, Oud-Zuid"),
    ],
)
def test_misspelt_wijk_says_what_is_near(place, name, hint):
    with pytest.raises(UserError) as caught:
        place.wijk(name)
    assert hint in str(caught.value)


def test_unknown_place():
    with pytest.raises(UserError, match="did you mean 'groningen'"):
        load_place("Gronigen")


@pytest.mark.parametrize(
    ("date", "total"), [("2022-01", 138_499), ("2023-01", 140_359), ("2024-01", 145_764)]
)
@pytest.mark.parametrize("growth", [0.002, 0.015])
def test_published_januaries_are_exact(place, date, total, growth):
    assert place.households_at(month_number(date), growth).sum() == total


def test_wijken_of_2022_are_within_the_rounding_of_the_publication(place):
    made = place.households_at(month_number("2022-01"))
    assert np.abs(made - place.margins["households"]).max() <= 5


def test_path_grows_by_the_given_share_after_the_last_january(place):
    later = place.households_at(month_number("2034-01"), 0.01)
    assert later.sum() == round(145_764 * 1.01**10)
    assert (later > 0).all()


def test_path_is_monthly_and_whole(place):
    path = place.households_path
    assert path.shape == (300, 20)
    assert path[0].sum() == 138_499
    assert path[24].sum() == 145_764
    assert (np.abs(np.diff(path.sum(axis=1))) < 600).all()
    assert not path.flags.writeable
    # halfway between two Januaries
    assert path[6].sum() == pytest.approx((138_499 + 140_359) / 2, abs=1)


def test_path_goes_back_before_2022(place):
    assert place.households_at(month_number("2019-01")).sum() == 135_076
    assert 130_000 < place.households_at(month_number("2017-01")).sum() < 135_076


def test_largest_remainder_meets_the_total_and_stays_within_one():
    wanted = np.array([0.2, 1.5, 2.5, 3.8])
    made = largest_remainder(wanted, 8)
    assert made.sum() == 8
    assert np.abs(made - wanted).max() < 1
