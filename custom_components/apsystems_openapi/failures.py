"""What a failed call leads to: one log line, a wait, new credentials, or a stop of all calls.

What it does to the state is decided in `system/reactions`; here it reaches the log, the owner and the ledger.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.util import dt as dt_util

from . import issues
from .cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiNoDataError,
    OpenApiNotFoundError,
    OpenApiPermissionError,
    OpenApiQuotaError,
    OpenApiRequestError,
    OpenApiThrottledError,
)
from .const import DOMAIN, LOGGER
from .entry_ledger import EntryLedger
from .ledger import Ledger, LedgerError, SpentError
from .schedule.calls import Slot
from .schedule.quota import reserve
from .system.clock import Clock
from .system.reactions import PROBE, is_refusal, is_refused_for_long
from .system.state import SystemState
from .system.waits import Reason, Wait

PLENTY: Final = 0.1  # of the quota: more than the few calls by which two honest counts may differ

# The ways in which a call fails, as keys of `exceptions` in the translations.
ERROR_KEYS: Final[dict[type[Exception], str]] = {
    OpenApiAuthError: "invalid_auth",
    OpenApiPermissionError: "invalid_auth",
    OpenApiRequestError: "invalid_auth",
    OpenApiConnectionError: "cannot_connect",
    OpenApiAnswerError: "invalid_answer",
    OpenApiNoDataError: "invalid_answer",
    OpenApiNotFoundError: "invalid_answer",
    OpenApiQuotaError: "quota",
    OpenApiThrottledError: "throttled",
    LedgerError: "ledger",
    SpentError: "spent",
}
# What the cloud says to stop all calls.
BLOCKING: Final[dict[type[Exception], Reason]] = {
    OpenApiQuotaError: Reason.QUOTA,
    OpenApiThrottledError: Reason.THROTTLED,
}
BLOCKED: Final[dict[Reason, type[OpenApiError]]] = {
    Reason.QUOTA: OpenApiQuotaError,
    Reason.THROTTLED: OpenApiThrottledError,
}


class Failures:
    """How the calls of one system fare."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, ledger: Ledger) -> None:
        self.failing: dict[str, str] = {}
        """What the cloud said when a call last failed, by call."""
        self._logged: set[str] = set()
        """Kinds of calls whose failure is in the log."""
        self._refused_ecus: dict[str, str] = {}
        """The ECU of each call that was refused for its device, by call."""
        self._hass = hass
        self._entry = entry
        self._ledger = ledger
        self._shown_spent: datetime | None = None
        self._is_unwritable = False

    async def async_failed(
        self, before: SystemState, after: SystemState, slot: Slot, failure: OpenApiError, clock: Clock
    ) -> None:
        """React to a failed call, and to what it has changed of the state."""
        self._note_booking()
        if reason := BLOCKING.get(type(failure)):
            return await self._async_block(reason, failure, clock)
        if after.are_credentials_refused:
            if not before.are_credentials_refused:
                LOGGER.warning("Authentication failed, reauthentication started: %s", failure)
            self._entry.async_start_reauth(self._hass)
            return None
        if is_refused_for_long(before, after, slot, failure):
            LOGGER.info("Fetching %s is not for this account, trying again in a month: %s", slot.kind, failure)
            return None
        is_refused = is_refusal(before, slot, failure, clock)
        instead = "fetching summaries instead" if is_refused else "keeping the last values"
        if slot.kind not in self._logged and not self._is_of_refused_ecu(after, slot, failure):
            LOGGER.warning("Failed to fetch %s, %s: %s", slot.kind, instead, failure)
            self._logged.add(slot.kind)
        self.failing[slot.key] = f"{type(failure).__name__}: {failure}"
        return None

    async def async_not_booked(self, failure: LedgerError, ledger: EntryLedger) -> None:
        """Log once why no call is made; while Home Assistant stops that goes without saying."""
        if self._hass.is_stopping:
            return
        now = dt_util.utcnow()
        if not isinstance(failure, SpentError):
            if not self._is_unwritable:
                LOGGER.warning("%s, no call is made until it succeeds", failure)
            self._is_unwritable = True
        elif self._shown_spent is None or now >= self._shown_spent:
            self._shown_spent = ledger.resumes(now)
            LOGGER.warning("%s, calls resume on %s", failure, f"{self._shown_spent:%Y-%m-%d}")
            wait = Wait(until=self._shown_spent, reason=Reason.QUOTA, length=PROBE)
            await issues.async_notify(self._hass, self._ledger, wait, ledger.zone)

    async def async_succeeded(self, before: SystemState, after: SystemState, slot: Slot) -> None:
        """Log once that it works again, and close what was shown."""
        self._note_booking()
        self.failing.pop(slot.key, None)
        self._refused_ecus.pop(slot.key, None)
        if after.inverters is not before.inverters:
            self._forget_removed(after)
        if slot.kind in self._logged and not self._is_failing(slot.kind):
            self._logged.discard(slot.kind)
            LOGGER.info("Fetching %s works again", slot.kind)
        if before.are_credentials_refused:
            LOGGER.info("Authentication works again")
            self._end_reauth()
        if await self._ledger.async_clear_wait():
            LOGGER.info("APsystems accepts calls again")
            issues.async_clear_notification(self._hass, self._ledger)
        elif self._shown_spent is not None:
            self._shown_spent = None
            issues.async_clear_notification(self._hass, self._ledger)

    async def async_show(self, now: datetime, ledger: EntryLedger, unknown_zone: str | None) -> None:
        """Show the owner what holds calls up, and what can be mended in Home Assistant."""
        left = None
        wait = self._ledger.wait
        if wait is not None and wait.is_in_force(now):
            if self._ledger.shown != wait:  # what the owner has dismissed does not come back
                await issues.async_notify(self._hass, self._ledger, wait, ledger.zone)
            if wait.reason is Reason.QUOTA:
                room = ledger.room(now)
                left = room if room > max(ledger.quota * PLENTY, reserve(ledger.quota)) else None
        issues.async_show_quota(self._hass, self._entry, left, ledger.quota)
        issues.async_show_ledger(self._hass, self._entry, is_unwritable=self._is_unwritable)
        issues.async_show_time_zone(self._hass, self._entry, unknown_zone)

    async def _async_block(self, reason: Reason, failure: OpenApiError, clock: Clock) -> None:
        was_blocked = self._ledger.wait is not None
        wait = await self._ledger.async_wait(reason, clock.now, clock.next_midnight)
        if not was_blocked:
            until = clock.local(wait.until)
            LOGGER.warning("%s, no call is made before %s", failure, until)
        await issues.async_notify(self._hass, self._ledger, wait, clock.site.zone)

    def _is_of_refused_ecu(self, state: SystemState, slot: Slot, failure: OpenApiError) -> bool:
        """Note a call that was refused for its device; return whether another one for the same ECU was before.

        An ECU that was taken down is refused whatever is asked of it: one line says so.
        """
        target = slot.call.target
        self._refused_ecus.pop(slot.key, None)
        if not target or not isinstance(failure, OpenApiRequestError):
            return False
        eid = next((inverter.eid for inverter in state.inverters if inverter.uid == target), target)
        is_known = eid in self._refused_ecus.values()
        self._refused_ecus[slot.key] = eid
        return is_known

    def _forget_removed(self, state: SystemState) -> None:
        """Forget the failures of devices that are gone: nothing about them is asked any more."""
        inverters = (inverter.uid for inverter in state.inverters)
        known = {"", *state.ecu_ids, *state.meter_ids, *state.battery_ids, *inverters}
        removed = [key for key in self.failing if key.partition(":")[2] not in known]
        for key in removed:
            del self.failing[key]
            self._refused_ecus.pop(key, None)

    def _is_failing(self, kind: str) -> bool:
        """Return whether any call of a kind fails: each kind is logged once, however many devices it is about."""
        return any(key.partition(":")[0] == kind for key in self.failing)

    def _note_booking(self) -> None:
        if self._is_unwritable:
            self._is_unwritable = False
            LOGGER.info("The ledger of calls can be written again")

    def _end_reauth(self) -> None:
        """Close a request for credentials that nobody has answered."""
        for flow in self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH}):
            with suppress(UnknownFlow):  # it has not shown itself yet
                self._hass.config_entries.flow.async_abort(flow["flow_id"])


def translated(key: str, **placeholders: str) -> dict[str, Any]:
    """Return the text of an exception as the arguments of one of Home Assistant's."""
    return {
        "translation_domain": DOMAIN,
        "translation_key": key,
        "translation_placeholders": placeholders or None,
    }
