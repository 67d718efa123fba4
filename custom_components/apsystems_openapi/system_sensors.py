"""The sensors of a system: a table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfRatio
from homeassistant.helpers.typing import StateType

from .const import SOURCE
from .schedule.options import Options
from .system.snapshot import Snapshot

# The status light of a system (`api.md` §3, details).
STATUS_LIGHTS = {1: "normal", 2: "inverter_alarm", 3: "ecu_offline", 4: "no_upload"}


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the system."""

    has_fn: Callable[[Options], bool] = lambda _: True
    stays: bool = False
    """Whether an existing installation keeps it where `has_fn` is false."""
    key_1_0: str | None = None
    """The key of version 1.0, which an installation that has it keeps."""
    is_local: bool = False
    """Whether it shows what Home Assistant knows without the cloud."""
    value_fn: Callable[[Snapshot], StateType | datetime]
    attributes_fn: Callable[[Snapshot], dict[str, Any]] | None = None
    last_reset_fn: Callable[[Snapshot], datetime | None] | None = None


def _hours(data: Snapshot) -> dict[str, Any]:
    hours = data.state.hours
    return {
        "hourly_kwh": hours and list(hours.kwh),
        "hourly_date": hours and hours.day.isoformat(),
        "solar_hours_active": data.is_solar_hours,
        "status": "Solar hours" if data.is_solar_hours else "Night hours (cached data)",
    }


def _totals(data: Snapshot) -> dict[str, Any]:
    return {
        "today_kwh": data.energy.today,
        "month_kwh": data.energy.month,
        "year_kwh": data.energy.year,
        **_hours(data),
        "source": SOURCE,
    }


def _missing(data: Snapshot) -> dict[str, Any]:
    """Return the ECUs whose share is not in the sum."""
    return {"missing_ecus": list(data.missing_ecus)}


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
        attributes_fn=lambda data: {**_hours(data), **_missing(data)},
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
        attributes_fn=_missing,
    ),
    SystemSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(STATUS_LIGHTS.values()),
        entity_category=EntityCategory.DIAGNOSTIC,
        has_fn=lambda options: options.automatic,
        stays=True,
        value_fn=lambda data: STATUS_LIGHTS.get(data.status_light or 0),
        attributes_fn=lambda data: {
            "details_date": data.details_at and data.details_at.astimezone(data.midnight.tzinfo).date().isoformat()
        },
    ),
    SystemSensorDescription(
        key="api_calls_month",
        key_1_0="api_calls",
        translation_key="api_calls",
        is_local=True,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.calls.used,
        attributes_fn=lambda data: {
            "quota": data.calls.quota,
            "left": data.calls.left,
            "assumed": data.calls.assumed,
            "planned_today": data.calls.planned_today,
            "estimate_month": data.calls.estimate,
        },
    ),
    SystemSensorDescription(
        key="data_time",
        translation_key="data_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.newest_sample,
        attributes_fn=lambda data: {
            "upload_every": data.upload_every and data.upload_every // timedelta(minutes=1),
            "next_upload": data.next_upload and data.next_upload.isoformat(),
        },
    ),
    SystemSensorDescription(
        key="next_read",
        translation_key="next_read",
        is_local=True,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.next_read,
        attributes_fn=lambda data: {"reason": data.wait_reason},
    ),
    SystemSensorDescription(
        key="history",
        translation_key="history",
        is_local=True,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        has_fn=lambda options: options.automatic and options.import_history,
        value_fn=lambda data: data.history.percent,
        attributes_fn=lambda data: {
            "days_with_hours": data.history.days_with_hours,
            "days_with_totals": data.history.days_with_totals,
            "days_to_go": data.history.days_to_go,
            "expected_end": data.history.expected_end and data.history.expected_end.isoformat(),
        },
    ),
)
