"""Names and defaults; free of Home Assistant, so that every module may read them."""

import logging
from typing import Final

LOGGER: Final = logging.getLogger(__package__)

DOMAIN: Final = "apsystems_openapi"
MANUFACTURER: Final = "APsystems"
SOURCE: Final = "APsystems OpenAPI"

CONF_APP_ID: Final = "app_id"
CONF_APP_SECRET: Final = "app_secret"
CONF_SID: Final = "sid"
CONF_BASE_URL: Final = "base_url"
CONF_AUTO_SCAN_INTERVAL: Final = "auto_scan_interval"
CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_SUNRISE_OFFSET: Final = "sunrise_offset"
CONF_SUNSET_OFFSET: Final = "sunset_offset"
CONF_MONTHLY_QUOTA: Final = "monthly_quota"
CONF_LIVE_POWER: Final = "live_power"
CONF_IMPORT_HISTORY: Final = "import_history"
CONF_PANEL_STATISTICS: Final = "panel_statistics"

DEFAULT_BASE_URL: Final = "https://api.apsystemsema.com:9282"

MIN_SCAN_INTERVAL: Final = 1800  # seconds
MAX_SCAN_INTERVAL: Final = 7200
MAX_OFFSET: Final = 120  # minutes
MAX_QUOTA: Final = 1_000_000
DEFAULTS: Final[dict[str, bool | int]] = {
    CONF_AUTO_SCAN_INTERVAL: True,
    CONF_SCAN_INTERVAL: MIN_SCAN_INTERVAL,
    CONF_SUNRISE_OFFSET: 30,
    CONF_SUNSET_OFFSET: 30,
}
DEFAULT_QUOTA: Final = 1000
# The settings of the original integration, and those that came after.
MORE_DEFAULTS: Final[dict[str, bool | int]] = {
    CONF_LIVE_POWER: True,
    CONF_MONTHLY_QUOTA: DEFAULT_QUOTA,
    CONF_IMPORT_HISTORY: True,
    CONF_PANEL_STATISTICS: False,
}
