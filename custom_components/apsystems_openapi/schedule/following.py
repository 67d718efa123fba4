"""Moves a day's reads to just after the uploads that they are to find.

A plan spreads its reads evenly by the sun. Where the rhythm of uploads is known, each read is moved to an expected
arrival near its time, and no arrival is used twice. With several ECUs the best arrivals are those right after which no
ECU's data is old: each follows the others closely.

Only reads of ECUs show when uploads arrive, and reads at the same minute each time would not show it. So where a rhythm
is not known yet, these reads are moved by some minutes, by another number each time. Where it is known, a few come
earlier than the others, to find out whether uploads arrive earlier than known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from .options import LONGEST_INTERVAL
from .rhythm import Rhythm
from .sun import Span

SHORTEST_GAP: Final = timedelta(minutes=5)
VARIATION: Final = 5  # different minutes, where every read shows something
VARIATION_OF_ROUNDS: Final = 15  # likewise, where rounds are few
UNTRIED: Final = timedelta(minutes=1)  # of slack that is not worth a trial
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A read of today's energy: of all ECUs, or of the summary."""

    at: datetime
    of_ecus: bool


def followed(reads: Sequence[Read], hours: Span, day: date, rhythms: Sequence[Rhythm | None]) -> list[Read]:
    """Return a day's reads moved to fit the rhythms of the ECUs; fewer where every upload is read without them."""
    known = [rhythm for rhythm in rhythms if rhythm]
    variation = VARIATION if len(rhythms) == 1 else VARIATION_OF_ROUNDS
    if not reads or not rhythms:
        return list(reads)
    if not known:
        return _varied(reads, day, variation)
    arrivals = _spaced(sorted({at for rhythm in known for at in rhythm.arrivals(hours.start, hours.end)}))
    if len(reads) >= len(arrivals):
        return [Read(at=at, of_ecus=reads[n * len(reads) // len(arrivals)].of_ecus) for n, at in enumerate(arrivals)]
    moved = _nearest(reads, arrivals, known)
    if len(known) < len(rhythms):
        return _varied(moved, day, VARIATION)
    return _with_trials(moved, day, known)


def _spaced(arrivals: Sequence[datetime]) -> list[datetime]:
    """Return arrivals that are at least five minutes apart: of those that are closer the last, which finds all data."""
    kept: list[datetime] = []
    for at in reversed(arrivals):
        if not kept or kept[-1] - at >= SHORTEST_GAP:
            kept.append(at.astimezone(UTC))
    return kept[::-1]


def _nearest(reads: Sequence[Read], arrivals: Sequence[datetime], known: Sequence[Rhythm]) -> list[Read]:
    """Return each read at the arrival that keeps the figures youngest; none twice.

    Data that is old on arrival costs its age for the time until the next read. Reads that are less evenly spaced cost
    the square of the shift.
    """
    spacing = (reads[-1].at - reads[0].at) / max(len(reads) - 1, 1) / _MINUTE
    reach = max(rhythm.period for rhythm in known)
    lags = [max((rhythm.lag(at) + rhythm.slack / 2) / _MINUTE for rhythm in known) for at in arrivals]
    moved: list[Read] = []
    for read in reads:
        first = bisect_left(arrivals, read.at - reach)
        last = bisect_right(arrivals, read.at + reach)
        if moved:
            first = max(first, bisect_left(arrivals, moved[-1].at + SHORTEST_GAP))
            last = min(last, bisect_right(arrivals, moved[-1].at + LONGEST_INTERVAL))
        costs = {arrivals[n]: lags[n] * spacing + ((arrivals[n] - read.at) / _MINUTE) ** 2 for n in range(first, last)}
        if costs:
            moved.append(replace(read, at=min(costs, key=costs.__getitem__)))
    return moved


def _varied(reads: Sequence[Read], day: date, variation: int) -> list[Read]:
    """Return the reads with those of ECUs some minutes later, another number each time, where there is room for it."""
    room = [*(after.at - before.at for before, after in pairwise(reads)), LONGEST_INTERVAL]
    varied: list[Read] = []
    shifts = 0
    for read, gap in zip(reads, room, strict=True):
        at = read.at
        if read.of_ecus:
            shift = (variation // 2 + 1) * shifts + (variation // 2) * day.toordinal()
            at += max(timedelta(), min(shift % variation * _MINUTE, gap - SHORTEST_GAP))
            shifts += 1
        if varied:
            at = max(read.at, min(at, varied[-1].at + LONGEST_INTERVAL))
        varied.append(replace(read, at=at))
    return varied


def _with_trials(reads: Sequence[Read], day: date, known: Sequence[Rhythm]) -> list[Read]:
    """Return the reads with some of ECUs earlier, to find out whether uploads arrive earlier than known.

    One read a day where it shows the energy of the only ECU; with several ECUs all rounds, which are few.
    """
    uncertain = [rhythm for rhythm in known if rhythm.slack > UNTRIED]
    of_ecus = [n for n in range(1, len(reads) - 1) if reads[n].of_ecus]
    if not uncertain or not of_ecus:
        return list(reads)
    tried = list(reads)
    number = day.toordinal()
    for k, n in enumerate(of_ecus if len(known) > 1 else [of_ecus[number % len(of_ecus)]]):
        rhythm = uncertain[(number + k) % len(uncertain)]
        earlier = timedelta(seconds=round(min(rhythm.slack / 2, rhythm.period / 3).total_seconds()))
        arrival = reads[n].at - rhythm.lag(reads[n].at)
        for at in (arrival - earlier, arrival + rhythm.period - earlier):
            if tried[n - 1].at + SHORTEST_GAP <= at <= reads[n + 1].at - SHORTEST_GAP:
                tried[n] = replace(reads[n], at=at)
                break
    gaps = [after.at - before.at for before, after in pairwise(tried)]
    return tried if max(gaps) <= LONGEST_INTERVAL else list(reads)
