"""The fixed schedule's table, its interval, and how it stretches when the month is nearly spent."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest
from schedule.calls import Kind
from schedule.fixed import fixed_plan, sized, thinned
from schedule.options import Options
from schedule.quota import Budget, MonthBudget
from schedule.sun import solar_day

from tests.plan_runner import LONDON, PlanRunner, assert_within, at_clock, days_from, plant_of, site_at

FIXED = Options(automatic=False)
JUNE = date(2026, 6, 15)


def june_budget(left: float) -> Budget:
    """Return a budget with so many calls left of June."""
    return Budget(months=(MonthBudget(end=datetime(2026, 7, 1, tzinfo=UTC), size=990, left=left),))


@pytest.mark.parametrize("minutes", [30, 45, 60, 90, 120])
@pytest.mark.parametrize("day", [JUNE, date(2026, 12, 15)])
def test_a_day_is_the_table(day: date, minutes: int) -> None:
    """Polls from the start of the solar hours, the summary with the last, telemetry at 12:30, the batch at 23:00."""
    options = replace(FIXED, interval=timedelta(minutes=minutes))
    slots = fixed_plan(day, LONDON, plant_of(3, 2), options)
    sun = solar_day(LONDON, day, options)
    assert sun.hours is not None
    assert sun.daylight is not None
    polls = [slot for slot in slots if slot.call.kind is Kind.HOURLY]
    assert polls[0].at == sun.hours.start
    assert {after.at - before.at for before, after in pairwise(polls)} == {options.interval}
    assert sun.hours.end - options.interval < polls[-1].at <= sun.hours.end
    assert all(slot.until - slot.at == options.interval for slot in polls)
    assert [slot.at for slot in slots if slot.call.kind is Kind.SUMMARY] == [polls[-1].at]
    telemetry = [slot for slot in slots if slot.call.kind is Kind.TELEMETRY]
    assert [slot.call.target for slot in telemetry] == ["I0", "I1", "I2"]
    assert {slot.at for slot in telemetry} == {at_clock(LONDON, day, "12:30")}
    assert {slot.until for slot in telemetry} == {sun.daylight.end}
    batch = [slot for slot in slots if slot.call.kind is Kind.BATCH_POWER]
    assert [slot.call.target for slot in batch] == ["E0", "E1"]
    assert {slot.at for slot in batch} == {at_clock(LONDON, day, "23:00")}
    assert {slot.until - slot.at for slot in batch} == {timedelta(minutes=5)}
    assert list(slots) == sorted(slots)


def test_where_the_solar_hours_end_late_the_batch_comes_at_their_end() -> None:
    """In Vigo at the latest at 23:45."""
    vigo = site_at(42.2, -8.7, "Europe/Madrid")
    slots = fixed_plan(JUNE, vigo, plant_of(1), replace(FIXED, sunset_offset=timedelta(minutes=120)))
    assert max(slots).at == at_clock(vigo, JUNE, "23:45")
    assert max(slots).call.kind is Kind.BATCH_POWER


def test_in_polar_night_there_is_one_summary_at_noon() -> None:
    """Nothing else."""
    site = site_at(72.0, 25.5, "Europe/Oslo")
    (slot,) = fixed_plan(date(2026, 12, 15), site, plant_of(3), FIXED)
    assert slot.call.kind is Kind.SUMMARY
    assert slot.at == at_clock(site, date(2026, 12, 15), "12:00")


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


def test_a_fixed_interval_applies_whatever_it_costs() -> None:
    """The owner's choice; the ledger stops the calls that exceed the quota."""
    options, busiest = sized(2026, LONDON, plant_of(6), FIXED)
    assert options == FIXED
    assert busiest > 1000


# Nearly spent


@pytest.mark.parametrize("left", [990, 500, 149])
def test_the_table_is_complete_until_the_month_is_nearly_spent(left: float) -> None:
    """Until less than three in twenty calls are left."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6), FIXED)
    assert thinned(slots, left / 15, june_budget(left)) == slots


def test_a_month_that_lasts_is_not_thinned() -> None:
    """On its last day few calls are left, and they are enough."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6), FIXED)
    assert thinned(slots, 60, june_budget(60)) == slots


@given(st.floats(0, 100))
@settings(deadline=None)
def test_the_last_calls_buy_the_summary_first_and_polls_farther_apart(daily: float) -> None:
    """Then panels and telemetry, for half of the calls at most."""
    slots = fixed_plan(JUNE, LONDON, plant_of(6, 2), FIXED)
    remaining = thinned(slots, daily, june_budget(100))
    assert len(remaining) <= max(1, daily)
    assert set(remaining) <= set(slots)
    assert list(remaining) == sorted(remaining)
    calls = Counter(slot.call.kind for slot in remaining)
    assert calls[Kind.SUMMARY] == 1
    assert calls[Kind.TELEMETRY] == 0 or calls[Kind.BATCH_POWER] == 2
    if len(remaining) < len(slots) and daily >= 2:
        assert len(remaining) == int(daily)
        assert calls[Kind.HOURLY] >= int(daily) // 2
    polls = [slot.at for slot in remaining if slot.call.kind is Kind.HOURLY]
    gaps = [after - before for before, after in pairwise(polls)]
    assert not gaps or max(gaps) - min(gaps) <= FIXED.interval


@pytest.mark.parametrize(("inverters", "ecus", "minutes"), [(6, 1, 30), (26, 1, 30), (60, 3, 60)])
def test_three_months_of_the_fixed_table_never_exceed_the_quota(inverters: int, ecus: int, minutes: int) -> None:
    """And every day has its summary, to the last."""
    options = replace(FIXED, interval=timedelta(minutes=minutes))
    days = days_from(date(2026, 5, 1), 92)
    runner = PlanRunner(LONDON, plant_of(inverters, ecus), options).run(days)
    assert_within(runner, 1000)
    assert {slot.day for slot in runner.made if slot.call.kind is Kind.SUMMARY} >= set(days)
