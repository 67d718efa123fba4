"""The one correction of the statistics that Home Assistant itself keeps of the total energy sensor.

When the total is lowered by less than 10 %, their sum falls with it. By more, the recorder takes the sensor for reset
and adds its whole new state, so that every sum from there on is too high by the state before. How much too high is
measured in the rows themselves: a correction that was made before Home Assistant was killed is not made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant

from ..system.energy import Adjustment

# How far back the row before the fall is looked for: the sensor may have been unavailable.
_LOOK_BACK: Final = (timedelta(hours=1), timedelta(days=20), timedelta(days=3650))
_PERIOD: Final = timedelta(minutes=5)
_FALLEN: Final = 0.99  # the state of a row may be rounded


@dataclass(frozen=True, kw_only=True)
class CompiledRow:
    """A 5-minute row of the sensor: its state and its sum at the end of the period (kWh)."""

    start: datetime
    state: float
    sum: float


@dataclass(frozen=True, kw_only=True)
class Excess:
    """By how much (kWh) the sums are too high, from the row on that begins at `start`."""

    start: datetime
    kwh: float


def excess_at_fall(rows: Sequence[CompiledRow], adjustment: Adjustment) -> Excess | None:
    """Return what the first row with the lowered total adds to the sum beyond the change of its state.

    None: there is no such row yet. The row before it is the newest that is older, None when the sensor has none.
    """
    for before, row in zip((None, *rows), rows, strict=False):
        if row.start + _PERIOD <= adjustment.at or row.state >= _FALLEN * adjustment.shown:
            continue
        kwh = 0.0 if before is None else row.sum - before.sum - (row.state - before.state)
        return Excess(start=row.start, kwh=kwh)
    return None


def read_excess(hass: HomeAssistant, statistic_id: str, adjustment: Adjustment) -> Excess | None:
    """Return `excess_at_fall` by the rows in the database; without a statistic there is none. Blocks."""
    if not get_metadata(hass, statistic_ids={statistic_id}):
        return Excess(start=adjustment.at, kwh=0.0)
    for back in _LOOK_BACK:
        rows = _rows(hass, statistic_id, adjustment.at - back)
        if rows and rows[0].start + _PERIOD <= adjustment.at:
            break
    return excess_at_fall(rows, adjustment)


def _rows(hass: HomeAssistant, statistic_id: str, since: datetime) -> list[CompiledRow]:
    units: dict[str, str] = {"energy": UnitOfEnergy.KILO_WATT_HOUR}
    found = statistics_during_period(hass, since, None, {statistic_id}, "5minute", units, {"state", "sum"})
    return [
        CompiledRow(start=datetime.fromtimestamp(row["start"], UTC), state=state, sum=total)
        for row in found.get(statistic_id, [])
        if (state := row.get("state")) is not None and (total := row.get("sum")) is not None
    ]
