"""Groups of panels whose curves have the same shape."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Final

from .panel_memory import PanelMemory, Profile
from .panel_readings import MIN_QUARTERS, QUARTERS, Panel

LEARNING_DAYS: Final = 14
_SAME_SHAPE: Final = 0.05  # typical deviation of the quotient of two panels over the day

type Logarithms = Sequence[float | None]


def upper_median(values: Sequence[float]) -> float:
    """Return the middle one of some values, of two the greater: half of all panels may be faulty."""
    return sorted(values)[len(values) // 2]


def grouped(panels: Mapping[Panel, PanelMemory]) -> dict[Panel, PanelMemory]:
    """Return the panels, with a group and a usual ratio for those of which enough is known by now.

    They join a group of the same shape, or form new ones. A panel that has a group keeps it.
    """
    old = {panel: memory.group for panel, memory in panels.items() if memory.group is not None}
    new = [panel for panel, memory in panels.items() if memory.group is None and memory.sunny_days >= LEARNING_DAYS]
    result = dict(panels)
    if new:
        profiles = {panel: panels[panel].profile for panel in (*old, *new)}
        groups = _groups(profiles, old, new)
        for group in {groups[panel] for panel in new}:
            mates = [panels[panel] for panel in old if groups[panel] == group]
            joining = [panel for panel in new if groups[panel] == group]
            units = _units(mates, [panels[panel].profile for panel in joining])
            for panel in joining:
                usual = tuple(a * b for a, b in zip(panels[panel].profile, units, strict=True))
                result[panel] = replace(panels[panel], group=group, usual=usual, reason=None)
    return result


def _groups(profiles: Mapping[Panel, Profile], old: Mapping[Panel, int], new: Sequence[Panel]) -> dict[Panel, int]:
    logs = {panel: [log(value) if value > 0 else None for value in profile] for panel, profile in profiles.items()}
    result = dict(old)
    for panel in new:
        near = [group for other, group in old.items() if _is_alike(logs[panel], logs[other])]
        if near:
            result[panel] = max(set(near), key=lambda group: (near.count(group), -group))
    waiting = [panel for panel in new if panel not in result]
    near_of = {panel: {other for other in waiting if _is_alike(logs[panel], logs[other])} for panel in waiting}
    number = max(result.values(), default=0)
    while waiting:
        number += 1
        middle = max(waiting, key=lambda panel: len(near_of[panel].intersection(waiting)))
        members = near_of[middle] | {middle}
        result |= {panel: number for panel in waiting if panel in members}
        waiting = [panel for panel in waiting if panel not in members]
    return result


def _units(mates: Collection[PanelMemory], joining: Collection[Profile]) -> list[float]:
    """Return by what profiles are multiplied to be ratios to the weather of a group; of one panel alone they are."""
    if mates:
        columns = [
            [mate.usual[quarter] / mate.profile[quarter] for mate in mates if mate.profile[quarter]]
            for quarter in range(QUARTERS)
        ]
    elif len(joining) > 1:
        columns = [[1 / value for value in column if value] for column in zip(*joining, strict=True)]
    else:
        return [1.0] * QUARTERS
    return [upper_median(known) if (known := [value for value in column if value]) else 0.0 for column in columns]


def _is_alike(one: Logarithms, other: Logarithms) -> bool:
    """Return whether the quotient of two profiles hardly changes over most of the day."""
    quotients = sorted(a - b for a, b in zip(one, other, strict=True) if a is not None and b is not None)
    if len(quotients) < MIN_QUARTERS:
        return False
    middle = quotients[len(quotients) // 2]
    deviations = sorted(abs(quotient - middle) for quotient in quotients)
    return deviations[len(deviations) // 2] < _SAME_SHAPE
