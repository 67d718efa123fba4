"""Panels are child devices of their inverter, connected via its ECU; and each follows the newest listing."""

from dataclasses import replace
from datetime import date

from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Ecu, Inverter, Plant, big_plant, sample_plant
from tests.harness import AUTOMATIC, House
from tests.registry import device_of, entities, panels

YOUNG = date(2026, 5, 20)
DS3, QT2 = "703000000011", "902000000021"
OF_A_PANEL = ("dc_power", "dc_voltage", "dc_current", "energy_today")


@pytest.fixture
def plant() -> Plant:
    """Return the sample plant, of some weeks."""
    return sample_plant(create_date=YOUNG)


async def test_devices_are_connected_from_the_system_to_the_inverter(house: House) -> None:
    """Names, models and serial numbers; identifiers of the system and of inverters are the original's."""
    await house.set_up()
    devices, (ecu,) = house.devices(), house.plant.ecus
    assert devices.keys() == {house.sid, f"ecu_{ecu.eid}", *(inverter.uid for inverter in ecu.inverters)}
    system, box = devices[house.sid], devices[f"ecu_{ecu.eid}"]
    assert (system.name, system.via_device_id) == (f"APsystems {house.sid}", None)
    assert (box.name, box.serial_number, box.via_device_id) == (f"ECU {ecu.eid}", ecu.eid, system.id)
    for inverter in ecu.inverters:
        device = devices[inverter.uid]
        assert device.identifiers == {(DOMAIN, inverter.uid)}
        assert (device.name, device.model) == (f"Inverter {inverter.uid}", inverter.type)
        assert (device.serial_number, device.via_device_id) == (inverter.uid, box.id)
    assert {device.manufacturer for device in devices.values()} == {"APsystems"}


async def test_each_channel_is_a_child_device_with_its_own_entities(house: House) -> None:
    """All that is measured on the AC side belongs to the inverter."""
    await house.set_up(**AUTOMATIC, panel_statistics=True)
    await house.pass_time("2026-06-15 23:30")
    devices, children = house.devices(), panels(house)
    assert children.keys() == {f"{i.uid}_{n}" for i in house.plant.inverters for n in range(1, i.channels + 1)}
    for inverter in house.plant.inverters:
        prefix = f"inverter_{inverter.uid}"
        for number in range(1, inverter.channels + 1):
            child = children[f"{inverter.uid}_{number}"]
            assert child.name == f"Inverter {inverter.uid} panel {number}"
            assert child.parent_device_id == devices[inverter.uid].id
            assert {device_of(house, f"{prefix}_{key}_ch{number}").id for key in OF_A_PANEL} == {child.id}
        of_inverter = ("power", "ac_voltage", "frequency", "temperature")
        assert {device_of(house, f"{prefix}_{key}").id for key in of_inverter} == {devices[inverter.uid].id}
    assert not house.log()


async def test_a_panel_has_a_name_and_an_area_of_its_own(house: House) -> None:
    """Which stay over a restart and a listing; without an area it is in that of its inverter."""
    entry = await house.set_up()
    roof, wall = (ar.async_get(house.hass).async_create(name).id for name in ("Roof", "Wall"))
    registry, children = dr.async_get(house.hass), panels(house)
    registry.async_update_device(house.devices()[DS3].id, area_id=roof)
    registry.async_update_child_device(children[f"{DS3}_2"].id, name_by_user="Dormer", area_id=wall)
    await house.reload(entry)
    await house.press("scan_inverters")
    first, second = (panels(house)[f"{DS3}_{n}"] for n in (1, 2))
    assert dr.async_get_effective_area_id(house.hass, first) == roof
    assert (second.name_by_user, second.area_id, second.id) == ("Dormer", wall, children[f"{DS3}_2"].id)
    assert house.state(f"inverter_{DS3}_dc_power_ch2").attributes["friendly_name"] == "Dormer DC power"


@pytest.mark.parametrize("plant", [big_plant(4, 2, create_date=YOUNG)])
async def test_an_inverter_follows_the_listing_to_another_ecu_and_to_another_model(house: House, plant: Plant) -> None:
    """Device and attributes, at once; its panels stay where they are."""
    await house.set_up()
    first, second = plant.ecus
    moved = first.inverters[0]
    before, children = house.devices(), panels(house).keys()
    assert before[moved.uid].via_device_id == before[f"ecu_{first.eid}"].id
    house.cloud.plants[house.sid] = replace(
        plant,
        ecus=(
            replace(first, inverters=first.inverters[1:]),
            replace(second, inverters=(*second.inverters, replace(moved, type="DS3-L"))),
        ),
    )
    await house.press("scan_inverters")
    after = house.devices()
    assert after.keys() == before.keys()
    assert (after[moved.uid].via_device_id, after[moved.uid].model) == (before[f"ecu_{second.eid}"].id, "DS3-L")
    attributes = house.state(f"inverter_{moved.uid}_power").attributes
    assert (attributes["ecu_id"], attributes["inverter_type"]) == (second.eid, "DS3-L")
    assert panels(house).keys() == children


async def test_an_inverter_that_is_gone_takes_its_panels_along(house: House) -> None:
    """With all their entities."""
    await house.set_up()
    (ecu,) = house.plant.ecus
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(ecu, inverters=ecu.inverters[1:]),))
    await house.press("scan_inverters")
    await house.settle()
    assert not [name for name in [*house.devices(), *panels(house)] if ecu.inverters[0].uid in name]
    assert not [key for key in entities(house) if ecu.inverters[0].uid in key]


@pytest.mark.parametrize(
    "plant",
    [sample_plant(create_date=YOUNG, ecus=(Ecu(eid="216200012345", inverters=(Inverter(uid=DS3, channels=1),)),))],
)
async def test_before_its_first_telemetry_an_inverter_is_taken_for_one_of_two_channels(
    house: House, plant: Plant
) -> None:
    """As nearly all are."""
    house.move_to("2026-06-15 02:00")
    await house.set_up()
    assert panels(house).keys() == {f"{DS3}_1", f"{DS3}_2"}
    assert plant.inverters


# Systems with many inverters


@pytest.mark.parametrize(("inverters", "enabled"), [(10, True), (11, False)])
async def test_a_large_system_has_its_details_disabled(
    house: House, plant: Plant, inverters: int, enabled: bool
) -> None:
    """Voltages, currents and frequency; power, energy and temperature never."""
    house.cloud.plants[house.sid] = replace(big_plant(inverters, 1, create_date=YOUNG), sid=plant.sid)
    await house.set_up(**AUTOMATIC, panel_statistics=True)
    disabled = {
        key.split("_", 2)[2]
        for key, entity in entities(house).items()
        if key.startswith("inverter_") and entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    }
    details = {f"dc_{key}_ch{n}" for key in ("voltage", "current") for n in (1, 2)} | {"ac_voltage", "frequency"}
    assert disabled == (set() if enabled else details)


async def test_a_system_that_grows_keeps_what_it_has(house: House, plant: Plant) -> None:
    """Only new inverters have their details disabled."""
    await house.set_up()
    (ecu,) = plant.ecus
    more = tuple(Inverter(uid=f"70300000010{n}") for n in range(9))
    house.cloud.plants[house.sid] = replace(plant, ecus=(replace(ecu, inverters=(*ecu.inverters, *more)),))
    await house.press("scan_inverters")
    await house.settle()
    old, new = (entities(house)[f"inverter_{uid}_frequency"].disabled_by for uid in (DS3, more[0].uid))
    assert (old, new) == (None, er.RegistryEntryDisabler.INTEGRATION)
