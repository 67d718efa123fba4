"""The integration's lines on Home Assistant's system health page."""

from typing import Any

from homeassistant.components.system_health import DOMAIN as SYSTEM_HEALTH
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.apsystems_openapi.const import DOMAIN
from tests.harness import FIXED, House
from tests.texts import below, english


async def system_health(hass: HomeAssistant) -> dict[str, Any]:
    """Return the integration's lines, once each of them is known."""
    assert await async_setup_component(hass, SYSTEM_HEALTH, {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    return {key: await value if hasattr(value, "__await__") else value for key, value in info.items()}


async def test_it_shows_reachability_calls_left_and_the_last_answer(house: House) -> None:
    """Each with a name. Opening the page costs no call."""
    await house.set_up()
    left = house.state("api_calls_month").attributes["left"]
    spent = house.cloud.spent()
    info = await system_health(house.hass)
    assert info["can_reach_server"] == "ok"
    assert info["calls_left"] == f"{left} of 1000"
    assert info["last_success"] == house.calls()[6].time
    assert house.cloud.spent() == spent
    assert set(info) == set(below(english(), "system_health", "info"))


async def test_an_unreachable_server_is_shown(house: House) -> None:
    """The other lines are the same."""
    await house.set_up()
    before = await system_health(house.hass)
    await house.cloud.stop()
    info = await system_health(house.hass)
    assert info.pop("can_reach_server") == {"type": "failed", "error": "unreachable"}
    assert info.items() <= before.items()


async def test_several_systems_are_numbered_and_their_ids_not_shown(house: House) -> None:
    """In the order in which they were added, without those that are not loaded."""
    await house.set_up()
    left = house.state("api_calls_month").attributes["left"]
    house.hass.config_entries.async_update_entry(house.hass.config_entries.async_entries(DOMAIN)[0], title="Barn")
    other = MockConfigEntry(domain=DOMAIN, unique_id="other", data=house.data(sid="other"), options=FIXED)
    other.add_to_hass(house.hass)
    info = await system_health(house.hass)
    assert info["calls_left"] == f"{left} of 1000"

    house.cloud.plants["other"] = house.cloud.plants[house.sid]
    await house.hass.config_entries.async_setup(other.entry_id)
    await house.settle()
    info = await system_health(house.hass)
    first, second = info["calls_left"].split(", ")
    assert first.startswith("1: ")
    assert second.startswith("2: ")
    assert info["last_success"].startswith("1: 2026-06-15T11:00:0")
    assert "other" not in str(info)
    assert house.sid not in str(info)


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_without_a_system_calls_and_last_answer_are_empty(hass: HomeAssistant) -> None:
    """As after the last one was removed."""
    assert await async_setup_component(hass, DOMAIN, {})
    info = await system_health(hass)
    assert info == {"can_reach_server": "ok", "calls_left": "", "last_success": ""}


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("base_url", [None, ""])
async def test_an_entry_without_an_address_checks_the_vendors_server(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, base_url: str | None
) -> None:
    """The original stored none."""
    aioclient_mock.get("https://api.apsystemsema.com:9282", text="")
    assert await async_setup_component(hass, DOMAIN, {})
    MockConfigEntry(domain=DOMAIN, data={"sid": "a", "app_id": "b", "base_url": base_url}).add_to_hass(hass)
    info = await system_health(hass)
    assert info["can_reach_server"] == "ok"
    assert aioclient_mock.call_count == 1
