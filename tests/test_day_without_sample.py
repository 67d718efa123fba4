"""A day of which no sample arrives: by day, today's energy is unknown and not 0, whatever the reason."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
import pytest

from simulator import FaultKind, Plant, sample_plant
from tests.harness import AUTOMATIC, FIXED, House

EVENING, NIGHT = "2026-06-15 23:50", "2026-06-16 03:00"  # sunrise is at 5:47
HALF_HOUR = timedelta(minutes=30)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 10))


async def spend(house: House, _: ConfigEntry[Any]) -> None:
    """Spend the quota elsewhere, which the ledger does not know: 2005."""
    house.cloud.spend(1000)


async def throttle(house: House, _: ConfigEntry[Any]) -> None:
    """Let the cloud ask to wait."""
    house.refuse(7002)


async def refuse_credentials(house: House, _: ConfigEntry[Any]) -> None:
    """Let the cloud refuse the credentials."""
    house.refuse(2001)


async def disconnect(house: House, _: ConfigEntry[Any]) -> None:
    """Let every call fail."""
    house.order(FaultKind.STATUS, status=500)


async def leave_no_calls(house: House, _: ConfigEntry[Any]) -> None:
    """Let the ledger have none left, so that nothing is planned either."""
    await house.set_quota(0)


async def disable_polling(house: House, entry: ConfigEntry[Any]) -> None:
    """Let the owner switch polling off."""
    house.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)


REASONS = [spend, throttle, refuse_credentials, disconnect, leave_no_calls, disable_polling]

type Step = Callable[[House, ConfigEntry[Any]], Awaitable[None]]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("options", [AUTOMATIC, FIXED], ids=["automatic", "fixed"])
async def test_a_day_on_which_nothing_is_read_is_unknown_by_day(
    house: House, reason: Step, options: dict[str, Any]
) -> None:
    """Not before an hour of daylight has passed; the total stays, and the next day begins with 0."""
    entry = await house.set_up(**options)
    await house.pass_time(EVENING, HALF_HOUR)
    total = house.value("total_energy")
    await reason(house, entry)
    await house.pass_time("2026-06-16 06:47", TEN_MINUTES)
    assert house.value("today_energy") == 0
    await house.pass_time("2026-06-16 11:00", TEN_MINUTES)
    assert house.value("today_energy") is None
    await house.pass_time("2026-06-16 23:30", HALF_HOUR)
    assert house.value("today_energy") is None
    assert house.value("total_energy") == total
    await house.pass_time("2026-06-17 00:10", TEN_MINUTES)
    assert house.value("today_energy") == 0


@pytest.mark.parametrize("reason", REASONS)
async def test_an_entry_that_is_loaded_at_noon_without_a_call_shows_no_0(house: House, reason: Step) -> None:
    """It was unloaded in the night, after its day had begun with 0."""
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time(NIGHT, HALF_HOUR)
    assert house.value("today_energy") == 0
    await reason(house, entry)
    await house.pass_time("2026-06-16 03:30", TEN_MINUTES)
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.move_to("2026-06-16 14:00")
    await house.hass.config_entries.async_setup(entry.entry_id)
    assert house.value("today_energy") is None


async def test_a_day_that_was_unknown_is_known_with_its_first_sample(house: House) -> None:
    """Calls are possible again in the afternoon."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time(NIGHT, HALF_HOUR)
    house.order(FaultKind.STATUS, status=500)
    await house.pass_time("2026-06-16 14:00", TEN_MINUTES)
    assert house.value("today_energy") is None
    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 18:00", TEN_MINUTES)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("options", [AUTOMATIC, FIXED], ids=["automatic", "fixed"])
async def test_energy_that_was_read_stays_when_nothing_more_is_read(
    house: House, reason: Step, options: dict[str, Any]
) -> None:
    """However many reads fall due after it."""
    entry = await house.set_up(**options)
    await house.pass_time("2026-06-15 14:00", HALF_HOUR)
    await reason(house, entry)
    known = house.value("today_energy")
    assert known
    await house.pass_time("2026-06-15 23:50", HALF_HOUR)
    assert house.value("today_energy") == known


TROMSO = {"latitude": 69.65, "longitude": 18.96}


@pytest.mark.parametrize("plant", [sample_plant(**TROMSO, timezone="Europe/Oslo", create_date=date(2026, 11, 20))])
@pytest.mark.parametrize("options", [AUTOMATIC, FIXED], ids=["automatic", "fixed"])
@pytest.mark.parametrize("is_answered", [True, False])
async def test_weeks_of_polar_night_make_nothing_unknown_or_unavailable(
    house: House, options: dict[str, Any], *, is_answered: bool
) -> None:
    """Whether the cloud answers or not. Two days of failures count when the sun is back."""
    await house.hass.config.async_update(**TROMSO, time_zone="Europe/Oslo")
    house.move_to("2026-12-01 13:00")
    await house.set_up(**options)
    total = house.value("total_energy")
    if not is_answered:
        house.order(FaultKind.STATUS, status=500)
    figures = ["total_energy", "today_energy", "inverter_703000000011_power", "inverter_703000000011_dc_power_ch1"]
    figures += ["power"] if options is AUTOMATIC else []
    for day in ("2026-12-08", "2026-12-21", "2027-01-05"):
        await house.pass_time(f"{day} 15:00", timedelta(hours=3))
        assert [house.state(key).state for key in figures] == [str(total), "0.0", *["0.0"] * (len(figures) - 2)]
        assert house.state("scan_inverters", "button").state != "unavailable"
    await house.pass_time("2027-01-31 20:00", timedelta(hours=3))
    assert {house.state(key).state == "unavailable" for key in figures} == {not is_answered}
