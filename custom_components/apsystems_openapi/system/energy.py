"""Today's and total energy out of successive answers; the one place where such a figure is decided.

The cloud's lifetime figure may be late, step back when it recalculates, or be nonsense for one answer. Its figure of
today is null before the first report and may still be yesterday's after midnight. So:

* `today` is the highest figure known for the current site day. At the site's midnight it becomes 0 by the clock; when
  a new day is only noticed after sunrise, what was made since is not known, and neither is today's figure. `month` and
  `year` follow the same rule.
* `anchor` is the lifetime energy at the site's last midnight: lifetime minus today, both from one summary.
* `total` never falls: it is the highest of itself, `anchor + today`, and a lifetime that came without a today.
* What exceeds the plant's power times the time is not a figure of today. Of the lifetime it is taken only when a
  second summary confirms it. A figure of today that a later summary refutes stays today's, but not in the total.
* Two wrong lifetimes in a row raise the total for good. When every summary of three days says clearly less, the owner
  may take the cloud's figure: the only way in which `total` falls.

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
_CLEARLY_LOWER = 0.5  # more than rounding, and than the lifetime may be late compared with today's figure
_LASTS = timedelta(days=3)
# Home Assistant takes a sensor that falls by 10 % or more for reset; what it compares may be rounded.
_MAY_RESET = 0.95


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What the statistics of the total energy sensor need, once, after the total was lowered by a large part."""

    at: datetime
    """When the total was lowered."""
    shown: float
    """The total before (kWh)."""
    asked_at: datetime | None = None
    """When the recorder was last asked to adjust its sums; None before."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """The plant's energy as it is known (kWh); None where it is not."""

    day: date
    """The site day that `today` belongs to."""
    today: float | None = None
    """The highest figure of the day; None while there is none."""
    summary_today: float | None = None
    """Today's figure by the newest summary, which alone is not made up of rounded parts."""
    risen_at: datetime | None = None
    """When `today` last rose."""
    anchor: float | None = None
    """The lifetime at the day's midnight."""
    total: float | None = None
    """The lifetime as it is shown."""
    month: float | None = None
    """Of the calendar month, as the cloud has it."""
    year: float | None = None
    """Of the calendar year, as the cloud has it."""
    doubted: float | None = None
    """A lifetime that is too high to be taken from one summary alone."""
    summary_at: datetime | None = None
    """When the newest summary with a lifetime was fetched."""
    lower_since: date | None = None
    """The site day since which every summary has been clearly lower than `total`; None when the newest is not."""
    lower_on: date | None = None
    """The site day of the newest summary that was lower."""

    @property
    def lower_total(self) -> float | None:
        """The total by the cloud, when it has been clearly lower than `total` for three days; else None."""
        lower = _anchored(self)
        if lower is None or self.total is None or self.lower_since is None or self.lower_on is None:
            return None
        return lower if self.lower_on - self.lower_since >= _LASTS and lower < self.total else None

    @property
    def wants_summary(self) -> bool:
        """Whether one more summary would settle something: no anchor yet, or a jump to be confirmed."""
        return self.anchor is None or self.doubted is not None

    def lacks_summary(self, since: datetime) -> bool:
        """Return whether there was no summary since a time, such as the evening before."""
        return self.summary_at is None or self.summary_at < since


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When an answer was fetched, and the bounds within which its figures must lie."""

    at: datetime
    midnight: datetime
    """The start of the site day, in the site's zone."""
    sunrise: datetime | None
    """None in polar night."""
    sunset: datetime | None = None
    """None in polar night."""
    settled: datetime | None = None
    """From when on the cloud's `today` is sure to be this day's; None: from sunrise on."""
    last: datetime
    """Until when the cloud's `today` is sure to be this day's."""
    built: datetime | None = None
    """When the plant began; None where not known."""
    power_limit_kw: float | None = None
    """A power that the plant surely stays below; None where not known."""

    @property
    def day(self) -> date:
        """The site day."""
        return self.midnight.date()

    @property
    def before_sunrise(self) -> bool:
        """Whether the plant can have made nothing yet on this site day."""
        return self.sunrise is None or self.at < self.sunrise

    @property
    def is_daylight(self) -> bool:
        """Whether the sun is up."""
        return self.sunrise is not None and self.sunset is not None and self.sunrise <= self.at < self.sunset

    @property
    def is_after_sunset(self) -> bool:
        """Whether the day has brought all that it will."""
        return self.sunset is not None and self.at >= self.sunset

    @property
    def by_day(self) -> bool:
        """Whether the cloud's `today` is sure to be this site day's."""
        since = self.settled or self.sunrise
        return since is not None and since <= self.at <= self.last

    def most_since(self, time: datetime) -> float:
        """Return the energy that the plant can have made at most since a time; infinite where its power is unknown."""
        if self.power_limit_kw is None:
            return float("inf")
        return self.power_limit_kw * ((max(self.at - time, timedelta()) + _SLACK) / _HOUR)


def power_limit_kw(capacity_kw: float | None, inverters: int) -> float | None:
    """Return a power that the plant surely stays below; capacities are typed by people, so generously."""
    return max(1.5 * (capacity_kw or 0), 2.5 * inverters) or None


def at_day(energy: Energy, day: date, *, before_sunrise: bool) -> Energy:
    """Move on to a site day, once and only forward.

    A stored day that lies more than one ahead comes from a clock that was wrong. It is given up, and with it the
    anchor, which includes energy of the day that begins again.
    """
    if day == energy.day or timedelta() < energy.day - day <= timedelta(days=1):
        return energy
    forward = day > energy.day
    fresh = 0.0 if before_sunrise and forward else None
    same_year = day.year == energy.day.year
    same_month = same_year and day.month == energy.day.month
    return replace(
        energy,
        day=day,
        today=fresh,
        summary_today=None,
        risen_at=None,
        anchor=_anchored(energy) if forward else None,
        month=energy.month if same_month else fresh if day.day == 1 else None,
        year=energy.year if same_year else fresh if (day.month, day.day) == (1, 1) else None,
    )


def with_hours(energy: Energy, day: date, hours: Series, reading: Reading) -> Energy:
    """Take the hourly series of a day; the running hour is still 0 in it (`api.md` §3)."""
    known = [hour for hour in hours if hour is not None]
    return with_today(energy, day, sum(known) if known else None, reading)


def with_today(energy: Energy, day: date, kwh: float | None, reading: Reading) -> Energy:
    """Take a figure of a day's energy that was asked for by its date."""
    if kwh is None or day != energy.day or not _is_possible(energy, kwh, reading):
        return energy
    return _with_total(_raised(energy, kwh, reading))


def with_summary(energy: Energy, summary: Summary, reading: Reading) -> Energy:
    """Take a summary; one that has more energy of today than of the lifetime contradicts itself."""
    lifetime, today = _lifetime(summary, reading), _today(energy, summary, reading)
    if summary.today is not None and lifetime is not None and summary.today > lifetime + _ROUNDING:
        return energy
    if today is not None:
        energy = replace(_raised(energy, today, reading), summary_today=today)
    if lifetime is None:
        return _with_total(_with_periods(energy, summary, reading))
    if _is_jump(energy, lifetime, reading):
        return _with_total(replace(energy, doubted=lifetime))
    energy = replace(_with_periods(energy, summary, reading), doubted=None, summary_at=reading.at)
    return _with_lifetime(energy, lifetime, today, reading)


def with_lower_total(energy: Energy, now: datetime) -> tuple[Energy, Adjustment | None]:
    """Take `lower_total`, where there is one; also return what the sensor's statistics need after it."""
    lower, shown = energy.lower_total, energy.total
    if lower is None or shown is None:
        return energy, None
    adjustment = Adjustment(at=now, shown=shown) if lower < _MAY_RESET * shown else None
    return replace(energy, total=lower, lower_since=None, lower_on=None), adjustment


def _lifetime(summary: Summary, reading: Reading) -> float | None:
    """Return the lifetime of a summary; None also for 0 of a plant that has run for days: it has made something."""
    may_be_none = reading.settled is not None  # a flow of a house, such as export, may always be 0
    has_run = not may_be_none and reading.built is not None and reading.at - reading.built > _FIRST_DAYS
    return None if summary.lifetime == 0 and has_run else summary.lifetime


def _today(energy: Energy, summary: Summary, reading: Reading) -> float | None:
    """Return today's figure of a summary; None where it may be another day's or cannot be."""
    is_of_the_day = reading.by_day and reading.day == energy.day
    if summary.today is None or not is_of_the_day or not _is_possible(energy, summary.today, reading):
        return None
    return summary.today


def _with_lifetime(energy: Energy, lifetime: float, today: float | None, reading: Reading) -> Energy:
    """Take a lifetime, with today's figure of the same summary where that is known."""
    if today is not None:
        return _compared(_with_total(replace(energy, anchor=_anchor(energy, lifetime, today, reading))), reading.day)
    if energy.anchor is None and reading.sunrise is not None and reading.at < reading.sunrise:
        return _with_total(replace(energy, anchor=lifetime))
    energy = _with_total(energy, lifetime)
    return energy if _is_clearly_lower(lifetime, energy) else replace(energy, lower_since=None, lower_on=None)


def _compared(energy: Energy, day: date) -> Energy:
    """Note whether the summary of a day, which the anchor is of, is clearly lower; today's part is in both figures."""
    lower = _anchored(energy)
    if lower is None or not _is_clearly_lower(lower, energy):
        return replace(energy, lower_since=None, lower_on=None)
    return replace(energy, lower_since=min(energy.lower_since or day, day), lower_on=day)


def _is_clearly_lower(lifetime: float, energy: Energy) -> bool:
    return (energy.total or 0.0) - lifetime > _CLEARLY_LOWER


def _anchor(energy: Energy, lifetime: float, today: float, reading: Reading) -> float:
    """Return the lifetime energy at midnight by one summary."""
    known = energy.today or 0.0
    if known - today > reading.most_since(reading.at):
        today = known
    return round(max(lifetime - today, 0.0), 3)


def _is_possible(energy: Energy, today: float, reading: Reading) -> bool:
    """Return whether the plant can have brought today's energy up to a figure since it last rose."""
    since = energy.risen_at
    if since is None or not reading.midnight <= since <= reading.at:
        since = reading.sunrise or reading.midnight
    return today - (energy.today or 0.0) <= reading.most_since(since)


def _raised(energy: Energy, kwh: float, reading: Reading) -> Energy:
    known, kwh = energy.today or 0.0, round(kwh, 3)
    return replace(energy, today=max(kwh, known), risen_at=reading.at if kwh > known else energy.risen_at)


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
    """Return whether a lifetime is beyond what can be and is not confirmed by the summary before."""
    since = energy.summary_at or reading.built
    if since is None:
        return False
    room = reading.most_since(since)
    confirmed = energy.doubted is not None and 0 <= lifetime - energy.doubted <= room
    return lifetime - (energy.total or 0) > room and not confirmed


def _with_total(energy: Energy, candidate: float | None = None) -> Energy:
    """Raise the total to the highest known figure."""
    known = (energy.total, _anchored(energy), candidate)
    return replace(energy, total=max((kwh for kwh in known if kwh is not None), default=None))


def _anchored(energy: Energy) -> float | None:
    """Return the lifetime by the anchor and today's energy."""
    return None if energy.anchor is None else round(energy.anchor + (energy.today or 0), 3)
