"""Routes for a program that runs the simulator as a process: truth, calls, faults, changes."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Protocol

from aiohttp import web

from .answers import NoDataError, inverter_minutely
from .call import Call
from .changes import parse_change
from .faults import Fault, parse_fault
from .plant import Change, Ecu, Inverter, Plants
from .truth import Truth
from .view import View
from .wire import Json


class Controlled(Protocol):
    """The parts of a cloud that these routes need."""

    now: Callable[[], datetime]
    plants: Plants
    calls: list[Call]
    faults: list[Fault]
    quota: int

    def view(self, sid: str) -> View:
        """Return a plant as the cloud knows it now."""

    def spent(self) -> int:
        """Return the calls of the running month."""

    def order(self, *faults: Fault) -> None:
        """Order faults."""

    def clear_faults(self) -> None:
        """Remove all faults."""

    def change(self, sid: str, *changes: Change) -> None:
        """Add changes to a plant."""


def add_routes(app: web.Application, cloud: Controlled) -> None:
    """Add the routes under /_simulator; they cost no quota and are not recorded as calls."""

    async def truth(request: web.Request) -> web.Response:
        since = request.query.get("since")
        first = date.fromisoformat(since) if since else None
        systems = {sid: system(cloud.view(sid), first) for sid in cloud.plants}
        return web.json_response({"now": cloud.now().isoformat(), "systems": systems})

    async def calls(_: web.Request) -> web.Response:
        seen = [asdict(call) | {"time": call.time.isoformat()} for call in cloud.calls]
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

    async def changes(request: web.Request) -> web.Response:
        wanted = await request.json()
        sid = wanted.get("sid", next(iter(cloud.plants)))
        try:
            cloud.change(sid, *(parse_change(spec, cloud.now()) for spec in wanted["order"]))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(system(cloud.view(sid)))

    app.router.add_get("/_simulator/truth", truth)
    app.router.add_get("/_simulator/calls", calls)
    app.router.add_post("/_simulator/faults", faults)
    app.router.add_post("/_simulator/changes", changes)


def system(view: View, since: date | None = None) -> dict[str, Json]:
    """Return the truth about a plant: kWh, W, V, A, Hz, degrees Celsius, ISO times.

    `past_kwh` is the energy from a day to yesterday, by default from the first one.
    """
    truth = Truth(view)
    return {
        "timezone": view.plant.timezone,
        "latitude": view.plant.latitude,
        "longitude": view.plant.longitude,
        "date": view.today.isoformat(),
        "today_kwh": truth.today_kwh(),
        "lifetime_kwh": truth.lifetime_kwh(),
        "past_kwh": truth.past_kwh(since or view.plant.create_date),
        "hourly_kwh": [*truth.hourly_kwh(view.today)],
        "power_w": truth.power_w(),
        "newest_sample": _iso(truth.newest_sample()),
        "ecus": [_ecu(view, truth, ecu) for ecu in view.plant.ecus],
        "meters": [_house(view, truth, eid, since) for eid in view.plant.meters],
        "batteries": [_house(view, truth, ecu.eid, since) for ecu in view.plant.ecus if ecu.type == 2],
    }


def _house(view: View, truth: Truth, eid: str, since: date | None) -> Json:
    """Return the flows of the house by a meter or a battery: kWh of today, since the first day, and until yesterday."""
    first, today, tomorrow = view.plant.create_date, view.today, view.today + timedelta(days=1)
    days = {"today_kwh": (today, tomorrow), "lifetime_kwh": (first, tomorrow), "past_kwh": (since or first, today)}
    energies: dict[str, Json] = {
        name: {**truth.flows_kwh(eid, *(view.midnight(day) for day in span))} for name, span in days.items()
    }
    return {"eid": eid, "power_w": {**truth.flows_w(eid)}, "soc": truth.soc(eid), **energies}


def _ecu(view: View, truth: Truth, ecu: Ecu) -> Json:
    return {
        "eid": ecu.eid,
        "type": ecu.type,
        "newest_sample": _iso(truth.newest_sample(ecu.eid)),
        "inverters": [_inverter(view, inverter) for inverter in ecu.inverters],
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


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
