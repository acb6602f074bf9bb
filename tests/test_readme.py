"""The README's script runs as printed, and what it points to exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run_as_printed() -> None:
    script = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert script is not None
    done = subprocess.run(
        [sys.executable, "-c", script.group(1)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "municipality" in done.stdout and "household" in done.stdout


def test_files_it_names_exist() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"experiments/scenarios/\w+\.toml", README):
        assert (ROOT / path).exists(), path
