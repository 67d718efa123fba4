"""APsystems OpenAPI: solar production of APsystems micro-inverters, fetched from the vendor's cloud."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from . import devices, issues, migration, services
from .const import CONF_APP_ID, CONF_SID, DOMAIN
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .energy_dashboard import EnergyDashboard
from .ledger import async_get_ledger
from .settings import client_of
from .store import StateStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    services.async_register(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Set up a system."""
    ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
    coordinator = ApsystemsCoordinator(hass, entry, client_of(hass, entry.data), ledger)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator

    devices.async_register(hass, entry, coordinator.state)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    dashboard = EnergyDashboard(hass, entry, lambda: coordinator.state)
    await dashboard.async_start()
    entry.async_on_unload(coordinator.async_add_listener(dashboard.async_follow))
    coordinator.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Unload a system: first stop its calls, then its entities."""
    await entry.runtime_data.async_stop()
    if entry.disabled_by:
        issues.async_delete_all(hass, entry)
        ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
        await ledger.async_leave(entry.data[CONF_SID])
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> None:
    """Delete the state of a system; the calls it has made stay in the ledger."""
    issues.async_delete_all(hass, entry)
    if not migration.owns_files(hass, entry):
        return
    await StateStore(hass, entry.data[CONF_SID]).async_remove()
    ledger = await async_get_ledger(hass, entry.data[CONF_APP_ID])
    await ledger.async_forget(entry.data[CONF_SID])


async def async_migrate_entry(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> bool:
    """Migrate an entry of an earlier version, or of another integration with this domain."""
    return entry.version == 1 and await migration.async_migrate(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    device: dr.AnyDeviceEntry,
) -> bool:
    """Let the owner delete a device that the cloud no longer lists."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data
    if devices.async_is_in_use(hass, entry, device, coordinator.state):
        return False
    await coordinator.async_change(devices.without(entry, coordinator.state, device))
    return True
