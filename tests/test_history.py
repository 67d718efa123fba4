"""Long-term statistics in a real recorder, read as the frontend reads them."""

# ruff: noqa: D103
import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from threading import Event
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import valid_statistic_id
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import SQLAlchemyError

from custom_components.apsystems_openapi.history.recorder import Statistic, StatisticsWriter
from custom_components.apsystems_openapi.history.rows import DayEnergy
from custom_components.apsystems_openapi.schedule.sun import Site
from simulator import Fault, FaultKind, Kind, Level, sample_plant
from tests.harness import PARIS, House, paris
from tests.log_lines import STATISTICS_FAILED, STATISTICS_WORK
from tests.statistics import (
    ask_for,
    asked_for,
    assert_days,
    assert_hours,
    assert_orderly,
    daily,
    days,
    production,
    rows,
    statistic_ids,
    until_done,
)

YOUNG = sample_plant(create_date=date(2026, 6, 1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    return house


@pytest.fixture
def plant() -> object:
    """Return a plant of some days."""
    return YOUNG


async def test_hours_are_written_once_they_are_closed_and_add_up_to_the_day(house: House) -> None:
    house.move_to("2026-06-15 00:10")
    await house.set_up(auto_scan_interval=True, import_history=False)
    while house.now < paris("2026-06-16 00:20"):
        await house.pass_time(timedelta(minutes=30), timedelta(minutes=5))
        stored = await rows(house)
        assert all(start + timedelta(hours=1) <= house.now for start in stored)
        assert_orderly(stored)
    await assert_hours(house, date(2026, 6, 15))
    await assert_days(house, [date(2026, 6, 15)])
    assert not [call for call in house.calls() if call.level == "daily"]
    (known,) = (await statistic_ids(house.hass)).values()
    assert known["statistic_id"] == production(house)
    assert (known["statistics_unit_of_measurement"], known["has_sum"], known["unit_class"]) == ("kWh", True, "energy")
    assert known["name"] == f"APsystems {house.sid} production"


async def test_a_second_import_writes_no_row(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await ask_for(house, entry, date(2026, 6, 10))
    await until_done(house)
    midnight = paris("2026-06-15 00:00")
    stored = {start: row for start, row in (await rows(house)).items() if start < midnight}
    assert len(stored) > 5 * 14
    await assert_days(house, days(date(2026, 6, 10), date(2026, 6, 14)))
    seen = len(house.cloud.calls)
    with patch("custom_components.apsystems_openapi.history.recorder.async_add_external_statistics") as add:
        await ask_for(house, entry, date(2026, 6, 10))
        await until_done(house)
    assert asked_for(house, since=seen) == [f"2026-06-{day}" for day in (14, 13, 12, 11, 10)]
    queued = [row["start"] for call in add.call_args_list for row in call.args[2]]
    assert not [start for start in queued if start < midnight]
    assert {start: row for start, row in (await rows(house)).items() if start < midnight} == stored


PLACES = {
    "23 hours": (48.86, 2.35, "Europe/Paris", date(2026, 3, 29)),
    "25 hours": (48.86, 2.35, "Europe/Paris", date(2026, 10, 25)),
    "Kathmandu": (27.7, 85.3, "Asia/Kathmandu", date(2026, 6, 13)),
    "St John's": (47.56, -52.71, "America/St_Johns", date(2026, 6, 13)),
    "Lord Howe, half an hour of daylight saving": (-31.55, 159.08, "Australia/Lord_Howe", date(2026, 4, 5)),
    "Apia": (-13.83, -171.77, "Pacific/Apia", date(2026, 6, 13)),
    "Kiritimati": (1.87, -157.43, "Pacific/Kiritimati", date(2026, 6, 13)),
    "midnight sun": (69.65, 18.96, "Europe/Oslo", date(2026, 6, 13)),
}


@pytest.mark.parametrize("place", PLACES)
async def test_hours_are_right_in_every_time_zone(house: House, place: str) -> None:
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
    stored = await rows(house)
    assert_orderly(stored)
    assert {start.astimezone(ZoneInfo(zone)).minute for start in stored} == {0}


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


async def test_days_without_calls_are_fetched_in_the_next_month(house: House) -> None:
    house.move_to("2026-06-27 08:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    house.cloud.spend(house.cloud.quota)
    await house.pass_time("2026-07-01 14:00", timedelta(minutes=20))
    await until_done(house)
    assert house.cloud.spent() < 100
    await assert_days(house, days(date(2026, 6, 27), date(2026, 6, 30)))
    await assert_hours(house, date(2026, 6, 28))


async def test_late_uploads_of_an_ecu_are_added(house: House) -> None:
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


async def test_a_day_that_the_cloud_corrects_downwards_lowers_no_sum(house: House) -> None:
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


async def test_two_systems_have_a_statistic_each(house: House) -> None:
    other = sample_plant(sid="BC23456D7E8F", seed=7, create_date=date(2026, 6, 10))
    house.cloud.plants[other.sid] = other
    house.move_to("2026-06-15 08:00")
    await house.set_up(auto_scan_interval=True)
    second = MockConfigEntry(
        domain="apsystems_openapi",
        unique_id=other.sid,
        data=house.data(sid=other.sid),
        options={"auto_scan_interval": True},
        minor_version=2,
    )
    second.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(second.entry_id)
    await house.pass_time("2026-06-16 10:00", timedelta(minutes=20))
    ids = {sid: f"apsystems_openapi:{sid.lower()}_production" for sid in (house.sid, other.sid)}
    assert set(await statistic_ids(house.hass)) == set(ids.values())
    start, end = paris("2026-06-15 00:00"), paris("2026-06-16 00:00")
    for sid, statistic_id in ids.items():
        assert_orderly(await rows(house, statistic_id))
        written = (await daily(house, statistic_id))[date(2026, 6, 15)]
        assert written == pytest.approx(house.cloud.energy_kwh(sid, start, end), abs=0.01)


async def test_panels_have_a_statistic_each_when_the_option_is_on(house: House) -> None:
    house.move_to("2026-06-14 08:00")
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-15 08:00", timedelta(minutes=20))
    assert set(await statistic_ids(house.hass)) == {production(house)}
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "panel_statistics": True})
    await house.reload(entry)
    await house.pass_time("2026-06-17 08:00", timedelta(minutes=20))
    panels = [(inverter.uid, n) for inverter in house.plant.inverters for n in range(1, inverter.channels + 1)]
    prefix = f"apsystems_openapi:{house.sid.lower()}"
    known = await statistic_ids(house.hass)
    assert set(known) == {production(house), *(f"{prefix}_{uid}_{n}" for uid, n in panels)}
    assert all(valid_statistic_id(statistic_id) for statistic_id in known)
    assert known[f"{prefix}_703000000011_2"]["name"] == f"APsystems {house.sid} inverter 703000000011 channel 2"
    for uid, n in panels:
        stored = await rows(house, f"{prefix}_{uid}_{n}")
        assert_orderly(stored)
        assert {start.astimezone(PARIS).hour for start in stored} == {12}
        written = await daily(house, f"{prefix}_{uid}_{n}")
        for day in (15, 16):
            start, end = paris(f"2026-06-{day} 00:00"), paris(f"2026-06-{day + 1} 00:00")
            truth = house.cloud.energy_kwh(house.sid, start, end, uid=uid, channel=n)
            assert written[date(2026, 6, day)] == pytest.approx(truth, abs=0.01)


async def test_a_set_up_does_not_wait_for_a_recorder_that_is_not_ready(recorder_mock: Recorder, house: House) -> None:
    house.move_to("2026-06-14 15:00")
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time(timedelta(hours=1))
    await house.hass.config_entries.async_unload(entry.entry_id)
    stored = await rows(house)
    house.move_to("2026-06-15 10:00")
    recorder_mock.async_recorder_ready.clear()
    assert await house.hass.config_entries.async_setup(entry.entry_id)
    await house.pass_time(timedelta(hours=1), timedelta(minutes=10))
    assert await rows(house) == stored
    assert house.value("today_energy") is not None
    recorder_mock.async_recorder_ready.set()
    await house.pass_time(timedelta(hours=2), timedelta(minutes=10))
    await assert_days(house, [date(2026, 6, 14)])


async def test_a_recorder_that_fails_is_logged_once_and_all_else_goes_on(house: House) -> None:
    await house.set_up(auto_scan_interval=True, import_history=False)
    with patch(
        "custom_components.apsystems_openapi.history.recorder.statistics_during_period", side_effect=SQLAlchemyError
    ):
        await house.pass_time(timedelta(hours=4), timedelta(minutes=20))
    assert len(house.log(text=STATISTICS_FAILED)) == 1
    assert house.value("today_energy") == pytest.approx(house.cloud.today_kwh(house.sid), abs=1.5)
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=20))
    assert len(house.log(20, STATISTICS_WORK)) == 1
    await assert_hours(house, date(2026, 6, 15))


async def test_writing_months_of_hours_does_not_block_the_event_loop(house: House) -> None:
    site = Site(latitude=48.85, longitude=2.35, zone=PARIS)
    curve = tuple(round(max(0.0, 4 - abs(hour - 12.5) / 2), 2) for hour in range(24))
    months = {day: DayEnergy(hours=curve, total=31.25) for day in days(date(2026, 3, 1), date(2026, 6, 14))}
    writer = StatisticsWriter(house.hass)
    statistic = Statistic(sid=house.sid)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await house.hass.async_add_executor_job(Event().wait, 0.002)

    ticker = asyncio.create_task(tick())
    await writer.async_write(statistic, site, months, house.now)
    ticker.cancel()
    stored = await rows(house)
    assert len(stored) == len(months) * sum(1 for kwh in curve if kwh)
    assert ticks > 30
    assert_orderly(stored)
    with patch("custom_components.apsystems_openapi.history.recorder.async_add_external_statistics") as add:
        await writer.async_write(statistic, site, months, house.now)
    assert not add.called
