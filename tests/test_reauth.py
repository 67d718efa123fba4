"""When new credentials are asked for, how they are taken, and how the connection is changed."""
# ruff: noqa: ANN401 -- what a person types may be of any type

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, FaultKind, Kind, Level
from tests.conftest import Disk
from tests.house import House, restarted
from tests.packaging import below, english
from tests.test_config_flow import shown
from tests.test_packaging import INTEGRATION
from tests.wording import step_fields

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WRONG = "no longer valid"
OTHER_APP_ID = "f" * 32


def asked(house: House) -> list[Any]:
    """Return the flows that ask for new credentials."""
    flows = house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def submit(house: House, flow_id: str, **typed: Any) -> ConfigFlowResult:
    """Send a form."""
    result = await house.hass.config_entries.flow.async_configure(flow_id, typed)
    await house.settle()
    return result


async def spoil(house: House, entry: ConfigEntry[Any], **data: Any) -> None:
    """Let an entry have credentials that were right once."""
    house.hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    await house.reload(entry)


async def reconfigure(house: House, entry: Any) -> ConfigFlowResult:
    """Open the form that changes the connection."""
    form: ConfigFlowResult = await entry.start_reconfigure_flow(house.hass)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "reconfigure", {})
    return form


# When they are asked for


@pytest.mark.parametrize("code", [4000, 4001])
async def test_one_refused_request_asks_for_nothing(house: House, code: int) -> None:
    """Nor do several that are not in a row."""
    await house.set_up()
    for _ in range(3):
        before = len(house.calls())
        house.refuse(code, times=1)
        await house.pass_time(HOUR)
        codes = [call.code for call in house.calls(since=before)]
        assert codes[0] == code
        assert set(codes[1:]) == {0}
    assert not asked(house)


async def test_what_two_calls_in_a_row_are_refused_asks_for_new_credentials(house: House) -> None:
    """Once; from then on every figure stays, and a call a day finds out whether they are taken again."""
    await house.set_up()
    house.refuse(4000)
    before = len(house.calls())
    values = house.figures()
    await house.pass_time(3 * HOUR)
    assert len(asked(house)) == 1
    assert [call.code for call in house.calls(since=before)] == [4000, 4000]
    assert len(house.log()) == 2
    assert house.figures() == values

    await house.pass_time(3 * DAY, HOUR / 2)
    assert len(house.calls(since=before)) <= 2 + 3
    assert len(house.log()) == 2
    assert len(asked(house)) == 1


async def test_credentials_that_are_taken_again_are_asked_for_no_more(house: House) -> None:
    """The fault was the cloud's."""
    await house.set_up()
    house.refuse(2001, times=1)
    await house.pass_time(HOUR)
    assert asked(house)
    before = len(house.calls())
    await house.pass_time("2026-06-16 12:15", HOUR / 4)
    assert not house.calls(since=before)

    await house.pass_time("2026-06-16 20:00", HOUR / 4)
    assert not asked(house)
    assert len(house.calls("energy", since=before)) > 10
    assert len(house.log(logging.INFO, "takes the credentials again")) == 1
    assert house.value("today_energy") == pytest.approx(sum(house.truth.hourly_kwh(house.truth.view.today)), abs=0.1)


@pytest.mark.parametrize("code", [2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003, 3004])
async def test_codes_that_speak_of_the_account_ask_at_once(house: House, code: int) -> None:
    """One call, one line in the log."""
    await house.set_up()
    house.refuse(code)
    before = len(house.calls())
    await house.pass_time(HOUR)
    assert len(asked(house)) == 1
    assert len(house.calls(since=before)) == 1
    assert [line for line in house.log() if str(code) in line] == house.log()
    assert len(house.log()) == 1


async def test_what_devices_are_refused_is_no_reason_alone(house: House) -> None:
    """However many there are; the next call for the system tells."""
    house.move_to("2026-06-15 12:00")
    await house.set_up()
    house.refuse(4000, on=Kind.INVERTER_ENERGY)
    before = len(house.calls())
    await house.pass_time(3 * HOUR)
    assert [call.code for call in house.calls("inverter_energy", since=before)].count(4000) >= 3
    assert not asked(house)

    house.cloud.clear_faults()
    house.refuse(4000, on=Kind.ENERGY, times=1)
    await house.pass_time(HOUR / 2)
    assert not asked(house)


async def test_no_permission_for_panels_is_no_reason(house: House) -> None:
    """2004 on what not every account may read."""
    await house.set_up()
    house.refuse(2004, on=Kind.BATCH)
    house.refuse(2004, on=Kind.ECU_ENERGY)
    before = len(house.calls())
    await house.pass_time("2026-06-17 12:00", HOUR / 4)
    assert {call.code for call in house.calls("batch", since=before)} == {2004}
    assert not asked(house)


async def test_no_permission_for_the_system_itself_is_one(house: House) -> None:
    """Twice in a row."""
    await house.set_up()
    house.refuse(2004)
    await house.pass_time(HOUR)
    assert asked(house)


async def test_ecu_series_that_the_wrong_secret_was_refused_are_read_again(house: House) -> None:
    """It was not that account's rights: current power comes back with the credentials."""
    entry = await house.set_up(auto_scan_interval=True)
    await spoil(house, entry, app_secret=WRONG)
    await house.pass_time(6 * HOUR)
    assert asked(house)
    before = len(house.calls())
    await submit(house, asked(house)[0]["flow_id"], app_id=DEFAULT_APP_ID, app_secret=DEFAULT_APP_SECRET)
    await house.pass_time(HOUR)
    assert {call.code for call in house.calls("ecu_energy", since=before)} == {0}
    assert (house.value("power") or 0) > 0


@pytest.mark.parametrize(("code", "calls"), [(4000, 2), (2001, 1)])
async def test_a_first_set_up_with_refused_credentials_asks_for_new_ones(
    house: House, hass_storage: Disk, code: int, calls: int
) -> None:
    """No call before the next attempt is due; the new ones end the wait."""
    house.refuse(code)
    entry = await house.set_up(ConfigEntryState.SETUP_ERROR)
    for _ in range(3):
        assert entry.state is ConfigEntryState.SETUP_ERROR
        assert len(asked(house)) == 1
        assert len(house.calls()) == calls
        await house.pass_time(timedelta(minutes=1), timedelta(seconds=20))
        await house.reload(entry)

    house.cloud.clear_faults()
    result = await submit(house, asked(house)[0]["flow_id"], app_id=DEFAULT_APP_ID, app_secret=DEFAULT_APP_SECRET)
    assert result["type"] is FlowResultType.ABORT
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert f"{DOMAIN}.{house.sid}" in hass_storage


async def test_after_a_restart_two_refusals_ask_again(house: House) -> None:
    """Nothing is asked for a day only while Home Assistant runs, yet no restart makes more than its due calls."""
    entry = await house.set_up()
    house.refuse(4000)
    await house.pass_time(2 * HOUR)
    before = len(house.calls())
    async with restarted(house, entry) as other:
        await other.pass_time(3 * HOUR)
        assert len(other.calls(since=before)) == 2
        assert len(asked(other)) == 1


# How they are taken


async def test_the_new_secret_is_proved_and_calls_go_on(house: House, hass_storage: Disk) -> None:
    """One booked call; what was typed stays when it is wrong; system, address and options stay as they are."""
    entry = await house.set_up(sunset_offset=45)
    options = dict(entry.options)
    await spoil(house, entry, app_secret=WRONG)
    await house.pass_time(2 * HOUR)
    (flow,) = asked(house)
    form = await house.hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["description_placeholders"]["name"] == entry.title
    assert {str(key) for key in form["data_schema"].schema} == {"app_id", "app_secret"}
    assert "app_secret" not in {key for key, value in shown_or_nothing(form).items() if value}
    assert shown_or_nothing(form)["app_id"] == DEFAULT_APP_ID

    before, booked = len(house.calls()), spent(hass_storage)
    result = await submit(house, flow["flow_id"], app_id=DEFAULT_APP_ID, app_secret="wrong again")
    assert result["errors"] == {"base": "invalid_auth"}
    assert shown(result) == {"app_id": DEFAULT_APP_ID, "app_secret": "wrong again"}
    result = await submit(house, flow["flow_id"], app_id=f" {DEFAULT_APP_ID}\n", app_secret=DEFAULT_APP_SECRET)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    checks = house.calls("details", since=before)
    assert [call.code for call in checks] == [4000, 0]
    assert spent(hass_storage) - booked == len(house.calls(since=before))

    assert dict(entry.data) == house.data()
    assert dict(entry.options) == options
    assert not asked(house)
    await house.pass_time(HOUR)
    assert {call.code for call in house.calls("energy", since=before)} == {0}


async def test_nothing_known_is_lost_by_new_credentials(house: House) -> None:
    """Figures and telemetry are shown as before, without a call."""
    entry = await house.set_up()
    values = house.figures()
    form = await reconfigure(house, entry)
    before = len(house.calls())
    await submit(house, form["flow_id"], **{**house.data(), "app_secret": DEFAULT_APP_SECRET})
    assert house.figures() == values
    assert [str(call.kind) for call in house.calls(since=before)] == ["details"]


async def test_while_calls_are_blocked_the_check_is_not_made(house: House) -> None:
    """A spent quota is no matter of credentials."""
    entry = await house.set_up()
    house.refuse(2005, times=1)
    await house.pass_time(HOUR)
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["errors"] == {"base": "quota"}
    assert len(house.calls()) == before


async def test_the_check_keeps_to_the_quota_of_the_options(house: House) -> None:
    """An owner who set it to nothing gets no call."""
    entry = await house.set_up()
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "monthly_quota": 0})
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["errors"] == {"base": "spent"}
    assert len(house.calls()) == before


# The connection


async def test_the_form_shows_the_connection_without_its_secret(house: House) -> None:
    """Every field has a label and a help text, in both forms."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    fields = shown_or_nothing(form)
    assert fields == {**house.data(), "app_secret": None}
    assert step_fields(below(english(INTEGRATION), "config", "step", "reconfigure"), set(fields)) == []
    assert step_fields(below(english(INTEGRATION), "config", "step", "reauth_confirm"), {"app_id", "app_secret"}) == []


async def test_another_address_is_taken_and_the_secret_stays(house: House) -> None:
    """A secret that was not typed is the one that is stored."""
    entry = await house.set_up()
    async with house.cloud_elsewhere() as url:
        form = await reconfigure(house, entry)
        typed = {"app_id": DEFAULT_APP_ID, "sid": house.sid, "base_url": f"{url}/user/api/v2/systems/"}
        result = await submit(house, form["flow_id"], **typed)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert dict(entry.data) == house.data(base_url=url)
        assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"app_secret": "wrong"}, {"base": "invalid_auth"}),
        ({"app_id": ""}, {"base": "invalid_auth"}),
        ({"base_url": "ftp://example.org"}, {"base_url": "invalid_url"}),
        ({"base_url": "http://127.0.0.1:1"}, {"base": "cannot_connect"}),
    ],
)
async def test_what_was_typed_stays_to_be_put_right(house: House, typed: dict[str, str], errors: Any) -> None:
    """The entry is left alone until all is well."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data(**typed))
    assert result["errors"] == errors
    assert shown(result) == house.data(**typed)
    assert dict(entry.data) == house.data()

    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"


async def test_another_system_is_refused(house: House) -> None:
    """Its figures would go into this one's statistics. No call is made."""
    entry = await house.set_up()
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data(sid="ZZ99999Z9Z9Z"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "unique_id_mismatch")
    assert dict(entry.data) == house.data()
    assert len(house.calls()) == before


async def test_an_entry_of_the_original_without_an_address_can_be_changed(house: House) -> None:
    """It means the vendor's."""
    entry = await house.set_up()
    data = {key: value for key, value in entry.data.items() if key != "base_url"}
    house.hass.config_entries.async_update_entry(entry, data=data)
    form = await reconfigure(house, entry)
    assert shown_or_nothing(form)["base_url"] == "https://api.apsystemsema.com:9282"
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == house.data()


async def test_calls_of_a_former_app_id_are_not_held_against_a_new_one(house: House, hass_storage: Disk) -> None:
    """And its other systems get this one's share of what is left."""
    entry = await house.set_up()
    await spoil(house, entry, app_id=OTHER_APP_ID)
    assert sum(house.sid in book["needs"] for book in ledgers(hass_storage)) == 2
    house.order(FaultKind.CODE, code=4000, level=Level.HOURLY)
    await house.pass_time(HOUR)
    house.cloud.clear_faults()

    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    left = [book for book in ledgers(hass_storage) if house.sid not in book["needs"]]
    assert len(left) == 1
    assert house.sid not in left[0]["asked"]
    assert sum(left[0]["spent"].values()) > 0


@pytest.mark.parametrize("stored", [None, 7, {"energy": 5}])
async def test_a_stored_state_that_makes_no_sense_does_not_hinder_it(
    house: House, hass_storage: Disk, stored: Any
) -> None:
    """It is begun anew, as at set-up."""
    entry = await house.set_up()
    await house.hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{house.sid}"] = {"version": 1, "minor_version": 1, "key": "", "data": stored}
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


def shown_or_nothing(form: Any) -> dict[str, Any]:
    """Return what a form suggests for its fields."""
    return {marker.schema: (marker.description or {}).get("suggested_value") for marker in form["data_schema"].schema}


def ledgers(disk: Disk) -> list[dict[str, Any]]:
    """Return all books of calls."""
    return [kept["data"] for key, kept in disk.items() if key.startswith(f"{DOMAIN}.ledger.")]


def spent(disk: Disk) -> int:
    """Return the calls of all books."""
    return sum(sum(book["spent"].values()) for book in ledgers(disk))
