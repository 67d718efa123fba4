"""The debug log shows requests and response codes; neither log nor exception contains a secret or an id."""
# ruff: noqa: D103 -- test names say what they check

import logging
import traceback

import pytest

from custom_components.apsystems_openapi.cloud import EnergyLevel, OpenApiError, client as client_module
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Fault, FaultKind

from .service import DAY, DS3, EID, REQUESTS, SID, Service

pytestmark = pytest.mark.usefixtures("socket_enabled")


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
async def test_log_and_exceptions_contain_no_secret_and_no_id(
    service: Service, fault: Fault | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.1)
    caplog.set_level(logging.DEBUG)
    errors = []
    if fault is not None:
        service.cloud.order(fault)
    for client in (
        service.client(),
        service.client(base_url="nowhere"),
        service.client(app_id=DEFAULT_APP_ID + "\nx"),
    ):
        for request in REQUESTS.values():
            try:
                await request.send(client)
            except OpenApiError as error:
                errors += [*traceback.format_exception(error, chain=True), repr(error)]
    text = caplog.text + "".join(errors)
    assert "APS GET" in text
    for secret in (DEFAULT_APP_ID, DEFAULT_APP_SECRET, SID, EID, DS3, "0f0e0d0c0b0a", "X-CA"):
        assert secret not in text


async def test_the_debug_log_shows_requests_and_codes(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.apsystems_openapi")
    await service.client().energy(EnergyLevel.HOURLY, DAY)
    await service.client().inverter_day(DS3, DAY)
    assert "APS GET energy params={'energy_level': 'hourly', 'date_range': '2026-06-15'}" in caplog.text
    assert "APS GET devices/inverter/energy params={'energy_level': 'minutely'" in caplog.text
    assert "APS energy: code 0" in caplog.text
