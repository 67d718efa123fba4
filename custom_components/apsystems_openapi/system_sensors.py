"""The sensors of a system: a table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfPower
from homeassistant.helpers.typing import StateType

from .const import SOURCE
from .schedule.calls import Options
from .system.snapshot import PlantData

# The light of a system (`api.md` §3, details).
LIGHTS = {1: "normal", 2: "inverter_alarm", 3: "ecu_offline", 4: "no_upload"}


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the system."""

    has_fn: Callable[[Options], bool] = lambda _: True
    value_fn: Callable[[PlantData], StateType | datetime]
    attributes_fn: Callable[[PlantData], dict[str, Any]] | None = None
    last_reset_fn: Callable[[PlantData], datetime | None] | None = None


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
