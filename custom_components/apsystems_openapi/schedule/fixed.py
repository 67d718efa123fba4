"""The fixed schedule: a table that does not look at what is left of the month.

| call | when (the site's time) | until |
|---|---|---|
| hourly energy of the system | every interval within the solar hours | the next one is due |
| summary | with the last of these | one interval later |
| telemetry, one call for each inverter | 12:30 | sunset |
| batch power, one call for each ECU | 23:00, or at the end of the solar hours if later | five minutes later |

In polar night there is one summary at noon. An interval that is to be found automatically is the smallest whole minute
with which this table stays under 90 % of the quota in the busiest month of the year, within 30 minutes and 2 hours.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from .calls import LONGEST_INTERVAL, SHORTEST_INTERVAL, Call, Kind, Options, Plant, Slot
from .quota import Account
from .sun import Site, Span, daylight, solar_hours

HEADROOM: Final = 0.9
NOON: Final = time(12)
TELEMETRY_AT: Final = time(12, 30)
BATCH_AT: Final = time(23)
BATCH_WINDOW: Final = timedelta(minutes=5)
NEARLY_SPENT: Final = 0.15
_NEEDED: Final = (Kind.SUMMARY, Kind.BATCH_POWER, Kind.TELEMETRY)


def fixed_plan(day: date, site: Site, plant: Plant, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a site day by the table, in the order in which they fall due."""
    hours = solar_hours(site, day, options.sunrise_offset, options.sunset_offset)
    light = daylight(site, day)
    if hours is None or light is None:
        return (noon_summary(day, site),)
    polls = poll_moments(hours, options.interval)
    ends = [*polls[1:], polls[-1] + options.interval]
    slots = [Slot(at=at, until=end, call=Call(kind=Kind.HOURLY), day=day) for at, end in zip(polls, ends, strict=True)]
    slots.append(Slot(at=polls[-1], until=ends[-1], call=Call(kind=Kind.SUMMARY), day=day))
    slots += telemetry(day, site, light, plant.inverters)
    at = max(site.at(day, BATCH_AT), hours.end).astimezone(UTC)
    slots += [
        Slot(at=at, until=at + BATCH_WINDOW, call=Call(kind=Kind.BATCH_POWER, target=eid), day=day)
        for eid in plant.ecus
    ]
    return tuple(sorted(slots))


def thinned(slots: tuple[Slot, ...], daily: float, accounts: Sequence[Account]) -> tuple[Slot, ...]:
    """Return what remains of a day's table once the month is nearly spent: polls farther apart, then fewer duties.

    The summary stays. `daily` is what a day may spend so that the month ends within its quota.
    """
    if daily >= len(slots) or all(account.left >= NEARLY_SPENT * account.size for account in accounts):
        return slots
    allowed = max(1, int(daily))
    duties = [slot for slot in slots if slot.call.kind is not Kind.HOURLY]
    duties.sort(key=lambda slot: _NEEDED.index(slot.call.kind))
    duties = duties[: max(1, allowed // 2)]
    polls = [slot for slot in slots if slot.call.kind is Kind.HOURLY]
    number = min(len(polls), allowed - len(duties))
    kept = [polls[len(polls) * (2 * n + 1) // (2 * number)] for n in range(number)]
    return tuple(sorted([*duties, *kept]))


def noon_summary(day: date, site: Site) -> Slot:
    """Return all that is worth asking in polar night."""
    noon = site.at(day, NOON).astimezone(UTC)
    return Slot(at=noon, until=noon + LONGEST_INTERVAL, call=Call(kind=Kind.SUMMARY), day=day)


def telemetry(day: date, site: Site, light: Span, inverters: tuple[str, ...]) -> list[Slot]:
    """Return the calls for inverters' telemetry; what is missed is made up for while the sun is up."""
    at = site.at(day, TELEMETRY_AT).astimezone(UTC)
    until = max(light.end.astimezone(UTC), at + SHORTEST_INTERVAL)
    return [Slot(at=at, until=until, call=Call(kind=Kind.TELEMETRY, target=uid), day=day) for uid in inverters]


def poll_moments(hours: Span, interval: timedelta) -> list[datetime]:
    """Return the moments of a day's polls: from the start of the solar hours on, an interval apart, in UTC."""
    start = hours.start.astimezone(UTC)
    return [start + n * interval for n in range(hours.length // interval + 1)]


def sized(year: int, site: Site, plant: Plant, options: Options) -> tuple[Options, int]:
    """Return the options with the interval that is to be kept, and the calls that the busiest month then takes.

    Looks at every day of the year, which takes about half a second the first time.
    """
    months = _solar_lengths(year, site, options.sunrise_offset, options.sunset_offset)
    daily = 1 + len(plant.inverters) + len(plant.ecus)

    def busiest(interval: timedelta) -> int:
        return max(sum(length // interval + 1 + daily for length in month) for month in months)

    if not options.automatic:
        return options, busiest(options.interval)
    interval = SHORTEST_INTERVAL
    while interval < LONGEST_INTERVAL and busiest(interval) >= HEADROOM * options.monthly_quota:
        interval += timedelta(minutes=1)
    return replace(options, interval=interval), busiest(interval)


@lru_cache(maxsize=8)
def _solar_lengths(
    year: int, site: Site, sunrise_offset: timedelta, sunset_offset: timedelta
) -> tuple[tuple[timedelta, ...], ...]:
    """Return the length of each day's solar hours, by month."""
    firsts = [date(year + n // 12, n % 12 + 1, 1) for n in range(13)]
    return tuple(
        tuple(
            hours.length
            for n in range((after - first).days)
            if (hours := solar_hours(site, first + timedelta(days=n), sunrise_offset, sunset_offset))
        )
        for first, after in pairwise(firsts)
    )
