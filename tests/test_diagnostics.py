"""What owners may show to others: it helps, and it gives nothing away."""

from dataclasses import replace
from datetime import date, timedelta
import json
from typing import Any
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Kind, Plant, sample_plant
from tests.house import House

DS3 = "703000000011"
DASHED = "703000000012-7"
PREFIX = "2030000001236"


@pytest.fixture
def plant() -> Plant:
    """Return a plant with an ECU of a shared sub-user, and an inverter whose id has a dash."""
    plant = sample_plant()
    ecu, *others = plant.ecus
    inverters = tuple(
        replace(inverter, uid=DASHED) if inverter.uid == "703000000012" else inverter for inverter in ecu.inverters
    )
    return replace(plant, ecus=(replace(ecu, shared_prefix=PREFIX, inverters=inverters), *others))


async def download(
    house: House, client: ClientSessionGenerator, entry: ConfigEntry[Any], device: str | None = None
) -> tuple[dict[str, Any], str]:
    """Fetch diagnostics as the frontend does; return our part, and all of the text."""
    assert await async_setup_component(house.hass, "diagnostics", {})
    await house.hass.async_block_till_done()
    path = f"/api/diagnostics/config_entry/{entry.entry_id}"
    # The test's own token is no longer valid once its clock has moved on.
    auth = house.hass.auth
    tokens = [token for user in await auth.async_get_users() if user.is_admin for token in user.refresh_tokens.values()]
    logged_in = await client(auth.async_create_access_token(tokens[-1]))
    response = await logged_in.get(path if device is None else f"{path}/device/{house.devices()[device].id}")
    assert response.status == 200
    text = await response.text()
    return json.loads(text)["data"], text


def secrets(house: House) -> list[str]:
    """Return all that must not be in it."""
    code = house.plant.authorization_code
    assert code
    ids = [name for ecu in house.plant.ecus for name in (ecu.eid, *(inverter.uid for inverter in ecu.inverters))]
    host = urlsplit(house.url).hostname
    assert host
    return [DEFAULT_APP_ID, DEFAULT_APP_SECRET, house.sid, code, PREFIX, host, *ids, "48.85", "2.35", '"latitude"']


async def a_week(house: House) -> ConfigEntry[Any]:
    """Let everything be asked that there is to ask, and something fail."""
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(hours=10), timedelta(minutes=15))
    house.refuse(5000, on=Kind.BATCH, times=1)
    await house.pass_time("2026-06-16 15:00", timedelta(minutes=15))
    return entry


async def test_nothing_secret_is_in_it(house: House, hass_client: ClientSessionGenerator) -> None:
    """Neither in values nor in keys; of the system, of its device and of each inverter."""
    entry = await a_week(house)
    ir.async_create_issue(
        house.hass, "apsystems_openapi", f"time_zone_unknown_{entry.entry_id}", is_fixable=False,
        severity=ir.IssueSeverity.WARNING, translation_key="time_zone_unknown",
    )  # fmt: skip
    for device in (None, house.sid, DS3, DASHED):
        _, text = await download(house, hass_client, entry, device)
        assert [secret for secret in secrets(house) if secret.casefold() in text.casefold()] == [], device


async def test_structure_stays_readable(house: House, hass_client: ClientSessionGenerator) -> None:
    """The same id has the same name wherever it stands."""
    entry = await a_week(house)
    data, _ = await download(house, hass_client, entry)
    assert set(data["plant"]) == {"ecu_1"}
    inverters = data["plant"]["ecu_1"]
    assert list(inverters) == ["inverter_1", "inverter_2", "inverter_3"]
    assert {inverter["channels"] for inverter in inverters.values()} == {2, 4}
    assert set(data["state"]["days"]) == set(inverters)
    assert [ecu["eid"] for ecu in data["state"]["ecus"]] == ["ecu_1"]
    assert {i["uid"] for i in data["state"]["ecus"][0]["inverters"]} == set(inverters)
    calls = {slot["call"] for slot in data["plan"]["slots"]}
    assert {"ecu_day:ecu_1", "summary", "telemetry:inverter_2", "batch_power:ecu_1"} <= calls
    assert {"details", "summary", "ecu_day:ecu_1", "telemetry:inverter_3"} <= set(data["ledger"]["asked"])


async def test_it_tells_what_a_helper_asks_first(house: House, hass_client: ClientSessionGenerator) -> None:
    """Versions, choices, plan, calls, what fails, and how much there was in the last answers."""
    entry = await a_week(house)
    data, _ = await download(house, hass_client, entry)
    assert data["versions"]["entry"] == "1.2"
    assert data["versions"]["integration"]
    assert data["versions"]["home_assistant"]
    assert data["setup"]["state"] == "loaded"
    assert data["options"]["automatic"] is True
    assert data["options"]["monthly_quota"] == 1000
    port = int(data["connection"].pop("port"))
    assert port == urlsplit(house.url).port
    assert data["connection"] == {"vendors_server": False, "scheme": "http", "has_path": False}
    assert data["clock"]["site_zone"] == "Europe/Paris"
    assert data["ledger"]["quota"] == 1000
    # The book was opened in the middle of a month, of which it knows the second half alone.
    assert data["ledger"]["used"]["utc"] > len(house.calls())
    assert data["ledger"]["block"] is None
    assert data["ledger"]["share"] == 1
    assert all(slot["at"] < slot["until"] for slot in data["plan"]["slots"])
    assert data["state"]["hours"]["kwh"].startswith("24 values, ")
    assert " from 0" in data["state"]["days"]["inverter_1"]["times"]
    assert data["state"]["answered"] == house.calls()[-1].moment.isoformat()
    assert data["credentials_refused"] is None


async def test_it_tells_what_goes_wrong(house: House, hass_client: ClientSessionGenerator) -> None:
    """The last failure of each kind, a block with its end, refused credentials."""
    entry = await house.set_up()
    house.refuse(5000, times=1)
    await house.pass_time(timedelta(minutes=25))
    data, _ = await download(house, hass_client, entry)
    assert data["failing"] == {"hourly": "OpenApiConnectionError: The cloud answered with code 5000"}
    house.refuse(2005)
    await house.pass_time(timedelta(hours=1))
    data, _ = await download(house, hass_client, entry)
    assert data["ledger"]["block"]["reason"] == "quota"
    assert data["ledger"]["block"]["wait"] == 86400


async def test_an_inverters_are_about_it_alone(house: House, hass_client: ClientSessionGenerator) -> None:
    """Its telemetry, its ECU's series, and the calls for both."""
    entry = await a_week(house)
    data, _ = await download(house, hass_client, entry, DASHED)
    (inverter,) = data["inverters"]
    assert (inverter["uid"], inverter["eid"]) == ("inverter_2", "ecu_1")
    assert data["listed"] is True
    assert set(data["days"]) == {"inverter_2"}
    assert set(data["ecu_reads"]) == {"ecu_1"}
    assert "telemetry:inverter_2" in data["asked"]
    assert {slot["call"].rpartition(":")[2] for slot in data["plan"]} == {"inverter_2", "ecu_1"}


async def test_the_system_device_tells_of_all(house: House, hass_client: ClientSessionGenerator) -> None:
    """As the entry does."""
    entry = await house.set_up()
    of_device, _ = await download(house, hass_client, entry, house.sid)
    of_entry, _ = await download(house, hass_client, entry)
    assert of_device == of_entry


async def test_a_system_that_cannot_be_set_up_tells_why(house: House, hass_client: ClientSessionGenerator) -> None:
    """When diagnostics are wanted most."""
    house.refuse(4000)
    entry = await house.set_up(ConfigEntryState.SETUP_ERROR)
    data, text = await download(house, hass_client, entry)
    assert data["setup"]["state"] == "setup_error"
    assert data["setup"]["reason"]
    assert "plan" not in data
    assert [secret for secret in secrets(house) if secret in text] == []


@pytest.mark.parametrize("plant", [sample_plant(sid="7", create_date=date(2026, 6, 10))])
async def test_a_short_id_does_not_spoil_moments(house: House, hass_client: ClientSessionGenerator) -> None:
    """It is replaced where it stands alone."""
    entry = await house.set_up()
    data, _ = await download(house, hass_client, entry)
    assert data["clock"]["now"].startswith("2026-06-15T11:00:0")
    assert data["clock"]["site_zone"] == "Europe/Paris"
    assert "inverter_1" in data["plant"]["ecu_1"]
