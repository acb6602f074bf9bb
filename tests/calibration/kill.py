"""Kill a fit at random moments; see whether it ends with the posterior of an undisturbed one.

python -m tests.calibration.kill                a toy city, twenty kills
python -m tests.calibration.kill --groningen    the model itself, in a very small fit
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from calibration.fit import Settings, fit_groningen
from tests.calibration import toy

Fit = Callable[[Path], None]
POSTERIOR = ("posterior.parquet", "posterior.json")
TINY = Settings(
    seed=3, sample=400, workers=2, waves=(6, 6), draws=6, seeds=2, noise_seeds=2, cities=2,
    city_seeds=1,
)  # fmt: skip


def fit_toy(folder: Path) -> None:
    toy.fit_and_write(folder / "runs", folder / POSTERIOR[0])


def fit_tiny(folder: Path) -> None:
    fit_groningen(TINY, folder / "runs", folder, folder / POSTERIOR[0])


def kill(fit: Fit, folder: Path, kills: int, longest: float, seed: int) -> list[int]:
    """Start a fit and kill it (SIGKILL), again and again; batches of runs there after each kill.

    Moments are spread evenly over `longest` seconds after each start. A fit that has come to its
    end before its moment begins anew, with the runs that it has.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.calibration.kill"])
    batches: list[int] = []
    for moment in np.random.default_rng(seed).uniform(0, longest, kills):
        process = context.Process(target=fit, args=(folder,))
        process.start()
        process.join(float(moment))
        process.kill()
        process.join()
        batches.append(len(list(folder.glob("runs/*.parquet"))))
    return batches


def same(one: Path, other: Path) -> bool:
    """Whether two folders have the same posterior, to the last byte."""
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in POSTERIOR)


def main() -> int:
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--kills", type=int, default=20)
    top.add_argument("--longest", type=float, default=10.0, help="seconds after a start")
    top.add_argument("--groningen", action="store_true")
    asked = top.parse_args()
    fit = fit_tiny if asked.groningen else fit_toy
    with tempfile.TemporaryDirectory() as name:
        killed, undisturbed = Path(name, "killed"), Path(name, "undisturbed")
        for folder in (killed, undisturbed):
            folder.mkdir()
        batches = kill(fit, killed, asked.kills, asked.longest, seed=1)
        sys.stdout.write(f"batches of runs after each kill: {batches}\n")
        for folder in (killed, undisturbed):
            process = multiprocessing.get_context("spawn").Process(target=fit, args=(folder,))
            process.start()
            process.join()
        alike = same(killed, undisturbed)
    sys.stdout.write(f"{asked.kills} kills; posterior {'the same' if alike else 'NOT the same'}\n")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
