"""The entry in our terms: its client, and its options; also those of the original integration, kept in `data`."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .cloud.client import OpenApiClient, normalize_base_url
from .const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_AUTO_SCAN_INTERVAL,
    CONF_BASE_URL,
    CONF_IMPORT_HISTORY,
    CONF_LIVE_POWER,
    CONF_MONTHLY_QUOTA,
    CONF_PANEL_STATISTICS,
    CONF_SCAN_INTERVAL,
    CONF_SID,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULT_BASE_URL,
    DEFAULT_QUOTA,
    DEFAULTS,
    MAX_OFFSET,
    MAX_QUOTA,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    MORE_DEFAULTS,
)
from .schedule.calls import Options


def client_of(hass: HomeAssistant, data: Mapping[str, Any]) -> OpenApiClient:
    """Return the client for an entry's data; an address that the original took as typed is put in order."""
    base_url = data.get(CONF_BASE_URL) or DEFAULT_BASE_URL
    with suppress(ValueError):
        base_url = normalize_base_url(base_url)
    return OpenApiClient(
        async_get_clientsession(hass), base_url, data[CONF_APP_ID], data[CONF_APP_SECRET], data[CONF_SID]
    )


def options_of(chosen: Mapping[str, Any]) -> Options:
    """Return the owner's choices, each within its range whatever is stored."""
    stored = {**DEFAULTS, **MORE_DEFAULTS, **chosen}
    return Options(
        automatic=bool(stored[CONF_AUTO_SCAN_INTERVAL]),
        interval=timedelta(seconds=_whole(stored, CONF_SCAN_INTERVAL, MIN_SCAN_INTERVAL, MAX_SCAN_INTERVAL)),
        sunrise_offset=timedelta(minutes=_whole(stored, CONF_SUNRISE_OFFSET, 0, MAX_OFFSET)),
        sunset_offset=timedelta(minutes=_whole(stored, CONF_SUNSET_OFFSET, 0, MAX_OFFSET)),
        monthly_quota=_whole(stored, CONF_MONTHLY_QUOTA, 0, MAX_QUOTA),
        live_power=bool(stored[CONF_LIVE_POWER]),
        import_history=bool(stored[CONF_IMPORT_HISTORY]),
        panel_statistics=bool(stored[CONF_PANEL_STATISTICS]),
    )


def migrated(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among the data of an entry that the original integration wrote."""
    return {key: data[key] for key in DEFAULTS if data.get(key) is not None}


def _whole(stored: Mapping[str, Any], key: str, least: int, most: int) -> int:
    try:
        return min(max(int(stored[key]), least), most)
    except OverflowError, TypeError, ValueError:
        return int(DEFAULTS.get(key, DEFAULT_QUOTA))
