"""What the tests share: a simulated cloud over real HTTP, and Home Assistant with the integration in it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator import Cloud, sample_plant
from tests.house import House


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Let every test have its own files, as the ledger and the state are read back from disk."""
    return str(tmp_path)


@pytest.fixture
async def cloud(socket_enabled: None) -> Cloud:
    """Return the cloud, not yet serving, with the sample plant; its clock is the one that tests freeze."""
    return Cloud(sample_plant(), now=lambda: datetime.now(UTC))


@pytest.fixture
async def house(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    freezer: FrozenDateTimeFactory,
    cloud: Cloud,
) -> AsyncIterator[House]:
    """Return Home Assistant at the sample plant's place, at noon of a June day, the cloud serving."""
    await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
    freezer.move_to("2026-06-15 11:00:00+00:00")
    with patch("custom_components.apsystems_openapi.coordinator.CALL_SPACING_S", 0):
        async with cloud.serve() as url:
            yield House(hass, freezer, cloud, url)
