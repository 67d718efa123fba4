"""The sun over a site: daylight, solar hours and elevation of a local day.

astral's events raise at polar day and night and return tomorrow's event near the date line; its elevation is right
everywhere. A day's daylight is the stretch around its highest sun, found by bisection, in aware local datetimes. A year
of plans needs the elevation so often that it is calculated for every quarter of an hour and interpolated in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache
from math import asin, cos, degrees, radians, sin
from typing import Final

from astral import Observer
from astral.sun import elevation, eq_of_time, jday_to_jcentury, julianday, sun_declination

from .options import Options

HORIZON: Final = -0.833  # degrees: the upper rim of the sun touches the horizon, with refraction
FULL_SUN: Final = 5.0  # degrees; below, a plant makes little
LOW_SUN_WEIGHT: Final = 0.15  # of the time with the sun between the horizon and `FULL_SUN`
LAST_MINUTE: Final = time(23, 45)
LAST_CLOSING: Final = time(23, 40)  # of a day's duties
NOON: Final = time(12)
CURVE_STEP: Final = timedelta(minutes=5)
_SEARCH_STEP: Final = timedelta(minutes=15)
_PRECISION: Final = timedelta(seconds=20)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

type Curve = tuple[tuple[datetime, float], ...]
"""Times in UTC, each with the sun's elevation in degrees."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the sun is looked at from, in degrees, and the zone of the site's days."""

    latitude: float
    longitude: float
    zone: tzinfo

    def midnight(self, day: date) -> datetime:
        """Return the start of a local day."""
        return datetime.combine(day, time(), self.zone)

    def at(self, day: date, clock: time) -> datetime:
        """Return a wall-clock time of a local day; one that a clock change skips moves on by the change."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC).astimezone(self.zone)

    def day(self, time: datetime) -> date:
        """Return the local day of a time."""
        return time.astimezone(self.zone).date()


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time that includes its end."""

    start: datetime
    end: datetime

    def __contains__(self, time: datetime) -> bool:
        return self.start <= time <= self.end

    @property
    def length(self) -> timedelta:
        """The time that passes, whatever a clock change does to the clock."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class SolarDay:
    """The sun of one local day at a site. Made once by `solar_day` and passed on."""

    site: Site
    day: date
    daylight: Span | None
    """From sunrise to sunset, in the site's zone; None in polar night."""
    hours: Span | None
    """The solar hours, in which the cloud is asked; None in polar night."""

    def elevation(self, time: datetime) -> float:
        """Return the sun's elevation in degrees at a time of the day; `sun_elevation` without astral's effort."""
        return _interpolated(_elevations(self.site, self.day), (time - _start(self.site, self.day)) / _SEARCH_STEP)

    @cached_property
    def curve(self) -> Curve:
        """The sun every five minutes of the solar hours; empty where there are none."""
        if self.hours is None:
            return ()
        elevations, midnight = _elevations(self.site, self.day), _start(self.site, self.day)
        start = self.hours.start.astimezone(UTC)
        times = [start + n * CURVE_STEP for n in range(self.hours.length // CURVE_STEP)]
        return tuple((time, _interpolated(elevations, (time - midnight) / _SEARCH_STEP)) for time in times)

    @cached_property
    def weight(self) -> float:
        """The solar hours in hours of full sun: low sun counts for little, darkness for nothing."""
        return sum(sun_weight(degrees, LOW_SUN_WEIGHT) for _, degrees in self.curve) * (CURVE_STEP / _HOUR)


def solar_day(site: Site, day: date, options: Options) -> SolarDay:
    """Return the sun of a local day; cached by site, day and offsets."""
    return _solar_day(site, day, options.sunrise_offset, options.sunset_offset)


@lru_cache(maxsize=1024)
def _solar_day(site: Site, day: date, sunrise_offset: timedelta, sunset_offset: timedelta) -> SolarDay:
    sun_up = daylight(site, day)
    if sun_up is None:
        return SolarDay(site=site, day=day, daylight=None, hours=None)
    start = (sun_up.start.astimezone(UTC) + sunrise_offset).astimezone(site.zone)
    end = (sun_up.end.astimezone(UTC) + sunset_offset).astimezone(site.zone)
    end = min(end, site.at(day, LAST_MINUTE))
    hours = Span(start=start, end=end) if start < end else None
    return SolarDay(site=site, day=day, daylight=sun_up, hours=hours)


def sun_weight(degrees: float, low: float) -> float:
    """Return how much a sun of an elevation weighs: 1 when full, `low` near the horizon, else 0."""
    return 1.0 if degrees > FULL_SUN else low if degrees > 0 else 0.0


def sun_elevation(site: Site, time: datetime) -> float:
    """Return the sun's true elevation in degrees; refraction is in `HORIZON`."""
    observer = Observer(site.latitude, site.longitude)
    return float(elevation(observer, time.astimezone(UTC), with_refraction=False))


@lru_cache(maxsize=1024)
def daylight(site: Site, day: date) -> Span | None:
    """Return when the sun is above the horizon on a local day, around its highest point; None when it never is.

    Where the sun does not set it is the whole day, and where the stretch crosses midnight it ends there.
    """
    elevations = _elevations(site, day)
    last = len(elevations) - 1
    highest = max(range(last + 1), key=elevations.__getitem__)
    if elevations[highest] <= HORIZON:
        return None
    dark_before = max((n for n in range(highest) if elevations[n] <= HORIZON), default=None)
    dark_after = min((n for n in range(highest, last + 1) if elevations[n] <= HORIZON), default=None)
    times = [_start(site, day) + n * _SEARCH_STEP for n in range(last + 1)]
    start = times[0] if dark_before is None else _crossing(site, times[dark_before], times[dark_before + 1])
    end = times[last] if dark_after is None else _crossing(site, times[dark_after], times[dark_after - 1])
    return Span(start=start.astimezone(site.zone), end=end.astimezone(site.zone))


def _crossing(site: Site, dark: datetime, bright: datetime) -> datetime:
    """Return when the sun crosses the horizon between a dark and a bright time, on the bright side."""
    while abs(bright - dark) > _PRECISION:
        middle = dark + (bright - dark) / 2
        dark, bright = (dark, middle) if sun_elevation(site, middle) > HORIZON else (middle, bright)
    return bright.replace(microsecond=0)


def _start(site: Site, day: date) -> datetime:
    return site.midnight(day).astimezone(UTC)


@lru_cache(maxsize=1024)
def _elevations(site: Site, day: date) -> tuple[float, ...]:
    """Return the sun's elevation at every search step from a local midnight to the next, both included.

    astral is asked for the sun's declination and the equation of time at both midnights only: between them they change
    so steadily that the elevation is exact to a thousandth of a degree.
    """
    start, end = _start(site, day), _start(site, day + timedelta(days=1))
    steps = (end - start) // _SEARCH_STEP
    of_day = start - start.replace(hour=0, minute=0)
    noon = of_day / _DAY * 360 + site.longitude - 180  # hour angle of a mean sun at the start
    (declination, ahead), (next_declination, next_ahead) = _place_of_sun(start), _place_of_sun(end)
    sine, cosine = sin(radians(site.latitude)), cos(radians(site.latitude))
    elevations = []
    for n in range(steps + 1):
        part = n / steps
        of_sun = radians(declination + part * (next_declination - declination))
        hour_angle = radians(noon + ahead + part * (next_ahead - ahead) + n * _SEARCH_STEP / _DAY * 360)
        height = sine * sin(of_sun) + cosine * cos(of_sun) * cos(hour_angle)
        elevations.append(degrees(asin(min(1.0, max(-1.0, height)))))  # rounding can exceed 1
    return tuple(elevations)


def _place_of_sun(time: datetime) -> tuple[float, float]:
    """Return the sun's declination, and by how much it is ahead of a mean sun, both in degrees."""
    century = jday_to_jcentury(julianday(time) + (time - time.replace(hour=0, minute=0)) / _DAY)
    return sun_declination(century), eq_of_time(century) / 4


def _interpolated(elevations: Sequence[float], steps: float) -> float:
    """Return the elevation at a number of search steps, by the cubic through the four nearest.

    It is exact to some thousandths of a degree unless the sun is close to the zenith, where no decision depends on it.
    """
    first = min(max(int(steps) - 1, 0), len(elevations) - 4)
    a, b, c, d = elevations[first : first + 4]
    x = steps - first
    return (x * (x - 1) * ((x - 2) * d - 3 * (x - 3) * c) + (x - 2) * (x - 3) * (3 * x * b - (x - 1) * a)) / 6
