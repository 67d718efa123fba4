"""What a program that runs the simulator as a process may ask of it: the truth, the calls seen, faults."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from .answers import NoDataError, inverter_minutely
from .faults import parse_fault
from .plant import Inverter
from .view import View
from .wire import Json

if TYPE_CHECKING:
    from .cloud import Cloud


def add_routes(app: web.Application, cloud: Cloud) -> None:
    """Add the routes under /_simulator; they cost no quota and are no calls."""

    async def truth(_: web.Request) -> web.Response:
        return web.json_response(
            {"now": cloud.now().isoformat(), "systems": {sid: system(cloud, sid) for sid in cloud.plants}}
        )

    async def calls(_: web.Request) -> web.Response:
        seen = [asdict(call) | {"moment": call.moment.isoformat()} for call in cloud.calls]
        return web.json_response({"spent": cloud.spent(), "quota": cloud.quota, "calls": seen})

    async def faults(request: web.Request) -> web.Response:
        wanted = await request.json()
        try:
            ordered = [parse_fault(spec) for spec in wanted.get("order", [])]
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        if wanted.get("clear"):
            cloud.clear_faults()
        cloud.order(*ordered)
        return web.json_response({"faults": [asdict(fault) for fault in cloud.faults]})

    app.router.add_get("/_simulator/truth", truth)
    app.router.add_get("/_simulator/calls", calls)
    app.router.add_post("/_simulator/faults", faults)


def system(cloud: Cloud, sid: str) -> dict[str, Json]:
    """Return the truth about a plant. kWh, W, V, A, Hz, degrees Celsius."""
    view, truth = cloud.view(sid), cloud.truth(sid)
    newest = truth.newest_sample()
    return {
        "timezone": view.plant.timezone,
        "latitude": view.plant.latitude,
        "longitude": view.plant.longitude,
        "date": view.today.isoformat(),
        "today_kwh": truth.today_kwh(),
        "lifetime_kwh": truth.lifetime_kwh(),
        "hourly_kwh": [*truth.hourly_kwh(view.today)],
        "power_w": truth.power_w(),
        "newest_sample": newest.isoformat() if newest else None,
        "ecus": [
            {
                "eid": ecu.eid,
                "type": ecu.type,
                "inverters": [_inverter(view, inverter) for inverter in ecu.inverters],
            }
            for ecu in view.plant.ecus
        ],
    }


def _inverter(view: View, inverter: Inverter) -> Json:
    """Return an inverter with its newest electrical values as the cloud serves them, under its keys."""
    try:
        series = inverter_minutely(view, inverter, view.today)
    except NoDataError:
        series = {}
    latest: dict[str, Json] = {
        key: values[-1] if key == "t" else float(str(values[-1]))
        for key, values in series.items()
        if isinstance(values, list)
    }
    powers = [value for key, value in latest.items() if key.startswith("ac_p") and isinstance(value, float)]
    return {
        "uid": inverter.uid,
        "type": inverter.type,
        "channels": inverter.channels,
        "phases": inverter.phases,
        "ac_power_w": sum(powers) if powers else None,
        "latest": latest,
    }
