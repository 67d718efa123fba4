"""What is to be asked at a moment, beside and by the plan. No clock, no Home Assistant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..schedule.calls import LONGEST_INTERVAL, Call, Kind, Options, Slot
from ..schedule.sun import Site, daylight, solar_hours
from .state import SystemState

SUMMARY: Final = Call(kind=Kind.SUMMARY)
DETAILS: Final = Call(kind=Kind.DETAILS)
INVERTERS: Final = Call(kind=Kind.INVERTERS)
PAST: Final = Call(kind=Kind.PAST)
A_DAY: Final = timedelta(days=1)
# The light of a system is in its details, and changes seldom.
LIGHT_LASTS: Final = timedelta(days=3)
BETWEEN_LOANS: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A moment at a site, what is known there, and when each call was last asked."""

    now: datetime
    site: Site
    state: SystemState
    options: Options
    asked: Callable[[Call], datetime | None]

    def at_once(self, call: Call) -> Slot:
        """Return a call as a slot of this moment."""
        return Slot(at=self.now, until=self.now, call=call, day=self.site.day(self.now))

    def due(self, slots: Sequence[Slot], again: Mapping[Call, datetime]) -> list[Slot]:
        """Return the slots of the plan whose calls are to be made; `again`: those that failed, and from when on."""
        return [s for s in slots if s.at <= self.now < s.until and self._is_open(s, again.get(s.call))]

    def lacking(self, due: Sequence[Slot], *, proof: bool) -> Iterator[Call]:
        """Return what the state lacks, beside what is due; `proof`: a summary is to show that credentials are right.

        It rides along with a poll, or is asked once a day.
        """
        calls = {slot.call for slot in due}
        polls = any(slot.read or slot.call.kind is Kind.HOURLY for slot in due)
        if ((polls and self._is_unsettled()) or proof) and SUMMARY not in calls:
            yield SUMMARY
        old_light = polls and self.options.automatic and not self._asked_within(LIGHT_LASTS, DETAILS)
        if (self.state.details is None or old_light) and not self._asked_within(A_DAY, DETAILS):
            yield DETAILS
        if self.state.strangers and INVERTERS not in calls and not self._asked_within(A_DAY, INVERTERS):
            yield INVERTERS

    def may_borrow(self, room: int) -> bool:
        """Tell whether calls that nobody planned may be made, which the days after pay for: now and then, by day."""
        hours = solar_hours(self.site, self.site.day(self.now), self.options.sunrise_offset, self.options.sunset_offset)
        by_day = hours is not None and self.now in hours
        plenty = room > self.options.monthly_quota / 10
        return self.options.automatic and plenty and by_day and not self._asked_within(BETWEEN_LOANS, PAST)

    def _is_open(self, slot: Slot, again: datetime | None) -> bool:
        """Tell whether a slot's call has not been made, or failed and is to be tried once more.

        Reads that bring nothing newer, because an ECU is off line, are made half as often each time.
        """
        asked = self.asked(slot.call)
        if asked is None or asked > self.now:  # by a clock that was ahead
            return True
        if slot.read and self.state.idle_reads > 1:
            spacing = (slot.until - slot.at) * 2 ** min(self.state.idle_reads - 1, 5)
            reads = [SUMMARY, *(Call(kind=Kind.ECU_DAY, target=eid) for eid in self.state.plant.ecus)]
            last = max(moment for read in (slot.call, *reads) if (moment := self.asked(read)))
            return last < slot.at and slot.at - last >= min(spacing, LONGEST_INTERVAL)
        return asked < slot.at or (again is not None and again <= self.now)

    def _is_unsettled(self) -> bool:
        """Tell whether a summary would settle something, such as an evening that had none."""
        energy, light = self.state.energy, daylight(self.site, self.site.day(self.now) - A_DAY)
        if energy is None or energy.wants_summary:
            return energy is not None
        missed = light is not None and energy.lacks_summary(light.end - LONGEST_INTERVAL)
        return missed and not self._asked_within(LONGEST_INTERVAL, SUMMARY)

    def _asked_within(self, time: timedelta, call: Call) -> bool:
        asked = self.asked(call)
        return asked is not None and abs(self.now - asked) < time
