"""A time at a site: the site day, its midnight and its sun. Made once and passed on, so that one round has one time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from ..schedule.options import Options
from ..schedule.sun import Site, SolarDay, solar_day

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time, and where and by which options it is looked at."""

    now: datetime
    site: Site
    options: Options

    @property
    def day(self) -> date:
        """The site day."""
        return self.site.day(self.now)

    @property
    def midnight(self) -> datetime:
        """The start of the site day."""
        return self.site.midnight(self.day)

    @property
    def next_midnight(self) -> datetime:
        """The end of the site day."""
        return self.site.midnight(self.day + DAY)

    @property
    def today(self) -> SolarDay:
        """The sun of the site day."""
        return self.solar_day(self.day)

    @property
    def is_daylight(self) -> bool:
        """Whether the sun is up."""
        return self.today.daylight is not None and self.now in self.today.daylight

    @property
    def is_solar_hours(self) -> bool:
        """Whether calls are made for freshness."""
        return self.today.hours is not None and self.now in self.today.hours

    def local(self, time: datetime) -> str:
        """Return a time for people, by the site's clock."""
        return local_time(time, self.site.zone)

    def solar_day(self, day: date) -> SolarDay:
        """Return the sun of a site day."""
        return solar_day(self.site, day, self.options)


def local_time(time: datetime, zone: tzinfo) -> str:
    """Return a time for people: in a zone, to the minute."""
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M")
