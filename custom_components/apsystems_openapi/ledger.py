"""The ledger of an App ID: its monthly quota, which calls were made when, and until when the cloud takes none.

One ledger serves all entries and flows of an App ID, and is kept when they are removed. A call is booked, and is on
disk, before it is sent; a booking that cannot be written, or read back, is taken back, and nothing is sent. The file
has the App ID as a digest only.

Calls that the file does not know are recovered or assumed (`system/unknown_calls`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
import hashlib
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .backups import restore_id
from .const import CONF_APP_ID, CONF_SID, DOMAIN, LOGGER
from .schedule.options import DEFAULT_QUOTA
from .schedule.quota import CHINA, CallCounts, month_span, shares
from .system.ledger_storage import LedgerContent
from .system.state import Spent
from .system.unknown_calls import assumed_calls, carried_calls, missing_calls, recovered_quota
from .system.waits import APP_ID, Reason, Wait, Waits

FIRST_WAIT: Final = timedelta(minutes=5)
PROBE: Final = timedelta(days=1)


class LedgerError(Exception):
    """The call could not be booked, so that it must not be made."""


class SpentError(LedgerError):
    """By our own count the month has no call left."""


class Ledger:
    """The calls of one App ID."""

    def __init__(self, hass: HomeAssistant, digest: str) -> None:
        self.digest = digest
        self.shown: Wait | None = None
        """The wait that the notification shows."""
        self._content = LedgerContent(counts=CallCounts(opened=dt_util.utcnow()))
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, 1, f"{DOMAIN}.ledger.{self.digest}", private=True, atomic_writes=True)
        self._writing = asyncio.Lock()
        self._calling = asyncio.Lock()
        self._presses = 0
        self._no_press = asyncio.Event()
        self._no_press.set()
        self._is_quota_recovered = False
        self._listeners: list[Callable[[], None]] = []
        self._is_loaded = False
        self._is_stopped = False
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)

    async def async_load(self) -> None:
        """Read the file, once; one that makes no sense counts as lost."""
        async with self._writing:
            if not self._is_loaded:
                await self._async_load()
            self._is_loaded = True

    async def _async_load(self) -> None:
        try:
            if (stored := await self._store.async_load()) is not None:
                self._content.load(stored)
        except (ArithmeticError, AttributeError, HomeAssistantError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("Failed to read the ledger of calls, starting a new one: %s", type(error).__name__)
        if (restore := restore_id(self._hass)) is not None and restore != self._content.restore:
            self._content.restore = restore
            self._assume_unknown_calls(dt_util.utcnow())
            with suppress(LedgerError):
                await self._async_save()

    @property
    def counts(self) -> CallCounts:
        """The calls that were made."""
        return self._content.counts

    @property
    def waits(self) -> Waits:
        """Those that all systems of the App ID share."""
        return self._content.waits

    # The quota

    @property
    def quota(self) -> int:
        """Calls that the App ID may make in a calendar month."""
        return DEFAULT_QUOTA if self._content.quota is None else self._content.quota

    @property
    def has_quota(self) -> bool:
        """Whether the quota was ever set; otherwise it is the default."""
        return self._content.quota is not None

    async def async_set_quota(self, quota: int) -> None:
        """Set the quota of all systems of the App ID; each of them plans anew."""
        self._is_quota_recovered = False
        if quota != self._content.quota:
            self._set_quota(quota)
            await self._async_note()

    @callback
    def async_listen(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a listener whenever the quota has changed; returns the function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _set_quota(self, quota: int) -> None:
        self._content.quota = quota
        for listener in tuple(self._listeners):
            listener()

    # Calls that were made, shares, the wait

    def asked(self, sid: str, key: str) -> datetime | None:
        """Return when a system's call was last sent."""
        return self._content.asked.get(sid, {}).get(key)

    def share(self, sid: str, need: float | None = None) -> float:
        """Return the part of the remaining calls that belongs to a system; `need` is that of one that is to join.

        Systems whose entry is disabled, or has another App ID by now, have none. Home Assistant unloads only entries
        that are loaded, so an entry that is disabled while its set-up is tried again cannot release its share itself.
        """
        entries = self._hass.config_entries.async_entries(DOMAIN)
        gone = {entry.data.get(CONF_SID) for entry in entries if entry.disabled_by or not self._is_of(entry)}
        needs = self._content.needs if need is None else {**self._content.needs, sid: need}
        counted = {other: weight for other, weight in needs.items() if other == sid or other not in gone}
        return shares(counted).get(sid, 1.0)

    def _is_of(self, entry: ConfigEntry) -> bool:
        return digest_of(str(entry.data.get(CONF_APP_ID))) == self.digest

    @property
    def wait(self) -> Wait | None:
        """The wait of the App ID, in force or not; it goes when the cloud takes a call."""
        return self.waits.by_scope.get(APP_ID)

    # One call at a time

    @asynccontextmanager
    async def one_call(self, *, is_pressed: bool) -> AsyncIterator[None]:
        """Wait for the App ID to be free. A call that a person waits for goes before planned ones."""
        while not is_pressed and self._presses:
            await self._no_press.wait()
        async with self._calling:
            yield

    @asynccontextmanager
    async def pressing(self) -> AsyncIterator[None]:
        """Let planned calls of all systems wait until a press is done."""
        self._presses += 1
        self._no_press.clear()
        try:
            yield
        finally:
            self._presses -= 1
            if not self._presses:
                self._no_press.set()

    # The file

    async def async_book(self, sid: str, key: str, now: datetime, zones: Iterable[tzinfo]) -> None:
        """Book a call that is about to be sent. Raises LedgerError, or SpentError, when it must not be."""
        async with self._writing:
            if self.counts.tidy(now):
                await self._async_save()
            if not self.counts.room(now, zones, self.quota):
                raise SpentError("The calls of this month are spent")
            counts, asked = dict(self.counts.spent), self._content.asked.get(sid, {})
            self.counts.add(now)
            self._content.asked[sid] = {**asked, key: now}
            try:
                await self._async_save()
            except LedgerError:
                self.counts.spent, self._content.asked[sid] = counts, asked
                raise

    async def async_wait(self, reason: Reason, now: datetime, midnight: datetime) -> Wait:
        """Stop all calls: after 2005 for a day or to the end of the month, after 7xxx for a wait that doubles.

        The latter ends with the day, at the site's next `midnight`.
        """
        if reason is Reason.QUOTA:
            latest = min(month_span(now, UTC)[1], month_span(now, CHINA)[1])
            self._content.waits = self.waits.without(APP_ID).with_wait(APP_ID, reason, now, PROBE, latest=latest)
        else:
            self._content.waits = self.waits.with_growing_wait(APP_ID, reason, now, FIRST_WAIT, PROBE, latest=midnight)
        await self._async_note()
        return self.waits.by_scope[APP_ID]

    async def async_clear_wait(self) -> bool:
        """Note that the cloud takes calls; return whether it did not before."""
        if self.wait is None:
            return False
        self._content.waits = self.waits.without(APP_ID)
        await self._async_note()
        return True

    async def async_join(self, sid: str, need: float, remembered: Spent | None) -> None:
        """Register a system, with the need of its plant and what its state remembers of the ledger."""
        is_news = self._content.needs.get(sid) != need
        self._content.needs[sid] = need
        if remembered is not None:
            is_news |= self._recover_quota(remembered)
            is_news |= self._recover_calls(sid, remembered, dt_util.utcnow())
        if is_news:
            await self._async_note()

    def _recover_quota(self, remembered: Spent) -> bool:
        """Take the quota from a system's state when the ledger was lost; return whether it has changed."""
        quota = recovered_quota(self._content.quota, remembered, is_recovered=self._is_quota_recovered)
        if quota is None:
            return False
        self._is_quota_recovered = True
        self._set_quota(quota)
        return True

    def _recover_calls(self, sid: str, remembered: Spent, now: datetime) -> bool:
        """Count the calls that a system's state remembers and the ledger does not; return whether there are any."""
        before, booked = self.counts.carried, max(self._content.asked.get(sid, {}).values(), default=self.counts.opened)
        self.counts.carried = carried_calls(self.counts, remembered)
        missing = missing_calls(self.counts, remembered, booked, now, self.quota)
        if missing:
            LOGGER.info("The ledger of calls is older than the stored state, adding %d calls", missing)
            self.counts.add(now, missing)
        return bool(missing) or self.counts.carried != before

    def _assume_unknown_calls(self, now: datetime) -> None:
        """Count the share of the quota that belongs to the time after the backup, which nobody has counted."""
        booked = [time for calls in self._content.asked.values() for time in calls.values()]
        assumed = assumed_calls(self.counts, max(booked, default=self.counts.opened), now, self.quota)
        for time, calls in assumed:
            self.counts.add(time, calls)
        number = sum(calls for _, calls in assumed)
        LOGGER.info("Home Assistant has started from a backup, assuming that %d calls were made since then", number)

    async def async_leave(self, sid: str) -> None:
        """Release a system's share."""
        if self._content.needs.pop(sid, None) is not None:
            await self._async_note()

    async def async_forget(self, sid: str) -> None:
        """Forget when a removed system's calls were made; their number stays."""
        self._content.asked.pop(sid, None)
        self._content.needs.pop(sid, None)
        await self._async_note()

    @callback
    def _on_stop(self, _: Event) -> None:
        self._is_stopped = True

    async def _async_note(self) -> None:
        """Write changes other than bookings; when that fails, they last until Home Assistant stops."""
        with suppress(LedgerError):
            async with self._writing:
                await self._async_save()

    async def _async_save(self) -> None:
        """Write the file and read it back: `Store` logs a failure to write, and goes on."""
        if self._is_stopped or self._hass.is_stopping:
            raise LedgerError("Home Assistant is stopping")
        data = self._content.dump()
        await self._store.async_save(data)
        if await self._store.async_load() != data:
            raise LedgerError("Failed to write the ledger of calls")


@singleton(HassKey[dict[str, Ledger]](f"{DOMAIN}_ledgers"))
def _ledgers(_: HomeAssistant) -> dict[str, Ledger]:
    return {}


def digest_of(app_id: str) -> str:
    """Return the name by which files know an App ID."""
    return hashlib.sha256(f"{DOMAIN}/{app_id}".encode()).hexdigest()[:16]


async def async_get_ledger(hass: HomeAssistant, app_id: str) -> Ledger:
    """Return the one ledger of an App ID."""
    ledgers = _ledgers(hass)
    digest = digest_of(app_id)
    if (ledger := ledgers.get(digest)) is None:
        ledger = ledgers[digest] = Ledger(hass, digest)
    await ledger.async_load()
    return ledger
