"""The buttons: their calls, what they cost, and the error that a press raises."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.apsystems_openapi import const
from simulator import FaultKind, big_plant, sample_plant
from tests.harness import AUTOMATIC, FIXED, PARIS, House

DS3 = "703000000011"
TEXTS = json.loads((Path(const.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))["exceptions"]


async def test_the_inverter_list_is_fetched_at_once(house: House) -> None:
    """One call, at any hour."""
    house.move_to("2026-06-15 02:00")
    await house.set_up()
    before = len(house.calls())
    await house.press("scan_inverters")
    assert [call.kind for call in house.calls(since=before)] == ["inverters"]
    assert house.state("scan_inverters", "button").state != "unknown"


async def test_telemetry_is_fetched_at_once_and_shown(house: House) -> None:
    """One call for each inverter; the newest sample is shown when the press returns."""
    await house.set_up()
    shown = house.state(f"inverter_{DS3}_power").attributes["measured_at"]
    await house.pass_time("2026-06-15 13:29")
    before = len(house.calls())
    await house.press("refresh_inverter_energy")
    calls = house.calls(since=before)
    assert {call.kind for call in calls} == {"inverter_energy"}
    assert sorted(str(call.target) for call in calls) == sorted(i.uid for i in house.plant.inverters)
    assert house.state(f"inverter_{DS3}_power").attributes["measured_at"] > shown


async def test_read_now_reads_energy_and_power_at_once(house: House) -> None:
    """One call with one ECU; the figures are those of the newest upload."""
    await house.set_up(**AUTOMATIC)
    house.move_to("2026-06-15 13:59")
    before = len(house.calls())
    await house.press("read_now")
    assert [(call.kind, call.code) for call in house.calls(since=before)] == [("ecu_energy", 0)]
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.15)
    assert house.value("power")


async def test_read_now_works_with_a_fixed_schedule(house: House) -> None:
    """It reads the summary, which has the energy."""
    await house.set_up()
    await house.pass_time("2026-06-15 13:40")
    before = len(house.calls())
    await house.press("read_now")
    assert [call.kind for call in house.calls(since=before)] == ["summary"]
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.15)


async def test_each_button_says_what_it_costs(house: House, entity_registry: er.EntityRegistry) -> None:
    """An attribute with the number of calls; it follows the plant and is not recorded. No button has a category.

    A press by device target skips entities that have one.
    """
    await house.set_up()
    costs = {"scan_inverters": 1, "refresh_inverter_energy": 3, "read_now": 1}
    assert {key: house.state(key, "button").attributes["calls"] for key in costs} == costs
    for key in costs:
        entity = entity_registry.async_get(house.entity_id(key, "button"))
        assert entity
        assert entity.entity_category is None
        assert "calls" in (house.state(key, "button").state_info or {})["unrecorded_attributes"]
    (ecu,) = house.plant.ecus
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(ecu, inverters=ecu.inverters[:2]),))
    await house.press("scan_inverters")
    assert house.state("refresh_inverter_energy", "button").attributes["calls"] == 2


THREE_ECUS = big_plant(6, 3)


@pytest.mark.parametrize("key", ["refresh_inverter_energy", "read_now"])
@pytest.mark.parametrize("plant", [sample_plant(), THREE_ECUS], ids=["one ECU", "three"])
@pytest.mark.parametrize("options", [FIXED, AUTOMATIC], ids=["fixed", "automatic"])
async def test_a_press_within_the_same_upload_asks_nothing(house: House, key: str, options: dict[str, Any]) -> None:
    """It says from when on there may be something newer; then a press asks again."""
    await house.set_up(**options)
    house.move_to("2026-06-15 13:59")
    await house.settle()
    with suppress(HomeAssistantError):  # the plan may have asked just now
        await house.press(key)
    before = len(house.calls())
    for time in ("13:59", "14:02"):
        house.move_to(f"2026-06-15 {time}")
        with pytest.raises(HomeAssistantError, match=r"nothing newer before 2026-06-15 14:\d\d") as raised:
            await house.press(key)
        assert raised.value.translation_key == "nothing_newer"
    assert len(house.calls()) == before
    house.move_to("2026-06-15 14:16")
    await house.press(key)
    assert len(house.calls()) > before


async def test_a_press_asks_again_for_what_failed_alone(house: House) -> None:
    """Two of three inverters have answered; only the third is asked again."""
    await house.set_up()
    house.move_to("2026-06-15 13:59")
    await house.settle()
    house.refuse(5000, times=1)
    with pytest.raises(HomeAssistantError):
        await house.press("refresh_inverter_energy")
    before = len(house.calls())
    failed = house.calls("inverter_energy")[-3].target
    await house.press("refresh_inverter_energy")
    assert [call.target for call in house.calls(since=before)] == [failed]


@pytest.mark.parametrize("is_reloaded", [False, True])
async def test_a_call_that_was_not_answered_can_be_made_again_at_once(house: House, is_reloaded: bool) -> None:
    """After a reload as well: what counts is when the cloud has answered, not when it was asked."""
    entry = await house.set_up(**AUTOMATIC)
    house.move_to("2026-06-15 14:29")
    await house.settle()
    house.move_to("2026-06-15 14:45")
    house.refuse(5000, times=1)
    with pytest.raises(HomeAssistantError) as raised:
        await house.press("read_now")
    assert raised.value.translation_key == "cannot_connect"
    if is_reloaded:
        await house.reload(entry)
    before = len(house.calls())
    await house.press("read_now")
    assert [call.kind for call in house.calls(since=before)] == ["ecu_energy"]


async def test_a_second_press_joins_the_first(house: House) -> None:
    """It asks nothing, and says what became of the first."""
    await house.set_up()
    house.move_to("2026-06-15 13:59")
    await house.settle()
    before = len(house.calls())
    await asyncio.gather(house.press("refresh_inverter_energy"), house.press("refresh_inverter_energy"))
    assert len(house.calls("inverter_energy", since=before)) == len(house.plant.inverters)


async def test_without_an_inverter_a_refresh_says_so(house: House) -> None:
    """A button whose call was not made raises."""
    (ecu,) = house.plant.ecus
    house.cloud.plants[house.sid] = replace(house.plant, ecus=(replace(ecu, inverters=()),))
    await house.set_up()
    with pytest.raises(HomeAssistantError) as raised:
        await house.press("refresh_inverter_energy")
    assert raised.value.translation_key == "no_inverters"


async def test_a_learned_rhythm_says_when_there_is_something_newer(house: House) -> None:
    """The time in the message is that of the next upload."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-20 12:00", timedelta(minutes=5))
    upload = house.state("data_time").attributes["next_upload"]
    await house.pass_time(timedelta(minutes=1))
    with suppress(HomeAssistantError):
        await house.press("read_now")
    with pytest.raises(HomeAssistantError) as raised:
        await house.press("read_now")
    assert (raised.value.translation_placeholders or {})[
        "time"
    ] == f"{datetime.fromisoformat(upload).astimezone(PARIS):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("key", ["scan_inverters", "refresh_inverter_energy", "read_now"])
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
    """No known figure is lost."""
    await house.set_up()
    house.move_to("2026-06-15 13:59")
    figures, devices = house.figures(), house.devices().keys()
    house.order(kind, **how)
    with pytest.raises(HomeAssistantError) as raised:
        await house.press(key)
    assert raised.value.translation_key == message
    assert str(raised.value) == TEXTS[message]["message"].rstrip(".")
    assert house.figures() == figures
    assert devices == house.devices().keys()


@pytest.mark.parametrize(("code", "key"), [(2005, "blocked_quota"), (7001, "blocked_throttled")])
async def test_while_calls_are_blocked_a_button_says_until_when_and_makes_no_call(
    house: House, code: int, key: str
) -> None:
    """The second press makes none either."""
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


async def test_a_press_before_the_first_sample_of_the_day_raises_nothing(house: House) -> None:
    """The cloud answers 1001, no data; no figure changes."""
    house.move_to("2026-06-15 02:00")
    await house.set_up()
    await house.press("refresh_inverter_energy")
    assert {call.code for call in house.calls("inverter_energy")} == {1001}
    assert house.value(f"inverter_{DS3}_power") == 0
    assert not house.log()


async def test_a_call_that_cannot_be_booked_is_not_made(house: House, hass_storage: Any) -> None:  # noqa: ANN401
    """With a full disk the calls of the month could not be counted."""
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


async def test_a_button_that_costs_more_calls_than_are_left_says_so_and_makes_none(house: House) -> None:
    """The remaining calls are for the plan."""
    await house.set_up()
    await house.set_quota(10)
    house.move_to("2026-06-15 13:59")
    before, figures = len(house.calls()), house.figures()
    for key in ("refresh_inverter_energy", "scan_inverters"):
        with pytest.raises(HomeAssistantError) as raised:
            await house.press(key)
        assert raised.value.translation_key == "too_few_calls"
    assert len(house.calls()) == before
    assert house.figures() == figures
