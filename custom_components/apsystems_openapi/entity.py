"""Device, unique id and availability of the integration's entities."""

from typing import override

from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .cloud.models import Inverter
from .const import DOMAIN, MANUFACTURER
from .coordinator import ApsystemsCoordinator


class ApsystemsEntity(CoordinatorEntity[ApsystemsCoordinator]):
    """An entity of the system."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: ApsystemsCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.sid}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.sid)})

    @property
    @override
    def available(self) -> bool:
        """Between planned calls nothing is unavailable; what is not known says so itself."""
        return self.coordinator.data is not None


class InverterEntity(ApsystemsEntity):
    """An entity of an inverter."""

    def __init__(self, coordinator: ApsystemsCoordinator, description: EntityDescription, inverter: Inverter) -> None:
        super().__init__(coordinator, description)
        entry = coordinator.config_entry
        self.inverter = inverter
        self._attr_unique_id = f"{coordinator.sid}_inverter_{inverter.uid}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, inverter.uid)},
            manufacturer=MANUFACTURER,
            model=inverter.model,
            name=f"Inverter {inverter.uid}",
            serial_number=inverter.uid,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass, (DOMAIN, coordinator.sid), config_entry_id=entry.entry_id
            ),
        )
