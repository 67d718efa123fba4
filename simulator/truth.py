"""The true figures of a plant, for tests and the demo to compare with.

Computed slot by slot from the readings, another way than the answers do: it does not read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .flows import Flow, household
from .plant import Ecu, Inverter
from .production import KWH_PER_UNIT, W_AC_PER_UNIT, W_DC_PER_UNIT, end_of, factor, moved, overlap
from .view import View
from .weather import SLOT_S


@dataclass(frozen=True)
class Truth:
    """The figures of a plant at the time of a view; by default only uploaded readings, at their labels."""

    view: View

    def energy_kwh(
        self,
        start: datetime,
        end: datetime,
        *,
        uid: str | None = None,
        channel: int | None = None,
        eid: str | None = None,
        uploaded: bool = True,
    ) -> float:
        """Return the energy of the slots that begin in [start, end), kWh.

        `uploaded` false: of all readings, also those the cloud does not have, in true time.
        """
        units = 0
        for ecu in self.view.plant.all_ecus:
            if eid in (None, ecu.eid):
                inverters = [inverter for inverter in ecu.all_inverters if uid in (None, inverter.uid)]
                units += self._units(inverters, self._readings(ecu, start, end, uploaded=uploaded), channel)
        return units * KWH_PER_UNIT

    def today_kwh(self) -> float:
        """Return the energy of the site's day, kWh."""
        start = self.view.midnight(self.view.today)
        return self.energy_kwh(start, self.view.midnight(self.view.today + timedelta(days=1)))

    def past_kwh(self, since: date) -> float:
        """Return the energy from a day on to the end of yesterday, kWh."""
        return self.energy_kwh(self.view.midnight(since), self.view.midnight(self.view.today))

    def lifetime_kwh(self) -> float:
        """Return the energy since the first day, kWh, with the plant's lasting correction."""
        return self.energy_kwh(*self._whole) + self.view.plant.lifetime_offset_kwh

    def hourly_kwh(self, day: date) -> list[float]:
        """Return the energy by clock hour, 24 values in kWh; the running hour as far as it is uploaded."""
        hours = [0.0] * 24
        for slot in self.view.span(day, day):
            start = end_of(slot - 1)
            hour = start.astimezone(self.view.plant.zone).hour
            hours[hour] += self.energy_kwh(start, end_of(slot))
        return hours

    def power_w(self) -> int:
        """Return the sum of the newest readings of all ECUs that have one of today, W."""
        watts = 0
        for ecu in self.view.plant.ecus:
            newest = self._newest(ecu)
            if newest is None or self.view.curve.date_of(newest[0] + self._shift(ecu)) != self.view.today:
                continue
            watts += round(self._units(ecu.all_inverters, iter([newest]), None) * W_DC_PER_UNIT)
        return watts

    def flows_kwh(self, device: str, start: datetime, end: datetime) -> dict[str, float]:
        """Return the energy of each flow of the house in [start, end), kWh, by the samples of a meter or a battery."""
        flows = [household(self.view.plant).total(span) for span in self._sampled(device, start, end)]
        totals = zip(Flow._fields, Flow.sum(flows) if flows else Flow(), strict=True)
        return {name: units * KWH_PER_UNIT for name, units in totals}

    def flows_w(self, device: str) -> dict[str, float]:
        """Return the power of each flow in the newest sample of a meter or a battery, W; empty before the first."""
        newest = self._newest_sampled(device)
        if newest is None:
            return {}
        flow = household(self.view.plant).total(range(newest, newest + 1))
        return {name: units * W_AC_PER_UNIT for name, units in zip(Flow._fields, flow, strict=True)}

    def soc(self, device: str) -> int | None:
        """Return the state of charge in the newest sample of a battery, per cent; None before the first."""
        newest = self._newest_sampled(device)
        return None if newest is None else household(self.view.plant).soc(newest)

    def newest_sample(self, eid: str | None = None) -> datetime | None:
        """Return the newest label that the cloud has of an ECU (None: of any listed one), in the site's zone.

        None before the first sample.
        """
        labels = [
            newest[0] + self._shift(ecu)
            for ecu in self.view.plant.ecus
            if eid in (None, ecu.eid) and (newest := self._newest(ecu))
        ]
        return end_of(max(labels)).astimezone(self.view.plant.zone) if labels else None

    def uploads(self, eid: str, day: date) -> list[datetime]:
        """Return the times of a local day from which on the cloud serves an upload of an ECU, in order.

        Uploads that fail, and those of an ECU without network, are left out.
        """
        start, end = self.view.midnight(day), self.view.midnight(day + timedelta(days=1))
        ecus = [ecu for ecu in self.view.plant.all_ecus if ecu.eid == eid]
        times = {time for ecu in ecus for time in self.view.uploads(ecu, start, end)}
        return [time.astimezone(self.view.plant.zone) for time in sorted(times)]

    def _units(
        self, inverters: tuple[Inverter, ...] | list[Inverter], readings: Iterator[tuple[int, int]], channel: int | None
    ) -> int:
        shares = {inverter: self._share(inverter, channel) for inverter in inverters}
        always = sum(share for inverter, share in shares.items() if inverter.since is inverter.until is None)
        sometimes = [(inverter, share) for inverter, share in shares.items() if inverter.since or inverter.until]
        return sum(
            reading * (always + sum(share for inverter, share in sometimes if _serves(inverter, slot)))
            for slot, reading in readings
        )

    def _share(self, inverter: Inverter, channel: int | None) -> int:
        numbers = range(1, inverter.channels + 1)
        return sum(
            factor(self.view.plant.seed, inverter.uid, number) for number in numbers if channel in (None, number)
        )

    def _newest(self, ecu: Ecu) -> tuple[int, int] | None:
        """Return the newest uploaded slot, in true time, and its reading."""
        for known in reversed(self.view.uploaded(ecu.eid)):
            end = known.stop
            while end > known.start:
                start = max(known.start, end - 288)
                for report in reversed(list(self.view.curve.reports(range(start, end)))):
                    if any(_serves(inverter, report[0]) for inverter in ecu.all_inverters):
                        return report
                end = start
        return None

    def _shift(self, ecu: Ecu) -> int:
        return self.view.plant.uploads_of(ecu.eid).shift

    def _readings(self, ecu: Ecu, start: datetime, end: datetime, *, uploaded: bool) -> Iterator[tuple[int, int]]:
        """Yield (slot in true time, reading) of an ECU."""
        span = range(_slot_from(start), _slot_from(end))
        if not uploaded:
            yield from self.view.curve.reports(span)
            return
        known = self.view.uploaded(ecu.eid, ecu.removed_at)
        for slot, reading in self.view.curve.reports(moved(span, -self._shift(ecu))):
            if any(slot in part for part in known):
                yield slot, reading

    def _sampled(self, device: str, start: datetime, end: datetime) -> list[range]:
        """Return the slots, in true time, of a device's uploaded samples with labels in [start, end)."""
        span = moved(range(_slot_from(start), _slot_from(end)), -self.view.plant.uploads_of(device).shift)
        return [part for known in self.view.uploaded(device) if (part := overlap(span, known))]

    def _newest_sampled(self, device: str) -> int | None:
        spans = self._sampled(device, *self._whole)
        return spans[-1].stop - 1 if spans else None

    @property
    def _whole(self) -> tuple[datetime, datetime]:
        """The time from the first day to the end of today."""
        return self.view.midnight(self.view.plant.create_date), self.view.midnight(self.view.today + timedelta(days=1))


def _slot_from(time: datetime) -> int:
    """Return the first slot that begins at a time or after it."""
    return -int(-time.timestamp() // SLOT_S)


def _serves(inverter: Inverter, slot: int) -> bool:
    """Whether a whole slot lies in the inverter's time of production."""
    end = end_of(slot)
    start = end_of(slot - 1)
    return (inverter.since is None or inverter.since < start) and (inverter.until is None or end <= inverter.until)
