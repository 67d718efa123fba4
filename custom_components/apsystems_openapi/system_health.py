"""Whether the cloud can be reached, how many calls are left, and when it last answered."""

import asyncio
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import CONF_BASE_URL, DEFAULT_BASE_URL, DOMAIN
from .coordinator import ApsystemsConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the facts on the page of system health."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Tell of all systems; where there are several, in the order in which they were added, without their ids."""
    entries: list[ApsystemsConfigEntry] = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    loaded = [entry.runtime_data.data for entry in entries if entry.state is ConfigEntryState.LOADED]
    answered = [data.state.answered for data in loaded]
    times = [at.isoformat() if at else "never" for at in answered]
    urls = {entry.data.get(CONF_BASE_URL) or DEFAULT_BASE_URL for entry in entries}
    return {
        "can_reach_server": _async_reach(hass, urls),
        "calls_left": _each([f"{data.calls.left} of {data.calls.quota}" for data in loaded]),
        "last_success": answered[0] if len(answered) == 1 and answered[0] else _each(times),
    }


async def _async_reach(hass: HomeAssistant, urls: set[str]) -> str | dict[str, str]:
    """Return "ok" when every server can be reached, or else the fault of one that cannot."""
    found = await asyncio.gather(*(system_health.async_check_can_reach_url(hass, url) for url in urls))
    return next((result for result in found if result != "ok"), "ok")


def _each(texts: list[str]) -> str:
    """Return the text of each system, numbered where there are several."""
    return "".join(texts) if len(texts) < 2 else ", ".join(f"{n}: {text}" for n, text in enumerate(texts, start=1))
