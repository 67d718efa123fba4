"""The answer of each kind of call, or the lack of one, as the table `UPDATES` applies it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from custom_components.apsystems_openapi.cloud.exceptions import (
    OpenApiConnectionError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from custom_components.apsystems_openapi.cloud.models import Ecu
from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Slot
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
