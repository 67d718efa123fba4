"""Days of energy in Home Assistant's long-term statistics: read, computed and written until nothing changes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import logging
from typing import Final

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import EnergyConverter
from sqlalchemy.exc import SQLAlchemyError

from ..schedule.sun import Site
from ..system.backlog import Extent, Source, SourceKind
from ..system.energy import Adjustment
from ..system.unwritten import PRODUCTION
from .correction import Excess, read_excess
from .rows import DayEnergy, Row, Rows, changed_rows, is_coarse, noon_of, rows_of

# Where the newest row before a day is looked for: in a summer it is the evening before, in polar night months back.
_LOOK_BACK: Final = (timedelta(days=3), timedelta(days=100), timedelta(days=36500))
_PASSES: Final = 3
_PATIENCE_S: Final = 180
_SOURCE: Final = "apsystems_openapi"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LOGGER: Final = logging.getLogger(__name__)

type Stored = dict[datetime, tuple[float, float]]
"""Energy and sum (kWh) by start, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A statistic of a system: its production, that of one channel of an inverter, or a flow of its house."""

    sid: str
    """The system's id."""
    uid: str | None = None
    """The inverter's id; None of the production."""
    channel: int | None = None
    """From 1; None of the production."""
    source: Source | None = None
    """The meter or battery that measures the flow."""
    flow: str = PRODUCTION
    """The name of the flow."""

    @property
    def id(self) -> str:
        """Return its id; of a production it ends so, of a channel in inverter and number, of a flow in its name."""
        if self.source is not None and self.source.kind is SourceKind.BATTERY:
            return f"{_SOURCE}:{slugify(f'storage_{self.source.eid}_{self.flow}')}"
        what = "production" if self.uid is None else f"{self.uid}_{self.channel}"
        if self.source is not None:
            what = f"meter_{self.source.eid}_{self.flow}"
        return f"{_SOURCE}:{slugify(f'{self.sid}_{what}')}"

    @property
    def name(self) -> str:
        """Return its name for people."""
        of = f"APsystems {self.sid}"
        if self.source is not None:
            return f"{of} {self.source.kind} {self.source.eid} {self.flow}"
        return f"{of} production" if self.uid is None else f"{of} inverter {self.uid} channel {self.channel}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a write has found and left."""

    extent: Extent | None
    """Of the statistic; None when it has no rows."""
    is_lost: bool
    """Whether the statistic was cleared since its extent was known."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A day as it is written."""

    kwh: float
    is_coarse: bool
    """Whether it is a single row at noon."""


class RecorderBusyError(Exception):
    """The recorder takes nothing now: it starts, stops, or is locked."""


class StatisticsWriter:
    """Writes days of energy. Without a recorder it does nothing, and logs so once."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._lock = asyncio.Lock()
        self._refused = False
        self.is_available = has_recorder(hass)
        if not self.is_available:
            _LOGGER.info("The recorder is off, no statistics of the production are kept")

    @property
    def is_ready(self) -> bool:
        """Whether the recorder processes its queue, which it does not before Home Assistant has started."""
        if not self.is_available:
            return False
        recorder = get_instance(self._hass)
        return recorder.is_running and recorder.async_recorder_ready.is_set()

    async def async_write(
        self,
        statistic: Statistic,
        site: Site,
        days: Mapping[date, DayEnergy],
        closed: datetime,
        known: Extent | None = None,
    ) -> Outcome:
        """Write the known energy of some days, as far as their hours have ended by `closed`; it is on disk on return.

        The sum goes on from the database, never from memory, and is looked at again when it is written: the statistic
        may have been cleared meanwhile. Raises RecorderBusyError.
        """
        ends, lost = (known.oldest, known.newest) if known else (), False
        async with self._recorder() as recorder:
            for _ in range(_PASSES):
                draft = await recorder.async_add_executor_job(_draft, self._hass, statistic.id, site, days, closed)
                lost = lost or not all(map(draft.has, ends))
                if not draft.rows:
                    break
                async_add_external_statistics(
                    self._hass,
                    _metadata(statistic),
                    [StatisticData(start=row.start, state=row.kwh, sum=row.sum) for row in draft.rows],
                )
                await recorder.async_block_till_done()
        times = {*draft.stored, *(row.start.astimezone(UTC) for row in draft.rows), *(() if lost else ends)}
        return Outcome(extent=Extent(oldest=min(times), newest=max(times)) if times else None, is_lost=lost)

    async def async_written(self, statistic: Statistic, site: Site, first: date, after: date) -> dict[date, Written]:
        """Return the days that are written from one to before another; days without rows are missing.

        Raises RecorderBusyError.
        """
        days = await self.async_rows(statistic, site, first, after)
        return {
            day: Written(kwh=sum(of_day.values()), is_coarse=is_coarse(of_day, noon_of(day, site)))
            for day, of_day in days.items()
        }

    async def async_rows(self, statistic: Statistic, site: Site, first: date, after: date) -> dict[date, Rows]:
        """Return the rows of each site day from one to before another: kWh by start, in UTC.

        Raises RecorderBusyError.
        """
        async with self._recorder() as recorder:
            start, end = (site.midnight(day).astimezone(UTC) for day in (first, after))
            rows = await recorder.async_add_executor_job(_rows, self._hass, statistic.id, start, end)
        days: dict[date, Rows] = {}
        for time, (kwh, _) in rows.items():
            days.setdefault(site.day(time), {})[time] = kwh
        return days

    async def async_excess(self, statistic_id: str, adjustment: Adjustment) -> Excess | None:
        """Return by how much a sensor's sums are too high since it has fallen; None: no row shows that yet.

        Raises RecorderBusyError.
        """
        async with self._recorder() as recorder:
            return await recorder.async_add_executor_job(read_excess, self._hass, statistic_id, adjustment)

    @callback
    def async_take_off(self, statistic_id: str, excess: Excess) -> None:
        """Queue an adjustment that lowers a sensor's sums from a row on."""
        _LOGGER.info("Lowering the statistics of the total energy sensor by %.1f kWh", excess.kwh)
        get_instance(self._hass).async_adjust_statistics(
            statistic_id, excess.start, -excess.kwh, UnitOfEnergy.KILO_WATT_HOUR
        )

    @asynccontextmanager
    async def _recorder(self) -> AsyncIterator[Recorder]:
        """Yield the recorder once its queue is empty. Raises RecorderBusyError."""
        if not self.is_ready:
            raise RecorderBusyError
        try:
            async with asyncio.timeout(_PATIENCE_S), self._lock:
                recorder = get_instance(self._hass)
                await recorder.async_block_till_done()
                yield recorder
        except (HomeAssistantError, SQLAlchemyError, TimeoutError) as error:
            if not self._refused:
                _LOGGER.warning("Failed to write statistics, the recorder is busy: %s", type(error).__name__)
            self._refused = True
            raise RecorderBusyError from error
        if self._refused:
            _LOGGER.info("Writing statistics works again")
            self._refused = False


def has_recorder(hass: HomeAssistant) -> bool:
    """Return whether there is a recorder to keep statistics."""
    return "recorder" in hass.config.components


def _metadata(statistic: Statistic) -> StatisticMetaData:
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=statistic.name,
        source=_SOURCE,
        statistic_id=statistic.id,
        unit_class=EnergyConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """The stored rows of a statistic from `start` on, and those to be written."""

    start: datetime
    stored: Stored
    base: float | None
    """The sum (kWh) before `start`; None when there is no row before it."""
    rows: list[Row]
    """Those to be written."""

    def has(self, row: datetime) -> bool:
        """Return whether a row that was written once is still there; of those before `start` there is only the sum."""
        return self.base is not None if row < self.start else row in self.stored


def _draft(
    hass: HomeAssistant, statistic_id: str, site: Site, days: Mapping[date, DayEnergy], closed: datetime
) -> _Draft:
    """Read the stored rows, and compute those to be written. Blocks."""
    start = site.midnight(min(days)).astimezone(UTC)
    stored, base = _rows(hass, statistic_id, start, None), None
    for back in _LOOK_BACK:
        if before := _rows(hass, statistic_id, max(_EPOCH, start - back), start):
            base = before[max(before)][1]
            break
    by_day: dict[date, Rows] = {}
    for time, (kwh, _) in stored.items():
        by_day.setdefault(site.day(time), {})[time] = kwh
    fresh: Rows = {}
    for day, known in days.items():
        fresh |= rows_of(day, site, known, by_day.get(day, {}), closed)
    return _Draft(start=start, stored=stored, base=base, rows=changed_rows(stored, fresh, base or 0.0))


def _rows(hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime | None) -> Stored:
    rows = statistics_during_period(hass, start, end, {statistic_id}, "hour", None, {"state", "sum"})
    return {
        datetime.fromtimestamp(row["start"], UTC): (row.get("state") or 0.0, row.get("sum") or 0.0)
        for row in rows.get(statistic_id, [])
    }
