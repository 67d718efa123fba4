"""Which call when: pure arithmetic over the sun, the plant and the options. No clock, no I/O.

A plan is the list of one site day's calls, each with the moment at which it falls due and the moment from which it is
no longer worth making. The same day, site, plant and options always give the same plan, so a restart repeats nothing:
whoever carries a plan out makes a call once it is due, unless it was made since, and drops what is past.

The fixed schedule is a table (all times are the site's):

| call | when | until |
|---|---|---|
| hourly energy of the system | every interval within the solar hours | the next one is due |
| summary | with the last of these | one interval later |
| telemetry, one call for each inverter | 12:30 | sunset |
| batch power, one call for each ECU | 23:00, or at the end of the solar hours if later | five minutes later |

In polar night there is one summary at noon. The automatic interval is the smallest whole minute with which this table
stays under 90 % of the quota in the busiest month of the year, within 30 minutes and 2 hours.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final, override

from .solar import Site, Span, daylight, solar_hours

SHORTEST_INTERVAL: Final = timedelta(minutes=30)
LONGEST_INTERVAL: Final = timedelta(hours=2)
HEADROOM: Final = 0.9
NOON: Final = time(12)
TELEMETRY_AT: Final = time(12, 30)
BATCH_AT: Final = time(23)
BATCH_WINDOW: Final = timedelta(minutes=5)


class Kind(StrEnum):
    """What is asked of the cloud."""

    DETAILS = "details"
    INVERTERS = "inverters"
    SUMMARY = "summary"
    HOURLY = "hourly"
    TELEMETRY = "telemetry"
    BATCH_POWER = "batch_power"


@dataclass(frozen=True, order=True, kw_only=True)
class Call:
    """One call; `target` is the inverter's or the ECU's id where there is one."""

    kind: Kind
    target: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)


@dataclass(frozen=True, order=True, kw_only=True)
class Slot:
    """A call that falls due at `at` and is not worth making from `until` on; both in UTC."""

    at: datetime
    until: datetime
    call: Call = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The owner's choices."""

    automatic: bool = True
    interval: timedelta = SHORTEST_INTERVAL
    sunrise_offset: timedelta = timedelta(minutes=30)
    sunset_offset: timedelta = timedelta(minutes=30)
    monthly_quota: int = 1000


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What there is to ask for: ids of the ECUs that have inverters, and of the inverters."""

    ecus: tuple[str, ...] = ()
    inverters: tuple[str, ...] = ()


def plan(day: date, site: Site, plant: Plant, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a site day in the order in which they fall due."""
    hours = solar_hours(site, day, options.sunrise_offset, options.sunset_offset)
    light = daylight(site, day)
    if hours is None or light is None:
        noon = site.at(day, NOON).astimezone(UTC)
        return (Slot(at=noon, until=noon + LONGEST_INTERVAL, call=Call(kind=Kind.SUMMARY)),)
    polls = poll_moments(hours, options.interval)
    ends = [*polls[1:], polls[-1] + options.interval]
    slots = [Slot(at=at, until=end, call=Call(kind=Kind.HOURLY)) for at, end in zip(polls, ends, strict=True)]
    slots.append(Slot(at=polls[-1], until=ends[-1], call=Call(kind=Kind.SUMMARY)))
    at = site.at(day, TELEMETRY_AT).astimezone(UTC)
    until = max(light.end.astimezone(UTC), at + SHORTEST_INTERVAL)
    slots += [Slot(at=at, until=until, call=Call(kind=Kind.TELEMETRY, target=uid)) for uid in plant.inverters]
    at = max(site.at(day, BATCH_AT), hours.end).astimezone(UTC)
    slots += [Slot(at=at, until=at + BATCH_WINDOW, call=Call(kind=Kind.BATCH_POWER, target=eid)) for eid in plant.ecus]
    return tuple(sorted(slots))


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
