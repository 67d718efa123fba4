"""What the system's page of Home Assistant tells."""

from typing import Any

from homeassistant.components.system_health import DOMAIN as SYSTEM_HEALTH
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.apsystems_openapi.const import DOMAIN
from tests.house import FIXED, House
from tests.packaging import below, english
from tests.test_packaging import INTEGRATION


async def told(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is told, once everything has been looked up."""
    assert await async_setup_component(hass, SYSTEM_HEALTH, {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    return {key: await value if hasattr(value, "__await__") else value for key, value in info.items()}


async def test_it_tells_reachability_calls_left_and_the_last_answer(house: House) -> None:
    """Each under a name. Looking costs no call of the account."""
    await house.set_up()
    left = house.state("api_calls").attributes["left"]
    spent = house.cloud.spent()
    info = await told(house.hass)
    assert info["can_reach_server"] == "ok"
    assert info["calls_left"] == f"{left} of 1000"
    assert info["last_success"] == house.calls()[6].moment
    assert house.cloud.spent() == spent
    assert set(info) == set(below(english(INTEGRATION), "system_health", "info"))


async def test_a_server_that_is_gone_is_told(house: House) -> None:
    """The rest is as it was."""
    await house.set_up()
    before = await told(house.hass)
    await house.cloud.stop()
    info = await told(house.hass)
    assert info.pop("can_reach_server") == {"type": "failed", "error": "unreachable"}
    assert info.items() <= before.items()


async def test_several_systems_are_told_of_without_their_ids(house: House) -> None:
    """In the order in which they were added; one that is not set up, or disabled, has nothing to tell."""
    await house.set_up()
    left = house.state("api_calls").attributes["left"]
    house.hass.config_entries.async_update_entry(house.hass.config_entries.async_entries(DOMAIN)[0], title="Barn")
    other = MockConfigEntry(domain=DOMAIN, unique_id="other", data=house.data(sid="other"), options=FIXED)
    other.add_to_hass(house.hass)
    info = await told(house.hass)
    assert info["calls_left"] == f"{left} of 1000"

    house.cloud.plants["other"] = house.cloud.plants[house.sid]
    await house.hass.config_entries.async_setup(other.entry_id)
    await house.settle()
    info = await told(house.hass)
    first, second = info["calls_left"].split(", ")
    assert first.startswith("1: ")
    assert second.startswith("2: ")
    assert info["last_success"].startswith("1: 2026-06-15T11:00:0")
    assert "other" not in str(info)
    assert house.sid not in str(info)


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_without_a_system_there_is_nothing_to_tell(hass: HomeAssistant) -> None:
    """As after the last one was removed."""
    assert await async_setup_component(hass, DOMAIN, {})
    info = await told(hass)
    assert info == {"can_reach_server": "ok", "calls_left": "", "last_success": ""}


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("base_url", [None, ""])
async def test_an_entry_without_an_address_is_asked_for_at_the_vendors(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, base_url: str | None
) -> None:
    """The original wrote none."""
    aioclient_mock.get("https://api.apsystemsema.com:9282", text="")
    assert await async_setup_component(hass, DOMAIN, {})
    MockConfigEntry(domain=DOMAIN, data={"sid": "a", "app_id": "b", "base_url": base_url}).add_to_hass(hass)
    info = await told(hass)
    assert info["can_reach_server"] == "ok"
    assert aioclient_mock.call_count == 1
