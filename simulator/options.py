"""The command line. Plain Python 3.11 without other packages, so that `--help` works everywhere."""

import argparse
from datetime import date, datetime

from .defaults import DEFAULT_APP_ID, DEFAULT_APP_SECRET, DEFAULT_SID

INVERTER_TYPES = {"DS3": (2, 1), "QS1": (4, 1), "QT2": (4, 3), "YC600": (2, 1)}
"""Channels and phases by type."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="scripts/simulator",
        description="A stand-in for the APsystems cloud. Prints one line of JSON with its address and "
        "credentials when it is ready. GET /_simulator/truth and /_simulator/calls, POST /_simulator/faults and "
        "/_simulator/changes.",
    )
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0: any that is free")
    made.add_argument("--app-id", default=DEFAULT_APP_ID)
    made.add_argument("--app-secret", default=DEFAULT_APP_SECRET)
    made.add_argument("--quota", type=int, default=1000, help="calls a month")
    clock = made.add_mutually_exclusive_group()
    clock.add_argument("--clock-shift", type=float, default=0.0, metavar="SECONDS", help="the cloud's clock is ahead")
    clock.add_argument("--now", type=_time, metavar="ISO", help="the cloud's clock at the start, with an offset")
    made.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="may be repeated: 2005, energy:5000x3, energy/hourly:timeout, http502, slow=3, nonsense=NaN, "
        "lifetimeahead=500x3",
    )
    _add_plant(made)
    _add_house(made)
    _add_uploads(made)
    return made


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; exits with an error when options do not fit together."""
    made = parser()
    options = made.parse_args(arguments)
    if (options.site is None) is not (options.timezone is None):
        made.error("--site and --timezone go together")
    if unknown := [name for name in options.inverters.split(",") if name and name not in INVERTER_TYPES]:
        made.error(f"unknown inverters: {', '.join(unknown)}")
    return options


def _add_plant(made: argparse.ArgumentParser) -> None:
    plant = made.add_argument_group("plant")
    plant.add_argument("--sid", default=DEFAULT_SID)
    site = plant.add_mutually_exclusive_group()
    site.add_argument(
        "--site",
        type=_site,
        metavar="LAT,LON",
        help="where the plant is (default: Paris); with a minus in front: --site=-33.9,18.4",
    )
    site.add_argument(
        "--site-where-it-is",
        type=int,
        metavar="HH",
        choices=range(24),
        help="a sunny place where it is HH o'clock now",
    )
    plant.add_argument("--timezone", help="of the --site, as Europe/Paris")
    plant.add_argument("--inverters", default="DS3,DS3,QT2", help=f"types, of {', '.join(INVERTER_TYPES)}")
    plant.add_argument("--ecus", type=int, default=1, help="how many ECUs share the inverters")
    plant.add_argument("--age-days", type=int, default=400, help="registered so many days ago")
    plant.add_argument("--seed", type=int, default=0, help="of the clouds in the sky and of --upload-jitter")
    plant.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="TIME,WHAT,ID[,...]",
        help="may be repeated; TIME is ISO with an offset, or +MINUTES after the start. add-ecu,EID[,UID...]; "
        "remove-ecu,EID[,1001|4001]; replace-ecu,EID,NEW[,1001|4001]; add-inverter,EID,UID; remove-inverter,UID; "
        "replace-inverter,UID,NEW; move-inverter,UID,EID; list-inverters,EID[,empty|null|missing]",
    )
    plant.add_argument(
        "--no-record-from", type=date.fromisoformat, metavar="DATE", help='daily series say "0" from this day on'
    )


def _add_house(made: argparse.ArgumentParser) -> None:
    house = made.add_argument_group("house")
    house.add_argument("--meter", action="store_true", help="a meter; that of the first ECU, unless it has the battery")
    house.add_argument(
        "--battery", type=float, metavar="KWH", help="a battery of so many kWh at the first ECU (default: none)"
    )


def _add_uploads(made: argparse.ArgumentParser) -> None:
    uploads = made.add_argument_group("uploads")
    uploads.add_argument("--upload-minutes", type=int, default=15, metavar="MINUTES", help="from upload to upload")
    uploads.add_argument(
        "--upload-phases",
        type=_minutes,
        default=(0,),
        metavar="MINUTES[,...]",
        help="after full intervals, ECU by ECU; when there are more ECUs, from the first again",
    )
    uploads.add_argument(
        "--upload-jitter", type=int, default=0, metavar="MINUTES", help="each upload is so much early or late at most"
    )
    uploads.add_argument(
        "--upload-delay", type=int, default=0, metavar="MINUTES", help="from an upload until the cloud serves it"
    )
    uploads.add_argument(
        "--ecu-clock-ahead", type=int, default=0, metavar="MINUTES", help="error of the ECUs' clocks, a multiple of 5"
    )
    uploads.add_argument(
        "--offline",
        action="append",
        default=[],
        metavar="EID,START,END[,lost]",
        help="may be repeated: an ECU without network; times as in --change. Its readings come late, or are lost",
    )


def _site(text: str) -> tuple[float, float]:
    latitude, longitude = (float(part) for part in text.split(","))
    return latitude, longitude


def _minutes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("no offset")
    return time
