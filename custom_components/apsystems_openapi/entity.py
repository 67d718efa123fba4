"""Unique id, entity id, device and availability of the integration's entities."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar, override

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .const import DOMAIN
from .coordinator import ApsystemsCoordinator
from .devices import ecu_name, house_name, panel_name
from .system.backlog import Source, SourceKind
from .system.snapshot import Snapshot

# The original integration's entity ids come from names, which for this key differs from the unique id.
ENTITY_ID_KEYS = {"refresh_inverter_energy": "refresh_inverter_data"}


@callback
def async_add_when_seen[V, D: EntityDescription](
    coordinator: ApsystemsCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    views_fn: Callable[[Snapshot], Mapping[str, V]],
    descriptions: Iterable[D],
    has_fn: Callable[[D, str, V], bool],
    entity_fn: Callable[[D, str, V], ApsystemsEntity],
) -> None:
    """Add the entities of devices of a kind now, and whenever the data shows new ones.

    `views_fn` returns a view of each by its id. The entities of one that was removed can be added again.
    """
    added: set[tuple[str, str]] = set()

    def missing() -> Iterator[ApsystemsEntity]:
        views = views_fn(coordinator.data)
        added.intersection_update([key for key in added if key[0] in views])
        for name, shown in views.items():
            for description in descriptions:
                key = (name, description.key)
                if key not in added and has_fn(description, name, shown):
                    added.add(key)
                    yield entity_fn(description, name, shown)

    @callback
    def add_missing() -> None:
        if entities := list(missing()):
            async_add_entities(entities)

    add_missing()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_missing))


@callback
def async_is_registered(coordinator: ApsystemsCoordinator, platform: Platform, key: str) -> bool:
    """Return whether the system already has an entity; `key` is its unique id without the system's."""
    registry = er.async_get(coordinator.hass)
    return registry.async_get_entity_id(platform, DOMAIN, f"{coordinator.context.sid}_{key}") is not None


class ApsystemsEntity(CoordinatorEntity[ApsystemsCoordinator]):
    """An entity of the system."""

    _attr_has_entity_name = True
    _platform: ClassVar[Platform]
    _is_local = False
    """Whether its value comes from Home Assistant and not from the cloud."""

    def __init__(self, coordinator: ApsystemsCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.context.sid}_{description.key}"
        self._suggest_entity_id(f"apsystems_{coordinator.context.sid}")
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.context.sid)})

    def _suggest_entity_id(self, prefix: str) -> None:
        """Suggest the id that a new entity gets, which is the same in every language."""
        key = self.entity_description.key
        self.entity_id = f"{self._platform}.{slugify(f'{prefix}_{ENTITY_ID_KEYS.get(key, key)}')}"

    @property
    @override
    def available(self) -> bool:
        """Between planned calls nothing is unavailable; a value that is not known is unknown."""
        return self._is_local or self.coordinator.data.is_available


class EcuEntity(ApsystemsEntity):
    """An entity of an ECU."""

    def __init__(self, coordinator: ApsystemsCoordinator, description: EntityDescription, eid: str) -> None:
        super().__init__(coordinator, description)
        self.eid = eid
        self._attr_unique_id = f"{coordinator.context.sid}_{ecu_name(eid)}_{description.key}"
        self._suggest_entity_id(ecu_name(eid))
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, ecu_name(eid))})


class HouseEntity(ApsystemsEntity):
    """An entity of a meter or a battery."""

    def __init__(self, coordinator: ApsystemsCoordinator, description: EntityDescription, source: Source) -> None:
        super().__init__(coordinator, description)
        self.source = source
        name = house_name(coordinator.context.sid, source, coordinator.data.state)
        self._attr_unique_id = f"{name}_{description.key}"
        self._suggest_entity_id(f"meter_{source.eid}" if source.kind is SourceKind.METER else f"apsystems_{name}")
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, name)})


class InverterEntity(ApsystemsEntity):
    """An entity of an inverter, or of the panel on one of its channels."""

    def __init__(
        self,
        coordinator: ApsystemsCoordinator,
        description: EntityDescription,
        uid: str,
        channel: int | None = None,
    ) -> None:
        super().__init__(coordinator, description)
        self.uid = uid
        self._attr_unique_id = f"{coordinator.context.sid}_inverter_{uid}_{description.key}"
        self._suggest_entity_id(f"inverter_{uid}")
        inverter = DeviceInfo(identifiers={(DOMAIN, uid)})
        self._attr_device_info = inverter if channel is None else self._panel(uid, channel)

    def _panel(self, uid: str, channel: int) -> ChildDeviceInfo:
        """Return the child device of a panel; a device of its own, so that its owner can name and place it."""
        return ChildDeviceInfo(
            identifiers={(DOMAIN, panel_name(uid, channel))},
            translation_key="panel",
            translation_placeholders={"inverter": uid, "panel": str(channel)},
            parent_device_id=dr.async_get_device_id_by_identifier(
                self.coordinator.hass,
                (DOMAIN, uid),
                config_entry_id=self.coordinator.config_entry.entry_id,
            ),
        )
