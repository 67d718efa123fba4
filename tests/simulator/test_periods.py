"""Periods of the series: limits, the running hour, uploads (api.md §3)."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator import sample_plant
from tests.simulator.setup import DS3, EID, NIGHT, NOON, SID, TODAY, Setups, numbers, young_plant


@pytest.mark.parametrize(
    ("path", "level", "date_range", "code"),
    [
        (f"energy/{SID}", "minutely", TODAY, 4001),
        (f"energy/{SID}", "", TODAY, 4001),
        (f"energy/{SID}", "hourly", "", 4001),
        (f"energy/{SID}", "hourly", "2026-6-15", 4001),
        (f"energy/{SID}", "hourly", "2026-02-30", 4001),
        (f"energy/{SID}", "daily", TODAY, 4001),
        (f"energy/{SID}", "daily", "9999-12", 4001),
        (f"energy/{SID}", "monthly", "2026-06", 4001),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "hourly", TODAY, 4001),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "power", "", 4001),
        (f"{SID}/devices/ecu/summary/999", "", "", 4001),
        (f"{SID}/devices/inverter/summary/999", "", "", 4001),
        (f"{SID}/devices/meter/summary/999", "", "", 4001),
        (f"{SID}/devices/storage/summary/{EID}", "", "", 1001),
        (f"energy/{SID}", "hourly", "2026-06-16", 1001),
        (f"energy/{SID}", "daily", "2026-07", 1001),
        (f"energy/{SID}", "monthly", "2027", 1001),
        (f"energy/{SID}", "hourly", "2026-05-19", 1001),
        (f"energy/{SID}", "daily", "2026-04", 1001),
        (f"energy/{SID}", "monthly", "2025", 1001),
    ],
)
async def test_wrong_future_and_forgotten_periods(
    setup: Setups, path: str, level: str, date_range: str, code: int
) -> None:
    assert (await (await setup()).get(path, level, date_range)).code == code


async def test_before_the_first_report_of_the_day(setup: Setups) -> None:
    here = await setup(at=NIGHT)
    summary = await here.data(f"summary/{SID}")
    assert summary["today"] is None
    assert float(summary["lifetime"]) > float(summary["month"]) > 0
    assert sorted(await here.data(f"{SID}/devices/inverter/summary/{DS3}")) == [
        "m1", "m2", "t1", "t2", "y1", "y2"
    ]  # fmt: skip
    for path, level in (
        (f"energy/{SID}", "hourly"),
        (f"{SID}/devices/ecu/energy/{EID}", "minutely"),
        (f"{SID}/devices/inverter/energy/{DS3}", "minutely"),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "power"),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "energy"),
    ):
        assert (await here.get(path, level, TODAY)).code == 1001
    daily = await here.data(f"energy/{SID}", "daily", "2026-06")
    assert (len(daily), daily[-1]) == (15, "0")
    assert here.cloud.power_w(SID) == 0
    newest = here.cloud.newest_sample(SID)
    assert newest
    assert newest.date() == date(2026, 6, 14)


async def test_the_running_hour_is_zero_until_it_has_closed(setup: Setups) -> None:
    here = await setup(at=NOON)
    hours = await here.data(f"energy/{SID}", "hourly", TODAY)
    assert len(hours) == 24
    assert hours[:5] == ["0"] * 5
    assert (hours[13], hours[14:]) == ("0.00", ["0"] * 10)
    assert min(numbers(hours[7:13])) > 0
    here.clock.time = NOON.replace(hour=14, minute=0)
    assert float((await here.data(f"energy/{SID}", "hourly", TODAY))[13]) > 0


async def test_running_periods_stop_at_today(setup: Setups) -> None:
    here = await setup(sample_plant(create_date=date(2024, 11, 5)))
    assert len(await here.data(f"energy/{SID}", "daily", "2026-06")) == 15
    assert len(await here.data(f"energy/{SID}", "daily", "2026-05")) == 31
    assert len(await here.data(f"energy/{SID}", "monthly", "2026")) == 6
    first_year = await here.data(f"energy/{SID}", "monthly", "2024")
    assert first_year[:10] == ["0"] * 10
    assert min(numbers(first_year[10:])) > 0
    assert len(await here.data(f"energy/{SID}", "yearly")) == 3


async def test_only_what_has_been_uploaded_is_known(setup: Setups) -> None:
    here = await setup(at=NOON.replace(minute=14, second=59))
    minutely = f"{SID}/devices/ecu/energy/{EID}"
    assert (await here.data(minutely, "minutely", TODAY))["time"][-1] == "13:00"
    before = await here.data(f"summary/{SID}")
    here.clock.time = NOON.replace(minute=15)
    assert (await here.data(minutely, "minutely", TODAY))["time"][-3:] == ["13:05", "13:10", "13:15"]
    assert float((await here.data(f"summary/{SID}"))["today"]) > float(before["today"])
    assert here.cloud.newest_sample(SID) == NOON.replace(minute=15)
    hourly = await setup(young_plant(upload_minutes=60))
    assert hourly.cloud.newest_sample(SID) == NOON.replace(minute=0)


async def test_an_hour_that_has_just_closed_grows_with_the_next_upload(setup: Setups) -> None:
    here = await setup(young_plant(upload_offset_minutes=7), at=NOON.replace(hour=14, minute=3))
    assert here.cloud.newest_sample(SID) == NOON.replace(minute=50)
    early = float((await here.data(f"energy/{SID}", "hourly", TODAY))[13])
    here.clock.time += timedelta(minutes=5)
    assert float((await here.data(f"energy/{SID}", "hourly", TODAY))[13]) > early > 0


async def test_fine_series_reach_back_as_far_as_the_account_allows(setup: Setups) -> None:
    here = await setup(young_plant(fine_days=7))
    assert (await here.get(f"energy/{SID}", "hourly", "2026-06-08")).code == 0
    assert (await here.get(f"energy/{SID}", "hourly", "2026-06-07")).code == 1001
    assert (await here.get(f"energy/{SID}", "daily", "2026-05")).code == 0


async def test_a_day_without_a_record_and_a_day_with_a_recorded_zero_are_written_differently(setup: Setups) -> None:
    """At this place the sun is at the horizon on the first days of December, and below it later."""
    plant = young_plant(latitude=67.9, longitude=23.3, timezone="Europe/Helsinki", create_date=date(2025, 11, 20))
    here = await setup(plant, at=datetime(2025, 12, 31, 12, tzinfo=ZoneInfo("Europe/Helsinki")))
    days = await here.data(f"energy/{SID}", "daily", "2025-12")
    assert (days[-1], set(days)) == ("0", {"0.00", "0"} | {day for day in days if float(day) > 0})
    assert days.index("0") > days.index("0.00")


async def test_daily_series_can_lose_their_record_from_a_day_on(setup: Setups) -> None:
    here = await setup()
    paths = [f"energy/{SID}", f"{SID}/devices/ecu/energy/{EID}", f"{SID}/devices/inverter/energy/{DS3}"]
    before = [await here.data(path, "daily", "2026-06") for path in paths]
    summary, months = await here.data(f"summary/{SID}"), await here.data(f"energy/{SID}", "monthly", "2026")
    here.cloud.plants[SID] = replace(here.cloud.plants[SID], no_record_from=date(2026, 6, 11))
    after = [await here.data(path, "daily", "2026-06") for path in paths]
    assert after[:2] == [[*days[:10], *["0"] * 5] for days in before[:2]]
    assert after[2] == {key: [*days[:10], *["0"] * 5] for key, days in before[2].items()}
    assert await here.data(f"summary/{SID}") == summary
    assert await here.data(f"energy/{SID}", "monthly", "2026") == months
    assert float((await here.data(f"energy/{SID}", "hourly", "2026-06-12"))[12]) > 0
