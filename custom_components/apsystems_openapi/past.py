"""What of the past is still to be fetched, and what is next: pure.

The newest comes first. Days that were missed come before anything else; then, every few days, the totals of the running
month are held against what is written; then months, a call each, whose days stand as one row each; then days, a call
each, hour by hour. Where the cloud has no hours for many days in a row, it has none before either.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

CHECK_EVERY: Final = timedelta(days=3)
MOST_EMPTY: Final = 14
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next thing to fetch: a day's hours, or the days of the month that begins with `day`."""

    day: date
    month: bool = False


@dataclass(frozen=True, kw_only=True)
class Past:
    """How far the past has been fetched. Both cursors go back in time; None: not begun.

    `first` is the oldest day that is wanted, `settled` the newest that is complete, `gaps` are missed days, the newest
    first. `checks` are months whose totals are to be held against what is written, `checked` is when that was last done
    for the running one. `empty` is how many days in a row had no hours.
    """

    first: date | None = None
    settled: date | None = None
    month: date | None = None
    day: date | None = None
    gaps: tuple[date, ...] = ()
    checks: tuple[date, ...] = ()
    checked: date | None = None
    empty: int = 0

    @property
    def has_months(self) -> bool:
        """Whether months are to be fetched, each by one call."""
        return self.first is not None and self.month is not None and self.month >= self.first.replace(day=1)

    @property
    def has_days(self) -> bool:
        """Whether days are to be fetched hour by hour, and it looks as if the cloud had them."""
        within = self.first is not None and self.day is not None and self.day >= self.first
        return within and self.empty < MOST_EMPTY

    @property
    def days_to_go(self) -> int:
        """Return how many days wait for their hours."""
        behind = (self.day - self.first).days + 1 if self.has_days and self.day and self.first else 0
        return len(self.gaps) + behind

    @property
    def calls_to_go(self) -> int:
        """Return how many calls all of it takes."""
        months = 0
        if self.has_months and self.month and self.first:
            months = 12 * (self.month.year - self.first.year) + self.month.month - self.first.month + 1
        return self.days_to_go + len(self.checks) + months

    def days_done(self, today: date) -> int:
        """Return how many days have been fetched hour by hour, or found to have none."""
        return max(0, (today - self.first).days - self.days_to_go) if self.first else 0


def begun(past: Past, today: date, first: date | None) -> Past:
    """Return where to go on: a new first day opens what lies before, days since the last settled one are gaps."""
    yesterday = today - _DAY
    if past.settled is None:
        past = replace(past, settled=yesterday, day=yesterday, month=today.replace(day=1), checked=today)
    elif past.settled < yesterday:
        missed = [past.settled + n * _DAY for n in range(1, (yesterday - past.settled).days + 1)]
        past = wanted(replace(past, settled=yesterday), missed)
    if first is not None and past.first is None:
        past = replace(past, first=min(first, today))
    return past


def wanted(past: Past, days: Iterable[date]) -> Past:
    """Return the past with more days to fetch."""
    return replace(past, gaps=tuple(sorted({*past.gaps, *days}, reverse=True)))


def next_step(past: Past, today: date, *, behind: bool) -> Step | None:
    """Return what to fetch next; `behind`: also what lies before the installation."""
    if past.gaps:
        return Step(day=past.gaps[0])
    if past.checks:
        return Step(day=past.checks[0], month=True)
    if past.checked is not None and not timedelta() <= today - past.checked < CHECK_EVERY:
        return Step(day=_running(today), month=True)
    if behind and past.has_months and past.month is not None:
        return Step(day=past.month, month=True)
    if behind and past.has_days and past.day is not None:
        return Step(day=past.day)
    return None


def done(past: Past, step: Step, today: date, *, had_data: bool) -> Past:
    """Return the past after a step, whether there was something or not."""
    if step.month:
        return replace(
            past,
            checks=tuple(month for month in past.checks if month != step.day),
            checked=today if step.day == _running(today) else past.checked,
            month=(past.month - _DAY).replace(day=1) if past.month == step.day else past.month,
        )
    if step.day in past.gaps:
        # The day's hours are rounded; its month's totals are not.
        checks = tuple(sorted({*past.checks, step.day.replace(day=1)}, reverse=True))
        return replace(past, gaps=tuple(day for day in past.gaps if day != step.day), checks=checks)
    return replace(past, day=step.day - _DAY, empty=0 if had_data else past.empty + 1)


def _running(today: date) -> date:
    """Return the month of the newest day that is complete."""
    return (today - _DAY).replace(day=1)
