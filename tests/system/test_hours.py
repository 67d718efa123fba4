"""The hours of a day, and the energy of slots in each."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.apsystems_openapi.system.hours import by_hours, hour_starts

SLOT = timedelta(minutes=5)
DAYS = {
    "24 hours": ("Europe/Paris", date(2026, 6, 15), 24),
    "25 hours": ("Europe/Paris", date(2026, 10, 25), 25),
    "23 hours": ("Europe/Paris", date(2026, 3, 29), 23),
    "Lord Howe, half an hour more": ("Australia/Lord_Howe", date(2026, 4, 5), 24),
    "Lord Howe, half an hour less": ("Australia/Lord_Howe", date(2026, 10, 4), 23),
    "Kathmandu": ("Asia/Kathmandu", date(2026, 6, 15), 24),
    "midnight comes twice": ("America/Havana", date(2026, 11, 1), 25),
    "no midnight": ("America/Asuncion", date(2024, 10, 6), 23),
}


def slots_of(day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, str]]:
    """Yield the start of each slot of a day, in UTC, and its label: the local time at its end."""
    time, end = (datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    while time < end:
        yield time, f"{(time + SLOT).astimezone(zone):%H:%M}"
        time += SLOT


@pytest.mark.parametrize("name", DAYS)
def test_every_slot_is_in_the_hour_in_which_it_begins(name: str) -> None:
    zone_name, day, number = DAYS[name]
    zone = ZoneInfo(zone_name)
    slots = [(start, label, 1.0 + n / 1000) for n, (start, label) in enumerate(slots_of(day, zone))]
    starts = [start for of_hour in hour_starts(day, zone) for start in of_hour]
    expected = [0.0] * len(starts)
    for start, _, kwh in slots:
        expected[max(n for n, hour in enumerate(starts) if hour <= start)] += kwh
    hours = by_hours(day, zone, [label for _, label, _ in slots], tuple(kwh for *_, kwh in slots))
    assert len(hours) == number
    assert hours == pytest.approx(expected)


PARIS = ZoneInfo("Europe/Paris")
ANSWERS = {
    "a hole in the first of two hours": (date(2026, 10, 25), ["02:55", "02:50"], (1.0, 2.0), {2: 1.0, 3: 2.0}),
    "midnight before a day": (date(2026, 6, 15), ["00:00", "00:05"], (1.0, 2.0), {0: 2.0}),
    "midnight after a day": (date(2026, 6, 15), ["00:05", "00:00"], (1.0, 2.0), {0: 1.0, 23: 2.0}),
    "a label that comes twice": (date(2026, 6, 15), ["12:05", "12:05"], (1.0, 2.0), {12: 2.0}),
    "a value that is not known": (date(2026, 6, 15), ["12:05", "12:10", "13:05"], (1.0, None, None), {12: 1.0}),
    "another order": (date(2026, 6, 15), ["13:05", "12:05", "13:10"], (1.0, 2.0, 4.0), {12: 2.0, 13: 5.0}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_labels_are_of_the_hour_that_their_order_says(name: str) -> None:
    day, labels, energy, expected = ANSWERS[name]
    hours = by_hours(day, PARIS, labels, energy)
    assert {hour: kwh for hour, kwh in enumerate(hours) if kwh is not None} == expected
