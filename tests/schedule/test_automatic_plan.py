"""A day's automatic plan: which calls, when, and never more than the quota, whatever happens."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
import pytest
from schedule.automatic import plan
from schedule.calls import Kind, Plant, Purpose, Slot
from schedule.options import Options
from schedule.quota import Budget, CallCounts, MonthBudget, shares
from schedule.sun import Site, daylight, solar_day, sun_elevation

from tests.plan_runner import (
    CHINA,
    LONDON,
    LONG_AGO,
    PlanRunner,
    assert_within,
    at_clock,
    days_from,
    per_month,
    plant_of,
    site_at,
)

JUNE = date(2026, 6, 15)
NORTH = site_at(65.0, 25.5, "Europe/Helsinki")


def kinds(slots: tuple[Slot, ...] | list[Slot]) -> Counter[Kind]:
    """Count by kind."""
    return Counter(slot.call.kind for slot in slots)


# Duties


@pytest.mark.parametrize("ecus", [1, 2, 3])
@pytest.mark.parametrize("inverters", [1, 6, 26, 120, 500])
def test_every_day_has_its_summary_and_its_panels(inverters: int, ecus: int) -> None:
    """The summary at the end of the solar hours, the power of every ECU's panels by batch."""
    runner = PlanRunner(LONDON, plant_of(inverters, ecus))
    for day in days_from(date(2026, 6, 1), 30):
        slots = runner.plan(day)
        hours = solar_day(LONDON, day, runner.options).hours
        assert hours is not None
        closing = [slot for slot in slots if slot.at == hours.end and slot.call.kind is Kind.SUMMARY]
        assert len(closing) == 1
        assert closing[0].purpose is Purpose.DUTY
        panels = {s.call.target for s in slots if s.call.kind is Kind.BATCH_POWER and s.at == hours.end}
        assert panels == set(runner.plant.ecus)
        for slot in slots:
            runner.call(slot)


@pytest.mark.parametrize(("inverters", "ecus"), [(1, 1), (6, 1), (26, 1), (12, 3), (60, 2), (120, 3), (500, 1)])
def test_telemetry_takes_at_most_a_quarter_of_a_day_and_reaches_each_inverter_in_rotation(
    inverters: int, ecus: int
) -> None:
    """Inverter i is asked on days whose number leaves the same rest, divided by the length of the rotation."""
    runner = PlanRunner(LONDON, plant_of(inverters, ecus))
    days = days_from(date(2026, 6, 1), 30) + days_from(date(2026, 7, 1), 31)
    asked: dict[str, list[date]] = {uid: [] for uid in runner.plant.inverters}
    most = 0
    for day in days:
        slots = runner.plan(day)
        telemetry = [slot for slot in slots if slot.call.kind is Kind.TELEMETRY]
        assert all(slot.at == at_clock(LONDON, day, "12:30") for slot in telemetry)
        assert all(slot.purpose is Purpose.DUTY for slot in telemetry)
        assert len(telemetry) <= max(1, len(slots) / 4)
        most = max(most, len(telemetry))
        numbers = sorted(int(slot.call.target[1:]) for slot in telemetry)
        for cycle in {b - a for a, b in pairwise(numbers)}:
            assert {number % cycle for number in numbers} == {day.toordinal() % cycle}
        for slot in telemetry:
            asked[slot.call.target].append(day)
        for slot in slots:
            runner.call(slot)
    cycle = -(-inverters // most)
    if cycle < len(days) / 2:
        for uid, dates in asked.items():
            gaps = [(b - a).days for a, b in pairwise([days[0] - timedelta(days=1), *dates])]
            assert max(gaps) <= cycle + 1, uid


@pytest.mark.parametrize("site", [LONDON, NORTH, site_at(-34), site_at(21.3, -157.9, "Pacific/Honolulu")])
@pytest.mark.parametrize("month", [3, 6, 12])
def test_the_hours_are_read_once_the_last_has_closed(site: Site, month: int) -> None:
    """In the far north that is after midnight, and about yesterday."""
    runner = PlanRunner(site, plant_of(6))
    asked = []
    for day in days_from(date(2026, month, 5), 6):
        for slot in runner.plan(day):
            runner.call(slot)
            if slot.call.kind is Kind.HOURLY:
                sun_up = daylight(site, slot.day)
                assert sun_up is not None
                local = slot.at.astimezone(site.zone)
                assert local.date() == day
                last = sun_up.end - timedelta(microseconds=1)
                closed = last.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + timedelta(hours=1)
                assert timedelta(minutes=10) <= slot.at - closed <= timedelta(minutes=80)
                asked.append(slot.day)
    assert asked == sorted(set(asked))
    assert len(asked) >= 5


def test_in_the_dark_only_the_calls_that_close_the_day_are_made() -> None:
    """Reads are made by daylight, just after a full five minutes."""
    runner = PlanRunner(LONDON, plant_of(12, 3))
    for day in days_from(date(2026, 12, 1), 31):
        sun_up = daylight(LONDON, day)
        assert sun_up is not None
        for slot in runner.plan(day):
            runner.call(slot)
            if slot.purpose is Purpose.READ:
                assert sun_up.start <= slot.at <= sun_up.end + timedelta(minutes=6)
                assert slot.at.minute % 5 == 0
                assert slot.at.second == 30


@pytest.mark.parametrize(("inverters", "ecus"), [(6, 1), (12, 3)])
@pytest.mark.parametrize("site", [LONDON, site_at(0), site_at(-34), site_at(45)])
def test_reads_are_at_least_five_minutes_and_at_most_two_hours_apart(site: Site, inverters: int, ecus: int) -> None:
    """From the first to the last of a day."""
    runner = PlanRunner(site, plant_of(inverters, ecus))
    for day in [*days_from(date(2026, 6, 1), 30), *days_from(date(2026, 12, 1), 31)]:
        slots = runner.plan(day)
        for slot in slots:
            runner.call(slot)
        reads = sorted({s.at for s in slots if s.purpose is Purpose.READ and s.call.kind is not Kind.BATCH_POWER})
        assert all(timedelta(minutes=5) <= b - a <= timedelta(hours=2) for a, b in pairwise(reads)), day


# Quotas


@pytest.mark.parametrize(
    ("quota", "inverters", "ecus"), [(100_000, 6, 1), (1_000_000, 26, 3), (100_000, 12, 3), (20_000, 6, 1)]
)
def test_a_paid_quota_reads_every_five_minutes_and_never_faster(quota: int, inverters: int, ecus: int) -> None:
    """With several ECUs every read is a round of all; duties are as with any quota."""
    runner = PlanRunner(LONDON, plant_of(inverters, ecus), Options(monthly_quota=quota))
    hours = solar_day(LONDON, JUNE, runner.options).hours
    assert hours is not None
    slots = runner.plan(JUNE)
    for eid in runner.plant.ecus:
        times = [slot.at for slot in slots if slot.call.target == eid and slot.call.kind is Kind.ECU_DAY]
        assert {b - a for a, b in pairwise(times)} == {timedelta(minutes=5)}
        assert times[0] - hours.start <= timedelta(minutes=6)
        assert hours.end - times[-1] <= timedelta(minutes=6)
    for uid in runner.plant.inverters:
        times = sorted(slot.at for slot in slots if slot.call.target == uid)
        assert max(b - a for a, b in pairwise(times)) <= timedelta(minutes=85)  # no measurement expires by day
    assert kinds(slots)[Kind.SUMMARY] == 1
    assert kinds(slots)[Kind.BATCH_POWER] <= 4 * ecus
    assert all(slot.at < slot.until for slot in slots)


@pytest.mark.parametrize(
    ("quota", "daily"),
    [
        (0, {}),
        (30, {Kind.SUMMARY: 1}),
        (100, {Kind.SUMMARY: 1, Kind.BATCH_POWER: 1}),
        (200, {Kind.SUMMARY: 1, Kind.BATCH_POWER: 1, Kind.HOURLY: 0.5, Kind.BATCH_ENERGY: 0.5}),
        (400, {Kind.SUMMARY: 1, Kind.BATCH_POWER: 1, Kind.HOURLY: 0.5, Kind.BATCH_ENERGY: 0.5, Kind.TELEMETRY: 1}),
    ],
)
def test_few_calls_leave_the_later_duties_out(quota: int, daily: dict[Kind, float]) -> None:
    """A summary a day, then the panels, then hours and energies; reads take the rest."""
    runner = PlanRunner(LONDON, plant_of(6), Options(monthly_quota=quota)).run(days_from(date(2026, 6, 1), 30))
    made = kinds([slot for slot in runner.made if slot.purpose is not Purpose.READ])
    for kind in (Kind.SUMMARY, Kind.BATCH_POWER, Kind.HOURLY, Kind.BATCH_ENERGY, Kind.TELEMETRY):
        assert made[kind] >= 30 * daily.get(kind, 0), kind
    assert bool(runner.made) == bool(quota)
    assert_within(runner, quota)
    assert len(runner.made) >= 0.9 * quota - 10


@pytest.mark.parametrize("quota", [1, 5, 10, 20])
def test_a_tiny_quota_is_not_exceeded(quota: int) -> None:
    """Less than a summary a day."""
    runner = PlanRunner(LONDON, plant_of(6), Options(monthly_quota=quota)).run(days_from(date(2026, 5, 1), 92))
    assert_within(runner, quota)
    assert set(kinds(runner.made)) == {Kind.SUMMARY}
    months = per_month([slot.at for slot in runner.made], LONDON.zone)
    assert all(calls >= quota - 1 for calls in months.values())


# Odd plants and suns


def test_a_plant_without_inverters_reads_its_summaries() -> None:
    """There is nothing else to ask for."""
    assert set(kinds(PlanRunner(LONDON, Plant()).plan(JUNE))) == {Kind.SUMMARY, Kind.HOURLY}


def test_where_the_cloud_refuses_an_ecus_series_summaries_are_read() -> None:
    """As many as there would be reads."""
    for ecus in (1, 3):
        plant = plant_of(6, ecus)
        refused = replace(plant, ecu_days=False)
        slots = PlanRunner(LONDON, refused).plan(JUNE)
        assert not kinds(slots)[Kind.ECU_DAY]
        assert kinds(slots)[Kind.SUMMARY] >= kinds(PlanRunner(LONDON, plant).plan(JUNE))[Kind.SUMMARY] + 4


def test_in_polar_night_there_is_one_summary_at_noon() -> None:
    """Two months long; nothing is saved for a burst when the sun is back."""
    site = site_at(72.0, 25.5, "Europe/Oslo")
    runner = PlanRunner(site, plant_of(6, 2))
    for day in days_from(date(2026, 11, 25), 50):
        slots = runner.plan(day)
        assert [(slot.call.kind, slot.at) for slot in slots] == [(Kind.SUMMARY, at_clock(site, day, "12:00"))]
        runner.made += slots
    spring = PlanRunner(site, plant_of(6, 2)).run(days_from(date(2026, 1, 1), 90))
    assert_within(spring, 1000)
    reads = [slot.at for slot in spring.made if slot.purpose is Purpose.READ and slot.call.kind is Kind.SUMMARY]
    assert all(b - a >= timedelta(minutes=5) for a, b in pairwise(reads))


def test_under_the_midnight_sun_every_day_has_its_summary_and_its_hours() -> None:
    """The day closes before midnight, the hours after it."""
    site = site_at(70.0, 25.5, "Europe/Oslo")
    runner = PlanRunner(site, plant_of(6)).run(days_from(date(2026, 6, 1), 30))
    assert_within(runner, 1000)
    closing = {slot.day for slot in runner.made if slot.call.kind is Kind.SUMMARY and slot.purpose is not Purpose.READ}
    assert closing == set(days_from(date(2026, 6, 1), 30))
    assert kinds(runner.made)[Kind.HOURLY] >= 29
    assert len(runner.made) > 930


@given(
    st.integers(-89, 89),
    st.sampled_from(
        ["UTC", "Asia/Kolkata", "Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"]
    ),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 500),
    st.integers(0, 5),
    st.sampled_from([0, 1, 30, 100, 1000, 100_000, 1_000_000]),
    st.tuples(st.integers(0, 120), st.integers(0, 120)),
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.floats(0, 1),
    st.integers(0, 1200),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_day_of_any_plant_has_a_plan(
    latitude: int,
    zone: str,
    day: date,
    inverters: int,
    ecus: int,
    quota: int,
    offsets: tuple[int, int],
    flags: tuple[bool, bool, bool, bool],
    share: float,
    spent: int,
) -> None:
    """In order, within its day, never more than the calls that are left; the same again when planned again."""
    automatic, live, refused, backlog = flags
    plant = replace(plant_of(inverters if ecus else 0, ecus), ecu_days=not refused, backlog=backlog)
    site = site_at(latitude, zone=zone)
    options = Options(
        automatic=automatic,
        live_power=live,
        monthly_quota=quota,
        sunrise_offset=timedelta(minutes=offsets[0]),
        sunset_offset=timedelta(minutes=offsets[1]),
    )
    midnight = site.midnight(day).astimezone(UTC)
    counts = CallCounts(opened=midnight - timedelta(days=60))
    for _ in range(spent):
        counts.add(max(midnight - timedelta(minutes=30), midnight.replace(day=1, hour=0)))
    budget = counts.budget(midnight, (UTC, CHINA, site.zone), quota, share)
    slots = plan(day, site, plant, budget, options)
    assert slots == plan(day, site, plant, budget, options)
    assert list(slots) == sorted(slots)
    for slot in slots:
        assert midnight <= slot.at < site.midnight(day + timedelta(days=2)).astimezone(UTC)
        assert slot.at < slot.until
        assert slot.day in (day, day - timedelta(days=1))
    lasting = [month.left for month in budget.months if month.end >= site.midnight(day + timedelta(days=1))]
    if automatic and live:
        assert len(slots) <= max(1, min(lasting, default=0))


@pytest.mark.parametrize("spent", [0, 500, 900, 989])
def test_calls_that_an_outage_saved_are_spent_slowly(spent: int) -> None:
    """After an outage or a late start there are never more than twice the usual calls."""
    month = MonthBudget(end=datetime(2026, 7, 1, tzinfo=UTC), size=990, left=990 - spent)
    full = Budget(months=(replace(month, left=990),))
    usual = len(plan(date(2026, 6, 1), LONDON, plant_of(6), full, Options()))
    for day in (10, 20, 28, 30):
        slots = plan(date(2026, 6, day), LONDON, plant_of(6), Budget(months=(month,)), Options())
        assert len(slots) <= min(2 * usual + 1, 990 - spent)


def test_options_changed_at_noon_of_the_31st_do_not_exceed_the_month() -> None:
    """Whatever they are changed to, and back."""
    for quota in (30, 100, 1000):
        runner = PlanRunner(LONDON, plant_of(12, 3)).run(days_from(date(2026, 7, 1), 30))
        day = date(2026, 7, 31)
        noon = at_clock(LONDON, day, "12:00")
        for slot in runner.plan(day):
            if slot.at < noon:
                runner.call(slot)
        runner.options = replace(runner.options, monthly_quota=quota, sunset_offset=timedelta(minutes=120))
        for slot in runner.plan(day):
            if slot.at >= noon:
                runner.call(slot)
        runner.options = Options(automatic=False)
        for slot in runner.plan(day):
            runner.call(slot)
        assert_within(runner, 1000)


def test_two_systems_of_one_app_id_share_by_need_and_both_last_to_the_end() -> None:
    """The bigger gets more; neither is left without its summary on the last day."""
    small, big = plant_of(2, 1), plant_of(40, 3)
    parts = shares({"small": small.need, "big": big.need})
    counts = CallCounts(opened=LONG_AGO)
    runs = {
        "small": PlanRunner(LONDON, small, counts=counts),
        "big": PlanRunner(site_at(40, -105, "America/Denver"), big, counts=counts),
    }
    for day in days_from(date(2026, 6, 1), 30):
        slots = [(slot, name) for name, runner in runs.items() for slot in runner.plan(day, parts[name])]
        for slot, name in sorted(slots, key=lambda pair: pair[0].at):
            runs[name].call(slot)
    every = [slot.at for runner in runs.values() for slot in runner.made]
    for zone in (UTC, CHINA, LONDON.zone, ZoneInfo("America/Denver")):
        assert max(per_month(every, zone).values()) <= 1000
    assert len(every) > 930
    calls = {name: len(runner.made) for name, runner in runs.items()}
    assert calls["big"] / calls["small"] == pytest.approx(parts["big"] / parts["small"], rel=0.15)
    for runner in runs.values():
        days = {slot.day for slot in runner.made if slot.call.kind is Kind.SUMMARY and slot.purpose is not Purpose.READ}
        assert days == set(days_from(date(2026, 6, 1), 30))


# Whatever happens

QUOTA = 200
SITES = [
    LONDON,
    site_at(28.6, 77.2, "Asia/Kolkata"),
    site_at(1.87, -157.4, "Pacific/Kiritimati"),
    site_at(21.3, -157.9, "Pacific/Honolulu"),
    site_at(68.0, 25.5, "Europe/Helsinki"),
]
SYSTEMS = ("one", "two", "three")
SIZES = [(1, 1), (6, 1), (12, 3), (6, 1, 1), (6, 1, 1, 1), (12, 2, 2, 2)]  # inverters, ECUs, meters, batteries


class Months(RuleBasedStateMachine):
    """One App ID, up to three systems, and everything that may happen to them over months.

    Calls that reach the vendor are listed by the true time; `counts` go by Home Assistant's clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[datetime] = []
        self.counts = CallCounts(opened=LONG_AGO)
        self.clock_error = timedelta()
        self.plants: dict[str, Plant] = {}
        self.options: dict[str, Options] = {}
        self.done: dict[str, set[Slot]] = {name: set() for name in SYSTEMS}
        self.spent = 0

    @initialize(site=st.sampled_from(SITES), day=st.integers(0, 60), size=st.sampled_from(SIZES))
    def begin(self, site: Site, day: int, size: tuple[int, ...]) -> None:
        """Begin with one system."""
        self.site = site
        self.zones = (UTC, CHINA, site.zone)
        self.now = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=day)
        self.add(SYSTEMS[0], size)

    def add(self, name: str, size: tuple[int, ...]) -> None:
        """Set up a system: details, inverters, summary."""
        self.plants[name] = plant_of(*size)
        self.options[name] = Options(monthly_quota=QUOTA)
        for _ in range(3):
            self.call()

    @property
    def clock(self) -> datetime:
        """The time by Home Assistant's clock."""
        return self.now - self.clock_error

    def call(self) -> bool:
        """Count a call and send it; whether it fails does not matter."""
        self.counts.tidy(self.clock)
        if not self.counts.room(self.clock, self.zones, QUOTA):
            return False
        self.counts.add(self.clock)
        self.sent.append(self.now)
        self.spent = max(self.counts.used(self.clock, zone, QUOTA) for zone in self.zones)
        self.remembered = self.clock
        return True

    def due(self, name: str, until: datetime) -> list[Slot]:
        """Return the slots that fall due by the clock until a time."""
        part = shares({sid: plant.need for sid, plant in self.plants.items()})[name]
        slots: list[Slot] = []
        day = self.site.day(self.clock)
        while day <= self.site.day(until):
            midnight = self.site.midnight(day).astimezone(UTC)
            options = self.options[name]
            budget = self.counts.budget(midnight, self.zones, options.monthly_quota, part)
            slots += plan(day, self.site, self.plants[name], budget, options)
            day += timedelta(days=1)
        return [slot for slot in slots if self.clock <= slot.at < until]

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        """Carry out the plans, each as of its midnight."""
        end = self.now + timedelta(hours=hours)
        while self.now < end:
            tomorrow = self.site.midnight(self.site.day(self.clock) + timedelta(days=1)).astimezone(UTC)
            until = min(end - self.clock_error, tomorrow)
            slots = [(slot, name) for name in self.plants for slot in self.due(name, until)]
            for slot, name in sorted(slots, key=lambda pair: pair[0].at):
                if slot not in self.done[name]:
                    self.now = max(self.now, slot.at + self.clock_error)
                    self.call()
                    self.done[name].add(slot)
            self.now = max(self.now, until + self.clock_error)

    @rule(weeks=st.integers(1, 2))
    def weeks_pass(self, weeks: int) -> None:
        """Carry out the plans of many days."""
        self.time_passes(hours=weeks * 7 * 24)

    @rule(number=st.integers(1, 12))
    def buttons_are_pressed(self, number: int) -> None:
        """Make calls that nobody planned."""
        for _ in range(number):
            self.now += timedelta(seconds=2)
            self.call()

    @rule(hours=st.integers(1, 400))
    def home_assistant_is_off(self, hours: int) -> None:
        """No call is made."""
        self.now += timedelta(hours=hours)

    @rule()
    def reloaded(self) -> None:
        """Make the plan again: it is the same, so that no call is repeated."""
        for name in self.plants:
            until = self.clock + timedelta(hours=6)
            assert self.due(name, until) == self.due(name, until)

    @rule(
        name=st.sampled_from(SYSTEMS),
        automatic=st.booleans(),
        live=st.booleans(),
        sunrise=st.integers(0, 120),
        sunset=st.integers(0, 120),
        quota=st.sampled_from([30, 100, QUOTA]),
    )
    def options_change(self, name: str, automatic: bool, live: bool, sunrise: int, sunset: int, quota: int) -> None:
        """Change everything, to a smaller quota among others."""
        if name in self.plants:
            self.options[name] = Options(
                automatic=automatic,
                live_power=live,
                sunrise_offset=timedelta(minutes=sunrise),
                sunset_offset=timedelta(minutes=sunset),
                monthly_quota=quota,
            )

    @rule(name=st.sampled_from(SYSTEMS), size=st.sampled_from([*SIZES, (26, 2), (0, 0), (0, 0, 0, 1)]))
    def entry_is_added_or_removed(self, name: str, size: tuple[int, ...]) -> None:
        """Forget the calls that an entry has made; the counts do not."""
        if name in self.plants and len(self.plants) > 1:
            del self.plants[name], self.options[name]
            self.done[name].clear()
        else:
            self.add(name, size)

    @rule(name=st.sampled_from(SYSTEMS), agrees=st.booleans(), production=st.booleans())
    def the_meter_agrees_or_not(self, name: str, agrees: bool, production: bool) -> None:
        """Let the meter's reads count for the production; let the owner switch the production off."""
        if name in self.plants:
            plant = self.plants[name]
            self.plants[name] = replace(plant, meters_read_production=agrees, totals=plant.inverters)
            self.options[name] = replace(self.options[name], production=production)

    @precondition(lambda self: self.clock_error == timedelta() and self.sent)
    @rule()
    def ledger_is_lost(self) -> None:
        """Carry over the calls of this month that the entry remembers."""
        start = datetime(self.clock.year, self.clock.month, 1, tzinfo=UTC)
        carried = self.spent if start <= self.remembered else 0
        self.counts = CallCounts(opened=self.clock, carried=carried)

    @rule(minutes=st.integers(1, 60))
    def clock_is_set_back(self, minutes: int) -> None:
        """By up to an hour."""
        self.clock_error = timedelta(minutes=minutes)

    @rule()
    def clock_is_corrected(self) -> None:
        """Return to the true time."""
        self.clock_error = timedelta()

    @invariant()
    def never_over_the_quota(self) -> None:
        """In no month of any zone."""
        for zone in getattr(self, "zones", ()):
            for month, calls in per_month(self.sent, zone).items():
                assert calls <= QUOTA, (month, zone, calls)


TestMonths = Months.TestCase
TestMonths.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_low_sun_weighs_little_and_darkness_nothing() -> None:
    """Nearly all reads are made with the sun above five degrees."""
    reads = [slot for slot in PlanRunner(LONDON, plant_of(6)).plan(JUNE) if slot.purpose is Purpose.READ]
    high = [slot for slot in reads if sun_elevation(LONDON, slot.at) > 5]
    assert len(high) >= 0.85 * len(reads)
    assert_within(PlanRunner(LONDON, plant_of(6)).run([JUNE]), 1000)
