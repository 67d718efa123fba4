"""The rhythm in which an ECU's uploads reach the cloud, learned from the reads that are made anyway.

An ECU samples its inverters every five minutes and uploads the samples in batches, each time at the same minute of its
period. A read just after a batch has arrived finds new data; one just before finds data that is a period older. Each
read of an ECU's series reveals a little: at the time of the read, the sample with the newest label had arrived and the
next batch had not. Nothing else is needed, so that learning costs no call.

The vote, for every possible period and arrival minute: if batches arrived at that minute, the newest sample would have
had some age when its batch arrived, the same for every batch. From each read follows which age, its *age on arrival*.
For the right period and minute nearly all reads agree on it, to within one sample; for others they spread. The pair on
which most reads agree wins if it has a clear majority, so that single batches that fail or are late do no harm. Labels
are compared with each other only, so that the delay in the cloud and an ECU's wrong clock are learned as well.

Jitter makes batches arrive before and after the winning minute. A read that is a little late costs that little; one
that is early costs a whole period. So the phase that is used is the earliest one at which new data was found and from
which on it was hardly ever missing.

When an ECU restarts, its phase jumps. The newest reads then contradict the older ones and the rhythm counts as unknown;
reads are varied again, and the vote covers the reads since the jump alone as soon as they agree.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

PERIODS: Final = tuple(timedelta(minutes=minutes) for minutes in (15, 5, 10, 30, 60, 20))  # the likeliest first
MOST_OBSERVATIONS: Final = 200
LONGEST_MEMORY: Final = timedelta(days=14)
_WINDOWS: Final = tuple(timedelta(days=days) for days in (14, 7, 4, 2, 1))
_SAMPLE_S: Final = 300
_OLDEST_S: Final = 3 * 3600  # a figure that is older says that uploads failed, not when they arrive
_FEWEST: Final = 6  # observations
_MAJORITY: Final = 0.75
_UNLIKELY: Final = 0.95  # of the votes for a period that ECUs seldom have
_NEWEST: Final = 6  # observations that have to agree with the older ones
_NEWEST_AGREE: Final = 3
_DAY_S: Final = 20 * 3600  # longer than a day's reads
_SAME_AGE_S: Final = 120
_RARE: Final = 0.25  # of the reads
_EARLY_COSTS: Final = 12  # reads that are late, for one that is early
_MINUTE_S: Final = 60


class Observation(NamedTuple):
    """What one read of an ECU's series has shown; both in seconds since the epoch."""

    at: int
    """When the answer came."""
    newest: int
    """The label of the newest sample in it."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """When an ECU's uploads reach the cloud: at `phase` and every `period` from there."""

    period: timedelta
    phase: timedelta
    """Since a full period by UTC; the earliest at which reads were nearly always successful."""
    slack: timedelta
    """How much earlier uploads may in truth arrive: no read has tried."""
    confidence: float
    """The part of the reads that agree, from 0 to 1."""

    def lag(self, time: datetime) -> timedelta:
        """Return how long before a time the last upload is expected to have arrived."""
        return timedelta(seconds=(time.timestamp() - self.phase.total_seconds()) % self.period.total_seconds())

    def next_after(self, time: datetime) -> datetime:
        """Return when the next upload is expected to arrive."""
        return time + self.period - self.lag(time)

    def arrivals(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the expected arrivals from a time to another, both included."""
        time = self.next_after(start - timedelta(microseconds=1))
        while time <= end:
            yield time
            time += self.period


def with_observation(observations: Sequence[Observation], at: datetime, newest: datetime) -> tuple[Observation, ...]:
    """Return the observations with one more; only the newest 200 of the last 14 days are kept."""
    new = Observation(at=round(at.timestamp()), newest=round(newest.timestamp()))
    oldest = new.at - LONGEST_MEMORY.total_seconds()
    kept = [known for known in observations if oldest <= known.at < new.at]
    return (*kept, new)[-MOST_OBSERVATIONS:]


def rhythm_of(observations: Sequence[Observation], midnight: datetime) -> Rhythm | None:
    """Return an ECU's rhythm as known at a local midnight; None when reads do not agree on one."""
    now = midnight.timestamp()
    usable = [o for o in observations if o.at < now and -_OLDEST_S < o.at - o.newest < _OLDEST_S]
    for window in _WINDOWS:
        recent = [o for o in usable if o.at >= now - window.total_seconds()]
        rhythm = _voted(recent) if len(recent) >= _FEWEST else None
        # Reads that all are at one minute agree with each other after any change.
        if rhythm and (len(recent) == len(usable) or rhythm.slack < rhythm.period / 2):
            return rhythm
    return None


@dataclass(frozen=True, kw_only=True)
class _Vote:
    """A possible period and arrival time, in seconds, and how many observations agree on the age on arrival."""

    period: int
    phase: int
    age: int
    """The youngest age on arrival on which they agree."""
    width: int
    """By how much ages on arrival may differ."""
    agreeing: int

    def batches_missing(self, observation: Observation) -> int | None:
        """Return how many batches should have arrived and had not, negative for early ones; None: another rhythm."""
        age = _age_on_arrival(observation, self.period, self.phase)
        batches, rest = divmod(age - self.age, self.period)
        return batches if rest <= self.width else None

    def agrees(self, observation: Observation) -> bool:
        """Return whether an observation is as expected, or its batch came a little early."""
        batches = self.batches_missing(observation)
        return batches == 0 or (batches == -1 and -_SAMPLE_S <= self.offset(observation) < 0)

    def offset(self, observation: Observation) -> int:
        """Return how long after the nearest arrival an observation was made, in seconds; negative: before."""
        offset = (observation.at - self.phase) % self.period
        return offset if offset < self.period / 2 else offset - self.period


def _voted(observations: Sequence[Observation]) -> Rhythm | None:
    """Return the rhythm on which most observations agree, the newest ones among them."""
    likeliest, *others = (_best_phase(observations, period) for period in PERIODS)
    best = max(others, key=lambda vote: vote.agreeing)
    if best.agreeing * _UNLIKELY <= likeliest.agreeing:
        best = likeliest
    newest = observations[-_NEWEST:]
    if best.agreeing < _MAJORITY * len(observations) or sum(map(best.agrees, newest)) < _NEWEST_AGREE:
        return None
    if _is_changed(observations, best):
        return None
    safe, slack = _safe_offset(observations, best)
    return Rhythm(
        period=timedelta(seconds=best.period),
        phase=timedelta(seconds=(best.phase + safe) % best.period),
        slack=timedelta(seconds=slack),
        confidence=best.agreeing / len(observations),
    )


def _is_changed(observations: Sequence[Observation], vote: _Vote) -> bool:
    """Return whether most reads of the last day found data of an age on arrival that was rare before."""
    start = observations[-1].at - _DAY_S
    before = [_age_on_arrival(o, vote.period, vote.phase) for o in observations if o.at < start]
    last_day = [_age_on_arrival(o, vote.period, vote.phase) for o in observations if o.at >= start]
    if len(before) < _FEWEST:
        return False
    usual = [age for age in last_day if sum(abs(age - b) <= _SAME_AGE_S for b in before) >= _RARE * len(before)]
    return len(usual) < len(last_day) / 2


def _best_phase(observations: Sequence[Observation], period: timedelta) -> _Vote:
    """Return the latest of the arrival minutes on which most observations agree."""
    seconds = round(period.total_seconds())
    width = min(_SAMPLE_S, seconds // 2)
    size, steps = seconds // _MINUTE_S, range(width // _MINUTE_S + 1)
    seen = [(o.at // _MINUTE_S, o.at // _MINUTE_S - -(-o.newest // _MINUTE_S)) for o in observations]
    votes = []
    for phase in range(size):
        ages = Counter(age - (minute - phase) % size for minute, age in seen)  # on arrival, in whole minutes
        agreeing, youngest = max((sum(ages[start + n] for n in steps), -start) for start in ages)
        votes.append(
            _Vote(
                period=seconds,
                phase=phase * _MINUTE_S,
                age=-youngest * _MINUTE_S,
                width=width + _MINUTE_S - 1,
                agreeing=agreeing,
            )
        )
    most = max(vote.agreeing for vote in votes)
    return votes[_last_of_run([vote.agreeing == most for vote in votes], observations)]


def _age_on_arrival(observation: Observation, period: int, phase: int) -> int:
    """Return how old the newest sample was at the last arrival before the observation."""
    return observation.at - observation.newest - (observation.at - phase) % period


def _last_of_run(flags: Sequence[bool], observations: Sequence[Observation]) -> int:
    """Return the last of the longest run of true flags in a circle of minutes, when new data was first seen.

    Where all are true, it is the minute of the first observation after the longest time without any.
    """
    size = len(flags)
    if all(flags):
        minutes = sorted({o.at // _MINUTE_S % size for o in observations})
        gaps = {
            after: (after - before - 1) % size for before, after in zip([minutes[-1], *minutes], minutes, strict=False)
        }
        return max(minutes, key=gaps.__getitem__)
    start = flags.index(False)
    best = run = range(0)
    for n in range(start, start + size + 1):
        run = range(run.start if run else n, n + 1) if flags[n % size] else range(0)
        best = max(best, run, key=len)
    return best[-1] % size


def _safe_offset(observations: Sequence[Observation], vote: _Vote) -> tuple[int, int]:
    """Return the earliest offset from which on new data was hardly ever missing, and how much earlier is untried."""
    found, missing = [], []
    for observation in observations:
        offset, batches = vote.offset(observation), vote.batches_missing(observation)
        expected = 0 if offset >= 0 else -1
        if batches == expected:
            found.append(offset)
        elif batches == expected + 1:
            missing.append(offset)
    if not found:
        return 0, vote.period
    safe = min(
        sorted(found),
        key=lambda start: sum(at < start for at in found) + _EARLY_COSTS * sum(at >= start for at in missing),
    )
    slack = min(((safe - at) % vote.period for at in missing), default=vote.period)
    return safe, slack or vote.period
