"""A plant as the cloud knows it at a time: what its ECUs have uploaded by then, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import ceil, inf

from .plant import Ecu, Inverter, Plant
from .production import Curve, Part, Source, curve_of, factor, overlap, slot_at, without
from .uploads import UploadTimes
from .weather import SLOT_S

_FOREVER = 1 << 40


@dataclass(frozen=True, kw_only=True)
class Outage:
    """An ECU or meter without network."""

    device: str
    """Id of the ECU or meter."""
    start: datetime
    end: datetime | None = None
    """None: still without network."""
    late: bool = True
    """Whether its readings of the outage are uploaded after it; otherwise they are lost."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A plant as the cloud knows it at the time `now`."""

    plant: Plant
    """With the changes until `now` applied (`Plant.at`)."""
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

    def midnight(self, day: date) -> datetime:
        """Return the beginning of a local day."""
        return datetime(day.year, day.month, day.day, tzinfo=self.plant.zone)

    def span(self, first: date, last: date) -> range:
        """Return the slots of the local days from `first` to `last`, both included."""
        return range(self.curve.midnight(first), self.curve.midnight(last + timedelta(days=1)))

    @property
    def whole(self) -> range:
        """All slots from the first day to the end of today."""
        return self.span(self.plant.create_date, self.today)

    def uploaded(self, device: str, removed_at: datetime | None = None) -> tuple[range, ...]:
        """Return the slots, in true time, of which the cloud has readings of an ECU or meter.

        `removed_at`: when the device was removed, None while it is there.
        """
        newest_s = self._upload_times(device, removed_at).newest(int(self.now.timestamp()))
        spans = [range(self.curve.first_slot, max(self.curve.first_slot, newest_s // SLOT_S))]
        for outage in self.outages:
            if outage.device == device and not outage.late and outage.end and outage.end.timestamp() <= newest_s:
                lost = range(slot_at(outage.start), ceil(outage.end.timestamp() / SLOT_S))
                spans = [part for span in spans for part in without(span, lost)]
        return tuple(spans)

    def uploads(self, ecu: Ecu, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the times in [start, end) from which on the cloud serves an upload of an ECU, newest first."""
        if ecu.added_at is not None:
            start = max(start, ecu.added_at)
        times = self._upload_times(ecu.eid, ecu.removed_at)
        for second in times.served(start.timestamp(), end.timestamp()):
            yield datetime.fromtimestamp(second, UTC)

    def _upload_times(self, device: str, removed_at: datetime | None) -> UploadTimes:
        return UploadTimes(
            self.plant.uploads_of(device),
            device=device,
            seed=self.plant.seed,
            outages=[
                (outage.start.timestamp(), outage.end.timestamp() if outage.end else inf)
                for outage in self.outages
                if outage.device == device
            ],
            removed_s=removed_at.timestamp() if removed_at else inf,
        )

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
        """Return the system, or an ECU, inverter or channel, as uploaded and labelled by now.

        `uploaded` false: with everything it produces, in true time.
        """
        shares: dict[tuple[tuple[range, ...], int], int] = {}
        for ecu in self.plant.all_ecus:
            if eid not in (None, ecu.eid):
                continue
            shift = self.plant.uploads_of(ecu.eid).shift if uploaded else 0
            produced = range(self.curve.first_slot, _FOREVER)
            known = self.uploaded(ecu.eid, ecu.removed_at) if uploaded else (produced,)
            for inverter in ecu.all_inverters:
                if uid in (None, inverter.uid):
                    spans = tuple(part for span in known if (part := overlap(span, _service(inverter))))
                    shares[spans, shift] = shares.get((spans, shift), 0) + self._share(inverter, channel)
        return Source(self.curve, tuple(Part(share, *where) for where, share in shares.items()))

    def _share(self, inverter: Inverter, channel: int | None) -> int:
        channels = range(1, inverter.channels + 1)
        return sum(factor(self.plant.seed, inverter.uid, number) for number in channels if channel in (None, number))


def _service(inverter: Inverter) -> range:
    """Return the whole slots in which an inverter produces."""
    first = 0 if inverter.since is None else slot_at(inverter.since) + 1
    end = _FOREVER if inverter.until is None else slot_at(inverter.until)
    return range(first, max(first, end))
