"""For how long measurements are shown, and when a day without a sample is unknown: pure rules, as tables."""
# ruff: noqa: D103 -- test names say what they check

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Purpose, Slot
from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.ages import (
    is_day_unknown,
    is_power_fresh,
    lifetime,
    reads_due,
    shown_power,
)
from custom_components.apsystems_openapi.system.clock import Clock

PARIS = Site(latitude=48.85, longitude=2.35, zone=ZoneInfo("Europe/Paris"))  # sunrise 5:47, sunset 21:56
TROMSO = Site(latitude=69.65, longitude=18.96, zone=ZoneInfo("Europe/Oslo"))
DAY = date(2026, 6, 15)


def at(hour: float, day: date = DAY, site: Site = PARIS) -> datetime:
    return (site.midnight(day) + timedelta(hours=hour)).astimezone(UTC)


def clock(hour: float, day: date = DAY, site: Site = PARIS) -> Clock:
    return Clock(now=at(hour, day, site), site=site, options=Options())


def slots(
    *hours: float,
    kind: Kind = Kind.ECU_DAY,
    target: str = "",
    purpose: Purpose = Purpose.READ,
    day: date = DAY,
) -> list[Slot]:
    call = Call(kind=kind, target=target)
    return [Slot(at=at(hour, day), until=at(hour + 0.5, day), call=call, day=day, purpose=purpose) for hour in hours]


# Lifetimes


@pytest.mark.parametrize(
    ("planned", "is_dc", "minutes"),
    [
        ([], False, 150),
        ([12.5], False, 150),
        ([12.5], True, 360),
        ([8, 8.25, 8.5], False, 90),
        ([8, 9, 9.5], False, 120),
        ([8, 10, 12], False, 150),
        ([8, 10, 12], True, 240),
        ([8, 8, 8.25], False, 90),
    ],
)
def test_a_sample_is_shown_for_twice_the_spacing_of_reads_within_bounds(
    planned: list[float], is_dc: bool, minutes: int
) -> None:
    assert lifetime(slots(*planned), [Kind.ECU_DAY], is_dc=is_dc) == timedelta(minutes=minutes)


def test_reads_of_other_devices_and_kinds_do_not_count() -> None:
    planned = [*slots(8, 10, target="a"), *slots(9, target="b"), *slots(8, 8.5, kind=Kind.TELEMETRY)]
    assert lifetime(planned, [Kind.ECU_DAY], "b") == timedelta(minutes=150)
    assert lifetime(planned, [Kind.ECU_DAY]) == timedelta(hours=2)


# Power


@pytest.mark.parametrize(
    ("sampled", "now", "is_shown"),
    [
        (12.0, 13.0, True),
        (12.0, 13.6, False),
        (None, 13.0, False),
        (21.75, 22.0, True),  # the sun has set
        (21.75, 22.24, True),
        (21.75, 22.26, False),
        (21.4, 22.0, False),
        (None, 22.5, False),
    ],
)
def test_by_night_a_sample_of_power_is_shown_for_half_an_hour(
    sampled: float | None, now: float, is_shown: bool
) -> None:
    time = None if sampled is None else at(sampled)
    assert is_power_fresh(time, clock(now), timedelta(minutes=90)) is is_shown


@pytest.mark.parametrize(
    ("power", "is_fresh", "is_daylight", "expected"),
    [
        (500.0, True, True, 500.0),
        (500.0, True, False, 500.0),
        (0.0, True, False, 0.0),
        (500.0, False, True, None),
        (500.0, False, False, 0.0),
        (None, True, True, None),
        (None, True, False, 0.0),
        (None, False, False, 0.0),
    ],
)
def test_without_a_sample_that_counts_power_is_unknown_by_day_and_0_at_night(
    power: float | None, is_fresh: bool, is_daylight: bool, expected: float | None
) -> None:
    assert shown_power(power, is_fresh=is_fresh, is_daylight=is_daylight) == expected


# Reads that fell due

EARLY = slots(5.9, 6.2, 6.5, 6.7)
READS = slots(7, 7.5, 8, 8.5, 9)


@pytest.mark.parametrize(
    ("planned", "now", "expected"),
    [
        pytest.param(READS, 4, 0, id="night"),
        pytest.param(EARLY, 6.75, 0, id="the first hour after sunrise"),
        pytest.param([*EARLY, *READS], 7.2, 1, id="reads of the first hour do not count afterwards"),
        pytest.param(READS, 8.2, 3, id="every half hour"),
        pytest.param(READS, 8.02, 2, id="a read that is being answered"),
        pytest.param([*READS, *slots(7, 7.5, 8, target="b")], 8.2, 3, id="a round of two ECUs"),
        pytest.param(slots(7, 7.5, 8, kind=Kind.SUMMARY), 8.2, 3, id="summaries"),
        pytest.param(slots(7, 7.5, 8, kind=Kind.HOURLY, purpose=Purpose.DUTY), 8.2, 3, id="polls"),
        pytest.param(slots(7, 7.5, 8, kind=Kind.TELEMETRY), 8.2, 1, id="no energy of the day"),
        pytest.param(slots(7, 7.5, 8, kind=Kind.HOURLY, purpose=Purpose.HISTORY), 8.2, 1, id="history"),
        pytest.param([], 8.2, 1, id="no calls left, early"),
        pytest.param([], 10.7, 2, id="no calls left, a little later"),
        pytest.param([], 10.9, 3, id="no calls left, five hours after sunrise"),
        pytest.param(slots(9, 23, kind=Kind.SUMMARY), 23.5, 8, id="not after sunset"),
    ],
)
def test_reads_that_fall_due_by_day_are_counted_whether_they_were_made_or_not(
    planned: list[Slot], now: float, expected: int
) -> None:
    assert reads_due(planned, clock(now)) == expected
    assert is_day_unknown(planned, clock(now)) is (expected >= 3)


def test_a_read_of_another_day_is_not_counted() -> None:
    yesterday = [
        Slot(at=at(hour), until=at(hour + 1), call=Call(kind=Kind.HOURLY), day=DAY - timedelta(days=1))
        for hour in (7, 7.5, 8)
    ]
    assert reads_due(yesterday, clock(8.2)) == 1


@pytest.mark.parametrize("hour", [0.5, 6, 12, 18, 23.9])
def test_in_polar_night_no_day_is_unknown(hour: float) -> None:
    dark = date(2026, 12, 21)
    planned = [
        Slot(at=at(n, dark, TROMSO), until=at(n + 1, dark, TROMSO), call=Call(kind=Kind.SUMMARY), day=dark)
        for n in range(23)
    ]
    assert reads_due(planned, clock(hour, dark, TROMSO)) == 0


@pytest.mark.parametrize(("hour", "expected"), [(0.9, 0), (1.5, 1), (3.2, 2), (5.2, 3)])
def test_in_polar_day_the_first_hour_is_that_after_midnight(hour: float, expected: int) -> None:
    assert reads_due([], clock(hour, DAY, TROMSO)) == expected
