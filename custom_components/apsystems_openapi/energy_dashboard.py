"""The Energy dashboard: shows the production of a new system there, once, and finds production that it counts twice.

Whether the production is still to be added is in the entry's data: that is stored and removed with the entry, whatever
becomes of the state's file, and the options form of the original integration, which replaces all options, leaves it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from homeassistant.components.energy.data import (
    SOLAR_SOURCE_SCHEMA,
    EnergyManager,
    EnergyPreferencesUpdate,
    async_get_manager,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from . import issues
from .const import CONF_ENERGY_DASHBOARD, CONF_SID, DOMAIN, LOGGER
from .history.recorder import Statistic
from .settings import options_of

STATISTIC: Final = "statistic"
# The sensors that each have the whole production of a system, by the key in their unique id.
SENSORS: Final = ("total_energy", "today_energy", "month_energy", "year_energy")
_ADOPTED: Final = ("stat_rate", "config_entry_solar_forecast")
_UPDATED: Final = f"{DOMAIN}_energy_preferences"

type Source = Mapping[str, Any]
"""A source of the Energy dashboard, as Home Assistant stores it."""


class SourcesError(Exception):
    """The sources of the Energy dashboard could not be changed."""


class EnergyDashboard:
    """What the Energy dashboard shows of one system."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, has_rows: Callable[[], bool]) -> None:
        """`has_rows` returns whether the statistic of the production has any."""
        self._hass = hass
        self._entry = entry
        self._sid: str = entry.data[CONF_SID]
        self._has_rows = has_rows
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
        """Add the production to the dashboard where that is still to be done, and there is something to see."""
        is_wanted = self._entry.data.get(CONF_ENERGY_DASHBOARD) and self._has_rows()
        if self._manager is not None and is_wanted and not self._is_adding:
            self._is_adding = True
            self._entry.async_create_background_task(
                self._hass, self._async_add(self._manager), f"{DOMAIN} energy dashboard"
            )

    async def _async_add(self, manager: EnergyManager) -> None:
        """Add the production, unless it is shown already; in either case it is never added again."""
        try:
            if not counted(_sources(manager), self._names):
                await _async_write(manager, [*_sources(manager), _validated(self._source)])
            data = {key: value for key, value in self._entry.data.items() if key != CONF_ENERGY_DASHBOARD}
            self._hass.config_entries.async_update_entry(self._entry, data=data)
        except SourcesError as error:
            if not self._has_failed:
                LOGGER.warning("%s, trying again later", error)
            self._has_failed = True
        finally:
            self._is_adding = False

    @property
    def _names(self) -> dict[str, str]:
        return names_of(self._hass, self._sid)

    @property
    def _source(self) -> Source:
        source = {
            "type": "solar",
            "stat_energy_from": Statistic(sid=self._sid).id,
            "config_entry_solar_forecast": None,
        }
        options, power = options_of(self._entry.options), _sensor(self._hass, self._sid, "power")
        has_power = options.automatic and options.live_power and power is not None and self._hass.states.get(power)
        return {**source, "stat_rate": power} if has_power else source

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
    return manager is not None and not any(_is_solar(source) for source in _sources(manager))


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


# Sources as values


def counted(sources: Iterable[Source], names: Mapping[str, str]) -> list[str]:
    """Return the solar sources of a system by name, in the order of `names`, each as often as it is there."""
    found = [names[source["stat_energy_from"]] for source in sources if _is_of(source, names)]
    return sorted(found, key=list(names.values()).index)


def without_others(sources: Iterable[Source], names: Mapping[str, str], name: str) -> list[Source]:
    """Return the sources with only one of a system's, in its place.

    It takes over the power and the expected production of those that are removed, where it has none.
    """
    own, kept = [source for source in sources if _is_of(source, names)], list[Source]()
    stays = next(source for source in own if names[source["stat_energy_from"]] == name)
    given = {key: other[key] for other in own for key in _ADOPTED if other.get(key) and not stays.get(key)}
    for source in sources:
        if source is stays:
            kept.append(_validated({**stays, **given}))
        elif not _is_of(source, names):
            kept.append(source)
    return kept


def names_of(hass: HomeAssistant, sid: str) -> dict[str, str]:
    """Return the names of all figures of a system's production, by the id that a source has of them."""
    sensors = {entity_id: key for key in SENSORS if (entity_id := _sensor(hass, sid, key))}
    return {Statistic(sid=sid).id: STATISTIC, **sensors}


def _sensor(hass: HomeAssistant, sid: str, key: str) -> str | None:
    """Return the id of a sensor of the system as its owner has named it; None where there is none."""
    return er.async_get(hass).async_get_entity_id(Platform.SENSOR, DOMAIN, f"{sid}_{key}")


def _is_solar(source: Source) -> bool:
    return source.get("type") == "solar"


def _is_of(source: Source, names: Mapping[str, str]) -> bool:
    return _is_solar(source) and source.get("stat_energy_from") in names


def _validated(source: Source) -> Source:
    """Return a source as Home Assistant accepts it; the manager itself takes anything. Raises SourcesError."""
    try:
        return cast(Source, SOLAR_SOURCE_SCHEMA(dict(source)))
    except vol.Invalid as error:
        raise SourcesError("Home Assistant refuses the solar source") from error


# The manager of the Energy preferences


def _sources(manager: EnergyManager) -> list[Source]:
    return list(cast(list[Source], manager.data.get("energy_sources", []))) if manager.data else []


async def _async_write(manager: EnergyManager, sources: list[Source]) -> None:
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
