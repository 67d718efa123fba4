"""Set-up, new credentials, another address, and options."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Final, override
import unicodedata

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .cloud.client import normalize_base_url
from .cloud.exceptions import OpenApiError
from .const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_AUTO_SCAN_INTERVAL,
    CONF_BASE_URL,
    CONF_IMPORT_HISTORY,
    CONF_LIVE_POWER,
    CONF_MONTHLY_QUOTA,
    CONF_PANEL_STATISTICS,
    CONF_SCAN_INTERVAL,
    CONF_SID,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULT_BASE_URL,
    DEFAULT_QUOTA,
    DEFAULTS,
    DOMAIN,
    MANUFACTURER,
    MAX_OFFSET,
    MAX_QUOTA,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    MORE_DEFAULTS,
)
from .coordinator import state_store
from .failures import BLOCKING, ERROR_KEYS
from .ledger import LedgerError, async_get_ledger
from .schedule.calls import Call, Kind, Options
from .schedule.preview import outlook
from .schedule.quota import CHINA
from .settings import client_of, options_of
from .site import async_locate
from .system.state import SystemState, dump, load


def _number(least: int, most: int, step: int, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=least, max=most, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


_OFFSET = _number(0, MAX_OFFSET, 1, UnitOfTime.MINUTES)
OPTIONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_AUTO_SCAN_INTERVAL, default=DEFAULTS[CONF_AUTO_SCAN_INTERVAL]): BooleanSelector(),
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULTS[CONF_SCAN_INTERVAL]): _number(
            MIN_SCAN_INTERVAL, MAX_SCAN_INTERVAL, 60, UnitOfTime.SECONDS
        ),
        vol.Required(CONF_SUNRISE_OFFSET, default=DEFAULTS[CONF_SUNRISE_OFFSET]): _OFFSET,
        vol.Required(CONF_SUNSET_OFFSET, default=DEFAULTS[CONF_SUNSET_OFFSET]): _OFFSET,
    }
)
MORE_OPTIONS_SCHEMA: Final = OPTIONS_SCHEMA.extend(
    {
        vol.Required(CONF_LIVE_POWER, default=MORE_DEFAULTS[CONF_LIVE_POWER]): BooleanSelector(),
        vol.Required(CONF_MONTHLY_QUOTA, default=MORE_DEFAULTS[CONF_MONTHLY_QUOTA]): _number(0, MAX_QUOTA, 1, "calls"),
        vol.Required(CONF_IMPORT_HISTORY, default=MORE_DEFAULTS[CONF_IMPORT_HISTORY]): BooleanSelector(),
        vol.Required(CONF_PANEL_STATISTICS, default=MORE_DEFAULTS[CONF_PANEL_STATISTICS]): BooleanSelector(),
    }
)
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
CREDENTIALS_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_APP_ID): TextSelector(), vol.Required(CONF_APP_SECRET): _SECRET}
)
USER_SCHEMA: Final = CREDENTIALS_SCHEMA.extend(
    {vol.Required(CONF_SID): TextSelector(), vol.Required(CONF_BASE_URL, default=DEFAULT_BASE_URL): _URL}
).extend(OPTIONS_SCHEMA.schema)
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_APP_ID): TextSelector(),
        vol.Optional(CONF_APP_SECRET): _SECRET,
        vol.Required(CONF_SID): TextSelector(),
        vol.Required(CONF_BASE_URL): _URL,
    }
)


class ApsystemsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Ask for the credentials, and prove them by one call."""

    VERSION = 1
    MINOR_VERSION = 2

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        return ApsystemsOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything; what was typed stays when something is wrong with it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _cleaned(user_input)
            await self.async_set_unique_id(data[CONF_SID])
            self._abort_if_unique_id_configured()
            errors = await self._async_check(data)
            if not errors:
                return self.async_create_entry(
                    title=f"{MANUFACTURER} {data[CONF_SID]}",
                    data=data,
                    options={
                        **_whole({key: user_input[key] for key in DEFAULTS}),
                        **self._quota_option(data[CONF_APP_ID]),
                    },
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(USER_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to ask for new credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for new credentials of the same system."""
        return await self._async_renew("reauth_confirm", self._get_reauth_entry(), CREDENTIALS_SCHEMA, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for other credentials and another address of the same system; the secret may stay."""
        return await self._async_renew("reconfigure", self._get_reconfigure_entry(), RECONFIGURE_SCHEMA, user_input)

    async def _async_renew(
        self, step: str, entry: ConfigEntry, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Prove what was typed and put it into the entry; what is not asked for, or left empty, stays."""
        errors: dict[str, str] = {}
        known = {CONF_BASE_URL: DEFAULT_BASE_URL, **entry.data}
        if user_input is not None:
            typed = _cleaned({**known, **user_input})
            data = {key: text or known[key] if key == CONF_APP_SECRET else text for key, text in typed.items()}
            await self.async_set_unique_id(data[CONF_SID])
            self._abort_if_unique_id_mismatch()
            errors = await self._async_check(data, entry)
            if not errors:
                return self.async_update_reload_and_abort(entry, data_updates=data)
        shown = user_input or {key: value for key, value in known.items() if key != CONF_APP_SECRET}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    def _quota_of(self, app_id: str) -> int:
        """Return the quota of an App ID, as its other systems have it."""
        others = [e for e in self._async_current_entries() if e.data.get(CONF_APP_ID) == app_id]
        return max((options_of(other.options).monthly_quota for other in others), default=DEFAULT_QUOTA)

    def _quota_option(self, app_id: str) -> dict[str, int]:
        quota = self._quota_of(app_id)
        return {} if quota == DEFAULT_QUOTA else {CONF_MONTHLY_QUOTA: quota}

    async def _async_check(self, data: dict[str, str], entry: ConfigEntry | None = None) -> dict[str, str]:
        """Ask for the system's details, keep the answer for set-up, and return what is wrong by field."""
        try:
            data[CONF_BASE_URL] = normalize_base_url(data[CONF_BASE_URL])
        except ValueError:
            return {CONF_BASE_URL: "invalid_url"}
        if not all(data[key] and data[key].isascii() for key in (CONF_APP_ID, CONF_APP_SECRET, CONF_SID)):
            return {"base": "invalid_auth"}
        ledger = await async_get_ledger(self.hass, data[CONF_APP_ID])
        now = dt_util.utcnow()
        if block := ledger.blocked(now):
            return {"base": str(block.reason)}
        zones = (UTC, CHINA, dt_util.get_default_time_zone())
        quota = options_of(entry.options).monthly_quota if entry else self._quota_of(data[CONF_APP_ID])
        try:
            await ledger.async_book(data[CONF_SID], Call(kind=Kind.DETAILS), now, zones, quota)
            details = await client_of(self.hass, data).details()
        except (OpenApiError, LedgerError) as error:
            if reason := BLOCKING.get(type(error)):
                tomorrow = dt_util.start_of_local_day() + timedelta(days=1)
                await ledger.async_block(reason, now, tomorrow)
            # 1001 says that there is nothing, but a system that exists has details.
            return {"base": ERROR_KEYS.get(type(error), "invalid_answer")}
        state = SystemState()
        if entry:
            # What is known stays; what was put off, or refused to the former credentials, is tried again.
            state = replace(await _async_known(self.hass, data[CONF_SID]), retry=None, ecu_days_refused=False)
            if data[CONF_APP_ID] != entry.data[CONF_APP_ID]:
                state = replace(state, spent=None)
                await (await async_get_ledger(self.hass, entry.data[CONF_APP_ID])).async_forget(data[CONF_SID])
        state = replace(state, details=details, answered=now)
        await state_store(self.hass, data[CONF_SID]).async_save(dump(state))
        return {}


class ApsystemsOptionsFlow(OptionsFlowWithReload):
    """Everything but the credentials, with what it comes to before it is saved."""

    _chosen: dict[str, Any]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            self._chosen = _whole(user_input)
            return await self.async_step_confirm()
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(MORE_OPTIONS_SCHEMA, self.config_entry.options),
        )

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the options come to: calls and spacing of the busiest and the quietest month."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **self._chosen})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=await self._async_outlook(options_of(self._chosen)),
            last_step=True,
        )

    async def _async_outlook(self, options: Options) -> dict[str, str]:
        """Plan a year with the options, for the plant as it is known."""
        state = await _async_known(self.hass, self.config_entry.data[CONF_SID])
        site, _ = await async_locate(self.hass, state.timezone)
        ledger = await async_get_ledger(self.hass, self.config_entry.data[CONF_APP_ID])
        share = ledger.share(self.config_entry.data[CONF_SID])
        year = await self.hass.async_add_executor_job(outlook, dt_util.now().year, site, state.plant, options, share)
        return {"quota": str(options.monthly_quota), **year.words}


async def _async_known(hass: HomeAssistant, sid: str) -> SystemState:
    """Return the stored state of a system; an empty one when there is none, or none that makes sense."""
    with suppress(AttributeError, HomeAssistantError, KeyError, TypeError, ValueError):
        if (stored := await state_store(hass, sid).async_load()) is not None:
            return load(stored)
    return SystemState()


def _cleaned(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the credentials without what copying brings along: blanks of any kind and invisible characters."""
    return {
        key: "".join(c for c in user_input[key] if not c.isspace() and unicodedata.category(c) != "Cf")
        for key in (CONF_APP_ID, CONF_APP_SECRET, CONF_SID, CONF_BASE_URL)
    }


def _whole(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with whole numbers; Home Assistant's selector gives floats."""
    return {key: value if isinstance(value, bool) else int(value) for key, value in user_input.items()}
