"""The cloud: plants, accounts, quotas and faults behind a real HTTP server on loopback."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from aiohttp import web

from . import control
from .answers import NoDataError, UnknownDeviceError, answer
from .faults import Fault, FaultKind, spoil
from .outcome import Outcome, deliver, of_fault, page
from .plant import Plant, Plants
from .truth import Truth
from .view import Outage, View
from .wire import BadParameterError, Kind, Route, answers_list, is_signed, period, route

DEFAULT_APP_ID = "0123456789abcdef0123456789abcdef"
DEFAULT_APP_SECRET = "s3cr3tS3cr3t"  # noqa: S105

NO_DATA = 1001
FORBIDDEN = 2004
OVER_QUOTA = 2005
UNKNOWN = 4000
BAD_PARAMETER = 4001


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that was seen, and what became of it.

    `kind`, `sid` and `target` are None for a path that the cloud does not know. `code` is None when no JSON
    with a code was sent, `status` when there was no answer.
    """

    moment: datetime
    kind: Kind | None
    sid: str | None
    target: str | None
    level: str | None
    date_range: str | None
    app_id: str | None
    code: int | None
    status: int | None
    fault: FaultKind | None


class Cloud:
    """The stand-in for the cloud.

    `quota`: calls per App ID and month of `quota_timezone`. `other_accounts`: further App IDs with their
    secrets. `max_clock_skew_s`: how far a timestamp may be off (None: not looked at). `content_types` take
    turns. `storage_prefix`: where the storage calls live, "user" or "installer"; elsewhere they get
    `storage_refusal`, 2004 or 404. A nonce is good for one request.
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
        self._secrets = {app_id: app_secret} | dict(other_accounts or {})
        self._quota_zone = ZoneInfo(quota_timezone)
        self._max_clock_skew_s = max_clock_skew_s
        self._content_types = content_types
        self._storage = storage_prefix, storage_refusal
        self._spent: Counter[tuple[str, str]] = Counter()
        self._nonces: set[str] = set()
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
        """Stop serving; requests that hang are let go."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve as long as the context lasts."""
        url = await self.start(host, port)
        try:
            yield url
        finally:
            await self.stop()

    # What a test may do to it.

    def order(self, *faults: Fault) -> None:
        """Order faults; the first ordered that fits a call strikes it."""
        self.faults.extend(faults)

    def clear_faults(self) -> None:
        """Let all be well again."""
        self.faults.clear()

    def offline(
        self, device: str, start: datetime | None = None, end: datetime | None = None, *, late: bool = True
    ) -> None:
        """Take an ECU or a meter off line from `start` (None: now) until `end` (None: until `online`)."""
        self.outages.append(Outage(device=device, start=start or self.now(), end=end, late=late))

    def online(self, device: str) -> None:
        """Bring a device back now."""
        moment = self.now()
        self.outages = [
            replace(outage, end=moment) if outage.device == device and outage.end is None else outage
            for outage in self.outages
        ]

    def spent(self, app_id: str | None = None) -> int:
        """Return the calls of an App ID in the running month."""
        return self._spent[self._month(app_id or self.app_id)]

    def spend(self, calls: int, app_id: str | None = None) -> None:
        """Book calls that some other program has made."""
        self._spent[self._month(app_id or self.app_id)] += calls

    def _month(self, app_id: str) -> tuple[str, str]:
        return app_id, self.now().astimezone(self._quota_zone).strftime("%Y-%m")

    # What is true.

    def view(self, sid: str) -> View:
        """Return a plant as its ECUs have uploaded it by now."""
        return View(plant=self.plants[sid], now=self.now(), outages=tuple(self.outages))

    def truth(self, sid: str) -> Truth:
        """Return what a test may compare with."""
        return Truth(self.view(sid))

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

    def newest_sample(self, sid: str) -> datetime | None:
        """See Truth.newest_sample."""
        return self.truth(sid).newest_sample()

    # Answering.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = route(request.path) if request.method == "GET" else None
        kind, sid, target = (asked.kind, asked.sid, asked.target) if asked else (None, None, None)
        level, app_id = request.query.get("energy_level"), request.headers.get("X-CA-AppId")
        if app_id in self._secrets:
            self._spent[self._month(app_id)] += 1
        fault = self._strike(kind, level, target)
        outcome = self._outcome(request, asked, fault)
        self.calls.append(
            Call(
                moment=self.now(),
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

    def _strike(self, kind: Kind | None, level: str | None, target: str | None) -> Fault | None:
        for index, fault in enumerate(self.faults):
            if fault.hits(kind, level, target):
                self.faults[index] = fault.once_less()
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
        """Say why there is no answer: credentials, quota, rights."""
        app_id = request.headers.get("X-CA-AppId", "")
        plant = self.plants.get(asked.sid)
        if not self._is_signed(request, asked):
            return Outcome(code=UNKNOWN)
        if self.spent(app_id) > self.quota:
            return Outcome(code=OVER_QUOTA)
        if plant is None:
            return Outcome(code=UNKNOWN)
        if (plant.owner or self.app_id) != app_id:
            return Outcome(code=FORBIDDEN)
        return self._wrong_door(asked)

    def _wrong_door(self, asked: Route) -> Outcome | None:
        prefix, refusal = self._storage
        stored = asked.kind in (Kind.STORAGE_LATEST, Kind.STORAGE_SUMMARY, Kind.STORAGE_PERIOD)
        if asked.prefix == (prefix if stored else "user"):
            return None
        return page(refusal) if refusal == HTTPStatus.NOT_FOUND else Outcome(code=refusal)

    def _is_signed(self, request: web.Request, asked: Route) -> bool:
        secret = self._secrets.get(request.headers.get("X-CA-AppId", ""))
        if secret is None or not is_signed(request.headers, secret=secret, target=asked.target, verb=request.method):
            return False
        skew_s = abs(self.now().timestamp() - int(request.headers["X-CA-Timestamp"]) / 1000)
        if self._max_clock_skew_s is not None and skew_s > self._max_clock_skew_s:
            return False
        nonce = request.headers["X-CA-Nonce"]
        fresh = nonce not in self._nonces
        self._nonces.add(nonce)
        return fresh

    def _answer(self, request: web.Request, asked: Route, fault: Fault | None) -> Outcome:
        view = self.view(asked.sid)
        try:
            data = answer(view, asked, period(asked.kind, request.query, view.today, view.plant.create_date))
        except NoDataError:
            return Outcome(code=NO_DATA)
        except BadParameterError, UnknownDeviceError:
            return Outcome(code=BAD_PARAMETER)
        return Outcome(code=0, data=data if fault is None else spoil(fault, data))
