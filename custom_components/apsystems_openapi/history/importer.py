"""Writes what the state has for statistics, in a task of its own: a busy recorder delays no call and no figure.

Written days leave the backlog; all others stay there, on disk, until the recorder takes them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later

from ..cloud.models import HOURS, Series
from ..system.backlog import Backlog
from ..system.clock import DAY, Clock
from ..system.day_end import ROUNDING_KWH, closed_hours
from ..system.energy import Adjustment
from ..system.state import SystemState
from ..system.unwritten import FetchedDay, FetchedMonth, PanelDay, Unwritten
from .recorder import Extent, RecorderBusyError, Statistic, StatisticsWriter, Written
from .rows import DayEnergy, is_coarse, noon_of

_RETRY_S: Final = 20  # while the recorder is busy, as it is while Home Assistant starts
_PAGE: Final = timedelta(days=62)
# An adjustment waits in the recorder's queue before rows show it.
_ASK_AGAIN: Final = timedelta(minutes=4)


class Importer:
    """The statistics of one system."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        sid: str,
        state: Callable[[], SystemState],
        set_state: Callable[[SystemState], None],
        clock: Callable[[], Clock],
        show: Callable[[], Awaitable[None]],
    ) -> None:
        """`state` and `set_state` are for the current state, `show` lets entities show what has changed."""
        self._hass = hass
        self._entry = entry
        self._state = state
        self._set_state = set_state
        self._clock = clock
        self._show = show
        self._writer = StatisticsWriter(hass)
        self._production = Statistic(sid=sid)
        self._hours: object = None
        self._is_running = False
        self._is_wanted = False
        self._is_stopped = False
        self._retry: CALLBACK_TYPE | None = None

    @property
    def is_available(self) -> bool:
        """Whether there is a recorder to write to."""
        return self._writer.is_available

    @property
    def is_ready(self) -> bool:
        """Whether the recorder takes rows now."""
        return self._writer.is_ready

    async def async_hours(self, day: date) -> Series:
        """Return the hours of a day (kWh, by the site's clock) as they are written; None for those without a row.

        A day that is written as one row at noon has no hours. Raises RecorderBusyError.
        """
        zone = self._clock().site.zone
        rows = (await self._writer.async_rows(self._production, self._clock().site, day, day + DAY)).get(day, {})
        if is_coarse(rows, noon_of(day, self._clock().site)):
            return (None,) * HOURS
        hours: list[float | None] = [None] * HOURS
        for start, kwh in rows.items():
            hour = start.astimezone(zone).hour
            hours[hour] = round((hours[hour] or 0.0) + kwh, 3)
        return tuple(hours)

    @callback
    def async_start(self) -> None:
        """Write all that waits, now or after the rows that are being written."""
        if self._is_stopped:
            return
        self._is_wanted = True
        if not self._is_running:
            self._is_running = True
            self._entry.async_create_background_task(self._hass, self._async_run(), "apsystems_openapi statistics")

    async def _async_run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self._async_write_and_show()
        finally:
            self._is_running = False

    async def _async_write_and_show(self) -> None:
        before = self._state().backlog
        try:
            await self._async_write_all()
        except RecorderBusyError:
            self._cancel_retry()
            if self._is_stopped:
                return
            self._retry = async_call_later(self._hass, _RETRY_S, self._on_retry)
        if self._state().backlog != before:
            await self._show()

    @callback
    def async_stop(self) -> None:
        """Write nothing more; unwritten days stay in the backlog."""
        self._is_stopped = True
        self._cancel_retry()

    @callback
    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry()
            self._retry = None

    @callback
    def _on_retry(self, _: datetime) -> None:
        self._retry = None
        self.async_start()

    async def _async_write_all(self) -> None:
        """Write everything that waits. Raises RecorderBusyError."""
        clock, unwritten = self._clock(), self._state().backlog.unwritten
        if not self.is_available:
            self._change(lambda backlog: replace(backlog, unwritten=Unwritten()))
            return
        await self._async_adjust_total(clock)
        # Their totals say what the hours of days add up to.
        await self._async_write_months([month for month in unwritten.months if not month.is_check], clock)
        for day in unwritten.days:
            await self._async_write_day(day, clock)
        await self._async_write_months([month for month in unwritten.months if month.is_check], clock)
        await self._async_write_panels(unwritten.panels, clock)
        await self._async_write_running_day(clock)
        await self._async_move_cursor(clock)

    async def _async_adjust_total(self, clock: Clock) -> None:
        """Adjust the statistics of the total energy sensor once a row shows that the total was lowered."""
        state, adjustment = self._state(), self._state().adjustment
        sensor = er.async_get(self._hass).async_get_entity_id(
            Platform.SENSOR, "apsystems_openapi", f"{self._production.sid}_total_energy"
        )
        if adjustment is None or sensor is None:
            return
        if adjustment.asked_at is not None and abs(clock.now - adjustment.asked_at) < _ASK_AGAIN:
            return
        excess = await self._writer.async_excess(sensor, adjustment)
        if excess is None:
            total = state.energy.total if state.energy else None
            if total is not None and total >= adjustment.shown:  # risen again before any row was compiled
                self._adjust(None)
            return
        if excess.kwh < adjustment.shown / 2:  # the sum has followed the state, or is adjusted already
            self._adjust(None)
            return
        asked = replace(adjustment, asked_at=clock.now)
        self._adjust(asked)
        if self._state().adjustment == asked:  # the state of an unloaded entry no longer changes
            self._writer.async_take_off(sensor, excess)

    async def _async_write_day(self, fetched: FetchedDay, clock: Clock) -> None:
        total = fetched.total
        if fetched.is_fetched_again:
            written = await self._writer.async_written(self._production, clock.site, fetched.day, fetched.day + DAY)
            total = _total(fetched.hours, written.get(fetched.day))
        await self._async_write({fetched.day: DayEnergy(hours=fetched.hours, total=total)}, fetched.closed, clock)
        self._done(Unwritten(days=(fetched,)))

    async def _async_write_months(self, months: Sequence[FetchedMonth], clock: Clock) -> None:
        """Write the totals of months, all at once: a month changes the sum of every newer row."""
        known: dict[date, DayEnergy] = {}
        late: set[date] = set()
        for fetched in months:
            of_month, late_of_month = await self._async_of_month(fetched, clock)
            known |= of_month
            late |= late_of_month
        await self._async_write(known, clock.now, clock)
        self._done(Unwritten(months=tuple(months)))
        self._change(lambda backlog: backlog.with_late(late, clock.day))

    async def _async_of_month(self, fetched: FetchedMonth, clock: Clock) -> tuple[dict[date, DayEnergy], set[date]]:
        """Return a month's days to write, and days to fetch again: of a check, those whose hours came late.

        A total of 0 is no news: it takes no hours away, and a day without rows shows 0 anyway.
        """
        first, backlog = fetched.month, self._state().backlog
        after = (first + timedelta(days=32)).replace(day=1)
        written = await self._writer.async_written(self._production, clock.site, first, after)
        oldest = date.min if clock.options.import_history else backlog.since or date.min
        wanted = {*written, *(day.day for day in backlog.unwritten.days)}
        totals = {
            day: kwh
            for day, kwh in zip((first + n * DAY for n in range((after - first).days)), fetched.totals, strict=False)
            if kwh and day < clock.day and (day in wanted or day >= oldest)
        }
        late = {day for day in totals if fetched.is_check and _is_late(totals[day], written.get(day))}
        late = {day for day in late if backlog.since is None or day >= backlog.since or day in written}
        return {d: DayEnergy(total=kwh) for d, kwh in totals.items() if d not in late or d not in written}, late

    async def _async_write_panels(self, panels: tuple[PanelDay, ...], clock: Clock) -> None:
        if clock.options.panel_statistics:
            for panel in panels:
                for channel, kwh in enumerate(panel.kwh, start=1):
                    statistic = replace(self._production, uid=panel.uid, channel=channel)
                    await self._writer.async_write(statistic, clock.site, {panel.day: DayEnergy(total=kwh)}, clock.now)
        if panels:
            self._done(Unwritten(panels=panels))

    async def _async_write_running_day(self, clock: Clock) -> None:
        """Write the hours of today that have closed."""
        state = self._state()
        known = closed_hours(state, clock)
        if known is None or known.day != clock.day or state.backlog.settled == known.day:
            return
        hours = (known.day, known.hours, known.closed.replace(minute=0, second=0, microsecond=0))
        if hours != self._hours:
            await self._async_write({known.day: DayEnergy(hours=known.hours)}, known.closed, clock)
            self._hours = hours

    async def _async_move_cursor(self, clock: Clock) -> None:
        """Move the cursor past days that need no call: those without energy, and those that have hours."""
        backlog = self._state().backlog
        if backlog.cursor_is_ready or not clock.options.import_history:
            return
        if backlog.months_to_go or backlog.unwritten.months:  # a month that is not written has no row yet
            return
        before = backlog.day_cursor
        while (day := backlog.day_cursor) and backlog.has_days:
            page = max(backlog.first or day, day - _PAGE)
            written = await self._writer.async_written(self._production, clock.site, page, day + DAY)
            coarse = [day for day, of_day in written.items() if of_day.is_coarse]
            backlog = replace(backlog, day_cursor=max(coarse) if coarse else page - DAY)
            if coarse:
                break

        def moved(current: Backlog) -> Backlog:
            if current.day_cursor != before:
                return current
            return replace(current, day_cursor=backlog.day_cursor, cursor_is_ready=True)

        self._change(moved)

    async def _async_write(self, days: dict[date, DayEnergy], closed: datetime, clock: Clock) -> None:
        """Write days of the production; when the statistic was cleared, the backlog begins anew."""
        if not days:
            return
        backlog = self._state().backlog
        known = Extent(oldest=backlog.oldest_row, newest=backlog.newest_row)
        extent = await self._writer.async_write(self._production, clock.site, days, closed, known)

        def with_extent(current: Backlog) -> Backlog:
            if extent.is_lost:
                current = current.cleared(clock.day, import_history=clock.options.import_history)
            return replace(current, oldest_row=extent.oldest, newest_row=extent.newest)

        self._change(with_extent)

    def _adjust(self, adjustment: Adjustment | None) -> None:
        """Keep the adjustment that still waits, or None."""
        self._set_state(replace(self._state(), adjustment=adjustment))

    def _change(self, change: Callable[[Backlog], Backlog]) -> None:
        """Change the backlog that is current by now."""
        state = self._state()
        self._set_state(replace(state, backlog=change(state.backlog)))

    def _done(self, written: Unwritten) -> None:
        self._change(lambda backlog: replace(backlog, unwritten=backlog.unwritten.without(written)))


def _total(hours: Series, written: Written | None) -> float | None:
    """Return a day's total by its written rows; hours that came late are right without."""
    if written is None:
        return None
    total = sum(kwh or 0.0 for kwh in hours)
    return written.kwh if written.is_coarse or not _is_late(total, written) else None


def _is_late(total: float, written: Written | None) -> bool:
    return abs(total - (written.kwh if written else 0.0)) > ROUNDING_KWH
