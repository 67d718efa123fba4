"""The action that fetches days of the past."""

from dataclasses import replace
from datetime import date, timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .const import DOMAIN
from .coordinator import ApsystemsConfigEntry
from .system.backlog import days_between, month_of

IMPORT_HISTORY = "import_history"
LONGEST_AGO = timedelta(days=20 * 366)
ATTR_CONFIG_ENTRY_ID = "config_entry_id"
ATTR_START = "start"
ATTR_END = "end"


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the action."""
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


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Have days fetched again, whatever is known of them; answers how many, with how many calls, and by when."""
    entry: ApsystemsConfigEntry | None = call.hass.config_entries.async_get_entry(call.data[ATTR_CONFIG_ENTRY_ID])
    if entry is None or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        raise _invalid("entry_not_loaded")
    coordinator = entry.runtime_data
    if not coordinator.keeps_statistics:
        raise _invalid("no_recorder")
    if not coordinator.options.automatic:
        raise _invalid("fixed_mode")
    today, details = coordinator.data.day, coordinator.data.state.details
    yesterday = today - timedelta(days=1)
    start: date = call.data[ATTR_START]
    end: date = call.data.get(ATTR_END, yesterday)
    if details is not None and details.created is not None:
        start = max(start, details.created)
    if not yesterday - LONGEST_AGO <= start <= end <= yesterday:
        raise _invalid("bad_range")
    days = days_between(start, end)
    await coordinator.async_want(days)
    missing = replace(coordinator.data.state.past, first=None)
    return {
        "days": len(days),
        "calls": len(days) + len({month_of(day) for day in days}),
        "expected_end": coordinator.data.past.end_of(missing.days_in_wait(today), today).isoformat(),
    }


def _invalid(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
