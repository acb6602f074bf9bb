"""The made population: exact totals, plausible people, reproducible, and what comes out."""

import numpy as np
import pytest

from siexsim import household as hh
from siexsim.errors import UserError
from siexsim.parameters import Parameters
from siexsim.people import choose, rank_share
from siexsim.place import load_place
from siexsim.population import START, synthesise

MONTH = hh.month_number(START)


@pytest.fixture(scope="module")
def place():
    return load_place("groningen")


@pytest.fixture(scope="module")
def made(place):
    return synthesise(place, seed=1)


@pytest.fixture(scope="module")
def h(made):
    return made.households


def years(months):
    return (MONTH - months.astype(float)) / 12


def same(one, other):
    # by field: the bytes between fields mean nothing
    return len(one) == len(other) and all(
        np.array_equal(one[field.name], other[field.name]) for field in hh.FIELDS
    )


def row(made, margin, wijk="municipality"):
    found = made.fit[(made.fit["margin"] == margin) & (made.fit["wijk"] == wijk)]
    assert len(found) == 1
    return found.iloc[0]


# --- totals -------------------------------------------------------------------------------------


def test_households_are_exact_in_all_and_per_wijk(h, place):
    assert len(h) == 138_499
    counts = np.bincount(h.wijk, minlength=20)
    assert (counts == place.households_at(MONTH)).all()
    assert np.abs(counts - place.margins["households"]).max() <= 5


def test_inhabitants_are_within_a_permille(h):
    inhabitants = hh.adults(h).sum() + hh.children(h).sum()
    assert inhabitants == pytest.approx(234_950, rel=0.001)


def test_benefits_are_exact(h):
    position = h.position[h.birth != hh.NO_BIRTH]
    assert (position == hh.WW).sum() == 1_900
    assert (position == hh.DISABILITY).sum() == 9_000
    assert (position == hh.WELFARE).sum() == 11_160
    assert h.on_welfare.sum() == 9_625


def test_all_fitted_margins_are_inside_their_band(made):
    fitted = made.fit[made.fit["kind"] == "fitted"]
    assert len(fitted) > 200
    assert fitted["inside"].all(), fitted[~fitted["inside"]].to_string()
    assert set(made.fit["kind"]) == {"fitted", "steered", "outcome"}


@pytest.mark.parametrize("seed", [1, 2])
def test_poverty_comes_out_at_its_level(place, seed):
    made = synthesise(place, seed)
    for margin in ("C4 minima, 110%", "minima, 120%", "C7 105%, one_parent", "C7 105%, one_person"):
        assert row(made, margin)["inside"], margin
    assert abs(row(made, "C7 105%, couple")["difference"]) < 0.02


# --- records ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", hh.FIELDS, ids=lambda field: field.name)
def test_fields_are_within_their_bounds(h, field):
    values = np.asarray(h[field.name])
    assert values.min() >= field.low
    assert values.max() <= field.high
    assert np.isfinite(values.astype(float)).all()


def test_identities_are_unique_and_the_same_for_every_seed(h, place):
    assert len(np.unique(h.id)) == len(h)
    assert (synthesise(place, seed=2, sample=1).households.id == h.id).all()


def test_second_adults_are_all_there_or_not_at_all(h):
    alone = h.birth[:, 1] == hh.NO_BIRTH
    for name in ("position", "earnings", "pension", "ww_left", "months_without_work", "education"):
        assert (h[name][alone, 1] == 0).all(), name


def test_children_stand_first_in_the_record_and_are_counted(h):
    there = h.child_birth != hh.NO_BIRTH
    assert (there[:, :-1] >= there[:, 1:]).all()
    assert (h.kids == there.sum(axis=1)).all()
    assert (h.development[~there] == 0).all()
    assert (h.youth_care <= h.kids).all()
    assert (h.special_school <= h.kids).all()


def test_ages_are_those_of_people(h):
    adult = years(h.birth[h.birth != hh.NO_BIRTH])
    child = years(h.child_birth[h.child_birth != hh.NO_BIRTH])
    assert adult.min() >= 18
    assert adult.max() < 100
    assert child.min() >= 0
    assert child.max() <= 24
    there = h.child_birth != hh.NO_BIRTH
    births = (h.child_birth - h.birth[:, :1])[there] / 12
    # hardly any first adult was under 18 or over 55 at a birth
    assert births.min() > 15
    assert np.quantile(births, 0.999) < 56
    one_parent = years(h.birth[(hh.adults(h) == 1) & (h.kids > 0), 0])
    assert 40 < np.median(one_parent) < 49


def test_age_pyramid_has_no_gaps_or_spikes(h):
    every = np.concatenate(
        [years(h.birth[h.birth != hh.NO_BIRTH]), years(h.child_birth[h.child_birth != hh.NO_BIRTH])]
    )
    counts = np.bincount(every.astype(int), minlength=100)
    assert counts[:90].min() > 150
    # students come at 18; the peak lies in the early twenties
    assert 19 <= counts.argmax() <= 26
    assert (counts[30:90] / counts[29:89]).max() < 1.6
    assert (counts[1:15] / counts[:14]).max() < 1.35


def test_positions_fit_ages_and_students(h):
    age = years(h.birth)
    there = h.birth != hh.NO_BIRTH
    pension = h.position == hh.PENSION
    assert (pension == (there & (age >= 67))).all()
    student = np.broadcast_to((h.student == 1)[:, None], there.shape) & there
    assert ((h.position == hh.STUDENT) == student).all()
    on = h.on_welfare == 1
    assert (h.position[on[:, None] & there] == hh.WELFARE).all()
    assert (h.claims_welfare[on] == 1).all()
    assert (h.ww_left[h.position == hh.WW] >= 1).all()
    assert (h.ww_left[h.position != hh.WW] == 0).all()


def test_spells_hang_together(h):
    poor = h.poor == 1
    assert (h.months_poor[poor] >= 1).all()
    assert (h.months_poor[~poor] == 0).all()
    assert (h.months_not_poor[poor] == 0).all()
    assert (h.months_poor >= h.months_on_welfare).all()
    assert ((h.months_on_welfare > 0) == (h.on_welfare == 1)).all()
    grown = (MONTH - h.birth[:, 0]) - 18 * 12
    for name in ("months_poor", "months_on_welfare", "months_in_debt"):
        assert (h[name] <= np.maximum(grown, 1)).all(), name


def test_debts_hang_together(h):
    free = h.debt_state == hh.NO_DEBT
    heavy = h.debt_state >= hh.PROBLEMATIC
    assert (h.debt[free] == 0).all()
    assert (h.claims[free] == 0).all()
    assert (h.debt[~free] > 0).all()
    assert (h.claims[~free] >= 1).all()
    line = Parameters.packaged().value("money.problematic_debt_eur") * 100
    assert (h.debt[heavy] >= line).all()
    assert (h.debt[h.debt_state == hh.ARREARS] < line).all()
    assert ((h.arrangement_left > 0) == (h.debt_state == hh.ARRANGEMENT)).all()
    assert ((h.months_in_debt > 0) == heavy).all()


def test_income_is_what_positions_bring(h):
    single = hh.adults(h) == 1
    on = h.on_welfare == 1
    assert (h.income[on & single] == 109_171).all()
    assert (h.income[on & ~single] == 155_958).all()
    limit = Parameters.packaged().value("income.welfare_capital_limit_eur") * 100
    assert (h.savings[on] <= limit).all()
    working = single & (h.position[:, 0] == hh.PERMANENT)
    assert (h.income[working] == h.earnings[working, 0]).all()
    assert ((h.ratio <= 1.1) == (h.poor == 1)).all()


def test_pay_rises_with_education(h):
    work = np.isin(h.position, (hh.PERMANENT, hh.FLEX, hh.SELF_EMPLOYED))
    low, middle, high = (np.median(h.earnings[work & (h.education == e)]) for e in range(3))
    assert low < middle < high
    assert low > 1_500_00
    assert high < 4_000_00


def test_who_is_poor_is_who_is_known_to_be(h):
    others = h.student == 0
    single = hh.adults(h) == 1
    poor = h.poor == 1
    heavy = h.debt_state >= hh.PROBLEMATIC
    low = h.education[:, 0] == hh.LOW
    assert poor[others & single].mean() > 2 * poor[others & ~single].mean()
    assert poor[others & low].mean() > 1.5 * poor[others & ~low].mean()
    assert heavy[others & poor].mean() > 4 * heavy[others & ~poor].mean()
    assert (
        h.stress[others & poor, hh.MONEY].mean() > 0.1 + h.stress[others & ~poor, hh.MONEY].mean()
    )


# --- keys and samples ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(place, made):
    from siexsim.population import _full

    _full.cache_clear()
    again = synthesise(place, seed=1)
    assert same(again.households, made.households)
    assert again.fit.equals(made.fit)


def test_another_seed_gives_other_people(place, made):
    other = synthesise(place, seed=2)
    assert (other.households.income != made.households.income).mean() > 0.3


def test_what_is_handed_out_is_a_copy(place, made):
    mine = synthesise(place, seed=1)
    mine.households.income[:] = 0
    mine.fit["made"] = 0.0
    assert synthesise(place, seed=1).households.income.sum() > 0
    assert synthesise(place, seed=1).fit.equals(made.fit)


@pytest.mark.parametrize("sample", [10, 100])
def test_a_sample_looks_like_the_whole(place, h, sample):
    small = synthesise(place, seed=1, sample=sample).households
    assert (small.weight == sample).all()
    assert abs(len(small) * sample - len(h)) < sample
    assert np.isin(small.id, h.id).all()
    # stratified: closer than plain sampling would be
    for name in ("poor", "student", "on_welfare", "raised_poor"):
        whole = (h[name] > 0).mean()
        error = np.sqrt(whole * (1 - whole) / len(small))
        assert abs((small[name] > 0).mean() - whole) < 3.5 * error, name
    wijken = np.bincount(small.wijk, minlength=20) * sample
    assert np.abs(wijken - np.bincount(h.wijk, minlength=20)).max() <= sample
    assert small.income.mean() == pytest.approx(h.income.mean(), rel=0.5 / np.sqrt(len(small)) * 3)


def test_a_sampled_household_is_the_same_as_in_the_whole(place, h):
    small = synthesise(place, seed=1, sample=50).households
    whole = h[np.isin(h.id, small.id)].copy()
    whole["weight"] = 50
    assert same(whole, small)


@pytest.mark.parametrize("sample", [0, -1, 2.5, 100_000])
def test_impossible_samples_are_refused(place, sample):
    with pytest.raises(UserError, match="whole number"):
        synthesise(place, seed=1, sample=sample)


def test_parameters_change_what_is_made(place):
    changed = Parameters.packaged().with_({"population.welfare_households": 9_400})
    assert synthesise(place, seed=1, parameters=changed).households.on_welfare.sum() == 9_400


# --- tools --------------------------------------------------------------------------------------


def test_choose_meets_counts_per_group():
    score = np.array([3.0, 2.0, 1.0, 0.0, 5.0, 4.0])
    group = np.array([0, 0, 0, 1, 1, 1])
    allowed = np.array([True, True, True, True, False, True])
    chosen = choose(score, np.full(6, 0.5), np.array([2, 1]), allowed, group)
    assert chosen.tolist() == [True, True, False, False, False, True]


def test_choose_takes_no_more_than_there_are():
    chosen = choose(np.zeros(3), np.array([0.2, 0.5, 0.8]), 5, np.array([True, False, True]))
    assert chosen.tolist() == [True, False, True]


def test_rank_share_is_uniform():
    share = rank_share(np.array([5.0, 1.0, 3.0]))
    assert share.tolist() == pytest.approx([5 / 6, 1 / 6, 0.5])
