"""Set-up and options, through Home Assistant's flows."""
# ruff: noqa: ANN401 -- what a person types may be of any type

from datetime import date, timedelta
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, FaultKind, big_plant
from tests.conftest import Disk
from tests.house import FIXED, House

DEFAULTS = {"auto_scan_interval": True, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
# As the selectors of Home Assistant's frontend send them.
TYPED = {"auto_scan_interval": False, "scan_interval": 2400.0, "sunrise_offset": 15.0, "sunset_offset": 45.0}
CHOSEN = {"auto_scan_interval": False, "scan_interval": 2400, "sunrise_offset": 15, "sunset_offset": 45}


async def begin(hass: HomeAssistant) -> str:
    """Open the flow, and return its id."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "user", {})
    return form["flow_id"]


async def submit(house: House, flow_id: str, **changes: Any) -> ConfigFlowResult:
    """Type everything in, and send it."""
    done: dict[str, ConfigFlowResult] = {}

    async def configure() -> None:
        done["result"] = await house.hass.config_entries.flow.async_configure(
            flow_id, {**house.data(), **TYPED, **changes}
        )

    await house.patiently(configure())
    return done["result"]


def shown(form: ConfigFlowResult) -> dict[str, Any]:
    """Return what stands in the fields of a form: suggested values, else defaults."""
    schema = form["data_schema"]
    assert schema is not None
    fields: dict[str, Any] = {}
    for marker in schema.schema:
        suggested = (marker.description or {}).get("suggested_value")
        fields[marker.schema] = suggested if suggested is not None else marker.default()
    return fields


def whole(options: Any) -> bool:
    """Tell whether no number is a float."""
    return not any(isinstance(value, float) for value in options.values())


async def test_one_call_proves_the_credentials_and_set_up_does_not_ask_again(house: House) -> None:
    """Credentials are data, wishes are options; of the system's details one call tells for good."""
    result = await submit(house, await begin(house.hass))
    assert house.calls()[0].kind == "details"
    await house.settle()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"APsystems {house.sid}"
    entry = result["result"]
    assert dict(entry.data) == house.data()
    assert dict(entry.options).items() >= CHOSEN.items()
    assert whole(entry.options)
    assert (entry.unique_id, entry.version, entry.minor_version) == (house.sid, 1, 2)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    await house.pass_time(timedelta(hours=1))
    assert len(house.calls("details")) == 1


async def test_the_form_has_the_defaults_of_the_original(house: House) -> None:
    """Whoever changes nothing gets the vendor's address and the automatic interval."""
    form = await house.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["data_schema"] is not None
    filled = form["data_schema"]({"app_id": "a", "app_secret": "b", "sid": "c"})
    assert filled.items() >= DEFAULTS.items()
    assert filled["base_url"] == "https://api.apsystemsema.com:9282"
    assert not house.calls()


@pytest.mark.parametrize(
    "typed", [{"app_id": "f" * 32}, {"app_secret": "wrong"}, {"sid": "ZZ99999Z9Z9Z"}, {"sid": "Dach?a=b&c"}]
)
async def test_wrong_credentials_or_system_id_are_told(house: House, typed: dict[str, str]) -> None:
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
async def test_each_code_of_the_cloud_has_its_message(house: House, codes: tuple[int, ...], error: str) -> None:
    """Whatever code comes, the flow says what to do, and can be sent again."""
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
async def test_no_answer_and_a_strange_answer_are_told_apart(
    house: House, kind: FaultKind, how: dict[str, Any], error: str
) -> None:
    """What was typed stays after an error, and the flow recovers."""
    house.order(kind, times=1, **how)
    result = await submit(house, await begin(house.hass))
    assert result["errors"] == {"base": error}
    assert shown(result) == {**house.data(), **TYPED}

    result = await submit(house, result["flow_id"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_a_closed_port_is_told(house: House, unused_tcp_port: int) -> None:
    """Nobody listens there."""
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
async def test_what_is_no_address_is_told_at_its_field(house: House, url: str) -> None:
    """No call is made; what was typed stays to be put right."""
    result = await submit(house, await begin(house.hass), base_url=url)
    assert result["errors"] == {"base_url": "invalid_url"}
    assert shown(result)["app_secret"] == DEFAULT_APP_SECRET
    assert not house.calls()


@pytest.mark.parametrize("ending", ["/", "//", "/user/api/v2/systems", "/user/api/v2/systems/details/", "  "])
async def test_an_address_with_the_path_of_the_manual_is_understood(house: House, ending: str) -> None:
    """Only scheme, host and port are kept."""
    result = await submit(house, await begin(house.hass), base_url=house.url + ending)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["base_url"] == house.url
    await house.settle()


async def test_an_address_without_a_scheme_means_https(house: House) -> None:
    """Nothing goes over plain HTTP because a scheme was not typed."""
    bare = house.url.removeprefix("http://")
    result = await submit(house, await begin(house.hass), base_url=bare)
    assert result["errors"] == {"base": "cannot_connect"}
    assert shown(result)["base_url"] == bare
    assert not house.calls()


async def test_what_copying_brings_along_is_taken_off_the_credentials(house: House) -> None:
    """Blanks of any kind, and characters that nobody sees."""
    result = await submit(
        house,
        await begin(house.hass),
        app_id=f"  {DEFAULT_APP_ID[:16]}\u200b{DEFAULT_APP_ID[16:]}\n",
        app_secret=f"\ufeff{DEFAULT_APP_SECRET}\u00a0",
        sid=f"\u2060{house.sid}\t",
        base_url=f"\u200e {house.url} ",
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(result["data"]) == house.data()
    assert result["result"].unique_id == house.sid
    await house.settle()


@pytest.mark.parametrize(
    "typed", [{"app_id": "   "}, {"app_secret": "\u200b"}, {"sid": "\u0410\u041212345"}, {"app_id": "\uff11\uff12"}]
)
async def test_credentials_that_cannot_be_right_cost_no_call(house: House, typed: dict[str, str]) -> None:
    """Nothing, or letters that no id of the vendor has."""
    result = await submit(house, await begin(house.hass), **typed)
    assert result["errors"] == {"base": "invalid_auth"}
    assert not house.calls()


async def test_a_spent_quota_is_told_and_sending_again_costs_no_call(house: House) -> None:
    """One probe a day is all that a spent quota leaves."""
    house.cloud.spend(1000)
    flow_id = await begin(house.hass)
    for _ in range(3):
        assert (await submit(house, flow_id))["errors"] == {"base": "quota"}
    assert [call.code for call in house.calls()] == [2005]

    house.freezer.tick(timedelta(hours=24, minutes=1))
    assert (await submit(house, flow_id))["errors"] == {"base": "quota"}
    assert len(house.calls()) == 2


@pytest.mark.parametrize("code", [7000, 7001, 7002, 7003])
async def test_a_throttled_call_is_told_and_sending_again_waits(house: House, code: int) -> None:
    """After the wait the flow succeeds."""
    house.refuse(code, times=1)
    flow_id = await begin(house.hass)
    assert (await submit(house, flow_id))["errors"] == {"base": "throttled"}
    assert (await submit(house, flow_id))["errors"] == {"base": "throttled"}
    assert len(house.calls()) == 1

    house.freezer.tick(timedelta(minutes=6))
    assert (await submit(house, flow_id))["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_without_a_place_to_book_the_call_it_is_not_made(house: House, hass_storage: Disk) -> None:
    """A disk that is full must not end in uncounted calls."""
    flow_id = await begin(house.hass)
    hass_storage.full = True
    assert (await submit(house, flow_id))["errors"] == {"base": "ledger"}
    assert not house.calls()
    hass_storage.full = False

    assert (await submit(house, flow_id))["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


@pytest.mark.parametrize("blank", ["", " "])
async def test_a_system_is_set_up_only_once_and_asking_for_it_again_costs_no_call(house: House, blank: str) -> None:
    """Its id makes it known, with or without blanks around it."""
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


async def _choose(house: House, entry: ConfigEntry[Any], **choice: Any) -> None:
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert form["type"] is FlowResultType.FORM
    outlook = await house.hass.config_entries.options.async_configure(form["flow_id"], {**TYPED, **choice})
    assert (outlook["type"], outlook["step_id"]) == (FlowResultType.FORM, "confirm")
    assert outlook["description_placeholders"]
    assert all(outlook["description_placeholders"].values())
    result = await house.hass.config_entries.options.async_configure(form["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def test_the_options_form_shows_what_is_in_force(house: House) -> None:
    """An entry without options shows the defaults, another one its own."""
    entry = await house.set_up(sunset_offset=7)
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert shown(form).items() >= (FIXED | {"sunset_offset": 7}).items()

    house.hass.config_entries.async_update_entry(entry, options={})
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert shown(form).items() >= DEFAULTS.items()


async def test_options_are_whole_numbers_and_hold_from_then_on(house: House) -> None:
    """They are applied by a reload, which costs no call of its own."""
    entry = await house.set_up()
    before = len(house.calls())
    await _choose(house, entry, scan_interval=7200.0)
    assert dict(entry.options).items() >= (CHOSEN | {"scan_interval": 7200}).items()
    assert whole(entry.options)
    assert len(house.calls()) == before

    await house.pass_time(timedelta(hours=4))
    moments = [call.moment for call in house.calls("energy", since=before)]
    assert len(moments) == 2
    assert moments[1] - moments[0] == pytest.approx(timedelta(hours=2), abs=timedelta(minutes=5))


async def test_options_leave_what_they_do_not_ask_for(house: House) -> None:
    """An option of another version of the integration survives."""
    entry = await house.set_up(of_another_version=1)
    await _choose(house, entry)
    assert entry.options["of_another_version"] == 1


async def test_options_can_be_chosen_when_nothing_is_known_of_the_plant(house: House, hass_storage: Disk) -> None:
    """The outlook is then that of an empty plant; with a state that makes no sense as well."""
    entry = await house.set_up()
    key = f"{DOMAIN}.{house.sid}"
    hass_storage[key] = {**hass_storage[key], "data": {"ecus": 5}}
    await _choose(house, entry)
    del hass_storage[key]
    await _choose(house, entry, sunset_offset=5)
    assert entry.options["sunset_offset"] == 5


async def test_a_second_system_has_the_quota_of_its_app_id(house: House) -> None:
    """Its calls come from the same month, whatever that has cost already."""
    await house.set_up(monthly_quota=100_000)
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    result = await submit(house, await begin(house.hass), sid=other.sid)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].options["monthly_quota"] == 100_000
