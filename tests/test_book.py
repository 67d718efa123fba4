"""What was spent when, over calendar months that begin in three zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.apsystems_openapi.schedule.quota import CHINA, Book, limit, month, reserve, shares

LONDON, KOLKATA, HONOLULU, KIRITIMATI = (
    ZoneInfo(name) for name in ("Europe/London", "Asia/Kolkata", "Pacific/Honolulu", "Pacific/Kiritimati")
)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a moment of 2026 in UTC."""
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
def test_a_month_runs_by_its_zones_midnights(zone: ZoneInfo, start: str, end: str) -> None:
    """A call belongs to a month from its first moment on, and no longer from the next one's."""
    assert month(at("06-15 12:00"), zone) == (at(start), at(end))
    book = Book(opened=LONG_AGO)
    for moment in (at(start) - timedelta(seconds=1), at(start), at(end) - timedelta(seconds=1)):
        book.add(moment)
    assert book.used(at("06-15 12:00"), zone, 1000) == 2
    assert book.used(at(end), zone, 1000) == 0
    assert book.used(at(start) - timedelta(hours=1), zone, 1000) >= 1


def test_the_tightest_of_the_months_counts() -> None:
    """On the evening of the 30th China has begun a new month, and UTC has not."""
    book = Book(opened=LONG_AGO)
    for _ in range(985):
        book.add(at("06-20 12:00"))
    assert book.room(at("06-30 20:00"), (CHINA,), 1000) == 990
    assert book.room(at("06-30 20:00"), (CHINA, UTC), 1000) == 5
    assert book.room(at("07-01 00:00"), (CHINA, UTC), 1000) == 990


@pytest.mark.parametrize(("quota", "kept"), [(0, 0), (1, 0), (30, 0), (100, 2), (1000, 10), (1_000_000, 10)])
def test_a_few_calls_are_never_spent(quota: int, kept: int) -> None:
    """One in fifty, ten at most."""
    assert reserve(quota) == kept
    assert limit(quota) == quota - kept
    assert Book(opened=LONG_AGO).room(at("06-15 12:00"), (UTC,), quota) == quota - kept


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
def test_a_new_book_assumes_that_the_months_share_is_spent(opened: str, carried: int, used: int) -> None:
    """Or what somebody else remembers, when that is more; in the month after it knows everything."""
    book = Book(opened=at(opened), carried=carried)
    now = max(at(opened), at("06-02 00:00"))
    assert book.used(now, UTC, 1000) == used
    assert book.used(at("07-15 00:00"), UTC, 1000) == 0
    if now.month == 6 and carried == 0:
        assert book.room(now, (UTC, CHINA, LONDON), 1000) >= 8 - 2 * (opened < "06-30")


@given(
    st.lists(st.integers(0, 60 * 24 * 45), max_size=60),
    st.integers(0, 60 * 24 * 45),
    st.sampled_from([UTC, CHINA, LONDON, KOLKATA, HONOLULU, KIRITIMATI]),
)
def test_every_call_of_the_running_month_is_counted(minutes: list[int], now: int, zone: ZoneInfo) -> None:
    """In whichever order a clock has booked them that is set back and forward within a day."""
    start = at("05-20 00:00")
    book = Book(opened=LONG_AGO)
    calls = [start + timedelta(minutes=minute) for minute in sorted(minutes, key=lambda minute: minute // 1440)]
    for call in calls:
        book.add(call)
    moment = start + timedelta(minutes=now)
    first, last = month(moment, zone)
    assert book.used(moment, zone, 1000) >= sum(first <= call < last for call in calls)
    assert sum(book.spent.values()) == len(calls)


def test_what_no_month_needs_is_dropped() -> None:
    """The file does not grow for ever."""
    book = Book(opened=LONG_AGO)
    for day in range(400):
        book.add(LONG_AGO + timedelta(days=day))
    assert 32 <= len(book.spent) <= 64


def test_a_clock_that_ran_ahead_wins_back_nothing_and_locks_nobody_out_for_ever() -> None:
    """Its calls count in the month in which it was put right, and in no later one."""
    book = Book(opened=LONG_AGO)
    for _ in range(500):
        book.add(at("06-10 12:00"))
    ahead = datetime(2036, 1, 1, tzinfo=UTC)
    for day in range(30):
        for _ in range(10):
            book.add(ahead + timedelta(days=day))
    book.tidy(at("06-20 12:00"))
    assert book.used(at("06-20 12:00"), UTC, 1000) == 800
    assert book.used(at("07-10 12:00"), UTC, 1000) == 0


def test_a_book_that_was_opened_by_a_clock_that_ran_ahead_is_opened_when_it_is_put_right() -> None:
    """What was spent before it was opened is assumed for the true month."""
    book = Book(opened=at("08-20 12:00"))
    book.tidy(at("06-16 00:00"))
    assert book.opened == at("06-16 00:00")
    assert book.used(at("06-20 12:00"), UTC, 1000) == 500


def test_accounts_are_as_they_stood_at_midnight() -> None:
    """What is called by day changes the plans of the days after."""
    book = Book(opened=LONG_AGO)
    for hour in range(24):
        book.add(at("06-10 00:00") + timedelta(hours=hour))
    before = book.accounts(at("06-11 00:00"), (UTC, CHINA), 1000, 1)
    for _ in range(7):
        book.add(at("06-11 12:00"))
    assert book.accounts(at("06-11 00:00"), (UTC, CHINA), 1000, 1) == before
    assert [account.left for account in before] == [966, 966]
    assert [account.left for account in book.accounts(at("06-12 00:00"), (UTC, CHINA), 1000, 1)] == [959, 959]
    assert [account.size for account in book.accounts(at("06-12 00:00"), (UTC,), 1000, 0.25)] == [247.5]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 500), max_size=4))
def test_shares_are_by_need_and_never_more_than_the_whole(needs: dict[str, float]) -> None:
    """Systems of the same need have the same part."""
    parts = shares(needs)
    assert sum(parts.values()) <= 1 + 1e-9
    assert all(part >= 0 for part in parts.values())
    for one, other in zip(parts, list(parts)[1:], strict=False):
        assert (needs[one] <= needs[other]) == (parts[one] <= parts[other]) or parts[one] == pytest.approx(parts[other])
