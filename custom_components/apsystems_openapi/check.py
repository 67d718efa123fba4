"""The check of a form: first of what was typed, then by calls, booked like all others; set-up keeps their answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from . import runner
from .cloud.client import OpenApiClient
from .cloud.exceptions import OpenApiAuthError, OpenApiError, OpenApiPermissionError
from .cloud.models import Ecu, SystemDetails
from .const import CONF_APP_ID, CONF_APP_SECRET, CONF_SID
from .entry_ledger import EntryLedger
from .failures import BLOCKED, BLOCKING, ERROR_KEYS
from .ledger import LedgerError, SpentError
from .schedule.calls import Kind
from .system.state import WITH_BATTERY, WITH_METER

APP_ID_LENGTH: Final = 32  # `api.md` §2
SID_LENGTH: Final = 12  # `api.md` §3
# What the cloud tells apart, by field. A wrong signature, App ID, secret or system ID alike is answered with 4000.
_FIELDS: Final[dict[type[Exception], tuple[str, str]]] = {
    OpenApiAuthError: (CONF_APP_ID, "account_refused"),
    OpenApiPermissionError: (CONF_SID, "no_permission"),
}


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
    """The inverter list; empty where it was not asked for, could not be fetched, or names no device of an ECU."""


def faults_of(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the errors of credentials that cannot be right, so that no call is spent on them, by field.

    The length of a secret differs by account (`api.md` §2).
    """
    faults = {}
    for name, length in ((CONF_APP_ID, APP_ID_LENGTH), (CONF_SID, SID_LENGTH)):
        text = typed.get(name)
        if text is not None and len(text) != length:
            faults[name] = f"{name}_length"
        elif text is not None and not (text.isascii() and text.isalnum()):
            faults[name] = "invalid_characters"
    secret = typed.get(CONF_APP_SECRET)
    if secret is not None and not secret:
        faults[CONF_APP_SECRET] = "no_secret"
    elif secret is not None and not (secret.isascii() and secret.isprintable()):
        faults[CONF_APP_SECRET] = "invalid_secret"
    return faults


async def async_check(ledger: EntryLedger, client: OpenApiClient, *, with_listing: bool) -> Answers:
    """Fetch the details of a system and, when that is right, its inverter list."""
    try:
        details = await _async_ask(ledger, Kind.DETAILS, client.details)
    except (LedgerError, OpenApiError) as error:
        name, key = _FIELDS.get(type(error), ("base", ERROR_KEYS[type(error)]))
        return Answers(errors={name: key}, until=_blocked_until(ledger, error))
    ecus: tuple[Ecu, ...] = ()
    if with_listing:
        await asyncio.sleep(runner.CALL_SPACING_S)
        with suppress(LedgerError, OpenApiError):  # set-up asks again
            ecus = await _async_ask(ledger, Kind.INVERTERS, client.inverters)
    has_devices = any(ecu.inverters or ecu.type in {WITH_METER, WITH_BATTERY} for ecu in ecus)
    return Answers(details=details, ecus=ecus if has_devices else ())


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
