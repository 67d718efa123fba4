"""What a call that failed, succeeded or brought nothing new does to the state: waits, doubts, refusals. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from ..schedule.calls import Kind, Purpose, Slot
from .backlog import SOURCE_KINDS, SourceKind, source_of
from .clock import DAY, Clock
from .due import DOUBTED
from .house_updates import NOT_ALLOWED, REFUSED
from .state import REFUSALS_BELIEVED, SystemState
from .updates import UPDATES
from .waits import ENTRY, LOAN, READS, REQUESTS, Reason, step_scope

RETRY_AFTER: Final = timedelta(minutes=30)
RETRY_READ_AFTER: Final = timedelta(minutes=5)
PAUSE: Final = timedelta(minutes=5)  # after two calls in a row without an answer
PROBE: Final = timedelta(days=1)  # calls with refused credentials
FIRST_READ_AFTER: Final = timedelta(minutes=5)
FIRST_REFUSAL: Final = timedelta(hours=2)  # by a code that may be transient
FIRST_RIGHT: Final = timedelta(days=1)  # by a code that says so
LONGEST_REFUSAL: Final = timedelta(days=1)
LONGEST_RIGHT: Final = timedelta(days=30)
BETWEEN_REQUESTS: Final = timedelta(minutes=5)
BETWEEN_LOANS: Final = timedelta(minutes=5)
NO_LOANS_FOR: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=7)  # of waiting before the last try
LONGEST_IDLE: Final = timedelta(minutes=90)  # the read of the plan that follows is not far from two hours away
_TOLERANCE: Final = timedelta(minutes=1)  # reads fall on full five minutes


def after_failure(state: SystemState, slot: Slot, failure: OpenApiError, clock: Clock) -> SystemState:
    """Return the state after a call that failed, unless the cloud stopped all calls."""
    before, state = state, UPDATES[slot.call.kind].on_failure(state, slot, failure, state.reading(clock))
    state = replace(state, refusals=_refusals(state, slot, failure))
    if state.are_credentials_refused:
        waits = state.waits.without(Kind.ECU_DAY)  # the credentials were refused, and not the right to a series
        if state.is_complete:  # a first read has its own wait
            waits = waits.with_wait(ENTRY, Reason.CREDENTIALS, clock.now, PROBE)
        return replace(state, waits=waits)
    if UPDATES[slot.call.kind].is_optional and isinstance(failure, REFUSED) and not _may_try_again(before, state):
        return _with_refusal(state, slot, failure, clock)
    if slot.purpose is Purpose.HISTORY:
        return _with_postponed_step(state, slot, failure, clock)
    if is_refusal(state, slot, failure, clock):
        says_so = isinstance(failure, OpenApiPermissionError)
        first, longest = (FIRST_RIGHT, LONGEST_RIGHT) if says_so else (FIRST_REFUSAL, LONGEST_REFUSAL)
        kind, reason = slot.call.kind, Reason.REFUSED
        return replace(state, waits=state.waits.with_growing_wait(kind, reason, clock.now, first, longest))
    return _with_retry(state, slot, clock)


def is_refused_for_long(before: SystemState, after: SystemState, slot: Slot, failure: OpenApiError) -> bool:
    """Return whether an optional call, which was never answered, is not for this account."""
    says_so = isinstance(failure, NOT_ALLOWED)
    is_new = UPDATES[slot.call.kind].is_optional and not before.has_answered(slot)
    return is_new and says_so and not _may_try_again(before, after)


def _may_try_again(before: SystemState, after: SystemState) -> bool:
    """Return whether a battery was refused under the prefix of users, so that the one for installers is next."""
    return after.storage_as_installer and not before.storage_as_installer


def _with_refusal(state: SystemState, slot: Slot, failure: OpenApiError, clock: Clock) -> SystemState:
    """Have a call wait that is refused: of a device that has answered before ever longer, otherwise for a month.

    The plant may have lost a device, or the account a right.
    """
    says_so = isinstance(failure, NOT_ALLOWED)
    waits, known = state.waits, state.has_answered(slot)
    if says_so and not known:
        waits = waits.with_wait(slot.call.kind, Reason.REFUSED, clock.now, LONGEST_RIGHT)
    else:
        first = FIRST_RIGHT if isinstance(failure, OpenApiPermissionError) else FIRST_REFUSAL
        waits = waits.with_growing_wait(str(slot.call), Reason.REFUSED, clock.now, first, LONGEST_RIGHT)
    return replace(state, waits=waits)


def is_refusal(state: SystemState, slot: Slot, failure: OpenApiError, clock: Clock) -> bool:
    """Return whether an ECU's own series is refused to this account.

    2004 says so. 4000 may also mean a single ECU or day; it counts while no ECU's series has worked of late.
    """
    if slot.call.kind is not Kind.ECU_DAY:
        return False
    has_worked = any(report.day >= clock.day - DAY for report in state.ecu_days.values())
    return isinstance(failure, OpenApiPermissionError) or (isinstance(failure, OpenApiRequestError) and not has_worked)


def after_success(state: SystemState, slot: Slot, clock: Clock) -> SystemState:
    """Return the state after a call that was answered, be it with nothing."""
    waits = state.waits.without(slot.call.kind, str(slot.call))
    entry = waits.by_scope.get(ENTRY)
    if entry is not None and entry.reason is not Reason.FIRST_READ:  # that one needs more than one answer
        waits = waits.without(ENTRY)
    if slot.call.kind is Kind.INVERTERS:  # the owner, or a change of the plant, asks anew
        waits = waits.without(Kind.ECU_DAY)
    if slot.purpose is Purpose.HISTORY:
        waits = waits.without(step_scope(slot))
    if SOURCE_KINDS.get(slot.call.kind) is SourceKind.BATTERY:
        state = replace(state, is_prefix_known=True)
    answers = {key: at for key, at in state.answers.items() if clock.now - at < DAY}
    if slot.purpose is not Purpose.HISTORY:
        answers[str(slot.call)] = clock.now
    return replace(state, waits=waits, refusals=0, answered=clock.now, answers=answers)


def after_reads(state: SystemState, before: SystemState, slots: Sequence[Slot]) -> SystemState:
    """Return the state after a round: reads that bring nothing new, because an ECU is off line, become rarer.

    The second such read in a row halves their number, each further one does so again, down to about one in two hours.
    """
    reads = [slot for slot in slots if slot.purpose is Purpose.READ]
    if not reads:
        return state
    if state.has_news_since(before):
        return replace(state, waits=state.waits.without(READS))
    waits, at = state.waits, reads[0].at - _TOLERANCE
    for slot in reads:
        is_first = READS not in waits.by_scope
        spacing, latest = slot.until - slot.at, at if is_first else None
        waits = waits.with_growing_wait(READS, Reason.NOTHING_NEW, at, spacing, LONGEST_IDLE, latest)
    return replace(state, waits=waits)


def after_lost_connection(state: SystemState, clock: Clock) -> SystemState:
    """Return the state after two calls in a row got no answer at all."""
    if not state.is_complete:  # a first read has its own wait
        return state
    return replace(state, waits=state.waits.with_wait(ENTRY, Reason.CONNECTION, clock.now, PAUSE))


def before_first_read(state: SystemState, clock: Clock) -> SystemState:
    """Return the state in which the next first read is put off, should this one not come to its end."""
    known = state.waits.by_scope.get(ENTRY)
    repeats = known is not None and known.reason is Reason.FIRST_READ
    length = min(2 * known.length, PROBE) if known and repeats else FIRST_READ_AFTER
    waits = state.waits.without(ENTRY).with_wait(ENTRY, Reason.FIRST_READ, clock.now, length)
    return replace(state, waits=waits)


def after_first_read(state: SystemState) -> SystemState:
    """Return the state after the first read: nothing puts off planned calls any more."""
    return replace(state, waits=state.waits.without(ENTRY))


def after_request(state: SystemState, number: int, clock: Clock) -> SystemState:
    """Return the state in which an automation has asked for so many calls."""
    made = state.requests if state.requests_on == clock.day else 0
    waits = state.waits.with_wait(REQUESTS, Reason.SPACING, clock.now, BETWEEN_REQUESTS)
    return replace(state, waits=waits, requests_on=clock.day, requests=made + number)


def after_loan(state: SystemState, number: int, clock: Clock) -> SystemState:
    """Return the state in which so many history calls have been lent."""
    waits = state.waits.with_wait(LOAN, Reason.SPACING, clock.now, BETWEEN_LOANS)
    return replace(state, waits=waits, backlog=state.backlog.with_loans(clock.day, number))


def _refusals(state: SystemState, slot: Slot, failure: OpenApiError) -> int:
    """Return how many calls in a row were refused as wrong credentials are.

    A call about a single device may be refused for that device, however many of them are asked: that raises a doubt,
    which a call that no account is refused must confirm. And 2004 means there "not for this account".
    """
    is_for_everybody = UPDATES[slot.call.kind].is_for_everybody
    match failure:
        case OpenApiAuthError():
            return REFUSALS_BELIEVED
        case OpenApiRequestError() | OpenApiPermissionError() if is_for_everybody:
            return state.refusals + 1
        case OpenApiRequestError():
            return max(state.refusals, DOUBTED)
    return state.refusals


def _with_postponed_step(state: SystemState, slot: Slot, failure: OpenApiError, clock: Clock) -> SystemState:
    """Put a step of the history off until tomorrow, each further time for twice as long, and loans for a while.

    A day of a meter or a battery that still contradicts itself after many tries is given up.
    """
    source, known = source_of(slot.call), state.waits.by_scope.get(step_scope(slot))
    is_wrong = source is not None and isinstance(failure, OpenApiAnswerError)
    if source is not None and is_wrong and known is not None and known.length >= GIVEN_UP_AFTER:
        backlog = state.house(source).backlog.without_gap(slot.day)
        return replace(state.with_history(source, backlog), waits=state.waits.without(step_scope(slot)))
    rest_of_day = clock.next_midnight - clock.now
    waits = state.waits.with_growing_wait(step_scope(slot), Reason.FAILED, clock.now, rest_of_day, LONGEST_RIGHT)
    return replace(state, waits=waits.with_wait(LOAN, Reason.FAILED, clock.now, NO_LOANS_FOR))


def _with_retry(state: SystemState, slot: Slot, clock: Clock) -> SystemState:
    """Let a planned call be tried again once, before its slot ends.

    Polls come again anyway. One read of several that make a round is not worth another call; one that stands alone is,
    unless it has failed before.
    """
    if slot.until <= clock.now:  # nobody planned it
        return state
    call, now = slot.call, clock.now
    is_second = state.waits.is_due_again(call, slot.at, now)
    if slot.purpose is Purpose.READ:
        alone = not call.target or len(state.ecu_ids) == 1
        is_worth_it, after = alone and str(call) not in state.waits.by_scope, RETRY_READ_AFTER
    else:
        is_worth_it, after = call.kind is not Kind.HOURLY, RETRY_AFTER
    length = after if is_worth_it and not is_second else max(after, slot.until - now)
    waits = state.waits.without(str(call)).with_wait(str(call), Reason.FAILED, now, length)
    return replace(state, waits=waits)
