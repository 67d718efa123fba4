"""For how long a measurement is shown: twice the planned spacing of its reads, within bounds.

So a reading at noon alone is not shown until sunset, and a spacing of two hours leaves no gaps.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ..schedule.calls import Kind, Slot

SHORTEST_LIFETIME: Final = timedelta(minutes=90)
LONGEST_LIFETIME: Final = timedelta(hours=2, minutes=30)
LONGEST_DC_LIFETIME: Final = timedelta(hours=6)  # of DC values of panels, which are read less often
NIGHT_SAMPLE: Final = timedelta(minutes=30)  # after it, a power that was still sampled is 0
AVAILABLE_FOR: Final = timedelta(hours=48)
AVAILABLE_SOLAR_HOURS: Final = timedelta(hours=8)


def lifetime(slots: Iterable[Slot], kinds: Iterable[Kind], target: str = "", *, is_dc: bool = False) -> timedelta:
    """Return for how long samples of a day are shown that calls of some kinds, about a device or any, bring."""
    longest = LONGEST_DC_LIFETIME if is_dc else LONGEST_LIFETIME
    kinds = frozenset(kinds)
    times = sorted({slot.at for slot in slots if slot.call.kind in kinds and target in {"", slot.call.target}})
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps:
        return longest
    return min(max(SHORTEST_LIFETIME, 2 * max(gaps)), longest)


def is_fresh(sampled: datetime | None, now: datetime, lifetime: timedelta) -> bool:
    """Return whether a sample is young enough to be shown."""
    return sampled is not None and now - sampled <= lifetime
