"""Sensors of meters and batteries: figures as the house has them, their ages, midnight, and answers that cannot be."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
import json
from typing import Any

from homeassistant.exceptions import HomeAssistantError
import pytest

from simulator import Ecu, FaultKind, Kind, Level, Plant
from simulator.answers import answer
from simulator.wire import Period, Route
from tests.harness import AUTOMATIC, House, paris
from tests.house_plants import BATTERY, BOTH, HOUSE, METER, METERED, STORED, m, plant_of

FOUR = ("produced", "consumed", "imported", "exported")
HALF_HOUR = timedelta(minutes=30)
MIDNIGHT = "2026-06-15 00:00"


@pytest.fixture
def plant() -> Plant:
    """Return a plant with a meter and a battery."""
    return BOTH


def kwh(house: House, device: str, since: str = MIDNIGHT) -> dict[str, float]:
    """Return the true energy of the house since a time by flow, as far as a device has uploaded it."""
    return house.truth.flows_kwh(device, paris(since), house.now)


async def read(house: House) -> None:
    """Read meters and batteries now."""
    await house.press("read_now")


# Figures


async def test_a_meter_shows_today_and_its_newest_sample(house: House) -> None:
    """As the house is."""
    await house.set_up(**HOUSE)
    await read(house)
    true, watts = kwh(house, METER), house.truth.flows_w(METER)
    assert true["consumed"] > 1
    assert {flow: house.value(m(f"{flow}_today")) for flow in FOUR} == pytest.approx(
        {flow: true[flow] for flow in FOUR}, abs=0.002
    )
    assert house.value(m("consumption_power")) == pytest.approx(watts["consumed"], abs=0.01)
    traded = watts["imported"] - watts["exported"]
    assert house.value(m("grid_power")) == pytest.approx(traded, abs=0.01)
    assert house.value(m("import_power")) == pytest.approx(max(traded, 0), abs=0.01)
    assert house.value(m("export_power")) == pytest.approx(max(-traded, 0), abs=0.01)
    assert house.state(m("import_power")).attributes["measured_at"] == "2026-06-15T13:00:00+02:00"
    assert house.state("data_time").state == "2026-06-15T11:00:00+00:00"
    assert house.value(m("self_sufficiency")) == pytest.approx(100 * (1 - true["imported"] / true["consumed"]), abs=0.1)


async def test_a_battery_shows_its_charge_mode_and_powers(house: House) -> None:
    """Of its newest sample."""
    await house.set_up(**HOUSE)
    await read(house)
    watts = house.truth.flows_w(BATTERY)
    assert watts["charge"] > 100
    assert house.value("storage_charge_power") == pytest.approx(watts["charge"], abs=0.01)
    assert house.value("storage_discharge_power") == pytest.approx(watts["discharge"], abs=0.01)
    assert house.value("storage_soc") == house.truth.soc(BATTERY)
    assert house.state("storage_mode").attributes["measured_at"] == "2026-06-15T13:00:00+02:00"


async def test_the_evening_brings_the_lifetime_of_every_flow(house: House) -> None:
    """And the day's energy of the battery."""
    await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 22:26", HALF_HOUR)
    whole, today = kwh(house, METER, "2026-06-10 00:00"), kwh(house, METER)
    stored, stored_today = kwh(house, BATTERY, "2026-06-10 00:00"), kwh(house, BATTERY)
    assert {flow: house.value(m(f"{flow}_energy")) for flow in FOUR} == pytest.approx(
        {flow: whole[flow] for flow in FOUR}, abs=0.002
    )
    assert {flow: house.value(m(f"{flow}_today")) for flow in FOUR} == pytest.approx(
        {flow: today[flow] for flow in FOUR}, abs=0.002
    )
    for flow in ("charge", "discharge"):
        assert house.value(f"storage_{flow}_energy") == pytest.approx(stored[flow], abs=0.002)
        assert house.value(f"storage_{flow}_today") == pytest.approx(stored_today[flow], abs=0.002)


@pytest.mark.parametrize("plant", [METERED])
async def test_self_consumption_is_shown_where_no_battery_falsifies_it(house: House) -> None:
    """A plant that gets a battery loses it at the next start: stored energy is not consumed."""
    entry = await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 22:26", HALF_HOUR)
    true = kwh(house, METER)
    assert house.value(m("self_consumption")) == pytest.approx(100 * (1 - true["exported"] / true["produced"]), abs=0.1)
    house.cloud.plants[house.sid] = BOTH
    await house.press("scan_inverters")
    assert house.value(m("self_consumption")) is None
    await house.reload(entry)
    assert house.state(m("self_consumption")).attributes["restored"] is True
    assert house.value(m("self_sufficiency")) is not None


@pytest.mark.parametrize(
    ("number", "state"),
    [("1", "self_consumption"), (3, "time_based"), ("4", "4"), ("17", "17"), ("", "unknown"), ("auto", "unknown")],
)
@pytest.mark.parametrize("plant", [STORED])
async def test_a_mode_without_a_name_is_its_number(house: House, number: object, state: str) -> None:
    """An enumeration that always contains its state."""
    await house.set_up(**HOUSE)
    spoil(house, Kind.STORAGE_LATEST, lambda data: data | {"mode": number})
    await read(house)
    shown = house.state("storage_mode")
    assert shown.state == state
    assert shown.attributes["options"][:2] == ["self_consumption", "time_based"]
    assert state in {*shown.attributes["options"], "unknown"}


# Time


async def test_a_measurement_is_unknown_after_two_and_a_half_hours(house: House) -> None:
    """Energies of the day stay, and so does the time of the sample."""
    await house.set_up(**HOUSE)
    await read(house)
    sampled = [m("import_power"), m("grid_power"), "storage_soc", "storage_mode", "storage_charge_power"]
    await house.pass_time("2026-06-15 15:30", HALF_HOUR)
    assert "unknown" not in {house.state(key).state for key in sampled}
    await house.pass_time("2026-06-15 15:36")
    assert {house.state(key).state for key in sampled} == {"unknown"}
    assert {house.state(key).attributes["measured_at"] for key in sampled} == {"2026-06-15T13:00:00+02:00"}
    assert all(house.value(m(f"{flow}_today")) is not None for flow in FOUR)


async def test_yesterdays_curve_does_not_make_a_charge_younger(house: House) -> None:
    """It has powers until midnight, but neither charge nor mode."""
    await house.set_up(**HOUSE)
    await house.pass_time("2026-06-16 01:16", HALF_HOUR)
    assert house.state("storage_discharge_power").attributes["measured_at"] == "2026-06-15T23:55:00+02:00"
    last = house.truth.flows_kwh(BATTERY, paris("2026-06-15 23:50"), paris("2026-06-15 23:55"))
    assert house.value("storage_discharge_power") == pytest.approx(12_000 * last["discharge"], abs=0.1)
    assert house.value("storage_soc") is None
    assert house.state("storage_mode").state == "unknown"


async def test_today_is_unknown_from_midnight_to_the_first_read(house: House) -> None:
    """A house uses energy at night: 0 would be wrong, and so would yesterday's. Lifetimes stay."""
    await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 23:50", HALF_HOUR)
    before = house.value(m("consumed_energy"))
    today = [m("consumed_today"), m("self_sufficiency"), "storage_charge_today"]
    assert before
    assert None not in {house.value(key) for key in today}
    await house.pass_time("2026-06-16 00:05")
    assert {house.value(key) for key in today} == {None}
    assert house.state(m("consumed_today")).attributes["last_reset"] == "2026-06-16T00:00:00+02:00"
    assert house.value(m("consumed_energy")) == before
    await house.pass_time("2026-06-16 11:10", HALF_HOUR)
    true = kwh(house, METER, "2026-06-16 00:00")["consumed"]
    assert house.value(m("consumed_today")) == pytest.approx(true, abs=0.002)
    assert (house.value(m("consumed_energy")) or 0) >= before + true - 0.3


async def test_a_clock_that_is_set_back_does_not_count_a_day_twice(house: House) -> None:
    """The figure of a day keeps the midnight it counts from: statistics would add the whole of it again."""
    await house.set_up(**HOUSE)
    await read(house)
    before = house.state(m("consumed_today"))
    await house.set_clock("2026-06-14 22:00")
    after = house.state(m("consumed_today"))
    assert (after.state, after.attributes["last_reset"]) == (before.state, before.attributes["last_reset"])


@pytest.mark.parametrize("plant", [plant_of(meter=True, battery=True, create_date=date(2026, 10, 22))])
async def test_a_day_of_25_hours_counts_each_of_them_once(house: House) -> None:
    """The clock goes back in the night to the 25th of October."""
    house.move_to("2026-10-24 20:00")
    await house.set_up(**HOUSE)
    await house.pass_time("2026-10-25 11:00", HALF_HOUR)
    await read(house)
    shown, true = house.state(m("consumed_today")), kwh(house, METER, "2026-10-25 00:00")["consumed"]
    assert float(shown.state) == pytest.approx(true, abs=0.002)
    assert shown.attributes["last_reset"] == "2026-10-25T00:00:00+02:00"
    assert house.state(m("import_power")).attributes["measured_at"] == "2026-10-25T11:00:00+01:00"


async def test_states_are_written_when_something_has_changed(house: House) -> None:
    """Not at every look at the clock."""
    await house.set_up(**HOUSE)
    await read(house)
    keys = [m("consumed_today"), m("consumed_energy"), m("grid_power"), "storage_soc", "storage_charge_today"]
    written = {key: house.state(key).last_reported for key in keys}
    await house.pass_time(timedelta(hours=1))
    assert {key: house.state(key).last_reported for key in keys} == written
    await read(house)
    renewed = {key for key in keys if house.state(key).last_reported > written[key]}
    assert renewed == {m("consumed_today"), m("grid_power"), "storage_soc"}


# Answers that cannot be


def right(house: House, kind: Kind) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return the cloud's answer of this time."""
    today = house.truth.view.today
    of_day = Period(level=Level.MINUTELY, first=today, last=today) if kind is Kind.METER_ENERGY else None
    device = METER if kind in {Kind.METER_ENERGY, Kind.METER_SUMMARY} else BATTERY
    return answer(house.cloud.view(house.sid), Route(kind=kind, prefix="user", sid=house.sid, target=device), of_day)


def spoil(house: House, kind: Kind, change: Callable[[Any], Any]) -> None:
    """Answer the next such call with the right answer of this time, changed."""
    body = json.dumps({"code": 0, "data": change(json.loads(json.dumps(right(house, kind))))})
    house.order(FaultKind.BODY, on=kind, body=body, times=1)


def swapped(data: Any) -> Any:  # noqa: ANN401
    """Swap import and export."""
    match data:
        case {"imported": imported, "exported": exported}:
            return data | {"imported": exported, "exported": imported}
        case {"imported_exported": list(watts)}:
            return data | {"imported_exported": [f"{-float(watt):.2f}" for watt in watts]}
        case dict():
            return {key: swapped(item) for key, item in data.items()}
        case _:
            return data


def negative(data: Any) -> Any:  # noqa: ANN401
    """Flip the sign of every number."""
    match data:
        case dict():
            return {key: item if key == "time" else negative(item) for key, item in data.items()}
        case list():
            return [negative(item) for item in data]
        case _:
            return f"-{data}"


def halved(data: Any) -> Any:  # noqa: ANN401
    """Halve today's figures."""
    return data | {"today": {flow: f"{float(value) / 2:.6f}" for flow, value in data["today"].items()}}


METER_FAULTS: dict[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "null today": lambda data: data | {"today": None},
    "null energy": lambda data: data | {"energy": None},
    "null blocks": dict.fromkeys,
    "no time": lambda data: data | {"time": None},
    "shorter time": lambda data: data | {"time": data["time"][:-30]},
    "shorter energy": lambda data: data | {"energy": {flow: kwh[:-30] for flow, kwh in data["energy"].items()}},
    "shorter power": lambda data: data | {"power": data["power"] | {"consumed": data["power"]["consumed"][:-3]}},
    "swapped": swapped,
    "negative": negative,
    "halved": halved,
}


@pytest.mark.parametrize("fault", METER_FAULTS)
@pytest.mark.parametrize("plant", [METERED])
async def test_a_meters_wrong_answer_shows_nothing_wrong(house: House, fault: str) -> None:
    """Each figure is that of before, the right one, or unknown; today's energy is never lower than before."""
    house.move_to("2026-06-15 14:50")
    await house.set_up(**HOUSE)
    await read(house)
    keys = {
        **{m(f"{flow}_today"): flow for flow in FOUR},
        m("consumption_power"): "consumed",
        m("import_power"): "imported",
        m("export_power"): "exported",
    }
    before = {key: house.value(key) for key in keys}
    assert None not in before.values()
    await house.pass_time(timedelta(hours=2))
    spoil(house, Kind.METER_ENERGY, METER_FAULTS[fault])
    with suppress(HomeAssistantError):
        await read(house)
    energy, watts = kwh(house, METER), house.truth.flows_w(METER)
    assert energy["exported"] > before[m("exported_today")] + 0.1  # type: ignore[operator]
    for key, flow in keys.items():
        true = energy[flow] if key.endswith("_today") else watts[flow]
        assert house.value(key) in (None, before[key], pytest.approx(true, abs=0.01)), key
        if key.endswith("_today"):
            assert (house.value(key) or 0) >= (before[key] or 0), key


async def test_swapped_import_and_export_of_a_meter_are_noticed_in_a_house_with_a_battery(house: House) -> None:
    """Also by the first read of a day: the battery has taken, or given, something else at the time of the sample."""
    await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 22:30", HALF_HOUR)
    before = {flow: house.value(m(f"{flow}_energy")) for flow in FOUR}
    house.refuse(5000, on=Kind.METER_ENERGY)
    await house.pass_time("2026-06-16 18:40", HALF_HOUR)
    house.cloud.clear_faults()
    assert house.truth.flows_w(METER)["exported"] > 300
    spoil(house, Kind.METER_ENERGY, swapped)
    await read(house)
    assert house.value(m("imported_today")) is house.value(m("import_power")) is None
    assert {flow: house.value(m(f"{flow}_energy")) for flow in FOUR} == before
    await read(house)
    assert house.value(m("export_power")) == pytest.approx(house.truth.flows_w(METER)["exported"], abs=0.01)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"soc": "101"}, {"storage_soc"}),
        ({"soc": ""}, {"storage_soc"}),
        ({"soc": None}, {"storage_soc"}),
        ({"soc": "-5"}, {"storage_soc"}),
        ({"charge": None}, {"storage_charge_power"}),
        ({"charge": "-800"}, {"storage_charge_power", "storage_discharge_power"}),
        ({"charge": "0", "discharge": "900"}, {"storage_charge_power", "storage_discharge_power"}),
        ({"produced": "99999"}, {"storage_charge_power", "storage_discharge_power"}),
    ],
)
@pytest.mark.parametrize("plant", [STORED])
async def test_what_a_battery_cannot_have_is_unknown(house: House, change: dict[str, Any], unknown: set[str]) -> None:
    """The rest of the answer counts."""
    await house.set_up(**HOUSE)
    spoil(house, Kind.STORAGE_LATEST, lambda data: data | change)
    await read(house)
    keys = {"storage_soc", "storage_mode", "storage_charge_power", "storage_discharge_power"}
    assert {key for key in keys if house.state(key).state == "unknown"} >= unknown
    assert house.state("storage_mode").state == "4"
    assert house.value("storage_soc") == (None if "soc" in change else house.truth.soc(BATTERY))


@pytest.mark.parametrize("time", [None, "", "noon", "25:00"])
@pytest.mark.parametrize("plant", [STORED])
async def test_a_charge_without_a_time_is_not_taken(house: House, time: str | None) -> None:
    """Its age is not known."""
    house.move_to("2026-06-15 14:00")
    await house.set_up(**HOUSE)
    spoil(house, Kind.STORAGE_LATEST, lambda data: data | {"time": time, "soc": "17"})
    await read(house)
    assert house.value("storage_soc") is None
    await read(house)
    assert house.value("storage_soc") == house.truth.soc(BATTERY)


SUMMARY_FAULTS: tuple[tuple[FaultKind, dict[str, Any]], ...] = (
    (FaultKind.NULLS, {}),
    (FaultKind.NONSENSE, {"value": "-5"}),
    (FaultKind.NONSENSE, {"value": "0"}),
    (FaultKind.NONSENSE, {"value": "99999"}),
    (FaultKind.NONSENSE, {"value": "NaN"}),
    (FaultKind.LIFETIME_BACK, {"kwh": 50.0}),
    (FaultKind.LIFETIME_BACK, {"kwh": -50_000.0}),
    (FaultKind.NULL_DATA, {}),
    (FaultKind.SWAPPED, {}),
    (FaultKind.CODE, {"code": 5000}),
    (FaultKind.BODY, {"body": '{"code": 0, "data": {"today": null, "lifetime": null}}'}),
)


async def test_no_lifetime_falls_or_rises_too_far_whatever_a_summary_says(house: House) -> None:
    """Of meter and battery, an evening for each fault."""
    await house.set_up(**HOUSE)
    await house.pass_time("2026-06-15 22:30", timedelta(hours=1))
    totals = {
        **{m(f"{flow}_energy"): (METER, flow) for flow in FOUR},
        **{f"storage_{flow}_energy": (BATTERY, flow) for flow in ("charge", "discharge")},
    }
    shown = {key: house.value(key) or 0.0 for key in totals}
    assert all(shown.values())
    for kind, how in SUMMARY_FAULTS:
        house.order(kind, on=Kind.METER_SUMMARY, **how)
        house.order(kind, on=Kind.STORAGE_SUMMARY, **how)
        await house.pass_time(timedelta(days=1), timedelta(hours=1))
        house.cloud.clear_faults()
        for key, (device, flow) in totals.items():
            value = house.value(key) or 0.0
            assert shown[key] <= value <= kwh(house, device, "2026-06-10 00:00")[flow] + 0.1, (key, kind, how)
            shown[key] = value
    await house.pass_time(timedelta(days=1), timedelta(hours=1))
    for key, (device, flow) in totals.items():
        assert house.value(key) == pytest.approx(kwh(house, device, "2026-06-10 00:00")[flow], abs=0.1), key


@pytest.mark.parametrize("plant", [plant_of(ecus=(Ecu(eid=BATTERY, type=2),))])
async def test_a_plant_with_nothing_but_a_battery_shows_it(house: House) -> None:
    """Storage without inverters."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 22:30", HALF_HOUR)
    assert house.value("storage_charge_energy") == pytest.approx(kwh(house, BATTERY, "2026-06-10 00:00")["charge"])
    assert set(house.devices()) == {house.sid, f"{house.sid}_storage", f"ecu_{BATTERY}"}
    assert not house.log()
