"""Today's and total energy out of successive answers; the one place where such a figure is decided.

The cloud's lifetime figure may be late, step back when it recalculates, or be nonsense for one answer, and its figure
of today is null before the first report and may still be yesterday's after midnight. So:

* `today` is the highest figure known for the current site day. At the site's midnight it becomes 0 by the clock; when
  the turn is only noticed after sunrise, what has been made since is not known, and neither is today's figure. So do
  `month` and `year` at their turn.
* `anchor` is the lifetime energy at the site's last midnight: lifetime minus today, both from one summary.
* `total` never falls: it is the highest of itself, `anchor + today`, and a lifetime that came without a today.
* What exceeds the plant's power times the time is not a figure of today; of the lifetime it is taken only when a
  second summary says the same. A figure of today that a later summary refutes stays today's, but not in the total.

All energies are kWh.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ..cloud.models import Series, Summary

_HOUR = timedelta(hours=1)
# The last report that a summary lacked arrives with the next, so that a little more than the time allows can come.
_SLACK = timedelta(hours=1)
_FIRST_DAYS = timedelta(days=2)
_ROUNDING = 0.01  # today comes with six decimals, the lifetime with two


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What is known of the plant's energy; `day` is the site day that `today` belongs to, `risen_at` when that rose.

    `told` is today's figure by the newest summary, which alone is not made up of rounded parts.
    """

    day: date
    today: float | None = None
    told: float | None = None
    risen_at: datetime | None = None
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

    def lacks_summary(self, since: datetime) -> bool:
        """Whether there was no summary since a moment, such as the evening before."""
        return self.summary_at is None or self.summary_at < since


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When an answer was read, between which moments the cloud's `today` is this site day's, and the plant's limits.

    `midnight` is the site day's first moment, in the site's zone. `built` is when the plant began, `power_limit_kw`
    what it can make at most; None where not known.
    """

    at: datetime
    midnight: datetime
    sunrise: datetime | None
    last: datetime
    built: datetime | None = None
    power_limit_kw: float | None = None

    @property
    def day(self) -> date:
        """The site day."""
        return self.midnight.date()

    @property
    def before_sunrise(self) -> bool:
        """Whether the plant can have made nothing yet on this site day."""
        return self.sunrise is None or self.at < self.sunrise

    @property
    def by_day(self) -> bool:
        """Whether the cloud's `today` is sure to be this site day's."""
        return self.sunrise is not None and self.sunrise <= self.at <= self.last

    def most_since(self, moment: datetime) -> float:
        """Return the energy that the plant can have made since a moment."""
        if self.power_limit_kw is None:
            return float("inf")
        return self.power_limit_kw * ((max(self.at - moment, timedelta()) + _SLACK) / _HOUR)


def power_limit_kw(capacity_kw: float | None, inverters: int) -> float | None:
    """Return a power that the plant surely stays below; capacities are typed by people, so generously."""
    return max(1.5 * (capacity_kw or 0), 2.5 * inverters) or None


def turn(energy: Energy, day: date, *, before_sunrise: bool) -> Energy:
    """Move on to a site day, once and only forward.

    A stored day that lies more than one ahead comes from a clock that was wrong. It is given up, and with it the
    anchor, which holds energy of the day that begins again.
    """
    if day == energy.day or timedelta() < energy.day - day <= timedelta(days=1):
        return energy
    forward = day > energy.day
    anchor = energy.anchor if forward else None
    if anchor is not None:
        anchor = round(anchor + (energy.today or 0), 3)
    fresh = 0.0 if before_sunrise and forward else None
    same_year = day.year == energy.day.year
    same_month = same_year and day.month == energy.day.month
    return replace(
        energy,
        day=day,
        today=fresh,
        told=None,
        risen_at=None,
        anchor=anchor,
        month=energy.month if same_month else fresh if day.day == 1 else None,
        year=energy.year if same_year else fresh if (day.month, day.day) == (1, 1) else None,
    )


def read_hours(energy: Energy, day: date, hours: Series, reading: Reading) -> Energy:
    """Take the hourly series of a day; the running hour is still 0 in it (`api.md` §3)."""
    known = [hour for hour in hours if hour is not None]
    return read_today(energy, day, sum(known) if known else None, reading)


def read_today(energy: Energy, day: date, kwh: float | None, reading: Reading) -> Energy:
    """Take a figure of a day's energy that is asked for by its date."""
    if kwh is None or day != energy.day or not _is_possible(energy, kwh, reading):
        return energy
    return _shown(_with_today(energy, kwh, reading))


def read_summary(energy: Energy, summary: Summary, reading: Reading) -> Energy:
    """Take a summary."""
    today, lifetime = summary.today, summary.lifetime
    if lifetime == 0 and reading.built is not None and reading.at - reading.built > _FIRST_DAYS:
        lifetime = None  # a plant that has run for days has made something
    if today is not None and lifetime is not None and today > lifetime + _ROUNDING:
        return energy
    if today is not None and reading.by_day and reading.day == energy.day and _is_possible(energy, today, reading):
        energy = replace(_with_today(energy, today, reading), told=today)
    else:
        today = None
    if lifetime is None:
        return _shown(_with_periods(energy, summary, reading))
    if _is_jump(energy, lifetime, reading):
        return _shown(replace(energy, doubted=lifetime))
    energy = replace(_with_periods(energy, summary, reading), doubted=None, summary_at=reading.at)
    if today is not None:
        return _shown(replace(energy, anchor=_anchor(energy, lifetime, today, reading)))
    if energy.anchor is None and reading.sunrise is not None and reading.at < reading.sunrise:
        return _shown(replace(energy, anchor=lifetime))
    return _shown(energy, lifetime)


def _anchor(energy: Energy, lifetime: float, today: float, reading: Reading) -> float:
    """Return the lifetime energy at midnight by one summary."""
    held = energy.today or 0.0
    if held - today > reading.most_since(reading.at):
        today = held
    return round(max(lifetime - today, 0.0), 3)


def _is_possible(energy: Energy, today: float, reading: Reading) -> bool:
    """Tell whether the plant can have brought today's energy up to a figure since it last rose."""
    since = energy.risen_at
    if since is None or not reading.midnight <= since <= reading.at:
        since = reading.sunrise or reading.midnight
    return today - (energy.today or 0.0) <= reading.most_since(since)


def _with_today(energy: Energy, kwh: float, reading: Reading) -> Energy:
    held, kwh = energy.today or 0.0, round(kwh, 3)
    return replace(energy, today=max(kwh, held), risen_at=reading.at if kwh > held else energy.risen_at)


def _with_periods(energy: Energy, summary: Summary, reading: Reading) -> Energy:
    """Take month and year, except what may still be of those before."""
    if reading.day != energy.day or not (reading.by_day or energy.day.day > 1):
        return energy
    return replace(
        energy,
        month=energy.month if summary.month is None else summary.month,
        year=energy.year if summary.year is None else summary.year,
    )


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
