"""The sky over a plant: the sun by astral, clouds from a seed. Pure: same arguments, same sky."""

from datetime import UTC, datetime
from itertools import pairwise
from math import exp, radians, sin

from astral import Observer
from astral.sun import elevation

SLOT_S = 300
"""An ECU reads its inverters every five minutes. A slot has the number of its start: epoch seconds / 300."""

WAKES_AT_DEG = -0.5
"""Inverters report while the sun is higher than this; the first and last reports of a day are zeros."""

_KNOT_SLOTS = 3
_RIPPLE_SLOTS = 6
_DAY_SLOTS = 288
_MASK = (1 << 64) - 1


def chance(seed: int, *keys: int) -> float:
    """Return a number in [0, 1) that is random in its arguments (splitmix64)."""
    mixed = seed & _MASK
    for key in (0, *keys):
        mixed = (mixed ^ key) + 0x9E3779B97F4A7C15 & _MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        mixed ^= mixed >> 31
    return mixed / (1 << 64)


def clear_sky(elevation_deg: float) -> float:
    """Return a panel's power under a clear sky, as a share of its rating."""
    height = sin(radians(elevation_deg))
    if height <= 0:
        return 0.0
    return 1.1 * height * exp(-0.12 / (height + 0.05))


def cloudiness(seed: int, slot: int) -> float:
    """Return the share of the clear sky's irradiance that arrives: weather of the day times passing clouds."""
    weather: float = 0.15 + 0.85 * _smooth(seed, 1, slot, _DAY_SLOTS) ** 0.6
    return weather * (1 - 0.8 * (1 - weather) * _smooth(seed, 2, slot, _RIPPLE_SLOTS))


def _smooth(seed: int, kind: int, slot: int, every: int) -> float:
    knot, step = divmod(slot, every)
    low, high = chance(seed, kind, knot), chance(seed, kind, knot + 1)
    return low + (high - low) * step / every


def daylight(latitude: float, longitude: float, slots: range) -> list[tuple[int, float]]:
    """Return the slots with the sun up, each with the sun's elevation in the middle of it, in degrees.

    Elevation is computed every quarter of an hour of the epoch and interpolated, so that a slot has the same
    elevation in every range.
    """
    observer = Observer(latitude, longitude)
    first = slots.start // _KNOT_SLOTS
    end = -(-slots.stop // _KNOT_SLOTS)
    knots = [
        elevation(observer, datetime.fromtimestamp(knot * _KNOT_SLOTS * SLOT_S, UTC)) for knot in range(first, end + 1)
    ]
    lit = []
    for knot, (low, high) in enumerate(pairwise(knots), first):
        if max(low, high) <= WAKES_AT_DEG:
            continue
        for step in range(_KNOT_SLOTS):
            slot = knot * _KNOT_SLOTS + step
            height = low + (high - low) * (2 * step + 1) / (2 * _KNOT_SLOTS)
            if slot in slots and height > WAKES_AT_DEG:
                lit.append((slot, height))
    return lit
