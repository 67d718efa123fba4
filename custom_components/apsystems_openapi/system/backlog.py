"""The backlog of history: which days are still to be fetched, and in which order.

Newest first, and days since the installation before anything older. An installation begins with its own month and the
one before, then the last two weeks hour by hour, then the older months: one call each for a month, whose days stand as
one row each, and for the hours of a day. All other days follow, hour by hour. Every few days the totals of the last
days are compared with the written rows: days that reached the cloud late are fetched again. Where the cloud has no
hours for many days in a row, it has none before them either.

What a call has brought stays in the backlog until the recorder has it (`unwritten.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from ..cloud.models import FLOWS, Series
from ..schedule.calls import Call, Kind, Purpose, Slot
from .unwritten import PRODUCTION, FetchedDay, FetchedMonth, PanelDay, Unwritten

PACE_OF: Final = timedelta(days=7)
CHECK_EVERY: Final = timedelta(days=3)
LATE: Final = timedelta(days=7)  # an ECU that was off line brings its days with it when it is back
NEAR: Final = timedelta(days=31)  # days that are missing for longer wait for calls that nothing else needs
MONTHS_AT_ONCE: Final = 30
FIRST_DAYS: Final = timedelta(days=14)  # before the installation, hour by hour before older months
MOST_EMPTY: Final = 14
MOST_UNWRITTEN: Final = 60  # answers; beyond them nothing more is fetched until the recorder has taken some
MOST_PANEL_DAYS: Final = 4000  # a month of 120 inverters
_DAY: Final = timedelta(days=1)


class SourceKind(StrEnum):
    """What has a history of its own beside the system's production."""

    METER = "meter"
    BATTERY = "battery"


CALLS_OF: Final = {  # for the hours of a day, and for the days of a month
    None: (Kind.HOURLY, Kind.DAILY),
    SourceKind.METER: (Kind.METER_DAY, Kind.METER_MONTH),
    SourceKind.BATTERY: (Kind.STORAGE_DAY, Kind.STORAGE_MONTH),
}


FLOWS_OF: Final = {  # the statistics of each
    None: (PRODUCTION,),
    SourceKind.METER: ("produced", "consumed", "imported", "exported"),
    SourceKind.BATTERY: FLOWS,
}


READ_OF: Final = {SourceKind.METER: Kind.METER_DAY, SourceKind.BATTERY: Kind.STORAGE_STATE}
SOURCE_KINDS: Final = {  # of the calls about a meter or a battery
    **dict.fromkeys((Kind.METER_DAY, Kind.METER_MONTH, Kind.METER_SUMMARY), SourceKind.METER),
    **dict.fromkeys(
        (Kind.STORAGE_STATE, Kind.STORAGE_DAY, Kind.STORAGE_MONTH, Kind.STORAGE_SUMMARY), SourceKind.BATTERY
    ),
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A meter or a battery."""

    kind: SourceKind
    eid: str


def about(call: Call) -> Source:
    """Return the meter or battery that a call of `SOURCE_KINDS` is about."""
    return Source(kind=SOURCE_KINDS[call.kind], eid=call.target)


def source_of(call: Call) -> Source | None:
    """Return the meter or battery that a call is about; None for any other call."""
    return about(call) if call.kind in SOURCE_KINDS else None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One fetch of history: the hours of a day, or the daily totals of the month that begins with `day`."""

    day: date
    is_month: bool = False
    eid: str = ""
    """The ECU whose panels' energy of the day is to be fetched instead."""

    def slot(self, now: datetime, source: Source | None = None) -> Slot:
        """Return the ordinary call that fetches it, from a meter or a battery or, without a source, of the system."""
        if self.eid:
            call = Call(kind=Kind.BATCH_ENERGY, target=self.eid)
        else:
            of_day, of_month = CALLS_OF[source.kind if source else None]
            call = Call(kind=of_month if self.is_month else of_day, target=source.eid if source else "")
        return Slot(at=now, until=now, call=call, day=self.day, purpose=Purpose.HISTORY)


@dataclass(frozen=True, kw_only=True)
class PanelGap:
    """A day of which the panels of an ECU are wanted."""

    day: date
    eid: str


@dataclass(frozen=True, kw_only=True)
class CallsOfDay:
    """How many history calls a day has had."""

    day: date
    number: int


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The start of the oldest and of the newest row that a statistic is known to have."""

    oldest: datetime
    newest: datetime


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How far the history has been fetched. Both cursors go back in time; None: not begun."""

    first: date | None = None
    """The oldest day that is wanted: the plant's first."""
    since: date | None = None
    """The day of the installation."""
    settled: date | None = None
    """The newest day that is complete."""
    month_cursor: date | None = None
    day_cursor: date | None = None
    cursor_is_ready: bool = False
    """Whether the day cursor stands on a day that needs a call; only the recorder knows."""
    gaps: tuple[date, ...] = ()
    """Days that were missed or are wanted again, newest first."""
    asked: tuple[date, ...] = ()
    """Those of the gaps that only the owner wants."""
    panel_gaps: tuple[PanelGap, ...] = ()
    """Newest first."""
    checks: tuple[date, ...] = ()
    """Months whose totals are to be written after their gaps."""
    recent: tuple[date, ...] = ()
    """Months that are checked for days that came late."""
    checked: date | None = None
    """When `recent` was last filled."""
    empty_days: int = 0
    """How many days in a row had a total and no hours."""
    extents: Mapping[str, Extent] = field(default_factory=dict)
    """By the flow of the statistic; one without rows is missing."""
    unwritten: Unwritten = field(default_factory=Unwritten)
    loans_on: date | None = None
    loans: int = 0
    """Calls of the day `loans_on` that nobody planned."""
    calls: tuple[CallsOfDay, ...] = ()
    """History calls of the last days."""
    first_calls: int = 0
    """History calls since the installation, as far as they count against its allowance."""

    # How much there is to do

    @property
    def months_to_go(self) -> int:
        """How many months the cursor has still to fetch, one call each."""
        if self.first is None or self.month_cursor is None:
            return 0
        months = 12 * (self.month_cursor.year - self.first.year) + self.month_cursor.month - self.first.month
        return max(0, months + 1)

    @property
    def has_days(self) -> bool:
        """Whether the cursor has days to fetch, and the cloud seems to have their hours."""
        return self._days_at_cursor > 0 and self.empty_days < MOST_EMPTY

    @property
    def _days_at_cursor(self) -> int:
        if self.first is None or self.day_cursor is None:
            return 0
        return max(0, (self.day_cursor - self.first).days + 1)

    @property
    def _waiting_days(self) -> frozenset[date]:
        """The gaps that the cursor does not reach by itself."""
        return frozenset(day for day in self.gaps if not self._is_ahead(day))

    def _is_ahead(self, day: date) -> bool:
        """Return whether the cursor will come to a day."""
        if not self.has_days or self.first is None or self.day_cursor is None:
            return False
        return self.first <= day <= self.day_cursor

    @property
    def days_to_go(self) -> int:
        """How many days wait for their hours."""
        return len(self._waiting_days) + (self._days_at_cursor if self.has_days else 0)

    @property
    def days_with_totals(self) -> int:
        """How many days before the installation wait for their hours, and have their total already."""
        if not (self.has_days and self.first and self.day_cursor and self.month_cursor):
            return 0
        fetched = max(self.first, _next_month(self.month_cursor))
        return max(0, (self.day_cursor - fetched).days + 1)

    @property
    def has_begun(self) -> bool:
        """Whether the first month has been fetched, so that there is something to tell."""
        if self.first is None or self.since is None or self.month_cursor is None:
            return False
        return self.month_cursor < month_of(self.since) or not self.months_to_go

    @property
    def calls_to_go(self) -> int:
        """How many calls all of it takes."""
        return self.days_to_go + len(self.checks) + self.months_to_go + len(self.panel_gaps)

    def calls_not_near(self, today: date) -> int:
        """Return how many of the calls have to wait until nothing else needs them."""
        return self.calls_to_go - sum(day >= today - NEAR for day in self._waiting_days)

    def days_known(self, today: date) -> int:
        """Return how many days there are from the first one to yesterday."""
        return max(0, (today - self.first).days) if self.first else 0

    def daily_calls(self, today: date) -> float | None:
        """Return how many history calls a day has had of late; None before there is such a day.

        The first day, with its allowance, says nothing about those after it.
        """
        first = max(today - PACE_OF, (self.since or today) + _DAY)
        number = sum(of_day.number for of_day in self.calls if first <= of_day.day < today)
        return number / (today - first).days if first < today else None

    # What comes next

    def steps(self, today: date, *, import_history: bool) -> Iterator[Step]:
        """Yield every step that could be next, in order. `import_history`: also days before the installation."""
        near = [Step(day=day) for day in self.gaps if day >= today - NEAR]
        months = [Step(day=month, is_month=True) for month in (*self.checks, *self.recent)]
        days = [Step(day=day) for day in self.gaps if day < today - NEAR]
        yield from [*near, *months]
        cursors = self._cursor_steps() if import_history else []
        first = [step for step in cursors if step.is_month or self.is_first_day(step.day)]
        yield from first
        yield from days
        yield from (Step(day=gap.day, eid=gap.eid) for gap in self.panel_gaps)
        yield from (step for step in cursors if step not in first)

    def _cursor_steps(self) -> list[Step]:
        """Return the next month and the next day, in order; where one has to wait, the other may go on."""
        month = Step(day=self.month_cursor, is_month=True) if self.months_to_go and self.month_cursor else None
        day = Step(day=self.day_cursor) if self.has_days and self.day_cursor else None
        is_day_first = day and self.is_first_day(day.day) and not (month and self._is_first_month(month.day))
        return [step for step in ((day, month) if is_day_first else (month, day)) if step is not None]

    def _is_first_month(self, month: date) -> bool:
        """Return whether a month is that of the installation, or the one before."""
        return self.since is not None and month >= month_of(month_of(self.since) - _DAY)

    def is_first_day(self, day: date) -> bool:
        """Return whether a day is one of those just before the installation."""
        return self.since is not None and self.since - FIRST_DAYS <= day < self.since

    def is_coming(self, day: date) -> bool:
        """Return whether an installation is about to fetch a day anyway."""
        return self.is_first_day(day) and self._is_ahead(day)

    def can_take(self, step: Step) -> bool:
        """Return whether the recorder keeps up: nothing is fetched that nobody could write."""
        if len(self.unwritten) >= MOST_UNWRITTEN or (step.eid and self.unwritten.panels):
            return False
        is_known = step.is_month or bool(step.eid) or step.day in self.gaps or self.is_first_day(step.day)
        return self.cursor_is_ready or is_known

    def first_steps(self, step: Step, today: date) -> int:
        """Return how many calls an installation begins with from a step on, those of days that were missed included."""
        near = sum(day >= today - NEAR for day in self.gaps)
        begins = step.is_month or self.is_first_day(step.day) or step.day >= today - NEAR
        to_go = self.months_to_go + self._first_days_to_go
        return near + len(self.checks) + to_go if to_go and begins and not step.eid else 0

    @property
    def _first_days_to_go(self) -> int:
        """How many days just before the installation the cursor has not reached."""
        if self.since is None:
            return 0
        return sum(map(self._is_ahead, days_between(self.since - FIRST_DAYS, self.since - _DAY)))

    def worth_a_loan(self, step: Step, today: date) -> int:
        """Return how many calls may be made at once for a step that nobody planned: what brings much, or was missed.

        An installation has an allowance of its own for its first day.
        """
        if step.eid:
            return 0
        if not step.is_month:
            return int(step.day in self.gaps and step.day >= today - NEAR)
        if step.day == self.month_cursor:
            return min(MONTHS_AT_ONCE, self.months_to_go) if self.since != today else 0
        return int(step.day in self.checks)

    # What happens to it

    def with_loans(self, today: date, number: int) -> Backlog:
        """Return the backlog after so many calls of a day that nobody planned."""
        return replace(self, loans_on=today, loans=number + (self.loans if self.loans_on == today else 0))

    def with_call(self, today: date) -> Backlog:
        """Return the backlog after a history call was booked."""
        recent = tuple(of_day for of_day in self.calls if today - PACE_OF <= of_day.day < today)
        number = 1 + sum(of_day.number for of_day in self.calls if of_day.day == today)
        calls = (*recent, CallsOfDay(day=today, number=number))
        return replace(self, calls=calls, first_calls=self.first_calls + 1)

    def begun(self, today: date, first: date | None) -> Backlog:
        """Return the backlog of a day: a first day opens what lies before, days since the last settled are gaps."""
        yesterday, backlog = today - _DAY, self
        if first is not None and self.first is None:
            backlog = replace(backlog, first=min(first, today))
        if backlog.settled is None:
            return replace(
                backlog,
                since=today,
                settled=yesterday,
                day_cursor=yesterday,
                month_cursor=month_of(today),
                checked=today,
            )
        if backlog.settled > today:  # by a clock that was ahead
            backlog = replace(backlog, settled=yesterday)
        if missed := days_between((backlog.settled or yesterday) + _DAY, yesterday):
            old = {month_of(day) for day in missed if day < today - NEAR}
            checks = _newest_first({*backlog.checks, *old})
            backlog = replace(backlog, settled=yesterday, checks=checks).with_wanted(missed)
        if backlog.checked is None or not timedelta() <= today - backlog.checked < CHECK_EVERY:
            recent = {month_of(yesterday), month_of(today - LATE)}
            backlog = replace(backlog, checked=today, recent=_newest_first(recent))
        return backlog

    def with_wanted(self, days: Iterable[date]) -> Backlog:
        """Return the backlog with more days to fetch."""
        return replace(self, gaps=_newest_first({*self.gaps, *days}))

    def without_gap(self, day: date) -> Backlog:
        """Return the backlog in which a day is no gap any more."""
        gaps = tuple(gap for gap in self.gaps if gap != day)
        return replace(self, gaps=gaps, asked=tuple(known for known in self.asked if known != day))

    def with_asked(self, days: Iterable[date]) -> Backlog:
        """Return the backlog with days that the owner wants to be fetched again."""
        asked = {*self.asked, *days} - (set(self.gaps) - set(self.asked))
        return replace(self.with_wanted(asked), asked=_newest_first(asked))

    def without_asked(self) -> Backlog:
        """Return the backlog without what the owner has asked for and is not fetched yet."""
        gaps = tuple(gap for gap in self.gaps if gap not in self.asked)
        return replace(self, gaps=gaps, asked=(), panel_gaps=())

    def with_wanted_panels(self, days: Iterable[date], eids: Iterable[str]) -> Backlog:
        """Return the backlog with days of which the panels of some ECUs are wanted."""
        eids = tuple(eids)
        gaps = {*self.panel_gaps, *(PanelGap(day=day, eid=eid) for day in days for eid in eids)}
        return replace(self, panel_gaps=tuple(sorted(gaps, key=lambda gap: (gap.day, gap.eid), reverse=True)))

    def without_panel_gap(self, day: date, eid: str) -> Backlog:
        """Return the backlog after the panels of an ECU were fetched, whether the cloud had any or not."""
        return replace(self, panel_gaps=tuple(gap for gap in self.panel_gaps if (gap.day, gap.eid) != (day, eid)))

    def with_closed_day(self, *closed: FetchedDay) -> Backlog:
        """Return the backlog after a day whose hours, of each flow, are complete; they are to be written."""
        day = closed[0].day
        settled = day if self.settled == day - _DAY else self.settled
        return replace(self, settled=settled).without_gap(day).with_unwritten_day(*closed)

    def with_unwritten_day(self, *last: FetchedDay) -> Backlog:
        """Return the backlog with hours of a day that are to be written, complete or not."""
        fresh = {(of_flow.day, of_flow.flow) for of_flow in last}
        days = (*(known for known in self.unwritten.days if (known.day, known.flow) not in fresh), *last)
        return replace(self, unwritten=replace(self.unwritten, days=days))

    def with_day(self, *fetched: FetchedDay) -> Backlog:
        """Return the backlog after the hours of a day, of each flow, were fetched, whether the cloud had any or not."""
        backlog, day = self, fetched[0].day
        has_hours = any(any(of_flow.hours) for of_flow in fetched)
        if has_hours:
            backlog = backlog.with_unwritten_day(*fetched)
        if day in backlog.gaps:
            backlog = backlog.without_gap(day)
            # The day's hours are rounded; its month's totals are not.
            complete = {month_of(day)} - {month_of(gap) for gap in backlog.gaps}
            return replace(backlog, checks=_newest_first({*backlog.checks, *complete}))
        if day != backlog.day_cursor:  # the statistic was cleared meanwhile, and everything begins anew
            return backlog
        # Days just before the installation are fetched whether they had any energy or not.
        empty = 0 if has_hours else backlog.empty_days + (not backlog.is_first_day(day))
        return replace(backlog, day_cursor=day - _DAY, cursor_is_ready=False, empty_days=empty)

    def with_month(self, month: date, totals: Mapping[str, Series]) -> Backlog:
        """Return the backlog after the totals of a month, by flow, were fetched, whether the cloud had any or not."""
        is_check = month in self.recent and month not in self.checks
        backlog = replace(self, checks=tuple(known for known in self.checks if known != month))
        if is_check:
            backlog = replace(backlog, recent=tuple(known for known in self.recent if known != month))
        if month == self.month_cursor and month not in {*self.checks, *self.recent}:
            backlog = replace(backlog, month_cursor=month_of(month - _DAY), cursor_is_ready=False)
        fetched = tuple(
            FetchedMonth(month=month, totals=of_flow, flow=flow, is_check=is_check)
            for flow, of_flow in totals.items()
            if any(total is not None for total in of_flow)
        )
        months = (*(known for known in backlog.unwritten.months if known not in fetched), *fetched)
        return replace(backlog, unwritten=replace(backlog.unwritten, months=months))

    def with_panels(self, panels: Iterable[PanelDay]) -> Backlog:
        """Return the backlog with the energy of panels that is to be written; the oldest days give way."""
        days = {(panel.day, panel.uid): panel for panel in (*self.unwritten.panels, *panels)}
        kept = tuple(days[key] for key in sorted(days)[-MOST_PANEL_DAYS:])
        return replace(self, unwritten=replace(self.unwritten, panels=kept))

    def with_postponed(self, day: date, *, is_wrong: bool = False) -> Backlog:
        """Return the backlog after a day could not be fetched: it becomes a gap, so that the days before it go on.

        Many days in a row that contradict themselves end the import, as days without hours do.
        """
        if day != self.day_cursor or day in self.gaps:
            return self
        empty = self.empty_days + is_wrong
        return replace(self.with_wanted([day]), day_cursor=day - _DAY, cursor_is_ready=False, empty_days=empty)

    def with_late(self, days: Iterable[date], today: date) -> Backlog:
        """Return the backlog after days were found whose total has changed; while it does, it is checked daily."""
        if not (late := tuple(days)):
            return self
        return replace(self, checked=today - CHECK_EVERY + _DAY).with_wanted(late)

    def with_extent(self, flow: str, extent: Extent | None) -> Backlog:
        """Return the backlog after rows of a flow's statistic were written or found; None: there is none."""
        others = {name: known for name, known in self.extents.items() if name != flow}
        return replace(self, extents=others if extent is None else {**others, flow: extent})

    def cleared(self, today: date, *, import_history: bool) -> Backlog:
        """Return the backlog of a statistic that was deleted: everything is to be fetched again."""
        backlog = replace(
            self,
            month_cursor=month_of(today),
            day_cursor=today - _DAY,
            cursor_is_ready=False,
            settled=today - _DAY,
            empty_days=0,
            checks=(),
            gaps=(),
            asked=(),
        )
        if import_history and self.first is not None:
            return backlog
        return backlog.with_wanted(days_between(self.since or today, today - _DAY))


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def _next_month(month: date) -> date:
    return month_of(month + timedelta(days=32))


def days_between(first: date, last: date) -> list[date]:
    """Return the days from one to another, both included."""
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _newest_first(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(days, reverse=True))
