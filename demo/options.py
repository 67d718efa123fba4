"""The command line of the demo. Plain Python 3.11 without other packages, so that `--help` works everywhere."""

import argparse
import re
from typing import NamedTuple

from simulator.options import INVERTER_TYPES


class House(NamedTuple):
    """A plant that has a name."""

    inverters: str
    ecus: int
    meter: bool = False
    battery_kwh: float | None = None
    """Capacity; None: there is no battery."""


PLANTS = {
    "home": House("DS3,DS3,QT2", 1),
    "meter": House("DS3,DS3,QT2", 1, meter=True),
    "battery": House("DS3,DS3,QT2", 1, meter=True, battery_kwh=5.0),
    "large": House("24xDS3,6xQT2", 3),
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; exits with an error when options do not fit together."""
    made = parser()
    options = made.parse_args(arguments)
    place = (options.latitude, options.longitude, options.time_zone)
    if None in place and place != (None, None, None):
        made.error("--latitude, --longitude and --time-zone must be given together")
    plant = PLANTS[options.plant]
    options.inverters = options.inverters or _types(plant.inverters)
    options.ecus = options.ecus or plant.ecus
    options.meter, options.battery = plant.meter, plant.battery_kwh
    return options


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start a simulated APsystems cloud and a real Home Assistant, complete its onboarding, set up "
        "this integration through its config flow, and fill the Energy dashboard.",
    )
    made.add_argument("--check", action="store_true", help="run all checks and stop; exit code 0 when all pass")
    made.add_argument("--keep", action="store_true", help="continue the last run with --keep")
    made.add_argument("--port", type=int, help="of Home Assistant (default: 8123, or the next that is free)")
    plant = made.add_argument_group("the plant", "With --keep, the options of the first run apply.")
    plant.add_argument(
        "--plant",
        choices=PLANTS,
        default="home",
        help="inverters and ECUs; meter: with a meter; battery: with both (default: home)",
    )
    plant.add_argument("--inverters", type=_types, help="others than those of --plant, such as DS3,QT2 or 9xDS3,2xQT2")
    plant.add_argument("--ecus", type=_number, help="how many ECUs share the inverters")
    plant.add_argument(
        "--hour",
        type=int,
        choices=range(24),
        default=13,
        metavar="HH",
        help="place plant and home where it is this hour now, 0 to 23 (default: 13)",
    )
    plant.add_argument("--latitude", type=float, help="place plant and home here; with --longitude and --time-zone")
    plant.add_argument("--longitude", type=float)
    plant.add_argument("--time-zone", help="such as Europe/Berlin")
    plant.add_argument("--seed", type=int, default=0, help="of the weather")
    plant.add_argument(
        "--clock-shift", type=float, default=0, metavar="S", help="seconds by which the cloud's clock is fast"
    )
    made.set_defaults(cloud_port=0, since=None)
    return made


def _types(text: str) -> str:
    """Return "2xDS3,QT2" as the simulator reads it: "DS3,DS3,QT2"."""
    types: list[str] = []
    for part in text.split(","):
        times, kind = re.sub(r"^(?!\d+x)", "1x", part.strip()).split("x", 1)
        types += [kind] * int(times)
    if unknown := set(types) - INVERTER_TYPES.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return ",".join(types)


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
