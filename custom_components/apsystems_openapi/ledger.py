"""The book of calls of one App ID: what was spent, what was last asked when, and until when nothing may be asked.

One ledger serves all entries and flows of an App ID and outlives them. A call is booked, and is on disk, before it is
sent; a booking that cannot be written, or read back, is no leave to call. The App ID stands in it as a digest only.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
import hashlib
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .schedule.calls import Call
from .schedule.quota import CHINA, Book, month, shares

FIRST_WAIT: Final = timedelta(minutes=5)
PROBE: Final = timedelta(days=1)


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


class SpentError(LedgerError):
    """By our own count the month has no call left."""


class Ledger:
    """The calls of one App ID."""

    def __init__(self, hass: HomeAssistant, app_id: str) -> None:
        self.digest = hashlib.sha256(f"{DOMAIN}/{app_id}".encode()).hexdigest()[:16]
        self.block: Block | None = None
        self.shown: Block | None = None
        self.turn = asyncio.Lock()
        self._hass = hass
        self._store = Store[dict[str, Any]](hass, 1, f"{DOMAIN}.ledger.{self.digest}", private=True, atomic_writes=True)
        self._lock = asyncio.Lock()
        self.book = Book(opened=dt_util.utcnow())
        self._asked: dict[str, dict[str, datetime]] = {}
        self._needs: dict[str, float] = {}

    async def async_load(self) -> None:
        """Read the book; one that makes no sense counts as lost."""
        try:
            if (stored := await self._store.async_load()) is not None:
                self._restore(stored)
        except (ArithmeticError, AttributeError, HomeAssistantError, KeyError, TypeError, ValueError) as error:
            LOGGER.warning("The ledger of calls is unreadable and is begun anew: %s", type(error).__name__)

    def blocked(self, now: datetime) -> Block | None:
        """Return the block that is in force. One that reaches further than a probe comes from a wrong clock."""
        if self.block is None or not now < self.block.until <= now + PROBE:
            return None
        return self.block

    def asked(self, sid: str, call: Call) -> datetime | None:
        """Return when a system's call was last sent."""
        return self._asked.get(sid, {}).get(str(call))

    def share(self, sid: str) -> float:
        """Return a system's part of what is left."""
        return shares(self._needs).get(sid, 1.0)

    async def async_join(self, sid: str, need: float, carried: int) -> None:
        """Let a system have its share; `carried` are the calls of this month that it remembers."""
        if self._needs.get(sid) == need and carried <= self.book.carried:
            return
        self._needs[sid] = need
        self.book.carried = max(self.book.carried, carried)
        await self._async_note()

    async def async_book(self, sid: str, call: Call, now: datetime, zones: Iterable[tzinfo], quota: int) -> None:
        """Book a call that is about to be sent. Raises LedgerError, or SpentError, when it must not be."""
        async with self._lock:
            if self.book.tidy(now):
                await self._async_save()
            if not self.book.room(now, zones, quota):
                raise SpentError("The calls of this month are spent")
            self.book.add(now)
            self._asked.setdefault(sid, {})[str(call)] = now
            await self._async_save()

    async def async_block(self, reason: Reason, now: datetime, midnight: datetime) -> Block:
        """Stop all calls: after 2005 for a day or to the month's turn, after 7xxx for a wait that doubles.

        That wait ends with the day, at the site's next midnight.
        """
        if reason is Reason.QUOTA:
            wait = PROBE
            until = min(now + PROBE, month(now, UTC)[1], month(now, CHINA)[1])
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

    async def async_leave(self, sid: str) -> None:
        """Let the other systems have a system's part."""
        if self._needs.pop(sid, None) is not None:
            await self._async_note()

    async def async_forget(self, sid: str) -> None:
        """Forget what a removed system was asked; what it cost stays in the book."""
        self._asked.pop(sid, None)
        self._needs.pop(sid, None)
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
            "opened": self.book.opened.isoformat(),
            "carried": self.book.carried,
            "spent": {str(quarter): calls for quarter, calls in self.book.spent.items()},
            "needs": dict(self._needs),
            "asked": {
                sid: {call: moment.isoformat() for call, moment in calls.items()} for sid, calls in self._asked.items()
            },
        }

    def _restore(self, book: dict[str, Any]) -> None:
        self.book = Book(
            opened=_moment(book["opened"]),
            carried=_positive(int(book["carried"])),
            spent={int(quarter): _positive(int(calls)) for quarter, calls in book["spent"].items()},
        )
        self._needs = {sid: _positive(float(need)) for sid, need in book["needs"].items()}
        self._asked = {
            sid: {call: _moment(moment) for call, moment in calls.items()} for sid, calls in book["asked"].items()
        }
        if block := book.get("block"):
            self.block = Block(
                reason=Reason(block["reason"]),
                until=_moment(block["until"]),
                wait=timedelta(seconds=_positive(float(block["wait"]))),
            )


def _moment(text: str) -> datetime:
    if (moment := datetime.fromisoformat(text)).tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment


def _positive[N: (int, float)](number: N) -> N:
    if not 0 <= number < float("inf"):
        raise ValueError("no number of calls")
    return number


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
