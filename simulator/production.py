"""Energy of the panels in whole numbers, so that every total is the exact sum of its parts.

A *reading* is the DC power of a panel of factor 1000 in a slot, in tenths of a watt. Readings times a channel's
factor (per mille) are *units*: one unit is 8e-9 kWh AC, after a loss of 4 % in the inverter.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

from .plant import Plant
from .weather import SLOT_S, chance, clear_sky, cloudiness, daylight

EFFICIENCY = 0.96
KWH_PER_UNIT = 8e-9
W_DC_PER_UNIT = 1e-4
W_AC_PER_UNIT = W_DC_PER_UNIT * EFFICIENCY


def factor(seed: int, uid: str, channel: int) -> int:
    """Return a panel's yield, per mille: a little different for each."""
    return 940 + int(61 * chance(seed, crc32(uid.encode()), channel))


def slot_at(time: datetime) -> int:
    """Return the slot that contains a time."""
    return int(time.timestamp() // SLOT_S)


def end_of(slot: int) -> datetime:
    """Return the time at which a slot ends and is read, in UTC."""
    return datetime.fromtimestamp((slot + 1) * SLOT_S, UTC)


def overlap(a: range, b: range) -> range:
    """Return the slots of both."""
    start = max(a.start, b.start)
    return range(start, max(start, min(a.stop, b.stop)))


def without(span: range, hole: range) -> list[range]:
    """Return the parts of a span before and after a hole; empty ones are left out."""
    parts = range(span.start, min(span.stop, hole.start)), range(max(span.start, hole.stop), span.stop)
    return [part for part in parts if part]


def moved(span: range, slots: int) -> range:
    """Return a span that many slots later."""
    return range(span.start + slots, span.stop + slots)


@dataclass(frozen=True)
class Day:
    """A local day and its reports."""

    span: range
    """All slots of the day: 288, fewer or more when the clock changes."""
    zone: ZoneInfo
    slots: tuple[int, ...]
    """Slots with a report: those by daylight."""
    readings: tuple[int, ...]
    """Reading of each report."""
    sums: tuple[int, ...]
    """Sum of the readings before each report, and of all: one more than there are reports."""

    @cached_property
    def labels(self) -> dict[int, str]:
        """Slot to its label: the local time at its end, so that the last slot of a day is 00:00."""
        return {slot: datetime.fromtimestamp((slot + 1) * SLOT_S, self.zone).strftime("%H:%M") for slot in self.span}

    @cached_property
    def hours(self) -> tuple[tuple[range, ...], ...]:
        """The slots of each of the 24 clock hours: no range for a skipped hour, two for a repeated one."""
        spans: list[list[range]] = [[] for _ in range(24)]
        for slot in self.span:
            hour = spans[datetime.fromtimestamp(slot * SLOT_S, self.zone).hour]
            if hour and hour[-1].stop == slot:
                hour[-1] = range(hour[-1].start, slot + 1)
            else:
                hour.append(range(slot, slot + 1))
        return tuple(tuple(hour) for hour in spans)

    def position(self, slot: int) -> int:
        """Count how many reports of the day come before a slot."""
        return bisect_left(self.slots, slot)


class Curve:
    """The readings of a site since its first day, computed a day at a time and kept."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._zone = plant.zone
        self._first = plant.create_date
        self._days: list[Day] = []
        self._before: list[int] = [0]

    @property
    def first_slot(self) -> int:
        """First slot of the first day."""
        return self.midnight(self._first)

    def midnight(self, day: date) -> int:
        """Return the first slot of a local day."""
        return slot_at(datetime(day.year, day.month, day.day, tzinfo=self._zone))

    def date_of(self, slot: int) -> date:
        """Return the local day that a slot belongs to."""
        return datetime.fromtimestamp(slot * SLOT_S, self._zone).date()

    def day(self, day: date) -> Day:
        """Return a day from the first one on."""
        wanted = (day - self._first).days
        while len(self._days) <= wanted:
            made = self._make(self._first + timedelta(days=len(self._days)))
            self._days.append(made)
            self._before.append(self._before[-1] + made.sums[-1])
        return self._days[wanted]

    def total(self, span: range) -> int:
        """Return the sum of the readings of a span."""
        return self._up_to(span.stop) - self._up_to(span.start) if span else 0

    def recorded(self, span: range) -> bool:
        """Whether a span holds a report."""
        return next(self.reports(span), None) is not None

    def reports(self, span: range) -> Iterator[tuple[int, int]]:
        """Yield (slot, reading) of the reports of a span, in order."""
        span = overlap(span, range(self.first_slot, span.stop))
        if not span:
            return
        date_ = self.date_of(span.start)
        while self.midnight(date_) < span.stop:
            day = self.day(date_)
            part = slice(day.position(span.start), day.position(span.stop))
            yield from zip(day.slots[part], day.readings[part], strict=True)
            date_ += timedelta(days=1)

    def _up_to(self, slot: int) -> int:
        if slot <= self.first_slot:
            return 0
        date_ = self.date_of(slot - 1)
        day = self.day(date_)
        return self._before[(date_ - self._first).days] + day.sums[day.position(slot)]

    def _make(self, day: date) -> Day:
        plant = self._plant
        span = range(self.midnight(day), self.midnight(day + timedelta(days=1)))
        lit = daylight(plant.latitude, plant.longitude, span)
        readings = tuple(
            round(10 * plant.panel_w * clear_sky(height) * cloudiness(plant.seed, slot)) for slot, height in lit
        )
        return Day(span, self._zone, tuple(slot for slot, _ in lit), readings, (0, *accumulate(readings)))


@lru_cache(maxsize=16)
def _curve(site: Plant) -> Curve:
    return Curve(site)


def curve_of(plant: Plant) -> Curve:
    """Return the curve of a plant's site; plants that differ only in their devices share it."""
    return _curve(
        Plant(
            sid="",
            latitude=plant.latitude,
            longitude=plant.longitude,
            timezone=plant.timezone,
            seed=plant.seed,
            panel_w=plant.panel_w,
            create_date=plant.create_date,
            ecus=(),
        )
    )


class Part(NamedTuple):
    """Panels with the same known slots."""

    share: int
    """Sum of their factors, per mille."""
    spans: tuple[range, ...]
    """Slots of which readings are known, in true time."""
    shift: int = 0
    """How many slots the labels are ahead of the true time."""


@dataclass(frozen=True)
class Source:
    """Something that produces energy: the system, an ECU, an inverter or a channel. Slots are those of the labels."""

    curve: Curve
    parts: tuple[Part, ...]

    def units(self, *spans: range) -> int:
        """Return the units of the reports in the spans."""
        return sum(
            part.share * self.curve.total(known)
            for span in spans
            for part in self.parts
            for known in _known(part, span)
        )

    def recorded(self, *spans: range) -> bool:
        """Whether there is a report in one of the spans."""
        return any(self.curve.recorded(known) for span in spans for part in self.parts for known in _known(part, span))

    def reports(self, span: range) -> dict[int, int]:
        """Map the slots of a span with a report to its units, in order."""
        found: dict[int, int] = {}
        for part in self.parts:
            for known in _known(part, span):
                for slot, reading in self.curve.reports(known):
                    label = slot + part.shift
                    found[label] = found.get(label, 0) + part.share * reading
        return dict(sorted(found.items()))


def _known(part: Part, span: range) -> list[range]:
    """Return the slots, in true time, of the known readings with labels in a span."""
    return [overlap(moved(span, -part.shift), known) for known in part.spans]
