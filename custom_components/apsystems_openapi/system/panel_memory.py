"""The memory of panels from one day to the next: all that curves older than the stored ones have left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from .panel_readings import QUARTERS, Panel

type Profile = tuple[float, ...]
"""A ratio for each quarter hour of a day, counted from midnight UTC; 0 where it is unknown."""


class Mark(NamedTuple):
    """A panel's sunny day."""

    day: date
    share: float
    """Its performance."""
    level: float
    """Ratio to the expected power in most of the day; 0: off."""
    was_off: bool
    """Whether it was off in a part of the day: no shade does that."""
    is_even: bool
    """Whether it had that level all day long, from a low sun to the noon."""


class DullMark(NamedTuple):
    """A panel's dull day."""

    day: date
    ratio: float
    """Ratio to the weather of the plant."""


UNKNOWN: Final[Profile] = (0.0,) * QUARTERS


class Reason(StrEnum):
    """Why the performance of a panel is unknown."""

    LEARNING = "learning"
    """Fewer than 14 sunny days are known."""
    UNUSED = "unused"
    """The input never made anything."""
    NO_DATA = "no_data"
    """Too little of the newest sunny day is known."""
    NO_SIBLINGS = "no_siblings"
    """No other panel shows what the weather was."""
    CHANGED = "changed"
    """The curve has another shape than before, as on another roof."""
    SHADED = "shaded"
    """New shade: the panel lacks direct sun, and is as good as ever under clouds."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An alarm."""

    since: date
    """The first of the days that raised it."""
    share: float
    """Performance of the newest sunny day."""
    days: int
    """Bad sunny days so far."""


@dataclass(frozen=True, kw_only=True)
class PanelMemory:
    """One panel."""

    best: float = 0.0
    """Mean power in W of its best sunny day for a sun of one height; fades, as the seasons change it."""
    sunny_days: int = 0
    """Sunny days on which it made something."""
    idle_days: int = 0
    """Sunny days without production, until the first day with it."""
    profile: Profile = UNKNOWN
    """Mean ratio to the weather of the plant on the last sunny days; shows the shape of its curve."""
    usual: Profile = UNKNOWN
    """Usual ratio to the weather of its group."""
    group: int | None = None
    """None: not enough is known."""
    marks: tuple[Mark, ...] = ()
    """The last sunny days, in order."""
    well_on: date | None = None
    """Newest sunny day that was the second good one in a row."""
    well_noon: float = 90.0
    """Height in degrees of the sun at noon of that day; 0 when the sun rose from day to day, so that shade shrank."""
    dull_marks: tuple[DullMark, ...] = ()
    """The last dull days, in order."""
    dull_usual: float = 0.0
    """Usual ratio to the weather of the plant under clouds; 0: unknown."""
    shade_noon: float = 0.0
    """Height in degrees of the highest sun at noon under which it was in shade for a good part of the day."""
    changed_days: int = 0
    """Sunny days in a row on which the curve had another shape."""
    after_snow: bool = False
    """Whether snow is a likely cause of its newest fall."""
    reason: Reason | None = Reason.LEARNING
    """Why the performance is unknown; None: it is that of the last mark."""
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Sunny days on which an inverter sent nothing while its siblings sent."""

    since: date
    days: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """All panels of a plant."""

    newest: date | None = None
    """Newest day that was followed."""
    dark: date | None = None
    """Newest day on which the whole plant made next to nothing."""
    panels: Mapping[Panel, PanelMemory] = field(default_factory=dict)
    peaks: Mapping[int, float] = field(default_factory=dict)
    """Strongest weather of each group; fades."""
    silences: Mapping[str, Silence] = field(default_factory=dict)
    """By inverter."""
