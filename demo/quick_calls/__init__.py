"""A custom component of the demo alone: without a pause between two calls, which the simulated cloud does not need."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType
from homeassistant.loader import async_get_integration

_PAUSE_S = 0.1


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001
    """Shorten the pause; without such a setting in the integration, nothing is set up."""
    runner = await (await async_get_integration(hass, "apsystems_openapi")).async_get_platform("runner")
    is_known = hasattr(runner, "CALL_SPACING_S")
    if is_known:
        setattr(runner, "CALL_SPACING_S", _PAUSE_S)  # noqa: B010 -- mypy does not know which module it is
    return is_known
