"""What the owner can put right, as repairs of Home Assistant. Each is told again and again, and goes with its cause."""

from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import ApsystemsConfigEntry

_KEYS: Final = ("double_source", "ledger_unwritable", "quota_differs", "time_zone_unknown")


@callback
def async_tell_ledger(hass: HomeAssistant, entry: ApsystemsConfigEntry, *, unwritable: bool) -> None:
    """Tell that no call is made because none can be written down."""
    if not unwritable:
        return _async_delete(hass, entry, "ledger_unwritable")
    return ir.async_create_issue(
        hass,
        DOMAIN,
        _id("ledger_unwritable", entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="ledger_unwritable",
        translation_placeholders={"name": entry.title},
    )


@callback
def async_tell_quota(hass: HomeAssistant, entry: ApsystemsConfigEntry, left: int | None, quota: int) -> None:
    """Tell that the cloud calls the quota spent while by our own count there are calls left; None: it does not."""
    if left is None:
        return _async_delete(hass, entry, "quota_differs")
    return ir.async_create_issue(
        hass,
        DOMAIN,
        _id("quota_differs", entry),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="quota_differs",
        translation_placeholders={"name": entry.title, "left": str(left), "quota": str(quota)},
    )


@callback
def async_tell_time_zone(hass: HomeAssistant, entry: ApsystemsConfigEntry, unknown: str | None) -> None:
    """Tell that the site's time zone has a name that nobody knows; None: it has not."""
    if unknown is None:
        return _async_delete(hass, entry, "time_zone_unknown")
    return ir.async_create_issue(
        hass,
        DOMAIN,
        _id("time_zone_unknown", entry),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="time_zone_unknown",
        translation_placeholders={"name": entry.title, "time_zone": unknown},
    )


@callback
def async_tell_double_source(hass: HomeAssistant, entry: ApsystemsConfigEntry, sid: str | None) -> None:
    """Tell that the Energy dashboard counts a system's production twice; None: it does not."""
    if sid is None:
        return _async_delete(hass, entry, "double_source")
    return ir.async_create_issue(
        hass,
        DOMAIN,
        _id("double_source", entry),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="double_source",
        translation_placeholders={"sid": sid},
    )


@callback
def async_forget(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> None:
    """Take away all that an entry has told."""
    for key in _KEYS:
        _async_delete(hass, entry, key)


@callback
def _async_delete(hass: HomeAssistant, entry: ApsystemsConfigEntry, key: str) -> None:
    ir.async_delete_issue(hass, DOMAIN, _id(key, entry))


def _id(key: str, entry: ApsystemsConfigEntry) -> str:
    """Return an issue's id; it stands in diagnostics, so that it names the entry and not the system."""
    return f"{key}_{entry.entry_id}"
