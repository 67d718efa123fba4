"""Set-up, through Home Assistant's flow."""
# ruff: noqa: ANN401 -- form fields are of any type

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
import re
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.entry_ledger import EntryLedger
from custom_components.apsystems_openapi.ledger import async_get_ledger
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Ecu, FaultKind, Kind, big_plant, sample_plant
from tests.harness import PARIS, Disk, House, field_values
from tests.texts import below, english, placeholders

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
    # What the frontend begins a section with: its own default, which would hide those of its fields.
    assert "default" not in section
    assert all("default" in field for field in section["schema"] if field["required"])
    texts = below(english(), "config", "step", "user")
    assert set(below(texts, "data")) == set(below(texts, "data_description")) == set(fields) - {"advanced"}
    within = below(texts, "sections", "advanced")
    names = {field["name"] for field in section["schema"]}
    assert set(below(within, "data")) == set(below(within, "data_description")) == names == {"base_url", *DEFAULTS}


async def test_a_browser_gets_every_form_and_menu(house: House, hass_client: ClientSessionGenerator) -> None:
    """Over HTTP, where each field is described in JSON: set-up, options and reconfiguration."""
    assert await async_setup_component(house.hass, "config", {})
    client, base = await hass_client(), "/api/config/config_entries"

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(f"{base}/{path}", json=body)
        assert answer.status == HTTPStatus.OK, await answer.text()
        await house.settle()
        return dict(await answer.json())

    flow = await post("flow", {"handler": DOMAIN})
    found = await post(f"flow/{flow['flow_id']}", {**house.data(), "advanced": TYPED | {"base_url": house.url}})
    assert [field["name"] for field in found["data_schema"]] == ["energy_dashboard"]
    assert found["last_step"] is True
    entry_id = (await post(f"flow/{flow['flow_id']}", {"energy_dashboard": False}))["result"]["entry_id"]

    form = await post("options/flow", {"handler": entry_id})
    quota = next(field for field in form["data_schema"] if field["name"] == "monthly_quota")
    number = quota["selector"]["number"]
    units = below(english(), "selector", number["translation_key"], "unit_of_measurement")
    assert number["unit_of_measurement"] in units
    menu = await post(f"options/flow/{form['flow_id']}", TYPED)
    assert (menu["type"], menu["menu_options"]) == ("menu", ["save", "init"])
    again = await post(f"options/flow/{form['flow_id']}", {"next_step_id": "init"})
    assert (again["type"], again["step_id"]) == ("form", "init")
    await post(f"options/flow/{form['flow_id']}", TYPED | {"scan_interval": 7200})
    saved = await post(f"options/flow/{form['flow_id']}", {"next_step_id": "save"})
    assert saved["type"] == "create_entry"

    form = await post("flow", {"handler": DOMAIN, "entry_id": entry_id})
    assert [field["name"] for field in form["data_schema"]] == ["app_id", "app_secret", "base_url"]
    done = await post(f"flow/{form['flow_id']}", {"app_id": DEFAULT_APP_ID, "base_url": house.url})
    assert (done["type"], done["reason"]) == ("abort", "reconfigure_successful")


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


@pytest.mark.parametrize("typed", [{"app_id": "f" * 32}, {"app_secret": "wrong"}, {"sid": "ZZ99999Z9Z9Z"}])
async def test_wrong_credentials_or_system_id_show_one_error(house: House, typed: dict[str, str]) -> None:
    """The cloud answers 4000 to all of them, so that the error names all three."""
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == {"base": "invalid_auth"}
    assert [call.code for call in house.calls()] == [4000]
    text = str(below(english(), "config", "error")["invalid_auth"])
    assert all(name in text for name in ("App ID", "App secret", "System ID", "clock"))


async def test_credentials_of_another_system_show_an_error_at_the_system_id(house: House) -> None:
    """The cloud answers 2004: the credentials are right, and have no access to this system."""
    other = big_plant(2, 1, owner="e" * 32)
    house.cloud.plants[other.sid] = other
    result = await submit(house, await begin(house.hass), sid=other.sid)
    assert result["errors"] == {"sid": "no_permission"}
    assert [call.code for call in house.calls()] == [2004]
    assert (result["description_placeholders"] or {})["sid"] == other.sid


@pytest.mark.parametrize(
    ("codes", "errors"),
    [
        ((2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003, 3004), {"app_id": "account_refused"}),
        ((2004,), {"sid": "no_permission"}),
        ((4000, 4001), {"base": "invalid_auth"}),
        ((1000, 5000, 6000), {"base": "cannot_connect"}),
        ((1001, 9999, -1), {"base": "invalid_answer"}),
    ],
)
async def test_each_response_code_has_its_message(house: House, codes: tuple[int, ...], errors: dict[str, str]) -> None:
    """At the field that is wrong, as far as the cloud says; the form stays open and can be sent again."""
    flow_id = await begin(house.hass)
    for code in codes:
        house.cloud.clear_faults()
        house.refuse(code)
        result = await submit(house, flow_id)
        assert result["errors"] == errors, code
        assert field_values(result) == {**house.data(), **TYPED}
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
    ("typed", "errors"),
    [
        ({"app_id": "   "}, {"app_id": "app_id_length"}),
        ({"app_id": "f" * 31}, {"app_id": "app_id_length"}),
        ({"app_id": "f" * 33}, {"app_id": "app_id_length"}),
        ({"app_id": "\uff11" * 32}, {"app_id": "invalid_characters"}),
        ({"app_id": "f" * 31 + "-"}, {"app_id": "invalid_characters"}),
        ({"app_secret": "\u200b"}, {"app_secret": "no_secret"}),
        ({"app_secret": "s3cr\u00e9t"}, {"app_secret": "invalid_secret"}),
        ({"sid": "AB12345C6D7"}, {"sid": "sid_length"}),
        ({"sid": "Dach?a=b&c12"}, {"sid": "invalid_characters"}),
        ({"sid": "\u0410\u041212345C6D7E"}, {"sid": "invalid_characters"}),
        (
            {"app_id": DEFAULT_APP_SECRET, "app_secret": "", "sid": "", "base_url": "ftp://a"},
            {
                "app_id": "app_id_length",
                "app_secret": "no_secret",
                "sid": "sid_length",
                "base_url": "invalid_url",
                "base": "invalid_url",
            },
        ),
    ],
)
async def test_credentials_that_cannot_be_right_cost_no_call(
    house: House, typed: dict[str, str], errors: dict[str, str]
) -> None:
    """Each has its own error at its own field, with the length that was typed; the form keeps its values."""
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == errors
    shown = result["description_placeholders"] or {}
    for error in result["errors"].values():
        text = str(below(english(), "config", "error")[error])
        assert placeholders(text) <= shown.keys()
    assert field_values(result) == {**house.data(), **TYPED, **typed}
    assert not house.calls()


async def test_an_error_says_how_long_the_typed_ids_are(house: House) -> None:
    """Without the blanks around them."""
    result = await submit(house, await begin(house.hass), app_id=" abc ", sid=" AB12 ")
    shown = result["description_placeholders"] or {}
    assert (shown["app_id_length"], shown["sid_length"]) == ("3", "4")


async def test_a_system_id_in_lower_case_is_put_into_capitals(house: House) -> None:
    """The cloud would refuse it, and APsystems writes all of them in capitals."""
    result = await submit(house, await begin(house.hass), sid=house.sid.lower())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["result"].unique_id, result["data"]["sid"]) == (house.sid, house.sid)
    await house.settle()


# While no call can be made


async def test_a_spent_quota_shows_until_when_and_sending_again_costs_no_call(house: House) -> None:
    """One call a day tries it again. The form keeps its values."""
    house.cloud.spend(1000)
    flow_id = await begin(house.hass)
    for _ in range(3):
        result = await submit(house, flow_id)
        assert result["errors"] == {"base": "quota"}
        assert (result["description_placeholders"] or {})["until"] == "2026-06-16 13:00"
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
        assert (result["description_placeholders"] or {})["until"] == "2026-06-15 13:05"
    assert len(house.calls()) == 1

    house.freezer.tick(timedelta(minutes=6))
    assert (await submit(house, flow_id))["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_a_month_spent_by_our_own_count_shows_when_the_next_begins(house: House) -> None:
    """No call is made."""
    await house.set_quota(0)
    result = await submit(house, await begin(house.hass))
    assert result["errors"] == {"base": "spent"}
    assert (result["description_placeholders"] or {})["until"] == "2026-07-01 02:00"
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
    """Nothing has to be filled in. The sentence about calls is the one that the options show later."""
    result = await check(house, await begin(house.hass), auto_scan_interval=True)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "found")
    shown = dict(result["description_placeholders"] or {})
    outlook = shown.pop("outlook")
    assert shown == {
        "sid": house.sid,
        "ecus": str(len(house.plant.ecus)),
        "inverters": str(len(house.plant.inverters)),
        "house": "",
        "zone": "Europe/Paris",
        "first_day": house.plant.create_date.isoformat(),
        "hint": "",
    }
    assert "990 of 1000 calls" in outlook
    assert "{" not in outlook
    text = str(below(english(), "config", "step", "found")["description"])
    assert placeholders(text) == {*shown, "outlook"}

    entry = (await send(house, result["flow_id"], {}))["result"]
    await house.settle()
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    preview = await house.hass.config_entries.options.async_configure(
        form["flow_id"], {**field_values(form), "auto_scan_interval": True}
    )
    assert preview["description_placeholders"] == {"outlook": outlook}


@pytest.mark.parametrize(
    ("types", "meters", "expected"),
    [
        ([0], (), ""),
        ([0], ("216300054321",), ""),
        ([1], ("216200012345",), "\n- Meters: 1"),
        ([2], ("216300054321",), "\n- Batteries: 1"),
        ([1, 2, 2], (), "\n- Meters: 1\n- Batteries: 2"),
    ],
)
async def test_the_second_step_names_meters_and_batteries_of_the_inverter_list(
    house: House, types: list[int], meters: tuple[str, ...], expected: str
) -> None:
    """The list of meters is not asked for. They take calls, which the sentence counts."""
    first = house.plant.ecus[0]
    ecus = tuple(replace(first, eid=f"21620001234{5 + n}", type=kind) for n, kind in enumerate(types))
    house.cloud.plants[house.sid] = replace(house.plant, ecus=ecus, meters=meters)
    result = await check(house, await begin(house.hass), auto_scan_interval=True)
    shown = result["description_placeholders"] or {}
    assert shown["house"] == expected
    assert [str(call.kind) for call in house.calls()] == ["details", "inverters"]


@pytest.mark.parametrize("plant", [sample_plant(ecus=(Ecu(eid="216200012345", type=2),))])
async def test_a_plant_of_a_battery_alone_is_found(house: House) -> None:
    """It has no inverter, and nothing is missing."""
    result = await check(house, await begin(house.hass), auto_scan_interval=True)
    shown = result["description_placeholders"] or {}
    assert (result["step_id"], shown["inverters"], shown["house"]) == ("found", "0", "\n- Batteries: 1")
    entry = (await send(house, result["flow_id"], {}))["result"]
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert len(house.calls("inverters")) == 1


async def test_the_second_step_warns_of_an_interval_that_calls_do_not_suffice_for(house: House) -> None:
    """The plant is not known before; the options name the shortest interval that fits."""
    result = await check(house, await begin(house.hass), auto_scan_interval=False, scan_interval=1800)
    shown = (result["description_placeholders"] or {})["outlook"]
    assert "this system can make 990 calls a month" in shown
    assert re.search(r"at least (3[1-9]|4\d) minutes", shown)


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


@pytest.mark.parametrize("as_typed_by", [str, str.lower, " {} ".format])
async def test_a_system_is_set_up_only_once_and_a_second_attempt_costs_no_call(
    house: House, as_typed_by: Callable[[str], str]
) -> None:
    """However its id is written. The form keeps its values, as another system may have been meant."""
    await house.set_up()
    before = len(house.calls())
    typed = {"sid": as_typed_by(house.sid), "app_secret": "another"}
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == {"sid": "already_configured"}
    assert field_values(result) == {**house.data(), **TYPED, **typed}
    assert len(house.calls()) == before


async def test_a_system_that_another_flow_has_added_meanwhile_is_not_added_again(house: House) -> None:
    """Two browser tabs may show the last step at once, and neither stops the other before that."""
    first, second = await begin(house.hass), await begin(house.hass)
    await check(house, first)
    result = await check(house, second)
    assert result["step_id"] == "found"
    await house.set_up()
    result = await send(house, first, {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert len(house.hass.config_entries.async_entries(DOMAIN)) == 1


async def test_a_second_system_has_the_quota_of_its_app_id(house: House) -> None:
    """Both systems spend the same quota; the second step shows its share."""
    await house.set_up()
    await house.set_quota(100_000)
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    flow_id = await begin(house.hass)
    shown = (await check(house, flow_id, sid=other.sid, auto_scan_interval=True))["description_placeholders"] or {}
    assert "of 100000 calls" in shown["outlook"]
    result = await send(house, flow_id, {})
    await house.settle()
    assert result["result"].state is ConfigEntryState.LOADED
    assert "monthly_quota" not in result["result"].options


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
