"""What failures, successes and reads that bring nothing do to the waits: pure rules, as tables."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.apsystems_openapi.cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from custom_components.apsystems_openapi.cloud.models import Ecu, Inverter
from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Purpose, Slot
from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.backlog import Backlog, Step
from custom_components.apsystems_openapi.system.clock import Clock
from custom_components.apsystems_openapi.system.energy import Energy
from custom_components.apsystems_openapi.system.reactions import (
    LONGEST_IDLE,
    PROBE,
    RETRY_AFTER,
    after_failure,
    after_first_read,
    after_lost_connection,
    after_reads,
    after_request,
    after_success,
    before_first_read,
)
from custom_components.apsystems_openapi.system.state import SystemState
from custom_components.apsystems_openapi.system.waits import ENTRY, READS, REQUESTS, Reason, Waits

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
DAY = date(2026, 6, 15)
PARIS = Site(latitude=48.85, longitude=2.35, zone=UTC)
ECUS = (
    Ecu(eid="E1", timezone=None, inverters=(Inverter(uid="a", model=None, eid="E1"),)),
    Ecu(eid="E2", timezone=None, inverters=(Inverter(uid="b", model=None, eid="E2"),)),
)
ONE = SystemState(energy=Energy(day=DAY, today=1.0)).with_listing(ECUS[:1], NOW)
TWO = SystemState(energy=Energy(day=DAY, today=1.0)).with_listing(ECUS, NOW)


def clock(now: datetime = NOW) -> Clock:
    return Clock(now=now, site=PARIS, options=Options())


def slot(kind: Kind, target: str = "", purpose: Purpose = Purpose.DUTY, hours: float = 3) -> Slot:
    call = Call(kind=kind, target=target)
    return Slot(at=NOW, until=NOW + timedelta(hours=hours), call=call, day=DAY, purpose=purpose)


SUMMARY = slot(Kind.SUMMARY)
TELEMETRY = slot(Kind.TELEMETRY, "a")
ECU_READ = slot(Kind.ECU_DAY, "E1", Purpose.READ, hours=1)


def wait_of(state: SystemState, scope: str) -> tuple[Reason, timedelta] | None:
    wait = state.waits.by_scope.get(scope)
    return None if wait is None else (wait.reason, wait.until - NOW)


@pytest.mark.parametrize(
    ("state", "planned", "failure", "scope", "expected"),
    [
        (ONE, TELEMETRY, OpenApiConnectionError(), "telemetry:a", (Reason.FAILED, RETRY_AFTER)),
        (ONE, ECU_READ, OpenApiAnswerError(), "ecu_day:E1", (Reason.FAILED, timedelta(minutes=5))),
        # One read of several that make a round is not worth another call.
        (TWO, ECU_READ, OpenApiAnswerError(), "ecu_day:E1", (Reason.FAILED, timedelta(hours=1))),
        (ONE, slot(Kind.HOURLY), OpenApiAnswerError(), "hourly", (Reason.FAILED, timedelta(hours=3))),
        (ONE, ECU_READ, OpenApiPermissionError(), "ecu_day", (Reason.REFUSED, timedelta(days=1))),
        (ONE, ECU_READ, OpenApiRequestError(), "ecu_day", (Reason.REFUSED, timedelta(hours=2))),
        (ONE, TELEMETRY, OpenApiPermissionError(), "telemetry:a", (Reason.FAILED, RETRY_AFTER)),
        (ONE, TELEMETRY, OpenApiAuthError(), ENTRY, (Reason.CREDENTIALS, PROBE)),
        (ONE, SUMMARY, OpenApiRequestError(), ENTRY, None),
        (replace(ONE, refusals=1), SUMMARY, OpenApiRequestError(), ENTRY, (Reason.CREDENTIALS, PROBE)),
        (replace(ONE, refusals=1), SUMMARY, OpenApiPermissionError(), ENTRY, (Reason.CREDENTIALS, PROBE)),
        # However many devices refuse, only a call that no account is refused confirms the doubt.
        (replace(ONE, refusals=1), TELEMETRY, OpenApiRequestError(), ENTRY, None),
        (SystemState(), SUMMARY, OpenApiAuthError(), ENTRY, None),
    ],
)
def test_a_failure_leads_to_a_wait(
    state: SystemState,
    planned: Slot,
    failure: OpenApiError,
    scope: str,
    expected: tuple[Reason, timedelta] | None,
) -> None:
    assert wait_of(after_failure(state, planned, failure, clock()), scope) == expected


def test_a_call_is_tried_again_once_before_its_slot_ends() -> None:
    first = after_failure(ONE, TELEMETRY, OpenApiConnectionError(), clock())
    later = NOW + RETRY_AFTER
    assert not first.waits.is_due_again(TELEMETRY.call, TELEMETRY.at, later - timedelta(seconds=1))
    assert first.waits.is_due_again(TELEMETRY.call, TELEMETRY.at, later)
    second = after_failure(first, TELEMETRY, OpenApiConnectionError(), clock(later))
    assert not second.waits.is_due_again(TELEMETRY.call, TELEMETRY.at, TELEMETRY.until - timedelta(seconds=1))


def test_refusals_grow_and_end_with_a_listing_or_a_success() -> None:
    state, now = ONE, NOW
    for hours in (2, 4, 8, 16, 24, 24):
        state = after_failure(state, ECU_READ, OpenApiRequestError(), clock(now))
        wait = state.waits.by_scope[Kind.ECU_DAY]
        assert wait.until - now == timedelta(hours=hours)
        assert not state.plant(clock(now), has_recorder=False).ecu_days
        now = wait.until
    assert state.plant(clock(now), has_recorder=False).ecu_days
    assert Kind.ECU_DAY not in after_success(state, slot(Kind.INVERTERS), clock(now)).waits.by_scope
    assert Kind.ECU_DAY not in after_success(state, ECU_READ, clock(now)).waits.by_scope


def test_a_step_of_the_history_waits_until_tomorrow_and_the_others_go_on() -> None:
    backlog = Backlog(first=date(2026, 1, 1), day_cursor=date(2026, 6, 1), month_cursor=date(2025, 12, 1))
    state = replace(ONE, backlog=backlog)
    step = Step(day=date(2026, 6, 1)).slot(NOW)
    after = after_failure(state, step, OpenApiConnectionError(), clock())
    assert wait_of(after, "history:2026-06-01") == (Reason.FAILED, timedelta(hours=14))
    assert wait_of(after, "loan") == (Reason.FAILED, timedelta(hours=1))
    assert (after.backlog.gaps, after.backlog.day_cursor) == ((date(2026, 6, 1),), date(2026, 5, 31))
    assert not after.waits.allows(step, NOW)
    assert after.waits.allows(Step(day=date(2026, 5, 31)).slot(NOW), NOW)


def test_a_success_ends_doubts_and_waits_of_the_entry() -> None:
    waits = Waits().with_wait(ENTRY, Reason.CREDENTIALS, NOW, PROBE)
    state = after_success(replace(ONE, refusals=2, waits=waits), SUMMARY, clock())
    assert (state.refusals, state.waits, state.answered) == (0, Waits(), NOW)


def test_a_lost_connection_pauses_an_entry_that_has_something_to_show() -> None:
    assert wait_of(after_lost_connection(ONE, clock()), ENTRY) == (Reason.CONNECTION, timedelta(minutes=5))
    assert after_lost_connection(SystemState(), clock()) == SystemState()


def test_the_first_read_waits_longer_each_time_until_it_is_complete() -> None:
    state, now = SystemState(), NOW
    for minutes in (5, 10, 20, 40):
        state = before_first_read(state, clock(now))
        assert state.waits.by_scope[ENTRY].until - now == timedelta(minutes=minutes)
        state = after_success(state, SUMMARY, clock(now))
        assert ENTRY in state.waits.by_scope
        now += timedelta(minutes=minutes)
    assert after_first_read(state).waits == Waits()


def test_reads_that_bring_nothing_become_rarer() -> None:
    state, at = ONE, NOW
    skipped = []
    for _ in range(12):
        read = replace(ECU_READ, at=at, until=at + timedelta(minutes=40))
        if state.waits.allows(read, at):
            state = after_reads(state, state, [read])
        else:
            skipped.append(at)
        at += timedelta(minutes=40)
    assert len(skipped) == 7
    wait = state.waits.by_scope[READS]
    assert wait.length == LONGEST_IDLE
    newer = replace(state, energy=Energy(day=DAY, today=2.0))
    assert READS not in after_reads(newer, state, [ECU_READ]).waits.by_scope


def test_only_reads_become_rarer() -> None:
    assert after_reads(ONE, ONE, [SUMMARY]) == ONE


def test_requests_are_counted_by_day() -> None:
    state = after_request(ONE, 2, clock())
    assert wait_of(state, REQUESTS) == (Reason.SPACING, timedelta(minutes=5))
    assert after_request(state, 3, clock()).requests == 5
    assert after_request(state, 3, clock(NOW + timedelta(days=1))).requests == 3
