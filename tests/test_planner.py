"""The plan of a day: which calls, when, and never more than the quota, whatever happens."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
import pytest

from custom_components.apsystems_openapi.schedule.automatic import plan
from custom_components.apsystems_openapi.schedule.calls import Kind, Options, Plant, Slot
from custom_components.apsystems_openapi.schedule.quota import Account, Book, shares
from custom_components.apsystems_openapi.schedule.sun import Site, daylight, solar_hours, sun_elevation
from tests.planning import CHINA, LONDON, Run, assert_within, clock, days_from, per_month, plant_of, site_at

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
    run = Run(LONDON, plant_of(inverters, ecus))
    for day in days_from(date(2026, 6, 1), 30):
        slots = run.plan(day)
        end = solar_hours(LONDON, day, timedelta(minutes=30), timedelta(minutes=30))
        assert end is not None
        closing = [slot for slot in slots if slot.at == end.end and slot.call.kind is Kind.SUMMARY]
        assert len(closing) == 1
        assert not closing[0].read
        panels = {s.call.target for s in slots if s.call.kind is Kind.BATCH_POWER and s.at == end.end}
        assert panels == set(run.plant.ecus)
        for slot in slots:
            run.call(slot)


@pytest.mark.parametrize(("inverters", "ecus"), [(1, 1), (6, 1), (26, 1), (12, 3), (60, 2), (120, 3), (500, 1)])
def test_telemetry_takes_at_most_a_quarter_of_a_day_and_each_inverter_has_its_turn(inverters: int, ecus: int) -> None:
    """By the number of the day: inverter i when it leaves the same rest as the day does."""
    run = Run(LONDON, plant_of(inverters, ecus))
    days = days_from(date(2026, 6, 1), 30) + days_from(date(2026, 7, 1), 31)
    asked: dict[str, list[date]] = {uid: [] for uid in run.plant.inverters}
    most = 0
    for day in days:
        slots = run.plan(day)
        turn = [slot for slot in slots if slot.call.kind is Kind.TELEMETRY]
        assert all(slot.at == clock(LONDON, day, "12:30") and not slot.read for slot in turn)
        assert len(turn) <= max(1, len(slots) / 4)
        most = max(most, len(turn))
        numbers = sorted(int(slot.call.target[1:]) for slot in turn)
        for cycle in {b - a for a, b in pairwise(numbers)}:
            assert {number % cycle for number in numbers} == {day.toordinal() % cycle}
        for slot in turn:
            asked[slot.call.target].append(day)
        for slot in slots:
            run.call(slot)
    cycle = -(-inverters // most)
    if cycle < len(days) / 2:
        for uid, told in asked.items():
            gaps = [(b - a).days for a, b in pairwise([days[0] - timedelta(days=1), *told])]
            assert max(gaps) <= cycle + 1, uid


@pytest.mark.parametrize("site", [LONDON, NORTH, site_at(-34), site_at(21.3, -157.9, "Pacific/Honolulu")])
@pytest.mark.parametrize("month", [3, 6, 12])
def test_the_hours_are_read_once_the_last_has_closed(site: Site, month: int) -> None:
    """In the far north that is after midnight, and about yesterday."""
    run = Run(site, plant_of(6))
    asked = []
    for day in days_from(date(2026, month, 5), 6):
        for slot in run.plan(day):
            run.call(slot)
            if slot.call.kind is Kind.HOURLY:
                light = daylight(site, slot.day)
                assert light is not None
                local = slot.at.astimezone(site.zone)
                assert local.date() == day
                last = light.end - timedelta(microseconds=1)
                closed = last.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + timedelta(hours=1)
                assert timedelta(minutes=10) <= slot.at - closed <= timedelta(minutes=80)
                asked.append(slot.day)
    assert asked == sorted(set(asked))
    assert len(asked) >= 5


def test_nothing_is_read_in_the_dark_but_what_closes_the_day() -> None:
    """Reads come with the sun, the first when there is something to read."""
    run = Run(LONDON, plant_of(12, 3))
    for day in days_from(date(2026, 12, 1), 31):
        light = daylight(LONDON, day)
        assert light is not None
        for slot in run.plan(day):
            run.call(slot)
            if slot.read:
                assert light.start <= slot.at <= light.end + timedelta(minutes=6)
                assert slot.at.minute % 5 == 0
                assert slot.at.second == 30


@pytest.mark.parametrize(("inverters", "ecus"), [(6, 1), (12, 3)])
@pytest.mark.parametrize("site", [LONDON, site_at(0), site_at(-34), site_at(45)])
def test_reads_are_at_least_five_minutes_and_at_most_two_hours_apart(site: Site, inverters: int, ecus: int) -> None:
    """From the first to the last of a day."""
    run = Run(site, plant_of(inverters, ecus))
    for day in [*days_from(date(2026, 6, 1), 30), *days_from(date(2026, 12, 1), 31)]:
        slots = run.plan(day)
        for slot in slots:
            run.call(slot)
        reads = sorted({s.at for s in slots if s.read and s.call.kind in {Kind.SUMMARY, Kind.ECU_DAY}})
        assert all(timedelta(minutes=5) <= b - a <= timedelta(hours=2) for a, b in pairwise(reads)), day


# Quotas


@pytest.mark.parametrize(
    ("quota", "inverters", "ecus"), [(100_000, 6, 1), (1_000_000, 26, 3), (100_000, 12, 3), (20_000, 6, 1)]
)
def test_a_paid_quota_reads_every_five_minutes_and_never_faster(quota: int, inverters: int, ecus: int) -> None:
    """With several ECUs every read is one of all; duties stay what they are."""
    run = Run(LONDON, plant_of(inverters, ecus), Options(monthly_quota=quota))
    hours = solar_hours(LONDON, JUNE, timedelta(minutes=30), timedelta(minutes=30))
    assert hours is not None
    slots = run.plan(JUNE)
    for eid in run.plant.ecus:
        moments = [slot.at for slot in slots if slot.call.target == eid and slot.call.kind is Kind.ECU_DAY]
        assert {b - a for a, b in pairwise(moments)} == {timedelta(minutes=5)}
        assert moments[0] - hours.start <= timedelta(minutes=6)
        assert hours.end - moments[-1] <= timedelta(minutes=6)
    assert kinds(slots)[Kind.TELEMETRY] == inverters
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
    """A summary a day, then the panels, then hours and energies; what is left over are reads."""
    run = Run(LONDON, plant_of(6), Options(monthly_quota=quota)).live(days_from(date(2026, 6, 1), 30))
    made = kinds([slot for slot in run.made if not slot.read])
    for kind in (Kind.SUMMARY, Kind.BATCH_POWER, Kind.HOURLY, Kind.BATCH_ENERGY, Kind.TELEMETRY):
        assert made[kind] >= 30 * daily.get(kind, 0), kind
    assert bool(run.made) == bool(quota)
    assert_within(run, quota)
    assert len(run.made) >= 0.9 * quota - 10


@pytest.mark.parametrize("quota", [1, 5, 10, 20])
def test_a_tiny_quota_is_kept(quota: int) -> None:
    """Less than a summary a day."""
    run = Run(LONDON, plant_of(6), Options(monthly_quota=quota)).live(days_from(date(2026, 5, 1), 92))
    assert_within(run, quota)
    assert set(kinds(run.made)) == {Kind.SUMMARY}
    months = per_month([slot.at for slot in run.made], LONDON.zone)
    assert all(calls >= quota - 1 for calls in months.values())


# Odd plants and suns


def test_a_plant_without_inverters_reads_its_summaries() -> None:
    """There is nothing else to ask for."""
    assert set(kinds(Run(LONDON, Plant()).plan(JUNE))) == {Kind.SUMMARY, Kind.HOURLY}


def test_where_an_ecu_tells_no_day_summaries_are_read() -> None:
    """As many as there would be reads."""
    for ecus in (1, 3):
        plant = plant_of(6, ecus)
        refused = replace(plant, ecu_days=False)
        slots = Run(LONDON, refused).plan(JUNE)
        assert not kinds(slots)[Kind.ECU_DAY]
        assert kinds(slots)[Kind.SUMMARY] >= kinds(Run(LONDON, plant).plan(JUNE))[Kind.SUMMARY] + 4


def test_in_polar_night_there_is_one_summary_at_noon() -> None:
    """Two months long; nothing is saved up for a burst when the sun is back."""
    site = site_at(72.0, 25.5, "Europe/Oslo")
    run = Run(site, plant_of(6, 2))
    for day in days_from(date(2026, 11, 25), 50):
        slots = run.plan(day)
        assert [(slot.call.kind, slot.at) for slot in slots] == [(Kind.SUMMARY, clock(site, day, "12:00"))]
        run.made += slots
    spring = Run(site, plant_of(6, 2)).live(days_from(date(2026, 1, 1), 90))
    assert_within(spring, 1000)
    reads = [slot.at for slot in spring.made if slot.read and slot.call.kind is Kind.SUMMARY]
    assert all(b - a >= timedelta(minutes=5) for a, b in pairwise(reads))


def test_under_the_midnight_sun_every_day_has_its_summary_and_its_hours() -> None:
    """The day closes before midnight, the hours after it."""
    site = site_at(70.0, 25.5, "Europe/Oslo")
    run = Run(site, plant_of(6)).live(days_from(date(2026, 6, 1), 30))
    assert_within(run, 1000)
    closing = {slot.day for slot in run.made if slot.call.kind is Kind.SUMMARY and not slot.read}
    assert closing == set(days_from(date(2026, 6, 1), 30))
    assert kinds(run.made)[Kind.HOURLY] >= 29
    assert len(run.made) > 930


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
    """In order, within its day, never more than what is left; the same again when planned again."""
    automatic, live, refused, behind = flags
    plant = replace(plant_of(inverters if ecus else 0, ecus), ecu_days=not refused, behind=behind)
    site = site_at(latitude, zone=zone)
    options = Options(
        automatic=automatic,
        live_power=live,
        monthly_quota=quota,
        sunrise_offset=timedelta(minutes=offsets[0]),
        sunset_offset=timedelta(minutes=offsets[1]),
    )
    midnight = site.midnight(day).astimezone(UTC)
    book = Book(opened=midnight - timedelta(days=60))
    for _ in range(spent):
        book.add(max(midnight - timedelta(minutes=30), midnight.replace(day=1, hour=0)))
    accounts = book.accounts(midnight, (UTC, CHINA, site.zone), quota, share)
    slots = plan(day, site, plant, accounts, options)
    assert slots == plan(day, site, plant, accounts, options)
    assert list(slots) == sorted(slots)
    for slot in slots:
        assert midnight <= slot.at < site.midnight(day + timedelta(days=2)).astimezone(UTC)
        assert slot.at < slot.until
        assert slot.day in (day, day - timedelta(days=1))
    lasting = [account.left for account in accounts if account.end >= site.midnight(day + timedelta(days=1))]
    if automatic and live:
        assert len(slots) <= max(1, min(lasting, default=0))


@pytest.mark.parametrize("spent", [0, 500, 900, 989])
def test_what_was_saved_is_spent_slowly(spent: int) -> None:
    """After an outage or a late start there are never more than twice the usual calls."""
    account = Account(end=datetime(2026, 7, 1, tzinfo=UTC), size=990, left=990 - spent)
    usual = len(plan(date(2026, 6, 1), LONDON, plant_of(6), [replace(account, left=990)], Options()))
    for day in (10, 20, 28, 30):
        slots = plan(date(2026, 6, day), LONDON, plant_of(6), [account], Options())
        assert len(slots) <= min(2 * usual + 1, 990 - spent)


def test_options_changed_at_noon_of_the_31st_keep_the_month() -> None:
    """Whatever they are changed to, and back."""
    for quota in (30, 100, 1000):
        run = Run(LONDON, plant_of(12, 3)).live(days_from(date(2026, 7, 1), 30))
        day = date(2026, 7, 31)
        noon = clock(LONDON, day, "12:00")
        for slot in run.plan(day):
            if slot.at < noon:
                run.call(slot)
        run.options = replace(run.options, monthly_quota=quota, sunset_offset=timedelta(minutes=120))
        for slot in run.plan(day):
            if slot.at >= noon:
                run.call(slot)
        run.options = Options(automatic=False)
        for slot in run.plan(day):
            run.call(slot)
        assert_within(run, 1000)


def test_two_systems_of_one_app_id_share_by_need_and_both_last_to_the_end() -> None:
    """The bigger gets more; neither is left without its summary on the last day."""
    small, big = plant_of(2, 1), plant_of(40, 3)
    parts = shares({"small": small.need, "big": big.need})
    book = Book(opened=datetime(2020, 1, 1, tzinfo=UTC))
    runs = {"small": Run(LONDON, small, book=book), "big": Run(site_at(40, -105, "America/Denver"), big, book=book)}
    for day in days_from(date(2026, 6, 1), 30):
        slots = [(slot, name) for name, run in runs.items() for slot in run.plan(day, parts[name])]
        for slot, name in sorted(slots, key=lambda pair: pair[0].at):
            runs[name].call(slot)
    every = [slot.at for run in runs.values() for slot in run.made]
    for zone in (UTC, CHINA, LONDON.zone, ZoneInfo("America/Denver")):
        assert max(per_month(every, zone).values()) <= 1000
    assert len(every) > 930
    counts = {name: len(run.made) for name, run in runs.items()}
    assert counts["big"] / counts["small"] == pytest.approx(parts["big"] / parts["small"], rel=0.15)
    for run in runs.values():
        days = {slot.day for slot in run.made if slot.call.kind is Kind.SUMMARY and not slot.read}
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


class Months(RuleBasedStateMachine):
    """One App ID, up to three systems, and everything that may happen to them over months.

    Calls that really arrive are counted by the true time, apart from the book, which sees the clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.true: list[datetime] = []
        self.book = Book(opened=datetime(2020, 1, 1, tzinfo=UTC))
        self.behind = timedelta()
        self.plants: dict[str, Plant] = {}
        self.options: dict[str, Options] = {}
        self.done: dict[str, set[Slot]] = {name: set() for name in SYSTEMS}
        self.spent = 0
        self.opened = self.book.opened

    @initialize(site=st.sampled_from(SITES), day=st.integers(0, 60), size=st.sampled_from([(1, 1), (6, 1), (12, 3)]))
    def begin(self, site: Site, day: int, size: tuple[int, int]) -> None:
        """Begin with one system."""
        self.site = site
        self.zones = (UTC, CHINA, site.zone)
        self.now = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=day)
        self.add(SYSTEMS[0], size)

    def add(self, name: str, size: tuple[int, int]) -> None:
        """Set a system up: details, inverters, summary."""
        self.plants[name] = plant_of(*size)
        self.options[name] = Options(monthly_quota=QUOTA)
        for _ in range(3):
            self.call()

    @property
    def clock(self) -> datetime:
        """Return what the clock shows."""
        return self.now - self.behind

    def call(self) -> bool:
        """Book a call and send it; whether it fails does not matter."""
        self.book.tidy(self.clock)
        if not self.book.room(self.clock, self.zones, QUOTA):
            return False
        self.book.add(self.clock)
        self.true.append(self.now)
        self.spent = self.book.used(self.clock, UTC, QUOTA)
        self.remembered = self.clock
        return True

    def due(self, name: str, until: datetime) -> list[Slot]:
        """Return what falls due by the clock until a moment of it."""
        part = shares({sid: plant.need for sid, plant in self.plants.items()})[name]
        slots: list[Slot] = []
        day = self.site.day(self.clock)
        while day <= self.site.day(until):
            midnight = self.site.midnight(day).astimezone(UTC)
            options = self.options[name]
            accounts = self.book.accounts(midnight, self.zones, options.monthly_quota, part)
            slots += plan(day, self.site, self.plants[name], accounts, options)
            day += timedelta(days=1)
        return [slot for slot in slots if self.clock <= slot.at < until]

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        """Carry the plans out, each day's made at its midnight."""
        end = self.now + timedelta(hours=hours)
        while self.now < end:
            tomorrow = self.site.midnight(self.site.day(self.clock) + timedelta(days=1)).astimezone(UTC)
            until = min(end - self.behind, tomorrow)
            slots = [(slot, name) for name in self.plants for slot in self.due(name, until)]
            for slot, name in sorted(slots, key=lambda pair: pair[0].at):
                if slot not in self.done[name]:
                    self.now = max(self.now, slot.at + self.behind)
                    self.call()
                    self.done[name].add(slot)
            self.now = max(self.now, until + self.behind)

    @rule(weeks=st.integers(1, 2))
    def weeks_pass(self, weeks: int) -> None:
        """Carry the plans of many days out."""
        self.time_passes(hours=weeks * 7 * 24)

    @rule(number=st.integers(1, 12))
    def buttons_are_pressed(self, number: int) -> None:
        """Nobody planned that."""
        for _ in range(number):
            self.now += timedelta(seconds=2)
            self.call()

    @rule(hours=st.integers(1, 400))
    def home_assistant_is_off(self, hours: int) -> None:
        """Nothing is called."""
        self.now += timedelta(hours=hours)

    @rule()
    def reloaded(self) -> None:
        """Make the plan again: it is the same, so that nothing is repeated."""
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
        """Have other wishes, a smaller quota among them."""
        if name in self.plants:
            self.options[name] = Options(
                automatic=automatic,
                live_power=live,
                sunrise_offset=timedelta(minutes=sunrise),
                sunset_offset=timedelta(minutes=sunset),
                monthly_quota=quota,
            )

    @rule(name=st.sampled_from(SYSTEMS), size=st.sampled_from([(1, 1), (6, 1), (26, 2), (0, 0)]))
    def entry_is_added_or_removed(self, name: str, size: tuple[int, int]) -> None:
        """Let it forget what it asked; the book does not."""
        if name in self.plants and len(self.plants) > 1:
            del self.plants[name], self.options[name]
            self.done[name].clear()
        else:
            self.add(name, size)

    @precondition(lambda self: self.behind == timedelta() and self.true)
    @rule()
    def ledger_is_lost(self) -> None:
        """Carry over what the entry remembers of this month."""
        start = datetime(self.clock.year, self.clock.month, 1, tzinfo=UTC)
        carried = self.spent if start <= self.remembered else 0
        self.book = Book(opened=self.clock, carried=carried)

    @rule(minutes=st.integers(1, 60))
    def clock_is_set_back(self, minutes: int) -> None:
        """By up to an hour, once at a time."""
        self.behind = timedelta(minutes=minutes)

    @rule()
    def clock_is_put_right(self) -> None:
        """Let it show the true time."""
        self.behind = timedelta()

    @invariant()
    def never_over_the_quota(self) -> None:
        """In no month of any zone."""
        for zone in getattr(self, "zones", ()):
            for month, calls in per_month(self.true, zone).items():
                assert calls <= QUOTA, (month, zone, calls)


TestMonths = Months.TestCase
TestMonths.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_the_low_sun_weighs_little_and_the_dark_nothing() -> None:
    """Nearly all reads fall to where the sun is above five degrees."""
    reads = [slot for slot in Run(LONDON, plant_of(6)).plan(JUNE) if slot.read]
    high = [slot for slot in reads if sun_elevation(LONDON, slot.at) > 5]
    assert len(high) >= 0.85 * len(reads)
    assert_within(Run(LONDON, plant_of(6)).live([JUNE]), 1000)
