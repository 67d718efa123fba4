"""A plant as the cloud knows it at a moment: what its ECUs have uploaded by then, and no more."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import ceil

from .plant import Inverter, Plant
from .production import Curve, Source, curve_of, factor, overlap, slot_at
from .weather import SLOT_S

_FOREVER = 1 << 40


@dataclass(frozen=True, kw_only=True)
class Outage:
    """An ECU (or meter) without network from `start` until `end` (None: not back yet).

    `late`: what it read meanwhile is uploaded when it is back; otherwise it is lost.
    """

    device: str
    start: datetime
    end: datetime | None = None
    late: bool = True


@dataclass(frozen=True, kw_only=True)
class View:
    """A plant at the moment `now`."""

    plant: Plant
    now: datetime
    outages: tuple[Outage, ...] = ()

    @cached_property
    def curve(self) -> Curve:
        """The readings of the site."""
        return curve_of(self.plant)

    @cached_property
    def today(self) -> date:
        """The date at the site."""
        return self.now.astimezone(self.plant.zone).date()

    def span(self, first: date, last: date) -> range:
        """Return the slots of the local days from `first` to `last`, both included."""
        return range(self.curve.midnight(first), self.curve.midnight(last + timedelta(days=1)))

    @property
    def whole(self) -> range:
        """All slots from the first day to the end of today."""
        return self.span(self.plant.create_date, self.today)

    def uploaded(self, device: str) -> tuple[range, ...]:
        """Return the slots that a device has uploaded."""
        newest_s = self._upload_until(int(self.now.timestamp()))
        lost: list[range] = []
        latest_s = newest_s
        for outage in self.outages:
            start_s = outage.start.timestamp()
            end_s = outage.end.timestamp() if outage.end else float("inf")
            if outage.device != device or newest_s < start_s:
                continue
            if newest_s < end_s:
                latest_s = min(latest_s, self._upload_until(ceil(start_s) - 1))
            elif not outage.late:
                lost.append(range(int(start_s // SLOT_S), ceil(end_s / SLOT_S)))
        spans = [range(self.curve.first_slot, max(self.curve.first_slot, latest_s // SLOT_S))]
        for hole in lost:
            spans = [
                part
                for span in spans
                for part in (
                    range(span.start, min(span.stop, hole.start)),
                    range(max(span.start, hole.stop), span.stop),
                )
                if part
            ]
        return tuple(spans)

    def _upload_until(self, moment_s: int) -> int:
        every_s, offset_s = self.plant.upload_minutes * 60, self.plant.upload_offset_minutes * 60
        return (moment_s - offset_s) // every_s * every_s + offset_s

    def is_offline(self, device: str) -> bool:
        """Whether a device is without network now."""
        return any(
            outage.device == device and outage.start <= self.now and (outage.end is None or self.now < outage.end)
            for outage in self.outages
        )

    def source(
        self,
        *,
        eid: str | None = None,
        uid: str | None = None,
        channel: int | None = None,
        uploaded: bool = True,
    ) -> Source:
        """Return the system, or an ECU, inverter or channel; `uploaded` false: with all that it has made."""
        shares: dict[tuple[range, ...], int] = {}
        for ecu in self.plant.ecus:
            if eid not in (None, ecu.eid):
                continue
            known = self.uploaded(ecu.eid) if uploaded else (range(self.curve.first_slot, _FOREVER),)
            for inverter in ecu.fleet:
                if uid not in (None, inverter.uid):
                    continue
                spans = tuple(part for span in known if (part := overlap(span, _service(inverter))))
                shares[spans] = shares.get(spans, 0) + self._share(inverter, channel)
        return Source(self.curve, tuple((share, spans) for spans, share in shares.items()))

    def _share(self, inverter: Inverter, channel: int | None) -> int:
        channels = range(1, inverter.channels + 1)
        return sum(factor(self.plant.seed, inverter.uid, number) for number in channels if channel in (None, number))


def _service(inverter: Inverter) -> range:
    first = 0 if inverter.since is None else slot_at(inverter.since) + 1
    end = _FOREVER if inverter.until is None else slot_at(inverter.until)
    return range(first, max(first, end))
