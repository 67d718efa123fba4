"""Rows of a statistic: the same in any order, with any repetition, in any time zone."""
# ruff: noqa: D103 -- test names say what they check

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.history.rows import DayEnergy, Row, changed_rows, rows_of, scaled
from custom_components.apsystems_openapi.schedule.sun import Site

PARIS = Site(latitude=48.85, longitude=2.35, zone=ZoneInfo("Europe/Paris"))
DAY = date(2026, 6, 15)
LATER = datetime(2027, 1, 1, tzinfo=UTC)

type Table = dict[datetime, tuple[float, float]]


def at(site: Site, day: date, hour: int, fold: int = 0) -> datetime:
    """Return a time at a site, in UTC."""
    return datetime.combine(day, time(hour, fold=fold), site.zone).astimezone(UTC)


def hours(**kwh: float | None) -> tuple[float | None, ...]:
    """Return an hourly series by keywords such as h8=1.5."""
    return tuple(kwh.get(f"h{hour}", 0.0) for hour in range(24))


def write(table: Table, day: date, known: DayEnergy, site: Site = PARIS, closed: datetime = LATER) -> list[Row]:
    """Write a day into a table as the recorder does: row by row, by start."""
    midnight, following = (datetime.combine(day + timedelta(days=n), time(), site.zone) for n in (0, 1))
    later = {start: row for start, row in table.items() if start >= midnight}
    base = max(((start, row[1]) for start, row in table.items() if start < midnight), default=(LATER, 0.0))[1]
    stored = {start: kwh for start, (kwh, _) in later.items() if start < following}
    rows = changed_rows(later, rows_of(day, site, known, stored, closed), base)
    for row in rows:
        assert row.start.minute == row.start.second == 0
        table[row.start.astimezone(UTC)] = (row.kwh, row.sum)
    return rows


def days_of(table: Table, site: Site = PARIS) -> dict[date, float]:
    """Return the energy of each day by the differences of the sums."""
    days: dict[date, float] = {}
    before = 0.0
    for start in sorted(table):
        day = start.astimezone(site.zone).date()
        days[day] = days.get(day, 0.0) + table[start][1] - before
        before = table[start][1]
    return days


def test_each_hour_has_its_row_and_unknown_ones_have_none() -> None:
    table: Table = {}
    write(table, DAY, DayEnergy(hours=hours(h8=0.5, h9=None, h10=1.5)))
    assert table == {at(PARIS, DAY, 8): (0.5, 0.5), at(PARIS, DAY, 10): (1.5, 2.0)}


def test_an_hour_that_is_not_closed_has_no_row_and_a_stored_one_stays() -> None:
    table: Table = {}
    write(table, DAY, DayEnergy(hours=hours(h8=0.5, h9=1.0, h10=0.2)), closed=at(PARIS, DAY, 10))
    assert set(table) == {at(PARIS, DAY, 8), at(PARIS, DAY, 9)}
    assert not write(table, DAY, DayEnergy(hours=hours(h8=0.5, h9=0.8)), closed=at(PARIS, DAY, 9))
    write(table, DAY, DayEnergy(hours=hours(h8=0.5, h9=1.1)), closed=at(PARIS, DAY, 10))
    assert table[at(PARIS, DAY, 9)] == (1.1, 1.6)


def test_an_hour_that_becomes_unknown_stays_and_one_that_becomes_0_is_0() -> None:
    table: Table = {}
    write(table, DAY, DayEnergy(hours=hours(h8=0.5, h9=1.0, h10=2.0)))
    write(table, DAY, DayEnergy(hours=hours(h8=None, h9=0.0, h10=2.0)))
    assert [row[0] for row in table.values()] == [0.5, 0.0, 2.0]


def test_a_total_is_one_row_at_noon_until_hours_replace_it() -> None:
    table: Table = {}
    write(table, DAY, DayEnergy(total=12.0))
    assert table == {at(PARIS, DAY, 12): (12.0, 12.0)}
    write(table, DAY, DayEnergy(hours=hours(h8=4.01, h15=8.0), total=12.0))
    assert table[at(PARIS, DAY, 12)][0] == 0
    assert days_of(table) == {DAY: pytest.approx(12.0)}
    assert not write(table, DAY, DayEnergy(total=12.0))
    write(table, DAY, DayEnergy(total=15.0))
    assert table[at(PARIS, DAY, 12)][0] == 0
    assert days_of(table) == {DAY: pytest.approx(15.0)}


def test_a_day_without_figures_writes_nothing() -> None:
    table: Table = {}
    write(table, DAY, DayEnergy(hours=hours(h8=1.0)))
    for nothing in (DayEnergy(), DayEnergy(hours=(None,) * 24), DayEnergy(hours=hours())):
        assert not write(table, DAY, nothing)
    assert not write(table, DAY + timedelta(days=1), DayEnergy(total=0.0))


def test_a_total_of_0_never_overwrites_hours() -> None:
    """A cloud that has lost the record of a day says "0" for it."""
    table: Table = {}
    for n in range(3):
        write(table, DAY + timedelta(days=n), DayEnergy(hours=hours(h8=1.0, h9=2.0)))
    write(table, DAY + timedelta(days=1), DayEnergy(total=0.0))
    assert list(days_of(table).values()) == [pytest.approx(3.0)] * 3


def test_a_total_has_no_row_before_its_noon() -> None:
    assert rows_of(DAY, PARIS, DayEnergy(total=3.0), {}, at(PARIS, DAY, 11)) == {}


def test_only_the_rows_of_a_day_are_written_when_its_total_stays() -> None:
    table: Table = {}
    for n in range(400):
        write(table, DAY - timedelta(days=n), DayEnergy(total=10.0 + n % 7))
    day = DAY - timedelta(days=200)
    rows = write(table, day, DayEnergy(hours=hours(h8=1.0, h9=3.0, h13=2.2), total=10.0 + 200 % 7))
    assert {row.start.astimezone(PARIS.zone).date() for row in rows} == {day}


ZONES = {
    "Europe/Paris 23": (date(2026, 3, 29), 23),
    "Europe/Paris 25": (date(2026, 10, 25), 25),
    "Asia/Kathmandu 24": (DAY, 24),
    "America/St_Johns 23": (date(2026, 3, 8), 23),
    "America/St_Johns 25": (date(2026, 11, 1), 25),
    "Pacific/Kiritimati 24": (DAY, 24),
    "Pacific/Chatham 25": (date(2026, 4, 5), 25),
    "Antarctica/Troll 26": (date(2026, 10, 25), 26),
    "Africa/Cairo 23": (date(2026, 4, 24), 23),
}


@pytest.mark.parametrize("place", ZONES)
def test_a_day_has_as_many_rows_as_it_has_hours(place: str) -> None:
    day, number = ZONES[place]
    site = Site(latitude=0, longitude=0, zone=ZoneInfo(place.split(maxsplit=1)[0]))
    table: Table = {}
    write(table, day, DayEnergy(hours=(1.0,) * 24, total=24.0), site)
    assert len(table) == number
    assert days_of(table, site) == {day: pytest.approx(24.0)}
    assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(sorted(table)))


def test_a_day_that_a_zone_skips_has_no_rows() -> None:
    apia = Site(latitude=-13.8, longitude=-171.8, zone=ZoneInfo("Pacific/Apia"))
    table: Table = {}
    write(table, date(2011, 12, 30), DayEnergy(hours=(1.0,) * 24), apia)
    write(table, date(2011, 12, 30), DayEnergy(total=24.0), apia)
    assert table == {}


def test_an_hour_that_occurs_twice_is_closed_when_both_are() -> None:
    day = date(2026, 10, 25)
    first = at(PARIS, day, 2)
    known = DayEnergy(hours=hours(h2=2.0))
    assert rows_of(day, PARIS, known, {}, first + timedelta(hours=1)) == {}
    assert rows_of(day, PARIS, known, {}, first + timedelta(hours=2)) == {
        first: 1.0,
        at(PARIS, day, 2, fold=1): 1.0,
    }


@given(
    parts=st.lists(st.floats(0, 40), max_size=24),
    total=st.floats(0, 500).map(lambda kwh: round(kwh, 6)),
)
def test_hours_are_scaled_to_their_total_and_none_is_below_zero(parts: list[float], total: float) -> None:
    rows = scaled({at(PARIS, DAY, n): round(kwh, 2) for n, kwh in enumerate(parts)}, total)
    assert all(kwh >= 0 for kwh in rows.values())
    if sum(round(kwh, 2) for kwh in parts):
        assert sum(rows.values()) == pytest.approx(total, abs=0.013)


DAYS = st.integers(0, 12).map(lambda n: date(2026, 3, 24) + timedelta(days=n))
HOURS = st.lists(st.one_of(st.none(), st.integers(0, 300)), min_size=24, max_size=24)


@st.composite
def clouds(draw: st.DrawFn) -> dict[date, tuple[tuple[float | None, ...], float]]:
    """Return hours of some days, each with a total that differs a little from their sum."""
    known = {}
    for day in draw(st.sets(DAYS, min_size=1, max_size=8)):
        series = tuple(None if n is None else n / 100 for n in draw(HOURS))
        known[day] = series, round(sum(kwh or 0.0 for kwh in series) + draw(st.integers(-4, 4)) / 100, 2)
    return {day: (series, max(total, 0.0)) for day, (series, total) in known.items()}


@settings(max_examples=60, deadline=None)
@given(cloud=clouds(), data=st.data())
def test_any_order_repetition_and_interruption_gives_the_same_rows(
    cloud: dict[date, tuple[tuple[float | None, ...], float]], data: st.DataObject
) -> None:
    straight: Table = {}
    for day in sorted(cloud):
        series, total = cloud[day]
        write(straight, day, DayEnergy(hours=series, total=total))

    table: Table = {}
    steps = st.tuples(st.sampled_from(sorted(cloud)), st.sampled_from(["total", "hours", "both", "killed"]))
    for day, how in data.draw(st.lists(steps, max_size=30)):
        series, total = cloud[day]
        known = DayEnergy(hours=series if how != "total" else None, total=total if how != "hours" else None)
        stored = dict(table)
        write(table, day, known)
        sums = [row[1] for _, row in sorted(table.items())]
        assert sums == sorted(sums)
        if how == "killed":
            table = stored
    for day in data.draw(st.permutations(sorted(cloud))):
        series, total = cloud[day]
        write(table, day, DayEnergy(hours=series, total=total))

    made = {start: row for start, row in table.items() if row[0]}
    assert {start: kwh for start, (kwh, _) in made.items()} == {
        start: pytest.approx(kwh) for start, (kwh, _) in straight.items() if kwh
    }
    for start, (_, total) in made.items():
        assert total == pytest.approx(straight[start][1], abs=1e-4)
    for day, (series, total) in cloud.items():
        assert not write(table, day, DayEnergy(hours=series, total=total))
    first = min(table, default=None)
    assert first is None or table[first][0] == pytest.approx(table[first][1])
