"""What the owner is shown beside entities: repairs for what can be mended here, and the notification about calls.

Every function is idempotent: it creates the issue while the cause holds, and deletes it afterwards.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_APP_ID, DOMAIN
from .ledger import Ledger, digest_of
from .sentences import async_text
from .system.clock import local_time
from .system.energy import Energy
from .system.waits import Wait

NOTIFICATION_ID: Final = "apsystems_openapi_api_limit"
DOUBLE_SOURCE: Final = "double_source"

_SEVERITIES: Final[Mapping[str, ir.IssueSeverity]] = {
    DOUBLE_SOURCE: ir.IssueSeverity.WARNING,
    "ledger_unwritable": ir.IssueSeverity.ERROR,
    "lifetime_lower": ir.IssueSeverity.WARNING,
    "quota_differs": ir.IssueSeverity.WARNING,
    "time_zone_unknown": ir.IssueSeverity.WARNING,
}


@callback
def async_show_ledger(hass: HomeAssistant, entry: ConfigEntry, *, is_unwritable: bool) -> None:
    """Show that no call is made because none can be booked."""
    _async_show(hass, entry, "ledger_unwritable", {"name": entry.title} if is_unwritable else None)


@callback
def async_show_quota(hass: HomeAssistant, entry: ConfigEntry, left: int | None, quota: int) -> None:
    """Show that the cloud calls the quota spent while `left` calls are left by our own count; None: it does not."""
    placeholders = {"name": entry.title, "left": str(left), "quota": str(quota)}
    _async_show(hass, entry, "quota_differs", None if left is None else placeholders)


@callback
def async_show_time_zone(hass: HomeAssistant, entry: ConfigEntry, unknown: str | None) -> None:
    """Show that the site's time zone has an unknown name; None: it has not."""
    placeholders = {"name": entry.title, "time_zone": str(unknown)}
    _async_show(hass, entry, "time_zone_unknown", None if unknown is None else placeholders)


@callback
def async_show_double_source(hass: HomeAssistant, entry: ConfigEntry, sid: str | None) -> None:
    """Offer to remove solar sources of a system until one is left, while it counts twice; None: it does not."""
    _async_show(hass, entry, DOUBLE_SOURCE, None if sid is None else {"sid": sid}, is_fixable=True)


@callback
def async_show_lower_lifetime(hass: HomeAssistant, entry: ConfigEntry, energy: Energy | None) -> None:
    """Offer to take the cloud's lifetime energy while it has been lower than the total for days."""
    placeholders = None
    if energy is not None and energy.lower_total is not None:
        placeholders = {"name": entry.title, "shown": f"{energy.total:.1f}", "lower": f"{energy.lower_total:.1f}"}
    _async_show(hass, entry, "lifetime_lower", placeholders, is_fixable=True)


@callback
def async_delete_all(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all issues of an entry."""
    for key in _SEVERITIES:
        _async_show(hass, entry, key, None)


async def async_notify(hass: HomeAssistant, ledger: Ledger, wait: Wait, zone: tzinfo) -> None:
    """Say in the user's language until when calls are blocked, and why. A second one replaces the first."""
    title = await async_text(hass, "blocked_title", {})
    message = await async_text(hass, f"blocked_{wait.reason}", {"until": local_time(wait.until, zone)})
    notification_id = _notification_id(hass, ledger)
    ledger.shown = wait
    persistent_notification.async_create(hass, message, title=title, notification_id=notification_id)


@callback
def async_clear_notification(hass: HomeAssistant, ledger: Ledger) -> None:
    """Dismiss the notification."""
    ledger.shown = None
    persistent_notification.async_dismiss(hass, _notification_id(hass, ledger))


@callback
def _async_show(
    hass: HomeAssistant,
    entry: ConfigEntry,
    key: str,
    placeholders: dict[str, str] | None,
    *,
    is_fixable: bool = False,
) -> None:
    """Create an issue, or delete it where there are no placeholders.

    Its id appears in diagnostics, so that it names the entry and not the system.
    """
    issue_id = f"{key}_{entry.entry_id}"
    if placeholders is None:
        return ir.async_delete_issue(hass, DOMAIN, issue_id)
    return ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id} if is_fixable else None,
        is_fixable=is_fixable,
        severity=_SEVERITIES[key],
        translation_key=key,
        translation_placeholders=placeholders,
    )


def _notification_id(hass: HomeAssistant, ledger: Ledger) -> str:
    """Return the original integration's id for the App ID of the oldest entry, which automations may listen for."""
    entries = sorted(hass.config_entries.async_entries(DOMAIN), key=lambda entry: entry.created_at)
    oldest = next((digest_of(entry.data[CONF_APP_ID]) for entry in entries if CONF_APP_ID in entry.data), None)
    return NOTIFICATION_ID if oldest == ledger.digest else f"{NOTIFICATION_ID}_{ledger.digest}"
