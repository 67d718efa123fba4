"""Set-up and options, through Home Assistant's flows."""
# ruff: noqa: ANN401 -- form fields are of any type

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.entry_ledger import EntryLedger
from custom_components.apsystems_openapi.ledger import async_get_ledger
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, FaultKind, Kind, big_plant, sample_plant
from tests.harness import FIXED, PARIS, Disk, House, field_values
from tests.texts import below, english

DEFAULTS = {"auto_scan_interval": True, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
# The selectors of Home Assistant's frontend send floats.
TYPED = {"auto_scan_interval": False, "scan_interval": 2400.0, "sunrise_offset": 15.0, "sunset_offset": 45.0}
CHOSEN = {"auto_scan_interval": False, "scan_interval": 2400, "sunrise_offset": 15, "sunset_offset": 45}
MALAGA = {"latitude": 36.72, "longitude": -4.42}


async def begin(hass: HomeAssistant) -> str:
    """Open the form, and return the flow's id."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "user", {})
    return form["flow_id"]


async def send(house: House, flow_id: str, typed: dict[str, Any]) -> ConfigFlowResult:
    """Send a form."""
    done: dict[str, ConfigFlowResult] = {}

    async def configure() -> None:
        done["result"] = await house.hass.config_entries.flow.async_configure(flow_id, typed)

    await house.patiently(configure())
    return done["result"]


async def check(house: House, flow_id: str, **changes: Any) -> ConfigFlowResult:
    """Fill in the first form and send it."""
    return await send(house, flow_id, {**house.data(), **TYPED, **changes})


async def submit(house: House, flow_id: str, **changes: Any) -> ConfigFlowResult:
    """Fill in the first form and send it; send the step that shows the system as well."""
    result = await check(house, flow_id, **changes)
    return await send(house, flow_id, {}) if result.get("step_id") in {"found", "not_listed"} else result


def has_no_float(options: Any) -> bool:
    """Return whether no number is a float."""
    return not any(isinstance(value, float) for value in options.values())


# The first form


async def test_two_calls_check_the_credentials_and_set_up_repeats_neither(house: House) -> None:
    """Credentials are stored as data, the rest as options; details and inverter list are fetched once."""
    result = await submit(house, await begin(house.hass))
    assert [str(call.kind) for call in house.calls()[:2]] == ["details", "inverters"]
    assert "authorization_code" not in str(result["data"])
    await house.settle()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"APsystems {house.sid}"
    entry = result["result"]
    assert entry.data.items() >= house.data().items()
    assert "first_answers" not in entry.data
    assert dict(entry.options) == CHOSEN | {"panel_statistics": True}
    assert has_no_float(entry.options)
    assert (entry.unique_id, entry.version, entry.minor_version) == (house.sid, 1, 3)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert {inverter.uid for inverter in house.plant.inverters} <= house.devices().keys()
    await house.pass_time(timedelta(hours=1))
    assert len(house.calls("details", "inverters")) == 2


async def test_the_checks_are_booked(house: House, hass_storage: Disk) -> None:
    """Like every other call."""
    await check(house, await begin(house.hass))
    (ledger,) = [stored["data"] for key, stored in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger.")]
    assert sum(ledger["spent"].values()) == len(house.calls()) == 2


async def test_the_form_has_the_defaults_of_the_original(house: House) -> None:
    """The vendor's address and the automatic mode."""
    form = await house.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["data_schema"] is not None
    filled = form["data_schema"]({"app_id": "a", "app_secret": "b", "sid": "c"})
    assert filled == {
        "app_id": "a",
        "app_secret": "b",
        "sid": "c",
        "advanced": DEFAULTS | {"base_url": "https://api.apsystemsema.com:9282"},
    }
    assert not house.calls()


async def test_a_browser_gets_three_fields_and_a_collapsed_section(
    house: House, hass_client: ClientSessionGenerator
) -> None:
    """Every field has a label and a help text."""
    assert await async_setup_component(house.hass, "config", {})
    client = await hass_client()
    answer = await client.post("/api/config/config_entries/flow", json={"handler": DOMAIN})
    fields = {field["name"]: field for field in (await answer.json())["data_schema"]}
    assert list(fields) == ["app_id", "app_secret", "sid", "advanced"]
    section = fields["advanced"]
    assert (section["type"], section["expanded"]) == ("expandable", False)
    assert section.get("required", False) is False
    texts = below(english(), "config", "step", "user")
    assert set(below(texts, "data")) == set(below(texts, "data_description")) == set(fields) - {"advanced"}
    within = below(texts, "sections", "advanced")
    names = {field["name"] for field in section["schema"]}
    assert set(below(within, "data")) == set(below(within, "data_description")) == names == {"base_url", *DEFAULTS}


def as_typed(house: House, how: str) -> dict[str, Any]:
    """Return the values of the first form, arranged in a way that the form takes."""
    values = house.data()
    advanced = {**TYPED, "base_url": values.pop("base_url")}
    wrong = {**DEFAULTS, "base_url": "https://example.org"}
    return {
        "flat": {**values, **advanced},
        "nested": {**values, "advanced": advanced},
        "flat wins": {**values, **advanced, "advanced": wrong},
        "mixed": {**values, "base_url": house.url, "advanced": TYPED},
    }[how]


@pytest.mark.parametrize("how", ["flat", "nested", "flat wins", "mixed"])
async def test_fields_of_the_section_are_taken_inside_and_outside_of_it(house: House, how: str) -> None:
    """Automations and older clients send all fields side by side."""
    flow_id = await begin(house.hass)
    await send(house, flow_id, as_typed(house, how))
    result = await send(house, flow_id, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["base_url"] == house.url
    assert result["options"].items() >= CHOSEN.items()
    await house.settle()


async def test_without_the_section_the_defaults_apply(house: House) -> None:
    """Three fields are enough; the server is the vendor's."""
    typed = {key: value for key, value in house.data().items() if key != "base_url"}
    with patch(f"custom_components.{DOMAIN}.config_flow.normalize_base_url", return_value=house.url) as normalize:
        result = await send(house, await begin(house.hass), typed)
    normalize.assert_called_once_with("https://api.apsystemsema.com:9282")
    result = await send(house, result["flow_id"], {})
    assert result["options"].items() >= DEFAULTS.items()
    await house.settle()


@pytest.mark.parametrize("first", ["flat", "nested"])
@pytest.mark.parametrize("second", ["flat", "nested"])
async def test_the_form_is_sent_again_after_an_error_either_way(house: House, first: str, second: str) -> None:
    """It keeps its values, wherever they were."""
    flow_id = await begin(house.hass)
    house.order(FaultKind.RESET, times=1)
    result = await send(house, flow_id, as_typed(house, first))
    assert result["errors"] == {"base": "cannot_connect"}
    assert field_values(result) == {**house.data(), **TYPED}
    result = await send(house, flow_id, as_typed(house, second))
    assert (result["step_id"], result["errors"]) == ("found", None)


@pytest.mark.parametrize(
    "typed",
    [{"more": 1}, {"advanced": {"more": 1}}, {"advanced": 5}, {"advanced": None}, {"monthly_quota": 5}, {"sid": None}],
)
async def test_unknown_fields_and_a_section_of_another_shape_are_refused(house: House, typed: dict[str, Any]) -> None:
    """Without a call; the flow can go on."""
    flow_id = await begin(house.hass)
    with pytest.raises(InvalidData) as refused:
        await send(house, flow_id, {**as_typed(house, "nested"), **typed})
    assert refused.value.schema_errors
    assert not house.calls()
    assert (await check(house, flow_id))["step_id"] == "found"


# Errors of the check


@pytest.mark.parametrize(
    "typed", [{"app_id": "f" * 32}, {"app_secret": "wrong"}, {"sid": "ZZ99999Z9Z9Z"}, {"sid": "Dach?a=b&c"}]
)
async def test_wrong_credentials_or_system_id_show_an_error(house: House, typed: dict[str, str]) -> None:
    """The cloud answers 4000 to all of them."""
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == {"base": "invalid_auth"}
    assert [call.code for call in house.calls()] == [4000]


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((2000, 2001, 2002, 2003, 2004, 3000, 3001, 3002, 3003, 3004, 4000, 4001), "invalid_auth"),
        ((1000, 5000, 6000), "cannot_connect"),
        ((1001, 9999, -1), "invalid_answer"),
    ],
)
async def test_each_response_code_has_its_message(house: House, codes: tuple[int, ...], error: str) -> None:
    """The form stays open and can be sent again."""
    flow_id = await begin(house.hass)
    for code in codes:
        house.cloud.clear_faults()
        house.refuse(code)
        result = await submit(house, flow_id)
        assert result["errors"] == {"base": error}, code
    assert len(house.calls()) == len(codes)


@pytest.mark.parametrize(
    ("kind", "how", "error"),
    [
        (FaultKind.STATUS, {"status": 500}, "cannot_connect"),
        (FaultKind.STATUS, {"status": 503}, "cannot_connect"),
        (FaultKind.RESET, {}, "cannot_connect"),
        (FaultKind.HALF_BODY, {}, "cannot_connect"),
        (FaultKind.TIMEOUT, {}, "cannot_connect"),
        (FaultKind.STATUS, {"status": 404}, "invalid_answer"),
        (FaultKind.REDIRECT, {}, "invalid_answer"),
        (FaultKind.NOT_JSON, {}, "invalid_answer"),
        (FaultKind.BODY, {"body": ""}, "invalid_answer"),
        (FaultKind.BODY, {"body": "[]"}, "invalid_answer"),
        (FaultKind.BODY, {"body": '{"code": null}'}, "invalid_answer"),
        (FaultKind.HUGE, {}, "invalid_answer"),
        (FaultKind.SWAPPED, {}, "invalid_answer"),
        (FaultKind.NULL_DATA, {}, "invalid_answer"),
        (FaultKind.STRING_DATA, {}, "invalid_answer"),
        (FaultKind.NUMBER_DATA, {}, "invalid_answer"),
    ],
)
async def test_no_answer_and_an_invalid_answer_have_different_errors(
    house: House, kind: FaultKind, how: dict[str, Any], error: str
) -> None:
    """The form keeps its values, and the next attempt succeeds."""
    house.order(kind, times=1, on=Kind.DETAILS, **how)
    result = await submit(house, await begin(house.hass))
    assert result["errors"] == {"base": error}
    assert field_values(result) == {**house.data(), **TYPED}

    result = await submit(house, result["flow_id"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_a_closed_port_shows_that_it_cannot_connect(house: House, unused_tcp_port: int) -> None:
    """No server listens there."""
    result = await submit(house, await begin(house.hass), base_url=f"http://127.0.0.1:{unused_tcp_port}")
    assert result["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "ftp://api.apsystemsema.com",
        "https://",
        "https://:9282",
        "https://me:secret@api.apsystemsema.com",
        "https://api.apsystemsema.com/?a=b",
        "https://api.apsystemsema.com/#top",
        "https://api.apsystemsema.com:0",
        "https://api.apsystemsema.com:99999",
        "http://[::1",
        "mailto:owner@example.org",
    ],
)
async def test_an_invalid_address_shows_an_error_at_its_field(house: House, url: str) -> None:
    """And above the form, as the field's section is collapsed. No call is made, and the form keeps its values."""
    result = await submit(house, await begin(house.hass), base_url=url)
    assert result["errors"] == {"base_url": "invalid_url", "base": "invalid_url"}
    assert field_values(result)["app_secret"] == DEFAULT_APP_SECRET
    assert not house.calls()


@pytest.mark.parametrize("ending", ["/", "//", "/user/api/v2/systems", "/user/api/v2/systems/details/", "  "])
async def test_the_path_of_the_manual_is_cut_off_an_address(house: House, ending: str) -> None:
    """Scheme, host and port are stored."""
    result = await submit(house, await begin(house.hass), base_url=house.url + ending)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["base_url"] == house.url
    await house.settle()


async def test_an_address_without_a_scheme_means_https(house: House) -> None:
    """A missing scheme never leads to plain HTTP."""
    bare = house.url.removeprefix("http://")
    result = await submit(house, await begin(house.hass), base_url=bare)
    assert result["errors"] == {"base": "cannot_connect"}
    assert field_values(result)["base_url"] == bare
    assert not house.calls()


async def test_blanks_and_invisible_characters_are_removed_from_credentials(house: House) -> None:
    """Copying from a web page brings them along."""
    result = await submit(
        house,
        await begin(house.hass),
        app_id=f"  {DEFAULT_APP_ID[:16]}\u200b{DEFAULT_APP_ID[16:]}\n",
        app_secret=f"\ufeff{DEFAULT_APP_SECRET}\u00a0",
        sid=f"\u2060{house.sid}\t",
        base_url=f"\u200e {house.url} ",
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == house.sid
    await house.settle()
    assert result["result"].data.items() >= house.data().items()


@pytest.mark.parametrize(
    "typed", [{"app_id": "   "}, {"app_secret": "\u200b"}, {"sid": "\u0410\u041212345"}, {"app_id": "\uff11\uff12"}]
)
async def test_credentials_that_cannot_be_right_cost_no_call(house: House, typed: dict[str, str]) -> None:
    """They are empty, or have letters that no id of the vendor has."""
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == {"base": "invalid_auth"}
    assert not house.calls()


# While no call can be made


async def test_a_spent_quota_shows_until_when_and_sending_again_costs_no_call(house: House) -> None:
    """One call a day tries it again. The form keeps its values."""
    house.cloud.spend(1000)
    flow_id = await begin(house.hass)
    for _ in range(3):
        result = await submit(house, flow_id)
        assert result["errors"] == {"base": "quota"}
        assert result["description_placeholders"] == {"until": "2026-06-16 13:00"}
        assert field_values(result) == {**house.data(), **TYPED}
    assert [call.code for call in house.calls()] == [2005]

    house.freezer.tick(timedelta(hours=24, minutes=1))
    assert (await submit(house, flow_id))["errors"] == {"base": "quota"}
    assert len(house.calls()) == 2


@pytest.mark.parametrize("code", [7000, 7001, 7002, 7003])
async def test_a_throttled_call_shows_until_when_and_sending_again_waits(house: House, code: int) -> None:
    """After the wait the flow succeeds."""
    house.refuse(code, times=1)
    flow_id = await begin(house.hass)
    for _ in range(2):
        result = await submit(house, flow_id)
        assert result["errors"] == {"base": "throttled"}
        assert result["description_placeholders"] == {"until": "2026-06-15 13:05"}
    assert len(house.calls()) == 1

    house.freezer.tick(timedelta(minutes=6))
    assert (await submit(house, flow_id))["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_a_month_spent_by_our_own_count_shows_when_the_next_begins(house: House) -> None:
    """No call is made."""
    await house.set_quota(0)
    result = await submit(house, await begin(house.hass))
    assert result["errors"] == {"base": "spent"}
    assert result["description_placeholders"] == {"until": "2026-07-01 02:00"}
    assert not house.calls()


def test_every_error_of_a_block_shows_its_end() -> None:
    """By the same placeholder."""
    errors = below(english(), "config", "error")
    assert all("{until}" in str(errors[key]) for key in ("quota", "spent", "throttled"))


async def test_with_a_full_disk_the_check_is_not_made(house: House, hass_storage: Disk) -> None:
    """A call that cannot be booked would not be counted."""
    flow_id = await begin(house.hass)
    hass_storage.full = True
    assert (await submit(house, flow_id))["errors"] == {"base": "ledger"}
    assert not house.calls()
    hass_storage.full = False

    assert (await submit(house, flow_id))["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


# The system that was found


async def test_the_second_step_shows_the_system_and_the_calls_of_a_month(house: House) -> None:
    """Nothing has to be filled in. The calls are those that the options' preview shows later."""
    result = await check(house, await begin(house.hass), auto_scan_interval=True)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "found")
    shown = result["description_placeholders"]
    assert shown is not None
    about = {key: shown[key] for key in ("sid", "ecus", "inverters", "zone", "first_day", "quota", "hint")}
    assert about == {
        "sid": house.sid,
        "ecus": str(len(house.plant.ecus)),
        "inverters": str(len(house.plant.inverters)),
        "zone": "Europe/Paris",
        "first_day": house.plant.create_date.isoformat(),
        "quota": "1000",
        "hint": "",
    }
    assert 500 < int(shown["busiest_calls"]) <= 1000
    text = str(below(english(), "config", "step", "found")["description"])
    assert all(f"{{{key}}}" in text for key in shown)

    entry = (await send(house, result["flow_id"], {}))["result"]
    await house.settle()
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    preview = await house.hass.config_entries.options.async_configure(
        form["flow_id"], {**field_values(form), "auto_scan_interval": True}
    )
    confirmed = preview["description_placeholders"]
    assert confirmed is not None
    assert confirmed.items() <= shown.items()


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (FaultKind.CODE, {"code": 1001}),
        (FaultKind.CODE, {"code": 4000}),
        (FaultKind.CODE, {"code": 5000}),
        (FaultKind.CODE, {"code": 7002}),
        (FaultKind.NOT_JSON, {}),
        (FaultKind.RESET, {}),
        (FaultKind.TIMEOUT, {}),
    ],
)
async def test_without_the_inverter_list_the_flow_goes_on(house: House, kind: FaultKind, how: dict[str, Any]) -> None:
    """The credentials are right; set-up asks for the list again, when calls are possible."""
    house.order(kind, times=1, on=Kind.INVERTERS, **how)
    result = await check(house, await begin(house.hass))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "not_listed")
    shown = result["description_placeholders"]
    assert shown is not None
    assert (shown["ecus"], shown["zone"]) == (str(len(house.plant.ecus)), "Europe/Paris")
    text = str(below(english(), "config", "step", "not_listed")["description"])
    assert "{sid}" in text
    assert "{inverters}" not in text

    result = await send(house, result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()
    if result["result"].state is not ConfigEntryState.LOADED:  # the cloud has asked to wait
        await house.pass_time(timedelta(minutes=20), timedelta(minutes=1))
    assert result["result"].state is ConfigEntryState.LOADED
    assert len(house.calls("details")) == 1
    assert [call.code for call in house.calls("inverters")][-1] == 0
    assert {inverter.uid for inverter in house.plant.inverters} <= house.devices().keys()


@pytest.mark.parametrize("plant", [replace(sample_plant(), ecus=())])
async def test_an_empty_inverter_list_is_asked_for_again(house: House) -> None:
    """An ECU may be registered a minute later."""
    sample = sample_plant(sid=house.sid)
    result = await check(house, await begin(house.hass))
    assert result["step_id"] == "not_listed"
    house.cloud.plants[house.sid] = sample
    result = await send(house, result["flow_id"], {})
    await house.settle()
    assert {inverter.uid for inverter in sample.inverters} <= house.devices().keys()


async def test_a_last_call_of_the_month_checks_the_credentials(house: House) -> None:
    """There is none for the list."""
    await house.set_quota(50)
    ledger = EntryLedger(ledger=await async_get_ledger(house.hass, DEFAULT_APP_ID), sid="another", zone=PARIS)
    while ledger.room(house.now) > 1:
        await ledger.async_book("summary")
    result = await check(house, await begin(house.hass))
    assert result["step_id"] == "not_listed"
    assert [str(call.kind) for call in house.calls()] == ["details"]


@pytest.mark.parametrize(
    ("zone", "is_hinted"),
    [("Europe/Paris", False), ("Europe/Madrid", True), ("Australia/Sydney", True), ("Mars/Olympus", False)],
)
async def test_a_zone_that_is_not_the_homes_suggests_to_give_the_place(
    house: House, zone: str, *, is_hinted: bool
) -> None:
    """In the second step, and in the options until the place is given."""
    house.cloud.plants[house.sid] = replace(house.plant, reported_timezone=zone)
    result = await check(house, await begin(house.hass))
    shown = result["description_placeholders"]
    assert shown is not None
    assert (zone in shown["hint"]) == bool(shown["hint"]) == is_hinted
    entry = (await send(house, result["flow_id"], {}))["result"]
    await house.settle()
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert form["description_placeholders"] == {"hint": shown["hint"]}
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "location": MALAGA})
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert form["description_placeholders"] == {"hint": ""}


# Other systems


@pytest.mark.parametrize("blank", ["", " "])
async def test_a_system_is_set_up_only_once_and_a_second_attempt_costs_no_call(house: House, blank: str) -> None:
    """With or without blanks around its id."""
    await house.set_up()
    before = len(house.calls())
    result = await submit(house, await begin(house.hass), sid=blank + house.sid + blank, app_secret="another")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert len(house.calls()) == before


@pytest.mark.parametrize(
    "typed", [{"scan_interval": 1799}, {"scan_interval": 7201}, {"sunrise_offset": -1}, {"sunset_offset": 121}]
)
async def test_values_out_of_range_are_refused(house: House, typed: dict[str, int]) -> None:
    """In the flow and in the options alike."""
    with pytest.raises(InvalidData):
        await submit(house, await begin(house.hass), **typed)
    entry = await house.set_up()
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    with pytest.raises(InvalidData):
        await house.hass.config_entries.options.async_configure(form["flow_id"], {**TYPED, **typed})


# Options


async def choose(house: House, entry: ConfigEntry[Any], place: Any = None, **choice: Any) -> None:
    """Go through the options form; with a place, as one that is elsewhere."""
    options = house.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["type"] is FlowResultType.FORM
    typed = {**TYPED, **choice} if place is None else {**TYPED, "elsewhere": True, **choice}
    step = await options.async_configure(form["flow_id"], typed)
    if place is not None:
        assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "location")
        step = await options.async_configure(form["flow_id"], {"location": place})
    assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "confirm")
    assert step["description_placeholders"]
    assert all(step["description_placeholders"].values())
    result = await options.async_configure(form["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


@pytest.fixture
def reloads() -> Iterator[list[str]]:
    """Return the entries that are set up from now on."""
    seen: list[str] = []
    set_up = ConfigEntry.async_setup

    async def async_setup(self: ConfigEntry, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("integration") is None:  # otherwise for a platform
            seen.append(self.entry_id)
        return await set_up(self, *args, **kwargs)

    with patch.object(ConfigEntry, "async_setup", async_setup):
        yield seen


async def test_the_options_form_shows_the_current_settings(house: House) -> None:
    """An entry without options shows the defaults, another one its own."""
    entry = await house.set_up(sunset_offset=7)
    await house.set_quota(1234)
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    shown = FIXED | {"sunset_offset": 7, "monthly_quota": 1234, "elsewhere": False, "panel_statistics": False}
    assert field_values(form).items() >= shown.items()

    house.hass.config_entries.async_update_entry(entry, options={})
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form).items() >= DEFAULTS.items()


async def test_options_are_whole_numbers_and_apply_at_once(house: House, reloads: list[str]) -> None:
    """By one reload, which costs no call."""
    entry = await house.set_up()
    before = len(house.calls())
    reloads.clear()
    await choose(house, entry, scan_interval=7200.0)
    assert reloads == [entry.entry_id]
    assert dict(entry.options).items() >= (CHOSEN | {"scan_interval": 7200}).items()
    assert has_no_float(entry.options)
    assert len(house.calls()) == before

    await house.pass_time(timedelta(hours=4))
    times = [call.time for call in house.calls("energy", since=before)]
    assert len(times) == 2
    assert times[1] - times[0] == pytest.approx(timedelta(hours=2), abs=timedelta(minutes=5))


async def test_options_are_mirrored_for_the_original(house: House) -> None:
    """It reads them from `data`, where it finds the four settings that it knows."""
    entry = await house.set_up()
    await choose(house, entry)
    assert entry.data == house.data() | CHOSEN | {"mirrored": CHOSEN}


async def test_options_that_have_no_field_in_the_form_are_kept(house: House) -> None:
    """Such as those of a fork with storage."""
    other = {"poll_pv": False, "poll_storage_hourly": True, "of_another_version": 1}
    entry = await house.set_up(**other)
    await choose(house, entry)
    assert entry.options.items() >= other.items()


async def test_options_can_be_changed_without_a_stored_plant(house: House, hass_storage: Disk) -> None:
    """With an invalid state and with none; the preview is that of an empty plant."""
    entry = await house.set_up()
    key = f"{DOMAIN}.{house.sid}"
    hass_storage[key] = {**hass_storage[key], "data": {"ecus": 5}}
    await choose(house, entry)
    del hass_storage[key]
    await choose(house, entry, sunset_offset=5)
    assert entry.options["sunset_offset"] == 5


# The quota belongs to the App ID


async def add_second(house: House) -> MockConfigEntry:
    """Add a second system of the same App ID."""
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=other.sid, data=house.data(sid=other.sid), options=FIXED, minor_version=3, title="two"
    )
    entry.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def test_the_quota_is_that_of_all_systems_of_the_app_id(house: House, reloads: list[str]) -> None:
    """Changed in the options of one, it applies to the other at once, without a reload or a call."""
    entry = await house.set_up(auto_scan_interval=True)
    second = await add_second(house)
    before = len(house.calls())
    reloads.clear()
    await choose(house, second, monthly_quota=5000.0, **FIXED)
    assert reloads in ([], [second.entry_id])
    assert len(house.calls()) == before
    quotas = {
        state.attributes["quota"] for state in house.hass.states.async_all("sensor") if "quota" in state.attributes
    }
    assert quotas == {5000}
    assert "monthly_quota" not in {*entry.options, *second.options}
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form)["monthly_quota"] == 5000
    assert house.log(0, "quota 5000")


async def test_a_changed_quota_alone_reloads_nothing(house: House, reloads: list[str]) -> None:
    """The plan is made anew."""
    entry = await house.set_up()
    await choose(house, entry, live_power=True, import_history=True, panel_statistics=False)
    before, options = len(house.calls()), dict(entry.options)
    reloads.clear()
    await choose(house, entry, monthly_quota=300)
    assert (reloads, dict(entry.options)) == ([], options)
    assert len(house.calls()) == before


async def test_a_second_system_has_the_quota_of_its_app_id(house: House) -> None:
    """Both systems spend the same quota; the second step shows its share."""
    await house.set_up()
    await house.set_quota(100_000)
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    flow_id = await begin(house.hass)
    shown = (await check(house, flow_id, sid=other.sid, auto_scan_interval=True))["description_placeholders"]
    assert shown is not None
    assert shown["quota"] == "100000"
    result = await send(house, flow_id, {})
    await house.settle()
    assert result["result"].state is ConfigEntryState.LOADED
    assert "monthly_quota" not in result["result"].options


async def test_the_preview_shows_the_quota_that_was_typed(house: House) -> None:
    """Before it is saved."""
    entry = await house.set_up()
    options = house.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    step = await options.async_configure(form["flow_id"], {**TYPED, "auto_scan_interval": True, "monthly_quota": 200})
    shown = step["description_placeholders"]
    assert shown is not None
    assert shown["quota"] == "200"
    assert int(shown["busiest_calls"]) <= 200
    options.async_abort(form["flow_id"])
    form = await options.async_init(entry.entry_id)
    assert field_values(form)["monthly_quota"] == 1000


# The plant is elsewhere


async def test_a_plant_elsewhere_has_its_own_sun(house: House) -> None:
    """The home in Oslo, the plant in Málaga, in one zone's time: solar hours end with the plant's sunset."""
    await house.hass.config.async_update(latitude=59.91, longitude=10.75, time_zone="Europe/Oslo")
    house.cloud.plants[house.sid] = replace(house.plant, reported_timezone="Europe/Madrid")
    house.move_to("2026-01-15 15:00")
    entry = await house.set_up()
    await house.pass_time("2026-01-15 17:30", timedelta(minutes=10))
    assert house.state("total_energy").attributes["solar_hours_active"] is False
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert "Europe/Madrid" in (form["description_placeholders"] or {})["hint"]

    await choose(house, entry, MALAGA, **FIXED)
    assert entry.options["location"] == MALAGA
    assert house.state("total_energy").attributes["solar_hours_active"] is True
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form)["elsewhere"] is True


async def test_the_place_is_suggested_kept_and_taken_away(house: House) -> None:
    """The map opens at the stored place, else at the home; switched off, the plant is at home again."""
    entry = await house.set_up()
    options = house.hass.config_entries.options

    async def suggested() -> Any:
        form = await options.async_init(entry.entry_id)
        step = await options.async_configure(form["flow_id"], {**TYPED, "elsewhere": True})
        options.async_abort(form["flow_id"])
        return field_values(step)["location"]

    assert await suggested() == {"latitude": 48.85, "longitude": 2.35}
    await choose(house, entry, {**MALAGA, "radius": 10})
    assert entry.options["location"] == MALAGA
    assert await suggested() == MALAGA
    await choose(house, entry, elsewhere=False)
    assert "location" not in entry.options


async def test_a_place_that_is_not_on_earth_shows_an_error(house: House) -> None:
    """The map keeps it, to be corrected."""
    entry = await house.set_up()
    options = house.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(form["flow_id"], {**TYPED, "elsewhere": True})
    typed = {"latitude": 91.0, "longitude": 0.0}
    result = await options.async_configure(form["flow_id"], {"location": typed})
    assert result["errors"] == {"location": "invalid_location"}
    assert field_values(result)["location"] == typed
    assert "invalid_location" in below(english(), "options", "error")
