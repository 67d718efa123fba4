"""The cloud: plants, accounts, quotas and faults over a real HTTP server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from aiohttp import web

from . import control
from .accounts import Accounts
from .answers import NoDataError, UnknownDeviceError, answer
from .call import Call
from .defaults import DEFAULT_APP_ID, DEFAULT_APP_SECRET
from .faults import Fault, spoil
from .outcome import Outcome, deliver, of_fault, page
from .plant import Change, Plant, Plants
from .truth import Truth
from .view import Outage, View
from .wire import (
    BAD_PARAMETER,
    FORBIDDEN,
    NO_DATA,
    OVER_QUOTA,
    UNKNOWN,
    BadParameterError,
    Kind,
    Route,
    answers_list,
    period,
    route,
)


class Cloud:
    """The stand-in for the cloud.

    `quota`: calls per App ID and month of `quota_timezone`. `other_accounts`: further App IDs with their
    secrets. `max_clock_skew_s`: greatest error of a timestamp (None: not checked). `content_types` are used
    one after the other. `storage_prefix`: "user" or "installer", the prefix of the storage calls; with the other
    one they are answered with `storage_refusal`, 2004 or 404. A nonce is accepted once.
    """

    def __init__(
        self,
        *plants: Plant,
        app_id: str = DEFAULT_APP_ID,
        app_secret: str = DEFAULT_APP_SECRET,
        quota: int = 1000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        quota_timezone: str = "Asia/Shanghai",
        other_accounts: Mapping[str, str] | None = None,
        max_clock_skew_s: float | None = None,
        content_types: tuple[str, ...] = ("application/json", "application/octet-stream"),
        storage_prefix: str = "user",
        storage_refusal: int = FORBIDDEN,
    ) -> None:
        self.now = now
        self.plants = Plants(plants, now)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.outages: list[Outage] = []
        self.quota = quota
        self.app_id = app_id
        self.app_secret = app_secret
        self._accounts = Accounts(
            {app_id: app_secret} | dict(other_accounts or {}),
            now=now,
            zone=ZoneInfo(quota_timezone),
            max_clock_skew_s=max_clock_skew_s,
        )
        self._content_types = content_types
        self._storage = storage_prefix, storage_refusal
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # Running.

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve, and return the base URL."""
        app = web.Application()
        control.add_routes(app, self)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._stopping = asyncio.Event()
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound_host, bound_port = self._runner.addresses[0][:2]
        return f"http://{bound_host}:{bound_port}"

    async def stop(self) -> None:
        """Stop serving; requests that wait are closed."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve within the context; yields the base URL."""
        url = await self.start(host, port)
        try:
            yield url
        finally:
            await self.stop()

    # Orders of a test.

    def order(self, *faults: Fault) -> None:
        """Order faults; a call is hit by the first one that is for it."""
        self.faults.extend(faults)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    def change(self, sid: str, *changes: Change) -> None:
        """Add changes to a plant, each from its time on.

        Raises ValueError for a change of a device that the plant does not have by then.
        """
        self.plants.change(sid, *changes)

    def offline(
        self, device: str, start: datetime | None = None, end: datetime | None = None, *, late: bool = True
    ) -> None:
        """Take an ECU or meter off line from `start` (None: now) until `end` (None: until `online`).

        `late`: whether its readings of that time are uploaded afterwards; otherwise they are lost.
        """
        self.outages.append(Outage(device=device, start=start or self.now(), end=end, late=late))

    def online(self, device: str) -> None:
        """Bring a device back now."""
        now = self.now()
        self.outages = [
            replace(outage, end=now) if outage.device == device and outage.end is None else outage
            for outage in self.outages
        ]

    def spent(self, app_id: str | None = None) -> int:
        """Return the calls of an App ID (None: the first) in the running month."""
        return self._accounts.spent(app_id or self.app_id)

    def spend(self, calls: int, app_id: str | None = None) -> None:
        """Count calls of another program with an App ID (None: the first)."""
        self._accounts.spend(app_id or self.app_id, calls)

    # The truth.

    def view(self, sid: str, at: datetime | None = None) -> View:
        """Return a plant as its ECUs have uploaded it at a time (None: now); KeyError for an unknown sid."""
        time = at or self.now()
        return View(plant=self.plants.at(sid, time), now=time, outages=tuple(self.outages))

    def truth(self, sid: str, at: datetime | None = None) -> Truth:
        """Return the true figures at a time (None: now); KeyError for an unknown sid."""
        return Truth(self.view(sid, at))

    def energy_kwh(
        self,
        sid: str,
        start: datetime,
        end: datetime,
        *,
        uid: str | None = None,
        channel: int | None = None,
        eid: str | None = None,
        uploaded: bool = True,
    ) -> float:
        """See Truth.energy_kwh."""
        return self.truth(sid).energy_kwh(start, end, uid=uid, channel=channel, eid=eid, uploaded=uploaded)

    def today_kwh(self, sid: str) -> float:
        """See Truth.today_kwh."""
        return self.truth(sid).today_kwh()

    def lifetime_kwh(self, sid: str) -> float:
        """See Truth.lifetime_kwh."""
        return self.truth(sid).lifetime_kwh()

    def hourly_kwh(self, sid: str, day: date) -> list[float]:
        """See Truth.hourly_kwh."""
        return self.truth(sid).hourly_kwh(day)

    def power_w(self, sid: str) -> int:
        """See Truth.power_w."""
        return self.truth(sid).power_w()

    def newest_sample(self, sid: str, eid: str | None = None, at: datetime | None = None) -> datetime | None:
        """See Truth.newest_sample; `at`: the time whose knowledge counts (None: now)."""
        return self.truth(sid, at).newest_sample(eid)

    def uploads(self, sid: str, eid: str, day: date) -> list[datetime]:
        """See Truth.uploads."""
        return self.truth(sid).uploads(eid, day)

    # Answering.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = route(request.path) if request.method == "GET" else None
        kind, sid, target = (asked.kind, asked.sid, asked.target) if asked else (None, None, None)
        level, app_id = request.query.get("energy_level"), request.headers.get("X-CA-AppId")
        self._accounts.book(app_id)
        fault = self._fault_for(kind, level, target)
        outcome = self._outcome(request, asked, fault)
        self.calls.append(
            Call(
                time=self.now(),
                kind=kind,
                sid=sid,
                target=target,
                level=level,
                date_range=request.query.get("date_range"),
                app_id=app_id,
                code=outcome.code,
                status=outcome.status,
                fault=fault.kind if fault else None,
            )
        )
        content_type = self._content_types[len(self.calls) % len(self._content_types)]
        return await deliver(request, outcome, fault, content_type=content_type, stopping=self._stopping)

    def _fault_for(self, kind: Kind | None, level: str | None, target: str | None) -> Fault | None:
        for index, fault in enumerate(self.faults):
            if fault.hits(kind, level, target):
                self.faults[index] = fault.after_hit()
                return fault
        return None

    def _outcome(self, request: web.Request, asked: Route | None, fault: Fault | None) -> Outcome:
        is_list = asked is not None and answers_list(asked.kind, request.query.get("energy_level"))
        if fault is not None and (faulty := of_fault(fault, is_list=is_list)) is not None:
            return faulty
        if asked is None:
            return page(HTTPStatus.NOT_FOUND if request.method == "GET" else HTTPStatus.METHOD_NOT_ALLOWED)
        return self._refusal(request, asked) or self._answer(request, asked, fault)

    def _refusal(self, request: web.Request, asked: Route) -> Outcome | None:
        """Return the answer to a request with wrong credentials, without quota or without rights; else None."""
        app_id = request.headers.get("X-CA-AppId", "")
        plant = self.plants.get(asked.sid)
        if not self._accounts.accept(request.headers, target=asked.target, verb=request.method):
            return Outcome(code=UNKNOWN)
        if self.spent(app_id) > self.quota:
            return Outcome(code=OVER_QUOTA)
        if plant is None:
            return Outcome(code=UNKNOWN)
        if (plant.owner or self.app_id) != app_id:
            return Outcome(code=FORBIDDEN)
        return self._wrong_prefix(asked)

    def _wrong_prefix(self, asked: Route) -> Outcome | None:
        prefix, refusal = self._storage
        is_storage = asked.kind in (Kind.STORAGE_LATEST, Kind.STORAGE_SUMMARY, Kind.STORAGE_PERIOD)
        if asked.prefix == (prefix if is_storage else "user"):
            return None
        return page(refusal) if refusal == HTTPStatus.NOT_FOUND else Outcome(code=refusal)

    def _answer(self, request: web.Request, asked: Route, fault: Fault | None) -> Outcome:
        view = self.view(asked.sid)
        try:
            data = answer(view, asked, period(asked.kind, request.query, view.today, view.plant.create_date))
        except NoDataError:
            return Outcome(code=NO_DATA)
        except BadParameterError, UnknownDeviceError:
            return Outcome(code=BAD_PARAMETER)
        return Outcome(code=0, data=data if fault is None else spoil(fault, data))
