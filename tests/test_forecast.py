"""A year of plans: within the quota everywhere, and as fresh as it can be."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from functools import cache
from itertools import pairwise
import random
from statistics import fmean

import pytest

from custom_components.apsystems_openapi.schedule.calls import Kind, Options, Plant, Slot
from custom_components.apsystems_openapi.schedule.preview import MonthForecast, forecast, outlook
from custom_components.apsystems_openapi.schedule.sun import Site
from tests.planning import CHINA, LONDON, Run, ages, assert_within, days_from, per_month, plant_of, site_at

YEAR = days_from(date(2026, 1, 1), 365)
SIZES = [(6, 1), (26, 1), (12, 3)]


@cache
def london(inverters: int, ecus: int) -> tuple[MonthForecast, ...]:
    """Return a year in London."""
    return tuple(forecast(2026, LONDON, plant_of(inverters, ecus), Options()))


@pytest.mark.parametrize(
    ("site", "inverters", "ecus"),
    [
        *((site_at(-34), *size) for size in ((1, 3), (26, 3), (120, 1))),
        *((site_at(0), *size) for size in ((120, 3),)),
        *((site_at(45), *size) for size in ((6, 3), (60, 1))),
        *((site_at(51.5), *size) for size in ((26, 3), (120, 1))),
        *((site_at(65), *size) for size in ((6, 1), (120, 3))),
        *((site_at(70), *size) for size in ((1, 1), (60, 3))),
        (site_at(1.87, -157.4, "Pacific/Kiritimati"), 12, 2),
        (site_at(21.3, -157.9, "Pacific/Honolulu"), 6, 1),
        (site_at(-31.6, 159.1, "Australia/Lord_Howe"), 26, 1),
    ],
    ids=lambda value: str(value.zone) + str(value.latitude) if isinstance(value, Site) else None,
)
def test_no_month_of_a_year_exceeds_the_quota_and_none_is_left_unspent(site: Site, inverters: int, ecus: int) -> None:
    """Counted by the months of UTC, China and the site; where there is light the quota is spent."""
    run = Run(site, plant_of(inverters, ecus)).live(YEAR)
    assert_within(run, 1000)
    if abs(site.latitude) < 60:
        counts = per_month([slot.at for slot in run.made], site.zone)
        assert min(counts.values()) > 930, counts
    assert all(slot.at < slot.until for slot in run.made)


@pytest.mark.parametrize(("size", "june", "december"), zip(SIZES, (36, 38, 49), (27, 28, 30), strict=True))
def test_london_is_as_fresh_as_asked_for(size: tuple[int, int], june: float, december: float) -> None:
    """Mean age of today's energy by the forecast's own measure, and by another."""
    months = london(*size)
    run = Run(LONDON, plant_of(*size)).live(days_from(date(2026, 5, 1), 61))
    for month, most in ((6, june), (12, december)):
        shown = months[month - 1].energy_age
        assert shown is not None
        assert shown <= most
    measured = ages(LONDON, days_from(date(2026, 6, 1), 30), run.made)
    assert measured[0] <= june
    assert measured[0] == pytest.approx(months[5].energy_age, abs=0.5)
    assert measured[1] == pytest.approx(months[5].power_age, abs=1)
    if size[1] == 1:
        assert measured[1] <= june
    winter = Run(LONDON, plant_of(*size)).live(days_from(date(2026, 11, 1), 61))
    assert ages(LONDON, days_from(date(2026, 12, 1), 31), winter.made)[0] <= december


@pytest.mark.parametrize(("latitude", "hours"), [(-34, 3), (0, 3), (45, 3), (51.5, 3), (55, 3), (65, 4)])
def test_rounds_of_the_current_power_of_three_ecus_are_hours_apart(latitude: float, hours: float) -> None:
    """While the sun is above 5 degrees."""
    run = Run(site_at(latitude), plant_of(12, 3))
    for day in days_from(date(2026, 6, 1), 30) + days_from(date(2026, 12, 1), 31):
        slots = run.plan(day)
        rounds = sorted({slot.at for slot in slots if slot.call.kind is Kind.ECU_DAY})
        assert all(sum(s.at == at and s.call.kind is Kind.ECU_DAY for s in slots) == 3 for at in rounds)
        for slot in slots:
            run.call(slot)
        gaps = [(after - before).total_seconds() / 3600 for before, after in pairwise(rounds)]
        assert max(gaps, default=0) <= hours, (day, gaps)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("month", [6, 12])
def test_one_call_in_twenty_that_fails_costs_less_than_three_minutes(size: tuple[int, int], month: int) -> None:
    """What fails is booked as well; a read that is no part of a round is tried once more five minutes later."""
    days = days_from(date(2026, month, 1), 30)
    well = ages(LONDON, days, Run(LONDON, plant_of(*size)).live(days).made)
    ill = []
    for seed in range(3):
        chance, run, told = random.Random(seed), Run(LONDON, plant_of(*size)), []
        for slot in (slot for day in days for slot in run.plan(day)):
            again = replace(slot, at=slot.at + timedelta(minutes=5))
            alone = slot.read and (size[1] == 1 or slot.call.kind is Kind.SUMMARY)
            tries = [slot, again] if alone else [slot]
            for attempt in tries:
                if run.call(attempt) and chance.random() >= 0.05:
                    told.append(attempt)
                    break
        ill.append(ages(LONDON, days, told))
    assert fmean(energy for energy, _ in ill) - well[0] <= 3
    if size[1] == 1:
        assert fmean(power for _, power in ill) - well[1] <= 3


@pytest.mark.parametrize("size", SIZES)
def test_a_past_that_is_still_to_be_fetched_costs_no_freshness(size: tuple[int, int]) -> None:
    """The first months of an installation are as fresh as asked for."""
    plant = replace(plant_of(*size), behind=True)
    for month, limits in ((6, (36, 38, 49)), (12, (27, 28, 30))):
        days = days_from(date(2026, month, 1), 30)
        run = Run(LONDON, plant).live(days)
        assert ages(LONDON, days, run.made)[0] <= limits[SIZES.index(size)] + 1.5
        assert any(slot.call.kind is Kind.PAST for slot in run.made)
        assert_within(run, 1000)


def test_planning_again_every_day_or_hour_changes_nothing() -> None:
    """A restart makes the same plan; what is past is dropped."""
    run = Run(LONDON, plant_of(26))
    made: list[Slot] = []
    for day in days_from(date(2026, 6, 1), 30):
        for slot in run.plan(day):
            assert slot in run.plan(day)
            run.call(slot)
        made += run.plan(day)
    assert made == run.made
    assert ages(LONDON, days_from(date(2026, 6, 1), 30), made)[0] <= 38


def test_a_forecast_counts_what_is_really_called() -> None:
    """By month and kind."""
    run = Run(LONDON, plant_of(6), Options(monthly_quota=300)).live(YEAR)
    counts = per_month([slot.at for slot in run.made], LONDON.zone)
    months = list(forecast(2026, LONDON, plant_of(6), Options(monthly_quota=300)))
    assert [month.calls.total() for month in months] == [counts[f"2026-{n:02}"] for n in range(1, 13)]
    assert [month.month for month in months] == [date(2026, n, 1) for n in range(1, 13)]
    assert max(per_month([slot.at for slot in run.made], CHINA).values()) <= 300


def test_the_outlook_is_the_busiest_and_the_quietest_month() -> None:
    """Of months with the same number of calls, those with the longest and the shortest days."""
    shown = outlook(2026, LONDON, plant_of(6), Options())
    assert shown.busiest.month.month in {5, 6, 7}
    assert shown.quietest.month.month in {1, 11, 12}
    assert shown.words["busiest_calls"] == str(shown.busiest.calls.total())
    assert 30 < int(shown.words["busiest_interval"]) < 45
    assert 15 < int(shown.words["quietest_interval"]) < 30


@pytest.mark.parametrize(
    ("site", "plant", "options"),
    [
        (LONDON, plant_of(6), Options(automatic=False)),
        (LONDON, plant_of(6), Options(monthly_quota=0)),
        (site_at(78.2, 15.6, "Europe/Oslo"), Plant(), Options(live_power=False)),
        (site_at(78.2, 15.6, "Europe/Oslo"), plant_of(6), Options(monthly_quota=1)),
    ],
)
def test_every_wish_has_an_outlook(site: Site, plant: Plant, options: Options) -> None:
    """In polar night as well, and without an inverter."""
    words = outlook(2026, site, plant, options).words
    assert set(words) == {f"{n}_{w}" for n in ("busiest", "quietest") for w in ("month", "calls", "interval")}
    assert int(words["busiest_calls"]) <= options.monthly_quota


def test_hourly_figures_are_as_old_as_the_last_hour_that_closed() -> None:
    """Without the current power polls bring whole hours only, and show no power."""
    june = list(forecast(2026, LONDON, plant_of(6), Options(live_power=False)))[5]
    assert june.power_age is None or june.power_age > 100
    assert june.energy_age is not None
    assert 50 < june.energy_age < 110
    assert june.calls[Kind.ECU_DAY] == 0
    assert all(slot.at.tzinfo is UTC for slot in Run(LONDON, plant_of(6)).plan(date(2026, 6, 1)))
