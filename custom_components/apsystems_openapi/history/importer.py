"""Writes what the state has for statistics, in a task of its own: a busy recorder delays no call and no figure.

Each source has a backlog of its own (`source.py`). The production has besides: the hours of today that have closed,
its panels, and the statistics of the total energy sensor.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later

from ..cloud.models import HOURS, Series
from ..system.backlog import Backlog, Source, SourceKind
from ..system.clock import DAY, Clock
from ..system.day_end import closed_hours
from ..system.energy import Adjustment
from ..system.state import SystemState
from ..system.unwritten import PRODUCTION, PanelDay, Unwritten
from .recorder import RecorderBusyError, Statistic, StatisticsWriter
from .rows import DayEnergy, is_coarse, noon_of
from .source import SourceWriter

_RETRY_S: Final = 20  # while the recorder is busy, as it is while Home Assistant starts
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
        before = self._backlogs
        try:
            await self._async_write_all()
        except RecorderBusyError:
            self._cancel_retry()
            if self._is_stopped:
                return
            self._retry = async_call_later(self._hass, _RETRY_S, self._on_retry)
        if self._backlogs != before:
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
        if not self.is_available:
            for source in self._backlogs:
                self._change(lambda backlog: replace(backlog, unwritten=Unwritten()), source)
            return
        clock = self._clock()
        await self._async_adjust_total(clock)
        for source in self._backlogs:
            await self._writer_of(source, clock).async_write_all()
        await self._async_write_panels(self._state().backlog.unwritten.panels, clock)
        await self._async_write_running_day(clock)

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

    async def _async_write_panels(self, panels: tuple[PanelDay, ...], clock: Clock) -> None:
        if clock.options.panel_statistics:
            for panel in panels:
                for channel, kwh in enumerate(panel.kwh, start=1):
                    statistic = replace(self._production, uid=panel.uid, channel=channel)
                    await self._writer.async_write(statistic, clock.site, {panel.day: DayEnergy(total=kwh)}, clock.now)
        if panels:
            written = Unwritten(panels=panels)
            self._change(lambda backlog: replace(backlog, unwritten=backlog.unwritten.without(written)))

    async def _async_write_running_day(self, clock: Clock) -> None:
        """Write the hours of today that have closed."""
        state = self._state()
        known = closed_hours(state, clock)
        if known is None or known.day != clock.day or state.backlog.settled == known.day:
            return
        hours = (known.day, known.hours, known.closed.replace(minute=0, second=0, microsecond=0))
        if hours != self._hours:
            day = {known.day: DayEnergy(hours=known.hours)}
            await self._writer_of(None, clock).async_write(PRODUCTION, day, known.closed)
            self._hours = hours

    def _adjust(self, adjustment: Adjustment | None) -> None:
        """Keep the adjustment that still waits, or None."""
        self._set_state(replace(self._state(), adjustment=adjustment))

    # Backlogs

    @property
    def _backlogs(self) -> dict[Source | None, Backlog]:
        """The backlogs of the production, and of every meter and battery, those that are not read any more included."""
        state = self._state()
        batteries = [Source(kind=SourceKind.BATTERY, eid=eid) for eid in state.batteries]
        meters = [Source(kind=SourceKind.METER, eid=eid) for eid in state.meters]
        return {source: state.history(source) for source in (None, *batteries, *meters)}

    def _change(self, change: Callable[[Backlog], Backlog], source: Source | None = None) -> None:
        """Change the backlog of a source, or of the production, that is current by now."""
        state = self._state()
        self._set_state(state.with_history(source, change(state.history(source))))

    def _writer_of(self, source: Source | None, clock: Clock) -> SourceWriter:
        return SourceWriter(
            writer=self._writer,
            sid=self._production.sid,
            source=source,
            clock=clock,
            backlog=lambda: self._state().history(source),
            change=lambda change: self._change(change, source),
        )
