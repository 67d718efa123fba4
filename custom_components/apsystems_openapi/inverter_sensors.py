"""The sensors of an inverter and of its panels: a table, and the view of an inverter that they show."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfTemperature,
)

from .cloud.models import MAX_CHANNELS, MAX_PHASES, ChannelDay, Inverter, InverterDay, Series
from .system.ages import shown_power
from .system.snapshot import InverterStatus, Snapshot
from .system.state import PanelEnergy
from .system.telemetry import latest, peak

# Until its first telemetry an inverter is taken for one of two channels, as nearly all are.
USUAL_CHANNELS = 2
THREE_PHASE_MODELS = ("QT2", "YC1000")
NO_DAY = InverterDay(day=date.min, times=(), ac_power_w=(), channels=())


@dataclass(frozen=True, kw_only=True)
class InverterView:
    """An inverter as its entities show it."""

    inverter: Inverter
    day: InverterDay
    """Its newest telemetry, of any day."""
    panels: PanelEnergy | None
    """The newest energy of its panels, of any day."""
    status: InverterStatus
    """Which of its measurements are young enough to be shown."""
    midnight: datetime
    """The start of the site day."""
    is_daylight: bool

    def measured(self, value: float | None) -> float | None:
        """Return a measurement; at night and without a young sample there is none."""
        return value if self.status.is_fresh else None

    def measured_dc(self, value: float | None) -> float | None:
        """Return a measurement of a panel."""
        return value if self.status.dc_is_fresh else None

    @property
    def power(self) -> float | None:
        """AC power in W."""
        newest = latest(self.day.ac_power_w)
        return shown_power(newest, is_fresh=self.status.power_is_fresh, is_daylight=self.is_daylight)

    def dc_power(self, number: int) -> float | None:
        """Return the power of a panel in W."""
        newest = latest(self.channel(number).power_w)
        return shown_power(newest, is_fresh=self.status.dc_power_is_fresh, is_daylight=self.is_daylight)

    def energy_today(self, number: int) -> float | None:
        """Return the energy (kWh) of a panel on this site day; None while only another day's is known."""
        return _nth(self.status.panels.kwh, number) if self.status.panels else None

    def energy(self, number: int) -> float | None:
        """Return the lifetime energy (kWh) of a panel."""
        return _nth(self.status.totals, number)

    @property
    def panels_energy(self) -> float | None:
        """Lifetime energy (kWh) of all its panels; None while that of one is not known."""
        return self._sum(self.energy, len(self.status.totals))

    @property
    def panels_energy_today(self) -> float | None:
        """Energy (kWh) of all its panels on this site day; None while that of one is not known."""
        return self._sum(self.energy_today, len(self.panels.kwh) if self.panels else 0)

    def _sum(self, energy: Callable[[int], float | None], channels: int) -> float | None:
        """Return the sum over all channels that anything has shown."""
        energies = [energy(number) for number in range(1, max(channels, len(self.day.channels)) + 1)]
        known = [kwh for kwh in energies if kwh is not None]
        return round(sum(known), 3) if known and len(known) == len(energies) else None

    @property
    def energy_reset(self) -> datetime:
        """The midnight since which the energy of panels counts."""
        panels = self.status.panels
        return datetime.combine(panels.day, time(), self.midnight.tzinfo) if panels else self.midnight

    def channel(self, number: int) -> ChannelDay:
        """Return a channel of the day, empty where the data has none."""
        channels = self.day.channels
        return channels[number - 1] if number <= len(channels) else ChannelDay()

    @property
    def phases(self) -> int:
        """How many phases it feeds: as the data shows, or until then as its model says."""
        by_model = MAX_PHASES if (self.inverter.model or "").startswith(THREE_PHASE_MODELS) else 1
        return len(self.day.ac_voltages_v) or by_model

    @property
    def channels(self) -> int:
        """How many channels the data shows."""
        return len(self.day.channels) or USUAL_CHANNELS


def inverter_views(data: Snapshot) -> dict[str, InverterView]:
    """Return every inverter as its entities show it, by id."""
    return {inverter.uid: _view(data, inverter) for inverter in data.state.inverters}


def inverter_view(data: Snapshot, uid: str) -> InverterView | None:
    """Return an inverter as its entities show it; None for one that is gone."""
    return next((_view(data, inverter) for inverter in data.state.inverters if inverter.uid == uid), None)


def _view(data: Snapshot, inverter: Inverter) -> InverterView:
    return InverterView(
        inverter=inverter,
        day=data.state.telemetry.get(inverter.uid, NO_DAY),
        panels=data.state.panel_energy.get(inverter.uid),
        status=data.inverters[inverter.uid],
        midnight=data.midnight,
        is_daylight=data.is_daylight,
    )


@dataclass(frozen=True, kw_only=True)
class InverterSensorDescription(SensorEntityDescription):
    """A sensor of an inverter or, with a channel, of the panel on it."""

    channel: int | None = None
    """The panel's, from 1; None of a sensor of the inverter."""
    is_detail: bool = False
    """Whether a large system has it disabled until its owner enables it."""
    value_fn: Callable[[InverterView], float | None]
    """Return the state."""
    last_reset_fn: Callable[[InverterView], datetime | None] | None = None
    """Return since when the value counts; None of a value that does not count."""
    attributes_fn: Callable[[InverterView], dict[str, Any]] | None = None
    """Return the attributes; None of a sensor without any."""
    has_fn: Callable[[InverterView], bool] = lambda _: True
    """Return whether the data shows that the inverter has such a sensor."""


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
        attributes[f"dc_channel{number}_power_w"] = shown.dc_power(number)
        attributes[f"dc_channel{number}_peak_w"] = peak(series)
        attributes[f"hourly_dc_p{number}"] = list(series)
    return attributes


def _data_date(shown: InverterView) -> dict[str, Any]:
    """Return the day that the newest energy of the panels is of."""
    return {"data_date": shown.panels.day.isoformat() if shown.panels else None}


def _nth(values: Series, number: int) -> float | None:
    return values[number - 1] if number <= len(values) else None


def _channel_sensors(number: int) -> tuple[InverterSensorDescription, ...]:
    def has(shown: InverterView) -> bool:
        return number <= shown.channels

    return (
        InverterSensorDescription(
            key=f"dc_power_ch{number}",
            channel=number,
            translation_key="dc_power",
            device_class=SensorDeviceClass.POWER,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfPower.WATT,
            suggested_display_precision=0,
            has_fn=has,
            value_fn=lambda shown: shown.dc_power(number),
        ),
        InverterSensorDescription(
            key=f"dc_voltage_ch{number}",
            channel=number,
            is_detail=True,
            translation_key="dc_voltage",
            entity_category=EntityCategory.DIAGNOSTIC,
            device_class=SensorDeviceClass.VOLTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricPotential.VOLT,
            suggested_display_precision=1,
            has_fn=has,
            value_fn=lambda shown: shown.measured_dc(shown.channel(number).voltage_v),
        ),
        InverterSensorDescription(
            key=f"dc_current_ch{number}",
            channel=number,
            is_detail=True,
            translation_key="dc_current",
            entity_category=EntityCategory.DIAGNOSTIC,
            device_class=SensorDeviceClass.CURRENT,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
            suggested_display_precision=2,
            has_fn=has,
            value_fn=lambda shown: shown.measured_dc(shown.channel(number).current_a),
        ),
        InverterSensorDescription(
            key=f"energy_today_ch{number}",
            channel=number,
            translation_key="energy_today",
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            has_fn=lambda shown: shown.panels is not None and number <= len(shown.panels.kwh),
            value_fn=lambda shown: shown.energy_today(number),
            attributes_fn=_data_date,
            last_reset_fn=lambda shown: shown.energy_reset,
        ),
        InverterSensorDescription(
            key=f"energy_ch{number}",
            channel=number,
            translation_key="energy",
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL_INCREASING,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=1,
            has_fn=lambda shown: number <= len(shown.status.totals),
            value_fn=lambda shown: shown.energy(number),
        ),
    )


def _phase_sensor(phase: int) -> InverterSensorDescription:
    """Return the sensor of a phase's voltage; the first one has the key that the voltage of a single phase has."""
    return InverterSensorDescription(
        key="ac_voltage" if phase == 1 else f"ac_voltage_l{phase}",
        is_detail=True,
        translation_key="ac_voltage_phase",
        translation_placeholders={"phase": f"L{phase}"},
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        has_fn=lambda shown: shown.phases > 1 if phase == 1 else phase <= len(shown.day.ac_voltages_v),
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
        value_fn=lambda shown: shown.power,
        attributes_fn=_telemetry,
    ),
    InverterSensorDescription(
        key="ac_voltage",
        is_detail=True,
        translation_key="ac_voltage",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        has_fn=lambda shown: shown.phases == 1,
        value_fn=lambda shown: shown.measured(_nth(shown.day.ac_voltages_v, 1)),
    ),
    *(_phase_sensor(phase) for phase in range(1, MAX_PHASES + 1)),
    InverterSensorDescription(
        key="frequency",
        is_detail=True,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        value_fn=lambda shown: shown.measured(shown.day.frequency_hz),
    ),
    InverterSensorDescription(
        key="temperature",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        value_fn=lambda shown: shown.measured(shown.day.temperature_c),
    ),
    InverterSensorDescription(
        key="energy_today",
        translation_key="energy_today",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        has_fn=lambda shown: shown.panels is not None,
        value_fn=lambda shown: shown.panels_energy_today,
        attributes_fn=_data_date,
        last_reset_fn=lambda shown: shown.energy_reset,
    ),
    InverterSensorDescription(
        key="energy",
        translation_key="energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        has_fn=lambda shown: bool(shown.status.totals),
        value_fn=lambda shown: shown.panels_energy,
    ),
    *(description for number in range(1, MAX_CHANNELS + 1) for description in _channel_sensors(number)),
)
