"""Statistics of meters and batteries in a real recorder: every flow of the house, hour by hour."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.apsystems_openapi.history import recorder
from simulator import Ecu, FaultKind, Kind, Level, Plant, sample_plant
from tests.harness import PARIS, House, paris
from tests.sampling import sampled
from tests.statistics import Rows, assert_orderly, clear, days, rows, statistic_ids, until_done

METER, BATTERY = "216200099999", "216200088888"
OF_METER = ("produced", "consumed", "imported", "exported")
OF_BATTERY = (*OF_METER, "charge", "discharge")
UNBALANCED = """{"code": 0, "data": {
    "today": {"produced": "9.00", "consumed": "4.00", "imported": "1.00", "exported": "5.00"},
    "time": ["12:00", "23:55"],
    "power": {"produced": ["0", "0"], "consumed": ["0", "0"], "imported_exported": ["0", "0"]},
    "energy": {"produced": ["8", "1"], "consumed": ["3", "1"], "imported": ["0", "1"], "exported": ["4", "1"]}
}}"""
"""The answer of a meter of which 1 kWh is missing."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def home(create_date: date, *, meter: bool = False, battery: bool = False) -> Plant:
    """Return a plant whose house has a meter, a battery, or both."""
    plant = sample_plant(create_date=create_date, meters=(METER,) if meter else ())
    return sample_plant(
        create_date=create_date,
        meters=plant.meters,
        ecus=(*plant.ecus, Ecu(eid=BATTERY, type=2)) if battery else plant.ecus,
        battery_kwh=5.0,
    )


def flows_of(plant: Plant) -> dict[str, tuple[str, str]]:
    """Return device and flow of each statistic that a home has, by its id."""
    prefix = f"apsystems_openapi:{plant.sid.lower()}_meter"
    ids = {f"{prefix}_{eid}_{flow}": (eid, flow) for eid in plant.meters for flow in OF_METER}
    stored = {f"apsystems_openapi:storage_{BATTERY}_{flow}": (BATTERY, flow) for flow in OF_BATTERY}
    return ids | (stored if plant.has_storage else {})


async def assert_flows(house: House, of_days: Iterable[date]) -> None:
    """Check that every flow has the cloud's energy in every hour of some days, and that its rows are orderly.

    What rounding leaves of a day goes to one of its hours.
    """
    known = true_hours(house, of_days)
    assert known
    for statistic_id, (eid, flow) in flows_of(house.plant).items():
        stored = await rows(house, statistic_id)
        assert_orderly(stored)
        written = {start: stored.get(start, (0.0, 0.0))[0] for start in known}
        truth = {start: of_device[eid][flow] for start, of_device in known.items()}
        wrong = {start: (kwh, written[start]) for start, kwh in truth.items() if abs(kwh - written[start]) > 0.005}
        assert not wrong, (flow, wrong)


def true_hours(house: House, of_days: Iterable[date]) -> dict[datetime, dict[str, dict[str, float]]]:
    """Return the energy (kWh) in each hour that some days have, by its start in UTC, the device and the flow."""
    truth, eids = house.truth, {eid for eid, _ in flows_of(house.plant).values()}
    spans = [(midnight(house, day), midnight(house, day + DAY)) for day in of_days]
    starts = [start + n * HOUR for start, end in spans for n in range((end - start) // HOUR)]
    return {start: {eid: truth.flows_kwh(eid, start, start + HOUR) for eid in eids} for start in starts}


def midnight(house: House, day: date) -> datetime:
    """Return the start of a site day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=house.plant.zone).astimezone(UTC)


async def rows_of(house: House, statistic_id: str, of_days: list[date]) -> Rows:
    """Return the rows from the first to the last of some days."""
    start, end = midnight(house, of_days[0]), midnight(house, of_days[-1] + DAY)
    return {time: row for time, row in (await rows(house, statistic_id)).items() if start <= time < end}


def sums_by_day(house: House, stored: Rows) -> dict[date, float]:
    """Return the energy (kWh) of each site day."""
    sums: dict[date, float] = {}
    for start, (kwh, _) in stored.items():
        day = start.astimezone(house.plant.zone).date()
        sums[day] = sums.get(day, 0.0) + kwh
    return sums


def periods(house: House, level: str) -> list[str]:
    """Return the days or months of the history that a meter was asked for, in order."""
    calls = house.calls("meter_energy")
    return [str(call.date_range) for call in calls if call.level == level and str(call.date_range) < "2026-06-15"]


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    return house


HOMES = {
    "meter": home(date(2026, 6, 10), meter=True),
    "both": home(date(2026, 6, 10), meter=True, battery=True),
}


@pytest.mark.parametrize("plant", HOMES.values(), ids=HOMES)
async def test_every_hour_of_every_flow_is_written_while_days_pass(house: House) -> None:
    house.move_to("2026-06-15 00:10")
    await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-17 03:00", timedelta(minutes=20))
    await assert_flows(house, days(date(2026, 6, 15), date(2026, 6, 16)))
    known = await statistic_ids(house.hass)
    assert set(known) == {*flows_of(house.plant), f"apsystems_openapi:{house.sid.lower()}_production"}
    for statistic_id in flows_of(house.plant):
        assert min(await rows(house, statistic_id)) >= paris("2026-06-15 00:00")


PLACES = {
    "25 hours": (sample_plant(), date(2026, 10, 25)),
    "23 hours": (sample_plant(), date(2026, 3, 29)),
    "half an hour": (sample_plant(latitude=47.56, longitude=-52.71, timezone="America/St_Johns"), date(2026, 6, 13)),
}


@pytest.mark.parametrize("place", PLACES)
async def test_hours_are_right_on_days_of_any_length(house: House, place: str) -> None:
    site, day = PLACES[place]
    house.cloud.plants.pop(house.sid)
    plant = home(day - DAY, battery=True)
    where = {"latitude": site.latitude, "longitude": site.longitude, "timezone": site.timezone}
    house.cloud.plants[plant.sid] = replace(plant, **where)
    await house.hass.config.async_update(latitude=site.latitude, longitude=site.longitude, time_zone=site.timezone)
    house.move_to(midnight(house, day + 2 * DAY) + 10 * HOUR)
    await house.set_up(auto_scan_interval=True)
    await until_done(house)
    await house.pass_time(HOUR)
    await assert_flows(house, days(day - DAY, day + DAY))


@pytest.mark.parametrize("plant", [home(date(2026, 5, 29), meter=True)])
async def test_the_past_comes_as_totals_of_months_and_then_hour_by_hour(house: House) -> None:
    house.cloud.quota = 3000
    await house.set_up(auto_scan_interval=True, monthly_quota=3000)
    await house.pass_time(HOUR, timedelta(minutes=20))
    before = days(date(2026, 5, 29), date(2026, 6, 14))
    assert periods(house, "daily") == ["2026-06", "2026-05"]
    for statistic_id, (eid, flow) in flows_of(house.plant).items():
        written = sums_by_day(house, await rows(house, statistic_id))
        for day in before:
            truth = house.truth.flows_kwh(eid, midnight(house, day), midnight(house, day + DAY))[flow]
            assert written.get(day, 0.0) == pytest.approx(truth, abs=0.01), (day, flow)
    newer = {statistic_id: await rows_of(house, statistic_id, before[-14:]) for statistic_id in flows_of(house.plant)}
    await house.pass_time("2026-06-16 12:00", HOUR)
    for statistic_id, stored in newer.items():  # an older day changes no sum of a newer one
        assert await rows_of(house, statistic_id, before[-14:]) == stored
    fetched = periods(house, "minutely")
    assert len(fetched) > 14
    assert fetched == [str(day) for day in reversed(before)][: len(fetched)]
    await assert_flows(house, before[-len(fetched) :])


@pytest.mark.parametrize("plant", [home(date(2026, 6, 1), meter=True, battery=True)])
async def test_days_without_home_assistant_are_fetched_later(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time(HOUR, timedelta(minutes=20))
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.move_to("2026-06-19 09:00")
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    await house.pass_time("2026-06-19 18:00", timedelta(minutes=30))
    await assert_flows(house, days(date(2026, 6, 15), date(2026, 6, 18)))


@pytest.mark.parametrize("plant", [home(date(2026, 6, 1), battery=True)])
async def test_with_the_import_off_nothing_before_the_installation_is_written(house: House) -> None:
    house.move_to("2026-06-15 00:30")
    await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-15 10:00", timedelta(minutes=30))
    assert not [call for call in house.calls("storage_period") if str(call.date_range) < "2026-06-14"]
    for statistic_id in flows_of(house.plant):
        assert not [start for start in await rows(house, statistic_id) if start < paris("2026-06-15 00:00")]


@pytest.mark.thorough
@pytest.mark.parametrize("plant", [home(date(2026, 6, 1), meter=True)])
async def test_a_day_that_does_not_balance_is_not_written_and_asked_for_ever_more_seldom(house: House) -> None:
    house.move_to("2026-06-14 20:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-14 23:00", HOUR)
    before = {statistic_id: await rows(house, statistic_id) for statistic_id in flows_of(house.plant)}
    house.order(FaultKind.BODY, on=Kind.METER_ENERGY, level=Level.MINUTELY, body=UNBALANCED)
    await house.pass_time("2026-06-19 20:00", HOUR)
    asked = [call.time.astimezone(PARIS).day for call in house.calls("meter_energy") if call.date_range == "2026-06-14"]
    assert [day for day in asked if day > 15] == [16, 17]  # and the next time on the 21st
    for statistic_id, stored in before.items():
        written = await rows(house, statistic_id)
        assert {start: row for start, row in written.items() if start < paris("2026-06-15 00:00")} == stored
    house.cloud.clear_faults()
    await house.pass_time("2026-06-23 12:00", HOUR)
    await assert_flows(house, days(date(2026, 6, 14), date(2026, 6, 22)))


@pytest.mark.parametrize("plant", [home(date(2026, 6, 1), meter=True)])
async def test_late_uploads_of_a_meter_are_added(house: House) -> None:
    house.move_to("2026-06-14 08:00")
    await house.set_up(auto_scan_interval=True, import_history=False)
    house.cloud.offline(METER, paris("2026-06-15 11:00"), paris("2026-06-16 09:00"))
    await house.pass_time("2026-06-16 08:00", HOUR)
    await assert_flows(house, days(date(2026, 6, 14), date(2026, 6, 15)))
    await house.pass_time("2026-06-18 12:00", HOUR)
    await assert_flows(house, days(date(2026, 6, 14), date(2026, 6, 17)))


@pytest.mark.parametrize("plant", [home(date(2026, 6, 10), meter=True)])
@pytest.mark.parametrize("import_history", sampled([True, False], every=2))
async def test_a_flow_whose_statistic_was_deleted_is_filled_again(house: House, import_history: bool) -> None:
    house.move_to("2026-06-13 11:00")
    await house.set_up(auto_scan_interval=True, import_history=import_history)
    await house.pass_time("2026-06-15 09:00", HOUR)
    prefix = f"apsystems_openapi:{house.sid.lower()}_meter_{METER}"
    kept, deleted = (f"{prefix}_{flow}" for flow in ("exported", "imported"))
    before = await rows(house, kept)
    await clear(house, deleted)
    await house.pass_time("2026-06-16 20:00", HOUR)
    first = date(2026, 6, 10 if import_history else 13)
    await assert_flows(house, days(first, date(2026, 6, 15)))
    again = await rows(house, kept)
    assert {start: again[start] for start in before} == before


@pytest.mark.parametrize("plant", [home(date(2026, 6, 12), battery=True)])
async def test_rows_that_another_integration_has_written_go_on(house: House) -> None:
    statistic_id = f"apsystems_openapi:storage_{BATTERY}_charge"
    start = paris("2026-06-01 12:00").astimezone(UTC)
    foreign = [StatisticData(start=start + n * HOUR, state=1.5, sum=1.5 * (n + 1)) for n in range(24)]
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name="Battery charge",
        source="apsystems_openapi",
        statistic_id=statistic_id,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    async_add_external_statistics(house.hass, metadata, foreign)
    before = await rows(house, statistic_id)
    await house.set_up(auto_scan_interval=True)
    await house.pass_time("2026-06-16 03:00", timedelta(minutes=30))
    after = await rows(house, statistic_id)
    assert len(before) == 24
    assert {time: after[time] for time in before} == before
    await assert_flows(house, days(date(2026, 6, 12), date(2026, 6, 15)))


@pytest.mark.parametrize("plant", [home(date(2026, 6, 10), meter=True, battery=True)])
async def test_what_a_busy_recorder_does_not_take_is_written_after_a_restart(
    recorder_mock: Recorder, house: House
) -> None:
    house.move_to("2026-06-14 20:00")
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time("2026-06-15 00:40", timedelta(minutes=30))
    recorder_mock.async_recorder_ready.clear()
    await house.pass_time("2026-06-15 02:30", timedelta(minutes=10))
    assert {call.date_range for call in house.calls("meter_energy", "storage_period")} >= {"2026-06-14"}
    seen = len(house.cloud.calls)
    await house.hass.config_entries.async_unload(entry.entry_id)
    recorder_mock.async_recorder_ready.set()
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.pass_time(HOUR, timedelta(minutes=10))
    await assert_flows(house, [date(2026, 6, 14)])
    calls = house.calls("meter_energy", "storage_period", since=seen)
    assert not [call for call in calls if call.date_range == "2026-06-14"]


async def test_a_write_that_fails_between_two_flows_is_made_up_for(house: House) -> None:
    house.cloud.plants.pop(house.sid)
    plant = home(date(2026, 6, 14), battery=True)
    house.cloud.plants[plant.sid] = plant
    house.move_to("2026-06-15 09:00")
    add, failed = recorder.async_add_external_statistics, list[str]()

    def add_or_fail(hass: HomeAssistant, metadata: StatisticMetaData, statistics: list[StatisticData]) -> None:
        if metadata["statistic_id"].endswith(("_consumed", "_charge")) and len(failed) < 4:
            failed.append(metadata["statistic_id"])
            raise HomeAssistantError
        add(hass, metadata, statistics)

    with patch.object(recorder, "async_add_external_statistics", add_or_fail):
        await house.set_up(auto_scan_interval=True)
        await house.pass_time("2026-06-16 03:00", timedelta(minutes=30))
    assert len(failed) == 4
    await assert_flows(house, days(date(2026, 6, 14), date(2026, 6, 15)))
