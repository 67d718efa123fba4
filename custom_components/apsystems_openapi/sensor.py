"""Sensors of the system and of each inverter."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .calls import Options
from .const import SOURCE
from .coordinator import ApsystemsConfigEntry
from .entity import ApsystemsEntity, InverterEntity
from .models import MAX_CHANNELS, MAX_PHASES, ChannelDay, Inverter, InverterDay, Series, latest, peak
from .state import Panels
from .view import PlantData

PARALLEL_UPDATES = 0

# Until its first telemetry an inverter is taken for one of two channels, as nearly all are.
USUAL_CHANNELS = 2
# The light of a system (`api.md` §3, details).
LIGHTS = {1: "normal", 2: "inverter_alarm", 3: "ecu_offline", 4: "no_upload"}
NO_DAY = InverterDay(day=date.min, times=(), ac_power_w=(), channels=())


@dataclass(frozen=True, kw_only=True)
class InverterView:
    """An inverter as its entities show it: its newest day, and whether that is the day of a sun that is up."""

    inverter: Inverter
    day: InverterDay
    panels: Panels | None
    panels_reset: datetime | None
    is_today: bool
    sun_up: bool

    def measured(self, value: float | None) -> float | None:
        """Return a measurement: by night, and by day before today's first, there is none."""
        return value if self.sun_up and self.is_today else None

    def power(self, value: float | None) -> float | None:
        """Return a power: by night it is 0."""
        return self.measured(value) if self.sun_up else 0.0

    def channel(self, number: int) -> ChannelDay:
        """Return a channel of the day, empty where the data has none."""
        channels = self.day.channels
        return channels[number - 1] if number <= len(channels) else ChannelDay()

    @property
    def channels(self) -> int:
        """Return how many channels the data shows."""
        return len(self.day.channels) or USUAL_CHANNELS


def view(data: PlantData, inverter: Inverter) -> InverterView:
    """Return what is shown of an inverter."""
    day, panels = data.state.days.get(inverter.uid, NO_DAY), data.state.panels.get(inverter.uid)
    return InverterView(
        inverter=inverter,
        day=day,
        panels=panels,
        panels_reset=datetime.combine(panels.day, time(), data.midnight.tzinfo) if panels else None,
        is_today=day.day == data.day,
        sun_up=data.sun_up,
    )


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the system."""

    has_fn: Callable[[Options], bool] = lambda _: True
    value_fn: Callable[[PlantData], StateType | datetime]
    attributes_fn: Callable[[PlantData], dict[str, Any]] | None = None
    last_reset_fn: Callable[[PlantData], datetime | None] | None = None


@dataclass(frozen=True, kw_only=True)
class InverterSensorDescription(SensorEntityDescription):
    """A sensor of an inverter."""

    value_fn: Callable[[InverterView], float | None]
    last_reset_fn: Callable[[InverterView], datetime | None] | None = None
    attributes_fn: Callable[[InverterView], dict[str, Any]] | None = None
    has_fn: Callable[[InverterView], bool] = lambda _: True


def _hours(data: PlantData) -> dict[str, Any]:
    hours = data.state.hours
    return {
        "hourly_kwh": hours and list(hours.kwh),
        "hourly_date": hours and hours.day.isoformat(),
        "solar_hours_active": data.solar_hours,
        "status": "solar_hours" if data.solar_hours else "night",
    }


def _totals(data: PlantData) -> dict[str, Any]:
    return {
        "today_kwh": data.energy.today,
        "month_kwh": data.energy.month,
        "year_kwh": data.energy.year,
        **_hours(data),
        "source": SOURCE,
    }


def _telemetry(shown: InverterView) -> dict[str, Any]:
    day = shown.day
    attributes: dict[str, Any] = {
        "inverter_uid": shown.inverter.uid,
        "inverter_type": shown.inverter.model,
        "ecu_id": shown.inverter.eid,
        "data_date": day.day.isoformat() if day.times else None,
        "measured_at": day.measured_at,
        "ac_power_peak_w": peak(day.ac_power_w),
        "hourly_ac_power": list(day.ac_power_w),
        "hourly_times": list(day.times),
    }
    for number in range(1, shown.channels + 1):
        series = shown.channel(number).power_w
        attributes[f"dc_channel{number}_power_w"] = shown.power(latest(series))
        attributes[f"dc_channel{number}_peak_w"] = peak(series)
        attributes[f"hourly_dc_p{number}"] = list(series)
    return attributes


def _nth(values: Series, number: int) -> float | None:
    return values[number - 1] if number <= len(values) else None


def _channel_sensors(number: int) -> tuple[InverterSensorDescription, ...]:
    def has(shown: InverterView) -> bool:
        return number <= shown.channels

    placeholders = {"channel": str(number)}
    return (
        InverterSensorDescription(
            key=f"dc_power_ch{number}",
            translation_key="dc_power",
            translation_placeholders=placeholders,
            device_class=SensorDeviceClass.POWER,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfPower.WATT,
            suggested_display_precision=0,
            has_fn=has,
            value_fn=lambda shown: shown.power(latest(shown.channel(number).power_w)),
        ),
        InverterSensorDescription(
            key=f"dc_voltage_ch{number}",
            translation_key="dc_voltage",
            translation_placeholders=placeholders,
            device_class=SensorDeviceClass.VOLTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricPotential.VOLT,
            suggested_display_precision=1,
            has_fn=has,
            value_fn=lambda shown: shown.measured(shown.channel(number).voltage_v),
        ),
        InverterSensorDescription(
            key=f"dc_current_ch{number}",
            translation_key="dc_current",
            translation_placeholders=placeholders,
            device_class=SensorDeviceClass.CURRENT,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
            suggested_display_precision=2,
            has_fn=has,
            value_fn=lambda shown: shown.measured(shown.channel(number).current_a),
        ),
        InverterSensorDescription(
            key=f"energy_today_ch{number}",
            translation_key="energy_today",
            translation_placeholders=placeholders,
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            has_fn=lambda shown: shown.panels is not None and number <= len(shown.panels.kwh),
            value_fn=lambda shown: _nth(shown.panels.kwh, number) if shown.panels else None,
            attributes_fn=lambda shown: {"data_date": shown.panels.day.isoformat() if shown.panels else None},
            last_reset_fn=lambda shown: shown.panels_reset,
        ),
    )


def _phase_sensor(phase: int) -> InverterSensorDescription:
    """Return the sensor of a further phase's voltage; the first has the name of the only one."""
    return InverterSensorDescription(
        key=f"ac_voltage_l{phase}",
        translation_key="ac_voltage_phase",
        translation_placeholders={"phase": f"L{phase}"},
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        has_fn=lambda shown: phase <= len(shown.day.ac_voltages_v),
        value_fn=lambda shown: shown.measured(_nth(shown.day.ac_voltages_v, phase)),
    )


SYSTEM_SENSORS = (
    SystemSensorDescription(
        key="total_energy",
        translation_key="total_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda data: data.energy.total,
        attributes_fn=_totals,
    ),
    SystemSensorDescription(
        key="today_energy",
        translation_key="today_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda data: data.energy.today,
        attributes_fn=_hours,
        last_reset_fn=lambda data: data.midnight,
    ),
    SystemSensorDescription(
        key="month_energy",
        translation_key="month_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        value_fn=lambda data: data.energy.month,
        last_reset_fn=lambda data: data.month_start,
    ),
    SystemSensorDescription(
        key="year_energy",
        translation_key="year_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda data: data.energy.year,
        last_reset_fn=lambda data: data.year_start,
    ),
    SystemSensorDescription(
        key="power",
        translation_key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        has_fn=lambda options: options.automatic and options.live_power,
        value_fn=lambda data: data.power_w,
    ),
    SystemSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(LIGHTS.values()),
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: LIGHTS.get(data.state.details.light or 0) if data.state.details else None,
    ),
    SystemSensorDescription(
        key="api_calls",
        translation_key="api_calls",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.calls,
        attributes_fn=lambda data: {
            "quota": data.quota,
            "left": data.calls_left,
            "planned_today": data.calls_today,
            "estimate_month": data.calls_estimate,
        },
    ),
    SystemSensorDescription(
        key="data_time",
        translation_key="data_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.newest_sample,
    ),
    SystemSensorDescription(
        key="next_read",
        translation_key="next_read",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.next_read,
    ),
    SystemSensorDescription(
        key="history",
        translation_key="history",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        has_fn=lambda options: options.automatic and options.import_history,
        value_fn=lambda data: data.past.percent,
        attributes_fn=lambda data: {
            "days_done": data.past.days_done,
            "days_to_go": data.past.days_to_go,
            "expected_end": data.past.expected_end and data.past.expected_end.isoformat(),
        },
    ),
)

INVERTER_SENSORS = (
    InverterSensorDescription(
        key="power",
        translation_key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=lambda shown: shown.power(latest(shown.day.ac_power_w)),
        attributes_fn=_telemetry,
    ),
    InverterSensorDescription(
        key="ac_voltage",
        translation_key="ac_voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        value_fn=lambda shown: shown.measured(_nth(shown.day.ac_voltages_v, 1)),
    ),
    *(_phase_sensor(phase) for phase in range(2, MAX_PHASES + 1)),
    InverterSensorDescription(
        key="frequency",
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        value_fn=lambda shown: shown.measured(shown.day.frequency_hz),
    ),
    InverterSensorDescription(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=lambda shown: shown.measured(shown.day.temperature_c),
    ),
    *(description for number in range(1, MAX_CHANNELS + 1) for description in _channel_sensors(number)),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
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
            shown = view(data, inverter)
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

    @property
    def _shown(self) -> InverterView:
        return view(self.coordinator.data, self.inverter)

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
