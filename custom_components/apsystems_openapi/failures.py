"""What goes wrong with calls, and since when: told once, to the log and to the owner, with what to wait for."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.util import dt as dt_util

from . import issues, notice
from .cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiNoDataError,
    OpenApiPermissionError,
    OpenApiQuotaError,
    OpenApiRequestError,
    OpenApiThrottledError,
)
from .const import LOGGER
from .ledger import PROBE, Block, Ledger, LedgerError, Reason, SpentError
from .schedule.calls import Call, Kind, Slot
from .schedule.quota import reserve
from .schedule.sun import Site

if TYPE_CHECKING:
    from .coordinator import ApsystemsConfigEntry

RETRY_AFTER: Final = timedelta(minutes=30)
PLENTY: Final = 0.1  # of the quota: more than the few calls by which two honest counts may differ

# What whoever may read a system may ask for; all else may be refused to an account, for a device, for a day.
_FOR_EVERYBODY: Final = frozenset({Kind.DETAILS, Kind.INVERTERS, Kind.SUMMARY, Kind.HOURLY})

# The ways in which a call fails, as keys of `exceptions` in the translations.
ERROR_KEYS: Final[dict[type[Exception], str]] = {
    OpenApiAuthError: "invalid_auth",
    OpenApiPermissionError: "invalid_auth",
    OpenApiRequestError: "invalid_auth",
    OpenApiConnectionError: "cannot_connect",
    OpenApiAnswerError: "invalid_answer",
    OpenApiNoDataError: "invalid_answer",
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


class Health:
    """How the calls of one system fare.

    `failing` has, by kind, what was said when it last failed; `refused` is since when the credentials are at fault.
    """

    def __init__(self, hass: HomeAssistant, entry: ApsystemsConfigEntry, ledger: Ledger, quota: int) -> None:
        self.failing: dict[Kind, str] = {}
        self.refused: datetime | None = None
        self._hass = hass
        self._entry = entry
        self._ledger = ledger
        self._quota = quota
        self._refusals = 0
        self._told_spent: datetime | None = None
        self._unwritable = False

    def pauses(self, now: datetime) -> bool:
        """Tell whether planned calls wait for new credentials; one a day may try those that there are."""
        return self.refused is not None and abs(now - self.refused) < PROBE

    def wants_proof(self, due: Sequence[Slot]) -> bool:
        """Tell whether a doubt of the credentials is to be settled along with a round that does not do so itself."""
        kinds = {slot.call.kind for slot in due}
        return bool(kinds) and self._refusals == 1 and not kinds & _FOR_EVERYBODY

    async def async_failed(self, call: Call, failure: OpenApiError, now: datetime, site: Site) -> datetime:
        """Note a failed call, and return when it may be tried again."""
        self._booked()
        if reason := BLOCKING.get(type(failure)):
            was_blocked = self._ledger.block is not None
            midnight = site.midnight(site.day(now) + timedelta(days=1))
            block = await self._ledger.async_block(reason, now, midnight)
            if not was_blocked:
                until = notice.moment(block.until, site.zone)
                LOGGER.warning("%s; nothing is asked before %s, what is known stays", failure, until)
            await notice.async_show(self._hass, self._ledger, block, site.zone)
            return block.until
        if self._blames_credentials(call, failure):
            if self.refused is None:
                LOGGER.warning("The credentials are refused, new ones are asked for: %s", failure)
            self.refused = now
            self._entry.async_start_reauth(self._hass)
            return now + RETRY_AFTER
        if call.kind not in self.failing:
            LOGGER.warning("Reading %s failed, what is known stays: %s", call.kind, failure)
        self.failing[call.kind] = f"{type(failure).__name__}: {failure}"
        return now + RETRY_AFTER

    async def async_not_booked(self, failure: LedgerError, zones: Sequence[tzinfo]) -> None:
        """Say once why no call is made; while Home Assistant stops that goes without saying."""
        if self._hass.is_stopping:
            return
        now = dt_util.utcnow()
        if not isinstance(failure, SpentError):
            if not self._unwritable:
                LOGGER.warning("%s; no call is made until it can be", failure)
            self._unwritable = True
        elif self._told_spent is None or now >= self._told_spent:
            self._told_spent = notice.resumes(now, zones)
            LOGGER.warning("%s; the next ones are made from %s on", failure, f"{self._told_spent:%Y-%m-%d}")
            block = Block(reason=Reason.QUOTA, until=self._told_spent, wait=PROBE)
            await notice.async_show(self._hass, self._ledger, block, zones[-1])

    async def async_succeeded(self, call: Call) -> None:
        """Say once that it works again."""
        self._booked()
        self._refusals = 0
        if self.failing.pop(call.kind, None):
            LOGGER.info("Reading %s works again", call.kind)
        if self.refused is not None:
            self.refused = None
            LOGGER.info("The cloud takes the credentials again")
            self._end_reauth()
        if await self._ledger.async_unblock():
            LOGGER.info("The cloud takes calls again")
            notice.async_clear(self._hass, self._ledger)
        elif self._told_spent is not None:
            self._told_spent = None
            notice.async_clear(self._hass, self._ledger)

    async def async_show(self, now: datetime, site: Site, zones: Sequence[tzinfo], unknown_zone: str | None) -> None:
        """Show the owner what holds calls up, and what he can put right."""
        left = None
        if block := self._ledger.blocked(now):
            if self._ledger.shown != block:  # what the owner has dismissed does not come back
                await notice.async_show(self._hass, self._ledger, block, site.zone)
            if block.reason is Reason.QUOTA:
                room = self._ledger.book.room(now, zones, self._quota)
                left = room if room > max(self._quota * PLENTY, reserve(self._quota)) else None
        issues.async_tell_quota(self._hass, self._entry, left, self._quota)
        issues.async_tell_ledger(self._hass, self._entry, unwritable=self._unwritable)
        issues.async_tell_time_zone(self._hass, self._entry, unknown_zone)

    def _booked(self) -> None:
        if self._unwritable:
            self._unwritable = False
            LOGGER.info("Calls can be written down again")

    def _blames_credentials(self, call: Call, failure: OpenApiError) -> bool:
        """Tell whether credentials are at fault: by codes that say so, or by the second refusal in a row.

        What is asked of a single device may be refused for that device, however many of them are asked: that raises
        a doubt, which a call that no account is refused must confirm. And 2004 means there "not for this account".
        """
        match failure:
            case OpenApiAuthError():
                return True
            case OpenApiRequestError() | OpenApiPermissionError() if call.kind in _FOR_EVERYBODY:
                self._refusals += 1
                return self._refusals > 1
            case OpenApiRequestError():
                self._refusals = max(self._refusals, 1)
                return self.refused is not None
        return False

    def _end_reauth(self) -> None:
        """Ask for nothing that is not needed any more."""
        for flow in self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH}):
            with suppress(UnknownFlow):  # it has not shown itself yet
                self._hass.config_entries.flow.async_abort(flow["flow_id"])
