"""The client, over HTTP against the simulated cloud: what it asks, what it understands, what it refuses."""
# ruff: noqa: D102, D103 -- names of tests say what they are

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
import json
import logging
import traceback
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiohttp
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud import client as api
from custom_components.apsystems_openapi.cloud.client import EnergyLevel, OpenApiClient, normalize_base_url, sign
from custom_components.apsystems_openapi.cloud.exceptions import (
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
from custom_components.apsystems_openapi.cloud.models import InverterDay, Summary
from simulator import (
    DEFAULT_APP_ID,
    DEFAULT_APP_SECRET,
    Absent,
    Cloud,
    Ecu,
    Fault,
    FaultKind,
    Kind,
    Level,
    Plant,
    sample_plant,
)
from tests import samples

pytestmark = pytest.mark.usefixtures("socket_enabled")

SID, EID, DS3, QT2 = "AB12345C6D7E", "216200012345", "703000000011", "902000000021"
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 6, 15, 13, 20, tzinfo=PARIS)
NIGHT = datetime(2026, 6, 15, 3, 0, tzinfo=PARIS)
DAY = NOON.date()
MIDNIGHT = datetime(2026, 6, 15, tzinfo=PARIS)


def young_plant(**changes: Any) -> Plant:  # noqa: ANN401
    """Return a plant of a few weeks, so that its past is soon worked out."""
    return sample_plant(**{"create_date": date(2026, 5, 20)} | changes)


@dataclass
class Stand:
    """A cloud that serves, and a session to ask it with."""

    cloud: Cloud
    url: str
    session: aiohttp.ClientSession
    moment: datetime = NOON

    def client(self, **changes: str) -> OpenApiClient:
        words = {"base_url": self.url, "app_id": DEFAULT_APP_ID, "app_secret": DEFAULT_APP_SECRET, "sid": SID}
        return OpenApiClient(self.session, **words | changes)


@asynccontextmanager
async def standing(*plants: Plant, **options: Any) -> AsyncIterator[Stand]:  # noqa: ANN401
    cloud = Cloud(*(plants or (young_plant(),)), now=lambda: stand.moment, **options)
    async with cloud.serve() as url, aiohttp.ClientSession() as session:
        stand = Stand(cloud, url, session)
        yield stand


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """Return a cloud with the sample plant, at 13:20 of a June day."""
    async with standing() as stand:
        yield stand


@dataclass(frozen=True)
class Asked:
    """A method of the client: how it is called, and what the cloud sees of it."""

    call: Callable[[OpenApiClient], Awaitable[object]]
    kind: Kind
    level: str | None = None
    date_range: str | None = None
    target: str = SID


CALLS = {
    "details": Asked(lambda client: client.details(), Kind.DETAILS),
    "inverters": Asked(lambda client: client.inverters(), Kind.INVERTERS),
    "summary": Asked(lambda client: client.summary(), Kind.SUMMARY),
    "hourly": Asked(lambda client: client.energy(EnergyLevel.HOURLY, DAY), Kind.ENERGY, "hourly", "2026-06-15"),
    "daily": Asked(lambda client: client.energy(EnergyLevel.DAILY, DAY), Kind.ENERGY, "daily", "2026-06"),
    "monthly": Asked(lambda client: client.energy(EnergyLevel.MONTHLY, DAY), Kind.ENERGY, "monthly", "2026"),
    "yearly": Asked(lambda client: client.energy(EnergyLevel.YEARLY, DAY), Kind.ENERGY, "yearly"),
    "inverter_day": Asked(
        lambda client: client.inverter_day(DS3, DAY), Kind.INVERTER_ENERGY, "minutely", "2026-06-15", DS3
    ),
    "ecu_day": Asked(lambda client: client.ecu_day(EID, DAY), Kind.ECU_ENERGY, "minutely", "2026-06-15", EID),
    "batch_power": Asked(lambda client: client.batch_power(EID, DAY), Kind.BATCH, "power", "2026-06-15", EID),
    "batch_energy": Asked(lambda client: client.batch_energy(EID, DAY), Kind.BATCH, "energy", "2026-06-15", EID),
}
every_call = pytest.mark.parametrize("asked", CALLS.values(), ids=CALLS)


# What is asked.


@every_call
async def test_a_method_is_one_signed_call(stand: Stand, asked: Asked) -> None:
    await asked.call(stand.client())
    (seen,) = stand.cloud.calls
    assert (seen.kind, seen.sid, seen.target, seen.level, seen.date_range) == (
        asked.kind,
        SID,
        asked.target,
        asked.level,
        asked.date_range,
    )
    assert (seen.code, seen.app_id) == (0, DEFAULT_APP_ID)


@pytest.mark.parametrize(
    ("segment", "signature"),
    [
        ("AZ12649A3DFF", "TR4H5iTsS5F/vUYrVxXcn/UO3XiJCli/CpgsPpfsi/U="),
        ("203000001234", "7f6GAo2Ug/TI34qHu6neBBY5v34DeeMpUxSWlQl4H7U="),
        ("703000012345", "4TdI5o11lNqxltMqvwTS4EHp+g0POIMWt6G/T1tVh2I="),
    ],
)
@pytest.mark.parametrize("before", ["", "/user/api/v2/systems/details/", "/user/api/v2/systems/X/devices/ecu/energy/"])
def test_the_signature_is_the_contracts_and_of_the_last_segment_only(before: str, segment: str, signature: str) -> None:
    nonce = "5e36eab8295911ee90751eff13c2920b"
    assert sign(DEFAULT_APP_ID, DEFAULT_APP_SECRET, before + segment, "1751284800000", nonce) == signature


async def test_every_attempt_has_its_own_timestamp_nonce_and_signature(stand: Stand) -> None:
    """The cloud of the tests takes a nonce once, and looks at the clock."""
    async with standing(max_clock_skew_s=60) as strict, Wire() as wire:
        strict.moment = datetime.now(PARIS)
        await strict.client().details()
        await strict.client().details()
        assert [call.code for call in strict.cloud.calls] == [0, 0]
        for _ in range(2):
            await stand.client(base_url=wire.url).summary()
    first, second = wire.requests
    for name in ("x-ca-nonce", "x-ca-signature"):
        assert header(first, name) != header(second, name)


@pytest.mark.parametrize(
    "words", [{"app_id": f" {DEFAULT_APP_ID}\n"}, {"app_secret": f"\t{DEFAULT_APP_SECRET} "}, {"sid": f" {SID} "}]
)
async def test_blanks_around_credentials_do_no_harm(stand: Stand, words: dict[str, str]) -> None:
    assert (await stand.client(**words).details()).ecus == (EID,)


# What is understood.


async def test_details_are_the_plants(stand: Stand) -> None:
    details = await stand.client().details()
    assert (details.created, details.capacity_kw, details.timezone) == (date(2026, 5, 20), 3.28, "Europe/Paris")
    assert (details.ecus, details.light) == ((EID,), 1)


async def test_the_inverter_list_is_the_plants(stand: Stand) -> None:
    ecus = await stand.client().inverters()
    plant = stand.cloud.plants[SID]
    assert [ecu.eid for ecu in ecus] == [ecu.eid for ecu in plant.ecus]
    assert [(i.uid, i.model, i.eid) for i in ecus[0].inverters] == [(i.uid, i.type, EID) for i in plant.inverters]


@pytest.mark.parametrize("absent", Absent)
async def test_an_ecu_without_inverters_is_listed_whichever_way_it_is_written(absent: Absent) -> None:
    ecu = Ecu(eid="002405253708", shared_prefix="2030000001236", without_inverters=absent)
    async with standing(young_plant(ecus=(ecu,))) as stand:
        (listed,) = await stand.client().inverters()
        assert (listed.eid, listed.inverters) == ("002405253708", ())
        assert (await stand.client().details()).ecus == ("002405253708",)


async def test_the_summary_is_the_truth(stand: Stand) -> None:
    summary = await stand.client().summary()
    truth = stand.cloud.truth(SID)
    assert summary.today == pytest.approx(truth.today_kwh(), abs=1e-6)
    assert summary.lifetime == pytest.approx(truth.lifetime_kwh(), abs=0.006)
    assert summary.year == summary.lifetime
    month = truth.energy_kwh(datetime(2026, 6, 1, tzinfo=PARIS), NOON)
    assert summary.month == pytest.approx(month, abs=0.006)


async def test_today_is_unknown_at_night(stand: Stand) -> None:
    stand.moment = NIGHT
    summary = await stand.client().summary()
    assert summary.today is None
    assert summary.lifetime == pytest.approx(stand.cloud.lifetime_kwh(SID), abs=0.006)


async def test_hourly_energy_is_the_truth_except_of_the_hour_that_runs(stand: Stand) -> None:
    hours = await stand.client().energy(EnergyLevel.HOURLY, DAY)
    truth = stand.cloud.hourly_kwh(SID, DAY)
    assert hours[:13] == tuple(pytest.approx(kwh, abs=0.006) for kwh in truth[:13])
    assert hours[13:] == (0.0,) * 11
    assert truth[13] > 0


async def test_energy_of_longer_periods_ends_with_the_running_one(stand: Stand) -> None:
    client = stand.client()
    days = await client.energy(EnergyLevel.DAILY, DAY)
    months = await client.energy(EnergyLevel.MONTHLY, DAY)
    years = await client.energy(EnergyLevel.YEARLY, DAY)
    assert (len(days), len(months), len(years)) == (15, 6, 1)
    assert days[-1] == pytest.approx(stand.cloud.today_kwh(SID), abs=0.006)
    assert sum(kwh or 0 for kwh in days) == pytest.approx(months[-1], abs=0.1)
    assert sum(kwh or 0 for kwh in months) == pytest.approx(years[-1], abs=0.1)


@pytest.mark.parametrize(("uid", "channels", "phases"), [(DS3, 2, 1), (QT2, 4, 3)])
async def test_an_inverters_day_shows_its_channels_and_phases(
    stand: Stand, uid: str, channels: int, phases: int
) -> None:
    day = await stand.client().inverter_day(uid, DAY)
    assert (day.day, len(day.channels), len(day.ac_voltages_v)) == (DAY, channels, phases)
    assert day.measured_at == day.times[-1] == "13:15"
    assert day.frequency_hz == 50.0
    for number, channel in enumerate(day.channels, start=1):
        kwh = stand.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid, channel=number)
        # Direct current is a few percent above what arrives (api.md §3).
        assert sum(watts or 0 for watts in channel.power_w) / 12000 == pytest.approx(kwh * 1.04, rel=0.02)
    kwh = stand.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid)
    assert sum(watts or 0 for watts in day.ac_power_w) / 12000 == pytest.approx(kwh, rel=0.02)


async def test_ac_power_under_the_manuals_name_is_understood() -> None:
    async with standing(young_plant(ac_p_without_number=True)) as stand:
        day = await stand.client().inverter_day(DS3, DAY)
        kwh = stand.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=DS3)
        assert sum(watts or 0 for watts in day.ac_power_w) / 12000 == pytest.approx(kwh, rel=0.02)


async def test_an_ecus_day_is_the_truth(stand: Stand) -> None:
    day = await stand.client().ecu_day(EID, DAY)
    assert day.today == pytest.approx(stand.cloud.today_kwh(SID), abs=0.006)
    assert (day.newest, day.power_w) == ("13:15", stand.cloud.power_w(SID))
    for hour, truth in zip(day.hours, stand.cloud.hourly_kwh(SID, DAY), strict=True):
        assert (hour or 0) == pytest.approx(truth, abs=0.011)


async def test_a_batch_covers_every_channel(stand: Stand) -> None:
    power = await stand.client().batch_power(EID, DAY)
    energy = await stand.client().batch_energy(EID, DAY)
    assert power.times[-1] == "13:15"
    assert set(power.power_w) == set(energy)
    assert len(energy) == 8
    for (uid, channel), kwh in energy.items():
        truth = stand.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid, channel=channel)
        assert kwh == pytest.approx(truth, abs=1e-6)
        watts = power.power_w[uid, channel]
        assert sum(watt or 0 for watt in watts) / 12000 == pytest.approx(truth * 1.04, rel=0.02)


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/html", "nonsense"])
async def test_an_answer_is_read_whatever_its_content_type(content_type: str) -> None:
    async with standing(content_types=(content_type,)) as stand:
        assert (await stand.client().summary()).lifetime is not None


@every_call
@pytest.mark.parametrize("kind", [FaultKind.NULLS, FaultKind.RAGGED, FaultKind.NONSENSE])
async def test_odd_numbers_leave_an_answer_readable(stand: Stand, asked: Asked, kind: FaultKind) -> None:
    stand.cloud.order(Fault(kind=kind, value="NaN"))
    answer = await asked.call(stand.client())
    assert "nan" not in repr(answer)
    if isinstance(answer, Summary) and kind is not FaultKind.RAGGED:
        assert answer == Summary(today=None, month=None, year=None, lifetime=None)
    if isinstance(answer, InverterDay):
        assert all(len(channel.power_w) == len(answer.times) for channel in answer.channels)


# What is refused.

CODES = {
    1000: OpenApiConnectionError,
    1001: OpenApiNoDataError,
    **dict.fromkeys((2000, 2001, 2002, 2003), OpenApiAuthError),
    2004: OpenApiPermissionError,
    2005: OpenApiQuotaError,
    **dict.fromkeys((3000, 3001, 3002, 3003, 3004), OpenApiAuthError),
    **dict.fromkeys((4000, 4001), OpenApiRequestError),
    **dict.fromkeys((5000, 6000), OpenApiConnectionError),
    **dict.fromkeys((7000, 7001, 7002, 7003), OpenApiThrottledError),
    **dict.fromkeys((-1, 1, 999, 2006, 9999), OpenApiAnswerError),
}


@pytest.mark.parametrize(("code", "error"), CODES.items())
async def test_a_response_code_is_its_exception(stand: Stand, code: int, error: type[OpenApiError]) -> None:
    stand.cloud.order(Fault(kind=FaultKind.CODE, code=code))
    with pytest.raises(OpenApiError, match=rf"code {code}\b") as caught:
        await stand.client().summary()
    assert caught.type is error


@pytest.mark.parametrize("name", ["error_1001", "error_2001", "error_2004", "error_2005", "error_4000", "error_7002"])
async def test_the_sampled_errors_are_recognised(stand: Stand, name: str) -> None:
    answer = samples.answer(name)
    stand.cloud.order(Fault(kind=FaultKind.BODY, body=json.dumps(answer)))
    with pytest.raises(CODES[answer["code"]]):
        await stand.client().details()


@pytest.mark.parametrize("data", [None, {}, [], "busy"])
async def test_an_error_is_one_whatever_its_data(stand: Stand, data: object) -> None:
    stand.cloud.order(Fault(kind=FaultKind.BODY, body=json.dumps({"code": "2005", "data": data})))
    with pytest.raises(OpenApiQuotaError):
        await stand.client().details()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "0",
        '"code"',
        "{}",
        '{"data": {}}',
        '{"code": null, "data": {}}',
        '{"code": false, "data": {}}',
        '{"code": "ok", "data": {}}',
        '{"code": 0.5, "data": {}}',
        '{"code": NaN, "data": {}}',
        '{"code": {"a": 1}}',
        '{"code": 0',
        "<html>",
        "[" * 100_000,
        '{"code": ' + "9" * 5000 + "}",
        '{"code": 0, "data": ' + "9" * 5000 + "}",
    ],
    ids=lambda body: body[:30] or "empty",
)
@pytest.mark.parametrize("name", ["details", "inverters"])
async def test_what_is_no_answer_is_said_to_be_none(stand: Stand, name: str, body: str) -> None:
    stand.cloud.order(Fault(kind=FaultKind.BODY, body=body))
    with pytest.raises(OpenApiAnswerError):
        await CALLS[name].call(stand.client())


@every_call
@pytest.mark.parametrize("kind", [FaultKind.SWAPPED, FaultKind.NULL_DATA, FaultKind.STRING_DATA, FaultKind.NUMBER_DATA])
async def test_an_answer_of_the_wrong_shape_is_refused(stand: Stand, asked: Asked, kind: FaultKind) -> None:
    stand.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiAnswerError, match="not understood"):
        await asked.call(stand.client())


@every_call
async def test_an_empty_answer_is_read_as_nothing(stand: Stand, asked: Asked) -> None:
    stand.cloud.order(Fault(kind=FaultKind.EMPTY_DATA))
    await asked.call(stand.client())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, OpenApiConnectionError) for status in (500, 502, 503, 504, 599)),
        *((status, OpenApiAnswerError) for status in (204, 301, 302, 307, 308, 400, 401, 403, 404, 418)),
    ],
)
async def test_an_http_error_is_no_answer(stand: Stand, status: int, error: type[OpenApiError]) -> None:
    stand.cloud.order(Fault(kind=FaultKind.STATUS, status=status))
    with pytest.raises(OpenApiError, match=str(status)) as caught:
        await stand.client().summary()
    assert caught.type is error


LOST = [FaultKind.TIMEOUT, FaultKind.RESET, FaultKind.HALF_BODY]


@pytest.mark.parametrize("kind", LOST)
async def test_a_lost_connection_is_no_answer(stand: Stand, kind: FaultKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT_S", 0.3)
    stand.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiConnectionError):
        await stand.client().summary()


async def test_a_slow_answer_is_waited_for(stand: Stand) -> None:
    stand.cloud.order(Fault(kind=FaultKind.SLOW, delay_s=0.2))
    assert (await stand.client().summary()).lifetime is not None


async def test_where_nobody_listens_there_is_no_connection(stand: Stand) -> None:
    with pytest.raises(OpenApiConnectionError):
        await stand.client(base_url="http://127.0.0.1:1").summary()


@every_call
@pytest.mark.parametrize(
    "kind", [*LOST, FaultKind.CODE, FaultKind.STATUS, FaultKind.REDIRECT, FaultKind.NOT_JSON, FaultKind.SWAPPED]
)
async def test_nothing_is_tried_twice(
    stand: Stand, asked: Asked, kind: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request costs one of the month's calls; aiohttp itself would repeat one that got lost."""
    monkeypatch.setattr(api, "TIMEOUT_S", 0.3)
    client = stand.client()
    await client.summary()  # so that there might be a connection to use again
    stand.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiError):
        await asked.call(client)
    assert len(stand.cloud.calls) == 2


async def test_the_next_call_after_a_failure_works(stand: Stand) -> None:
    client = stand.client()
    for kind in (FaultKind.RESET, FaultKind.HALF_BODY, FaultKind.HUGE):
        stand.cloud.order(Fault(kind=kind, times=1))
        with pytest.raises(OpenApiError):
            await client.summary()
        assert (await client.summary()).lifetime is not None


# Quota and credentials, as the cloud itself finds them.


async def test_beyond_the_quota_the_quota_is_named() -> None:
    async with standing(quota=1) as stand:
        await stand.client().summary()
        with pytest.raises(OpenApiQuotaError):
            await stand.client().summary()


@pytest.mark.parametrize(
    "words",
    [
        {"app_id": "f" * 32},
        {"app_secret": "wrong"},
        {"app_secret": ""},
        {"sid": "ZZ99999Z9Z9Z"},
        {"app_id": "ключ"},
        {"app_secret": "пароль"},
    ],
)
async def test_wrong_credentials_are_a_refused_request(stand: Stand, words: dict[str, str]) -> None:
    with pytest.raises(OpenApiRequestError):
        await stand.client(**words).details()


async def test_somebody_elses_system_is_not_authorised() -> None:
    async with standing(young_plant(owner="a" * 32), other_accounts={"a" * 32: "theirs"}) as stand:
        with pytest.raises(OpenApiPermissionError):
            await stand.client().details()


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r\nX-Evil: 1", "a\x00b", "\ud800", "é" * 10, "..", "../..", "a/b", "%2F", "?x=1", "#", "a b", ""],
)
@pytest.mark.parametrize("name", ["app_id", "app_secret", "sid"])
async def test_any_text_for_a_credential_ends_in_an_error_of_our_own(stand: Stand, name: str, text: str) -> None:
    with pytest.raises(OpenApiError):
        await stand.client(**{name: text}).details()


@pytest.mark.parametrize("uid", ["\ud800", "..", "a/b", "?", "é", "9" * 9000])
async def test_any_text_for_an_inverter_ends_in_an_error_of_our_own(stand: Stand, uid: str) -> None:
    with pytest.raises(OpenApiError):
        await stand.client().inverter_day(uid, DAY)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "ftp://127.0.0.1", "http://a b/", "http://%zz", "http://[::1", "http://h:99999"]
)
async def test_an_address_that_is_none_ends_in_an_error_of_our_own(stand: Stand, url: str) -> None:
    with pytest.raises(OpenApiError):
        await stand.client(base_url=url).details()


# A hostile server.


def header(request: bytes, name: str) -> str:
    lines = request.decode().split("\r\n")[1:]
    return next(line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:"))


GOOD = b'{"code": 0, "data": {"today": "1", "month": "1", "year": "1", "lifetime": "1"}}'


@dataclass
class Wire:
    """A server that keeps what it was sent and sends what it was told, until the other side hangs up."""

    status: int = 200
    head: bytes = b""
    chunk: bytes = GOOD
    endless: bool = False
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:{1}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        try:
            writer.write(b"HTTP/1.1 %d Any\r\n" % self.status + self.head + b"\r\n")
            while True:
                writer.write(self.chunk)
                await writer.drain()
                self.sent += len(self.chunk)
                if not self.endless:
                    break
        except ConnectionError:
            return
        finally:
            writer.close()


MEGABYTE = b"0" * 2**20


@pytest.mark.parametrize(
    "wire",
    [
        Wire(chunk=MEGABYTE, endless=True),
        Wire(head=b"Transfer-Encoding: chunked\r\n", chunk=b"100000\r\n" + MEGABYTE + b"\r\n", endless=True),
        Wire(head=b"Content-Length: 999999999\r\n", chunk=MEGABYTE, endless=True),
        Wire(head=b"Content-Length: 2097153\r\n", chunk=b"{"),
    ],
    ids=["until the end", "chunked", "announced", "announced only"],
)
async def test_an_answer_above_2_mb_is_not_read(stand: Stand, wire: Wire) -> None:
    wire = replace(wire, requests=[])
    async with wire:
        with pytest.raises(OpenApiAnswerError, match="larger"):
            await stand.client(base_url=wire.url).summary()
    assert wire.sent < 20 * 2**20
    assert len(wire.requests) == 1


async def test_a_huge_answer_of_the_cloud_is_refused(stand: Stand) -> None:
    stand.cloud.order(Fault(kind=FaultKind.HUGE, on=Kind.ENERGY, level=Level.HOURLY))
    with pytest.raises(OpenApiAnswerError, match="larger"):
        await CALLS["hourly"].call(stand.client())


async def test_an_answer_without_a_length_is_read_to_its_end(stand: Stand) -> None:
    async with Wire() as wire:
        assert (await stand.client(base_url=wire.url).summary()).lifetime == 1.0


@pytest.mark.parametrize("head", [b"Content-Encoding: gzip\r\n", b"Content-Length: x\r\n", b"Nonsense\r\n"])
async def test_a_head_that_lies_is_no_answer(stand: Stand, head: bytes) -> None:
    async with Wire(head=head) as wire:
        with pytest.raises(OpenApiConnectionError):
            await stand.client(base_url=wire.url).summary()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_signed_headers_go_nowhere_else(stand: Stand, status: int) -> None:
    async with Wire() as elsewhere:
        async with Wire(status=status, head=f"Location: {elsewhere.url}/\r\n".encode()) as here:
            with pytest.raises(OpenApiAnswerError, match=str(status)):
                await stand.client(base_url=here.url).summary()
        assert len(here.requests) == 1
    assert elsewhere.requests == []


async def test_a_path_in_front_of_the_interface_is_kept(stand: Stand) -> None:
    async with Wire() as wire:
        await stand.client(base_url=normalize_base_url(f"{wire.url}/aps/user/api/v2/")).summary()
    assert wire.requests[0].startswith(f"GET /aps/user/api/v2/systems/summary/{SID} HTTP".encode())


# What must not be told.


@pytest.mark.parametrize(
    "fault",
    [
        None,
        *(Fault(kind=kind) for kind in FaultKind if kind not in {FaultKind.SLOW, FaultKind.LIFETIME_BACK}),
        Fault(kind=FaultKind.CODE, code=2005),
        Fault(kind=FaultKind.BODY, body=SID + DEFAULT_APP_SECRET),
    ],
    ids=lambda fault: str(fault and fault.kind),
)
async def test_neither_log_nor_error_tells_a_secret_or_an_id(
    stand: Stand, fault: Fault | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "TIMEOUT_S", 0.1)
    caplog.set_level(logging.DEBUG)
    told = []
    if fault is not None:
        stand.cloud.order(fault)
    for client in (stand.client(), stand.client(base_url="nowhere"), stand.client(app_id=DEFAULT_APP_ID + "\nx")):
        for asked in CALLS.values():
            try:
                await asked.call(client)
            except OpenApiError as error:
                told += [*traceback.format_exception(error, chain=True), repr(error)]
    text = caplog.text + "".join(told)
    assert "APS GET" in text
    for secret in (DEFAULT_APP_ID, DEFAULT_APP_SECRET, SID, EID, DS3, "0f0e0d0c0b0a", "X-CA"):
        assert secret not in text


async def test_the_log_shows_what_was_asked_and_answered(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.apsystems_openapi")
    await stand.client().energy(EnergyLevel.HOURLY, DAY)
    await stand.client().inverter_day(DS3, DAY)
    assert "APS GET energy params={'energy_level': 'hourly', 'date_range': '2026-06-15'}" in caplog.text
    assert "APS GET devices/inverter/energy params={'energy_level': 'minutely'" in caplog.text
    assert "APS energy: code 0" in caplog.text


# The address.


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.apsystemsema.com:9282", "https://api.apsystemsema.com:9282"),
        ("https://api.apsystemsema.com:9282/", "https://api.apsystemsema.com:9282"),
        ("  https://api.apsystemsema.com:9282//  ", "https://api.apsystemsema.com:9282"),
        ("api.apsystemsema.com:9282", "https://api.apsystemsema.com:9282"),
        ("api.apsystemsema.com", "https://api.apsystemsema.com"),
        ("https://api.apsystemsema.com:", "https://api.apsystemsema.com"),
        ("HTTPS://Api.APsystemsEMA.com:9282", "https://Api.APsystemsEMA.com:9282"),
        ("https://api.apsystemsema.com:9282/user/api/v2/systems/details/AB", "https://api.apsystemsema.com:9282"),
        ("https://proxy.example/aps/", "https://proxy.example/aps"),
        ("https://proxy.example/aps/user/api/v2", "https://proxy.example/aps"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("http://[::1]:8123/", "http://[::1]:8123"),
        ("[fe80::1]", "https://[fe80::1]"),
        ("https://münchen.example/", "https://münchen.example"),
        ("localhost:9282", "https://localhost:9282"),
    ],
)
def test_an_address_is_brought_into_form(text: str, url: str) -> None:
    assert normalize_base_url(text) == url
    assert normalize_base_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "https://",
        "https:///path",
        "//api.example",
        "ftp://api.example",
        "file:///etc/passwd",
        "javascript://api.example",
        "https://user:password@api.example",
        "https://user@api.example",
        "https://@api.example",
        "https://api.example?x=1",
        "https://api.example/#top",
        "https://api.example:99999",
        "https://api.example:0",
        "https://api.example:port",
        "https://api .example",
        "https://api.\nexample",
        "https://api.example/a b",
        "https://api\u200b.example",
        "https://api\x00.example",
        "https://api..example",
        "https://" + "a" * 64 + ".example",
        "https://[::1",
        "https://[nonsense]",
        "https://api\u2100.example",
        "https://\ud800.example",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalize_base_url(text)


ANYTHING = st.text(st.characters(exclude_categories=()), max_size=30)
ALMOST = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "http://", "https://", "HTTP://", "ws://", "://"]),
        st.sampled_from(["", "u@", "u:p@"]),
        st.sampled_from(["api.example", "[::1]", "[", "a..b", "ä.example", "%41", ""]) | ANYTHING,
        st.sampled_from(["", ":", ":9282", ":0", ":-1", ":99999", ":٣"]),
        st.sampled_from(["", "/", "//", "/p/", "/user/api/v2", "/user/apix", "?q", "#f", "\\"]) | ANYTHING,
    ),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=ANYTHING | ALMOST)
def test_any_text_is_an_address_in_form_or_refused_as_a_value(text: str) -> None:
    try:
        url = normalize_base_url(text)
    except ValueError:
        return
    assert url.startswith(("http://", "https://"))
    assert not url.endswith("/")
    assert normalize_base_url(url) == url
