"""Carries out the plan, merges the answers, keeps the last state on disk; turns the client's errors into words.

Nothing here decides what is due (`planner`, `due`), what a figure is (`energy`) or how an answer is read (`models`).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from . import devices, energy_dashboard as dashboard, notice
from .cloud.client import OpenApiClient
from .cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiNoDataError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from .const import CONF_SID, DOMAIN, LOGGER
from .failures import BLOCKING, ERROR_KEYS, Health
from .history.importer import Historian
from .ledger import FIRST_WAIT, PROBE, Ledger, LedgerError
from .schedule.calls import Call, Kind, Slot
from .schedule.day_plan import Agenda, agenda
from .schedule.quota import CHINA, month
from .schedule.sun import Site
from .settings import options_of
from .site import async_locate, async_unknown_zone
from .system import state as states
from .system.backlog import wanted
from .system.due import PAST, Situation
from .system.energy import turn
from .system.snapshot import PlantData, reading_of, view
from .system.state import Retry, Spent, SystemState
from .system.updates import ask, nothing

type ApsystemsConfigEntry = ConfigEntry[ApsystemsCoordinator]

CALL_SPACING_S: Final = 2
SAVED_EVERY: Final = 10  # calls of a long round, so that little is lost when it is cut short
LONGEST_SLEEP: Final = timedelta(minutes=5)


def state_store(hass: HomeAssistant, sid: str) -> Store[dict[str, Any]]:
    """Return where the state of a system is kept; a config flow puts the first answer there."""
    return Store(hass, 1, f"{DOMAIN}.{sid}", private=True, atomic_writes=True, serialize_in_event_loop=False)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What diagnostics and system health tell beside the data: the day's plan, how calls fare, and their book."""

    agenda: Agenda | None
    health: Health
    ledger: Ledger
    zone: tzinfo


class ApsystemsCoordinator(DataUpdateCoordinator[PlantData]):
    """One system: its state, its plan and its timer."""

    config_entry: ApsystemsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ApsystemsConfigEntry, client: OpenApiClient, ledger: Ledger) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{DOMAIN} {entry.title}", always_update=False)
        self.sid: str = entry.data[CONF_SID]
        self.options = options_of(entry.options)
        self._client = client
        self._ledger = ledger
        self._historian = Historian(hass, client, self.sid, self.options)
        self._store = state_store(hass, self.sid)
        self._state = SystemState()
        self._site: Site
        self._remark: str | None = None
        self._agenda: tuple[object, Agenda] | None = None
        self._told = ""
        self._health = Health(hass, entry, ledger, self.options.monthly_quota)
        self._round = asyncio.Lock()
        self._saving = asyncio.Lock()
        self._again: dict[Call, datetime] = {}
        self._pause_until: datetime | None = None
        self._wake: CALLBACK_TYPE | None = None
        self._stopped = False

    @override
    async def _async_setup(self) -> None:
        """Take up the stored state."""
        try:
            if (stored := await self._store.async_load()) is not None:
                self._state = states.load(stored)
        except (AttributeError, HomeAssistantError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("The stored state is unreadable and is read anew: %s", type(error).__name__)
        await self._async_join()

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
            unknown_zone = await async_unknown_zone(self._state.timezone)
            await self._health.async_show(dt_util.utcnow(), self._site, self._zones, unknown_zone)
            return await self._async_view()

    @property
    def report(self) -> Report:
        """Return what is told of this system beside what it shows."""
        return Report(
            agenda=self._agenda[1] if self._agenda else None,
            health=self._health,
            ledger=self._ledger,
            zone=self._site.zone,
        )

    @callback
    def async_start(self) -> None:
        """Carry out the plan from now on, until the entry is unloaded."""
        self.config_entry.async_on_unload(self._cancel_wake)
        self._wake_at(dt_util.utcnow())

    async def async_press(self, *calls: Call) -> None:
        """Make calls at once, for a person. Raises HomeAssistantError with the reason when one fails."""
        now = dt_util.utcnow()
        if block := self._ledger.blocked(now):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=f"blocked_{block.reason}",
                translation_placeholders={"until": notice.moment(block.until, self._site.zone)},
            )
        if (room := self._ledger.book.room(now, self._zones, self.options.monthly_quota)) < len(calls):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="too_few_calls",
                translation_placeholders={"needed": str(len(calls)), "left": str(room)},
            )
        async with self._round:
            failure = await self._async_ask([self._situation(now).at_once(call) for call in calls])
            self.async_set_updated_data(await self._async_view())
        if failure is not None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(failure)]) from failure

    async def async_forget(self, uid: str) -> None:
        """Forget an inverter whose device its owner deletes."""
        async with self._round:
            self._state = states.without(self._state, uid)
            await self._async_save()
            self.async_set_updated_data(await self._async_view())

    @property
    def keeps_statistics(self) -> bool:
        """Whether there is a recorder to keep statistics."""
        return self._historian.available

    async def async_want(self, days: Iterable[date]) -> None:
        """Have the hours of some days fetched, as calls allow."""
        async with self._round:
            self._state = replace(self._state, past=wanted(self._state.past, days))
            await self._async_save()
            self.async_set_updated_data(await self._async_view())

    async def async_keep(self) -> None:
        """Keep what a round that is cut short has brought; otherwise all is on disk, or newer there by a flow."""
        if self._round.locked():
            await self._async_save()

    # State and place

    @property
    def _zones(self) -> tuple[tzinfo, ...]:
        return (UTC, CHINA, self._site.zone)

    async def _async_locate(self) -> None:
        former = self._remark
        self._site, self._remark = await async_locate(self.hass, self._state.timezone)
        if self._remark not in {None, former}:
            LOGGER.warning(self._remark)

    async def _async_join(self) -> None:
        """Have a part in the ledger; one that was lost is told what this system remembers."""
        spent, opened = self._state.spent, self._ledger.book.opened
        lost = spent is not None and month(opened, UTC)[0] <= spent.at < opened
        await self._ledger.async_join(self.sid, self._state.plant.need, spent.calls if spent and lost else 0)

    async def _async_save(self) -> None:
        now = dt_util.utcnow()
        spent = Spent(at=now, calls=self._ledger.book.used(now, UTC, self.options.monthly_quota))
        self._state = replace(self._state, spent=spent)
        async with self._saving:
            # A day of 120 inverters takes long to take apart; a state never changes, so that another thread may.
            await self._store.async_save(await self.hass.async_add_executor_job(states.dump, self._state))

    async def _async_turn(self, now: datetime) -> None:
        """Pass the site's midnight, without a call."""
        # At set-up the recorder does not write yet, and waits for what waits for it.
        if self._state.complete and self.data is not None:
            self._state = await self._historian.async_turn(self._state, self._site, now)
        reading = reading_of(self._state, self._site, now)
        if self._state.energy is not None:
            former = self._state.energy.day
            energy = turn(self._state.energy, reading.day, before_sunrise=reading.before_sunrise)
            self._state = replace(self._state, energy=energy)
            if energy.day != former:
                # That today's energy is 0 is known at midnight only; a reload by day must find it.
                await self._async_save()

    async def _async_view(self) -> PlantData:
        now = dt_util.utcnow()
        await self._async_turn(now)
        today = await self._async_agenda(now)
        book = self._ledger.book
        room = book.room(now, self._zones, self.options.monthly_quota)
        shown = view(self._state, self._site, self.options, book, room, today, now)
        if self.config_entry.pref_disable_polling:
            return replace(shown, next_read=None)
        if (block := self._ledger.blocked(now)) and shown.next_read is not None:
            return replace(shown, next_read=max(shown.next_read, block.until))
        return shown

    # The timer. Home Assistant's own for coordinators does not see clock changes and ends with the last listener; one
    # for a point in time waits for it even when the clock is set back by days.

    def _wake_at(self, moment: datetime) -> None:
        self._wake = async_call_later(self.hass, max(moment - dt_util.utcnow(), timedelta()), self._on_wake)

    @callback
    def _cancel_wake(self) -> None:
        self._stopped = True
        if self._wake is not None:
            self._wake()
            self._wake = None

    @callback
    def _on_wake(self, _: datetime) -> None:
        self._wake = None
        self.config_entry.async_create_background_task(self.hass, self._async_tick(), f"{self.name} plan")

    async def _async_tick(self) -> None:
        moments = [dt_util.utcnow() + LONGEST_SLEEP]
        try:
            await self.async_refresh()
            await dashboard.async_check(self.hass, self.config_entry, self.sid)
            now = dt_util.utcnow()
            slots = (await self._async_agenda(now)).slots
            moments += [self._site.midnight(self._site.day(now) + timedelta(days=1))]
            moments += [slot.at for slot in slots if slot.at > now]
        except asyncio.CancelledError:
            self._stopped = True
            raise
        finally:
            if not self._stopped:
                self._wake_at(min(moments))

    # What is due

    async def _async_agenda(self, now: datetime) -> Agenda:
        """Return the day's plan; made anew when the day, the place, the plant or its part of the calls is another."""
        day, share = self._site.day(now), self._ledger.share(self.sid)
        plant = replace(self._state.plant, behind=self._historian.is_behind(self._state, day))
        key = (day, self._site, plant, share)
        if self._agenda is None or self._agenda[0] != key:
            midnight = self._site.midnight(day).astimezone(UTC)
            accounts = self._ledger.book.accounts(midnight, self._zones, self.options.monthly_quota, share)
            made = await self.hass.async_add_executor_job(agenda, day, self._site, plant, accounts, self.options)
            if made.stretched and not (self._agenda and self._agenda[1].stretched):
                LOGGER.warning(
                    "The calls of this month are nearly spent, so that polls are farther apart until its end"
                )
            if made.words != self._told:
                LOGGER.info(made.words)
                self._told = made.words
            self._agenda = (key, made)
        return self._agenda[1]

    async def _async_first_read(self) -> None:
        """Fill an empty state. Raises UpdateFailed, without a call when the next attempt is not due.

        Where it waits for new credentials, ConfigEntryAuthFailed.
        """
        now = dt_util.utcnow()
        former = self._state.retry
        waiting = former is not None and now < former.at <= now + PROBE
        if (block := self._ledger.blocked(now)) or waiting:
            if former and former.refused and not block:
                raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_auth")
            key = f"blocked_{block.reason}" if block else "first_read"
            until = block.until if block else former.at if former else now
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders={"until": notice.moment(until, self._site.zone)},
            )
        wait = min(timedelta(seconds=2 * former.wait_s), PROBE) if former else FIRST_WAIT
        self._state = replace(self._state, retry=Retry(at=now + wait, wait_s=wait.total_seconds()))
        await self._async_save()
        missing = {Kind.INVERTERS: self._state.ecus, Kind.SUMMARY: self._state.energy}
        calls = [Call(kind=kind) for kind, held in missing.items() if held is None]
        failure = await self._async_ask([self._situation(now).at_once(call) for call in calls])
        if not self._state.complete:
            if self._health.refused and self._state.retry:
                self._state = replace(self._state, retry=replace(self._state.retry, refused=True))
                await self._async_save()
            error = ConfigEntryAuthFailed if self._health.refused else UpdateFailed
            raise error(
                translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(failure or OpenApiAnswerError())]
            ) from failure
        self._state = replace(self._state, retry=None)
        await self._async_save()
        await self._async_join()

    async def _async_carry_out(self) -> None:
        """Make the calls that have fallen due."""
        now = dt_util.utcnow()
        await self._async_turn(now)
        paused = self._pause_until is not None and now < self._pause_until <= now + LONGEST_SLEEP
        paused = paused or self._health.pauses(now)
        if self.config_entry.pref_disable_polling or paused or self._ledger.blocked(now):
            return
        slots = (await self._async_agenda(now)).slots
        self._state = self._historian.begin(self._state, self._site.day(now))
        situation = self._situation(now)
        due = situation.due(slots, self._again)
        lacking = map(situation.at_once, situation.lacking(due, proof=self._health.wants_proof(due)))
        if due := [*due, *lacking]:
            failure = await self._async_ask(due)
            await self._async_join()
            if failure is not None:
                return
        room = self._ledger.book.room(now, self._zones, self.options.monthly_quota)
        if situation.may_borrow(room):
            await self._async_borrow(situation)

    async def _async_borrow(self, situation: Situation) -> None:
        """Fetch of the past what brings much; what the day has brought need not wait for it."""
        number = self._historian.borrow(self._state, self._site.day(situation.now), situation.now)
        if number:
            self.async_set_updated_data(await self._async_view())
            await self._async_ask([situation.at_once(PAST)] * number)

    def _situation(self, now: datetime) -> Situation:
        asked = partial(self._ledger.asked, self.sid)
        return Situation(now=now, site=self._site, state=self._state, options=self.options, asked=asked)

    # The calls

    async def _async_ask(self, slots: Iterable[Slot]) -> Exception | None:
        """Make the calls of a round, and return what failed first.

        A round ends where the cloud says to stop, and when two calls in a row get no answer at all.
        """
        first: Exception | None = None
        former: Exception | None = None
        for number, slot in enumerate(slots):
            if number:
                await asyncio.sleep(CALL_SPACING_S)
            # Two systems of one App ID take turns, so that what stops one stops the other as well.
            async with self._ledger.turn:
                if self._ledger.blocked(dt_util.utcnow()):
                    break
                failure = await self._async_call(slot)
            first = first or failure
            if number % SAVED_EVERY == SAVED_EVERY - 1:
                await self._async_save()
            if type(failure) in BLOCKING or isinstance(failure, LedgerError) or self._health.refused:
                break
            if isinstance(failure, OpenApiConnectionError) and isinstance(former, OpenApiConnectionError):
                self._pause_until = dt_util.utcnow() + LONGEST_SLEEP
                break
            former = failure
        await self._async_save()
        return first

    async def _async_call(self, slot: Slot) -> Exception | None:
        """Book a call, make it, and take its answer into the state; return what went wrong."""
        call, now = slot.call, dt_util.utcnow()
        reading = reading_of(self._state, self._site, now)
        second = self._again.pop(call, None) is not None
        behind = self._historian.is_behind(self._state, reading.day) and not self._historian.rests(now)
        if call.kind is Kind.PAST and not behind:
            return None
        try:
            await self._ledger.async_book(self.sid, call, now, self._zones, self.options.monthly_quota)
            if call.kind is Kind.PAST:
                answer = await self._historian.async_step(self._state, self._site, now)
            else:
                answer = await ask(self._client, call, slot.day, reading)
        except OpenApiNoDataError:
            answer = nothing(call, reading)
        except LedgerError as failure:
            await self._health.async_not_booked(failure, self._zones)
            return failure
        except OpenApiError as failure:
            # One read of several that make a round is not worth another call; one that stands alone is, once.
            worth = not slot.read or (
                call.kind not in self._health.failing and (not call.target or len(self._state.plant.ecus) == 1)
            )
            again = await self._async_note_failure(call, failure, now)
            if not second and worth and call.kind is not Kind.HOURLY:
                self._again[call] = now + LONGEST_SLEEP if slot.read else again
            return failure
        before = self._state
        self._state = answer(before)
        if slot.read:
            newer = _told(before) != _told(self._state)
            self._state = replace(self._state, idle_reads=0 if newer else before.idle_reads + 1)
        if call.kind is Kind.INVERTERS:
            self._state = replace(self._state, ecu_days_refused=False)
            await self._async_locate()
            devices.async_clear(self.hass, self.config_entry, before, self._state)
        self._state = await self._historian.async_follow(before, self._state, self._site, now)
        self._state = replace(self._state, answered=now)
        await self._health.async_succeeded(call)
        return None

    async def _async_note_failure(self, call: Call, failure: OpenApiError, now: datetime) -> datetime:
        """Note what an account is refused, and return when it may be tried again."""
        yesterday = self._site.day(now) - timedelta(days=1)
        has_worked = any(read.day >= yesterday for read in self._state.ecu_reads.values())
        doubtful = isinstance(failure, OpenApiRequestError) and not has_worked
        refused = isinstance(failure, OpenApiPermissionError) or doubtful
        if call.kind is Kind.ECU_DAY and refused and not self._state.ecu_days_refused:
            LOGGER.warning(
                "This account has no access to the ECU's own series (%s); summaries are read instead, until the"
                " inverters are scanned",
                failure,
            )
            self._state = replace(self._state, ecu_days_refused=True)
        again = await self._health.async_failed(call, failure, now, self._site)
        if self._health.refused:
            # It was the credentials, and not that account's rights.
            self._state = replace(self._state, ecu_days_refused=False)
        return again


def _told(state: SystemState) -> object:
    """Return what a read can bring something newer of."""
    return state.energy and (state.energy.today, state.energy.total), state.ecu_reads, state.days
