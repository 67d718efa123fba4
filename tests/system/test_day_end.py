"""The end of a site day: complete hours, and those that are written or fetched again; pure rules, as tables."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.apsystems_openapi.cloud.models import Ecu, EcuDay, Inverter, Series
from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.backlog import Backlog
from custom_components.apsystems_openapi.system.clock import Clock
from custom_components.apsystems_openapi.system.day_end import advanced, closed_hours, with_closed_day
from custom_components.apsystems_openapi.system.energy import Energy
from custom_components.apsystems_openapi.system.state import EcuReport, Hours, SystemState
from custom_components.apsystems_openapi.system.unwritten import FetchedDay

PARIS = Site(latitude=48.85, longitude=2.35, zone=ZoneInfo("Europe/Paris"))  # sunset 21:56
DAY, NEXT = date(2026, 6, 15), date(2026, 6, 16)
KWH: Series = (*(None,) * 12, 2.0, 3.0, *(None,) * 10)
ECUS = tuple(Ecu(eid=e, timezone=None, inverters=(Inverter(uid=f"of {e}", model=None, eid=e),)) for e in ("E1", "E2"))


def at(hour: float, day: date = DAY) -> datetime:
    return (PARIS.midnight(day) + timedelta(hours=hour)).astimezone(UTC)


def clock(hour: float, day: date = DAY) -> Clock:
    return Clock(now=at(hour, day), site=PARIS, options=Options())


def report(newest: str | None) -> EcuReport:
    return EcuReport(day=DAY, data=EcuDay(today=2.5, newest=newest, power_w=0.0, hours=KWH))


def state(
    read_at: datetime | None = None, summary: float | None = None, reports: dict[str, str] | None = None
) -> SystemState:
    """Return a state of two ECUs with 5 kWh of the day."""
    return SystemState(
        energy=Energy(day=DAY, today=5.0, summary_today=summary),
        hours=Hours(day=DAY, kwh=KWH, read_at=read_at),
        ecus=ECUS,
        inverters=tuple(inverter for ecu in ECUS for inverter in ecu.inverters),
        ecu_days={eid: report(newest) for eid, newest in (reports or {}).items()},
        backlog=Backlog().begun(DAY, None),
    )


BOTH = {"E1": "21:55", "E2": "21:58"}


@pytest.mark.parametrize(
    ("known", "now", "closed", "total"),
    [
        pytest.param(state(at(14)), 14.1, at(14), None, id="fetched in the afternoon"),
        pytest.param(state(at(23), summary=5.04), 23.1, at(23), 5.04, id="fetched after sunset, with a total"),
        pytest.param(state(at(23), summary=5.2), 23.1, at(23), None, id="a total that the hours do not make up"),
        pytest.param(state(at(14), summary=5.0), 23.1, at(14), None, id="a total of hours that are not complete"),
        pytest.param(state(reports={"E1": "14:00", "E2": "13:45"}), 14.1, at(13.75), None, id="the sum of ECUs"),
        pytest.param(state(summary=5.0, reports=BOTH), 22.1, at(21 + 55 / 60), None, id="samples until before sunset"),
    ],
)
def test_hours_have_closed_as_far_as_they_are_known(
    known: SystemState, now: float, closed: datetime, total: float | None
) -> None:
    assert closed_hours(known, clock(now)) == FetchedDay(day=DAY, hours=KWH, closed=closed, total=total)


def test_without_hours_nothing_has_closed() -> None:
    nothing = replace(state(), hours=None)
    assert closed_hours(nothing, clock(23)) is None
    assert with_closed_day(nothing, SystemState(), clock(23)) == nothing


LATE = {"E1": "22:00", "E2": "22:00"}


@pytest.mark.parametrize(
    ("known", "is_written"),
    [
        pytest.param(state(at(23)), True, id="fetched after sunset"),
        pytest.param(state(at(21)), False, id="fetched before sunset"),
        pytest.param(state(reports=LATE), True, id="both ECUs have reported"),
        pytest.param(state(reports={"E1": "22:00"}), False, id="one ECU is missing"),
        pytest.param(
            state(summary=5.05, reports={"E1": "22:00"}), True, id="the summary confirms that it made nothing"
        ),
        pytest.param(state(summary=7.0, reports={"E1": "22:00"}), False, id="the summary has more"),
    ],
)
def test_a_day_whose_hours_are_complete_is_to_be_written(known: SystemState, is_written: bool) -> None:
    after = with_closed_day(known, SystemState(), clock(23.5))
    assert bool(after.backlog.unwritten.days) is is_written
    assert with_closed_day(known, known, clock(23.5)) == known


@pytest.mark.parametrize(
    ("known", "is_fetched_again"),
    [
        (state(at(23)), False),
        (replace(state(at(23)), energy=Energy(day=DAY, today=5.1)), False),
        (replace(state(at(23)), energy=Energy(day=DAY, today=6.0)), True),
    ],
    ids=["the day's energy", "but for rounding", "less"],
)
def test_at_midnight_hours_that_do_not_make_up_the_day_are_fetched_again(
    known: SystemState, is_fetched_again: bool
) -> None:
    after = advanced(known, clock(0.1, NEXT), has_recorder=True)
    assert after.energy == replace(after.energy or Energy(day=NEXT), day=NEXT, today=0.0)
    assert [day.day for day in after.backlog.unwritten.days] == [DAY]
    assert (DAY in after.backlog.gaps) is is_fetched_again


def test_without_a_recorder_a_day_ends_without_anything_to_write() -> None:
    after = advanced(state(at(23)), clock(0.1, NEXT), has_recorder=False)
    assert (after.energy and after.energy.day, after.backlog) == (NEXT, state().backlog)
    assert advanced(SystemState(), clock(0.1, NEXT), has_recorder=True) == SystemState()
