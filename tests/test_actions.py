"""The action `import_history`: its response, its errors, and without a recorder."""
# ruff: noqa: D103

from datetime import date, timedelta

from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from simulator import Plant, sample_plant
from tests.harness import House
from tests.log_lines import NO_RECORDER
from tests.statistics import act, ask_for, asked_for, assert_days, assert_hours, days, progress, until_done


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some months."""
    return sample_plant(create_date=date(2026, 3, 1))


async def test_it_returns_days_calls_and_end_and_fetches_the_newest_first(
    recorder_mock: Recorder, house: House
) -> None:
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=10))
    seen = len(house.cloud.calls)
    answer = await ask_for(house, entry, date(2026, 6, 10), date(2026, 6, 12))
    assert (answer["days"], answer["calls"]) == (3, 4)
    assert answer["expected_end"] == "2026-06-16"
    await house.pass_time(timedelta(minutes=25))
    asked = [day for day in asked_for(house, since=seen) if day < "2026-06-15"]
    assert asked[:3] == ["2026-06-12", "2026-06-11", "2026-06-10"]
    for day in (10, 11, 12):
        await assert_hours(house, date(2026, 6, day))


async def test_days_far_back_wait_for_calls_that_are_left_over(recorder_mock: Recorder, house: House) -> None:
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True, import_history=False)
    await house.pass_time(timedelta(minutes=10))
    spent = house.cloud.spent()
    answer = await ask_for(house, entry, date(2026, 1, 1), date(2026, 4, 10))
    assert (answer["days"], answer["calls"]) == (41, 43)
    assert date.fromisoformat(answer["expected_end"]) > date(2026, 6, 25)
    await house.pass_time("2026-06-17 12:00", timedelta(minutes=20))
    assert house.cloud.spent() - spent < 3 * 33
    asked = [day for day in asked_for(house) if day < "2026-06-15"]
    assert 0 < len(asked) < 10
    assert asked == [f"2026-04-{day:02}" for day in range(10, 10 - len(asked), -1)]
    assert progress(house) >= 41 - len(asked)


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 5, 25))])
async def test_requested_days_are_fetched_again_each_time(recorder_mock: Recorder, house: House) -> None:
    assert recorder_mock
    house.cloud.quota = 3000
    entry = await house.set_up(auto_scan_interval=True, monthly_quota=3000)
    await house.pass_time(timedelta(minutes=10))
    for _ in range(2):
        await ask_for(house, entry, date(2026, 6, 1), date(2026, 6, 3))
        await house.pass_time(timedelta(minutes=30))
    await until_done(house, timedelta(days=5), timedelta(minutes=20))
    assert [asked_for(house).count(f"2026-06-0{day}") for day in (1, 2, 3, 4)] == [3, 3, 3, 1]
    await assert_days(house, days(date(2026, 5, 25), date(2026, 6, 14)))


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-06-12", "2026-06-10"), ("2026-06-15", None), ("2026-06-10", "2026-06-15"), ("2025-01-01", "2025-02-01")],
)
async def test_an_invalid_range_is_refused(recorder_mock: Recorder, house: House, start: str, end: str | None) -> None:
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=10))
    before = progress(house)
    with pytest.raises(ServiceValidationError, match="between 2026-03-01 and 2026-06-14") as refused:
        await ask_for(house, entry, date.fromisoformat(start), end and date.fromisoformat(end))
    assert refused.value.translation_key == "bad_range"
    with pytest.raises(ServiceValidationError) as refused:
        await act(house, entry)
    assert refused.value.translation_key == "no_start"
    assert progress(house) == before


async def test_an_estimate_says_what_the_action_would_cost_and_starts_nothing(
    recorder_mock: Recorder, house: House
) -> None:
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=10))
    before, asked = progress(house), {"start": "2026-04-01", "end": "2026-04-30"}
    estimate = await act(house, entry, **asked, estimate=True)
    assert (estimate["days"], estimate["calls"]) == (30, 31)
    assert progress(house) == before
    assert await act(house, entry, **asked) == estimate


async def test_days_that_wait_for_their_hours_anyway_count_once(recorder_mock: Recorder, house: House) -> None:
    """Asking for the whole past adds no day to those of the import, and its end comes no later."""
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=10))
    shown = house.state("history")
    waiting = shown.attributes["days_to_go"]
    await act(house, entry, start="2026-03-01")
    again = house.state("history").attributes
    assert again["days_to_go"] == waiting + 14  # those just before the installation are fetched again
    assert again["days_to_go"] + again["days_with_hours"] == (date(2026, 6, 14) - date(2026, 3, 1)).days + 1
    assert again["expected_end"] <= shown.attributes["expected_end"]


async def test_what_was_asked_for_can_be_cancelled(recorder_mock: Recorder, house: House) -> None:
    """Only that: days of the import go on as before."""
    assert recorder_mock
    entry = await house.set_up(auto_scan_interval=True, panel_statistics=True)
    await house.pass_time(timedelta(minutes=10))
    before = progress(house)
    answer = await act(house, entry, start="2026-06-01")
    waiting = progress(house)
    assert waiting > before
    assert await act(house, entry, cancel=True) == {"days": answer["days"], "calls": waiting - before}
    assert progress(house) == before
    assert await act(house, entry, cancel=True) == {"days": 0, "calls": 0}
    seen = len(house.cloud.calls)
    await house.pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert not [day for day in asked_for(house, since=seen) if "2026-06-01" <= day < "2026-06-15"]


async def test_a_fixed_schedule_fetches_no_history(recorder_mock: Recorder, house: House) -> None:
    assert recorder_mock
    entry = await house.set_up()
    with pytest.raises(ServiceValidationError) as refused:
        await ask_for(house, entry, date(2026, 6, 10))
    assert refused.value.translation_key == "fixed_mode"
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=20))
    await assert_days(house, [date(2026, 6, 15)])


async def test_a_system_that_is_not_loaded_is_refused(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True)
    await house.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await ask_for(house, entry, date(2026, 6, 10))
    assert refused.value.translation_key == "entry_not_loaded"


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_it_is_registered_before_any_system_is(hass: HomeAssistant) -> None:
    await async_setup_component(hass, "apsystems_openapi", {})
    assert hass.services.has_service("apsystems_openapi", "import_history")
    asked = {"config_entry_id": "none", "start": "2026-06-01"}
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call("apsystems_openapi", "import_history", asked, blocking=True)
    assert refused.value.translation_key == "entry_not_loaded"
    with pytest.raises(vol.Invalid):
        await hass.services.async_call("apsystems_openapi", "import_history", {"start": "soon"}, blocking=True)


async def test_without_a_recorder_all_else_works_and_it_is_logged_once(house: House) -> None:
    entry = await house.set_up(auto_scan_interval=True, panel_statistics=True)
    await house.pass_time("2026-06-16 12:00", timedelta(minutes=20))
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("today_energy") == pytest.approx(house.cloud.today_kwh(house.sid), abs=1.0)
    assert len(house.log(0, NO_RECORDER)) == 1
    assert not house.log(30)
    assert not [call for call in house.calls("energy") if call.level == "daily"]
    with pytest.raises(ServiceValidationError) as refused:
        await ask_for(house, entry, date(2026, 6, 10))
    assert refused.value.translation_key == "no_recorder"
