"""All that decisions about one system depend on: its state, site and options, and the calls of its App ID."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import CONF_FIRST_ANSWERS, CONF_SID, LOGGER
from .entry_ledger import EntryLedger
from .history.recorder import has_recorder
from .ledger import Ledger
from .planning import Planning
from .schedule.day_plan import DayPlan
from .schedule.options import Options
from .schedule.sun import Site
from .settings import async_locate, options_of
from .store import StateStore
from .system.clock import Clock
from .system.day_end import advanced
from .system.due import Situation
from .system.snapshot import Calls, Snapshot, snapshot
from .system.state import SystemState
from .system.storage import with_first_answers


class SystemContext:
    """One system as it is now. Nothing here makes a call."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, ledger: Ledger) -> None:
        self.sid: str = entry.data[CONF_SID]
        self.store = StateStore(hass, self.sid)
        self.ledger = EntryLedger(ledger=ledger, sid=self.sid, zone=dt_util.get_default_time_zone())
        self.planning = Planning(hass)
        self.keeps_statistics = has_recorder(hass)
        """Whether there is a recorder to keep statistics."""
        self._hass = hass
        self._entry = entry
        self._options = options_of(entry.options)
        self._site: Site
        self._remark: str | None = None

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

    async def async_load(self) -> None:
        """Load the stored state, take what the config flow has fetched, and find the site."""
        await self.store.async_load()
        data = dict(self._entry.data)
        if (answers := data.pop(CONF_FIRST_ANSWERS, None)) is not None:
            self.store.set(with_first_answers(self.state, answers))
            await self.store.async_save()
            self._hass.config_entries.async_update_entry(self._entry, data=data)
        await self.async_follow()

    async def async_follow(self) -> None:
        """Let the site and the ledger follow the state."""
        await self.async_locate()
        await self._async_join()

    async def async_locate(self) -> None:
        """Find the site by what the state says of it now."""
        before = self._remark
        self._site, self._remark = await async_locate(self._hass, self.state.timezone, self._entry.options)
        self.ledger = self.ledger.at(self._site.zone)
        if self._remark not in {None, before}:
            LOGGER.warning(self._remark)

    async def _async_join(self) -> None:
        """Register this system with the ledger; after a loss, restore the calls stored here."""
        need = self.state.plant(self.clock, has_recorder=False).need
        await self.ledger.ledger.async_join(self.sid, need, self.state.spent)
        if (spent := self.state.spent) is not None and spent.quota != self.ledger.quota:
            self.store.set(replace(self.state, spent=replace(spent, quota=self.ledger.quota)))

    async def async_plan(self) -> DayPlan:
        """Return the plan of the day."""
        return await self.planning.async_plan(self.state, self.clock, self.ledger, has_recorder=self.keeps_statistics)

    async def async_loans(self) -> int:
        """Return how many history calls may be made now that nobody planned."""
        plan, now = await self.async_plan(), self.clock.now
        spare = self.ledger.budget_now(now).spare(self.clock.day, self._site, plan.duties)
        spare += self.state.first_calls(self.options) * self.ledger.share
        return self.situation.loans(self.ledger.room(now), spare)

    async def async_snapshot(self) -> Snapshot:
        """Return what entities show; the state comes to the present time before."""
        clock = self.clock
        self.store.set(advanced(self.state, clock, has_recorder=self.keeps_statistics))
        plan = await self.async_plan()
        calls = Calls(
            quota=self.ledger.quota,
            used=self.ledger.used(clock.now),
            assumed=self.ledger.assumed(clock.now),
            left=self.ledger.room(clock.now),
            planned_today=len(plan.slots),
            estimate=plan.estimate,
        )
        shown = snapshot(self.state, self.situation.waits, clock, plan, calls, self.planning.rhythms)
        return replace(shown, next_read=None) if self._entry.pref_disable_polling else shown
