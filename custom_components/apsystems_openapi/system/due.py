"""Which calls are to be made now: those of the plan that are due, what the state lacks, and loans for history.

The plan says when, the waits say whether, the state shows the gaps. Pure; the time comes with the clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..schedule.calls import Call, Kind, Purpose, Slot
from ..schedule.options import LONGEST_INTERVAL
from .backlog import Step
from .clock import DAY, Clock
from .state import SystemState
from .topology import is_about_inverter
from .updates import UPDATES
from .waits import APP_ID, ENTRY, HISTORY, LOAN, REQUESTS, Waits

SUMMARY: Final = Call(kind=Kind.SUMMARY)
DETAILS: Final = Call(kind=Kind.DETAILS)
INVERTERS: Final = Call(kind=Kind.INVERTERS)
STATUS_LASTS: Final = timedelta(days=3)  # a system's status light is in its details, and changes seldom
DOUBTED: Final = 1  # refusals in a row that make the credentials doubtful
MOST_LOANS: Final = 1 / 15  # of a month's calls, in a day: the calls of two days
MOST_REQUESTS: Final = 10  # calls in a day
ROOM_FOR_LOANS: Final = 1 / 10  # of the quota; with less left nothing is lent
_FOR_EVERYBODY: Final = frozenset(kind for kind, update in UPDATES.items() if update.is_for_everybody)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A time at a site, the state of the system, and when each call was last made."""

    clock: Clock
    state: SystemState
    waits: Waits
    """Those of the App ID and of the system together."""
    asked: Callable[[str], datetime | None]
    """When the call of a slot's key was last sent."""

    # Calls of the plan

    def due(self, slots: Sequence[Slot]) -> list[Slot]:
        """Return the calls that are to be made now, in order: of the plan, and what the state lacks beside them."""
        now = self.clock.now
        planned = [slot for slot in slots if slot.at <= now < slot.until and self.may_be_made(slot)]
        lacking = [self.at_once(call) for call in self._lacking(planned)]
        return [*planned, *(slot for slot in lacking if self.waits.allows(slot, now))]

    def may_be_made(self, slot: Slot) -> bool:
        """Return whether a call of the plan is still to be made, or may be tried again, and no wait is in force."""
        asked, now = self.asked(slot.key), self.clock.now
        is_open = asked is None or asked > now or asked < slot.at  # later than now: by a clock that was ahead
        is_open = is_open or self.waits.is_due_again(slot.call, slot.at, now)
        return is_open and self.waits.allows(slot, now)

    def at_once(self, call: Call) -> Slot:
        """Return a call about the site day that nobody planned."""
        return Slot(at=self.clock.now, until=self.clock.now, call=call, day=self.clock.day)

    def next_wake(self, slots: Sequence[Slot]) -> datetime:
        """Return when to look again: at the next call of the plan, or at midnight."""
        return min([self.clock.next_midnight, *(slot.at for slot in slots if slot.at > self.clock.now)])

    def first_read(self) -> list[Slot]:
        """Return the calls that an empty state lacks."""
        missing = {INVERTERS: self.state.ecus, SUMMARY: self.state.energy}
        return [self.at_once(call) for call, known in missing.items() if known is None]

    def lacks_room(self, needed: int, left: int) -> dict[str, str] | None:
        """Return the figures for a message when the month has fewer calls left than are needed."""
        return {"needed": str(needed), "left": str(left)} if left < needed else None

    # Reads that nobody planned

    def read_calls(self) -> list[Call]:
        """Return the calls that read today's energy and the current power: one where there is one ECU."""
        ecus = self.state.plant(self.clock, has_recorder=False)
        if not (self.clock.options.automatic and self.clock.options.live_power and ecus.ecu_days and ecus.ecus):
            return [SUMMARY]
        return [Call(kind=Kind.ECU_DAY, target=eid) for eid in ecus.ecus]

    def requested_calls(self, left: int) -> list[Call]:
        """Return the calls of a read that an automation asks for; none beyond its allowance, at night, or too soon."""
        calls, state = self.read_calls(), self.state
        made = state.requests if state.requests_on == self.clock.day else 0
        waits = self.waits.longest((APP_ID, ENTRY, REQUESTS), self.clock.now)
        fits = len(calls) <= min(MOST_REQUESTS - made, left)
        return calls if fits and waits is None and self.clock.is_solar_hours else []

    # What the state lacks

    def _lacking(self, due: Sequence[Slot]) -> Iterator[Call]:
        """Yield calls that fill gaps of the state; they ride along with a poll, or are made once a day."""
        kinds = {slot.call.kind for slot in due}
        polls = any(slot.purpose is Purpose.READ or slot.call.kind is Kind.HOURLY for slot in due)
        if Kind.SUMMARY not in kinds and ((polls and self._wants_summary()) or self._wants_proof(due)):
            yield SUMMARY
        if self._wants_details(polls=polls):
            yield DETAILS
        if due and Kind.INVERTERS not in kinds and self._wants_listing():
            yield INVERTERS

    def _wants_summary(self) -> bool:
        """Return whether a summary would settle something, such as an evening that had none."""
        energy, evening = self.state.energy, self.clock.solar_day(self.clock.day - DAY).daylight
        if energy is None or energy.wants_summary:
            return energy is not None
        missed = evening is not None and energy.lacks_summary(evening.end - LONGEST_INTERVAL)
        return missed and not self._asked_within(LONGEST_INTERVAL, SUMMARY)

    def _wants_proof(self, due: Sequence[Slot]) -> bool:
        """Return whether a call that no account is refused is to show whether the credentials are right."""
        kinds = {slot.call.kind for slot in due}
        return bool(kinds) and self.state.refusals == DOUBTED and not kinds & _FOR_EVERYBODY

    def _wants_details(self, *, polls: bool) -> bool:
        is_old = polls and self.clock.options.automatic and not self._asked_within(STATUS_LASTS, DETAILS)
        return (self.state.details is None or is_old) and not self._asked_within(DAY, DETAILS)

    def _wants_listing(self) -> bool:
        """Return whether the plant may have changed. The fixed schedule only asks for ids that it has seen."""
        if self.clock.options.automatic:
            is_wanted = self.state.wants_listing(self.clock.now)
        else:
            is_wanted = any(is_about_inverter(cause) for cause in self.state.open_causes)
        return is_wanted and not self._asked_within(DAY, INVERTERS)

    def _asked_within(self, time: timedelta, call: Call) -> bool:
        asked = self.asked(str(call))
        return asked is not None and abs(self.clock.now - asked) < time

    # History

    def history_slot(self) -> Slot:
        """Return a slot of this time for the history; its call is chosen when it is made."""
        return replace(self.at_once(Call(kind=Kind.HOURLY)), purpose=Purpose.HISTORY)

    def history_call(self, slot: Slot) -> Slot | None:
        """Return the ordinary call that a slot for history is to make now; None when there is none."""
        step = self.next_step()
        return None if step is None else replace(step.slot(self.clock.now), at=slot.at, until=slot.until)

    def next_step(self) -> Step | None:
        """Return the next step of the backlog that nothing holds up."""
        backlog, now = self.state.backlog, self.clock.now
        steps = backlog.steps(self.clock.day, import_history=self.clock.options.import_history)
        return next((s for s in steps if backlog.can_take(s) and self.waits.allows(s.slot(now), now)), None)

    def loans(self, room: int) -> int:
        """Return how many history calls may be made at once that nobody planned; the days after pay for them."""
        options, backlog = self.clock.options, self.state.backlog
        is_plenty = room > options.monthly_quota * ROOM_FOR_LOANS
        waits = self.waits.longest((APP_ID, ENTRY, HISTORY, LOAN), self.clock.now)
        if not (options.automatic and is_plenty and self.clock.is_solar_hours) or waits is not None:
            return 0
        if (step := self.next_step()) is None:
            return 0
        lent = backlog.loans if backlog.loans_on == self.clock.day else 0
        most = max(1, round(options.monthly_quota * MOST_LOANS)) - lent
        return max(0, min(most, backlog.worth_a_loan(step, self.clock.day)))
