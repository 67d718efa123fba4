"""Where the plant stands, as Home Assistant and the cloud together tell it."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .schedule.sun import Site

FAR_FROM_HOME = timedelta(hours=2)


async def async_locate(hass: HomeAssistant, timezone: str | None) -> tuple[Site, str | None]:
    """Return the site, and a word for the log where its place or zone is only assumed.

    The sun is that of Home Assistant's home, unless the site's clock says that the plant stands elsewhere. The cloud's
    names of zones may be unknown here (`api.md` §3).
    """
    home = dt_util.get_default_time_zone()
    zone = await dt_util.async_get_time_zone(timezone) if timezone else None
    latitude, longitude = hass.config.latitude, hass.config.longitude
    if zone is None:
        remark = f"Time zone {timezone!r} is unknown here; Home Assistant's is used" if timezone else None
        return Site(latitude=latitude, longitude=longitude, zone=home), remark
    now = datetime.now(zone)
    offset = now.utcoffset() or timedelta()
    if abs(offset - (now.astimezone(home).utcoffset() or timedelta())) <= FAR_FROM_HOME:
        return Site(latitude=latitude, longitude=longitude, zone=zone), None
    # Summer time would move the sun by an hour, twice a year.
    longitude = (offset - (now.dst() or timedelta())) / timedelta(hours=1) * 15
    remark = f"The site's clock is far from home's; its longitude is taken as {longitude:.0f}°"
    return Site(latitude=latitude, longitude=longitude, zone=zone), remark


async def async_unknown_zone(timezone: str | None) -> str | None:
    """Return the cloud's name of a zone where nobody knows it."""
    return timezone if timezone and await dt_util.async_get_time_zone(timezone) is None else None
