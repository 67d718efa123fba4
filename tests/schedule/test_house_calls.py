"""The planned calls for meters, batteries and the totals of inverters."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from schedule.calls import Kind, Plant, Purpose, Slot
from schedule.options import Options
from schedule.preview import preview
from schedule.sun import Site, solar_day

from tests.plan_runner import LONDON, PlanRunner, assert_within, at_clock, days_from, plant_of, site_at

JUNE = days_from(date(2026, 6, 1), 10)
JANUARY = days_from(date(2026, 1, 1), 10)
NORTH = site_at(69.6, 18.9, "Europe/Oslo")
OF_METER = {Kind.METER_DAY: 3, Kind.METER_SUMMARY: 1}
OF_BATTERY = {Kind.STORAGE_STATE: 2, Kind.STORAGE_DAY: 1, Kind.STORAGE_SUMMARY: 1}
METER, BATTERY, BOTH = plant_of(4, 1, 1), plant_of(4, 1, 0, 1), plant_of(4, 1, 1, 1)


def of_house(slots: list[Slot] | tuple[Slot, ...]) -> Counter[Kind]:
    """Count calls about meters and batteries."""
    return Counter(s.call.kind for s in slots if s.call.kind in {*OF_METER, *OF_BATTERY})


@pytest.mark.parametrize(
    ("plant", "expected"),
    [(plant_of(4), {}), (METER, OF_METER), (BATTERY, OF_BATTERY), (BOTH, OF_METER | OF_BATTERY)],
)
@pytest.mark.parametrize(("site", "days"), [(LONDON, JUNE), (LONDON, JANUARY), (NORTH, JUNE), (NORTH, JANUARY)])
@pytest.mark.parametrize("options", [Options(), Options(automatic=False), Options(live_power=False)])
def test_a_day_reads_each_device_twice_and_its_summary_and_yesterday_once(
    plant: Plant, expected: dict[Kind, int], site: Site, days: list[date], options: Options
) -> None:
    """By either schedule, in polar night and on polar days as well."""
    is_live = options.automatic and options.live_power
    runner = PlanRunner(site, plant, options if is_live else replace(options, monthly_quota=3000))
    for day in days:
        slots = runner.plan(day)
        assert of_house(slots) == expected
        for slot in slots:
            if slot.call.kind in {Kind.METER_DAY, Kind.STORAGE_DAY}:
                is_early = slot.at == at_clock(site, day, "01:10")
                assert slot.day == (day - timedelta(days=1) if is_early else day)
            assert site.midnight(day) <= slot.at < slot.until <= site.midnight(day + timedelta(days=1))
            runner.call(slot)


def test_reads_are_made_by_day_and_summaries_at_its_end() -> None:
    """So that the summary has the day's production, and the reads show the morning and the afternoon."""
    runner = PlanRunner(LONDON, BOTH)
    for day in [*JUNE, *JANUARY]:
        hours = solar_day(LONDON, day, runner.options).hours
        assert hours is not None
        slots = [slot for slot in runner.plan(day) if slot.day == day]
        closing = [s.at for s in slots if s.call.kind in {Kind.METER_SUMMARY, Kind.STORAGE_SUMMARY}]
        assert all(abs(at - hours.end) <= timedelta(minutes=1) for at in closing)
        for kind in (Kind.METER_DAY, Kind.STORAGE_STATE):
            first, second = sorted(s.at for s in slots if s.call.kind is kind)
            assert hours.start < first < hours.start + hours.length / 2 < second < hours.end


@pytest.mark.parametrize(("plant", "most"), [(METER, 4), (BATTERY, 4), (BOTH, 6)])
def test_production_stays_nearly_as_fresh(plant: Plant, most: float) -> None:
    """In June, with the quota of an account that pays nothing."""
    ages = [list(preview(2026, LONDON, p, Options()))[5].energy_age for p in (plant_of(4), plant)]
    assert None not in ages
    assert (ages[1] or 0) - (ages[0] or 0) <= most


def test_reads_of_a_meter_that_agrees_with_the_ecus_replace_others() -> None:
    """They cost nothing, are as far apart as other reads, and never replace a round of all ECUs."""
    for ecus in (1, 2, 3):
        plain = PlanRunner(LONDON, plant_of(4, ecus, 1))
        agreed = PlanRunner(LONDON, replace(plant_of(4, ecus, 1), meters_read_production=True))
        for day in JUNE:
            slots = agreed.plan(day)
            reads = [s for s in slots if s.call.kind is Kind.METER_DAY and s.day == day]
            assert [s.purpose for s in reads] == [Purpose.READ] * 2
            times = sorted({s.at for s in slots if s.purpose is Purpose.READ and s.call.kind is not Kind.BATCH_POWER})
            assert all(timedelta(minutes=5) <= b - a <= timedelta(hours=2) for a, b in pairwise(times))
            at_reads = Counter(s.at for s in slots if s.purpose is Purpose.READ and s.call.kind is not Kind.BATCH_POWER)
            assert all(at_reads[s.at] == 1 for s in reads)
            rounds = {s.at for s in plain.plan(day) if s.call.kind is Kind.ECU_DAY}
            if ecus > 1:
                assert len({s.at for s in slots if s.call.kind is Kind.ECU_DAY}) == len(rounds)
            for slot in slots:
                agreed.call(slot)
            plain.run([day])
        assert_within(agreed, 1000)


@pytest.mark.parametrize("quota", [10, 60, 150, 250, 1000])
@pytest.mark.parametrize("size", [(4, 1, 1, 1), (12, 3, 2, 2), (0, 0, 1, 1), (60, 2, 1, 0)])
@pytest.mark.parametrize("options", [Options(), Options(automatic=False), Options(production=False)])
def test_any_plant_stays_within_the_quota(quota: int, size: tuple[int, ...], options: Options) -> None:
    """Whatever the schedule; with a small quota devices are read in rotation."""
    plant = plant_of(*size)
    runner = PlanRunner(LONDON, plant, replace(options, monthly_quota=quota))
    runner.run(days_from(date(2026, 5, 20), 45))
    assert_within(runner, quota)
    if quota >= 250 and options.automatic:
        asked = {slot.call.target for slot in runner.made if slot.call.kind in {*OF_METER, *OF_BATTERY}}
        assert asked == {*plant.meters, *plant.batteries}


def test_without_production_nothing_else_is_asked() -> None:
    """The fork's option `poll_pv`: a battery only."""
    runner = PlanRunner(LONDON, BOTH, Options(production=False)).run(JUNE)
    assert {slot.call.kind for slot in runner.made} == {*OF_METER, *OF_BATTERY}
    for options, has_history in (
        (Options(production=False), True),
        (Options(production=False, automatic=False), False),
    ):
        with_backlog = PlanRunner(LONDON, replace(BOTH, backlog=True), options).run(JUNE)
        assert any(slot.purpose is Purpose.HISTORY for slot in with_backlog.made) is has_history
        assert_within(with_backlog, 1000)


@pytest.mark.parametrize("quota", [150, 250, 1000, 20_000])
@pytest.mark.parametrize("inverters", [1, 4, 26, 120])
def test_totals_of_inverters_take_at_most_a_twentieth_of_the_quota(quota: int, inverters: int) -> None:
    """The oldest first, as many a day as keep within that over the month."""
    runner = PlanRunner(LONDON, plant_of(inverters), Options(monthly_quota=quota))
    read: dict[str, datetime] = {}
    for day in days_from(date(2026, 5, 1), 31):
        due = [uid for uid in runner.plant.inverters if uid not in read]
        runner.plant = replace(runner.plant, totals=tuple(due))
        for slot in runner.plan(day):
            if slot.call.kind is Kind.INVERTER_SUMMARY:
                read[slot.call.target] = slot.at.astimezone(UTC)
            runner.call(slot)
    made = [slot for slot in runner.made if slot.call.kind is Kind.INVERTER_SUMMARY]
    assert len(made) == len(read) <= 0.05 * quota
    assert len(read) >= min(inverters, int(0.05 * quota) - 1)
