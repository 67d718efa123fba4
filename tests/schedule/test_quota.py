"""Counting calls over calendar months that begin in three zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest
from schedule.quota import CHINA, Budget, CallCounts, MonthBudget, limit, month_span, reserve, shares

from tests.plan_runner import LONDON as LONDON_SITE

LONDON, KOLKATA, HONOLULU, KIRITIMATI = (
    ZoneInfo(name) for name in ("Europe/London", "Asia/Kolkata", "Pacific/Honolulu", "Pacific/Kiritimati")
)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a time of 2026 in UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        (UTC, "06-01 00:00", "07-01 00:00"),
        (CHINA, "05-31 16:00", "06-30 16:00"),
        (LONDON, "05-31 23:00", "06-30 23:00"),
        (KOLKATA, "05-31 18:30", "06-30 18:30"),
        (HONOLULU, "06-01 10:00", "07-01 10:00"),
        (KIRITIMATI, "05-31 10:00", "06-30 10:00"),
    ],
)
def test_a_month_begins_and_ends_at_its_zones_midnights(zone: ZoneInfo, start: str, end: str) -> None:
    """A call belongs to a month from its start on, and no longer from the next month's start."""
    assert month_span(at("06-15 12:00"), zone) == (at(start), at(end))
    counts = CallCounts(opened=LONG_AGO)
    for call in (at(start) - timedelta(seconds=1), at(start), at(end) - timedelta(seconds=1)):
        counts.add(call)
    assert counts.used(at("06-15 12:00"), zone, 1000) == 2
    assert counts.used(at(end), zone, 1000) == 0
    assert counts.used(at(start) - timedelta(hours=1), zone, 1000) >= 1


def test_the_tightest_month_decides() -> None:
    """On the evening of the 30th, China has begun a new month and UTC has not."""
    counts = CallCounts(opened=LONG_AGO)
    for _ in range(985):
        counts.add(at("06-20 12:00"))
    assert counts.room(at("06-30 20:00"), (CHINA,), 1000) == 990
    assert counts.room(at("06-30 20:00"), (CHINA, UTC), 1000) == 5
    assert counts.room(at("07-01 00:00"), (CHINA, UTC), 1000) == 990


@pytest.mark.parametrize(("quota", "kept"), [(0, 0), (1, 0), (30, 0), (100, 2), (1000, 10), (1_000_000, 10)])
def test_a_few_calls_are_never_planned(quota: int, kept: int) -> None:
    """One in fifty, ten at most."""
    assert reserve(quota) == kept
    assert limit(quota) == quota - kept
    assert CallCounts(opened=LONG_AGO).room(at("06-15 12:00"), (UTC,), quota) == quota - kept


@pytest.mark.parametrize(
    ("opened", "carried", "used"),
    [
        ("06-01 00:00", 0, 0),
        ("06-16 00:00", 0, 500),
        ("06-16 00:00", 100, 500),
        ("06-16 00:00", 700, 700),
        ("06-30 23:00", 0, 982),
        ("05-20 00:00", 700, 0),
    ],
)
def test_new_counts_assume_that_the_months_share_is_spent(opened: str, carried: int, used: int) -> None:
    """Or what a system remembers, when that is more. The month after is counted in full."""
    counts = CallCounts(opened=at(opened), carried=carried)
    now = max(at(opened), at("06-02 00:00"))
    assert counts.used(now, UTC, 1000) == used
    assert counts.used(at("07-15 00:00"), UTC, 1000) == 0
    if now.month == 6 and carried == 0:
        assert counts.room(now, (UTC, CHINA, LONDON), 1000) >= 8 - 2 * (opened < "06-30")


@given(
    st.lists(st.integers(0, 60 * 24 * 45), max_size=60),
    st.integers(0, 60 * 24 * 45),
    st.sampled_from([UTC, CHINA, LONDON, KOLKATA, HONOLULU, KIRITIMATI]),
)
def test_every_call_of_the_running_month_is_counted(minutes: list[int], now: int, zone: ZoneInfo) -> None:
    """In any order in which a clock that is set back and forward within a day has counted them."""
    start = at("05-20 00:00")
    counts = CallCounts(opened=LONG_AGO)
    calls = [start + timedelta(minutes=minute) for minute in sorted(minutes, key=lambda minute: minute // 1440)]
    for call in calls:
        counts.add(call)
    time = start + timedelta(minutes=now)
    first, last = month_span(time, zone)
    assert counts.used(time, zone, 1000) >= sum(first <= call < last for call in calls)
    assert sum(counts.spent.values()) == len(calls)


def test_counts_that_no_month_needs_are_dropped() -> None:
    """The file does not grow for ever."""
    counts = CallCounts(opened=LONG_AGO)
    for day in range(400):
        counts.add(LONG_AGO + timedelta(days=day))
    assert 32 <= len(counts.spent) <= 64


def test_a_clock_that_was_ahead_regains_no_calls_and_blocks_nobody_for_ever() -> None:
    """Its calls count in the month in which it was corrected, and in no later one."""
    counts = CallCounts(opened=LONG_AGO)
    for _ in range(500):
        counts.add(at("06-10 12:00"))
    ahead = datetime(2036, 1, 1, tzinfo=UTC)
    for day in range(30):
        for _ in range(10):
            counts.add(ahead + timedelta(days=day))
    counts.tidy(at("06-20 12:00"))
    assert counts.used(at("06-20 12:00"), UTC, 1000) == 800
    assert counts.used(at("07-10 12:00"), UTC, 1000) == 0


def test_counts_opened_by_a_clock_that_was_ahead_are_opened_when_it_is_corrected() -> None:
    """The share of the true month up to then is taken as spent."""
    counts = CallCounts(opened=at("08-20 12:00"))
    counts.tidy(at("06-16 00:00"))
    assert counts.opened == at("06-16 00:00")
    assert counts.used(at("06-20 12:00"), UTC, 1000) == 500


def test_a_budget_is_as_of_midnight() -> None:
    """Calls of a day change the plans of the days after."""
    counts = CallCounts(opened=LONG_AGO)
    for hour in range(24):
        counts.add(at("06-10 00:00") + timedelta(hours=hour))
    before = counts.budget(at("06-11 00:00"), (UTC, CHINA), 1000, 1)
    for _ in range(7):
        counts.add(at("06-11 12:00"))
    assert counts.budget(at("06-11 00:00"), (UTC, CHINA), 1000, 1) == before
    assert [month.left for month in before.months] == [966, 966]
    assert [month.left for month in counts.budget(at("06-12 00:00"), (UTC, CHINA), 1000, 1).months] == [959, 959]
    assert counts.budget(at("06-12 00:00"), (UTC,), 1000, 0.25).size == 247.5


def test_the_tightest_month_of_a_budget_sets_its_pace() -> None:
    """One month has twenty days left, the other five; a month that has ended does not count."""
    long = MonthBudget(end=at("07-01 00:00"), size=990, left=400)
    short = MonthBudget(end=at("06-16 00:00"), size=990, left=50)
    over = MonthBudget(end=at("06-11 00:00"), size=990, left=0)
    budget = Budget(months=(long, short, over)).lasting_until(at("06-12 00:00"))
    assert budget == Budget(months=(long, short))
    assert (budget.left, budget.size) == (50, 990)
    assert budget.is_nearly_spent
    assert budget.pace(date(2026, 6, 11), LONDON_SITE) == 10
    assert Budget(months=(long,)).pace(date(2026, 6, 11), LONDON_SITE) == 20
    assert not Budget(months=(long,)).is_nearly_spent


def test_a_days_part_of_a_budget_is_by_its_weight() -> None:
    """Of the calls that the duties of all days left do not take."""
    budget = Budget(months=(MonthBudget(end=at("06-13 00:00"), size=990, left=110),))
    parts = [
        budget.part(date(2026, 6, day), LONDON_SITE, duties=5, weight=lambda day: {11: 1, 12: 3}.get(day.day, 0))
        for day in (11, 12)
    ]
    assert parts == [25, 105]
    assert budget.part(date(2026, 6, 12), LONDON_SITE, duties=5, weight=lambda _: 0) == 0


def test_a_budget_of_nothing() -> None:
    """No system has a share before it is registered."""
    assert (Budget().left, Budget().size, Budget().pace(date(2026, 6, 11), LONDON_SITE)) == (0, 0, 0)
    assert Budget().projected(date(2026, 6, 11), LONDON_SITE, daily=9, limit=990) == 0


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 500), max_size=4))
def test_shares_are_by_need_and_never_more_than_the_whole(needs: dict[str, float]) -> None:
    """Systems of the same need have the same share."""
    parts = shares(needs)
    assert sum(parts.values()) <= 1 + 1e-9
    assert all(part >= 0 for part in parts.values())
    for one, other in zip(parts, list(parts)[1:], strict=False):
        assert (needs[one] <= needs[other]) == (parts[one] <= parts[other]) or parts[one] == pytest.approx(parts[other])
