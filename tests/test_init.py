"""Set-up, unload, reload, removal and migration of an entry."""
# ruff: noqa: ANN401, ASYNC240 -- stored data is of any type; the file that a test breaks is a small one

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
from tests.conftest import Disk
from tests.house import House, restarted

HALF_HOUR = timedelta(minutes=30)


def kinds(house: House, since: int = 0) -> list[str | None]:
    """Return what the cloud was asked, without order."""
    return sorted(str(call.kind) for call in house.calls(since=since))


# First installation


async def test_a_first_installation_by_day_shows_everything_at_once(house: House) -> None:
    """Totals, today, and the telemetry of today's 12:30."""
    await house.set_up()
    assert kinds(house) == sorted(["details", "inverters", "summary", "energy", *["inverter_energy"] * 3])
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.01)
    figures = house.figures()
    assert len(figures) == 2 + 10 + 10 + 18
    assert not {entity: value for entity, value in figures.items() if value in {"unknown", "unavailable", "0", "0.0"}}


@pytest.mark.parametrize("moment", ["2026-06-15 00:10", "2026-06-15 02:00", "2026-06-15 22:50", "2026-06-15 23:50"])
async def test_a_first_installation_by_night_shows_the_totals_and_lets_the_cloud_sleep(
    house: House, moment: str
) -> None:
    """Summary, list and details once; then nothing in the dark but the 23:00 round."""
    house.move_to(moment)
    await house.set_up()
    assert kinds(house) == ["details", "inverters", "summary"]
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert house.value("inverter_703000000011_power") == 0
    assert house.value("inverter_703000000011_ac_voltage") is None

    await house.pass_time("2026-06-15 05:30" if moment < "2026-06-15 12" else "2026-06-16 05:30", HALF_HOUR / 6)
    assert set(kinds(house, since=3)) <= {"batch"}
    assert house.value("today_energy") == 0


@pytest.mark.parametrize(("moment", "today"), [("2026-06-15 02:00", 0.0), ("2026-06-15 22:50", None)])
async def test_todays_energy_is_known_from_the_first_minute(house: House, moment: str, today: float | None) -> None:
    """Before sunrise it is 0 by the clock; after sunset the summary tells it."""
    house.move_to(moment)
    await house.set_up()
    expected = house.truth.today_kwh() if today is None else today
    assert house.value("today_energy") == pytest.approx(expected, abs=0.01)


# Later starts


async def test_a_reload_costs_no_call_while_what_is_stored_is_fresh(house: House) -> None:
    """Ten reloads in a row by day cost one call at most, and every value is there at once."""
    entry = await house.set_up()
    before, total = len(house.calls()), house.state("total_energy").state
    for _ in range(10):
        house.freezer.tick(20)
        await house.reload(entry)
        assert entry.state is ConfigEntryState.LOADED
        assert house.state("total_energy").state == total
    assert len(house.calls(since=before)) <= 1


async def test_a_restart_serves_what_is_on_the_disk_without_a_call(house: House) -> None:
    """Everything is shown as before, and the next call comes when its slot does."""
    entry = await house.set_up()
    before = len(house.calls())
    figures = house.figures()
    house.freezer.tick(60)
    async with restarted(house, entry) as other:
        assert other.figures() == figures
        assert len(house.calls()) == before
        await other.pass_time(timedelta(minutes=35))
        assert kinds(house, since=before) == ["energy"]


async def test_a_restart_after_a_night_off_asks_once_per_kind(house: House) -> None:
    """What was missed by night is not made up; the day's first poll is."""
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
async def test_a_stored_state_that_makes_no_sense_is_read_anew(house: House, hass_storage: Disk, stored: Any) -> None:
    """The entry comes up with true values."""
    hass_storage[f"{DOMAIN}.{house.sid}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{house.sid}",
        "data": stored,
    }
    await house.set_up()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert len(house.calls()) == 7


async def test_a_stored_state_of_a_later_version_is_read_anew(house: House, hass_storage: Disk) -> None:
    """Who goes back to an older version of the integration has a working one."""
    hass_storage[f"{DOMAIN}.{house.sid}"] = {"version": 99, "minor_version": 1, "key": "", "data": {}}
    await house.set_up()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)


@pytest.mark.parametrize("hass_storage", [None])
async def test_a_broken_file_is_survived(house: House) -> None:
    """With real files: half a state on the disk is read anew, and kept again."""
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


async def test_a_first_read_that_fails_is_tried_again_after_a_wait_that_doubles(house: House) -> None:
    """However often Home Assistant tries, a call is made only when its moment has come."""
    house.order(FaultKind.STATUS, status=500)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.pass_time(timedelta(hours=6), timedelta(minutes=2))
    moments = sorted({call.moment for call in house.calls()})
    gaps = [(after - before) / timedelta(minutes=1) for before, after in pairwise(moments)]
    assert len(gaps) >= 5
    for number, gap in enumerate(gaps):
        # Home Assistant looks every 10 minutes.
        assert 5 * 2**number <= gap <= 5 * 2**number + 15, gaps

    house.cloud.clear_faults()
    await house.pass_time(timedelta(hours=6), timedelta(minutes=10))
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=3)


async def test_what_the_first_read_did_get_is_not_asked_again(house: House) -> None:
    """The list is there; only the summary is missing."""
    house.order(FaultKind.STATUS, on="summary", times=1)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.pass_time(timedelta(minutes=20), timedelta(minutes=1))
    assert entry.state is ConfigEntryState.LOADED
    assert len(house.calls("inverters")) == 1
    assert len(house.calls("summary")) == 2


async def test_a_day_of_spent_quota_costs_an_empty_installation_two_calls(house: House) -> None:
    """Neither Home Assistant's attempts nor the owner's reloads ask more."""
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
    """No timer is left, nothing is asked, and the entities say that they are gone."""
    entry = await house.set_up()
    before = len(house.calls())
    await house.hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert house.state("total_energy").state == "unavailable"
    await house.pass_time(timedelta(hours=3), HALF_HOUR)
    assert len(house.calls()) == before


async def test_unloading_ends_a_call_that_is_under_way(house: House) -> None:
    """A cloud that hangs does not hold up the owner."""
    entry = await house.set_up()
    before = len(house.calls())
    house.order(FaultKind.TIMEOUT)
    house.freezer.tick(timedelta(minutes=31))
    async_fire_time_changed(house.hass, house.now)
    await house.until(lambda: len(house.calls()) > before)
    assert await house.hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert len(house.calls()) == before + 1


async def test_removing_an_entry_removes_its_state_but_not_the_book_of_calls(
    house: House, hass_storage: Disk, device_registry: dr.DeviceRegistry
) -> None:
    """What the system has cost is still known when it is set up again."""
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


async def test_removing_an_entry_does_not_win_back_a_spent_quota(house: House) -> None:
    """A block of the App ID outlives the entry that ran into it."""
    house.cloud.spend(1000)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    await house.hass.config_entries.async_remove(entry.entry_id)
    await house.set_up(ConfigEntryState.SETUP_RETRY)
    assert len(house.calls()) == 1


async def test_no_file_and_no_log_line_has_the_app_id_or_the_secret_in_clear(house: House, hass_storage: Disk) -> None:
    """Whoever posts his log or a file of the integration gives nothing away."""
    house.caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    await house.set_up()
    house.refuse(5000)
    await house.pass_time(timedelta(hours=1), HALF_HOUR)
    kept = str({key: value for key, value in hass_storage.items() if key.startswith(DOMAIN)})
    said = "\n".join(house.log(logging.DEBUG))
    assert said
    for secret in (house.cloud.app_id, house.cloud.app_secret):
        assert secret not in kept
        assert secret not in said
    assert house.plant.authorization_code not in kept


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
    """Its settings hold, everything stays in `data`, so that its owner can go back."""
    entry = await _migrate(house, **ORIGINAL)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.minor_version) == (1, 2)
    assert dict(entry.data) == house.data(**ORIGINAL)
    assert dict(entry.options).items() >= {k: v for k, v in ORIGINAL.items() if k != "inverter_scan_interval"}.items()
    before = len(house.calls())
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    assert len(house.calls("energy", since=before)) == 4


async def test_entities_of_the_original_keep_their_ids(house: House, entity_registry: er.EntityRegistry) -> None:
    """So does the owner's Energy dashboard."""
    kept = {}
    for key in ("total_energy", "today_energy", "inverter_703000000011_dc_power_ch2"):
        entity = entity_registry.async_get_or_create(
            "sensor", DOMAIN, f"{house.sid}_{key}", suggested_object_id=f"my_{key}"
        )
        kept[key] = entity.entity_id
    await _migrate(house, **ORIGINAL)
    assert {key: house.entity_id(key) for key in kept} == kept
    assert all(house.value(key) for key in kept)


async def test_migration_says_what_home_assistant_wants_to_hear(house: House) -> None:
    """A real bool, whatever the version."""
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
async def test_odd_settings_of_the_original_do_not_break_set_up(house: House, data: dict[str, Any]) -> None:
    """What is missing or nonsense becomes the default, what is out of range the nearest that is not."""
    entry = await _migrate(house, **data)
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == house.data(**data)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=2))
    assert 1 <= len(house.calls()) - before <= 24


async def test_a_later_major_version_is_refused_and_a_minor_one_loads(house: House) -> None:
    """Home Assistant tells the owner; nothing is asked and nothing written."""
    entry = await _migrate(house, version=2)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert not house.calls()
    await house.hass.config_entries.async_remove(entry.entry_id)
    entry = await _migrate(house, minor_version=9)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.minor_version == 9


async def test_a_home_assistant_that_stops_makes_no_more_calls(house: House, hass: HomeAssistant) -> None:
    """What could not be written down any more is not asked."""
    await house.set_up()
    before = len(house.calls())
    await hass.async_stop(force=True)
    house.freezer.tick(timedelta(hours=1))
    async_fire_time_changed(hass, house.now)
    assert len(house.calls()) == before
