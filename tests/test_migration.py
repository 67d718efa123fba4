"""Entries of earlier versions, and those that other integrations with this domain have left."""
# ruff: noqa: ANN401 -- options are of any type

import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.ledger import async_get_ledger
from simulator import DEFAULT_APP_ID, sample_plant
from tests.harness import Disk, House

INFO = logging.INFO
OTHER_SID = "BC23456D7E8F"
ORIGINAL = {"auto_scan_interval": False, "scan_interval": 3600, "sunrise_offset": 10, "sunset_offset": 20}


def add(house: House, *, sid: str | None = None, minor_version: int = 2, **entry: Any) -> MockConfigEntry:
    """Add an entry."""
    added = MockConfigEntry(
        domain=DOMAIN,
        **{"unique_id": sid or house.sid, "data": house.data(sid=sid or house.sid), "title": "one", **entry},
        minor_version=minor_version,
    )
    added.add_to_hass(house.hass)
    return added


async def set_up(house: House, entry: MockConfigEntry) -> MockConfigEntry:
    """Set an entry up, the others as well, as at a start."""
    await house.patiently(house.hass.config_entries.async_setup(entry.entry_id))
    await house.settle()
    return entry


async def quota(hass: HomeAssistant) -> int:
    """Return the quota of the App ID."""
    return (await async_get_ledger(hass, DEFAULT_APP_ID)).quota


# The quota moves to the App ID


@pytest.mark.parametrize(
    ("stored", "expected", "is_logged"),
    [
        ([{}], 1000, False),
        ([{"monthly_quota": 3000}], 3000, False),
        ([{"monthly_quota": 3000}, {"monthly_quota": 3000}], 3000, False),
        ([{"monthly_quota": 3000}, {"monthly_quota": 500}], 500, True),
        ([{"monthly_quota": 500}, {"monthly_quota": 3000}], 500, True),
        ([{"monthly_quota": 3000}, {}], 1000, True),
        ([{"monthly_quota": "many"}], 1000, False),
        ([{"monthly_quota": -5}], 0, False),
        ([{"monthly_quota": 10**9}], 1_000_000, False),
    ],
)
async def test_of_several_quotas_the_smallest_is_that_of_the_app_id(
    house: House, stored: list[dict[str, Any]], expected: int, *, is_logged: bool
) -> None:
    """One line says that they differed. The options have none any more."""
    house.cloud.plants[OTHER_SID] = sample_plant(sid=OTHER_SID)
    sids = (house.sid, OTHER_SID)
    entries = [add(house, sid=sid, options=options) for sid, options in zip(sids, stored, strict=False)]
    await set_up(house, entries[0])
    assert {(entry.minor_version, "monthly_quota" in entry.options) for entry in entries} == {(3, False)}
    assert await quota(house.hass) == expected
    assert len(house.log(INFO, "monthly quotas")) == is_logged


async def test_an_entry_that_was_disabled_does_not_change_the_quota_later(house: House) -> None:
    """It was asked when the first entry was migrated; the owner may have changed the quota since."""
    house.cloud.plants[OTHER_SID] = sample_plant(sid=OTHER_SID)
    entry = add(house, options={"monthly_quota": 3000})
    other = add(house, sid=OTHER_SID, options={"monthly_quota": 500}, disabled_by=ConfigEntryDisabler.USER)
    await set_up(house, entry)
    assert await quota(house.hass) == 500
    await house.set_quota(4000)
    await house.hass.config_entries.async_set_disabled_by(other.entry_id, None)
    await house.settle()
    assert (other.state, other.minor_version) == (ConfigEntryState.LOADED, 3)
    assert "monthly_quota" not in other.options
    assert await quota(house.hass) == 4000


async def test_options_of_1_0_are_not_replaced_by_older_ones_in_data(house: House) -> None:
    """1.0 took the original's settings over, and did not mirror changes."""
    options = ORIGINAL | {"scan_interval": 7200, "panel_statistics": True}
    entry = await set_up(house, add(house, data=house.data(**ORIGINAL), options=options))
    assert dict(entry.options) == options
    mirrored = ORIGINAL | {"scan_interval": 7200}
    assert entry.data == house.data() | mirrored | {"mirrored": mirrored}


# Other integrations with this domain


async def test_an_entry_of_the_fork_with_storage_is_taken_over(house: House) -> None:
    """Its options stay."""
    options = {"auto_scan_interval": True, "scan_interval": 1800, "poll_pv": False, "poll_storage_hourly": True}
    entry = await set_up(house, add(house, minor_version=1, options=options))
    assert entry.state is ConfigEntryState.LOADED
    assert entry.options.items() >= options.items()


async def test_an_entry_of_the_one_for_meters_gets_its_unique_id(house: House) -> None:
    """So that the system cannot be added a second time."""
    entry = await set_up(house, add(house, minor_version=1, unique_id=None, data=house.data(eid="216200012345")))
    assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, house.sid)
    assert entry.data["eid"] == "216200012345"
    assert house.value("total_energy")


async def test_of_two_entries_of_one_system_only_the_first_is_loaded(
    house: House, hass_storage: Disk, log: pytest.LogCaptureFixture
) -> None:
    """Both would write the same files. Removing the second leaves them to the first."""
    first = await set_up(house, add(house, minor_version=1))
    second = await set_up(house, add(house, minor_version=1, unique_id=None, data=house.data(eid="1")))
    assert (first.state, second.state) == (ConfigEntryState.LOADED, ConfigEntryState.MIGRATION_ERROR)
    assert len(errors(log)) == 1
    assert "set up twice" in errors(log)[0]
    house.move_to("2026-06-15 13:20")
    await house.settle()
    await house.hass.config_entries.async_remove(second.entry_id)
    assert f"{DOMAIN}.{house.sid}" in hass_storage
    ledgers = [stored["data"] for key, stored in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger.")]
    assert [list(ledger["needs"]) for ledger in ledgers] == [[house.sid]]
    await house.hass.config_entries.async_remove(first.entry_id)
    assert f"{DOMAIN}.{house.sid}" not in hass_storage


OLD = {"username": "owner@example.org", "password": "a secret", "system_id": "12345"}


@pytest.mark.parametrize("data", [OLD, {}, {"app_id": "a", "app_secret": "b"}, {**OLD, "app_id": "", "sid": None}])
@pytest.mark.parametrize("minor_version", [1, 2])
async def test_an_entry_without_an_app_id_is_not_loaded_and_the_reason_logged(
    house: House, log: pytest.LogCaptureFixture, data: dict[str, Any], minor_version: int
) -> None:
    """There is no way to take it over. One line, no call, no traceback; it can be removed."""
    entry = add(house, minor_version=minor_version, data=data, unique_id="12345", title="owner@example.org")
    await set_up(house, entry)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert len(errors(log)) == 1
    assert "App ID" in errors(log)[0]
    assert not house.calls()
    await house.hass.config_entries.async_remove(entry.entry_id)
    assert len(errors(log)) == 1
    assert not [text for text in log.messages if OLD["password"] in text]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log, of any level."""
    caplog.set_level(logging.DEBUG)
    return caplog


def errors(log: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings and errors of any logger about the integration, with their tracebacks."""
    lines = [r for r in log.records if r.levelno >= logging.WARNING and r.name != "homeassistant.loader"]
    assert not [record for record in lines if record.exc_info]
    return [r.getMessage() for r in lines if DOMAIN in r.name or DOMAIN in r.getMessage()]
