"""Client of the OpenAPI: signs a request, sends it once, and returns the parsed answer or raises.

Every request counts towards the monthly quota of the App ID (`api.md` §5), so nothing is retried here.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
import hashlib
import hmac
from http import HTTPStatus
import json
import logging
import time
from typing import Final
from urllib.parse import quote, urlsplit
import uuid

import aiohttp

from . import models, parsing
from .exceptions import (
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

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S: Final = 30
LARGEST_ANSWER: Final = 2 * 1024 * 1024  # bytes; a day of batch power of 120 inverters is about half of it
ROOT: Final = "/user/api/v2/systems"
INSTALLER_ROOT: Final = "/installer/api/v2/systems"
SIGNATURE_METHOD: Final = "HmacSHA256"

_ERRORS: Final[dict[int, type[OpenApiError]]] = {
    1001: OpenApiNoDataError,
    2004: OpenApiPermissionError,
    2005: OpenApiQuotaError,
    **dict.fromkeys((1000, 5000, 6000), OpenApiConnectionError),
    **dict.fromkeys((2000, 2001, 2002, 2003), OpenApiAuthError),
    **dict.fromkeys((3000, 3001, 3002, 3003, 3004), OpenApiAuthError),
    **dict.fromkeys((4000, 4001), OpenApiRequestError),
    **dict.fromkeys((7000, 7001, 7002, 7003), OpenApiThrottledError),
}


class EnergyLevel(StrEnum):
    """Levels of a system's energy: the period of one value (`api.md` §3, energy in period)."""

    HOURLY = "hourly"
    """24 hours of a day."""

    DAILY = "daily"
    """Days of a month."""

    MONTHLY = "monthly"
    """Months of a year."""

    YEARLY = "yearly"
    """Years since registration."""

    def date_range(self, day: date) -> str | None:
        """Return the query parameter `date_range` of the period that contains `day`; None where the level has none."""
        match self:
            case EnergyLevel.HOURLY:
                return day.isoformat()
            case EnergyLevel.DAILY:
                return f"{day:%Y-%m}"
            case EnergyLevel.MONTHLY:
                return f"{day:%Y}"
            case EnergyLevel.YEARLY:
                return None


def normalize_base_url(text: str) -> str:
    """Return an address that a person typed as base URL, for example `https://api.apsystemsema.com:9282`.

    Adds https where the scheme is missing and keeps the path of a reverse proxy. Drops blanks, trailing slashes and
    the OpenAPI's own path (`/user/api/…`), which people copy from the manual. Raises ValueError for anything else:
    another scheme, a missing or invalid host or port, credentials, a query or a fragment.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text or not text.isprintable():
        raise ValueError("not an http or https address")
    parts.hostname.encode("idna")
    if parts.username is not None or parts.query or parts.fragment or parts.port == 0:
        raise ValueError("an address has no user, query or fragment")
    path = parts.path.partition("/user/api")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rstrip(':')}{path}"


def sign(app_id: str, app_secret: str, path: str, timestamp: str, nonce: str) -> str:
    """Return the signature of a GET request, Base64 of an HMAC-SHA256 (`api.md` §2).

    `path` is the path of the URL without query; only its last segment is signed. `timestamp` is in milliseconds since
    the epoch, `nonce` a UUID as 32 hex characters.
    """
    segment = path.rpartition("/")[2]
    message = "/".join((timestamp, nonce, app_id, segment, "GET", SIGNATURE_METHOD))
    return base64.b64encode(hmac.digest(app_secret.encode(), message.encode(), hashlib.sha256)).decode()


def decode_answer(body: bytes, endpoint: str = "answer") -> object:
    """Return `data` of a response body, unparsed: an object, a list, or None.

    `endpoint` names the answer in the debug log. Raises the subclass of OpenApiError that belongs to the response code
    (`api.md` §4), and OpenApiAnswerError when the body is not JSON or has no integer `code`.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OpenApiAnswerError("The answer is not JSON") from error
    number = parsing.parse_number(answer.get("code")) if isinstance(answer, dict) else None
    if number is None or not number.is_integer():
        raise OpenApiAnswerError("The answer has no code")
    code = int(number)
    _LOGGER.debug("APS %s: code %d, %d bytes", endpoint, code, len(body))
    if code:
        raise _ERRORS.get(code, OpenApiAnswerError)(f"The cloud answered with code {code}", code)
    return answer.get("data")


class OpenApiClient:
    """Access to one system with the credentials of one App ID.

    Every method sends exactly one request, which counts towards the monthly quota even when it fails, and returns the
    parsed answer. Every method raises a subclass of OpenApiError, and nothing else. Dates are in the time zone of the
    system.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, app_id: str, app_secret: str, sid: str) -> None:
        """Set up without a request.

        The caller opens and closes `session`. `base_url` is as `normalize_base_url` returns it, `sid` the id of the
        system, for example `AB12345C6D7E`. Blanks around each text are ignored.
        """
        self._session = session
        self._base_url = base_url.strip().rstrip("/")
        self._app_id = app_id.strip()
        self._app_secret = app_secret.strip()
        self._sid = _segment(sid.strip())

    async def details(self) -> models.SystemDetails:
        """Fetch the system's registration: date, capacity, time zone, ECUs, status light (`api.md` §3, details)."""
        return await self._fetch(parsing.parse_details, f"details/{self._sid}")

    async def inverters(self) -> tuple[models.Ecu, ...]:
        """Fetch the ECUs of the system with their inverters (`api.md` §3, inverter list)."""
        return await self._fetch(parsing.parse_inverters, f"inverters/{self._sid}")

    async def summary(self) -> models.Summary:
        """Fetch the energy of day, month, year and lifetime in kWh (`api.md` §3, summary)."""
        return await self._fetch(parsing.parse_summary, f"summary/{self._sid}")

    async def energy(self, level: EnergyLevel, day: date) -> models.Series:
        """Fetch the system's energy in kWh over the period that contains `day` (`api.md` §3, energy in period).

        Index 0 is the start of the period: hour 0, day 1, January, or the year of registration. Hourly series have 24
        values, and the running hour is 0 until it has closed. The others end with the running day, month or year.
        For 0 and None see `parsing.parse_hours` and `parsing.parse_energy`.
        """
        parse = parsing.parse_hours if level is EnergyLevel.HOURLY else parsing.parse_energy
        path = f"energy/{self._sid}"
        return await self._fetch(parse, path, energy_level=level.value, date_range=level.date_range(day))

    async def inverter_day(self, uid: str, day: date) -> models.InverterDay:
        """Fetch the telemetry of an inverter on one day (`api.md` §3, inverter energy, minutely)."""

        def parse(data: object) -> models.InverterDay:
            return parsing.parse_inverter_day(data, day)

        return await self._fetch_device_day(parse, "inverter/energy", uid, "minutely", day)

    async def ecu_day(self, eid: str, day: date) -> models.EcuDay:
        """Fetch the energy and power of an ECU on one day (`api.md` §3, ECU energy, minutely)."""
        return await self._fetch_device_day(parsing.parse_ecu_day, "ecu/energy", eid, "minutely", day)

    async def batch_energy(self, eid: str, day: date) -> models.BatchEnergy:
        """Fetch the energy in kWh of every channel of an ECU on one day (`api.md` §3, batch)."""
        return await self._fetch_device_day(parsing.parse_batch_energy, "inverter/batch/energy", eid, "energy", day)

    async def batch_power(self, eid: str, day: date) -> models.BatchPower:
        """Fetch the DC power in W of every channel of an ECU on one day (`api.md` §3, batch)."""
        return await self._fetch_device_day(parsing.parse_batch_power, "inverter/batch/energy", eid, "power", day)

    async def inverter_summary(self, uid: str) -> tuple[models.Summary, ...]:
        """Fetch the energy totals in kWh of an inverter's channels (`api.md` §3, inverter summary)."""
        return await self._fetch(parsing.parse_inverter_summary, self._device("inverter/summary", uid))

    async def meters(self) -> tuple[str, ...]:
        """Fetch the ids of the system's meters (`api.md` §3, meter); without any also OpenApiNoDataError."""
        return await self._fetch(parsing.parse_meters, f"meters/{self._sid}")

    async def meter_summary(self, eid: str) -> models.FlowTotals:
        """Fetch the energy totals in kWh of a meter (`api.md` §3, meter)."""
        return await self._fetch(parsing.parse_flow_totals, self._device("meter/summary", eid))

    async def meter_day(self, eid: str, day: date) -> models.FlowDay:
        """Fetch the energy and power of a meter on one day (`api.md` §3, meter, minutely)."""
        return await self._fetch_device_day(parsing.parse_flow_day, "meter/period", eid, "minutely", day)

    async def meter_month(self, eid: str, month: date) -> Mapping[str, models.Series]:
        """Fetch the energy in kWh of each day of a month by flow (`api.md` §3, meter, daily)."""
        return await self._fetch_month("meter/period", eid, month)

    async def storage_state(self, eid: str, *, as_installer: bool = False) -> models.StorageState:
        """Fetch a battery's charge, mode and powers (`api.md` §3, storage).

        Which prefix the account may use only a try shows: OpenApiPermissionError or OpenApiNotFoundError mean the other
        one.
        """
        path = self._device("storage/latest", eid)
        return await self._fetch(parsing.parse_storage_state, path, _root(as_installer=as_installer))

    async def storage_summary(self, eid: str, *, as_installer: bool = False) -> models.FlowTotals:
        """Fetch the energy totals in kWh of a battery and its house; see `storage_state` for the prefix."""
        path = self._device("storage/summary", eid)
        return await self._fetch(parsing.parse_flow_totals, path, _root(as_installer=as_installer))

    async def storage_day(self, eid: str, day: date, *, as_installer: bool = False) -> models.FlowDay:
        """Fetch the energy and power of a battery and its house on one day; see `storage_state` for the prefix."""
        return await self._fetch_device_day(
            parsing.parse_flow_day, "storage/period", eid, "minutely", day, _root(as_installer=as_installer)
        )

    async def storage_month(self, eid: str, month: date, *, as_installer: bool = False) -> Mapping[str, models.Series]:
        """Fetch the energy in kWh of each day of a month by flow; see `storage_state` for the prefix."""
        return await self._fetch_month("storage/period", eid, month, _root(as_installer=as_installer))

    async def _fetch_month(
        self, endpoint: str, device: str, month: date, root: str = ROOT
    ) -> Mapping[str, models.Series]:
        """Fetch the days of a month of a meter or a battery."""
        query = {"energy_level": str(EnergyLevel.DAILY), "date_range": EnergyLevel.DAILY.date_range(month)}
        return await self._fetch(parsing.parse_flow_month, self._device(endpoint, device), root, **query)

    async def _fetch_device_day[T](
        self, parse: Callable[[object], T], endpoint: str, device: str, level: str, day: date, root: str = ROOT
    ) -> T:
        """Fetch one day of a device."""
        query = {"energy_level": level, "date_range": day.isoformat()}
        return await self._fetch(parse, self._device(endpoint, device), root, **query)

    def _device(self, endpoint: str, device: str) -> str:
        return f"{self._sid}/devices/{endpoint}/{_segment(device)}"

    async def _fetch[T](self, parse: Callable[[object], T], path: str, root: str = ROOT, **query: str | None) -> T:
        """Send a request and parse `data` of its answer; parameters that are None are not sent."""
        endpoint = _endpoint(path)
        sent = {name: value for name, value in query.items() if value is not None}
        body = await self._send(f"{root}/{path}", endpoint, sent)
        try:
            return parse(decode_answer(body, endpoint))
        except parsing.ShapeError as error:
            raise OpenApiAnswerError(f"The answer was not understood: {error}") from error

    async def _send(self, path: str, endpoint: str, query: dict[str, str]) -> bytes:
        """Send a signed request once and return the body of a response with HTTP status 200."""
        _LOGGER.debug("APS GET %s params=%s", endpoint, query)
        try:
            async with self._session.get(
                self._base_url + path,
                params=query,
                headers=self._headers(path),
                # A redirect would carry the signed headers to another server.
                allow_redirects=False,
                middlewares=(_send_once(),),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:
                status, body = response.status, await _read_body(response)
        # The texts of these errors can contain the URL, and with it ids: only the type goes into ours.
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OpenApiConnectionError(f"No answer: {type(error).__name__}") from None
        except ValueError as error:  # from an invalid URL or header value
            raise OpenApiRequestError(f"The request could not be made: {type(error).__name__}") from None
        _check_status(status)
        return body

    def _headers(self, path: str) -> dict[str, str]:
        timestamp, nonce = str(time.time_ns() // 1_000_000), uuid.uuid4().hex
        return {
            # A reused connection can have been closed by the server: the request is lost, and can still count.
            "Connection": "close",
            "X-CA-AppId": self._app_id,
            "X-CA-Timestamp": timestamp,
            "X-CA-Nonce": nonce,
            "X-CA-Signature-Method": SIGNATURE_METHOD,
            "X-CA-Signature": sign(self._app_id, self._app_secret, path, timestamp, nonce),
        }


def _send_once() -> aiohttp.ClientMiddlewareType:
    """Return a middleware that stops aiohttp from sending a request again after a lost connection.

    The cloud counts every request and accepts a nonce only once.
    """
    sent = False

    async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        nonlocal sent
        if sent:
            raise aiohttp.ServerDisconnectedError
        sent = True
        return await handler(request)

    return once


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Read a body of any content type; raise OpenApiAnswerError above LARGEST_ANSWER."""
    body = bytearray()
    if (response.content_length or 0) <= LARGEST_ANSWER:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                break
        else:
            return bytes(body)
    response.close()
    raise OpenApiAnswerError(f"The answer is larger than {LARGEST_ANSWER} bytes")


def _check_status(status: int) -> None:
    """Raise for an HTTP status other than 200; application errors come with 200 as well."""
    if status == HTTPStatus.OK:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OpenApiConnectionError(f"HTTP status {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise OpenApiThrottledError(f"HTTP status {status}")
    if status == HTTPStatus.NOT_FOUND:
        raise OpenApiNotFoundError(f"HTTP status {status}")
    raise OpenApiAnswerError(f"HTTP status {status}")


def _segment(name: str) -> str:
    """Return an id as one segment of a path, with all special characters escaped."""
    return quote(name, safe="", errors="replace")


def _root(*, as_installer: bool) -> str:
    return INSTALLER_ROOT if as_installer else ROOT


def _endpoint(path: str) -> str:
    """Return the part of a path that may be logged: without the ids of system and device."""
    segments = path.split("/")
    return "/".join(segments[1:-1] or segments[:1])
