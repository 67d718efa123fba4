"""Curves of DC power, and the quarter hours of a day in which panels are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import radians, sin, sqrt
from typing import Final

from ..schedule.sun import Site, SolarDay

SLOTS: Final = 288
"""Values of a curve: value n is the power from 5 n minutes after midnight by the site's clock.

A day of 23 or 25 hours has as many: one hour of the night is missing, or two are merged.
"""

QUARTERS: Final = 96
MIN_QUARTERS: Final = 8  # with a known power; fewer do not make a day
_SLOTS_OF_QUARTER: Final = 3
_HIGH_SUN: Final = 8.0  # degrees; a lower sun is shaded by the neighbourhood
_MOST_W: Final = 1500.0  # of one input; more is an error
_KNOWN_SHARE: Final = 0.6  # of a day's quarter hours, or the day is unknown
_QUARTER: Final = timedelta(minutes=15)
_WEEK: Final = timedelta(days=7)

type Curve = Sequence[float | None]
"""DC power in W in each slot of a site day, None where it is unknown. Of another length than `SLOTS`: all unknown."""

type Panel = tuple[str, int]
"""Inverter (`uid`) and channel."""

type Reading = Sequence[float | None]
"""Mean power in W in each of `HighSun.quarters`, None where it is unknown."""


@dataclass(frozen=True)
class HighSun:
    """The quarter hours of a site day in which the sun is high."""

    quarters: tuple[int, ...]
    """Their numbers, counted from midnight UTC: a change of the clock does not move them."""
    slots: tuple[int, ...]
    """The first slot of each."""
    strength: float
    """Grows with the height of the sun; divides the power of days that are compared with each other."""
    noon: float
    """Height of the sun at noon in degrees."""
    sinks: bool
    """Whether the sun is lower from day to day, so that shade may be new."""


def curve_of(times: Sequence[str], power_w: Curve) -> Curve:
    """Return the curve of a series whose labels HH:MM mark the ends of its slots, as the cloud sends it.

    Of several values in a slot the last one is taken. An empty curve when there is not one value for each label.
    """
    if len(times) != len(power_w):
        return ()
    curve: list[float | None] = [None] * SLOTS
    for label, value in zip(times, power_w, strict=True):
        end = time.fromisoformat(label)
        curve[(end.hour * 60 + end.minute - 1) // 5 % SLOTS] = value
    return tuple(curve)


@lru_cache(maxsize=1024)
def high_sun(site: Site, day: date) -> HighSun:
    """Return the quarter hours of a day in which the sun is high."""
    heights = _heights(site, day)
    high = [quarter for quarter, height in enumerate(heights) if height > _HIGH_SUN]
    strengths = [sqrt(sin(radians(heights[quarter]))) for quarter in high]
    ahead = _ahead(site, day)
    return HighSun(
        quarters=tuple((quarter - ahead) % QUARTERS for quarter in high),
        slots=tuple(quarter * _SLOTS_OF_QUARTER for quarter in high),
        strength=sum(strengths) / len(strengths) if strengths else 0.0,
        noon=max(heights),
        sinks=max(_heights(site, day + _WEEK)) < max(heights),
    )


def readings(curves: Mapping[Panel, Curve], sun: HighSun) -> dict[Panel, Reading]:
    """Return the readings of panels of which enough of the day is known."""
    found = {panel: _reading(curve, sun) for panel, curve in curves.items() if len(curve) == SLOTS}
    enough = max(MIN_QUARTERS, _KNOWN_SHARE * len(sun.quarters))
    return {panel: reading for panel, reading in found.items() if len(reading) - reading.count(None) >= enough}


def sends(curve: Curve, sun: HighSun) -> bool:
    """Return whether anything is known of a panel while the sun is high."""
    return len(curve) == SLOTS and any(value is not None for value in _reading(curve, sun))


def mean(reading: Reading) -> float:
    """Return the mean power in W of the quarter hours that are known; there is one."""
    known = [value for value in reading if value is not None]
    return sum(known) / len(known)


def _reading(curve: Curve, sun: HighSun) -> Reading:
    values: list[float | None] = []
    for first in sun.slots:
        slots = curve[first : first + _SLOTS_OF_QUARTER]
        known = [value for value in slots if value is not None and 0 <= value <= _MOST_W]
        values.append(sum(known) / len(known) if len(known) >= _SLOTS_OF_QUARTER - 1 else None)
    return values


@lru_cache(maxsize=1024)
def _heights(site: Site, day: date) -> tuple[float, ...]:
    """Return the sun's elevation in the middle of each quarter hour of the site's clock, in degrees."""
    sun = SolarDay(site=site, day=day, daylight=None, hours=None)
    first = datetime.combine(day, time(), UTC) - _ahead(site, day) * _QUARTER + _QUARTER / 2
    return tuple(sun.elevation(first + quarter * _QUARTER) for quarter in range(QUARTERS))


def _ahead(site: Site, day: date) -> int:
    """Return by how many quarter hours the site's clock is ahead of UTC at noon: by night there is no sun."""
    return (datetime.combine(day, time(12), site.zone).utcoffset() or timedelta()) // _QUARTER
