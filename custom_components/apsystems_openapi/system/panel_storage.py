"""The memory of panels as JSON can hold it. No Home Assistant; both ways take long and belong into a thread.

Ratios are kept to four digits after the point. A panel of which something cannot be read loses only that; one without
its ratios is new.
"""

# ruff: noqa: ANN401 -- JSON has values of any type

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from .panel_curves import load_panel
from .panel_memory import Memory, PanelMemory
from .panel_readings import QUARTERS, Panel
from .storage import load_as

_DIGITS: Final = 4


def dump(memory: Memory) -> dict[str, Any]:
    """Return the memory as what JSON can hold; dates are left to Home Assistant's encoder."""
    data: dict[str, Any] = _plain(memory)
    data["panels"] = {f"{uid}-{channel}": _plain(known) for (uid, channel), known in memory.panels.items()}
    data["peaks"] = {str(group): _plain(peak) for group, peak in memory.peaks.items()}
    data["silences"] = {uid: _plain(silence) for uid, silence in memory.silences.items()}
    return data


def load(data: object) -> tuple[Memory, tuple[str, ...]]:
    """Return the memory that was dumped, and the names of the fields that could not be read.

    Raises TypeError when it is no object at all.
    """
    memory, unreadable = load_as(Memory, data)
    panels = {}
    for number, (key, known) in enumerate(memory.panels.items(), start=1):
        panel = _panel(key)
        if panel and _is_whole(known):
            panels[panel] = known
        else:
            unreadable = (*unreadable, f"panels[{number}]")
    peaks = {int(group): peak for group, peak in memory.peaks.items() if str(group).isdecimal()}
    return replace(memory, panels=panels, peaks=peaks), unreadable


def _is_whole(panel: PanelMemory) -> bool:
    """Return whether the ratios are there without which a panel could never be judged again."""
    are_there = (any(panel.profile) or not panel.sunny_days) and (any(panel.usual) or panel.group is None)
    return are_there and len(panel.profile) == len(panel.usual) == QUARTERS


def _panel(key: Any) -> Panel | None:
    try:
        return load_panel(key)
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
