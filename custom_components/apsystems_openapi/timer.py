"""The timer of a plan.

Home Assistant's own for coordinators does not see clock changes and ends with the last listener; one for a point in
time waits for it even when the clock is set back by days. So it looks again every few minutes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .const import DOMAIN

LONGEST_SLEEP: Final = timedelta(minutes=5)


class PlanTimer:
    """Calls `tick` again and again; it returns when the next time is due, after five minutes at the latest."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, tick: Callable[[], Awaitable[datetime]]) -> None:
        self._hass = hass
        self._entry = entry
        self._tick = tick
        self._cancel: CALLBACK_TYPE | None = None
        self._is_stopped = False

    @callback
    def async_start(self) -> None:
        """Begin at once."""
        self._wake_at(dt_util.utcnow())

    @callback
    def async_stop(self) -> None:
        """Begin no other tick; the one that runs comes to its end."""
        self._is_stopped = True
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _wake_at(self, time: datetime) -> None:
        self._cancel = async_call_later(self._hass, max(time - dt_util.utcnow(), timedelta()), self._on_wake)

    @callback
    def _on_wake(self, _: datetime) -> None:
        self._cancel = None
        self._entry.async_create_background_task(self._hass, self._async_run(), f"{DOMAIN} plan")

    async def _async_run(self) -> None:
        wake = dt_util.utcnow() + LONGEST_SLEEP
        try:
            wake = min(await self._tick(), dt_util.utcnow() + LONGEST_SLEEP)
        finally:
            if not self._is_stopped:
                self._wake_at(wake)
