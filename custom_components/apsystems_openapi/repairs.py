"""Repairs that Home Assistant can carry out when their owner confirms them."""

from typing import TYPE_CHECKING, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from . import energy_dashboard, issues
from .const import CONF_SID
from .energy_sources import SourcesError

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

    from .coordinator import ApsystemsConfigEntry

CONF_SOURCE = "source"


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


class KeepSourceFlow(RepairsFlow):
    """Asks which of a system's solar sources stays in the Energy dashboard, and removes the others."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_keep()

    async def async_step_keep(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask which source stays; at first the statistic, which has every hour."""
        if (entry := self.hass.config_entries.async_get_entry(self._entry_id)) is None:
            return self.async_abort(reason="entry_not_loaded")
        sid = entry.data[CONF_SID]
        found = await energy_dashboard.async_counted(self.hass, sid)
        if len(found) < 2:  # the owner has removed one in the settings of the dashboard
            return self.async_create_entry(data={})
        present = list(dict.fromkeys(found))
        if user_input is not None and user_input[CONF_SOURCE] in present:
            try:
                await energy_dashboard.async_keep(self.hass, sid, user_input[CONF_SOURCE])
            except SourcesError:
                return self.async_abort(reason="not_changed")
            return self.async_create_entry(data={})
        selector = SelectSelector(
            SelectSelectorConfig(options=present, translation_key="production_source", mode=SelectSelectorMode.LIST)
        )
        return self.async_show_form(
            step_id="keep",
            data_schema=vol.Schema({vol.Required(CONF_SOURCE, default=present[0]): selector}),
            description_placeholders={"sid": sid},
        )


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the flow of an issue that can be fixed here."""
    entry_id = str((data or {}).get("entry_id"))
    return KeepSourceFlow(entry_id) if issue_id.startswith(issues.DOUBLE_SOURCE) else TakeLifetimeFlow(entry_id)
