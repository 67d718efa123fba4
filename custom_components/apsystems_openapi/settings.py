"""The entry's options as the planner wants them; what the original integration left in `data` is read as well."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry

from .const import (
    CONF_AUTO_SCAN_INTERVAL,
    CONF_SCAN_INTERVAL,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULTS,
    MAX_OFFSET,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
)
from .planner import Options


def options_of(entry: ConfigEntry[Any]) -> Options:
    """Return the owner's choices, each within its range whatever is stored."""
    stored = {**DEFAULTS, **entry.options}
    return Options(
        automatic=bool(stored[CONF_AUTO_SCAN_INTERVAL]),
        interval=timedelta(seconds=_whole(stored, CONF_SCAN_INTERVAL, MIN_SCAN_INTERVAL, MAX_SCAN_INTERVAL)),
        sunrise_offset=timedelta(minutes=_whole(stored, CONF_SUNRISE_OFFSET, 0, MAX_OFFSET)),
        sunset_offset=timedelta(minutes=_whole(stored, CONF_SUNSET_OFFSET, 0, MAX_OFFSET)),
    )


def migrated(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among the data of an entry that the original integration wrote."""
    return {key: data[key] for key in DEFAULTS if data.get(key) is not None}


def _whole(stored: Mapping[str, Any], key: str, least: int, most: int) -> int:
    try:
        return min(max(int(stored[key]), least), most)
    except TypeError, ValueError:
        return int(DEFAULTS[key])
