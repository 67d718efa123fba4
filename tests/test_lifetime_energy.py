"""Lifetime and today's energy of inverters and panels: one summary of each a month, and the evening's batch between."""

from collections.abc import Callable
from datetime import date, timedelta
import json
from typing import Any

import pytest

from simulator import Ecu, FaultKind, Inverter, Kind, Plant, sample_plant
from simulator.answers import answer
from simulator.wire import Route
from tests.harness import AUTOMATIC, House, paris

UID = "703000000011"
FIRST_DAY, TODAY = "2026-06-08 00:00", "2026-06-15 00:00"
HOUR = timedelta(hours=1)


@pytest.fixture
def plant() -> Plant:
    """Return a plant of one inverter."""
    return sample_plant(create_date=date(2026, 6, 8), ecus=(Ecu(eid="216200012345", inverters=(Inverter(uid=UID),)),))


def made(house: House, since: str, channel: int | None = None) -> float:
    """Return the true energy of the inverter or of a panel since a time."""
    return house.truth.energy_kwh(paris(since), house.now, uid=UID, channel=channel)


def lifetimes(house: House) -> list[float | None]:
    """Return the lifetime energy of the panels and of the inverter."""
    return [house.value(f"inverter_{UID}_{key}") for key in ("energy_ch1", "energy_ch2", "energy")]


async def test_the_first_evening_brings_the_lifetime_of_each_panel(house: House) -> None:
    """The inverter's is their sum, and so is its energy of today."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 23:30", HOUR)
    assert lifetimes(house) == pytest.approx([made(house, FIRST_DAY, n) for n in (1, 2, None)], abs=0.02)
    assert house.value(f"inverter_{UID}_energy_today") == pytest.approx(made(house, TODAY), abs=0.02)
    attributes = house.state(f"inverter_{UID}_energy_today").attributes
    assert attributes["last_reset"] == "2026-06-15T00:00:00+02:00"
    assert house.state(f"inverter_{UID}_energy_ch1").attributes["state_class"] == "total_increasing"


async def test_later_evenings_add_the_days_energy_without_a_call_of_their_own(house: House) -> None:
    """Until the month's next summary; over night today's is unknown."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-16 05:00", HOUR)
    first = lifetimes(house)
    assert house.value(f"inverter_{UID}_energy_today") is None
    await house.pass_time("2026-06-18 23:30", HOUR)
    assert len(house.calls(Kind.INVERTER_SUMMARY)) == 1
    assert lifetimes(house) == pytest.approx([made(house, FIRST_DAY, n) for n in (1, 2, None)], abs=0.1)
    assert (lifetimes(house)[2] or 0) > (first[2] or 0) + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {key: value for key, value in data.items() if key not in {"d2", "m2", "y2", "t2"}},
        lambda data: data | {"t2": None},
        lambda data: data | {"t2": ""},
        lambda data: data | {"t2": "-7"},
    ],
)
async def test_an_inverter_is_unknown_while_one_of_its_panels_is(
    house: House, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """A part is not the whole."""
    house.move_to("2026-06-15 22:20")
    await house.set_up(**AUTOMATIC)
    asked = Route(kind=Kind.INVERTER_SUMMARY, prefix="user", sid=house.sid, target=UID)
    right: Any = answer(house.cloud.view(house.sid), asked, None)
    body = json.dumps({"code": 0, "data": change(right)})
    house.order(FaultKind.BODY, on=Kind.INVERTER_SUMMARY, body=body, times=1)
    await house.pass_time("2026-06-15 22:50")
    assert len(house.calls(Kind.INVERTER_SUMMARY)) == 1
    assert house.value(f"inverter_{UID}_energy_ch1") == pytest.approx(made(house, FIRST_DAY, 1), abs=0.1)
    assert house.value(f"inverter_{UID}_energy") is None


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (FaultKind.NULLS, {}),
        (FaultKind.NONSENSE, {"value": "0"}),
        (FaultKind.NONSENSE, {"value": "3"}),
        (FaultKind.NONSENSE, {"value": "99999"}),
        (FaultKind.EMPTY_DATA, {}),
        (FaultKind.CODE, {"code": 1001}),
    ],
)
async def test_no_lifetime_falls_whatever_the_next_summary_says(
    house: House, kind: FaultKind, how: dict[str, Any]
) -> None:
    """It comes a month later."""
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-15 23:30", HOUR)
    before = lifetimes(house)
    house.order(kind, on=Kind.INVERTER_SUMMARY, **how)
    house.order(FaultKind.CODE, on=Kind.BATCH, code=5000)
    house.freezer.tick(timedelta(days=30))
    await house.pass_time("2026-07-16 23:30", HOUR)
    assert len(house.calls(Kind.INVERTER_SUMMARY)) == 2
    assert lifetimes(house) == before
