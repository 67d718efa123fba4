"""Repairs that Home Assistant can carry out when their owner confirms them."""

from typing import TYPE_CHECKING, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

    from .coordinator import ApsystemsConfigEntry


class TakeLifetimeFlow(ConfirmRepairFlow):
    """Offers to take the cloud's lower lifetime energy as the total."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show both figures; once confirmed, take the lower one."""
        entry: ApsystemsConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            try:
                await entry.runtime_data.async_take_lifetime()
            except HomeAssistantError:
                return self.async_abort(reason="not_stored")
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the flow of the only issue that can be fixed here."""
    return TakeLifetimeFlow(str((data or {}).get("entry_id")))
