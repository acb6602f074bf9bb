"""Studies beside a known truth: a trial is right on average, before-and-after isn't."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from siexsim import household as hh
from siexsim import knowledge, monitoring
from siexsim.household import month_number
from siexsim.model import SiexModel
from siexsim.monitoring import ALL, Study, compare, mark_of, study, study_eur
from siexsim.panel import COMPARISON, CONTROL, MARKS, STARTED, Panel
from siexsim.parameters import Parameters
from siexsim.place import Place
from siexsim.plan import Monitoring, Plan
from siexsim.run import World, live, live_worlds
from siexsim.scenario import Scenario
from tests.conftest import SEED
from tests.offers import offering, planned

PACKAGED = Parameters.packaged()
STRONG = offering(
    gift={"numbers": {
        "support_eur_per_year": 6000, "relief_money": 0.3, "relief_wellbeing": 0.3,
        "relief_housing": 0.3, "relief_work": 0.3, "fade_per_year": 0.01,
    }},
)  # fmt: skip
SEEDS = range(1, 25)


def a_world(settled: Any, plan: Plan, seed: int, months: int, p: Parameters = PACKAGED) -> World:
    model = SiexModel(settled=settled, rng=seed, plan=plan, parameters=p, keep_books=True)
    return live(model, months)


# ---- a known truth -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(settled: Any) -> pd.DataFrame:
    """The same trial of a strong help under many seeds; all designs look at it."""
    plan = planned(
        STRONG, mix={"gift": 1.0}, budget_eur_per_year=1e8, start="2022-07", end="2022-12",
        monitoring={"design": "trial", "followed": 100_000},
    )  # fmt: skip
    tables = []
    for seed in SEEDS:
        world = a_world(settled, plan, seed, 25, STRONG)
        tables.append(monitoring.monitoring_table(world).assign(seed=seed))
    table = pd.concat(tables)
    return table[table["intervention"] == "gift"]


def biases(many: pd.DataFrame, design: str, outcome: str) -> Any:
    return many[(many["design"] == design) & (many["outcome"] == outcome)]["bias"].to_numpy()


def off_by_errors(values: Any) -> float:
    """How many standard errors the mean lies from zero."""
    return float(abs(values.mean()) / (values.std(ddof=1) / np.sqrt(len(values))))


def test_the_help_of_these_studies_is_strong(many: pd.DataFrame) -> None:
    true = many[many["design"] == "trial"].groupby("outcome", observed=True)["truth"].mean()
    assert true["municipality_eur"] < -3000 and true["stress"] > 0.1
    assert many["people"].min() > 20


@pytest.mark.parametrize("outcome", monitoring.OUTCOMES)
def test_a_trial_is_right_on_average(many: pd.DataFrame, outcome: str) -> None:
    assert off_by_errors(biases(many, "trial", outcome)) < 3


def test_intervals_of_a_trial_hold_the_truth(many: pd.DataFrame) -> None:
    held = many[many["design"] == "trial"].groupby("outcome", observed=True)["holds_truth"].mean()
    assert held.mean() > 0.85 and held.min() > 0.7


def test_before_and_after_counts_as_effect_what_would_have_come_anyway(many: pd.DataFrame) -> None:
    """People are found when they are poor; many would not have stayed so."""
    off = biases(many, "before_after", "poor")
    assert off.mean() > 0.02 and off_by_errors(off) > 5
    own = many[(many["design"] == "before_after") & (many["outcome"] == "poor")]
    assert (own["anyway"] > 0).mean() > 0.9
    assert off == pytest.approx(own["anyway"].to_numpy())  # poverty is registered without error
    assert own["holds_truth"].mean() < 0.5


def test_a_matched_comparison_is_nearer_than_before_and_after(many: pd.DataFrame) -> None:
    plain = abs(biases(many, "before_after", "poor").mean())
    assert abs(biases(many, "matched", "poor").mean()) < plain


def test_what_was_reported_is_truth_and_what_would_have_come_anyway(many: pd.DataFrame) -> None:
    for outcome in ("public_eur", "municipality_eur", "poor"):
        for design in ("before_after", "matched", "trial"):
            own = many[(many["design"] == design) & (many["outcome"] == outcome)]
            both = (own["truth"] + own["anyway"]).to_numpy()
            assert own["reported"].to_numpy() == pytest.approx(both, abs=1e-6), (design, outcome)
    noisy = many[many["outcome"] == "stress"]
    assert not np.allclose(noisy["bias"], noisy["anyway"])


def test_not_everybody_answers(many: pd.DataFrame) -> None:
    share = PACKAGED.value("help.survey_reply_share")
    assert many["reply_share"].mean() == pytest.approx(share, abs=0.08)


# ---- by hand -----------------------------------------------------------------------------------


def by_hand() -> Panel:
    """Two participants and two who wait, with round figures after a year."""
    panel, people = Panel(), hh.empty(4)
    people["id"], people["state"] = [1, 2, 3, 4], hh.PRESENT
    from siexsim import items

    books = items.lines(4)
    before = np.full((2, 7), 0.0)
    before[:, 1] = [-1000, -3000]
    panel.enrol([0, 1], 0, STARTED, 100, people, books, before, pairs=monitoring.IN_TRIAL)
    panel.enrol([2, 3], 0, CONTROL, 100, people, books, np.full((2, 7), np.nan))
    mark = mark_of(12)
    panel.seen["there"] = True
    panel.seen["gains"][:, mark, 1] = [-500, -1500, -2000, -2600]
    panel.seen["poor"][:, 0] = True
    panel.seen["poor"][:, mark] = [False, True, True, True]
    panel.twin_seen["gains"][:2, mark, 1] = [-900, -2300]
    panel.twin_seen["poor"][:2, mark] = [True, True]
    return panel


def test_studies_by_hand() -> None:
    panel = by_hand()
    found = {
        design: compare(panel, study(panel, ALL, Monitoring(design=design), 112), PACKAGED, 1)
        for design in ("before_after", "trial")
    }
    assert found["before_after"].effect["public_eur"] == 1000  # -1,000 from -2,000 a year before
    assert found["before_after"].effect["municipality_eur"] == 0
    assert found["trial"].effect["public_eur"] == 1300  # -1,000 against -2,300
    assert found["trial"].effect["poor"] == 0.5
    # spreads of 500 twice 707 and 424 over the root of two
    assert found["trial"].error["public_eur"] == pytest.approx(np.hypot(500, 300))
    true = monitoring.truth(panel, np.arange(2), mark_of(12))
    assert true["public_eur"].tolist() == [400, 800] and true["poor"].tolist() == [1, 0]


def test_nobody_is_looked_at_before_the_time() -> None:
    panel = by_hand()
    assert len(study(panel, ALL, Monitoring(design="trial"), 111).participants) == 0
    assert len(study(panel, ALL, Monitoring(design="trial"), 112).participants) == 2
    early = compare(panel, study(panel, ALL, Monitoring(design="trial"), 111), PACKAGED, 1)
    assert early.people == 0 and np.isnan(early.effect["public_eur"])


def test_who_had_help_before_is_in_no_study() -> None:
    panel = by_hand()
    panel.subjects["first"][0] = False
    assert study(panel, ALL, Monitoring(design="before_after"), 112).participants.tolist() == [1]


@pytest.mark.parametrize(("months", "mark"), [(6, 6), (11, 6), (12, 12), (23, 12), (36, 36)])
def test_studies_look_at_the_last_mark_within_their_time(months: int, mark: int) -> None:
    assert MARKS[mark_of(months)] == mark


def test_what_a_study_costs() -> None:
    four = Study("matched", mark_of(12), np.arange(2), np.arange(2))
    yearly = PACKAGED.value("help.monitoring_eur_per_year")
    assert study_eur(four, 12, PACKAGED) == PACKAGED.value("monitoring.matched_eur") + 4 * yearly
    assert study_eur(four, 6, PACKAGED, 2.0) == 2 * (25_000 + 2 * yearly)
    by_design = [PACKAGED.value(f"monitoring.{d}_eur") for d in monitoring.DESIGNS]
    assert by_design == sorted(by_design)


# ---- worlds ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    plan = Plan(
        mix={"debt_relief": 0.5, "job_guidance": 0.5}, budget_eur_per_year=1e6, start="2022-07",
        end="2023-12", wijken=("Noordoost", "Centrum"),
    )  # fmt: skip
    return Scenario(name="a study", years=3, sample=100, seed=SEED, plan=plan)


def test_a_trial_has_a_world_of_its_own(settled: Any, place: Place, scenario: Scenario) -> None:
    assert scenario.plan is not None
    world = a_world(settled, scenario.plan, SEED, 36)
    trial = live_worlds(scenario, place, PACKAGED, SEED, settled, True, ("trial",))["trial"]
    table = monitoring.monitoring_table(world, trial)
    assert list(table["design"].unique()) == list(monitoring.DESIGNS)
    assert list(table["intervention"].unique()) == ["debt_relief", "job_guidance", "all"]
    assert len(table) == 3 * 3 * 4
    assert set(monitoring.monitoring_table(world)["design"]) == {"before_after", "matched"}
    names = [place.wijken[w] for w in np.unique(trial.households["wijk"])]
    assert set(names) == {"Noordoost", "Centrum"}
    trials = table[(table["design"] == "trial") & (table["intervention"] == "all")]
    assert (trials["others"] > 0).all()


def test_the_best_help_ranks_first(settled: Any) -> None:
    p = offering(
        work={"eligible": ["welfare"], "numbers": {
            "find_late_factor": 10, "find_lasts_months": 60, "price_start_eur": 100,
        }},
        alms={"eligible": ["welfare"], "numbers": {"support_eur_per_year": 3000}},
        never={"eligible": ["welfare"], "numbers": {"reach_per_month": 0}},
    )  # fmt: skip
    plan = planned(
        p, mix={"alms": 0.4, "work": 0.4, "never": 0.2}, budget_eur_per_year=5e6,
        start="2022-03", end="2023-12",
    )  # fmt: skip
    world = a_world(settled, plan, SEED, 40, p)
    returns = monitoring.true_returns(world)
    assert returns["work"] > 1 > 0 > returns["alms"] and np.isnan(returns["never"])
    assert monitoring.ranking_of(world) == ("work", "alms", "never")


def test_plans_under_other_knowledge(plan: Plan) -> None:
    ways = {way: knowledge.plan_for(plan, way) for way in knowledge.WAYS}
    assert ways["fixed"].monitoring.design == "none" == ways["perfect"].monitoring.design
    assert ways["learning_trial"].monitoring.design == "trial"
    assert {w.allocation for w in ways.values()} == {"fixed", "learning", "perfect"}
    revolving = plan.changed(revolving_share=0.5)
    assert knowledge.plan_for(revolving, "fixed").monitoring == revolving.monitoring


def test_the_value_of_knowledge_is_set_against_the_fixed_plan(scenario: Scenario) -> None:
    table = knowledge.value_of_knowledge(scenario, [0])
    assert len(table) == len(knowledge.WAYS) * len(knowledge.MEASURES)
    by = table.set_index(["way", "measure"])
    fixed = by.loc["fixed"]
    assert (fixed[["difference_middle", "difference_low", "difference_high"]] == 0).all(axis=None)
    for measure in knowledge.MEASURES:
        got = by.loc[("learning_trial", measure)]
        expected = got["middle"] - fixed.loc[measure, "middle"]
        assert got["difference_middle"] == pytest.approx(expected)
    cost = by.xs("measuring_eur", level="measure")["middle"]
    assert cost["fixed"] == 0 == cost["perfect"]
    assert cost["learning_matched"] > cost["learning_before_after"] > 0


def test_bands_are_over_futures() -> None:
    runs = pd.DataFrame([
        {"future": n, "way": way, **dict.fromkeys(knowledge.MEASURES, base + n)}
        for n in range(11)
        for way, base in zip(knowledge.WAYS, (0, 10, 20, 30, 40), strict=True)
    ])  # fmt: skip
    table = knowledge.knowledge_table(runs).set_index(["way", "measure"])
    got = table.loc[("perfect", "stress_years")]
    assert (got["low"], got["middle"], got["high"]) == (41, 45, 49)
    assert (got["difference_low"], got["difference_high"]) == (40, 40)


# ---- the waiting list --------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [4e6, 1e8])
def test_who_waits_by_lot_waits_its_time_and_then_starts_first(settled: Any, budget: float) -> None:
    p = offering(talk={"numbers": {"reach_per_month": 0.2}})
    months = 12
    plan = planned(
        p, mix={"talk": 1.0}, budget_eur_per_year=budget / 4, start="2022-02", end="2024-12",
        monitoring={"design": "trial", "followed": 4000, "months": months},
    )  # fmt: skip
    model = SiexModel(settled=settled, rng=SEED, plan=plan, parameters=p, keep_books=True)
    promised: dict[int, int] = {}
    came_first = 0
    for _ in range(36):
        before, month = model.households["help"][:, 0].copy(), model.month
        known = len(model.course.starts)
        model.step()
        started = set(model.course.starts["row"][known:].tolist())
        assert not any(promised.get(row, 0) > month for row in started)
        due = {row for row, until in promised.items() if until <= month}
        now = model.households
        waits_still = (now["help"][:, 0] == hh.WAITING) & (now["state"] == hh.PRESENT)
        passed_over = {r for r in due - started if before[r] == hh.WAITING and waits_still[r]}
        assert not (passed_over and started - due), hh.month_text(month)
        came_first += len(due & started)
        subjects = model.course.cohort.panel.subjects
        waits = subjects[(subjects["arm"] == CONTROL) & (subjects["enrolled"] == month)]
        assert not set(waits["row"].tolist()) & set(promised)  # nobody draws lots twice
        promised |= {int(row): month + months for row in waits["row"]}
        # who wasn't poor any more when its time came has no claim any more
        promised = {
            r: until for r, until in promised.items()
            if r not in started and (until > month or waits_still[r])
        }  # fmt: skip
    assert came_first > 3


def test_as_many_start_as_wait(settled: Any) -> None:
    p = offering(talk={})
    plan = planned(
        p, mix={"talk": 1.0}, budget_eur_per_year=1e7, start="2022-02", end="2022-12",
        monitoring={"design": "trial", "followed": 3000},
    )  # fmt: skip
    subjects = a_world(settled, plan, SEED, 12, p).course.cohort.panel.subjects
    by_lot = (subjects["arm"] == STARTED) & (subjects["pair"] == monitoring.IN_TRIAL)
    waits = subjects["arm"] == CONTROL
    assert by_lot.sum() == waits.sum() == 30
    for month in np.unique(subjects["enrolled"]):
        now = subjects["enrolled"] == month
        assert (by_lot & now).sum() == (waits & now).sum()


def test_matched_others_are_never_helped_and_not_the_same(settled: Any, plan: Plan) -> None:
    panel = a_world(settled, plan, SEED, 30).course.cohort.panel
    one = study(panel, ALL, Monitoring(design="matched"), month_number("2024-07"))
    assert len(one.others) == len(one.participants) > 10
    assert (panel.subjects["arm"][one.others] == COMPARISON).all()
    assert not panel.seen["helped"][one.others, one.mark].any()
    assert (panel.subjects["pair"][one.others] == one.participants).all()
    assert (panel.subjects["row"][one.others] != panel.subjects["row"][one.participants]).all()
    assert (panel.subjects["kind"][one.others] == panel.subjects["kind"][one.participants]).all()
