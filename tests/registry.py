"""The integration's devices and entities in Home Assistant's registries."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.apsystems_openapi.const import DOMAIN
from tests.harness import House

type DeleteDevice = Callable[[ConfigEntry[Any], str], Awaitable[bool]]
"""Deletes a device, by its identifier, as the frontend does; returns whether that succeeded."""


def panels(house: House) -> dict[str, dr.ChildDeviceEntry]:
    """Return the child devices by identifier."""
    return {
        name: child
        for entry in house.hass.config_entries.async_entries(DOMAIN)
        for child in dr.async_child_entries_for_config_entry(dr.async_get(house.hass), entry.entry_id)
        for _, name in child.identifiers
    }


def entities(house: House) -> dict[str, er.RegistryEntry]:
    """Return the entities, disabled ones included, by unique id without the SID."""
    found = er.async_get(house.hass).entities.values()
    return {e.unique_id.removeprefix(f"{house.sid}_"): e for e in found if e.platform == DOMAIN}


def device_of(house: House, key: str) -> dr.AnyDeviceEntry:
    """Return the device of the entity with the unique id `<sid>_<key>`."""
    device_id = entities(house)[key].device_id
    assert device_id
    device = dr.async_get(house.hass).async_get(device_id)
    assert device
    return device
