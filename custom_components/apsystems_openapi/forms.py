"""The fields of all forms, and how typed text is read."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, override
import unicodedata

from homeassistant.const import UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    LocationSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import (
    CONF_ADVANCED,
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_AUTO_SCAN_INTERVAL,
    CONF_BASE_URL,
    CONF_BATTERY,
    CONF_ELSEWHERE,
    CONF_ENERGY_DASHBOARD,
    CONF_IMPORT_HISTORY,
    CONF_LIVE_POWER,
    CONF_LOCATION,
    CONF_METER,
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
from .schedule.options import DEFAULT_QUOTA, LONGEST_INTERVAL, MAX_OFFSET, MAX_QUOTA, SHORTEST_INTERVAL, Options
from .system.state import SystemState

CREDENTIALS: Final = (CONF_APP_ID, CONF_APP_SECRET, CONF_SID, CONF_BASE_URL)
_SECOND: Final = timedelta(seconds=1)


def _number(least: int, most: int, step: int, unit: str, translation_key: str = "") -> NumberSelector:
    config = NumberSelectorConfig(min=least, max=most, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    if translation_key:
        config["translation_key"] = translation_key
    return NumberSelector(config)


_OFFSET: Final = _number(0, MAX_OFFSET // timedelta(minutes=1), 1, UnitOfTime.MINUTES)
_QUOTA: Final = _number(0, MAX_QUOTA, 1, "calls", "quota")
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

POLLING_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_AUTO_SCAN_INTERVAL, default=DEFAULTS[CONF_AUTO_SCAN_INTERVAL]): BooleanSelector(),
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULTS[CONF_SCAN_INTERVAL]): _number(
            SHORTEST_INTERVAL // _SECOND, LONGEST_INTERVAL // _SECOND, 60, UnitOfTime.SECONDS
        ),
        vol.Required(CONF_SUNRISE_OFFSET, default=DEFAULTS[CONF_SUNRISE_OFFSET]): _OFFSET,
        vol.Required(CONF_SUNSET_OFFSET, default=DEFAULTS[CONF_SUNSET_OFFSET]): _OFFSET,
    }
)
_OPTIONS_SCHEMA: Final = POLLING_SCHEMA.extend(
    {
        vol.Required(CONF_LIVE_POWER, default=MORE_DEFAULTS[CONF_LIVE_POWER]): BooleanSelector(),
        vol.Required(CONF_METER, default=MORE_DEFAULTS[CONF_METER]): BooleanSelector(),
        vol.Required(CONF_BATTERY, default=MORE_DEFAULTS[CONF_BATTERY]): BooleanSelector(),
        vol.Required(CONF_POLL_PV, default=MORE_DEFAULTS[CONF_POLL_PV]): BooleanSelector(),
        vol.Required(CONF_MONTHLY_QUOTA, default=DEFAULT_QUOTA): _QUOTA,
        vol.Required(CONF_IMPORT_HISTORY, default=MORE_DEFAULTS[CONF_IMPORT_HISTORY]): BooleanSelector(),
        vol.Required(CONF_PANEL_STATISTICS, default=MORE_DEFAULTS[CONF_PANEL_STATISTICS]): BooleanSelector(),
        vol.Required(CONF_ELSEWHERE, default=False): BooleanSelector(),
    }
)
LOCATION_SCHEMA: Final = vol.Schema({vol.Required(CONF_LOCATION): LocationSelector()})
CREDENTIALS_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_APP_ID): TextSelector(), vol.Required(CONF_APP_SECRET): _SECRET}
)
_ADVANCED_SCHEMA: Final = vol.Schema({vol.Required(CONF_BASE_URL, default=DEFAULT_BASE_URL): _URL}).extend(
    POLLING_SCHEMA.schema
)
_ADVANCED: Final = frozenset(str(key) for key in _ADVANCED_SCHEMA.schema)
USER_SCHEMA: Final = CREDENTIALS_SCHEMA.extend(
    {
        vol.Required(CONF_SID): TextSelector(),
        # Without a default: the frontend would take that for the section's content, and miss its required fields.
        vol.Optional(CONF_ADVANCED): section(_ADVANCED_SCHEMA, {"collapsed": True}),
    }
)
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_APP_ID): TextSelector(),
        vol.Optional(CONF_APP_SECRET): _SECRET,
        vol.Required(CONF_BASE_URL): _URL,
    }
)


class UserSchema(vol.Schema):  # type: ignore[misc]  # voluptuous has no types
    """The schema of the first form: it takes the fields of its section outside of it as well, and these win.

    Home Assistant validates input before a step sees it, and refuses fields that stand at another place.
    """

    @override
    def __call__(self, data: Any) -> Any:
        """Validate."""
        if isinstance(data, Mapping) and isinstance(inside := data.get(CONF_ADVANCED, {}), Mapping):
            flat = {key: value for key, value in data.items() if key in _ADVANCED}
            data = {key: value for key, value in data.items() if key not in _ADVANCED}
            data[CONF_ADVANCED] = {**inside, **flat}
        return super().__call__(data)


class ReconfigureSchema(vol.Schema):  # type: ignore[misc]  # as above
    """The schema of the reconfiguration: it has no field for the system ID, and takes one from callers that send it."""

    @override
    def __call__(self, data: Any) -> Any:
        """Validate."""
        if not isinstance(data, Mapping) or not isinstance(data.get(CONF_SID), str):
            return super().__call__(data)
        shown = {key: value for key, value in data.items() if key != CONF_SID}
        return {**super().__call__(shown), CONF_SID: data[CONF_SID]}


def options_schema(state: SystemState, options: Options) -> vol.Schema:
    """Return the schema of the options: with switches for the devices of the plant, and those that are off."""
    has_meter, has_battery = bool(state.meter_ids or state.meters), bool(state.battery_ids or state.batteries)
    switches = {
        CONF_METER: (has_meter, options.meter),
        CONF_BATTERY: (has_battery, options.battery),
        CONF_POLL_PV: (has_meter or has_battery, options.production),
    }
    hidden = {key for key, (is_there, is_on) in switches.items() if is_on and not is_there}
    defaults = {key: is_on for key, (_, is_on) in switches.items()}  # those of callers that leave a field out
    return vol.Schema(
        {
            vol.Required(name, default=defaults[name]) if name in defaults else key: field
            for key, field in _OPTIONS_SCHEMA.schema.items()
            if (name := str(key)) not in hidden
        }
    )


def found_schema(*, energy_dashboard: bool) -> vol.Schema:
    """Return the schema of the last step of a set-up; whether its box is ticked at first depends on the home."""
    return vol.Schema({vol.Required(CONF_ENERGY_DASHBOARD, default=energy_dashboard): BooleanSelector()})


def cleaned(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the credentials without what copying brings along: blanks of any kind and invisible characters."""
    return {
        key: "".join(c for c in user_input[key] if not c.isspace() and unicodedata.category(c) != "Cf")
        for key in CREDENTIALS
    }


def whole(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with whole numbers; Home Assistant's selector returns floats."""
    return {key: value if isinstance(value, bool) else int(value) for key, value in user_input.items()}
