"""The arithmetic of an App ID's calls over calendar months. No clock, no I/O.

The vendor counts calls by calendar month and does not say in which zone (`api.md` §5). So three months are counted
side by side: that of UTC, of China, where the vendor is based, and of the site. The quota applies to each.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from .sun import NOON, Site

CHINA: Final = timezone(timedelta(hours=8), "China")
NEARLY_SPENT: Final = 0.15  # of a month's calls
_LONGEST_MONTH: Final = 31
_QUARTER_S: Final = 900  # every zone's midnight falls on a quarter of an hour
_QUARTERS_A_DAY: Final = 96
_DAYS_KEPT: Final = 40


@dataclass(frozen=True, kw_only=True)
class MonthBudget:
    """Calls of a running calendar month in one zone."""

    end: datetime
    """The start of the next month."""
    size: float
    """Calls that the whole month has."""
    left: float
    """Calls that remain."""

    def days_left(self, day: date, site: Site) -> list[date]:
        """Return the site days, from one on, that the month must last for; the next month pays one it ends by noon."""
        last = site.day(self.end)
        if site.at(last, NOON) >= self.end:
            last -= timedelta(days=1)
        return [day + timedelta(days=n) for n in range(max(0, (last - day).days) + 1)]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A system's calls in each running calendar month that the vendor may count; the tightest decides."""

    months: tuple[MonthBudget, ...] = ()

    def lasting_until(self, time: datetime) -> Budget:
        """Return the budget without the months that end earlier."""
        return replace(self, months=tuple(month for month in self.months if month.end >= time))

    @property
    def left(self) -> float:
        """Calls that remain in the tightest month."""
        return min((month.left for month in self.months), default=0.0)

    @property
    def size(self) -> float:
        """Calls that the smallest month has."""
        return min((month.size for month in self.months), default=0.0)

    @property
    def steady_rate(self) -> float:
        """Calls a day at which a full month lasts to its end."""
        return self.size / _LONGEST_MONTH

    @property
    def is_nearly_spent(self) -> bool:
        """Whether little of any month is left."""
        return any(month.left < NEARLY_SPENT * month.size for month in self.months)

    def pace(self, day: date, site: Site) -> float:
        """Return how many calls a day may spend when all days left in the month spend the same."""
        return min((month.left / len(month.days_left(day, site)) for month in self.months), default=0.0)

    def part(self, day: date, site: Site, duties: float, weight: Callable[[date], float]) -> float:
        """Return a day's part, by its weight among the days left, of the calls that their duties leave."""
        parts = []
        for month in self.months:
            days = month.days_left(day, site)
            total = sum(weight(d) for d in days)
            parts.append((month.left - duties * len(days)) * weight(day) / total if total else 0.0)
        return min(parts, default=0.0)

    def spare(self, day: date, site: Site, duties: float) -> float:
        """Return what remains, in the tightest month, when every day left has spent so much on its duties."""
        return min((month.left - duties * len(month.days_left(day, site)) for month in self.months), default=0.0)

    def used(self, limit: int) -> float:
        """Return the calls that all systems have used of a limit, judged by the rest of this system's part."""
        return limit - min((month.left * limit / month.size for month in self.months if month.size), default=0.0)

    def projected(self, day: date, site: Site, daily: int, limit: int) -> float:
        """Return the calls that all systems will add until the month's end when this one makes so many a day.

        The other systems of the App ID are taken to go on as this one does, by their share.
        """
        return max(
            (len(m.days_left(day, site)) * daily * limit / m.size for m in self.months if m.size),
            default=0.0,
        )


@dataclass(kw_only=True)
class CallCounts:
    """The calls of an App ID, counted by quarter of an hour.

    Calls of the month before the counting was `opened` are not known. They are taken to be the month's share of the
    quota up to then, and at least `carried`. Most of the reserve is kept out of that, so that a first set-up works on
    the last day of a month.
    """

    opened: datetime
    """Since when calls are counted."""
    carried: int = 0
    """Calls of that month before `opened` that a system remembers."""
    spent: dict[int, int] = field(default_factory=dict)
    """Calls by quarter of an hour since the epoch, in ascending order."""

    def add(self, now: datetime, calls: int = 1) -> None:
        """Count a call, or several."""
        self.tidy(now)
        quarter = _quarter(now)
        self.spent[quarter] = self.spent.get(quarter, 0) + calls

    def tidy(self, now: datetime) -> bool:
        """Drop, once a day, what no month needs; return whether the counts have changed.

        Calls more than a day ahead were counted by a clock that was wrong; they count at `now`. The newest days with
        calls are kept, whatever their age, so that such a clock cannot wipe out the counts.
        """
        tomorrow = now + timedelta(days=1)
        newest = next(reversed(self.spent), 0)
        if newest // _QUARTERS_A_DAY == _quarter(now) // _QUARTERS_A_DAY and self.opened <= tomorrow:
            return False
        before, last = self.spent, _quarter(tomorrow)
        self.spent = {quarter: calls for quarter, calls in before.items() if quarter <= last}
        if ahead := sum(before.values()) - sum(self.spent.values()):
            self.spent[_quarter(now)] = self.spent.get(_quarter(now), 0) + ahead
        days = sorted({quarter // _QUARTERS_A_DAY for quarter in self.spent})[-_DAYS_KEPT:]
        self.spent = {q: calls for q, calls in self.spent.items() if q // _QUARTERS_A_DAY >= days[0]}
        is_opened_ahead = self.opened > tomorrow
        if is_opened_ahead:
            self.opened = now
        return is_opened_ahead or self.spent != before

    def used(self, now: datetime, zone: tzinfo, quota: int, *, until: datetime | None = None) -> int:
        """Return the calls of a zone's running month, those of a clock that is ahead included."""
        first, last = _quarter(month_span(now, zone)[0]), None if until is None else _quarter(until)
        counted = sum(n for quarter, n in self.spent.items() if quarter >= first and (last is None or quarter < last))
        return counted + self.assumed(now, zone, quota)

    def assumed(self, now: datetime, zone: tzinfo, quota: int) -> int:
        """Return how many calls of a zone's running month are taken to have been made before counting began."""
        start, end = month_span(now, zone)
        if not start < self.opened < end:
            return 0
        share = round(quota * ((self.opened - start) / (end - start)))
        return max(self.carried, min(share, limit(quota) - max(0, reserve(quota) - 2)))

    def budget(self, midnight: datetime, zones: Iterable[tzinfo], quota: int, share: float) -> Budget:
        """Return a system's budget as of a local midnight; `share` is its part of the calls that are left."""
        return self._budget(midnight, zones, quota, share, until=midnight)

    def budget_now(self, now: datetime, zones: Iterable[tzinfo], quota: int, share: float) -> Budget:
        """Return a system's budget after all calls that were made."""
        return self._budget(now, zones, quota, share, until=None)

    def _budget(
        self, at: datetime, zones: Iterable[tzinfo], quota: int, share: float, *, until: datetime | None
    ) -> Budget:
        return Budget(
            months=tuple(
                MonthBudget(
                    end=month_span(at, zone)[1],
                    size=limit(quota) * share,
                    left=max(0, limit(quota) - self.used(at, zone, quota, until=until)) * share,
                )
                for zone in zones
            )
        )

    def room(self, now: datetime, zones: Iterable[tzinfo], quota: int) -> int:
        """Return how many calls may be made now, whichever month the vendor counts."""
        return max(0, min(limit(quota) - self.used(now, zone, quota) for zone in zones))


def reserve(quota: int) -> int:
    """Return the few calls of a quota that are kept for calls that were not counted."""
    return min(10, quota // 50)


def limit(quota: int) -> int:
    """Return the calls of a quota that may be made."""
    return quota - reserve(quota)


def month_span(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the start of a zone's running month and of its next, in UTC."""
    first = now.astimezone(zone).date().replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return (
        datetime.combine(first, time(), zone).astimezone(UTC),
        datetime.combine(after, time(), zone).astimezone(UTC),
    )


def shares(needs: Mapping[str, float]) -> dict[str, float]:
    """Return each system's share of an App ID's calls, by the need of its plant."""
    total = sum(needs.values())
    return {sid: need / total for sid, need in needs.items()} if total else {}


def _quarter(time: datetime) -> int:
    return int(time.timestamp()) // _QUARTER_S
