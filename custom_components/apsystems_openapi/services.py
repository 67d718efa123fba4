"""The actions: fetch days of the history, and get the stored data of a day."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType, JsonValueType
import voluptuous as vol

from .cloud.models import InverterDay, Series
from .const import DOMAIN
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .failures import translated
from .history.recorder import RecorderBusyError
from .system.backlog import days_between, month_of
from .system.state import SystemState

IMPORT_HISTORY: Final = "import_history"
GET_DAY: Final = "get_day"
LONGEST_AGO: Final = timedelta(days=20 * 366)
ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_DATE: Final = "date"


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        IMPORT_HISTORY,
        _async_import_history,
        schema=vol.Schema(
            {
                vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
                vol.Required(ATTR_START): cv.date,
                vol.Optional(ATTR_END): cv.date,
            }
        ),
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        GET_DAY,
        _async_get_day,
        schema=vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(ATTR_DATE): cv.date}),
        supports_response=SupportsResponse.ONLY,
    )


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Have days fetched again, whatever is known of them; answers how many, with how many calls, and until when."""
    coordinator = _coordinator(call)
    if not coordinator.keeps_statistics:
        raise ServiceValidationError(**translated("no_recorder"))
    if not coordinator.options.automatic:
        raise ServiceValidationError(**translated("fixed_mode"))
    today, details = coordinator.data.day, coordinator.state.details
    yesterday = today - timedelta(days=1)
    start: date = call.data[ATTR_START]
    end: date = call.data.get(ATTR_END, yesterday)
    if details is not None and details.created is not None:
        start = max(start, details.created)
    if not yesterday - LONGEST_AGO <= start <= end <= yesterday:
        raise ServiceValidationError(**translated("bad_range"))
    days = days_between(start, end)
    await coordinator.async_change(coordinator.state.with_wanted(days, coordinator.options))
    missing = replace(coordinator.state.backlog, first=None)
    panels = len(days) * len(coordinator.state.ecu_ids) if coordinator.options.panel_statistics else 0
    return {
        "days": len(days),
        "calls": len(days) + len({month_of(day) for day in days}) + panels,
        "expected_end": coordinator.data.history.end_of(missing.days_not_near(today), today).isoformat(),
    }


async def _async_get_day(call: ServiceCall) -> ServiceResponse:
    """Return the stored data of a day, without a call: hours, and the curves of inverters and panels."""
    coordinator = _coordinator(call)
    day: date = call.data.get(ATTR_DATE, coordinator.data.day)
    hours = await _async_hours(coordinator, day)
    inverters = _inverters(coordinator.state, day)
    if not inverters and not any(kwh is not None for kwh in hours):
        raise ServiceValidationError(**translated("no_data_of_day"))
    return {"date": day.isoformat(), "hours": list(hours), "inverters": inverters}


async def _async_hours(coordinator: ApsystemsCoordinator, day: date) -> Series:
    """Return the hours of a day (kWh) that are stored, in the state or else in the statistics."""
    hours = coordinator.state.hours
    if hours is not None and hours.day == day:
        return hours.kwh
    try:
        return await coordinator.importer.async_hours(day)
    except RecorderBusyError:
        return ()


def _inverters(state: SystemState, day: date) -> JsonObjectType:
    """Return the curves of each inverter that has some of the day: W by label, kWh of the day."""
    return {
        uid: {"times": [*known.times], "ac_power": [*known.ac_power_w], "panels": _panels(state, uid, known)}
        for uid, known in state.telemetry.items()
        if known.day == day and known.times
    }


def _panels(state: SystemState, uid: str, known: InverterDay) -> list[JsonValueType]:
    energy = state.panel_energy.get(uid)
    kwh = energy.kwh if energy is not None and energy.day == known.day else ()
    return [
        {"dc_power": list(channel.power_w), "energy": kwh[number] if number < len(kwh) else None}
        for number, channel in enumerate(known.channels)
    ]


def _coordinator(call: ServiceCall) -> ApsystemsCoordinator:
    entry: ApsystemsConfigEntry | None = call.hass.config_entries.async_get_entry(call.data[ATTR_CONFIG_ENTRY_ID])
    if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        raise ServiceValidationError(**translated("entry_not_loaded"))
    return entry.runtime_data
