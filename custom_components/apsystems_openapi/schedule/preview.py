"""A year planned in advance: each month's calls, and how fresh its figures are. No clock, no I/O."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import fmean
from typing import Final, override

from .automatic import plan
from .calls import Kind, Plant, Purpose, Slot
from .fixed import sized
from .house import with_totals_of
from .options import LONGEST_INTERVAL, Options
from .quota import CHINA, CallCounts, limit, month_span
from .sun import FULL_SUN, Site, SolarDay, solar_day

SAMPLE: Final = timedelta(minutes=5)
LAG: Final = timedelta(minutes=15)  # from a sample to the cloud
_LOOK: Final = timedelta(minutes=10)
_NIGHT: Final = timedelta(hours=5)  # longer times between two reads are no interval of a day
_MINUTE: Final = timedelta(minutes=1)
_READS: Final = frozenset({Kind.SUMMARY, Kind.ECU_DAY, Kind.HOURLY})


@dataclass(frozen=True, kw_only=True)
class MonthPreview:
    """A month's calls and the freshness of its figures while the sun is above 5°. Ages are in minutes."""

    month: date
    """Its first day."""
    calls: Counter[Kind]
    """How many of each kind."""
    interval: float | None
    """Mean time between two reads of today's energy; None when there are none."""
    energy_age: float | None
    """Mean age of today's energy; None when the sun stays low."""
    power_age: float | None
    """Mean age of the current power; None when the sun stays low."""
    longest_power_age: float | None


class _Counts(CallCounts):
    """Counts of calls that are made in the order of time: a year of plans asks for their number thousands of times.

    The other systems of the App ID are taken to go on as this one does, by their share.
    """

    def __init__(self, *, opened: datetime, share: float) -> None:
        super().__init__(opened=opened)
        self._share = share
        self._times: list[float] = []

    @override
    def add(self, now: datetime, calls: int = 1) -> None:
        """Count a call, or several."""
        self._times += [now.timestamp()] * calls

    @override
    def used(self, now: datetime, zone: tzinfo, quota: int, *, until: datetime | None = None) -> int:
        """Return the calls of a zone's running month; all were made before `until`."""
        own = len(self._times) - bisect_left(self._times, month_span(now, zone)[0].timestamp())
        return round(own / self._share)


@dataclass(frozen=True, kw_only=True)
class MonthFigures:
    """What a form shows of a month."""

    month: int
    """1 to 12."""
    calls: int
    interval: float | None
    """Mean minutes between two reads of a day; None when no day has two."""


@dataclass(frozen=True, kw_only=True)
class MonthCalls:
    """The calls that a month of plans comes to."""

    days: tuple[SolarDay, ...]
    slots: tuple[Slot, ...]

    @property
    def reads(self) -> list[datetime]:
        """When today's energy is read."""
        return _reads(self.slots)

    @property
    def interval(self) -> float | None:
        """Mean minutes between two reads of a day; None when there are none."""
        spaces = _spaces(self.slots)
        return fmean(space / _MINUTE for space in spaces) if spaces else None

    @property
    def figures(self) -> MonthFigures:
        """What a form shows of the month."""
        return MonthFigures(month=self.days[0].day.month, calls=len(self.slots), interval=self.interval)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The month of a year with the most calls, and that with the fewest."""

    busiest: MonthFigures
    quietest: MonthFigures


def preview(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Iterator[MonthPreview]:
    """Plan every day of a year and yield the figures of its months in order."""
    for month in year_of_calls(year, site, plant, options, share):
        yield month_preview(month)


def outlook(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Outlook:
    """Plan a year and return its extremes; of months with about the same calls those with the rarest and closest reads.

    A form waits for this: it takes a fraction of a second.
    """
    months = list(year_of_calls(year, site, plant, options, share))
    numbers = [len(month.slots) for month in months]
    most, least = max(numbers), min(numbers)
    busy = [month for month in months if alike(len(month.slots), most)]
    quiet = [month for month in months if alike(len(month.slots), least)]
    return Outlook(
        busiest=replace(max((month.figures for month in busy), key=_spacing), calls=most),
        quietest=replace(min((month.figures for month in quiet), key=_spacing), calls=least),
    )


def _spacing(month: MonthFigures) -> float:
    return month.interval or 0


def alike(one: float, other: float) -> bool:
    """Return whether two figures are about the same: they differ by less than a twentieth of the greater."""
    return abs(one - other) <= max(one, other) / 20


def year_of_calls(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Iterator[MonthCalls]:
    """Plan every day of a year, carry the plans out, and yield the months in order."""
    options = _with_interval(year, site, plant, options, share)
    counts = _Counts(opened=site.midnight(date(year, 1, 1)) - timedelta(days=62), share=share)
    for month in range(1, 13):
        days = [solar_day(site, day, options) for day in days_of_month(date(year, month, 1))]
        slots = [
            slot
            for sun in days
            for slot in carried_out(sun.day, site, with_totals_of(plant, sun.day), counts, options, share)
        ]
        yield MonthCalls(days=tuple(days), slots=tuple(slots))


def _with_interval(year: int, site: Site, plant: Plant, options: Options, share: float) -> Options:
    """Return the options with the interval that applies where polls are evenly spaced."""
    if not options.automatic or options.live_power:
        return options
    own = replace(options, monthly_quota=round(options.monthly_quota * share))
    return replace(options, interval=sized(year, site, plant, own)[0].interval)


def shortest_interval(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> timedelta | None:
    """Return the shortest interval, from the chosen one on, whose fixed table every month can pay for; None: none can.

    The reserve of the quota is not for the table, and of the rest the system has its share.
    """
    most = limit(options.monthly_quota) * share
    interval = options.interval
    while sized(year, site, plant, replace(options, automatic=False, interval=interval))[1] > most:
        interval = _MINUTE * (interval // _MINUTE + 1)
        if interval > LONGEST_INTERVAL:
            return None
    return interval


def carried_out(
    day: date, site: Site, plant: Plant, counts: CallCounts, options: Options, share: float = 1.0
) -> tuple[Slot, ...]:
    """Plan a day, count its calls and return those that the quota allows."""
    zones = (UTC, CHINA, site.zone)
    budget = counts.budget(site.midnight(day).astimezone(UTC), zones, options.monthly_quota, share)
    planned = plan(day, site, plant, budget, options)
    made: list[Slot] = []
    for part in _between_months(planned, zones):
        # Within a month room shrinks by the calls that are made, and by nothing else.
        allowed = part[: round(counts.room(part[0].at, zones, options.monthly_quota) * share)]
        for at, calls in Counter(slot.at for slot in allowed).items():
            counts.add(at, calls)
        made += allowed
    return tuple(made)


def _between_months(slots: Sequence[Slot], zones: Iterable[tzinfo]) -> Iterator[Sequence[Slot]]:
    """Cut a day's calls where a month ends in any zone."""
    while slots:
        end = min(month_span(slots[0].at, zone)[1] for zone in zones)
        number = bisect_left(slots, end, key=lambda slot: slot.at)
        yield slots[:number]
        slots = slots[number:]


def _reads(slots: Iterable[Slot]) -> list[datetime]:
    """Return when today's energy is read; several ECUs that are asked together are one read."""
    return sorted({s.at for s in slots if _is_read(s)})


def _is_read(slot: Slot) -> bool:
    """Return whether a call shows today's production; a meter's does where it is planned as a read."""
    return slot.purpose is not Purpose.HISTORY and (slot.call.kind in _READS or _is_meters_read(slot))


def _is_meters_read(slot: Slot) -> bool:
    return slot.call.kind is Kind.METER_DAY and slot.purpose is Purpose.READ


def _spaces(slots: Iterable[Slot]) -> list[timedelta]:
    """Return the times between two reads of a day."""
    return [after - before for before, after in pairwise(_reads(slots)) if after - before < _NIGHT]


def month_preview(month: MonthCalls) -> MonthPreview:
    """Return the figures of a month whose calls are made at their times."""
    made = [slot for slot in month.slots if slot.purpose is not Purpose.HISTORY]
    hourly = {slot.at for slot in made if slot.call.kind is Kind.HOURLY}
    powers = sorted(slot.at for slot in made if slot.call.kind is Kind.ECU_DAY or _is_meters_read(slot))

    def newest(read: datetime) -> datetime:
        step = timedelta(hours=1) if read in hourly else SAMPLE
        return _floor(read - LAG, step)

    looks = [(sun, time) for sun in month.days for time in _sunny(sun)]
    energy = _ages(looks, month.reads, newest)
    power = _ages(looks, powers, lambda read: _floor(read - LAG, SAMPLE))
    return MonthPreview(
        month=month.days[0].day,
        calls=Counter(slot.call.kind for slot in month.slots),
        interval=month.interval,
        energy_age=fmean(energy) if energy else None,
        power_age=fmean(power) if power else None,
        longest_power_age=max(power, default=None),
    )


def _ages(
    looks: Sequence[tuple[SolarDay, datetime]], reads: Sequence[datetime], newest: Callable[[datetime], datetime]
) -> list[float]:
    """Return the age of the figure at each look, in minutes; before a day's first read it dates from sunrise."""
    ages = []
    for sun, time in looks:
        known = (sun.daylight.start if sun.daylight else sun.site.midnight(sun.day)).astimezone(UTC)
        position = bisect_right(reads, time)
        if position:
            known = max(known, newest(reads[position - 1]))
        ages.append((time - known) / timedelta(minutes=1))
    return ages


def _sunny(sun: SolarDay) -> Iterator[datetime]:
    """Yield every tenth minute of a day at which the sun is above 5°."""
    time = sun.site.midnight(sun.day).astimezone(UTC)
    end = sun.site.midnight(sun.day + timedelta(days=1)).astimezone(UTC)
    while time < end:
        if sun.elevation(time) > FULL_SUN:
            yield time
        time += _LOOK


def days_of_month(first: date) -> list[date]:
    """Return the days of a month from its first on."""
    days = [first + timedelta(days=n) for n in range(31)]
    return [day for day in days if day.month == first.month]


def _floor(time: datetime, step: timedelta) -> datetime:
    return time - time.timestamp() % step.total_seconds() * timedelta(seconds=1)
