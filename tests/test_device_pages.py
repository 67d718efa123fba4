"""What the pages of the devices show: names, categories, models, links, and values that change when they should."""
# ruff: noqa: D103 -- test names say what they check

from collections import Counter
from datetime import timedelta

from homeassistant.const import EVENT_STATE_CHANGED, EntityCategory
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
import pytest

from simulator import big_plant, sample_plant
from tests.harness import AUTOMATIC, House

QT2, DS3 = "902000000021", "703000000011"


def entries(house: House) -> dict[str, er.RegistryEntry]:
    """Return the registered entities by unique id without the system's."""
    registered = er.async_get(house.hass).entities.values()
    return {e.unique_id.removeprefix(f"{house.sid}_"): e for e in registered if e.platform == "apsystems_openapi"}


async def test_electrical_values_are_diagnostic_and_power_and_energy_are_not(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-16 13:00", timedelta(minutes=20))
    electrical = {"voltage", "current", "frequency", "temperature"}
    of_inverters = {key: entity for key, entity in entries(house).items() if key.startswith("inverter_")}
    assert len(of_inverters) > 30
    for key, entity in of_inverters.items():
        is_electrical = entity.original_device_class in electrical
        assert entity.entity_category == (EntityCategory.DIAGNOSTIC if is_electrical else None), key


async def test_each_phase_has_its_name_from_the_first_start_on(house: House) -> None:
    """The unique id of the first one is that of a single phase."""
    house.move_to("2026-06-15 06:30")
    await house.set_up(**AUTOMATIC)
    names = {key: entity.original_name for key, entity in entries(house).items() if "ac_voltage" in key}
    assert names[f"inverter_{QT2}_ac_voltage"] == "AC voltage L1"
    assert names[f"inverter_{DS3}_ac_voltage"] == "AC voltage"
    await house.pass_time("2026-06-15 13:00", timedelta(minutes=20))
    names = {key: entity.original_name for key, entity in entries(house).items() if "ac_voltage" in key}
    assert [names[f"inverter_{QT2}_ac_voltage{phase}"] for phase in ("", "_l2", "_l3")] == [
        "AC voltage L1",
        "AC voltage L2",
        "AC voltage L3",
    ]


async def test_devices_have_model_serial_number_and_a_link_to_the_portal(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=1))
    devices = house.devices()
    system, ecu, inverter = devices[house.sid], devices["ecu_216200012345"], devices[QT2]
    assert system.configuration_url == "https://apsystemsema.com/ema/index.action"
    assert (system.manufacturer, system.serial_number) == ("APsystems", house.sid)
    assert system.model == "Photovoltaic system, 3.28 kW"
    assert (ecu.model, ecu.serial_number) == ("ECU", "216200012345")
    assert (inverter.model, inverter.serial_number) == ("QT2", QT2)


async def test_the_counter_says_what_it_assumes_of_the_time_before(house: House) -> None:
    """A new App ID is not known here: the share of the month that has passed counts as spent."""
    house.move_to("2026-06-16 00:10")
    await house.set_up(**AUTOMATIC)
    shown = house.state("api_calls_month")
    assert shown.attributes["assumed"] == pytest.approx(500, abs=20)
    assert float(shown.state) == shown.attributes["assumed"] + house.cloud.spent()
    await house.pass_time("2026-07-02 12:00", timedelta(hours=1))
    shown = house.state("api_calls_month")
    assert shown.attributes["assumed"] == 0
    assert 20 < float(shown.state) <= house.cloud.spent()


@pytest.mark.parametrize("plant", [sample_plant(), big_plant(6, 3)], ids=["one ECU", "three"])
async def test_times_change_at_most_once_for_each_read(house: House) -> None:
    changes: Counter[str] = Counter()
    house.move_to("2026-06-15 23:30")
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-16 00:10")

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and old.state != new.state:
            changes[new.entity_id.removeprefix(f"sensor.apsystems_{house.sid.lower()}_")] += 1

    house.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    seen = len(house.calls())
    await house.pass_time("2026-06-17 00:10")
    rounds = {call.time.replace(second=0, microsecond=0) for call in house.calls(since=seen)}
    assert 5 < changes["data_time"] <= len(rounds)
    assert 10 < changes["next_read"] <= len(rounds) + 1
