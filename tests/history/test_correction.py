"""The excess of a sensor's sums after its total was lowered."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.apsystems_openapi.history.correction import CompiledRow, excess_at_fall
from custom_components.apsystems_openapi.system.energy import Adjustment

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
LOWERED = Adjustment(at=NOON + timedelta(minutes=12), shown=15000.0)


def row(minute: int, state: float, total: float) -> CompiledRow:
    """Return the row of five minutes from a minute past noon on."""
    return CompiledRow(start=NOON + timedelta(minutes=minute), state=state, sum=total)


BEFORE = (row(0, 15000.0, 8000.0), row(5, 15000.0, 8000.0))


@pytest.mark.parametrize(
    ("rows", "excess"),
    [
        ((), None),
        (BEFORE, None),
        ((*BEFORE, row(10, 15000.0, 8000.0)), None),  # Home Assistant was killed before the sensor fell
        ((*BEFORE, row(10, 6000.0, 14000.0)), (10, 15000.0)),
        ((*BEFORE, row(10, 6000.0, 14000.0), row(15, 6001.0, 14001.0)), (10, 15000.0)),
        ((*BEFORE, row(10, 15000.0, 8000.0), row(15, 6001.0, 14001.0)), (15, 15000.0)),
        ((*BEFORE, row(10, 6000.0, -1000.0)), (10, 0.0)),  # adjusted, or followed
        ((*BEFORE, row(10, 6000.0, -900.0)), (10, 100.0)),  # adjusted by somebody else as well
        ((row(10, 6000.0, 0.0),), (10, 0.0)),  # begun anew
        (
            (row(0, 4000.0, 900.0), row(5, 4000.0, 900.0), row(10, 6000.0, 2900.0)),
            (10, 0.0),
        ),  # never saw the high figure
    ],
)
def test_the_excess_is_that_of_the_first_row_with_the_lowered_total(
    rows: tuple[CompiledRow, ...], excess: tuple[int, float] | None
) -> None:
    """None while no row shows it."""
    found = excess_at_fall(rows, LOWERED)
    assert (found and (found.start, found.kwh)) == (excess and (NOON + timedelta(minutes=excess[0]), excess[1]))


def test_earlier_rows_that_are_lower_do_not_count() -> None:
    """They are of a time before the wrong figures."""
    rows = (row(-60, 5990.0, -1010.0), *BEFORE)
    assert excess_at_fall(rows, LOWERED) is None
