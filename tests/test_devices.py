"""Devices: how they are connected, new, removed and deleted ones, and plants of every shape."""

from dataclasses import replace
from datetime import date, timedelta
import json
import logging
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Absent, Ecu, FaultKind, Inverter, Kind, Plant, big_plant, sample_plant
from tests.harness import AUTOMATIC, House
from tests.registry import DeleteDevice, panels

OLD, GONE, NEW, QT2 = "703000000011", "703000000012", "703000000099", "902000000021"
ECU = "ecu_216200012345"
HALF_HOUR = timedelta(minutes=30)
YOUNG = date(2026, 5, 20)


def with_inverters(plant: Plant, *uids: str, absent: Absent = Absent.EMPTY) -> Plant:
    """Return the plant with other inverters on its first ECU."""
    ecu = replace(plant.ecus[0], inverters=tuple(Inverter(uid=uid) for uid in uids), without_inverters=absent)
    return replace(plant, ecus=(ecu, *plant.ecus[1:]))


def change(house: House, *uids: str, absent: Absent = Absent.EMPTY) -> None:
    """Replace the inverters of the plant's first ECU."""
    house.cloud.plants[house.sid] = with_inverters(house.plant, *uids, absent=absent)


async def scan(house: House) -> None:
    """Fetch the inverter list by the button."""
    await house.press("scan_inverters")
    await house.settle()


# New


async def test_a_listed_new_inverter_is_added_without_a_reload(house: House) -> None:
    """Device and entities at once, figures with its first telemetry."""
    await house.set_up()
    house.cloud.plants[house.sid] = with_inverters(house.plant, OLD, GONE, NEW)
    await scan(house)
    assert NEW in house.devices()
    assert house.value(f"inverter_{NEW}_power") is None
    house.freezer.tick(timedelta(minutes=40))
    await house.press("refresh_inverter_energy")
    assert house.value(f"inverter_{NEW}_power")


async def test_an_unknown_inverter_in_the_batch_of_the_evening_leads_to_one_listing(house: House) -> None:
    """So a new inverter is added within a day."""
    await house.set_up()
    change(house, OLD, GONE, NEW)
    await house.pass_time("2026-06-15 22:59", HALF_HOUR)
    before = len(house.calls())
    assert NEW not in house.devices()
    await house.pass_time("2026-06-15 23:02", timedelta(minutes=1))
    assert [call.kind for call in house.calls(since=before)][:1] == ["batch"]
    await house.pass_time("2026-06-16 13:30", HALF_HOUR)
    assert len(house.calls("inverters", since=before)) == 1
    assert NEW in house.devices()
    await house.pass_time("2026-06-17 05:00", HALF_HOUR)
    assert len(house.calls("inverters", since=before)) == 1


async def test_an_id_that_no_listing_names_does_not_cost_a_listing_a_day(house: House) -> None:
    """One for the id, and one for the inverter that is really gone."""
    await house.set_up()
    change(house, OLD, GONE, NEW)
    listed = [{"eid": house.plant.ecus[0].eid, "inverter": [{"uid": OLD, "type": "DS3"}, {"uid": GONE}]}]
    house.order(FaultKind.BODY, on=Kind.INVERTERS, body=json.dumps({"code": 0, "data": listed}))
    before = len(house.calls("inverters"))
    for day in (15, 16, 17, 18, 19):
        await house.pass_time(f"2026-06-{day} 23:02", timedelta(hours=2))
        await house.pass_time(f"2026-06-{day} 23:50", timedelta(minutes=10))
    assert 1 <= len(house.calls("inverters")) - before <= 2
    assert NEW not in house.devices()


# Removed


async def test_an_inverter_that_is_no_longer_listed_is_removed_with_its_entities(
    house: House, entity_registry: er.EntityRegistry
) -> None:
    """Device, entities and states; the others stay."""
    entry = await house.set_up()
    change(house, OLD)
    await house.pass_time(timedelta(hours=1), HALF_HOUR)
    assert GONE in house.devices()
    await scan(house)
    assert set(house.devices()) == {house.sid, ECU, OLD}
    left = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert not [entity.unique_id for entity in left if GONE in entity.unique_id]
    assert not [state.entity_id for state in house.hass.states.async_all() if GONE in state.entity_id]
    assert house.value(f"inverter_{OLD}_power")


async def test_an_inverter_that_is_listed_again_is_added_again(house: House) -> None:
    """Without a reload in between."""
    await house.set_up()
    change(house, OLD)
    await scan(house)
    change(house, OLD, GONE)
    await scan(house)
    house.freezer.tick(timedelta(hours=1))
    await house.press("refresh_inverter_energy")
    assert house.value(f"inverter_{GONE}_power")


async def test_an_inverter_removed_while_home_assistant_was_off_stays_until_the_next_listing(house: House) -> None:
    """A reload alone removes no device."""
    entry = await house.set_up()
    change(house, OLD)
    await house.reload(entry)
    assert GONE in house.devices()
    await scan(house)
    assert GONE not in house.devices()


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *((FaultKind.CODE, {"code": code}) for code in (1000, 1001, 2004, 2005, 4000, 5000, 6000, 7002, 9999)),
        (FaultKind.STATUS, {"status": 500}),
        (FaultKind.RESET, {}),
        (FaultKind.HALF_BODY, {}),
        (FaultKind.NOT_JSON, {}),
        (FaultKind.SWAPPED, {}),
        (FaultKind.NULL_DATA, {}),
        (FaultKind.STRING_DATA, {}),
        (FaultKind.EMPTY_DATA, {}),
        (FaultKind.BODY, {"body": '{"code": 0, "data": [null, 5, "x", {}, {"eid": null}]}'}),
        (FaultKind.BODY, {"body": '{"code": 0, "data": [{"eid": "216200012345"}]}'}),
        (FaultKind.BODY, {"body": '{"code": 0, "data": [{"eid": "216200012345", "inverter": null}]}'}),
        (FaultKind.BODY, {"body": '{"code": 0, "data": [{"eid": "216200012345", "inverter": [{"uid": ""}]}]}'}),
        (FaultKind.BODY, {"body": '{"code": 0, "data": [{"eid": "9", "inverter": [{"uid": "7"}]}]}'}),
    ],
)
async def test_no_failure_and_no_empty_list_removes_a_device(
    house: House, kind: FaultKind, how: dict[str, Any]
) -> None:
    """An inverter is removed only when its own ECU has a list that is not empty and does not name it."""
    await house.set_up()
    kept = {key: state.state for key in (OLD, GONE) for state in [house.state(f"inverter_{key}_power")]}
    house.order(kind, on=Kind.INVERTERS, **how)
    try:
        await house.press("scan_inverters")
    except HomeAssistantError:
        assert kind is not FaultKind.EMPTY_DATA
    await house.settle()
    assert set(house.devices()) >= {house.sid, OLD, GONE, QT2}
    assert {key: house.state(f"inverter_{key}_power").state for key in (OLD, GONE)} == kept


@pytest.mark.parametrize("absent", list(Absent))
@pytest.mark.parametrize("plant", [big_plant(4, 2, create_date=YOUNG)])
async def test_an_ecu_without_a_list_keeps_its_inverters(house: House, plant: Plant, absent: Absent) -> None:
    """An inverter of another ECU is removed at the same time."""
    await house.set_up()
    without_list, with_list = plant.ecus
    house.cloud.plants[house.sid] = replace(
        plant,
        ecus=(
            replace(without_list, inverters=(), without_inverters=absent),
            replace(with_list, inverters=with_list.inverters[:1]),
        ),
    )
    await scan(house)
    kept = {inverter.uid for inverter in (*without_list.inverters, with_list.inverters[0])}
    assert set(house.devices()) == {house.sid, *(f"ecu_{ecu.eid}" for ecu in plant.ecus), *kept}


async def names_after(house: House, hours: int) -> set[str]:
    """Let time pass, fetch the inverter list, and return the devices."""
    house.freezer.tick(timedelta(hours=hours))
    await scan(house)
    return set(house.devices())


SECOND = "216200099999"
EMPTY = sample_plant(create_date=YOUNG, ecus=(*sample_plant().ecus, Ecu(eid=SECOND, inverters=())))


@pytest.mark.parametrize("plant", [EMPTY])
async def test_an_ecu_without_inverters_keeps_its_device_until_two_listings_do_not_name_it(
    house: House, plant: Plant
) -> None:
    """They lie 20 hours apart, as for an ECU with inverters; one that is empty does not count."""
    await house.set_up(**AUTOMATIC)
    name, key = f"ecu_{SECOND}", f"ecu_{SECOND}_connectivity"
    assert house.state(key, "binary_sensor").state == "unknown"
    house.cloud.plants[house.sid] = replace(plant, ecus=plant.ecus[:1])
    assert name in await names_after(house, 1)
    house.order(FaultKind.EMPTY_DATA, on=Kind.INVERTERS, times=1)
    assert name in await names_after(house, 21)
    house.cloud.clear_faults()
    assert house.state(key, "binary_sensor").state == "unknown"
    assert name not in await names_after(house, 1)
    assert not [state for state in house.hass.states.async_all("binary_sensor") if SECOND in state.entity_id]


async def test_a_replaced_ecu_keeps_its_device_until_it_is_sure_to_be_gone(house: House) -> None:
    """Its inverters are the new one's at once; should it come back, all is as before."""
    first = house.plant
    await house.set_up(**AUTOMATIC)
    second = replace(first, ecus=(replace(first.ecus[0], eid=SECOND),))
    house.cloud.plants[house.sid] = second
    assert {ECU, f"ecu_{SECOND}"} <= await names_after(house, 1)
    assert house.devices()[OLD].via_device_id == house.devices()[f"ecu_{SECOND}"].id
    assert house.state(f"{ECU}_connectivity", "binary_sensor").state == "unknown"
    house.cloud.plants[house.sid] = first
    assert {ECU, f"ecu_{SECOND}"} <= await names_after(house, 1)
    assert house.devices()[OLD].via_device_id == house.devices()[ECU].id
    house.cloud.plants[house.sid] = second
    await names_after(house, 1)
    assert ECU not in await names_after(house, 21)
    assert not [record for record in house.caplog.records if record.levelno >= logging.ERROR]


# Deleted by the owner


async def test_a_device_can_be_deleted_only_when_the_cloud_does_not_list_it(house: House, delete: DeleteDevice) -> None:
    """Not the system, and no inverter that the next listing would add again."""
    entry = await house.set_up()
    assert not await delete(entry, house.sid)
    assert not await delete(entry, GONE)

    change(house, absent=Absent.NULL)
    await scan(house)
    assert GONE in house.devices()
    assert await delete(entry, GONE)
    assert set(house.devices()) == {house.sid, ECU, OLD, QT2}
    assert not await delete(entry, house.sid)

    await house.reload(entry)
    assert GONE not in house.devices()
    assert OLD in house.devices()


async def test_an_ecu_can_be_deleted_once_nothing_names_it(house: House, delete: DeleteDevice) -> None:
    """Neither a listing nor an inverter."""
    entry = await house.set_up()
    assert not await delete(entry, ECU)
    change(house, OLD)
    first = house.plant.ecus[0]
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(first, eid="216200099999"),))
    await scan(house)
    assert {ECU, "ecu_216200099999"} <= house.devices().keys()
    assert not await delete(entry, ECU)
    for uid in (GONE, QT2):
        assert await delete(entry, uid)
    assert await delete(entry, ECU)
    await house.reload(entry)
    assert set(house.devices()) == {house.sid, "ecu_216200099999", OLD}


async def test_an_ecu_that_no_listing_names_can_be_deleted_for_good(house: House, delete: DeleteDevice) -> None:
    """Its inverters are on another: it need not wait for a second listing."""
    entry = await house.set_up(**AUTOMATIC)
    first = house.plant.ecus[0]
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(first, eid=SECOND),))
    assert ECU in await names_after(house, 1)
    assert await delete(entry, ECU)
    await house.reload(entry)
    assert ECU not in house.devices()


async def test_a_panel_can_be_deleted_when_it_has_no_entities(house: House, delete: DeleteDevice) -> None:
    """As the original leaves it; any other would come back."""
    entry = await house.set_up()
    assert not await delete(entry, f"{OLD}_1")
    empty = {(DOMAIN, f"{OLD}_4")}
    dr.async_get(house.hass).async_get_or_create_child(
        config_entry_id=entry.entry_id, identifiers=empty, parent_device_id=house.devices()[OLD].id
    )
    assert await delete(entry, f"{OLD}_4")
    assert panels(house).keys() >= {f"{OLD}_1", f"{OLD}_2"}
    assert f"{OLD}_4" not in panels(house)


async def test_nothing_can_be_deleted_while_the_system_is_not_loaded(house: House, delete: DeleteDevice) -> None:
    """Nobody knows what the cloud lists."""
    entry = await house.set_up()
    assert await house.hass.config_entries.async_unload(entry.entry_id)
    assert not await delete(entry, OLD)


async def test_a_battery_that_another_integration_has_registered_stays(house: House) -> None:
    """No listing names it."""
    entry = await house.set_up()
    battery = {(DOMAIN, f"{house.sid}_storage")}
    dr.async_get(house.hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers=battery, name="Battery")
    change(house, OLD)
    await scan(house)
    assert GONE not in house.devices()
    assert f"{house.sid}_storage" in house.devices()


# Plants of every shape


@pytest.mark.parametrize(
    "plant",
    [with_inverters(sample_plant(create_date=YOUNG), absent=absent) for absent in Absent]
    + [
        sample_plant(create_date=YOUNG, ecus=()),
    ],
)
async def test_a_plant_without_inverters_is_set_up(house: House, plant: Plant) -> None:
    """Its totals are shown; a refresh says that there is nothing to ask about."""
    await house.set_up()
    assert house.value("total_energy") is not None
    assert set(house.devices()) == {plant.sid, *(f"ecu_{ecu.eid}" for ecu in plant.ecus)}
    with pytest.raises(HomeAssistantError) as raised:
        await house.press("refresh_inverter_energy")
    assert raised.value.translation_key == "no_inverters"
    await house.press("scan_inverters")
    await house.pass_time("2026-06-15 23:30", HALF_HOUR)
    assert not house.calls("inverter_energy")
    assert not house.log()


@pytest.mark.parametrize("plant", [big_plant(60, 3, create_date=YOUNG)])
async def test_sixty_inverters_on_three_ecus_are_fetched_once_each(house: House, plant: Plant) -> None:
    """Sixty calls at 12:30, three at 23:00; every inverter shows its power."""
    await house.set_up()
    assert len(house.devices()) == 64
    assert len(house.calls("inverter_energy")) == 60
    assert all(house.value(f"inverter_{inverter.uid}_power") for inverter in plant.inverters)
    await house.pass_time("2026-06-15 23:04", HALF_HOUR)
    assert {call.target for call in house.calls("batch")} == {ecu.eid for ecu in plant.ecus}
    assert not house.log()


@pytest.mark.parametrize(
    "plant",
    [
        sample_plant(
            create_date=YOUNG,
            ecus=(Ecu(eid="002405253708", shared_prefix="2030000001236", inverters=(Inverter(uid=OLD),)),),
        )
    ],
)
async def test_the_ecu_of_a_shared_sub_user_is_called_by_the_id_after_the_dash(house: House, plant: Plant) -> None:
    """The cloud writes the sub-user's id before it."""
    await house.set_up()
    await house.pass_time("2026-06-15 23:04", HALF_HOUR)
    assert [(call.target, call.code) for call in house.calls("batch")] == [(plant.ecus[0].eid, 0)]
    assert house.state(f"inverter_{OLD}_power").attributes["ecu_id"] == "002405253708"
