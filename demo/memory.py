"""The plant of a run as the simulator's command line, and the part of it that `--keep` stores for the next run."""

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime
import json
from pathlib import Path

from .client import Home

# The plant's age at its first run. It grows with the days, so that its lifetime energy never falls.
_AGE_DAYS = 760


def simulator_arguments(options: argparse.Namespace) -> list[str]:
    """Return the command line of the simulator."""
    arguments = {
        "port": options.cloud_port,
        "inverters": options.inverters,
        "ecus": options.ecus,
        "seed": options.seed,
        "age-days": age_days(options),
        "clock-shift": options.clock_shift,
    }
    if options.time_zone is None:
        arguments["site-where-it-is"] = options.hour
    else:
        arguments |= {"site": f"{options.latitude},{options.longitude}", "timezone": options.time_zone}
    if options.battery is not None:
        arguments["battery"] = options.battery
    return [f"--{name}={value}" for name, value in arguments.items()] + ["--meter"] * options.meter


def age_days(options: argparse.Namespace) -> int:
    """Return for how many days the plant has been registered."""
    since = date.fromisoformat(options.since) if options.since else datetime.now(UTC).date()
    return _AGE_DAYS + (datetime.now(UTC).date() - since).days


def store(path: Path, options: argparse.Namespace, home: Home, *, port: int, cloud_port: int) -> None:
    """Store what the next run must not change: the plant, and the addresses that Home Assistant has stored."""
    kept = {
        "latitude": home.latitude,
        "longitude": home.longitude,
        "time_zone": home.time_zone,
        "inverters": options.inverters,
        "ecus": options.ecus,
        "meter": options.meter,
        "battery": options.battery,
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
