"""The sun over a site: daylight and solar hours of a local day, by the sun's elevation.

astral's events raise at polar day and night and return tomorrow's event near the date line; its elevation is right
everywhere. A day's daylight is the stretch around its highest sun, found by halving, in aware local datetimes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from astral import Observer
from astral.sun import elevation

HORIZON = -0.833  # degrees: the upper rim of the sun touches the horizon, with refraction
LAST_MINUTE = time(23, 45)
_STEP = timedelta(minutes=15)
_EXACT = timedelta(seconds=20)


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the sun is looked at from, in degrees, and the zone whose days are meant."""

    latitude: float
    longitude: float
    zone: tzinfo

    def midnight(self, day: date) -> datetime:
        """Return the first moment of a local day."""
        return datetime.combine(day, time(), self.zone)

    def at(self, day: date, clock: time) -> datetime:
        """Return a wall-clock time of a local day; one that a clock change skips moves on by the change."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC).astimezone(self.zone)

    def day(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(self.zone).date()


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time, with its end."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end

    @property
    def length(self) -> timedelta:
        """Its length; of instants, whatever the clock shows."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)


def sun_elevation(site: Site, moment: datetime) -> float:
    """Return the sun's true elevation in degrees; refraction is in `HORIZON`."""
    observer = Observer(site.latitude, site.longitude)
    return float(elevation(observer, moment.astimezone(UTC), with_refraction=False))


@lru_cache(maxsize=1024)
def daylight(site: Site, day: date, degrees: float = HORIZON) -> Span | None:
    """Return when the sun is above an elevation on a local day, around its highest stand; None when it never is.

    Where the sun does not set it is the whole day, and where the stretch crosses midnight it ends there.
    """
    first = site.midnight(day).astimezone(UTC)
    last = site.midnight(day + timedelta(days=1)).astimezone(UTC)
    steps = [first + n * _STEP for n in range((last - first) // _STEP + 1)]
    top = max(steps, key=lambda moment: sun_elevation(site, moment))

    def up(moment: datetime) -> bool:
        return sun_elevation(site, moment) > degrees

    if not up(top):
        return None
    dark_before = max((m for m in steps if m < top and not up(m)), default=None)
    dark_after = min((m for m in steps if m > top and not up(m)), default=None)
    start = first if dark_before is None else _turn(dark_before, dark_before + _STEP, up)
    end = last if dark_after is None else _turn(dark_after, dark_after - _STEP, up)
    return Span(start=start.astimezone(site.zone), end=end.astimezone(site.zone))


def solar_hours(site: Site, day: date, sunrise_offset: timedelta, sunset_offset: timedelta) -> Span | None:
    """Return the hours in which the cloud is asked, cut at 23:45; None in polar night."""
    light = daylight(site, day)
    if light is None:
        return None
    start = (light.start.astimezone(UTC) + sunrise_offset).astimezone(site.zone)
    end = (light.end.astimezone(UTC) + sunset_offset).astimezone(site.zone)
    end = min(end, site.at(day, LAST_MINUTE))
    return Span(start=start, end=end) if start < end else None


def _turn(dark: datetime, light: datetime, up: Callable[[datetime], bool]) -> datetime:
    """Halve between a dark and a light moment; return the light side of the turn."""
    while abs(light - dark) > _EXACT:
        middle = dark + (light - dark) / 2
        dark, light = (dark, middle) if up(middle) else (middle, light)
    return light.replace(microsecond=0)
