"""Carries plans out day after day, without Home Assistant, and measures how fresh the figures are.

`schedule` has to be importable by itself: `tests/schedule/conftest.py` and `scripts/preview.py` see to it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
import random
from statistics import fmean
from zoneinfo import ZoneInfo

from schedule.automatic import plan
from schedule.calls import Kind, Plant, Slot
from schedule.house import with_totals_of
from schedule.options import Options
from schedule.quota import CallCounts
from schedule.rhythm import Observation, Rhythm, rhythm_of, with_observation
from schedule.sun import FULL_SUN, Site, SolarDay, solar_day, sun_elevation

CHINA = ZoneInfo("Asia/Shanghai")
LONDON = Site(latitude=51.5, longitude=-0.13, zone=ZoneInfo("Europe/London"))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
READS = {Kind.SUMMARY, Kind.ECU_DAY}
LAG = timedelta(minutes=15)


def site_at(latitude: float, longitude: float = 0.0, zone: str = "UTC") -> Site:
    """Return a site."""
    return Site(latitude=latitude, longitude=longitude, zone=ZoneInfo(zone))


def plant_of(inverters: int, ecus: int = 1, meters: int = 0, batteries: int = 0) -> Plant:
    """Return a plant with so many inverters, ECUs, meters and batteries."""
    return Plant(
        ecus=tuple(f"E{n}" for n in range(ecus)),
        inverters=tuple(f"I{n}" for n in range(inverters)),
        meters=tuple(f"M{n}" for n in range(meters)),
        batteries=tuple(f"B{n}" for n in range(batteries)),
    )


def days_from(first: date, number: int) -> list[date]:
    """Return so many days."""
    return [first + timedelta(days=n) for n in range(number)]


def at_clock(site: Site, day: date, text: str) -> datetime:
    """Return a time of a day by the site's clock, in UTC."""
    return site.at(day, time.fromisoformat(text)).astimezone(UTC)


@dataclass
class PlanRunner:
    """A plant whose plans are carried out, and the calls that it has made."""

    site: Site
    plant: Plant
    options: Options = field(default_factory=Options)
    counts: CallCounts = field(default_factory=lambda: CallCounts(opened=LONG_AGO))
    made: list[Slot] = field(default_factory=list)

    @property
    def zones(self) -> tuple[tzinfo, ...]:
        """The zones in which the vendor may count."""
        return (UTC, CHINA, self.site.zone)

    def plan(self, day: date, share: float = 1) -> tuple[Slot, ...]:
        """Return a day's plan as of its midnight."""
        midnight = self.site.midnight(day).astimezone(UTC)
        budget = self.counts.budget(midnight, self.zones, self.options.monthly_quota, share)
        return plan(day, self.site, self.plant, budget, self.options)

    def call(self, slot: Slot) -> bool:
        """Make a call if the quota allows; return whether it was made."""
        if not self.counts.room(slot.at, self.zones, self.options.monthly_quota):
            return False
        self.counts.add(slot.at)
        self.made.append(slot)
        return True

    def run(self, days: Iterable[date]) -> PlanRunner:
        """Carry out the plans of days, with the totals of each inverter once a month."""
        for day in days:
            self.plant = with_totals_of(self.plant, day)
            slots = self.plan(day)
            fits = slots and self.counts.room(slots[0].at, self.zones, self.options.monthly_quota) >= len(slots)
            for slot in slots:
                if fits:
                    self.counts.add(slot.at)
                    self.made.append(slot)
                else:
                    self.call(slot)
        return self


def per_month(times: Iterable[datetime], zone: tzinfo) -> Counter[str]:
    """Count times by calendar month of a zone."""
    return Counter(f"{time.astimezone(zone):%Y-%m}" for time in times)


def assert_within(runner: PlanRunner, quota: int) -> None:
    """Check that no month of any zone has more calls than the quota."""
    for zone in runner.zones:
        for month, calls in per_month([slot.at for slot in runner.made], zone).items():
            assert calls <= quota, (month, zone, calls)


def mean_ages(
    site: Site, days: list[date], slots: list[Slot], is_answered: Callable[[Slot], bool] = lambda _: True
) -> tuple[float, float]:
    """Return the mean ages in minutes of today's energy and of the current power, every 10 minutes of sun above 5°.

    The cloud has samples of every five minutes, 15 minutes later. Before the first read of a day the figures are as
    old as the day's sun.
    """
    known: dict[str, list[tuple[datetime, datetime]]] = {"energy": [], "power": []}
    for slot in sorted(slots):
        if slot.call.kind not in READS or not is_answered(slot):
            continue
        newest = slot.at - LAG
        newest -= timedelta(minutes=newest.minute % 5, seconds=newest.second, microseconds=newest.microsecond)
        known["energy"].append((slot.at, newest))
        if slot.call.kind is Kind.ECU_DAY:
            known["power"].append((slot.at, newest))
    ages: dict[str, list[float]] = {"energy": [], "power": []}
    for day in days:
        looks = [site.midnight(day).astimezone(UTC) + timedelta(minutes=n * 10) for n in range(144)]
        sunrise = next(
            (at for n in range(24 * 60) if sun_elevation(site, at := looks[0] + timedelta(minutes=n)) > -0.8),
            looks[0],
        )
        for look in looks:
            if sun_elevation(site, look) <= 5:
                continue
            for name, reads in known.items():
                n = bisect_right([at for at, _ in reads], look)
                shown = reads[n - 1][1] if n else sunrise
                ages[name].append((look - max(shown, sunrise)) / timedelta(minutes=1))
    return fmean(ages["energy"]), fmean(ages["power"] or [0])


# Uploads


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """How the samples of one ECU reach the cloud. All times are minutes; `phase` counts from midnight UTC."""

    period: int = 15
    phase: float = 0
    delay: float = 2
    """From an upload to the cloud."""
    jitter: float = 0
    """Uploads are up to so much early or late."""
    clock_error: float = 0
    """By how much the ECU's clock is ahead."""
    jump_every: int = 0
    """Days after which the phase becomes another one; 0: never."""
    failing: tuple[int, int] = (0, 0)
    """Hours of the day (UTC) between which uploads fail; the next one brings all samples."""
    failing_every: int = 1
    """Days from one on which they fail to the next."""

    def of(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the arrivals of a UTC day in order, each with the label of the newest sample."""
        phase = self.phase
        if self.jump_every:
            phase = random.Random(day.toordinal() // self.jump_every).uniform(0, self.period)
        chance = random.Random(f"{day} {self.phase}")
        start = datetime.combine(day, time(), UTC)
        arrivals = []
        for n in range(24 * 60 // self.period):
            at = start + timedelta(minutes=n * self.period + phase % self.period)
            at += timedelta(minutes=chance.uniform(-self.jitter, self.jitter))
            is_failing = self.failing[0] <= at.hour < self.failing[1] and not day.toordinal() % self.failing_every
            if not is_failing:
                clock = (at + timedelta(minutes=self.clock_error)).timestamp()
                label = datetime.fromtimestamp(clock - clock % 300, UTC) - timedelta(minutes=self.clock_error)
                arrivals.append((at + timedelta(minutes=self.delay), label))
        return sorted(arrivals)


@dataclass(frozen=True, kw_only=True)
class Continuous:
    """Samples of every five minutes that each reach the cloud so many minutes later."""

    delay: int = 15
    clock_error: float = 0

    def of(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the arrivals of a UTC day in order, each with the label of the newest sample."""
        start = datetime.combine(day, time(), UTC)
        labels = [start + timedelta(minutes=5 * n) for n in range(288)]
        return [(label + timedelta(minutes=self.delay), label) for label in labels]


type UploadPattern = Uploads | Continuous


@dataclass
class UploadRunner:
    """A plant whose ECUs upload by patterns; its plans follow the uploads as far as they have been learned."""

    runner: PlanRunner
    patterns: tuple[UploadPattern, ...]
    """One for each ECU."""
    measure: Callable[[Iterable[float]], float] = min
    """By which data of several ECUs counts: by the oldest."""
    is_following: bool = True
    observations: dict[str, tuple[Observation, ...]] = field(default_factory=dict)
    shown: list[tuple[datetime, float]] = field(default_factory=list)
    """When reads were made, and the label (seconds since the epoch) that they found."""
    slots: dict[date, tuple[Slot, ...]] = field(default_factory=dict)
    known: dict[date, tuple[Rhythm | None, ...]] = field(default_factory=dict)

    def rhythms(self, day: date) -> tuple[Rhythm | None, ...]:
        """Return the observations of each ECU at a midnight."""
        midnight = self.runner.site.midnight(day)
        return tuple(rhythm_of(self.observations.get(eid, ()), midnight) for eid in self.runner.plant.ecus)

    def run(self, days: Iterable[date]) -> UploadRunner:
        """Carry out the plans of days, learning from their reads."""
        plant = self.runner.plant
        for day in days:
            rhythms = self.rhythms(day) if self.is_following else ()
            self.known[day] = rhythms
            self.runner.plant = replace(plant, rhythms=rhythms)
            arrived = [
                sorted(arrival for d in (-1, 0, 1) for arrival in pattern.of(day + timedelta(days=d)))
                for pattern in self.patterns
            ]
            self.slots[day] = tuple(slot for slot in self.runner.plan(day) if self.runner.call(slot))
            for slot in self.slots[day]:
                if slot.call.kind in READS:
                    self._read(slot, arrived)
        self.runner.plant = plant
        return self

    def _read(self, slot: Slot, arrived: list[list[tuple[datetime, datetime]]]) -> None:
        found = []
        for eid, pattern, arrivals in zip(self.runner.plant.ecus, self.patterns, arrived, strict=True):
            newest = max((label for at, label in arrivals if at <= slot.at), default=slot.at - timedelta(days=1))
            found.append(newest.timestamp())
            if slot.call.target == eid:
                known = self.observations.get(eid, ())
                by_its_clock = newest + timedelta(minutes=pattern.clock_error)
                self.observations[eid] = with_observation(known, slot.at, by_its_clock)
        self.shown.append((slot.at, self.measure(found)))

    def mean_age(self, days: Iterable[date]) -> float:
        """Return the mean age in minutes of today's energy, every minute of sun above 5 degrees."""
        return fmean(age for day in days for _, age in self.ages(day))

    def ages(self, day: date) -> list[tuple[datetime, float]]:
        """Return a day's ages in minutes; before the first read the figure dates from sunrise."""
        sun = solar_day(self.runner.site, day, self.runner.options)
        assert sun.daylight
        sunrise = sun.daylight.start.timestamp()
        times = [at for at, _ in self.shown]
        ages = []
        for look in sunny_minutes(sun):
            position = bisect_right(times, look)
            label = max(self.shown[position - 1][1] if position else 0, sunrise)
            ages.append((look, (look.timestamp() - label) / 60))
        return ages


@cache
def sunny_minutes(sun: SolarDay) -> tuple[datetime, ...]:
    """Return the minutes of a day at which the sun is above 5 degrees."""
    start = sun.site.midnight(sun.day).astimezone(UTC)
    minutes = (start + timedelta(minutes=n) for n in range(1440))
    return tuple(at for at in minutes if sun.elevation(at) > FULL_SUN)
