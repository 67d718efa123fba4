"""The statistics in Home Assistant's recorder, and comparisons with the cloud."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.statistics import list_statistic_ids, statistics_during_period
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from tests.harness import House

type Rows = dict[datetime, tuple[float, float]]


def production(house: House) -> str:
    """Return the id of the system's statistic."""
    return f"apsystems_openapi:{house.sid.lower()}_production"


async def rows(house: House, statistic_id: str = "") -> Rows:
    """Return the stored rows of a statistic: energy and sum, kWh, by start in UTC."""
    await async_wait_recording_done(house.hass)
    statistic_id = statistic_id or production(house)
    stored = await read(house.hass, statistic_id, "hour", {"state", "sum"})
    return {datetime.fromtimestamp(row["start"], UTC): (row["state"], row["sum"]) for row in stored}


async def daily(house: House, statistic_id: str = "") -> dict[date, float]:
    """Return the energy of each site day, kWh, by the changes of the sum."""
    await async_wait_recording_done(house.hass)
    days: dict[date, float] = {}
    for row in await read(house.hass, statistic_id or production(house), "hour", {"change"}):
        day = datetime.fromtimestamp(row["start"], house.plant.zone).date()
        days[day] = days.get(day, 0.0) + row["change"]
    return days


async def read(hass: HomeAssistant, statistic_id: str, period: Any, types: set[Any]) -> list[Any]:  # noqa: ANN401
    """Read a statistic as the frontend does."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, start, None, {statistic_id}, period, None, types
    )
    return found.get(statistic_id, [])


async def statistic_ids(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Return the external statistics of the integration."""
    await async_wait_recording_done(hass)
    listed = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    return {s["statistic_id"]: dict(s) for s in listed if s["source"] == "apsystems_openapi"}


def cloud_day(house: House, day: date) -> float:
    """Return the energy of a site day by the cloud, kWh."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=house.plant.zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=house.plant.zone)
    return house.cloud.energy_kwh(house.sid, midnight, end)


def assert_orderly(stored: Rows) -> None:
    """Check that no row is negative and that each sum is the one before plus the row's energy, the first from 0."""
    total = 0.0
    for start in sorted(stored):
        kwh, running = stored[start]
        assert kwh >= 0
        total += kwh
        assert running == pytest.approx(total, abs=1e-4), start


async def assert_days(house: House, days: Iterable[date]) -> None:
    """Check that the rows of each day add up to the cloud's total."""
    written = await daily(house)
    known = {day: cloud_day(house, day) for day in days}
    wrong = {day: (kwh, written.get(day)) for day, kwh in known.items() if abs(kwh - written.get(day, 0.0)) > 0.01}
    assert not wrong, wrong


async def assert_hours(house: House, day: date) -> None:
    """Check each hour of a day within 0.02 kWh: the cloud rounds hours, and the importer spreads the difference."""
    stored = {start.astimezone(house.plant.zone): kwh for start, (kwh, _) in (await rows(house)).items()}
    found = {start.hour: kwh for start, kwh in stored.items() if start.date() == day and kwh}
    truth = dict(enumerate(house.cloud.hourly_kwh(house.sid, day)))
    wrong = {hour: (kwh, found.get(hour)) for hour, kwh in truth.items() if abs(kwh - found.get(hour, 0.0)) > 0.02}
    assert not wrong, wrong


async def clear(house: House, statistic_id: str = "") -> None:
    """Delete a statistic as the developer tools do."""
    get_instance(house.hass).async_clear_statistics([statistic_id or production(house)])
    await async_wait_recording_done(house.hass)


async def ask_for(house: House, entry: ConfigEntry[Any], start: date, end: date | None = None) -> Any:  # noqa: ANN401
    """Ask for days by the action `import_history`."""
    asked = {"start": start.isoformat()} | ({"end": end.isoformat()} if end else {})
    return await act(house, entry, **asked)


async def act(house: House, entry: ConfigEntry[Any], **fields: Any) -> Any:  # noqa: ANN401
    """Run the action `import_history`."""
    asked = {"config_entry_id": entry.entry_id, **fields}
    return await house.patiently(
        house.hass.services.async_call(
            "apsystems_openapi", "import_history", asked, blocking=True, return_response=True
        )
    )


async def until_done(house: House, most: timedelta = timedelta(days=3), step: timedelta = timedelta(minutes=5)) -> None:
    """Let time pass until the backlog is empty."""
    end = house.now + most
    await house.pass_time(timedelta(minutes=10))
    while house.now < end and progress(house):
        await house.pass_time(step, step)
    assert not progress(house)


def progress(house: House) -> int:
    """Return how many calls the backlog still takes."""
    (entry,) = house.hass.config_entries.async_entries("apsystems_openapi")
    return int(entry.runtime_data.data.history.calls_to_go)


def days(first: date, last: date) -> list[date]:
    """Return the days from one to another."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def asked_for(house: House, level: str = "hourly", since: int = 0) -> list[str]:
    """Return the days or months of the energy calls that the cloud received, in order."""
    return [str(call.date_range) for call in house.calls("energy", since=since) if call.level == level]
