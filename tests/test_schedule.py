"""Fixed mode: the times of all calls, over simulated days."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
import logging
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from simulator import Call, Plant, sample_plant
from tests.harness import PARIS, House, restarted
from tests.log_lines import PLAN

# The timer fires at least every five minutes, and the tests' clock moves in steps.
EXACT = timedelta(minutes=7)
HALF_HOUR = timedelta(minutes=30)
YOUNG = date(2026, 5, 20)


def assert_at(calls: Iterable[Call], expected: Iterable[datetime]) -> None:
    """Check that calls were made at the expected times, and no others."""
    times, due = [call.time for call in calls], list(expected)
    assert len(times) == len(due), [f"{time:%d %H:%M}" for time in times]
    for time, at in zip(times, due, strict=True):
        assert timedelta(minutes=-1) <= time - at <= EXACT, (time, at)


def series(day: str, first: str, count: int, minutes: int, zone: ZoneInfo = PARIS) -> list[datetime]:
    """Return `count` times of a day from the first on, some minutes apart."""
    start = datetime.fromisoformat(f"{day} {first}").replace(tzinfo=zone).astimezone(dt_util.UTC)
    return [start + timedelta(minutes=n * minutes) for n in range(count)]


async def at_night(house: House, start: str = "2026-06-15 03:00", **options: int) -> tuple[ConfigEntry, int]:
    """Set up by night; return the entry and the number of calls that this took."""
    house.move_to(start)
    entry = await house.set_up(**options)
    return entry, len(house.calls())


# By an almanac: in Paris the sun rises at 5:46 and sets at 21:56 on 15 June, 8:38 and 16:54 on 15 December.
@pytest.mark.parametrize(
    ("day", "minutes", "offsets", "polls"),
    [
        ("2026-06-15", 30, (30, 30), ("06:16", 33, "22:16", "23:00")),
        ("2026-12-15", 30, (30, 30), ("09:08", 17, "17:08", "23:00")),
        ("2026-06-15", 60, (0, 120), ("05:46", 18, "22:46", "23:45")),
        ("2026-06-15", 120, (120, 0), ("07:46", 8, "21:46", "23:00")),
    ],
)
async def test_a_day_follows_the_table_of_the_original(
    house: House, day: str, minutes: int, offsets: tuple[int, int], polls: tuple[str, int, str, str]
) -> None:
    """Polls in the solar hours, the summary with the last, telemetry at 12:30, batch power at 23:00."""
    first, count, last, batch = polls
    _, before = await at_night(
        house, f"{day} 03:00", scan_interval=60 * minutes, sunrise_offset=offsets[0], sunset_offset=offsets[1]
    )
    await house.pass_time(timedelta(hours=24), timedelta(minutes=6))
    assert_at(house.calls("energy", since=before), series(day, first, count, minutes))
    assert_at(house.calls("summary", since=before), series(day, last, 1, 0))
    assert_at(house.calls("inverter_energy", since=before), series(day, "12:30", 3, 0))
    assert_at(house.calls("batch", since=before), series(day, batch, 1, 0))
    assert len(house.calls(since=before)) == count + 1 + 3 + 1
    assert {call.target for call in house.calls("inverter_energy")} == {i.uid for i in house.plant.inverters}
    assert {call.level for call in house.calls("energy")} == {"hourly"}
    assert {call.level for call in house.calls("batch")} == {"power"}
    assert {call.date_range for call in house.calls("energy", "inverter_energy", "batch")} == {day}
    assert {call.code for call in house.calls()} <= {0, 1001}


async def test_the_second_day_has_the_calls_of_the_first(house: House) -> None:
    """List and details are fetched once; by night only the batch of 23:00 is."""
    _, before = await at_night(house)
    await house.pass_time(timedelta(hours=48), timedelta(minutes=10))
    calls = house.calls(since=before)
    assert len(calls) == 2 * (33 + 1 + 3 + 1)
    assert not house.calls("inverters", "details", since=before)
    hours = {call.time.astimezone(PARIS).hour for call in calls if call.kind != "batch"}
    assert hours == set(range(6, 23))
    assert {call.time.astimezone(PARIS).hour for call in house.calls("batch")} == {23}


def plant_at(latitude: float, longitude: float, timezone: str) -> Plant:
    """Return a plant of some days at a place."""
    return sample_plant(latitude=latitude, longitude=longitude, timezone=timezone, create_date=YOUNG)


@pytest.mark.parametrize(
    ("plant", "home", "first", "logged"),
    [
        # Six hours from home: the sun at 75° west and the home's latitude.
        (plant_at(48.85, -75.0, "America/New_York"), (48.85, 2.35, "Europe/Paris"), "05:25", "-75"),
        # One hour from home: the sun of the home.
        (plant_at(48.85, 2.35, "Europe/London"), (48.85, 2.35, "Europe/Paris"), "05:16", ""),
        (plant_at(28.61, 77.21, "Asia/Kolkata"), (28.61, 77.21, "Asia/Kolkata"), "05:53", ""),
        (plant_at(51.05, -114.07, "Canada/Mountain"), (51.05, -114.07, "America/Edmonton"), "05:51", ""),
        (plant_at(1.87, -157.43, "Pacific/Kiritimati"), (1.87, -157.43, "Pacific/Kiritimati"), "06:53", ""),
    ],
    ids=lambda value: value.timezone if isinstance(value, Plant) else "",
)
async def test_the_clock_is_the_sites(
    house: House, plant: Plant, home: tuple[float, float, str], first: str, logged: str
) -> None:
    """12:30 and 23:00 are in the site's time zone; for a far home the assumed longitude is logged once."""
    await house.hass.config.async_update(latitude=home[0], longitude=home[1], time_zone=home[2])
    house.move_to(datetime(2026, 6, 15, 2, tzinfo=plant.zone))
    await house.set_up(scan_interval=7200)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=22), timedelta(minutes=6))
    assert_at(house.calls("energy", since=before)[:1], series("2026-06-15", first, 1, 0, plant.zone))
    assert_at(house.calls("inverter_energy", since=before), series("2026-06-15", "12:30", 3, 0, plant.zone))
    assert_at(house.calls("batch", since=before), series("2026-06-15", "23:00", 1, 0, plant.zone))
    assert {call.date_range for call in house.calls("energy", "inverter_energy", "batch")} == {"2026-06-15"}
    assert len(house.log()) == len(house.log(text=logged)) == bool(logged)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.2)


@pytest.mark.parametrize("plant", [sample_plant(reported_timezone="Mars/Olympus Mons")])
async def test_an_unknown_time_zone_is_logged_once_and_replaced_by_the_homes(house: House, plant: Plant) -> None:
    """The vendor may use names that Python does not know."""
    _, before = await at_night(house)
    await house.pass_time(timedelta(hours=21), timedelta(minutes=10))
    assert_at(house.calls("inverter_energy", since=before), series("2026-06-15", "12:30", 3, 0))
    assert len(house.log(text="Mars/Olympus Mons")) == 1
    assert len(house.log()) == 1
    assert plant.reported_timezone


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
async def test_a_day_with_a_clock_change_has_every_call_once(house: House, day: str) -> None:
    """Telemetry at 12:30 and batch power at 23:00 by the new time; today begins at the new midnight."""
    before_day = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    _, before = await at_night(house, f"{before_day} 23:40")
    await house.pass_time(f"{day} 23:30", timedelta(minutes=10))
    for kind, clock, number in (("inverter_energy", "12:30", 3), ("batch", "23:00", 1)):
        calls = house.calls(kind, since=before)
        assert len(calls) == number
        at = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=PARIS)
        assert all(timedelta() <= call.time - at <= timedelta(minutes=11) for call in calls)
    assert len(house.calls("summary", since=before)) == 1
    assert house.state("today_energy").attributes["last_reset"] == f"{day}T00:00:00+0{1 if day < '2026-04' else 2}:00"
    await house.pass_time(timedelta(hours=1), timedelta(minutes=10))
    assert house.value("today_energy") == 0


@pytest.mark.parametrize(
    "plant", [sample_plant(latitude=69.65, longitude=18.96, timezone="Europe/Oslo", create_date=date(2026, 11, 20))]
)
async def test_in_polar_night_the_only_call_is_a_summary_at_noon(house: House, plant: Plant) -> None:
    """The plant produces nothing."""
    await house.hass.config.async_update(latitude=plant.latitude, longitude=plant.longitude, time_zone="Europe/Oslo")
    _, before = await at_night(house, "2026-12-15 03:00")
    await house.pass_time(timedelta(hours=24), timedelta(minutes=7))
    assert_at(house.calls(since=before), series("2026-12-15", "12:00", 1, 0, plant.zone))
    assert house.calls(since=before)[0].kind == "summary"
    assert house.value("today_energy") == 0


# Missed calls


@pytest.mark.parametrize(("back", "fetched"), [("12:50", True), ("21:50", True), ("22:10", False)])
async def test_missed_telemetry_is_fetched_later_by_day(house: House, back: str, fetched: bool) -> None:
    """Home Assistant was off at 12:30."""
    house.move_to("2026-06-15 12:00")
    entry = await house.set_up()
    before = len(house.calls())
    house.move_to(f"2026-06-15 {back}")
    async with restarted(house, entry):
        assert len(house.calls("inverter_energy", since=before)) == (3 if fetched else 0)
        assert len(house.calls("energy", since=before)) == 1


async def test_missed_batch_power_is_skipped(house: House) -> None:
    """By night there is no call except the batch of 23:00."""
    house.move_to("2026-06-15 22:40")
    entry = await house.set_up()
    before = len(house.calls())
    house.move_to("2026-06-15 23:20")
    async with restarted(house, entry) as other:
        await other.pass_time(timedelta(hours=2), timedelta(minutes=10))
        assert len(house.calls()) == before


async def test_a_clock_that_is_set_back_causes_neither_burst_nor_gap(house: House) -> None:
    """No call of the last hour is repeated, and the plan goes on at its pace."""
    await house.set_up()
    await house.pass_time("2026-06-15 15:00")
    before, last_reset = len(house.calls()), house.state("today_energy").attributes["last_reset"]
    await house.set_clock("2026-06-15 14:00")
    assert len(house.calls()) - before <= 1
    await house.pass_time("2026-06-15 16:00")
    assert not house.calls("summary", "inverter_energy", "batch", "inverters", "details", since=before)
    assert 2 <= len(house.calls("energy", since=before)) <= 5
    assert house.state("today_energy").attributes["last_reset"] == last_reset


async def test_a_clock_that_is_wrong_for_a_short_time_stops_no_calls(house: House) -> None:
    """Ten days ahead and back again: the plan goes on."""
    await house.set_up()
    await house.set_clock("2026-06-25 13:00")
    await house.set_clock("2026-06-15 13:10")
    before = len(house.calls())
    await house.pass_time("2026-06-15 16:30", timedelta(minutes=10))
    assert 5 <= len(house.calls("energy", since=before)) <= 8
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)


# Settings of the owner


async def test_with_polling_disabled_only_the_buttons_make_calls(house: House) -> None:
    """By the entry's system option in Home Assistant."""
    entry = await house.set_up()
    house.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await house.reload(entry)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=12), HALF_HOUR)
    assert len(house.calls()) == before
    await house.press("refresh_inverter_energy")
    assert len(house.calls(since=before)) == 3


async def test_the_action_update_entity_reads_once_for_all_entities_of_the_system(house: House) -> None:
    """Only for what may be newer, ten calls a day, none at night; an inverter's entities ask for nothing."""
    await async_setup_component(house.hass, "homeassistant", {})
    entry = await house.set_up(auto_scan_interval=True)

    async def update() -> int:
        before = len(house.calls())
        for key in ("total_energy", "today_energy", "inverter_703000000011_power"):
            await house.hass.services.async_call(
                "homeassistant", "update_entity", {"entity_id": house.entity_id(key)}, blocking=True
            )
        await house.settle()
        return len(house.calls()) - before

    house.freezer.tick(timedelta(minutes=20))
    await house.settle()
    await update()
    assert await update() == 0
    for _ in range(15):
        house.freezer.tick(timedelta(minutes=16))
        await update()
    assert entry.runtime_data.state.requests == 10
    house.move_to("2026-06-16 01:00")
    assert await update() == 0


async def test_calls_are_made_although_every_entity_is_disabled(
    house: House, entity_registry: er.EntityRegistry
) -> None:
    """An entity that is enabled again is up to date."""
    entry = await house.set_up()
    for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id):
        entity_registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await house.reload(entry)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=2))
    assert len(house.calls("energy", since=before)) == 4


# Midnight


async def test_at_midnight_today_and_its_reset_change_in_one_write_without_a_call(house: House) -> None:
    """Yesterday's energy with today's reset would count twice."""
    house.move_to("2026-06-15 22:00")
    await house.set_up()
    await house.pass_time("2026-06-15 23:30", timedelta(minutes=10))
    before, total = len(house.calls()), house.state("total_energy").state
    written: list[tuple[str, str]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        written.append((state.state, state.attributes["last_reset"]))

    stop = async_track_state_change_event(house.hass, house.entity_id("today_energy"), note)
    await house.pass_time("2026-06-16 00:20", timedelta(minutes=1))
    stop()
    assert {reset for _, reset in written if reset.startswith("2026-06-16")} == {"2026-06-16T00:00:00+02:00"}
    assert {float(value) for value, reset in written if reset.startswith("2026-06-16")} == {0.0}
    assert all(float(value) > 0 for value, reset in written if reset.startswith("2026-06-15"))
    assert house.value("today_energy") == 0
    assert house.state("today_energy").last_changed.astimezone(PARIS).strftime("%d %H:%M") == "16 00:00"
    assert house.state("total_energy").state == total
    assert len(house.calls()) == before


# Rounds


async def test_calls_of_one_round_are_two_seconds_apart(house: House) -> None:
    """So that the cloud is not overloaded."""
    await house.set_up()
    house.move_to("2026-06-15 13:59")
    await house.settle()
    before = len(house.calls())
    with patch("custom_components.apsystems_openapi.runner.CALL_SPACING_S", 2):
        pressed = asyncio.ensure_future(house.press("refresh_inverter_energy"))
        while not pressed.done():
            seen = len(house.calls())
            for _ in range(200):
                await asyncio.sleep(0)
            if len(house.calls()) == seen:
                house.freezer.tick(0.5)
                async_fire_time_changed(house.hass, house.now)
        await pressed
    times = [call.time for call in house.calls(since=before)]
    assert len(times) == 3
    assert all(later - earlier >= timedelta(seconds=1.5) for earlier, later in pairwise(times))


@pytest.mark.parametrize("code", [2005, 7001, 7002, 7003])
async def test_a_round_ends_with_the_first_call_over_the_limit(house: House, code: int) -> None:
    """Its other calls would be refused as well."""
    house.move_to("2026-06-15 12:00")
    await house.set_up()
    house.refuse(code, on="inverter_energy")
    before = len(house.calls())
    await house.pass_time("2026-06-15 12:34", timedelta(minutes=1))
    assert len(house.calls("inverter_energy", since=before)) == 1


async def test_the_plan_is_logged_once(house: House) -> None:
    """In the form of the original, and only when it differs."""
    await at_night(house)
    await house.pass_time(timedelta(hours=30), HALF_HOUR)
    lines = house.log(logging.INFO, PLAN)
    assert len(lines) == 1
    for word in ("1800s (30 min)", "3 inverter(s)/1 ECU(s)", "lat 48.85", "quota 1000"):
        assert word in lines[0]
