"""What the owner can put right is told with what to do, and goes with its cause."""

from dataclasses import replace
from datetime import timedelta
import logging

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import FaultKind
from tests.conftest import Disk
from tests.house import House
from tests.packaging import below, english
from tests.test_packaging import INTEGRATION

HOUR = timedelta(hours=1)


def told(house: House) -> dict[str, dict[str, str]]:
    """Return the placeholders of the issues that are shown, by translation key."""
    registry = ir.async_get(house.hass)
    return {
        issue.translation_key: issue.translation_placeholders or {}
        for issue in registry.issues.values()
        if issue.domain == DOMAIN and issue.active and issue.translation_key
    }


async def test_in_good_times_nothing_is_to_be_repaired(house: House) -> None:
    """Nor when calls fail in ways that the owner can do nothing about."""
    await house.set_up()
    house.refuse(5000, times=3)
    house.refuse(7002, times=1)
    house.order(FaultKind.NOT_JSON, times=2)
    await house.pass_time(6 * HOUR)
    assert not told(house)


async def test_a_quota_that_others_have_spent_is_told(house: House) -> None:
    """By our own count there is plenty left. It goes when the cloud answers again."""
    entry = await house.set_up()
    left = house.state("api_calls").attributes["left"]
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    shown = told(house)["quota_differs"]
    assert shown == {"name": entry.title, "left": str(left - 1), "quota": "1000"}

    await house.pass_time("2026-07-01 12:00", HOUR)
    assert not told(house)
    assert house.calls()[-1].code == 0


async def test_a_smaller_quota_in_the_options_is_what_to_do(house: House) -> None:
    """With it both counts agree."""
    entry = await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    assert "quota_differs" in told(house)
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "monthly_quota": 20})
    await house.reload(entry)
    await house.pass_time(timedelta(minutes=10))
    assert not told(house)


async def test_a_quota_that_is_spent_by_both_counts_is_no_case(house: House) -> None:
    """A notification tells of it; nothing is to be repaired."""
    house.move_to("2026-06-29 12:00")
    await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(2 * HOUR)
    assert house.calls()[-1].code == 2005
    assert not told(house)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "GMT+25:00"])
async def test_a_time_zone_that_nobody_knows_is_told(house: House, zone: str) -> None:
    """Until it is put right in the portal, and read again by way of reconfiguring."""
    sid = house.sid
    house.cloud.plants[sid] = replace(house.plant, reported_timezone=zone)
    entry = await house.set_up()
    assert told(house) == {"time_zone_unknown": {"name": entry.title, "time_zone": zone}}
    await house.pass_time(HOUR)
    assert set(told(house)) == {"time_zone_unknown"}

    house.cloud.plants[sid] = replace(house.plant, reported_timezone=None)
    form = await entry.start_reconfigure_flow(house.hass)  # type: ignore[attr-defined]
    await house.hass.config_entries.flow.async_configure(form["flow_id"], house.data())
    await house.settle()
    assert not told(house)


async def test_a_disk_that_takes_nothing_is_told(house: House, hass_storage: Disk) -> None:
    """No call is made as long as none can be booked."""
    await house.set_up()
    before = len(house.calls())
    hass_storage.full = True
    await house.pass_time(2 * HOUR)
    assert set(told(house)) == {"ledger_unwritable"}
    assert len(house.calls()) == before
    assert len(house.log()) == 1

    hass_storage.full = False
    await house.pass_time(HOUR)
    assert not told(house)
    assert len(house.calls()) > before
    assert len(house.log(logging.INFO, "written down again")) == 1


@pytest.mark.parametrize("away", ["disabled", "removed"])
async def test_a_system_that_is_gone_leaves_nothing_to_repair(house: House, away: str) -> None:
    """Nobody could act on it."""
    entry = await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    assert told(house)
    if away == "disabled":
        await house.hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await house.hass.config_entries.async_remove(entry.entry_id)
    await house.settle()
    assert not told(house)


async def test_a_reload_keeps_what_the_owner_chose_to_ignore(house: House) -> None:
    """What is still so is not told anew."""
    entry = await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    issue_id = f"quota_differs_{entry.entry_id}"
    ir.async_ignore_issue(house.hass, DOMAIN, issue_id, ignore=True)
    await house.reload(entry)
    await house.pass_time(HOUR)
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


def test_every_text_says_what_to_do() -> None:
    """A title, and sentences for the owner."""
    for key, text in below(english(INTEGRATION), "issues").items():
        assert isinstance(text, dict)
        assert set(text) == {"title", "description"}, key
        assert str(text["description"]).count(".") >= 2, key
