"""What a study varies, what its runs are called, and a sweep of the model itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from siexsim.account import VIEWS
from siexsim.errors import UserError
from siexsim.household import month_number
from siexsim.interventions import NUMBERS
from siexsim.parameters import EFFECT_SETS, Parameters, override_set
from siexsim.run import run_future
from siexsim.scenario import Scenario
from siexsim.sweep import live
from siexsim.sweep.folder import Sweep
from siexsim.sweep.levers import scaled
from siexsim.sweep.outcomes import outcome, paid_back
from siexsim.sweep.stamp import simulate, sources, stamp
from siexsim.sweep.study import OUTCOMES, Study, check, in_order, read_study

ROOT = Path(__file__).parent.parent
STUDIES = ROOT / "experiments" / "studies"
SCENARIO = ROOT / "experiments" / "scenarios" / "noordoost.toml"
STUDY = f"""
name = "Klein"
scenarios = ["{SCENARIO}"]
sample = 200
years = 3
[design]
points = 3
[levers]
mix = ["debt_relief", "job_guidance"]
plan.budget_eur_per_year = {{ low = 2_000_000, high = 8_000_000, log = true }}
plan.target = ["first_come", "prevention"]
[uncertainties]
futures = 2
effects = ["evidence", "ipw"]
"""


FREE = next(
    key for key, one in Parameters.packaged().items()
    if one.theme == "work" and not one.fixed and key not in Scenario(name="x").posterior().settled
)  # fmt: skip
HELD = next(iter(override_set("ipw")))


def written(folder: Path, text: str = STUDY, **changes: str) -> Path:
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def with_lines(folder: Path, old: str, new: str) -> Path:
    assert old in STUDY
    return written(folder, STUDY.replace(old, new))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return read_study(written(tmp_path_factory.mktemp("study")))


# ---- what is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_studies_that_come_along_can_be_read(path):
    study = read_study(path)
    assert len(study.points()) > 1 and len(study.cells()) >= 1


def test_every_run_says_what_it_is(study):
    runs = list(study.runs("s"))
    assert len(runs) == 3 * 2 * 2
    first = runs[0]
    assert first.inputs["effects"] == "evidence" and first.inputs["future"] == 1
    shares = [first.inputs[f"mix.{name}"] for name in ("debt_relief", "job_guidance")]
    assert sum(shares) == pytest.approx(1)
    plan = first.task["scenario"]["plan"]
    assert plan["mix"]["debt_relief"] == shares[0]
    assert plan["budget_eur_per_year"] == first.inputs["plan.budget_eur_per_year"]
    assert 2e6 <= plan["budget_eur_per_year"] <= 8e6
    assert plan["target"] == first.inputs["plan.target"]
    assert {run.task["scenario"]["effects"] for run in runs} == {"evidence", "ipw"}


def test_a_name_follows_from_all_that_a_run_depends_on(study):
    names = {run.name for run in study.runs("s")}
    assert len(names) == 12
    assert names == {run.name for run in study.runs("s")}
    assert not names & {run.name for run in study.runs("another program")}
    # the same runs under another name, and among more of them, are the same
    more = study.uncertainties.model_copy(update={"futures": 5})
    other = study.model_copy(update={"name": "Anders", "uncertainties": more})
    assert names < {run.name for run in other.runs("s")}


def test_what_is_kept_of_a_study_is_the_study(study):
    kept = Study.model_validate_json(json.dumps(study.model_dump(mode="json")))
    assert kept == study
    assert [run.name for run in kept.runs("s")] == [run.name for run in study.runs("s")]


def test_runs_of_a_future_follow_each_other(study):
    futures = [run.inputs["future"] for run in in_order(list(study.runs("s")))]
    assert futures == sorted(futures)


def test_uncertainties_may_be_drawn_by_the_design(tmp_path):
    text = STUDY + 'drawn = true\nparameters = ["work.*", "help.take_up_top"]\n'
    with pytest.raises(UserError, match=r"unknown parameter 'help\.take_up_top'"):
        read_study(written(tmp_path, text))
    text = STUDY + 'drawn = true\nparameters = ["work.*"]\n'
    study = read_study(written(tmp_path, text))
    assert study.cells() == [("noordoost", "own", "own")]
    factors = study.factors()
    assert {one.group for one in factors} == {
        "mix", "plan.budget_eur_per_year", "plan.target", "effects", "work", "dummy",
    }  # fmt: skip
    run = next(study.runs("s"))
    assert run.task["moved"] == {
        name.removeprefix("parameters."): value
        for name, value in run.inputs.items() if name.startswith("parameters.")
    }  # fmt: skip
    assert run.task["scenario"]["effects"] == run.inputs["effects"]


def test_numbers_and_luck_may_be_drawn_by_the_design(tmp_path):
    text = STUDY.replace("futures = 2", "futures = 1\ndrawn_from = 40")
    study = read_study(written(tmp_path, text.replace("points = 3", "points = 8")))
    assert {"numbers", "luck"} < {one.group for one in study.factors()}
    first = [run for run in study.runs("s") if run.inputs["effects"] == "evidence"]
    for run in first:
        assert run.task["numbers"] == int(run.inputs["numbers"])
        assert run.task["future"] == int(run.inputs["luck"])
        assert run.inputs["future"] == 1
    assert len({run.task["future"] for run in first}) == len(first) == 8
    both = text.replace("futures = 1", "futures = 2")
    with pytest.raises(UserError, match="with 'drawn_from', 'futures' is 1"):
        read_study(written(tmp_path, both))


def test_luck_and_numbers_are_told_apart_in_a_run(tmp_path):
    study = read_study(with_lines(tmp_path, "sample = 200", "sample = 20"))
    task = next(study.runs(stamp())).task
    settled = {
        (luck, numbers): simulate({**task, "future": luck, "numbers": numbers})["end_eur_public"]
        for luck in (1, 2) for numbers in (1, 2)
    }  # fmt: skip
    assert len(set(settled.values())) == 4


def test_what_was_fitted_only_moves_together(tmp_path):
    study = read_study(written(tmp_path, STUDY + 'parameters = ["work.*"]\n'))
    fitted = Scenario(name="x").posterior()
    moved = {one.name.removeprefix("parameters.") for one in study.factors() if one.group == "work"}
    assert moved and not moved & fitted.settled
    assert any(name.startswith("work.") for name in fitted.settled)
    with pytest.raises(UserError, match=r"'wrok\.\*' finds no number to vary"):
        read_study(written(tmp_path, STUDY + 'parameters = ["wrok.*"]\n'))
    with pytest.raises(UserError, match="all runs start from the same households"):
        read_study(written(tmp_path, STUDY + 'parameters = ["population.*"]\n'))


def test_pure_mixes_come_first_and_a_grid_has_every_combination(tmp_path):
    study = read_study(with_lines(tmp_path, "points = 3", "points = 3\npure = true"))
    shares = [[point["mix.debt_relief"], point["mix.job_guidance"]] for point in study.points()]
    np.testing.assert_allclose(shares[:2], [[1, 0], [0, 1]], atol=1e-8)
    assert len(shares) == 5
    first, second = study.points()[:2]
    budget = "plan.budget_eur_per_year"
    assert first[budget] == second[budget] == pytest.approx(4e6)  # the middle of 2 to 8 million
    assert first["plan.target"] == second["plan.target"] == "first_come"
    text = STUDY.replace("points = 3", 'method = "grid"')
    text = text.replace('mix = ["debt_relief", "job_guidance"]', "price.all = [0.5, 1]")
    text = text.replace("{ low = 2_000_000, high = 8_000_000, log = true }", "[1_000_000]")
    points = read_study(written(tmp_path, text)).points()
    assert len(points) == 4 and "dummy" not in points[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("plan.target", "plan.targt", "unknown lever 'targt'; did you mean 'target'"),
        ('"prevention"', '"prevntion"', "plan.target"),
        ('"job_guidance"', '"job_guidence"', "unknown intervention 'job_guidence'"),
        ("high = 8_000_000", "high = 1_000_000", "must be less than 'high'"),
        ("futures = 2", "futures = 0", "greater than or equal to 1"),
        ("points = 3", 'method = "sobol"\npoints = 3', "power of two"),
        ("points = 3", 'method = "grid"', "a grid needs choices"),
        ("[design]", 'outcomes = ["paid_back_gemeente_within_3"]\n[design]', "unknown outcome"),
        (str(SCENARIO), "nowhere.toml", "nowhere.toml"),
        ("[design]", "[desing]", "desing"),
        ("name =", "name", "line"),
        ("[design]", "outcomes = []\n[design]", "at least one is needed"),
        ("[design]", 'outcomes = ["end_eur_publc"]\n[design]', "did you mean 'end_eur_public'"),
        ("[design]", 'outcomes = ["poverty_years_wijk"]\n[design]', "poverty_years_wijk_1"),
        ('"]\nsample', f'", "{SCENARIO}"]\nsample', "there are two called 'noordoost'"),
        ("futures = 2", 'parameters = ["work.*", "work.*"]', "is moved twice, by 'work.*' too"),
        ("futures = 2", f'parameters = ["work.*", "{FREE}"]', f"'{FREE}' is moved twice"),
        ("futures = 2", f'parameters = ["{FREE}", "{FREE}"]', f"by '{FREE}' too"),
        ("futures = 2", 'parameters = ["work.*foo"]', "a pattern is a theme, such as work.*"),
        ("futures = 2", f'parameters = ["{HELD}"]', f"'{HELD}' has a value of its own"),
        (
            "points = 3",
            'method = "morris"\npoints = 3\n[levers.price]\nall = [1, 2, 3, 4, 5]',
            "morris tries 4 options at most; 'price.all' has 5",
        ),
    ],
)
def test_what_is_wrong_in_a_study_is_said_in_one_line(tmp_path, old, new, said):
    with pytest.raises(UserError) as error:
        read_study(with_lines(tmp_path, old, new))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[design]\nmethod = "grid"\n', "a grid needs choices, such as"),
        ("levers = 3\n", "levers: a table is needed"),
        ('[design]\nmethod = "grid"\n[uncertainties]\nfutures = 1\ndrawn_from = 3\n', "not with"),
        ('[design]\nmethod = "morris"\n[uncertainties]\nfutures = 1\ndrawn_from = 3\n', "not with"),
        (
            f"[levers.parameters]\n{FREE} = [0.1]\n[uncertainties]\nparameters = ['{FREE}']\n",
            "is moved twice, by a lever too",
        ),
    ],
)
def test_a_whole_study_that_cannot_be_is_said_in_one_line(tmp_path, text, said):
    with pytest.raises(UserError) as error:
        read_study(written(tmp_path, STUDY.partition("[design]")[0] + text))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("method", ["morris", "sobol", "random"])
def test_no_design_goes_beyond_the_range_of_a_number(tmp_path, method):
    text = STUDY.replace("points = 3", f'method = "{method}"\npoints = 16')
    themes = ("work", "income", "money", "housing", "stress", "children", "prices", "help")
    text += f"parameters = {[f'{theme}.*' for theme in themes]}"
    study = read_study(written(tmp_path, text))
    for one in study.factors():
        if not one.options and not one.is_share:
            values = [point[one.name] for point in study.points()[:200]]
            assert one.low <= min(values) <= max(values) <= one.high, one.name


def test_a_pattern_leaves_alone_what_an_effect_set_of_the_study_says(tmp_path):
    text = STUDY.replace('["evidence", "ipw"]', '["evidence"]') + 'parameters = ["debt_relief.*"]'
    free = {one.name for one in read_study(written(tmp_path, text)).factors()}
    text = text.replace('["evidence"]', '["evidence", "sceptical", "ipw"]')
    both = {one.name for one in read_study(written(tmp_path, text)).factors()}
    said = {f"parameters.{key}" for name in EFFECT_SETS for key in override_set(name)}
    assert both == free - said < free


# ---- what help is worth, supposed ------------------------------------------------------------


def test_help_so_many_times_as_strong_or_as_dear():
    known = Parameters.packaged()
    changed = scaled(known, {"job_guidance": 2.0}, {"all": 0.5, "house": 3.0})
    late, before = "job_guidance.find_late_factor", known.value("job_guidance.find_late_factor")
    assert changed.value(late) == pytest.approx(1 + 2 * (before - 1))
    assert changed.value("house.price_start_eur") == 3 * known.value("house.price_start_eur")
    price = "job_guidance.price_month_eur"
    assert changed.value(price) == known.value(price) / 2
    without = scaled(known, {"all": 0.0}, {})
    for key in ("breakthrough.relief_heaviest", "debt_relief.find_late_factor"):
        assert without.value(key) == NUMBERS[key.partition(".")[2]]
    assert without.value("breakthrough.success_share") == known.value("breakthrough.success_share")
    # a share stays a share
    assert scaled(known, {"all": 100.0}, {}).value("breakthrough.fixes_home") == 1
    same = scaled(known, {"all": 1.0}, {"all": 1.0})
    for key, one in known.items():
        assert same.value(key) == pytest.approx(one.value, abs=1e-12), key


def test_payback_is_not_known_after_the_run_is_over():
    back, watched = [20.0, np.nan, np.nan, 40.0], [30.0, 30.0, np.nan, 60.0]
    table = pd.DataFrame({"payback_months_public": back, "watched_months": watched})
    np.testing.assert_array_equal(paid_back(table, "public", 2), [1, 0, np.nan, 0])
    np.testing.assert_array_equal(paid_back(table, "public", 3), [1, np.nan, np.nan, 0])
    np.testing.assert_array_equal(
        outcome(table, "paid_back_public_within_5"), [1, np.nan, np.nan, 1]
    )
    with pytest.raises(UserError, match="did you mean 'watched_months'"):
        outcome(table, "watched_month")


# ---- the model itself ------------------------------------------------------------------------


def test_what_a_run_goes_through_is_in_its_stamp():
    names = {path.stem for path in sources()}
    assert {"live", "outcomes", "levers", "run", "account", "course", "month", "draws"} <= names
    assert not {"cli", "say", "plots", "study", "folder"} & names


def test_a_run_of_a_sweep_is_the_run_of_that_future(study):
    run = next(run for run in study.runs(stamp()) if run.inputs["future"] == 2)
    live._mine.__dict__.clear()
    came = simulate(run.task)
    again = simulate(run.task)  # with what was kept of the first
    assert json.dumps(came) == json.dumps(again)  # as text, since what isn't a number isn't equal
    check(study.model_copy(update={"outcomes": tuple(came)}))  # a study may ask for all of them
    assert {name for name in OUTCOMES if not name.endswith("_1")} <= set(came)
    account = run_future(Scenario.of(run.task["scenario"]), 2).account
    assert came["invested_eur"] == account.invested.sum() > 0
    for view in VIEWS:
        assert came[f"end_eur_{view}"] == account.end_eur(view)
        assert came[f"deepest_eur_{view}"] == account.deepest_eur(view)
        year = account.balance[view][account.opens + 23]
        assert came[f"balance_eur_{view}_year_2"] == year


def test_another_program_or_other_data_are_refused(study):
    run = next(study.runs("another"))
    with pytest.raises(Exception, match="another version of siexsim"):
        simulate(run.task)


@pytest.mark.slow
def test_the_ema_workbench_gets_the_same_numbers(study, tmp_path):
    """The same plans, run by a peer's workbench instead of by a sweep."""
    em = pytest.importorskip("ema_workbench")
    only = {"futures": 1, "effects": ("evidence",)}
    small = study.model_copy(update={"uncertainties": study.uncertainties.model_copy(update=only)})
    points, cell = small.points(), small.cells()[0]
    sweep = Sweep.begin(small, tmp_path)
    sweep.finish(lambda: ThreadPoolExecutor(1), 1)

    def lived(point: int) -> dict[str, float]:
        asked = small.asked(cell, points[point])
        task = {**asked, "numbers": 1, "future": 1, "stamp": stamp()}
        return {"end": simulate(task)["end_eur_public"]}

    model = em.Model("siexsim", function=lived)
    model.uncertainties = [em.IntegerParameter("point", 0, len(points) - 1)]
    model.outcomes = [em.ScalarOutcome("end")]
    asked = [em.Scenario(str(k), point=k) for k in range(len(points))]
    _, outcomes = em.perform_experiments(model, scenarios=asked)
    assert outcomes["end"].tolist() == sweep.table()["end_eur_public"].tolist()


def test_a_study_that_asks_for_twenty_years_lives_long_enough_to_know():
    """Plans begin some months after a run does, so a run of 20 years can't tell of 20 years."""
    for name in ("mixen_noordoost", "mixen_stad", "waar_hangt_het_van_af"):
        study = read_study(STUDIES / f"{name}.toml")
        for said in study.scenarios.values():
            scenario = Scenario.of(said | {"sample": 1000})
            begins = month_number(scenario.plan.start) - month_number(scenario.start)
            # half a year more, since the first participant may come late
            assert scenario.months() - begins >= 20 * 12 + 6, name


@pytest.mark.slow
@pytest.mark.parametrize(("years", "known"), [(20, False), (22, True), (25, True)])
def test_payback_within_twenty_years_is_known_when_the_run_lasts(tmp_path, years, known):
    path = with_lines(tmp_path, "sample = 200\nyears = 3", f"sample = 1000\nyears = {years}")
    run = next(read_study(path).runs(stamp()))
    table = pd.DataFrame([simulate(run.task)])
    assert (table["watched_months"] >= 240).all() == known
    assert ("balance_eur_public_year_20" in table) == known
    never = table.assign(payback_months_public=np.nan)
    assert np.isnan(paid_back(never, "public", 20)).all() != known
