"""What the tests share: a simulated cloud over real HTTP, and Home Assistant with the integration in it."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
import logging
from pathlib import Path
from typing import Any, override
from unittest.mock import patch

import freezegun
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import json as json_helper
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import mock_storage

from simulator import Cloud, Plant, sample_plant
from tests.house import House, RightClock

# Home Assistant's tests log every statement, even where nobody reads it.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
# It builds dates by the types that dataclasses were declared with, which are the real ones.
freezegun.configure(extend_ignore_list=["custom_components.apsystems_openapi.system.state"])


class Disk(dict[str, Any]):
    """What Home Assistant keeps, by key; a full disk takes nothing more."""

    full = False

    @override
    def __setitem__(self, key: str, value: Any) -> None:
        if self.full:
            raise WriteError("No space left on device")
        super().__setitem__(key, value)


encode_other = json_helper.json_encoder_default


def encode_date(value: object) -> Any:  # noqa: ANN401
    """Write the dates of a frozen clock as real ones are; Home Assistant before 2026.10 does not."""
    return value.isoformat() if isinstance(value, date) else encode_other(value)


@pytest.fixture
def hass_storage() -> Iterator[Disk]:
    """Return the disk. Parametrized with None, a test has real files."""
    disk = Disk()
    with mock_storage(disk):
        yield disk


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Let every test have its own files."""
    return str(tmp_path)


@pytest.fixture
def plant() -> Plant:
    """Return the plant that the cloud knows; a test that needs another parametrizes this."""
    return sample_plant()


@pytest.fixture
async def cloud(socket_enabled: None, plant: Plant) -> Cloud:  # noqa: ARG001
    """Return the cloud, not yet serving; its clock is the one that tests freeze, and right when the home's is not."""
    return Cloud(plant, now=RightClock())


@pytest.fixture
async def house(
    hass: HomeAssistant,
    enable_custom_integrations: None,  # noqa: ARG001
    freezer: FrozenDateTimeFactory,
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[House]:
    """Return Home Assistant at the sample plant's place, at noon of a June day, the cloud serving."""
    caplog.set_level(logging.INFO)
    # Its debug mode notes a stack for each step, and finds every task slow under a clock that jumps.
    hass.loop.set_debug(enabled=False)
    await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
    freezer.move_to("2026-06-15 11:00:00+00:00")
    with (
        patch("custom_components.apsystems_openapi.coordinator.CALL_SPACING_S", 0),
        patch.object(json_helper, "json_encoder_default", encode_date),
    ):
        async with cloud.serve() as url:
            yield House(hass, freezer, cloud, url, caplog)
