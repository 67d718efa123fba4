"""The command line of the demo, and what is kept of it from run to run."""

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime
import json
from pathlib import Path
import re

from .client import Home
from .polling import DemoError

# The plant's age at its first run. It grows with the days, so that its lifetime never goes back.
_AGE_DAYS = 760


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start a stand-in for the APsystems cloud and a real Home Assistant with this "
        "integration, and go through its real onboarding and config flow.",
    )
    made.add_argument("--check", action="store_true", help="verify everything, stop; 0 when all is well")
    made.add_argument("--keep", action="store_true", help="go on where the last run with --keep stopped")
    made.add_argument("--port", type=int, help="of Home Assistant (default: one that is free)")
    plant = made.add_argument_group("the plant", "With --keep, that of the first run stays.")
    plant.add_argument("--inverters", type=_types, default="DS3,DS3,QT2", help="such as DS3,QT2 or 9xDS3,2xQT2")
    plant.add_argument("--ecus", type=int, default=1, help="how many ECUs share the inverters")
    plant.add_argument("--hour", type=int, default=13, metavar="HH", help="stand where it is that hour now")
    plant.add_argument("--latitude", type=float, help="stand there; with --longitude and --time-zone")
    plant.add_argument("--longitude", type=float)
    plant.add_argument("--time-zone", help="such as Europe/Berlin")
    plant.add_argument("--seed", type=int, default=0, help="of the clouds in the sky")
    plant.add_argument("--clock-shift", type=float, default=0, metavar="S", help="seconds the cloud is ahead")
    made.set_defaults(cloud_port=0, since=None)
    return made


def _types(text: str) -> str:
    """Write "2xDS3,QT2" as the simulator reads it: "DS3,DS3,QT2"."""
    types: list[str] = []
    for part in text.split(","):
        times, kind = re.sub(r"^(?!\d+x)", "1x", part.strip()).split("x", 1)
        types += [kind] * int(times)
    return ",".join(types)


def simulator_arguments(options: argparse.Namespace) -> list[str]:
    """Translate the options into those of the simulator."""
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
        raise DemoError("--latitude, --longitude and --time-zone go together")
    else:
        arguments |= {"site": f"{site[0]},{site[1]}", "timezone": site[2]}
    return [f"--{name}={value}" for name, value in arguments.items()]


def remember(path: Path, options: argparse.Namespace, home: Home, *, port: int, cloud_port: int) -> None:
    """Keep what the next run must not change: the plant, and the addresses that are stored in the house."""
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
    """Read what an earlier run has kept; nothing when there was none."""
    kept: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
    return kept
