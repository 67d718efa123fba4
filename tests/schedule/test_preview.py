"""A year of plans: within the quota everywhere, and as fresh as the figures in the README."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from functools import cache
from itertools import pairwise
import random
from statistics import fmean
from time import process_time

import pytest
from schedule.calls import Kind, Plant, Purpose, Slot
from schedule.fixed import sized
from schedule.options import MAX_QUOTA, Options
from schedule.preview import MonthPreview, outlook, preview, shortest_interval
from schedule.sun import Site

from tests.plan_runner import (
    CHINA,
    LONDON,
    PlanRunner,
    assert_within,
    days_from,
    mean_ages,
    per_month,
    plant_of,
    site_at,
)
from tests.sampling import sampled

YEAR = days_from(date(2026, 1, 1), 365)
SIZES = [(6, 1), (26, 1), (12, 3)]
SVALBARD = site_at(78.2, 15.6, "Europe/Oslo")


@cache
def london(inverters: int, ecus: int) -> tuple[MonthPreview, ...]:
    """Return a year in London."""
    return tuple(preview(2026, LONDON, plant_of(inverters, ecus), Options()))


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
def test_no_month_of_a_year_exceeds_the_quota_and_none_leaves_it_unspent(site: Site, inverters: int, ecus: int) -> None:
    """By the months of UTC, China and the site; where the sun is up in every month the quota is spent."""
    runner = PlanRunner(site, plant_of(inverters, ecus)).run(YEAR)
    assert_within(runner, 1000)
    if abs(site.latitude) < 60:
        calls = per_month([slot.at for slot in runner.made], site.zone)
        assert min(calls.values()) > 930, calls
    assert all(slot.at < slot.until for slot in runner.made)


@pytest.mark.parametrize(("size", "june", "december"), zip(SIZES, (36, 38, 49), (27, 28, 30), strict=True))
def test_london_is_as_fresh_as_promised(size: tuple[int, int], june: float, december: float) -> None:
    """The mean age of today's energy, as the preview measures it and as the plan runner does."""
    months = london(*size)
    runner = PlanRunner(LONDON, plant_of(*size)).run(days_from(date(2026, 5, 1), 61))
    for month, most in ((6, june), (12, december)):
        shown = months[month - 1].energy_age
        assert shown is not None
        assert shown <= most
    energy, power = mean_ages(LONDON, days_from(date(2026, 6, 1), 30), runner.made)
    assert energy <= june
    assert energy == pytest.approx(months[5].energy_age, abs=0.5)
    assert power == pytest.approx(months[5].power_age, abs=1)
    if size[1] == 1:
        assert power <= june
    winter = PlanRunner(LONDON, plant_of(*size)).run(days_from(date(2026, 11, 1), 61))
    assert mean_ages(LONDON, days_from(date(2026, 12, 1), 31), winter.made)[0] <= december


@pytest.mark.parametrize(("latitude", "hours"), [(-34, 3), (0, 3), (45, 3), (51.5, 3), (55, 3), (65, 4)])
def test_rounds_of_three_ecus_are_at_most_three_hours_apart(latitude: float, hours: float) -> None:
    """So that the current power is known while the sun is above 5 degrees; in the far north four hours."""
    runner = PlanRunner(site_at(latitude), plant_of(12, 3))
    for day in days_from(date(2026, 6, 1), 30) + days_from(date(2026, 12, 1), 31):
        slots = runner.plan(day)
        rounds = sorted({slot.at for slot in slots if slot.call.kind is Kind.ECU_DAY})
        assert all(sum(s.at == at and s.call.kind is Kind.ECU_DAY for s in slots) == 3 for at in rounds)
        for slot in slots:
            runner.call(slot)
        gaps = [(after - before).total_seconds() / 3600 for before, after in pairwise(rounds)]
        assert max(gaps, default=0) <= hours, (day, gaps)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("month", [6, 12])
def test_one_failing_call_in_twenty_costs_less_than_three_minutes(size: tuple[int, int], month: int) -> None:
    """A call that fails is counted too; a read that is not part of a round is tried once more five minutes later."""
    days = days_from(date(2026, month, 1), 30)
    without_failures = mean_ages(LONDON, days, PlanRunner(LONDON, plant_of(*size)).run(days).made)
    with_failures = []
    for seed in range(3):
        chance, runner, answered = random.Random(seed), PlanRunner(LONDON, plant_of(*size)), list[Slot]()
        for slot in (slot for day in days for slot in runner.plan(day)):
            again = replace(slot, at=slot.at + timedelta(minutes=5))
            is_alone = slot.purpose is Purpose.READ and (size[1] == 1 or slot.call.kind is Kind.SUMMARY)
            for attempt in [slot, again] if is_alone else [slot]:
                if runner.call(attempt) and chance.random() >= 0.05:
                    answered.append(attempt)
                    break
        with_failures.append(mean_ages(LONDON, days, answered))
    assert fmean(energy for energy, _ in with_failures) - without_failures[0] <= 3
    if size[1] == 1:
        assert fmean(power for _, power in with_failures) - without_failures[1] <= 3


@pytest.mark.parametrize("size", SIZES)
def test_a_backlog_of_history_costs_little_freshness(size: tuple[int, int]) -> None:
    """The first months of an installation are nearly as fresh as all others."""
    plant = replace(plant_of(*size), backlog=True)
    for month, limits in ((6, (36, 38, 49)), (12, (27, 28, 30))):
        days = days_from(date(2026, month, 1), 30)
        runner = PlanRunner(LONDON, plant).run(days)
        assert mean_ages(LONDON, days, runner.made)[0] <= limits[SIZES.index(size)] + 1.5
        assert any(slot.purpose is Purpose.HISTORY for slot in runner.made)
        assert_within(runner, 1000)


def test_planning_a_day_again_gives_the_same_plan() -> None:
    """At any time of the day, whatever has been called meanwhile: a restart drops past calls."""
    runner = PlanRunner(LONDON, plant_of(26))
    planned: list[Slot] = []
    for day in days_from(date(2026, 6, 1), 30):
        for slot in runner.plan(day):
            assert slot in runner.plan(day)
            runner.call(slot)
        planned += runner.plan(day)
    assert planned == runner.made
    assert mean_ages(LONDON, days_from(date(2026, 6, 1), 30), planned)[0] <= 38


def test_a_preview_counts_the_calls_that_are_made() -> None:
    """By month and kind."""
    runner = PlanRunner(LONDON, plant_of(6), Options(monthly_quota=300)).run(YEAR)
    calls = per_month([slot.at for slot in runner.made], LONDON.zone)
    months = list(preview(2026, LONDON, plant_of(6), Options(monthly_quota=300)))
    assert [month.calls.total() for month in months] == [calls[f"2026-{n:02}"] for n in range(1, 13)]
    assert [month.month for month in months] == [date(2026, n, 1) for n in range(1, 13)]
    assert max(per_month([slot.at for slot in runner.made], CHINA).values()) <= 300


def test_the_outlook_is_the_busiest_and_the_quietest_month() -> None:
    """Of months with about the same number of calls, those with the rarest and the closest reads."""
    year = outlook(2026, LONDON, plant_of(6), Options())
    assert year.busiest.month in {5, 6, 7}
    assert year.quietest.month in {1, 11, 12}
    assert 980 < year.quietest.calls <= year.busiest.calls <= 990
    assert 30 < (year.busiest.interval or 0) < 45
    assert 15 < (year.quietest.interval or 0) < 30


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quota", sampled([1000, 10_000, MAX_QUOTA], every=3))
def test_the_outlook_has_the_figures_of_the_year(size: tuple[int, int], quota: int) -> None:
    """Those of the preview that is carried out day by day, and no estimate of them."""
    options = Options(monthly_quota=quota)
    runner = PlanRunner(LONDON, plant_of(*size), options).run(YEAR)
    calls = per_month([slot.at for slot in runner.made], LONDON.zone)
    year = outlook(2026, LONDON, plant_of(*size), options)
    assert (year.busiest.calls, year.quietest.calls) == (max(calls.values()), min(calls.values()))
    for month in (year.busiest, year.quietest):
        reads = {slot.at for slot in runner.made if slot.day.month == month.month and is_read(slot)}
        gaps = [(after - before) / timedelta(minutes=1) for before, after in pairwise(sorted(reads))]
        assert month.interval == pytest.approx(fmean(gap for gap in gaps if gap < 300), abs=0.5)


def is_read(slot: Slot) -> bool:
    """Return whether a call brings today's energy."""
    return slot.call.kind in {Kind.SUMMARY, Kind.ECU_DAY, Kind.HOURLY} and slot.purpose is not Purpose.HISTORY


def test_several_ecus_that_are_read_together_are_one_read() -> None:
    """With a paid quota three calls are made at the same time, every five minutes."""
    year = outlook(2026, LONDON, plant_of(26, 3), Options(monthly_quota=MAX_QUOTA))
    assert year.busiest.interval == pytest.approx(5, abs=0.2)


@pytest.mark.parametrize("minutes", [30, 41, 120])
def test_a_fixed_interval_is_that_between_reads(minutes: int) -> None:
    """The summary that is read together with the last poll is no read of its own."""
    options = Options(automatic=False, interval=timedelta(minutes=minutes), monthly_quota=3000)
    year = outlook(2026, LONDON, plant_of(6), options)
    assert (year.busiest.interval, year.quietest.interval) == (minutes, minutes)


@pytest.mark.parametrize(
    ("site", "plant", "options"),
    [
        (LONDON, plant_of(6), Options(automatic=False)),
        (LONDON, plant_of(6), Options(monthly_quota=0)),
        (SVALBARD, Plant(), Options(live_power=False)),
        (SVALBARD, plant_of(6), Options(monthly_quota=1)),
    ],
)
def test_all_options_have_an_outlook(site: Site, plant: Plant, options: Options) -> None:
    """In polar night as well, and without an inverter."""
    year = outlook(2026, site, plant, options)
    assert 0 <= year.quietest.calls <= year.busiest.calls <= options.monthly_quota
    if site is SVALBARD or not options.monthly_quota:
        assert year.quietest.interval is None


@pytest.mark.parametrize("live_power", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.5, 1.0])
def test_a_system_spends_its_share_and_no_more(share: float, *, live_power: bool) -> None:
    """The others of the App ID spend theirs."""
    year = outlook(2026, LONDON, plant_of(2), Options(live_power=live_power), share)
    assert year.busiest.calls <= 990 * share + 1
    assert year.busiest.calls > (0.97 if live_power else 0.75) * 990 * share


@pytest.mark.parametrize(("quota", "least"), [(3000, 30), (1000, 37), (400, None), (100, None), (0, None)])
def test_the_shortest_interval_is_that_which_every_month_can_pay_for(quota: int, least: int | None) -> None:
    """From the one that was chosen on; a minute less would not fit."""
    plant, chosen = plant_of(3), Options(automatic=False, monthly_quota=quota)
    found = shortest_interval(2026, LONDON, plant, chosen)
    assert found == (None if least is None else timedelta(minutes=least))
    if found is not None and found > chosen.interval:
        shorter = replace(chosen, interval=found - timedelta(minutes=1))
        assert sized(2026, LONDON, plant, shorter)[1] > 990
        assert sized(2026, LONDON, plant, replace(chosen, interval=found))[1] <= 990
        assert shortest_interval(2026, LONDON, plant, shorter) == found


@pytest.mark.parametrize("quota", [10_000, MAX_QUOTA])
def test_an_outlook_takes_about_as_long_with_any_quota(quota: int) -> None:
    """A form waits for it. Both are timed in one run, so that a busy machine slows both."""

    def seconds(monthly_quota: int) -> float:
        start = process_time()
        outlook(2027, LONDON, plant_of(26, 3), Options(monthly_quota=monthly_quota))
        return process_time() - start

    seconds(1000)  # the sun is computed once
    assert min(seconds(quota) for _ in range(2)) < 8 * max(seconds(1000) for _ in range(2))


def test_hourly_figures_are_as_old_as_the_last_hour_that_closed() -> None:
    """Without the current power, polls bring whole hours only, and no power."""
    june = list(preview(2026, LONDON, plant_of(6), Options(live_power=False)))[5]
    assert june.power_age is None or june.power_age > 100
    assert june.energy_age is not None
    assert 50 < june.energy_age < 110
    assert june.calls[Kind.ECU_DAY] == 0
    assert all(slot.at.tzinfo is UTC for slot in PlanRunner(LONDON, plant_of(6)).plan(date(2026, 6, 1)))
