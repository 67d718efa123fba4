"""Binary sensors of ECUs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (  # type: ignore[attr-defined]  # not exported in 2026.10
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .devices import ecu_name
from .entity import EcuEntity, async_add_when_seen, async_is_registered
from .schedule.options import Options
from .system.snapshot import EcuStatus

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class EcuBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of an ECU."""

    has_fn: Callable[[Options, EcuStatus], bool]
    value_fn: Callable[[EcuStatus], bool | None]
    attributes_fn: Callable[[EcuStatus], dict[str, Any]]


ECU_BINARY_SENSORS = (
    EcuBinarySensorDescription(
        key="connectivity",
        translation_key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        has_fn=lambda options, ecu: (options.automatic and options.live_power) or ecu.is_connected is not None,
        value_fn=lambda ecu: ecu.is_connected,
        attributes_fn=lambda ecu: {"newest_sample": ecu.newest_sample and ecu.newest_sample.isoformat()},
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of ECUs."""
    coordinator = entry.runtime_data

    def has(description: EcuBinarySensorDescription, eid: str, ecu: EcuStatus) -> bool:
        key = f"{ecu_name(eid)}_{description.key}"
        return description.has_fn(coordinator.context.options, ecu) or async_is_registered(
            coordinator, Platform.BINARY_SENSOR, key
        )

    async_add_when_seen(
        coordinator,
        async_add_entities,
        lambda data: data.ecus,
        ECU_BINARY_SENSORS,
        has,
        lambda description, eid, ecu: EcuBinarySensor(coordinator, description, eid, ecu),
    )


class EcuBinarySensor(EcuEntity, BinarySensorEntity):
    """A binary sensor of an ECU."""

    _platform = Platform.BINARY_SENSOR
    _unrecorded_attributes = frozenset({"newest_sample"})
    entity_description: EcuBinarySensorDescription

    def __init__(
        self,
        coordinator: ApsystemsCoordinator,
        description: EcuBinarySensorDescription,
        eid: str,
        shown: EcuStatus,
    ) -> None:
        super().__init__(coordinator, description, eid)
        self._shown = shown

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the newest status; an ECU that is gone keeps its last one until its device is removed."""
        self._shown = self.coordinator.data.ecus.get(self.eid, self._shown)
        super()._handle_coordinator_update()

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value_fn(self._shown)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return self.entity_description.attributes_fn(self._shown)
