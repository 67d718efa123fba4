"""What is true of a plant, for tests and the demo to compare with.

Worked out slot by slot from the readings, by another way than the answers: it does not read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from .plant import Ecu, Inverter
from .production import KWH_PER_UNIT, W_DC_PER_UNIT, factor, moment_of
from .view import View
from .weather import SLOT_S


@dataclass(frozen=True)
class Truth:
    """The truth about a plant at the moment of a view; by default as far as it has been uploaded."""

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

        `uploaded` false: with what the cloud lacks.
        """
        units = 0
        for ecu in self.view.plant.ecus:
            if eid not in (None, ecu.eid):
                continue
            shares = [
                (inverter, factor(self.view.plant.seed, inverter.uid, number))
                for inverter in ecu.fleet
                if uid in (None, inverter.uid)
                for number in range(1, inverter.channels + 1)
                if channel in (None, number)
            ]
            steady = sum(share for inverter, share in shares if inverter.since is inverter.until is None)
            passing = [pair for pair in shares if pair[0].since or pair[0].until]
            for slot, reading in self._readings(ecu.eid if uploaded else None, start, end):
                share = steady + sum(share for inverter, share in passing if _serves(inverter, slot))
                units += reading * share
        return units * KWH_PER_UNIT

    def today_kwh(self) -> float:
        """Return the energy since the site's midnight, kWh."""
        return self.energy_kwh(self._midnight(self.view.today), self.view.now)

    def lifetime_kwh(self) -> float:
        """Return the energy since the beginning, kWh, with the plant's lasting correction."""
        start = self._midnight(self.view.plant.create_date)
        return self.energy_kwh(start, self.view.now) + self.view.plant.lifetime_offset_kwh

    def hourly_kwh(self, day: date) -> list[float]:
        """Return the energy by clock hour, kWh; the running hour as far as it has been uploaded."""
        hours = [0.0] * 24
        for slot in self.view.span(day, day):
            start = moment_of(slot - 1)
            hour = start.astimezone(self.view.plant.zone).hour
            hours[hour] += self.energy_kwh(start, moment_of(slot))
        return hours

    def power_w(self) -> int:
        """Return the last readings of today of all ECUs together, W; 0 before the first."""
        watts = 0
        for ecu in self.view.plant.ecus:
            newest = self._newest(ecu)
            if newest is None or self.view.curve.date_of(newest[0]) != self.view.today:
                continue
            slot, reading = newest
            share = sum(
                factor(self.view.plant.seed, inverter.uid, number)
                for inverter in ecu.fleet
                if _serves(inverter, slot)
                for number in range(1, inverter.channels + 1)
            )
            watts += round(reading * share * W_DC_PER_UNIT)
        return watts

    def newest_sample(self) -> datetime | None:
        """Return the end of the newest slot with a report that has been uploaded, in the site's zone."""
        newest = [found[0] for ecu in self.view.plant.ecus if (found := self._newest(ecu))]
        return moment_of(max(newest)).astimezone(self.view.plant.zone) if newest else None

    def _newest(self, ecu: Ecu) -> tuple[int, int] | None:
        for known in reversed(self.view.uploaded(ecu.eid)):
            end = known.stop
            while end > known.start:
                start = max(known.start, end - 288)
                for report in reversed(list(self.view.curve.reports(range(start, end)))):
                    if any(_serves(inverter, report[0]) for inverter in ecu.fleet):
                        return report
                end = start
        return None

    def _readings(self, eid: str | None, start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
        span = range(_slot_from(start), _slot_from(end))
        known = [span] if eid is None else self.view.uploaded(eid)
        for slot, reading in self.view.curve.reports(span):
            if any(slot in part for part in known):
                yield slot, reading

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.view.plant.zone)


def _slot_from(moment: datetime) -> int:
    """Return the first slot that begins at a moment or after it."""
    return -int(-moment.timestamp() // SLOT_S)


def _serves(inverter: Inverter, slot: int) -> bool:
    """Whether a whole slot lies in the inverter's service."""
    end = moment_of(slot)
    start = moment_of(slot - 1)
    return (inverter.since is None or inverter.since < start) and (inverter.until is None or end <= inverter.until)
