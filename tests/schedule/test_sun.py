"""Daylight and solar hours at places where clocks, dates and the sun are difficult."""
# ruff: noqa: D103 -- the tests' names are their documentation

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sunrise, sunset
from hypothesis import given, settings, strategies as st
import pytest
from schedule.options import Options
from schedule.sun import Site, Span, daylight, solar_day, sun_elevation

HALF_HOUR = timedelta(minutes=30)
NONE = timedelta()
TOLERANCE = timedelta(minutes=2)


def site(latitude: float, longitude: float, zone: str) -> Site:
    return Site(latitude=latitude, longitude=longitude, zone=ZoneInfo(zone))


def solar_hours(place: Site, day: date, sunrise_offset: timedelta, sunset_offset: timedelta) -> Span | None:
    return solar_day(place, day, Options(sunrise_offset=sunrise_offset, sunset_offset=sunset_offset)).hours


PLACES = {
    "London": site(51.5074, -0.1278, "Europe/London"),
    "Vigo": site(42.2406, -8.7207, "Europe/Madrid"),
    "Reykjavik": site(64.1466, -21.9426, "Atlantic/Reykjavik"),
    "Tromsø": site(69.6492, 18.9553, "Europe/Oslo"),
    "Apia": site(-13.8333, -171.7667, "Pacific/Apia"),
    "Kiritimati": site(1.87, -157.43, "Pacific/Kiritimati"),
    "Kathmandu": site(27.7172, 85.324, "Asia/Kathmandu"),
    "St John's": site(47.5615, -52.7126, "America/St_Johns"),
    "Buenos Aires": site(-34.6037, -58.3816, "America/Argentina/Buenos_Aires"),
    "Sydney": site(-33.8688, 151.2093, "Australia/Sydney"),
    "Lord Howe": site(-31.55, 159.08, "Australia/Lord_Howe"),
}
SPRING, SUMMER = date(2026, 3, 29), date(2026, 6, 21)
AUTUMN, WINTER = date(2026, 10, 25), date(2026, 12, 21)


@pytest.mark.parametrize(
    ("place", "day", "rise", "set_"),
    [
        ("London", SUMMER, "04:43", "21:21"),
        ("London", WINTER, "08:04", "15:53"),
        ("Vigo", SUMMER, "06:59", "22:15"),
        ("Vigo", WINTER, "09:01", "18:05"),
        ("Reykjavik", WINTER, "11:22", "15:29"),
        ("Tromsø", AUTUMN, "07:38", "15:17"),
        ("Apia", SUMMER, "06:50", "18:08"),
        ("Apia", WINTER, "05:57", "18:53"),
        ("Kiritimati", SUMMER, "06:25", "18:38"),
        ("Kathmandu", SUMMER, "05:09", "19:02"),
        ("Kathmandu", WINTER, "06:50", "17:13"),
        ("St John's", SUMMER, "05:03", "21:02"),
        ("St John's", WINTER, "07:46", "16:12"),
        ("Buenos Aires", WINTER, "05:37", "20:06"),
        ("Sydney", SUMMER, "07:00", "16:54"),
        ("Sydney", WINTER, "05:41", "20:05"),
    ],
)
def test_daylight_agrees_with_the_almanac(place: str, day: date, rise: str, set_: str) -> None:
    sun_up = daylight(PLACES[place], day)
    assert sun_up is not None
    for at, clock in ((sun_up.start, rise), (sun_up.end, set_)):
        due = datetime.combine(day, time.fromisoformat(clock), PLACES[place].zone)
        assert abs(at - due) <= TOLERANCE


def event(name: str, place: Site, day: date) -> datetime | None:
    """Return astral's own event that falls on a local day; it files some under the day before or after."""
    for shift in (-1, 0, 1):
        try:
            call = sunrise if name == "rise" else sunset
            at = call(Observer(place.latitude, place.longitude), day + timedelta(days=shift), tzinfo=UTC)
        except ValueError:
            continue
        if place.day(at) == day:
            return at
    return None


@pytest.mark.parametrize("place", ["London", "Vigo", "Apia", "Kiritimati", "Kathmandu", "Buenos Aires", "Sydney"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(day=st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_daylight_agrees_with_the_events_of_astral_on_any_day(place: str, day: date) -> None:
    sun_up = daylight(PLACES[place], day)
    rise, set_ = event("rise", PLACES[place], day), event("set", PLACES[place], day)
    assert sun_up is not None
    assert rise is not None
    assert set_ is not None
    assert abs(sun_up.start - rise) <= TOLERANCE
    assert abs(sun_up.end - set_) <= TOLERANCE


def test_no_daylight_in_polar_night() -> None:
    assert daylight(PLACES["Tromsø"], WINTER) is None
    assert solar_hours(PLACES["Tromsø"], WINTER, NONE, NONE) is None


@pytest.mark.parametrize("day", [SUMMER, date(2026, 5, 30), date(2026, 7, 10)])
def test_daylight_is_the_whole_day_where_the_sun_does_not_set(day: date) -> None:
    here = PLACES["Tromsø"]
    sun_up = daylight(here, day)
    assert sun_up is not None
    assert sun_up.start == here.midnight(day)
    assert sun_up.end == here.midnight(day + timedelta(days=1))


def test_daylight_that_crosses_midnight_ends_there() -> None:
    reykjavik = PLACES["Reykjavik"]
    sun_up = daylight(reykjavik, SUMMER)
    assert sun_up is not None
    assert abs(sun_up.start - datetime(2026, 6, 21, 2, 55, tzinfo=UTC)) <= TOLERANCE
    assert sun_up.end == reykjavik.midnight(date(2026, 6, 22))


@pytest.mark.parametrize(
    ("place", "day", "hours"),
    [
        ("London", SPRING, 23),
        ("London", AUTUMN, 25),
        ("Sydney", date(2026, 10, 4), 23),
        ("Sydney", date(2026, 4, 5), 25),
        ("Lord Howe", date(2026, 10, 4), 23.5),
        ("Lord Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_days_of_a_clock_change_have_their_true_length_and_the_sun_of_their_neighbours(
    place: str, day: date, hours: float
) -> None:
    here = PLACES[place]
    next_day = day + timedelta(days=1)
    assert here.midnight(next_day).astimezone(UTC) - here.midnight(day).astimezone(UTC) == timedelta(hours=hours)
    today, tomorrow = daylight(here, day), daylight(here, next_day)
    assert today is not None
    assert tomorrow is not None
    # A clock change does not move the sun: sunrise comes 24 hours later within minutes, and daylight is as long.
    assert abs(tomorrow.start - today.start.astimezone(UTC) - timedelta(days=1)) < timedelta(minutes=4)
    assert abs(tomorrow.length - today.length) < timedelta(minutes=6)


def test_a_clock_time_that_is_skipped_moves_on_by_the_change() -> None:
    london = PLACES["London"]
    assert london.at(SPRING, time(1, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert london.at(SPRING, time(1, 30)).time() == time(2, 30)
    assert london.at(SPRING, time(12, 30)) == datetime(2026, 3, 29, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        # Midnight does not exist on these days: the clock goes from 23:59 to 01:00.
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, 0, tzinfo=UTC)),
        # It comes twice on this one; the day begins at the first.
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_its_first_instant_also_where_the_clock_skips_or_repeats_midnight(
    zone: str, day: date, first: datetime
) -> None:
    here = site(0, 0, zone)
    assert here.midnight(day).astimezone(UTC) == first
    assert here.day(first) == day
    assert here.day(first - timedelta(seconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("place", "day", "start", "end"),
    [
        ("London", SUMMER, "05:13", "21:51"),
        ("Vigo", SUMMER, "07:29", "22:45"),
        ("Kathmandu", WINTER, "07:20", "17:43"),
        ("Reykjavik", SUMMER, "03:25", "23:45"),
        ("Tromsø", SUMMER, "00:30", "23:45"),
    ],
)
def test_solar_hours_begin_and_end_by_the_offsets_after_the_sun_and_before_midnight(
    place: str, day: date, start: str, end: str
) -> None:
    hours = solar_hours(PLACES[place], day, HALF_HOUR, HALF_HOUR)
    assert hours is not None
    for at, clock in ((hours.start, start), (hours.end, end)):
        assert abs(at - datetime.combine(day, time.fromisoformat(clock), PLACES[place].zone)) <= TOLERANCE


def test_solar_hours_are_cut_at_a_quarter_to_midnight_sharp() -> None:
    hours = solar_hours(PLACES["Vigo"], SUMMER, NONE, timedelta(hours=2))
    assert hours is not None
    assert hours.end == datetime(2026, 6, 21, 23, 45, tzinfo=PLACES["Vigo"].zone)


def test_there_are_no_solar_hours_where_the_day_is_shorter_than_the_offset() -> None:
    day = date(2026, 11, 26)  # just before the polar night
    sun_up = daylight(PLACES["Tromsø"], day)
    assert sun_up is not None
    assert sun_up.length < timedelta(hours=2)
    assert solar_hours(PLACES["Tromsø"], day, timedelta(hours=2), NONE) is None


def test_a_span_holds_both_its_ends_and_counts_instants() -> None:
    sun_up = daylight(PLACES["London"], SUMMER)
    assert sun_up is not None
    assert sun_up.start in sun_up
    assert sun_up.end.astimezone(UTC) in sun_up
    assert sun_up.end + timedelta(seconds=1) not in sun_up
    assert timedelta(hours=16, minutes=36) < sun_up.length < timedelta(hours=16, minutes=41)


@pytest.mark.parametrize(
    ("place", "at", "degrees"),
    [
        ("London", datetime(2026, 6, 21, 12, 2, tzinfo=UTC), 61.9),  # 90° - 51.5° + 23.4°
        ("Sydney", datetime(2026, 12, 21, 1, 53, tzinfo=UTC), 79.6),  # 90° - 33.9° + 23.4°
        ("London", datetime(2026, 12, 21, 0, 0, tzinfo=UTC), -61.9),
    ],
)
def test_the_suns_elevation_is_degrees_over_the_horizon(place: str, at: datetime, degrees: float) -> None:
    assert sun_elevation(PLACES[place], at) == pytest.approx(degrees, abs=0.2)


SITES = st.builds(
    site,
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    zone=st.sampled_from([str(place.zone) for place in PLACES.values()] + ["UTC", "Africa/Cairo", "Asia/Tokyo"]),
)
OFFSETS = st.integers(0, 120).map(lambda minutes: timedelta(minutes=minutes))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(here=SITES, day=st.dates(date(2020, 1, 1), date(2035, 12, 31)), rise=OFFSETS, set_=OFFSETS)
def test_solar_hours_lie_in_their_local_day_whatever_the_place(
    here: Site, day: date, rise: timedelta, set_: timedelta
) -> None:
    hours = solar_hours(here, day, rise, set_)
    if hours is None:
        return
    assert hours.start.astimezone(UTC) < hours.end.astimezone(UTC)
    assert here.day(hours.start) == here.day(hours.end) == day
    assert hours.end.time() <= time(23, 45)


def test_a_solar_day_is_made_once_for_its_site_day_and_offsets() -> None:
    today = solar_day(PLACES["London"], SUMMER, Options())
    assert solar_day(PLACES["London"], SUMMER, Options(monthly_quota=5)) is today
    assert solar_day(PLACES["London"], SUMMER, Options(sunset_offset=NONE)) != today
    assert today.daylight == daylight(PLACES["London"], SUMMER)


def test_the_curve_has_the_sun_of_every_five_minutes_of_the_solar_hours() -> None:
    today = solar_day(PLACES["London"], SUMMER, Options())
    assert today.hours is not None
    times = [at for at, _ in today.curve]
    assert times[0] == today.hours.start
    assert {after - before for before, after in pairwise(times)} == {timedelta(minutes=5)}
    assert today.hours.end - times[-1] <= timedelta(minutes=10)
    for at, degrees in today.curve:
        assert degrees == pytest.approx(sun_elevation(PLACES["London"], at), abs=0.05)


@pytest.mark.parametrize(("day", "hours"), [(SUMMER, 15.2), (WINTER, 6.4)])
def test_a_days_weight_is_about_its_hours_of_sun_above_five_degrees(day: date, hours: float) -> None:
    assert solar_day(PLACES["London"], day, Options()).weight == pytest.approx(hours, abs=0.3)


def test_there_is_no_curve_and_no_weight_in_polar_night() -> None:
    night = solar_day(PLACES["Tromsø"], WINTER, Options())
    assert (night.daylight, night.hours, night.curve, night.weight) == (None, None, (), 0)
