"""What answers about meters and batteries do to their backlogs."""
# ruff: noqa: D103 -- test names say what they check

from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.apsystems_openapi.cloud.models import Ecu, FlowDay, Flows, Series
from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Purpose, Slot
from custom_components.apsystems_openapi.system.backlog import Backlog, Source, SourceKind
from custom_components.apsystems_openapi.system.energy import Energy, Reading
from custom_components.apsystems_openapi.system.house import House
from custom_components.apsystems_openapi.system.state import WITH_BATTERY, SystemState
from custom_components.apsystems_openapi.system.unwritten import FetchedMonth
from custom_components.apsystems_openapi.system.updates import UPDATES

TODAY, YESTERDAY, METER, ECU = date(2026, 6, 15), date(2026, 6, 14), "216200099999", "216200088888"
NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
READING = Reading(
    at=NOW,
    midnight=datetime(2026, 6, 15, tzinfo=UTC),
    sunrise=datetime(2026, 6, 15, 4, tzinfo=UTC),
    last=datetime(2026, 6, 15, 23, 45, tzinfo=UTC),
)
SOURCE = Source(kind=SourceKind.METER, eid=METER)
FIGURES = Flows(produced=3.0, consumed=3.0, imported=1.0, exported=1.0)


def slot(kind: Kind, purpose: Purpose, day: date) -> Slot:
    """Return a call about the meter."""
    return Slot(at=NOW, until=NOW + timedelta(hours=1), call=Call(kind=kind, target=METER), day=day, purpose=purpose)


def known(backlog: Backlog, *, battery: bool = False) -> SystemState:
    """Return a state with a meter, beside a battery or alone."""
    ecu = Ecu(eid=ECU, timezone=None, type=WITH_BATTERY, inverters=())
    return SystemState(energy=Energy(day=TODAY), ecus=(ecu,) if battery else (), meters={METER: House(backlog=backlog)})


def flow_day(newest: str | None = "23:55", **energy: Series) -> FlowDay:
    """Return a day with one slot, whose figures balance."""
    return FlowDay(today=FIGURES, newest=newest, power=Flows(), labels=("23:55",), energy=energy)


TOTALS: dict[str, tuple[dict[str, Series], dict[str, Series]]] = {
    "all balance": (
        {"produced": (3.0, 1.0), "consumed": (2.5, 2.0), "imported": (0.5, 1.0), "exported": (1.0, 0.0)},
        {"produced": (3.0, 1.0), "consumed": (2.5, 2.0), "imported": (0.5, 1.0), "exported": (1.0, 0.0)},
    ),
    "rounded": (
        {"produced": (3.01,), "consumed": (2.48,), "imported": (0.5,), "exported": (1.0,)},
        {"produced": (3.01,), "consumed": (2.48,), "imported": (0.5,), "exported": (1.0,)},
    ),
    "one day does not": (
        {"produced": (3.0, 1.0), "consumed": (2.5, 2.0), "imported": (0.5, 1.0), "exported": (1.2, 0.0)},
        {"produced": (None, 1.0), "consumed": (None, 2.0), "imported": (None, 1.0), "exported": (None, 0.0)},
    ),
    "no record is nothing": (
        {"produced": (None,), "consumed": (2.0,), "imported": (2.0,), "exported": (None,)},
        {"consumed": (2.0,), "imported": (2.0,)},
    ),
    "a flow is missing": ({"produced": (3.0,), "consumed": (3.0,)}, {}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("name", TOTALS)
def test_days_of_a_month_that_do_not_balance_are_not_taken(name: str) -> None:
    totals, expected = TOTALS[name]
    state = known(Backlog(first=date(2026, 5, 1), since=TODAY, month_cursor=date(2026, 6, 1)))
    of_month = slot(Kind.METER_MONTH, Purpose.HISTORY, date(2026, 6, 1))
    backlog = UPDATES[Kind.METER_MONTH].apply(state, of_month, totals, READING).house(SOURCE).backlog
    months = tuple(FetchedMonth(month=date(2026, 6, 1), totals=kwh, flow=flow) for flow, kwh in expected.items())
    assert backlog.unwritten.months == months
    assert backlog.month_cursor == date(2026, 5, 1)


def test_a_meter_beside_a_battery_does_not_see_all_so_that_its_months_need_not_balance() -> None:
    totals = {"produced": (3.0,), "consumed": (1.0,), "imported": (0.0,), "exported": (0.5,)}
    of_month = slot(Kind.METER_MONTH, Purpose.HISTORY, date(2026, 6, 1))
    state = UPDATES[Kind.METER_MONTH].apply(known(Backlog(), battery=True), of_month, totals, READING)
    assert [month.totals for month in state.house(SOURCE).backlog.unwritten.months] == list(totals.values())


@pytest.mark.parametrize("answer", [flow_day(newest=None), flow_day()], ids=["no sample", "power alone"])
def test_a_day_of_the_history_without_energy_is_not_asked_for_again(answer: FlowDay) -> None:
    at_cursor = Backlog(first=date(2026, 5, 1), since=TODAY, day_cursor=YESTERDAY)
    missed = Backlog(first=date(2026, 5, 1), since=date(2026, 6, 1), gaps=(YESTERDAY,))
    of_day = slot(Kind.METER_DAY, Purpose.HISTORY, YESTERDAY)
    for backlog in (at_cursor, missed):
        after = UPDATES[Kind.METER_DAY].apply(known(backlog), of_day, answer, READING).house(SOURCE).backlog
        assert (after.gaps, after.unwritten.days) == ((), ())
        assert after.day_cursor != YESTERDAY


@pytest.mark.parametrize(("since", "is_written"), [(TODAY, False), (YESTERDAY, True), (date(2026, 6, 1), True)])
def test_the_evening_before_an_installation_is_left_to_the_history(since: date, is_written: bool) -> None:
    answer = flow_day(produced=(1.0,), consumed=(1.0,), imported=(0.0,), exported=(0.0,))
    of_day = slot(Kind.METER_DAY, Purpose.DUTY, YESTERDAY)
    state = UPDATES[Kind.METER_DAY].apply(known(Backlog(since=since)), of_day, answer, READING)
    assert bool(state.house(SOURCE).backlog.unwritten.days) is is_written
