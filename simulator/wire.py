"""Requests: paths, parameters, signatures (api.md §1 to §3)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
import hashlib
import hmac
import re

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

NO_DATA = 1001
FORBIDDEN = 2004
OVER_QUOTA = 2005
UNKNOWN = 4000
BAD_PARAMETER = 4001
"""Response codes (api.md §4)."""


class Kind(StrEnum):
    """The calls of the interface (api.md §3)."""

    DETAILS = "details"
    INVERTERS = "inverters"
    METERS = "meters"
    SUMMARY = "summary"
    ENERGY = "energy"
    ECU_SUMMARY = "ecu_summary"
    ECU_ENERGY = "ecu_energy"
    METER_SUMMARY = "meter_summary"
    METER_ENERGY = "meter_energy"
    INVERTER_SUMMARY = "inverter_summary"
    INVERTER_ENERGY = "inverter_energy"
    BATCH = "batch"
    STORAGE_LATEST = "storage_latest"
    STORAGE_SUMMARY = "storage_summary"
    STORAGE_PERIOD = "storage_period"


class Level(StrEnum):
    """Values of `energy_level`; the last two are for the batch call."""

    MINUTELY = "minutely"
    HOURLY = "hourly"
    DAILY = "daily"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    ENERGY = "energy"
    POWER = "power"


_DEVICES = {
    ("ecu", "summary"): Kind.ECU_SUMMARY,
    ("ecu", "energy"): Kind.ECU_ENERGY,
    ("meter", "summary"): Kind.METER_SUMMARY,
    ("meter", "period"): Kind.METER_ENERGY,
    ("inverter", "summary"): Kind.INVERTER_SUMMARY,
    ("inverter", "energy"): Kind.INVERTER_ENERGY,
    ("inverter", "batch", "energy"): Kind.BATCH,
    ("storage", "latest"): Kind.STORAGE_LATEST,
    ("storage", "summary"): Kind.STORAGE_SUMMARY,
    ("storage", "period"): Kind.STORAGE_PERIOD,
}

_PERIODS = frozenset({Level.MINUTELY, Level.HOURLY, Level.DAILY, Level.MONTHLY, Level.YEARLY})

LEVELS: Mapping[Kind, frozenset[Level]] = {
    Kind.ENERGY: _PERIODS - {Level.MINUTELY},
    Kind.ECU_ENERGY: _PERIODS,
    Kind.METER_ENERGY: _PERIODS,
    Kind.INVERTER_ENERGY: _PERIODS,
    Kind.STORAGE_PERIOD: _PERIODS,
    Kind.BATCH: frozenset({Level.ENERGY, Level.POWER}),
}
"""The levels of each call; calls that are not here have none."""


def answers_list(kind: Kind, level: str | None) -> bool:
    """Whether the data of a call is a list; otherwise it is an object."""
    return kind in (Kind.INVERTERS, Kind.METERS, Kind.ENERGY) or (kind is Kind.ECU_ENERGY and level != Level.MINUTELY)


@dataclass(frozen=True, kw_only=True)
class Route:
    """The call of a path."""

    kind: Kind
    prefix: str
    """"user" or "installer"."""
    sid: str
    target: str
    """Last segment of the path: a sid, eid or uid."""


def route(path: str) -> Route | None:
    """Return the call of a path; None for an unknown path."""
    match path.strip("/").split("/"):
        case [("user" | "installer") as prefix, "api", "v2", "systems", *rest]:
            pass
        case _:
            return None
    match rest:
        case [("details" | "inverters" | "meters" | "summary" | "energy") as name, sid]:
            return Route(kind=Kind(name), prefix=prefix, sid=sid, target=sid)
        case [sid, "devices", *device, target] if (kind := _DEVICES.get(tuple(device))) is not None:
            return Route(kind=kind, prefix=prefix, sid=sid, target=target)
    return None


@dataclass(frozen=True, kw_only=True)
class Period:
    """The days that a call asks for, at a level."""

    level: Level
    first: date
    last: date
    """Included."""


class BadParameterError(ValueError):
    """`energy_level` or `date_range` is missing or malformed."""


def period(kind: Kind, query: Mapping[str, str], today: date, create_date: date) -> Period | None:
    """Return the period in the query (api.md §3); None for calls without one.

    Raises BadParameterError.
    """
    levels = LEVELS.get(kind)
    if levels is None:
        return None
    try:
        level = Level(query.get("energy_level", ""))
    except ValueError as error:
        raise BadParameterError from error
    if level not in levels:
        raise BadParameterError
    if level is Level.YEARLY:
        return Period(level=level, first=create_date.replace(month=1, day=1), last=today.replace(month=12, day=31))
    text = query.get("date_range", "")
    try:
        match level:
            case Level.DAILY:
                first = _date(r"\d{4}-\d{2}", text, "-01")
                last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            case Level.MONTHLY:
                first = _date(r"\d{4}", text, "-01-01")
                last = first.replace(month=12, day=31)
            case _:
                first = last = _date(r"\d{4}-\d{2}-\d{2}", text, "")
    except (ValueError, OverflowError) as error:
        raise BadParameterError from error
    return Period(level=level, first=first, last=last)


def _date(shape: str, text: str, ending: str) -> date:
    if not re.fullmatch(shape, text):
        raise ValueError(text)
    return date.fromisoformat(text + ending)


_DIGESTS = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


def signature(secret: str, *, timestamp: str, nonce: str, app_id: str, target: str, verb: str, method: str) -> str:
    """Return the signature of a request (api.md §2); KeyError for an unknown method."""
    message = "/".join((timestamp, nonce, app_id, target, verb, method))
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), _DIGESTS[method]).digest()).decode()


def is_signed(headers: Mapping[str, str], *, secret: str, target: str, verb: str) -> bool:
    """Whether the five headers are there and well formed, with the right signature."""
    timestamp, nonce = headers.get("X-CA-Timestamp", ""), headers.get("X-CA-Nonce", "")
    method = headers.get("X-CA-Signature-Method", "")
    if method not in _DIGESTS or not re.fullmatch(r"\d{13}", timestamp) or not re.fullmatch(r"[0-9a-f]{32}", nonce):
        return False
    right = signature(
        secret,
        timestamp=timestamp,
        nonce=nonce,
        app_id=headers.get("X-CA-AppId", ""),
        target=target,
        verb=verb,
        method=method,
    )
    return hmac.compare_digest(right.encode(), headers.get("X-CA-Signature", "").encode())
