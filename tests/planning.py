"""Days of plans carried out without Home Assistant, and how fresh what they show is."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import fmean
from zoneinfo import ZoneInfo

from custom_components.apsystems_openapi.schedule.automatic import plan
from custom_components.apsystems_openapi.schedule.calls import Kind, Options, Plant, Slot
from custom_components.apsystems_openapi.schedule.quota import Book
from custom_components.apsystems_openapi.schedule.sun import Site, sun_elevation

CHINA = ZoneInfo("Asia/Shanghai")
LONDON = Site(latitude=51.5, longitude=-0.13, zone=ZoneInfo("Europe/London"))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
READS = {Kind.SUMMARY, Kind.ECU_DAY}
LAG = timedelta(minutes=15)


def site_at(latitude: float, longitude: float = 0.0, zone: str = "UTC") -> Site:
    """Return a site."""
    return Site(latitude=latitude, longitude=longitude, zone=ZoneInfo(zone))


def plant_of(inverters: int, ecus: int = 1) -> Plant:
    """Return a plant of so many inverters."""
    return Plant(ecus=tuple(f"E{n}" for n in range(ecus)), inverters=tuple(f"I{n}" for n in range(inverters)))


def days_from(first: date, number: int) -> list[date]:
    """Return so many days."""
    return [first + timedelta(days=n) for n in range(number)]


@dataclass
class Run:
    """A book, and the plans of day after day carried out with it."""

    site: Site
    plant: Plant
    options: Options = field(default_factory=Options)
    book: Book = field(default_factory=lambda: Book(opened=LONG_AGO))
    made: list[Slot] = field(default_factory=list)

    @property
    def zones(self) -> tuple[tzinfo, ...]:
        """Return the zones in which the vendor may count."""
        return (UTC, CHINA, self.site.zone)

    def plan(self, day: date, share: float = 1) -> tuple[Slot, ...]:
        """Return a day's plan as it was at its midnight."""
        midnight = self.site.midnight(day).astimezone(UTC)
        accounts = self.book.accounts(midnight, self.zones, self.options.monthly_quota, share)
        return plan(day, self.site, self.plant, accounts, self.options)

    def call(self, slot: Slot) -> bool:
        """Book a call and make it, if the last look into the book allows."""
        if not self.book.room(slot.at, self.zones, self.options.monthly_quota):
            return False
        self.book.add(slot.at)
        self.made.append(slot)
        return True

    def live(self, days: list[date]) -> Run:
        """Carry out the plans of days."""
        for day in days:
            slots = self.plan(day)
            is_plenty = slots and self.book.room(slots[0].at, self.zones, self.options.monthly_quota) >= len(slots)
            for slot in slots:
                if is_plenty:
                    self.book.add(slot.at)
                    self.made.append(slot)
                else:
                    self.call(slot)
        return self


def per_month(moments: Iterator[datetime] | list[datetime], zone: tzinfo) -> Counter[str]:
    """Count by calendar month of a zone."""
    return Counter(f"{moment.astimezone(zone):%Y-%m}" for moment in moments)


def assert_within(run: Run, quota: int) -> None:
    """Check that no month of any zone has more calls than the quota."""
    for zone in run.zones:
        for month, calls in per_month([slot.at for slot in run.made], zone).items():
            assert calls <= quota, (month, zone, calls)


def ages(
    site: Site, days: list[date], slots: list[Slot], works: Callable[[Slot], bool] = lambda _: True
) -> tuple[float, float]:
    """Return the mean ages in minutes of today's energy and of the current power, every 10 minutes of sun above 5°.

    The cloud has samples of every five minutes, 15 minutes later. Before the first read of a day what is shown is as
    old as the day's sun.
    """
    energy: dict[str, list[tuple[datetime, datetime]]] = {"energy": [], "power": []}
    for slot in sorted(slots):
        if slot.call.kind not in READS or not works(slot):
            continue
        newest = slot.at - LAG
        newest -= timedelta(minutes=newest.minute % 5, seconds=newest.second, microseconds=newest.microsecond)
        energy["energy"].append((slot.at, newest))
        if slot.call.kind is Kind.ECU_DAY:
            energy["power"].append((slot.at, newest))
    found: dict[str, list[float]] = {"energy": [], "power": []}
    for day in days:
        looks = [site.midnight(day).astimezone(UTC) + timedelta(minutes=n * 10) for n in range(144)]
        risen = next(
            (m for n in range(24 * 60) if sun_elevation(site, m := looks[0] + timedelta(minutes=n)) > -0.8),
            looks[0],
        )
        for look in looks:
            if sun_elevation(site, look) <= 5:
                continue
            for name, known in energy.items():
                n = bisect_right([at for at, _ in known], look)
                shown = known[n - 1][1] if n else risen
                found[name].append((look - max(shown, risen)) / timedelta(minutes=1))
    return fmean(found["energy"]), fmean(found["power"] or [0])


def clock(site: Site, day: date, text: str) -> datetime:
    """Return a moment of a day by the site's clock, in UTC."""
    return site.at(day, time.fromisoformat(text)).astimezone(UTC)
