"""The production in long-term statistics: a real recorder, read as the frontend reads it."""

# ruff: noqa: D103
from datetime import date, timedelta

from homeassistant.components.recorder.core import Recorder
import pytest

from simulator import sample_plant
from tests.house import House, paris
from tests.recorded import assert_days, assert_hours, assert_orderly, production, rows, statistic_ids

YOUNG = sample_plant(create_date=date(2026, 6, 1))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a home that keeps statistics."""
    return house


@pytest.fixture
def plant() -> object:
    """Return a plant that has no long past."""
    return YOUNG


async def test_closed_hours_come_in_as_the_day_goes_on_and_make_up_the_day(house: House) -> None:
    house.move_to("2026-06-15 00:10")
    await house.set_up(auto_scan_interval=True, import_history=False)
    while house.now < paris("2026-06-16 00:20"):
        await house.pass_time(timedelta(minutes=30), timedelta(minutes=5))
        held = await rows(house)
        assert all(start + timedelta(hours=1) <= house.now for start in held)
        assert_orderly(held)
    await assert_hours(house, date(2026, 6, 15))
    await assert_days(house, [date(2026, 6, 15)])
    assert not [call for call in house.calls() if call.level == "daily"]
    (known,) = (await statistic_ids(house.hass)).values()
    assert known["statistic_id"] == production(house)
    assert (known["statistics_unit_of_measurement"], known["has_sum"], known["unit_class"]) == ("kWh", True, "energy")
    assert known["name"] == f"APsystems {house.sid} production"
