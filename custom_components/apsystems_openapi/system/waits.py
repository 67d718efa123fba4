"""Not before: the one type for every reason why a call has to wait, and the one place that answers whether it may go.

A wait belongs to a scope: the App ID, the entry, a kind of call, a single call, all reads, or a step of the history.
Waits of the App ID are stored with its ledger, all others with the system, so that a reload or a restart forgets none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ..schedule.calls import Call, Kind, Purpose, Slot
from .backlog import CALLS_OF, SOURCE_KINDS

APP_ID: Final = "app_id"
ENTRY: Final = "entry"
READS: Final = "reads"
HISTORY: Final = "history"
REQUESTS: Final = "requests"  # reads that an automation asks for by `homeassistant.update_entity`
LOAN: Final = "loan"  # history calls beyond the plan, which the days after pay for


class Reason(StrEnum):
    """Why a call waits; the key of a text in the translations."""

    QUOTA = "quota"  # the cloud says that the month's calls are spent (2005)
    THROTTLED = "throttled"  # the cloud asks to wait (7000 to 7003)
    CREDENTIALS = "credentials"
    CONNECTION = "connection"  # two calls in a row got no answer
    FIRST_READ = "first_read"
    FAILED = "failed"
    REFUSED = "refused"  # not for this account
    NOTHING_NEW = "nothing_new"
    SPACING = "spacing"  # a day's allowance is used, or the last call was a short time ago


@dataclass(frozen=True, kw_only=True)
class Wait:
    """No call of the scope before `until`. `length` is the wait's full length; it grows when the cause repeats."""

    until: datetime
    reason: Reason
    length: timedelta

    @property
    def since(self) -> datetime:
        """When the wait began."""
        return self.until - self.length

    def is_in_force(self, now: datetime) -> bool:
        """Whether it holds now. A wait that is longer than its own length was written by a clock that was ahead."""
        return now < self.until <= now + self.length


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Waits by scope. Immutable: the methods that begin with `with` return other waits."""

    by_scope: Mapping[str, Wait] = field(default_factory=dict)

    def allows(self, slot: Slot, now: datetime) -> bool:
        """Return whether a planned call may be made now. A read that has to wait is left out, and not made late."""
        if slot.purpose is Purpose.READ and self.longest([READS], slot.at):
            return False
        return self.longest(scopes_of(slot), now) is None

    def longest(self, scopes: Iterable[str], now: datetime) -> Wait | None:
        """Return the wait of any of the scopes that ends last; None when none is in force."""
        waits = [wait for scope in scopes if (wait := self.by_scope.get(scope)) and wait.is_in_force(now)]
        return max(waits, key=lambda wait: wait.until, default=None)

    def refuse(self, scopes: Iterable[str], now: datetime) -> bool:
        """Return whether calls of any of the scopes are refused now."""
        waits = (self.by_scope.get(scope) for scope in scopes)
        return any(wait is not None and wait.reason is Reason.REFUSED and wait.is_in_force(now) for wait in waits)

    def is_due_again(self, call: Call, since: datetime, now: datetime) -> bool:
        """Return whether a call that failed at or after `since` has waited long enough to be tried again."""
        wait = self.by_scope.get(str(call))
        return wait is not None and wait.reason is Reason.FAILED and since <= wait.since and wait.until <= now

    def with_wait(
        self, scope: str, reason: Reason, now: datetime, length: timedelta, latest: datetime | None = None
    ) -> Waits:
        """Return the waits with one more, which ends at `latest`; where the scope already waits longer, that stays."""
        until = now + length if latest is None else min(now + length, latest)
        wait = Wait(until=until, reason=reason, length=length)
        known = self.by_scope.get(scope)
        if known is not None and known.is_in_force(now) and known.until > wait.until:
            return self
        return replace(self, by_scope={**self.by_scope, scope: wait})

    def with_growing_wait(
        self,
        scope: str,
        reason: Reason,
        now: datetime,
        first: timedelta,
        longest: timedelta,
        latest: datetime | None = None,
    ) -> Waits:
        """Return the waits with one that is twice as long as the scope's last for the same reason."""
        known = self.by_scope.get(scope)
        repeats = known is not None and known.reason is reason
        length = min(2 * known.length, longest) if known and repeats else first
        return self.with_wait(scope, reason, now, length, latest)

    def without(self, *scopes: str) -> Waits:
        """Return the waits without those of some scopes."""
        if not self.by_scope.keys() & scopes:
            return self
        return replace(self, by_scope={scope: wait for scope, wait in self.by_scope.items() if scope not in scopes})

    def __or__(self, other: Waits) -> Waits:
        return replace(self, by_scope={**self.by_scope, **other.by_scope})


def scopes_of(slot: Slot) -> tuple[str, ...]:
    """Return the scopes that a planned call belongs to."""
    if slot.purpose is Purpose.HISTORY:
        of_device = (slot.call.kind, str(slot.call)) if slot.call.kind in SOURCE_KINDS else ()
        return (APP_ID, ENTRY, HISTORY, step_scope(slot), *of_device)
    return (APP_ID, ENTRY, slot.call.kind, str(slot.call))


def step_scope(slot: Slot) -> str:
    """Return the scope of one step of the history: a day hour by hour, the days of a month, an ECU's panels."""
    of_month = {month for _, month in CALLS_OF.values()}
    period = f"{slot.day:%Y-%m}" if slot.call.kind in of_month else slot.day.isoformat()
    if not slot.call.target:
        return f"{HISTORY}:{period}"
    of_panels = slot.call.kind is Kind.BATCH_ENERGY  # without its kind, as older versions have stored it
    return f"{HISTORY}:{period}:{slot.call.target if of_panels else slot.call}"
