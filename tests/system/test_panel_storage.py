"""The memory of panels as JSON and back."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import date, timedelta
import json
from typing import Any

from homeassistant.helpers.json import prepare_save_json
from homeassistant.util.json import json_loads
import pytest

from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.panel_memory import Memory, PanelMemory
from custom_components.apsystems_openapi.system.panel_storage import dump, load
from custom_components.apsystems_openapi.system.panels import judge, report
from simulator.roofs import CLIMATES, Defect, DefectKind, House, random_house

FIRST = date(2025, 3, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(110)]
BROKEN_ON = DAYS[80]


@pytest.fixture(name="house", scope="module")
def house_fixture() -> House:
    """Return a house with a dead panel and an inverter that is silent."""
    made = random_house(3, CLIMATES[5], (10, 12))
    panels = [panel for panel in made.panels if panel.is_used]
    defects = [
        Defect(kind=kind, panel=(panel.uid, panel.channel), start=BROKEN_ON)
        for kind, panel in ((DefectKind.DEAD, panels[0]), (DefectKind.INVERTER, panels[-1]))
    ]
    return replace(made, defects=tuple(defects))


def judged(house: House, memory: Memory, days: list[date]) -> Memory:
    climate = house.climate
    site = Site(latitude=climate.latitude, longitude=climate.longitude, zone=climate.zone)
    return judge(memory, site, {day: house.day(day).curves for day in days}, dict.fromkeys(house.uids, "1"))


@pytest.fixture(name="memory", scope="module")
def memory_fixture(house: House) -> Memory:
    """Return a memory with an alarm and a silence."""
    return judged(house, Memory(), DAYS[:100])


def stored(memory: Memory) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return a memory as Home Assistant's store writes and reads it."""
    _, written = prepare_save_json(dump(memory))
    return json_loads(written)


def test_a_memory_goes_on_as_before(house: House, memory: Memory) -> None:
    loaded, unreadable = load(stored(memory))
    assert unreadable == ()
    assert report(memory).silent
    assert sum(bool(shown.problem) for shown in report(memory).panels.values()) == 1
    assert report(loaded).silent == report(memory).silent
    assert load(stored(loaded)) == (loaded, ())
    before, after = report(judged(house, memory, DAYS)), report(judged(house, loaded, DAYS))
    for panel, shown in before.panels.items():
        assert (after.panels[panel].problem is None) is (shown.problem is None)
        assert after.panels[panel].reason is shown.reason
        assert after.panels[panel].siblings == shown.siblings
        assert after.panels[panel].performance == pytest.approx(shown.performance, abs=0.002)


def test_an_empty_memory_comes_back() -> None:
    assert load(stored(Memory())) == (Memory(), ())
    assert load({}) == (Memory(), ())


def test_a_panel_takes_little_space(memory: Memory) -> None:
    assert len(json.dumps(stored(memory))) < 5000 * len(memory.panels)


@pytest.mark.parametrize(
    ("field", "value"),
    [("marks", 5), ("marks", [["2025-01-01", 1.0]]), ("problem", {}), ("best", "much"), ("well_on", "someday")],
)
def test_a_field_that_cannot_be_read_costs_only_itself(memory: Memory, field: str, value: object) -> None:
    data = stored(memory)
    data["panels"][next(iter(data["panels"]))][field] = value
    loaded, unreadable = load(data)
    assert len(unreadable) == 1
    first, *others = memory.panels
    assert loaded.panels[first].sunny_days == memory.panels[first].sunny_days
    assert getattr(loaded.panels[first], field) == getattr(PanelMemory(), field)
    assert list(loaded.panels) == [first, *others]


@pytest.mark.parametrize("field", ["profile", "usual"])
@pytest.mark.parametrize("value", [None, [1.0], [0.0] * 96, ["x"] * 96])
def test_a_panel_without_its_ratios_is_new(memory: Memory, field: str, value: object) -> None:
    data = stored(memory)
    data["panels"][next(iter(data["panels"]))][field] = value
    loaded, unreadable = load(data)
    assert list(loaded.panels) == list(memory.panels)[1:]
    assert unreadable


@pytest.mark.parametrize("key", ["700000000001", "700000000001-x", ""])
def test_a_key_that_is_no_panel_is_dropped(memory: Memory, key: str) -> None:
    data = stored(memory)
    data["panels"][key] = data["panels"].popitem()[1]
    loaded, unreadable = load(data)
    assert list(loaded.panels) == list(memory.panels)[:-1]
    assert len(unreadable) == 1


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(TypeError):
        load([])
