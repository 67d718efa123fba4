"""The two buttons: what they ask, and what they say when that fails."""

import json
from pathlib import Path
from typing import Any

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.apsystems_openapi import const
from simulator import FaultKind
from tests.house import House

DS3 = "703000000011"
TEXTS = json.loads((Path(const.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))["exceptions"]


async def test_the_list_is_asked_at_once(house: House) -> None:
    """One call, whatever the hour."""
    house.move_to("2026-06-15 02:00")
    await house.set_up()
    before = len(house.calls())
    await house.press("scan_inverters")
    assert [call.kind for call in house.calls(since=before)] == ["inverters"]
    assert house.state("scan_inverters", "button").state != "unknown"


async def test_telemetry_is_asked_at_once_and_shown(house: House) -> None:
    """One call for each inverter; the newest sample is there when the button has been pressed."""
    await house.set_up()
    before, former = len(house.calls()), house.state(f"inverter_{DS3}_power").attributes["measured_at"]
    house.move_to("2026-06-15 13:29")
    await house.press("refresh_inverter_energy")
    calls = house.calls(since=before)
    assert {call.kind for call in calls} == {"inverter_energy"}
    assert sorted(str(call.target) for call in calls) == sorted(i.uid for i in house.plant.inverters)
    assert house.state(f"inverter_{DS3}_power").attributes["measured_at"] > former


@pytest.mark.parametrize("key", ["scan_inverters", "refresh_inverter_energy"])
@pytest.mark.parametrize(
    ("kind", "how", "message"),
    [
        (FaultKind.STATUS, {"status": 500}, "cannot_connect"),
        (FaultKind.TIMEOUT, {}, "cannot_connect"),
        (FaultKind.CODE, {"code": 5000}, "cannot_connect"),
        (FaultKind.NOT_JSON, {}, "invalid_answer"),
        (FaultKind.CODE, {"code": 2004}, "invalid_auth"),
        (FaultKind.CODE, {"code": 4000}, "invalid_auth"),
        (FaultKind.CODE, {"code": 2005}, "quota"),
        (FaultKind.CODE, {"code": 7002}, "throttled"),
    ],
)
async def test_a_button_says_why_it_failed(
    house: House, key: str, kind: FaultKind, how: dict[str, Any], message: str
) -> None:
    """Nothing that is known is lost by it."""
    await house.set_up()
    figures = house.figures()
    house.order(kind, **how)
    with pytest.raises(HomeAssistantError) as raised:
        await house.press(key)
    assert raised.value.translation_key == message
    assert str(raised.value) == TEXTS[message]["message"].rstrip(".")
    assert house.figures() == figures
    assert len(house.devices()) == 4


@pytest.mark.parametrize(("code", "key"), [(2005, "blocked_quota"), (7001, "blocked_throttled")])
async def test_while_calls_are_blocked_a_button_says_until_when_and_asks_nothing(
    house: House, code: int, key: str
) -> None:
    """Not even the second press does."""
    await house.set_up()
    house.refuse(code)
    with pytest.raises(HomeAssistantError):
        await house.press("scan_inverters")
    before = len(house.calls())
    for button in ("scan_inverters", "refresh_inverter_energy", "scan_inverters"):
        with pytest.raises(HomeAssistantError, match=r"2026-06-1[56] \d\d:\d\d") as raised:
            await house.press(button)
        assert raised.value.translation_key == key
    assert len(house.calls()) == before


async def test_nothing_yet_today_is_no_failure(house: House) -> None:
    """Before the first report the cloud has none (1001): the press is quiet, and shows nothing new."""
    house.move_to("2026-06-15 02:00")
    await house.set_up()
    await house.press("refresh_inverter_energy")
    assert {call.code for call in house.calls("inverter_energy")} == {1001}
    assert house.value(f"inverter_{DS3}_power") == 0
    assert not house.log()


async def test_a_call_that_cannot_be_booked_is_not_made(house: House, hass_storage: Any) -> None:  # noqa: ANN401
    """With a full disk the month could not be counted."""
    await house.set_up()
    before = len(house.calls())
    hass_storage.full = True
    with pytest.raises(HomeAssistantError) as raised:
        await house.press("scan_inverters")
    assert raised.value.translation_key == "ledger"
    assert len(house.calls()) == before
    hass_storage.full = False
    await house.press("scan_inverters")
    assert len(house.calls()) == before + 1


async def test_a_button_that_the_month_cannot_pay_for_says_so_and_asks_nothing(house: House) -> None:
    """The owner has fewer calls than he believed; what is left is for the plan."""
    entry = await house.set_up()
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "monthly_quota": 10})
    await house.reload(entry)
    before, figures = len(house.calls()), house.figures()
    for key in ("refresh_inverter_energy", "scan_inverters"):
        with pytest.raises(HomeAssistantError) as raised:
            await house.press(key)
        assert raised.value.translation_key == "too_few_calls"
    assert len(house.calls()) == before
    assert house.figures() == figures
