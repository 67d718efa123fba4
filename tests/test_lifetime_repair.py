"""A lifetime that was wrong twice: the repair takes the cloud's figure, and the sensor's statistics stay right."""
# ruff: noqa: ANN401 -- what Home Assistant's test plugin and flows give has no type

from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, frame, issue_registry as ir
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import FaultKind
from tests.harness import AUTOMATIC, STEP, Disk, House
from tests.sampling import sampled
from tests.statistics import clear, production, read, rows

SMALL, LARGE = 150.0, 9000.0
"""kWh, of a total of about 6900: the recorder takes the second fall for a reset."""
HALF_HOUR = timedelta(minutes=30)
ADJUST = "homeassistant.components.recorder.core.Recorder.async_adjust_statistics"
adjust_statistics = Recorder.async_adjust_statistics


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@pytest.fixture
async def recorded(async_test_recorder: Any, house: House) -> AsyncIterator[House]:
    """Return a Home Assistant with a recorder and repairs, on an evening; all of the day is uploaded."""
    house.move_to("2026-06-14 22:40")
    async with async_test_recorder(house.hass):
        assert await async_setup_component(house.hass, "repairs", {})
        yield house


async def pass_time(house: House, until: Any, step: timedelta = STEP) -> None:
    """Let time pass, and let the recorder keep up."""
    end = house.now + until if isinstance(until, timedelta) else None
    while house.now < end if end else house.now.astimezone(house.plant.zone).isoformat() < until:
        await house.pass_time(step, step)
        await async_wait_recording_done(house.hass)
        await house.settle()


def issue(house: House) -> ir.IssueEntry | None:
    """Return the open issue about the lifetime."""
    (entry,) = house.hass.config_entries.async_entries(DOMAIN)
    found = ir.async_get(house.hass).async_get_issue(DOMAIN, f"lifetime_lower_{entry.entry_id}")
    return found if found and found.active else None


async def repair(house: House) -> Any:
    """Submit the form of the repair, and return the result; no two states have the same time, as in a real home."""
    flows, found = repairs_flow_manager(house.hass), issue(house)
    house.freezer.tick(7)
    assert flows
    assert found
    form = await flows.async_init(DOMAIN, data={"issue_id": found.issue_id})
    if form["type"] is not FlowResultType.FORM:
        return form
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == found.translation_placeholders
    return await flows.async_configure(form["flow_id"], {})


async def changes(house: House) -> list[float]:
    """Return the changes of the sensor's statistics, kWh: from 5-minute rows, then from hourly rows and the rest."""
    await async_wait_recording_done(house.hass)
    sums = []
    for period in ("5minute", "hour"):
        stored = await read(house.hass, house.entity_id("total_energy"), period, {"change"})
        sums.append(sum(row["change"] for row in stored))
    return sums


async def assert_right(house: House, start: float) -> None:
    """Check, after a full hour, that the changes of the statistics add up to what was produced since the start."""
    await pass_time(house, timedelta(hours=1, minutes=10))
    made = house.truth.lifetime_kwh() - start
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.02)
    assert await changes(house) == [pytest.approx(made, abs=0.02), pytest.approx(made, abs=0.02)]


def today(house: House) -> date:
    """Return the site day."""
    return house.now.astimezone(house.plant.zone).date()


@pytest.mark.parametrize("wrong", sampled([LARGE, SMALL], every=2))
async def test_the_repair_takes_the_clouds_figure_and_statistics_stay_right(recorded: House, wrong: float) -> None:
    """From the wrong answers to the evening after the repair."""
    house = recorded
    entry = await house.set_up(**AUTOMATIC, import_history=False)
    start = house.truth.lifetime_kwh()
    await pass_time(house, "2026-06-15T12:00", HALF_HOUR)
    house.order(FaultKind.LIFETIME_BACK, kwh=-wrong, times=2)
    while (house.value("total_energy") or 0) < start + wrong:
        await pass_time(house, HALF_HOUR, HALF_HOUR)
        assert today(house) <= date(2026, 6, 17)
    raised_on = today(house)
    while not issue(house):
        before = house.value("total_energy") or 0
        await pass_time(house, HALF_HOUR, HALF_HOUR)
        assert (raised := house.value("total_energy"))
        assert raised >= before
        assert today(house) <= date(2026, 6, 21)
    assert today(house) - raised_on >= timedelta(days=3)
    assert (offered := issue(house))
    assert offered.is_fixable
    assert (shown := offered.translation_placeholders)
    assert (shown["name"], shown["shown"]) == (entry.title, f"{raised:.1f}")
    assert float(shown["lower"]) == pytest.approx(house.truth.lifetime_kwh(), abs=3)

    own, calls = await rows(house, production(house)), len(house.calls())
    assert (await repair(house))["type"] is FlowResultType.CREATE_ENTRY
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=3)
    assert not issue(house)
    assert len(house.calls()) == calls
    await pass_time(house, timedelta(hours=1))
    assert {start: row for start, row in (await rows(house, production(house))).items() if start in own} == own
    await pass_time(house, f"{today(house)}T22:40", HALF_HOUR)
    await assert_right(house, start)
    assert not issue(house)
    assert not house.log()


# The rest takes place at night, when nothing is produced.


async def too_high(house: House, disk: Disk, wrong: float) -> ConfigEntry[Any]:
    """Set up an entry whose stored total is too high, and has been so for three days."""
    entry = await house.set_up(**AUTOMATIC, import_history=False)
    await pass_time(house, 2 * STEP)
    await house.hass.config_entries.async_unload(entry.entry_id)
    energy = disk[f"{DOMAIN}.{house.sid}"]["data"]["energy"]
    energy |= {"total": energy["total"] + wrong, "lower_since": "2026-06-11", "lower_on": "2026-06-14"}
    await house.hass.config_entries.async_setup(entry.entry_id)
    await pass_time(house, 2 * STEP)
    assert issue(house)
    return entry


async def start_again(house: House, entry: ConfigEntry[Any], disk: Disk, kept: dict[str, Any] | None) -> None:
    """Reload the entry; with a copy of the disk as after a kill, which loses all later writes."""
    await house.hass.config_entries.async_unload(entry.entry_id)
    disk.update(deepcopy(kept or {}))
    house.freezer.tick(7)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()


@pytest.mark.parametrize(
    ("wrong", "step", "is_killed"),
    [
        *((SMALL, step, True) for step in ("stored", "compiled")),
        *((LARGE, step, True) for step in ("stored", "shown", "compiled", "adjusted", "asked", "noted", "done")),
        *((LARGE, step, False) for step in ("shown", "adjusted")),
    ],
)
async def test_statistics_are_adjusted_once_whatever_interrupts(
    recorded: House, hass_storage: Disk, wrong: float, step: str, is_killed: bool
) -> None:
    """When the total is stored, shown or compiled, or the adjustment is asked for, made, or both of it stored."""
    house, asked = recorded, 0
    start = house.truth.lifetime_kwh()
    entry = await too_high(house, hass_storage, wrong)
    is_swallowed = step in {"compiled", "asked"}

    def adjust(recorder: Recorder, *how: Any) -> None:
        nonlocal asked
        asked += 1
        if not is_swallowed or asked > 1:
            adjust_statistics(recorder, *how)

    with patch(ADJUST, autospec=True, side_effect=adjust):
        if step == "stored":
            with patch(f"custom_components.{DOMAIN}.coordinator.ApsystemsCoordinator.async_show", AsyncMock()):
                await repair(house)
        else:
            await repair(house)
        kept = deepcopy(dict(hass_storage))
        await pass_time(house, {"stored": 0, "shown": 0, "done": 4}.get(step, 1) * STEP)
        if step in {"asked", "noted", "done"}:
            kept = deepcopy(dict(hass_storage))
        before = asked
        await start_again(house, entry, hass_storage, kept if is_killed else None)
        await assert_right(house, start)
    expected = [0, 0] if wrong == SMALL else [0, 1] if step in {"stored", "shown"} else [1, 1 + is_swallowed]
    assert [before, asked] == expected
    assert hass_storage[f"{DOMAIN}.{house.sid}"]["data"]["adjustment"] is None
    assert not house.log()


@pytest.mark.parametrize(
    ("wrong", "adjustments"), [(520.0, 0), (760.0, 0), (770.0, 1)], ids=["7 %", "9.95 %", "10.1 %"]
)
async def test_statistics_are_right_around_the_limit_of_a_reset(
    recorded: House, hass_storage: Disk, wrong: float, adjustments: int
) -> None:
    """Of a fall of less than a tenth the recorder takes care itself."""
    start = recorded.truth.lifetime_kwh()
    await too_high(recorded, hass_storage, wrong)
    with patch(ADJUST, autospec=True, side_effect=adjust_statistics) as adjust:
        await repair(recorded)
        await assert_right(recorded, start)
    assert adjust.call_count == adjustments


@pytest.mark.parametrize("persistent_database", [True])
@pytest.mark.parametrize("wrong", sampled([LARGE, SMALL], every=2))
async def test_statistics_are_right_in_another_home_assistant_on_the_same_disk(
    async_test_recorder: Any, house: House, hass_storage: Disk, wrong: float
) -> None:
    """It stops a minute after the repair, and is off for two days."""
    house.move_to("2026-06-14 22:40")
    start = house.truth.lifetime_kwh()
    async with async_test_recorder(house.hass):
        assert await async_setup_component(house.hass, "repairs", {})
        entry = await too_high(house, hass_storage, wrong)
        await repair(house)
        await pass_time(house, timedelta(minutes=1), timedelta(minutes=1))
        await house.hass.config_entries.async_unload(entry.entry_id)
    house.move_to("2026-06-16 22:50")
    async with async_test_home_assistant(house.hass.loop, config_dir=house.hass.config.config_dir) as hass:
        frame.async_setup(hass)
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
        other = replace(house, hass=hass)
        async with async_test_recorder(hass):
            again = MockConfigEntry(
                domain=DOMAIN, unique_id=house.sid, data=entry.data, options=entry.options, minor_version=2
            )
            again.add_to_hass(hass)
            await hass.config_entries.async_setup(again.entry_id)
            await other.settle()
            await pass_time(other, 6 * STEP)
            await assert_right(other, start)
            await hass.config_entries.async_unload(again.entry_id)
        await hass.async_stop(force=True)
    frame.async_setup(house.hass)


async def test_statistics_of_a_renamed_sensor_in_another_unit_are_adjusted(recorded: House, hass_storage: Disk) -> None:
    """The owner may have chosen both."""
    house = recorded
    start = house.truth.lifetime_kwh()
    entry = await too_high(house, hass_storage, LARGE)
    registry, old = er.async_get(house.hass), house.entity_id("total_energy")
    registry.async_update_entity(old, new_entity_id="sensor.roof")
    registry.async_update_entity_options("sensor.roof", "sensor", {"unit_of_measurement": "MWh"})
    await pass_time(house, 3 * STEP)
    assert float(house.state("total_energy").state) < 20
    await repair(house)
    await pass_time(house, 4 * STEP)
    registry.async_update_entity_options("sensor.roof", "sensor", {"unit_of_measurement": "kWh"})
    await house.reload(entry)
    await assert_right(house, start)
    assert not await read(house.hass, old, "5minute", {"sum"})


async def test_cleared_statistics_are_not_adjusted(recorded: House, hass_storage: Disk) -> None:
    """They begin anew with the right total."""
    house = recorded
    entry = await too_high(house, hass_storage, LARGE)
    await clear(house, house.entity_id("total_energy"))
    await repair(house)
    with patch(ADJUST, autospec=True) as adjust:
        await pass_time(house, 6 * STEP)
    assert not adjust.called
    await house.hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"{DOMAIN}.{house.sid}"]["data"]["adjustment"] is None


async def test_without_a_recorder_only_the_total_changes(house: House, hass_storage: Disk) -> None:
    """There are no statistics."""
    assert await async_setup_component(house.hass, "repairs", {})
    house.move_to("2026-06-14 22:40")
    entry = await house.set_up(**AUTOMATIC, import_history=False)
    right = house.value("total_energy")
    await house.hass.config_entries.async_unload(entry.entry_id)
    energy = hass_storage[f"{DOMAIN}.{house.sid}"]["data"]["energy"]
    energy |= {"total": energy["total"] + LARGE, "lower_since": "2026-06-11", "lower_on": "2026-06-14"}
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.pass_time(STEP)
    assert house.value("total_energy") != right
    await repair(house)
    await house.pass_time(3 * STEP)
    assert house.value("total_energy") == right
    assert hass_storage[f"{DOMAIN}.{house.sid}"]["data"]["adjustment"] is None


async def test_on_a_full_disk_the_repair_changes_nothing(recorded: House, hass_storage: Disk) -> None:
    """The issue stays until it can be stored."""
    house = recorded
    start = house.truth.lifetime_kwh()
    await too_high(house, hass_storage, LARGE)
    raised = house.value("total_energy")
    hass_storage.full = True
    result = await repair(house)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert house.value("total_energy") == raised
    hass_storage.full = False
    await pass_time(house, 2 * STEP)
    assert issue(house)
    assert (await repair(house))["type"] is FlowResultType.CREATE_ENTRY
    await pass_time(house, 3 * STEP)
    await assert_right(house, start)


async def test_the_repair_of_an_unloaded_system_is_refused(recorded: House, hass_storage: Disk) -> None:
    """Its total is not known."""
    house = recorded
    entry = await too_high(house, hass_storage, LARGE)
    await house.hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    result = await repair(house)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_the_issue_closes_when_the_cloud_has_caught_up(recorded: House, hass_storage: Disk) -> None:
    """A day makes more than the total is too high by."""
    house = recorded
    await too_high(house, hass_storage, 5.0)
    await pass_time(house, "2026-06-15T23:00", HALF_HOUR)
    assert not issue(house)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.02)
