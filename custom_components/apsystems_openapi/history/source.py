"""Writes the backlog of one source: of the production, or of a meter or a battery with a statistic for each flow.

Written days leave the backlog; all others stay there, on disk, until the recorder takes them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from ..system.backlog import FLOWS_OF, Backlog, Source
from ..system.clock import DAY, Clock
from ..system.day_end import ROUNDING_KWH
from ..system.unwritten import FetchedDay, FetchedMonth, Unwritten
from .recorder import Statistic, StatisticsWriter, Written
from .rows import SAME_KWH, DayEnergy

_PAGE: Final = timedelta(days=62)


@dataclass(frozen=True, kw_only=True)
class SourceWriter:
    """The statistics of one source at a time, and its backlog."""

    writer: StatisticsWriter
    sid: str
    source: Source | None
    """None of the production."""
    clock: Clock
    backlog: Callable[[], Backlog]
    """Returns the backlog that is current by now."""
    change: Callable[[Callable[[Backlog], Backlog]], None]
    """Changes the backlog that is current by now."""

    async def async_write_all(self) -> None:
        """Write all that waits, and find the next day to fetch. Raises RecorderBusyError."""
        unwritten = self.backlog().unwritten
        # Their totals say what the hours of days add up to.
        await self._async_write_months([month for month in unwritten.months if not month.is_check])
        for day in unwritten.days:
            await self._async_write_day(day)
        await self._async_write_months([month for month in unwritten.months if month.is_check])
        await self._async_move_cursor()

    async def async_write(self, flow: str, days: dict[date, DayEnergy], closed: datetime) -> None:
        """Write days of a flow; when its statistic was cleared, the backlog begins anew. Raises RecorderBusyError."""
        if not days:
            return
        known = self.backlog().extents.get(flow)
        outcome = await self.writer.async_write(self._statistic(flow), self.clock.site, days, closed, known)

        def with_outcome(current: Backlog) -> Backlog:
            if outcome.is_lost:
                current = current.cleared(self.clock.day, import_history=self.clock.options.import_history)
            return current.with_extent(flow, outcome.extent)

        self.change(with_outcome)

    def _statistic(self, flow: str) -> Statistic:
        return Statistic(sid=self.sid, source=self.source, flow=flow)

    async def _async_written(self, flow: str, first: date, after: date) -> dict[date, Written]:
        return await self.writer.async_written(self._statistic(flow), self.clock.site, first, after)

    def _done(self, written: Unwritten) -> None:
        self.change(lambda backlog: replace(backlog, unwritten=backlog.unwritten.without(written)))

    async def _async_write_day(self, fetched: FetchedDay) -> None:
        written = await self._async_written(fetched.flow, fetched.day, fetched.day + DAY)
        day = DayEnergy(hours=fetched.hours, total=_total(fetched, written.get(fetched.day)))
        await self.async_write(fetched.flow, {fetched.day: day}, fetched.closed)
        self._done(Unwritten(days=(fetched,)))

    async def _async_write_months(self, months: Sequence[FetchedMonth]) -> None:
        """Write the totals of months, of a flow all at once: a month changes the sum of every newer row.

        A day is fetched again when any of its flows came late.
        """
        late = set[date]()
        for flow in dict.fromkeys(month.flow for month in months):
            known: dict[date, DayEnergy] = {}
            for fetched in (month for month in months if month.flow == flow):
                of_month, late_of_month = await self._async_of_month(fetched)
                known |= of_month
                late |= late_of_month
            await self.async_write(flow, known, self.clock.now)
        self._done(Unwritten(months=tuple(months)))
        self.change(lambda backlog: backlog.with_late(late, self.clock.day))

    async def _async_of_month(self, fetched: FetchedMonth) -> tuple[dict[date, DayEnergy], set[date]]:
        """Return a month's days to write, and days to fetch again: of a check, those whose hours came late.

        A total of 0 is no news: it takes no hours away, and a day without rows shows 0 anyway.
        """
        first, backlog = fetched.month, self.backlog()
        after = (first + timedelta(days=32)).replace(day=1)
        written = await self._async_written(fetched.flow, first, after)
        oldest = date.min if self.clock.options.import_history else backlog.since or date.min
        wanted = {*written, *(day.day for day in backlog.unwritten.days if day.flow == fetched.flow)}
        totals = {
            day: kwh
            for day, kwh in zip(_days(first, after), fetched.totals, strict=False)
            if kwh and day < self.clock.day and (day in wanted or day >= oldest)
        }
        late = {day for day in totals if fetched.is_check and _is_late(totals[day], written.get(day))}
        late = {day for day in late if backlog.since is None or day >= backlog.since or day in written}
        return {d: DayEnergy(total=kwh) for d, kwh in totals.items() if d not in late or d not in written}, late

    async def _async_move_cursor(self) -> None:
        """Move the cursor past days that need no call: those without energy, and those that have hours."""
        backlog = self.backlog()
        if backlog.cursor_is_ready or not self.clock.options.import_history:
            return
        if backlog.months_to_go or backlog.unwritten.months:  # a month that is not written has no row yet
            return
        before = backlog.day_cursor
        while (day := backlog.day_cursor) and backlog.has_days:
            page = max(backlog.first or day, day - _PAGE)
            coarse = await self._async_newest_coarse(page, day + DAY)
            backlog = replace(backlog, day_cursor=coarse or page - DAY)
            if coarse:
                break

        def moved(current: Backlog) -> Backlog:
            if current.day_cursor != before:
                return current
            return replace(current, day_cursor=backlog.day_cursor, cursor_is_ready=True)

        self.change(moved)

    async def _async_newest_coarse(self, first: date, after: date) -> date | None:
        """Return the newest day of which any flow is written as one row; None when there is none."""
        coarse = set[date]()
        for flow in FLOWS_OF[self.source.kind if self.source else None]:
            written = await self._async_written(flow, first, after)
            coarse |= {day for day, of_day in written.items() if of_day.is_coarse}
        return max(coarse, default=None)


def _days(first: date, after: date) -> Iterator[date]:
    return (first + n * DAY for n in range((after - first).days))


def _total(fetched: FetchedDay, written: Written | None) -> float | None:
    """Return a day's total: one that is written already where it is the same, or more exact than what was fetched.

    So the sums of newer rows stay as they are. Hours that came late are right without a total.
    """
    if written is None:
        return fetched.total
    if not fetched.is_fetched_again:
        return written.kwh if _is_same(fetched.total, written.kwh) else fetched.total
    total = sum(kwh or 0.0 for kwh in fetched.hours)
    return written.kwh if written.is_coarse or not _is_late(total, written) else None


def _is_same(total: float | None, kwh: float) -> bool:
    return total is not None and abs(total - kwh) <= SAME_KWH


def _is_late(total: float, written: Written | None) -> bool:
    return abs(total - (written.kwh if written else 0.0)) > ROUNDING_KWH
