"""Home Assistant with the integration, a simulated cloud, and a clock that the tests move."""
# ruff: noqa: ANN401 -- options, faults and form fields have values of any type

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Any, override
from unittest.mock import patch
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import device_registry as dr, entity_registry as er, event as event_helper, frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)
import voluptuous as vol

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.ledger import async_get_ledger
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Call, Cloud, Fault, FaultKind, Plant, Truth

STEP = timedelta(minutes=5)
PARIS = ZoneInfo("Europe/Paris")
FIXED = {"auto_scan_interval": False, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
AUTOMATIC = {**FIXED, "auto_scan_interval": True}
# How far the clock must move for a call with such a fault to end.
PATIENCE = {FaultKind.TIMEOUT: timedelta(seconds=31), FaultKind.SLOW: timedelta(seconds=2)}


def paris(text: str) -> datetime:
    """Return a time in the sample plant's time zone."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@callback
def fire_due_timers(hass: HomeAssistant) -> None:
    """Run the timers that the clock has passed, as `async_fire_time_changed` does.

    That one looks at the clock and puts another in its place for each timer, which takes longer than most of what the
    timers do.
    """
    time = dt_util.utcnow() + timedelta(microseconds=event_helper.RANDOM_MICROSECOND_MAX)
    end = hass.loop.time() + event_helper.RANDOM_MICROSECOND_MAX / 1e6
    due = [handle for handle in get_scheduled_timer_handles(hass.loop) if handle.when() <= end]
    with (
        patch.object(event_helper, "time_tracker_utcnow", lambda: time),
        patch.object(event_helper, "time_tracker_timestamp", time.timestamp),
    ):
        for handle in due:
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 -- the event loop's own way to run it
                handle.cancel()


class Disk(dict[str, Any]):
    """Home Assistant's stored files, by key. On a full disk every write fails."""

    full = False

    @override
    def __setitem__(self, key: str, value: Any) -> None:
        if self.full:
            raise WriteError("No space left on device")
        super().__setitem__(key, value)


@dataclass
class RightClock:
    """The cloud's clock, which stays right when Home Assistant's is set wrong."""

    home_is_ahead: timedelta = timedelta()

    def __call__(self) -> datetime:  # noqa: D102 - the clock is read by calling it
        return datetime.now(UTC) - self.home_is_ahead


@dataclass
class House:
    """Home Assistant, its clock, and the cloud that it calls."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Cloud
    url: str
    caplog: pytest.LogCaptureFixture

    @property
    def sid(self) -> str:
        """Return the system id of the first plant."""
        return next(iter(self.cloud.plants))

    @property
    def plant(self) -> Plant:
        """Return the first plant."""
        return self.cloud.plants[self.sid]

    @property
    def truth(self) -> Truth:
        """Return the plant's true figures, as far as its ECUs have uploaded them."""
        return self.cloud.truth(self.sid)

    @property
    def now(self) -> datetime:
        """Return the time."""
        return dt_util.utcnow()

    # Setting up

    def data(self, **changes: Any) -> dict[str, Any]:
        """Return an entry's data."""
        return {
            "app_id": DEFAULT_APP_ID,
            "app_secret": DEFAULT_APP_SECRET,
            "sid": self.sid,
            "base_url": self.url,
            **changes,
        }

    async def set_up(
        self, state: ConfigEntryState | None = ConfigEntryState.LOADED, **options: Any
    ) -> ConfigEntry[Any]:
        """Add an entry with a fixed schedule and set it up; calls that are due at once are done on return."""
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=self.sid,
            data=self.data(),
            options=FIXED | options,
            minor_version=2,
            title=f"APsystems {self.sid}",
        )
        entry.add_to_hass(self.hass)
        await self.patiently(self.hass.config_entries.async_setup(entry.entry_id))
        await self.settle()
        assert state in {None, entry.state}
        return entry

    async def reload(self, entry: ConfigEntry[Any]) -> None:
        """Unload and set up again."""
        await self.patiently(self.hass.config_entries.async_reload(entry.entry_id))
        await self.settle()

    async def set_quota(self, quota: int) -> None:
        """Change the monthly quota of the App ID."""
        ledger = await async_get_ledger(self.hass, self.cloud.app_id)
        await ledger.async_set_quota(quota)
        await self.settle()

    # Time

    def move_to(self, time: datetime | str) -> None:
        """Set the clock; a text is in the sample plant's time zone. No timer fires."""
        self.freezer.move_to(paris(time) if isinstance(time, str) else time)

    async def set_clock(self, time: str) -> None:
        """Set Home Assistant's clock and not the cloud's; pending timers fire, as they do on a real machine."""
        before = self.now
        self.move_to(time)
        if isinstance(self.cloud.now, RightClock):
            self.cloud.now.home_is_ahead += self.now - before - STEP
        async_fire_time_changed(self.hass, self.now, fire_all=True)
        await self.settle()

    async def settle(self) -> None:
        """Fire the timers that are due, and wait for all tasks."""
        fire_due_timers(self.hass)
        await self.patiently(self.hass.async_block_till_done(wait_background_tasks=True))

    async def pass_time(self, until: datetime | timedelta | str, step: timedelta = STEP) -> None:
        """Let time pass in steps, so that every timer fires at its time."""
        if isinstance(until, str):
            until = paris(until)
        end = self.now + until if isinstance(until, timedelta) else until
        while self.now < end:
            self.freezer.move_to(min(self.now + step, end))
            await self.settle()

    async def patiently[T](self, work: Awaitable[T]) -> T:
        """Wait for work; while a fault delays answers, move the clock on by as much as a call may take."""
        task = asyncio.ensure_future(work)
        while not task.done() and any(fault.kind in PATIENCE for fault in self.cloud.faults):
            seen = len(self.cloud.calls)
            await asyncio.sleep(0)
            if len(self.cloud.calls) > seen and (fault := self.cloud.calls[-1].fault) in PATIENCE:
                self.freezer.tick(PATIENCE[fault])
                async_fire_time_changed(self.hass, self.now)
        return await task

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that becomes true without the clock moving."""
        while not condition():  # noqa: ASYNC110 -- the cloud sets no event when it is called
            await asyncio.sleep(0)

    # States, devices, calls, log

    def entity_id(self, key: str, platform: str = "sensor") -> str:
        """Return the entity id of the unique id `<sid>_<key>`."""
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{self.sid}_{key}")
        assert entity_id is not None, key
        return entity_id

    def state(self, key: str, platform: str = "sensor") -> State:
        """Return the state of an entity."""
        state = self.hass.states.get(self.entity_id(key, platform))
        assert state is not None, key
        return state

    def value(self, key: str) -> float | None:
        """Return a sensor's number, None when it is unknown, or unavailable after two days without an answer."""
        state = self.state(key).state
        assert state != "unavailable" or not self.is_available, key
        return None if state in {"unknown", "unavailable"} else float(state)

    @property
    def is_available(self) -> bool:
        """Whether the cloud has answered within two days."""
        (entry,) = (e for e in self.hass.config_entries.async_entries(DOMAIN) if e.unique_id == self.sid)
        return bool(entry.runtime_data.data.is_available)

    def figures(self) -> dict[str, str]:
        """Return the state of every sensor of the plant; not those of the calls, which are diagnostic."""
        registry = er.async_get(self.hass)
        return {
            state.entity_id: state.state
            for state in self.hass.states.async_all("sensor")
            if (entity := registry.async_get(state.entity_id)) and entity.entity_category is None
        }

    def devices(self) -> dict[str, dr.DeviceEntry]:
        """Return all devices of the integration by identifier."""
        return {
            name: device
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for device in dr.async_entries_for_config_entry(dr.async_get(self.hass), entry.entry_id)
            for domain, name in device.identifiers
            if domain == DOMAIN
        }

    def calls(self, *kinds: str, since: int = 0) -> list[Call]:
        """Return the calls that the cloud received, of some kinds or all, without the first `since`."""
        return [call for call in self.cloud.calls[since:] if not kinds or call.kind in kinds]

    def log(self, least: int = logging.WARNING, text: str = "") -> list[str]:
        """Return the integration's log lines from a level on that contain a text."""
        return [
            record.getMessage()
            for record in self.caplog.records
            if record.name.startswith(f"custom_components.{DOMAIN}")
            and record.levelno >= least
            and text in record.getMessage()
        ]

    @asynccontextmanager
    async def cloud_elsewhere(self) -> AsyncIterator[str]:
        """Serve the same plant at another address as well; yields its URL."""
        other = Cloud(self.plant, now=lambda: self.now)
        async with other.serve() as url:
            yield url

    # Faults, buttons, forms

    def order(self, kind: FaultKind, **how: Any) -> None:
        """Order a fault."""
        self.cloud.order(Fault(kind=kind, **how))

    def refuse(self, code: int, **how: Any) -> None:
        """Order a response code."""
        self.order(FaultKind.CODE, code=code, **how)

    async def press(self, key: str) -> None:
        """Press a button."""
        await self.patiently(
            self.hass.services.async_call(
                "button", "press", {"entity_id": self.entity_id(key, "button")}, blocking=True
            )
        )

    async def complete_config_flow(self, **typed: Any) -> ConfigEntry[Any] | None:
        """Fill in the form of a new system; return the entry, or None when the form shows an error."""
        flows = self.hass.config_entries.flow
        form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await self.patiently(flows.async_configure(form["flow_id"], {**self.data(), **AUTOMATIC, **typed}))
        if result["step_id"] != "user":
            result = await self.patiently(flows.async_configure(form["flow_id"], {}))
        await self.settle()
        if result["type"] is FlowResultType.CREATE_ENTRY:
            return result["result"]
        assert result["errors"]
        flows.async_abort(form["flow_id"])
        return None

    async def renew_credentials(self, entry: ConfigEntry[Any]) -> None:
        """Fill in every reauthentication form of an entry with the right credentials."""
        for flow in entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            typed = {"app_id": self.cloud.app_id, "app_secret": self.cloud.app_secret}
            result = await self.hass.config_entries.flow.async_configure(flow["flow_id"], typed)
            assert result.get("reason") == "reauth_successful"
            await self.settle()

    # Truth

    def is_true(self) -> bool:
        """Return whether the energies are those of the plant, on a day on which it has produced something."""
        return (
            self.value("total_energy") == pytest.approx(self.truth.lifetime_kwh(), abs=0.3)
            and self.value("today_energy") == pytest.approx(self.truth.today_kwh(), abs=0.15)
            and (self.value("today_energy") or 0) > 1
        )


def field_values(form: Any) -> dict[str, Any]:
    """Return what the fields of a form contain, those of its sections included: the suggested value, else the default.

    A field without either is None.
    """
    return schema_values(form["data_schema"])


def schema_values(schema: Any) -> dict[str, Any]:
    """Return what the fields of a schema contain."""
    values: dict[str, Any] = {}
    for marker, field in schema.schema.items():
        if isinstance(field, section):
            values |= schema_values(field.schema)
            continue
        suggested = (marker.description or {}).get("suggested_value")
        default = None if isinstance(marker.default, vol.Undefined) else marker.default()
        values[marker.schema] = default if suggested is None else suggested
    return values


@asynccontextmanager
async def restarted(house: House, entry: ConfigEntry[Any]) -> AsyncIterator[House]:
    """Stop the entry, and start it in another Home Assistant that has only the same disk."""
    await house.hass.config_entries.async_unload(entry.entry_id)
    async with async_test_home_assistant(house.hass.loop, config_dir=house.hass.config.config_dir) as hass:
        frame.async_setup(hass)
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone="Europe/Paris")
        other = replace(house, hass=hass)
        again = MockConfigEntry(
            domain=DOMAIN,
            unique_id=house.sid,
            data=entry.data,
            options=entry.options,
            minor_version=2,
            title=entry.title,
        )
        again.add_to_hass(hass)
        await hass.config_entries.async_setup(again.entry_id)
        await other.settle()
        assert again.state is ConfigEntryState.LOADED
        yield other
        await hass.config_entries.async_unload(again.entry_id)
        await hass.async_stop(force=True)
    frame.async_setup(house.hass)
