"""Lifetime energy of panels: a summary of each inverter once a month, and every evening's energy in between.

Each figure is decided as the production is (`energy.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ..cloud.models import BatchEnergy, Summary
from .energy import Energy, Reading, at_day, with_summary, with_today

LASTS: Final = timedelta(days=30)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

type PanelTotals = Mapping[str, tuple[Energy, ...]]
"""The energy of the channels of each inverter, in order."""


def due_totals(uids: Iterable[str], read: Mapping[str, datetime], midnight: datetime) -> tuple[str, ...]:
    """Return the inverters whose totals were to be read at a day's midnight, the oldest first.

    Those that were read since come first: they were the oldest, and the plan of a day does not change in its course.
    """
    uids = tuple(uids)
    today = [uid for uid in uids if uid in read and read[uid] >= midnight]
    old = [uid for uid in uids if uid not in read or read[uid] < midnight - LASTS]
    return (*sorted(today, key=read.__getitem__), *sorted(old, key=lambda uid: read.get(uid, _NEVER)))


def with_inverter_summary(known: PanelTotals, uid: str, summary: Sequence[Summary], reading: Reading) -> PanelTotals:
    """Take the totals of an inverter's channels."""
    fresh = Energy(day=reading.day)
    energies = [*known.get(uid, ()), *[fresh] * len(summary)][: max(len(summary), len(known.get(uid, ())))]
    for number, of_channel in enumerate(summary):
        energies[number] = with_summary(energies[number], of_channel, reading)
    return {**known, uid: tuple(energies)}


def with_panels_today(known: PanelTotals, batch: BatchEnergy, reading: Reading) -> PanelTotals:
    """Take the energy of the running day of an ECU's panels; those that were never read have no total to add it to."""
    return {
        uid: tuple(
            with_today(energy, reading.day, batch.get((uid, channel)), reading)
            for channel, energy in enumerate(energies, start=1)
        )
        for uid, energies in known.items()
    }


def panels_at_day(known: PanelTotals, reading: Reading) -> PanelTotals:
    """Move on to a site day; the same object where nothing changes."""
    if all(energy.day == reading.day for energies in known.values() for energy in energies):
        return known
    before_sunrise = reading.before_sunrise
    return {
        uid: tuple(at_day(energy, reading.day, before_sunrise=before_sunrise) for energy in energies)
        for uid, energies in known.items()
    }
