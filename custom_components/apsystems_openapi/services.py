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
ATTR_ESTIMATE: Final = "estimate"
ATTR_CANCEL: Final = "cancel"
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
                vol.Optional(ATTR_START): cv.date,
                vol.Optional(ATTR_END): cv.date,
                vol.Optional(ATTR_ESTIMATE, default=False): cv.boolean,
                vol.Optional(ATTR_CANCEL, default=False): cv.boolean,
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
    """Have days fetched again, say what that would cost, or give up what was asked for before."""
    coordinator = _coordinator(call)
    if not coordinator.context.keeps_statistics:
        raise ServiceValidationError(**translated("no_recorder"))
    if call.data[ATTR_CANCEL]:
        return await _async_cancel(coordinator)
    if not coordinator.context.options.automatic:
        raise ServiceValidationError(**translated("fixed_mode"))
    days = _range(call, coordinator)
    before = coordinator.state.backlog
    state = coordinator.state.with_asked(days, coordinator.context.options)
    fresh = set(state.backlog.gaps) - set(before.gaps)
    panels = len(state.backlog.panel_gaps) - len(before.panel_gaps)
    history, today = coordinator.data.history, coordinator.data.day
    end = history.end_of(replace(state.backlog, first=None).calls_not_near(today), today)
    if not call.data[ATTR_ESTIMATE]:
        await coordinator.async_change(state)
    return {
        "days": len(days),
        "calls": len(fresh) + len({month_of(day) for day in fresh}) + panels,
        "expected_end": end.isoformat(),
    }


def _range(call: ServiceCall, coordinator: ApsystemsCoordinator) -> list[date]:
    """Return the days that a call names. Raises ServiceValidationError, with the days that could be fetched."""
    yesterday, details = coordinator.data.day - timedelta(days=1), coordinator.state.details
    first = details.created if details is not None else None
    oldest = max(first or date.min, yesterday - LONGEST_AGO)
    start: date | None = call.data.get(ATTR_START)
    end: date = call.data.get(ATTR_END, yesterday)
    if start is None:
        raise ServiceValidationError(**translated("no_start"))
    if end > yesterday or start > end or end < oldest:
        placeholders = {"oldest": oldest.isoformat(), "newest": yesterday.isoformat()}
        raise ServiceValidationError(**translated("bad_range", **placeholders))
    return days_between(max(start, oldest), end)


async def _async_cancel(coordinator: ApsystemsCoordinator) -> ServiceResponse:
    before = coordinator.state.backlog
    after = before.without_asked()
    await coordinator.async_change(replace(coordinator.state, backlog=after))
    return {"days": len(before.asked), "calls": before.calls_to_go - after.calls_to_go}


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
