"""The sensors of a meter and of a battery: two tables. A flow has the same sensors in both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfPower, UnitOfRatio
from homeassistant.helpers.typing import StateType

from .system.backlog import SourceKind
from .system.house_status import HouseStatus
from .system.state import SystemState

# Modes of operation by their numbers (`api.md` §3, storage); a number that is not documented is shown as it is.
MODES: Final = {1: "self_consumption", 3: "time_based"}


@dataclass(frozen=True, kw_only=True)
class HouseSensorDescription(SensorEntityDescription):
    """A sensor of a meter or a battery."""

    is_sampled: bool = False
    """Whether it shows a sample, which has a time, and not an energy."""
    is_of_today: bool = False
    """Whether it counts from the site's midnight on."""
    value_fn: Callable[[HouseStatus], StateType]
    """Return the state."""
    has_fn: Callable[[SystemState], bool] = lambda _: True
    """Return whether a plant has such a sensor."""


def _energies(flow: str) -> tuple[HouseSensorDescription, HouseSensorDescription]:
    """Return the sensors of the lifetime and today's energy of a flow."""

    def total(shown: HouseStatus) -> float | None:
        return shown.energies[flow].total if flow in shown.energies else None

    def today(shown: HouseStatus) -> float | None:
        return shown.energies[flow].today if flow in shown.energies else None

    return (
        HouseSensorDescription(
            key=f"{flow}_energy",
            translation_key=f"{flow}_energy",
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL_INCREASING,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            value_fn=total,
        ),
        HouseSensorDescription(
            key=f"{flow}_today",
            translation_key=f"{flow}_today",
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            is_of_today=True,
            value_fn=today,
        ),
    )


def _power(key: str, value_fn: Callable[[HouseStatus], float | None]) -> HouseSensorDescription:
    """Return the sensor of a power."""
    return HouseSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        is_sampled=True,
        value_fn=value_fn,
    )


def _mode(shown: HouseStatus) -> str | None:
    return None if shown.mode is None else MODES.get(shown.mode, str(shown.mode))


METER_SENSORS: Final = (
    *(description for flow in ("produced", "consumed", "imported", "exported") for description in _energies(flow)),
    _power("import_power", lambda shown: shown.power.imported),
    _power("export_power", lambda shown: shown.power.exported),
    _power("consumption_power", lambda shown: shown.power.consumed),
    _power("grid_power", lambda shown: shown.grid_power),
    HouseSensorDescription(
        key="self_consumption",
        translation_key="self_consumption",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda shown: shown.self_consumption,
        has_fn=lambda state: not state.has_battery,
    ),
    HouseSensorDescription(
        key="self_sufficiency",
        translation_key="self_sufficiency",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda shown: shown.self_sufficiency,
    ),
)

BATTERY_SENSORS: Final = (
    HouseSensorDescription(
        key="soc",
        translation_key="soc",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        is_sampled=True,
        value_fn=lambda shown: shown.soc,
    ),
    HouseSensorDescription(
        key="mode",
        translation_key="mode",
        device_class=SensorDeviceClass.ENUM,
        options=list(MODES.values()),
        is_sampled=True,
        value_fn=_mode,
    ),
    _power("charge_power", lambda shown: shown.power.charge),
    _power("discharge_power", lambda shown: shown.power.discharge),
    *(description for flow in ("charge", "discharge") for description in _energies(flow)),
)

HOUSE_SENSORS: Final = {SourceKind.METER: METER_SENSORS, SourceKind.BATTERY: BATTERY_SENSORS}
