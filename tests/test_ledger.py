"""The ledger: booked before sent, shared, kept, and never a reason to crash."""
# ruff: noqa: ANN401 -- what is on a disk is of any type

import asyncio
from datetime import UTC, datetime, timedelta
import hashlib
import json
from pathlib import Path
import subprocess
import sys
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.ledger import (
    Ledger,
    LedgerError,
    Reason,
    SpentError,
    async_get_ledger,
)
from custom_components.apsystems_openapi.schedule.calls import Call, Kind
from custom_components.apsystems_openapi.schedule.quota import CHINA
from simulator import big_plant, sample_plant
from tests.conftest import Disk
from tests.house import House

APP_ID = "an app id"
ZONES = (UTC, CHINA)
SUMMARY = Call(kind=Kind.SUMMARY)
NOON = datetime(2026, 6, 16, 0, 0, tzinfo=UTC)
KEY = f"{DOMAIN}.ledger.{hashlib.sha256(f'{DOMAIN}/{APP_ID}'.encode()).hexdigest()[:16]}"


@pytest.fixture
async def ledger(hass: HomeAssistant, hass_storage: Disk, freezer: FrozenDateTimeFactory) -> Ledger:  # noqa: ARG001
    """Return a ledger that knows the whole month."""
    freezer.move_to("2026-05-01 00:00:00+00:00")
    ledger = await async_get_ledger(hass, APP_ID)
    freezer.move_to(NOON)
    return ledger


async def again(hass: HomeAssistant) -> Ledger:
    """Return the ledger as it is on the disk."""
    ledger = Ledger(hass, APP_ID)
    await ledger.async_load()
    return ledger


def stored(disk: Disk, data: Any) -> None:
    """Put something on the disk in the ledger's place."""
    disk[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": data}


async def book(ledger: Ledger, number: int = 1, quota: int = 1000, sid: str = "one") -> None:
    """Book calls."""
    for _ in range(number):
        await ledger.async_book(sid, SUMMARY, datetime.now(UTC), ZONES, quota)


def used(ledger: Ledger) -> int:
    """Return what this month has spent."""
    return ledger.book.used(datetime.now(UTC), UTC, 1000)


# Booked before sent


async def test_a_booking_is_on_the_disk_when_it_returns(hass: HomeAssistant, ledger: Ledger) -> None:
    """With what was asked, and when."""
    await book(ledger, 3)
    other = await again(hass)
    assert used(other) == 3
    assert other.asked("one", SUMMARY) == NOON
    assert other.asked("two", SUMMARY) is None


async def test_when_a_request_arrives_its_booking_is_on_the_disk(house: House, hass_storage: Disk) -> None:
    """Every one of a first set-up, a day in automatic mode, and buttons."""
    seen: list[tuple[int, int]] = []
    true_handle = house.cloud._outcome  # noqa: SLF001 -- the moment at which a request is there

    def look(*args: Any) -> Any:
        ours = [value["data"] for key, value in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger")]
        seen.append((sum(sum(data["spent"].values()) for data in ours), len(house.cloud.calls) + 1))
        return true_handle(*args)

    with patch.object(house.cloud, "_outcome", look):
        house.move_to("2026-06-15 18:00")
        await house.set_up(auto_scan_interval=True)
        await house.press("scan_inverters")
        await house.pass_time("2026-06-16 00:30")
    assert len(seen) > 12
    assert all(booked == arrived for booked, arrived in seen)


KILLED = """
import asyncio, os, sys
sys.path.insert(0, {root!r})
from datetime import UTC, datetime
from homeassistant.core import HomeAssistant
from homeassistant.helpers import storage
from custom_components.apsystems_openapi.schedule.calls import Call, Kind
from custom_components.apsystems_openapi.ledger import Ledger

async def main():
    hass = HomeAssistant({config!r})
    await storage.get_internal_store_manager(hass).async_initialize()
    ledger = Ledger(hass, "an app id")
    await ledger.async_load()
    count = 0
    while True:
        if {moment!r} == "while booking" and count == 3:
            asyncio.get_running_loop().call_later({delay}, os._exit, 9)
        await ledger.async_book("one", Call(kind=Kind.SUMMARY), datetime.now(UTC), (UTC,), 100000)
        count += 1
        if {moment!r} == "before sending" and count == 4:
            os._exit(9)
        print("sent", flush=True)
        await asyncio.sleep(0)
        if {moment!r} == "before the answer" and count == 4:
            os._exit(9)

asyncio.run(main())
"""


@pytest.mark.parametrize("hass_storage", [None])
@pytest.mark.parametrize(
    ("moment", "delay", "sent"),
    [("before sending", 0, 3), ("before the answer", 0, 4), ("while booking", 0.002, 3)],
)
async def test_a_process_that_is_killed_has_booked_all_that_it_sent(
    hass: HomeAssistant, moment: str, delay: float, sent: int
) -> None:
    """Between booking and sending, and between sending and the answer."""
    script = KILLED.format(
        root=str(Path(__file__).parents[1]), config=hass.config.config_dir, moment=moment, delay=delay
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 9, errors.decode()
    arrived = out.decode().count("sent")
    assert arrived >= sent
    ledger = await again(hass)
    booked = sum(ledger.book.spent.values())
    assert arrived <= booked <= arrived + 1


async def test_a_booking_that_cannot_be_written_is_no_leave_to_call(ledger: Ledger, hass_storage: Disk) -> None:
    """A full disk."""
    await book(ledger)
    hass_storage.full = True
    with pytest.raises(LedgerError):
        await book(ledger)
    hass_storage.full = False
    await book(ledger)
    assert used(ledger) == 3


async def test_nothing_is_booked_while_home_assistant_stops(hass: HomeAssistant, ledger: Ledger) -> None:
    """It writes nothing any more."""
    hass.set_state(CoreState.stopping)
    with pytest.raises(LedgerError):
        await book(ledger)
    await ledger.async_join("one", 10, 0)
    hass.set_state(CoreState.running)


async def test_a_full_disk_makes_no_calls_and_takes_nothing_away(house: House, hass_storage: Disk) -> None:
    """In automatic mode, until there is room again."""
    await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=50))
    total, before = house.value("total_energy"), len(house.calls())
    hass_storage.full = True
    await house.pass_time(timedelta(hours=2))
    assert len(house.calls()) == before
    assert house.value("total_energy") == total
    assert len(house.log(word="could not be written")) == 1
    hass_storage.full = False
    await house.pass_time(timedelta(hours=2))
    assert len(house.calls()) > before


async def test_the_last_calls_are_not_overrun(ledger: Ledger) -> None:
    """Nor by many at once."""
    await book(ledger, 985)
    results = await asyncio.gather(*(book(ledger, sid=str(n)) for n in range(20)), return_exceptions=True)
    assert [type(result) for result in results].count(SpentError) == 15
    assert used(ledger) == 990
    with pytest.raises(SpentError):
        await book(ledger)


# One for each App ID


async def test_entries_of_one_app_id_have_one_ledger(hass: HomeAssistant, ledger: Ledger) -> None:
    """Also when both ask for it at the same moment."""
    first, second = await asyncio.gather(*(async_get_ledger(hass, "another") for _ in range(2)))
    assert first is second is not ledger
    assert first.digest != ledger.digest
    assert await async_get_ledger(hass, APP_ID) is ledger


async def test_systems_share_by_what_they_need(hass: HomeAssistant, ledger: Ledger) -> None:
    """A restart later as well; who leaves gives up his part and not what he has spent."""
    assert ledger.share("one") == 1
    await ledger.async_join("one", 30, 0)
    assert ledger.share("one") == 1
    await ledger.async_join("two", 10, 0)
    assert (ledger.share("one"), ledger.share("two")) == (0.75, 0.25)
    await book(ledger, 5, sid="two")
    other = await again(hass)
    assert (other.share("one"), other.share("two")) == (0.75, 0.25)
    await other.async_forget("two")
    assert other.share("one") == 1
    assert used(other) == 5
    assert other.asked("two", SUMMARY) is None


@pytest.mark.parametrize("plant", [sample_plant(sid="AB12345C6D7E")])
async def test_two_entries_are_counted_together_and_removing_one_wins_nothing_back(
    house: House, hass_storage: Disk
) -> None:
    """What the cloud has seen is what both show; a second set-up of the same system begins where it was."""
    house.cloud.plants["BC23456D7E8F"] = big_plant(4, 2)
    first = await house.set_up(auto_scan_interval=True)
    second = MockConfigEntry(
        domain=DOMAIN,
        unique_id="BC23456D7E8F",
        data=house.data(sid="BC23456D7E8F"),
        options={"auto_scan_interval": True},
        minor_version=2,
        title="two",
    )
    second.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(second.entry_id)
    await house.settle()
    assert second.state is ConfigEntryState.LOADED
    await house.pass_time(timedelta(hours=3))
    assert {call.sid for call in house.calls()} == {"AB12345C6D7E", "BC23456D7E8F"}
    (kept,) = [value["data"] for key, value in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger")]
    assert sum(kept["spent"].values()) == house.cloud.spent()
    opened_with = (house.value("api_calls") or 0) - house.cloud.spent()
    assert opened_with > 300

    await house.hass.config_entries.async_remove(second.entry_id)
    await house.hass.config_entries.async_remove(first.entry_id)
    await house.set_up(auto_scan_interval=True)
    assert (house.value("api_calls") or 0) - house.cloud.spent() == opened_with


async def test_the_app_id_is_not_in_the_file(ledger: Ledger, hass_storage: Disk) -> None:
    """Nor in its name."""
    await book(ledger)
    assert APP_ID not in json.dumps(hass_storage, default=str)


# A file that is not what it should be


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "words",
        [],
        {},
        {"opened": "2026-06-01"},
        {"opened": "2026-06-01T00:00:00", "carried": 0, "spent": {}, "needs": {}, "asked": {}},
        {"opened": "2026-06-01T00:00:00+00:00", "carried": -5, "spent": {}, "needs": {}, "asked": {}},
        {"opened": "2026-06-01T00:00:00+00:00", "carried": 0, "spent": {"1": -900}, "needs": {}, "asked": {}},
        {"opened": "2026-06-01T00:00:00+00:00", "carried": 0, "spent": [1], "needs": {}, "asked": {}},
        {"opened": "2026-06-01T00:00:00+00:00", "carried": 1e999, "spent": {}, "needs": {}, "asked": {}},
    ],
)
async def test_a_ledger_that_makes_no_sense_is_begun_anew_with_the_cautious_assumption(
    hass: HomeAssistant, hass_storage: Disk, freezer: FrozenDateTimeFactory, data: Any
) -> None:
    """The share of the month that is over counts as spent."""
    freezer.move_to(NOON)
    stored(hass_storage, data)
    ledger = await again(hass)
    assert used(ledger) == 500
    await book(ledger)
    assert used(await again(hass)) == 501


@pytest.mark.parametrize(
    "change",
    [
        {"needs": {"one": "x"}},
        {"needs": {"one": -3}},
        {"needs": {"one": float("nan")}},
        {"asked": {"one": {"summary": "2026-06-01T00:00:00"}}},
        {"asked": {"one": 5}},
        {"block": {"reason": "whim", "until": "2026-06-16T01:00:00+00:00", "wait": 3}},
        {"block": {"reason": "quota", "until": "2026-06-16T01:00:00", "wait": 3}},
        {"block": 5},
    ],
)
async def test_a_part_that_makes_no_sense_leaves_the_count(
    hass: HomeAssistant, ledger: Ledger, hass_storage: Disk, change: dict[str, Any]
) -> None:
    """Calls go on, and are counted on."""
    await book(ledger, 4)
    stored(hass_storage, hass_storage[KEY]["data"] | change)
    other = await again(hass)
    assert used(other) == 4
    assert other.blocked(NOON) is None
    assert 0 < other.share("one") <= 1
    await book(other)
    assert used(await again(hass)) == 5


@pytest.mark.parametrize("hass_storage", [None])
@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1}', b"\xff\xfe\x00", b"[1, 2]"])
async def test_a_broken_file_is_no_fresh_month(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, content: bytes
) -> None:
    """With real files."""
    freezer.move_to(NOON)
    folder = Path(hass.config.path(".storage"))

    def write() -> None:
        folder.mkdir(exist_ok=True)
        (folder / KEY).write_bytes(content)

    await hass.async_add_executor_job(write)
    ledger = await again(hass)
    assert used(ledger) == 500
    await book(ledger)
    assert used(await again(hass)) == 501


async def test_a_file_of_a_later_version_is_begun_anew(hass: HomeAssistant, hass_storage: Disk) -> None:
    """Who goes back to an older version has a ledger."""
    hass_storage[KEY] = {"version": 9, "minor_version": 1, "key": KEY, "data": {}}
    await book(await again(hass))


async def test_a_lost_ledger_is_told_by_the_entry_what_it_remembers(house: House, hass_storage: Disk) -> None:
    """It is not taken for a fresh month."""
    house.move_to("2026-06-02 03:00")
    entry = await house.set_up(auto_scan_interval=True)
    for _ in range(40):
        await house.press("refresh_inverter_energy")
    spent = house.value("api_calls")
    assert spent is not None
    assert spent > 120
    await house.hass.config_entries.async_unload(entry.entry_id)
    for key in [key for key in hass_storage if key.startswith(f"{DOMAIN}.ledger")]:
        del hass_storage[key]
    for key in [key for key in house.hass.data if str(key) == f"{DOMAIN}_ledgers"]:
        house.hass.data[key].clear()
    house.freezer.tick(10)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    # What it remembers is by the month of UTC, which is two hours younger than the one in Paris.
    assert (house.value("api_calls") or 0) >= spent - 3


# Blocks


async def test_a_spent_quota_is_tried_again_once_a_day_and_when_the_month_turns(
    hass: HomeAssistant, ledger: Ledger
) -> None:
    """In whichever zone it turns first."""
    midnight = NOON + timedelta(days=1)
    block = await ledger.async_block(Reason.QUOTA, NOON, midnight)
    assert block.until == NOON + timedelta(days=1)
    assert ledger.blocked(NOON + timedelta(hours=23)) == block
    assert (await again(hass)).blocked(NOON + timedelta(hours=23)) == block
    assert ledger.blocked(NOON + timedelta(hours=24)) is None
    assert ledger.blocked(NOON - timedelta(days=3)) is None
    last = datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert (await ledger.async_block(Reason.QUOTA, last, last)).until == datetime(2026, 6, 30, 16, tzinfo=UTC)
    late = datetime(2026, 6, 30, 20, tzinfo=UTC)
    assert (await ledger.async_block(Reason.QUOTA, late, late)).until == datetime(2026, 7, 1, tzinfo=UTC)
    assert await ledger.async_unblock()
    assert not await ledger.async_unblock()
    assert (await again(hass)).block is None


async def test_throttling_waits_and_doubles_up_to_the_end_of_the_day(ledger: Ledger) -> None:
    """5 minutes, 10, 20 and so on."""
    now, midnight = NOON, NOON + timedelta(hours=10)
    waits = []
    for _ in range(8):
        block = await ledger.async_block(Reason.THROTTLED, now, midnight)
        waits.append((block.until - now) / timedelta(minutes=1))
        now = block.until
    assert waits == [5, 10, 20, 40, 80, 160, 285, 0]


# A clock that was wrong


async def test_calls_of_a_clock_that_ran_ahead_do_not_lock_out_the_months_to_come(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory
) -> None:
    """They count in the month in which the clock is put right."""
    freezer.move_to("2036-01-01 00:00:00+00:00")
    await book(ledger, 990)
    freezer.move_to(NOON)
    with pytest.raises(SpentError):
        await book(ledger)
    freezer.move_to("2026-07-05 00:00:00+00:00")
    other = await again(hass)
    await book(other, 30)
    assert used(other) == 30


async def test_a_quota_of_nothing_calls_nothing_and_says_so(house: House) -> None:
    """The entry waits longer each time, and tells why."""
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY, auto_scan_interval=True, monthly_quota=0)
    await house.pass_time(timedelta(hours=6), timedelta(minutes=30))
    assert not house.calls()
    assert entry.error_reason_translation_key in {"spent", "first_read"}
    assert 1 <= len(house.log(word="are spent")) <= 6


async def test_a_button_at_the_end_of_the_month_says_what_is_left(house: House) -> None:
    """And makes none of its calls."""
    house.move_to("2026-06-01 09:00")
    await house.set_up(auto_scan_interval=True, monthly_quota=30)
    while (house.state("api_calls").attributes["left"]) >= 3:
        await house.press("scan_inverters")
    before = len(house.calls())
    with pytest.raises(HomeAssistantError) as refused:
        await house.press("refresh_inverter_energy")
    assert refused.value.translation_key == "too_few_calls"
    assert len(house.calls()) == before
