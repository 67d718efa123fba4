"""The calls by which a config flow checks a form: booked like all others, and their answers are kept for set-up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from . import runner
from .cloud.client import OpenApiClient
from .cloud.exceptions import OpenApiError
from .cloud.models import Ecu, SystemDetails
from .entry_ledger import EntryLedger
from .failures import BLOCKED, BLOCKING, ERROR_KEYS
from .ledger import LedgerError, SpentError
from .schedule.calls import Kind


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers to the check of a form, or the errors to show."""

    errors: dict[str, str] = field(default_factory=dict)
    """Keys of `config.error` by field."""
    until: datetime | None = None
    """When calls can be made again, where none can at present, so that nothing could be checked."""
    details: SystemDetails | None = None
    """None where there are errors."""
    ecus: tuple[Ecu, ...] = ()
    """The inverter list; empty where it was not asked for, could not be fetched, or has no inverter."""


async def async_check(ledger: EntryLedger, client: OpenApiClient, *, with_listing: bool) -> Answers:
    """Fetch the details of a system and, when that is right, its inverter list."""
    try:
        details = await _async_ask(ledger, Kind.DETAILS, client.details)
    except (LedgerError, OpenApiError) as error:
        return Answers(errors={"base": ERROR_KEYS[type(error)]}, until=_blocked_until(ledger, error))
    ecus: tuple[Ecu, ...] = ()
    if with_listing:
        await asyncio.sleep(runner.CALL_SPACING_S)
        with suppress(LedgerError, OpenApiError):  # set-up asks again
            ecus = await _async_ask(ledger, Kind.INVERTERS, client.inverters)
    return Answers(details=details, ecus=ecus if any(ecu.inverters for ecu in ecus) else ())


async def _async_ask[T](ledger: EntryLedger, kind: Kind, ask: Callable[[], Awaitable[T]]) -> T:
    """Book a call and send it. Raises LedgerError or OpenApiError; without a call while the App ID waits."""
    shared = ledger.ledger
    async with shared.one_call(is_pressed=True):
        now = dt_util.utcnow()
        if (wait := shared.wait) is not None and wait.is_in_force(now):
            raise BLOCKED[wait.reason]("APsystems accepts no calls")
        await ledger.async_book(kind)
        try:
            return await ask()
        except OpenApiError as error:
            if reason := BLOCKING.get(type(error)):
                await shared.async_wait(reason, now, dt_util.start_of_local_day() + timedelta(days=1))
            raise


def _blocked_until(ledger: EntryLedger, error: Exception) -> datetime | None:
    if isinstance(error, SpentError):
        return ledger.resumes(dt_util.utcnow())
    wait = ledger.ledger.wait
    return wait.until if wait is not None and type(error) in BLOCKING else None
