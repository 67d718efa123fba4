"""A day's plan together with the figures that are shown about it."""

from datetime import UTC, date, datetime

import pytest
from schedule.calls import Plant
from schedule.day_plan import DayPlan, make_day_plan
from schedule.options import Options
from schedule.quota import Budget, MonthBudget

from tests.plan_runner import LONDON, at_clock, plant_of

AUTOMATIC = Options()
FIXED = Options(automatic=False)
SIX = plant_of(6)
JUNE = date(2026, 6, 15)


def mid_june(left: float, size: float = 990, plant: Plant = SIX, options: Options = AUTOMATIC) -> DayPlan:
    """Return the plan of a day in the middle of June with so many calls left."""
    budget = Budget(months=(MonthBudget(end=datetime(2026, 7, 1, tzinfo=UTC), size=size, left=left),))
    return make_day_plan(JUNE, LONDON, plant, budget, options)


def test_the_summary_has_the_interval_and_the_calls_of_a_month() -> None:
    """In the form that owners of the original integration know."""
    fixed = mid_june(990, options=FIXED)
    assert "Fixed scan-interval: 1800s (30 min) for 6 inverter(s)/1 ECU(s) at lat 51.50 — est. " in fixed.summary
    assert "calls/month (quota 1000)" in fixed.summary
    automatic = mid_june(495)
    assert "Auto scan-interval: " in automatic.summary
    assert f"est. {automatic.estimate} calls/month" in automatic.summary
    assert mid_june(495, plant=plant_of(2)).summary.endswith("(quota 1000)")
    assert mid_june(495, plant=plant_of(60)).summary.endswith("rotation over the days")


@pytest.mark.parametrize(("left", "size"), [(495, 990), (247.5, 495)])
def test_the_estimate_is_the_month_of_all_systems(left: float, size: float) -> None:
    """A system with half of the calls takes the other to go on as it does."""
    assert 900 <= mid_june(left, size).estimate <= 990


@pytest.mark.parametrize("left", [990, 100])
def test_the_estimate_never_exceeds_the_calls_that_may_be_made(left: float) -> None:
    """However often the fixed table would call."""
    assert mid_june(left, options=FIXED).estimate <= 990


def test_a_plan_is_stretched_when_calls_of_the_fixed_table_are_left_out() -> None:
    """The automatic plan has no table to leave calls out of."""
    assert mid_june(100, options=FIXED).is_stretched
    assert not mid_june(990, options=FIXED).is_stretched
    assert not mid_june(100).is_stretched


def test_the_next_call_is_todays_or_tomorrows_first() -> None:
    """None where no calls are left."""
    today = mid_june(495)
    assert today.next_after(at_clock(LONDON, JUNE, "00:00")) == today.slots[0].at
    assert today.next_after(at_clock(LONDON, JUNE, "23:59")) == today.first_of_tomorrow
    assert today.first_of_tomorrow is not None
    assert today.first_of_tomorrow > today.slots[-1].at
    spent = mid_june(0)
    assert (spent.slots, spent.next_after(today.slots[0].at)) == ((), None)


def test_a_plant_without_calls_has_a_plan() -> None:
    """A quota of 0, and nothing to ask about."""
    nothing = mid_june(0, 0, Plant(), Options(monthly_quota=0))
    assert (nothing.estimate, nothing.slots) == (0, ())
