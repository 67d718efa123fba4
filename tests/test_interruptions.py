"""At every await of a round: stop, unload, remove, disable, reload, reconfigure, another press, a full disk, 2005.

Each scenario runs once to find its awaits. With `--all` it then runs for each interruption at each of them, otherwise
at one that is drawn. With `-s` each test prints how many there were, and what was lost.
"""
# ruff: noqa: ANN401 -- what Home Assistant writes and awaits has any type

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
import json
import logging
from pathlib import Path
import random
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import frame, json as json_helper, storage
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)

from custom_components.apsystems_openapi.const import CONF_FIRST_ANSWERS, DOMAIN
from custom_components.apsystems_openapi.history.recorder import RecorderBusyError
from custom_components.apsystems_openapi.system.house import House as DeviceState
from custom_components.apsystems_openapi.system.state import SystemState
from custom_components.apsystems_openapi.system.storage import load
from simulator import Call, Cloud, FaultKind, Kind, Plant, big_plant, parse_fault
from tests.conftest import encode_date
from tests.harness import AUTOMATIC, House, RightClock, paris
from tests.house_plants import BOTH
from tests.interruptions import Point, Watch, own_tasks, own_timers, watching

LAST_ANSWER = timedelta(seconds=10)
STEPS = 2000
"""Of the loop, after which work that has not come to its end waits for the clock."""
PLANT = big_plant(3, 2, create_date=date(2026, 6, 10))
BUTTON = "refresh_inverter_energy"
OTHER_BUTTON = "scan_inverters"


# Interruptions


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Calls that the integration makes."""

    begin: str
    """When they are made; the integration is set up at 13:00."""
    press: bool = False
    """A button is pressed."""
    planned: bool = False
    """Planned calls are due."""
    fault: str | None = None
    plant: Plant = PLANT
    is_set_up: bool = True
    """False when the calls are those of the set-up."""
    has_recorder: bool = False
    without: frozenset[str] = frozenset()
    """Interruptions that make no sense here."""


NO_PRESS = frozenset({"same button", "cancel"})
SCENARIOS = {
    "evening": Scenario(begin="2026-06-15 22:26", planned=True, without=NO_PRESS),
    "evening of a house": Scenario(begin="2026-06-15 22:26", planned=True, plant=BOTH, without=NO_PRESS),
    "press": Scenario(begin="2026-06-15 13:33", press=True),
    "press in the evening": Scenario(begin="2026-06-15 22:26", press=True, planned=True),
    "loans": Scenario(begin="2026-06-15 13:33", planned=True, has_recorder=True, without=NO_PRESS),
    "first read": Scenario(
        begin="2026-06-15 13:00", is_set_up=False, without=NO_PRESS | {"unload", "reconfigure", "other button"}
    ),
    "no answer": Scenario(begin="2026-06-15 13:33", press=True, fault="timeout"),
    "refused": Scenario(begin="2026-06-15 13:33", press=True, fault="2001"),
}


def is_rare(scenario: Scenario, interruption: str) -> bool:
    """Return whether a case runs with `--all` alone: most of those of a plant with a meter and a battery."""
    return scenario.plant is BOTH and interruption not in {"stop", "reload"}


class BusyRecorder:
    """A recorder that seems ready and takes nothing: what was fetched stays in the state."""

    is_available = True
    is_ready = True

    def __init__(self, _: HomeAssistant) -> None:
        """Take what the real one takes."""

    def __getattr__(self, _: str) -> Callable[..., Coroutine[Any, Any, None]]:
        return self._refuse

    async def _refuse(self, *_: object, **__: object) -> None:
        await asyncio.sleep(0)
        raise RecorderBusyError


@dataclass
class Case:
    """One run of a scenario, and what became of it."""

    house: House
    entry: ConfigEntry[Any]
    watch: Watch
    elsewhere: str
    """Another address of the cloud."""
    disk: list[bool]
    """Anything in it: full."""
    before: SystemState = field(default_factory=SystemState)
    begun: int = 0
    """How many calls there were before."""
    press: asyncio.Task[Any] | None = None
    more: list[asyncio.Task[Any]] = field(default_factory=list)
    """Further presses."""
    interrupted_at: datetime | None = None
    answered_before: list[str] = field(default_factory=list)
    """What had been answered when it was interrupted."""
    took: timedelta = timedelta()
    """By the home's clock, for the interruption."""

    @property
    def _folder(self) -> Path:
        return Path(self.house.hass.config.path(".storage"))

    @property
    def booked(self) -> int:
        """Return the calls in the ledger's file."""
        files = self._folder.glob(f"{DOMAIN}.ledger.*")
        return sum(sum(json.loads(file.read_text())["data"]["spent"].values()) for file in files)

    @property
    def state_files(self) -> dict[str, str]:
        """Return the files of the state by name."""
        return {file.name: file.read_text() for file in self._folder.glob(f"{DOMAIN}.{self.house.sid}*")}

    @property
    def stored(self) -> SystemState | None:
        """Return the stored state; None without a file."""
        if (text := self.state_files.get(f"{DOMAIN}.{self.house.sid}")) is None:
            return None
        state, unreadable = load(json.loads(text)["data"])
        assert not unreadable
        return state

    @property
    def made(self) -> list[Call]:
        """Return the calls of the scenario."""
        return self.house.cloud.calls[self.begun :]

    @property
    def answered(self) -> list[Call]:
        """Return the calls of the scenario that got their answer."""
        return [call for call in self.made if call.code == 0 and call.fault is None]

    @property
    def lost(self) -> list[str]:
        """Return the answers that are not in the stored state."""
        state = self.stored
        return [label(call) for call in self.answered if state is None or not is_stored(call, state, self.before)]

    def start_press(self, key: str) -> asyncio.Task[Any]:
        """Press a button in a watched task."""
        target = {"entity_id": self.house.entity_id(key, "button")}
        return self.watch.task(self.house.hass.services.async_call("button", "press", target, blocking=True))


def label(call: Call) -> str:
    """Return what a call has asked for."""
    return ":".join(str(part) for part in (call.kind, call.target, call.level, call.date_range) if part)


def is_stored(call: Call, state: SystemState, before: SystemState) -> bool:
    """Return whether a state has the answer of a call."""
    assert call.kind is not None
    return EVIDENCE[call.kind](call, state, before)


def _is_since(time: datetime | None, call: Call) -> bool:
    return time is not None and time >= call.time


def _has_telemetry(uids: Iterable[str], state: SystemState, before: SystemState) -> bool:
    return all(state.telemetry.get(uid) not in (None, before.telemetry.get(uid)) for uid in uids)


def _has_batch(call: Call, state: SystemState, before: SystemState) -> bool:
    uids = [inverter.uid for inverter in state.inverters if inverter.eid == call.target]
    return set(uids) <= state.panel_energy.keys() if call.level == "energy" else _has_telemetry(uids, state, before)


def _has_energy(call: Call, state: SystemState, _: SystemState) -> bool:
    unwritten = state.backlog.unwritten
    days = [*(fetched.day for fetched in unwritten.days), *([state.hours.day] if state.hours else [])]
    months = [f"{fetched.month:%Y-%m}" for fetched in unwritten.months]
    return call.date_range in {*months, *map(str, days)}


def _has_house(state: Mapping[str, DeviceState], before: Mapping[str, DeviceState], call: Call) -> bool:
    known = state.get(call.target or "")
    return known is not None and known != before.get(call.target or "")


EVIDENCE: dict[Kind, Callable[[Call, SystemState, SystemState], bool]] = {
    Kind.DETAILS: lambda call, state, _: _is_since(state.details_at, call),
    Kind.INVERTERS: lambda call, state, _: _is_since(state.listed_at, call),
    Kind.SUMMARY: lambda call, state, _: state.energy is not None and _is_since(state.energy.summary_at, call),
    Kind.ECU_ENERGY: lambda call, state, _: any(
        eid == call.target and _is_since(contact.at, call) for eid, contact in state.contacts.items()
    ),
    Kind.INVERTER_ENERGY: lambda call, state, before: _has_telemetry([call.target or ""], state, before),
    Kind.BATCH: _has_batch,
    Kind.ENERGY: _has_energy,
    Kind.INVERTER_SUMMARY: lambda call, state, _: _is_since(state.totals_read.get(call.target or ""), call),
    Kind.METERS: lambda _call, state, _before: bool(state.listed_meters),
    Kind.METER_SUMMARY: lambda call, state, before: _has_house(state.meters, before.meters, call),
    Kind.METER_ENERGY: lambda call, state, before: _has_house(state.meters, before.meters, call),
    Kind.STORAGE_LATEST: lambda call, state, before: _has_house(state.batteries, before.batteries, call),
    Kind.STORAGE_SUMMARY: lambda call, state, before: _has_house(state.batteries, before.batteries, call),
    Kind.STORAGE_PERIOD: lambda call, state, before: _has_house(state.batteries, before.batteries, call),
}
"""Where the state has the answer of a call."""


# Interruptions


async def stop(case: Case) -> None:
    """Stop Home Assistant."""
    await case.house.hass.async_stop(force=True)


async def unload(case: Case) -> None:
    """Unload the entry."""
    await case.house.hass.config_entries.async_unload(case.entry.entry_id)


async def remove(case: Case) -> None:
    """Remove the entry."""
    await case.house.hass.config_entries.async_remove(case.entry.entry_id)


async def disable(case: Case) -> None:
    """Disable the entry."""
    await case.house.hass.config_entries.async_set_disabled_by(case.entry.entry_id, ConfigEntryDisabler.USER)


async def reload(case: Case) -> None:
    """Unload and set up again."""
    with suppress(OperationNotAllowed):
        await case.house.hass.config_entries.async_reload(case.entry.entry_id)


async def reconfigure(case: Case) -> None:
    """Enter another address of the cloud, at which everything is well."""
    flows = case.house.hass.config_entries.flow
    case.house.cloud.clear_faults()
    context = {"source": SOURCE_RECONFIGURE, "entry_id": case.entry.entry_id}
    form = await flows.async_init(DOMAIN, context=context)  # type: ignore[arg-type]
    typed = {**case.house.data(), "base_url": case.elsewhere}
    result = await flows.async_configure(form["flow_id"], typed)
    assert result.get("reason") == "reconfigure_successful", result


async def same_button(case: Case) -> None:
    """Press the same button again."""
    case.more.append(case.start_press(BUTTON))


async def other_button(case: Case) -> None:
    """Press another button."""
    case.more.append(case.start_press(OTHER_BUTTON))


async def cancel(case: Case) -> None:
    """Cancel whoever has pressed, such as a script that is stopped."""
    assert case.press is not None
    case.press.cancel()


async def fill_disk(case: Case) -> None:
    """Let the ledger be written no more."""
    case.disk.append(True)


def refuse(code: str) -> Callable[[Case], Coroutine[Any, Any, None]]:
    """Return what lets the cloud stop all calls from now on."""

    async def order(case: Case) -> None:
        case.house.cloud.clear_faults()
        case.house.cloud.order(parse_fault(code))

    return order


INTERRUPTIONS: dict[str, Callable[[Case], Coroutine[Any, Any, None]]] = {
    "stop": stop,
    "unload": unload,
    "remove": remove,
    "disable": disable,
    "reload": reload,
    "reconfigure": reconfigure,
    "same button": same_button,
    "other button": other_button,
    "cancel": cancel,
    "full disk": fill_disk,
    "2005": refuse("2005"),
    "7002": refuse("7002"),
}
ENDS = {"stop", "unload", "remove", "disable"}


# Running


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Yield a Home Assistant with real files."""
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        frame.async_setup(hass)
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
        try:
            yield hass
        finally:
            if hass.state is not CoreState.stopped:
                await hass.async_stop(force=True)


@asynccontextmanager
async def cloud_at_two_addresses(plant: Plant) -> AsyncIterator[tuple[Cloud, str, str]]:
    """Yield a cloud, its address, and another one."""
    cloud, other = (Cloud(plant, now=RightClock()) for _ in range(2))
    other.calls, other.faults = cloud.calls, cloud.faults
    async with cloud.serve() as url, other.serve() as elsewhere:
        yield cloud, url, elsewhere


async def drive(house: House, *work: asyncio.Future[Any]) -> None:
    """Let work come to its end; while a call gets no answer, the clock moves on by seconds."""
    for _ in range(200):
        for _ in range(STEPS):
            if all(task.done() for task in work):
                return
            await asyncio.sleep(0)
        has_no_answer = any(fault.kind is FaultKind.TIMEOUT for fault in house.cloud.faults)
        if has_no_answer and f"{DOMAIN} call" in own_tasks():
            house.freezer.tick(timedelta(seconds=1))
            async_fire_time_changed(house.hass, house.now)
    raise AssertionError(f"does not end: {[task for task in work if not task.done()]}")


async def settle(case: Case) -> None:
    """Wait until everything is done that was begun."""
    while True:
        quiet = asyncio.ensure_future(case.house.hass.async_block_till_done(wait_background_tasks=True))
        work = {quiet, case.press, case.watch.interruption, *case.more} - {None}
        await drive(case.house, *(task for task in work if task is not None))
        if {case.press, case.watch.interruption, *case.more} - {None} <= work:
            break
    if case.watch.interruption is not None:
        case.watch.interruption.result()


async def pass_time(case: Case, seconds: float) -> None:
    """Let time pass, and everything be done that is due by then."""
    case.house.freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(case.house.hass, case.house.now)
    await settle(case)


async def become_quiet(case: Case) -> None:
    """Let time pass until nothing more is due, and everything is stored."""
    calls = -1
    while len(case.house.cloud.calls) != calls:
        calls = len(case.house.cloud.calls)
        await pass_time(case, 2)


async def become_set_up(case: Case) -> None:
    """Let time pass until the first read has succeeded: one that fails is tried again later, at most a day."""
    for _ in range(25):
        if case.entry.state is ConfigEntryState.LOADED:
            return
        await pass_time(case, 3600)
    raise AssertionError(f"is {case.entry.state} after a day")


async def add(house: House, entry: ConfigEntry[Any] | None = None) -> MockConfigEntry:
    """Add an entry, or one like another."""
    new = MockConfigEntry(
        domain=DOMAIN,
        unique_id=house.sid,
        data=entry.data if entry else house.data(),
        options={**AUTOMATIC, "panel_statistics": True},
        minor_version=entry.minor_version if entry else 2,
        title="APsystems",
    )
    new.add_to_hass(house.hass)
    return new


@dataclass
class Runner:
    """Runs a scenario, each time in a loop of its own."""

    scenario: Scenario
    folder: Path
    freezer: FrozenDateTimeFactory
    caplog: pytest.LogCaptureFixture
    lost: Counter[str] = field(default_factory=Counter)
    """What was lost in all runs: nothing, and bookings whose calls were not made."""
    _runs: int = 0

    def uninterrupted(self) -> tuple[list[Point], list[str]]:
        """Return the awaits of the scenario, and the calls that are answered."""
        case, broken = asyncio.run(self._run(None, None, []))
        assert not broken
        return case.watch.points, [label(call) for call in case.answered]

    def interrupted(self, interruption: str, point: Point, calls: list[str]) -> list[str]:
        """Run it with an interruption at a point; return what does not hold afterwards."""
        case, broken = asyncio.run(self._run(interruption, point, calls))
        self.lost["runs"] += 1
        self.lost["not reached"] += case.interrupted_at is None
        return broken

    async def _run(self, interruption: str | None, point: Point | None, calls: list[str]) -> tuple[Case, list[str]]:
        self._runs += 1
        self.caplog.clear()
        self.freezer.move_to(paris("2026-06-15 13:00"))
        folder = self.folder / str(self._runs)
        folder.mkdir()
        watch = Watch(target=point)
        with patched(self.scenario) as disk, watching(watch):
            async with home(folder) as hass, cloud_at_two_addresses(self.scenario.plant) as (cloud, url, elsewhere):
                house = House(hass, self.freezer, cloud, url, self.caplog)
                case = Case(house, await add(house), watch, elsewhere, disk)
                if interruption is not None:
                    watch.interrupt = lambda: _interrupt(case, interruption)
                await self._prepare(case)
                await self._begin(case)
                if interruption is None or case.interrupted_at is None:
                    return case, []
                broken = list(self._after(case, interruption))
                if interruption in ENDS:
                    broken += await self._long_after(case, interruption, folder)
                else:
                    broken += await self._when_well_again(case, interruption, calls)
            return case, broken

    async def _prepare(self, case: Case) -> None:
        house, scenario = case.house, self.scenario
        if scenario.is_set_up:
            await house.hass.config_entries.async_setup(case.entry.entry_id)
            assert case.entry.state is ConfigEntryState.LOADED
            if not scenario.has_recorder:  # there, history is fetched at once
                await house.settle()
            case.before = case.entry.runtime_data.state
        case.begun = len(house.cloud.calls)
        house.move_to(scenario.begin)
        if scenario.fault:
            house.cloud.order(parse_fault(scenario.fault))

    async def _begin(self, case: Case) -> None:
        scenario, hass = self.scenario, case.house.hass
        case.watch.is_on = True
        if not scenario.is_set_up:
            case.press = case.watch.task(hass.config_entries.async_setup(case.entry.entry_id))
        if scenario.press:
            case.press = case.start_press(BUTTON)
            await asyncio.sleep(0)
        if scenario.planned:
            async_fire_time_changed(hass, case.house.now)
        await settle(case)
        case.watch.is_on = False

    # What must hold

    def _after(self, case: Case, interruption: str) -> Iterator[str]:
        """Yield what does not hold as soon as everything has come to its end."""
        calls, booked = len(case.house.cloud.calls), case.booked
        self.lost["bookings without a call"] += booked - calls
        if not 0 <= booked - calls <= 1:
            yield f"{booked} bookings for {calls} calls"
        if case.took > LAST_ANSWER + timedelta(seconds=1):
            yield f"took {case.took}"
        if interruption == "remove":
            yield from (f"left: {name}" for name in case.state_files)
        elif interruption in ENDS:
            lost = case.lost
            self.lost["answers"] += len(lost)
            yield from (f"lost: {name}" for name in lost)
        yield from self._presses(case, interruption)

    def _presses(self, case: Case, interruption: str) -> Iterator[str]:
        """Yield the faults of the results of presses."""
        if self.scenario.press and case.press is not None:
            answered = {call.target for call in case.answered if call.kind is Kind.INVERTER_ENERGY}
            is_done = answered == {inverter.uid for inverter in case.house.plant.inverters}
            if not (interruption == "cancel" and case.press.cancelled()):
                yield from outcome(case.press, "the press", is_done=is_done)
        for press in case.more:
            yield from outcome(press, "the second press", is_done=True)

    async def _long_after(self, case: Case, interruption: str, folder: Path) -> list[str]:
        """Return the remains of an entry that has ended, and the faults after it is started again."""
        broken = [f"still running: {name}" for name in own_tasks()]
        if interruption != "stop":
            broken += [f"still set: {timer}" for timer in own_timers()]
        for timer in own_timers():  # none fires in a process that has ended
            timer.cancel()
        files, calls = case.state_files, len(case.house.cloud.calls)
        case.house.cloud.clear_faults()
        if interruption == "stop":
            async with home(folder) as hass:
                house = replace(case.house, hass=hass)
                again = await add(house, case.entry)
                await house.hass.config_entries.async_setup(again.entry_id)
                case = replace(case, house=house, entry=again, press=None, more=[])
                case.watch.interruption = None
                await settle(case)
                await become_quiet(case)
                broken += twice(case.answered)
                broken += [f"lost after the start: {name}" for name in case.lost]
                if again.state is not ConfigEntryState.LOADED and self.scenario.is_set_up:
                    broken.append(f"is {again.state} after the start")
        else:
            await pass_time(case, 2)
            await pass_time(case, 3600)
            if len(case.house.cloud.calls) != calls:
                broken.append("calls go on")
            if case.state_files != files:
                broken.append(f"written afterwards: {sorted(case.state_files)}")
        return broken

    async def _when_well_again(self, case: Case, interruption: str, calls: list[str]) -> list[str]:
        """Return the faults once the cloud answers and the disk has room."""
        case.house.cloud.clear_faults()
        case.disk.clear()
        await become_quiet(case)
        if self.scenario.is_set_up and case.entry.state is not ConfigEntryState.LOADED:
            return [f"is {case.entry.state}"]
        lost = case.lost
        self.lost["answers"] += len(lost)
        broken = [f"lost: {name}" for name in lost]
        was_pressed = {name for name in case.answered_before if name.startswith(Kind.INVERTER_ENERGY)}
        if interruption != "same button" or len(was_pressed) < len(case.house.plant.inverters):  # later it is a new one
            broken += twice(case.answered)
        if interruption == "reconfigure":
            broken += not_reconfigured(case)
        if interruption == "full disk" and self.scenario.is_set_up:
            with suppress(HomeAssistantError):
                await case.start_press(OTHER_BUTTON)
            made, booked = len(case.house.cloud.calls), case.booked
            broken += [f"{booked} bookings for {made} calls after the disk was full"] if booked != made else []
        else:
            if not self.scenario.is_set_up:
                await become_set_up(case)
            broken += self._left_out(case, interruption, calls)
        return broken

    def _left_out(self, case: Case, interruption: str, calls: list[str]) -> list[str]:
        """Return which calls of the round were not made in the end; one whose booking was interrupted may be."""
        if interruption in {"2005", "7002"} and self.scenario.is_set_up:  # later, by the plan
            return []
        missing = Counter(calls) - Counter(map(label, case.answered))
        if interruption in {"reload", "reconfigure"} and self.scenario.press:  # whoever pressed got an error
            missing = Counter({name: n for name, n in missing.items() if not name.startswith(Kind.INVERTER_ENERGY)})
        self.lost["calls left out"] += missing.total()
        return [f"left out: {sorted(missing)}"] if missing.total() > 1 else []


def not_reconfigured(case: Case) -> Iterator[str]:
    """Yield what the end of the old set-up has undone of what was entered."""
    state, data = case.stored, case.entry.data
    if data["base_url"] != case.elsewhere or CONF_FIRST_ANSWERS in data:
        yield "reconfigured in vain"
    if state is None or state.refusals:
        yield "the credentials are still refused"
    elif state.details_at is None or case.interrupted_at is None or state.details_at < case.interrupted_at:
        yield "the details of the flow are gone"


async def _interrupt(case: Case, name: str) -> None:
    case.interrupted_at = case.house.now
    case.answered_before = [label(call) for call in case.answered]
    await INTERRUPTIONS[name](case)
    case.took = case.house.now - case.interrupted_at


def outcome(press: asyncio.Task[Any], name: str, *, is_done: bool) -> Iterator[str]:
    """Yield faults: whoever pressed gets what was asked for, or an error with a text."""
    if press.cancelled():
        yield f"{name} was cancelled"
    elif (error := press.exception()) is None:
        if not is_done:
            yield f"{name} succeeded, and its calls were not made"
    elif not isinstance(error, HomeAssistantError) or not error.translation_key:
        yield f"{name} raised {error!r}"


def twice(calls: Iterable[Call]) -> list[str]:
    """Return which calls were answered more than once; the details are asked for by the flow as well."""
    return [
        f"paid twice: {name}"
        for name, number in Counter(label(call) for call in calls if call.kind is not Kind.DETAILS).items()
        if number > 1
    ]


@contextmanager
def patched(scenario: Scenario) -> Iterator[list[bool]]:
    """Let the disk of the ledger become full, and give the statistics a recorder; yield what fills the disk."""
    full: list[bool] = []
    write = storage.write_utf8_file_atomic

    def write_unless_full(path: str, *args: Any, **how: Any) -> None:
        if full and f"{DOMAIN}.ledger" in path:
            raise WriteError("No space left on device")
        write(path, *args, **how)

    with ExitStack() as stack:
        stack.enter_context(patch(f"custom_components.{DOMAIN}.runner.CALL_SPACING_S", 0))
        stack.enter_context(patch.object(json_helper, "json_encoder_default", encode_date))
        stack.enter_context(patch.object(storage, "write_utf8_file_atomic", write_unless_full))
        if scenario.has_recorder:
            stack.enter_context(patch(f"custom_components.{DOMAIN}.history.importer.StatisticsWriter", BusyRecorder))
        yield full


# Tests


@pytest.fixture(scope="session")
def known_awaits() -> dict[str, tuple[list[Point], list[str]]]:
    """Return the awaits and calls of the scenarios that have run."""
    return {}


@pytest.mark.parametrize(
    ("scenario", "interruption"),
    [
        pytest.param(scenario, interruption, marks=pytest.mark.thorough if is_rare(how, interruption) else ())
        for scenario, how in SCENARIOS.items()
        for interruption in INTERRUPTIONS
        if interruption not in how.without
    ],
)
@pytest.mark.timeout(600)
@pytest.mark.forbidden_log("a full disk is logged as an error by Home Assistant")
def test_nothing_is_lost_wherever_a_round_is_interrupted(
    scenario: str,
    interruption: str,
    known_awaits: dict[str, tuple[list[Point], list[str]]],
    tmp_path: Path,
    socket_enabled: None,  # noqa: ARG001
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    is_thorough: bool,
) -> None:
    """Every call is booked, every answer stored, no task or file left; whoever pressed learns the outcome."""
    caplog.set_level(logging.WARNING)
    runner = Runner(SCENARIOS[scenario], tmp_path, freezer, caplog)
    if scenario not in known_awaits:
        known_awaits[scenario] = runner.uninterrupted()
    points, calls = known_awaits[scenario]
    assert points
    chosen = points if is_thorough else [random.Random(f"{scenario} {interruption}").choice(points)]
    broken = {str(point): wrong for point in chosen if (wrong := runner.interrupted(interruption, point, calls))}
    print(f"\n{scenario:21} {interruption:13} {len(chosen):4} of {len(points)} awaits: {dict(+runner.lost)}")  # noqa: T201
    lines = [f"{point}: {'; '.join(wrong)}" for point, wrong in broken.items()]
    assert not lines, "\n".join([f"at {len(lines)} awaits", *lines[:10]])


@pytest.mark.parametrize("reloads", [0, 5])
async def test_reloads_of_a_first_day_cost_no_calls(
    recorder_mock: Recorder,  # noqa: ARG001
    house: House,
    reloads: int,
) -> None:
    """The day's loans for history and what failed are known again after each."""
    house.move_to("2026-06-15 09:00")
    entry = await house.set_up(**AUTOMATIC)
    for _ in range(reloads):
        await house.pass_time(timedelta(hours=2), timedelta(minutes=15))
        await house.reload(entry)
    await house.pass_time("2026-06-15 23:59", timedelta(minutes=15))
    print(f"\ncalls of a first day with {reloads} reloads: {len(house.calls())}")  # noqa: T201
    assert len(house.calls()) <= 73
