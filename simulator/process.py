"""The cloud that a command line describes, as a process with one plant."""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

from .changes import parse_change, parse_time
from .cloud import Cloud
from .faults import parse_fault
from .options import INVERTER_TYPES
from .places import Place, where_it_is
from .plant import Ecu, Inverter, Plant, sample_plant
from .uploads import Uploads

_METER = "216300054321"


def clock(shift_s: float, at_start: datetime | None) -> Callable[[], datetime]:
    """Return the cloud's clock: the true time shifted, or `at_start` and running on."""
    shift = timedelta(seconds=shift_s) if at_start is None else at_start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + shift


def plant_of(options: argparse.Namespace, now: datetime) -> Plant:
    """Return the plant that the command line describes, when it starts at `now`. Raises ValueError."""
    place = _place(options, now)
    inverters = [
        Inverter(uid=f"7030000{index:05d}", type=name, channels=INVERTER_TYPES[name][0], phases=INVERTER_TYPES[name][1])
        for index, name in enumerate(filter(None, options.inverters.split(",")), 11)
    ]
    plant = Plant(
        sid=options.sid,
        latitude=place.latitude,
        longitude=place.longitude,
        timezone=place.timezone,
        create_date=now.astimezone(ZoneInfo(place.timezone)).date() - timedelta(days=options.age_days),
        ecus=tuple(
            Ecu(
                eid=f"2162000{12345 + number:05d}",
                inverters=tuple(inverters[number :: options.ecus]),
                uploads=_uploads(options, number),
            )
            for number in range(options.ecus)
        ),
        changes=tuple(parse_change(spec, now) for spec in options.change),
        seed=options.seed,
        upload_minutes=options.upload_minutes,
        no_record_from=options.no_record_from,
    )
    return _with_house(plant, meter=options.meter, battery_kwh=options.battery)


def cloud_of(options: argparse.Namespace) -> Cloud:
    """Return the cloud that the command line describes. Raises ValueError for a fault, change or outage."""
    now = clock(options.clock_shift, options.now)
    start = now()
    plant = plant_of(options, start)
    plant.at(datetime.max.replace(tzinfo=UTC))
    cloud = Cloud(plant, app_id=options.app_id, app_secret=options.app_secret, quota=options.quota, now=now)
    cloud.order(*(parse_fault(spec) for spec in options.fault))
    for spec in options.offline:
        match spec.split(","):
            case [eid, first, last, *lost] if lost in ([], ["lost"]):
                cloud.offline(eid, parse_time(first, start), parse_time(last, start), late=not lost)
            case _:
                raise ValueError(f"not an outage: {spec}")
    return cloud


async def serve(cloud: Cloud, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve the cloud's first plant until cancelled; print one line of JSON when it is ready."""
    plant = cloud.plants[next(iter(cloud.plants))]
    cloud.lifetime_kwh(plant.sid)  # computes the past, so that the first answer does not take long
    async with cloud.serve(host, port) as url:
        ready = {
            "url": url,
            "app_id": cloud.app_id,
            "app_secret": cloud.app_secret,
            "sid": plant.sid,
            "timezone": plant.timezone,
            "latitude": plant.latitude,
            "longitude": plant.longitude,
            "now": cloud.now().astimezone(plant.zone).isoformat(timespec="seconds"),
        }
        print(json.dumps(ready), flush=True)  # noqa: T201
        await asyncio.Event().wait()


def _place(options: argparse.Namespace, now: datetime) -> Place:
    if options.site is not None:
        latitude, longitude = options.site
        return Place(latitude, longitude, options.timezone)
    if options.site_where_it_is is not None:
        return where_it_is(options.site_where_it_is, now)
    paris = sample_plant()
    return Place(paris.latitude, paris.longitude, paris.timezone)


def _with_house(plant: Plant, *, meter: bool, battery_kwh: float | None) -> Plant:
    """Return a plant with a meter and a battery; beside one at the same ECU, the meter has an id of its own."""
    first, *others = plant.ecus
    if battery_kwh is not None:
        made = replace(plant, ecus=(replace(first, type=2), *others), battery_kwh=battery_kwh, battery_mode=1)
        return replace(made, meters=(_METER,)) if meter else made
    return replace(plant, ecus=(replace(first, type=1), *others), meters=(first.eid,)) if meter else plant


def _uploads(options: argparse.Namespace, number: int) -> Uploads:
    return Uploads(
        every_minutes=options.upload_minutes,
        phase_minutes=options.upload_phases[number % len(options.upload_phases)],
        jitter_minutes=options.upload_jitter,
        delay_minutes=options.upload_delay,
        clock_ahead_minutes=options.ecu_clock_ahead,
    )
