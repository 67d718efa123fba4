"""Whether each ECU's samples arrive: without a call of its own."""

from dataclasses import replace
from datetime import date, timedelta

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, EntityCategory
import pytest

from simulator import FaultKind, Plant, Uploads, big_plant
from tests.harness import AUTOMATIC, House, paris
from tests.registry import device_of, entities

YOUNG = date(2026, 5, 20)


@pytest.fixture
def plant() -> Plant:
    """Return a plant with two ECUs, of which one has no network from 14:00 on."""
    plant = big_plant(4, 2, create_date=YOUNG)
    silent, speaking = plant.ecus
    outage = Uploads(failures=((paris("2026-06-15 14:00"), paris("2026-06-18 14:00")),))
    return replace(plant, ecus=(replace(silent, uploads=outage), speaking))


def connectivity(house: House) -> tuple[str, ...]:
    """Return the states of both ECUs."""
    return tuple(house.state(f"ecu_{ecu.eid}_connectivity", "binary_sensor").state for ecu in house.plant.ecus)


async def test_an_ecu_without_network_is_disconnected_and_the_other_is_not(house: House) -> None:
    """Until its samples arrive again."""
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    await house.pass_time("2026-06-15 13:45")
    assert connectivity(house) == (STATE_ON, STATE_ON)
    await house.pass_time("2026-06-15 18:00")
    assert connectivity(house) == (STATE_OFF, STATE_ON)
    await house.pass_time("2026-06-18 18:00", timedelta(minutes=15))
    assert connectivity(house) == (STATE_ON, STATE_ON)


async def test_it_is_a_diagnostic_sensor_of_the_ecu_with_the_time_of_its_newest_sample(house: House) -> None:
    """Which is not recorded: it changes with each read."""
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    await house.pass_time("2026-06-15 16:00")
    for ecu in house.plant.ecus:
        key = f"ecu_{ecu.eid}_connectivity"
        state = house.state(key, "binary_sensor")
        assert state.attributes["device_class"] == "connectivity"
        assert state.attributes["friendly_name"] == f"ECU {ecu.eid} Connectivity"
        assert entities(house)[key].entity_category is EntityCategory.DIAGNOSTIC
        assert device_of(house, key).id == house.devices()[f"ecu_{ecu.eid}"].id
        assert "newest_sample" in (state.state_info or {})["unrecorded_attributes"]
    silent, speaking = (
        house.state(f"ecu_{ecu.eid}_connectivity", "binary_sensor").attributes["newest_sample"]
        for ecu in house.plant.ecus
    )
    assert silent < "2026-06-15T14:00"
    assert speaking > "2026-06-15T15:00"


async def test_an_ecu_without_a_sample_of_the_day_is_named_by_the_sums(house: House) -> None:
    """Power and energy of today are those of the other."""
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    await house.pass_time("2026-06-15 13:45")
    assert [house.state(key).attributes["missing_ecus"] for key in ("power", "today_energy")] == [[], []]
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=15))
    silent, _ = house.plant.ecus
    for key in ("power", "today_energy"):
        assert house.state(key).attributes["missing_ecus"] == [silent.eid]
        assert house.value(key)


async def test_at_night_it_stays_as_the_day_has_left_it(house: House) -> None:
    """No ECU uploads in the dark."""
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    await house.pass_time("2026-06-15 21:00", timedelta(minutes=15))
    before = connectivity(house)
    assert before == (STATE_OFF, STATE_ON)
    await house.pass_time("2026-06-16 04:00", timedelta(hours=1))
    assert connectivity(house) == before


async def test_before_the_first_read_by_day_it_is_unknown(house: House) -> None:
    """A new installation at night has no figure of it."""
    house.move_to("2026-06-15 02:00")
    await house.set_up(**AUTOMATIC)
    assert connectivity(house) == (STATE_UNKNOWN, STATE_UNKNOWN)


async def test_failed_calls_say_nothing_about_an_ecu(house: House) -> None:
    """The cloud may be down while every ECU uploads."""
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    await house.pass_time("2026-06-15 13:45")
    house.order(FaultKind.STATUS, status=500, times=None)
    await house.pass_time("2026-06-15 17:00")
    assert STATE_OFF not in connectivity(house)


async def test_a_fixed_schedule_has_no_such_sensor_unless_it_had_one(house: House) -> None:
    """It reads no ECU's own series."""
    entry = await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    assert len([key for key in entities(house) if "connectivity" in key]) == 2
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "auto_scan_interval": False})
    await house.reload(entry)
    assert len(connectivity(house)) == 2


async def test_a_new_installation_with_a_fixed_schedule_has_none(house: House) -> None:
    """Its state would always be unknown."""
    await house.set_up()
    await house.pass_time("2026-06-15 23:30", timedelta(minutes=15))
    assert not [key for key in entities(house) if "connectivity" in key]


async def test_an_ecu_that_is_added_later_gets_its_sensor(house: House) -> None:
    """Without a reload; and one that is removed for good loses device and sensor."""
    first, second = house.plant.ecus
    both = house.plant
    house.cloud.plants[house.sid] = replace(both, ecus=(second,))
    await house.set_up(**AUTOMATIC, monthly_quota=10_000)
    key = f"ecu_{first.eid}_connectivity"
    assert key not in entities(house)
    house.cloud.plants[house.sid] = both
    await house.press("scan_inverters")
    await house.settle()
    assert key in entities(house)
    house.cloud.plants[house.sid] = replace(both, ecus=(second,))
    await house.press("scan_inverters")
    assert f"ecu_{first.eid}" in house.devices()
    house.freezer.tick(timedelta(hours=21))
    await house.press("scan_inverters")
    await house.settle()
    assert f"ecu_{first.eid}" not in house.devices()
    assert key not in entities(house)
    assert not [state for state in house.hass.states.async_all("binary_sensor") if first.eid in state.entity_id]
