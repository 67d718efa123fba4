"""The import of history into a real recorder, with interruptions, failures and deleted statistics."""
# ruff: noqa: D103 -- test names say what they check

from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
import pytest

from simulator import Fault, FaultKind, Kind, Level, Plant, sample_plant
from tests.harness import PARIS, House
from tests.statistics import (
    asked_for,
    assert_days,
    assert_hours,
    assert_orderly,
    clear,
    cloud_day,
    daily,
    days,
    progress,
    rows,
    until_done,
)

RICH = {"auto_scan_interval": True, "monthly_quota": 3000}
CREATED = date(2026, 5, 28)
INSTALLED = date(2026, 6, 15)
BEFORE = days(CREATED, INSTALLED - timedelta(days=1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    house.cloud.quota = 3000
    return house


@pytest.fixture
def plant() -> Plant:
    """Return a plant that was registered some weeks before the installation."""
    return sample_plant(create_date=CREATED)


def is_one_row(stored: dict[datetime, Any], day: date) -> bool:
    """Return whether a day has a single row, at the site's noon."""
    made = [start.astimezone(PARIS) for start, (kwh, _) in stored.items() if kwh]
    return [start.hour for start in made if start.date() == day] == [12]


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2025, 12, 10))])
async def test_months_are_imported_first_then_days_hour_by_hour(house: House) -> None:
    await house.set_up(**RICH)
    await house.pass_time(timedelta(minutes=20))
    months = ["2026-06", "2026-05", "2026-04", "2026-03", "2026-02", "2026-01", "2025-12"]
    assert asked_for(house, "daily") == months
    before = days(date(2025, 12, 10), date(2026, 6, 14))
    await assert_days(house, before)
    stored = await rows(house)
    assert_orderly(stored)
    older = before[:-14]
    assert all(is_one_row(stored, day) for day in older if cloud_day(house, day) > 0.01)
    assert not any(is_one_row(stored, day) for day in before[-14:])
    shown = house.state("history")
    assert float(shown.state) < 10
    assert shown.attributes["days_to_go"] == len(older)
    assert date.fromisoformat(shown.attributes["expected_end"]) > INSTALLED

    await house.pass_time("2026-06-17 12:00", timedelta(minutes=20))
    fetched = [day for day in asked_for(house) if day < "2026-06-15"]
    assert fetched == [day.isoformat() for day in reversed(before)][: len(fetched)]
    assert len(fetched) > 30
    stored = await rows(house)
    assert_orderly(stored)
    for day in before:
        assert is_one_row(stored, day) == (day.isoformat() < fetched[-1])
    await assert_hours(house, date.fromisoformat(fetched[0]))
    await assert_days(house, before)
    assert house.state("history").attributes["days_with_hours"] >= len(fetched)
    assert house.cloud.spent() < 3000 / 30 * 3 + 20


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 3, 1), fine_days=10)])
async def test_days_without_hours_keep_their_total_and_many_of_them_end_the_import(house: House) -> None:
    await house.set_up(**RICH)
    await until_done(house, step=timedelta(minutes=20))
    fetched = [day for day in asked_for(house) if day < "2026-06-15"]
    assert len(fetched) == 14 + 14  # those just before the installation do not count as empty
    stored = await rows(house)
    assert is_one_row(stored, date(2026, 3, 2))
    assert is_one_row(stored, date(2026, 6, 1))
    assert not is_one_row(stored, date(2026, 6, 10))
    await assert_days(house, days(date(2026, 3, 1), date(2026, 6, 14)))
    assert float(house.state("history").state) == 100
    assert house.state("history").attributes["expected_end"] is None


async def test_without_import_only_days_since_the_installation_are_fetched(house: House) -> None:
    entry = await house.set_up(**RICH, import_history=False)
    await house.pass_time("2026-06-19 12:00", timedelta(minutes=20))
    assert min(await daily(house)) == INSTALLED
    assert not [day for day in asked_for(house) if day < "2026-06-15"]
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "import_history": True})
    await house.reload(entry)
    await until_done(house, step=timedelta(minutes=20))
    await assert_days(house, BEFORE)
    assert_orderly(await rows(house))


@pytest.mark.parametrize("crash", [False, True], ids=["reloaded", "killed before the state was stored"])
async def test_the_import_continues_after_a_stop_at_any_step(
    house: House, hass_storage: dict[str, Any], crash: bool
) -> None:
    entry = await house.set_up(**RICH)
    key = f"apsystems_openapi.{house.sid}"
    stops, asked = 0, 0
    await house.pass_time(timedelta(minutes=5))
    while progress(house):
        before = deepcopy(hass_storage[key])
        await house.pass_time(timedelta(minutes=5))
        if len(asked_for(house)) == asked:
            continue
        stops, asked = stops + 1, len(asked_for(house))
        await house.hass.config_entries.async_unload(entry.entry_id)
        if crash and stops % 2:
            hass_storage[key] = before
        await house.hass.config_entries.async_setup(entry.entry_id)
        await house.settle()
    assert stops >= len(BEFORE) - 14  # those just before the installation are fetched at once
    assert_orderly(await rows(house))
    await assert_days(house, BEFORE)
    for day in BEFORE:
        await assert_hours(house, day)


@pytest.mark.parametrize("import_history", [True, False])
async def test_a_statistic_that_was_deleted_is_filled_again(house: House, import_history: bool) -> None:
    house.move_to("2026-06-12 11:00")
    await house.set_up(**RICH, import_history=import_history)
    await house.pass_time("2026-06-15 09:00", timedelta(minutes=20))
    first = CREATED if import_history else date(2026, 6, 12)
    await clear(house)
    assert not await rows(house)
    await house.pass_time("2026-06-16 09:00", timedelta(minutes=20))
    await assert_days(house, days(first, date(2026, 6, 15)))
    await until_done(house, step=timedelta(minutes=20))
    assert_orderly(await rows(house))
    for day in days(first, date(2026, 6, 15)):
        await assert_hours(house, day)


async def test_a_statistic_deleted_during_a_write_has_no_spike(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.set_up(**RICH, import_history=False)
    await house.pass_time(timedelta(hours=3), timedelta(minutes=20))
    from custom_components.apsystems_openapi.history import recorder as history  # noqa: PLC0415

    add = history.async_add_external_statistics
    cleared: list[str] = []

    def add_after_clearing(hass: Any, metadata: Any, statistics: Any) -> None:  # noqa: ANN401
        if not cleared:
            cleared.append(metadata["statistic_id"])
            from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

            get_instance(hass).async_clear_statistics(cleared)
        add(hass, metadata, statistics)

    monkeypatch.setattr(history, "async_add_external_statistics", add_after_clearing)
    await house.pass_time(timedelta(hours=2), timedelta(minutes=20))
    assert cleared
    assert_orderly(await rows(house))
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=20))
    assert_orderly(await rows(house))
    await assert_days(house, [INSTALLED])


async def test_hours_that_differ_from_the_total_are_scaled_to_it(house: House) -> None:
    house.cloud.order(Fault(kind=FaultKind.NONSENSE, on=Kind.ENERGY, level=Level.HOURLY, value="0.10"))
    await house.set_up(**RICH)
    await until_done(house, step=timedelta(minutes=20))
    stored = await rows(house)
    assert not any(is_one_row(stored, day) for day in BEFORE)
    await assert_days(house, BEFORE)
    assert_orderly(stored)


async def test_a_day_that_fails_delays_no_other_and_is_not_repeated_that_day(house: House) -> None:
    house.move_to("2026-06-15 08:00")
    house.refuse(5000, on=Kind.ENERGY, level=Level.HOURLY, times=1)
    await house.set_up(**RICH)
    await house.pass_time(timedelta(hours=9), timedelta(minutes=5))
    refused = next(call.date_range for call in house.calls("energy") if call.code == 5000)
    assert asked_for(house).count(str(refused)) == 1
    assert len(asked_for(house)) > 10
    await until_done(house, step=timedelta(minutes=20))
    await assert_days(house, BEFORE)
    for day in BEFORE:
        await assert_hours(house, day)


SYDNEY = {"latitude": -33.87, "longitude": 151.21, "create_date": date(2026, 6, 8)}


@pytest.mark.parametrize("plant", [sample_plant(timezone="Australia/Adelaide", **SYDNEY)])
async def test_a_changed_time_zone_of_the_site_counts_no_energy_twice(house: House) -> None:
    await house.hass.config.async_update(latitude=-33.87, longitude=151.21, time_zone="Australia/Sydney")
    house.freezer.move_to("2026-06-12 00:00:00+00:00")
    await house.set_up(**RICH)
    await house.pass_time(timedelta(days=3), timedelta(minutes=40))
    assert {start.minute for start in await rows(house)} == {30}
    house.cloud.plants.pop(house.sid)
    house.cloud.plants["AB12345C6D7E"] = sample_plant(timezone="Australia/Brisbane", **SYDNEY)
    await house.press("scan_inverters")
    await house.reload(house.hass.config_entries.async_entries("apsystems_openapi")[0])
    await house.pass_time(timedelta(days=6), timedelta(minutes=40))
    stored = await rows(house)
    assert_orderly(stored)
    changed = datetime(2026, 6, 15, tzinfo=house.plant.zone)
    assert {start.minute for start, (kwh, _) in stored.items() if start > changed and kwh} == {0}
    await assert_days(house, days(date(2026, 6, 8), date(2026, 6, 20)))


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2024, 4, 20))])
async def test_a_small_quota_is_not_spent_on_history_in_a_day(house: House) -> None:
    house.cloud.quota = 300
    house.move_to("2026-06-02 10:00")
    await house.set_up(auto_scan_interval=True, monthly_quota=300)
    await house.pass_time("2026-06-02 23:00", timedelta(minutes=20))
    assert 15 <= len(asked_for(house, "daily")) <= 25
    assert house.cloud.spent() < 300 / 30 * 5
    await house.pass_time("2026-06-04 12:00", timedelta(minutes=20))
    assert len(set(asked_for(house, "daily"))) == 27
    assert_orderly(await rows(house))
    await assert_days(house, days(date(2026, 1, 1), date(2026, 6, 1)))
