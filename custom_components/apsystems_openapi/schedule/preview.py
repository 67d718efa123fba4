"""A year of planning ahead: what each month spends, and how fresh its figures are. No clock, no Home Assistant."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Final

from .automatic import FULL_SUN, plan
from .calls import Kind, Options, Plant, Slot
from .fixed import sized
from .quota import CHINA, Book
from .sun import Site, daylight, sun_elevation

SAMPLE: Final = timedelta(minutes=5)
LAG: Final = timedelta(minutes=15)  # from a sample to the cloud
_LOOK: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class MonthForecast:
    """What a month holds: calls by kind, and while the sun is above 5° the mean ages of what is shown, in minutes.

    `interval` is the mean time between two reads of today's energy, in minutes; None where there are none.
    """

    month: date
    calls: Counter[Kind]
    energy_age: float | None
    power_age: float | None
    power_gap: float | None
    interval: float | None


def forecast(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Iterator[MonthForecast]:
    """Plan every day of a year and carry the plans out; months in order. Takes about a second."""
    options = sized(year, site, plant, options)[0] if options.automatic and not options.live_power else options
    zones = (UTC, CHINA, site.zone)
    first = date(year, 1, 1)
    book = Book(opened=site.midnight(first) - timedelta(days=62))
    for month in range(1, 13):
        slots: list[Slot] = []
        day = date(year, month, 1)
        days = []
        while day.month == month:
            days.append(day)
            accounts = book.accounts(site.midnight(day).astimezone(UTC), zones, options.monthly_quota, share)
            for slot in plan(day, site, plant, accounts, options):
                if book.room(slot.at, zones, options.monthly_quota):
                    book.add(slot.at)
                    slots.append(slot)
            day += timedelta(days=1)
        yield summed(days, site, slots)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The month of a year with the most calls, and that with the fewest."""

    busiest: MonthForecast
    quietest: MonthForecast

    @property
    def words(self) -> dict[str, str]:
        """Return calls, month and spacing of both, for people."""
        return {
            f"{name}_{what}": value
            for name, month in (("busiest", self.busiest), ("quietest", self.quietest))
            for what, value in (
                ("month", f"{month.month:%Y-%m}"),
                ("calls", str(month.calls.total())),
                ("interval", "-" if month.interval is None else str(round(month.interval))),
            )
        }


def outlook(year: int, site: Site, plant: Plant, options: Options, share: float = 1.0) -> Outlook:
    """Plan a year and return its extremes; of months with about the same calls those with the rarest and closest reads.

    As many calls as that are those that differ by less than a twentieth of the most.
    """
    months = list(forecast(year, site, plant, options, share))
    step = max(1.0, max(month.calls.total() for month in months) / 20)
    months.sort(key=lambda month: (round(month.calls.total() / step), month.interval or 0))
    return Outlook(busiest=months[-1], quietest=months[0])


def summed(days: list[date], site: Site, slots: list[Slot]) -> MonthForecast:
    """Return what a month's calls, made at their moments, come to."""
    reads = sorted(slot.at for slot in slots if slot.call.kind in {Kind.SUMMARY, Kind.ECU_DAY, Kind.HOURLY})
    hourly = {slot.at for slot in slots if slot.call.kind is Kind.HOURLY and not slot.read}
    powers = sorted(slot.at for slot in slots if slot.call.kind is Kind.ECU_DAY)

    def newest(read: datetime) -> datetime:
        step = timedelta(hours=1) if read in hourly else SAMPLE
        return _floor(read - LAG, step)

    looks = [(day, moment) for day in days for moment in _sunny(day, site)]
    energy = _ages(looks, site, reads, newest)
    power = _ages(looks, site, powers, lambda read: _floor(read - LAG, SAMPLE))
    gaps = [b - a for a, b in pairwise(reads) if b - a < timedelta(hours=5)]
    return MonthForecast(
        month=days[0],
        calls=Counter(slot.call.kind for slot in slots),
        energy_age=fmean(energy) if energy else None,
        power_age=fmean(power) if power else None,
        power_gap=max(power, default=None),
        interval=fmean(gap / timedelta(minutes=1) for gap in gaps) if gaps else None,
    )


def _ages(
    looks: list[tuple[date, datetime]],
    site: Site,
    reads: list[datetime],
    newest: Callable[[datetime], datetime],
) -> list[float]:
    """Return the age of what is shown at each look, in minutes; before a day's first read it is known from sunrise."""
    ages = []
    for day, moment in looks:
        light = daylight(site, day)
        known = light.start.astimezone(UTC) if light else site.midnight(day).astimezone(UTC)
        position = bisect_right(reads, moment)
        if position:
            known = max(known, newest(reads[position - 1]))
        ages.append((moment - known) / timedelta(minutes=1))
    return ages


def _sunny(day: date, site: Site) -> Iterator[datetime]:
    """Return every tenth minute of a day at which the sun is above 5°."""
    moment = site.midnight(day).astimezone(UTC)
    end = site.midnight(day + timedelta(days=1)).astimezone(UTC)
    while moment < end:
        if sun_elevation(site, moment) > FULL_SUN:
            yield moment
        moment += _LOOK


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - moment.timestamp() % step.total_seconds() * timedelta(seconds=1)
