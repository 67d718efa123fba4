"""When the performance of a panel is an alarm, and when the alarm ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import takewhile
from statistics import median
from typing import Final, NamedTuple

from .panel_memory import Marks, PanelMemory, Problem

WELL: Final = 0.9
LOW: Final = 0.6
_WELL_DAYS: Final = 3
_WELL_ALONE: Final = 0.8
_LOW_DAYS: Final = 3
_LOW_AFTER_SNOW: Final = 4
_LOW_TOGETHER: Final = 10
_LOW_IN_SHADE: Final = 20  # or until a dull day has shown whether it is shade
_MORE_IN_SHADE: Final = 2  # days of other rules, likewise
_DIRECT_ONLY: Final = 0.06  # by so much shade is worse under the sun than under clouds
_CLEARLY_DIRECT_ONLY: Final = 0.2  # so that one dull day is enough
KEPT_MARKS: Final = 20


class Rule(NamedTuple):
    """So many of the last sunny days below a share."""

    below: float
    days: int
    of: int


_OFTEN_LOW: Final = Rule(LOW, 5, 10)
_REDUCED: Final = (Rule(0.8, 7, 14), Rule(0.87, 14, 20))


class Circumstances(NamedTuple):
    """What the group and the season say about a panel's bad days."""

    siblings: int
    """Panels of its group besides itself."""
    others_low: bool
    """Whether panels of other inverters in its group are low too, and have no alarm."""
    is_winter: bool
    """Whether the sun is so low that shade of a whole day is likely."""


def well(alone: bool) -> float:
    """Return the performance from which a panel does well."""
    return _WELL_ALONE if alone else WELL


def lacks_direct_sun(panel: PanelMemory, level: float) -> bool | None:
    """Return whether a panel that does badly under the sun does better under clouds; None when that is not known.

    Dull days after its first bad day count, if there are enough.
    """
    fine = max((day for day, mark in panel.marks if mark >= WELL), default=date.min)
    first = min((day for day, _ in panel.marks if day > fine), default=date.max)
    dull = [mark for day, mark in panel.dull_marks if day > first]
    if not dull or not panel.dull_usual:
        return None
    share = median(dull) / panel.dull_usual
    if share - level < _DIRECT_ONLY:
        return False
    is_clear = len(dull) > 1 or share - level >= _CLEARLY_DIRECT_ONLY
    return True if share >= WELL and is_clear else None


def alarmed(panel: PanelMemory, around: Circumstances) -> PanelMemory:
    """Return the panel with the alarm that its newest mark raises, keeps or ends."""
    share = panel.marks[-1][1]
    alone = around.siblings == 0
    if (problem := panel.problem) is not None:
        if len(_run(panel.marks, lambda mark: mark >= well(alone))) >= _WELL_DAYS:
            return replace(panel, problem=None, marks=panel.marks[-_WELL_DAYS:])
        return replace(panel, problem=replace(problem, share=share, days=problem.days + (share < well(alone))))
    bad = _bad_days(panel, around)
    return replace(panel, problem=Problem(since=bad[0], share=share, days=len(bad))) if bad else panel


def _bad_days(panel: PanelMemory, around: Circumstances) -> list[date]:
    """Return the days that raise an alarm; none when there is none to raise."""
    share = panel.marks[-1][1]
    run = _run(panel.marks, lambda mark: mark < LOW)
    needed, more = _waits(panel, around)
    if around.siblings == 0 and _is_weak(panel):
        return []
    if len(run) >= needed:
        return run
    rules = [_OFTEN_LOW] if needed == _LOW_DAYS else []
    if around.siblings > 1 or (around.siblings and lacks_direct_sun(panel, panel.level) is False):
        rules += _REDUCED[:1] if more else _REDUCED
    for rule in rules:
        bad = [day for day, mark in panel.marks[-rule.of :] if mark < rule.below]
        if share < rule.below and len(bad) >= rule.days + more and (share >= LOW or len(bad) >= needed):
            return bad
    return []


def _waits(panel: PanelMemory, around: Circumstances) -> tuple[int, int]:
    """Return how many low days in a row raise an alarm, and how many bad days more the other rules need."""
    may_be_shade = around.is_winter and _is_weak(panel)
    is_shade = may_be_shade and lacks_direct_sun(panel, panel.level) is not False
    if is_shade or around.others_low:
        return _LOW_IN_SHADE if is_shade else _LOW_TOGETHER, _MORE_IN_SHADE if is_shade else 0
    return _LOW_AFTER_SNOW if panel.after_snow else _LOW_DAYS, 0


def _is_weak(panel: PanelMemory) -> bool:
    """Return whether a panel makes less all day, as in shade, and is not off."""
    return 0 < panel.level < WELL


def _run(marks: Marks, is_met: Callable[[float], bool]) -> list[date]:
    """Return the newest days, in order, on which a condition is met without a break."""
    return [day for day, _ in takewhile(lambda mark: is_met(mark[1]), reversed(marks))][::-1]
