"""The action that returns the stored data of a day, without a call."""

from datetime import date
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Plant, sample_plant
from tests.harness import AUTOMATIC, House

pytestmark = pytest.mark.usefixtures("recorder_mock")


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some months, whose first days are not fetched hour by hour within a day."""
    return sample_plant(create_date=date(2026, 3, 1))


async def get_day(house: House, entry_id: str, **day: str) -> dict[str, Any]:
    """Call the action."""
    data = {"config_entry_id": entry_id, **day}
    answer = await house.hass.services.async_call(DOMAIN, "get_day", data, blocking=True, return_response=True)
    assert answer is not None
    return dict(answer)


@pytest.fixture
async def recorder_mock(recorder_mock: Recorder) -> Recorder:
    """Return the recorder, which has to be there before Home Assistant's other parts."""
    return recorder_mock


async def test_a_day_has_hours_and_the_curves_of_inverters_and_panels(house: House) -> None:
    """Today from the state; a past day's hours from the statistics, and none where it is one row at noon."""
    house.move_to("2026-06-15 10:00")
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 22:30")
    before = len(house.calls())
    today = await get_day(house, entry.entry_id)
    assert today["date"] == "2026-06-15"
    assert sum(kwh or 0 for kwh in today["hours"]) == pytest.approx(house.truth.today_kwh(), abs=0.2)
    inverter = today["inverters"]["703000000011"]
    assert len(inverter["times"]) == len(inverter["ac_power"]) == len(inverter["panels"][0]["dc_power"])
    assert inverter["panels"][0]["energy"] > 0

    assert len(house.calls()) == before

    with pytest.raises(ServiceValidationError):  # its total is one row at noon
        await get_day(house, entry.entry_id, date="2026-03-05")

    await house.pass_time("2026-06-16 11:00")
    yesterday = await get_day(house, entry.entry_id, date="2026-06-15")
    made = [sum(kwh or 0 for kwh in day["hours"]) for day in (today, yesterday)]
    assert made[0] == pytest.approx(made[1], abs=0.2)


async def test_a_day_without_data_and_a_wrong_system_are_errors(house: House) -> None:
    """With a text that says so."""
    entry = await house.set_up(**AUTOMATIC)
    with pytest.raises(ServiceValidationError) as raised:
        await get_day(house, entry.entry_id, date="2019-01-01")
    assert raised.value.translation_key == "no_data_of_day"
    with pytest.raises(ServiceValidationError) as raised:
        await get_day(house, "nonsense")
    assert raised.value.translation_key == "entry_not_loaded"
