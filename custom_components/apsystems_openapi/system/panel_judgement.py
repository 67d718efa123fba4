"""What a sunny day says about one panel, and what the panel learns from it."""

from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Final

from .panel_alarms import CLOUDED_DAYS, LOW, WELL, first_bad_day, lacks_direct_sun, under_clouds, well
from .panel_memory import Mark, PanelMemory, Reason
from .panel_ratios import PanelDay
from .panel_readings import MIN_QUARTERS, HighSun

_KEPT_MARKS: Final = 20
_FORGOTTEN_DAYS: Final = 10  # with another shape, then the panel starts anew
_SEASON_FOLLOWS: Final = 0.3
_MOST_SEASON: Final = 1.2
_STEADY: Final = 0.05
_FOLLOWS: Final = 0.25  # share of a deviation in a part of the day that becomes usual, a sunny day
_RISES: Final = 0.02  # share of a rise of the whole day that becomes usual; of a fall nothing does
_NOT_LOW: Final = 0.8  # of its best: then the siblings have risen, the panel has not fallen


@dataclass(frozen=True)
class PlantDay:
    """A day as it is for all panels of a plant."""

    day: date
    sun: HighSun
    clearness: float
    """What most panels made, against their best."""
    after_dark: bool
    """Whether snow may lie."""


def judged(panel: PanelMemory, day: PanelDay, seen: PlantDay, level: float) -> PanelMemory:
    """Return the panel after a sunny day: its mark or why there is none, and what the day teaches.

    `level` is the mean power in W, divided by the strength of the sun.
    """
    is_snow = day.was_off and seen.after_dark and panel.problem is not None
    if len(day.compared) < MIN_QUARTERS or is_snow:
        return replace(panel, reason=Reason.NO_DATA)
    performance = day.performance
    if (performance or 0.0) < WELL and not day.was_off and lacks_direct_sun(panel):
        return _with_shade(panel, day, seen)
    if performance is None or (performance < LOW and level >= _NOT_LOW * seen.clearness * panel.best):
        return _changed(panel)
    is_well = performance >= well(day.is_alone)
    change = _season(panel, day)
    result = replace(
        panel,
        usual=day.learned(day.level or 1.0, change, _FOLLOWS if is_well and panel.problem is None else 0.0),
        marks=(*panel.marks, Mark(seen.day, performance, day.level, day.was_off, day.is_even))[-_KEPT_MARKS:],
        shade_noon=max(panel.shade_noon, seen.sun.noon) if day.is_shaded else panel.shade_noon,
        reason=None,
        changed_days=0,
    )
    if not is_well or not panel.marks or panel.marks[-1].share < well(day.is_alone):
        return result
    return replace(result, well_on=seen.day, well_noon=seen.sun.noon if seen.sun.sinks else 0.0)


def _changed(panel: PanelMemory) -> PanelMemory:
    """Return the panel after a sunny day with a curve of another shape; after many it is a new one."""
    if panel.changed_days + 1 >= _FORGOTTEN_DAYS:
        return PanelMemory(best=panel.best)
    return replace(panel, reason=Reason.CHANGED, changed_days=panel.changed_days + 1)


def _season(panel: PanelMemory, day: PanelDay) -> float:
    """Return the factor by which the usual ratio of the whole day changes.

    A fault costs the same share in the sun and under clouds; by what they differ, that is the season. It shows in dull
    days between two sunny ones on which the panel did the same: at once when three agree, otherwise slowly.
    """
    before = panel.marks[-1] if panel.marks else None
    if before and before.level and not day.was_off and abs(day.level / before.level - 1) < _STEADY:
        between, newest = under_clouds(panel, before.day), under_clouds(panel, date.min)
        if between and len(newest) == CLOUDED_DAYS and max(newest) - min(newest) < _STEADY:
            return day.level / median(newest)
        if between:
            return 1 + _SEASON_FOLLOWS * (min(day.level / median(between), _MOST_SEASON) - 1)
    return 1 + _RISES * max(0.0, day.level - 1) if panel.problem is None else 1.0


def _with_shade(panel: PanelMemory, day: PanelDay, seen: PlantDay) -> PanelMemory:
    """Return the panel with the ratios of the day as its usual ones, and without the bad days that the shade made."""
    return replace(
        panel,
        usual=day.learned(1.0, 1.0, 1.0),
        marks=tuple(mark for mark in panel.marks if mark.day < first_bad_day(panel)),
        shade_noon=max(panel.shade_noon, seen.sun.noon),
        reason=Reason.SHADED,
        problem=None,
    )
