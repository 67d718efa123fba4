"""The past: which step is next, and how it fills a real recorder, whatever comes in between."""
# ruff: noqa: D103

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.system.backlog import (
    Past,
    Step,
    begun,
    done,
    next_step,
    settled,
    wanted,
    worth_borrowing,
)
from simulator import Fault, FaultKind, Kind, Level, Plant, sample_plant
from tests.house import PARIS, House
from tests.recorded import (
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
CREATED = date(2026, 5, 20)
INSTALLED = date(2026, 6, 15)
BEFORE = days(CREATED, INSTALLED - timedelta(days=1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a home that keeps statistics."""
    house.cloud.quota = 3000
    return house


@pytest.fixture
def plant() -> Plant:
    """Return a plant that was registered some weeks before the installation."""
    return sample_plant(create_date=CREATED)


def is_coarse(held: dict[datetime, Any], day: date) -> bool:
    """Tell whether a day stands as one row at the site's noon."""
    made = [start.astimezone(PARIS) for start, (kwh, _) in held.items() if kwh]
    return [start.hour for start in made if start.date() == day] == [12]


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2025, 12, 10))])
async def test_months_come_first_within_minutes_then_days_hour_by_hour(house: House) -> None:
    await house.set_up(**RICH)
    await house.pass_time(timedelta(minutes=20))
    months = ["2026-06", "2026-05", "2026-04", "2026-03", "2026-02", "2026-01", "2025-12"]
    assert asked_for(house, "daily") == months
    before = days(date(2025, 12, 10), date(2026, 6, 14))
    await assert_days(house, before)
    held = await rows(house)
    assert_orderly(held)
    assert all(is_coarse(held, day) for day in before if cloud_day(house, day) > 0.01)
    shown = house.state("history")
    assert float(shown.state) < 10
    assert shown.attributes["days_to_go"] > 150
    assert date.fromisoformat(shown.attributes["expected_end"]) > INSTALLED

    await house.pass_time("2026-06-17 12:00", timedelta(minutes=20))
    fetched = [day for day in asked_for(house) if day < "2026-06-15"]
    assert fetched == [day.isoformat() for day in reversed(before)][: len(fetched)]
    assert len(fetched) > 30
    held = await rows(house)
    assert_orderly(held)
    for day in before:
        assert is_coarse(held, day) == (day.isoformat() < fetched[-1])
    await assert_hours(house, date.fromisoformat(fetched[0]))
    await assert_days(house, before)
    assert house.state("history").attributes["days_done"] > len(fetched)
    assert house.cloud.spent() < 3000 / 30 * 3 + 20


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 3, 1), fine_days=10)])
async def test_days_without_hours_keep_their_total_and_after_many_of_them_no_more_is_asked(house: House) -> None:
    await house.set_up(**RICH)
    await until_done(house, step=timedelta(minutes=20))
    fetched = [day for day in asked_for(house) if day < "2026-06-15"]
    assert len(fetched) == 10 + 14
    held = await rows(house)
    assert is_coarse(held, date(2026, 3, 2))
    assert is_coarse(held, date(2026, 6, 1))
    assert not is_coarse(held, date(2026, 6, 10))
    await assert_days(house, days(date(2026, 3, 1), date(2026, 6, 14)))
    assert float(house.state("history").state) == 100
    assert house.state("history").attributes["expected_end"] is None


async def test_switched_off_only_what_is_missing_since_the_installation_is_fetched(house: House) -> None:
    entry = await house.set_up(**RICH, import_history=False)
    await house.pass_time("2026-06-19 12:00", timedelta(minutes=20))
    assert min(await daily(house)) == INSTALLED
    assert not [day for day in asked_for(house) if day < "2026-06-15"]
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "import_history": True})
    await house.reload(entry)
    await until_done(house, step=timedelta(minutes=20))
    await assert_days(house, BEFORE)
    assert_orderly(await rows(house))


@pytest.mark.parametrize("crash", [False, True], ids=["reloaded", "killed before it was noted"])
async def test_it_goes_on_after_each_step_wherever_it_was_stopped(
    house: House, hass_storage: dict[str, Any], crash: bool
) -> None:
    entry = await house.set_up(**RICH)
    key = f"apsystems_openapi.{house.sid}"
    stops, asked = 0, 0
    await house.pass_time(timedelta(minutes=5))
    while progress(house):
        noted = deepcopy(hass_storage[key])
        await house.pass_time(timedelta(minutes=5))
        if len(asked_for(house)) == asked:
            continue
        stops, asked = stops + 1, len(asked_for(house))
        await house.hass.config_entries.async_unload(entry.entry_id)
        if crash and stops % 2:
            hass_storage[key] = noted
        await house.hass.config_entries.async_setup(entry.entry_id)
        await house.settle()
    assert stops > len(BEFORE)
    assert_orderly(await rows(house))
    await assert_days(house, BEFORE)
    for day in BEFORE:
        await assert_hours(house, day)


@pytest.mark.parametrize("behind", [True, False], ids=["with the past", "without"])
async def test_a_statistic_that_was_deleted_is_filled_again(house: House, behind: bool) -> None:
    house.move_to("2026-06-12 11:00")
    await house.set_up(**RICH, import_history=behind)
    await house.pass_time("2026-06-15 09:00", timedelta(minutes=20))
    first = CREATED if behind else date(2026, 6, 12)
    await clear(house)
    assert not await rows(house)
    await house.pass_time("2026-06-16 09:00", timedelta(minutes=20))
    await assert_days(house, days(first, date(2026, 6, 15)))
    await until_done(house, step=timedelta(minutes=20))
    assert_orderly(await rows(house))
    for day in days(first, date(2026, 6, 15)):
        await assert_hours(house, day)


async def test_a_statistic_deleted_between_reading_and_writing_shows_no_spike(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(**RICH, import_history=False)
    await house.pass_time(timedelta(hours=3), timedelta(minutes=20))
    from custom_components.apsystems_openapi.history import recorder as history  # noqa: PLC0415

    add = history.async_add_external_statistics
    cleared: list[str] = []

    def after_a_clearing(hass: Any, metadata: Any, statistics: Any) -> None:  # noqa: ANN401
        if not cleared:
            cleared.append(metadata["statistic_id"])
            from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

            get_instance(hass).async_clear_statistics(cleared)
        add(hass, metadata, statistics)

    monkeypatch.setattr(history, "async_add_external_statistics", after_a_clearing)
    await house.pass_time(timedelta(hours=2), timedelta(minutes=20))
    assert cleared
    assert_orderly(await rows(house))
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=20))
    assert_orderly(await rows(house))
    await assert_days(house, [INSTALLED])


async def test_the_total_wins_where_the_hours_do_not_make_it_up(house: House) -> None:
    house.cloud.order(Fault(kind=FaultKind.NONSENSE, on=Kind.ENERGY, level=Level.HOURLY, value="0.10"))
    await house.set_up(**RICH)
    await until_done(house, step=timedelta(minutes=20))
    held = await rows(house)
    assert not any(is_coarse(held, day) for day in BEFORE)
    await assert_days(house, BEFORE)
    assert_orderly(held)


async def test_a_day_that_cannot_be_read_holds_nothing_up_and_costs_little(house: House) -> None:
    house.move_to("2026-06-15 08:00")
    entry = await house.set_up(**RICH)
    while len(asked_for(house)) < 4:
        await house.pass_time(timedelta(minutes=5))
    seen = len(house.cloud.calls)
    house.refuse(5000, on=Kind.ENERGY, level=Level.HOURLY, times=1)
    await house.pass_time(timedelta(hours=9), timedelta(minutes=5))
    refused = next(call.date_range for call in house.calls("energy", since=seen) if call.code == 5000)
    assert asked_for(house, since=seen).count(str(refused)) == 1
    assert len(asked_for(house, since=seen)) > 10
    await until_done(house, step=timedelta(minutes=20))
    await assert_days(house, BEFORE)
    for day in BEFORE:
        await assert_hours(house, day)
    assert entry.runtime_data.data.past.days_to_go == 0


SYDNEY = {"latitude": -33.87, "longitude": 151.21, "create_date": date(2026, 6, 8)}


@pytest.mark.parametrize("plant", [sample_plant(timezone="Australia/Adelaide", **SYDNEY)])
async def test_another_zone_of_the_site_counts_nothing_twice(house: House) -> None:
    await house.hass.config.async_update(latitude=-33.87, longitude=151.21, time_zone="Australia/Sydney")
    house.freezer.move_to("2026-06-12 00:00:00+00:00")
    await house.set_up(**RICH)
    await house.pass_time(timedelta(days=3), timedelta(minutes=20))
    assert {start.minute for start in await rows(house)} == {30}
    house.cloud.plants.pop(house.sid)
    house.cloud.plants["AB12345C6D7E"] = sample_plant(timezone="Australia/Brisbane", **SYDNEY)
    await house.press("scan_inverters")
    await house.reload(house.hass.config_entries.async_entries("apsystems_openapi")[0])
    await house.pass_time(timedelta(days=6), timedelta(minutes=20))
    held = await rows(house)
    assert_orderly(held)
    changed = datetime(2026, 6, 15, tzinfo=house.plant.zone)
    assert {start.minute for start, (kwh, _) in held.items() if start > changed and kwh} == {0}
    await assert_days(house, days(date(2026, 6, 8), date(2026, 6, 20)))


# What is next, without Home Assistant.

TODAY = date(2026, 6, 15)
FULL = begun(Past(), TODAY, date(2026, 2, 10))


def walk(past: Past, today: date = TODAY, *, behind: bool = True, put_off: tuple[Step, ...] = ()) -> list[Step]:
    """Return the steps that are taken until nothing is left."""
    steps = []
    while (step := next_step(past, today, behind=behind, put_off=put_off)) is not None:
        steps.append(step)
        past = done(past, step, today, had_hours=True)
        assert len(steps) < 1000
    assert behind is False or put_off or past.calls_to_go == 0
    return steps


def test_months_then_days_each_once_the_newest_first() -> None:
    steps = walk(FULL)
    months, fetched = steps[:5], steps[5:]
    assert [step.day for step in months] == [date(2026, month, 1) for month in (6, 5, 4, 3, 2)]
    assert all(step.month for step in months)
    assert [step.day for step in fetched] == list(reversed(days(date(2026, 2, 10), date(2026, 6, 14))))
    assert not any(step.month for step in fetched)
    assert walk(FULL, behind=False) == []
    assert FULL.days_done(TODAY) == 0
    assert FULL.calls_to_go == len(steps)


def test_what_is_missed_comes_before_all_and_what_is_missed_for_long_after_the_months() -> None:
    past = begun(FULL, TODAY + timedelta(days=3), None)
    steps = walk(past, TODAY + timedelta(days=3))
    assert [step.day.day for step in steps[:3]] == [17, 16, 15]
    assert steps[3] == Step(day=date(2026, 6, 1), month=True)

    today = TODAY + timedelta(days=90)
    steps = walk(begun(FULL, today, None), today)
    near, rest = steps[:31], steps[31:]
    assert [step.day for step in near] == list(reversed(days(today - timedelta(days=31), today - timedelta(days=1))))
    first_old_day = next(n for n, step in enumerate(rest) if not step.month)
    assert {date(2026, month, 1) for month in range(2, 10)} <= {step.day for step in rest[:first_old_day]}
    assert len([step for step in steps if not step.month]) == len({step.day for step in steps if not step.month})


def test_only_what_brings_much_or_was_missed_is_worth_borrowing_for() -> None:
    assert worth_borrowing(FULL, next_step(FULL, TODAY, behind=True), TODAY) == 5
    assert worth_borrowing(FULL, Step(day=TODAY - timedelta(days=1)), TODAY) == 0
    missed = wanted(FULL, [TODAY - timedelta(days=1), TODAY - timedelta(days=60)])
    assert worth_borrowing(missed, Step(day=TODAY - timedelta(days=1)), TODAY) == 1
    assert worth_borrowing(missed, Step(day=TODAY - timedelta(days=60)), TODAY) == 0
    assert worth_borrowing(FULL, Step(day=date(2026, 1, 1), month=True), TODAY) == 1
    assert worth_borrowing(FULL, Step(day=date(2026, 6, 1), month=True, late=True), TODAY) == 0
    assert worth_borrowing(FULL, None, TODAY) == 0


def test_the_last_days_are_looked_at_every_third_day_and_every_day_while_they_change() -> None:
    month = date(2026, 6, 1)
    for later, expected in ((1, ()), (2, ()), (3, (month,))):
        assert begun(settled_until(FULL, later), TODAY + timedelta(days=later), None).recent == expected
    day = TODAY + timedelta(days=3)
    past = begun(settled_until(FULL, 3), day, None)
    found = done(past, Step(day=month, month=True, late=True), day, late=[TODAY])
    assert (found.gaps, found.recent) == ((TODAY,), ())
    assert begun(settled(found, day), day + timedelta(days=1), None).recent == (month,)
    nothing = done(past, Step(day=month, month=True, late=True), day)
    assert begun(settled(nothing, day), day + timedelta(days=1), None).recent == ()
    turn = date(2026, 7, 3)
    assert begun(replace(FULL, settled=date(2026, 7, 2)), turn, None).recent == (date(2026, 7, 1), month)


def settled_until(past: Past, later: int) -> Past:
    """Return the past some days later, all of them complete."""
    return replace(past, settled=TODAY + timedelta(days=later - 1))


def test_a_clock_that_ran_ahead_hides_no_day() -> None:
    ahead = begun(FULL, TODAY + timedelta(days=400), None)
    back = begun(ahead, TODAY, None)
    assert back.settled == TODAY - timedelta(days=1)
    assert begun(back, TODAY + timedelta(days=2), None).gaps[-1] <= TODAY


def test_what_is_put_off_holds_up_nothing_else() -> None:
    past = wanted(FULL, [date(2026, 6, 13), date(2026, 6, 12)])
    assert walk(past, put_off=(Step(day=date(2026, 6, 13)),))[0] == Step(day=date(2026, 6, 12))
    assert walk(past, put_off=(Step(day=date(2026, 6, 1), month=True),))[:2] == [
        Step(day=date(2026, 6, 13)),
        Step(day=date(2026, 6, 12)),
    ]


def test_many_days_without_hours_end_it_and_one_with_hours_begins_the_count_anew() -> None:
    past = replace(FULL, month=date(2026, 1, 1))
    for n in range(100):
        step = next_step(past, TODAY, behind=True)
        if step is None:
            break
        past = done(past, step, TODAY, had_hours=n == 10)
    assert n == 11 + 14
    assert (past.days_to_go, past.calls_to_go) == (0, 0)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_happens_every_missed_day_is_fetched(data: st.DataObject) -> None:
    past, today = FULL, TODAY
    fetched: set[date] = set()
    whole: set[date] = set()
    for _ in range(data.draw(st.integers(1, 25))):
        today += timedelta(days=data.draw(st.sampled_from([1, 1, 1, 2, 9, 40])))
        past = begun(past, today, date(2026, 2, 10))
        for _ in range(data.draw(st.integers(0, 6))):
            if (step := next_step(past, today, behind=True)) is None:
                break
            if data.draw(st.booleans(), label="stopped before it was noted"):
                continue
            past = done(past, step, today, had_hours=True)
            fetched |= set() if step.month else {step.day}
        if data.draw(st.booleans(), label="a whole day"):
            past = settled(past, today)
            whole.add(today)
    past = begun(past, today, None)
    fetched |= {step.day for step in walk(past, today) if not step.month}
    assert fetched | whole >= set(days(date(2026, 2, 10), today - timedelta(days=1)))


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2024, 4, 20))])
async def test_a_small_quota_is_not_spent_on_the_past_in_a_day(house: House) -> None:
    house.cloud.quota = 300
    house.move_to("2026-06-02 10:00")
    await house.set_up(auto_scan_interval=True, monthly_quota=300)
    await house.pass_time("2026-06-02 23:00", timedelta(minutes=20))
    assert 15 <= len(asked_for(house, "daily")) <= 25
    assert house.cloud.spent() < 300 / 30 * 4
    await house.pass_time("2026-06-03 12:00", timedelta(minutes=20))
    assert len(set(asked_for(house, "daily"))) == 27
    assert_orderly(await rows(house))
    await assert_days(house, days(date(2026, 1, 1), date(2026, 6, 1)))
