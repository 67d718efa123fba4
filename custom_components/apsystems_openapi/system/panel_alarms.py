"""When the performance of a panel is an alarm, and when the alarm ends."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import takewhile
from typing import Final, NamedTuple

from .panel_groups import upper_median
from .panel_memory import Mark, PanelMemory, Problem

WELL: Final = 0.9
LOW: Final = 0.6
_WELL_DAYS: Final = 3
_WELL_ALONE: Final = 0.8
_LOW_DAYS: Final = 3
_LOW_AFTER_SNOW: Final = 4
_LOW_TOGETHER: Final = 10
_CLEAN: Final = 0.95  # rain has washed the panel since the last dull day
_AS_EVER: Final = 0.93  # under clouds, of the usual: then only direct sun is lacking
CLOUDED_DAYS: Final = 3  # the newest of those that count
_SHADE_GROWS: Final = (0.08, 0.12)  # by no more than this, and this a day: obstacles have soft edges
_SHADE_COMES: Final = 7  # days in which it surely does not grow from the hours of a low sun to noon
_REPAIRED: Final = 1.25  # of the level before
_STEADY: Final = 0.1  # most difference of levels that are the same
_STEADY_DAYS: Final = 4  # before a fault


class Rule(NamedTuple):
    """So many of the last sunny days below a share."""

    below: float
    days: int
    of: int


_REDUCED: Final = Rule(0.8, 7, 14)
_SOILED: Final = Rule(0.87, 14, 20)
_SOILED_UNDER_CLOUDS: Final = Rule(0.87, 5, 5)
_DROPOUTS: Final = Rule(0.8, 4, 10)


class Circumstances(NamedTuple):
    """What the group and the season say about a panel's bad days."""

    siblings: int
    """Panels of its group besides itself."""
    others_low: bool
    """Whether panels of other inverters in its group are low too, and have no alarm."""
    may_be_shade: bool
    """Whether the sun is so low that the panel may be in shade that it was not in before."""
    was_in_shade: bool
    """Whether it was in new shade under a sun as low as this, so that a fall at once may be shade as well."""


def well(alone: bool) -> float:
    """Return the performance from which a panel does well."""
    return _WELL_ALONE if alone else WELL


def lacks_direct_sun(panel: PanelMemory) -> bool:
    """Return whether a panel that does badly under the sun has done as ever under clouds since its first bad day."""
    clouded = under_clouds(panel, first_bad_day(panel))
    return bool(clouded) and clouded[-1] >= _AS_EVER


def under_clouds(panel: PanelMemory, after: date) -> list[float]:
    """Return what a panel made on the newest dull days after a day, against the usual."""
    ratios = [ratio for day, ratio in panel.dull_marks if day > after and panel.dull_usual]
    return [ratio / panel.dull_usual for ratio in ratios[-CLOUDED_DAYS:]]


def _has_fault_under_clouds(panel: PanelMemory) -> bool:
    """Return whether dull days since the panel did well show a fault; a single one may be a sunny day with a limit."""
    clouded = under_clouds(panel, panel.well_on or date.min)
    return len(clouded) > 1 and upper_median(clouded) < WELL


def first_bad_day(panel: PanelMemory) -> date:
    """Return the first day with a mark after the panel did well; the last day of all when there is none."""
    return min((mark.day for mark in _since_well(panel)), default=date.max)


def alarmed(panel: PanelMemory, around: Circumstances) -> PanelMemory:
    """Return the panel with the alarm that its newest mark raises, keeps or ends."""
    share = panel.marks[-1].share
    alone = around.siblings == 0
    if (problem := panel.problem) is not None:
        if _is_over(panel, around):
            return replace(panel, problem=None, marks=panel.marks[-_WELL_DAYS:], dull_marks=())
        return replace(panel, problem=replace(problem, share=share, days=problem.days + (share < well(alone))))
    bad = _bad_days(panel, around)
    return replace(panel, problem=Problem(since=bad[0], share=share, days=len(bad))) if bad else panel


def _bad_days(panel: PanelMemory, around: Circumstances) -> list[date]:
    """Return the days that raise an alarm; none when there is none to raise."""
    share = panel.marks[-1].share
    if share < _CLEAN and (soiled := _soiled_days(panel)):
        return soiled
    is_fault = _has_fault_under_clouds(panel)
    is_doubtful = not is_fault and (around.siblings == 0 or _may_be_shade(panel, around))
    needed = _LOW_TOGETHER if around.others_low else _LOW_AFTER_SNOW if panel.after_snow else _LOW_DAYS
    run = _run(panel, lambda mark: mark.share < LOW and (mark.was_off or not is_doubtful))
    if len(run) >= needed:
        return run
    found: list[date] = []
    if needed == _LOW_DAYS:
        found = _days_of(_DROPOUTS, [(mark.day, mark.share if mark.was_off else 1.0) for mark in panel.marks])
    if is_fault or (around.siblings > 1 and not is_doubtful):
        sunny = [(mark.day, mark.share) for mark in panel.marks]
        found = found or _days_of(_REDUCED, sunny) or _days_of(_SOILED, sunny)
    return found if share >= LOW or len(found) >= needed else []


def _soiled_days(panel: PanelMemory) -> list[date]:
    """Return the last dull days when all of them show that a panel makes too little."""
    shares = [(day, ratio / panel.dull_usual) for day, ratio in panel.dull_marks if panel.dull_usual]
    return _days_of(_SOILED_UNDER_CLOUDS, shares)


def _is_over(panel: PanelMemory, around: Circumstances) -> bool:
    """Return whether a panel has done well for three days, or been much better than before, as after a repair in shade.

    Shade may be new then, and a season may have passed.
    """
    before, newest = panel.marks[-_WELL_DAYS - 2 : -_WELL_DAYS], panel.marks[-_WELL_DAYS:]
    if len(newest) < _WELL_DAYS or any(mark.was_off for mark in newest):
        return False
    share = min(mark.share for mark in newest)
    rose = bool(before) and min(mark.level for mark in newest) >= _REPAIRED * max(mark.level for mark in before)
    is_enough = share >= _REDUCED.below or _may_be_shade(panel, around)
    is_well = share >= (_CLEAN if _soiled_days(panel) else well(around.siblings == 0))
    return is_well or (rose and is_enough)


def _may_be_shade(panel: PanelMemory, around: Circumstances) -> bool:
    """Return whether shade may be the reason for bad days. New shade does not come at once."""
    if around.may_be_shade and around.was_in_shade:
        return True
    return (around.may_be_shade or around.was_in_shade) and not _fell_at_once(panel)


def _fell_at_once(panel: PanelMemory) -> bool:
    """Return whether a panel did the same for days, fell by more than shade can grow, and has stayed there.

    Shade takes weeks to grow from the hours of a low sun to noon, so that a fall of the whole day is none.
    """
    bad = _since_well(panel)
    before = panel.marks[-len(bad) - _STEADY_DAYS : -len(bad)]
    if len(before) < _STEADY_DAYS or not (_is_steady(before) and _is_steady(bad)):
        return False
    least, a_day = _SHADE_GROWS
    days = (bad[0].day - before[-1].day).days
    of_all_day = before[-1].is_even and bad[0].is_even and days <= _SHADE_COMES
    return before[-1].level - bad[0].level > least + (0.0 if of_all_day else a_day * days)


def _is_steady(marks: Sequence[Mark]) -> bool:
    levels = [mark.level for mark in marks]
    return max(levels) - min(levels) < _STEADY


def _since_well(panel: PanelMemory) -> list[Mark]:
    return [mark for mark in panel.marks if panel.well_on is None or mark.day > panel.well_on]


def _days_of(rule: Rule, shares: Sequence[tuple[date, float]]) -> list[date]:
    """Return the days that meet a rule; none when they are too few or the newest day is none of them."""
    bad = [day for day, share in shares[-rule.of :] if share < rule.below]
    return bad if len(bad) >= rule.days and bad[-1] == shares[-1][0] else []


def _run(panel: PanelMemory, is_met: Callable[[Mark], bool]) -> list[date]:
    """Return the newest days, in order, on which a condition is met without a break."""
    return [mark.day for mark in takewhile(is_met, reversed(panel.marks))][::-1]
