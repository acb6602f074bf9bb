"""The only randomness: draws keyed by seed, household, decision and month.

Every draw is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as
easy as 1, 2, 3") of the counter (household, month, slot // 4) under the key (seed). So the
same family meets the same luck in every world, whoever else is simulated and in any order.
One slot is one decision; it is named here once and never used for another.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from siexsim.compiled import kernel, rule

BLOCK: Final = (
    128  # records whose draws are filled at once; they stay in the processor's first cache
)

# Drawn for every household, every month. A rule that needs more after an event of chance p < u
# rescales the same draw (u / p is again uniform), see ``rest``.
SLOTS: Final = 20
(
    LIFE, ILLNESS, WORKING, SECOND_WORKING, WELFARE_CLAIM, BILL, CLAIM_CLOSED, DEBT_COURSE,
    DWELLING, CHILD, MENTAL_CARE, WMO, YOUTH_CARE, ALLOWANCES, EARNING, NOISE,
) = range(16)  # fmt: skip
# NOISE and the four slots after it are the noise of the five domains

# Slots outside the month: asked for one at a time, by whoever needs them.
NEW_CLAIM: Final = 60
CONTRACT: Final = 62  # whose energy price follows the market
OWN_NEEDS: Final = 63  # how dear the home and the rest are, beside others of the same kind
SURVEY: Final = 61  # who answers a survey, and how far the answer is off
HELP_FIRST: Final = 64  # eight decisions of help per intervention: HELP_FIRST + 8 * row + which
HELP_REACH, HELP_ACCEPT, HELP_ORDER, HELP_COURSE, HELP_SUCCESS, HELP_ARM = range(6)
MOST_INTERVENTIONS: Final = 16
ARRIVAL_FIRST: Final = 192  # decisions about a household that arrives
POPULATION_FIRST: Final = 256  # decisions of the synthesis
FUTURE_FIRST: Final = 1024  # parameters of a future

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW32 = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_TO_UNIT = 2.0**-32
_SIGN = 2147483648


@rule
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Ten rounds of Philox4x32 on 32-bit words held in 64 bits; returns four words."""
    for _ in range(10):
        a = _M0 * c0
        b = _M1 * c2
        c0, c1, c2, c3 = (b >> _HALF) ^ c1 ^ k0, b & _LOW32, (a >> _HALF) ^ c3 ^ k1, a & _LOW32
        k0 = (k0 + _W0) & _LOW32
        k1 = (k1 + _W1) & _LOW32
    return c0, c1, c2, c3


@rule
def unit(word: Any) -> float:
    """Turn a 32-bit word into a number strictly between 0 and 1."""
    # through a signed 32-bit number: the only conversion that common processors vectorise
    return (np.float64(np.int32(np.int64(word) - _SIGN)) + (_SIGN + 0.5)) * _TO_UNIT


@rule
def _fill_four(
    ids: Any, count: int, month: Any, group: Any, k0: Any, k1: Any, w: Any, x: Any, y: Any, z: Any
) -> None:
    # four plain rows and nothing else in the loop, else it isn't vectorised
    for i in range(count):
        a, b, c, d = philox(ids[i] & _LOW32, ids[i] >> _HALF, month, group, k0, k1)
        w[i] = unit(a)
        x[i] = unit(b)
        y[i] = unit(c)
        z[i] = unit(d)


@kernel
def fill(
    out: NDArray[np.float64], ids: NDArray[np.uint64], count: int, seed: Any, month: int
) -> None:
    """Fill out[slot, i] with the month's draws of the first `count` identities."""
    k0 = np.uint64(seed) & _LOW32
    k1 = np.uint64(seed) >> _HALF
    for group in range(SLOTS // 4):
        g = 4 * group
        rows = out[g], out[g + 1], out[g + 2], out[g + 3]
        _fill_four(ids, count, np.uint64(month), np.uint64(group), k0, k1, *rows)


@rule
def rest(draw: float, chance: float) -> float:
    """What is left of a draw after an event of this chance happened: uniform on (0, 1) again."""
    return draw / chance


@rule
def one(seed: Any, identity: Any, month: int, slot: int) -> float:
    """One draw, for a decision that few households face."""
    s = np.uint64(seed)
    i = np.uint64(identity)
    words = philox(
        i & _LOW32, i >> _HALF, np.uint64(month), np.uint64(slot // 4), s & _LOW32, s >> _HALF
    )
    which = slot % 4
    if which == 0:
        return unit(words[0])
    if which == 1:
        return unit(words[1])
    if which == 2:
        return unit(words[2])
    return unit(words[3])


@kernel
def _uniform(out: Any, seed: Any, identities: Any, month: int, slot: int) -> None:
    for i in range(len(identities)):
        out[i] = one(seed, identities[i], month, slot)


def uniform(
    seed: int, identities: NDArray[np.uint64], month: int, slot: int
) -> NDArray[np.float64]:
    """Draw one number in (0, 1) per identity; shape as `identities` (one axis)."""
    identities = np.ascontiguousarray(identities, np.uint64)
    out = np.empty(len(identities))
    _uniform(out, np.uint64(seed), identities, month, slot)
    return out


@kernel
def _derive(out: Any, parents: Any, month: int, event: int) -> None:
    for i in range(len(parents)):
        p = parents[i]
        a, b, _, _ = philox(
            p & _LOW32, p >> _HALF, np.uint64(month), np.uint64(event), _W0, _M0 & _LOW32
        )
        out[i] = (a << _HALF) | b


def derive(parents: NDArray[np.uint64], month: int, event: int) -> NDArray[np.uint64]:
    """Identities of newcomers, from their parents' identity, the month and the kind of event."""
    parents = np.ascontiguousarray(parents, np.uint64)
    out = np.empty(len(parents), np.uint64)
    _derive(out, parents, month, event)
    return out


def stable_number(text: str) -> int:
    """A 64-bit number from a text, the same in every process and on every machine."""
    number = 0xCBF29CE484222325  # FNV-1a
    for byte in text.encode():
        number = ((number ^ byte) * 0x100000001B3) % 2**64
    return number
