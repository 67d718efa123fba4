"""A year planned in advance: each month's calls, and how fresh its figures are. No clock, no I/O."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from statistics import fmean
from typing import Final

from .automatic import plan
from .calls import Kind, Plant, Purpose, Slot
from .fixed import sized
from .options import Options
from .quota import CHINA, CallCounts
from .sun import FULL_SUN, Site, SolarDay, solar_day

SAMPLE: Final = timedelta(minutes=5)
LAG: Final = timedelta(minutes=15)  # from a sample to the cloud
_LOOK: Final = timedelta(minutes=10)
_NIGHT: Final = timedelta(hours=5)  # longer times between two reads are no interval of a day


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


@dataclass(frozen=True, kw_only=True)
class MonthCalls:
    """The calls that a month of plans comes to."""

    days: tuple[SolarDay, ...]
    slots: tuple[Slot, ...]

    @property
    def reads(self) -> list[datetime]:
        """When today's energy is read."""
        kinds = {Kind.SUMMARY, Kind.ECU_DAY, Kind.HOURLY}
        return sorted(s.at for s in self.slots if s.call.kind in kinds and s.purpose is not Purpose.HISTORY)

    @property
    def interval(self) -> float | None:
        """Mean minutes between two reads of a day; None when there are none."""
        gaps = [b - a for a, b in pairwise(self.reads) if b - a < _NIGHT]
        return fmean(gap / timedelta(minutes=1) for gap in gaps) if gaps else None


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The month of a year with the most calls, and that with the fewest."""

    busiest: MonthCalls
    quietest: MonthCalls

    @property
    def placeholders(self) -> dict[str, str]:
        """Month, calls and spacing of both, as texts."""
        texts = {}
        for name, month in (("busiest", self.busiest), ("quietest", self.quietest)):
            texts[f"{name}_month"] = f"{month.days[0].day:%Y-%m}"
            texts[f"{name}_calls"] = str(len(month.slots))
            texts[f"{name}_interval"] = "-" if month.interval is None else str(round(month.interval))
        return texts


def preview(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Iterator[MonthPreview]:
    """Plan every day of a year and yield the figures of its months in order."""
    for month in year_of_calls(year, site, plant, options, share):
        yield month_preview(month)


def outlook(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Outlook:
    """Plan a year and return its extremes; of months with about the same calls those with the rarest and closest reads.

    Calls are about the same when they differ by less than a twentieth of the most. A form waits for this: it takes
    half a second.
    """
    months = list(year_of_calls(year, site, plant, options, share))
    step = max(1.0, max(len(month.slots) for month in months) / 20)
    months.sort(key=lambda month: (round(len(month.slots) / step), month.interval or 0))
    return Outlook(busiest=months[-1], quietest=months[0])


def year_of_calls(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Iterator[MonthCalls]:
    """Plan every day of a year, carry the plans out, and yield the months in order."""
    options = sized(year, site, plant, options)[0] if options.automatic and not options.live_power else options
    counts = CallCounts(opened=site.midnight(date(year, 1, 1)) - timedelta(days=62))
    for month in range(1, 13):
        days = [solar_day(site, day, options) for day in days_of_month(date(year, month, 1))]
        slots = [slot for sun in days for slot in carried_out(sun.day, site, plant, counts, options, share)]
        yield MonthCalls(days=tuple(days), slots=tuple(slots))


def carried_out(
    day: date, site: Site, plant: Plant, counts: CallCounts, options: Options, share: float = 1.0
) -> tuple[Slot, ...]:
    """Plan a day, count its calls and return those that the quota allows."""
    zones = (UTC, CHINA, site.zone)
    budget = counts.budget(site.midnight(day).astimezone(UTC), zones, options.monthly_quota, share)
    made = plan(day, site, plant, budget, options)
    # Room only shrinks by the calls that are made: one look is enough where all of a day's fit.
    fits = made and counts.room(made[0].at, zones, options.monthly_quota) >= len(made)
    if not fits:
        return tuple(slot for slot in made if _is_counted(slot, counts, zones, options.monthly_quota))
    for at, calls in Counter(slot.at for slot in made).items():
        counts.add(at, calls)
    return made


def _is_counted(slot: Slot, counts: CallCounts, zones: Iterable[tzinfo], quota: int) -> bool:
    """Count a call if the quota allows; return whether it does."""
    if not counts.room(slot.at, zones, quota):
        return False
    counts.add(slot.at)
    return True


def month_preview(month: MonthCalls) -> MonthPreview:
    """Return the figures of a month whose calls are made at their times."""
    made = [slot for slot in month.slots if slot.purpose is not Purpose.HISTORY]
    hourly = {slot.at for slot in made if slot.call.kind is Kind.HOURLY}
    powers = sorted(slot.at for slot in made if slot.call.kind is Kind.ECU_DAY)

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
