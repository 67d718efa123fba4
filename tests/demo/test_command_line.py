"""Whatever the command line of the demo allows is a plant that the simulator accepts."""
# ruff: noqa: D103

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.client import Home
from demo.memory import recall, simulator_arguments, store
from demo.options import PLANTS, parse
from simulator import options as simulator_options
from simulator.process import plant_of

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOME = Home(48.85, 2.35, "Europe/Paris")


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("time", [NOON, NOON.replace(hour=0, minute=0), NOON.replace(hour=23, minute=59)])
def test_any_hour_has_a_place_where_it_is_that_hour(hour: int, time: datetime) -> None:
    plant = plant_of(simulator_options.parse(simulator_arguments(parse(["--hour", str(hour)]))), time)
    assert abs(time.astimezone(plant.zone).hour - hour) in {0, 1, 23}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("ecus", [1, 2, 7, 40])
def test_any_number_of_ecus_shares_the_inverters(plant: str, ecus: int) -> None:
    options = parse(["--plant", plant, "--ecus", str(ecus)])
    made = plant_of(simulator_options.parse(simulator_arguments(options)), NOON)
    assert len(made.ecus) == ecus
    assert len(made.inverters) == len(options.inverters.split(","))


@pytest.mark.parametrize(
    ("arguments", "inverters", "ecus"),
    [
        ([], "DS3,DS3,QT2", 1),
        (["--inverters", "2xDS3, QT2"], "DS3,DS3,QT2", 1),
        (["--plant", "large", "--inverters", "QS1"], "QS1", 3),
        (["--plant", "large", "--ecus", "2", "--inverters", "12xDS3"], ",".join(["DS3"] * 12), 2),
    ],
)
def test_a_plant_can_be_changed(arguments: list[str], inverters: str, ecus: int) -> None:
    options = parse(arguments)
    assert (options.inverters, options.ecus) == (inverters, ecus)


@pytest.mark.parametrize(
    ("name", "types", "has_meter"),
    [("home", {0}, False), ("meter", {1}, True), ("battery", {2}, True), ("large", {0}, False)],
)
def test_a_plant_with_a_name_has_its_meter_and_battery(name: str, types: set[int], *, has_meter: bool) -> None:
    plant = plant_of(simulator_options.parse(simulator_arguments(parse(["--plant", name]))), NOON)
    assert {ecu.type for ecu in plant.ecus} == types
    assert bool(plant.meters) is has_meter


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hour", "24"],
        ["--hour", "-1"],
        ["--ecus", "0"],
        ["--inverters", "xDS3"],
        ["--latitude", "1"],
        ["--plant", "x"],
    ],
)
def test_what_makes_no_sense_ends_with_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
    assert capsys.readouterr().err.splitlines()[-1].startswith("scripts/demo: error: ")


def test_a_run_that_is_kept_continues_with_the_same_plant(tmp_path: Path) -> None:
    first = parse(["--keep", "--hour", "9", "--ecus", "2", "--plant", "battery"])
    store(tmp_path / "kept.json", first, HOME, port=8123, cloud_port=4711)
    second = parse(["--keep"])
    vars(second).update(recall(tmp_path / "kept.json"))
    arguments = simulator_arguments(second)
    assert {
        "--port=4711",
        "--ecus=2",
        "--meter",
        "--battery=5.0",
        "--site=48.85,2.35",
        "--timezone=Europe/Paris",
    } <= set(arguments)
    assert second.port == 8123
