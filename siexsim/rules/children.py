"""Children: how they develop at home, and the schooling with which they leave (process 8)."""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim.compiled import rule
from siexsim.draws import CHILD
from siexsim.rules.life import PER_MONTH


@rule
def develop(h: Any, p: Any, draw: Any) -> None:
    """Development drifts to what home offers: schooling, a house, little stress (rows M17-M19)."""
    if h.kids == 0:
        return
    q = p.children
    schooling = 0.5 * (h.education[0] - 1)
    if h.birth[1] != hh.NO_BIRTH:
        schooling += 0.5 * (h.education[1] - 1)
    else:
        schooling *= 2.0
    target = (
        q.parents_schooling * schooling
        - q.housing_slope * (h.stress[hh.HOUSING] - p.stress.ordinary)
        - q.money_slope * (h.stress[hh.MONEY] - p.stress.ordinary)
        - q.wellbeing_slope * (h.stress[hh.WELLBEING] - p.stress.ordinary)
    )
    pull = q.pull_per_year * PER_MONTH
    shared = q.noise_width * (draw[CHILD] - 0.5)
    for k in range(hh.MAX_CHILDREN):
        if h.child_birth[k] != hh.NO_BIRTH:
            # siblings share the month's luck with changing sign, so that they grow apart
            sign = 1.0 if (k + h.child_birth[k]) % 2 == 0 else -1.0
            moved = h.development[k] + pull * (target - h.development[k]) + sign * shared
            h.development[k] = min(4.0, max(-4.0, moved))
