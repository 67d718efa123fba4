"""The repair issue for a production that counts twice in the Energy dashboard."""
# ruff: noqa: D103

from datetime import date, timedelta
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.core import Recorder
from homeassistant.helpers import issue_registry as ir
import pytest

from simulator import Plant, sample_plant
from tests.harness import House
from tests.statistics import production


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 10))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder and an Energy dashboard."""
    house.hass.config.components.add("energy")
    return house


async def choose(house: House, *sources: str) -> None:
    """Choose the solar sources."""
    chosen: list[Any] = [
        {"type": "solar", "stat_energy_from": source, "config_entry_solar_forecast": None} for source in sources
    ]
    manager = await async_get_manager(house.hass)
    await manager.async_update({"energy_sources": chosen})


def has_issue(house: House) -> bool:
    """Return whether the issue is open."""
    issues = ir.async_get(house.hass).issues.values()
    return any(issue.translation_key == "double_source" and issue.active for issue in issues)


async def test_sensor_and_statistic_together_create_an_issue_until_one_is_removed(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=10))
    total, statistic = house.entity_id("total_energy"), production(house)
    assert not has_issue(house)
    for sources, warned in (
        ((total,), False),
        ((total, statistic), True),
        ((statistic,), False),
        ((statistic, total), True),
        ((), False),
    ):
        await choose(house, *sources)
        await house.pass_time(timedelta(minutes=10))
        assert has_issue(house) == warned, sources
    await choose(house, statistic, total)
    await house.pass_time(timedelta(minutes=5))
    assert has_issue(house)
    await house.hass.config_entries.async_remove(entry.entry_id)
    assert not has_issue(house)


async def test_home_assistant_accepts_the_statistic_as_a_solar_source(house: House) -> None:
    await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(hours=2))
    await choose(house, production(house))
    assert not any(faults for faults in (await async_validate(house.hass)).as_dict()["energy_sources"])
