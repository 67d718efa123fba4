"""Hours and days of energy as rows of a statistic: pure arithmetic.

A row is the energy (kWh) of the hour that begins at a moment. What the cloud does not know stays a gap; a row that was
written once cannot be deleted, so what turns out to be nothing becomes 0. Sums are made anew from the first changed row
on, so that nothing depends on the order in which days come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .models import HOURS, Series
from .solar import Site

NOON = time(12)
_EXACT = 1e-6

type Rows = dict[datetime, float]


@dataclass(frozen=True, kw_only=True)
class DayEnergy:
    """What is known of a site day: its hours, its total (kWh), or both; the total is what counts."""

    hours: Series | None = None
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a statistic; `start` is aware, in the site's zone, so that it stands at the top of an hour there."""

    start: datetime
    kwh: float
    sum: float


def rows_of(day: date, site: Site, known: DayEnergy, held: Rows, closed: datetime) -> Rows:
    """Return the rows of a day by what is known of it; `held` are those that it has, by their start in UTC.

    Hours are scaled to the total, which the cloud gives more exactly than it rounds the hours. A total without hours
    scales the hours that are held, or else stands as one row at noon. Hours that end after `closed` are left out.
    """
    starts = _starts(day, site)
    noon = starts[NOON.hour]
    if known.hours is not None and any(known.hours):
        hours = {
            start: kwh
            for start, kwh in zip(starts, known.hours, strict=True)
            if start is not None and kwh and start + timedelta(hours=1) <= closed
        }
        fresh = scaled(hours, known.total)
    elif known.total is None or noon is None:
        return dict(held)
    elif any(kwh for start, kwh in held.items() if start != noon):
        fresh = scaled({start: kwh for start, kwh in held.items() if kwh}, known.total)
    else:
        fresh = {noon: known.total} if known.total or held else {}
    return dict.fromkeys(held, 0.0) | fresh


def scaled(hours: Rows, total: float | None) -> Rows:
    """Return hours that add up to a total, to the watt-hour; what rounding leaves goes to the strongest hour."""
    made = sum(hours.values())
    if total is None or made <= 0:
        return hours
    rows = {start: round(kwh * total / made, 3) for start, kwh in hours.items()}
    strongest = max(rows, key=lambda start: rows[start])
    rows[strongest] = max(0.0, round(rows[strongest] + total - sum(rows.values()), 6))
    return rows


def changed_rows(held: Mapping[datetime, tuple[float, float]], fresh: Rows, base: float, site: Site) -> list[Row]:
    """Return what is to be written: from the first row that is another than held, with new sums, to the newest.

    `held` gives energy and sum by start, `base` is the sum before the first row of either.
    """
    merged = {start: kwh for start, (kwh, _) in held.items()} | fresh
    total, rows, differs = base, list[Row](), False
    for start in sorted(merged):
        total = round(total + merged[start], 6)
        was = held.get(start)
        differs = differs or was is None or abs(was[0] - merged[start]) > _EXACT or abs(was[1] - total) > _EXACT
        if differs:
            rows.append(Row(start=start.astimezone(site.zone), kwh=merged[start], sum=total))
    return rows


def _starts(day: date, site: Site) -> list[datetime | None]:
    """Return when each hour of the clock begins, in UTC; None for one that a clock change skips."""
    starts: list[datetime | None] = []
    for hour in range(HOURS):
        start = datetime.combine(day, time(hour), site.zone)
        moment = start.astimezone(UTC)
        exists = moment.astimezone(site.zone).replace(tzinfo=None) == start.replace(tzinfo=None)
        starts.append(moment if exists else None)
    return starts
