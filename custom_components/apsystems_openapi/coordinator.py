"""One system: its timer, its buttons, and the snapshot that entities show. It decides nothing itself.

Due calls are decided in `system/due`, presses in `system/presses`, consequences of failures in `system/reactions`,
figures in `system/energy`.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from . import devices, issues
from .cloud.client import OpenApiClient
from .cloud.exceptions import OpenApiAnswerError
from .const import DOMAIN, LOGGER
from .context import SystemContext
from .failures import ERROR_KEYS, Failures, translated
from .history.importer import Importer
from .ledger import Ledger
from .runner import InterruptedRoundError, Runner
from .schedule.calls import Call, Slot
from .settings import async_bring_in_step, async_unknown_zone
from .system.day_end import advanced
from .system.presses import Press, Refusal, blocked
from .system.reactions import after_first_read, after_loan, after_request, before_first_read
from .system.snapshot import Snapshot
from .system.state import SystemState
from .system.waits import APP_ID, ENTRY
from .timer import PlanTimer

type ApsystemsConfigEntry = ConfigEntry[ApsystemsCoordinator]


class ApsystemsCoordinator(DataUpdateCoordinator[Snapshot]):
    """One system. Its name has no id: Home Assistant logs it."""

    config_entry: ApsystemsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ApsystemsConfigEntry, client: OpenApiClient, ledger: Ledger) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=DOMAIN, always_update=False)
        async_bring_in_step(hass, entry)
        self.context = SystemContext(hass, entry, ledger)
        self.failures = Failures(hass, entry, ledger)
        self._store = self.context.store
        self._timer = PlanTimer(hass, entry, self._async_tick)
        self.importer = Importer(
            hass,
            entry,
            self.context.sid,
            lambda: self.state,
            self._store.set,
            lambda: self.context.clock,
            self.async_show,
        )
        self._runner = Runner(hass, entry, client, self.context, self.failures, self.importer.async_start)

    @property
    def state(self) -> SystemState:
        """The current state."""
        return self.context.state

    # Life cycle

    @override
    async def _async_setup(self) -> None:
        """Load the stored state; from now on a stop of Home Assistant keeps the answers that were paid for."""
        job = HassJob(self.async_stop, f"{DOMAIN} stop", cancel_on_shutdown=False)
        self.config_entry.async_on_unload(self.hass.async_add_shutdown_job(job))
        await self.context.async_load()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Make the calls that are due, if any, and return everything that entities show.

        At set-up only an installation without a stored state calls, and raises when that fails.
        """
        await self.context.async_locate()
        if not self.state.is_complete:
            await self._async_first_read()
        elif self.data is not None and not self.config_entry.pref_disable_polling:
            with suppress(InterruptedRoundError):
                await self._async_make_due_calls()
        zone = await async_unknown_zone(self.state.timezone)
        await self.failures.async_show(dt_util.utcnow(), self.context.ledger, zone)
        return await self.context.async_snapshot()

    @callback
    def async_start(self) -> None:
        """Carry out the plan from now on, until the entry is unloaded."""
        if self.state.are_credentials_refused:  # Home Assistant forgets at a restart that it asked for new ones
            self.config_entry.async_start_reauth(self.hass)
        self.config_entry.async_on_unload(self.context.ledger.ledger.async_listen(self._on_quota))
        self._timer.async_start()

    async def async_stop(self) -> None:
        """Stop making calls and write the state; from then on nothing is written."""
        self._timer.async_stop()
        self.importer.async_stop()
        await self._runner.async_stop()
        await self._store.async_close()

    async def _async_tick(self) -> datetime:
        """Make due calls, and return when to look again."""
        await self.async_refresh()
        issues.async_show_lower_lifetime(self.hass, self.config_entry, self.state.energy)
        if self.state.adjustment is not None:
            self.importer.async_start()
        return self.context.situation.next_wake((await self.context.async_plan()).slots)

    # What people ask for

    async def async_press(self, *calls: Call) -> None:
        """Make calls at once, for a person. Raises HomeAssistantError with the reason when one is not made or fails."""
        if isinstance(answer := self._press.answer(calls), Refusal):
            raise HomeAssistantError(**translated(answer.key, **answer.placeholders))
        await self._async_at_once(answer)

    async def _async_at_once(self, slots: Sequence[Slot]) -> None:
        """Make calls for a person, and show what they bring."""
        try:
            failure = await self._async_run(slots, is_pressed=True)
        except InterruptedRoundError as error:
            raise HomeAssistantError(**translated("interrupted")) from error
        await self.async_show()
        if failure is not None:
            raise HomeAssistantError(**translated(ERROR_KEYS[type(failure)])) from failure

    async def async_read_on_request(self) -> None:
        """Read once for all entities that an automation updates; beyond its allowance nothing is asked."""
        calls = self.context.situation.requested_calls()
        if not calls or isinstance(answer := self._press.answer(calls), Refusal):
            return
        self._store.set(after_request(self.state, len(answer), self.context.clock))
        with suppress(HomeAssistantError):  # logged already
            await self._async_at_once(answer)

    @property
    def _press(self) -> Press:
        """What a press of this time depends on."""
        return Press(
            situation=self.context.situation,
            rhythms=self.context.planning.rhythms,
            room=self.context.ledger.room(dt_util.utcnow()),
        )

    async def async_take_lifetime(self) -> None:
        """Take the cloud's lower total, for a person. Raises HomeAssistantError when it cannot be stored first."""
        now, has_recorder = dt_util.utcnow(), self.context.keeps_statistics
        if not await self._store.async_try(self.state.with_lower_total(now, has_recorder=has_recorder)):
            raise HomeAssistantError(**translated("not_stored"))
        await self.async_change(self.state.with_lower_total(now, has_recorder=has_recorder))

    async def async_change(self, state: SystemState) -> None:
        """Keep a changed state and show it."""
        self._store.set(state)
        await self.async_show()

    async def async_show(self) -> None:
        """Update the entities."""
        self.async_set_updated_data(await self.context.async_snapshot())

    @callback
    def _on_quota(self) -> None:
        """Plan anew with another quota of the App ID."""
        self.config_entry.async_create_background_task(self.hass, self.async_show(), f"{DOMAIN} quota")

    # Rounds of calls

    async def _async_first_read(self) -> None:
        """Fetch what an empty state lacks. Raises UpdateFailed, without a call when the next attempt is not due."""
        situation = self.context.situation
        if refusal := blocked(situation, [APP_ID, ENTRY]):
            if self.state.are_credentials_refused:
                self.config_entry.async_start_reauth(self.hass)
            raise UpdateFailed(**translated(refusal.key, **refusal.placeholders))
        self._store.set(before_first_read(self.state, situation.clock))
        await self._store.async_save()
        try:
            failure = await self._async_run(situation.first_read(), is_pressed=True)
        except InterruptedRoundError as error:
            raise UpdateFailed(**translated("interrupted")) from error
        finally:
            await self._store.async_save()
        if not self.state.is_complete:
            raise UpdateFailed(**translated(ERROR_KEYS[type(failure or OpenApiAnswerError())])) from failure
        self._store.set(after_first_read(self.state))

    async def _async_make_due_calls(self) -> None:
        """Make the calls that have fallen due, then those that the history may borrow."""
        self._store.set(advanced(self.state, self.context.clock, has_recorder=self.context.keeps_statistics))
        failure = await self._async_run(self.context.situation.due((await self.context.async_plan()).slots))
        if failure is not None or not self.importer.is_ready:
            return
        if number := await self.context.async_loans():
            situation = self.context.situation
            self._store.set(after_loan(self.state, number, situation.clock))
            await self.async_show()  # what the day has brought need not wait for history
            await self._async_run([situation.history_slot()] * number)

    async def _async_run(self, slots: Sequence[Slot], *, is_pressed: bool = False) -> Exception | None:
        """Make calls, then let devices, the site and statistics follow the answers."""
        before = self.state
        try:
            return await self._runner.async_run(slots, is_pressed=is_pressed)
        finally:
            if self.state.ecus is not before.ecus:
                devices.async_remove_gone(self.hass, self.config_entry, before, self.state)
            if devices.are_renewed(before, self.state):
                devices.async_register(self.hass, self.config_entry, self.state)
            await self.context.async_follow()
            self.importer.async_start()
