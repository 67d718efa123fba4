"""2005 and 7001 to 7003: when calls stop, when they go on, and what the owner is told meanwhile."""

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
from tests.conftest import Disk
from tests.house import FIXED, House, restarted

TEXTS = json.loads((Path(const.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))["exceptions"]
DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
THROTTLED = ("7000", "7001", "7002", "7003", "http429")


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 6, 1))


class Board:
    """The notifications that hang there, and how often one was put up."""

    def __init__(self) -> None:
        self.hanging: dict[str, Notification] = {}
        self.put_up = 0

    @callback
    def update(self, kind: UpdateType, notifications: dict[str, Notification]) -> None:
        """Take a change."""
        for key, notification in notifications.items():
            if kind is UpdateType.REMOVED:
                self.hanging.pop(key, None)
            else:
                self.put_up += key not in self.hanging
                self.hanging[key] = notification

    @property
    def texts(self) -> list[tuple[str | None, str]]:
        """Return title and message of each."""
        return [(shown["title"], shown["message"]) for shown in self.hanging.values()]


@pytest.fixture
def board(house: House) -> Iterator[Board]:
    """Return the owner's notifications."""
    board = Board()
    stop = persistent_notification.async_register_callback(house.hass, board.update)
    yield board
    stop()


def until_of(board: Board, key: str) -> str:
    """Return until when the one notification says that it holds."""
    (title, message), *more = board.texts
    before, after = TEXTS[key]["message"].split("{until}")
    assert (title, more) == (TEXTS["blocked_title"]["message"], [])
    assert message.startswith(before)
    assert message.endswith(after)
    return message.removeprefix(before).removesuffix(after)


async def test_a_spent_quota_costs_one_probe_a_day(house: House, board: Board) -> None:
    """Everything keeps its value; one notification and one line say why."""
    await house.set_up()
    values = {key: house.value(key) for key in ("total_energy", "today_energy", "inverter_703000000011_power")}
    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-15 16:00", timedelta(minutes=10))
    assert [call.code for call in house.calls(since=before)] == [2005]
    assert {key: house.value(key) for key in values} == values
    assert until_of(board, "blocked_quota") == "2026-06-16 13:20"

    await house.pass_time(timedelta(days=4), HALF_HOUR)
    moments = [call.moment for call in house.calls(since=before)]
    assert 3 <= len(moments) <= 5
    assert all(after - former >= DAY for former, after in pairwise(moments))
    assert house.value("total_energy") == values["total_energy"]
    assert house.value("today_energy") == 0
    assert len(board.hanging) == board.put_up == 1
    assert len(house.log()) == 1


async def test_when_data_flows_again_the_notification_goes(house: House, board: Board) -> None:
    """A plan with more calls was bought: the next probe finds out."""
    await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time("2026-06-15 14:00", timedelta(minutes=10))
    assert board.hanging
    house.cloud.quota = 100_000
    await house.pass_time("2026-06-16 15:00", HALF_HOUR)
    assert not board.hanging
    assert house.log(logging.INFO, "takes calls again")
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)
    before = len(house.calls())
    await house.pass_time(timedelta(hours=2), HALF_HOUR)
    assert len(house.calls("energy", since=before)) == 4
    await house.pass_time("2026-06-16 22:30", HALF_HOUR)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.15)


async def test_calls_go_on_when_the_month_turns(house: House, board: Board) -> None:
    """Wherever the vendor's month begins; until then a probe a day."""
    house.move_to("2026-06-29 12:00")
    await house.set_up()
    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-30 17:50", HALF_HOUR)
    assert 1 <= len(house.calls(since=before)) <= 2
    assert {call.code for call in house.calls(since=before)} == {2005}
    await house.pass_time("2026-07-01 13:00", HALF_HOUR)
    assert not board.hanging
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)


@pytest.mark.parametrize("fault", THROTTLED)
async def test_a_throttled_cloud_is_left_alone_for_a_time_that_doubles(house: House, board: Board, fault: str) -> None:
    """Up to the end of the day; the values stay."""
    await house.set_up()
    total = house.value("total_energy")
    house.cloud.order(parse_fault(fault))
    before = len(house.calls())
    await house.pass_time("2026-06-15 13:20", timedelta(minutes=1))
    assert "2026-06-15 13:20" <= until_of(board, "blocked_throttled") <= "2026-06-15 13:23"
    await house.pass_time("2026-06-15 22:20", timedelta(minutes=5))
    moments = [call.moment for call in house.calls(since=before)]
    assert 4 <= len(moments) <= 7
    for number, (former, after) in enumerate(pairwise(moments)):
        assert after - former >= timedelta(minutes=5 * 2**number)
    assert house.value("total_energy") == total
    assert len(board.hanging) == board.put_up == 1
    assert len(house.log()) == 1

    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 22:30", HALF_HOUR)
    assert not board.hanging
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.15)
    assert len(house.calls("inverter_energy", since=before)) == 3


async def test_after_one_throttled_call_the_plan_goes_on(house: House, board: Board) -> None:
    """The next one comes when it is due, and the next trouble starts with a short wait again."""
    await house.set_up()
    house.refuse(7002, times=1)
    await house.pass_time("2026-06-15 14:00")
    assert not board.hanging
    house.refuse(7002, times=1)
    await house.pass_time("2026-06-15 14:20", timedelta(minutes=1))
    assert "2026-06-15 14:20" <= until_of(board, "blocked_throttled") <= "2026-06-15 14:23"
    await house.pass_time("2026-06-15 15:00")
    assert not board.hanging


async def test_a_notification_is_in_the_users_language_or_in_english(house: House, board: Board) -> None:
    """A language that has no texts here falls back."""
    house.hass.config.language = "tlh"
    await house.set_up()
    house.refuse(2005)
    await house.pass_time("2026-06-15 13:20")
    assert until_of(board, "blocked_quota") == "2026-06-16 13:20"


async def test_a_reload_while_calls_are_blocked_asks_nothing_and_says_so_still(house: House, board: Board) -> None:
    """The block is kept on the disk, and so are the values."""
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
    assert len(board.hanging) == 1


async def test_a_button_that_runs_into_the_limit_says_so_and_stops_the_plan(house: House, board: Board) -> None:
    """What one call has learnt holds for all."""
    await house.set_up()
    house.cloud.spend(1000)
    with pytest.raises(HomeAssistantError):
        await house.press("scan_inverters")
    assert len(board.hanging) == 1
    before = len(house.calls())
    await house.pass_time(timedelta(hours=6), HALF_HOUR)
    assert len(house.calls()) == before


async def test_systems_of_one_app_id_stop_together(house: House, board: Board) -> None:
    """The quota is the App ID's: what one entry has learnt the other need not ask."""
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
    assert len(board.hanging) == 1
    house.cloud.quota = 100_000
    await house.pass_time("2026-06-16 15:00", HALF_HOUR)
    assert {call.sid for call in house.calls("energy", since=before + 2)} == {house.sid, other.sid}
    assert not board.hanging


async def test_with_a_full_disk_nothing_is_asked_and_everything_is_shown(house: House, hass_storage: Disk) -> None:
    """An uncounted call could be the one too many."""
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
@pytest.mark.parametrize("book", [None, 5, "words", [], {}, {"block": {}}, {"spent": {"x": "y"}}, {"asked": []}])
async def test_a_book_of_calls_that_makes_no_sense_does_not_stop_the_plant(
    house: House, hass_storage: Disk, book: object, version: int
) -> None:
    """It is begun anew."""
    entry = await house.set_up()
    await house.hass.config_entries.async_unload(entry.entry_id)
    for key in hass_storage:
        if key.startswith(f"{const.DOMAIN}.ledger"):
            hass_storage[key] = {**hass_storage[key], "version": version, "data": book}
    async with restarted(house, entry) as again:
        await again.pass_time(timedelta(hours=1), HALF_HOUR)
        assert again.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)


async def test_a_missed_evening_is_made_up_for_in_the_morning(house: House) -> None:
    """The rest of a day whose summary could not be asked for reaches the total with the first poll of the next."""
    await house.set_up()
    await house.pass_time("2026-06-15 19:00", HALF_HOUR)
    house.cloud.order(Fault(kind=FaultKind.CODE, code=7002))
    await house.pass_time("2026-06-15 23:50", HALF_HOUR)
    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 07:30", HALF_HOUR)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.5)
    assert len(house.calls("summary")) < 8
