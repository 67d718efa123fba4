"""Carries out the plan, merges the answers, keeps the last state on disk; turns the client's errors into words.

Nothing here decides what is due (`planner`), what a figure is (`energy`) or how an answer is read (`models`).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from . import notice, planner, state as states
from .api import (
    EnergyLevel,
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiClient,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiNoDataError,
    OpenApiQuotaError,
    OpenApiRequestError,
    OpenApiThrottledError,
)
from .const import CONF_SID, DOMAIN, LOGGER
from .energy import Energy, Reading, power_limit_kw, read_hours, read_summary, turn
from .ledger import FIRST_WAIT, PROBE, Ledger, LedgerError, Reason
from .planner import Call, Kind, Options, Plant, Slot
from .settings import options_of
from .site import async_locate
from .solar import LAST_MINUTE, Site, daylight, solar_hours
from .state import Hours, Retry, SystemState

type ApsystemsConfigEntry = ConfigEntry[ApsystemsCoordinator]

CALL_SPACING_S: Final = 2
LONGEST_SLEEP: Final = timedelta(minutes=5)
RETRY_AFTER: Final = timedelta(minutes=30)

# The ways in which a call fails, as keys of `exceptions` in the translations.
ERROR_KEYS: Final[dict[type[Exception], str]] = {
    OpenApiAuthError: "invalid_auth",
    OpenApiRequestError: "invalid_auth",
    OpenApiConnectionError: "cannot_connect",
    OpenApiAnswerError: "invalid_answer",
    OpenApiQuotaError: "quota",
    OpenApiThrottledError: "throttled",
    LedgerError: "ledger",
}
# What the cloud says to stop all calls.
BLOCKING: Final[dict[type[Exception], Reason]] = {
    OpenApiQuotaError: Reason.QUOTA,
    OpenApiThrottledError: Reason.THROTTLED,
}


@dataclass(frozen=True, kw_only=True)
class PlantData:
    """What entities show: the state, and what the clock makes of it. `day` is the site's.

    `midnight` is when today's energy was 0; unlike `day` it does not go back when a clock is set back.
    """

    state: SystemState
    energy: Energy
    day: date
    midnight: datetime
    sun_up: bool
    solar_hours: bool


def state_store(hass: HomeAssistant, sid: str) -> Store[dict[str, Any]]:
    """Return where the state of a system is kept; a config flow puts the first answer there."""
    return Store(hass, 1, f"{DOMAIN}.{sid}", private=True, atomic_writes=True, serialize_in_event_loop=False)


class ApsystemsCoordinator(DataUpdateCoordinator[PlantData]):
    """One system: its state, its plan and its timer."""

    config_entry: ApsystemsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ApsystemsConfigEntry, client: OpenApiClient, ledger: Ledger) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{DOMAIN} {entry.title}", always_update=False)
        self.sid: str = entry.data[CONF_SID]
        self._client = client
        self._ledger = ledger
        self._options: Options = options_of(entry)
        self._store = state_store(hass, self.sid)
        self._state = SystemState()
        self._site: Site
        self._remark: str | None = None
        self._plan: tuple[date, Site, Plant, tuple[Slot, ...]] | None = None
        self._announced = ""
        self._round = asyncio.Lock()
        self._again: dict[Call, datetime] = {}
        self._pause_until: datetime | None = None
        self._failing: set[Kind] = set()
        self._wake: CALLBACK_TYPE | None = None

    @override
    async def _async_setup(self) -> None:
        """Take up the stored state."""
        try:
            if (stored := await self._store.async_load()) is not None:
                self._state = states.load(stored)
        except (AttributeError, HomeAssistantError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("The stored state is unreadable and is read anew: %s", type(error).__name__)

    @override
    async def _async_update_data(self) -> PlantData:
        """Make the calls that are due, and return what is known; without any call when none is due.

        At set-up only an installation without a stored state calls, and raises when that fails.
        """
        async with self._round:
            await self._async_locate()
            if not self._state.complete:
                await self._async_first_read()
            elif self.data is not None:
                await self._async_carry_out()
            if block := self._ledger.blocked(dt_util.utcnow()):
                await notice.async_show(self.hass, self._ledger, block, self._site.zone)
            return self._view()

    @callback
    def async_start(self) -> None:
        """Carry out the plan from now on, until the entry is unloaded."""
        self.config_entry.async_on_unload(self._cancel_wake)
        self._wake_at(dt_util.utcnow())

    async def async_press(self, *calls: Call) -> None:
        """Make calls at once, for a person. Raises HomeAssistantError with the reason when one fails."""
        if block := self._ledger.blocked(dt_util.utcnow()):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=f"blocked_{block.reason}",
                translation_placeholders={"until": notice.moment(block.until, self._site.zone)},
            )
        async with self._round:
            failure = await self._async_ask(calls)
        self.async_set_updated_data(self._view())
        if failure is not None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(failure)]) from failure

    async def async_forget(self, uid: str) -> None:
        """Forget an inverter whose device its owner deletes."""
        self._state = states.without(self._state, uid)
        await self._store.async_save(states.dump(self._state))
        self.async_set_updated_data(self._view())

    async def _async_locate(self) -> None:
        former = self._remark
        self._site, self._remark = await async_locate(self.hass, self._state.timezone)
        if self._remark not in {None, former}:
            LOGGER.warning(self._remark)

    def _view(self) -> PlantData:
        """Return the state as of this moment; the site's midnight is passed here, without a call."""
        now = dt_util.utcnow()
        day = self._site.day(now)
        light = daylight(self._site, day)
        hours = solar_hours(self._site, day, self._options.sunrise_offset, self._options.sunset_offset)
        energy = turn(self._energy(day), day, before_sunrise=self._is_before_sunrise(now, day))
        if self._state.energy is not None:
            self._state = replace(self._state, energy=energy)
        return PlantData(
            state=self._state,
            energy=energy,
            day=day,
            midnight=self._site.midnight(energy.day),
            sun_up=light is not None and now in light,
            solar_hours=hours is not None and now in hours,
        )

    # The timer. Home Assistant's own for coordinators does not see clock changes and ends with the last listener; one for
    # a point in time waits for it even when the clock is set back by days.

    def _wake_at(self, moment: datetime) -> None:
        self._wake = async_call_later(self.hass, max(moment - dt_util.utcnow(), timedelta()), self._on_wake)

    @callback
    def _cancel_wake(self) -> None:
        if self._wake is not None:
            self._wake()
            self._wake = None

    @callback
    def _on_wake(self, _: datetime) -> None:
        self._wake = None
        self.config_entry.async_create_background_task(self.hass, self._async_tick(), f"{self.name} plan")

    async def _async_tick(self) -> None:
        await self.async_refresh()
        now = dt_util.utcnow()
        slots = await self._async_plan(now)
        tomorrow = self._site.midnight(self._site.day(now) + timedelta(days=1))
        self._wake_at(min((now + LONGEST_SLEEP, tomorrow, *(s.at for s in slots if s.at > now))))

    # The calls

    async def _async_first_read(self) -> None:
        """Fill an empty state. Raises UpdateFailed, without a call when the next attempt is not due."""
        now = dt_util.utcnow()
        former = self._state.retry
        waiting = former is not None and now < former.at <= now + PROBE
        if (block := self._ledger.blocked(now)) or waiting:
            key = f"blocked_{block.reason}" if block else "first_read"
            until = block.until if block else former.at if former else now
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders={"until": notice.moment(until, self._site.zone)},
            )
        wait = min(timedelta(seconds=2 * former.wait_s), PROBE) if former else FIRST_WAIT
        self._state = replace(self._state, retry=Retry(at=now + wait, wait_s=wait.total_seconds()))
        await self._store.async_save(states.dump(self._state))
        missing = {Kind.INVERTERS: self._state.ecus, Kind.SUMMARY: self._state.energy}
        failure = await self._async_ask([Call(kind=kind) for kind, held in missing.items() if held is None])
        if self._state.complete:
            self._state = replace(self._state, retry=None)
            await self._store.async_save(states.dump(self._state))
        else:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(failure or OpenApiAnswerError())]
            ) from failure

    async def _async_carry_out(self) -> None:
        """Make the calls that have fallen due."""
        now = dt_util.utcnow()
        self._view()
        paused = self._pause_until is not None and now < self._pause_until <= now + LONGEST_SLEEP
        if self.config_entry.pref_disable_polling or paused or self._ledger.blocked(now):
            return
        due = [s.call for s in await self._async_plan(now) if s.at <= now < s.until and self._is_open(s, now)]
        await self._async_ask([*due, *(call for call in self._extras(now, due) if call not in due)])

    def _is_open(self, slot: Slot, now: datetime) -> bool:
        """Tell whether a slot's call has not been made, or failed and is to be tried once more."""
        asked = self._ledger.asked(self.sid, slot.call)
        if asked is None or asked < slot.at or asked > now + PROBE:
            return True
        again = self._again.get(slot.call)
        return again is not None and again <= now

    def _extras(self, now: datetime, due: list[Call]) -> Iterable[Call]:
        """Return what the state lacks; it rides along with a poll, or is asked once a day."""
        state = self._state
        if state.energy is not None and state.energy.wants_summary and Call(kind=Kind.HOURLY) in due:
            yield Call(kind=Kind.SUMMARY)
        for kind, wanted in ((Kind.DETAILS, state.details is None), (Kind.INVERTERS, bool(state.strangers))):
            asked = self._ledger.asked(self.sid, Call(kind=kind))
            if wanted and (asked is None or abs(now - asked) > PROBE):
                yield Call(kind=kind)

    async def _async_plan(self, now: datetime) -> tuple[Slot, ...]:
        """Return the plan of the site's day; made anew when the day, the place or the plant is another."""
        day, site, plant = self._site.day(now), self._site, self._state.plant
        if self._plan is None or self._plan[:3] != (day, site, plant):
            options, estimate = await self.hass.async_add_executor_job(
                planner.sized, day.year, site, plant, self._options
            )
            self._announce(options, estimate, plant, site)
            self._plan = (day, site, plant, planner.plan(day, site, plant, options))
        return self._plan[3]

    def _announce(self, options: Options, estimate: int, plant: Plant, site: Site) -> None:
        """Tell the log what is planned, whenever it is something else than before."""
        words = (
            f"{'Auto' if options.automatic else 'Fixed'} scan-interval: {options.interval.seconds}s "
            f"({options.interval.seconds // 60} min) for {len(plant.inverters)} inverter(s)/"
            f"{len(plant.ecus)} ECU(s) at lat {site.latitude:.2f} — est. {estimate} calls/month "
            f"(quota {options.monthly_quota})"
        )
        if words != self._announced:
            LOGGER.info(words)
            self._announced = words

    async def _async_ask(self, calls: Iterable[Call]) -> Exception | None:
        """Make the calls of a round, and return what failed first.

        A round ends where the cloud says to stop, and when two calls in a row get no answer at all.
        """
        first: Exception | None = None
        former: Exception | None = None
        for number, call in enumerate(calls):
            if number:
                await asyncio.sleep(CALL_SPACING_S)
            failure = await self._async_call(call)
            first = first or failure
            if type(failure) in BLOCKING or isinstance(failure, LedgerError):
                break
            if isinstance(failure, OpenApiConnectionError) and isinstance(former, OpenApiConnectionError):
                self._pause_until = dt_util.utcnow() + LONGEST_SLEEP
                break
            former = failure
        await self._store.async_save(states.dump(self._state))
        return first

    async def _async_call(self, call: Call) -> Exception | None:
        """Book a call, make it, and take its answer into the state; return what went wrong."""
        now = dt_util.utcnow()
        second = self._again.pop(call, None) is not None
        try:
            await self._ledger.async_book(self.sid, call, now)
            await self._async_take(call, now)
        except OpenApiNoDataError:
            self._take_nothing(call, now)
        except (OpenApiError, LedgerError) as failure:
            again = now + RETRY_AFTER
            if reason := BLOCKING.get(type(failure)):
                again = await self._async_block(reason, failure, now)
            elif call.kind not in self._failing:
                LOGGER.warning("Reading %s failed, what is known stays: %s", call.kind, failure)
                self._failing.add(call.kind)
            if not second and call.kind is not Kind.HOURLY:
                self._again[call] = again
            return failure
        if call.kind in self._failing:
            LOGGER.info("Reading %s works again", call.kind)
            self._failing.discard(call.kind)
        if await self._ledger.async_unblock():
            LOGGER.info("The cloud takes calls again")
            notice.async_clear(self.hass, self._ledger)
        return None

    async def _async_block(self, reason: Reason, failure: Exception, now: datetime) -> datetime:
        """Stop all calls of the App ID for a time, say so once, and return when they resume."""
        was_blocked = self._ledger.block is not None
        block = await self._ledger.async_block(
            reason, now, self._site.midnight(self._site.day(now) + timedelta(days=1))
        )
        until = notice.moment(block.until, self._site.zone)
        if not was_blocked:
            LOGGER.warning("%s; nothing is asked before %s, what is known stays", failure, until)
        await notice.async_show(self.hass, self._ledger, block, self._site.zone)
        return block.until

    async def _async_take(self, call: Call, now: datetime) -> None:
        """Make a call and take its answer into the state. Raises the client's errors."""
        day = self._site.day(now)
        match call.kind:
            case Kind.DETAILS:
                details = await self._client.details()
                self._state = replace(self._state, details=details)
            case Kind.INVERTERS:
                ecus = await self._client.inverters()
                before = self._state.inverters
                self._state = states.with_listing(self._state, ecus)
                await self._async_locate()
                self._clear_devices({inverter.uid for inverter in before})
            case Kind.SUMMARY:
                summary = await self._client.summary()
                known = read_summary(self._energy(day), summary, self._reading(now, day))
                self._state = replace(self._state, energy=known)
            case Kind.HOURLY:
                hours = await self._client.energy(EnergyLevel.HOURLY, day)
                known = read_hours(self._energy(day), day, hours, self._reading(now, day))
                self._state = replace(self._state, energy=known, hours=Hours(day=day, kwh=hours))
            case Kind.TELEMETRY:
                telemetry = await self._client.inverter_day(call.target, day)
                self._state = states.with_day(self._state, call.target, telemetry)
            case Kind.BATCH_POWER:
                batch = await self._client.batch_power(call.target, day)
                self._state = states.with_batch_power(self._state, day, batch)

    def _take_nothing(self, call: Call, now: datetime) -> None:
        """Note that the cloud has nothing (yet): known is only that it was asked."""
        if call.kind is Kind.INVERTERS and self._state.ecus is None:
            self._state = replace(self._state, ecus=())
        elif call.kind is Kind.SUMMARY:
            self._state = replace(self._state, energy=self._energy(self._site.day(now)))

    def _energy(self, day: date) -> Energy:
        if self._state.energy is not None:
            return self._state.energy
        return Energy(day=day, today=0.0 if self._is_before_sunrise(dt_util.utcnow(), day) else None)

    def _is_before_sunrise(self, now: datetime, day: date) -> bool:
        light = daylight(self._site, day)
        return light is None or now < light.start

    def _reading(self, now: datetime, day: date) -> Reading:
        details, light = self._state.details, daylight(self._site, day)
        return Reading(
            at=now,
            midnight=self._site.midnight(day),
            sunrise=light.start if light else None,
            last=self._site.at(day, LAST_MINUTE),
            built=self._site.midnight(details.created) if details and details.created else None,
            power_limit_kw=power_limit_kw(details.capacity_kw if details else None, len(self._state.inverters)),
        )

    @callback
    def _clear_devices(self, before: set[str]) -> None:
        """Remove the devices of inverters that are gone; of ones not known before only when every ECU has spoken."""
        state, registry = self._state, dr.async_get(self.hass)
        known = {inverter.uid for inverter in state.inverters} | {self.sid}
        spoken = bool(state.ecus) and all(ecu.inverters for ecu in state.ecus or ())
        for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            uid = next((name for domain, name in device.identifiers if domain == DOMAIN), None)
            if uid not in known and (spoken or uid in before):
                registry.async_update_device(device.id, remove_config_entry_id=self.config_entry.entry_id)
