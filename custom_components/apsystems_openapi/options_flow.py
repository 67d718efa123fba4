"""The options: everything but the credentials, with the calls that it comes to before it is saved."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_LATITUDE, CONF_LONGITUDE

from .const import CONF_APP_ID, CONF_ELSEWHERE, CONF_LOCATION, CONF_MONTHLY_QUOTA, CONF_SCAN_INTERVAL, CONF_SID
from .forms import LOCATION_SCHEMA, options_schema, whole
from .ledger import Ledger, async_get_ledger
from .sentences import Prospect, async_hint, async_outlook, async_prospect
from .settings import async_locate, location_of, options_of
from .store import StateStore
from .system.state import SystemState


class ApsystemsOptionsFlow(OptionsFlowWithReload):
    """Asks for the options, shows what they come to, and saves them or asks again."""

    def __init__(self) -> None:
        self._typed: dict[str, Any] | None = None
        """The values of the first form as they were last sent; None before."""
        self._place: dict[str, Any] | None = None
        """The place as it was last sent; None before."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options; chosen in the menu as well, with the values that were sent before."""
        if user_input is None:
            return await self._async_show_options()
        self._typed = whole(user_input)
        return await (self.async_step_location() if self._typed[CONF_ELSEWHERE] else self.async_step_confirm())

    async def _async_show_options(self, shown: Prospect | None = None) -> ConfigFlowResult:
        """Show the first form; with a prospect, as one that calls do not suffice for."""
        options, state = self.config_entry.options, await self._async_state()
        stored = {**options, CONF_MONTHLY_QUOTA: (await self._async_ledger()).quota}
        stored[CONF_ELSEWHERE] = location_of(options) is not None
        schema = options_schema(state, options_of(options))
        figures = {key: str(figure) for key, figure in shown.figures.items()} if shown else {}
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, self._typed or stored),
            errors=_error_of(shown) if shown else {},
            description_placeholders={"hint": await async_hint(self.hass, state.timezone, options), **figures},
        )

    async def async_step_location(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the plant is."""
        errors = {}
        if user_input is not None:
            self._place = user_input
            if location_of(user_input) is not None:
                return await self.async_step_confirm()
            errors = {CONF_LOCATION: "invalid_location"}
        site, _ = await async_locate(self.hass, (await self._async_state()).timezone, self.config_entry.options)
        assumed = {CONF_LOCATION: {CONF_LATITUDE: site.latitude, CONF_LONGITUDE: site.longitude}}
        return self.async_show_form(
            step_id="location",
            data_schema=self.add_suggested_values_to_schema(LOCATION_SCHEMA, self._place or assumed),
            errors=errors,
        )

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the calls that the options come to, and ask whether to save them or to change them again."""
        quota, chosen = self._chosen()
        sid, state, ledger = self.config_entry.data[CONF_SID], await self._async_state(), await self._async_ledger()
        shown = await async_prospect(self.hass, state, chosen, ledger, sid, quota)
        if not shown.is_payable:
            return await self._async_show_options(shown)
        return self.async_show_menu(
            step_id="confirm",
            menu_options=["save", "init"],
            description_placeholders={"outlook": await async_outlook(self.hass, shown)},
        )

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save the options, and the quota of the App ID."""
        quota, chosen = self._chosen()
        await (await self._async_ledger()).async_set_quota(quota)
        return self.async_create_entry(data=chosen)

    def _chosen(self) -> tuple[int, dict[str, Any]]:
        """Return the quota and the options as they were sent; options without a field stay."""
        kept = {key: value for key, value in self.config_entry.options.items() if key != CONF_LOCATION}
        chosen = {**kept, **(self._typed or {})}
        quota, is_elsewhere = chosen.pop(CONF_MONTHLY_QUOTA), chosen.pop(CONF_ELSEWHERE)
        if is_elsewhere and (place := location_of(self._place or {})) is not None:
            chosen[CONF_LOCATION] = {CONF_LATITUDE: place[0], CONF_LONGITUDE: place[1]}
        return quota, chosen

    async def _async_ledger(self) -> Ledger:
        return await async_get_ledger(self.hass, self.config_entry.data[CONF_APP_ID])

    async def _async_state(self) -> SystemState:
        store = StateStore(self.hass, self.config_entry.data[CONF_SID])
        await store.async_load()
        return store.state


def _error_of(shown: Prospect) -> dict[str, str]:
    """Return why calls do not suffice, at the field that would have to change."""
    if shown.least is None:
        return {CONF_MONTHLY_QUOTA: "quota_too_small"}
    return {CONF_SCAN_INTERVAL: "interval_too_short"}
