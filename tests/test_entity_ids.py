"""Entity ids of a fresh installation: those of the original, in every language; existing ones stay."""

from datetime import timedelta

from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Ecu, Inverter, Plant, sample_plant
from tests.harness import AUTOMATIC, House
from tests.registry import entities

SYSTEM = "apsystems_ab12345c6d7e"
INVERTER = "inverter_703000000011"
# By the part of the unique id after the SID.
IDS = {
    "total_energy": f"sensor.{SYSTEM}_total_energy",
    "today_energy": f"sensor.{SYSTEM}_today_energy",
    "month_energy": f"sensor.{SYSTEM}_month_energy",
    "year_energy": f"sensor.{SYSTEM}_year_energy",
    "power": f"sensor.{SYSTEM}_power",
    "status": f"sensor.{SYSTEM}_status",
    "api_calls_month": f"sensor.{SYSTEM}_api_calls_month",
    "data_time": f"sensor.{SYSTEM}_data_time",
    "next_read": f"sensor.{SYSTEM}_next_read",
    "history": f"sensor.{SYSTEM}_history",
    "scan_inverters": f"button.{SYSTEM}_scan_inverters",
    "refresh_inverter_energy": f"button.{SYSTEM}_refresh_inverter_data",
    "read_now": f"button.{SYSTEM}_read_now",
    "ecu_216200012345_connectivity": "binary_sensor.ecu_216200012345_connectivity",
    **{
        f"inverter_703000000011_{key}": f"sensor.{INVERTER}_{key}"
        for key in (
            "power",
            "ac_voltage",
            "ac_voltage_l2",
            "ac_voltage_l3",
            "frequency",
            "temperature",
            "dc_power_ch1",
            "dc_voltage_ch1",
            "dc_current_ch1",
            "energy_today_ch1",
            "dc_power_ch2",
            "dc_voltage_ch2",
            "dc_current_ch2",
            "energy_today_ch2",
            "energy",
            "energy_today",
            "energy_ch1",
            "energy_ch2",
        )
    },
}


@pytest.fixture
def plant() -> Plant:
    """Return a plant with one three-phase inverter of two channels."""
    inverter = Inverter(uid="703000000011", channels=2, phases=3)
    return sample_plant(ecus=(Ecu(eid="216200012345", inverters=(inverter,)),))


@pytest.mark.parametrize("language", ["en", "de"])
async def test_entity_ids_are_the_same_in_every_language(house: House, language: str) -> None:
    """Cards and automations that owners share name them."""
    house.hass.config.language = language
    await house.set_up(**AUTOMATIC, panel_statistics=True)
    await house.pass_time("2026-06-15 23:59", timedelta(minutes=20))
    assert {key: entity.entity_id for key, entity in entities(house).items()} == IDS
    assert not house.log()


@pytest.mark.parametrize("language", ["en", "de"])
async def test_names_follow_the_language(house: House, language: str) -> None:
    """As far as Home Assistant translates device classes."""
    house.hass.config.language = language
    await house.set_up()
    name = {"en": "Temperature", "de": "Temperatur"}[language]
    assert house.state("inverter_703000000011_temperature").attributes["friendly_name"].endswith(f" {name}")


def register(house: House, key: str, entity_id: str) -> None:
    """Put an entity into the registry as an earlier version left it."""
    platform, name = entity_id.split(".")
    registry = er.async_get(house.hass)
    registry.async_get_or_create(platform, DOMAIN, f"{house.sid}_{key}", suggested_object_id=name)


async def test_an_existing_entity_keeps_its_id(house: House) -> None:
    """Also when it was made from a name, as 1.0 did."""
    old = "sensor.inverter_703000000011_dc_power_channel_1"
    register(house, "inverter_703000000011_dc_power_ch1", old)
    await house.set_up()
    assert house.entity_id("inverter_703000000011_dc_power_ch1") == old
    assert house.value("inverter_703000000011_dc_power_ch1")


@pytest.mark.parametrize(
    ("existing", "key"),
    [
        ([], "api_calls_month"),
        (["api_calls"], "api_calls"),
        (["api_calls_month"], "api_calls_month"),
        (["api_calls", "api_calls_month"], "api_calls_month"),
    ],
)
async def test_the_counter_of_calls_goes_on_where_there_was_one(house: House, existing: list[str], key: str) -> None:
    """`api_calls` is of version 1.0, `api_calls_month` of a fork; there is never a second one with a state."""
    for name in existing:
        register(house, name, f"sensor.my_{name}")
    await house.set_up()
    assert (house.value(key) or 0) >= len(house.calls())
    assert house.entity_id(key) == (f"sensor.my_{key}" if existing else f"sensor.{SYSTEM}_api_calls_month")
    states = [state.entity_id for state in house.hass.states.async_all("sensor") if "api_calls" in state.entity_id]
    assert states == [house.entity_id(key)]


@pytest.mark.parametrize("existing", [False, True])
async def test_a_fixed_schedule_shows_the_status_only_where_it_was_shown_before(house: House, existing: bool) -> None:
    """It never asks for details again, so that the status would be of the first day."""
    if existing:
        register(house, "status", "sensor.status")
    await house.set_up()
    assert (house.hass.states.get("sensor.status") is not None) is existing
    assert ("status" in entities(house)) is existing
