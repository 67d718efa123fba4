"""`python -m simulator`: the cloud as a process, with one plant."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

from . import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, Ecu, Inverter, Plant, parse_fault, sample_plant
from .places import Place, where_it_is

_SHAPES = {"DS3": (2, 1), "QS1": (4, 1), "QT2": (4, 3), "YC600": (2, 1)}
"""Channels and phases by type."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A stand-in for the APsystems cloud. Prints one line of JSON with its address and "
        "credentials when it is ready. GET /_simulator/truth and /_simulator/calls, POST /_simulator/faults.",
    )
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0: any that is free")
    site = made.add_mutually_exclusive_group()
    site.add_argument(
        "--site",
        type=_site,
        metavar="LAT,LON",
        help="where the plant stands (default: Paris); with a minus in front: --site=-33.9,18.4",
    )
    site.add_argument(
        "--site-where-it-is",
        type=int,
        metavar="HH",
        choices=range(24),
        help="a sunny place where it is HH o'clock now",
    )
    made.add_argument("--timezone", help="of the --site, as Europe/Paris")
    made.add_argument("--inverters", default="DS3,DS3,QT2", help=f"types, of {', '.join(_SHAPES)}")
    made.add_argument("--ecus", type=int, default=1, help="how many ECUs share the inverters")
    made.add_argument("--app-id", default=DEFAULT_APP_ID)
    made.add_argument("--app-secret", default=DEFAULT_APP_SECRET)
    made.add_argument("--sid", default="AB12345C6D7E")
    made.add_argument("--age-days", type=int, default=400, help="registered so many days ago")
    made.add_argument("--seed", type=int, default=0, help="of the clouds in the sky")
    made.add_argument("--quota", type=int, default=1000, help="calls a month")
    made.add_argument("--upload-minutes", type=int, default=15)
    clock = made.add_mutually_exclusive_group()
    clock.add_argument("--clock-shift", type=float, default=0.0, metavar="SECONDS", help="the cloud's clock is ahead")
    clock.add_argument("--now", type=_moment, metavar="ISO", help="the cloud's clock at the start, with an offset")
    made.add_argument(
        "--fault",
        action="append",
        default=[],
        type=parse_fault,
        metavar="SPEC",
        help="may be repeated: 2005, energy:5000x3, energy/hourly:timeout, http502, slow=3, nonsense=NaN",
    )
    return made


def _site(text: str) -> tuple[float, float]:
    latitude, longitude = (float(part) for part in text.split(","))
    return latitude, longitude


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def clock(shift_s: float, at_start: datetime | None) -> Callable[[], datetime]:
    """Return the cloud's clock: shifted, or running on from a moment."""
    shift = timedelta(seconds=shift_s) if at_start is None else at_start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + shift


def plant_of(options: argparse.Namespace, now: datetime) -> Plant:
    """Return the plant that the command line describes."""
    paris = sample_plant()
    place = Place(paris.latitude, paris.longitude, paris.timezone)
    if options.site is not None:
        latitude, longitude = options.site
        place = Place(latitude, longitude, options.timezone)
    elif options.site_where_it_is is not None:
        place = where_it_is(options.site_where_it_is, now)
    inverters = [
        Inverter(uid=f"7030000{index:05d}", type=kind, channels=_SHAPES[kind][0], phases=_SHAPES[kind][1])
        for index, kind in enumerate(filter(None, options.inverters.split(",")), 11)
    ]
    return Plant(
        sid=options.sid,
        latitude=place.latitude,
        longitude=place.longitude,
        timezone=place.timezone,
        create_date=now.astimezone(ZoneInfo(place.timezone)).date() - timedelta(days=options.age_days),
        ecus=tuple(
            Ecu(eid=f"2162000{12345 + number:05d}", inverters=tuple(inverters[number :: options.ecus]))
            for number in range(options.ecus)
        ),
        seed=options.seed,
        upload_minutes=options.upload_minutes,
    )


async def serve(options: argparse.Namespace) -> None:
    """Serve until cancelled."""
    now = clock(options.clock_shift, options.now)
    plant = plant_of(options, now())
    cloud = Cloud(plant, app_id=options.app_id, app_secret=options.app_secret, quota=options.quota, now=now)
    cloud.order(*options.fault)
    cloud.lifetime_kwh(plant.sid)
    async with cloud.serve(options.host, options.port) as url:
        ready = {
            "url": url,
            "app_id": options.app_id,
            "app_secret": options.app_secret,
            "sid": plant.sid,
            "timezone": plant.timezone,
            "latitude": plant.latitude,
            "longitude": plant.longitude,
            "now": now().astimezone(plant.zone).isoformat(timespec="seconds"),
        }
        print(json.dumps(ready), flush=True)
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until interrupted."""
    made = parser()
    options = made.parse_args(arguments)
    if (options.site is None) is not (options.timezone is None):
        made.error("--site and --timezone go together")
    if unknown := [kind for kind in options.inverters.split(",") if kind and kind not in _SHAPES]:
        made.error(f"unknown inverters: {', '.join(unknown)}")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options))


if __name__ == "__main__":
    main()
