"""The Energy dashboard: the production that is added to it once, and the repair for one that counts twice."""
# ruff: noqa: ANN401, D103 -- sources and form fields are of any type; names of tests say what they are

from dataclasses import replace
from datetime import date, timedelta
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.energy_dashboard import SENSORS, STATISTIC, async_keep
from custom_components.apsystems_openapi.energy_sources import (
    Part,
    SourcesError,
    counted,
    still_pending,
    with_parts,
    without_others,
)
from simulator import Plant, big_plant, sample_plant
from tests.harness import AUTOMATIC, FIXED, House, field_values
from tests.statistics import production
from tests.texts import below, english

OTHER = {"type": "solar", "stat_energy_from": "sensor.roof", "config_entry_solar_forecast": None}
GRID = {"type": "grid", "stat_energy_from": "sensor.grid", "cost_adjustment_day": 0.0}


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 10))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder and an Energy dashboard."""
    house.hass.config.components.add("energy")
    return house


async def sources(house: House) -> list[Any]:
    """Return the sources of the dashboard."""
    manager = await async_get_manager(house.hass)
    return list(manager.data["energy_sources"]) if manager.data else []


async def save(house: House, *chosen: Any) -> None:
    """Save sources as the frontend does: whole, or as the id of a solar one."""
    solar = [OTHER | {"stat_energy_from": source} if isinstance(source, str) else source for source in chosen]
    manager = await async_get_manager(house.hass)
    await manager.async_update({"energy_sources": solar})
    await house.hass.async_block_till_done()


async def last_step(house: House, **typed: Any) -> ConfigFlowResult:
    """Go through the set-up up to its last step."""
    flows = house.hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await flows.async_configure(form["flow_id"], {**house.data(), **AUTOMATIC, **typed})


async def add(house: House, *, box: bool | None = None, **typed: Any) -> ConfigEntry[Any]:
    """Add a system; `None` leaves the box as it is."""
    step = await last_step(house, **typed)
    sent = {} if box is None else {"energy_dashboard": box}
    result = await house.hass.config_entries.flow.async_configure(step["flow_id"], sent)
    await house.settle()
    return result["result"]


def own(house: House, *, power: bool = True) -> dict[str, Any]:
    """Return the source of the production."""
    source = OTHER | {"stat_energy_from": production(house)}
    return source | {"stat_rate": house.entity_id("power")} if power else source


@pytest.fixture
def night(house: House) -> House:
    """Return a house at night with a plant of the day to come, so that no row can be written before the morning."""
    house.cloud.plants[house.sid] = sample_plant(create_date=date(2026, 6, 15))
    house.move_to("2026-06-15 03:00")
    return house


# The box of the set-up


@pytest.mark.parametrize(
    ("present", "is_ticked"), [(None, True), ([], True), ([GRID], True), ([OTHER], False), ([GRID, OTHER], False)]
)
async def test_the_box_is_ticked_while_there_is_no_solar_source(
    house: House, present: list[Any] | None, *, is_ticked: bool
) -> None:
    if present is not None:
        await save(house, *present)
    assert field_values(await last_step(house)) == {"energy_dashboard": is_ticked}
    for step in ("found", "not_listed"):
        texts = below(english(), "config", "step", step)
        assert set(below(texts, "data")) == set(below(texts, "data_description")) == {"energy_dashboard"}


async def test_the_box_is_there_when_the_list_of_inverters_is_not(house: House) -> None:
    house.cloud.plants[house.sid] = sample_plant(create_date=date(2026, 6, 10), ecus=())
    step = await last_step(house)
    assert step["step_id"] == "not_listed"
    assert field_values(step) == {"energy_dashboard": True}


async def test_the_production_is_added_with_its_power_once_it_has_rows(house: House) -> None:
    await save(house, GRID)
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=2))
    assert await sources(house) == [GRID, own(house)]
    assert not (await async_validate(house.hass)).as_dict()["energy_sources"][1]
    assert "solar" not in entry.data["energy_dashboard"]


async def test_nothing_is_added_before_there_are_rows(night: House) -> None:
    """A source without a statistic is reported as broken by Home Assistant; a restart forgets nothing."""
    entry = await add(night, box=True)
    await night.pass_time(timedelta(hours=1), timedelta(minutes=20))
    await night.reload(entry)
    assert not await sources(night)
    assert entry.data["energy_dashboard"] is True
    await night.pass_time("2026-06-15 10:00", timedelta(minutes=10))
    assert await sources(night) == [own(night)]


async def test_without_the_box_nothing_is_added(house: House) -> None:
    await add(house, box=False)
    await house.pass_time(timedelta(hours=2))
    assert not await sources(house)


async def test_nothing_is_added_for_an_entry_that_was_there(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=2))
    assert not await sources(house)


async def test_a_source_that_the_owner_removes_is_never_added_again(house: House) -> None:
    entry = await add(house)
    await house.pass_time(timedelta(hours=2))
    assert await sources(house) == [own(house)]
    await save(house, GRID)
    for _ in range(2):
        await house.pass_time(timedelta(hours=1))
        await house.reload(entry)
    assert await sources(house) == [GRID]


@pytest.mark.parametrize("key", [STATISTIC, *SENSORS[:2]])
async def test_a_production_that_is_shown_already_is_not_added(night: House, key: str) -> None:
    """Neither then nor when that source is removed."""
    entry = await add(night, box=True)
    source = production(night) if key == STATISTIC else night.entity_id(key)
    await save(night, source)
    await night.pass_time("2026-06-15 10:00", timedelta(minutes=10))
    assert [found["stat_energy_from"] for found in await sources(night)] == [source]
    assert "solar" not in entry.data["energy_dashboard"]
    await save(night, GRID)
    await night.pass_time(timedelta(hours=1), timedelta(minutes=10))
    assert await sources(night) == [GRID]


async def test_with_a_fixed_interval_the_source_has_no_power(house: House) -> None:
    await add(house, box=True, **FIXED)
    await house.pass_time(timedelta(hours=3))
    assert await sources(house) == [own(house, power=False)]


async def test_a_power_sensor_that_was_disabled_is_not_added(night: House) -> None:
    entry = await add(night, box=True)
    er.async_get(night.hass).async_update_entity(night.entity_id("power"), disabled_by=er.RegistryEntryDisabler.USER)
    await night.reload(entry)
    await night.pass_time("2026-06-15 10:00", timedelta(minutes=10))
    assert await sources(night) == [own(night, power=False)]


async def test_a_renamed_power_sensor_is_added_by_its_name(night: House) -> None:
    await add(night, box=True)
    er.async_get(night.hass).async_update_entity(night.entity_id("power"), new_entity_id="sensor.sun")
    await night.pass_time("2026-06-15 10:00", timedelta(minutes=10))
    assert await sources(night) == [own(night)]
    assert own(night)["stat_rate"] == "sensor.sun"


async def test_without_an_energy_dashboard_the_box_is_off_and_does_nothing(house: House) -> None:
    house.hass.config.components.remove("energy")
    assert field_values(await last_step(house)) == {"energy_dashboard": False}
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=2))
    assert not await sources(house)
    assert entry.data["energy_dashboard"] is True


async def test_other_changes_of_the_same_time_are_not_lost(house: House) -> None:
    """Another program saves its source whenever the preferences change."""
    manager = await async_get_manager(house.hass)
    added: list[bool] = []

    async def on_update() -> None:
        if not added:
            added.append(True)
            assert manager.data
            await manager.async_update({"energy_sources": [*manager.data["energy_sources"], OTHER]})  # type: ignore[list-item]

    manager.async_listen_updates(on_update)
    await add(house, box=True)
    await house.pass_time(timedelta(hours=2))
    assert await sources(house) == [own(house), OTHER]


async def test_preferences_that_cannot_be_changed_are_tried_again(house: House) -> None:
    """With one line in the log."""
    with patch.object(EnergyManager, "async_update", side_effect=RuntimeError("a listener has failed")):
        entry = await add(house, box=True)
        await house.pass_time(timedelta(hours=3), timedelta(minutes=20))
        assert "energy_dashboard" in entry.data
    assert len(house.log(logging.WARNING, "Energy dashboard")) == 1
    await house.pass_time(timedelta(hours=1), timedelta(minutes=20))
    assert await sources(house) == [own(house)]


async def test_preferences_that_cannot_be_read_stop_nothing(house: House) -> None:
    with patch(
        "custom_components.apsystems_openapi.energy_dashboard.async_get_manager",
        side_effect=ValueError("a broken file"),
    ):
        assert field_values(await last_step(house)) == {"energy_dashboard": False}
        entry = await add(house, box=True)
        await house.pass_time(timedelta(hours=2), timedelta(minutes=20))
    assert house.log(logging.WARNING, "Failed to read the sources of the Energy dashboard")
    assert entry.data["energy_dashboard"] is True
    await house.reload(entry)
    await house.pass_time(timedelta(hours=1), timedelta(minutes=20))
    assert await sources(house) == [own(house)]


# The grid and batteries


def with_house(ecu_type: int, *meters: str, ecus: int = 1, battery_kwh: float = 2.0) -> Plant:
    """Return a plant of some days whose ECUs are of another type, and with meters."""
    plant = big_plant(4, ecus, create_date=date(2026, 6, 13))
    listed = tuple(replace(ecu, type=ecu_type) for ecu in plant.ecus)
    return replace(plant, ecus=listed, meters=meters, battery_kwh=battery_kwh)


METER, ECU = "216300054321", "216200100000"


def grid(house: House, device: str) -> dict[str, Any]:
    """Return the source of the grid by a device, such as `meter_1`."""
    prefix = "" if device.startswith("storage") else f"{house.sid.lower()}_"
    return {
        "type": "grid",
        "stat_energy_from": f"apsystems_openapi:{prefix}{device}_imported",
        "stat_energy_to": f"apsystems_openapi:{prefix}{device}_exported",
        "cost_adjustment_day": 0.0,
        "name": "Grid",
    }


def battery(eid: str, **more: Any) -> dict[str, Any]:
    """Return the source of a battery."""
    start = f"apsystems_openapi:storage_{eid}"
    return {
        "type": "battery",
        "stat_energy_from": f"{start}_discharge",
        "stat_energy_to": f"{start}_charge",
        **more,
    }


async def shown(house: House) -> list[Any]:
    """Return the sources of the grid and of batteries, without empty fields; all that is saved is valid."""
    assert not any((await async_validate(house.hass)).as_dict()["energy_sources"])
    parts = [source for source in await sources(house) if source["type"] != "solar"]
    return [{key: value for key, value in source.items() if value is not None} for source in parts]


@pytest.mark.parametrize(
    ("plant", "device", "batteries"),
    [
        (with_house(1, ECU), f"meter_{ECU}", 0),
        (with_house(0, METER), f"meter_{METER}", 0),
        (with_house(2), f"storage_{ECU}", 1),
        (with_house(2, METER), f"meter_{METER}", 1),
        (with_house(0, METER, "216300054322"), None, 0),
        (with_house(2, ecus=2), None, 2),
        (with_house(0), None, 0),
    ],
)
async def test_grid_and_batteries_are_added_once_they_have_rows(
    house: House, device: str | None, batteries: int
) -> None:
    """Of several meters nobody knows which one is at the grid; batteries count together."""
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    soc = {"stat_soc": house.entity_id("storage_soc")} if batteries == 1 else {}
    expected = [grid(house, device)] if device else []
    names = ["Battery"] if batteries == 1 else ["Battery 1", "Battery 2"]
    of_batteries = zip(house.plant.ecus[:batteries], names, strict=False)
    expected += [battery(ecu.eid, name=name, **soc) for ecu, name in of_batteries]
    assert await shown(house) == expected
    pending = {"grid", "battery"} - {source["type"] for source in expected}
    assert set(entry.data.get("energy_dashboard", ())) == pending
    await save(house)
    await house.pass_time(timedelta(hours=1), timedelta(minutes=10))
    assert not await sources(house)


@pytest.mark.parametrize("plant", [with_house(2, METER)])
@pytest.mark.parametrize("kind", ["grid", "battery"])
async def test_a_home_that_has_a_grid_or_a_battery_keeps_it_alone(house: House, kind: str) -> None:
    """Also when it is removed later."""
    other = GRID if kind == "grid" else battery("mine")
    await save(house, other)
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    present = await sources(house)
    assert [source for source in present if source["type"] == kind] == [other]
    assert {source["type"] for source in present} == {"solar", "grid", "battery"}
    assert "energy_dashboard" not in entry.data
    await save(house)
    await house.pass_time(timedelta(hours=1), timedelta(minutes=10))
    assert not await sources(house)


@pytest.mark.parametrize("plant", [with_house(2, METER)])
@pytest.mark.parametrize(
    ("options", "kinds"),
    [({"meter": False}, {"solar", "grid", "battery"}), ({"battery": False}, {"solar", "grid"})],
)
async def test_what_is_switched_off_is_not_added(house: House, options: dict[str, bool], kinds: set[str]) -> None:
    """Without the meter, the battery shows the grid."""
    entry = await add(house, box=True)
    await save(house)
    data = {**entry.data, "energy_dashboard": True}
    house.hass.config_entries.async_update_entry(entry, data=data, options={**entry.options, **options})
    await house.reload(entry)
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    assert {source["type"] for source in await sources(house)} == kinds
    assert (grid(house, f"storage_{ECU}") in await shown(house)) == ("meter" in options)


@pytest.mark.parametrize("plant", [with_house(2, METER, battery_kwh=50.0)])
@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_house_that_exports_nothing_yet_gets_its_export_later(house: House, *, is_removed: bool) -> None:
    """Unless its grid was removed meanwhile. A statistic without rows would be reported as broken."""
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=4), timedelta(minutes=10))
    whole = grid(house, f"meter_{METER}")
    imported = {key: value for key, value in whole.items() if key != "stat_energy_to"}
    assert [source for source in await shown(house) if source["type"] == "grid"] == [imported]
    assert entry.data["energy_dashboard"] == ["export"]
    if is_removed:
        await save(house, GRID)
    house.cloud.plants[house.sid] = replace(house.plant, battery_kwh=0.0)
    await house.pass_time("2026-06-16 16:00", timedelta(minutes=10))
    (left,) = [source for source in await sources(house) if source["type"] == "grid"]
    assert {key: value for key, value in left.items() if value is not None} == (GRID if is_removed else whole)
    assert "energy_dashboard" not in entry.data


async def test_a_battery_that_the_plant_gets_later_is_added(house: House) -> None:
    """What was added before is not added again."""
    entry = await add(house, box=True)
    await house.pass_time(timedelta(hours=2), timedelta(minutes=10))
    assert entry.data["energy_dashboard"] == ["battery", "grid"]
    ecu = house.plant.ecus[0]
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(ecu, type=2),))
    await save(house)
    await house.press("scan_inverters")
    await house.pass_time("2026-06-16 16:00", timedelta(minutes=10))
    assert [source["type"] for source in await sources(house)] == ["grid", "battery"]
    assert "energy_dashboard" not in entry.data


# Production that counts twice


def open_issues(house: House) -> list[ir.IssueEntry]:
    """Return the open issues about it."""
    issues = ir.async_get(house.hass).issues.values()
    return [issue for issue in issues if issue.translation_key == "double_source" and issue.active]


def ids(house: House) -> dict[str, str]:
    """Return the ids of all sources that a system can have, by name."""
    registry = er.async_get(house.hass)
    for key in SENSORS:
        if (entity := registry.async_get(house.entity_id(key))) and entity.disabled_by:
            registry.async_update_entity(entity.entity_id, disabled_by=None)
    return {STATISTIC: production(house), **{key: house.entity_id(key) for key in SENSORS}}


PAIRS = [(one, other) for n, one in enumerate((STATISTIC, *SENSORS)) for other in (STATISTIC, *SENSORS)[n + 1 :]]


async def test_every_pair_creates_an_issue_at_once_which_closes_at_once(house: House) -> None:
    """No time passes."""
    entry = await house.set_up(**AUTOMATIC)
    known = ids(house)
    for one, other in PAIRS:
        await save(house, GRID, known[one], OTHER)
        assert not open_issues(house), one
        await save(house, GRID, known[one], OTHER, known[other])
        assert open_issues(house), (one, other)
    await save(house)
    assert not open_issues(house)
    await save(house, known[STATISTIC], known["total_energy"])
    await house.hass.config_entries.async_remove(entry.entry_id)
    await save(house, *known.values())
    assert not open_issues(house)


async def test_an_issue_is_there_after_a_start_and_follows_new_names(house: House) -> None:
    entry = await house.set_up(**AUTOMATIC)
    await house.hass.config_entries.async_unload(entry.entry_id)
    await save(house, "sensor.mine", production(house))
    assert not open_issues(house)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert not open_issues(house)
    er.async_get(house.hass).async_update_entity(house.entity_id("today_energy"), new_entity_id="sensor.mine")
    await house.hass.async_block_till_done()
    assert open_issues(house)
    await house.reload(entry)
    assert open_issues(house)


async def test_each_system_of_a_home_has_its_own_issue(house: House) -> None:
    other = big_plant(2, 1, create_date=date(2026, 6, 10))
    house.cloud.plants[other.sid] = other
    first, second = await add(house), await add(house, sid=other.sid)
    total = f"sensor.apsystems_{other.sid.lower()}_total_energy"
    await save(house, production(house), total)
    assert not open_issues(house)
    await save(house, production(house), house.entity_id("total_energy"), total)
    assert [issue.issue_id for issue in open_issues(house)] == [f"double_source_{first.entry_id}"]
    await save(house, total, f"sensor.apsystems_{other.sid.lower()}_today_energy", production(house))
    assert [issue.issue_id for issue in open_issues(house)] == [f"double_source_{second.entry_id}"]


# The repair


async def repair(house: House) -> Any:
    """Begin to fix the open issue."""
    (issue,) = open_issues(house)
    assert issue.is_fixable
    assert await async_setup_component(house.hass, "repairs", {})
    flows = repairs_flow_manager(house.hass)
    assert flows is not None
    return await flows.async_init(DOMAIN, context={"issue_id": issue.issue_id})


async def fix(house: House, form: Any, source: str) -> Any:
    """Choose the source that stays."""
    flows = repairs_flow_manager(house.hass)
    assert flows is not None
    return await flows.async_configure(form["flow_id"], {"source": source})


@pytest.mark.parametrize("kept", [STATISTIC, "today_energy", "total_energy"])
async def test_the_repair_leaves_the_source_that_the_owner_chooses(house: House, kept: str) -> None:
    """In its place, and nothing else changes; its power is that of a removed one where it had none."""
    await house.set_up(**AUTOMATIC)
    known = ids(house)
    powered = OTHER | {"stat_energy_from": known["total_energy"], "stat_rate": house.entity_id("power")}
    await save(house, GRID, known[STATISTIC], OTHER, powered, known["today_energy"])
    form = await repair(house)
    assert (form["type"], form["step_id"]) == ("form", "keep")
    (field,) = form["data_schema"].schema.values()
    assert field.config["options"] == [STATISTIC, "total_energy", "today_energy"]
    assert field_values(form) == {"source": STATISTIC}
    assert form["description_placeholders"] == {"sid": house.sid}
    names = below(english(), "selector", field.config["translation_key"], "options")
    assert set(names) == {STATISTIC, *SENSORS}

    assert (await fix(house, form, kept))["type"] == "create_entry"
    left = await sources(house)
    assert [source["stat_energy_from"] for source in left if source["type"] == "solar" and source != OTHER] == [
        known[kept]
    ]
    assert [source for source in left if source in (GRID, OTHER)] == [GRID, OTHER]
    assert {source["stat_rate"] for source in left if "stat_rate" in source} == {house.entity_id("power")}
    assert not open_issues(house)


async def test_a_browser_gets_the_form_of_the_repair(house: House, hass_client: ClientSessionGenerator) -> None:
    """Over HTTP, with a name for each source."""
    await house.set_up(**AUTOMATIC)
    known = ids(house)
    await save(house, known[STATISTIC], known["today_energy"])
    assert await async_setup_component(house.hass, "repairs", {})
    client, url = await hass_client(), "/api/repairs/issues/fix"
    (issue,) = open_issues(house)
    form = await (await client.post(url, json={"handler": DOMAIN, "issue_id": issue.issue_id})).json()
    (field,) = form["data_schema"]
    assert field["selector"]["select"]["options"] == [STATISTIC, "today_energy"]
    result = await (await client.post(f"{url}/{form['flow_id']}", json={"source": "today_energy"})).json()
    assert result["type"] == "create_entry"
    assert not open_issues(house)


async def test_the_repair_of_one_system_leaves_those_of_another(house: House) -> None:
    other = big_plant(2, 1, create_date=date(2026, 6, 10))
    house.cloud.plants[other.sid] = other
    await add(house)
    await add(house, sid=other.sid)
    total = f"sensor.apsystems_{other.sid.lower()}_total_energy"
    await save(house, total, house.entity_id("total_energy"), production(house))
    await fix(house, await repair(house), "total_energy")
    assert [source["stat_energy_from"] for source in await sources(house)] == [total, house.entity_id("total_energy")]


async def test_a_repair_that_is_resolved_meanwhile_ends(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    known = ids(house)
    await save(house, known[STATISTIC], known["total_energy"])
    form = await repair(house)
    await save(house, known["total_energy"])
    assert (await fix(house, form, STATISTIC))["type"] == "create_entry"
    assert [source["stat_energy_from"] for source in await sources(house)] == [known["total_energy"]]


async def test_a_source_that_is_gone_meanwhile_cannot_be_chosen(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    known = ids(house)
    await save(house, known[STATISTIC], known["total_energy"], known["today_energy"])
    form = await repair(house)
    await save(house, known["total_energy"], known["today_energy"])
    form = await fix(house, form, STATISTIC)
    assert (form["type"], field_values(form)) == ("form", {"source": "total_energy"})
    assert (await fix(house, form, "today_energy"))["type"] == "create_entry"


async def test_a_repair_that_fails_says_so(house: House) -> None:
    """The issue stays; without its entry there is nothing to repair."""
    entry = await house.set_up(**AUTOMATIC)
    known = ids(house)
    await save(house, known[STATISTIC], known["total_energy"])
    form = await repair(house)
    with patch.object(EnergyManager, "async_update", side_effect=RuntimeError("a listener has failed")):
        result = await fix(house, form, STATISTIC)
    assert (result["type"], result["reason"]) == ("abort", "not_changed")
    assert open_issues(house)
    form = await repair(house)
    await house.hass.config_entries.async_remove(entry.entry_id)
    result = await fix(house, form, STATISTIC)
    assert (result["type"], result["reason"]) == ("abort", "entry_not_loaded")


async def test_only_a_source_that_is_there_can_stay(house: House) -> None:
    await house.set_up(**AUTOMATIC)
    await save(house, "sensor.roof")
    with pytest.raises(SourcesError):
        await async_keep(house.hass, house.sid, STATISTIC)
    assert await sources(house) == [OTHER]


# Sources as values

NAMES = {"a": STATISTIC, "b": "total_energy", "c": "today_energy"}


def solar(source: str, **more: Any) -> dict[str, Any]:
    """Return a solar source."""
    return {"type": "solar", "stat_energy_from": source, **more}


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ([], []),
        ([solar("x"), GRID], []),
        ([solar("b")], ["total_energy"]),
        ([solar("c"), solar("x"), solar("a")], [STATISTIC, "today_energy"]),
        ([solar("a"), solar("a")], [STATISTIC, STATISTIC]),
        ([{"type": "grid", "stat_energy_from": "a"}, {"type": "solar"}, {}], []),
    ],
)
def test_sources_of_a_system_are_counted(present: list[Any], expected: list[str]) -> None:
    assert counted(present, NAMES) == expected


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ([solar("a"), solar("b")], [solar("a")]),
        ([solar("b"), GRID, solar("a"), solar("x")], [GRID, solar("a"), solar("x")]),
        ([solar("a"), solar("a")], [solar("a")]),
        ([solar("b", stat_rate="p"), solar("a")], [solar("a", stat_rate="p")]),
        ([solar("b", stat_rate="p"), solar("a", stat_rate="q")], [solar("a", stat_rate="q")]),
        (
            [
                solar("b", config_entry_solar_forecast=["f"], name="Total"),
                solar("a", config_entry_solar_forecast=None, name="Roof"),
            ],
            [solar("a", config_entry_solar_forecast=["f"], name="Roof")],
        ),
    ],
)
def test_a_source_that_stays_takes_over_what_it_lacks(present: list[Any], expected: list[Any]) -> None:
    assert without_others(present, NAMES, STATISTIC) == expected


MINE = {Part.SOLAR: [solar("a")], Part.GRID: [{"type": "grid", "stat_energy_from": "in", "cost_adjustment_day": 0.0}]}
EXPORT = {"type": "grid", "stat_energy_from": "in", "stat_energy_to": "out", "cost_adjustment_day": 0.0}


@pytest.mark.parametrize(
    ("present", "found", "expected"),
    [
        ([], {}, []),
        ([], MINE, ["a", "in"]),
        ([solar("x"), GRID], MINE, ["x", "sensor.grid", "a"]),
        ([solar("b")], MINE, ["b", "in"]),
        ([solar("a"), MINE[Part.GRID][0]], MINE, ["a", "in"]),
        ([{"type": "gas", "stat_energy_from": "gas"}], MINE, ["gas", "a", "in"]),
        ([MINE[Part.GRID][0], solar("x")], {Part.EXPORT: [EXPORT]}, ["in out", "x"]),
        ([{**EXPORT, "stat_energy_to": "other"}, GRID], {Part.EXPORT: [EXPORT]}, ["in other", "sensor.grid"]),
    ],
)
def test_parts_are_added_beside_what_is_there(present: list[Any], found: Any, expected: list[str]) -> None:
    """Nothing that is there goes, and each keeps its place."""
    after = with_parts(present, found, NAMES)
    fields = ("stat_energy_from", "stat_energy_to")
    assert [" ".join(source[field] for field in fields if source.get(field)) for source in after] == expected


@pytest.mark.parametrize(
    ("pending", "found", "expected"),
    [
        ({Part.SOLAR, Part.GRID}, {}, {Part.SOLAR, Part.GRID}),
        ({Part.SOLAR, Part.BATTERY}, MINE, {Part.BATTERY, Part.EXPORT}),
        ({Part.GRID}, {Part.GRID: [EXPORT]}, set()),
        ({Part.EXPORT}, {Part.EXPORT: [EXPORT]}, set()),
    ],
)
def test_what_was_not_found_stays_pending(pending: set[Part], found: Any, expected: set[Part]) -> None:
    assert still_pending(pending, found) == expected


def test_a_source_that_home_assistant_would_refuse_is_not_written() -> None:
    with pytest.raises(SourcesError):
        without_others([solar("a"), solar("b", stat_rate=5)], NAMES, STATISTIC)
