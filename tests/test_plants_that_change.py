"""Plants whose devices change while they are watched: ECUs added, replaced, failed and taken down, inverters moved.

Figures are taken from the snapshot that all entities show.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
import pytest

from custom_components.apsystems_openapi.system.snapshot import Snapshot
from simulator import (
    Absent,
    AddEcu,
    Change,
    Ecu,
    FaultKind,
    Inverter,
    Kind,
    ListInverters,
    MoveInverter,
    Plant,
    RemoveEcu,
    ReplaceEcu,
    sample_plant,
)
from tests.harness import AUTOMATIC, PARIS, House, paris
from tests.sampling import sampled

A, B = "216200012345", "216200099999"
AT_B = ("703000000088", "703000000089")
SECOND = Ecu(eid=B, inverters=tuple(Inverter(uid=uid) for uid in AT_B))
YOUNG = sample_plant(create_date=date(2026, 6, 10))
WITH_TWO = replace(YOUNG, ecus=(*YOUNG.ecus, SECOND))
QUARTER, HALF_HOUR, HOUR, DAY = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
ROUNDING = 0.15


@pytest.fixture
def plant() -> Plant:
    """Return a plant with one ECU."""
    return YOUNG


def shown(entry: ConfigEntry[Any]) -> Snapshot:
    """Return what entities show."""
    data = entry.runtime_data.data
    assert isinstance(data, Snapshot)
    return data


def newest_read(entry: ConfigEntry[Any]) -> datetime:
    """Return when an ECU was last read."""
    return max(contact.at for contact in shown(entry).state.contacts.values())


async def passes(
    house: House, condition: Callable[[], object], within: timedelta, step: timedelta = QUARTER
) -> timedelta:
    """Let time pass until a condition holds; return how long that took."""
    begin = house.now
    while not condition():
        assert house.now - begin <= within, f"not within {within}"
        await house.pass_time(step, step)
    return house.now - begin


async def after_a_round(house: House, entry: ConfigEntry[Any]) -> None:
    """Let time pass until all ECUs have just been read."""
    eids = set(shown(entry).state.ecu_ids)

    def are_read() -> bool:
        contacts = shown(entry).state.contacts
        return contacts.keys() >= eids and all(house.now - contacts[eid].at < QUARTER for eid in eids)

    await house.pass_time(HALF_HOUR, HALF_HOUR)
    await passes(house, are_read, timedelta(hours=4))


def assert_true(house: House, entry: ConfigEntry[Any]) -> None:
    """Check the figures right after a round, against the plant as it was uploaded by then."""
    truth, data = house.cloud.truth(house.sid, newest_read(entry)), shown(entry)
    assert data.power_w == pytest.approx(truth.power_w(), rel=0.02)
    assert data.energy.today == pytest.approx(truth.today_kwh(), abs=ROUNDING)
    assert data.energy.total == pytest.approx(truth.lifetime_kwh(), abs=ROUNDING)
    assert not data.missing_ecus


# More


async def test_a_second_ecu_is_found_by_the_energy_that_the_first_lacks(house: House) -> None:
    """The evening's total is right at once; after the second evening everything is the sum of both."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, AddEcu(at=paris("2026-06-16 05:00"), ecu=SECOND))
    for day in (16, 17):
        await house.pass_time(f"2026-06-{day} 23:00", HALF_HOUR)
        assert shown(entry).energy.today == pytest.approx(house.truth.today_kwh(), abs=ROUNDING)
    await house.pass_time("2026-06-18 10:00", HALF_HOUR)
    await after_a_round(house, entry)
    assert set(shown(entry).state.ecu_ids) == {A, B}
    assert set(AT_B) <= {inverter.uid for inverter in shown(entry).state.inverters}
    assert_true(house, entry)
    assert len(house.calls("inverters")) == 2
    assert not house.log()


async def test_a_second_ecu_that_details_name_is_read_within_a_day(house: House) -> None:
    """They are asked for every third day."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, AddEcu(at=paris("2026-06-18 11:00"), ecu=SECOND))
    await passes(house, lambda: shown(entry).state.details_at > paris("2026-06-18 11:00"), DAY * 4)
    assert await passes(house, lambda: B in shown(entry).state.ecu_ids, DAY) <= DAY
    await passes(house, lambda: shown(entry).is_solar_hours, DAY)
    await after_a_round(house, entry)
    assert_true(house, entry)


@pytest.mark.parametrize("absent", Absent)
async def test_inverters_that_the_first_listing_lacks_appear(house: House, absent: Absent) -> None:
    """A new plant may be registered before its inverters are; the energy is right from the beginning."""
    house.cloud.change(house.sid, ListInverters(at=paris("2026-06-14 00:00"), eid=A, absent=absent))
    entry = await house.set_up(**AUTOMATIC)
    assert not shown(entry).state.inverters
    house.cloud.change(house.sid, ListInverters(at=paris("2026-06-16 09:00"), eid=A))
    await house.pass_time("2026-06-15 23:00", HALF_HOUR)
    assert shown(entry).energy.today == pytest.approx(house.truth.today_kwh(), abs=ROUNDING)
    await house.pass_time("2026-06-16 09:00", HALF_HOUR)
    await passes(house, lambda: len(shown(entry).state.inverters) == 3, DAY * 3, HALF_HOUR)
    await passes(house, lambda: shown(entry).is_solar_hours, DAY)
    await after_a_round(house, entry)
    assert_true(house, entry)
    assert {inverter.uid for inverter in house.plant.inverters} <= house.devices().keys()
    assert len(house.calls("inverters")) <= 5


# Other


@pytest.mark.parametrize("code", [1001, 4001])
@pytest.mark.parametrize("time", ["04:00", "10:00"])
async def test_a_replaced_ecu_is_noticed_within_a_day(house: House, time: str, code: Any) -> None:  # noqa: ANN401
    """Until then today's energy does not fall; afterwards all is right, and the cause is gone."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, ReplaceEcu(at=paris(f"2026-06-16 {time}"), eid=A, new_eid=B, code=code))
    await house.pass_time(f"2026-06-16 {time}", HALF_HOUR)
    seen: list[float | None] = []

    def is_noticed() -> bool:
        seen.append(shown(entry).energy.today)
        return B in shown(entry).state.ecu_ids

    assert await passes(house, is_noticed, DAY) <= DAY
    known = [today for today in seen if today is not None]
    assert known == sorted(known)
    assert shown(entry).state.ecu_ids == (B,)
    assert {inverter.eid for inverter in shown(entry).state.inverters} == {B}
    assert len(shown(entry).state.inverters) == 3
    assert len(house.log()) <= 1

    listings = len(house.calls("inverters"))
    await house.pass_time("2026-06-16 23:00", HALF_HOUR)
    assert shown(entry).energy.today == pytest.approx(house.truth.today_kwh(), abs=ROUNDING)
    await house.pass_time("2026-06-17 12:00", HALF_HOUR)
    await after_a_round(house, entry)
    assert_true(house, entry)
    await house.pass_time("2026-06-19 12:00", HALF_HOUR)
    assert len(house.calls("inverters")) == listings


@pytest.mark.parametrize("code", [1001, 4001])
async def test_by_day_without_a_sample_todays_energy_is_unknown_and_not_0(house: House, code: Any) -> None:  # noqa: ANN401
    """After three reads; nothing else is known of a day whose reads find no sample at all."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, RemoveEcu(at=paris("2026-06-16 04:00"), eid=A, code=code))
    for kind in (Kind.SUMMARY, Kind.INVERTERS):  # as in a system whose other calls fail
        house.order(FaultKind.STATUS, on=kind)
    await house.pass_time("2026-06-16 05:30", HALF_HOUR)
    assert shown(entry).energy.today == 0
    reads = len(house.calls("ecu_energy"))
    await house.pass_time("2026-06-16 14:00", HALF_HOUR)
    assert len(house.calls("ecu_energy")) - reads >= 3
    assert shown(entry).energy.today is None
    house.cloud.clear_faults()
    await house.pass_time("2026-06-17 01:00", HALF_HOUR)
    assert shown(entry).energy.today == 0


async def test_an_inverter_that_was_moved_follows_the_next_listing(house: House) -> None:
    """With its figures: the telemetry of the day stays."""
    house.cloud.plants[house.sid] = WITH_TWO
    entry = await house.set_up(**AUTOMATIC)
    moved = YOUNG.inverters[0].uid
    house.cloud.change(house.sid, MoveInverter(at=paris("2026-06-15 13:00"), uid=moved, eid=B))
    house.move_to("2026-06-15 13:20")
    telemetry = shown(entry).state.telemetry[moved]
    await house.press("scan_inverters")
    eids = {inverter.uid: inverter.eid for inverter in shown(entry).state.inverters}
    assert eids[moved] == B
    assert shown(entry).state.telemetry[moved] == telemetry
    await after_a_round(house, entry)
    assert_true(house, entry)


# Less


@pytest.mark.parametrize("plant", [WITH_TWO])
async def test_one_failed_ecu_of_two_costs_the_other_nothing(house: House) -> None:
    """The power is that of the ECU that reports; the missing one is named, and logged once."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.offline(B, paris("2026-06-16 03:00"), late=False)
    for day in (16, 17, 20):
        await house.pass_time(f"2026-06-{day} 11:00", HALF_HOUR)
        await after_a_round(house, entry)
        data = shown(entry)
        truth = house.cloud.truth(house.sid, newest_read(entry))
        assert data.missing_ecus == (B,)
        assert data.power_w == pytest.approx(truth.power_w(), rel=0.02)
        assert data.power_w
        assert (data.ecus[A].is_connected, data.ecus[B].is_connected) == (True, False)
        assert data.energy.today == pytest.approx(truth.today_kwh(), abs=ROUNDING)
    assert set(shown(entry).state.ecu_ids) == {A, B}
    house.cloud.online(B)
    await house.pass_time("2026-06-21 11:00", HALF_HOUR)
    await after_a_round(house, entry)
    assert_true(house, entry)
    assert shown(entry).ecus[B].is_connected
    assert len(house.log()) <= 1


@pytest.mark.parametrize("plant", [WITH_TWO])
@pytest.mark.parametrize("code", [1001, 4001])
async def test_an_ecu_that_was_taken_down_goes_after_two_listings(house: House, code: Any) -> None:  # noqa: ANN401
    """They lie at least 20 hours apart; an empty one does not count."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, RemoveEcu(at=paris("2026-06-15 15:00"), eid=B, code=code))
    await house.pass_time("2026-06-15 15:10", QUARTER)
    await house.press("scan_inverters")
    assert set(shown(entry).state.ecu_ids) == {A, B}
    await house.pass_time("2026-06-16 10:00", HALF_HOUR)
    house.order(FaultKind.EMPTY_DATA, on=Kind.INVERTERS, times=1)
    await house.press("scan_inverters")
    assert set(shown(entry).state.ecu_ids) == {A, B}
    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 11:20", HALF_HOUR)
    await house.press("scan_inverters")
    await house.settle()
    assert shown(entry).state.ecu_ids == (A,)
    assert not {*AT_B, f"ecu_{B}"} & house.devices().keys()
    await after_a_round(house, entry)
    assert_true(house, entry)
    before = len(house.calls())
    await house.pass_time("2026-06-17 11:00", HALF_HOUR)
    assert B not in {call.target for call in house.calls(since=before)}
    assert len(house.log()) <= 1


@pytest.mark.parametrize("plant", [WITH_TWO])
async def test_an_ecu_that_was_taken_down_goes_by_itself(house: House) -> None:
    """It is silent, so that a listing is asked for; the weekly one confirms it."""
    entry = await house.set_up(**AUTOMATIC)
    house.cloud.change(house.sid, RemoveEcu(at=paris("2026-06-15 15:00"), eid=B))
    await house.pass_time("2026-06-25 12:00", HOUR)
    assert shown(entry).state.ecu_ids == (A,)
    await after_a_round(house, entry)
    assert_true(house, entry)


# Answers that pass


@pytest.mark.parametrize(("code", "within"), [(4000, timedelta(hours=4)), (4001, timedelta(hours=4)), (2004, 2 * DAY)])
async def test_a_single_refusal_of_an_ecu_at_the_start_expires(house: House, code: int, within: timedelta) -> None:
    """The power is there again without anybody doing anything; until then summaries keep today's energy."""
    house.refuse(code, on=Kind.ECU_ENERGY, times=1)
    entry = await house.set_up(**AUTOMATIC)
    await passes(house, lambda: house.calls("ecu_energy"), HOUR)
    await passes(house, lambda: shown(entry).is_daylight and shown(entry).power_w is not None, within)
    await after_a_round(house, entry)
    assert_true(house, entry)
    assert len(house.log()) == 1


@pytest.mark.parametrize("kind", [Kind.SUMMARY, Kind.INVERTERS])
@pytest.mark.parametrize("code", [2001, 2000, 4000, 5000])
async def test_a_single_refusal_of_the_first_read_passes(house: House, code: int, kind: Kind) -> None:
    """Set-up is tried again by itself, and nobody is asked for credentials in the end."""
    house.refuse(code, on=kind, times=1)
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY, **AUTOMATIC)
    await passes(house, lambda: entry.state is ConfigEntryState.LOADED, timedelta(hours=1), timedelta(minutes=1))
    await house.pass_time(HOUR, QUARTER)
    await after_a_round(house, entry)
    assert_true(house, entry)
    assert not list(entry.async_get_active_flows(house.hass, {"reauth"}))
    assert house.now.astimezone(PARIS).date() == date(2026, 6, 15)


# A month with one failed ECU


@pytest.mark.parametrize("plant", [WITH_TWO])
@pytest.mark.parametrize(
    "change",
    sampled(
        [
            None,
            RemoveEcu(at=paris("2026-06-16 03:00"), eid=B),
            RemoveEcu(at=paris("2026-06-16 03:00"), eid=B, code=1001),
        ],
        every=3,
    ),
    ids=["no network", "4001", "1001"],
)
async def test_a_month_with_a_failed_ecu_is_logged_in_one_line(house: House, change: Change | None) -> None:
    """The registration still has it, so that it stays, and is asked again and again."""
    entry = await house.set_up(**AUTOMATIC)
    if change is None:
        house.cloud.offline(B, paris("2026-06-16 03:00"), late=False)
    else:
        house.cloud.change(house.sid, change)
    await house.pass_time("2026-07-15 23:00", HOUR)
    lines = house.log()
    print(f"\nlog lines of 30 days with a failed ECU: {len(lines)} {lines}; calls: {len(house.calls())}")  # noqa: T201
    assert len(lines) <= 1
    assert shown(entry).energy.total == pytest.approx(house.truth.lifetime_kwh(), abs=ROUNDING)
