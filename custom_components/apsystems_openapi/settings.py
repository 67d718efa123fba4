"""The entry's options as the planner wants them, and those of the original integration, which it kept in `data`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .calls import Options
from .const import (
    CONF_AUTO_SCAN_INTERVAL,
    CONF_LIVE_POWER,
    CONF_MONTHLY_QUOTA,
    CONF_SCAN_INTERVAL,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULT_LIVE_POWER,
    DEFAULT_QUOTA,
    DEFAULTS,
    MAX_OFFSET,
    MAX_QUOTA,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
)


def options_of(chosen: Mapping[str, Any]) -> Options:
    """Return the owner's choices, each within its range whatever is stored."""
    stored = {**DEFAULTS, CONF_MONTHLY_QUOTA: DEFAULT_QUOTA, CONF_LIVE_POWER: DEFAULT_LIVE_POWER, **chosen}
    return Options(
        automatic=bool(stored[CONF_AUTO_SCAN_INTERVAL]),
        interval=timedelta(seconds=_whole(stored, CONF_SCAN_INTERVAL, MIN_SCAN_INTERVAL, MAX_SCAN_INTERVAL)),
        sunrise_offset=timedelta(minutes=_whole(stored, CONF_SUNRISE_OFFSET, 0, MAX_OFFSET)),
        sunset_offset=timedelta(minutes=_whole(stored, CONF_SUNSET_OFFSET, 0, MAX_OFFSET)),
        monthly_quota=_whole(stored, CONF_MONTHLY_QUOTA, 0, MAX_QUOTA),
        live_power=bool(stored[CONF_LIVE_POWER]),
    )


def migrated(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among the data of an entry that the original integration wrote."""
    return {key: data[key] for key in DEFAULTS if data.get(key) is not None}


def _whole(stored: Mapping[str, Any], key: str, least: int, most: int) -> int:
    try:
        return min(max(int(stored[key]), least), most)
    except OverflowError, TypeError, ValueError:
        return int(DEFAULTS.get(key, DEFAULT_QUOTA))
