"""Energy flows of a house: consumption, and exchange with the grid and a battery.

In every slot: produced + imported + discharge = consumed + exported + charge, each as it is measured in the house. A
part of what goes into the battery, and of what comes out of it, is lost. Energy in units, as in production.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from .plant import Plant
from .production import KWH_PER_UNIT, W_AC_PER_UNIT, moved, overlap
from .series import entries, is_open, labels
from .view import View
from .weather import SLOT_S, chance
from .wire import Json, Period

METERED = ("consumed", "exported", "imported", "produced")
STORED = ("discharge", "charge", "produced", "consumed", "exported", "imported")

_SOC_FLOOR = 0.1


class Flow(NamedTuple):
    """Energy of a slot or a span, in units; all 0 or more."""

    produced: int = 0
    consumed: int = 0
    imported: int = 0
    exported: int = 0
    charge: int = 0
    discharge: int = 0

    @classmethod
    def sum(cls, flows: Iterable[Flow]) -> Flow:
        """Return the sum of flows."""
        columns = [sum(column) for column in zip(*flows, strict=True)]
        return cls(*columns)


class _Battery(NamedTuple):
    """A battery; energy in units, limits in units of a slot."""

    full: int
    """Its capacity; 0: there is none."""
    most_in: int
    most_out: int
    kept: float
    """The part of the energy that reaches the other side, one way."""

    @classmethod
    def of(cls, plant: Plant) -> _Battery:
        """Return the battery of a plant."""
        return cls(
            full=round(plant.battery_kwh / KWH_PER_UNIT) if plant.has_storage else 0,
            most_in=round(plant.battery_charge_w / W_AC_PER_UNIT),
            most_out=round(plant.battery_discharge_w / W_AC_PER_UNIT),
            kept=1 - plant.battery_loss,
        )

    @property
    def floor(self) -> int:
        """The energy that is never taken out."""
        return round(self.full * _SOC_FLOOR)

    def charge(self, surplus: int, stored: int) -> int:
        """Return what of a surplus goes in."""
        return min(max(surplus, 0), self.most_in, int((self.full - stored) / self.kept))

    def discharge(self, lack: int, stored: int) -> int:
        """Return what of a lack comes out."""
        return min(max(lack, 0), self.most_out, int((stored - self.floor) * self.kept))

    def after(self, stored: int, flow: Flow) -> int:
        """Return the energy in it after a slot."""
        taken_out = min(stored - self.floor, ceil(flow.discharge / self.kept))
        return stored + int(flow.charge * self.kept) - taken_out


class _Day(NamedTuple):
    """Totals of a local day."""

    span: range
    stored: tuple[int, int]
    """Energy in the battery at the start and at the end of the day, in units."""
    total: Flow


class _Slots(NamedTuple):
    """The slots of a local day."""

    day: date
    flows: tuple[Flow, ...]
    stored: tuple[int, ...]
    """Energy in the battery at the end of each slot, in units."""


class Household:
    """The flows of a plant's house since its first day.

    Days are computed in order, because the battery's charge carries over. Only their totals are kept; the slots
    of a day are computed again on demand.
    """

    def __init__(self, plant: Plant) -> None:
        now = datetime.max.replace(tzinfo=UTC)
        self._plant = plant.at(now)
        self._view = View(plant=self._plant, now=now)
        self._made = self._view.source(uploaded=False)
        self._battery = _Battery.of(self._plant)
        self._days: list[_Day] = []
        self._open_day: _Slots | None = None

    def total(self, span: range) -> Flow:
        """Return the flows of a span."""
        span = overlap(span, range(self._view.curve.first_slot, span.stop))
        found = []
        while span:
            date_ = self._view.curve.date_of(span.start)
            day = self._day(date_)
            part = overlap(span, day.span)
            found.append(
                day.total
                if part == day.span
                else Flow.sum(self._slots(date_).flows[slot - day.span.start] for slot in part)
            )
            span = range(part.stop, span.stop)
        return Flow.sum(found) if found else Flow()

    def soc(self, slot: int) -> int:
        """Return the battery's state of charge at the end of a slot, in per cent."""
        date_ = self._view.curve.date_of(slot)
        stored = self._slots(date_).stored[slot - self._day(date_).span.start]
        return round(100 * stored / self._battery.full) if self._battery.full else 0

    def _day(self, day: date) -> _Day:
        first = self._plant.create_date
        while len(self._days) <= (day - first).days:
            wanted = first + timedelta(days=len(self._days))
            stored = self._days[-1].stored[1] if self._days else self._battery.floor
            slots = self._make(wanted, stored)
            span = self._view.span(wanted, wanted)
            self._days.append(_Day(span, (stored, slots.stored[-1]), Flow.sum(slots.flows)))
        return self._days[(day - first).days]

    def _slots(self, day: date) -> _Slots:
        if self._open_day is None or self._open_day.day != day:
            self._open_day = self._make(day, self._day(day).stored[0])
        return self._open_day

    def _make(self, day: date, stored_units: int) -> _Slots:
        span = self._view.span(day, day)
        made = self._made.reports(span)
        flows, stored = [], []
        for slot in span:
            flow = self._flow(made.get(slot, 0), self._consumed(slot), stored_units)
            stored_units = self._battery.after(stored_units, flow)
            flows.append(flow)
            stored.append(stored_units)
        return _Slots(day, tuple(flows), tuple(stored))

    def _flow(self, produced: int, consumed: int, stored: int) -> Flow:
        surplus = produced - consumed
        charge = self._battery.charge(surplus, stored)
        discharge = self._battery.discharge(-surplus, stored)
        return Flow(
            produced=produced,
            consumed=consumed,
            imported=max(-surplus, 0) - discharge,
            exported=max(surplus, 0) - charge,
            charge=charge,
            discharge=discharge,
        )

    def _consumed(self, slot: int) -> int:
        """Return the consumption of a slot, higher in the morning and in the evening of solar time."""
        hour = (slot * SLOT_S / 3600 + self._plant.longitude / 15) % 24
        busy = 700 if 6.5 <= hour < 8.5 or 18 <= hour < 22 else 150
        watts = 120 + busy * (0.5 + chance(self._plant.seed, 3, slot // 3))
        return round(watts / W_AC_PER_UNIT)


@lru_cache(maxsize=16)
def household(plant: Plant) -> Household:
    """Return the household of a plant; plants that are equal share it."""
    return Household(plant)


class Book:
    """The answers of a meter or a storage device about the household.

    `device`: id of the meter, or of the ECU with storage. `names`: the flows that it measures.
    """

    def __init__(self, view: View, device: str, names: tuple[str, ...]) -> None:
        self._view = view
        self._names = names
        self._known = view.uploaded(device)
        self._shift = view.plant.uploads_of(device).shift
        self._household = household(view.plant)

    def block(self, *spans: range) -> dict[str, Json] | None:
        """Return the energy of spans by name, kWh; None when nothing of them is uploaded."""
        known = self._uploaded(spans)
        if not known:
            return None
        flow = Flow.sum(self._household.total(span) for span in known)
        return {name: f"{_kwh(flow, name):.6f}" for name in self._names}

    def latest(self) -> dict[str, Json] | None:
        """Return the newest sample, W; None before the first."""
        known = self._uploaded((self._view.whole,))
        if not known:
            return None
        slot = known[-1].stop - 1
        flow = self._household.total(range(slot, slot + 1))
        label = slot + self._shift
        names = self._view.curve.day(self._view.curve.date_of(label)).labels
        data: dict[str, Json] = {
            "mode": str(self._view.plant.battery_mode),
            "soc": str(self._household.soc(slot)),
            "time": names[label],
        }
        return data | {name: f"{_watts(flow, name):.3f}" for name in self._names}

    def minutely(self, day: date) -> dict[str, Json] | None:
        """Return the five-minute series of a day, W and kWh; None without a sample."""
        span = self._view.span(day, day)
        slots = [slot for known in self._uploaded((span,)) for slot in known]
        if not slots:
            return None
        names = self._view.curve.day(day).labels
        flows = [self._household.total(range(slot, slot + 1)) for slot in slots]
        power: dict[str, Json] = {name: [f"{_watts(flow, name):.2f}" for flow in flows] for name in self._names}
        if self._names == METERED:
            traded = [f"{_watts(flow, 'imported') - _watts(flow, 'exported'):.2f}" for flow in flows]
            power = {
                "consumed": power["consumed"],
                "imported_exported": [*traded],
                "produced": power["produced"],
            }
        return {
            "today": self.block(span),
            "time": [names[slot + self._shift] for slot in slots],
            "power": power,
            "energy": {name: [f"{_kwh(flow, name):.6f}" for flow in flows] for name in self._names},
        }

    def series(self, period: Period) -> dict[str, Json] | None:
        """Return hours, days, months or years, kWh, with the zeros of the system's series; None without a sample."""
        spans = entries(self._view, period)
        known = [self._uploaded(entry) for entry in spans]
        if not any(known):
            return None
        columns: dict[str, list[Json]] = {name: [] for name in self._names}
        for entry, parts in zip(spans, known, strict=True):
            is_empty = not parts or is_open(self._view, period, entry)
            flow = Flow() if is_empty else Flow.sum(map(self._household.total, parts))
            for name, column in columns.items():
                column.append(f"{_kwh(flow, name):.2f}" if parts else "0")
        return {"time": [*labels(self._view, period)], **columns}

    def _uploaded(self, spans: Iterable[range]) -> list[range]:
        """Return the slots, in true time, of the uploaded samples with labels in the spans."""
        true_spans = [moved(span, -self._shift) for span in spans]
        return [part for span in true_spans for known in self._known if (part := overlap(span, known))]


def _kwh(flow: Flow, name: str) -> float:
    units: int = getattr(flow, name)
    return units * KWH_PER_UNIT


def _watts(flow: Flow, name: str) -> float:
    units: int = getattr(flow, name)
    return units * W_AC_PER_UNIT
