"""Every call, every fault, every phase, with the automatic plan: generated from what the simulator can order.

`test_faults.py` looks closer at the fixed schedule. Here the rules of `rules.py` are all that is asked, and that every
cell of the matrix has really been struck.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
import logging

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Fault, FaultKind, Kind, Plant, parse_fault, sample_plant
from tests.conftest import Disk
from tests.house import FIXED, House
from tests.rules import Rules, assert_booked

HOUR = timedelta(hours=1)
AUTOMATIC = {**FIXED, "auto_scan_interval": True}
CODES = (1000, 1001, 2000, 2001, 2004, 2005, 3001, 4000, 4001, 5000, 6000, 7002, 9999)
FAULTS = (
    *(str(code) for code in CODES),
    *("http404", "http429", "http500", "http502", "timeout", "slow", "half", "reset", "redirect", "notjson", "huge"),
    *("body=", "body=null", "body=[]", "body={}", 'body={"code": 0}', 'body={"code": "x", "data": {}}'),
    *("swapped", "null", "string", "number", "empty", "nulls", "ragged", "lifetimeback=50", "lifetimeback=999999"),
    *("nonsense=NaN", "nonsense=-5", "nonsense=0", "nonsense=1e999", "nonsense=abc", "nonsense=99999"),
)
SPIKE = "nonsense=99999"
"""Believed of a panel's power, and of an energy that is told twice; so it strikes energies, once."""

# After these the cloud is asked nothing for up to a day, so that one strike is all there is.
STOPPING = {"2000", "2001", "2004", "2005", "3001", "4000", "4001", "7002", "http429"}
DAILY = (Kind.ECU_ENERGY, Kind.INVERTER_ENERGY, Kind.SUMMARY, Kind.ENERGY, Kind.BATCH)
# Past the morning's reads, the telemetry, the last of the solar hours, what follows them, and midnight.
MOMENTS = ("08:10", "12:40", "22:20", "22:50", "23:30")


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days, whose past is soon added up."""
    return sample_plant(create_date=date(2026, 6, 10))


def struck(house: House, since: int) -> set[Kind | None]:
    """Return the kinds of call that a fault has struck."""
    return {call.kind for call in house.calls(since=since) if call.fault}


async def hop(house: House) -> None:
    """Let time pass to the next of the day's moments."""
    now = house.now.astimezone(house.plant.zone)
    today = [now.replace(hour=int(m[:2]), minute=int(m[3:]), second=0) for m in MOMENTS]
    ahead = next((moment for moment in today if moment > now), today[0] + timedelta(days=1))
    if ahead.day != now.day:
        house.move_to(ahead.replace(hour=0, minute=1))
        await house.settle()
    house.move_to(ahead)
    await house.settle()


async def hop_until(house: House, condition: Callable[[], bool], days: int = 3) -> None:
    """Let time pass until something is so."""
    for _ in range(days * len(MOMENTS)):
        if condition():
            return
        await hop(house)
    assert condition()


async def go_through_the_flow(house: House) -> ConfigEntry | None:
    """Type everything in; return the entry, or None when the form came back."""
    flows = house.hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    filling = flows.async_configure(form["flow_id"], {**house.data(), **AUTOMATIC})
    result = await house.patiently(filling)
    await house.settle()
    if result["type"] is FlowResultType.CREATE_ENTRY:
        return result["result"]
    assert result["errors"]
    flows.async_abort(form["flow_id"])
    return None


async def renew_credentials(house: House, entry: ConfigEntry) -> None:
    """Type the secret once more where it is asked for."""
    for flow in entry.async_get_active_flows(house.hass, {SOURCE_REAUTH}):
        typed = {"app_id": house.cloud.app_id, "app_secret": house.cloud.app_secret}
        result = await house.hass.config_entries.flow.async_configure(flow["flow_id"], typed)
        assert result.get("reason") == "reauth_successful"
        await house.settle()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_every_call_in_every_phase(house: House, hass_storage: Disk, fault: str) -> None:
    """Flow, first set-up, buttons, day, evening, night, morning and a reload; then all is well by itself."""
    order = replace(parse_fault(fault), times=1) if fault == SPIKE else parse_fault(fault)
    seen: dict[str, set[Kind | None]] = {}

    async def phase(name: str, *orders: Fault) -> int:
        house.cloud.clear_faults()
        house.cloud.order(*orders)
        seen[name] = set()
        return len(house.cloud.calls)

    since = await phase("flow", order)
    entry = await go_through_the_flow(house)
    seen["flow"] = struck(house, since)
    if entry is not None:  # it is no matter for the flow, so set-up meets it as well
        await house.patiently(house.hass.config_entries.async_remove(entry.entry_id))
    house.cloud.clear_faults()
    await house.pass_time(house.now + timedelta(hours=25) if fault in STOPPING else timedelta(), HOUR)

    since = await phase("set-up", *(replace(order, on=kind) for kind in (Kind.INVERTERS, Kind.SUMMARY)))
    entry = await go_through_the_flow(house)
    assert entry is not None
    assert entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}
    seen["set-up"] = struck(house, since)
    house.cloud.clear_faults()
    await renew_credentials(house, entry)
    await hop_until(house, lambda: entry.state is ConfigEntryState.LOADED)
    if set(house.devices()) == {house.sid}:
        await house.press("scan_inverters")
    await hop_until(house, lambda: (house.value("total_energy") or 0) > 1)
    house.caplog.clear()
    rules = Rules(house, hass_storage)

    async def press(key: str) -> None:
        try:
            await house.press(key)
        except HomeAssistantError as error:
            assert error.translation_key  # noqa: PT017

    since = await phase("day", order)
    await hop_until(house, lambda: Kind.INVERTER_ENERGY in struck(house, since) or fault in STOPPING | {SPIKE})
    seen["day"] = struck(house, since)
    rules.check()

    since = await phase("evening and night", order)
    for _ in MOMENTS:
        await hop(house)
        rules.check()
    seen["evening and night"] = struck(house, since)

    since = len(house.cloud.calls)
    for key in ("scan_inverters", "refresh_inverter_energy"):
        await press(key)
    seen["buttons"] = struck(house, since)
    rules.check()

    rules.restarted()
    await house.reload(entry)
    assert entry.state is ConfigEntryState.LOADED
    await hop(house)
    rules.check()

    house.cloud.clear_faults()
    rules.cleared()
    await hop_until(house, lambda: not rules.failing and is_true(house))
    rules.check()
    if fault not in STOPPING | {SPIKE}:
        assert seen["flow"] >= {Kind.DETAILS}
        assert seen["set-up"] >= {Kind.INVERTERS}
        assert seen["day"] >= {Kind.INVERTER_ENERGY}
        assert seen["evening and night"] >= {Kind.SUMMARY, Kind.ECU_ENERGY}
        assert seen["buttons"] >= {Kind.INVERTERS, Kind.INVERTER_ENERGY}


def is_true(house: House) -> bool:
    """Tell whether the figures are what the plant has made, on a day on which it has made something."""
    return (
        house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.3)
        and house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.15)
        and (house.value("today_energy") or 0) > 1
    )


@pytest.mark.parametrize("kind", DAILY)
async def test_a_fault_of_one_call_after_another(house: House, hass_storage: Disk, kind: Kind) -> None:
    """Each fault strikes that call alone; each time the others go on, and it works again by itself."""
    await house.set_up(**AUTOMATIC)
    rules = Rules(house, hass_storage)
    await hop(house)
    for fault in FAULTS:
        if fault == SPIKE and kind in {Kind.INVERTER_ENERGY, Kind.BATCH}:
            continue
        rules.cleared()
        since = len(house.cloud.calls)
        house.cloud.order(replace(parse_fault(fault), on=kind, times=1))
        await hop_until(house, lambda: kind in struck(house, since))  # noqa: B023
        rules.check()
        house.cloud.clear_faults()
        since = len(house.cloud.calls)
        if fault == "2004":  # an account without a right is asked again when the owner says so
            await house.press("scan_inverters")
        await hop_until(house, lambda: any(call.code == 0 for call in house.calls(kind, since=since)))  # noqa: B023
        rules.check()
    await hop_until(house, lambda: is_true(house))
    assert not rules.failing
    assert rules.told["failed"] == rules.told["works again"] > 10


@pytest.mark.parametrize("kind", [Kind.DETAILS, Kind.INVERTERS, Kind.SUMMARY])
async def test_a_first_installation_with_one_call_that_fails(house: House, hass_storage: Disk, kind: Kind) -> None:
    """Whatever fails, and however: nothing untrue is shown, and it is set up in the end."""
    for fault in FAULTS:
        house.cloud.order(replace(parse_fault(fault), on=kind, times=2))
        entry = await house.set_up(None, **AUTOMATIC)
        house.cloud.clear_faults()
        await renew_credentials(house, entry)
        await hop_until(house, lambda: entry.state is ConfigEntryState.LOADED)  # noqa: B023
        total = house.value("total_energy")
        assert total is None or 0 < total <= house.truth.lifetime_kwh() + 0.15 or fault in {SPIKE, "nonsense=0"}, fault
        await house.hass.config_entries.async_remove(entry.entry_id)
        assert_booked(house, hass_storage)


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 5, 10))])
async def test_a_fault_of_one_call_after_another_while_the_past_is_imported(
    recorder_mock: Recorder,  # noqa: ARG001
    house: House,
    hass_storage: Disk,
) -> None:
    """Whatever fails, and however: in the end each past hour is there once, and none is wrong."""
    house.caplog.set_level(logging.WARNING, "sqlalchemy")
    house.caplog.set_level(logging.INFO)
    house.cloud.quota = 20_000
    await house.set_up(**AUTOMATIC, import_history=True, monthly_quota=20_000)
    rules = Rules(house, hass_storage)

    async def pass_until(condition: Callable[[], bool]) -> None:
        for _ in range(24 * 7):
            if condition():
                return
            await house.pass_time(HOUR, HOUR)
        assert condition()

    for fault in FAULTS:
        if fault == SPIKE or fault.startswith("nonsense=0"):  # of the past there is nothing to compare with
            continue
        rules.cleared()
        since = len(house.cloud.calls)
        house.cloud.order(replace(parse_fault(fault), on=Kind.ENERGY, times=1))
        await pass_until(lambda: Kind.ENERGY in struck(house, since))  # noqa: B023
        house.cloud.clear_faults()
        rules.check()
    await pass_until(lambda: house.state("history").state == "100.0")
    rules.check()
    assert not rules.failing
    assert rules.told["failed"] == rules.told["works again"] > 5
    await get_instance(house.hass).async_block_till_done()
    statistic = f"{DOMAIN}:{house.sid}_production".lower()
    start = datetime.combine(house.plant.create_date, time(), house.plant.zone)
    rows = await get_instance(house.hass).async_add_executor_job(
        statistics_during_period, house.hass, start, None, {statistic}, "hour", None, {"state", "sum"}
    )
    sums = [row["sum"] for row in rows[statistic]]
    assert sums == sorted(sums)
    last = datetime.fromtimestamp(rows[statistic][-1]["end"], UTC)
    made = house.truth.energy_kwh(start, last)
    assert sums[-1] == pytest.approx(made, abs=0.02 * made), (sums[-1], made)


def test_every_kind_of_fault_is_among_these() -> None:
    """What the simulator learns to do wrong is tried here as well."""
    assert {parse_fault(fault).kind for fault in FAULTS} == set(FaultKind)
