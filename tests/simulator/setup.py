"""A cloud that serves, its clock, and a client that only signs."""
# ruff: noqa: ANN401, D101, D102, D103 -- names of tests say what they are; JSON is of any type

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
import hashlib
import hmac
import json
from typing import Any
import uuid
from zoneinfo import ZoneInfo

import aiohttp

from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, Plant, sample_plant

SID, EID, DS3, QT2 = "AB12345C6D7E", "216200012345", "703000000011", "902000000021"
METER = "216300054321"
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 6, 15, 13, 20, tzinfo=PARIS)
NIGHT = datetime(2026, 6, 15, 3, 0, tzinfo=PARIS)
TODAY = "2026-06-15"


def young_plant(**changes: Any) -> Plant:
    """Return a plant of a few weeks, so that its past is quickly computed."""
    return sample_plant(**{"create_date": date(2026, 5, 20)} | changes)


def house_plant(**changes: Any) -> Plant:
    """Return a plant with a meter and a battery."""
    ecu = replace(sample_plant().ecus[0], type=2)
    return young_plant(**{"ecus": (ecu,), "meters": (METER,)} | changes)


@dataclass
class Clock:
    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Reply:
    status: int
    content_type: str
    text: str

    @property
    def code(self) -> int:
        code: int = json.loads(self.text)["code"]
        return code

    @property
    def data(self) -> Any:
        assert self.code == 0, self.text
        return json.loads(self.text)["data"]


def sign(secret: str, *parts: str, digest: Callable[..., Any] = hashlib.sha256) -> str:
    return base64.b64encode(hmac.new(secret.encode(), "/".join(parts).encode(), digest).digest()).decode()


@dataclass
class Client:
    """A client that only signs."""

    url: str
    session: aiohttp.ClientSession
    app_id: str = DEFAULT_APP_ID
    secret: str = DEFAULT_APP_SECRET
    changed: dict[str, str] = field(default_factory=dict)

    def headers(self, target: str) -> dict[str, str]:
        stamp = str(int(NOON.timestamp() * 1000))
        nonce = uuid.uuid4().hex
        signed = sign(self.secret, stamp, nonce, self.app_id, target, "GET", "HmacSHA256")
        return {
            "X-CA-AppId": self.app_id,
            "X-CA-Timestamp": stamp,
            "X-CA-Nonce": nonce,
            "X-CA-Signature-Method": "HmacSHA256",
            "X-CA-Signature": signed,
        } | self.changed

    async def get(self, path: str, level: str = "", date_range: str = "", *, prefix: str = "user") -> Reply:
        query = {"energy_level": level, "date_range": date_range}
        async with self.session.get(
            f"{self.url}/{prefix}/api/v2/systems/{path}",
            params={key: value for key, value in query.items() if value},
            headers=self.headers(path.rpartition("/")[2]),
            allow_redirects=False,
        ) as response:
            return Reply(response.status, response.content_type, await response.text())


class Setup:
    """A cloud that serves, a clock and a client."""

    def __init__(self, cloud: Cloud, clock: Clock, client: Client) -> None:
        self.cloud, self.clock, self.client = cloud, clock, client
        self.get = client.get

    async def data(self, path: str, level: str = "", date_range: str = "") -> Any:
        return (await self.get(path, level, date_range)).data


class Setups:
    """Opens clouds and closes them."""

    def __init__(self) -> None:
        self._open: list[tuple[Cloud, aiohttp.ClientSession]] = []

    async def __call__(self, *plants: Plant, at: datetime = NOON, **options: Any) -> Setup:
        clock = Clock(at)
        cloud = Cloud(*(plants or (young_plant(),)), now=clock, **options)
        session = aiohttp.ClientSession()
        self._open.append((cloud, session))
        return Setup(cloud, clock, Client(await cloud.start(), session))

    async def close(self) -> None:
        for cloud, session in self._open:
            await session.close()
            await cloud.stop()


def numbers(texts: list[str]) -> list[float]:
    return [float(text) for text in texts]


def shape(value: Any) -> Any:
    """Return keys and types of a value; a list has the shape of its entries, which must be equal."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            shapes = [shape(item) for item in value]
            assert all(item == shapes[0] for item in shapes)
            return shapes[:1]
        case None:
            return None
        case _:
            return type(value)
