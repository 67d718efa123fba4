"""Repair issues: each says what to do, and closes automatically when its cause is gone."""

from dataclasses import replace
from datetime import timedelta
import logging

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import FaultKind
from tests.harness import Disk, House
from tests.log_lines import LEDGER_WORKS
from tests.texts import below, english

HOUR = timedelta(hours=1)


def issues(house: House) -> dict[str, dict[str, str]]:
    """Return the placeholders of the open issues, by translation key."""
    registry = ir.async_get(house.hass)
    return {
        issue.translation_key: issue.translation_placeholders or {}
        for issue in registry.issues.values()
        if issue.domain == DOMAIN and issue.active and issue.translation_key
    }


async def test_failures_that_the_owner_cannot_change_create_no_issue(house: House) -> None:
    """An error of the server, throttling and a wrong answer pass."""
    await house.set_up()
    house.refuse(5000, times=3)
    house.refuse(7002, times=1)
    house.order(FaultKind.NOT_JSON, times=2)
    await house.pass_time(6 * HOUR)
    assert not issues(house)


async def test_a_quota_spent_by_other_programs_creates_an_issue(house: House) -> None:
    """By the ledger there are calls left. The issue closes when the cloud answers again."""
    entry = await house.set_up()
    left = house.state("api_calls_month").attributes["left"]
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    shown = issues(house)["quota_differs"]
    assert shown == {"name": entry.title, "left": str(left - 1), "quota": "1000"}

    await house.pass_time("2026-07-01 12:00", HOUR)
    assert not issues(house)
    assert house.calls()[-1].code == 0


async def test_a_smaller_quota_in_the_options_closes_the_issue(house: House) -> None:
    """Both counts agree then."""
    await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    assert "quota_differs" in issues(house)
    await house.set_quota(20)
    await house.pass_time(timedelta(minutes=10))
    assert not issues(house)


async def test_a_quota_that_is_spent_by_both_counts_creates_no_issue(house: House) -> None:
    """A notification reports it; there is nothing to repair."""
    house.move_to("2026-06-29 12:00")
    await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(2 * HOUR)
    assert house.calls()[-1].code == 2005
    assert not issues(house)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "GMT+25:00"])
async def test_an_unknown_time_zone_creates_an_issue_until_it_is_corrected(house: House, zone: str) -> None:
    """Corrected in the vendor's portal, and fetched by reconfiguring."""
    sid = house.sid
    house.cloud.plants[sid] = replace(house.plant, reported_timezone=zone)
    entry = await house.set_up()
    assert issues(house) == {"time_zone_unknown": {"name": entry.title, "time_zone": zone}}
    await house.pass_time(HOUR)
    assert set(issues(house)) == {"time_zone_unknown"}

    house.cloud.plants[sid] = replace(house.plant, reported_timezone=None)
    form = await entry.start_reconfigure_flow(house.hass)  # type: ignore[attr-defined]
    await house.hass.config_entries.flow.async_configure(form["flow_id"], house.data())
    await house.settle()
    assert not issues(house)


async def test_a_full_disk_creates_an_issue_and_stops_all_calls(house: House, hass_storage: Disk) -> None:
    """No call is made while none can be booked."""
    await house.set_up()
    before = len(house.calls())
    hass_storage.full = True
    await house.pass_time(2 * HOUR)
    assert set(issues(house)) == {"ledger_unwritable"}
    assert len(house.calls()) == before
    assert len(house.log()) == 1

    hass_storage.full = False
    await house.pass_time(HOUR)
    assert not issues(house)
    assert len(house.calls()) > before
    assert len(house.log(logging.INFO, LEDGER_WORKS)) == 1


@pytest.mark.parametrize("away", ["disabled", "removed"])
async def test_a_disabled_or_removed_system_has_no_issues(house: House, away: str) -> None:
    """The owner could not act on them."""
    entry = await house.set_up()
    house.cloud.spend(1000)
    await house.pass_time(HOUR)
    assert issues(house)
    if away == "disabled":
        await house.hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await house.hass.config_entries.async_remove(entry.entry_id)
    await house.settle()
    assert not issues(house)


async def test_an_ignored_issue_stays_ignored_after_a_reload(house: House) -> None:
    """Its cause is still there, so it is the same issue."""
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


def test_every_issue_has_a_title_and_says_what_to_do() -> None:
    """In sentences for the owner."""
    for key, text in below(english(), "issues").items():
        assert isinstance(text, dict)
        steps = [step for step in below(text, "fix_flow", "step").values() if isinstance(step, dict)] or [text]
        assert text["title"], key
        for body in steps:
            assert {"title", "description"} <= set(body), key
            assert str(body["description"]).count(".") >= 2, key
