"""Calls that the ledger's file does not know: they are recovered or assumed, never ignored. Pure.

- A new or lost ledger takes the share of the quota that belongs to the month so far as spent (`CallCounts`), and at
  least the calls that the systems' own states remember. It takes its quota from them as well, the smallest.
- A ledger that is older than a system's state, because its file was replaced by an old one, is raised to the state's
  count.
- When Home Assistant has started from a backup, the share of the quota that belongs to the time since the newest
  booking is added. A home that was off for the same time loses nothing: its files are the newest there were.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ..schedule.quota import CHINA, CallCounts, month_span, reserve
from .state import Spent

LONGEST_ANSWER: Final = timedelta(minutes=5)  # from a booking to the state that has its answer, generously
LONGEST_UNKNOWN: Final = timedelta(days=32)  # covers a month in every zone
_HOUR: Final = timedelta(hours=1)


def recovered_quota(known: int | None, remembered: Spent, *, is_recovered: bool) -> int | None:
    """Return the quota that a ledger takes from a system's state; None when it keeps its own.

    A lost ledger has none. One that was recovered from the state of one system may be lowered by that of another.
    """
    quota = remembered.quota
    is_taken = known is None or (is_recovered and quota is not None and quota < known)
    return quota if is_taken else None


def carried_calls(counts: CallCounts, remembered: Spent) -> int:
    """Return the calls of the month before the counting was opened: those carried, or more that a state remembers."""
    return max(counts.carried, remembered.calls) if _is_before_opening(counts, remembered) else counts.carried


def missing_calls(counts: CallCounts, remembered: Spent, booked: datetime, now: datetime, quota: int) -> int:
    """Return how many calls of this month a system's state remembers and an older ledger does not.

    `booked` is when the ledger has booked the system's newest call. A state that is hardly newer has its answer.
    """
    is_of_this_month = month_span(now, UTC)[0] <= remembered.at <= now
    if _is_before_opening(counts, remembered) or not is_of_this_month or remembered.at <= booked + LONGEST_ANSWER:
        return 0
    return max(0, remembered.calls - max(counts.used(now, zone, quota) for zone in (UTC, CHINA)))


def assumed_calls(counts: CallCounts, since: datetime, now: datetime, quota: int) -> list[tuple[datetime, int]]:
    """Return the calls that a restored home is assumed to have made since a time; some always remain for its set-up."""
    most = counts.room(now, (UTC, CHINA), quota) - reserve(quota)
    return list(share_of_time(since, now, quota, most))


def share_of_time(since: datetime, now: datetime, quota: int, most: int) -> Iterator[tuple[datetime, int]]:
    """Yield times, in order, each with a number of calls: the share of a quota of a time that nobody has counted.

    The calls, `most` of them at most, are spread evenly, so that every calendar month gets its own in any zone.
    """
    start, end = month_span(now, UTC)
    since = max(since, now - LONGEST_UNKNOWN)
    hours = (now - since) // _HOUR
    total = max(0, min(round(quota * (hours * _HOUR / (end - start))), most))
    for hour in range(hours):
        if calls := total * (hour + 1) // hours - total * hour // hours:
            yield since + hour * _HOUR, calls


def _is_before_opening(counts: CallCounts, remembered: Spent) -> bool:
    return month_span(counts.opened, UTC)[0] <= remembered.at < counts.opened
