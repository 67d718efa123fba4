"""The entities: what they are called, what they show by day and by night, what the recorder keeps of them."""

from datetime import date, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance, history
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Ecu, Inverter, Plant, sample_plant
from simulator.answers import inverter_minutely
from tests.house import House

YOUNG = sample_plant(create_date=date(2026, 5, 20))
DS3, QT2 = "703000000011", "902000000021"
TEN = [
    "power",
    *(f"dc_{what}_ch{number}" for what in ("power", "voltage", "current") for number in (1, 2)),
    "ac_voltage",
    "frequency",
    "temperature",
]
MORE = [
    *(f"dc_{what}_ch{number}" for what in ("power", "voltage", "current") for number in (3, 4)),
    "ac_voltage_l2",
    "ac_voltage_l3",
]


def answered(house: House, uid: str) -> dict[str, Any]:
    """Return what the cloud would tell of an inverter's day now."""
    inverter = house.plant.inverter(uid)
    assert inverter is not None
    view = house.cloud.view(house.sid)
    return inverter_minutely(view, inverter, view.today)


def numbers(values: list[str]) -> list[float]:
    """Return what the cloud writes as texts."""
    return [float(value) for value in values]


# Identity


async def test_unique_ids_are_those_of_the_original(house: House, entity_registry: er.EntityRegistry) -> None:
    """Whoever comes from there keeps every entity, and those of further channels and phases come along."""
    entry = await house.set_up()
    ids = {entity.unique_id for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)}
    assert ids >= {
        f"{house.sid}_{key}" for key in ("total_energy", "today_energy", "scan_inverters", "refresh_inverter_energy")
    }
    of_inverters = {unique_id for unique_id in ids if unique_id.startswith(f"{house.sid}_inverter_")}
    assert of_inverters == {
        f"{house.sid}_inverter_{inverter.uid}_{key}"
        for inverter in house.plant.inverters
        for key in (TEN + MORE if inverter.type == "QT2" else TEN)
    }


async def test_devices_are_those_of_the_original(house: House) -> None:
    """The inverters hang below the system."""
    await house.set_up()
    devices = house.devices()
    assert set(devices) == {house.sid, *(inverter.uid for inverter in house.plant.inverters)}
    assert devices[house.sid].name == f"APsystems {house.sid}"
    for inverter in house.plant.inverters:
        device = devices[inverter.uid]
        assert device.identifiers == {(DOMAIN, inverter.uid)}
        assert (device.name, device.model) == (f"Inverter {inverter.uid}", inverter.type)
        assert device.via_device_id == devices[house.sid].id


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        ("total_energy", "APsystems {sid} Total energy", ("energy", "total_increasing", "kWh")),
        ("today_energy", "APsystems {sid} Today energy", ("energy", "total", "kWh")),
        (f"inverter_{DS3}_power", f"Inverter {DS3} Power", ("power", "measurement", "W")),
        (f"inverter_{DS3}_dc_power_ch1", f"Inverter {DS3} DC power channel 1", ("power", "measurement", "W")),
        (f"inverter_{DS3}_dc_voltage_ch2", f"Inverter {DS3} DC voltage channel 2", ("voltage", "measurement", "V")),
        (f"inverter_{DS3}_dc_current_ch2", f"Inverter {DS3} DC current channel 2", ("current", "measurement", "A")),
        (f"inverter_{DS3}_ac_voltage", f"Inverter {DS3} AC voltage", ("voltage", "measurement", "V")),
        (f"inverter_{QT2}_ac_voltage_l3", f"Inverter {QT2} AC voltage L3", ("voltage", "measurement", "V")),
        (f"inverter_{DS3}_frequency", f"Inverter {DS3} Frequency", ("frequency", "measurement", "Hz")),
        (f"inverter_{DS3}_temperature", f"Inverter {DS3} Temperature", ("temperature", "measurement", "°C")),
    ],
)
async def test_each_sensor_is_what_home_assistant_needs_to_know(
    house: House, key: str, name: str, kind: tuple[str, str, str]
) -> None:
    """Class and unit decide about statistics and the Energy dashboard."""
    await house.set_up()
    attributes = house.state(key).attributes
    assert attributes["friendly_name"] == name.format(sid=house.sid)
    assert tuple(attributes[what] for what in ("device_class", "state_class", "unit_of_measurement")) == kind


# Values


@pytest.mark.parametrize("uid", [DS3, QT2])
@pytest.mark.parametrize("plant", [YOUNG, sample_plant(create_date=date(2026, 5, 20), ac_p_without_number=True)])
async def test_an_inverter_shows_its_newest_sample(house: House, plant: Plant, uid: str) -> None:
    """As many channels and phases as the data has; the phases' power added up."""
    await house.set_up()
    data, prefix = answered(house, uid), f"inverter_{uid}_"
    phases = [numbers(data[key]) for key in ("ac_p", "ac_p1", "ac_p2", "ac_p3") if key in data]
    assert house.value(prefix + "power") == pytest.approx(sum(phase[-1] for phase in phases), abs=0.01)
    assert house.value(prefix + "frequency") == float(data["ac_f"][-1])
    assert house.value(prefix + "temperature") == float(data["ac_t"][-1])
    assert house.value(prefix + "ac_voltage") == float(data["ac_v1"][-1])
    if uid == QT2:
        assert house.value(prefix + "ac_voltage_l2") == float(data["ac_v2"][-1])
        assert house.value(prefix + "ac_voltage_l3") == float(data["ac_v3"][-1])
    for number in range(1, 5 if uid == QT2 else 3):
        assert house.value(f"{prefix}dc_power_ch{number}") == float(data[f"dc_p{number}"][-1])
        assert house.value(f"{prefix}dc_voltage_ch{number}") == float(data[f"dc_v{number}"][-1])
        assert house.value(f"{prefix}dc_current_ch{number}") == float(data[f"dc_i{number}"][-1])
    assert plant.inverters


async def test_the_power_sensor_carries_the_day(house: House) -> None:
    """Series, peaks and moments, channels 3 and 4 alike."""
    await house.set_up()
    data, attributes = answered(house, QT2), house.state(f"inverter_{QT2}_power").attributes
    ac = [round(sum(sample), 1) for sample in zip(*(numbers(data[f"ac_p{n}"]) for n in (1, 2, 3)), strict=True)]
    assert attributes["hourly_times"] == data["t"]
    assert attributes["hourly_ac_power"] == pytest.approx(ac)
    assert attributes["ac_power_peak_w"] == pytest.approx(max(ac))
    for number in range(1, 5):
        series = numbers(data[f"dc_p{number}"])
        assert attributes[f"hourly_dc_p{number}"] == series
        assert attributes[f"dc_channel{number}_peak_w"] == max(series)
        assert attributes[f"dc_channel{number}_power_w"] == series[-1]
    assert attributes["inverter_uid"] == QT2
    assert attributes["inverter_type"] == "QT2"
    assert attributes["ecu_id"] == house.plant.ecus[0].eid
    assert attributes["data_date"] == "2026-06-15"
    assert attributes["measured_at"] == data["t"][-1]
    assert "dc_channel3_peak_w" not in house.state(f"inverter_{DS3}_power").attributes


async def test_total_and_today_carry_the_hours(house: House) -> None:
    """24 hours of the day, the closed ones as they were."""
    await house.set_up()
    total, today = house.state("total_energy").attributes, house.state("today_energy").attributes
    hours = house.truth.hourly_kwh(date(2026, 6, 15))
    for attributes in (total, today):
        assert len(attributes["hourly_kwh"]) == 24
        assert attributes["hourly_kwh"][:13] == pytest.approx(hours[:13], abs=0.01)
        assert attributes["hourly_date"] == "2026-06-15"
        assert attributes["solar_hours_active"] is True
        assert attributes["status"] == "solar_hours"
    assert total["source"] == "APsystems OpenAPI"
    assert total["today_kwh"] == house.value("today_energy")
    assert total["year_kwh"] > total["month_kwh"] > total["today_kwh"]
    assert today["last_reset"] == "2026-06-15T00:00:00+02:00"
    assert "last_reset" not in total


async def test_batch_power_at_night_completes_the_day(house: House) -> None:
    """The DC series reach to the last light afterwards; AC, which it does not tell, stays."""
    await house.set_up()
    before = house.state(f"inverter_{DS3}_power").attributes
    await house.pass_time("2026-06-15 23:10", timedelta(minutes=30))
    after, data = house.state(f"inverter_{DS3}_power").attributes, answered(house, DS3)
    assert after["hourly_times"] == data["t"]
    assert after["hourly_dc_p2"] == numbers(data["dc_p2"])
    assert after["dc_channel1_peak_w"] == max(numbers(data["dc_p1"]))
    assert [watt for watt in after["hourly_ac_power"] if watt is not None] == before["hourly_ac_power"]


# Night, morning, all day long


async def test_at_night_power_is_nothing_and_what_is_not_measured_is_unknown(house: House) -> None:
    """Energies keep their values."""
    await house.set_up()
    await house.pass_time("2026-06-15 22:20", timedelta(minutes=30))
    total, today = house.value("total_energy"), house.value("today_energy")
    await house.pass_time("2026-06-15 23:30", timedelta(minutes=30))
    for key in TEN:
        assert house.value(f"inverter_{DS3}_{key}") == (0 if "power" in key else None), key
    assert house.state(f"inverter_{DS3}_power").attributes["dc_channel1_power_w"] == 0
    assert (house.value("total_energy"), house.value("today_energy")) == (total, today)
    assert house.state("total_energy").attributes["status"] == "night"
    assert house.state("total_energy").attributes["solar_hours_active"] is False


async def test_yesterdays_sample_is_never_shown_by_day(house: House) -> None:
    """From sunrise to today's first telemetry there is none to show."""
    await house.set_up()
    await house.pass_time("2026-06-16 05:30", timedelta(hours=1))
    assert house.value(f"inverter_{DS3}_power") == 0
    await house.pass_time("2026-06-16 12:20", timedelta(minutes=30))
    assert {house.value(f"inverter_{DS3}_{key}") for key in TEN} == {None}
    await house.pass_time("2026-06-16 12:40")
    assert None not in {house.value(f"inverter_{DS3}_{key}") for key in TEN}


async def test_nothing_is_unavailable_between_calls_and_what_changes_is_not_recorded(house: House) -> None:
    """Through a day and a night; the recorder keeps only attributes that stay."""
    await house.set_up()
    seen: dict[tuple[str, str], set[str]] = {}
    states: set[str] = set()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        states.add(state.state)
        recorded = state.attributes.keys() - (state.state_info or {})["unrecorded_attributes"]
        for key in recorded - {"last_reset"}:
            seen.setdefault((state.entity_id, key), set()).add(str(state.attributes[key]))

    stop = house.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    await house.pass_time(timedelta(hours=25), timedelta(minutes=20))
    stop()
    assert "unavailable" not in states
    assert not {key for key, values in seen.items() if len(values) > 1}


async def test_a_day_costs_the_recorder_no_series(recorder_mock: object, house: House) -> None:
    """In the database stand the state and what never changes; `last_reset` has to."""
    assert recorder_mock
    start = house.now
    await house.set_up()
    await async_wait_recording_done(house.hass)
    ids = [house.entity_id(key) for key in ("total_energy", "today_energy", f"inverter_{DS3}_power")]
    kept = await get_instance(house.hass).async_add_executor_job(
        history.get_significant_states, house.hass, start - timedelta(hours=1), None, ids
    )
    shown = {entity_id: set(kept[entity_id][-1].attributes) for entity_id in ids}
    changing = {"hourly", "kwh", "peak", "power_w", "measured", "data_date", "status", "solar_hours"}
    assert not {key for keys in shown.values() for key in keys if any(word in key for word in changing)}
    assert "last_reset" in shown[ids[1]]
    assert {"ecu_id", "inverter_uid", "inverter_type"} <= shown[ids[2]]


# What grows by the data


@pytest.mark.parametrize(
    "plant",
    [
        sample_plant(
            create_date=date(2026, 5, 20),
            ecus=(
                Ecu(
                    eid="216200012345",
                    inverters=(
                        Inverter(uid="703000000011", channels=1),
                        Inverter(uid="703000000012", type="no such model", channels=3),
                        Inverter(uid="703000000013", channels=2, phases=3),
                    ),
                ),
            ),
        )
    ],
)
async def test_channels_and_phases_are_as_many_as_the_data_shows(house: House, plant: Plant) -> None:
    """Not as many as the model's name lets one expect."""
    await house.set_up()
    for inverter in plant.inverters:
        shown = house.state(f"inverter_{inverter.uid}_power").attributes
        assert (f"hourly_dc_p{inverter.channels}" in shown, f"hourly_dc_p{inverter.channels + 1}" in shown) == (
            True,
            False,
        )
        assert house.value(f"inverter_{inverter.uid}_dc_power_ch{inverter.channels}")
    assert house.value("inverter_703000000013_ac_voltage_l3")
