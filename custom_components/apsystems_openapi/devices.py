"""The devices of a system in Home Assistant's registry: the system, its ECUs, their inverters, meters and batteries.

Panels are child devices of their inverter; their entities register them (see `entity`).
"""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.typing import UNDEFINED

from .const import CONF_SID, DOMAIN, MANUFACTURER
from .schedule.options import Options
from .settings import options_of
from .system.backlog import Source, SourceKind
from .system.state import SystemState

PORTAL = "https://apsystemsema.com/ema/index.action"


def ecu_name(eid: str) -> str:
    """Return the identifier of an ECU."""
    return f"ecu_{eid}"


def panel_name(uid: str, channel: int) -> str:
    """Return the identifier of a panel: a channel of an inverter."""
    return f"{uid}_{channel}"


def house_name(sid: str, source: Source, state: SystemState) -> str:
    """Return the identifier of a meter or a battery; only those of further batteries contain the ECU."""
    if source.kind is SourceKind.METER:
        return f"{sid}_meter_{source.eid}"
    return f"{sid}_storage" if source.eid == state.main_battery else f"{sid}_storage_{source.eid}"


@callback
def async_register(hass: HomeAssistant, entry: ConfigEntry, state: SystemState) -> None:
    """Register the system and its devices, or update them. A device must exist before those connected by it."""
    registry, sid = dr.async_get(hass), entry.data[CONF_SID]

    def register(identifier: str, name: str, **info: str | None) -> str:
        device = registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, identifier)},
            manufacturer=MANUFACTURER,
            name=name,
            model=info.get("model") or UNDEFINED,
            serial_number=info.get("serial_number") or UNDEFINED,
            via_device_id=info.get("via_device_id") or UNDEFINED,
            configuration_url=info.get("configuration_url") or UNDEFINED,
        )
        return device.id

    system = register(
        sid, f"{MANUFACTURER} {sid}", model=_system_model(state), serial_number=sid, configuration_url=PORTAL
    )
    ecus = {
        eid: register(ecu_name(eid), f"ECU {eid}", model="ECU", serial_number=eid, via_device_id=system)
        for eid in _ecu_ids(state)
    }
    for inverter in state.inverters:
        register(
            inverter.uid,
            f"Inverter {inverter.uid}",
            model=inverter.model,
            serial_number=inverter.uid,
            via_device_id=ecus[inverter.eid],
        )
    for source in state.shown_sources(options_of(entry.options)):
        _register_house(registry, entry, source, state, via_device_id=ecus.get(source.eid, system))


def _register_house(
    registry: dr.DeviceRegistry, entry: ConfigEntry, source: Source, state: SystemState, *, via_device_id: str
) -> None:
    """Register a meter or a battery."""
    name, kind = house_name(entry.data[CONF_SID], source, state), str(source.kind)
    registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, name)},
        manufacturer=MANUFACTURER,
        model=kind.capitalize(),
        translation_key=kind if source.kind is SourceKind.METER or source.eid == state.main_battery else "more_battery",
        translation_placeholders={"id": source.eid},
        via_device_id=via_device_id,
    )


def are_renewed(before: SystemState, state: SystemState) -> bool:
    """Return whether an answer has said something about devices."""
    is_same = before.ecus is state.ecus and before.details is state.details
    return not is_same or before.listed_meters != state.listed_meters


@callback
def async_remove_gone(hass: HomeAssistant, entry: ConfigEntry, before: SystemState, state: SystemState) -> None:
    """Remove the devices of ECUs and inverters that are gone by listings; panels are removed with their inverter.

    One that was not known before, left by an earlier installation, goes only when every ECU has named its inverters.
    """
    if not state.ecus:
        return
    registry = dr.async_get(hass)
    kept, known = _names(state), _names(before)
    complete = all(ecu.inverters for ecu in state.ecus)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        names = names_of(device)
        if not names & kept and not _is_of_system(names, entry) and (complete or names & known):
            registry.async_remove_device(device.id)


@callback
def async_is_in_use(hass: HomeAssistant, entry: ConfigEntry, device: dr.AnyDeviceEntry, state: SystemState) -> bool:
    """Return whether a device would come back after its owner deletes it.

    An inverter that no listing names can be deleted, and then its ECU; so can a meter and a battery, also where the
    options exclude them; a panel when it has no entity.
    """
    if isinstance(device, dr.ChildDeviceEntry):
        return bool(er.async_entries_for_device(er.async_get(hass), device.id, include_disabled_entities=True))
    names = names_of(device)
    sid, ecus = entry.data[CONF_SID], {ecu_name(eid) for eid in _ecu_ids(state)}
    sources = (source for source in state.sources(options_of(entry.options)) if state.is_listed(source))
    houses = {house_name(sid, source, state) for source in sources}
    return sid in names or bool(names & (state.listed | ecus | houses))


def without(entry: ConfigEntry, state: SystemState, device: dr.AnyDeviceEntry) -> SystemState:
    """Return the state without a device that its owner has deleted."""
    names = names_of(device)
    for uid in names:
        state = state.without_inverter(uid)
    for source in state.shown_sources(Options()):
        if house_name(entry.data[CONF_SID], source, state) in names:
            state = state.without_house(source)
    kept = {eid: since for eid, since in state.unlisted.items() if ecu_name(eid) not in names}
    return replace(state, unlisted=kept)


def _system_model(state: SystemState) -> str:
    """Return the kind of system, with its capacity where the cloud says it."""
    capacity = state.details.capacity_kw if state.details else None
    return f"Photovoltaic system, {capacity:g} kW" if capacity else "Photovoltaic system"


def names_of(device: dr.AnyDeviceEntry) -> set[str]:
    """Return the integration's identifiers of a device."""
    return {name for domain, name in device.identifiers if domain == DOMAIN}


def _is_of_system(names: set[str], entry: ConfigEntry) -> bool:
    """Return whether a device is the system or something else that no listing names, such as its battery."""
    sid = entry.data[CONF_SID]
    return any(name == sid or name.startswith(f"{sid}_") for name in names)


def _ecu_ids(state: SystemState) -> list[str]:
    """Return the ECUs of the newest listing, and those that inverters are connected to."""
    return list(dict.fromkeys([*(ecu.eid for ecu in state.ecus or ()), *state.ecu_ids]))


def _names(state: SystemState) -> set[str]:
    return {*(ecu_name(eid) for eid in state.known_ecus), *(inverter.uid for inverter in state.inverters)}
