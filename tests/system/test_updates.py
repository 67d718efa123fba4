"""The answer of each kind of call, or the lack of one, as the table `UPDATES` applies it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.apsystems_openapi.cloud.exceptions import (
    OpenApiConnectionError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from custom_components.apsystems_openapi.cloud.models import Ecu
from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Purpose, Slot
from custom_components.apsystems_openapi.system.backlog import Backlog
from custom_components.apsystems_openapi.system.energy import Energy, Reading
from custom_components.apsystems_openapi.system.state import SystemState
from custom_components.apsystems_openapi.system.updates import UPDATES

DAY = date(2026, 6, 15)
READING = Reading(
    at=datetime(2026, 6, 15, 3, tzinfo=UTC),
    midnight=datetime(2026, 6, 15, tzinfo=UTC),
    sunrise=datetime(2026, 6, 15, 4, tzinfo=UTC),
    last=datetime(2026, 6, 15, 23, 45, tzinfo=UTC),
)
KNOWN = SystemState(
    energy=Energy(day=DAY, today=3.0, total=700.0), ecus=(Ecu(eid="216200012345", timezone=None, inverters=()),)
)


def slot(kind: Kind) -> Slot:
    """Return a planned call about the day."""
    return Slot(at=READING.at, until=READING.at, call=Call(kind=kind, target="216200012345"), day=DAY)


def figures(state: SystemState) -> SystemState:
    """Return a state without what no figure depends on: contacts, when something was asked, and where."""
    return replace(
        state,
        contacts={},
        storage_as_installer=False,
        totals_read={},
        panel_totals={},
        meters={},
        batteries={},
        meters_read=None,
    )


def test_every_kind_of_call_has_an_update() -> None:
    """So that none fails when it is planned."""
    assert set(UPDATES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_no_data_removes_no_figure(kind: Kind) -> None:
    """The cloud answers 1001 before the first sample of a day."""
    assert figures(UPDATES[kind].on_no_data(KNOWN, slot(kind), READING)) == figures(KNOWN)


@pytest.mark.parametrize("kind", Kind)
def test_a_failure_removes_no_figure(kind: Kind) -> None:
    """Planned calls keep the last values."""
    for failure in (OpenApiConnectionError(), OpenApiRequestError(), OpenApiPermissionError()):
        assert figures(UPDATES[kind].on_failure(KNOWN, slot(kind), failure, READING)) == figures(KNOWN)


def test_no_data_completes_a_first_read() -> None:
    """Before sunrise today's energy is 0; the total is unknown."""
    state = SystemState()
    for kind in (Kind.INVERTERS, Kind.SUMMARY):
        state = UPDATES[kind].on_no_data(state, slot(kind), READING)
    assert state.is_complete
    assert state.energy == Energy(day=DAY, today=0.0)


@pytest.mark.parametrize("kwh", [None, 2.5])
def test_energy_of_panels_of_a_past_day_closes_its_gap_and_changes_no_total(kwh: float | None) -> None:
    """Whether the cloud had any or not; a failure leaves the gap."""
    eid, past = "216200012345", DAY - timedelta(days=3)
    backlog = Backlog().with_wanted_panels([past], [eid])
    totals = {"703000000011": (Energy(day=DAY, total=100.0, anchor=100.0),)}
    state = replace(KNOWN, backlog=backlog, panel_totals=totals)
    asked = replace(slot(Kind.BATCH_ENERGY), day=past, purpose=Purpose.HISTORY)
    update = UPDATES[Kind.BATCH_ENERGY]
    assert update.on_failure(state, asked, OpenApiConnectionError(), READING).backlog.panel_gaps
    if kwh is None:
        after = update.on_no_data(state, asked, READING)
    else:
        after = update.apply(state, asked, {("703000000011", 1): kwh}, READING)
    assert not after.backlog.panel_gaps
    assert after.panel_totals == totals
    today = update.apply(state, slot(Kind.BATCH_ENERGY), {("703000000011", 1): 2.5}, READING)
    assert today.backlog.panel_gaps
    assert today.panel_totals["703000000011"][0].total == 102.5


def test_a_day_of_the_history_that_fails_is_put_off_and_one_of_today_is_not() -> None:
    """The import goes on with the day before."""
    past = DAY - timedelta(days=3)
    state = replace(KNOWN, backlog=replace(Backlog().begun(DAY, past), day_cursor=past))
    asked = replace(slot(Kind.HOURLY), day=past, purpose=Purpose.HISTORY)
    failed = UPDATES[Kind.HOURLY].on_failure(state, asked, OpenApiConnectionError(), READING)
    assert failed.backlog.gaps == (past,)
    assert UPDATES[Kind.HOURLY].on_failure(state, slot(Kind.HOURLY), OpenApiConnectionError(), READING) == state
