"""The devices of a system and its inverters in Home Assistant's registry."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_SID, DOMAIN, MANUFACTURER
from .system.state import SystemState

if TYPE_CHECKING:
    from .coordinator import ApsystemsConfigEntry


@callback
def async_register_system(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> None:
    """Register the system; inverters hang below it, so it comes before any entity."""
    sid = entry.data[CONF_SID]
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, sid)},
        manufacturer=MANUFACTURER,
        name=f"{MANUFACTURER} {sid}",
    )


@callback
def async_clear(hass: HomeAssistant, entry: ApsystemsConfigEntry, before: SystemState, state: SystemState) -> None:
    """Remove the devices of inverters that are gone by a listing.

    One that was not known before, left by an earlier installation, goes only when every ECU has named its inverters.
    """
    registry = dr.async_get(hass)
    kept = {inverter.uid for inverter in state.inverters} | {entry.data[CONF_SID]}
    known = {inverter.uid for inverter in before.inverters}
    complete = bool(state.ecus) and all(ecu.inverters for ecu in state.ecus or ())
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        ids = {name for domain, name in device.identifiers if domain == DOMAIN}
        if not ids & kept and (complete or ids & known):
            registry.async_update_device(device.id, remove_config_entry_id=entry.entry_id)
