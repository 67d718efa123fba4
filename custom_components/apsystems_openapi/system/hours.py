"""The hours of a site day: 24, or 23 or 25 where the clock changes. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ..cloud.models import HOURS, Series

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def hour_starts(day: date, zone: tzinfo) -> list[list[datetime]]:
    """Return when each hour of the clock begins, in UTC: never for one that is skipped, twice for one that repeats."""
    starts = []
    for hour in range(HOURS):
        wall = datetime.combine(day, time(hour))
        starts.append([start for start in _times(wall, zone) if start.astimezone(zone).replace(tzinfo=None) == wall])
    return starts


def by_hours(day: date, zone: tzinfo, labels: Sequence[str], energy: Series) -> Series:
    """Return the energy (kWh) of each hour that a day has, out of slots in the order of the answer.

    A label marks the end of its slot (`api.md` §3). One that comes again after the clock was set back is of the second
    hour; any other one that comes twice has the later value. None for an hour without a value.
    """
    starts = [start for of_hour in hour_starts(day, zone) for start in of_hour]
    slots = dict[datetime, float]()
    last = datetime.min.replace(tzinfo=UTC)
    for label, kwh in zip(labels, energy, strict=True):
        times = _label_times(day, zone, label)
        last = next((end for end in times if end > last), times[0])
        if kwh is not None:
            slots[last] = kwh
    sums = dict[int, float]()
    for end, kwh in slots.items():
        hour = bisect_right(starts, end - _MINUTE) - 1
        sums[hour] = sums.get(hour, 0.0) + kwh
    return tuple(round(sums[hour], 6) if hour in sums else None for hour in range(len(starts)))


def _label_times(day: date, zone: tzinfo, label: str) -> list[datetime]:
    """Return the times that a label can mean, in UTC; midnight opens or closes the day."""
    clock = time.fromisoformat(label)
    times = _times(datetime.combine(day, clock), zone)
    return times if clock > time() else [*times, *_times(datetime.combine(day + _DAY, clock), zone)]


def _times(wall: datetime, zone: tzinfo) -> list[datetime]:
    """Return the times at which the clock shows a time, in UTC; of one that it skips, those just before and after."""
    return sorted({wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
