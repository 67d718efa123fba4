"""Shared fixtures: a simulated cloud over real HTTP, Home Assistant with the integration, and a guard over the log."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

import freezegun
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import json as json_helper
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import mock_storage
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import Cloud, Plant, sample_plant
from tests.harness import Disk, House, RightClock
from tests.log_guard import OWN_LOGGER, LogGuard
from tests.registry import DeleteDevice, panels

# Home Assistant's test plugin logs every SQL statement.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
# It builds dates by the types in the annotations of dataclasses, which are the real ones.
freezegun.configure(extend_ignore_list=["custom_components.apsystems_openapi.system.storage"])


encode_other = json_helper.json_encoder_default


def encode_date(value: object) -> Any:  # noqa: ANN401
    """Write the dates of a frozen clock as JSON; Home Assistant before 2026.10 cannot."""
    return value.isoformat() if isinstance(value, date) else encode_other(value)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for what takes long."""
    parser.addoption("--all", action="store_true", help="run every case of the tests that otherwise run a sample")


def pytest_configure(config: pytest.Config) -> None:
    """Register markers."""
    config.addinivalue_line("markers", "forbidden_log(reason): provokes log lines that fail other tests")
    config.addinivalue_line("markers", "thorough: runs with --all alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `--all` runs."""
    if config.getoption("all"):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.get_closest_marker("thorough") is None]


@pytest.fixture
def is_thorough(request: pytest.FixtureRequest) -> bool:
    """Return whether every case is to run."""
    return bool(request.config.getoption("all"))


@pytest.fixture
def log_guard(request: pytest.FixtureRequest) -> Iterator[LogGuard]:
    """Fail the test when the log has a forbidden line; see `LogGuard`."""
    guard, logger = LogGuard(), logging.getLogger(OWN_LOGGER)
    level = logger.level
    logging.getLogger().addHandler(guard)
    logger.setLevel(logging.DEBUG)
    yield guard
    logger.setLevel(level)
    logging.getLogger().removeHandler(guard)
    if guard.found and request.node.get_closest_marker("forbidden_log") is None:
        pytest.fail("\n".join(["forbidden log lines", *dict.fromkeys(guard.found)]))


@pytest.fixture
def hass(log_guard: LogGuard, hass: HomeAssistant) -> HomeAssistant:
    """Return Home Assistant, its log guarded."""
    log_guard.hass = hass
    return hass


@pytest.fixture
def hass_storage() -> Iterator[Disk]:
    """Return a simulated disk. A test that is parametrized with None has real files."""
    disk = Disk()
    with mock_storage(disk):
        yield disk


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Return options of a recorder that keeps statistics and no states: each state is a transaction of its own here."""
    return {"include": {"domains": ["none"]}}


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Return a folder of the test's own."""
    return str(tmp_path)


@pytest.fixture
def plant() -> Plant:
    """Return the cloud's plant; a test that needs another one parametrizes this."""
    return sample_plant()


@pytest.fixture
async def cloud(socket_enabled: None, plant: Plant, log_guard: LogGuard) -> Cloud:  # noqa: ARG001
    """Return the cloud, not yet serving. Its clock follows the frozen one, and stays right when that is set wrong."""
    log_guard.cloud = Cloud(plant, now=RightClock())
    return log_guard.cloud


@pytest.fixture
async def house(
    hass: HomeAssistant,
    enable_custom_integrations: None,  # noqa: ARG001
    freezer: FrozenDateTimeFactory,
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[House]:
    """Return Home Assistant at the sample plant's place, at 13:00 of a day in June, with the cloud serving."""
    caplog.set_level(logging.INFO)
    # The debug mode records a stack for each step, and reports every task as slow when the clock jumps.
    hass.loop.set_debug(enabled=False)
    await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
    freezer.move_to("2026-06-15 11:00:00+00:00")
    with (
        patch("custom_components.apsystems_openapi.runner.CALL_SPACING_S", 0),
        patch.object(json_helper, "json_encoder_default", encode_date),
    ):
        async with cloud.serve() as url:
            yield House(hass, freezer, cloud, url, caplog)


@pytest.fixture
async def delete(house: House, hass_ws_client: WebSocketGenerator) -> DeleteDevice:
    """Return a function that deletes a device."""
    assert await async_setup_component(house.hass, "config", {})
    auth = house.hass.auth

    async def delete_device(entry: ConfigEntry[Any], name: str) -> bool:
        # The test's own token is no longer valid once its clock has moved on.
        (token,) = [t for user in await auth.async_get_users() if user.is_admin for t in user.refresh_tokens.values()]
        client = await hass_ws_client(house.hass, auth.async_create_access_token(token))
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "config_entry_id": entry.entry_id,
                "device_id": (house.devices() | panels(house))[name].id,
            }
        )
        answer = await client.receive_json()
        await client.close()
        await house.settle()
        return bool(answer["success"])

    return delete_device
