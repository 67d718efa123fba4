"""The cloud's client: signing, transport, one method per call, one exception per way a caller can react.

Every call costs one of the month's, so nothing is tried twice in here (`api.md` §5). The session is the caller's.
"""

import base64
from collections.abc import Callable
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
    OpenApiPermissionError,
    OpenApiQuotaError,
    OpenApiRequestError,
    OpenApiThrottledError,
)

_LOGGER = logging.getLogger(__name__)

TIMEOUT_S: Final = 30
LARGEST_ANSWER: Final = 2 * 1024 * 1024  # bytes; 120 inverters' day of batch power is about half of it
ROOT: Final = "/user/api/v2/systems"
SIGNATURE_METHOD: Final = "HmacSHA256"


_ERRORS: Final[dict[int, type[OpenApiError]]] = {
    1001: OpenApiNoDataError,
    2005: OpenApiQuotaError,
    **dict.fromkeys((1000, 5000, 6000), OpenApiConnectionError),
    **dict.fromkeys((2000, 2001, 2002, 2003), OpenApiAuthError),
    2004: OpenApiPermissionError,
    **dict.fromkeys((3000, 3001, 3002, 3003, 3004), OpenApiAuthError),
    **dict.fromkeys((4000, 4001), OpenApiRequestError),
    **dict.fromkeys((7000, 7001, 7002, 7003), OpenApiThrottledError),
}


class EnergyLevel(StrEnum):
    """The periods of a system's energy, each with the form of its date range (`api.md` §3)."""

    HOURLY = "hourly"
    DAILY = "daily"
    MONTHLY = "monthly"
    YEARLY = "yearly"

    def date_range(self, day: date) -> str | None:
        """Return the range that holds the day, as the cloud wants it written."""
        form = {"hourly": "%Y-%m-%d", "daily": "%Y-%m", "monthly": "%Y"}.get(self)
        return form and day.strftime(form)


def normalize_base_url(text: str) -> str:
    """Return scheme, host, port and a proxy's path of what a person typed; https where no scheme is given.

    What people copy along from the manual, the interface's own path, is dropped. Raises ValueError when it is no
    address: another scheme, no host or none that a name server knows how to look up, credentials in it, a query.
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
    """Return the signature of a GET (`api.md` §2); of the path only the last segment is signed."""
    segment = path.rpartition("/")[2]
    text = "/".join((timestamp, nonce, app_id, segment, "GET", SIGNATURE_METHOD))
    return base64.b64encode(hmac.digest(app_secret.encode(), text.encode(), hashlib.sha256)).decode()


class OpenApiClient:
    """One system of the cloud, read with the credentials of one App ID. Every method is one call.

    All methods raise the subclasses of `OpenApiError`. Days are days of the site.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, app_id: str, app_secret: str, sid: str) -> None:
        self._session = session
        self._base_url = base_url.strip().rstrip("/")
        self._app_id = app_id.strip()
        self._app_secret = app_secret.strip()
        self._sid = _segment(sid.strip())

    async def details(self) -> models.SystemDetails:
        """Ask for the system's registration, time zone, ECUs and light."""
        return await self._get(parsing.parse_details, f"details/{self._sid}")

    async def inverters(self) -> tuple[models.Ecu, ...]:
        """Ask for the ECUs and their inverters."""
        return await self._get(parsing.parse_inverters, f"inverters/{self._sid}")

    async def summary(self) -> models.Summary:
        """Ask for the energy of day, month, year and life."""
        return await self._get(parsing.parse_summary, f"summary/{self._sid}")

    async def energy(self, level: EnergyLevel, day: date) -> models.Series:
        """Ask for the system's energy in the period that holds the day, kWh from the period's start on."""
        parse = parsing.parse_hours if level is EnergyLevel.HOURLY else parsing.parse_energy
        return await self._get(parse, f"energy/{self._sid}", energy_level=level.value, date_range=level.date_range(day))

    async def inverter_day(self, uid: str, day: date) -> models.InverterDay:
        """Ask for an inverter's telemetry of a day."""
        return await self._of_device(
            lambda data: parsing.parse_inverter_day(data, day), "inverter/energy", uid, "minutely", day
        )

    async def ecu_day(self, eid: str, day: date) -> models.EcuDay:
        """Ask for an ECU's energy and power of a day."""
        return await self._of_device(parsing.parse_ecu_day, "ecu/energy", eid, "minutely", day)

    async def batch_energy(self, eid: str, day: date) -> models.BatchEnergy:
        """Ask for the energy of every channel of an ECU on a day, kWh by inverter and channel."""
        return await self._of_device(parsing.parse_batch_energy, "inverter/batch/energy", eid, "energy", day)

    async def batch_power(self, eid: str, day: date) -> models.BatchPower:
        """Ask for the DC power of every channel of an ECU over a day."""
        return await self._of_device(parsing.parse_batch_power, "inverter/batch/energy", eid, "power", day)

    async def _of_device[T](self, parse: Callable[[object], T], kind: str, device: str, level: str, day: date) -> T:
        """Call for a day of an ECU or an inverter."""
        path = f"{self._sid}/devices/{kind}/{_segment(device)}"
        return await self._get(parse, path, energy_level=level, date_range=day.isoformat())

    async def _get[T](self, parse: Callable[[object], T], path: str, **query: str | None) -> T:
        """Call, and read the answer's data by the given parser."""
        data = await self._call(f"{ROOT}/{path}", {k: v for k, v in query.items() if v is not None})
        try:
            return parse(data)
        except parsing.ShapeError as error:
            raise OpenApiAnswerError(f"The answer was not understood: {error}") from error

    async def _call(self, path: str, query: dict[str, str]) -> object:
        kind = _kind(path)
        _LOGGER.debug("APS GET %s params=%s", kind, query)
        try:
            async with self._session.get(
                self._base_url + path,
                params=query,
                headers=self._headers(path),
                # Signed headers go to nobody else.
                allow_redirects=False,
                middlewares=(_only_once(),),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:
                status = response.status
                body = await _read(response)
        # The text of these errors may hold the URL, and with it ids, so it goes no further.
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OpenApiConnectionError(f"No answer: {type(error).__name__}") from None
        except ValueError as error:  # what is no address, or no header value
            raise OpenApiRequestError(f"The request could not be made: {type(error).__name__}") from None
        if status >= 500:
            raise OpenApiConnectionError(f"HTTP status {status}")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise OpenApiThrottledError(f"HTTP status {status}")
        if status != 200:
            raise OpenApiAnswerError(f"HTTP status {status}")
        return _data(kind, body)

    def _headers(self, path: str) -> dict[str, str]:
        timestamp, nonce = str(time.time_ns() // 1_000_000), uuid.uuid4().hex
        return {
            # A kept connection that the server has closed meanwhile would cost a call.
            "Connection": "close",
            "X-CA-AppId": self._app_id,
            "X-CA-Timestamp": timestamp,
            "X-CA-Nonce": nonce,
            "X-CA-Signature-Method": SIGNATURE_METHOD,
            "X-CA-Signature": sign(self._app_id, self._app_secret, path, timestamp, nonce),
        }


def _only_once() -> aiohttp.ClientMiddlewareType:
    """Return what keeps aiohttp from sending a request again, unasked, when its connection is lost.

    The cloud counts every request, and takes a nonce once.
    """
    sent = False

    async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        nonlocal sent
        if sent:
            raise aiohttp.ServerDisconnectedError
        sent = True
        return await handler(request)

    return once


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body of any content type, but none that is larger than any answer of the cloud."""
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


def _data(kind: str, body: bytes) -> object:
    """Return the data of an answer with code 0; every other code is raised as its exception."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OpenApiAnswerError("The answer is not JSON") from error
    code = parsing.parse_number(answer.get("code")) if isinstance(answer, dict) else None
    if code is None or not code.is_integer():
        raise OpenApiAnswerError("The answer has no code")
    _LOGGER.debug("APS %s: code %d, %d bytes", kind, code, len(body))
    if code:
        raise _ERRORS.get(int(code), OpenApiAnswerError)(f"The cloud answered with code {code:.0f}")
    return answer.get("data")


def _segment(name: str) -> str:
    return quote(name, safe="", errors="replace")


def _kind(path: str) -> str:
    """Return the path for the log: without the ids of system and device."""
    words = path.removeprefix(ROOT).strip("/").split("/")
    return "/".join(words[1:-1] or words[:1])
