"""The fixed schedule's table, how it is sized, and how it stretches when the month is nearly spent."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.schedule.calls import Kind, Options, Plant
from custom_components.apsystems_openapi.schedule.day_plan import agenda
from custom_components.apsystems_openapi.schedule.fixed import fixed_plan, sized, thinned
from custom_components.apsystems_openapi.schedule.quota import Account
from custom_components.apsystems_openapi.schedule.sun import daylight, solar_hours
from tests.house import House
from tests.planning import LONDON, Run, assert_within, clock, days_from, plant_of, site_at

FIXED = Options(automatic=False)
JUNE = date(2026, 6, 15)


def account(left: float, size: float = 990) -> Account:
    """Return what June has left."""
    return Account(end=datetime(2026, 7, 1, tzinfo=UTC), size=size, left=left)


@pytest.mark.parametrize("minutes", [30, 45, 60, 90, 120])
@pytest.mark.parametrize("day", [JUNE, date(2026, 12, 15)])
def test_a_day_is_the_table(day: date, minutes: int) -> None:
    """Polls from the start of the solar hours, the summary with the last, telemetry at 12:30, the batch at 23:00."""
    options = replace(FIXED, interval=timedelta(minutes=minutes))
    slots = fixed_plan(day, LONDON, plant_of(3, 2), options)
    hours = solar_hours(LONDON, day, options.sunrise_offset, options.sunset_offset)
    light = daylight(LONDON, day)
    assert hours is not None
    assert light is not None
    polls = [slot for slot in slots if slot.call.kind is Kind.HOURLY]
    assert polls[0].at == hours.start
    assert {after.at - before.at for before, after in pairwise(polls)} == {options.interval}
    assert hours.end - options.interval < polls[-1].at <= hours.end
    assert all(slot.until - slot.at == options.interval for slot in polls)
    assert [slot.at for slot in slots if slot.call.kind is Kind.SUMMARY] == [polls[-1].at]
    telemetry = [slot for slot in slots if slot.call.kind is Kind.TELEMETRY]
    assert [slot.call.target for slot in telemetry] == ["I0", "I1", "I2"]
    assert {slot.at for slot in telemetry} == {clock(LONDON, day, "12:30")}
    assert {slot.until for slot in telemetry} == {light.end}
    batch = [slot for slot in slots if slot.call.kind is Kind.BATCH_POWER]
    assert [slot.call.target for slot in batch] == ["E0", "E1"]
    assert {slot.at for slot in batch} == {clock(LONDON, day, "23:00")}
    assert {slot.until - slot.at for slot in batch} == {timedelta(minutes=5)}
    assert list(slots) == sorted(slots)


def test_where_the_solar_hours_end_late_the_batch_waits_for_them() -> None:
    """In Vigo at the latest at 23:45."""
    vigo = site_at(42.2, -8.7, "Europe/Madrid")
    slots = fixed_plan(JUNE, vigo, plant_of(1), replace(FIXED, sunset_offset=timedelta(minutes=120)))
    assert max(slots).at == clock(vigo, JUNE, "23:45")
    assert max(slots).call.kind is Kind.BATCH_POWER


def test_in_polar_night_there_is_one_summary_at_noon() -> None:
    """Nothing else."""
    site = site_at(72.0, 25.5, "Europe/Oslo")
    (slot,) = fixed_plan(date(2026, 12, 15), site, plant_of(3), FIXED)
    assert slot.call.kind is Kind.SUMMARY
    assert slot.at == clock(site, date(2026, 12, 15), "12:00")


@pytest.mark.parametrize(
    ("inverters", "quota", "least", "most"),
    [(1, 1000, 30, 45), (6, 1000, 45, 65), (20, 1000, 120, 120), (1, 100_000, 30, 30), (1, 0, 120, 120)],
)
def test_the_interval_is_as_short_as_nine_tenths_of_the_quota_allow(
    inverters: int, quota: int, least: int, most: int
) -> None:
    """Within 30 minutes and 2 hours, in the busiest month."""
    wanted = Options(live_power=False, monthly_quota=quota)
    options, busiest = sized(2026, LONDON, plant_of(inverters), wanted)
    minutes = options.interval / timedelta(minutes=1)
    assert least <= minutes <= most
    longest = max(
        sum(len(fixed_plan(day, LONDON, plant_of(inverters), options)) for day in days_from(date(2026, month, 1), 30))
        for month in (6, 7)
    )
    assert busiest == pytest.approx(longest, abs=45)
    assert minutes == 120 or busiest < 0.9 * quota


def test_a_fixed_interval_is_kept_whatever_it_costs() -> None:
    """The owner's choice; the book of calls is what holds it back."""
    options, busiest = sized(2026, LONDON, plant_of(6), FIXED)
    assert options == FIXED
    assert busiest > 1000


# Nearly spent


@pytest.mark.parametrize("left", [990, 500, 149])
def test_the_table_is_kept_to_the_letter_until_the_month_is_nearly_spent(left: float) -> None:
    """Until less than three in twenty calls are left."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6), FIXED)
    assert thinned(slots, left / 15, [account(left)]) == slots


def test_a_month_that_lasts_is_not_thinned() -> None:
    """On its last day few calls are left, and they are enough."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6), FIXED)
    assert thinned(slots, 60, [account(60)]) == slots


@given(st.floats(0, 100))
@settings(deadline=None)
def test_what_is_left_buys_the_summary_first_and_polls_farther_apart(daily: float) -> None:
    """Then panels and telemetry; half of it at most."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6, 2), FIXED)
    kept = thinned(slots, daily, [account(100)])
    assert len(kept) <= max(1, daily)
    assert set(kept) <= set(slots)
    assert list(kept) == sorted(kept)
    made = Counter(slot.call.kind for slot in kept)
    assert made[Kind.SUMMARY] == 1
    assert made[Kind.TELEMETRY] == 0 or made[Kind.BATCH_POWER] == 2
    if len(kept) < len(slots) and daily >= 2:
        assert len(kept) == int(daily)
        assert made[Kind.HOURLY] >= int(daily) // 2
    polls = [slot.at for slot in kept if slot.call.kind is Kind.HOURLY]
    gaps = [after - before for before, after in pairwise(polls)]
    assert not gaps or max(gaps) - min(gaps) <= FIXED.interval


@pytest.mark.parametrize(("inverters", "ecus", "minutes"), [(6, 1, 30), (26, 1, 30), (60, 3, 60)])
def test_a_year_of_the_fixed_table_never_exceeds_a_month(inverters: int, ecus: int, minutes: int) -> None:
    """Every day of June and July has its summary, to the last."""
    options = replace(FIXED, interval=timedelta(minutes=minutes))
    days = days_from(date(2026, 5, 1), 92)
    run = Run(LONDON, plant_of(inverters, ecus), options).live(days)
    assert_within(run, 1000)
    assert {slot.day for slot in run.made if slot.call.kind is Kind.SUMMARY} >= set(days)


# What is told of it


def test_the_agenda_tells_the_interval_and_what_it_comes_to() -> None:
    """In the words of the original."""
    fixed = agenda(JUNE, LONDON, plant_of(6), [account(990)], FIXED)
    assert "Fixed scan-interval: 1800s (30 min) for 6 inverter(s)/1 ECU(s) at lat 51.50" in fixed.words
    assert not fixed.stretched
    assert fixed.estimate <= 990
    shared = agenda(JUNE, LONDON, plant_of(6), [account(247.5, size=495)], Options())
    assert 900 <= shared.estimate <= 990
    short = agenda(JUNE, LONDON, plant_of(6), [account(100)], FIXED)
    assert short.stretched
    assert short.estimate <= 990
    live = agenda(JUNE, LONDON, plant_of(6), [account(495)], Options())
    assert "Auto scan-interval: " in live.words
    assert 960 <= live.estimate <= 990
    assert not live.stretched


def test_the_agenda_knows_what_comes_next() -> None:
    """The next call of today, then tomorrow's first; nothing where nothing is left."""
    today = agenda(JUNE, LONDON, plant_of(6), [account(495)], Options())
    assert today.next_after(clock(LONDON, JUNE, "00:00")) == today.slots[0].at
    assert today.next_after(clock(LONDON, JUNE, "23:59")) == today.first_of_tomorrow
    assert today.first_of_tomorrow is not None
    assert timedelta(minutes=90) <= today.power_lasts <= timedelta(hours=3)
    spent = agenda(JUNE, LONDON, plant_of(6), [account(0)], Options())
    assert (spent.slots, spent.next_after(today.slots[0].at)) == ((), None)
    nothing = agenda(JUNE, LONDON, Plant(), [account(0, size=0)], Options(monthly_quota=0))
    assert nothing.estimate == 0
    assert nothing.power_lasts == timedelta(minutes=90)


# Through Home Assistant


async def test_when_the_month_is_nearly_spent_polls_stretch_and_it_is_said_once(house: House) -> None:
    """And the cloud never counts one call too many."""
    house.move_to("2026-06-20 02:00")
    await house.set_up()
    # By the cautious assumption 635 calls are spent; buttons spend most of the others.
    while house.state("api_calls").attributes["left"] > 140:
        await house.press("refresh_inverter_energy")
    before = len(house.calls())
    await house.pass_time("2026-06-21 01:00", timedelta(minutes=10))
    day_of_buttons = len(house.calls(since=before))
    assert day_of_buttons == len(house.calls("energy", since=before)) + 1 + 3 + 1
    said = house.log(word="nearly spent")
    counts = []
    for day in range(21, 30):
        before = len(house.calls())
        await house.pass_time(f"2026-06-{day + 1} 01:00", timedelta(minutes=10))
        counts.append(len(house.calls(since=before)))
        assert house.calls("summary", since=before)
    assert max(counts) < day_of_buttons / 2
    assert min(counts) >= 8
    assert len(house.log(word="nearly spent")) - len(said) <= 1
    assert len(house.log(word="nearly spent")) == 1
    assert house.state("api_calls").attributes["left"] >= 0
