"""Reauthentication and reconfiguration: when they start, and what they change."""
# ruff: noqa: ANN401 -- form fields are of any type

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.ledger import async_get_ledger
from custom_components.apsystems_openapi.system.waits import Reason
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, FaultKind, Kind, Level
from tests.harness import Disk, House, field_values, restarted
from tests.log_lines import AUTHENTICATION_WORKS
from tests.texts import below, english

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WRONG = "no-longer-valid"
OTHER_APP_ID = "f" * 32


def reauth_flows(house: House) -> list[Any]:
    """Return the open reauthentication flows."""
    flows = house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def submit(house: House, flow_id: str, **typed: Any) -> ConfigFlowResult:
    """Send a form."""
    result = await house.hass.config_entries.flow.async_configure(flow_id, typed)
    await house.settle()
    return result


async def spoil(house: House, entry: ConfigEntry[Any], **data: Any) -> None:
    """Change an entry's credentials without a check."""
    house.hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    await house.reload(entry)


async def reconfigure(house: House, entry: Any) -> ConfigFlowResult:
    """Open the reconfiguration form."""
    form: ConfigFlowResult = await entry.start_reconfigure_flow(house.hass)
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "reconfigure", {})
    return form


def energies(house: House) -> dict[str, str]:
    """Return the energies; a measurement is shown for some hours only."""
    return {entity_id: state for entity_id, state in house.figures().items() if "energy" in entity_id}


# When reauthentication starts


@pytest.mark.parametrize("code", [4000, 4001])
async def test_single_refused_calls_start_no_reauthentication(house: House, code: int) -> None:
    """Neither one nor several that are not in a row."""
    await house.set_up()
    for _ in range(3):
        before = len(house.calls())
        house.refuse(code, times=1)
        await house.pass_time(HOUR)
        codes = [call.code for call in house.calls(since=before)]
        assert codes[0] == code
        assert set(codes[1:]) == {0}
    assert not reauth_flows(house)


async def test_two_refused_calls_in_a_row_start_one_reauthentication(house: House) -> None:
    """From then on every energy stays, and one call a day tries the credentials again."""
    await house.set_up()
    house.refuse(4000)
    before = len(house.calls())
    values = energies(house)
    await house.pass_time(3 * HOUR)
    assert len(reauth_flows(house)) == 1
    assert [call.code for call in house.calls(since=before)] == [4000, 4000]
    assert len(house.log()) == 2
    assert energies(house) == values

    await house.pass_time(3 * DAY, HOUR / 2)
    assert len(house.calls(since=before)) <= 2 + 3
    assert len(house.log()) == 2
    assert len(reauth_flows(house)) == 1


async def test_reauthentication_ends_when_the_cloud_accepts_the_credentials_again(house: House) -> None:
    """It was an error of the cloud."""
    await house.set_up()
    house.refuse(2001, times=1)
    await house.pass_time(HOUR)
    assert reauth_flows(house)
    before = len(house.calls())
    await house.pass_time("2026-06-16 12:15", HOUR / 4)
    assert not house.calls(since=before)

    await house.pass_time("2026-06-16 20:00", HOUR / 4)
    assert not reauth_flows(house)
    assert len(house.calls("energy", since=before)) > 10
    assert len(house.log(logging.INFO, AUTHENTICATION_WORKS)) == 1
    assert house.value("today_energy") == pytest.approx(sum(house.truth.hourly_kwh(house.truth.view.today)), abs=0.1)


@pytest.mark.parametrize("code", [2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003, 3004])
async def test_codes_about_the_account_start_reauthentication_at_once(house: House, code: int) -> None:
    """After one call, with one log line."""
    await house.set_up()
    house.refuse(code)
    before = len(house.calls())
    await house.pass_time(HOUR)
    assert len(reauth_flows(house)) == 1
    assert len(house.calls(since=before)) == 1
    assert [line for line in house.log() if str(code) in line] == house.log()
    assert len(house.log()) == 1


async def test_calls_of_single_devices_alone_start_no_reauthentication(house: House) -> None:
    """Any number of them; a call for the system must confirm it."""
    house.move_to("2026-06-15 12:00")
    await house.set_up()
    house.refuse(4000, on=Kind.INVERTER_ENERGY)
    before = len(house.calls())
    await house.pass_time(3 * HOUR)
    assert [call.code for call in house.calls("inverter_energy", since=before)].count(4000) >= 3
    assert not reauth_flows(house)

    house.cloud.clear_faults()
    house.refuse(4000, on=Kind.ENERGY, times=1)
    await house.pass_time(HOUR / 2)
    assert not reauth_flows(house)


async def test_a_missing_right_to_panels_starts_no_reauthentication(house: House) -> None:
    """2004, no permission, on calls that some accounts may not make."""
    await house.set_up()
    house.refuse(2004, on=Kind.BATCH)
    house.refuse(2004, on=Kind.ECU_ENERGY)
    before = len(house.calls())
    await house.pass_time("2026-06-17 12:00", HOUR / 4)
    assert {call.code for call in house.calls("batch", since=before)} == {2004}
    assert not reauth_flows(house)


async def test_a_missing_right_to_the_system_starts_reauthentication(house: House) -> None:
    """2004 twice in a row."""
    await house.set_up()
    house.refuse(2004)
    await house.pass_time(HOUR)
    assert reauth_flows(house)


async def test_ecu_series_that_a_wrong_secret_was_refused_are_fetched_again(house: House) -> None:
    """It was the secret and not the account's rights: power returns with the right credentials."""
    entry = await house.set_up(auto_scan_interval=True)
    await spoil(house, entry, app_secret=WRONG)
    await house.pass_time(6 * HOUR)
    assert reauth_flows(house)
    before = len(house.calls())
    await submit(house, reauth_flows(house)[0]["flow_id"], app_id=DEFAULT_APP_ID, app_secret=DEFAULT_APP_SECRET)
    await house.pass_time(HOUR)
    assert {call.code for call in house.calls("ecu_energy", since=before)} == {0}
    assert (house.value("power") or 0) > 0


@pytest.mark.parametrize(("code", "calls"), [(4000, 2), (2001, 1)])
async def test_a_first_set_up_with_refused_credentials_starts_reauthentication(
    house: House, hass_storage: Disk, code: int, calls: int
) -> None:
    """No call is made before the next attempt is due; new credentials end the wait."""
    house.refuse(code)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    for _ in range(3):
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert len(reauth_flows(house)) == 1
        assert len(house.calls()) == calls
        await house.pass_time(timedelta(minutes=1), timedelta(seconds=20))
        await house.reload(entry)

    house.cloud.clear_faults()
    result = await submit(
        house, reauth_flows(house)[0]["flow_id"], app_id=DEFAULT_APP_ID, app_secret=DEFAULT_APP_SECRET
    )
    assert result["type"] is FlowResultType.ABORT
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)
    assert f"{DOMAIN}.{house.sid}" in hass_storage


async def test_after_a_restart_reauthentication_is_open_again(house: House) -> None:
    """The wait before the next attempt is stored, so that no call is made before the day is over."""
    entry = await house.set_up()
    house.refuse(4000)
    await house.pass_time(2 * HOUR)
    before = len(house.calls())
    async with restarted(house, entry) as other:
        await other.pass_time(3 * HOUR)
        assert not other.calls(since=before)
        assert len(reauth_flows(other)) == 1


# What it changes


async def test_a_new_secret_is_checked_and_calls_go_on(house: House, hass_storage: Disk) -> None:
    """By one booked call; a wrong one stays in the form; system id, address and options do not change."""
    entry = await house.set_up(sunset_offset=45)
    options = dict(entry.options)
    await spoil(house, entry, app_secret=WRONG)
    await house.pass_time(2 * HOUR)
    (flow,) = reauth_flows(house)
    form = await house.hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["description_placeholders"]["name"] == entry.title
    assert {str(key) for key in form["data_schema"].schema} == {"app_id", "app_secret"}
    assert "app_secret" not in {key for key, value in field_values(form).items() if value}
    assert field_values(form)["app_id"] == DEFAULT_APP_ID

    before, booked = len(house.calls()), spent(hass_storage)
    result = await submit(house, flow["flow_id"], app_id=DEFAULT_APP_ID, app_secret="wrong again")
    assert result["errors"] == {"base": "invalid_auth"}
    assert field_values(result) == {"app_id": DEFAULT_APP_ID, "app_secret": "wrong again"}
    result = await submit(house, flow["flow_id"], app_id=f" {DEFAULT_APP_ID}\n", app_secret=DEFAULT_APP_SECRET)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    checks = house.calls("details", since=before)
    assert [call.code for call in checks] == [4000, 0]
    assert spent(hass_storage) - booked == len(house.calls(since=before))

    assert entry.data.items() >= house.data().items()
    assert dict(entry.options) == options
    assert not reauth_flows(house)
    await house.pass_time(HOUR)
    assert {call.code for call in house.calls("energy", since=before)} == {0}


async def test_new_credentials_lose_no_figure(house: House) -> None:
    """Figures and telemetry are shown as before, without a call."""
    entry = await house.set_up()
    values = house.figures()
    form = await reconfigure(house, entry)
    before = len(house.calls())
    await submit(house, form["flow_id"], **{**house.data(), "app_secret": DEFAULT_APP_SECRET})
    assert house.figures() == values
    assert [str(call.kind) for call in house.calls(since=before)] == ["details"]


async def test_while_calls_are_blocked_credentials_are_not_checked(house: House) -> None:
    """They are saved, and the owner is shown from when on they are used."""
    entry = await house.set_up()
    house.refuse(2005, times=1)
    await house.pass_time(HOUR)
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data(app_secret=WRONG, base_url="http://127.0.0.1:9"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "saved_unchecked")
    assert result["description_placeholders"] == {"until": "2026-06-16 13:20"}
    assert "{until}" in str(below(english(), "config", "abort")["saved_unchecked"])
    assert entry.data.items() >= house.data(app_secret=WRONG, base_url="http://127.0.0.1:9").items()
    assert entry.state is ConfigEntryState.LOADED
    assert len(house.calls()) == before


@pytest.mark.parametrize("code", [2005, 7002])
async def test_a_check_that_is_answered_by_a_block_saves_the_credentials(house: House, code: int) -> None:
    """The next attempt could not check them either."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    house.refuse(code, times=1)
    before = len(house.calls())
    result = await submit(house, form["flow_id"], **house.data(app_secret=WRONG))
    assert result["reason"] == "saved_unchecked"
    assert entry.data["app_secret"] == WRONG
    assert len(house.calls()) == before + 1


async def test_new_credentials_are_used_when_the_block_ends(house: House) -> None:
    """Although the old ones were refused less than a day ago."""
    entry = await house.set_up()
    await spoil(house, entry, app_secret=WRONG)
    await house.pass_time(2 * HOUR)
    (flow,) = reauth_flows(house)
    ledger = await async_get_ledger(house.hass, DEFAULT_APP_ID)
    await ledger.async_wait(Reason.THROTTLED, house.now, house.now + DAY)
    before = len(house.calls())
    result = await submit(house, flow["flow_id"], app_id=DEFAULT_APP_ID, app_secret=DEFAULT_APP_SECRET)
    assert result["reason"] == "saved_unchecked"
    assert not house.calls(since=before)
    await house.pass_time(HOUR)
    assert {call.code for call in house.calls("energy", since=before)} == {0}
    assert not reauth_flows(house)


async def test_a_spent_month_does_not_prevent_another_app_id(house: House) -> None:
    """The other one has a ledger of its own, and the default quota; the old one's share is released."""
    entry = await house.set_up()
    await spoil(house, entry, app_id=OTHER_APP_ID)
    await (await async_get_ledger(house.hass, OTHER_APP_ID)).async_set_quota(0)
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    assert [call.code for call in house.calls("details", since=before)] == [0]
    assert (await async_get_ledger(house.hass, DEFAULT_APP_ID)).quota == 1000


async def test_another_app_id_has_the_default_quota(house: House) -> None:
    """And not the one that the system remembers of its App ID."""
    entry = await house.set_up()
    await house.set_quota(3000)
    form = await reconfigure(house, entry)
    other = Cloud(house.plant, app_id=OTHER_APP_ID, now=lambda: house.now)
    async with other.serve() as url:
        result = await submit(house, form["flow_id"], **house.data(app_id=OTHER_APP_ID, base_url=url))
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert (await async_get_ledger(house.hass, OTHER_APP_ID)).quota == 1000
    assert (await async_get_ledger(house.hass, DEFAULT_APP_ID)).quota == 3000


async def test_the_check_respects_the_quota(house: House) -> None:
    """With a quota of 0 no call is made, and the values are saved."""
    entry = await house.set_up()
    await house.set_quota(0)
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "saved_unchecked"
    assert result["description_placeholders"] == {"until": "2026-07-01 02:00"}
    assert len(house.calls()) == before


# Reconfiguration


async def test_the_form_shows_the_connection_without_its_secret(house: House) -> None:
    """Every field has a label and a help text, in both forms."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    fields = field_values(form)
    assert fields == {"app_id": DEFAULT_APP_ID, "app_secret": None, "base_url": house.url}
    shown = form["description_placeholders"] or {}
    assert (shown["sid"], shown["name"]) == (house.sid, entry.title)
    assert "{sid}" in str(below(english(), "config", "step", "reconfigure")["description"])
    for step, named in (("reconfigure", set(fields)), ("reauth_confirm", {"app_id", "app_secret"})):
        texts = below(english(), "config", "step", step)
        assert set(below(texts, "data")) == set(below(texts, "data_description")) == named


async def test_another_address_is_stored_and_an_empty_secret_keeps_the_old_one(house: House) -> None:
    """The path of the vendor's manual is cut off."""
    entry = await house.set_up()
    async with house.cloud_elsewhere() as url:
        form = await reconfigure(house, entry)
        typed = {"app_id": DEFAULT_APP_ID, "base_url": f"{url}/user/api/v2/systems/"}
        result = await submit(house, form["flow_id"], **typed)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.data.items() >= house.data(base_url=url).items()
        assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"app_secret": "wrong"}, {"base": "invalid_auth"}),
        ({"app_id": ""}, {"app_id": "app_id_length"}),
        ({"app_id": "abc", "base_url": ""}, {"app_id": "app_id_length", "base_url": "invalid_url"}),
        ({"app_secret": "\u00e9"}, {"app_secret": "invalid_secret"}),
        ({"base_url": "ftp://example.org"}, {"base_url": "invalid_url"}),
        ({"base_url": "http://127.0.0.1:1"}, {"base": "cannot_connect"}),
    ],
)
async def test_a_form_with_an_error_keeps_its_values(house: House, typed: dict[str, str], errors: Any) -> None:
    """The entry does not change until the check succeeds."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data(**typed))
    assert result["errors"] == errors
    assert field_values(result).items() <= house.data(**typed).items()
    assert entry.data.items() >= house.data().items()

    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"


async def test_a_system_id_is_taken_from_callers_that_send_it(house: House) -> None:
    """The form has no field for it, and nothing else is taken without one."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    for more in ({"more": 1}, {"sid": 5}, {"scan_interval": 1800}):
        with pytest.raises(InvalidData):
            await submit(house, form["flow_id"], **(house.data() | more))
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"


async def test_another_system_is_refused(house: House) -> None:
    """Its figures would be mixed with this one's statistics. No call is made."""
    entry = await house.set_up()
    before = len(house.calls())
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data(sid="ZZ99999Z9Z9Z"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "unique_id_mismatch")
    assert entry.data.items() >= house.data().items()
    assert len(house.calls()) == before


@pytest.mark.parametrize(
    ("code", "errors"),
    [
        (2001, {"app_id": "account_refused"}),
        (2004, {"base": "no_permission"}),
        (4000, {"base": "invalid_auth"}),
    ],
)
async def test_an_error_of_the_system_id_is_shown_above_a_form_without_it(
    house: House, code: int, errors: dict[str, str]
) -> None:
    """Neither form asks for the ID; the error names it."""
    entry = await house.set_up()
    form = await reconfigure(house, entry)
    house.refuse(code)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["errors"] == errors
    assert (result["description_placeholders"] or {})["sid"] == house.sid
    house.hass.config_entries.flow.async_abort(form["flow_id"])

    entry.async_start_reauth(house.hass)
    await house.hass.async_block_till_done()
    (flow,) = reauth_flows(house)
    result = await submit(house, flow["flow_id"], app_id=DEFAULT_APP_ID, app_secret=WRONG)
    assert result["errors"] == errors
    assert (result["description_placeholders"] or {})["sid"] == house.sid


async def test_stored_ids_of_another_length_are_kept(house: House) -> None:
    """The cloud has taken them; only text that is typed anew is checked."""
    entry = await house.set_up()
    await spoil(house, entry, app_id="short")
    form = await reconfigure(house, entry)
    house.order(FaultKind.CODE, code=4000)
    result = await submit(house, form["flow_id"], app_id="short", base_url=house.url)
    assert result["errors"] == {"base": "invalid_auth"}
    assert house.calls()[-1].app_id == "short"


async def test_an_entry_of_the_original_without_an_address_can_be_reconfigured(house: House) -> None:
    """The form suggests the vendor's server."""
    entry = await house.set_up()
    data = {key: value for key, value in entry.data.items() if key != "base_url"}
    house.hass.config_entries.async_update_entry(entry, data=data)
    form = await reconfigure(house, entry)
    assert field_values(form)["base_url"] == "https://api.apsystemsema.com:9282"
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    assert entry.data.items() >= house.data().items()


async def test_a_new_app_id_has_a_ledger_of_its_own(house: House, hass_storage: Disk) -> None:
    """The other systems of the old one get this system's share of the quota."""
    entry = await house.set_up()
    await spoil(house, entry, app_id=OTHER_APP_ID)
    assert sum(house.sid in ledger["needs"] for ledger in ledgers(hass_storage)) == 2
    house.order(FaultKind.CODE, code=4000, level=Level.HOURLY)
    await house.pass_time(HOUR)
    house.cloud.clear_faults()

    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    left = [ledger for ledger in ledgers(hass_storage) if house.sid not in ledger["needs"]]
    assert len(left) == 1
    assert house.sid not in left[0]["asked"]
    assert sum(left[0]["spent"].values()) > 0


@pytest.mark.parametrize("stored", [None, 7, {"energy": 5}])
async def test_an_invalid_stored_state_does_not_prevent_reconfiguration(
    house: House, hass_storage: Disk, stored: Any
) -> None:
    """The state is fetched again, as at set-up."""
    entry = await house.set_up()
    await house.hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{house.sid}"] = {"version": 1, "minor_version": 1, "key": "", "data": stored}
    form = await reconfigure(house, entry)
    result = await submit(house, form["flow_id"], **house.data())
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED


def ledgers(disk: Disk) -> list[dict[str, Any]]:
    """Return the ledgers of all App IDs."""
    return [stored["data"] for key, stored in disk.items() if key.startswith(f"{DOMAIN}.ledger.")]


def spent(disk: Disk) -> int:
    """Return the calls in all ledgers."""
    return sum(sum(ledger["spent"].values()) for ledger in ledgers(disk))
