"""The state of a system: the one that is current, and its file."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER
from .system.state import SystemState
from .system.storage import MINOR_VERSION, dump, load, log_unreadable, migrate

SAVE_DELAY_S: Final = 1


class _File(Store[dict[str, Any]]):
    """The file of a state. It is private, as it has every id of the plant."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        super().__init__(
            hass,
            1,
            key,
            private=True,
            atomic_writes=True,
            minor_version=MINOR_VERSION,
            serialize_in_event_loop=False,
        )

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Mapping[str, Any]
    ) -> dict[str, Any]:
        return migrate(old_data) if isinstance(old_data, dict) else {}


class StateStore:
    """Holds the current state, and writes it a second after it has changed.

    A state is a value: another thread may take it apart while the next one is made.
    """

    def __init__(self, hass: HomeAssistant, sid: str) -> None:
        self.state = SystemState()
        self._hass = hass
        self._key = f"{DOMAIN}.{sid}"
        self._file = _File(hass, self._key)
        self._is_closed = False

    async def async_load(self) -> None:
        """Read the file. A field that cannot be read is dropped alone, and the file is kept aside."""
        try:
            stored = await self._file.async_load()
        except (AttributeError, HomeAssistantError, NotImplementedError, TypeError, ValueError) as error:
            LOGGER.warning("Failed to read the stored state, starting with an empty one: %s", type(error).__name__)
            return
        if stored is None:
            return
        try:
            self.state, unreadable = await self._hass.async_add_executor_job(load, stored)
        except TypeError:
            unreadable = ("everything",)
        if unreadable:
            log_unreadable("the stored state", unreadable)
            await _File(self._hass, f"{self._key}.unreadable").async_save(stored)

    @callback
    def set(self, state: SystemState) -> None:
        """Make a state the current one; one that is the same is not written again."""
        if state == self.state or self._is_closed:
            return
        self.state = state
        self._file.async_delay_save(lambda: dump(state), SAVE_DELAY_S)

    async def async_save(self) -> None:
        """Write the state now."""
        await self._file.async_save(await self._hass.async_add_executor_job(dump, self.state))

    async def async_try(self, state: SystemState) -> bool:
        """Write a state that is not current yet, and return whether it is on disk: `Store` only logs a failure."""
        await self._file.async_save(await self._hass.async_add_executor_job(dump, state))
        stored = await _File(self._hass, self._key).async_load()
        if stored is not None and (await self._hass.async_add_executor_job(load, stored))[0] == state:
            return True
        self._file.async_delay_save(lambda: dump(self.state), SAVE_DELAY_S)
        return False

    async def async_close(self) -> None:
        """Write the state for the last time: what comes later is dropped."""
        self._is_closed = True
        await self.async_save()

    async def async_remove(self) -> None:
        """Delete the file."""
        self._is_closed = True
        await self._file.async_remove()
