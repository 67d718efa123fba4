"""The sensors of an inverter: a table, and what of the inverter is shown at a moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfTemperature,
)

from .cloud.models import MAX_CHANNELS, MAX_PHASES, ChannelDay, Inverter, InverterDay, Series, latest, peak
from .system.snapshot import PlantData
from .system.state import Panels

# Until its first telemetry an inverter is taken for one of two channels, as nearly all are.
USUAL_CHANNELS = 2
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


def inverter_view(data: PlantData, inverter: Inverter) -> InverterView:
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
class InverterSensorDescription(SensorEntityDescription):
    """A sensor of an inverter."""

    value_fn: Callable[[InverterView], float | None]
    last_reset_fn: Callable[[InverterView], datetime | None] | None = None
    attributes_fn: Callable[[InverterView], dict[str, Any]] | None = None
    has_fn: Callable[[InverterView], bool] = lambda _: True


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
