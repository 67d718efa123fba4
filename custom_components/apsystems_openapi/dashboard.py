"""A look at the Energy dashboard: what must not stand in it together."""

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from .const import DOMAIN
from .history import Statistic


async def async_check(hass: HomeAssistant, entry: ConfigEntry, sid: str) -> None:
    """Warn while both the total energy sensor and the production statistic are solar sources: all counts twice."""
    if "energy" not in hass.config.components:
        return
    manager = await async_get_manager(hass)
    energy_sources = manager.data["energy_sources"] if manager.data else []
    sources = {source["stat_energy_from"] for source in energy_sources if source["type"] == "solar"}
    total = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{sid}_total_energy")
    # Home Assistant puts ids of issues into diagnostics, so that they do not name the system.
    issue_id = f"double_source_{entry.entry_id}"
    if {total, Statistic(sid=sid).id} <= sources:
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="double_source",
            translation_placeholders={"sid": sid},
        )
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
