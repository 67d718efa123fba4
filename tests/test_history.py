"""The production in long-term statistics: a real recorder, read as the frontend reads it."""

# ruff: noqa: D103
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.components.recorder.core import Recorder
import pytest

from simulator import Fault, FaultKind, Kind, Level, sample_plant
from tests.house import House, paris
from tests.recorded import (
    ask_for,
    asked_for,
    assert_days,
    assert_hours,
    assert_orderly,
    days,
    production,
    rows,
    statistic_ids,
    until_done,
)

YOUNG = sample_plant(create_date=date(2026, 6, 1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a home that keeps statistics."""
    return house


@pytest.fixture
def plant() -> object:
    """Return a plant that has no long past."""
    return YOUNG


async def test_closed_hours_come_in_as_the_day_goes_on_and_make_up_the_day(house: House) -> None:
    house.move_to("2026-06-15 00:10")
    await house.set_up(auto_scan_interval=True, import_history=False)
    while house.now < paris("2026-06-16 00:20"):
        await house.pass_time(timedelta(minutes=30), timedelta(minutes=5))
        held = await rows(house)
        assert all(start + timedelta(hours=1) <= house.now for start in held)
        assert_orderly(held)
    await assert_hours(house, date(2026, 6, 15))
    await assert_days(house, [date(2026, 6, 15)])
    assert not [call for call in house.calls() if call.level == "daily"]
    (known,) = (await statistic_ids(house.hass)).values()
    assert known["statistic_id"] == production(house)
    assert (known["statistics_unit_of_measurement"], known["has_sum"], known["unit_class"]) == ("kWh", True, "energy")
    assert known["name"] == f"APsystems {house.sid} production"


async def test_a_second_import_changes_no_row_and_queues_none(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await ask_for(house, entry, date(2026, 6, 10))
    await until_done(house)
    midnight = paris("2026-06-15 00:00")
    held = {start: row for start, row in (await rows(house)).items() if start < midnight}
    assert len(held) > 5 * 14
    await assert_days(house, days(date(2026, 6, 10), date(2026, 6, 14)))
    seen = len(house.cloud.calls)
    with patch("custom_components.apsystems_openapi.history.async_add_external_statistics") as add:
        await ask_for(house, entry, date(2026, 6, 10))
        await until_done(house)
    assert asked_for(house, since=seen) == [f"2026-06-{day}" for day in (14, 13, 12, 11, 10)]
    queued = [row["start"] for call in add.call_args_list for row in call.args[2]]
    assert not [start for start in queued if start < midnight]
    assert {start: row for start, row in (await rows(house)).items() if start < midnight} == held


PLACES = {
    "23 hours": (48.86, 2.35, "Europe/Paris", date(2026, 3, 29)),
    "25 hours": (48.86, 2.35, "Europe/Paris", date(2026, 10, 25)),
    "Kathmandu": (27.7, 85.3, "Asia/Kathmandu", date(2026, 6, 13)),
    "St John's": (47.56, -52.71, "America/St_Johns", date(2026, 6, 13)),
    "Lord Howe, half an hour of summer time": (-31.55, 159.08, "Australia/Lord_Howe", date(2026, 4, 5)),
    "Apia": (-13.83, -171.77, "Pacific/Apia", date(2026, 6, 13)),
    "Kiritimati": (1.87, -157.43, "Pacific/Kiritimati", date(2026, 6, 13)),
    "midnight sun": (69.65, 18.96, "Europe/Oslo", date(2026, 6, 13)),
}


@pytest.mark.parametrize("place", PLACES)
async def test_hours_are_right_wherever_the_plant_stands(house: House, place: str) -> None:
    latitude, longitude, zone, day = PLACES[place]
    house.cloud.plants.pop(house.sid)
    house.cloud.plants["AB12345C6D7E"] = sample_plant(
        latitude=latitude, longitude=longitude, timezone=zone, create_date=day - timedelta(days=1)
    )
    await house.hass.config.async_update(latitude=latitude, longitude=longitude, time_zone=zone)
    around = days(day - timedelta(days=1), day + timedelta(days=1))
    house.move_to(datetime.combine(day + timedelta(days=2), time(10), ZoneInfo(zone)))
    entry = await house.set_up(auto_scan_interval=True)
    await ask_for(house, entry, around[0], around[-1])
    await until_done(house)
    await assert_days(house, around)
    for each in around:
        await assert_hours(house, each)
    held = await rows(house)
    assert_orderly(held)
    assert {start.astimezone(ZoneInfo(zone)).minute for start in held} == {0}


async def test_no_hour_is_missing_after_a_week_without_home_assistant(house: House) -> None:
    house.move_to("2026-06-04 15:00")
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time(timedelta(hours=1))
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.move_to("2026-06-12 10:00")
    seen = len(house.cloud.calls)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    await until_done(house)
    missed = days(date(2026, 6, 4), date(2026, 6, 11))
    fetched = [day for day in asked_for(house, since=seen) if day != "2026-06-12"]
    assert fetched == [day.isoformat() for day in reversed(missed)]
    await assert_days(house, missed)
    for day in missed:
        await assert_hours(house, day)
    assert_orderly(await rows(house))


async def test_days_without_calls_are_fetched_when_the_month_turns(house: House) -> None:
    house.move_to("2026-06-27 08:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    house.cloud.spend(house.cloud.quota)
    await house.pass_time("2026-07-01 14:00", timedelta(minutes=20))
    await until_done(house)
    assert house.cloud.spent() < 100
    await assert_days(house, days(date(2026, 6, 27), date(2026, 6, 30)))
    await assert_hours(house, date(2026, 6, 28))


async def test_what_an_ecu_uploads_late_is_corrected(house: House) -> None:
    house.move_to("2026-06-14 08:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    (ecu,) = house.plant.ecus
    house.cloud.offline(ecu.eid, paris("2026-06-15 11:00"), paris("2026-06-17 09:00"))
    await house.pass_time("2026-06-17 08:00", timedelta(minutes=20))
    await assert_days(house, days(date(2026, 6, 14), date(2026, 6, 16)))
    await house.pass_time("2026-06-20 12:00", timedelta(minutes=20))
    for day in (15, 16, 17, 18):
        await assert_hours(house, date(2026, 6, day))
    await assert_days(house, days(date(2026, 6, 14), date(2026, 6, 19)))
    assert_orderly(await rows(house))
    assert house.cloud.spent() < 7 * 33


async def test_a_day_that_the_cloud_corrects_downwards_pulls_no_sum_down(house: House) -> None:
    house.move_to("2026-06-14 08:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-15 08:00", timedelta(minutes=20))
    house.cloud.order(Fault(kind=FaultKind.NONSENSE, on=Kind.ENERGY, level=Level.DAILY, value="3.00", times=1))
    house.cloud.plants[house.sid] = replace(house.plant, lifetime_offset_kwh=-500.0)
    await house.pass_time("2026-06-18 08:00", timedelta(minutes=20))
    assert_orderly(await rows(house))
    await house.pass_time("2026-06-20 12:00", timedelta(minutes=20))
    assert_orderly(await rows(house))
    await assert_days(house, days(date(2026, 6, 14), date(2026, 6, 19)))
