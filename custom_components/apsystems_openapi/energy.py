"""Today's and total energy out of successive answers; the one place where such a figure is decided.

The cloud's lifetime figure may be late, step back when it recalculates, or be nonsense for one answer, and its figure
of today is null before the first report and may still be yesterday's after midnight. So:

* `today` is the highest figure known for the current site day. At the site's midnight it becomes 0 by the clock; when
  the turn is only noticed after sunrise, what has been made since is not known, and neither is today's figure.
* `anchor` is the lifetime energy at the site's last midnight: lifetime minus today, both from one summary.
* `total` never falls: it is the highest of itself, `anchor + today`, and a lifetime that came without a today.
* What exceeds the plant's power times the time is not a figure of today; of the lifetime it is taken only when a
  second summary says the same.

All energies are kWh.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .models import Series, Summary

_HOUR = timedelta(hours=1)
# The last report that a summary lacked arrives with the next, so that a little more than the time allows can come.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What is known of the plant's energy; `day` is the site day that `today` belongs to."""

    day: date
    today: float | None = None
    anchor: float | None = None
    total: float | None = None
    month: float | None = None
    year: float | None = None
    doubted: float | None = None
    summary_at: datetime | None = None

    @property
    def wants_summary(self) -> bool:
        """Whether one more summary would settle something: no anchor yet, or a jump that waits to be confirmed."""
        return self.anchor is None or self.doubted is not None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When an answer was read, between which moments the cloud's `today` is this site day's, and the plant's limits.

    `built` is when the plant began, `power_limit_kw` what it can make at most; None where not known.
    """

    at: datetime
    midnight: datetime
    sunrise: datetime | None
    last: datetime
    built: datetime | None = None
    power_limit_kw: float | None = None

    @property
    def by_day(self) -> bool:
        """Whether the cloud's `today` is sure to be this site day's."""
        return self.sunrise is not None and self.sunrise <= self.at <= self.last

    def most_since(self, moment: datetime) -> float:
        """Return the energy that the plant can have made since a moment."""
        if self.power_limit_kw is None:
            return float("inf")
        return self.power_limit_kw * ((self.at - moment + _SLACK) / _HOUR)


def power_limit_kw(capacity_kw: float | None, inverters: int) -> float | None:
    """Return a power that the plant surely stays below; capacities are typed by people, so generously."""
    return max(1.5 * (capacity_kw or 0), 2.5 * inverters) or None


def turn(energy: Energy, day: date, *, before_sunrise: bool) -> Energy:
    """Move on to a site day, once and only forward.

    A stored day that lies more than one ahead comes from a clock that was wrong, and is given up.
    """
    if day == energy.day or timedelta() < energy.day - day <= timedelta(days=1):
        return energy
    forward = day > energy.day
    anchor = energy.anchor
    if anchor is not None and forward:
        anchor = round(anchor + (energy.today or 0), 3)
    same_year = day.year == energy.day.year
    same_month = same_year and day.month == energy.day.month
    return replace(
        energy,
        day=day,
        today=0.0 if before_sunrise and forward else None,
        anchor=anchor,
        month=energy.month if same_month or energy.month is None else 0.0,
        year=energy.year if same_year or energy.year is None else 0.0,
    )


def read_hours(energy: Energy, day: date, hours: Series, reading: Reading) -> Energy:
    """Take the hourly series of a day; the running hour is still 0 in it (`api.md` §3)."""
    known = [hour for hour in hours if hour is not None]
    return _shown(_with_today(energy, sum(known), reading)) if known and day == energy.day else energy


def read_summary(energy: Energy, summary: Summary, reading: Reading) -> Energy:
    """Take a summary."""
    today, lifetime = summary.today, summary.lifetime
    if today is not None and lifetime is not None and today > lifetime:
        return energy
    if not reading.by_day or (today or 0) > reading.most_since(reading.midnight):
        today = None
    if today is not None:
        energy = _with_today(energy, today, reading)
    if reading.by_day or energy.day.day > 1:
        energy = replace(
            energy,
            month=energy.month if summary.month is None else summary.month,
            year=energy.year if summary.year is None else summary.year,
        )
    if lifetime is None:
        return _shown(energy)
    if _is_jump(energy, lifetime, reading):
        return _shown(replace(energy, doubted=lifetime))
    energy = replace(energy, doubted=None, summary_at=reading.at)
    if today is not None:
        energy = replace(energy, anchor=round(lifetime - today, 3))
    elif energy.anchor is None and reading.sunrise is not None and reading.at < reading.sunrise:
        energy = replace(energy, anchor=lifetime)
    else:
        return _shown(energy, lifetime)
    return _shown(energy)


def _with_today(energy: Energy, kwh: float, reading: Reading) -> Energy:
    if kwh > reading.most_since(reading.midnight):
        return energy
    return replace(energy, today=max(round(kwh, 3), energy.today or 0.0))


def _is_jump(energy: Energy, lifetime: float, reading: Reading) -> bool:
    """Tell whether a lifetime lies beyond what can be and is not what the summary before said as well."""
    since = energy.summary_at or reading.built
    if since is None:
        return False
    room = reading.most_since(since)
    confirmed = energy.doubted is not None and 0 <= lifetime - energy.doubted <= room
    return lifetime - (energy.total or 0) > room and not confirmed


def _shown(energy: Energy, candidate: float | None = None) -> Energy:
    """Raise the total to the highest of what is known."""
    anchored = None if energy.anchor is None else round(energy.anchor + (energy.today or 0), 3)
    return replace(energy, total=max((e for e in (energy.total, anchored, candidate) if e is not None), default=None))
