"""The command line: exit codes, one line for every mistake, and both languages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import siexsim
from siexsim import cli, plots, result

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "experiments" / "scenarios" / "noordoost.toml"
QUICK = [
    "--sample", "200", "--years", "2", "--futures", "2", "--workers", "1", "--uncalibrated",
]  # fmt: skip
DUTCH_ONLY = re.compile(r"\b(Gebruik|Opties|toon|huishouden)\b")
ENGLISH_ONLY = re.compile(r"\b(Usage|Options|Arguments|Commands|show|household|default|required)\b")


@pytest.fixture(autouse=True)
def english(monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIEXSIM_LANG", "en")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """A scenario whose budget reaches some of a small sample."""
    path = tmp_path_factory.mktemp("scenario") / "big.toml"
    content = EXAMPLE.read_text(encoding="utf-8").replace("500000", "20000000")
    path.write_text(content.replace('wijken = ["Noordoost"]', ""), encoding="utf-8")
    return path


def tried(capsys, *arguments):
    code = cli.execute([str(a) for a in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("command", [(), *((name,) for name in cli.COMMANDS)])
def test_help_in_both_languages(capsys, command):
    code, out, err = tried(capsys, *command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: siexsim") and not DUTCH_ONLY.search(out)
    code, out, err = tried(capsys, *command, "--help", "--lang", "nl")
    assert (code, err) == (0, "")
    assert out.startswith("Gebruik: siexsim") and not ENGLISH_ONLY.search(
        re.sub(r"siexsim \w+|^  (show|run) |--\w+", "", out, flags=re.MULTILINE)
    )
    assert all(len(line) <= 80 for line in out.splitlines())


def test_no_command_shows_help(capsys):
    code, out, err = tried(capsys)
    assert (code, err) == (0, "")
    assert out.strip() == tried(capsys, "--help")[1].strip()


def test_help_follows_the_variable(capsys, monkeypatch):
    monkeypatch.setenv("SIEXSIM_LANG", "nl")
    assert tried(capsys, "run", "--help")[1].startswith("Gebruik")


def test_version(capsys):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == siexsim.__version__
    for arguments in (["version"], ["--version"]):
        code, out, _ = tried(capsys, *arguments)
        assert (code, out) == (0, f"siexsim {siexsim.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["run"], "something is missing: SCENARIO; siexsim run --help explains"),
        (["run", EXAMPLE, "--smaple", "3"], "unknown option '--smaple'"),
        (["run", EXAMPLE, "more"], "too many words"),
        (["run", EXAMPLE, "--out"], "option '--out' needs a value"),
        (["run", "nothing.toml"], "nothing.toml: there is no such file"),
        (["run", ROOT], "this is a folder"),
        (["run", EXAMPLE, "--years", "x"], "--years: 'x' is not a whole number; 1 or more"),
        (["run", EXAMPLE, "--years", "26"], "--years is 26; at most 25"),
        (["run", EXAMPLE, "--sample", "0"], "--sample: '0'"),
        (["run", EXAMPLE, "--seed", "-1"], "--seed: '-1' is not a whole number; 0 or more"),
        (["run", EXAMPLE, "--workers", "0"], "--workers: '0'"),
        (["run", EXAMPLE, "--effects", "ip"], "did you mean 'ipw'?"),
        (["run", EXAMPLE, "--out", EXAMPLE], "this is a file; --out needs a folder"),
        (["run", EXAMPLE, "--out", "a\0b"], "can't write here"),
        (["show", "nothing"], "no such folder"),
        (["show", ROOT], "no result here"),
        (["assumptions", "--theme", "wrk"], "unknown theme 'wrk'; did you mean 'work'?"),
        (["assumptions", "--grade", "E"], "unknown grade 'E'"),
        (["assumptions", "--csv", "/nowhere/x.csv"], "can't write this file"),
        (["--lang", "de"], "'de' is not a language"),
        (["run", EXAMPLE, "--lang"], "option '--lang' needs a value"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, arguments, line):
    code, out, err = tried(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and err.startswith("Error: ")
    assert line in err


def test_mistakes_in_dutch(capsys):
    assert tried(capsys, "rnu", "--lang", "nl")[2].startswith("Fout: onbekende opdracht 'rnu'")
    assert "bedoelde u 'work'?" in tried(capsys, "assumptions", "--theme", "wrk", "--lang=nl")[2]


def test_assumptions(capsys, tmp_path):
    code, out, err = tried(capsys, "assumptions", "--theme", "work", "--grade", "c")
    assert (code, err) == (0, "")
    assert "work.lose_flex_per_year" in out and "evidence: C" in out
    assert "life." not in out
    path = tmp_path / "list.csv"
    code, out, _ = tried(capsys, "assumptions", "--csv", path, "--lang", "nl")
    assert code == 0 and "kans per jaar; bandbreedte" in out
    assert path.read_text(encoding="utf-8-sig").startswith("theme,name,value")
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]


def test_a_run_from_file_to_folder(capsys, scenario, tmp_path):
    """All of it, figures too, as a user calls it."""
    out = tmp_path / "deep" / "results"
    own = ["--set", "work.lose_flex_per_year=0.2"]
    code, said, progress = tried(capsys, "run", scenario, "--out", out, *QUICK, *own)
    assert code == 0, progress
    assert progress.splitlines() == [
        "Making the households ...", "The years without the plan ...",
        "The years with the plan ...", "The plan as a study with lots ...", "Other futures ...",
        "Writing tables and figures ...",
    ]  # fmt: skip
    (folder,) = out.iterdir()
    names = {p.name for p in folder.iterdir()}
    assert {f"{t}.parquet" for t in result.TABLES} <= names
    assert {"manifest.json", "summary.json", "figures"} <= names
    for kind in ("account-nl.svg", "account-en.png", "people-nl.png", "map-en.svg"):
        assert (folder / "figures" / kind).stat().st_size > 0
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["months"], summary["futures"], summary["sample"]) == (24, 2, 200)
    for words in ("People in poverty", "Invested", "municipality", "Paid back", str(folder)):
        assert words in said
    assert "Nothing is calibrated" in said and "'evidence'" in said
    assert "Your own numbers: work.lose_flex_per_year 0.2." in said
    code, shown, _ = tried(capsys, "show", folder)
    assert (code, shown) == (0, said)
    code, dutch, _ = tried(capsys, "show", folder, "--lang", "nl")
    assert code == 0 and "Mensen in armoede" in dutch and "gekalibreerd" in dutch
    code, foto, _ = tried(capsys, "show", folder, "--wijk", "beijum", "--year", 2023)
    assert code == 0 and foto.startswith("Wijkfoto of Noordoost, start of 2023")
    assert "nan" not in foto
    code, foto, _ = tried(capsys, "show", folder, "--wijk", "Ten Post", "--lang", "nl")
    assert code == 0 and "te weinig om te tonen" in foto and "nan" not in foto


def test_an_interrupted_run_leaves_nothing(capsys, scenario, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(plots, "draw_all", interrupt)
    code, out, err = tried(capsys, "run", scenario, "--out", tmp_path, *QUICK)
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "Stopped; nothing is left half done."
    assert list(tmp_path.iterdir()) == []


def test_a_refused_run_makes_no_folder(capsys, tmp_path):
    out = tmp_path / "results"
    assert tried(capsys, "run", EXAMPLE, "--out", out, "--years", "99")[0] == 2
    assert not out.exists()


def test_a_plan_that_nobody_fits_is_said(capsys, scenario, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "draw_all", lambda *_: [])
    path = tmp_path / "poor.toml"
    path.write_text(scenario.read_text().replace("20000000", "1"), encoding="utf-8")
    code, out, _ = tried(capsys, "run", path, "--out", tmp_path / "r", *QUICK)
    assert code == 0 and "Nobody could start" in out and "Paid back" not in out


def test_the_module_and_help_are_quick_to_import():
    """Help must not wait for the compiler; numba, mesa and pandas come in with a run."""
    code = (
        "import sys, siexsim.cli as c; c.execute(['run', '--help']);"
        "print(sorted({'numba', 'mesa', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_names_for_users_are_there():
    assert set(siexsim.__all__) <= set(dir(siexsim))
    for name in siexsim.__all__:
        assert getattr(siexsim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        siexsim.nothing  # noqa: B018


def test_every_option_is_explained_in_both_catalogues():
    for lang in ("nl", "en"):
        assert cli.build(lang).registered_commands
