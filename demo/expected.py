"""The figures that sensors must show, calculated from the simulator's truth."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Any

from .client import Entity

# The age of an ECU's newest sample: while it uploads every quarter of an hour, and after dark.
_FRESH = timedelta(minutes=30)
_DARK = timedelta(minutes=90)
# The cloud rounds to two decimals.
_ROUNDED = 0.0051
# With more inverters than this, these are disabled by default.
_MANY = 10
_OFF = ("voltage", "voltage_l2", "voltage_l3", "current", "frequency")


@dataclass(frozen=True)
class Figure:
    """The value that one sensor must show."""

    unique_id: str
    value: float
    """In the unit below."""
    tolerance: float
    """By how much the value may differ through rounding."""
    unit: str
    is_always_known: bool = True
    """Whether the sensor must have a value: a meter and a battery are read a few times a day."""


def figures(truth: dict[str, Any], sid: str) -> list[Figure]:
    """List the figures of a system, of all its inverters, and of its meters and batteries.

    After dark nothing is produced. Around sunset, inverters are left out: what they show then depends on the sun.
    """
    rounding = _ROUNDED * (
        2 + len(truth["ecus"])
    )  # of the lifetime, of today in the same answer, and of each ECU's day
    listed = [
        Figure(f"{sid}_total_energy", truth["lifetime_kwh"], rounding, "kWh"),
        Figure(f"{sid}_today_energy", truth["today_kwh"], rounding, "kWh"),
    ]
    for ecu in truth["ecus"]:
        age = _age(ecu["newest_sample"], truth["now"])
        for inverter in ecu["inverters"]:
            if age <= _FRESH:
                listed += _telemetry(inverter, sid)
            elif age > _DARK:
                listed += _nothing(inverter, sid)
    for meter in truth["meters"]:
        listed += _meter(meter, f"{sid}_meter_{meter['eid']}_")
    for battery in truth["batteries"]:
        listed += _battery(battery, f"{sid}_storage_")
    return listed


def _meter(meter: dict[str, Any], prefix: str) -> list[Figure]:
    """List the sensors of a meter."""
    watts = meter["power_w"]
    powers = {"import_power": "imported", "export_power": "exported", "consumption_power": "consumed"}
    sensors = {key: watts[flow] for key, flow in powers.items() if watts}
    if watts:
        sensors["grid_power"] = watts["imported"] - watts["exported"]
    return [*_energies(meter, prefix, ("produced", "consumed", "imported", "exported")), *_powers(sensors, prefix)]


def _battery(battery: dict[str, Any], prefix: str) -> list[Figure]:
    """List the sensors of a battery."""
    sensors = {f"{flow}_power": battery["power_w"][flow] for flow in ("charge", "discharge") if battery["power_w"]}
    soc = [Figure(f"{prefix}soc", battery["soc"], 0, "%", is_always_known=False)] if battery["power_w"] else []
    return [*_energies(battery, prefix, ("charge", "discharge")), *_powers(sensors, prefix), *soc]


def _energies(device: dict[str, Any], prefix: str, flows: Iterable[str]) -> list[Figure]:
    return [
        Figure(f"{prefix}{flow}_{key}", device[span][flow], _ROUNDED, "kWh", is_always_known=False)
        for flow in flows
        for key, span in (("energy", "lifetime_kwh"), ("today", "today_kwh"))
    ]


def _powers(watts: dict[str, float], prefix: str) -> list[Figure]:
    return [Figure(prefix + sensor, watt, 0.02, "W", is_always_known=False) for sensor, watt in watts.items()]


def _age(newest_sample: str | None, now: str) -> timedelta:
    return datetime.fromisoformat(now) - datetime.fromisoformat(newest_sample) if newest_sample else timedelta.max


def uids(truth: dict[str, Any]) -> list[str]:
    """List the inverters' ids."""
    return [inverter["uid"] for ecu in truth["ecus"] for inverter in ecu["inverters"]]


def _telemetry(inverter: dict[str, Any], sid: str) -> list[Figure]:
    newest: dict[str, float] = inverter["latest"]
    sensors = {
        "ac_voltage": ("ac_v1", "V"),
        "ac_voltage_l2": ("ac_v2", "V"),
        "ac_voltage_l3": ("ac_v3", "V"),
        "frequency": ("ac_f", "Hz"),
        "temperature": ("ac_t", "°C"),
    }
    for channel in range(1, inverter["channels"] + 1):
        sensors[f"dc_power_ch{channel}"] = f"dc_p{channel}", "W"
        sensors[f"dc_voltage_ch{channel}"] = f"dc_v{channel}", "V"
        sensors[f"dc_current_ch{channel}"] = f"dc_i{channel}", "A"
    prefix = f"{sid}_inverter_{inverter['uid']}_"
    read = [
        Figure(prefix + sensor, newest[key], 0.006, unit) for sensor, (key, unit) in sensors.items() if key in newest
    ]
    return [Figure(f"{prefix}power", inverter["ac_power_w"], 0.051, "W"), *read] if newest else []


def _nothing(inverter: dict[str, Any], sid: str) -> list[Figure]:
    """List the powers as 0. Those of panels are known after the first samples of the day alone."""
    panels = [key.removeprefix("dc_p") for key in inverter["latest"] if key.startswith("dc_p")]
    powers = ["power", *(f"dc_power_ch{panel}" for panel in panels)]
    return [Figure(f"{sid}_inverter_{inverter['uid']}_{power}", 0, 0, "W") for power in powers]


def differences(entities: dict[str, Entity], truths: list[dict[str, Any]], sid: str) -> list[str]:
    """List the sensors that are missing, or that show none of the true values read so far.

    The plant uploads every quarter of an hour, so that a value fetched a minute ago may be an upload old.
    """
    acceptable: dict[str, list[Figure]] = {}
    for truth in truths:
        for figure in figures(truth, sid):
            acceptable.setdefault(figure.unique_id, []).append(figure)
    is_large = len(uids(truths[-1])) > _MANY
    return [
        difference
        for unique_id, wanted in acceptable.items()
        if not (is_large and _is_off(entities.get(unique_id)))
        and (difference := _difference(entities.get(unique_id), unique_id, wanted))
    ]


def _is_off(entity: Entity | None) -> bool:
    """Return whether it is one of the entities that are disabled by default in a large plant."""
    return entity is not None and entity.disabled and re.sub(r"_ch\d+$", "", entity.unique_id).endswith(_OFF)


def _difference(entity: Entity | None, unique_id: str, wanted: list[Figure]) -> str | None:
    if entity is None:
        return f"{unique_id} is missing"
    if entity.unit != wanted[0].unit:
        return f"{entity.entity_id} is in {entity.unit or 'no unit'}, not in {wanted[0].unit}"
    shown = entity.number
    if shown is None and not wanted[0].is_always_known:
        return None
    if shown is not None and any(abs(shown - figure.value) <= figure.tolerance for figure in wanted):
        return None
    values = " or ".join(sorted({f"{figure.value:g}" for figure in wanted}))
    return f"{entity.entity_id} shows {entity.state}, the cloud says {values}"
