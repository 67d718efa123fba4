"""The calls of a day for meters and batteries, and for the totals of inverters.

| call | when (the site's time) |
|---|---|
| a meter's or battery's curve of yesterday, for its hours | 01:10 |
| a meter's curve of today, for its figures and powers; twice | after 3/10 and 7/10 of the solar hours |
| a battery's charge, mode and powers; twice | after 3/10 and 7/10 of the solar hours |
| the summary of either, for lifetime and today | at the end of the solar hours |
| the summary of an inverter, once a month for each | at the end of the solar hours |

In polar night days have the same calls, as if the sun rose at 8:00 and set at 16:00.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from math import floor
from typing import Final

from .calls import Call, Kind, Plant, Slot
from .quota import Budget
from .sun import LAST_CLOSING, SolarDay, Span

YESTERDAY_AT: Final = time(1, 10)
READ_AT: Final = (0.3, 0.7)  # of the solar hours
TOTALS_PART: Final = 0.05  # of the quota
_DARK_DAY: Final = (time(8), time(16))
_WINDOW: Final = timedelta(hours=2)
_DAY: Final = timedelta(days=1)
_LONGEST_MONTH: Final = 31
_SHORTEST_MONTH: Final = 28


class Part(Enum):
    """When of a day a call is made; the first are needed most."""

    YESTERDAY = 0
    CLOSE = 1
    FIRST_READ = 2
    SECOND_READ = 3


_KINDS: Final = {
    Part.YESTERDAY: (Kind.STORAGE_DAY, Kind.METER_DAY),
    Part.CLOSE: (Kind.STORAGE_SUMMARY, Kind.METER_SUMMARY),
    Part.FIRST_READ: (Kind.STORAGE_STATE, Kind.METER_DAY),
    Part.SECOND_READ: (Kind.STORAGE_STATE, Kind.METER_DAY),
}

_READS: Final = frozenset({Part.FIRST_READ, Part.SECOND_READ})

type HouseCall = tuple[Part, Call]


def house_calls(plant: Plant, *, is_live: bool = False) -> list[HouseCall]:
    """Return a day's calls for meters and batteries; a meter is judged by what the battery took and gave.

    Where reads are planned and those of a meter show the production as well, they are among these.
    """
    calls = []
    for part, (of_battery, of_meter) in _KINDS.items():
        calls += [(part, Call(kind=of_battery, target=eid)) for eid in plant.batteries]
        if not (is_live and plant.meters_read_production and part in _READS):
            calls += [(part, Call(kind=of_meter, target=eid)) for eid in plant.meters]
    return calls


def house_slots(calls: Iterable[HouseCall], sun: SolarDay) -> list[Slot]:
    """Return when calls of a day are made."""
    site, day, slots = sun.site, sun.day, list[Slot]()
    hours = _hours(sun)
    midnight = site.midnight(day + _DAY).astimezone(UTC)
    for part, call in calls:
        at = _time(part, hours, sun)
        asked = day - _DAY if part is Part.YESTERDAY else day
        slots.append(Slot(at=at, until=min(at + _WINDOW, midnight), call=call, day=asked))
    return slots


def totals_slots(sun: SolarDay, plant: Plant, budget: Budget) -> list[Slot]:
    """Return the calls for inverters' totals, the oldest first: a small part of the quota, evenly over the days."""
    daily = TOTALS_PART * budget.size / _LONGEST_MONTH
    day = sun.day.toordinal()
    number = floor((day + 1) * daily) - floor(day * daily)
    closing = _time(Part.CLOSE, _hours(sun), sun)
    midnight = sun.site.midnight(sun.day + _DAY).astimezone(UTC)
    calls = (Call(kind=Kind.INVERTER_SUMMARY, target=uid) for uid in plant.totals[:number])
    return [Slot(at=closing, until=min(closing + _WINDOW, midnight), call=call, day=sun.day) for call in calls]


def with_totals_of(plant: Plant, day: date) -> Plant:
    """Return the plant as it is on a day of any month: each inverter's totals are due once a month."""
    due = (uid for n, uid in enumerate(plant.inverters) if n % _SHORTEST_MONTH == day.day - 1)
    return replace(plant, totals=tuple(due))


def _hours(sun: SolarDay) -> Span:
    if sun.hours is not None:
        return sun.hours
    start, end = (sun.site.at(sun.day, at) for at in _DARK_DAY)
    return Span(start=start, end=end)


def _time(part: Part, hours: Span, sun: SolarDay) -> datetime:
    match part:
        case Part.YESTERDAY:
            at = sun.site.at(sun.day, YESTERDAY_AT)
        case Part.CLOSE:
            at = min(hours.end, sun.site.at(sun.day, LAST_CLOSING))
        case _:
            at = hours.start + READ_AT[part is Part.SECOND_READ] * hours.length
    return at.astimezone(UTC).replace(second=0, microsecond=0)
