"""APsystems OpenAPI: solar production of APsystems micro-inverters, by way of the vendor's cloud."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from . import devices, issues, services
from .const import CONF_APP_ID, CONF_SID, DOMAIN
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator, state_store
from .ledger import async_get_ledger
from .settings import client_of, migrated

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BUTTON, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the action."""
    services.async_register(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Set up a system."""
    ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
    coordinator = ApsystemsCoordinator(hass, entry, client_of(hass, entry.data), ledger)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator

    devices.async_register_system(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Unload a system."""
    if entry.disabled_by:
        issues.async_forget(hass, entry)
        ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
        await ledger.async_leave(entry.data[CONF_SID])
    await entry.runtime_data.async_keep()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> None:
    """Forget the state of a system; what it has cost stays in the ledger."""
    issues.async_forget(hass, entry)
    await state_store(hass, entry.data[CONF_SID]).async_remove()
    ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
    await ledger.async_forget(entry.data[CONF_SID])


async def async_migrate_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Take over an entry of the original integration, which kept its settings in `data`.

    They stay there, so that the owner can go back to it.
    """
    if entry.version > 1:
        return False
    if entry.minor_version < 2:
        hass.config_entries.async_update_entry(
            entry, options={**migrated(entry.data), **entry.options}, minor_version=2
        )
    return True


async def async_remove_config_entry_device(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    device: dr.DeviceEntry,
) -> bool:
    """Let the owner delete the device of an inverter that the cloud no longer lists."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data
    ids = {name for domain, name in device.identifiers if domain == DOMAIN}
    if coordinator.sid in ids or ids & coordinator.data.state.listed:
        return False
    for uid in ids:
        await coordinator.async_forget(uid)
    return True
