"""The sun at any place, in any zone, on any day."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from simulator import Plant
from simulator.places import PLACES, where_it_is
from simulator.view import View
from tests.simulator.setup import EID, SID, Setups, numbers, young_plant


def day_of(plant: Plant, day: date) -> View:
    end = datetime(day.year, day.month, day.day, tzinfo=plant.zone) + timedelta(days=1)
    return View(plant=plant, now=end)


@pytest.mark.parametrize(
    ("timezone", "day", "slots", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), 276, {2: 0}),
        ("Europe/Paris", date(2025, 10, 26), 300, {2: 24}),
        ("Australia/Lord_Howe", date(2026, 4, 5), 294, {1: 18}),
        ("America/Santiago", date(2025, 9, 7), 276, {0: 0}),
        ("Asia/Kathmandu", date(2026, 3, 29), 288, {}),
    ],
)
def test_days_with_a_change_of_the_clock(timezone: str, day: date, slots: int, hours: dict[int, int]) -> None:
    plant = young_plant(timezone=timezone, create_date=day - timedelta(days=1))
    made = day_of(plant, day).curve.day(day)
    assert len(made.span) == slots
    for hour, spans in enumerate(made.hours):
        assert sum(map(len, spans)) == hours.get(hour, 12)
    assert made.labels[made.span[-1]] == "00:00"


async def test_a_long_day_under_the_midnight_sun_counts_its_hours_once(setup: Setups) -> None:
    zone = ZoneInfo("Africa/Cairo")  # leaves summer time at midnight
    plant = young_plant(latitude=-70.0, longitude=31.2, timezone="Africa/Cairo", create_date=date(2025, 10, 25))
    here = await setup(plant, at=datetime(2025, 11, 2, 12, tzinfo=zone))
    day = date(2025, 10, 30)
    hours = numbers(await here.data(f"energy/{SID}", "hourly", day.isoformat()))
    assert len(hours) == 24
    assert hours == pytest.approx(here.cloud.hourly_kwh(SID, day), abs=0.006)
    minutely = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", day.isoformat())
    assert sum(hours) == pytest.approx(float(minutely["today"]), abs=0.1)


@pytest.mark.parametrize(
    ("timezone", "latitude", "longitude"),
    [
        ("Pacific/Apia", -13.8, -171.8),
        ("Pacific/Kiritimati", 1.9, -157.4),
        ("Asia/Kathmandu", 27.7, 85.3),
        ("America/St_Johns", 47.6, -52.7),
        ("Africa/Johannesburg", -34.0, 18.4),
    ],
)
def test_the_sun_is_high_at_noon_in_any_zone(timezone: str, latitude: float, longitude: float) -> None:
    plant = young_plant(latitude=latitude, longitude=longitude, timezone=timezone)
    day = date(2026, 6, 10)
    view = day_of(plant, day)
    by_hour = [view.source().units(*hour) for hour in view.curve.day(day).hours]
    assert max(by_hour) in by_hour[9:16]
    assert (sum(by_hour[:5]), sum(by_hour[21:])) == (0, 0)
    reports = view.source().reports(view.span(day, day))
    assert {slot in view.curve.day(day).labels for slot in reports} == {True}


def test_far_north_the_sun_stays_down_in_december_and_up_in_june() -> None:
    plant = young_plant(latitude=70.0, longitude=23.3, timezone="Europe/Oslo", create_date=date(2025, 12, 1))
    winter, summer = date(2025, 12, 21), date(2026, 6, 21)
    assert not day_of(plant, winter).source().recorded(day_of(plant, winter).span(winter, winter))
    view = day_of(plant, summer)
    assert len(view.source().reports(view.span(summer, summer))) == 288


async def test_in_the_polar_night_there_is_nothing_new(setup: Setups) -> None:
    plant = young_plant(latitude=70.0, longitude=23.3, timezone="Europe/Oslo", create_date=date(2025, 11, 10))
    here = await setup(plant, at=datetime(2025, 12, 21, 12, tzinfo=ZoneInfo("Europe/Oslo")))
    assert (await here.data(f"summary/{SID}"))["today"] is None
    newest = here.cloud.newest_sample(SID)
    assert newest
    assert newest.month == 11
    young = await setup(replace(plant, create_date=date(2025, 12, 20)), at=here.clock.time)
    assert young.cloud.newest_sample(SID) is None


@settings(max_examples=20, deadline=None)
@given(
    latitude=st.floats(-34, 70),
    longitude=st.floats(-180, 180),
    seed=st.integers(0, 2**40),
    day=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
)
def test_readings_of_a_day_are_within_the_rating_of_the_panels(
    latitude: float, longitude: float, seed: int, day: date
) -> None:
    plant = young_plant(latitude=latitude, longitude=longitude, seed=seed, create_date=day)
    made = day_of(plant, day).curve.day(day)
    assert all(0 <= reading <= 10 * plant.panel_w for reading in made.readings)
    assert sum(made.readings) == made.sums[-1]
    assert all(slot in made.span for slot in made.slots)


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("month", [1, 6, 12])
def test_there_is_a_place_for_every_hour(hour: int, month: int) -> None:
    now = datetime(2026, month, 21, hour, 5, tzinfo=UTC)
    place = where_it_is(13, now)
    assert place in PLACES
    local = now.astimezone(ZoneInfo(place.timezone))
    assert 12 <= local.hour <= 14
    plant = young_plant(
        latitude=place.latitude, longitude=place.longitude, timezone=place.timezone, create_date=local.date()
    )
    noon = View(plant=plant, now=now)
    assert noon.source().units(noon.whole) > 0


# Faults.
