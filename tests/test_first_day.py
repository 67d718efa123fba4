"""The day of the installation: what an owner sees at once, and the calls that the history may take for it."""

from dataclasses import replace
from datetime import date, timedelta

from homeassistant.components.recorder.core import Recorder
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
import pytest

from simulator import Kind, Level, Plant, sample_plant
from tests.harness import AUTOMATIC, House
from tests.statistics import asked_for, assert_days, assert_hours, assert_orderly, days, rows, until_done

MOST = 40
YOUNG = sample_plant(create_date=date(2026, 3, 1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    return house


@pytest.fixture
def plant() -> Plant:
    """Return a plant of two years."""
    return sample_plant(create_date=date(2024, 4, 20))


def history_calls(house: House) -> list[str]:
    """Return the months and past days that the cloud was asked for, in order."""
    today = house.now.astimezone(house.plant.zone).date().isoformat()
    return [
        str(c.date_range) for c in house.calls("energy") if c.level in {"daily", "hourly"} and c.date_range != today
    ]


@pytest.mark.parametrize("hour", ["04:00", "10:00", "22:10"])
async def test_two_months_two_weeks_and_older_months_are_there_within_minutes(house: House, hour: str) -> None:
    """At any hour: 40 calls, the newest first; older days stay one row each."""
    house.move_to(f"2026-06-17 {hour}")
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(minutes=10))
    two_weeks = [date(2026, 6, 16) - timedelta(days=number) for number in range(14)]
    months = [f"2026-{month:02}" for month in (4, 3, 2, 1)] + [f"2025-{month:02}" for month in range(12, 0, -1)]
    months += [f"2024-{month:02}" for month in range(12, 3, -1)]
    asked = ["2026-06", "2026-05", *(day.isoformat() for day in two_weeks), *months]
    assert history_calls(house) == asked[:MOST]
    assert_orderly(await rows(house))
    for day in two_weeks:
        await assert_hours(house, day)
    await assert_days(house, days(date(2024, 5, 1), date(2026, 6, 16)))
    shown = house.state("history")
    assert shown.attributes["days_with_hours"] == 14
    assert shown.attributes["days_with_totals"] == (date(2026, 6, 3) - date(2024, 5, 1)).days
    assert shown.attributes["days_to_go"] == (date(2026, 6, 3) - date(2024, 4, 20)).days


async def test_a_month_that_fails_delays_no_other_step(house: House) -> None:
    """It follows the next day; the hours of the last days come all the same."""
    house.move_to("2026-06-17 14:00")
    house.refuse(5000, on=Kind.ENERGY, level=Level.DAILY, times=1)
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert [asked for asked in history_calls(house) if len(asked) == 10] == [
        (date(2026, 6, 16) - timedelta(days=number)).isoformat() for number in range(14)
    ]
    await house.pass_time("2026-06-18 12:00", timedelta(minutes=20))
    await assert_days(house, days(date(2026, 5, 1), date(2026, 6, 16)))


async def test_the_hours_of_the_evening_are_asked_for_once(house: House) -> None:
    """Whether the plan has a call for them still ahead or not."""
    for time in ("22:05", "22:40"):
        house.move_to(f"2026-06-17 {time}")
        entry = await house.set_up(**AUTOMATIC)
        await house.pass_time("2026-06-17 23:50", timedelta(minutes=5))
        assert asked_for(house).count("2026-06-17") == 1
        await house.hass.config_entries.async_remove(entry.entry_id)
        house.cloud.calls.clear()


@pytest.mark.parametrize("plant", [YOUNG])
async def test_the_day_itself_is_there_in_the_evening(house: House) -> None:
    """One call for its hours; the night before a plant's first read is no reason to wait."""
    house.move_to("2026-06-17 22:10")
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(minutes=10))
    assert asked_for(house)[0] == "2026-06-17"
    assert sum(house.state("total_energy").attributes["hourly_kwh"]) == pytest.approx(house.truth.today_kwh(), abs=0.2)
    await house.pass_time("2026-06-18 00:20", timedelta(minutes=10))
    await assert_hours(house, date(2026, 6, 17))


@pytest.mark.parametrize("plant", [YOUNG])
async def test_the_power_and_the_curve_of_the_day_are_there_at_once(house: House) -> None:
    """By day one read of each ECU follows the set-up; a reload repeats none."""
    house.move_to("2026-06-17 11:02")
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(minutes=1))
    assert house.value("power")
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.05)
    before = len(house.calls("ecu_energy"))
    await house.reload(entry)
    await house.pass_time(timedelta(minutes=1))
    assert len(house.calls("ecu_energy")) == before == 1


async def test_a_reload_does_not_renew_the_allowance(house: House) -> None:
    """However often, and in the middle of it, 40 history calls are made on the first day, each once."""
    house.move_to("2026-06-17 11:00")
    entry = await house.set_up(**AUTOMATIC)
    for _ in range(8):
        await house.reload(entry)
        await house.pass_time(timedelta(minutes=10))
    await house.pass_time("2026-06-17 23:50", timedelta(minutes=20))
    asked = history_calls(house)
    assert len(asked) == len(set(asked)) == MOST


@pytest.mark.parametrize(
    ("quota", "most"),
    [(1000, MOST), (250, 30), (120, 10)],
)
async def test_at_most_a_fifth_of_what_the_duties_leave(house: House, quota: int, most: int) -> None:
    """A small quota is not spent on history on the first day, nor later: all goes on as far as calls allow."""
    house.cloud.quota = quota
    house.move_to("2026-06-01 10:00")
    await house.set_up(**AUTOMATIC, monthly_quota=quota)
    await house.pass_time("2026-06-01 23:50", timedelta(minutes=10))
    asked = history_calls(house)
    assert most / 3 < len(asked) <= most
    assert house.cloud.spent() <= len(asked) + quota / 30 * 2 + 10


async def test_on_the_last_day_of_a_month_the_rest_follows_in_the_next(house: House) -> None:
    """What a new App ID has left on that day is for the day's own figures."""
    house.move_to("2026-06-30 20:00")
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-30 23:00", timedelta(minutes=10))
    assert len(history_calls(house)) < 8
    await house.pass_time("2026-07-01 09:00", timedelta(minutes=10))
    assert len([asked for asked in history_calls(house) if asked != "2026-06-30"]) >= MOST - 1
    for day in (28, 29):
        await assert_hours(house, date(2026, 6, day))
    assert house.cloud.spent() < 100


async def test_progress_is_unknown_until_the_first_month_is_read_and_never_falls_on_the_first_day(house: House) -> None:
    """A new installation does not show 100 % and a little later 0 %."""
    house.move_to("2026-06-17 22:10")
    shown: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) and state.entity_id.endswith("_history"):
            shown.append(state.state)

    house.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-18 12:00", timedelta(minutes=10))
    assert shown[0] == "unknown"
    figures = [float(state) for state in shown if state not in {"unknown", "unavailable"}]
    assert figures[0] < 10
    assert figures == sorted(figures)


@pytest.mark.thorough
@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 5, 20))])
async def test_the_expected_end_follows_the_real_pace(house: House) -> None:
    """It is as far away as the calls of the last days say, and moves little while these go on."""
    house.move_to("2026-06-15 12:00")
    await house.set_up(**AUTOMATIC)
    ends = []
    for _ in range(3):
        await house.pass_time(timedelta(days=1), timedelta(minutes=10))
        ends.append(date.fromisoformat(house.state("history").attributes["expected_end"]))
    await until_done(house, timedelta(days=20), timedelta(minutes=20))
    real = house.now.date()
    assert max(abs(end - real) for end in ends) <= timedelta(days=5)


def with_house(since: date) -> Plant:
    """Return a plant with a battery and a meter, which only the list of meters names."""
    plant = sample_plant(create_date=since)
    return replace(plant, ecus=(replace(plant.ecus[0], type=2),), meters=("216300054321",))


@pytest.mark.parametrize("plant", [with_house(date(2026, 6, 1))])
@pytest.mark.parametrize(("hour", "is_read"), [("03:00", False), ("08:00", True), ("13:00", True), ("20:00", True)])
async def test_meter_and_battery_show_themselves_at_once_and_are_asked_once(
    house: House, hour: str, *, is_read: bool
) -> None:
    """At any hour, be their planned reads past or to come; at night the curve of the day before is fetched instead."""
    house.move_to(f"2026-06-17 {hour}")
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(minutes=10))
    for key in ("meter_216300054321_imported", "meter_216300054321_consumed", "storage_discharge"):
        assert (house.value(f"{key}_energy") or 0) > 1, key
        assert house.value(f"{key}_today") is not None, key
    assert (house.value("meter_216300054321_grid_power") is not None) == is_read
    assert (house.value("storage_soc") or 0) >= 10
    asked = [str(call.kind) for call in house.calls(Kind.METER_SUMMARY, Kind.STORAGE_SUMMARY, Kind.STORAGE_LATEST)]
    assert sorted(asked) == ["meter_summary", "storage_latest", "storage_summary"]


@pytest.mark.parametrize("plant", [with_house(date(2024, 4, 20))])
async def test_with_few_calls_left_the_history_of_a_battery_begins_as_well(house: House) -> None:
    """Newer months and days of all come before older ones of any; a meter that is listed later follows."""
    house.move_to("2026-06-27 13:00")
    await house.set_quota(400)
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(minutes=30))
    kinds = (Kind.ENERGY, Kind.STORAGE_PERIOD)
    assert {str(call.kind) for call in house.calls(*kinds) if call.date_range == "2026-06"} == {*map(str, kinds)}
    assert not [call for call in house.calls(Kind.ENERGY) if call.date_range == "2026-04"]
