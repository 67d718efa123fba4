"""Set-up, new credentials, and another address."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult, OptionsFlow
from homeassistant.core import callback
from homeassistant.util import dt as dt_util
import voluptuous as vol

from . import energy_dashboard
from .check import Answers, async_check, faults_of
from .cloud.client import normalize_base_url
from .const import (
    CONF_ADVANCED,
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_ENERGY_DASHBOARD,
    CONF_FIRST_ANSWERS,
    CONF_PANEL_STATISTICS,
    CONF_SID,
    DEFAULT_BASE_URL,
    DEFAULTS,
    DOMAIN,
    MANUFACTURER,
)
from .entry_ledger import EntryLedger
from .forms import (
    CREDENTIALS_SCHEMA,
    RECONFIGURE_SCHEMA,
    USER_SCHEMA,
    ReconfigureSchema,
    UserSchema,
    cleaned,
    found_schema,
    whole,
)
from .ledger import async_get_ledger
from .migration import MINOR_VERSION
from .options_flow import ApsystemsOptionsFlow
from .sentences import async_hint, async_house, async_outlook, async_prospect
from .settings import client_of
from .system.clock import local_time
from .system.state import SystemState
from .system.storage import first_answers, with_first_answers

_UNKNOWN = "-"


class ApsystemsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Ask for the credentials, and check them by a call."""

    VERSION = 1
    MINOR_VERSION = MINOR_VERSION

    _data: dict[str, Any]
    _options: dict[str, Any]
    _state: SystemState

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        return ApsystemsOptionsFlow()

    # A new system

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything; the form keeps its values when something is wrong with them."""
        answers, typed = Answers(), {}
        if user_input is not None:
            advanced = user_input[CONF_ADVANCED]
            typed = cleaned({**user_input, **advanced})
            data: dict[str, Any] = {**typed, CONF_SID: typed[CONF_SID].upper()}  # as APsystems writes them
            answers = await self._async_check_new(data)
            if not answers.errors:
                self._data = data
                self._options = {**whole({key: advanced[key] for key in DEFAULTS}), CONF_PANEL_STATISTICS: True}
                self._state = with_first_answers(SystemState(), data[CONF_FIRST_ANSWERS])
                return await (self.async_step_found() if answers.ecus else self.async_step_not_listed())
        errors = dict(answers.errors)
        if CONF_BASE_URL in errors:  # the section that has the field is collapsed
            errors["base"] = errors[CONF_BASE_URL]
        form = self.add_suggested_values_to_schema(USER_SCHEMA, user_input)
        return self.async_show_form(
            step_id="user",
            data_schema=UserSchema(form.schema),
            errors=errors,
            description_placeholders=_placeholders(typed, answers),
        )

    async def _async_check_new(self, data: dict[str, Any]) -> Answers:
        """Check a system that is to be added. Nothing is aborted: the form stays, with all that was typed."""
        await self.async_set_unique_id(data[CONF_SID], raise_on_progress=False)
        known = {str(entry.data.get(CONF_SID)).upper() for entry in self._async_current_entries(include_ignore=False)}
        if data[CONF_SID] in known:
            return Answers(errors={CONF_SID: "already_configured"})
        return await self._async_check(data, faults_of(data), with_listing=True)

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the plant, and what its calls come to."""
        if user_input is not None:
            return self._create_entry(user_input)
        ledger = await async_get_ledger(self.hass, self._data[CONF_APP_ID])
        shown = await async_prospect(self.hass, self._state, self._options, ledger, self._data[CONF_SID], ledger.quota)
        return await self._async_show_found("found", outlook=await async_outlook(self.hass, shown))

    async def async_step_not_listed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the system alone; set-up asks for its inverters again."""
        return await self._async_show_found("not_listed") if user_input is None else self._create_entry(user_input)

    async def _async_show_found(self, step: str, **more: str) -> ConfigFlowResult:
        details, ecus = self._state.details, self._state.ecus or ()
        zone = self._state.timezone
        placeholders = {
            "sid": self._data[CONF_SID],
            "ecus": str(len(ecus or (details.ecus if details else ()))),
            "inverters": str(len(self._state.inverters)),
            "house": await async_house(self.hass, self._state),
            "zone": zone or _UNKNOWN,
            "first_day": details.created.isoformat() if details and details.created else _UNKNOWN,
            "hint": await async_hint(self.hass, zone, self._options),
            **more,
        }
        return self.async_show_form(
            step_id=step,
            data_schema=found_schema(energy_dashboard=await energy_dashboard.async_is_free(self.hass)),
            description_placeholders=placeholders,
            last_step=True,
        )

    def _create_entry(self, user_input: Mapping[str, Any]) -> ConfigFlowResult:
        self._abort_if_unique_id_configured()  # by another flow, since it was checked
        if user_input[CONF_ENERGY_DASHBOARD]:
            self._data[CONF_ENERGY_DASHBOARD] = True
        title = f"{MANUFACTURER} {self._data[CONF_SID]}"
        return self.async_create_entry(title=title, data=self._data, options=self._options)

    # A system that is there

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
        """Check the values of a form and put them into the entry; fields that it lacks, or are empty, stay.

        While no call can be made they are saved unchecked: an owner may have to change the App ID for that reason.
        """
        answers, data = Answers(), {}
        known = {CONF_BASE_URL: DEFAULT_BASE_URL, **entry.data}
        if user_input is not None:
            typed = cleaned({**known, **user_input})
            data = {key: text or known[key] if key == CONF_APP_SECRET else text for key, text in typed.items()}
            await self.async_set_unique_id(data[CONF_SID])
            self._abort_if_unique_id_mismatch()
            changed = {key: text for key, text in data.items() if text != known[key]}
            answers = await self._async_check(data, faults_of(changed), with_listing=False)
            if answers.until is not None or not answers.errors:
                await self._async_change_app_id(entry.data[CONF_APP_ID], data)
                return self._save(entry, data, answers)
        shown = user_input or {key: value for key, value in known.items() if key != CONF_APP_SECRET}
        fields = {str(key) for key in schema.schema}
        form = self.add_suggested_values_to_schema(schema, shown)
        return self.async_show_form(
            step_id=step,
            data_schema=ReconfigureSchema(form.schema) if step == "reconfigure" else form,
            errors={name if name in fields else "base": error for name, error in answers.errors.items()},
            description_placeholders={
                **_placeholders(data or known, answers),
                "name": entry.title,
            },
        )

    def _save(self, entry: ConfigEntry, data: dict[str, Any], answers: Answers) -> ConfigFlowResult:
        if answers.until is None:
            return self.async_update_reload_and_abort(entry, data_updates=data)
        unchecked = {**data, CONF_FIRST_ANSWERS: {}}  # forgets that the old credentials were refused
        result = self.async_update_reload_and_abort(entry, data_updates=unchecked, reason="saved_unchecked")
        result["description_placeholders"] = {"until": _until(answers)}
        return result

    async def _async_change_app_id(self, before: str, data: Mapping[str, Any]) -> None:
        """Release the share of another App ID; its quota is not that of the new one."""
        if data[CONF_APP_ID] == before:
            return
        await (await async_get_ledger(self.hass, before)).async_forget(data[CONF_SID])
        ledger = await async_get_ledger(self.hass, data[CONF_APP_ID])
        if not ledger.has_quota:
            await ledger.async_set_quota(ledger.quota)

    async def _async_check(self, data: dict[str, Any], faults: dict[str, str], *, with_listing: bool) -> Answers:
        """Check data that was typed, by calls unless it has faults; the answers are put into it, for set-up."""
        try:
            data[CONF_BASE_URL] = normalize_base_url(data[CONF_BASE_URL])
        except ValueError:
            faults = {**faults, CONF_BASE_URL: "invalid_url"}
        if faults:
            return Answers(errors=faults)
        ledger = EntryLedger(
            ledger=await async_get_ledger(self.hass, data[CONF_APP_ID]),
            sid=data[CONF_SID],
            zone=dt_util.get_default_time_zone(),
        )
        now = dt_util.utcnow()
        answers = await async_check(ledger, client_of(self.hass, data), with_listing=with_listing)
        if answers.details is not None:
            data[CONF_FIRST_ANSWERS] = first_answers(answers.details, answers.ecus, now)
        return answers


def _placeholders(typed: Mapping[str, Any], answers: Answers) -> dict[str, str]:
    """Return what errors and descriptions mention of the text that was typed, never the text of a secret."""
    return {
        "sid": str(typed.get(CONF_SID, "")),
        "app_id_length": str(len(typed.get(CONF_APP_ID, ""))),
        "sid_length": str(len(typed.get(CONF_SID, ""))),
        "until": _until(answers),
    }


def _until(answers: Answers) -> str:
    return local_time(answers.until, dt_util.get_default_time_zone()) if answers.until else ""
