"""Sensors of the system and of each inverter."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .cloud.models import MAX_CHANNELS, Inverter
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .entity import ApsystemsEntity, InverterEntity
from .inverter_sensors import INVERTER_SENSORS, InverterSensorDescription, inverter_view
from .system_sensors import SYSTEM_SENSORS, SystemSensorDescription

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the system's sensors, and those of inverters, channels and phases whenever the data shows new ones."""
    coordinator = entry.runtime_data
    async_add_entities(
        SystemSensor(coordinator, description)
        for description in SYSTEM_SENSORS
        if description.has_fn(coordinator.options)
    )
    known: set[tuple[str, str]] = set()

    def missing() -> Iterator[InverterSensor]:
        data = coordinator.data
        present = {inverter.uid for inverter in data.state.inverters}
        known.difference_update([key for key in known if key[0] not in present])
        for inverter in data.state.inverters:
            shown = inverter_view(data, inverter)
            for description in INVERTER_SENSORS:
                key = (inverter.uid, description.key)
                if key not in known and description.has_fn(shown):
                    known.add(key)
                    yield InverterSensor(coordinator, description, inverter)

    @callback
    def add_missing() -> None:
        if sensors := list(missing()):
            async_add_entities(sensors)

    add_missing()
    entry.async_on_unload(coordinator.async_add_listener(add_missing))


class SystemSensor(ApsystemsEntity, SensorEntity):
    """A sensor of the system."""

    entity_description: SystemSensorDescription
    _unrecorded_attributes = frozenset(
        {
            "today_kwh",
            "month_kwh",
            "year_kwh",
            "hourly_kwh",
            "hourly_date",
            "solar_hours_active",
            "status",
            "left",
            "planned_today",
            "estimate_month",
            "days_done",
            "days_to_go",
            "expected_end",
        }
    )

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return the site's midnight; it comes with the value of the same moment."""
        reset = self.entity_description.last_reset_fn
        return reset(self.coordinator.data) if reset else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator.data) if attributes else None


class InverterSensor(InverterEntity, SensorEntity):
    """A sensor of an inverter."""

    entity_description: InverterSensorDescription
    _unrecorded_attributes = frozenset(
        {
            "data_date",
            "measured_at",
            "ac_power_peak_w",
            "hourly_ac_power",
            "hourly_times",
            *(f"dc_channel{n}_power_w" for n in range(1, MAX_CHANNELS + 1)),
            *(f"dc_channel{n}_peak_w" for n in range(1, MAX_CHANNELS + 1)),
            *(f"hourly_dc_p{n}" for n in range(1, MAX_CHANNELS + 1)),
        }
    )

    def __init__(
        self, coordinator: ApsystemsCoordinator, description: InverterSensorDescription, inverter: Inverter
    ) -> None:
        super().__init__(coordinator, description, inverter)
        self._told: tuple[object, ...] | None = None
        self._shown = inverter_view(coordinator.data, inverter)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write only what is new: most reads tell nothing of most inverters, and there may be a thousand sensors."""
        data, uid = self.coordinator.data, self.inverter.uid
        told = (data.state.days.get(uid), data.state.panels.get(uid), data.midnight, data.day, data.sun_up)
        if told != self._told:  # unlike dataclasses, tuples take the same object for equal at once
            self._told, self._shown = told, inverter_view(data, self.inverter)
            super()._handle_coordinator_update()

    @property
    @override
    def native_value(self) -> float | None:
        return self.entity_description.value_fn(self._shown)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return the midnight of the day that a panel's energy is of."""
        reset = self.entity_description.last_reset_fn
        return reset(self._shown) if reset else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = self.entity_description.attributes_fn
        return attributes(self._shown) if attributes else None
