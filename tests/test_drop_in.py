"""An installation of the original integration is taken over as it stands on the disk, and can go back.

`fixtures/original_storage` is a `.storage` folder as Home Assistant 2025.8 kept it: one inverter's power renamed by its
owner, one frequency disabled, one temperature in an area of its own, a device renamed and in an area, and the total as
the Energy dashboard's solar source.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigEntryState, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er, frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
import pytest
from pytest_homeassistant_custom_component.common import (
    MockModule,
    async_test_home_assistant,
    mock_integration,
    mock_platform,
)

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET
from tests.house import House

ORIGINAL = Path(__file__).parent / "fixtures" / "original_storage"
# Real files.
pytestmark = pytest.mark.parametrize("hass_storage", [None])

ENTRY_ID = "01JQ8ZK3V5N7T2R4W6Y8B0D1F3"
CREDENTIALS = ("app_id", "app_secret", "sid", "base_url")
NEWER = ("auto_scan_interval", "scan_interval", "sunrise_offset", "sunset_offset", "inverter_scan_interval")
TOTAL = "sensor.apsystems_ab12345c6d7e_total_energy"


def stored(folder: Path, key: str) -> Any:  # noqa: ANN401
    """Return what is on the disk."""
    return json.loads((folder / key).read_text(encoding="utf-8"))["data"]


@pytest.fixture(params=[NEWER, ()], ids=["with the newer settings", "without them"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, house: House) -> Path:
    """Return the original's `.storage`, for the cloud of the test."""
    folder = tmp_path / "original" / ".storage"
    folder.mkdir(parents=True)
    for file in ORIGINAL.iterdir():
        text = file.read_text(encoding="utf-8")
        words = {"APP_ID": DEFAULT_APP_ID, "APP_SECRET": DEFAULT_APP_SECRET, "BASE_URL": house.url}
        for word, meant in words.items():
            text = text.replace(f'"{word}"', f'"{meant}"')
        (folder / file.name).write_text(text, encoding="utf-8")
    entries = json.loads((folder / "core.config_entries").read_text(encoding="utf-8"))
    (entry,) = entries["data"]["entries"]
    entry["data"] = {key: entry["data"][key] for key in (*CREDENTIALS, *request.param)}
    (folder / "core.config_entries").write_text(json.dumps(entries), encoding="utf-8")
    return folder


@asynccontextmanager
async def started(house: House, storage: Path) -> AsyncIterator[House]:
    """Start a Home Assistant on that folder, and stop it so that all of it is on the disk."""
    folder, loop = str(storage.parent), house.hass.loop
    async with async_test_home_assistant(loop, load_registries=False, config_dir=folder) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
        assert await async_load_base_functionality(hass)
        yield replace(house, hass=hass)
        await hass.config_entries.async_unload(ENTRY_ID)
        await hass.async_stop(force=True)
    frame.async_setup(house.hass)


async def set_up(house: House) -> ConfigEntry[Any]:
    """Set up what the folder has."""
    (entry,) = house.hass.config_entries.async_entries(DOMAIN)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    return entry


def chosen(entity: er.RegistryEntry) -> dict[str, Any]:
    """Return what makes an entity the owner's own."""
    return {
        "id": entity.id,
        "entity_id": entity.entity_id,
        "device_id": entity.device_id,
        "name": entity.name,
        "icon": entity.icon,
        "area_id": entity.area_id,
        "disabled_by": entity.disabled_by and str(entity.disabled_by),
        "config_entry_id": entity.config_entry_id,
    }


async def test_every_entity_is_taken_over_as_its_owner_left_it(house: House, storage: Path) -> None:
    """Ids, names, icons, areas; what was disabled stays so; all others show a value."""
    before = {entity["unique_id"]: entity for entity in stored(storage, "core.entity_registry")["entities"]}
    assert len(before) == 34
    async with started(house, storage) as home:
        await set_up(home)
        registry = er.async_get(home.hass)
        after = {e.unique_id: e for e in er.async_entries_for_config_entry(registry, ENTRY_ID)}
        for unique_id, was in before.items():
            assert chosen(after[unique_id]) == {key: was[key] for key in chosen(after[unique_id])}, unique_id
            state = home.hass.states.get(was["entity_id"])
            assert (state is None) == (was["disabled_by"] == "user"), unique_id
            assert state is None or state.state != "unavailable", unique_id
            assert state is None or "restored" not in state.attributes, unique_id
        assert not [entity_id for entity_id in registry.entities if entity_id.endswith("_2")]
        south = home.hass.states.get("sensor.south_roof")
        assert south
        assert south.attributes["icon"] == "mdi:home-roof"
        assert "South roof" in south.attributes["friendly_name"]


async def test_every_device_is_taken_over(house: House, storage: Path) -> None:
    """Ids, identifiers, areas, the names that their owner gave; no other device, inverters below the system."""
    before = {device["id"]: device for device in stored(storage, "core.device_registry")["devices"]}
    async with started(house, storage) as home:
        await set_up(home)
        after = {d.id: d for d in dr.async_entries_for_config_entry(dr.async_get(home.hass), ENTRY_ID)}
        assert set(after) == set(before)
        for device_id, was in before.items():
            device = after[device_id]
            assert device.identifiers == {(DOMAIN, was["identifiers"][0][1])}
            for key in ("name", "name_by_user", "area_id", "via_device_id", "disabled_by"):
                assert getattr(device, key) == was[key], (device_id, key)
        assert set(ar.async_get(home.hass).areas) == {"roof", "attic"}


async def test_the_energy_dashboard_goes_on_with_the_same_source(house: House, storage: Path) -> None:
    """The preference is untouched, and what it names is still such a sensor: its statistics go on as well."""
    before = stored(storage, "energy")
    async with started(house, storage) as home:
        await set_up(home)
        manager = await async_get_manager(home.hass)
        assert manager.data
        assert manager.data["energy_sources"][0].items() >= before["energy_sources"][0].items()
        state = home.hass.states.get(TOTAL)
        assert state
        assert float(state.state) == pytest.approx(home.truth.lifetime_kwh(), abs=0.01)
        assert (state.attributes["state_class"], state.attributes["device_class"]) == ("total_increasing", "energy")
        assert state.attributes["unit_of_measurement"] == "kWh"


async def test_the_settings_hold(house: House, storage: Path) -> None:
    """Those that the original had kept; the defaults where it was older than they are."""
    (was,) = stored(storage, "core.config_entries")["entries"]
    async with started(house, storage) as home:
        entry = await set_up(home)
        newer = {key: was["data"][key] for key in NEWER[:4] if key in was["data"]}
        assert dict(entry.options) == newer
        before = len(home.calls())
        await home.pass_time(timedelta(hours=3))
        kinds = {str(call.kind) for call in home.calls(since=before)}
        # A fixed interval polls the hourly energy; the automatic one, which is the default, the ECUs.
        assert ("energy" in kinds) == bool(newer)
        assert ("ecu_energy" in kinds) != bool(newer)


async def test_the_original_takes_its_entry_back(house: House, storage: Path) -> None:
    """It finds all that it had written, in `data`, under a version that it loads; registries have all that was its."""
    (was,) = stored(storage, "core.config_entries")["entries"]
    before = {
        entity["unique_id"]: entity["entity_id"] for entity in stored(storage, "core.entity_registry")["entities"]
    }
    async with started(house, storage) as home:
        await set_up(home)
        await home.pass_time(timedelta(hours=1))
    (now,) = stored(storage, "core.config_entries")["entries"]
    assert now["data"] == was["data"]
    assert (now["version"], now["minor_version"], now["unique_id"]) == (1, 2, was["unique_id"])

    async with started(house, storage) as home:
        loaded = await load_original(home.hass)
        assert loaded == [was["data"]]
        after = {e.unique_id: e.entity_id for e in er.async_get(home.hass).entities.values()}
        assert before.items() <= after.items()
    # And here again.
    async with started(house, storage) as home:
        entry = await set_up(home)
        assert entry.data == was["data"]
        assert {e.unique_id: e.entity_id for e in er.async_get(home.hass).entities.values()} == after


async def load_original(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Load the entry by code that knows version 1 alone and reads `data` alone; return what it was given."""
    loaded = []

    async def async_setup_entry(_: HomeAssistant, entry: ConfigEntry) -> bool:
        loaded.append(dict(entry.data))
        return True

    async def async_unload_entry(_: HomeAssistant, __: ConfigEntry) -> bool:
        return True

    class OriginalFlow(ConfigFlow):
        """The original's, as far as versions go."""

        VERSION = 1

    original = MockModule(DOMAIN, async_setup_entry=async_setup_entry, async_unload_entry=async_unload_entry)
    mock_integration(hass, original, built_in=False)
    mock_platform(hass, f"{DOMAIN}.config_flow", None)
    ours = HANDLERS[DOMAIN]
    HANDLERS[DOMAIN] = OriginalFlow
    try:
        await hass.config_entries.async_setup(ENTRY_ID)
        await hass.async_block_till_done()
        entry = hass.config_entries.async_get_entry(ENTRY_ID)
        assert entry
        assert entry.state is ConfigEntryState.LOADED
    finally:
        HANDLERS[DOMAIN] = ours
    return loaded
