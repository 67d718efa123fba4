"""Keeps the statistics of one system: as its answers come in, at the turn of a day, and for the past."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from homeassistant.core import HomeAssistant

from ..cloud.client import EnergyLevel, OpenApiClient
from ..cloud.exceptions import OpenApiError, OpenApiNoDataError
from ..cloud.models import Series
from ..schedule.calls import Options
from ..schedule.sun import Site, daylight
from ..system.backlog import Past, Step, begun, cleared, done, next_step, settled, wanted, worth_borrowing
from ..system.state import Hours, SystemState
from .recorder import Extent, History, RecorderBusyError, Statistic, Written
from .rows import DayEnergy

# A day's total differs from its hours by what the cloud rounds; by more, hours came late and are fetched again.
ROUNDING_KWH: Final = 0.1
PAUSE: Final = timedelta(hours=1)
MOST_BORROWED: Final = 1 / 15  # of a month's calls, in a day: two days' worth
_DAY: Final = timedelta(days=1)
_PAGE: Final = timedelta(days=62)


class Historian:
    """Decides what of a system's answers is written, and fetches what of its past is missing."""

    def __init__(self, hass: HomeAssistant, client: OpenApiClient, sid: str, options: Options) -> None:
        self._history = History(hass)
        self._client = client
        self._options = options
        self._production = Statistic(sid=sid)
        self._put_off: dict[Step, date] = {}
        self._failed: datetime | None = None
        self._busy: datetime | None = None
        self._borrowed: dict[date, int] = {}

    @property
    def available(self) -> bool:
        """Whether there is a recorder to write to."""
        return self._history.available

    def begin(self, state: SystemState, today: date) -> SystemState:
        """Return the state with what is missing of the past."""
        if not self.available:
            return state
        first = state.details.created if state.details else None
        return replace(state, past=begun(state.past, today, first))

    def is_behind(self, state: SystemState, today: date) -> bool:
        """Tell whether a call could fetch something of the past."""
        return self.available and self._next(state.past, today) is not None

    def rests(self, now: datetime) -> bool:
        """Tell whether the recorder could not take what was fetched a while ago, so that nothing is fetched now."""
        return self._busy is not None and abs(now - self._busy) < PAUSE

    def borrow(self, state: SystemState, today: date, now: datetime) -> int:
        """Return how many calls are to be made at once that nobody planned; after a failure none for a while.

        The days after pay for them, so that a day has only so many.
        """
        failed = self._failed is not None and abs(now - self._failed) < PAUSE
        if failed or self.rests(now) or not self._history.ready:
            return 0
        borrowed = self._borrowed.get(today, 0)
        most = max(1, round(self._options.monthly_quota * MOST_BORROWED)) - borrowed
        number = min(most, worth_borrowing(state.past, self._next(state.past, today), today))
        self._borrowed = {today: borrowed + number}
        return number

    async def async_follow(self, before: SystemState, state: SystemState, site: Site, now: datetime) -> SystemState:
        """Write the hours that have closed and the panels' energies, where an answer has brought new ones."""
        told = _told(state) != _told(before) and state.hours is not None and state.past.settled == state.hours.day
        if state.hours is not None and (told or state.hours != before.hours):
            with suppress(RecorderBusyError):
                state = replace(state, past=await self._async_take(state, state.hours, site, now))
        if self._options.panel_statistics and state.panels != before.panels:
            with suppress(RecorderBusyError):
                await self._async_write_panels(before, state, site, now)
        return state

    async def async_turn(self, state: SystemState, site: Site, now: datetime) -> SystemState:
        """Begin a day; one that has ended without all its hours is among the days to be fetched."""
        energy, hours = state.energy, state.hours
        if energy is None or energy.day >= site.day(now) or not self.available:
            return state
        state = self.begin(state, energy.day)
        if hours is not None and hours.day == energy.day:
            with suppress(RecorderBusyError):
                state = replace(state, past=await self._async_take(state, hours, site, now))
            if abs(_sum(hours.kwh) - (energy.today or 0.0)) > ROUNDING_KWH:
                state = replace(state, past=wanted(state.past, [hours.day]))
        return self.begin(state, site.day(now))

    async def async_step(self, state: SystemState, site: Site, now: datetime) -> Callable[[SystemState], SystemState]:
        """Fetch the next of the past and write it; return what that does to the state. Raises the client's errors.

        What fails is put off until tomorrow.
        """
        today = site.day(now)
        try:
            past = await self._async_at_next_day(self._without_failed(state.past), site, today)
            step = self._next(past, today)
            if step is None:
                return lambda state: replace(state, past=past)
            try:
                past = await (self._async_month if step.month else self._async_day)(past, step, site, now)
            except OpenApiError:
                self._put_off = {step: day for step, day in self._put_off.items() if day == today} | {step: today}
                self._failed = now
                raise
        except RecorderBusyError:
            self._busy = now
            return lambda state: state
        return lambda state: replace(state, past=past)

    def _next(self, past: Past, today: date) -> Step | None:
        put_off = {step for step, day in self._put_off.items() if day == today}
        past = self._without_failed(past)
        return next_step(past, today, behind=self._options.import_history, put_off=put_off)

    def _without_failed(self, past: Past) -> Past:
        """Return the past with the day that could not be read among the missed ones, so that the others go on."""
        while past.day is not None and Step(day=past.day) in self._put_off and past.day not in past.gaps:
            past = replace(wanted(past, [past.day]), day=past.day - _DAY)
        return past

    async def _async_at_next_day(self, past: Past, site: Site, today: date) -> Past:
        """Pass the days that need no call: those without energy, and those that are written hour by hour."""
        while (step := self._next(past, today)) and step == Step(day=past.day or today) and step.day not in past.gaps:
            page = max(past.first or step.day, step.day - _PAGE)
            written = await self._history.async_written(self._production, site, page, step.day + _DAY)
            days = [day for day, of_day in written.items() if of_day.coarse]
            past = replace(past, day=max(days) if days else page - _DAY)
            if days:
                break
        return past

    async def _async_write(
        self, past: Past, site: Site, days: dict[date, DayEnergy], closed: datetime, today: date
    ) -> Past:
        """Write days of the production; return the past, which begins anew when the statistic was cleared."""
        if not days:
            return past
        known = Extent(oldest=past.oldest, newest=past.newest)
        extent = await self._history.async_write(self._production, site, days, closed, known)
        if extent.lost:
            past = cleared(past, today, behind=self._options.import_history)
        return replace(past, oldest=extent.oldest, newest=extent.newest)

    async def _async_take(self, state: SystemState, hours: Hours, site: Site, now: datetime) -> Past:
        """Write a day's hours as far as they have closed; after the last light they make up the day's total."""
        closed, light = _closed(state, hours, site, now), daylight(site, hours.day)
        is_complete = light is None or closed >= light.end
        if state.past.settled == hours.day and not is_complete:
            return state.past
        told = _told(state) if is_complete else None
        is_whole = told is not None and abs(_sum(hours.kwh) - told) <= ROUNDING_KWH
        known = DayEnergy(hours=hours.kwh, total=told if is_whole else None)
        until = closed if hours.day == site.day(now) else now
        past = await self._async_write(state.past, site, {hours.day: known}, until, site.day(now))
        return settled(past, hours.day) if is_complete else past

    async def _async_write_panels(self, before: SystemState, state: SystemState, site: Site, now: datetime) -> None:
        for uid, panels in state.panels.items():
            if panels == before.panels.get(uid):
                continue
            for channel, kwh in enumerate(panels.kwh, start=1):
                statistic = replace(self._production, uid=uid, channel=channel)
                await self._history.async_write(statistic, site, {panels.day: DayEnergy(total=kwh)}, now)

    async def _async_day(self, past: Past, step: Step, site: Site, now: datetime) -> Past:
        """Fetch a day's hours and write them."""
        hours: Series = ()
        with suppress(OpenApiNoDataError):
            hours = await self._client.energy(EnergyLevel.HOURLY, step.day)
        if any(hours):
            written = await self._history.async_written(self._production, site, step.day, step.day + _DAY)
            known = DayEnergy(hours=hours, total=_total(hours, written.get(step.day)))
            past = await self._async_write(past, site, {step.day: known}, now, site.day(now))
        return done(past, step, site.day(now), had_hours=any(hours))

    async def _async_month(self, past: Past, step: Step, site: Site, now: datetime) -> Past:
        """Fetch a month's totals and write them; days whose hours came late are fetched again instead."""
        first, today = step.day, site.day(now)
        days: Series = ()
        with suppress(OpenApiNoDataError):
            days = await self._client.energy(EnergyLevel.DAILY, first)
        after = (first + timedelta(days=32)).replace(day=1)
        written = await self._history.async_written(self._production, site, first, after)
        oldest = None if self._options.import_history else past.since
        totals = {
            day: kwh
            for day, kwh in zip((first + n * _DAY for n in range((after - first).days)), days, strict=False)
            if kwh is not None and day < today and (kwh or day in written)
            if oldest is None or day >= oldest or day in written
        }
        late = {day for day in totals if step.late and _is_late(totals[day], written.get(day))}
        late = {day for day in late if past.since is None or day >= past.since or day in written}
        settling = {day: DayEnergy(total=kwh) for day, kwh in totals.items() if day not in late or day not in written}
        past = await self._async_write(past, site, settling, now, today)
        return done(past, step, today, late=late)


def _total(hours: Series, written: Written | None) -> float | None:
    """Return a day's total by what is written of it; hours that came late are right without."""
    if written is None:
        return None
    return written.kwh if written.coarse or not _is_late(_sum(hours), written) else None


def _is_late(total: float, written: Written | None) -> bool:
    return abs(total - (written.kwh if written else 0.0)) > ROUNDING_KWH


def _sum(hours: Series) -> float:
    return sum(kwh or 0.0 for kwh in hours)


def _told(state: SystemState) -> float | None:
    """Return the total of the hours' day by the newest summary."""
    same_day = state.energy is not None and state.hours is not None and state.energy.day == state.hours.day
    return state.energy.told if same_day and state.energy else None


def _closed(state: SystemState, hours: Hours, site: Site, now: datetime) -> datetime:
    """Return up to when hours are complete: those out of the ECUs' own series until their newest samples."""
    if hours.read_at is not None:
        return min(now, hours.read_at)
    reads = [state.ecu_reads[eid] for eid in state.plant.ecus if eid in state.ecu_reads]
    return min([now, *(site.at(read.day, time.fromisoformat(read.data.newest)) for read in reads if read.data.newest)])
