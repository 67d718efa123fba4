"""What was spent when: the arithmetic of an App ID's calls over calendar months. No clock, no Home Assistant.

The vendor counts calls by calendar month and does not say in which zone (`api.md` §5). So three months run side by
side, of UTC, of China, where the vendor sits, and of the site, and the quota holds in each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Final

CHINA: Final = timezone(timedelta(hours=8), "China")
_QUARTER_S: Final = 900  # every zone's midnight falls on a quarter of an hour
_QUARTERS_A_DAY: Final = 96
_DAYS_KEPT: Final = 40


@dataclass(frozen=True, kw_only=True)
class Account:
    """A running month of one zone: until when it runs, the calls that a month has, and those that it has left."""

    end: datetime
    size: float
    left: float


@dataclass(kw_only=True)
class Book:
    """Calls by quarter of an hour since the epoch.

    What was called in the month before the book was `opened` is in nobody's book; it is taken to be the month's share
    of the quota that was over then, and at least `carried`, which somebody else may have remembered. Most of the
    reserve is kept out of that, so that a first set-up works on the last day of a month.
    """

    opened: datetime
    carried: int = 0
    spent: dict[int, int] = field(default_factory=dict)

    def add(self, now: datetime) -> None:
        """Book a call."""
        self.tidy(now)
        self.spent[_quarter(now)] = self.spent.get(_quarter(now), 0) + 1

    def tidy(self, now: datetime) -> bool:
        """Drop what no month needs, once a day, and tell whether the book has changed.

        What a clock has booked that ran ahead by more than a day counts as of now. It is the days with calls that are
        kept, whatever their age, so that such a clock wipes out nothing.
        """
        tomorrow = now + timedelta(days=1)
        newest = next(reversed(self.spent), 0)
        if newest // _QUARTERS_A_DAY == _quarter(now) // _QUARTERS_A_DAY and self.opened <= tomorrow:
            return False
        former = self.spent
        self.spent = {quarter: calls for quarter, calls in former.items() if quarter <= _quarter(tomorrow)}
        if ahead := sum(former.values()) - sum(self.spent.values()):
            self.spent[_quarter(now)] = self.spent.get(_quarter(now), 0) + ahead
        days = sorted({quarter // _QUARTERS_A_DAY for quarter in self.spent})[-_DAYS_KEPT:]
        self.spent = {q: calls for q, calls in self.spent.items() if q // _QUARTERS_A_DAY >= days[0]}
        is_opened_ahead = self.opened > tomorrow
        if is_opened_ahead:
            self.opened = now
        return is_opened_ahead or self.spent != former

    def used(self, now: datetime, zone: tzinfo, quota: int, *, until: datetime | None = None) -> int:
        """Return the calls of a zone's running month; calls of a clock that ran ahead count as well."""
        start, end = month(now, zone)
        first, last = _quarter(start), None if until is None else _quarter(until)
        booked = sum(n for quarter, n in self.spent.items() if quarter >= first and (last is None or quarter < last))
        if not start < self.opened < end:
            return booked
        over = round(quota * ((self.opened - start) / (end - start)))
        return booked + max(self.carried, min(over, limit(quota) - max(0, reserve(quota) - 2)))

    def accounts(self, midnight: datetime, zones: Iterable[tzinfo], quota: int, share: float) -> tuple[Account, ...]:
        """Return the accounts as they stood at a local midnight; `share` is one system's part of what is left."""
        return tuple(
            Account(
                end=month(midnight, zone)[1],
                size=limit(quota) * share,
                left=max(0, limit(quota) - self.used(midnight, zone, quota, until=midnight)) * share,
            )
            for zone in zones
        )

    def room(self, now: datetime, zones: Iterable[tzinfo], quota: int) -> int:
        """Return how many calls may be made now, in whichever month the vendor counts."""
        return max(0, min(limit(quota) - self.used(now, zone, quota) for zone in zones))


def reserve(quota: int) -> int:
    """Return the few calls of a quota that are left for what nobody counted."""
    return min(10, quota // 50)


def limit(quota: int) -> int:
    """Return what is spent of a quota at most."""
    return quota - reserve(quota)


def month(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of the running month of a zone and of the next, in UTC."""
    first = now.astimezone(zone).date().replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return (
        datetime.combine(first, time(), zone).astimezone(UTC),
        datetime.combine(after, time(), zone).astimezone(UTC),
    )


def shares(needs: Mapping[str, float]) -> dict[str, float]:
    """Return the part of what is left that each system of an App ID gets, by what its plant needs."""
    total = sum(needs.values())
    return {sid: need / total for sid, need in needs.items()} if total else {}


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // _QUARTER_S
