"""An installation of the original or of our 1.0 is taken over from its files, and the original takes it back.

`fixtures/original_storage` is a `.storage` folder as Home Assistant 2025.8 kept it: one inverter's power renamed by its
owner, one frequency disabled, one temperature in an area of its own, a device renamed and in an area, and the total as
the Energy dashboard's solar source. `fixtures/storage_1_0` is described in `fixtures/README.md`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.components.button import ButtonEntity
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.config_entries import HANDLERS, ConfigEntry, ConfigEntryState, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er, frame
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.recorder import get_instance
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockModule,
    MockPlatform,
    async_test_home_assistant,
    mock_integration,
    mock_platform,
)
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import RecorderInstanceContextManager

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET
from tests.harness import PARIS, House, paris
from tests.registry import entities, panels
from tests.sampling import sampled

FIXTURES = Path(__file__).parent / "fixtures"
# Real files.
pytestmark = pytest.mark.parametrize("hass_storage", [None])

CREDENTIALS = ("app_id", "app_secret", "sid", "base_url")
NEWER = ("auto_scan_interval", "scan_interval", "sunrise_offset", "sunset_offset", "inverter_scan_interval")
TOTAL = "sensor.apsystems_ab12345c6d7e_total_energy"


def stored(folder: Path, key: str) -> Any:  # noqa: ANN401
    """Return the data of a stored file."""
    return json.loads((folder / key).read_text(encoding="utf-8"))["data"]


def copied(name: str, folder: Path, url: str) -> Path:
    """Copy a fixture's `.storage` with the address of the test's cloud."""
    folder.mkdir(parents=True)
    for file in (FIXTURES / name).iterdir():
        text = file.read_text(encoding="utf-8")
        words = {"APP_ID": DEFAULT_APP_ID, "APP_SECRET": DEFAULT_APP_SECRET, "BASE_URL": url}
        for word, meant in words.items():
            text = text.replace(f'"{word}"', f'"{meant}"')
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder


@contextmanager
def changed(folder: Path, key: str) -> Iterator[Any]:
    """Yield the data of a stored file, and store it again as it was changed."""
    content = json.loads((folder / key).read_text(encoding="utf-8"))
    yield content["data"]
    (folder / key).write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(params=[NEWER, ()], ids=["with the newer settings", "without them"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, house: House) -> Path:
    """Return the original's `.storage`."""
    folder = copied("original_storage", tmp_path / "original" / ".storage", house.url)
    with changed(folder, "core.config_entries") as data:
        (entry,) = data["entries"]
        entry["data"] = {key: entry["data"][key] for key in (*CREDENTIALS, *request.param)}
    return folder


@pytest.fixture
def storage_1_0(tmp_path: Path, house: House) -> Path:
    """Return the `.storage` of version 1.0."""
    return copied("storage_1_0", tmp_path / "1_0" / ".storage", house.url)


@asynccontextmanager
async def started(house: House, storage: Path) -> AsyncIterator[House]:
    """Start a Home Assistant with that folder; it is stopped regularly, which writes everything.

    Before, it removes devices without an entry, ten seconds after entities have moved to another device.
    """
    folder, loop = str(storage.parent), house.hass.loop
    async with async_test_home_assistant(loop, load_registries=False, config_dir=folder) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
        assert await async_load_base_functionality(hass)
        try:
            yield replace(house, hass=hass)
            await replace(house, hass=hass).pass_time(timedelta(seconds=30), timedelta(seconds=15))
        finally:
            for entry in hass.config_entries.async_entries(DOMAIN):
                await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)
            frame.async_setup(house.hass)


async def set_up(house: House) -> ConfigEntry[Any]:
    """Set up the stored entry."""
    (entry,) = house.hass.config_entries.async_entries(DOMAIN)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    return entry


def chosen(entity: er.RegistryEntry) -> dict[str, Any]:
    """Return the settings of an entity that must not change."""
    return {
        "id": entity.id,
        "entity_id": entity.entity_id,
        "name": entity.name,
        "icon": entity.icon,
        "area_id": entity.area_id,
        "disabled_by": entity.disabled_by and str(entity.disabled_by),
        "config_entry_id": entity.config_entry_id,
    }


def registered(storage: Path) -> dict[str, dict[str, Any]]:
    """Return the stored entities by unique id without the SID."""
    entities = stored(storage, "core.entity_registry")["entities"]
    return {entity["unique_id"].split("_", 1)[1]: entity for entity in entities}


def device_ids(storage: Path) -> dict[str, str]:
    """Return the ids of the stored devices by identifier; panels are not among them."""
    return {device["identifiers"][0][1]: device["id"] for device in stored(storage, "core.device_registry")["devices"]}


def panel_of(key: str) -> str | None:
    """Return the identifier of the panel that an entity belongs to, by its unique id without the SID."""
    found = re.fullmatch(r"inverter_(\w+)_(?:dc_\w+|energy_today)_ch(\d)", key)
    return f"{found[1]}_{found[2]}" if found else None


def assert_taken_over(home: House, before: dict[str, dict[str, Any]], devices: dict[str, str]) -> None:
    """Check that every entity is as its owner left it, and that those of channels belong to their panel."""
    after, children = entities(home), panels(home)
    for key, was in before.items():
        assert chosen(after[key]) == {name: was[name] for name in chosen(after[key])}, key
        panel = panel_of(key)
        if panel is None:
            assert after[key].device_id == was["device_id"], key
        else:
            assert after[key].device_id == children[panel].id, key
            assert children[panel].parent_device_id == was["device_id"] == devices[panel.split("_")[0]]
        state = home.hass.states.get(was["entity_id"])
        assert (state is None) == (was["disabled_by"] is not None), key
        assert state is None or state.state != "unavailable", key
        assert state is None or "restored" not in state.attributes, key
    copies = {f"{was['entity_id']}_2" for was in before.values()} - {was["entity_id"] for was in before.values()}
    assert not copies & {entity.entity_id for entity in after.values()}


async def test_every_entity_is_taken_over_as_its_owner_left_it(house: House, storage: Path) -> None:
    """Ids, names, icons and areas stay; disabled ones stay disabled; all others have a state."""
    before, devices = registered(storage), device_ids(storage)
    assert len(before) == 34
    async with started(house, storage) as home:
        await set_up(home)
        assert_taken_over(home, before, devices)
        south = home.hass.states.get("sensor.south_roof")
        assert south
        assert south.attributes["icon"] == "mdi:home-roof"
        assert "South roof" in south.attributes["friendly_name"]


async def test_every_entity_of_1_0_is_taken_over_as_its_owner_left_it(house: House, storage_1_0: Path) -> None:
    """Entity ids that were made from names as well; only new kinds of entities are added."""
    before, devices = registered(storage_1_0), device_ids(storage_1_0)
    assert len(before) == 58
    async with started(house, storage_1_0) as home:
        await set_up(home)
        assert_taken_over(home, before, devices)
        inverters = {f"inverter_{inverter.uid}_energy_today" for inverter in house.plant.inverters}
        assert entities(home).keys() - before.keys() == {"read_now", "ecu_216200012345_connectivity", *inverters}
        door = home.hass.states.get(before["inverter_703000000011_dc_power_ch2"]["entity_id"])
        assert door
        assert "Above the door" in door.attributes["friendly_name"]
        assert not home.log()


@pytest.mark.parametrize("name", ["original_storage", "storage_1_0"])
async def test_every_device_is_taken_over(house: House, tmp_path: Path, name: str) -> None:
    """Ids, identifiers, areas, the owner's names; inverters are connected via their ECU, the only new device."""
    storage = copied(name, tmp_path / name / ".storage", house.url)
    before = {device["id"]: device for device in stored(storage, "core.device_registry")["devices"]}
    ids = device_ids(storage)
    async with started(house, storage) as home:
        await set_up(home)
        devices = home.devices()
        assert devices.keys() == {*ids, "ecu_216200012345"}
        for identifier, device_id in ids.items():
            device, was = devices[identifier], before[device_id]
            assert (device.id, device.identifiers) == (device_id, {(DOMAIN, identifier)})
            for key in ("name", "name_by_user", "area_id", "disabled_by"):
                assert getattr(device, key) == was[key], (device_id, key)
        ecu = devices["ecu_216200012345"]
        assert ecu.via_device_id == devices[home.sid].id
        assert {d.via_device_id for name, d in devices.items() if name.isdigit()} == {ecu.id}
        assert set(ar.async_get(home.hass).areas) == {"roof", "attic"}
        for panel, child in panels(home).items():
            inverter = devices[panel.split("_")[0]]
            assert dr.async_get_effective_area_id(home.hass, child) == inverter.area_id


@pytest.mark.parametrize("name", ["original_storage", "storage_1_0"])
async def test_a_disabled_inverter_stays_disabled_with_its_panels(house: House, tmp_path: Path, name: str) -> None:
    """Until its owner enables it; then its panels and all their entities are enabled."""
    storage = copied(name, tmp_path / name / ".storage", house.url)
    uid, inverter = "703000000012", device_ids(storage)["703000000012"]
    with changed(storage, "core.device_registry") as data:
        for device in data["devices"]:
            device["disabled_by"] = "user" if device["id"] == inverter else device["disabled_by"]
    with changed(storage, "core.entity_registry") as data:
        for entity in data["entities"]:
            if entity["device_id"] == inverter and entity["disabled_by"] is None:
                entity["disabled_by"] = "device"
    before = registered(storage)
    async with started(house, storage) as home:
        await set_up(home)
        assert_taken_over(home, before, device_ids(storage))
        children = [child for panel, child in panels(home).items() if panel.startswith(uid)]
        assert [child.disabled_by for child in children] == [dr.DeviceEntryDisabler.DEVICE] * 2
        registry = dr.async_get(home.hass)
        registry.async_update_device(inverter, disabled_by=None)
        await home.hass.async_block_till_done()
        assert not [panel for panel, child in panels(home).items() if child.disabled]
        still = {key for key, was in before.items() if was["disabled_by"] == "user"}
        assert {key for key, entity in entities(home).items() if uid in key and entity.disabled} <= still


async def test_the_energy_dashboard_goes_on_with_the_same_source(house: House, storage: Path) -> None:
    """The preference does not change, and the sensor that it names still has the same unit and classes."""
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


async def test_the_settings_of_the_original_apply(house: House, storage: Path) -> None:
    """The stored ones; defaults for those that the original did not have yet."""
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
    """It finds its settings in `data`, a version that it loads, and its entities in the registry."""
    (was,) = stored(storage, "core.config_entries")["entries"]
    before = registered(storage)
    async with started(house, storage) as home:
        await set_up(home)
        await home.pass_time(timedelta(hours=1))
    (now,) = stored(storage, "core.config_entries")["entries"]
    assert was["data"].items() <= now["data"].items()
    assert (now["version"], now["unique_id"]) == (1, was["unique_id"])

    async with started(house, storage) as home:
        loaded = await load_original(home, before)
        assert was["data"].items() <= loaded[0].items()
        after = entities(home)
        for key, entity in before.items():
            assert chosen(after[key]) == {name: entity[name] for name in chosen(after[key])}, key
    # Ours once more.
    async with started(house, storage) as home:
        entry = await set_up(home)
        assert was["data"].items() <= entry.data.items()
        assert {key: e.entity_id for key, e in entities(home).items()} == {key: e.entity_id for key, e in after.items()}


@pytest.mark.parametrize("name", ["original_storage", "storage_1_0"])
async def test_entities_of_panels_return_to_their_inverter_with_the_original_and_come_back(
    house: House, tmp_path: Path, name: str
) -> None:
    """Empty panels stay meanwhile, with the names and areas that their owner gave them."""
    storage = copied(name, tmp_path / name / ".storage", house.url)
    of_original = {key: entity for key, entity in registered(storage).items() if key in ORIGINALS}
    ids = device_ids(storage)
    async with started(house, storage) as home:
        await set_up(home)
        dr.async_get(home.hass).async_update_child_device(
            panels(home)["703000000011_2"].id, name_by_user="Dormer", area_id="attic"
        )
        await home.settle()
        children = panels(home)

    async with started(house, storage) as home:
        await load_original(home, of_original)
        after = entities(home)
        for key, was in of_original.items():
            assert chosen(after[key]) == {name: was[name] for name in chosen(after[key])}, key
            assert after[key].device_id == was["device_id"], key
        assert {name: child.id for name, child in panels(home).items()} == {n: c.id for n, c in children.items()}
        assert {name: device.id for name, device in home.devices().items()}.items() >= ids.items()

    async with started(house, storage) as home:
        await set_up(home)
        assert_taken_over(home, of_original, ids)
        assert {name: child.id for name, child in panels(home).items()} == {n: c.id for n, c in children.items()}
        dormer = panels(home)["703000000011_2"]
        assert (dormer.name_by_user, dormer.area_id) == ("Dormer", "attic")


# Statistics


@pytest.mark.parametrize("enable_statistics", [True])
@pytest.mark.parametrize("persistent_database", [True])
@pytest.mark.parametrize("name", sampled(["original_storage", "storage_1_0"], every=2))
async def test_no_row_of_the_statistics_changes_and_they_go_on(
    async_test_recorder: RecorderInstanceContextManager, house: House, tmp_path: Path, name: str
) -> None:
    """There and back, in a real recorder: every row of the time before, and the sums of the time after."""
    storage = copied(name, tmp_path / name / ".storage", house.url)
    of_original = {key: entity for key, entity in registered(storage).items() if key in ORIGINALS}
    ids = {key: str(entity["entity_id"]) for key, entity in of_original.items() if not entity["disabled_by"]}
    sensors = {key: entity_id for key, entity_id in ids.items() if entity_id.startswith("sensor.")}
    with changed(storage, "core.config_entries") as data:
        (entry,) = data["entries"]
        entry["options"] = {**entry["options"], "import_history": False}  # four years, beside the point
    assert len(sensors) > 20

    async with started(house, storage) as home, async_test_recorder(home.hass):
        assert await async_setup_component(home.hass, "sensor", {})
        await write_old_rows(home, sensors)
        old = await all_rows(home)
        assert {entity_id: len(rows) for entity_id, rows in old.items()} == dict.fromkeys(sensors.values(), OLD_HOURS)
        await set_up(home)
        await home.pass_time("2026-06-15 18:00")
        with_ours = await all_rows(home)
        assert_goes_on(old, with_ours)
        assert_sum_is_true(home, with_ours[ids["total_energy"]])

    async with started(house, storage) as home, async_test_recorder(home.hass):
        await load_original(home, of_original)
        await home.pass_time("2026-06-15 20:00")
        with_original = await all_rows(home)
        assert_goes_on(with_ours, with_original)

    async with started(house, storage) as home, async_test_recorder(home.hass):
        await set_up(home)
        await home.pass_time("2026-06-15 22:10")
        at_the_end = await all_rows(home)
        assert_goes_on(with_original, at_the_end)
        assert_sum_is_true(home, at_the_end[ids["total_energy"]])
        known = await get_instance(home.hass).async_add_executor_job(list_statistic_ids, home.hass)
        assert {s["statistic_id"] for s in known if s["source"] == "recorder"} >= set(sensors.values())


OLD_HOURS = 48
UNITS = {"energy": "kWh", "power": "W", "voltage": "V", "current": "A", "frequency": "Hz"}


def lifetime_kwh(home: House, at: datetime) -> float:
    """Return the production until a time, as the cloud knew it then."""
    return home.cloud.truth(home.sid, at).lifetime_kwh()


async def write_old_rows(home: House, sensors: dict[str, str]) -> None:
    """Write statistics of the two days before the present hour, as the recorder has made them of the original.

    The recorder goes on from the newest row of five minutes.
    """
    end = home.now.replace(minute=0)
    hours = [end - timedelta(hours=n) for n in range(OLD_HOURS, 0, -1)]
    produced = [home.cloud.energy_kwh(home.sid, hour, hour + timedelta(hours=1)) for hour in hours]
    first = lifetime_kwh(home, hours[0])
    for key, entity_id in sensors.items():
        rows = list(old_rows(key, hours, produced, first))
        last = StatisticData(**{**rows[-1], "start": end - timedelta(minutes=5)})
        is_energy = key.endswith("energy")
        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.NONE if is_energy else StatisticMeanType.ARITHMETIC,
            has_sum=is_energy,
            name=None,
            source="recorder",
            statistic_id=entity_id,
            unit_class=None,
            unit_of_measurement=next((unit for word, unit in UNITS.items() if word in key), "°C"),
        )
        async_import_statistics(home.hass, metadata, rows)
        get_instance(home.hass).async_import_statistics(metadata, [last], StatisticsShortTerm)
    await async_wait_recording_done(home.hass)


def old_rows(key: str, hours: list[datetime], produced: list[float], first: float) -> Iterator[StatisticData]:
    """Yield a row for each hour: of an energy by what was produced, of anything else some figures."""
    total, day, today = 0.0, None, 0.0
    for number, (hour, kwh) in enumerate(zip(hours, produced, strict=True)):
        midnight = hour.astimezone(PARIS).replace(hour=0)
        total, day, today = total + kwh, midnight, kwh + (today if day == midnight else 0.0)
        match key:
            case "total_energy":
                yield StatisticData(start=hour, state=first + total, sum=total)
            case "today_energy":
                yield StatisticData(start=hour, state=today, sum=total, last_reset=midnight)
            case _:
                yield StatisticData(start=hour, mean=number, min=number - 1, max=number + 1)


async def all_rows(home: House) -> dict[str, dict[float, dict[str, Any]]]:
    """Return every row of the long-term statistics of sensors, by statistic and start."""
    await async_wait_recording_done(home.hass)
    types: set[Any] = {"state", "sum", "mean", "min", "max", "last_reset"}
    found = await get_instance(home.hass).async_add_executor_job(
        statistics_during_period, home.hass, paris("2026-01-01 00:00"), None, None, "hour", None, types
    )
    return {
        statistic: {row["start"]: dict(row) for row in rows}
        for statistic, rows in found.items()
        if valid_entity_id(statistic)
    }


def assert_goes_on(
    before: dict[str, dict[float, dict[str, Any]]], after: dict[str, dict[float, dict[str, Any]]]
) -> None:
    """Check that every row is what it was, and that new rows of energies neither fall nor leap."""
    for statistic, rows in before.items():
        assert {start: after[statistic][start] for start in rows} == rows, statistic
    for statistic, rows in after.items():
        sums = [row["sum"] for _, row in sorted(rows.items()) if row["sum"] is not None]
        assert all(0 <= later - earlier < 10 for earlier, later in pairwise(sums)), statistic


def assert_sum_is_true(home: House, rows: dict[float, dict[str, Any]]) -> None:
    """Check the newest sum of the total: the production since the first row, as far as the last hour has it."""
    first, last = min(rows), max(rows)
    before = rows[first]["state"] - rows[first]["sum"]
    end = datetime.fromtimestamp(last, UTC) + timedelta(hours=1)
    assert home.now - end < timedelta(hours=1)
    assert rows[last]["sum"] == pytest.approx(rows[last]["state"] - before, abs=0.01)
    assert lifetime_kwh(home, end - timedelta(hours=2)) - 0.1 <= rows[last]["state"] <= lifetime_kwh(home, end) + 0.1


# The original


ORIGINALS = {
    *("total_energy", "today_energy", "scan_inverters", "refresh_inverter_energy"),
    *(
        f"inverter_{uid}_{key}"
        for uid in ("703000000011", "703000000012", "902000000021")
        for key in (
            *("power", "ac_voltage", "frequency", "temperature"),
            *(f"dc_{what}_ch{number}" for what in ("power", "voltage", "current") for number in (1, 2)),
        )
    ),
}


async def load_original(home: House, entities: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Load the entry by code that knows only version 1 and reads only `data`; return that data.

    It has the original's entities and devices, of which only the total has a value.
    """
    hass = home.hass
    loaded = []

    async def async_setup_entry(_: HomeAssistant, entry: ConfigEntry) -> bool:
        loaded.append(dict(entry.data))
        await hass.config_entries.async_forward_entry_setups(entry, [Platform.SENSOR, Platform.BUTTON])
        return True

    async def async_unload_entry(_: HomeAssistant, entry: ConfigEntry) -> bool:
        return await hass.config_entries.async_unload_platforms(entry, [Platform.SENSOR, Platform.BUTTON])

    class OriginalFlow(ConfigFlow):
        """The original's, as far as versions go."""

        VERSION = 1

    original = MockModule(DOMAIN, async_setup_entry=async_setup_entry, async_unload_entry=async_unload_entry)
    mock_integration(hass, original, built_in=False)
    mock_platform(hass, f"{DOMAIN}.config_flow", None)
    for platform, kind in ((Platform.SENSOR, OriginalSensor), (Platform.BUTTON, OriginalButton)):
        mock_platform(hass, f"{DOMAIN}.{platform}", original_platform(home, platform, kind, entities))
    ours = HANDLERS[DOMAIN]
    HANDLERS[DOMAIN] = OriginalFlow
    try:
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
    finally:
        HANDLERS[DOMAIN] = ours
    return loaded


def original_platform(
    home: House, platform: Platform, kind: type[OriginalEntity], entities: dict[str, dict[str, Any]]
) -> MockPlatform:
    """Return a platform of the original with the entities that it has in the registry."""

    async def async_setup_entry(
        _: HomeAssistant, __: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
    ) -> None:
        async_add_entities(kind(home, key) for key, was in entities.items() if was["entity_id"].startswith(platform))

    return MockPlatform(async_setup_entry=async_setup_entry)


class OriginalEntity(Entity):
    """An entity with the original's unique id and device."""

    _attr_has_entity_name = True

    def __init__(self, home: House, key: str) -> None:
        self.home = home
        self.key = key
        self._attr_unique_id = f"{home.sid}_{key}"
        self._attr_name = key
        uid = key.split("_")[1] if key.startswith("inverter_") else None
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, uid or home.sid)},
            manufacturer="APsystems",
            name=f"Inverter {uid}" if uid else f"APsystems {home.sid}",
        )


class OriginalSensor(OriginalEntity, SensorEntity):
    """A sensor."""

    def __init__(self, home: House, key: str) -> None:
        super().__init__(home, key)
        if key == "total_energy":
            self._attr_device_class = SensorDeviceClass.ENERGY
            self._attr_state_class = SensorStateClass.TOTAL_INCREASING
            self._attr_native_unit_of_measurement = "kWh"

    async def async_update(self) -> None:
        """Fetch the total; Home Assistant calls it every half minute."""
        if self.key == "total_energy":
            self._attr_native_value = round(self.home.truth.lifetime_kwh(), 2)


class OriginalButton(OriginalEntity, ButtonEntity):
    """A button."""
