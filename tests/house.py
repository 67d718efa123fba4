"""A home with the integration in it, moved through time by the tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Call, Cloud

STEP = timedelta(minutes=5)


@dataclass
class House:
    """Home Assistant, its clock, and the cloud that it asks."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Cloud
    url: str

    @property
    def sid(self) -> str:
        """Return the system that the tests are about."""
        return next(iter(self.cloud.plants))

    def data(self, **changes: Any) -> dict[str, Any]:
        """Return an entry's data."""
        return {
            "app_id": DEFAULT_APP_ID,
            "app_secret": DEFAULT_APP_SECRET,
            "sid": self.sid,
            "base_url": self.url,
            **changes,
        }

    async def set_up(self, state: ConfigEntryState = ConfigEntryState.LOADED, **options: Any) -> ConfigEntry:
        """Add an entry and set it up; what is due at once is done when it returns."""
        entry = MockConfigEntry(
            domain=DOMAIN, unique_id=self.sid, data=self.data(), options=options, minor_version=2, title="APsystems"
        )
        entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(entry.entry_id)
        await self.settle()
        assert entry.state is state
        return entry

    async def settle(self) -> None:
        """Wait for everything that is under way, timers that are due included."""
        async_fire_time_changed(self.hass, dt_util.utcnow())
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def pass_time(self, until: datetime | timedelta) -> None:
        """Let time pass in steps, so that every timer has its moment."""
        end = dt_util.utcnow() + until if isinstance(until, timedelta) else until
        while (now := dt_util.utcnow()) < end:
            self.freezer.move_to(min(now + STEP, end))
            await self.settle()

    async def reload(self, entry: ConfigEntry) -> None:
        """Unload and set up again."""
        await self.hass.config_entries.async_reload(entry.entry_id)
        await self.settle()

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

    def calls(self, *kinds: str) -> list[Call]:
        """Return the calls that the cloud has seen, of some kinds or all."""
        return [call for call in self.cloud.calls if not kinds or call.kind in kinds]

    async def press(self, key: str) -> None:
        """Press a button."""
        await self.hass.services.async_call(
            "button", "press", {"entity_id": self.entity_id(key, "button")}, blocking=True
        )
