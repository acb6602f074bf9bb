"""Homes and jobs: what help takes, others miss; with nothing taken, nobody notices."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest

from siexsim import coupling
from siexsim import household as hh
from siexsim.context import month_context
from siexsim.model import SiexModel
from siexsim.parameters import Parameters
from siexsim.plan import Plan
from tests.conftest import SEED
from tests.rules.conftest import NOW, crowd

PACKAGED = Parameters.packaged()
VALUES = PACKAGED.compiled()
CONTEXT = month_context(NOW, 1, PACKAGED)


def test_the_examples_work() -> None:
    assert doctest.testmod(coupling).failed == 0


def test_homes_that_come_free_are_those_that_seekers_find_on_average() -> None:
    people = hh.empty(60)
    people["home"][:24], people["home"][24:30] = hh.UNFIT, hh.LOST
    people["wijk"] = np.arange(60) % 2
    where = np.array([True, False])
    here, everywhere = coupling.expected_homes(people, np.arange(60), where, VALUES, CONTEXT)
    yearly = 24 * PACKAGED.value("housing.unfit_solved_per_year")
    yearly += 6 * PACKAGED.value("housing.rehoused_per_year")
    assert everywhere == pytest.approx(yearly / 12)
    assert here == pytest.approx(yearly / 24)


def test_extra_jobs_are_what_help_adds_to_finding() -> None:
    people = crowd(3000, 4)
    rows = np.arange(3000)
    total, extra = coupling.expected_jobs(people, rows, VALUES, CONTEXT)
    assert extra == 0 < total
    people["find_factor"][:1000] = 1.25
    more, extra = coupling.expected_jobs(people, rows, VALUES, CONTEXT)
    assert more - total == pytest.approx(extra, rel=0.02)  # but for the chance cut off at 0.9


def badly_housed(settled: Any) -> Any:
    """A town in which every other household that isn't of students lacks a fitting home."""
    people = settled.copy()
    people["home"][::2] = hh.UNFIT
    return people


def after(settled: Any, months: int = 30, **changes: float) -> SiexModel:
    plan = Plan(
        mix={"house": 0.5, "job_guidance": 0.5}, budget_eur_per_year=4e7, start="2022-01",
        end="2024-12", wijken=("Noordoost", "Noordwest"),
    )  # fmt: skip
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    model = SiexModel(
        settled=settled, rng=SEED, plan=plan, parameters=PACKAGED.with_(changed), keep_books=True
    )
    for _ in range(months):
        model.step()
    return model


def unhelped(model: SiexModel) -> Any:
    there = np.asarray(model.households)[model.rows]
    return there[there["helped"] == 0]


def test_a_home_given_in_one_place_is_one_less_elsewhere(settled: Any) -> None:
    generous = {"house__reach_per_month": 0.1, "help__homes_share": 0.3}
    town = badly_housed(settled)
    free = after(town, help__homes_taken_share=0.0, **generous)
    scarce = after(town, help__homes_taken_share=1.0, **generous)
    assert (free.course.starts["kind"] == 0).sum() > 3
    lacking = [np.isin(unhelped(m)["home"], (hh.UNFIT, hh.LOST)).sum() for m in (free, scarce)]
    assert lacking[1] > lacking[0]


def test_no_more_homes_are_given_than_come_free(settled: Any) -> None:
    town = badly_housed(settled)
    model = after(town, house__reach_per_month=0.1)
    started = int((model.course.starts["kind"] == 0).sum())
    # at the start most homes are sought, so most come free; fewer in every later month
    here, _ = coupling.expected_homes(
        town, np.arange(len(town)), model.course.open, VALUES, CONTEXT
    )
    assert 0 < started <= PACKAGED.value("help.homes_share") * here * 30 + 1


def test_displacement_is_off_unless_asked_for(settled: Any) -> None:
    assert PACKAGED.value("help.jobs_taken_share") == 0
    strong = {"job_guidance__reach_per_month": 0.06, "help__homes_taken_share": 0.0}
    off, on = after(settled, **strong), after(settled, help__jobs_taken_share=0.5, **strong)
    working = [np.isin(unhelped(m)["position"], (1, 2, 3)).sum() for m in (off, on)]
    assert working[1] <= working[0]
    alone = SiexModel(settled=settled, rng=SEED)
    for _ in range(30):
        alone.step()
    same = np.intersect1d(unhelped(off)["id"], settled["id"])
    first, second = (
        {int(h["id"]): (int(h["savings"]), int(h["position"][0])) for h in np.asarray(p)}
        for p in (off.households, alone.households)
    )
    assert all(first[int(i)] == second[int(i)] for i in same)
