"""Identities that hold whatever the numbers: money, people, and worlds under the same draws."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from numpy.lib.recfunctions import repack_fields

from siexsim import household as hh
from siexsim import items
from siexsim.household import Households
from siexsim.ledger import split
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Plan
from siexsim.run import run_futures
from siexsim.scenario import Scenario
from tests.conftest import SAMPLE, SEED

MONTHS = 30

# nobody misses the homes that help gives: nothing couples households
UNCOUPLED = Parameters.packaged().with_({"help.homes_taken_share": 0.0})


def lived(settled: Any, months: int = MONTHS, **asked: Any) -> SiexModel:
    model = SiexModel(settled=settled, rng=SEED, **asked)
    for _ in range(months):
        model.step()
    return model


def by_id(households: Households) -> dict[int, bytes]:
    """Records by identity, without the note of how far help came to a household."""
    packed = repack_fields(np.asarray(households)).copy()
    packed["met"], packed["group"] = 0, 0
    return {int(h["id"]): h.tobytes() for h in packed}


@pytest.fixture(scope="module")
def without(settled: Any) -> SiexModel:
    return lived(settled, keep_books=True)


@pytest.fixture(scope="module")
def with_plan(settled: Any, plan: Plan) -> SiexModel:
    return lived(settled, keep_books=True, plan=plan, parameters=UNCOUPLED)


def test_transfers_sum_to_zero_over_payers(with_plan: SiexModel) -> None:
    gains = with_plan.ledger().by_payer()
    for row, (name, item) in enumerate(items.item_table().items()):
        total = gains[:, :, row].sum()
        booked = with_plan.ledger().cents[:, :, row].sum()
        expected = {"transfer": 0, "memo": 0, "production": booked}.get(item.kind, -booked)
        assert total == expected, name


def test_books_of_households_add_up_to_the_ledger(with_plan: SiexModel) -> None:
    """Each household's own running sums make the neighbourhood's; only overhead isn't anybody's."""
    wijk = with_plan.households["wijk"]
    booked = np.array(with_plan.lines_by_month).sum(axis=0)
    for w in range(len(with_plan.place.wijken)):
        own = with_plan.books["cents"][wijk == w].sum(axis=0)
        same = np.array(
            [k not in (items.HELP_COST, items.DIVIDED) for k in range(len(items.ITEMS))]
        )
        assert (own[same] == booked[w][same]).all()
        assert own[items.DIVIDED] == 0
        assert own[items.HELP_COST] <= booked[w][items.HELP_COST]


def test_what_a_household_owns_and_owes_changes_only_by_its_lines(
    settled: Any, with_plan: SiexModel
) -> None:
    now = with_plan.households[: len(settled)]
    books = with_plan.books["cents"][: len(settled)]
    # who died, left or joined another stopped keeping books at that moment, to the cent too
    savings = sum(sign * books[:, item] for item, sign in items.ON_SAVINGS.items())
    debt = sum(sign * books[:, item] for item, sign in items.ON_DEBT.items())
    assert (now["savings"] - settled["savings"] == savings).all()
    assert (now["debt"] - settled["debt"] == debt).all()
    assert np.abs(savings).sum() > 0 and np.abs(debt).sum() > 0


def test_untouched_households_are_equal_to_the_bit_in_both_worlds(
    without: SiexModel, with_plan: SiexModel
) -> None:
    first, second = by_id(without.households), by_id(with_plan.households)
    touched = {int(h["id"]) for h in with_plan.households if (h["help"] != hh.UNTOUCHED).any()}
    assert len(touched) > 10
    # a child that leaves a helped household starts elsewhere with what home gave it
    begun = {int(i) for i in with_plan.households["id"][with_plan.households["came"] > 1464]}
    moved_on = [i for i in first.keys() & second.keys() if first[i] != second[i]]
    assert set(moved_on) <= touched | begun
    assert len(set(moved_on) & begun) <= len(touched)
    assert first.keys() == second.keys()


def test_a_plan_elsewhere_changes_nothing_here(
    settled: Any, without: SiexModel, plan: Plan
) -> None:
    there = plan.model_copy(update={"wijken": ("Noordoost",)})
    model = lived(settled, plan=there, parameters=UNCOUPLED)
    wijk = model.place.wijk("Noordoost")
    other = np.arange(len(model.place.wijken)) != wijk
    assert (model.ledger().cents[:, other] == without.ledger().cents[:, other]).all()
    assert (model.ledger().cents[:, wijk] != without.ledger().cents[:, wijk]).any()


@pytest.mark.parametrize("name", ["Noordoost", "Centrum"])
def test_one_wijk_alone_lives_as_it_does_in_the_whole(
    settled: Any, without: SiexModel, place: Place, name: str
) -> None:
    wijk = place.wijk(name)
    alone = lived(settled[settled["wijk"] == wijk].copy())
    assert (alone.ledger().cents[:, wijk] == without.ledger().cents[:, wijk]).all()
    here = by_id(without.households[without.households["wijk"] == wijk])
    assert by_id(alone.households) == here


def test_the_order_of_households_does_not_matter(settled: Any, plan: Plan) -> None:
    straight = lived(settled, months=8, plan=plan)
    turned = lived(settled[::-1].copy(), months=8, plan=plan)
    known = by_id(settled)
    a, b = by_id(straight.households), by_id(turned.households)
    assert {i: a[i] for i in known} == {i: b[i] for i in known}


def test_totals_follow_the_path_of_the_place(without: SiexModel, place: Place) -> None:
    for k, census in enumerate(without.census_by_month):
        wanted = place.households_at(without.start + k) / SAMPLE
        # the census is of the month; who moves in at its end counts from the next
        assert abs(census["households"].sum() - wanted.sum()) < 0.02 * wanted.sum()
        assert (np.abs(census["households"] - wanted) <= 4 + 0.05 * wanted).all()


def test_parts_sum_to_the_whole(without: SiexModel) -> None:
    frame = without.ledger().frame()
    assert frame["eur"].sum() == pytest.approx(split(without.ledger().cents).sum() / 100)


def test_interpreted_rules_give_the_bits_of_compiled_ones(settled: Any, tmp_path: Any) -> None:
    """The same rules with compilation off, so that debuggers see what runs do."""
    few = settled[:: len(settled) // 40].copy()
    np.save(tmp_path / "few.npy", np.asarray(few))
    code = (
        "import sys, hashlib, numpy as np\n"
        "from siexsim.model import SiexModel\n"
        "few = np.load(sys.argv[1]).view(np.recarray)\n"
        "model = SiexModel(settled=few, rng=3)\n"
        "model.here[:] = False\n"
        "for _ in range(3): model.step()\n"
        "n = len(few)\n"
        "from tests.conftest import bits\n"
        "print(hashlib.sha256(bits(model.households[:n])).hexdigest(), "
        "int(np.array(model.lines_by_month).sum()))\n"
    )
    said = []
    for disabled in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "few.npy")],
            env={**os.environ, "NUMBA_DISABLE_JIT": disabled},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    assert len(hashlib.sha256(said[0].encode()).hexdigest()) == 64


def test_futures_are_the_same_whatever_the_number_of_processes(plan: Plan) -> None:
    scenario = Scenario(
        name="processes", sample=200, years=2, futures=3,
        plan=plan.model_copy(update={"wijken": ("Noordoost", "Noordwest")}),
    )  # fmt: skip
    here = run_futures(scenario, [1, 2], None, lambda *_: None)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = run_futures(scenario, [1, 2], pool, lambda *_: None)
    for a, b in zip(here, there, strict=True):
        assert a.seed == b.seed
        assert (a.account.returned == b.account.returned).all()
        assert (a.account.invested == b.account.invested).all()


def test_another_seed_gives_other_lives(settled: Any, without: SiexModel) -> None:
    other = SiexModel(settled=settled, rng=SEED + 1)
    for _ in range(3):
        other.step()
    assert (other.ledger().cents != without.ledger().cents[:3]).any()


def test_parameters_reach_the_lives(
    settled: Any, without: SiexModel, parameters: Parameters
) -> None:
    harder = parameters.with_({"work.find_per_year": parameters["work.find_per_year"].low})
    model = lived(settled, parameters=harder)
    assert model.counted("welfare_households") > without.counted("welfare_households")
