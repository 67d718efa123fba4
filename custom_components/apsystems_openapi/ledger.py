"""The book of calls of one App ID: what was spent, what was last asked when, and until when nothing may be asked.

One ledger serves all entries and flows of an App ID and outlives them. A call is booked, and is on disk, before it is
sent; a booking that cannot be written, or read back, is no leave to call. The App ID stands in it as a digest only.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
import hashlib
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .planner import Call

# The vendor sits in China and does not say in which zone a month begins (`api.md` §5).
VENDOR_ZONE: Final = timezone(timedelta(hours=8), "China")
FIRST_WAIT: Final = timedelta(minutes=5)
PROBE: Final = timedelta(days=1)
_BUCKET_S: Final = 900  # every zone's midnight falls on a quarter of an hour
_KEPT: Final = timedelta(days=64)


class Reason(StrEnum):
    """Why nothing may be asked."""

    QUOTA = "quota"
    THROTTLED = "throttled"


@dataclass(frozen=True, kw_only=True)
class Block:
    """No call before `until`; `wait` is the last pause, which doubles."""

    reason: Reason
    until: datetime
    wait: timedelta


class LedgerError(Exception):
    """The booking could not be written down, so that the call must not be made."""


class Ledger:
    """The calls of one App ID."""

    def __init__(self, hass: HomeAssistant, app_id: str) -> None:
        self.digest = hashlib.sha256(f"{DOMAIN}/{app_id}".encode()).hexdigest()[:16]
        self.block: Block | None = None
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, 1, f"{DOMAIN}.ledger.{self.digest}", private=True, atomic_writes=True)
        self._lock = asyncio.Lock()
        self._spent: dict[int, int] = {}
        self._asked: dict[str, dict[str, datetime]] = {}

    async def async_load(self) -> None:
        """Read the book; one that makes no sense counts as lost."""
        try:
            self._restore(await self._store.async_load() or {})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("The ledger of calls is unreadable and is begun anew: %s", type(error).__name__)

    def blocked(self, now: datetime) -> Block | None:
        """Return the block that is in force. One that reaches further than a probe comes from a wrong clock."""
        if self.block is None or not now < self.block.until <= now + PROBE:
            return None
        return self.block

    def asked(self, sid: str, call: Call) -> datetime | None:
        """Return when a system's call was last sent."""
        return self._asked.get(sid, {}).get(str(call))

    def spent(self, now: datetime, zone: tzinfo) -> int:
        """Return the calls of the running calendar month of a zone."""
        first = now.astimezone(zone).date().replace(day=1)
        start = int(datetime.combine(first, time(), zone).timestamp()) // _BUCKET_S
        return sum(n for bucket, n in self._spent.items() if bucket >= start)

    async def async_book(self, sid: str, call: Call, now: datetime) -> None:
        """Book a call that is about to be sent. Raises LedgerError when it must not be."""
        bucket = int(now.timestamp()) // _BUCKET_S
        oldest = int((now - _KEPT).timestamp()) // _BUCKET_S
        async with self._lock:
            self._spent = {b: n for b, n in self._spent.items() if b >= oldest}
            self._spent[bucket] = self._spent.get(bucket, 0) + 1
            self._asked.setdefault(sid, {})[str(call)] = now
            await self._async_save()

    async def async_block(self, reason: Reason, now: datetime, midnight: datetime) -> Block:
        """Stop all calls: after 2005 for a day or to the month's turn, after 7xxx for a wait that doubles.

        That wait ends with the day, at the site's next midnight.
        """
        if reason is Reason.QUOTA:
            wait = PROBE
            until = min(now + PROBE, _next_month(now, UTC), _next_month(now, VENDOR_ZONE))
        else:
            former = self.block.wait if self.block and self.block.reason is Reason.THROTTLED else None
            wait = min(2 * former, PROBE) if former else FIRST_WAIT
            until = min(now + wait, midnight)
        self.block = Block(reason=reason, until=until, wait=wait)
        await self._async_note()
        return self.block

    async def async_unblock(self) -> bool:
        """Note that the cloud answers again; tell whether it had not."""
        if self.block is None:
            return False
        self.block = None
        await self._async_note()
        return True

    async def async_forget(self, sid: str) -> None:
        """Forget what a removed system was asked; what it cost stays in the book."""
        if self._asked.pop(sid, None) is not None:
            await self._async_note()

    async def _async_note(self) -> None:
        """Write down what is no booking; when that fails, it is known until Home Assistant stops."""
        with suppress(LedgerError):
            async with self._lock:
                await self._async_save()

    async def _async_save(self) -> None:
        """Write the book and read it back: `Store` logs a failure to write, and goes on."""
        if self._hass.is_stopping:
            raise LedgerError("Home Assistant is stopping")
        book = self._as_dict()
        await self._store.async_save(book)
        if await self._store.async_load() != book:
            raise LedgerError("The ledger could not be written")

    def _as_dict(self) -> dict[str, Any]:
        block = self.block and {
            "reason": str(self.block.reason),
            "until": self.block.until.isoformat(),
            "wait": self.block.wait.total_seconds(),
        }
        return {
            "block": block,
            "spent": {str(bucket): n for bucket, n in self._spent.items()},
            "asked": {
                sid: {call: moment.isoformat() for call, moment in calls.items()} for sid, calls in self._asked.items()
            },
        }

    def _restore(self, book: dict[str, Any]) -> None:
        self._spent = {int(bucket): n for bucket, n in book.get("spent", {}).items()}
        self._asked = {
            sid: {call: datetime.fromisoformat(moment) for call, moment in calls.items()}
            for sid, calls in book.get("asked", {}).items()
        }
        if block := book.get("block"):
            self.block = Block(
                reason=Reason(block["reason"]),
                until=datetime.fromisoformat(block["until"]),
                wait=timedelta(seconds=block["wait"]),
            )


@singleton(HassKey[dict[str, Ledger]](f"{DOMAIN}_ledgers"))
def _ledgers(_: HomeAssistant) -> dict[str, Ledger]:
    return {}


async def async_get_ledger(hass: HomeAssistant, app_id: str) -> Ledger:
    """Return the one ledger of an App ID."""
    ledgers = _ledgers(hass)
    ledger = Ledger(hass, app_id)
    if ledger.digest not in ledgers:
        await ledger.async_load()
    return ledgers.setdefault(ledger.digest, ledger)


def _next_month(now: datetime, zone: tzinfo) -> datetime:
    first = now.astimezone(zone).date().replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return datetime.combine(after, time(), zone).astimezone(UTC)
