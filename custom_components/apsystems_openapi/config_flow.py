"""Set-up, new credentials, another address, and options."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, override
import unicodedata

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_LATITUDE, CONF_LONGITUDE, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    LocationSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from . import issues
from .check import Answers, async_check
from .cloud.client import normalize_base_url
from .const import (
    CONF_ADVANCED,
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_AUTO_SCAN_INTERVAL,
    CONF_BASE_URL,
    CONF_ELSEWHERE,
    CONF_FIRST_ANSWERS,
    CONF_IMPORT_HISTORY,
    CONF_LIVE_POWER,
    CONF_LOCATION,
    CONF_MONTHLY_QUOTA,
    CONF_PANEL_STATISTICS,
    CONF_SCAN_INTERVAL,
    CONF_SID,
    CONF_SUNRISE_OFFSET,
    CONF_SUNSET_OFFSET,
    DEFAULT_BASE_URL,
    DEFAULTS,
    DOMAIN,
    MANUFACTURER,
    MORE_DEFAULTS,
)
from .entry_ledger import EntryLedger
from .ledger import Ledger, async_get_ledger
from .migration import MINOR_VERSION
from .schedule.options import DEFAULT_QUOTA, LONGEST_INTERVAL, MAX_OFFSET, MAX_QUOTA, SHORTEST_INTERVAL
from .schedule.preview import outlook
from .settings import async_locate, async_zone_elsewhere, client_of, location_of, options_of
from .store import StateStore
from .system.clock import Clock
from .system.state import SystemState
from .system.storage import first_answers, with_first_answers


def _number(least: int, most: int, step: int, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=least, max=most, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


_OFFSET = _number(0, MAX_OFFSET // timedelta(minutes=1), 1, UnitOfTime.MINUTES)
_SECOND: Final = timedelta(seconds=1)
_UNKNOWN: Final = "-"
OPTIONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_AUTO_SCAN_INTERVAL, default=DEFAULTS[CONF_AUTO_SCAN_INTERVAL]): BooleanSelector(),
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULTS[CONF_SCAN_INTERVAL]): _number(
            SHORTEST_INTERVAL // _SECOND, LONGEST_INTERVAL // _SECOND, 60, UnitOfTime.SECONDS
        ),
        vol.Required(CONF_SUNRISE_OFFSET, default=DEFAULTS[CONF_SUNRISE_OFFSET]): _OFFSET,
        vol.Required(CONF_SUNSET_OFFSET, default=DEFAULTS[CONF_SUNSET_OFFSET]): _OFFSET,
    }
)
MORE_OPTIONS_SCHEMA: Final = OPTIONS_SCHEMA.extend(
    {
        vol.Required(CONF_LIVE_POWER, default=MORE_DEFAULTS[CONF_LIVE_POWER]): BooleanSelector(),
        vol.Required(CONF_MONTHLY_QUOTA, default=DEFAULT_QUOTA): _number(0, MAX_QUOTA, 1, "calls"),
        vol.Required(CONF_IMPORT_HISTORY, default=MORE_DEFAULTS[CONF_IMPORT_HISTORY]): BooleanSelector(),
        vol.Required(CONF_PANEL_STATISTICS, default=MORE_DEFAULTS[CONF_PANEL_STATISTICS]): BooleanSelector(),
        vol.Required(CONF_ELSEWHERE, default=False): BooleanSelector(),
    }
)
LOCATION_SCHEMA: Final = vol.Schema({vol.Required(CONF_LOCATION): LocationSelector()})
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
CREDENTIALS_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_APP_ID): TextSelector(), vol.Required(CONF_APP_SECRET): _SECRET}
)
ADVANCED_SCHEMA: Final = vol.Schema({vol.Required(CONF_BASE_URL, default=DEFAULT_BASE_URL): _URL}).extend(
    OPTIONS_SCHEMA.schema
)
_ADVANCED: Final = frozenset(str(key) for key in ADVANCED_SCHEMA.schema)
USER_SCHEMA: Final = CREDENTIALS_SCHEMA.extend(
    {
        vol.Required(CONF_SID): TextSelector(),
        vol.Optional(CONF_ADVANCED, default=dict): section(ADVANCED_SCHEMA, {"collapsed": True}),
    }
)
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_APP_ID): TextSelector(),
        vol.Optional(CONF_APP_SECRET): _SECRET,
        vol.Required(CONF_SID): TextSelector(),
        vol.Required(CONF_BASE_URL): _URL,
    }
)


class UserSchema(vol.Schema):  # type: ignore[misc]
    """The schema of the first form: it takes the fields of its section outside of it as well, and these win.

    Home Assistant validates input before a step sees it, and refuses fields that stand at another place.
    """

    @override
    def __call__(self, data: Any) -> Any:
        """Validate."""
        if isinstance(data, Mapping) and isinstance(inside := data.get(CONF_ADVANCED, {}), Mapping):
            flat = {key: value for key, value in data.items() if key in _ADVANCED}
            data = {key: value for key, value in data.items() if key not in _ADVANCED}
            data[CONF_ADVANCED] = {**inside, **flat}
        return super().__call__(data)


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

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything; the form keeps its values when something is wrong with them."""
        answers = Answers()
        if user_input is not None:
            advanced = user_input[CONF_ADVANCED]
            data = _cleaned({**user_input, **advanced})
            await self.async_set_unique_id(data[CONF_SID])
            self._abort_if_unique_id_configured()
            answers = await self._async_check(data, with_listing=True)
            if not answers.errors:
                self._data = data
                self._options = {**_whole({key: advanced[key] for key in DEFAULTS}), CONF_PANEL_STATISTICS: True}
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
            description_placeholders={"until": _until(answers)},
        )

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the plant, and what its calls come to."""
        if user_input is not None:
            return self._create_entry()
        ledger = await async_get_ledger(self.hass, self._data[CONF_APP_ID])
        costs = await _async_costs(self.hass, self._state, self._options, ledger, self._data[CONF_SID], ledger.quota)
        return await self._async_show_found("found", costs)

    async def async_step_not_listed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the system alone; set-up asks for its inverters again."""
        return await self._async_show_found("not_listed", {}) if user_input is None else self._create_entry()

    async def _async_show_found(self, step: str, costs: dict[str, str]) -> ConfigFlowResult:
        details, ecus = self._state.details, self._state.ecus or ()
        zone = self._state.timezone
        placeholders = {
            "sid": self._data[CONF_SID],
            "ecus": str(len(ecus or (details.ecus if details else ()))),
            "inverters": str(len(self._state.inverters)),
            "zone": zone or _UNKNOWN,
            "first_day": details.created.isoformat() if details and details.created else _UNKNOWN,
            "hint": await _async_hint(self.hass, zone, self._options),
            **costs,
        }
        return self.async_show_form(
            step_id=step, data_schema=vol.Schema({}), description_placeholders=placeholders, last_step=True
        )

    def _create_entry(self) -> ConfigFlowResult:
        title = f"{MANUFACTURER} {self._data[CONF_SID]}"
        return self.async_create_entry(title=title, data=self._data, options=self._options)

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
        answers = Answers()
        known = {CONF_BASE_URL: DEFAULT_BASE_URL, **entry.data}
        if user_input is not None:
            typed = _cleaned({**known, **user_input})
            data = {key: text or known[key] if key == CONF_APP_SECRET else text for key, text in typed.items()}
            await self.async_set_unique_id(data[CONF_SID])
            self._abort_if_unique_id_mismatch()
            answers = await self._async_check(data, with_listing=False)
            if answers.until is not None or not answers.errors:
                await self._async_change_app_id(entry.data[CONF_APP_ID], data)
                return self._save(entry, data, answers)
        shown = user_input or {key: value for key, value in known.items() if key != CONF_APP_SECRET}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=answers.errors,
            description_placeholders={"name": entry.title},
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

    async def _async_check(self, data: dict[str, Any], *, with_listing: bool) -> Answers:
        """Check data that was typed; the answers are put into it, for set-up."""
        try:
            data[CONF_BASE_URL] = normalize_base_url(data[CONF_BASE_URL])
        except ValueError:
            return Answers(errors={CONF_BASE_URL: "invalid_url"})
        if not all(data[key] and data[key].isascii() for key in (CONF_APP_ID, CONF_APP_SECRET, CONF_SID)):
            return Answers(errors={"base": "invalid_auth"})
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


class ApsystemsOptionsFlow(OptionsFlowWithReload):
    """Everything but the credentials, with the calls that it comes to before it is saved."""

    _chosen: dict[str, Any]
    _quota: int

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        options = self.config_entry.options
        if user_input is not None:
            chosen = _whole(user_input)
            self._quota, is_elsewhere = chosen.pop(CONF_MONTHLY_QUOTA), chosen.pop(CONF_ELSEWHERE)
            self._chosen = {**{key: value for key, value in options.items() if key != CONF_LOCATION}, **chosen}
            return await (self.async_step_location() if is_elsewhere else self.async_step_confirm())
        shown = {**options, CONF_MONTHLY_QUOTA: (await self._async_ledger()).quota}
        shown[CONF_ELSEWHERE] = location_of(options) is not None
        hint = await _async_hint(self.hass, (await self._async_state()).timezone, options)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(MORE_OPTIONS_SCHEMA, shown),
            description_placeholders={"hint": hint},
        )

    async def async_step_location(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the plant is."""
        errors = {}
        if user_input is not None:
            if (place := location_of(user_input)) is not None:
                self._chosen[CONF_LOCATION] = {CONF_LATITUDE: place[0], CONF_LONGITUDE: place[1]}
                return await self.async_step_confirm()
            errors = {CONF_LOCATION: "invalid_location"}
        site, _ = await async_locate(self.hass, (await self._async_state()).timezone, self.config_entry.options)
        assumed = {CONF_LOCATION: {CONF_LATITUDE: site.latitude, CONF_LONGITUDE: site.longitude}}
        return self.async_show_form(
            step_id="location",
            data_schema=self.add_suggested_values_to_schema(LOCATION_SCHEMA, user_input or assumed),
            errors=errors,
        )

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the calls that the options come to: their number and spacing in the busiest and the quietest month."""
        ledger = await self._async_ledger()
        if user_input is not None:
            await ledger.async_set_quota(self._quota)
            return self.async_create_entry(data=self._chosen)
        sid, state = self.config_entry.data[CONF_SID], await self._async_state()
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=await _async_costs(self.hass, state, self._chosen, ledger, sid, self._quota),
            last_step=True,
        )

    async def _async_ledger(self) -> Ledger:
        return await async_get_ledger(self.hass, self.config_entry.data[CONF_APP_ID])

    async def _async_state(self) -> SystemState:
        store = StateStore(self.hass, self.config_entry.data[CONF_SID])
        await store.async_load()
        return store.state


async def _async_costs(
    hass: HomeAssistant, state: SystemState, chosen: Mapping[str, Any], ledger: Ledger, sid: str, quota: int
) -> dict[str, str]:
    """Plan a year with the options, for the plant as it is known; return texts for a form."""
    options = options_of(chosen, quota)
    site, _ = await async_locate(hass, state.timezone, chosen)
    plant = state.plant(Clock(now=dt_util.utcnow(), site=site, options=options), has_recorder=False)
    share = ledger.share(sid, plant.need)
    year = await hass.async_add_executor_job(outlook, dt_util.now().year, site, plant, options, share)
    return {"quota": str(quota), **year.placeholders}


async def _async_hint(hass: HomeAssistant, timezone: str | None, options: Mapping[str, Any]) -> str:
    """Return a sentence for a form where the site's zone hints at a plant that is elsewhere."""
    zone = await async_zone_elsewhere(timezone)
    if zone is None or location_of(options) is not None:
        return ""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    return texts.get(f"component.{DOMAIN}.exceptions.hint_elsewhere.message", "").replace("{zone}", zone)


def _until(answers: Answers) -> str:
    return issues.local_time(answers.until, dt_util.get_default_time_zone()) if answers.until else ""


def _cleaned(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credentials without what copying brings along: blanks of any kind and invisible characters."""
    return {
        key: "".join(c for c in user_input[key] if not c.isspace() and unicodedata.category(c) != "Cf")
        for key in (CONF_APP_ID, CONF_APP_SECRET, CONF_SID, CONF_BASE_URL)
    }


def _whole(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with whole numbers; Home Assistant's selector gives floats."""
    return {key: value if isinstance(value, bool) else int(value) for key, value in user_input.items()}
