"""A home with the integration in it, moved through time by the tests."""
# ruff: noqa: ANN401 -- options and faults have values of any type

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er, frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Call, Cloud, Fault, FaultKind, Plant, Truth

STEP = timedelta(minutes=5)
PARIS = ZoneInfo("Europe/Paris")
FIXED = {"auto_scan_interval": False, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
# How far the clock must move for a call with such a fault to end.
PATIENCE = {FaultKind.TIMEOUT: timedelta(seconds=31), FaultKind.SLOW: timedelta(seconds=2)}


def paris(text: str) -> datetime:
    """Return a moment by the sample plant's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@dataclass
class RightClock:
    """The cloud's clock, which goes on when somebody sets the home's wrong."""

    home_is_ahead: timedelta = timedelta()

    def __call__(self) -> datetime:  # noqa: D102 - the clock is read by calling it
        return datetime.now(UTC) - self.home_is_ahead


@dataclass
class House:
    """Home Assistant, its clock, and the cloud that it asks."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Cloud
    url: str
    caplog: pytest.LogCaptureFixture

    @property
    def sid(self) -> str:
        """Return the system that the tests are about."""
        return next(iter(self.cloud.plants))

    @property
    def plant(self) -> Plant:
        """Return the plant as it stands."""
        return self.cloud.plants[self.sid]

    @property
    def truth(self) -> Truth:
        """Return what is true of the plant, as far as the cloud can know it."""
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
        """Add an entry with a fixed schedule and set it up; what is due at once is done when it returns."""
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

    # Time

    def move_to(self, moment: datetime | str) -> None:
        """Set the clock; a text is read as the sample plant's time. Nothing happens in between."""
        self.freezer.move_to(paris(moment) if isinstance(moment, str) else moment)

    async def set_clock(self, moment: str) -> None:
        """Set a clock that was wrong; what was to happen some minutes later does so, whatever it shows by then."""
        before = self.now
        self.move_to(moment)
        if isinstance(self.cloud.now, RightClock):
            self.cloud.now.home_is_ahead += self.now - before - STEP
        async_fire_time_changed(self.hass, self.now, fire_all=True)
        await self.settle()

    async def settle(self) -> None:
        """Wait for everything that is under way, timers that are due included."""
        async_fire_time_changed(self.hass, self.now)
        await self.patiently(self.hass.async_block_till_done(wait_background_tasks=True))

    async def pass_time(self, until: datetime | timedelta | str, step: timedelta = STEP) -> None:
        """Let time pass in steps, so that every timer has its moment."""
        if isinstance(until, str):
            until = paris(until)
        end = self.now + until if isinstance(until, timedelta) else until
        while self.now < end:
            self.freezer.move_to(min(self.now + step, end))
            await self.settle()

    async def patiently[T](self, work: Awaitable[T]) -> T:
        """Wait for work; where the cloud does not answer, let as much time pass as a call may take."""
        task = asyncio.ensure_future(work)
        while not task.done() and any(fault.kind in PATIENCE for fault in self.cloud.faults):
            heard = len(self.cloud.calls)
            await asyncio.sleep(0)
            if len(self.cloud.calls) > heard and (fault := self.cloud.calls[-1].fault) in PATIENCE:
                self.freezer.tick(PATIENCE[fault])
                async_fire_time_changed(self.hass, self.now)
        return await task

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that comes without the clock moving on."""
        while not condition():  # noqa: ASYNC110 -- nobody sets an event when the cloud is asked
            await asyncio.sleep(0)

    # Looking

    def entity_id(self, key: str, platform: str = "sensor") -> str:
        """Return the entity with a unique id that begins with the system's."""
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{self.sid}_{key}")
        assert entity_id is not None, key
        return entity_id

    def state(self, key: str, platform: str = "sensor") -> State:
        """Return the state of an entity."""
        state = self.hass.states.get(self.entity_id(key, platform))
        assert state is not None, key
        return state

    def value(self, key: str) -> float | None:
        """Return a sensor's number, None when it is unknown."""
        state = self.state(key).state
        assert state != "unavailable", key
        return None if state == "unknown" else float(state)

    def figures(self) -> dict[str, str]:
        """Return the state of every sensor that tells of the plant; not those that tell of the calls."""
        registry = er.async_get(self.hass)
        return {
            state.entity_id: state.state
            for state in self.hass.states.async_all("sensor")
            if (entity := registry.async_get(state.entity_id)) and entity.entity_category is None
        }

    def devices(self) -> dict[str, dr.DeviceEntry]:
        """Return all devices by our name for each."""
        return {
            name: device
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for device in dr.async_entries_for_config_entry(dr.async_get(self.hass), entry.entry_id)
            for domain, name in device.identifiers
            if domain == DOMAIN
        }

    def calls(self, *kinds: str, since: int = 0) -> list[Call]:
        """Return the calls that the cloud has seen, of some kinds or all, from a number on."""
        return [call for call in self.cloud.calls[since:] if not kinds or call.kind in kinds]

    def log(self, least: int = logging.WARNING, word: str = "") -> list[str]:
        """Return what the integration has told the log."""
        return [
            record.getMessage()
            for record in self.caplog.records
            if record.name.startswith(f"custom_components.{DOMAIN}")
            and record.levelno >= least
            and word in record.getMessage()
        ]

    @asynccontextmanager
    async def cloud_elsewhere(self) -> AsyncIterator[str]:
        """Let the same cloud answer at another address as well, whose URL is returned."""
        other = Cloud(self.plant, now=lambda: self.now)
        async with other.serve() as url:
            yield url

    # Acting

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
