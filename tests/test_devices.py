"""Inverters that come and go, plants of every shape, and devices that an owner deletes."""

from dataclasses import replace
from datetime import date, timedelta
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import Absent, Ecu, FaultKind, Inverter, Kind, Plant, big_plant, sample_plant
from tests.house import House

OLD, GONE, NEW = "703000000011", "703000000012", "703000000099"
HALF_HOUR = timedelta(minutes=30)
YOUNG = date(2026, 5, 20)


def with_inverters(plant: Plant, *uids: str, absent: Absent = Absent.EMPTY) -> Plant:
    """Return the plant with other inverters on its first ECU."""
    ecu = replace(plant.ecus[0], inverters=tuple(Inverter(uid=uid) for uid in uids), without_inverters=absent)
    return replace(plant, ecus=(ecu, *plant.ecus[1:]))


def change(house: House, *uids: str, absent: Absent = Absent.EMPTY) -> None:
    """Put other inverters on the roof."""
    house.cloud.plants[house.sid] = with_inverters(house.plant, *uids, absent=absent)


async def scan(house: House) -> None:
    """Ask for the list by the button."""
    await house.press("scan_inverters")
    await house.settle()


# Coming


async def test_a_new_inverter_appears_with_the_list_and_without_a_reload(house: House) -> None:
    """Device and entities at once, values with its first telemetry."""
    await house.set_up()
    house.cloud.plants[house.sid] = with_inverters(house.plant, OLD, GONE, NEW)
    await scan(house)
    assert NEW in house.devices()
    assert house.value(f"inverter_{NEW}_power") is None
    house.freezer.tick(timedelta(minutes=40))
    await house.press("refresh_inverter_energy")
    assert house.value(f"inverter_{NEW}_power")


async def test_an_unknown_inverter_in_the_nights_batch_is_looked_up_once(house: House) -> None:
    """So new inverters appear by themselves, within a day."""
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


async def test_what_the_list_never_names_is_not_looked_up_every_night(house: House) -> None:
    """An id that only the batch knows costs one listing, not one a day."""
    await house.set_up()
    change(house, OLD, GONE, NEW)
    listed = [{"eid": house.plant.ecus[0].eid, "inverter": [{"uid": OLD, "type": "DS3"}, {"uid": GONE}]}]
    house.order(FaultKind.BODY, on=Kind.INVERTERS, body=json.dumps({"code": 0, "data": listed}))
    before = len(house.calls("inverters"))
    for day in (15, 16, 17):
        await house.pass_time(f"2026-06-{day} 23:02", timedelta(hours=2))
        await house.pass_time(f"2026-06-{day} 23:50", timedelta(minutes=10))
    assert len(house.calls("inverters")) - before == 1
    assert NEW not in house.devices()


# Going


async def test_a_vanished_inverter_goes_with_the_list_and_all_that_is_its(
    house: House, entity_registry: er.EntityRegistry
) -> None:
    """Device, entities and states; the others stay."""
    entry = await house.set_up()
    change(house, OLD)
    await house.pass_time(timedelta(hours=1), HALF_HOUR)
    assert GONE in house.devices()
    await scan(house)
    assert set(house.devices()) == {house.sid, OLD}
    left = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert not [entity.unique_id for entity in left if GONE in entity.unique_id]
    assert not [state.entity_id for state in house.hass.states.async_all() if GONE in state.entity_id]
    assert house.value(f"inverter_{OLD}_power")


async def test_an_inverter_that_comes_back_is_shown_again(house: House) -> None:
    """Taken down and put up again, without a reload in between."""
    await house.set_up()
    change(house, OLD)
    await scan(house)
    change(house, OLD, GONE)
    await scan(house)
    house.freezer.tick(timedelta(hours=1))
    await house.press("refresh_inverter_energy")
    assert house.value(f"inverter_{GONE}_power")


async def test_an_inverter_that_vanished_while_home_assistant_was_off_goes_with_the_next_list(house: House) -> None:
    """Its device is still known after the reload, until the cloud has spoken."""
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
    """Only an inverter's own ECU, with a list that is not empty, says that it is gone."""
    await house.set_up()
    kept = {key: state.state for key in (OLD, GONE) for state in [house.state(f"inverter_{key}_power")]}
    house.order(kind, on=Kind.INVERTERS, **how)
    try:
        await house.press("scan_inverters")
    except HomeAssistantError:
        assert kind is not FaultKind.EMPTY_DATA
    await house.settle()
    assert set(house.devices()) >= {house.sid, OLD, GONE, "902000000021"}
    assert {key: house.state(f"inverter_{key}_power").state for key in (OLD, GONE)} == kept


@pytest.mark.parametrize("absent", list(Absent))
@pytest.mark.parametrize("plant", [big_plant(4, 2, create_date=YOUNG)])
async def test_an_ecu_without_a_list_keeps_its_inverters(house: House, plant: Plant, absent: Absent) -> None:
    """The other ECU's vanished one goes all the same."""
    await house.set_up()
    silent, speaking = plant.ecus
    house.cloud.plants[house.sid] = replace(
        plant,
        ecus=(
            replace(silent, inverters=(), without_inverters=absent),
            replace(speaking, inverters=speaking.inverters[:1]),
        ),
    )
    await scan(house)
    kept = {inverter.uid for inverter in (*silent.inverters, speaking.inverters[0])}
    assert set(house.devices()) == {house.sid, *kept}


# Deleting by hand


@pytest.fixture
async def delete(house: House, hass_ws_client: WebSocketGenerator) -> Any:  # noqa: ANN401
    """Return how an owner deletes a device; true when Home Assistant lets him."""
    assert await async_setup_component(house.hass, "config", {})
    client = await hass_ws_client(house.hass)

    async def delete_device(entry: ConfigEntry[Any], name: str) -> bool:
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "config_entry_id": entry.entry_id,
                "device_id": house.devices()[name].id,
            }
        )
        answer = await client.receive_json()
        await house.settle()
        return answer["success"]

    return delete_device


async def test_a_device_can_be_deleted_only_when_the_cloud_does_not_list_it(house: House, delete: Any) -> None:  # noqa: ANN401
    """Never the system's, and no inverter that would come back with the next list."""
    entry = await house.set_up()
    assert not await delete(entry, house.sid)
    assert not await delete(entry, GONE)

    change(house, absent=Absent.NULL)
    await scan(house)
    assert GONE in house.devices()
    assert await delete(entry, GONE)
    assert set(house.devices()) == {house.sid, OLD, "902000000021"}
    assert not await delete(entry, house.sid)

    await house.reload(entry)
    assert GONE not in house.devices()
    assert OLD in house.devices()


# Plants of every shape


@pytest.mark.parametrize(
    "plant",
    [with_inverters(sample_plant(create_date=YOUNG), absent=absent) for absent in Absent]
    + [
        sample_plant(create_date=YOUNG, ecus=()),
    ],
)
async def test_a_plant_without_inverters_is_set_up(house: House, plant: Plant) -> None:
    """Its totals are shown; the buttons have nothing to do and say nothing."""
    await house.set_up()
    assert house.value("total_energy") is not None
    assert set(house.devices()) == {plant.sid}
    await house.press("refresh_inverter_energy")
    await house.press("scan_inverters")
    await house.pass_time("2026-06-15 23:30", HALF_HOUR)
    assert not house.calls("inverter_energy")
    assert not house.log()


@pytest.mark.parametrize("plant", [big_plant(60, 3, create_date=YOUNG)])
async def test_sixty_inverters_on_three_ecus_are_read_in_one_round_each(house: House, plant: Plant) -> None:
    """Sixty calls at 12:30, three at 23:00, and every inverter shows its power."""
    await house.set_up()
    assert len(house.devices()) == 61
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
async def test_the_ecu_of_a_shared_sub_user_is_asked_by_its_own_id(house: House, plant: Plant) -> None:
    """The part after the dash."""
    await house.set_up()
    await house.pass_time("2026-06-15 23:04", HALF_HOUR)
    assert [(call.target, call.code) for call in house.calls("batch")] == [(plant.ecus[0].eid, 0)]
    assert house.state(f"inverter_{OLD}_power").attributes["ecu_id"] == "002405253708"
