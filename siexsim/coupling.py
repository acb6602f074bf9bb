"""What households take from one another: homes and jobs. The only coupling but the budget.

Each month's expected numbers are summed over all households, and what help takes lowers the
chances of everybody else in proportion. With nothing taken, the factors are exactly one.
"""

from __future__ import annotations

from typing import Any

from siexsim import household as hh
from siexsim.compiled import kernel
from siexsim.rules.life import PER_MONTH
from siexsim.rules.work import finding_chance, is_working


@kernel
def expected_homes(households: Any, rows: Any, where: Any, p: Any, c: Any) -> Any:
    """Homes found this month on average without help: in the wijken of `where`, and in all."""
    here, everywhere = 0.0, 0.0
    for j in range(len(rows)):
        h = households[rows[j]]
        yearly = 0.0
        if h.home == hh.UNFIT:
            yearly = p.housing.unfit_solved_per_year
        elif h.home == hh.LOST:
            yearly = p.housing.rehoused_per_year
        if h.student == 0 and yearly > 0.0:
            everywhere += yearly
            if where[h.wijk]:
                here += yearly
    return here * c.rehousing * PER_MONTH, everywhere * c.rehousing * PER_MONTH


@kernel
def expected_jobs(households: Any, rows: Any, p: Any, c: Any) -> Any:
    """Jobs found this month on average: by all, and the part that is due to help."""
    total, extra = 0.0, 0.0
    for j in range(len(rows)):
        h = households[rows[j]]
        if h.student == 1:
            continue
        for a in range(hh.MAX_ADULTS):
            position = h.position[a]
            idle = position == hh.NO_INCOME or hh.WW <= position <= hh.DISABILITY
            if h.birth[a] == hh.NO_BIRTH or is_working(position) or not idle:
                continue
            chance = finding_chance(h, a, p, c)
            total += chance
            if h.find_factor > 1.0:
                extra += chance * (1.0 - 1.0 / h.find_factor)
    return total, extra


def left_over(expected: float, taken: float, share: float) -> float:
    """Factor on everybody's chance after `taken` of the `expected` went to others.

    >>> left_over(100.0, 20.0, 1.0), left_over(100.0, 20.0, 0.0), left_over(0.0, 2.0, 1.0)
    (0.8, 1.0, 0.0)
    """
    if taken * share <= 0:
        return 1.0
    return max(0.0, 1.0 - share * taken / expected) if expected > 0 else 0.0
