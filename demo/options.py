"""The command line of the demo, and the part of it that `--keep` stores for the next run."""

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime
import json
from pathlib import Path
import re

from .client import Home
from .polling import DemoError

# The plant's age at its first run. It grows with the days, so that its lifetime energy never falls.
_AGE_DAYS = 760


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start a simulated APsystems cloud and a real Home Assistant, complete its onboarding, and set "
        "up this integration through its config flow.",
    )
    made.add_argument("--check", action="store_true", help="run all checks and stop; exit code 0 when all pass")
    made.add_argument("--keep", action="store_true", help="continue the last run with --keep")
    made.add_argument("--port", type=int, help="of Home Assistant (default: a free one)")
    plant = made.add_argument_group("the plant", "With --keep, the options of the first run apply.")
    plant.add_argument("--inverters", type=_types, default="DS3,DS3,QT2", help="such as DS3,QT2 or 9xDS3,2xQT2")
    plant.add_argument("--ecus", type=int, default=1, help="how many ECUs share the inverters")
    plant.add_argument(
        "--hour", type=int, default=13, metavar="HH", help="place the plant where it is this hour now (default: 13)"
    )
    plant.add_argument("--latitude", type=float, help="place the plant here; with --longitude and --time-zone")
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
    return ",".join(types)


def simulator_arguments(options: argparse.Namespace) -> list[str]:
    """Return the command line of the simulator."""
    since = date.fromisoformat(options.since) if options.since else datetime.now(UTC).date()
    age_days = _AGE_DAYS + (datetime.now(UTC).date() - since).days
    arguments = {
        "port": options.cloud_port,
        "inverters": options.inverters,
        "ecus": options.ecus,
        "seed": options.seed,
        "age-days": age_days,
        "clock-shift": options.clock_shift,
    }
    site = (options.latitude, options.longitude, options.time_zone)
    if site == (None, None, None):
        arguments["site-where-it-is"] = options.hour
    elif None in site:
        raise DemoError("--latitude, --longitude and --time-zone must be given together")
    else:
        arguments |= {"site": f"{site[0]},{site[1]}", "timezone": site[2]}
    return [f"--{name}={value}" for name, value in arguments.items()]


def store(path: Path, options: argparse.Namespace, home: Home, *, port: int, cloud_port: int) -> None:
    """Store what the next run must not change: the plant, and the addresses that Home Assistant has stored."""
    kept = {
        "latitude": home.latitude,
        "longitude": home.longitude,
        "time_zone": home.time_zone,
        "inverters": options.inverters,
        "ecus": options.ecus,
        "seed": options.seed,
        "port": port,
        "cloud_port": cloud_port,
        "since": options.since or datetime.now(UTC).date().isoformat(),
    }
    path.write_text(json.dumps(kept, indent=2))


def recall(path: Path) -> Mapping[str, object]:
    """Read what an earlier run has stored; empty without one."""
    kept: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
    return kept
