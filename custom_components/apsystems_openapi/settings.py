"""An entry in our terms: its client, its options, its site; also the settings that the original keeps in `data`.

Four settings are the original's as well. It reads them from `data`, so ours are mirrored there, and `data["mirrored"]`
has what was written: a value that differs from it was changed by the original after its owner went back, and wins.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
import math
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_LATITUDE, CONF_LONGITUDE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from .cloud.client import OpenApiClient, normalize_base_url
from .const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_AUTO_SCAN_INTERVAL,
    CONF_BASE_URL,
    CONF_BATTERY,
    CONF_IMPORT_HISTORY,
    CONF_LIVE_POWER,
    CONF_LOCATION,
    CONF_METER,
    CONF_MIRRORED,
    CONF_MONTHLY_QUOTA,
    CONF_PANEL_STATISTICS,
    CONF_POLL_PV,
    CONF_SCAN_INTERVAL,
    CONF_SID,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULT_BASE_URL,
    DEFAULTS,
    MORE_DEFAULTS,
)
from .schedule.options import (
    DEFAULT_QUOTA,
    LONGEST_INTERVAL,
    MAX_OFFSET,
    MAX_QUOTA,
    SHORTEST_INTERVAL,
    Options,
)
from .schedule.sun import Site

FAR_FROM_HOME: Final = timedelta(hours=2)


def client_of(hass: HomeAssistant, data: Mapping[str, Any]) -> OpenApiClient:
    """Return the client for an entry's data; an address that the original stored as typed is normalized."""
    base_url = data.get(CONF_BASE_URL) or DEFAULT_BASE_URL
    with suppress(ValueError):
        base_url = normalize_base_url(base_url)
    return OpenApiClient(
        async_get_clientsession(hass), base_url, data[CONF_APP_ID], data[CONF_APP_SECRET], data[CONF_SID]
    )


def options_of(chosen: Mapping[str, Any], quota: int = DEFAULT_QUOTA) -> Options:
    """Return the owner's choices, each within its range whatever is stored. The quota is the App ID's."""
    stored = {**DEFAULTS, **MORE_DEFAULTS, **chosen}
    minutes = timedelta(minutes=1)
    return Options(
        automatic=bool(stored[CONF_AUTO_SCAN_INTERVAL]),
        interval=_within(stored, CONF_SCAN_INTERVAL, timedelta(seconds=1), SHORTEST_INTERVAL, LONGEST_INTERVAL),
        sunrise_offset=_within(stored, CONF_SUNRISE_OFFSET, minutes, timedelta(), MAX_OFFSET),
        sunset_offset=_within(stored, CONF_SUNSET_OFFSET, minutes, timedelta(), MAX_OFFSET),
        monthly_quota=quota,
        live_power=bool(stored[CONF_LIVE_POWER]),
        import_history=bool(stored[CONF_IMPORT_HISTORY]),
        panel_statistics=bool(stored[CONF_PANEL_STATISTICS]),
        meter=bool(stored[CONF_METER]),
        battery=bool(stored[CONF_BATTERY]),
        production=bool(stored[CONF_POLL_PV]),
    )


def old_quota(options: Mapping[str, Any]) -> int:
    """Return the monthly quota that version 1.0 kept in an entry's options."""
    return _whole(options.get(CONF_MONTHLY_QUOTA), 0, MAX_QUOTA, DEFAULT_QUOTA)


def migrated(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among the data of an entry that the original integration wrote."""
    return {key: data[key] for key in DEFAULTS if data.get(key) is not None}


def mirrored(data: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data with the settings of the original as our options have them."""
    settings = {key: options[key] for key in DEFAULTS if key in options}
    return {**data, **settings, CONF_MIRRORED: settings}


def in_step(data: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return data and options of an entry after what another integration has changed of either."""
    written = data.get(CONF_MIRRORED)
    known = written if isinstance(written, Mapping) else {}
    in_data = migrated(data)
    changed = {key: value for key, value in in_data.items() if value != known.get(key)}
    chosen = {**in_data, **options, **changed}
    return mirrored(data, chosen), chosen


@callback
def async_bring_in_step(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let data and options of an entry have the same settings."""
    data, options = in_step(entry.data, entry.options)
    hass.config_entries.async_update_entry(entry, data=data, options=options)


def location_of(options: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the latitude and longitude of a plant that is elsewhere; None for one at home, or for no valid place."""
    location: Any = options.get(CONF_LOCATION)
    try:
        latitude, longitude = float(location[CONF_LATITUDE]), float(location[CONF_LONGITUDE])
    except KeyError, TypeError, ValueError:
        return None
    is_place = math.isfinite(latitude + longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if is_place else None


def _within(stored: Mapping[str, Any], key: str, unit: timedelta, least: timedelta, most: timedelta) -> timedelta:
    return unit * _whole(stored[key], least // unit, most // unit, int(DEFAULTS[key]))


def _whole(value: Any, least: int, most: int, default: int) -> int:  # noqa: ANN401 -- stored by anybody
    try:
        return min(max(int(value), least), most)
    except OverflowError, TypeError, ValueError:
        return default


async def async_find_zone(name: str | None) -> tzinfo | None:
    """Return a time zone by the cloud's name for it; None for any other text (`api.md` §3)."""
    if not name:
        return None
    if name == str(home := dt_util.get_default_time_zone()):  # nearly always, and this is asked every few minutes
        return home
    try:
        return await dt_util.async_get_time_zone(name)
    except OSError, ValueError:  # an absolute path, a folder, a name that is too long
        return None


async def async_locate(
    hass: HomeAssistant, timezone: str | None, options: Mapping[str, Any]
) -> tuple[Site, str | None]:
    """Return the site, and a line for the log where its place or zone is only assumed.

    The sun is that of the place in the options, else of Home Assistant's home. Where the site's standard time shows
    that it cannot be near the home, its longitude is assumed from that.
    """
    home = dt_util.get_default_time_zone()
    zone = await async_find_zone(timezone)
    is_unknown = timezone and zone is None
    remark = f"Unknown time zone {timezone!r}, using the one of Home Assistant" if is_unknown else None
    zone = zone or home
    if (place := location_of(options)) is not None:
        return Site(latitude=place[0], longitude=place[1], zone=zone), remark
    latitude, longitude = hass.config.latitude, hass.config.longitude
    offset = _standard_offset(zone)
    if abs(offset - _standard_offset(home)) > FAR_FROM_HOME:
        longitude = offset / timedelta(hours=1) * 15
        remark = (
            "The site's time differs from the home's by hours, assuming a longitude of "
            f"{longitude:.0f}° for its sun; the options have a setting for its place"
        )
    return Site(latitude=latitude, longitude=longitude, zone=zone), remark


def _standard_offset(zone: tzinfo) -> timedelta:
    """Return the offset without summer time, which would move the sun by an hour, twice a year."""
    now = datetime.now(zone)
    return (now.utcoffset() or timedelta()) - (now.dst() or timedelta())


async def async_zone_elsewhere(timezone: str | None) -> str | None:
    """Return the name of the site's zone where it differs from the home's, so that the plant may be far away."""
    zone = await async_find_zone(timezone)
    return timezone if zone is not None and str(zone) != str(dt_util.get_default_time_zone()) else None


async def async_unknown_zone(timezone: str | None) -> str | None:
    """Return the cloud's name of the site's zone where it is unknown."""
    return timezone if timezone and await async_find_zone(timezone) is None else None
