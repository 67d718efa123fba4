"""Devices of meters and batteries, ids and names; those that vanish and return, and those that options leave out."""

from dataclasses import replace
from datetime import date, timedelta

from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Ecu, FaultKind, Kind, Plant, sample_plant
from tests.harness import AUTOMATIC, House, restarted
from tests.house_plants import BATTERY, BOTH, HOUSE, METER, METERED, STORED, m, plant_of
from tests.registry import DeleteDevice, device_of, entities

ENERGY, POWER = ("energy", "total_increasing", "kWh"), ("power", "measurement", "W")
TODAY = ("energy", "total", "kWh")
OF_METER = {
    **{f"{flow}_energy": ENERGY for flow in ("produced", "consumed", "imported", "exported")},
    **{f"{flow}_today": TODAY for flow in ("produced", "consumed", "imported", "exported")},
    **dict.fromkeys(("import_power", "export_power", "consumption_power", "grid_power"), POWER),
    "self_consumption": (None, "measurement", "%"),
    "self_sufficiency": (None, "measurement", "%"),
}
OF_BATTERY = {
    "soc": ("battery", "measurement", "%"),
    "mode": ("enum", None, None),
    **dict.fromkeys(("charge_power", "discharge_power"), POWER),
    **dict.fromkeys(("charge_energy", "discharge_energy"), ENERGY),
    **dict.fromkeys(("charge_today", "discharge_today"), TODAY),
}
SECOND = "216200088888"
OWN_METER = "999900000001"
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def plant() -> Plant:
    """Return a plant with a meter and a battery."""
    return BOTH


def storage(*eids: str) -> Plant:
    """Return a plant with batteries at these ECUs."""
    return plant_of(ecus=(*sample_plant().ecus, *(Ecu(eid=eid, type=2) for eid in eids)))


def kinds(house: House, prefix: str) -> dict[str, tuple[object, ...]]:
    """Return device class, state class and unit of the sensors whose keys begin with a prefix."""
    return {
        key.removeprefix(prefix): (
            entity.original_device_class,
            (entity.capabilities or {}).get("state_class"),
            entity.unit_of_measurement,
        )
        for key, entity in entities(house).items()
        if key.startswith(prefix)
    }


async def list_again(house: House, plant: Plant) -> None:
    """Change the plant, and fetch the inverter list an hour later."""
    house.cloud.plants[house.sid] = plant
    house.freezer.tick(timedelta(hours=1))
    await house.press("scan_inverters")
    await house.settle()


# Identity


@pytest.mark.parametrize("plant", [METERED])
async def test_a_meter_has_its_sensors(house: House) -> None:
    """By key: device class, state class, unit."""
    await house.set_up(**HOUSE)
    assert kinds(house, m("")) == OF_METER


async def test_a_battery_has_its_sensors_and_the_meter_no_self_consumption(house: House) -> None:
    """What the house does not export may be stored."""
    await house.set_up(**HOUSE)
    assert kinds(house, "storage_") == OF_BATTERY
    assert kinds(house, m("")).keys() == OF_METER.keys() - {"self_consumption"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_entity_ids_are_the_same_in_every_language(house: House, language: str) -> None:
    """They come from the key."""
    house.hass.config.language = language
    await house.set_up(**HOUSE)
    ids = {entity.entity_id for key, entity in entities(house).items() if key.startswith(("meter", "storage"))}
    assert ids == {
        *(f"sensor.meter_{METER}_{key}" for key in OF_METER if key != "self_consumption"),
        *(f"sensor.apsystems_{house.sid.lower()}_storage_{key}" for key in OF_BATTERY),
    }


async def test_devices_are_connected_by_their_ecu(house: House) -> None:
    """With names that can be translated."""
    await house.set_up(**HOUSE)
    devices = house.devices()
    meter, battery = devices[f"{house.sid}_meter_{METER}"], devices[f"{house.sid}_storage"]
    assert (meter.name, meter.model) == (f"Meter {METER}", "Meter")
    assert (battery.name, battery.model) == ("Battery", "Battery")
    assert meter.via_device_id == devices[f"ecu_{METER}"].id
    assert battery.via_device_id == devices[f"ecu_{BATTERY}"].id
    assert house.state("storage_soc").attributes["friendly_name"] == "Battery State of charge"


@pytest.mark.parametrize("plant", [plant_of(meters=(OWN_METER,))])
async def test_a_meter_of_the_meter_list_is_connected_by_the_system(house: House) -> None:
    """It is no ECU."""
    await house.set_up(**HOUSE)
    await house.press("read_now")
    devices = house.devices()
    assert devices[f"{house.sid}_meter_{OWN_METER}"].via_device_id == devices[house.sid].id
    assert house.value(f"meter_{OWN_METER}_consumed_today") is not None


@pytest.mark.parametrize("plant", [storage(BATTERY, SECOND)])
async def test_the_first_battery_stays_the_first(house: House, delete: DeleteDevice) -> None:
    """Whatever the order of later lists, after a restart, and when it is gone."""
    entry = await house.set_up(**HOUSE)
    names = {f"{house.sid}_storage": "Battery", f"{house.sid}_storage_{SECOND}": f"Battery {SECOND}"}
    ids = {key: entity.entity_id for key, entity in entities(house).items() if key.startswith("storage")}
    assert {name: device.name for name, device in house.devices().items() if "storage" in name} == names
    assert ids[f"storage_{SECOND}_soc"] == f"sensor.apsystems_{house.sid.lower()}_storage_{SECOND}_soc"
    assert device_of(house, "storage_soc").via_device_id == house.devices()[f"ecu_{BATTERY}"].id  # type: ignore[union-attr]
    await list_again(house, storage("216200077777", SECOND, BATTERY))
    assert device_of(house, "storage_soc").via_device_id == house.devices()[f"ecu_{BATTERY}"].id  # type: ignore[union-attr]
    assert names.keys() < {name for name in house.devices() if "storage" in name}
    await list_again(house, storage(SECOND))
    assert await delete(entry, f"{house.sid}_storage")
    async with restarted(house, entry) as again:
        now = {key: entity.entity_id for key, entity in entities(again).items() if key.startswith(f"storage_{SECOND}")}
        assert now.items() <= ids.items()
        assert "storage_soc" not in entities(again)
    assert not house.log()


async def test_entities_of_the_fork_with_storage_keep_their_ids(house: House) -> None:
    """And their device, its name and area."""
    registry, devices = er.async_get(house.hass), dr.async_get(house.hass)
    entry = await house.set_up(**{**AUTOMATIC, "battery": False})
    device = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"{house.sid}_storage")}, name="Battery"
    )
    devices.async_update_device(device.id, name_by_user="Cellar")
    for key in ("soc", "mode"):
        registry.async_get_or_create(
            "sensor",
            DOMAIN,
            f"{house.sid}_storage_{key}",
            suggested_object_id=f"battery_{key}",
            config_entry=entry,
            device_id=device.id,
        )
    house.hass.config_entries.async_update_entry(entry, options=HOUSE)
    await house.reload(entry)
    assert house.entity_id("storage_soc") == "sensor.battery_soc"
    assert house.state("storage_soc").state not in {"unknown", "unavailable"}
    assert house.entity_id("storage_mode") == "sensor.battery_mode"
    assert device_of(house, "storage_mode").id == device.id
    assert house.devices()[f"{house.sid}_storage"].name_by_user == "Cellar"


# Vanished


async def test_a_meter_that_vanishes_stays_until_it_is_deleted(house: House, delete: DeleteDevice) -> None:
    """Its figures become unknown, but for lifetimes; back again, they go on."""
    house.order(FaultKind.EMPTY_DATA, on=Kind.METERS)
    entry = await house.set_up(**HOUSE)
    name = f"{house.sid}_meter_{METER}"
    assert not await delete(entry, name)
    await house.pass_time("2026-06-15 22:30", HALF_HOUR)
    before = house.value(m("consumed_energy"))
    assert before
    (first, *others) = BOTH.ecus
    without = replace(BOTH, ecus=(replace(first, type=0), *others))
    await list_again(house, without)
    await house.pass_time("2026-06-16 12:30", HALF_HOUR)
    assert house.value(m("consumed_today")) is house.value(m("grid_power")) is None
    assert house.value(m("consumed_energy")) == before
    await house.reload(entry)
    assert house.value(m("consumed_energy")) == before
    await list_again(house, BOTH)
    await house.press("read_now")
    assert (house.value(m("consumed_energy")) or 0) > before
    assert house.value(m("grid_power")) is not None

    await list_again(house, without)
    assert await delete(entry, name)
    assert not kinds(house, m(""))
    await house.reload(entry)
    assert name not in house.devices()
    await list_again(house, BOTH)
    assert house.value(m("consumed_energy")) is None
    assert house.devices()[name].via_device_id == house.devices()[f"ecu_{METER}"].id
    assert not house.log()


@pytest.mark.parametrize("plant", [STORED])
async def test_a_battery_goes_with_its_ecu_only_when_its_owner_deletes_it(house: House, delete: DeleteDevice) -> None:
    """No listing removes it; its ECU goes after two."""
    entry = await house.set_up(**HOUSE)
    name = f"{house.sid}_storage"
    assert not await delete(entry, name)
    await list_again(house, plant_of())
    house.freezer.tick(timedelta(hours=21))
    await list_again(house, plant_of())
    assert f"ecu_{BATTERY}" not in house.devices()
    assert house.devices()[name].via_device_id == house.devices()[house.sid].id
    assert house.value("storage_soc") is None
    await house.reload(entry)
    assert await delete(entry, name)
    await house.reload(entry)
    assert name not in house.devices()
    assert not kinds(house, "storage_")


# Options


@pytest.mark.parametrize(("option", "gone", "left"), [("meter", m(""), "storage_"), ("battery", "storage_", m(""))])
async def test_an_option_leaves_a_device_out_and_deletes_nothing(
    house: House, option: str, gone: str, left: str
) -> None:
    """Home Assistant marks entities that are not provided any more; switched on again, all goes on."""
    entry = await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 22:30", HALF_HOUR)
    key = f"{gone}{'consumed' if option == 'meter' else 'charge'}_energy"
    known, before, devices = entities(house).keys(), house.value(key), house.devices().keys()
    house.hass.config_entries.async_update_entry(entry, options=HOUSE | {option: False})
    await house.reload(entry)
    assert {house.state(key).state for key in known if key.startswith(gone)} == {"unavailable"}
    assert "unavailable" not in {house.state(key).state for key in known if key.startswith(left)}
    assert (entities(house).keys(), house.devices().keys()) == (known, devices)
    house.hass.config_entries.async_update_entry(entry, options=HOUSE)
    await house.reload(entry)
    assert house.value(key) == before


@pytest.mark.parametrize("plant", [STORED])
async def test_a_battery_that_is_left_out_and_not_listed_is_forgotten_when_it_is_deleted(
    house: House, delete: DeleteDevice
) -> None:
    """It does not come back with the option."""
    entry = await house.set_up(**HOUSE)
    house.hass.config_entries.async_update_entry(entry, options=HOUSE | {"battery": False})
    await house.reload(entry)
    await list_again(house, plant_of())
    assert await delete(entry, f"{house.sid}_storage")
    house.hass.config_entries.async_update_entry(entry, options=HOUSE)
    await house.reload(entry)
    assert f"{house.sid}_storage" not in house.devices()
    assert not kinds(house, "storage_")


async def test_a_device_that_was_never_wanted_is_not_there(house: House) -> None:
    """Neither with entities nor empty."""
    await house.set_up(**HOUSE, meter=False, battery=False)
    await house.pass_time(HALF_HOUR)
    assert set(house.devices()) == {house.sid, *(f"ecu_{ecu.eid}" for ecu in BOTH.ecus)} | {
        inverter.uid for inverter in BOTH.inverters
    }


@pytest.mark.parametrize("plant", [replace(STORED, create_date=date(2026, 6, 12))])
async def test_without_the_production_its_entities_stay_and_are_unknown(house: House) -> None:
    """They have figures again with the next read."""
    inverter = f"inverter_{STORED.inverters[0].uid}"
    keys = ["total_energy", "today_energy", "power", f"{inverter}_power", f"{inverter}_dc_power_ch1"]
    keys += [f"{inverter}_energy", f"{inverter}_energy_ch1"]
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-16 13:00", HALF_HOUR)
    before = {key: house.value(key) for key in keys}
    assert None not in before.values()
    house.hass.config_entries.async_update_entry(entry, options=HOUSE)
    await house.reload(entry)
    await house.pass_time("2026-06-17 12:00", HALF_HOUR)
    assert {house.value(key) for key in keys} == {None}
    house.hass.config_entries.async_update_entry(entry, options=AUTOMATIC)
    await house.reload(entry)
    await house.pass_time("2026-06-17 22:30", HALF_HOUR)
    assert (house.value("total_energy") or 0) > (before["total_energy"] or 0)
    assert (house.value(f"{inverter}_energy") or 0) >= (before[f"{inverter}_energy"] or 0)
