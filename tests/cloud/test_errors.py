"""Failures of a request: each becomes the exception of the contract, and no request is repeated."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
import json

import pytest

from custom_components.apsystems_openapi.cloud import (
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
    client as client_module,
    decode_answer,
)
from simulator import Fault, FaultKind, Kind, Level
from tests import payloads

from .raw_server import RawServer
from .service import DAY, REQUESTS, Request, Service, every_request, serving, young_plant

pytestmark = pytest.mark.usefixtures("socket_enabled")

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


# Response codes.


@pytest.mark.parametrize(("code", "error"), CODES.items())
async def test_a_response_code_raises_its_exception(service: Service, code: int, error: type[OpenApiError]) -> None:
    service.cloud.order(Fault(kind=FaultKind.CODE, code=code))
    with pytest.raises(OpenApiError, match=rf"code {code}\b") as caught:
        await service.client().summary()
    assert (caught.type, caught.value.code) == (error, code)


@pytest.mark.parametrize("name", ["error_1001", "error_2001", "error_2004", "error_2005", "error_4000", "error_7002"])
async def test_recorded_errors_are_recognized(service: Service, name: str) -> None:
    answer = payloads.answer(name)
    service.cloud.order(Fault(kind=FaultKind.BODY, body=json.dumps(answer)))
    with pytest.raises(CODES[answer["code"]]):
        await service.client().details()


@pytest.mark.parametrize("data", [None, {}, [], "busy"])
async def test_data_of_an_error_is_ignored(service: Service, data: object) -> None:
    service.cloud.order(Fault(kind=FaultKind.BODY, body=json.dumps({"code": "2005", "data": data})))
    with pytest.raises(OpenApiQuotaError) as caught:
        await service.client().details()
    assert caught.value.code == 2005


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"code": 0, "data": [1]}', [1]),
        (b'{"code": "0", "data": {"today": null}}', {"today": None}),
        (b'\xef\xbb\xbf{"code": 0.0}', None),
    ],
)
def test_data_of_a_success_is_returned(body: bytes, data: object) -> None:
    assert decode_answer(body) == data


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
async def test_a_body_without_a_code_is_not_an_answer(service: Service, name: str, body: str) -> None:
    service.cloud.order(Fault(kind=FaultKind.BODY, body=body))
    with pytest.raises(OpenApiAnswerError) as caught:
        await REQUESTS[name].send(service.client())
    assert caught.value.code is None


@every_request
@pytest.mark.parametrize("kind", [FaultKind.SWAPPED, FaultKind.NULL_DATA, FaultKind.STRING_DATA, FaultKind.NUMBER_DATA])
async def test_an_answer_of_the_wrong_shape_is_refused(service: Service, request_: Request, kind: FaultKind) -> None:
    service.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiAnswerError, match="not understood"):
        await request_.send(service.client())


# HTTP and the connection.


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, OpenApiConnectionError) for status in (500, 502, 503, 504, 599)),
        *((status, OpenApiAnswerError) for status in (204, 301, 302, 307, 308, 400, 401, 403, 418)),
        (404, OpenApiNotFoundError),
        (429, OpenApiThrottledError),
    ],
)
async def test_an_http_error_raises_its_exception(service: Service, status: int, error: type[OpenApiError]) -> None:
    service.cloud.order(Fault(kind=FaultKind.STATUS, status=status))
    with pytest.raises(OpenApiError, match=str(status)) as caught:
        await service.client().summary()
    assert (caught.type, caught.value.code) == (error, None)


LOST = [FaultKind.TIMEOUT, FaultKind.RESET, FaultKind.HALF_BODY]


@pytest.mark.parametrize("kind", LOST)
async def test_a_lost_connection_is_a_connection_error(
    service: Service, kind: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.3)
    service.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiConnectionError):
        await service.client().summary()


async def test_a_closed_port_is_a_connection_error(service: Service) -> None:
    with pytest.raises(OpenApiConnectionError):
        await service.client(base_url="http://127.0.0.1:1").summary()


@every_request
@pytest.mark.parametrize(
    "kind", [*LOST, FaultKind.CODE, FaultKind.STATUS, FaultKind.REDIRECT, FaultKind.NOT_JSON, FaultKind.SWAPPED]
)
async def test_no_request_is_repeated(
    service: Service, request_: Request, kind: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request counts towards the quota; aiohttp repeats one after a lost connection unless it is stopped."""
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.3)
    client = service.client()
    await client.summary()  # leaves a connection that could be used again
    service.cloud.order(Fault(kind=kind))
    with pytest.raises(OpenApiError):
        await request_.send(client)
    assert len(service.cloud.calls) == 2


async def test_the_request_after_a_failure_succeeds(service: Service) -> None:
    client = service.client()
    for kind in (FaultKind.RESET, FaultKind.HALF_BODY, FaultKind.HUGE):
        service.cloud.order(Fault(kind=kind, times=1))
        with pytest.raises(OpenApiError):
            await client.summary()
        assert (await client.summary()).lifetime is not None


# Quota, credentials and addresses.


async def test_a_spent_quota_is_a_quota_error() -> None:
    async with serving(quota=1) as service:
        await service.client().summary()
        with pytest.raises(OpenApiQuotaError):
            await service.client().summary()


@pytest.mark.parametrize(
    "changes",
    [
        {"app_id": "f" * 32},
        {"app_secret": "wrong"},
        {"app_secret": ""},
        {"sid": "ZZ99999Z9Z9Z"},
        {"app_id": "ключ"},
        {"app_secret": "пароль"},
    ],
)
async def test_wrong_credentials_are_a_request_error(service: Service, changes: dict[str, str]) -> None:
    with pytest.raises(OpenApiRequestError):
        await service.client(**changes).details()


async def test_a_system_of_another_account_is_a_permission_error() -> None:
    async with serving(young_plant(owner="a" * 32), other_accounts={"a" * 32: "theirs"}) as service:
        with pytest.raises(OpenApiPermissionError):
            await service.client().details()


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r\nX-Evil: 1", "a\x00b", "\ud800", "é" * 10, "..", "../..", "a/b", "%2F", "?x=1", "#", "a b", ""],
)
@pytest.mark.parametrize("name", ["app_id", "app_secret", "sid"])
async def test_any_text_as_credential_raises_an_own_exception(service: Service, name: str, text: str) -> None:
    with pytest.raises(OpenApiError):
        await service.client(**{name: text}).details()


@pytest.mark.parametrize("uid", ["\ud800", "..", "a/b", "?", "é", "9" * 9000])
async def test_any_text_as_inverter_raises_an_own_exception(service: Service, uid: str) -> None:
    with pytest.raises(OpenApiError):
        await service.client().inverter_day(uid, DAY)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "ftp://127.0.0.1", "http://a b/", "http://%zz", "http://[::1", "http://h:99999"]
)
async def test_an_invalid_address_raises_an_own_exception(service: Service, url: str) -> None:
    with pytest.raises(OpenApiError):
        await service.client(base_url=url).details()


# Hostile servers.

MEGABYTE = b"0" * 2**20


@pytest.mark.parametrize(
    "raw",
    [
        RawServer(chunk=MEGABYTE, endless=True),
        RawServer(head=b"Transfer-Encoding: chunked\r\n", chunk=b"100000\r\n" + MEGABYTE + b"\r\n", endless=True),
        RawServer(head=b"Content-Length: 999999999\r\n", chunk=MEGABYTE, endless=True),
        RawServer(head=b"Content-Length: 2097153\r\n", chunk=b"{"),
    ],
    ids=["until the end", "chunked", "announced", "announced only"],
)
async def test_reading_stops_above_2_mb(service: Service, raw: RawServer) -> None:
    async with replace(raw, requests=[]) as server:
        with pytest.raises(OpenApiAnswerError, match="larger"):
            await service.client(base_url=server.url).summary()
    assert server.sent < 20 * 2**20
    assert len(server.requests) == 1


async def test_a_huge_answer_of_the_cloud_is_refused(service: Service) -> None:
    service.cloud.order(Fault(kind=FaultKind.HUGE, on=Kind.ENERGY, level=Level.HOURLY))
    with pytest.raises(OpenApiAnswerError, match="larger"):
        await REQUESTS["hourly"].send(service.client())


@pytest.mark.parametrize("head", [b"Content-Encoding: gzip\r\n", b"Content-Length: x\r\n", b"Nonsense\r\n"])
async def test_an_invalid_head_is_a_connection_error(service: Service, head: bytes) -> None:
    async with RawServer(head=head) as server:
        with pytest.raises(OpenApiConnectionError):
            await service.client(base_url=server.url).summary()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_does_not_get_the_signed_headers(service: Service, status: int) -> None:
    async with RawServer() as elsewhere:
        async with RawServer(status=status, head=f"Location: {elsewhere.url}/\r\n".encode()) as here:
            with pytest.raises(OpenApiAnswerError, match=str(status)):
                await service.client(base_url=here.url).summary()
        assert len(here.requests) == 1
    assert elsewhere.requests == []
