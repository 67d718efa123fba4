"""Set-up, unload, reload, removal and migration of an entry."""
# ruff: noqa: ANN401, ASYNC240 -- stored data is of any type; the file that a test breaks is a small one

import asyncio
from datetime import timedelta
from itertools import pairwise
import logging
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.apsystems_openapi import async_migrate_entry
from custom_components.apsystems_openapi.const import DOMAIN
from simulator import FaultKind
from tests.harness import Disk, House, restarted

HALF_HOUR = timedelta(minutes=30)


def kinds(house: House, since: int = 0) -> list[str | None]:
    """Return the kinds of the calls that the cloud received, sorted."""
    return sorted(str(call.kind) for call in house.calls(since=since))


# First installation


async def test_a_first_installation_by_day_shows_everything_at_once(house: House) -> None:
    """Totals, today's energy, and the telemetry of 12:30."""
    await house.set_up()
    assert kinds(house) == sorted(["details", "inverters", "summary", "meters", "energy", *["inverter_energy"] * 3])
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.01)
    figures = house.figures()
    assert len(figures) == 2 + 3 + 3 + 5
    assert not {entity: value for entity, value in figures.items() if value in {"unknown", "unavailable", "0", "0.0"}}


@pytest.mark.parametrize("start", ["2026-06-15 00:10", "2026-06-15 02:00", "2026-06-15 22:50", "2026-06-15 23:50"])
async def test_a_first_installation_by_night_shows_the_totals_and_makes_no_other_calls(
    house: House, start: str
) -> None:
    """Summary, lists and details once; after them only the batch of 23:00."""
    house.move_to(start)
    await house.set_up()
    assert kinds(house) == ["details", "inverters", "meters", "summary"]
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert house.value("inverter_703000000011_power") == 0
    assert house.value("inverter_703000000011_ac_voltage") is None

    await house.pass_time("2026-06-15 05:30" if start < "2026-06-15 12" else "2026-06-16 05:30", HALF_HOUR / 6)
    assert set(kinds(house, since=4)) <= {"batch"}
    assert house.value("today_energy") == 0


@pytest.mark.parametrize(("start", "today"), [("2026-06-15 02:00", 0.0), ("2026-06-15 22:50", None)])
async def test_todays_energy_is_known_right_after_the_installation(
    house: House, start: str, today: float | None
) -> None:
    """Before sunrise it is 0 by the clock; after sunset it is that of the summary."""
    house.move_to(start)
    await house.set_up()
    expected = house.truth.today_kwh() if today is None else today
    assert house.value("today_energy") == pytest.approx(expected, abs=0.01)


# Later starts


async def test_a_reload_costs_no_call_while_what_is_stored_is_fresh(house: House) -> None:
    """Ten reloads in a row by day cost one call at most, and every figure is there at once."""
    entry = await house.set_up()
    before, total = len(house.calls()), house.state("total_energy").state
    for _ in range(10):
        house.freezer.tick(20)
        await house.reload(entry)
        assert entry.state is ConfigEntryState.LOADED
        assert house.state("total_energy").state == total
    assert len(house.calls(since=before)) <= 1


async def test_a_restart_shows_the_stored_figures_without_a_call(house: House) -> None:
    """The next call is made at its planned time."""
    entry = await house.set_up()
    before = len(house.calls())
    figures = house.figures()
    house.freezer.tick(60)
    async with restarted(house, entry) as other:
        assert other.figures() == figures
        assert len(house.calls()) == before
        await other.pass_time(timedelta(minutes=35))
        assert kinds(house, since=before) == ["energy"]


async def test_a_restart_after_a_night_off_makes_only_the_first_poll_of_the_day(house: House) -> None:
    """The missed batch of the night is skipped."""
    house.move_to("2026-06-15 21:30")
    entry = await house.set_up()
    before = len(house.calls())
    total = house.value("total_energy")
    assert total is not None
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.move_to("2026-06-16 09:00")
    async with restarted(house, entry) as other:
        assert kinds(house, since=before) == ["energy"]
        assert total <= (other.value("total_energy") or 0)
        assert other.value("today_energy") == pytest.approx(
            sum(house.truth.hourly_kwh(house.truth.view.today)), abs=0.1
        )


@pytest.mark.parametrize(
    "stored",
    [None, 7, "words", [], {}, {"energy": 5}, {"ecus": [None]}, {"days": {"a": {"day": "never"}}}, {"details": []}],
)
async def test_an_invalid_stored_state_is_fetched_again(house: House, hass_storage: Disk, stored: Any) -> None:
    """The set-up succeeds with true figures."""
    hass_storage[f"{DOMAIN}.{house.sid}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{house.sid}",
        "data": stored,
    }
    await house.set_up()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert len(house.calls()) == 8


async def test_nothing_is_written_while_nothing_changes(house: House, hass_storage: Disk) -> None:
    """A night of ticks wears no memory card."""
    await house.set_up()
    await house.pass_time("2026-06-16 00:30")
    stored = [hass_storage.pop(key) for key in list(hass_storage) if key.startswith(DOMAIN)]
    assert len(stored) == 2
    await house.pass_time("2026-06-16 04:30")
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def test_a_stored_state_of_a_later_version_is_fetched_again(house: House, hass_storage: Disk) -> None:
    """So an owner can go back to an older version of the integration."""
    hass_storage[f"{DOMAIN}.{house.sid}"] = {"version": 99, "minor_version": 1, "key": "", "data": {}}
    await house.set_up()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)


@pytest.mark.parametrize("hass_storage", [None])
async def test_a_truncated_state_file_is_replaced(house: House) -> None:
    """With real files: the state is fetched again and stored."""
    entry = await house.set_up()
    file = Path(house.hass.config.path(".storage", f"{DOMAIN}.{house.sid}"))
    assert file.stat().st_mode & 0o077 == 0
    await house.hass.config_entries.async_unload(entry.entry_id)
    file.write_text(file.read_text()[:200])
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    before = len(house.calls())
    await house.reload(entry)
    assert len(house.calls()) == before


# First reads that fail


async def test_a_first_read_that_fails_is_repeated_after_a_wait_that_doubles(house: House) -> None:
    """Home Assistant's own attempts in between make no call."""
    house.order(FaultKind.STATUS, status=500)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.pass_time(timedelta(hours=6), timedelta(minutes=2))
    times = sorted({call.time for call in house.calls()})
    gaps = [(after - before) / timedelta(minutes=1) for before, after in pairwise(times)]
    assert len(gaps) >= 5
    for number, gap in enumerate(gaps):
        # Home Assistant tries every 10 minutes.
        assert 5 * 2**number <= gap <= 5 * 2**number + 15, gaps

    house.cloud.clear_faults()
    await house.pass_time(timedelta(hours=6), timedelta(minutes=10))
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=3)


async def test_a_repeated_first_read_makes_only_the_failed_calls(house: House) -> None:
    """The list was fetched; the summary failed."""
    house.order(FaultKind.STATUS, on="summary", times=1)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.pass_time(timedelta(minutes=20), timedelta(minutes=1))
    assert entry.state is ConfigEntryState.LOADED
    assert len(house.calls("inverters")) == 1
    assert len(house.calls("summary")) == 2


async def test_a_first_installation_with_a_spent_quota_makes_two_calls_a_day_at_most(house: House) -> None:
    """Neither Home Assistant's attempts nor reloads make more."""
    house.cloud.spend(1000)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    for _ in range(3):
        await house.reload(entry)
    await house.pass_time(timedelta(hours=23, minutes=55), timedelta(minutes=10))
    assert len(house.calls()) <= 2
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert "2026-06-16" in entry.reason


# Unload and removal


async def test_unloading_ends_all_calls(house: House) -> None:
    """No timer is left, and the entities are unavailable."""
    entry = await house.set_up()
    before = len(house.calls())
    await house.hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert house.state("total_energy").state == "unavailable"
    await house.pass_time(timedelta(hours=3), HALF_HOUR)
    assert len(house.calls()) == before


async def test_unloading_ends_a_running_call(house: House) -> None:
    """An answer that is under way is awaited for ten seconds, and no longer."""
    entry = await house.set_up()
    before = len(house.calls())
    house.order(FaultKind.TIMEOUT)
    house.freezer.tick(timedelta(minutes=31))
    async_fire_time_changed(house.hass, house.now)
    await house.until(lambda: len(house.calls()) > before)
    unload = asyncio.ensure_future(house.hass.config_entries.async_unload(entry.entry_id))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not unload.done()
    house.freezer.tick(timedelta(seconds=11))
    assert await unload
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert len(house.calls()) == before + 1


async def test_removing_an_entry_removes_its_state_and_not_the_ledger(
    house: House, hass_storage: Disk, device_registry: dr.DeviceRegistry
) -> None:
    """Its calls are still counted when it is set up again."""
    entry = await house.set_up()
    ours = {key for key in hass_storage if key.startswith(DOMAIN)}
    assert f"{DOMAIN}.{house.sid}" in ours
    await house.hass.config_entries.async_remove(entry.entry_id)
    left = {key for key in hass_storage if key.startswith(DOMAIN)}
    assert left == ours - {f"{DOMAIN}.{house.sid}"}
    assert left
    assert not dr.async_entries_for_config_entry(device_registry, entry.entry_id)

    again = await house.set_up()
    assert again.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)


async def test_removing_an_entry_does_not_end_a_block(house: House) -> None:
    """The block is the App ID's, which a new entry shares."""
    house.cloud.spend(1000)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.hass.config_entries.async_remove(entry.entry_id)
    await house.set_up(ConfigEntryState.SETUP_RETRY)
    assert len(house.calls()) == 1


async def test_no_file_and_no_log_line_has_the_app_id_or_the_secret_in_clear(house: House, hass_storage: Disk) -> None:
    """So an owner can publish both."""
    house.caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    await house.set_up()
    house.refuse(5000)
    await house.pass_time(timedelta(hours=1), HALF_HOUR)
    stored = str({key: value for key, value in hass_storage.items() if key.startswith(DOMAIN)})
    lines = "\n".join(house.log(logging.DEBUG))
    assert lines
    for secret in (house.cloud.app_id, house.cloud.app_secret):
        assert secret not in stored
        assert secret not in lines
    assert house.plant.authorization_code not in stored


# Migration


ORIGINAL = {
    "auto_scan_interval": False,
    "scan_interval": 3600,
    "inverter_scan_interval": 43200,
    "sunrise_offset": 10,
    "sunset_offset": 20,
}


async def _migrate(house: House, version: int = 1, minor_version: int = 1, **data: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=house.sid,
        data=house.data(**data),
        version=version,
        minor_version=minor_version,
        title="APsystems",
    )
    entry.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    return entry


async def test_an_entry_of_the_original_is_taken_over(house: House) -> None:
    """Its settings apply, and everything stays in `data`, so that the original can load it again."""
    entry = await _migrate(house, **ORIGINAL)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.minor_version) == (1, 3)
    assert entry.data.items() >= house.data(**ORIGINAL).items()
    assert dict(entry.options).items() >= {k: v for k, v in ORIGINAL.items() if k != "inverter_scan_interval"}.items()
    before = len(house.calls())
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    assert len(house.calls("energy", since=before)) == 4


async def test_entities_of_the_original_keep_their_ids(house: House, entity_registry: er.EntityRegistry) -> None:
    """The owner's Energy dashboard refers to them."""
    entity_ids = {}
    for key in ("total_energy", "today_energy", "inverter_703000000011_dc_power_ch2"):
        entity = entity_registry.async_get_or_create(
            "sensor", DOMAIN, f"{house.sid}_{key}", suggested_object_id=f"my_{key}"
        )
        entity_ids[key] = entity.entity_id
    await _migrate(house, **ORIGINAL)
    assert {key: house.entity_id(key) for key in entity_ids} == entity_ids
    assert all(house.value(key) for key in entity_ids)


async def test_migration_returns_a_bool(house: House) -> None:
    """True for a known version, False for a later one."""
    for version, good in ((1, True), (2, False)):
        entry = MockConfigEntry(domain=DOMAIN, data=house.data(), version=version)
        entry.add_to_hass(house.hass)
        assert await async_migrate_entry(house.hass, entry) is good


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"scan_interval": None, "sunrise_offset": "never"},
        {"scan_interval": 60, "sunset_offset": 9999, "auto_scan_interval": False},
        {"scan_interval": "1800.0", "sunrise_offset": -5},
    ],
)
async def test_invalid_settings_of_the_original_are_replaced(house: House, data: dict[str, Any]) -> None:
    """By the default when missing or invalid, by the nearest valid value when out of range."""
    entry = await _migrate(house, **data)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.items() >= house.data(**data).items()
    before = len(house.calls())
    await house.pass_time(timedelta(hours=2))
    assert 1 <= len(house.calls()) - before <= 24


async def test_a_later_major_version_is_refused_and_a_minor_one_loads(house: House) -> None:
    """Home Assistant reports the later one; no call is made and nothing written."""
    entry = await _migrate(house, version=2)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert not house.calls()
    await house.hass.config_entries.async_remove(entry.entry_id)
    entry = await _migrate(house, minor_version=9)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.minor_version == 9


async def test_no_call_is_made_while_home_assistant_stops(house: House, hass: HomeAssistant) -> None:
    """It could not be booked."""
    await house.set_up()
    before = len(house.calls())
    await hass.async_stop(force=True)
    house.freezer.tick(timedelta(hours=1))
    async_fire_time_changed(hass, house.now)
    assert len(house.calls()) == before
