"""The fixed schedule: a table that ignores the calls that are left in the month.

| call | when (the site's time) | until |
|---|---|---|
| hourly energy of the system | every interval within the solar hours | the next one is due |
| summary | with the last of these | one interval later |
| telemetry, one call for each inverter | 12:30 | sunset |
| batch power, one call for each ECU | 23:00, or at the end of the solar hours if later | five minutes later |

Meters and batteries have the calls of `house.py`.

In polar night there is one summary at noon. An interval that is to be found automatically is the smallest whole minute
with which this table stays under 90 % of the quota in the busiest month of the year, within 30 minutes and 2 hours.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from .calls import Call, Kind, Plant, Slot
from .house import house_calls, house_slots
from .options import LONGEST_INTERVAL, SHORTEST_INTERVAL, Options
from .quota import Budget
from .sun import NOON, Site, Span, solar_day

HEADROOM: Final = 0.9
TELEMETRY_AT: Final = time(12, 30)
BATCH_AT: Final = time(23)
BATCH_WINDOW: Final = timedelta(minutes=5)
_BY_IMPORTANCE: Final = (
    Kind.SUMMARY,
    Kind.BATCH_POWER,
    Kind.STORAGE_DAY,
    Kind.METER_DAY,
    Kind.STORAGE_SUMMARY,
    Kind.METER_SUMMARY,
    Kind.STORAGE_STATE,
    Kind.TELEMETRY,
)


def fixed_plan(day: date, site: Site, plant: Plant, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a site day by the table, in the order in which they fall due."""
    sun = solar_day(site, day, options)
    house = house_slots(house_calls(plant), sun)
    if sun.hours is None or sun.daylight is None:
        return tuple(sorted([noon_summary(day, site), *house]))
    polls = poll_times(sun.hours, options.interval)
    ends = [*polls[1:], polls[-1] + options.interval]
    slots = [Slot(at=at, until=end, call=Call(kind=Kind.HOURLY), day=day) for at, end in zip(polls, ends, strict=True)]
    slots.append(Slot(at=polls[-1], until=ends[-1], call=Call(kind=Kind.SUMMARY), day=day))
    slots += telemetry(day, site, sun.daylight, plant.inverters)
    at = max(site.at(day, BATCH_AT), sun.hours.end).astimezone(UTC)
    slots += [
        Slot(at=at, until=at + BATCH_WINDOW, call=Call(kind=Kind.BATCH_POWER, target=eid), day=day)
        for eid in plant.ecus
    ]
    return tuple(sorted([*slots, *house]))


def thinned(slots: tuple[Slot, ...], daily: float, budget: Budget) -> tuple[Slot, ...]:
    """Return what remains of a day's table once the month is nearly spent: polls farther apart, then fewer duties.

    The summary stays. `daily` is what a day may spend so that the month ends within its quota.
    """
    if daily >= len(slots) or not budget.is_nearly_spent:
        return slots
    allowed = max(1, int(daily))
    duties = [slot for slot in slots if slot.call.kind is not Kind.HOURLY]
    duties.sort(key=lambda slot: _BY_IMPORTANCE.index(slot.call.kind))
    duties = duties[: max(1, allowed // 2)]
    polls = [slot for slot in slots if slot.call.kind is Kind.HOURLY]
    number = min(len(polls), allowed - len(duties))
    kept = [polls[len(polls) * (2 * n + 1) // (2 * number)] for n in range(number)]
    return tuple(sorted([*duties, *kept]))


def noon_summary(day: date, site: Site) -> Slot:
    """Return the one call of a day in polar night."""
    noon = site.at(day, NOON).astimezone(UTC)
    return Slot(at=noon, until=noon + LONGEST_INTERVAL, call=Call(kind=Kind.SUMMARY), day=day)


def telemetry(day: date, site: Site, daylight: Span, inverters: tuple[str, ...]) -> list[Slot]:
    """Return the calls for inverters' telemetry; one that is missed can be made until sunset."""
    at = site.at(day, TELEMETRY_AT).astimezone(UTC)
    until = max(daylight.end.astimezone(UTC), at + SHORTEST_INTERVAL)
    return [Slot(at=at, until=until, call=Call(kind=Kind.TELEMETRY, target=uid), day=day) for uid in inverters]


def poll_times(hours: Span, interval: timedelta) -> list[datetime]:
    """Return the times of a day's polls: from the start of the solar hours on, an interval apart, in UTC."""
    start = hours.start.astimezone(UTC)
    return [start + n * interval for n in range(hours.length // interval + 1)]


def sized(year: int, site: Site, plant: Plant, options: Options) -> tuple[Options, int]:
    """Return the options with the interval that applies, and the calls that the busiest month then takes.

    Looks at the sun of every day of the year.
    """
    months = _solar_lengths(year, site, options)
    daily = 1 + len(plant.inverters) + len(plant.ecus) + len(house_calls(plant))

    def busiest(interval: timedelta) -> int:
        return max(sum(length // interval + 1 + daily for length in month) for month in months)

    if not options.automatic:
        return options, busiest(options.interval)
    interval = SHORTEST_INTERVAL
    while interval < LONGEST_INTERVAL and busiest(interval) >= HEADROOM * options.monthly_quota:
        interval += timedelta(minutes=1)
    return replace(options, interval=interval), busiest(interval)


def _solar_lengths(year: int, site: Site, options: Options) -> list[list[timedelta]]:
    """Return the length of each day's solar hours, by month."""
    firsts = [date(year + n // 12, n % 12 + 1, 1) for n in range(13)]
    return [
        [
            hours.length
            for n in range((after - first).days)
            if (hours := solar_day(site, first + timedelta(days=n), options).hours)
        ]
        for first, after in pairwise(firsts)
    ]
