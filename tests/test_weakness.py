"""The weakest assumptions: grade times influence, and what the fit taught."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from siexsim.errors import UserError
from siexsim.evidence import Parameter
from siexsim.parameters import Parameters
from siexsim.posterior import Posterior
from siexsim.say_assumptions import print_assumptions
from siexsim.weakness import INFLUENCE, assumption_table, read_influence, weakest_first


def one(name: str, grade: str, fixed: bool = False) -> Parameter:
    return Parameter.model_validate({
        "theme": "work", "name": name, "value": 0.0, "low": 0.0, "high": 1.0, "unit": "share",
        "source": "M01", "grade": grade, "used_in": "rules/work.py", "meaning": name,
        "betekenis": name, "fixed": fixed,
    })  # fmt: skip


KNOWN = Parameters(
    {
        p.key: p
        for p in (one("law", "assumption", True), one("sure", "A"), one("guess", "assumption"),
                  one("study", "C"), one("idle", "D"))
    },
    {},
)  # fmt: skip
MEASURED = pd.DataFrame(
    {"influence": [0.4, 0.1, 0.0, 0.12], "visible": [True, True, False, True], "futures": 300},
    index=["work.sure", "work.guess", "work.idle", "work.study"],
)
FITTED = Posterior(
    ("work.guess", "work.study"),
    np.column_stack([np.linspace(0.2, 0.3, 101), np.linspace(0.0, 1.0, 101)]),
    np.full(101, 1 / 101), {}, "0" * 12,
)  # fmt: skip


def names(table: pd.DataFrame) -> list[str]:
    return table["name"].tolist()


def test_weakest_is_grade_times_influence() -> None:
    table = assumption_table(KNOWN, fitted=FITTED, influence=MEASURED)
    weak = table.set_index("name")["weakness"]
    assert weak["guess"] == pytest.approx(5 * 0.1) and weak["sure"] == pytest.approx(0.4)
    assert names(weakest_first(table)) == ["guess", "sure", "study", "idle", "law"]


def test_without_a_measurement_the_poorest_evidence_comes_first() -> None:
    table = assumption_table(KNOWN)
    assert table["influence"].isna().all() and table["fitted_p50"].isna().all()
    assert names(weakest_first(table)) == ["guess", "idle", "study", "sure", "law"]


def test_how_much_narrower_the_fit_made_it() -> None:
    table = assumption_table(KNOWN, fitted=FITTED).set_index("name")
    # a triangle that falls from 0 to 1 has its share u at 1 - sqrt(1 - u)
    before = math.sqrt(0.95) - math.sqrt(0.05)
    assert table.loc["guess", "fitted_p50"] == pytest.approx(0.25)
    assert table.loc["guess", "narrower_share"] == pytest.approx(1 - 0.0909 / before, abs=1e-4)
    assert table.loc["study", "narrower_share"] < 0
    assert np.isnan(table.loc["sure", "narrower_share"])


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_what_is_printed(capsys: pytest.CaptureFixture[str], lang: str) -> None:
    print_assumptions(assumption_table(KNOWN, fitted=FITTED, influence=MEASURED), lang, True)
    out = " ".join(capsys.readouterr().out.split())
    assert "1. work.guess" in out and "5. work.law" in out and "nan" not in out
    for words in {
        "en": ("88% narrower", "wider than before", "influence of 3 of these 5", "10.0% of the"),
        "nl": ("88% smaller", "breder dan eerst", "3 van deze 5 getallen", "10,0% van de"),
    }[lang]:
        assert words in out
    print_assumptions(assumption_table(KNOWN), lang, True)
    assert "python -m calibration influence" in " ".join(capsys.readouterr().out.split())


def test_a_broken_table_is_said_in_one_line(tmp_path: Path) -> None:
    assert read_influence(tmp_path) is None
    (tmp_path / INFLUENCE).write_text("parameter,x\nwork.a,1\n")
    with pytest.raises(UserError, match="measure it anew"):
        read_influence(tmp_path)
    (tmp_path / INFLUENCE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="measure it anew"):
        read_influence(tmp_path)


def test_the_packaged_table_is_about_numbers_that_exist() -> None:
    found = read_influence()
    if found is not None:
        assert found.index.is_unique and found["influence"].between(0, 1).all()
