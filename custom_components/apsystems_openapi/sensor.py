"""Sensors of the system, of each inverter, and of each meter and battery."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .cloud.models import MAX_CHANNELS
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .entity import ApsystemsEntity, HouseEntity, InverterEntity, async_add_when_seen, async_is_registered
from .house_sensors import HOUSE_SENSORS, HouseSensorDescription
from .inverter_sensors import INVERTER_SENSORS, InverterSensorDescription, InverterView, inverter_view, inverter_views
from .system.backlog import Source, SourceKind
from .system.house_status import HouseStatus
from .system.snapshot import Snapshot
from .system_sensors import SYSTEM_SENSORS, SystemSensorDescription

PARALLEL_UPDATES = 0
MANY_INVERTERS = 10  # above it, new inverters have their voltages, currents and frequency disabled


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the system's sensors, and those of all other devices whenever the data shows new ones."""
    coordinator = entry.runtime_data
    async_add_entities(SystemSensor(coordinator, description) for description in _system_sensors(coordinator))
    async_add_when_seen(
        coordinator,
        async_add_entities,
        inverter_views,
        INVERTER_SENSORS,
        lambda description, _, shown: description.has_fn(shown),
        lambda description, _, shown: InverterSensor(coordinator, description, shown),
    )
    for kind in HOUSE_SENSORS:
        _add_house_sensors(coordinator, async_add_entities, kind)


@callback
def _add_house_sensors(
    coordinator: ApsystemsCoordinator, async_add_entities: AddConfigEntryEntitiesCallback, kind: SourceKind
) -> None:
    """Add the sensors of all meters or of all batteries."""
    async_add_when_seen(
        coordinator,
        async_add_entities,
        lambda data: _houses(data, kind),
        HOUSE_SENSORS[kind],
        lambda description, _eid, _shown: description.has_fn(coordinator.data.state),
        lambda description, eid, _shown: HouseSensor(coordinator, description, Source(kind=kind, eid=eid)),
    )


def _houses(data: Snapshot, kind: SourceKind) -> Mapping[str, HouseStatus]:
    """Return all meters or all batteries."""
    return data.meters if kind is SourceKind.METER else data.batteries


def _system_sensors(coordinator: ApsystemsCoordinator) -> Iterator[SystemSensorDescription]:
    """Yield the descriptions of the sensors that the system has, by its options and by what it had before."""

    def is_registered(key: str) -> bool:
        return async_is_registered(coordinator, Platform.SENSOR, key)

    for description in SYSTEM_SENSORS:
        if description.has_fn(coordinator.context.options) or (description.stays and is_registered(description.key)):
            old_key = description.key_1_0
            is_of_1_0 = old_key is not None and is_registered(old_key) and not is_registered(description.key)
            yield replace(description, key=old_key) if old_key and is_of_1_0 else description


class SystemSensor(ApsystemsEntity, SensorEntity):
    """A sensor of the system."""

    _platform = Platform.SENSOR
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
            "details_date",
            "missing_ecus",
            "quota",
            "left",
            "assumed",
            "planned_today",
            "estimate_month",
            "days_with_hours",
            "days_with_totals",
            "days_to_go",
            "expected_end",
            "next_upload",
            "reason",
            "upload_every",
        }
    )

    def __init__(self, coordinator: ApsystemsCoordinator, description: SystemSensorDescription) -> None:
        super().__init__(coordinator, description)
        self._is_local = description.is_local

    @override
    async def async_update(self) -> None:
        """Read once for all sensors of the system, when an automation asks by `homeassistant.update_entity`."""
        if self.enabled:
            await self.coordinator.async_read_on_request()

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return the site's midnight; it comes with the value of the same time."""
        reset = self.entity_description.last_reset_fn
        return reset(self.coordinator.data) if reset else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator.data) if attributes else None


class InverterSensor(InverterEntity, SensorEntity):
    """A sensor of an inverter or of one of its panels."""

    _platform = Platform.SENSOR
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
        self, coordinator: ApsystemsCoordinator, description: InverterSensorDescription, shown: InverterView
    ) -> None:
        super().__init__(coordinator, description, shown.inverter.uid, description.channel)
        if description.is_detail and len(coordinator.data.inverters) > MANY_INVERTERS:
            self._attr_entity_registry_enabled_default = False
        self._seen: tuple[object, ...] | None = None
        self._shown = shown

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write only changes: most reads bring nothing about most inverters, and there may be a thousand sensors."""
        data, uid = self.coordinator.data, self.uid
        seen = (
            data.state.inverters,
            data.state.telemetry.get(uid),
            data.state.panel_energy.get(uid),
            data.inverters.get(uid),
            data.midnight,
            data.is_daylight,
            data.is_available,
        )
        if seen != self._seen:  # unlike dataclasses, tuples take the same object for equal at once
            self._seen, self._shown = seen, inverter_view(data, uid) or self._shown
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


class HouseSensor(HouseEntity, SensorEntity):
    """A sensor of a meter or a battery."""

    _platform = Platform.SENSOR
    entity_description: HouseSensorDescription
    _unrecorded_attributes = frozenset({"measured_at"})

    def __init__(self, coordinator: ApsystemsCoordinator, description: HouseSensorDescription, source: Source) -> None:
        super().__init__(coordinator, description, source)
        self._shown = _houses(coordinator.data, source.kind)[source.eid]
        self._written = self._seen

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write only changes: a house is read a few times a day."""
        houses = _houses(self.coordinator.data, self.source.kind)
        self._shown = houses.get(self.source.eid, self._shown)
        if self._seen != self._written:
            self._written = self._seen
            super()._handle_coordinator_update()

    @property
    def _seen(self) -> tuple[object, ...]:
        """All that a written state contains."""
        return self.available, self.native_value, self.last_reset, self.extra_state_attributes

    @property
    @override
    def native_value(self) -> StateType:
        return self.entity_description.value_fn(self._shown)

    @property
    @override
    def options(self) -> list[str] | None:
        """Return the known values of an enumeration, and the one that is shown where it is not among them."""
        options, value = self.entity_description.options, self.native_value
        return options if options is None or value in {None, *options} else [*options, str(value)]

    @property
    @override
    def last_reset(self) -> datetime | None:
        return self._shown.midnight if self.entity_description.is_of_today else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if not self.entity_description.is_sampled:
            return None
        measured_at = self._shown.measured_at
        return {"measured_at": measured_at and measured_at.isoformat()}
