"""2005 and 7000 to 7003: when calls stop and go on, and the notification meanwhile."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
import json
import logging
from pathlib import Path

from homeassistant.components import persistent_notification
from homeassistant.components.persistent_notification import Notification, UpdateType
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.apsystems_openapi import const
from simulator import Fault, FaultKind, Plant, big_plant, parse_fault, sample_plant
from tests.harness import FIXED, Disk, House, restarted
from tests.log_lines import CALLS_WORK

TEXTS = json.loads((Path(const.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))["exceptions"]
DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
THROTTLED = ("7000", "7001", "7002", "7003", "http429")


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 1))


class Notifications:
    """The open notifications, and how many were created."""

    def __init__(self) -> None:
        self.open: dict[str, Notification] = {}
        self.created = 0

    @callback
    def update(self, kind: UpdateType, notifications: dict[str, Notification]) -> None:
        """Note a change."""
        for key, notification in notifications.items():
            if kind is UpdateType.REMOVED:
                self.open.pop(key, None)
            else:
                self.created += key not in self.open
                self.open[key] = notification

    @property
    def texts(self) -> list[tuple[str | None, str]]:
        """Title and message of each open one."""
        return [(each["title"], each["message"]) for each in self.open.values()]


@pytest.fixture
def notifications(house: House) -> Iterator[Notifications]:
    """Return the owner's notifications."""
    notifications = Notifications()
    stop = persistent_notification.async_register_callback(house.hass, notifications.update)
    yield notifications
    stop()


def end_of_block(notifications: Notifications, key: str) -> str:
    """Return the time in the text of the only notification."""
    (title, message), *more = notifications.texts
    before, after = TEXTS[key]["message"].split("{until}")
    assert (title, more) == (TEXTS["blocked_title"]["message"], [])
    assert message.startswith(before)
    assert message.endswith(after)
    return message.removeprefix(before).removesuffix(after)


async def test_a_spent_quota_costs_one_probe_a_day(house: House, notifications: Notifications) -> None:
    """Energy stays for two days, then it is unavailable; one notification and one log line say why."""
    await house.set_up()
    values = {key: house.value(key) for key in ("total_energy", "today_energy")}
    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-15 16:00", timedelta(minutes=10))
    assert [call.code for call in house.calls(since=before)] == [2005]
    assert {key: house.value(key) for key in values} == values
    assert end_of_block(notifications, "blocked_quota") == "2026-06-16 13:20"

    await house.pass_time(timedelta(days=4), HALF_HOUR)
    times = [call.time for call in house.calls(since=before)]
    assert 3 <= len(times) <= 5
    assert all(later - earlier >= DAY for earlier, later in pairwise(times))
    assert not house.is_available
    assert len(notifications.open) == notifications.created == 1
    assert len(house.log()) == 1


async def test_the_notification_closes_when_calls_work_again(house: House, notifications: Notifications) -> None:
    """The owner bought more calls: the next probe finds out."""
    await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time("2026-06-15 14:00", timedelta(minutes=10))
    assert notifications.open
    house.cloud.quota = 100_000
    await house.pass_time("2026-06-16 15:00", HALF_HOUR)
    assert not notifications.open
    assert house.log(logging.INFO, CALLS_WORK)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=2), HALF_HOUR)
    assert len(house.calls("energy", since=before)) == 4
    await house.pass_time("2026-06-16 22:30", HALF_HOUR)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.15)


async def test_calls_go_on_in_the_next_month(house: House, notifications: Notifications) -> None:
    """In whichever zone the vendor counts; until then there is one probe a day."""
    house.move_to("2026-06-29 12:00")
    await house.set_up()
    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-30 17:50", HALF_HOUR)
    assert 1 <= len(house.calls(since=before)) <= 2
    assert {call.code for call in house.calls(since=before)} == {2005}
    await house.pass_time("2026-07-01 13:00", HALF_HOUR)
    assert not notifications.open
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)


@pytest.mark.parametrize("fault", THROTTLED)
async def test_a_throttled_call_starts_a_wait_that_doubles(
    house: House, notifications: Notifications, fault: str
) -> None:
    """Up to the end of the day; the figures stay."""
    await house.set_up()
    total = house.value("total_energy")
    house.cloud.order(parse_fault(fault))
    before = len(house.calls())
    await house.pass_time("2026-06-15 13:20", timedelta(minutes=1))
    assert "2026-06-15 13:20" <= end_of_block(notifications, "blocked_throttled") <= "2026-06-15 13:23"
    await house.pass_time("2026-06-15 22:20", timedelta(minutes=5))
    times = [call.time for call in house.calls(since=before)]
    assert 4 <= len(times) <= 7
    for number, (earlier, later) in enumerate(pairwise(times)):
        assert later - earlier >= timedelta(minutes=5 * 2**number)
    assert house.value("total_energy") == total
    assert len(notifications.open) == notifications.created == 1
    assert len(house.log()) == 1

    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 22:30", HALF_HOUR)
    assert not notifications.open
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.15)
    assert len(house.calls("inverter_energy", since=before)) == 3


async def test_after_one_throttled_call_the_plan_goes_on(house: House, notifications: Notifications) -> None:
    """And the next throttled call starts with a short wait again."""
    await house.set_up()
    house.refuse(7002, times=1)
    await house.pass_time("2026-06-15 14:00")
    assert not notifications.open
    house.refuse(7002, times=1)
    await house.pass_time("2026-06-15 14:20", timedelta(minutes=1))
    assert "2026-06-15 14:20" <= end_of_block(notifications, "blocked_throttled") <= "2026-06-15 14:23"
    await house.pass_time("2026-06-15 15:00")
    assert not notifications.open


async def test_a_notification_is_in_the_users_language_or_in_english(
    house: House, notifications: Notifications
) -> None:
    """English where the language has no texts."""
    house.hass.config.language = "tlh"
    await house.set_up()
    house.refuse(2005)
    await house.pass_time("2026-06-15 13:20")
    assert end_of_block(notifications, "blocked_quota") == "2026-06-16 13:20"


async def test_a_reload_while_calls_are_blocked_makes_no_call_and_keeps_the_notification(
    house: House, notifications: Notifications
) -> None:
    """The block is stored, and so are the figures."""
    entry = await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time("2026-06-15 13:20")
    before, total = len(house.calls()), house.value("total_energy")
    for _ in range(3):
        await house.reload(entry)
        await house.pass_time(HALF_HOUR)
    assert entry.state is ConfigEntryState.LOADED
    assert len(house.calls()) == before
    assert house.value("total_energy") == total
    assert len(notifications.open) == 1


async def test_a_button_that_reaches_the_limit_raises_and_stops_the_plan(
    house: House, notifications: Notifications
) -> None:
    """The block is for every call of the App ID."""
    await house.set_up()
    house.cloud.spend(1000)
    with pytest.raises(HomeAssistantError):
        await house.press("scan_inverters")
    assert len(notifications.open) == 1
    before = len(house.calls())
    await house.pass_time(timedelta(hours=6), HALF_HOUR)
    assert len(house.calls()) == before


async def test_systems_of_one_app_id_stop_together(house: House, notifications: Notifications) -> None:
    """The quota is the App ID's: after the block of one entry the other makes no call."""
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    await house.set_up()
    second = MockConfigEntry(
        domain=const.DOMAIN, unique_id=other.sid, data=house.data(sid=other.sid), options=FIXED, minor_version=2
    )
    second.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(second.entry_id)
    await house.settle()
    assert second.state is ConfigEntryState.LOADED

    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-16 13:00", HALF_HOUR)
    assert len(house.calls(since=before)) <= 2
    assert len(notifications.open) == 1
    house.cloud.quota = 100_000
    await house.pass_time("2026-06-16 15:00", HALF_HOUR)
    assert {call.sid for call in house.calls("energy", since=before + 2)} == {house.sid, other.sid}
    assert not notifications.open


async def test_with_a_full_disk_no_call_is_made_and_every_figure_stays(house: House, hass_storage: Disk) -> None:
    """A call that cannot be booked could exceed the quota."""
    await house.set_up()
    total = house.value("total_energy")
    hass_storage.full = True
    before = len(house.calls())
    await house.pass_time(timedelta(hours=3), HALF_HOUR)
    assert len(house.calls()) == before
    assert house.value("total_energy") == total
    hass_storage.full = False
    await house.pass_time(timedelta(hours=1), HALF_HOUR)
    assert len(house.calls("energy", since=before)) == 2


@pytest.mark.parametrize("version", [1, 99])
@pytest.mark.parametrize("stored", [None, 5, "words", [], {}, {"block": {}}, {"spent": {"x": "y"}}, {"asked": []}])
async def test_an_invalid_ledger_does_not_stop_a_system(
    house: House, hass_storage: Disk, stored: object, version: int
) -> None:
    """A new one is started."""
    entry = await house.set_up()
    await house.hass.config_entries.async_unload(entry.entry_id)
    for key in hass_storage:
        if key.startswith(f"{const.DOMAIN}.ledger"):
            hass_storage[key] = {**hass_storage[key], "version": version, "data": stored}
    async with restarted(house, entry) as again:
        await again.pass_time(timedelta(hours=1), HALF_HOUR)
        assert again.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)


async def test_energy_after_the_last_successful_poll_is_added_the_next_morning(house: House) -> None:
    """The evening's summary failed; the first polls of the next day make the total complete."""
    await house.set_up()
    await house.pass_time("2026-06-15 19:00", HALF_HOUR)
    house.cloud.order(Fault(kind=FaultKind.CODE, code=7002))
    await house.pass_time("2026-06-15 23:50", HALF_HOUR)
    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 07:30", HALF_HOUR)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.5)
    assert len(house.calls("summary")) < 8
