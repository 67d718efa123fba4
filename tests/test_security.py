"""No secret is logged or stored in clear, and calls go only to the configured server.

`tests/cloud` tests that no redirect is followed, `test_diagnostics.py` what diagnostics contain.
"""

from datetime import date, timedelta
import logging
from pathlib import Path
import stat
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import aiohttp_client
import pytest

from custom_components.apsystems_openapi import settings
from custom_components.apsystems_openapi.cloud.client import sign
from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Plant, parse_fault, sample_plant
from tests.faults import FAULTS, STOPPING
from tests.harness import AUTOMATIC, House


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 10))


def lines(house: House) -> list[str]:
    """Return the log lines of the integration and of others about it, with tracebacks."""
    formatter = logging.Formatter()
    return [
        formatter.format(record)
        for record in house.caplog.records
        if not record.name.startswith(("homeassistant.helpers", "homeassistant.core", "asyncio", "aiosqlite"))
    ]


async def test_a_day_of_faults_logs_no_secret_and_no_whole_id(house: House) -> None:
    """At DEBUG, from the config flow on. Home Assistant's own lines contain entity ids and the entry's title."""
    house.caplog.set_level(logging.DEBUG)
    signatures: list[str] = []

    def signed(*args: str) -> str:
        signatures.append(sign(*args))
        return signatures[-1]

    with patch("custom_components.apsystems_openapi.cloud.client.sign", signed):
        entry = await house.complete_config_flow()
        assert entry is not None
        for fault in sorted(FAULTS, key=STOPPING.__contains__):
            house.cloud.order(parse_fault(fault))
            await house.pass_time(timedelta(minutes=30))
            for key in ("scan_inverters", "refresh_inverter_energy"):
                try:
                    await house.press(key)
                except HomeAssistantError:
                    house.cloud.clear_faults()
            house.cloud.clear_faults()
        await house.reload(entry)
    assert len(signatures) == len(house.cloud.calls) > 100
    own_lines = [
        record.getMessage() + str(record.exc_info or "")
        for record in house.caplog.records
        if record.name.startswith((f"custom_components.{DOMAIN}", "aiohttp"))
    ]
    assert len(own_lines) > 100
    whole = "\n".join(own_lines)
    plant = house.plant
    for secret in (
        house.cloud.app_id,
        house.cloud.app_secret,
        str(plant.authorization_code),
        *signatures,
        *(ecu.eid for ecu in plant.ecus),
        *(inverter.uid for inverter in plant.inverters),
    ):
        assert secret not in whole
    assert plant.sid not in whole.replace(entry.title, "")
    everything = "\n".join(lines(house))
    for secret in (house.cloud.app_secret, str(plant.authorization_code), *signatures):
        assert secret not in everything


def stored(config_dir: str) -> list[Path]:
    """Return the integration's files."""
    return [path for path in Path(config_dir, ".storage").iterdir() if path.name.startswith(DOMAIN)]


@pytest.mark.parametrize("hass_storage", [None])
async def test_ledger_and_state_are_readable_by_their_user_alone(house: House, hass_config_dir: str) -> None:
    """On a real disk; neither contains App ID or secret."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=1))
    files = stored(hass_config_dir)
    assert {path.name.split(".")[1] for path in files} >= {"ledger", house.sid}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
        text = path.read_text(encoding="utf-8")
        for secret in (house.cloud.app_id, house.cloud.app_secret, str(house.plant.authorization_code)):
            assert secret not in text


async def test_certificates_are_verified(hass: HomeAssistant) -> None:
    """The client uses Home Assistant's session that verifies them."""
    with patch.object(settings, "async_get_clientsession", wraps=aiohttp_client.async_get_clientsession) as given:
        settings.client_of(hass, {"app_id": "a", "app_secret": "b", "sid": "c", "base_url": "https://cloud.invalid"})
    assert given.call_args.kwargs.get("verify_ssl", True) is True
    assert given.call_args.args[1:] in {(), (True,)}


@pytest.mark.parametrize("url", ["ftp://cloud.invalid", "file:///etc/passwd", "javascript:alert(1)", "https://a:b@c.d"])
async def test_addresses_other_than_http_and_https_are_refused(house: House, url: str) -> None:
    """The form shows an error, and no call is made."""
    flows = house.hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(form["flow_id"], {**house.data(base_url=url), **AUTOMATIC})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]["base_url"] == "invalid_url"
    assert not house.calls()
    assert not house.cloud.calls
