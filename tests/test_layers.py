"""Imports point one way: data -> place -> population -> month -> ledger -> result -> screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parent.parent / "siexsim"
ORDER = [
    "errors", "texts", "compiled", "household", "draws", "evidence", "interventions", "shocks",
    "parameters", "posterior", "weakness",
    "items", "place", "margins", "people", "schooling", "livelihoods", "circumstances",
    "population_fit", "population", "backdate",
    "rules.life", "rules.work", "rules.income", "rules.money", "rules.housing", "rules.stress",
    "rules.children", "rules.services", "rules.course", "help", "census", "rules.month",
    "context", "arrivals", "ledger", "plan", "coupling", "panel", "matching", "twins",
    "monitoring", "cohort", "deciding", "course", "model", "scenario", "own_numbers", "elicit",
    "account", "returns", "grex",
    "run", "knowledge", "worlds", "indicators", "photo", "participants", "spread", "hiding",
    "protected", "protected_people", "disclosure", "tables", "summary", "sheet", "maps",
    "plots_participants", "plots_stress", "plots", "result", "events", "telling", "lives", "story",
    "council.figures", "council.look",
    "council.said", "council.people", "council.money", "council.say", "council.questions",
    "council", "sweep.levers", "sweep.outcomes", "sweep.live", "sweep.design", "sweep.store",
    "sweep.executors", "sweep.runs", "sweep.stamp", "sweep.study", "sweep.folder",
    "say", "say_photo", "say_assumptions", "say_checks",
    "app.words", "app.screen", "app.captions", "report.behind", "report.content",
    "report.gathered", "report.webpage", "report.pdf", "report.workbook", "report.make",
    "app.drawing", "app.tasks", "app.worker", "app.jobs", "app.planfile", "app.planform",
    "app.prices", "app.guards", "app.site", "app.pages_plan", "app.comparing",
    "app.pages_result", "app.mapping", "app.pages_map", "app.pages_more", "app.server",
    "commands.form", "commands.running", "commands.sweeping", "commands.checking",
    "commands.serving", "commands",
    "cli", "__main__",
]  # fmt: skip
SEEN_BY_PEOPLE = {"cli", "say", "__main__"}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        name = ".".join(path.relative_to(LIBRARY).with_suffix("").parts)
        if not name.endswith("__init__"):
            found[name] = path
    return found


def imports(path: Path) -> set[str]:
    """Modules of the library that a file imports when it is loaded or run."""
    wanted = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if "TYPE_CHECKING" not in ast.dump(node)[:80]]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("siexsim"):
            base = (node.module or "").removeprefix("siexsim").lstrip(".")
            for alias in node.names:
                full = f"{base}.{alias.name}".lstrip(".")
                wanted.add(full if full in modules() else base)
        elif isinstance(node, ast.Import):
            wanted |= {a.name.removeprefix("siexsim.") for a in node.names if "siexsim." in a.name}
    return wanted - {"", "rules"}


def test_every_module_has_its_place_in_the_order() -> None:
    assert set(modules()) <= set(ORDER), set(modules()) - set(ORDER)


@pytest.mark.parametrize("name", sorted(modules()))
def test_no_import_points_back(name: str) -> None:
    back = {other for other in imports(modules()[name]) if ORDER.index(other) >= ORDER.index(name)}
    assert not back, f"{name} imports {back}"


def test_mesa_is_known_in_one_file() -> None:
    knowing = [name for name, path in modules().items() if "import mesa" in path.read_text()]
    assert knowing == ["model"]


def test_randomness_comes_from_the_keyed_draws_alone() -> None:
    for name, path in modules().items():
        text = path.read_text(encoding="utf-8")
        assert "default_rng(" not in text and "import random" not in text, name
        assert "np.random." not in text or name == "draws", name


def test_nothing_prints_but_what_people_see() -> None:
    for name, path in modules().items():
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls or name in SEEN_BY_PEOPLE, name


def test_files_stay_readable() -> None:
    for name, path in modules().items():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 420, name
