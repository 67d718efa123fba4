"""Which calls are to be made now: those of the plan that are due, what the state lacks, and loans for history.

The plan says when, the waits say whether, the state shows the gaps. Pure; the time comes with the clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor
from typing import Final

from ..schedule.calls import Call, Kind, Purpose, Slot
from ..schedule.options import LONGEST_INTERVAL
from .backlog import READ_OF, Backlog, Source, SourceKind, Step, source_of
from .clock import DAY, Clock
from .state import SystemState
from .topology import UNLISTED_FOR, is_about_inverter
from .updates import UPDATES
from .waits import APP_ID, ENTRY, HISTORY, LOAN, REQUESTS, Waits, step_scope

SUMMARY: Final = Call(kind=Kind.SUMMARY)
DETAILS: Final = Call(kind=Kind.DETAILS)
HOURS: Final = Call(kind=Kind.HOURLY)
INVERTERS: Final = Call(kind=Kind.INVERTERS)
METERS: Final = Call(kind=Kind.METERS)
STATUS_LASTS: Final = timedelta(days=3)  # a system's status light is in its details, and changes seldom
DOUBTED: Final = 1  # refusals in a row that make the credentials doubtful
FIRST_CALLS: Final = 40  # history calls of an installation that need not wait for the plan
FIRST_PART: Final = 1 / 5  # of the calls that the month's duties leave; no more of them are for the first history
MOST_LOANS: Final = 1 / 15  # of a month's calls, in a day: the calls of two days
MOST_REQUESTS: Final = 10  # calls in a day
ROOM_FOR_LOANS: Final = 1 / 10  # of the quota; with less left nothing is lent
_FOR_EVERYBODY: Final = frozenset(kind for kind, update in UPDATES.items() if update.is_for_everybody)


@dataclass(frozen=True, kw_only=True)
class SourceStep:
    """The next step of the history of a source."""

    step: Step
    source: Source | None
    """A meter or a battery; None of the production."""
    backlog: Backlog

    @property
    def urgency(self) -> tuple[bool, int]:
        """How it stands among those of other sources; the lowest comes first."""
        is_of_past = not self.step.is_month and not self.backlog.is_first_day(self.step.day)
        return (is_of_past, -self.step.day.toordinal())

    def slot(self, now: datetime) -> Slot:
        """Return the ordinary call that fetches it."""
        return self.step.slot(now, self.source)


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
        planned = [slot for slot in planned if not self._is_whole(slot)]
        if self._is_first_day:  # history has an allowance then
            planned = [slot for slot in planned if slot.purpose is not Purpose.HISTORY]
        lacking = [self.at_once(call) for call in self._lacking(planned, slots)]
        return [*planned, *(slot for slot in lacking if self.waits.allows(slot, now))]

    def _is_whole(self, slot: Slot) -> bool:
        """Return whether a meter or a battery has already shown all of the day before."""
        is_of_day = slot.call.kind in {Kind.METER_DAY, Kind.STORAGE_DAY} and slot.purpose is not Purpose.HISTORY
        source = source_of(slot.call)
        if source is None or not is_of_day or slot.day >= self.clock.day:
            return False
        return self.state.house(source).is_whole(slot.day)

    @property
    def _is_first_day(self) -> bool:
        return self.state.backlog.since == self.clock.day

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
        missing = {
            INVERTERS: self.state.ecus is None,
            SUMMARY: self.state.energy is None,
            METERS: self._wants_meters(),
        }
        return [self.at_once(call) for call, is_missing in missing.items() if is_missing]

    # Reads that nobody planned

    def read_calls(self) -> list[Call]:
        """Return the calls that read today's energy and the current power: one where there is one ECU."""
        ecus = self.state.plant(self.clock, has_recorder=False)
        if not self.clock.options.production:
            return self._house_calls
        if not (self.clock.options.automatic and self.clock.options.live_power and ecus.ecu_days and ecus.ecus):
            return [SUMMARY]
        return [Call(kind=Kind.ECU_DAY, target=eid) for eid in ecus.ecus]

    @property
    def _house_calls(self) -> list[Call]:
        """The calls that read the present flows of batteries and meters."""
        return [Call(kind=READ_OF[s.kind], target=s.eid) for s in self.state.sources(self.clock.options)]

    @property
    def _first_house_calls(self) -> list[Call]:
        """The calls that show batteries and meters at once: their present flows, and their lifetime energy."""
        kinds = {SourceKind.BATTERY: Kind.STORAGE_SUMMARY, SourceKind.METER: Kind.METER_SUMMARY}
        sources = self.state.sources(self.clock.options)
        return [*self._house_calls, *(Call(kind=kinds[source.kind], target=source.eid) for source in sources)]

    def requested_calls(self) -> list[Call]:
        """Return the calls of a read that an automation asks for; none beyond its allowance, at night, or too soon."""
        calls, state = self.read_calls(), self.state
        made = state.requests if state.requests_on == self.clock.day else 0
        waits = self.waits.longest((APP_ID, ENTRY, REQUESTS), self.clock.now)
        fits = len(calls) <= MOST_REQUESTS - made
        return calls if fits and waits is None and self.clock.is_solar_hours else []

    # What the state lacks

    def _lacking(self, due: Sequence[Slot], slots: Sequence[Slot]) -> Iterator[Call]:
        """Yield calls that fill gaps of the state; they ride along with a poll, or are made once a day."""
        kinds = {slot.call.kind for slot in due}
        reads = self.clock.options.production
        polls = any(slot.purpose is Purpose.READ or slot.call.kind is Kind.HOURLY or not reads for slot in due)
        if reads and Kind.SUMMARY not in kinds and ((polls and self._wants_summary()) or self._wants_proof(due)):
            yield SUMMARY
        if self._wants_details(polls=polls):
            yield DETAILS
        if self._is_first_day:
            yield from self._lacking_on_first_day(due, slots)
        if due and Kind.INVERTERS not in kinds and self._wants_listing():
            yield INVERTERS
        if polls and self.clock.options.automatic and self._wants_meters():
            yield METERS

    def _lacking_on_first_day(self, due: Sequence[Slot], slots: Sequence[Slot]) -> Iterator[Call]:
        """Yield what shows the day of the installation at once: by day its power, in the evening its hours.

        Meters and batteries show themselves at any hour, also those that a listing has named since.
        """
        kinds = {slot.call.kind for slot in due}
        if self.clock.options.automatic:
            house = self._first_house_calls
            yield from (call for call in house if call.kind not in kinds and self.asked(str(call)) is None)
        reads = [call for call in self.read_calls() if call.kind is Kind.ECU_DAY]
        sun_up = self.clock.today.daylight
        if self.clock.is_solar_hours and Kind.ECU_DAY not in kinds:
            yield from (call for call in reads if self.asked(str(call)) is None)
        is_over = self.clock.options.automatic and sun_up is not None and self.clock.now >= sun_up.end
        is_planned = any(slot.call.kind is Kind.HOURLY and slot.until > self.clock.now for slot in slots)
        if is_over and not is_planned and self.state.hours is None and self.asked(str(HOURS)) is None:
            yield HOURS

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

    def _wants_meters(self) -> bool:
        """Return whether the meter list is old; one that failed is asked for again on the next day."""
        is_old = self.clock.options.meter and self.state.wants_meter_list(self.clock.now)
        return is_old and not self._asked_within(UNLISTED_FOR, METERS)

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

    def next_step(self) -> SourceStep | None:
        """Return the next step that nothing holds up: days that are missing first, then the newest of any source."""
        histories = self.state.open_histories(self.clock).items()
        steps = [step for source, backlog in histories if (step := self._step_of(source, backlog))]
        return min(steps, key=lambda step: step.urgency, default=None)

    def _step_of(self, source: Source | None, backlog: Backlog) -> SourceStep | None:
        """Return the next step of one source."""
        for step in backlog.steps(self.clock.day, import_history=self.clock.options.import_history):
            of_source = SourceStep(step=step, source=source, backlog=backlog)
            if backlog.can_take(step) and self.waits.allows(of_source.slot(self.clock.now), self.clock.now):
                return of_source
        return None

    def loans(self, room: int, spare: float) -> int:
        """Return how many history calls may be made at once that nobody planned; the days after pay for them.

        `room` is what the month has left, `spare` what its duties leave of that, as it was before any history call.
        """
        step = self.next_step()
        waits = self.waits.longest((APP_ID, ENTRY, HISTORY, LOAN), self.clock.now)
        if step is None or waits is not None or not self.clock.options.automatic:
            return 0
        return min(room, self._first_calls(step, spare) or self._usual_loan(step, room))

    def _first_calls(self, step: SourceStep, spare: float) -> int:
        """Return how many calls a new installation may make at once, at any hour, for what it begins with."""
        most = min(FIRST_CALLS, floor(spare * FIRST_PART)) - self.state.first_calls(self.clock.options)
        return max(0, min(most, step.backlog.first_steps(step.step, self.clock.day)))

    def _usual_loan(self, step: SourceStep, room: int) -> int:
        """Return how many calls may be lent by day while the month has plenty."""
        options, backlog = self.clock.options, self.state.backlog
        if room <= options.monthly_quota * ROOM_FOR_LOANS or not self.clock.is_solar_hours:
            return 0
        if step_scope(step.slot(self.clock.now)) in self.waits.by_scope:  # it has failed before
            return 0
        lent = backlog.loans if backlog.loans_on == self.clock.day else 0
        most = max(1, round(options.monthly_quota * MOST_LOANS)) - lent
        return max(0, min(most, step.backlog.worth_a_loan(step.step, self.clock.day)))
