"""Every kind of call and every fault in every phase, in automatic mode.

`test_faults.py` checks more closely, in fixed mode. Here the rules of `invariants.py` are checked, and that every cell
of the matrix was hit by its fault.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
import logging

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Fault, FaultKind, Kind, Plant, parse_fault, sample_plant
from tests.faults import FAULTS, SPIKE, STOPPING
from tests.harness import AUTOMATIC, Disk, House, paris
from tests.house_plants import BATTERY, BOTH, METER
from tests.invariants import Rules, assert_booked
from tests.sampling import sampled

HOUR = timedelta(hours=1)
OF_HOUSE = (Kind.METER_ENERGY, Kind.METER_SUMMARY, Kind.STORAGE_LATEST, Kind.STORAGE_SUMMARY, Kind.STORAGE_PERIOD)
DAILY = (Kind.ECU_ENERGY, Kind.INVERTER_ENERGY, Kind.SUMMARY, Kind.ENERGY, Kind.BATCH)
# After the reads of the morning, the telemetry, the end of the solar hours, the batch, and midnight.
TIMES = ("08:10", "12:40", "22:20", "22:50", "23:30")
# After yesterday's curves, the two reads of meter and battery, their summaries, and the batch.
HOUSE_TIMES = ("01:40", "11:10", "17:40", "22:40", "23:10")


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days, which the simulator adds up quickly."""
    return sample_plant(create_date=date(2026, 6, 10))


def hit(house: House, since: int) -> set[Kind | None]:
    """Return the kinds of call that were hit by a fault."""
    return {call.kind for call in house.calls(since=since) if call.fault}


async def hop(house: House, times: Sequence[str] = TIMES) -> None:
    """Move the clock to the next of the day's times."""
    now = house.now.astimezone(house.plant.zone)
    today = [now.replace(hour=int(m[:2]), minute=int(m[3:]), second=0) for m in times]
    ahead = next((at for at in today if at > now), today[0] + timedelta(days=1))
    if ahead.day != now.day:
        house.move_to(ahead.replace(hour=0, minute=1))
        await house.settle()
    house.move_to(ahead)
    await house.settle()


async def hop_until(house: House, condition: Callable[[], bool], days: int = 3, times: Sequence[str] = TIMES) -> None:
    """Move the clock from time to time until a condition is true."""
    for _ in range(days * len(times)):
        if condition():
            return
        await hop(house, times)
    assert condition()


@pytest.mark.parametrize("fault", sampled(FAULTS, every=2))
async def test_a_fault_of_every_call_in_every_phase(house: House, hass_storage: Disk, fault: str) -> None:
    """Config flow, first set-up, day, evening, night, buttons and reload; afterwards every figure is true by itself."""
    order = replace(parse_fault(fault), times=1) if fault == SPIKE else parse_fault(fault)
    seen: dict[str, set[Kind | None]] = {}

    async def phase(name: str, *orders: Fault) -> int:
        house.cloud.clear_faults()
        house.cloud.order(*orders)
        seen[name] = set()
        return len(house.cloud.calls)

    since = await phase("flow", order)
    entry = await house.complete_config_flow()
    seen["flow"] = hit(house, since)
    if entry is not None:  # the config flow accepts this answer, and set-up receives it as well
        await house.patiently(house.hass.config_entries.async_remove(entry.entry_id))
    house.cloud.clear_faults()
    await house.pass_time(house.now + timedelta(hours=25) if fault in STOPPING else timedelta(), HOUR)

    since = await phase("set-up", *(replace(order, on=kind) for kind in (Kind.INVERTERS, Kind.SUMMARY)))
    entry = await house.complete_config_flow()
    assert entry is not None
    assert entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}
    seen["set-up"] = hit(house, since)
    house.cloud.clear_faults()
    await house.renew_credentials(entry)
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
    await hop_until(house, lambda: Kind.INVERTER_ENERGY in hit(house, since) or fault in STOPPING | {SPIKE})
    seen["day"] = hit(house, since)
    rules.check()

    since = await phase("evening and night", order)
    for _ in TIMES:
        await hop(house)
        rules.check()
    seen["evening and night"] = hit(house, since)

    house.freezer.tick(timedelta(minutes=16))  # so that there may be something newer
    since = len(house.cloud.calls)
    for key in ("scan_inverters", "refresh_inverter_energy"):
        await press(key)
    seen["buttons"] = hit(house, since)
    rules.check()

    rules.restarted()
    await house.reload(entry)
    assert entry.state is ConfigEntryState.LOADED
    await hop(house)
    rules.check()

    house.cloud.clear_faults()
    rules.cleared()
    await hop_until(house, lambda: not rules.failing and house.is_true())
    rules.check()
    if fault not in STOPPING | {SPIKE}:
        assert seen["flow"] >= {Kind.DETAILS}
        assert seen["set-up"] >= {Kind.INVERTERS}
        assert seen["day"] >= {Kind.INVERTER_ENERGY}
        assert seen["evening and night"] >= {Kind.SUMMARY, Kind.ECU_ENERGY}
        assert seen["buttons"] >= {Kind.INVERTERS, Kind.INVERTER_ENERGY}


@pytest.mark.parametrize("kind", sampled(DAILY, every=2))
async def test_a_fault_of_one_call_after_another(house: House, hass_storage: Disk, kind: Kind) -> None:
    """Each fault hits one call; the others go on, and it works again by itself."""
    await house.set_up(**AUTOMATIC)
    rules = Rules(house, hass_storage)
    await hop(house)
    for fault in FAULTS:
        if fault == SPIKE and kind in {Kind.INVERTER_ENERGY, Kind.BATCH}:
            continue
        rules.cleared()
        since = len(house.cloud.calls)
        house.cloud.order(replace(parse_fault(fault), on=kind, times=1))
        await hop_until(house, lambda: kind in hit(house, since))  # noqa: B023
        rules.check()
        house.cloud.clear_faults()
        since = len(house.cloud.calls)
        if fault == "2004":  # the owner has a missing right tried again
            await house.press("scan_inverters")
        await hop_until(house, lambda: any(call.code == 0 for call in house.calls(kind, since=since)))  # noqa: B023
        rules.check()
    await hop_until(house, house.is_true)
    assert not rules.failing
    assert rules.logged["failed"] == rules.logged["works again"] > 10


def assert_true_of_house(house: House) -> None:
    """Check the lifetime of every flow, in the evening after the summaries."""
    for device, prefix, flows in (
        (METER, f"meter_{METER}", ("produced", "consumed", "imported", "exported")),
        (BATTERY, "storage", ("charge", "discharge")),
    ):
        true = house.truth.flows_kwh(device, paris("2026-06-10 00:00"), house.now)
        shown = {flow: house.value(f"{prefix}_{flow}_energy") for flow in flows}
        assert shown == pytest.approx({flow: true[flow] for flow in flows}, abs=0.5)


@pytest.mark.parametrize("plant", [BOTH])
@pytest.mark.parametrize("kind", sampled(OF_HOUSE, every=2))
async def test_a_fault_of_one_call_about_a_house_after_another(
    house: House, hass_storage: Disk, kind: Kind, is_thorough: bool
) -> None:
    """No figure of the meter, the battery or a panel falls or lies, and no other call suffers."""
    house.cloud.quota = 5000
    await house.set_up(**AUTOMATIC, monthly_quota=5000)
    rules = Rules(house, hass_storage)
    await hop(house, HOUSE_TIMES)
    faults = [fault for fault in FAULTS if fault not in STOPPING]
    for fault in faults if is_thorough else faults[OF_HOUSE.index(kind) :: 7]:
        rules.cleared()
        since = len(house.cloud.calls)
        house.cloud.order(replace(parse_fault(fault), on=kind, times=1))
        await hop_until(house, lambda: kind in hit(house, since), times=HOUSE_TIMES)  # noqa: B023
        rules.check()
        house.cloud.clear_faults()
        await hop(house, HOUSE_TIMES)
        rules.check()
    await hop_until(house, lambda: not rules.failing, times=HOUSE_TIMES)
    await hop(house, HOUSE_TIMES)
    await hop_until(house, lambda: house.now.astimezone(house.plant.zone).hour == 22, times=HOUSE_TIMES)
    assert_true_of_house(house)
    rules.check()


@pytest.mark.parametrize("kind", [Kind.DETAILS, Kind.INVERTERS, Kind.SUMMARY])
async def test_a_first_installation_with_one_call_that_fails(house: House, hass_storage: Disk, kind: Kind) -> None:
    """No wrong figure is shown, and the set-up succeeds in the end."""
    for fault in FAULTS:
        house.cloud.order(replace(parse_fault(fault), on=kind, times=2))
        entry = await house.set_up(None, **AUTOMATIC)
        house.cloud.clear_faults()
        await house.renew_credentials(entry)
        await hop_until(house, lambda: entry.state is ConfigEntryState.LOADED)  # noqa: B023
        total = house.value("total_energy")
        assert total is None or 0 < total <= house.truth.lifetime_kwh() + 0.15 or fault in {SPIKE, "nonsense=0"}, fault
        await house.hass.config_entries.async_remove(entry.entry_id)
        assert_booked(house, hass_storage)


@pytest.mark.parametrize("plant", [sample_plant(create_date=date(2026, 5, 10))])
async def test_a_fault_of_one_call_after_another_during_the_import_of_history(
    recorder_mock: Recorder,  # noqa: ARG001
    house: House,
    hass_storage: Disk,
) -> None:
    """In the end each hour has one row, and the sums are true."""
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
        if fault == SPIKE or fault.startswith("nonsense=0"):  # history has no earlier figure to compare with
            continue
        rules.cleared()
        since = len(house.cloud.calls)
        house.cloud.order(replace(parse_fault(fault), on=Kind.ENERGY, times=1))
        await pass_until(lambda: Kind.ENERGY in hit(house, since))  # noqa: B023
        house.cloud.clear_faults()
        rules.check()
    await pass_until(lambda: house.state("history").state == "100.0")
    rules.check()
    assert not rules.failing
    assert rules.logged["failed"] == rules.logged["works again"] > 5
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


def test_every_kind_of_fault_is_in_the_matrix() -> None:
    """A new fault of the simulator is tested as well."""
    assert {parse_fault(fault).kind for fault in FAULTS} == set(FaultKind)
