"""How far the history has been fetched, how much is left, and when that will be done."""

from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Final

from ..schedule.calls import Purpose
from ..schedule.day_plan import DayPlan
from .backlog import Backlog
from .clock import DAY, Clock

FEW_CALLS: Final = 0.5  # a day: the pace that is assumed while there is none


@dataclass(frozen=True, kw_only=True)
class HistoryProgress:
    """Days from the plant's first one to yesterday, each counted once."""

    days: int | None
    """All of them; None until the first month has been fetched."""
    days_with_totals: int
    """Those that have their total, as one row, and wait for their hours."""
    days_to_go: int
    """Those that wait for their hours."""
    calls_to_go: int
    daily: float
    """Calls that a day has for it."""
    expected_end: date | None
    """When the rest is fetched at that pace; None when nothing is left."""

    @property
    def percent(self) -> float | None:
        """The part of the days that is fetched hour by hour."""
        if self.days is None:
            return None
        return round(100 * self.days_with_hours / self.days, 1) if self.days else 100.0

    @property
    def days_with_hours(self) -> int:
        """Those that are fetched hour by hour, or have no hours."""
        return max(0, (self.days or 0) - self.days_to_go)

    def end_of(self, calls: int, today: date) -> date:
        """Return when so many calls that wait are made, tomorrow at the earliest."""
        return today + DAY * max(1, ceil(calls / self.daily))


def progress_of(backlog: Backlog, clock: Clock, plan: DayPlan) -> HistoryProgress:
    """Return how far the history is fetched, and when the rest is at the pace of the last days."""
    today = clock.day
    planned = sum(slot.purpose is Purpose.HISTORY for slot in plan.slots)
    progress = HistoryProgress(
        days=backlog.days_known(today) if backlog.has_begun else None,
        days_with_totals=backlog.days_with_totals,
        days_to_go=backlog.days_to_go,
        calls_to_go=backlog.calls_to_go,
        daily=backlog.daily_calls(today) or planned or FEW_CALLS,
        expected_end=None,
    )
    if progress.days is None or not backlog.calls_to_go:
        return progress
    return replace(progress, expected_end=progress.end_of(backlog.calls_not_near(today), today))
