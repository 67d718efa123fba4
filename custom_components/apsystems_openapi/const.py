"""Names and defaults. Ranges of options are in `schedule/options`."""

from datetime import timedelta
import logging
from typing import Final

from .schedule import options

LOGGER: Final = logging.getLogger(__package__)

DOMAIN: Final = "apsystems_openapi"
MANUFACTURER: Final = "APsystems"
SOURCE: Final = "APsystems OpenAPI"

CONF_APP_ID: Final = "app_id"
CONF_APP_SECRET: Final = "app_secret"
CONF_SID: Final = "sid"
CONF_BASE_URL: Final = "base_url"
CONF_FIRST_ANSWERS: Final = "first_answers"
CONF_AUTO_SCAN_INTERVAL: Final = "auto_scan_interval"
CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_SUNRISE_OFFSET: Final = "sunrise_offset"
CONF_SUNSET_OFFSET: Final = "sunset_offset"
CONF_MONTHLY_QUOTA: Final = "monthly_quota"
CONF_LIVE_POWER: Final = "live_power"
CONF_IMPORT_HISTORY: Final = "import_history"
CONF_PANEL_STATISTICS: Final = "panel_statistics"
CONF_METER: Final = "meter"
CONF_BATTERY: Final = "battery"
CONF_POLL_PV: Final = "poll_pv"
CONF_ADVANCED: Final = "advanced"
CONF_LOCATION: Final = "location"
CONF_ELSEWHERE: Final = "elsewhere"
CONF_ENERGY_DASHBOARD: Final = "energy_dashboard"
CONF_MIRRORED: Final = "mirrored"

DEFAULT_BASE_URL: Final = "https://api.apsystemsema.com:9282"

DEFAULTS: Final[dict[str, bool | int]] = {
    CONF_AUTO_SCAN_INTERVAL: True,
    CONF_SCAN_INTERVAL: options.DEFAULT_INTERVAL // timedelta(seconds=1),
    CONF_SUNRISE_OFFSET: options.DEFAULT_OFFSET // timedelta(minutes=1),
    CONF_SUNSET_OFFSET: options.DEFAULT_OFFSET // timedelta(minutes=1),
}
# The settings of the original integration are above, those that came later here.
MORE_DEFAULTS: Final[dict[str, bool | int]] = {
    CONF_LIVE_POWER: True,
    CONF_IMPORT_HISTORY: True,
    CONF_PANEL_STATISTICS: False,
    CONF_METER: True,
    CONF_BATTERY: True,
    CONF_POLL_PV: True,
}
