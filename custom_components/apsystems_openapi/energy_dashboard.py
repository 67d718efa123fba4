"""The Energy dashboard: shows a new system there, each part once, and finds production that it counts twice.

Which parts are still to be added is in the entry's data: that is stored and removed with the entry, whatever becomes of
the state's file, and the options form of the original integration, which replaces all options, leaves it. A part waits
for its statistics, be it for years: a meter or a battery that the plant gets later is shown as well.

No power of the grid and of batteries is added. It is read a few times a day and unknown in between, which the dashboard
reports as a mistake of a grid, and without all of them the power of the home would be wrong.
"""

from collections.abc import Callable
from typing import Final, cast

from homeassistant.components.energy.data import EnergyManager, EnergyPreferencesUpdate, async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from . import issues
from .const import CONF_ENERGY_DASHBOARD, CONF_SID, DOMAIN, LOGGER
from .energy_sources import (
    ALL,
    EnergySource,
    Part,
    SourcesError,
    counted,
    is_part,
    named,
    shown_sources,
    still_pending,
    with_parts,
    without_others,
)
from .history.recorder import Statistic
from .sentences import async_text
from .settings import options_of
from .system.state import SystemState

STATISTIC: Final = "statistic"
# The sensors that each have the whole production of a system, by the key in their unique id.
SENSORS: Final = ("total_energy", "today_energy", "month_energy", "year_energy")
_UPDATED: Final = f"{DOMAIN}_energy_preferences"


class EnergyDashboard:
    """What the Energy dashboard shows of one system."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, state: Callable[[], SystemState]) -> None:
        """`state` returns the current state of the system."""
        self._hass = hass
        self._entry = entry
        self._sid: str = entry.data[CONF_SID]
        self._state = state
        self._manager: EnergyManager | None = None
        """None without an Energy dashboard."""
        self._is_adding = False
        self._has_failed = False

    async def async_start(self) -> None:
        """Follow the Energy preferences until the entry is unloaded."""
        self._manager = await _async_manager(self._hass)
        if self._manager is None:
            return
        self._entry.async_on_unload(async_dispatcher_connect(self._hass, _UPDATED, self._show))
        renamed = self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._on_rename, _is_rename)
        self._entry.async_on_unload(renamed)
        self._show()

    @callback
    def async_follow(self) -> None:
        """Add the parts that are still to be added, once there is something to see."""
        if self._manager is not None and not self._is_adding and self._addable:
            self._is_adding = True
            self._entry.async_create_background_task(
                self._hass, self._async_add(self._manager), f"{DOMAIN} energy dashboard"
            )

    @property
    def _pending(self) -> set[Part]:
        """The parts that are still to be added; the set-up begins with True for all of them."""
        wanted = self._entry.data.get(CONF_ENERGY_DASHBOARD)
        parts = ALL if wanted is True else wanted or ()
        return {part for part in Part if part in parts}

    @property
    def _addable(self) -> dict[Part, list[EnergySource]]:
        """The sources of the parts that are to be added, and that can be shown by now."""
        if not (pending := self._pending):
            return {}
        found = shown_sources(self._state(), options_of(self._entry.options), self._sid)
        return {part: sources for part, sources in found.items() if part in pending}

    async def _async_add(self, manager: EnergyManager) -> None:
        """Add parts, unless they are shown already; in either case they are never added again."""
        try:
            texts = {part: await async_text(self._hass, f"source_{part}", {}) for part in (Part.GRID, Part.BATTERY)}
            found, present = self._addable, _sources(manager)
            shown = {
                part: [self._with_sensors(source) for source in named(sources, texts.get(part))]
                for part, sources in found.items()
            }
            if (sources := with_parts(present, shown, self._names)) != present:
                await _async_write(manager, sources)
            self._keep_pending(still_pending(self._pending, found))
        except SourcesError as error:
            if not self._has_failed:
                LOGGER.warning("%s, trying again later", error)
            self._has_failed = True
        finally:
            self._is_adding = False

    def _keep_pending(self, parts: set[Part]) -> None:
        data = {key: value for key, value in self._entry.data.items() if key != CONF_ENERGY_DASHBOARD}
        if parts:
            data[CONF_ENERGY_DASHBOARD] = sorted(str(part) for part in parts)
        self._hass.config_entries.async_update_entry(self._entry, data=data)

    @property
    def _names(self) -> dict[str, str]:
        return names_of(self._hass, self._sid)

    def _with_sensors(self, source: EnergySource) -> EnergySource:
        """Return a source with the power of the production, or the charge of the system's only battery."""
        options, state = options_of(self._entry.options), self._state()
        if is_part(source, Part.SOLAR) and options.automatic and options.live_power:
            return self._with_sensor(source, "stat_rate", "power")
        if is_part(source, Part.BATTERY) and len(state.battery_ids) == 1:
            return self._with_sensor(source, "stat_soc", "storage_soc")
        return source

    def _with_sensor(self, source: EnergySource, field: str, key: str) -> EnergySource:
        sensor = _sensor(self._hass, self._sid, key)
        return {**source, field: sensor} if sensor and self._hass.states.get(sensor) else source

    @callback
    def _show(self) -> None:
        """Show whether the production counts twice."""
        is_double = self._manager is not None and len(counted(_sources(self._manager), self._names)) > 1
        issues.async_show_double_source(self._hass, self._entry, self._sid if is_double else None)

    @callback
    def _on_rename(self, _: Event[er.EventEntityRegistryUpdatedData]) -> None:
        self._show()


async def async_is_free(hass: HomeAssistant) -> bool:
    """Return whether there is an Energy dashboard that has no solar source yet."""
    manager = await _async_manager(hass)
    return manager is not None and not any(is_part(source, Part.SOLAR) for source in _sources(manager))


async def async_counted(hass: HomeAssistant, sid: str) -> list[str]:
    """Return which figures of a system's production the dashboard has as solar sources, by name."""
    manager = await _async_manager(hass)
    return [] if manager is None else counted(_sources(manager), names_of(hass, sid))


async def async_keep(hass: HomeAssistant, sid: str, name: str) -> None:
    """Remove all figures of a system's production but one from the dashboard. Raises SourcesError."""
    manager, names = await _async_manager(hass), names_of(hass, sid)
    if manager is None or name not in counted(_sources(manager), names):
        raise SourcesError("The solar source is no longer in the Energy dashboard")
    await _async_write(manager, without_others(_sources(manager), names, name))


def names_of(hass: HomeAssistant, sid: str) -> dict[str, str]:
    """Return the names of all figures of a system's production, by the id that a source has of them."""
    sensors = {entity_id: key for key in SENSORS if (entity_id := _sensor(hass, sid, key))}
    return {Statistic(sid=sid).id: STATISTIC, **sensors}


def _sensor(hass: HomeAssistant, sid: str, key: str) -> str | None:
    """Return the id of a sensor of the system as its owner has named it; None where there is none."""
    return er.async_get(hass).async_get_entity_id(Platform.SENSOR, DOMAIN, f"{sid}_{key}")


# The manager of the Energy preferences


def _sources(manager: EnergyManager) -> list[EnergySource]:
    return list(cast(list[EnergySource], manager.data.get("energy_sources", []))) if manager.data else []


async def _async_write(manager: EnergyManager, sources: list[EnergySource]) -> None:
    """Replace the sources by a list that was made of the present one, without waiting in between."""
    try:
        await manager.async_update(cast(EnergyPreferencesUpdate, {"energy_sources": sources}))
    except Exception as error:  # of any integration that follows the preferences
        raise SourcesError("Failed to change the Energy dashboard") from error


async def _async_manager(hass: HomeAssistant) -> EnergyManager | None:
    """Return the manager of the Energy preferences; None without an Energy dashboard, or when it cannot be read."""
    if "energy" not in hass.config.components:
        return None
    try:
        return await _async_followed(hass)
    except Exception as error:  # noqa: BLE001 -- the file may have any content
        LOGGER.warning("Failed to read the sources of the Energy dashboard: %s", type(error).__name__)
        return None


@singleton(HassKey[EnergyManager](f"{DOMAIN}_energy_manager"), async_=True)
async def _async_followed(hass: HomeAssistant) -> EnergyManager:
    """Return the manager, whose updates are passed on from now on: it offers no way to end that."""
    manager = await async_get_manager(hass)

    async def on_update() -> None:
        async_dispatcher_send(hass, _UPDATED)

    manager.async_listen_updates(on_update)
    return manager


@callback
def _is_rename(data: er.EventEntityRegistryUpdatedData) -> bool:
    return data["action"] == "update" and "old_entity_id" in data
