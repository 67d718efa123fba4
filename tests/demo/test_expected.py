"""What the demo's check expects of sensors by day, around sunset and at night, and in a large plant."""
# ruff: noqa: D103

from typing import Any

import pytest

from demo.client import Entity
from demo.expected import differences, figures

SID, UID = "AB12345C6D7E", "703000000011"
NEWEST = "2026-06-15T18:00:00+02:00"
NO_HOUSE: dict[str, Any] = {"meters": [], "batteries": []}
READINGS = {"ac_v1": 231.0, "ac_f": 50.0, "dc_p1": 100.0, "dc_v1": 35.0, "dc_i1": 2.86, "dc_p2": 99.0}


def truth(now: str, *, readings: dict[str, float] | None = None, inverters: int = 1) -> dict[str, Any]:
    inverter = {"uid": UID, "channels": 2, "ac_power_w": 195.0, "latest": READINGS if readings is None else readings}
    listed = [inverter, *({**inverter, "uid": str(number), "latest": {}} for number in range(1, inverters))]
    ecu = {"newest_sample": NEWEST, "inverters": listed}
    return {"now": f"2026-06-{now}:00+02:00", "lifetime_kwh": 4000.0, "today_kwh": 12.0, "ecus": [ecu], **NO_HOUSE}


def shown(unique_id: str, state: str | None, unit: str = "V", *, disabled: bool = False) -> Entity:
    attributes = {} if disabled else {"unit_of_measurement": unit}
    return Entity(unique_id.lower(), unique_id, None, disabled, state, attributes)


@pytest.mark.parametrize(
    ("now", "readings", "expected"),
    [
        (
            "15T18:10",
            None,
            {"power": 195, "ac_voltage": 231, "frequency": 50, "dc_power_ch1": 100, "dc_voltage_ch1": 35},
        ),
        ("15T18:45", None, {}),
        ("15T23:00", None, {"power": 0, "dc_power_ch1": 0, "dc_power_ch2": 0}),
        ("16T03:00", {}, {"power": 0}),
    ],
)
def test_inverters_show_what_is_fresh_and_nothing_after_dark(
    now: str, readings: dict[str, float] | None, expected: dict[str, float]
) -> None:
    listed = {figure.unique_id: figure.value for figure in figures(truth(now, readings=readings), SID)}
    assert listed.pop(f"{SID}_total_energy") == 4000
    assert listed.pop(f"{SID}_today_energy") == 12
    prefix = f"{SID}_inverter_{UID}_"
    assert {key.removeprefix(prefix): value for key, value in listed.items()}.items() >= expected.items()
    assert bool(listed) is bool(expected)


@pytest.mark.parametrize(
    ("inverters", "entity", "is_found"),
    [
        (1, shown(f"{SID}_inverter_{UID}_ac_voltage", "231.0"), False),
        (1, shown(f"{SID}_inverter_{UID}_ac_voltage", "232.0"), True),
        (1, shown(f"{SID}_inverter_{UID}_ac_voltage", "231.0", "kV"), True),
        (1, shown(f"{SID}_inverter_{UID}_ac_voltage", None, disabled=True), True),
        (11, shown(f"{SID}_inverter_{UID}_ac_voltage", None, disabled=True), False),
        (11, shown(f"{SID}_inverter_{UID}_dc_voltage_ch1", None, disabled=True), False),
        (11, shown(f"{SID}_inverter_{UID}_power", None, "W", disabled=True), True),
    ],
)
def test_a_wrong_figure_is_found_and_a_disabled_one_in_a_small_plant(
    inverters: int, entity: Entity, *, is_found: bool
) -> None:
    found = differences({entity.unique_id: entity}, [truth("15T18:10", inverters=inverters)], SID)
    named = [text for text in found if text.startswith(entity.entity_id)]
    assert bool(named) is is_found, found


# A house

FLOWS = {"produced": 12.0, "consumed": 9.0, "imported": 2.0, "exported": 4.0, "charge": 3.0, "discharge": 2.0}


def house_truth() -> dict[str, Any]:
    device = {"eid": "1", "today_kwh": FLOWS, "lifetime_kwh": FLOWS, "power_w": FLOWS, "soc": 60}
    return {**truth("15T18:10"), "ecus": [], "meters": [device], "batteries": [device]}


@pytest.mark.parametrize(
    ("key", "state", "unit", "is_found"),
    [
        ("meter_1_imported_energy", "2.0", "kWh", False),
        ("meter_1_imported_energy", "2.02", "kWh", True),
        ("meter_1_exported_today", "unknown", "kWh", False),
        ("meter_1_exported_today", "2.0", "kWh", True),
        ("meter_1_grid_power", "-2.0", "W", False),
        ("meter_1_grid_power", "2.0", "W", True),
        ("meter_1_consumption_power", "9.0", "kW", True),
        ("storage_soc", "60", "%", False),
        ("storage_soc", "61", "%", True),
        ("storage_discharge_power", "2.0", "W", False),
        ("storage_charge_today", "2.0", "kWh", True),
    ],
)
def test_figures_of_a_house_are_true_or_not_known_yet(key: str, state: str, unit: str, *, is_found: bool) -> None:
    entity = shown(f"{SID}_{key}", state, unit)
    found = differences({entity.unique_id: entity}, [house_truth()], SID)
    assert any(text.startswith(entity.entity_id) for text in found) is is_found
    assert f"{SID}_storage_charge_energy is missing" in found
