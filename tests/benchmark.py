"""The integration's cost: processor time, memory, database. `scripts/benchmark` runs it and prints tables.

Times are the processor time of the event loop's thread, without the simulated cloud, which has its own thread, and
without other processes. A read's "transport" is the cost of the same request by aiohttp alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
import gc
import json
import logging
from statistics import median
import threading
import time
import tracemalloc
from typing import Any, override
from unittest.mock import patch

from homeassistant.components.recorder import Recorder
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.recorder import get_instance, session_scope
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import text

from custom_components.apsystems_openapi import sensor
from custom_components.apsystems_openapi.cloud import client
from custom_components.apsystems_openapi.schedule.calls import Call, Kind
from custom_components.apsystems_openapi.system.presses import Press
from simulator import Cloud, Fault, FaultKind, Plant, big_plant
from tests.harness import AUTOMATIC, House, RightClock

HOUR = timedelta(hours=1)
SIZES = (6, 120)
ROUNDS = 15


class ThreadedCloud(Cloud):
    """A cloud with its own thread."""

    @override
    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.start(host, port), loop))
        finally:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.stop(), loop))
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


@pytest.fixture(params=SIZES)
def plant(request: pytest.FixtureRequest) -> Plant:
    """Return plants of one ECU, small and large."""
    return big_plant(request.param, 1, create_date=date(2026, 6, 1))


@pytest.fixture
async def cloud(socket_enabled: None, plant: Plant) -> Cloud:  # noqa: ARG001
    """Return a cloud whose processor time is not counted."""
    return ThreadedCloud(plant, now=RightClock(), quota=100_000)


def cpu() -> float:
    """Return this thread's processor time in seconds; the frozen clock does not change it."""
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)


@dataclass
class Loop:
    """Processor time of the event loop's thread, in seconds: of all steps, and of the longest."""

    total: float = 0.0
    longest: float = 0.0


@contextmanager
def measured() -> Iterator[Loop]:
    """Measure every step of the event loop."""
    loop, here, run, is_on = Loop(), threading.get_ident(), asyncio.Handle._run, True  # noqa: SLF001

    def timed(handle: asyncio.Handle) -> None:
        begin = cpu()
        run(handle)
        if is_on and threading.get_ident() == here:
            loop.total += (took := cpu() - begin)
            loop.longest = max(loop.longest, took)

    with patch.object(asyncio.Handle, "_run", timed):
        yield loop
    is_on = False  # the current step is not at its end yet


async def measure(work: Callable[[], Awaitable[Any]], times: int = ROUNDS) -> Loop:
    """Return the medians of some runs. No timer of the frozen clock fires meanwhile."""
    runs = []
    for _ in range(times):
        gc.collect()
        gc.disable()  # its time depends on everything else in the process
        with measured() as loop:
            await asyncio.ensure_future(work())
        gc.enable()
        runs.append(loop)
    return Loop(total=median(run.total for run in runs), longest=median(run.longest for run in runs))


def say(text: str) -> None:
    """Print a line of the report."""
    print(text)  # noqa: T201


def parse_time(body: bytes) -> float:
    """Return the median time that `json.loads` takes, in seconds."""
    times = []
    for _ in range(200):
        start = cpu()
        json.loads(body)
        times.append(cpu() - start)
    return median(times)


async def answer_of(read: Callable[[], Awaitable[Any]]) -> bytes:
    """Return the body of the answer that a read receives."""
    bodies: list[bytes] = []
    decode = client.decode_answer

    def record(body: bytes, endpoint: str) -> object:
        bodies.append(body)
        return decode(body, endpoint)

    with patch.object(client, "decode_answer", record):
        await read()
    return bodies[-1]


async def transport_time(house: House, body: bytes) -> float:
    """Return the time that aiohttp alone takes for a request with such an answer, in seconds."""

    async def request() -> bytes:
        session = async_get_clientsession(house.hass)
        url = f"{house.url}/user/api/v2/systems/summary/{house.sid}"
        async with session.get(url, headers={"Connection": "close"}) as response:
            return await response.read()

    house.cloud.order(Fault(kind=FaultKind.BODY, body=body.decode()))
    loop = await measure(request)
    house.cloud.clear_faults()
    return loop.total


async def test_reads(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Event-loop time of each kind of read, and of a set-up from the stored state."""
    monkeypatch.setattr(Press, "newer_from", lambda *_: None)  # the same samples are read again
    logging.disable(logging.INFO)
    house.move_to("2026-06-15 17:00")
    entry = await house.set_up(**AUTOMATIC)
    eid, uid = house.plant.ecus[0].eid, house.plant.inverters[0].uid
    say(f"\n{len(house.plant.inverters)} inverters, {len(house.hass.states.async_all('sensor'))} sensors")
    say(
        "| read | answer, kB | json.loads, ms | event loop, ms | transport, ms | "
        "ratio | without transport | longest, ms |"
    )
    for call in (
        Call(kind=Kind.ECU_DAY, target=eid),
        Call(kind=Kind.SUMMARY),
        Call(kind=Kind.BATCH_POWER, target=eid),
        Call(kind=Kind.BATCH_ENERGY, target=eid),
        Call(kind=Kind.TELEMETRY, target=uid),
    ):
        read = partial(entry.runtime_data.async_press, call)
        house.freezer.tick(timedelta(minutes=20))
        await house.settle()
        body = await answer_of(read)
        parse, loop, transport = parse_time(body), await measure(read), await transport_time(house, body)
        rest = max(loop.total - transport, 0.0)
        say(
            f"| {call.kind} | {len(body) / 1000:.1f} | {parse * 1e3:.2f} | {loop.total * 1e3:.1f} | "
            f"{transport * 1e3:.1f} | {loop.total / parse:.1f} | {rest / parse:.1f} | {loop.longest * 1e3:.1f} |"
        )
    loop = await measure(partial(house.hass.config_entries.async_reload, entry.entry_id), 5)
    say(f"set-up from stored state: {loop.total * 1e3:.0f} ms, longest step {loop.longest * 1e3:.0f} ms")
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("hass_storage", [None])
async def test_memory(house: House, hass_storage: None) -> None:  # noqa: ARG001
    """Memory that the integration's own lines have allocated after a day and after a month.

    With real files: a simulated disk keeps everything that was ever written.
    """
    logging.disable(logging.INFO)
    tracemalloc.start(1)
    await house.set_up(**AUTOMATIC)
    ours = [tracemalloc.Filter(inclusive=True, filename_pattern="*/apsystems_openapi/*")]
    sizes = []
    for days in (1, 29):
        await house.pass_time(timedelta(days=days), HOUR)
        house.cloud.calls.clear()
        house.caplog.clear()
        gc.collect()
        sizes.append(sum(line.size for line in tracemalloc.take_snapshot().filter_traces(ours).statistics("filename")))
    tracemalloc.stop()
    logging.disable(logging.NOTSET)
    say(
        f"{len(house.plant.inverters)} inverters: {sizes[0] / 1000:.0f} kB after a day, "
        f"{sizes[1] / 1000:.0f} kB after a month"
    )


async def stored(house: House) -> tuple[int, int, int]:
    """Return the size of the recorder's database: bytes, states, and bytes of their attributes."""
    await async_wait_recording_done(house.hass)

    def look() -> tuple[int, int, int]:
        with session_scope(hass=house.hass, read_only=True) as session:
            pages, page, states, attributes = (
                session.execute(text(query)).scalar_one() or 0
                for query in (
                    "SELECT page_count FROM pragma_page_count",
                    "SELECT page_size FROM pragma_page_size",
                    "SELECT count(*) FROM states",
                    "SELECT sum(length(shared_attrs)) FROM state_attributes",
                )
            )
            return pages * page, states, attributes

    return await get_instance(house.hass).async_add_executor_job(look)


@pytest.mark.parametrize("series", [False, True], ids=["states alone", "series recorded"])
async def test_recorder(recorder_mock: Recorder, house: House, series: bool) -> None:  # noqa: ARG001
    """Growth of the recorder's database in a day: as it is, and with every attribute recorded."""
    logging.disable(logging.INFO)
    recorded = frozenset[str]()
    name = "_Entity__combined_unrecorded_attributes"
    with ExitStack() as stack:
        for kind in (sensor.SystemSensor, sensor.InverterSensor) if series else ():
            stack.enter_context(patch.object(kind, name, recorded))
        house.move_to("2026-06-15 23:55")
        await house.set_up(**AUTOMATIC)
        await house.pass_time("2026-06-16 00:05")
        before = await stored(house)
        await house.pass_time("2026-06-17 00:05")
        after = await stored(house)
    logging.disable(logging.NOTSET)
    size, states, attributes = (b - a for a, b in zip(before, after, strict=True))
    say(
        f"{len(house.plant.inverters)} inverters, {'series recorded' if series else 'states alone'}: "
        f"{size / 1000:.0f} kB a day, of {states} states; {attributes / 1000:.1f} kB of attributes"
    )
