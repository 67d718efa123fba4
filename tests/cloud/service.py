"""The simulated cloud as the tests of the client use it, and one request of every kind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from custom_components.apsystems_openapi.cloud import EnergyLevel, OpenApiClient
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, Kind, Plant, sample_plant

SID, EID, DS3, QT2 = "AB12345C6D7E", "216200012345", "703000000011", "902000000021"
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 6, 15, 13, 20, tzinfo=PARIS)
NIGHT = datetime(2026, 6, 15, 3, 0, tzinfo=PARIS)
DAY = NOON.date()
MIDNIGHT = datetime(2026, 6, 15, tzinfo=PARIS)


def young_plant(**changes: Any) -> Plant:  # noqa: ANN401
    """Return a plant that is a few weeks old, so that its production is computed quickly."""
    return sample_plant(**{"create_date": date(2026, 5, 20)} | changes)


@dataclass
class Service:
    """A simulated cloud that is reachable over HTTP, with an adjustable clock."""

    cloud: Cloud
    url: str
    session: aiohttp.ClientSession
    now: datetime = NOON

    def client(self, **changes: str) -> OpenApiClient:
        """Return a client with the right address, credentials and system, unless changed."""
        arguments = {"base_url": self.url, "app_id": DEFAULT_APP_ID, "app_secret": DEFAULT_APP_SECRET, "sid": SID}
        return OpenApiClient(self.session, **arguments | changes)


@asynccontextmanager
async def serving(*plants: Plant, **options: Any) -> AsyncIterator[Service]:  # noqa: ANN401
    """Serve plants, by default the sample plant, at 13:20 of a June day."""
    cloud = Cloud(*(plants or (young_plant(),)), now=lambda: service.now, **options)
    async with cloud.serve() as url, aiohttp.ClientSession() as session:
        service = Service(cloud, url, session)
        yield service


@dataclass(frozen=True)
class Request:
    """A method of the client, and the request that the cloud receives from it."""

    send: Callable[[OpenApiClient], Awaitable[object]]
    kind: Kind
    level: str | None = None
    date_range: str | None = None
    target: str = SID


REQUESTS = {
    "details": Request(lambda client: client.details(), Kind.DETAILS),
    "inverters": Request(lambda client: client.inverters(), Kind.INVERTERS),
    "summary": Request(lambda client: client.summary(), Kind.SUMMARY),
    "hourly": Request(lambda client: client.energy(EnergyLevel.HOURLY, DAY), Kind.ENERGY, "hourly", "2026-06-15"),
    "daily": Request(lambda client: client.energy(EnergyLevel.DAILY, DAY), Kind.ENERGY, "daily", "2026-06"),
    "monthly": Request(lambda client: client.energy(EnergyLevel.MONTHLY, DAY), Kind.ENERGY, "monthly", "2026"),
    "yearly": Request(lambda client: client.energy(EnergyLevel.YEARLY, DAY), Kind.ENERGY, "yearly"),
    "inverter_day": Request(
        lambda client: client.inverter_day(DS3, DAY), Kind.INVERTER_ENERGY, "minutely", "2026-06-15", DS3
    ),
    "ecu_day": Request(lambda client: client.ecu_day(EID, DAY), Kind.ECU_ENERGY, "minutely", "2026-06-15", EID),
    "batch_power": Request(lambda client: client.batch_power(EID, DAY), Kind.BATCH, "power", "2026-06-15", EID),
    "batch_energy": Request(lambda client: client.batch_energy(EID, DAY), Kind.BATCH, "energy", "2026-06-15", EID),
}
every_request = pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
