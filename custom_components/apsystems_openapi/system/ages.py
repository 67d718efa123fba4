"""For how long a measurement is shown, and from when on a day without a sample is unknown and not 0.

A measurement is shown for twice the planned spacing of its reads, within bounds: a reading at noon alone is not shown
until sunset, and a spacing of two hours leaves no gaps. At night a power that was sampled a short time ago is still
shown, and any other is 0; all other measurements are unknown.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ..schedule.calls import Kind, Purpose, Slot
from ..schedule.options import LONGEST_INTERVAL
from ..schedule.sun import Span
from .clock import Clock

SHORTEST_LIFETIME: Final = timedelta(minutes=90)
LONGEST_LIFETIME: Final = timedelta(hours=2, minutes=30)
LONGEST_DC_LIFETIME: Final = timedelta(hours=6)  # of DC values of panels, which are read less often
NIGHT_SAMPLE: Final = timedelta(minutes=30)  # after it, a power that was still sampled is 0
AVAILABLE_FOR: Final = timedelta(hours=48)
AVAILABLE_SOLAR_HOURS: Final = timedelta(hours=8)
READS_WITHOUT_SAMPLE: Final = 3
FIRST_SAMPLES: Final = timedelta(hours=1)  # after sunrise, in which the cloud may have none yet
ANSWER: Final = timedelta(minutes=5)  # from when a read falls due to its answer, generously
_OF_ENERGY: Final = frozenset({Kind.SUMMARY, Kind.ECU_DAY, Kind.HOURLY})


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


def is_power_fresh(sampled: datetime | None, clock: Clock, lifetime: timedelta) -> bool:
    """Return whether the power of a sample is shown; `lifetime` is by day."""
    return is_fresh(sampled, clock.now, lifetime if clock.is_daylight else NIGHT_SAMPLE)


def shown_power(power_w: float | None, *, is_fresh: bool, is_daylight: bool) -> float | None:
    """Return the power to show of a system, an inverter or a panel: without a fresh sample unknown, and 0 at night."""
    return power_w if is_fresh and power_w is not None else None if is_daylight else 0.0


def is_day_unknown(slots: Iterable[Slot], clock: Clock) -> bool:
    """Return whether a day that has no sample so far is unknown: three reads of its energy have fallen due."""
    return reads_due(slots, clock) >= READS_WITHOUT_SAMPLE


def reads_due(slots: Iterable[Slot], clock: Clock) -> int:
    """Return how many reads of the day's energy have fallen due, whether they were made or not.

    Reads in the first hour after sunrise do not count. A month without calls has no reads, or few: there one counts
    every two hours, as far apart as reads are at most.
    """
    daylight = clock.today.daylight
    if daylight is None or clock.now < daylight.start + FIRST_SAMPLES:
        return 0
    sunlit = Span(start=daylight.start + FIRST_SAMPLES, end=min(clock.now - ANSWER, daylight.end))
    planned = {slot.at for slot in slots if _is_of_energy(slot) and slot.day == clock.day and slot.at in sunlit}
    return max(len(planned), sunlit.length // LONGEST_INTERVAL + 1)


def _is_of_energy(slot: Slot) -> bool:
    return slot.call.kind in _OF_ENERGY and slot.purpose is not Purpose.HISTORY
