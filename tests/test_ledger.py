"""The ledger: calls are booked before they are sent, shared by entries, and stored; an invalid file is replaced."""
# ruff: noqa: ANN401 -- stored data is of any type

import asyncio
import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import json
from pathlib import Path
import subprocess
import sys
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.components.backup.manager import RestoreBackupEvent, RestoreBackupState
from homeassistant.components.hassio.backup import RESTORE_JOB_ID_ENV
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.apsystems_openapi.backups import SUPERVISOR_VARIABLE
from custom_components.apsystems_openapi.const import DOMAIN
from custom_components.apsystems_openapi.ledger import Ledger, LedgerError, SpentError, async_get_ledger
from custom_components.apsystems_openapi.schedule.quota import CHINA
from custom_components.apsystems_openapi.system.state import Spent
from custom_components.apsystems_openapi.system.unknown_calls import share_of_time
from custom_components.apsystems_openapi.system.waits import APP_ID as SCOPE, Reason, Wait
from simulator import Call, big_plant, sample_plant
from tests import payloads
from tests.harness import Disk, House
from tests.log_lines import LEDGER_FAILED, QUOTA_SPENT
from tests.paths import ROOT

APP_ID = "an app id"
ZONES = (UTC, CHINA)
SUMMARY = "summary"
NOON = datetime(2026, 6, 16, 0, 0, tzinfo=UTC)
DIGEST = hashlib.sha256(f"{DOMAIN}/{APP_ID}".encode()).hexdigest()[:16]
KEY = f"{DOMAIN}.ledger.{DIGEST}"


@pytest.fixture
async def ledger(hass: HomeAssistant, hass_storage: Disk, freezer: FrozenDateTimeFactory) -> Ledger:  # noqa: ARG001
    """Return a ledger that was opened before the month began."""
    freezer.move_to("2026-05-01 00:00:00+00:00")
    ledger = await async_get_ledger(hass, APP_ID)
    freezer.move_to(NOON)
    return ledger


async def reloaded(hass: HomeAssistant) -> Ledger:
    """Return a new ledger with the stored data."""
    ledger = Ledger(hass, DIGEST)
    await ledger.async_load()
    return ledger


def store(disk: Disk, data: Any) -> None:
    """Replace the stored ledger."""
    disk[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": data}


async def book(ledger: Ledger, number: int = 1, sid: str = "one") -> None:
    """Book calls."""
    for _ in range(number):
        await ledger.async_book(sid, SUMMARY, datetime.now(UTC), ZONES)


def used(ledger: Ledger) -> int:
    """Return the calls of this month."""
    return ledger.counts.used(datetime.now(UTC), UTC, 1000)


def wait_of(ledger: Ledger, now: datetime) -> Wait | None:
    """Return the wait of the App ID that is in force."""
    return ledger.waits.longest((SCOPE,), now)


# Booked before sent


async def test_a_booking_is_on_the_disk_when_it_returns(hass: HomeAssistant, ledger: Ledger) -> None:
    """With the call and its time."""
    await book(ledger, 3)
    other = await reloaded(hass)
    assert used(other) == 3
    assert other.asked("one", SUMMARY) == NOON
    assert other.asked("two", SUMMARY) is None


async def test_when_a_request_arrives_its_booking_is_on_the_disk(house: House, hass_storage: Disk) -> None:
    """For every call of a first set-up, an evening in automatic mode, and a button."""
    booked: list[int] = []

    class Calls(list[Call]):
        """Counts the bookings on the disk whenever the cloud has received a call and not answered it yet."""

        @override
        def append(self, call: Call) -> None:
            super().append(call)
            ledgers = [value["data"] for key, value in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger")]
            booked.append(sum(sum(data["spent"].values()) for data in ledgers))

    house.cloud.calls = Calls()
    house.move_to("2026-06-15 18:00")
    await house.set_up(auto_scan_interval=True)
    await house.press("scan_inverters")
    await house.pass_time("2026-06-16 00:30")
    assert len(booked) > 12
    assert booked == list(range(1, len(booked) + 1))


KILLED = """
import asyncio, os, sys
sys.path.insert(0, {root!r})
from datetime import UTC, datetime
from homeassistant.core import HomeAssistant
from homeassistant.helpers import storage
from custom_components.apsystems_openapi.ledger import Ledger

async def main():
    hass = HomeAssistant({config!r})
    await storage.get_internal_store_manager(hass).async_initialize()
    ledger = Ledger(hass, {digest!r})
    await ledger.async_load()
    count = 0
    while True:
        if {kill!r} == "while booking" and count == 3:
            asyncio.get_running_loop().call_later({delay}, os._exit, 9)
        await ledger.async_book("one", "summary", datetime.now(UTC), (UTC,))
        count += 1
        if {kill!r} == "before sending" and count == 4:
            os._exit(9)
        print("sent", flush=True)
        await asyncio.sleep(0)
        if {kill!r} == "before the answer" and count == 4:
            os._exit(9)

asyncio.run(main())
"""


@pytest.mark.parametrize("hass_storage", [None])
@pytest.mark.parametrize(
    ("kill", "delay", "sent"),
    [("before sending", 0, 3), ("before the answer", 0, 4), ("while booking", 0.002, 3)],
)
async def test_a_process_that_is_killed_has_booked_all_that_it_sent(
    hass: HomeAssistant, kill: str, delay: float, sent: int
) -> None:
    """While booking, between booking and sending, and between sending and the answer."""
    script = KILLED.format(root=str(ROOT), digest=DIGEST, config=hass.config.config_dir, kill=kill, delay=delay)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 9, errors.decode()
    arrived = out.decode().count("sent")
    assert arrived >= sent
    ledger = await reloaded(hass)
    booked = sum(ledger.counts.spent.values())
    assert arrived <= booked <= arrived + 1


async def test_a_booking_that_cannot_be_written_raises_and_is_not_counted(ledger: Ledger, hass_storage: Disk) -> None:
    """On a full disk."""
    await book(ledger)
    hass_storage.full = True
    with pytest.raises(LedgerError):
        await book(ledger)
    hass_storage.full = False
    await book(ledger)
    assert used(ledger) == 2


async def test_nothing_is_booked_while_home_assistant_stops(hass: HomeAssistant, ledger: Ledger) -> None:
    """Home Assistant writes nothing by then."""
    hass.set_state(CoreState.stopping)
    with pytest.raises(LedgerError):
        await book(ledger)
    await ledger.async_join("one", 10, None)
    hass.set_state(CoreState.running)


async def test_with_a_full_disk_no_calls_are_made_and_figures_stay(house: House, hass_storage: Disk) -> None:
    """In automatic mode, until the disk has space again."""
    await house.set_up(auto_scan_interval=True)
    await house.pass_time(timedelta(minutes=50))
    total, before = house.value("total_energy"), len(house.calls())
    hass_storage.full = True
    await house.pass_time(timedelta(hours=2))
    assert len(house.calls()) == before
    assert house.value("total_energy") == total
    assert len(house.log(text=LEDGER_FAILED)) == 1
    hass_storage.full = False
    await house.pass_time(timedelta(hours=2))
    assert len(house.calls()) > before


async def test_the_quota_is_not_exceeded(ledger: Ledger) -> None:
    """Even by simultaneous bookings."""
    await book(ledger, 985)
    results = await asyncio.gather(*(book(ledger, sid=str(n)) for n in range(20)), return_exceptions=True)
    assert [type(result) for result in results].count(SpentError) == 15
    assert used(ledger) == 990
    with pytest.raises(SpentError):
        await book(ledger)


# One for each App ID


async def test_entries_of_one_app_id_have_one_ledger(hass: HomeAssistant, ledger: Ledger) -> None:
    """Also when both get it at the same time."""
    first, second = await asyncio.gather(*(async_get_ledger(hass, "another") for _ in range(2)))
    assert first is second is not ledger
    assert first.digest != ledger.digest
    assert await async_get_ledger(hass, APP_ID) is ledger


async def test_systems_share_by_what_they_need(hass: HomeAssistant, ledger: Ledger) -> None:
    """After a restart as well; a removed system frees its share, and its calls stay counted."""
    assert ledger.share("one") == 1
    await ledger.async_join("one", 30, None)
    assert ledger.share("one") == 1
    await ledger.async_join("two", 10, None)
    assert (ledger.share("one"), ledger.share("two")) == (0.75, 0.25)
    await book(ledger, 5, sid="two")
    other = await reloaded(hass)
    assert (other.share("one"), other.share("two")) == (0.75, 0.25)
    await other.async_forget("two")
    assert other.share("one") == 1
    assert used(other) == 5
    assert other.asked("two", SUMMARY) is None


@pytest.mark.parametrize("plant", [sample_plant(sid="AB12345C6D7E")])
async def test_two_entries_are_counted_together_and_removing_them_frees_no_calls(
    house: House, hass_storage: Disk
) -> None:
    """Both show what the cloud received; a new entry of the same system goes on counting."""
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
    (stored,) = [value["data"] for key, value in hass_storage.items() if key.startswith(f"{DOMAIN}.ledger")]
    assert sum(stored["spent"].values()) == house.cloud.spent()
    opened_with = (house.value("api_calls_month") or 0) - house.cloud.spent()
    assert opened_with > 300

    await house.hass.config_entries.async_remove(second.entry_id)
    await house.hass.config_entries.async_remove(first.entry_id)
    await house.set_up(auto_scan_interval=True)
    assert (house.value("api_calls_month") or 0) - house.cloud.spent() == opened_with


async def test_the_app_id_is_not_in_the_file(ledger: Ledger, hass_storage: Disk) -> None:
    """Nor in its name."""
    await book(ledger)
    assert APP_ID not in json.dumps(hass_storage, default=str)


# Invalid files


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
async def test_an_invalid_ledger_is_replaced_by_one_with_the_cautious_assumption(
    hass: HomeAssistant, hass_storage: Disk, freezer: FrozenDateTimeFactory, data: Any
) -> None:
    """The share of the month that has passed counts as spent."""
    freezer.move_to(NOON)
    store(hass_storage, data)
    ledger = await reloaded(hass)
    assert used(ledger) == 500
    await book(ledger)
    assert used(await reloaded(hass)) == 501


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
async def test_an_invalid_part_of_a_ledger_keeps_the_count(
    hass: HomeAssistant, ledger: Ledger, hass_storage: Disk, change: dict[str, Any]
) -> None:
    """Calls go on and are counted."""
    await book(ledger, 4)
    store(hass_storage, hass_storage[KEY]["data"] | change)
    other = await reloaded(hass)
    assert used(other) == 4
    assert wait_of(other, NOON) is None
    assert 0 < other.share("one") <= 1
    await book(other)
    assert used(await reloaded(hass)) == 5


@pytest.mark.parametrize("hass_storage", [None])
@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1}', b"\xff\xfe\x00", b"[1, 2]"])
async def test_a_broken_file_does_not_start_the_month_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, content: bytes
) -> None:
    """With real files."""
    freezer.move_to(NOON)
    folder = Path(hass.config.path(".storage"))

    def write() -> None:
        folder.mkdir(exist_ok=True)
        (folder / KEY).write_bytes(content)

    await hass.async_add_executor_job(write)
    ledger = await reloaded(hass)
    assert used(ledger) == 500
    await book(ledger)
    assert used(await reloaded(hass)) == 501


async def test_a_ledger_of_a_later_version_is_replaced(hass: HomeAssistant, hass_storage: Disk) -> None:
    """So an owner can go back to an older version."""
    hass_storage[KEY] = {"version": 9, "minor_version": 1, "key": KEY, "data": {}}
    await book(await reloaded(hass))


async def test_a_lost_ledger_is_restored_from_the_systems_state(house: House, hass_storage: Disk) -> None:
    """It does not start with an unspent month."""
    house.move_to("2026-06-02 03:00")
    entry = await house.set_up(auto_scan_interval=True)
    for _ in range(120):
        await house.press("scan_inverters")
    spent = house.value("api_calls_month")
    assert spent is not None
    assert spent > 120
    await house.hass.config_entries.async_unload(entry.entry_id)
    lose(house, hass_storage)
    house.freezer.tick(10)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    # The state counts by the month of UTC, which began two hours after the one of Paris.
    assert (house.value("api_calls_month") or 0) >= spent - 3


async def test_a_ledger_of_version_1_0_is_kept(hass: HomeAssistant, hass_storage: Disk) -> None:
    """Calls, needs, times and the block; `tests/fixtures/README.md` describes the file."""
    file = payloads.answer("ledger_1_0")
    hass_storage[file["key"]] = file
    ledger = Ledger(hass, file["key"].rpartition(".")[2])
    await ledger.async_load()
    noon = datetime(2026, 6, 15, 10, 55, tzinfo=UTC)
    until = noon + timedelta(minutes=5)
    assert wait_of(ledger, noon) == Wait(until=until, reason=Reason.THROTTLED, length=timedelta(minutes=5))
    assert sum(ledger.counts.spent.values()) == sum(file["data"]["spent"].values())
    assert ledger.counts.used(noon, UTC, 1000) == 113
    assert ledger.asked("AB12345C6D7E", SUMMARY) == datetime(2026, 6, 14, 20, 30, tzinfo=UTC)


# The quota


def spent(calls: int, at: datetime = NOON, quota: int | None = None) -> Spent:
    """Return a memory of the ledger, as a system's state has it."""
    return Spent(at=at, calls=calls, quota=quota)


async def test_the_quota_is_stored_and_reported_to_every_listener(hass: HomeAssistant, ledger: Ledger) -> None:
    """Once for each change; the default of 1000 applies until it is set."""
    changes: list[int] = []
    end = ledger.async_listen(lambda: changes.append(ledger.quota))
    assert (ledger.quota, ledger.has_quota) == (1000, False)
    for quota in (1000, 3000, 3000, 0):
        await ledger.async_set_quota(quota)
    assert changes == [1000, 3000, 0]
    other = await reloaded(hass)
    assert (other.quota, other.has_quota) == (0, True)
    end()
    await ledger.async_set_quota(7)
    assert changes == [1000, 3000, 0]


@pytest.mark.parametrize("stored", [None, "1000", 1000.0, True, -1, 10**7, [], {}])
async def test_a_stored_quota_that_makes_no_sense_is_dropped_alone(
    hass: HomeAssistant, ledger: Ledger, hass_storage: Disk, stored: Any
) -> None:
    """The counts stay."""
    await book(ledger, 4)
    store(hass_storage, hass_storage[KEY]["data"] | {"quota": stored})
    other = await reloaded(hass)
    assert (other.quota, other.has_quota) == (1000, False)
    assert used(other) == 4


async def test_a_lost_ledger_takes_the_smallest_quota_that_a_state_remembers(
    hass: HomeAssistant, ledger: Ledger
) -> None:
    """Only until it is set."""
    for sid, quota, expected in (("one", None, 1000), ("two", 3000, 3000), ("three", 500, 500), ("four", 700, 500)):
        await ledger.async_join(sid, 10, spent(0, quota=quota))
        assert ledger.quota == expected, sid
    assert (await reloaded(hass)).quota == 500
    await ledger.async_set_quota(2000)
    await ledger.async_join("three", 10, spent(0, quota=500))
    assert ledger.quota == 2000


async def test_the_quota_of_a_lost_ledger_is_found_again(house: House, hass_storage: Disk) -> None:
    """Changed without a call, it is in the system's state all the same."""
    entry = await house.set_up(auto_scan_interval=True)
    await house.set_quota(4321)
    await house.pass_time(timedelta(minutes=10))
    await house.hass.config_entries.async_unload(entry.entry_id)
    lose(house, hass_storage)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert house.state("total_energy").state != "unavailable"
    assert (await async_get_ledger(house.hass, house.cloud.app_id)).quota == 4321
    assert entry.runtime_data.context.options.monthly_quota == 4321


def lose(house: House, disk: Disk) -> None:
    """Delete the files of all ledgers, and what the memory has of them, as a restart does."""
    for key in [key for key in disk if key.startswith(f"{DOMAIN}.ledger")]:
        del disk[key]
    forget(house.hass)


def forget(hass: HomeAssistant) -> None:
    """Drop all ledgers from the memory, as a restart does."""
    for key in [key for key in hass.data if str(key) == f"{DOMAIN}_ledgers"]:
        hass.data[key].clear()


# Shares


@pytest.mark.parametrize("state", [ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY])
async def test_a_disabled_system_has_no_share(house: House, state: ConfigEntryState) -> None:
    """Also when it is disabled while its set-up is tried again, which Home Assistant does not tell us."""
    other = big_plant(4, 2)
    house.cloud.plants[other.sid] = other
    await house.set_up()
    ledger = await async_get_ledger(house.hass, house.cloud.app_id)
    second = MockConfigEntry(
        domain=DOMAIN, unique_id=other.sid, data=house.data(sid=other.sid), minor_version=3, title="two"
    )
    second.add_to_hass(house.hass)
    if state is ConfigEntryState.SETUP_RETRY:
        house.refuse(5000)
    await house.hass.config_entries.async_setup(second.entry_id)
    await house.settle()
    assert second.state is state
    assert ledger.share(house.sid) + ledger.share(other.sid) == pytest.approx(1)
    assert ledger.share(house.sid) < 1

    await house.hass.config_entries.async_set_disabled_by(second.entry_id, ConfigEntryDisabler.USER)
    assert ledger.share(house.sid) == 1
    house.cloud.clear_faults()
    await house.hass.config_entries.async_set_disabled_by(second.entry_id, None)
    await house.settle()
    assert ledger.share(house.sid) < 1


async def test_a_system_that_is_to_join_has_a_share_by_its_need(ledger: Ledger) -> None:
    """For the preview of a config flow."""
    assert ledger.share("two", 10) == 1
    await ledger.async_join("one", 30, None)
    assert ledger.share("two", 10) == 0.25
    assert ledger.share("one") == 1


# Files from a backup


@pytest.mark.parametrize(
    ("remembered", "added"),
    [
        pytest.param(None, 0, id="nothing"),
        pytest.param(spent(4), 0, id="the same"),
        pytest.param(spent(9, NOON + timedelta(minutes=4)), 0, id="an answer that took minutes"),
        pytest.param(spent(9, NOON + timedelta(minutes=6)), 5, id="calls that the ledger does not know"),
        pytest.param(spent(3, NOON + timedelta(minutes=6)), 0, id="fewer calls"),
        pytest.param(spent(900, NOON + timedelta(hours=11)), 896, id="many"),
        pytest.param(spent(900, NOON + timedelta(days=2)), 0, id="by a clock that was ahead"),
        pytest.param(spent(900, datetime(2026, 5, 31, tzinfo=UTC)), 0, id="of the last month"),
    ],
)
async def test_a_ledger_that_is_older_than_a_state_is_raised_to_its_count(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory, remembered: Spent | None, added: int
) -> None:
    """Its file was replaced by an old one. Only once."""
    await book(ledger, 4)
    freezer.move_to(NOON + timedelta(hours=12))
    for _ in range(2):
        await ledger.async_join("one", 10, remembered)
        assert used(ledger) == 4 + added
    assert used(await reloaded(hass)) == 4 + added


async def test_another_systems_calls_do_not_make_the_ledger_look_older(
    ledger: Ledger, freezer: FrozenDateTimeFactory
) -> None:
    """Each state is compared with its own system's newest booking."""
    await book(ledger, 3, sid="one")
    freezer.move_to(NOON + timedelta(hours=1))
    await book(ledger, 2, sid="two")
    await ledger.async_join("one", 10, spent(3))
    await ledger.async_join("two", 10, spent(5, NOON + timedelta(hours=1)))
    assert used(ledger) == 5


@pytest.mark.parametrize(
    ("hours", "quota", "most", "expected"),
    [
        (0, 1000, 990, 0),
        (0.9, 1000, 990, 0),
        (24, 1000, 990, 33),
        (24 * 10, 1000, 990, 333),
        (24 * 10, 1000, 100, 100),
        (24 * 10, 1000, -5, 0),
        (24 * 10, 0, 0, 0),
        (24 * 10, 1_000_000, 990_000, 333_333),
        (24 * 400, 1000, 990, 990),
    ],
)
def test_a_time_that_nobody_counted_has_its_share_evenly(hours: float, quota: int, most: int, expected: int) -> None:
    """As many in its first half as in its second."""
    now = datetime(2026, 6, 30, 23, tzinfo=UTC)
    since = now - timedelta(hours=hours)
    calls = list(share_of_time(since, now, quota, most))
    assert sum(number for _, number in calls) == expected
    times = [time for time, _ in calls]
    assert times == sorted(times)
    assert all(max(since, now - timedelta(days=32)) <= time < now for time in times)
    middle = max(since, now - timedelta(days=32)) + (now - max(since, now - timedelta(days=32))) / 2
    assert sum(number for time, number in calls if time < middle) == pytest.approx(expected / 2, abs=expected / 100 + 1)


@dataclass
class Event:
    """An event of Home Assistant's backup integration."""

    manager_state: str
    state: str


@dataclass
class Manager:
    """The part of that integration that remembers what it did."""

    last_action_event: Event | None


@pytest.mark.parametrize(
    ("event", "is_restored"),
    [
        (Event("restore_backup", "completed"), True),
        (Event("restore_backup", "failed"), False),
        (Event("create_backup", "completed"), False),
        (None, False),
    ],
)
async def test_after_a_restore_the_time_since_the_backup_counts_by_its_share(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory, event: Event | None, *, is_restored: bool
) -> None:
    """A home that was only off for as long loses nothing."""
    await book(ledger, 20)
    freezer.move_to(NOON + timedelta(days=9))
    hass.data["backup"] = Manager(event)
    other = await reloaded(hass)
    assert used(other) == 20 + 300 * is_restored
    freezer.move_to(NOON + timedelta(days=10))
    hass.data["backup"] = Manager(None)
    assert used(await reloaded(hass)) == used(other)


def test_the_words_for_a_restore_are_those_of_home_assistant() -> None:
    """They are no interface that it promises to keep."""
    event = RestoreBackupEvent(reason=None, stage=None, state=RestoreBackupState.COMPLETED)
    assert (event.manager_state, event.state) == ("restore_backup", "completed")
    assert SUPERVISOR_VARIABLE == RESTORE_JOB_ID_ENV
    assert DATA_MANAGER == "backup"


async def test_a_restore_by_supervisor_counts_once(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variable is still there after later restarts."""
    await book(ledger, 20)
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "3b1c")
    freezer.move_to(NOON + timedelta(days=3))
    assert used(await reloaded(hass)) == 120
    freezer.move_to(NOON + timedelta(days=6))
    assert used(await reloaded(hass)) == 120
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "77aa")
    assert used(await reloaded(hass)) > 200


async def test_a_restored_home_is_not_locked_out(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some calls are left, however much the backup had spent."""
    await book(ledger, 700)
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "3b1c")
    freezer.move_to(NOON + timedelta(days=13))
    other = await reloaded(hass)
    assert other.counts.room(datetime.now(UTC), ZONES, 1000) == 10
    await book(other)


async def test_a_restored_home_is_set_up_and_stays_within_the_quota(
    house: House, hass_storage: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has made calls since the backup that neither ledger nor state know."""
    house.move_to("2026-06-20 08:00")
    entry = await house.set_up(auto_scan_interval=True)
    await house.hass.config_entries.async_unload(entry.entry_id)
    backup = copy.deepcopy(dict(hass_storage))
    await house.hass.config_entries.async_setup(entry.entry_id)
    counted = entry.runtime_data.context.ledger.used(house.now)
    await house.pass_time("2026-06-26 08:00", timedelta(minutes=30))
    await house.hass.config_entries.async_unload(entry.entry_id)
    hass_storage.update(backup)
    forget(house.hass)
    monkeypatch.setenv(SUPERVISOR_VARIABLE, "3b1c")
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.context.ledger.used(house.now) == pytest.approx(counted + 200, abs=15)
    await house.pass_time("2026-06-30 23:50", timedelta(minutes=30))
    assert house.cloud.spent() <= 1000
    assert len(house.log(0, "started from a backup")) == 1


# Waits of the App ID


async def test_a_spent_quota_is_tried_again_once_a_day_and_in_the_next_month(
    hass: HomeAssistant, ledger: Ledger
) -> None:
    """In whichever zone it begins first."""
    midnight = NOON + timedelta(days=1)
    wait = await ledger.async_wait(Reason.QUOTA, NOON, midnight)
    assert wait.until == NOON + timedelta(days=1)
    assert wait_of(ledger, NOON + timedelta(hours=23)) == wait
    assert wait_of(await reloaded(hass), NOON + timedelta(hours=23)) == wait
    assert wait_of(ledger, NOON + timedelta(hours=24)) is None
    assert wait_of(ledger, NOON - timedelta(days=3)) is None
    last = datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert (await ledger.async_wait(Reason.QUOTA, last, last)).until == datetime(2026, 6, 30, 16, tzinfo=UTC)
    late = datetime(2026, 6, 30, 20, tzinfo=UTC)
    assert (await ledger.async_wait(Reason.QUOTA, late, late)).until == datetime(2026, 7, 1, tzinfo=UTC)
    assert await ledger.async_clear_wait()
    assert not await ledger.async_clear_wait()
    assert (await reloaded(hass)).wait is None


async def test_throttling_waits_and_doubles_up_to_the_end_of_the_day(ledger: Ledger) -> None:
    """5 minutes, 10, 20 and so on."""
    now, midnight = NOON, NOON + timedelta(hours=10)
    waits = []
    for _ in range(8):
        wait = await ledger.async_wait(Reason.THROTTLED, now, midnight)
        waits.append((wait.until - now) / timedelta(minutes=1))
        now = wait.until
    assert waits == [5, 10, 20, 40, 80, 160, 285, 0]


# A wrong clock


async def test_calls_booked_by_a_clock_that_was_ahead_do_not_block_later_months(
    hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory
) -> None:
    """They count in the month in which the clock is corrected."""
    freezer.move_to("2036-01-01 00:00:00+00:00")
    await book(ledger, 990)
    freezer.move_to(NOON)
    with pytest.raises(SpentError):
        await book(ledger)
    freezer.move_to("2026-07-05 00:00:00+00:00")
    other = await reloaded(hass)
    await book(other, 30)
    assert used(other) == 30


async def test_with_a_quota_of_0_no_call_is_made_and_the_reason_is_logged(house: House) -> None:
    """The set-up waits longer each time, and shows the reason."""
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY, auto_scan_interval=True, monthly_quota=0)
    await house.pass_time(timedelta(hours=6), timedelta(minutes=30))
    assert not house.calls()
    assert entry.error_reason_translation_key in {"spent", "blocked_first_read"}
    assert 1 <= len(house.log(text=QUOTA_SPENT)) <= 6


async def test_a_button_without_enough_calls_left_raises_and_makes_none(house: House) -> None:
    """At the end of a month's quota."""
    house.move_to("2026-06-01 09:00")
    await house.set_up(auto_scan_interval=True, monthly_quota=30)
    while (house.state("api_calls_month").attributes["left"]) >= 3:
        await house.press("scan_inverters")
    before = len(house.calls())
    with pytest.raises(HomeAssistantError) as refused:
        await house.press("refresh_inverter_energy")
    assert refused.value.translation_key == "too_few_calls"
    assert len(house.calls()) == before
