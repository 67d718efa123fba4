"""The periods of the cloud's series: the slots of each entry, and its name."""

from collections.abc import Iterator
from datetime import date, timedelta

from .production import slot_at
from .view import View
from .wire import Level, Period

type Entry = tuple[range, ...]
"""The slots of an entry: one span; none for an hour that is skipped, two for an hour that occurs twice."""


def running(view: View) -> tuple[range, range, range]:
    """Return the slots of today, of this month and of this year."""
    today = view.today
    first_days = today, today.replace(day=1), today.replace(month=1, day=1)
    day, month, year = (view.span(first, today) for first in first_days)
    return day, month, year


def entries(view: View, period: Period) -> list[Entry]:
    """Return the entries of a series: 24 hours, or days, months or years up to the running one."""
    if period.level is Level.HOURLY:
        return list(view.curve.day(period.first).hours)
    return [(view.span(first, last),) for first, last in _steps(view, period)]


def labels(view: View, period: Period) -> list[str]:
    """Return the names of the entries, as meters write them."""
    if period.level is Level.HOURLY:
        return [f"{hour:02}" for hour in range(24)]
    form = {Level.DAILY: "%d", Level.MONTHLY: "%m"}.get(period.level, "%Y")
    return [first.strftime(form) for first, _ in _steps(view, period)]


def is_open(view: View, period: Period, entry: Entry) -> bool:
    """Whether an entry is an hour that has not closed yet."""
    return period.level is Level.HOURLY and any(slot_at(view.now) < span.stop for span in entry)


def _steps(view: View, period: Period) -> Iterator[tuple[date, date]]:
    first = period.first
    while first <= min(period.last, view.today):
        match period.level:
            case Level.DAILY:
                following = first + timedelta(days=1)
            case Level.MONTHLY:
                following = (first + timedelta(days=31)).replace(day=1)
            case _:
                following = first.replace(year=first.year + 1)
        yield first, following - timedelta(days=1)
        first = following
