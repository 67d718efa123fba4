"""Keeps the statistics of one system: as its answers come in, at the turn of a day, and for the past."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from homeassistant.core import HomeAssistant

from .api import EnergyLevel, OpenApiClient, OpenApiNoDataError
from .calls import Options
from .history import History, Statistic
from .past import Step, begun, done, next_step, wanted
from .series import DayEnergy
from .solar import Site
from .state import EcuRead, SystemState

# A day's total differs from its hours by what the cloud rounds; by more, hours came late and are fetched again.
ROUNDING_KWH: Final = 0.1
_DAY: Final = timedelta(days=1)


class Historian:
    """Decides what of a system's answers is written, and fetches what of its past is missing."""

    def __init__(self, hass: HomeAssistant, client: OpenApiClient, sid: str, options: Options) -> None:
        self._history = History(hass)
        self._client = client
        self._options = options
        self._production = Statistic(sid=sid)

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
        return self.available and self._next(state, today) is not None

    def is_urgent(self, state: SystemState) -> bool:
        """Tell whether days are missing, or months before the installation, of which a call brings a whole one."""
        past = state.past
        missing = bool(past.gaps or past.checks) or (self._options.import_history and past.has_months)
        return self.available and missing

    async def async_follow(self, before: SystemState, state: SystemState, site: Site, now: datetime) -> None:
        """Write the hours that have closed and the panels' energies, where an answer has brought new ones."""
        hours = state.hours
        if hours is not None and hours != before.hours:
            closed = _closed(state, before, site, now)
            await self._history.async_write(self._production, site, {hours.day: DayEnergy(hours=hours.kwh)}, closed)
        if self._options.panel_statistics and state.panels != before.panels:
            for uid, panels in state.panels.items():
                if panels == before.panels.get(uid):
                    continue
                for channel, kwh in enumerate(panels.kwh, start=1):
                    statistic = replace(self._production, uid=uid, channel=channel)
                    await self._history.async_write(statistic, site, {panels.day: DayEnergy(total=kwh)}, now)

    async def async_turn(self, state: SystemState, site: Site, now: datetime) -> SystemState:
        """Settle the day that has ended: its hours make up its total. Without hours it is a day to be fetched."""
        energy, today = state.energy, site.day(now)
        if energy is None or energy.day >= today or not self.available:
            return state
        if state.hours is not None and state.hours.day == energy.day and energy.today is not None:
            known = DayEnergy(hours=state.hours.kwh, total=energy.today)
            await self._history.async_write(self._production, site, {energy.day: known}, now)
            if state.past.settled is not None and state.past.settled < energy.day == today - _DAY:
                gaps = begun(state.past, energy.day, None)
                state = replace(state, past=replace(gaps, settled=energy.day))
        return self.begin(state, today)

    async def async_step(self, state: SystemState, site: Site, now: datetime) -> Callable[[SystemState], SystemState]:
        """Fetch the next of the past and write it; return what that does to the state. Raises the client's errors."""
        today = site.day(now)
        step = self._next(state, today)
        if step is None:
            return lambda state: state
        if step.month:
            late = await self._async_month(step.day, site, now)
            return lambda state: replace(
                state,
                past=wanted(done(state.past, step, today, had_data=True), late if step.day in _recent(today) else ()),
            )
        had_data = await self._async_day(step.day, site, now)
        return lambda state: replace(state, past=done(state.past, step, today, had_data=had_data))

    def _next(self, state: SystemState, today: date) -> Step | None:
        return next_step(state.past, today, behind=self._options.import_history)

    async def _async_day(self, day: date, site: Site, now: datetime) -> bool:
        """Fetch a day's hours; a total that stands for the whole day is kept."""
        with suppress(OpenApiNoDataError):
            hours = await self._client.energy(EnergyLevel.HOURLY, day)
            if not any(hours):
                return False
            total = await self._history.async_coarse(self._production, site, day)
            await self._history.async_write(self._production, site, {day: DayEnergy(hours=hours, total=total)}, now)
            return True
        return False

    async def _async_month(self, first: date, site: Site, now: datetime) -> list[date]:
        """Fetch a month's totals; return the days of which more or less is written than they say."""
        totals: dict[date, float] = {}
        with suppress(OpenApiNoDataError):
            days = await self._client.energy(EnergyLevel.DAILY, first)
            totals = {
                day: kwh
                for n, kwh in enumerate(days)
                if kwh is not None and (day := first + n * _DAY) < site.day(now) and day.month == first.month
            }
        after = (first + timedelta(days=32)).replace(day=1)
        written = await self._history.async_totals(self._production, site, first, after)
        await self._history.async_write(
            self._production,
            site,
            {day: DayEnergy(total=kwh) for day, kwh in totals.items() if kwh or day in written},
            now,
        )
        return [day for day, kwh in totals.items() if day in written and abs(written[day] - kwh) > ROUNDING_KWH]


def _recent(today: date) -> set[date]:
    """Return the months whose days the cloud may still correct."""
    return {(today - _DAY).replace(day=1), (today - 7 * _DAY).replace(day=1)}


def _closed(state: SystemState, before: SystemState, site: Site, now: datetime) -> datetime:
    """Return up to when the hours are complete: an ECU's, until its newest sample."""
    if state.ecu_reads == before.ecu_reads:
        return now
    reads: list[EcuRead] = [state.ecu_reads[eid] for eid in state.plant.ecus if eid in state.ecu_reads]
    labels = [site.at(read.day, time.fromisoformat(read.data.newest)) for read in reads if read.data.newest]
    return min([now, *labels])
