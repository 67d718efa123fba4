"""Learning when an ECU's uploads arrive, and reads that follow them."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean

from hypothesis import given, settings, strategies as st
import pytest
from schedule.calls import Purpose, Slot
from schedule.fixed import fixed_plan
from schedule.following import Read, followed
from schedule.options import LONGEST_INTERVAL, Options
from schedule.rhythm import Observation, Rhythm, rhythm_of, with_observation
from schedule.sun import Span, solar_day

from tests.plan_runner import (
    LONDON,
    READS,
    Continuous,
    PlanRunner,
    UploadPattern,
    UploadRunner,
    Uploads,
    assert_within,
    days_from,
    plant_of,
)

JUNE, DECEMBER = date(2026, 6, 1), date(2026, 12, 1)
PHASES = (0, 3, 6, 9, 12)  # one of each remainder by five minutes, the ECU's sampling
MINUTE = timedelta(minutes=1)


def run(
    pattern: UploadPattern | tuple[UploadPattern, ...],
    first: date,
    *,
    days: int = 14,
    inverters: int = 6,
    quota: int = 1000,
    follow: bool = True,
) -> UploadRunner:
    """Carry out the plans of days, all ECUs with a pattern of their own."""
    patterns = pattern if isinstance(pattern, tuple) else (pattern,)
    runner = PlanRunner(LONDON, plant_of(inverters, len(patterns)), Options(monthly_quota=quota))
    return UploadRunner(runner, patterns, is_following=follow).run(days_from(first, days))


def age(runner: UploadRunner, first_day: int = 0) -> float:
    """Return the mean age of today's energy from one of the days on."""
    return runner.mean_age(list(runner.slots)[first_day:])


def reads_of(slots: tuple[Slot, ...]) -> list[datetime]:
    """Return when today's energy is read for freshness."""
    return sorted({s.at for s in slots if s.purpose is Purpose.READ and s.call.kind in READS})


# Freshness


@pytest.mark.parametrize(("first", "from_first_day", "from_fourth_day"), [(JUNE, 27.5, 26.5), (DECEMBER, 18.5, 17.5)])
@pytest.mark.parametrize(("inverters", "more"), [(6, 0), (26, 1)])
def test_reads_that_follow_uploads_are_as_fresh_as_promised(
    first: date, from_first_day: float, from_fourth_day: float, inverters: int, more: float
) -> None:
    """Uploads every 15 minutes at any phase, two minutes to the cloud."""
    for phase in PHASES:
        runner = run(Uploads(phase=phase), first, inverters=inverters)
        assert age(runner) <= from_first_day + more
        assert age(runner, 3) <= from_fourth_day + more
        assert_within(runner.runner, 1000)


@pytest.mark.parametrize("first", [JUNE, DECEMBER])
def test_following_saves_five_minutes(first: date) -> None:
    """Mean of all phases, from the fourth day on."""
    before = fmean(age(run(Uploads(phase=phase), first, follow=False), 3) for phase in PHASES)
    after = fmean(age(run(Uploads(phase=phase), first), 3) for phase in PHASES)
    assert before - after >= 5


@pytest.mark.parametrize("first", [JUNE, DECEMBER])
def test_rounds_of_several_ecus_follow_the_last_of_them(first: date) -> None:
    """Three phases that are three minutes apart, at any time of the period; the oldest data counts.

    Rounds are few, so that it takes a week until they are learned in December.
    """
    savings = []
    for phase in PHASES:
        patterns = tuple(Uploads(phase=phase + shift) for shift in (0, 3, 6))
        before, after = (run(patterns, first, inverters=12, follow=follow) for follow in (False, True))
        assert age(after) <= age(before)
        savings.append(age(before, 7) - age(after, 7))
    assert fmean(savings) >= 3


@pytest.mark.parametrize(
    ("name", "pattern", "days"),
    [
        ("jitter", Uploads(phase=4, jitter=3), 14),
        ("weekly jumps", Uploads(jump_every=7), 28),
        ("failing uploads", Uploads(phase=4, failing=(10, 14), failing_every=2), 14),
        ("failing mornings", Uploads(phase=11, failing=(7, 11), failing_every=3), 14),
        ("clock ahead", Uploads(phase=4, clock_error=4), 14),
        ("clock slow", Uploads(phase=4, clock_error=-4), 14),
        ("every 5 minutes", Uploads(phase=2, period=5), 14),
        ("every 10 minutes", Uploads(phase=2, period=10), 14),
        ("every 20 minutes", Uploads(phase=2, period=20), 14),
        ("every 30 minutes", Uploads(phase=17, period=30), 14),
        ("every 60 minutes", Uploads(phase=47, period=60), 14),
        ("no delay", Uploads(phase=4, delay=0), 14),
        ("wild jitter", Uploads(phase=4, jitter=7.4), 14),
        ("no batches", Continuous(), 14),
    ],
)
@pytest.mark.parametrize("first", [JUNE, DECEMBER])
def test_following_is_never_worse(name: str, pattern: UploadPattern, days: int, first: date) -> None:
    """By more than half a minute."""
    assert age(run(pattern, first, days=days)) <= age(run(pattern, first, days=days, follow=False)) + 0.5, name


@pytest.mark.parametrize(("first", "most"), [(JUNE, 33.5), (DECEMBER, 25.0)])
def test_data_without_batches_is_as_fresh_as_ever(first: date, most: float) -> None:
    """Every five minutes, 15 minutes later."""
    assert age(run(Continuous(), first)) <= most


@pytest.mark.parametrize("first", [JUNE, DECEMBER])
@pytest.mark.parametrize("jump", [2, 5, 7, 11, 13])
def test_a_new_phase_is_learned_within_three_days(first: date, jump: int) -> None:
    """An ECU that restarts in the night uploads at other minutes."""
    days = days_from(first, 14)
    runner = run(Uploads(phase=1), first, days=7)
    runner.patterns = (Uploads(phase=1 + jump),)
    runner.run(days[7:])
    known = runner.rhythms(days[10])[0]
    assert known is not None
    assert (known.phase / MINUTE - (1 + jump + 2)) % 15 <= 2.5
    undisturbed = run(Uploads(phase=1 + jump), first)
    assert runner.mean_age(days[10:]) <= undisturbed.mean_age(days[10:]) + 1.5


# Limits


def test_with_enough_calls_every_upload_is_read_once_and_none_twice() -> None:
    """Quota 3000 in December, once the rhythm is known."""
    runner = run(Uploads(phase=4), DECEMBER, quota=3000)
    for day in list(runner.slots)[3:]:
        hours = solar_day(LONDON, day, Options()).hours
        assert hours is not None
        arrivals = [at for at, _ in Uploads(phase=4).of(day)]
        found = Counter(max(at for at in arrivals if at <= read) for read in reads_of(runner.slots[day]))
        assert set(found.values()) == {1}
        by_day = {at for at in arrivals if hours.start <= at <= hours.end - timedelta(minutes=5)}
        assert by_day <= set(found)
    assert_within(runner.runner, 3000)


@pytest.mark.parametrize("first", [JUNE, DECEMBER])
@pytest.mark.parametrize(
    "patterns",
    [(Uploads(phase=4),), (Uploads(phase=7, period=60),), tuple(Uploads(phase=phase) for phase in (2, 7, 9))],
)
def test_bounds_and_duties_are_as_without_following(first: date, patterns: tuple[Uploads, ...]) -> None:
    """Reads at least five minutes and at most two hours apart; the same duties at the same times."""
    with_uploads, without = (run(patterns, first, inverters=12, follow=follow) for follow in (True, False))
    for day, slots in with_uploads.slots.items():
        reads = reads_of(slots)
        assert all(timedelta(minutes=5) <= b - a <= LONGEST_INTERVAL for a, b in pairwise(reads)), day
        duties = [slot for slot in slots if slot.purpose is Purpose.DUTY]
        assert duties == [slot for slot in without.slots[day] if slot.purpose is Purpose.DUTY]
        assert all(slot.at < slot.until for slot in slots)
    assert_within(with_uploads.runner, 1000)


def test_a_paid_quota_follows_an_ecu_that_uploads_every_five_minutes() -> None:
    """Each read just after the arrival."""
    runner = run(Uploads(phase=3, period=5), JUNE, days=5, quota=100_000)
    reads = reads_of(runner.slots[list(runner.slots)[4]])
    assert {b - a for a, b in pairwise(reads)} == {timedelta(minutes=5)}
    assert len(reads) > 190


def test_the_fixed_table_does_not_follow() -> None:
    """It is the owner's."""
    known = (Rhythm(period=15 * MINUTE, phase=4 * MINUTE, slack=timedelta(), confidence=1),)
    options = Options(automatic=False)
    plant = plant_of(6)
    assert fixed_plan(JUNE, LONDON, replace(plant, rhythms=known), options) == fixed_plan(JUNE, LONDON, plant, options)


def test_learning_only_moves_reads() -> None:
    """By up to four minutes; no call is added, left out or replaced."""
    learning = PlanRunner(LONDON, replace(plant_of(6), rhythms=(None,))).plan(JUNE)
    usual = PlanRunner(LONDON, plant_of(6)).plan(JUNE)
    assert [slot.call for slot in learning] == [slot.call for slot in usual]
    shifts = [after.at - before.at for before, after in zip(usual, learning, strict=True)]
    assert {shift / MINUTE for shift in shifts} == {0, 1, 2, 3, 4}


@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.sampled_from([5, 10, 15, 20, 30, 60]), st.integers(0, 59), st.integers(0, 15)), max_size=3),
    st.sampled_from([1, 3, 6, 16]),
    st.integers(1, 3),
    st.dates(JUNE, date(2027, 6, 1)),
)
@settings(deadline=None)
def test_any_reads_follow_any_rhythms(
    number: int, known: list[tuple[int, int, int]], hours: int, unknown: int, day: date
) -> None:
    """In order, at least five minutes apart, in the solar hours, no more than before and with gaps as short."""
    start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=6)
    span = Span(start=start, end=start + timedelta(hours=hours))
    number = min(number, hours * 12)
    reads = [Read(at=start + span.length * n / number, of_ecus=n % unknown == 0) for n in range(number)]
    rhythms = [
        Rhythm(period=period * MINUTE, phase=phase % period * MINUTE, slack=slack * MINUTE, confidence=1)
        for period, phase, slack in known
    ]
    moved = followed(reads, span, day, [*rhythms, *[None] * (unknown - 1)])
    assert len(moved) <= len(reads)
    times = [read.at for read in moved]
    assert all(b - a >= timedelta(minutes=5) for a, b in pairwise(times))
    assert all(at >= start for at in times)
    before = [b.at - a.at for a, b in pairwise(reads)]
    if max(before, default=timedelta()) <= LONGEST_INTERVAL:
        assert all(b - a <= LONGEST_INTERVAL for a, b in pairwise(times))


# Learning


def observed(uploads: Uploads, first: date, days: int, reads: int = 20) -> tuple[Observation, ...]:
    """Return what reads at varied minutes of daylight show."""
    observations: tuple[Observation, ...] = ()
    for day in days_from(first, days):
        arrivals = uploads.of(day)
        start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=8)
        for n in range(reads):
            at = start + n * timedelta(minutes=24) + (7 * n + 4 * day.day) % 15 * MINUTE
            label = max(label for arrival, label in arrivals if arrival <= at)
            observations = with_observation(observations, at, label + uploads.clock_error * MINUTE)
    return observations


@pytest.mark.parametrize("period", [5, 10, 15, 20, 30, 60])
@pytest.mark.parametrize("clock_error", [-4, 0, 4])
@pytest.mark.parametrize("phase", [0, 4, 8, 13, 37])
def test_period_and_phase_are_learned_in_two_days(period: int, clock_error: int, phase: int) -> None:
    """End to end: the delay in the cloud is part of the phase, and the ECU's clock does not matter."""
    uploads = Uploads(period=period, phase=phase, clock_error=clock_error)
    known = rhythm_of(observed(uploads, JUNE, 2), LONDON.midnight(date(2026, 6, 3)))
    assert known is not None
    assert known.period == period * MINUTE
    late = (known.phase / MINUTE - phase - uploads.delay) % period
    assert late <= 3
    assert late <= known.slack / MINUTE
    assert known.confidence >= 0.9


def test_failed_uploads_do_not_hide_the_rhythm() -> None:
    """A few hours a day without data are outvoted."""
    uploads = Uploads(phase=4, failing=(10, 12))
    known = rhythm_of(observed(uploads, JUNE, 4), LONDON.midnight(date(2026, 6, 5)))
    assert known is not None
    assert known.period == 15 * MINUTE
    assert (known.phase / MINUTE - 6) % 15 <= 3


@pytest.mark.parametrize("jitter", [1, 2, 3])
def test_with_jitter_the_phase_is_after_most_arrivals(jitter: int) -> None:
    """A read that is early costs a whole period."""
    known = rhythm_of(observed(Uploads(phase=4, jitter=jitter), JUNE, 7), LONDON.midnight(date(2026, 6, 8)))
    assert known is not None
    assert 0 <= known.phase / MINUTE - 6 <= jitter + 1


def test_nothing_is_known_of_an_ecu_without_rhythm() -> None:
    """Or one that has hardly been read."""
    midnight = LONDON.midnight(date(2026, 6, 8))
    assert rhythm_of((), midnight) is None
    assert rhythm_of(observed(Uploads(phase=4), date(2026, 6, 7), 1, reads=4), midnight) is None
    scattered = tuple(Observation(at=60_000 * n, newest=60_000 * n - n * n * 347 % 7200) for n in range(29670, 29690))
    assert rhythm_of(scattered, datetime.fromtimestamp(60_000 * 29690, UTC)) is None


def test_a_midnights_knowledge_does_not_change_by_later_reads() -> None:
    """So that a restart makes the same plan."""
    early = observed(Uploads(phase=4), JUNE, 3)
    later = early
    for n in range(20):
        at = datetime(2026, 6, 4, 9, 7 * n % 60, tzinfo=UTC) + n * timedelta(minutes=20)
        later = with_observation(later, at, at - timedelta(minutes=n))
    midnight = LONDON.midnight(date(2026, 6, 4))
    assert rhythm_of(later, midnight) == rhythm_of(early, midnight)


@given(st.lists(st.tuples(st.integers(0, 30 * 24 * 60), st.integers(-600, 6000)), max_size=300))
@settings(max_examples=50, deadline=None)
def test_observations_are_few_recent_and_in_order(reads: list[tuple[int, int]]) -> None:
    """In whichever order a clock brings them; any of them can be voted on."""
    observations: tuple[Observation, ...] = ()
    start = datetime(2026, 6, 1, tzinfo=UTC)
    for minutes, age_minutes in reads:
        at = start + timedelta(minutes=minutes)
        observations = with_observation(observations, at, at - timedelta(minutes=age_minutes))
        assert observations[-1] == (round(at.timestamp()), round(at.timestamp()) - 60 * age_minutes)
    assert len(observations) <= 200
    assert list(observations) == sorted(observations)
    assert all(type(value) is int for observation in observations for value in observation)
    if observations:
        assert observations[-1].at - observations[0].at <= 14 * 86400
    rhythm_of(observations, start + timedelta(days=31))


def test_the_next_upload() -> None:
    """By the rhythm, end to end."""
    known = Rhythm(period=15 * MINUTE, phase=4 * MINUTE, slack=MINUTE, confidence=1)
    noon = datetime(2026, 6, 4, 12, tzinfo=UTC)
    assert known.lag(noon) == 11 * MINUTE
    assert known.next_after(noon) == noon + 4 * MINUTE
    assert known.next_after(noon + 4 * MINUTE) == noon + 19 * MINUTE
    assert list(known.arrivals(noon + 4 * MINUTE, noon + 34 * MINUTE)) == [noon + n * MINUTE for n in (4, 19, 34)]


def test_reads_are_made_at_the_known_arrivals() -> None:
    """All of them, and the same knowledge gives the same plan."""
    known = (Rhythm(period=15 * MINUTE, phase=4 * MINUTE, slack=timedelta(), confidence=1),)
    runner = PlanRunner(LONDON, replace(plant_of(6), rhythms=known))
    slots = runner.plan(JUNE)
    assert slots == runner.plan(JUNE)
    assert all(read.minute % 15 == 4 for read in reads_of(slots))
