"""Diagnostics: useful to helpers, and without secrets, ids and places."""

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

from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Ecu, Kind, Plant, sample_plant
from tests.harness import House

DS3 = "703000000011"
METER, BATTERY = "999900000001", "216200099999"
DASHED = "703000000012-7"
PREFIX = "2030000001236"


@pytest.fixture
def plant() -> Plant:
    """Return a plant with an ECU of a shared sub-user, an inverter whose id has a dash, a meter, and a battery."""
    plant = sample_plant()
    ecu, *others = plant.ecus
    inverters = tuple(
        replace(inverter, uid=DASHED) if inverter.uid == "703000000012" else inverter for inverter in ecu.inverters
    )
    battery = Ecu(eid=BATTERY, type=2)
    shared = replace(ecu, shared_prefix=PREFIX, inverters=inverters)
    return replace(plant, ecus=(shared, *others, battery), meters=(METER,), create_date=date(2026, 6, 1))


async def download(
    house: House, client: ClientSessionGenerator, entry: ConfigEntry[Any], device: str | None = None
) -> tuple[dict[str, Any], str]:
    """Download diagnostics as the frontend does; return the integration's part, and the whole text."""
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
    """Return the texts that diagnostics must not contain."""
    code = house.plant.authorization_code
    assert code
    ids = [name for ecu in house.plant.ecus for name in (ecu.eid, *(inverter.uid for inverter in ecu.inverters))]
    host = urlsplit(house.url).hostname
    assert host
    ids += house.plant.meters
    return [DEFAULT_APP_ID, DEFAULT_APP_SECRET, house.sid, code, PREFIX, host, *ids, "48.85", "2.35", '"latitude"']


async def after_two_days(house: House) -> ConfigEntry[Any]:
    """Return an entry that has made every kind of call, one of which failed."""
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(hours=10), timedelta(minutes=15))
    house.refuse(5000, on=Kind.BATCH, times=1)
    await house.pass_time("2026-06-16 15:00", timedelta(minutes=15))
    return entry


async def test_diagnostics_contain_no_secret(house: House, hass_client: ClientSessionGenerator) -> None:
    """Neither in values nor in keys; of the entry, the system, inverters, meter and battery."""
    entry = await after_two_days(house)
    ir.async_create_issue(
        house.hass, "apsystems_openapi", f"time_zone_unknown_{entry.entry_id}", is_fixable=False,
        severity=ir.IssueSeverity.WARNING, translation_key="time_zone_unknown",
    )  # fmt: skip
    for device in (None, house.sid, DS3, DASHED, f"{house.sid}_meter_{METER}", f"{house.sid}_storage"):
        _, text = await download(house, hass_client, entry, device)
        assert [secret for secret in secrets(house) if secret.casefold() in text.casefold()] == [], device


async def test_each_id_is_replaced_by_the_same_name_everywhere(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """So plan, ledger and state can be compared."""
    entry = await after_two_days(house)
    data, _ = await download(house, hass_client, entry)
    assert set(data["plant"]) == {"ecu_1"}  # the other has no inverters
    inverters = data["plant"]["ecu_1"]
    assert list(inverters) == ["inverter_1", "inverter_2", "inverter_3"]
    assert {inverter["channels"] for inverter in inverters.values()} == {2, 4}
    assert set(data["state"]["telemetry"]) == set(inverters)
    assert [ecu["eid"] for ecu in data["state"]["ecus"]] == ["ecu_1", "ecu_2"]
    assert {i["uid"] for i in data["state"]["ecus"][0]["inverters"]} == set(inverters)
    calls = {slot["call"] for slot in data["plan"]["slots"]}
    assert {"ecu_day:ecu_1", "summary", "telemetry:inverter_2", "batch_power:ecu_1"} <= calls
    assert {"details", "summary", "ecu_day:ecu_1", "telemetry:inverter_3"} <= set(data["ledger"]["asked"])


async def test_diagnostics_contain_versions_options_plan_ledger_and_state(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """And how much the last answers contained."""
    entry = await after_two_days(house)
    data, _ = await download(house, hass_client, entry)
    assert data["versions"]["entry"] == "1.3"
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
    # The ledger began in the middle of a month; the first half counts as spent.
    assert data["ledger"]["used"]["utc"] > len(house.calls())
    assert data["waits"] == {}
    assert data["ledger"]["share"] == 1
    assert all(slot["at"] < slot["until"] for slot in data["plan"]["slots"])
    assert data["state"]["hours"]["kwh"].startswith("24 values, ")
    assert " from 0" in data["state"]["telemetry"]["inverter_1"]["times"]
    assert data["state"]["answered"] == house.calls()[-1].time.isoformat()
    assert data["state"]["refusals"] == 0


async def test_diagnostics_contain_failures_and_waits(house: House, hass_client: ClientSessionGenerator) -> None:
    """The last failure of each kind, and until when no call is made."""
    entry = await house.set_up()
    house.refuse(5000, times=1)
    await house.pass_time(timedelta(minutes=25))
    data, _ = await download(house, hass_client, entry)
    assert data["failing"] == {"hourly": "OpenApiConnectionError: The cloud answered with code 5000"}
    house.refuse(2005)
    await house.pass_time(timedelta(hours=1))
    data, _ = await download(house, hass_client, entry)
    wait = data["waits"]["app_id"]
    assert (wait["reason"], wait["length"]) == ("quota", 86400)


async def test_those_of_an_inverter_are_about_it_alone(house: House, hass_client: ClientSessionGenerator) -> None:
    """Its telemetry, its ECU's series, and the calls for both."""
    entry = await after_two_days(house)
    data, _ = await download(house, hass_client, entry, DASHED)
    (inverter,) = data["inverters"]
    assert (inverter["uid"], inverter["eid"]) == ("inverter_2", "ecu_1")
    assert data["listed"] is True
    assert set(data["telemetry"]) == {"inverter_2"}
    assert set(data["ecu_days"]) == {"ecu_1"}
    assert "telemetry:inverter_2" in data["asked"]
    assert {slot["call"].rpartition(":")[2] for slot in data["plan"]} == {"inverter_2", "ecu_1"}


async def test_those_of_a_meter_and_a_battery_are_about_each_alone(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """Its stored state, the status that is shown, and its calls; those of the entry have all of them."""
    entry = await after_two_days(house)
    whole, _ = await download(house, hass_client, entry)
    assert (whole["meters"].keys(), whole["batteries"].keys()) == ({"meter_1"}, {"ecu_2"})
    meter, _ = await download(house, hass_client, entry, f"{house.sid}_meter_{METER}")
    assert meter["meters"]["meter_1"]["shown"] == whole["meters"]["meter_1"]
    assert meter["meters"]["meter_1"]["state"]["energies"]["consumed"]["total"] > 1
    assert meter["asked"].keys() >= {"meter_day:meter_1", "meter_summary:meter_1"}
    battery, _ = await download(house, hass_client, entry, f"{house.sid}_storage")
    assert battery["batteries"]["ecu_2"]["shown"]["energies"]["charge"]["total"] > 1
    assert {slot["call"].rpartition(":")[2] for slot in battery["plan"]} == {"ecu_2"}
    assert (meter["batteries"], battery["meters"]) == ({}, {})


async def test_those_of_the_system_device_are_those_of_the_entry(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """Both contain everything."""
    entry = await house.set_up()
    of_device, _ = await download(house, hass_client, entry, house.sid)
    of_entry, _ = await download(house, hass_client, entry)
    assert of_device == of_entry


async def test_a_failed_set_up_has_diagnostics_with_the_reason(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """Without a plan, since there is none."""
    house.refuse(4000)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    data, text = await download(house, hass_client, entry)
    assert data["setup"]["state"] == "setup_retry"
    assert data["setup"]["reason"]
    assert "plan" not in data
    assert [secret for secret in secrets(house) if secret in text] == []


@pytest.mark.parametrize("plant", [sample_plant(sid="7", create_date=date(2026, 6, 10))])
async def test_a_short_id_is_not_replaced_inside_times(house: House, hass_client: ClientSessionGenerator) -> None:
    """It is replaced only as a whole word."""
    entry = await house.set_up()
    data, _ = await download(house, hass_client, entry)
    assert data["clock"]["now"].startswith("2026-06-15T11:00:0")
    assert data["clock"]["site_zone"] == "Europe/Paris"
    assert "inverter_1" in data["plant"]["ecu_1"]
