"""Entries of earlier versions, and of other integrations that have the same domain (`original.md` §6)."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_APP_ID, CONF_APP_SECRET, CONF_MONTHLY_QUOTA, CONF_SID, DOMAIN, LOGGER
from .ledger import async_get_ledger
from .settings import migrated, mirrored, old_quota

MINOR_VERSION = 3


async def async_migrate(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Migrate an entry; return whether it can be loaded.

    Everything in `data` stays there, so that the owner can return to the integration that wrote it. Options of other
    integrations stay as well. From 1.2 to 1.3 the monthly quota moves from the options to the ledger of the App ID.
    """
    if not is_ours(entry.data):
        LOGGER.error(
            "This entry is from another integration, which signs in with a user name. "
            "Remove it, and add the system again with the App ID, App secret and system ID of the OpenAPI"
        )
        return False
    if entry.minor_version >= MINOR_VERSION:
        return True
    sid = entry.data[CONF_SID]
    if entry.unique_id is None and hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, sid):
        LOGGER.error("This system has been set up twice, by two integrations. Remove one of its two entries")
        return False
    taken = migrated(entry.data) if entry.minor_version < 2 else {}
    options = {**taken, **entry.options}
    await _async_move_quota(hass, entry.data[CONF_APP_ID])
    options.pop(CONF_MONTHLY_QUOTA, None)
    hass.config_entries.async_update_entry(
        entry,
        unique_id=entry.unique_id or sid,
        data=mirrored(entry.data, options),
        options=options,
        minor_version=MINOR_VERSION,
    )
    return True


def is_ours(data: Mapping[str, Any]) -> bool:
    """Return whether an entry has what the OpenAPI needs."""
    return all(data.get(key) for key in (CONF_APP_ID, CONF_APP_SECRET, CONF_SID))


def owns_files(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether state and ledger belong to an entry that was removed, and to no other entry of its system."""
    others = hass.config_entries.async_entries(DOMAIN)
    return is_ours(entry.data) and entry.data[CONF_SID] not in {other.data.get(CONF_SID) for other in others}


async def _async_move_quota(hass: HomeAssistant, app_id: str) -> None:
    """Put the smallest quota of all entries of an App ID into its ledger, unless that has one."""
    ledger = await async_get_ledger(hass, app_id)
    if ledger.has_quota:
        return
    entries = [entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.data.get(CONF_APP_ID) == app_id]
    quotas = sorted({old_quota(entry.options) for entry in entries if entry.minor_version < MINOR_VERSION})
    if len(quotas) > 1:
        LOGGER.info("Systems of one App ID had the monthly quotas %s, all of them now have the smallest", quotas)
    await ledger.async_set_quota(quotas[0])
