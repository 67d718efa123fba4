"""Sensors: ids, names and classes, states by day and by night, and their attributes in the recorder."""

from datetime import date, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance, history
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from simulator import Ecu, FaultKind, Inverter, Plant, sample_plant
from simulator.answers import inverter_minutely
from tests.harness import AUTOMATIC, House, paris

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
    """Return the cloud's answer for an inverter's day."""
    inverter = house.plant.inverter(uid)
    assert inverter is not None
    view = house.cloud.view(house.sid)
    return inverter_minutely(view, inverter, view.today)


def numbers(values: list[str]) -> list[float]:
    """Return the numbers that the cloud writes as texts."""
    return [float(value) for value in values]


# Identity


async def test_unique_ids_are_those_of_the_original(house: House, entity_registry: er.EntityRegistry) -> None:
    """So every entity is kept; further channels and phases are added."""
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


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        ("total_energy", "APsystems {sid} Total energy", ("energy", "total_increasing", "kWh")),
        ("today_energy", "APsystems {sid} Today energy", ("energy", "total", "kWh")),
        (f"inverter_{DS3}_power", f"Inverter {DS3} Power", ("power", "measurement", "W")),
        (f"inverter_{DS3}_dc_power_ch1", f"Inverter {DS3} panel 1 DC power", ("power", "measurement", "W")),
        (f"inverter_{DS3}_dc_voltage_ch2", f"Inverter {DS3} panel 2 DC voltage", ("voltage", "measurement", "V")),
        (f"inverter_{DS3}_dc_current_ch2", f"Inverter {DS3} panel 2 DC current", ("current", "measurement", "A")),
        (f"inverter_{DS3}_ac_voltage", f"Inverter {DS3} AC voltage", ("voltage", "measurement", "V")),
        (f"inverter_{QT2}_ac_voltage_l3", f"Inverter {QT2} AC voltage L3", ("voltage", "measurement", "V")),
        (f"inverter_{DS3}_frequency", f"Inverter {DS3} Frequency", ("frequency", "measurement", "Hz")),
        (f"inverter_{DS3}_temperature", f"Inverter {DS3} Temperature", ("temperature", "measurement", "°C")),
    ],
)
async def test_each_sensor_has_its_name_classes_and_unit(
    house: House, key: str, name: str, kind: tuple[str, str, str]
) -> None:
    """Statistics and the Energy dashboard depend on them."""
    await house.set_up()
    attributes = house.state(key).attributes
    assert attributes["friendly_name"] == name.format(sid=house.sid)
    assert tuple(attributes[what] for what in ("device_class", "state_class", "unit_of_measurement")) == kind


# Values


@pytest.mark.parametrize("uid", [DS3, QT2])
@pytest.mark.parametrize("plant", [YOUNG, sample_plant(create_date=date(2026, 5, 20), ac_p_without_number=True)])
async def test_an_inverter_shows_its_newest_sample(house: House, plant: Plant, uid: str) -> None:
    """For every channel and phase; power is the sum of the phases."""
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


async def test_the_power_sensor_has_the_day_in_its_attributes(house: House) -> None:
    """Series, peaks and times, of channels 3 and 4 as well."""
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


async def test_total_and_today_have_the_hours_in_their_attributes(house: House) -> None:
    """24 hours of the day."""
    await house.set_up()
    total, today = house.state("total_energy").attributes, house.state("today_energy").attributes
    hours = house.truth.hourly_kwh(date(2026, 6, 15))
    for attributes in (total, today):
        assert len(attributes["hourly_kwh"]) == 24
        assert attributes["hourly_kwh"][:13] == pytest.approx(hours[:13], abs=0.01)
        assert attributes["hourly_date"] == "2026-06-15"
        assert attributes["solar_hours_active"] is True
        assert attributes["status"] == "Solar hours"
    assert total["source"] == "APsystems OpenAPI"
    assert total["today_kwh"] == house.value("today_energy")
    assert total["year_kwh"] > total["month_kwh"] > total["today_kwh"]
    assert today["last_reset"] == "2026-06-15T00:00:00+02:00"
    assert "last_reset" not in total


async def test_batch_power_at_night_completes_the_day(house: House) -> None:
    """The DC series reach until sunset; AC, which the batch does not contain, stays."""
    await house.set_up()
    before = house.state(f"inverter_{DS3}_power").attributes
    await house.pass_time("2026-06-15 23:10", timedelta(minutes=30))
    after, data = house.state(f"inverter_{DS3}_power").attributes, answered(house, DS3)
    assert after["hourly_times"] == data["t"]
    assert after["hourly_dc_p2"] == numbers(data["dc_p2"])
    assert after["dc_channel1_peak_w"] == max(numbers(data["dc_p1"]))
    assert [watt for watt in after["hourly_ac_power"] if watt is not None] == before["hourly_ac_power"]


# Night and morning


async def test_at_night_power_is_0_and_other_measurements_are_unknown(house: House) -> None:
    """Energies stay."""
    await house.set_up()
    await house.pass_time("2026-06-15 22:20", timedelta(minutes=30))
    total, today = house.value("total_energy"), house.value("today_energy")
    await house.pass_time("2026-06-15 23:30", timedelta(minutes=30))
    for key in TEN:
        assert house.value(f"inverter_{DS3}_{key}") == (0 if "power" in key else None), key
    assert house.state(f"inverter_{DS3}_power").attributes["dc_channel1_power_w"] == 0
    assert (house.value("total_energy"), house.value("today_energy")) == (total, today)
    assert house.state("total_energy").attributes["status"] == "Night hours (cached data)"
    assert house.state("total_energy").attributes["solar_hours_active"] is False


async def test_after_sunset_a_power_that_was_just_sampled_stays_for_half_an_hour(house: House) -> None:
    """Of system, inverter and panel alike; then it is 0. Other measurements are unknown at once."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 21:50", timedelta(minutes=30))
    await house.press("refresh_inverter_energy")
    await house.press("read_now")
    powers = ["power", f"inverter_{DS3}_power", f"inverter_{DS3}_dc_power_ch2"]
    by_day = [house.value(key) for key in powers]
    assert all(by_day)
    await house.pass_time("2026-06-15 22:10")
    assert [house.value(key) for key in powers] == by_day
    assert house.state(f"inverter_{DS3}_power").attributes["dc_channel2_power_w"] == by_day[2]
    assert {house.value(f"inverter_{DS3}_{key}") for key in TEN if "power" not in key} == {None}
    await house.pass_time("2026-06-15 22:20")
    assert [house.value(key) for key in powers] == [0, 0, 0]


async def test_yesterdays_sample_is_never_shown_by_day(house: House) -> None:
    """From sunrise to the first telemetry measurements are unknown."""
    await house.set_up()
    await house.pass_time("2026-06-16 05:30", timedelta(hours=1))
    assert house.value(f"inverter_{DS3}_power") == 0
    await house.pass_time("2026-06-16 12:20", timedelta(minutes=30))
    assert {house.value(f"inverter_{DS3}_{key}") for key in TEN} == {None}
    await house.pass_time("2026-06-16 12:40")
    assert None not in {house.value(f"inverter_{DS3}_{key}") for key in TEN}


# Ages


async def test_a_measurement_is_shown_no_longer_than_its_age_allows(house: House) -> None:
    """The fixed schedule reads inverters at 12:30: AC for two and a half hours, panels for six."""
    await house.set_up()
    ac = [f"inverter_{DS3}_{key}" for key in ("power", "ac_voltage", "frequency", "temperature")]
    dc = [f"inverter_{DS3}_dc_{key}_ch2" for key in ("power", "voltage", "current")]
    await house.pass_time("2026-06-15 15:00", timedelta(minutes=30))
    assert None not in {house.value(key) for key in ac + dc}
    await house.pass_time("2026-06-15 15:40")
    assert {house.value(key) for key in ac} == {None}
    assert None not in {house.value(key) for key in dc}
    assert house.state(ac[0]).attributes["dc_channel2_power_w"] == house.value(dc[0])
    await house.pass_time("2026-06-15 19:10", timedelta(minutes=30))
    assert {house.value(key) for key in ac + dc} == {None}
    assert house.state(ac[0]).attributes["dc_channel2_power_w"] is None


async def test_a_new_reading_brings_measurements_back(house: House) -> None:
    """By a press, for all of them."""
    await house.set_up()
    await house.pass_time("2026-06-15 16:00", timedelta(minutes=30))
    assert house.value(f"inverter_{DS3}_power") is None
    await house.press("refresh_inverter_energy")
    assert None not in {house.value(f"inverter_{DS3}_{key}") for key in TEN}


async def test_the_energy_of_a_panel_is_that_of_the_day_or_unknown(house: House) -> None:
    """Never yesterday's; `last_reset` is the midnight of the day."""
    await house.set_up(**AUTOMATIC, panel_statistics=True)
    await house.pass_time("2026-06-15 23:30", timedelta(minutes=30))
    key = f"inverter_{QT2}_energy_today_ch4"
    assert house.value(key) == pytest.approx(
        house.truth.energy_kwh(paris("2026-06-15 00:00"), paris("2026-06-16 00:00"), uid=QT2, channel=4), abs=0.02
    )
    assert house.state(key).attributes["data_date"] == "2026-06-15"
    assert house.state(key).attributes["last_reset"] == "2026-06-15T00:00:00+02:00"
    await house.pass_time("2026-06-16 00:10")
    assert house.value(key) is None
    assert house.state(key).attributes["data_date"] == "2026-06-15"
    assert house.state(key).attributes["last_reset"] == "2026-06-16T00:00:00+02:00"


async def test_the_status_shows_the_day_of_its_details(house: House) -> None:
    """They are asked for every third day; the date is not recorded."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 14:00")
    shown = house.state("status")
    assert (shown.state, shown.attributes["details_date"]) == ("normal", "2026-06-15")
    assert "details_date" in (shown.state_info or {})["unrecorded_attributes"]


# Availability


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.CODE])
async def test_after_two_days_without_an_answer_figures_are_unavailable(house: House, kind: FaultKind) -> None:
    """A server that fails, or credentials that are refused. What Home Assistant knows by itself stays."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 13:30")
    house.order(kind, status=500, code=2004)
    figures = ["total_energy", "today_energy", "power", f"inverter_{DS3}_power", f"inverter_{DS3}_dc_power_ch1"]
    await house.pass_time("2026-06-17 12:30", timedelta(minutes=30))
    assert "unavailable" not in {house.state(key).state for key in figures}
    await house.pass_time("2026-06-17 14:00", timedelta(minutes=30))
    assert {house.state(key).state for key in figures} == {"unavailable"}
    assert house.state("ecu_216200012345_connectivity", "binary_sensor").state == "unavailable"
    assert "unavailable" not in {house.state(key).state for key in ("api_calls_month", "next_read", "history")}
    assert house.state("scan_inverters", "button").state != "unavailable"
    house.cloud.faults.clear()
    await house.press("scan_inverters")
    assert "unavailable" not in {house.state(key).state for key in figures}


# Reads that an automation asks for


async def update(house: House, *keys: str) -> None:
    """Update sensors as automations do."""
    ids = [house.entity_id(key) for key in keys]
    await house.patiently(
        house.hass.services.async_call("homeassistant", "update_entity", {"entity_id": ids}, blocking=True)
    )
    await house.settle()


async def test_updating_sensors_of_the_system_reads_once_for_all_of_them(house: House) -> None:
    """Only when there may be something newer; an inverter's sensors read nothing."""
    assert await async_setup_component(house.hass, "homeassistant", {})
    await house.set_up(**AUTOMATIC)
    house.move_to("2026-06-15 13:20")
    await house.settle()
    before = len(house.calls())
    await update(house, f"inverter_{DS3}_power", f"inverter_{DS3}_dc_power_ch1")
    assert len(house.calls()) == before
    await update(house, "total_energy", "today_energy", "power")
    assert [call.kind for call in house.calls(since=before)] == ["ecu_energy"]
    await update(house, "total_energy")
    assert len(house.calls()) == before + 1


# The recorder


async def test_no_entity_is_unavailable_between_calls_and_changing_attributes_are_not_recorded(house: House) -> None:
    """Over a day and a night."""
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


@pytest.mark.parametrize("recorder_config", [None])
async def test_the_recorder_stores_no_series(recorder_mock: object, house: House) -> None:
    """Only constant attributes, and `last_reset`, which statistics need."""
    assert recorder_mock
    start = house.now
    await house.set_up()
    await async_wait_recording_done(house.hass)
    ids = [house.entity_id(key) for key in ("total_energy", "today_energy", f"inverter_{DS3}_power")]
    recorded = await get_instance(house.hass).async_add_executor_job(
        history.get_significant_states, house.hass, start - timedelta(hours=1), None, ids
    )
    shown = {entity_id: set(recorded[entity_id][-1].attributes) for entity_id in ids}
    changing = {"hourly", "kwh", "peak", "power_w", "measured", "data_date", "status", "solar_hours"}
    assert not {key for keys in shown.values() for key in keys if any(word in key for word in changing)}
    assert "last_reset" in shown[ids[1]]
    assert {"ecu_id", "inverter_uid", "inverter_type"} <= shown[ids[2]]


# Channels and phases


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
    """The model's name does not matter."""
    await house.set_up()
    for inverter in plant.inverters:
        shown = house.state(f"inverter_{inverter.uid}_power").attributes
        assert (f"hourly_dc_p{inverter.channels}" in shown, f"hourly_dc_p{inverter.channels + 1}" in shown) == (
            True,
            False,
        )
        assert house.value(f"inverter_{inverter.uid}_dc_power_ch{inverter.channels}")
    assert house.value("inverter_703000000013_ac_voltage_l3")
