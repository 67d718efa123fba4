"""Hours and days of energy as rows of a statistic: pure arithmetic.

A row is the energy (kWh) of the hour that begins at a time. What the cloud does not know stays a gap; a row that was
written once cannot be deleted, so one that proves to be empty becomes 0. Sums are made anew from the first changed row
on, so that nothing depends on the order in which days come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from ..cloud.models import Series
from ..schedule.sun import Site
from ..system.hours import hour_starts

NOON: Final = time(12)
# The cloud gives a day's total with two decimals.
SAME_KWH: Final = 0.005 + 1e-9
_EXACT: Final = 1e-6
_HOUR: Final = timedelta(hours=1)

type Rows = dict[datetime, float]


@dataclass(frozen=True, kw_only=True)
class DayEnergy:
    """Known energy of a site day: its hours, its total (kWh), or both; the total counts."""

    hours: Series | None = None
    """In kWh: 24 by the clock, or one for each hour that the day has; None where only the total is known."""
    total: float | None = None
    """In kWh; None where only hours are known."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a statistic; `start` is in a zone in which it is the top of an hour, as the recorder wants it."""

    start: datetime
    kwh: float
    sum: float
    """Of all rows up to this one (kWh), itself included."""


def rows_of(day: date, site: Site, known: DayEnergy, stored: Rows, closed: datetime) -> Rows:
    """Return the rows of a day from its known energy; `stored` are those that it has, by their start in UTC.

    Hours are scaled to the total, which the cloud gives more exactly than it rounds the hours. A total without hours
    scales the hours that are stored, or else stands as one row at noon. Hours that end after `closed`, and those that
    the cloud does not know, stay as they are stored.
    """
    if known.hours is not None and any(known.hours):
        return _by_hours(hour_starts(day, site.zone), known.hours, known.total, stored, closed)
    noon = noon_of(day, site)
    if known.total is None or noon is None or noon + _HOUR > closed:
        return dict(stored)
    return _by_total(known.total, noon, stored)


def is_coarse(rows: Rows, noon: datetime | None) -> bool:
    """Return whether a day's energy stands as one row at noon."""
    return [start for start, kwh in rows.items() if kwh] == [noon]


def noon_of(day: date, site: Site) -> datetime | None:
    """Return where the total of a day without hours stands; None for a day that the date line skips."""
    return next(iter(hour_starts(day, site.zone)[NOON.hour]), None)


def scaled(hours: Rows, total: float | None) -> Rows:
    """Return hours that add up to a total; what rounding to the watt-hour leaves goes to the strongest hour."""
    made = sum(hours.values())
    if total is None or made <= 0:
        return hours
    rows = {start: round(kwh * total / made, 3) for start, kwh in hours.items()}
    strongest = max(rows, key=lambda start: rows[start])
    rows[strongest] = max(0.0, round(rows[strongest] + total - sum(rows.values()), 6))
    return rows


def changed_rows(stored: Mapping[datetime, tuple[float, float]], fresh: Rows, base: float) -> list[Row]:
    """Return the rows that are to be written: those whose energy or sum is another than stored.

    `stored` gives energy and sum by start, `base` is the sum before the first row of either.
    """
    merged = {start: kwh for start, (kwh, _) in stored.items()} | fresh
    total, rows = base, list[Row]()
    for start in sorted(merged):
        total = round(total + merged[start], 6)
        was = stored.get(start)
        if was is None or abs(was[0] - merged[start]) > _EXACT or abs(was[1] - total) > _EXACT:
            zone = timezone(timedelta(minutes=-start.minute % 60))
            rows.append(Row(start=start.astimezone(zone), kwh=merged[start], sum=total))
    return rows


def _by_total(total: float, noon: datetime, stored: Rows) -> Rows:
    fine = {start: kwh for start, kwh in stored.items() if kwh}
    is_lost = bool(fine) and not total  # a cloud that has lost a day's record takes nothing away
    if is_lost or abs(sum(stored.values()) - total) <= SAME_KWH:
        return dict(stored)
    if fine and not is_coarse(stored, noon):
        return stored | scaled(fine, total)
    return dict.fromkeys(stored, 0.0) | {noon: total}


def _by_hours(starts: list[list[datetime]], hours: Series, total: float | None, stored: Rows, closed: datetime) -> Rows:
    coarse = is_coarse(stored, next(iter(starts[NOON.hour]), None))
    rows: Rows = {}
    each = [[start] for starts_of_hour in starts for start in starts_of_hour]
    # A site may have another zone since the day was fetched, in which it has another number of hours.
    for starts_of_hour, kwh in zip(each if len(hours) == len(each) else starts, hours, strict=False):
        for start in starts_of_hour:
            if kwh is not None and starts_of_hour[-1] + _HOUR <= closed:
                rows[start] = kwh / len(starts_of_hour)
            elif start in stored and not coarse:
                rows[start] = stored[start]
    rows = scaled({start: kwh for start, kwh in rows.items() if kwh or start in stored}, total)
    return dict.fromkeys(stored, 0.0) | rows
