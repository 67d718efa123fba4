"""Answers of the history that are to be written to the recorder.

They are stored until it has them, so that a recorder that is busy, or a stop of Home Assistant, costs no second call.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from ..cloud.models import Series

PRODUCTION: Final = ""  # of the system; a meter or a battery has flows with names


@dataclass(frozen=True, kw_only=True)
class FetchedDay:
    """Hours of a day (kWh) that are to be written, as far as they had ended by `closed`; its total where known.

    They are 24 by the clock, or one for each hour that the day has.
    """

    day: date
    hours: Series
    closed: datetime
    flow: str = PRODUCTION
    total: float | None = None
    is_fetched_again: bool = False
    """Whether it was fetched for the history: then a total that is written already counts."""


@dataclass(frozen=True, kw_only=True)
class FetchedMonth:
    """Daily totals (kWh) from a month's first day on. With `is_check`, days that differ are to be fetched again."""

    month: date
    totals: Series
    flow: str = PRODUCTION
    is_check: bool = False


@dataclass(frozen=True, kw_only=True)
class PanelDay:
    """The energy (kWh) of an inverter's channels on a day."""

    day: date
    uid: str
    kwh: Series


@dataclass(frozen=True, kw_only=True)
class Unwritten:
    """Answers that are to be written to the recorder."""

    days: tuple[FetchedDay, ...] = ()
    months: tuple[FetchedMonth, ...] = ()
    panels: tuple[PanelDay, ...] = ()

    def __len__(self) -> int:
        return len(self.days) + len(self.months)

    def without(self, written: Unwritten) -> Unwritten:
        """Return what remains after some answers were written; one that came meanwhile stays."""
        return Unwritten(
            days=tuple(day for day in self.days if day not in written.days),
            months=tuple(month for month in self.months if month not in written.months),
            panels=tuple(panel for panel in self.panels if panel not in written.panels),
        )
