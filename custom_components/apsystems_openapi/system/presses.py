"""Whether what a person asks for is done at once, and which of its calls bring anything. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from ..schedule.calls import Call, Kind, Slot
from ..schedule.rhythm import Rhythm
from .clock import DAY
from .due import Situation
from .waits import APP_ID

SAMPLES_EVERY: Final = timedelta(minutes=5)
LATE: Final = timedelta(minutes=10)  # longer than an upload takes to the cloud
USUAL_PERIOD: Final = timedelta(minutes=15)  # between an ECU's uploads
_FOLLOW_UPLOADS: Final = frozenset({Kind.SUMMARY, Kind.ECU_DAY, Kind.TELEMETRY})


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why nothing is asked: the key of a translated message, and its placeholders."""

    key: str
    placeholders: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Press:
    """A button, or what stands for one."""

    situation: Situation
    rhythms: Mapping[str, Rhythm | None]
    """Each ECU's, where it is known."""
    room: int
    """Calls that the month has left."""

    def answer(self, calls: Sequence[Call]) -> Sequence[Slot] | Refusal:
        """Return the calls to make at once, those that bring something newer, or why none is made."""
        if not calls:
            return Refusal(key="no_inverters", placeholders={})
        if refusal := blocked(self.situation, [APP_ID]):
            return refusal
        newer = {call: self.newer_from(call) for call in calls}
        worth = [call for call, time in newer.items() if time is None]
        if not worth and (times := [time for time in newer.values() if time is not None]):
            return Refusal(key="nothing_newer", placeholders={"time": self.situation.clock.local(min(times))})
        if self.room < len(worth):
            return Refusal(key="too_few_calls", placeholders={"needed": str(len(worth)), "left": str(self.room)})
        return [self.situation.at_once(call) for call in worth]

    def newer_from(self, call: Call) -> datetime | None:
        """Return when the cloud may have something newer than the last such call has brought; None: now.

        Until an ECU has a known rhythm, it is taken to upload 15 minutes after its newest sample at the earliest.
        """
        now, answered = self.situation.clock.now, self.situation.state.answers.get(str(call))
        if answered is None or call.kind not in _FOLLOW_UPLOADS or not timedelta() <= now - answered < DAY:
            return None
        eids = [self._ecu_of(call)] if call.target else self.situation.state.ecu_ids
        expected = [self._next_upload(eid, call, answered) for eid in eids]
        newer = min(expected, default=answered + SAMPLES_EVERY)
        return newer if newer > now else None

    def _next_upload(self, eid: str, call: Call, answered: datetime) -> datetime:
        """Return when the next upload is expected; one that is late may come at any time."""
        rhythm, newest = self.rhythms.get(eid), self._newest(call)
        if rhythm is None:
            return max(answered + SAMPLES_EVERY, newest + USUAL_PERIOD if newest else answered)
        is_late = newest is not None and answered - newest > rhythm.period + LATE
        return answered + SAMPLES_EVERY if is_late else rhythm.next_after(answered)

    def _ecu_of(self, call: Call) -> str:
        inverters = self.situation.state.inverters
        return next((inverter.eid for inverter in inverters if inverter.uid == call.target), call.target)

    def _newest(self, call: Call) -> datetime | None:
        """Return the newest sample that a call about one device has brought today."""
        state, clock = self.situation.state, self.situation.clock
        report, day = state.reports(clock.day).get(call.target), state.telemetry.get(call.target)
        label = report.newest if report else day.measured_at if day and day.day == clock.day else None
        return clock.site.at(clock.day, time.fromisoformat(label)) if label else None


def blocked(situation: Situation, scopes: Sequence[str]) -> Refusal | None:
    """Return until when a wait of some scopes stops all calls; None when there is none."""
    if (wait := situation.waits.longest(scopes, situation.clock.now)) is None:
        return None
    return Refusal(key=f"blocked_{wait.reason}", placeholders={"until": situation.clock.local(wait.until)})
