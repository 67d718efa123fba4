"""One system: its timer, its buttons, its state, and the snapshot that entities show. It decides nothing itself.

Due calls are decided in `system/due`, consequences of failures in `system/reactions`, figures in `system/energy`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from . import devices, energy_dashboard, issues
from .cloud.client import OpenApiClient
from .cloud.exceptions import OpenApiAnswerError
from .const import CONF_FIRST_ANSWERS, CONF_SID, DOMAIN, LOGGER
from .entry_ledger import EntryLedger
from .failures import ERROR_KEYS, Failures, translated
from .history.importer import Importer
from .ledger import Ledger
from .planning import Planning
from .runner import InterruptedRoundError, Runner
from .schedule.calls import Call, Slot
from .schedule.day_plan import DayPlan
from .schedule.options import Options
from .schedule.sun import Site
from .settings import async_bring_in_step, async_locate, async_unknown_zone, options_of
from .store import StateStore
from .system.backlog import Backlog
from .system.clock import Clock
from .system.due import Situation
from .system.reactions import after_first_read, after_loan, after_request, before_first_read
from .system.snapshot import Calls, Snapshot, snapshot
from .system.state import SystemState
from .system.storage import with_first_answers
from .system.waits import APP_ID, ENTRY, Wait
from .timer import PlanTimer

type ApsystemsConfigEntry = ConfigEntry[ApsystemsCoordinator]


class ApsystemsCoordinator(DataUpdateCoordinator[Snapshot]):
    """One system. Its name has no id: Home Assistant logs it."""

    config_entry: ApsystemsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ApsystemsConfigEntry, client: OpenApiClient, ledger: Ledger) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=DOMAIN, always_update=False)
        self.sid: str = entry.data[CONF_SID]
        async_bring_in_step(hass, entry)
        self._options = options_of(entry.options)
        self.store = StateStore(hass, self.sid)
        home = dt_util.get_default_time_zone()
        self.ledger = EntryLedger(ledger=ledger, sid=self.sid, zone=home)
        self._site: Site
        self._remark: str | None = None
        self.planning = Planning(hass)
        self._timer = PlanTimer(hass, entry, self._async_tick)
        self.failures = Failures(hass, entry, ledger)
        self._runner = Runner(
            hass, entry, client, self.store, self.failures, lambda: self.situation, lambda: self.ledger
        )
        self.importer = Importer(
            hass,
            entry,
            self.sid,
            lambda: self.store.state,
            lambda: self.clock,
            self._change_backlog,
            lambda adjustment: self.store.set(replace(self.state, adjustment=adjustment)),
            self.async_show,
        )

    # The present state

    @property
    def state(self) -> SystemState:
        """The current state."""
        return self.store.state

    @property
    def options(self) -> Options:
        """The owner's choices; the monthly quota is the App ID's."""
        return replace(self._options, monthly_quota=self.ledger.quota)

    @property
    def clock(self) -> Clock:
        """The present time at the site."""
        return Clock(now=dt_util.utcnow(), site=self._site, options=self.options)

    @property
    def situation(self) -> Situation:
        """All that decisions of the present time depend on."""
        waits = self.state.waits | self.ledger.ledger.waits
        return Situation(clock=self.clock, state=self.state, waits=waits, asked=self.ledger.asked)

    @property
    def keeps_statistics(self) -> bool:
        """Whether there is a recorder to keep statistics."""
        return self.importer.is_available

    # Life cycle

    @override
    async def _async_setup(self) -> None:
        """Load the stored state, and take what the config flow has fetched."""
        await self.store.async_load()
        data = dict(self.config_entry.data)
        if (answers := data.pop(CONF_FIRST_ANSWERS, None)) is not None:
            self.store.set(with_first_answers(self.state, answers))
            await self.store.async_save()
            self.hass.config_entries.async_update_entry(self.config_entry, data=data)
        await self._async_locate()
        await self._async_join()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Make the calls that are due, if any, and return everything that entities show.

        At set-up only an installation without a stored state calls, and raises when that fails.
        """
        await self._async_locate()
        if not self.state.is_complete:
            await self._async_first_read()
        elif self.data is not None and not self.config_entry.pref_disable_polling:
            with suppress(InterruptedRoundError):
                await self._async_make_due_calls()
        await self.failures.async_show(dt_util.utcnow(), self.ledger, await async_unknown_zone(self.state.timezone))
        return await self._async_snapshot()

    @callback
    def async_start(self) -> None:
        """Carry out the plan from now on, until the entry is unloaded."""
        job = HassJob(self.async_stop, f"{DOMAIN} stop", cancel_on_shutdown=False)
        self.config_entry.async_on_unload(self.hass.async_add_shutdown_job(job))
        if self.state.are_credentials_refused:  # Home Assistant forgets at a restart that it asked for new ones
            self.config_entry.async_start_reauth(self.hass)
        self.config_entry.async_on_unload(self.ledger.ledger.async_listen(self._on_quota))
        self._timer.async_start()

    async def async_stop(self) -> None:
        """Stop making calls and write the state; from then on nothing is written."""
        self._timer.async_stop()
        self.importer.async_stop()
        await self._runner.async_stop()
        await self.store.async_close()

    async def _async_tick(self) -> datetime:
        """Make due calls, and return when to look again."""
        await self.async_refresh()
        await energy_dashboard.async_check(self.hass, self.config_entry, self.sid)
        issues.async_show_lower_lifetime(self.hass, self.config_entry, self.state.energy)
        if self.state.adjustment is not None:
            self.importer.async_start()
        return self.situation.next_wake((await self._async_plan()).slots)

    # Calls

    async def async_press(self, *calls: Call) -> None:
        """Make calls at once, for a person. Raises HomeAssistantError with the reason when one is not made or fails."""
        situation = self.situation
        if wait := situation.waits.longest([APP_ID], situation.clock.now):
            raise HomeAssistantError(
                **translated(f"blocked_{wait.reason}", until=issues.local_time(wait.until, self._site.zone))
            )
        if lacking := situation.lacks_room(len(calls), self.ledger.room(situation.clock.now)):
            raise HomeAssistantError(**translated("too_few_calls", **lacking))
        try:
            failure = await self._async_run([situation.at_once(call) for call in calls], is_pressed=True)
        except InterruptedRoundError as error:
            raise HomeAssistantError(**translated("interrupted")) from error
        await self.async_show()
        if failure is not None:
            raise HomeAssistantError(**translated(ERROR_KEYS[type(failure)])) from failure

    async def async_read_on_request(self) -> None:
        """Read once for all entities that an automation updates; beyond its allowance nothing is asked."""
        situation = self.situation
        if not (calls := situation.requested_calls(self.ledger.room(situation.clock.now))):
            return
        self.store.set(after_request(self.state, len(calls), situation.clock))
        with suppress(HomeAssistantError):  # logged already
            await self.async_press(*calls)

    async def async_change(self, state: SystemState) -> None:
        """Keep a changed state and show it."""
        self.store.set(state)
        await self.async_show()

    async def async_take_lifetime(self) -> None:
        """Take the cloud's lower total, for a person. Raises HomeAssistantError when it cannot be stored first."""
        now, has_recorder = dt_util.utcnow(), self.keeps_statistics
        if not await self.store.async_try(self.state.with_lower_total(now, has_recorder=has_recorder)):
            raise HomeAssistantError(**translated("not_stored"))
        await self.async_change(self.state.with_lower_total(now, has_recorder=has_recorder))

    async def async_show(self) -> None:
        """Update the entities."""
        self.async_set_updated_data(await self._async_snapshot())

    async def _async_first_read(self) -> None:
        """Fetch what an empty state lacks. Raises UpdateFailed, without a call when the next attempt is not due."""
        situation = self.situation
        if wait := situation.waits.longest([APP_ID, ENTRY], situation.clock.now):
            if self.state.are_credentials_refused:
                self.config_entry.async_start_reauth(self.hass)
            raise UpdateFailed(
                **translated(f"blocked_{wait.reason}", until=issues.local_time(wait.until, self._site.zone))
            )
        self.store.set(before_first_read(self.state, situation.clock))
        await self.store.async_save()
        try:
            failure = await self._async_run(situation.first_read(), is_pressed=True)
        except InterruptedRoundError as error:
            raise UpdateFailed(**translated("interrupted")) from error
        finally:
            await self.store.async_save()
        if not self.state.is_complete:
            raise UpdateFailed(**translated(ERROR_KEYS[type(failure or OpenApiAnswerError())])) from failure
        self.store.set(after_first_read(self.state))

    async def _async_make_due_calls(self) -> None:
        """Make the calls that have fallen due, then those that the history may borrow."""
        self.store.set(self.state.at(self.clock, has_recorder=self.keeps_statistics))
        failure = await self._async_run(self.situation.due((await self._async_plan()).slots))
        situation = self.situation
        number = situation.loans(self.ledger.room(situation.clock.now)) if self.importer.is_ready else 0
        if failure is None and number:
            self.store.set(after_loan(self.state, number, situation.clock))
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
                devices.async_register(self.hass, self.config_entry, self.state)
            await self._async_locate()
            await self._async_join()
            self.importer.async_start()

    # Consequences of the state

    def _blocked(self, wait: Wait) -> dict[str, Any]:
        return translated(f"blocked_{wait.reason}", until=issues.local_time(wait.until, self._site.zone))

    async def _async_join(self) -> None:
        """Register this system with the ledger; after a loss, restore the calls stored here."""
        need = self.state.plant(self.clock, has_recorder=False).need
        await self.ledger.ledger.async_join(self.sid, need, self.state.spent)
        if (spent := self.state.spent) is not None and spent.quota != self.ledger.quota:
            self.store.set(replace(self.state, spent=replace(spent, quota=self.ledger.quota)))

    async def _async_locate(self) -> None:
        before = self._remark
        self._site, self._remark = await async_locate(self.hass, self.state.timezone, self.config_entry.options)
        self.ledger = self.ledger.at(self._site.zone)
        if self._remark not in {None, before}:
            LOGGER.warning(self._remark)

    async def _async_plan(self) -> DayPlan:
        return await self.planning.async_plan(self.state, self.clock, self.ledger, has_recorder=self.keeps_statistics)

    async def _async_snapshot(self) -> Snapshot:
        clock = self.clock
        self.store.set(self.state.at(clock, has_recorder=self.keeps_statistics))
        plan = await self._async_plan()
        calls = Calls.of(plan, self.ledger.quota, self.ledger.used(clock.now), self.ledger.room(clock.now))
        shown = snapshot(self.state, self.situation.waits, clock, plan, calls, self.planning.rhythms)
        return replace(shown, next_read=None) if self.config_entry.pref_disable_polling else shown

    @callback
    def _on_quota(self) -> None:
        """Plan anew with another quota of the App ID."""
        self.config_entry.async_create_background_task(self.hass, self.async_show(), f"{DOMAIN} quota")

    @callback
    def _change_backlog(self, change: Callable[[Backlog], Backlog]) -> None:
        self.store.set(replace(self.state, backlog=change(self.state.backlog)))
