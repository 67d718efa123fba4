"""The system's hours in Home Assistant's long-term statistics: written as the day goes on, settled, and healed."""

from asyncio import Lock
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN, LOGGER, MANUFACTURER
from .series import NOON, DayEnergy, Rows, changed_rows, rows_of
from .solar import Site

# Where the newest row before a day is looked for: in a summer it is the evening before, in polar night months back.
_LOOK_BACK: Final = (timedelta(days=3), timedelta(days=100), timedelta(days=36500))
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
        return f"{DOMAIN}:{self.sid}_{what}".lower()

    @property
    def name(self) -> str:
        """Return its name for people."""
        of = f"{MANUFACTURER} {self.sid}"
        return f"{of} production" if self.uid is None else f"{of} inverter {self.uid} channel {self.channel}"


class History:
    """Writes days of energy. Without a recorder it does nothing, and says so once."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._lock = Lock()
        self.available = "recorder" in hass.config.components
        if not self.available:
            LOGGER.info("The recorder is off, so that no statistics of the production are kept")

    async def async_write(
        self, statistic: Statistic, site: Site, days: Mapping[date, DayEnergy], closed: datetime
    ) -> None:
        """Write what is known of some days, as far as their hours have ended by `closed`.

        The sum goes on from the database, never from memory: the statistic may have been cleared meanwhile.
        """
        if not self.available or not days:
            return
        async with self._lock:
            recorder = get_instance(self._hass)
            await recorder.async_block_till_done()
            start = site.midnight(min(days)).astimezone(UTC)
            held, base = await recorder.async_add_executor_job(_read, self._hass, statistic.id, start)
            fresh: Rows = {}
            for day, known in days.items():
                first, after = (site.midnight(day + timedelta(days=n)).astimezone(UTC) for n in (0, 1))
                of_day = {moment: kwh for moment, (kwh, _) in held.items() if first <= moment < after}
                fresh |= rows_of(day, site, known, of_day, closed)
            rows = changed_rows(held, fresh, base, site)
            if rows:
                async_add_external_statistics(
                    self._hass,
                    StatisticMetaData(
                        mean_type=StatisticMeanType.NONE,
                        has_sum=True,
                        name=statistic.name,
                        source=DOMAIN,
                        statistic_id=statistic.id,
                        unit_class=EnergyConverter.UNIT_CLASS,
                        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
                    ),
                    [StatisticData(start=row.start, state=row.kwh, sum=row.sum) for row in rows],
                )

    async def async_totals(self, statistic: Statistic, site: Site, first: date, after: date) -> dict[date, float]:
        """Return the energy that is written for each site day from one to before another; days without are missing."""
        if not self.available:
            return {}
        recorder = get_instance(self._hass)
        await recorder.async_block_till_done()
        start, end = (site.midnight(day).astimezone(UTC) for day in (first, after))
        rows = await recorder.async_add_executor_job(_rows, self._hass, statistic.id, start, end)
        totals: dict[date, float] = {}
        for moment, (kwh, _) in rows.items():
            totals[site.day(moment)] = totals.get(site.day(moment), 0.0) + kwh
        return totals

    async def async_coarse(self, statistic: Statistic, site: Site, day: date) -> float | None:
        """Return a day's total where it stands as one row at noon."""
        recorder = get_instance(self._hass)
        await recorder.async_block_till_done()
        start, end = (site.midnight(day + timedelta(days=n)).astimezone(UTC) for n in (0, 1))
        rows = await recorder.async_add_executor_job(_rows, self._hass, statistic.id, start, end)
        made = {moment: kwh for moment, (kwh, _) in rows.items() if kwh}
        return next(iter(made.values())) if list(made) == [site.at(day, NOON).astimezone(UTC)] else None


def _read(hass: HomeAssistant, statistic_id: str, start: datetime) -> tuple[Held, float]:
    """Return the rows from a moment on, and the sum before it. Blocks."""
    held = _rows(hass, statistic_id, start, None)
    for back in _LOOK_BACK:
        before = _rows(hass, statistic_id, max(_ZERO, start - back), start)
        if before:
            return held, before[max(before)][1]
    return held, 0.0


def _rows(hass: HomeAssistant, statistic_id: str, start: datetime, end: datetime | None) -> Held:
    rows = statistics_during_period(hass, start, end, {statistic_id}, "hour", None, {"state", "sum"})
    return {
        datetime.fromtimestamp(row["start"], UTC): (row.get("state") or 0.0, row.get("sum") or 0.0)
        for row in rows.get(statistic_id, [])
    }
