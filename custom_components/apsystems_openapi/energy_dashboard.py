"""The Energy dashboard: a check for production that it counts twice."""

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from . import issues
from .const import DOMAIN
from .history.recorder import Statistic


async def async_check(hass: HomeAssistant, entry: ConfigEntry, sid: str) -> None:
    """Warn while both the total energy sensor and the production statistic are solar sources: all counts twice."""
    if "energy" not in hass.config.components:
        return
    manager = await async_get_manager(hass)
    energy_sources = manager.data["energy_sources"] if manager.data else []
    sources = {source["stat_energy_from"] for source in energy_sources if source["type"] == "solar"}
    total = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{sid}_total_energy")
    is_double = {total, Statistic(sid=sid).id} <= sources
    issues.async_show_double_source(hass, entry, sid if is_double else None)
