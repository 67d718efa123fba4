"""Days of energy in Home Assistant's long-term statistics: read, worked out and written until nothing changes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import slugify
from homeassistant.util.unit_conversion import EnergyConverter
from sqlalchemy.exc import SQLAlchemyError

from ..const import DOMAIN, LOGGER, MANUFACTURER
from ..schedule.sun import Site
from .rows import DayEnergy, Row, Rows, changed_rows, is_coarse, noon_of, rows_of

# Where the newest row before a day is looked for: in a summer it is the evening before, in polar night months back.
_LOOK_BACK: Final = (timedelta(days=3), timedelta(days=100), timedelta(days=36500))
_PASSES: Final = 3
_PATIENCE_S: Final = 180
_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)

type Held = dict[datetime, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A statistic of a system: its production, or that of one channel of an inverter."""

    sid: str
    uid: str | None = None
    channel: int | None = None

    @property
    def id(self) -> str:
        """Return its id; of a production it ends so, of a channel in inverter and number."""
        what = "production" if self.uid is None else f"{self.uid}_{self.channel}"
        return f"{DOMAIN}:{slugify(f'{self.sid}_{what}')}"

    @property
    def name(self) -> str:
        """Return its name for people."""
        of = f"{MANUFACTURER} {self.sid}"
        return f"{of} production" if self.uid is None else f"{of} inverter {self.uid} channel {self.channel}"


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The oldest and the newest row that are known to be in a statistic; `lost` when it was cleared meanwhile."""

    oldest: datetime | None = None
    newest: datetime | None = None
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is written of a day: its energy (kWh), and whether that stands as one row."""

    kwh: float
    coarse: bool


class RecorderBusyError(Exception):
    """The recorder does not take anything now: it starts, ends, or is locked."""


class History:
    """Writes days of energy. Without a recorder it does nothing, and says so once."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._lock = asyncio.Lock()
        self._refused = False
        self.available = "recorder" in hass.config.components
        if not self.available:
            LOGGER.info("The recorder is off, so that no statistics of the production are kept")

    @property
    def ready(self) -> bool:
        """Whether the recorder works off its queue, which it does not before Home Assistant has started."""
        if not self.available:
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
    ) -> Extent:
        """Write what is known of some days, as far as their hours have ended by `closed`; it is on disk on return.

        The sum goes on from the database, never from memory, and is looked at again when it is written: the statistic
        may have been cleared meanwhile. Raises RecorderBusyError.
        """
        known, lost = known or Extent(), False
        async with self._recorder() as recorder:
            for _ in range(_PASSES):
                draft = await recorder.async_add_executor_job(_draft, self._hass, statistic.id, site, days, closed)
                lost = lost or not all(draft.has(row) for row in (known.oldest, known.newest))
                if not draft.rows:
                    break
                async_add_external_statistics(
                    self._hass,
                    _metadata(statistic),
                    [StatisticData(start=row.start, state=row.kwh, sum=row.sum) for row in draft.rows],
                )
                await recorder.async_block_till_done()
        former = [row for row in (known.oldest, known.newest) if row is not None and not lost]
        moments = {*draft.held, *(row.start.astimezone(UTC) for row in draft.rows), *former}
        return Extent(oldest=min(moments, default=None), newest=max(moments, default=None), lost=lost)

    async def async_written(self, statistic: Statistic, site: Site, first: date, after: date) -> dict[date, Written]:
        """Return what is written for each site day from one to before another; days without are missing.

        Raises RecorderBusyError.
        """
        async with self._recorder() as recorder:
            start, end = (site.midnight(day).astimezone(UTC) for day in (first, after))
            rows = await recorder.async_add_executor_job(_rows, self._hass, statistic.id, start, end)
        days: dict[date, Rows] = {}
        for moment, (kwh, _) in rows.items():
            days.setdefault(site.day(moment), {})[moment] = kwh
        return {
            day: Written(kwh=sum(of_day.values()), coarse=is_coarse(of_day, noon_of(day, site)))
            for day, of_day in days.items()
        }

    @asynccontextmanager
    async def _recorder(self) -> AsyncIterator[Recorder]:
        """Have the recorder, with nothing waiting to be written. Raises RecorderBusyError."""
        if not self.ready:
            raise RecorderBusyError
        try:
            async with asyncio.timeout(_PATIENCE_S), self._lock:
                recorder = get_instance(self._hass)
                await recorder.async_block_till_done()
                yield recorder
        except (HomeAssistantError, SQLAlchemyError, TimeoutError) as error:
            if not self._refused:
                LOGGER.warning("The recorder does not take the statistics: %s", type(error).__name__)
            self._refused = True
            raise RecorderBusyError from error
        if self._refused:
            LOGGER.info("The recorder takes the statistics again")
            self._refused = False


def _metadata(statistic: Statistic) -> StatisticMetaData:
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=statistic.name,
        source=DOMAIN,
        statistic_id=statistic.id,
        unit_class=EnergyConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """What is held of a statistic from `start` on, the sum before it if there is one, and the rows to be written."""

    start: datetime
    held: Held
    base: float | None
    rows: list[Row]

    def has(self, row: datetime | None) -> bool:
        """Tell whether a row that was written once is still there; of those before `start` there is only the sum."""
        if row is None:
            return True
        return self.base is not None if row < self.start else row in self.held


def _draft(
    hass: HomeAssistant, statistic_id: str, site: Site, days: Mapping[date, DayEnergy], closed: datetime
) -> _Draft:
    """Read what is held, and work out what is to be written. Blocks."""
    start = site.midnight(min(days)).astimezone(UTC)
    held, base = _rows(hass, statistic_id, start, None), None
    for back in _LOOK_BACK:
        if before := _rows(hass, statistic_id, max(_ZERO, start - back), start):
            base = before[max(before)][1]
            break
    by_day: dict[date, Rows] = {}
    for moment, (kwh, _) in held.items():
        by_day.setdefault(site.day(moment), {})[moment] = kwh
    fresh: Rows = {}
    for day, known in days.items():
        fresh |= rows_of(day, site, known, by_day.get(day, {}), closed)
    return _Draft(start=start, held=held, base=base, rows=changed_rows(held, fresh, base or 0.0))


def _rows(hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime | None) -> Held:
    rows = statistics_during_period(hass, start, end, {statistic_id}, "hour", None, {"state", "sum"})
    return {
        datetime.fromtimestamp(row["start"], UTC): (row.get("state") or 0.0, row.get("sum") or 0.0)
        for row in rows.get(statistic_id, [])
    }
