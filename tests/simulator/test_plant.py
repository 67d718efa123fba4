"""Plants that change, by assignment and by outages."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

from dataclasses import replace
from datetime import date, timedelta

import pytest

from simulator import Ecu, Inverter, big_plant
from tests.simulator.setup import DS3, EID, NOON, QT2, SID, TODAY, Setups, young_plant


async def test_a_day_goes_forward_only(setup: Setups) -> None:
    here = await setup(at=NOON.replace(hour=4))
    last = -1.0
    for _ in range(22):
        here.clock.time += timedelta(minutes=55)
        if here.clock.time.date() != NOON.date():
            break
        today = float((await here.data(f"summary/{SID}"))["today"] or 0)
        assert today >= last
        last = today
    assert last > 1


async def test_offline_samples_come_late_or_never(setup: Setups) -> None:
    start, end = NOON.replace(hour=10, minute=7), NOON.replace(hour=11, minute=2)
    path = f"{SID}/devices/ecu/energy/{EID}"
    late, lost = await setup(), await setup()
    for here, is_late in ((late, True), (lost, False)):
        here.cloud.offline(EID, start, end, late=is_late)
        here.clock.time = NOON.replace(hour=11, minute=1)
        times = (await here.data(path, "minutely", TODAY))["time"]
        assert times[-1] == "10:00"
        assert (await here.data(f"details/{SID}"))["light"] == 3
        here.clock.time = NOON.replace(hour=11, minute=16)
        assert (await here.data(f"details/{SID}"))["light"] == 1
    whole, torn = [(await here.data(path, "minutely", TODAY))["time"] for here in (late, lost)]
    assert {"10:10", "10:55", "11:05"} <= set(whole) - set(torn)
    assert {"10:05", "11:10", "11:15"} <= set(torn)
    assert late.cloud.today_kwh(SID) > lost.cloud.today_kwh(SID)
    assert lost.cloud.today_kwh(SID) == pytest.approx(float((await lost.data(f"summary/{SID}"))["today"]), abs=1e-6)


async def test_an_ecu_stays_off_line_until_it_is_brought_back(setup: Setups) -> None:
    plant = big_plant(4, 2, create_date=date(2026, 6, 1))
    one, other = (ecu.eid for ecu in plant.ecus)
    here = await setup(plant)
    before = here.cloud.today_kwh(plant.sid)
    here.cloud.offline(one)
    here.clock.time += timedelta(hours=2)
    assert here.cloud.newest_sample(plant.sid) == here.clock.time.replace(minute=15)
    grown = float((await here.data(f"{plant.sid}/devices/ecu/summary/{other}"))["today"])
    stuck = float((await here.data(f"{plant.sid}/devices/ecu/summary/{one}"))["today"])
    assert stuck < grown
    here.cloud.online(one)
    here.clock.time += timedelta(minutes=15)
    assert float((await here.data(f"{plant.sid}/devices/ecu/summary/{one}"))["today"]) > stuck
    assert here.cloud.today_kwh(plant.sid) > before


async def test_an_inverter_that_goes_leaves_its_past_and_a_new_one_brings_none(setup: Setups) -> None:
    here = await setup()
    before = here.cloud.lifetime_kwh(SID)
    plant = here.cloud.plants[SID]
    kept = tuple(inverter for inverter in plant.inverters if inverter.uid != QT2)
    new = Inverter(uid="703000000099")
    here.cloud.plants[SID] = replace(plant, ecus=(replace(plant.ecus[0], inverters=(*kept, new)),))
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before)
    assert float((await here.data(f"summary/{SID}"))["lifetime"]) == pytest.approx(before, abs=0.006)
    uids = [entry["uid"] for entry in (await here.data(f"inverters/{SID}"))[0]["inverter"]]
    assert uids == [DS3, "703000000012", "703000000099"]
    assert (await here.get(f"{SID}/devices/inverter/summary/{QT2}")).code == 4001
    assert (await here.get(f"{SID}/devices/inverter/energy/703000000099", "minutely", TODAY)).code == 1001
    here.clock.time += timedelta(hours=1)
    minutely = await here.data(f"{SID}/devices/inverter/energy/703000000099", "minutely", TODAY)
    assert minutely["t"][0] == "13:30"
    batch = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "power", TODAY)
    assert batch["power"]["703000000099-1"][0] == "0.0"
    assert float(batch["power"]["703000000099-1"][-1]) > 1
    assert float((await here.data(f"summary/{SID}"))["today"]) == pytest.approx(here.cloud.today_kwh(SID), abs=1e-6)
    energy = here.cloud.energy_kwh(SID, NOON.replace(hour=0), here.clock.time, uid="703000000099")
    assert 0 < energy < 1


async def test_inverters_of_an_ecu_that_was_replaced_keep_their_past(setup: Setups) -> None:
    here = await setup()
    before = here.cloud.lifetime_kwh(SID)
    plant = here.cloud.plants[SID]
    fresh = Ecu(eid="216200099999", inverters=plant.inverters[:2])
    here.cloud.plants[SID] = replace(plant, ecus=(fresh,))
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before)
    assert here.cloud.plants[SID].ecus[0].retired[0].uid == QT2


async def test_a_lasting_correction_is_part_of_the_truth(setup: Setups) -> None:
    here = await setup()
    before = here.cloud.lifetime_kwh(SID)
    here.cloud.plants[SID] = replace(here.cloud.plants[SID], lifetime_offset_kwh=-12.5)
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before - 12.5)
    assert float((await here.data(f"summary/{SID}"))["lifetime"]) == pytest.approx(before - 12.5, abs=0.006)


async def test_the_same_arguments_give_the_same_plant_in_any_order(setup: Setups) -> None:
    paths = [
        (f"energy/{SID}", "daily", "2026-05"),
        (f"energy/{SID}", "hourly", "2026-06-10"),
        (f"summary/{SID}", "", ""),
    ]
    one, two, other = await setup(), await setup(), await setup(young_plant(seed=5))
    first = [(await one.get(*path)).text for path in paths]
    second = [(await two.get(*path)).text for path in reversed(paths)]
    assert first == second[::-1]
    assert (await other.get(*paths[0])).text != first[0]


# Places.
