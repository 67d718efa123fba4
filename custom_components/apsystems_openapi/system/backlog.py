"""What of the past is still to be fetched, and what is next: pure.

The newest comes first, and what is missing since the installation before anything older. Months are a call each, whose
days stand as one row each; then days are a call each, hour by hour. Every few days, the totals of the last days are
held against what is written: what reached the cloud late is fetched again. Where the cloud has no hours for many days
in a row, it has none before either.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

CHECK_EVERY: Final = timedelta(days=3)
# An ECU that was off line brings its days with it when it is back.
LATE: Final = timedelta(days=7)
# Days that are missed for longer wait for calls that nothing else needs.
NEAR: Final = timedelta(days=31)
MONTHS_AT_ONCE: Final = 30
MOST_EMPTY: Final = 14
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next thing to fetch: a day's hours, or the days of the month that begins with `day`.

    After a month with `late`, days that differ are fetched again.
    """

    day: date
    month: bool = False
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Past:
    """How far the past has been fetched. Both cursors go back in time; None: not begun.

    `first` is the oldest day that is wanted, `since` the day of the installation, `settled` the newest day that is
    complete, `gaps` are missed days, the newest first. `checks` are months whose totals are to be written, `recent`
    those that are looked at for late days, as they were on `checked`. `empty` is how many days in a row had a total and
    no hours. `oldest` and `newest` are rows that are known to be written.
    """

    first: date | None = None
    since: date | None = None
    settled: date | None = None
    month: date | None = None
    day: date | None = None
    gaps: tuple[date, ...] = ()
    checks: tuple[date, ...] = ()
    recent: tuple[date, ...] = ()
    checked: date | None = None
    empty: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None

    @property
    def months_to_go(self) -> int:
        """Return how many months are to be fetched, each by one call."""
        if self.first is None or self.month is None:
            return 0
        return max(0, 12 * (self.month.year - self.first.year) + self.month.month - self.first.month + 1)

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

    def days_in_wait(self, today: date) -> int:
        """Return how many days wait for calls that nothing else needs."""
        return self.days_to_go - sum(day >= today - NEAR for day in self.gaps)

    @property
    def calls_to_go(self) -> int:
        """Return how many calls all of it takes."""
        return self.days_to_go + len(self.checks) + self.months_to_go

    def days_done(self, today: date) -> int:
        """Return how many days have been fetched hour by hour, or found to have none."""
        return max(0, (today - self.first).days - self.days_to_go) if self.first else 0


def begun(past: Past, today: date, first: date | None) -> Past:
    """Return where to go on: a new first day opens what lies before, days since the last settled one are gaps."""
    yesterday = today - _DAY
    if first is not None and past.first is None:
        past = replace(past, first=min(first, today))
    if past.settled is None:
        return replace(past, since=today, settled=yesterday, day=yesterday, month=month_of(today), checked=today)
    if past.settled > today:  # by a clock that ran ahead
        past = replace(past, settled=yesterday)
    missed = days_between((past.settled or yesterday) + _DAY, yesterday)
    if missed:
        old = {month_of(day) for day in missed if day < today - NEAR}
        past = wanted(replace(past, settled=yesterday, checks=_newest_first({*past.checks, *old})), missed)
    if past.checked is None or not timedelta() <= today - past.checked < CHECK_EVERY:
        past = replace(past, checked=today, recent=_newest_first({month_of(yesterday), month_of(today - LATE)}))
    return past


def settled(past: Past, day: date) -> Past:
    """Return the past after a day whose hours are complete; the days before it are gaps by now."""
    if past.settled == day - _DAY:
        past = replace(past, settled=day)
    return replace(past, gaps=tuple(gap for gap in past.gaps if gap != day))


def wanted(past: Past, days: Iterable[date]) -> Past:
    """Return the past with more days to fetch."""
    return replace(past, gaps=_newest_first({*past.gaps, *days}))


def cleared(past: Past, today: date, *, behind: bool) -> Past:
    """Return the past of a statistic that was deleted: all of it is to be fetched again."""
    past = replace(past, month=month_of(today), day=today - _DAY, settled=today - _DAY, empty=0, checks=(), gaps=())
    if behind and past.first is not None:
        return past
    return wanted(past, days_between(past.since or today, today - _DAY))


def next_step(past: Past, today: date, *, behind: bool, put_off: Collection[Step] = ()) -> Step | None:
    """Return what to fetch next; `behind`: also what lies before the installation. What is put off waits."""
    days = [Step(day=day) for day in past.gaps]
    near = [step for step in days if step.day >= today - NEAR]
    months = [Step(day=month, month=True) for month in past.checks]
    months += [Step(day=month, month=True, late=True) for month in past.recent]
    cursors = []
    if behind and past.months_to_go and past.month:
        cursors = [Step(day=past.month, month=True)]
    elif behind and past.has_days and past.day:
        cursors = [Step(day=past.day)]
    in_order = [*near, *months, *cursors, *days] if cursors and cursors[0].month else [*near, *months, *days, *cursors]
    return next((step for step in in_order if step not in put_off), None)


def worth_borrowing(past: Past, step: Step | None, today: date) -> int:
    """Return how many calls may be made at once that nobody planned: those that bring much, or what was missed."""
    if step is None or step.late:
        return 0
    if step.month:
        return min(MONTHS_AT_ONCE, past.months_to_go) if step.day == past.month else 1
    return int(step.day in past.gaps and step.day >= today - NEAR)


def done(past: Past, step: Step, today: date, *, had_hours: bool = False, late: Iterable[date] = ()) -> Past:
    """Return the past after a step, whether there was something or not."""
    if step.late:
        past = replace(past, recent=tuple(month for month in past.recent if month != step.day))
        late = tuple(late)
        # While the cloud corrects, it is looked at every day.
        return wanted(replace(past, checked=today - CHECK_EVERY + _DAY), late) if late else past
    if step.month:
        past = replace(past, checks=tuple(month for month in past.checks if month != step.day))
        return replace(past, month=month_of(past.month - _DAY)) if past.month == step.day else past
    if step.day in past.gaps:
        month, rest = month_of(step.day), tuple(day for day in past.gaps if day != step.day)
        # The day's hours are rounded; its month's totals are not.
        complete = {month} - {month_of(day) for day in rest}
        return replace(past, gaps=rest, checks=_newest_first({*past.checks, *complete}))
    if step.day != past.day:  # the statistic was cleared meanwhile, and all begins anew
        return past
    return replace(past, day=step.day - _DAY, empty=0 if had_hours else past.empty + 1)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def days_between(first: date, last: date) -> list[date]:
    """Return the days from one to another, with both."""
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _newest_first(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(days, reverse=True))
